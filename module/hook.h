/* SPDX-License-Identifier: GPL-2.0 */
#ifndef OVERLAY_HOOK_H
#define OVERLAY_HOOK_H

#include <linux/types.h>

int hook_refuse(const char *name, int err);
int hook_load(void);
void hook_go_live(void);
void hook_unload(void);

int hook_arm(void);
void hook_release(void);
bool hook_dead(void);
bool hook_is_armed(void);
unsigned int hook_users(void);

struct ftrace_ops;

int hook_direct(struct ftrace_ops *ops, unsigned long site, unsigned long to);
int unhook_direct(struct ftrace_ops *ops, unsigned long site,
		  unsigned long to);
int hook_check_live(unsigned long site);

/* In assembly, and entered by the kernel only; and what they read. */
extern u32 overlay_mark_offset;
void overlay_trampoline_data(void);
void overlay_trampoline_int(void);
void overlay_trampoline_bool(void);

#endif

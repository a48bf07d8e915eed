/* SPDX-License-Identifier: GPL-2.0 */
#ifndef OVERLAY_SEAL_H
#define OVERLAY_SEAL_H

#include <linux/types.h>

struct vm_area_struct;

int seal_load(void);
int seal_get(void);
void seal_put(void);
void seal_vma(struct vm_area_struct *vma);
bool seal_holds(const struct vm_area_struct *vma);
bool seal_is_armed(void);
bool seal_works(void);
bool seal_unload(void);

/* In assembly, and entered by the kernel only; and what they call. */
struct guard_args;
void overlay_guard_unmap(void);
void overlay_guard_remap(void);
void overlay_guard_protect(void);
void overlay_guard_map(void);
bool guard_unmap(const struct guard_args *args);
bool guard_remap(const struct guard_args *args);
bool guard_protect(const struct guard_args *args);
bool guard_map(const struct guard_args *args);

#endif

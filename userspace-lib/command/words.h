/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names for what the module and seccomp have numbers for.
 */
#ifndef OVERLAY_SECCOMP_WORDS_H
#define OVERLAY_SECCOMP_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/audit.h>
#include <linux/overlay_seccomp_netlink.h>

struct word {
	uint32_t	number;
	const char	*name;
};

/* The names of the bits in BITS, as a JSON array. */
void json_words(uint32_t bits, const struct word *words, size_t count);

/* The flags of a filter, each after a space. */
void print_filter_flags(uint32_t flags);

extern const struct word filter_flags[];
extern const size_t filter_flags_count;
extern const struct word hook_words[];
extern const size_t hook_words_count;

const char *event_name(uint32_t event);
/* 0: there is none of that name. */
uint32_t event_find(const char *name);
const char *listener_name(uint32_t listener);
const char *mode_name(uint32_t mode);

/* "errno 13 (EACCES)" and the like; in one of a few buffers. */
const char *verdict_name(uint32_t ret);
/* Of SECCOMP_RET_ERRNO: what the call gets; 0: it is skipped, and succeeds. */
int verdict_errno(uint32_t ret);
const char *errno_name(int error);

#define ARCH_NATIVE	AUDIT_ARCH_X86_64
#define ARCH_COMPAT	AUDIT_ARCH_I386

/* NULL, or -1: unknown. */
const char *syscall_name(uint32_t arch, uint32_t nr);
long syscall_find(uint32_t arch, const char *name);

#endif

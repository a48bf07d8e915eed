/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is known of the running kernel, proven at load.
 */
#ifndef OVERLAY_KERNEL_KERNEL_H
#define OVERLAY_KERNEL_KERNEL_H

#include <linux/fs.h>
#include <linux/types.h>
#include <linux/user_namespace.h>

#include "calls.h"
#include "compat.h"
#include "layout.h"

struct tracepoint;

/* Functions through which all goes that could change a mapping. */
enum {
	GUARD_UNMAP,
	GUARD_REMAP,
	GUARD_PROTECT,
	GUARD_MAP,
	GUARD_COUNT
};

/**
 * struct guard - a function that guards mappings
 * @name: of the function
 * @proto: its prototype
 * @site: its fentry site, filled
 */
struct guard {
	const char	*name;
	const char	*proto;
	unsigned long	site;
};

/**
 * enum filter_form - what __seccomp_filter() is like
 * @FILTER_TAKES_DATA: int(nr, data, recheck), 0 for "run the call"
 * @FILTER_SAYS_ERROR: int(nr, recheck), the same
 * @FILTER_SAYS_RUN: bool(nr, recheck), true for "run the call"
 */
enum filter_form {
	FILTER_TAKES_DATA,
	FILTER_SAYS_ERROR,
	FILTER_SAYS_RUN,
};

/**
 * struct kernel_facts - the rest of what the module must know
 * @do_seccomp: fentry site of do_seccomp()
 * @seccomp_filter: fentry site of __seccomp_filter()
 * @filter_form: of __seccomp_filter()
 * @create_prog: fentry site of bpf_prog_create_from_user()
 * @notify_ioctl: fentry site of seccomp_notify_ioctl()
 * @notify_release: fentry site of seccomp_notify_release()
 * @guard: what holds pins in place where the kernel cannot seal a mapping
 * @actions_logged: kernel.seccomp.actions_logged, as its SECCOMP_LOG_* bits
 * @strict: what strict mode allows a native caller, ended by -1
 * @strict_compat: what it allows a 32-bit one
 * @notify_ops: of a listener's file
 * @shmem_fops: of a memfd's file, and of others on tmpfs
 * @min_addr: vm.mmap_min_addr, or more where a security module says so
 * @ftrace_enabled: 0 once ftrace has died; also for a moment when somebody tries
 *		    to switch it off, which our hooks forbid
 * @fork_tracepoint: sched_process_fork
 * @native: SECCOMP_OVERLAY_* features that the kernel has by itself
 */
struct kernel_facts {
	unsigned long	do_seccomp;
	unsigned long	seccomp_filter;
	enum filter_form filter_form;
	unsigned long	create_prog;
	unsigned long	notify_ioctl;
	unsigned long	notify_release;
	struct guard	guard[GUARD_COUNT];
	const u32	*actions_logged;
	const int	*strict;
	const int	*strict_compat;
	const struct file_operations *notify_ops;
	const struct file_operations *shmem_fops;
	const unsigned long *min_addr;
	const int	*ftrace_enabled;
	struct tracepoint *fork_tracepoint;
	u64		native;
};

extern struct kernel_facts kernel;

int kernel_learn(void);

/* Modules do not get the kernel's own in_userns(). */
static inline bool userns_contains(const struct user_namespace *outer,
				   const struct user_namespace *inner)
{
	for (; inner; inner = inner->parent)
		if (inner == outer)
			return true;
	return false;
}

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is known of the running kernel, proven at load.
 */
#ifndef OVERLAY_KERNEL_KERNEL_H
#define OVERLAY_KERNEL_KERNEL_H

#include <linux/fs.h>
#include <linux/types.h>

#include "calls.h"
#include "compat.h"
#include "layout.h"

/**
 * struct kernel_facts - the rest of what the module must know
 * @do_seccomp: fentry site of do_seccomp()
 * @seccomp_filter: fentry site of __seccomp_filter()
 * @filter_says_run: __seccomp_filter() returns bool, true for "run the call";
 *		     before that it returned int, 0 for "run the call"
 * @create_prog: fentry site of bpf_prog_create_from_user()
 * @actions_logged: kernel.seccomp.actions_logged, as its SECCOMP_LOG_* bits
 * @strict: what strict mode allows a native caller, ended by -1
 * @strict_compat: what it allows a 32-bit one
 * @notify_ops: of a listener's file
 * @native: SECCOMP_OVERLAY_* features that the kernel has by itself
 */
struct kernel_facts {
	unsigned long	do_seccomp;
	unsigned long	seccomp_filter;
	bool		filter_says_run;
	unsigned long	create_prog;
	const u32	*actions_logged;
	const int	*strict;
	const int	*strict_compat;
	const struct file_operations *notify_ops;
	u64		native;
};

extern struct kernel_facts kernel;

int kernel_learn(void);

#endif

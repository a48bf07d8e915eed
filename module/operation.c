// SPDX-License-Identifier: GPL-2.0
/*
 * The operations of seccomp(2) that are ours, and which calls those are. Every
 * other call never gets here.
 */
#include <linux/sched.h>
#include <linux/seccomp.h>

#include "clone.h"
#include "filter.h"
#include "info.h"
#include "kernel/kernel.h"
#include "operation.h"
#include "report.h"
#include "strict.h"
#include "../include/uapi/linux/overlay_seccomp.h"

/**
 * operation_is_ours() - does this call of do_seccomp() use a feature of ours?
 * @op: SECCOMP_*
 * @flags: of the operation
 *
 * Runs in the hook, for every seccomp(2) and PR_SET_SECCOMP: it must not
 * sleep or change anything.
 *
 * Return: true if operation_do() must be called in place of the stock function.
 */
bool notrace operation_is_ours(unsigned int op, unsigned int flags)
{
	switch (op) {
	case SECCOMP_GET_OVERLAY_INFO:
		return true;
	case SECCOMP_SET_MODE_FILTER:
		return filter_is_ours(flags);
	case SECCOMP_CLONE_FILTER:
		return !(kernel.native & SECCOMP_OVERLAY_CLONE);
	case SECCOMP_SET_MODE_STRICT:
		/* A sibling's TSYNC may just be writing it. */
		return !flags && data_race(READ_ONCE(current->seccomp.mode)) ==
				 SECCOMP_MODE_FILTER;
	default:
		return false;
	}
}

static long install_strict(unsigned int flags, void __user *uargs)
{
	long err;

	if (uargs)
		return -EINVAL;
	err = strict_upgrade();
	/* We are on our way out: to the caller, we are gone already. */
	if (err == -ENODEV)
		return kernel_call(do_seccomp)(SECCOMP_SET_MODE_STRICT, flags,
					       uargs);
	return err;
}

static long do_operation(unsigned int op, unsigned int flags,
			 void __user *uargs)
{
	switch (op) {
	case SECCOMP_GET_OVERLAY_INFO:
		return info_get(flags, uargs);
	case SECCOMP_SET_MODE_FILTER:
		return filter_install(flags, uargs);
	case SECCOMP_CLONE_FILTER:
		return clone_filter(flags, uargs);
	case SECCOMP_SET_MODE_STRICT:
		return install_strict(flags, uargs);
	default:
		return -EINVAL;
	}
}

/**
 * operation_do() - what do_seccomp() does for calls that are ours
 * @op: SECCOMP_*
 * @flags: of the operation
 * @uargs: argument of the operation
 *
 * Return: as the operation documents it.
 */
long operation_do(unsigned int op, unsigned int flags, void __user *uargs)
{
	long ret = do_operation(op, flags, uargs);

	/* Out of JIT memory, in a number that is only for the kernel itself. */
	if (ret == -ENOTSUPP)
		ret = -ENOMEM;
	/* Several threads' installs are observed, whatever they are. */
	if (ret < 0 && (op != SECCOMP_SET_MODE_FILTER ||
			filter_uses_ours(flags)))
		report_refusal(op, ret);
	return ret;
}

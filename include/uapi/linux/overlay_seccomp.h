/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * overlay-seccomp: the ABI which the module adds to seccomp(2).
 *
 * Every definition is skipped where <linux/seccomp.h> already has it: the
 * values are those of the proposals, so that a program written against one of
 * them runs unchanged.
 */
#ifndef _UAPI_LINUX_OVERLAY_SECCOMP_H
#define _UAPI_LINUX_OVERLAY_SECCOMP_H

#include <linux/seccomp.h>
#include <linux/types.h>

/**
 * SECCOMP_CLONE_FILTER - take the whole filter chain of another task
 *
 * seccomp(SECCOMP_CLONE_FILTER, 0, int *pidfd). Source: the filter clone
 * proposal. Only the calling thread changes. Errors, in the order of the
 * checks:
 *
 * - %EINVAL: flags is not 0
 * - %EFAULT: pidfd cannot be read
 * - %EBADF: not an open pidfd
 * - %ESRCH: the task is gone
 * - %EINVAL: the caller is in strict mode
 * - %EINTR: killed while it waited for the task to end an execve
 * - %EACCES: the caller may neither act for every task (CAP_SYS_ADMIN in the
 *   initial user namespace), nor install a filter and trace the source
 * - %ESRCH: the source is exiting
 * - %EINVAL: the source has no filters, or the caller's own chain is not an
 *   ancestor of the source's
 * - %EPERM: a filter to be added has an open listener and the caller does not
 *   live in the source's world (namespaces, root, ids, capabilities)
 */
#ifndef SECCOMP_CLONE_FILTER
#define SECCOMP_CLONE_FILTER		4
#endif

/**
 * SECCOMP_GET_OVERLAY_INFO - ask what works
 *
 * seccomp(SECCOMP_GET_OVERLAY_INFO, 0, struct seccomp_overlay_info *).
 *
 * - %EINVAL: no module is loaded, flags is not 0, or size is smaller than
 *   %SECCOMP_OVERLAY_INFO_SIZE_VER0
 * - %E2BIG: size is larger than a page
 * - %EFAULT: the structure cannot be read or written
 */
#ifndef SECCOMP_GET_OVERLAY_INFO
#define SECCOMP_GET_OVERLAY_INFO	0x4f564c59
#endif

/**
 * SECCOMP_FILTER_FLAG_ALLOW_NESTED_LISTENERS - make an overlay listener
 *
 * With SECCOMP_SET_MODE_FILTER and %SECCOMP_FILTER_FLAG_NEW_LISTENER: listeners
 * are allowed below this one. A call that a filter further in has answered
 * with CONTINUE goes on to it. Source: nested listeners, v3.
 *
 * - %EINVAL: without %SECCOMP_FILTER_FLAG_NEW_LISTENER
 * - %EBUSY: a listener further out is open and is no overlay listener, and the
 *   module's parameter implicit is off; or the module cannot evaluate chains,
 *   because another holds the function that it must hook
 * - all errors of SECCOMP_SET_MODE_FILTER, in its order
 */
#ifndef SECCOMP_FILTER_FLAG_ALLOW_NESTED_LISTENERS
#define SECCOMP_FILTER_FLAG_ALLOW_NESTED_LISTENERS	(1UL << 6)
#endif

/**
 * SECCOMP_FILTER_FLAG_SEQUENTIAL - agree to be judged after later filters
 *
 * With SECCOMP_SET_MODE_FILTER: filters that are installed later are judged
 * before this one, and the first that neither allows nor logs decides. A chain
 * is evaluated so from the innermost filter outward as far as every filter
 * outside agreed; the part from the outermost that did not agree inward is
 * judged together, as stock does, before what lies outside it.
 */
#ifndef SECCOMP_FILTER_FLAG_SEQUENTIAL
#define SECCOMP_FILTER_FLAG_SEQUENTIAL	(1UL << 30)
#endif

/* Bits of seccomp_overlay_info.features and .native. */
#define SECCOMP_OVERLAY_STRICT		(1ULL << 0)
#define SECCOMP_OVERLAY_CLONE		(1ULL << 1)
#define SECCOMP_OVERLAY_NESTED		(1ULL << 2)
#define SECCOMP_OVERLAY_REDIRECT	(1ULL << 3)
#define SECCOMP_OVERLAY_SEQUENTIAL	(1ULL << 4)
#define SECCOMP_OVERLAY_IMPLICIT	(1ULL << 5)

#define SECCOMP_OVERLAY_ABI		1
#define SECCOMP_OVERLAY_INFO_SIZE_VER0	24

/**
 * struct seccomp_overlay_info - answer to SECCOMP_GET_OVERLAY_INFO
 * @size: in: size of the caller's structure in bytes; out: bytes filled. What
 *	  the caller has beyond is zeroed.
 * @abi: %SECCOMP_OVERLAY_ABI
 * @features: SECCOMP_OVERLAY_* bits of what works now, through the module or
 *	      natively
 * @native: those of @features which the running kernel has by itself
 */
struct seccomp_overlay_info {
	__u32	size;
	__u32	abi;
	__u64	features;
	__u64	native;
};

#endif /* _UAPI_LINUX_OVERLAY_SECCOMP_H */

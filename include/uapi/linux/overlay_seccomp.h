/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * overlay-seccomp: the ABI which the module adds to seccomp(2).
 *
 * Every definition of a proposal's is skipped where <linux/seccomp.h> already
 * has it: the values are those of the proposals, so that a program written
 * against one of them runs unchanged.
 */
#ifndef _UAPI_LINUX_OVERLAY_SECCOMP_H
#define _UAPI_LINUX_OVERLAY_SECCOMP_H

#include <linux/ioctl.h>
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
 *   initial user namespace), nor both install a filter and read the source with
 *   ptrace (PTRACE_MODE_READ_FSCREDS), for which it needs CAP_SYS_PTRACE in the
 *   source's user namespace if that is not within its own
 * - %ESRCH: the source is exiting
 * - %EINVAL: the source has no filters
 * - %EINTR: killed while it waited for the lock of a listener, here or before
 *   %EPERM
 * - %EACCES: a filter of the source's has an open listener, and the caller may
 *   neither act for every task nor attach to the source
 *   (PTRACE_MODE_ATTACH_FSCREDS)
 * - %EINVAL: the caller's own chain is not an ancestor of the source's
 * - %EPERM: a filter to be added has an open listener and the caller, or one of
 *   its other threads, which a TSYNC of it would take along, does not live in
 *   the source's world: the same user, mount and pid namespace, root directory,
 *   and user and group ids (supplementary groups are not compared), and no
 *   capability more; or is in fork(2), vfork(2), clone(2) or unshare(2), and does
 *   not leave it within some tenths of a second
 * - %EINVAL: by a sibling's TSYNC, the caller's own chain has meanwhile become no
 *   ancestor of the source's
 */
#ifndef SECCOMP_CLONE_FILTER
#define SECCOMP_CLONE_FILTER		4
#endif

/**
 * SECCOMP_GET_OVERLAY_INFO - ask what works
 *
 * seccomp(SECCOMP_GET_OVERLAY_INFO, 0, struct seccomp_overlay_info *). Source:
 * this project. Errors, in the order of the checks:
 *
 * - %EINVAL: no module is loaded, or flags is not 0
 * - %EFAULT: size cannot be read
 * - %EINVAL: size is smaller than %SECCOMP_OVERLAY_INFO_SIZE_VER0
 * - %E2BIG: size is larger than a page
 * - %EFAULT: the structure cannot be written
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
 * - %EINVAL: without %SECCOMP_FILTER_FLAG_NEW_LISTENER; or ftrace has died, so
 *   that no filter gets overlay state any more
 * - %EBUSY: a listener further out is open and is no overlay listener, and the
 *   module's parameter implicit is off; or the module cannot evaluate chains,
 *   because another holds the function that it must hook
 * - %EINTR: killed while it waited for the lock of a listener, or for that hook
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
 * outside agreed; the outermost that did not agree, and all filters inside it,
 * are judged together, as stock does, before those outside it. Source: this
 * project; it was asked for in the review of nested listeners.
 *
 * - %EINVAL: ftrace has died, so that no filter gets overlay state any more
 * - %EBUSY: the module cannot evaluate chains, because another holds the
 *   function that it must hook
 * - %EINTR: killed while it waited for that hook
 * - all errors of SECCOMP_SET_MODE_FILTER, in its order
 */
#ifndef SECCOMP_FILTER_FLAG_SEQUENTIAL
#define SECCOMP_FILTER_FLAG_SEQUENTIAL	(1UL << 30)
#endif

/**
 * SECCOMP_FILTER_FLAG_REDIRECT - make an overlay listener
 *
 * The same flag: the supervisor of an overlay listener may also use
 * %SECCOMP_IOCTL_NOTIF_PIN_INSTALL and %SECCOMP_IOCTL_NOTIF_SEND_REDIRECT. A
 * listener that is one only through the module's parameter implicit may not.
 * Source: the redirect series.
 */
#ifndef SECCOMP_FILTER_FLAG_REDIRECT
#define SECCOMP_FILTER_FLAG_REDIRECT	(1UL << 6)
#endif

#ifndef SECCOMP_IOCTL_NOTIF_PIN_INSTALL

/**
 * struct seccomp_notif_pin_install - map memory of the supervisor's in a target
 * @id: of a notification that was received and waits for its answer
 * @flags: 0
 * @memfd: sealed with F_SEAL_WRITE or F_SEAL_FUTURE_WRITE
 * @target_addr: in: where, or 0 to let the kernel choose; out: where it is
 * @size: in bytes
 * @offset: of the first byte, in the memfd
 *
 * The mapping is shared with the memfd and read-only. Nobody who lives in the
 * target's address space can unmap, move, reprotect or replace it; it is there
 * until execve or exit, and in the child of a fork too, except for what the
 * parent has kept from it by MADV_DONTFORK, even if that is a part. A child that
 * a thread forks while the mapping is being made may have one that is not held in
 * place, and is no pin: SECCOMP_IOCTL_NOTIF_SEND_REDIRECT does not take it. The
 * supervisor changes what stands there through a mapping that it made before it
 * sealed the memfd with F_SEAL_FUTURE_WRITE. See
 * %SECCOMP_IOCTL_NOTIF_PIN_INSTALL.
 *
 * Keep the memfd private until it is sealed. Whoever had it earlier may have had
 * the kernel pin its pages for a device or io_uring, and can write through those
 * later; F_SEAL_WRITE waits for that, F_SEAL_FUTURE_WRITE does not, and it
 * cannot be detected here. A supervisor that forks keeps its writable mapping
 * from the child by MADV_DONTFORK.
 */
struct seccomp_notif_pin_install {
	__u64	id;
	__u32	flags;
	__u32	memfd;
	__u64	target_addr;
	__u64	size;
	__u64	offset;
};

/* The number of arguments of a system call. */
#define SECCOMP_REDIRECT_ARGS		6

/* Run the call: there is no other answer yet, so that it is required. */
#define SECCOMP_REDIRECT_FLAG_CONTINUE	(1UL << 0)

/**
 * struct seccomp_notif_resp_redirect - run a call with other arguments
 * @id: of a notification that was received and waits for its answer
 * @flags: %SECCOMP_REDIRECT_FLAG_CONTINUE
 * @args_mask: bit i: args[i] replaces argument i
 * @ptr_mask: bit i, which must be in @args_mask too: args[i] is an address in
 *	      pins of @memfd
 * @memfd: looked at only if @ptr_mask is not 0
 * @args: values of those in @args_mask, others are ignored
 * @ptr_len: bytes that the call may read at args[i], not 0, for those in
 *	     @ptr_mask; 0 for all others
 *
 * The original registers are back when the target is in user mode again, and in
 * the frame of a signal that interrupts the call. See
 * %SECCOMP_IOCTL_NOTIF_SEND_REDIRECT.
 */
struct seccomp_notif_resp_redirect {
	__u64	id;
	__u32	flags;
	__u32	args_mask;
	__u32	ptr_mask;
	__u32	memfd;
	__u64	args[SECCOMP_REDIRECT_ARGS];
	__u64	ptr_len[SECCOMP_REDIRECT_ARGS];
};

/**
 * SECCOMP_IOCTL_NOTIF_PIN_INSTALL - map a sealed memfd in the target
 *
 * On an overlay listener, for a notification that still waits. Adds
 * F_SEAL_SHRINK to the memfd, which may be there even after an error. With
 * target_addr 0, what is there already (same memfd, offset and size) is found
 * again. A target may read of the memfd all that follows offset, and for as long
 * as it likes: one memfd serves one domain of trust. Returns 0. Source: the
 * redirect series. Errors, in the order of the checks:
 *
 * - %EINVAL: no overlay listener
 * - %EFAULT: the structure cannot be read
 * - %EINVAL: flags; size is 0; address, size or offset is not aligned to pages,
 *   or overflows
 * - %EBADF: memfd is not open
 * - %EINVAL: memfd is another kind of file, or a hugetlb memfd
 * - %EINTR: the supervisor was interrupted
 * - %ENOENT: no such notification: the target may be gone
 * - %EINVAL: the call was judged by the stock kernel alone
 * - %EINPROGRESS: not received yet, or answered already
 * - %EPERM: the target has not set no_new_privs and the opener of the listener
 *   has no CAP_SYS_ADMIN in the target's user namespace; or the target's program
 *   is not dumpable, and was begun in a user namespace that the opener's does
 *   not contain
 * - %ESRCH: the target is dying
 * - %EINVAL: what is to be mapped lies outside of the memfd; that is no memfd,
 *   has no write seal or cannot be sealed against shrinking; somebody but the
 *   supervisor can still write to it, through a mapping made before the seal
 * - %EAGAIN: somebody is just mapping the memfd for writing; or that could not
 *   be told, since a process, which may be any on the machine, held its address
 *   space locked for too long
 * - %EINTR: the supervisor was interrupted
 * - %EPERM: target_addr is below vm.mmap_min_addr
 * - %ENOMEM, %ENFILE: out of memory, or no file is left on the machine
 * - %EAGAIN: somebody has a lease (F_SETLEASE) on the memfd, and is told to give
 *   it up
 * - %EBUSY: another holds a kernel function that must be hooked for pins
 * - %EINVAL: such a function cannot be hooked, or its hook is lost, since ftrace
 *   has died
 * - those of the notification once more
 * - %EEXIST: something is mapped at target_addr
 * - %ENOMEM: a limit of the target's (RLIMIT_AS, vm.max_map_count, its memory
 *   cgroup, 64 pins in an address space), or of the machine's; or the target
 *   cannot have such an address
 * - %EAGAIN: the target locks all memory, and RLIMIT_MEMLOCK is reached; or a
 *   thread of it changed the place meanwhile
 * - what a security module says of the mapping, such as %EACCES
 * - %ESRCH: the target is dying, or a signal has come for it
 * - %EINTR: the supervisor was interrupted; the mapping may be there or not
 * - %EFAULT: the structure cannot be written; the mapping is there
 */
#define SECCOMP_IOCTL_NOTIF_PIN_INSTALL					\
	SECCOMP_IOWR(5, struct seccomp_notif_pin_install)

/**
 * SECCOMP_IOCTL_NOTIF_SEND_REDIRECT - answer: run the call, with these arguments
 *
 * On an overlay listener. Filters further out than the listener's then judge the
 * call as it has become, one by one: ALLOW and LOG go on outward, anything else
 * takes effect there. Returns 0. After an error the notification still waits,
 * unchanged. What a pointer leads to in turn, such as the strings of an argv,
 * is proven only where it lies in the ptr_len of a pointer of the same answer.
 * Source: the redirect series. Errors, in the order of the checks; those of
 * memfd and of pins only if ptr_mask is not 0:
 *
 * - %EINVAL: no overlay listener
 * - %EFAULT: the structure cannot be read
 * - %EINVAL: flags; unknown bits in a mask; ptr_mask not within args_mask; a
 *   ptr_len that is 0 in ptr_mask, or not 0 outside of it; a pointer and its
 *   ptr_len overflow
 * - %EBADF: memfd is not open
 * - %EINVAL: memfd is another kind of file
 * - %ENOMEM: out of memory
 * - %EINTR: the supervisor was interrupted
 * - %ENOENT: no such notification: the target may be gone
 * - %EINVAL: the call was judged by the stock kernel alone
 * - %EINPROGRESS: not received yet, or answered already
 * - %EPERM: as for %SECCOMP_IOCTL_NOTIF_PIN_INSTALL
 * - %EINVAL: a call from the vsyscall page; an argument above 32 bits for a
 *   32-bit target, or a pointer for an x32 call
 * - %ENOENT: the target is dying: %SECCOMP_IOCTL_NOTIF_PIN_INSTALL says %ESRCH
 *   of that
 * - %EINVAL: pins are held in place by hooks, and ftrace has died
 * - %EINTR: the supervisor was interrupted while it waited for the target's
 *   address space
 * - %EINVAL: an access is not wholly in pins of memfd, contiguous in address and
 *   in file, and below the end of the file
 * - those of the notification once more
 */
#define SECCOMP_IOCTL_NOTIF_SEND_REDIRECT				\
	SECCOMP_IOW(6, struct seccomp_notif_resp_redirect)

#endif /* SECCOMP_IOCTL_NOTIF_PIN_INSTALL */

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

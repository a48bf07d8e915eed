// SPDX-License-Identifier: GPL-2.0
/*
 * SECCOMP_SET_MODE_FILTER where a flag, the parameter implicit or the caller's
 * chain makes it ours.
 *
 * The stock function does the install, with the flags that it knows, so that
 * TSYNC, limits and the action cache are the kernel's own. We mark the filter
 * on its way (observe.c), and give it its state after that. All that can fail
 * is done before, so that a failed install leaves the task as it was, with the
 * errors in stock's order: the program's before those of the listener.
 */
#include <linux/compat.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/seccomp.h>
#include <linux/uaccess.h>

#include "chain.h"
#include "filter.h"
#include "hook.h"
#include "kernel/kernel.h"
#include "nested.h"
#include "observe.h"
#include "../include/uapi/linux/overlay_seccomp.h"

/* The flags that stock does not know. */
static unsigned int notrace our_flags(void)
{
	unsigned int flags = SECCOMP_FILTER_FLAG_SEQUENTIAL;

	if (!(kernel.native & SECCOMP_OVERLAY_NESTED))
		flags |= SECCOMP_FILTER_FLAG_ALLOW_NESTED_LISTENERS;
	return flags;
}

/**
 * filter_is_ours() - must filter_install() do this, or may stock?
 * @flags: SECCOMP_FILTER_FLAG_*
 *
 * Runs in the hook.
 *
 * Return: true if the flags are ours, or the caller's chain has overlay state,
 * which what is installed on top of it must show.
 */
bool notrace filter_is_ours(unsigned int flags)
{
	struct seccomp_filter *head = READ_ONCE(current->seccomp.filter);

	return flags & our_flags() || (head && *filter_mark(head)) ||
	       (flags & SECCOMP_FILTER_FLAG_NEW_LISTENER &&
		nested_is_implicit());
}

/* What stock checks of the flags; it will not see them all. */
static bool flags_are_valid(unsigned int flags)
{
	const unsigned int tsync = SECCOMP_FILTER_FLAG_TSYNC |
				   SECCOMP_FILTER_FLAG_NEW_LISTENER;

	if (flags & ~(SECCOMP_FILTER_FLAG_MASK | our_flags()))
		return false;
	if ((flags & tsync) == tsync &&
	    !(flags & SECCOMP_FILTER_FLAG_TSYNC_ESRCH))
		return false;
	return flags & SECCOMP_FILTER_FLAG_NEW_LISTENER ||
	       !(flags & (SECCOMP_FILTER_FLAG_ALLOW_NESTED_LISTENERS |
			  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV));
}

static int read_program(struct sock_fprog *fprog, void __user *uprog)
{
#ifdef CONFIG_COMPAT
	struct compat_sock_fprog fprog32;

	if (in_compat_syscall()) {
		if (copy_from_user(&fprog32, uprog, sizeof(fprog32)))
			return -EFAULT;
		fprog->len = fprog32.len;
		fprog->filter = compat_ptr(fprog32.filter);
		return 0;
	}
#endif
	return copy_from_user(fprog, uprog, sizeof(*fprog)) ? -EFAULT : 0;
}

/*
 * An install fails by @err. Stock would have looked at the program first, and
 * said what is wrong with that.
 */
static int program_error_or(int err, void __user *uprog)
{
	struct sock_fprog fprog;
	struct bpf_prog *prog;
	int prog_err = read_program(&fprog, uprog);

	if (prog_err)
		return prog_err;
	if (!fprog.len || fprog.len > BPF_MAXINSNS)
		return -EINVAL;
	if (!task_no_new_privs(current) &&
	    !ns_capable_noaudit(current_user_ns(), CAP_SYS_ADMIN))
		return -EACCES;
	prog_err = bpf_prog_create_from_user(&prog, &fprog, NULL, false);
	if (prog_err)
		return prog_err;
	bpf_prog_destroy(prog);
	return err;
}

/* Without a mark it would be judged as if it had no feature of ours. */
static void kill_unseen(void)
{
	pr_err("pid %d: a filter was made unseen, the task is killed\n",
	       task_pid_nr(current));
	send_sig(SIGKILL, current, 1);
}

/*
 * The stock install, observed. Returns what it does, with the filter if one
 * has been attached, which is what 0 means, or an fd.
 */
static long observed_install(unsigned int flags, void __user *uprog, u8 mark,
			     struct seccomp_filter **filter)
{
	struct observation *observation = observe_begin(mark);
	long ret;

	*filter = NULL;
	if (!observation)
		return program_error_or(-ENOMEM, uprog);
	ret = kernel_call(do_seccomp)(SECCOMP_SET_MODE_FILTER, flags, uprog);
	*filter = observe_end(observation);
	/* A thread that TSYNC could not take along, by its id. */
	if (ret < 0 ||
	    (ret && !(flags & SECCOMP_FILTER_FLAG_NEW_LISTENER)))
		*filter = NULL;
	else if (!*filter)
		kill_unseen();
	return ret;
}

/* A sibling's TSYNC may have put filters under ours that we did not know of. */
static void inherit(struct seccomp_filter *filter)
{
	u8 mark = chain_mark(filter) | chain_inherited(*filter_prev(filter));

	WRITE_ONCE(*filter_mark(filter), mark);
}

/* With state only where the filter itself has a feature. */
static long install_plain(unsigned int flags, void __user *uprog, u8 mark,
			  bool with_state)
{
	struct overlay *overlay = NULL;
	struct seccomp_filter *filter;
	long ret;

	if (with_state) {
		overlay = chain_prepare();
		if (IS_ERR(overlay))
			return program_error_or(PTR_ERR(overlay), uprog);
	}
	ret = observed_install(flags, uprog, mark, &filter);
	if (filter) {
		inherit(filter);
		if (overlay)
			chain_attach(overlay, filter);
	} else if (overlay) {
		chain_cancel(overlay);
	}
	return ret;
}

/* Stock makes the filter, without a listener; we make the listener. */
static long install_shadow(unsigned int flags, void __user *uprog, u8 mark)
{
	const unsigned int listener_flags =
		SECCOMP_FILTER_FLAG_NEW_LISTENER |
		SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	struct seccomp_filter *shadow, *filter;
	struct overlay *overlay;
	struct file *file;
	long ret;
	int fd;

	overlay = chain_prepare();
	if (IS_ERR(overlay))
		return program_error_or(PTR_ERR(overlay), uprog);
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0) {
		ret = program_error_or(fd, uprog);
		goto cancel;
	}
	file = nested_listener(flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
			       &shadow);
	if (IS_ERR(file)) {
		ret = program_error_or(PTR_ERR(file), uprog);
		goto put_fd;
	}
	chain_set_shadow(overlay, shadow);

	ret = observed_install(flags & ~listener_flags, uprog,
			       mark | MARK_SHADOW, &filter);
	if (!filter)
		goto put_file;
	inherit(filter);
	chain_attach(overlay, filter);
	fd_install(fd, file);
	return fd;

put_file:
	fput(file);
put_fd:
	put_unused_fd(fd);
cancel:
	chain_cancel(overlay);
	return ret;
}

static u8 mark_for(unsigned int flags, const struct seccomp_filter *head)
{
	u8 mark = chain_inherited(head);

	if (flags & SECCOMP_FILTER_FLAG_SEQUENTIAL)
		mark |= MARK_SEQUENTIAL | MARK_IN_SEQUENTIAL;
	if (flags & SECCOMP_FILTER_FLAG_NEW_LISTENER &&
	    (flags & SECCOMP_FILTER_FLAG_ALLOW_NESTED_LISTENERS ||
	     nested_is_implicit()))
		mark |= MARK_OVERLAY | MARK_IN_NESTED;
	return mark;
}

/**
 * filter_install() - SECCOMP_SET_MODE_FILTER with a feature of ours
 * @flags: SECCOMP_FILTER_FLAG_*
 * @uprog: struct sock_fprog
 *
 * Sources: nested listeners v3; sequential evaluation was asked for in review.
 *
 * Return: what stock returns: 0, or the fd of the listener, or the id of a
 * thread that TSYNC could not take along. -EINVAL for flags that are unknown or
 * do not go together, or after strict mode; -EBUSY below a listener that allows none, or if
 * __seccomp_filter() is held by another; -ENODEV if ftrace is dead or the
 * module is about to go; -EINTR if killed while hooking; all that stock returns.
 * After an error, the task is what it was.
 */
long filter_install(unsigned int flags, void __user *uprog)
{
	struct seccomp_filter *head = READ_ONCE(current->seccomp.filter);
	unsigned int stock_flags = flags & ~our_flags();
	enum nested_kind kind = NESTED_FIRST;
	u8 mark = mark_for(flags, head);

	if (!flags_are_valid(flags))
		return -EINVAL;
	if (chain_mark(head) & MARK_STRICT)
		return program_error_or(-EINVAL, uprog);
	if (flags & SECCOMP_FILTER_FLAG_NEW_LISTENER)
		kind = nested_kind(head);
	if (kind == NESTED_REFUSED)
		return program_error_or(-EBUSY, uprog);
	if (kind == NESTED_SHADOW)
		return install_shadow(stock_flags, uprog, mark);
	return install_plain(stock_flags, uprog, mark,
			     mark & (MARK_OVERLAY | MARK_SEQUENTIAL));
}

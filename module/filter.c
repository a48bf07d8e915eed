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
#include "kernel/kernel.h"
#include "nested.h"
#include "observe.h"
#include "report.h"
#include "../include/uapi/linux/overlay_seccomp.h"

/* The flags that stock does not know. */
#define OUR_FLAGS (SECCOMP_FILTER_FLAG_ALLOW_NESTED_LISTENERS |	\
		   SECCOMP_FILTER_FLAG_SEQUENTIAL)

/**
 * filter_uses_ours() - does an install use a feature of ours?
 * @flags: SECCOMP_FILTER_FLAG_*
 *
 * Return: true if the flags are ours; or the caller's chain has overlay state,
 * which what is installed on top of it must show.
 */
bool notrace filter_uses_ours(unsigned int flags)
{
	struct seccomp_filter *head = READ_ONCE(current->seccomp.filter);

	return flags & OUR_FLAGS || (head && READ_ONCE(*filter_mark(head))) ||
	       (flags & SECCOMP_FILTER_FLAG_NEW_LISTENER &&
		nested_is_implicit());
}

/**
 * filter_is_ours() - must filter_install() do this, or may stock?
 * @flags: SECCOMP_FILTER_FLAG_*
 *
 * Runs in the hook.
 *
 * Return: true if it uses a feature of ours; or overlay state may come by the
 * TSYNC of a sibling while the install is under way.
 */
bool notrace filter_is_ours(unsigned int flags)
{
	return filter_uses_ours(flags) || get_nr_threads(current) > 1;
}

/* What stock checks of the flags; it will not see them all. */
static bool flags_are_valid(unsigned int flags)
{
	const unsigned int tsync = SECCOMP_FILTER_FLAG_TSYNC |
				   SECCOMP_FILTER_FLAG_NEW_LISTENER;

	if (flags & ~(SECCOMP_FILTER_FLAG_MASK | OUR_FLAGS))
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
	struct compat_sock_fprog fprog32;

	if (in_compat_syscall()) {
		if (copy_from_user(&fprog32, uprog, sizeof(fprog32)))
			return -EFAULT;
		fprog->len = fprog32.len;
		fprog->filter = compat_ptr(fprog32.filter);
		return 0;
	}
	return copy_from_user(fprog, uprog, sizeof(*fprog)) ? -EFAULT : 0;
}

/* What stock looks at first, and what costs nothing to look at. */
static int check_caller(struct sock_fprog *fprog, void __user *uprog)
{
	int err = read_program(fprog, uprog);

	if (err)
		return err;
	if (!fprog->len || fprog->len > BPF_MAXINSNS)
		return -EINVAL;
	if (!task_no_new_privs(current) &&
	    !ns_capable_noaudit(current_user_ns(), CAP_SYS_ADMIN))
		return -EACCES;
	return 0;
}

/* The kernel calls it by a pointer, which must not be seccomp's own. */
static int check_insns(struct sock_filter *insn, unsigned int len)
{
	return kernel_call(check_filter)(insn, len);
}

/*
 * An install fails by @err. Stock would have looked at the program first, and
 * said what is wrong with that.
 */
static int program_error_or(int err, void __user *uprog)
{
	struct sock_fprog fprog;
	struct bpf_prog *prog;
	int prog_err = check_caller(&fprog, uprog);

	if (prog_err)
		return prog_err;
	prog_err = bpf_prog_create_from_user(&prog, &fprog, check_insns, false);
	if (prog_err)
		return prog_err;
	bpf_prog_destroy(prog);
	return err;
}

/* EBUSY is the last thing that stock finds, after the fd. */
static int refuse_nested(void __user *uprog)
{
	int fd = get_unused_fd_flags(O_CLOEXEC);

	if (fd < 0)
		return program_error_or(fd, uprog);
	put_unused_fd(fd);
	return program_error_or(-EBUSY, uprog);
}

static void kill_task(const char *why)
{
	pr_err_ratelimited("pid %d is killed: %s\n", task_pid_nr(current), why);
	send_sig(SIGKILL, current, 1);
}

/**
 * struct install - one install of a filter
 * @flags: for stock
 * @uprog: the program
 * @mark: what the filter is to be marked with
 * @head: innermost filter of the task when it began
 * @kind: of its listener
 * @overlay: its state, or NULL
 */
struct install {
	unsigned int		flags;
	void __user		*uprog;
	u8			mark;
	struct seccomp_filter	*head;
	enum nested_kind	kind;
	struct overlay		*overlay;
};

static void report_install(const struct install *install,
			   struct seccomp_filter *filter)
{
	report(OVERLAY_SECCOMP_EVENT_FILTER, filter, 0);
	if (install->flags & SECCOMP_FILTER_FLAG_NEW_LISTENER)
		report(OVERLAY_SECCOMP_EVENT_LISTENER,
		       chain_find_listener(filter), report_id(filter));
}

/* A shadow will do wherever a listener may be. */
static bool listener_fits(const struct install *install,
			  struct seccomp_filter *prev)
{
	int kind = nested_kind(prev);

	return kind == NESTED_FIRST ||
	       (kind == NESTED_SHADOW && install->kind == NESTED_SHADOW);
}

/*
 * A sibling's TSYNC may have put filters under ours that we did not know of,
 * and for which we would have made another listener, or none. Nobody is judged
 * by ours until it is settled, so that nothing has run by it.
 */
static void settle(const struct install *install,
		   struct seccomp_filter *filter)
{
	struct seccomp_filter *prev = *filter_prev(filter);

	if (install->flags & SECCOMP_FILTER_FLAG_NEW_LISTENER &&
	    prev != install->head && !listener_fits(install, prev))
		kill_task("a listener was installed below another meanwhile");
	if (install->overlay)
		chain_attach(install->overlay, filter);
	chain_settle(filter);
	if (install->overlay)
		report_install(install, filter);
}

/* It would be judged as if there was no feature of ours. */
static void kill_unmarked(const struct install *install)
{
	if (install->mark || install->overlay ||
	    chain_inherited(READ_ONCE(current->seccomp.filter)))
		kill_task("a filter was made unseen");
}

/*
 * An error else, or the id of a thread that TSYNC could not take along, which
 * is no listener's fd.
 */
static bool has_installed(long ret, unsigned int stock_flags)
{
	return !ret || (ret > 0 &&
			stock_flags & SECCOMP_FILTER_FLAG_NEW_LISTENER);
}

/*
 * The stock install, observed. Returns what that does. Afterwards the filter
 * has its state, or the state is gone.
 */
static long observed_install(const struct install *install,
			     unsigned int stock_flags)
{
	struct observation *observation;
	struct seccomp_filter *filter;
	long ret;

	observation = observe_begin(install->mark | MARK_UNSETTLED);
	if (!observation) {
		ret = program_error_or(-ENOMEM, install->uprog);
		goto cancel;
	}
	ret = kernel_call(do_seccomp)(SECCOMP_SET_MODE_FILTER, stock_flags,
				      install->uprog);
	filter = observe_end(observation);
	if (has_installed(ret, stock_flags)) {
		if (filter) {
			settle(install, filter);
			return ret;
		}
		kill_unmarked(install);
	}

cancel:
	if (install->overlay)
		chain_cancel(install->overlay);
	return ret;
}

/* Stock makes the filter, without a listener; we make the listener. */
static long install_shadow(struct install *install)
{
	const unsigned int listener_flags =
		SECCOMP_FILTER_FLAG_NEW_LISTENER |
		SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	struct seccomp_filter *shadow;
	struct file *file;
	long ret;
	int fd;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0) {
		chain_cancel(install->overlay);
		return program_error_or(fd, install->uprog);
	}
	file = nested_listener(install->flags &
			       SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
			       MARK_SHADOW | (install->mark & MARK_REDIRECT),
			       &shadow);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		chain_cancel(install->overlay);
		return program_error_or(PTR_ERR(file), install->uprog);
	}
	chain_set_shadow(install->overlay, shadow);
	install->mark |= MARK_SHADOW;
	ret = observed_install(install, install->flags & ~listener_flags);
	if (ret) {
		put_unused_fd(fd);
		/* Not to be reported: it never was one. */
		*filter_mark(shadow) = 0;
		fput(file);
		return ret;
	}
	fd_install(fd, file);
	return fd;
}

static u8 mark_for(unsigned int flags)
{
	u8 mark = 0;

	if (flags & SECCOMP_FILTER_FLAG_SEQUENTIAL)
		mark |= MARK_SEQUENTIAL;
	if (flags & SECCOMP_FILTER_FLAG_NEW_LISTENER && nested_is_implicit())
		mark |= MARK_OVERLAY;
	if (flags & SECCOMP_FILTER_FLAG_ALLOW_NESTED_LISTENERS)
		mark |= MARK_OVERLAY | MARK_REDIRECT;
	return mark;
}

/*
 * Without state, what nobody asked us for is stock's after all; a flag of ours
 * is one that this machine does not know, if it is ftrace or the module that
 * is going.
 */
static int prepare_state(struct install *install, unsigned int flags)
{
	int err;

	install->overlay = chain_prepare();
	if (!IS_ERR(install->overlay))
		return 0;
	err = PTR_ERR(install->overlay);
	install->overlay = NULL;
	if (!(flags & OUR_FLAGS) && install->kind == NESTED_FIRST) {
		install->mark = 0;
		return 0;
	}
	return program_error_or(err == -ENODEV ? -EINVAL : err, install->uprog);
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
 * do not go together, after strict mode, or if ftrace is dead; -EBUSY below a
 * listener that allows none, or if __seccomp_filter() is held by another;
 * -EINTR if killed; all that stock returns, in its order. After an error, the
 * task is what it was.
 */
long filter_install(unsigned int flags, void __user *uprog)
{
	struct install install = {
		.flags	= flags & ~OUR_FLAGS,
		.uprog	= uprog,
		.mark	= mark_for(flags),
	};
	struct sock_fprog fprog;
	int kind = NESTED_FIRST;
	int err;

	if (!flags_are_valid(flags))
		return -EINVAL;
	err = check_caller(&fprog, uprog);
	if (err)
		return err;
	/* What took long is done: from here on a change is a race indeed. */
	install.head = READ_ONCE(current->seccomp.filter);
	if (chain_mark(install.head) & MARK_STRICT)
		return program_error_or(-EINVAL, uprog);
	if (flags & SECCOMP_FILTER_FLAG_NEW_LISTENER)
		kind = nested_kind(install.head);
	if (kind < 0)
		return kind;
	if (kind == NESTED_REFUSED)
		return refuse_nested(uprog);
	install.kind = kind;
	if (install.mark || kind == NESTED_SHADOW) {
		err = prepare_state(&install, flags);
		if (err)
			return err;
	}
	return kind == NESTED_SHADOW ? install_shadow(&install) :
				       observed_install(&install, install.flags);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * SECCOMP_CLONE_FILTER: the caller takes the filter chain of another task.
 *
 *  1. the source, from a pidfd; its exec_update_lock is held while the rest is
 *     decided, so that it stays the program that it is;
 *  2. the right to look at it, before anything is said about it;
 *  3. a user's reference on its chain, under its siglock;
 *  4. filters that would be added and have a listener: the caller must live in
 *     the source's world, for a supervisor acts on what it finds behind a pid,
 *     and so must its other threads, which a TSYNC of it would take along. While
 *     one may be just being made, or leaving, all of 1 to 4 waits;
 *  5. under the caller's own siglock: the chain replaces one that it extends.
 *
 * Locks are taken one after another, never two siglocks at once. Filters and
 * their programs are shared, so that neither time nor memory depends on them.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs_struct.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/nsproxy.h>
#include <linux/path.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/ptrace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/seccomp.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>
#include <asm/processor.h>
#include <asm/syscall.h>
#include <asm/unistd.h>

#include "chain.h"
#include "clone.h"
#include "kernel/kernel.h"
#include "report.h"

/* Of the 32-bit table. */
#define IA32_FORK	2
#define IA32_CLONE	120
#define IA32_VFORK	190
#define IA32_UNSHARE	310
#define IA32_CLONE3	435

/* How often, and how long, we wait for threads that may be in such calls. */
#define TRIES		100
#define PAUSE_MS	1

static struct task_struct *task_of_pidfd(int fd)
{
	struct task_struct *task;
	struct file *file;
	struct pid *pid;

	file = fget(fd);
	if (!file)
		return ERR_PTR(-EBADF);
	pid = kernel_call(pidfd_pid)(file);
	if (IS_ERR(pid))
		task = ERR_PTR(-EBADF);
	else
		task = get_pid_task(pid, PIDTYPE_PID);
	fput(file);
	return task ? task : ERR_PTR(-ESRCH);
}

static bool is_admin(void)
{
	return ns_capable_noaudit(&init_user_ns, CAP_SYS_ADMIN);
}

static bool may_install(void)
{
	return task_no_new_privs(current) ||
	       ns_capable_noaudit(current_user_ns(), CAP_SYS_ADMIN);
}

/* Same ids would be enough for ptrace; across namespaces they are not here. */
static bool may_reach(struct task_struct *source)
{
	const struct cred *cred = get_task_cred(source);
	bool may = userns_contains(current_user_ns(), cred->user_ns) ||
		   ns_capable(cred->user_ns, CAP_SYS_PTRACE);

	put_cred(cred);
	return may;
}

static bool may_look_at(struct task_struct *source)
{
	return is_admin() ||
	       (may_install() && may_reach(source) &&
		kernel_call(ptrace_may_access)(source,
					       PTRACE_MODE_READ_FSCREDS));
}

static bool may_join(struct task_struct *source)
{
	return is_admin() ||
	       kernel_call(ptrace_may_access)(source,
					      PTRACE_MODE_ATTACH_FSCREDS);
}

/* A chain of its own, of a task that still judges calls by it. */
static int take_chain(struct task_struct *source, struct taken_chain *chain)
{
	int err = chain_take(source, chain);

	if (err)
		return err;
	if (chain->mode == SECCOMP_MODE_FILTER && chain->filter)
		return 0;
	chain_put(chain->filter);
	/* What else has a mode beyond these two has been killed. */
	return chain->mode == SECCOMP_MODE_DISABLED ||
	       chain->mode == SECCOMP_MODE_STRICT ? -EINVAL : -ESRCH;
}

/* 1, 0, or -EINTR. */
static int any_open_listener(struct seccomp_filter *filter,
			     const struct seccomp_filter *end)
{
	int open = 0;

	for (; !open && filter && filter != end; filter = *filter_prev(filter))
		open = chain_listener_is_open(filter);
	return open;
}

/* But for the supplementary groups. */
static bool same_ids(const struct cred *a, const struct cred *b)
{
	return uid_eq(a->uid, b->uid) && uid_eq(a->euid, b->euid) &&
	       uid_eq(a->suid, b->suid) && uid_eq(a->fsuid, b->fsuid) &&
	       gid_eq(a->gid, b->gid) && gid_eq(a->egid, b->egid) &&
	       gid_eq(a->sgid, b->sgid) && gid_eq(a->fsgid, b->fsgid);
}

static bool caps_within(const struct cred *inner, const struct cred *outer)
{
	return cap_issubset(inner->cap_permitted, outer->cap_permitted) &&
	       cap_issubset(inner->cap_effective, outer->cap_effective) &&
	       cap_issubset(inner->cap_ambient, outer->cap_ambient);
}

/* Those of @inner's, which may be fewer. */
static bool same_rights(const struct cred *inner, const struct cred *outer)
{
	return inner->user_ns == outer->user_ns && same_ids(inner, outer) &&
	       caps_within(inner, outer);
}

static bool same_files(struct task_struct *source)
{
	struct path ours, theirs = { };
	bool same = false;

	task_lock(source);
	if (source->nsproxy && source->COMPAT_FS) {
		same = source->nsproxy->mnt_ns == current->nsproxy->mnt_ns;
		get_fs_root(source->COMPAT_FS, &theirs);
	}
	task_unlock(source);

	get_fs_root(current->COMPAT_FS, &ours);
	same = same && path_equal(&ours, &theirs);
	path_put(&ours);
	path_put(&theirs);
	return same;
}

/*
 * Of the caller's own threads, which have one root directory as a rule. Who is
 * exiting has none any more.
 */
static bool same_files_here(struct task_struct *thread)
{
	bool same;

	task_lock(thread);
	same = !thread->nsproxy || !thread->COMPAT_FS ||
	       (thread->COMPAT_FS == current->COMPAT_FS &&
		thread->nsproxy->mnt_ns == current->nsproxy->mnt_ns);
	task_unlock(thread);
	return same;
}

/* Of threads that exit, and workers of the kernel's, no filter judges a call. */
static bool makes_calls(const struct task_struct *thread)
{
	return !(READ_ONCE(thread->flags) & (PF_EXITING | COMPAT_PF_WORKER));
}

/*
 * Who lives in this world with the caller stays in it, but by rights that no
 * filter gives.
 */
static bool threads_agree(const struct cred *theirs)
{
	struct task_struct *thread;
	bool agree = true;

	rcu_read_lock();
	compat_for_each_thread(current, thread) {
		if (thread == current || !makes_calls(thread))
			continue;
		agree = same_files_here(thread) &&
			same_rights(__task_cred(thread), theirs);
		if (!agree)
			break;
	}
	rcu_read_unlock();
	return agree;
}

static bool copies_ia32(u32 nr)
{
	switch (nr) {
	case IA32_FORK:
	case IA32_CLONE:
	case IA32_VFORK:
	case IA32_UNSHARE:
	case IA32_CLONE3:
		return true;
	}
	return false;
}

/* Of x32 too. */
static bool copies_native(u32 nr)
{
	switch (nr & ~__X32_SYSCALL_BIT) {
	case __NR_fork:
	case __NR_vfork:
	case __NR_clone:
	case __NR_clone3:
	case __NR_unshare:
		return true;
	}
	return false;
}

/*
 * Its present or last call is one that copies the root directory, for another
 * task or its own use, some time before the copy can be found. As the entry code
 * does, look at the lower half of the number only. A new thread begins with the
 * number of the call that made it; an interrupt in user mode wipes it out.
 */
static bool may_be_copying(struct task_struct *thread)
{
	/* It may just be entering the kernel: then with a call that begins now. */
	u32 nr = data_race(READ_ONCE(task_pt_regs(thread)->orig_ax));

	return syscall_get_arch(thread) == AUDIT_ARCH_I386 ?
	       copies_ia32(nr) : copies_native(nr);
}

/* Does any other thread have a copy that cannot be found? Under the siglock. */
static bool any_copying(void)
{
	struct task_struct *thread;
	bool any = false;

	rcu_read_lock();
	compat_for_each_thread(current, thread) {
		any = thread != current && makes_calls(thread) &&
		      may_be_copying(thread);
		if (any)
			break;
	}
	rcu_read_unlock();
	return any;
}

/*
 * 0 if at one moment no thread is in such a call, else -EAGAIN.
 *
 * The siglock keeps the stacks: a thread needs it to begin to exit, unless all
 * are to be killed, and then we are, too. It is also what a new one is listed
 * under.
 */
static int check_copying(void)
{
	/* One at a time: each looks at all threads with interrupts off. */
	static DEFINE_MUTEX(turn);
	int err;

	if (mutex_lock_killable(&turn))
		return -EINTR;
	spin_lock_irq(chain_own_lock());
	if (current->signal->flags & SIGNAL_GROUP_EXIT ||
	    fatal_signal_pending(current))
		err = -EINTR;
	else
		err = any_copying() ? -EAGAIN : 0;
	spin_unlock_irq(chain_own_lock());
	mutex_unlock(&turn);
	return err;
}

/*
 * A thread that is being made is in no list yet, and may have a root directory
 * of its own already: the one that its maker had then. So may one in unshare(2),
 * but will be seen to have it only at the end of that. And a process that is
 * being made may have it already, but will have its maker's filters only in the
 * end: those that a TSYNC has brought. So, once all that are listed agree, and so
 * none can leave any more, there must be a moment in which none is in such a
 * call. The threads that were made before it are listed by now: all are looked
 * at again, as are those whose files were changed before the first look was over.
 * What is copied after it is as that of whom it is a copy.
 */
static int check_threads(const struct cred *theirs)
{
	int err;

	if (!threads_agree(theirs))
		return -EPERM;
	err = check_copying();
	if (err)
		return err;
	return threads_agree(theirs) ? 0 : -EPERM;
}

static bool same_pid_ns(struct task_struct *source)
{
	bool same;

	/* The source may be reaped, and its pid with it. */
	rcu_read_lock();
	same = task_active_pid_ns(source) == task_active_pid_ns(current);
	rcu_read_unlock();
	return same;
}

/* The root comes last, when no thread can change it any more. */
static int check_world(struct task_struct *source)
{
	const struct cred *theirs = get_task_cred(source);
	int err = -EPERM;

	if (same_pid_ns(source) && same_rights(current_cred(), theirs))
		err = check_threads(theirs);
	if (!err && !same_files(source))
		err = -EPERM;
	put_cred(theirs);
	return err;
}

/*
 * The caller's filters can only become more meanwhile, by a sibling's TSYNC,
 * so that what is added in the end is no more than what is looked at here.
 */
static int check_chain(struct task_struct *source,
		       struct seccomp_filter *filter)
{
	struct seccomp_filter *own = READ_ONCE(current->seccomp.filter);

	int open = any_open_listener(filter, NULL);

	if (open < 0)
		return open;
	if (open && !may_join(source))
		return -EACCES;
	if (!chain_is_ancestor(own, filter))
		return -EINVAL;
	open = any_open_listener(filter, own);
	return open > 0 ? check_world(source) : open;
}

static int decide_once(struct task_struct *source, struct taken_chain *chain)
{
	int err;

	if (!may_look_at(source))
		return -EACCES;
	err = take_chain(source, chain);
	if (err)
		return err;
	err = check_chain(source, chain->filter);
	if (err)
		chain_put(chain->filter);
	return err;
}

static int decide_still(struct task_struct *source, struct taken_chain *chain)
{
	struct rw_semaphore *still = &source->signal->exec_update_lock;
	int err;

	if (down_read_killable(still))
		return -EINTR;
	err = decide_once(source, chain);
	up_read(still);
	return err;
}

/*
 * Who made the caller's thread, say, may not have left its call yet. The wait
 * holds nothing, and everything is decided anew after it.
 */
static int decide(struct task_struct *source, struct taken_chain *chain)
{
	unsigned int i;
	int err;

	for (i = 0; i < TRIES; i++) {
		err = decide_still(source, chain);
		if (err != -EAGAIN)
			return err;
		schedule_timeout_killable(msecs_to_jiffies(PAUSE_MS));
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	return -EPERM;
}

static int adopt_locked(const struct taken_chain *chain,
			struct seccomp_filter **old)
{
	struct seccomp *seccomp = &current->seccomp;

	if (seccomp->mode != SECCOMP_MODE_DISABLED &&
	    seccomp->mode != SECCOMP_MODE_FILTER)
		return -EINVAL;
	if (!chain_is_ancestor(seccomp->filter, chain->filter))
		return -EINVAL;

	if (chain_mark(chain->filter) & MARK_STRICT)
		kernel_call(disable_tsc)();
	*old = seccomp->filter;
	/* Readers without the lock may find it from here on. */
	smp_store_release(&seccomp->filter, chain->filter);
	atomic_set(&seccomp->filter_count, chain->count);
	seccomp->mode = SECCOMP_MODE_FILTER;
	/* Filter and mode before the flag that makes the entry code look. */
	smp_mb__before_atomic();
	kernel_call(spec_mitigate)(current);
	compat_set_seccomp_work(current);
	return 0;
}

/* 1 if the caller has another chain now, 0, or a negative errno. */
static int adopt(const struct taken_chain *chain)
{
	struct seccomp_filter *old = NULL;
	int changed;
	int err;

	spin_lock_irq(chain_own_lock());
	err = adopt_locked(chain, &old);
	spin_unlock_irq(chain_own_lock());
	changed = old != chain->filter;
	chain_put(err ? chain->filter : old);
	return err ? err : changed;
}

/* Of either kind. A tracer may suspend it, and so let a call through. */
static bool in_strict_mode(void)
{
	struct seccomp *seccomp = &current->seccomp;

	/* A sibling's TSYNC may just be writing others. */
	return data_race(READ_ONCE(seccomp->mode)) == SECCOMP_MODE_STRICT ||
	       chain_mark(READ_ONCE(seccomp->filter)) & MARK_STRICT;
}

static int clone_from(struct task_struct *source)
{
	struct taken_chain chain;
	int changed;
	int err;

	if (in_strict_mode())
		return -EINVAL;
	err = decide(source, &chain);
	if (err)
		return err;
	changed = adopt(&chain);
	if (changed < 0)
		return changed;
	/* Who is under these filters already can ask for them without end. */
	if (changed)
		report(OVERLAY_SECCOMP_EVENT_CLONE,
		       READ_ONCE(current->seccomp.filter),
		       task_pid_nr(source));
	return 0;
}

/**
 * clone_filter() - SECCOMP_CLONE_FILTER
 * @flags: must be 0
 * @upidfd: pointer to the number of a pidfd
 *
 * Source: the filter clone proposal. Only the calling thread changes, and only
 * on success.
 *
 * Return: 0, or in the order of the checks: -EINVAL for flags; -EFAULT;
 * -EBADF for no pidfd; -ESRCH for a task that is gone; -EINVAL for a caller in
 * strict mode; -EINTR if killed, here or by the lock of a listener below;
 * -EACCES without the right to look at the source; -ESRCH for a source that is
 * exiting; -EINVAL for one without filters; -EACCES without the right to join
 * it, if it has a listener that is open; -EINVAL for a chain that does not
 * extend the caller's, here or in the end, if that has grown meanwhile; -EPERM
 * for a listener in what would be added, and a caller or a thread of it from
 * another world, or one that stays in fork(2), clone(2) or unshare(2), or has not
 * run since.
 */
long clone_filter(unsigned int flags, void __user *upidfd)
{
	struct task_struct *source;
	int fd;
	int err;

	if (flags)
		return -EINVAL;
	if (copy_from_user(&fd, upidfd, sizeof(fd)))
		return -EFAULT;
	source = task_of_pidfd(fd);
	if (IS_ERR(source))
		return PTR_ERR(source);
	err = clone_from(source);
	put_task_struct(source);
	return err;
}

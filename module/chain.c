// SPDX-License-Identifier: GPL-2.0
/*
 * Overlay state of filters, and its life.
 *
 * State belongs to a filter, not to a task: then fork, exec, TSYNC and clone
 * inherit it by themselves. It is an entry in the filter's own wait queue, and
 * one reference on the filter's memory. When the last task that used the
 * filter is gone, the kernel wakes that queue with EPOLLHUP; our entry then
 * takes itself out and leaves the rest to a worker, which drops the state, the
 * reference, the hook and the module. No hook is needed to see a filter die.
 *
 * A filter whose listener is nested also has a shadow (nested.c), which is
 * found by the filter's address. Such a filter is marked before it is seen, and
 * gets its shadow a moment later: who meets it in between waits for that.
 */
#include <linux/delay.h>
#include <linux/hashtable.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "chain.h"
#include "hook.h"
#include "kernel/kernel.h"
#include "report.h"

/**
 * struct overlay - the state of one filter
 * @hup: in the filter's wait queue, under that queue's lock
 * @release: queued once, when the filter has lost its last user
 * @filter: with a reference of ours in its refs, not in its users
 * @shadow: of a nested listener, with one reference and one user of ours
 * @link: in shadows, while there is a shadow and @filter is attached
 * @rcu: lookups may still look at it
 */
struct overlay {
	wait_queue_entry_t	hup;
	struct work_struct	release;
	struct seccomp_filter	*filter;
	struct seccomp_filter	*shadow;
	struct hlist_node	link;
	struct rcu_head		rcu;
};

static struct workqueue_struct *release_queue;

/*
 * Found under RCU; shadows_lock protects changes, and nests in nothing. Taken by
 * tasks and the worker only, so that it may be a sleeping one (PREEMPT_RT).
 */
static DEFINE_HASHTABLE(shadows, 12);
static DEFINE_SPINLOCK(shadows_lock);

/* Woken whenever a shadow was added, and a filter settled. */
static DECLARE_WAIT_QUEUE_HEAD(shadow_added);
static DECLARE_WAIT_QUEUE_HEAD(settled);
/* How many tasks are in chain_await_settled(). */
static atomic_t waiters = ATOMIC_INIT(0);

static void add_shadow(struct overlay *overlay)
{
	spin_lock(&shadows_lock);
	hash_add_rcu(shadows, &overlay->link, (unsigned long)overlay->filter);
	spin_unlock(&shadows_lock);
	wake_up_all(&shadow_added);
}

static void drop_shadow(struct overlay *overlay)
{
	spin_lock(&shadows_lock);
	hash_del_rcu(&overlay->link);
	spin_unlock(&shadows_lock);
	/* The supervisor sees a hang-up, as with the filter's own listener. */
	chain_put(overlay->shadow);
}

/* The shadow lives as long as the filter has users: the caller is one. */
static struct seccomp_filter *find_shadow(const struct seccomp_filter *filter)
{
	struct seccomp_filter *shadow = NULL;
	struct overlay *overlay;

	rcu_read_lock();
	hash_for_each_possible_rcu(shadows, overlay, link,
				   (unsigned long)filter) {
		if (overlay->filter == filter) {
			shadow = overlay->shadow;
			break;
		}
	}
	rcu_read_unlock();
	return shadow;
}

static void release_overlay(struct work_struct *work)
{
	struct overlay *overlay = container_of(work, struct overlay, release);

	report(OVERLAY_SECCOMP_EVENT_FILTER_GONE, overlay->filter, 0);
	if (overlay->shadow)
		drop_shadow(overlay);
	kernel_call(put_seccomp_filter)(overlay->filter);
	kfree_rcu(overlay, rcu);
	hook_release();
	/* Unload flushes the queue, so that this may end after the put. */
	module_put(THIS_MODULE);
}

/*
 * Runs under the queue's lock, in the task that was the filter's last user, and
 * that may hold a siglock: TSYNC lets filters go under it. So it takes no lock of
 * ours, and what queue_work() takes is raw.
 */
static int notice_hup(wait_queue_entry_t *hup, unsigned int mode, int sync,
		      void *key)
{
	struct overlay *overlay = container_of(hup, struct overlay, hup);

	/* Requests wake the same queue. */
	if (refcount_read(filter_users(overlay->filter)))
		return 0;
	list_del_init(&hup->entry);
	queue_work(release_queue, &overlay->release);
	return 0;
}

/**
 * chain_init() - before any state can be made
 *
 * Return: 0 or -ENOMEM.
 */
int __init chain_init(void)
{
	release_queue = alloc_workqueue("overlay_seccomp", WQ_UNBOUND, 0);
	return release_queue ? 0 : -ENOMEM;
}

/**
 * chain_drain() - wait until all state is released
 *
 * Only for unload, when none is alive or can be made.
 */
void chain_drain(void)
{
	destroy_workqueue(release_queue);
}

/**
 * chain_prepare() - all that state needs and that can fail
 *
 * Arms the evaluation and takes a reference on the module.
 *
 * Return: the state, for chain_attach() or chain_cancel(); -ENOMEM; -ENODEV if
 * the module is about to go; what hook_arm() returns.
 */
struct overlay *chain_prepare(void)
{
	struct overlay *overlay;
	int err;

	if (!try_module_get(THIS_MODULE))
		return ERR_PTR(-ENODEV);
	err = -ENOMEM;
	overlay = kzalloc(sizeof(*overlay), GFP_KERNEL_ACCOUNT);
	if (!overlay)
		goto put_module;
	err = hook_arm();
	if (err)
		goto free_overlay;
	init_waitqueue_func_entry(&overlay->hup, notice_hup);
	INIT_WORK(&overlay->release, release_overlay);
	return overlay;

free_overlay:
	kfree(overlay);
put_module:
	module_put(THIS_MODULE);
	return ERR_PTR(err);
}

/**
 * chain_set_shadow() - make it the state of a nested listener
 * @overlay: from chain_prepare()
 * @shadow: taken over, with its one reference and its one user
 */
void chain_set_shadow(struct overlay *overlay, struct seccomp_filter *shadow)
{
	overlay->shadow = shadow;
}

/**
 * chain_cancel() - state that will not be attached
 * @overlay: from chain_prepare()
 */
void chain_cancel(struct overlay *overlay)
{
	chain_put(overlay->shadow);
	kfree(overlay);
	hook_release();
	module_put(THIS_MODULE);
}

/**
 * chain_attach() - give a filter its state
 * @overlay: from chain_prepare(), gone when the filter is
 * @filter: marked already, and the caller's: it cannot go meanwhile
 */
void chain_attach(struct overlay *overlay, struct seccomp_filter *filter)
{
	overlay->filter = filter;
	refcount_inc(filter_refs(filter));
	add_wait_queue(filter_wqh(filter), &overlay->hup);
	if (overlay->shadow)
		add_shadow(overlay);
}

/**
 * chain_new_filter() - a filter of our own making
 * @prog: taken over on success
 *
 * As stock makes it, with one user and one reference for the task that will
 * have it, no listener, and an empty action cache: nothing is allowed unseen.
 *
 * Return: the filter, or NULL without memory.
 */
struct seccomp_filter *chain_new_filter(struct bpf_prog *prog)
{
	struct seccomp_filter *filter;

	filter = kzalloc(layout.filter_size, GFP_KERNEL_ACCOUNT);
	if (!filter)
		return NULL;
	refcount_set(filter_refs(filter), 1);
	refcount_set(filter_users(filter), 1);
	mutex_init(filter_notify_lock(filter));
	init_waitqueue_head(filter_wqh(filter));
	*filter_prog(filter) = prog;
	return filter;
}

/**
 * chain_put() - a task no longer has this filter
 * @filter: innermost one of the chain, or NULL
 */
void chain_put(struct seccomp_filter *filter)
{
	if (!filter)
		return;
	kernel_call(seccomp_filter_orphan)(filter);
	kernel_call(put_seccomp_filter)(filter);
}

/**
 * chain_own_lock() - what protects the caller's chain from its siblings
 *
 * Return: its siglock, which goes only with the caller itself.
 */
spinlock_t *chain_own_lock(void)
{
	return &rcu_dereference_protected(current->sighand, true)->siglock;
}

static int take_locked(struct task_struct *task, struct taken_chain *chain)
{
	struct seccomp_filter *filter = task->seccomp.filter;

	/* It changes others of its flags without the lock, but not this one. */
	if (data_race(task->flags) & PF_EXITING)
		return -ESRCH;
	chain->mode = task->seccomp.mode;
	chain->count = atomic_read(&task->seccomp.filter_count);
	chain->filter = filter;
	if (filter) {
		refcount_inc(filter_refs(filter));
		refcount_inc(filter_users(filter));
	}
	return 0;
}

/*
 * A task may lose its sighand, or change it, until that is locked. On PREEMPT_RT
 * the lock sleeps, which is allowed under RCU there.
 */
static int try_take(struct task_struct *task, struct taken_chain *chain)
{
	struct sighand_struct *sighand;
	int err = -ESRCH;

	rcu_read_lock();
	sighand = rcu_dereference(task->sighand);
	if (sighand) {
		spin_lock_irq(&sighand->siglock);
		if (sighand == rcu_access_pointer(task->sighand))
			err = take_locked(task, chain);
		else
			err = -EAGAIN;
		spin_unlock_irq(&sighand->siglock);
	}
	rcu_read_unlock();
	return err;
}

/**
 * chain_take() - share the chain of another task
 * @task: that may not be the caller; with a reference
 * @chain: filled; chain_put() its filter
 *
 * Return: 0, or -ESRCH for a task that is exiting.
 */
int chain_take(struct task_struct *task, struct taken_chain *chain)
{
	int err;

	do {
		err = try_take(task, chain);
	} while (err == -EAGAIN);
	return err;
}

/**
 * chain_is_ancestor() - is one chain the outer part of another?
 * @parent: innermost filter of the first, NULL for none
 * @child: innermost filter of the second
 *
 * Return: true even if they are the same.
 */
bool chain_is_ancestor(const struct seccomp_filter *parent,
		       const struct seccomp_filter *child)
{
	if (!parent)
		return true;
	for (; child; child = *filter_prev(child))
		if (child == parent)
			return true;
	return false;
}

/**
 * chain_has_own_mark() - has this filter overlay state itself?
 * @filter: or NULL
 *
 * Return: false even if filters further out have.
 */
bool chain_has_own_mark(const struct seccomp_filter *filter)
{
	return chain_mark(filter) & ~(MARK_IN_NESTED | MARK_IN_SEQUENTIAL |
				      MARK_UNSETTLED);
}

/**
 * chain_inherited() - what a filter on top of this one has in its mark
 * @filter: or NULL
 *
 * Asks each filter for itself: they may not be settled.
 *
 * Return: MARK_IN_* bits.
 */
u8 chain_inherited(const struct seccomp_filter *filter)
{
	u8 inherited = 0;

	for (; filter; filter = *filter_prev(filter)) {
		/* A shadow lies below another listener, marked or not. */
		if (chain_mark(filter) & (MARK_OVERLAY | MARK_SHADOW))
			inherited |= MARK_IN_NESTED;
		if (chain_mark(filter) & MARK_SEQUENTIAL)
			inherited |= MARK_IN_SEQUENTIAL;
	}
	return inherited;
}

/**
 * chain_settle() - a filter's mark becomes what it will be
 * @filter: attached, and marked MARK_UNSETTLED
 *
 * Without anything of ours in the whole chain, that is no mark.
 */
void chain_settle(struct seccomp_filter *filter)
{
	u8 mark = (chain_mark(filter) & ~MARK_UNSETTLED) |
		  chain_inherited(filter);

	WRITE_ONCE(*filter_mark(filter), mark);
	wake_up_all(&settled);
}

/**
 * chain_await_settled() - wait until the caller's filter is settled
 *
 * Called by the trampoline, for tasks that may turn out to have no state and
 * so do not hold the module: they are counted.
 *
 * Return: false if the caller has been killed.
 */
bool chain_await_settled(void)
{
	int err;

	atomic_inc(&waiters);
	err = wait_event_killable(settled,
				  !(chain_mark(READ_ONCE(current->seccomp.filter)) &
				    MARK_UNSETTLED));
	atomic_dec(&waiters);
	return !err;
}

/**
 * chain_drain_waiters() - until no task is in chain_await_settled()
 *
 * Only for unload: what they waited for has happened.
 */
void chain_drain_waiters(void)
{
	while (atomic_read(&waiters))
		msleep(20);
}

/**
 * chain_find_listener() - the filter whose notif a filter's listener has
 * @filter: with a user that the caller holds
 *
 * Return: @filter itself, or its shadow, whose notif may be NULL; NULL while
 * that shadow is just being made.
 */
struct seccomp_filter *chain_find_listener(struct seccomp_filter *filter)
{
	return chain_mark(filter) & MARK_SHADOW ? find_shadow(filter) : filter;
}

/**
 * chain_listener() - the same, when it is there
 * @filter: of the caller's chain
 * @listener: filled
 *
 * Waits, killably, while @filter is being installed by another thread.
 *
 * Return: 0 or -ERESTARTSYS.
 */
int chain_listener(struct seccomp_filter *filter,
		   struct seccomp_filter **listener)
{
	*listener = chain_find_listener(filter);
	if (likely(*listener))
		return 0;
	return wait_event_killable(shadow_added,
				   (*listener = chain_find_listener(filter)));
}

static int is_open(struct seccomp_filter *listener)
{
	bool open;

	/* The lock orders us after a close that has begun. */
	if (mutex_lock_killable(filter_notify_lock(listener)))
		return -EINTR;
	open = *filter_notif(listener);
	mutex_unlock(filter_notify_lock(listener));
	return open;
}

/**
 * chain_listener_is_open() - may a supervisor be asked about this filter?
 * @filter: with a user that the caller holds
 *
 * Return: 1 or 0; 1 also for a listener that is just being made; -EINTR if
 * killed meanwhile.
 */
int chain_listener_is_open(struct seccomp_filter *filter)
{
	struct seccomp_filter *listener = chain_find_listener(filter);

	return listener ? is_open(listener) : 1;
}

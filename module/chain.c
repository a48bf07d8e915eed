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
 */
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "chain.h"
#include "hook.h"
#include "kernel/kernel.h"

/**
 * struct overlay - the state of one filter
 * @hup: in the filter's wait queue, under that queue's lock
 * @release: queued once, when the filter has lost its last user
 * @filter: with a reference of ours in its refs, not in its users
 */
struct overlay {
	wait_queue_entry_t	hup;
	struct work_struct	release;
	struct seccomp_filter	*filter;
};

static struct workqueue_struct *release_queue;

static void release_overlay(struct work_struct *work)
{
	struct overlay *overlay = container_of(work, struct overlay, release);

	kernel_call(put_seccomp_filter)(overlay->filter);
	kfree(overlay);
	hook_release();
	/* Unload flushes the queue, so that this may end after the put. */
	module_put(THIS_MODULE);
}

/* Runs under the queue's lock, in the task that was the filter's last user. */
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
 * chain_cancel() - state that will not be attached
 * @overlay: from chain_prepare()
 */
void chain_cancel(struct overlay *overlay)
{
	kfree(overlay);
	hook_release();
	module_put(THIS_MODULE);
}

/**
 * chain_attach() - give a filter its state
 * @overlay: from chain_prepare(), gone when the filter is
 * @filter: not yet to be seen by anybody else, and certain to be used
 * @mark: CHAIN_* bits
 */
void chain_attach(struct overlay *overlay, struct seccomp_filter *filter,
		  u8 mark)
{
	overlay->filter = filter;
	refcount_inc(filter_refs(filter));
	*filter_mark(filter) = mark;
	add_wait_queue(filter_wqh(filter), &overlay->hup);
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
 * chain_is_ancestor() - is one chain the outer part of another?
 * @parent: innermost filter of the first, NULL for none
 * @child: innermost filter of the second
 *
 * Return: true also if they are the same.
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

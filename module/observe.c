// SPDX-License-Identifier: GPL-2.0
/*
 * Which filter did the stock do_seccomp() just make for us?
 *
 * "The innermost after it has returned" is wrong: a sibling's TSYNC may have
 * come in between. But the stock function has each new filter's program made
 * by bpf_prog_create_from_user(), which gets the address of the program's
 * pointer, and that is a member of the filter. A hook that only observes tells
 * us, long before the filter can be seen by others: that is when it is marked.
 * Others call that function too, so that only the first call counts that the
 * installing task makes meanwhile.
 */
#include <linux/hashtable.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "kernel/kernel.h"
#include "observe.h"

/**
 * struct observation - one install under way
 * @link: in observations, by task
 * @rcu: the hook may still look at it in other tasks
 * @task: that installs
 * @filter: filled by the hook
 * @mark: what the filter is to be marked with
 */
struct observation {
	struct hlist_node	link;
	struct rcu_head		rcu;
	struct task_struct	*task;
	struct seccomp_filter	*filter;
	u8			mark;
};

/*
 * Searched under RCU, since a hook may not sleep; the lock, which may on
 * PREEMPT_RT, protects changes, and nests in nothing.
 */
static DEFINE_HASHTABLE(observations, 8);
static DEFINE_SPINLOCK(observations_lock);

/**
 * observe_begin() - expect the calling task to make a filter
 * @mark: to give to it
 *
 * Return: for observe_end(), or NULL without memory.
 */
struct observation *observe_begin(u8 mark)
{
	struct observation *o = kzalloc(sizeof(*o), GFP_KERNEL_ACCOUNT);

	if (!o)
		return NULL;
	o->task = current;
	o->mark = mark;
	spin_lock(&observations_lock);
	hash_add_rcu(observations, &o->link, (unsigned long)current);
	spin_unlock(&observations_lock);
	return o;
}

/**
 * observe_end() - the install is over
 * @o: from observe_begin()
 *
 * Return: the filter that was made, if the install has succeeded; a dangling
 * pointer if it has failed; NULL if none was seen.
 */
struct seccomp_filter *observe_end(struct observation *o)
{
	struct seccomp_filter *filter = o->filter;

	spin_lock(&observations_lock);
	hash_del_rcu(&o->link);
	spin_unlock(&observations_lock);
	kfree_rcu(o, rcu);
	return filter;
}

/**
 * observe_prog() - a program is about to be made
 * @prog: where its pointer will be stored
 *
 * Runs in the hook, in any task.
 */
void notrace observe_prog(struct bpf_prog **prog)
{
	struct observation *o;

	rcu_read_lock();
	hash_for_each_possible_rcu(observations, o, link,
				   (unsigned long)current) {
		if (o->task != current)
			continue;
		if (!o->filter) {
			o->filter = (void *)prog - layout.filter_prog;
			*filter_mark(o->filter) = o->mark;
		}
		break;
	}
	rcu_read_unlock();
}

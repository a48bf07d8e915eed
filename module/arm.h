/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Functions that are hooked only while somebody needs that, and for a minute
 * after: __seccomp_filter() (hook.c), and what could move a pin (seal.c).
 *
 * Text is patched by workers. Patching may wait for RCU tasks. Before 6.9, these
 * wait for every task that ends, among them the first of a pid namespace, which
 * waits in turn for all that it has killed. A task in that namespace must
 * therefore not patch text itself, and wait for it killably only.
 *
 * What takes a struct arming_ops is inline, and is given a constant one, so that
 * no call is indirect.
 */
#ifndef OVERLAY_ARM_H
#define OVERLAY_ARM_H

#include <linux/errno.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

/**
 * struct arming - one set of functions
 * @lock: taken outside of every lock of seccomp's and of address spaces';
 *	  protects all that follows, and what the operations change
 * @users: who needs the hooks; also read without @lock
 * @error: of the last try
 * @retry: until when not to try again, after an error
 * @hooking: hooks
 * @rounds: how often @hooking has run; also read without @lock
 * @done: whoever waits for the next round
 * @unhooking: unhooks what nobody needs
 */
struct arming {
	struct mutex		lock;
	unsigned int		users;
	int			error;
	unsigned long		retry;
	struct work_struct	hooking;
	unsigned int		rounds;
	wait_queue_head_t	done;
	struct delayed_work	unhooking;
};

/* @work and @disarm call arming_work() and arming_disarm(). */
#define ARMING(name, work, disarm) {					\
	.lock		= __MUTEX_INITIALIZER((name).lock),		\
	.hooking	= __WORK_INITIALIZER((name).hooking, work),	\
	.done		= __WAIT_QUEUE_HEAD_INITIALIZER((name).done),	\
	.unhooking	= __DELAYED_WORK_INITIALIZER((name).unhooking,	\
						     disarm, 0),	\
}

/**
 * struct arming_ops - how a set is hooked; all are called under its lock
 * @hooked: are all of them?
 * @hook: hook what is not; an error leaves none hooked, if that is possible
 * @unhook: true if none is hooked any more
 * @works: 0 if those that are hooked work, or what arming_get() shall return
 */
struct arming_ops {
	bool	(*hooked)(void);
	int	(*hook)(void);
	bool	(*unhook)(void);
	int	(*works)(void);
};

int arming_load(void);
void arming_unload(void);
int arming_failed(const struct arming *arming, const char *name, int err);
int arming_spared(const struct arming *arming);
void arming_tried(struct arming *arming, int err);
int arming_await(struct arming *arming, unsigned int seen);
void arming_put(struct arming *arming);

/**
 * arming_work() - hook, if that is needed still; in a worker
 * @arming: the set
 * @ops: of it
 */
static __always_inline void arming_work(struct arming *arming,
					const struct arming_ops *ops)
{
	mutex_lock(&arming->lock);
	if (!ops->hooked() && !arming_spared(arming))
		arming_tried(arming, ops->hook());
	WRITE_ONCE(arming->rounds, arming->rounds + 1);
	wake_up_all(&arming->done);
	mutex_unlock(&arming->lock);
}

/**
 * arming_disarm() - unhook, if nobody needs the hooks; in a worker
 * @arming: the set
 * @ops: of it
 */
static __always_inline void arming_disarm(struct arming *arming,
					  const struct arming_ops *ops)
{
	mutex_lock(&arming->lock);
	if (!arming->users)
		ops->unhook();
	mutex_unlock(&arming->lock);
}

/* 1 if they have to be hooked first. */
static __always_inline int arming_use(struct arming *arming,
				      const struct arming_ops *ops)
{
	int err;

	if (!ops->hooked()) {
		err = arming_spared(arming);
		return err ? err : 1;
	}
	err = ops->works();
	if (!err)
		WRITE_ONCE(arming->users, arming->users + 1);
	return err;
}

/**
 * arming_get() - have them hooked from here on
 * @arming: the set
 * @ops: of it
 *
 * The first time, text is patched, so that it may sleep for long.
 *
 * Return: 0, and arming_put() must follow; -EINTR if killed; what @ops say
 * otherwise.
 */
static __always_inline int arming_get(struct arming *arming,
				      const struct arming_ops *ops)
{
	unsigned int seen;
	int err;

	do {
		if (mutex_lock_killable(&arming->lock))
			return -EINTR;
		err = arming_use(arming, ops);
		seen = arming->rounds;
		mutex_unlock(&arming->lock);
		if (err <= 0)
			return err;
		err = arming_await(arming, seen);
	} while (!err);
	return err;
}

/**
 * arming_end() - unhook for good: nobody needs them, or will
 * @arming: the set
 * @ops: of it
 *
 * Return: false if a hook cannot be taken away.
 */
static __always_inline bool arming_end(struct arming *arming,
				       const struct arming_ops *ops)
{
	bool gone;

	cancel_work_sync(&arming->hooking);
	cancel_delayed_work_sync(&arming->unhooking);
	mutex_lock(&arming->lock);
	gone = ops->unhook();
	mutex_unlock(&arming->lock);
	return gone;
}

#endif

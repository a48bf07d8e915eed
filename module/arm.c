// SPDX-License-Identifier: GPL-2.0
/*
 * Arming: who patches text, and when. See arm.h.
 */
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "arm.h"

#define DISARM_DELAY (60 * HZ)

/* Text that cannot be patched is tried at most twenty times a second. */
#define RETRY_DELAY (HZ / 20)

/*
 * Not the system's, for which drivers wait: a user can have the patching of text
 * take for ever, before 6.9.
 */
static struct workqueue_struct *queue;

/**
 * arming_load() - make ready for all sets
 *
 * Return: 0 or -ENOMEM.
 */
int __init arming_load(void)
{
	queue = alloc_workqueue("overlay_seccomp_arming", WQ_UNBOUND, 0);
	return queue ? 0 : -ENOMEM;
}

/**
 * arming_unload() - undo it, after the arming_end() of every set
 */
void arming_unload(void)
{
	destroy_workqueue(queue);
}

/**
 * arming_failed() - say why a function cannot be hooked, once
 * @arming: under its lock
 * @name: of the function
 * @err: what ftrace says
 *
 * Return: @err.
 */
int arming_failed(const struct arming *arming, const char *name, int err)
{
	if (err != arming->error)
		pr_err("cannot hook %s: %d%s\n", name, err, err == -EBUSY ?
		       " (held by BPF or by another module)" : "");
	return err;
}

/**
 * arming_spared() - is it too early to try again?
 * @arming: under its lock
 *
 * Return: the error of the last try, or 0 if not.
 */
int arming_spared(const struct arming *arming)
{
	return arming->error && time_before(jiffies, arming->retry) ?
	       arming->error : 0;
}

static void unhook_later(struct arming *arming)
{
	mod_delayed_work(queue, &arming->unhooking, DISARM_DELAY);
}

/**
 * arming_tried() - note how hooking went
 * @arming: under its lock
 * @err: of it
 */
void arming_tried(struct arming *arming, int err)
{
	arming->error = err;
	arming->retry = jiffies + RETRY_DELAY;
	/* Whoever asked for it may have been killed. */
	if (!err)
		unhook_later(arming);
}

/**
 * arming_await() - have a worker hook, and wait for that
 * @arming: whose lock is not held
 * @seen: its rounds, read under the lock
 *
 * Return: 0 after a round that began later; -EINTR if killed.
 */
int arming_await(struct arming *arming, unsigned int seen)
{
	queue_work(queue, &arming->hooking);
	return wait_event_killable(arming->done,
				   READ_ONCE(arming->rounds) != seen) ?
	       -EINTR : 0;
}

/**
 * arming_put() - undo one arming_get()
 * @arming: the set
 *
 * Unhooking patches text, so that it is left to a worker.
 */
void arming_put(struct arming *arming)
{
	mutex_lock(&arming->lock);
	WRITE_ONCE(arming->users, arming->users - 1);
	if (!arming->users)
		unhook_later(arming);
	mutex_unlock(&arming->lock);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Events: counted, and told to those who have subscribed.
 *
 * An event can come at any place, also where nothing may sleep. It is counted,
 * and if somebody listens, written to a ring; a worker passes on what is there,
 * ten times a second at most, to each subscriber by unicast. What does not fit
 * into the ring, or into a socket that nobody reads, is lost, and counted for
 * the subscriber, who is told the number as soon as there is room. So neither
 * a busy machine nor a stopped subscriber holds up a task.
 */
#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/netlink.h>
#include <linux/notifier.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>

#include "chain.h"
#include "kernel/kernel.h"
#include "netlink.h"
#include "report.h"

#define RING_SIZE	1024
#define DELIVER_DELAY	(HZ / 10)
#define SUBSCRIBERS_MAX	32

static atomic64_t counters[__OVERLAY_SECCOMP_EVENT_MAX];
static siphash_key_t id_key __ro_after_init;

/*
 * What follows it. Raw, and interrupts off, for the few instructions of one
 * copy: hooks report too, which may not sleep with PREEMPT_RT. Nests in nothing.
 */
static DEFINE_RAW_SPINLOCK(ring_lock);
static struct report ring[RING_SIZE];
static unsigned int ring_first;
static unsigned int ring_count;
static u64 ring_lost;

/**
 * struct subscriber - a socket that gets events
 * @link: in subscribers
 * @portid: of the socket
 * @lost: events that it has not been told of
 */
struct subscriber {
	struct list_head	link;
	u32			portid;
	u64			lost;
};

/* What follows it. Taken by tasks and the worker; ring_lock nests in it. */
static DEFINE_MUTEX(subscribers_lock);
static LIST_HEAD(subscribers);
static u32 subscribers_count;

static void deliver_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(deliver, deliver_work);

/**
 * report_id() - the name of a filter to the outside
 * @filter: or NULL
 *
 * Return: the same for the same filter, 0 for none; an address cannot be had
 * from it.
 */
u64 report_id(const struct seccomp_filter *filter)
{
	return filter ? siphash_1u64((unsigned long)filter, &id_key) : 0;
}

/**
 * report_flags() - what a filter has to do with us
 * @filter: or NULL
 *
 * Return: OVERLAY_SECCOMP_FILTER_*
 */
u32 report_flags(const struct seccomp_filter *filter)
{
	static const struct {
		u8	mark;
		u32	flag;
	} names[] = {
		{ MARK_OVERLAY,		OVERLAY_SECCOMP_FILTER_OVERLAY },
		{ MARK_SHADOW,		OVERLAY_SECCOMP_FILTER_NESTED },
		{ MARK_SEQUENTIAL,	OVERLAY_SECCOMP_FILTER_SEQUENTIAL },
		{ MARK_STRICT,		OVERLAY_SECCOMP_FILTER_STRICT },
		{ MARK_REDIRECT,	OVERLAY_SECCOMP_FILTER_REDIRECT },
		{ MARK_UNSETTLED,	OVERLAY_SECCOMP_FILTER_UNSETTLED },
	};
	u8 mark = chain_mark(filter);
	u32 flags = 0;
	size_t i;

	if (!filter)
		return 0;
	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (mark & names[i].mark)
			flags |= names[i].flag;
	if (*filter_log(filter))
		flags |= OVERLAY_SECCOMP_FILTER_LOG;
	if (filter_waits_killably(filter))
		flags |= OVERLAY_SECCOMP_FILTER_WAIT_KILLABLE;
	return flags;
}

/**
 * report_count() - how often something has happened
 * @event: of these
 *
 * Return: since the load.
 */
u64 report_count(enum overlay_seccomp_event event)
{
	return atomic64_read(&counters[event]);
}

/* What one task can cause as often as it likes, or nearly so, as a clone. */
static bool is_common(enum overlay_seccomp_event event)
{
	return event == OVERLAY_SECCOMP_EVENT_REFUSED ||
	       event == OVERLAY_SECCOMP_EVENT_OUTER ||
	       event == OVERLAY_SECCOMP_EVENT_REDIRECT ||
	       event == OVERLAY_SECCOMP_EVENT_CLONE;
}

/*
 * Half of the ring is for what is rare, which takes a new task or a new filter
 * each time: no flood of the rest can hide that.
 */
static void enqueue(const struct report *report)
{
	unsigned int room = is_common(report->event) ? RING_SIZE / 2 :
						       RING_SIZE;
	unsigned long flags;

	raw_spin_lock_irqsave(&ring_lock, flags);
	if (ring_count < room)
		ring[(ring_first + ring_count++) % RING_SIZE] = *report;
	else
		ring_lost++;
	raw_spin_unlock_irqrestore(&ring_lock, flags);
	schedule_delayed_work(&deliver, DELIVER_DELAY);
}

static bool dequeue(struct report *report)
{
	unsigned long flags;
	bool any;

	raw_spin_lock_irqsave(&ring_lock, flags);
	any = ring_count;
	if (any) {
		*report = ring[ring_first];
		ring_first = (ring_first + 1) % RING_SIZE;
		ring_count--;
	}
	raw_spin_unlock_irqrestore(&ring_lock, flags);
	return any;
}

static u64 take_lost(void)
{
	unsigned long flags;
	u64 lost;

	raw_spin_lock_irqsave(&ring_lock, flags);
	lost = ring_lost;
	ring_lost = 0;
	raw_spin_unlock_irqrestore(&ring_lock, flags);
	return lost;
}

static void tell(enum overlay_seccomp_event event,
		 const struct seccomp_filter *filter, u64 value, int error)
{
	struct report report;

	atomic64_inc(&counters[event]);
	if (!READ_ONCE(subscribers_count))
		return;
	report = (struct report) {
		.time	= ktime_get_boottime_ns(),
		.id	= report_id(filter),
		.value	= value,
		.event	= event,
		.task	= current->flags & PF_KTHREAD ? 0 : task_pid_nr(current),
		.flags	= report_flags(filter),
		.error	= error,
	};
	enqueue(&report);
}

/**
 * report() - something has happened
 * @event: what
 * @filter: that it is about, which may not go meanwhile; or NULL
 * @value: see enum overlay_seccomp_event
 *
 * Anywhere but in an NMI.
 */
void report(enum overlay_seccomp_event event,
	    const struct seccomp_filter *filter, u64 value)
{
	tell(event, filter, value, 0);
}

/**
 * report_refusal() - something that we were asked for is not done
 * @what: number of the operation or ioctl
 * @err: negative errno
 */
void report_refusal(u32 what, int err)
{
	tell(OVERLAY_SECCOMP_EVENT_REFUSED, NULL, what, -err);
}

static struct subscriber *find_subscriber(u32 portid)
{
	struct subscriber *subscriber;

	list_for_each_entry(subscriber, &subscribers, link)
		if (subscriber->portid == portid)
			return subscriber;
	return NULL;
}

static void remove_subscriber(struct subscriber *subscriber)
{
	list_del(&subscriber->link);
	WRITE_ONCE(subscribers_count, subscribers_count - 1);
	kfree(subscriber);
}

/**
 * report_subscribe() - have a socket get events
 * @portid: of the socket, in the initial network namespace
 *
 * Return: 0; -ENOSPC if there are too many; -ENOMEM.
 */
int report_subscribe(u32 portid)
{
	struct subscriber *subscriber;
	int err = 0;

	mutex_lock(&subscribers_lock);
	if (find_subscriber(portid))
		goto unlock;
	err = -ENOSPC;
	if (subscribers_count == SUBSCRIBERS_MAX)
		goto unlock;
	err = -ENOMEM;
	subscriber = kzalloc(sizeof(*subscriber), GFP_KERNEL_ACCOUNT);
	if (!subscriber)
		goto unlock;
	subscriber->portid = portid;
	list_add_tail(&subscriber->link, &subscribers);
	WRITE_ONCE(subscribers_count, subscribers_count + 1);
	err = 0;
unlock:
	mutex_unlock(&subscribers_lock);
	return err;
}

/**
 * report_subscribers() - how many there are
 *
 * Return: sockets.
 */
u32 report_subscribers(void)
{
	return READ_ONCE(subscribers_count);
}

/*
 * Another socket may get its number next, which nobody has checked. That is free
 * some instructions before this is called: who is so quick gets what is told in
 * between.
 */
static int see_release(struct notifier_block *block, unsigned long state,
		       void *data)
{
	const struct netlink_notify *notify = data;
	struct subscriber *subscriber;

	/* A subscription is counted long before its socket is closed. */
	if (!READ_ONCE(subscribers_count) || state != NETLINK_URELEASE ||
	    notify->protocol != NETLINK_GENERIC ||
	    !net_eq(notify->net, &init_net))
		return NOTIFY_DONE;
	mutex_lock(&subscribers_lock);
	subscriber = find_subscriber(notify->portid);
	if (subscriber)
		remove_subscriber(subscriber);
	mutex_unlock(&subscribers_lock);
	return NOTIFY_DONE;
}

static struct notifier_block release_notifier = {
	.notifier_call	= see_release,
};

static void deliver_one(const struct report *report)
{
	struct subscriber *subscriber;

	list_for_each_entry(subscriber, &subscribers, link)
		if (subscriber->lost ||
		    netlink_send_event(subscriber->portid, report))
			subscriber->lost++;
}

/* In its place among the events: after what it was given, before what comes. */
static bool deliver_lost(struct subscriber *subscriber)
{
	struct report report = {
		.time	= ktime_get_boottime_ns(),
		.value	= subscriber->lost,
		.event	= OVERLAY_SECCOMP_EVENT_LOST,
	};

	if (subscriber->lost &&
	    netlink_send_event(subscriber->portid, &report))
		return false;
	subscriber->lost = 0;
	return true;
}

/*
 * At most a ring full, whatever comes meanwhile: closing a socket waits for the
 * lock.
 */
static bool deliver_ring(void)
{
	struct report report;
	unsigned int n;

	for (n = 0; n < RING_SIZE; n++) {
		if (!dequeue(&report))
			return true;
		deliver_one(&report);
		cond_resched();
	}
	return false;
}

static void deliver_all(void)
{
	struct subscriber *subscriber;
	u64 lost = 0;
	bool done;

	mutex_lock(&subscribers_lock);
	list_for_each_entry(subscriber, &subscribers, link)
		deliver_lost(subscriber);
	done = deliver_ring();
	if (done)
		lost = take_lost();
	list_for_each_entry(subscriber, &subscribers, link) {
		subscriber->lost += lost;
		done &= deliver_lost(subscriber);
	}
	mutex_unlock(&subscribers_lock);
	if (!done)
		schedule_delayed_work(&deliver, DELIVER_DELAY);
}

static void deliver_work(struct work_struct *work)
{
	deliver_all();
}

/**
 * report_load() - before anything can happen
 */
void __init report_load(void)
{
	get_random_bytes(&id_key, sizeof(id_key));
	netlink_register_notifier(&release_notifier);
}

/**
 * report_unload() - tell the last, and forget the subscribers
 *
 * Only when nothing can happen, and nobody can subscribe, any more.
 */
void report_unload(void)
{
	struct subscriber *subscriber, *next;

	report(OVERLAY_SECCOMP_EVENT_UNLOAD, NULL, 0);
	deliver_all();
	netlink_unregister_notifier(&release_notifier);
	mutex_lock(&subscribers_lock);
	list_for_each_entry_safe(subscriber, next, &subscribers, link)
		remove_subscriber(subscriber);
	mutex_unlock(&subscribers_lock);
	cancel_delayed_work_sync(&deliver);
}

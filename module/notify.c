// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting for a supervisor, with the kernel's own structures, so that the
 * stock RECV, SEND, ADDFD, ID_VALID and poll serve the call unchanged.
 *
 * The notification is on our stack and in the listener's list. It is read and
 * written only under the filter's notify_lock, which we drop while we sleep.
 * Whoever closes the listener sets notif to NULL, and the list with it, after
 * completing every waiter with ENOSYS.
 *
 * The supervisor of an explicit overlay listener can also have the waiting task
 * do something, and can answer with other arguments. Its waiters are in a table
 * of ours too: one that is in the kernel's list only is not ours to touch.
 */
#include <linux/completion.h>
#include <linux/hashtable.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/seccomp.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "chain.h"
#include "kernel/kernel.h"
#include "notify.h"
#include "redirect.h"

/* The val of an answer that redirects: stock takes CONTINUE only with 0. */
#define REDIRECTED 1

/*
 * By the id of the notification. Changed under the listener's notify_lock too,
 * so that a waiter found under that one stays; waiters_lock is taken inside of
 * it and nests in nothing else. Both are taken by tasks in system calls only.
 */
static DEFINE_HASHTABLE(waiters, 8);
static DEFINE_SPINLOCK(waiters_lock);

static struct seccomp_knotif *knotif_of(const struct notify_waiter *waiter)
{
	return (void *)waiter->knotif;
}

static void remember(struct notify_waiter *waiter)
{
	if (!(chain_mark(waiter->listener) & MARK_REDIRECT))
		return;
	spin_lock(&waiters_lock);
	hash_add(waiters, &waiter->link, waiter->id);
	spin_unlock(&waiters_lock);
}

static void forget(struct notify_waiter *waiter)
{
	/* Its neighbours may go meanwhile, which changes a pointer in it. */
	if (hlist_unhashed_lockless(&waiter->link))
		return;
	spin_lock(&waiters_lock);
	hash_del(&waiter->link);
	spin_unlock(&waiters_lock);
}

static void enqueue(struct seccomp_knotif *n, struct seccomp_filter *filter,
		    const struct seccomp_data *sd)
{
	struct notification *notif = *filter_notif(filter);

	*knotif_task(n) = current;
	*knotif_state(n) = layout.notify_init;
	*knotif_data(n) = sd;
	*knotif_id(n) = (*notif_next_id(notif))++;
	init_completion(knotif_ready(n));
	INIT_LIST_HEAD(knotif_addfd(n));
	notif_queue(notif, n);
	notif_count_request(notif);
	wake_up_poll(filter_wqh(filter), EPOLLIN | EPOLLRDNORM);
}

/* WAIT_KILLABLE_RECV: once received, only a fatal signal may end the wait. */
static bool wait_is_killable(const struct seccomp_filter *filter,
			     const struct seccomp_knotif *n)
{
	return filter_waits_killably(filter) &&
	       *knotif_state(n) != layout.notify_init;
}

static int receive_fd_of(const struct seccomp_kaddfd *addfd)
{
	struct file *file = *kaddfd_file(addfd);
	unsigned int flags = *kaddfd_flags(addfd);
	int at = *kaddfd_fd(addfd);

	/* At -1 means anywhere. */
	if (kernel_is_old())
		return kernel_call(receive_fd_at)(at, file, NULL, flags);
	if (*kaddfd_setfd(addfd))
		return kernel_call(receive_fd_replace)(at, file, flags);
	return compat_receive_fd(file, flags);
}

static void install_fd(struct seccomp_kaddfd *addfd, struct seccomp_knotif *n)
{
	int fd;

	list_del_init(kaddfd_link(addfd));
	fd = receive_fd_of(addfd);
	/* In one union with setfd. */
	*kaddfd_ret(addfd) = fd;

	if (kaddfd_is_answer(addfd)) {
		if (fd < 0) {
			/* The supervisor is told, and may answer again. */
			*knotif_state(n) = layout.notify_sent;
		} else {
			*knotif_flags(n) = 0;
			*knotif_error(n) = 0;
			*knotif_val(n) = fd;
		}
	}
	/* The supervisor's stack holds it: not to be touched after this. */
	complete(kaddfd_completion(addfd));
}

static struct seccomp_kaddfd *first_addfd(const struct seccomp_knotif *n)
{
	struct list_head *head = knotif_addfd(n);

	if (list_empty(head))
		return NULL;
	return (void *)((char *)head->next - layout.kaddfd_link);
}

static void refuse_fds(struct seccomp_knotif *n)
{
	struct seccomp_kaddfd *addfd;

	while ((addfd = first_addfd(n))) {
		list_del_init(kaddfd_link(addfd));
		*kaddfd_ret(addfd) = -ESRCH;
		complete(kaddfd_completion(addfd));
	}
}

/* Returns whether a signal has ended it that ends the wait. */
static bool sleep_unlocked(struct seccomp_filter *filter,
			   struct seccomp_knotif *n)
{
	bool killable = wait_is_killable(filter, n);
	int err;

	mutex_unlock(filter_notify_lock(filter));
	if (killable)
		err = wait_for_completion_killable(knotif_ready(n));
	else
		err = wait_for_completion_interruptible(knotif_ready(n));
	mutex_lock(filter_notify_lock(filter));
	/* Received while the signal came: that one does not end it. */
	return err && (killable || !wait_is_killable(filter, n));
}

/*
 * Has a signal come that ends the wait, though there is something to do? While
 * a supervisor goes on asking, the completion is always done, and then sleeping
 * does not say so.
 */
static bool is_interrupted(const struct notify_waiter *waiter)
{
	const struct seccomp_knotif *n = knotif_of(waiter);

	if (list_empty(&waiter->requests) && !first_addfd(n))
		return false;
	return wait_is_killable(waiter->listener, n) ?
	       fatal_signal_pending(current) : signal_pending(current);
}

static struct notify_request *take_request(struct notify_waiter *waiter)
{
	struct notify_request *request;

	request = list_first_entry_or_null(&waiter->requests,
					   struct notify_request, link);
	if (request) {
		list_del_init(&request->link);
		refcount_inc(&request->refs);
	}
	return request;
}

/*
 * Returns what to do before going on to wait, or NULL when the wait is over.
 * The notify_lock is held.
 */
static struct notify_request *wait_locked(struct notify_waiter *waiter)
{
	struct seccomp_filter *filter = waiter->listener;
	struct seccomp_knotif *n = knotif_of(waiter);
	struct notify_request *request;
	struct seccomp_kaddfd *addfd;
	bool signalled = false;

	for (;;) {
		signalled = signalled || is_interrupted(waiter);
		request = signalled ? NULL : take_request(waiter);
		if (request)
			return request;
		/* Before the state: ADDFD can be the answer as well. */
		do {
			addfd = first_addfd(n);
			if (addfd)
				install_fd(addfd, n);
		} while (signalled && addfd);
		if (*knotif_state(n) == layout.notify_replied)
			return NULL;
		/* After the state: what is answered is not asked again. */
		if (signalled) {
			waiter->error = -ERESTARTSYS;
			return NULL;
		}
		signalled = sleep_unlocked(filter, n);
	}
}

static void refuse_requests(struct notify_waiter *waiter)
{
	struct notify_request *request, *next;

	list_for_each_entry_safe(request, next, &waiter->requests, link) {
		list_del_init(&request->link);
		request->error = -ESRCH;
		/* The supervisor's: not to be touched after this. */
		complete(&request->done);
	}
}

/*
 * Nobody reaches the notification after this. In the same critical section as
 * the decision to wait no longer: an answer that is taken in between would be
 * lost.
 */
static void end_locked(struct notify_waiter *waiter)
{
	struct seccomp_knotif *n = knotif_of(waiter);

	refuse_fds(n);
	refuse_requests(waiter);
	forget(waiter);
	/* Closed meanwhile: the list is gone, and a new one cannot come. */
	if (*filter_notif(waiter->listener))
		list_del(knotif_link(n));
}

static struct notify_request *wait_or_end(struct notify_waiter *waiter)
{
	struct notify_request *request = wait_locked(waiter);

	if (!request)
		end_locked(waiter);
	return request;
}

/**
 * notify_begin() - ask the listener of a filter, and notify_wait()
 * @waiter: on the stack, all zero
 * @filter: whose listener it is
 * @sd: the call; it stays where it is until notify_end()
 *
 * Return: as notify_wait(); NULL if no listener is open, too.
 */
struct notify_request *notify_begin(struct notify_waiter *waiter,
				    struct seccomp_filter *filter,
				    const struct seccomp_data *sd)
{
	struct notify_request *request = NULL;

	waiter->listener = filter;
	INIT_LIST_HEAD(&waiter->requests);
	mutex_lock(filter_notify_lock(filter));
	if (*filter_notif(filter)) {
		enqueue(knotif_of(waiter), filter, sd);
		waiter->id = *knotif_id(knotif_of(waiter));
		remember(waiter);
		request = wait_or_end(waiter);
	} else {
		waiter->error = -ENOSYS;
	}
	mutex_unlock(filter_notify_lock(filter));
	return request;
}

/**
 * notify_wait() - wait for the answer, or for something to do
 * @waiter: from notify_begin()
 *
 * Return: a request of the supervisor's with a reference, to be done without
 * locks and completed before the next notify_wait(); NULL when the wait is over.
 */
struct notify_request *notify_wait(struct notify_waiter *waiter)
{
	struct notify_request *request;

	mutex_lock(filter_notify_lock(waiter->listener));
	request = wait_or_end(waiter);
	mutex_unlock(filter_notify_lock(waiter->listener));
	return request;
}

/*
 * A RECV that cannot copy takes back what was answered meanwhile. Another answer
 * then replaces it, but closing leaves the flags as they were: of an error, they
 * mean nothing.
 */
static void read_answer(struct notify_waiter *waiter,
			struct notify_reply *reply)
{
	struct seccomp_knotif *n = knotif_of(waiter);

	reply->error = *knotif_error(n);
	reply->val = *knotif_val(n);
	if (reply->error)
		return;
	reply->flags = *knotif_flags(n);
	if (!(reply->flags & SECCOMP_USER_NOTIF_FLAG_CONTINUE) ||
	    reply->val != REDIRECTED)
		return;
	reply->redirect = waiter->redirect;
	waiter->redirect = NULL;
}

/**
 * notify_end() - what came of it
 * @waiter: after NULL was returned, so that it is the caller's own
 * @reply: filled: the supervisor's answer; -ERESTARTSYS if a signal came first;
 *	   -ENOSYS if there is no listener that is open
 */
void notify_end(struct notify_waiter *waiter, struct notify_reply *reply)
{
	*reply = (struct notify_reply) { .error = waiter->error };
	if (!waiter->error)
		read_answer(waiter, reply);
	redirect_free(waiter->redirect);
}

/* Also of a waiter of stock's. */
static bool has_knotif(struct seccomp_filter *listener, u64 id)
{
	struct list_head *list = notif_list(*filter_notif(listener));
	struct seccomp_knotif *n;
	struct list_head *at;

	list_for_each(at, list) {
		n = (void *)((char *)at - layout.knotif_link);
		if (*knotif_id(n) == id)
			return true;
	}
	return false;
}

static struct notify_waiter *find_waiter(struct seccomp_filter *listener,
					 u64 id)
{
	struct notify_waiter *waiter, *found = NULL;

	spin_lock(&waiters_lock);
	hash_for_each_possible(waiters, waiter, link, id) {
		if (waiter->id == id && waiter->listener == listener) {
			found = waiter;
			break;
		}
	}
	spin_unlock(&waiters_lock);
	return found;
}

static struct notify_waiter *find_received(struct seccomp_filter *listener,
					   u64 id)
{
	struct notify_waiter *waiter;

	/* Closed: what waited may not have noticed yet. */
	if (!*filter_notif(listener))
		return ERR_PTR(-ENOENT);
	waiter = find_waiter(listener, id);
	if (!waiter)
		return ERR_PTR(has_knotif(listener, id) ? -EINVAL : -ENOENT);
	return *knotif_state(knotif_of(waiter)) == layout.notify_sent ?
	       waiter : ERR_PTR(-EINPROGRESS);
}

/**
 * notify_hold() - find the task behind a notification, and keep it waiting
 * @listener: the filter of the supervisor's file
 * @id: of the notification
 *
 * Return: the waiter, with @listener's notify_lock held until notify_drop(): no
 * user copy, mmap_lock, fput() or mmput() meanwhile. Or an error: -ENOENT if
 * there is no such notification; -EINVAL if it is not ours; -EINPROGRESS if it
 * was not received, or is answered; -EINTR.
 */
struct notify_waiter *notify_hold(struct seccomp_filter *listener, u64 id)
{
	struct notify_waiter *waiter;

	if (mutex_lock_interruptible(filter_notify_lock(listener)))
		return ERR_PTR(-EINTR);
	waiter = find_received(listener, id);
	if (IS_ERR(waiter))
		mutex_unlock(filter_notify_lock(listener));
	return waiter;
}

/**
 * notify_drop() - undo notify_hold()
 * @waiter: not to be looked at any more
 */
void notify_drop(struct notify_waiter *waiter)
{
	mutex_unlock(filter_notify_lock(waiter->listener));
}

/**
 * notify_task() - the task that waits
 * @waiter: from notify_hold()
 *
 * Return: the task, without a reference.
 */
struct task_struct *notify_task(const struct notify_waiter *waiter)
{
	return *knotif_task(knotif_of(waiter));
}

/**
 * notify_data() - its call
 * @waiter: from notify_hold()
 *
 * Return: on the task's stack.
 */
const struct seccomp_data *notify_data(const struct notify_waiter *waiter)
{
	return *knotif_data(knotif_of(waiter));
}

/**
 * notify_init() - a request that nobody has seen
 * @request: with one reference, the caller's
 */
void notify_init(struct notify_request *request)
{
	refcount_set(&request->refs, 1);
	INIT_LIST_HEAD(&request->link);
	init_completion(&request->done);
}

/**
 * notify_ask() - have the waiting task do something
 * @waiter: from notify_hold()
 * @request: for notify_await()
 */
void notify_ask(struct notify_waiter *waiter, struct notify_request *request)
{
	list_add_tail(&request->link, &waiter->requests);
	complete(knotif_ready(knotif_of(waiter)));
}

/**
 * notify_await() - until it is done
 * @listener: as for notify_hold(), whose lock is not held
 * @request: from notify_ask()
 *
 * Return: what the task said; -ESRCH if it went away first; -EINTR, upon which
 * the task may have taken the request, or not.
 */
int notify_await(struct seccomp_filter *listener,
		 struct notify_request *request)
{
	if (!wait_for_completion_interruptible(&request->done))
		return request->error;
	mutex_lock(filter_notify_lock(listener));
	list_del_init(&request->link);
	mutex_unlock(filter_notify_lock(listener));
	return completion_done(&request->done) ? request->error : -EINTR;
}

/**
 * notify_redirect() - answer: run the call, with other arguments
 * @waiter: from notify_hold()
 * @redirect: taken over
 */
void notify_redirect(struct notify_waiter *waiter, struct redirect *redirect)
{
	struct seccomp_knotif *n = knotif_of(waiter);

	/* Of an answer that was taken back. */
	redirect_free(waiter->redirect);
	waiter->redirect = redirect;
	*knotif_state(n) = layout.notify_replied;
	*knotif_error(n) = 0;
	*knotif_val(n) = REDIRECTED;
	*knotif_flags(n) = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	complete(knotif_ready(n));
}

/**
 * notify_count() - how many notifications a listener has
 * @listener: with a reference
 * @pending: filled: that wait to be received
 * @received: filled: that wait for an answer
 *
 * Does not wait for the lock: under it, a task may be putting in place a file
 * descriptor for its supervisor, and so be closing another one, for ever.
 *
 * Return: 1; 0 if it is closed, and has none; -EAGAIN.
 */
int notify_count(struct seccomp_filter *listener, u32 *pending, u32 *received)
{
	struct notification *notif;
	struct seccomp_knotif *n;
	struct list_head *at;

	*pending = 0;
	*received = 0;
	if (!mutex_trylock(filter_notify_lock(listener)))
		return -EAGAIN;
	notif = *filter_notif(listener);
	if (notif) {
		list_for_each(at, notif_list(notif)) {
			n = (void *)((char *)at - layout.knotif_link);
			*pending += *knotif_state(n) == layout.notify_init;
			*received += *knotif_state(n) == layout.notify_sent;
		}
	}
	mutex_unlock(filter_notify_lock(listener));
	return !!notif;
}

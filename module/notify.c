// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting for a supervisor, with the kernel's own structures, so that the
 * stock RECV, SEND, ADDFD, ID_VALID and poll serve the call unchanged.
 *
 * The notification is on our stack and in the listener's list. It is read and
 * written only under the filter's notify_lock, which we drop while we sleep.
 * Whoever closes the listener sets notif to NULL, and the list with it, after
 * completing every waiter with ENOSYS.
 */
#include <linux/completion.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/wait.h>

#include "kernel/kernel.h"
#include "notify.h"

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
	list_add_tail(knotif_link(n), notif_list(notif));
	notif_count_request(notif);
	wake_up_poll(filter_wqh(filter), EPOLLIN | EPOLLRDNORM);
}

/* WAIT_KILLABLE_RECV: once received, only a fatal signal may end the wait. */
static bool wait_is_killable(const struct seccomp_filter *filter,
			     const struct seccomp_knotif *n)
{
	return *filter_wait_killable(filter) &&
	       *knotif_state(n) != layout.notify_init;
}

static void install_fd(struct seccomp_kaddfd *addfd, struct seccomp_knotif *n)
{
	struct file *file = *kaddfd_file(addfd);
	unsigned int flags = *kaddfd_flags(addfd);
	int fd;

	list_del_init(kaddfd_link(addfd));
	if (*kaddfd_setfd(addfd))
		fd = kernel_call(receive_fd_replace)(*kaddfd_fd(addfd), file,
						     flags);
	else
		fd = compat_receive_fd(file, flags);
	/* In one union with setfd. */
	*kaddfd_ret(addfd) = fd;

	if (*kaddfd_ioctl_flags(addfd) & SECCOMP_ADDFD_FLAG_SEND) {
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

static int sleep_unlocked(struct seccomp_filter *filter,
			  struct seccomp_knotif *n, bool killable)
{
	int err;

	mutex_unlock(filter_notify_lock(filter));
	if (killable)
		err = wait_for_completion_killable(knotif_ready(n));
	else
		err = wait_for_completion_interruptible(knotif_ready(n));
	mutex_lock(filter_notify_lock(filter));
	return err;
}

/* Returns 0 when answered, or the error of an interrupted wait. */
static int await_reply(struct seccomp_filter *filter, struct seccomp_knotif *n)
{
	struct seccomp_kaddfd *addfd;
	bool killable;
	int err;

	do {
		killable = wait_is_killable(filter, n);
		err = sleep_unlocked(filter, n, killable);
		/* Received, or answered, while the signal came: wait on. */
		if (err && (killable || !wait_is_killable(filter, n)))
			return err;
		addfd = first_addfd(n);
		if (addfd)
			install_fd(addfd, n);
	} while (*knotif_state(n) != layout.notify_replied);
	return 0;
}

/**
 * notify_supervisor() - ask the listener of a filter, and wait
 * @filter: the one that said USER_NOTIF
 * @sd: the call
 * @reply: filled: the supervisor's answer; -ENOSYS without an open listener;
 *	   -ERESTARTSYS if a signal came first
 */
void notify_supervisor(struct seccomp_filter *filter,
		       const struct seccomp_data *sd,
		       struct notify_reply *reply)
{
	u64 room[KNOTIF_SIZE_MAX / sizeof(u64)] = { };
	struct seccomp_knotif *n = (void *)room;

	*reply = (struct notify_reply) { .error = -ENOSYS };
	mutex_lock(filter_notify_lock(filter));
	if (!*filter_notif(filter))
		goto unlock;

	enqueue(n, filter, sd);
	reply->error = await_reply(filter, n);
	if (!reply->error) {
		reply->flags = *knotif_flags(n);
		reply->error = *knotif_error(n);
		reply->val = *knotif_val(n);
	}
	refuse_fds(n);
	/* Closed meanwhile: the list is gone, and a new one cannot come. */
	if (*filter_notif(filter))
		list_del(knotif_link(n));
unlock:
	mutex_unlock(filter_notify_lock(filter));
}

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef OVERLAY_NOTIFY_H
#define OVERLAY_NOTIFY_H

#include <linux/completion.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/types.h>

#include "kernel/layout.h"

struct redirect;
struct seccomp_data;

/**
 * struct notify_waiter - a task that waits for a supervisor, on its stack
 * @knotif: the kernel's struct seccomp_knotif
 * @listener: the filter in whose list that is
 * @id: of the notification
 * @link: in the table of waiters that a supervisor may have do something
 * @requests: for it; under the listener's notify_lock
 * @redirect: of the last answer that was one, or NULL; under the same
 * @error: why the wait has ended, 0 for an answer
 */
struct notify_waiter {
	u64			knotif[KNOTIF_SIZE_MAX / sizeof(u64)];
	struct seccomp_filter	*listener;
	u64			id;
	struct hlist_node	link;
	struct list_head	requests;
	struct redirect		*redirect;
	int			error;
};

/**
 * struct notify_request - something that the waiting task is to do itself
 * @refs: of the object that it is part of: the supervisor's, and one that the
 *	  task gets when it takes the request
 * @link: in the waiter's requests; empty once the task has taken it
 * @done: @error is filled
 * @error: 0 or a negative errno
 */
struct notify_request {
	refcount_t		refs;
	struct list_head	link;
	struct completion	done;
	int			error;
};

/**
 * struct notify_reply - what a supervisor said
 * @flags: SECCOMP_USER_NOTIF_FLAG_*
 * @error: negative errno, or 0
 * @val: the call's result if @error is 0
 * @redirect: other arguments for the call, the caller's from now on; or NULL
 */
struct notify_reply {
	u32		flags;
	int		error;
	long		val;
	struct redirect	*redirect;
};

/* In the task that waits. */
struct notify_request *notify_begin(struct notify_waiter *waiter,
				    struct seccomp_filter *filter,
				    const struct seccomp_data *sd);
struct notify_request *notify_wait(struct notify_waiter *waiter);
void notify_end(struct notify_waiter *waiter, struct notify_reply *reply);

/* In its supervisor. */
struct notify_waiter *notify_hold(struct seccomp_filter *listener, u64 id);
void notify_drop(struct notify_waiter *waiter);
struct task_struct *notify_task(const struct notify_waiter *waiter);
const struct seccomp_data *notify_data(const struct notify_waiter *waiter);
void notify_init(struct notify_request *request);
void notify_ask(struct notify_waiter *waiter, struct notify_request *request);
int notify_await(struct seccomp_filter *listener,
		 struct notify_request *request);
int notify_count(struct seccomp_filter *listener, u32 *pending, u32 *received);
void notify_redirect(struct notify_waiter *waiter, struct redirect *redirect);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The private structs of kernel/seccomp.c, by the offsets that the running
 * kernel's BTF gives them.
 */
#ifndef OVERLAY_KERNEL_LAYOUT_H
#define OVERLAY_KERNEL_LAYOUT_H

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/filter.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/semaphore.h>
#include <linux/wait.h>

#include "compat.h"

struct kbtf_view;
struct notification;
struct seccomp_filter;
struct seccomp_kaddfd;
struct seccomp_knotif;

/*
 * Ours on the stack, so that its size must have a limit: what is in it besides
 * a completion, which is larger where lockdep is, and some room.
 */
#define KNOTIF_SIZE_MAX (128 + sizeof(struct completion))

/**
 * enum kernel_age - which of two forms of seccomp is this?
 * @AGE_ANY: of a row in a table: both have it
 * @AGE_OLD: as in 5.10
 * @AGE_NEW: since 5.19: a filter has an action cache and can make its tasks
 *	     wait killably; a fatal verdict is a signal; ADDFD can be the answer;
 *	     a supervisor gets the oldest notification first, not the newest
 *
 * Not all of that can be seen in BTF. What can must agree, so that a kernel
 * between the two is refused.
 */
enum kernel_age {
	AGE_ANY,
	AGE_OLD,
	AGE_NEW,
};

/**
 * struct kernel_layout - where things are, in bytes
 * @age: of the kernel; what only one has stands at 0 on the other
 * @filter_size: of struct seccomp_filter
 * @filter_mark: a byte of padding in it, zero in each filter of the kernel's
 * @notif_size: of struct notification
 * @knotif_size: of struct seccomp_knotif
 * @notif_semaphore: struct notification counts requests by a semaphore
 * @notify_init: values of enum notify_state, these three
 * @notify_sent: received
 * @notify_replied: answered
 *
 * The rest: the offset of the member that the name ends in.
 */
struct kernel_layout {
	enum kernel_age age;
	u32	filter_size;
	u32	filter_mark;
	u32	filter_refs;
	u32	filter_users;
	u32	filter_log;
	u32	filter_wait_killable;
	u32	filter_cache_native;
	u32	filter_cache_compat;
	u32	filter_prev;
	u32	filter_prog;
	u32	filter_notif;
	u32	filter_notify_lock;
	u32	filter_wqh;
	u32	notif_size;
	bool	notif_semaphore;
	u32	notif_requests;
	u32	notif_next_id;
	u32	notif_list;
	u32	knotif_size;
	u32	knotif_task;
	u32	knotif_id;
	u32	knotif_data;
	u32	knotif_state;
	u32	knotif_error;
	u32	knotif_val;
	u32	knotif_flags;
	u32	knotif_ready;
	u32	knotif_link;
	u32	knotif_addfd;
	u32	kaddfd_file;
	u32	kaddfd_fd;
	u32	kaddfd_flags;
	u32	kaddfd_ioctl_flags;
	u32	kaddfd_setfd;
	u32	kaddfd_ret;
	u32	kaddfd_completion;
	u32	kaddfd_link;
	u32	notify_init;
	u32	notify_sent;
	u32	notify_replied;
};

extern struct kernel_layout layout;

/* Longer than any list of strict mode, its end included. */
#define STRICT_LIST_MAX 8

int kernel_layout_age(const struct kbtf_view *btf);
int kernel_layout_learn(const struct kbtf_view *btf);

/**
 * kernel_is_old() - see enum kernel_age
 *
 * Return: true for AGE_OLD.
 */
static inline bool kernel_is_old(void)
{
	return layout.age == AGE_OLD;
}

/* A pointer to the member of the same name as its offset. */
#define FIELD(name, object, type)					\
static inline type *name(const struct object *o)			\
{									\
	return (type *)((char *)o + layout.name);			\
}

FIELD(filter_mark, seccomp_filter, u8)
FIELD(filter_refs, seccomp_filter, refcount_t)
FIELD(filter_users, seccomp_filter, refcount_t)
FIELD(filter_log, seccomp_filter, bool)
FIELD(filter_wait_killable, seccomp_filter, bool)
FIELD(filter_cache_native, seccomp_filter, unsigned long)
FIELD(filter_cache_compat, seccomp_filter, unsigned long)
FIELD(filter_prev, seccomp_filter, struct seccomp_filter *)
FIELD(filter_prog, seccomp_filter, struct bpf_prog *)
FIELD(filter_notif, seccomp_filter, struct notification *)
FIELD(filter_notify_lock, seccomp_filter, struct mutex)
FIELD(filter_wqh, seccomp_filter, wait_queue_head_t)
FIELD(notif_requests, notification, void)
FIELD(notif_next_id, notification, u64)
FIELD(notif_list, notification, struct list_head)
FIELD(knotif_task, seccomp_knotif, struct task_struct *)
FIELD(knotif_id, seccomp_knotif, u64)
FIELD(knotif_data, seccomp_knotif, const struct seccomp_data *)
FIELD(knotif_state, seccomp_knotif, u32)
FIELD(knotif_error, seccomp_knotif, int)
FIELD(knotif_val, seccomp_knotif, long)
FIELD(knotif_flags, seccomp_knotif, u32)
FIELD(knotif_ready, seccomp_knotif, struct completion)
FIELD(knotif_link, seccomp_knotif, struct list_head)
FIELD(knotif_addfd, seccomp_knotif, struct list_head)
FIELD(kaddfd_file, seccomp_kaddfd, struct file *)
FIELD(kaddfd_fd, seccomp_kaddfd, int)
FIELD(kaddfd_flags, seccomp_kaddfd, unsigned int)
FIELD(kaddfd_ioctl_flags, seccomp_kaddfd, u32)
FIELD(kaddfd_setfd, seccomp_kaddfd, bool)
FIELD(kaddfd_ret, seccomp_kaddfd, int)
FIELD(kaddfd_completion, seccomp_kaddfd, struct completion)
FIELD(kaddfd_link, seccomp_kaddfd, struct list_head)
#undef FIELD

/**
 * filter_waits_killably() - SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV was given
 * @filter: with a listener
 *
 * Return: true if so; false where the kernel knows no such flag.
 */
static inline bool filter_waits_killably(const struct seccomp_filter *filter)
{
	return !kernel_is_old() && *filter_wait_killable(filter);
}

/**
 * filter_set_killable() - as if that flag had been given
 * @filter: not yet visible
 */
static inline void filter_set_killable(struct seccomp_filter *filter)
{
	if (!kernel_is_old())
		*filter_wait_killable(filter) = true;
}

/**
 * kaddfd_is_answer() - SECCOMP_ADDFD_FLAG_SEND was given
 * @addfd: of a supervisor
 *
 * Return: true if so; false where the kernel knows no such flag.
 */
static inline bool kaddfd_is_answer(const struct seccomp_kaddfd *addfd)
{
	return !kernel_is_old() &&
	       *kaddfd_ioctl_flags(addfd) & SECCOMP_ADDFD_FLAG_SEND;
}

/**
 * notif_queue() - put a notification where stock puts it
 * @notif: of a filter whose notify_lock is held
 * @n: to be received
 */
static inline void notif_queue(struct notification *notif,
			       struct seccomp_knotif *n)
{
	if (kernel_is_old())
		list_add(knotif_link(n), notif_list(notif));
	else
		list_add_tail(knotif_link(n), notif_list(notif));
}

/**
 * notif_init_requests() - none yet
 * @notif: not yet visible, all zero
 */
static inline void notif_init_requests(struct notification *notif)
{
	if (layout.notif_semaphore)
		sema_init(notif_requests(notif), 0);
}

/**
 * notif_count_request() - let one RECV pass
 * @notif: of a filter whose notify_lock is held
 */
static inline void notif_count_request(struct notification *notif)
{
	if (layout.notif_semaphore)
		up(notif_requests(notif));
	else
		atomic_inc(notif_requests(notif));
}

#endif

// SPDX-License-Identifier: GPL-2.0
/*
 * Nested listeners.
 *
 * The stock kernel asks only the innermost filter that says USER_NOTIF. If a
 * nested listener were that filter's own, a kernel without our hooks would run
 * what the inner supervisor lets pass, and never ask the outer one. So the
 * filter gets no listener. Its supervisor holds a shadow: a filter of ours that
 * is in no chain and has nothing but a listener, which the stock RECV, SEND,
 * ADDFD and poll serve. Stock evaluation then finds a filter without a listener
 * and answers ENOSYS; ours asks the shadow.
 *
 * The first listener of a chain is made by stock, and only marked.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/semaphore.h>
#include <linux/slab.h>

#include "chain.h"
#include "kernel/kernel.h"
#include "nested.h"

static bool implicit;
module_param(implicit, bool, 0644);
MODULE_PARM_DESC(implicit, "every new listener allows others below it, and every open one does (default: off)");

/**
 * nested_is_implicit() - does every listener count as an overlay listener?
 *
 * Return: the parameter implicit.
 */
bool notrace nested_is_implicit(void)
{
	/* Who writes the parameter does so without WRITE_ONCE(). */
	return data_race(READ_ONCE(implicit));
}

/**
 * nested_kind() - how a listener below these filters has to be made
 * @head: innermost filter of the caller's chain, or NULL
 *
 * Return: see enum nested_kind; -EINTR if killed. A listener that has been
 * closed does not count.
 */
int nested_kind(struct seccomp_filter *head)
{
	enum nested_kind kind = NESTED_FIRST;
	struct seccomp_filter *filter;
	int open;

	for (filter = head; filter; filter = *filter_prev(filter)) {
		open = chain_listener_is_open(filter);
		if (open < 0)
			return open;
		if (!open)
			continue;
		if (!(chain_mark(filter) & MARK_OVERLAY) &&
		    !nested_is_implicit())
			return NESTED_REFUSED;
		kind = NESTED_SHADOW;
	}
	return kind;
}

/* A filter must have a program; this one is never run. */
static struct bpf_prog *shadow_program(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog_kern fprog = { .len = 1, .filter = &allow };
	struct bpf_prog *prog;
	int err = bpf_prog_create(&prog, &fprog);

	return err ? ERR_PTR(err) : prog;
}

static struct notification *new_notification(void)
{
	struct notification *notif;

	notif = kzalloc(layout.notif_size, GFP_KERNEL_ACCOUNT);
	if (!notif)
		return NULL;
	notif_init_requests(notif);
	*notif_next_id(notif) = get_random_u64();
	INIT_LIST_HEAD(notif_list(notif));
	return notif;
}

/*
 * A supervisor may keep its listener when we are gone, and with us the classes
 * that lockdep has given its locks: they get those of a stock filter.
 */
#ifdef CONFIG_DEBUG_LOCK_ALLOC
static void adopt_lock_classes(struct seccomp_filter *shadow)
{
	/* There is one, since this listener will be a nested one. */
	struct seccomp_filter *stock = READ_ONCE(current->seccomp.filter);
	struct lockdep_map *wait = &filter_wqh(stock)->lock.dep_map;
	struct semaphore *requests = notif_requests(*filter_notif(shadow));

	lockdep_copy_map(&filter_notify_lock(shadow)->dep_map,
			 &filter_notify_lock(stock)->dep_map);
	lockdep_copy_map(&filter_wqh(shadow)->lock.dep_map, wait);
	/* Nests in the same, and the same in it. */
	if (layout.notif_semaphore)
		lockdep_copy_map(&requests->lock.dep_map, wait);
}
#else
static void adopt_lock_classes(struct seccomp_filter *shadow)
{
}
#endif

static struct seccomp_filter *new_shadow(bool wait_killable, u8 mark)
{
	struct bpf_prog *prog = shadow_program();
	struct seccomp_filter *shadow;

	if (IS_ERR(prog))
		return ERR_CAST(prog);
	shadow = chain_new_filter(prog);
	if (!shadow) {
		bpf_prog_destroy(prog);
		return ERR_PTR(-ENOMEM);
	}
	if (wait_killable)
		filter_set_killable(shadow);
	*filter_mark(shadow) = mark;
	*filter_notif(shadow) = new_notification();
	if (!*filter_notif(shadow)) {
		chain_put(shadow);
		return ERR_PTR(-ENOMEM);
	}
	adopt_lock_classes(shadow);
	return shadow;
}

/**
 * nested_listener() - make a shadow and the file of its supervisor
 * @wait_killable: SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV was given
 * @mark: of the shadow
 * @shadow: filled, with one user and one reference for the caller
 *
 * The file holds a reference of its own, which the stock release drops.
 *
 * Return: the file, for which no fd has been installed yet; or an error.
 */
struct file *nested_listener(bool wait_killable, u8 mark,
			     struct seccomp_filter **shadow)
{
	struct file *file;

	*shadow = new_shadow(wait_killable, mark);
	if (IS_ERR(*shadow))
		return ERR_CAST(*shadow);
	file = anon_inode_getfile("seccomp notify", kernel.notify_ops, *shadow,
				  O_RDWR);
	if (IS_ERR(file)) {
		kfree(*filter_notif(*shadow));
		*filter_notif(*shadow) = NULL;
		chain_put(*shadow);
		return file;
	}
	refcount_inc(filter_refs(*shadow));
	return file;
}

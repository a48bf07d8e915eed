/* SPDX-License-Identifier: GPL-2.0 */
#ifndef OVERLAY_CHAIN_H
#define OVERLAY_CHAIN_H

#include <linux/compiler.h>
#include <linux/types.h>

#include "kernel/layout.h"

/**
 * enum chain_mark - bits of a filter's mark
 * @MARK_STRICT: our own filter, which stands for strict mode. It is always the
 *		 innermost: nothing can be installed on top of it
 * @MARK_OVERLAY: has an overlay listener: others are allowed below
 * @MARK_SHADOW: its listener is a shadow; or it is one itself
 * @MARK_SEQUENTIAL: agreed that later filters are judged before it
 * @MARK_IN_NESTED: it, or a filter outside it, is MARK_OVERLAY or MARK_SHADOW
 * @MARK_IN_SEQUENTIAL: the same for MARK_SEQUENTIAL
 * @MARK_REDIRECT: its supervisor may pin and redirect. The shadow of such a
 *		   filter has this mark, too
 *
 * @MARK_UNSETTLED: being installed: the MARK_IN_* bits are still to come
 *
 * The mark is set before a filter can be seen by others, so that it is read
 * without locks. The innermost filter of every chain with overlay state has
 * one, if only a MARK_IN_* bit: that is what the trampoline looks at. What
 * lies outside a new filter is certain only once that is attached, because a
 * sibling's TSYNC may come first; until then whoever is judged by it waits.
 */
enum chain_mark {
	MARK_STRICT		= 1 << 0,
	MARK_OVERLAY		= 1 << 1,
	MARK_SHADOW		= 1 << 2,
	MARK_SEQUENTIAL		= 1 << 3,
	MARK_IN_NESTED		= 1 << 4,
	MARK_IN_SEQUENTIAL	= 1 << 5,
	MARK_REDIRECT		= 1 << 6,
	MARK_UNSETTLED		= 1 << 7,
};

/**
 * struct taken_chain - what a task was under at one moment
 * @filter: innermost filter, with a user's reference; or NULL
 * @count: of filters
 * @mode: SECCOMP_MODE_*
 */
struct taken_chain {
	struct seccomp_filter	*filter;
	int			count;
	int			mode;
};

struct overlay;
struct task_struct;

/**
 * chain_mark() - a filter's mark
 * @filter: or NULL
 *
 * Return: MARK_* bits.
 */
static inline u8 chain_mark(const struct seccomp_filter *filter)
{
	return filter ? READ_ONCE(*filter_mark(filter)) : 0;
}

int chain_init(void);
void chain_drain(void);

struct overlay *chain_prepare(void);
void chain_set_shadow(struct overlay *overlay, struct seccomp_filter *shadow);
void chain_cancel(struct overlay *overlay);
void chain_attach(struct overlay *overlay, struct seccomp_filter *filter);

struct seccomp_filter *chain_new_filter(struct bpf_prog *prog);
void chain_put(struct seccomp_filter *filter);
spinlock_t *chain_own_lock(void);
int chain_take(struct task_struct *task, struct taken_chain *chain);
bool chain_is_ancestor(const struct seccomp_filter *parent,
		       const struct seccomp_filter *child);

bool chain_has_own_mark(const struct seccomp_filter *filter);
u8 chain_inherited(const struct seccomp_filter *filter);
void chain_settle(struct seccomp_filter *filter);
bool chain_await_settled(void);
void chain_drain_waiters(void);
int chain_listener(struct seccomp_filter *filter,
		   struct seccomp_filter **listener);
struct seccomp_filter *chain_find_listener(struct seccomp_filter *filter);
int chain_listener_is_open(struct seccomp_filter *filter);

#endif

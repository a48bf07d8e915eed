/* SPDX-License-Identifier: GPL-2.0 */
#ifndef OVERLAY_CHAIN_H
#define OVERLAY_CHAIN_H

#include <linux/types.h>

#include "kernel/layout.h"

/**
 * enum chain_mark - bits of a filter's mark
 * @MARK_STRICT: our own filter that stands for strict mode
 *
 * The mark is set before a filter can be seen by others and never changes, so
 * that it is read without locks. The innermost filter of every chain with
 * overlay state has one: that is what the trampoline looks at.
 */
enum chain_mark {
	MARK_STRICT	= 1 << 0,
};

struct overlay;

int chain_init(void);
void chain_drain(void);

struct overlay *chain_prepare(void);
void chain_cancel(struct overlay *overlay);
void chain_attach(struct overlay *overlay, struct seccomp_filter *filter,
		  u8 mark);

struct seccomp_filter *chain_new_filter(struct bpf_prog *prog);
void chain_put(struct seccomp_filter *filter);
bool chain_is_ancestor(const struct seccomp_filter *parent,
		       const struct seccomp_filter *child);

#endif

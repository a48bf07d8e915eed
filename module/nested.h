/* SPDX-License-Identifier: GPL-2.0 */
#ifndef OVERLAY_NESTED_H
#define OVERLAY_NESTED_H

#include <linux/types.h>

struct file;
struct seccomp_filter;

/**
 * enum nested_kind - how a new listener has to be made
 * @NESTED_FIRST: none is open further out: stock's way
 * @NESTED_SHADOW: those that are open allow one below: a shadow
 * @NESTED_REFUSED: one that is open does not: EBUSY
 */
enum nested_kind {
	NESTED_FIRST,
	NESTED_SHADOW,
	NESTED_REFUSED,
};

bool nested_is_implicit(void);
int nested_kind(struct seccomp_filter *head);
struct file *nested_listener(bool wait_killable, u8 mark,
			     struct seccomp_filter **shadow);

#endif

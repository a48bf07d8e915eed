/* SPDX-License-Identifier: GPL-2.0 */
#ifndef OVERLAY_EVALUATE_H
#define OVERLAY_EVALUATE_H

#include <linux/types.h>

struct seccomp_data;
struct seccomp_filter;

int evaluate_data(int nr, const struct seccomp_data *sd, bool recheck);
int evaluate_int(int nr, bool recheck);
bool evaluate_bool(int nr, bool recheck);

u32 evaluate_peek(struct seccomp_filter *filter,
		  const struct seccomp_data *sd);
bool evaluate_cached(const struct seccomp_filter *filter,
		     const struct seccomp_data *sd);
void evaluate_log(unsigned long nr, long signr, u32 action, bool requested);

/* What a task becomes that a filter or strict mode has killed. */
#define SECCOMP_MODE_DEAD (SECCOMP_MODE_FILTER + 1)

#endif

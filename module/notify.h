/* SPDX-License-Identifier: GPL-2.0 */
#ifndef OVERLAY_NOTIFY_H
#define OVERLAY_NOTIFY_H

#include <linux/types.h>

struct seccomp_data;
struct seccomp_filter;

/**
 * struct notify_reply - what a supervisor said
 * @flags: SECCOMP_USER_NOTIF_FLAG_*
 * @error: negative errno, or 0
 * @val: the call's result if @error is 0
 */
struct notify_reply {
	u32	flags;
	int	error;
	long	val;
};

void notify_supervisor(struct seccomp_filter *filter,
		       const struct seccomp_data *sd,
		       struct notify_reply *reply);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef OVERLAY_REPORT_H
#define OVERLAY_REPORT_H

#include <linux/types.h>

#include "../include/uapi/linux/overlay_seccomp_netlink.h"

struct seccomp_filter;

/**
 * struct report - an event on its way to the subscribers
 * @time: nanoseconds since boot
 * @id: of the filter that it is about, 0 for none
 * @value: see enum overlay_seccomp_event
 * @event: what it is
 * @task: thread id of who did it, in the initial pid namespace
 * @flags: OVERLAY_SECCOMP_FILTER_* of that filter
 * @error: errno, positive
 */
struct report {
	u64	time;
	u64	id;
	u64	value;
	u32	event;
	u32	task;
	u32	flags;
	u32	error;
};

void report_load(void);
void report_unload(void);

u64 report_id(const struct seccomp_filter *filter);
u32 report_flags(const struct seccomp_filter *filter);
u64 report_count(enum overlay_seccomp_event event);

void report(enum overlay_seccomp_event event,
	    const struct seccomp_filter *filter, u64 value);
void report_refusal(u32 what, int err);

int report_subscribe(u32 portid);
u32 report_subscribers(void);

#endif

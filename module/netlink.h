/* SPDX-License-Identifier: GPL-2.0 */
#ifndef OVERLAY_NETLINK_H
#define OVERLAY_NETLINK_H

#include <linux/types.h>

#define ATTR(name)	OVERLAY_SECCOMP_ATTR_##name
#define CMD(name)	OVERLAY_SECCOMP_CMD_##name

struct netlink_callback;
struct nlattr;
struct report;
struct sk_buff;
struct task_struct;

int netlink_load(void);
void netlink_unload(void);

bool netlink_may_inspect(const struct sk_buff *request,
			 struct task_struct *task, bool closely);
int netlink_parse(const struct netlink_callback *cb, struct nlattr **attrs);
void *netlink_begin(struct sk_buff *skb, const struct netlink_callback *cb,
		    u8 cmd);
int netlink_send_event(u32 portid, const struct report *report);

#endif

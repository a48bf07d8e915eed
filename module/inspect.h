/* SPDX-License-Identifier: GPL-2.0 */
#ifndef OVERLAY_INSPECT_H
#define OVERLAY_INSPECT_H

struct netlink_callback;
struct sk_buff;

int inspect_start(struct netlink_callback *cb);
int inspect_dump(struct sk_buff *skb, struct netlink_callback *cb);
int inspect_done(struct netlink_callback *cb);

#endif

// SPDX-License-Identifier: GPL-2.0
/*
 * The family of generic netlink by which the module tells of itself, as
 * <linux/overlay_seccomp_netlink.h> documents it: what is asked, and who may.
 * Nothing that is done here changes anything for any task.
 *
 * Operations run in parallel, but all under a lock which keeps families from
 * coming and going: what the task that is looked at could hold for long must
 * not be waited for here.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/errno.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/ptrace.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "hook.h"
#include "info.h"
#include "inspect.h"
#include "kernel/kernel.h"
#include "netlink.h"
#include "report.h"
#include "seal.h"
#include "../include/uapi/linux/overlay_seccomp.h"

static const struct nla_policy policy[OVERLAY_SECCOMP_ATTR_MAX + 1] = {
	[ATTR(PID)]		= { .type = NLA_U32 },
	[ATTR(WITH_PINS)]	= { .type = NLA_FLAG },
	[ATTR(NR)]		= { .type = NLA_U32 },
	[ATTR(ARCH)]		= { .type = NLA_U32 },
	[ATTR(ARGS)]		= NLA_POLICY_EXACT_LEN(6 * sizeof(u64)),
	[ATTR(IP)]		= { .type = NLA_U64 },
	[ATTR(FD)]		= { .type = NLA_U32 },
};

static struct genl_family family;

static bool is_admin(const struct sk_buff *skb)
{
	return netlink_capable(skb, CAP_NET_ADMIN);
}

static int put_counters(struct sk_buff *skb)
{
	struct nlattr *nest = nla_nest_start(skb, ATTR(COUNTERS));
	int i;

	if (!nest)
		return -EMSGSIZE;
	/* LOST is counted for each subscriber, and told to it. */
	for (i = OVERLAY_SECCOMP_EVENT_FILTER; i <= OVERLAY_SECCOMP_EVENT_MAX;
	     i++)
		if (nla_put_u64_64bit(skb, i, report_count(i), ATTR(PAD)))
			return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static u32 hooks(void)
{
	u32 hooks = OVERLAY_SECCOMP_HOOK_CALLS;

	if (hook_is_armed())
		hooks |= OVERLAY_SECCOMP_HOOK_FILTER;
	if (seal_is_armed())
		hooks |= OVERLAY_SECCOMP_HOOK_MAPPINGS;
	if (hook_dead())
		hooks |= OVERLAY_SECCOMP_HOOK_DEAD;
	return hooks;
}

static int put_status(struct sk_buff *skb)
{
	/* In this order: none goes before it has come. */
	u64 gone = report_count(OVERLAY_SECCOMP_EVENT_PIN_GONE);
	u64 pins = report_count(OVERLAY_SECCOMP_EVENT_PIN) - gone;

	if (nla_put_string(skb, ATTR(VERSION), OVERLAY_VERSION) ||
	    nla_put_u32(skb, ATTR(ABI), SECCOMP_OVERLAY_ABI) ||
	    nla_put_u64_64bit(skb, ATTR(FEATURES), info_features(),
			      ATTR(PAD)) ||
	    nla_put_u64_64bit(skb, ATTR(NATIVE), kernel.native, ATTR(PAD)) ||
	    nla_put_u32(skb, ATTR(HOOKS), hooks()) ||
	    nla_put_u32(skb, ATTR(FILTERS), hook_users()) ||
	    nla_put_u32(skb, ATTR(PINS), pins) ||
	    nla_put_u32(skb, ATTR(SUBSCRIBERS), report_subscribers()) ||
	    nla_put_u32(skb, ATTR(REFERENCES), module_refcount(THIS_MODULE)))
		return -EMSGSIZE;
	return put_counters(skb);
}

static struct sk_buff *new_reply(struct genl_info *info, void **header)
{
	struct sk_buff *skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);

	if (skb)
		*header = genlmsg_put_reply(skb, info, &family, 0,
					    info->genlhdr->cmd);
	return skb;
}

/* @err: of what was put into the message since new_reply(). */
static int send_reply(struct genl_info *info, struct sk_buff *skb, void *header,
		      int err)
{
	if (err) {
		nlmsg_free(skb);
		return err;
	}
	genlmsg_end(skb, header);
	return genlmsg_reply(skb, info);
}

static int do_status(struct sk_buff *request, struct genl_info *info)
{
	struct sk_buff *skb;
	void *header;

	if (!is_admin(request))
		return -EPERM;
	skb = new_reply(info, &header);
	return skb ? send_reply(info, skb, header, put_status(skb)) : -ENOMEM;
}

static int put_listener(struct sk_buff *skb,
			const struct seccomp_filter *listener)
{
	return nla_put_u64_64bit(skb, ATTR(LISTENER_ID), report_id(listener),
				 ATTR(PAD)) ?:
	       nla_put_u32(skb, ATTR(FLAGS), report_flags(listener));
}

static int do_listener(struct sk_buff *request, struct genl_info *info)
{
	struct sk_buff *skb;
	struct file *file;
	void *header;
	int err = -EINVAL;

	if (!is_admin(request))
		return -EPERM;
	if (!info->attrs[ATTR(FD)])
		return -EINVAL;
	file = fget(nla_get_u32(info->attrs[ATTR(FD)]));
	if (!file)
		return -EBADF;
	if (file->f_op != kernel.notify_ops)
		goto put_file;
	err = -ENOMEM;
	skb = new_reply(info, &header);
	if (skb)
		err = send_reply(info, skb, header,
				 put_listener(skb, file->private_data));
put_file:
	fput(file);
	return err;
}

static int do_subscribe(struct sk_buff *request, struct genl_info *info)
{
	return is_admin(request) ? report_subscribe(info->snd_portid) : -EPERM;
}

static const struct genl_ops ops[] = {
	{
		.cmd	= CMD(STATUS),
		.doit	= do_status,
	},
	{
		.cmd	= CMD(TASK),
		.start	= inspect_start,
		.dumpit	= inspect_dump,
		.done	= inspect_done,
	},
	{
		.cmd	= CMD(LISTENER),
		.doit	= do_listener,
	},
	{
		.cmd	= CMD(SUBSCRIBE),
		.doit	= do_subscribe,
	},
};

static struct genl_family family __ro_after_init = {
	.name		= OVERLAY_SECCOMP_GENL_NAME,
	.version	= OVERLAY_SECCOMP_GENL_VERSION,
	.maxattr	= OVERLAY_SECCOMP_ATTR_MAX,
	.policy		= policy,
	.module		= THIS_MODULE,
	.ops		= ops,
	.n_ops		= ARRAY_SIZE(ops),
	.parallel_ops	= true,
};

/*
 * Of who has no privilege, the socket must be its own: a privileged program may
 * have been made to write to a socket that it was given.
 */
static bool is_own_socket(const struct sk_buff *request)
{
	const struct socket *socket = NETLINK_CB(request).sk->sk_socket;

	return socket && socket->file &&
	       socket->file->f_cred == current_cred();
}

/**
 * netlink_may_inspect() - may this request look at a task?
 * @request: to the family
 * @task: whose credentials are held still
 * @closely: at its address space, or at what its filters would say
 *
 * Return: true if so.
 */
bool netlink_may_inspect(const struct sk_buff *request,
			 struct task_struct *task, bool closely)
{
	bool admin = is_admin(request);

	if (admin && !closely)
		return true;
	return (admin || is_own_socket(request)) &&
	       kernel_call(ptrace_may_access)(task, PTRACE_MODE_READ_FSCREDS);
}

/**
 * netlink_parse() - the attributes of a request for a dump
 * @cb: of the dump
 * @attrs: filled, up to OVERLAY_SECCOMP_ATTR_MAX
 *
 * Return: 0 or a negative errno.
 */
int netlink_parse(const struct netlink_callback *cb, struct nlattr **attrs)
{
	return genlmsg_parse(cb->nlh, &family, attrs, OVERLAY_SECCOMP_ATTR_MAX,
			     policy, cb->extack);
}

/**
 * netlink_begin() - begin a message of a dump
 * @skb: for it
 * @cb: of the dump
 * @cmd: what it is about
 *
 * Return: for genlmsg_end() or genlmsg_cancel(); NULL if there is no room.
 */
void *netlink_begin(struct sk_buff *skb, const struct netlink_callback *cb,
		    u8 cmd)
{
	return genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			   &family, NLM_F_MULTI, cmd);
}

#define EVENT_SIZE (4 * nla_total_size(sizeof(u32)) +			\
		    3 * nla_total_size_64bit(sizeof(u64)))

static int put_event(struct sk_buff *skb, const struct report *report)
{
	return nla_put_u32(skb, ATTR(EVENT), report->event) ?:
	       nla_put_u64_64bit(skb, ATTR(TIME), report->time, ATTR(PAD)) ?:
	       nla_put_u32(skb, ATTR(TASK), report->task) ?:
	       nla_put_u64_64bit(skb, ATTR(ID), report->id, ATTR(PAD)) ?:
	       nla_put_u32(skb, ATTR(FLAGS), report->flags) ?:
	       nla_put_u64_64bit(skb, ATTR(VALUE), report->value, ATTR(PAD)) ?:
	       nla_put_u32(skb, ATTR(ERROR), report->error);
}

/**
 * netlink_send_event() - to one subscriber
 * @portid: of its socket
 * @report: the event
 *
 * Does not wait for room in the socket.
 *
 * Return: 0, or a negative errno if it has not been sent.
 */
int netlink_send_event(u32 portid, const struct report *report)
{
	struct sk_buff *skb = genlmsg_new(EVENT_SIZE, GFP_KERNEL);
	void *header;

	if (!skb)
		return -ENOMEM;
	header = genlmsg_put(skb, 0, 0, &family, 0, CMD(EVENT));
	if (!header || put_event(skb, report)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return genlmsg_unicast(&init_net, skb, portid);
}

/**
 * netlink_load() - begin to answer
 *
 * When all that can be asked for is there.
 *
 * Return: 0 or a negative errno.
 */
int __init netlink_load(void)
{
	int err = genl_register_family(&family);

	if (err)
		pr_err("refusing to load: cannot register the generic netlink family: %d\n",
		       err);
	return err;
}

/**
 * netlink_unload() - answer no more
 *
 * Waits for those who are being answered. Events can still be sent, without an
 * error, but not be asked for.
 */
void netlink_unload(void)
{
	genl_unregister_family(&family);
}

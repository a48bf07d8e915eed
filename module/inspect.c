// SPDX-License-Identifier: GPL-2.0
/*
 * What a task is under: the dump of OVERLAY_SECCOMP_CMD_TASK.
 *
 * All is looked at when the dump begins, and then only read out: who asks may
 * take its time over that, and must not keep a chain alive meanwhile, whose
 * supervisors wait for its end. Of a task that is in execve(), or that keeps
 * its address space or a listener locked, nothing is said but EAGAIN.
 */
#include <linux/errno.h>
#include <linux/filter.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/seccomp.h>
#include <linux/slab.h>
#include <net/genetlink.h>

#include "chain.h"
#include "evaluate.h"
#include "inspect.h"
#include "kernel/kernel.h"
#include "netlink.h"
#include "notify.h"
#include "pin.h"
#include "report.h"

/* The attributes of the same names. */
struct seen_filter {
	u64	id;
	u64	listener_id;
	u32	flags;
	u32	listener;
	u32	pending;
	u32	received;
	u32	users;
	u32	insns;
	u32	jit;
	u32	verdict;
	bool	cached;
};

/**
 * struct inspection - one dump
 * @pid: as it was asked for
 * @mode: of the task
 * @has_call: @call was asked about
 * @call: a call that is not made
 * @pins_count: of @pins
 * @pins: with room for PINS_MAX, if they were asked for
 * @filters_count: of @filters
 * @filters: innermost first
 */
struct inspection {
	u32			pid;
	u32			mode;
	bool			has_call;
	struct seccomp_data	call;
	u32			pins_count;
	struct pin_area		*pins;
	u32			filters_count;
	struct seen_filter	*filters;
};

static void free_inspection(struct inspection *inspection)
{
	kvfree(inspection->filters);
	kfree(inspection->pins);
	kfree(inspection);
}

static int see_listener(struct seccomp_filter *filter, struct seen_filter *seen)
{
	struct seccomp_filter *listener = chain_find_listener(filter);
	int open;

	/* Just being made. */
	if (!listener) {
		seen->listener = OVERLAY_SECCOMP_LISTENER_OPEN;
		return 0;
	}
	open = notify_count(listener, &seen->pending, &seen->received);
	if (open < 0)
		return open;
	if (open) {
		seen->listener = OVERLAY_SECCOMP_LISTENER_OPEN;
		seen->listener_id = report_id(listener);
	} else if (chain_mark(filter) & (MARK_OVERLAY | MARK_SHADOW)) {
		seen->listener = OVERLAY_SECCOMP_LISTENER_CLOSED;
	}
	return 0;
}

static int see_filter(struct seccomp_filter *filter,
		      const struct inspection *inspection,
		      struct seen_filter *seen)
{
	const struct bpf_prog *prog = *filter_prog(filter);

	seen->id = report_id(filter);
	seen->flags = report_flags(filter);
	seen->users = refcount_read(filter_users(filter));
	seen->insns = prog->len;
	seen->jit = prog->jited_len;
	if (inspection->has_call)
		seen->verdict = evaluate_peek(filter, &inspection->call);
	return see_listener(filter, seen);
}

/* Strict mode's own filter takes no part in that. */
static void see_cache(const struct inspection *inspection,
		      struct seccomp_filter *head)
{
	struct seen_filter *seen = inspection->filters;

	if (chain_mark(head) & MARK_STRICT) {
		head = *filter_prev(head);
		seen++;
	}
	if (head)
		seen->cached = evaluate_cached(head, &inspection->call);
}

static int see_filters(struct inspection *inspection,
		       struct seccomp_filter *head)
{
	struct seccomp_filter *filter;
	struct seen_filter *seen;
	u32 count = 0;
	int err = 0;

	for (filter = head; filter; filter = *filter_prev(filter))
		count++;
	if (!count)
		return 0;
	seen = kvcalloc(count, sizeof(*seen), GFP_KERNEL_ACCOUNT);
	if (!seen)
		return -ENOMEM;
	inspection->filters = seen;
	inspection->filters_count = count;
	for (filter = head; filter && !err; filter = *filter_prev(filter)) {
		err = see_filter(filter, inspection, seen++);
		cond_resched();
	}
	/* Our own use of it. */
	inspection->filters->users--;
	if (inspection->has_call)
		see_cache(inspection, head);
	return err;
}

static int see_pins(struct inspection *inspection, struct task_struct *task)
{
	struct mm_struct *mm = get_task_mm(task);
	int err = 0;

	if (!mm)
		return 0;
	if (mmap_read_trylock(mm)) {
		inspection->pins_count = pin_list(mm, inspection->pins);
		mmap_read_unlock(mm);
	} else {
		err = -EAGAIN;
	}
	/* The last put tears it all down, and waits for its asynchronous I/O. */
	mmput_async(mm);
	return err;
}

static int see_task(struct inspection *inspection, struct task_struct *task)
{
	struct taken_chain chain;
	int err = 0;

	if (inspection->pins)
		err = see_pins(inspection, task);
	if (!err)
		err = chain_take(task, &chain);
	if (err)
		return err;
	inspection->mode = chain.mode;
	err = see_filters(inspection, chain.filter);
	chain_put(chain.filter);
	return err;
}

static int see_if_allowed(struct netlink_callback *cb,
			  struct inspection *inspection,
			  struct task_struct *task)
{
	struct rw_semaphore *still = &task->signal->exec_update_lock;
	int err = -EPERM;

	if (!down_read_trylock(still))
		return -EAGAIN;
	if (netlink_may_inspect(cb->skb, task,
				inspection->pins || inspection->has_call))
		err = see_task(inspection, task);
	up_read(still);
	return err;
}

static int parse_call(struct inspection *inspection, struct nlattr **attrs)
{
	struct seccomp_data *call = &inspection->call;

	if (!attrs[ATTR(NR)] != !attrs[ATTR(ARCH)])
		return -EINVAL;
	if (!attrs[ATTR(NR)])
		return attrs[ATTR(ARGS)] || attrs[ATTR(IP)] ? -EINVAL : 0;
	call->nr = nla_get_u32(attrs[ATTR(NR)]);
	call->arch = nla_get_u32(attrs[ATTR(ARCH)]);
	if (attrs[ATTR(ARGS)])
		nla_memcpy(call->args, attrs[ATTR(ARGS)], sizeof(call->args));
	if (attrs[ATTR(IP)])
		call->instruction_pointer = nla_get_u64(attrs[ATTR(IP)]);
	inspection->has_call = true;
	return 0;
}

static int read_request(struct inspection *inspection, struct nlattr **attrs)
{
	if (!attrs[ATTR(PID)])
		return -EINVAL;
	inspection->pid = nla_get_u32(attrs[ATTR(PID)]);
	if (attrs[ATTR(WITH_PINS)]) {
		inspection->pins = kcalloc(PINS_MAX, sizeof(*inspection->pins),
					   GFP_KERNEL_ACCOUNT);
		if (!inspection->pins)
			return -ENOMEM;
	}
	return parse_call(inspection, attrs);
}

static int inspect(struct netlink_callback *cb, struct inspection *inspection)
{
	struct nlattr *attrs[OVERLAY_SECCOMP_ATTR_MAX + 1];
	struct task_struct *task;
	struct pid *pid;
	int err;

	err = netlink_parse(cb, attrs);
	if (!err)
		err = read_request(inspection, attrs);
	if (err)
		return err;
	pid = find_get_pid(inspection->pid);
	task = get_pid_task(pid, PIDTYPE_PID);
	put_pid(pid);
	if (!task)
		return -ESRCH;
	err = see_if_allowed(cb, inspection, task);
	put_task_struct(task);
	return err;
}

/**
 * inspect_start() - a dump begins
 * @cb: of it, whose first argument is the inspection and whose second the number
 *	of messages that have been made
 *
 * Return: 0; -EINVAL for attributes that are missing; -ESRCH for no such task,
 * or one that is exiting; -EPERM; -EAGAIN; -ENOMEM.
 */
int inspect_start(struct netlink_callback *cb)
{
	struct inspection *inspection;
	int err;

	inspection = kzalloc(sizeof(*inspection), GFP_KERNEL_ACCOUNT);
	if (!inspection)
		return -ENOMEM;
	err = inspect(cb, inspection);
	if (err) {
		free_inspection(inspection);
		return err;
	}
	cb->args[0] = (long)inspection;
	return 0;
}

static int put_task(struct sk_buff *skb, const struct inspection *inspection)
{
	return nla_put_u32(skb, ATTR(PID), inspection->pid) ?:
	       nla_put_u32(skb, ATTR(MODE), inspection->mode) ?:
	       nla_put_u32(skb, ATTR(FILTERS), inspection->filters_count);
}

static int put_pin(struct sk_buff *skb, const struct pin_area *pin)
{
	return nla_put_u64_64bit(skb, ATTR(ADDRESS), pin->address,
				 ATTR(PAD)) ?:
	       nla_put_u64_64bit(skb, ATTR(SIZE), pin->size, ATTR(PAD)) ?:
	       nla_put_u64_64bit(skb, ATTR(OFFSET), pin->offset, ATTR(PAD));
}

static int put_listener(struct sk_buff *skb, const struct seen_filter *seen)
{
	return nla_put_u64_64bit(skb, ATTR(LISTENER_ID), seen->listener_id,
				 ATTR(PAD)) ?:
	       nla_put_u32(skb, ATTR(PENDING), seen->pending) ?:
	       nla_put_u32(skb, ATTR(RECEIVED), seen->received);
}

static int put_filter(struct sk_buff *skb, const struct inspection *inspection,
		      const struct seen_filter *seen)
{
	int err;

	err = nla_put_u64_64bit(skb, ATTR(ID), seen->id, ATTR(PAD)) ?:
	      nla_put_u32(skb, ATTR(FLAGS), seen->flags) ?:
	      nla_put_u32(skb, ATTR(LISTENER), seen->listener) ?:
	      nla_put_u32(skb, ATTR(USERS), seen->users) ?:
	      nla_put_u32(skb, ATTR(INSNS), seen->insns) ?:
	      nla_put_u32(skb, ATTR(JIT), seen->jit);
	if (!err && seen->listener == OVERLAY_SECCOMP_LISTENER_OPEN)
		err = put_listener(skb, seen);
	if (!err && inspection->has_call)
		err = nla_put_u32(skb, ATTR(VERDICT), seen->verdict);
	if (!err && seen->cached)
		err = nla_put_flag(skb, ATTR(CACHED));
	return err;
}

/* One message: the task itself, its pins, its filters. */
static int put_message(struct sk_buff *skb, struct netlink_callback *cb,
		       const struct inspection *inspection, u32 at)
{
	u8 cmd = CMD(TASK);
	void *header;
	int err;

	if (at > inspection->pins_count)
		cmd = CMD(FILTER);
	else if (at)
		cmd = CMD(PIN);
	header = netlink_begin(skb, cb, cmd);
	if (!header)
		return -EMSGSIZE;
	if (cmd == CMD(TASK))
		err = put_task(skb, inspection);
	else if (cmd == CMD(PIN))
		err = put_pin(skb, &inspection->pins[at - 1]);
	else
		err = put_filter(skb, inspection, &inspection->filters
				 [at - 1 - inspection->pins_count]);
	if (err)
		genlmsg_cancel(skb, header);
	else
		genlmsg_end(skb, header);
	return err;
}

/**
 * inspect_dump() - as many messages as fit
 * @skb: into it
 * @cb: of the dump
 *
 * Return: bytes in @skb, 0 at the end.
 */
int inspect_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct inspection *inspection = (void *)cb->args[0];
	u32 count = 1 + inspection->pins_count + inspection->filters_count;

	while (cb->args[1] < count &&
	       !put_message(skb, cb, inspection, cb->args[1]))
		cb->args[1]++;
	return skb->len;
}

/**
 * inspect_done() - a dump is over
 * @cb: of it
 *
 * Return: 0.
 */
int inspect_done(struct netlink_callback *cb)
{
	free_inspection((void *)cb->args[0]);
	return 0;
}

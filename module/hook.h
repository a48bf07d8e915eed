/* SPDX-License-Identifier: GPL-2.0 */
#ifndef OVERLAY_HOOK_H
#define OVERLAY_HOOK_H

#include <linux/jiffies.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

/**
 * struct hook_worker - patches text for those who need it, in a worker
 * @work: calls hook_worker_done() at its end
 * @done: whoever waits for that
 * @rounds: how often it has been
 *
 * Patching may wait for RCU tasks. Before 6.9, these wait for every task that
 * ends, among them the first of a pid namespace, which waits in turn for all that
 * it has killed. A task in that namespace must therefore not wait for them itself.
 */
struct hook_worker {
	struct work_struct	work;
	wait_queue_head_t	done;
	unsigned int		rounds;
};

#define HOOK_WORKER(name, fn) {						\
	.work	= __WORK_INITIALIZER((name).work, fn),			\
	.done	= __WAIT_QUEUE_HEAD_INITIALIZER((name).done),		\
}

/* How long a function that cannot be hooked is left alone. */
#define HOOK_RETRY_DELAY (HZ / 20)

int hook_worker_await(struct hook_worker *worker, unsigned int seen);
void hook_worker_done(struct hook_worker *worker);

int hook_refuse(const char *name, int err);
int hook_load(void);
void hook_go_live(void);
void hook_unload(void);

int hook_arm(void);
void hook_release(void);
bool hook_dead(void);
bool hook_is_armed(void);
unsigned int hook_users(void);

struct ftrace_ops;

int hook_direct(struct ftrace_ops *ops, unsigned long site, unsigned long to);
int unhook_direct(struct ftrace_ops *ops, unsigned long site,
		  unsigned long to);
int hook_check_live(unsigned long site);

/* In assembly, and entered by the kernel only; and what they read. */
extern u32 overlay_mark_offset;
void overlay_trampoline_data(void);
void overlay_trampoline_int(void);
void overlay_trampoline_bool(void);

#endif

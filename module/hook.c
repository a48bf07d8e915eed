// SPDX-License-Identifier: GPL-2.0
/*
 * The hooks.
 *
 * From load to unload, by ftrace ops: do_seccomp() and seccomp_notify_ioctl(),
 * whose handlers divert the calls that are ours, each with a reference on the
 * module; all others run the stock function and never see our text. And, only
 * observed: bpf_prog_create_from_user() and seccomp_notify_release().
 *
 * While a filter carries overlay state, and for a minute after: __seccomp_filter(),
 * by a direct trampoline. It looks at the mark of the innermost filter: without
 * one it returns into the stock function, with one it goes to evaluate() instead.
 *
 * Unload, which no operation and no state outlives: unhook, drain the worker,
 * disarm, and wait until no task can be in a trampoline. A task in evaluate()
 * needs no reference, since its filter's state holds one.
 */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/ftrace.h>
#include <linux/kernel.h>
#include <linux/linkage.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/tracepoint.h>
#include <linux/workqueue.h>
#include <asm/text-patching.h>
#include <asm/unwind_hints.h>

#include "arm.h"
#include "chain.h"
#include "evaluate.h"
#include "hook.h"
#include "ioctl.h"
#include "kernel/kernel.h"
#include "kernel/refuse.h"
#include "observe.h"
#include "operation.h"
#include "redirect.h"
#include "report.h"
#include "seal.h"
#include "../include/uapi/linux/overlay_seccomp.h"

#define CANARY_DELAY (60 * HZ)

/* What no do_seccomp() returns. */
#define DIVERTED 0x4f564c59

static void arm_work(struct work_struct *work);
static void disarm_work(struct work_struct *work);
static struct arming arming = ARMING(arming, arm_work, disarm_work);

/* Is __seccomp_filter()? Under the lock of the above, and read without it. */
static bool armed;

static void canary_work(struct work_struct *work);
static DECLARE_DEFERRABLE_WORK(canary, canary_work);

/*
 * The trampoline, entered by the call at the fentry site: %rsp points to the
 * stock function's body, above it is the return to its caller. Free here:
 * %rax, %r10, %r11. One for each form of the function.
 */
u32 overlay_mark_offset;

static __used void trampoline_offsets(void)
{
	asm volatile(".set overlay_task_filter, %c0"
		     : : "i" (offsetof(struct task_struct, seccomp.filter)));
}

#define TRAMPOLINE(name, target)					\
	asm(".pushsection .text\n"					\
	    ".balign 16\n"						\
	    ".type " #name ", @function\n"				\
	    #name ":\n"							\
	    COMPAT_ENDBR						\
	    "0:\n"							\
	    "mov " COMPAT_CURRENT ", %rax\n"				\
	    "mov overlay_task_filter(%rax), %rax\n"			\
	    "test %rax, %rax\n"						\
	    "jz 1f\n"							\
	    "mov overlay_mark_offset(%rip), %r10d\n"			\
	    "cmpb $0, (%rax,%r10)\n"					\
	    "jne 2f\n"							\
	    "1:\n"							\
	    ASM_RET							\
	    "2:\n"							\
	    /* The sign of the mark is MARK_UNSETTLED. */		\
	    "jns 3f\n"							\
	    "push %rdi\n"						\
	    "push %rsi\n"						\
	    "push %rdx\n"						\
	    "call chain_await_settled\n"				\
	    "pop %rdx\n"						\
	    "pop %rsi\n"						\
	    "pop %rdi\n"						\
	    "test %al, %al\n"						\
	    "jnz 0b\n"							\
	    "3:\n"							\
	    "add $8, %rsp\n"						\
	    UNWIND_HINT_FUNC						\
	    "jmp " #target "\n"						\
	    ".size " #name ", . - " #name "\n"				\
	    ".popsection\n")

TRAMPOLINE(overlay_trampoline_data, evaluate_data);
TRAMPOLINE(overlay_trampoline_int, evaluate_int);
TRAMPOLINE(overlay_trampoline_bool, evaluate_bool);

static struct ftrace_ops direct_ops;

/*
 * Set once, when the load cannot fail any more: what fails frees our text, and
 * asks nobody whether it is in use.
 */
static bool live;

static unsigned long trampoline(void)
{
	switch (kernel.filter_form) {
	case FILTER_TAKES_DATA:
		return (unsigned long)overlay_trampoline_data;
	case FILTER_SAYS_ERROR:
		return (unsigned long)overlay_trampoline_int;
	default:
		return (unsigned long)overlay_trampoline_bool;
	}
}

/*
 * What may sleep, even with PREEMPT_RT, where a spinlock_t does: the handlers of
 * the ops and of the tracepoint may run with preemption off, so that they take
 * no lock but report()'s, a raw one, and no memory; what they look up is found
 * under RCU, or under a lock that the hooked function's caller holds. The
 * trampoline's target and all that is called from handle_*() run as a task in a
 * system call, and the rest in workers: their locks may sleep.
 */

/* Runs in place of do_seccomp() for the calls that operation_is_ours() names. */
static long handle_operation(unsigned int op, unsigned int flags,
			     void __user *uargs)
{
	long ret = operation_do(op, flags, uargs);

	/* What is left of this function, unload waits for by itself. */
	module_put(THIS_MODULE);
	return ret;
}

/*
 * The task that loads, while it proves that a handler can divert: its calls, and
 * nobody else's, are answered before we are live.
 */
static struct task_struct *prover;

static long answer_prover(unsigned int op, unsigned int flags,
			  void __user *uargs)
{
	return DIVERTED;
}

static void notrace divert_operation(unsigned long ip, unsigned long parent,
				     struct ftrace_ops *ops,
				     struct compat_ftrace_regs *fregs)
{
	if (unlikely(!READ_ONCE(live))) {
		if (READ_ONCE(prover) == current)
			compat_ftrace_divert(fregs,
					     (unsigned long)answer_prover);
		return;
	}
	/* Without the reference we are going: then it is stock's again. */
	if (operation_is_ours(compat_ftrace_arg(fregs, 0),
			      compat_ftrace_arg(fregs, 1)) &&
	    try_module_get(THIS_MODULE))
		compat_ftrace_divert(fregs, (unsigned long)handle_operation);
}

static long handle_ioctl(struct file *file, unsigned int cmd,
			 unsigned long arg)
{
	long ret = ioctl_do(file, cmd, (void __user *)arg);

	module_put(THIS_MODULE);
	return ret;
}

static void notrace divert_ioctl(unsigned long ip, unsigned long parent,
				 struct ftrace_ops *ops,
				 struct compat_ftrace_regs *fregs)
{
	if (ioctl_is_ours((void *)compat_ftrace_arg(fregs, 0),
			  compat_ftrace_arg(fregs, 1)) &&
	    READ_ONCE(live) && try_module_get(THIS_MODULE))
		compat_ftrace_divert(fregs, (unsigned long)handle_ioctl);
}

static void see_fork(void *data, struct task_struct *parent,
		     struct task_struct *child)
{
	redirect_fork(child);
}

static void notrace see_prog(unsigned long ip, unsigned long parent,
			     struct ftrace_ops *ops,
			     struct compat_ftrace_regs *fregs)
{
	observe_prog((void *)compat_ftrace_arg(fregs, 0));
}

static void notrace see_close(unsigned long ip, unsigned long parent,
			      struct ftrace_ops *ops,
			      struct compat_ftrace_regs *fregs)
{
	const struct file *file = (void *)compat_ftrace_arg(fregs, 1);

	/* Without a filter, if the install failed. */
	if (chain_has_own_mark(file->private_data))
		report(OVERLAY_SECCOMP_EVENT_LISTENER_GONE, file->private_data,
		       0);
}

/* These only observe, so that they need not keep others from redirecting. */
static struct ftrace_ops observe_ops = {
	.func	= see_prog,
	.flags	= COMPAT_FTRACE_FLAGS | FTRACE_OPS_FL_PERMANENT,
};

static struct ftrace_ops close_ops = {
	.func	= see_close,
	.flags	= COMPAT_FTRACE_FLAGS | FTRACE_OPS_FL_PERMANENT,
};

static struct ftrace_ops operation_ops = {
	.func	= divert_operation,
	.flags	= COMPAT_FTRACE_FLAGS | FTRACE_OPS_FL_IPMODIFY |
		  FTRACE_OPS_FL_PERMANENT,
};

static struct ftrace_ops ioctl_ops = {
	.func	= divert_ioctl,
	.flags	= COMPAT_FTRACE_FLAGS | FTRACE_OPS_FL_IPMODIFY |
		  FTRACE_OPS_FL_PERMANENT,
};

/* No function is at 1, but that it has died is what ftrace looks at first. */
static bool ftrace_says_dead(void)
{
	static struct ftrace_ops probe;

	return ftrace_set_filter_ip(&probe, 1, 0, 0) == -ENODEV;
}

/* What it shows; if that is doubtful, it is asked. */
static bool ftrace_has_died(void)
{
	return unlikely(!READ_ONCE(*kernel.ftrace_enabled)) &&
	       ftrace_says_dead();
}

/**
 * hook_dead() - has ftrace stopped working on this machine?
 *
 * After a fault of its own, ftrace disables itself until the next boot. Hooks
 * that are in place stay, except that on 6.1 the ops on one function can fall
 * silent. None can be added or taken away: so no filter gets overlay state any
 * more, and the module is not unloaded. Sleeps.
 *
 * Return: true from the first time that it was seen.
 */
bool hook_dead(void)
{
	static atomic_t noticed = ATOMIC_INIT(0);

	if (likely(!ftrace_has_died()))
		return false;
	if (!atomic_xchg(&noticed, 1)) {
		__module_get(THIS_MODULE);
		report(OVERLAY_SECCOMP_EVENT_DEAD, NULL, 0);
		pr_err("ftrace is dead: no new overlay state, and no unload, until the next boot\n");
	}
	return true;
}

/* What has died while nobody asked must not be found out by unload. */
static void canary_work(struct work_struct *work)
{
	if (!hook_dead())
		schedule_delayed_work(&canary, CANARY_DELAY);
}

/**
 * hook_is_armed() - is the evaluation hooked?
 *
 * Return: true if so.
 */
bool hook_is_armed(void)
{
	return READ_ONCE(armed);
}

/**
 * hook_users() - who needs it to be
 *
 * Return: filters that have overlay state.
 */
unsigned int hook_users(void)
{
	return READ_ONCE(arming.users);
}

/**
 * hook_check_live() - is a site patched?
 * @site: of a function that has been hooked
 *
 * ftrace has been known to accept a hook and leave the text as it was. While
 * somebody traces the function too, or stops to, a breakpoint stands there for
 * some interrupts of all CPUs. Sleeps.
 *
 * Return: 0 or -ENODEV.
 */
int hook_check_live(unsigned long site)
{
	const u8 *text = (const u8 *)site;
	int tries = 1000;

	while (READ_ONCE(*text) == INT3_INSN_OPCODE && tries--)
		usleep_range(100, 1000);
	return READ_ONCE(*text) == CALL_INSN_OPCODE ? 0 : -ENODEV;
}

/**
 * hook_direct() - hook one function by a direct call
 * @ops: prepared for it, and only once: some kernels keep a pointer to a filter
 *	 that was freed, and would use it if another were set
 * @site: of the function
 * @to: trampoline
 *
 * Return: 0; -EBUSY if it is held by another; -ENODEV if its text stays as it
 * was; what ftrace says otherwise.
 */
int hook_direct(struct ftrace_ops *ops, unsigned long site, unsigned long to)
{
	int err = compat_register_direct(ops, site, to);

	if (err)
		return err;
	err = hook_check_live(site);
	if (err)
		compat_unregister_direct(ops, site, to);
	return err;
}

/**
 * unhook_direct() - undo hook_direct()
 * @ops: given to it
 * @site: given to it
 * @to: given to it
 *
 * Return: 0; -ENODEV if ftrace is dead; what ftrace says otherwise. After an
 * error it is hooked still.
 */
int unhook_direct(struct ftrace_ops *ops, unsigned long site, unsigned long to)
{
	return hook_dead() ? -ENODEV : compat_unregister_direct(ops, site, to);
}

/* For tests: armed, but unpatched, so that stock judges marked chains too. */
static bool pretends_dead(void)
{
	return pretended("dead", "__seccomp_filter");
}

static bool unhook_filter(void)
{
	if (!armed)
		return true;
	if (hook_dead())
		return false;
	WRITE_ONCE(armed, !pretends_dead() &&
		   compat_unregister_direct(&direct_ops, kernel.seccomp_filter,
					    trampoline()));
	if (armed)
		return false;
	tracepoint_probe_unregister(kernel.fork_tracepoint, see_fork, NULL);
	report(OVERLAY_SECCOMP_EVENT_DISARMED, NULL, 0);
	return true;
}

static int register_direct(void)
{
	if (pretends_dead())
		return 0;
	return hook_direct(&direct_ops, kernel.seccomp_filter, trampoline());
}

static int register_all(void)
{
	int err = tracepoint_probe_register(kernel.fork_tracepoint, see_fork,
					    NULL);

	if (err)
		return err;
	err = register_direct();
	if (err)
		tracepoint_probe_unregister(kernel.fork_tracepoint, see_fork,
					    NULL);
	return err;
}

static int hook_filter(void)
{
	int err = register_all();

	if (err)
		return arming_failed(&arming, "__seccomp_filter", err);
	report(OVERLAY_SECCOMP_EVENT_ARMED, NULL, 0);
	WRITE_ONCE(armed, true);
	return 0;
}

static int filter_hook_works(void)
{
	return pretends_dead() ? 0 : hook_check_live(kernel.seccomp_filter);
}

static const struct arming_ops arming_ops = {
	.hooked	= hook_is_armed,
	.hook	= hook_filter,
	.unhook	= unhook_filter,
	.works	= filter_hook_works,
};

static void arm_work(struct work_struct *work)
{
	arming_work(&arming, &arming_ops);
}

static void disarm_work(struct work_struct *work)
{
	arming_disarm(&arming, &arming_ops);
}

/**
 * hook_arm() - see to it that marked filters are evaluated by us
 *
 * Call it before a filter is marked, and hook_release() when that is gone.
 * The first time, a worker patches kernel text, so that it may sleep for long.
 *
 * Return: 0; -EINTR if killed; -EBUSY if the function is held by another;
 * -ENODEV if ftrace is dead; what ftrace says otherwise.
 */
int hook_arm(void)
{
	return hook_dead() ? -ENODEV : arming_get(&arming, &arming_ops);
}

/**
 * hook_release() - undo one hook_arm()
 *
 * Disarming is left to delayed work, for it patches kernel text.
 */
void hook_release(void)
{
	arming_put(&arming);
}

/**
 * hook_refuse() - a load fails because of ftrace: say so
 * @name: of the function
 * @err: what ftrace has said, or hook_check_live()
 *
 * Return: what the load shall fail with: -EBUSY if the function is held by
 * another, -ENOMEM, or else -EOPNOTSUPP.
 */
int __init hook_refuse(const char *name, int err)
{
	pr_err("refusing to load: cannot hook %s: %d%s\n", name, err,
	       err == -EBUSY ? " (held by another, or kernel.ftrace_enabled is 0)" :
			       "");
	return err == -EBUSY || err == -ENOMEM ? err : -EOPNOTSUPP;
}

/* Unhooking a dead ftrace makes it worse, and freeing our text would be fatal. */
static void stay_for_ever(void)
{
	pr_err("cannot be unhooked: stays until the next boot\n");
	for (;;)
		msleep(1000);
}

static int __init hook_one(struct ftrace_ops *ops, unsigned long site,
			   const char *name)
{
	int err = ftrace_set_filter_ip(ops, site, 0, 0);

	if (!err)
		err = register_ftrace_function(ops);
	if (!err) {
		err = hook_check_live(site);
		if (!err)
			return 0;
		if (unregister_ftrace_function(ops))
			stay_for_ever();
	}
	compat_free_filter(ops);
	return hook_refuse(name, err);
}

static void unhook_one(struct ftrace_ops *ops)
{
	if (hook_dead() || unregister_ftrace_function(ops))
		stay_for_ever();
	compat_free_filter(ops);
}

/*
 * Where a handler cannot divert, stock would refuse our flags and operations as
 * unknown, as it does this one.
 */
static int __init prove_diverting(void)
{
	long ret;

	if (!pretended("divert", "do_seccomp"))
		WRITE_ONCE(prover, current);
	ret = kernel_call(do_seccomp)(SECCOMP_GET_OVERLAY_INFO, 0, NULL);
	WRITE_ONCE(prover, NULL);
	if (ret != DIVERTED)
		return hook_refuse("do_seccomp", -ENODEV);
	kernel_enter_past_hook();
	return 0;
}

/**
 * hook_load() - hook what stays hooked until unload
 *
 * Return: 0, or a negative errno with the function named in the log.
 */
int __init hook_load(void)
{
	int err;

	overlay_mark_offset = layout.filter_mark;
	/* The first question prepares what it is asked by: no two at once. */
	ftrace_says_dead();
	err = compat_prepare_direct(&direct_ops, kernel.seccomp_filter);
	if (err)
		return hook_refuse("__seccomp_filter", err);
	/* From here on no install begins unobserved. */
	err = hook_one(&observe_ops, kernel.create_prog,
		       "bpf_prog_create_from_user");
	if (err)
		goto free_direct;
	err = hook_one(&close_ops, kernel.notify_release,
		       "seccomp_notify_release");
	if (err)
		goto unhook_observe;
	err = hook_one(&ioctl_ops, kernel.notify_ioctl,
		       "seccomp_notify_ioctl");
	if (err)
		goto unhook_close;
	err = hook_one(&operation_ops, kernel.do_seccomp, "do_seccomp");
	if (err)
		goto unhook_ioctl;
	err = prove_diverting();
	if (err)
		goto unhook_operation;
	schedule_delayed_work(&canary, CANARY_DELAY);
	return 0;

unhook_operation:
	unhook_one(&operation_ops);
unhook_ioctl:
	unhook_one(&ioctl_ops);
unhook_close:
	unhook_one(&close_ops);
unhook_observe:
	unhook_one(&observe_ops);
free_direct:
	compat_free_direct(&direct_ops);
	return err;
}

/**
 * hook_go_live() - from here on, calls are ours
 *
 * The last that a load does.
 */
void __init hook_go_live(void)
{
	WRITE_ONCE(live, true);
}

/* Tasks preempted in a trampoline or at the end of a hook have left it. */
static void wait_for_text(void)
{
	tracepoint_synchronize_unregister();
	synchronize_rcu_tasks();
	synchronize_rcu();
}

/**
 * hook_unload() - leave the kernel as it was
 *
 * After it, no task is inside the module's text.
 */
void hook_unload(void)
{
	cancel_delayed_work_sync(&canary);
	unhook_one(&operation_ops);
	unhook_one(&ioctl_ops);
	unhook_one(&close_ops);
	unhook_one(&observe_ops);
	chain_drain();
	if (!seal_unload())
		stay_for_ever();
	if (!arming_end(&arming, &arming_ops))
		stay_for_ever();
	chain_drain_waiters();
	wait_for_text();
	compat_free_direct(&direct_ops);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * The verdict on a system call of a task whose innermost filter is marked, and
 * what it does. In place of the kernel's __seccomp_filter() and, wherever no
 * feature of ours says otherwise, equal to it:
 *
 *  1. read the call from the registers;
 *  2. run the filters, innermost first, but for our own that stands for strict
 *     mode; the lowest action wins, the innermost among equals;
 *  3. act: answer, signal, ask the tracer and judge once more, ask the
 *     supervisor, log, kill;
 *  4. in strict mode, kill the thread for any call that is not on its list,
 *     whatever the filters said, unless they have killed already.
 *
 * Nothing here fails open: what is not understood kills the process.
 */
#include <linux/compat.h>
#include <linux/filter.h>
#include <linux/nospec.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/seccomp.h>
#include <linux/signal.h>
#include <asm/syscall.h>

#include "chain.h"
#include "evaluate.h"
#include "kernel/kernel.h"
#include "notify.h"
#include "strict.h"

/* Bits of kernel.seccomp.actions_logged. */
enum {
	LOG_KILL_PROCESS	= 1 << 0,
	LOG_KILL_THREAD		= 1 << 1,
	LOG_TRAP		= 1 << 2,
	LOG_ERRNO		= 1 << 3,
	LOG_TRACE		= 1 << 4,
	LOG_LOG			= 1 << 5,
	LOG_USER_NOTIF		= 1 << 7,
};

/**
 * struct verdict - what a chain says of a call
 * @ret: SECCOMP_RET_*, action and data
 * @match: the filter that said so, NULL for ALLOW
 */
struct verdict {
	u32			ret;
	struct seccomp_filter	*match;
};

/**
 * evaluate_log() - audit a verdict by the rules of stock
 * @nr: of the call
 * @signr: the signal that it is answered with, or 0
 * @action: SECCOMP_RET_*
 * @requested: was the filter installed with SECCOMP_FILTER_FLAG_LOG?
 */
void evaluate_log(unsigned long nr, long signr, u32 action, bool requested)
{
	u32 logged = READ_ONCE(*kernel.actions_logged);
	bool log;

	switch (action) {
	case SECCOMP_RET_ALLOW:
		log = false;
		break;
	case SECCOMP_RET_TRAP:
		log = requested && logged & LOG_TRAP;
		break;
	case SECCOMP_RET_ERRNO:
		log = requested && logged & LOG_ERRNO;
		break;
	case SECCOMP_RET_TRACE:
		log = requested && logged & LOG_TRACE;
		break;
	case SECCOMP_RET_USER_NOTIF:
		log = requested && logged & LOG_USER_NOTIF;
		break;
	case SECCOMP_RET_LOG:
		log = logged & LOG_LOG;
		break;
	case SECCOMP_RET_KILL_THREAD:
		log = logged & LOG_KILL_THREAD;
		break;
	default:
		log = logged & LOG_KILL_PROCESS;
		break;
	}
	if (log)
		kernel_call(audit_seccomp)(nr, signr, action);
}

static void read_call(struct seccomp_data *sd)
{
	struct pt_regs *regs = current_pt_regs();
	unsigned long args[6];
	int i;

	sd->nr = syscall_get_nr(current, regs);
	sd->arch = syscall_get_arch(current);
	sd->instruction_pointer = instruction_pointer(regs);
	syscall_get_arguments(current, regs, args);
	for (i = 0; i < 6; i++)
		sd->args[i] = args[i];
}

static bool bit_allows(const unsigned long *allowed, int nr, int count)
{
	if (nr < 0 || nr >= count)
		return false;
	return test_bit(array_index_nospec(nr, count), allowed);
}

/* What the kernel found, when it attached the filter, to be always allowed. */
static bool cache_allows(const struct seccomp_filter *filter,
			 const struct seccomp_data *sd)
{
	if (sd->arch == SECCOMP_ARCH_NATIVE)
		return bit_allows(filter_cache_native(filter), sd->nr,
				  SECCOMP_ARCH_NATIVE_NR);
#ifdef SECCOMP_ARCH_COMPAT
	if (sd->arch == SECCOMP_ARCH_COMPAT)
		return bit_allows(filter_cache_compat(filter), sd->nr,
				  SECCOMP_ARCH_COMPAT_NR);
#endif
	return false;
}

/* The only indirect call of this module: a program, as stock runs it. */
static noinline u32 run_program(const struct seccomp_filter *filter,
				const struct seccomp_data *sd)
{
	return bpf_prog_run_pin_on_cpu(*filter_prog(filter), sd);
}

static struct verdict run_filters(struct seccomp_filter *filter,
				  const struct seccomp_data *sd)
{
	struct verdict verdict = { .ret = SECCOMP_RET_ALLOW };
	u32 ret;

	if (WARN_ON_ONCE(!filter))
		return (struct verdict) { .ret = SECCOMP_RET_KILL_PROCESS };
	if (cache_allows(filter, sd))
		return verdict;

	for (; filter; filter = *filter_prev(filter)) {
		ret = run_program(filter, sd);
		if ((s32)(ret & SECCOMP_RET_ACTION_FULL) <
		    (s32)(verdict.ret & SECCOMP_RET_ACTION_FULL)) {
			verdict.ret = ret;
			verdict.match = filter;
		}
	}
	return verdict;
}

static void answer(int error, long val)
{
	syscall_set_return_value(current, current_pt_regs(), error, val);
}

static bool judge(int nr, bool recheck);

/* Stops for the tracer; what it leaves in the registers is judged anew. */
static bool ask_tracer(u32 data, bool *logged)
{
	int nr;

	if (!ptrace_event_enabled(current, PTRACE_EVENT_SECCOMP)) {
		answer(-ENOSYS, 0);
		return false;
	}
	kernel_call(ptrace_notify)(PTRACE_EVENT_SECCOMP << 8 | SIGTRAP, data);
	/* A dying tracee may not have stopped: its tracer had no say. */
	if (fatal_signal_pending(current))
		return false;
	nr = syscall_get_nr(current, current_pt_regs());
	if (nr < 0)
		return false;
	*logged = true;
	return judge(nr, true);
}

static bool ask_supervisor(const struct verdict *verdict,
			   const struct seccomp_data *sd)
{
	struct notify_reply reply;

	notify_supervisor(verdict->match, sd, &reply);
	if (reply.flags & SECCOMP_USER_NOTIF_FLAG_CONTINUE)
		return true;
	answer(reply.error, reply.val);
	return false;
}

static void kill(int nr, u32 action, u32 data)
{
	current->seccomp.mode = SECCOMP_MODE_DEAD;
	evaluate_log(nr, SIGSYS, action, true);
	if (action == SECCOMP_RET_KILL_THREAD &&
	    atomic_read(&current->signal->live) != 1)
		kernel_call(do_exit)(SIGSYS);
	/* The last thread dumps core, with the registers of the call. */
	syscall_rollback(current, current_pt_regs());
	kernel_call(force_sig_seccomp)(nr, data, true);
}

/* Returns true to run the call. */
static bool judge(int nr, bool recheck)
{
	struct seccomp_data sd;
	struct verdict verdict;
	bool logged = false;
	u32 action, data;

	read_call(&sd);
	verdict = run_filters(strict_skip(READ_ONCE(current->seccomp.filter)),
			      &sd);
	action = verdict.ret & SECCOMP_RET_ACTION_FULL;
	data = verdict.ret & SECCOMP_RET_DATA;

	switch (action) {
	case SECCOMP_RET_ALLOW:
		return true;
	case SECCOMP_RET_LOG:
		evaluate_log(nr, 0, action, true);
		return true;
	case SECCOMP_RET_ERRNO:
		answer(-min_t(int, data, MAX_ERRNO), 0);
		break;
	case SECCOMP_RET_TRAP:
		syscall_rollback(current, current_pt_regs());
		kernel_call(force_sig_seccomp)(nr, data, false);
		break;
	case SECCOMP_RET_TRACE:
		if (recheck || ask_tracer(data, &logged))
			return true;
		if (logged)
			return false;
		break;
	case SECCOMP_RET_USER_NOTIF:
		if (ask_supervisor(&verdict, &sd))
			return true;
		break;
	default:
		kill(nr, action, data);
		return false;
	}
	evaluate_log(nr, 0, action, verdict.match && *filter_log(verdict.match));
	return false;
}

static bool evaluate(int nr, bool recheck)
{
	bool run;

	/* The filter was published before the task was sent here. */
	smp_rmb();
	run = judge(nr, recheck);
	return strict_judge(READ_ONCE(current->seccomp.filter)) && run;
}

/**
 * evaluate_int() - in place of __seccomp_filter() where 0 means "run"
 * @nr: of the call
 * @sd: the caller's copy of the registers, which may be NULL; not used
 * @recheck: the tracer has already been asked
 *
 * Return: 0 to run the call, -1 not to.
 */
int evaluate_int(int nr, const struct seccomp_data *sd, bool recheck)
{
	return evaluate(nr, recheck) ? 0 : -1;
}

/**
 * evaluate_bool() - in place of __seccomp_filter() where true means "run"
 * @nr: of the call
 * @recheck: the tracer has already been asked
 *
 * Return: true to run the call.
 */
bool evaluate_bool(int nr, bool recheck)
{
	return evaluate(nr, recheck);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * The verdict on a system call of a task whose innermost filter is marked, and
 * what it does. Wherever no feature of ours says otherwise, it equals that of the
 * kernel's __seccomp_filter(), in whose place it is:
 *
 *  1. read the call from the registers;
 *  2. run a unit of filters: the lowest action wins, the innermost among equals.
 *     That is the whole chain, or in a sequential one the filters out to the
 *     outermost that did not agree, and then each one further out;
 *  3. act: answer, signal, ask the tracer and judge anew, ask the supervisors,
 *     log, kill. If the call may still run, the next unit; after a redirect, the
 *     filters outside of it one by one, on what it made of the call;
 *  4. in strict mode, kill for what is not on the list, unless a filter has.
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
#include "pin.h"
#include "redirect.h"
#include "report.h"
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
 * @end: the next filter further out, which was not asked; or NULL
 */
struct verdict {
	u32			ret;
	struct seccomp_filter	*match;
	struct seccomp_filter	*end;
};

/**
 * struct call - a system call being judged
 * @nr: its number
 * @recheck: the tracer has been asked: TRACE counts as ALLOW
 * @mark: of the task's innermost filter, which tells of the whole chain
 * @judged: all further out has had its say already
 * @redirected: something has been replaced in the registers, in this pass
 * @redirect: what has been, over all passes
 * @sd: its registers
 * @end: where the unit ends that is being judged: the next filter further out
 */
struct call {
	int			nr;
	bool			recheck;
	u8			mark;
	bool			judged;
	bool			redirected;
	struct redirect		**redirect;
	struct seccomp_data	*sd;
	struct seccomp_filter	*end;
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

static __always_inline struct seccomp_data read_call(void)
{
	struct pt_regs *regs = current_pt_regs();
	struct seccomp_data sd = {
		.nr			= syscall_get_nr(current, regs),
		.arch			= syscall_get_arch(current),
		.instruction_pointer	= instruction_pointer(regs),
	};

	BUILD_BUG_ON(sizeof(sd.args[0]) != sizeof(unsigned long));
	syscall_get_arguments(current, regs, (unsigned long *)sd.args);
	return sd;
}

static bool bit_allows(const unsigned long *allowed, int nr, int count)
{
	if (nr < 0 || nr >= count)
		return false;
	return test_bit(array_index_nospec(nr, count), allowed);
}

/* What the kernel found, when it attached the filter, to be always allowed. */
static inline bool cache_allows(const struct seccomp_filter *filter, u32 arch,
				int nr)
{
	if (kernel_is_old())
		return false;
	if (arch == SECCOMP_ARCH_NATIVE)
		return bit_allows(filter_cache_native(filter), nr,
				  SECCOMP_ARCH_NATIVE_NR);
#ifdef SECCOMP_ARCH_COMPAT
	if (arch == SECCOMP_ARCH_COMPAT)
		return bit_allows(filter_cache_compat(filter), nr,
				  SECCOMP_ARCH_COMPAT_NR);
#endif
	return false;
}

static u32 action_of(u32 ret)
{
	return ret & SECCOMP_RET_ACTION_FULL;
}

/*
 * This and the next have the only indirect calls of this module: programs, as
 * stock runs them.
 */
static noinline u32 run_filter(const struct seccomp_filter *filter,
			       const struct seccomp_data *sd)
{
	return bpf_prog_run_pin_on_cpu(*filter_prog(filter), sd);
}

/*
 * Stock's rule, over the filters from @filter out to, but without, @end; and if
 * they have nothing against the call, over each one further out, up to the first
 * that has.
 */
static noinline struct verdict run_filters(struct seccomp_filter *filter,
					   struct seccomp_filter *end,
					   const struct seccomp_data *sd)
{
	struct verdict verdict = { .ret = SECCOMP_RET_ALLOW, .end = end };
	u32 ret;

	migrate_disable();
	do {
		if (filter == verdict.end) {
			if (verdict.match)
				break;
			verdict.end = *filter_prev(filter);
		}
		ret = compat_prog_run(*filter_prog(filter), sd);
		if (unlikely((s32)action_of(ret) <
			     (s32)action_of(verdict.ret))) {
			verdict.ret = ret;
			verdict.match = filter;
		}
		filter = *filter_prev(filter);
	} while (filter);
	migrate_enable();
	return verdict;
}

/*
 * Where the first unit ends: just outside the outermost filter that has not
 * agreed to be judged after later ones. All that lie further out have, and are
 * judged one by one.
 */
static struct seccomp_filter *first_unit_end(u8 mark,
					     struct seccomp_filter *filter)
{
	struct seccomp_filter *end;

	if (!(mark & MARK_IN_SEQUENTIAL))
		return NULL;
	end = *filter_prev(filter);
	for (; filter; filter = *filter_prev(filter))
		if (!(chain_mark(filter) & MARK_SEQUENTIAL))
			end = *filter_prev(filter);
	return end;
}

/* The next filter outward that wants to be asked, or NULL. */
static struct seccomp_filter *next_to_ask(struct seccomp_filter *filter,
					  const struct seccomp_filter *end,
					  const struct seccomp_data *sd)
{
	for (filter = *filter_prev(filter); filter != end;
	     filter = *filter_prev(filter))
		if (action_of(run_filter(filter, sd)) == SECCOMP_RET_USER_NOTIF)
			return filter;
	return NULL;
}

static void answer(int error, long val)
{
	syscall_set_return_value(current, current_pt_regs(), error, val);
}

/*
 * A sibling's TSYNC may replace it at any time, but only by one that extends it;
 * and which says too little of what lies further out until it is settled. With
 * its mark; NULL and 0 for a task that is killed before that.
 */
static struct seccomp_filter *settled_filter(u8 *mark)
{
	struct seccomp_filter *filter;

	do {
		filter = READ_ONCE(current->seccomp.filter);
		*mark = chain_mark(filter);
		if (likely(!(*mark & MARK_UNSETTLED)))
			return filter;
	} while (chain_await_settled());
	*mark = 0;
	return NULL;
}

static bool judge(struct seccomp_filter *filter, u8 mark, bool recheck,
		  const struct call *pass);

static void stop_for_tracer(int code, u32 message)
{
	if (kernel_is_old()) {
		current->ptrace_message = message;
		kernel_call(ptrace_notify_code)(code);
	} else {
		kernel_call(ptrace_notify)(code, message);
	}
}

/* Stops for the tracer; what it leaves in the registers is judged anew. */
static bool ask_tracer(struct call *call, u32 data)
{
	struct seccomp_filter *filter;
	u8 mark;

	if (!ptrace_event_enabled(current, PTRACE_EVENT_SECCOMP)) {
		answer(-ENOSYS, 0);
		return false;
	}
	stop_for_tracer(PTRACE_EVENT_SECCOMP << 8 | SIGTRAP, data);
	/* A dying tracee may not have stopped: its tracer had no say. */
	if (fatal_signal_pending(current))
		return false;
	call->nr = syscall_get_nr(current, current_pt_regs());
	if (call->nr < 0)
		return false;
	call->judged = true;
	filter = settled_filter(&mark);
	return filter && judge(filter, mark, true, call);
}

/* The tracer is asked once, and has then passed this call, if it is the same. */
static bool trace(struct call *call, u32 data)
{
	if (!call->recheck)
		return ask_tracer(call, data);
	if (!call->redirected)
		return true;
	answer(-ENOSYS, 0);
	return false;
}

static void await_reply(struct seccomp_filter *listener,
			const struct seccomp_data *sd,
			struct notify_reply *reply)
{
	struct notify_waiter waiter = { };
	struct notify_request *request = notify_begin(&waiter, listener, sd);

	while (request) {
		pin_serve(request);
		request = notify_wait(&waiter);
	}
	notify_end(&waiter, reply);
}

/* The call becomes another one, for all that lie outside of @filter. */
static void replace_args(struct call *call, const struct seccomp_filter *filter,
			 struct redirect *redirect)
{
	redirect_apply(call->redirect, redirect);
	*call->sd = read_call();
	call->redirected = true;
	call->end = *filter_prev(filter);
}

static bool ask_supervisor(struct call *call, struct seccomp_filter *filter)
{
	struct seccomp_filter *listener;
	struct notify_reply reply = { };

	reply.error = chain_listener(filter, &listener);
	if (!reply.error)
		await_reply(listener, call->sd, &reply);
	if (reply.flags & SECCOMP_USER_NOTIF_FLAG_CONTINUE) {
		if (reply.redirect) {
			report(OVERLAY_SECCOMP_EVENT_REDIRECT, listener,
			       call->nr);
			replace_args(call, filter, reply.redirect);
		}
		return true;
	}
	answer(reply.error, reply.val);
	return false;
}

/*
 * Innermost first. Without an overlay listener in the chain only the innermost
 * is asked, as stock does; with one, CONTINUE means "ask the next further out".
 * A filter that has no open listener answers ENOSYS, so that a call which
 * somebody wanted to be asked about never runs unasked. A redirect ends the unit.
 */
static bool ask_supervisors(struct call *call, struct seccomp_filter *filter)
{
	while (ask_supervisor(call, filter)) {
		if (!(call->mark & MARK_IN_NESTED))
			return true;
		filter = next_to_ask(filter, call->end, call->sd);
		if (!filter)
			return true;
		report(OVERLAY_SECCOMP_EVENT_OUTER, filter, call->nr);
	}
	return false;
}

static void describe_sigsys(struct kernel_siginfo *info, int nr, u32 data)
{
	clear_siginfo(info);
	info->si_signo = SIGSYS;
	info->si_code = SYS_SECCOMP;
	info->si_call_addr = (void __user *)KSTK_EIP(current);
	info->si_errno = data;
	info->si_arch = syscall_get_arch(current);
	info->si_syscall = nr;
}

static void force_sigsys(int nr, u32 data)
{
	struct kernel_siginfo info;

	if (!kernel_is_old()) {
		kernel_call(force_sig_seccomp)(nr, data, false);
		return;
	}
	describe_sigsys(&info, nr, data);
	kernel_call(force_sig_info)(&info);
}

/* A fatal verdict was no signal yet: the core is dumped here and now. */
static void kill_old(const struct call *call, u32 action, u32 data)
{
	struct kernel_siginfo info;

	if (action != SECCOMP_RET_KILL_THREAD || get_nr_threads(current) == 1) {
		syscall_rollback(current, current_pt_regs());
		describe_sigsys(&info, call->nr, data);
		kernel_call(do_coredump)(&info);
	}
	if (action == SECCOMP_RET_KILL_THREAD)
		kernel_call(do_exit)(SIGSYS);
	kernel_call(do_group_exit)(SIGSYS);
}

static void kill(const struct call *call, u32 action, u32 data)
{
	current->seccomp.mode = SECCOMP_MODE_DEAD;
	evaluate_log(call->nr, SIGSYS, action, true);
	redirect_undo(call->redirect);
	if (kernel_is_old()) {
		kill_old(call, action, data);
		return;
	}
	if (action == SECCOMP_RET_KILL_THREAD &&
	    atomic_read(&current->signal->live) != 1)
		kernel_call(do_exit)(SIGSYS);
	/* The last thread dumps core, with the registers of the call. */
	syscall_rollback(current, current_pt_regs());
	kernel_call(force_sig_seccomp)(call->nr, data, true);
}

/* Returns true if evaluation goes on further out. */
static bool act(struct call *call, const struct verdict *verdict)
{
	u32 action = action_of(verdict->ret);
	u32 data = verdict->ret & SECCOMP_RET_DATA;

	switch (action) {
	case SECCOMP_RET_ALLOW:
		return true;
	case SECCOMP_RET_LOG:
		evaluate_log(call->nr, 0, action, true);
		return true;
	case SECCOMP_RET_ERRNO:
		answer(-min_t(int, data, MAX_ERRNO), 0);
		break;
	case SECCOMP_RET_TRAP:
		redirect_undo(call->redirect);
		syscall_rollback(current, current_pt_regs());
		force_sigsys(call->nr, data);
		break;
	case SECCOMP_RET_TRACE:
		if (trace(call, data))
			return true;
		if (call->judged)
			return false;
		break;
	case SECCOMP_RET_USER_NOTIF:
		if (ask_supervisors(call, verdict->match))
			return true;
		break;
	default:
		kill(call, action, data);
		return false;
	}
	evaluate_log(call->nr, 0, action, *filter_log(verdict->match));
	return false;
}

/* Goes on from a verdict against the call. Returns true to run it. */
static bool conclude(struct call *call, struct verdict *verdict)
{
	struct seccomp_filter *filter;

	call->end = verdict->end;
	while (act(call, verdict)) {
		filter = call->end;
		if (call->judged || !filter)
			return true;
		*verdict = run_filters(filter, *filter_prev(filter), call->sd);
		if (!verdict->match)
			return true;
		call->end = verdict->end;
	}
	return false;
}

/* What a redirect has left in the registers stays there, or not. */
static bool settle(struct redirect **redirect, bool run)
{
	if (!*redirect)
		return run;
	if (run)
		return redirect_run(redirect);
	redirect_undo(redirect);
	return false;
}

/*
 * A filter has something against the call. Returns true to run it. @pass: of
 * which this is a second one, or NULL.
 */
static noinline bool contest(u8 mark, bool recheck, const struct call *pass,
			     struct seccomp_data *sd, struct verdict *verdict)
{
	struct redirect *redirect = NULL;
	struct call call = {
		.nr		= sd->nr,
		.recheck	= recheck,
		.mark		= mark,
		.redirect	= pass ? pass->redirect : &redirect,
		.sd		= sd,
	};
	bool run = conclude(&call, verdict);

	return pass ? run : settle(&redirect, run);
}

/*
 * Returns true to run the call, as most are: what only contest() needs is not
 * made ready here.
 */
static noinline bool judge(struct seccomp_filter *filter, u8 mark,
			   bool recheck, const struct call *pass)
{
	struct seccomp_data sd = read_call();
	struct verdict verdict;

	if (mark & MARK_STRICT)
		filter = *filter_prev(filter);
	if (WARN_ON_ONCE(!filter)) {
		verdict = (struct verdict) { .ret = SECCOMP_RET_KILL_PROCESS };
		return contest(mark, recheck, pass, &sd, &verdict);
	}
	/*
	 * evaluate() has asked about the number that the tracer has seen. What is
	 * remembered is not only faster: some kernels exempt their own uprobes'
	 * calls from filters by it.
	 */
	if (recheck && cache_allows(filter, sd.arch, sd.nr))
		return true;
	verdict = run_filters(filter, first_unit_end(mark, filter), &sd);
	return !verdict.match || contest(mark, recheck, pass, &sd, &verdict);
}

/* Most calls are remembered, and need no more than their number. */
static inline bool is_remembered(const struct seccomp_filter *filter, int nr)
{
	return filter && cache_allows(filter, syscall_get_arch(current), nr);
}

static bool evaluate_strict(struct seccomp_filter *strict, u8 mark, int nr,
			    bool recheck)
{
	bool run = is_remembered(*filter_prev(strict), nr) ||
		   judge(strict, mark, recheck, NULL);

	return strict_judge(strict) && run;
}

/* In strict mode, or under a filter that is just being installed. */
static noinline bool evaluate_special(int nr, bool recheck)
{
	struct seccomp_filter *filter;
	u8 mark;

	filter = settled_filter(&mark);
	/* Killed while it waited to be told what it is under, if anything. */
	if (!mark)
		return false;
	/* Nothing can be installed on top of such a filter: it is there to stay. */
	if (mark & MARK_STRICT)
		return evaluate_strict(filter, mark, nr, recheck);
	return is_remembered(filter, nr) || judge(filter, mark, recheck, NULL);
}

static inline bool evaluate(int nr, bool recheck)
{
	struct seccomp_filter *filter;
	u8 mark;

	/* The filter was published before the task was sent here. */
	smp_rmb();
	filter = READ_ONCE(current->seccomp.filter);
	mark = chain_mark(filter);
	if (unlikely(!mark || mark & (MARK_STRICT | MARK_UNSETTLED)))
		return evaluate_special(nr, recheck);
	return is_remembered(filter, nr) || judge(filter, mark, recheck, NULL);
}

/**
 * evaluate_data() - in place of __seccomp_filter(), FILTER_TAKES_DATA
 * @nr: of the call
 * @sd: the caller's copy of the registers, which may be NULL; not used
 * @recheck: the tracer has already been asked
 *
 * Return: 0 to run the call, -1 not to.
 */
int evaluate_data(int nr, const struct seccomp_data *sd, bool recheck)
{
	return evaluate(nr, recheck) ? 0 : -1;
}

/**
 * evaluate_int() - in place of __seccomp_filter(), FILTER_SAYS_ERROR
 * @nr: of the call
 * @recheck: the tracer has already been asked
 *
 * Return: 0 to run the call, -1 not to.
 */
int evaluate_int(int nr, bool recheck)
{
	return evaluate(nr, recheck) ? 0 : -1;
}

/**
 * evaluate_bool() - in place of __seccomp_filter(), FILTER_SAYS_RUN
 * @nr: of the call
 * @recheck: the tracer has already been asked
 *
 * Return: true to run the call.
 */
bool evaluate_bool(int nr, bool recheck)
{
	return evaluate(nr, recheck);
}

/**
 * evaluate_peek() - what one filter says of a call that nobody makes
 * @filter: with a reference
 * @sd: the call
 *
 * Return: SECCOMP_RET_*, action and data.
 */
u32 evaluate_peek(struct seccomp_filter *filter,
		  const struct seccomp_data *sd)
{
	return run_filter(filter, sd);
}

/**
 * evaluate_cached() - is a call always allowed, without a filter being run?
 * @filter: innermost filter of a chain
 * @sd: the call
 *
 * Return: true if so.
 */
bool evaluate_cached(const struct seccomp_filter *filter,
		     const struct seccomp_data *sd)
{
	return cache_allows(filter, sd->arch, sd->nr);
}

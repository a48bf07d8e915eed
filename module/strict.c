// SPDX-License-Identifier: GPL-2.0
/*
 * Strict mode after filters.
 *
 * Stock refuses strict mode to a task that has filters. Here it becomes one
 * more filter, innermost, built by us and marked: its program allows the
 * kernel's own strict list and kills the thread for everything else. So fork,
 * TSYNC and clone treat it as a filter, and so a kernel without our hooks goes
 * on to enforce it. evaluate() leaves its program out, because a kill of its
 * would keep the other filters' verdicts from having effect; it applies the
 * list afterwards, by strict_judge().
 */
#include <linux/compat.h>
#include <linux/err.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/seccomp.h>
#include <linux/signal.h>
#include <linux/string.h>
#include <asm/syscall.h>

#include "chain.h"
#include "evaluate.h"
#include "kernel/kernel.h"
#include "report.h"
#include "strict.h"

/* Two lists, and what stands before, between and behind them. */
#define PROGRAM_MAX (2 * STRICT_LIST_MAX + 9)

static int list_length(const int *list)
{
	int count = 0;

	while (list[count] != -1)
		count++;
	return count;
}

/* One comparison for each number; returns the position behind them. */
static int emit_list(struct bpf_insn *insn, int at, const int *list, int allow)
{
	for (; *list != -1; list++, at++)
		insn[at] = BPF_JMP32_IMM(BPF_JEQ, BPF_REG_3, *list,
					 allow - at - 1);
	return at;
}

/*
 * BPF sign-extends the numbers in its instructions, hence comparisons of 32
 * bits only: an audit architecture has its highest bit set.
 */
static int emit_program(struct bpf_insn *insn)
{
	int native = list_length(kernel.strict);
	int compat = list_length(kernel.strict_compat);
	int kill = 2 + (1 + native + 1) + (1 + compat);
	int allow = kill + 2;
	int at = 0;

	insn[at++] = BPF_LDX_MEM(BPF_W, BPF_REG_2, BPF_REG_1,
				 offsetof(struct seccomp_data, arch));
	insn[at++] = BPF_LDX_MEM(BPF_W, BPF_REG_3, BPF_REG_1,
				 offsetof(struct seccomp_data, nr));
	insn[at++] = BPF_JMP32_IMM(BPF_JNE, BPF_REG_2, SECCOMP_ARCH_NATIVE,
				   native + 1);
	at = emit_list(insn, at, kernel.strict, allow);
	insn[at] = BPF_JMP_A(kill - at - 1);
	at++;
	insn[at] = BPF_JMP32_IMM(BPF_JNE, BPF_REG_2, SECCOMP_ARCH_COMPAT,
				 kill - at - 1);
	at = emit_list(insn, at + 1, kernel.strict_compat, allow);
	insn[at++] = BPF_MOV32_IMM(BPF_REG_0, SECCOMP_RET_KILL_THREAD);
	insn[at++] = BPF_EXIT_INSN();
	insn[at++] = BPF_MOV32_IMM(BPF_REG_0, SECCOMP_RET_ALLOW);
	insn[at++] = BPF_EXIT_INSN();
	return at;
}

static struct bpf_prog *strict_program(void)
{
	struct bpf_insn insn[PROGRAM_MAX];
	int count = emit_program(insn);
	struct bpf_prog *prog;
	int err;

	prog = bpf_prog_alloc(bpf_prog_size(count), GFP_KERNEL_ACCOUNT);
	if (!prog)
		return ERR_PTR(-ENOMEM);
	prog->len = count;
	memcpy(prog->insnsi, insn, bpf_prog_insn_size(prog));
	prog = bpf_prog_select_runtime(prog, &err);
	if (err) {
		bpf_prog_free(prog);
		return ERR_PTR(err);
	}
	return prog;
}

/* No listener, no flags: what stock strict mode would have. */
static struct seccomp_filter *strict_filter(void)
{
	struct bpf_prog *prog = strict_program();
	struct seccomp_filter *filter;

	if (IS_ERR(prog))
		return ERR_CAST(prog);
	filter = chain_new_filter(prog);
	if (!filter) {
		bpf_prog_free(prog);
		return ERR_PTR(-ENOMEM);
	}
	return filter;
}

/**
 * strict_upgrade() - put the calling task, which has filters, in strict mode
 *
 * Source: the strict-upgrade series, v2. Needs no privilege and no
 * no_new_privs: the task only gives up rights.
 *
 * Return: 0; -ENOMEM; -EINTR if killed while hooking; -EBUSY if
 * __seccomp_filter() is held by another; -ENODEV if ftrace is dead or the
 * module is about to go. After an error, the task is what it was.
 */
long strict_upgrade(void)
{
	struct seccomp_filter *filter;
	struct overlay *overlay;

	/* Asked again, while a tracer has suspended our judging. */
	if (chain_mark(READ_ONCE(current->seccomp.filter)) & MARK_STRICT)
		return 0;
	overlay = chain_prepare();
	if (IS_ERR(overlay))
		return PTR_ERR(overlay);
	filter = strict_filter();
	if (IS_ERR(filter)) {
		chain_cancel(overlay);
		return PTR_ERR(filter);
	}
	chain_attach(overlay, filter);

	/* A sibling's TSYNC may change our chain, but for this lock. */
	spin_lock_irq(chain_own_lock());
	kernel_call(disable_tsc)();
	*filter_prev(filter) = current->seccomp.filter;
	*filter_mark(filter) = MARK_STRICT |
			       chain_inherited(current->seccomp.filter);
	/* Whole before a reader without the lock can find it. */
	smp_store_release(&current->seccomp.filter, filter);
	atomic_inc(&current->seccomp.filter_count);
	kernel_call(spec_mitigate)(current);
	spin_unlock_irq(chain_own_lock());
	report(OVERLAY_SECCOMP_EVENT_FILTER, filter, 0);
	return 0;
}

static bool is_listed(int nr)
{
	const int *list = in_compat_syscall() ? kernel.strict_compat :
						kernel.strict;

	for (; *list != -1; list++)
		if (*list == nr)
			return true;
	return false;
}

/**
 * strict_judge() - hold the current call against strict mode's list
 * @filter: innermost filter of the chain
 *
 * Called after the filters have had their say, whatever it was. A kill of
 * theirs stands: it may be for the whole process, ours is for one thread.
 *
 * Return: true if the task is not in strict mode, or the call is listed; it
 * does not return for another call, but with false if even do_exit() does.
 */
bool strict_judge(const struct seccomp_filter *filter)
{
	int nr = syscall_get_nr(current, current_pt_regs());

	if (!(chain_mark(filter) & MARK_STRICT))
		return true;
	if (current->seccomp.mode == SECCOMP_MODE_DEAD)
		return false;
	if (is_listed(nr))
		return true;
	current->seccomp.mode = SECCOMP_MODE_DEAD;
	report(OVERLAY_SECCOMP_EVENT_STRICT_KILL, filter, nr);
	evaluate_log(nr, SIGKILL, SECCOMP_RET_KILL_THREAD, true);
	kernel_call(do_exit)(SIGKILL);
	return false;
}

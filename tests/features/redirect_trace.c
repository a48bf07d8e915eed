// SPDX-License-Identifier: GPL-2.0-only
/*
 * Redirect under a tracer: what each stop shows, what the tracer changes, and
 * that no stop lets the original call run.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "play.h"
#include "redirkit.h"

#define DATA 5
#define ERESTARTSYS 512		/* only tracers see it */

/* Argument 0 of getpgid: NO_PROCESS, and 0 once it is redirected. */
struct traced {
	struct redir t;
	struct notice n;
	pid_t pid;
	long nr;
};

static void traced_start(struct traced *x, bool ia32)
{
	need_redirect();
	if (ia32)
		need_ia32();
	redir_start(&x->t, NULL);
	x->t.shot->ia32 = ia32;
	x->pid = x->t.k.pid;
	x->nr = ia32 ? IA32_getpgid : SYS_getpgid;
}

/* A filter further out than the listener traces what is redirected. */
static void traced_outside(struct traced *x, bool ia32)
{
	traced_start(x, ia32);
	redir_rule(&x->t, &(struct rule){
		.arch = ia32 ? AUDIT_ARCH_I386 : AUDIT_ARCH_X86_64,
		.nr = x->nr, .arg = 0, .value = 0, .action = TRACE | DATA });
}

static void seize(struct traced *x)
{
	NEED(!ptrace(PTRACE_SEIZE, x->pid, NULL,
		     PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD |
		     PTRACE_O_EXITKILL));
}

static void asks(struct traced *x)
{
	redir_load(&x->t, x->nr, NO_PROCESS, 2, 3, 4, 5, 6);
	redir_call(&x->t);
	redir_asked(&x->t, x->t.n - 1, &x->n);
	CHECK_EQ(x->n.arg[0], NO_PROCESS);
}

static void redirects(struct traced *x, uint32_t mask, uint64_t first)
{
	const uint64_t args[6] = { first, 22, 33, 44, 55, 66 };

	CHECK_EQ(redir_args(x->t.listener[x->t.n - 1], &x->n, mask, args), 0);
}

static int stop_of(pid_t pid)
{
	int status = 0;

	NEED(waitpid(pid, &status, __WALL) == pid);
	NEED(WIFSTOPPED(status));
	return status >> 8;
}

static void goes_on(struct traced *x, int how)
{
	NEED(!ptrace(how, x->pid, NULL, NULL));
}

static void event_seccomp(struct traced *x)
{
	unsigned long data = 0;

	CHECK_EQ(stop_of(x->pid), SIGTRAP | PTRACE_EVENT_SECCOMP << 8);
	NEED(!ptrace(PTRACE_GETEVENTMSG, x->pid, NULL, &data));
	CHECK_EQ(data, DATA);
}

static void syscall_stop(struct traced *x)
{
	CHECK_EQ(stop_of(x->pid), SIGTRAP | 0x80);
}

#define USER(reg) offsetof(struct user_regs_struct, reg)

static void pokes(struct traced *x, size_t reg, long value)
{
	NEED(!ptrace(PTRACE_POKEUSER, x->pid, reg, value));
}

/* The registers in the stop: only those in MASK are not the target's own. */
static void sees(struct traced *x, uint32_t mask, uint64_t first)
{
	const uint64_t args[6] = { first, 22, 33, 44, 55, 66 };
	struct regs want = x->t.shot->before, is;
	int i;

	for (i = 0; i < 6; i++)
		if (mask & 1U << i)
			*regs_arg(&want, x->t.shot->ia32, i) = args[i];
	regs_of_tracee(x->pid, &is);
	CHECK(regs_equal(&is, &want, x->t.shot->ia32));
}

static void traced_end(struct traced *x)
{
	redir_end(&x->t);
}

/* The hole: a restore within the stop would make getpgid(NO_PROCESS) run. */
static void runs_redirected(bool ia32)
{
	struct traced x;

	traced_outside(&x, ia32);
	redir_ask_arg(&x.t, x.nr, 0, NO_PROCESS);
	seize(&x);
	asks(&x);
	CHECK_EQ(notice_continue(x.t.listener[1], &x.n), 0);
	CONTROL_EQ(redir_result(&x.t), -ESRCH);
	asks(&x);
	redirects(&x, 1, 0);
	event_seccomp(&x);
	sees(&x, 1, 0);
	goes_on(&x, PTRACE_CONT);
	CHECK_EQ(redir_result(&x.t), getpgrp());
	CHECK(redir_untouched(&x.t));
	asks(&x);
	redirects(&x, ALL_ARGS, 0);
	event_seccomp(&x);
	sees(&x, ALL_ARGS, 0);
	goes_on(&x, PTRACE_SYSCALL);
	syscall_stop(&x);
	sees(&x, 0, 0);
	goes_on(&x, PTRACE_CONT);
	CHECK_EQ(redir_result(&x.t), getpgrp());
	CHECK(redir_untouched(&x.t));
	traced_end(&x);
}

CASE(redirect_trace, "an outer TRACE sees and runs the redirected call")
{
	runs_redirected(false);
}

CASE(redirect_trace_ia32, "also a 32-bit one")
{
	runs_redirected(true);
}

CASE(redirect_trace_nobody, "without a tracer TRACE outside is ENOSYS")
{
	struct traced x;

	traced_outside(&x, false);
	redir_ask_arg(&x.t, x.nr, 0, NO_PROCESS);
	asks(&x);
	redirects(&x, ALL_ARGS, 0);
	CHECK_EQ(redir_result(&x.t), -ENOSYS);
	CHECK(redir_untouched(&x.t));
	asks(&x);
	redirects(&x, ALL_ARGS, x.pid);
	CONTROL_EQ(redir_result(&x.t), getpgrp());
	CHECK(redir_untouched(&x.t));
	traced_end(&x);
}

CASE(redirect_trace_edit, "what the tracer writes over a substitute stays")
{
	struct traced x;

	traced_outside(&x, false);
	redir_ask_arg(&x.t, x.nr, 0, NO_PROCESS);
	seize(&x);
	asks(&x);
	redirects(&x, ALL_ARGS, 0);
	event_seccomp(&x);
	pokes(&x, USER(r10), 0x777);
	pokes(&x, USER(rbx), 0x888);
	goes_on(&x, PTRACE_CONT);
	CHECK_EQ(redir_result(&x.t), getpgrp());
	CHECK_EQ(x.t.shot->after.r10, 0x777);
	CHECK_EQ(x.t.shot->after.bx, 0x888);
	x.t.shot->after.r10 = x.t.shot->before.r10;
	x.t.shot->after.bx = x.t.shot->before.bx;
	CHECK(redir_untouched(&x.t));
	/* The argument that matters: the tracer's call is what runs. */
	asks(&x);
	redirects(&x, 1, 0);
	event_seccomp(&x);
	pokes(&x, USER(rdi), NO_PROCESS + 1);
	goes_on(&x, PTRACE_CONT);
	CONTROL_EQ(redir_result(&x.t), -ESRCH);
	CHECK_EQ(x.t.shot->after.di, NO_PROCESS + 1);
	traced_end(&x);
}

CASE(redirect_trace_skip, "registers come back if the tracer skips the call")
{
	struct traced x;

	traced_outside(&x, false);
	redir_ask_arg(&x.t, x.nr, 0, NO_PROCESS);
	seize(&x);
	asks(&x);
	redirects(&x, ALL_ARGS, 0);
	event_seccomp(&x);
	pokes(&x, USER(orig_rax), -1);
	pokes(&x, USER(rax), FAKED);
	goes_on(&x, PTRACE_CONT);
	CHECK_EQ(redir_result(&x.t), FAKED);
	CHECK(redir_untouched(&x.t));
	asks(&x);
	redirects(&x, ALL_ARGS, 0);
	event_seccomp(&x);
	goes_on(&x, PTRACE_CONT);
	CONTROL_EQ(redir_result(&x.t), getpgrp());
	traced_end(&x);
}

/* After the tracer the call is a new one, which the listener is asked about. */
static void asked_again(struct traced *x)
{
	asks(x);
	redirects(x, 1, 0);
	event_seccomp(x);
	goes_on(x, PTRACE_CONT);
	redir_asked(&x->t, 1, &x->n);
	CHECK_EQ(x->n.arg[0], 0);
	CHECK_EQ(x->n.arg[1], 2);
}

CASE(redirect_trace_again, "after the tracer the whole chain judges, once")
{
	struct traced x;

	traced_outside(&x, false);
	redir_ask(&x.t, x.nr);
	seize(&x);
	asked_again(&x);
	CHECK_EQ(notice_continue(x.t.listener[1], &x.n), 0);
	CHECK_EQ(redir_result(&x.t), getpgrp());
	CHECK(redir_untouched(&x.t));
	asked_again(&x);
	CHECK_EQ(notice_answer(x.t.listener[1], &x.n, FAKED, 0), 0);
	CHECK_EQ(redir_result(&x.t), FAKED);
	CHECK(redir_untouched(&x.t));
	/* To what nobody traces. */
	asked_again(&x);
	redirects(&x, 1, x.pid);
	CONTROL_EQ(redir_result(&x.t), getpgrp());
	CHECK(redir_untouched(&x.t));
	/* And to what would have to be traced a second time. */
	asked_again(&x);
	redirects(&x, 2, 0);
	CHECK_EQ(redir_result(&x.t), -ENOSYS);
	CHECK(redir_untouched(&x.t));
	traced_end(&x);
}

CASE(redirect_trace_killed, "a target killed in the stop leaves nothing")
{
	long refs = module_refs();
	struct traced x;

	traced_outside(&x, false);
	redir_ask(&x.t, x.nr);
	CONTROL(module_refs() > refs);
	seize(&x);
	asks(&x);
	redirects(&x, ALL_ARGS, 0);
	event_seccomp(&x);
	kill(x.pid, SIGKILL);
	CHECK_EQ(redir_reap(&x.t), SIGNALED(SIGKILL));
	CHECK(module_refs_fall_to(refs) <= refs);
}

/* Stops at the entry to the call and at its exit */

/* The target waits for a word, and so does its call to come. */
static void to_entry(struct traced *x)
{
	struct user_regs_struct r;

	NEED(!ptrace(PTRACE_INTERRUPT, x->pid, NULL, NULL));
	stop_of(x->pid);
	redir_load(&x->t, x->nr, NO_PROCESS, 2, 3, 4, 5, 6);
	redir_call(&x->t);
	do {
		goes_on(x, PTRACE_SYSCALL);
		stop_of(x->pid);
		NEED(!ptrace(PTRACE_GETREGS, x->pid, NULL, &r));
	} while (r.orig_rax != (unsigned long)x->nr ||
		 (long)r.rax != -ENOSYS);
}

static void at_exit_stop(bool ia32)
{
	struct traced x;
	struct regs r;

	traced_start(&x, ia32);
	redir_ask(&x.t, x.nr);
	seize(&x);
	to_entry(&x);
	sees(&x, 0, 0);
	goes_on(&x, PTRACE_SYSCALL);
	redir_asked(&x.t, 0, &x.n);
	redirects(&x, ALL_ARGS, 0);
	syscall_stop(&x);
	sees(&x, 0, 0);
	regs_of_tracee(x.pid, &r);
	CHECK_EQ(r.ax, getpgrp());
	goes_on(&x, PTRACE_CONT);
	CHECK_EQ(redir_result(&x.t), getpgrp());
	CHECK(redir_untouched(&x.t));
	asks(&x);
	CHECK_EQ(notice_continue(x.t.listener[0], &x.n), 0);
	CONTROL_EQ(redir_result(&x.t), -ESRCH);
	traced_end(&x);
}

CASE(redirect_trace_exit, "the stop after the call shows the originals")
{
	at_exit_stop(false);
}

CASE(redirect_trace_exit_ia32, "also for a 32-bit caller")
{
	at_exit_stop(true);
}

CASE(redirect_trace_exit_edit, "and what the tracer changes there stays")
{
	struct traced x;

	traced_start(&x, false);
	redir_ask(&x.t, x.nr);
	seize(&x);
	to_entry(&x);
	goes_on(&x, PTRACE_SYSCALL);
	redir_asked(&x.t, 0, &x.n);
	redirects(&x, ALL_ARGS, 0);
	syscall_stop(&x);
	/* One that equals a substitute. */
	pokes(&x, USER(rsi), 22);
	pokes(&x, USER(rdx), 0x777);
	goes_on(&x, PTRACE_CONT);
	CHECK_EQ(redir_result(&x.t), getpgrp());
	CHECK_EQ(x.t.shot->after.si, 22);
	CHECK_EQ(x.t.shot->after.dx, 0x777);
	CONTROL_EQ(x.t.shot->after.di, NO_PROCESS);
	traced_end(&x);
}

CASE(redirect_trace_entry_edit, "what a tracer enters with is the original")
{
	struct traced x;

	traced_start(&x, false);
	redir_ask(&x.t, x.nr);
	seize(&x);
	to_entry(&x);
	pokes(&x, USER(rdi), NO_PROCESS + 1);
	goes_on(&x, PTRACE_CONT);
	redir_asked(&x.t, 0, &x.n);
	CONTROL_EQ(x.n.arg[0], NO_PROCESS + 1);
	redirects(&x, ALL_ARGS, 0);
	CHECK_EQ(redir_result(&x.t), getpgrp());
	CHECK_EQ(x.t.shot->after.di, NO_PROCESS + 1);
	x.t.shot->after.di = NO_PROCESS;
	CHECK(redir_untouched(&x.t));
	traced_end(&x);
}

/* A stop that interrupts the call */

CASE(redirect_trace_interrupt, "a stop in the call shows the originals")
{
	struct notice *n;
	struct traced x;
	int p[2];

	need_redirect();
	n = &x.n;
	NEED(!pipe(p));
	traced_start(&x, false);
	redir_ask_arg(&x.t, SYS_read, 0, MARKED_FD);
	seize(&x);
	redir_load(&x.t, SYS_read, MARKED_FD, (long)x.t.shot->text, 8, 4, 5, 6);
	redir_call(&x.t);
	redir_asked(&x.t, 0, n);
	CHECK_EQ(redir_arg(x.t.listener[0], n, 0, p[0]), 0);
	redir_blocked(&x.t, SYS_read, 0, p[0]);
	NEED(!ptrace(PTRACE_INTERRUPT, x.pid, NULL, NULL));
	CHECK_EQ(stop_of(x.pid), SIGTRAP | PTRACE_EVENT_STOP << 8);
	sees(&x, 0, 0);
	CHECK_EQ(ptrace(PTRACE_PEEKUSER, x.pid, USER(rax), NULL),
		 -ERESTARTSYS);
	CHECK(redir_asked_nobody(&x.t, 0));
	goes_on(&x, PTRACE_CONT);
	redir_asked(&x.t, 0, n);
	CHECK_EQ(n->arg[0], MARKED_FD);
	CHECK_EQ(notice_continue(x.t.listener[0], n), 0);
	CONTROL_EQ(redir_result(&x.t), -EBADF);
	traced_end(&x);
	close(p[0]);
	close(p[1]);
}

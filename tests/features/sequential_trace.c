// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sequential and nested chains under a tracer: after it the call is a new one,
 * which the whole chain judges once, and in which TRACE ends nothing.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nest.h"

static void traced(struct nest *t)
{
	need_sequential();
	need_nested();
	NEED(!ptrace(PTRACE_SEIZE, t->k.pid, NULL,
		     PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL));
}

/* The tracer is stopped for, by TRACE with that data. */
static void stops(struct nest *t, unsigned long want)
{
	unsigned long data = 0;
	int status = 0;

	NEED(waitpid(t->k.pid, &status, __WALL) == t->k.pid);
	CHECK_EQ(status >> 8, SIGTRAP | PTRACE_EVENT_SECCOMP << 8);
	NEED(!ptrace(PTRACE_GETEVENTMSG, t->k.pid, NULL, &data));
	CHECK_EQ(data, want);
}

static void lets_go(struct nest *t)
{
	NEED(!ptrace(PTRACE_CONT, t->k.pid, NULL, NULL));
}

static void changes(struct nest *t, long nr, long arg0, long rax)
{
	struct user_regs_struct r;

	NEED(!ptrace(PTRACE_GETREGS, t->k.pid, NULL, &r));
	r.orig_rax = nr;
	r.rdi = arg0;
	r.rax = rax;
	NEED(!ptrace(PTRACE_SETREGS, t->k.pid, NULL, &r));
	lets_go(t);
}

CASE(trace_goes_outward, "a TRACE that passes goes on to the filters outside")
{
	struct nest t;

	NEST(&t, SEQUENTIAL, SEQUENTIAL, SEQUENTIAL);
	CALL(&t, DENY, TRACE | 1, PASS);
	CONTROL_EQ(nest_result(&t), -ENOSYS);
	traced(&t);
	CALL(&t, DENY, TRACE | 1, PASS);
	stops(&t, 1);
	lets_go(&t);
	CHECK_EQ(nest_result(&t), -DENIED);
	CALL(&t, PASS, TRACE | 2, PASS);
	stops(&t, 2);
	lets_go(&t);
	RAN(&t);
	CALL(&t, SECCOMP_RET_LOG, PASS, TRACE | 3);
	stops(&t, 3);
	lets_go(&t);
	RAN(&t);
	nest_end(&t);
}

CASE(trace_once, "the tracer is asked once a call, TRACE then allows")
{
	struct nest t;

	NEST(&t, SEQUENTIAL, SEQUENTIAL, SEQUENTIAL);
	traced(&t);
	CALL(&t, TRACE | 1, TRACE | 2, TRACE | 3);
	stops(&t, 3);
	lets_go(&t);
	RAN(&t);
	/* In the control the chain is stock's. */
	nest_end(&t);
	NEST(&t, 0, 0, 0);
	traced(&t);
	CALL(&t, TRACE | 1, TRACE | 2, TRACE | 3);
	stops(&t, 3);
	lets_go(&t);
	CONTROL_EQ(nest_result(&t), t.parent);
	nest_end(&t);
}

CASE(trace_inner_errno, "an inner errno ends it before an outer TRACE")
{
	struct nest t;

	NEST(&t, SEQUENTIAL, SEQUENTIAL, 0);
	traced(&t);
	CALL(&t, TRACE | 1, PASS, DENY);
	CHECK_EQ(nest_result(&t), -DENIED);
	CALL(&t, TRACE | 1, PASS, PASS);
	stops(&t, 1);
	lets_go(&t);
	CONTROL_EQ(nest_result(&t), t.parent);
	nest_end(&t);
}

CASE(trace_unit, "within what did not agree TRACE loses as in stock")
{
	struct nest t;

	NEST(&t, SEQUENTIAL, 0, 0);
	traced(&t);
	CALL(&t, PASS, REFUSE(3), TRACE | 1);
	CHECK_EQ(nest_result(&t), -3);
	CALL(&t, DENY, PASS, TRACE | 1);
	stops(&t, 1);
	lets_go(&t);
	CHECK_EQ(nest_result(&t), -DENIED);
	CALL(&t, PASS, TRACE | 2, TRACE | 1);
	stops(&t, 1);
	lets_go(&t);
	CONTROL_EQ(nest_result(&t), t.parent);
	nest_end(&t);
}

CASE(trace_rejudged, "what the tracer left is judged from the innermost on")
{
	struct nest t;

	NEST(&t, SEQUENTIAL, SEQUENTIAL);
	traced(&t);
	/* Argument 0 is the outermost's verdict. */
	CALL(&t, PASS, TRACE | 1);
	stops(&t, 1);
	changes(&t, PROBE_NR, DENY, -ENOSYS);
	CHECK_EQ(nest_result(&t), -DENIED);
	/* The outer traces, and what it left the inner refuses. */
	nest_end(&t);
	NEST(&t, SEQUENTIAL, SEQUENTIAL);
	MUST(nest_add(&t, 0));
	traced(&t);
	CALL(&t, TRACE | 1, PASS, PASS);
	stops(&t, 1);
	changes(&t, SYS_getsid, 0, -ENOSYS);
	CHECK_EQ(nest_result(&t), raw(SYS_getsid, 0));
	CALL(&t, TRACE | 1, PASS, PASS);
	stops(&t, 1);
	changes(&t, -1, 0, FAKED);
	CHECK_EQ(nest_result(&t), FAKED);
	CALL(&t, DENY, PASS, PASS);
	CONTROL_EQ(nest_result(&t), -DENIED);
	nest_end(&t);
}

static void inner_rejudges(struct kid *k)
{
	const uint32_t v[LOW_LAYERS] = { TRACE | 1, PASS };
	long go;

	no_new_privs();
	MUST(layer_install(0, SEQUENTIAL));
	/* Innermost: refuses getuid. */
	MUST(filter(SEQUENTIAL, SYS_getuid, DENY));
	say(k, raw(SYS_getuid));
	hear(k, &go);
	say(k, probe(v));
}

CASE(trace_inner_again, "the inner filter judges what an outer tracer made")
{
	struct nest t = { .parent = getpid() };

	kid_start(&t.k, inner_rejudges, NULL);
	CONTROL_EQ(heard(&t.k), -DENIED);
	traced(&t);
	say(&t.k, 0);
	stops(&t, 1);
	changes(&t, SYS_getuid, 0, -ENOSYS);
	CHECK_EQ(nest_result(&t), -DENIED);
	CHECK_EQ(ending(kid_wait(&t.k)), 0);
}

/* uprobe(2), which has no name in older headers. */
#define NR_UPROBE 336

struct layers {
	unsigned int flags;
	int refused;
};

static void refuses(struct kid *k)
{
	const struct layers *l = k->arg;
	const uint32_t v[LOW_LAYERS] = { TRACE | 1 };

	no_new_privs();
	MUST(layer_install(0, l->flags));
	MUST(filter(l->flags, l->refused, DENY));
	say(k, 0);
	hear(k, &(long){ 0 });
	say(k, probe(v));
}

/* What a call comes to that a tracer makes of another, and a filter refuses. */
static long traced_result(unsigned int flags, int nr)
{
	struct layers l = { flags, nr };
	struct nest t = { };
	long result;

	kid_start(&t.k, refuses, &l);
	heard(&t.k);
	traced(&t);
	say(&t.k, 0);
	stops(&t, 1);
	changes(&t, nr, 0, -ENOSYS);
	result = nest_result(&t);
	kid_wait(&t.k);
	return result;
}

CASE(trace_exempt, "a call that the kernel exempts from filters is so after it")
{
	CHECK_EQ(traced_result(SEQUENTIAL, NR_UPROBE),
		 traced_result(0, NR_UPROBE));
	CONTROL_EQ(traced_result(SEQUENTIAL, SYS_getuid), -DENIED);
}

CASE(trace_asks_again, "a supervisor further in is asked about the new call")
{
	struct nest t;

	NEST(&t, SEQUENTIAL, SEQUENTIAL | NESTABLE);
	traced(&t);
	CALL(&t, TRACE | 1, ASK);
	asked_continue(&t, 1);
	stops(&t, 1);
	lets_go(&t);
	asked_continue(&t, 1);
	RAN(&t);
	CALL(&t, TRACE | 1, ASK);
	asked_continue(&t, 1);
	stops(&t, 1);
	lets_go(&t);
	asked_answer(&t, 1, FAKED, 0);
	CHECK_EQ(nest_result(&t), FAKED);
	CALL(&t, TRACE | 1, ASK);
	asked_answer(&t, 1, FAKED, 0);
	CONTROL_EQ(nest_result(&t), FAKED);
	nest_end(&t);
}

CASE(trace_outer_asked, "an outer supervisor is asked after the tracer")
{
	struct nest t;

	NEST(&t, SEQUENTIAL | NESTABLE, SEQUENTIAL);
	traced(&t);
	CALL(&t, ASK, TRACE | 1);
	stops(&t, 1);
	CHECK(nobody_asked(&t, 20));
	lets_go(&t);
	asked_continue(&t, 0);
	RAN(&t);
	nest_close(&t, 0);
	CALL(&t, ASK, TRACE | 1);
	stops(&t, 1);
	lets_go(&t);
	CHECK_EQ(nest_result(&t), -ENOSYS);
	CALL(&t, PASS, PASS);
	CONTROL_EQ(nest_result(&t), t.parent);
	nest_end(&t);
}

CASE(trace_nested, "in a nested chain stock's order of verdicts holds")
{
	struct nest t;

	NEST(&t, NESTABLE, 0, NESTABLE);
	traced(&t);
	/* To ask is stricter than to trace. */
	CALL(&t, ASK, TRACE | 1, ASK);
	asked_continue(&t, 2);
	asked_continue(&t, 0);
	RAN(&t);
	CALL(&t, PASS, TRACE | 1, PASS);
	stops(&t, 1);
	lets_go(&t);
	RAN(&t);
	/* The tracer makes it a call that is asked about at both levels. */
	CALL(&t, PASS, TRACE | 1, ASK);
	asked_continue(&t, 2);
	RAN(&t);
	CALL(&t, PASS, TRACE | 1, PASS);
	stops(&t, 1);
	changes(&t, PROBE_NR, ASK, -ENOSYS);
	asked_continue(&t, 0);
	CONTROL_EQ(nest_result(&t), t.parent);
	nest_end(&t);
}

CASE(trace_killed, "a target killed in the stop does not make the call")
{
	long refs = module_refs();
	struct nest t;

	NEST(&t, SEQUENTIAL | NESTABLE, SEQUENTIAL | NESTABLE);
	traced(&t);
	CALL(&t, ASK, TRACE | 1);
	stops(&t, 1);
	CONTROL(module_refs_now() > refs);
	kill(t.k.pid, SIGKILL);
	CHECK_EQ(ending(kid_wait(&t.k)), SIGNALED(SIGKILL));
	CHECK(!notice_waits(t.listener[0], 0));
	CHECK(listener_hung_up(t.listener[0], 5000));
	nest_close(&t, 0);
	nest_close(&t, 1);
	CHECK(module_refs_fall_to(refs) <= refs);
}

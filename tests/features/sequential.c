// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sequential evaluation, against a model of it: chains of up to four filters,
 * each of which agreed or did not, under every combination of verdicts.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nest.h"

#define MAX_DEPTH 4

/* What a filter says; of two that ask, what its supervisor answers. */
enum verdict { V_PASS, V_LOG, V_ERRNO, V_TRAP, V_TRACE, V_ASK_CONTINUE,
	       V_ASK_ERRNO, V_KILL_THREAD, V_KILL_PROCESS };

struct chain {
	int n;
	bool agreed[MAX_DEPTH];		/* outermost first */
	bool listens[MAX_DEPTH];
	enum verdict v[MAX_DEPTH];
};

/* What a call comes to. */
struct end {
	enum { END_RAN, END_VALUE, END_TRAP, END_DEATH } how;
	long value;
	int asked[MAX_DEPTH];		/* in this order */
	int n_asked;
};

/* By which errno filter I refuses, and its supervisor. */
static int errno_of(int i)
{
	return 200 + i;
}

static int answer_of(int i)
{
	return 220 + i;
}

static uint32_t action_of(enum verdict v, int i)
{
	switch (v) {
	case V_LOG:
		return SECCOMP_RET_LOG;
	case V_ERRNO:
		return REFUSE(errno_of(i));
	case V_TRAP:
		return TRAP | i;
	case V_TRACE:
		return TRACE | i;
	case V_ASK_CONTINUE:
	case V_ASK_ERRNO:
		return ASK;
	case V_KILL_THREAD:
		return KILL_THREAD;
	case V_KILL_PROCESS:
		return KILL_PROCESS;
	default:
		return PASS;
	}
}

/* The model */

/* Of several verdicts the one that stock takes. */
static int strictness(enum verdict v)
{
	switch (v) {
	case V_KILL_PROCESS:
		return 7;
	case V_KILL_THREAD:
		return 6;
	case V_TRAP:
		return 5;
	case V_ERRNO:
		return 4;
	case V_ASK_CONTINUE:
	case V_ASK_ERRNO:
		return 3;
	case V_TRACE:
		return 2;
	case V_LOG:
		return 1;
	default:
		return 0;
	}
}

static bool asks(enum verdict v)
{
	return v == V_ASK_CONTINUE || v == V_ASK_ERRNO;
}

static bool model_value(struct end *e, long value)
{
	e->how = END_VALUE;
	e->value = value;
	return false;
}

/* Filters FROM (inward of it) to TO, judged together; true: it goes on. */
static bool model_ask(const struct chain *c, int from, int to, struct end *e)
{
	int i;

	for (i = to; i >= from; i--) {
		if (!asks(c->v[i]))
			continue;
		if (!c->listens[i])
			return model_value(e, -ENOSYS);
		e->asked[e->n_asked++] = i;
		if (c->v[i] == V_ASK_ERRNO)
			return model_value(e, -answer_of(i));
	}
	return true;
}

static bool model_unit(const struct chain *c, int from, int to, struct end *e)
{
	int best = to, i;

	for (i = to; i >= from; i--)
		if (strictness(c->v[i]) > strictness(c->v[best]))
			best = i;
	switch (c->v[best]) {
	case V_ERRNO:
		return model_value(e, -errno_of(best));
	case V_TRAP:
		e->how = END_TRAP;
		e->value = best;
		return false;
	case V_TRACE:
		/* Nobody traces. */
		return model_value(e, -ENOSYS);
	case V_KILL_THREAD:
	case V_KILL_PROCESS:
		e->how = END_DEATH;
		return false;
	case V_ASK_CONTINUE:
	case V_ASK_ERRNO:
		return model_ask(c, from, to, e);
	default:
		return true;
	}
}

static struct end model(const struct chain *c)
{
	struct end e = { .how = END_RAN };
	int unit = 0, i;

	/* The outermost that did not agree, or the innermost. */
	while (unit < c->n - 1 && c->agreed[unit])
		unit++;
	if (!model_unit(c, unit, c->n - 1, &e))
		return e;
	for (i = unit - 1; i >= 0; i--)
		if (!model_unit(c, i, i, &e))
			return e;
	return e;
}

/* The real thing */

#define TRAPPED 0x100000

/* The result of a trapped call says which filter did it. */
static void on_sigsys(int sig, siginfo_t *info, void *context)
{
	ucontext_t *u = context;

	(void)sig;
	u->uc_mcontext.gregs[REG_RAX] = TRAPPED + info->si_errno;
}

static void handle_traps(void)
{
	handle_signal(SIGSYS, 0, on_sigsys);
}

static struct chain chain_of(int n, unsigned int agreed, unsigned int listens)
{
	struct chain c = { .n = n };
	int i;

	for (i = 0; i < n; i++) {
		c.agreed[i] = agreed & 1U << i;
		c.listens[i] = listens & 1U << i;
	}
	return c;
}

static void chain_start(struct nest *t, const struct chain *c)
{
	unsigned long flags[MAX_DEPTH] = { };
	int i;

	for (i = 0; i < c->n; i++)
		flags[i] = (c->agreed[i] ? SEQUENTIAL : 0) |
			   (c->listens[i] ? NESTABLE : 0);
	nest_start_with(t, flags, c->n, handle_traps);
}

/* The combination NUMBER of verdicts out of a SET. */
static void choose(struct chain *c, const enum verdict *set, int size,
		   unsigned int number)
{
	int i;

	for (i = 0; i < c->n; i++) {
		c->v[i] = set[number % size];
		number /= size;
	}
}

static unsigned int combinations(int size, int n)
{
	return n ? size * combinations(size, n - 1) : 1;
}

static void describe(const struct chain *c, const struct end *want, long got)
{
	static const char * const name[] = {
		"pass", "log", "errno", "trap", "trace", "ask-continue",
		"ask-errno", "kill-thread", "kill-process",
	};
	int i;

	for (i = 0; i < c->n; i++)
		diag("filter %d:%s%s %s", i, c->agreed[i] ? " agreed" : "",
		     c->listens[i] ? " listens" : "", name[c->v[i]]);
	diag("model: end %d, %ld; got %ld", want->how, want->value, got);
}

static long expected(const struct end *e, long parent)
{
	if (e->how == END_RAN)
		return parent;
	return e->how == END_TRAP ? TRAPPED + e->value : e->value;
}

static void supervise(struct nest *t, const struct chain *c, int i)
{
	if (c->v[i] == V_ASK_CONTINUE)
		asked_continue(t, i);
	else
		asked_answer(t, i, 0, -answer_of(i));
}

static void compare(struct nest *t, const struct chain *c)
{
	struct end want = model(c);
	uint32_t v[LOW_LAYERS] = { 0 };
	long got;
	int i;

	for (i = 0; i < c->n; i++)
		v[i] = action_of(c->v[i], i);
	nest_call(t, v);
	for (i = 0; i < want.n_asked; i++)
		supervise(t, c, want.asked[i]);
	got = nest_result(t);
	if (got != expected(&want, t->parent))
		describe(c, &want, got);
	CHECK_EQ(got, expected(&want, t->parent));
}

static unsigned int compare_all(const struct chain *shape,
				const enum verdict *set, int size)
{
	unsigned int all = combinations(size, shape->n), i;
	struct chain c = *shape;
	struct nest t;

	chain_start(&t, &c);
	for (i = 0; i < all; i++) {
		choose(&c, set, size, i);
		compare(&t, &c);
	}
	nest_end(&t);
	return all;
}

static const enum verdict quiet[] = { V_PASS, V_LOG, V_ERRNO, V_TRAP };
static const enum verdict every[] = { V_PASS, V_LOG, V_ERRNO, V_TRAP, V_TRACE,
				      V_ASK_CONTINUE, V_ASK_ERRNO };

CASE_SLOW(sequential_all, "every agreement, every verdict, up to four filters",
	  6)
{
	unsigned int mask, count = 0;
	int n;

	need_sequential();
	for (n = 1; n <= MAX_DEPTH; n++)
		for (mask = 0; mask < 1U << n; mask++) {
			struct chain c = chain_of(n, mask, 0);

			count += compare_all(&c, quiet, ARRAY_SIZE(quiet));
		}
	diag("%u calls", count);
}

CASE_SLOW(sequential_listeners, "the same with supervisors, up to three", 12)
{
	unsigned int mask, count = 0;
	int n;

	need_sequential();
	need_nested();
	for (n = 1; n <= 3; n++)
		for (mask = 0; mask < 1U << n; mask++) {
			struct chain c = chain_of(n, mask, ~0U);

			count += compare_all(&c, every, ARRAY_SIZE(every));
		}
	diag("%u calls", count);
}

CASE_SLOW(sequential_few_listeners, "the same where not every filter has one",
	  12)
{
	unsigned int mask, listens, count = 0;

	need_sequential();
	need_nested();
	/* Overlay listeners only, at least one: others are not nested. */
	for (mask = 1; mask < 8; mask++)
		for (listens = 1; listens < 7; listens++) {
			struct chain c = chain_of(3, mask, listens);

			count += compare_all(&c, every, ARRAY_SIZE(every));
		}
	diag("%u calls", count);
}

static unsigned int next_random(unsigned int *state)
{
	*state = *state * 1103515245 + 12345;
	return *state >> 8;
}

CASE_SLOW(sequential_four_listeners, "the same with four, by random choice", 12)
{
	unsigned int calls = scaled(400), state = 1, mask, i;

	need_sequential();
	need_nested();
	for (mask = 0; mask < 16; mask++) {
		struct chain c = chain_of(4, mask, ~0U);
		struct nest t;

		chain_start(&t, &c);
		for (i = 0; i < calls; i++) {
			choose(&c, every, ARRAY_SIZE(every),
			       next_random(&state) %
			       combinations(ARRAY_SIZE(every), 4));
			compare(&t, &c);
		}
		nest_end(&t);
	}
}

/* Deaths: each needs a task of its own, so a choice. */

static void compare_death(const struct chain *c)
{
	struct end want = model(c);
	uint32_t v[LOW_LAYERS] = { 0 };
	struct nest t;
	int i;

	chain_start(&t, c);
	for (i = 0; i < c->n; i++)
		v[i] = action_of(c->v[i], i);
	nest_call(&t, v);
	if (want.how == END_DEATH) {
		CHECK_EQ(ending(kid_wait(&t.k)), SIGNALED(SIGSYS));
		close(t.k.in);
		close(t.k.out);
		close(t.k.pidfd);
		return;
	}
	CHECK_EQ(nest_result(&t), expected(&want, t.parent));
	nest_end(&t);
}

CASE_SLOW(sequential_kill, "a filter that kills, and whom it comes to", 6)
{
	static const enum verdict set[] = { V_PASS, V_ERRNO, V_KILL_THREAD,
					    V_KILL_PROCESS };
	unsigned int mask, i;

	need_sequential();
	for (mask = 0; mask < 4; mask++)
		for (i = 0; i < combinations(ARRAY_SIZE(set), 2); i++) {
			struct chain c = chain_of(2, mask, 0);

			choose(&c, set, ARRAY_SIZE(set), i);
			compare_death(&c);
		}
}

/* What the text of the design says, in so many words */

CASE(sequential_inner_decides, "where the outer agreed, the inner decides")
{
	struct nest t;

	need_sequential();
	NEST(&t, SEQUENTIAL, 0);
	CALL(&t, DENY, REFUSE(1));
	CHECK_EQ(nest_result(&t), -1);
	/* KILL further out is not reached. */
	CALL(&t, KILL_PROCESS, REFUSE(1));
	CHECK_EQ(nest_result(&t), -1);
	CALL(&t, DENY, PASS);
	CHECK_EQ(nest_result(&t), -DENIED);
	nest_end(&t);
	NEST(&t, 0, SEQUENTIAL);
	CALL(&t, KILL_PROCESS, REFUSE(1));
	CONTROL_EQ(ending(kid_wait(&t.k)), SIGNALED(SIGSYS));
}

CASE(sequential_unaware, "a policy that did not agree is not bypassed")
{
	struct nest t;

	need_sequential();
	NEST(&t, SEQUENTIAL, 0, SEQUENTIAL, 0);
	CALL(&t, PASS, DENY, PASS, REFUSE(1));
	CHECK_EQ(nest_result(&t), -1);
	CALL(&t, DENY, PASS, PASS, REFUSE(1));
	CONTROL_EQ(nest_result(&t), -1);
	CALL(&t, PASS, KILL_PROCESS, PASS, REFUSE(1));
	CHECK_EQ(ending(kid_wait(&t.k)), SIGNALED(SIGSYS));
}

CASE(sequential_ask_then_errno, "an inner CONTINUE goes on to an outer errno")
{
	struct nest t;

	need_sequential();
	need_nested();
	NEST(&t, SEQUENTIAL, SEQUENTIAL | NESTABLE);
	CALL(&t, DENY, ASK);
	asked_continue(&t, 1);
	CHECK_EQ(nest_result(&t), -DENIED);
	CALL(&t, DENY, ASK);
	asked_answer(&t, 1, FAKED, 0);
	CHECK_EQ(nest_result(&t), FAKED);
	nest_end(&t);
	/* Not agreed: the errno wins, and the supervisor is not asked. */
	NEST(&t, 0, SEQUENTIAL | NESTABLE);
	CALL(&t, DENY, ASK);
	CONTROL_EQ(nest_result(&t), -DENIED);
	CHECK(nobody_asked(&t, 20));
	nest_end(&t);
}

CASE(sequential_plain_listener, "one stock listener in a sequential chain")
{
	struct nest t;

	need_sequential();
	NEST(&t, SEQUENTIAL, SEQUENTIAL | NEW_LISTENER, 0);
	CALL(&t, DENY, ASK, PASS);
	asked_continue(&t, 1);
	CHECK_EQ(nest_result(&t), -DENIED);
	CALL(&t, DENY, ASK, REFUSE(3));
	CHECK_EQ(nest_result(&t), -3);
	CHECK(nobody_asked(&t, 20));
	CONTROL_EQ(nest_add(&t, NEW_LISTENER), -EBUSY);
	CHECK_EQ(nest_add(&t, NESTABLE), -EBUSY);
	nest_close(&t, 1);
	CALL(&t, PASS, ASK, PASS);
	CHECK_EQ(nest_result(&t), -ENOSYS);
	nest_end(&t);
}

CASE(sequential_closed, "a listener closed since gives ENOSYS, nothing runs")
{
	struct nest t;

	need_sequential();
	need_nested();
	NEST(&t, SEQUENTIAL | NESTABLE, SEQUENTIAL | NESTABLE);
	CALL(&t, ASK, ASK);
	asked_continue(&t, 1);
	asked_continue(&t, 0);
	CONTROL_EQ(nest_result(&t), t.parent);
	CALL(&t, ASK, ASK);
	asked_continue(&t, 1);
	CHECK(nest_pending(&t));
	nest_close(&t, 0);
	CHECK_EQ(nest_result(&t), -ENOSYS);
	CALL(&t, ASK, ASK);
	asked_continue(&t, 1);
	CHECK_EQ(nest_result(&t), -ENOSYS);
	CALL(&t, PASS, ASK);
	asked_continue(&t, 1);
	RAN(&t);
	nest_end(&t);
}

CASE(sequential_ia32, "a 32-bit caller is judged in the same order")
{
	struct nest t;

	need_sequential();
	need_ia32();
	NEST(&t, SEQUENTIAL, SEQUENTIAL, 0);
	t.ia32 = true;
	CALL(&t, KILL_PROCESS, DENY, PASS);
	CHECK_EQ(nest_result(&t), -DENIED);
	CALL(&t, KILL_PROCESS, DENY, REFUSE(1));
	CHECK_EQ(nest_result(&t), -1);
	CALL(&t, PASS, PASS, PASS);
	RAN(&t);
	nest_end(&t);
	NEST(&t, 0, SEQUENTIAL, 0);
	t.ia32 = true;
	CALL(&t, KILL_PROCESS, DENY, REFUSE(1));
	CONTROL_EQ(ending(kid_wait(&t.k)), SIGNALED(SIGSYS));
}

/* The flag */

static long install_flags(unsigned long flags, const void *prog)
{
	return raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, prog);
}

CASE(sequential_flag, "the flag alone, with others, and with no filter")
{
	const unsigned long ok[] = {
		SEQUENTIAL, SEQUENTIAL | SECCOMP_FILTER_FLAG_LOG,
		SEQUENTIAL | TSYNC, SEQUENTIAL | SECCOMP_FILTER_FLAG_SPEC_ALLOW,
		SEQUENTIAL | NEW_LISTENER,
		SEQUENTIAL | NEW_LISTENER | TSYNC | TSYNC_ESRCH,
	};
	const unsigned long bad[] = {
		SEQUENTIAL | 1UL << 20, SEQUENTIAL | 1UL << 31,
		SEQUENTIAL | (NESTABLE & ~NEW_LISTENER),
		SEQUENTIAL | NEW_LISTENER | TSYNC, SEQUENTIAL | KILLABLE,
	};
	unsigned int i;
	long fd;

	need_sequential();
	no_new_privs();
	for (i = 0; i < ARRAY_SIZE(ok); i++) {
		CHECK_EQ(install_flags(ok[i], NULL), -EFAULT);
		fd = layer_install(i % LOW_LAYERS, ok[i]);
		CHECK(fd >= 0);
		if (ok[i] & NEW_LISTENER)
			close(fd);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		CHECK_EQ(install_flags(bad[i], NULL), -EINVAL);
		CHECK_EQ(layer_install(0, bad[i]), -EINVAL);
	}
	CONTROL_EQ(proc_status(getpid(), "Seccomp_filters"), ARRAY_SIZE(ok));
}

static void agreed_thread(struct kid *k)
{
	const uint32_t v[LOW_LAYERS] = { DENY, REFUSE(1) };
	long go;

	hear(k, &go);
	say(k, probe(v));
}

CASE(sequential_tsync, "TSYNC takes the agreement to the other threads")
{
	const uint32_t v[LOW_LAYERS] = { KILL_PROCESS, REFUSE(1) };
	struct thr t;

	need_sequential();
	no_new_privs();
	thr_start(&t, agreed_thread, NULL);
	CONTROL_EQ(probe(v), getppid());
	CHECK_EQ(layer_install(0, SEQUENTIAL | TSYNC), 0);
	CHECK_EQ(layer_install(1, TSYNC), 0);
	say(&t.side, 0);
	CHECK_EQ(heard(&t.side), -1);
	CHECK_EQ(probe(v), -1);
}

CASE(sequential_failed, "a failed install leaves no agreement")
{
	long refs = module_refs();
	struct sock_fprog empty = { .len = 0 };
	struct nest t;

	need_sequential();
	no_new_privs();
	CHECK_EQ(install_flags(SEQUENTIAL, &empty), -EINVAL);
	CHECK_EQ(install_flags(SEQUENTIAL, (void *)8), -EFAULT);
	CHECK(module_refs_fall_to(refs) <= refs);
	NEST(&t, SEQUENTIAL);
	CONTROL(module_refs() > refs);
	nest_end(&t);
	CHECK(module_refs_fall_to(refs) <= refs);
}

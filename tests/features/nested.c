// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nested listeners: who is asked, in which order, and what it comes to.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "nest.h"

/* Order and answers */

CASE(nested_one, "the first overlay listener serves as a stock one does")
{
	struct nest t;

	NEST(&t, NESTABLE);
	CALL(&t, ASK);
	asked_continue(&t, 0);
	RAN(&t);
	CALL(&t, ASK);
	asked_answer(&t, 0, FAKED, 0);
	CHECK_EQ(nest_result(&t), FAKED);
	CALL(&t, ASK);
	asked_answer(&t, 0, 0, -DENIED);
	CHECK_EQ(nest_result(&t), -DENIED);
	nest_end(&t);
}

CASE(nested_order, "the inner is asked first, after its CONTINUE the outer")
{
	struct nest t;

	NEST(&t, NESTABLE, NESTABLE, NESTABLE);
	CALL(&t, ASK, ASK, ASK);
	asked_continue(&t, 2);
	asked_continue(&t, 1);
	CHECK(nest_pending(&t));
	asked_continue(&t, 0);
	RAN(&t);
	nest_end(&t);
}

CASE(nested_plain_inner, "a listener below an overlay listener needs no flag")
{
	struct nest t;

	NEST(&t, NESTABLE, NEW_LISTENER);
	CALL(&t, ASK, ASK);
	asked_continue(&t, 1);
	asked_continue(&t, 0);
	RAN(&t);
	nest_end(&t);
}

static void answers_at(struct nest *t, int layer, long val, int error)
{
	int i;

	CALL(t, ASK, ASK, ASK);
	for (i = 2; i > layer; i--)
		asked_continue(t, i);
	asked_answer(t, layer, val, error);
	CHECK_EQ(nest_result(t), error ? error : val);
	CHECK(nobody_asked(t, 20));
}

CASE(nested_answer_ends, "any answer but CONTINUE ends it, at any level")
{
	struct nest t;
	int i;

	NEST(&t, NESTABLE, NESTABLE, NEW_LISTENER);
	for (i = 0; i < 3; i++) {
		answers_at(&t, i, FAKED + i, 0);
		answers_at(&t, i, 0, 0);
		answers_at(&t, i, -1, 0);
		answers_at(&t, i, 0, -DENIED);
	}
	nest_end(&t);
}

CASE(nested_only_askers, "only filters whose own verdict is to ask take part")
{
	uint32_t v[LOW_LAYERS] = { 0 };
	struct nest t;
	int mask, i;

	NEST(&t, NESTABLE, NESTABLE, NESTABLE, NESTABLE);
	for (mask = 0; mask < 16; mask++) {
		for (i = 0; i < 4; i++)
			v[i] = mask & 1 << i ? ASK : PASS;
		nest_call(&t, v);
		for (i = 3; i >= 0; i--)
			if (mask & 1 << i)
				asked_continue(&t, i);
		RAN(&t);
	}
	nest_end(&t);
}

CASE(nested_weaker, "LOG and TRACE of others lose to a listener")
{
	const uint32_t weak[] = { PASS, SECCOMP_RET_LOG, TRACE };
	struct nest t;
	unsigned int i;

	NEST(&t, NESTABLE, 0, NESTABLE, 0);
	for (i = 0; i < ARRAY_SIZE(weak); i++) {
		CALL(&t, ASK, weak[i], ASK, weak[i]);
		asked_continue(&t, 2);
		asked_continue(&t, 0);
		RAN(&t);
		CALL(&t, weak[i], weak[i], ASK, weak[i]);
		asked_continue(&t, 2);
		RAN(&t);
		CALL(&t, ASK, weak[i], weak[i], weak[i]);
		asked_continue(&t, 0);
		RAN(&t);
	}
	nest_end(&t);
}

CASE(nested_errno_wins, "a filter's errno wins, and nobody is asked")
{
	uint32_t v[LOW_LAYERS];
	struct nest t;
	int at, i;

	NEST(&t, NESTABLE, 0, NESTABLE, 0);
	for (at = 0; at < 4; at++) {
		for (i = 0; i < LOW_LAYERS; i++)
			v[i] = i == at ? DENY : ASK;
		nest_call(&t, v);
		CHECK_EQ(nest_result(&t), -DENIED);
		CHECK(nobody_asked(&t, 10));
	}
	/* Of several the innermost. */
	CALL(&t, REFUSE(1), REFUSE(2), ASK, ASK);
	CHECK_EQ(nest_result(&t), -2);
	nest_end(&t);
}

static void dies_by(uint32_t verdict, int at)
{
	uint32_t v[LOW_LAYERS];
	struct nest t;
	int i;

	NEST(&t, NESTABLE, 0, NESTABLE, 0);
	for (i = 0; i < LOW_LAYERS; i++)
		v[i] = i == at ? verdict : ASK;
	nest_call(&t, v);
	CHECK_EQ(ending(kid_wait(&t.k)), SIGNALED(SIGSYS));
	for (i = 0; i < 4; i++)
		if (t.listener[i] >= 0) {
			CHECK(!notice_waits(t.listener[i], 0));
			CHECK(listener_hung_up(t.listener[i], 5000));
			close(t.listener[i]);
		}
}

CASE_SLOW(nested_death_wins, "TRAP and KILL win, and nobody is asked", 3)
{
	int at;

	for (at = 0; at < 4; at++) {
		dies_by(TRAP, at);
		dies_by(KILL_PROCESS, at);
		dies_by(KILL_THREAD, at);
	}
}

/* Listeners that are closed, and that never were */

CASE(nested_closed, "a closed listener answers ENOSYS, wherever it was")
{
	struct nest t;
	int closed, i;

	for (closed = 0; closed < 3; closed++) {
		NEST(&t, NESTABLE, NESTABLE, NESTABLE);
		nest_close(&t, closed);
		CALL(&t, ASK, ASK, ASK);
		for (i = 2; i > closed; i--)
			asked_continue(&t, i);
		CHECK_EQ(nest_result(&t), -ENOSYS);
		CHECK(nobody_asked(&t, 20));
		/* Further in an answer still ends it. */
		if (closed < 2) {
			CALL(&t, ASK, ASK, ASK);
			asked_answer(&t, 2, FAKED, 0);
			CHECK_EQ(nest_result(&t), FAKED);
		}
		nest_end(&t);
	}
}

CASE(nested_closed_silent, "a closed listener that need not be asked is none")
{
	struct nest t;

	NEST(&t, NESTABLE, NESTABLE, NESTABLE);
	nest_close(&t, 1);
	CALL(&t, ASK, PASS, ASK);
	asked_continue(&t, 2);
	asked_continue(&t, 0);
	RAN(&t);
	nest_end(&t);
}

CASE(nested_all_closed, "with all closed it is ENOSYS")
{
	struct nest t;

	NEST(&t, NESTABLE, NESTABLE);
	CALL(&t, ASK, ASK);
	asked_continue(&t, 1);
	asked_continue(&t, 0);
	CONTROL_EQ(nest_result(&t), t.parent);
	nest_close(&t, 0);
	nest_close(&t, 1);
	CALL(&t, ASK, ASK);
	CHECK_EQ(nest_result(&t), -ENOSYS);
	CALL(&t, ASK, PASS);
	CHECK_EQ(nest_result(&t), -ENOSYS);
	CALL(&t, PASS, ASK);
	CHECK_EQ(nest_result(&t), -ENOSYS);
	CALL(&t, PASS, PASS);
	RAN(&t);
	nest_end(&t);
}

CASE(nested_never, "a filter that asks without a listener gives ENOSYS")
{
	struct nest t;

	/* From the inside: before anybody is asked. */
	NEST(&t, NESTABLE, NESTABLE, 0);
	CALL(&t, ASK, ASK, ASK);
	CHECK_EQ(nest_result(&t), -ENOSYS);
	CHECK(nobody_asked(&t, 20));
	nest_end(&t);
	/* Between: once the inner has answered CONTINUE. */
	NEST(&t, NESTABLE, 0, NESTABLE);
	CALL(&t, ASK, ASK, ASK);
	asked_continue(&t, 2);
	CHECK_EQ(nest_result(&t), -ENOSYS);
	CHECK(nobody_asked(&t, 20));
	CALL(&t, ASK, ASK, ASK);
	asked_answer(&t, 2, FAKED, 0);
	CHECK_EQ(nest_result(&t), FAKED);
	nest_end(&t);
	/* Further out than all listeners. */
	NEST(&t, 0, NESTABLE, NESTABLE);
	CALL(&t, ASK, ASK, ASK);
	asked_continue(&t, 2);
	asked_continue(&t, 1);
	CHECK_EQ(nest_result(&t), -ENOSYS);
	nest_end(&t);
}

CASE(nested_not_stock, "a chain without an overlay listener stays stock")
{
	struct nest t;

	/* The control: with one, the outer filter ends it. */
	NEST(&t, 0, NESTABLE);
	CALL(&t, ASK, ASK);
	asked_continue(&t, 1);
	CONTROL_EQ(nest_result(&t), -ENOSYS);
	nest_end(&t);
	NEST(&t, 0, NEW_LISTENER, 0);
	CALL(&t, ASK, ASK, PASS);
	asked_continue(&t, 1);
	RAN(&t);
	CALL(&t, ASK, ASK, ASK);
	CHECK_EQ(nest_result(&t), -ENOSYS);
	CALL(&t, ASK, PASS, PASS);
	CHECK_EQ(nest_result(&t), -ENOSYS);
	nest_close(&t, 1);
	CALL(&t, PASS, ASK, PASS);
	CHECK_EQ(nest_result(&t), -ENOSYS);
	nest_end(&t);
}

CASE(nested_many_calls, "many calls in a row, through three levels")
{
	unsigned int n = scaled(2000), i;
	struct nest t;

	NEST(&t, NESTABLE, NESTABLE, NESTABLE);
	for (i = 0; i < n; i++) {
		CALL(&t, ASK, ASK, ASK);
		asked_continue(&t, 2);
		asked_continue(&t, 1);
		if (i & 1) {
			asked_continue(&t, 0);
			RAN(&t);
		} else {
			asked_answer(&t, 0, i, 0);
			CHECK_EQ(nest_result(&t), i);
		}
	}
	nest_end(&t);
}

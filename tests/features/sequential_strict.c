// SPDX-License-Identifier: GPL-2.0-only
/* Strict mode after a sequential chain, which judges in its own order first. */
#define _GNU_SOURCE
#include <signal.h>

#include "nest.h"
#include "play.h"

/* The outer kills for what the inner refuses. */
static long set_two(unsigned long flags, long nr, uint32_t value)
{
	no_new_privs();
	MUST(filter_arg(flags, nr, 0, value, KILL_PROCESS));
	return filter_arg(flags, nr, 0, value, REFUSE(EPERM));
}

static long set_listed(void)
{
	return set_two(SEQUENTIAL, SYS_read, MARKED_FD);
}

static long set_unlisted(void)
{
	return set_two(SEQUENTIAL, SYS_umask, MARKED_FD);
}

static void then_read(struct kid *k)
{
	say(k, raw(SYS_read, MARKED_FD, NULL, 0));
}

static void then_umask(struct kid *k)
{
	say(k, raw(SYS_umask, MARKED_FD));
}

static void stock_kid(struct kid *k)
{
	MUST(set_two(0, SYS_read, MARKED_FD));
	then_read(k);
}

CASE(sequential_strict_listed, "an inner errno ends a listed call")
{
	struct kid k;

	need_sequential();
	kid_start(&k, stock_kid, NULL);
	CONTROL_EQ(ending(kid_wait(&k)), SIGNALED(SIGSYS));
	LIVES((&(struct play){ .set = set_listed, .ask = ask_seccomp,
			       .then = then_read }), -EPERM);
}

CASE(sequential_strict_unlisted, "and does not save one that is not listed")
{
	need_sequential();
	play_dies(&(struct play){ .set = set_unlisted, .ask = ask_seccomp,
				  .then = then_umask });
}

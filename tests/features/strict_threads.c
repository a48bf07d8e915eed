// SPDX-License-Identifier: GPL-2.0-only
/*
 * Strict mode after filters: threads, and whom a death concerns.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "play.h"

static void thread_strict(struct kid *k)
{
	long word;

	say(k, ask_seccomp());
	hear(k, &word);
	if (word)
		raw(SYS_getpid);
	raw(SYS_exit, 0);
}

static void thread_getpid(struct kid *k)
{
	long word;

	while (hear(k, &word))
		say(k, raw(SYS_getpid) == getpid());
}

CASE(strict_one_thread, "only the calling thread changes")
{
	struct thr strict, other;

	MUST(set_harmless());
	thr_start(&other, thread_getpid, NULL);
	thr_start(&strict, thread_strict, NULL);
	CHECK_EQ(heard(&strict.side), 0);
	say(&other.side, 0);
	CHECK_EQ(heard(&other.side), 1);
	CHECK(raw(SYS_getpid) > 0);
	CONTROL(thr_alive(&strict));
	say(&strict.side, 1);
	thr_gone(&strict);
	say(&other.side, 0);
	CHECK_EQ(heard(&other.side), 1);
	CHECK(raw(SYS_getpid) > 0);
	CHECK_EQ(proc_status(getpid(), "Seccomp"), SECCOMP_MODE_FILTER);
}

static long tsync(unsigned long flags)
{
	return filter(SECCOMP_FILTER_FLAG_TSYNC | flags, SYS_getpgrp, DENY);
}

static void tsync_names(long (*set)(void))
{
	struct thr t;
	long filters;

	no_new_privs();
	MUST(set());
	thr_start(&t, thread_strict, NULL);
	CHECK_EQ(heard(&t.side), 0);
	filters = proc_status(getpid(), "Seccomp_filters");
	CHECK_EQ(tsync(0), t.tid);
	CHECK_EQ(tsync(SECCOMP_FILTER_FLAG_TSYNC_ESRCH), -ESRCH);
	CHECK_EQ(tsync(SECCOMP_FILTER_FLAG_TSYNC_ESRCH |
		       SECCOMP_FILTER_FLAG_NEW_LISTENER), -ESRCH);
	CHECK_EQ(proc_status(getpid(), "Seccomp_filters"), filters);
	CONTROL(raw(SYS_getpgrp) > 0);
	say(&t.side, 0);
	thr_gone(&t);
	CONTROL_EQ(tsync(0), 0);
	CONTROL_EQ(raw(SYS_getpgrp), -DENIED);
}

CASE(strict_tsync, "TSYNC of a sibling fails and names the strict thread")
{
	tsync_names(set_harmless);
}

CASE(strict_alone_tsync, "the same in strict mode proper, as ever")
{
	tsync_names(set_nothing);
}

static void thread_strict_later(struct kid *k)
{
	long word;

	hear(k, &word);
	say(k, raw(SYS_getpgrp));
	thread_strict(k);
}

CASE(strict_after_tsync, "a filter that came by TSYNC will do")
{
	struct thr t;

	no_new_privs();
	thr_start(&t, thread_strict_later, NULL);
	CONTROL_EQ(tsync(0), 0);
	say(&t.side, 0);
	CONTROL_EQ(heard(&t.side), -DENIED);
	CHECK_EQ(heard(&t.side), 0);
	CHECK_EQ(proc_status(t.tid, "Seccomp"), SECCOMP_MODE_FILTER);
	say(&t.side, 1);
	thr_gone(&t);
	CHECK(raw(SYS_getpid) > 0);
}

#define MANY 16

static atomic_int gate;

static void thread_at_gate(struct kid *k)
{
	atomic_fetch_add(&gate, 1);
	while (atomic_load(&gate) <= MANY)
		;
	thread_strict(k);
}

CASE_SLOW(strict_many_threads, "sixteen threads go strict at the same time", 2)
{
	struct thr t[MANY];
	int i;

	MUST(set_harmless());
	for (i = 0; i < MANY; i++)
		thr_start(&t[i], thread_at_gate, NULL);
	while (atomic_load(&gate) < MANY)
		pause_ms(1);
	atomic_fetch_add(&gate, 1);
	for (i = 0; i < MANY; i++)
		CHECK_EQ(heard(&t[i].side), 0);
	for (i = 0; i < MANY; i++)
		CONTROL(thr_alive(&t[i]));
	for (i = 0; i < MANY; i++)
		say(&t[i].side, i % 2);
	for (i = 0; i < MANY; i++)
		thr_gone(&t[i]);
	CHECK(raw(SYS_getpid) > 0);
	CHECK_EQ(proc_status(getpid(), "Threads"), 1);
}

/* A process whose leader is strict, and a sibling that ends it on a word. */

struct pair {
	long (*set)(void);
	void (*leader)(void);
	bool strict;
	bool exec;
};

static int stuck[2];

static void leader_waits(void)
{
	char c;

	raw(SYS_read, stuck[0], &c, 1);
}

static void leader_getpid(void)
{
	raw(SYS_getpid);
	leader_waits();
}

static void leader_writes(void)
{
	raw(SYS_write, MARKED_FD, "x", 1);
	leader_waits();
}

static void leader_closes(void)
{
	raw(SYS_close, MARKED_FD);
	leader_waits();
}

static void sibling(struct kid *t)
{
	struct kid *k = (struct kid *)t->arg;
	const struct pair *p = k->arg;
	long word;

	hear(k, &word);
	say(k, raw(SYS_getpid) == k->pid);
	if (p->exec)
		then_exec(k);
	raw(SYS_exit_group, PLAY_CODE);
}

static void pair_kid(struct kid *k)
{
	const struct pair *p = k->arg;
	static struct thr t;

	NEED(!pipe(stuck));
	MUST(p->set());
	thr_start(&t, sibling, k);
	say(k, p->strict ? ask_seccomp() : 0);
	p->leader();
}

static void pair_start(struct kid *k, const struct pair *p)
{
	kid_start(k, pair_kid, p);
	CHECK_EQ(heard(k), 0);
}

/* The sibling lives and ends the process, which can be reaped. */
static int pair_end(struct kid *k)
{
	say(k, 0);
	CONTROL_EQ(heard(k), 1);
	return ending(kid_wait(k));
}

CASE(strict_leader_dies, "a strict leader dies alone")
{
	struct pair p = { .set = set_harmless, .leader = leader_getpid };
	struct kid k;

	pair_start(&k, &p);
	wait_asleep(k.pid);
	CONTROL_EQ(pair_end(&k), PLAY_CODE);
	p.strict = true;
	pair_start(&k, &p);
	wait_zombie_leader(k.pid);
	CHECK_EQ(pair_end(&k), PLAY_CODE);
}

CASE(strict_leader_waits, "a sibling may end the process of a strict leader")
{
	struct pair p = { .set = set_harmless, .leader = leader_waits,
			  .strict = true };
	struct kid k;

	pair_start(&k, &p);
	wait_asleep(k.pid);
	CHECK_EQ(pair_end(&k), PLAY_CODE);
}

CASE(strict_sibling_exec, "a sibling may execute, and is not strict then")
{
	struct pair p = { .set = set_quiet, .leader = leader_waits,
			  .exec = true };
	struct kid k;

	pair_start(&k, &p);
	CONTROL_EQ(pair_end(&k), 2);
	p.strict = true;
	pair_start(&k, &p);
	wait_asleep(k.pid);
	CHECK_EQ(pair_end(&k), 2);
}

static uint32_t kill_action;

static long set_kill(void)
{
	no_new_privs();
	MUST(filter_arg(0, SYS_write, 0, MARKED_FD, kill_action));
	return filter_arg(0, SYS_close, 0, MARKED_FD, kill_action);
}

/* Listed or not, strict or not: the whole process, by SIGSYS. */
static void kills_process(void (*leader)(void))
{
	struct pair p = { .set = set_kill, .leader = leader };
	struct kid k;
	long word;

	kill_action = SECCOMP_RET_KILL_PROCESS;
	pair_start(&k, &p);
	CONTROL(!hear(&k, &word));
	CONTROL_EQ(ending(kid_wait(&k)), SIGNALED(SIGSYS));
	p.strict = true;
	pair_start(&k, &p);
	CHECK(!hear(&k, &word));
	CHECK_EQ(ending(kid_wait(&k)), SIGNALED(SIGSYS));
}

CASE(strict_kill_process, "KILL_PROCESS kills the process, not one thread")
{
	kills_process(leader_writes);
	kills_process(leader_closes);
}

static void kills_thread(void (*leader)(void))
{
	struct pair p = { .set = set_kill, .leader = leader };
	struct kid k;

	kill_action = SECCOMP_RET_KILL_THREAD;
	pair_start(&k, &p);
	wait_zombie_leader(k.pid);
	CONTROL_EQ(pair_end(&k), PLAY_CODE);
	p.strict = true;
	pair_start(&k, &p);
	wait_zombie_leader(k.pid);
	CHECK_EQ(pair_end(&k), PLAY_CODE);
}

CASE(strict_kill_thread, "KILL_THREAD kills one thread")
{
	kills_thread(leader_writes);
	kills_thread(leader_closes);
}

static void kill_kid(struct kid *k)
{
	const long *plan = k->arg;

	MUST(set_kill());
	say(k, plan[0] ? ask_seccomp() : 0);
	raw(plan[1], MARKED_FD, "x", 1);
	say(k, 1);
	raw(SYS_exit, 0);
}

static int kill_alone(bool strict, long nr)
{
	const long plan[2] = { strict, nr };
	struct kid k;

	kid_start(&k, kill_kid, plan);
	CHECK_EQ(heard(&k), 0);
	return ending(kid_wait(&k));
}

CASE(strict_kill_signal, "a filter that kills does so by SIGSYS, as ever")
{
	const uint32_t actions[] = { SECCOMP_RET_KILL_THREAD,
				     SECCOMP_RET_KILL_PROCESS, 0x00010000 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(actions); i++) {
		kill_action = actions[i];
		CONTROL_EQ(kill_alone(false, SYS_write), SIGNALED(SIGSYS));
		CHECK_EQ(kill_alone(true, SYS_write), SIGNALED(SIGSYS));
		CHECK_EQ(kill_alone(true, SYS_close), SIGNALED(SIGSYS));
		CHECK_EQ(kill_alone(true, SYS_getpid), SIGNALED(SIGKILL));
	}
}

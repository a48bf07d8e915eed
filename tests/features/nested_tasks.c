// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nested listeners: threads, TSYNC, fork, exec, clone, strict mode, 32-bit
 * callers, and chains as long as they go.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nest.h"
#include "play.h"
#include "source.h"

static const uint32_t both[LOW_LAYERS] = { ASK, ASK, PASS, PASS, PASS, PASS };

/* A kid whose chain the case made by itself. */
struct group {
	struct kid k;
	int outer;
	int inner;
};

static void group_start(struct group *g, void (*fn)(struct kid *k))
{
	kid_start(&g->k, fn, NULL);
	listener_take(&g->k);
	g->outer = g->k.listener;
	listener_take(&g->k);
	g->inner = g->k.listener;
}

/* Both are asked, inner first, for a call of PID, if that is not 0. */
static void group_asked(struct group *g, pid_t pid)
{
	struct notice n;

	CHECK(notice_waits(g->inner, ASKED_MS));
	CHECK(!notice_waits(g->outer, 0));
	notice_recv(g->inner, &n);
	CHECK(!pid || n.pid == pid);
	CHECK_EQ(notice_continue(g->inner, &n), 0);
	CHECK(notice_waits(g->outer, ASKED_MS));
	notice_recv(g->outer, &n);
	CHECK(!pid || n.pid == pid);
	CHECK_EQ(notice_continue(g->outer, &n), 0);
}

static void group_end(struct group *g)
{
	CHECK_EQ(ending(kid_wait(&g->k)), 0);
	CHECK(listener_hung_up(g->outer, 5000));
	CHECK(listener_hung_up(g->inner, 5000));
	close(g->outer);
	close(g->inner);
}

/* Threads */

static void calling_thread(struct kid *k)
{
	long go;

	hear(k, &go);
	say(k, probe(both));
}

static void threads_kid(struct kid *k)
{
	struct thr t;

	no_new_privs();
	listener_hand(k, layer_install(0, NESTABLE));
	listener_hand(k, layer_install(1, NESTABLE));
	thr_start(&t, calling_thread, NULL);
	say(k, atomic_load(&t.tid));
	say(&t.side, 0);
	say(k, heard(&t.side));
	say(k, probe(both));
}

CASE(nested_thread, "a new thread is under both listeners")
{
	struct group g;

	group_start(&g, threads_kid);
	group_asked(&g, heard(&g.k));
	CHECK_EQ(heard(&g.k), getpid());
	group_asked(&g, g.k.pid);
	CONTROL_EQ(heard(&g.k), getpid());
	group_end(&g);
}

static void tsync_kid(struct kid *k)
{
	struct thr t;

	no_new_privs();
	thr_start(&t, calling_thread, NULL);
	listener_hand(k, layer_install(0, NESTABLE | TSYNC | TSYNC_ESRCH));
	listener_hand(k, layer_install(1, NESTABLE | TSYNC | TSYNC_ESRCH));
	say(k, atomic_load(&t.tid));
	say(&t.side, 0);
	say(k, heard(&t.side));
	say(k, probe(both));
}

CASE(nested_tsync, "TSYNC puts the other threads under a nested listener")
{
	struct group g;

	group_start(&g, tsync_kid);
	group_asked(&g, heard(&g.k));
	CHECK_EQ(heard(&g.k), getpid());
	group_asked(&g, g.k.pid);
	CONTROL_EQ(heard(&g.k), getpid());
	group_end(&g);
}

static void tsync_later_kid(struct kid *k)
{
	struct thr t;

	no_new_privs();
	listener_hand(k, layer_install(0, NESTABLE));
	thr_start(&t, calling_thread, NULL);
	listener_hand(k, layer_install(1, NESTABLE));
	say(k, atomic_load(&t.tid));
	say(&t.side, 0);
	say(k, heard(&t.side));
	thr_gone(&t);
	thr_start(&t, calling_thread, NULL);
	/* A plain filter takes the nested listener along. */
	MUST(layer_install(2, TSYNC));
	say(k, atomic_load(&t.tid));
	say(&t.side, 0);
	say(k, heard(&t.side));
}

CASE(nested_no_tsync, "without TSYNC other threads stay under the outer only")
{
	struct group g;
	struct notice n;

	group_start(&g, tsync_later_kid);
	CHECK(notice_waits(g.outer, ASKED_MS));
	CHECK(!notice_waits(g.inner, 50));
	notice_recv(g.outer, &n);
	CHECK_EQ(n.pid, heard(&g.k));
	CHECK_EQ(notice_continue(g.outer, &n), 0);
	CHECK_EQ(heard(&g.k), getpid());
	group_asked(&g, heard(&g.k));
	CONTROL_EQ(heard(&g.k), getpid());
	group_end(&g);
}

static void tsync_inherits_kid(struct kid *k)
{
	struct thr t;

	no_new_privs();
	thr_start(&t, calling_thread, NULL);
	listener_hand(k, layer_install(0, NESTABLE));
	listener_hand(k, layer_install(1, NESTABLE));
	MUST(layer_install(2, TSYNC));
	say(k, atomic_load(&t.tid));
	say(&t.side, 0);
	say(k, heard(&t.side));
}

CASE(nested_tsync_plain, "a plain filter's TSYNC carries both listeners over")
{
	struct group g;

	group_start(&g, tsync_inherits_kid);
	CONTROL(!listener_hung_up(g.outer, 0));
	group_asked(&g, heard(&g.k));
	CHECK_EQ(heard(&g.k), getpid());
	group_end(&g);
}

/* A thread with a filter of its own is in the way. */
static void diverging_thread(struct kid *k)
{
	long go;

	MUST(layer_install(5, 0));
	say(k, 0);
	hear(k, &go);
}

struct conflict {
	unsigned long above;
	unsigned long flags;
	bool diverge;
};

static void conflict_kid(struct kid *k)
{
	const struct conflict *c = k->arg;
	struct thr t;
	long fd, got, count;

	no_new_privs();
	if (c->above)
		MUST(layer_install(0, c->above));
	thr_start(&t, c->diverge ? diverging_thread : calling_thread, NULL);
	if (c->diverge)
		heard(&t.side);
	count = proc_status(k->pid, "Seccomp_filters");
	fd = MUST(dup(0));
	close(fd);
	got = layer_install(1, c->flags);
	say(k, got >= 0 ? got == fd : got);
	if (got >= 0)
		close(got);
	say(k, MUST(dup(0)) == fd);
	say(k, proc_status(k->pid, "Seccomp_filters") - count);
}

static void conflict(unsigned long above, unsigned long flags, long want)
{
	struct conflict c = { .above = above, .flags = flags, .diverge = true };
	struct kid k;

	kid_start(&k, conflict_kid, &c);
	CHECK_EQ(heard(&k), want);
	CHECK_EQ(heard(&k), 1);
	CHECK_EQ(heard(&k), 0);
	kid_wait(&k);
	if (want != -ESRCH)
		return;
	c.diverge = false;
	kid_start(&k, conflict_kid, &c);
	CONTROL_EQ(heard(&k), 1);
	CONTROL_EQ(heard(&k), 1);
	CONTROL_EQ(heard(&k), 1);
	kid_wait(&k);
}

CASE(nested_tsync_conflict, "a thread in the way gives ESRCH, leaving nothing")
{
	long refs = module_refs();

	conflict(0, NESTABLE | TSYNC | TSYNC_ESRCH, -ESRCH);
	conflict(NESTABLE, NESTABLE | TSYNC | TSYNC_ESRCH, -ESRCH);
	conflict(NESTABLE, NEW_LISTENER | TSYNC | TSYNC_ESRCH, -ESRCH);
	conflict(NESTABLE, NESTABLE | SEQUENTIAL | TSYNC | TSYNC_ESRCH, -ESRCH);
	conflict(0, NESTABLE | TSYNC, -EINVAL);
	conflict(NESTABLE, NESTABLE | TSYNC, -EINVAL);
	CHECK(module_refs_fall_to(refs) <= refs);
}

/* fork, exec, clone */

static void fork_kid(struct kid *k)
{
	long pid, go;

	no_new_privs();
	listener_hand(k, layer_install(0, NESTABLE));
	listener_hand(k, layer_install(1, NESTABLE));
	pid = raw(SYS_fork);
	if (pid) {
		say(k, pid);
		raw(SYS_exit_group, 0);
	}
	hear(k, &go);
	probe(both);
	say(k, 1);
	hear(k, &go);
}

CASE(nested_fork, "a child is under both, and outlives its parent there")
{
	struct group g;
	int status;
	long child;

	/* Its orphan is ours to reap. */
	NEED(!prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	group_start(&g, fork_kid);
	child = heard(&g.k);
	kid_wait(&g.k);
	CONTROL(!listener_hung_up(g.outer, 50));
	CHECK(!listener_hung_up(g.inner, 0));
	say(&g.k, 0);
	group_asked(&g, child);
	CHECK_EQ(heard(&g.k), 1);
	say(&g.k, 0);
	NEED(waitpid(child, &status, 0) == child);
	CHECK(listener_hung_up(g.outer, 5000));
	CHECK(listener_hung_up(g.inner, 5000));
}

static void exec_kid(struct kid *k)
{
	no_new_privs();
	listener_hand(k, filter_arg(NESTABLE, SYS_exit_group, 0, 2, ASK));
	listener_hand(k, filter_arg(NESTABLE, SYS_exit_group, 0, 2, ASK));
	/* This program's usage, to nowhere. */
	raw(SYS_dup2, 0, 2);
	then_exec(k);
}

CASE(nested_exec, "a new program stays under both")
{
	struct group g;

	group_start(&g, exec_kid);
	CONTROL(!listener_hung_up(g.inner, 0));
	group_asked(&g, g.k.pid);
	CHECK_EQ(ending(kid_wait(&g.k)), 2);
	CHECK(listener_hung_up(g.inner, 5000));
	CHECK(listener_hung_up(g.outer, 5000));
}

static void clone_kid(struct kid *k)
{
	const int *pidfd = k->arg;
	long go;

	say(k, clone_filter(*pidfd));
	hear(k, &go);
	say(k, probe(both));
	hear(k, &go);
}

CASE(nested_cloned, "a cloned chain is nested as well, and shares listeners")
{
	struct nest t;
	struct group g;

	need_root();
	if (!(overlay_features() & SECCOMP_OVERLAY_CLONE))
		skip("no cloning here");
	NEST(&t, NESTABLE, NESTABLE);
	kid_start(&g.k, clone_kid, &t.k.pidfd);
	CHECK_EQ(heard(&g.k), 0);
	g.outer = t.listener[0];
	g.inner = t.listener[1];
	say(&g.k, 0);
	group_asked(&g, g.k.pid);
	CHECK_EQ(heard(&g.k), getpid());
	kid_kill(&t.k);
	CONTROL(!listener_hung_up(g.outer, 50));
	CHECK(!listener_hung_up(g.inner, 50));
	say(&g.k, 0);
	group_end(&g);
}

/* Strict mode */

static void strict_kid(struct kid *k)
{
	no_new_privs();
	listener_hand(k, filter_arg(NESTABLE, SYS_write, 0, MARKED_FD, ASK));
	listener_hand(k, filter_arg(NESTABLE, SYS_write, 0, MARKED_FD, ASK));
	say(k, raw(SYS_write, MARKED_FD, "x", 1));
	say(k, ask_seccomp());
	say(k, raw(SYS_write, MARKED_FD, "x", 1));
	say(k, raw(SYS_write, MARKED_FD, "x", 1));
	raw(SYS_getpid);
	say(k, 1);
}

CASE(nested_strict, "after strict mode both are still asked, then the list")
{
	struct group g;
	struct notice n;
	long word;

	group_start(&g, strict_kid);
	group_asked(&g, g.k.pid);
	CONTROL_EQ(heard(&g.k), -EBADF);
	CHECK_EQ(heard(&g.k), 0);
	group_asked(&g, g.k.pid);
	CHECK_EQ(heard(&g.k), -EBADF);
	notice_recv(g.inner, &n);
	CHECK_EQ(notice_answer(g.inner, &n, FAKED, 0), 0);
	CHECK_EQ(heard(&g.k), FAKED);
	CHECK(!hear(&g.k, &word));
	CHECK_EQ(ending(kid_wait(&g.k)), SIGNALED(SIGKILL));
}

static void strict_between_kid(struct kid *k)
{
	no_new_privs();
	listener_hand(k, layer_install(0, NESTABLE));
	say(k, ask_seccomp());
	say(k, layer_install(1, NESTABLE));
	say(k, 1);
}

CASE(nested_after_strict, "a strict task cannot install, nested or not")
{
	struct kid k;
	long word;

	kid_start(&k, strict_between_kid, NULL);
	listener_take(&k);
	CONTROL_EQ(heard(&k), 0);
	/* seccomp(2) is not on the list. */
	CHECK(!hear(&k, &word));
	CHECK_EQ(ending(kid_wait(&k)), SIGNALED(SIGKILL));
	CHECK(listener_hung_up(k.listener, 5000));
}

/* 32-bit callers */

CASE(nested_ia32, "a 32-bit caller is asked about at every level")
{
	struct nest t;
	int i;

	need_ia32();
	NEST(&t, NESTABLE, NESTABLE, NEW_LISTENER);
	t.ia32 = true;
	CALL(&t, ASK, ASK, ASK);
	asked_from_inside(&t, 0);
	RAN(&t);
	for (i = 0; i < 3; i++) {
		CALL(&t, ASK, ASK, ASK);
		asked_from_inside(&t, i + 1);
		asked_answer(&t, i, FAKED + i, 0);
		CHECK_EQ(nest_result(&t), FAKED + i);
		CALL(&t, ASK, ASK, ASK);
		asked_from_inside(&t, i + 1);
		asked_answer(&t, i, 0, -DENIED);
		CHECK_EQ(nest_result(&t), -DENIED);
	}
	CALL(&t, DENY, ASK, ASK);
	CHECK_EQ(nest_result(&t), -DENIED);
	nest_close(&t, 1);
	CALL(&t, ASK, ASK, ASK);
	asked_continue(&t, 2);
	CHECK_EQ(nest_result(&t), -ENOSYS);
	t.ia32 = false;
	CALL(&t, ASK, PASS, ASK);
	asked_continue(&t, 2);
	asked_continue(&t, 0);
	RAN(&t);
	nest_end(&t);
}

CASE(nested_x32, "a number of the x32 table reaches the filters as it is")
{
	struct prog p = { .len = 0 };

	no_new_privs();
	prog_rule(&p, AUDIT_ARCH_X86_64, X32_BIT | PROBE_NR, DENY);
	CONTROL(raw(X32_BIT | PROBE_NR) != -DENIED);
	CHECK(prog_install(&p, PASS, NESTABLE) >= 0);
	CHECK_EQ(raw(X32_BIT | PROBE_NR), -DENIED);
	CHECK_EQ(raw(PROBE_NR), getppid());
}

/* Depth */

#define DEPTH 100

static void deep_kid(struct kid *k)
{
	int i;

	no_new_privs();
	for (i = 0; i < DEPTH; i++)
		listener_hand(k, filter(NESTABLE, PROBE_NR, ASK));
	for (i = 0; i < 3; i++)
		say(k, raw(PROBE_NR));
}

static void deep_ask(const int *listener, int to)
{
	struct notice n;
	int i;

	for (i = DEPTH - 1; i >= to; i--) {
		CHECK(notice_waits(listener[i], ASKED_MS));
		notice_recv(listener[i], &n);
		CHECK_EQ(notice_continue(listener[i], &n), 0);
	}
}

CASE_SLOW(nested_deep, "a hundred levels, one after another", 3)
{
	int listener[DEPTH], i;
	struct notice n;
	struct kid k;

	kid_start(&k, deep_kid, NULL);
	for (i = 0; i < DEPTH; i++) {
		listener_take(&k);
		listener[i] = k.listener;
	}
	CONTROL_EQ(proc_status(k.pid, "Seccomp_filters"), DEPTH);
	deep_ask(listener, 0);
	CHECK_EQ(heard(&k), getpid());
	deep_ask(listener, 38);
	notice_recv(listener[37], &n);
	CHECK_EQ(notice_answer(listener[37], &n, FAKED, 0), 0);
	CHECK_EQ(heard(&k), FAKED);
	close(listener[50]);
	deep_ask(listener, 51);
	CHECK_EQ(heard(&k), -ENOSYS);
	kid_wait(&k);
	for (i = 0; i < DEPTH; i++)
		CHECK(i == 50 || listener_hung_up(listener[i], 5000));
}

/* A race */

struct race {
	atomic_int installed;
	atomic_int done;
	atomic_int wrong;
	atomic_int calls;
};

#define RACERS 2
#define CALLS_AFTER 20

/* Only the outer supervisor gives FAKED. */
static void racing_thread(struct kid *k)
{
	struct race *r = (struct race *)(uintptr_t)k->arg;
	int after = 0;

	while (after < CALLS_AFTER) {
		after += atomic_load(&r->installed);
		if (probe(both) != FAKED)
			atomic_fetch_add(&r->wrong, 1);
		atomic_fetch_add(&r->calls, 1);
	}
	atomic_fetch_add(&r->done, 1);
}

static void inner_supervisor(struct race *r, int listener, long *asked_times)
{
	struct notice n;

	while (atomic_load(&r->done) < RACERS) {
		if (!notice_waits(listener, 5))
			continue;
		notice_recv(listener, &n);
		++*asked_times;
		notice_continue(listener, &n);
	}
}

static void race_kid(struct kid *k)
{
	static struct race race;
	struct thr t[RACERS];
	long fd, times = 0;
	int i;

	no_new_privs();
	listener_hand(k, layer_install(0, NESTABLE));
	for (i = 0; i < RACERS; i++)
		thr_start(&t[i], racing_thread, &race);
	while (atomic_load(&race.calls) < 4)
		sched_yield();
	fd = layer_install(1, NESTABLE | TSYNC | TSYNC_ESRCH);
	atomic_store(&race.installed, 1);
	MUST(fd);
	inner_supervisor(&race, fd, &times);
	say(k, atomic_load(&race.wrong));
	say(k, times);
}

/* Until the process is gone: before 6.12 only its reaping hangs up. */
static void outer_supervisor(const struct kid *k)
{
	struct pollfd p[] = { { .fd = k->listener, .events = POLLIN },
			      { .fd = k->pidfd, .events = POLLIN } };
	struct notice n;

	while (poll(p, 2, ASKED_MS) > 0 && !p[1].revents) {
		if (!(p[0].revents & POLLIN))
			continue;
		notice_recv(k->listener, &n);
		notice_answer(k->listener, &n, FAKED, 0);
	}
}

CASE_SLOW(nested_install_race, "a call that races an install is asked about",
	  6)
{
	unsigned int n = scaled(200), i;
	struct kid k;

	for (i = 0; i < n; i++) {
		kid_start(&k, race_kid, NULL);
		listener_take(&k);
		outer_supervisor(&k);
		CHECK_EQ(heard(&k), 0);
		CONTROL(heard(&k) >= RACERS * CALLS_AFTER);
		CHECK_EQ(ending(kid_wait(&k)), 0);
		close(k.listener);
		close(k.in);
		close(k.out);
		close(k.pidfd);
	}
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nested listeners: many that wait at once, and what others do to them
 * meanwhile.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nest.h"
#include "play.h"

static const uint32_t both[LOW_LAYERS] = { ASK, ASK, PASS, PASS, PASS, PASS };

/* Many */

#define CROWD 12

static void crowd_kid(struct kid *k)
{
	int i, status, good = 0;

	no_new_privs();
	listener_hand(k, layer_install(0, NESTABLE));
	listener_hand(k, layer_install(1, NESTABLE));
	for (i = 0; i < CROWD; i++) {
		if (!raw(SYS_fork))
			raw(SYS_exit_group, probe(both) != raw(SYS_getpid));
	}
	while (raw(SYS_wait4, -1, &status, 0, 0) > 0)
		good += !status;
	say(k, good);
}

static void receive_all(int listener, struct notice *n)
{
	int i, j;

	for (i = 0; i < CROWD; i++) {
		CHECK(notice_waits(listener, ASKED_MS));
		notice_recv(listener, &n[i]);
		for (j = 0; j < i; j++)
			CHECK(n[i].id != n[j].id && n[i].pid != n[j].pid);
	}
	CHECK(!notice_waits(listener, 20));
}

CASE_SLOW(nested_crowd, "many wait at once, each gets its own answer", 2)
{
	struct notice n[CROWD];
	int outer, inner, i;
	struct kid k;

	kid_start(&k, crowd_kid, NULL);
	listener_take(&k);
	outer = k.listener;
	listener_take(&k);
	inner = k.listener;
	receive_all(inner, n);
	CONTROL(!notice_waits(outer, 0));
	for (i = CROWD - 1; i >= 0; i--)
		CHECK_EQ(notice_continue(inner, &n[i]), 0);
	receive_all(outer, n);
	for (i = CROWD - 1; i >= 0; i--)
		CHECK_EQ(notice_answer(outer, &n[i], n[i].pid, 0), 0);
	CHECK_EQ(heard(&k), CROWD);
	CHECK_EQ(ending(kid_wait(&k)), 0);
}

/* Other threads */

static void waiting_thread(struct kid *k)
{
	/* The case hears it itself. */
	say((struct kid *)(uintptr_t)k->arg, probe(both));
}

static void thread_kid(struct kid *k)
{
	struct thr t;
	long what;

	no_new_privs();
	listener_hand(k, layer_install(0, NESTABLE));
	listener_hand(k, layer_install(1, NESTABLE));
	thr_start(&t, waiting_thread, k);
	hear(k, &what);
	if (what)
		raw(SYS_exit_group, PLAY_CODE);
	raw(SYS_dup2, 0, 2);
	then_exec(k);
}

static void group_ends(long by_exit)
{
	struct notice n;
	struct kid k;
	int outer;
	long word;

	kid_start(&k, thread_kid, NULL);
	listener_take(&k);
	outer = k.listener;
	listener_take(&k);
	CHECK(notice_waits(k.listener, ASKED_MS));
	notice_recv(k.listener, &n);
	CHECK_EQ(notice_continue(k.listener, &n), 0);
	CHECK(notice_waits(outer, ASKED_MS));
	notice_recv(outer, &n);
	CONTROL(n.pid != k.pid);
	say(&k, by_exit);
	CHECK(!hear(&k, &word));
	CHECK_EQ(ending(kid_wait(&k)), by_exit ? PLAY_CODE : 2);
	CHECK_EQ(notice_continue(outer, &n), -ENOENT);
	CHECK(listener_hung_up(outer, 5000));
	CHECK(listener_hung_up(k.listener, 5000));
	close(outer);
	close(k.listener);
}

CASE(nested_thread_exec, "another thread's exec ends the wait of one")
{
	long refs = module_refs();

	group_ends(0);
	CHECK(module_refs_fall_to(refs) <= refs);
}

CASE(nested_thread_exit, "and another thread's exit_group")
{
	long refs = module_refs();

	group_ends(1);
	CHECK(module_refs_fall_to(refs) <= refs);
}

static void twice_thread(struct kid *k)
{
	struct kid *owner = (struct kid *)(uintptr_t)k->arg;

	say(owner, probe(both));
	say(owner, probe(both));
}

static void meanwhile_kid(struct kid *k)
{
	struct thr t;
	long go;

	no_new_privs();
	listener_hand(k, layer_install(0, NEW_LISTENER));
	thr_start(&t, twice_thread, k);
	hear(k, &go);
	listener_hand(k, layer_install(1, NEW_LISTENER | TSYNC | TSYNC_ESRCH));
	hear(k, &go);
}

CASE(implicit_meanwhile, "one may wait in the stock kernel as it is nested")
{
	struct notice n, m;
	struct kid k;
	int outer;

	implicit(false);
	kid_start(&k, meanwhile_kid, NULL);
	listener_take(&k);
	outer = k.listener;
	CHECK(notice_waits(outer, ASKED_MS));
	notice_recv(outer, &n);
	implicit(true);
	say(&k, 0);
	listener_take(&k);
	CHECK(!notice_waits(k.listener, 20));
	CHECK_EQ(notice_continue(outer, &n), 0);
	CHECK_EQ(heard(&k), getpid());
	/* From now on both. */
	CHECK(notice_waits(k.listener, ASKED_MS));
	CONTROL(!notice_waits(outer, 0));
	notice_recv(k.listener, &m);
	CHECK_EQ(notice_continue(k.listener, &m), 0);
	CHECK(notice_waits(outer, ASKED_MS));
	notice_recv(outer, &m);
	CHECK(m.id != n.id);
	CHECK_EQ(notice_answer(outer, &m, FAKED, 0), 0);
	CHECK_EQ(heard(&k), FAKED);
	say(&k, 0);
	CHECK_EQ(ending(kid_wait(&k)), 0);
}

/* A reply and a signal at once */

static void handle_restart(void)
{
	handle_idly(SIGUSR1, SA_RESTART);
}

static void signaller(struct kid *k)
{
	const struct nest *t = k->arg;

	for (;;) {
		raw(SYS_kill, t->k.pid, SIGUSR1);
		raw(SYS_sched_yield);
	}
}

/* Was the answer lost: is there another question instead of the result? */
static bool lost(struct nest *t, int layer, long want)
{
	struct pollfd p[] = { { .fd = t->k.in, .events = POLLIN },
			      { .fd = t->listener[layer], .events = POLLIN } };

	CHECK(poll(p, 2, ASKED_MS) > 0);
	if (!(p[0].revents & POLLIN))
		return true;
	CHECK_EQ(nest_result(t), want);
	return false;
}

static unsigned int replies_lost(const unsigned long *flags, int n,
				 unsigned int calls)
{
	unsigned int i, count = 0;
	struct notice q;
	struct nest t;
	struct kid s;

	nest_start_with(&t, flags, n, handle_restart);
	kid_start(&s, signaller, &t);
	for (i = 0; i < calls; i++) {
		CALL(&t, PASS, PASS, PASS);
		nest_result(&t);
		nest_call(&t, n == 1 ? (const uint32_t[LOW_LAYERS]){ ASK } :
			  both);
		do {
			CHECK(notice_waits(t.listener[n - 1], ASKED_MS) ||
			      notice_waits(t.listener[n - 1], ASKED_MS));
			notice_recv(t.listener[n - 1], &q);
			CHECK_EQ(notice_answer(t.listener[n - 1], &q, FAKED + i,
					       0), 0);
		} while (lost(&t, n - 1, FAKED + i) && ++count);
	}
	kid_kill(&s);
	nest_end(&t);
	return count;
}

CASE_SLOW(nested_reply_race, "no signal loses an answer that was taken", 6)
{
	const unsigned long flags[] = { NESTABLE, NEW_LISTENER | KILLABLE };
	const unsigned long plain[] = { NEW_LISTENER | KILLABLE };
	unsigned int calls = scaled(3000), is, stock;

	if (raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, plain[0], NULL) ==
	    -EINVAL)
		skip("this kernel has no WAIT_KILLABLE_RECV");
	stock = replies_lost(plain, 1, calls);
	is = replies_lost(flags, 2, calls);
	diag("%u lost of %u; by a stock listener %u", is, calls, stock);
	CHECK_EQ(is, 0);
	CONTROL(calls > 0);
}

/* The freezer */

struct freezer {
	char dir[64];
	char path[96];
};

static void write_to(const struct freezer *f, const char *file, const char *is)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", f->path, file);
	NEED(write_text(path, is));
}

static void freezer_start(struct freezer *f, pid_t pid)
{
	char text[16];

	snprintf(f->dir, sizeof(f->dir), "/tmp/overlay-test-XXXXXX");
	NEED(mkdtemp(f->dir));
	if (mount("none", f->dir, "cgroup2", 0, NULL)) {
		rmdir(f->dir);
		skip("no cgroup2");
	}
	snprintf(f->path, sizeof(f->path), "%s/overlay-test-%d", f->dir, pid);
	NEED(!mkdir(f->path, 0755));
	snprintf(text, sizeof(text), "%d", pid);
	write_to(f, "cgroup.procs", text);
}

static bool frozen(const struct freezer *f)
{
	char path[160];
	int fd, n, i;

	snprintf(path, sizeof(path), "%s/cgroup.events", f->path);
	for (i = 0; i < 100; i++) {
		char text[128];

		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
		NEED(n > 0);
		text[n] = 0;
		if (strstr(text, "frozen 1"))
			return true;
		pause_ms(20);
	}
	return false;
}

static void freezer_end(struct freezer *f)
{
	rmdir(f->path);
	umount2(f->dir, MNT_DETACH);
	rmdir(f->dir);
}

CASE(nested_frozen, "one that waits at the outer can be frozen and thawed")
{
	struct freezer f;
	struct notice n;
	struct nest t;

	need_root();
	NEST(&t, NESTABLE, NESTABLE);
	freezer_start(&f, t.k.pid);
	CALL(&t, ASK, ASK);
	asked_continue(&t, 1);
	asked(&t, 0, &n);
	write_to(&f, "cgroup.freeze", "1");
	CHECK(frozen(&f));
	write_to(&f, "cgroup.freeze", "0");
	/* As with stock's wait the call is restarted. */
	asked_continue(&t, 1);
	CHECK_EQ(notice_continue(t.listener[0], &n), -ENOENT);
	asked_answer(&t, 0, FAKED, 0);
	CHECK_EQ(nest_result(&t), FAKED);
	CALL(&t, ASK, ASK);
	asked_from_inside(&t, 0);
	CONTROL_EQ(nest_result(&t), t.parent);
	nest_end(&t);
	freezer_end(&f);
}

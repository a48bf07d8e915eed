// SPDX-License-Identifier: GPL-2.0-only
/*
 * A task has a number in each pid namespace that it is in: every supervisor of
 * a nested chain is told the one that means something to it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "nest.h"

static void target_kid(struct kid *k)
{
	const uint32_t both[LOW_LAYERS] = { ASK, ASK };
	long go;

	listener_hand(k, layer_install(1, NESTABLE));
	while (hear(k, &go) && go)
		say(k, probe(both));
}

/* The target makes its call; the words of those who see to it. */
enum { END, WE_ANSWER, OTHERS_ANSWER };

/* Pid 1 of its namespace, and the inner supervisor. */
static void init_kid(struct kid *k)
{
	struct kid target;
	struct notice n;
	long go;

	no_new_privs();
	listener_hand(k, layer_install(0, NESTABLE));
	CONTROL_EQ(getpid(), 1);
	kid_start(&target, target_kid, NULL);
	listener_take(&target);
	say(k, target.listener);
	while (hear(k, &go) && go != END) {
		say(&target, 1);
		if (go == WE_ANSWER) {
			notice_recv(target.listener, &n);
			CHECK_EQ(n.pid, target.pid);
			say(k, n.pid);
			CHECK_EQ(notice_continue(target.listener, &n), 0);
		}
		say(k, heard(&target));
	}
	say(&target, 0);
	CHECK_EQ(ending(kid_wait(&target)), 0);
}

struct house {
	struct kid init;
	int listener[2];
};

static void house_start(struct house *h)
{
	need_nested();
	need_root();
	/* Of those to come. */
	if (unshare(CLONE_NEWPID))
		skip("no pid namespaces here: %s", strerror(errno));
	kid_start(&h->init, init_kid, NULL);
	listener_take(&h->init);
	h->listener[0] = h->init.listener;
	h->listener[1] = syscall(SYS_pidfd_getfd, h->init.pidfd,
				 heard(&h->init), 0);
	NEED(h->listener[1] >= 0);
}

/* The pid that who receives here is told; the answer is CONTINUE. */
static pid_t told(int listener)
{
	struct notice n;

	CHECK(notice_waits(listener, ASKED_MS));
	notice_recv(listener, &n);
	CHECK_EQ(n.nr, PROBE_NR);
	CHECK_EQ(notice_continue(listener, &n), 0);
	return n.pid;
}

static void house_end(struct house *h)
{
	say(&h->init, END);
	CHECK_EQ(ending(kid_wait(&h->init)), 0);
}

CASE(nested_pidns, "each supervisor is told its own number of the target")
{
	char is[64], want[64];
	struct house h;
	long inner;
	pid_t outer;

	house_start(&h);
	say(&h.init, WE_ANSWER);
	inner = heard(&h.init);
	outer = told(h.listener[0]);
	CHECK(outer != inner);
	snprintf(want, sizeof(want), "%d\t%ld", outer, inner);
	CHECK(proc_status_text(outer, "NSpid", is, sizeof(is)));
	CHECK(!strcmp(is, want));
	CHECK_EQ(heard(&h.init), 1);
	/* The inner listener tells us what the outer does. */
	say(&h.init, OTHERS_ANSWER);
	CONTROL_EQ(told(h.listener[1]), outer);
	CONTROL_EQ(told(h.listener[0]), outer);
	CONTROL_EQ(heard(&h.init), 1);
	house_end(&h);
}

/* A namespace in which the target is not. */
static void elsewhere_kid(struct kid *k)
{
	const struct house *h = k->arg;

	NEED(!unshare(CLONE_NEWPID));
	if (raw(SYS_fork))
		return;
	say(k, told(h->listener[1]));
	say(k, told(h->listener[0]));
	raw(SYS_exit_group, 0);
}

CASE(nested_pidns_elsewhere, "who does not see the target is told 0")
{
	struct house h;
	struct kid k;

	house_start(&h);
	kid_start(&k, elsewhere_kid, &h);
	say(&h.init, OTHERS_ANSWER);
	CHECK_EQ(heard(&k), 0);
	CHECK_EQ(heard(&k), 0);
	CHECK_EQ(heard(&h.init), 1);
	kid_wait(&k);
	say(&h.init, OTHERS_ANSWER);
	CONTROL(told(h.listener[1]) > 0);
	CONTROL(told(h.listener[0]) > 0);
	CONTROL_EQ(heard(&h.init), 1);
	house_end(&h);
}

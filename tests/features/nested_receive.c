// SPDX-License-Identifier: GPL-2.0-only
/* RECV on a nested listener takes, and refuses, as on a stock one. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "nest.h"

/* As large as any kernel's. */
union request {
	struct seccomp_notif req;
	char room[4096];
};

static long receive(int listener, void *to)
{
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, to) ? -errno : 0;
}

CASE(nested_receive_dirty, "a buffer with something in it is EINVAL")
{
	union request r = { .room = { 0 } };
	struct nest t;

	need_nested();
	NEST(&t, NESTABLE, NEW_LISTENER);
	CALL(&t, ASK, ASK);
	CHECK(notice_waits(t.listener[1], 5000));
	r.req.flags = 1;
	CHECK_EQ(receive(t.listener[1], &r), -EINVAL);
	r.req.flags = 0;
	r.req.data.args[5] = 1;
	CHECK_EQ(receive(t.listener[1], &r), -EINVAL);
	CHECK_EQ(r.req.data.args[5], 1);
	CHECK(notice_waits(t.listener[1], 0));
	asked_continue(&t, 1);
	/* The same where stock serves. */
	CHECK(notice_waits(t.listener[0], 5000));
	CONTROL_EQ(receive(t.listener[0], &r), -EINVAL);
	asked_continue(&t, 0);
	RAN(&t);
	nest_end(&t);
}

/* Zeroes that can be read, but not written to. */
static void *zeroes(void)
{
	void *p = mmap(NULL, sizeof(union request), PROT_READ,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	NEED(p != MAP_FAILED);
	return p;
}

CASE(nested_receive_fault, "what cannot be written is received later")
{
	void *const bad[] = { NULL, zeroes() };
	struct nest t;
	unsigned int i;

	need_nested();
	NEST(&t, NESTABLE, NEW_LISTENER);
	CALL(&t, ASK, ASK);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		CHECK(notice_waits(t.listener[1], 5000));
		CHECK_EQ(receive(t.listener[1], bad[i]), -EFAULT);
	}
	asked_continue(&t, 1);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		CHECK(notice_waits(t.listener[0], 5000));
		CONTROL_EQ(receive(t.listener[0], bad[i]), -EFAULT);
	}
	asked_continue(&t, 0);
	RAN(&t);
	nest_end(&t);
}

static void receiver(struct kid *k)
{
	const int *listener = k->arg;
	struct notice n;

	notice_recv(*listener, &n);
	say(k, n.id);
}

/* Which of the two has something to say; both after a while: -1. */
static int first_of(struct thr *t)
{
	struct pollfd p[] = {
		{ .fd = t[0].side.in, .events = POLLIN },
		{ .fd = t[1].side.in, .events = POLLIN },
	};

	CHECK(poll(p, 2, ASKED_MS) > 0);
	if (poll(p, 2, 0) == 2)
		return -1;
	pause_ms(100);
	if (poll(p, 2, 0) == 2)
		return -1;
	return p[0].revents & POLLIN ? 0 : 1;
}

CASE(nested_receive_two, "of two that wait for one call, one gets it")
{
	struct notice n = { .id = 0 };
	struct nest t;
	struct thr r[2];
	uint64_t id;
	int i, who;

	need_nested();
	NEST(&t, NESTABLE, NEW_LISTENER);
	for (i = 0; i < 2; i++)
		thr_start(&r[i], receiver, &t.listener[1]);
	CONTROL(nobody_asked(&t, 50));
	CALL(&t, PASS, ASK);
	who = first_of(r);
	CHECK(who >= 0);
	n.id = heard(&r[who].side);
	id = n.id;
	CHECK_EQ(notice_continue(t.listener[1], &n), 0);
	RAN(&t);
	/* The other one gets the next. */
	CALL(&t, PASS, ASK);
	n.id = heard(&r[!who].side);
	CHECK(n.id != id);
	CHECK_EQ(notice_continue(t.listener[1], &n), 0);
	RAN(&t);
	nest_end(&t);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults on request: each allocation and each copy from or to user space, that an operation of the module makes, fails
 * once, by /proc/thread-self/fail-nth. Then the operation must fail with an errno that says so, or not need what
 * failed; and done once more without a fault, it must succeed. A program of the harness in tests/features.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "nest.h"
#include "pinkit.h"

/* More than any operation needs. */
#define FAULTS_MAX 400

/* What came of an operation whose NTH fault happened, or would have. */
struct outcome {
	long result;
	bool happened;
};

struct table {
	int succeeded;
	int no_memory;
	int bad_address;
	int interrupted;
};

static int fail_nth = -1;

/* For one with_fault(), before anything forbids it. */
static void open_faults(void)
{
	if (fail_nth >= 0)
		close(fail_nth);
	fail_nth = open("/proc/thread-self/fail-nth", O_RDWR);
	NEED(fail_nth >= 0);
}

/* No libc, as the task may be in strict mode: 0 was left if it happened. */
static struct outcome with_fault(int nth, long (*op)(long), long arg)
{
	char text[16] = "", left[16] = "";
	struct outcome o;

	snprintf(text, sizeof(text), "%d", nth);
	if (nth)
		raw(SYS_write, fail_nth, text, strlen(text));
	o.result = op(arg);
	if (!nth)
		return (struct outcome){ o.result, false };
	o.happened = raw(SYS_read, fail_nth, left, sizeof(left) - 1) < 0 ||
		     left[0] == '0';
	raw(SYS_write, fail_nth, "0", 1);
	return o;
}

static void note(struct table *t, long result)
{
	if (result >= 0)
		t->succeeded++;
	else if (result == -ENOMEM)
		t->no_memory++;
	else if (result == -EFAULT)
		t->bad_address++;
	else if (result == -EINTR)
		t->interrupted++;
	else
		CHECK_EQ(result, -ENOMEM);
}

static void report(const char *name, const struct table *t)
{
	diag("%s: %d x ENOMEM, %d x EFAULT, %d x EINTR, %d x no matter", name,
	     t->no_memory, t->bad_address, t->interrupted, t->succeeded);
	CONTROL(t->no_memory + t->bad_address > 0);
}

/* Operations of a task of its own */

struct subject {
	const char *name;
	void (*before)(void);
	long (*op)(long arg);
	long arg;
};

struct attempt {
	const struct subject *subject;
	int nth;
};

static void attempt(struct kid *k)
{
	const struct attempt *a = k->arg;
	struct outcome o;

	no_new_privs();
	open_faults();
	if (a->subject->before)
		a->subject->before();
	o = with_fault(a->nth, a->subject->op, a->subject->arg);
	say(k, o.result);
	say(k, o.happened);
	say(k, o.result < 0 ? a->subject->op(a->subject->arg) : 0);
}

/* False when there were fewer faults to make. */
static bool try_one(const struct subject *subject, int nth, struct table *t)
{
	struct attempt a = { subject, nth };
	long result, happened;
	struct kid k;

	kid_start(&k, attempt, &a);
	result = heard(&k);
	happened = heard(&k);
	if (happened) {
		note(t, result);
		CHECK(heard(&k) >= 0);
	} else {
		CHECK(result >= 0);
	}
	kid_kill(&k);
	return happened;
}

static void try_all(const struct subject *subject)
{
	struct table t = { };
	int nth = 1;

	while (try_one(subject, nth, &t))
		NEED(++nth < FAULTS_MAX);
	report(subject->name, &t);
	CHECK_EQ(module_refs_fall_to(0), 0);
}

static long ask_info(long unused)
{
	struct seccomp_overlay_info info = { .size = sizeof(info) };

	(void)unused;
	return raw(SYS_seccomp, SECCOMP_GET_OVERLAY_INFO, 0, &info);
}

CASE(fault_info, "faults while asking what there is")
{
	try_all(&(struct subject){ "info", NULL, ask_info, 0 });
}

static void under_filter(void)
{
	MUST(filter(0, SYS_getpgrp, DENY));
}

static long go_strict(long unused)
{
	(void)unused;
	return raw(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL);
}

CASE_SLOW(fault_strict, "faults in strict mode after filters", 8)
{
	try_all(&(struct subject){ "strict", under_filter, go_strict, 0 });
}

static long install(long flags)
{
	return filter(flags, SYS_getppid, flags & NEW_LISTENER ? ASK : DENY);
}

CASE_SLOW(fault_listener, "faults in a first overlay listener", 8)
{
	try_all(&(struct subject){ "listener", NULL, install, NESTABLE });
}

static void under_listener(void)
{
	MUST(install(NESTABLE));
}

CASE_SLOW(fault_nested, "faults in a nested listener", 8)
{
	try_all(&(struct subject){ "nested", under_listener, install,
				   NESTABLE });
}

CASE_SLOW(fault_below, "faults in a plain filter below a listener", 8)
{
	try_all(&(struct subject){ "plain below", under_listener, install, 0 });
}

CASE_SLOW(fault_sequential, "faults in a sequential filter", 8)
{
	try_all(&(struct subject){ "sequential", NULL, install, SEQUENTIAL });
}

static long clone_of(long pidfd)
{
	int fd = pidfd;

	return raw(SYS_seccomp, SECCOMP_CLONE_FILTER, 0, &fd);
}

static void have_filter(struct kid *k)
{
	long word;

	no_new_privs();
	under_filter();
	say(k, 0);
	hear(k, &word);
}

CASE_SLOW(fault_clone, "faults in a clone", 8)
{
	struct kid source;

	kid_start(&source, have_filter, NULL);
	heard(&source);
	try_all(&(struct subject){ "clone", NULL, clone_of, source.pidfd });
	kid_kill(&source);
}

/* A supervisor and its captive. Either can have the fault. */

struct scene {
	struct captive c;
	struct notice n;
	struct sealed s;
	uint64_t addr;
};

static struct scene scene;

static long do_open_faults(long unused, long unused2)
{
	(void)unused;
	(void)unused2;
	open_faults();
	return 0;
}

static long call_nr(long nr)
{
	return raw(nr);
}

/* The trapped call with a fault; B: the fault. Negative if it did not happen. */
static long do_call_with_fault(long nr, long nth)
{
	struct outcome o = with_fault(nth, call_nr, nr);

	return o.happened ? 1 : -1;
}

static void scene_start(void)
{
	memset(&scene, 0, sizeof(scene));
	captive_new(&scene.c);
	run(&scene.c.task[MAIN], do_open_faults, 0, 0);
	sealed_pages(&scene.s, 2);
}

static void scene_end(void)
{
	captive_end(&scene.c);
	sealed_free(&scene.s);
}

static long pin(long unused)
{
	(void)unused;
	scene.addr = 0;
	return pin_install(scene.c.listener, scene.n.id, scene.s.fd,
			   &scene.addr, scene.s.size, 0);
}

static long redirect(long unused)
{
	struct seccomp_notif_resp_redirect r = {
		.id = scene.n.id, .flags = SECCOMP_REDIRECT_FLAG_CONTINUE,
		.args_mask = 1, .ptr_mask = 1, .memfd = scene.s.fd,
		.args = { scene.addr }, .ptr_len = { 8 },
	};

	(void)unused;
	return send_redirect(scene.c.listener, &r);
}

CASE_SLOW(fault_pin, "faults in PIN_INSTALL, of the supervisor's", 20)
{
	struct table t = { };
	struct outcome o;
	int nth = 1;

	need_redirect();
	do {
		scene_start();
		open_faults();
		captive_trap(&scene.c, MAIN, &scene.n);
		o = with_fault(nth, pin, 0);
		if (o.happened)
			note(&t, o.result);
		if (o.result < 0)
			CHECK_EQ(pin(0), 0);
		captive_release(&scene.c, MAIN, &scene.n);
		CHECK_EQ(run(&scene.c.task[MAIN], do_count_pages, scene.addr,
			     2), 2);
		scene_end();
		NEED(++nth < FAULTS_MAX);
	} while (o.happened);
	report("pin, supervisor", &t);
	CHECK_EQ(module_refs_fall_to(0), 0);
}

CASE_SLOW(fault_pin_target, "faults in PIN_INSTALL, of the target's", 20)
{
	struct table t = { };
	bool happened;
	int nth = 1;

	need_redirect();
	do {
		scene_start();
		run_start(&scene.c.task[MAIN], do_call_with_fault, SYS_getppid,
			  nth);
		CHECK(notice_waits(scene.c.listener, 8000));
		notice_recv(scene.c.listener, &scene.n);
		note(&t, pin(0));
		CHECK_EQ(pin(0), 0);
		happened = captive_release(&scene.c, MAIN, &scene.n) > 0;
		CHECK_EQ(run(&scene.c.task[MAIN], do_count_pages, scene.addr,
			     2), 2);
		scene_end();
		NEED(++nth < FAULTS_MAX);
	} while (happened);
	report("pin, target", &t);
	CHECK_EQ(module_refs_fall_to(0), 0);
}

CASE_SLOW(fault_redirect, "faults in SEND_REDIRECT", 20)
{
	struct table t = { };
	struct outcome o;
	int nth = 1;

	need_redirect();
	do {
		scene_start();
		open_faults();
		captive_trap(&scene.c, MAIN, &scene.n);
		CHECK_EQ(pin(0), 0);
		o = with_fault(nth, redirect, 0);
		if (o.happened)
			note(&t, o.result);
		if (o.result < 0)
			CHECK_EQ(redirect(0), 0);
		CHECK(heard(&scene.c.task[MAIN]) > 0);
		scene_end();
		NEED(++nth < FAULTS_MAX);
	} while (o.happened);
	report("redirect", &t);
	CHECK_EQ(module_refs_fall_to(0), 0);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults in what a supervisor does, on either side of it: the two ioctls of the
 * module's, and the kernel's own where a task waits in the module.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fault.h"
#include "pinkit.h"

#ifndef SECCOMP_ADDFD_FLAG_SEND
#define SECCOMP_ADDFD_FLAG_SEND (1UL << 1)
#endif

/* Beyond the table that a task has from the start. */
#define FAR_FD 700

/* A supervisor and its captive, which makes a call. */
static struct {
	struct captive c;
	struct notice n;
	struct sealed s;
	uint64_t addr;
} scene;

/**
 * struct act - what a supervisor does
 * @name: in the table
 * @nested: his listener is below another
 * @unreceived: the call has not been received
 * @ends: it ends the call, which is answered CONTINUE otherwise
 * @pins: it pins the pages of the scene
 * @gives: what the call gives then, if it is not what it gives by itself
 * @fresh: before there is a captive
 * @prepare: before it, without faults
 * @op: the act: 0 or more, or -errno
 */
struct act {
	const char *name;
	bool nested;
	bool unreceived;
	bool ends;
	bool pins;
	long gives;
	void (*fresh)(void);
	void (*prepare)(void);
	long (*op)(long unused);
};

/* The captive's side. */

static long last_result;

static long call_nr(long nr)
{
	return raw(nr);
}

/* Did the fault happen? */
static long do_call_with_fault(long nr, long nth)
{
	struct outcome o = with_fault(nth, call_nr, nr);

	last_result = o.result;
	return o.happened;
}

static long do_last_result(long unused, long unused2)
{
	(void)unused;
	(void)unused2;
	return last_result;
}

static void before_filter(void)
{
	open_faults();
}

static void before_nested_filter(void)
{
	open_faults();
	MUST(filter(NESTABLE, TOUCHED_NR, ASK));
}

/* Ours. */

static void scene_start(const struct act *act, int nth)
{
	memset(&scene, 0, sizeof(scene));
	captive_start(&scene.c, &(const struct captive_plan){
		.before = act->nested ? before_nested_filter : before_filter });
	sealed_pages(&scene.s, 2);
	run_start(&scene.c.task[MAIN], do_call_with_fault, SYS_getppid, nth);
	CHECK(notice_waits(scene.c.listener, 8000));
	if (!act->unreceived)
		notice_recv(scene.c.listener, &scene.n);
	if (act->prepare)
		act->prepare();
}

/* Did the captive's fault happen? */
static bool scene_end(const struct act *act)
{
	struct kid *task = &scene.c.task[MAIN];
	bool happened;

	if (!act->ends)
		CHECK_EQ(notice_continue(scene.c.listener, &scene.n), 0);
	happened = heard(task);
	CHECK_EQ(run(task, do_last_result, 0, 0), act->gives ?: getpid());
	if (act->pins)
		CHECK_EQ(run(task, do_count_pages, scene.addr, 2), 2);
	captive_end(&scene.c);
	sealed_free(&scene.s);
	return happened;
}

/* PIN_INSTALL may have said EFAULT when all was done. */
static void check_unchanged(const struct act *act, const struct state *was,
			    int mappings, long result)
{
	struct state is;

	state_of(scene.c.k.pid, &is);
	same_state(&is, was);
	if (result != -EFAULT)
		CHECK_EQ(mappings_of(scene.c.k.pid, scene.s.fd), mappings);
	if (act->unreceived)
		CHECK(notice_waits(scene.c.listener, 0));
	else
		CHECK_EQ(id_valid(scene.c.listener, scene.n.id), 0);
}

static struct outcome do_act(const struct act *act, int nth)
{
	int mappings = mappings_of(scene.c.k.pid, scene.s.fd);
	struct outcome o;
	struct state was;

	state_of(scene.c.k.pid, &was);
	o = with_fault(nth, act->op, 0);
	if (o.result < 0) {
		check_unchanged(act, &was, mappings, o.result);
		CHECK(act->op(0) >= 0);
	}
	return o;
}

static const struct act *tried;

static bool try_ours(struct table *t, int nth)
{
	struct outcome o;

	scene_start(tried, 0);
	o = do_act(tried, nth);
	scene_end(tried);
	if (o.happened)
		note(t, o.result);
	else
		CHECK(o.result >= 0);
	return o.happened;
}

static bool try_theirs(struct table *t, int nth)
{
	struct outcome o;
	bool happened;

	scene_start(tried, nth);
	o = do_act(tried, 0);
	happened = scene_end(tried);
	if (happened)
		note(t, o.result);
	else
		CHECK(o.result >= 0);
	return happened;
}

static void try_act(const struct act *act)
{
	struct table t = { .name = act->name, .fresh = act->fresh };

	tried = act;
	try_sites(&t, try_ours);
}

/* In the task that has it done to it. */
static void try_act_in_target(const struct act *act)
{
	struct table t = { .name = act->name, .fresh = act->fresh };

	tried = act;
	try_sites(&t, try_theirs);
}

/* Pins */

static long pin(long unused)
{
	(void)unused;
	scene.addr = 0;
	return pin_install(scene.c.listener, scene.n.id, scene.s.fd,
			   &scene.addr, scene.s.size, 0);
}

static void pin_now(void)
{
	CHECK_EQ(pin(0), 0);
}

CASE_SLOW(fault_pin, "faults in PIN_INSTALL, of the supervisor's", 20)
{
	need_redirect();
	try_act(&(struct act){ "pin", .op = pin, .pins = true });
	try_act(&(struct act){ "pin, once more", .prepare = pin_now, .op = pin,
			       .pins = true });
	module_is_unused();
}

CASE_SLOW(fault_pin_target, "faults in PIN_INSTALL, of the target's", 20)
{
	need_redirect();
	try_act_in_target(&(struct act){ "pin, in the target", .op = pin,
					 .pins = true });
	module_is_unused();
}

/* Redirects */

static long redirect_to(uint64_t addr, bool pointer)
{
	struct seccomp_notif_resp_redirect r = {
		.id = scene.n.id, .flags = SECCOMP_REDIRECT_FLAG_CONTINUE,
		.args_mask = 1, .ptr_mask = pointer, .memfd = scene.s.fd,
		.args = { addr }, .ptr_len = { pointer ? 8 : 0 },
	};

	return send_redirect(scene.c.listener, &r);
}

static long redirect(long unused)
{
	(void)unused;
	return redirect_to(1, false);
}

static long redirect_pointer(long unused)
{
	(void)unused;
	return redirect_to(scene.addr, true);
}

CASE_SLOW(fault_redirect, "faults in SEND_REDIRECT", 20)
{
	need_redirect();
	try_act(&(struct act){ "redirect", .op = redirect, .ends = true });
	try_act(&(struct act){ "redirect, to a pin", .prepare = pin_now,
			       .op = redirect_pointer, .ends = true,
			       .pins = true, .nested = true });
	module_is_unused();
}

/* The kernel's own */

static long receive(long unused)
{
	union {
		struct seccomp_notif req;
		char room[256];
	} in = { };

	(void)unused;
	if (ioctl(scene.c.listener, SECCOMP_IOCTL_NOTIF_RECV, &in))
		return -errno;
	scene.n.id = in.req.id;
	return 0;
}

static long answer_faked(long unused)
{
	(void)unused;
	return notice_answer(scene.c.listener, &scene.n, FAKED, 0);
}

static long is_valid(long unused)
{
	(void)unused;
	return id_valid(scene.c.listener, scene.n.id);
}

CASE_SLOW(fault_answer, "faults in RECV, SEND and ID_VALID", 8)
{
	try_act(&(struct act){ "RECV", .op = receive, .unreceived = true,
			       .nested = true });
	try_act(&(struct act){ "SEND", .op = answer_faked, .ends = true,
			       .gives = FAKED, .nested = true });
	try_act(&(struct act){ "ID_VALID", .op = is_valid, .nested = true });
	module_is_unused();
}

static long add_fd(unsigned int flags, int at)
{
	struct seccomp_notif_addfd a = {
		.id = scene.n.id, .flags = flags, .srcfd = scene.s.fd,
		.newfd = at,
	};
	int fd = ioctl(scene.c.listener, SECCOMP_IOCTL_NOTIF_ADDFD, &a);

	return fd < 0 ? -errno : fd;
}

static long add_far_fd(long unused)
{
	(void)unused;
	return add_fd(SECCOMP_ADDFD_FLAG_SETFD, FAR_FD);
}

static long answer_far_fd(long unused)
{
	(void)unused;
	return add_fd(SECCOMP_ADDFD_FLAG_SETFD | SECCOMP_ADDFD_FLAG_SEND,
		      FAR_FD);
}

CASE_SLOW(fault_addfd, "faults in ADDFD", 16)
{
	const struct act add = { "ADDFD", .op = add_far_fd, .nested = true };
	const struct act send = { "ADDFD, SEND", .op = answer_far_fd,
				  .ends = true, .gives = FAR_FD,
				  .nested = true };
	struct act add_there = add, send_there = send;

	add_there.name = "ADDFD, in the target";
	send_there.name = "ADDFD, SEND, in the target";
	try_act(&add);
	try_act(&send);
	try_act_in_target(&add_there);
	try_act_in_target(&send_there);
	module_is_unused();
}

/* The first after a load arms the hooks that seal it. */
static long pin_arming(long unused)
{
	before_try();
	return pin(unused);
}

CASE_SLOW(fault_pin_arm, "faults in the first PIN_INSTALL after a load", 100)
{
	open_module();
	need_redirect();
	try_act(&(struct act){ "pin, arming", .fresh = reload,
			       .op = pin_arming, .pins = true });
	module_is_unused();
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nested listeners: signals, file descriptors, polling, and death while one
 * waits.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nest.h"

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif

/* Signals */

static void handle_once(void)
{
	handle_idly(SIGUSR1, 0);
}

static void handle_restart(void)
{
	handle_idly(SIGUSR1, SA_RESTART);
}

static void signal_it(struct nest *t)
{
	wait_asleep(t->k.pid);
	kill(t->k.pid, SIGUSR1);
}

static const unsigned long three[] = { NESTABLE, NESTABLE, NESTABLE };

static void bring_to(struct nest *t, int level, bool received, struct notice *n)
{
	CALL(t, ASK, ASK, ASK);
	asked_from_inside(t, level + 1);
	CHECK(notice_waits(t->listener[level], 5000));
	if (received)
		asked(t, level, n);
}

static void interrupt_at(struct nest *t, int level, bool received)
{
	struct notice n;

	bring_to(t, level, received, &n);
	signal_it(t);
	CHECK_EQ(nest_result(t), -EINTR);
	CHECK(nobody_asked(t, 20));
	if (!received)
		return;
	CHECK_EQ(id_valid(t->listener[level], n.id), -ENOENT);
	CHECK_EQ(notice_continue(t->listener[level], &n), -ENOENT);
}

CASE(nested_interrupted, "a signal in the wait at any level gives EINTR")
{
	struct nest t;
	int i;

	nest_start_with(&t, three, 3, handle_once);
	for (i = 0; i < 3; i++) {
		interrupt_at(&t, i, true);
		interrupt_at(&t, i, false);
	}
	nest_end(&t);
}

static void restart_at(struct nest *t, int level, bool received)
{
	struct notice n, again;

	bring_to(t, level, received, &n);
	signal_it(t);
	/* The old question, if it is the innermost's, must be gone by then. */
	pause_ms(50);
	asked(t, 2, &again);
	if (received) {
		CHECK(level != 2 || again.id != n.id);
		CHECK_EQ(id_valid(t->listener[level], n.id), -ENOENT);
		CHECK_EQ(notice_continue(t->listener[level], &n), -ENOENT);
	}
	CHECK_EQ(notice_continue(t->listener[2], &again), 0);
	asked_continue(t, 1);
	asked_continue(t, 0);
	RAN(t);
}

CASE(nested_restarted, "with SA_RESTART the innermost is asked anew")
{
	struct nest t;
	int i;

	nest_start_with(&t, three, 3, handle_restart);
	for (i = 0; i < 3; i++) {
		restart_at(&t, i, true);
		restart_at(&t, i, false);
	}
	nest_end(&t);
}

CASE(nested_new_ids, "the innermost gets a new id when it is asked anew")
{
	struct notice first, second;
	struct nest t;

	nest_start_with(&t, three, 3, handle_restart);
	CALL(&t, ASK, ASK, ASK);
	asked(&t, 2, &first);
	CHECK_EQ(notice_continue(t.listener[2], &first), 0);
	CHECK(notice_waits(t.listener[1], 5000));
	signal_it(&t);
	asked(&t, 2, &second);
	CHECK(first.id != second.id);
	CHECK_EQ(notice_answer(t.listener[2], &first, FAKED, 0), -ENOENT);
	CHECK_EQ(notice_answer(t.listener[2], &second, FAKED + 1, 0), 0);
	CHECK_EQ(nest_result(&t), FAKED + 1);
	CONTROL(nobody_asked(&t, 20));
	nest_end(&t);
}

CASE(nested_stopped, "a stop in the wait at the outer restarts the call")
{
	struct nest t;
	struct notice n;
	int status;

	NEST(&t, NESTABLE, NESTABLE);
	CALL(&t, ASK, ASK);
	asked_continue(&t, 1);
	asked(&t, 0, &n);
	kill(t.k.pid, SIGSTOP);
	NEED(waitpid(t.k.pid, &status, WUNTRACED) == t.k.pid);
	CHECK(WIFSTOPPED(status));
	CHECK(nobody_asked(&t, 50));
	kill(t.k.pid, SIGCONT);
	asked_continue(&t, 1);
	CHECK_EQ(notice_continue(t.listener[0], &n), -ENOENT);
	asked_continue(&t, 0);
	RAN(&t);
	nest_end(&t);
}

static void need_killable(void)
{
	long r = raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		     NEW_LISTENER | KILLABLE, NULL);

	if (r == -EINVAL)
		skip("this kernel has no WAIT_KILLABLE_RECV");
}

CASE(nested_killable_inner, "WAIT_KILLABLE_RECV holds at the inner level")
{
	const unsigned long flags[] = { NESTABLE, NEW_LISTENER | KILLABLE };
	struct notice n;
	struct nest t;

	need_killable();
	nest_start_with(&t, flags, 2, handle_restart);
	/* Not yet received: any signal. */
	CALL(&t, ASK, ASK);
	CHECK(notice_waits(t.listener[1], 5000));
	signal_it(&t);
	pause_ms(30);
	asked(&t, 1, &n);
	/* Received: none, and its answer stands. */
	kill(t.k.pid, SIGUSR1);
	CHECK(nest_pending(&t));
	CHECK_EQ(id_valid(t.listener[1], n.id), 0);
	CHECK_EQ(notice_answer(t.listener[1], &n, FAKED, 0), 0);
	CHECK_EQ(nest_result(&t), FAKED);
	/* The outer did not ask for it. */
	CALL(&t, ASK, ASK);
	asked_continue(&t, 1);
	asked(&t, 0, &n);
	kill(t.k.pid, SIGUSR1);
	asked_continue(&t, 1);
	asked_continue(&t, 0);
	RAN(&t);
	nest_end(&t);
}

CASE(nested_killable_outer, "WAIT_KILLABLE_RECV holds at the outer level")
{
	const unsigned long flags[] = { NESTABLE | KILLABLE, NEW_LISTENER };
	struct notice n;
	struct nest t;

	need_killable();
	nest_start_with(&t, flags, 2, handle_once);
	CALL(&t, ASK, ASK);
	asked_continue(&t, 1);
	asked(&t, 0, &n);
	kill(t.k.pid, SIGUSR1);
	CHECK(nest_pending(&t));
	CHECK_EQ(notice_continue(t.listener[0], &n), 0);
	RAN(&t);
	/* And the inner did not ask for it. */
	CALL(&t, ASK, ASK);
	asked(&t, 1, &n);
	signal_it(&t);
	CONTROL_EQ(nest_result(&t), -EINTR);
	nest_end(&t);
}

CASE(nested_killable_carried, "a signal kept from the inner meets the outer")
{
	const unsigned long flags[] = { NESTABLE, NEW_LISTENER | KILLABLE };
	struct notice n;
	struct nest t;

	need_killable();
	nest_start_with(&t, flags, 2, handle_once);
	CALL(&t, ASK, ASK);
	asked(&t, 1, &n);
	kill(t.k.pid, SIGUSR1);
	CONTROL(nest_pending(&t));
	CHECK_EQ(notice_continue(t.listener[1], &n), 0);
	CHECK_EQ(nest_result(&t), -EINTR);
	CHECK(nobody_asked(&t, 20));
	nest_end(&t);
}

CASE(nested_killable_killed, "and SIGKILL ends it at either level")
{
	const unsigned long flags[] = { NESTABLE | KILLABLE,
					NEW_LISTENER | KILLABLE };
	struct notice n;
	struct nest t;
	int i;

	need_killable();
	for (i = 0; i < 2; i++) {
		nest_start_with(&t, flags, 2, handle_once);
		CALL(&t, ASK, ASK);
		asked_from_inside(&t, i + 1);
		asked(&t, i, &n);
		kill(t.k.pid, SIGKILL);
		CHECK_EQ(ending(kid_wait(&t.k)), SIGNALED(SIGKILL));
		CHECK_EQ(notice_continue(t.listener[i], &n), -ENOENT);
		close(t.listener[0]);
		close(t.listener[1]);
	}
}

/* File descriptors, ids, polling */

static long add_fd(int listener, const struct notice *n, int fd, int newfd,
		   unsigned int flags)
{
	struct seccomp_notif_addfd a = {
		.id = n->id, .flags = flags, .srcfd = fd, .newfd = newfd,
	};
	int got = ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &a);

	return got < 0 ? -errno : got;
}

static bool has_file(pid_t pid, long fd, int ours)
{
	struct stat a, b;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/%ld", pid, fd);
	return !stat(path, &a) && !fstat(ours, &b) && a.st_ino == b.st_ino &&
	       a.st_dev == b.st_dev;
}

CASE(nested_addfd, "ADDFD works at each level, also to a given number")
{
	int file = memfd_create("x", MFD_CLOEXEC), i;
	struct notice n;
	struct nest t;
	long fd;

	NEED(file >= 0);
	nest_start(&t, three, 3);
	CALL(&t, ASK, ASK, ASK);
	for (i = 2; i >= 0; i--) {
		CHECK_EQ(add_fd(t.listener[i], &(struct notice){ .id = 1 },
				file, 0, 0), -ENOENT);
		asked(&t, i, &n);
		fd = add_fd(t.listener[i], &n, file, 0, 0);
		CHECK(fd > 2);
		CHECK(has_file(t.k.pid, fd, file));
		CHECK_EQ(add_fd(t.listener[i], &n, file, 100 + i,
				SECCOMP_ADDFD_FLAG_SETFD), 100 + i);
		CHECK(has_file(t.k.pid, 100 + i, file));
		CONTROL(!has_file(t.k.pid, 110 + i, file));
		CHECK_EQ(add_fd(t.listener[i], &n, -1, 0, 0), -EBADF);
		CHECK(nest_pending(&t));
		CHECK_EQ(notice_continue(t.listener[i], &n), 0);
	}
	RAN(&t);
	nest_end(&t);
}

CASE(nested_addfd_send, "ADDFD with SEND answers, so it ends the matter")
{
	int file = memfd_create("x", MFD_CLOEXEC), i;
	struct notice n;
	struct nest t;
	long fd;

	NEED(file >= 0);
	nest_start(&t, three, 3);
	for (i = 2; i >= 0; i--) {
		bring_to(&t, i, true, &n);
		fd = add_fd(t.listener[i], &n, file, 0,
			    SECCOMP_ADDFD_FLAG_SEND);
		if (fd == -EINVAL && i == 2)
			skip("this kernel's ADDFD does not answer");
		CHECK(fd > 2);
		CHECK_EQ(nest_result(&t), fd);
		CHECK(has_file(t.k.pid, fd, file));
		CHECK(nobody_asked(&t, 10));
		CHECK_EQ(add_fd(t.listener[i], &n, file, 0, 0), -ENOENT);
		bring_to(&t, i, true, &n);
		CHECK_EQ(add_fd(t.listener[i], &n, file, 120 + i,
				SECCOMP_ADDFD_FLAG_SEND |
				SECCOMP_ADDFD_FLAG_SETFD), 120 + i);
		CHECK_EQ(nest_result(&t), 120 + i);
		CHECK(has_file(t.k.pid, 120 + i, file));
	}
	CONTROL(!has_file(t.k.pid, 130, file));
	nest_end(&t);
}

CASE(nested_id_valid, "an id is valid at its level while it waits there")
{
	struct notice n[3];
	struct nest t;
	int i;

	nest_start(&t, three, 3);
	CALL(&t, ASK, ASK, ASK);
	for (i = 2; i >= 0; i--) {
		asked(&t, i, &n[i]);
		CHECK_EQ(id_valid(t.listener[i], n[i].id), 0);
		CHECK_EQ(id_valid(t.listener[i], n[i].id + 1), -ENOENT);
		if (i < 2)
			CHECK_EQ(id_valid(t.listener[i + 1], n[i + 1].id),
				 -ENOENT);
		CHECK_EQ(notice_continue(t.listener[i], &n[i]), 0);
	}
	RAN(&t);
	CONTROL_EQ(id_valid(t.listener[0], n[0].id), -ENOENT);
	nest_end(&t);
}

CASE(nested_bad_answers, "what stock refuses as an answer is refused")
{
	struct seccomp_notif_resp r = { .val = 0 };
	struct notice n;
	struct nest t;
	int i;

	nest_start(&t, three, 3);
	CALL(&t, ASK, ASK, ASK);
	for (i = 2; i >= 0; i--) {
		CHECK(notice_waits(t.listener[i], 5000));
		asked(&t, i, &n);
		r.id = n.id;
		r.flags = 2;
		CHECK(ioctl(t.listener[i], SECCOMP_IOCTL_NOTIF_SEND, &r));
		CHECK_EQ(errno, EINVAL);
		r.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		r.val = 1;
		CHECK(ioctl(t.listener[i], SECCOMP_IOCTL_NOTIF_SEND, &r));
		CHECK_EQ(errno, EINVAL);
		r.val = 0;
		CHECK(!ioctl(t.listener[i], SECCOMP_IOCTL_NOTIF_SEND, &r));
		CHECK(ioctl(t.listener[i], SECCOMP_IOCTL_NOTIF_SEND, &r));
		CHECK(errno == ENOENT || errno == EINPROGRESS);
	}
	RAN(&t);
	CONTROL(nobody_asked(&t, 0));
	nest_end(&t);
}

CASE(nested_sync_wake_up, "the flag SYNC_WAKE_UP is taken and harmless")
{
	const uint64_t flag = 1, bad = 2;
	struct nest t;
	int i;

	NEST(&t, NEW_LISTENER);
	if (ioctl(t.listener[0], SECCOMP_IOCTL_NOTIF_SET_FLAGS, flag))
		skip("this kernel has no SYNC_WAKE_UP");
	nest_end(&t);
	nest_start(&t, three, 3);
	for (i = 0; i < 3; i++) {
		CHECK(ioctl(t.listener[i], SECCOMP_IOCTL_NOTIF_SET_FLAGS, bad));
		CHECK_EQ(ioctl(t.listener[i], SECCOMP_IOCTL_NOTIF_SET_FLAGS,
			       flag), 0);
	}
	for (i = 0; i < 20; i++) {
		CALL(&t, ASK, ASK, ASK);
		asked_from_inside(&t, 0);
		RAN(&t);
	}
	nest_end(&t);
}

static int epoll_on(int listener)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLOUT };
	int fd = epoll_create1(EPOLL_CLOEXEC);

	NEED(fd >= 0);
	NEED(!epoll_ctl(fd, EPOLL_CTL_ADD, listener, &e));
	return fd;
}

static uint32_t epoll_sees(int fd, int ms)
{
	struct epoll_event e;

	return epoll_wait(fd, &e, 1, ms) > 0 ? e.events : 0;
}

CASE(nested_epoll, "epoll tells of questions, open answers and the end")
{
	struct notice n;
	struct nest t;
	int ep[3], i;

	nest_start(&t, three, 3);
	for (i = 0; i < 3; i++) {
		ep[i] = epoll_on(t.listener[i]);
		CONTROL_EQ(epoll_sees(ep[i], 0), 0);
	}
	CALL(&t, ASK, ASK, ASK);
	for (i = 2; i >= 0; i--) {
		CHECK(epoll_sees(ep[i], 5000) & EPOLLIN);
		asked(&t, i, &n);
		CHECK_EQ(epoll_sees(ep[i], 0), EPOLLOUT);
		CHECK_EQ(notice_continue(t.listener[i], &n), 0);
		CHECK_EQ(epoll_sees(ep[i], 0), 0);
	}
	RAN(&t);
	kid_kill(&t.k);
	for (i = 0; i < 3; i++)
		CHECK(epoll_sees(ep[i], 5000) & EPOLLHUP);
	for (i = 0; i < 3; i++)
		CHECK(listener_hung_up(t.listener[i], 0));
}

/* Death */

/* Stages of a call: waiting at the innermost, received there, and so on. */
#define STAGES 6

static int stage_level(int stage)
{
	return 2 - stage / 2;
}

CASE_SLOW(nested_target_killed, "the target may die at every stage", 3)
{
	long refs = module_refs();
	struct notice n;
	struct nest t;
	int stage, i;

	for (stage = 0; stage < STAGES; stage++) {
		nest_start(&t, three, 3);
		bring_to(&t, stage_level(stage), stage & 1, &n);
		wait_asleep(t.k.pid);
		kill(t.k.pid, SIGKILL);
		CHECK_EQ(ending(kid_wait(&t.k)), SIGNALED(SIGKILL));
		if (stage & 1)
			CHECK_EQ(notice_continue(
				 t.listener[stage_level(stage)], &n), -ENOENT);
		CHECK(nobody_asked(&t, 0));
		for (i = 0; i < 3; i++) {
			CHECK(listener_hung_up(t.listener[i], 5000));
			close(t.listener[i]);
		}
	}
	CHECK(module_refs_fall_to(refs) <= refs);
}

/* What the call gives once the listener of LEVEL is closed at STAGE. */
static void close_at(int stage, int level)
{
	int here = stage_level(stage), i;
	struct notice n;
	struct nest t;

	nest_start(&t, three, 3);
	bring_to(&t, here, stage & 1, &n);
	nest_close(&t, level);
	if (level == here) {
		CHECK_EQ(nest_result(&t), -ENOSYS);
		nest_end(&t);
		return;
	}
	CHECK(nest_pending(&t));
	if (stage & 1)
		CHECK_EQ(notice_continue(t.listener[here], &n), 0);
	else
		asked_continue(&t, here);
	/* One that was passed does not matter any more. */
	for (i = here - 1; i >= 0 && i != level; i--)
		asked_continue(&t, i);
	if (level < here)
		CHECK_EQ(nest_result(&t), -ENOSYS);
	else
		RAN(&t);
	nest_end(&t);
}

CASE_SLOW(nested_closed_at_stage, "each listener may be closed at every stage",
	  4)
{
	long refs = module_refs();
	int stage, level;

	for (stage = 0; stage < STAGES; stage++)
		for (level = 0; level < 3; level++)
			close_at(stage, level);
	CHECK(module_refs_fall_to(refs) <= refs);
}

static void idle_supervisor(struct kid *k)
{
	struct seccomp_notif req;
	const int *listener = k->arg;

	/* Blocks in the question, or holds a notification. */
	for (;;) {
		say(k, 1);
		memset(&req, 0, sizeof(req));
		if (!ioctl(*listener, SECCOMP_IOCTL_NOTIF_RECV, &req))
			say(k, 2);
	}
}

/* A process of its own has the listener of LEVEL, and is killed. */
static void kill_supervisor(int level, bool received)
{
	struct nest t;
	struct kid s;

	nest_start(&t, three, 3);
	kid_start(&s, idle_supervisor, &t.listener[level]);
	nest_close(&t, level);
	NEED(heard(&s) == 1);
	wait_asleep(s.pid);
	if (received) {
		CALL(&t, ASK, ASK, ASK);
		asked_from_inside(&t, level + 1);
		CHECK_EQ(heard(&s), 2);
		CONTROL(nest_pending(&t));
		kid_kill(&s);
	} else {
		kid_kill(&s);
		CALL(&t, ASK, ASK, ASK);
		asked_from_inside(&t, level + 1);
	}
	CHECK_EQ(nest_result(&t), -ENOSYS);
	nest_end(&t);
}

CASE_SLOW(nested_supervisor_killed, "a killed supervisor blocks nobody", 2)
{
	long refs = module_refs();
	int level;

	for (level = 0; level < 3; level++) {
		kill_supervisor(level, true);
		kill_supervisor(level, false);
	}
	CHECK(module_refs_fall_to(refs) <= refs);
}

CASE(nested_refs, "the module is held while a nested chain lives")
{
	long refs = module_refs();
	struct nest t;

	NEST(&t, NESTABLE, NESTABLE);
	CONTROL(module_refs() > refs);
	nest_close(&t, 0);
	nest_close(&t, 1);
	/* The filters live on, and their ENOSYS with them. */
	CHECK(module_refs() > refs);
	nest_end(&t);
	CHECK_EQ(module_refs_fall_to(refs), refs);
}

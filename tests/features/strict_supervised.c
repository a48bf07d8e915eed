// SPDX-License-Identifier: GPL-2.0-only
/*
 * Strict mode after filters: supervisors and tracers still act, and what they
 * answer does not save a call that is not on the list.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "play.h"

#define FAKED 4711
#define ADDED_FD 201

/* One listener for a call of each kind. */
static long supervise(unsigned long flags)
{
	struct prog p = { .len = 0 };

	no_new_privs();
	prog_rule(&p, AUDIT_ARCH_X86_64, SYS_getppid, SECCOMP_RET_USER_NOTIF);
	prog_rule_arg(&p, AUDIT_ARCH_X86_64, SYS_read, 0, MARKED_FD,
		      SECCOMP_RET_USER_NOTIF);
	prog_rule_arg(&p, AUDIT_ARCH_X86_64, SYS_write, 0, MARKED_FD,
		      SECCOMP_RET_USER_NOTIF);
	return prog_install(&p, SECCOMP_RET_ALLOW,
			    SECCOMP_FILTER_FLAG_NEW_LISTENER | flags);
}

static long set_supervised(void)
{
	return supervise(0);
}

static struct play plan(void (*then)(struct kid *k),
			void (*drive)(struct kid *k, bool strict))
{
	return (struct play){ .set = set_supervised, .listens = true,
			      .ask = ask_seccomp, .then = then,
			      .drive = drive };
}

static void then_getppid(struct kid *k)
{
	say(k, raw(SYS_getppid));
}

static void then_write(struct kid *k)
{
	say(k, raw(SYS_write, MARKED_FD, "x", 1));
}

static void then_read(struct kid *k)
{
	char c = 0;

	say(k, raw(SYS_read, MARKED_FD, &c, 1));
	say(k, c);
}

/* That the supervisor is asked, by whom and for what, strict or not. */
static void asked(struct kid *k, struct notice *n, long nr, bool strict)
{
	notice_recv(k->listener, n);
	if (strict) {
		CHECK_EQ(n->nr, nr);
		CHECK_EQ(n->pid, k->pid);
	} else {
		CONTROL_EQ(n->nr, nr);
		CONTROL_EQ(n->pid, k->pid);
	}
}

static void drive_fake_getppid(struct kid *k, bool strict)
{
	struct notice n;

	asked(k, &n, SYS_getppid, strict);
	CHECK_EQ(notice_answer(k->listener, &n, FAKED, 0), 0);
}

static void drive_refuse_getppid(struct kid *k, bool strict)
{
	struct notice n;

	asked(k, &n, SYS_getppid, strict);
	CHECK_EQ(notice_answer(k->listener, &n, 0, -DENIED), 0);
}

static void drive_continue_getppid(struct kid *k, bool strict)
{
	struct notice n;

	asked(k, &n, SYS_getppid, strict);
	CHECK_EQ(notice_continue(k->listener, &n), 0);
}

static void drive_close(struct kid *k, bool strict)
{
	(void)strict;
	close(k->listener);
	k->listener = -1;
	say(k, 0);
}

CASE(strict_notif_faked, "a supervisor's answer does not save the task")
{
	struct play p = plan(then_getppid, drive_fake_getppid);

	play_dies(&p);
	p.drive = drive_refuse_getppid;
	play_dies(&p);
}

CASE(strict_notif_continued, "a supervisor's CONTINUE does not save the task")
{
	struct play p = plan(then_getppid, drive_continue_getppid);

	play_dies(&p);
}

static void then_closed_getppid(struct kid *k)
{
	long word;

	hear(k, &word);
	say(k, raw(SYS_getppid) == -ENOSYS);
}

static void then_closed_write(struct kid *k)
{
	long word;

	hear(k, &word);
	say(k, raw(SYS_write, MARKED_FD, "x", 1));
}

CASE(strict_notif_closed, "a closed listener answers ENOSYS to listed calls")
{
	struct play p = plan(then_closed_write, drive_close);

	LIVES(&p, -ENOSYS);
	p.then = then_closed_getppid;
	play_dies(&p);
}

static void drive_fake_write(struct kid *k, bool strict)
{
	struct notice n;

	asked(k, &n, SYS_write, strict);
	CHECK_EQ(n.arg[2], 1);
	CHECK_EQ(notice_answer(k->listener, &n, FAKED, 0), 0);
}

static void drive_refuse_write(struct kid *k, bool strict)
{
	struct notice n;

	asked(k, &n, SYS_write, strict);
	CHECK_EQ(notice_answer(k->listener, &n, 0, -DENIED), 0);
}

CASE(strict_notif_listed_faked, "a listed call may be answered by a supervisor")
{
	struct play p = plan(then_write, drive_fake_write);

	LIVES(&p, FAKED);
	p.drive = drive_refuse_write;
	LIVES(&p, -DENIED);
}

static long set_readable(void)
{
	int fd[2];

	NEED(!pipe(fd));
	NEED(dup2(fd[0], MARKED_FD) == MARKED_FD);
	NEED(write(fd[1], "y", 1) == 1);
	return supervise(0);
}

static void drive_continue_read(struct kid *k, bool strict)
{
	struct notice n;

	asked(k, &n, SYS_read, strict);
	CHECK_EQ(notice_continue(k->listener, &n), 0);
}

CASE(strict_notif_listed_continued, "a listed call runs on CONTINUE")
{
	struct play p = plan(then_read, drive_continue_read);

	p.set = set_readable;
	LIVES(&p, 1, 'y');
}

static void drive_addfd(struct kid *k, bool strict)
{
	struct seccomp_notif_addfd a = {
		.flags = SECCOMP_ADDFD_FLAG_SETFD | SECCOMP_ADDFD_FLAG_SEND,
		.newfd = ADDED_FD,
	};
	struct notice n;
	int fd[2];
	char c = 0;

	NEED(!pipe2(fd, O_CLOEXEC));
	asked(k, &n, SYS_write, strict);
	a.id = n.id;
	a.srcfd = fd[1];
	if (ioctl(k->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &a) < 0) {
		/* It cannot be the answer before 5.14. */
		CHECK_EQ(errno, EINVAL);
		a.flags = SECCOMP_ADDFD_FLAG_SETFD;
		CHECK_EQ(ioctl(k->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &a),
			 ADDED_FD);
		CHECK_EQ(notice_answer(k->listener, &n, ADDED_FD, 0), 0);
	}
	NEED(read(fd[0], &c, 1) == 1);
	CHECK_EQ(c, 'z');
}

static void then_addfd(struct kid *k)
{
	long fd = raw(SYS_write, MARKED_FD, "x", 1);

	say(k, fd);
	say(k, raw(SYS_write, fd, "z", 1));
}

CASE(strict_notif_addfd, "a supervisor may hand a file to a strict task")
{
	struct play p = plan(then_addfd, drive_addfd);

	LIVES(&p, ADDED_FD, 1);
}

/* Signals in the wait for a supervisor */

static volatile sig_atomic_t handled;

static void on_signal(int sig)
{
	(void)sig;
	handled++;
}

static void catch_usr1(int flags)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = flags };

	sigaction(SIGUSR1, &sa, NULL);
}

static long set_interruptible(void)
{
	catch_usr1(0);
	return supervise(0);
}

static long set_restarting(void)
{
	catch_usr1(SA_RESTART);
	return supervise(0);
}

static long set_killable(void)
{
	catch_usr1(0);
	return supervise(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
}

static void then_write_handled(struct kid *k)
{
	say(k, raw(SYS_write, MARKED_FD, "x", 1));
	say(k, handled);
}

static void drive_interrupt(struct kid *k, bool strict)
{
	(void)strict;
	CHECK(notice_waits(k->listener, -1));
	wait_asleep(k->pid);
	kill(k->pid, SIGUSR1);
}

static void drive_interrupt_received(struct kid *k, bool strict)
{
	struct notice n;

	asked(k, &n, SYS_write, strict);
	wait_asleep(k->pid);
	kill(k->pid, SIGUSR1);
	CHECK_EQ(heard(k), -EINTR);
	CHECK_EQ(notice_answer(k->listener, &n, FAKED, 0), -ENOENT);
}

CASE(strict_notif_interrupted, "a signal ends the wait with EINTR")
{
	struct play p = plan(then_write_handled, drive_interrupt);

	p.set = set_interruptible;
	LIVES(&p, -EINTR, 1);
	/* This one hears the EINTR itself. */
	p.drive = drive_interrupt_received;
	LIVES(&p, 1);
}

static void drive_restart(struct kid *k, bool strict)
{
	struct notice first, again;

	asked(k, &first, SYS_write, strict);
	wait_asleep(k->pid);
	kill(k->pid, SIGUSR1);
	asked(k, &again, SYS_write, strict);
	CHECK(first.id != again.id);
	CHECK_EQ(notice_answer(k->listener, &first, 1, 0), -ENOENT);
	CHECK_EQ(notice_answer(k->listener, &again, FAKED, 0), 0);
}

CASE(strict_notif_restarted, "with SA_RESTART the supervisor is asked anew")
{
	struct play p = plan(then_write_handled, drive_restart);

	p.set = set_restarting;
	LIVES(&p, FAKED, 1);
}

static void then_getppid_interrupted(struct kid *k)
{
	say(k, raw(SYS_getppid) == -EINTR);
}

static void drive_interrupt_unlisted(struct kid *k, bool strict)
{
	struct notice n;

	asked(k, &n, SYS_getppid, strict);
	wait_asleep(k->pid);
	kill(k->pid, SIGUSR1);
	if (!strict)
		return;
	/* Whether it is asked again is not said; that it dies is. */
	while (proc_state(k->pid) != 'Z') {
		if (!notice_waits(k->listener, 20))
			continue;
		notice_recv(k->listener, &n);
		notice_answer(k->listener, &n, FAKED, 0);
	}
}

CASE(strict_notif_interrupted_dies, "a signal in the wait saves no other call")
{
	struct play p = plan(then_getppid_interrupted,
			     drive_interrupt_unlisted);

	p.set = set_interruptible;
	play_dies(&p);
}

static void drive_killable(struct kid *k, bool strict)
{
	struct notice n;

	asked(k, &n, SYS_write, strict);
	kill(k->pid, SIGUSR1);
	pause_ms(50);
	CHECK_EQ(notice_answer(k->listener, &n, FAKED, 0), 0);
}

CASE(strict_notif_killable, "WAIT_KILLABLE_RECV keeps signals from the wait")
{
	struct play p = plan(then_write_handled, drive_killable);
	long bad = raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		       SECCOMP_FILTER_FLAG_NEW_LISTENER |
		       SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, NULL);

	if (bad == -EINVAL)
		skip("this kernel has no WAIT_KILLABLE_RECV");
	p.set = set_killable;
	LIVES(&p, FAKED, 1);
}

static void drive_kill(struct kid *k, bool strict)
{
	struct notice n;

	asked(k, &n, SYS_write, strict);
	kill(k->pid, SIGKILL);
	wait_zombie(k->pid);
	CHECK_EQ(notice_answer(k->listener, &n, FAKED, 0), -ENOENT);
}

CASE(strict_notif_killed, "SIGKILL ends the wait")
{
	struct play p = plan(then_write, drive_kill);

	p.code = SIGNALED(SIGKILL);
	play_dies(&p);
}

static void hup_kid(struct kid *k)
{
	const long *ask = k->arg;
	long word;

	listener_hand(k, supervise(0));
	say(k, *ask ? ask_seccomp() : 0);
	hear(k, &word);
	raw(SYS_exit, 0);
}

static bool hangs_up(long ask)
{
	struct kid k;
	bool hup;

	kid_start(&k, hup_kid, &ask);
	listener_take(&k);
	CHECK_EQ(heard(&k), 0);
	CONTROL(!listener_hung_up(k.listener, 0));
	say(&k, 0);
	kid_wait(&k);
	hup = listener_hung_up(k.listener, 5000);
	close(k.listener);
	return hup;
}

CASE(strict_notif_hup, "the listener hangs up when the strict task is gone")
{
	CONTROL(hangs_up(0));
	CHECK(hangs_up(1));
}

/* Tracers */

#define TRACE_DATA 7
#define TRACE (SECCOMP_RET_TRACE | TRACE_DATA)

static long set_traced(void)
{
	no_new_privs();
	MUST(filter(0, SYS_getppid, TRACE));
	MUST(filter_arg(0, SYS_write, 0, MARKED_FD + 1, DENY));
	return filter_arg(0, SYS_write, 0, MARKED_FD, TRACE);
}

static void attach_tracer(struct kid *k)
{
	NEED(!ptrace(PTRACE_SEIZE, k->pid, NULL,
		     PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL));
}

static struct play traced(void (*then)(struct kid *k),
			  void (*drive)(struct kid *k, bool strict))
{
	return (struct play){ .set = set_traced, .ask = ask_seccomp,
			      .then = then, .attach = attach_tracer,
			      .drive = drive };
}

/* The stop of SECCOMP_RET_TRACE is seen, strict or not. */
static void seccomp_stop(struct kid *k, bool strict)
{
	unsigned long data = 0;
	int status = 0;

	NEED(waitpid(k->pid, &status, __WALL) == k->pid);
	if (strict)
		CHECK_EQ(status >> 8, SIGTRAP | PTRACE_EVENT_SECCOMP << 8);
	else
		CONTROL_EQ(status >> 8, SIGTRAP | PTRACE_EVENT_SECCOMP << 8);
	NEED(!ptrace(PTRACE_GETEVENTMSG, k->pid, NULL, &data));
	CHECK_EQ(data, TRACE_DATA);
}

static void go_on(struct kid *k)
{
	NEED(!ptrace(PTRACE_CONT, k->pid, NULL, NULL));
}

static void become(struct kid *k, long nr, long arg0, long result)
{
	struct user_regs_struct r;

	NEED(!ptrace(PTRACE_GETREGS, k->pid, NULL, &r));
	r.orig_rax = nr;
	r.rdi = arg0;
	r.rax = result;
	NEED(!ptrace(PTRACE_SETREGS, k->pid, NULL, &r));
}

static void drive_look(struct kid *k, bool strict)
{
	seccomp_stop(k, strict);
	go_on(k);
}

static void drive_skip(struct kid *k, bool strict)
{
	seccomp_stop(k, strict);
	become(k, -1, 0, FAKED);
	go_on(k);
}

static void drive_to_getpid(struct kid *k, bool strict)
{
	seccomp_stop(k, strict);
	become(k, SYS_getpid, 0, -ENOSYS);
	go_on(k);
}

static void drive_to_write(struct kid *k, bool strict)
{
	seccomp_stop(k, strict);
	become(k, SYS_write, MARKED_FD + 2, -ENOSYS);
	go_on(k);
}

static void drive_to_denied(struct kid *k, bool strict)
{
	seccomp_stop(k, strict);
	become(k, SYS_write, MARKED_FD + 1, -ENOSYS);
	go_on(k);
}

CASE(strict_trace_unlisted, "a tracer is stopped for, then the call dies")
{
	struct play p = traced(then_getppid, drive_look);

	play_dies(&p);
}

CASE(strict_trace_listed, "a tracer is stopped for, then a listed call runs")
{
	struct play p = traced(then_write, drive_look);

	LIVES(&p, -EBADF);
}

CASE(strict_trace_skips, "a tracer that answers a call does not save the task")
{
	struct play p = traced(then_getppid, drive_skip);

	play_dies(&p);
}

CASE(strict_trace_changes, "what the tracer left is what the list judges")
{
	struct play p = traced(then_write, drive_to_getpid);

	play_dies(&p);
	p.then = then_getppid;
	p.drive = drive_to_write;
	LIVES(&p, -EBADF);
}

CASE(strict_trace_rejudged, "what the tracer left is what the filters judge")
{
	struct play p = traced(then_getppid, drive_to_denied);

	LIVES(&p, -DENIED);
	p.then = then_write;
	LIVES(&p, -DENIED);
}

CASE(strict_trace_alone, "without a tracer TRACE is ENOSYS, or death")
{
	struct play p = { .set = set_traced, .ask = ask_seccomp,
			  .then = then_write };

	LIVES(&p, -ENOSYS);
	p.then = then_getppid;
	play_dies(&p);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Redirect: calls that make tasks, replace programs, and end.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "play.h"
#include "redirkit.h"

#ifndef SYS_clone3
#define SYS_clone3 435
#endif

#define IA32_execve 11

/* No flags of a clone, and an exit code. */
static const uint64_t junk[6] = { 0x71, 0x22, 0x33, 0x44, 0x55, 0x66 };

/* fork, vfork, clone */

/* The listener further out is asked about the redirected call only. */
static void watched(struct redir *t)
{
	struct notice n;
	int i;

	redir_asked(t, 0, &n);
	for (i = 0; i < 6; i++)
		CHECK_EQ(n.arg[i], junk[i]);
	CHECK_EQ(notice_continue(t->listener[0], &n), 0);
}

/* A child stores its registers and exits at once. */
static long children_store(long on)
{
	redir_child = on ? &redir_shot->child : NULL;
	return 0;
}

static long reap(long pid)
{
	int status = 0;
	long r = raw(SYS_wait4, pid, &status, __WALL, 0);

	return r == pid ? status : r;
}

static void parent_start(struct redir *t, bool ia32, long nr)
{
	need_redirect();
	if (ia32)
		need_ia32();
	redir_start(t, NULL);
	t->shot->ia32 = ia32;
	redir_ask_arg(t, nr, 0, junk[0]);
	redir_ask(t, nr);
	redir_do(t, children_store, 1);
}

static void asks(struct redir *t, struct notice *n)
{
	memset(&t->shot->child, 0, sizeof(t->shot->child));
	redir_call(t);
	redir_asked(t, 1, n);
}

/* Both have what was there before the call. */
static void both_original(struct redir *t, long pid)
{
	CHECK(pid > 0 && pid != t->k.pid);
	CHECK_EQ(redir_do(t, reap, pid), 0);
	CHECK(redir_untouched(t));
	CHECK(regs_equal(&t->shot->child, &t->shot->before, t->shot->ia32));
}

static void forks(bool ia32, long nr)
{
	struct notice n;
	struct redir t;

	parent_start(&t, ia32, nr);
	redir_load(&t, nr, 1, 2, 3, 4, 5, 6);
	asks(&t, &n);
	CHECK_EQ(notice_continue(t.listener[1], &n), 0);
	both_original(&t, redir_result(&t));
	asks(&t, &n);
	CHECK_EQ(notice_answer(t.listener[1], &n, 0, -DENIED), 0);
	CONTROL_EQ(redir_result(&t), -DENIED);
	CONTROL_EQ(t.shot->child.r15, 0);
	asks(&t, &n);
	CHECK_EQ(redir_args(t.listener[1], &n, ALL_ARGS, junk), 0);
	watched(&t);
	both_original(&t, redir_result(&t));
	redir_end(&t);
}

CASE(redirect_fork, "after fork both have the registers of before")
{
	forks(false, SYS_fork);
}

CASE(redirect_fork_ia32, "after a 32-bit fork as well")
{
	forks(true, IA32_fork);
}

CASE(redirect_vfork, "after vfork as well, whose child runs first")
{
	forks(false, SYS_vfork);
}

CASE(redirect_vfork_ia32, "after a 32-bit vfork as well")
{
	forks(true, IA32_vfork);
}

/* The call as it is makes nothing; FLAGS do. */
static void clones(bool ia32, uint64_t flags)
{
	const long nr = ia32 ? IA32_clone : SYS_clone;
	const uint64_t args[6] = { flags };
	struct notice n;
	struct redir t;

	parent_start(&t, ia32, nr);
	redir_load(&t, nr, CLONE_THREAD, 0x1111, 0x2222, 0x3333, 0x4444, 0x66);
	asks(&t, &n);
	CHECK_EQ(notice_continue(t.listener[1], &n), 0);
	CONTROL_EQ(redir_result(&t), -EINVAL);
	asks(&t, &n);
	CHECK_EQ(redir_args(t.listener[1], &n, ALL_ARGS, args), 0);
	both_original(&t, redir_result(&t));
	redir_end(&t);
}

CASE(redirect_clone, "clone takes redirected flags, registers come back")
{
	clones(false, SIGCHLD);
	clones(false, CLONE_VM | CLONE_VFORK | SIGCHLD);
	clones(false, CLONE_VM | SIGCHLD);
}

CASE(redirect_clone_ia32, "32-bit clone, too")
{
	need_redirect();
	need_ia32();
	clones(true, SIGCHLD);
	clones(true, CLONE_VM | CLONE_VFORK | SIGCHLD);
}

CASE(redirect_clone_thread, "a thread starts with the registers of before")
{
	const uint64_t flags = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD |
			       CLONE_FS | CLONE_FILES | CLONE_CHILD_CLEARTID;
	uint64_t args[6] = { flags };
	struct notice n;
	struct redir t;
	int i;

	parent_start(&t, false, SYS_clone);
	redir_load(&t, SYS_clone, CLONE_THREAD, 0x1111, 0x2222, 0x3333, 0x4444);
	asks(&t, &n);
	CHECK_EQ(notice_continue(t.listener[1], &n), 0);
	CONTROL_EQ(redir_result(&t), -EINVAL);
	t.shot->word = 1;
	args[3] = (uintptr_t)&t.shot->word;
	asks(&t, &n);
	CHECK_EQ(redir_args(t.listener[1], &n, ALL_ARGS, args), 0);
	CHECK(redir_result(&t) > 0);
	/* The kernel clears it when the thread is gone. */
	for (i = 0; i < 5000 && *(volatile uint32_t *)&t.shot->word; i++)
		pause_ms(1);
	CHECK_EQ(t.shot->word, 0);
	CHECK(redir_untouched(&t));
	CHECK(regs_equal(&t.shot->child, &t.shot->before, false));
	redir_end(&t);
}

CASE(redirect_clone3, "clone3 reads the supervisor's structure")
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	redirection r;
	struct notice n;
	struct redir t;
	struct mem m;

	parent_start(&t, false, SYS_clone3);
	mem_make(&m, 1);
	memcpy(m.map + 64, &args, sizeof(args));
	redir_load(&t, SYS_clone3, (long)t.shot->text, 1, 3, 4, 5, 6);
	asks(&t, &n);
	CHECK_EQ(notice_continue(t.listener[1], &n), 0);
	CONTROL_EQ(redir_result(&t), -EINVAL);
	asks(&t, &n);
	mem_pin(t.listener[1], &n, &m);
	r = redirect_of(&n);
	mem_point(&r, &m, 0, 64, sizeof(args));
	r.args_mask |= 2;
	r.args[1] = sizeof(args);
	CHECK_EQ(send_redirect(t.listener[1], &r), 0);
	both_original(&t, redir_result(&t));
	redir_end(&t);
	mem_free(&m);
}

/* execve */

/* Of a table that both sizes of pointers fit. */
static void put_pointer(struct mem *m, bool ia32, size_t at, uint64_t value)
{
	memcpy(m->map + at, &value, ia32 ? 4 : 8);
}

#define PATH_AT 0
#define ARGV0_AT 100
#define ARGV1_AT 200
#define ARGV_AT 1024

static void write_exec(struct mem *m, bool ia32, const char *path)
{
	const size_t step = ia32 ? 4 : 8;

	strcpy(m->map + PATH_AT, path);
	strcpy(m->map + ARGV0_AT, "zero");
	strcpy(m->map + ARGV1_AT, "one");
	put_pointer(m, ia32, ARGV_AT, m->at + ARGV0_AT);
	put_pointer(m, ia32, ARGV_AT + step, m->at + ARGV1_AT);
	put_pointer(m, ia32, ARGV_AT + 2 * step, 0);
}

/* Everything else is 0, as it is at the start of a program. */
static redirection exec_answer(const struct notice *n, const struct mem *m)
{
	redirection r = redirect_of(n);

	mem_point(&r, m, 0, PATH_AT, 64);
	mem_point(&r, m, 1, ARGV_AT, 24);
	r.args_mask = ALL_ARGS;
	return r;
}

struct execs {
	struct redir t;
	struct notice n;
	struct mem m;
	struct report report;
	int from;
	char own[64];
	char other[64];
};

static void execs_start(struct execs *e, bool ia32)
{
	const long nr = ia32 ? IA32_execve : SYS_execve;

	need_redirect();
	if (ia32)
		need_ia32();
	snprintf(e->own, sizeof(e->own), "/proc/self/fd/%d", image_make(8));
	snprintf(e->other, sizeof(e->other), "/proc/self/fd/%d",
		 image_make(IMAGE_CODE));
	e->from = report_open();
	redir_start(&e->t, NULL);
	mem_make(&e->m, 1);
	e->t.shot->ia32 = ia32;
	strcpy(e->t.shot->text, e->own);
	redir_ask(&e->t, nr);
	/* Its argv is its path and no more. */
	redir_load(&e->t, nr, (long)e->t.shot->text,
		   (long)e->t.shot->text + 128, 0, 4, 5, 6);
	put_pointer(&(struct mem){ .map = e->t.shot->text }, ia32, 128,
		    (long)e->t.shot->text);
	redir_call(&e->t);
	redir_asked(&e->t, 0, &e->n);
	mem_pin(e->t.listener[0], &e->n, &e->m);
}

static bool all_zero(const struct regs *r)
{
	static const struct regs zero;

	return regs_equal(r, &zero, true);
}

static bool strings_are(const struct report *r, const char *want, size_t len)
{
	/* After the path, which comes last, zeroes. */
	return r->len >= len && !memcmp(r->strings, want, len);
}

static void runs_image(bool ia32)
{
	char want[128];
	redirection r;
	struct execs e;
	int len;

	execs_start(&e, ia32);
	write_exec(&e.m, ia32, e.other);
	r = exec_answer(&e.n, &e.m);
	CHECK_EQ(send_redirect(e.t.listener[0], &r), 0);
	report_read(e.from, &e.report);
	CHECK(all_zero(&e.report.regs));
	len = snprintf(want, sizeof(want), "zero%cone%c%s", 0, 0, e.other);
	CHECK(strings_are(&e.report, want, len + 1));
	CHECK_EQ(redir_reap(&e.t), IMAGE_CODE);
	mem_free(&e.m);
}

static void runs_own_image(bool ia32)
{
	char want[128];
	struct execs e;
	int len;

	execs_start(&e, ia32);
	CHECK_EQ(notice_continue(e.t.listener[0], &e.n), 0);
	report_read(e.from, &e.report);
	CONTROL(all_zero(&e.report.regs));
	len = snprintf(want, sizeof(want), "%s%c%s", e.own, 0, e.own);
	CONTROL(strings_are(&e.report, want, len + 1));
	CONTROL_EQ(redir_reap(&e.t), 8);
	mem_free(&e.m);
}

CASE(redirect_exec, "a new program starts with untouched registers")
{
	runs_own_image(false);
	runs_image(false);
}

CASE(redirect_exec_ia32, "also after a 32-bit execve")
{
	runs_own_image(true);
	runs_image(true);
}

static void exec_fails(bool ia32)
{
	redirection r;
	struct execs e;

	execs_start(&e, ia32);
	write_exec(&e.m, ia32, "/no/such/file");
	r = exec_answer(&e.n, &e.m);
	CHECK_EQ(send_redirect(e.t.listener[0], &r), 0);
	CHECK_EQ(redir_result(&e.t), -ENOENT);
	CHECK(redir_untouched(&e.t));
	redir_call(&e.t);
	redir_asked(&e.t, 0, &e.n);
	CHECK_EQ(notice_continue(e.t.listener[0], &e.n), 0);
	report_read(e.from, &e.report);
	CONTROL_EQ(redir_reap(&e.t), 8);
	mem_free(&e.m);
}

CASE(redirect_exec_fails, "an execve that fails leaves the registers of before")
{
	exec_fails(false);
}

CASE(redirect_exec_fails_ia32, "a 32-bit one as well")
{
	exec_fails(true);
}

/* A thread that is not the first makes the call, and becomes the process. */

static void execing_thread(struct kid *k)
{
	const char *const path = k->arg;
	const char *const argv[] = { path, NULL };

	say(k, raw(SYS_execve, path, argv, NULL));
}

static void execing_kid(struct kid *k)
{
	struct thr t;

	no_new_privs();
	listener_hand(k, filter(NESTABLE, SYS_execve, ASK));
	thr_start(&t, execing_thread, k->arg);
	say(k, atomic_load(&t.tid));
	say(k, heard(&t.side));
}

static int thread_execs(bool redirects)
{
	char own[64], other[64];
	struct report report;
	redirection r;
	struct notice n;
	struct mem m;
	struct kid k;
	int from, end;

	snprintf(own, sizeof(own), "/proc/self/fd/%d", image_make(8));
	snprintf(other, sizeof(other), "/proc/self/fd/%d",
		 image_make(IMAGE_CODE));
	from = report_open();
	mem_make(&m, 1);
	kid_start(&k, execing_kid, own);
	listener_take(&k);
	notice_recv(k.listener, &n);
	CHECK_EQ(n.pid, heard(&k));
	CHECK(n.pid != k.pid);
	mem_pin(k.listener, &n, &m);
	write_exec(&m, false, other);
	r = exec_answer(&n, &m);
	if (redirects)
		CHECK_EQ(send_redirect(k.listener, &r), 0);
	else
		CHECK_EQ(notice_continue(k.listener, &n), 0);
	report_read(from, &report);
	CHECK(all_zero(&report.regs));
	end = ending(kid_wait(&k));
	CHECK(listener_hung_up(k.listener, 5000));
	close(k.listener);
	close(from);
	kid_close(&k);
	mem_free(&m);
	return end;
}

CASE(redirect_exec_thread, "a thread's execve is redirected, leaving nothing")
{
	long refs = module_refs();

	need_redirect();
	CONTROL_EQ(thread_execs(false), 8);
	CHECK_EQ(thread_execs(true), IMAGE_CODE);
	CHECK(module_refs_fall_to(refs) <= refs);
}

/* Under a tracer, which stops them on the way */

static void stops_for(pid_t pid, int event)
{
	int status = 0;

	NEED(waitpid(pid, &status, __WALL) == pid);
	CHECK_EQ(status >> 8, SIGTRAP | event << 8);
}

static void lets_go(pid_t pid)
{
	NEED(!ptrace(PTRACE_CONT, pid, NULL, NULL));
}

CASE(redirect_exec_traced, "EVENT_EXEC sees the new program's registers")
{
	struct regs seen;
	redirection r;
	struct execs e;
	pid_t pid;

	execs_start(&e, false);
	pid = e.t.k.pid;
	NEED(!ptrace(PTRACE_SEIZE, pid, NULL, PTRACE_O_TRACEEXEC));
	write_exec(&e.m, false, e.other);
	r = exec_answer(&e.n, &e.m);
	CHECK_EQ(send_redirect(e.t.listener[0], &r), 0);
	stops_for(pid, PTRACE_EVENT_EXEC);
	regs_of_tracee(pid, &seen);
	CHECK(all_zero(&seen));
	lets_go(pid);
	report_read(e.from, &e.report);
	CHECK(all_zero(&e.report.regs));
	CONTROL_EQ(redir_reap(&e.t), IMAGE_CODE);
	mem_free(&e.m);
}

static void forks_traced(long nr, int event)
{
	unsigned long child = 0;
	struct notice n;
	struct redir t;
	long pid;

	parent_start(&t, false, nr);
	redir_load(&t, nr, 1, 2, 3, 4, 5, 6);
	asks(&t, &n);
	NEED(!ptrace(PTRACE_SEIZE, t.k.pid, NULL,
		     PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK));
	CHECK_EQ(redir_args(t.listener[1], &n, ALL_ARGS, junk), 0);
	watched(&t);
	stops_for(t.k.pid, event);
	NEED(!ptrace(PTRACE_GETEVENTMSG, t.k.pid, NULL, &child));
	stops_for(child, PTRACE_EVENT_STOP);
	/* Both now: the end of the child would stop its parent. */
	NEED(!ptrace(PTRACE_DETACH, child, NULL, NULL));
	NEED(!ptrace(PTRACE_DETACH, t.k.pid, NULL, NULL));
	pid = redir_result(&t);
	CONTROL_EQ(pid, child);
	both_original(&t, pid);
	redir_end(&t);
}

CASE(redirect_fork_traced, "a stop within fork or vfork makes no difference")
{
	forks_traced(SYS_fork, PTRACE_EVENT_FORK);
	forks_traced(SYS_vfork, PTRACE_EVENT_VFORK);
}

/* The end */

static void exits(long nr)
{
	long refs = module_refs();
	struct notice n;
	struct redir t;
	int i;

	need_redirect();
	for (i = 0; i < 2; i++) {
		redir_start(&t, NULL);
		/* 0 is how redir_end() has it. */
		redir_ask_arg(&t, nr, 0, 3);
		redir_load(&t, nr, 3, 4, 5, 6, 7, 8);
		redir_call(&t);
		redir_asked(&t, 0, &n);
		if (!i) {
			CHECK_EQ(notice_continue(t.listener[0], &n), 0);
			CONTROL_EQ(redir_reap(&t), 3);
			continue;
		}
		CHECK_EQ(redir_args(t.listener[0], &n, ALL_ARGS, junk), 0);
		CHECK_EQ(redir_reap(&t), junk[0]);
	}
	CHECK(module_refs_fall_to(refs) <= refs);
}

CASE(redirect_exit, "exit with a redirected code leaves nothing behind")
{
	exits(SYS_exit);
}

CASE(redirect_exit_group, "exit_group as well")
{
	exits(SYS_exit_group);
}

/* A thread waits in a redirected call when the process ends or execs. */

struct peer_plan {
	bool execs;
	char path[64];
	int pipe[2];
};

static void reading_thread(struct kid *k)
{
	char c;

	(void)k;
	raw(SYS_read, MARKED_FD, &c, 1);
}

static void peer_kid(struct kid *k)
{
	const struct peer_plan *p = k->arg;
	const char *const argv[] = { "x", NULL };
	struct thr t;
	long go;

	no_new_privs();
	listener_hand(k, filter_arg(NESTABLE, SYS_read, 0, MARKED_FD, ASK));
	thr_start(&t, reading_thread, NULL);
	say(k, atomic_load(&t.tid));
	hear(k, &go);
	if (p->execs)
		raw(SYS_execve, p->path, argv, NULL);
	raw(SYS_exit_group, IMAGE_CODE);
}

static void peer_ends(bool execs)
{
	struct peer_plan p = { .execs = execs };
	long refs = module_refs(), tid;
	struct notice n;
	struct kid k;
	int from;

	need_redirect();
	NEED(!pipe2(p.pipe, O_CLOEXEC));
	from = report_open();
	snprintf(p.path, sizeof(p.path), "/proc/self/fd/%d",
		 image_make(IMAGE_CODE));
	kid_start(&k, peer_kid, &p);
	listener_take(&k);
	tid = heard(&k);
	notice_recv(k.listener, &n);
	CHECK_EQ(n.pid, tid);
	CHECK_EQ(redir_arg(k.listener, &n, 0, p.pipe[0]), 0);
	pause_ms(30);
	wait_asleep(tid);
	CONTROL(!notice_waits(k.listener, 0));
	say(&k, 0);
	CHECK_EQ(ending(kid_wait(&k)), IMAGE_CODE);
	close(k.listener);
	close(from);
	CHECK(module_refs_fall_to(refs) <= refs);
}

CASE(redirect_peer_exec, "another thread may exec meanwhile")
{
	peer_ends(true);
}

CASE(redirect_peer_exit, "or end the process")
{
	peer_ends(false);
}

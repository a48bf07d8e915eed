// SPDX-License-Identifier: GPL-2.0-only
/*
 * Redirect and signals: a frame shows the registers that the task had, a call
 * that is restarted is supervised anew, and a killed task leaves nothing.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ucontext.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "play.h"
#include "redirkit.h"

/* The target reads from MARKED_FD, which nobody opens; it gets a pipe. */
struct reader {
	struct redir t;
	struct notice n;
	int pipe[2];
	long nr;
};

static void handle_once(void)
{
	catch_signal(SIGUSR1, 0);
}

static void handle_restart(void)
{
	catch_signal(SIGUSR1, SA_RESTART);
}

static void reader_start(struct reader *r, bool ia32, void (*set)(void))
{
	need_redirect();
	if (ia32)
		need_ia32();
	NEED(!pipe2(r->pipe, O_CLOEXEC));
	redir_start(&r->t, set);
	r->t.shot->ia32 = ia32;
	r->nr = ia32 ? IA32_read : SYS_read;
	redir_ask_arg(&r->t, r->nr, 0, MARKED_FD);
	redir_load(&r->t, r->nr, MARKED_FD, (long)r->t.shot->text, 8, 0x44,
		   0x55, 0x66);
	redir_call(&r->t);
	redir_asked(&r->t, 0, &r->n);
}

static void reads_pipe(struct reader *r)
{
	CHECK_EQ(r->n.arg[0], MARKED_FD);
	CHECK_EQ(redir_arg(r->t.listener[0], &r->n, 0, r->pipe[0]), 0);
}

static void blocks(struct reader *r)
{
	reads_pipe(r);
	redir_blocked(&r->t, r->nr, 0, r->pipe[0]);
}

/* The frame is of the call as the task made it. */
static void frame_is(struct reader *r, long ax, bool before)
{
	const struct shot *s = r->t.shot;
	const char *after = s->ia32 ? regs_after_32 : regs_after_64;

	CHECK_EQ(s->signal, SIGUSR1);
	CHECK_EQ(s->frame.ax, ax);
	CHECK_EQ(s->frame_ip, (long)after - (before ? 2 : 0));
	CHECK(regs_equal(&s->frame, &s->before, s->ia32));
}

static void reader_end(struct reader *r)
{
	redir_call(&r->t);
	redir_asked(&r->t, 0, &r->n);
	CHECK_EQ(notice_continue(r->t.listener[0], &r->n), 0);
	CONTROL_EQ(redir_result(&r->t), -EBADF);
	redir_end(&r->t);
	close(r->pipe[0]);
	close(r->pipe[1]);
}

static void gives_data(struct reader *r)
{
	NEED(write(r->pipe[1], "12345", 5) == 5);
	CHECK_EQ(redir_result(&r->t), 5);
	CHECK(redir_untouched(&r->t));
}

static void interrupts(bool ia32)
{
	struct reader r;

	reader_start(&r, ia32, handle_once);
	blocks(&r);
	kill(r.t.k.pid, SIGUSR1);
	CHECK_EQ(redir_result(&r.t), -EINTR);
	CHECK_EQ(r.t.shot->frames, 1);
	frame_is(&r, -EINTR, false);
	CHECK(redir_untouched(&r.t));
	CHECK(redir_asked_nobody(&r.t, 20));
	reader_end(&r);
}

CASE(redirect_signal, "a handler sees the registers that the task had")
{
	interrupts(false);
}

CASE(redirect_signal_ia32, "also that of a 32-bit caller")
{
	interrupts(true);
}

static void restarts(bool ia32)
{
	struct reader r;
	int i;

	reader_start(&r, ia32, handle_restart);
	for (i = 1; i <= 3; i++) {
		blocks(&r);
		kill(r.t.k.pid, SIGUSR1);
		redir_asked(&r.t, 0, &r.n);
		CHECK_EQ(r.t.shot->frames, i);
		frame_is(&r, r.nr, true);
	}
	reads_pipe(&r);
	gives_data(&r);
	CHECK_EQ(r.t.shot->frames, 3);
	reader_end(&r);
}

CASE(redirect_signal_restart, "SA_RESTART makes the original call anew")
{
	restarts(false);
}

CASE(redirect_signal_restart_ia32, "also for a 32-bit caller")
{
	restarts(true);
}

static void stop(struct redir *t)
{
	int status;

	kill(t->k.pid, SIGSTOP);
	NEED(waitpid(t->k.pid, &status, WUNTRACED) == t->k.pid);
	NEED(WIFSTOPPED(status));
}

static void stops(bool ia32)
{
	struct reader r;
	int i;

	reader_start(&r, ia32, NULL);
	for (i = 0; i < 3; i++) {
		blocks(&r);
		stop(&r.t);
		CHECK(redir_asked_nobody(&r.t, 10));
		kill(r.t.k.pid, SIGCONT);
		redir_asked(&r.t, 0, &r.n);
	}
	reads_pipe(&r);
	gives_data(&r);
	reader_end(&r);
}

CASE(redirect_signal_stop, "without a handler the original is made anew")
{
	stops(false);
}

CASE(redirect_signal_stop_ia32, "also for a 32-bit caller")
{
	stops(true);
}

/* restart_syscall */

#define FOREVER_MS 100000
#define SHORT_MS 500

static void polls(bool ia32)
{
	const long nr = ia32 ? IA32_poll : SYS_poll;
	const long restart = ia32 ? IA32_restart_syscall : SYS_restart_syscall;
	struct notice n;
	struct redir t;

	redir_start(&t, NULL);
	t.shot->ia32 = ia32;
	redir_ask_arg(&t, nr, 2, FOREVER_MS);
	redir_load(&t, nr, 0, 0, FOREVER_MS, 4, 5, 6);
	redir_call(&t);
	redir_asked(&t, 0, &n);
	CHECK_EQ(redir_arg(t.listener[0], &n, 2, SHORT_MS), 0);
	redir_blocked(&t, nr, 2, SHORT_MS);
	stop(&t);
	kill(t.k.pid, SIGCONT);
	redir_blocked(&t, restart, 2, FOREVER_MS);
	CHECK(redir_asked_nobody(&t, 0));
	CHECK_EQ(redir_result(&t), 0);
	CHECK(redir_untouched(&t));
	redir_call(&t);
	redir_asked(&t, 0, &n);
	CHECK_EQ(notice_continue(t.listener[0], &n), 0);
	CONTROL(redir_waits(&t, SHORT_MS + 100));
	kill(t.k.pid, SIGKILL);
	CHECK_EQ(redir_reap(&t), SIGNALED(SIGKILL));
}

CASE(redirect_signal_poll, "restart_syscall goes on with what was redirected")
{
	polls(false);
}

CASE(redirect_signal_poll_ia32, "also for a 32-bit caller")
{
	need_redirect();
	need_ia32();
	polls(true);
}

CASE(redirect_signal_judged, "and filters judge it")
{
	struct notice n;
	struct redir t;
	int i;

	redir_start(&t, NULL);
	redir_ask_arg(&t, SYS_poll, 2, FOREVER_MS);
	redir_load(&t, SYS_poll, 0, 0, FOREVER_MS, 4, 5, 6);
	for (i = 0; i < 2; i++) {
		redir_call(&t);
		redir_asked(&t, 0, &n);
		CHECK_EQ(redir_arg(t.listener[0], &n, 2, SHORT_MS), 0);
		redir_blocked(&t, SYS_poll, 2, SHORT_MS);
		stop(&t);
		kill(t.k.pid, SIGCONT);
		if (i)
			CHECK_EQ(redir_result(&t), -DENIED);
		else
			CONTROL_EQ(redir_result(&t), 0);
		CHECK(redir_untouched(&t));
		redir_rule(&t, &(struct rule){
			.arch = AUDIT_ARCH_X86_64, .nr = SYS_restart_syscall,
			.arg = ANY_ARG, .action = DENY });
	}
	redir_end(&t);
}

struct sleeper {
	struct redir t;
	struct notice n;
	struct mem m;
};

/* Its timespec is SECONDS long, that of the answer MS. */
static void sleeper_start(struct sleeper *s, long ms, void (*set)(void))
{
	const struct timespec own = { .tv_sec = FOREVER_MS };
	const struct timespec other = { .tv_sec = ms / 1000,
					.tv_nsec = ms % 1000 * 1000000 };
	redirection r;

	redir_start(&s->t, set);
	mem_make(&s->m, 1);
	redir_ask(&s->t, SYS_clock_nanosleep);
	memcpy(s->t.shot->text, &own, sizeof(own));
	memcpy(s->m.map, &other, sizeof(other));
	redir_load(&s->t, SYS_clock_nanosleep, CLOCK_MONOTONIC, 0,
		   (long)s->t.shot->text, 0, 5, 6);
	redir_call(&s->t);
	redir_asked(&s->t, 0, &s->n);
	mem_pin(s->t.listener[0], &s->n, &s->m);
	r = redirect_of(&s->n);
	mem_point(&r, &s->m, 2, 0, sizeof(other));
	CHECK_EQ(send_redirect(s->t.listener[0], &r), 0);
	redir_blocked(&s->t, SYS_clock_nanosleep, 2, s->m.at);
}

CASE(redirect_signal_sleep, "a sleep goes on to the redirected time")
{
	struct sleeper s;

	sleeper_start(&s, SHORT_MS, NULL);
	stop(&s.t);
	kill(s.t.k.pid, SIGCONT);
	redir_blocked(&s.t, SYS_restart_syscall, 2, (long)s.t.shot->text);
	CHECK(redir_asked_nobody(&s.t, 0));
	CHECK_EQ(redir_result(&s.t), 0);
	CHECK(redir_untouched(&s.t));
	redir_call(&s.t);
	redir_asked(&s.t, 0, &s.n);
	CHECK_EQ(notice_continue(s.t.listener[0], &s.n), 0);
	CONTROL(redir_waits(&s.t, SHORT_MS + 100));
	kill(s.t.k.pid, SIGKILL);
	CHECK_EQ(redir_reap(&s.t), SIGNALED(SIGKILL));
	mem_free(&s.m);
}

CASE(redirect_signal_sleep_handler, "a handler ends it, and sees originals")
{
	struct sleeper s;

	sleeper_start(&s, FOREVER_MS, handle_restart);
	CONTROL_EQ(s.t.shot->frames, 0);
	kill(s.t.k.pid, SIGUSR1);
	CHECK_EQ(redir_result(&s.t), -EINTR);
	CHECK_EQ(s.t.shot->frames, 1);
	CHECK_EQ(s.t.shot->frame.ax, -EINTR);
	CHECK(regs_equal(&s.t.shot->frame, &s.t.shot->before, false));
	CHECK(redir_untouched(&s.t));
	CHECK(redir_asked_nobody(&s.t, 20));
	redir_end(&s.t);
	mem_free(&s.m);
}

static void wake(struct redir *t)
{
	while (raw(SYS_futex, &t->shot->word, FUTEX_WAKE, 1) != 1)
		pause_ms(1);
}

CASE(redirect_signal_futex, "a wait with a time-out goes on, too")
{
	const struct timespec minute = { .tv_sec = 60 };
	redirection r;
	struct notice n;
	struct redir t;
	struct mem m;

	redir_start(&t, NULL);
	mem_make(&m, 1);
	memcpy(m.map, &minute, sizeof(minute));
	redir_ask_arg(&t, SYS_futex, 2, 7);
	redir_load(&t, SYS_futex, (long)&t.shot->word, FUTEX_WAIT, 7, 0, 5, 6);
	redir_call(&t);
	redir_asked(&t, 0, &n);
	CHECK_EQ(notice_continue(t.listener[0], &n), 0);
	CONTROL_EQ(redir_result(&t), -EAGAIN);
	redir_call(&t);
	redir_asked(&t, 0, &n);
	mem_pin(t.listener[0], &n, &m);
	r = redirect_of(&n);
	mem_point(&r, &m, 3, 0, sizeof(minute));
	r.args_mask |= 4;
	r.args[2] = 0;
	CHECK_EQ(send_redirect(t.listener[0], &r), 0);
	redir_blocked(&t, SYS_futex, 3, m.at);
	stop(&t);
	kill(t.k.pid, SIGCONT);
	redir_blocked(&t, SYS_restart_syscall, 2, 7);
	CHECK(redir_asked_nobody(&t, 0));
	wake(&t);
	CHECK_EQ(redir_result(&t), 0);
	CHECK(redir_untouched(&t));
	redir_end(&t);
	mem_free(&m);
}

/* While the supervisor thinks */

CASE(redirect_signal_early, "a signal before the answer ends or restarts it")
{
	struct notice old;
	struct reader r;

	reader_start(&r, false, handle_once);
	wait_asleep(r.t.k.pid);
	kill(r.t.k.pid, SIGUSR1);
	CHECK_EQ(redir_result(&r.t), -EINTR);
	CHECK_EQ(redir_arg(r.t.listener[0], &r.n, 0, r.pipe[0]), -ENOENT);
	frame_is(&r, -EINTR, false);
	CHECK(redir_untouched(&r.t));
	reader_end(&r);
	reader_start(&r, false, handle_restart);
	wait_asleep(r.t.k.pid);
	old = r.n;
	kill(r.t.k.pid, SIGUSR1);
	redir_asked(&r.t, 0, &r.n);
	CHECK(r.n.id != old.id);
	CHECK_EQ(redir_arg(r.t.listener[0], &old, 0, r.pipe[0]), -ENOENT);
	frame_is(&r, SYS_read, true);
	reads_pipe(&r);
	gives_data(&r);
	reader_end(&r);
}

CASE(redirect_signal_pinned, "a pin outlives the notification that it was for")
{
	redirection answer;
	struct mapping is;
	struct reader r;
	struct mem m;
	uint64_t at;

	reader_start(&r, false, handle_restart);
	mem_make(&m, 1);
	mem_pin(r.t.listener[0], &r.n, &m);
	at = m.at;
	kill(r.t.k.pid, SIGUSR1);
	redir_asked(&r.t, 0, &r.n);
	CONTROL_EQ(r.t.shot->frames, 1);
	CHECK(mapping_at(r.t.k.pid, at, &is));
	mem_pin(r.t.listener[0], &r.n, &m);
	CHECK_EQ(m.at, at);
	/* A buffer there cannot be written: read() says so. */
	answer = redirect_of(&r.n);
	mem_point(&answer, &m, 1, 0, 8);
	answer.args_mask |= 1;
	answer.args[0] = r.pipe[0];
	NEED(write(r.pipe[1], "12345", 5) == 5);
	CHECK_EQ(send_redirect(r.t.listener[0], &answer), 0);
	CHECK_EQ(redir_result(&r.t), -EFAULT);
	CHECK(redir_untouched(&r.t));
	reader_end(&r);
	mem_free(&m);
}

/* Killed */

enum stage { S_ASKED, S_PINNED, S_ANSWERED, S_BLOCKED, S_STOPPED, S_RESTARTED,
	     STAGES };

static void bring_to(struct reader *r, struct mem *m, enum stage stage)
{
	reader_start(r, false, handle_restart);
	if (stage >= S_PINNED)
		mem_pin(r->t.listener[0], &r->n, m);
	if (stage >= S_ANSWERED)
		reads_pipe(r);
	if (stage >= S_BLOCKED)
		redir_blocked(&r->t, r->nr, 0, r->pipe[0]);
	if (stage == S_STOPPED)
		stop(&r->t);
	if (stage == S_RESTARTED) {
		kill(r->t.k.pid, SIGUSR1);
		redir_asked(&r->t, 0, &r->n);
	}
}

CASE(redirect_signal_killed, "the task may be killed at every stage")
{
	long refs = module_refs();
	struct reader r;
	struct mem m;
	int stage;

	need_redirect();
	for (stage = 0; stage < STAGES; stage++) {
		mem_make(&m, 1);
		bring_to(&r, &m, stage);
		CONTROL(module_refs_now() > refs);
		kill(r.t.k.pid, SIGKILL);
		CHECK_EQ(redir_reap(&r.t), SIGNALED(SIGKILL));
		close(r.pipe[0]);
		close(r.pipe[1]);
		mem_free(&m);
	}
	CHECK(module_refs_fall_to(refs) <= refs);
}

/* sigreturn as the call */

static const uint64_t planted[6] = { 0x1001, 0x2002, 0x3003, 0x4004, 0x5005,
				     0x6006 };

static void plant(int sig, siginfo_t *info, void *context)
{
	greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)sig;
	(void)info;
	g[REG_RDI] = planted[0];
	g[REG_RSI] = planted[1];
	g[REG_RDX] = planted[2];
	g[REG_R10] = planted[3];
	g[REG_R8] = planted[4];
	g[REG_R9] = planted[5];
}

static void handle_by_planting(void)
{
	handle_signal(SIGUSR1, 0, plant);
}

static void has_planted(struct redir *t)
{
	int i;

	for (i = 0; i < 6; i++)
		CHECK_EQ(*regs_arg(&t->shot->after, false, i), planted[i]);
	CHECK_EQ(t->shot->after.r15, t->shot->before.r15);
}

/* The listener further out sees that the call really is redirected. */
static void sigreturns(struct redir *t, const uint64_t *args)
{
	struct notice n;
	int i;

	redir_call(t);
	redir_asked(t, 1, &n);
	if (!args)
		args = n.arg;
	CHECK_EQ(redir_args(t->listener[1], &n, ALL_ARGS, args), 0);
	redir_asked(t, 0, &n);
	for (i = 0; i < 6; i++)
		CHECK_EQ(n.arg[i], args[i]);
	CHECK_EQ(notice_continue(t->listener[0], &n), 0);
	CHECK_EQ(redir_result(t), 0);
	has_planted(t);
}

CASE(redirect_signal_sigreturn, "nothing is restored over what a frame holds")
{
	const uint64_t junk[6] = { 1, 2, 3, 4, 5, 6 };
	struct redir t;

	redir_start(&t, handle_by_planting);
	redir_ask(&t, SYS_rt_sigreturn);
	redir_ask(&t, SYS_rt_sigreturn);
	redir_load(&t, SYS_tgkill, t.k.pid, t.k.pid, SIGUSR1, 4, 5, 6);
	sigreturns(&t, NULL);
	CONTROL(t.shot->before.di != planted[0]);
	sigreturns(&t, junk);
	/* What the frame holds looks like what was put into the registers. */
	sigreturns(&t, planted);
	redir_end(&t);
}

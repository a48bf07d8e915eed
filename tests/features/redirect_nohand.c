// SPDX-License-Identifier: GPL-2.0-only
/*
 * Redirected calls that a handler ends even with SA_RESTART, and that are made
 * anew where there is none (ERESTARTNOHAND). And one that always ends.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "play.h"
#include "redirkit.h"

/* The call fails unless that argument is redirected; then it waits. */
struct waiting {
	struct redir t;
	struct notice n;
	long nr;
	int arg;
	uint64_t own;
	uint64_t other;
	long error;
};

static void handle(void)
{
	catch_signal(SIGUSR1, SA_RESTART);
}

static void loads(struct waiting *w, const long *args)
{
	struct regs *r = &w->t.shot->before;
	int i;

	regs_pattern(r, true);
	r->ax = w->nr;
	for (i = 0; i < 6; i++)
		*regs_arg(r, false, i) = args[i];
	*regs_arg(r, false, w->arg) = w->own;
}

/* The target has made the call anew, or is to make it. */
static void waits(struct waiting *w)
{
	redir_asked(&w->t, 0, &w->n);
	CHECK_EQ(w->n.arg[w->arg], w->own);
	CHECK_EQ(redir_arg(w->t.listener[0], &w->n, w->arg, w->other), 0);
	redir_blocked(&w->t, w->nr, w->arg, w->other);
}

static void ends_by_handler(struct waiting *w)
{
	struct shot *s = w->t.shot;

	redir_call(&w->t);
	waits(w);
	kill(w->t.k.pid, SIGUSR1);
	CHECK_EQ(redir_result(&w->t), -EINTR);
	CHECK_EQ(s->frames, 1);
	CHECK_EQ(s->frame.ax, -EINTR);
	CHECK_EQ(s->frame_ip, (long)regs_after_64);
	CHECK(regs_equal(&s->frame, &s->before, false));
	CHECK(redir_untouched(&w->t));
	CHECK(redir_asked_nobody(&w->t, 20));
}

static void stops(struct waiting *w)
{
	kill(w->t.k.pid, SIGSTOP);
	NEED(waitpid(w->t.k.pid, NULL, WUNTRACED) == w->t.k.pid);
	CHECK(redir_asked_nobody(&w->t, 10));
	kill(w->t.k.pid, SIGCONT);
}

static void fails_alone(struct waiting *w)
{
	CHECK_EQ(notice_continue(w->t.listener[0], &w->n), 0);
	CONTROL_EQ(redir_result(&w->t), w->error);
	CHECK(redir_untouched(&w->t));
	CHECK_EQ(w->t.shot->frames, 1);
	redir_end(&w->t);
}

static void starts(struct waiting *w)
{
	redir_start(&w->t, handle);
	redir_ask(&w->t, w->nr);
}

static void is_made_anew(struct waiting *w, const long *args)
{
	int i;

	loads(w, args);
	ends_by_handler(w);
	redir_call(&w->t);
	for (i = 0; i < 2; i++) {
		waits(w);
		stops(w);
	}
	redir_asked(&w->t, 0, &w->n);
	CHECK_EQ(w->n.arg[w->arg], w->own);
	fails_alone(w);
}

static const long zeroes[6];

CASE(redirect_nohand_pselect, "pselect6: EINTR by a handler, else made anew")
{
	struct waiting w = { .nr = SYS_pselect6, .arg = 0, .own = -1,
			     .other = 0, .error = -EINVAL };

	starts(&w);
	is_made_anew(&w, zeroes);
}

CASE(redirect_nohand_ppoll, "so does ppoll")
{
	struct waiting w = { .nr = SYS_ppoll, .arg = 1, .own = 1 << 30,
			     .other = 0, .error = -EINVAL };

	starts(&w);
	is_made_anew(&w, zeroes);
}

CASE(redirect_nohand_sigsuspend, "and rt_sigsuspend")
{
	struct waiting w = { .nr = SYS_rt_sigsuspend, .arg = 1, .own = 7,
			     .other = 8, .error = -EINVAL };
	long args[6] = { 0 };

	starts(&w);
	args[0] = (long)w.t.shot->text;
	is_made_anew(&w, args);
}

CASE(redirect_nohand_epoll, "epoll_pwait ends in either case")
{
	struct waiting w = { .nr = SYS_epoll_pwait, .arg = 0,
			     .own = MARKED_FD, .error = -EBADF };
	long args[6] = { 0, 0, 1, -1, 0, 8 };

	w.other = epoll_create1(0);
	NEED((int)w.other >= 0);
	starts(&w);
	args[1] = (long)w.t.shot->text;
	loads(&w, args);
	ends_by_handler(&w);
	redir_call(&w.t);
	waits(&w);
	stops(&w);
	CHECK_EQ(redir_result(&w.t), -EINTR);
	CHECK(redir_untouched(&w.t));
	redir_call(&w.t);
	redir_asked(&w.t, 0, &w.n);
	fails_alone(&w);
}

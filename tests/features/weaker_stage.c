// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "weaker_stage.h"

#define PATIENCE_S 30

/* Supervisors */

static bool close_listener(struct weak_stage *s, int i)
{
	if (s->listener[i] < 0)
		return false;
	close(s->listener[i]);
	s->listener[i] = -1;
	return true;
}

static void send_answer(int listener, struct seccomp_notif_resp *resp,
			struct weak_seen *seen)
{
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, resp))
		seen->trouble = errno;
}

static void send_continue(int listener, uint64_t id, struct weak_seen *seen)
{
	struct seccomp_notif_resp resp = {
		.id = id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE,
	};

	send_answer(listener, &resp, seen);
}

/* A listener that may not redirect has to continue. */
static void answer_redirect(int listener, int filter,
			    const struct weak_answer *a, uint64_t id,
			    struct weak_seen *seen)
{
	bool may = weak_yard->chain.f[filter].flags &
		   SECCOMP_FILTER_FLAG_ALLOW_NESTED_LISTENERS;
	redirection r = { .id = id, .args_mask = a->mask,
			  .flags = SECCOMP_REDIRECT_FLAG_CONTINUE };
	long ret;

	memcpy(r.args, a->arg, sizeof(r.args));
	ret = send_redirect(listener, &r);
	if (ret != (may ? 0 : -EINVAL))
		seen->trouble = ret ? -ret : EPERM;
	if (ret)
		send_continue(listener, id, seen);
}

static void answer_value(int listener, const struct weak_answer *a, uint64_t id,
			 struct weak_seen *seen)
{
	struct seccomp_notif_resp resp = { .id = id };

	if (a->reply == REPLY_ERROR)
		resp.error = a->value;
	else
		resp.val = a->value;
	send_answer(listener, &resp, seen);
}

/* Without a stage, this process is one that dies instead of closing. */
static void supervise(struct weak_stage *s, int listener, int filter)
{
	struct weak_slot *slot = &weak_yard->slot[weak_yard->at];
	struct seccomp_notif req = { .id = 0 };
	struct weak_seen *seen = &slot->seen;
	struct weak_answer a;
	int i = seen->asks;

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &req))
		return;
	seen->asks++;
	if (i < WEAK_ASKS) {
		seen->ask[i].filter = filter;
		seen->ask[i].d = req.data;
	}
	weak_answer(&slot->call, &req.data, &weak_yard->chain, filter, i, &a);
	if (a.reply == REPLY_CLOSE) {
		if (!s)
			raw(SYS_kill, getpid(), SIGKILL);
		s->n.closed += close_listener(s, filter);
		return;
	}
	if (a.reply == REPLY_CLOSE_OTHER)
		s->n.closed += close_listener(s, a.other);
	if (a.reply == REPLY_REDIRECT)
		answer_redirect(listener, filter, &a, req.id, seen);
	else if (a.reply == REPLY_VALUE || a.reply == REPLY_ERROR)
		answer_value(listener, &a, req.id, seen);
	else
		send_continue(listener, req.id, seen);
}

/* The supervisor of one filter, in a process of its own. */
static void be_deputy(struct weak_stage *s, int filter)
	__attribute__((noreturn));
static void be_deputy(struct weak_stage *s, int filter)
{
	struct pollfd p = { .fd = s->listener[filter], .events = POLLIN };
	int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (i = 0; i < s->chain.n; i++)
		if (i != filter)
			close_listener(s, i);
	for (;;)
		if (poll(&p, 1, -1) > 0 && p.revents & POLLIN)
			supervise(NULL, p.fd, filter);
}

static void deputy_start(struct weak_stage *s)
{
	int filter = s->plan.chain.mortal;

	s->chain.mortal = -1;
	if (filter < 0 || filter >= s->held || s->listener[filter] < 0)
		return;
	s->chain.mortal = filter;
	fflush(NULL);
	s->deputy = fork();
	NEED(s->deputy >= 0);
	if (!s->deputy)
		be_deputy(s, filter);
	close_listener(s, filter);
}

/* The tracer */

#define USER(reg) offsetof(struct user_regs_struct, reg)

static void poke(const struct weak_stage *s, size_t reg, long value)
{
	NEED(!ptrace(PTRACE_POKEUSER, s->tid, reg, value));
}

static void trace(struct weak_stage *s)
{
	struct weak_slot *slot = &weak_yard->slot[weak_yard->at];
	unsigned long data = 0;
	struct weak_edit edit;

	NEED(!ptrace(PTRACE_GETEVENTMSG, s->tid, NULL, &data));
	if (!slot->seen.stops++)
		slot->seen.stop_data = data;
	weak_edit(&slot->call, &s->chain, &edit);
	if (edit.kind == EDIT_ARG)
		poke(s, slot->call.mode == WEAK_IA32 ? USER(rsi) : USER(r10),
		     edit.value);
	if (edit.kind == EDIT_NR)
		poke(s, USER(orig_rax), edit.value);
	if (edit.kind == EDIT_SKIP) {
		poke(s, USER(orig_rax), -1);
		poke(s, USER(rax), edit.value);
	}
}

static void stopped(struct weak_stage *s, int status)
{
	int sig = status >> 16 ? 0 : WSTOPSIG(status);

	if (status >> 16 == PTRACE_EVENT_SECCOMP)
		trace(s);
	/* It may have been killed meanwhile. */
	ptrace(PTRACE_CONT, s->tid, NULL, sig);
}

/* Waiting for the caller */

static bool tracee_gone(struct weak_stage *s)
{
	int status;

	while (waitpid(s->tid, &status, WNOHANG | __WALL) == s->tid) {
		if (!WIFSTOPPED(status)) {
			s->status = status;
			return true;
		}
		stopped(s, status);
	}
	return false;
}

static bool process_gone(struct weak_stage *s)
{
	int status;

	if (waitpid(s->caller.pid, &status, WNOHANG | __WALL) != s->caller.pid)
		return false;
	s->status = status;
	s->up = false;
	return true;
}

/* NEWS_WORD: there are none. */
static enum weak_news deaths(struct weak_stage *s)
{
	bool traced = s->chain.traced, threaded = s->plan.threaded;

	if (traced && !s->thread_gone && tracee_gone(s)) {
		s->thread_gone = true;
		s->up = threaded;
		if (!threaded)
			return NEWS_PROCESS_GONE;
	}
	if ((!traced || threaded) && process_gone(s))
		return NEWS_PROCESS_GONE;
	if (threaded && !s->thread_gone &&
	    raw(SYS_tgkill, s->caller.pid, s->tid, 0) == -ESRCH)
		s->thread_gone = true;
	return s->thread_gone ? NEWS_THREAD_GONE : NEWS_WORD;
}

/* True: the caller has said something. */
static bool listen_once(struct weak_stage *s, int ms)
{
	struct timespec slice = { .tv_sec = ms / 1000,
				  .tv_nsec = ms % 1000 * 1000000L };
	struct pollfd p[1 + WEAK_FILTERS];
	sigset_t none;
	int i;

	sigemptyset(&none);
	for (i = 0; i < s->chain.n; i++)
		p[i] = (struct pollfd){ .fd = s->listener[i],
					.events = POLLIN };
	p[i] = (struct pollfd){ .fd = s->caller.in, .events = POLLIN };
	if (ppoll(p, i + 1, &slice, &none) <= 0)
		return false;
	if (p[i].revents & POLLIN)
		return true;
	while (i--)
		if (p[i].revents & POLLIN && s->listener[i] == p[i].fd)
			supervise(s, p[i].fd, i);
	return false;
}

/* A process ends some time after its thread, or it does not. */
#define GRACE_MS 20
#define SLICE_MS 1000
#define THREAD_SLICE_MS 4

/* PROCESS: it is what is expected to die. */
static enum weak_news attend(struct weak_stage *s, bool process)
{
	long long until = now_ms() + PATIENCE_S * 1000;
	int ms = s->plan.threaded && !s->chain.traced ? THREAD_SLICE_MS :
							SLICE_MS;
	enum weak_news news;
	bool grace = false;

	while (now_ms() < until) {
		news = deaths(s);
		if (news == NEWS_PROCESS_GONE ||
		    (news == NEWS_THREAD_GONE && grace && !process))
			return news;
		if (news == NEWS_THREAD_GONE && !grace) {
			grace = true;
			if (!process)
				ms = GRACE_MS;
		}
		if (listen_once(s, ms))
			return NEWS_WORD;
	}
	return NEWS_STUCK;
}

/* Commands */

static long command(struct weak_stage *s, struct kid *k, int what, long arg)
{
	say(k, what | arg << DO_BITS);
	if (k == &s->caller) {
		enum weak_news news = attend(s, false);

		if (news != NEWS_WORD)
			diag("a caller does not obey: %d, news %d, status %#x",
			     what, news, s->status);
		NEED(news == NEWS_WORD);
	}
	return heard(k);
}

/* The parameter is written only where it changes. */
static void be_implicit(bool on)
{
	static bool is_on;

	if (on != is_on)
		implicit(on);
	is_on = on;
}

static bool add(struct weak_stage *s, struct kid *k, int what,
		const struct weak_filter *f, const struct weak_filter *is)
{
	long want = weak_install(&s->chain, s->open, f), fd;
	int n = s->chain.n;

	be_implicit(f->implicit);
	weak_yard->add = *is;
	fd = command(s, k, what, 0);
	if (want || fd < 0) {
		if (fd != want)
			diag("filter %d of flags %#lx: %ld, not %ld", n,
			     f->flags, fd, want);
		s->n.refused += fd == want;
		return fd == want;
	}
	s->listener[n] = -1;
	if (f->flags & NEW_LISTENER) {
		s->listener[n] = syscall(SYS_pidfd_getfd, k->pidfd, fd, 0);
		NEED(s->listener[n] >= 0);
		command(s, k, DO_CLOSE, fd);
		s->open |= 1U << n;
	}
	s->chain.f[s->chain.n++] = *f;
	return true;
}

/* The caller */

static void caller_start(struct weak_stage *s)
{
	struct kid *from = s->plan.cloned ? &s->stem : &s->holder;
	struct kid *k = &s->caller;

	k->in = weak_done_fd;
	k->out = weak_command_fd;
	k->pid = MUST(command(s, from, DO_FORK, 0));
	k->pidfd = syscall(SYS_pidfd_open, k->pid, 0);
	NEED(k->pidfd >= 0);
	s->n.callers++;
	s->up = true;
	s->thread_gone = false;
	s->tid = k->pid;
	/* Until it can be traced. */
	s->chain.traced = false;
	if (s->plan.cloned)
		MUST(command(s, k, DO_CLONE, s->holder.pid));
	if (s->plan.executes)
		MUST(command(s, k, DO_EXEC, 0));
	if (s->plan.threaded)
		s->tid = MUST(command(s, k, DO_THREAD, 0));
	s->chain.traced = s->plan.chain.traced;
	if (s->chain.traced)
		NEED(!ptrace(PTRACE_SEIZE, s->tid, NULL,
			     PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL));
	s->added = s->plan.held;
}

bool weak_caller_ready(struct weak_stage *s, int batch)
{
	const struct weak_plan *p = &s->plan;

	if (!s->up)
		caller_start(s);
	while (!s->chain.strict && s->added < p->chain.n &&
	       p->add_at[s->added] <= batch) {
		const struct weak_filter *f = &p->chain.f[s->added++];

		s->n.later++;
		if (!add(s, &s->caller, p->synced ? DO_ADD_TSYNC : DO_ADD, f,
			 f))
			return false;
	}
	if (p->strict_at < 0 || batch < p->strict_at || !s->chain.n ||
	    s->chain.strict)
		return true;
	s->n.strict++;
	s->chain.strict = true;
	return command(s, &s->caller, DO_STRICT, 0) == 0;
}

static void drain(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	long word;

	while (poll(&p, 1, 0) > 0 && p.revents & POLLIN)
		NEED(read(fd, &word, sizeof(word)) > 0);
}

void weak_caller_end(struct weak_stage *s)
{
	int i;

	if (!s->caller.pid)
		return;
	if (s->up) {
		kill(s->caller.pid, SIGKILL);
		if (s->plan.threaded && s->chain.traced && !s->thread_gone)
			waitpid(s->tid, NULL, __WALL);
		kid_wait(&s->caller);
	}
	s->up = false;
	s->caller.pid = 0;
	close(s->caller.pidfd);
	for (i = s->held; i < s->chain.n; i++)
		close_listener(s, i);
	s->open &= (1U << s->held) - 1;
	s->chain.n = s->held;
	s->chain.strict = false;
	drain(COMMAND_FD);
	drain(weak_done_fd);
}

/* The stage */

bool weak_stage_start(struct weak_stage *s, const struct weak_plan *p,
		      bool missing)
{
	static struct weak_filter none;
	int i;

	memset(s, 0, sizeof(*s));
	s->plan = *p;
	s->chain.mortal = -1;
	none = (struct weak_filter){ .len = 1, .flags = p->chain.f[0].flags };
	none.insn[0] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, PASS);
	for (i = 0; i < WEAK_FILTERS; i++)
		s->listener[i] = -1;
	/* Both before there are listeners, of which they would have a copy. */
	kid_start(&s->holder, weak_holder, NULL);
	if (p->cloned)
		kid_start(&s->stem, weak_holder, NULL);
	for (i = 0; i < p->held; i++) {
		if (p->cloned && i && i == p->stem)
			MUST(command(s, &s->stem, DO_CLONE, s->holder.pid));
		if (!add(s, &s->holder, DO_ADD, &p->chain.f[i],
			 missing && !i ? &none : &p->chain.f[i]))
			return false;
	}
	s->held = s->chain.n;
	deputy_start(s);
	return true;
}

static void end_kid(struct kid *k)
{
	if (!k->pid)
		return;
	kid_kill(k);
	close(k->in);
	close(k->out);
	close(k->pidfd);
}

void weak_stage_end(struct weak_stage *s)
{
	int status = 0, i;

	weak_caller_end(s);
	end_kid(&s->stem);
	end_kid(&s->holder);
	if (s->deputy) {
		kill(s->deputy, SIGUSR1);
		NEED(waitpid(s->deputy, &status, 0) == s->deputy);
		s->n.died += WTERMSIG(status) == SIGKILL;
	}
	for (i = 0; i < WEAK_FILTERS; i++)
		close_listener(s, i);
}

enum weak_news weak_play(struct weak_stage *s, int n, bool process)
{
	enum weak_news news;

	weak_prepare(n);
	weak_yard->chain = s->chain;
	say(&s->caller, DO_RUN);
	news = attend(s, process);
	if (news == NEWS_WORD)
		heard(&s->caller);
	return news;
}

// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "twin.h"

#define THREAD_DIED 3		/* the exit code */
#define THREAD_GONE -1		/* in place of the number of signals */

const char *twin_name(enum twin twin)
{
	static const char * const name[] = {
		"plain", "an outer overlay listener",
		"an innermost that agreed", "both",
		"an outer overlay listener that is closed", "a mutant",
	};

	return name[twin];
}

/* The caller */

static struct report report;

static void on_signal(int sig, siginfo_t *info, void *context)
{
	ucontext_t *u = context;

	report.signals++;
	report.signo = sig;
	report.code = info->si_code;
	report.rax = u->uc_mcontext.gregs[REG_RAX];
	if (sig != SIGSYS)
		return;
	report.err = info->si_errno;
	report.nr = info->si_syscall;
	report.arch = info->si_arch;
	report.addr = (unsigned long)info->si_call_addr;
}

static void handle_signals(void)
{
	handle_signal(SIGSYS, 0, on_signal);
	handle_signal(SIGILL, 0, on_signal);
}

static long outermost(enum twin twin)
{
	struct gen_filter f = { .len = 1 };

	f.insn[0] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, PASS);
	if (twin == LISTENER || twin == LISTENER_AGREED || twin == CLOSED)
		f.flags = NESTABLE;
	return gen_install(&f);
}

/* The outer listener stays open in the caller: nobody asks it. */
static void install_chain(struct kid *k, const struct twin_plan *p)
{
	int i;
	long fd;

	fd = MUST(outermost(p->twin));
	if (p->twin == CLOSED)
		raw(SYS_close, fd);
	for (i = 0; i < p->chain->n; i++) {
		struct gen_filter f = p->chain->f[i];

		if (i == p->chain->n - 1 &&
		    (p->twin == AGREED || p->twin == LISTENER_AGREED))
			f.flags |= SEQUENTIAL;
		fd = gen_install(&f);
		if (i == p->chain->listener)
			listener_hand(k, fd);
		else
			MUST(fd);
	}
	if (p->twin == MUTANT)
		MUST(filter(0, SYS_getgid, REFUSE(77)));
}

static long do_call(const struct gen_call *c)
{
	const long *a = c->arg;

	if (c->mode == GEN_IA32)
		return raw32(c->nr, a[0], a[1], a[2], a[3], a[4]);
	return raw6(c->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void caller(struct kid *k)
{
	const struct twin_plan *p = k->arg;
	struct gen_call call;
	long go;

	handle_signals();
	install_chain(k, p);
	say(k, raw(SYS_gettid));
	hear(k, &go);
	while (raw(SYS_read, k->in, &call, sizeof(call)) == sizeof(call)) {
		memset(&report, 0, sizeof(report));
		report.ret = do_call(&call);
		raw(SYS_write, k->out, &report, sizeof(report));
	}
	raw(SYS_exit_group, 0);
}

static void *caller_thread(void *arg)
{
	caller(arg);
	return NULL;
}

static void allow_cores(const struct twin_plan *p)
{
	struct rlimit r = { .rlim_cur = 0 };

	NEED(!getrlimit(RLIMIT_CORE, &r));
	r.rlim_cur = p->dir && p->chain->cores ? r.rlim_max : 0;
	NEED(!setrlimit(RLIMIT_CORE, &r));
	if (p->dir)
		NEED(!chdir(p->dir));
}

static void caller_process(struct kid *k)
{
	const struct twin_plan *p = k->arg;
	pthread_t t;
	long go;

	no_new_privs();
	allow_cores(p);
	if (!p->chain->threaded)
		caller(k);
	NEED(!pthread_create(&t, NULL, caller_thread, k));
	pthread_join(t, NULL);
	/* A status of the thread that is not taken yet would become ours. */
	report.signals = THREAD_GONE;
	raw(SYS_write, k->out, &report, sizeof(report));
	hear(k, &go);
	raw(SYS_exit_group, THREAD_DIED);
}

/* The other side: owner, tracer and supervisor */

static void side_start(struct side *s)
{
	kid_start(&s->k, caller_process, &s->plan);
	if (s->plan.chain->listener >= 0)
		listener_take(&s->k);
	s->tid = heard(&s->k);
	s->up = true;
	NEED(s->pids < (int)ARRAY_SIZE(s->pid));
	s->pid[s->pids++] = s->k.pid;
	s->thread_gone = false;
	if (s->plan.chain->traced)
		NEED(!ptrace(PTRACE_SEIZE, s->tid, NULL,
			     PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL));
	say(&s->k, 0);
}

static void side_close(struct side *s)
{
	s->up = false;
	close(s->k.in);
	close(s->k.out);
	close(s->k.pidfd);
	if (s->k.listener >= 0)
		close(s->k.listener);
}

void side_stop(struct side *s)
{
	if (!s->up)
		return;
	kill(s->k.pid, SIGKILL);
	if (s->plan.chain->threaded && s->plan.chain->traced)
		waitpid(s->tid, NULL, __WALL);
	kid_wait(&s->k);
	side_close(s);
}

static void tracer_changes(pid_t tid, struct rng *r, struct event *e)
{
	struct user_regs_struct u;
	uint32_t what = rng_below(r, 6);

	NEED(!ptrace(PTRACE_GETREGS, tid, NULL, &u));
	NEED(!ptrace(PTRACE_GETEVENTMSG, tid, NULL, &e->data));
	e->nr = u.orig_rax;
	e->ip = u.rip;
	if (what == 0)
		u.orig_rax = gen_nr(r, GEN_NATIVE);
	if (what == 1)
		u.rdi = rng_next(r);
	if (what == 2) {
		u.orig_rax = -1;
		u.rax = -(long)rng_below(r, 200);
	}
	if (what < 3)
		NEED(!ptrace(PTRACE_SETREGS, tid, NULL, &u));
}

static void stopped(struct side *s, int status, struct rng *r,
		    struct outcome *o)
{
	struct event e = { .nr = 0 };
	int sig = WSTOPSIG(status);

	if (status >> 16 == PTRACE_EVENT_SECCOMP) {
		tracer_changes(s->tid, r, &e);
		if (o->traces < MAX_EVENTS)
			o->trace[o->traces] = e;
		o->traces++;
		sig = 0;
	} else if (status >> 16) {
		sig = 0;
	}
	/* It may have been killed meanwhile. */
	ptrace(PTRACE_CONT, s->tid, NULL, sig);
}

/* True: the process is gone. */
static bool children(struct side *s, struct rng *r, struct outcome *o)
{
	int status;

	while (s->plan.chain->traced && !s->thread_gone &&
	       waitpid(s->tid, &status, WNOHANG | __WALL) == s->tid) {
		if (WIFSTOPPED(status)) {
			stopped(s, status, r, o);
			continue;
		}
		if (!s->plan.chain->threaded) {
			o->status = status;
			return true;
		}
		o->thread_status = status;
		s->thread_gone = true;
	}
	if (s->plan.chain->traced && !s->plan.chain->threaded)
		return false;
	if (waitpid(s->k.pid, &status, WNOHANG | __WALL) != s->k.pid)
		return false;
	o->status = status;
	return true;
}

static void answer(struct side *s, struct rng *r, struct outcome *o)
{
	struct seccomp_notif req = { .id = 0 };
	struct seccomp_notif_resp resp = { .val = 0 };
	struct event e;

	if (ioctl(s->k.listener, SECCOMP_IOCTL_NOTIF_RECV, &req))
		return;
	e.nr = req.data.nr;
	e.arch = req.data.arch;
	e.ip = req.data.instruction_pointer;
	e.data = req.data.args[0] ^ req.data.args[3];
	if (o->notices < MAX_EVENTS)
		o->notice[o->notices] = e;
	o->notices++;
	resp.id = req.id;
	switch (rng_below(r, 3)) {
	case 0:
		resp.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		break;
	case 1:
		resp.val = rng_next(r);
		break;
	default:
		resp.error = -(int)rng_below(r, 300);
	}
	ioctl(s->k.listener, SECCOMP_IOCTL_NOTIF_SEND, &resp);
}

static void stuck(const struct side *s, const struct gen_call *c)
	__attribute__((noreturn));
static void stuck(const struct side *s, const struct gen_call *c)
{
	diag("no end: twin %d, traced %d, threaded %d, task %d is %c, its process %d %c",
	     s->plan.twin, s->plan.chain->traced, s->plan.chain->threaded,
	     s->tid, proc_state(s->tid), s->k.pid, proc_state(s->k.pid));
	diag("mode %d nr %ld, args %lx %lx %lx %lx %lx %lx", c->mode, c->nr,
	     c->arg[0], c->arg[1], c->arg[2], c->arg[3], c->arg[4], c->arg[5]);
	errno = ETIMEDOUT;
	broken(__FILE__, __LINE__, "a call comes to an end");
}

/* True: the caller has reported, and lives. */
static bool reported(struct side *s, struct outcome *o)
{
	struct report r;

	NEED(read(s->k.in, &r, sizeof(r)) == sizeof(r));
	if (r.signals != THREAD_GONE) {
		o->report = r;
		return true;
	}
	if (s->plan.chain->traced && !s->thread_gone)
		NEED(waitpid(s->tid, &o->thread_status, __WALL) == s->tid);
	s->thread_gone = true;
	say(&s->k, 0);
	return false;
}

/* True: there is an outcome. */
static bool side_step(struct side *s, struct pollfd *p, struct rng *r,
		      struct outcome *o)
{
	if (children(s, r, o)) {
		o->died = true;
		side_close(s);
		return true;
	}
	if (p[1].revents & POLLIN)
		answer(s, r, o);
	if (p[1].revents & POLLHUP)
		p[1].fd = -1;
	if (p[0].revents & POLLIN)
		return reported(s, o);
	if (p[0].revents & POLLHUP)
		p[0].fd = -1;
	return false;
}

void side_call(struct side *s, const struct gen_call *c, struct outcome *o)
{
	struct pollfd p[2] = { { .events = POLLIN }, { .events = POLLIN } };
	const struct timespec patience = { .tv_sec = 10 };
	struct rng r = rng_of(c->seed, 0);
	sigset_t none;

	memset(o, 0, sizeof(*o));
	sigemptyset(&none);
	if (!s->up)
		side_start(s);
	p[0].fd = s->k.in;
	p[1].fd = s->k.listener;
	NEED(write(s->k.out, c, sizeof(*c)) == sizeof(*c));
	while (!side_step(s, p, &r, o)) {
		p[0].revents = p[1].revents = 0;
		if (!ppoll(p, 2, &patience, &none))
			stuck(s, c);
	}
}

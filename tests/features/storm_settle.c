// SPDX-License-Identifier: GPL-2.0-only
/*
 * A storm about a call that goes on from its tracer just as a sibling's TSYNC
 * puts a nested listener on top of the chain. The filter that is new does not
 * know yet what lies outside of it, and on a long chain it takes a while until
 * it does.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nest.h"
#include "stormkit.h"

/* Filters between the two listeners, as many as a chain can have by far. */
#define DEPTH 3500

enum { SYNCS, GOES_ON };
enum { OUTER_ALONE, BOTH };

/* In memory that all of a round share. */
struct stage {
	struct meeting *m;
	atomic_int target;
	atomic_bool traced;
	atomic_bool done;
	atomic_uint inner_asked;
	long result;		/* of the target's call */
};

static struct stage *stage;
static struct kid base;
/* Turns; longer where it came too early, so that it comes about as it settles. */
static unsigned int delay;
#define DELAY_STEP 8

/* The sibling, which is also the supervisor that it brings in. */
static void *sync_main(void *arg)
{
	struct notice n;
	int fd;

	(void)arg;
	meet(stage->m, 2);
	DEED(stage->m, SYNCS,
	     filter(TSYNC | TSYNC_ESRCH | NESTABLE, SYS_getpgrp, ASK));
	fd = stage->m->deed[SYNCS].result;
	while (fd >= 0 && !atomic_load(&stage->done)) {
		if (!notice_waits(fd, 5))
			continue;
		notice_recv(fd, &n);
		atomic_fetch_add(&stage->inner_asked, 1);
		CHECK_EQ(notice_continue(fd, &n), 0);
	}
	return NULL;
}

static int target(void)
{
	pthread_t t;

	NEED(!pthread_create(&t, NULL, sync_main, NULL));
	atomic_store(&stage->target, getpid());
	while (!atomic_load(&stage->traced))
		raw(SYS_sched_yield);
	/* Its tracer makes another call of it, which is asked about. */
	stage->result = raw(SYS_getppid);
	atomic_store(&stage->done, true);
	return pthread_join(t, NULL);
}

static void add_depth(void)
{
	struct sock_filter pass = BPF_STMT(BPF_RET | BPF_K, PASS);
	const struct sock_fprog f = { .len = 1, .filter = &pass };
	int i;

	for (i = 0; i < DEPTH; i++)
		MUST(raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &f));
}

/* Has the chain; its children are the targets, one a round. */
static void base_kid(struct kid *k)
{
	int status;
	pid_t pid;
	long go;

	no_new_privs();
	listener_hand(k, MUST(filter(NESTABLE, SYS_getpgrp, ASK)));
	MUST(filter(0, SYS_getppid, SECCOMP_RET_TRACE));
	add_depth();
	say(k, 0);
	while (hear(k, &go)) {
		pid = fork();
		if (!pid)
			_exit(target());
		NEED(pid > 0 && waitpid(pid, &status, 0) == pid);
		say(k, ending(status));
	}
}

/* Stopped, with the other call in its registers. */
static pid_t stopped_target(void)
{
	const long at = offsetof(struct user_regs_struct, orig_rax);
	int status;
	pid_t pid;

	while (!(pid = atomic_load(&stage->target)))
		raw(SYS_sched_yield);
	NEED(!ptrace(PTRACE_SEIZE, pid, NULL, PTRACE_O_TRACESECCOMP));
	atomic_store(&stage->traced, true);
	NEED(waitpid(pid, &status, __WALL) == pid);
	NEED(status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8));
	NEED(!ptrace(PTRACE_POKEUSER, pid, at, SYS_getpgrp));
	return pid;
}

/* How often the outer supervisor was asked, which refuses. */
static unsigned int supervise(void)
{
	unsigned int asked = 0;
	struct notice n;

	while (!atomic_load(&stage->done)) {
		if (!notice_waits(base.listener, 5))
			continue;
		notice_recv(base.listener, &n);
		asked++;
		CHECK_EQ(notice_answer(base.listener, &n, 0, -DENIED), 0);
	}
	return asked;
}

static long go_on(pid_t pid)
{
	unsigned int n;

	for (n = delay; n; n--)
		__builtin_ia32_pause();
	return ptrace(PTRACE_CONT, pid, NULL, NULL);
}

static unsigned int round_settle(struct storm *s, unsigned int i)
{
	struct meeting *m = stage->m;
	bool late;
	pid_t pid;

	(void)i;
	meeting_clear(m);
	*stage = (struct stage){ .m = m };
	say(&base, 1);
	pid = stopped_target();
	meet(m, 2);
	DEED(m, GOES_ON, go_on(pid));
	CHECK_EQ(supervise(), 1);
	CHECK_EQ(stage->result, -DENIED);
	NEED(waitpid(pid, NULL, __WALL) == pid);
	CHECK_EQ(heard(&base), 0);
	CHECK(m->deed[SYNCS].result >= 0);
	s->together += together(m, SYNCS, GOES_ON);
	late = atomic_load(&stage->inner_asked);
	if (!late)
		delay += DELAY_STEP;
	else if (delay)
		delay -= DELAY_STEP;
	return late ? BOTH : OUTER_ALONE;
}

CASE_SLOW(storm_settle, "a call that a tracer lets go on as TSYNC nests it", 60)
{
	struct storm s = {
		.round = round_settle,
		.outcome = { [OUTER_ALONE] = "the outer alone was asked",
			     [BOTH] = "both were asked" },
		.must = MARK(BOTH),
	};

	need_nested();
	stage = mmap(NULL, sizeof(*stage), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	NEED(stage != MAP_FAILED);
	stage->m = meeting_new();
	kid_start(&base, base_kid, NULL);
	listener_take(&base);
	CHECK_EQ(heard(&base), 0);
	storm(&s, scaled(2000));
	kid_kill(&base);
	kid_close(&base);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pins: what may happen while PIN_INSTALL waits for the target. It waits as
 * long as a case likes, because the target's CPU is kept from it, or from a
 * thread that has locked its address space.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "pinkit.h"

/* The target's CPU, and that of all others. */
enum { STALLED, FREE };

#define STALL_MS 500	/* at most: real-time tasks get 950 at once */
#define BEFORE_MS 40	/* PIN_INSTALL sleeps by then */

static void on_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	NEED(!sched_setaffinity(0, sizeof(set), &set));
}

/* The same for all who take part. */
struct progress {
	atomic_bool over;	/* the stall */
	atomic_bool done;	/* PIN_INSTALL */
};

/* A pin that is to be made; those who take part have a copy. */
struct stall {
	struct progress *at;
	struct captive c;
	struct sealed s;
	struct notice n;
	struct kid hog;
	struct kid other;
};

static void hog(struct kid *k)
{
	const struct sched_param p = { .sched_priority = 1 };
	struct stall *x = (struct stall *)k->arg;
	long long until = now_ms() + STALL_MS;

	on_cpu(STALLED);
	NEED(!sched_setscheduler(0, SCHED_FIFO, &p));
	say(k, 0);
	while (!atomic_load(&x->at->over) && now_ms() < until)
		;
}

static void stalled_target(void)
{
	on_cpu(STALLED);
	handle_idly(SIGUSR1, SA_RESTART);
}

static void share_progress(struct stall *x)
{
	x->at = mmap(NULL, sizeof(*x->at), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	NEED(x->at != MAP_FAILED);
}

/* For stall_begin(). */
static void stall_prepare(struct stall *x, const struct captive_plan *plan)
{
	struct sealed first;

	need_redirect();
	need_root();
	if (get_nprocs() < 2)
		skip("needs two CPUs");
	share_progress(x);
	on_cpu(FREE);
	sealed_pages(&x->s, 1);
	captive_start(&x->c, plan);
	/* Whatever the first pin of all needs is not to be waited for. */
	sealed_pages(&first, 1);
	CONTROL(captive_pin_all(&x->c, &first));
	sealed_free(&first);
}

/*
 * The target waits in the trapped call, and its CPU is kept from it; OTHER, if
 * any, runs beside us.
 */
static void stall_begin(struct stall *x, void (*other)(struct kid *k))
{
	captive_trap(&x->c, MAIN, &x->n);
	wait_asleep(x->c.k.pid);
	kid_start(&x->hog, hog, x);
	NEED(heard(&x->hog) == 0);
	if (other)
		kid_start(&x->other, other, x);
}

static void stall_start(struct stall *x, void (*other)(struct kid *k))
{
	const struct captive_plan plan = { .before = stalled_target };

	stall_prepare(x, &plan);
	stall_begin(x, other);
}

static void stall_over(struct stall *x)
{
	atomic_store(&x->at->over, true);
	CHECK_EQ(ending(kid_wait(&x->hog)), 0);
}

static long pin_once(struct stall *x)
{
	uint64_t addr = 0;
	long r;

	r = pin_install(x->c.listener, x->n.id, x->s.fd, &addr, PAGE, 0);
	atomic_store(&x->at->done, true);
	return r;
}

/* Whatever was before, a pin is made now, and holds. */
static void pin_after(struct stall *x)
{
	uint64_t addr = 0;

	CHECK_EQ(pin_install(x->c.listener, x->n.id, x->s.fd, &addr, PAGE, 0),
		 0);
	CHECK_EQ(mappings_of(x->c.k.pid, x->s.fd), 1);
	CHECK_EQ(captive_release(&x->c, MAIN, &x->n), getpid());
	CHECK_EQ(run(&x->c.task[MAIN], do_count_pages, addr, 1), 1);
	CHECK_EQ(run(&x->c.task[MAIN], do_unmap, addr, PAGE), -EPERM);
	captive_end(&x->c);
	sealed_free(&x->s);
}

CASE(pin_waits, "PIN_INSTALL waits until the target has run")
{
	struct stall x;
	long long start;

	stall_start(&x, NULL);
	start = now_ms();
	CHECK_EQ(pin_once(&x), 0);
	CONTROL(now_ms() - start >= STALL_MS / 2);
	stall_over(&x);
	pin_after(&x);
}

CASE(pin_interrupted, "a signal at the supervisor is EINTR, and no harm")
{
	const struct itimerval soon = { .it_value.tv_usec = BEFORE_MS * 1000 };
	struct stall x;

	stall_start(&x, NULL);
	handle_idly(SIGALRM, 0);
	NEED(!setitimer(ITIMER_REAL, &soon, NULL));
	CHECK_EQ(pin_once(&x), -EINTR);
	CONTROL(!atomic_load(&x.at->over));
	CHECK_EQ(id_valid(x.c.listener, x.n.id), 0);
	stall_over(&x);
	pin_after(&x);
}

/*
 * What is to come meanwhile may come too late: a target gets its CPU when a
 * slow machine has let the hog's time run out. Then it is tried again. Of a
 * kid that does it: this is its last word.
 */
static void was_meanwhile(struct kid *k, struct stall *x)
{
	say(k, !atomic_load(&x->at->done));
	pause_ms(BEFORE_MS);
	atomic_store(&x->at->over, true);
}

/* A target whose thread holds the lock of the address space, and is stalled */

/* Most of the time it holds it for reading, and lets others have its CPU. */
static long do_populate(long size, long unused)
{
	cpu_set_t set;
	long at;

	(void)unused;
	CPU_ZERO(&set);
	CPU_SET(STALLED, &set);
	raw(SYS_sched_setaffinity, 0, sizeof(set), &set);
	for (;;) {
		at = raw(SYS_mmap, 0, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		raw(SYS_munmap, at, size);
	}
	return 0;
}

static void killer(struct kid *k)
{
	struct stall *x = (struct stall *)k->arg;

	pause_ms(BEFORE_MS);
	kill(x->c.k.pid, SIGKILL);
	was_meanwhile(k, x);
}

/* In the call the target may do what it is asked before it dies: not here. */
static long killed_meanwhile(void)
{
	const struct captive_plan plan = { .nr = 0 };
	struct stall x;
	long r;

	stall_prepare(&x, &plan);
	captive_add(&x.c, THREAD);
	run_start(&x.c.task[THREAD], do_populate, 4096 * PAGE, 0);
	stall_begin(&x, killer);
	r = pin_once(&x);
	/* 0 if it was killed after that, ENOENT if before we asked. */
	CHECK(r == -ESRCH || r == 0 || r == -ENOENT);
	heard(&x.other);
	stall_over(&x);
	CHECK_EQ(ending(kid_wait(&x.other)), 0);
	CONTROL_EQ(ending(kid_wait(&x.c.k)), SIGNALED(SIGKILL));
	CHECK_EQ(pin_once(&x), -ENOENT);
	captive_reap(&x.c);
	CHECK_EQ(x.s.map[0], word_of(0));
	sealed_free(&x.s);
	return r;
}

CASE_SLOW(pin_target_killed, "a target that is killed meanwhile is ESRCH", 4)
{
	long refs = module_refs(), r = 0;
	int i;

	for (i = 0; race_goes_on(i, 1, r == -ESRCH); i++)
		r = killed_meanwhile();
	CHECK_EQ(r, -ESRCH);
	CHECK(module_refs_fall_to(refs) <= refs);
}

static void signaller(struct kid *k)
{
	struct stall *x = (struct stall *)k->arg;

	pause_ms(BEFORE_MS);
	kill(x->c.k.pid, SIGUSR1);
	was_meanwhile(k, x);
}

static bool signalled_meanwhile(void)
{
	struct stall x;
	uint64_t first;
	bool met;
	long r;

	stall_start(&x, signaller);
	first = x.n.id;
	r = pin_once(&x);
	CHECK(r == 0 || r == -ESRCH || r == -ENOENT);
	met = heard(&x.other);
	stall_over(&x);
	CHECK_EQ(ending(kid_wait(&x.other)), 0);
	CHECK(notice_waits(x.c.listener, ASKED_MS));
	notice_recv(x.c.listener, &x.n);
	CHECK(x.n.id != first);
	pin_after(&x);
	return met;
}

CASE_SLOW(pin_target_signalled, "a signal at the target ends the question only",
	  4)
{
	bool met = false;
	int i;

	for (i = 0; race_goes_on(i, 1, met); i++)
		met = signalled_meanwhile();
	CONTROL(met);
}

static void answerer(struct kid *k)
{
	struct stall *x = (struct stall *)k->arg;

	pause_ms(BEFORE_MS);
	say(k, notice_continue(x->c.listener, &x->n));
	was_meanwhile(k, x);
}

static bool answered_meanwhile(void)
{
	struct stall x;
	bool met;
	long r;

	stall_start(&x, answerer);
	r = pin_once(&x);
	CHECK(r == 0 || r == -ESRCH || r == -ENOENT || r == -EINPROGRESS);
	CHECK_EQ(heard(&x.other), 0);
	met = heard(&x.other);
	stall_over(&x);
	CHECK_EQ(ending(kid_wait(&x.other)), 0);
	CHECK_EQ(heard(&x.c.task[MAIN]), getpid());
	CHECK_EQ(pin_once(&x), -ENOENT);
	captive_trap(&x.c, MAIN, &x.n);
	pin_after(&x);
	return met;
}

CASE_SLOW(pin_answered_meanwhile, "another supervisor may answer meanwhile", 4)
{
	bool met = false;
	int i;

	for (i = 0; race_goes_on(i, 1, met); i++)
		met = answered_meanwhile();
	CONTROL(met);
}

static void other_supervisor(struct kid *k)
{
	say(k, pin_once((struct stall *)k->arg));
}

static bool has_said(struct kid *k)
{
	struct pollfd p = { .fd = k->in, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

/* Its file has no writers, since only the caller's mapping may be one. */
static void write_seal(struct sealed *s)
{
	sealed_free(s);
	sealed_new(s, PAGE, F_SEAL_WRITE);
}

CASE(pin_supervisor_killed, "a supervisor killed meanwhile harms nothing")
{
	struct stall x;

	stall_start(&x, NULL);
	write_seal(&x.s);
	kid_start(&x.other, other_supervisor, &x);
	wait_asleep(x.other.pid);
	CONTROL(!has_said(&x.other));
	kid_kill(&x.other);
	CHECK_EQ(id_valid(x.c.listener, x.n.id), 0);
	stall_over(&x);
	pin_after(&x);
}

CASE(pin_two_supervisors, "two supervisors may ask for the same at once")
{
	struct stall x;

	stall_start(&x, NULL);
	write_seal(&x.s);
	kid_start(&x.other, other_supervisor, &x);
	wait_asleep(x.other.pid);
	CONTROL(!has_said(&x.other));
	CHECK_EQ(pin_once(&x), 0);
	CHECK_EQ(heard(&x.other), 0);
	CHECK_EQ(ending(kid_wait(&x.other)), 0);
	stall_over(&x);
	pin_after(&x);
}

/*
 * The supervisor asks for a pin again as soon as it has one: it has the target's
 * CPU then, at once, and so the target always has something to do.
 */
static void be_urgent(bool urgent)
{
	const struct sched_param p = { .sched_priority = urgent };

	NEED(!sched_setscheduler(0, urgent ? SCHED_FIFO : SCHED_OTHER, &p));
}

static void busy_start(struct stall *x)
{
	const struct captive_plan plan = { .before = stalled_target };

	need_redirect();
	need_root();
	share_progress(x);
	on_cpu(STALLED);
	sealed_new(&x->s, PAGE, F_SEAL_WRITE);
	captive_start(&x->c, &plan);
	CONTROL(captive_pin_all(&x->c, &x->s));
	captive_trap(&x->c, MAIN, &x->n);
	wait_asleep(x->c.k.pid);
}

/* What it is told at last, or 0 if it was served all the time. */
static long ask_on_after(struct stall *x, int sig)
{
	long r;
	int i;

	be_urgent(true);
	r = pin_once(x);
	if (!r)
		kill(x->c.k.pid, sig);
	for (i = 0; i < 1000 && !r; i++)
		r = pin_once(x);
	be_urgent(false);
	CONTROL(i);
	return r;
}

CASE(pin_killed_busy, "a target that is killed ends, whatever it is asked for")
{
	struct stall x;
	long r;

	busy_start(&x);
	r = ask_on_after(&x, SIGKILL);
	CHECK(r == -ESRCH || r == -ENOENT);
	CONTROL_EQ(ending(kid_wait(&x.c.k)), SIGNALED(SIGKILL));
	captive_reap(&x.c);
	sealed_free(&x.s);
}

CASE(pin_signalled_busy, "and one with a signal handles it")
{
	struct stall x;
	uint64_t first;
	long r;

	busy_start(&x);
	first = x.n.id;
	r = ask_on_after(&x, SIGUSR1);
	CHECK(r == -ESRCH || r == -ENOENT);
	notice_recv(x.c.listener, &x.n);
	CONTROL(x.n.id != first);
	pin_after(&x);
}

// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "stormkit.h"

/* A process that is not there, whose group therefore is none. */
#define NOBODYS_PID 0x7f000000

struct meeting *meeting_new(void)
{
	struct meeting *m = mmap(NULL, sizeof(*m), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	NEED(m != MAP_FAILED);
	return m;
}

void meeting_clear(struct meeting *m)
{
	memset(m, 0, sizeof(*m));
}

unsigned int any_number(unsigned int below)
{
	static _Thread_local uint32_t x;
	struct timespec t;

	if (!x) {
		clock_gettime(CLOCK_MONOTONIC, &t);
		x = t.tv_nsec ^ (uintptr_t)&t ^ raw(SYS_gettid) << 8 ^ 1;
	}
	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x % below;
}

/*
 * To an emulator that runs one processor after another this means the next one;
 * whoever has none may be what we wait for.
 */
static void rest(unsigned int n)
{
	if (n % 64 == 63)
		raw(SYS_sched_yield);
	else
		__builtin_ia32_pause();
}

bool meet(struct meeting *m, unsigned int sides)
{
	unsigned int all, n;

	all = (atomic_fetch_add(&m->come, 1) / sides + 1) * sides;
	for (n = 0; atomic_load(&m->come) < all; n++) {
		if (atomic_load(&m->off))
			return false;
		rest(n);
	}
	for (n = any_number(1U << any_number(10)); n; n--)
		__builtin_ia32_pause();
	return true;
}

bool together(const struct meeting *m, int a, int b)
{
	const struct deed *x = &m->deed[a], *y = &m->deed[b];

	if (!x->begin || !y->begin)
		return false;
	if (!y->end)
		return x->begin < y->begin && y->begin < x->end;
	return x->begin < y->end && y->begin < x->end;
}

long deny_mark(unsigned long flags, unsigned int mark)
{
	return filter_arg(flags, SYS_getpgid, 0, NOBODYS_PID + mark, DENY);
}

uint32_t denied_marks(unsigned int count)
{
	uint32_t denied = 0;
	unsigned int i;

	for (i = 0; i < count; i++)
		if (raw(SYS_getpgid, NOBODYS_PID + i) == -DENIED)
			denied |= MARK(i);
	return denied;
}

void deed_seen(struct deed *d, unsigned int marks)
{
	d->filters = proc_status(raw(SYS_gettid), "Seccomp_filters");
	d->denied = denied_marks(marks);
}

/* Outside */

struct outside {
	long refs;
	long filters;
	long programs;
	uint64_t hooks;
};

static long count_programs(void)
{
	FILE *f = fopen("/proc/vmallocinfo", "re");
	char line[512];
	long n = 0;

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		n += !!strstr(line, "bpf_prog_alloc");
	fclose(f);
	return n;
}

static void status_now(struct message *status)
{
	struct answer a;
	struct genl g;

	NEED(genl_open(&g));
	NEED(!ask_status(&g, &a) && a.n == 1);
	genl_close(&g);
	*status = a.message[0];
}

uint64_t hooks_now(void)
{
	struct message status;

	status_now(&status);
	return status.num[ATTR(HOOKS)];
}

static void look(struct outside *o)
{
	struct message status;

	status_now(&status);
	o->filters = status.num[ATTR(FILTERS)];
	o->hooks = status.num[ATTR(HOOKS)];
	o->refs = status.num[ATTR(REFERENCES)];
	o->programs = count_programs();
}

static bool is_as_before(const struct outside *before,
			 const struct outside *after)
{
	return after->refs <= before->refs &&
	       after->filters <= before->filters &&
	       after->programs <= before->programs;
}

/* Where tracing shows it, too: otherwise we have the module's word only. */
static bool traced(const char *function)
{
	FILE *f = fopen("/sys/kernel/tracing/enabled_functions", "re");
	size_t len = strlen(function);
	bool found = !f;
	char line[512];

	if (!f)
		return true;
	while (!found && fgets(line, sizeof(line), f))
		found = !strncmp(line, function, len) && line[len] == ' ';
	fclose(f);
	return found;
}

static void check_outside(const struct outside *before)
{
	struct outside after;
	int i;

	/* What is freed by RCU, and by work, takes its time. */
	for (i = 0; i < 100; i++) {
		look(&after);
		if (is_as_before(before, &after))
			break;
		pause_ms(50);
	}
	diag("before: %ld references, %ld filters, %ld programs", before->refs,
	     before->filters, before->programs);
	diag("after: %ld references, %ld filters, %ld programs", after.refs,
	     after.filters, after.programs);
	CHECK(after.refs <= before->refs);
	CHECK(after.filters <= before->filters);
	CHECK(after.programs <= before->programs);
	CHECK(after.hooks & OVERLAY_SECCOMP_HOOK_CALLS);
	CHECK(after.hooks & OVERLAY_SECCOMP_HOOK_FILTER);
	CHECK(!(after.hooks & OVERLAY_SECCOMP_HOOK_DEAD));
	CHECK(traced("do_seccomp"));
	CHECK(traced("__seccomp_filter"));
}

/* The storm */

/*
 * Its timer goes off all the time: an emulator that runs one processor after
 * another changes to the next one then, in whatever that is doing.
 */
static void ticker(struct kid *k)
{
	const struct timespec t = { .tv_nsec = 200000 };

	(void)k;
	prctl(PR_SET_TIMERSLACK, 1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		raw(SYS_nanosleep, &t, NULL);
}

static bool has_met(const struct storm *s)
{
	unsigned int i;

	for (i = 0; i < OUTCOMES; i++)
		if (s->must & MARK(i) && !s->count[i])
			return false;
	return s->apart || s->together;
}

static void tell(const struct storm *s, unsigned int rounds)
{
	unsigned int i;

	diag("%u rounds on %ld CPUs, %u of them together", rounds,
	     sysconf(_SC_NPROCESSORS_ONLN), s->together);
	for (i = 0; i < OUTCOMES; i++)
		if (s->outcome[i])
			diag("%s: %u", s->outcome[i], s->count[i]);
}

void storm(struct storm *s, unsigned int n)
{
	struct outside before;
	unsigned int i;
	struct kid k;

	need_root();
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		skip("one CPU");
	module_refs();
	look(&before);
	kid_start(&k, ticker, NULL);
	for (i = 0; race_goes_on(i, n, has_met(s)); i++)
		s->count[s->round(s, i)]++;
	kid_kill(&k);
	kid_close(&k);
	tell(s, i);
	CONTROL(has_met(s));
	check_outside(&before);
}

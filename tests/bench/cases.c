// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cases. Each states by NEED that what it measured is what it says: that
 * filters are in force, that every call was asked about.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cases.h"
#include "crowd.h"
#include "kit.h"
#include "libseccomp.h"
#include "nest.h"
#include "pinkit.h"

#define CALLS 200			/* of one sample */
#define TRIPS 20			/* the same, of calls that are asked about */
#define WARM_UP 200
#define MAX_DEPTH 8
/* What the filters deny, so that it shows that they are there. */
#define DENIED_NR SYS_getpgrp

/* Calls, and chains that allow them */

static void sample_many(const struct bench_case *c, struct figure *result)
{
	struct samples s = { .n = 0 };
	int i;

	for (i = 0; i < WARM_UP; i++)
		raw6(c->nr, c->arg, 0, 0, 0, 0, 0);
	while (s.n < SAMPLES)
		sample_calls(&s, c->nr, c->arg, CALLS);
	*result = figure_of(&s);
}

/*
 * The innermost denies one call. If they look at no argument to allow NR,
 * kernels from 5.11 on remember that they do.
 */
static void install_chain(const struct bench_case *c)
{
	int i;

	no_new_privs();
	for (i = 0; i < c->depth; i++) {
		struct prog p = { .len = 0 };

		prog_rule(&p, AUDIT_ARCH_X86_64, DENIED_NR, DENY);
		if (c->by_argument)
			prog_rule_arg(&p, AUDIT_ARCH_X86_64, c->nr, 0, 1, DENY);
		MUST(prog_install(&p, SECCOMP_RET_ALLOW,
				  i ? c->inner : c->flags));
	}
}

static void calls(const struct bench_case *c, struct figure *result)
{
	if (c->depth) {
		NEED(raw(DENIED_NR) >= 0);
		install_chain(c);
		NEED(raw(DENIED_NR) == -DENIED);
		NEED((raw(c->nr, 1) == -DENIED) == c->by_argument);
	}
	sample_many(c, result);
}

/* Calls that a supervisor is asked about */

enum { CONTINUE, ANSWER, SCALAR, POINTER };

/* Shared by the supervisor, which is the case, and its target. */
struct trip {
	int fd[MAX_DEPTH];
	pid_t parent;
	struct figure figure;
};

static struct trip *trip;

static void trip_kid(struct kid *k)
{
	const struct bench_case *c = *(const struct bench_case **)k->arg;
	struct samples s = { .n = 0 };
	long word = 0;
	uint64_t start;
	int i;

	no_new_privs();
	for (i = 0; i < c->depth; i++)
		trip->fd[i] = MUST(filter(i ? c->inner : c->flags, c->nr,
					  SECCOMP_RET_USER_NOTIF));
	say(k, 0);
	hear(k, &word);
	for (i = 0; i < WARM_UP; i++)
		word = raw(c->nr);
	NEED(word == (c->answer == ANSWER ? FAKED : trip->parent));
	while (s.n < SAMPLES) {
		start = now();
		for (i = 0; i < TRIPS; i++)
			raw(c->nr);
		sample_add(&s, (double)(now() - start) / TRIPS);
	}
	trip->figure = figure_of(&s);
}

static uint64_t receive(int listener)
{
	struct seccomp_notif n = { .id = 0 };

	NEED(!ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &n));
	return n.id;
}

static void respond(const struct bench_case *c, int listener, uint64_t id)
{
	struct seccomp_notif_resp r = { .id = id };

	if (c->answer == ANSWER)
		r.val = FAKED;
	else
		r.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	NEED(!ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &r));
}

static void supervise_chain(const struct bench_case *c, const int *listener)
{
	int i, n;

	for (n = 0; n < WARM_UP + SAMPLES * TRIPS; n++)
		for (i = c->depth - 1; i >= 0; i--)
			respond(c, listener[i], receive(listener[i]));
}

/* SIZE of its three arguments are replaced, by words or by pointers. */
static void supervise_redirect(const struct bench_case *c, const int *listener)
{
	struct seccomp_notif_resp_redirect r = {
		.flags = SECCOMP_REDIRECT_FLAG_CONTINUE,
		.args_mask = (1 << c->size) - 1,
	};
	struct sealed memory;
	uint64_t at = 0;
	int i, n;

	sealed_pages(&memory, 1);
	if (c->answer == POINTER) {
		r.ptr_mask = r.args_mask;
		r.memfd = memory.fd;
	}
	for (n = 0; n < WARM_UP + SAMPLES * TRIPS; n++) {
		r.id = receive(*listener);
		if (!at)
			MUST(pin_install(*listener, r.id, memory.fd, &at,
					 memory.size, 0));
		for (i = 0; i < c->size; i++) {
			r.args[i] = at + 64 * i;
			r.ptr_len[i] = c->answer == POINTER ? 64 : 0;
		}
		MUST(send_redirect(*listener, &r));
	}
}

/*
 * On one CPU, and nobody is preempted by whom he wakes: otherwise a round trip
 * has two switches or three, as the scheduler likes.
 */
static void take_turns(void)
{
	const struct sched_param param = { .sched_priority = 0 };
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(sched_getcpu(), &cpus);
	NEED(!sched_setaffinity(0, sizeof(cpus), &cpus));
	NEED(!sched_setscheduler(0, SCHED_BATCH, &param));
}

static void trips(const struct bench_case *c, struct figure *result)
{
	int listener[MAX_DEPTH];
	struct kid k;
	int i;

	take_turns();
	trip = mmap(NULL, sizeof(*trip), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	NEED(trip != MAP_FAILED);
	trip->parent = getpid();
	kid_start(&k, trip_kid, &c);
	NEED(heard(&k) == 0);
	for (i = 0; i < c->depth; i++) {
		listener[i] = syscall(SYS_pidfd_getfd, k.pidfd, trip->fd[i], 0);
		NEED(listener[i] >= 0);
	}
	say(&k, 0);
	if (c->answer == SCALAR || c->answer == POINTER)
		supervise_redirect(c, listener);
	else
		supervise_chain(c, listener);
	NEED(!kid_wait(&k));
	*result = trip->figure;
}

/* Clone, and what else puts a process under the filters of a container */

#define MAX_LEN 4096
#define CLONES 10000
#define LOADS 300
#define BUILDS 11			/* takes long */

static struct sock_filter program_insn[MAX_LEN];
static struct sock_fprog program;

/* SIZE instructions, or as libseccomp makes it for a container. */
static void make_program(const struct bench_case *c)
{
	struct sock_filter refuse[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, REFUSED_NR, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	int i, idle = c->size - ARRAY_SIZE(refuse);

	if (!c->size) {
		libseccomp_open();
		libseccomp_export(program_insn, &program, MAX_LEN);
		return;
	}
	for (i = 0; i < idle; i++)
		program_insn[i] = refuse[0];
	memcpy(program_insn + idle, refuse, sizeof(refuse));
	program.filter = program_insn;
	program.len = c->size;
}

static void load_program(void)
{
	MUST(raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
}

static void program_kid(struct kid *k)
{
	long word;

	no_new_privs();
	load_program();
	say(k, 0);
	hear(k, &word);
}

static struct kid program_source;

static void clone_program(void)
{
	MUST(raw(SYS_seccomp, SECCOMP_CLONE_FILTER, 0, &program_source.pidfd));
}

/* As many processes as samples, each of which does it once. */
static void sample_processes(void (*join)(void), unsigned int samples,
			     struct figure *result)
{
	double *took = mmap(NULL, sizeof(*took), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct samples s = { .n = 0 };
	uint64_t start;
	int status;
	pid_t pid;

	NEED(took != MAP_FAILED);
	while (s.n < samples) {
		pid = fork();
		NEED(pid >= 0);
		if (!pid) {
			no_new_privs();
			/* Its first look at a page is no part of the call. */
			NEED(mlockall(MCL_CURRENT) == 0);
			NEED(raw(REFUSED_NR, 0) != -EPERM);
			start = now();
			join();
			*took = now() - start;
			NEED(raw(REFUSED_NR, 0) == -EPERM);
			_exit(0);
		}
		NEED(waitpid(pid, &status, 0) == pid && !status);
		sample_add(&s, *took);
	}
	*result = figure_of(&s);
}

static void clones(const struct bench_case *c, struct figure *result)
{
	make_program(c);
	kid_start(&program_source, program_kid, NULL);
	NEED(heard(&program_source) == 0);
	sample_processes(clone_program, SAMPLES, result);
	kid_kill(&program_source);
}

static void loads(const struct bench_case *c, struct figure *result)
{
	make_program(c);
	sample_processes(load_program, SAMPLES, result);
}

static void builds(const struct bench_case *c, struct figure *result)
{
	(void)c;
	libseccomp_open();
	sample_processes(libseccomp_load, BUILDS, result);
}

/* Kernel memory that holds programs, compiled or not. */
static double program_memory(void)
{
	FILE *f = fopen("/proc/vmallocinfo", "re");
	char line[512];
	double sum = 0, size;

	if (!f)
		skip("/proc/vmallocinfo: %s", strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		if (!strstr(line, "bpf") && !strstr(line, "execmem") &&
		    !strstr(line, "module_alloc"))
			continue;
		if (sscanf(line, "%*s %lf", &size) == 1)
			sum += size;
	}
	fclose(f);
	return sum;
}

static void crowd_join(void *join)
{
	NEED(raw(REFUSED_NR, 0) != -EPERM);
	((void (*)(void))join)();
	NEED(raw(REFUSED_NR, 0) == -EPERM);
}

/* By how much it has grown when N threads have done it, which stay. */
static double memory_for(unsigned int n, void (*join)(void))
{
	double before = program_memory();
	struct kid k;
	double more;

	crowd_start(&k, n, crowd_join, join);
	more = program_memory() - before;
	kid_kill(&k);
	return more;
}

static void clone_memory(const struct bench_case *c, struct figure *result)
{
	double more;

	make_program(c);
	kid_start(&program_source, program_kid, NULL);
	NEED(heard(&program_source) == 0);
	more = memory_for(CLONES, clone_program);
	/* It would be seen. */
	NEED(memory_for(LOADS, load_program) > 0);
	kid_kill(&program_source);
	*result = (struct figure){ more, more, more, 1 };
}

#define STOCK(n) .run = calls, .nr = SYS_getppid, .depth = (n), \
	.flags = NEW_LISTENER
#define NESTED(n) .run = calls, .nr = SYS_getppid, .depth = (n), \
	.flags = NESTABLE, .overlay = true
#define SEQUENCE(n) .run = calls, .nr = SYS_getppid, .depth = (n), \
	.flags = SEQUENTIAL, .inner = SEQUENTIAL, .overlay = true
#define STOCK_TRIP(what) .run = trips, .nr = SYS_getppid, .depth = 1, \
	.flags = NEW_LISTENER, .answer = what
#define TRIP(n, what) .run = trips, .nr = SYS_getppid, .depth = (n), \
	.flags = NESTABLE, .inner = NESTABLE, .answer = what, .overlay = true

const struct bench_case bench_cases[] = {
	{ "plain", "getppid, no filter",
	  .run = calls, .nr = SYS_getppid },
	{ "plain-seccomp", "seccomp(2), an operation that there is not, no filter",
	  .run = calls, .nr = SYS_seccomp, .arg = 99 },
	{ "plain-stat", "stat of the root directory, to nowhere, no filter",
	  .run = calls, .nr = SYS_stat, .arg = (long)"/" },
	{ "foreign-cached", "getppid, one filter, the answer remembered",
	  .run = calls, .nr = SYS_getppid, .depth = 1 },
	{ "foreign-argument", "getppid, one filter that looks at an argument",
	  .run = calls, .nr = SYS_getppid, .depth = 1, .by_argument = true },

	{ "stock-1-cached", "1 filter with a listener", STOCK(1) },
	{ "stock-1-argument", "the same, looking at an argument",
	  STOCK(1), .by_argument = true },
	{ "stock-8-cached", "8 filters, the first with a listener", STOCK(8) },
	{ "stock-8-argument", "the same, looking at an argument",
	  STOCK(8), .by_argument = true },
	{ "nested-1-cached", "1 filter with an overlay listener", NESTED(1) },
	{ "nested-1-argument", "the same, looking at an argument",
	  NESTED(1), .by_argument = true },
	{ "nested-8-cached", "8 filters, the first with an overlay listener",
	  NESTED(8) },
	{ "nested-8-argument", "the same, looking at an argument",
	  NESTED(8), .by_argument = true },
	{ "sequential-1-cached", "1 sequential filter", SEQUENCE(1) },
	{ "sequential-1-argument", "the same, looking at an argument",
	  SEQUENCE(1), .by_argument = true },
	{ "sequential-8-cached", "8 sequential filters", SEQUENCE(8) },
	{ "sequential-8-argument", "the same, looking at an argument",
	  SEQUENCE(8), .by_argument = true },

	{ "stock-continue", "round trip to a supervisor, CONTINUE",
	  STOCK_TRIP(CONTINUE) },
	{ "stock-answer", "round trip to a supervisor, a value",
	  STOCK_TRIP(ANSWER) },
	{ "overlay-continue", "round trip, overlay listener, CONTINUE",
	  TRIP(1, CONTINUE) },
	{ "overlay-answer", "round trip, overlay listener, a value",
	  TRIP(1, ANSWER) },
	{ "nested-2", "2 nested listeners, all CONTINUE", TRIP(2, CONTINUE) },
	{ "nested-4", "4 nested listeners, all CONTINUE", TRIP(4, CONTINUE) },
	{ "nested-8", "8 nested listeners, all CONTINUE", TRIP(8, CONTINUE) },
	{ "redirect-1", "redirect, 1 argument", TRIP(1, SCALAR), .size = 1 },
	{ "redirect-3", "redirect, 3 arguments", TRIP(1, SCALAR), .size = 3 },
	{ "redirect-1-pointer", "redirect, 1 pointer into a pin",
	  TRIP(1, POINTER), .size = 1 },
	{ "redirect-3-pointers", "redirect, 3 pointers into a pin",
	  TRIP(1, POINTER), .size = 3 },

	{ "build-and-load", "libseccomp: a container's filter, built and loaded",
	  .run = builds },
	{ "load", "the same, built before", .run = loads },
	{ "clone", "clone of it", .run = clones, .overlay = true },
	{ "clone-4", "clone of a filter of 4 instructions",
	  .run = clones, .size = 4, .overlay = true },
	{ "clone-4096", "clone of one of 4,096, the most that can be",
	  .run = clones, .size = MAX_LEN, .overlay = true },
	{ "clone-10000-memory", "memory for programs that 10,000 clones take",
	  .run = clone_memory, .overlay = true, .alone = true,
	  .unit = "bytes" },
};

const unsigned int bench_case_count = ARRAY_SIZE(bench_cases);

// SPDX-License-Identifier: GPL-2.0-only
/*
 * SECCOMP_CLONE_FILTER: sources that change meanwhile, and what many clones
 * cost.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "source.h"

/* Clone over and over until the source is gone; other errors end it too. */
static void chase_kid(struct kid *k)
{
	const int *fd = k->arg;
	long result, taken = 0, told = 0;

	do {
		result = clone_filter(*fd);
		taken += !result;
		if (!told++)
			say(k, 0);
	} while (!result || result == -EINVAL);
	say(k, result);
	say(k, taken);
	say(k, marked());
}

/* How often it was caught before it was gone. */
static long chase(void (*fn)(struct kid *k))
{
	struct kid source, k;
	long taken, go;

	kid_start(&source, fn, NULL);
	kid_start(&k, chase_kid, &source.pidfd);
	CHECK_EQ(heard(&k), 0);
	say(&source, 0);
	while (hear(&source, &go))
		;
	kid_wait(&source);
	CHECK_EQ(heard(&k), -ESRCH);
	taken = heard(&k);
	CHECK_EQ(heard(&k), taken ? -DENIED : 0);
	kid_wait(&k);
	kid_close(&k);
	kid_close(&source);
	return taken;
}

static void chase_often(void (*fn)(struct kid *k), unsigned int n)
{
	unsigned int i, caught = 0;
	long clones = 0, taken;

	need_root();
	for (i = 0; i < n; i++) {
		taken = chase(fn);
		clones += taken;
		caught += taken > 0;
	}
	diag("%u sources, %u caught, %ld clones", n, caught, clones);
	CONTROL(caught > 0);
}

/* Give the chaser some time, never the same. */
static void linger(void)
{
	const struct timespec t = {
		.tv_nsec = raw(SYS_getpid) * 61 % 997 * 4000,
	};

	raw(SYS_nanosleep, &t, NULL);
}

static void exiting_kid(struct kid *k)
{
	long word;

	MUST(install_marked());
	hear(k, &word);
	linger();
}

CASE_SLOW(race_exit, "a source that exits: its filters or ESRCH", 6)
{
	chase_often(exiting_kid, scaled(2000));
}

static void fresh_kid(struct kid *k)
{
	long word;

	hear(k, &word);
	linger();
	MUST(install_marked());
	linger();
}

CASE_SLOW(race_install, "a source that installs: EINVAL, its filters, ESRCH", 6)
{
	chase_often(fresh_kid, scaled(2000));
}

static void executing_kid(struct kid *k)
{
	static char *argv[] = { "x", "--help", NULL };
	static char *envp[] = { NULL };
	int null = open("/dev/null", O_WRONLY);
	long word;

	MUST(install_marked());
	dup2(null, 1);
	hear(k, &word);
	execve("/proc/self/exe", argv, envp);
	raw(SYS_exit_group, 9);
}

CASE_SLOW(race_exec, "a source that executes: its filters, then ESRCH", 6)
{
	chase_often(executing_kid, scaled(300));
}

#define SYNCED 40

static void thread_syncs(struct kid *k)
{
	long word;
	int i;

	hear(k, &word);
	for (i = 0; i < SYNCED; i++)
		if (filter(SECCOMP_FILTER_FLAG_TSYNC, SYS_getpgrp, DENY))
			break;
	say(k, i);
}

static void syncing_kid(struct kid *k)
{
	struct thr t;
	long word;

	MUST(install_marked());
	thr_start(&t, thread_syncs, NULL);
	hear(k, &word);
	say(&t.side, 0);
	CONTROL_EQ(heard(&t.side), SYNCED);
	raw(SYS_exit_group, 0);
}

CASE_SLOW(race_tsync, "a source that is given filters by TSYNC meanwhile", 6)
{
	chase_often(syncing_kid, scaled(300));
}

static void chase_count_kid(struct kid *k)
{
	const int *fd = k->arg;
	long word;
	int flags;

	flags = fcntl(k->in, F_GETFL);
	fcntl(k->in, F_SETFL, flags | O_NONBLOCK);
	say(k, 0);
	do {
		CHECK_EQ(clone_filter(*fd), 0);
	} while (raw(SYS_read, k->in, &word, sizeof(word)) == -EAGAIN);
	CHECK_EQ(clone_filter(*fd), 0);
	say(k, proc_status(getpid(), "Seccomp_filters"));
}

static void staying_kid(struct kid *k)
{
	struct thr t;
	long word;

	MUST(install_marked());
	thr_start(&t, thread_syncs, NULL);
	hear(k, &word);
	say(&t.side, 0);
	say(k, heard(&t.side));
	hear(k, &word);
	raw(SYS_exit_group, 0);
}

CASE_SLOW(race_tsync_count, "whoever clones last has every filter", 3)
{
	struct kid source, k[3];
	int i;

	need_root();
	kid_start(&source, staying_kid, NULL);
	while (proc_status(source.pid, "Seccomp_filters") != 1)
		pause_ms(1);
	for (i = 0; i < 3; i++) {
		kid_start(&k[i], chase_count_kid, &source.pidfd);
		CHECK_EQ(heard(&k[i]), 0);
	}
	say(&source, 0);
	CONTROL_EQ(heard(&source), SYNCED);
	for (i = 0; i < 3; i++)
		say(&k[i], 0);
	for (i = 0; i < 3; i++)
		CHECK_EQ(heard(&k[i]), SYNCED + 1);
	CONTROL_EQ(proc_status(source.pid, "Seccomp_filters"), SYNCED + 1);
}

/* Two that clone each other */

static void cross_kid(struct kid *k)
{
	const unsigned int *rounds = k->arg;
	long pid, bad = 0;
	unsigned int i;
	int fd;

	hear(k, &pid);
	fd = raw(SYS_pidfd_open, pid, 0);
	NEED(fd >= 0);
	say(k, 0);
	hear(k, &pid);
	for (i = 0; i < *rounds; i++)
		bad += clone_filter(fd) != 0;
	say(k, bad);
	hear(k, &pid);
}

CASE_SLOW(race_cross, "two tasks that clone each other do not lock up", 3)
{
	const unsigned int rounds = scaled(20000);
	struct kid k[2];
	int i;

	need_root();
	MUST(install_marked());
	for (i = 0; i < 2; i++)
		kid_start(&k[i], cross_kid, &rounds);
	for (i = 0; i < 2; i++) {
		say(&k[i], k[!i].pid);
		CONTROL_EQ(heard(&k[i]), 0);
	}
	for (i = 0; i < 2; i++)
		say(&k[i], 0);
	for (i = 0; i < 2; i++)
		CHECK_EQ(heard(&k[i]), 0);
}

static void thread_cross(struct kid *k)
{
	const int *fd = k->arg;
	const unsigned int rounds = scaled(20000);
	long bad = 0;
	unsigned int i;

	for (i = 0; i < rounds; i++)
		bad += clone_filter(*fd) != 0;
	say(k, bad);
}

CASE_SLOW(race_siblings, "threads that clone their own leader at once", 3)
{
	struct thr t[4];
	int fd = raw(SYS_pidfd_open, getpid(), 0);
	long bad;
	int i;

	need_root();
	MUST(install_marked());
	CONTROL_EQ(marked(), -DENIED);
	for (i = 0; i < 4; i++)
		thr_start(&t[i], thread_cross, &fd);
	for (i = 0; i < 4; i++) {
		bad = heard(&t[i].side);
		CHECK_EQ(bad, 0);
	}
}

/* What it costs */

#define HELD 50
#define MAX_CACHES 256

struct cost {
	long refs;
	long progs;		/* BPF programs, by their memory */
	long jit_kb;
	long slab_kb;
	long kmalloc[MAX_CACHES];	/* objects in each such cache */
	int kmallocs;
};

static long count_lines(const char *path, const char *what)
{
	FILE *f = fopen(path, "re");
	char line[512];
	long n = 0;

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		n += !!strstr(line, what);
	fclose(f);
	return n;
}

/*
 * What is free in a slab that a CPU has for itself counts as used: without
 * this a cache grows by hundreds when a CPU takes slabs that others have left.
 */
static void shrink_slabs(void)
{
	glob_t caches;
	size_t i;

	if (glob("/sys/kernel/slab/kmalloc-*/shrink", 0, NULL, &caches))
		return;
	for (i = 0; i < caches.gl_pathc; i++)
		NEED(write_text(caches.gl_pathv[i], "1"));
	globfree(&caches);
}

/* Objects of the caches that seccomp and the module allocate from. */
static void read_slabs(struct cost *c)
{
	char line[512], name[64];
	unsigned long objects;
	FILE *f;

	c->kmallocs = 0;
	shrink_slabs();
	f = fopen("/proc/slabinfo", "re");
	if (!f)
		return;
	while (c->kmallocs < MAX_CACHES && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63s %lu", name, &objects) != 2)
			continue;
		if (!strncmp(name, "kmalloc-", 8))
			c->kmalloc[c->kmallocs++] = objects;
	}
	fclose(f);
}

static void read_cost(struct cost *c)
{
	memset(c, 0, sizeof(*c));
	c->refs = module_refs();
	c->progs = count_lines("/proc/vmallocinfo", "bpf_prog_alloc");
	c->jit_kb = meminfo_kb("VmallocUsed");
	c->slab_kb = meminfo_kb("Slab");
	read_slabs(c);
}

static long worst_growth(const struct cost *a, const struct cost *b)
{
	long worst = 0;
	int i;

	for (i = 0; i < b->kmallocs; i++)
		if (b->kmalloc[i] - a->kmalloc[i] > worst)
			worst = b->kmalloc[i] - a->kmalloc[i];
	return worst;
}

static void print_cost(const char *when, const struct cost *c)
{
	diag("%s: refs %ld, programs %ld, vmalloc %ld kB, slab %ld kB", when,
	     c->refs, c->progs, c->jit_kb, c->slab_kb);
}

static long install_large(void)
{
	MUST(filter_large(0));
	return install_marked();
}

static const struct source large = { .install = install_large };

static void clones(const struct kid *source, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		CHECK_EQ(try_clone(source, NULL), 0);
}

static void holder_kid(struct kid *k)
{
	const int *fd = k->arg;
	long word;

	say(k, *fd < 0 ? install_large() : clone_filter(*fd));
	hear(k, &word);
}

/* The cost before, and with HELD tasks that have cloned or installed. */
static void hold_many(int fd, struct cost *before, struct cost *during)
{
	struct kid k[HELD];
	int i;

	read_cost(before);
	if (before->progs < 0 || !before->kmallocs)
		skip("no /proc/vmallocinfo or /proc/slabinfo");
	for (i = 0; i < HELD; i++) {
		kid_start(&k[i], holder_kid, &fd);
		CHECK_EQ(heard(&k[i]), 0);
	}
	read_cost(during);
	print_cost("before", before);
	print_cost("during", during);
	for (i = 0; i < HELD; i++) {
		say(&k[i], 0);
		kid_wait(&k[i]);
		kid_close(&k[i]);
	}
}

static unsigned int at_least(unsigned int least, unsigned int n)
{
	return n < least ? least : n;
}

CASE_SLOW(cost_many, "clones that are gone leave nothing behind", 60)
{
	/* Below this the noise of the slabs is as large as a leak. */
	const unsigned int n = at_least(600, scaled(10000));
	const long noise = 256 + n / 20;
	struct cost before, after;
	struct kid source;
	long growth;
	int i;

	need_root();
	/* It looks for leaks itself, and quarantines what was freed. */
	if (count_lines("/proc/slabinfo", "kmemleak_object") > 0)
		skip("a kernel with kmemleak");
	source_start(&source, &large);
	/* What is held shows in these numbers. */
	hold_many(-1, &before, &after);
	CONTROL(worst_growth(&before, &after) >= HELD);
	clones(&source, n / 10 + 10);
	read_cost(&before);
	clones(&source, n);
	/* What is freed by RCU and by work takes its time. */
	for (i = 0; i < 20; i++) {
		read_cost(&after);
		growth = worst_growth(&before, &after);
		if (growth <= noise && after.refs == before.refs)
			break;
	}
	print_cost("before", &before);
	print_cost("after", &after);
	diag("%u clones, the worst cache grew by %ld objects", n, growth);
	CHECK_EQ(after.refs, before.refs);
	CHECK_EQ(after.progs, before.progs);
	CHECK(growth <= noise);
	CONTROL_EQ(source_marked(&source), -DENIED);
}

CASE_SLOW(cost_program, "a clone needs no program of its own", 6)
{
	struct cost before, during;
	struct kid source;

	need_root();
	source_start(&source, &large);
	hold_many(source.pidfd, &before, &during);
	CHECK_EQ(during.progs, before.progs);
	hold_many(-1, &before, &during);
	CONTROL(during.progs >= before.progs + HELD);
}

static void strict_clone_kid(struct kid *k)
{
	const int *fd = k->arg;

	say(k, clone_filter(*fd));
	raw(SYS_exit, 0);
}

CASE_SLOW(cost_strict, "clones of a strict task are freed as well", 10)
{
	const struct source s = { .install = install_large, .strict = true };
	const unsigned int n = scaled(2000);
	const long before = module_refs();
	struct kid source, k;
	unsigned int i;

	need_root();
	if (before < 0)
		skip("/sys does not tell the module's reference count");
	source_start(&source, &s);
	CONTROL(module_refs() > before);
	for (i = 0; i < n; i++) {
		kid_start(&k, strict_clone_kid, &source.pidfd);
		CHECK_EQ(heard(&k), 0);
		CHECK_EQ(ending(kid_wait(&k)), 0);
		kid_close(&k);
	}
	source_end(&source);
	CHECK_EQ(module_refs_fall_to(before), before);
}

// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault.h"
#include "genl.h"

/* More than any operation needs, and more than there ever are. */
#define FAULTS_MAX 5000
#define FAULTS_NONE 1000000

static int fail_nth = -1;

void open_faults(void)
{
	if (fail_nth >= 0)
		close(fail_nth);
	fail_nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	NEED(fail_nth >= 0);
}

/*
 * Once for each open_faults(). No libc, and no other call, as the task may be in
 * strict mode. What is left is 0 if it happened; if it was left to happen, it can
 * hit the reading of that.
 */
struct outcome with_fault(int nth, long (*op)(long), long arg)
{
	char text[16] = "", left[16] = "";
	struct outcome o;

	if (!nth)
		return (struct outcome){ op(arg), false };
	snprintf(text, sizeof(text), "%d", nth);
	raw(SYS_write, fail_nth, text, strlen(text));
	o.result = op(arg);
	o.happened = raw(SYS_read, fail_nth, left, sizeof(left) - 1) > 0 &&
		     left[0] == '0';
	raw(SYS_write, fail_nth, "0", 1);
	return o;
}

int count_sites(long (*op)(long), long arg)
{
	char text[16] = "", left[16] = "";

	open_faults();
	snprintf(text, sizeof(text), "%d", FAULTS_NONE);
	raw(SYS_write, fail_nth, text, strlen(text));
	op(arg);
	NEED(raw(SYS_read, fail_nth, left, sizeof(left) - 1) > 0);
	raw(SYS_write, fail_nth, "0", 1);
	return FAULTS_NONE - atoi(left);
}

void note(struct table *t, long result)
{
	t->sites++;
	if (result >= 0)
		t->succeeded++;
	else if (result == -ENOMEM)
		t->no_memory++;
	else if (result == -EFAULT)
		t->bad_address++;
	else if (result == -EINTR)
		t->interrupted++;
	else if (result == -t->also)
		t->other++;
	else
		CHECK_EQ(result, -ENOMEM);
}

static bool tried_before;

void before_try(void)
{
	if (tried_before)
		pause_ms(1200);
	tried_before = true;
}

static void print_row(const struct table *t)
{
	diag("faults: %-34s %5d %7d %7d %6d %6d %9d", t->name, t->sites,
	     t->no_memory, t->bad_address, t->interrupted, t->other,
	     t->succeeded);
}

void module_is_unused(void)
{
	struct answer a;
	struct genl g;

	CHECK_EQ(module_refs_fall_to(0), 0);
	NEED(genl_open(&g));
	CHECK_EQ(ask_status(&g, &a), 0);
	CHECK_EQ(a.message[0].num[ATTR(FILTERS)], 0);
	CHECK_EQ(a.message[0].num[ATTR(PINS)], 0);
	CHECK_EQ(a.message[0].num[ATTR(SUBSCRIBERS)], 0);
	genl_close(&g);
}

static bool try_nth(struct table *t, bool (*one)(struct table *t, int nth),
		    int nth)
{
	NEED(nth < FAULTS_MAX);
	open_faults();
	if (t->fresh)
		t->fresh();
	tried_before = false;
	return one(t, nth);
}

/* A load and an unload for each take long: not all, but at the full scale. */
static int step_of(const struct table *t)
{
	return t->fresh && scaled(10) < 10 ? 3 : 1;
}

void try_sites(struct table *t, bool (*one)(struct table *t, int nth))
{
	int nth = t->first ?: 1;

	while (try_nth(t, one, nth))
		nth += step_of(t);
	print_row(t);
	CONTROL(t->sites);
	CONTROL(t->no_memory + t->bad_address);
}

/* What is in a directory of /proc: how many, and the sum of what they say. */
static long over_entries(pid_t pid, const char *name, long (*each)(pid_t))
{
	struct dirent *entry;
	long sum = 0;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	dir = opendir(path);
	NEED(dir);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			sum += each ? each(atoi(entry->d_name)) : 1;
	closedir(dir);
	return sum;
}

static long mode_of(pid_t tid)
{
	return proc_status(tid, "Seccomp");
}

static long filters_of(pid_t tid)
{
	return proc_status(tid, "Seccomp_filters");
}

void state_of(pid_t pid, struct state *s)
{
	s->tasks = over_entries(pid, "task", NULL);
	s->mode = over_entries(pid, "task", mode_of);
	s->filters = over_entries(pid, "task", filters_of);
	s->fds = over_entries(pid, "fd", NULL);
}

void same_state(const struct state *is, const struct state *was)
{
	CHECK_EQ(is->tasks, was->tasks);
	CHECK_EQ(is->mode, was->mode);
	CHECK_EQ(is->filters, was->filters);
	CHECK_EQ(is->fds, was->fds);
}

/* The task: it waits for the other side to look at it. */

struct attempt {
	const struct subject *subject;
	int nth;
};

static void wait_until_seen(struct kid *k)
{
	long word;

	hear(k, &word);
}

static void attempt(struct kid *k)
{
	const struct attempt *a = k->arg;
	struct outcome o;

	no_new_privs();
	open_faults();
	if (a->subject->before)
		a->subject->before();
	say(k, raw(TOUCHED_NR));
	wait_until_seen(k);
	o = with_fault(a->nth, a->subject->op, a->subject->arg);
	say(k, o.result);
	say(k, o.happened);
	if (o.result < 0) {
		say(k, raw(TOUCHED_NR));
		wait_until_seen(k);
		say(k, a->subject->op(a->subject->arg));
	}
	wait_until_seen(k);
}

/* The other side. */

static void check_success(const struct subject *subject, struct kid *k,
			  const struct state *was)
{
	struct state want = *was, is;

	want.filters += subject->filters;
	want.fds += subject->fds;
	state_of(k->pid, &is);
	CHECK_EQ(is.filters, want.filters);
	CHECK_EQ(is.fds, want.fds);
}

/* It was told the errno of the fault, and is as before. */
static void check_failure(struct kid *k, const struct state *was, long touched)
{
	struct state is;

	CHECK_EQ(heard(k), touched);
	state_of(k->pid, &is);
	same_state(&is, was);
	say(k, 0);
}

static bool is_as_ever(const struct subject *subject, long result)
{
	return subject->refused ? result == -subject->refused : result >= 0;
}

static void check_attempt(const struct subject *subject, struct kid *k,
			  struct table *t, bool *happened)
{
	struct state was;
	long touched, result;

	touched = heard(k);
	state_of(k->pid, &was);
	say(k, 0);
	result = heard(k);
	*happened = heard(k);
	if (*happened)
		note(t, is_as_ever(subject, result) ? 0 : result);
	else
		CHECK(is_as_ever(subject, result));
	if (result < 0) {
		check_failure(k, &was, touched);
		CHECK(is_as_ever(subject, heard(k)));
	}
	check_success(subject, k, &was);
}

static const struct subject *tried;

static bool try_one(struct table *t, int nth)
{
	struct attempt a = { tried, nth };
	bool happened;
	struct kid k;

	kid_start(&k, attempt, &a);
	check_attempt(tried, &k, t, &happened);
	kid_kill(&k);
	close(k.in);
	close(k.out);
	close(k.pidfd);
	return happened;
}

void try_subject(const struct subject *subject)
{
	struct table t = { .name = subject->name, .fresh = subject->fresh,
			   .also = subject->also };

	tried = subject;
	try_sites(&t, try_one);
}

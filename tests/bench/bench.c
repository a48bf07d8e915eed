// SPDX-License-Identifier: GPL-2.0-only
/*
 * overlay-seccomp-test --bench: runs the cases, each in a process of its own,
 * in one state of the machine after another, and prints a line for each.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cases.h"
#include "crowd.h"
#include "kit.h"
#include "nest.h"

/*
 * What else is there on the machine: nothing that we know of, one task under an
 * overlay chain, or a crowd of them.
 */
enum state { FOUND, ARMED, CROWDED };

static const char *const states[] = {
	[FOUND] = "found", [ARMED] = "armed",
	[CROWDED] = "crowd",
};

static struct kid company;

bool bench_state_known(const char *state)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(states); i++)
		if (!strcmp(state, states[i]))
			return true;
	return false;
}

/* In the crowd, each of the first thousand has a listener. */
#define CROWD 10000
#define LISTENERS 1000

static void join_crowd(void *unused)
{
	static atomic_uint joined;
	bool listens = atomic_fetch_add(&joined, 1) < LISTENERS;

	(void)unused;
	MUST(filter(listens ? NESTABLE : SEQUENTIAL, SYS_getpgrp,
		    listens ? SECCOMP_RET_USER_NOTIF : DENY));
}

static void company_start(enum state state)
{
	if (state == FOUND)
		return;
	crowd_start(&company, state == CROWDED ? CROWD : 1, join_crowd, NULL);
}

static void company_end(void)
{
	if (company.pid)
		kid_kill(&company);
	company.pid = 0;
}

/* False: what went wrong stands in the harness's reason. */
static bool run_one(const struct bench_case *c, struct figure *result)
{
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		c->run(c, result);
		_exit(0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && !status;
}

static void print_figure(const struct bench_case *c, const char *state,
			 const struct figure *f)
{
	const char *unit = c->unit;

	if (!unit)
		unit = count_instructions ? "instructions" : "ns";
	printf("%-22s %-7s %10.1f %10.1f %10.1f %4u %s\n", c->name, state,
	       f->median, f->low, f->high, f->n, unit);
	fflush(stdout);
}

static bool run_state(enum state state, bool loaded, struct figure *f,
		      bool (*selected)(const char *name))
{
	const char *label = states[state];
	const struct bench_case *c;
	bool good = true;

	if (state == FOUND)
		label = loaded ? "idle" : "absent";
	company_start(state);
	for (c = bench_cases; c < bench_cases + bench_case_count; c++) {
		if (!selected(c->name))
			continue;
		/* With its own chain it would be armed. */
		if ((c->overlay && state == FOUND) ||
		    (c->alone && state == CROWDED))
			continue;
		memset(f, 0, sizeof(*f));
		harness_forget();
		if (run_one(c, f)) {
			print_figure(c, label, f);
			continue;
		}
		printf("# %s %s %s: %s\n", c->name, label,
		       harness_skipped() ? "skipped" : "failed",
		       harness_reason());
		good &= harness_skipped();
	}
	company_end();
	harness_forget();
	return good;
}

unsigned int bench_list(bool (*selected)(const char *name), bool print)
{
	const struct bench_case *c;
	unsigned int n = 0;

	for (c = bench_cases; c < bench_cases + bench_case_count; c++) {
		if (!selected(c->name))
			continue;
		if (print)
			printf("%s\t%s\n", c->name, c->text);
		n++;
	}
	return n;
}

/* In a process of its own, since what cannot be set up ends the process. */
static bool try_state(enum state state, bool loaded, struct figure *f,
		      bool (*selected)(const char *name))
{
	int status = -1;
	pid_t pid;

	harness_forget();
	fflush(NULL);
	pid = fork();
	if (!pid)
		_exit(!run_state(state, loaded, f, selected));
	if (pid > 0)
		waitpid(pid, &status, 0);
	if (status && harness_reason()[0])
		printf("# %s failed: %s\n", states[state], harness_reason());
	return !status;
}

int bench_main(const char *only, bool loaded,
	       bool (*selected)(const char *name))
{
	struct figure *f = mmap(NULL, sizeof(*f), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	bool good = true;
	unsigned int i;

	if (f == MAP_FAILED)
		return 1;
	printf("# %-20s %-7s %10s %10s %10s %4s\n", "case", "state", "median",
	       "10%", "90%", "n");
	for (i = 0; i < ARRAY_SIZE(states); i++) {
		if (only ? strcmp(only, states[i]) : i == CROWDED)
			continue;
		if (i != FOUND && !loaded)
			continue;
		good &= try_state(i, loaded, f, selected);
	}
	return good ? 0 : 1;
}

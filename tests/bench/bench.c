// SPDX-License-Identifier: GPL-2.0-only
/*
 * overlay-seccomp-test --bench: runs the cases, each in a process of its own,
 * in one state of the machine after another, and prints a line for each.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cases.h"
#include "kit.h"
#include "nest.h"

static const char *const states[] = {
	[BENCH_FOUND] = "found", [BENCH_ARMED] = "armed",
	[BENCH_CROWD] = "crowd",
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

static void one_chain(struct kid *k)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	no_new_privs();
	say(k, filter(SEQUENTIAL, SYS_getpgrp, DENY));
	for (;;)
		pause();
}

void bench_company_start(enum bench_state state)
{
	if (state == BENCH_FOUND)
		return;
	kid_start(&company, one_chain, NULL);
	MUST(heard(&company));
}

void bench_company_end(void)
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

static bool run_state(enum bench_state state, bool loaded, struct figure *f,
		      bool (*selected)(const char *name))
{
	const char *label = states[state];
	const struct bench_case *c;
	bool good = true;

	if (state == BENCH_FOUND)
		label = loaded ? "idle" : "absent";
	bench_company_start(state);
	for (c = bench_cases; c < bench_cases + bench_case_count; c++) {
		if (!selected(c->name))
			continue;
		/* With its own chain it would be armed. */
		if (c->overlay && state == BENCH_FOUND)
			continue;
		memset(f, 0, sizeof(*f));
		harness_forget();
		if (run_one(c, f)) {
			print_figure(c, label, f);
			continue;
		}
		printf("# %s %s failed: %s\n", c->name, label,
		       harness_reason());
		good = false;
	}
	bench_company_end();
	return good;
}

int bench_main(const char *only, bool loaded,
	       bool (*selected)(const char *name))
{
	struct figure *f = mmap(NULL, sizeof(*f), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	bool good = true;
	unsigned int i;

	NEED(f != MAP_FAILED);
	printf("# %-20s %-7s %10s %10s %10s %4s\n", "case", "state", "median",
	       "10%", "90%", "n");
	for (i = 0; i < ARRAY_SIZE(states); i++) {
		if (only ? strcmp(only, states[i]) : i == BENCH_CROWD)
			continue;
		if (i != BENCH_FOUND && !loaded)
			continue;
		good &= run_state(i, loaded, f, selected);
	}
	return good ? 0 : 1;
}

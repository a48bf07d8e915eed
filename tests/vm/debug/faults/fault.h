/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults on request: each allocation, and each copy from or to user space, that
 * an operation of the module makes fails once, by /proc/thread-self/fail-nth.
 * Then the operation must fail with an errno that says so and leave everything
 * as it was, or not need what failed; and done once more without a fault, it
 * must succeed. The cases are run by the harness of tests/features.
 */
#ifndef OVERLAY_FAULTS_FAULT_H
#define OVERLAY_FAULTS_FAULT_H

#include "kit.h"
#include "nest.h"

/* Which filters of operations deny, or ask about: nobody else makes it. */
#define TOUCHED_NR SYS_getpgrp

/* What came of an operation whose NTH fault happened, or would have. */
struct outcome {
	long result;
	bool happened;
};

/* For the next with_fault() in this thread, before anything forbids it. */
void open_faults(void);
/* 0: no fault. */
struct outcome with_fault(int nth, long (*op)(long), long arg);

/* How many allocations and copies OP makes that could fail. */
int count_sites(long (*op)(long), long arg);

/*
 * The faults of one operation, and what came of them. FIRST: one that is not of
 * the kernel's own, 0 for 1; FRESH: a load before each, so that only every third
 * is tried; ALSO: one more errno by which it may say so; SITES: how many of its
 * allocations and copies have failed.
 */
struct table {
	const char *name;
	int first;
	void (*fresh)(void);
	long also;
	int sites;
	int no_memory;
	int bad_address;
	int interrupted;
	int other;
	int succeeded;
};

void note(struct table *t, long result);

/*
 * ONE tries the NTH fault, and is false when there are fewer. Prints the row.
 */
void try_sites(struct table *t, bool (*one)(struct table *t, int nth));

/* What a task has, which an operation that fails must not change. */
struct state {
	long tasks;
	long mode;		/* all of these summed over its threads */
	long filters;
	long fds;
};

void state_of(pid_t pid, struct state *s);
void same_state(const struct state *is, const struct state *was);

/*
 * An operation of a task of its own, which BEFORE prepares. It gives -REFUSED,
 * if that is not 0, and else 0 or more; then its threads together have FILTERS
 * more, and it has FDS more.
 */
struct subject {
	const char *name;
	void (*before)(void);	/* in the task */
	long (*op)(long arg);
	long arg;
	long refused;
	long filters;
	long fds;
	void (*fresh)(void);	/* before there is the task */
	long also;
};

void try_subject(const struct subject *subject);

/*
 * What could not be armed is not tried again for a second: in an operation that
 * arms, before each try but the first of a process.
 */
void before_try(void);

/* For what needs a module that has not been used: open it, then load it anew. */
void open_module(void);
void reload(void);

/* At the end of a case: the module has no user left, and counts none. */
void module_is_unused(void);

#endif

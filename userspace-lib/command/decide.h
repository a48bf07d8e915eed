/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a chain makes of a call, step by step, as module/evaluate.c does it.
 */
#ifndef OVERLAY_SECCOMP_DECIDE_H
#define OVERLAY_SECCOMP_DECIDE_H

#include <stddef.h>
#include <stdint.h>

#include "netlink.h"

enum step_kind {
	STEP_CACHED,	/* always allowed: no filter is run */
	STEP_LOG,	/* logged, and goes on */
	STEP_ERRNO,	/* ends: answered */
	STEP_TRAP,	/* ends: SIGSYS */
	STEP_KILL,	/* ends: thread or process */
	STEP_TRACE,	/* the tracer is asked; if it lets pass, goes on below */
	STEP_ASK,	/* the supervisor is asked; on CONTINUE, goes on below */
	STEP_NOBODY,	/* ends: nobody to ask, ENOSYS */
	STEP_RUNS,	/* ends: the call runs */
	STEP_STRICT,	/* after all: not on strict mode's list, SIGKILL */
};

struct step {
	enum step_kind	kind;
	size_t		filter;		/* which one; of RUNS and CACHED none */
	uint32_t	ret;		/* what it said */
};

/* A filter can log, trace and ask, and all of that twice. */
#define STEPS_MAX(filters) (4 * (filters) + 4)

/*
 * FILTERS, innermost first, with verdicts. Every supervisor is taken to answer
 * CONTINUE, and every tracer to let pass. Returns how many steps there are.
 */
size_t decide(const struct filter *filters, size_t count, struct step *steps);

/* What a new listener of a task with this chain would be. */
enum nesting {
	NESTING_FIRST,	/* none is open */
	NESTING_NESTED,	/* all that are open allow it */
	NESTING_BUSY,	/* *BY does not */
	NESTING_STRICT,	/* no filter can be added */
};
enum nesting new_listener(const struct filter *filters, size_t count,
			  int implicit, size_t *by);

/* What would come of asking for strict mode. */
enum strictness {
	STRICTNESS_PROPER,	/* the kernel's own: there are no filters */
	STRICTNESS_AFTER,	/* after filters */
	STRICTNESS_ALREADY,	/* it is in it */
	STRICTNESS_MISSING,	/* the feature is not there */
};
enum strictness strict_mode(const struct task *task, uint64_t features);

/* Who can take the task's filters. */
enum cloning {
	CLONING_TRACER,		/* who may trace it */
	CLONING_NEIGHBOUR,	/* who may attach to it, and lives where it does */
	CLONING_NOTHING,	/* there are none */
	CLONING_MISSING,	/* nobody: the feature is not there */
};
enum cloning cloning(const struct task *task, uint64_t features);

#endif

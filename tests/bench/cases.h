/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * overlay-seccomp-test --bench: what calls cost. The cases are the same where
 * tests/bench/bench counts instructions and on a user's machine.
 */
#ifndef OVERLAY_BENCH_CASES_H
#define OVERLAY_BENCH_CASES_H

#include <stdbool.h>

#include "measure.h"

struct bench_case {
	const char *name;
	const char *text;
	void (*run)(const struct bench_case *c, struct figure *result);
	bool overlay;			/* needs the module */
	bool alone;			/* brings a crowd of its own */
	const char *unit;		/* NULL: of time, or instructions */
	/* As RUN takes them. */
	long nr;
	long arg;			/* its first */
	int depth;			/* filters of the chain */
	unsigned long flags;		/* of the outermost */
	unsigned long inner;		/* and of those inside it */
	bool by_argument;		/* they look at arguments */
	int answer;
	int size;
};

extern const struct bench_case bench_cases[];
extern const unsigned int bench_case_count;

/* STATE: NULL for all that make sense here. SELECTED: by its name. */
int bench_main(const char *state, bool loaded,
	       bool (*selected)(const char *name));
/* How many are selected. */
unsigned int bench_list(bool (*selected)(const char *name), bool print);
bool bench_state_known(const char *state);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who decides about a call: a model of what the stock kernel does with a chain
 * of filters, and one of what is allowed to overlay chains. Both are made of
 * what is documented, and of nothing that the module does.
 */
#ifndef OVERLAY_TEST_WEAKER_MODEL_H
#define OVERLAY_TEST_WEAKER_MODEL_H

#include "nest.h"

#define WEAK_FILTERS 6
#define WEAK_INSNS 96
/* Before and after a tracer; a wrong model asks twice as many. */
#define WEAK_ASKS (4 * WEAK_FILTERS)

/* Actions that no kernel knows. */
#define WEAK_UNKNOWN_LOW 0x00010000U
#define WEAK_UNKNOWN_HIGH 0x7ff80000U

struct weak_filter {
	unsigned long flags;		/* as for seccomp(2) */
	bool implicit;			/* installed while that was on */
	unsigned short len;
	struct sock_filter insn[WEAK_INSNS];
};

struct weak_chain {
	int n;
	bool traced;
	bool strict;
	int mortal;			/* whose supervisor may die, or -1 */
	struct weak_filter f[WEAK_FILTERS];	/* outermost first */
};

enum weak_mode { WEAK_NATIVE, WEAK_IA32, WEAK_X32, WEAK_MODES };

struct weak_call {
	uint64_t seed;			/* of supervisors and tracer */
	enum weak_mode mode;
	struct seccomp_data d;
};

/* Why something does not run that the stock kernel would have run. */
enum weak_rule { RULE_NONE, RULE_OUTER, RULE_NOBODY, RULE_SEQUENTIAL,
		 RULE_REDIRECTED, RULE_STRICT, WEAK_RULES };
const char *weak_rule_name(enum weak_rule rule);

enum weak_how { WEAK_RAN, WEAK_VALUE, WEAK_TRAP, WEAK_THREAD_DIES,
		WEAK_PROCESS_DIES, WEAK_SOMEBODY_DIES, WEAK_STRICT_DIES };

struct weak_end {
	enum weak_how how;
	long value;			/* of WEAK_VALUE, or the trap's data */
	struct seccomp_data d;		/* what ran, or would have */
	enum weak_rule rule;
	int redirected;			/* how often */
	int redirecter;			/* the last */
	int asks;
	struct {
		int filter;
		struct seccomp_data d;
	} ask[WEAK_ASKS];
	int stops;
	uint32_t stop_data;
};

static inline bool weak_dies(const struct weak_end *e)
{
	return e->how >= WEAK_THREAD_DIES;
}

/*
 * Models that are wrong, to show that this would be noticed: each lets run what
 * must not, or refuses what must.
 */
enum weak_mutant {
	MUTANT_NONE,
	MUTANT_OUTER_ERRNO,		/* passes */
	MUTANT_TRAP,
	MUTANT_UNKNOWN,
	MUTANT_LOG,			/* refuses */
	MUTANT_TRACE_NOBODY,
	MUTANT_TRACER_LAST,		/* nobody judges after the tracer */
	MUTANT_CLOSED,			/* counts as CONTINUE */
	MUTANT_CONTINUE_ENDS,
	MUTANT_SEQUENTIAL_ALL,		/* all agreed */
	MUTANT_REDIRECT_UNSEEN,		/* by the filters further out */
	MUTANT_REDIRECT_ALL,		/* all judge again */
	MUTANT_STRICT,
	/* Seldom matters. */
	MUTANT_REDIRECT_TRACE,		/* the tracer has passed that too */
	WEAK_MUTANTS,
};
const char *weak_mutant_name(enum weak_mutant m);

/* What a filter says. */
uint32_t weak_verdict(const struct weak_filter *f,
		      const struct seccomp_data *d);
/*
 * What comes of the call. Bit I of *OPEN: filter I has an open listener; some
 * may be closed on the way.
 */
void weak_stock(const struct weak_chain *c, unsigned int *open,
		const struct weak_call *call, enum weak_mutant m,
		struct weak_end *e);
void weak_overlay(const struct weak_chain *c, unsigned int *open,
		  const struct weak_call *call, enum weak_mutant m,
		  struct weak_end *e);
/* Nothing runs that a filter refuses which has to be asked in any order. */
bool weak_vetoed(const struct weak_chain *c, const struct weak_end *e);
/* Is there an overlay listener, or was there? */
bool weak_nests(const struct weak_chain *c);
bool weak_sequential(const struct weak_chain *c);
/* What installing F there gives: 0 or -errno. */
long weak_install(const struct weak_chain *c, unsigned int open,
		  const struct weak_filter *f);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The dice of the weaker cases: chains, calls, what supervisors answer and what
 * a tracer does. All of it follows from a seed, so that the model, the
 * supervisors and the tracer throw the same.
 */
#ifndef OVERLAY_TEST_WEAKER_RANDOM_H
#define OVERLAY_TEST_WEAKER_RANDOM_H

#include "generate.h"
#include "weaker_model.h"

#define WEAK_BATCH 16

/*
 * Memory of the callers, within the reach of 32-bit calls, and where nobody maps
 * anything by himself: above the heap, which can be anywhere in the first GiB.
 */
#define WEAK_PLACE 0x60000000L
/* The words of a call, by their number: a pair is 8 bytes. */
enum { WORD_ID, WORD_ID_TOO, WORD_READ, WORD_READ_TOO, WORD_IDS, WORDS = 8 };
#define WEAK_WORD(slot, word) (WEAK_PLACE + 4 * (WORDS * (slot) + (word)))
#define OTHER_WORD 4

/* Files that the callers have from the start. */
enum {
	OUT_FD = 200, OUT_TOO_FD, IN_FD, YARD_FD, COMMAND_FD, DONE_FD, SLOT_FD,
};

/*
 * What a call does is seen from outside: each writes, reads, moves or cuts
 * something of its own. Filters judge only these.
 */
enum weak_deed { DEED_GETPPID, DEED_READ, DEED_WRITE, DEED_SEEK, DEED_TRUNCATE,
		 DEED_GETRESUID, DEEDS };
/* DEEDS: none of them. */
enum weak_deed weak_deed(const struct seccomp_data *d);

struct weak_plan {
	struct weak_chain chain;	/* all that will ever be installed */
	int held;		/* filters that the callers start with */
	bool cloned;		/* they take them by SECCOMP_CLONE_FILTER */
	int stem;		/* and have that many before */
	bool executes;
	bool threaded;
	bool synced;		/* gets the other filters by TSYNC */
	int add_at[WEAK_FILTERS];	/* the number of a batch */
	int strict_at;
};

/* FEATURES: SECCOMP_OVERLAY_ bits that may be used, and this one. */
#define WEAK_KILLABLE (1ULL << 63)
void weak_plan(struct weak_plan *p, struct rng *r, uint64_t features);
/* The same plan without all that stock kernels do not have. */
void weak_plan_stock(struct weak_plan *p, struct rng *r);

struct weak_modes {
	bool ia32;
	bool x32;
};

void weak_call(struct weak_call *call, int slot, const struct weak_chain *c,
	       struct rng *r, const struct weak_modes *modes);

enum weak_reply { REPLY_CONTINUE, REPLY_VALUE, REPLY_ERROR, REPLY_REDIRECT,
		  REPLY_CLOSE, REPLY_CLOSE_OTHER };

struct weak_answer {
	enum weak_reply reply;
	long value;
	int other;			/* the filter whose listener closes */
	uint32_t mask;
	uint64_t arg[6];
};

/* What the supervisor of FILTER answers; ORDINAL: it is the nth that is asked. */
void weak_answer(const struct weak_call *call, const struct seccomp_data *d,
		 const struct weak_chain *c, int filter, int ordinal,
		 struct weak_answer *a);

enum weak_edit_kind { EDIT_NOTHING, EDIT_ARG, EDIT_NR, EDIT_SKIP };

struct weak_edit {
	enum weak_edit_kind kind;
	long value;			/* of argument 3, nr, or the result */
};

void weak_edit(const struct weak_call *call, const struct weak_chain *c,
	       struct weak_edit *e);

#endif

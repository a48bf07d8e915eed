/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Storms: sides that act at one moment, many times over, and what is to be seen
 * of it from outside when they are done.
 */
#ifndef OVERLAY_TEST_STORMKIT_H
#define OVERLAY_TEST_STORMKIT_H

#include "genl.h"

#define SIDES 4
#define OUTCOMES 8

/*
 * What a side did in this round, and when: in a count that all sides share, for
 * a task in strict mode may not read the time.
 */
struct deed {
	unsigned int begin;
	unsigned int end;
	long result;
	long filters;		/* of the task, afterwards */
	uint32_t denied;	/* marks, one bit each */
};

/* In memory that the case, its processes and their threads share. */
struct meeting {
	atomic_uint come;
	atomic_uint now;
	atomic_bool off;
	struct deed deed[SIDES];
};

struct meeting *meeting_new(void);
/* For the next round, when nobody is there any more. */
void meeting_clear(struct meeting *m);
/*
 * Wait until that many sides are here, and a moment that is never the same.
 * False once the meeting is off.
 */
bool meet(struct meeting *m, unsigned int sides);

#define DEED(m, side, call)						\
	do {								\
		struct deed *deed_ = &(m)->deed[side];			\
									\
		deed_->begin = atomic_fetch_add(&(m)->now, 1) + 1;	\
		deed_->result = (call);					\
		deed_->end = atomic_fetch_add(&(m)->now, 1) + 1;	\
	} while (0)
/* Were both under way at once? One that has no end ended its task. */
bool together(const struct meeting *m, int a, int b);

unsigned int any_number(unsigned int below);
/* OVERLAY_SECCOMP_HOOK_* */
uint64_t hooks_now(void);

/*
 * A filter that denies a call of its own, which else does nothing; and which of
 * the first calls of that kind are denied.
 */
long deny_mark(unsigned long flags, unsigned int mark);
uint32_t denied_marks(unsigned int count);
#define MARK(n) (1U << (n))
/* Of the caller, who is still where it acted. */
void deed_seen(struct deed *d, unsigned int marks);

struct storm {
	/* One round, by number: its outcome. */
	unsigned int (*round)(struct storm *s, unsigned int i);
	struct meeting *m;
	const char *outcome[OUTCOMES];
	uint32_t must;			/* outcomes without which it is none */
	bool apart;			/* its sides need not be seen together */
	unsigned int count[OUTCOMES];
	unsigned int together;
};

/*
 * N rounds, and more until all that must be seen was seen. Then the module's
 * references, the filters that it counts, and the BPF programs of the machine
 * must be as many as before, and the hooks where they belong.
 */
void storm(struct storm *s, unsigned int n);

#endif

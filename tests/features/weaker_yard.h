/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tasks whose calls are decided about. A holder installs filters and stays;
 * callers are made of it, or take its filters, one after the other as they die.
 * What they are to do, and what they saw, is in memory that all share; what
 * their calls did is in files that all have.
 */
#ifndef OVERLAY_TEST_WEAKER_YARD_H
#define OVERLAY_TEST_WEAKER_YARD_H

#include "redirkit.h"
#include "weaker_random.h"

/* What was seen of a call by its caller, its supervisors and its tracer. */
struct weak_seen {
	bool done;			/* it came back */
	struct regs after;
	int signals;
	int signo;
	int err;
	int nr;
	uint64_t frame[6];		/* of the signal */
	int asks;
	struct {
		int filter;
		struct seccomp_data d;
	} ask[WEAK_ASKS];
	int stops;
	uint32_t stop_data;
	int trouble;			/* an answer was not taken */
};

struct weak_slot {
	struct weak_call call;
	uint32_t id;
	struct regs before;
	struct weak_seen seen;
};

struct weak_yard {
	uint32_t word[WEAK_BATCH][WORDS];
	struct weak_slot slot[WEAK_BATCH];
	struct weak_chain chain;	/* as it is */
	struct weak_filter add;
	int at;				/* the call that is made */
	int n;
};

extern struct weak_yard *const weak_yard;

/* Once in a case. */
void weak_yard_make(void);
/* The owner's ends of the pipes to the caller. */
extern int weak_command_fd, weak_done_fd;

/*
 * Words for holders and callers, with an argument: what came of them is the
 * answer. The caller that goes on after fork, exec or in a thread answers too.
 */
enum {
	DO_FORK, DO_CLONE, DO_EXEC, DO_THREAD, DO_ADD, DO_ADD_TSYNC, DO_CLOSE,
	DO_STRICT, DO_RUN,
};
#define DO_BITS 8

/* For kid_start(). */
void weak_holder(struct kid *k);

/* Nothing has been done by the first N calls. */
void weak_prepare(int n);

/* What a call did. */
struct weak_effect {
	int times;
	uint64_t value;
};

void weak_effect(int slot, enum weak_deed deed, struct weak_effect *e);
/* How many reads there were of all calls. */
long weak_reads(void);
/* Were they the caller's own registers, after the call and in the frame? */
bool weak_registers_kept(int slot);

#endif

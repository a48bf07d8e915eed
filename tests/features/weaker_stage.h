/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A chain and its callers, as their owner sees them, who is their tracer and
 * their supervisor, but for one supervisor that can die.
 */
#ifndef OVERLAY_TEST_WEAKER_STAGE_H
#define OVERLAY_TEST_WEAKER_STAGE_H

#include "weaker_yard.h"

enum weak_news { NEWS_WORD, NEWS_THREAD_GONE, NEWS_PROCESS_GONE, NEWS_STUCK };

struct weak_counts {
	unsigned int callers;
	unsigned int later;		/* filters that they installed */
	unsigned int strict;
	unsigned int refused;		/* listeners, as it has to be */
	unsigned int closed;
	unsigned int died;		/* supervisors */
};

struct weak_stage {
	struct weak_plan plan;
	struct weak_chain chain;	/* as it is */
	unsigned int open;
	int held;
	int added;			/* of the plan's filters */
	int listener[WEAK_FILTERS];
	struct kid holder;
	struct kid stem;		/* callers that clone are made of it */
	struct kid caller;
	pid_t tid;
	bool up;
	bool thread_gone;
	int status;			/* of what died last */
	pid_t deputy;
	struct weak_counts n;
};

/*
 * The holder, with its filters. MISSING: the outermost filter is not the one of
 * the plan, but one that allows everything. False: an installation did not give
 * what it has to.
 */
bool weak_stage_start(struct weak_stage *s, const struct weak_plan *p,
		      bool missing);
void weak_stage_end(struct weak_stage *s);
/*
 * A caller, if there is none, and what is due before that batch. False as
 * above.
 */
bool weak_caller_ready(struct weak_stage *s, int batch);
void weak_caller_end(struct weak_stage *s);
/* Let N calls be made. PROCESS: the last one is to end the process. */
enum weak_news weak_play(struct weak_stage *s, int n, bool process);

#endif

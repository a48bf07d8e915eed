/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A process under a random chain, with or without overlay state that must not
 * matter, and what comes of a call that it makes. Its owner is its tracer and
 * its supervisor as well.
 */
#ifndef OVERLAY_TEST_TWIN_H
#define OVERLAY_TEST_TWIN_H

#include "generate.h"

#define CALLS_A_CHAIN 24
#define MAX_EVENTS 4

/* Kinds of overlay state. The last one does matter, and has to be noticed. */
enum twin { PLAIN, LISTENER, AGREED, LISTENER_AGREED, CLOSED, TWINS,
	    MUTANT = TWINS };

const char *twin_name(enum twin twin);

/* What the caller itself sees of a call. */
struct report {
	long ret;
	int signals;
	int signo;
	int code;
	int err;
	int nr;
	unsigned int arch;
	unsigned long addr;
	unsigned long rax;
};

struct event {
	int nr;
	unsigned int arch;
	unsigned long ip;
	unsigned long data;
};

struct outcome {
	struct report report;
	bool died;
	int status;		/* of the process */
	int thread_status;	/* of its traced thread */
	int traces;
	struct event trace[MAX_EVENTS];
	int notices;
	struct event notice[MAX_EVENTS];
};

struct twin_plan {
	const struct gen_chain *chain;
	enum twin twin;
	const char *dir;	/* for cores, or NULL */
};

struct side {
	struct kid k;
	struct twin_plan plan;
	pid_t tid;
	bool up;
	bool thread_gone;
	/* Every process that there was. */
	pid_t pid[CALLS_A_CHAIN + 1];
	int pids;
};

/*
 * Start it, or a new one after a death, and let it make the call. The owner has
 * called await_children() once.
 */
void side_call(struct side *s, const struct gen_call *c, struct outcome *o);
void side_stop(struct side *s);

#endif

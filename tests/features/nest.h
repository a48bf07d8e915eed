/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Chains whose verdicts the caller chooses: a target process installs layers,
 * each of which answers the probe call with the word of the call's arguments
 * that has its number. So one chain serves any combination of verdicts.
 */
#ifndef OVERLAY_TEST_NEST_H
#define OVERLAY_TEST_NEST_H

#include "kit.h"

#define PROBE_NR SYS_getppid
#define IA32_PROBE_NR IA32_getppid

#define NEW_LISTENER SECCOMP_FILTER_FLAG_NEW_LISTENER
#define NESTABLE (NEW_LISTENER | SECCOMP_FILTER_FLAG_ALLOW_NESTED_LISTENERS)
#define SEQUENTIAL SECCOMP_FILTER_FLAG_SEQUENTIAL
#define TSYNC SECCOMP_FILTER_FLAG_TSYNC
#define TSYNC_ESRCH SECCOMP_FILTER_FLAG_TSYNC_ESRCH
#define KILLABLE SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV

/* Verdicts. */
#define PASS SECCOMP_RET_ALLOW
#define ASK SECCOMP_RET_USER_NOTIF
#define TRAP SECCOMP_RET_TRAP
#define TRACE SECCOMP_RET_TRACE
#define KILL_PROCESS SECCOMP_RET_KILL_PROCESS
#define KILL_THREAD SECCOMP_RET_KILL_THREAD
#define REFUSE(err) (SECCOMP_RET_ERRNO | (err))

/* A supervisor's answer that no call gives by itself. */
#define FAKED 4711

#define LAYERS 12		/* the words of six arguments */
/* Even words are the low halves of arguments, which 32-bit callers have. */
#define LOW_LAYERS 6

/* The layers of a chain from the outermost inward: its filters' flags. */
long layer_install(int layer, unsigned long flags);
/* The probe, with a verdict for each of the first six layers. */
long probe(const uint32_t *verdict);
long probe_ia32(const uint32_t *verdict);
#define PROBE(...) probe((const uint32_t[LOW_LAYERS]){ __VA_ARGS__ })

struct nest {
	struct kid k;
	int n;
	int listener[LOW_LAYERS];
	long parent;		/* what the probe gives when it runs */
	bool ia32;
};

/* A target under N layers, which waits; the listeners are the caller's. */
void nest_start(struct nest *t, const unsigned long *flags, int n);
#define NEST(t, ...)							\
	nest_start(t, (const unsigned long[]){ __VA_ARGS__ },		\
		   ARRAY_SIZE(((const unsigned long[]){ __VA_ARGS__ })))
/* The same, and FN runs in the target at first. */
void nest_start_with(struct nest *t, const unsigned long *flags, int n,
		     void (*fn)(void));

/* One more layer; the answer is 0 or -errno, the listener the caller's. */
long nest_add(struct nest *t, unsigned long flags);

/* Let it make the probe. */
void nest_call(struct nest *t, const uint32_t *verdict);
#define CALL(t, ...) nest_call(t, (const uint32_t[LOW_LAYERS]){ __VA_ARGS__ })
/* What came of it. */
long nest_result(struct nest *t);
/* Did the call run? */
#define RAN(t) CHECK_EQ(nest_result(t), (t)->parent)
/* It goes on waiting for an answer. */
bool nest_pending(struct nest *t);

/* The listener of LAYER is asked, and no other one is. */
void asked(struct nest *t, int layer, struct notice *n);
void asked_continue(struct nest *t, int layer);
void asked_answer(struct nest *t, int layer, long val, int error);
bool nobody_asked(struct nest *t, int ms);

/* Answer CONTINUE from the innermost listener out to LAYER. */
void asked_from_inside(struct nest *t, int layer);

void nest_close(struct nest *t, int layer);
/* End the target, which lives, and close what is open. */
void nest_end(struct nest *t);

/* The parameter, until the case is over. */
#define IMPLICIT_DIR "/sys/module/overlay_seccomp/parameters"
#define IMPLICIT IMPLICIT_DIR "/implicit"
void implicit(bool on);
void need_nested(void);
void need_sequential(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Strict mode, played twice: once without asking for it (the control) and
 * once with.
 */
#ifndef OVERLAY_TEST_PLAY_H
#define OVERLAY_TEST_PLAY_H

#include "kit.h"

#define PLAY_WORDS 16
#define PLAY_CODE 7		/* of a play that ends by itself */

struct play {
	/* In the player: install filters; the listener, if LISTENS. */
	long (*set)(void);
	bool listens;
	/* In the player: ask for strict mode. */
	long (*ask)(void);
	/* In the player: what is tested; say() what it gave. */
	void (*then)(struct kid *k);
	/* In the parent, both optional: before the ask, and after it. */
	void (*attach)(struct kid *k);
	void (*drive)(struct kid *k, bool strict);
	/* The exit code of the control, if not PLAY_CODE. */
	int code;
};

/* The ways to ask. */
long ask_seccomp(void);
long ask_prctl(void);
long ask_seccomp_ia32(void);
long ask_prctl_ia32(void);

/* Then: a call that is not on the list. */
void then_getpid(struct kid *k);
void then_nothing(struct kid *k);
/* Then: this program, which ends with 2. */
void then_exec(struct kid *k);

/* Without strict the play ends by itself, with it by SIG within then(). */
void play_dies_by(const struct play *p, int sig);
void play_dies(const struct play *p);

/*
 * Both times then() says the N words WANT; and that strict was on shows the
 * next call, which dies.
 */
void play_lives(const struct play *p, int n, const long *want);

#define LIVES(play, ...)						\
	do {								\
		const long want[] = { __VA_ARGS__ };			\
									\
		play_lives(play, ARRAY_SIZE(want), want);	\
	} while (0)

/* An fd for filters to name; nothing is open there unless a case opens it. */
#define MARKED_FD 200

/* A filter that denies nothing that these cases use. */
long set_harmless(void);
/* That, and standard error goes nowhere. */
long set_quiet(void);
long set_nothing(void);

#endif

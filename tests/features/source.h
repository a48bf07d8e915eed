/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Clone: tasks to take filters from, and tasks that take them.
 */
#ifndef OVERLAY_TEST_SOURCE_H
#define OVERLAY_TEST_SOURCE_H

#include "kit.h"

/*
 * What a source does, in this order: prepare, install, prepare further, say
 * that it is ready, and wait.
 */
struct source {
	void (*before)(void);
	long (*install)(void);		/* a listener, if LISTENS */
	void (*after)(void);
	bool listens;
	bool strict;
};

void source_start(struct kid *k, const struct source *s);
/* One that has the marked filter only; the caller is root. */
void plain_start(struct kid *k);
/* On a word from its owner it makes the marked call and says what came. */
long source_marked(struct kid *k);
void source_end(struct kid *k);

/* The call that every source's filters deny: 0 or -DENIED. */
long marked(void);
long install_marked(void);
/* And one that a supervisor answers. */
#define SUPERVISED_NR SYS_getpgrp
long install_supervised(void);
long install_nothing(void);

/* Supervised: with the root directory that in_proc() gives; and with ours. */
extern const struct source below, beside;
void in_proc(void);
/* Of the calling task, by calls that need no libc. */
bool root_is_proc(void);

/* A page that nobody has touched, told of by the userfaultfd. -1: none. */
int watch_page(uint64_t features, void **page);

long clone_filter(int pidfd);

/*
 * A new process prepares itself and clones: the answer. That the marked call
 * was free before, and is denied afterwards exactly if cloning succeeded, is
 * checked on the way.
 */
long try_clone(const struct kid *source, void (*prepare)(void));
long try_clone_fd(int fd, void (*prepare)(void));

/* One that stays, having cloned, until joined_end(). */
void joined_start(struct kid *k, const struct kid *source,
		  void (*prepare)(void));
/* It makes the call and says what came: heard() it. */
void joined_call(struct kid *k, long nr);
int joined_end(struct kid *k);

#endif

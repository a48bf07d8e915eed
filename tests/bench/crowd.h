/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A process of many threads, each of which does one thing and then sleeps.
 */
#ifndef OVERLAY_BENCH_CROWD_H
#define OVERLAY_BENCH_CROWD_H

#include "kit.h"

/* Returns when all have done it. They end by kid_kill(), or with the case. */
void crowd_start(struct kid *k, unsigned int count, void (*join)(void *arg),
		 void *arg);

#endif

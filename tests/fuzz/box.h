/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a program runs: a process namespace of its own, whose first process
 * makes the actors, tells them what to do next, and ends; whatever is left of
 * them then, the kernel kills.
 */
#ifndef OVERLAY_FUZZ_BOX_H
#define OVERLAY_FUZZ_BOX_H

#include "program.h"

enum box_end {
	BOX_ENDED,
	BOX_LATE,			/* it had to be killed */
	BOX_STUCK,			/* and did not die */
	BOX_BAD,			/* it could not be made */
};

/* Once, before any. */
void box_open(void);
/* What an actor goes on as after it has executed this very program. */
_Noreturn void box_resume(char **argv);
enum box_end box_run(const struct program *p);

#endif

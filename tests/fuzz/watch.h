/* SPDX-License-Identifier: GPL-2.0-only */
/* What must hold, seen from outside of any program. */
#ifndef OVERLAY_FUZZ_WATCH_H
#define OVERLAY_FUZZ_WATCH_H

#include <stdbool.h>

/* From here on; what was said before is forgotten. */
void watch_open(void);
/* Has the kernel reported nothing? Otherwise the report is printed. */
bool watch_log(void);
/*
 * Nothing runs: is nothing left of what did? Waits that long for what comes
 * late, and prints what did not come.
 */
bool watch_rest(unsigned int seconds);
/* Where the tasks of ours are in the kernel. */
void watch_print_stacks(void);
/* Have the kernel say something that is a report. */
void watch_control(void);

#endif

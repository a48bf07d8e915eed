/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What of the module has run: places, which kcov tells, and edges between them.
 * Without kcov, what is new is an operation with an errno that it has not had.
 */
#ifndef OVERLAY_FUZZ_COVER_H
#define OVERLAY_FUZZ_COVER_H

#include <stdbool.h>

/* Is there kcov? */
bool cover_open(void);
/* Before and after a program; how many edges were new. */
void cover_begin(void);
unsigned int cover_end(void);
/* Around what the fuzzer itself does: each time that the module is loaded, too. */
void cover_self_begin(void);
void cover_self_end(void);

unsigned int cover_places(void);
unsigned int cover_edges(void);
/* Each place, as "@pc SECTION OFFSET". */
void cover_print(void);

#endif

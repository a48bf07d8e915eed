/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How text is shown: colours, lines, and names that may hold anything.
 */
#ifndef OVERLAY_SECCOMP_TERMINAL_H
#define OVERLAY_SECCOMP_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLAIN	"\033[0m"
#define BOLD	"\033[1m"
#define DIM	"\033[2m"
#define RED	"\033[31m"
#define GREEN	"\033[32m"
#define YELLOW	"\033[33m"

/* WHEN: auto, always or never; false for something else. */
bool terminal_colours(const char *when);
/* What selects a colour, or nothing. */
const char *colour(const char *code);
/* The first half of an id, by which people tell filters apart. */
void print_id(uint64_t id);
void print_bold_id(uint64_t id);
/* C, or ? where that could do something to a terminal. */
char terminal_char(char c);
/* Can lines be drawn with more than ASCII? */
bool terminal_draws(void);

/* On stderr, if that is a terminal and the first call was over a second ago. */
void progress(const char *what, size_t count);
void progress_end(void);

#endif

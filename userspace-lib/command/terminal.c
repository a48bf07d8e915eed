// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "terminal.h"

static bool coloured;

bool terminal_colours(const char *when)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (!strcmp(when, "always"))
		coloured = true;
	else if (!strcmp(when, "never"))
		coloured = false;
	else if (!strcmp(when, "auto"))
		coloured = isatty(STDOUT_FILENO) &&
			   !(no_color && *no_color) &&
			   !(term && !strcmp(term, "dumb"));
	else
		return false;
	return true;
}

const char *colour(const char *code)
{
	return coloured ? code : "";
}

void print_id(uint64_t id)
{
	printf("%08" PRIx64, id >> 32);
}

void print_bold_id(uint64_t id)
{
	fputs(colour(BOLD), stdout);
	print_id(id);
	fputs(colour(PLAIN), stdout);
}

char terminal_char(char c)
{
	return (unsigned char)c < 0x20 || (unsigned char)c >= 0x7f ? '?' : c;
}

bool terminal_draws(void)
{
	static int draws = -1;

	if (draws < 0)
		draws = setlocale(LC_CTYPE, "") &&
			!strcmp(nl_langinfo(CODESET), "UTF-8");
	return draws;
}

static bool shown;

void progress(const char *what, size_t count)
{
	static struct timespec first, last;
	struct timespec now;

	if (!isatty(STDERR_FILENO))
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!first.tv_sec)
		first = now;
	if (now.tv_sec <= first.tv_sec + 1 || now.tv_sec == last.tv_sec)
		return;
	last = now;
	shown = true;
	fprintf(stderr, "\r%s: %zu", what, count);
}

void progress_end(void)
{
	if (shown)
		fputs("\r\033[K", stderr);
	shown = false;
}

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef OVERLAY_SECCOMP_COMMAND_H
#define OVERLAY_SECCOMP_COMMAND_H

#include <stddef.h>
#include <linux/types.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define __printf(fmt, first)						\
	__attribute__((__format__(__printf__, fmt, first)))

enum {
	EXIT_YES	= 0,
	EXIT_NO		= 1,
	EXIT_TROUBLE	= 2,	/* usage, or it could not be found out */
};

/* Of subcommands: what main() returns. */
int cmd_info(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_check(int argc, char **argv);

struct feature {
	const char	*name;
	__u64		bit;
	const char	*what;
};

extern const struct feature features[];
extern const size_t features_count;
const struct feature *feature_find(const char *name);

/* To stderr, with the command's name before it. */
__printf(1, 2) void complain(const char *fmt, ...);

/* A JSON string, quotes included, to stdout. */
void json_string(const char *s);

#endif

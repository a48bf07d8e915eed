/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef OVERLAY_SECCOMP_COMMAND_H
#define OVERLAY_SECCOMP_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/types.h>
#include <sys/types.h>

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
int cmd_status(int argc, char **argv);
int cmd_tree(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_monitor(int argc, char **argv);

struct feature {
	const char	*name;
	__u64		bit;
	const char	*what;
};

extern const struct feature features[];
extern const size_t features_count;
const struct feature *feature_find(const char *name);

/* Options that subcommands have in common. */
struct common {
	bool		json;
	const char	*colour;	/* for terminal_colours(); "auto" at first */
};

#define OPTION_COLOR	{ "color", required_argument, NULL, 'c' }
#define OPTION_JSON	{ "json", no_argument, NULL, 'j' }
#define OPTION_HELP	{ "help", no_argument, NULL, 'h' }

/* One of these, or none; false: the subcommand ends, with *STATUS. */
bool common_option(int opt, const char *help, struct common *common,
		   int *status);

#define NOT_LOADED "the module is not loaded (modprobe overlay_seccomp)"

/* To stderr, with the command's name before it. */
__printf(1, 2) void complain(const char *fmt, ...);

/* A JSON string, quotes included, to stdout; what is not UTF-8 is replaced. */
void json_string(const char *s);
/* The name of an id. */
void json_id(uint64_t id);

/* realloc() for COUNT of SIZE, the last of them zeroed; ends without memory. */
void *grow(void *array, size_t count, size_t size);

/* As in C: decimal, 0x and hexadecimal, 0 and octal. Is it one, up to MAX? */
bool parse_number(const char *text, uint64_t max, uint64_t *number);
/* Decimal, as ps(1) shows it. 0: it is none, which has been said. */
pid_t parse_pid(const char *text);

#endif

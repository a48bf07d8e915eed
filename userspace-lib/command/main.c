// SPDX-License-Identifier: GPL-2.0-only
/*
 * overlay-seccomp: subcommands, each in a file of its own.
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

static const struct {
	const char	*name;
	int		(*run)(int argc, char **argv);
	const char	*what;
} subcommands[] = {
	{ "check", cmd_check, "will the module work with this kernel?" },
	{ "info", cmd_info, "what does the loaded module offer?" },
	{ "status", cmd_status, "what does it do now, and who supervises?" },
	{ "tree", cmd_tree, "which tasks are under which filters?" },
	{ "explain", cmd_explain, "what is a task under, and what may it do?" },
	{ "monitor", cmd_monitor, "events, as they happen" },
	{ "run", cmd_run, "start a program under filters" },
};

void complain(const char *fmt, ...)
{
	va_list args;

	fputs("overlay-seccomp: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}

void *grow(void *array, size_t count, size_t size)
{
	char *grown = reallocarray(array, count, size);

	if (!grown) {
		complain("%s", strerror(ENOMEM));
		exit(EXIT_TROUBLE);
	}
	memset(grown + (count - 1) * size, 0, size);
	return grown;
}

bool parse_number(const char *text, uint64_t max, uint64_t *number)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*number = strtoull(text, &end, 0);
	return !errno && !*end && *number <= max;
}

/* None begins with a 0, and what does so could be meant as octal. */
pid_t parse_pid(const char *text)
{
	uint64_t pid;

	if (*text != '0' && parse_number(text, INT32_MAX, &pid))
		return pid;
	complain("'%s' is no process id", text);
	return 0;
}

bool common_option(int opt, const char *help, struct common *common,
		   int *status)
{
	switch (opt) {
	case 'c':
		common->colour = optarg;
		return true;
	case 'j':
		common->json = true;
		return true;
	case 'h':
		fputs(help, stdout);
		*status = EXIT_YES;
		return false;
	default:
		fputs(help, stderr);
		*status = EXIT_TROUBLE;
		return false;
	}
}

static void usage(FILE *out)
{
	size_t i;

	fputs("Usage: overlay-seccomp [-j] SUBCOMMAND [OPTION]...\n"
	      "       overlay-seccomp --help | --version\n\n", out);
	for (i = 0; i < ARRAY_SIZE(subcommands); i++)
		fprintf(out, "  %-8s %s\n", subcommands[i].name,
			subcommands[i].what);
	fputs("\nEach subcommand has --help. Manual: overlay-seccomp(1)\n",
	      out);
}

/* What was printed must have arrived: "yes" into a full disk is no yes. */
static int finish(int status)
{
	if (fflush(stdout) || ferror(stdout)) {
		complain("cannot write the output");
		return EXIT_TROUBLE;
	}
	return status;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	size_t i;

	if (!strcmp(name, "--help") || !strcmp(name, "-h")) {
		usage(stdout);
		return finish(0);
	}
	if (!strcmp(name, "--version")) {
		puts("overlay-seccomp " VERSION);
		return finish(0);
	}
	/* As with ip(8), the format may be said first. */
	if (argc > 2 && (!strcmp(name, "-j") || !strcmp(name, "--json"))) {
		argv[1] = argv[2];
		argv[2] = (char *)name;
		name = argv[1];
	}
	for (i = 0; i < ARRAY_SIZE(subcommands); i++)
		if (!strcmp(name, subcommands[i].name))
			return finish(subcommands[i].run(argc - 1, argv + 1));

	if (*name)
		complain("no subcommand '%s'", name);
	usage(stderr);
	return EXIT_TROUBLE;
}

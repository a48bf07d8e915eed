// SPDX-License-Identifier: GPL-2.0-only
/*
 * overlay-seccomp check: would the module load on a kernel, and what would it
 * add there? Nothing is loaded.
 */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "command.h"
#include "facts.h"
#include "image.h"
#include "machine.h"
#include "overlay_seccomp.h"
#include "terminal.h"
#include "tested.h"
#include "types.h"

#define RUNNING_BTF "/sys/kernel/btf/vmlinux"

static const char help[] =
"Usage: overlay-seccomp check [-j] [--kernel FILE]\n"
"\n"
"Says for each feature whether it is available through the module, native to\n"
"the kernel, or missing and why. Of the running machine it says too from which\n"
"suite of Debian the kernel is, if it is one that the project is tested on; what\n"
"decides whether the module can be built and loaded; and what to do next. Loads\n"
"nothing and needs no privilege.\n"
"\n"
"  -k, --kernel FILE  of another kernel: its image (/boot/vmlinuz-VERSION), a\n"
"                     vmlinux with BTF, or raw BTF; default: the running one,\n"
"                     of which the symbols are looked at too\n"
"  -j, --json         as JSON\n"
"  -h, --help         this text\n"
"\n"
"Exit status: 0 every feature is there, or would be once the module is loaded,\n"
"1 one is missing, 2 usage or not known.\n";

/* What this version of the module has. */
static const __u64 offered = SECCOMP_OVERLAY_STRICT | SECCOMP_OVERLAY_CLONE |
			     SECCOMP_OVERLAY_NESTED | SECCOMP_OVERLAY_REDIRECT |
			     SECCOMP_OVERLAY_SEQUENTIAL;

static const char *state_of(const struct facts *facts, __u64 bit)
{
	if (facts->native & bit)
		return "native";
	return facts->missing_count ? "missing" : "available";
}

static void print_features(const struct facts *facts)
{
	size_t i;

	for (i = 0; i < features_count; i++)
		if (features[i].bit & offered)
			printf("%-11s %-10s %s\n", features[i].name,
			       state_of(facts, features[i].bit),
			       features[i].what);
}

/* Names in it come from a file that can be anybody's. */
static void print_missing(const char *reason)
{
	fputs("  ", stdout);
	for (; *reason; reason++)
		putchar(terminal_char(*reason));
	putchar('\n');
}

static void print_step(const char *step)
{
	printf("  %s\n", step);
}

/* @machine is NULL for another kernel than the running one. */
static void print_text(const struct facts *facts, const char *kernel,
		       const struct machine *machine, bool kernel_will_do)
{
	size_t i;

	printf("kernel      %s\n", kernel);
	if (machine)
		printf("tested      %s\n", tested_suite(kernel) ?: "no");
	print_features(facts);
	if (machine) {
		putchar('\n');
		machine_print(machine);
	}
	if (facts->missing_count)
		puts("\nThe module refuses to load there:");
	for (i = 0; i < facts->missing_count; i++)
		print_missing(facts->missing[i]);
	if (machine) {
		puts("\nWhat to do next:");
		machine_next(machine, kernel_will_do, print_step);
	}
}

static const char *comma = "";

static void json_step(const char *step)
{
	fputs(comma, stdout);
	json_string(step);
	comma = ", ";
}

static void print_json(const struct facts *facts, const char *kernel,
		       const struct machine *machine, bool kernel_will_do)
{
	size_t i;

	fputs("{\"kernel\": ", stdout);
	json_string(kernel);
	printf(", \"running\": %s, \"tested\": %s, \"features\": {",
	       machine ? "true" : "false",
	       machine && tested_suite(kernel) ? "true" : "false");
	comma = "";
	for (i = 0; i < features_count; i++) {
		if (!(features[i].bit & offered))
			continue;
		printf("%s\"%s\": \"%s\"", comma, features[i].name,
		       state_of(facts, features[i].bit));
		comma = ", ";
	}
	fputs("}, \"missing\": [", stdout);
	comma = "";
	for (i = 0; i < facts->missing_count; i++)
		json_step(facts->missing[i]);
	fputs("], \"machine\": ", stdout);
	if (machine)
		machine_json(machine);
	else
		fputs("null", stdout);
	fputs(", \"next\": [", stdout);
	comma = "";
	if (machine)
		machine_next(machine, kernel_will_do, json_step);
	puts("]}");
}

/* libbpf's own messages say no more than ours. */
static int no_print(enum libbpf_print_level level, const char *fmt,
		    va_list args)
{
	(void)level;
	(void)fmt;
	(void)args;
	return 0;
}

static int report_facts(struct facts *facts, const char *path, bool json)
{
	struct machine running, *machine = NULL;
	bool kernel_will_do;
	struct utsname name;

	uname(&name);
	kernel_will_do = !facts->missing_count;
	if (!path) {
		machine = &running;
		machine_learn(machine, name.release);
		if (machine->ftrace == NO)
			facts_miss(facts, "kernel.ftrace_enabled is 0");
	}
	if (json)
		print_json(facts, path ? path : name.release, machine,
			   kernel_will_do);
	else
		print_text(facts, path ? path : name.release, machine,
			   kernel_will_do);
	return facts->missing_count && (facts->native & offered) != offered ?
	       EXIT_NO : EXIT_YES;
}

static int report(const char *path, bool json)
{
	struct facts facts = { .running = !path };
	int status = EXIT_TROUBLE;
	struct btf *btf;
	int err;

	libbpf_set_print(no_print);
	btf = image_btf(path ? path : RUNNING_BTF);
	if (!btf)
		return EXIT_TROUBLE;
	facts.btf = btf;
	err = facts_learn(&facts);
	if (err)
		complain("/proc/kallsyms: %s; symbols are not checked",
			 strerror(-err));
	if (types_exhausted())
		complain("%s: its types refer to more others than those of a kernel",
			 path ? path : RUNNING_BTF);
	else
		status = report_facts(&facts, path, json);
	facts_free(&facts);
	btf__free(btf);
	return status == EXIT_YES && err ? EXIT_TROUBLE : status;
}

int cmd_check(int argc, char **argv)
{
	static const struct option options[] = {
		{ "kernel", required_argument, NULL, 'k' },
		OPTION_JSON,
		OPTION_HELP,
		{ }
	};
	struct common common = { };
	const char *path = NULL;
	int opt, ret;

	while ((opt = getopt_long(argc, argv, "k:jh", options, NULL)) != -1) {
		if (opt == 'k')
			path = optarg;
		else if (!common_option(opt, help, &common, &ret))
			return ret;
	}
	if (optind < argc) {
		complain("unexpected argument '%s'", argv[optind]);
		return EXIT_TROUBLE;
	}
	return report(path, common.json);
}

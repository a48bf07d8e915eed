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
#include "overlay_seccomp.h"
#include "tested.h"

#define RUNNING_BTF "/sys/kernel/btf/vmlinux"

static const char help[] =
"Usage: overlay-seccomp check [-j] [--kernel FILE]\n"
"\n"
"Says for each feature whether it is available through the module, native to\n"
"the kernel, or missing and why; and from which suite of Debian the running\n"
"kernel is, if it is one that the project is tested on. Loads nothing and needs\n"
"no privilege.\n"
"\n"
"  -k, --kernel FILE  of another kernel: its image (/boot/vmlinuz-VERSION), a\n"
"                     vmlinux with BTF, or raw BTF; default: the running one,\n"
"                     of which the symbols are looked at too\n"
"  -j, --json         as JSON\n"
"  -h, --help         this text\n"
"\n"
"Exit status: 0 every feature is there, 1 one is missing, 2 usage or not\n"
"known.\n";

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

static void print_text(const struct facts *facts, const char *kernel)
{
	size_t i;

	printf("kernel      %s\n", kernel);
	if (facts->running)
		printf("tested      %s\n", tested_suite(kernel) ?: "no");
	for (i = 0; i < features_count; i++)
		if (features[i].bit & offered)
			printf("%-11s %-10s %s\n", features[i].name,
			       state_of(facts, features[i].bit),
			       features[i].what);
	if (!facts->missing_count)
		return;
	puts("\nThe module refuses to load there:");
	for (i = 0; i < facts->missing_count; i++)
		printf("  %s\n", facts->missing[i]);
}

static void print_json(const struct facts *facts, const char *kernel)
{
	const char *comma = "";
	size_t i;

	fputs("{\"kernel\": ", stdout);
	json_string(kernel);
	printf(", \"running\": %s, \"tested\": %s, \"features\": {",
	       facts->running ? "true" : "false",
	       facts->running && tested_suite(kernel) ? "true" : "false");
	for (i = 0; i < features_count; i++) {
		if (!(features[i].bit & offered))
			continue;
		printf("%s\"%s\": \"%s\"", comma, features[i].name,
		       state_of(facts, features[i].bit));
		comma = ", ";
	}
	fputs("}, \"missing\": [", stdout);
	for (i = 0; i < facts->missing_count; i++) {
		fputs(i ? ", " : "", stdout);
		json_string(facts->missing[i]);
	}
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

static int report(const char *path, bool json)
{
	struct facts facts = { .running = !path };
	struct utsname name;
	struct btf *btf;
	int status;
	int err;

	libbpf_set_print(no_print);
	btf = image_btf(path ? path : RUNNING_BTF);
	if (!btf)
		return EXIT_TROUBLE;
	uname(&name);
	facts.btf = btf;
	err = facts_learn(&facts);
	if (err)
		complain("/proc/kallsyms: %s; symbols are not checked",
			 strerror(-err));
	if (json)
		print_json(&facts, path ? path : name.release);
	else
		print_text(&facts, path ? path : name.release);
	status = facts.missing_count && (facts.native & offered) != offered ?
		 EXIT_NO : EXIT_YES;
	facts_free(&facts);
	btf__free(btf);
	return status == EXIT_YES && err ? EXIT_TROUBLE : status;
}

int cmd_check(int argc, char **argv)
{
	static const struct option options[] = {
		{ "kernel", required_argument, NULL, 'k' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	const char *path = NULL;
	bool json = false;
	int opt;

	while ((opt = getopt_long(argc, argv, "k:jh", options, NULL)) != -1) {
		switch (opt) {
		case 'k':
			path = optarg;
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			fputs(help, stdout);
			return EXIT_YES;
		default:
			fputs(help, stderr);
			return EXIT_TROUBLE;
		}
	}
	if (optind < argc) {
		complain("unexpected argument '%s'", argv[optind]);
		return EXIT_TROUBLE;
	}
	return report(path, json);
}

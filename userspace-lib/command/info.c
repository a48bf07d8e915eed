// SPDX-License-Identifier: GPL-2.0-only
/*
 * overlay-seccomp info: what the module that is loaded now offers.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "overlay_seccomp.h"

static const char help[] =
"Usage: overlay-seccomp info [-j] [FEATURE]...\n"
"\n"
"Says which features work now, and whether the module or the kernel itself\n"
"(native) provides them. Needs no privilege.\n"
"\n"
"  FEATURE     strict, clone, nested, redirect, sequential or implicit: only\n"
"              these, and exit with 1 unless all of them work\n"
"  -j, --json  as JSON\n"
"  -h, --help  this text\n"
"\n"
"Exit status: 0 the module is loaded and every FEATURE works, 1 not, 2 usage\n"
"or not known.\n";

static const char *provider(const struct seccomp_overlay_info *info, __u64 bit)
{
	if (!(info->features & bit))
		return "no";
	return info->native & bit ? "native" : "module";
}

static void print_text(const struct seccomp_overlay_info *info, __u64 asked)
{
	size_t i;

	printf("module      loaded, ABI %u\n", info->abi);
	for (i = 0; i < features_count; i++)
		if (features[i].bit & asked)
			printf("%-11s %-8s %s\n", features[i].name,
			       provider(info, features[i].bit),
			       features[i].what);
}

static void print_json(const struct seccomp_overlay_info *info, __u64 asked)
{
	const char *comma = "";
	size_t i;

	if (!info) {
		puts("{\"module\": false}");
		return;
	}
	printf("{\"module\": true, \"abi\": %u, \"features\": {", info->abi);
	for (i = 0; i < features_count; i++) {
		if (!(features[i].bit & asked))
			continue;
		printf("%s\"%s\": \"%s\"", comma, features[i].name,
		       provider(info, features[i].bit));
		comma = ", ";
	}
	puts("}}");
}

static int report(__u64 asked, int json)
{
	struct seccomp_overlay_info info;
	int err = overlay_seccomp_info(&info);

	if (err && err != -EINVAL) {
		complain("cannot ask: seccomp: %s", strerror(-err));
		return EXIT_TROUBLE;
	}
	if (err) {
		if (json)
			print_json(NULL, 0);
		else
			complain(NOT_LOADED);
		return EXIT_NO;
	}
	if (json)
		print_json(&info, asked ? asked : ~0ULL);
	else
		print_text(&info, asked ? asked : ~0ULL);
	return (info.features & asked) == asked ? EXIT_YES : EXIT_NO;
}

int cmd_info(int argc, char **argv)
{
	static const struct option options[] = {
		OPTION_JSON,
		OPTION_HELP,
		{ }
	};
	const struct feature *feature;
	struct common common = { };
	__u64 asked = 0;
	int opt, ret;

	while ((opt = getopt_long(argc, argv, "jh", options, NULL)) != -1)
		if (!common_option(opt, help, &common, &ret))
			return ret;
	for (; optind < argc; optind++) {
		feature = feature_find(argv[optind]);
		if (!feature) {
			complain("no feature '%s'", argv[optind]);
			return EXIT_TROUBLE;
		}
		asked |= feature->bit;
	}
	return report(asked, common.json);
}

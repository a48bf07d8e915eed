// SPDX-License-Identifier: GPL-2.0-only
/*
 * overlay-seccomp status: what the module does now.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "holders.h"
#include "netlink.h"
#include "overlay_seccomp.h"
#include "terminal.h"
#include "words.h"

static const char help[] =
"Usage: overlay-seccomp status [-j] [--color=WHEN]\n"
"\n"
"Says which hooks are in place, what is alive, who holds which listener, what\n"
"has happened since the load, and why rmmod would fail now. Needs\n"
"CAP_NET_ADMIN; to see the listeners of other users, CAP_SYS_PTRACE too.\n"
"\n"
"      --color=WHEN  auto (on a terminal, unless NO_COLOR is set), always, never\n"
"  -j, --json        as JSON\n"
"  -h, --help        this text\n"
"\n"
"Exit status: 0, 1 the module is not loaded, 2 usage, or it does not answer.\n";

/* Why the module cannot be removed: how many lines. */
static size_t reasons(const struct status *status, char lines[4][96])
{
	size_t n = 0;

	if (status->hooks & OVERLAY_SECCOMP_HOOK_DEAD)
		snprintf(lines[n++], sizeof(*lines),
			 "ftrace has died: it stays until the next boot");
	if (status->filters)
		snprintf(lines[n++], sizeof(*lines),
			 "%u filter%s with overlay state", status->filters,
			 status->filters == 1 ? "" : "s");
	if (status->pins)
		snprintf(lines[n++], sizeof(*lines), "%u pin%s in memory",
			 status->pins, status->pins == 1 ? "" : "s");
	if (!n && status->references)
		snprintf(lines[n++], sizeof(*lines),
			 "a task is in one of its operations");
	return n;
}

static void print_hooks(uint32_t hooks)
{
	static const char * const what[] = {
		"on seccomp(2) and its listeners",
		"on the judging of calls", "on changes of mappings",
	};
	size_t i;

	for (i = 0; i < hook_words_count; i++)
		if (hooks & hook_words[i].number)
			printf("hooked      %s\n", what[i]);
	if (hooks & OVERLAY_SECCOMP_HOOK_DEAD)
		printf("%sdead        ftrace has shut down: no filter gets overlay state any more;\n"
		       "            the hooks above stay, and cloning works, unless one fell silent%s\n",
		       colour(RED), colour(PLAIN));
}

static void print_features(const struct status *status)
{
	size_t i;

	fputs("features   ", stdout);
	for (i = 0; i < features_count; i++)
		if (status->features & features[i].bit)
			printf(" %s%s", features[i].name,
			       status->native & features[i].bit ? " (native)" :
								  "");
	putchar('\n');
}

static void print_removal(const struct status *status)
{
	char lines[4][96];
	size_t n = reasons(status, lines);
	size_t i;

	if (!n)
		puts("removable   yes");
	for (i = 0; i < n; i++)
		printf("%s %s\n", i ? "           " : "removable   no:",
		       lines[i]);
}

static void print_listeners(const struct holders *holders)
{
	const struct holder *h;
	size_t i;

	for (i = 0; i < holders->count; i++) {
		h = &holders->list[i];
		fputs("listener    ", stdout);
		print_id(h->id);
		printf(" %s (%d, fd %d)%s%s%s, %zu task%s under it\n",
		       h->comm, h->pid, h->fd,
		       h->flags & OVERLAY_SECCOMP_FILTER_NESTED ? ", nested" :
								  "",
		       h->flags & OVERLAY_SECCOMP_FILTER_OVERLAY ?
		       ", allows others below" : "",
		       h->flags & OVERLAY_SECCOMP_FILTER_REDIRECT ?
		       ", may redirect" : "",
		       h->tasks, h->tasks == 1 ? "" : "s");
	}
}

static void print_counters(const struct status *status)
{
	uint32_t i;

	for (i = OVERLAY_SECCOMP_EVENT_FILTER; i <= OVERLAY_SECCOMP_EVENT_MAX;
	     i++)
		if (status->counters[i])
			printf("since load  %-14s %" PRIu64 "\n", event_name(i),
			       status->counters[i]);
}

static void print_text(const struct status *status,
		       const struct holders *holders)
{
	printf("module      %s%s%s, ABI %u\n", colour(BOLD), status->version,
	       colour(PLAIN), status->abi);
	print_features(status);
	print_hooks(status->hooks);
	printf("alive       %u filters with overlay state, %u pins, %u monitors\n",
	       status->filters, status->pins, status->subscribers);
	print_removal(status);
	print_listeners(holders);
	print_counters(status);
}

static void json_features(uint64_t bits)
{
	const char *comma = "";
	size_t i;

	putchar('[');
	for (i = 0; i < features_count; i++) {
		if (!(bits & features[i].bit))
			continue;
		printf("%s\"%s\"", comma, features[i].name);
		comma = ", ";
	}
	putchar(']');
}

static void json_reasons(const struct status *status)
{
	char lines[4][96];
	size_t n = reasons(status, lines);
	size_t i;

	printf("\"removable\": %s, \"why\": [", n ? "false" : "true");
	for (i = 0; i < n; i++) {
		fputs(i ? ", " : "", stdout);
		json_string(lines[i]);
	}
	putchar(']');
}

static void json_listeners(const struct holders *holders)
{
	size_t i;

	fputs("\"listeners\": [", stdout);
	for (i = 0; i < holders->count; i++) {
		printf("%s{\"id\": ", i ? ", " : "");
		json_id(holders->list[i].id);
		printf(", \"pid\": %d, \"comm\": ", holders->list[i].pid);
		json_string(holders->list[i].comm);
		printf(", \"fd\": %d, \"flags\": ", holders->list[i].fd);
		json_words(holders->list[i].flags, filter_flags,
			   filter_flags_count);
		printf(", \"tasks\": %zu}", holders->list[i].tasks);
	}
	putchar(']');
}

static void print_json(const struct status *status,
		       const struct holders *holders)
{
	uint32_t i;

	fputs("{\"module\": true, \"version\": ", stdout);
	json_string(status->version);
	printf(", \"abi\": %u, \"features\": ", status->abi);
	json_features(status->features);
	fputs(", \"native\": ", stdout);
	json_features(status->native);
	fputs(", \"hooks\": ", stdout);
	json_words(status->hooks, hook_words, hook_words_count);
	printf(", \"dead\": %s, \"filters\": %u, \"pins\": %u, \"subscribers\": %u, \"references\": %u, ",
	       status->hooks & OVERLAY_SECCOMP_HOOK_DEAD ? "true" : "false",
	       status->filters, status->pins, status->subscribers,
	       status->references);
	json_reasons(status);
	fputs(", \"counters\": {", stdout);
	for (i = OVERLAY_SECCOMP_EVENT_FILTER; i <= OVERLAY_SECCOMP_EVENT_MAX;
	     i++)
		printf("%s\"%s\": %" PRIu64,
		       i == OVERLAY_SECCOMP_EVENT_FILTER ? "" : ", ",
		       event_name(i), status->counters[i]);
	fputs("}, ", stdout);
	json_listeners(holders);
	puts("}");
}

/* What everybody may know, by seccomp(2). */
static void say_what_works(void)
{
	struct seccomp_overlay_info info;
	char names[96] = "";
	size_t i;

	overlay_seccomp_info(&info);
	for (i = 0; i < features_count; i++) {
		if (!(info.features & features[i].bit))
			continue;
		strcat(names, " ");
		strcat(names, features[i].name);
	}
	complain("only with CAP_NET_ADMIN; without: it is loaded, ABI %u, and there work:%s",
		 info.abi, *names ? names : " none");
}

static int report(struct link *link, bool json)
{
	struct holders holders;
	struct status status;
	int err = link_status(link, &status);

	if (err == -EPERM)
		say_what_works();
	else if (err)
		complain("the module does not say: %s", strerror(-err));
	if (err)
		return EXIT_TROUBLE;
	holders_find(&holders, link);
	err = holders_count(&holders);
	if (err)
		complain("the module does not say: %s", strerror(-err));
	else if (json)
		print_json(&status, &holders);
	else
		print_text(&status, &holders);
	holders_free(&holders);
	return err ? EXIT_TROUBLE : EXIT_YES;
}

int cmd_status(int argc, char **argv)
{
	static const struct option options[] = {
		OPTION_COLOR,
		OPTION_JSON,
		OPTION_HELP,
		{ }
	};
	struct common common = { .colour = "auto" };
	struct link link;
	int opt, ret;

	while ((opt = getopt_long(argc, argv, "jh", options, NULL)) != -1)
		if (!common_option(opt, help, &common, &ret))
			return ret;
	if (optind < argc || !terminal_colours(common.colour)) {
		fputs(help, stderr);
		return EXIT_TROUBLE;
	}
	ret = link_open_or_say(&link);
	if (ret == EXIT_NO && common.json)
		puts("{\"module\": false}");
	if (ret)
		return ret;
	ret = report(&link, common.json);
	link_close(&link);
	return ret;
}

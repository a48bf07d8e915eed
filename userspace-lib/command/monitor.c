// SPDX-License-Identifier: GPL-2.0-only
/*
 * overlay-seccomp monitor: events, as they happen.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "netlink.h"
#include "overlay_seccomp.h"
#include "proc.h"
#include "terminal.h"
#include "words.h"

static const char help[] =
"Usage: overlay-seccomp monitor [-j] [--color=WHEN] [--event NAME]...\n"
"\n"
"Prints what happens, until it is interrupted or the module goes. Times are\n"
"seconds since boot, as in the kernel's log; pids are those of the initial pid\n"
"namespace. No event is lost without being counted. Needs CAP_NET_ADMIN.\n"
"\n"
"      --event NAME  only these: filter, filter-gone, listener, listener-gone,\n"
"                    strict-kill, clone, pin, pin-gone, redirect, outer, refused,\n"
"                    armed, disarmed, dead, unload; lost is never left out\n"
"      --color=WHEN  auto (on a terminal, unless NO_COLOR is set), always, never\n"
"  -j, --json        a JSON object a line\n"
"  -h, --help        this text\n"
"\n"
"Exit status: 0 interrupted, 1 the module is not loaded or has gone, 2 usage, or\n"
"it does not answer.\n";

static volatile sig_atomic_t interrupted;

static void on_signal(int signal)
{
	interrupted = signal;
}

static void print_call(uint64_t nr)
{
	const char *name = syscall_name(ARCH_NATIVE, nr);

	printf("call %" PRIu64, nr);
	if (name)
		printf(" (%s, if it is a 64-bit one)", name);
}

static void print_refusal(const struct event *event)
{
	static const struct word operations[] = {
		{ SECCOMP_SET_MODE_STRICT, "strict mode after filters" },
		{ SECCOMP_SET_MODE_FILTER, "a filter" },
		{ SECCOMP_CLONE_FILTER, "a clone" },
		{ SECCOMP_GET_OVERLAY_INFO, "info" },
		{ SECCOMP_IOCTL_NOTIF_PIN_INSTALL, "a pin" },
		{ SECCOMP_IOCTL_NOTIF_SEND_REDIRECT, "a redirect" },
	};
	const char *what = "something unknown";
	size_t i;

	for (i = 0; i < ARRAY_SIZE(operations); i++)
		if (operations[i].number == event->value)
			what = operations[i].name;
	printf("%s: %s (%s)", what, errno_name(event->error),
	       strerror(event->error));
}

static void print_what(const struct event *event)
{
	switch (event->event) {
	case OVERLAY_SECCOMP_EVENT_LOST:
		printf("%" PRIu64 " events could not be delivered",
		       event->value);
		break;
	case OVERLAY_SECCOMP_EVENT_FILTER:
	case OVERLAY_SECCOMP_EVENT_FILTER_GONE:
	case OVERLAY_SECCOMP_EVENT_LISTENER_GONE:
		print_id(event->id);
		print_filter_flags(event->flags);
		break;
	case OVERLAY_SECCOMP_EVENT_LISTENER:
		print_id(event->id);
		print_filter_flags(event->flags);
		fputs(", of filter ", stdout);
		print_id(event->value);
		break;
	case OVERLAY_SECCOMP_EVENT_STRICT_KILL:
		print_call(event->value);
		break;
	case OVERLAY_SECCOMP_EVENT_REDIRECT:
	case OVERLAY_SECCOMP_EVENT_OUTER:
		print_call(event->value);
		fputs(", listener of ", stdout);
		print_id(event->id);
		break;
	case OVERLAY_SECCOMP_EVENT_CLONE:
		printf("of the chain of %" PRIu64, event->value);
		break;
	case OVERLAY_SECCOMP_EVENT_PIN:
		printf("%" PRIu64 " bytes", event->value);
		break;
	case OVERLAY_SECCOMP_EVENT_REFUSED:
		print_refusal(event);
		break;
	}
}

/* In another pid namespace, an id would be that of somebody else. */
static void name_task(uint32_t task, char comm[COMM_SIZE])
{
	static int initial = -1;

	if (initial < 0)
		initial = proc_is_initial();
	if (initial)
		proc_comm(task, comm);
	else
		strcpy(comm, "?");
}

static void print_text(const struct event *event)
{
	char comm[COMM_SIZE];

	printf("%6" PRIu64 ".%03" PRIu64 " %s%-13s%s ",
	       event->time / 1000000000, event->time / 1000000 % 1000,
	       colour(BOLD), event_name(event->event), colour(PLAIN));
	if (event->task) {
		name_task(event->task, comm);
		printf("%s (%u) ", comm, event->task);
	}
	print_what(event);
	putchar('\n');
}

static void print_json(const struct event *event)
{
	char comm[COMM_SIZE];

	printf("{\"event\": \"%s\", \"time\": %" PRIu64
	       ", \"task\": %u, \"comm\": ",
	       event_name(event->event), event->time, event->task);
	if (event->task) {
		name_task(event->task, comm);
		json_string(comm);
	} else {
		fputs("null", stdout);
	}
	fputs(", \"id\": ", stdout);
	json_id(event->id);
	fputs(", \"flags\": ", stdout);
	json_words(event->flags, filter_flags, filter_flags_count);
	printf(", \"value\": %" PRIu64 ", \"error\": %u, \"errno\": ",
	       event->value, event->error);
	if (event->error)
		printf("\"%s\"", errno_name(event->error));
	else
		fputs("null", stdout);
	/* A number of 64 bits is more than many readers can hold. */
	if (event->event == OVERLAY_SECCOMP_EVENT_LISTENER) {
		fputs(", \"filter\": ", stdout);
		json_id(event->value);
	}
	puts("}");
}

static bool is_wanted(uint32_t wanted, uint32_t event)
{
	return !wanted || event == OVERLAY_SECCOMP_EVENT_LOST ||
	       (event < 32 && wanted & (1U << event));
}

static int follow(struct link *link, const sigset_t *mask, uint32_t wanted,
		  bool json)
{
	struct event event;
	int err;

	while (!interrupted) {
		err = link_event(link, mask, &event);
		if (err == -EINTR)
			continue;
		if (err) {
			complain("generic netlink: %s", strerror(-err));
			return EXIT_TROUBLE;
		}
		if (is_wanted(wanted, event.event)) {
			if (json)
				print_json(&event);
			else
				print_text(&event);
			if (fflush(stdout))
				return EXIT_TROUBLE;
		}
		if (event.event == OVERLAY_SECCOMP_EVENT_UNLOAD) {
			complain("the module has been removed");
			return EXIT_NO;
		}
	}
	return EXIT_YES;
}

/* They come while it waits with MASK, and at no other time. */
static void catch_signals(sigset_t *mask)
{
	const struct sigaction action = { .sa_handler = on_signal };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, mask);
	sigdelset(mask, SIGINT);
	sigdelset(mask, SIGTERM);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static int monitor(uint32_t wanted, bool json)
{
	struct link link;
	sigset_t mask;
	int ret = link_open_or_say(&link);
	int err;

	if (ret)
		return ret;
	catch_signals(&mask);
	err = link_subscribe(&link);
	if (!err)
		ret = follow(&link, &mask, wanted, json);
	else
		ret = EXIT_TROUBLE;
	if (err == -EPERM)
		complain("only with CAP_NET_ADMIN");
	else if (err == -ENOSPC)
		complain("there are too many monitors already");
	else if (err)
		complain("cannot subscribe: %s", strerror(-err));
	link_close(&link);
	return ret;
}

int cmd_monitor(int argc, char **argv)
{
	static const struct option options[] = {
		OPTION_COLOR,
		{ "event", required_argument, NULL, 'e' },
		OPTION_JSON,
		OPTION_HELP,
		{ }
	};
	struct common common = { .colour = "auto" };
	uint32_t wanted = 0;
	int opt, ret;

	while ((opt = getopt_long(argc, argv, "jh", options, NULL)) != -1) {
		if (opt == 'e' && !event_find(optarg)) {
			complain("no event '%s'", optarg);
			return EXIT_TROUBLE;
		}
		if (opt == 'e')
			wanted |= 1U << event_find(optarg);
		else if (!common_option(opt, help, &common, &ret))
			return ret;
	}
	if (optind < argc || !terminal_colours(common.colour)) {
		fputs(help, stderr);
		return EXIT_TROUBLE;
	}
	return monitor(wanted, common.json);
}

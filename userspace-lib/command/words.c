// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "words.h"

const struct word filter_flags[] = {
	{ OVERLAY_SECCOMP_FILTER_OVERLAY, "overlay" },
	{ OVERLAY_SECCOMP_FILTER_NESTED, "nested" },
	{ OVERLAY_SECCOMP_FILTER_SEQUENTIAL, "sequential" },
	{ OVERLAY_SECCOMP_FILTER_STRICT, "strict" },
	{ OVERLAY_SECCOMP_FILTER_REDIRECT, "redirect" },
	{ OVERLAY_SECCOMP_FILTER_LOG, "log" },
	{ OVERLAY_SECCOMP_FILTER_WAIT_KILLABLE, "wait-killable" },
	{ OVERLAY_SECCOMP_FILTER_UNSETTLED, "unsettled" },
};
const size_t filter_flags_count = ARRAY_SIZE(filter_flags);

const struct word hook_words[] = {
	{ OVERLAY_SECCOMP_HOOK_CALLS, "calls" },
	{ OVERLAY_SECCOMP_HOOK_FILTER, "filter" },
	{ OVERLAY_SECCOMP_HOOK_MAPPINGS, "mappings" },
};
const size_t hook_words_count = ARRAY_SIZE(hook_words);

static const char * const events[] = {
	[OVERLAY_SECCOMP_EVENT_LOST]		= "lost",
	[OVERLAY_SECCOMP_EVENT_FILTER]		= "filter",
	[OVERLAY_SECCOMP_EVENT_FILTER_GONE]	= "filter-gone",
	[OVERLAY_SECCOMP_EVENT_LISTENER]	= "listener",
	[OVERLAY_SECCOMP_EVENT_LISTENER_GONE]	= "listener-gone",
	[OVERLAY_SECCOMP_EVENT_STRICT_KILL]	= "strict-kill",
	[OVERLAY_SECCOMP_EVENT_CLONE]		= "clone",
	[OVERLAY_SECCOMP_EVENT_PIN]		= "pin",
	[OVERLAY_SECCOMP_EVENT_PIN_GONE]	= "pin-gone",
	[OVERLAY_SECCOMP_EVENT_REDIRECT]	= "redirect",
	[OVERLAY_SECCOMP_EVENT_OUTER]		= "outer",
	[OVERLAY_SECCOMP_EVENT_REFUSED]		= "refused",
	[OVERLAY_SECCOMP_EVENT_ARMED]		= "armed",
	[OVERLAY_SECCOMP_EVENT_DISARMED]	= "disarmed",
	[OVERLAY_SECCOMP_EVENT_DEAD]		= "dead",
	[OVERLAY_SECCOMP_EVENT_UNLOAD]		= "unload",
};

void print_filter_flags(uint32_t flags)
{
	size_t i;

	for (i = 0; i < filter_flags_count; i++)
		if (flags & filter_flags[i].number)
			printf(" %s", filter_flags[i].name);
}

void json_words(uint32_t bits, const struct word *words, size_t count)
{
	const char *comma = "";
	size_t i;

	putchar('[');
	for (i = 0; i < count; i++) {
		if (!(bits & words[i].number))
			continue;
		printf("%s\"%s\"", comma, words[i].name);
		comma = ", ";
	}
	putchar(']');
}

/* A newer module has events that this command does not know. */
const char *event_name(uint32_t event)
{
	return event < ARRAY_SIZE(events) && events[event] ? events[event] :
							     "unknown";
}

uint32_t event_find(const char *name)
{
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(events); i++)
		if (events[i] && !strcmp(events[i], name))
			return i;
	return 0;
}

const char *listener_name(uint32_t listener)
{
	static const char * const names[] = {
		[OVERLAY_SECCOMP_LISTENER_NONE]		= "none",
		[OVERLAY_SECCOMP_LISTENER_OPEN]		= "open",
		[OVERLAY_SECCOMP_LISTENER_CLOSED]	= "closed",
	};

	return listener < ARRAY_SIZE(names) ? names[listener] : "unknown";
}

const char *mode_name(uint32_t mode)
{
	static const char * const names[] = {
		"none", "strict", "filter", "dead",
	};

	return mode < ARRAY_SIZE(names) ? names[mode] : "unknown";
}

const char *errno_name(int error)
{
	static const struct word names[] = {
#include "errnos.inc"
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].number == (uint32_t)error)
			return names[i].name;
	return "unknown";
}

/* The kernel has no larger ones. */
#define ERRNO_MAX 4095

int verdict_errno(uint32_t ret)
{
	uint32_t data = ret & SECCOMP_RET_DATA;

	return data < ERRNO_MAX ? data : ERRNO_MAX;
}

const char *verdict_name(uint32_t ret)
{
	static char buffers[4][64];
	static unsigned int next;
	char *buffer = buffers[next++ % ARRAY_SIZE(buffers)];
	unsigned int data = ret & SECCOMP_RET_DATA;

	switch (ret & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
		return "allow";
	case SECCOMP_RET_LOG:
		return "log";
	case SECCOMP_RET_USER_NOTIF:
		return "notify";
	case SECCOMP_RET_KILL_THREAD:
		return "kill-thread";
	case SECCOMP_RET_ERRNO:
		data = verdict_errno(ret);
		snprintf(buffer, sizeof(*buffers), "errno %u (%s)", data,
			 data ? errno_name(data) : "success");
		return buffer;
	case SECCOMP_RET_TRAP:
		snprintf(buffer, sizeof(*buffers), "trap %u", data);
		return buffer;
	case SECCOMP_RET_TRACE:
		snprintf(buffer, sizeof(*buffers), "trace %u", data);
		return buffer;
	default:
		return "kill-process";
	}
}

static const struct word native[] = {
#include "syscalls-64.inc"
};

static const struct word compat[] = {
#include "syscalls-32.inc"
};

const char *syscall_name(uint32_t arch, uint32_t nr)
{
	const struct word *words = arch == ARCH_COMPAT ? compat : native;
	size_t count = arch == ARCH_COMPAT ? ARRAY_SIZE(compat) :
					     ARRAY_SIZE(native);
	size_t i;

	for (i = 0; i < count; i++)
		if (words[i].number == nr)
			return words[i].name;
	return NULL;
}

long syscall_find(uint32_t arch, const char *name)
{
	const struct word *words = arch == ARCH_COMPAT ? compat : native;
	size_t count = arch == ARCH_COMPAT ? ARRAY_SIZE(compat) :
					     ARRAY_SIZE(native);
	size_t i;

	for (i = 0; i < count; i++)
		if (!strcmp(words[i].name, name))
			return words[i].number;
	return -1;
}

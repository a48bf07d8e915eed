// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel's own trace shows of a redirected call. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "redirkit.h"

#define INSTANCE "/sys/kernel/tracing/instances/overlay-seccomp-test"
#define ENTER INSTANCE "/events/raw_syscalls/sys_enter/"

/* From now on, that call of that task. */
static void trace_start(pid_t pid, long nr)
{
	char filter[64];

	snprintf(filter, sizeof(filter), "common_pid == %d && id == %ld", pid,
		 nr);
	rmdir(INSTANCE);
	if (mkdir(INSTANCE, 0700) || access(ENTER, F_OK))
		skip("no trace of system calls here");
	NEED(write_text(ENTER "filter", filter));
	NEED(write_text(ENTER "enable", "1"));
}

/* How often it was seen to enter with these arguments, and how often at all. */
static int trace_seen(long nr, const uint64_t *args, int *all)
{
	char line[512], want[256];
	const char *at;
	int found = 0;
	FILE *f;

	snprintf(want, sizeof(want), "NR %ld (%lx, %lx, %lx, %lx, %lx, %lx)",
		 nr, args[0], args[1], args[2], args[3], args[4], args[5]);
	f = fopen(INSTANCE "/trace", "re");
	NEED(f);
	*all = 0;
	while (fgets(line, sizeof(line), f)) {
		at = strstr(line, "sys_enter: NR ");
		if (!at)
			continue;
		diag("%.*s", (int)strcspn(at, "\n"), at);
		++*all;
		found += !!strstr(at, want);
	}
	fclose(f);
	return found;
}

static void trace_end(void)
{
	NEED(write_text(ENTER "enable", "0"));
	NEED(!rmdir(INSTANCE));
}

static void trace_shows(bool ia32)
{
	const uint64_t asked[6] = { NO_PROCESS, 2, 3, 4, 5, 6 };
	const uint64_t given[6] = { 0, 22, 33, 44, 55, 66 };
	const long nr = ia32 ? IA32_getpgid : SYS_getpgid;
	struct notice n;
	struct redir t;
	int all;

	redir_start(&t, NULL);
	t.shot->ia32 = ia32;
	redir_ask_arg(&t, nr, 0, NO_PROCESS);
	trace_start(t.k.pid, nr);
	redir_load(&t, nr, NO_PROCESS, 2, 3, 4, 5, 6);
	redir_call(&t);
	redir_asked(&t, 0, &n);
	CHECK_EQ(redir_args(t.listener[0], &n, ALL_ARGS, given), 0);
	CHECK_EQ(redir_result(&t), getpgrp());
	CHECK(redir_untouched(&t));
	CHECK_EQ(trace_seen(nr, given, &all), 1);
	CHECK_EQ(all, 1);
	redir_call(&t);
	redir_asked(&t, 0, &n);
	CHECK_EQ(notice_continue(t.listener[0], &n), 0);
	CHECK_EQ(redir_result(&t), -ESRCH);
	CONTROL_EQ(trace_seen(nr, asked, &all), 1);
	CHECK_EQ(all, 2);
	trace_end();
	redir_end(&t);
}

CASE(redirect_seen, "a trace shows the call that ran, not the one asked for")
{
	need_redirect();
	need_root();
	trace_shows(false);
}

CASE(redirect_seen_ia32, "also of a 32-bit call")
{
	need_redirect();
	need_root();
	need_ia32();
	trace_shows(true);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the audit log has of verdicts that stock has no words for: of several
 * supervisors' answers, and of filters outside of a redirect.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "redirkit.h"

#define LOG SECCOMP_FILTER_FLAG_LOG

static int log_fd;

static void log_open(void)
{
	need_root();
	log_fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (log_fd < 0)
		skip("no /dev/kmsg");
	if (!sysctl_for_case(RATE_LIMIT, "0"))
		skip("no " RATE_LIMIT);
}

static void log_start(void)
{
	lseek(log_fd, 0, SEEK_END);
}

/* How many lines there are of PID since log_start(), all about that call. */
static int logged(pid_t pid, long nr, uint32_t action)
{
	char line[8192], who[32], what[32], code[32];
	int found = 0, idle = 0;
	ssize_t n;

	snprintf(who, sizeof(who), " pid=%d ", pid);
	snprintf(what, sizeof(what), " syscall=%ld ", nr);
	snprintf(code, sizeof(code), " code=%#x\n", action);
	/* They come some time after the call, and together. */
	while (idle < (found ? 10 : 50)) {
		n = read(log_fd, line, sizeof(line) - 1);
		if (n < 0) {
			NEED(errno == EAGAIN || errno == EPIPE);
			idle++;
			pause_ms(15);
			continue;
		}
		line[n] = 0;
		if (!strstr(line, "type=1326") || !strstr(line, who))
			continue;
		found++;
		CHECK(strstr(line, " sig=0 ") && strstr(line, what));
		CHECK(strstr(line, code));
	}
	return found;
}

/* Nested listeners */

/* The outermost answers ERROR, or CONTINUE. */
static int logged_answer(struct nest *t, int error)
{
	int lines;

	if (error)
		asked_answer(t, 0, 0, -error);
	else
		asked_continue(t, 0);
	CHECK_EQ(nest_result(t), error ? -error : t->parent);
	lines = logged(t->k.pid, PROBE_NR, ASK);
	nest_end(t);
	return lines;
}

/* The inner has said CONTINUE. */
static int logged_of_two(unsigned long outer, unsigned long inner, int error)
{
	struct nest t;

	NEST(&t, NESTABLE | outer, NESTABLE | inner);
	log_start();
	CALL(&t, ASK, ASK);
	asked_continue(&t, 1);
	return logged_answer(&t, error);
}

/* The same with one stock listener. */
static int logged_of_one(unsigned long flags, int error)
{
	struct nest t;

	NEST(&t, NEW_LISTENER | flags);
	log_start();
	CALL(&t, ASK);
	return logged_answer(&t, error);
}

CASE(logged_nested, "an answer is logged once, if the verdict's filter asks so")
{
	need_nested();
	log_open();
	if (!logged_of_one(LOG, EPERM))
		skip("this machine does not log what supervisors refuse");
	CONTROL_EQ(logged_of_one(LOG, EPERM), 1);
	CONTROL_EQ(logged_of_one(0, EPERM), 0);
	CONTROL_EQ(logged_of_one(LOG, 0), 0);
	CHECK_EQ(logged_of_two(0, LOG, EPERM), 1);
	CHECK_EQ(logged_of_two(LOG, LOG, EPERM), 1);
	CHECK_EQ(logged_of_two(LOG, 0, EPERM), 0);
	CHECK_EQ(logged_of_two(LOG, LOG, 0), 0);
}

/* Filters outside of a redirect */

/* The outer filter, with these flags, says VERDICT of what is redirected. */
static int logged_outside(unsigned long flags, uint32_t verdict, bool runs)
{
	struct notice n;
	struct nest t;
	int lines;

	NEST(&t, flags, NESTABLE);
	log_start();
	CALL(&t, PASS, ASK);
	asked(&t, 1, &n);
	CHECK_EQ(redir_arg(t.listener[1], &n, 0, verdict), 0);
	CHECK_EQ(nest_result(&t), runs ? t.parent : -DENIED);
	lines = logged(t.k.pid, PROBE_NR, verdict & SECCOMP_RET_ACTION_FULL);
	nest_end(&t);
	return lines;
}

CASE(logged_redirect, "filters outside of a redirect log what they judge")
{
	need_redirect();
	log_open();
	if (!logged_outside(LOG, SECCOMP_RET_LOG, true))
		skip("this machine does not log what filters say");
	CHECK_EQ(logged_outside(LOG, DENY, false), 1);
	CHECK_EQ(logged_outside(0, DENY, false), 0);
	CHECK_EQ(logged_outside(0, SECCOMP_RET_LOG, true), 1);
	CONTROL_EQ(logged_outside(LOG, PASS, true), 0);
}

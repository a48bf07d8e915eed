// SPDX-License-Identifier: GPL-2.0-only
/*
 * A strict task makes no call that installs a filter, unless a tracer has
 * suspended seccomp. Also then there is none after strict mode.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "nest.h"
#include "play.h"

static const unsigned long flags[] = {
	0, SECCOMP_FILTER_FLAG_LOG, TSYNC, NESTABLE, NEW_LISTENER, SEQUENTIAL,
};

struct task {
	bool filtered;
	bool strict;
};

static void installing_kid(struct kid *k)
{
	const struct task *t = k->arg;
	unsigned int i;
	long go;

	if (t->filtered)
		MUST(set_harmless());
	else
		no_new_privs();
	hear(k, &go);
	say(k, t->strict ? ask_seccomp() : 0);
	hear(k, &go);
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		say(k, filter(flags[i], SYS_getpgrp, DENY));
	say(k, t->strict ? ask_seccomp() : 0);
	hear(k, &go);
	say(k, raw(SYS_getpid) == k->pid);
	raw(SYS_exit, PLAY_CODE);
}

static void freeze_filters(pid_t pid)
{
	wait_asleep(pid);
	if (ptrace(PTRACE_SEIZE, pid, NULL, PTRACE_O_SUSPEND_SECCOMP))
		skip("this kernel cannot suspend seccomp");
}

static void let_go(pid_t pid)
{
	wait_asleep(pid);
	NEED(!ptrace(PTRACE_INTERRUPT, pid, NULL, NULL));
	NEED(waitpid(pid, NULL, __WALL) == pid);
	NEED(!ptrace(PTRACE_DETACH, pid, NULL, NULL));
}

/* Up to the call that is not listed: how many filters it has got. */
static long installs(struct kid *k, const struct task *t, bool works)
{
	unsigned int i;
	long before, r;

	kid_start(k, installing_kid, t);
	freeze_filters(k->pid);
	say(k, 0);
	CHECK_EQ(heard(k), 0);
	before = proc_status(k->pid, "Seccomp_filters");
	say(k, 0);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		r = heard(k);
		if (works)
			CONTROL(r >= 0);
		else
			CHECK_EQ(r, -EINVAL);
	}
	CHECK_EQ(heard(k), 0);
	let_go(k->pid);
	return proc_status(k->pid, "Seccomp_filters") - before;
}

CASE(strict_then_filter, "no filter after strict, also with seccomp suspended")
{
	const struct task free = { .filtered = true };
	const struct task proper = { .strict = true };
	const struct task both = { .filtered = true, .strict = true };
	struct kid k;
	long word;

	need_root();
	need_nested();
	need_sequential();
	CONTROL_EQ(installs(&k, &free, true), ARRAY_SIZE(flags));
	say(&k, 0);
	CONTROL_EQ(heard(&k), 1);
	CONTROL_EQ(ending(kid_wait(&k)), PLAY_CODE);
	CONTROL_EQ(installs(&k, &proper, false), 0);
	say(&k, 0);
	CONTROL_EQ(ending(kid_wait(&k)), SIGNALED(SIGKILL));
	CHECK_EQ(installs(&k, &both, false), 0);
	CHECK_EQ(proc_status(k.pid, "Seccomp"), SECCOMP_MODE_FILTER);
	say(&k, 0);
	CHECK(!hear(&k, &word));
	CHECK_EQ(ending(kid_wait(&k)), SIGNALED(SIGKILL));
}

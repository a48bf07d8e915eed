// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is told of a task to whom: its filters to the administrator, its address
 * space and what its filters would say only to who may read it with ptrace.
 */
#define _GNU_SOURCE
#include <unistd.h>

#include <linux/capability.h>

#include "genl.h"
#include "pinkit.h"

static long ask_pins(struct genl *g, pid_t pid)
{
	struct question q;
	struct answer a;

	question(&q, CMD(TASK));
	question_u32(&q, ATTR(PID), pid);
	question_flag(&q, ATTR(WITH_PINS));
	return genl_ask(g, &q, &a);
}

static long ask_call(struct genl *g, pid_t pid)
{
	struct question q;
	struct answer a;

	question(&q, CMD(TASK));
	question_u32(&q, ATTR(PID), pid);
	question_u32(&q, ATTR(NR), SYS_getppid);
	question_u32(&q, ATTR(ARCH), AUDIT_ARCH_X86_64);
	return genl_ask(g, &q, &a);
}

static void admin_kid(struct kid *k)
{
	const pid_t *pid = k->arg;
	struct answer a;
	struct genl g;

	no_new_privs();
	NEED(!filter(0, SYS_getpgrp, DENY));
	CONTROL(genl_open(&g));
	CONTROL_EQ(ask_pins(&g, *pid), 0);
	CONTROL_EQ(ask_call(&g, *pid), 0);
	/* The task has more of them, so that its owner may not trace it. */
	keep_only_cap(CAP_NET_ADMIN);
	CHECK_EQ(ask_task(&g, *pid, &a), 0);
	CHECK_EQ(a.message[0].num[ATTR(FILTERS)], 1);
	CHECK_EQ(ask_pins(&g, *pid), -EPERM);
	CHECK_EQ(ask_call(&g, *pid), -EPERM);
	CHECK_EQ(ask_pins(&g, getpid()), 0);
	CHECK_EQ(ask_call(&g, getpid()), 0);
	say(k, 1);
}

CASE(report_closely, "pins and verdicts need the right to trace, too")
{
	struct captive c;
	struct sealed s;
	struct genl g;
	struct kid k;

	need_root();
	need_redirect();
	NEED(genl_open(&g));
	sealed_pages(&s, 1);
	captive_new(&c);
	captive_pin_all(&c, &s);
	kid_start(&k, admin_kid, &c.k.pid);
	CHECK_EQ(heard(&k), 1);
	CHECK_EQ(ending(kid_wait(&k)), 0);
	captive_end(&c);
	sealed_free(&s);
}

static void owner_kid(struct kid *k)
{
	const pid_t *other = k->arg;
	struct answer a;
	struct genl g;
	pid_t child;
	long go;

	become_nobody();
	no_new_privs();
	NEED(!filter(0, SYS_getpgrp, DENY));
	CONTROL(genl_open(&g));
	child = fork();
	NEED(child >= 0);
	if (!child) {
		hear(k, &go);
		raw(SYS_exit_group, 0);
	}
	CHECK_EQ(ask_pins(&g, child), 0);
	CHECK_EQ(ask_call(&g, child), 0);
	CONTROL_EQ(ask_task(&g, *other, &a), -EPERM);
	CHECK_EQ(ask_pins(&g, *other), -EPERM);
	CHECK_EQ(ask_call(&g, *other), -EPERM);
	say(k, 1);
}

CASE(report_closely_own, "who has that alone is told it as well")
{
	pid_t self = getpid();
	struct genl g;
	struct kid k;

	need_root();
	need_nested();
	NEED(genl_open(&g));
	kid_start(&k, owner_kid, &self);
	CHECK_EQ(heard(&k), 1);
	CHECK_EQ(ending(kid_wait(&k)), 0);
}

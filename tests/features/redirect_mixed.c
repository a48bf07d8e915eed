// SPDX-License-Identifier: GPL-2.0-only
/*
 * Redirect in sequential chains, and in strict mode.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "play.h"
#include "redirkit.h"

CASE(redirect_sequential, "the outer filters judge the redirected call only")
{
	struct nest t;

	need_redirect();
	need_sequential();
	NEST(&t, SEQUENTIAL, SEQUENTIAL | NESTABLE, 0);
	/* They have not been asked about the original. */
	CALL(&t, DENY, ASK, PASS);
	asked_redirect(&t, 1, 0, PASS);
	RAN(&t);
	CALL(&t, KILL_PROCESS, ASK, PASS);
	asked_redirect(&t, 1, 0, PASS);
	RAN(&t);
	CALL(&t, PASS, ASK, PASS);
	asked_redirect(&t, 1, 0, DENY);
	CHECK_EQ(nest_result(&t), -DENIED);
	/* The filter inside is not asked again. */
	CALL(&t, PASS, ASK, PASS);
	asked_redirect(&t, 1, 2, DENY);
	RAN(&t);
	CALL(&t, DENY, ASK, PASS);
	asked_continue(&t, 1);
	CONTROL_EQ(nest_result(&t), -DENIED);
	nest_end(&t);
}

CASE(redirect_sequential_listeners, "also the outer supervisors")
{
	struct nest t;

	need_redirect();
	need_sequential();
	NEST(&t, SEQUENTIAL | NESTABLE, SEQUENTIAL | NESTABLE,
	     SEQUENTIAL | NESTABLE);
	CALL(&t, ASK, ASK, ASK);
	asked_redirect(&t, 2, 1, PASS);
	asked_redirect(&t, 0, 5, 5);
	RAN(&t);
	CALL(&t, PASS, ASK, ASK);
	asked_redirect(&t, 2, 3, 3);
	asked_redirect(&t, 1, 0, DENY);
	CHECK_EQ(nest_result(&t), -DENIED);
	CALL(&t, PASS, ASK, ASK);
	asked_continue(&t, 2);
	asked_redirect(&t, 1, 0, ASK);
	asked_answer(&t, 0, FAKED, 0);
	CHECK_EQ(nest_result(&t), FAKED);
	nest_close(&t, 0);
	CALL(&t, PASS, PASS, ASK);
	asked_redirect(&t, 2, 0, ASK);
	CHECK_EQ(nest_result(&t), -ENOSYS);
	CALL(&t, PASS, PASS, ASK);
	asked_continue(&t, 2);
	CONTROL_EQ(nest_result(&t), t.parent);
	nest_end(&t);
}

/* Of the unit that is judged together, only what is outside the redirecter. */
CASE(redirect_sequential_unit, "in a unit each outer filter judges by itself")
{
	struct nest t;

	need_redirect();
	need_sequential();
	NEST(&t, SEQUENTIAL, 0, 0, NESTABLE, 0);
	/* On originals the unit, layers 1 to 4, is judged as stock does. */
	CALL(&t, PASS, DENY, PASS, ASK, PASS);
	CHECK_EQ(nest_result(&t), -DENIED);
	CALL(&t, PASS, PASS, PASS, ASK, PASS);
	asked_redirect(&t, 3, 2, REFUSE(2));
	CHECK_EQ(nest_result(&t), -2);
	CALL(&t, PASS, REFUSE(1), PASS, PASS, PASS);
	CONTROL_EQ(nest_result(&t), -1);
	CALL(&t, PASS, PASS, PASS, ASK, PASS);
	asked_redirect(&t, 3, 4, DENY);
	RAN(&t);
	/* And then what is outside the unit. */
	CALL(&t, DENY, PASS, PASS, ASK, PASS);
	asked_redirect(&t, 3, 0, PASS);
	RAN(&t);
	CALL(&t, PASS, PASS, PASS, ASK, PASS);
	asked_redirect(&t, 3, 0, DENY);
	CHECK_EQ(nest_result(&t), -DENIED);
	nest_end(&t);
}

/* Strict mode */

struct strict_plan {
	bool strict;
	int pipe[2];
};

static void strict_kid(struct kid *k)
{
	const struct strict_plan *p = k->arg;
	struct prog f = { .len = 0 };

	no_new_privs();
	prog_rule_arg(&f, AUDIT_ARCH_X86_64, SYS_write, 0, MARKED_FD, ASK);
	prog_rule(&f, AUDIT_ARCH_X86_64, SYS_getpgid, ASK);
	listener_hand(k, prog_install(&f, SECCOMP_RET_ALLOW, NESTABLE));
	say(k, p->strict ? ask_seccomp() : 0);
	say(k, raw(SYS_write, MARKED_FD, "word", 4));
	say(k, raw(SYS_getpgid, NO_PROCESS));
	raw(SYS_exit, IMAGE_CODE);
}

static void plays_strict(bool strict)
{
	struct strict_plan p = { .strict = strict };
	struct notice n;
	char text[8];
	struct kid k;
	long word;

	NEED(!pipe(p.pipe));
	kid_start(&k, strict_kid, &p);
	listener_take(&k);
	CHECK_EQ(heard(&k), 0);
	notice_recv(k.listener, &n);
	CHECK_EQ(redir_arg(k.listener, &n, 0, p.pipe[1]), 0);
	CHECK_EQ(heard(&k), 4);
	CHECK_EQ(read(p.pipe[0], text, sizeof(text)), 4);
	CHECK(!memcmp(text, "word", 4));
	notice_recv(k.listener, &n);
	CHECK_EQ(redir_arg(k.listener, &n, 0, 0), 0);
	if (strict) {
		CHECK(!hear(&k, &word));
		CHECK_EQ(ending(kid_wait(&k)), SIGNALED(SIGKILL));
	} else {
		CONTROL_EQ(heard(&k), getpgrp());
		CONTROL_EQ(ending(kid_wait(&k)), IMAGE_CODE);
	}
	close(k.listener);
	close(p.pipe[0]);
	close(p.pipe[1]);
}

CASE(redirect_strict, "strict mode redirects what it lists, and kills the rest")
{
	long refs = module_refs();

	need_redirect();
	if (!(overlay_features() & SECCOMP_OVERLAY_STRICT))
		skip("no strict mode after filters here");
	plays_strict(false);
	plays_strict(true);
	CHECK(module_refs_fall_to(refs) <= refs);
}

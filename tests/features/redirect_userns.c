// SPDX-License-Identifier: GPL-2.0-only
/*
 * The right to pin and to redirect who may gain privileges, across user
 * namespaces: whose listener it is must be CAP_SYS_ADMIN where the target is.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "redirkit.h"
#include "source.h"

static void in_userns(void)
{
	if (unshare(CLONE_NEWUSER))
		skip("no user namespaces here: %s", strerror(errno));
}

static void as_we_are(void)
{
}

/* What both ioctls say for the next call; refused, it runs as it is. */
static long both(int listener, pid_t *pid)
{
	struct notice n;
	uint64_t at = 0;
	struct mem m;
	long pin, redirect;

	CHECK(notice_waits(listener, ASKED_MS));
	notice_recv(listener, &n);
	*pid = n.pid;
	CHECK_EQ(n.arg[0], NO_PROCESS);
	mem_make(&m, 1);
	pin = pin_install(listener, n.id, m.s.fd, &at, PAGE, 0);
	redirect = redir_arg(listener, &n, 0, 0);
	CHECK_EQ(pin, redirect);
	if (redirect)
		CHECK_EQ(notice_continue(listener, &n), 0);
	mem_free(&m);
	return redirect;
}

/* A child of the opener's is the target. */
struct plan {
	void (*opener)(void);
	void (*target)(void);
};

static void opener_kid(struct kid *k)
{
	const struct plan *p = k->arg;
	long go;

	p->opener();
	listener_hand(k, filter(NESTABLE, SYS_getpgid, ASK));
	if (!raw(SYS_fork)) {
		p->target();
		say(k, proc_status(getpid(), "NoNewPrivs"));
		say(k, raw(SYS_getpgid, NO_PROCESS));
		raw(SYS_exit_group, 0);
	}
	hear(k, &go);
}

static void child_is_redirected(const struct plan *p)
{
	struct kid k;
	pid_t pid;

	need_redirect();
	need_root();
	kid_start(&k, opener_kid, p);
	listener_take(&k);
	CHECK_EQ(both(k.listener, &pid), 0);
	CHECK(pid != k.pid);
	CONTROL_EQ(heard(&k), 0);
	CHECK_EQ(heard(&k), getpgrp());
	say(&k, 0);
	CHECK_EQ(ending(kid_wait(&k)), 0);
}

CASE(redirect_userns_below, "root's listener reaches the namespaces below")
{
	child_is_redirected(&(const struct plan){ as_we_are, in_userns });
}

CASE(redirect_userns_own, "that of a namespace's root reaches that namespace")
{
	child_is_redirected(&(const struct plan){ in_userns, as_we_are });
}

/* Gets the filter without no_new_privs, and that later. */
static void joiner_kid(struct kid *k)
{
	const int *pidfd = k->arg;

	say(k, clone_filter(*pidfd));
	say(k, raw(SYS_getpgid, NO_PROCESS));
	no_new_privs();
	say(k, raw(SYS_getpgid, NO_PROCESS));
}

static void inside_kid(struct kid *k)
{
	struct kid opener, joiner;
	pid_t pid;

	in_userns();
	kid_start(&opener, weak_opener_kid, NULL);
	listener_take(&opener);
	kid_start(&joiner, joiner_kid, &opener.pidfd);
	CONTROL_EQ(heard(&joiner), 0);
	CONTROL_EQ(proc_status(joiner.pid, "NoNewPrivs"), 0);
	CHECK_EQ(both(opener.listener, &pid), -EPERM);
	CHECK_EQ(pid, joiner.pid);
	CHECK_EQ(heard(&joiner), -ESRCH);
	CONTROL_EQ(both(opener.listener, &pid), 0);
	CONTROL_EQ(heard(&joiner), getpgrp());
	CHECK_EQ(ending(kid_wait(&joiner)), 0);
	say(&opener, 0);
	CHECK_EQ(ending(kid_wait(&opener)), 0);
	say(k, 1);
}

CASE(redirect_userns_dropped, "but not if that root had dropped CAP_SYS_ADMIN")
{
	struct kid k;

	need_redirect();
	need_root();
	if (!(overlay_features() & SECCOMP_OVERLAY_CLONE))
		skip("no cloning here");
	kid_start(&k, inside_kid, NULL);
	CHECK_EQ(heard(&k), 1);
	CHECK_EQ(ending(kid_wait(&k)), 0);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Redirect, very often: nothing is left of an answer when the call is over.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "play.h"
#include "redirkit.h"

#define TIMES 100000
#define SLACK_KB 2048		/* what the machine does meanwhile */

/* What can be reclaimed comes and goes. */
static long slab_kb(void)
{
	return meminfo_kb("SUnreclaim");
}

static const uint64_t substitutes[6] = { 0, 22, 33, 44, 55, 66 };

static void redirect_once(struct redir *t)
{
	struct notice n;

	redir_call(t);
	notice_recv(t->listener[0], &n);
	CHECK_EQ(redir_args(t->listener[0], &n, ALL_ARGS, substitutes), 0);
	CHECK_EQ(redir_result(t), getpgrp());
	CHECK(redir_untouched(t));
}

static void redirect_often(struct redir *t, unsigned int times)
{
	while (times--)
		redirect_once(t);
}

static void many(bool ia32)
{
	const long nr = ia32 ? IA32_getpgid : SYS_getpgid;
	long refs = module_refs(), held, kb;
	struct notice n;
	struct redir t;

	redir_start(&t, NULL);
	t.shot->ia32 = ia32;
	redir_ask(&t, nr);
	redir_load(&t, nr, NO_PROCESS, 2, 3, 4, 5, 6);
	redir_call(&t);
	redir_asked(&t, 0, &n);
	CHECK_EQ(notice_continue(t.listener[0], &n), 0);
	CONTROL_EQ(redir_result(&t), -ESRCH);
	redirect_often(&t, 200);
	held = module_refs();
	CONTROL(held > refs);
	kb = slab_kb();
	redirect_often(&t, scaled(TIMES));
	kb = slab_kb() - kb;
	diag("slabs grew by %ld kB", kb);
	CHECK(kb < SLACK_KB);
	CHECK_EQ(module_refs_fall_to(held), held);
	redir_end(&t);
	CHECK(module_refs_fall_to(refs) <= refs);
}

CASE_SLOW(redirect_many, "many redirects in a row leave nothing behind", 12)
{
	need_redirect();
	many(false);
}

CASE_SLOW(redirect_many_ia32, "many of a 32-bit caller do not, either", 12)
{
	need_redirect();
	need_ia32();
	many(true);
}

CASE_SLOW(redirect_many_pinned, "nor do many with a pointer", 12)
{
	unsigned int times = scaled(TIMES / 4), i;
	int file = memfd_create("file", MFD_CLOEXEC);
	uint32_t word = 0;
	redirection r;
	struct notice n;
	struct redir t;
	struct mem m;
	long kb = 0;

	redir_start(&t, NULL);
	mem_make(&m, 1);
	redir_ask(&t, SYS_pwrite64);
	redir_load(&t, SYS_pwrite64, file, (long)t.shot->text, 4, 0, 5, 6);
	for (i = 0; i < times; i++) {
		if (i == times / 10)
			kb = slab_kb();
		redir_call(&t);
		notice_recv(t.listener[0], &n);
		mem_pin(t.listener[0], &n, &m);
		memcpy(m.map + i % 1000, &i, sizeof(i));
		r = redirect_of(&n);
		mem_point(&r, &m, 1, i % 1000, sizeof(i));
		CHECK_EQ(send_redirect(t.listener[0], &r), 0);
		CHECK_EQ(redir_result(&t), sizeof(i));
		NEED(pread(file, &word, sizeof(word), 0) == sizeof(word));
		CHECK_EQ(word, i);
	}
	CHECK(slab_kb() - kb < SLACK_KB);
	CHECK_EQ(mappings_of(t.k.pid, m.s.fd), 1);
	redir_call(&t);
	redir_asked(&t, 0, &n);
	CHECK_EQ(notice_continue(t.listener[0], &n), 0);
	CONTROL_EQ(redir_result(&t), 4);
	NEED(pread(file, &word, sizeof(word), 0) == sizeof(word));
	CONTROL_EQ(word, 0);
	redir_end(&t);
	mem_free(&m);
}

/*
 * Tasks that end with what was redirected not yet restored. REFS: without them.
 */
static void dies_redirected(int pipe_end, int sig, long refs)
{
	struct notice n;
	struct redir t;

	redir_start(&t, NULL);
	redir_ask_arg(&t, SYS_read, 0, MARKED_FD);
	redir_load(&t, SYS_read, MARKED_FD, (long)t.shot->text, 8, 4, 5, 6);
	redir_call(&t);
	redir_asked(&t, 0, &n);
	CHECK_EQ(redir_arg(t.listener[0], &n, 0, pipe_end), 0);
	/* Half of them have not begun to read yet. */
	if (sig == SIGTERM)
		redir_blocked(&t, SYS_read, 0, pipe_end);
	CONTROL(module_refs_now() > refs);
	kill(t.k.pid, sig);
	CHECK_EQ(redir_reap(&t), SIGNALED(sig));
}

CASE_SLOW(redirect_many_deaths, "nor do many tasks that die in the call", 6)
{
	unsigned int times = scaled(1000), i;
	long refs = module_refs(), kb = 0;
	int p[2];

	need_redirect();
	NEED(!pipe(p));
	for (i = 0; i < times; i++) {
		if (i == times / 4)
			kb = slab_kb();
		dies_redirected(p[0], i & 1 ? SIGTERM : SIGKILL, refs);
	}
	CHECK(module_refs_fall_to(refs) <= refs);
	CHECK(slab_kb() - kb < 2 * SLACK_KB);
}

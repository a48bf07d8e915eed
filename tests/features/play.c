// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#include "play.h"

#define ALIVE 0x616c697665L

struct outcome {
	long word[PLAY_WORDS];
	int words;
	bool alive;
	int end;
};

long ask_seccomp(void)
{
	return raw(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, 0);
}

long ask_prctl(void)
{
	return raw(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
}

long ask_seccomp_ia32(void)
{
	return raw32(IA32_seccomp, SECCOMP_SET_MODE_STRICT, 0, 0);
}

long ask_prctl_ia32(void)
{
	return raw32(IA32_prctl, PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
}

void then_getpid(struct kid *k)
{
	say(k, raw(SYS_getpid) > 0);
}

void then_nothing(struct kid *k)
{
	(void)k;
}

long set_harmless(void)
{
	no_new_privs();
	return filter(0, SYS_personality, DENY);
}

void then_exec(struct kid *k)
{
	static char *argv[] = { "x", "--no-such-option", NULL };
	static char *envp[] = { NULL };

	(void)k;
	raw(SYS_execve, "/proc/self/exe", argv, envp);
}

long set_quiet(void)
{
	long fd = raw(SYS_openat, AT_FDCWD, "/dev/null", O_WRONLY);

	MUST(fd);
	raw(SYS_dup2, fd, 2);
	return set_harmless();
}

long set_nothing(void)
{
	return 0;
}

static void player(struct kid *k)
{
	const struct play *p = k->arg;
	long go = p->set();

	MUST(go);
	if (p->listens)
		listener_hand(k, go);
	hear(k, &go);
	say(k, p->ask ? p->ask() : 0);
	hear(k, &go);
	p->then(k);
	say(k, ALIVE);
	/* No filter of a play names this one; it is not on the list. */
	raw(SYS_getsid, 0);
	raw(SYS_exit, PLAY_CODE);
}

static void listen(struct kid *k, struct outcome *o)
{
	long word;

	while (hear(k, &word)) {
		if (word == ALIVE) {
			o->alive = true;
			continue;
		}
		NEED(o->words < PLAY_WORDS);
		o->word[o->words++] = word;
	}
}

static void play(const struct play *p, bool strict, struct outcome *o)
{
	struct play q = *p;
	struct kid k;

	memset(o, 0, sizeof(*o));
	if (!strict)
		q.ask = NULL;
	kid_start(&k, player, &q);
	if (q.listens)
		listener_take(&k);
	if (q.attach)
		q.attach(&k);
	say(&k, 0);
	CHECK_EQ(heard(&k), 0);
	say(&k, 0);
	if (q.drive)
		q.drive(&k, strict);
	listen(&k, o);
	o->end = ending(kid_wait(&k));
}

void play_dies_by(const struct play *p, int sig)
{
	struct outcome o;

	play(p, false, &o);
	CONTROL_EQ(o.end, p->code ? p->code : PLAY_CODE);
	CONTROL(o.alive || p->code);
	play(p, true, &o);
	CHECK_EQ(o.end, SIGNALED(sig));
	CHECK(!o.alive);
}

void play_dies(const struct play *p)
{
	play_dies_by(p, SIGKILL);
}

static bool said(const struct outcome *o, int n, const long *want)
{
	int i;

	for (i = 0; i < o->words; i++)
		if (i >= n || o->word[i] != want[i])
			diag("word %d is %ld, not %ld", i, o->word[i],
			     i < n ? want[i] : 0);
	return o->words == n && !memcmp(o->word, want, n * sizeof(*want));
}

void play_lives(const struct play *p, int n, const long *want)
{
	struct outcome o;

	play(p, false, &o);
	CONTROL(said(&o, n, want));
	CONTROL(o.alive);
	CONTROL_EQ(o.end, PLAY_CODE);
	play(p, true, &o);
	CHECK(said(&o, n, want));
	CHECK(o.alive);
	CHECK_EQ(o.end, SIGNALED(SIGKILL));
}

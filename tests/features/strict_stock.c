// SPDX-License-Identifier: GPL-2.0-only
/*
 * Strict mode after filters, held against the kernel's own: what the CPU may
 * guess, and calls that come from the vsyscall page.
 */
#define _GNU_SOURCE
#include <string.h>

#include "play.h"

/* Mitigations */

static const char *const fields[] = {
	"Speculation_Store_Bypass", "SpeculationIndirectBranch",
};

struct guesses {
	char text[ARRAY_SIZE(fields)][64];
};

struct subject {
	bool filtered;
	bool strict;
};

/* The filter itself leaves the CPU alone, so that what changes is strict's. */
static void subject_kid(struct kid *k)
{
	const struct subject *s = k->arg;
	long go;

	no_new_privs();
	if (s->filtered)
		MUST(filter(SECCOMP_FILTER_FLAG_SPEC_ALLOW, SYS_personality,
			    DENY));
	say(k, s->strict ? ask_seccomp() : 0);
	hear(k, &go);
	raw(SYS_exit, 0);
}

static struct guesses guesses_of(bool filtered, bool strict)
{
	const struct subject s = { filtered, strict };
	struct guesses g;
	unsigned int i;
	struct kid k;

	memset(&g, 0, sizeof(g));
	kid_start(&k, subject_kid, &s);
	CHECK_EQ(heard(&k), 0);
	for (i = 0; i < ARRAY_SIZE(fields); i++)
		proc_status_text(k.pid, fields[i], g.text[i],
				 sizeof(g.text[i]));
	say(&k, 0);
	CHECK_EQ(ending(kid_wait(&k)), 0);
	kid_close(&k);
	return g;
}

static bool same(const struct guesses *a, const struct guesses *b)
{
	unsigned int i;
	bool ok = true;

	for (i = 0; i < ARRAY_SIZE(fields); i++)
		ok &= !strcmp(a->text[i], b->text[i]);
	return ok;
}

CASE(strict_mitigations, "speculation is limited as in stock strict mode")
{
	const struct guesses plain = guesses_of(false, false);
	const struct guesses filtered = guesses_of(true, false);
	const struct guesses stock = guesses_of(false, true);
	const struct guesses ours = guesses_of(true, true);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fields); i++)
		diag("%s: %s; strict: %s, after a filter: %s", fields[i],
		     plain.text[i], stock.text[i], ours.text[i]);
	CONTROL(same(&filtered, &plain));
	CHECK(same(&ours, &stock));
	if (same(&stock, &plain))
		skip("strict mode changes nothing on this machine");
}

/* vsyscalls */

static long vsyscall_time(void)
{
	return ((long (*)(long *))0xffffffffff600400UL)(NULL);
}

static void vsyscall_kid(struct kid *k)
{
	say(k, vsyscall_time());
}

static void need_vsyscalls(void)
{
	struct kid k;
	long word;

	kid_start(&k, vsyscall_kid, NULL);
	if (!hear(&k, &word))
		skip("this kernel has no vsyscalls");
	kid_wait(&k);
}

static void then_vsyscall(struct kid *k)
{
	say(k, vsyscall_time() > 0);
}

static long set_denying(void)
{
	no_new_privs();
	return filter(0, SYS_time, DENY);
}

static void then_denied(struct kid *k)
{
	if (vsyscall_time() != -DENIED)
		raw(SYS_exit, 1);
	say(k, 1);
}

static long set_asking(void)
{
	no_new_privs();
	return filter(SECCOMP_FILTER_FLAG_NEW_LISTENER, SYS_time,
		      SECCOMP_RET_USER_NOTIF);
}

static void drive_answer(struct kid *k, bool strict)
{
	struct notice n;

	(void)strict;
	CHECK(notice_waits(k->listener, ASKED_MS));
	notice_recv(k->listener, &n);
	CHECK_EQ(n.nr, SYS_time);
	CHECK_EQ(notice_answer(k->listener, &n, 4711, 0), 0);
}

static void then_answered(struct kid *k)
{
	if (vsyscall_time() != 4711)
		raw(SYS_exit, 1);
	say(k, 1);
}

CASE(strict_vsyscall, "calls from the vsyscall page die as in strict mode")
{
	struct play p = { .ask = ask_seccomp, .then = then_vsyscall };

	need_vsyscalls();
	p.set = set_nothing;
	play_dies(&p);
	p.set = set_harmless;
	play_dies(&p);
	p.set = set_denying;
	p.then = then_denied;
	play_dies(&p);
	p.set = set_asking;
	p.then = then_answered;
	p.drive = drive_answer;
	p.listens = true;
	play_dies(&p);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Strict mode after filters: 32-bit callers, by int $0x80.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <unistd.h>

#include "play.h"

static long *low;

static long set_low(void)
{
	low = low_page();
	return set_harmless();
}

static struct play plan(void (*then)(struct kid *k))
{
	need_ia32();
	return (struct play){ .set = set_low, .ask = ask_seccomp,
			      .then = then };
}

static void then_getpid_ia32(struct kid *k)
{
	say(k, raw32(IA32_getpid) == k->pid);
}

CASE(strict_ia32_asks_seccomp, "a 32-bit caller of seccomp becomes strict")
{
	struct play p = plan(then_getpid);

	p.ask = ask_seccomp_ia32;
	play_dies(&p);
	p.then = then_getpid_ia32;
	play_dies(&p);
}

CASE(strict_ia32_asks_prctl, "a 32-bit caller of prctl becomes strict")
{
	struct play p = plan(then_getpid);

	p.ask = ask_prctl_ia32;
	play_dies(&p);
	p.then = then_getpid_ia32;
	play_dies(&p);
}

CASE(strict_ia32_unlisted, "32-bit calls of a strict task die")
{
	struct play p = plan(then_getpid_ia32);

	play_dies(&p);
}

static void then_talk_ia32(struct kid *k)
{
	*low = 0;
	raw32(IA32_read, k->in, low, sizeof(*low));
	++*low;
	raw32(IA32_write, k->out, low, sizeof(*low));
}

static void drive_talk(struct kid *k, bool strict)
{
	(void)strict;
	say(k, 41);
}

CASE(strict_ia32_read_write, "32-bit read and write work")
{
	struct play p = plan(then_talk_ia32);

	p.drive = drive_talk;
	LIVES(&p, 42);
}

static void exit_ia32_kid(struct kid *k)
{
	const long *ask = k->arg;

	MUST(set_harmless());
	say(k, *ask ? ask_seccomp() : 0);
	raw32(IA32_exit, 6);
}

CASE(strict_ia32_exit, "32-bit exit gives its code")
{
	struct kid k;

	need_ia32();
	kid_start(&k, exit_ia32_kid, &(long){ 0 });
	CHECK_EQ(heard(&k), 0);
	CONTROL_EQ(ending(kid_wait(&k)), 6);
	kid_start(&k, exit_ia32_kid, &(long){ 1 });
	CHECK_EQ(heard(&k), 0);
	CHECK_EQ(ending(kid_wait(&k)), 6);
}

static long call_number;

static void then_number_ia32(struct kid *k)
{
	say(k, raw32_no_stack(call_number));
}

static void then_number_native(struct kid *k)
{
	say(k, raw_no_stack(call_number));
}

CASE(strict_ia32_sigreturn, "32-bit sigreturn is listed, rt_sigreturn is not")
{
	struct play p = plan(then_number_ia32);

	/* Without a stack either ends in SIGSEGV if it may run at all. */
	p.code = SIGNALED(SIGSEGV);
	call_number = IA32_sigreturn;
	play_dies_by(&p, SIGSEGV);
	call_number = IA32_rt_sigreturn;
	play_dies_by(&p, SIGKILL);
}

static void numbers_die(struct play *p, const long *nr, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		call_number = nr[i];
		play_dies(p);
	}
}

CASE(strict_ia32_native_numbers, "numbers of the native list die by int 0x80")
{
	/* There: restart_syscall, chmod, umask. */
	const long nr[] = { SYS_read, SYS_rt_sigreturn, SYS_exit };
	struct play p = plan(then_number_ia32);

	numbers_die(&p, nr, 3);
}

CASE(strict_ia32_numbers, "numbers of the 32-bit list die by syscall")
{
	/* There: close, stat, setresgid. */
	const long nr[] = { IA32_read, IA32_write, IA32_sigreturn };
	struct play p = plan(then_number_native);

	numbers_die(&p, nr, 3);
}

static void then_exit_group_ia32(struct kid *k)
{
	(void)k;
	raw32(IA32_exit_group, 3);
}

CASE(strict_ia32_exit_group, "32-bit exit_group is not on the list")
{
	struct play p = plan(then_exit_group_ia32);

	p.code = 3;
	play_dies(&p);
}

static long set_deny_ia32(void)
{
	struct prog p = { .len = 0 };

	low = low_page();
	no_new_privs();
	prog_rule_arg(&p, AUDIT_ARCH_I386, IA32_write, 0, MARKED_FD, DENY);
	prog_rule(&p, AUDIT_ARCH_I386, IA32_getppid, DENY);
	return prog_install(&p, SECCOMP_RET_ALLOW, 0);
}

static void then_write_ia32(struct kid *k)
{
	say(k, raw32(IA32_write, MARKED_FD, low, 1));
	say(k, raw32(IA32_write, MARKED_FD + 1, low, 1));
	say(k, raw(SYS_write, MARKED_FD, low, 1));
}

static void then_getppid_ia32(struct kid *k)
{
	say(k, raw32(IA32_getppid));
}

CASE(strict_ia32_filtered, "filters judge 32-bit calls before the list does")
{
	struct play p = plan(then_write_ia32);

	p.set = set_deny_ia32;
	LIVES(&p, -DENIED, -EBADF, -EBADF);
	p.then = then_getppid_ia32;
	play_dies(&p);
}

static long set_supervise_ia32(void)
{
	struct prog p = { .len = 0 };

	no_new_privs();
	prog_rule_arg(&p, AUDIT_ARCH_I386, IA32_write, 0, MARKED_FD,
		      SECCOMP_RET_USER_NOTIF);
	prog_rule(&p, AUDIT_ARCH_I386, IA32_getppid, SECCOMP_RET_USER_NOTIF);
	return prog_install(&p, SECCOMP_RET_ALLOW,
			    SECCOMP_FILTER_FLAG_NEW_LISTENER);
}

static void then_write_ia32_once(struct kid *k)
{
	say(k, raw32(IA32_write, MARKED_FD, 0, 1));
}

static void drive_answer(struct kid *k, long nr)
{
	struct notice n;

	notice_recv(k->listener, &n);
	CHECK_EQ(n.nr, nr);
	CHECK_EQ(n.pid, k->pid);
	CHECK_EQ(notice_answer(k->listener, &n, 4711, 0), 0);
}

static void drive_write(struct kid *k, bool strict)
{
	(void)strict;
	drive_answer(k, IA32_write);
}

static void drive_getppid(struct kid *k, bool strict)
{
	(void)strict;
	drive_answer(k, IA32_getppid);
}

CASE(strict_ia32_supervised, "a supervisor is asked for 32-bit calls")
{
	struct play p = plan(then_write_ia32_once);

	p.set = set_supervise_ia32;
	p.listens = true;
	p.drive = drive_write;
	LIVES(&p, 4711);
	p.then = then_getppid_ia32;
	p.drive = drive_getppid;
	play_dies(&p);
}

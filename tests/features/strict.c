// SPDX-License-Identifier: GPL-2.0-only
/*
 * Strict mode after filters: what still works, what kills, and whom.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "play.h"

#ifndef PTRACE_SECCOMP_GET_FILTER
#define PTRACE_SECCOMP_GET_FILTER 0x420c
#endif

/* Asking, and what dies */

CASE(strict_by_seccomp, "seccomp(2) makes a filtered task strict")
{
	play_dies(&(struct play){ .set = set_harmless, .ask = ask_seccomp,
				  .then = then_getpid });
}

CASE(strict_by_prctl, "prctl(2) makes a filtered task strict")
{
	play_dies(&(struct play){ .set = set_harmless, .ask = ask_prctl,
				  .then = then_getpid });
}

static void then_exit_group(struct kid *k)
{
	(void)k;
	raw(SYS_exit_group, 3);
}

CASE(strict_exit_group, "exit_group is not on the list")
{
	play_dies(&(struct play){ .set = set_harmless, .ask = ask_seccomp,
				  .then = then_exit_group, .code = 3 });
}

CASE(strict_exec, "a strict task cannot execute another program")
{
	play_dies(&(struct play){ .set = set_quiet, .ask = ask_seccomp,
				  .then = then_exec, .code = 2 });
}

static void then_fork(struct kid *k)
{
	long pid = raw(SYS_fork);

	if (!pid)
		raw(SYS_exit_group, 0);
	say(k, pid > 0);
}

CASE(strict_fork, "a strict task cannot fork")
{
	play_dies(&(struct play){ .set = set_harmless, .ask = ask_seccomp,
				  .then = then_fork });
}

static void then_ask_seccomp(struct kid *k)
{
	say(k, raw(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 1, 0));
}

static void then_ask_again(struct kid *k)
{
	(void)k;
	ask_seccomp();
}

static void then_ask_prctl(struct kid *k)
{
	say(k, raw(SYS_prctl, PR_GET_SECCOMP));
}

CASE(strict_twice, "seccomp and prctl themselves are not on the list")
{
	struct play p = { .set = set_harmless, .ask = ask_seccomp };

	p.then = then_ask_seccomp;
	play_dies(&p);
	p.then = then_ask_prctl;
	play_dies(&p);
	/* Here it is then() that makes the control strict. */
	p.then = then_ask_again;
	p.code = SIGNALED(SIGKILL);
	play_dies(&p);
}

static void then_x32_read(struct kid *k)
{
	char c;

	raw(X32_BIT | SYS_read, k->in, &c, 0);
	say(k, 1);
}

CASE(strict_x32, "the number of read in the x32 table is not on the list")
{
	play_dies(&(struct play){ .set = set_harmless, .ask = ask_seccomp,
				  .then = then_x32_read });
}

static long set_warm_cache(void)
{
	long result = set_harmless();
	int i;

	for (i = 0; i < 1000; i++)
		raw(SYS_getpid);
	return result;
}

CASE(strict_cached_allow, "what the action cache lets through dies as well")
{
	play_dies(&(struct play){ .set = set_warm_cache, .ask = ask_seccomp,
				  .then = then_getpid });
}

static void then_many_reads(struct kid *k)
{
	long ok = 0;
	int i;

	for (i = 0; i < 1000; i++)
		ok += raw(SYS_read, k->in, NULL, 0) == 0;
	say(k, ok);
}

CASE(strict_cached_list, "a listed call that the cache knows goes on working")
{
	LIVES((&(struct play){ .set = set_harmless, .ask = ask_seccomp,
			       .then = then_many_reads }), 1000);
}

/* The list */

static void then_exit(struct kid *k)
{
	(void)k;
	raw(SYS_exit, 5);
}

static void exit_kid(struct kid *k)
{
	const long *ask = k->arg;

	MUST(set_harmless());
	say(k, *ask ? ask_seccomp() : 0);
	then_exit(k);
}

CASE(strict_exit, "exit is on the list and gives its code")
{
	long ask;

	for (ask = 0; ask < 2; ask++) {
		struct kid k;

		kid_start(&k, exit_kid, &ask);
		CHECK_EQ(heard(&k), 0);
		if (ask)
			CHECK_EQ(ending(kid_wait(&k)), 5);
		else
			CONTROL_EQ(ending(kid_wait(&k)), 5);
	}
}

static volatile sig_atomic_t handled;

static void on_signal(int sig)
{
	(void)sig;
	handled++;
}

static long set_handler(void)
{
	struct sigaction sa = { .sa_handler = on_signal,
				.sa_flags = SA_RESTART };

	sigaction(SIGUSR1, &sa, NULL);
	return set_harmless();
}

static void drive_signal(struct kid *k, bool strict)
{
	(void)strict;
	wait_asleep(k->pid);
	kill(k->pid, SIGUSR1);
	pause_ms(20);
	wait_asleep(k->pid);
	say(k, 41);
}

static void then_hear(struct kid *k)
{
	long word = 0;

	hear(k, &word);
	say(k, word + handled);
}

CASE(strict_sigreturn, "a handler runs, returns, and the read goes on")
{
	LIVES((&(struct play){ .set = set_handler, .ask = ask_seccomp,
			       .then = then_hear, .drive = drive_signal }), 42);
}

#define NATIVE_END 620
#define IA32_END 490
#define LIST_END (NATIVE_END + IA32_END + 8)

static long probe_number(int i)
{
	const long odd[8] = { -1, X32_BIT, X32_BIT + 1, X32_BIT + 15,
			      X32_BIT + 60, X32_BIT + 513, X32_BIT + 520,
			      0x7fffffff };

	if (i < NATIVE_END)
		return i;
	i -= NATIVE_END;
	return i < IA32_END ? i : odd[i - IA32_END];
}

static bool probe_is_ia32(int i)
{
	return i >= NATIVE_END && i < NATIVE_END + IA32_END;
}

static int probe(int i)
{
	int status = 0;
	pid_t pid = fork();

	NEED(pid >= 0);
	if (!pid) {
		if (ask_seccomp())
			raw(SYS_exit_group, 8);
		if (probe_is_ia32(i))
			raw32_no_stack(probe_number(i));
		else
			raw_no_stack(probe_number(i));
		raw(SYS_exit, 9);
	}
	NEED(waitpid(pid, &status, 0) == pid);
	return ending(status);
}

CASE_SLOW(strict_same_list, "the list is the kernel's own, number by number", 6)
{
	const int end = have_ia32() ? 0 : IA32_END;
	static int want[LIST_END];
	int i, lived = 0;

	for (i = 0; i < LIST_END; i++) {
		if (end && probe_is_ia32(i))
			continue;
		want[i] = probe(i);
		lived += want[i] != SIGNALED(SIGKILL);
	}
	CONTROL(lived >= 4);
	CONTROL(lived <= 16);
	CONTROL_EQ(want[SYS_read], 9);
	CONTROL_EQ(want[SYS_exit], 0);
	CONTROL_EQ(want[SYS_rt_sigreturn], SIGNALED(SIGSEGV));
	CONTROL_EQ(want[SYS_getpid], SIGNALED(SIGKILL));
	MUST(set_harmless());
	for (i = 0; i < LIST_END; i++) {
		int is;

		if (end && probe_is_ia32(i))
			continue;
		is = probe(i);
		if (is != want[i])
			diag("%s call %ld ends with %d, in strict mode %d",
			     probe_is_ia32(i) ? "32-bit" : "native",
			     probe_number(i), is, want[i]);
		CHECK_EQ(is, want[i]);
	}
	diag("%d numbers live", lived);
}

/* What filters say first */

static long set_deny_getpid(void)
{
	no_new_privs();
	return filter(0, SYS_getpid, DENY);
}

static void then_denied_getpid(struct kid *k)
{
	say(k, raw(SYS_getpid) == -DENIED);
}

CASE(strict_errno_unlisted, "a call that a filter refuses dies all the same")
{
	play_dies(&(struct play){ .set = set_deny_getpid, .ask = ask_seccomp,
				  .then = then_denied_getpid });
}

static long set_deny_write(void)
{
	no_new_privs();
	return filter_arg(0, SYS_write, 0, MARKED_FD, DENY);
}

static void then_marked_write(struct kid *k)
{
	say(k, raw(SYS_write, MARKED_FD, "x", 1));
	say(k, raw(SYS_write, MARKED_FD + 1, "x", 1));
}

CASE(strict_errno_listed, "a filter may still refuse a listed call")
{
	LIVES((&(struct play){ .set = set_deny_write, .ask = ask_seccomp,
			       .then = then_marked_write }), -DENIED, -EBADF);
}

static void on_sigsys(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	handled = info->si_syscall;
}

static long set_trap(long nr)
{
	struct sigaction sa = { .sa_sigaction = on_sigsys,
				.sa_flags = SA_SIGINFO };

	sigaction(SIGSYS, &sa, NULL);
	no_new_privs();
	return filter_arg(0, nr, 0, MARKED_FD, SECCOMP_RET_TRAP);
}

static long set_trap_write(void)
{
	return set_trap(SYS_write);
}

static long set_trap_close(void)
{
	return set_trap(SYS_close);
}

static void then_trapped(struct kid *k)
{
	handled = -1;
	raw(SYS_write, MARKED_FD, "x", 1);
	say(k, handled);
}

static void then_trapped_close(struct kid *k)
{
	handled = -1;
	raw(SYS_close, MARKED_FD);
	say(k, handled);
}

CASE(strict_trap_listed, "TRAP on a listed call runs the handler")
{
	LIVES((&(struct play){ .set = set_trap_write, .ask = ask_seccomp,
			       .then = then_trapped }), SYS_write);
}

CASE(strict_trap_unlisted, "TRAP on any other call does not save the task")
{
	play_dies(&(struct play){ .set = set_trap_close, .ask = ask_seccomp,
				  .then = then_trapped_close });
}

static long set_log(void)
{
	no_new_privs();
	MUST(filter_arg(0, SYS_write, 0, MARKED_FD, SECCOMP_RET_LOG));
	return filter(SECCOMP_FILTER_FLAG_LOG, SYS_getpid, SECCOMP_RET_LOG);
}

static void then_logged(struct kid *k)
{
	say(k, raw(SYS_write, MARKED_FD, "x", 1));
}

CASE(strict_log, "LOG lets a listed call run, and not another")
{
	LIVES((&(struct play){ .set = set_log, .ask = ask_seccomp,
			       .then = then_logged }), -EBADF);
	play_dies(&(struct play){ .set = set_log, .ask = ask_seccomp,
				  .then = then_getpid });
}

static long set_eight(void)
{
	int i;

	no_new_privs();
	for (i = 0; i < 8; i++)
		MUST(filter_arg(0, SYS_write, 0, MARKED_FD + i,
				SECCOMP_RET_ERRNO | (100 + i)));
	return 0;
}

static void then_eight(struct kid *k)
{
	int i;

	for (i = 0; i < 9; i++)
		say(k, raw(SYS_write, MARKED_FD + i, "x", 1));
}

CASE(strict_chain, "eight filters still judge, each of them")
{
	struct play p = { .set = set_eight, .ask = ask_seccomp,
			  .then = then_eight };

	LIVES(&p, -100, -101, -102, -103, -104, -105, -106, -107, -EBADF);
	p.then = then_getpid;
	play_dies(&p);
}

static long set_deny_ask(void)
{
	no_new_privs();
	MUST(filter_arg(0, SYS_prctl, 0, PR_SET_SECCOMP, DENY));
	return filter(0, SYS_seccomp, DENY);
}

static void refused_ask_kid(struct kid *k)
{
	CONTROL(raw(SYS_getppid) > 0);
	MUST(set_deny_ask());
	say(k, ask_seccomp());
	say(k, ask_prctl());
	say(k, raw(SYS_getpid) == k->pid);
}

CASE(strict_ask_denied, "a filter may deny the asking, which changes nothing")
{
	struct kid k;

	kid_start(&k, refused_ask_kid, NULL);
	CHECK_EQ(heard(&k), -DENIED);
	CHECK_EQ(heard(&k), -DENIED);
	CHECK_EQ(heard(&k), 1);
	CHECK_EQ(ending(kid_wait(&k)), 0);
	/* The same asking without that filter. */
	kid_start(&k, exit_kid, &(long){ 1 });
	CONTROL_EQ(heard(&k), 0);
	kid_wait(&k);
}

/* What one sees */

static void drive_status(struct kid *k, bool strict)
{
	long mode = proc_status(k->pid, "Seccomp");
	long filters = proc_status(k->pid, "Seccomp_filters");

	if (strict) {
		CHECK_EQ(mode, SECCOMP_MODE_FILTER);
		CHECK(filters == 8 || filters == 9);
	} else {
		CONTROL_EQ(mode, SECCOMP_MODE_FILTER);
		CONTROL_EQ(filters, 8);
	}
	diag("%s: %ld filters", strict ? "strict" : "before", filters);
	say(k, 1);
}

CASE(strict_proc_status, "/proc shows filter mode and a sane count")
{
	LIVES((&(struct play){ .set = set_eight, .ask = ask_seccomp,
			       .then = then_hear, .drive = drive_status }), 1);
}

static void then_rdtsc(struct kid *k)
{
	unsigned int low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	say(k, (low | high) != 0);
}

CASE(strict_tsc, "the time stamp counter is out of reach")
{
	play_dies_by(&(struct play){ .set = set_harmless, .ask = ask_seccomp,
				     .then = then_rdtsc }, SIGSEGV);
}

static void stop_it(struct kid *k, long options)
{
	int status;

	NEED(!ptrace(PTRACE_SEIZE, k->pid, NULL, options));
	NEED(!ptrace(PTRACE_INTERRUPT, k->pid, NULL, NULL));
	NEED(waitpid(k->pid, &status, __WALL) == k->pid);
	NEED(WIFSTOPPED(status));
}

/* The filter of set_harmless(), as it was given. */
static bool is_harmless(const struct sock_filter *f, long n)
{
	return n == 6 && f[1].k == SYS_personality && f[4].k == DENY &&
	       f[5].k == SECCOMP_RET_ALLOW;
}

static void drive_get_filter(struct kid *k, bool strict)
{
	struct sock_filter f[1024];
	int found = 0, i;
	long n;

	wait_asleep(k->pid);
	stop_it(k, 0);
	for (i = 0; i < 4; i++) {
		errno = 0;
		n = ptrace(PTRACE_SECCOMP_GET_FILTER, k->pid, i, f);
		diag("%s: filter %d: %ld %s", strict ? "strict" : "before", i,
		     n, n < 0 ? strerror(errno) : "");
		if (n < 0 && errno == EIO)
			skip("this kernel gives no filters to a tracer");
		if (n < 0 && errno == ENOENT)
			break;
		CHECK((n > 0 && n < 1024) || (n < 0 && errno == EMEDIUMTYPE));
		found += is_harmless(f, n);
	}
	CHECK_EQ(found, 1);
	CHECK(strict ? i == 1 || i == 2 : i == 1);
	NEED(!ptrace(PTRACE_DETACH, k->pid, NULL, NULL));
	say(k, 1);
}

CASE(strict_get_filter, "a tracer gets the filters of a strict task")
{
	need_root();
	LIVES((&(struct play){ .set = set_harmless, .ask = ask_seccomp,
			       .then = then_hear,
			       .drive = drive_get_filter }), 1);
}

static void then_getpid_twice(struct kid *k)
{
	long word;

	hear(k, &word);
	say(k, raw(SYS_getpid) == k->pid);
	hear(k, &word);
	say(k, raw(SYS_getpid) == k->pid);
}

static void drive_suspend(struct kid *k, bool strict)
{
	(void)strict;
	wait_asleep(k->pid);
	if (ptrace(PTRACE_SEIZE, k->pid, NULL, PTRACE_O_SUSPEND_SECCOMP))
		skip("this kernel cannot suspend seccomp");
	say(k, 0);
	CHECK_EQ(heard(k), 1);
	wait_asleep(k->pid);
	NEED(!ptrace(PTRACE_INTERRUPT, k->pid, NULL, NULL));
	NEED(waitpid(k->pid, NULL, __WALL) == k->pid);
	NEED(!ptrace(PTRACE_DETACH, k->pid, NULL, NULL));
	say(k, 0);
}

CASE(strict_suspended, "PTRACE_O_SUSPEND_SECCOMP suspends it, for its time")
{
	need_root();
	play_dies(&(struct play){ .set = set_harmless, .ask = ask_seccomp,
				  .then = then_getpid_twice,
				  .drive = drive_suspend });
}

/* True: the log tells of that process dying by SIGKILL in getpid. */
static bool audited(int log, pid_t pid)
{
	char line[8192], who[32];
	bool found = false;
	ssize_t n;

	snprintf(who, sizeof(who), " pid=%d ", pid);
	while ((n = read(log, line, sizeof(line) - 1)) > 0 ||
	       (n < 0 && errno == EPIPE)) {
		if (n < 0)
			continue;
		line[n] = 0;
		found |= strstr(line, "type=1326") && strstr(line, who) &&
			 strstr(line, " sig=9 ") &&
			 strstr(line, " syscall=39 ");
	}
	return found;
}

struct audit_plan {
	bool filtered;
	bool strict;
};

static void audit_kid(struct kid *k)
{
	const struct audit_plan *plan = k->arg;

	if (plan->filtered)
		MUST(set_harmless());
	say(k, plan->strict ? ask_seccomp() : 0);
	raw(SYS_getpid);
	raw(SYS_exit, 0);
}

/* Is its getpid() in the log as a death? */
static bool death_is_audited(const struct audit_plan *plan)
{
	int end = plan->strict ? SIGNALED(SIGKILL) : 0;
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	bool found = false;
	struct kid k;
	int i;

	NEED(log >= 0);
	lseek(log, 0, SEEK_END);
	kid_start(&k, audit_kid, plan);
	NEED(heard(&k) == 0);
	NEED(ending(kid_wait(&k)) == end);
	for (i = 0; i < 20 && !found; i++) {
		found = audited(log, k.pid);
		pause_ms(25);
	}
	close(log);
	return found;
}

/* The kernel drops such lines when there are many: wait and try again. */
static bool death_is_audited_once(const struct audit_plan *plan)
{
	int i;

	for (i = 0; i < 3; i++) {
		if (death_is_audited(plan))
			return true;
		pause_ms(5500);
	}
	return false;
}

CASE_SLOW(strict_audited, "such a death is in the audit log, as strict's is", 6)
{
	const struct audit_plan stock = { .strict = true };
	const struct audit_plan ours = { .filtered = true, .strict = true };
	const struct audit_plan lives = { .filtered = true };

	need_root();
	if (access("/dev/kmsg", R_OK))
		skip("no /dev/kmsg");
	if (!death_is_audited_once(&stock))
		skip("this machine does not log the deaths of strict mode");
	CHECK(death_is_audited_once(&ours));
	CONTROL(!death_is_audited(&lives));
}

/* Who may ask, and when */

static long set_then_drop(void)
{
	MUST(filter(0, SYS_personality, DENY));
	become_nobody();
	CONTROL_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
	CONTROL_EQ(filter(0, SYS_getppid, DENY), -EACCES);
	return 0;
}

CASE(strict_dropped, "the privilege that set the filters may be gone")
{
	struct play p = { .set = set_then_drop, .then = then_getpid };

	need_root();
	p.ask = ask_seccomp;
	play_dies(&p);
	p.ask = ask_prctl;
	play_dies(&p);
}

static void drive_mode1(struct kid *k, bool strict)
{
	if (strict)
		CHECK_EQ(proc_status(k->pid, "Seccomp"), SECCOMP_MODE_STRICT);
	else
		CONTROL_EQ(proc_status(k->pid, "Seccomp"),
			   SECCOMP_MODE_DISABLED);
	say(k, 0);
}

static void then_hear_getpid(struct kid *k)
{
	long word;

	hear(k, &word);
	then_getpid(k);
}

CASE(strict_alone, "without filters it is ordinary strict mode")
{
	struct play p = { .set = set_nothing, .then = then_hear_getpid,
			  .drive = drive_mode1 };

	p.ask = ask_seccomp;
	play_dies(&p);
	p.ask = ask_prctl;
	play_dies(&p);
}

static void fork_first_kid(struct kid *k)
{
	long word;

	MUST(set_harmless());
	if (!raw(SYS_fork)) {
		hear(k, &word);
		say(k, raw(SYS_getpid) > 0);
		raw(SYS_exit_group, 0);
	}
	say(k, ask_seccomp());
	/* The child hears our end by the parent's word, not by ours. */
	raw(SYS_getpid);
	raw(SYS_exit, 0);
}

CASE(strict_fork_before, "a child from before is not concerned")
{
	struct kid k;
	long word;

	kid_start(&k, fork_first_kid, NULL);
	CHECK_EQ(heard(&k), 0);
	CHECK_EQ(ending(kid_wait(&k)), SIGNALED(SIGKILL));
	say(&k, 0);
	CONTROL(hear(&k, &word));
	CONTROL_EQ(word, 1);
}

static void filtered_kid(struct kid *k)
{
	long word;

	say(k, set_harmless());
	hear(k, &word);
}

static void strict_kid(struct kid *k)
{
	long word;

	MUST(set_harmless());
	say(k, ask_seccomp());
	hear(k, &word);
	raw(SYS_exit, 0);
}

CASE(strict_module_refs, "a strict task holds the module until it is gone")
{
	const long before = module_refs();
	struct kid k;

	if (before < 0)
		skip("/sys does not tell the module's reference count");
	kid_start(&k, filtered_kid, NULL);
	CONTROL_EQ(heard(&k), 0);
	CONTROL_EQ(module_refs(), before);
	say(&k, 0);
	kid_wait(&k);
	kid_start(&k, strict_kid, NULL);
	CHECK_EQ(heard(&k), 0);
	CHECK(module_refs() > before);
	say(&k, 0);
	CHECK_EQ(ending(kid_wait(&k)), 0);
	CHECK_EQ(module_refs_fall_to(before), before);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults in the operations of seccomp(2): what is there, strict mode, filters
 * with each flag and in each place of a chain, clones.
 */
#define _GNU_SOURCE
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>

#include "fault.h"

#define LOG SECCOMP_FILTER_FLAG_LOG
#define SPEC_ALLOW SECCOMP_FILTER_FLAG_SPEC_ALLOW
#define ALL_FLAGS (NESTABLE | SEQUENTIAL | KILLABLE | LOG | SPEC_ALLOW)

static long ask_info(long unused)
{
	struct seccomp_overlay_info info = { .size = sizeof(info) };

	(void)unused;
	return raw(SYS_seccomp, SECCOMP_GET_OVERLAY_INFO, 0, &info);
}

CASE(fault_info, "faults while asking what there is")
{
	try_subject(&(struct subject){ "info", .op = ask_info });
	module_is_unused();
}

/* Strict mode */

static void under_filter(void)
{
	MUST(filter(0, SYS_getppid, DENY));
}

static long go_strict(long unused)
{
	(void)unused;
	return raw(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL);
}

static long go_strict_by_prctl(long unused)
{
	(void)unused;
	return raw(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
}

CASE_SLOW(fault_strict, "faults in strict mode after filters", 8)
{
	try_subject(&(struct subject){ "strict", under_filter, go_strict,
				       .filters = 1 });
	try_subject(&(struct subject){ "strict, by prctl", under_filter,
				       go_strict_by_prctl, .filters = 1 });
	module_is_unused();
}

/* Filters. What a task is under already asks about another call. */

static long install(long flags)
{
	return filter(flags, TOUCHED_NR, flags & NEW_LISTENER ? ASK : DENY);
}

static void under_listener(void)
{
	MUST(filter(NESTABLE, SYS_getppid, ASK));
}

static void under_stock_listener(void)
{
	MUST(filter(NEW_LISTENER, SYS_getppid, ASK));
}

CASE_SLOW(fault_listener, "faults in a first overlay listener", 8)
{
	try_subject(&(struct subject){ "listener", NULL, install, NESTABLE,
				       .filters = 1, .fds = 1 });
	module_is_unused();
}

CASE_SLOW(fault_nested, "faults in a nested listener with all flags", 8)
{
	try_subject(&(struct subject){ "nested", under_listener, install,
				       ALL_FLAGS, .filters = 1, .fds = 1 });
	module_is_unused();
}

CASE_SLOW(fault_implicit, "faults in a nested listener by implicit", 8)
{
	implicit(true);
	try_subject(&(struct subject){ "implicit, nested", under_stock_listener,
				       install, NEW_LISTENER, .filters = 1,
				       .fds = 1 });
	module_is_unused();
}

CASE_SLOW(fault_refused, "faults in a listener that is refused", 8)
{
	try_subject(&(struct subject){ "refused", under_stock_listener, install,
				       NESTABLE, .refused = EBUSY });
	module_is_unused();
}

CASE_SLOW(fault_below, "faults in a plain filter below a listener", 8)
{
	try_subject(&(struct subject){ "plain, below", under_listener, install,
				       .filters = 1 });
	module_is_unused();
}

CASE_SLOW(fault_sequential, "faults in a sequential filter", 8)
{
	try_subject(&(struct subject){ "sequential", NULL, install, SEQUENTIAL,
				       .filters = 1 });
	module_is_unused();
}

/* Beside a thread */

static struct thr thread;

static void stay(struct kid *k)
{
	long word;

	hear(k, &word);
}

static void with_thread(void)
{
	thr_start(&thread, stay, NULL);
}

static void with_thread_under_listener(void)
{
	under_listener();
	with_thread();
}

CASE_SLOW(fault_threads, "faults in filters of a task with threads", 16)
{
	try_subject(&(struct subject){ "plain, with a thread", with_thread,
				       install, .filters = 1 });
	try_subject(&(struct subject){ "TSYNC, sequential", with_thread,
				       install, TSYNC | SEQUENTIAL,
				       .filters = 2 });
	try_subject(&(struct subject){ "TSYNC, nested",
				       with_thread_under_listener, install,
				       TSYNC | TSYNC_ESRCH | NESTABLE,
				       .filters = 2, .fds = 1 });
	module_is_unused();
}

/* 32-bit */

static struct {
	struct sock_filter insn[4];
	struct {
		uint16_t len;
		uint32_t filter;
	} prog;
} *low;

static void with_low_program(void)
{
	const struct sock_filter insn[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TOUCHED_NR, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, ASK),
		BPF_STMT(BPF_RET | BPF_K, PASS),
	};

	under_listener();
	low = low_page();
	memcpy(low->insn, insn, sizeof(insn));
	low->prog.len = ARRAY_SIZE(insn);
	low->prog.filter = (long)low->insn;
}

static long install_ia32(long flags)
{
	return raw32(IA32_seccomp, SECCOMP_SET_MODE_FILTER, flags, &low->prog);
}

CASE_SLOW(fault_ia32, "faults in a nested listener of a 32-bit caller", 8)
{
	need_ia32();
	try_subject(&(struct subject){ "nested, 32-bit", with_low_program,
				       install_ia32, NESTABLE, .filters = 1,
				       .fds = 1 });
	module_is_unused();
}

/* Clones */

static long clone_of(long pidfd)
{
	int fd = pidfd;

	return raw(SYS_seccomp, SECCOMP_CLONE_FILTER, 0, &fd);
}

static void under_nested(void)
{
	under_listener();
	under_listener();
}

static void be_source(struct kid *k)
{
	void (*const *chain)(void) = k->arg;

	no_new_privs();
	(*chain)();
	say(k, 0);
	stay(k);
}

static void try_clone(const char *name, void (*chain)(void), long filters)
{
	struct kid source;

	kid_start(&source, be_source, &chain);
	heard(&source);
	try_subject(&(struct subject){ name, NULL, clone_of, source.pidfd,
				       .filters = filters });
	kid_kill(&source);
}

CASE_SLOW(fault_clone, "faults in clones", 16)
{
	try_clone("clone", under_filter, 1);
	try_clone("clone, nested", under_nested, 2);
	module_is_unused();
}

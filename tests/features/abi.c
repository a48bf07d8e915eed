// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel answered before the module it answers with it: programs
 * probe seccomp(2) by errno.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit.h"

#define FLAG_BIT6 (1UL << 6)
#define FLAG_SEQUENTIAL (1UL << 30)

/* The two ioctls of overlay listeners, whose structures are not ours here. */
#define IOCTL_PIN_INSTALL _IOC(_IOC_READ | _IOC_WRITE, '!', 5, 40)
#define IOCTL_SEND_REDIRECT _IOC(_IOC_WRITE, '!', 6, 120)

static struct sock_filter allow_insn[] = {
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

static struct sock_fprog allow_all = { 1, allow_insn };

static long set_filter(unsigned long flags, const void *prog)
{
	return raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, prog);
}

static void good_strict(struct kid *k)
{
	say(k, raw(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL));
	raw(SYS_exit, 0);
}

/* The same question, asked rightly, is answered. */
static void control_strict(void)
{
	struct kid k;

	kid_start(&k, good_strict, NULL);
	CONTROL_EQ(heard(&k), 0);
	kid_wait(&k);
}

static void strict_args(void)
{
	static char here;

	CHECK_EQ(raw(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 1, NULL), -EINVAL);
	CHECK_EQ(raw(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 1UL << 30, NULL),
		 -EINVAL);
	CHECK_EQ(raw(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, &here), -EINVAL);
	CHECK_EQ(raw(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 1, &here), -EINVAL);
	/* And none of these made us strict. */
	CHECK(raw(SYS_getppid) > 0);
}

CASE(abi_strict_args, "strict mode takes neither flags nor arguments")
{
	control_strict();
	strict_args();
	no_new_privs();
	MUST(set_filter(0, &allow_all));
	control_strict();
	strict_args();
	CHECK_EQ(prctl(PR_GET_SECCOMP), SECCOMP_MODE_FILTER);
}

CASE(abi_unknown_ops, "an unknown operation is EINVAL")
{
	const long ops[] = { 5, 6, 7, 100, 0x4f564c58, 0x4f564c5a,
			     0x7fffffff, 0xffffffff };
	unsigned int i;

	no_new_privs();
	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		CHECK_EQ(raw(SYS_seccomp, ops[i], 0, NULL), -EINVAL);
		CHECK_EQ(raw(SYS_seccomp, ops[i], 0, &allow_all), -EINVAL);
		CHECK_EQ(raw(SYS_seccomp, ops[i], 1, &allow_all), -EINVAL);
	}
	CHECK_EQ(prctl(PR_GET_SECCOMP), SECCOMP_MODE_DISABLED);
	CONTROL_EQ(raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &allow_all), 0);
}

CASE(abi_unknown_flags, "an unknown flag is EINVAL, with or without a filter")
{
	int bit;

	no_new_privs();
	for (bit = 7; bit < 32; bit++) {
		if (bit == 30)
			continue;
		CHECK_EQ(set_filter(1UL << bit, NULL), -EINVAL);
		CHECK_EQ(set_filter(1UL << bit, &allow_all), -EINVAL);
		CHECK_EQ(set_filter(1UL << bit | 1, &allow_all), -EINVAL);
	}
	CHECK_EQ(prctl(PR_GET_SECCOMP), SECCOMP_MODE_DISABLED);
	CONTROL_EQ(set_filter(0, &allow_all), 0);
}

CASE(abi_known_flags, "a known flag with a NULL filter is EFAULT")
{
	const unsigned long flags[] = {
		0, SECCOMP_FILTER_FLAG_TSYNC, SECCOMP_FILTER_FLAG_LOG,
		SECCOMP_FILTER_FLAG_SPEC_ALLOW,
		SECCOMP_FILTER_FLAG_NEW_LISTENER,
		SECCOMP_FILTER_FLAG_TSYNC_ESRCH,
		SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_NEW_LISTENER |
		SECCOMP_FILTER_FLAG_TSYNC_ESRCH,
	};
	unsigned int i;

	no_new_privs();
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		CHECK_EQ(set_filter(flags[i], NULL), -EFAULT);
	CHECK_EQ(set_filter(SECCOMP_FILTER_FLAG_TSYNC |
			    SECCOMP_FILTER_FLAG_NEW_LISTENER, &allow_all),
		 -EINVAL);
	CHECK_EQ(set_filter(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, NULL),
		 -EINVAL);
	CONTROL_EQ(set_filter(SECCOMP_FILTER_FLAG_LOG, &allow_all), 0);
}

CASE(abi_bit6, "bit 6 asks for an overlay listener where there are any")
{
	const bool on = overlay_features() &
			(SECCOMP_OVERLAY_NESTED | SECCOMP_OVERLAY_REDIRECT);
	const unsigned long both = FLAG_BIT6 | SECCOMP_FILTER_FLAG_NEW_LISTENER;

	no_new_privs();
	CHECK_EQ(set_filter(FLAG_BIT6, NULL), -EINVAL);
	CHECK_EQ(set_filter(FLAG_BIT6, &allow_all), -EINVAL);
	CHECK_EQ(set_filter(both, NULL), on ? -EFAULT : -EINVAL);
	if (!on)
		CHECK_EQ(set_filter(both, &allow_all), -EINVAL);
	CONTROL(set_filter(SECCOMP_FILTER_FLAG_NEW_LISTENER, &allow_all) > 0);
}

CASE(abi_bit30, "bit 30 asks for sequential evaluation where there is any")
{
	const bool on = overlay_features() & SECCOMP_OVERLAY_SEQUENTIAL;

	no_new_privs();
	CHECK_EQ(set_filter(FLAG_SEQUENTIAL, NULL), on ? -EFAULT : -EINVAL);
	if (!on)
		CHECK_EQ(set_filter(FLAG_SEQUENTIAL, &allow_all), -EINVAL);
	CONTROL_EQ(set_filter(0, &allow_all), 0);
}

static long avail(unsigned long flags, const uint32_t *action)
{
	return raw(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, flags, action);
}

CASE(abi_action_avail, "SECCOMP_GET_ACTION_AVAIL answers as ever")
{
	const uint32_t known[] = {
		SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD,
		SECCOMP_RET_TRAP, SECCOMP_RET_ERRNO, SECCOMP_RET_USER_NOTIF,
		SECCOMP_RET_TRACE, SECCOMP_RET_LOG, SECCOMP_RET_ALLOW,
	};
	const uint32_t unknown[] = { 0x7ffe0000, 0x00010000, 0xf0000000,
				     0x7fc00001 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		CONTROL_EQ(avail(0, &known[i]), 0);
	for (i = 0; i < ARRAY_SIZE(unknown); i++)
		CHECK_EQ(avail(0, &unknown[i]), -EOPNOTSUPP);
	CHECK_EQ(avail(1, &known[0]), -EINVAL);
	CHECK_EQ(avail(0, NULL), -EFAULT);
}

CASE(abi_notif_sizes, "SECCOMP_GET_NOTIF_SIZES answers as ever")
{
	struct seccomp_notif_sizes sizes = { 0 };

	CHECK_EQ(raw(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 1, &sizes),
		 -EINVAL);
	CHECK_EQ(raw(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, NULL), -EFAULT);
	CONTROL_EQ(raw(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes), 0);
	CHECK_EQ(sizes.seccomp_notif, 80);
	CHECK_EQ(sizes.seccomp_notif_resp, 24);
	CHECK_EQ(sizes.seccomp_data, 64);
}

static long set_seccomp(long mode, const void *arg)
{
	return raw(SYS_prctl, PR_SET_SECCOMP, mode, arg);
}

CASE(abi_prctl, "prctl answers as ever")
{
	CHECK_EQ(prctl(PR_GET_SECCOMP), SECCOMP_MODE_DISABLED);
	CHECK_EQ(set_seccomp(0, NULL), -EINVAL);
	CHECK_EQ(set_seccomp(3, NULL), -EINVAL);
	CHECK_EQ(set_seccomp(4, &allow_all), -EINVAL);
	CHECK_EQ(set_seccomp(99, NULL), -EINVAL);
	CHECK_EQ(set_seccomp(SECCOMP_MODE_FILTER, NULL), -EFAULT);
	no_new_privs();
	CONTROL_EQ(set_seccomp(SECCOMP_MODE_FILTER, &allow_all), 0);
	CHECK_EQ(prctl(PR_GET_SECCOMP), SECCOMP_MODE_FILTER);
	CHECK_EQ(set_seccomp(0, NULL), -EINVAL);
	CHECK_EQ(set_seccomp(3, NULL), -EINVAL);
}

CASE(abi_filter_errors, "a filter is refused as ever")
{
	struct sock_filter no_return[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
	};
	struct sock_filter beyond[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { 0, allow_insn };

	need_root();
	become_nobody();
	CHECK_EQ(set_filter(0, &allow_all), -EACCES);
	no_new_privs();
	CHECK_EQ(set_filter(0, &prog), -EINVAL);
	prog.len = 4097;
	CHECK_EQ(set_filter(0, &prog), -EINVAL);
	prog = (struct sock_fprog){ 1, no_return };
	CHECK_EQ(set_filter(0, &prog), -EINVAL);
	prog = (struct sock_fprog){ 2, beyond };
	CHECK_EQ(set_filter(0, &prog), -EINVAL);
	prog = (struct sock_fprog){ 1, NULL };
	CHECK_EQ(set_filter(0, &prog), -EINVAL);
	prog = (struct sock_fprog){ 1, (struct sock_filter *)64 };
	CHECK_EQ(set_filter(0, &prog), -EFAULT);
	CONTROL_EQ(set_filter(0, &allow_all), 0);
}

CASE(abi_listeners, "stock listeners: one a chain, and no overlay ioctls")
{
	char arg[128] = { 0 };
	struct notice n = { .id = 1 };
	long fd;

	if (overlay_features() & SECCOMP_OVERLAY_IMPLICIT)
		skip("the module's parameter implicit is on");
	no_new_privs();
	fd = set_filter(SECCOMP_FILTER_FLAG_NEW_LISTENER, &allow_all);
	CONTROL(fd > 0);
	CHECK_EQ(set_filter(SECCOMP_FILTER_FLAG_NEW_LISTENER, &allow_all),
		 -EBUSY);
	CHECK_EQ(raw(SYS_ioctl, fd, IOCTL_PIN_INSTALL, arg), -EINVAL);
	CHECK_EQ(raw(SYS_ioctl, fd, IOCTL_SEND_REDIRECT, arg), -EINVAL);
	CHECK_EQ(raw(SYS_ioctl, fd, _IO('!', 100), arg), -EINVAL);
	CONTROL_EQ(notice_answer(fd, &n, 0, 0), -ENOENT);
	raw(SYS_close, fd);
	CHECK(set_filter(SECCOMP_FILTER_FLAG_NEW_LISTENER, &allow_all) > 0);
}

CASE(abi_ia32, "32-bit probes are answered as ever")
{
	struct sock_filter *insn = low_page();
	struct {
		uint16_t len;
		uint16_t pad;
		uint32_t filter;
	} *prog = low_page();

	need_ia32();
	*insn = allow_insn[0];
	prog->len = 1;
	prog->filter = (uint32_t)(uintptr_t)insn;
	no_new_privs();
	CHECK_EQ(raw32(IA32_seccomp, SECCOMP_SET_MODE_STRICT, 1, 0), -EINVAL);
	CHECK_EQ(raw32(IA32_seccomp, SECCOMP_SET_MODE_STRICT, 0, prog),
		 -EINVAL);
	CHECK_EQ(raw32(IA32_seccomp, 5, 0, 0), -EINVAL);
	CHECK_EQ(raw32(IA32_seccomp, SECCOMP_SET_MODE_FILTER, 1, 0), -EFAULT);
	CHECK_EQ(raw32(IA32_seccomp, SECCOMP_SET_MODE_FILTER, 1 << 20, prog),
		 -EINVAL);
	CHECK_EQ(raw32(IA32_prctl, PR_SET_SECCOMP, 99, 0), -EINVAL);
	CONTROL_EQ(raw32(IA32_seccomp, SECCOMP_SET_MODE_FILTER, 0, prog), 0);
	CHECK_EQ(raw32(IA32_prctl, PR_GET_SECCOMP), SECCOMP_MODE_FILTER);
}

/* A stock chain, and what each action does to it. */

static void verdict_kid(struct kid *k)
{
	const uint32_t *action = k->arg;

	no_new_privs();
	MUST(filter(0, SYS_getppid, *action));
	say(k, raw(SYS_getppid) == raw(SYS_getppid));
	say(k, raw(SYS_getppid) < 0 ? raw(SYS_getppid) : 0);
}

static int verdict_of(uint32_t action, long word[2])
{
	struct kid k;

	word[0] = word[1] = 1;
	kid_start(&k, verdict_kid, &action);
	if (hear(&k, &word[0]))
		hear(&k, &word[1]);
	return ending(kid_wait(&k));
}

static void verdicts_are_stock(void (*verify)(long is, long want))
{
	const struct {
		uint32_t action;
		int end;
		long word;
	} table[] = {
		{ SECCOMP_RET_ALLOW, 0, 0 },
		{ SECCOMP_RET_LOG, 0, 0 },
		{ DENY, 0, -DENIED },
		{ SECCOMP_RET_ERRNO, 0, 0 },
		{ SECCOMP_RET_ERRNO | 0xffff, 0, -4095 },
		{ SECCOMP_RET_TRACE, 0, -ENOSYS },
		{ SECCOMP_RET_USER_NOTIF, 0, -ENOSYS },
		{ SECCOMP_RET_TRAP, SIGNALED(SIGSYS), 1 },
		{ SECCOMP_RET_KILL_THREAD, SIGNALED(SIGSYS), 1 },
		{ SECCOMP_RET_KILL_PROCESS, SIGNALED(SIGSYS), 1 },
		{ 0x00010000, SIGNALED(SIGSYS), 1 },
	};
	unsigned int i;
	long word[2];

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		verify(verdict_of(table[i].action, word), table[i].end);
		verify(word[1], table[i].word);
	}
}

static void verify_check(long is, long want)
{
	CHECK_EQ(is, want);
}

static void verify_control(long is, long want)
{
	CONTROL_EQ(is, want);
}

static void strict_after_filter(struct kid *k)
{
	long word;

	no_new_privs();
	MUST(filter(0, SYS_getppid, DENY));
	say(k, raw(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL));
	hear(k, &word);
	raw(SYS_getpid);
	say(k, 1);
}

CASE_SLOW(abi_stock_chains, "stock chains stay stock beside an overlay one", 2)
{
	struct kid k;

	verdicts_are_stock(verify_control);
	kid_start(&k, strict_after_filter, NULL);
	CONTROL_EQ(heard(&k), 0);
	verdicts_are_stock(verify_check);
	say(&k, 0);
	CONTROL_EQ(ending(kid_wait(&k)), SIGNALED(SIGKILL));
	verdicts_are_stock(verify_check);
}

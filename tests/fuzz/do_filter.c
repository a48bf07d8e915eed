// SPDX-License-Identifier: GPL-2.0-only
/* Operations of seccomp(2), and what changes how the module does them. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "ops.h"

#define FILTER_MAX 1100

/* Bits of a filter's shape; the others choose what is wrong with it. */
enum {
	SHAPE_HOSTILE	= 1,		/* quiet calls are judged too */
	SHAPE_CACHED	= 2,		/* some calls are always allowed */
	SHAPE_NATIVE	= 4,		/* rules are for 64-bit calls only */
};

enum {
	WRONG_NOTHING,
	WRONG_EMPTY,
	WRONG_LENGTH,
	WRONG_END,
	WRONG_LOAD,
	WRONG_INSNS,
	WRONG_PROGRAM,
	LONG_PROGRAM,			/* nothing wrong */
};

enum {
	BY_SECCOMP,
	BY_PRCTL,
	BY_IA32,
	BY_NULL,
};

struct builder {
	struct sock_filter *insn;
	unsigned int n;
};

static void add(struct builder *b, struct sock_filter insn)
{
	b->insn[b->n++] = insn;
}

static void load(struct builder *b, unsigned int offset)
{
	add(b, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset));
}

static void jump(struct builder *b, int op, uint32_t value, int yes, int no)
{
	add(b, (struct sock_filter)BPF_JUMP(BPF_JMP | op | BPF_K, value, yes,
					    no));
}

static void answer(struct builder *b, uint32_t action)
{
	add(b, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

#define ARG(i) (offsetof(struct seccomp_data, args) + 8 * (i))

static void let_quiet_pass(struct builder *b)
{
	load(b, ARG(5));
	jump(b, BPF_JEQ, QUIET, 0, 1);
	answer(b, SECCOMP_RET_ALLOW);
}

static void let_some_pass(struct builder *b)
{
	load(b, offsetof(struct seccomp_data, nr));
	jump(b, BPF_JEQ, SYS_getuid, 1, 0);
	jump(b, BPF_JEQ, SYS_uname, 0, 1);
	answer(b, SECCOMP_RET_ALLOW);
}

int ia32_nr(int nr)
{
	switch (nr) {
	case SYS_getuid:
		return IA32_getuid;
	case SYS_read:
		return IA32_read;
	case SYS_write:
		return IA32_write;
	case SYS_umask:
		return IA32_umask;
	case SYS_exit:
		return IA32_exit;
	case SYS_exit_group:
		return IA32_exit_group;
	case SYS_seccomp:
		return IA32_seccomp;
	case SYS_sethostname:
		return 74;
	case SYS_nanosleep:
		return 162;
	case SYS_pause:
		return 29;
	case SYS_restart_syscall:
		return IA32_restart_syscall;
	default:
		return IA32_getppid;
	}
}

/*
 * A rule: action in the upper half; a number, all ones for any; an argument, 0
 * for none, which must be that value, or with 0x80 above it.
 */
static void add_rule(struct builder *b, uint64_t rule, bool native)
{
	uint32_t action = rule >> 32, nr = rule >> 16 & 0xffff;
	unsigned int which = rule >> 8 & 0x7f;
	bool above = rule >> 15 & 1;
	unsigned int rest = which ? 3 : 1;

	if (!rule)
		return;
	if (native) {
		load(b, offsetof(struct seccomp_data, arch));
		jump(b, BPF_JEQ, AUDIT_ARCH_X86_64, 0,
		     (nr == 0xffff ? 0 : 3) + rest);
	}
	if (nr != 0xffff) {
		load(b, offsetof(struct seccomp_data, nr));
		jump(b, BPF_JEQ, nr, 1, 0);
		jump(b, BPF_JEQ, ia32_nr(nr), 0, rest);
	}
	if (which) {
		load(b, ARG((which - 1) % 6));
		jump(b, above ? BPF_JGT : BPF_JEQ, rule & 0xff, 0, 1);
	}
	answer(b, action);
}

/* The arguments of "install". */
static unsigned int build_filter(struct sock_filter *insn, const uint64_t *a)
{
	struct builder b = { .insn = insn };
	unsigned int wrong = a[1] >> 4 & 7;
	int i;

	if (!(a[1] & SHAPE_HOSTILE))
		let_quiet_pass(&b);
	if (a[1] & SHAPE_CACHED)
		let_some_pass(&b);
	for (i = 3; i < 6; i++)
		add_rule(&b, a[i], a[1] & SHAPE_NATIVE);
	for (i = 0; wrong == LONG_PROGRAM && i < 1000; i++)
		load(&b, ARG(i % 6));
	if (wrong == WRONG_LOAD)
		load(&b, 2);
	if (wrong != WRONG_END)
		answer(&b, a[2]);
	return b.n;
}

static long install_ia32(struct actor *self, uint32_t flags,
			 const struct sock_filter *insn, unsigned int len)
{
	struct {
		uint16_t len;
		uint32_t filter;
		struct sock_filter insn[];
	} *low = own_page(self);

	/* A page is what there is. */
	if (len > (PAGE - sizeof(*low)) / sizeof(*insn))
		len = (PAGE - sizeof(*low)) / sizeof(*insn);
	memcpy(low->insn, insn, len * sizeof(*insn));
	low->len = len;
	low->filter = (uintptr_t)low->insn;
	return raw32(IA32_seccomp, SECCOMP_SET_MODE_FILTER, flags, low);
}

DO(install)
{
	struct sock_filter insn[FILTER_MAX];
	struct sock_fprog f = { .filter = insn };
	unsigned int wrong = a[1] >> 4 & 7;

	f.len = build_filter(insn, a);
	if (wrong == WRONG_EMPTY)
		f.len = 0;
	if (wrong == WRONG_LENGTH)
		f.len = BPF_MAXINSNS + 1;
	if (wrong == WRONG_INSNS)
		f.filter = (void *)SCRATCH_HOLE;
	switch (a[1] >> 8 & 3) {
	case BY_PRCTL:
		return raw(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &f);
	case BY_IA32:
		return install_ia32(self, a[0], insn, f.len);
	case BY_NULL:
		return raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, a[0], NULL);
	default:
		return raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, a[0],
			   wrong == WRONG_PROGRAM ? (void *)SCRATCH_HOLE : &f);
	}
}

long install_guard(uint32_t action)
{
	struct sock_filter insn[16];
	struct builder b = { .insn = insn };
	struct sock_fprog f = { .filter = insn };

	load(&b, offsetof(struct seccomp_data, arch));
	jump(&b, BPF_JEQ, AUDIT_ARCH_X86_64, 0, 2);
	load(&b, offsetof(struct seccomp_data, nr));
	jump(&b, BPF_JEQ, SYS_sethostname, 3, 4);
	jump(&b, BPF_JEQ, AUDIT_ARCH_I386, 0, 3);
	load(&b, offsetof(struct seccomp_data, nr));
	jump(&b, BPF_JEQ, 74, 0, 1);
	answer(&b, action);
	answer(&b, SECCOMP_RET_ALLOW);
	f.len = b.n;
	return quiet(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &f);
}

DO(strict)
{
	if (a[0] & 1)
		return raw(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
	return raw(SYS_seccomp, SECCOMP_SET_MODE_STRICT, a[1],
		   a[2] ? pointer(a[2], own_page(self)) : NULL);
}

DO(clone)
{
	int fd = a[0];

	return raw(SYS_seccomp, SECCOMP_CLONE_FILTER, a[1],
		   pointer(a[2], &fd));
}

DO(info)
{
	char buf[2 * PAGE] = "";
	struct seccomp_overlay_info *info = (void *)buf;

	info->size = a[0];
	return raw(SYS_seccomp, SECCOMP_GET_OVERLAY_INFO, a[1],
		   pointer(a[2], info));
}

DO(seccomp)
{
	char buf[PAGE] = "";

	return raw(SYS_seccomp, a[0], a[1], pointer(a[2], buf));
}

DO(nnp)
{
	return raw(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static long write_file(const char *path, const char *text)
{
	long fd = raw(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC);
	long n;

	if (fd < 0)
		return fd;
	n = raw(SYS_write, fd, text, strlen(text));
	raw(SYS_close, fd);
	return n < 0 ? n : 0;
}

DO(implicit)
{
	return write_file("/sys/module/overlay_seccomp/parameters/implicit",
			  a[0] ? "1" : "0");
}

DO(logged)
{
	static const char * const set[] = {
		"", "kill_process kill_thread trap errno user_notif trace log",
		"errno log", "kill_thread trap trace",
	};

	return write_file("/proc/sys/kernel/seccomp/actions_logged",
			  set[a[0] % ARRAY_SIZE(set)]);
}

/*
 * By who is outside of the process namespace: on some kernels, one that waits for
 * RCU tasks in a namespace whose end waits for it, waits for ever.
 */
DO(unload)
{
	stage->unload = true;
	return 0;
}

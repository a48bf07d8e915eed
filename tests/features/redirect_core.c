// SPDX-License-Identifier: GPL-2.0-only
/*
 * Redirect: a task that dies by a filter further out dumps its core with what
 * it had called by itself, and its signal tells the call.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/procfs.h>
#include <sys/resource.h>
#include <sys/user.h>
#include <unistd.h>

#include "redirkit.h"

#ifndef NT_SIGINFO
#define NT_SIGINFO 0x53494749
#endif

#define CORE_PATTERN "/proc/sys/kernel/core_pattern"
#define DATA 9			/* of the verdict */

struct core {
	struct user_regs_struct regs;
	int signal;
	siginfo_t info;
	bool has_regs;
	bool has_info;
};

/* Reading one */

static void read_note(struct core *core, const Elf64_Nhdr *note,
		      const char *desc)
{
	const struct elf_prstatus *status = (const void *)desc;

	if (note->n_type == NT_PRSTATUS && !core->has_regs) {
		NEED(note->n_descsz >= sizeof(*status));
		memcpy(&core->regs, status->pr_reg, sizeof(core->regs));
		core->signal = status->pr_cursig;
		core->has_regs = true;
	} else if (note->n_type == NT_SIGINFO) {
		NEED(note->n_descsz >= sizeof(core->info));
		memcpy(&core->info, desc, sizeof(core->info));
		core->has_info = true;
	}
}

#define ALIGN4(n) (((n) + 3) & ~3UL)

static void read_notes(struct core *core, const char *at, size_t size)
{
	const Elf64_Nhdr *note;
	size_t len;

	while (size >= sizeof(*note)) {
		note = (const void *)at;
		len = sizeof(*note) + ALIGN4(note->n_namesz) +
		      ALIGN4(note->n_descsz);
		NEED(len <= size);
		read_note(core, note,
			  at + sizeof(*note) + ALIGN4(note->n_namesz));
		at += len;
		size -= len;
	}
}

/* Only the headers and notes: the rest is left out of it. */
static void read_core(const char *path, struct core *core)
{
	static char text[1 << 20] __attribute__((aligned(8)));
	const Elf64_Ehdr *e = (const void *)text;
	const Elf64_Phdr *p;
	int fd = open(path, O_RDONLY), i;
	ssize_t n;

	NEED(fd >= 0);
	n = read(fd, text, sizeof(text));
	close(fd);
	NEED(n > (ssize_t)sizeof(*e) && !memcmp(text, ELFMAG, SELFMAG));
	NEED(e->e_ident[EI_CLASS] == ELFCLASS64);
	memset(core, 0, sizeof(*core));
	for (i = 0; i < e->e_phnum; i++) {
		p = (const void *)(text + e->e_phoff + i * sizeof(*p));
		if (p->p_type != PT_NOTE)
			continue;
		NEED(p->p_offset + p->p_filesz <= (size_t)n);
		read_notes(core, text + p->p_offset, p->p_filesz);
	}
	NEED(core->has_regs && core->has_info);
}

/* Having one made */

#define CORE_FILTER "/proc/self/coredump_filter"

static char dir[] = "/tmp/overlay-core-XXXXXX";

static void dumps_start(void)
{
	char pattern[64];

	need_redirect();
	need_root();
	if (access(CORE_FILTER, W_OK))
		skip("this kernel makes no cores of this format");
	NEED(mkdtemp(dir));
	snprintf(pattern, sizeof(pattern), "%s/%%p", dir);
	if (!sysctl_for_case(CORE_PATTERN, pattern)) {
		rmdir(dir);
		skip("cannot say where cores go");
	}
}

/* In the target: all of its limits, and none of its memory. */
static void dumps_core(void)
{
	const struct rlimit r = { RLIM_INFINITY, RLIM_INFINITY };
	int fd = open(CORE_FILTER, O_WRONLY);

	NEED(!setrlimit(RLIMIT_CORE, &r));
	NEED(fd >= 0 && write(fd, "0", 1) == 1);
	close(fd);
}

struct death {
	bool ia32;
	uint32_t verdict;
	bool redirected;
};

/* The layer outside kills; of a call that it sees, or that was made of it. */
static void dies(const struct death *d, struct core *core, struct regs *had)
{
	const uint64_t args[6] = { d->verdict, 2, 3, 4, 5, 6 };
	const long nr = d->ia32 ? IA32_PROBE_NR : PROBE_NR;
	struct notice n;
	struct redir t;
	char path[64];

	redir_start(&t, dumps_core);
	t.shot->ia32 = d->ia32;
	redir_layer(&t, 0);
	redir_layer(&t, NESTABLE);
	redir_load(&t, nr, d->redirected ? PASS : d->verdict,
		   d->redirected ? ASK : PASS, 33, 44, 55, 66);
	*had = t.shot->before;
	snprintf(path, sizeof(path), "%s/%d", dir, t.k.pid);
	redir_call(&t);
	if (d->redirected) {
		redir_asked(&t, 1, &n);
		CHECK_EQ(redir_args(t.listener[1], &n, ALL_ARGS, args), 0);
	}
	CHECK_EQ(redir_reap(&t), SIGNALED(SIGSYS));
	read_core(path, core);
	unlink(path);
}

static struct regs regs_of_core(const struct core *core)
{
	const struct user_regs_struct *u = &core->regs;

	return (struct regs){
		.ax = u->rax, .di = u->rdi, .si = u->rsi, .dx = u->rdx,
		.r10 = u->r10, .r8 = u->r8, .r9 = u->r9, .bx = u->rbx,
		.cx = u->rcx, .bp = u->rbp, .r12 = u->r12, .r13 = u->r13,
		.r14 = u->r14, .r15 = u->r15,
	};
}

static bool core_is(const struct core *core, const struct regs *had,
		    const struct death *d)
{
	const struct regs is = regs_of_core(core);

	return regs_equal(&is, had, d->ia32) && is.ax == had->ax &&
	       core->signal == SIGSYS;
}

static bool info_is(const struct core *core, const struct death *d)
{
	const siginfo_t *info = &core->info;
	const char *after = d->ia32 ? regs_after_32 : regs_after_64;

	return info->si_signo == SIGSYS && info->si_code == SYS_SECCOMP &&
	       info->si_errno == DATA && info->si_call_addr == after &&
	       info->si_syscall == (d->ia32 ? IA32_PROBE_NR : PROBE_NR) &&
	       info->si_arch == (d->ia32 ? AUDIT_ARCH_I386 :
					   AUDIT_ARCH_X86_64);
}

static void cores(bool ia32)
{
	static const uint32_t verdicts[] = {
		KILL_PROCESS, KILL_THREAD, TRAP,
	};
	struct death d = { .ia32 = ia32 };
	struct core core;
	struct regs had;
	unsigned int i;

	dumps_start();
	for (i = 0; i < ARRAY_SIZE(verdicts); i++) {
		d.verdict = verdicts[i] | DATA;
		d.redirected = false;
		dies(&d, &core, &had);
		CONTROL(core_is(&core, &had, &d));
		CONTROL(info_is(&core, &d));
		d.redirected = true;
		dies(&d, &core, &had);
		CHECK(core_is(&core, &had, &d));
		CHECK(info_is(&core, &d));
	}
	rmdir(dir);
}

CASE_SLOW(redirect_core, "a core has the registers that the task had", 2)
{
	cores(false);
}

CASE_SLOW(redirect_core_ia32, "also that of a 32-bit caller", 2)
{
	need_ia32();
	cores(true);
}

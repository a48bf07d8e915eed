// SPDX-License-Identifier: GPL-2.0-only
/* Tracers. */
#define _GNU_SOURCE
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "ops.h"

#define GET_FILTER	0x420c
#define GET_METADATA	0x420d
#define GET_SYSCALL_INFO 0x420e
#define O_SUSPEND_SECCOMP (1 << 21)

/* The number of the call, its result, its arguments. */
static unsigned long long *reg(struct user_regs_struct *regs, unsigned int i)
{
	unsigned long long * const all[] = {
		&regs->orig_rax, &regs->rax, &regs->rdi, &regs->rsi, &regs->rdx,
		&regs->r10, &regs->r8, &regs->r9,
	};

	return all[i % ARRAY_SIZE(all)];
}

static void note_edit(void)
{
	stage->edited = !(stage->program.setup & SETUP_CONTROL);
}

/* Numbers that filters and actors know, so that nothing bad is made of it. */
static uint64_t some_nr(uint64_t data)
{
	return choice_nr.values[data % choice_nr.n];
}

static long set_regs(uint64_t tid, uint64_t which, uint64_t data)
{
	struct user_regs_struct regs;
	long ret = raw(SYS_ptrace, PTRACE_GETREGS, tid, 0, &regs);

	if (ret < 0)
		return ret;
	*reg(&regs, which) = which % 8 ? data : some_nr(data);
	note_edit();
	return raw(SYS_ptrace, PTRACE_SETREGS, tid, 0, &regs);
}

static long poke_user(uint64_t tid, uint64_t data)
{
	note_edit();
	return raw(SYS_ptrace, PTRACE_POKEUSER, tid,
		   offsetof(struct user_regs_struct, orig_rax), some_nr(data));
}

static long with_buffer(uint64_t request, uint64_t tid, uint64_t size)
{
	char buf[PAGE] = "";

	return raw(SYS_ptrace, request, tid, size, buf);
}

DO(trace)
{
	switch (a[0]) {
	case PTRACE_SEIZE:
	case PTRACE_SETOPTIONS:
		if (a[3] & O_SUSPEND_SECCOMP)
			stage->suspended = true;
		return raw(SYS_ptrace, a[0], a[1], 0, a[3]);
	case PTRACE_GETREGS:
	case PTRACE_GETEVENTMSG:
	case GET_FILTER:
		return with_buffer(a[0], a[1], a[2]);
	case GET_METADATA:
	case GET_SYSCALL_INFO:
		return with_buffer(a[0], a[1], 16 + 8 * (a[2] & 15));
	case PTRACE_SETREGS:
		return set_regs(a[1], a[2], a[3]);
	case PTRACE_POKEUSER:
		return poke_user(a[1], a[3]);
	case PTRACE_PEEKUSER:
		return with_buffer(a[0], a[1], a[2] & ~7UL);
	case PTRACE_POKEDATA:
		/* Not to write anywhere else. */
		if (a[2] < 0x40000000)
			return -EPERM;
		return raw(SYS_ptrace, a[0], a[1], a[2], a[3]);
	case PTRACE_CONT:
	case PTRACE_SYSCALL:
	case PTRACE_DETACH:
	case PTRACE_SINGLESTEP:
		return raw(SYS_ptrace, a[0], a[1], 0, a[3] & 63);
	default:
		return raw(SYS_ptrace, a[0], a[1], a[2], a[3]);
	}
}

/* Wait until a tracee has stopped, at most some milliseconds. */
DO(stop)
{
	int status = 0, i;
	long ret;

	for (i = 0; i < 10; i++) {
		ret = raw(SYS_wait4, a[0], &status, WNOHANG | __WALL, NULL);
		if (ret)
			return ret < 0 ? ret : status;
		pause_us(1000);
	}
	return -EAGAIN;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System calls without libc: they return -errno, touch no memory of ours and
 * make no other call, as a task in strict mode needs it.
 */
#ifndef OVERLAY_TEST_RAW_H
#define OVERLAY_TEST_RAW_H

#include <sys/syscall.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

/* Numbers of the 32-bit table, for int $0x80. */
enum {
	IA32_restart_syscall = 0,
	IA32_exit = 1,
	IA32_fork = 2,
	IA32_read = 3,
	IA32_write = 4,
	IA32_getpid = 20,
	IA32_getuid = 24,
	IA32_umask = 60,
	IA32_getppid = 64,
	IA32_sigreturn = 119,
	IA32_prctl = 172,
	IA32_rt_sigreturn = 173,
	IA32_gettid = 224,
	IA32_exit_group = 252,
	IA32_seccomp = 354,
};

#define X32_BIT 0x40000000L

static inline long raw6(long nr, long a, long b, long c, long d, long e,
			long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret), "+r"(r10), "+r"(r8), "+r"(r9)
			 : "0"(nr), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return ret;
}

/* The same as a 32-bit program makes it; pointers must be below 4 GiB. */
static inline long raw32_5(long nr, long a, long b, long c, long d, long e)
{
	int ret;

	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "0"((int)nr), "b"((int)a), "c"((int)b), "d"((int)c),
			   "S"((int)d), "D"((int)e)
			 : "r8", "r9", "r10", "r11", "memory");
	return ret;
}

#define RAW_PAD(n, a, b, c, d, e, f, ...)				\
	raw6((long)(n), (long)(a), (long)(b), (long)(c), (long)(d),	\
	     (long)(e), (long)(f))
#define raw(...) RAW_PAD(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

#define RAW32_PAD(n, a, b, c, d, e, ...)				\
	raw32_5((long)(n), (long)(a), (long)(b), (long)(c), (long)(d),	\
		(long)(e))
#define raw32(...) RAW32_PAD(__VA_ARGS__, 0, 0, 0, 0, 0, 0)

/*
 * A call with all arguments 0 on a stack that is not mapped: sigreturn, by
 * whichever table, then always ends in SIGSEGV instead of wherever the
 * contents of the stack lead.
 */
static inline long raw_no_stack(long nr)
{
	long ret;

	__asm__ volatile("mov %%rsp, %%r12\n\t"
			 "mov $64, %%esp\n\t"
			 "xor %%r10d, %%r10d\n\t"
			 "xor %%r8d, %%r8d\n\t"
			 "xor %%r9d, %%r9d\n\t"
			 "syscall\n\t"
			 "mov %%r12, %%rsp"
			 : "=a"(ret)
			 : "0"(nr), "D"(0L), "S"(0L), "d"(0L)
			 : "rcx", "r8", "r9", "r10", "r11", "r12", "memory");
	return ret;
}

static inline long raw32_no_stack(long nr)
{
	long ret;

	__asm__ volatile("mov %%rsp, %%r12\n\t"
			 "mov $64, %%esp\n\t"
			 "int $0x80\n\t"
			 "mov %%r12, %%rsp"
			 : "=a"(ret)
			 : "0"(nr), "b"(0L), "c"(0L), "d"(0L), "S"(0L), "D"(0L)
			 : "r8", "r9", "r10", "r11", "r12", "memory");
	return ret;
}

#endif

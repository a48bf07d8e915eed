// SPDX-License-Identifier: GPL-2.0-only
/* Tasks: made, changed, disturbed and ended. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <linux/capability.h>
#include <linux/seccomp.h>

#include "ops.h"

#define NOBODY 65534

/* Instead of flags of clone(2): */
#define BY_FORK		0x100000000UL
#define BY_CLONE3	0x200000000UL

enum child {
	CHILD_ENDS,
	CHILD_CALLS,
	CHILD_STAYS,
	CHILD_EXECS,
	CHILD_INSTALLS,
	CHILD_STOPS,
	CHILD_KILLS,
};

static void exec_self(int index, unsigned int op, bool resume)
{
	char number[2][4] = { { '0' + index }, };
	const char * const argv[] = {
		resume ? "fuzz-actor" : "fuzz-ends", number[0], number[1], NULL,
	};
	const char *none = NULL;

	number[1][0] = '0' + op / 10;
	number[1][1] = '0' + op % 10;
	raw(SYS_execveat, FD_SELF, "", argv, &none, AT_EMPTY_PATH);
}

static void child_installs(struct actor *self)
{
	const uint64_t filter[] = {
		1 << 6 | SECCOMP_FILTER_FLAG_NEW_LISTENER, 0, SECCOMP_RET_ALLOW,
	};
	uint64_t a[ARGS_MAX] = { 0 };

	memcpy(a, filter, sizeof(filter));
	do_install(self, a);
}

/* The child of a fork, which is no actor. */
static _Noreturn void be_child(struct actor *self, uint64_t what, long nr)
{
	int i;

	actor_cover(ACTORS_MAX + atomic_fetch_add(&stage->forked, 1));
	switch (what) {
	case CHILD_CALLS:
		for (i = 0; i < 3; i++)
			raw(nr, i, 0, 0, 0, 0, 0);
		break;
	case CHILD_STAYS:
		raw(SYS_pause);
		break;
	case CHILD_EXECS:
		exec_self(self->index, self->op, false);
		break;
	case CHILD_INSTALLS:
		child_installs(self);
		break;
	case CHILD_STOPS:
		raw(SYS_kill, quiet(SYS_getpid), SIGSTOP);
		break;
	case CHILD_KILLS:
		raw(SYS_tgkill, quiet(SYS_getppid), self->tid, SIGUSR1);
		break;
	}
	leave();
}

/*
 * The registers of a child have to be those of its parent's call, too. One that
 * shares the stack may do no more than end.
 */
static long fork_by(struct actor *self, long nr, const uint64_t *a,
		    uint64_t what, long child_nr)
{
	register uint64_t r10 __asm__("r10") = a[3];
	register uint64_t r8 __asm__("r8") = a[4];
	register uint64_t r9 __asm__("r9") = a[5];
	uint64_t di = a[0], si = a[1], dx = a[2];
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret), "+D"(di), "+S"(si), "+d"(dx), "+r"(r10),
			   "+r"(r8), "+r"(r9)
			 : "0"(nr)
			 : "rcx", "r11", "memory");
	if ((di != a[0] || si != a[1] || dx != a[2] || r10 != a[3] ||
	     r8 != a[4] || r9 != a[5]) && !stage->edited)
		complain(self, COMPLAINT_REGISTERS);
	if (!ret)
		be_child(self, what, child_nr);
	return ret;
}

static long fork_by_clone3(struct actor *self, uint64_t what, long child_nr)
{
	uint64_t args[11] = { [4] = SIGCHLD };
	uint64_t a[6] = { (uintptr_t)args, sizeof(args) };

	return fork_by(self, 435, a, what, child_nr);
}

DO(fork)
{
	const uint64_t by_clone[6] = { a[0] };
	const uint64_t by_fork[6] = { 0 };

	if (a[0] & CLONE_VM)
		return fork_by(self, SYS_clone, by_clone, CHILD_ENDS, 0);
	if (a[0] == BY_FORK)
		return fork_by(self, SYS_fork, by_fork, a[1], a[2]);
	if (a[0] == BY_CLONE3)
		return fork_by_clone3(self, a[1], a[2]);
	return fork_by(self, SYS_clone, by_clone, a[1], a[2]);
}

enum {
	EXEC_RESUMES,
	EXEC_ENDS,
	EXEC_NONE,
	EXEC_BAD,
};

DO(exec)
{
	switch (a[0]) {
	case EXEC_NONE:
		return raw(SYS_execve, TEXT(none), TEXT(argv), NULL);
	case EXEC_BAD:
		return raw(SYS_execve, SCRATCH_HOLE, SCRATCH_HOLE, 1);
	default:
		exec_self(self->index, self->op, a[0] == EXEC_RESUMES);
		return -ENOEXEC;
	}
}

DO(exit)
{
	raw(a[0] ? SYS_exit_group : SYS_exit, 0);
	return -1;
}

DO(kill)
{
	long fd, ret;

	switch (a[2]) {
	case 1:
		return raw(SYS_kill, a[0], a[1]);
	case 2:
		fd = raw(SYS_pidfd_open, a[0], 0);
		if (fd < 0)
			return fd;
		ret = raw(SYS_pidfd_send_signal, fd, a[1], NULL, 0);
		raw(SYS_close, fd);
		return ret;
	default:
		return raw(SYS_tkill, a[0], a[1]);
	}
}

/* Handlers: one that does nothing, one whose own call may be judged. */
static void handler_quiet(int sig UNUSED)
{
}

static void handler_calls(int sig UNUSED)
{
	raw(SYS_getppid);
}

void fuzz_restorer(void);
__asm__(".pushsection .text\n"
	"fuzz_restorer:\n"
	"mov $15, %eax\n"
	"mov $0x51e7, %r9d\n"
	"syscall\n"
	".popsection\n");

#define RESTORER 0x04000000UL

DO(signal)
{
	struct {
		void (*handler)(int sig);
		unsigned long flags;
		void (*restorer)(void);
		unsigned long mask;
	} action = { .flags = a[2] | RESTORER, .restorer = fuzz_restorer };

	switch (a[1]) {
	case 0:
		action.handler = SIG_DFL;
		break;
	case 1:
		action.handler = handler_quiet;
		break;
	case 2:
		action.handler = handler_calls;
		break;
	default:
		action.handler = SIG_IGN;
		break;
	}
	return quiet(SYS_rt_sigaction, a[0], &action, NULL, sizeof(long));
}

DO(timer)
{
	struct itimerval t = { .it_value.tv_usec = 1 + 1000 * (a[0] & 15) };

	return raw(SYS_setitimer, ITIMER_REAL, &t, NULL);
}

DO(wait)
{
	int status;

	return raw(SYS_wait4, -1, &status, WNOHANG | (a[0] ? __WALL : 0), NULL);
}

/* What somebody may take for a pidfd, or that is one, but of nobody. */
static long pidfd_of_dead(void)
{
	long pid = raw(SYS_fork), fd;

	if (!pid)
		leave();
	if (pid < 0)
		return pid;
	fd = raw(SYS_pidfd_open, pid, 0);
	raw(SYS_wait4, pid, NULL, 0, NULL);
	return fd;
}

static long pidfd_of_zombie(void)
{
	long pid = raw(SYS_fork), fd;

	if (!pid)
		leave();
	if (pid < 0)
		return pid;
	fd = raw(SYS_pidfd_open, pid, 0);
	pause_us(2000);
	return fd;
}

DO(pidfd)
{
	int i;

	switch (a[1]) {
	case 1:				/* of a thread, on newer kernels */
		return raw(SYS_pidfd_open, a[0], O_EXCL);
	case 2:
		return raw(SYS_openat, AT_FDCWD, "/proc/self",
			   O_DIRECTORY | O_CLOEXEC);
	case 3:
		return pidfd_of_dead();
	case 4:
		return pidfd_of_zombie();
	case 5:
		return raw(SYS_openat, AT_FDCWD, TEXT(null), O_RDONLY);
	}
	for (i = 0; i < ACTORS_MAX; i++)
		if (stage->tid[i] == (int)a[0])
			return raw(SYS_pidfd_open, stage->tgid[i], 0);
	return raw(SYS_pidfd_open, a[0], 0);
}

static long drop_capabilities(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct none[2] = { };

	return raw(SYS_capset, &header, none);
}

DO(user)
{
	switch (a[0]) {
	case 0:
		raw(SYS_setresgid, NOBODY, NOBODY, NOBODY);
		return raw(SYS_setresuid, NOBODY, NOBODY, NOBODY);
	case 1:
		return drop_capabilities();
	case 2:
		return raw(SYS_unshare, CLONE_NEWUSER);
	case 3:
		return raw(SYS_unshare, CLONE_NEWNET);
	case 4:
		return raw(SYS_unshare, CLONE_NEWNS);
	case 5:
		return raw(SYS_chroot, "/tmp");
	case 6:
		return raw(SYS_prctl, PR_SET_DUMPABLE, 0);
	case 7:
		return raw(SYS_setresuid, -1, NOBODY, -1);
	default:
		return raw(SYS_prctl, PR_SET_DUMPABLE, 1);
	}
}

DO(limit)
{
	struct rlimit limit = { .rlim_cur = a[1], .rlim_max = RLIM_INFINITY };

	return raw(SYS_prlimit64, 0, a[0], &limit, NULL);
}

DO(personality)
{
	return raw(SYS_personality, a[0]);
}

DO(sleep)
{
	pause_us(1000 * (a[0] & 15));
	return 0;
}

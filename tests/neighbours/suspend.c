// SPDX-License-Identifier: GPL-2.0-only
/*
 * suspend: a privileged tracer suspends the filters of a task, as CRIU does:
 * its calls run, whatever filters it has, and when the tracer has let go of it
 * the filters judge again. The stock chain is the control. A tracer that is
 * under filters itself may not. A line for each chain, as of holds.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/overlay_seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef PTRACE_O_SUSPEND_SECCOMP
#define PTRACE_O_SUSPEND_SECCOMP (1 << 21)
#endif
#define OVERLAY (SECCOMP_FILTER_FLAG_NEW_LISTENER | \
		 SECCOMP_FILTER_FLAG_ALLOW_NESTED_LISTENERS)

static long install(unsigned long flags, __u32 verdict)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, verdict),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { 4, insns };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
}

/* Each denies getppid: by an error, or for good. */
static long stock(void)
{
	return install(0, SECCOMP_RET_ERRNO | EXDEV);
}

static long strict(void)
{
	long ret = install(0, SECCOMP_RET_ALLOW);

	return ret ?: syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL);
}

/* Nobody listens any more: the inner's listener is closed, so ENOSYS. */
static long nested(void)
{
	long outer = install(OVERLAY, SECCOMP_RET_USER_NOTIF), inner;

	if (outer < 0)
		return outer;
	inner = install(OVERLAY, SECCOMP_RET_USER_NOTIF);
	close(inner);
	close(outer);
	return inner < 0 ? inner : 0;
}

static long sequential(void)
{
	long ret = install(SECCOMP_FILTER_FLAG_SEQUENTIAL,
			   SECCOMP_RET_KILL_PROCESS);

	return ret ?: install(0, SECCOMP_RET_ERRNO | EXDEV);
}

static const struct chain {
	const char *name;
	long (*make)(void);
	int error;			/* of getppid; 0: SIGKILL */
} chains[] = {
	{ "stock", stock, EXDEV },
	{ "strict", strict, 0 },
	{ "nested", nested, ENOSYS },
	{ "sequential", sequential, EXDEV },
};

struct report {
	long ret;
	int error;
};

static void target(const struct chain *c, int in, int out)
{
	struct report r;
	char byte;

	for (r.ret = c->make();; r.ret = syscall(SYS_getppid)) {
		r.error = r.ret < 0 ? errno : 0;
		write(out, &r, sizeof(r));
		if (read(in, &byte, 1) != 1)
			syscall(SYS_exit, 0);
	}
}

/* A seized task stops, so that it can be let go of. */
static int let_go(pid_t pid)
{
	if (ptrace(PTRACE_INTERRUPT, pid, 0, 0) || waitpid(pid, NULL, __WALL) != pid)
		return -1;
	return ptrace(PTRACE_DETACH, pid, 0, 0);
}

static const char *judge(const struct chain *c, pid_t pid, int to, int from)
{
	struct report r;
	int status;

	if (read(from, &r, sizeof(r)) != sizeof(r))
		return "broken";
	if (r.error)
		return r.error == EINVAL ? "refused EINVAL" : "broken";
	if (ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_SUSPEND_SECCOMP))
		return "broken: not seized";
	write(to, "g", 1);
	if (read(from, &r, sizeof(r)) != sizeof(r) || r.ret <= 0)
		return "stricter";
	if (let_go(pid))
		return "broken: not let go";
	write(to, "g", 1);
	if (read(from, &r, sizeof(r)) == sizeof(r))
		return r.ret >= 0 ? "weaker" :
		       r.error == c->error ? "works" : "broken";
	if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status))
		return "broken";
	return !c->error && WTERMSIG(status) == SIGKILL ? "works" : "stricter";
}

static const char *suspended(const struct chain *c)
{
	const char *verdict;
	int to[2], from[2];
	pid_t pid;

	if (pipe(to) || pipe(from))
		return "broken";
	pid = fork();
	if (!pid) {
		close(to[1]);
		close(from[0]);
		target(c, to[0], from[1]);
	}
	close(to[0]);
	close(from[1]);
	verdict = judge(c, pid, to[1], from[0]);
	close(to[1]);
	close(from[0]);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, __WALL);
	return verdict;
}

/* May a task that is under this chain suspend the filters of another? */
static const char *suspends(const struct chain *c)
{
	pid_t other, tracer;
	int status;

	other = fork();
	if (!other) {
		pause();
		_exit(0);
	}
	tracer = fork();
	if (!tracer) {
		if (c->make())
			_exit(errno);
		_exit(ptrace(PTRACE_SEIZE, other, 0, PTRACE_O_SUSPEND_SECCOMP) ?
		      errno : 0);
	}
	waitpid(tracer, &status, 0);
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGKILL ? "works" : "broken";
	switch (WEXITSTATUS(status)) {
	case 0: return "weaker";
	case EPERM: return "works";
	case EINVAL: return "refused EINVAL";
	default: return "broken";
	}
}

int main(void)
{
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; i < sizeof(chains) / sizeof(*chains); i++)
		printf("%s %s\n", chains[i].name, suspended(&chains[i]));
	for (i = 0; i < sizeof(chains) / sizeof(*chains); i++)
		printf("%s-tracer %s\n", chains[i].name, suspends(&chains[i]));
	return 0;
}

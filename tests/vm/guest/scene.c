// SPDX-License-Identifier: GPL-2.0-only
/*
 * Three tasks for "overlay-seccomp tree" and the like: one under nested
 * listeners, which it holds itself, with two threads; one under a sequential
 * chain; one in strict mode after a filter. Prints their pids, and waits until
 * its standard input ends. Without the module it ends with 77.
 */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/overlay_seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SKIPPED 77

#define NESTABLE (SECCOMP_FILTER_FLAG_NEW_LISTENER |			\
		  SECCOMP_FILTER_FLAG_ALLOW_NESTED_LISTENERS)

static int ready[2];

static long filter(unsigned long flags, unsigned int nr, unsigned int action)
{
	struct sock_filter insn[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {
		.len = sizeof(insn) / sizeof(*insn), .filter = insn,
	};
	long ret = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);

	if (ret < 0)
		_exit(SKIPPED);
	return ret;
}

static void *wait_for_ever(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static void nested(void)
{
	pthread_t thread;

	prctl(PR_SET_NAME, "nested-one");
	filter(NESTABLE, SYS_getpgrp, SECCOMP_RET_USER_NOTIF);
	filter(0, SYS_getsid, SECCOMP_RET_ERRNO | 33);
	filter(NESTABLE, SYS_getpgrp, SECCOMP_RET_USER_NOTIF);
	if (pthread_create(&thread, NULL, wait_for_ever, NULL))
		_exit(1);
}

static void sequential(void)
{
	prctl(PR_SET_NAME, "sequential-one");
	filter(SECCOMP_FILTER_FLAG_SEQUENTIAL, SYS_getsid,
	       SECCOMP_RET_KILL_PROCESS);
	filter(0, SYS_getsid, SECCOMP_RET_ERRNO | 34);
}

static void strict(void)
{
	prctl(PR_SET_NAME, "strict-one");
	filter(0, SYS_getsid, SECCOMP_RET_ERRNO | 35);
	if (prctl(PR_SET_SECCOMP, 1, 0, 0, 0))
		_exit(SKIPPED);
}

static pid_t start(void (*fn)(void))
{
	char byte = 0;
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	fn();
	/* Strict mode allows no more than this. */
	if (write(ready[1], &byte, 1) != 1)
		syscall(SYS_exit, 1);
	for (;;)
		if (read(STDIN_FILENO, &byte, 1) < 1)
			syscall(SYS_exit, 0);
}

int main(void)
{
	char bytes[3];
	size_t got = 0;
	pid_t pid[3];
	ssize_t n;

	if (pipe(ready))
		return 1;
	pid[0] = start(nested);
	pid[1] = start(sequential);
	pid[2] = start(strict);
	close(ready[1]);
	while (got < sizeof(bytes)) {
		n = read(ready[0], bytes, sizeof(bytes));
		if (n < 1)
			return SKIPPED;
		got += n;
	}
	printf("nested=%d sequential=%d strict=%d\n", pid[0], pid[1], pid[2]);
	fflush(stdout);
	/* Whoever of the four reads the end first. */
	return read(STDIN_FILENO, bytes, 1) != 0;
}

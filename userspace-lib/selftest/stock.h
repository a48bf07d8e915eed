/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For tests of the library on the kernel that is running, which needs no
 * module. Filters are installed in child processes only.
 */
#ifndef STOCK_H
#define STOCK_H

#include <errno.h>
#include <overlay_seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SKIPPED 77

static inline void expect(int line, const char *what, long found, long wanted)
{
	if (found == wanted)
		return;
	printf("line %d: %s is %ld, not %ld\n", line, what, found, wanted);
	fflush(stdout);
	_exit(1);
}

#define EXPECT(found, wanted) expect(__LINE__, #found, (found), (wanted))

/* Says @verdict to getppid(2), which nothing else calls. */
#define ON_GETPPID(verdict) {						\
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS,				\
		 offsetof(struct seccomp_data, nr)),			\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),		\
	BPF_STMT(BPF_RET | BPF_K, (verdict)),				\
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),			\
}

static inline long getppid_or_errno(void)
{
	long ret = syscall(SYS_getppid);

	return ret < 0 ? -errno : ret;
}

static inline int exit_status(pid_t pid)
{
	int status;

	EXPECT(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   128 + WTERMSIG(status);
}

/* Runs @test where it may install filters. */
static inline void in_child(void (*test)(void))
{
	pid_t pid = fork();

	if (!pid) {
		EXPECT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
		test();
		_exit(0);
	}
	EXPECT(exit_status(pid), 0);
}

static inline void try_install(void)
{
	struct sock_filter filter[] = ON_GETPPID(SECCOMP_RET_USER_NOTIF);
	struct sock_fprog prog = { .len = 4, .filter = filter };
	int fd = overlay_seccomp_install(SECCOMP_FILTER_FLAG_NEW_LISTENER,
					 &prog);

	if (fd < 0) {
		printf("a listener: %s\n", strerror(-fd));
		fflush(stdout);
		_exit(SKIPPED);
	}
}

/* Where something around us forbids filters or has a listener, skip. */
static inline void skip_unless_allowed(void)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		try_install();
		_exit(0);
	}
	status = exit_status(pid);
	if (status)
		exit(status);
}

#endif

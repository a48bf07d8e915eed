// SPDX-License-Identifier: GPL-2.0-only
/*
 * strict-once [COUNT]: a child under a filter asks for strict mode and then makes a call that strict mode kills for.
 * Exits 0 if the child was killed with SIGKILL, 77 if strict mode was refused with EINVAL (no module), else 1.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int once(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog prog = { 1, &allow };
	pid_t child = fork();
	int status;

	if (child == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog))
			_exit(1);
		if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
			_exit(errno == EINVAL ? 77 : 1);
		syscall(__NR_getppid);
		syscall(__NR_exit, 2);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return 1;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	return WTERMSIG(status) == SIGKILL ? 0 : 1;
}

int main(int argc, char **argv)
{
	int result = 0;

	for (int i = argc > 1 ? atoi(argv[1]) : 1; i > 0 && !result; i--)
		result = once();
	if (result)
		fprintf(stderr, "strict-once: %d\n", result);
	return result;
}

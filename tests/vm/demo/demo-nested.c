// SPDX-License-Identifier: GPL-2.0-only
/*
 * demo-nested: the manager of a container supervises it, and in the container somebody wants to do the same: a
 * container in a container, a sandbox of a browser, a build service.
 */
#include <errno.h>
#include <overlay_seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int supervised(unsigned int flags)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog prog = { .len = 1, .filter = &allow };

	return overlay_seccomp_install(flags | SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog);
}

static int in_container(void)
{
	int fd;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	fd = supervised(SECCOMP_FILTER_FLAG_ALLOW_NESTED_LISTENERS);
	printf("    a manager's listener that allows others below it: %s\n", fd < 0 ? strerror(-fd) : "made");
	if (fd < 0) {
		fd = supervised(0);
		printf("    one that does not: %s\n", fd < 0 ? strerror(-fd) : "made");
	}
	fd = supervised(0);
	printf("    a second listener, inside: %s\n", fd < 0 ? strerror(-fd) : "made");
	return fd == -EBUSY ? 2 : fd < 0;
}

int main(void)
{
	int status;
	pid_t child;

	setvbuf(stdout, NULL, _IONBF, 0);
	child = fork();
	if (child == 0)
		_exit(in_container());
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return 1;
	return WEXITSTATUS(status);
}

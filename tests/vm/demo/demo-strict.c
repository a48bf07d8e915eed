// SPDX-License-Identifier: GPL-2.0-only
/*
 * demo-strict: what a careful program in a container would like to do: once it has opened all that it needs, give up
 * every call but read, write and exit. It runs under a filter of the container runtime already.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "container-filter.h"

static int careful_program(void)
{
	static const char still[] = "    write(2) still works\n";

	if (install_container_filter()) {
		perror("    the container's filter");
		return 1;
	}
	printf("    under a container's filter of %zu refused calls: unshare(2) says %s\n", REFUSED_CALLS,
	       unshare(0) ? strerror(errno) : "yes");
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT)) {
		printf("    prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT): %s\n", strerror(errno));
		return 2;
	}
	/* From here on no library function that might need another call. */
	(void)!write(1, still, sizeof(still) - 1);
	syscall(__NR_getpid);
	syscall(__NR_exit, 3);
	return 3;
}

int main(void)
{
	int status;
	pid_t child;

	setvbuf(stdout, NULL, _IONBF, 0);
	child = fork();
	if (child == 0)
		_exit(careful_program());
	if (child < 0 || waitpid(child, &status, 0) != child)
		return 1;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
		puts("    getpid(2) killed it, as strict mode does");
		return 0;
	}
	puts("    so the program cannot protect itself further");
	return WEXITSTATUS(status);
}

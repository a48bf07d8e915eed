// SPDX-License-Identifier: GPL-2.0-only
/*
 * demo-clone: a process joins the sandbox of another, as "exec" does for a running container: it takes that one's
 * whole filter chain, without knowing what is in it.
 */
#define _GNU_SOURCE
#include <overlay_seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "container-filter.h"

static long microseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static pid_t start_container(void)
{
	int ends[2];
	pid_t child;
	char c = 0;

	if (pipe(ends))
		return -1;
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (install_container_filter() || write(ends[1], &c, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ends[1]);
	return read(ends[0], &c, 1) == 1 ? child : -1;
}

int main(void)
{
	pid_t container = start_container();
	int pidfd = syscall(__NR_pidfd_open, container, 0);
	long start;
	int err;

	if (container < 0 || pidfd < 0) {
		perror("    container");
		return 1;
	}
	printf("    a process outside: unshare(2) says %s\n", unshare(0) ? strerror(errno) : "yes");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return 1;
	start = microseconds();
	err = overlay_seccomp_clone(pidfd);
	if (err) {
		printf("    overlay_seccomp_clone(): %s\n", strerror(-err));
		return 2;
	}
	printf("    overlay_seccomp_clone(): took %zu rules in %ld microseconds (in an emulator)\n", REFUSED_CALLS,
	       microseconds() - start);
	printf("    the same process now: unshare(2) says %s\n", unshare(0) ? strerror(errno) : "yes");
	return unshare(0) ? 0 : 3;
}

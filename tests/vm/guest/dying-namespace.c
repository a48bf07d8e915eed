// SPDX-License-Identifier: GPL-2.0-only
/*
 * dying-namespace MS: an unprivileged task in a pid namespace of its own makes a
 * filter with overlay state, so that the module arms; after MS milliseconds the
 * namespace's first process ends. All of it has to be gone some time later: exit
 * status 0; 1 if it is stuck. 77: the task could not even begin.
 */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/overlay_seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CLONE_PIDFD_EVERYWHERE 0x1000
#define PATIENCE_MS 60000

static void make_filter(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog f = { .len = 1, .filter = &allow };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		SECCOMP_FILTER_FLAG_SEQUENTIAL, &f);
	pause();
}

int main(int argc, char **argv)
{
	int ms = argc > 1 ? atoi(argv[1]) : 0;
	struct pollfd p = { .events = POLLIN };
	long pid;

	if (setresuid(65534, 65534, 65534))
		return 77;
	pid = syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWPID |
		      CLONE_PIDFD_EVERYWHERE | SIGCHLD, NULL, &p.fd, NULL, 0);
	if (!pid) {
		if (!fork())
			make_filter();
		usleep(ms * 1000);
		_exit(0);
	}
	if (pid < 0)
		return 77;
	if (poll(&p, 1, PATIENCE_MS) == 1)
		return 0;
	printf("stuck after %d ms\n", ms);
	return 1;
}

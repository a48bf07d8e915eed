// SPDX-License-Identifier: GPL-2.0-only
/*
 * clone-many COUNT [none]: COUNT children, one after another, each take the whole filter chain of one source, whose
 * filter has the size of a container's (about 70 rules), check that it is in force, and end. With "none" the same
 * without the clone: the control for what processes alone cost in kernel memory.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/overlay_seccomp.h>

#define RULES	70

/* Seventy calls are refused with EDOM; getpgid is one of them. */
static int install_big_filter(void)
{
	struct sock_filter filter[2 * RULES + 4];
	struct sock_fprog prog = { .filter = filter };
	int n = 0;

	filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (int i = 0; i < RULES; i++) {
		filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							   i ? 400 + i : __NR_getpgid, 0, 1);
		filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EDOM);
	}
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	prog.len = n;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog);
}

static pid_t start_source(void)
{
	int ends[2];
	char c = 0;
	pid_t source;

	if (pipe(ends))
		return -1;
	source = fork();
	if (source == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (install_big_filter() || write(ends[1], &c, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ends[1]);
	return read(ends[0], &c, 1) == 1 ? source : -1;
}

static int take_filter(int pidfd)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return 1;
	if (syscall(__NR_seccomp, SECCOMP_CLONE_FILTER, 0, &pidfd))
		return 2;
	return syscall(__NR_getpgid, 0) == -1 && errno == EDOM ? 0 : 3;
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 1000;
	int control = argc > 2 && !strcmp(argv[2], "none");
	pid_t source = start_source();
	int pidfd = syscall(__NR_pidfd_open, source, 0);
	int status = 1;

	if (source < 0 || pidfd < 0) {
		perror("source");
		return 1;
	}
	while (count-- > 0) {
		pid_t child = fork();

		if (child == 0)
			_exit(control ? 0 : take_filter(pidfd));
		if (child < 0 || waitpid(child, &status, 0) != child || status) {
			fprintf(stderr, "clone-many: child's status %#x\n", status);
			break;
		}
	}
	kill(source, SIGKILL);
	waitpid(source, NULL, 0);
	return status != 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * below plain|nested|sequential PROGRAM [ARGUMENT...]: runs PROGRAM under a filter that allows everything, and exits as
 * it does. nested: the filter has an overlay listener, which stays open and must never be asked; sequential: it agrees
 * to be judged after those of PROGRAM. Must be root: PROGRAM is to find out for itself what no_new_privs does.
 */
#define _GNU_SOURCE
#include <err.h>
#include <linux/filter.h>
#include <linux/overlay_seccomp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NESTED	(SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_ALLOW_NESTED_LISTENERS)

static unsigned long flags_of(const char *kind)
{
	if (!strcmp(kind, "plain"))
		return 0;
	if (!strcmp(kind, "nested"))
		return NESTED;
	if (!strcmp(kind, "sequential"))
		return SECCOMP_FILTER_FLAG_SEQUENTIAL;
	errx(125, "unknown kind of filter: %s", kind);
}

/* Returns the listener, or 0. */
static int install(unsigned long flags)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog prog = { 1, &allow };
	int fd = syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);

	if (fd < 0)
		err(125, "seccomp");
	return fd;
}

int main(int argc, char **argv)
{
	struct pollfd listener = { .events = POLLIN };
	pid_t child;
	int status;

	if (argc < 3)
		errx(125, "usage: below plain|nested|sequential PROGRAM [ARGUMENT...]");
	listener.fd = install(flags_of(argv[1]));
	child = fork();
	if (child == 0) {
		/* The listener closes here, and stays open in the parent. */
		execvp(argv[2], &argv[2]);
		err(125, "%s", argv[2]);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		err(125, "%s", argv[2]);
	if (listener.fd && poll(&listener, 1, 0))
		errx(125, "a filter that allows everything has asked");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

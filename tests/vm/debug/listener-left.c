// SPDX-License-Identifier: GPL-2.0-only
/*
 * listener-left FILE: a nested listener that outlives all tasks under its filter, and so the module. Prints "left" when
 * nothing but the listener is there, and uses and closes it when FILE exists: it must have hung up. Exits 0 if so.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/overlay_seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int install(void)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(insns) / sizeof(*insns), insns };

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		       SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_ALLOW_NESTED_LISTENERS, &prog);
}

/* The second one is nested. It waits to be killed. */
static void child(int out)
{
	int fd = -1;

	if (!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && install() >= 0)
		fd = install();
	if (write(out, &fd, sizeof(fd)) == sizeof(fd))
		pause();
	_exit(1);
}

static int take(pid_t pid, int in)
{
	int fd;

	if (read(in, &fd, sizeof(fd)) != sizeof(fd) || fd < 0)
		return -1;
	return syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, pid, 0), fd, 0);
}

int main(int argc, char **argv)
{
	__u64 id = 1;
	struct pollfd p = { .events = POLLIN };
	int pipefd[2];
	pid_t pid;

	if (argc != 2 || pipe(pipefd))
		return 2;
	pid = fork();
	if (!pid)
		child(pipefd[1]);
	p.fd = take(pid, pipefd[0]);
	if (p.fd < 0 || kill(pid, 9) || waitpid(pid, NULL, 0) != pid)
		return 1;
	puts("left");
	fflush(stdout);
	while (access(argv[1], F_OK))
		usleep(100000);
	if (poll(&p, 1, 0) != 1 || p.revents != POLLHUP)
		return 1;
	if (!ioctl(p.fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) || errno != ENOENT)
		return 1;
	return close(p.fd) ? 1 : 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * confined WORDS: a child says WORDS to /proc/self/attr/current, by which it
 * comes into another domain, and maps memory: a memfd of its own first, as the
 * control, and then one that its supervisor pins. Says how both ended.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/overlay_seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096UL

static const char *ended(int error)
{
	return error ? strerrorname_np(error) : "works";
}

static int make_memfd(void)
{
	int fd = memfd_create("pin", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (ftruncate(fd, PAGE) || fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE))
		return -1;
	return fd;
}

static int enter(const char *words)
{
	int fd = open("/proc/self/attr/current", O_WRONLY);

	return fd >= 0 && write(fd, words, strlen(words)) > 0 ? 0 : errno;
}

static int map_own(void)
{
	return mmap(NULL, PAGE, PROT_READ, MAP_SHARED, make_memfd(), 0) ==
	       MAP_FAILED ? errno : 0;
}

static void child(const char *words, int out)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_dup, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { 4, insns };
	int answer[3] = { enter(words), 0, -1 };

	answer[1] = map_own();
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	answer[2] = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			    SECCOMP_FILTER_FLAG_NEW_LISTENER |
			    SECCOMP_FILTER_FLAG_REDIRECT, &prog);
	write(out, answer, sizeof(answer));
	syscall(SYS_dup, -1);
	_exit(0);
}

static int pin(int listener)
{
	struct seccomp_notif_pin_install pin = { .size = PAGE };
	struct seccomp_notif call = { };

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call))
		return errno;
	pin.id = call.id;
	pin.memfd = make_memfd();
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_PIN_INSTALL, &pin) ? errno : 0;
}

int main(int argc, char **argv)
{
	int pipefd[2], answer[3], pidfd;
	pid_t pid;

	if (argc != 2 || pipe(pipefd))
		return 2;
	pid = fork();
	if (!pid)
		child(argv[1], pipefd[1]);
	if (read(pipefd[0], answer, sizeof(answer)) != sizeof(answer))
		return 2;
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	printf("enter %s, own %s, pin %s\n", ended(answer[0]), ended(answer[1]),
	       answer[2] < 0 ? "refused" :
	       ended(pin(syscall(SYS_pidfd_getfd, pidfd, answer[2], 0))));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return 0;
}

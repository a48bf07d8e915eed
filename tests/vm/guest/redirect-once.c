// SPDX-License-Identifier: GPL-2.0-only
/*
 * redirect-once: a child under an overlay listener removes a file by name, and its parent has it remove another one, by
 * a name in pinned memory. Exits 0 if that happened, 77 if the listener was refused with EINVAL (no module), else 1.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/overlay_seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096
#define ASKED "/tmp/asked-for"
#define OTHER "/tmp/redirected-to"

/* Hands the listener's number over, and asks. */
static int child(int out)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_unlink, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(insns) / sizeof(*insns), insns };
	int fd;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return 1;
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		     SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_REDIRECT, &prog);
	if (fd < 0)
		return errno == EINVAL ? 77 : 1;
	if (write(out, &fd, sizeof(fd)) != sizeof(fd))
		return 1;
	return syscall(SYS_unlink, ASKED) ? 1 : 0;
}

static int sealed_name(const char *name)
{
	int fd = memfd_create("name", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (ftruncate(fd, PAGE) || pwrite(fd, name, strlen(name), 0) < 0)
		return -1;
	return fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) ? -1 : fd;
}

static int answer(int listener)
{
	struct seccomp_notif call = { };
	struct seccomp_notif_pin_install pin = { .memfd = sealed_name(OTHER), .size = PAGE };
	struct seccomp_notif_resp_redirect redirect = {
		.flags = SECCOMP_REDIRECT_FLAG_CONTINUE, .args_mask = 1, .ptr_mask = 1,
		.memfd = pin.memfd, .ptr_len = { sizeof(OTHER) },
	};

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call))
		return -1;
	pin.id = redirect.id = call.id;
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_PIN_INSTALL, &pin))
		return -1;
	redirect.args[0] = pin.target_addr;
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND_REDIRECT, &redirect);
}

int main(void)
{
	int pipefd[2], fd, status;
	pid_t pid;

	close(open(ASKED, O_CREAT | O_WRONLY, 0600));
	close(open(OTHER, O_CREAT | O_WRONLY, 0600));
	if (pipe(pipefd))
		return 1;
	pid = fork();
	if (!pid)
		_exit(child(pipefd[1]));
	close(pipefd[1]);
	if (read(pipefd[0], &fd, sizeof(fd)) == sizeof(fd)) {
		fd = syscall(__NR_pidfd_getfd, syscall(SYS_pidfd_open, pid, 0), fd, 0);
		if (answer(fd)) {
			perror("redirect-once");
			return 1;
		}
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return 1;
	if (!WEXITSTATUS(status) && (access(ASKED, F_OK) || !access(OTHER, F_OK)))
		return 1;
	return WEXITSTATUS(status);
}

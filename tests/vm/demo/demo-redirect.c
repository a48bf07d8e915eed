// SPDX-License-Identifier: GPL-2.0-only
/*
 * demo-redirect: a supervisor lets a program open one file and no other. The program opens that one, and has a second
 * thread that puts another name in its place all the while. The supervisor reads the name once, refuses the wrong
 * one, and lets the call run: by CONTINUE, which is all that the stock kernel has, or redirected to what it has read.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <overlay_seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* One byte makes the difference, so that there is nothing in between. */
#define ALLOWED	"/tmp/file-a"
#define SECRET	"/tmp/file-b"
#define TRIES	1000
/* Exit statuses. */
#define MANY	200
#define FAILED	255

struct supervisor {
	int listener;
	struct overlay_seccomp_pins *pins;	/* NULL: by CONTINUE */
	int checked;
};

static int check(const struct seccomp_notif *call, struct seccomp_notif_resp *answer, void *data)
{
	struct supervisor *self = data;
	struct overlay_seccomp_redirect *r;
	char path[64];
	int ret;

	ret = overlay_seccomp_read_string(self->listener, call, call->data.args[1], path, sizeof(path));
	if (ret >= 0 && strcmp(path, ALLOWED))
		ret = -EACCES;
	if (ret < 0) {
		answer->error = ret;
		return 0;
	}
	self->checked++;
	if (!self->pins) {
		answer->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		return 0;
	}
	ret = overlay_seccomp_redirect_begin(self->pins, call, &r);
	if (ret < 0)
		return ret;
	overlay_seccomp_redirect_path(r, 1, path);
	return overlay_seccomp_redirect_send(r);
}

static volatile char path[] = ALLOWED;

static void put(char c)
{
	path[sizeof(path) - 2] = c;
	/* Whoever sleeps gets in between the others, also where an emulator runs one processor after the other. */
	usleep(20);
}

static void *exchange(void *unused)
{
	for (;;) {
		put('b');
		put('a');
	}
	return unused;
}

/* Exits with the number of times that it could read what it should not. */
static int program(void)
{
	pthread_t thread;
	int fd, i, got = 0;
	char c = 0;

	if (pthread_create(&thread, NULL, exchange, NULL))
		return FAILED;
	for (i = 0; i < TRIES; i++) {
		fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY);
		if (fd < 0)
			continue;
		got += read(fd, &c, 1) == 1 && c == 'b';
		close(fd);
	}
	return got < MANY ? got : MANY;
}

#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))

static int supervised(unsigned int flags)
{
	struct sock_filter filter[] = {
		LOAD(arch),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { .len = sizeof(filter) / sizeof(filter[0]), .filter = filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return overlay_seccomp_install(SECCOMP_FILTER_FLAG_NEW_LISTENER | flags, &prog);
}

static int run(unsigned int flags)
{
	struct supervisor self = { .listener = -1 };
	int ends[2], pidfd, status;
	pid_t child;

	if (pipe(ends))
		return -errno;
	child = fork();
	if (child == 0) {
		int fd = supervised(flags);

		if (write(ends[1], &fd, sizeof(fd)) != sizeof(fd) || fd < 0)
			_exit(FAILED);
		_exit(program());
	}
	if (child < 0 || read(ends[0], &self.listener, sizeof(int)) != sizeof(int))
		return -ECHILD;
	if (self.listener < 0) {
		waitpid(child, NULL, 0);
		return self.listener;
	}
	pidfd = syscall(SYS_pidfd_open, child, 0);
	self.listener = syscall(SYS_pidfd_getfd, pidfd, self.listener, 0);
	if (self.listener < 0 || (flags && overlay_seccomp_pins_new(self.listener, &self.pins)))
		return -ECHILD;
	status = overlay_seccomp_supervise(self.listener, pidfd, check, &self);
	overlay_seccomp_pins_free(self.pins);
	close(self.listener);
	if (status < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) > MANY)
		return -ECHILD;
	printf("    of %d calls the supervisor let %d pass, that were for " ALLOWED "; " SECRET " was opened %d times\n",
	       TRIES, self.checked, WEXITSTATUS(status));
	return WEXITSTATUS(status);
}

static int make(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	return !file || fputs(text, file) < 0 || fclose(file);
}

int main(void)
{
	int ret;

	setvbuf(stdout, NULL, _IONBF, 0);
	if (make(ALLOWED, "a\n") || make(SECRET, "b\n")) {
		perror("    " ALLOWED);
		return 1;
	}
	puts("    by SECCOMP_USER_NOTIF_FLAG_CONTINUE:");
	if (run(0) < 1)
		return 1;
	puts("    redirected to what the supervisor has read:");
	ret = run(SECCOMP_FILTER_FLAG_REDIRECT);
	if (ret < 0)
		printf("    %s\n", strerror(-ret));
	return ret == -EINVAL ? 2 : ret != 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * filtered-load: processes that keep seccomp busy, so that hooks are set and removed under them. Runs until it is
 * killed. Of each kind one per online CPU:
 *
 * - a spinner makes filtered calls as fast as it can;
 * - an installer starts children that install filters (with TSYNC and a second thread every other time) and end;
 * - a sleeper lies in a notification that nobody answers for a while: a stock task that holds seccomp's text on its
 *   stack across loads and unloads.
 *
 * Prints "ready" once all run. Every filtered call's result is checked: a wrong one ends the whole with an error.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NR_NOTIFIED	__NR_getsid
#define NR_REFUSED	__NR_getpgid

static void fail(const char *what)
{
	perror(what);
	kill(0, SIGTERM);
	_exit(1);
}

/* getpgid is refused with EDOM, getsid goes to a supervisor, the rest is allowed. */
static int install(unsigned int flags)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NR_REFUSED, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EDOM),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NR_NOTIFIED, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(filter) / sizeof(filter[0]), filter };

	return syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
}

static void check_calls(void)
{
	if (syscall(__NR_getppid) < 0)
		fail("getppid");
	if (syscall(NR_REFUSED, 0) != -1 || errno != EDOM)
		fail("getpgid was not refused");
}

static void spin(void)
{
	if (install(0))
		fail("install");
	for (;;)
		check_calls();
}

static void *second_thread(void *unused)
{
	usleep(1000);
	return unused;
}

static void install_in_children(void)
{
	for (unsigned int i = 0;; i++) {
		pid_t child = fork();
		int status;

		if (child < 0)
			fail("fork");
		if (child == 0) {
			pthread_t thread;

			if (i % 2 && pthread_create(&thread, NULL, second_thread, NULL))
				_exit(2);
			if (install(i % 2 ? SECCOMP_FILTER_FLAG_TSYNC : 0))
				_exit(3);
			check_calls();
			_exit(0);
		}
		if (waitpid(child, &status, 0) != child || status)
			fail("an installer's child");
	}
}

static void serve(int listener)
{
	for (;;) {
		struct seccomp_notif request = { 0 };
		struct seccomp_notif_resp response = { 0 };

		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request)) {
			if (errno == EINTR || errno == ENOENT)
				continue;
			fail("receive");
		}
		usleep(700000);
		response.id = request.id;
		response.val = 4711;
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response) && errno != ENOENT)
			fail("send");
	}
}

static void sleep_in_notifications(void)
{
	/* The filter is the thread's own; the supervisor is a thread without one. */
	int listener, ends[2];
	pid_t child;

	if (pipe(ends))
		fail("pipe");
	child = fork();
	if (child < 0)
		fail("fork");
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* The listener's number reaches the parent, which takes it by pidfd_getfd. */
		listener = install(SECCOMP_FILTER_FLAG_NEW_LISTENER);
		if (listener < 0)
			fail("listener");
		if (write(ends[1], &listener, sizeof(listener)) != sizeof(listener))
			fail("write");
		for (;;)
			if (syscall(NR_NOTIFIED, 0) != 4711)
				fail("an answered call");
	}
	if (read(ends[0], &listener, sizeof(listener)) != sizeof(listener))
		fail("read");
	int pidfd = syscall(__NR_pidfd_open, child, 0);

	listener = syscall(__NR_pidfd_getfd, pidfd, listener, 0);
	if (listener < 0)
		fail("pidfd_getfd");
	serve(listener);
}

int main(void)
{
	void (*const kinds[])(void) = { spin, install_in_children, sleep_in_notifications };
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		fail("no_new_privs");
	setpgid(0, 0);
	for (long cpu = 0; cpu < cpus; cpu++)
		for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
			pid_t child = fork();

			if (child < 0)
				fail("fork");
			if (child == 0) {
				prctl(PR_SET_PDEATHSIG, SIGKILL);
				kinds[i]();
			}
		}
	puts("ready");
	fflush(stdout);
	wait(NULL);
	return 1;	/* no child ends by itself */
}

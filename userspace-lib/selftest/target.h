/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process under a stock listener. */
#ifndef TARGET_H
#define TARGET_H

#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

#include "stock.h"

struct target {
	pid_t pid;
	int listener;
	int status;
	pthread_t waiter;
};

/* On older kernels, a zombie is still under its filter. */
static inline void *wait_for_target(void *target)
{
	struct target *t = target;

	t->status = exit_status(t->pid);
	return NULL;
}

static inline void start_waiter(struct target *t)
{
	sigset_t all, old;

	/* Signals are for the one that supervises. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	EXPECT(pthread_create(&t->waiter, NULL, wait_for_target, t), 0);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static inline void send_fd(int sock, int fd)
{
	char byte = 0, room[CMSG_SPACE(sizeof(int))] = { };
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = room,
			      .msg_controllen = sizeof(room) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	EXPECT(sendmsg(sock, &msg, 0), 1);
}

static inline int receive_fd(int sock)
{
	char byte, room[CMSG_SPACE(sizeof(int))] = { };
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = room,
			      .msg_controllen = sizeof(room) };
	int fd;

	EXPECT(recvmsg(sock, &msg, MSG_CMSG_CLOEXEC), 1);
	EXPECT(CMSG_FIRSTHDR(&msg) != NULL, 1);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

static inline void under_listener(void (*run)(void), int sock)
{
	struct sock_filter filter[] = ON_GETPPID(SECCOMP_RET_USER_NOTIF);
	struct sock_fprog prog = { .len = 4, .filter = filter };
	int fd;

	EXPECT(prctl(PR_SET_PDEATHSIG, SIGKILL), 0);
	EXPECT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	fd = overlay_seccomp_install(SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog);
	EXPECT(fd >= 0, 1);
	send_fd(sock, fd);
	close(fd);
	close(sock);
	run();
	_exit(0);
}

static inline void start(struct target *t, void (*run)(void))
{
	int socks[2];

	EXPECT(socketpair(AF_UNIX, SOCK_STREAM, 0, socks), 0);
	t->pid = fork();
	if (!t->pid)
		under_listener(run, socks[1]);
	close(socks[1]);
	t->listener = receive_fd(socks[0]);
	close(socks[0]);
	start_waiter(t);
}

/* The target's exit status. */
static inline int end(struct target *t)
{
	close(t->listener);
	pthread_join(t->waiter, NULL);
	return t->status;
}

#endif

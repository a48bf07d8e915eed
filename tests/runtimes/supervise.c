// SPDX-License-Identifier: GPL-2.0-only
/*
 * supervise: the two supervisors of tests/runtimes.
 *
 *   supervise outer [--overlay] [--as ROLE] LOG PROGRAM [ARG...]
 *
 *     puts PROGRAM under a filter with a listener (with --overlay, an overlay
 *     listener), answers it until the last task below has ended, and exits as
 *     PROGRAM did. It can have another ROLE than the outer's.
 *
 *   supervise inner LOG SOCKET
 *
 *     what the listenerPath of an OCI profile names: gets the state of one
 *     container, and its listener, over SOCKET, and answers that.
 *
 *   supervise proxy [--as ROLE] LOG SOCKET
 *
 *     what lxc.seccomp.notify.proxy of LXC names: LXC keeps the listener, sends
 *     each notification over SOCKET, and gets the answer there.
 *
 * Asked are mkdir(2) and mkdirat(2), by PROGRAM's filter here and by the
 * profile there. The last component of the path says what the answer is:
 *
 *   ROLE-no       an errno: EXDEV from the outer, EDQUOT from another
 *   ROLE-hangs    none
 *   ROLE-dies     none: the supervisor exits
 *
 * All else, with the other's ROLE too, may CONTINUE. Each call, and what became
 * of it, is a line in LOG.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/overlay_seccomp.h>

/* The C library of bullseye does not name it. */
#ifndef P_PIDFD
#define P_PIDFD 3
#endif

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define __printf(a, b) __attribute__((format(printf, a, b)))

/* What the program's own exit status is not. */
#define FAILED 125

/* As many as LXC sends. */
#define MAX_FDS 3

static const char *role;
static int log_fd;

static void __printf(1, 2) say(const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	/* In one write: the other supervisor has the file open too. */
	dprintf(log_fd, "%s: %s\n", role, text);
}

static void die(const char *what)
{
	say("%s: %s", what, strerror(errno));
	fprintf(stderr, "supervise: %s: %s\n", what, strerror(errno));
	exit(FAILED);
}

/*
 * Receives a message with COUNT descriptors; returns the text's length, or 0 if
 * no such message came.
 */
static size_t receive_fds(int from, void *text, size_t size, int *fds,
			  unsigned int count)
{
	union {
		char bytes[CMSG_SPACE(MAX_FDS * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { .iov_base = text, .iov_len = size };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;
	ssize_t len;

	len = recvmsg(from, &msg, MSG_CMSG_CLOEXEC);
	if (len < 0)
		die("recvmsg");
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg || cmsg->cmsg_level != SOL_SOCKET ||
	    cmsg->cmsg_type != SCM_RIGHTS ||
	    cmsg->cmsg_len != CMSG_LEN(count * sizeof(int)))
		return 0;
	memcpy(fds, CMSG_DATA(cmsg), count * sizeof(int));
	return len;
}

/* Receives a message with a descriptor; returns the text's length. */
static size_t receive_fd(int from, char *text, size_t size, int *fd)
{
	size_t len = receive_fds(from, text, size - 1, fd, 1);

	if (!len) {
		say("no listener came");
		exit(FAILED);
	}
	text[len] = '\0';
	return len;
}

static void send_fd(int to, int fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { };
	char byte = 0;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
	if (sendmsg(to, &msg, MSG_NOSIGNAL) != 1)
		die("sendmsg");
}

static int install(unsigned int flags)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdir, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdirat, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
	};
	struct sock_fprog prog = {
		.len = ARRAY_SIZE(insns),
		.filter = insns,
	};

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		       flags | SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog);
}

/* The path that a pending mkdir or mkdirat wants, out of its task's memory. */
static void read_path(const struct seccomp_notif *req, int mem, char *path,
		      size_t size)
{
	__u64 address = req->data.args[req->data.nr == SYS_mkdirat ? 1 : 0];
	ssize_t len = pread(mem, path, size - 1, address);

	path[len > 0 ? len : 0] = '\0';
}

static int open_memory(const struct seccomp_notif *req)
{
	char name[64];

	snprintf(name, sizeof(name), "/proc/%u/mem", req->pid);
	return open(name, O_RDONLY | O_CLOEXEC);
}

static bool wants(const char *path, const char *what)
{
	const char *name = strrchr(path, '/');
	size_t len = strlen(role);

	name = name ? name + 1 : path;
	return !strncmp(name, role, len) && name[len] == '-' &&
	       !strcmp(name + len + 1, what);
}

/* Decides on one call. Returns false if there is to be no answer. */
static bool decide(const char *path, struct seccomp_notif_resp *resp)
{
	if (wants(path, "dies")) {
		say("mkdir %s dies", path);
		exit(0);
	}
	if (wants(path, "hangs")) {
		say("mkdir %s hangs", path);
		return false;
	}
	if (wants(path, "no")) {
		resp->error = strcmp(role, "outer") ? -EDQUOT : -EXDEV;
		say("mkdir %s errno", path);
	} else {
		resp->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		say("mkdir %s continue", path);
	}
	return true;
}

static void answer(int listener, struct seccomp_notif *req, size_t req_size,
		   struct seccomp_notif_resp *resp, size_t resp_size)
{
	char path[256];
	int mem;

	memset(req, 0, req_size);
	memset(resp, 0, resp_size);
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, req)) {
		/* The task ended, or its wait was interrupted. */
		if (errno == ENOENT || errno == EINTR)
			return;
		die("RECV");
	}
	mem = open_memory(req);
	read_path(req, mem, path, sizeof(path));
	if (mem >= 0)
		close(mem);
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &req->id)) {
		if (errno == ENOENT)
			return;
		die("ID_VALID");
	}
	resp->id = req->id;
	if (decide(path, resp) &&
	    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, resp) &&
	    errno != ENOENT)
		die("SEND");
}

/* On older kernels, a zombie still is a user of its filters. */
static int reap(int pidfd)
{
	siginfo_t info = { };

	if (waitid(P_PIDFD, pidfd, &info, WEXITED))
		die("waitid");
	return info.si_code == CLD_EXITED ? info.si_status : FAILED;
}

/*
 * Answers a listener until its last task has ended. Returns the exit status of
 * the child, if there is one.
 */
static int serve(int listener, int pidfd)
{
	struct pollfd polled[] = {
		{ .fd = listener, .events = POLLIN },
		{ .fd = pidfd, .events = POLLIN },
	};
	struct seccomp_notif_sizes sizes;
	struct seccomp_notif_resp *resp;
	struct seccomp_notif *req;
	size_t req_size = sizeof(*req);
	size_t resp_size = sizeof(*resp);
	int status = 0;

	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes))
		die("GET_NOTIF_SIZES");
	if (sizes.seccomp_notif > req_size)
		req_size = sizes.seccomp_notif;
	if (sizes.seccomp_notif_resp > resp_size)
		resp_size = sizes.seccomp_notif_resp;
	req = malloc(req_size);
	resp = malloc(resp_size);
	if (!req || !resp)
		die("malloc");
	do {
		if (poll(polled, ARRAY_SIZE(polled), -1) < 0)
			die("poll");
		if (polled[0].revents & POLLIN)
			answer(listener, req, req_size, resp, resp_size);
		if (polled[1].revents & POLLIN) {
			status = reap(pidfd);
			/* Negative descriptors are not polled. */
			polled[1].fd = -1;
		}
	} while (!(polled[0].revents & POLLHUP));
	/* On newer kernels a task leaves its filters before it has ended. */
	if (polled[1].fd >= 0)
		status = reap(pidfd);
	free(resp);
	free(req);
	say("hang-up");
	return status;
}

static void run_below(int sock, unsigned int flags, char **argv)
{
	int listener;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		die("PR_SET_NO_NEW_PRIVS");
	listener = install(flags);
	if (listener < 0)
		die("SECCOMP_SET_MODE_FILTER");
	send_fd(sock, listener);
	close(listener);
	close(sock);
	execvp(argv[0], argv);
	die(argv[0]);
}

static int outer(unsigned int flags, char **argv)
{
	char byte[2];
	int socks[2];
	int listener, pidfd;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks))
		die("socketpair");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		close(socks[0]);
		run_below(socks[1], flags, argv);
	}
	close(socks[1]);
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0)
		die("pidfd_open");
	receive_fd(socks[0], byte, sizeof(byte), &listener);
	close(socks[0]);
	say("listens");
	return serve(listener, pidfd);
}

/* The first who connects to PATH. */
static int accept_at(const char *path, int type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int sock, connection;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		die(path);
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	sock = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (sock < 0)
		die("socket");
	if (bind(sock, (struct sockaddr *)&address, sizeof(address)))
		die(path);
	if (listen(sock, 1))
		die("listen");
	connection = accept4(sock, NULL, NULL, SOCK_CLOEXEC);
	if (connection < 0)
		die("accept");
	close(sock);
	return connection;
}

/* The state is JSON; what matters of it is looked for as text. */
static int inner(const char *path)
{
	char state[8192];
	int connection, listener;
	size_t len;

	connection = accept_at(path, SOCK_STREAM);
	len = receive_fd(connection, state, sizeof(state), &listener);
	say("listens, state of %zu bytes%s%s", len,
	    strstr(state, "\"seccompFd\"") ? " with the listener's name" : "",
	    strstr(state, "metadata of the profile") ? " and metadata" : "");
	close(connection);
	return serve(listener, -1);
}

/*
 * What LXC sends, with descriptors of the task's directory in /proc, its memory
 * and the listener; it is sent back with the answer filled in. A cookie, which
 * the configuration may have, follows.
 */
struct lxc_message {
	__u64 reserved;
	__s32 monitor;
	__s32 init;
	struct seccomp_notif_sizes sizes;
	__u64 cookie_length;
	struct seccomp_notif req;
	struct seccomp_notif_resp resp;
};

static int proxy(const char *path)
{
	struct lxc_message message;
	int fds[MAX_FDS];
	int connection;
	char name[256];
	int i;

	connection = accept_at(path, SOCK_SEQPACKET);
	say("listens");
	while (receive_fds(connection, &message, sizeof(message), fds,
			   MAX_FDS) >= sizeof(message)) {
		if (message.sizes.seccomp_notif != sizeof(message.req) ||
		    message.sizes.seccomp_notif_resp != sizeof(message.resp)) {
			errno = EPROTO;
			die("message");
		}
		read_path(&message.req, fds[1], name, sizeof(name));
		for (i = 0; i < MAX_FDS; i++)
			close(fds[i]);
		message.resp.id = message.req.id;
		if (decide(name, &message.resp) &&
		    send(connection, &message, sizeof(message), MSG_NOSIGNAL) !=
		    sizeof(message))
			die("send");
	}
	say("hang-up");
	return 0;
}

static int print_usage(void)
{
	fprintf(stderr, "usage: supervise outer [--overlay] [--as ROLE] LOG PROGRAM...\n"
			"       supervise inner LOG SOCKET\n"
			"       supervise proxy [--as ROLE] LOG SOCKET\n");
	return 2;
}

int main(int argc, char **argv)
{
	bool is_outer, is_inner, is_proxy;
	unsigned int flags = 0;
	int at = 2;

	if (argc < 2)
		return print_usage();
	role = argv[1];
	is_outer = !strcmp(role, "outer");
	is_inner = !strcmp(role, "inner");
	is_proxy = !strcmp(role, "proxy");
	if (is_outer && argc > at && !strcmp(argv[at], "--overlay")) {
		flags |= SECCOMP_FILTER_FLAG_ALLOW_NESTED_LISTENERS;
		at++;
	}
	if (!is_inner && argc > at + 1 && !strcmp(argv[at], "--as")) {
		role = argv[at + 1];
		at += 2;
	}
	if (argc < at + 2 || (!is_outer && !is_inner && !is_proxy))
		return print_usage();
	log_fd = open(argv[at], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
		      0644);
	if (log_fd < 0) {
		perror(argv[at]);
		return FAILED;
	}
	at++;
	if (is_outer)
		return outer(flags, argv + at);
	return is_inner ? inner(argv[at]) : proxy(argv[at]);
}

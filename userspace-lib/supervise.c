// SPDX-License-Identifier: LGPL-2.1-or-later
#include <linux/seccomp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "internal.h"

/* Of the kernel's size where that is larger than ours. */
struct buffers {
	struct seccomp_notif		*request;
	struct seccomp_notif_resp	*response;
	size_t				request_size;
	size_t				response_size;
};

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

static int make_buffers(struct buffers *b)
{
	struct seccomp_notif_sizes sizes;
	int ret = sys_seccomp(SECCOMP_GET_NOTIF_SIZES, 0, &sizes);

	if (ret < 0)
		return ret;
	b->request_size = larger(sizes.seccomp_notif, sizeof(*b->request));
	b->response_size = larger(sizes.seccomp_notif_resp,
				  sizeof(*b->response));
	b->request = malloc(b->request_size);
	b->response = malloc(b->response_size);
	return b->request && b->response ? 0 : -ENOMEM;
}

static void free_buffers(struct buffers *b)
{
	free(b->request);
	free(b->response);
}

enum event { CALL_WAITS, NOBODY_LEFT, STOPPED };

/* Returns what happened, or -errno. */
static int wait_for_event(int listener, int stop_fd)
{
	struct pollfd fds[] = {
		{ .fd = listener, .events = POLLIN },
		{ .fd = stop_fd, .events = POLLIN },
	};

	for (;;) {
		if (poll(fds, 2, -1) < 0) {
			if (errno != EINTR)
				return -errno;
			continue;
		}
		if ((fds[0].revents | fds[1].revents) & POLLNVAL)
			return -EBADF;
		if (fds[1].revents)
			return STOPPED;
		if (fds[0].revents & POLLIN)
			return CALL_WAITS;
		if (fds[0].revents & POLLHUP)
			return NOBODY_LEFT;
		/* POLLERR: a signal, while the kernel waited for a lock. */
	}
}

/* Returns 1 with a call, 0 if it is gone again, or -errno. */
static int receive(int listener, struct buffers *b)
{
	memset(b->request, 0, b->request_size);
	if (!ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, b->request))
		return 1;
	return errno == EINTR || errno == ENOENT ? 0 : -errno;
}

static int reply(int listener, struct seccomp_notif_resp *response)
{
	while (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, response)) {
		/* The target has been killed, or took a signal. */
		if (errno == ENOENT)
			break;
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

static int serve_one(int listener, struct buffers *b,
		     overlay_seccomp_handler *handler, void *data)
{
	int ret = receive(listener, b);

	if (ret <= 0)
		return ret;
	memset(b->response, 0, b->response_size);
	b->response->id = b->request->id;
	ret = handler(b->request, b->response, data);
	if (!ret)
		return reply(listener, b->response);
	if (ret == OVERLAY_SECCOMP_ANSWERED)
		return 0;
	return ret < 0 ? ret : -EINVAL;
}

/* Returns STOPPED or NOBODY_LEFT, or -errno. */
static int serve_all(int listener, int stop_fd, struct buffers *b,
		     overlay_seccomp_handler *handler, void *data)
{
	int ret;

	for (;;) {
		ret = wait_for_event(listener, stop_fd);
		if (ret != CALL_WAITS)
			return ret;
		ret = serve_one(listener, b, handler, data);
		if (ret < 0)
			return ret;
	}
}

EXPORT int overlay_seccomp_supervise(int listener, int stop_fd,
				     overlay_seccomp_handler *handler,
				     void *data)
{
	struct buffers b = { };
	int ret;

	/* What is no listener says so here; poll(2) could wait on it forever. */
	ret = overlay_seccomp_pending(listener, 0);
	if (ret < 0)
		return ret;
	ret = make_buffers(&b);
	if (!ret)
		ret = serve_all(listener, stop_fd, &b, handler, data);
	free_buffers(&b);
	if (ret < 0)
		return ret;
	return ret == STOPPED;
}

EXPORT int overlay_seccomp_pending(int listener, __u64 id)
{
	while (ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id)) {
		if (errno == ENOENT)
			return 0;
		if (errno != EINTR)
			return -errno;
	}
	return 1;
}

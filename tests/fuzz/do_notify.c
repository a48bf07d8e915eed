// SPDX-License-Identifier: GPL-2.0-only
/* What a supervisor does. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include <linux/seccomp.h>

#include "ops.h"

/* Not in every version of the header. */
#define IOCTL_RECV		0xc0502100
#define IOCTL_SEND		0xc0182101
#define IOCTL_ID_VALID		0x40082102
#define IOCTL_ID_VALID_OLD	0x80082102
#define IOCTL_ADDFD(size)	(0x40002103 | (size) << 16)
#define IOCTL_SET_FLAGS		0x40082104

#define PATIENCE_MS 20

static long wait_for(int fd, int events, int ms)
{
	struct pollfd p = { .fd = fd, .events = events };
	long n = quiet(SYS_poll, &p, 1, ms);

	return n < 1 ? -EAGAIN : p.revents;
}

enum {
	RECV_PATIENTLY,			/* if there is something to receive */
	RECV_AT_ONCE,			/* it sleeps until there is */
	RECV_DIRTY,			/* in a buffer that is not zeroed */
	RECV_BAD,
};

DO(recv)
{
	char buf[256] = "";
	struct seccomp_notif *notif = (void *)buf;
	long ret;

	if (a[1] == RECV_DIRTY)
		notif->pid = 1;
	if (a[1] != RECV_AT_ONCE) {
		ret = wait_for(a[0], POLLIN, PATIENCE_MS);
		if (ret < 0)
			return ret;
	}
	ret = raw(SYS_ioctl, a[0], IOCTL_RECV,
		  pointer(a[1] == RECV_BAD ? POINTER_READ_ONLY : POINTER_GOOD,
			  buf));
	return ret < 0 ? ret : (long)notif->id;
}

DO(send)
{
	struct seccomp_notif_resp resp = {
		.id = a[1], .flags = a[2], .error = a[3], .val = a[4],
	};

	return raw(SYS_ioctl, a[0], IOCTL_SEND, pointer(a[5], &resp));
}

enum {
	SERVE_CONTINUE,
	SERVE_VALUE,
	SERVE_REDIRECT,
};

static long serve_one(int fd, uint64_t id, uint64_t way)
{
	struct seccomp_notif_resp_redirect redirect = {
		.id = id, .flags = SECCOMP_REDIRECT_FLAG_CONTINUE,
		.args_mask = 1,
	};
	struct seccomp_notif_resp resp = { .id = id };

	if (way == SERVE_REDIRECT)
		return raw(SYS_ioctl, fd, SECCOMP_IOCTL_NOTIF_SEND_REDIRECT,
			   &redirect);
	if (way == SERVE_CONTINUE)
		resp.flags = 1;
	return raw(SYS_ioctl, fd, IOCTL_SEND, &resp);
}

/* Answer some notifications, as long as they come. */
DO(serve)
{
	char buf[256];
	struct seccomp_notif *notif = (void *)buf;
	unsigned int i;
	long ret = -EAGAIN;

	for (i = 0; i < (a[2] & 15); i++) {
		ret = wait_for(a[0], POLLIN, PATIENCE_MS);
		if (ret < 0)
			break;
		memset(buf, 0, sizeof(buf));
		ret = raw(SYS_ioctl, a[0], IOCTL_RECV, buf);
		if (!ret)
			ret = serve_one(a[0], notif->id, a[1]);
		if (ret < 0)
			break;
	}
	return i ? 0 : ret;
}

DO(id_valid)
{
	return raw(SYS_ioctl, a[0], a[2] ? IOCTL_ID_VALID_OLD : IOCTL_ID_VALID,
		   &a[1]);
}

DO(addfd)
{
	static const uint32_t sizes[] = { 24, 32, 16, 23 };
	struct {
		uint64_t id;
		uint32_t flags;
		uint32_t srcfd;
		uint32_t newfd;
		uint32_t newfd_flags;
		uint64_t more;
	} addfd = {
		.id = a[1], .flags = a[2], .srcfd = a[3], .newfd = a[4],
		.newfd_flags = a[5],
	};

	return raw(SYS_ioctl, a[0],
		   IOCTL_ADDFD(sizes[a[6] % ARRAY_SIZE(sizes)]), &addfd);
}

DO(set_flags)
{
	return raw(SYS_ioctl, a[0], IOCTL_SET_FLAGS, a[1]);
}

/* One after another in the memfd; the first place, or an error. */
DO(pin)
{
	struct seccomp_notif_pin_install pin = {
		.id = a[1], .memfd = a[2], .target_addr = a[3], .size = a[4],
		.offset = a[5], .flags = a[6] >> 8,
	};
	uint64_t at = 0;
	unsigned int n;
	long ret;

	for (n = 0; n < (a[7] & 127); n++) {
		ret = raw(SYS_ioctl, a[0], SECCOMP_IOCTL_NOTIF_PIN_INSTALL,
			  pointer(a[6] & 255, &pin));
		if (ret < 0)
			return at ? (long)at : ret;
		if (!n)
			at = pin.target_addr;
		pin.offset += pin.size;
		pin.target_addr = a[3] ? pin.target_addr + pin.size : 0;
	}
	return at;
}

/* Masks: args, above it pointers, above it flags. */
DO(redirect)
{
	struct seccomp_notif_resp_redirect resp = {
		.id = a[1], .flags = a[2] >> 16, .args_mask = a[2] & 0xff,
		.ptr_mask = a[2] >> 8 & 0xff, .memfd = a[3],
	};
	bool first = true;
	int i;

	for (i = 0; i < SECCOMP_REDIRECT_ARGS; i++) {
		if (resp.ptr_mask >> i & 1)
			resp.ptr_len[i] = a[6];
		if ((resp.ptr_mask ?: resp.args_mask) >> i & 1 && first) {
			resp.args[i] = a[4];
			first = false;
		} else {
			resp.args[i] = a[5];
		}
	}
	return raw(SYS_ioctl, a[0], SECCOMP_IOCTL_NOTIF_SEND_REDIRECT,
		   pointer(a[7], &resp));
}

DO(ioctl)
{
	char buf[256] = "";

	return raw(SYS_ioctl, a[0], a[1], pointer(a[2], buf));
}

DO(poll)
{
	struct pollfd p = { .fd = a[0], .events = POLLIN | POLLOUT };
	long n = raw(SYS_poll, &p, 1, a[1] & 15);

	return n < 0 ? n : p.revents;
}

/* Not those of the fuzzer's own. */
static bool is_ours(uint64_t fd)
{
	return fd >= FD_FIRST && fd <= FD_LAST;
}

DO(close)
{
	return is_ours(a[0]) ? -EBADF : raw(SYS_close, a[0]);
}

DO(dup)
{
	return raw(SYS_dup, a[0]);
}

/* The same open file as another actor has by that number. */
DO(getfd)
{
	int i, tgid = a[0];
	long pidfd, fd;

	for (i = 0; i < ACTORS_MAX; i++)
		if (stage->tid[i] == (int)a[0])
			tgid = stage->tgid[i];
	pidfd = raw(SYS_pidfd_open, tgid, 0);
	if (pidfd < 0)
		return pidfd;
	fd = raw(SYS_pidfd_getfd, pidfd, a[1], 0);
	raw(SYS_close, pidfd);
	return fd;
}

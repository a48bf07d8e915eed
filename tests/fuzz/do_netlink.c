// SPDX-License-Identifier: GPL-2.0-only
/* Questions to the module. */
#define _GNU_SOURCE
#include <string.h>
#include <sys/socket.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/overlay_seccomp_netlink.h>

#include "ops.h"

#define ATTR(name) OVERLAY_SECCOMP_ATTR_##name

struct request {
	struct nlmsghdr header;
	struct genlmsghdr genl;
	char attrs[256];
};

static void begin(struct request *r, int cmd, int flags)
{
	memset(r, 0, sizeof(*r));
	r->header.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	r->header.nlmsg_type = stage->family;
	r->header.nlmsg_flags = NLM_F_REQUEST | flags;
	r->genl.cmd = cmd;
	r->genl.version = OVERLAY_SECCOMP_GENL_VERSION;
}

static void put(struct request *r, int type, const void *data, size_t len)
{
	struct nlattr *a = (void *)((char *)r + r->header.nlmsg_len);

	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + len;
	memcpy((char *)a + NLA_HDRLEN, data, len);
	r->header.nlmsg_len += NLA_ALIGN(a->nla_len);
}

static void put_u32(struct request *r, int type, uint32_t value)
{
	put(r, type, &value, sizeof(value));
}

static long transmit(int fd, const struct request *r)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	return raw(SYS_sendto, fd, r, r->header.nlmsg_len, MSG_DONTWAIT,
		   &kernel, sizeof(kernel));
}

/* One; or that many, all of which subscribe. */
DO(socket)
{
	struct request r;
	unsigned int n;
	long fd = -1;

	begin(&r, OVERLAY_SECCOMP_CMD_SUBSCRIBE, NLM_F_ACK);
	for (n = 0; n < (a[0] & 63); n++) {
		fd = raw(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
			 NETLINK_GENERIC);
		if (fd < 0)
			break;
		if (a[0] > 1)
			transmit(fd, &r);
	}
	return fd;
}

/* Bits of what is asked with. */
static void put_attrs(struct request *r, const uint64_t *a)
{
	uint64_t which = a[2], args[6] = { 1, 2, 3, 4, 5, 6 };

	if (which & 1)
		put_u32(r, ATTR(PID), a[3]);
	if (which & 2)
		put(r, ATTR(WITH_PINS), "", 0);
	if (which & 4)
		put_u32(r, ATTR(NR), a[5]);
	if (which & 8)
		put_u32(r, ATTR(ARCH), a[6]);
	if (which & 0x10)
		put(r, ATTR(ARGS), args, sizeof(args));
	if (which & 0x20)
		put(r, ATTR(IP), args, sizeof(*args));
	if (which & 0x40)
		put_u32(r, ATTR(FD), a[4]);
	/* Of another length; of another time; of no kind. */
	if (which & 0x80)
		put(r, ATTR(PID), args, 2);
	if (which & 0x100)
		put_u32(r, 1000, 1);
	if (which & 0x200)
		put(r, ATTR(ARGS), args, 17);
}

DO(ask)
{
	int flags = NLM_F_ACK;
	struct request r;

	if (a[1] == OVERLAY_SECCOMP_CMD_TASK)
		flags |= NLM_F_DUMP;
	if (a[7] & 1)
		flags ^= NLM_F_DUMP;
	begin(&r, a[1], flags);
	put_attrs(&r, a);
	if (a[7] & 2)
		r.header.nlmsg_len -= 2;
	return transmit(a[0], &r);
}

DO(hear)
{
	char buf[8192];
	long n, all = 0;
	unsigned int i;

	for (i = 0; i < (a[1] & 15); i++) {
		n = raw(SYS_recvfrom, a[0], buf, sizeof(buf), MSG_DONTWAIT);
		if (n < 0)
			return all ?: n;
		all += n;
	}
	return all;
}

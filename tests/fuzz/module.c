// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/overlay_seccomp_netlink.h>

#include "module.h"

#define NAME	"overlay_seccomp"
#define PATH	"/sys/module/" NAME

int module_load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
	close(fd);
	return ret;
}

int module_unload(void)
{
	return syscall(SYS_delete_module, NAME, O_NONBLOCK) ? -errno : 0;
}

bool module_is_loaded(void)
{
	return !access(PATH, F_OK);
}

long module_references(void)
{
	FILE *f = fopen(PATH "/refcnt", "re");
	long n = -1;

	if (!f)
		return -1;
	if (fscanf(f, "%ld", &n) != 1)
		n = -1;
	fclose(f);
	return n;
}

/* Netlink: one question with one attribute at most, one answer. */

struct exchange {
	union {
		struct nlmsghdr header;
		char bytes[8192];
	};
	int len;
};

static int open_socket(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
}

static void build(struct exchange *e, uint16_t family, int cmd, int attr,
		  const char *text)
{
	struct genlmsghdr *genl = NLMSG_DATA(&e->header);
	struct nlattr *a = (void *)((char *)genl + GENL_HDRLEN);

	memset(e, 0, sizeof(*e));
	e->header.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	e->header.nlmsg_type = family;
	e->header.nlmsg_flags = NLM_F_REQUEST;
	genl->cmd = cmd;
	genl->version = 1;
	if (text) {
		a->nla_type = attr;
		a->nla_len = NLA_HDRLEN + strlen(text) + 1;
		memcpy((char *)a + NLA_HDRLEN, text, strlen(text) + 1);
		e->header.nlmsg_len += NLA_ALIGN(a->nla_len);
	}
}

static bool exchange(struct exchange *e, uint16_t family, int cmd, int attr,
		     const char *text)
{
	int fd = open_socket();

	if (fd < 0)
		return false;
	build(e, family, cmd, attr, text);
	e->len = -1;
	if (send(fd, e, e->header.nlmsg_len, 0) > 0)
		e->len = recv(fd, e, sizeof(*e), 0);
	close(fd);
	return e->len > 0 && NLMSG_OK(&e->header, (unsigned int)e->len) &&
	       e->header.nlmsg_type != NLMSG_ERROR;
}

static bool read_attr(const struct exchange *e, int type, void *to, size_t size)
{
	const char *at = (const char *)NLMSG_DATA(&e->header) + GENL_HDRLEN;
	const char *end = e->bytes + e->header.nlmsg_len;
	const struct nlattr *a;

	for (; at + NLA_HDRLEN <= end; at += NLA_ALIGN(a->nla_len)) {
		a = (const void *)at;
		if (a->nla_len < NLA_HDRLEN)
			return false;
		if ((a->nla_type & NLA_TYPE_MASK) == type &&
		    a->nla_len == NLA_HDRLEN + size) {
			memcpy(to, at + NLA_HDRLEN, size);
			return true;
		}
	}
	return false;
}

uint16_t module_family(void)
{
	struct exchange e;
	uint16_t family = 0;

	if (exchange(&e, GENL_ID_CTRL, CTRL_CMD_GETFAMILY,
		     CTRL_ATTR_FAMILY_NAME, OVERLAY_SECCOMP_GENL_NAME))
		read_attr(&e, CTRL_ATTR_FAMILY_ID, &family, sizeof(family));
	return family;
}

int module_subscribe(uint16_t family)
{
	struct exchange e;
	int fd = open_socket();

	if (fd < 0)
		return -1;
	build(&e, family, OVERLAY_SECCOMP_CMD_SUBSCRIBE, 0, NULL);
	send(fd, &e, e.header.nlmsg_len, 0);
	return fd;
}

bool module_ask(uint16_t family, struct module_status *s)
{
	static const int attrs[] = {
		OVERLAY_SECCOMP_ATTR_FILTERS, OVERLAY_SECCOMP_ATTR_PINS,
		OVERLAY_SECCOMP_ATTR_SUBSCRIBERS,
		OVERLAY_SECCOMP_ATTR_REFERENCES,
	};
	uint32_t * const to[] = {
		&s->filters, &s->pins, &s->subscribers, &s->references,
	};
	struct exchange e;
	unsigned int i;

	if (!exchange(&e, family, OVERLAY_SECCOMP_CMD_STATUS, 0, NULL))
		return false;
	for (i = 0; i < 4; i++)
		if (!read_attr(&e, attrs[i], to[i], sizeof(*to[i])))
			return false;
	return true;
}

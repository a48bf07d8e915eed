// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/genetlink.h>

#include "genl.h"

static void question_to(struct question *q, uint16_t family, int cmd,
			int version)
{
	struct genlmsghdr *genl = NLMSG_DATA(&q->header);

	memset(q, 0, sizeof(*q));
	q->header.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	q->header.nlmsg_type = family;
	q->header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	genl->cmd = cmd;
	genl->version = version;
}

void question(struct question *q, int cmd)
{
	question_to(q, 0, cmd, OVERLAY_SECCOMP_GENL_VERSION);
	if (cmd == CMD(TASK))
		q->header.nlmsg_flags |= NLM_F_DUMP;
}

void question_add(struct question *q, int attr, const void *data, size_t len)
{
	struct nlattr *a = (void *)(q->bytes +
				    NLMSG_ALIGN(q->header.nlmsg_len));

	a->nla_type = attr;
	a->nla_len = NLA_HDRLEN + len;
	if (len)
		memcpy((char *)a + NLA_HDRLEN, data, len);
	q->header.nlmsg_len = NLMSG_ALIGN(q->header.nlmsg_len) +
			      NLA_ALIGN(a->nla_len);
	NEED(q->header.nlmsg_len <= sizeof(*q));
}

void question_u32(struct question *q, int attr, uint32_t value)
{
	question_add(q, attr, &value, sizeof(value));
}

void question_flag(struct question *q, int attr)
{
	question_add(q, attr, NULL, 0);
}

void genl_send(struct genl *g, struct question *q)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	if (!q->header.nlmsg_type)
		q->header.nlmsg_type = g->family;
	NEED(sendto(g->fd, q, q->header.nlmsg_len, 0, (void *)&kernel,
		    sizeof(kernel)) == (ssize_t)q->header.nlmsg_len);
}

static uint64_t number(const struct nlattr *a)
{
	const void *data = (const char *)a + NLA_HDRLEN;
	uint64_t u64 = 0;
	uint32_t u32;

	if (a->nla_len == NLA_HDRLEN + sizeof(u64)) {
		memcpy(&u64, data, sizeof(u64));
	} else if (a->nla_len == NLA_HDRLEN + sizeof(u32)) {
		memcpy(&u32, data, sizeof(u32));
		u64 = u32;
	}
	return u64;
}

static const struct nlattr *next_attr(const struct nlattr *a, const void *end)
{
	const char *next = (const char *)a + NLA_ALIGN(a->nla_len);

	return next + NLA_HDRLEN <= (const char *)end ? (const void *)next :
							NULL;
}

static void read_counters(struct message *m, const struct nlattr *nest)
{
	const void *end = (const char *)nest + nest->nla_len;
	const struct nlattr *a = (const void *)((const char *)nest +
						NLA_HDRLEN);

	for (; a; a = next_attr(a, end))
		if ((a->nla_type & NLA_TYPE_MASK) <= OVERLAY_SECCOMP_EVENT_MAX)
			m->counter[a->nla_type & NLA_TYPE_MASK] = number(a);
}

static void read_message(struct message *m, const struct nlmsghdr *header)
{
	const struct genlmsghdr *genl = NLMSG_DATA(header);
	const char *end = (const char *)header + header->nlmsg_len;
	const struct nlattr *a = (const void *)((const char *)genl +
						GENL_HDRLEN);
	int type;

	memset(m, 0, sizeof(*m));
	m->cmd = genl->cmd;
	if ((const char *)a + NLA_HDRLEN > end)
		return;
	for (; a; a = next_attr(a, end)) {
		type = a->nla_type & NLA_TYPE_MASK;
		if (type > OVERLAY_SECCOMP_ATTR_MAX)
			continue;
		m->has[type] = true;
		m->num[type] = number(a);
		if (type == ATTR(COUNTERS))
			read_counters(m, a);
		if (type == ATTR(VERSION))
			strncpy(m->version, (const char *)a + NLA_HDRLEN,
				sizeof(m->version) - 1);
	}
}

/* 1 to go on; 0 or -errno at the end. */
static long read_one(const struct nlmsghdr *header, struct answer *a)
{
	const int *error = NLMSG_DATA(header);

	if (header->nlmsg_type == NLMSG_ERROR ||
	    header->nlmsg_type == NLMSG_DONE)
		return *error;
	NEED(a->n < MESSAGES_MAX);
	read_message(&a->message[a->n++], header);
	return 1;
}

long genl_read(struct genl *g, struct answer *a)
{
	union {
		struct nlmsghdr header;
		char bytes[16384];
	} in;
	struct nlmsghdr *header;
	long ret = 1;
	int len;

	a->n = 0;
	while (ret == 1) {
		len = recv(g->fd, &in, sizeof(in), 0);
		if (len < 0)
			return -errno;
		for (header = &in.header; ret == 1 && NLMSG_OK(header, len);
		     header = NLMSG_NEXT(header, len))
			ret = read_one(header, a);
	}
	return ret;
}

long genl_ask(struct genl *g, struct question *q, struct answer *a)
{
	genl_send(g, q);
	return genl_read(g, a);
}

static long find_family(struct genl *g)
{
	union {
		struct nlmsghdr header;
		char bytes[8192];
	} in;
	const struct nlattr *a;
	struct question q;
	int len;

	question_to(&q, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);
	q.header.nlmsg_flags = NLM_F_REQUEST;
	question_add(&q, CTRL_ATTR_FAMILY_NAME, OVERLAY_SECCOMP_GENL_NAME,
		     sizeof(OVERLAY_SECCOMP_GENL_NAME));
	genl_send(g, &q);
	len = recv(g->fd, &in, sizeof(in), 0);
	NEED(len > 0 && NLMSG_OK(&in.header, len));
	if (in.header.nlmsg_type == NLMSG_ERROR)
		return 0;
	a = (const void *)((char *)NLMSG_DATA(&in.header) + GENL_HDRLEN);
	for (; a; a = next_attr(a, in.bytes + len))
		if (a->nla_type == CTRL_ATTR_FAMILY_ID)
			memcpy(&g->family, (const char *)a + NLA_HDRLEN,
			       sizeof(g->family));
	return g->family;
}

bool genl_open(struct genl *g)
{
	g->family = 0;
	g->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	NEED(g->fd >= 0);
	if (find_family(g))
		return true;
	genl_close(g);
	return false;
}

void genl_close(struct genl *g)
{
	close(g->fd);
}

long ask_status(struct genl *g, struct answer *a)
{
	struct question q;

	question(&q, CMD(STATUS));
	return genl_ask(g, &q, a);
}

long ask_task(struct genl *g, pid_t pid, struct answer *a)
{
	struct question q;

	question(&q, CMD(TASK));
	question_u32(&q, ATTR(PID), pid);
	return genl_ask(g, &q, a);
}

long ask_listener(struct genl *g, int fd, struct answer *a)
{
	struct question q;

	question(&q, CMD(LISTENER));
	question_u32(&q, ATTR(FD), fd);
	return genl_ask(g, &q, a);
}

long subscribe(struct genl *g)
{
	struct answer a;
	struct question q;

	question(&q, CMD(SUBSCRIBE));
	return genl_ask(g, &q, &a);
}

bool event_next(struct genl *g, int ms, struct message *m)
{
	union {
		struct nlmsghdr header;
		char bytes[1024];
	} in;
	struct pollfd p = { .fd = g->fd, .events = POLLIN };
	int len;

	do {
		if (poll(&p, 1, ms) < 1)
			return false;
		len = recv(g->fd, &in, sizeof(in), 0);
		/* Something was lost: how much, an event says. */
	} while (len < 0 && errno == ENOBUFS);
	NEED(len > 0 && NLMSG_OK(&in.header, len));
	read_message(m, &in.header);
	NEED(m->cmd == CMD(EVENT));
	return true;
}

void event_wait(struct genl *g, int kind, struct message *m)
{
	do
		NEED(event_next(g, 10000, m));
	while (m->num[ATTR(EVENT)] != (uint64_t)kind);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the module tells by generic netlink, without a library: questions,
 * answers as numbers, and events.
 */
#ifndef OVERLAY_TEST_GENL_H
#define OVERLAY_TEST_GENL_H

#include <linux/netlink.h>
#include <linux/overlay_seccomp_netlink.h>

#include "kit.h"

#define CMD(name) OVERLAY_SECCOMP_CMD_##name
#define ATTR(name) OVERLAY_SECCOMP_ATTR_##name
#define EVENT(name) OVERLAY_SECCOMP_EVENT_##name
#define FILTER(name) OVERLAY_SECCOMP_FILTER_##name
#define LISTENER(name) OVERLAY_SECCOMP_LISTENER_##name

struct genl {
	int fd;
	uint16_t family;
};

/* A question; attributes are added at its end. */
struct question {
	union {
		struct nlmsghdr header;
		char bytes[512];
	};
};

struct message {
	int cmd;
	bool has[OVERLAY_SECCOMP_ATTR_MAX + 1];
	uint64_t num[OVERLAY_SECCOMP_ATTR_MAX + 1];
	char version[32];
	uint64_t counter[OVERLAY_SECCOMP_EVENT_MAX + 1];
};

#define MESSAGES_MAX 256

struct answer {
	int n;
	struct message message[MESSAGES_MAX];
};

/* A socket; is the family there? */
bool genl_open(struct genl *g);
void genl_close(struct genl *g);

void question(struct question *q, int cmd);
void question_u32(struct question *q, int attr, uint32_t value);
void question_flag(struct question *q, int attr);
void question_add(struct question *q, int attr, const void *data, size_t len);

void genl_send(struct genl *g, struct question *q);
/* All messages up to the end: 0 or -errno. */
long genl_read(struct genl *g, struct answer *a);
long genl_ask(struct genl *g, struct question *q, struct answer *a);

/* The questions. */
long ask_status(struct genl *g, struct answer *a);
long ask_task(struct genl *g, pid_t pid, struct answer *a);
long ask_listener(struct genl *g, int fd, struct answer *a);
long subscribe(struct genl *g);

/* The next event, if one comes within MS. */
bool event_next(struct genl *g, int ms, struct message *m);
/* The next one of this kind, which must come. */
void event_wait(struct genl *g, int kind, struct message *m);

#endif

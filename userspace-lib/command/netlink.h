/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the module tells of itself, as <linux/overlay_seccomp_netlink.h> has it.
 * All functions return 0 or -errno.
 */
#ifndef OVERLAY_SECCOMP_NETLINK_H
#define OVERLAY_SECCOMP_NETLINK_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/overlay_seccomp_netlink.h>

struct mnl_socket;

struct link {
	struct mnl_socket	*socket;
	unsigned int		portid;
	uint16_t		family;
	uint32_t		seq;
	unsigned int		patience;
};

/* Milliseconds to wait, all in all, for tasks that are busy. */
#define PATIENCE	2000

struct status {
	char		version[32];
	uint32_t	abi;
	uint64_t	features;
	uint64_t	native;
	uint32_t	hooks;
	uint32_t	filters;
	uint32_t	pins;
	uint32_t	subscribers;
	uint32_t	references;
	uint64_t	counters[OVERLAY_SECCOMP_EVENT_MAX + 1];
};

struct filter {
	uint64_t	id;
	uint64_t	listener_id;
	uint32_t	flags;
	uint32_t	listener;
	uint32_t	pending;
	uint32_t	received;
	uint32_t	users;
	uint32_t	insns;
	uint32_t	jit;
	uint32_t	verdict;
	bool		cached;
};

struct pin {
	uint64_t	address;
	uint64_t	size;
	uint64_t	offset;
};

/* Innermost filter first. Freed by task_free(). */
struct task {
	uint32_t	mode;
	size_t		filters_count;
	struct filter	*filters;
	size_t		pins_count;
	struct pin	*pins;
};

/* A call that is asked about. */
struct call {
	uint32_t	nr;
	uint32_t	arch;
	uint64_t	args[6];
};

struct event {
	uint32_t	event;
	uint64_t	time;
	uint32_t	task;
	uint64_t	id;
	uint32_t	flags;
	uint64_t	value;
	uint32_t	error;
};

/* -ENOENT: there is no module. */
int link_open(struct link *link);
/* The same, and says on stderr what is wrong: EXIT_*. */
int link_open_or_say(struct link *link);
void link_close(struct link *link);

int link_status(struct link *link, struct status *status);
/*
 * CALL may be NULL. -EAGAIN: it is in execve(2), or has its address space or a
 * listener locked, and link->patience has come to its end.
 */
int link_task(struct link *link, pid_t tid, const struct call *call,
	      bool with_pins, struct task *task);
void task_free(struct task *task);
int link_listener(struct link *link, int fd, uint64_t *id, uint32_t *flags);
int link_subscribe(struct link *link);
/* Waits for one, with the signals of MASK blocked; -EINTR for another. */
int link_event(struct link *link, const sigset_t *mask, struct event *event);

#endif

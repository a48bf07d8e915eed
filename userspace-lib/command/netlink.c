// SPDX-License-Identifier: GPL-2.0-only
/*
 * overlay-seccomp: asking the module.
 */
#define _GNU_SOURCE	/* ppoll */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "command.h"
#include "netlink.h"
#include "overlay_seccomp.h"

#define ATTR(name)	OVERLAY_SECCOMP_ATTR_##name
#define CMD(name)	OVERLAY_SECCOMP_CMD_##name

/* Events of some seconds. */
#define RECEIVE_BUFFER	(4 << 20)

/* Milliseconds between two questions to a task that is busy. */
#define PAUSE	10

union buffer {
	struct nlmsghdr	header;
	char		bytes[32768];
};

typedef void (*attr_fn)(const struct nlattr *attr, void *to);

static uint64_t number(const struct nlattr *attr)
{
	switch (mnl_attr_get_payload_len(attr)) {
	case sizeof(uint64_t):
		return mnl_attr_get_u64(attr);
	case sizeof(uint32_t):
		return mnl_attr_get_u32(attr);
	case sizeof(uint16_t):
		return mnl_attr_get_u16(attr);
	default:
		return 0;
	}
}

static void each_attr(const struct nlmsghdr *header, attr_fn fn, void *to)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, header, sizeof(struct genlmsghdr))
		fn(attr, to);
}

static struct nlmsghdr *request(struct link *link, union buffer *buffer,
				uint16_t type, uint8_t cmd, uint8_t version)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct genlmsghdr *genl;

	header->nlmsg_type = type;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	header->nlmsg_seq = ++link->seq;
	genl = mnl_nlmsg_put_extra_header(header, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = version;
	return header;
}

static struct nlmsghdr *question(struct link *link, union buffer *buffer,
				 uint8_t cmd)
{
	return request(link, buffer, link->family, cmd,
		       OVERLAY_SECCOMP_GENL_VERSION);
}

/* Each message of the answer to FN, until its end. */
static int ask(struct link *link, const struct nlmsghdr *header, mnl_cb_t fn,
	       void *to)
{
	union buffer in;
	ssize_t len;
	int more = MNL_CB_OK;

	if (mnl_socket_sendto(link->socket, header, header->nlmsg_len) < 0)
		return -errno;
	while (more > MNL_CB_STOP) {
		len = mnl_socket_recvfrom(link->socket, &in, sizeof(in));
		if (len < 0)
			return -errno;
		more = mnl_cb_run(&in, len, link->seq, link->portid, fn, to);
	}
	return more < 0 ? -errno : 0;
}

static void read_family(const struct nlattr *attr, void *to)
{
	if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
		((struct link *)to)->family = number(attr);
}

static int on_family(const struct nlmsghdr *header, void *to)
{
	each_attr(header, read_family, to);
	return MNL_CB_OK;
}

static int find_family(struct link *link)
{
	union buffer buffer;
	struct nlmsghdr *header = request(link, &buffer, GENL_ID_CTRL,
					  CTRL_CMD_GETFAMILY, 1);

	mnl_attr_put_strz(header, CTRL_ATTR_FAMILY_NAME,
			  OVERLAY_SECCOMP_GENL_NAME);
	return ask(link, header, on_family, link);
}

int link_open(struct link *link)
{
	int err;

	*link = (struct link){
		.socket		= mnl_socket_open(NETLINK_GENERIC),
		.patience	= PATIENCE,
	};
	if (!link->socket)
		return -errno;
	err = mnl_socket_bind(link->socket, 0, MNL_SOCKET_AUTOPID) ? -errno :
								      0;
	link->portid = mnl_socket_get_portid(link->socket);
	if (!err)
		err = find_family(link);
	if (err)
		link_close(link);
	return err;
}

/* Nobody has that name, in this network namespace. seccomp(2) knows more. */
static int say_why_nobody(void)
{
	int loaded = overlay_seccomp_has(0);

	if (!loaded) {
		complain(NOT_LOADED);
		return EXIT_NO;
	}
	if (loaded > 0)
		complain("the module is loaded, but is to be asked in the machine's own network namespace only");
	else
		complain("the module does not answer: it is not loaded, or this is not the machine's own network namespace");
	return EXIT_TROUBLE;
}

int link_open_or_say(struct link *link)
{
	int err = link_open(link);

	if (!err)
		return EXIT_YES;
	if (err == -ENOENT)
		return say_why_nobody();
	complain("generic netlink: %s", strerror(-err));
	return EXIT_TROUBLE;
}

void link_close(struct link *link)
{
	mnl_socket_close(link->socket);
}

static void read_counter(const struct nlattr *attr, struct status *status)
{
	uint16_t event = mnl_attr_get_type(attr);

	if (event <= OVERLAY_SECCOMP_EVENT_MAX)
		status->counters[event] = number(attr);
}

static void read_status(const struct nlattr *attr, void *to)
{
	struct status *status = to;
	const struct nlattr *counter;

	switch (mnl_attr_get_type(attr)) {
	case ATTR(VERSION):
		strncpy(status->version, mnl_attr_get_str(attr),
			sizeof(status->version) - 1);
		break;
	case ATTR(ABI):
		status->abi = number(attr);
		break;
	case ATTR(FEATURES):
		status->features = number(attr);
		break;
	case ATTR(NATIVE):
		status->native = number(attr);
		break;
	case ATTR(HOOKS):
		status->hooks = number(attr);
		break;
	case ATTR(FILTERS):
		status->filters = number(attr);
		break;
	case ATTR(PINS):
		status->pins = number(attr);
		break;
	case ATTR(SUBSCRIBERS):
		status->subscribers = number(attr);
		break;
	case ATTR(REFERENCES):
		status->references = number(attr);
		break;
	case ATTR(COUNTERS):
		mnl_attr_for_each_nested(counter, attr)
			read_counter(counter, status);
		break;
	}
}

static int on_status(const struct nlmsghdr *header, void *to)
{
	each_attr(header, read_status, to);
	return MNL_CB_OK;
}

int link_status(struct link *link, struct status *status)
{
	union buffer buffer;

	memset(status, 0, sizeof(*status));
	return ask(link, question(link, &buffer, CMD(STATUS)), on_status,
		   status);
}

static void read_filter(const struct nlattr *attr, void *to)
{
	struct filter *filter = to;

	switch (mnl_attr_get_type(attr)) {
	case ATTR(ID):
		filter->id = number(attr);
		break;
	case ATTR(LISTENER_ID):
		filter->listener_id = number(attr);
		break;
	case ATTR(FLAGS):
		filter->flags = number(attr);
		break;
	case ATTR(LISTENER):
		filter->listener = number(attr);
		break;
	case ATTR(PENDING):
		filter->pending = number(attr);
		break;
	case ATTR(RECEIVED):
		filter->received = number(attr);
		break;
	case ATTR(USERS):
		filter->users = number(attr);
		break;
	case ATTR(INSNS):
		filter->insns = number(attr);
		break;
	case ATTR(JIT):
		filter->jit = number(attr);
		break;
	case ATTR(VERDICT):
		filter->verdict = number(attr);
		break;
	case ATTR(CACHED):
		filter->cached = true;
		break;
	}
}

static void read_pin(const struct nlattr *attr, void *to)
{
	struct pin *pin = to;

	switch (mnl_attr_get_type(attr)) {
	case ATTR(ADDRESS):
		pin->address = number(attr);
		break;
	case ATTR(SIZE):
		pin->size = number(attr);
		break;
	case ATTR(OFFSET):
		pin->offset = number(attr);
		break;
	}
}

static void read_mode(const struct nlattr *attr, void *to)
{
	if (mnl_attr_get_type(attr) == ATTR(MODE))
		((struct task *)to)->mode = number(attr);
}

static int on_task(const struct nlmsghdr *header, void *to)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(header);
	struct task *task = to;
	void *grown;

	switch (genl->cmd) {
	case CMD(TASK):
		each_attr(header, read_mode, task);
		break;
	case CMD(PIN):
		grown = grow(task->pins, ++task->pins_count,
			     sizeof(*task->pins));
		task->pins = grown;
		each_attr(header, read_pin, &task->pins[task->pins_count - 1]);
		break;
	case CMD(FILTER):
		grown = grow(task->filters, ++task->filters_count,
			     sizeof(*task->filters));
		task->filters = grown;
		each_attr(header, read_filter,
			  &task->filters[task->filters_count - 1]);
		break;
	}
	return MNL_CB_OK;
}

static int try_task(struct link *link, pid_t tid, const struct call *call,
		    bool with_pins, struct task *task)
{
	union buffer buffer;
	struct nlmsghdr *header = question(link, &buffer, CMD(TASK));
	int err;

	memset(task, 0, sizeof(*task));
	header->nlmsg_flags |= NLM_F_DUMP;
	mnl_attr_put_u32(header, ATTR(PID), tid);
	if (with_pins)
		mnl_attr_put(header, ATTR(WITH_PINS), 0, NULL);
	if (call) {
		mnl_attr_put_u32(header, ATTR(NR), call->nr);
		mnl_attr_put_u32(header, ATTR(ARCH), call->arch);
		mnl_attr_put(header, ATTR(ARGS), sizeof(call->args),
			     call->args);
	}
	err = ask(link, header, on_task, task);
	if (err)
		task_free(task);
	return err;
}

int link_task(struct link *link, pid_t tid, const struct call *call,
	      bool with_pins, struct task *task)
{
	const struct timespec pause = { .tv_nsec = PAUSE * 1000000 };
	int err;

	while ((err = try_task(link, tid, call, with_pins, task)) == -EAGAIN &&
	       link->patience) {
		nanosleep(&pause, NULL);
		link->patience -= PAUSE;
	}
	return err;
}

void task_free(struct task *task)
{
	free(task->filters);
	free(task->pins);
	memset(task, 0, sizeof(*task));
}

static int on_listener(const struct nlmsghdr *header, void *to)
{
	each_attr(header, read_filter, to);
	return MNL_CB_OK;
}

int link_listener(struct link *link, int fd, uint64_t *id, uint32_t *flags)
{
	struct filter filter = { 0 };
	union buffer buffer;
	struct nlmsghdr *header = question(link, &buffer, CMD(LISTENER));
	int err;

	mnl_attr_put_u32(header, ATTR(FD), fd);
	err = ask(link, header, on_listener, &filter);
	*id = filter.listener_id;
	*flags = filter.flags;
	return err;
}

int link_subscribe(struct link *link)
{
	union buffer buffer;
	int size = RECEIVE_BUFFER;
	int fd = mnl_socket_get_fd(link->socket);

	/* More than the machine's limit, where that is allowed. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return ask(link, question(link, &buffer, CMD(SUBSCRIBE)), NULL, NULL);
}

static void read_event(const struct nlattr *attr, void *to)
{
	struct event *event = to;

	switch (mnl_attr_get_type(attr)) {
	case ATTR(EVENT):
		event->event = number(attr);
		break;
	case ATTR(TIME):
		event->time = number(attr);
		break;
	case ATTR(TASK):
		event->task = number(attr);
		break;
	case ATTR(ID):
		event->id = number(attr);
		break;
	case ATTR(FLAGS):
		event->flags = number(attr);
		break;
	case ATTR(VALUE):
		event->value = number(attr);
		break;
	case ATTR(ERROR):
		event->error = number(attr);
		break;
	}
}

int link_event(struct link *link, const sigset_t *mask, struct event *event)
{
	struct pollfd fd = {
		.fd	= mnl_socket_get_fd(link->socket),
		.events	= POLLIN,
	};
	union buffer in;
	ssize_t len;

	memset(event, 0, sizeof(*event));
	do {
		if (ppoll(&fd, 1, NULL, mask) < 0)
			return -errno;
		len = mnl_socket_recvfrom(link->socket, &in, sizeof(in));
	/* Something was lost; an event says how much. */
	} while (len < 0 && errno == ENOBUFS);
	if (len < 0)
		return -errno;
	if (mnl_nlmsg_ok(&in.header, len))
		each_attr(&in.header, read_event, event);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * watch perf|audit COMMAND...: runs COMMAND and tells what one who watches the
 * system calls of others gets to see meanwhile: "perf trace" (a perf event on
 * raw_syscalls:sys_enter, inherited), or auditd (which rules with a netlink
 * socket, and reads there). Lines:
 *
 *	enter NR ARG		perf: a call and its first argument
 *	audit TYPE TEXT		1326: a verdict of seccomp; 1300: a dup(2)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096UL
#define RING_PAGES 1024UL
#define CPUS 16

static int run(char **argv)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		execvp(argv[0], argv);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* perf: as raw_syscalls/sys_enter/format has it since 2.6.33 */
struct sample {
	struct perf_event_header header;
	__u32 size;
	__u64 common;
	__s64 nr;
	__u64 args[6];
} __attribute__((packed));

static int event_id(void)
{
	FILE *f = fopen("/sys/kernel/tracing/events/raw_syscalls/sys_enter/id",
			"r");
	int id = -1;

	if (!f || fscanf(f, "%d", &id) != 1)
		return -1;
	fclose(f);
	return id;
}

static void read_ring(char *ring)
{
	struct perf_event_mmap_page *meta = (void *)ring;
	char *data = ring + PAGE, *copy = malloc(65536);
	__u64 at, size = RING_PAGES * PAGE;
	size_t i;

	for (at = meta->data_tail; at < meta->data_head;) {
		struct perf_event_header *h = (void *)(data + at % size);
		struct sample *s = (void *)copy;

		for (i = 0; i < h->size; i++)
			copy[i] = data[(at + i) % size];
		if (s->header.type == PERF_RECORD_SAMPLE)
			printf("enter %lld %lld\n", s->nr, s->args[0]);
		else if (s->header.type == PERF_RECORD_LOST)
			puts("lost");
		at += s->header.size;
	}
	free(copy);
}

static int watch_perf(char **argv)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr),
		.config = event_id(), .sample_period = 1,
		.sample_type = PERF_SAMPLE_RAW, .inherit = 1,
	};
	char *ring[CPUS];
	int cpu, fd, cpus = 0, status;

	for (cpu = 0; cpu < CPUS; cpu++) {
		fd = syscall(SYS_perf_event_open, &attr, 0, cpu, -1, 0);
		if (fd < 0)
			break;
		ring[cpus] = mmap(NULL, (RING_PAGES + 1) * PAGE,
				  PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (ring[cpus++] == MAP_FAILED) {
			perror("watch: ring");
			return 2;
		}
	}
	if (!cpus) {
		perror("watch: perf_event_open");
		return 2;
	}
	status = run(argv);
	while (cpus--)
		read_ring(ring[cpus]);
	return status;
}

/* audit */
static int audit_send(int sock, int type, const void *data, size_t size)
{
	char buf[8192] = { };
	struct nlmsghdr *h = (void *)buf;

	h->nlmsg_len = NLMSG_LENGTH(size);
	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST;
	memcpy(NLMSG_DATA(h), data, size);
	return send(sock, buf, h->nlmsg_len, 0) < 0 ? -1 : 0;
}

static int audit_set(int sock, __u32 enabled)
{
	struct audit_status status = {
		.mask = AUDIT_STATUS_ENABLED | AUDIT_STATUS_PID |
			AUDIT_STATUS_BACKLOG_LIMIT,
		.enabled = enabled, .pid = enabled ? getpid() : 0,
		.backlog_limit = 8192,
	};

	return audit_send(sock, AUDIT_SET, &status, sizeof(status));
}

static int audit_rule(int sock, int type)
{
	struct audit_rule_data rule = {
		.flags = AUDIT_FILTER_EXIT, .action = AUDIT_ALWAYS,
		.field_count = 1, .fields = { AUDIT_ARCH },
		.values = { AUDIT_ARCH_X86_64 },
		.fieldflags = { AUDIT_EQUAL },
	};

	rule.mask[AUDIT_WORD(SYS_dup)] |= AUDIT_BIT(SYS_dup);
	return audit_send(sock, type, &rule, sizeof(rule));
}

static void audit_read(int sock)
{
	static char buf[16384];
	struct nlmsghdr *h = (void *)buf;
	ssize_t got;

	while ((got = recv(sock, buf, sizeof(buf) - 1, 0)) > 0) {
		buf[got] = 0;
		if (h->nlmsg_type == AUDIT_SECCOMP ||
		    h->nlmsg_type == AUDIT_SYSCALL)
			printf("audit %d %s\n", h->nlmsg_type,
			       (char *)NLMSG_DATA(h));
	}
}

static int watch_audit(char **argv)
{
	int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
	struct timeval patience = { .tv_sec = 2 };
	int status, size = 8 << 20;

	setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (sock < 0 || audit_set(sock, 1) || audit_rule(sock, AUDIT_ADD_RULE)) {
		perror("watch: audit");
		return 2;
	}
	status = run(argv);
	audit_read(sock);
	audit_rule(sock, AUDIT_DEL_RULE);
	audit_set(sock, 0);
	return status;
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "perf"))
		return watch_perf(argv + 2);
	if (argc > 2 && !strcmp(argv[1], "audit"))
		return watch_audit(argv + 2);
	fputs("usage: watch perf|audit COMMAND...\n", stderr);
	return 2;
}

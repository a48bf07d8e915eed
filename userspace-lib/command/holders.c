// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "command.h"
#include "holders.h"
#include "scan.h"
#include "terminal.h"
#include "words.h"

/* Not in glibc 2.31. */
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd	438
#endif

struct search {
	struct holders	*holders;
	pid_t		pid;
	int		pidfd;
	size_t		seen;
};

/* By a copy of it, since a number says nothing to the module. */
static void ask_about(struct search *search, int number)
{
	struct holders *holders = search->holders;
	struct holder found = { .pid = search->pid, .fd = number };
	int fd = syscall(SYS_pidfd_getfd, search->pidfd, number, 0);
	int err;

	if (fd < 0)
		return;
	err = link_listener(holders->link, fd, &found.id, &found.flags);
	close(fd);
	if (err)
		return;
	proc_comm(found.pid, found.comm);
	holders->list = grow(holders->list, ++holders->count,
			     sizeof(*holders->list));
	holders->list[holders->count - 1] = found;
}

static bool on_fd(long number, void *to)
{
	struct search *search = to;
	char path[64], target[64];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%d/fd/%ld", search->pid, number);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return false;
	target[len] = '\0';
	if (strcmp(target, "anon_inode:seccomp notify"))
		return false;
	if (search->pidfd < 0)
		search->pidfd = syscall(SYS_pidfd_open, search->pid, 0);
	ask_about(search, number);
	return false;
}

static bool on_process(long number, void *to)
{
	struct search *search = to;
	char path[64];

	search->pid = number;
	search->pidfd = -1;
	snprintf(path, sizeof(path), "/proc/%ld/fd", number);
	proc_each(path, on_fd, search);
	if (search->pidfd >= 0)
		close(search->pidfd);
	progress("processes looked at for listeners", ++search->seen);
	return false;
}

void holders_find(struct holders *holders, struct link *link)
{
	struct search search = { .holders = holders };

	*holders = (struct holders){ .link = link };
	proc_each("/proc", on_process, &search);
	progress_end();
}

static void count_filter(struct holders *holders, const struct filter *filter)
{
	size_t i;

	if (filter->listener != OVERLAY_SECCOMP_LISTENER_OPEN)
		return;
	for (i = 0; i < holders->count; i++) {
		if (holders->list[i].id != filter->listener_id)
			continue;
		holders->list[i].flags |= filter->flags;
		holders->list[i].tasks++;
	}
}

static void count_task(pid_t pid, pid_t tid, const struct task *task, void *to)
{
	size_t i;

	(void)pid;
	(void)tid;
	for (i = 0; i < task->filters_count; i++)
		count_filter(to, &task->filters[i]);
}

int holders_count(struct holders *holders)
{
	struct scan scan = {
		.link = holders->link, .fn = count_task, .to = holders,
	};

	return holders->count ? scan_tasks(&scan) : 0;
}

void holders_free(struct holders *holders)
{
	free(holders->list);
}

void holders_print(const struct holders *holders, uint64_t id)
{
	const char *before = "held by";
	size_t i;

	for (i = 0; i < holders->count; i++) {
		if (holders->list[i].id != id)
			continue;
		printf("%s %s (%d, fd %d)", before, holders->list[i].comm,
		       holders->list[i].pid, holders->list[i].fd);
		before = " and";
	}
	if (*before == 'h')
		fputs("held by a process that is not to be seen", stdout);
}

void holders_json(const struct holders *holders, uint64_t id)
{
	const char *comma = "";
	size_t i;

	putchar('[');
	for (i = 0; i < holders->count; i++) {
		if (holders->list[i].id != id)
			continue;
		printf("%s{\"pid\": %d, \"comm\": ", comma,
		       holders->list[i].pid);
		json_string(holders->list[i].comm);
		printf(", \"fd\": %d}", holders->list[i].fd);
		comma = ", ";
	}
	putchar(']');
}

void json_filter(const struct filter *filter, const struct holders *holders)
{
	fputs("\"id\": ", stdout);
	json_id(filter->id);
	fputs(", \"flags\": ", stdout);
	json_words(filter->flags, filter_flags, filter_flags_count);
	printf(", \"listener\": \"%s\"", listener_name(filter->listener));
	if (filter->listener == OVERLAY_SECCOMP_LISTENER_OPEN) {
		fputs(", \"listener_id\": ", stdout);
		json_id(filter->listener_id);
		printf(", \"pending\": %u, \"received\": %u, \"holders\": ",
		       filter->pending, filter->received);
		holders_json(holders, filter->listener_id);
	}
	printf(", \"users\": %u, \"insns\": %u, \"jit\": %u", filter->users,
	       filter->insns, filter->jit);
}

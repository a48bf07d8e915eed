// SPDX-License-Identifier: LGPL-2.1-or-later
/* Who is in an address space. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "internal.h"
#include "pins.h"

/* Of user space's clock (USER_HZ), in a second, and in nanoseconds. */
#define TICKS	100ULL
#define TICK	(1000000000 / TICKS)

enum sharing task_sharing(pid_t tid, pid_t other)
{
	long ret = syscall(SYS_kcmp, (long)tid, (long)other, (long)KCMP_VM, 0L,
			   0L);

	if (!ret)
		return SHARED;
	return ret > 0 || errno == ESRCH ? NOT_SHARED : UNKNOWN;
}

/* The 20th word behind the name, which can hold anything. 0 for none. */
static __u64 start_in(const char *stat)
{
	const char *at = strrchr(stat, ')');
	unsigned long long start;

	if (!at || sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u"
			  " %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
			  &start) != 1)
		return 0;
	return start;
}

int task_start(pid_t tid, __u64 *start)
{
	char path[64], stat[1024];
	ssize_t len;
	int fd, err;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", (int)tid,
		 (int)tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return no_such_thread(errno);
	len = read(fd, stat, sizeof(stat) - 1);
	err = errno;
	close(fd);
	if (len < 0)
		return -err;
	stat[len] = 0;
	*start = start_in(stat);
	return *start ? 0 : -ESRCH;
}

static bool is_member(const struct space *space, pid_t tid, __u64 start)
{
	size_t i;

	for (i = 0; i < space->n_members; i++)
		if (space->members[i].tid == tid &&
		    space->members[i].start == start)
			return true;
	return false;
}

bool space_has_member(const struct space *space, const struct caller *caller)
{
	return is_member(space, caller->tid, caller->start);
}

int space_has_peer(const struct space *space, pid_t tid)
{
	const struct member *m = space->members;
	__u64 start;
	size_t i;
	int ret;

	for (i = 0; i < space->n_members; i++, m++) {
		if (task_sharing(tid, m->tid) != SHARED)
			continue;
		ret = task_start(m->tid, &start);
		if (!ret && start == m->start)
			return 1;
		if (ret < 0 && ret != -ESRCH)
			return ret;
	}
	return 0;
}

static void drop_gone(struct space *space, pid_t tid)
{
	size_t i, kept = 0;

	for (i = 0; i < space->n_members; i++)
		if (task_sharing(tid, space->members[i].tid) != NOT_SHARED)
			space->members[kept++] = space->members[i];
	space->n_members = kept;
}

static int make_room(struct space *space, pid_t tid)
{
	struct member *members;
	size_t room;

	if (space->n_members < space->members_room)
		return 0;
	drop_gone(space, tid);
	if (space->n_members < space->members_room)
		return 0;
	room = space->members_room ? 2 * space->members_room : 4;
	members = reallocarray(space->members, room, sizeof(*members));
	if (!members)
		return -ENOMEM;
	space->members = members;
	space->members_room = room;
	return 0;
}

static int add(struct space *space, pid_t tid, const struct member *new)
{
	int ret;

	if (!new->start || is_member(space, new->tid, new->start))
		return 0;
	ret = make_room(space, tid);
	if (!ret)
		space->members[space->n_members++] = *new;
	return ret;
}

/* By the clock of /proc/PID/stat, in the time namespace of whoever reads it. */
bool caller_is_young(const struct caller *caller)
{
	struct timespec now;

	if (clock_gettime(CLOCK_BOOTTIME, &now))
		return true;
	return now.tv_sec * TICKS + now.tv_nsec / TICK <= caller->start;
}

static int sleep_while_young(const struct caller *caller)
{
	const __u64 tick = caller->start + 1;
	const struct timespec until = {
		.tv_sec = tick / TICKS,
		.tv_nsec = tick % TICKS * TICK,
	};
	int err;

	do {
		err = clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &until,
				      NULL);
	} while (err == EINTR);
	return -err;
}

/*
 * The first thread often outlives those that make calls.
 *
 * A member that ends in the tick in which it began could have its number taken,
 * within that tick, by the child of a fork(2), which sees the pins as well.
 * When that tick is over and the caller still waits, whoever has its number
 * after it has begun later. Its first thread has begun no later than itself.
 */
int space_add(struct space *space, const struct caller *caller)
{
	struct member self = { .tid = caller->tid, .start = caller->start };
	struct member first = { .tid = overlay_seccomp_tgid(caller->tid) };
	int ret = first.tid;

	if (ret > 0)
		ret = task_start(first.tid, &first.start);
	if (ret < 0 && ret != -ESRCH)
		return ret;
	ret = caller_is_young(caller) ? sleep_while_young(caller) : 0;
	if (ret < 0)
		return ret;
	/* Else it may be another's: a member is forever. */
	ret = overlay_seccomp_pending(caller->listener, caller->id);
	if (ret <= 0)
		return ret < 0 ? ret : -ESRCH;
	ret = add(space, caller->tid, &self);
	return ret ? ret : add(space, caller->tid, &first);
}

void space_remove(struct space *space, pid_t tid)
{
	size_t i, kept = 0;

	for (i = 0; i < space->n_members; i++)
		if (space->members[i].tid != tid)
			space->members[kept++] = space->members[i];
	space->n_members = kept;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the arguments of a call point to, copied once. */
#define _GNU_SOURCE
#include <limits.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "internal.h"

/* Of the smallest kind: no page ends in the middle of such a piece. */
#define PAGE 4096

/* Returns the bytes that are there, not 0, or -errno. */
static ssize_t read_piece(pid_t tid, __u64 addr, void *buf, size_t size)
{
	struct iovec here = { buf, size };
	struct iovec there = { (void *)(uintptr_t)addr, size };
	ssize_t got;

	if (tid <= 0)
		return -ESRCH;
	if (addr > UINTPTR_MAX)
		return -EFAULT;
	got = process_vm_readv(tid, &here, 1, &there, 1, 0);
	if (got < 0)
		return -errno;
	return got ? got : -EFAULT;
}

/* Was it really the caller's memory that was read? Returns @ret if so. */
static int if_pending(int listener, const struct seccomp_notif *request,
		      int ret)
{
	int pending = overlay_seccomp_pending(listener, request->id);

	if (pending < 0)
		return pending;
	return pending ? ret : -ESRCH;
}

static int read_bytes(pid_t tid, __u64 addr, char *buf, size_t size)
{
	size_t used = 0;
	ssize_t got;

	while (used < size) {
		got = read_piece(tid, addr + used, buf + used, size - used);
		if (got < 0)
			return used ? (int)used : (int)got;
		used += got;
	}
	return used;
}

EXPORT int overlay_seccomp_read(int listener,
				const struct seccomp_notif *request,
				__u64 addr, void *buf, size_t size)
{
	if (size > INT_MAX)
		return -EINVAL;
	return if_pending(listener, request,
			  read_bytes(request->pid, addr, buf, size));
}

/* Returns the length, or -errno. Never reads a page that the string has not. */
static int read_string(pid_t tid, __u64 addr, char *buf, size_t size)
{
	size_t used = 0, piece;
	ssize_t got;
	char *end;

	while (used < size) {
		piece = PAGE - (addr + used) % PAGE;
		if (piece > size - used)
			piece = size - used;
		got = read_piece(tid, addr + used, buf + used, piece);
		if (got < 0)
			return got;
		end = memchr(buf + used, 0, got);
		if (end)
			return end - buf;
		used += got;
	}
	return -ENAMETOOLONG;
}

EXPORT int overlay_seccomp_read_string(int listener,
				       const struct seccomp_notif *request,
				       __u64 addr, char *buf, size_t size)
{
	if (size > INT_MAX)
		return -EINVAL;
	return if_pending(listener, request,
			  read_string(request->pid, addr, buf, size));
}

/* Strings, one after the other, and what is left for more. */
struct strings {
	char	*text;
	size_t	used;
	size_t	room;
	size_t	left;
	size_t	count;
};

static int read_one(pid_t tid, __u64 addr, struct strings *s)
{
	size_t room = s->room ? s->room : PAGE;
	char *text;
	int len;

	for (;;) {
		if (room != s->room) {
			text = realloc(s->text, room);
			if (!text)
				return -ENOMEM;
			s->text = text;
			s->room = room;
		}
		len = read_string(tid, addr, s->text + s->used,
				  s->room - s->used);
		if (len != -ENAMETOOLONG)
			break;
		if (s->room - s->used > s->left)
			return -E2BIG;
		room = 2 * s->room;
	}
	if (len < 0)
		return len;
	if ((size_t)len >= s->left)
		return -E2BIG;
	s->used += len + 1;
	s->left -= len + 1;
	s->count++;
	return 0;
}

static int read_vector(pid_t tid, __u64 addr, size_t pointer_size,
		       struct strings *s)
{
	union { __u32 narrow; __u64 wide; } entry;
	__u64 string;
	int ret;

	for (;; addr += pointer_size) {
		ret = read_bytes(tid, addr, (char *)&entry, pointer_size);
		if (ret < 0)
			return ret;
		if ((size_t)ret < pointer_size)
			return -EFAULT;
		string = pointer_size == sizeof(__u32) ? entry.narrow :
							 entry.wide;
		if (!string)
			return 0;
		if (s->left < pointer_size)
			return -E2BIG;
		s->left -= pointer_size;
		ret = read_one(tid, string, s);
		if (ret < 0)
			return ret;
	}
}

/* One block, so that one free(3) ends it. */
static char **make_vector(const struct strings *s)
{
	size_t table = (s->count + 1) * sizeof(char *), i;
	char **vector = malloc(table + s->used);
	char *next;

	if (!vector)
		return NULL;
	next = (char *)vector + table;
	if (s->used)
		memcpy(next, s->text, s->used);
	for (i = 0; i < s->count; i++) {
		vector[i] = next;
		next += strlen(next) + 1;
	}
	vector[i] = NULL;
	return vector;
}

EXPORT int overlay_seccomp_read_strings(int listener,
					const struct seccomp_notif *request,
					__u64 addr, size_t max, char ***strings)
{
	struct strings s = { .left = max };
	char **vector = NULL;
	int ret = 0;

	*strings = NULL;
	if (max > INT_MAX)
		return -EINVAL;
	/* As to execve(2), NULL is an empty vector. */
	if (addr)
		ret = read_vector(request->pid, addr,
				  is_narrow(request) ? 4 : 8, &s);
	ret = if_pending(listener, request, ret);
	if (!ret) {
		vector = make_vector(&s);
		ret = vector ? (int)s.count : -ENOMEM;
	}
	free(s.text);
	*strings = vector;
	return ret;
}

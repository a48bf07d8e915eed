// SPDX-License-Identifier: LGPL-2.1-or-later
/* A call with other arguments: how one is put together. */
#define _GNU_SOURCE
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "redirect.h"

/* For which a pin of the last size has room, beside the mark. */
#define MAX_SIZE	(LAST_PIN - MARK_SIZE)
#define ALIGNMENT	8
/* Of the first version of the structure, and so of every one. */
#define OPEN_HOW_SIZE	24

/* The other number of restart_syscall() is __NR_restart_syscall. */
#define I386_RESTART_SYSCALL	0

/*
 * A call that began before the notification, and is in the kernel still. Only
 * where there are pins does it matter, and so in no supervisor of 32 bits.
 */
static bool is_restarted(const struct seccomp_data *call)
{
	if (call->arch == AUDIT_ARCH_I386)
		return call->nr == I386_RESTART_SYSCALL;
	return (call->nr & ~__X32_SYSCALL_BIT) == __NR_restart_syscall;
}

static void release_earlier(struct overlay_seccomp_pins *pins,
			    const struct caller *caller)
{
	struct space *space;

	for (space = pins->spaces; space; space = space->next)
		space_release_earlier(space, caller);
}

EXPORT int overlay_seccomp_redirect_begin(struct overlay_seccomp_pins *pins,
					  const struct seccomp_notif *request,
					  struct overlay_seccomp_redirect **r)
{
	*r = NULL;
	if ((pid_t)request->pid <= 0)
		return -ESRCH;
	*r = malloc(sizeof(**r));
	if (!*r)
		return -ENOMEM;
	**r = (struct overlay_seccomp_redirect){
		.pins = pins,
		.caller = {
			.listener = pins->listener,
			.id = request->id,
			.tid = request->pid,
			.narrow = is_narrow(request),
		},
	};
	if (!is_restarted(&request->data))
		release_earlier(pins, &(*r)->caller);
	return 0;
}

EXPORT void overlay_seccomp_redirect_cancel(struct overlay_seccomp_redirect *r)
{
	if (!r)
		return;
	free(r->data);
	free(r);
}

/* The first error is the one that counts, also when all is sent. */
static int fail(struct overlay_seccomp_redirect *r, int error)
{
	if (!r->error)
		r->error = error;
	return error;
}

static bool fits(const struct overlay_seccomp_redirect *r, __u64 value)
{
	return !r->caller.narrow || value <= UINT32_MAX;
}

EXPORT int overlay_seccomp_redirect_arg(struct overlay_seccomp_redirect *r,
					unsigned int i, __u64 value)
{
	if (i >= SECCOMP_REDIRECT_ARGS || !fits(r, value))
		return fail(r, -EINVAL);
	r->args_mask |= 1U << i;
	r->ptr_mask &= ~(1U << i);
	r->args[i] = value;
	r->ptr_len[i] = 0;
	r->entries[i] = 0;
	return 0;
}

static int make_room(struct overlay_seccomp_redirect *r, size_t size)
{
	size_t room = r->room ? r->room : 512;
	char *data;

	if (size > MAX_SIZE || r->used + size > MAX_SIZE)
		return -E2BIG;
	while (room < r->used + size)
		room *= 2;
	if (room == r->room)
		return 0;
	data = realloc(r->data, room);
	if (!data)
		return -ENOMEM;
	r->data = data;
	r->room = room;
	return 0;
}

/* Returns where in the data it is, or -errno. */
static int append(struct overlay_seccomp_redirect *r, const void *data,
		  size_t len)
{
	size_t gap = -r->used % ALIGNMENT;
	int ret;

	/* Before the sum of the two can overflow. */
	ret = len > MAX_SIZE ? -E2BIG : make_room(r, gap + len);
	if (ret < 0)
		return ret;
	memset(r->data + r->used, 0, gap);
	r->used += gap;
	memcpy(r->data + r->used, data, len);
	r->used += len;
	return r->used - len;
}

static void set_pointer(struct overlay_seccomp_redirect *r, unsigned int i,
			size_t offset, size_t len)
{
	overlay_seccomp_redirect_arg(r, i, offset);
	r->ptr_mask |= 1U << i;
	r->ptr_len[i] = len;
}

EXPORT int overlay_seccomp_redirect_bytes(struct overlay_seccomp_redirect *r,
					  unsigned int i, const void *data,
					  size_t len)
{
	int offset;

	if (i >= SECCOMP_REDIRECT_ARGS || !data || !len)
		return fail(r, -EINVAL);
	offset = append(r, data, len);
	if (offset < 0)
		return fail(r, offset);
	set_pointer(r, i, offset, len);
	return 0;
}

EXPORT int overlay_seccomp_redirect_string(struct overlay_seccomp_redirect *r,
					   unsigned int i, const char *string)
{
	if (!string)
		return fail(r, -EINVAL);
	return overlay_seccomp_redirect_bytes(r, i, string, strlen(string) + 1);
}

EXPORT int overlay_seccomp_redirect_path(struct overlay_seccomp_redirect *r,
					 unsigned int i, const char *path)
{
	/* Where a relative one begins, the target can change. */
	if (!path || path[0] != '/')
		return fail(r, -EINVAL);
	if (strlen(path) >= PATH_MAX)
		return fail(r, -ENAMETOOLONG);
	return overlay_seccomp_redirect_string(r, i, path);
}

static int append_strings(struct overlay_seccomp_redirect *r, size_t table,
			  char *const strings[])
{
	size_t i;
	int ret;

	for (i = 0; strings[i]; i++) {
		ret = append(r, strings[i], strlen(strings[i]) + 1);
		if (ret < 0)
			return ret;
		set_entry(r, r->data + table, i, ret);
	}
	return 0;
}

/* Behind the table, so that the kernel proves all of it to be pinned. */
EXPORT int overlay_seccomp_redirect_strings(struct overlay_seccomp_redirect *r,
					    unsigned int i,
					    char *const strings[])
{
	size_t count = 0;
	void *zeros;
	int table, ret;

	if (i >= SECCOMP_REDIRECT_ARGS || !strings)
		return fail(r, -EINVAL);
	while (strings[count])
		count++;
	zeros = calloc(count + 1, r->caller.narrow ? 4 : 8);
	if (!zeros)
		return fail(r, -ENOMEM);
	table = append(r, zeros, (count + 1) * (r->caller.narrow ? 4 : 8));
	free(zeros);
	ret = table < 0 ? table : append_strings(r, table, strings);
	if (ret < 0)
		return fail(r, ret);
	set_pointer(r, i, table, r->used - table);
	r->entries[i] = count;
	return 0;
}

EXPORT int overlay_seccomp_redirect_sockaddr(struct overlay_seccomp_redirect *r,
					     unsigned int i_addr,
					     unsigned int i_len,
					     const struct sockaddr *addr,
					     socklen_t len)
{
	int ret;

	if (i_addr == i_len || len < sizeof(addr->sa_family) ||
	    len > sizeof(struct sockaddr_storage))
		return fail(r, -EINVAL);
	ret = overlay_seccomp_redirect_bytes(r, i_addr, addr, len);
	return ret < 0 ? ret : overlay_seccomp_redirect_arg(r, i_len, len);
}

EXPORT int overlay_seccomp_redirect_open_how(struct overlay_seccomp_redirect *r,
					     unsigned int i_how,
					     unsigned int i_size,
					     const struct open_how *how,
					     size_t size)
{
	int ret;

	if (i_how == i_size || size < OPEN_HOW_SIZE)
		return fail(r, -EINVAL);
	ret = overlay_seccomp_redirect_bytes(r, i_how, how, size);
	return ret < 0 ? ret : overlay_seccomp_redirect_arg(r, i_size, size);
}

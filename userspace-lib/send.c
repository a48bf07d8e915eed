// SPDX-License-Identifier: LGPL-2.1-or-later
/* A call with other arguments: how it is placed in pins, and sent. */
#include <string.h>

#include "internal.h"
#include "redirect.h"

/* Copies the data to where the kernel will read it, at @base. */
static void fill(const struct overlay_seccomp_redirect *r, char *to, __u64 base)
{
	size_t table, i, n;

	memcpy(to, r->data, r->used);
	for (i = 0; i < SECCOMP_REDIRECT_ARGS; i++) {
		table = r->args[i];
		for (n = 0; n < r->entries[i]; n++)
			set_entry(r, to + table, n,
				  base + get_entry(r, r->data + table, n));
	}
}

static int post(const struct overlay_seccomp_redirect *r, int memfd, __u64 base)
{
	struct seccomp_notif_resp_redirect response = {
		.id = r->caller.id,
		.flags = SECCOMP_REDIRECT_FLAG_CONTINUE,
		.args_mask = r->args_mask,
		.ptr_mask = r->ptr_mask,
		.memfd = memfd,
	};
	int signals = MAX_SIGNALS;
	size_t i;
	int ret;

	for (i = 0; i < SECCOMP_REDIRECT_ARGS; i++) {
		response.args[i] = r->args[i];
		if (r->ptr_mask & 1U << i)
			response.args[i] += base;
		response.ptr_len[i] = r->ptr_len[i];
	}
	do {
		ret = overlay_seccomp_send_redirect(r->caller.listener,
						    &response);
	} while (ret == -EINTR && --signals);
	return ret;
}

static int post_from(const struct overlay_seccomp_redirect *r,
		     struct space *space)
{
	struct slot *slot;
	__u64 base;
	int ret;

	ret = space_take(space, &r->caller, r->used, &slot);
	if (ret < 0)
		return ret;
	base = space_address(space, slot);
	fill(r, space->map + slot->offset, base);
	ret = post(r, space->memfd, base);
	if (ret < 0)
		space_release(space, slot);
	return ret;
}

/* In pins that the caller has, or gets now. */
static int try_pinned(struct overlay_seccomp_redirect *r)
{
	struct space *space;
	bool is_new;
	int ret;

	ret = task_start(r->caller.tid, &r->caller.start);
	if (ret < 0)
		return ret;
	ret = pins_find(r->pins, &r->caller, &space, &is_new);
	if (ret < 0)
		return ret;
	ret = post_from(r, space);
	if (ret == -EINVAL && !is_new) {
		ret = space_is_pinned(space, r->caller.tid);
		if (ret)
			return ret < 0 ? ret : -EINVAL;
		/* The caller only made believe that it has these pins. */
		space_remove(space, r->caller.tid);
		ret = pins_add(r->pins, &r->caller, &space);
		if (ret < 0)
			return ret;
		ret = post_from(r, space);
	}
	if (!space->n_pins)
		pins_drop(r->pins, space);
	return ret;
}

static int post_pinned(struct overlay_seccomp_redirect *r)
{
	int ret;

	/* A supervisor of 32 bits could not look where pins are. */
	if (sizeof(void *) < sizeof(__u64))
		return -EOPNOTSUPP;
	ret = try_pinned(r);
	if (ret != -EMFILE && ret != -ENFILE)
		return ret;
	/* A pool may have the last ones, for address spaces that are gone. */
	pins_sweep(r->pins);
	return try_pinned(r);
}

static int send_it(struct overlay_seccomp_redirect *r)
{
	int ret = r->ptr_mask ? post_pinned(r) : post(r, 0, 0);

	if (!ret)
		return OVERLAY_SECCOMP_ANSWERED;
	/* Nearly any error can come of a target that is gone meanwhile. */
	if (!overlay_seccomp_pending(r->caller.listener, r->caller.id))
		return 0;
	return ret;
}

EXPORT int overlay_seccomp_redirect_send(struct overlay_seccomp_redirect *r)
{
	int ret = r->error ? r->error : send_it(r);

	overlay_seccomp_redirect_cancel(r);
	return ret;
}

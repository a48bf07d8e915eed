/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef OVERLAY_SECCOMP_REDIRECT_H
#define OVERLAY_SECCOMP_REDIRECT_H

#include <string.h>

#include "pins.h"

/*
 * What arguments point to is collected in @data; an argument in @ptr_mask, and
 * an entry of a vector, is an offset in it. All of it is placed at once, when
 * it is sent, so that it can be placed a second time.
 */
struct overlay_seccomp_redirect {
	struct overlay_seccomp_pins *pins;
	struct caller	caller;
	int		error;
	__u32		args_mask;
	__u32		ptr_mask;
	__u64		args[SECCOMP_REDIRECT_ARGS];
	__u64		ptr_len[SECCOMP_REDIRECT_ARGS];
	size_t		entries[SECCOMP_REDIRECT_ARGS];	/* of a vector */
	char		*data;
	size_t		used;
	size_t		room;
};

/* Entry @n of a vector, which is as wide as the call's pointers. */
static inline void set_entry(const struct overlay_seccomp_redirect *r,
			     char *table, size_t n, __u64 value)
{
	__u32 narrow = value;

	if (r->caller.narrow)
		memcpy(table + n * sizeof(narrow), &narrow, sizeof(narrow));
	else
		memcpy(table + n * sizeof(value), &value, sizeof(value));
}

static inline __u64 get_entry(const struct overlay_seccomp_redirect *r,
			      const char *table, size_t n)
{
	__u32 narrow;
	__u64 value;

	if (r->caller.narrow) {
		memcpy(&narrow, table + n * sizeof(narrow), sizeof(narrow));
		return narrow;
	}
	memcpy(&value, table + n * sizeof(value), sizeof(value));
	return value;
}

#endif

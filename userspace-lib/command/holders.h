/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who holds which listener.
 */
#ifndef OVERLAY_SECCOMP_HOLDERS_H
#define OVERLAY_SECCOMP_HOLDERS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "netlink.h"
#include "proc.h"

struct holder {
	pid_t		pid;
	int		fd;
	char		comm[COMM_SIZE];
	uint64_t	id;		/* of the listener */
	uint32_t	flags;		/* OVERLAY_SECCOMP_FILTER_* */
	size_t		tasks;		/* under it, after holders_count() */
};

struct holders {
	struct link	*link;
	size_t		count;
	struct holder	*list;
};

/* All that this user may see, which is none without privilege. */
void holders_find(struct holders *holders, struct link *link);
void holders_free(struct holders *holders);
/* Who is under each; also what only the filter in the chain says of itself. */
int holders_count(struct holders *holders);

/* "held by NAME (PID, fd N)" of each, or that it is not known. */
void holders_print(const struct holders *holders, uint64_t id);
/* What is known of a filter, as members of a JSON object. */
void json_filter(const struct filter *filter, const struct holders *holders);
void holders_json(const struct holders *holders, uint64_t id);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The chains of all tasks, or of all of a process.
 */
#ifndef OVERLAY_SECCOMP_SCAN_H
#define OVERLAY_SECCOMP_SCAN_H

#include <stddef.h>
#include <sys/types.h>

#include "netlink.h"

typedef void scan_fn(pid_t pid, pid_t tid, const struct task *task, void *to);

/**
 * struct scan - what to look at, and what could not be
 * @link: to ask
 * @only: a process, or 0 for all
 * @fn: gets each task that has seccomp, those of a process one after another
 * @to: for it
 * @hidden: tasks that this user may not look at
 * @busy: tasks that were in execve(2), or had a listener locked, all the time
 */
struct scan {
	struct link	*link;
	pid_t		only;
	scan_fn		*fn;
	void		*to;
	size_t		hidden;
	size_t		busy;
	/* private: of scan_tasks() */
	pid_t		pid;
	size_t		seen;
	int		error;
};

/* 0, or -errno if the module does not answer. Who vanishes is no error. */
int scan_tasks(struct scan *scan);

#endif

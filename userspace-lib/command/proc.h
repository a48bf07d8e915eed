/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What /proc says of tasks.
 */
#ifndef OVERLAY_SECCOMP_PROC_H
#define OVERLAY_SECCOMP_PROC_H

#include <stdbool.h>
#include <sys/types.h>

#define COMM_SIZE 64

/* The length of the first bytes of a file, which then end in a NUL; or -1. */
ssize_t read_start(const char *path, char *text, size_t size);

/* Without what could do something to a terminal; "?" for a task that is gone. */
void proc_comm(pid_t tid, char comm[COMM_SIZE]);

/* Are the ids that /proc has those of the initial pid namespace? */
bool proc_is_initial(void);

/* Numbers that name entries of a directory in /proc, in turn, until FN says so. */
void proc_each(const char *directory, bool (*fn)(long number, void *to),
	       void *to);

/* Is there a seccomp mode? */
bool proc_has_seccomp(pid_t pid, pid_t tid);

#endif

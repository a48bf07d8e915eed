// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>

#include "command.h"
#include "proc.h"
#include "scan.h"
#include "terminal.h"

/* What is no error of the module's; else the scan ends. */
static bool is_harmless(struct scan *scan, int err)
{
	switch (err) {
	case -EPERM:
		scan->hidden++;
		return true;
	case -EAGAIN:
		scan->busy++;
		return true;
	default:
		return err == -ESRCH;
	}
}

static bool on_thread(long number, void *to)
{
	struct scan *scan = to;
	struct task task;
	int err;

	progress("tasks looked at", ++scan->seen);
	if (!proc_has_seccomp(scan->pid, number))
		return false;
	err = link_task(scan->link, number, NULL, false, &task);
	if (!err) {
		scan->fn(scan->pid, number, &task, scan->to);
		task_free(&task);
	} else if (!is_harmless(scan, err)) {
		scan->error = err;
	}
	return scan->error;
}

static bool on_process(long number, void *to)
{
	struct scan *scan = to;
	char path[64];

	if (scan->only && number != scan->only)
		return false;
	scan->pid = number;
	snprintf(path, sizeof(path), "/proc/%ld/task", number);
	proc_each(path, on_thread, scan);
	return scan->error;
}

int scan_tasks(struct scan *scan)
{
	proc_each("/proc", on_process, scan);
	progress_end();
	return scan->error;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* What /proc says of a thread. */
#include <stdio.h>

#include "internal.h"

int no_such_thread(int err)
{
	if (err == ENOENT && access("/proc/self/status", F_OK))
		return -ENOENT;
	return err == ENOENT ? -ESRCH : -err;
}

EXPORT int overlay_seccomp_tgid(pid_t tid)
{
	char path[64], line[256];
	FILE *status;
	int tgid = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
	status = fopen(path, "re");
	if (!status)
		return no_such_thread(errno);
	while (fgets(line, sizeof(line), status))
		if (sscanf(line, "Tgid: %d", &tgid) == 1)
			break;
	fclose(status);
	/* 0, or nothing, of a thread that went meanwhile. */
	return tgid > 0 ? tgid : -ESRCH;
}

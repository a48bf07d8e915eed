/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef OVERLAY_SECCOMP_INTERNAL_H
#define OVERLAY_SECCOMP_INTERNAL_H

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "overlay_seccomp.h"

/* All else is hidden (-fvisibility=hidden); the map file names these too. */
#define EXPORT __attribute__((visibility("default")))

/* seccomp(2) has no wrapper in libc. */
static inline int sys_seccomp(unsigned int op, unsigned int flags, void *args)
{
	int ret = syscall(SYS_seccomp, op, flags, args);

	return ret < 0 ? -errno : ret;
}

#endif

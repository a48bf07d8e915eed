/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef OVERLAY_SECCOMP_INTERNAL_H
#define OVERLAY_SECCOMP_INTERNAL_H

#include <errno.h>
#include <linux/audit.h>
#include <stdbool.h>
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

/* The error of a thread whose files in /proc are not to be had. */
int no_such_thread(int err);

/* Are the addresses of this call 32 bits long? Those of x32 are, too. */
static inline bool is_narrow(const struct seccomp_notif *request)
{
	const struct seccomp_data *call = &request->data;

	if (!(call->arch & __AUDIT_ARCH_64BIT))
		return true;
	return call->arch == AUDIT_ARCH_X86_64 && call->nr & __X32_SYSCALL_BIT;
}

#endif

// SPDX-License-Identifier: LGPL-2.1-or-later
#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>

#include "internal.h"

EXPORT int overlay_seccomp_install(unsigned int flags,
				   const struct sock_fprog *prog)
{
	/* Else a conflict is a thread's id, which is no error by our rule. */
	if (flags & SECCOMP_FILTER_FLAG_TSYNC)
		flags |= SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
	return sys_seccomp(SECCOMP_SET_MODE_FILTER, flags, (void *)prog);
}

/* Returns the bytes read, which may fill the buffer, or -errno. */
static ssize_t read_all(int fd, void *buf, size_t size)
{
	size_t used = 0;
	ssize_t got;

	while (used < size) {
		got = read(fd, (char *)buf + used, size - used);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		used += got;
	}
	return used;
}

EXPORT int overlay_seccomp_install_fd(unsigned int flags, int bpf_fd)
{
	/* One more than the kernel takes, to see that it is too long. */
	size_t size = (BPF_MAXINSNS + 1) * sizeof(struct sock_filter);
	struct sock_fprog prog = { .filter = malloc(size) };
	ssize_t used;
	int ret;

	if (!prog.filter)
		return -ENOMEM;
	used = read_all(bpf_fd, prog.filter, size);
	if (used < 0) {
		ret = used;
	} else if (!used || used % sizeof(struct sock_filter) ||
		   (size_t)used == size) {
		ret = -EINVAL;
	} else {
		prog.len = used / sizeof(struct sock_filter);
		ret = overlay_seccomp_install(flags, &prog);
	}
	free(prog.filter);
	return ret;
}

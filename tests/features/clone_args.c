// SPDX-License-Identifier: GPL-2.0-only
/*
 * SECCOMP_CLONE_FILTER: odd ways to name a source, and odd sources.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/capability.h>

#include "source.h"

#define PAGE 4096L

CASE(clone_path, "a pidfd that is open as a path only is none")
{
	struct kid source;
	char path[64];
	int fd;

	plain_start(&source);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", source.pidfd);
	fd = open(path, O_PATH);
	NEED(fd >= 0);
	CHECK_EQ(try_clone_fd(fd, NULL), -EBADF);
	CONTROL_EQ(try_clone(&source, NULL), 0);
	source_end(&source);
}

/* The pointer is to PIDFD, which stands at AT in one mapped page. */
struct spot {
	int pidfd;
	long at;
};

static void spot_kid(struct kid *k)
{
	const struct spot *p = k->arg;
	size_t room = PAGE - p->at;
	char *page;

	page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	NEED(page != MAP_FAILED && !munmap(page + PAGE, PAGE));
	memcpy(page + p->at, &p->pidfd,
	       room < sizeof(p->pidfd) ? room : sizeof(p->pidfd));
	CONTROL_EQ(marked(), 0);
	say(k, raw(SYS_seccomp, SECCOMP_CLONE_FILTER, 0, page + p->at));
	say(k, marked());
}

static long clone_at(const struct kid *source, long at)
{
	const struct spot p = { source->pidfd, at };
	struct kid k;
	long result;

	kid_start(&k, spot_kid, &p);
	result = heard(&k);
	CHECK_EQ(heard(&k), result ? 0 : -DENIED);
	CHECK_EQ(ending(kid_wait(&k)), 0);
	kid_close(&k);
	return result;
}

CASE(clone_pointer, "the pointer may be unaligned, but not to half a number")
{
	struct kid source;
	int i;

	plain_start(&source);
	for (i = 1; i < 4; i++) {
		CHECK_EQ(clone_at(&source, i), 0);
		CHECK_EQ(clone_at(&source, PAGE - 4 + i), -EFAULT);
	}
	CHECK_EQ(clone_at(&source, PAGE), -EFAULT);
	CONTROL_EQ(clone_at(&source, PAGE - 4), 0);
	source_end(&source);
}

static void without_admin(void)
{
	lower_effective(CAP_SYS_ADMIN);
	no_new_privs();
}

static void without_ptrace(void)
{
	without_admin();
	lower_effective(CAP_SYS_PTRACE);
}

static void as_nobody(void)
{
	become_nobody();
	no_new_privs();
}

/* It has credentials, but no address space, and never a filter. */
CASE(clone_kernel_thread, "a kernel thread is a source without filters")
{
	struct kid source;
	char name[32];
	int fd;

	plain_start(&source);
	if (!read_line("/proc/2/comm", name, sizeof(name)) ||
	    strcmp(name, "kthreadd"))
		skip("no kernel thread is to be seen here");
	fd = raw(SYS_pidfd_open, 2, 0);
	NEED(fd >= 0);
	CHECK_EQ(try_clone_fd(fd, NULL), -EINVAL);
	CHECK_EQ(try_clone_fd(fd, without_admin), -EINVAL);
	/* Who may not look is told nothing of it. */
	CHECK_EQ(try_clone_fd(fd, without_ptrace), -EACCES);
	CHECK_EQ(try_clone_fd(fd, as_nobody), -EACCES);
	CONTROL_EQ(try_clone(&source, without_admin), 0);
	source_end(&source);
}

// SPDX-License-Identifier: GPL-2.0-only
/* The memory of pins, made and attacked. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/uio.h>

#include "ops.h"

#define SYS_mseal_everywhere 462

#ifndef F_ADD_SEALS
#define F_ADD_SEALS 1033
#endif

enum {
	MEMFD_EMPTY,			/* of zeroes */
	MEMFD_WRITTEN,
	MEMFD_MAPPED,			/* for writing, and so it stays */
	MEMFD_SEALED,			/* at once, after it was mapped */
};

DO(memfd)
{
	long fd = raw(SYS_memfd_create, "fuzz", a[0]);
	long map;

	if (fd < 0)
		return fd;
	raw(SYS_ftruncate, fd, a[1] * PAGE);
	if (a[2] == MEMFD_WRITTEN)
		raw(SYS_pwrite64, fd, (void *)SCRATCH_TEXT, PAGE, 0);
	if (a[2] == MEMFD_MAPPED || a[2] == MEMFD_SEALED) {
		map = raw(SYS_mmap, NULL, a[1] * PAGE, PROT_READ | PROT_WRITE,
			  MAP_SHARED, fd, 0);
		if (map > 0)
			raw(SYS_madvise, map, a[1] * PAGE, MADV_DONTFORK);
	}
	if (a[2] == MEMFD_SEALED)
		raw(SYS_fcntl, fd, F_ADD_SEALS, 0x10);
	return fd;
}

DO(seal)
{
	return raw(SYS_fcntl, a[0], F_ADD_SEALS, a[1]);
}

/* Is it what the program itself stands on? Then it would only fall. */
static bool is_ours(uint64_t at, uint64_t len)
{
	return at < STAGE_AT + sizeof(*stage) && at + len > SCRATCH_AT &&
	       !(at >= SCRATCH_OWN && at + len <= SCRATCH_HOLE);
}

DO(map)
{
	if (a[4] & MAP_FIXED && is_ours(a[1], a[2]))
		return -EPERM;
	return raw(SYS_mmap, a[1], a[2], a[3], a[4], a[0], a[5]);
}

DO(unmap)
{
	if (is_ours(a[0] + a[1], a[2]))
		return -EPERM;
	return raw(SYS_munmap, a[0] + a[1], a[2]);
}

DO(remap)
{
	if (is_ours(a[0] + a[1], a[2]) || is_ours(a[5], a[3]))
		return -EPERM;
	return raw(SYS_mremap, a[0] + a[1], a[2], a[3], a[4], a[5]);
}

DO(protect)
{
	if (is_ours(a[0] + a[1], a[2]))
		return -EPERM;
	if (a[4])
		return raw(SYS_pkey_mprotect, a[0] + a[1], a[2], a[3], -1);
	return raw(SYS_mprotect, a[0] + a[1], a[2], a[3]);
}

DO(advise)
{
	if (is_ours(a[0] + a[1], a[2]))
		return -EPERM;
	return raw(SYS_madvise, a[0] + a[1], a[2], a[3]);
}

DO(lock)
{
	switch (a[0]) {
	case 0:
		return raw(SYS_mlock, a[1], a[2]);
	case 1:
		return raw(SYS_munlock, a[1], a[2]);
	case 2:
		return raw(SYS_mlock2, a[1], a[2], 1);
	case 3:
		return raw(SYS_mlockall, MCL_FUTURE);
	case 4:
		return raw(SYS_munlockall);
	case 5:
		return is_ours(a[1], a[2]) ? -EPERM :
		       raw(SYS_mseal_everywhere, a[1], a[2], 0);
	default:
		return raw(SYS_msync, a[1], a[2], MS_SYNC);
	}
}

static long shm_over(uint64_t at, uint64_t len)
{
	long id, ret;

	if (is_ours(at, len))
		return -EPERM;
	id = raw(SYS_shmget, IPC_PRIVATE, len, 0600);
	if (id < 0)
		return id;
	ret = raw(SYS_shmat, id, at, SHM_REMAP);
	raw(SYS_shmctl, id, IPC_RMID, NULL);
	return ret;
}

/* The end of the heap goes behind it, and then in front of it. */
static long brk_over(uint64_t at, uint64_t len)
{
	long ret;

	if (is_ours(at - PAGE, len + PAGE))
		return -EPERM;
	ret = raw(SYS_prctl, PR_SET_MM, PR_SET_MM_START_BRK, at - PAGE, 0, 0);
	if (!ret)
		ret = raw(SYS_prctl, PR_SET_MM, PR_SET_MM_BRK, at + len, 0, 0);
	raw(SYS_brk, at - PAGE);
	return ret;
}

static long write_memory(uint64_t at)
{
	long fd = raw(SYS_openat, AT_FDCWD, "/proc/self/mem", O_RDWR);
	long ret;

	if (fd < 0)
		return fd;
	ret = raw(SYS_pwrite64, fd, "x", 1, at);
	raw(SYS_close, fd);
	return ret;
}

static long write_process(uint64_t at, uint64_t task)
{
	char x = 'x';
	struct iovec from = { &x, 1 }, to = { (void *)at, 1 };

	return raw(SYS_process_vm_writev, task, &from, 1, &to, 1, 0);
}

static long advise_process(uint64_t at, uint64_t len, uint64_t task)
{
	struct iovec v = { (void *)at, len };
	long fd = raw(SYS_pidfd_open, task, 0);
	long ret;

	if (fd < 0)
		return fd;
	ret = raw(SYS_process_madvise, fd, &v, 1, 21, 0);
	raw(SYS_close, fd);
	return ret;
}

static long fault_by_user(uint64_t at, uint64_t len)
{
	struct { uint64_t api, features, ioctls; } api = { 0xaa, 0, 0 };
	struct { uint64_t at, len, mode, ioctls; } range = { at, len, 1, 0 };
	long fd = raw(SYS_userfaultfd, O_CLOEXEC | 1);
	long ret;

	if (fd < 0)
		return fd;
	raw(SYS_ioctl, fd, 0xc018aa3f, &api);
	ret = raw(SYS_ioctl, fd, 0xc020aa00, &range);
	raw(SYS_close, fd);
	return ret;
}

DO(attack)
{
	switch (a[0]) {
	case 0:
		return shm_over(a[1], a[2]);
	case 1:
		return raw(SYS_remap_file_pages, a[1], a[2], 0, 1, 0);
	case 2:
		return brk_over(a[1], a[2]);
	case 3:
		return write_memory(a[1]);
	case 4:
		return write_process(a[1], a[3]);
	case 5:
		return advise_process(a[1], a[2], a[3]);
	case 6:
		return fault_by_user(a[1], a[2]);
	case 7:
		return raw(SYS_mbind, a[1], a[2], 0, NULL, 0, 2);
	case 8:
		return raw(SYS_mincore, a[1], a[2], own_page(self));
	default:
		return raw(SYS_prctl, 0x53564d41, 0, a[1], a[2], "fuzz");
	}
}

DO(truncate)
{
	switch (a[1]) {
	case 0:
		return raw(SYS_ftruncate, a[0], a[2] & 0xffffff);
	case 1:
		return raw(SYS_fallocate, a[0], FALLOC_FL_PUNCH_HOLE |
			   FALLOC_FL_KEEP_SIZE, 0, a[2]);
	case 2:
		return raw(SYS_pwrite64, a[0], (void *)SCRATCH_TEXT, 16, 0);
	case 3:
		return raw(SYS_fallocate, a[0], 0, 0, a[2] & 0xffffff);
	default:
		return raw(SYS_fchmod, a[0], 0444);
	}
}

/* By the kernel, so that it is no death where there is nothing; and directly. */
DO(touch)
{
	long fd, ret;

	switch (a[0]) {
	case 0:
		return raw(SYS_write, FD_NULL, a[1], PAGE);
	case 1:
		fd = raw(SYS_openat, AT_FDCWD, "/dev/zero", O_RDONLY);
		if (fd < 0)
			return fd;
		ret = is_ours(a[1], 16) ? -EPERM :
		      raw(SYS_read, fd, a[1], 16);
		raw(SYS_close, fd);
		return ret;
	case 2:
		__asm__ volatile("" : : "r"(*(char *)a[1]));
		return 0;
	default:
		if (is_ours(a[1], 1))
			return -EPERM;
		*(char *)a[1] = 1;
		__asm__ volatile("" : : : "memory");
		return 0;
	}
}

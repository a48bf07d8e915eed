// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pins: changing what stands there through the file, through /proc or as a
 * tracer; and what is allowed, because it changes nothing.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/falloc.h>

#include "pinkit.h"

#ifndef MADV_COLD
#define MADV_COLD 20
#define MADV_PAGEOUT 21
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif
#define GUARD_INSTALL 102	/* Linux 6.13 */
#define GUARD_REMOVE 103

#define PAGES 3L
#define SIZE (PAGES * PAGE)
#define RW (PROT_READ | PROT_WRITE)

/* The file, opened anew by a task that has it pinned or mapped at A. */

static long open_at(long a, long flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", a,
		 a + SIZE);
	return raw(SYS_open, path, flags | O_CLOEXEC);
}

static long try_open_truncate(long a)
{
	long fd = open_at(a, O_RDWR | O_TRUNC);

	raw(SYS_close, fd);
	return fd;
}

static long on_file(long a, long (*fn)(long fd))
{
	long fd = open_at(a, O_RDWR), r;

	/* Not a refusal that a case would expect. */
	if (fd < 0)
		return -ENOTRECOVERABLE;
	r = fn(fd);
	raw(SYS_close, fd);
	return r;
}

static long write_word(long fd)
{
	long word = FAKED;

	return raw(SYS_pwrite64, fd, &word, sizeof(word), PAGE);
}

static long try_write(long a)
{
	return on_file(a, write_word);
}

static long truncate_it(long fd)
{
	return raw(SYS_ftruncate, fd, PAGE);
}

static long try_truncate(long a)
{
	return on_file(a, truncate_it);
}

static long punch(long fd)
{
	return raw(SYS_fallocate, fd,
		   FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE, PAGE);
}

static long try_punch(long a)
{
	return on_file(a, punch);
}

static long copy_other(long fd)
{
	long other = raw(SYS_open, "/proc/self/exe", O_RDONLY | O_CLOEXEC);
	long r = raw(SYS_sendfile, fd, other, NULL, PAGE);

	raw(SYS_close, other);
	return r;
}

static long try_sendfile(long a)
{
	return on_file(a, copy_other);
}

/* Writes to it, too, so that what can be mapped also shows. */
static long map_it(long fd)
{
	long r = raw(SYS_mmap, 0, PAGE, RW, MAP_SHARED, fd, 0);

	if (r > -4096 && r < 0)
		return r;
	do_poke(r, FAKED);
	return raw(SYS_munmap, r, PAGE);
}

static long try_map(long a)
{
	return on_file(a, map_it);
}

static long (*const file_attacks[])(long a) = {
	try_open_truncate, try_write, try_truncate, try_punch, try_sendfile,
	try_map,
};

static long do_file_attack(long i, long a)
{
	return file_attacks[i](a);
}

/* A memfd without seals at HIGH_PLACE, of the task's own. */
static long do_map_unsealed(long unused, long unused2)
{
	long fd = raw(SYS_memfd_create, "unsealed", MFD_CLOEXEC);
	long offset, word, r = 0;

	(void)unused;
	(void)unused2;
	for (offset = 0; offset < SIZE && r >= 0; offset += sizeof(word)) {
		word = word_of(offset);
		r = raw(SYS_pwrite64, fd, &word, sizeof(word), offset);
	}
	if (r >= 0)
		r = raw(SYS_mmap, HIGH_PLACE, SIZE, RW, MAP_SHARED | MAP_FIXED,
			fd, 0);
	raw(SYS_close, fd);
	return r == HIGH_PLACE ? 0 : r;
}

static void attack_file_by(unsigned int seals, int which)
{
	struct captive c;
	struct kid *task;
	struct sealed s;
	unsigned int i;
	uint64_t addr;

	sealed_new(&s, SIZE, seals);
	captive_new(&c);
	task = &c.task[which];
	addr = captive_pin_all(&c, &s);
	if (which != MAIN)
		captive_add(&c, which);
	for (i = 0; i < ARRAY_SIZE(file_attacks); i++) {
		MUST(run(task, do_map_unsealed, 0, 0));
		CONTROL_EQ(run(task, do_count_pages, HIGH_PLACE, PAGES), PAGES);
		CONTROL(run(task, do_file_attack, i, HIGH_PLACE) >= 0);
		CONTROL(run(task, do_count_pages, HIGH_PLACE, PAGES) < PAGES);
		CHECK_EQ(run(task, do_file_attack, i, addr), -EPERM);
		CHECK_EQ(run(task, do_count_pages, addr, PAGES), PAGES);
	}
	captive_end(&c);
	sealed_free(&s);
}

CASE(pin_attack_file, "a privileged target cannot change the file behind a pin")
{
	need_redirect();
	need_root();
	attack_file_by(F_SEAL_FUTURE_WRITE, MAIN);
	attack_file_by(F_SEAL_WRITE, MAIN);
}

CASE(pin_attack_file_child, "nor can its child")
{
	need_redirect();
	need_root();
	attack_file_by(F_SEAL_FUTURE_WRITE, CHILD);
}

/* From outside: the supervisor, or anybody with its rights */

static long write_mem(struct captive *c, long a)
{
	long word = FAKED, r;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", c->k.pid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	NEED(fd >= 0);
	r = pwrite(fd, &word, sizeof(word), a) < 0 ? -errno : 0;
	close(fd);
	return r;
}

static long write_vm(struct captive *c, long a)
{
	long word = FAKED;
	struct iovec from = { &word, sizeof(word) };
	struct iovec to = { (void *)a, sizeof(word) };

	return process_vm_writev(c->k.pid, &from, 1, &to, 1, 0) < 0 ? -errno :
								      0;
}

static long poke(struct captive *c, long a)
{
	pid_t pid = c->k.pid;
	int status;
	long r;

	NEED(!ptrace(PTRACE_SEIZE, pid, 0, 0));
	NEED(!ptrace(PTRACE_INTERRUPT, pid, 0, 0));
	NEED(waitpid(pid, &status, __WALL) == pid);
	r = ptrace(PTRACE_POKEDATA, pid, a, (long)FAKED) ? -errno : 0;
	NEED(!ptrace(PTRACE_DETACH, pid, 0, 0));
	return r;
}

static void attack_outside(long (*fn)(struct captive *c, long a), long want)
{
	struct captive c;
	struct sealed s;
	uint64_t addr;

	sealed_pages(&s, PAGES);
	captive_new(&c);
	addr = captive_pin_all(&c, &s);
	MUST(run(&c.task[MAIN], do_map_unsealed, 0, 0));
	CONTROL_EQ(fn(&c, HIGH_PLACE), 0);
	CONTROL_EQ(run(&c.task[MAIN], do_peek, HIGH_PLACE, 0), FAKED);
	CHECK_EQ(fn(&c, addr), want);
	CHECK_EQ(run(&c.task[MAIN], do_count_pages, addr, PAGES), PAGES);
	captive_end(&c);
	sealed_free(&s);
}

CASE(pin_attack_outside, "nobody can write to a pin through the target")
{
	need_redirect();
	need_root();
	attack_outside(write_mem, -EIO);
	attack_outside(write_vm, -EFAULT);
	attack_outside(poke, -EIO);
}

CASE(pin_attack_memfd, "the supervisor's descriptor is sealed as well")
{
	struct captive c;
	struct sealed s;
	uint64_t addr;
	long word = FAKED;

	need_redirect();
	sealed_pages(&s, PAGES);
	captive_new(&c);
	addr = captive_pin_all(&c, &s);
	CHECK_EQ(pwrite(s.fd, &word, sizeof(word), 0), -1);
	CHECK_EQ(errno, EPERM);
	CHECK_EQ(punch(s.fd), -EPERM);
	CHECK_EQ(truncate_it(s.fd), -EPERM);
	CHECK_EQ(map_it(s.fd), -EPERM);
	CHECK_EQ(run(&c.task[MAIN], do_count_pages, addr, PAGES), PAGES);
	/* Only the mapping made before the seal. */
	s.map[0] = FAKED;
	CONTROL_EQ(run(&c.task[MAIN], do_peek, addr, 0), FAKED);
	captive_end(&c);
	sealed_free(&s);
}

/* What is allowed */

static long do_advise(long a, long advice)
{
	return raw(SYS_madvise, a, SIZE, advice);
}

static long do_advise_middle(long a, long advice)
{
	return raw(SYS_madvise, a + PAGE, PAGE, advice);
}

static void still_right(struct captive *c, uint64_t addr)
{
	struct kid *task = &c->task[MAIN];

	CHECK_EQ(run(task, do_count_pages, addr, PAGES), PAGES);
	CHECK_EQ(run(task, do_unmap, addr, SIZE), -EPERM);
	CHECK_EQ(run(task, do_unmap, addr + PAGE, PAGE), -EPERM);
}

CASE(pin_advice, "advice is taken or not, what stands there stays")
{
	static const int takes[] = {
		MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED,
		MADV_DONTNEED, MADV_COLD, MADV_PAGEOUT, MADV_POPULATE_READ,
		MADV_DONTDUMP, MADV_DODUMP, MADV_DONTFORK, MADV_DOFORK,
	};
	static const int refuses[] = {
		MADV_REMOVE, MADV_FREE, MADV_WIPEONFORK, MADV_POPULATE_WRITE,
	};
	struct captive c;
	struct sealed s;
	unsigned int i;
	uint64_t addr;
	long zeroes;

	need_redirect();
	sealed_pages(&s, PAGES);
	captive_new(&c);
	addr = captive_pin_all(&c, &s);
	zeroes = run(&c.task[MAIN], do_map_zeroes, 0, SIZE);
	for (i = 0; i < ARRAY_SIZE(takes); i++) {
		/* POPULATE_READ is of 5.14. */
		if (run(&c.task[MAIN], do_advise, zeroes, takes[i]) == -EINVAL)
			continue;
		CHECK_EQ(run(&c.task[MAIN], do_advise, addr, takes[i]), 0);
		still_right(&c, addr);
		CHECK_EQ(run(&c.task[MAIN], do_advise_middle, addr, takes[i]),
			 0);
		still_right(&c, addr);
	}
	for (i = 0; i < ARRAY_SIZE(refuses); i++) {
		CHECK(run(&c.task[MAIN], do_advise, addr, refuses[i]) < 0);
		still_right(&c, addr);
	}
	CHECK_EQ(run(&c.task[MAIN], do_advise, addr, MADV_REMOVE), -EACCES);
	/* Advice can do harm: */
	CONTROL_EQ(run(&c.task[MAIN], do_poke, zeroes, FAKED), 0);
	CONTROL_EQ(run(&c.task[MAIN], do_advise, zeroes, MADV_DONTNEED), 0);
	CONTROL_EQ(run(&c.task[MAIN], do_peek, zeroes, 0), 0);
	captive_end(&c);
	sealed_free(&s);
}

CASE(pin_guard, "guard pages hide a pin until they are taken away")
{
	struct captive c;
	struct sealed s;
	uint64_t addr;
	long zeroes, r;

	need_redirect();
	sealed_pages(&s, PAGES);
	captive_new(&c);
	zeroes = run(&c.task[MAIN], do_map_zeroes, 0, SIZE);
	if (run(&c.task[MAIN], do_advise, zeroes, GUARD_INSTALL))
		skip("this kernel has no guard pages");
	CONTROL_EQ(run(&c.task[MAIN], do_peek, zeroes, 0), -EFAULT);
	addr = captive_pin_all(&c, &s);
	r = run(&c.task[MAIN], do_advise, addr, GUARD_INSTALL);
	CHECK(r == 0 || r == -EINVAL || r == -EPERM);
	CHECK_EQ(run(&c.task[MAIN], do_peek, addr, 0),
		 r ? (long)word_of(0) : -EFAULT);
	CHECK_EQ(run(&c.task[MAIN], do_unmap, addr, SIZE), -EPERM);
	run(&c.task[MAIN], do_advise, addr, GUARD_REMOVE);
	still_right(&c, addr);
	captive_end(&c);
	sealed_free(&s);
}

static long do_lock(long a, long b)
{
	return raw(SYS_mlock, a, b);
}

static long do_unlock(long a, long b)
{
	return raw(SYS_munlock, a, b);
}

static long do_sync(long a, long b)
{
	return raw(SYS_msync, a, b, MS_SYNC | MS_INVALIDATE);
}

/* A policy for memory, 3 is MPOL_INTERLEAVE, splits mappings as well. */
static long do_bind(long a, long b)
{
	unsigned long nodes = 1;

	return raw(SYS_mbind, a, b, 3, &nodes, 64, 0);
}

CASE(pin_split, "what splits a mapping takes nothing of its protection")
{
	static const task_fn fns[] = { do_lock, do_bind, do_unlock, do_sync };
	struct captive c;
	struct sealed s;
	unsigned int i;
	uint64_t addr;
	long r;

	need_redirect();
	sealed_pages(&s, PAGES);
	captive_new(&c);
	addr = captive_pin_all(&c, &s);
	for (i = 0; i < ARRAY_SIZE(fns); i++) {
		r = run(&c.task[MAIN], fns[i], addr + PAGE, PAGE);
		/* Not every kernel has policies. */
		CHECK(!r || (fns[i] == do_bind && r == -ENOSYS));
		still_right(&c, addr);
		if (fns[i] == do_lock)
			CONTROL(mappings_of(c.k.pid, s.fd) > 1);
	}
	captive_end(&c);
	sealed_free(&s);
}

static long do_set_heap(long a, long unused)
{
	(void)unused;
	return raw(SYS_brk, a) == a ? 0 : -ENOMEM;
}

CASE(pin_heap, "the heap does not grow over a pin")
{
	struct captive c;
	struct sealed s;
	uint64_t addr;
	long end;

	need_redirect();
	sealed_pages(&s, 1);
	captive_new(&c);
	end = run(&c.task[MAIN], do_call, SYS_brk, 0);
	end = (end + 16 * PAGE) & -PAGE;
	addr = end + 16 * PAGE;
	CHECK_EQ(captive_pin(&c, &s, &addr, PAGE, 0), 0);
	CONTROL_EQ(run(&c.task[MAIN], do_set_heap, end, 0), 0);
	CHECK_EQ(run(&c.task[MAIN], do_set_heap, addr + 2 * PAGE, 0), -ENOMEM);
	CHECK_EQ(run(&c.task[MAIN], do_count_pages, addr, 1), 1);
	captive_end(&c);
	sealed_free(&s);
}

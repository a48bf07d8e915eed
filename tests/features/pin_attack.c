// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pins: every way to unmap, move, reprotect or replace one, by each task that
 * lives in the address space or has a copy of it. The same is done to ordinary
 * memory, where it must work.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/userfaultfd.h>

#include "pinkit.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
#ifndef SHM_REMAP
#define SHM_REMAP 040000
#endif

#define PAGES 3L
#define SIZE (PAGES * PAGE)
#define RW (PROT_READ | PROT_WRITE)

/* With room around each; what is ordinary is a memfd as well. */
#define PIN_PLACE HIGH_PLACE
#define ORDINARY (HIGH_PLACE + 0x1000000)
#define SPARE (HIGH_PLACE + 0x2000000)

/* Attacks on PAGES pages at A. Each gives the call's own answer. */

static long try_unmap_all(long a)
{
	return raw(SYS_munmap, a, SIZE);
}

static long try_unmap_first(long a)
{
	return raw(SYS_munmap, a, PAGE);
}

static long try_unmap_middle(long a)
{
	return raw(SYS_munmap, a + PAGE, PAGE);
}

static long try_unmap_last(long a)
{
	return raw(SYS_munmap, a + 2 * PAGE, PAGE);
}

static long try_unmap_around(long a)
{
	return raw(SYS_munmap, a - 16 * PAGE, 64 * PAGE);
}

static long map_over(long at, long size)
{
	return raw(SYS_mmap, at, size, RW,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static long try_map_exact(long a)
{
	return map_over(a, SIZE);
}

static long try_map_middle(long a)
{
	return map_over(a + PAGE, PAGE);
}

static long try_map_start(long a)
{
	return map_over(a - PAGE, 2 * PAGE);
}

static long try_map_end(long a)
{
	return map_over(a + 2 * PAGE, 2 * PAGE);
}

static long try_map_around(long a)
{
	return map_over(a - PAGE, SIZE + 2 * PAGE);
}

static long try_protect_none(long a)
{
	return raw(SYS_mprotect, a, SIZE, PROT_NONE);
}

static long try_protect_middle(long a)
{
	return raw(SYS_mprotect, a + PAGE, PAGE, PROT_NONE);
}

static long try_protect_read(long a)
{
	return raw(SYS_mprotect, a, SIZE, PROT_READ);
}

static long try_protect_exec(long a)
{
	return raw(SYS_mprotect, a, SIZE, PROT_READ | PROT_EXEC);
}

static long try_protect_write(long a)
{
	return raw(SYS_mprotect, a, SIZE, RW);
}

static long try_protect_one_write(long a)
{
	return raw(SYS_mprotect, a + 2 * PAGE, PAGE, PROT_WRITE);
}

/* Key -1 is that of plain mprotect, which machines without keys have too. */
static long try_pkey(long a)
{
	return raw(SYS_pkey_mprotect, a, SIZE, PROT_NONE, -1);
}

static long try_shrink(long a)
{
	return raw(SYS_mremap, a, SIZE, PAGE, 0);
}

static long try_shrink_first(long a)
{
	return raw(SYS_mremap, a, 2 * PAGE, PAGE, 0);
}

static long try_grow(long a)
{
	return raw(SYS_mremap, a, SIZE, SIZE + PAGE, 0);
}

static long try_grow_away(long a)
{
	return raw(SYS_mremap, a, SIZE, 64 * PAGE, MREMAP_MAYMOVE);
}

static long try_move(long a)
{
	return raw(SYS_mremap, a, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
		   SPARE);
}

static long try_move_middle(long a)
{
	return raw(SYS_mremap, a + PAGE, PAGE, PAGE,
		   MREMAP_MAYMOVE | MREMAP_FIXED, SPARE);
}

static long try_dont_unmap(long a)
{
	return raw(SYS_mremap, a, SIZE, SIZE,
		   MREMAP_MAYMOVE | MREMAP_DONTUNMAP);
}

static long try_duplicate(long a)
{
	return raw(SYS_mremap, a, 0, SIZE, MREMAP_MAYMOVE);
}

static long try_move_onto(long a)
{
	long from = do_map_zeroes(0, PAGE);
	long r = raw(SYS_mremap, from, PAGE, PAGE,
		     MREMAP_MAYMOVE | MREMAP_FIXED, a + PAGE);

	if (r < 0)
		raw(SYS_munmap, from, PAGE);
	return r;
}

static long try_attach(long a)
{
	long id = raw(SYS_shmget, IPC_PRIVATE, PAGE, 0600);
	long r = raw(SYS_shmat, id, a + PAGE, SHM_REMAP);

	raw(SYS_shmctl, id, IPC_RMID, NULL);
	return r;
}

/* The heap is made to end behind them, and then shrinks. */
static long try_shrink_heap(long a)
{
	long end = raw(SYS_brk, 0), r;

	r = raw(SYS_prctl, PR_SET_MM, PR_SET_MM_BRK, a + SIZE, 0, 0);
	if (r)
		return r;
	r = raw(SYS_brk, a + PAGE) == a + PAGE ? 0 : -EPERM;
	raw(SYS_prctl, PR_SET_MM, PR_SET_MM_BRK, end, 0, 0);
	return r;
}

static long try_remap_file(long a)
{
	return raw(SYS_remap_file_pages, a, PAGE, 0, 1, 0);
}

static long register_range(long fd, long a)
{
	struct uffdio_register r = {
		.range = { .start = a, .len = SIZE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffdio_api api = { .api = UFFD_API };
	long err = raw(SYS_ioctl, fd, UFFDIO_API, &api);

	return err ? err : raw(SYS_ioctl, fd, UFFDIO_REGISTER, &r);
}

static long try_userfault(long a)
{
	long fd = raw(SYS_userfaultfd, O_CLOEXEC), r;

	if (fd < 0)
		return fd;
	r = register_range(fd, a);
	raw(SYS_close, fd);
	return r;
}

static long try_remove(long a)
{
	return raw(SYS_madvise, a, PAGE, MADV_REMOVE);
}

static long try_store(long a)
{
	return do_poke(a, FAKED);
}

static long try_store_mem(long a)
{
	long fd = raw(SYS_open, "/proc/self/mem", O_RDWR | O_CLOEXEC);
	long word = FAKED, r;

	r = raw(SYS_pwrite64, fd, &word, sizeof(word), a);
	raw(SYS_close, fd);
	return r;
}

static long try_store_vm(long a)
{
	long word = FAKED;
	struct iovec from = { &word, sizeof(word) };
	struct iovec to = { (void *)a, sizeof(word) };

	return raw(SYS_process_vm_writev, raw(SYS_getpid), &from, 1, &to, 1, 0);
}

/* What is special when it works. */
#define WRITABLE 1		/* ordinary memory must be, for it to work */
#define UNSEEN 2		/* it leaves what stands there as it is */
#define NEWER 4			/* 5.10 cannot do it with shared memory */

struct attack {
	const char *name;
	long (*fn)(long a);
	int err;
	int flags;
};

static const struct attack attacks[] = {
	{ "munmap whole", try_unmap_all, EPERM, 0 },
	{ "munmap first", try_unmap_first, EPERM, 0 },
	{ "munmap middle", try_unmap_middle, EPERM, 0 },
	{ "munmap last", try_unmap_last, EPERM, 0 },
	{ "munmap around", try_unmap_around, EPERM, 0 },
	{ "mmap exact", try_map_exact, EPERM, 0 },
	{ "mmap middle", try_map_middle, EPERM, 0 },
	{ "mmap over the start", try_map_start, EPERM, 0 },
	{ "mmap over the end", try_map_end, EPERM, 0 },
	{ "mmap around", try_map_around, EPERM, 0 },
	{ "mprotect none", try_protect_none, EPERM, 0 },
	{ "mprotect middle", try_protect_middle, EPERM, 0 },
	{ "mprotect read", try_protect_read, EPERM, UNSEEN },
	{ "mprotect exec", try_protect_exec, EPERM, 0 },
	{ "mprotect write", try_protect_write, EACCES, 0 },
	{ "mprotect last write", try_protect_one_write, EACCES, 0 },
	{ "pkey_mprotect", try_pkey, EPERM, 0 },
	{ "mremap shrink", try_shrink, EPERM, 0 },
	{ "mremap shrink first", try_shrink_first, EPERM, 0 },
	{ "mremap grow", try_grow, EPERM, 0 },
	{ "mremap grow away", try_grow_away, EPERM, 0 },
	{ "mremap move", try_move, EPERM, 0 },
	{ "mremap move middle", try_move_middle, EPERM, 0 },
	{ "mremap dontunmap", try_dont_unmap, EPERM, UNSEEN | NEWER },
	{ "mremap duplicate", try_duplicate, EPERM, UNSEEN },
	{ "mremap onto", try_move_onto, EPERM, 0 },
	{ "shmat", try_attach, EPERM, 0 },
	{ "brk", try_shrink_heap, EPERM, 0 },
	{ "remap_file_pages", try_remap_file, EINVAL, 0 },
	{ "userfaultfd", try_userfault, EPERM, UNSEEN },
	{ "madvise remove", try_remove, EACCES, WRITABLE },
	{ "store", try_store, EFAULT, WRITABLE },
	{ "/proc/self/mem", try_store_mem, EIO, WRITABLE },
	{ "process_vm_writev", try_store_vm, EFAULT, WRITABLE },
};

static long do_attack(long i, long a)
{
	return attacks[i].fn(a);
}

/* Ordinary memory */

static long fill_file(long fd)
{
	long offset, word, r = 0;

	for (offset = 0; offset < SIZE && r >= 0; offset += sizeof(word)) {
		word = word_of(offset);
		r = raw(SYS_pwrite64, fd, &word, sizeof(word), offset);
	}
	return r;
}

/* An unsealed memfd as pins are, and for A writable. */
static long do_make_ordinary(long a, long unused)
{
	long fd = raw(SYS_memfd_create, "ordinary", MFD_CLOEXEC);
	long r = fill_file(fd);

	(void)unused;
	raw(SYS_munmap, SPARE, SIZE);
	raw(SYS_munmap, ORDINARY - 16 * PAGE, 64 * PAGE);
	if (r >= 0)
		r = raw(SYS_mmap, ORDINARY, SIZE, a ? RW : PROT_READ,
			MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);
	raw(SYS_close, fd);
	return r == ORDINARY ? 0 : r;
}

/* Is what was mapped at ADDR all there, right and as protected as before? */
static bool is_whole(struct kid *task, pid_t pid, uint64_t addr,
		     const char *perms)
{
	struct mapping m;

	return run(task, do_count_pages, addr, PAGES) == PAGES &&
	       mapping_at(pid, addr, &m) && m.start == addr &&
	       m.end == addr + SIZE && m.offset == 0 && !strcmp(m.perms, perms);
}

static bool failed(long r)
{
	return r < 0 && r > -4096;
}

/* False if this kernel does not know how. */
static bool works_on_ordinary(int i, struct kid *task, pid_t pid)
{
	const char *name = attacks[i].name;
	bool writable = attacks[i].flags & WRITABLE;
	bool unseen = attacks[i].flags & UNSEEN;
	const char *perms = writable ? "rw-s" : "r--s";
	long r;

	MUST(run(task, do_make_ordinary, writable, 0));
	CONTROL(is_whole(task, pid, ORDINARY, perms));
	r = run(task, do_attack, i, ORDINARY);
	if (attacks[i].flags & NEWER && r == -EINVAL)
		return false;
	if (failed(r) || is_whole(task, pid, ORDINARY, perms) != unseen)
		diag("%s on ordinary memory: %ld", name, r);
	CONTROL(!failed(r));
	CONTROL_EQ(is_whole(task, pid, ORDINARY, perms), unseen);
	return true;
}

static void fails_on_pin(int i, struct kid *task, pid_t pid, bool known)
{
	long r = run(task, do_attack, i, PIN_PLACE);
	bool whole = is_whole(task, pid, PIN_PLACE, "r--s");

	if (r != -attacks[i].err || !whole)
		diag("%s on a pin: %ld%s", attacks[i].name, r,
		     whole ? "" : ", harmed");
	CHECK(r == -attacks[i].err || (!known && r == -EINVAL));
	CHECK(whole);
}

/* The task of a captive that has the pin. */
static pid_t add_task(struct captive *c, int which)
{
	if (which == MAIN)
		return c->k.pid;
	if (which == GRANDCHILD)
		captive_add(c, CHILD);
	return captive_add(c, which);
}

static void attack_by(int which)
{
	uint64_t addr = PIN_PLACE;
	struct captive c;
	struct sealed s;
	unsigned int i;
	bool known;
	pid_t pid;

	need_redirect();
	need_root();
	sealed_pages(&s, PAGES);
	captive_new(&c);
	CHECK_EQ(captive_pin(&c, &s, &addr, SIZE, 0), 0);
	pid = add_task(&c, which);
	for (i = 0; i < ARRAY_SIZE(attacks); i++) {
		known = works_on_ordinary(i, &c.task[which], pid);
		fails_on_pin(i, &c.task[which], pid, known);
	}
	s.map[0] = FAKED;
	CHECK_EQ(run(&c.task[which], do_peek, PIN_PLACE, 0), FAKED);
	captive_end(&c);
	sealed_free(&s);
}

CASE_SLOW(pin_attack_main, "the target cannot harm a pin", 2)
{
	attack_by(MAIN);
}

CASE_SLOW(pin_attack_thread, "nor can another thread", 2)
{
	attack_by(THREAD);
}

CASE_SLOW(pin_attack_peer, "nor can a process in the same address space", 2)
{
	attack_by(PEER);
}

CASE_SLOW(pin_attack_child, "nor can a child its copy", 2)
{
	attack_by(CHILD);
}

CASE_SLOW(pin_attack_grandchild, "nor can a child's child", 2)
{
	attack_by(GRANDCHILD);
}

/* Several at once */

CASE(pin_attack_row, "no way through pins that lie side by side")
{
	uint64_t addr;
	struct captive c;
	struct sealed s;
	long i;

	need_redirect();
	sealed_pages(&s, PAGES);
	captive_new(&c);
	for (i = 0; i < PAGES; i++) {
		addr = PIN_PLACE + i * PAGE;
		CHECK_EQ(captive_pin(&c, &s, &addr, PAGE, i * PAGE), 0);
	}
	MUST(run(&c.task[MAIN], do_make_ordinary, 0, 0));
	for (i = 0; i < 10; i++)
		CHECK_EQ(run(&c.task[MAIN], do_attack, i, PIN_PLACE), -EPERM);
	CHECK_EQ(run(&c.task[MAIN], do_count_pages, PIN_PLACE, PAGES), PAGES);
	CONTROL_EQ(run(&c.task[MAIN], do_attack, 0, ORDINARY), 0);
	captive_end(&c);
	sealed_free(&s);
}

CASE(pin_attack_no_range, "what munmap refuses anywhere, it refuses so at a pin")
{
	struct captive c;
	struct sealed s;
	uint64_t addr;

	need_redirect();
	sealed_pages(&s, PAGES);
	captive_new(&c);
	addr = captive_pin_all(&c, &s);
	CHECK_EQ(run(&c.task[MAIN], do_unmap, addr + 1, PAGE), -EINVAL);
	CHECK_EQ(run(&c.task[MAIN], do_unmap, addr, 0), -EINVAL);
	CHECK_EQ(run(&c.task[MAIN], do_unmap, addr, 1L << 60), -EINVAL);
	CHECK_EQ(run(&c.task[MAIN], do_unmap, addr, -1), -EINVAL);
	CONTROL_EQ(run(&c.task[MAIN], do_unmap, addr, PAGE), -EPERM);
	captive_end(&c);
	sealed_free(&s);
}

#define ALL_THERE_IS 0x7ffffffff000L

static void unmap_everything(struct kid *k)
{
	(void)k;
	do_unmap(0, ALL_THERE_IS);
}

CASE(pin_attack_everything, "munmap of all there is stops at a pin")
{
	struct captive c;
	struct sealed s;
	uint64_t addr;
	struct kid k;

	need_redirect();
	kid_start(&k, unmap_everything, NULL);
	CONTROL_EQ(ending(kid_wait(&k)), SIGNALED(SIGSEGV));
	sealed_pages(&s, PAGES);
	captive_new(&c);
	addr = captive_pin_all(&c, &s);
	CHECK_EQ(run(&c.task[MAIN], do_unmap, 0, ALL_THERE_IS), -EPERM);
	CHECK_EQ(run(&c.task[MAIN], do_count_pages, addr, PAGES), PAGES);
	captive_end(&c);
	sealed_free(&s);
}

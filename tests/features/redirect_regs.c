// SPDX-License-Identifier: GPL-2.0-only
/*
 * Redirect: every register, before and after. The call is mmap, whose six
 * arguments all show in what is mapped afterwards.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "redirkit.h"

#define PLACE_A 0x20000000L
#define PLACE_B 0x28000000L

/* Arguments of a call that maps, and of another that differs in each. */
struct maps {
	struct redir t;
	struct notice n;
	int file[2];
	uint64_t own[6];
	uint64_t other[6];
	long nr;
};

static int make_file(void)
{
	int fd = memfd_create("regs", 0);

	NEED(fd >= 0 && !ftruncate(fd, 16 * PAGE));
	return fd;
}

/* The offset of the 32-bit call counts pages. */
static void fill(uint64_t *args, long at, long pages, long prot, long flags,
		 long fd, long offset)
{
	args[0] = at;
	args[1] = pages * PAGE;
	args[2] = prot;
	args[3] = flags | MAP_FIXED_NOREPLACE;
	args[4] = fd;
	args[5] = offset;
}

static void maps_start(struct maps *m, bool ia32)
{
	long unit = ia32 ? 1 : PAGE;

	need_redirect();
	if (ia32)
		need_ia32();
	m->file[0] = make_file();
	m->file[1] = make_file();
	redir_start(&m->t, NULL);
	m->t.shot->ia32 = ia32;
	m->nr = ia32 ? IA32_mmap2 : SYS_mmap;
	redir_ask(&m->t, m->nr);
	fill(m->own, PLACE_A, 1, PROT_READ, MAP_PRIVATE, m->file[0], unit);
	fill(m->other, PLACE_B, 3, PROT_READ | PROT_WRITE, MAP_SHARED,
	     m->file[1], 2 * unit);
	redir_load(&m->t, m->nr, m->own[0], m->own[1], m->own[2], m->own[3],
		   m->own[4], m->own[5]);
}

static void maps_end(struct maps *m)
{
	redir_end(&m->t);
	close(m->file[0]);
	close(m->file[1]);
}

static long unmap_all(long unused)
{
	(void)unused;
	raw(SYS_munmap, PLACE_A, 4 * PAGE);
	return raw(SYS_munmap, PLACE_B, 4 * PAGE);
}

static unsigned long inode_of(int fd)
{
	struct stat st;

	NEED(!fstat(fd, &st));
	return st.st_ino;
}

/* Is that what these arguments map? */
static bool mapped(struct maps *m, const uint64_t *args)
{
	long unit = m->t.shot->ia32 ? PAGE : 1;
	struct mapping is;

	return mapping_at(m->t.k.pid, args[0], &is) && is.start == args[0] &&
	       is.end == args[0] + args[1] && is.offset == args[5] * unit &&
	       is.perms[1] == (args[2] & PROT_WRITE ? 'w' : '-') &&
	       is.perms[3] == (args[3] & MAP_SHARED ? 's' : 'p') &&
	       is.inode == inode_of(args[4]);
}

/* MAP_SHARED and MAP_PRIVATE are bits, so that all combinations are calls. */
static void maps_with(struct maps *m, uint32_t mask)
{
	uint64_t args[6];
	int i;

	for (i = 0; i < 6; i++)
		args[i] = mask & 1U << i ? m->other[i] : m->own[i];
	redir_call(&m->t);
	redir_asked(&m->t, 0, &m->n);
	for (i = 0; i < 6; i++)
		CHECK_EQ(m->n.arg[i], m->own[i]);
	CHECK_EQ(redir_args(m->t.listener[0], &m->n, mask, args), 0);
	CHECK_EQ(redir_result(&m->t), args[0]);
	CHECK(mapped(m, args));
	CHECK(redir_untouched(&m->t));
	CHECK_EQ(redir_do(&m->t, unmap_all, 0), 0);
}

static void maps_control(struct maps *m)
{
	redir_call(&m->t);
	redir_asked(&m->t, 0, &m->n);
	CHECK_EQ(notice_continue(m->t.listener[0], &m->n), 0);
	CONTROL_EQ(redir_result(&m->t), m->own[0]);
	CONTROL(mapped(m, m->own));
	CONTROL(!mapped(m, m->other));
	CONTROL(redir_untouched(&m->t));
	CHECK_EQ(redir_do(&m->t, unmap_all, 0), 0);
}

static void each_register(bool ia32)
{
	struct maps m;
	int i;

	maps_start(&m, ia32);
	maps_control(&m);
	for (i = 0; i < 6; i++)
		maps_with(&m, 1U << i);
	maps_with(&m, ALL_ARGS);
	maps_with(&m, 0);
	maps_end(&m);
}

CASE(redirect_regs, "each argument's register, and all of them")
{
	each_register(false);
}

CASE(redirect_regs_ia32, "the same by int $0x80")
{
	each_register(true);
}

static void all_masks(bool ia32)
{
	uint32_t mask;
	struct maps m;

	maps_start(&m, ia32);
	maps_control(&m);
	for (mask = 0; mask <= ALL_ARGS; mask++)
		maps_with(&m, mask);
	maps_end(&m);
}

CASE_SLOW(redirect_regs_masks, "every combination of registers", 3)
{
	all_masks(false);
}

CASE_SLOW(redirect_regs_masks_ia32, "every combination by int $0x80", 3)
{
	all_masks(true);
}

/* A listener further out sees what would run. */
static void outer_sees(struct redir *t, const uint64_t *args)
{
	struct notice n;
	int i;

	redir_asked(t, 0, &n);
	for (i = 0; i < 6; i++)
		CHECK_EQ(n.arg[i], args[i]);
	CHECK_EQ(notice_continue(t->listener[0], &n), 0);
	CHECK_EQ(redir_result(t), getpid());
	CHECK(redir_untouched(t));
}

static void inner_redirects(struct redir *t, const uint64_t *args)
{
	struct notice n;

	redir_call(t);
	redir_asked(t, 1, &n);
	CHECK_EQ(redir_args(t->listener[1], &n, args ? ALL_ARGS : 0,
			    args ? args : n.arg), 0);
	outer_sees(t, args ? args : n.arg);
}

/* A call that has no arguments takes whatever is in the registers. */
static void no_arguments(bool ia32)
{
	const uint64_t top = ia32 ? ~0U : ~0ULL;
	const uint64_t values[] = { 0, 1, top, top >> 1, top - (top >> 1) };
	const long nr = ia32 ? IA32_PROBE_NR : PROBE_NR;
	uint64_t args[6];
	struct redir t;
	unsigned int v, i;

	redir_start(&t, NULL);
	t.shot->ia32 = ia32;
	redir_ask(&t, nr);
	redir_ask(&t, nr);
	regs_pattern(&t.shot->before, !ia32);
	t.shot->before.ax = nr;
	inner_redirects(&t, NULL);
	CONTROL_EQ(t.shot->after.ax, getpid());
	for (v = 0; v < ARRAY_SIZE(values); v++) {
		for (i = 0; i < 6; i++)
			args[i] = values[v] ^ (values[v] & i);
		inner_redirects(&t, args);
	}
	redir_end(&t);
}

CASE(redirect_regs_wide, "all 64 bits of a register come back")
{
	no_arguments(false);
}

CASE(redirect_regs_narrow, "all 32 bits of a 32-bit caller's as well")
{
	need_redirect();
	need_ia32();
	no_arguments(true);
}

/* A 64-bit program may make a 32-bit call with full registers. */
CASE(redirect_regs_ia32_halves, "int $0x80 leaves upper halves as they were")
{
	const uint64_t args[6] = { 1, 2, 3, 4, 5, 6 };
	struct notice n;
	struct redir t;
	int i;

	need_redirect();
	need_ia32();
	redir_start(&t, NULL);
	t.shot->ia32 = true;
	redir_ask(&t, IA32_PROBE_NR);
	regs_pattern(&t.shot->before, true);
	t.shot->before.ax = IA32_PROBE_NR;
	redir_call(&t);
	redir_asked(&t, 0, &n);
	for (i = 0; i < 6; i++)
		CHECK_EQ((uint32_t)n.arg[i],
			 (uint32_t)*regs_arg(&t.shot->before, true, i));
	CHECK_EQ(notice_continue(t.listener[0], &n), 0);
	CONTROL_EQ(redir_result(&t), getpid());
	CONTROL(redir_untouched(&t));
	redir_call(&t);
	redir_asked(&t, 0, &n);
	CHECK_EQ(redir_args(t.listener[0], &n, ALL_ARGS, args), 0);
	CHECK_EQ(redir_result(&t), getpid());
	CHECK(redir_untouched(&t));
	redir_end(&t);
}

CASE(redirect_regs_no_call, "also if there is no call of that number")
{
	static const long nr[] = { -1, 5000 };
	const uint64_t args[6] = { 7, 8, 9, 10, 11, 12 };
	struct notice n;
	struct redir t;
	size_t i;

	need_redirect();
	for (i = 0; i < ARRAY_SIZE(nr); i++) {
		redir_start(&t, NULL);
		redir_ask(&t, nr[i]);
		redir_load(&t, nr[i], 1, 2, 3, 4, 5, 6);
		redir_call(&t);
		redir_asked(&t, 0, &n);
		CHECK_EQ(notice_continue(t.listener[0], &n), 0);
		CONTROL_EQ(redir_result(&t), -ENOSYS);
		CONTROL(redir_untouched(&t));
		redir_call(&t);
		redir_asked(&t, 0, &n);
		CHECK_EQ(redir_args(t.listener[0], &n, ALL_ARGS, args), 0);
		CHECK_EQ(redir_result(&t), -ENOSYS);
		CHECK(redir_untouched(&t));
		redir_end(&t);
	}
}

/* A call that fails, and one that the substitute makes fail. */
CASE(redirect_regs_error, "registers come back after an error, too")
{
	uint64_t args[6] = { 0 };
	struct maps m;
	int i;

	maps_start(&m, false);
	maps_control(&m);
	for (i = 0; i < 6; i++)
		args[i] = m.own[i];
	args[4] = -1;
	redir_call(&m.t);
	redir_asked(&m.t, 0, &m.n);
	CHECK_EQ(redir_args(m.t.listener[0], &m.n, ALL_ARGS, args), 0);
	CHECK_EQ(redir_result(&m.t), -EBADF);
	CHECK(redir_untouched(&m.t));
	CHECK_EQ(redir_do(&m.t, unmap_all, 0), 0);
	maps_with(&m, ALL_ARGS);
	maps_end(&m);
}

/* A value that equals the original is no special case. */
CASE(redirect_regs_same, "a register may be replaced by what it holds")
{
	struct maps m;
	int i;

	maps_start(&m, false);
	maps_control(&m);
	for (i = 0; i < 3; i++)
		m.other[i] = m.own[i];
	maps_with(&m, ALL_ARGS);
	maps_with(&m, 7);
	maps_end(&m);
}

/* Answers in a row: nothing of one is left in the next. */
CASE(redirect_regs_alternate, "redirects, CONTINUE and values in turn")
{
	struct maps m;
	int i;

	maps_start(&m, false);
	for (i = 0; i < 10; i++) {
		maps_with(&m, ALL_ARGS);
		maps_control(&m);
		maps_with(&m, 1U << (i % 6));
		redir_call(&m.t);
		redir_asked(&m.t, 0, &m.n);
		CHECK_EQ(notice_answer(m.t.listener[0], &m.n, FAKED, 0), 0);
		CHECK_EQ(redir_result(&m.t), FAKED);
		CHECK(redir_untouched(&m.t));
		CHECK(!mapped(&m, m.other) && !mapped(&m, m.own));
	}
	maps_end(&m);
}

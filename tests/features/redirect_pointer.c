// SPDX-License-Identifier: GPL-2.0-only
/*
 * Redirect: which addresses are accepted. The target writes to a file; what
 * stands there tells what the kernel read.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "redirkit.h"

#define OWN "of the target"
#define LEN 13

struct writer {
	struct redir t;
	struct notice n;
	struct mem m;
	int file;
	long nr;
	long hole;		/* addresses in the target that nobody uses */
};

#define HOLE_PAGES 8

static long make_hole(long unused)
{
	long at = raw(SYS_mmap, 0, (HOLE_PAGES + 2) * PAGE, PROT_NONE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	(void)unused;
	if (at > 0)
		raw(SYS_munmap, at + PAGE, HOLE_PAGES * PAGE);
	return at + PAGE;
}

static void asks(struct writer *w)
{
	redir_call(&w->t);
	redir_asked(&w->t, 0, &w->n);
}

static void writer_start_on(struct writer *w, int pages, bool ia32)
{
	need_redirect();
	w->file = memfd_create("file", MFD_CLOEXEC);
	NEED(w->file >= 0);
	/* Before the target, which so has it open too. */
	mem_make(&w->m, pages);
	redir_start(&w->t, NULL);
	w->t.shot->ia32 = ia32;
	w->hole = MUST(redir_do(&w->t, make_hole, 0));
	w->nr = ia32 ? IA32_pwrite64 : SYS_pwrite64;
	redir_ask(&w->t, w->nr);
	strcpy(w->t.shot->text, OWN);
	redir_load(&w->t, w->nr, w->file, (long)w->t.shot->text, LEN, 0);
	asks(w);
}

static void writer_start(struct writer *w, int pages)
{
	writer_start_on(w, pages, false);
}

static bool file_has(struct writer *w, const char *what, size_t len)
{
	char text[64] = "";
	ssize_t n = pread(w->file, text, sizeof(text), 0);

	NEED(!ftruncate(w->file, 0));
	return n == (ssize_t)len && !memcmp(text, what, len);
}

static long points(struct writer *w, uint64_t at, uint64_t len)
{
	redirection r = redirect_of(&w->n);

	mem_point(&r, &w->m, 1, 0, len);
	r.args[1] = at;
	r.args_mask |= 1U << 2;
	r.args[2] = len;
	return send_redirect(w->t.listener[0], &r);
}

/* Accepted; and there the kernel read WHAT. */
static void reads(struct writer *w, uint64_t at, const char *what, size_t len)
{
	CHECK_EQ(points(w, at, len), 0);
	CHECK_EQ(redir_result(&w->t), len);
	CHECK(file_has(w, what, len));
	CHECK(redir_untouched(&w->t));
	asks(w);
}

static void refused(struct writer *w, uint64_t at, uint64_t len)
{
	CHECK_EQ(points(w, at, len), -EINVAL);
	CHECK_EQ(id_valid(w->t.listener[0], w->n.id), 0);
	CHECK(redir_waits(&w->t, 0));
}

static long pin(struct writer *w, uint64_t at, int page, int pages)
{
	w->m.at = at;
	return pin_install(w->t.listener[0], w->n.id, w->m.s.fd, &w->m.at,
			   pages * PAGE, page * PAGE);
}

static void writer_end(struct writer *w)
{
	CHECK_EQ(notice_continue(w->t.listener[0], &w->n), 0);
	CONTROL_EQ(redir_result(&w->t), LEN);
	CONTROL(file_has(w, OWN, LEN));
	redir_end(&w->t);
	mem_free(&w->m);
	close(w->file);
}

CASE(redirect_pointer, "the kernel reads what the supervisor wrote")
{
	struct writer w;

	writer_start(&w, 1);
	CHECK_EQ(pin(&w, 0, 0, 1), 0);
	strcpy(w.m.map, "first");
	reads(&w, w.m.at, "first", 5);
	strcpy(w.m.map, "second");
	reads(&w, w.m.at, "second", 6);
	strcpy(w.m.map + 1000, "third");
	reads(&w, w.m.at + 1000, "third", 5);
	writer_end(&w);
}

CASE(redirect_pointer_ia32, "also for a 32-bit call")
{
	struct writer w;

	need_redirect();
	need_ia32();
	writer_start_on(&w, 1, true);
	CHECK_EQ(pin(&w, 0, 0, 1), 0);
	CHECK(w.m.at < 1ULL << 32);
	strcpy(w.m.map, "first");
	reads(&w, w.m.at, "first", 5);
	refused(&w, w.m.at + (1ULL << 32), 5);
	writer_end(&w);
}

/* A file that nobody writes any more, its supervisor neither. */
CASE(redirect_pointer_write_seal, "also from a file that is sealed for good")
{
	struct sealed fixed;
	struct writer w;
	uint64_t word;

	writer_start(&w, 1);
	mem_free(&w.m);
	sealed_new(&fixed, 2 * PAGE, F_SEAL_WRITE);
	w.m.s = fixed;
	CONTROL(pwrite(fixed.fd, OWN, LEN, 0) < 0);
	CONTROL(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fixed.fd,
		     0) == MAP_FAILED);
	CHECK_EQ(pin(&w, w.hole, 0, 2), 0);
	word = word_of(0);
	reads(&w, w.hole, (void *)&word, sizeof(word));
	word = word_of(PAGE);
	reads(&w, w.hole + PAGE, (void *)&word, sizeof(word));
	refused(&w, w.hole + 2 * PAGE - 1, 2);
	writer_end(&w);
}

/* Whether the kernel has such calls or not, filters see them. */
CASE(redirect_pointer_x32, "nor can an x32 call have one that it may cut")
{
	const long nr = X32_BIT | SYS_pwrite64;
	struct writer w;
	redirection r;

	writer_start(&w, 1);
	CHECK_EQ(pin(&w, 0, 0, 1), 0);
	CHECK(w.m.at >= 1ULL << 32);
	CHECK_EQ(notice_continue(w.t.listener[0], &w.n), 0);
	CHECK_EQ(redir_result(&w.t), LEN);
	redir_ask(&w.t, nr);
	redir_load(&w.t, nr, w.file, (long)w.t.shot->text, LEN, 0);
	redir_call(&w.t);
	redir_asked(&w.t, 1, &w.n);
	r = redirect_of(&w.n);
	mem_point(&r, &w.m, 1, 0, LEN);
	CHECK_EQ(send_redirect(w.t.listener[1], &r), -EINVAL);
	CHECK(redir_waits(&w.t, 0));
	r.ptr_mask = 0;
	r.ptr_len[1] = 0;
	CONTROL_EQ(send_redirect(w.t.listener[1], &r), 0);
	redir_result(&w.t);
	CHECK(redir_untouched(&w.t));
	redir_end(&w.t);
	mem_free(&w.m);
	close(w.file);
}

CASE(redirect_pointer_bounds, "an access lies within the pin")
{
	struct writer w;

	writer_start(&w, 2);
	CHECK_EQ(pin(&w, w.hole, 0, 2), 0);
	strcpy(w.m.map + PAGE - 2, "across");
	w.m.map[2 * PAGE - 1] = 'x';
	refused(&w, w.hole - 1, 2);
	refused(&w, w.hole - 1, 1);
	refused(&w, w.hole + 2 * PAGE, 1);
	refused(&w, w.hole + 2 * PAGE - 1, 2);
	refused(&w, w.hole, 2 * PAGE + 1);
	refused(&w, w.hole, 1ULL << 63);
	refused(&w, w.hole, ~0ULL);
	refused(&w, w.hole + 8, -8ULL);
	refused(&w, ~0ULL, 1);
	refused(&w, ~0ULL, 2);
	refused(&w, 0, 1);
	reads(&w, w.hole + PAGE - 2, "across", 6);
	reads(&w, w.hole + 2 * PAGE - 1, "x", 1);
	writer_end(&w);
}

CASE(redirect_pointer_unpinned, "memory that is no pin is refused")
{
	struct writer w;
	struct mem other;

	writer_start(&w, 1);
	refused(&w, (long)w.t.shot->text, 4);
	/* One that is a pin of another memfd. */
	mem_make(&other, 1);
	mem_pin(w.t.listener[0], &w.n, &other);
	refused(&w, other.at, 4);
	CHECK_EQ(pin(&w, 0, 0, 1), 0);
	refused(&w, other.at, 4);
	strcpy(w.m.map, "pinned");
	reads(&w, w.m.at, "pinned", 6);
	writer_end(&w);
}

/* The target maps the memfd by itself, read-only and shared. */
static long map_memfd(long fd)
{
	return raw(SYS_mmap, 0, PAGE, PROT_READ, MAP_SHARED, fd, 0);
}

CASE(redirect_pointer_own, "nor is the target's own mapping of the memfd one")
{
	struct writer w;
	long at;

	writer_start(&w, 1);
	CHECK_EQ(notice_continue(w.t.listener[0], &w.n), 0);
	CHECK_EQ(redir_result(&w.t), LEN);
	CHECK(file_has(&w, OWN, LEN));
	at = MUST(redir_do(&w.t, map_memfd, w.m.s.fd));
	asks(&w);
	refused(&w, at, 4);
	CHECK_EQ(pin(&w, 0, 0, 1), 0);
	refused(&w, at, 4);
	strcpy(w.m.map, "pinned");
	reads(&w, w.m.at, "pinned", 6);
	writer_end(&w);
}

CASE(redirect_pointer_joined, "pins that continue each other are one")
{
	struct writer w;

	writer_start(&w, 4);
	strcpy(w.m.map + PAGE - 2, "first");
	strcpy(w.m.map + 2 * PAGE - 2, "second");
	CHECK_EQ(pin(&w, w.hole, 0, 1), 0);
	refused(&w, w.hole + PAGE - 2, 5);
	CHECK_EQ(pin(&w, w.hole + PAGE, 1, 1), 0);
	reads(&w, w.hole + PAGE - 2, "first", 5);
	/* In address, but not in the file. */
	CHECK_EQ(pin(&w, w.hole + 2 * PAGE, 3, 1), 0);
	refused(&w, w.hole + 2 * PAGE - 2, 6);
	reads(&w, w.hole + 2 * PAGE - 2, "se", 2);
	/* In the file, but not in address. */
	CHECK_EQ(pin(&w, w.hole + 4 * PAGE, 2, 1), 0);
	refused(&w, w.hole + 2 * PAGE - 2, 2 * PAGE + 4);
	reads(&w, w.hole + 4 * PAGE, "cond", 4);
	writer_end(&w);
}

CASE(redirect_pointer_backwards, "pins in the wrong order are not one")
{
	struct writer w;

	writer_start(&w, 2);
	CHECK_EQ(pin(&w, w.hole, 1, 1), 0);
	CHECK_EQ(pin(&w, w.hole + PAGE, 0, 1), 0);
	refused(&w, w.hole + PAGE - 2, 5);
	strcpy(w.m.map, "start");
	reads(&w, w.hole + PAGE, "start", 5);
	writer_end(&w);
}

static long lock_page(long at)
{
	return raw(SYS_mlock, at, PAGE);
}

static long hide_page(long at)
{
	return raw(SYS_madvise, at, PAGE, MADV_DONTFORK);
}

CASE(redirect_pointer_split, "a pin that the target split still is one")
{
	struct writer w;

	writer_start(&w, 4);
	CHECK_EQ(pin(&w, 0, 0, 4), 0);
	strcpy(w.m.map + PAGE - 2, "first");
	strcpy(w.m.map + 3 * PAGE - 2, "second");
	CHECK_EQ(notice_continue(w.t.listener[0], &w.n), 0);
	CHECK_EQ(redir_result(&w.t), LEN);
	CHECK(file_has(&w, OWN, LEN));
	CHECK_EQ(redir_do(&w.t, lock_page, w.m.at + PAGE), 0);
	CHECK_EQ(redir_do(&w.t, hide_page, w.m.at + 3 * PAGE), 0);
	asks(&w);
	reads(&w, w.m.at + PAGE - 2, "first", 5);
	reads(&w, w.m.at + 3 * PAGE - 2, "second", 6);
	refused(&w, w.m.at, 4 * PAGE + 1);
	writer_end(&w);
}

/* A child of the target's makes the call; the target says what came of it. */
static long call_in_child(long unused)
{
	struct shot *s = redir_shot;
	long pid = raw(SYS_fork);
	int status = 0;

	(void)unused;
	if (!pid) {
		regs_call_64(&s->before, &s->after);
		raw(SYS_exit_group, 0);
	}
	raw(SYS_wait4, pid, &status, 0, 0);
	return s->after.ax;
}

CASE(redirect_pointer_fork, "a child has the pins of its parent")
{
	redirection r;
	struct writer w;

	writer_start(&w, 1);
	CHECK_EQ(pin(&w, 0, 0, 1), 0);
	strcpy(w.m.map, "for a child");
	CHECK_EQ(notice_continue(w.t.listener[0], &w.n), 0);
	CHECK_EQ(redir_result(&w.t), LEN);
	CHECK(file_has(&w, OWN, LEN));
	say(&w.t.k, (long)call_in_child);
	say(&w.t.k, 0);
	notice_recv(w.t.listener[0], &w.n);
	CHECK(w.n.pid != w.t.k.pid);
	r = redirect_of(&w.n);
	mem_point(&r, &w.m, 1, 0, LEN);
	CHECK_EQ(send_redirect(w.t.listener[0], &r), 0);
	CHECK_EQ(redir_result(&w.t), LEN);
	CHECK(file_has(&w, "for a child\0", LEN));
	CHECK(redir_untouched(&w.t));
	asks(&w);
	writer_end(&w);
}

CASE(redirect_pointer_several, "several pointers, each with its own length")
{
	redirection r;
	struct redir t;
	struct notice n;
	struct mem m;

	redir_start(&t, NULL);
	mem_make(&m, 1);
	strcpy(m.map, "/proc/self/exe");
	strcpy(m.map + 100, "/no-such");
	strcpy(t.shot->text, "/no-such-either/x");
	redir_ask(&t, SYS_rename);
	redir_load(&t, SYS_rename, (long)t.shot->text, (long)t.shot->text);
	redir_call(&t);
	redir_asked(&t, 0, &n);
	CHECK_EQ(notice_continue(t.listener[0], &n), 0);
	CONTROL_EQ(redir_result(&t), -ENOENT);
	redir_call(&t);
	redir_asked(&t, 0, &n);
	mem_pin(t.listener[0], &n, &m);
	r = redirect_of(&n);
	mem_point(&r, &m, 0, 0, 15);
	mem_point(&r, &m, 1, 100, PAGE - 100 + 1);
	CHECK_EQ(send_redirect(t.listener[0], &r), -EINVAL);
	CHECK_EQ(id_valid(t.listener[0], n.id), 0);
	mem_point(&r, &m, 1, 100, 9);
	CHECK_EQ(send_redirect(t.listener[0], &r), 0);
	/* From one file system to another: only with both. */
	CHECK_EQ(redir_result(&t), -EXDEV);
	CHECK(redir_untouched(&t));
	redir_end(&t);
	mem_free(&m);
}

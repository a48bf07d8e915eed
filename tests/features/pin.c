// SPDX-License-Identifier: GPL-2.0-only
/*
 * PIN_INSTALL: what it makes, its arguments, and whom it listens to.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/capability.h>

#include "pinkit.h"

/* A captive in the trapped call, and a file for it. */
struct scene {
	struct sealed s;
	struct captive c;
	struct notice n;
};

static void scene_start(struct scene *x, int pages,
			const struct captive_plan *plan)
{
	need_redirect();
	sealed_pages(&x->s, pages);
	captive_start(&x->c, plan);
	captive_trap(&x->c, MAIN, &x->n);
}

static void scene_new(struct scene *x, int pages)
{
	scene_start(x, pages, &(const struct captive_plan){ .nr = 0 });
}

static void scene_end(struct scene *x)
{
	CHECK_EQ(captive_release(&x->c, MAIN, &x->n), getpid());
	captive_end(&x->c);
	sealed_free(&x->s);
}

static long pin(struct scene *x, uint64_t *addr, uint64_t size, uint64_t offset)
{
	return pin_install(x->c.listener, x->n.id, x->s.fd, addr, size, offset);
}

static long pin_at(struct scene *x, uint64_t addr, uint64_t size,
		   uint64_t offset)
{
	return pin(x, &addr, size, offset);
}

/* Whatever was refused, the target goes on waiting. */
static void refused(struct scene *x, long is, int err)
{
	CHECK_EQ(is, -err);
	CHECK_EQ(id_valid(x->c.listener, x->n.id), 0);
	CHECK_EQ(mappings_of(x->c.k.pid, x->s.fd), 0);
}

/* What is there */

CASE(pin_shows, "a pin shows the supervisor's memory as it is")
{
	struct captive c;
	struct sealed s;
	uint64_t addr;

	need_redirect();
	sealed_pages(&s, 2);
	captive_new(&c);
	addr = captive_pin_all(&c, &s);
	CHECK_EQ(run(&c.task[MAIN], do_count_pages, addr, 2), 2);
	s.map[0] = FAKED;
	s.map[PAGE / 8] = FAKED + 1;
	CHECK_EQ(run(&c.task[MAIN], do_peek, addr, 0), FAKED);
	CHECK_EQ(run(&c.task[MAIN], do_peek, addr + PAGE, 0), FAKED + 1);
	CONTROL_EQ(run(&c.task[MAIN], do_count_pages, addr, 2), 0);
	captive_end(&c);
	sealed_free(&s);
}

CASE(pin_while_trapped, "a pin is there before the call is answered")
{
	struct scene x;
	uint64_t addr = 0;

	scene_new(&x, 1);
	CONTROL_EQ(mappings_of(x.c.k.pid, x.s.fd), 0);
	CHECK_EQ(pin(&x, &addr, PAGE, 0), 0);
	CHECK_EQ(mappings_of(x.c.k.pid, x.s.fd), 1);
	CHECK_EQ(id_valid(x.c.listener, x.n.id), 0);
	scene_end(&x);
}

CASE(pin_mapping, "a pin is a shared and read-only mapping of the file")
{
	struct mapping m;
	struct scene x;
	struct stat st;

	scene_new(&x, 4);
	CONTROL(!mapping_at(x.c.k.pid, HIGH_PLACE, &m));
	CHECK_EQ(pin_at(&x, HIGH_PLACE, 2 * PAGE, PAGE), 0);
	CHECK(mapping_at(x.c.k.pid, HIGH_PLACE, &m));
	CHECK_EQ(m.start, HIGH_PLACE);
	CHECK_EQ(m.end, HIGH_PLACE + 2 * PAGE);
	CHECK_EQ(m.offset, PAGE);
	NEED(!fstat(x.s.fd, &st));
	CHECK_EQ(m.inode, st.st_ino);
	CHECK(!strcmp(m.perms, "r--s"));
	scene_end(&x);
}

CASE(pin_read_only, "the target cannot write to a pin")
{
	struct captive c;
	struct sealed s;
	uint64_t addr;
	long page;

	need_redirect();
	sealed_pages(&s, 1);
	captive_new(&c);
	addr = captive_pin_all(&c, &s);
	CHECK_EQ(run(&c.task[MAIN], do_poke, addr, FAKED), -EFAULT);
	CHECK_EQ(s.map[0], word_of(0));
	page = run(&c.task[MAIN], do_map_zeroes, 0, PAGE);
	CONTROL_EQ(run(&c.task[MAIN], do_poke, page, FAKED), 0);
	CONTROL_EQ(run(&c.task[MAIN], do_peek, page, 0), FAKED);
	captive_end(&c);
	sealed_free(&s);
}

CASE(pin_offset, "offset and size choose the part of the file")
{
	struct captive c;
	struct sealed s;
	long i, word;

	need_redirect();
	sealed_pages(&s, 4);
	captive_new(&c);
	for (i = 0; i < 4; i++) {
		uint64_t addr = HIGH_PLACE + 16 * i * PAGE;

		CONTROL_EQ(run(&c.task[MAIN], do_peek, addr, 0), -EFAULT);
		CHECK_EQ(captive_pin(&c, &s, &addr, PAGE, i * PAGE), 0);
		word = run(&c.task[MAIN], do_peek, addr, 0);
		CHECK_EQ(word, word_of(i * PAGE));
		CHECK_EQ(run(&c.task[MAIN], do_peek, addr + PAGE, 0), -EFAULT);
	}
	captive_end(&c);
	sealed_free(&s);
}

/* Addresses */

CASE(pin_fixed, "a pin is where the supervisor wants it, if nothing is there")
{
	static const uint64_t places[] = { LOW_PLACE, HIGH_PLACE };
	uint64_t addr;
	struct scene x;
	unsigned int i;

	scene_new(&x, 1);
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		addr = places[i];
		CHECK_EQ(pin(&x, &addr, PAGE, 0), 0);
		CHECK_EQ(addr, places[i]);
		CHECK_EQ(pin(&x, &addr, PAGE, 0), -EEXIST);
	}
	CONTROL_EQ(mappings_of(x.c.k.pid, x.s.fd), 2);
	scene_end(&x);
}

CASE(pin_occupied, "a pin replaces nothing, not in part either")
{
	struct captive c;
	struct sealed s;
	uint64_t addr;
	long i;

	need_redirect();
	sealed_pages(&s, 3);
	captive_new(&c);
	/* One page, which the pin would begin before, at, or end at. */
	CHECK_EQ(run(&c.task[MAIN], do_map_zeroes, HIGH_PLACE, PAGE),
		 HIGH_PLACE);
	for (i = 0; i < 3; i++) {
		addr = HIGH_PLACE - i * PAGE;
		CHECK_EQ(captive_pin(&c, &s, &addr, s.size, 0), -EEXIST);
	}
	CHECK_EQ(run(&c.task[MAIN], do_peek, HIGH_PLACE, 0), 0);
	CHECK_EQ(mappings_of(c.k.pid, s.fd), 0);
	MUST(run(&c.task[MAIN], do_unmap, HIGH_PLACE, PAGE));
	addr = HIGH_PLACE - PAGE;
	CONTROL_EQ(captive_pin(&c, &s, &addr, s.size, 0), 0);
	CHECK_EQ(run(&c.task[MAIN], do_count_pages, addr, 3), 3);
	captive_end(&c);
	sealed_free(&s);
}

CASE(pin_again, "what is there already is found again, with address 0")
{
	uint64_t first = 0, other[4] = { 0 }, addr;
	struct sealed twin;
	struct scene x;
	int i;

	scene_new(&x, 2);
	sealed_pages(&twin, 2);
	CHECK_EQ(pin(&x, &first, PAGE, 0), 0);
	/* More often than there may be pins. */
	for (i = 0; i < 70; i++) {
		addr = 0;
		CHECK_EQ(pin(&x, &addr, PAGE, 0), 0);
		CHECK_EQ(addr, first);
	}
	CHECK_EQ(mappings_of(x.c.k.pid, x.s.fd), 1);
	CONTROL_EQ(pin(&x, &other[0], 2 * PAGE, 0), 0);
	CONTROL_EQ(pin(&x, &other[1], PAGE, PAGE), 0);
	CONTROL_EQ(pin_install(x.c.listener, x.n.id, twin.fd, &other[2], PAGE,
			       0), 0);
	for (i = 0; i < 3; i++)
		CHECK(other[i] && other[i] != first);
	CHECK_EQ(mappings_of(x.c.k.pid, x.s.fd), 3);
	sealed_free(&twin);
	scene_end(&x);
}

CASE(pin_again_later, "also by the notification of another thread")
{
	uint64_t first = 0, addr = 0;
	struct notice n, later;
	struct captive c;
	struct sealed s;

	need_redirect();
	sealed_pages(&s, 1);
	captive_new(&c);
	captive_add(&c, THREAD);
	captive_trap(&c, MAIN, &n);
	CHECK_EQ(pin_install(c.listener, n.id, s.fd, &first, PAGE, 0), 0);
	captive_trap(&c, THREAD, &later);
	CHECK_EQ(pin_install(c.listener, later.id, s.fd, &addr, PAGE, 0), 0);
	CHECK_EQ(addr, first);
	CONTROL_EQ(mappings_of(c.k.pid, s.fd), 1);
	captive_release(&c, THREAD, &later);
	captive_release(&c, MAIN, &n);
	captive_end(&c);
	sealed_free(&s);
}

CASE(pin_again_child, "a child's copy is found as well")
{
	uint64_t first, addr = 0, other = 0;
	struct captive c;
	struct notice n;
	struct sealed s;
	pid_t child;

	need_redirect();
	sealed_pages(&s, 2);
	captive_new(&c);
	CHECK_EQ(captive_pin(&c, &s, &addr, PAGE, 0), 0);
	first = addr;
	child = captive_add(&c, CHILD);
	captive_trap(&c, CHILD, &n);
	addr = 0;
	CHECK_EQ(pin_install(c.listener, n.id, s.fd, &addr, PAGE, 0), 0);
	CHECK_EQ(addr, first);
	CHECK_EQ(mappings_of(child, s.fd), 1);
	CONTROL_EQ(pin_install(c.listener, n.id, s.fd, &other, PAGE, PAGE), 0);
	CONTROL(other != first);
	CONTROL_EQ(mappings_of(child, s.fd), 2);
	CHECK_EQ(mappings_of(c.k.pid, s.fd), 1);
	captive_release(&c, CHILD, &n);
	captive_end(&c);
	sealed_free(&s);
}

static long do_lock(long a, long b)
{
	return raw(SYS_mlock, a, b);
}

CASE(pin_again_split, "also what the target has split meanwhile")
{
	uint64_t first, addr = 0;
	struct captive c;
	struct notice n;
	struct sealed s;

	need_redirect();
	sealed_pages(&s, 3);
	captive_new(&c);
	first = captive_pin_all(&c, &s);
	CONTROL_EQ(mappings_of(c.k.pid, s.fd), 1);
	CHECK_EQ(run(&c.task[MAIN], do_lock, first + PAGE, PAGE), 0);
	CONTROL_EQ(mappings_of(c.k.pid, s.fd), 3);
	CHECK_EQ(captive_pin(&c, &s, &addr, s.size, 0), 0);
	CHECK_EQ(addr, first);
	CHECK_EQ(mappings_of(c.k.pid, s.fd), 3);
	captive_add(&c, CHILD);
	captive_trap(&c, CHILD, &n);
	addr = 0;
	CHECK_EQ(pin_install(c.listener, n.id, s.fd, &addr, s.size, 0), 0);
	CHECK_EQ(addr, first);
	captive_release(&c, CHILD, &n);
	/* A piece that came of it is no pin of its own. */
	addr = 0;
	CHECK_EQ(captive_pin(&c, &s, &addr, PAGE, PAGE), 0);
	CHECK(addr && addr != first + PAGE);
	CHECK_EQ(mappings_of(c.k.pid, s.fd), 4);
	captive_end(&c);
	sealed_free(&s);
}

CASE(pin_min_addr, "no pin below vm.mmap_min_addr")
{
	const struct captive_plan plan = { .before = become_nobody };
	struct captive c;
	struct sealed s;
	uint64_t addr = 0x8000, low;

	need_redirect();
	need_root();
	NEED(sysctl_for_case("/proc/sys/vm/mmap_min_addr", "65536"));
	sealed_pages(&s, 1);
	captive_start(&c, &plan);
	CONTROL_EQ(run(&c.task[MAIN], do_map_zeroes, addr, PAGE), -EPERM);
	CHECK_EQ(captive_pin(&c, &s, &addr, PAGE, 0), -EPERM);
	low = 65536;
	CHECK_EQ(captive_pin(&c, &s, &low, PAGE, 0), 0);
	CHECK_EQ(run(&c.task[MAIN], do_count_pages, low, 1), 1);
	captive_end(&c);
	sealed_free(&s);
}

CASE(pin_min_addr_privileged, "nor for who may map there by himself")
{
	struct captive c;
	struct sealed s;
	uint64_t addr = 0x8000;

	need_redirect();
	need_root();
	NEED(sysctl_for_case("/proc/sys/vm/mmap_min_addr", "65536"));
	sealed_pages(&s, 1);
	captive_new(&c);
	/* By CAP_SYS_RAWIO. */
	CONTROL_EQ(run(&c.task[MAIN], do_map_zeroes, addr, PAGE), addr);
	CONTROL_EQ(run(&c.task[MAIN], do_unmap, addr, PAGE), 0);
	CHECK_EQ(captive_pin(&c, &s, &addr, PAGE, 0), -EPERM);
	CHECK_EQ(mappings_of(c.k.pid, s.fd), 0);
	addr = 65536;
	CHECK_EQ(captive_pin(&c, &s, &addr, PAGE, 0), 0);
	captive_end(&c);
	sealed_free(&s);
}

/* Arguments */

CASE(pin_unaligned, "address, size and offset must be whole pages")
{
	struct scene x;

	scene_new(&x, 4);
	refused(&x, pin_at(&x, HIGH_PLACE + 1, PAGE, 0), EINVAL);
	refused(&x, pin_at(&x, HIGH_PLACE + 8, PAGE, 0), EINVAL);
	refused(&x, pin_at(&x, HIGH_PLACE, PAGE + 1, 0), EINVAL);
	refused(&x, pin_at(&x, HIGH_PLACE, PAGE / 2, 0), EINVAL);
	refused(&x, pin_at(&x, HIGH_PLACE, PAGE, 1), EINVAL);
	refused(&x, pin_at(&x, HIGH_PLACE, PAGE, PAGE / 2), EINVAL);
	refused(&x, pin_at(&x, 0, PAGE, 8), EINVAL);
	CONTROL_EQ(pin_at(&x, HIGH_PLACE, PAGE, PAGE), 0);
	scene_end(&x);
}

CASE(pin_bounds, "a pin lies within the file, and is not empty")
{
	struct scene x;

	scene_new(&x, 2);
	refused(&x, pin_at(&x, HIGH_PLACE, 0, 0), EINVAL);
	refused(&x, pin_at(&x, 0, 0, 0), EINVAL);
	refused(&x, pin_at(&x, HIGH_PLACE, 3 * PAGE, 0), EINVAL);
	refused(&x, pin_at(&x, HIGH_PLACE, 2 * PAGE, PAGE), EINVAL);
	refused(&x, pin_at(&x, HIGH_PLACE, PAGE, 2 * PAGE), EINVAL);
	refused(&x, pin_at(&x, 0, PAGE, 1UL << 40), EINVAL);
	CONTROL_EQ(pin_at(&x, HIGH_PLACE, PAGE, PAGE), 0);
	CONTROL_EQ(pin_at(&x, HIGH_PLACE + PAGE, 2 * PAGE, 0), 0);
	scene_end(&x);
}

CASE(pin_overflow, "sums that overflow are refused")
{
	const uint64_t end = -PAGE;
	struct scene x;

	scene_new(&x, 2);
	refused(&x, pin_at(&x, end, 2 * PAGE, 0), EINVAL);
	refused(&x, pin_at(&x, HIGH_PLACE, end, 0), EINVAL);
	refused(&x, pin_at(&x, 0, end, 2 * PAGE), EINVAL);
	refused(&x, pin_at(&x, 0, 2 * PAGE, end), EINVAL);
	refused(&x, pin_at(&x, 0, PAGE, end), EINVAL);
	refused(&x, pin_at(&x, 0, 1UL << 63, 1UL << 63), EINVAL);
	CONTROL_EQ(pin_at(&x, 0, 2 * PAGE, 0), 0);
	scene_end(&x);
}

CASE(pin_beyond, "no pin where user space ends")
{
	static const uint64_t places[] = { 1UL << 63, -2 * PAGE };
	struct scene x;
	unsigned int i;
	long r;

	scene_new(&x, 1);
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		r = pin_at(&x, places[i], PAGE, 0);
		CHECK(r == -ENOMEM || r == -EINVAL);
		refused(&x, r, -r);
	}
	CONTROL_EQ(pin_at(&x, HIGH_PLACE, PAGE, 0), 0);
	scene_end(&x);
}

CASE(pin_flags, "unknown flags are refused")
{
	struct seccomp_notif_pin_install p = { .size = PAGE };
	struct scene x;
	int i;

	scene_new(&x, 1);
	p.id = x.n.id;
	p.memfd = x.s.fd;
	for (i = 0; i < 32; i++) {
		p.flags = 1U << i;
		CHECK(ioctl(x.c.listener, SECCOMP_IOCTL_NOTIF_PIN_INSTALL, &p));
		refused(&x, -errno, EINVAL);
	}
	p.flags = 0;
	CONTROL(!ioctl(x.c.listener, SECCOMP_IOCTL_NOTIF_PIN_INSTALL, &p));
	scene_end(&x);
}

CASE(pin_fault, "a structure that cannot be read or written is EFAULT")
{
	struct seccomp_notif_pin_install *p;
	struct scene x;

	scene_new(&x, 1);
	CHECK(ioctl(x.c.listener, SECCOMP_IOCTL_NOTIF_PIN_INSTALL, NULL));
	refused(&x, -errno, EFAULT);
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	NEED(p != MAP_FAILED);
	p->id = x.n.id;
	p->memfd = x.s.fd;
	p->size = PAGE;
	NEED(!mprotect(p, PAGE, PROT_READ));
	CHECK(ioctl(x.c.listener, SECCOMP_IOCTL_NOTIF_PIN_INSTALL, p));
	CHECK_EQ(errno, EFAULT);
	CHECK_EQ(id_valid(x.c.listener, x.n.id), 0);
	NEED(!mprotect(p, PAGE, PROT_READ | PROT_WRITE));
	CONTROL(!ioctl(x.c.listener, SECCOMP_IOCTL_NOTIF_PIN_INSTALL, p));
	CHECK_EQ(mappings_of(x.c.k.pid, x.s.fd), 1);
	scene_end(&x);
}

/* Which notification */

CASE(pin_unknown_id, "an id that waits for nothing here is ENOENT")
{
	struct captive other;
	struct notice n;
	struct scene x;
	uint64_t addr = 0;
	uint64_t id;

	scene_new(&x, 1);
	captive_new(&other);
	captive_trap(&other, MAIN, &n);
	id = x.n.id;
	x.n.id = id + 1;
	CHECK_EQ(pin(&x, &addr, PAGE, 0), -ENOENT);
	x.n.id = 0;
	CHECK_EQ(pin(&x, &addr, PAGE, 0), -ENOENT);
	x.n.id = n.id;
	CHECK_EQ(pin(&x, &addr, PAGE, 0), -ENOENT);
	x.n.id = id;
	CHECK_EQ(mappings_of(x.c.k.pid, x.s.fd), 0);
	CHECK_EQ(mappings_of(other.k.pid, x.s.fd), 0);
	CONTROL_EQ(pin(&x, &addr, PAGE, 0), 0);
	captive_release(&other, MAIN, &n);
	captive_end(&other);
	scene_end(&x);
}

CASE(pin_answered, "an answered notification is gone, and its target free")
{
	struct scene x;

	scene_new(&x, 1);
	CHECK_EQ(captive_release(&x.c, MAIN, &x.n), getpid());
	CHECK_EQ(pin_at(&x, 0, PAGE, 0), -ENOENT);
	captive_trap(&x.c, MAIN, &x.n);
	CONTROL_EQ(pin_at(&x, 0, PAGE, 0), 0);
	scene_end(&x);
}

CASE(pin_not_received, "a notification that nobody took is EINPROGRESS")
{
	struct scene x;
	uint64_t id;

	scene_new(&x, 1);
	id = x.n.id;
	captive_release(&x.c, MAIN, &x.n);
	/* Ids are counted up. */
	run_start(&x.c.task[MAIN], do_call, SYS_getppid, 0);
	CHECK(notice_waits(x.c.listener, ASKED_MS));
	x.n.id = id + 1;
	CHECK_EQ(pin_at(&x, 0, PAGE, 0), -EINPROGRESS);
	notice_recv(x.c.listener, &x.n);
	CONTROL_EQ(x.n.id, id + 1);
	CONTROL_EQ(pin_at(&x, 0, PAGE, 0), 0);
	scene_end(&x);
}

static void on_one_cpu(int policy)
{
	struct sched_param p = { .sched_priority = policy == SCHED_FIFO };
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	NEED(!sched_setaffinity(0, sizeof(set), &set));
	NEED(!sched_setscheduler(0, policy, &p));
}

CASE(pin_not_woken, "an answered target that still sleeps is EINPROGRESS")
{
	int i, seen = 0;
	struct scene x;
	long r;

	need_root();
	on_one_cpu(SCHED_OTHER);
	scene_new(&x, 1);
	CONTROL_EQ(pin_at(&x, 0, PAGE, 0), 0);
	for (i = 0; i < 20; i++) {
		/* On our CPU it runs when we let it. */
		on_one_cpu(SCHED_FIFO);
		CHECK_EQ(notice_continue(x.c.listener, &x.n), 0);
		r = pin_at(&x, 0, PAGE, 0);
		on_one_cpu(SCHED_OTHER);
		CHECK(r == -EINPROGRESS || r == -ENOENT);
		seen += r == -EINPROGRESS;
		CHECK_EQ(heard(&x.c.task[MAIN]), getpid());
		captive_trap(&x.c, MAIN, &x.n);
	}
	CHECK(seen);
	scene_end(&x);
}

/* Which listener */

CASE(pin_stock_listener, "a listener without the flag knows no pins")
{
	const struct captive_plan plan = { .flags = NEW_LISTENER };
	struct scene x;

	scene_start(&x, 1, &plan);
	refused(&x, pin_at(&x, 0, PAGE, 0), EINVAL);
	scene_end(&x);
	scene_new(&x, 1);
	CONTROL_EQ(pin_at(&x, 0, PAGE, 0), 0);
	scene_end(&x);
}

CASE(pin_implicit, "nor does one that the parameter made")
{
	const struct captive_plan plan = { .flags = NEW_LISTENER };
	struct scene x;

	need_redirect();
	implicit(true);
	scene_start(&x, 1, &plan);
	refused(&x, pin_at(&x, 0, PAGE, 0), EINVAL);
	scene_end(&x);
	scene_new(&x, 1);
	CONTROL_EQ(pin_at(&x, 0, PAGE, 0), 0);
	scene_end(&x);
}

/* Both listeners of a chain, outermost first, are asked in turn. */
static void pin_by_both(unsigned long inner_flags, long want)
{
	struct captive c;
	struct notice n;
	struct sealed s;
	uint64_t addr = 0;
	int inner;

	sealed_pages(&s, 1);
	captive_new(&c);
	inner = captive_fd(&c, run(&c.task[MAIN], do_add_listener, inner_flags,
				   0));
	run_start(&c.task[MAIN], do_call, SYS_getppid, 0);
	CHECK(notice_waits(inner, ASKED_MS));
	notice_recv(inner, &n);
	CHECK_EQ(pin_install(inner, n.id, s.fd, &addr, PAGE, 0), want);
	CHECK_EQ(id_valid(inner, n.id), 0);
	addr = 0;
	CHECK_EQ(pin_install(c.listener, n.id, s.fd, &addr, PAGE, 0), -ENOENT);
	CHECK_EQ(notice_continue(inner, &n), 0);
	CHECK(notice_waits(c.listener, ASKED_MS));
	notice_recv(c.listener, &n);
	CONTROL_EQ(pin_install(c.listener, n.id, s.fd, &addr, PAGE, 0), 0);
	CHECK_EQ(captive_release(&c, MAIN, &n), getpid());
	CHECK_EQ(run(&c.task[MAIN], do_count_pages, addr, 1), 1);
	close(inner);
	captive_end(&c);
	sealed_free(&s);
}

CASE(pin_unprivileged, "neither side needs a privilege")
{
	struct captive c;
	struct sealed s;
	uint64_t addr;

	need_redirect();
	need_root();
	become_nobody();
	CONTROL_EQ(raw(SYS_setuid, 0), -EPERM);
	sealed_pages(&s, 1);
	captive_new(&c);
	addr = captive_pin_all(&c, &s);
	CHECK_EQ(run(&c.task[MAIN], do_count_pages, addr, 1), 1);
	CHECK_EQ(run(&c.task[MAIN], do_unmap, addr, PAGE), -EPERM);
	captive_end(&c);
	sealed_free(&s);
}

CASE(pin_nested, "each overlay listener of a chain may pin in its turn")
{
	need_redirect();
	need_nested();
	pin_by_both(NESTABLE, 0);
	pin_by_both(NEW_LISTENER, -EINVAL);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pins are made by the target: its limits, its rights and its kind of task
 * count, and what it may not map for itself it does not get.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/capability.h>

#include "pinkit.h"

#define IA32_munmap 91
#define IA32_old_mmap 90
#define IA32_mprotect 125
#define IA32_mremap 163

/* The number of pins */

/* The first N pages of S, one by one. */
static void fill_pins(struct captive *c, struct sealed *s, int n)
{
	uint64_t addr;
	int i;

	for (i = 0; i < n; i++) {
		addr = HIGH_PLACE + 2 * i * PAGE;
		CHECK_EQ(captive_pin(c, s, &addr, PAGE, i * PAGE), 0);
	}
}

CASE(pin_limit, "an address space has at most 64 pins")
{
	struct captive c, other;
	struct sealed s;
	uint64_t addr = 0;

	need_redirect();
	sealed_pages(&s, MAX_PINS + 1);
	captive_new(&c);
	fill_pins(&c, &s, MAX_PINS);
	CHECK_EQ(captive_pin(&c, &s, &addr, PAGE, MAX_PINS * PAGE), -ENOMEM);
	CHECK_EQ(mappings_of(c.k.pid, s.fd), MAX_PINS);
	/* What is there is still found. */
	CHECK_EQ(captive_pin(&c, &s, &addr, PAGE, PAGE), 0);
	CHECK_EQ(addr, HIGH_PLACE + 2 * PAGE);
	captive_new(&other);
	addr = 0;
	CONTROL_EQ(captive_pin(&other, &s, &addr, PAGE, MAX_PINS * PAGE), 0);
	captive_end(&other);
	captive_end(&c);
	sealed_free(&s);
}

CASE(pin_limit_occupied, "then an occupied place makes no difference")
{
	const long place = HIGH_PLACE + 1000 * PAGE;
	struct captive c, other;
	struct sealed s;
	uint64_t addr = place;

	need_redirect();
	sealed_pages(&s, MAX_PINS + 1);
	captive_new(&c);
	fill_pins(&c, &s, MAX_PINS);
	MUST(run(&c.task[MAIN], do_map_zeroes, place, PAGE));
	CHECK_EQ(run(&c.task[MAIN], do_poke, place, FAKED), 0);
	CHECK_EQ(captive_pin(&c, &s, &addr, PAGE, MAX_PINS * PAGE), -ENOMEM);
	CHECK_EQ(run(&c.task[MAIN], do_peek, place, 0), FAKED);
	/* By a pin as well, and by the very same. */
	addr = HIGH_PLACE;
	CHECK_EQ(captive_pin(&c, &s, &addr, PAGE, MAX_PINS * PAGE), -ENOMEM);
	CHECK_EQ(captive_pin(&c, &s, &addr, PAGE, 0), -ENOMEM);
	CHECK_EQ(mappings_of(c.k.pid, s.fd), MAX_PINS);
	captive_new(&other);
	MUST(run(&other.task[MAIN], do_map_zeroes, place, PAGE));
	addr = place;
	CONTROL_EQ(captive_pin(&other, &s, &addr, PAGE, 0), -EEXIST);
	captive_end(&other);
	captive_end(&c);
	sealed_free(&s);
}

CASE(pin_limit_child, "those that a child has by inheritance count")
{
	struct captive c;
	struct notice n;
	struct sealed s;
	uint64_t addr = 0;

	need_redirect();
	sealed_pages(&s, MAX_PINS + 2);
	captive_new(&c);
	fill_pins(&c, &s, MAX_PINS - 1);
	captive_add(&c, CHILD);
	captive_trap(&c, CHILD, &n);
	CONTROL_EQ(pin_install(c.listener, n.id, s.fd, &addr, PAGE,
			       MAX_PINS * PAGE), 0);
	addr = 0;
	CHECK_EQ(pin_install(c.listener, n.id, s.fd, &addr, PAGE,
			     (MAX_PINS + 1) * PAGE), -ENOMEM);
	captive_release(&c, CHILD, &n);
	/* And the parent's are its own. */
	CHECK_EQ(captive_pin(&c, &s, &addr, PAGE, MAX_PINS * PAGE), 0);
	captive_end(&c);
	sealed_free(&s);
}

/* Limits of the kernel's */

static void limit(pid_t pid, int what, rlim_t value)
{
	const struct rlimit r = { value, RLIM_INFINITY };

	NEED(!prlimit(pid, what, &r, NULL));
}

CASE(pin_limit_size, "RLIMIT_AS of the target holds")
{
	struct captive c;
	struct sealed s;
	uint64_t addr = 0;
	long size;

	need_redirect();
	need_root();
	sealed_pages(&s, 16);
	captive_new(&c);
	size = proc_status(c.k.pid, "VmSize");
	limit(c.k.pid, RLIMIT_AS, size * 1024);
	CONTROL_EQ(run(&c.task[MAIN], do_map_zeroes, 0, s.size), -ENOMEM);
	CHECK_EQ(captive_pin(&c, &s, &addr, s.size, 0), -ENOMEM);
	CHECK_EQ(mappings_of(c.k.pid, s.fd), 0);
	limit(c.k.pid, RLIMIT_AS, RLIM_INFINITY);
	CHECK_EQ(captive_pin(&c, &s, &addr, s.size, 0), 0);
	/* Ours is no matter. */
	limit(0, RLIMIT_AS, PAGE);
	addr = 0;
	CHECK_EQ(captive_pin(&c, &s, &addr, PAGE, 0), 0);
	limit(0, RLIMIT_AS, RLIM_INFINITY);
	captive_end(&c);
	sealed_free(&s);
}

#define MANY_MAPPINGS 3000L

/* Every other page is protected, so that each is a mapping. */
static long do_many_mappings(long n, long unused)
{
	long at = do_map_zeroes(0, n * PAGE), i, r = 0;

	(void)unused;
	for (i = 0; i < n && !r; i += 2)
		r = raw(SYS_mprotect, at + i * PAGE, PAGE, PROT_READ);
	return at;
}

CASE(pin_limit_mappings, "vm.max_map_count holds")
{
	struct captive c;
	struct sealed s;
	uint64_t addr = 0;
	long at;

	need_redirect();
	need_root();
	NEED(sysctl_for_case("/proc/sys/vm/max_map_count", "3000"));
	sealed_pages(&s, 1);
	captive_new(&c);
	at = run(&c.task[MAIN], do_many_mappings, MANY_MAPPINGS, 0);
	/* Room that is left at the end is taken up. */
	while (run(&c.task[MAIN], do_many_mappings, 2, 0) > 0)
		;
	CHECK_EQ(captive_pin(&c, &s, &addr, PAGE, 0), -ENOMEM);
	CHECK_EQ(mappings_of(c.k.pid, s.fd), 0);
	CONTROL_EQ(run(&c.task[MAIN], do_unmap, at, MANY_MAPPINGS * PAGE), 0);
	CHECK_EQ(captive_pin(&c, &s, &addr, PAGE, 0), 0);
	captive_end(&c);
	sealed_free(&s);
}

/* Whatever is mapped from now on is locked, and little may be. */
static void lock_future(void)
{
	const struct rlimit r = { 4 * PAGE, 4 * PAGE };

	NEED(!mlockall(MCL_FUTURE));
	NEED(!setrlimit(RLIMIT_MEMLOCK, &r));
	become_nobody();
}

CASE(pin_limit_locked, "a target that locks all memory may lock only so much")
{
	const struct captive_plan plan = { .before = lock_future };
	struct captive c;
	struct sealed s;
	uint64_t addr = 0;

	need_redirect();
	need_root();
	sealed_pages(&s, 16);
	captive_start(&c, &plan);
	CONTROL_EQ(run(&c.task[MAIN], do_map_zeroes, 0, s.size), -EAGAIN);
	CHECK_EQ(captive_pin(&c, &s, &addr, s.size, 0), -EAGAIN);
	CHECK_EQ(mappings_of(c.k.pid, s.fd), 0);
	CHECK_EQ(captive_pin(&c, &s, &addr, PAGE, 0), 0);
	CHECK_EQ(run(&c.task[MAIN], do_count_pages, addr, 1), 1);
	CHECK(proc_status(c.k.pid, "VmLck") > 0);
	captive_end(&c);
	sealed_free(&s);
}

/*
 * Where whoever has too much need not be killed for it: in the first version of
 * cgroups.
 */
struct group {
	char root[32];
	char dir[48];
};

static bool group_write(const struct group *g, const char *name,
			const char *value)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/%s", g->dir, name);
	return write_text(path, value);
}

static long group_read(const struct group *g, const char *name)
{
	char path[96], text[32];

	snprintf(path, sizeof(path), "%s/%s", g->dir, name);
	NEED(read_line(path, text, sizeof(text)));
	return atol(text);
}

/* In a mount namespace of the case's own, which takes the mount along. */
static void group_make(struct group *g)
{
	strcpy(g->root, "/tmp/overlay-group-XXXXXX");
	NEED(mkdtemp(g->root));
	NEED(!unshare(CLONE_NEWNS));
	NEED(!mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	if (mount("none", g->root, "cgroup", 0, "memory")) {
		rmdir(g->root);
		skip("no memory controller of the first version: %s",
		     strerror(errno));
	}
	snprintf(g->dir, sizeof(g->dir), "%s/pins", g->root);
	NEED(!mkdir(g->dir, 0755));
	NEED(group_write(g, "memory.oom_control", "1"));
}

static void group_free(struct group *g)
{
	NEED(!rmdir(g->dir));
	NEED(!umount2(g->root, MNT_DETACH));
	rmdir(g->root);
}

CASE(pin_limit_group, "the limit of the target's memory cgroup holds")
{
	uint64_t addr = 0;
	struct captive c;
	struct notice n;
	struct sealed s;
	struct group g;
	char pid[16];

	need_redirect();
	need_root();
	sealed_pages(&s, 1);
	captive_new(&c);
	/* It is to need nothing but the mapping: nor a page of a pipe. */
	captive_trap(&c, MAIN, &n);
	group_make(&g);
	snprintf(pid, sizeof(pid), "%d", c.k.pid);
	NEED(group_write(&g, "cgroup.procs", pid));
	NEED(group_write(&g, "memory.limit_in_bytes", "0"));
	CHECK_EQ(pin_install(c.listener, n.id, s.fd, &addr, PAGE, 0), -ENOMEM);
	CONTROL(group_read(&g, "memory.failcnt") > 0);
	CHECK_EQ(mappings_of(c.k.pid, s.fd), 0);
	CHECK_EQ(id_valid(c.listener, n.id), 0);
	NEED(group_write(&g, "memory.limit_in_bytes", "-1"));
	CONTROL_EQ(pin_install(c.listener, n.id, s.fd, &addr, PAGE, 0), 0);
	captive_release(&c, MAIN, &n);
	captive_end(&c);
	group_free(&g);
	sealed_free(&s);
}

/* Kinds of targets */

static void read_is_exec(void)
{
	NEED(personality(personality(0xffffffff) | READ_IMPLIES_EXEC) >= 0);
}

static long do_map_readable(long unused, long unused2)
{
	(void)unused;
	(void)unused2;
	return raw(SYS_mmap, 0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
		   -1, 0);
}

static long do_personality(long unused, long unused2)
{
	(void)unused;
	(void)unused2;
	return raw(SYS_personality, 0xffffffff);
}

CASE(pin_read_implies_exec, "a pin is not executable, whatever the personality")
{
	const struct captive_plan plan = { .before = read_is_exec };
	struct mapping m;
	struct captive c;
	struct sealed s;
	uint64_t addr;
	long was, own;

	need_redirect();
	sealed_pages(&s, 1);
	captive_start(&c, &plan);
	was = run(&c.task[MAIN], do_personality, 0, 0);
	CONTROL(was & READ_IMPLIES_EXEC);
	own = MUST(run(&c.task[MAIN], do_map_readable, 0, 0));
	CONTROL(mapping_at(c.k.pid, own, &m));
	CONTROL_EQ(m.perms[2], 'x');
	addr = captive_pin_all(&c, &s);
	CHECK(mapping_at(c.k.pid, addr, &m));
	CHECK(!strcmp(m.perms, "r--s"));
	CHECK_EQ(run(&c.task[MAIN], do_personality, 0, 0), was);
	captive_end(&c);
	sealed_free(&s);
}

/* 32-bit calls */

static long *low;

static void make_low(void)
{
	low = low_page();
}

static const struct captive_plan plan_ia32 = {
	.nr_ia32 = IA32_getppid, .before = make_low,
};

static long do_call_ia32(long nr, long unused)
{
	(void)unused;
	return raw32(nr);
}

static long pin_by_ia32(struct captive *c, struct sealed *s, uint64_t *addr)
{
	struct notice n;
	long r;

	run_start(&c->task[MAIN], do_call_ia32, IA32_getppid, 0);
	CHECK(notice_waits(c->listener, ASKED_MS));
	notice_recv(c->listener, &n);
	CHECK_EQ(n.nr, IA32_getppid);
	r = pin_install(c->listener, n.id, s->fd, addr, s->size, 0);
	CHECK_EQ(captive_release(c, MAIN, &n), getpid());
	return r;
}

CASE(pin_ia32, "a pin for a 32-bit call is where its pointers reach")
{
	uint64_t addr = 0, again = 0, wide = 0;
	struct sealed s, other;
	struct captive c;

	need_redirect();
	need_ia32();
	sealed_pages(&s, 2);
	sealed_pages(&other, 2);
	captive_start(&c, &plan_ia32);
	CHECK_EQ(pin_by_ia32(&c, &s, &addr), 0);
	CHECK(addr && addr + s.size <= 1UL << 32);
	CHECK_EQ(run(&c.task[MAIN], do_count_pages, addr, 2), 2);
	CHECK_EQ(run(&c.task[MAIN], do_unmap, addr, PAGE), -EPERM);
	CHECK_EQ(pin_by_ia32(&c, &s, &again), 0);
	CHECK_EQ(again, addr);
	CHECK_EQ(captive_pin(&c, &other, &wide, other.size, 0), 0);
	CONTROL(wide > 1UL << 32);
	captive_end(&c);
	sealed_free(&other);
	sealed_free(&s);
}

/* The attacks that the 32-bit table has an entry of its own for. */

static long unmap_ia32(long a)
{
	return raw32(IA32_munmap, a, PAGE);
}

static long protect_ia32(long a)
{
	return raw32(IA32_mprotect, a, PAGE, PROT_NONE);
}

static long move_ia32(long a)
{
	return raw32(IA32_mremap, a, PAGE, PAGE,
		     MREMAP_MAYMOVE | MREMAP_FIXED, LOW_PLACE + 64 * PAGE);
}

static long map_ia32(long a)
{
	const uint32_t args[] = {
		a, PAGE, PROT_READ,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0,
	};

	memcpy(low, args, sizeof(args));
	return raw32(IA32_old_mmap, low);
}

static long (*const attacks[])(long a) = {
	unmap_ia32, protect_ia32, move_ia32, map_ia32,
};

static long do_attack(long i, long a)
{
	return attacks[i](a);
}

CASE(pin_attack_ia32, "32-bit calls cannot harm a pin either")
{
	const long ordinary = LOW_PLACE + 16 * PAGE;
	uint64_t addr = LOW_PLACE;
	struct captive c;
	struct sealed s;
	unsigned int i;

	need_redirect();
	need_ia32();
	sealed_pages(&s, 1);
	captive_start(&c, &plan_ia32);
	CHECK_EQ(captive_pin(&c, &s, &addr, PAGE, 0), 0);
	for (i = 0; i < ARRAY_SIZE(attacks); i++) {
		run(&c.task[MAIN], do_unmap, ordinary, PAGE);
		MUST(run(&c.task[MAIN], do_map_zeroes, ordinary, PAGE));
		CONTROL_EQ(run(&c.task[MAIN], do_poke, ordinary, FAKED), 0);
		CONTROL(run(&c.task[MAIN], do_attack, i, ordinary) >= 0);
		CONTROL(run(&c.task[MAIN], do_peek, ordinary, 0) != FAKED);
		CHECK_EQ(run(&c.task[MAIN], do_attack, i, LOW_PLACE), -EPERM);
		CHECK_EQ(run(&c.task[MAIN], do_count_pages, LOW_PLACE, 1), 1);
	}
	captive_end(&c);
	sealed_free(&s);
}

/* Rights */

static void lower_admin(void)
{
	lower_effective(CAP_SYS_ADMIN);
}

static long do_raise(long unused, long unused2)
{
	(void)unused;
	(void)unused2;
	all_permitted_effective();
	return 0;
}

struct clone_plan {
	int pidfd;
	bool nnp;
};

/* Gets the filter of another with no need for no_new_privs. */
static void cloner(struct kid *k)
{
	const struct clone_plan *p = k->arg;

	if (p->nnp)
		no_new_privs();
	MUST(raw(SYS_seccomp, SECCOMP_CLONE_FILTER, 0, &p->pidfd));
	say(k, raw(SYS_getppid));
}

/* What PIN_INSTALL says; OPENER and target have that right and setting. */
static long pin_cloner(bool admin, bool nnp)
{
	const struct captive_plan plan = { .before = admin ? NULL :
							     lower_admin };
	struct clone_plan p = { .nnp = nnp };
	struct captive c;
	struct notice n;
	struct sealed s;
	uint64_t addr = 0;
	struct kid k;
	long r;

	sealed_pages(&s, 1);
	captive_start(&c, &plan);
	run(&c.task[MAIN], do_raise, 0, 0);
	p.pidfd = c.k.pidfd;
	kid_start(&k, cloner, &p);
	CHECK(notice_waits(c.listener, ASKED_MS));
	notice_recv(c.listener, &n);
	CHECK_EQ(n.pid, k.pid);
	r = pin_install(c.listener, n.id, s.fd, &addr, PAGE, 0);
	CHECK_EQ(notice_continue(c.listener, &n), 0);
	CHECK_EQ(heard(&k), getpid());
	CHECK_EQ(ending(kid_wait(&k)), 0);
	captive_end(&c);
	sealed_free(&s);
	return r;
}

CASE(pin_privileged_target, "who may gain privileges is pinned by root's only")
{
	need_redirect();
	need_root();
	if (!(overlay_features() & SECCOMP_OVERLAY_CLONE))
		skip("filters cannot be cloned here");
	CHECK_EQ(pin_cloner(false, false), -EPERM);
	CHECK_EQ(pin_cloner(true, false), 0);
	CONTROL_EQ(pin_cloner(false, true), 0);
}

/* A program that others may not look at, and the namespace it was begun in. */

static long do_hide(long unused, long unused2)
{
	(void)unused;
	(void)unused2;
	return raw(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static void enter_userns(void)
{
	if (unshare(CLONE_NEWUSER))
		skip("no user namespaces here: %s", strerror(errno));
}

/* What both ioctls say of a call. */
static long act_on(struct captive *c)
{
	struct seccomp_notif_resp_redirect r = {
		.flags = SECCOMP_REDIRECT_FLAG_CONTINUE,
		.args_mask = 1,
	};
	struct notice n;
	struct sealed s;
	uint64_t addr = 0;
	long ret, redirected;

	sealed_pages(&s, 1);
	captive_trap(c, MAIN, &n);
	r.id = n.id;
	ret = pin_install(c->listener, n.id, s.fd, &addr, PAGE, 0);
	redirected = send_redirect(c->listener, &r);
	CHECK_EQ(redirected, ret);
	CHECK_EQ(id_valid(c->listener, n.id), redirected ? 0 : -ENOENT);
	if (redirected)
		CHECK(captive_release(c, MAIN, &n) >= 0);
	else
		CHECK(heard(&c->task[MAIN]) >= 0);
	sealed_free(&s);
	return ret;
}

CASE(pin_hidden_target, "what came hidden from outside stays so for those inside")
{
	const struct captive_plan inside = { .before = enter_userns };
	struct captive c;

	need_redirect();
	need_root();
	/* Its memory is the outer namespace's, and its listener the inner's. */
	captive_start(&c, &inside);
	CONTROL_EQ(act_on(&c), 0);
	CHECK_EQ(run(&c.task[MAIN], do_hide, 0, 0), 0);
	CHECK_EQ(act_on(&c), -EPERM);
	captive_end(&c);

	/* Both are the outer's. */
	captive_new(&c);
	CHECK_EQ(run(&c.task[MAIN], do_hide, 0, 0), 0);
	CHECK_EQ(act_on(&c), 0);
	captive_end(&c);
}

CASE(pin_new_privs, "root's listener may pin a target without no_new_privs")
{
	const struct captive_plan plan = { .new_privs = true };
	struct captive c;
	struct sealed s;
	uint64_t addr;

	need_redirect();
	need_root();
	sealed_pages(&s, 1);
	captive_start(&c, &plan);
	CONTROL_EQ(proc_status(c.k.pid, "NoNewPrivs"), 0);
	addr = captive_pin_all(&c, &s);
	CHECK_EQ(run(&c.task[MAIN], do_count_pages, addr, 1), 1);
	captive_end(&c);
	sealed_free(&s);
}

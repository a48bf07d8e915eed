// SPDX-License-Identifier: GPL-2.0-only
/*
 * Redirect under attack: while the supervisor rewrites what a call points at,
 * somebody else changes it. Three sides write: what the target means, what an
 * attacker wants, and what the supervisor answers; only the last may reach the
 * kernel. The control is CONTINUE, between whose check and use the attacker's
 * bytes come to stand.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "redirkit.h"

#ifndef SYS_openat2
#define SYS_openat2 437
#endif

enum side { NONE, GOOD, EVIL, OURS, SIDES };
enum mode { HOLD_GOOD, HOLD_EVIL, FLIP, STOP };

/* All that the calls point at. */
struct bytes {
	char path[64];
	struct open_how how;
	struct sockaddr_un addr;
	char argv0[16];
	char argv1[16];
	char env0[16];
	uint64_t argv[3];
	uint64_t envp[2];
};

/* Shared by the supervisor, the target, and the attacker. */
struct arena {
	struct bytes own;		/* what the target's call points at */
	struct bytes by[SIDES];
	atomic_int mode;
	atomic_int standing;		/* whose bytes are there */
	atomic_ulong laps;
	atomic_ulong tried;		/* attacks on the pin */
	atomic_ulong opened;		/* of them, with the memfd in hand */
	atomic_ulong hits;		/* that should have failed */
	uint64_t pin;
	pid_t target;
	char reopen[2][64];
	bool partial;			/* of argv[1] only */
	socklen_t addr_len;
	int report;
	int socket;
	long came[SIDES];		/* what reached the kernel */
};

static struct arena *arena;

/* Attackers */

static void put(enum side s)
{
	if (arena->partial) {
		memcpy(arena->own.argv1, arena->by[s].argv1, 16);
		*(volatile uint64_t *)&arena->own.argv[1] =
			arena->by[s].argv[1];
	} else {
		memcpy(&arena->own, &arena->by[s], sizeof(arena->own));
	}
	atomic_store(&arena->standing, s);
}

static void hit(bool yes)
{
	atomic_fetch_add(&arena->tried, 1);
	if (yes)
		atomic_fetch_add(&arena->hits, 1);
}

static void write_from_afar(void)
{
	struct iovec from = { &arena->by[EVIL], 64 };
	struct iovec to = { (void *)arena->pin, 64 };

	hit(raw(SYS_process_vm_writev, arena->target, &from, 1, &to, 1) > 0);
}

static void replace_pin(void)
{
	const long at = arena->pin;

	hit(!raw(SYS_mprotect, at, PAGE, PROT_READ | PROT_WRITE));
	hit(!raw(SYS_munmap, at, PAGE));
	hit(raw(SYS_mmap, at, PAGE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at);
	hit(raw(SYS_mremap, at, PAGE, 2 * PAGE, MREMAP_MAYMOVE) > 0);
	hit(!raw(SYS_madvise, at, PAGE, MADV_REMOVE));
	write_from_afar();
}

static void write_file(long fd)
{
	long at = raw(SYS_mmap, 0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		      0);

	atomic_fetch_add(&arena->opened, 1);
	hit(at > 0);
	hit(raw(SYS_pwrite64, fd, &arena->by[EVIL], 64, 0) > 0);
	hit(!raw(SYS_ftruncate, fd, 0));
	hit(!raw(SYS_fallocate, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		 0, PAGE));
	raw(SYS_close, fd);
}

static void reopen_pin(void)
{
	long fd;
	int i;

	for (i = 0; i < 2; i++) {
		fd = raw(SYS_open, arena->reopen[i], O_RDWR);
		if (fd >= 0)
			write_file(fd);
	}
}

static void rest(void)
{
	const struct timespec t = { .tv_nsec = 1000 };

	raw(SYS_nanosleep, &t, 0);
}

/* Now and then it rests, for the sake of machines with few processors. */
#define BURST 32

static void flip(void (*attack)(void))
{
	unsigned long lap = atomic_fetch_add(&arena->laps, 1);
	int i;

	for (i = 0; i < BURST; i++) {
		put(EVIL);
		put(GOOD);
	}
	if (lap & 1)
		put(EVIL);
	if (!(lap & 15) && arena->pin)
		attack();
	rest();
}

static void race(void (*attack)(void))
{
	int mode;

	while ((mode = atomic_load(&arena->mode)) != STOP) {
		if (mode == FLIP) {
			flip(attack);
			continue;
		}
		put(mode == HOLD_GOOD ? GOOD : EVIL);
		rest();
	}
}

static void sibling_thread(struct kid *k)
{
	(void)k;
	race(replace_pin);
}

static void reopening_thread(struct kid *k)
{
	(void)k;
	race(reopen_pin);
}

static int peer_main(void *unused)
{
	(void)unused;
	race(replace_pin);
	raw(SYS_exit_group, 0);
	return 0;
}

static void alias_kid(struct kid *k)
{
	(void)k;
	race(write_from_afar);
}

enum attacker { BY_THREAD, BY_PEER, BY_ALIAS, BY_REOPEN };

/* In the target; it shares neither TLS nor errno with what comes of it. */
static void start_attacker(enum attacker who, struct thr *t)
{
	static char stack[65536] __attribute__((aligned(16)));

	if (who == BY_PEER)
		NEED(clone(peer_main, stack + sizeof(stack),
			   CLONE_VM | SIGCHLD, NULL) > 0);
	else if (who != BY_ALIAS)
		thr_start(t, who == BY_REOPEN ? reopening_thread :
						sibling_thread, NULL);
}

/* Calls, as the target makes them: whose bytes did the kernel use? */

static enum side side_of_file(long fd)
{
	char c = 0;

	if (fd < 0)
		return NONE;
	raw(SYS_pread64, fd, &c, 1, 0);
	return c > '0' && c < '0' + SIDES ? c - '0' : NONE;
}

static enum side make_openat(void)
{
	long fd = raw(SYS_openat, AT_FDCWD, arena->own.path, O_RDONLY);
	enum side s = side_of_file(fd);

	raw(SYS_close, fd);
	return s;
}

static enum side make_openat2(void)
{
	long fd = raw(SYS_openat2, AT_FDCWD, arena->own.path, &arena->own.how,
		      sizeof(arena->own.how));
	const long mask = O_ACCMODE | O_APPEND | O_NONBLOCK;
	long flags = raw(SYS_fcntl, fd, F_GETFL);
	enum side s = side_of_file(fd);

	raw(SYS_close, fd);
	return (flags & mask) == (long)arena->by[s].how.flags ? s : NONE;
}

static enum side make_connect(void)
{
	struct sockaddr_un is = { .sun_family = 0 };
	socklen_t len = sizeof(is);
	char c;

	if (raw(SYS_connect, arena->socket, &arena->own.addr, arena->addr_len))
		return NONE;
	raw(SYS_getpeername, arena->socket, &is, &len);
	c = is.sun_path[1];
	return c > '0' && c < '0' + SIDES ? c - '0' : NONE;
}

/*
 * The new program ends with its side's number; all that it got must be of that
 * side.
 */
static bool all_of(enum side s, const struct report *r)
{
	const struct bytes *b = &arena->by[s];
	char want[256];
	int len;

	len = snprintf(want, sizeof(want), "%s%c%s%c%s%c%s", b->argv0, 0,
		       b->argv1, 0, b->env0, 0, b->path);
	return r->len > (size_t)len && !memcmp(r->strings, want, len + 1);
}

static enum side side_of_program(int status)
{
	struct report r;

	if (!WIFEXITED(status) || WEXITSTATUS(status) >= SIDES)
		return NONE;
	report_read(arena->report, &r);
	if (memmem(r.strings, r.len, "evil", 4))
		return EVIL;
	return all_of(WEXITSTATUS(status), &r) ? WEXITSTATUS(status) : NONE;
}

static enum side make_execve(void)
{
	int status = 0;
	long pid = vfork();

	if (!pid) {
		raw(SYS_execve, arena->own.path, arena->own.argv,
		    arena->own.envp);
		raw(SYS_exit, 99);
	}
	raw(SYS_wait4, pid, &status, __WALL, 0);
	return side_of_program(status);
}

/* The supervisor's answers; its bytes lie at the start of the pin. */

#define AT(member) offsetof(struct bytes, member)
#define POINT(r, m, i, member)						\
	mem_point(r, m, i, AT(member), sizeof(((struct bytes *)0)->member))

static void answer_openat(redirection *r, const struct mem *m)
{
	POINT(r, m, 1, path);
	r->args_mask |= 4;
	r->args[2] = O_RDONLY;
}

static void answer_openat2(redirection *r, const struct mem *m)
{
	POINT(r, m, 1, path);
	POINT(r, m, 2, how);
	r->args_mask |= 8;
	r->args[3] = sizeof(struct open_how);
}

static void answer_connect(redirection *r, const struct mem *m)
{
	POINT(r, m, 1, addr);
	r->args_mask |= 4;
	r->args[2] = arena->addr_len;
}

static void answer_execve(redirection *r, const struct mem *m)
{
	struct bytes *b = (struct bytes *)m->map;

	b->argv[0] = m->at + AT(argv0);
	b->argv[1] = m->at + AT(argv1);
	b->envp[0] = m->at + AT(env0);
	POINT(r, m, 0, path);
	POINT(r, m, 1, argv);
	POINT(r, m, 2, envp);
}

static const struct call {
	long nr;
	enum side (*make)(void);
	void (*answer)(redirection *r, const struct mem *m);
} openat_call = { SYS_openat, make_openat, answer_openat },
  openat2_call = { SYS_openat2, make_openat2, answer_openat2 },
  connect_call = { SYS_connect, make_connect, answer_connect },
  execve_call = { SYS_execve, make_execve, answer_execve };

/* The target */

struct raced {
	const struct call *call;
	enum attacker who;
};

static void target(struct kid *k)
{
	const struct raced *p = k->arg;
	long fd, i, calls;
	struct thr t;

	no_new_privs();
	arena->target = k->pid;
	fd = filter(NESTABLE, p->call->nr, ASK);
	listener_hand(k, fd);
	start_attacker(p->who, &t);
	while (hear(k, &calls) && calls) {
		for (i = 0; i < calls; i++)
			arena->came[p->call->make()]++;
		say(k, 0);
	}
	if (p->who == BY_PEER)
		raw(SYS_wait4, -1, NULL, __WALL, NULL);
}

/* What each side has */

static void fill_addr(struct sockaddr_un *a, int side)
{
	int s = socket(AF_UNIX, SOCK_DGRAM, 0);

	a->sun_family = AF_UNIX;
	snprintf(a->sun_path + 1, 32, "%d-redirect-%d", side, getpid());
	arena->addr_len = offsetof(struct sockaddr_un, sun_path) + 1 +
			  strlen(a->sun_path + 1);
	NEED(s >= 0 && !bind(s, (struct sockaddr *)a, arena->addr_len));
}

/* A file whose content tells its side, and a program whose end does. */
static int make_file(const struct call *c, int side)
{
	char digit = '0' + side;
	int fd;

	if (c == &execve_call)
		return image_make(side);
	fd = memfd_create("side", 0);
	NEED(fd >= 0 && write(fd, &digit, 1) == 1);
	return fd;
}

static void fill_side(const struct call *c, enum side s)
{
	static const char *const name[] = { "", "good", "evil", "ours" };
	static const int flags[] = { 0, O_NONBLOCK, O_RDWR, O_APPEND };
	struct bytes *b = &arena->by[s];

	snprintf(b->path, sizeof(b->path), "/proc/self/fd/%d", make_file(c, s));
	b->how.flags = flags[s];
	fill_addr(&b->addr, s);
	snprintf(b->argv0, sizeof(b->argv0), "%s-0", name[s]);
	snprintf(b->argv1, sizeof(b->argv1), "%s-1", name[s]);
	snprintf(b->env0, sizeof(b->env0), "E=%s", name[s]);
	b->argv[0] = (uintptr_t)b->argv0;
	b->argv[1] = (uintptr_t)b->argv1;
	b->envp[0] = (uintptr_t)b->env0;
}

static void fill_arena(const struct call *c)
{
	int s;

	arena = mmap(NULL, sizeof(*arena), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	NEED(arena != MAP_FAILED);
	for (s = GOOD; s < SIDES; s++)
		fill_side(c, s);
	arena->report = report_open();
	arena->socket = socket(AF_UNIX, SOCK_DGRAM, 0);
	put(GOOD);
}

/* The supervisor */

static void until_standing(enum side s)
{
	int n = 0;

	while (atomic_load(&arena->standing) != (int)s) {
		NEED(n++ < 5000);
		pause_ms(1);
	}
}

/* It checks, the attacker writes, the kernel reads. */
static void control(struct kid *k)
{
	struct notice n;

	atomic_store(&arena->mode, HOLD_GOOD);
	say(k, 1);
	notice_recv(k->listener, &n);
	until_standing(GOOD);
	CONTROL(!memcmp(&arena->own, &arena->by[GOOD], sizeof(arena->own)));
	atomic_store(&arena->mode, HOLD_EVIL);
	until_standing(EVIL);
	CHECK_EQ(notice_continue(k->listener, &n), 0);
	CONTROL_EQ(heard(k), 0);
	CONTROL_EQ(arena->came[EVIL], 1);
	memset(arena->came, 0, sizeof(arena->came));
}

static void pins(struct kid *k, struct mem *m, const struct notice *n)
{
	mem_pin(k->listener, n, m);
	snprintf(arena->reopen[0], 64, "/proc/%d/map_files/%lx-%lx", k->pid,
		 (long)m->at, (long)(m->at + m->s.size));
	snprintf(arena->reopen[1], 64, "/proc/%d/fd/%d", getpid(), m->s.fd);
	arena->pin = m->at;
}

/* N raced calls; how often were the attacker's bytes there when it answered? */
static unsigned int supervise(struct kid *k, const struct call *c,
			      struct mem *m, unsigned int n)
{
	unsigned int i, evil = 0;
	redirection r;
	struct notice q;

	for (i = 0; i < n; i++) {
		notice_recv(k->listener, &q);
		if (!m->at)
			pins(k, m, &q);
		memcpy(m->map, &arena->by[OURS], sizeof(struct bytes));
		r = redirect_of(&q);
		c->answer(&r, m);
		evil += atomic_load(&arena->standing) == EVIL;
		CHECK_EQ(send_redirect(k->listener, &r), 0);
	}
	return evil;
}

static void attacks_end(enum attacker who)
{
	CONTROL(atomic_load(&arena->laps) > 0);
	CONTROL(atomic_load(&arena->tried) > 0);
	if (who == BY_REOPEN)
		CONTROL(atomic_load(&arena->opened) > 0);
	CHECK_EQ(atomic_load(&arena->hits), 0);
}

static void raced(const struct call *c, enum attacker who, bool partial)
{
	const struct raced p = { c, who };
	unsigned int n = scaled(10000), evil;
	struct kid k, alias;
	struct mem m;

	need_redirect();
	fill_arena(c);
	arena->partial = partial;
	kid_start(&k, target, &p);
	listener_take(&k);
	if (who == BY_ALIAS)
		kid_start(&alias, alias_kid, NULL);
	mem_make(&m, 1);
	control(&k);
	atomic_store(&arena->mode, FLIP);
	say(&k, n);
	evil = supervise(&k, c, &m, n);
	CHECK_EQ(heard(&k), 0);
	atomic_store(&arena->mode, STOP);
	diag("%u of %u answers met the attacker's bytes", evil, n);
	CONTROL(evil > 0);
	CHECK_EQ(arena->came[OURS], n);
	attacks_end(who);
	say(&k, 0);
	CHECK_EQ(ending(kid_wait(&k)), 0);
	if (who == BY_ALIAS)
		kid_wait(&alias);
}

#define RACE(fn, text, call, who)					\
	CASE_SLOW(redirect_race_##fn, text, 20)				\
	{								\
		raced(&call, who, false);				\
	}

RACE(openat, "openat, against a thread", openat_call, BY_THREAD)
RACE(openat_peer, "openat, against a CLONE_VM peer", openat_call, BY_PEER)
RACE(openat_alias, "openat, against a mapping elsewhere", openat_call, BY_ALIAS)
RACE(openat_reopen, "openat, reopening the memfd", openat_call, BY_REOPEN)
RACE(openat2, "openat2, against a thread", openat2_call, BY_THREAD)
RACE(openat2_peer, "openat2, against a CLONE_VM peer", openat2_call, BY_PEER)
RACE(openat2_alias, "openat2, against a mapping elsewhere", openat2_call,
     BY_ALIAS)
RACE(openat2_reopen, "openat2, reopening the memfd", openat2_call, BY_REOPEN)
RACE(connect, "connect, against a thread", connect_call, BY_THREAD)
RACE(connect_peer, "connect, against a CLONE_VM peer", connect_call, BY_PEER)
RACE(connect_alias, "connect, against a mapping elsewhere", connect_call,
     BY_ALIAS)
RACE(connect_reopen, "connect, reopening the memfd", connect_call, BY_REOPEN)
RACE(execve, "execve, against a thread", execve_call, BY_THREAD)
RACE(execve_peer, "execve, against a CLONE_VM peer", execve_call, BY_PEER)
RACE(execve_alias, "execve, against a mapping elsewhere", execve_call, BY_ALIAS)
RACE(execve_reopen, "execve, reopening the memfd", execve_call, BY_REOPEN)

CASE_SLOW(redirect_race_argv, "execve, against one who swaps argv[1] only", 20)
{
	raced(&execve_call, BY_THREAD, true);
}

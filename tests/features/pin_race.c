// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pins that others of the address space do not want, and many of them: races,
 * counts, and that nothing is left.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pinkit.h"
#include "stormkit.h"

#define SPARE (HIGH_PLACE + 0x2000000)

/* Seen by the case and by its captives. */
static struct {
	atomic_bool stop;
	atomic_long where;	/* that is attacked */
	atomic_long done;	/* pins that are made */
	atomic_uint between;	/* children forked after some, before others */
	atomic_uint during;	/* and while one was made */
} *shared;

static void share(void)
{
	need_redirect();
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	NEED(shared != MAP_FAILED);
}

/*
 * For a while that is never the same. Who wakes up gets the CPU, so that even
 * on one it happens in the middle of what others do.
 */
static void nap(unsigned int us)
{
	usleep(any_number(us));
}

static long place(long i)
{
	return HIGH_PLACE + 2 * i * PAGE;
}

/* Whoever is first at a free place may have it: these do no more than that. */
static bool attack(long at, unsigned int turn)
{
	switch (turn % 4) {
	case 0:
		return !raw(SYS_munmap, at, PAGE);
	case 1:
		return !raw(SYS_mprotect, at, PAGE, PROT_NONE);
	case 2:
		return raw(SYS_mremap, at, PAGE, PAGE,
			   MREMAP_MAYMOVE | MREMAP_FIXED, SPARE) == SPARE;
	default:
		return raw(SYS_mmap, at, PAGE, PROT_READ,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
		       at;
	}
}

/* How often something worked. */
static long do_hammer(long unused, long unused2)
{
	unsigned int turn = 0;
	long hits = 0;

	(void)unused;
	(void)unused2;
	while (!atomic_load(&shared->stop))
		hits += attack(atomic_load(&shared->where), turn++);
	return hits;
}

static void stop(void)
{
	atomic_store(&shared->stop, true);
}

/* A mapping for writing that has passed the seals before they were there */

struct writing {
	atomic_bool sealed;
	atomic_long made;
};

/* How it came out, in rounds. */
struct written {
	unsigned int pinned;
	unsigned int refused;
	unsigned int wrote;	/* by a mapping that outlived the seal */
};

/* Ends with 1 if it can still write once the memfd is sealed. */
static int go_on_writing(struct writing *w, int fd)
{
	uint64_t *at;

	for (;;) {
		at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (at == MAP_FAILED)
			return 0;
		atomic_fetch_add(&w->made, 1);
		*at = 1;
		if (atomic_load(&w->sealed))
			return 1;
		munmap(at, PAGE);
	}
}

static void seal_under_a_writer(struct writing *w, struct written *sum)
{
	struct sealed s;
	struct captive c;
	uint64_t addr = 0;
	int status;
	pid_t pid;
	long r;

	captive_new(&c);
	sealed_new(&s, PAGE, 0);
	atomic_store(&w->sealed, false);
	atomic_store(&w->made, 0);
	pid = MUST(fork());
	if (!pid)
		_exit(go_on_writing(w, s.fd));
	while (atomic_load(&w->made) < 20)
		sched_yield();
	MUST(fcntl(s.fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
	/* Or it would hardly ever be gone in time on one CPU. */
	if (any_number(2))
		nap(1000);
	r = captive_pin(&c, &s, &addr, PAGE, 0);
	atomic_store(&w->sealed, true);
	NEED(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	CHECK(!r || r == -EINVAL || r == -EAGAIN);
	CHECK(r || !WEXITSTATUS(status));
	sum->pinned += !r;
	sum->refused += !!r;
	sum->wrote += WEXITSTATUS(status);
	captive_end(&c);
	sealed_free(&s);
}

CASE_SLOW(pin_race_writer, "nobody writes a pin by a mapping made meanwhile", 4)
{
	struct written sum = { };
	unsigned int n = scaled(300), i;
	struct writing *w;

	need_redirect();
	w = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	NEED(w != MAP_FAILED);
	for (i = 0; race_goes_on(i, n, sum.pinned && sum.refused); i++)
		seal_under_a_writer(w, &sum);
	diag("%u pinned, %u refused, %u mappings outlived the seal",
	     sum.pinned, sum.refused, sum.wrote);
	CONTROL(sum.pinned > 0);
	CONTROL(sum.refused > 0);
}

/* The gap between the making of a mapping and its sealing */

struct contested {
	unsigned int made;
	unsigned int refused;
};

static void one_contested(struct captive *c, struct sealed *s, long i,
			  struct contested *sum)
{
	uint64_t addr = place(i);
	struct mapping m;
	struct notice n;
	long r;

	captive_trap(c, MAIN, &n);
	atomic_store(&shared->where, addr);
	nap(200);
	r = pin_install(c->listener, n.id, s->fd, &addr, PAGE, 0);
	captive_release(c, MAIN, &n);
	CHECK(r == 0 || r == -EEXIST || r == -EAGAIN);
	sum->refused += r == -EEXIST;
	if (r)
		return;
	sum->made++;
	CHECK_EQ(addr, place(i));
	CHECK_EQ(run(&c->task[MAIN], do_unmap, addr, PAGE), -EPERM);
	CHECK_EQ(run(&c->task[MAIN], do_count_pages, addr, 1), 1);
	CHECK(mapping_at(c->k.pid, addr, &m));
	CHECK(!strcmp(m.perms, "r--s"));
}

static void contested_by(int which, int pins, struct contested *sum)
{
	struct captive c;
	struct sealed s;
	long i;

	sealed_pages(&s, 1);
	captive_new(&c);
	captive_add(&c, which);
	atomic_store(&shared->where, SPARE);
	atomic_store(&shared->stop, false);
	run_start(&c.task[which], do_hammer, 0, 0);
	for (i = 0; i < pins; i++)
		one_contested(&c, &s, i, sum);
	/* All that can be had, so that the last one cannot be in its way. */
	atomic_store(&shared->where, SPARE);
	pause_ms(5);
	stop();
	CONTROL(heard(&c.task[which]) > 0);
	captive_end(&c);
	sealed_free(&s);
}

CASE_SLOW(pin_race_gap, "a peer in the gap can only make a pin fail", 4)
{
	unsigned int n = scaled(500), i, now;
	struct contested sum = { };

	share();
	for (i = 0; race_goes_on(i, n, sum.made && sum.refused); i += now) {
		now = n < MAX_PINS ? n : MAX_PINS;
		contested_by(i / now & 1 ? THREAD : PEER, now, &sum);
	}
	diag("%u pins made, %u refused", sum.made, sum.refused);
	CONTROL(sum.made > 0);
	CONTROL(sum.refused > 0);
}

CASE(pin_race_attack, "a pin under attack from two sides always stands")
{
	unsigned int n = scaled(500), i;
	struct captive c;
	struct sealed s;
	uint64_t addr = HIGH_PLACE;
	long hits = 0;

	share();
	sealed_pages(&s, 1);
	captive_new(&c);
	CHECK_EQ(captive_pin(&c, &s, &addr, PAGE, 0), 0);
	captive_add(&c, THREAD);
	captive_add(&c, PEER);
	atomic_store(&shared->where, HIGH_PLACE);
	run_start(&c.task[THREAD], do_hammer, 0, 0);
	run_start(&c.task[PEER], do_hammer, 0, 0);
	for (i = 0; i < n; i++)
		CHECK_EQ(run(&c.task[MAIN], do_count_pages, addr, 1), 1);
	stop();
	CHECK_EQ(heard(&c.task[THREAD]), 0);
	CHECK_EQ(heard(&c.task[PEER]), 0);
	atomic_store(&shared->where, SPARE + 64 * PAGE);
	/* On a busy machine it may not come to run at once. */
	for (i = 0; !hits && i < 50; i++) {
		atomic_store(&shared->stop, false);
		run_start(&c.task[THREAD], do_hammer, 0, 0);
		pause_ms(20);
		stop();
		hits = heard(&c.task[THREAD]);
	}
	CONTROL(hits > 0);
	captive_end(&c);
	sealed_free(&s);
}

/* Forks */

/* In a child: pins that it lacks or can do away with. */
static int bad_pins(long made)
{
	int bad = 0;
	long i;

	for (i = 0; i < made; i++)
		bad += do_peek(place(i), 0) != (long)word_of(i * PAGE) ||
		       do_unmap(place(i), PAGE) != -EPERM;
	return bad;
}

/* For run(): of a task that is no child. */
static long do_bad_pins(long made, long unused)
{
	(void)unused;
	return bad_pins(made);
}

static void count_fork(long before, long after)
{
	if (before && before < MAX_PINS)
		atomic_fetch_add(&shared->between, 1);
	if (before != after)
		atomic_fetch_add(&shared->during, 1);
}

/* How many children had bad ones. */
static long do_fork_children(long unused, long unused2)
{
	long made, bad = 0, pid;
	int status;

	(void)unused;
	(void)unused2;
	while (!atomic_load(&shared->stop)) {
		made = atomic_load(&shared->done);
		pid = raw(SYS_fork);
		if (!pid)
			raw(SYS_exit_group, !!bad_pins(made));
		count_fork(made, atomic_load(&shared->done));
		status = -1;
		raw(SYS_wait4, pid, &status, 0, NULL);
		bad += status != 0;
	}
	return bad;
}

static void pin_under_forks(struct sealed *s)
{
	struct captive c;
	uint64_t addr;
	long i;

	captive_new(&c);
	captive_add(&c, THREAD);
	atomic_store(&shared->stop, false);
	atomic_store(&shared->done, 0);
	run_start(&c.task[THREAD], do_fork_children, 0, 0);
	for (i = 0; i < MAX_PINS; i++) {
		addr = place(i);
		CHECK_EQ(captive_pin(&c, s, &addr, PAGE, i * PAGE), 0);
		atomic_store(&shared->done, i + 1);
	}
	stop();
	CHECK_EQ(heard(&c.task[THREAD]), 0);
	/* And a child without one would have been noticed. */
	CONTROL_EQ(run(&c.task[MAIN], do_bad_pins, MAX_PINS + 1, 0), 1);
	captive_end(&c);
}

CASE_SLOW(pin_race_fork, "a child that is forked while pins are made has them",
	  4)
{
	struct sealed s;
	unsigned int i;

	share();
	sealed_pages(&s, MAX_PINS);
	for (i = 0; race_goes_on(i, 1, atomic_load(&shared->during)); i++)
		pin_under_forks(&s);
	diag("%u children between pins, %u during one",
	     atomic_load(&shared->between), atomic_load(&shared->during));
	CONTROL(atomic_load(&shared->between) > 0);
	CONTROL(atomic_load(&shared->during) > 0);
	sealed_free(&s);
}

/* Two supervisors */

struct racer {
	struct captive *c;
	struct sealed *s;
	struct notice n;
	uint64_t addr;
	long result;
	struct meeting *m;
	int side;
};

static long racer_pins(struct racer *r)
{
	r->result = pin_install(r->c->listener, r->n.id, r->s->fd, &r->addr,
				PAGE, 0);
	return r->result;
}

static void *racer_main(void *arg)
{
	struct racer *r = arg;

	meet(r->m, 2);
	nap(1000);
	DEED(r->m, r->side, racer_pins(r));
	return NULL;
}

/* True: the two were at it at once. */
static bool both_pin(struct meeting *m)
{
	struct captive c;
	struct sealed s;
	struct racer r[2];
	pthread_t t[2];
	int j;

	sealed_pages(&s, 1);
	captive_new(&c);
	meeting_clear(m);
	r[0] = (struct racer){ .c = &c, .s = &s, .m = m };
	captive_trap(&c, MAIN, &r[0].n);
	r[1] = r[0];
	r[1].side = 1;
	for (j = 0; j < 2; j++)
		NEED(!pthread_create(&t[j], NULL, racer_main, &r[j]));
	for (j = 0; j < 2; j++)
		NEED(!pthread_join(t[j], NULL));
	CHECK_EQ(r[0].result, 0);
	CHECK_EQ(r[1].result, 0);
	CHECK_EQ(r[0].addr, r[1].addr);
	CHECK_EQ(mappings_of(c.k.pid, s.fd), 1);
	captive_release(&c, MAIN, &r[0].n);
	captive_end(&c);
	sealed_free(&s);
	return together(m, 0, 1);
}

CASE_SLOW(pin_race_same, "two who ask for the same at once get the same", 2)
{
	unsigned int n = scaled(200), met = 0, i;
	struct meeting *m;

	need_redirect();
	m = meeting_new();
	for (i = 0; race_goes_on(i, n, met); i++)
		met += both_pin(m);
	diag("%u of %u at once", met, i);
	CONTROL(met > 0);
}

/* Ends */

static void *killer_main(void *arg)
{
	struct racer *r = arg;

	meet(r->m, 2);
	nap(1000);
	kill(r->c->k.pid, SIGKILL);
	return NULL;
}

/* The pin and the target's end, at once: what became of the pin. */
static long pin_and_kill(struct meeting *m)
{
	struct captive c;
	struct sealed s;
	struct racer r = { .c = &c, .s = &s, .m = m };
	pthread_t t;

	sealed_pages(&s, 1);
	captive_new(&c);
	meeting_clear(m);
	captive_trap(&c, MAIN, &r.n);
	NEED(!pthread_create(&t, NULL, killer_main, &r));
	racer_main(&r);
	NEED(!pthread_join(t, NULL));
	CHECK(r.result == 0 || r.result == -ESRCH || r.result == -ENOENT);
	CHECK_EQ(ending(kid_wait(&c.k)), SIGNALED(SIGKILL));
	captive_reap(&c);
	sealed_free(&s);
	return r.result;
}

CASE_SLOW(pin_race_kill, "targets that die while they are pinned leave nothing",
	  4)
{
	unsigned int n = scaled(300), pinned = 0, killed = 0, i;
	unsigned int meanwhile = 0;
	struct meeting *m;
	long refs, r;

	need_redirect();
	refs = module_refs();
	m = meeting_new();
	for (i = 0; race_goes_on(i, n, pinned && killed); i++) {
		r = pin_and_kill(m);
		pinned += !r;
		killed += !!r;
		meanwhile += r == -ESRCH;
	}
	diag("%u pinned, %u killed first, %u of them meanwhile", pinned, killed,
	     meanwhile);
	/* Each was first, and so they were about at once. */
	CONTROL(pinned > 0);
	CONTROL(killed > 0);
	CHECK(module_refs_fall_to(refs) <= refs);
}

/* The exec of the main thread ends the pinned one. */
static void pin_and_exec(void)
{
	const struct captive_plan plan = { .nr = SYS_arch_prctl };
	struct captive c;
	struct sealed s;
	struct racer r = { .c = &c, .s = &s };
	struct notice n;

	sealed_pages(&s, 1);
	captive_start(&c, &plan);
	captive_add(&c, THREAD);
	captive_trap(&c, THREAD, &r.n);
	run_start(&c.task[MAIN], do_exec, 0, 0);
	racer_pins(&r);
	CHECK(r.result == 0 || r.result == -ESRCH || r.result == -ENOENT);
	CHECK(notice_waits(c.listener, ASKED_MS));
	notice_recv(c.listener, &n);
	CONTROL_EQ(n.pid, c.k.pid);
	CHECK_EQ(mappings_of(c.k.pid, s.fd), 0);
	captive_finish_exec(&c, &n);
	sealed_free(&s);
}

CASE(pin_race_exec, "as do those whose address space another thread leaves")
{
	unsigned int n = scaled(100), i;
	long refs;

	need_redirect();
	refs = module_refs();
	for (i = 0; i < n; i++)
		pin_and_exec();
	CHECK(module_refs_fall_to(refs) <= refs);
}

/* Leaks */

CASE_SLOW(pin_forgotten, "who comes after a pinned one finds nothing pinned", 2)
{
	unsigned int n = scaled(200), i;
	struct captive c;
	struct sealed s;
	uint64_t addr;

	need_redirect();
	sealed_pages(&s, 1);
	for (i = 0; i < n; i++) {
		captive_new(&c);
		/* As the one before had it. */
		MUST(run(&c.task[MAIN], do_map_zeroes, HIGH_PLACE, PAGE));
		CHECK_EQ(run(&c.task[MAIN], do_unmap, HIGH_PLACE, PAGE), 0);
		addr = HIGH_PLACE;
		CHECK_EQ(captive_pin(&c, &s, &addr, PAGE, 0), 0);
		CONTROL_EQ(run(&c.task[MAIN], do_unmap, HIGH_PLACE, PAGE),
			   -EPERM);
		captive_end(&c);
	}
	sealed_free(&s);
}

static long shared_kb(void)
{
	return meminfo_kb("Shmem");
}

#define FILE_PAGES 256
#define FILE_KB (FILE_PAGES * PAGE / 1024)

/* Pins the whole of a file whose every page is there, and lets go of it. */
static void pin_and_end(bool fork)
{
	struct captive c;
	struct sealed s;
	uint64_t addr;

	sealed_pages(&s, FILE_PAGES);
	captive_new(&c);
	addr = captive_pin_all(&c, &s);
	sealed_free(&s);
	if (fork) {
		captive_add(&c, CHILD);
		captive_add(&c, PEER);
	}
	CHECK_EQ(run(&c.task[MAIN], do_peek, addr, 0), word_of(0));
	captive_end(&c);
}

static bool shared_falls_below(long kb)
{
	int i;

	for (i = 0; i < 100 && shared_kb() > kb; i++)
		pause_ms(20);
	return shared_kb() <= kb;
}

CASE_SLOW(pin_leaks, "files and the module are free once the pins are gone", 3)
{
	unsigned int n = scaled(200), i;
	long refs, before;
	struct captive c;
	struct sealed s;

	need_redirect();
	refs = module_refs();
	before = shared_kb();
	for (i = 0; i < n; i++)
		pin_and_end(i & 1);
	CHECK(shared_falls_below(before + 2 * FILE_KB));
	CHECK(module_refs_fall_to(refs) <= refs);
	/* They are held as long as there are pins. */
	sealed_pages(&s, 4 * FILE_PAGES);
	captive_new(&c);
	captive_pin_all(&c, &s);
	sealed_free(&s);
	CONTROL(shared_kb() > before + 2 * FILE_KB);
	CONTROL(module_refs() > refs);
	captive_end(&c);
	CHECK(shared_falls_below(before + 2 * FILE_KB));
	CHECK(module_refs_fall_to(refs) <= refs);
}

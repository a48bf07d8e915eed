// SPDX-License-Identifier: GPL-2.0-only
/*
 * Storms: TSYNC against clone, against installs of listeners, and against strict
 * mode; and evaluation while all of it begins. Whoever comes first, a task has
 * all filters that somebody was told it has, and each has its effect.
 *
 * That the module comes and goes meanwhile is tests/vm/guest/storm.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "nest.h"
#include "play.h"
#include "source.h"
#include "stormkit.h"

/* Marks of the filters. */
enum { BASE, THEIRS, OWN, MARKS };

static struct meeting *m;

static void start_thread(pthread_t *t, void *(*fn)(void *arg))
{
	NEED(!pthread_create(t, NULL, fn, NULL));
}

/* A clone, and a sibling's TSYNC: each is in the other's way */

enum { CLONED, SYNCED };

static struct kid sources[3];
static pid_t taker_tid;
static const int *taken_from;

static long install_theirs_listening(void)
{
	return deny_mark(NESTABLE, THEIRS);
}

static long install_theirs_sequential(void)
{
	return deny_mark(SEQUENTIAL, THEIRS);
}

static long install_theirs(void)
{
	return deny_mark(0, THEIRS);
}

static void *taker_main(void *arg)
{
	(void)arg;
	taker_tid = raw(SYS_gettid);
	meet(m, 2);
	DEED(m, CLONED, clone_filter(*taken_from));
	meet(m, 2);
	deed_seen(&m->deed[CLONED], MARKS);
	return NULL;
}

static void taking_kid(struct kid *k)
{
	pthread_t t;

	taken_from = k->arg;
	start_thread(&t, taker_main);
	meet(m, 2);
	DEED(m, SYNCED, deny_mark(TSYNC, OWN));
	meet(m, 2);
	deed_seen(&m->deed[SYNCED], MARKS);
	say(k, taker_tid);
	NEED(!pthread_join(t, NULL));
}

static unsigned int round_clone(struct storm *s, unsigned int i)
{
	const struct deed *clone = &m->deed[CLONED], *sync = &m->deed[SYNCED];
	bool cloned, synced;
	struct kid k;
	long tid;

	meeting_clear(m);
	kid_start(&k, taking_kid, &sources[i % 3].pidfd);
	tid = heard(&k);
	CHECK_EQ(ending(kid_wait(&k)), 0);
	kid_close(&k);
	cloned = !clone->result;
	synced = !sync->result;
	CHECK(cloned != synced);
	CHECK_EQ(clone->result, cloned ? 0 : -EINVAL);
	CHECK_EQ(sync->result, synced ? 0 : tid);
	CHECK_EQ(clone->filters, 2);
	CHECK_EQ(clone->denied, MARK(BASE) | MARK(cloned ? THEIRS : OWN));
	CHECK_EQ(sync->filters, 1 + synced);
	CHECK_EQ(sync->denied, MARK(BASE) | (synced ? MARK(OWN) : 0));
	s->together += together(m, CLONED, SYNCED);
	return cloned ? CLONED : SYNCED;
}

CASE_SLOW(storm_tsync_clone, "a clone or a sibling's TSYNC, never both", 30)
{
	const struct source listening = { .install = install_theirs_listening,
					  .listens = true };
	const struct source sequential = { .install =
					   install_theirs_sequential };
	const struct source plain = { .install = install_theirs };
	struct storm s = {
		.round = round_clone,
		.outcome = { [CLONED] = "cloned", [SYNCED] = "synced" },
		.must = MARK(CLONED) | MARK(SYNCED),
	};

	need_nested();
	need_sequential();
	m = meeting_new();
	no_new_privs();
	MUST(deny_mark(0, BASE));
	source_start(&sources[0], &listening);
	source_start(&sources[1], &sequential);
	source_start(&sources[2], &plain);
	storm(&s, scaled(500));
}

/* A source whose filters grow by TSYNC, as it is cloned */

#define GROWN 8

enum { WHOLE, PART, NOTHING };
enum { GROWS, CLONES };

/* All kinds of state come that way, to be taken along while they come. */
static const unsigned long growing[GROWN] = {
	NESTABLE | TSYNC | TSYNC_ESRCH, TSYNC, SEQUENTIAL | TSYNC,
	NESTABLE | TSYNC | TSYNC_ESRCH, TSYNC, SEQUENTIAL | TSYNC,
	NEW_LISTENER | TSYNC | TSYNC_ESRCH, TSYNC,
};

static long grow(void)
{
	int i;

	for (i = 0; i < GROWN; i++)
		if (deny_mark(growing[i], i) < 0)
			break;
	return i;
}

static void *grower_main(void *arg)
{
	(void)arg;
	meet(m, 2);
	DEED(m, GROWS, grow());
	return NULL;
}

static void growing_kid(struct kid *k)
{
	pthread_t t;
	long go;

	start_thread(&t, grower_main);
	NEED(!pthread_join(t, NULL));
	deed_seen(&m->deed[GROWS], GROWN);
	hear(k, &go);
}

/* It has the outer filters of the source, and the effect of each. */
static long clone_prefix(int fd)
{
	struct deed d = { .result = clone_filter(fd) };

	if (d.result)
		return d.result;
	deed_seen(&d, GROWN);
	CHECK_EQ(d.denied, MARK(d.filters) - 1);
	return d.filters;
}

static void growing_with_kid(struct kid *k)
{
	const int *fd = k->arg;
	long now, last = -EINVAL;
	bool part = false;

	meet(m, 2);
	while (last < GROWN) {
		DEED(m, CLONES, clone_prefix(*fd));
		now = m->deed[CLONES].result;
		CHECK(now >= last);
		CHECK(now > 0 || now == -EINVAL);
		last = now;
		part |= now > 0 && now < GROWN;
	}
	say(k, last);
	say(k, part);
}

static unsigned int round_source(struct storm *s, unsigned int i)
{
	struct kid source, k;
	bool part;

	(void)i;
	meeting_clear(m);
	kid_start(&source, growing_kid, NULL);
	kid_start(&k, growing_with_kid, &source.pidfd);
	CHECK_EQ(heard(&k), GROWN);
	part = heard(&k);
	CHECK_EQ(ending(kid_wait(&k)), 0);
	kid_close(&k);
	say(&source, 0);
	CHECK_EQ(ending(kid_wait(&source)), 0);
	kid_close(&source);
	CHECK_EQ(m->deed[GROWS].result, GROWN);
	CHECK_EQ(m->deed[GROWS].filters, GROWN);
	CHECK_EQ(m->deed[GROWS].denied, MARK(GROWN) - 1);
	s->together += part;
	return part ? PART : WHOLE;
}

CASE_SLOW(storm_tsync_source, "what is cloned as it grows is whole to a depth",
	  30)
{
	struct storm s = {
		.round = round_source,
		.outcome = { [WHOLE] = "cloned when all was there",
			     [PART] = "cloned in between, too" },
		.must = MARK(PART),
	};

	need_nested();
	need_sequential();
	m = meeting_new();
	no_new_privs();
	storm(&s, scaled(300));
}

/* TSYNC of a listener, and a sibling that installs one as well */

enum { SYNCS, INSTALLS, WATCHES };
enum { SYNC_FIRST, SYNC_REFUSED, OTHER_REFUSED, OTHER_KILLED };

/* Layers of a chain. */
enum { OUTER, SYNC_LAYER, OTHER_LAYER, LAYERS_PROBED };

/* Below the first of these others are allowed, below the second none. */
static const unsigned long syncs[] = { NESTABLE, NEW_LISTENER };
static const unsigned long others[] = {
	NESTABLE, NEW_LISTENER, SEQUENTIAL, 0, NESTABLE | SEQUENTIAL,
};

struct nesting {
	unsigned long sync;
	unsigned long other;
};

/* Of whom the verdict on the probe is this one, and the others' is to pass. */
static long probe_layer(int layer, uint32_t verdict)
{
	uint32_t v[LOW_LAYERS] = { PASS, PASS, PASS };

	v[layer] = verdict;
	return probe(v);
}

/*
 * Bit N: there is layer N, which can refuse, and whose supervisor, if it is to
 * be asked, is gone.
 */
static uint32_t layers(void)
{
	uint32_t there = 0;
	bool refuses;
	int i;

	for (i = 0; i < LAYERS_PROBED; i++) {
		refuses = probe_layer(i, REFUSE(DENIED)) == -DENIED;
		CHECK_EQ(probe_layer(i, ASK) == -ENOSYS, refuses);
		there |= refuses ? MARK(i) : 0;
	}
	return there;
}

static void layers_seen(struct deed *d)
{
	d->filters = proc_status(raw(SYS_gettid), "Seccomp_filters");
	d->denied = layers();
}

static long fds[3];
static const struct nesting *nesting;
static atomic_bool watching;

/* Act; then, when the listeners are closed, look. */
static void *sync_main(void *arg)
{
	(void)arg;
	meet(m, 3);
	DEED(m, SYNCS, layer_install(SYNC_LAYER,
				     nesting->sync | TSYNC | TSYNC_ESRCH));
	fds[1] = m->deed[SYNCS].result;
	meet(m, 3);
	meet(m, 3);
	layers_seen(&m->deed[SYNCS]);
	return NULL;
}

static void *other_main(void *arg)
{
	(void)arg;
	meet(m, 3);
	DEED(m, INSTALLS, layer_install(OTHER_LAYER, nesting->other));
	fds[2] = nesting->other & NEW_LISTENER ? m->deed[INSTALLS].result : -1;
	meet(m, 3);
	meet(m, 3);
	layers_seen(&m->deed[INSTALLS]);
	return NULL;
}

/* OUTER refuses all the time; what comes by TSYNC does for ever. */
static void *watch_main(void *arg)
{
	bool there = false, now;
	long calls;

	(void)arg;
	for (calls = 0; atomic_load(&watching); calls++) {
		CHECK_EQ(probe_layer(OUTER, REFUSE(DENIED)), -DENIED);
		now = probe_layer(SYNC_LAYER, REFUSE(DENIED)) == -DENIED;
		CHECK(now || !there);
		there = now;
		/* There may be fewer CPUs than threads. */
		raw(SYS_sched_yield);
	}
	layers_seen(&m->deed[WATCHES]);
	m->deed[WATCHES].result = calls;
	return NULL;
}

static void nesting_kid(struct kid *k)
{
	pthread_t t[3];
	int i;

	nesting = k->arg;
	fds[0] = MUST(layer_install(OUTER, NESTABLE));
	atomic_store(&watching, true);
	start_thread(&t[0], sync_main);
	start_thread(&t[1], other_main);
	start_thread(&t[2], watch_main);
	meet(m, 3);
	meet(m, 3);
	for (i = 0; i < 3; i++)
		if (fds[i] >= 0)
			raw(SYS_close, fds[i]);
	meet(m, 3);
	atomic_store(&watching, false);
	for (i = 0; i < 3; i++)
		NEED(!pthread_join(t[i], NULL));
}

static bool may_be_refused(const struct nesting *n)
{
	return n->sync == NEW_LISTENER && n->other & NEW_LISTENER;
}

static unsigned int seen_nested(const struct nesting *n)
{
	const struct deed *sync = &m->deed[SYNCS], *other = &m->deed[INSTALLS];
	bool synced = sync->result >= 0, made = other->result >= 0;

	CHECK(synced || sync->result == -ESRCH);
	CHECK(made || other->result == -EBUSY);
	CHECK(made || (synced && may_be_refused(n)));
	CHECK_EQ(sync->filters, 1 + synced);
	CHECK_EQ(sync->denied, MARK(OUTER) | (synced ? MARK(SYNC_LAYER) : 0));
	CHECK_EQ(other->filters, 1 + synced + made);
	CHECK_EQ(other->denied,
		 sync->denied | (made ? MARK(OTHER_LAYER) : 0));
	CHECK_EQ(m->deed[WATCHES].filters, sync->filters);
	CHECK_EQ(m->deed[WATCHES].denied, sync->denied);
	if (!made)
		return OTHER_REFUSED;
	return synced ? SYNC_FIRST : SYNC_REFUSED;
}

static unsigned int round_nested(struct storm *s, unsigned int i)
{
	const struct nesting n = { syncs[i % ARRAY_SIZE(syncs)],
				   others[i / 2 % ARRAY_SIZE(others)] };
	struct kid k;
	int end;

	meeting_clear(m);
	kid_start(&k, nesting_kid, &n);
	end = ending(kid_wait(&k));
	kid_close(&k);
	s->together += together(m, SYNCS, INSTALLS);
	/* It is too late to refuse it. */
	if (end && may_be_refused(&n)) {
		CHECK_EQ(end, SIGNALED(SIGKILL));
		return OTHER_KILLED;
	}
	CHECK_EQ(end, 0);
	return seen_nested(&n);
}

CASE_SLOW(storm_tsync_nested, "TSYNC of a listener against other installs", 30)
{
	struct storm s = {
		.round = round_nested,
		.outcome = { [SYNC_FIRST] = "TSYNC came first",
			     [SYNC_REFUSED] = "TSYNC was refused",
			     [OTHER_REFUSED] = "the other was refused",
			     [OTHER_KILLED] = "killed, too late to be refused" },
		.must = MARK(SYNC_FIRST) | MARK(SYNC_REFUSED) |
			MARK(OTHER_REFUSED),
	};

	need_nested();
	need_sequential();
	m = meeting_new();
	no_new_privs();
	storm(&s, scaled(300));
}

/* TSYNC, and a sibling that goes strict */

static pid_t strict_tid;

/* Only read, write and exit from where it is strict on. */
static void *strict_main(void *arg)
{
	struct deed *d = &m->deed[INSTALLS];
	long word = 0;

	(void)arg;
	strict_tid = raw(SYS_gettid);
	meet(m, 2);
	DEED(m, INSTALLS, ask_seccomp());
	raw(SYS_write, fds[1], &word, sizeof(word));
	raw(SYS_read, fds[0], &word, sizeof(word));
	d->denied = raw(SYS_write, MARKED_FD, "x", 1) == -DENIED;
	raw(SYS_write, fds[1], &word, sizeof(word));
	raw(SYS_read, fds[0], &word, sizeof(word));
	raw(SYS_getpid);
	/* Not reached. */
	d->denied |= MARK(1);
	raw(SYS_exit, 0);
	return NULL;
}

static void strict_kid(struct kid *k)
{
	struct deed *d = &m->deed[SYNCS];
	struct kid strict = { .pid = 0 };
	int there[2], back[2];
	pthread_t t;

	NEED(!pipe(there) && !pipe(back));
	fds[0] = there[0];
	fds[1] = back[1];
	strict.in = back[0];
	strict.out = there[1];
	start_thread(&t, strict_main);
	meet(m, 2);
	DEED(m, SYNCS, filter_arg(TSYNC, SYS_write, 0, MARKED_FD, DENY));
	heard(&strict);
	m->deed[INSTALLS].filters = proc_status(strict_tid, "Seccomp_filters");
	d->filters = proc_status(getpid(), "Seccomp_filters");
	d->denied = raw(SYS_write, MARKED_FD, "x", 1) == -DENIED;
	say(&strict, 0);
	heard(&strict);
	say(&strict, 0);
	/* It dies alone. */
	while (!raw(SYS_tgkill, getpid(), strict_tid, 0))
		pause_ms(1);
	say(k, strict_tid);
}

static unsigned int round_strict(struct storm *s, unsigned int i)
{
	const struct deed *sync = &m->deed[SYNCS], *strict = &m->deed[INSTALLS];
	struct kid k;
	bool synced;
	long tid;

	(void)i;
	meeting_clear(m);
	kid_start(&k, strict_kid, NULL);
	tid = heard(&k);
	CHECK_EQ(ending(kid_wait(&k)), 0);
	kid_close(&k);
	s->together += together(m, SYNCS, INSTALLS);
	synced = !sync->result;
	CHECK(synced || sync->result == tid);
	CHECK_EQ(strict->result, 0);
	CHECK_EQ(strict->filters, 2 + synced);
	CHECK_EQ(strict->denied, synced);
	CHECK_EQ(sync->filters, 1 + synced);
	CHECK_EQ(sync->denied, synced);
	return synced ? SYNC_FIRST : SYNC_REFUSED;
}

CASE_SLOW(storm_tsync_strict, "TSYNC against a sibling that goes strict", 30)
{
	struct storm s = {
		.round = round_strict,
		.outcome = { [SYNC_FIRST] = "TSYNC came first",
			     [SYNC_REFUSED] = "TSYNC was refused" },
		.must = MARK(SYNC_FIRST) | MARK(SYNC_REFUSED),
	};

	m = meeting_new();
	MUST(set_harmless());
	storm(&s, scaled(500));
}

/* Evaluation, while all kinds of state are made for the first time */

enum { ARM_SEQUENTIAL, ARM_NESTED, ARM_STRICT, ARMERS, EVALUATORS = 2 };
enum { ARMED_BEFORE, ARMED_BY_THEM };

static struct {
	atomic_bool stop;
	atomic_ulong calls;
	atomic_ulong wrong;
	atomic_ulong during;	/* calls, while state was made */
} *seen;

static void evaluator_kid(struct kid *k)
{
	const long pid = k->pid;

	MUST(deny_mark(0, THEIRS));
	say(k, 0);
	while (!atomic_load(&seen->stop)) {
		if (denied_marks(MARKS) != (MARK(BASE) | MARK(THEIRS)) ||
		    raw(SYS_getpid) != pid)
			atomic_fetch_add(&seen->wrong, 1);
		atomic_fetch_add(&seen->calls, 1);
	}
}

static long make_state(int how)
{
	if (how == ARM_STRICT)
		return ask_seccomp();
	return deny_mark(how == ARM_NESTED ? NESTABLE : SEQUENTIAL, OWN);
}

/* It is in force at once. */
static void armer_kid(struct kid *k)
{
	const int how = *(const int *)k->arg;
	unsigned long calls;
	long r;

	meet(m, ARMERS);
	calls = atomic_load(&seen->calls);
	DEED(m, how, make_state(how));
	r = m->deed[how].result;
	if (how == ARM_STRICT)
		raw(SYS_getpid);
	atomic_fetch_add(&seen->during, atomic_load(&seen->calls) - calls);
	say(k, r < 0 ? r : denied_marks(MARKS));
}

static unsigned int round_arm(struct storm *s, unsigned int i)
{
	static const int how[] = { ARM_SEQUENTIAL, ARM_NESTED, ARM_STRICT };
	bool armed = hooks_now() & OVERLAY_SECCOMP_HOOK_FILTER;
	struct kid k[ARMERS];
	long word;

	meeting_clear(m);
	for (i = 0; i < ARMERS; i++)
		kid_start(&k[i], armer_kid, &how[i]);
	for (i = 0; i < ARMERS; i++) {
		if (how[i] == ARM_STRICT)
			CHECK(!hear(&k[i], &word));
		else
			CHECK_EQ(heard(&k[i]), MARK(BASE) | MARK(OWN));
		CHECK_EQ(ending(kid_wait(&k[i])),
			 how[i] == ARM_STRICT ? SIGNALED(SIGKILL) : 0);
		kid_close(&k[i]);
	}
	CHECK(hooks_now() & OVERLAY_SECCOMP_HOOK_FILTER);
	s->together += together(m, ARM_SEQUENTIAL, ARM_NESTED) ||
		       together(m, ARM_NESTED, ARM_STRICT);
	return armed ? ARMED_BEFORE : ARMED_BY_THEM;
}

CASE_SLOW(storm_arm, "calls are judged while others arm the judging", 30)
{
	struct storm s = {
		.round = round_arm,
		.outcome = { [ARMED_BEFORE] = "armed before",
			     [ARMED_BY_THEM] = "armed by them" },
	};
	struct kid k[EVALUATORS];
	int i;

	need_nested();
	need_sequential();
	m = meeting_new();
	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	NEED(seen != MAP_FAILED);
	no_new_privs();
	MUST(deny_mark(0, BASE));
	for (i = 0; i < EVALUATORS; i++) {
		kid_start(&k[i], evaluator_kid, NULL);
		NEED(!heard(&k[i]));
	}
	storm(&s, scaled(100));
	atomic_store(&seen->stop, true);
	for (i = 0; i < EVALUATORS; i++)
		CHECK_EQ(ending(kid_wait(&k[i])), 0);
	diag("%lu calls judged, %lu of them meanwhile",
	     atomic_load(&seen->calls), atomic_load(&seen->during));
	CHECK_EQ(atomic_load(&seen->wrong), 0);
	/* A few rounds on a busy machine may be over before anybody else runs. */
	if (!atomic_load(&seen->during) && scaled(100) < 10)
		skip("no call was judged meanwhile, in too few rounds");
	CONTROL(atomic_load(&seen->during) > 0);
}

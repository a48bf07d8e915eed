// SPDX-License-Identifier: GPL-2.0-only
/*
 * Never weaker: nothing runs that the stock kernel would not have run with the
 * same filters and the same answers, but for what redirects and agreed filters
 * are for. Random chains, calls and supervisors; a model says what the stock
 * kernel does, and what may come of it here. What it says of the stock kernel
 * is tried on the stock kernel too.
 *
 * Each chain has a seed of its own: OVERLAY_TEST_SEED=N OVERLAY_TEST_CALLS=1 is
 * the one of seed N, and more calls are those that follow.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "weaker_stage.h"

#define CALLS_A_CHAIN 64
#define BATCHES_A_CHAIN 32

struct tally {
	unsigned int chains;
	struct weak_counts n;
	unsigned int nesting;
	unsigned int sequential;
	unsigned int cloned;
	unsigned int synced;
	unsigned int executed;
	unsigned int threads;
	unsigned int traced;
	unsigned int calls;
	unsigned int decisions;
	unsigned int ran;
	unsigned int values;
	unsigned int traps;
	unsigned int deaths;
	unsigned int unseen;		/* x32 calls, where there are none */
	unsigned int mode[WEAK_MODES];
	unsigned int asks;
	unsigned int stops;
	unsigned int stricter[WEAK_RULES];
	unsigned int redirected;
	unsigned int redirected_ran;
	unsigned int redirected_refused;	/* by filters further out */
	unsigned int sequential_ran;	/* and stock would not have */
	unsigned int sequential_lives;	/* and stock would have killed */
	unsigned int noticed[WEAK_MUTANTS];
	unsigned int wrong;
	unsigned int weaker;
};

struct run {
	uint64_t seed;			/* of the chain */
	uint64_t features;
	struct weak_modes modes;
	bool x32_runs;
	bool missing;
	bool quiet;
	bool on_stock;			/* this chain is the stock kernel's */
	struct tally of[2];		/* overlay chains, stock chains */
	struct tally *tally;
};

/* What was to come of a call, and what came. */
struct trial {
	struct weak_call call;
	unsigned int open;		/* before it */
	struct weak_end stock;
	struct weak_end want;
	bool unseen;			/* this kernel has no such table */
	bool ran;
};

/* Effects */

static uint64_t effect_of(const struct seccomp_data *d, enum weak_deed deed)
{
	switch (deed) {
	case DEED_READ:
		return !!(d->args[1] & OTHER_WORD);
	case DEED_WRITE:
		return 2 * (d->args[0] == OUT_TOO_FD) +
		       !!(d->args[1] & OTHER_WORD);
	case DEED_SEEK:
	case DEED_TRUNCATE:
		return d->args[1];
	default:
		return 0;
	}
}

/* What the call gives when it runs. */
static long result_of(const struct seccomp_data *d, enum weak_deed deed)
{
	switch (deed) {
	case DEED_READ:
	case DEED_WRITE:
		return 4;
	case DEED_SEEK:
		return d->args[1];
	case DEED_GETPPID:
		return getpid();
	default:
		return 0;
	}
}

static long result_seen(const struct weak_call *call,
			const struct weak_seen *seen)
{
	long ret = seen->after.ax;

	return call->mode == WEAK_IA32 ? (int)ret : ret;
}

/* Did a call of that name run, of whichever arguments? */
static bool ran(int slot, const struct trial *t, enum weak_deed deed)
{
	const struct weak_seen *seen = &weak_yard->slot[slot].seen;
	struct weak_effect e;

	weak_effect(slot, deed, &e);
	return e.times || (seen->done && !seen->signals &&
			   result_seen(&t->call, seen) == getpid());
}

static bool ran_as_wanted(int slot, const struct trial *t)
{
	const struct seccomp_data *d = &t->want.d;
	enum weak_deed deed = weak_deed(d), first = weak_deed(&t->call.d);
	const struct weak_seen *seen = &weak_yard->slot[slot].seen;
	struct weak_effect e;

	if (!seen->done || result_seen(&t->call, seen) != result_of(d, deed))
		return false;
	weak_effect(slot, first, &e);
	/* A tracer made another call of it. */
	if (deed != first || deed == DEED_GETPPID)
		return !e.times;
	return e.times == 1 && e.value == effect_of(d, deed);
}

/* What was seen against what was wanted */

static bool same_data(const struct seccomp_data *a,
		      const struct seccomp_data *b)
{
	return a->nr == b->nr && a->arch == b->arch &&
	       !memcmp(a->args, b->args, sizeof(a->args));
}

static bool same_asks(const struct weak_end *want, const struct weak_seen *seen)
{
	int i;

	if (want->asks != seen->asks)
		return false;
	for (i = 0; i < want->asks; i++)
		if (want->ask[i].filter != seen->ask[i].filter ||
		    !same_data(&want->ask[i].d, &seen->ask[i].d))
			return false;
	return true;
}

static bool same_end(int slot, const struct trial *t)
{
	const struct weak_seen *seen = &weak_yard->slot[slot].seen;

	switch (t->want.how) {
	case WEAK_RAN:
		if (t->unseen)
			return seen->done && !seen->signals && !t->ran &&
			       result_seen(&t->call, seen) == -ENOSYS;
		return !seen->signals && ran_as_wanted(slot, t);
	case WEAK_VALUE:
		return seen->done && !seen->signals && !t->ran &&
		       result_seen(&t->call, seen) == t->want.value;
	case WEAK_TRAP:
		return seen->done && seen->signals == 1 && !t->ran &&
		       seen->signo == SIGSYS && seen->err == t->want.value &&
		       seen->nr == t->want.d.nr;
	default:
		return !seen->done && !seen->signals && !t->ran;
	}
}

static bool as_wanted(int slot, const struct trial *t)
{
	const struct weak_seen *seen = &weak_yard->slot[slot].seen;

	return same_end(slot, t) && same_asks(&t->want, seen) &&
	       seen->stops == t->want.stops &&
	       seen->stop_data == t->want.stop_data && !seen->trouble &&
	       (seen->stops || weak_registers_kept(slot));
}

static void tell_data(const char *what, const struct seccomp_data *d)
{
	diag("  %s: %s nr %#x args %#llx %#llx %#llx %#llx %#llx %#llx", what,
	     d->arch == AUDIT_ARCH_I386 ? "32-bit" : "64-bit", d->nr,
	     d->args[0], d->args[1], d->args[2], d->args[3], d->args[4],
	     d->args[5]);
}

static const char *how_name(enum weak_how how)
{
	static const char * const name[] = {
		"ran", "value", "trap", "thread dies", "process dies",
		"somebody dies", "strict death",
	};

	return name[how];
}

static void tell_chain(const struct weak_chain *c, unsigned int open,
		       const struct seccomp_data *d)
{
	int i;

	diag("  chain of %d%s%s, mortal %d", c->n, c->traced ? ", traced" : "",
	     c->strict ? ", strict" : "", c->mortal);
	for (i = 0; i < c->n; i++)
		diag("  filter %d: flags %#lx%s%s says %#x", i, c->f[i].flags,
		     c->f[i].implicit ? " implicit" : "",
		     open & 1U << i ? " open" : "",
		     weak_verdict(&c->f[i], d));
}

static void tell_end(const char *who, const struct weak_end *e)
{
	int i;

	diag("  %s: %s %ld, %d stops (%u), %d asks, %d redirects (%s)", who,
	     how_name(e->how), e->value, e->stops, e->stop_data, e->asks,
	     e->redirected, weak_rule_name(e->rule));
	for (i = 0; i < e->asks; i++) {
		diag("  %s asks %d", who, e->ask[i].filter);
		tell_data(who, &e->ask[i].d);
	}
}

static void tell_seen(const struct weak_seen *s, const struct trial *t)
{
	int i;

	diag("  seen: %s%s, result %ld, %d signals (errno %d nr %#x), %d stops (%u), %d asks, trouble %d",
	     t->ran ? "ran" : "did not run", s->done ? "" : ", died",
	     result_seen(&t->call, s), s->signals, s->err, s->nr, s->stops,
	     s->stop_data, s->asks, s->trouble);
	for (i = 0; i < s->asks && i < WEAK_ASKS; i++) {
		diag("  seen: asked %d", s->ask[i].filter);
		tell_data("seen", &s->ask[i].d);
	}
}

static void tell_plan(const struct weak_plan *p)
{
	diag("  %d held,%s%s%s%s strict at %d", p->held,
	     p->cloned ? " cloned," : "", p->executes ? " executed," : "",
	     p->threaded ? " a thread," : "", p->synced ? " by TSYNC," : "",
	     p->strict_at);
}

static void wrong(struct run *run, const struct weak_stage *s, int slot,
		  const struct trial *t, const char *what)
{
	run->tally->wrong++;
	if (run->quiet || run->tally->wrong > 3)
		return;
	diag("%s: OVERLAY_TEST_SEED=%lu OVERLAY_TEST_CALLS=1, call %d%s", what,
	     run->seed, slot, run->on_stock ? ", stock" : "");
	tell_plan(&s->plan);
	tell_chain(&s->chain, t->open, &t->call.d);
	tell_data("call", &t->call.d);
	tell_end("stock", &t->stock);
	tell_end("model", &t->want);
	tell_seen(&weak_yard->slot[slot].seen, t);
}

/* Mutants: wrong about whether the call ran. */
static void try_mutants(struct run *run, const struct weak_stage *s,
			const struct trial *t)
{
	struct weak_end e;
	unsigned int open;
	int m;

	for (m = MUTANT_NONE + 1; m < WEAK_MUTANTS; m++) {
		open = t->open;
		if (run->on_stock)
			weak_stock(&s->chain, &open, &t->call, m, &e);
		else
			weak_overlay(&s->chain, &open, &t->call, m, &e);
		run->tally->noticed[m] += (e.how == WEAK_RAN) != t->ran;
	}
}

static void count(struct tally *n, const struct trial *t)
{
	n->decisions++;
	n->mode[t->call.mode]++;
	n->ran += t->ran;
	n->values += t->want.how == WEAK_VALUE;
	n->traps += t->want.how == WEAK_TRAP;
	n->deaths += weak_dies(&t->want);
	n->asks += t->want.asks;
	n->stops += t->want.stops;
	n->redirected += !!t->want.redirected;
	n->redirected_ran += t->want.redirected && t->ran;
	n->redirected_refused += t->want.redirected && !t->ran &&
				 t->want.rule == RULE_REDIRECTED;
}

/*
 * The rule itself, whatever the model of overlay chains is. In a chain with
 * filters that agreed, a tracer may come first that the stock kernel does not
 * ask, and make another call of it, which all of them judge.
 */
static void hold_to_stock(struct run *run, const struct weak_stage *s, int slot,
			  const struct trial *t)
{
	bool sequential = weak_sequential(&s->chain);
	bool edited = !same_data(&t->want.d, &t->call.d);
	bool stock_ran = t->stock.how == WEAK_RAN;
	struct tally *n = run->tally;

	if (t->want.redirected)
		return;
	if (t->ran && !stock_ran) {
		n->sequential_ran += sequential && edited;
		if (!sequential || !edited) {
			n->weaker++;
			wrong(run, s, slot, t, "weaker than stock");
		}
	}
	if (!t->ran && stock_ran) {
		n->stricter[t->want.rule]++;
		if (t->want.rule == RULE_NONE)
			wrong(run, s, slot, t, "stricter without a rule");
	}
	if (weak_dies(&t->stock) && !weak_dies(&t->want)) {
		n->sequential_lives += sequential;
		if (!sequential)
			wrong(run, s, slot, t, "it lives");
	}
}

/* False: the rest of the chain would be wrong too. */
static bool compare(struct run *run, const struct weak_stage *s, int slot,
		    struct trial *t)
{
	run->tally->calls++;
	t->ran = ran(slot, t, weak_deed(&t->call.d));
	if (t->unseen) {
		run->tally->unseen++;
	} else {
		count(run->tally, t);
		hold_to_stock(run, s, slot, t);
		try_mutants(run, s, t);
	}
	if (weak_vetoed(&s->chain, &t->want))
		wrong(run, s, slot, t, "the model passes a refusal");
	if (as_wanted(slot, t))
		return true;
	run->tally->weaker += t->ran && t->want.how != WEAK_RAN;
	wrong(run, s, slot, t, "other than the model");
	return false;
}

/* Deaths */

static bool death_as_wanted(const struct weak_stage *s,
			    const struct weak_end *want, enum weak_news news)
{
	int sig = want->how == WEAK_STRICT_DIES ? SIGKILL : SIGSYS;
	bool thread = s->plan.threaded && (want->how == WEAK_THREAD_DIES ||
					   want->how == WEAK_STRICT_DIES);

	if (!weak_dies(want))
		return news == NEWS_WORD;
	if (want->how == WEAK_SOMEBODY_DIES && s->plan.threaded)
		return news == NEWS_THREAD_GONE || news == NEWS_PROCESS_GONE;
	if (news != (thread ? NEWS_THREAD_GONE : NEWS_PROCESS_GONE))
		return false;
	/* Of a thread the status comes by its tracer only. */
	return (thread && !s->chain.traced) ||
	       (WIFSIGNALED(s->status) && WTERMSIG(s->status) == sig);
}

static bool ends_process(const struct weak_stage *s, const struct weak_end *e)
{
	return e->how == WEAK_PROCESS_DIES ||
	       (weak_dies(e) && !s->plan.threaded);
}

/* A batch: calls up to one that has to kill */

static void predict(const struct run *run, struct weak_stage *s,
		    struct trial *t)
{
	unsigned int open = s->open;
	struct weak_end other;

	t->open = s->open;
	t->unseen = t->call.mode == WEAK_X32 && !run->x32_runs;
	weak_stock(&s->chain, &open, &t->call, MUTANT_NONE, &t->stock);
	weak_overlay(&s->chain, &s->open, &t->call, MUTANT_NONE, &t->want);
	if (!run->on_stock)
		return;
	/* There the models have to say the same. */
	other = t->want;
	t->want = t->stock;
	NEED(other.how == t->want.how && other.value == t->want.value &&
	     other.asks == t->want.asks && open == s->open);
}

static int plan_batch(const struct run *run, struct weak_stage *s,
		      struct rng *r, struct trial *t, int most)
{
	int n = 0;

	do {
		memset(&t[n], 0, sizeof(t[n]));
		weak_call(&t[n].call, n, &s->chain, r, &run->modes);
		weak_yard->slot[n].call = t[n].call;
		predict(run, s, &t[n]);
	} while (!weak_dies(&t[n++].want) && n < most);
	return n;
}

static long reads_wanted(const struct trial *t, int n)
{
	long reads = 0;

	for (; n--; t++)
		reads += t->want.how == WEAK_RAN && !t->unseen &&
			 weak_deed(&t->want.d) == DEED_READ;
	return reads;
}

static bool compare_batch(struct run *run, const struct weak_stage *s,
			  struct trial *t, int n, enum weak_news news)
{
	int begun = weak_yard->at, i;

	for (i = 0; i < n && i <= begun; i++)
		if (!compare(run, s, i, &t[i]))
			return false;
	if (begun >= n - 1 && death_as_wanted(s, &t[n - 1].want, news) &&
	    weak_reads() == reads_wanted(t, n))
		return true;
	wrong(run, s, n - 1, &t[n - 1], "another end");
	if (!run->quiet)
		diag("  %d of %d begun, news %d, status %#x, %ld reads of %ld",
		     begun, n, news, s->status, weak_reads(),
		     reads_wanted(t, n));
	return false;
}

static bool play_batch(struct run *run, struct weak_stage *s, struct rng *r,
		       unsigned int most)
{
	static struct trial t[WEAK_BATCH];
	enum weak_news news;
	int n;

	n = plan_batch(run, s, r, t, most < WEAK_BATCH ? most : WEAK_BATCH);
	news = weak_play(s, n, ends_process(s, &t[n - 1].want));
	if (!compare_batch(run, s, t, n, news))
		return false;
	if (news != NEWS_WORD)
		weak_caller_end(s);
	return true;
}

/* Chains */

static struct rng dice(uint64_t seed, uint64_t number)
{
	struct rng r = rng_of(seed, 0);

	/* Those of seeds that follow each other would be much alike. */
	return rng_of((uint64_t)rng_next(&r) << 32 | rng_next(&r), number);
}

static bool play_batches(struct run *run, struct weak_stage *s)
{
	struct rng r = dice(run->seed, 1);
	unsigned int until = run->tally->calls + CALLS_A_CHAIN;
	int batch;

	for (batch = 0; batch < BATCHES_A_CHAIN; batch++) {
		if (run->tally->calls >= until)
			break;
		if (!weak_caller_ready(s, batch)) {
			run->tally->wrong++;
			diag("a caller cannot be made: OVERLAY_TEST_SEED=%lu",
			     run->seed);
			return false;
		}
		if (!play_batch(run, s, &r, until - run->tally->calls))
			return false;
	}
	return true;
}

static void count_chain(struct tally *n, const struct weak_stage *s)
{
	const struct weak_counts *c = &s->n;

	n->chains++;
	n->nesting += weak_nests(&s->plan.chain);
	n->sequential += weak_sequential(&s->plan.chain);
	n->cloned += s->plan.cloned;
	n->synced += s->plan.synced;
	n->executed += s->plan.executes;
	n->threads += s->plan.threaded;
	n->traced += s->plan.chain.traced;
	n->n.callers += c->callers;
	n->n.later += c->later;
	n->n.strict += c->strict;
	n->n.refused += c->refused;
	n->n.closed += c->closed;
	n->n.died += c->died;
}

static void play_chain(struct run *run, const struct weak_plan *p, bool stock)
{
	static struct weak_stage s;

	run->on_stock = stock;
	run->tally = &run->of[stock];
	if (weak_stage_start(&s, p, run->missing)) {
		play_batches(run, &s);
	} else {
		run->tally->wrong++;
		diag("a chain cannot be made: OVERLAY_TEST_SEED=%lu",
		     run->seed);
	}
	weak_stage_end(&s);
	count_chain(run->tally, &s);
}

/* One chain of each seed, some of them with the stock kernel too. */
static void play_seed(struct run *run, uint64_t seed)
{
	struct rng r = dice(seed, 0);
	static struct weak_plan p;

	run->seed = seed;
	weak_plan(&p, &r, run->features);
	if (run->missing) {
		p.held = p.chain.n;
		play_chain(run, &p, false);
		return;
	}
	play_chain(run, &p, false);
	if (!rng_one_in(&r, 3))
		return;
	weak_plan_stock(&p, &r);
	play_chain(run, &p, true);
}

/* The cases */

static void x32_kid(struct kid *k)
{
	say(k, raw(X32_BIT | SYS_getppid));
}

static bool x32_runs(void)
{
	struct kid k;
	long ppid = 0;

	kid_start(&k, x32_kid, NULL);
	hear(&k, &ppid);
	kid_wait(&k);
	return ppid == getpid();
}

static void start(struct run *run)
{
	memset(run, 0, sizeof(*run));
	need_nested();
	need_sequential();
	need_redirect();
	run->features = overlay_features();
	if (!geteuid()) {
		run->features |= SECCOMP_OVERLAY_IMPLICIT;
		implicit(false);
	} else if (run->features & SECCOMP_OVERLAY_IMPLICIT) {
		skip("implicit is on, and only root can change that");
	} else {
		/* What may be attached to is the machine's own business. */
		run->features &= ~SECCOMP_OVERLAY_CLONE;
	}
	run->modes.ia32 = have_ia32();
	run->modes.x32 = true;
	run->x32_runs = x32_runs();
	if (raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, NEW_LISTENER | KILLABLE,
		NULL) == -EFAULT)
		run->features |= WEAK_KILLABLE;
	weak_yard_make();
}

static void tell_chains(const struct tally *n, const char *what)
{
	diag("%s: %u chains (%u with overlay listeners, %u with filters that agreed), %u traced",
	     what, n->chains, n->nesting, n->sequential, n->traced);
	diag("  %u callers, of %u cloned chains, %u executed, %u of threads, %u by TSYNC; %u in strict mode",
	     n->n.callers, n->cloned, n->executed, n->threads, n->synced,
	     n->n.strict);
	diag("  %u filters added later, %u listeners refused, %u closed, %u supervisors died",
	     n->n.later, n->n.refused, n->n.closed, n->n.died);
}

static void tell_tally(const struct tally *n, const char *what)
{
	int i;

	tell_chains(n, what);
	diag("  %u decisions: %u ran, %u refused, %u trapped, %u died; %u asks, %u stops",
	     n->decisions, n->ran, n->values, n->traps, n->deaths, n->asks,
	     n->stops);
	diag("  %u 64-bit, %u 32-bit, %u x32; %u more x32 that none could see run",
	     n->mode[WEAK_NATIVE], n->mode[WEAK_IA32], n->mode[WEAK_X32],
	     n->unseen);
	diag("  weaker: %u, wrong: %u", n->weaker, n->wrong);
	if (!n->redirected)
		return;
	diag("  redirected %u: %u ran, %u refused by filters further out",
	     n->redirected, n->redirected_ran, n->redirected_refused);
	diag("  sequential: %u ran as a tracer made them that stock does not ask, %u live that stock would have killed",
	     n->sequential_ran, n->sequential_lives);
	for (i = RULE_NONE + 1; i < WEAK_RULES; i++)
		if (i != RULE_REDIRECTED)
			diag("  stricter than stock by %s: %u",
			     weak_rule_name(i), n->stricter[i]);
}

static void tell_mutants(const struct run *run)
{
	int m;

	for (m = MUTANT_NONE + 1; m < WEAK_MUTANTS; m++)
		diag("a model in which %s is noticed %u times, on stock %u",
		     weak_mutant_name(m), run->of[0].noticed[m],
		     run->of[1].noticed[m]);
}

static bool all_noticed(const struct tally *n, enum weak_mutant last)
{
	enum weak_mutant m;

	for (m = MUTANT_NONE + 1; m <= last; m++)
		if (!n->noticed[m])
			return false;
	return true;
}

/* From there on all that is random comes up, or all but the rarest. */
#define ENOUGH 50000
#define ENOUGH_FOR_MOST 5000

CASE_SLOW(weaker_random, "nothing runs that stock would not have run", 60)
{
	uint64_t seed = gen_seed();
	static struct run run;
	unsigned int calls;

	start(&run);
	diag("OVERLAY_TEST_SEED=%lu", seed);
	for (calls = gen_count(100000); run.of[0].decisions < calls; seed++)
		play_seed(&run, seed);
	tell_tally(&run.of[0], "overlay");
	tell_tally(&run.of[1], "stock");
	tell_mutants(&run);
	CHECK_EQ(run.of[0].weaker, 0);
	CHECK_EQ(run.of[0].wrong, 0);
	CHECK_EQ(run.of[1].wrong, 0);
	CONTROL(run.of[0].ran > 0);
	if (run.of[0].decisions >= ENOUGH_FOR_MOST)
		CONTROL(all_noticed(&run.of[0], MUTANT_STRICT));
	if (run.of[0].decisions >= ENOUGH)
		CONTROL(all_noticed(&run.of[0], WEAK_MUTANTS - 1));
	if (run.of[1].decisions >= ENOUGH_FOR_MOST)
		CONTROL(all_noticed(&run.of[1], MUTANT_CLOSED));
}

/* Weaker in truth: the kernel has not been told of a filter. */
CASE_SLOW(weaker_notices, "a chain that lacks its outermost filter is noticed",
	  12)
{
	uint64_t first = gen_seed(), seed = first;
	static struct run run;
	unsigned int calls;

	start(&run);
	diag("OVERLAY_TEST_SEED=%lu", seed);
	run.missing = run.quiet = true;
	for (calls = gen_count(5000); run.of[0].decisions < calls; seed++)
		play_seed(&run, seed);
	diag("%u chains, %u decisions: %u weaker, %u wrong", run.of[0].chains,
	     run.of[0].decisions, run.of[0].weaker, run.of[0].wrong);
	CHECK(run.of[0].weaker > 0);
	/* And whole ones. */
	memset(run.of, 0, sizeof(run.of));
	run.missing = run.quiet = false;
	for (; run.of[0].chains < 10; first++)
		play_seed(&run, first);
	CONTROL_EQ(run.of[0].wrong, 0);
}

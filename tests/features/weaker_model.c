// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>

#include "weaker_random.h"

#define MAX_ERRNO 4095

const char *weak_rule_name(enum weak_rule rule)
{
	static const char * const name[] = {
		"no rule", "an outer supervisor", "nobody to ask",
		"one after the other", "outer filters of a redirected call",
		"the strict list",
	};

	return name[rule];
}

const char *weak_mutant_name(enum weak_mutant m)
{
	static const char * const name[] = {
		"none", "an outer errno passes", "a trap passes",
		"an unknown action passes", "a logged call is refused",
		"TRACE passes without a tracer",
		"nobody judges after the tracer",
		"a closed listener continues", "CONTINUE ends it",
		"all filters agreed", "no filter judges a redirected call",
		"all filters judge a redirected call", "no strict list",
		"TRACE passes what was redirected after the tracer",
	};

	return name[m];
}

/* Filters */

static bool jumps(int op, uint32_t a, uint32_t k)
{
	switch (op) {
	case BPF_JEQ:
		return a == k;
	case BPF_JGT:
		return a > k;
	case BPF_JGE:
		return a >= k;
	default:
		return a & k;
	}
}

uint32_t weak_verdict(const struct weak_filter *f, const struct seccomp_data *d)
{
	const uint32_t *word = (const uint32_t *)d;
	uint32_t a = 0;
	int pc;

	for (pc = 0; pc < f->len; pc++) {
		const struct sock_filter *i = &f->insn[pc];

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			a = word[i->k / sizeof(*word)];
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= i->k;
			break;
		case BPF_ALU | BPF_RSH | BPF_K:
			a >>= i->k;
			break;
		case BPF_RET | BPF_K:
			return i->k;
		default:
			NEED(BPF_CLASS(i->code) == BPF_JMP);
			pc += jumps(BPF_OP(i->code), a, i->k) ? i->jt : i->jf;
		}
	}
	NEED(!"a filter ends without a verdict");
	return 0;
}

static uint32_t action(uint32_t verdict)
{
	return verdict & SECCOMP_RET_ACTION_FULL;
}

static uint32_t data(uint32_t verdict)
{
	return verdict & SECCOMP_RET_DATA;
}

/* The innermost of the strictest. */
static int strictest(const uint32_t *verdict, int from, int to)
{
	int best = to, i;

	for (i = to - 1; i >= from; i--)
		if ((int32_t)action(verdict[i]) < (int32_t)action(verdict[best]))
			best = i;
	return best;
}

/* Chains */

static bool listens(const struct weak_filter *f)
{
	return f->flags & NEW_LISTENER;
}

static bool allows_nested(const struct weak_filter *f)
{
	return f->flags & SECCOMP_FILTER_FLAG_ALLOW_NESTED_LISTENERS;
}

static bool is_overlay(const struct weak_filter *f)
{
	return listens(f) && (allows_nested(f) || f->implicit);
}

static bool agreed(const struct weak_filter *f)
{
	return f->flags & SEQUENTIAL;
}

bool weak_nests(const struct weak_chain *c)
{
	int i;

	for (i = 0; i < c->n; i++)
		if (is_overlay(&c->f[i]))
			return true;
	return false;
}

bool weak_sequential(const struct weak_chain *c)
{
	int i;

	for (i = 0; i < c->n; i++)
		if (agreed(&c->f[i]))
			return true;
	return false;
}

long weak_install(const struct weak_chain *c, unsigned int open,
		  const struct weak_filter *f)
{
	int i;

	if (!listens(f) || f->implicit)
		return 0;
	for (i = 0; i < c->n; i++)
		if (open & 1U << i && !is_overlay(&c->f[i]))
			return -EBUSY;
	return 0;
}

/* One trial of a call */

struct trial {
	const struct weak_chain *c;
	const struct weak_call *call;
	enum weak_mutant mutant;
	unsigned int *open;
	struct weak_end *e;
	bool redirects;			/* supervisors can */
	bool traced;			/* the tracer has had its say */
	bool redirected;		/* since then */
};

/* Where a trial goes on. */
enum next { NEXT_ON, NEXT_END, NEXT_ANEW };

static enum next end(struct trial *t, enum weak_how how, long value)
{
	t->e->how = how;
	t->e->value = value;
	return NEXT_END;
}

static enum next end_value(struct trial *t, long value)
{
	return end(t, WEAK_VALUE, value);
}

static enum next end_errno(struct trial *t, uint32_t verdict)
{
	uint32_t err = data(verdict);

	return end_value(t, -(long)(err > MAX_ERRNO ? MAX_ERRNO : err));
}

static enum next end_death(struct trial *t, uint32_t verdict)
{
	if (action(verdict) == KILL_THREAD)
		return end(t, WEAK_THREAD_DIES, 0);
	if (action(verdict) == KILL_PROCESS)
		return end(t, WEAK_PROCESS_DIES, 0);
	/* Which of them it is depends on the version. */
	return end(t, WEAK_SOMEBODY_DIES, 0);
}

/* The first stop for the tracer, which exists. */
static enum next stop(struct trial *t, uint32_t verdict)
{
	struct weak_edit edit;

	t->traced = true;
	t->redirected = false;
	t->e->stops++;
	t->e->stop_data = data(verdict);
	weak_edit(t->call, t->c, &edit);
	if (edit.kind == EDIT_SKIP) {
		t->e->d.nr = -1;
		return end_value(t, edit.value);
	}
	if (edit.kind == EDIT_ARG)
		t->e->d.args[3] = edit.value;
	if (edit.kind == EDIT_NR)
		t->e->d.nr = edit.value;
	return NEXT_ANEW;
}

static void redirect(struct trial *t, const struct weak_answer *a, int filter)
{
	int i;

	for (i = 0; i < 6; i++)
		if (a->mask & 1U << i)
			t->e->d.args[i] = a->arg[i];
	t->redirected = true;
	t->e->redirected++;
	t->e->redirecter = filter;
}

/* Ask the supervisor of filter I, which may redirect the call if it can. */
static enum next ask(struct trial *t, int i)
{
	const struct weak_chain *c = t->c;
	struct weak_end *e = t->e;
	struct weak_answer a;

	if (!(*t->open & 1U << i))
		return t->mutant == MUTANT_CLOSED ? NEXT_ON :
						    end_value(t, -ENOSYS);
	NEED(e->asks < WEAK_ASKS);
	e->ask[e->asks].filter = i;
	e->ask[e->asks].d = e->d;
	weak_answer(t->call, &e->d, c, i, e->asks++, &a);
	switch (a.reply) {
	case REPLY_CLOSE:
		*t->open &= ~(1U << i);
		return t->mutant == MUTANT_CLOSED ? NEXT_ON :
						    end_value(t, -ENOSYS);
	case REPLY_CLOSE_OTHER:
		*t->open &= ~(1U << a.other);
		return NEXT_ON;
	case REPLY_REDIRECT:
		/* If it cannot, that is refused, and CONTINUE follows. */
		if (t->redirects && allows_nested(&c->f[i]))
			redirect(t, &a, i);
		return NEXT_ON;
	case REPLY_CONTINUE:
		return NEXT_ON;
	default:
		return end_value(t, a.value);
	}
}

/* What a mutant makes of a verdict of filter I. */
static uint32_t mutate(const struct trial *t, int i, uint32_t verdict)
{
	uint32_t is = action(verdict);

	switch (t->mutant) {
	case MUTANT_OUTER_ERRNO:
		if (is == SECCOMP_RET_ERRNO && i < t->c->n - 1)
			return PASS;
		break;
	case MUTANT_TRAP:
		if (is == TRAP)
			return PASS;
		break;
	case MUTANT_UNKNOWN:
		if (is == WEAK_UNKNOWN_LOW || is == WEAK_UNKNOWN_HIGH)
			return PASS;
		break;
	case MUTANT_LOG:
		if (is == SECCOMP_RET_LOG)
			return DENY;
		break;
	case MUTANT_TRACE_NOBODY:
		if (is == TRACE && !t->c->traced)
			return PASS;
		break;
	default:
		break;
	}
	return verdict;
}

static void judge(const struct trial *t, int from, uint32_t *verdict)
{
	int i;

	for (i = from; i < t->c->n; i++)
		verdict[i] = mutate(t, i, weak_verdict(&t->c->f[i], &t->e->d));
}

/* The stock kernel */

static enum next stock_effect(struct trial *t, int i, uint32_t verdict)
{
	switch (action(verdict)) {
	case SECCOMP_RET_ALLOW:
	case SECCOMP_RET_LOG:
		return NEXT_ON;
	case SECCOMP_RET_ERRNO:
		return end_errno(t, verdict);
	case SECCOMP_RET_TRAP:
		return end(t, WEAK_TRAP, data(verdict));
	case SECCOMP_RET_TRACE:
		if (t->traced)
			return NEXT_ON;
		return t->c->traced ? stop(t, verdict) : end_value(t, -ENOSYS);
	case SECCOMP_RET_USER_NOTIF:
		return ask(t, i);
	default:
		return end_death(t, verdict);
	}
}

static enum next stock_pass(struct trial *t)
{
	uint32_t verdict[WEAK_FILTERS] = { 0 };
	int i;

	if (!t->c->n)
		return NEXT_ON;
	judge(t, 0, verdict);
	i = strictest(verdict, 0, t->c->n - 1);
	return stock_effect(t, i, verdict[i]);
}

static void trial_start(struct trial *t)
{
	memset(t->e, 0, sizeof(*t->e));
	t->e->d = t->call->d;
	t->e->how = WEAK_RAN;
}

void weak_stock(const struct weak_chain *c, unsigned int *open,
		const struct weak_call *call, enum weak_mutant m,
		struct weak_end *e)
{
	struct trial t = { .c = c, .call = call, .mutant = m, .open = open,
			   .e = e };

	trial_start(&t);
	while (stock_pass(&t) == NEXT_ANEW)
		if (m == MUTANT_TRACER_LAST)
			break;
}

/* Ours */

/* What ended a trial there: of what the stock kernel would have run. */
static enum next because(struct trial *t, enum next to, enum weak_rule rule)
{
	if (to == NEXT_END)
		t->e->rule = t->redirected ? RULE_REDIRECTED : rule;
	return to;
}

static enum next overlay_ask(struct trial *t, int i)
{
	bool open = *t->open & 1U << i;

	return because(t, ask(t, i), open ? RULE_OUTER : RULE_NOBODY);
}

static enum next overlay_trace(struct trial *t, uint32_t verdict)
{
	if (t->redirected && t->traced && t->mutant != MUTANT_REDIRECT_TRACE)
		return end_value(t, -ENOSYS);
	return stock_effect(t, 0, verdict);
}

/* Filter I by itself. */
static enum next overlay_one(struct trial *t, int i)
{
	uint32_t verdict = mutate(t, i, weak_verdict(&t->c->f[i], &t->e->d));

	if (action(verdict) == ASK)
		return overlay_ask(t, i);
	if (action(verdict) == TRACE)
		return because(t, overlay_trace(t, verdict), RULE_SEQUENTIAL);
	return because(t, stock_effect(t, i, verdict), RULE_SEQUENTIAL);
}

/* From filter I outward, each by itself. */
static enum next overlay_outward(struct trial *t, int i)
{
	enum next next = NEXT_ON;

	if (t->redirected && t->mutant == MUTANT_REDIRECT_UNSEEN)
		return NEXT_ON;
	if (t->redirected && t->mutant == MUTANT_REDIRECT_ALL)
		i = t->c->n - 1;
	for (; i >= 0 && next == NEXT_ON; i--)
		next = overlay_one(t, i);
	return next;
}

/* Those of filters FROM to the innermost that ask, and then those outside. */
static enum next overlay_asking(struct trial *t, int from,
				const uint32_t *verdict)
{
	int i;

	for (i = t->c->n - 1; i >= from; i--) {
		if (action(verdict[i]) != ASK)
			continue;
		if (overlay_ask(t, i) == NEXT_END)
			return NEXT_END;
		if (t->redirected)
			return overlay_outward(t, i - 1);
		if (!weak_nests(t->c) || t->mutant == MUTANT_CONTINUE_ENDS)
			break;
	}
	return overlay_outward(t, from - 1);
}

/* The outermost that did not agree: those inside are judged with it. */
static int unit_start(const struct trial *t)
{
	int i = 0;

	while (i < t->c->n - 1 &&
	       (agreed(&t->c->f[i]) || t->mutant == MUTANT_SEQUENTIAL_ALL))
		i++;
	return i;
}

static enum next overlay_pass(struct trial *t)
{
	uint32_t verdict[WEAK_FILTERS] = { 0 };
	int from = unit_start(t), i;
	enum next next;

	if (!t->c->n)
		return NEXT_ON;
	judge(t, from, verdict);
	i = strictest(verdict, from, t->c->n - 1);
	if (action(verdict[i]) == ASK)
		return overlay_asking(t, from, verdict);
	next = stock_effect(t, i, verdict[i]);
	/* What lies outside the unit could have been stronger. */
	because(t, next, from ? RULE_SEQUENTIAL : RULE_NONE);
	return next == NEXT_ON ? overlay_outward(t, from - 1) : next;
}

/* Numbers of strict mode's list that the deeds have. */
static bool strict_allows(const struct seccomp_data *d)
{
	if (d->arch == AUDIT_ARCH_I386)
		return d->nr == IA32_read || d->nr == IA32_write;
	return d->nr == SYS_read || d->nr == SYS_write;
}

void weak_overlay(const struct weak_chain *c, unsigned int *open,
		  const struct weak_call *call, enum weak_mutant m,
		  struct weak_end *e)
{
	struct trial t = { .c = c, .call = call, .mutant = m, .open = open,
			   .e = e, .redirects = true };

	trial_start(&t);
	while (overlay_pass(&t) == NEXT_ANEW)
		if (m == MUTANT_TRACER_LAST)
			break;
	if (!c->strict || weak_dies(e) || strict_allows(&e->d) ||
	    m == MUTANT_STRICT)
		return;
	e->how = WEAK_STRICT_DIES;
	e->rule = RULE_STRICT;
}

/* Stronger than to ask: no CONTINUE, and no tracer, comes before it. */
static bool refuses(uint32_t verdict)
{
	return (int32_t)action(verdict) < (int32_t)SECCOMP_RET_USER_NOTIF;
}

bool weak_vetoed(const struct weak_chain *c, const struct weak_end *e)
{
	int n = e->redirected ? e->redirecter : c->n, i;

	if (e->how != WEAK_RAN)
		return false;
	for (i = 0; i < n; i++)
		if (refuses(weak_verdict(&c->f[i], &e->d)))
			return true;
	return false;
}

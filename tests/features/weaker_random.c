// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <stddef.h>
#include <string.h>

#include "weaker_random.h"

enum { IA32_lseek = 19, IA32_ftruncate = 93, IA32_getresuid32 = 209 };

static const int native_nr[DEEDS] = {
	SYS_getppid, SYS_read, SYS_write, SYS_lseek, SYS_ftruncate,
	SYS_getresuid,
};

static const int ia32_nr[DEEDS] = {
	IA32_getppid, IA32_read, IA32_write, IA32_lseek, IA32_ftruncate,
	IA32_getresuid32,
};

enum weak_deed weak_deed(const struct seccomp_data *d)
{
	bool ia32 = d->arch == AUDIT_ARCH_I386;
	int i = 0;

	while (i < DEEDS && (ia32 ? d->nr != ia32_nr[i] :
				    (d->nr & ~X32_BIT) != native_nr[i]))
		i++;
	return i;
}

/*
 * Filters. Each has a table of actions; five bits of argument 3 are the index
 * of what it says, if none of its other rules concerns the call.
 */

enum say { SAY_ERRNO, SAY_TRAP, SAY_TRACE, SAY_LOG, SAY_ASK, SAY_ALLOW,
	   SAY_KILL_THREAD, SAY_KILL_PROCESS, SAY_UNKNOWN_LOW,
	   SAY_UNKNOWN_HIGH, SAYS };

#define SELECT_BITS 5
#define SELECT_MASK 31
#define SELECT(say, i) ((uint32_t)(say) << (SELECT_BITS * (i)))
/* Of what is not in the table: ALLOW. */
#define SAY_NOTHING 31

static uint32_t action_of(enum say say, uint32_t data)
{
	static const uint32_t action[SAYS] = {
		SECCOMP_RET_ERRNO, SECCOMP_RET_TRAP, SECCOMP_RET_TRACE,
		SECCOMP_RET_LOG, SECCOMP_RET_USER_NOTIF, SECCOMP_RET_ALLOW,
		SECCOMP_RET_KILL_THREAD, SECCOMP_RET_KILL_PROCESS,
		WEAK_UNKNOWN_LOW, WEAK_UNKNOWN_HIGH,
	};

	return action[say] | data;
}

/* 0 is an errno too, and those above 4095 are cut. */
static uint32_t random_data(struct rng *r)
{
	switch (rng_below(r, 6)) {
	case 0:
		return 0;
	case 1:
		return rng_below(r, 0x10000);
	default:
		return 1 + rng_below(r, 4095);
	}
}

static enum say random_say(struct rng *r)
{
	uint32_t which = rng_below(r, 1000);

	if (which < 200)
		return SAY_ERRNO;
	if (which < 270)
		return SAY_TRAP;
	if (which < 470)
		return SAY_TRACE;
	if (which < 540)
		return SAY_LOG;
	if (which < 900)
		return SAY_ASK;
	if (which < 960)
		return SAY_ALLOW;
	if (which < 970)
		return SAY_KILL_THREAD;
	if (which < 980)
		return SAY_KILL_PROCESS;
	return which < 990 ? SAY_UNKNOWN_LOW : SAY_UNKNOWN_HIGH;
}

/* Mostly those ask whom there is a listener for. */
static uint32_t sensible(struct rng *r, const struct weak_chain *c, int i,
			 uint32_t say)
{
	if (say != SAY_ASK || i >= c->n || c->f[i].flags & NEW_LISTENER)
		return say;
	return rng_one_in(r, 8) ? SAY_ASK : SAY_NOTHING;
}

/*
 * What the first N filters say: few object, or the strictest always won. Under
 * a tracer some more want that.
 */
static uint32_t random_select(struct rng *r, const struct weak_chain *c, int n)
{
	int busy = rng_below(r, 4), i;
	bool wave = rng_one_in(r, 3);
	uint32_t select = 0;

	for (i = 0; i < WEAK_FILTERS; i++) {
		uint32_t say = SAY_NOTHING;

		if (wave && rng_below(r, 3)) {
			say = SAY_ASK;
		} else if (i < n && busy && rng_one_in(r, n)) {
			say = random_say(r);
			busy--;
		} else if (c->traced && rng_one_in(r, 8)) {
			say = SAY_TRACE;
		}
		select |= SELECT(sensible(r, c, i, say), i);
	}
	return select;
}

static void add(struct weak_filter *f, struct sock_filter insn)
{
	NEED(f->len < WEAK_INSNS);
	f->insn[f->len++] = insn;
}

static void load(struct weak_filter *f, uint32_t offset)
{
	add(f, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset));
}

static void jump(struct weak_filter *f, int op, uint32_t k, int yes, int no)
{
	add(f, (struct sock_filter)BPF_JUMP(BPF_JMP | op | BPF_K, k, yes, no));
}

static void ret(struct weak_filter *f, uint32_t verdict)
{
	add(f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, verdict));
}

#define OFFSET(field) offsetof(struct seccomp_data, field)
#define OFFSET_WORD(i) (OFFSET(args) + 4 * (i))
#define TO(label, at) ((label) - (at) - 1)

/* What is none of the deeds is allowed. */
static void only_deeds(struct weak_filter *f)
{
	enum { NATIVE = 9, FILES = 18, OTHERS = 21, JUDGED = 22 };
	const struct sock_filter insn[JUDGED] = {
		[0] = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, OFFSET(arch)),
		[1] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_I386, 0,
			       TO(NATIVE, 1)),
		[2] = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, OFFSET(nr)),
#define DEED(at, nr, label, no)						\
		[at] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, TO(label, at), no)
		DEED(3, IA32_read, FILES, 0),
		DEED(4, IA32_write, FILES, 0),
		DEED(5, IA32_getppid, JUDGED, 0),
		DEED(6, IA32_lseek, JUDGED, 0),
		DEED(7, IA32_ftruncate, JUDGED, 0),
		DEED(8, IA32_getresuid32, JUDGED, TO(OTHERS, 8)),
		[NATIVE] = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, OFFSET(nr)),
		[10] = BPF_STMT(BPF_ALU | BPF_AND | BPF_K,
				(uint32_t)~X32_BIT),
		DEED(11, SYS_read, FILES, 0),
		DEED(12, SYS_write, FILES, 0),
		DEED(13, SYS_getppid, JUDGED, 0),
		DEED(14, SYS_lseek, JUDGED, 0),
		DEED(15, SYS_ftruncate, JUDGED, 0),
		DEED(16, SYS_getresuid, JUDGED, 0),
		[17] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
#undef DEED
		[FILES] = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, OFFSET_WORD(0)),
		[19] = BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, OUT_FD, 0, 1),
		[20] = BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, IN_FD, 0, 1),
		[OTHERS] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	memcpy(f->insn, insn, sizeof(insn));
	f->len = JUDGED;
}

/* For one deed or all, if a word of arguments 4 and 5 compares so. */
static void random_rule(struct weak_filter *f, struct rng *r)
{
	static const int ops[] = { BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET };
	bool by_nr = rng_below(r, 4), by_arch = rng_one_in(r, 2);
	bool ia32 = rng_one_in(r, 3), high = rng_one_in(r, 4);
	int deed = rng_below(r, DEEDS), op = ops[rng_below(r, 4)];
	enum say say = random_say(r);

	/* Some chains would let nobody live. */
	if (say >= SAY_KILL_THREAD)
		op = BPF_JEQ;

	if (by_arch) {
		load(f, OFFSET(arch));
		jump(f, BPF_JEQ, ia32 ? AUDIT_ARCH_I386 : AUDIT_ARCH_X86_64, 0,
		     3 + 2 * by_nr);
	}
	if (by_nr) {
		load(f, OFFSET(nr));
		jump(f, BPF_JEQ, ia32 ? ia32_nr[deed] : native_nr[deed], 0, 3);
	}
	load(f, OFFSET_WORD(8 + rng_below(r, 4)));
	jump(f, op, high ? 0xf8000000 : 1 + rng_below(r, 8), 0, 1);
	ret(f, action_of(say, random_data(r)));
}

static void random_filter(struct weak_filter *f, int i, struct rng *r)
{
	int rules = rng_below(r, 3), say;

	only_deeds(f);
	while (rules--)
		random_rule(f, r);
	load(f, OFFSET_WORD(2 * 3));
	add(f, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_RSH | BPF_K,
					    SELECT_BITS * i));
	add(f, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K,
					    SELECT_MASK));
	for (say = 0; say < SAYS; say++) {
		jump(f, BPF_JEQ, say, 0, 1);
		ret(f, action_of(say, random_data(r)));
	}
	ret(f, SECCOMP_RET_ALLOW);
}

/* Chains */

/* How the listeners of a chain are. */
enum listeners { KIND_STOCK, KIND_NESTED, KIND_IMPLICIT, KIND_MIXED, KINDS };

static void random_listener(struct weak_filter *f, enum listeners kind,
			    struct rng *r)
{
	switch (kind) {
	case KIND_NESTED:
		if (rng_below(r, 4))
			f->flags |= rng_below(r, 5) ? NESTABLE : NEW_LISTENER;
		break;
	case KIND_IMPLICIT:
		f->implicit = rng_below(r, 4);
		if (rng_below(r, 4))
			f->flags |= rng_below(r, 3) ? NEW_LISTENER : NESTABLE;
		break;
	default:
		f->implicit = rng_one_in(r, 8);
		if (rng_one_in(r, 2))
			f->flags |= rng_one_in(r, 2) ? NESTABLE : NEW_LISTENER;
	}
}

static void random_flags(struct weak_chain *c, struct rng *r, uint64_t features)
{
	enum listeners kind = rng_below(r, KINDS);
	bool sequential = features & SECCOMP_OVERLAY_SEQUENTIAL &&
			  rng_one_in(r, 2);
	int only = rng_below(r, c->n + 1), i;

	for (i = 0; i < c->n; i++) {
		struct weak_filter *f = &c->f[i];

		if (kind == KIND_STOCK)
			f->flags |= i == only ? NEW_LISTENER : 0;
		else
			random_listener(f, kind, r);
		if (sequential && rng_below(r, 4))
			f->flags |= SEQUENTIAL;
		if (rng_one_in(r, 4))
			f->flags |= SECCOMP_FILTER_FLAG_SPEC_ALLOW;
		if (!(features & SECCOMP_OVERLAY_IMPLICIT))
			f->implicit = false;
		if (features & WEAK_KILLABLE && f->flags & NEW_LISTENER &&
		    rng_one_in(r, 4))
			f->flags |= KILLABLE;
	}
}

void weak_plan(struct weak_plan *p, struct rng *r, uint64_t features)
{
	struct weak_chain *c = &p->chain;
	int i;

	memset(p, 0, sizeof(*p));
	c->n = 1 + rng_below(r, WEAK_FILTERS);
	for (i = 0; i < c->n; i++)
		random_filter(&c->f[i], i, r);
	random_flags(c, r, features);
	c->traced = rng_below(r, 5) < 2;
	p->held = rng_one_in(r, 3) ? c->n : (int)rng_below(r, c->n + 1);
	c->mortal = p->held && rng_one_in(r, 3) ? (int)rng_below(r, p->held) :
						  -1;
	p->cloned = p->held && features & SECCOMP_OVERLAY_CLONE &&
		    rng_one_in(r, 3);
	p->stem = p->cloned ? rng_below(r, p->held) : 0;
	p->executes = rng_one_in(r, 5);
	p->threaded = rng_one_in(r, 3);
	p->synced = p->threaded && rng_one_in(r, 2);
	for (i = 0; i < c->n; i++)
		p->add_at[i] = !i || rng_one_in(r, 2) ? 0 : rng_below(r, 8);
	for (i = 1; i < c->n; i++)
		if (p->add_at[i] < p->add_at[i - 1])
			p->add_at[i] = p->add_at[i - 1];
	p->strict_at = features & SECCOMP_OVERLAY_STRICT && rng_one_in(r, 5) ?
			       1 + (int)rng_below(r, 6) : -1;
}

void weak_plan_stock(struct weak_plan *p, struct rng *r)
{
	int only = rng_below(r, p->chain.n), i;

	for (i = 0; i < p->chain.n; i++) {
		struct weak_filter *f = &p->chain.f[i];

		f->flags &= SECCOMP_FILTER_FLAG_SPEC_ALLOW;
		f->flags |= i == only ? NEW_LISTENER : 0;
		f->implicit = false;
	}
	p->cloned = false;
	p->strict_at = -1;
}

/* Calls */

static void random_mode(struct weak_call *call, struct rng *r,
			const struct weak_modes *modes)
{
	call->mode = WEAK_NATIVE;
	if (modes->ia32 && rng_one_in(r, 4))
		call->mode = WEAK_IA32;
	else if (modes->x32 && rng_one_in(r, 6))
		call->mode = WEAK_X32;
}

static void random_deed(struct weak_call *call, int slot, bool strict,
			struct rng *r)
{
	uint64_t *arg = (uint64_t *)call->d.args;
	enum weak_deed deed = rng_below(r, DEEDS);

	if (strict && rng_below(r, 6))
		deed = rng_one_in(r, 2) ? DEED_READ : DEED_WRITE;
	call->d.nr = call->mode == WEAK_IA32 ? ia32_nr[deed] : native_nr[deed];
	if (call->mode == WEAK_X32)
		call->d.nr |= X32_BIT;
	switch (deed) {
	case DEED_READ:
	case DEED_WRITE:
		arg[0] = deed == DEED_READ ? IN_FD : OUT_FD;
		arg[1] = WEAK_WORD(slot, deed == DEED_READ ? WORD_READ :
							     WORD_ID);
		arg[2] = 4;
		break;
	case DEED_SEEK:
	case DEED_TRUNCATE:
		arg[0] = SLOT_FD + slot;
		arg[1] = 0x1000000 + rng_below(r, 0x100000);
		arg[2] = 0;
		break;
	case DEED_GETRESUID:
		arg[0] = WEAK_WORD(slot, WORD_IDS);
		arg[1] = arg[0] + 4;
		arg[2] = arg[0] + 8;
		break;
	default:
		break;
	}
}

/* Mostly what rules may compare to. */
static uint64_t random_arg(struct rng *r, enum weak_mode mode)
{
	uint64_t v = rng_below(r, 10);

	if (rng_one_in(r, 8))
		v |= 0xf8000000;
	if (mode != WEAK_IA32 && rng_one_in(r, 3))
		v |= (uint64_t)rng_below(r, 10) << 32;
	return v;
}

void weak_call(struct weak_call *call, int slot, const struct weak_chain *c,
	       struct rng *r, const struct weak_modes *modes)
{
	memset(call, 0, sizeof(*call));
	call->seed = (uint64_t)rng_next(r) << 32 | rng_next(r);
	random_mode(call, r, modes);
	random_deed(call, slot, c->strict, r);
	call->d.arch = call->mode == WEAK_IA32 ? AUDIT_ARCH_I386 :
						 AUDIT_ARCH_X86_64;
	call->d.args[3] = random_select(r, c, c->n);
	call->d.args[4] = random_arg(r, call->mode);
	call->d.args[5] = random_arg(r, call->mode);
}

/* Supervisors */

static void answer_redirect(struct weak_answer *a, const struct weak_call *call,
			    const struct seccomp_data *d,
			    const struct weak_chain *c, int filter,
			    struct rng *r)
{
	a->reply = REPLY_REDIRECT;
	a->arg[3] = random_select(r, c, 1 + rng_below(r, filter + 1));
	a->arg[4] = random_arg(r, call->mode);
	a->arg[5] = random_arg(r, call->mode);
	a->mask = rng_below(r, 8) << 3;
	if (rng_one_in(r, 2))
		return;
	switch (weak_deed(d)) {
	case DEED_READ:
		a->mask |= 1U << 1;
		a->arg[1] = d->args[1] | OTHER_WORD;
		break;
	case DEED_WRITE:
		a->mask |= 3;
		a->arg[0] = OUT_FD + rng_below(r, 2);
		a->arg[1] = d->args[1] | OTHER_WORD;
		break;
	case DEED_SEEK:
	case DEED_TRUNCATE:
		a->mask |= 1U << 1;
		a->arg[1] = 0x2000000 + rng_below(r, 0x100000);
		break;
	default:
		break;
	}
}

void weak_answer(const struct weak_call *call, const struct seccomp_data *d,
		 const struct weak_chain *c, int filter, int ordinal,
		 struct weak_answer *a)
{
	struct rng r = rng_of(call->seed, ordinal);
	uint32_t which = rng_below(&r, 200);

	memset(a, 0, sizeof(*a));
	a->reply = REPLY_CONTINUE;
	if (which < 20) {
		a->reply = REPLY_VALUE;
		a->value = 6000 + rng_below(&r, 1000);
	} else if (which < 40) {
		a->reply = REPLY_ERROR;
		a->value = -(1 + (long)rng_below(&r, 300));
	} else if (which < 100) {
		answer_redirect(a, call, d, c, filter, &r);
	} else if (which < 101 || (which < 106 && filter == c->mortal)) {
		a->reply = REPLY_CLOSE;
	} else if (which == 199 && filter != c->mortal) {
		a->other = rng_below(&r, WEAK_FILTERS);
		if (a->other < c->n && a->other != filter &&
		    a->other != c->mortal)
			a->reply = REPLY_CLOSE_OTHER;
	}
}

/* The tracer */

void weak_edit(const struct weak_call *call, const struct weak_chain *c,
	       struct weak_edit *e)
{
	struct rng r = rng_of(call->seed, 1000);
	uint32_t which = rng_below(&r, 10);

	memset(e, 0, sizeof(*e));
	if (which < 5) {
		e->kind = EDIT_ARG;
		e->value = random_select(&r, c, WEAK_FILTERS);
	} else if (which < 6) {
		e->kind = EDIT_NR;
		e->value = call->mode == WEAK_IA32 ? ia32_nr[DEED_GETPPID] :
						     native_nr[DEED_GETPPID];
		if (call->mode == WEAK_X32)
			e->value |= X32_BIT;
	} else if (which < 7) {
		e->kind = EDIT_SKIP;
		e->value = 5000 + rng_below(&r, 100);
	}
}

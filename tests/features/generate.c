// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "generate.h"

struct rng rng_of(uint64_t seed, uint64_t number)
{
	struct rng r = { .state = seed * 0x9e3779b97f4a7c15 + number };

	rng_next(&r);
	rng_next(&r);
	return r;
}

/* splitmix64 */
uint32_t rng_next(struct rng *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (z ^ z >> 31) >> 16;
}

uint32_t rng_below(struct rng *r, uint32_t n)
{
	return rng_next(r) % n;
}

bool rng_one_in(struct rng *r, uint32_t n)
{
	return !rng_below(r, n);
}

uint64_t gen_seed(void)
{
	const char *text = getenv("OVERLAY_TEST_SEED");
	struct timespec t;

	if (text && *text)
		return strtoull(text, NULL, 0);
	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec << 20 ^ t.tv_nsec;
}

unsigned int gen_count(unsigned int n)
{
	const char *text = getenv("OVERLAY_TEST_CALLS");

	return text && *text ? strtoul(text, NULL, 0) : scaled(n);
}

/*
 * Calls whose result is the same in both runs, that change nothing, and that
 * the caller itself does not need. Some exist nowhere, some only on newer
 * kernels, and uretprobe and uprobe are exempt there.
 */
static const int native_nr[] = {
	SYS_getppid, SYS_getuid, SYS_getgid, SYS_geteuid, SYS_getegid,
	SYS_getpgrp, SYS_getsid, 335, 336, 900,
};

static const int ia32_nr[] = { IA32_getppid, 199, 200, 201, 202, 65, 900 };

long gen_nr(struct rng *r, int mode)
{
	if (mode == GEN_IA32)
		return ia32_nr[rng_below(r, ARRAY_SIZE(ia32_nr))];
	if (rng_one_in(r, 12))
		return X32_BIT | native_nr[rng_below(r, 5)];
	if (rng_one_in(r, 100))
		return -1;
	return native_nr[rng_below(r, ARRAY_SIZE(native_nr))];
}

/* ASKS: may this filter ask? */
static uint32_t gen_action(struct rng *r, bool asks)
{
	uint32_t data = rng_next(r) & 0xffff;
	uint32_t which = rng_below(r, 100);

	if (rng_one_in(r, 2))
		data &= 0xff;
	if (which < 25)
		return SECCOMP_RET_ALLOW | data;
	if (which < 40)
		return SECCOMP_RET_LOG | data;
	if (which < 60)
		return SECCOMP_RET_ERRNO | data;
	if (which < 70)
		return SECCOMP_RET_TRAP | data;
	if (which < 85)
		return SECCOMP_RET_TRACE | data;
	if (which < 95)
		return (asks ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_LOG) | data;
	if (which < 97)
		return SECCOMP_RET_KILL_THREAD | data;
	if (which < 99)
		return SECCOMP_RET_KILL_PROCESS | data;
	/* Actions that no kernel knows. */
	return (rng_one_in(r, 2) ? 0x7ff80000 : 0x00010000) | data;
}

/*
 * A filter further out than the listener does not ask: that CONTINUE is not
 * the end there is where overlay chains differ from stock.
 */
static bool may_ask(const struct gen_chain *c, int i)
{
	return i >= c->listener;
}

static void add(struct gen_filter *f, struct sock_filter insn)
{
	NEED(f->len < GEN_INSNS);
	f->insn[f->len++] = insn;
}

static void load(struct gen_filter *f, uint32_t offset)
{
	add(f, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset));
}

static void jump(struct gen_filter *f, int op, uint32_t value, int yes, int no)
{
	add(f, (struct sock_filter)BPF_JUMP(BPF_JMP | op | BPF_K, value, yes,
					    no));
}

static void ret(struct gen_filter *f, uint32_t action)
{
	add(f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

/* What the caller needs in order to take commands and to report. */
static void gen_harness(struct gen_filter *f)
{
	static const int nr[] = { SYS_read, SYS_write, SYS_rt_sigreturn,
				  SYS_seccomp, SYS_exit, SYS_exit_group,
				  SYS_close, SYS_gettid };
	int n = ARRAY_SIZE(nr), i;

	load(f, offsetof(struct seccomp_data, arch));
	jump(f, BPF_JEQ, AUDIT_ARCH_X86_64, 0, n + 2);
	load(f, offsetof(struct seccomp_data, nr));
	for (i = 0; i < n; i++)
		jump(f, BPF_JEQ, nr[i], n - 1 - i, i == n - 1);
	ret(f, SECCOMP_RET_ALLOW);
}

static void gen_rule(struct gen_filter *f, const struct gen_chain *c, int i,
		     struct rng *r, bool ia32)
{
	static const int ops[] = { BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET };
	int mode = ia32 && rng_one_in(r, 3) ? GEN_IA32 : GEN_NATIVE;
	bool by_arch = rng_one_in(r, 2);
	int tail = 3 + 2 * by_arch;

	load(f, offsetof(struct seccomp_data, nr));
	jump(f, BPF_JEQ, gen_nr(r, mode), 0, tail);
	if (by_arch) {
		load(f, offsetof(struct seccomp_data, arch));
		jump(f, BPF_JEQ, mode == GEN_IA32 ? AUDIT_ARCH_I386 :
		     AUDIT_ARCH_X86_64, 0, 3);
	}
	load(f, offsetof(struct seccomp_data, args) + 4 * rng_below(r, 10));
	jump(f, ops[rng_below(r, 4)], rng_one_in(r, 2) ? 0x7fff0000 :
	     rng_next(r), rng_one_in(r, 2), 0);
	f->insn[f->len - 1].jf = !f->insn[f->len - 1].jt;
	ret(f, gen_action(r, may_ask(c, i)));
}

/* Filter I answers with word I of the arguments, for one number or all. */
static void gen_obedience(struct gen_filter *f, int i, struct rng *r)
{
	uint32_t word = i < LOW_LAYERS ? 2 * i : 2 * (i - LOW_LAYERS) + 1;

	load(f, offsetof(struct seccomp_data, nr));
	/* Only the first five arguments are a 32-bit caller's to choose. */
	if (i > 4 || rng_one_in(r, 2))
		jump(f, BPF_JEQ, rng_one_in(r, 2) ? SYS_getppid : SYS_getuid, 0,
		     2);
	else
		jump(f, BPF_JEQ, SYS_geteuid, 2, 0);
	load(f, offsetof(struct seccomp_data, args) + 4 * word);
	add(f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_A, 0));
}

static void gen_filter(struct gen_chain *c, int i, struct rng *r, bool ia32)
{
	struct gen_filter *f = &c->f[i];
	int rules = rng_below(r, 5);

	gen_harness(f);
	while (rules--)
		gen_rule(f, c, i, r, ia32);
	if (i == c->listener || !rng_one_in(r, 3))
		gen_obedience(f, i, r);
	ret(f, rng_one_in(r, 8) ? SECCOMP_RET_LOG : SECCOMP_RET_ALLOW);
	if (rng_one_in(r, 2))
		f->flags |= SECCOMP_FILTER_FLAG_LOG;
	if (rng_one_in(r, 4))
		f->flags |= SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	if (i == c->listener)
		f->flags |= NEW_LISTENER;
}

void gen_chain(struct gen_chain *c, struct rng *r, bool ia32)
{
	int i;

	memset(c, 0, sizeof(*c));
	c->n = 1 + rng_below(r, GEN_FILTERS);
	c->listener = rng_one_in(r, 2) ? (int)rng_below(r, c->n) : -1;
	c->traced = rng_one_in(r, 2);
	c->threaded = rng_one_in(r, 3);
	c->cores = rng_one_in(r, 4);
	for (i = 0; i < c->n; i++)
		gen_filter(c, i, r, ia32);
}

static void set_word(struct gen_call *call, int i, uint32_t word)
{
	if (i < LOW_LAYERS)
		call->arg[i] |= word;
	else
		call->arg[i - LOW_LAYERS] |= (unsigned long)word << 32;
}

void gen_call(struct gen_call *call, const struct gen_chain *c, struct rng *r,
	      bool ia32)
{
	int busy = rng_below(r, 4), i;

	memset(call, 0, sizeof(*call));
	call->seed = rng_next(r);
	call->mode = ia32 && rng_one_in(r, 4) ? GEN_IA32 : GEN_NATIVE;
	call->nr = gen_nr(r, call->mode);
	/* Few of many filters object, or the strictest would always win. */
	for (i = 0; i < GEN_FILTERS; i++) {
		bool objects = i < c->n && busy && rng_one_in(r, c->n);
		uint32_t word = SECCOMP_RET_ALLOW;

		if (objects)
			word = gen_action(r, may_ask(c, i));
		if (c->traced && rng_one_in(r, 4 * c->n))
			word = SECCOMP_RET_TRACE | rng_below(r, 0x10000);
		if (i == c->listener && rng_one_in(r, 3))
			word = SECCOMP_RET_USER_NOTIF;
		set_word(call, i, word);
		busy -= objects;
	}
}

long gen_install(const struct gen_filter *f)
{
	struct sock_fprog p = { .len = f->len,
				.filter = (struct sock_filter *)f->insn };

	return raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, f->flags, &p);
}

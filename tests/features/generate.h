/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random chains and calls for the differential test, and the dice of others. All
 * of it follows from a seed.
 */
#ifndef OVERLAY_TEST_GENERATE_H
#define OVERLAY_TEST_GENERATE_H

#include "nest.h"

struct rng {
	uint64_t state;
};

struct rng rng_of(uint64_t seed, uint64_t number);
uint32_t rng_next(struct rng *r);
/* Below N. */
uint32_t rng_below(struct rng *r, uint32_t n);
bool rng_one_in(struct rng *r, uint32_t n);

/* OVERLAY_TEST_SEED, or one that was never there before. */
uint64_t gen_seed(void);
/* OVERLAY_TEST_CALLS, or N of the full test, scaled. */
unsigned int gen_count(unsigned int n);

#define GEN_FILTERS 8
#define GEN_INSNS 96

struct gen_filter {
	unsigned long flags;
	unsigned short len;
	struct sock_filter insn[GEN_INSNS];
};

struct gen_chain {
	int n;
	int listener;		/* the filter that has one, or -1 */
	bool traced;
	bool threaded;		/* the caller is not the leader */
	bool cores;
	struct gen_filter f[GEN_FILTERS];	/* outermost first */
};

enum gen_mode { GEN_NATIVE, GEN_IA32 };

struct gen_call {
	uint64_t seed;		/* of what tracer and supervisor do */
	int mode;
	long nr;
	long arg[6];
};

void gen_chain(struct gen_chain *c, struct rng *r, bool ia32);
void gen_call(struct gen_call *call, const struct gen_chain *c, struct rng *r,
	      bool ia32);
/* One of the numbers that calls are made of. */
long gen_nr(struct rng *r, int mode);

long gen_install(const struct gen_filter *f);

#endif

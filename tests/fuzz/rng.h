/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef OVERLAY_FUZZ_RNG_H
#define OVERLAY_FUZZ_RNG_H

#include <stdbool.h>
#include <stdint.h>

struct rng {
	uint64_t state;
};

/* splitmix64 */
static inline uint64_t rng_next(struct rng *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static inline uint32_t rng_below(struct rng *r, uint32_t n)
{
	return (rng_next(r) >> 16) % n;
}

static inline bool rng_one_in(struct rng *r, uint32_t n)
{
	return !rng_below(r, n);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Figures: medians of many samples, and their spread.
 */
#ifndef OVERLAY_BENCH_MEASURE_H
#define OVERLAY_BENCH_MEASURE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <x86intrin.h>

#define SAMPLES 41

struct samples {
	double of[SAMPLES];
	unsigned int n;
};

struct figure {
	double median;
	double low;			/* of ten samples one is lower */
	double high;			/* and one is higher */
	unsigned int n;
};

/*
 * Where an emulator counts instructions, the time stamp counter is that count.
 * Otherwise nanoseconds.
 */
extern bool count_instructions;

static inline uint64_t now(void)
{
	struct timespec t;

	if (count_instructions)
		return __rdtsc();
	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* COUNT calls of the same kind, and what one of them costs. */
void sample_calls(struct samples *s, long nr, long arg, unsigned int count);
void sample_add(struct samples *s, double value);
struct figure figure_of(struct samples *s);

#endif

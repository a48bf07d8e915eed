// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <stdlib.h>

#include "kit.h"
#include "measure.h"

bool count_instructions;

static uint64_t time_calls(long nr, long arg, unsigned int count)
{
	uint64_t start = now();

	while (count--)
		raw6(nr, arg, 0, 0, 0, 0, 0);
	return now() - start;
}

/* The loop alone. */
static uint64_t time_nothing(unsigned int count)
{
	uint64_t start = now();

	while (count--)
		__asm__ volatile("" : : : "memory");
	return now() - start;
}

void sample_calls(struct samples *s, long nr, long arg, unsigned int count)
{
	double nothing = time_nothing(count);

	sample_add(s, (time_calls(nr, arg, count) - nothing) / count);
}

void sample_add(struct samples *s, double value)
{
	NEED(s->n < SAMPLES);
	s->of[s->n++] = value;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct figure figure_of(struct samples *s)
{
	NEED(s->n);
	qsort(s->of, s->n, sizeof(s->of[0]), by_size);
	return (struct figure){
		.median = s->of[s->n / 2],
		.low = s->of[s->n / 10],
		.high = s->of[s->n - 1 - s->n / 10],
		.n = s->n,
	};
}

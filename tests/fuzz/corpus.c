// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <err.h>
#include <sys/mman.h>

#include "corpus.h"

#define CORPUS_MAX 8192

static struct program *programs;
static unsigned int n;

void corpus_open(void)
{
	size_t size = CORPUS_MAX * sizeof(*programs);

	programs = mmap(NULL, size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (programs == MAP_FAILED)
		err(2, "memory for programs");
	/* A box is quicker to make without. */
	madvise(programs, size, MADV_DONTFORK);
}

void corpus_add(const struct program *p)
{
	if (n < CORPUS_MAX)
		programs[n++] = *p;
}

unsigned int corpus_size(void)
{
	return n;
}

const struct program *corpus_draw(struct rng *r)
{
	unsigned int last = n / 8 + 1;

	if (!n)
		return NULL;
	if (rng_one_in(r, 2))
		return &programs[n - 1 - rng_below(r, last < n ? last : n)];
	return &programs[rng_below(r, n)];
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs that have reached something new. */
#ifndef OVERLAY_FUZZ_CORPUS_H
#define OVERLAY_FUZZ_CORPUS_H

#include "program.h"
#include "rng.h"

void corpus_open(void);
void corpus_add(const struct program *p);
unsigned int corpus_size(void);
/* One of them, more often one of the last; NULL if there is none. */
const struct program *corpus_draw(struct rng *r);

#endif

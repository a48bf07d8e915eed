/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef OVERLAY_FUZZ_GENERATE_H
#define OVERLAY_FUZZ_GENERATE_H

#include "program.h"
#include "rng.h"

/* A new program, of some scenes and of operations at random. */
void generate(struct program *p, struct rng *r);
/* Change it a little; DONOR is another one, from which it may take a part. */
void mutate(struct program *p, struct rng *r, const struct program *donor);
/* Scenes, one after another at its end, as long as there is room. */
void play_scene(struct program *p, struct rng *r);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the module must know of a kernel before it loads, asked of that
 * kernel's BTF and symbols without loading anything.
 */
#ifndef OVERLAY_SECCOMP_FACTS_H
#define OVERLAY_SECCOMP_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#include "command.h"

struct btf;

/* Two forms of seccomp: see enum kernel_age in the module. */
enum age { AGE_ANY, AGE_OLD, AGE_NEW };

/**
 * struct facts - what is known of a kernel
 * @btf: its types
 * @age: AGE_OLD or AGE_NEW; filled
 * @running: it is the running one, so that /proc/kallsyms is its own
 * @native: SECCOMP_OVERLAY_* that it has by itself; filled
 * @missing: why the module would refuse to load, a line each; filled
 * @missing_count: 0 if it would load; filled
 */
struct facts {
	const struct btf	*btf;
	enum age		age;
	bool			running;
	__u64			native;
	char			**missing;
	size_t			missing_count;
};

int facts_learn(struct facts *facts);
void facts_free(struct facts *facts);
__printf(2, 3) void facts_miss(struct facts *facts, const char *fmt, ...);

/* Of the running kernel: which of the names are not there exactly once. */
struct symbol {
	const char	*name;
	bool		numbered;	/* the compiler appends a number */
	bool		hooked;		/* no copy of it may stand beside it */
	unsigned int	count;
};

int symbols_count(struct symbol *symbols, size_t count);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Look-ups in BTF by name, as module/kernel/btf.c makes them.
 */
#ifndef OVERLAY_SECCOMP_TYPES_H
#define OVERLAY_SECCOMP_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <bpf/btf.h>

/* Longest type as text, as in the module. */
#define TYPE_TEXT_MAX 192

int types_find(const struct btf *btf, const char *name, __u32 kind);
const struct btf_type *types_resolve(const struct btf *btf, __u32 id);
const struct btf_member *types_member(const struct btf *btf, __u32 id,
				      const char *name);
bool types_has_enumerator(const struct btf *btf, __u32 id, const char *name);
bool types_has_padding_after(const struct btf *btf, __u32 id,
			     const char *name);
/* Were there more types to look at than a kernel has? Then all else is void. */
bool types_exhausted(void);
int types_describe(const struct btf *btf, __u32 id, char *buf, size_t size);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libbpf, also that of bullseye, 0.3: it lacks what later kinds of types need,
 * and returns errors as pointers.
 */
#ifndef OVERLAY_SECCOMP_LIBBPF_H
#define OVERLAY_SECCOMP_LIBBPF_H

#include <stdbool.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

/* Of 0.6 and later. */
#ifndef LIBBPF_MAJOR_VERSION
enum {
	BTF_KIND_TYPE_TAG	= 18,
	BTF_KIND_ENUM64		= 19,
};

static inline __u32 btf__type_cnt(const struct btf *btf)
{
	return btf__get_nr_types(btf) + 1;
}

static inline bool btf_is_type_tag(const struct btf_type *t)
{
	return btf_kind(t) == BTF_KIND_TYPE_TAG;
}
#endif

#endif

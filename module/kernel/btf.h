/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The running kernel's own type information, read in place.
 */
#ifndef OVERLAY_KERNEL_BTF_H
#define OVERLAY_KERNEL_BTF_H

#include <linux/types.h>

/**
 * struct kbtf_view - an open BTF blob
 * @types: the first type's header
 * @types_len: bytes of the type section
 * @strings: the string section, which ends in a NUL
 * @strings_len: bytes of it
 * @offset: of each type's header from @types, by type id; id 0 is void
 * @count: number of ids, void included
 */
struct kbtf_view {
	const void	*types;
	u32		types_len;
	const char	*strings;
	u32		strings_len;
	u32		*offset;
	u32		count;
};

/**
 * struct kbtf_field - one member of a struct
 * @type: its type id
 * @offset: in bytes from the start of the outermost struct
 * @size: in bytes
 */
struct kbtf_field {
	u32	type;
	u32	offset;
	u32	size;
};

int kbtf_open(struct kbtf_view *btf, const void *start, const void *stop);
void kbtf_close(struct kbtf_view *btf);

int kbtf_find_struct(const struct kbtf_view *btf, const char *name);
int kbtf_find_func(const struct kbtf_view *btf, const char *name);
int kbtf_pointee(const struct kbtf_view *btf, u32 id);
int kbtf_size(const struct kbtf_view *btf, u32 id);
int kbtf_find_field(const struct kbtf_view *btf, u32 id, const char *name,
		    struct kbtf_field *field);
int kbtf_enum_value(const struct kbtf_view *btf, u32 id, const char *name,
		    u32 *value);
bool kbtf_covers(const struct kbtf_view *btf, u32 id, u32 byte);
int kbtf_describe(const struct kbtf_view *btf, u32 id, char *buf, size_t size);

#endif

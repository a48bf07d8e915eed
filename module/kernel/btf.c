// SPDX-License-Identifier: GPL-2.0
/*
 * A reader of the kernel's BTF, made for loading: it walks the blob once to
 * learn where each type starts, and trusts nothing in it. Every look-up that
 * finds something malformed, unknown or ambiguous fails, and the caller
 * refuses to load.
 *
 * Types are compared by what they say, not by their ids: kbtf_describe() turns
 * one into text such as "int(int, const struct seccomp_data *, bool)", and
 * the tables in calls.c and layout.c hold such text.
 */
#include <linux/bpf.h>
#include <linux/seq_file.h>
#include <linux/btf.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/stddef.h>
#include <linux/string.h>

#include "btf.h"
#include "refuse.h"

/* Deep enough for any type in the tables, shallow enough for the stack. */
#define MAX_DEPTH 16

/* As in the format's first version; newer headers say more behind it. */
#define HEADER_MIN offsetofend(struct btf_header, str_len)

/* Newer than the oldest headers that this is built with. */
enum {
	KIND_FLOAT	= 16,
	KIND_DECL_TAG	= 17,
	KIND_TYPE_TAG	= 18,
	KIND_ENUM64	= 19,
};

/* What follows a type's header: a fixed part, and a part per element. */
static const struct {
	u8 fixed;
	u8 each;
} trailer[] = {
	[BTF_KIND_INT]		= { .fixed = 4 },
	[BTF_KIND_PTR]		= { },
	[BTF_KIND_ARRAY]	= { .fixed = sizeof(struct btf_array) },
	[BTF_KIND_STRUCT]	= { .each = sizeof(struct btf_member) },
	[BTF_KIND_UNION]	= { .each = sizeof(struct btf_member) },
	[BTF_KIND_ENUM]		= { .each = sizeof(struct btf_enum) },
	[BTF_KIND_FUNC_PROTO]	= { .each = sizeof(struct btf_param) },
	[BTF_KIND_VAR]		= { .fixed = sizeof(struct btf_var) },
	[BTF_KIND_DATASEC]	= { .each = sizeof(struct btf_var_secinfo) },
	[KIND_FLOAT]		= { },
	[KIND_DECL_TAG]		= { .fixed = 4 },
	[KIND_TYPE_TAG]		= { },
	[KIND_ENUM64]		= { .each = 12 },
};

static const struct btf_type *kbtf_type(const struct kbtf_view *btf, u32 id)
{
	if (!id || id >= btf->count)
		return NULL;
	return btf->types + btf->offset[id];
}

static const char *kbtf_name(const struct kbtf_view *btf, u32 offset)
{
	return offset < btf->strings_len ? btf->strings + offset : "";
}

static u32 kbtf_kind(const struct btf_type *t)
{
	return BTF_INFO_KIND(t->info);
}

static const void *kbtf_trailer(const struct btf_type *t)
{
	return t + 1;
}

/* Bytes of the type at @t, of which @room are there; 0 if it is malformed. */
static u32 kbtf_type_len(const struct btf_type *t, u32 room)
{
	u32 kind, len;

	if (room < sizeof(*t))
		return 0;
	kind = kbtf_kind(t);
	/* Bits that no known kernel sets would change how to read the rest. */
	if (!kind || kind >= ARRAY_SIZE(trailer) || t->info & 0x60ff0000)
		return 0;
	len = sizeof(*t) + trailer[kind].fixed +
	      trailer[kind].each * BTF_INFO_VLEN(t->info);
	return len <= room ? len : 0;
}

static int kbtf_index(struct kbtf_view *btf)
{
	u32 at, len, id;

	for (at = 0, id = 1; at < btf->types_len; at += len, id++) {
		len = kbtf_type_len(btf->types + at, btf->types_len - at);
		if (!len)
			return refuse("type %u of the kernel's BTF is of an unknown form",
				      id);
		if (btf->offset)
			btf->offset[id] = at;
	}
	btf->count = id;
	return 0;
}

/**
 * kbtf_open() - check a BTF blob and index its types
 * @btf: filled
 * @start: first byte of the blob, which must stay in place
 * @stop: the byte after its last
 *
 * Return: 0, or a negative errno with the reason logged. On success,
 * kbtf_close() is due.
 */
int kbtf_open(struct kbtf_view *btf, const void *start, const void *stop)
{
	const struct btf_header *hdr = start;
	size_t len = stop - start;
	u32 types, strings;
	int err;

	memset(btf, 0, sizeof(*btf));
	if (len < HEADER_MIN || hdr->magic != BTF_MAGIC ||
	    hdr->version != BTF_VERSION || hdr->hdr_len < HEADER_MIN)
		return refuse("the kernel's BTF has an unknown header");
	if (check_add_overflow(hdr->hdr_len, hdr->type_off, &types) ||
	    check_add_overflow(hdr->hdr_len, hdr->str_off, &strings) ||
	    types > len || hdr->type_len > len - types ||
	    strings > len || hdr->str_len > len - strings || !hdr->str_len ||
	    *(const char *)(start + strings + hdr->str_len - 1))
		return refuse("the kernel's BTF is truncated");

	btf->types = start + types;
	btf->types_len = hdr->type_len;
	btf->strings = start + strings;
	btf->strings_len = hdr->str_len;

	err = kbtf_index(btf);
	if (err)
		return err;
	btf->offset = kvmalloc_array(btf->count, sizeof(*btf->offset),
				     GFP_KERNEL);
	if (!btf->offset)
		return -ENOMEM;
	return kbtf_index(btf);
}

/**
 * kbtf_close() - forget a blob
 * @btf: from kbtf_open(), whether that succeeded or not
 */
void kbtf_close(struct kbtf_view *btf)
{
	kvfree(btf->offset);
	btf->offset = NULL;
}

static int kbtf_find(const struct kbtf_view *btf, const char *name, u32 kind)
{
	const struct btf_type *t;
	u32 id, found = 0;

	for (id = 1; id < btf->count; id++) {
		t = kbtf_type(btf, id);
		if (kbtf_kind(t) != kind ||
		    strcmp(kbtf_name(btf, t->name_off), name))
			continue;
		if (found)
			return -EEXIST;
		found = id;
	}
	return found ? found : -ENOENT;
}

/**
 * kbtf_find_struct() - the id of a struct
 * @btf: open
 * @name: without "struct"
 *
 * Return: its id, -ENOENT, or -EEXIST if there are several.
 */
int kbtf_find_struct(const struct kbtf_view *btf, const char *name)
{
	return kbtf_find(btf, name, BTF_KIND_STRUCT);
}

/**
 * kbtf_find_func() - the id of a function's prototype
 * @btf: open
 * @name: of the function
 *
 * Return: the prototype's id, -ENOENT, or -EEXIST if there are several.
 */
int kbtf_find_func(const struct kbtf_view *btf, const char *name)
{
	int id = kbtf_find(btf, name, BTF_KIND_FUNC);

	return id < 0 ? id : (int)kbtf_type(btf, id)->type;
}

/* What lies behind typedefs, qualifiers and tags. */
static const struct btf_type *kbtf_resolve(const struct kbtf_view *btf, u32 id)
{
	const struct btf_type *t = kbtf_type(btf, id);
	int depth;

	for (depth = 0; t && depth < MAX_DEPTH; depth++) {
		switch (kbtf_kind(t)) {
		case BTF_KIND_TYPEDEF:
		case BTF_KIND_CONST:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_RESTRICT:
		case KIND_TYPE_TAG:
			t = kbtf_type(btf, t->type);
			break;
		default:
			return t;
		}
	}
	return NULL;
}

/**
 * kbtf_pointee() - what a pointer points to
 * @btf: open
 * @id: of the pointer
 *
 * Return: the id of the type it points to, or -EINVAL for no pointer.
 */
int kbtf_pointee(const struct kbtf_view *btf, u32 id)
{
	const struct btf_type *t = kbtf_resolve(btf, id);

	return t && kbtf_kind(t) == BTF_KIND_PTR ? (int)t->type : -EINVAL;
}

/**
 * kbtf_size() - bytes that a value of a type takes
 * @btf: open
 * @id: of the type
 *
 * Return: the size, or -EINVAL for a type without one.
 */
int kbtf_size(const struct kbtf_view *btf, u32 id)
{
	const struct btf_type *t = kbtf_resolve(btf, id);
	const struct btf_array *array;
	u32 factor = 1;
	u32 size;
	int depth;

	for (depth = 0; t && depth < MAX_DEPTH; depth++) {
		switch (kbtf_kind(t)) {
		case BTF_KIND_INT:
		case BTF_KIND_STRUCT:
		case BTF_KIND_UNION:
		case BTF_KIND_ENUM:
		case KIND_ENUM64:
			if (check_mul_overflow(factor, t->size, &size))
				return -EINVAL;
			return size;
		case BTF_KIND_PTR:
			if (check_mul_overflow(factor, (u32)sizeof(void *),
					       &size))
				return -EINVAL;
			return size;
		case BTF_KIND_ARRAY:
			array = kbtf_trailer(t);
			if (check_mul_overflow(factor, array->nelems, &factor))
				return -EINVAL;
			t = kbtf_resolve(btf, array->type);
			break;
		default:
			return -EINVAL;
		}
	}
	return -EINVAL;
}

static bool kbtf_is_composite(const struct btf_type *t)
{
	return kbtf_kind(t) == BTF_KIND_STRUCT || kbtf_kind(t) == BTF_KIND_UNION;
}

/* With kind_flag an offset also holds a bit-field's width: never ours. */
static int kbtf_member_byte(const struct btf_type *t, const struct btf_member *m)
{
	u32 bits = m->offset;

	if (BTF_INFO_KFLAG(t->info)) {
		if (BTF_MEMBER_BITFIELD_SIZE(m->offset))
			return -EINVAL;
		bits = BTF_MEMBER_BIT_OFFSET(m->offset);
	}
	return bits % BITS_PER_BYTE ? -EINVAL : (int)(bits / BITS_PER_BYTE);
}

static int find_field(const struct kbtf_view *btf, u32 id, const char *name,
		      u32 base, int depth, struct kbtf_field *field)
{
	const struct btf_type *t = kbtf_resolve(btf, id);
	const struct btf_member *m;
	int byte, err;
	u32 i;

	if (!t || !kbtf_is_composite(t) || depth > MAX_DEPTH)
		return -EINVAL;
	m = kbtf_trailer(t);
	for (i = 0; i < BTF_INFO_VLEN(t->info); i++, m++) {
		byte = kbtf_member_byte(t, m);
		if (!*kbtf_name(btf, m->name_off) && byte >= 0) {
			err = find_field(btf, m->type, name, base + byte,
					 depth + 1, field);
			if (!err)
				return 0;
			continue;
		}
		if (strcmp(kbtf_name(btf, m->name_off), name))
			continue;
		if (byte < 0)
			return byte;
		err = kbtf_size(btf, m->type);
		if (err < 0)
			return err;
		field->type = m->type;
		field->offset = base + byte;
		field->size = err;
		return 0;
	}
	return -ENOENT;
}

/**
 * kbtf_find_field() - a member of a struct, anonymous ones searched too
 * @btf: open
 * @id: of the struct
 * @name: of the member
 * @field: filled
 *
 * Return: 0, -ENOENT, or -EINVAL for a bit-field or a member without a size.
 */
int kbtf_find_field(const struct kbtf_view *btf, u32 id, const char *name,
		    struct kbtf_field *field)
{
	return find_field(btf, id, name, 0, 0, field);
}

/**
 * kbtf_enum_value() - the number behind a name
 * @btf: open
 * @id: of the enum
 * @name: of the enumerator
 * @value: filled
 *
 * Return: 0, -ENOENT, or -EINVAL for no enum.
 */
int kbtf_enum_value(const struct kbtf_view *btf, u32 id, const char *name,
		    u32 *value)
{
	const struct btf_type *t = kbtf_resolve(btf, id);
	const struct btf_enum *e;
	u32 i;

	if (!t || kbtf_kind(t) != BTF_KIND_ENUM)
		return -EINVAL;
	e = kbtf_trailer(t);
	for (i = 0; i < BTF_INFO_VLEN(t->info); i++, e++) {
		if (strcmp(kbtf_name(btf, e->name_off), name))
			continue;
		*value = e->val;
		return 0;
	}
	return -ENOENT;
}

/**
 * kbtf_covers() - does any member of a struct hold this byte?
 * @btf: open
 * @id: of the struct
 * @byte: offset from its start
 *
 * Return: false only if the byte is known to be padding.
 */
bool kbtf_covers(const struct kbtf_view *btf, u32 id, u32 byte)
{
	const struct btf_type *t = kbtf_resolve(btf, id);
	const struct btf_member *m;
	int start, size;
	u32 i;

	if (!t || kbtf_kind(t) != BTF_KIND_STRUCT || byte >= t->size)
		return true;
	m = kbtf_trailer(t);
	for (i = 0; i < BTF_INFO_VLEN(t->info); i++, m++) {
		start = kbtf_member_byte(t, m);
		size = kbtf_size(btf, m->type);
		if (start < 0 || size < 0 ||
		    (byte >= (u32)start && byte < (u32)start + size))
			return true;
	}
	return false;
}

/* Text that grows to the right, and never past its end. */
struct text {
	char	*buf;
	size_t	size;
	size_t	used;
};

static __printf(2, 3) void append(struct text *text, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	text->used += vscnprintf(text->buf + text->used,
				 text->size - text->used, fmt, args);
	va_end(args);
}

static int describe(const struct kbtf_view *btf, u32 id, int depth,
		    struct text *out);

static int describe_proto(const struct kbtf_view *btf, const struct btf_type *t,
			  int depth, struct text *out)
{
	const struct btf_param *param = kbtf_trailer(t);
	const struct btf_type *p;
	u32 i, id;
	int err;

	err = describe(btf, t->type, depth, out);
	append(out, "(");
	for (i = 0; !err && i < BTF_INFO_VLEN(t->info); i++, param++) {
		if (i)
			append(out, ", ");
		/* A parameter's own const is nothing to its callers. */
		id = param->type;
		p = kbtf_type(btf, id);
		if (p && kbtf_kind(p) == BTF_KIND_CONST)
			id = p->type;
		err = describe(btf, id, depth, out);
	}
	append(out, ")");
	return err;
}

static int describe(const struct kbtf_view *btf, u32 id, int depth,
		    struct text *out)
{
	const struct btf_type *t = kbtf_type(btf, id);
	const struct btf_array *array;
	const char *name;
	int err;

	if (!id) {
		append(out, "void");
		return 0;
	}
	if (!t || depth > MAX_DEPTH)
		return -EINVAL;
	name = kbtf_name(btf, t->name_off);

	switch (kbtf_kind(t)) {
	case BTF_KIND_INT:
	case BTF_KIND_TYPEDEF:
		append(out, "%s", name);
		return 0;
	case BTF_KIND_STRUCT:
		append(out, "struct %s", name);
		return 0;
	case BTF_KIND_UNION:
		append(out, "union %s", name);
		return 0;
	case BTF_KIND_FWD:
		append(out, "%s %s", BTF_INFO_KFLAG(t->info) ? "union" :
		       "struct", name);
		return 0;
	case BTF_KIND_ENUM:
	case KIND_ENUM64:
		append(out, "enum %s", name);
		return 0;
	case BTF_KIND_CONST:
		append(out, "const ");
		return describe(btf, t->type, depth + 1, out);
	case KIND_TYPE_TAG:
		return describe(btf, t->type, depth + 1, out);
	case BTF_KIND_PTR:
		err = describe(btf, t->type, depth + 1, out);
		append(out, " *");
		return err;
	case BTF_KIND_ARRAY:
		array = kbtf_trailer(t);
		err = describe(btf, array->type, depth + 1, out);
		append(out, "[%u]", array->nelems);
		return err;
	case BTF_KIND_FUNC_PROTO:
		return describe_proto(btf, t, depth + 1, out);
	default:
		return -EINVAL;
	}
}

/**
 * kbtf_describe() - a type as text
 * @btf: open
 * @id: of the type
 * @buf: filled, always ends in a NUL
 * @size: of @buf in bytes
 *
 * A pointer to a function is written as the prototype and a star behind it;
 * tags such as __user do not show.
 *
 * Return: 0, or -EINVAL for a type that no table of ours can name.
 */
int kbtf_describe(const struct kbtf_view *btf, u32 id, char *buf, size_t size)
{
	struct text out = { .buf = buf, .size = size };

	*buf = '\0';
	return describe(btf, id, 0, &out);
}

// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "libbpf.h"
#include "types.h"

/* As in the module: a file may be damaged, and refer to itself. */
#define MAX_DEPTH 16

/* Of all look-ups together; those of a real kernel take some 400. */
#define MAX_STEPS 100000

static unsigned int steps;

/* Depth alone bounds nothing where each type refers to many. */
static bool may_step(void)
{
	return steps < MAX_STEPS && ++steps;
}

bool types_exhausted(void)
{
	return steps == MAX_STEPS;
}

static const char *name_of(const struct btf *btf, __u32 offset)
{
	const char *name = btf__name_by_offset(btf, offset);

	return name ? name : "";
}

/* The id of the one type of that kind and name; -ENOENT, -EEXIST. */
int types_find(const struct btf *btf, const char *name, __u32 kind)
{
	__u32 count = btf__type_cnt(btf);
	const struct btf_type *t;
	int found = -ENOENT;
	__u32 id;

	for (id = 1; id < count; id++) {
		t = btf__type_by_id(btf, id);
		if (btf_kind(t) != kind ||
		    strcmp(name_of(btf, t->name_off), name))
			continue;
		if (found > 0)
			return -EEXIST;
		found = id;
	}
	return found;
}

/* What lies behind typedefs, qualifiers and tags. */
const struct btf_type *types_resolve(const struct btf *btf, __u32 id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);
	int depth;

	for (depth = 0; t && depth < MAX_DEPTH; depth++) {
		if (!btf_is_mod(t) && !btf_is_typedef(t) && !btf_is_type_tag(t))
			return t;
		t = btf__type_by_id(btf, t->type);
	}
	return NULL;
}

static const struct btf_member *member(const struct btf *btf, __u32 id,
				       const char *name, int depth)
{
	const struct btf_type *t = types_resolve(btf, id);
	const struct btf_member *m, *inner;
	int i;

	if (!t || !btf_is_composite(t) || depth > MAX_DEPTH)
		return NULL;
	m = btf_members(t);
	for (i = 0; i < btf_vlen(t) && may_step(); i++, m++) {
		if (!strcmp(name_of(btf, m->name_off), name))
			return m;
		inner = m->name_off ? NULL :
			member(btf, m->type, name, depth + 1);
		if (inner)
			return inner;
	}
	return NULL;
}

/* A member of a struct, anonymous ones searched too; NULL if none. */
const struct btf_member *types_member(const struct btf *btf, __u32 id,
				      const char *name)
{
	return member(btf, id, name, 0);
}

bool types_has_enumerator(const struct btf *btf, __u32 id, const char *name)
{
	const struct btf_type *t = types_resolve(btf, id);
	const struct btf_enum *e;
	int i;

	if (!t || !btf_is_enum(t))
		return false;
	e = btf_enum(t);
	for (i = 0; i < btf_vlen(t); i++, e++)
		if (!strcmp(name_of(btf, e->name_off), name))
			return true;
	return false;
}

/* Is there a byte behind that member that no other member covers? */
bool types_has_padding_after(const struct btf *btf, __u32 id, const char *name)
{
	const struct btf_type *t = types_resolve(btf, id);
	const struct btf_member *m;
	bool behind = false;
	__u32 end = 0;
	int i;

	if (!t || !btf_is_struct(t))
		return false;
	m = btf_members(t);
	for (i = 0; i < btf_vlen(t); i++, m++) {
		if (behind && btf_member_bit_offset(t, i) / 8 > end)
			return true;
		behind = behind || !strcmp(name_of(btf, m->name_off), name);
		end = btf_member_bit_offset(t, i) / 8 +
		      btf__resolve_size(btf, m->type);
	}
	return behind && end < t->size;
}

struct text {
	char	*buf;
	size_t	size;
	size_t	used;
};

static __printf(2, 3) void append(struct text *text, const char *fmt, ...)
{
	size_t room = text->size - text->used;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(text->buf + text->used, room, fmt, args);
	va_end(args);
	text->used += (size_t)len < room ? (size_t)len : room - 1;
}

static int describe(const struct btf *btf, __u32 id, int depth,
		    struct text *out);

static int describe_proto(const struct btf *btf, const struct btf_type *t,
			  int depth, struct text *out)
{
	const struct btf_param *param = btf_params(t);
	const struct btf_type *p;
	int err, i;

	err = describe(btf, t->type, depth, out);
	append(out, "(");
	for (i = 0; !err && i < btf_vlen(t); i++, param++) {
		if (i)
			append(out, ", ");
		/* A parameter's own const is nothing to its callers. */
		p = btf__type_by_id(btf, param->type);
		err = describe(btf, p && btf_is_const(p) ? p->type :
			       param->type, depth, out);
	}
	append(out, ")");
	return err;
}

static int describe(const struct btf *btf, __u32 id, int depth,
		    struct text *out)
{
	const struct btf_type *t = btf__type_by_id(btf, id);
	const char *name;
	int err;

	if (!id) {
		append(out, "void");
		return 0;
	}
	if (!t || depth > MAX_DEPTH || !may_step())
		return -EINVAL;
	name = name_of(btf, t->name_off);

	switch (btf_kind(t)) {
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
		append(out, "%s %s", btf_kflag(t) ? "union" : "struct", name);
		return 0;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		append(out, "enum %s", name);
		return 0;
	case BTF_KIND_CONST:
		append(out, "const ");
		return describe(btf, t->type, depth + 1, out);
	case BTF_KIND_TYPE_TAG:
		return describe(btf, t->type, depth + 1, out);
	case BTF_KIND_PTR:
		err = describe(btf, t->type, depth + 1, out);
		append(out, " *");
		return err;
	case BTF_KIND_ARRAY:
		err = describe(btf, btf_array(t)->type, depth + 1, out);
		append(out, "[%u]", btf_array(t)->nelems);
		return err;
	case BTF_KIND_FUNC_PROTO:
		return describe_proto(btf, t, depth + 1, out);
	default:
		return -EINVAL;
	}
}

/*
 * A type as the text that the module's tables hold, such as
 * "int(int, const struct seccomp_data *, bool)". -EINVAL for an unknown kind.
 */
int types_describe(const struct btf *btf, __u32 id, char *buf, size_t size)
{
	struct text out = { .buf = buf, .size = size };

	*buf = '\0';
	return describe(btf, id, 0, &out);
}

// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
/*
 * The facts of module/kernel/, without the module. Its tables of calls,
 * symbols and members are included here as they stand there; what it has as
 * code is repeated below, with the same words where it fails.
 *
 * Not asked here: fentry sites, the values of strict mode's list, whether files
 * on tmpfs have a release of their own, the size of struct seccomp_knotif; and
 * what depends on the headers that the module is compiled with: public structs,
 * flags of the kernel's that are ours, and mseal(2) against the kernel.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "facts.h"
#include "overlay_seccomp.h"
#include "types.h"

struct call {
	enum age	age;
	bool		declared;
	const char	*name;
	const char	*symbol;
	const char	*proto;
};

#define CALL_OF(_age, _declared, _name, _symbol, _proto)		\
	{ .age = _age, .declared = _declared, .name = #_name,		\
	  .symbol = _symbol, .proto = _proto }
#define CALL(...)		CALL_OF(AGE_ANY, false, __VA_ARGS__)
#define CALL_OLD(...)		CALL_OF(AGE_OLD, false, __VA_ARGS__)
#define CALL_NEW(...)		CALL_OF(AGE_NEW, false, __VA_ARGS__)
#define CALL_DECLARED(...)	CALL_OF(AGE_ANY, true, __VA_ARGS__)
static const struct call calls[] = {
#include "calls.inc"
};

struct member {
	enum age	age;
	const char	*in;
	const char	*name;
	const char	*type;
};

#define MEMBER_OF(_age, _in, _name, _type, ...)				\
	{ .age = _age, .in = _in, .name = _name, .type = _type }
#define MEMBER(...)	MEMBER_OF(AGE_ANY, __VA_ARGS__)
#define MEMBER_NEW(...)	MEMBER_OF(AGE_NEW, __VA_ARGS__)
static const struct member members[] = {
#include "members.inc"
};

static const struct symbol wanted[] = {
#include "symbols.inc"
};

struct guard {
	const char	*name;
	const char	*proto;
};

#define GUARD_COUNT 4

static const struct guard guards_old[GUARD_COUNT] = {
#include "guards-old.inc"
};

static const struct guard guards_new[GUARD_COUNT] = {
#include "guards-new.inc"
};

/* Of the first, alternatives: the return value means the opposite. */
static const struct call hooked[] = {
	CALL(says_run, "__seccomp_filter", "bool(int, bool)"),
	CALL(says_error, "__seccomp_filter", "int(int, bool)"),
	CALL(says_skip, "__seccomp_filter",
	     "int(int, const struct seccomp_data *, bool)"),
	CALL(says_skip, "__seccomp_filter",
	     "int(int, const struct seccomp_data *, const bool)"),
	CALL(create_prog, "bpf_prog_create_from_user",
	     "int(struct bpf_prog * *, struct sock_fprog *, bpf_aux_classic_check_t, bool)"),
	CALL(notify_ioctl, "seccomp_notify_ioctl",
	     "long int(struct file *, unsigned int, long unsigned int)"),
	CALL(notify_release, "seccomp_notify_release",
	     "int(struct inode *, struct file *)"),
};

static const char * const states[] = {
	"SECCOMP_NOTIFY_INIT", "SECCOMP_NOTIFY_SENT", "SECCOMP_NOTIFY_REPLIED",
};

/* The same reason twice, from two rows, is told once. */
void facts_miss(struct facts *facts, const char *fmt, ...)
{
	char *line = NULL;
	va_list args;
	size_t i;

	va_start(args, fmt);
	if (vasprintf(&line, fmt, args) < 0)
		abort();
	va_end(args);
	for (i = 0; i < facts->missing_count; i++) {
		if (!strcmp(facts->missing[i], line)) {
			free(line);
			return;
		}
	}
	facts->missing = reallocarray(facts->missing, i + 1,
				      sizeof(*facts->missing));
	if (!facts->missing)
		abort();
	facts->missing[facts->missing_count++] = line;
}

void facts_free(struct facts *facts)
{
	while (facts->missing_count)
		free(facts->missing[--facts->missing_count]);
	free(facts->missing);
	facts->missing = NULL;
}

static bool is_for_this_age(const struct facts *facts, enum age age)
{
	return age == AGE_ANY || age == facts->age;
}

/* Rows of one symbol follow each other: one of them must match. */
static void check_prototypes(struct facts *facts, const struct call *rows,
			     size_t count)
{
	char found[TYPE_TEXT_MAX];
	const char *symbol = rows->symbol;
	size_t i;
	int id;

	id = types_find(facts->btf, symbol, BTF_KIND_FUNC);
	if (id == -EEXIST) {
		facts_miss(facts, "function '%s' is not unique in BTF", symbol);
		return;
	}
	if (id < 0) {
		if (!rows->declared)
			facts_miss(facts, "function '%s' is not in BTF",
				   symbol);
		return;
	}
	id = btf__type_by_id(facts->btf, id)->type;
	if (types_describe(facts->btf, id, found, sizeof(found))) {
		facts_miss(facts, "function '%s' has an unreadable prototype",
			   symbol);
		return;
	}
	for (i = 0; i < count; i++)
		if (!strcmp(rows[i].proto, found))
			return;
	if (count > 1)
		facts_miss(facts, "function '%s' is '%s'", symbol, found);
	else
		facts_miss(facts, "function '%s' is '%s', not '%s'", symbol,
			   found, rows->proto);
}

static void check_calls(struct facts *facts, const struct call *rows,
			size_t count)
{
	size_t i, end;

	for (i = 0; i < count; i = end) {
		for (end = i + 1; end < count; end++)
			if (strcmp(rows[end].symbol, rows[i].symbol))
				break;
		if (is_for_this_age(facts, rows[i].age))
			check_prototypes(facts, &rows[i], end - i);
	}
}

/* "notification" is too common a word: what a filter's "notif" points to. */
static int find_struct(struct facts *facts, const char *name)
{
	const struct btf_member *notif;
	const struct btf_type *pointer;
	int id;

	if (!strcmp(name, "notification")) {
		id = find_struct(facts, "seccomp_filter");
		notif = id < 0 ? NULL : types_member(facts->btf, id, "notif");
		pointer = notif ? types_resolve(facts->btf, notif->type) : NULL;
		return pointer && btf_is_ptr(pointer) ? (int)pointer->type :
							-ENOENT;
	}
	id = types_find(facts->btf, name, BTF_KIND_STRUCT);
	if (id == -EEXIST)
		facts_miss(facts, "struct %s is not unique in BTF", name);
	else if (id < 0)
		facts_miss(facts, "struct %s is not in BTF", name);
	return id;
}

/* A member of the other age. */
static void miss_member(struct facts *facts, const struct member *row)
{
	int id = types_find(facts->btf, row->in, BTF_KIND_STRUCT);

	if (id > 0 && types_member(facts->btf, id, row->name))
		facts_miss(facts, "struct %s has a member '%s', and that of 5.10 has none",
			   row->in, row->name);
}

/* Rows of one struct and member follow each other, as alternatives. */
static void check_member(struct facts *facts, const struct member *rows,
			 size_t count)
{
	const struct btf_member *m;
	char found[TYPE_TEXT_MAX];
	size_t i;
	int id;

	if (!is_for_this_age(facts, rows->age)) {
		miss_member(facts, rows);
		return;
	}
	id = find_struct(facts, rows->in);
	if (id < 0)
		return;
	m = types_member(facts->btf, id, rows->name);
	if (!m) {
		facts_miss(facts, "struct %s has no member '%s'", rows->in,
			   rows->name);
		return;
	}
	types_describe(facts->btf, m->type, found, sizeof(found));
	for (i = 0; i < count; i++)
		if (!strcmp(rows[i].type, found))
			return;
	facts_miss(facts, "member '%s' of struct %s is '%s', not '%s'",
		   rows->name, rows->in, found, rows[count - 1].type);
}

static void check_members(struct facts *facts)
{
	size_t i, end;

	for (i = 0; i < ARRAY_SIZE(members); i = end) {
		for (end = i + 1; end < ARRAY_SIZE(members); end++)
			if (strcmp(members[end].in, members[i].in) ||
			    strcmp(members[end].name, members[i].name))
				break;
		check_member(facts, &members[i], end - i);
	}
}

/* Requests are counted by a semaphore before 6.6, by an atomic since. */
static void check_requests(struct facts *facts)
{
	const char *type = "atomic_t";
	const struct btf_member *m;
	char found[TYPE_TEXT_MAX];
	int id;

	id = find_struct(facts, "notification");
	if (id < 0)
		return;
	m = types_member(facts->btf, id, "requests");
	if (!m) {
		type = "struct semaphore";
		m = types_member(facts->btf, id, "request");
	}
	if (!m) {
		facts_miss(facts, "struct notification has no member 'requests'");
		return;
	}
	types_describe(facts->btf, m->type, found, sizeof(found));
	if (strcmp(found, type))
		facts_miss(facts, "requests of struct notification are '%s'",
			   found);
}

/* Both of these members, or neither. */
static void learn_age(struct facts *facts)
{
	int id = find_struct(facts, "seccomp_filter");
	bool cache, killable;

	facts->age = AGE_NEW;
	if (id < 0)
		return;
	cache = types_member(facts->btf, id, "cache");
	killable = types_member(facts->btf, id, "wait_killable_recv");
	if (cache != killable)
		facts_miss(facts, "struct seccomp_filter has no member '%s'",
			   cache ? "wait_killable_recv" : "cache");
	else if (!cache)
		facts->age = AGE_OLD;
}

static void check_filter(struct facts *facts)
{
	int id = find_struct(facts, "seccomp_filter");

	if (id < 0)
		return;
	if (!types_has_padding_after(facts->btf, id, "log"))
		facts_miss(facts, "struct seccomp_filter has no padding");
}

static void check_states(struct facts *facts)
{
	int id = find_struct(facts, "seccomp_knotif");
	const struct btf_member *state;
	size_t i;

	state = id < 0 ? NULL : types_member(facts->btf, id, "state");
	for (i = 0; state && i < ARRAY_SIZE(states); i++)
		if (!types_has_enumerator(facts->btf, state->type, states[i]))
			facts_miss(facts, "enum notify_state has no '%s'",
				   states[i]);
}

/* NULL for a kernel that has mseal(2): it keeps a mapping where it is by itself. */
static const struct guard *guards_of(const struct facts *facts)
{
	if (types_find(facts->btf, "__x64_sys_mseal", BTF_KIND_FUNC) > 0)
		return NULL;
	return facts->age == AGE_OLD ? guards_old : guards_new;
}

static void check_sealing(struct facts *facts)
{
	const struct guard *guards = guards_of(facts);
	struct call row = { };
	size_t i;

	for (i = 0; guards && i < GUARD_COUNT; i++) {
		row.symbol = guards[i].name;
		row.proto = guards[i].proto;
		check_prototypes(facts, &row, 1);
	}
}

static void check_tracepoint(struct facts *facts)
{
	static const struct call fork = {
		.symbol = "__traceiter_sched_process_fork",
		.proto = "int(void *, struct task_struct *, struct task_struct *)",
	};

	check_prototypes(facts, &fork, 1);
}

static int check_symbols(struct facts *facts)
{
	struct symbol symbols[ARRAY_SIZE(wanted) + ARRAY_SIZE(calls) +
			      GUARD_COUNT];
	const struct guard *guards = guards_of(facts);
	size_t count = ARRAY_SIZE(wanted);
	size_t i;
	int err;

	memcpy(symbols, wanted, sizeof(wanted));
	for (i = 0; i < ARRAY_SIZE(calls); i++)
		if (is_for_this_age(facts, calls[i].age))
			symbols[count++] = (struct symbol){ .name = calls[i].symbol };
	for (i = 0; guards && i < GUARD_COUNT; i++)
		symbols[count++] = (struct symbol){ .name = guards[i].name,
						    .hooked = true };
	err = symbols_count(symbols, count);
	if (err)
		return err;
	for (i = 0; i < count; i++) {
		if (!symbols[i].count)
			facts_miss(facts, "no symbol '%s'", symbols[i].name);
		if (symbols[i].count > 1)
			facts_miss(facts, "symbol '%s' is not unique",
				   symbols[i].name);
	}
	return 0;
}

/* What judges a chain, or a call, in another way, the module does not know. */
static void learn_native(struct facts *facts)
{
	int id = types_find(facts->btf, "seccomp", BTF_KIND_STRUCT);

	if (id > 0 && types_member(facts->btf, id, "strict_upgrade")) {
		facts->native |= SECCOMP_OVERLAY_STRICT;
		facts_miss(facts, "the kernel has strict mode after filters itself");
	}
	id = types_find(facts->btf, "seccomp_filter", BTF_KIND_STRUCT);
	if (id > 0 && types_member(facts->btf, id, "allow_nested_listeners")) {
		facts->native |= SECCOMP_OVERLAY_NESTED;
		facts_miss(facts, "the kernel has nested listeners itself");
	}
	id = types_find(facts->btf, "seccomp_knotif", BTF_KIND_STRUCT);
	if (types_find(facts->btf, "seccomp_notif_pin_install",
		       BTF_KIND_STRUCT) > 0 ||
	    (id > 0 && types_member(facts->btf, id, "redirect"))) {
		facts->native |= SECCOMP_OVERLAY_REDIRECT;
		facts_miss(facts, "the kernel has redirect itself");
	}
	if (types_find(facts->btf, "seccomp_clone_filter", BTF_KIND_FUNC) > 0)
		facts->native |= SECCOMP_OVERLAY_CLONE;
}

/* Fills in native and missing; -errno if the symbols cannot be read. */
int facts_learn(struct facts *facts)
{
	int err = 0;

	learn_native(facts);
	learn_age(facts);
	if (facts->running)
		err = check_symbols(facts);
	check_calls(facts, calls, ARRAY_SIZE(calls));
	check_calls(facts, hooked, ARRAY_SIZE(hooked));
	check_members(facts);
	check_requests(facts);
	check_filter(facts);
	check_states(facts);
	check_sealing(facts);
	check_tracepoint(facts);
	return err;
}

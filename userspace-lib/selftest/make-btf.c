// SPDX-License-Identifier: GPL-2.0-only
/*
 * make-btf KERNEL: the BTF of a made-up kernel, to stdout.
 *
 *   native   has strict mode after filters, cloning, nesting and redirection
 *            by itself
 *   twice    has two functions named do_seccomp
 *   colours  names a type by what changes the colours of a terminal
 *   structs  has structs in structs, without end for who looks at each
 *   calls    the same of functions that take functions
 *   nothing  has neither
 */
#include <stdio.h>
#include <string.h>
#include <bpf/btf.h>

static void add_function(struct btf *btf, const char *name, int returns)
{
	int proto = btf__add_func_proto(btf, returns);

	btf__add_func(btf, name, BTF_FUNC_GLOBAL, proto);
}

/* Each level has WIDTH of the one before. */
enum { LEVELS = 7, WIDTH = 60 };

static void add_structs(struct btf *btf, int inner)
{
	int level, i;

	for (level = 1; level <= LEVELS; level++) {
		int id = btf__add_struct(btf, level == LEVELS ?
					 "seccomp_filter" : NULL, 4);

		for (i = 0; i < WIDTH; i++)
			btf__add_field(btf, level > 1 ? NULL : "member", inner,
				       0, 0);
		inner = id;
	}
}

static void add_calls(struct btf *btf, int inner)
{
	int level, i;

	for (level = 1; level <= LEVELS; level++) {
		int id = btf__add_func_proto(btf, 0);

		for (i = 0; i < WIDTH; i++)
			btf__add_func_param(btf, NULL, inner);
		inner = level < LEVELS ? btf__add_ptr(btf, id) : id;
	}
	btf__add_func(btf, "do_seccomp", BTF_FUNC_GLOBAL, inner);
}

int main(int argc, char **argv)
{
	const char *kernel = argc == 2 ? argv[1] : "";
	struct btf *btf = btf__new_empty();
	const void *data;
	__u32 size;
	int integer;

	integer = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	if (!strcmp(kernel, "native")) {
		btf__add_struct(btf, "seccomp_filter", 4);
		btf__add_field(btf, "allow_nested_listeners", integer, 0, 0);
		btf__add_struct(btf, "seccomp", 4);
		btf__add_field(btf, "strict_upgrade", integer, 0, 0);
		btf__add_struct(btf, "seccomp_knotif", 4);
		btf__add_field(btf, "redirect", integer, 0, 0);
		add_function(btf, "seccomp_clone_filter", 0);
	} else if (!strcmp(kernel, "twice")) {
		add_function(btf, "do_seccomp", 0);
		add_function(btf, "do_seccomp", 0);
	} else if (!strcmp(kernel, "colours")) {
		add_function(btf, "do_seccomp",
			     btf__add_int(btf, "\033[31m\302\233m", 4, 0));
	} else if (!strcmp(kernel, "structs")) {
		add_structs(btf, integer);
	} else if (!strcmp(kernel, "calls")) {
		add_calls(btf, integer);
	}
	data = btf__raw_data(btf, &size);
	return !data || fwrite(data, size, 1, stdout) != 1;
}

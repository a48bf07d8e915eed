// SPDX-License-Identifier: GPL-2.0-only
/*
 * make-btf KERNEL: the BTF of a made-up kernel, to stdout.
 *
 *   native   has strict mode after filters, cloning, nesting and redirection
 *            by itself
 *   twice    has two functions named do_seccomp
 *   colours  names a type by what changes the colours of a terminal
 *   colours  names a type by what changes the colours of a terminal
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
	}
	data = btf__raw_data(btf, &size);
	return !data || fwrite(data, size, 1, stdout) != 1;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * kernel_learn(): everything about the running kernel, in this order, and the
 * first fact that cannot be proven refuses the load:
 *
 *  1. kallsyms_lookup_name, from a disabled kprobe
 *  2. the kernel's BTF, in place, and of which age seccomp is by it
 *  3. kallsyms_on_each_symbol, to look all others up
 *  4. the functions that we call: once in kallsyms, prototype as expected
 *  5. the functions that we hook: the same, and an fentry site
 *  6. data: strict mode's lists, the logged actions, the operations of tmpfs
 *  7. the private structs, and the public ones against our headers
 *  8. features that the kernel has itself, and flags of ours that it uses
 *  9. what keeps a mapping where it is: mseal(2), or functions to hook
 * 10. the tracepoint of new tasks
 */
#include <linux/ftrace.h>
#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/seccomp.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

#include "../../include/uapi/linux/overlay_seccomp.h"
#include "btf.h"
#include "kernel.h"
#include "refuse.h"
#include "symbols.h"

struct kernel_facts kernel __ro_after_init;

static char *pretend;
module_param(pretend, charp, 0);
MODULE_PARM_DESC(pretend, "for tests: KIND:NAME, one fact to see differently (symbol, twice, proto, fentry, divert, dead, list, struct, member, type, size, padding, enum)");

bool pretended(const char *kind, const char *name)
{
	size_t len = strlen(kind);

	return pretend && !strncmp(pretend, kind, len) &&
	       pretend[len] == ':' && !strcmp(pretend + len + 1, name);
}

enum {
	SYM_START_BTF,
	SYM_STOP_BTF,
	SYM_DO_SECCOMP,
	SYM_SECCOMP_FILTER,
	SYM_CREATE_PROG,
	SYM_ACTIONS_LOGGED,
	SYM_STRICT,
	SYM_STRICT_COMPAT,
	SYM_NOTIFY_OPS,
	SYM_NOTIFY_IOCTL,
	SYM_NOTIFY_RELEASE,
	SYM_SHMEM_FOPS,
	SYM_MIN_ADDR,
	SYM_FTRACE_ENABLED,
	SYM_COUNT
};

static const struct symbol wanted[SYM_COUNT] __initconst = {
	[SYM_START_BTF]		= { .name = "__start_BTF" },
	[SYM_STOP_BTF]		= { .name = "__stop_BTF" },
	[SYM_DO_SECCOMP]	= { .name = "do_seccomp",
				    .hooked = true },
	[SYM_SECCOMP_FILTER]	= { .name = "__seccomp_filter",
				    .hooked = true },
	[SYM_CREATE_PROG]	= { .name = "bpf_prog_create_from_user",
				    .hooked = true },
	[SYM_NOTIFY_OPS]	= { .name = "seccomp_notify_ops" },
	[SYM_NOTIFY_IOCTL]	= { .name = "seccomp_notify_ioctl",
				    .hooked = true },
	[SYM_NOTIFY_RELEASE]	= { .name = "seccomp_notify_release",
				    .hooked = true },
	[SYM_SHMEM_FOPS]	= { .name = "shmem_file_operations" },
	[SYM_MIN_ADDR]		= { .name = "mmap_min_addr" },
	[SYM_FTRACE_ENABLED]	= { .name = "ftrace_enabled" },
	[SYM_ACTIONS_LOGGED]	= { .name = "seccomp_actions_logged" },
	[SYM_STRICT]		= { .name = "mode1_syscalls" },
	[SYM_STRICT_COMPAT]	= { .name = "mode1_syscalls_32",
				    .numbered = true },
};

static int __init open_kernel_btf(struct kbtf_view *btf)
{
	unsigned long start, stop;
	int err;

	err = kernel_symbol_first("__start_BTF", &start);
	if (!err)
		err = kernel_symbol_first("__stop_BTF", &stop);
	return err ? err : kbtf_open(btf, (void *)start, (void *)stop);
}

/* How to walk kallsyms has to be known before anything can be found by it. */
static int __init bind_walk(const struct kbtf_view *btf)
{
	unsigned long address;
	int err;

	err = kernel_symbol_first("kallsyms_on_each_symbol", &address);
	return err ? err : kernel_calls_bind(btf, "kallsyms_on_each_symbol",
					     address);
}

static int __init learn_hook(const struct kbtf_view *btf,
			     const struct symbol *symbol,
			     unsigned long *site, char *proto)
{
	*site = kernel_call(ftrace_location)(symbol->address);
	if (!*site || pretended("fentry", symbol->name))
		return refuse("function '%s' has no fentry site", symbol->name);
	return kernel_describe_func(btf, symbol->name, proto);
}

struct filter_proto {
	const char		*proto;
	enum filter_form	form;
};

static const struct filter_proto filter_forms[] __initconst = {
	{ "int(int, const struct seccomp_data *, const bool)",
	  FILTER_TAKES_DATA },
	{ "int(int, const struct seccomp_data *, bool)", FILTER_TAKES_DATA },
	{ "int(int, bool)", FILTER_SAYS_ERROR },
	{ "bool(int, bool)", FILTER_SAYS_RUN },
};

static int __init learn_filter_form(const char *proto)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(filter_forms); i++) {
		if (strcmp(filter_forms[i].proto, proto))
			continue;
		kernel.filter_form = filter_forms[i].form;
		return 0;
	}
	return refuse("function '__seccomp_filter' is '%s'", proto);
}

static int __init learn_exact_hook(const struct kbtf_view *btf,
				   const struct symbol *symbol,
				   unsigned long *site, const char *wanted)
{
	char proto[KERNEL_TEXT_MAX];
	int err;

	err = learn_hook(btf, symbol, site, proto);
	if (!err && strcmp(proto, wanted))
		err = refuse("function '%s' is '%s'", symbol->name, proto);
	return err;
}

static int __init learn_hooks(const struct kbtf_view *btf,
			      const struct symbol *symbols)
{
	char proto[KERNEL_TEXT_MAX];
	int err;

	err = learn_hook(btf, &symbols[SYM_DO_SECCOMP], &kernel.do_seccomp,
			 proto);
	if (!err)
		err = kernel_calls_bind(btf, "do_seccomp", kernel.do_seccomp);
	if (!err)
		err = learn_hook(btf, &symbols[SYM_SECCOMP_FILTER],
				 &kernel.seccomp_filter, proto);
	if (!err)
		err = learn_filter_form(proto);
	if (!err)
		err = learn_exact_hook(btf, &symbols[SYM_CREATE_PROG],
				       &kernel.create_prog,
				       "int(struct bpf_prog * *, struct sock_fprog *, bpf_aux_classic_check_t, bool)");
	if (!err)
		err = learn_exact_hook(btf, &symbols[SYM_NOTIFY_IOCTL],
				       &kernel.notify_ioctl,
				       "long int(struct file *, unsigned int, long unsigned int)");
	if (!err)
		err = learn_exact_hook(btf, &symbols[SYM_NOTIFY_RELEASE],
				       &kernel.notify_release,
				       "int(struct inode *, struct file *)");
	return err;
}

static const struct guard guards_old[GUARD_COUNT] __initconst = {
	[GUARD_UNMAP]	= { .name = "__do_munmap",
			    .proto = "int(struct mm_struct *, long unsigned int, size_t, struct list_head *, bool)" },
	[GUARD_REMAP]	= { .name = "vma_to_resize",
			    .proto = "struct vm_area_struct *(long unsigned int, long unsigned int, long unsigned int, long unsigned int, long unsigned int *)" },
	[GUARD_PROTECT]	= { .name = "security_file_mprotect",
			    .proto = "int(struct vm_area_struct *, long unsigned int, long unsigned int)" },
	[GUARD_MAP]	= { .name = "mmap_region",
			    .proto = "long unsigned int(struct file *, long unsigned int, long unsigned int, vm_flags_t, long unsigned int, struct list_head *)" },
};

static const struct guard guards_new[GUARD_COUNT] __initconst = {
	[GUARD_UNMAP]	= { .name = "do_mas_align_munmap",
			    .proto = "int(struct ma_state *, struct vm_area_struct *, struct mm_struct *, long unsigned int, long unsigned int, struct list_head *, bool)" },
	[GUARD_REMAP]	= { .name = "vma_to_resize",
			    .proto = "struct vm_area_struct *(long unsigned int, long unsigned int, long unsigned int, long unsigned int)" },
	[GUARD_PROTECT]	= { .name = "security_file_mprotect",
			    .proto = "int(struct vm_area_struct *, long unsigned int, long unsigned int)" },
	[GUARD_MAP]	= { .name = "mmap_region",
			    .proto = "long unsigned int(struct file *, long unsigned int, long unsigned int, vm_flags_t, long unsigned int, struct list_head *)" },
};

static int __init learn_guard(const struct kbtf_view *btf,
			      const struct symbol *symbol, struct guard *guard)
{
	char proto[KERNEL_TEXT_MAX];
	int err;

	err = kernel_symbol_check(symbol);
	if (!err)
		err = learn_hook(btf, symbol, &guard->site, proto);
	if (!err && strcmp(proto, guard->proto))
		err = refuse("function '%s' is '%s', not '%s'", guard->name,
			     proto, guard->proto);
	return err;
}

/* The headers and the kernel must agree on whether it can seal mappings. */
static int __init learn_sealing(const struct kbtf_view *btf)
{
	const struct guard *guards = kernel_is_old() ? guards_old : guards_new;
	struct symbol symbols[GUARD_COUNT + 1] = { };
	int i, err;

	memcpy(kernel.guard, guards, sizeof(kernel.guard));
	for (i = 0; i < GUARD_COUNT; i++) {
		symbols[i].name = guards[i].name;
		symbols[i].hooked = true;
	}
	symbols[i].name = "__x64_sys_mseal";
	err = kernel_symbols_find(symbols, ARRAY_SIZE(symbols));
	if (err)
		return err;
	if (COMPAT_SEALS)
		return kernel_symbol_check(&symbols[GUARD_COUNT]);
	if (symbols[GUARD_COUNT].count)
		return refuse("the kernel seals mappings, but not its headers");
	for (i = 0; i < GUARD_COUNT && !err; i++)
		err = learn_guard(btf, &symbols[i], &kernel.guard[i]);
	return err;
}

static void note_tracepoint(struct tracepoint *tp, void *data)
{
	if (!strcmp(tp->name, data) && !pretended("symbol", data))
		kernel.fork_tracepoint = tp;
}

static int __init learn_tracepoint(const struct kbtf_view *btf)
{
	char proto[KERNEL_TEXT_MAX];
	int err;

	for_each_kernel_tracepoint(note_tracepoint, "sched_process_fork");
	if (!kernel.fork_tracepoint)
		return refuse("no tracepoint 'sched_process_fork'");
	err = kernel_describe_func(btf, "__traceiter_sched_process_fork",
				   proto);
	if (!err && strcmp(proto, "int(void *, struct task_struct *, struct task_struct *)"))
		err = refuse("tracepoint 'sched_process_fork' is '%s'", proto);
	return err;
}

/* The list begins as it has since 2.6.12, and ends. */
static bool is_strict_list(const int *list, const int *known)
{
	int i;

	for (i = 0; i < 4; i++)
		if (list[i] != known[i])
			return false;
	for (; i < STRICT_LIST_MAX; i++)
		if (list[i] == -1)
			return true;
	return false;
}

static int __init learn_data(const struct symbol *symbols)
{
	static const int native[] = {
		__NR_seccomp_read, __NR_seccomp_write, __NR_seccomp_exit,
		__NR_seccomp_sigreturn,
	};
	static const int compat[] = {
		__NR_seccomp_read_32, __NR_seccomp_write_32,
		__NR_seccomp_exit_32, __NR_seccomp_sigreturn_32,
	};

	kernel.actions_logged = (void *)symbols[SYM_ACTIONS_LOGGED].address;
	kernel.notify_ops = (void *)symbols[SYM_NOTIFY_OPS].address;
	kernel.shmem_fops = (void *)symbols[SYM_SHMEM_FOPS].address;
	if (kernel.shmem_fops->release ||
	    pretended("member", "shmem_file_operations.release"))
		return refuse("files on tmpfs have a release of their own");
	kernel.min_addr = (void *)symbols[SYM_MIN_ADDR].address;
	kernel.ftrace_enabled = (void *)symbols[SYM_FTRACE_ENABLED].address;
	kernel.strict = (void *)symbols[SYM_STRICT].address;
	kernel.strict_compat = (void *)symbols[SYM_STRICT_COMPAT].address;
	if (!is_strict_list(kernel.strict, native) ||
	    pretended("list", "mode1_syscalls"))
		return refuse("'mode1_syscalls' is not strict mode's list");
	if (!is_strict_list(kernel.strict_compat, compat) ||
	    pretended("list", "mode1_syscalls_32"))
		return refuse("'mode1_syscalls_32' is not strict mode's list");
	return 0;
}

/*
 * A clone of the kernel's own serves in place of ours. What changes how a chain
 * is judged would have to be known to our evaluation too, which it is not.
 */
static int __init learn_native(const struct kbtf_view *btf)
{
	struct kbtf_field field;
	int id;

	id = kbtf_find_struct(btf, "seccomp");
	if (id > 0 && !kbtf_find_field(btf, id, "strict_upgrade", &field))
		return refuse("the kernel has strict mode after filters itself");
	id = kbtf_find_struct(btf, "seccomp_filter");
	if (id > 0 &&
	    !kbtf_find_field(btf, id, "allow_nested_listeners", &field))
		return refuse("the kernel has nested listeners itself");
	id = kbtf_find_struct(btf, "seccomp_knotif");
	if (kbtf_find_struct(btf, "seccomp_notif_pin_install") > 0 ||
	    (id > 0 && !kbtf_find_field(btf, id, "redirect", &field)))
		return refuse("the kernel has redirect itself");
	if (SECCOMP_FILTER_FLAG_MASK &
	    (SECCOMP_FILTER_FLAG_ALLOW_NESTED_LISTENERS |
	     SECCOMP_FILTER_FLAG_SEQUENTIAL))
		return refuse("the kernel has a flag that is one of ours");
	if (kbtf_find_func(btf, "seccomp_clone_filter") > 0)
		kernel.native |= SECCOMP_OVERLAY_CLONE;
	return 0;
}

static int __init learn_from(const struct kbtf_view *btf,
			     struct symbol *symbols)
{
	int i, err;

	err = kernel_layout_age(btf);
	if (!err)
		err = bind_walk(btf);
	if (!err)
		err = kernel_calls_bind_all(btf);
	if (!err)
		err = kernel_symbols_find(symbols, SYM_COUNT);
	for (i = 0; !err && i < SYM_COUNT; i++)
		err = kernel_symbol_check(&symbols[i]);
	if (!err)
		err = learn_hooks(btf, symbols);
	if (!err)
		err = learn_data(symbols);
	if (!err)
		err = kernel_layout_learn(btf);
	if (!err)
		err = learn_native(btf);
	if (!err)
		err = learn_sealing(btf);
	if (!err)
		err = learn_tracepoint(btf);
	return err;
}

/**
 * kernel_learn() - prove all facts, and bind all calls
 *
 * Return: 0, or a negative errno; -EOPNOTSUPP with the fact logged.
 */
int __init kernel_learn(void)
{
	struct symbol *symbols;
	struct kbtf_view btf = { };
	int err;

	symbols = kmemdup(wanted, sizeof(wanted), GFP_KERNEL);
	if (!symbols)
		return -ENOMEM;
	err = kernel_calls_bootstrap();
	if (!err)
		err = open_kernel_btf(&btf);
	if (!err)
		err = learn_from(&btf, symbols);
	kbtf_close(&btf);
	kfree(symbols);
	return err;
}

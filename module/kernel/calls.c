// SPDX-License-Identifier: GPL-2.0
/*
 * Binding the calls of calls.h: a symbol that is there exactly once, and has
 * in the kernel's BTF the prototype that we call it with, or no load.
 */
#include <linux/build_bug.h>
#include <linux/ftrace.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "btf.h"
#include "calls.h"
#include "kernel.h"
#include "layout.h"
#include "refuse.h"
#include "symbols.h"

#define DEFINE_KERNEL_CALL(name)					\
	DEFINE_STATIC_CALL_NULL(overlay_##name,				\
				STATIC_CALL_TRAMP(overlay_##name))

DEFINE_KERNEL_CALL(kallsyms_lookup_name);
DEFINE_KERNEL_CALL(each_symbol);
DEFINE_KERNEL_CALL(each_symbol_mod);
DEFINE_KERNEL_CALL(ftrace_location);
DEFINE_KERNEL_CALL(put_seccomp_filter);
DEFINE_KERNEL_CALL(seccomp_filter_orphan);
DEFINE_KERNEL_CALL(check_filter);
DEFINE_KERNEL_CALL(spec_mitigate);
DEFINE_KERNEL_CALL(disable_tsc);
DEFINE_KERNEL_CALL(audit_seccomp);
DEFINE_KERNEL_CALL(do_exit);
DEFINE_KERNEL_CALL(force_sig_info);
DEFINE_KERNEL_CALL(do_coredump);
DEFINE_KERNEL_CALL(do_group_exit);
DEFINE_KERNEL_CALL(ptrace_notify_code);
DEFINE_KERNEL_CALL(receive_fd_at);
DEFINE_KERNEL_CALL(force_sig_seccomp);
DEFINE_KERNEL_CALL(ptrace_notify);
DEFINE_KERNEL_CALL(receive_fd_replace);
DEFINE_KERNEL_CALL(pidfd_pid);
DEFINE_KERNEL_CALL(ptrace_may_access);
DEFINE_KERNEL_CALL(memfd_fcntl);
DEFINE_KERNEL_CALL(do_seccomp);

/**
 * struct kernel_call - how a call is found
 * @name: in calls.h
 * @symbol: in kallsyms. Rows of one symbol are alternatives: one must match
 * @proto: of the function, as kbtf_describe() writes it
 * @age: of the kernels that the row is for
 * @declared: a public header declares it, and with this prototype: enough where
 *	      BTF has no such function, since 5.10's has only what can be traced
 * @key: of the static call
 * @tramp: of the static call
 * @bound: filled
 */
struct kernel_call {
	const char		*name;
	const char		*symbol;
	const char		*proto;
	enum kernel_age		age;
	bool			declared;
	struct static_call_key	*key;
	void			*tramp;
	bool			bound;
};

#define CALL_OF(_age, _declared, _name, _symbol, _proto) {		\
	.name	= #_name,						\
	.symbol	= _symbol,						\
	.proto	= _proto,						\
	.age	= _age,							\
	.declared = _declared,						\
	.key	= &STATIC_CALL_KEY(overlay_##_name),			\
	.tramp	= STATIC_CALL_TRAMP_ADDR(overlay_##_name),		\
}
#define CALL(...)		CALL_OF(AGE_ANY, false, __VA_ARGS__)
#define CALL_OLD(...)		CALL_OF(AGE_OLD, false, __VA_ARGS__)
#define CALL_NEW(...)		CALL_OF(AGE_NEW, false, __VA_ARGS__)
#define CALL_DECLARED(...)	CALL_OF(AGE_ANY, true, __VA_ARGS__)

static_assert(__same_type(ftrace_location,
			  STATIC_CALL_TRAMP(overlay_ftrace_location)));

static struct kernel_call calls[] = {
	CALL(kallsyms_lookup_name, "kallsyms_lookup_name",
	     "long unsigned int(const char *)"),
	CALL(each_symbol, "kallsyms_on_each_symbol",
	     "int(int(void *, const char *, long unsigned int) *, void *)"),
	CALL(each_symbol_mod, "kallsyms_on_each_symbol",
	     "int(int(void *, const char *, struct module *, long unsigned int) *, void *)"),
	CALL_DECLARED(ftrace_location, "ftrace_location",
		      "long unsigned int(long unsigned int)"),
	CALL(put_seccomp_filter, "__put_seccomp_filter",
	     "void(struct seccomp_filter *)"),
	CALL(seccomp_filter_orphan, "__seccomp_filter_orphan",
	     "void(struct seccomp_filter *)"),
	CALL(check_filter, "seccomp_check_filter",
	     "int(struct sock_filter *, unsigned int)"),
	CALL(spec_mitigate, "arch_seccomp_spec_mitigate",
	     "void(struct task_struct *)"),
	CALL(disable_tsc, "disable_TSC",
	     "void()"),
	CALL(audit_seccomp, "audit_seccomp",
	     "void(long unsigned int, long int, int)"),
	CALL(do_exit, "do_exit",
	     "void(long int)"),
	CALL_OLD(force_sig_info, "force_sig_info",
		 "int(struct kernel_siginfo *)"),
	CALL_OLD(do_coredump, "do_coredump",
		 "void(const kernel_siginfo_t *)"),
	CALL_OLD(do_group_exit, "do_group_exit",
		 "void(int)"),
	CALL_OLD(ptrace_notify_code, "ptrace_notify",
		 "void(int)"),
	CALL_OLD(receive_fd_at, "__receive_fd",
		 "int(int, struct file *, int *, unsigned int)"),
	CALL_NEW(force_sig_seccomp, "force_sig_seccomp",
		 "int(int, int, bool)"),
	CALL_NEW(ptrace_notify, "ptrace_notify",
		 "int(int, long unsigned int)"),
	CALL_NEW(receive_fd_replace, "receive_fd_replace",
		 "int(int, struct file *, unsigned int)"),
	CALL(pidfd_pid, "pidfd_pid",
	     "struct pid *(const struct file *)"),
	CALL(ptrace_may_access, "ptrace_may_access",
	     "bool(struct task_struct *, unsigned int)"),
	/* Called with numbers that are the same to both. */
	CALL(memfd_fcntl, "memfd_fcntl",
	     "long int(struct file *, unsigned int, long unsigned int)"),
	CALL(memfd_fcntl, "memfd_fcntl",
	     "long int(struct file *, unsigned int, unsigned int)"),
	CALL(do_seccomp, "do_seccomp",
	     "long int(unsigned int, unsigned int, void *)"),
};

/* Of two alternatives, one stays as it is: nobody asks for it. */
static void bind(struct kernel_call *call, unsigned long address)
{
	__static_call_update(call->key, call->tramp, (void *)address);
	call->bound = true;
}

/**
 * kernel_call_bound() - which alternative of a symbol has this kernel?
 * @name: in calls.h
 *
 * Return: true if the row matched.
 */
bool kernel_call_bound(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(calls); i++)
		if (!strcmp(calls[i].name, name))
			return calls[i].bound;
	return false;
}

/**
 * kernel_calls_bootstrap() - bind kallsyms_lookup_name()
 *
 * A disabled kprobe resolves its symbol without patching any text.
 *
 * Return: 0, or a negative errno with the reason logged.
 */
int kernel_calls_bootstrap(void)
{
	struct kprobe probe = {
		.symbol_name	= "kallsyms_lookup_name",
		.flags		= KPROBE_FLAG_DISABLED,
	};
	int err = pretended("symbol", probe.symbol_name) ?
		  -ENOENT : register_kprobe(&probe);

	if (err)
		return refuse("no symbol 'kallsyms_lookup_name' (kprobe: %d)",
			      err);
	bind(&calls[0], (unsigned long)probe.addr);
	unregister_kprobe(&probe);
	return 0;
}

/**
 * kernel_describe_func() - a function's prototype as text
 * @btf: of the running kernel
 * @symbol: its name
 * @buf: filled, of KERNEL_TEXT_MAX bytes
 *
 * Return: 0, or -EOPNOTSUPP with the reason logged.
 */
int kernel_describe_func(const struct kbtf_view *btf, const char *symbol,
			 char *buf)
{
	int id = kbtf_find_func(btf, symbol);

	if (pretended("proto", symbol)) {
		strscpy(buf, "pretended()", KERNEL_TEXT_MAX);
		return 0;
	}
	if (id == -EEXIST)
		return refuse("function '%s' is not unique in BTF", symbol);
	if (id < 0)
		return refuse("function '%s' is not in BTF", symbol);
	if (kbtf_describe(btf, id, buf, KERNEL_TEXT_MAX))
		return refuse("function '%s' has an unreadable prototype",
			      symbol);
	return 0;
}

static bool is_for_this_age(const struct kernel_call *call)
{
	return call->age == AGE_ANY || call->age == layout.age;
}

static bool is_row_of(const struct kernel_call *call, const char *symbol)
{
	return is_for_this_age(call) && !strcmp(call->symbol, symbol);
}

/* The row that the headers alone prove, or NULL. */
static struct kernel_call *declared_row(const struct kbtf_view *btf,
					const char *symbol)
{
	size_t i;

	if (pretended("proto", symbol) ||
	    kbtf_find_func(btf, symbol) != -ENOENT)
		return NULL;
	for (i = 0; i < ARRAY_SIZE(calls); i++)
		if (calls[i].declared && is_row_of(&calls[i], symbol))
			return &calls[i];
	return NULL;
}

/**
 * kernel_calls_bind() - bind the row of a symbol whose prototype matches
 * @btf: of the running kernel
 * @symbol: of the rows
 * @address: of the symbol, or the fentry site if we hook it ourselves
 *
 * Return: 0, or -EOPNOTSUPP with the reason logged.
 */
int kernel_calls_bind(const struct kbtf_view *btf, const char *symbol,
		      unsigned long address)
{
	char found[KERNEL_TEXT_MAX];
	struct kernel_call *declared = declared_row(btf, symbol);
	const char *wanted = NULL;
	size_t i;
	int err;

	if (declared) {
		bind(declared, address);
		return 0;
	}
	err = kernel_describe_func(btf, symbol, found);
	if (err)
		return err;
	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		if (!is_row_of(&calls[i], symbol))
			continue;
		wanted = calls[i].proto;
		if (strcmp(wanted, found))
			continue;
		bind(&calls[i], address);
		return 0;
	}
	return refuse("function '%s' is '%s', not '%s'", symbol, found, wanted);
}

/**
 * kernel_calls_bind_all() - bind all calls, but for that of do_seccomp()
 * @btf: of the running kernel
 *
 * That one goes to its fentry site, which the calls must be there to ask for.
 *
 * Return: 0, or a negative errno with the reason logged.
 */
int kernel_calls_bind_all(const struct kbtf_view *btf)
{
	struct symbol *symbols;
	size_t i;
	int err;

	symbols = kcalloc(ARRAY_SIZE(calls), sizeof(*symbols), GFP_KERNEL);
	if (!symbols)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(calls); i++)
		symbols[i].name = calls[i].symbol;
	err = kernel_symbols_find(symbols, ARRAY_SIZE(calls));
	for (i = 0; !err && i < ARRAY_SIZE(calls); i++) {
		if (!is_for_this_age(&calls[i]))
			continue;
		err = kernel_symbol_check(&symbols[i]);
		if (!err && strcmp(symbols[i].name, "do_seccomp"))
			err = kernel_calls_bind(btf, symbols[i].name,
						symbols[i].address);
	}
	kfree(symbols);
	return err;
}

/**
 * kernel_enter_past_hook() - from here on, call do_seccomp() without its hook
 *
 * It is bound to its fentry site until then.
 */
void kernel_enter_past_hook(void)
{
	__static_call_update(&STATIC_CALL_KEY(overlay_do_seccomp),
			     STATIC_CALL_TRAMP_ADDR(overlay_do_seccomp),
			     (void *)(kernel.do_seccomp + MCOUNT_INSN_SIZE));
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every unexported kernel function that this module calls, each by a direct
 * call: a static call, whose sites are patched at load. An indirect call would
 * fault where the CPU tracks branches (IBT) and the kernel has sealed the
 * function, and no emulator shows it.
 *
 * The table in calls.c has the symbol and the prototype behind each name; the
 * load is refused unless all of them are bound.
 */
#ifndef OVERLAY_KERNEL_CALLS_H
#define OVERLAY_KERNEL_CALLS_H

#include <linux/static_call.h>
#include <linux/types.h>

struct file;
struct kbtf_view;
struct kernel_siginfo;
struct module;
struct pid;
struct seccomp_filter;
struct sock_filter;
struct task_struct;

#define DECLARE_KERNEL_CALL(name, ret, ...)				\
	DECLARE_STATIC_CALL(overlay_##name, ret(__VA_ARGS__))

#define kernel_call(name) static_call(overlay_##name)

DECLARE_KERNEL_CALL(kallsyms_lookup_name, unsigned long, const char *name);
/* One of these two, by the age of the kernel: see kernel_call_bound(). */
DECLARE_KERNEL_CALL(each_symbol, int,
		    int (*fn)(void *data, const char *name,
			      unsigned long address), void *data);
DECLARE_KERNEL_CALL(each_symbol_mod, int,
		    int (*fn)(void *data, const char *name, struct module *mod,
			      unsigned long address), void *data);
DECLARE_KERNEL_CALL(ftrace_location, unsigned long, unsigned long ip);
DECLARE_KERNEL_CALL(put_seccomp_filter, void, struct seccomp_filter *filter);
DECLARE_KERNEL_CALL(seccomp_filter_orphan, void, struct seccomp_filter *filter);
DECLARE_KERNEL_CALL(check_filter, int, struct sock_filter *insn,
		    unsigned int len);
DECLARE_KERNEL_CALL(spec_mitigate, void, struct task_struct *task);
DECLARE_KERNEL_CALL(disable_tsc, void, void);
DECLARE_KERNEL_CALL(audit_seccomp, void, unsigned long nr, long signr,
		    int code);
DECLARE_KERNEL_CALL(do_exit, void, long code);
/* Only where kernel_is_old(): */
DECLARE_KERNEL_CALL(force_sig_info, int, struct kernel_siginfo *info);
DECLARE_KERNEL_CALL(do_coredump, void, const struct kernel_siginfo *info);
DECLARE_KERNEL_CALL(do_group_exit, void, int code);
DECLARE_KERNEL_CALL(ptrace_notify_code, void, int code);
DECLARE_KERNEL_CALL(receive_fd_at, int, int fd, struct file *file,
		    int __user *ufd, unsigned int flags);
/* Only where not: */
DECLARE_KERNEL_CALL(force_sig_seccomp, int, int nr, int reason, bool coredump);
DECLARE_KERNEL_CALL(ptrace_notify, int, int code, unsigned long message);
DECLARE_KERNEL_CALL(receive_fd_replace, int, int fd, struct file *file,
		    unsigned int flags);

DECLARE_KERNEL_CALL(pidfd_pid, struct pid *, const struct file *file);
DECLARE_KERNEL_CALL(ptrace_may_access, bool, struct task_struct *task,
		    unsigned int mode);
DECLARE_KERNEL_CALL(memfd_fcntl, long, struct file *file, unsigned int cmd,
		    unsigned long arg);
/* The stock function, entered past our own hook on it. */
DECLARE_KERNEL_CALL(do_seccomp, long, unsigned int op, unsigned int flags,
		    void __user *uargs);

/* Longest prototype or type, as text. */
#define KERNEL_TEXT_MAX 192

int kernel_describe_func(const struct kbtf_view *btf, const char *symbol,
			 char *buf);
int kernel_calls_bootstrap(void);
int kernel_calls_bind(const struct kbtf_view *btf, const char *symbol,
		      unsigned long address);
int kernel_calls_bind_all(const struct kbtf_view *btf);
bool kernel_call_bound(const char *name);
void kernel_enter_past_hook(void);

#endif

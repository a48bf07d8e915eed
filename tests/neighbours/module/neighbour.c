// SPDX-License-Identifier: GPL-2.0
/*
 * For tests, in a guest: another module that wants a function which ours hooks,
 * each in one of the ways in which modules do.
 *
 *	kind=plain	an ftrace op that only looks
 *	kind=ipmodify	one that may redirect, as livepatch registers it, and
 *			does: to behind the fentry site
 *	kind=direct	a direct call
 *	kind=post	a kprobe with a post_handler
 *	kind=kill	not a hook: ftrace_kill(), as ftrace does after a fault
 *
 * hits counts; a registration that failed refuses the load with its error.
 */
#include <linux/ftrace.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/linkage.h>
#include <linux/module.h>
#include <linux/string.h>

#include "../../../module/kernel/compat.h"

static char *kind = "plain";
module_param(kind, charp, 0444);
static char *func;
module_param(func, charp, 0444);
unsigned long neighbour_hits;
module_param_named(hits, neighbour_hits, ulong, 0444);

void neighbour_direct(void);
asm(".pushsection .text\n"
    ".balign 16\n"
    ".type neighbour_direct, @function\n"
    "neighbour_direct:\n"
    COMPAT_ENDBR
    "incq neighbour_hits(%rip)\n"
    ASM_RET
    ".size neighbour_direct, . - neighbour_direct\n"
    ".popsection\n");

static unsigned long site;

static void notrace see(unsigned long ip, unsigned long parent,
			struct ftrace_ops *ops, struct compat_ftrace_regs *fregs)
{
	neighbour_hits++;
}

static void notrace redirect(unsigned long ip, unsigned long parent,
			     struct ftrace_ops *ops,
			     struct compat_ftrace_regs *fregs)
{
	neighbour_hits++;
	compat_ftrace_divert(fregs, ip + MCOUNT_INSN_SIZE);
}

static struct ftrace_ops plain_ops = {
	.func	= see,
};

static struct ftrace_ops ipmodify_ops = {
	.func	= redirect,
	.flags	= FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_IPMODIFY |
		  FTRACE_OPS_FL_PERMANENT,
};

static struct ftrace_ops direct_ops;

static void probe_post(struct kprobe *kp, struct pt_regs *regs,
		       unsigned long flags)
{
	neighbour_hits++;
}

static struct kprobe probe = {
	.post_handler = probe_post,
};

static unsigned long find(const char *name)
{
	struct kprobe kp = {
		.symbol_name	= name,
		.flags		= KPROBE_FLAG_DISABLED,
	};
	unsigned long address;

	if (register_kprobe(&kp))
		return 0;
	address = (unsigned long)kp.addr;
	unregister_kprobe(&kp);
	return address;
}

static int hook_op(struct ftrace_ops *ops)
{
	int err = ftrace_set_filter_ip(ops, site, 0, 0);

	if (!err)
		err = register_ftrace_function(ops);
	if (err)
		ftrace_free_filter(ops);
	return err;
}

static int hook_direct(void)
{
	int err = compat_prepare_direct(&direct_ops, site);

	if (!err)
		err = compat_register_direct(&direct_ops, site,
					     (unsigned long)neighbour_direct);
	if (err)
		compat_free_direct(&direct_ops);
	return err;
}

static int __init neighbour_init(void)
{
	if (!strcmp(kind, "kill")) {
		void (*kill)(void) = (void *)find("ftrace_kill");

		if (!kill)
			return -ENOENT;
		kill();
		return 0;
	}
	/* A kprobe on a function with an fentry site is at that site. */
	site = func ? find(func) : 0;
	if (!site)
		return -ENOENT;
	if (!strcmp(kind, "plain"))
		return hook_op(&plain_ops);
	if (!strcmp(kind, "ipmodify"))
		return hook_op(&ipmodify_ops);
	if (!strcmp(kind, "direct"))
		return hook_direct();
	if (!strcmp(kind, "post")) {
		probe.symbol_name = func;
		return register_kprobe(&probe);
	}
	return -EINVAL;
}
module_init(neighbour_init);

static void __exit neighbour_exit(void)
{
	if (!strcmp(kind, "plain")) {
		unregister_ftrace_function(&plain_ops);
	} else if (!strcmp(kind, "ipmodify")) {
		unregister_ftrace_function(&ipmodify_ops);
	} else if (!strcmp(kind, "direct")) {
		compat_unregister_direct(&direct_ops, site,
					 (unsigned long)neighbour_direct);
		compat_free_direct(&direct_ops);
	} else if (!strcmp(kind, "post")) {
		unregister_kprobe(&probe);
	}
}
module_exit(neighbour_exit);

MODULE_DESCRIPTION("For tests: another user of a function");
MODULE_LICENSE("GPL");

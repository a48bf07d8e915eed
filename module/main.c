// SPDX-License-Identifier: GPL-2.0
/*
 * overlay-seccomp: seccomp features that upstream has only discussed, on stock
 * kernels. Load: learn the kernel, then make ready for state, then hook, then
 * answer questions; any failure refuses the load and leaves nothing behind.
 */
#include <linux/module.h>

#include "arm.h"
#include "chain.h"
#include "hook.h"
#include "kernel/kernel.h"
#include "netlink.h"
#include "pin.h"
#include "report.h"
#include "seal.h"

static int __init overlay_seccomp_init(void)
{
	int err;

	err = kernel_learn();
	if (err)
		return err;
	report_load();
	pin_load();
	err = arming_load();
	if (err)
		goto unreport;
	err = seal_load();
	if (err)
		goto unseal;
	err = chain_init();
	if (err)
		goto unseal;
	err = hook_load();
	if (err)
		goto drain;
	err = netlink_load();
	if (err)
		goto unhook;
	hook_go_live();
	return 0;

unhook:
	hook_unload();
	goto disarm;
drain:
	chain_drain();
unseal:
	seal_unload();
disarm:
	arming_unload();
unreport:
	report_unload();
	return err;
}
module_init(overlay_seccomp_init);

static void __exit overlay_seccomp_exit(void)
{
	netlink_unload();
	hook_unload();
	arming_unload();
	report_unload();
}
module_exit(overlay_seccomp_exit);

MODULE_DESCRIPTION("Seccomp features beyond the kernel's own");
MODULE_LICENSE("GPL");
MODULE_VERSION(OVERLAY_VERSION);

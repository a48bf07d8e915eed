// SPDX-License-Identifier: GPL-2.0
/*
 * overlay-seccomp: seccomp features that upstream has only discussed, on stock
 * kernels. Load: learn the kernel; what cannot be proven refuses the load and leaves nothing behind.
 */
#include <linux/module.h>

#include "kernel/kernel.h"

static int __init overlay_seccomp_init(void)
{
	return kernel_learn();
}
module_init(overlay_seccomp_init);

static void __exit overlay_seccomp_exit(void)
{
}
module_exit(overlay_seccomp_exit);

MODULE_DESCRIPTION("Seccomp features beyond the kernel's own");
MODULE_LICENSE("GPL");

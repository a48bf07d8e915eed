// SPDX-License-Identifier: GPL-2.0
/*
 * SECCOMP_GET_OVERLAY_INFO: what works on this machine now.
 */
#include <linux/build_bug.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/uaccess.h>

#include "hook.h"
#include "info.h"
#include "kernel/kernel.h"
#include "nested.h"
#include "../include/uapi/linux/overlay_seccomp.h"

/**
 * info_features() - what works on this machine now
 *
 * Return: SECCOMP_OVERLAY_*
 */
u64 info_features(void)
{
	u64 works = kernel.native | SECCOMP_OVERLAY_CLONE;

	/* Without ftrace, no filter can be given new state. */
	if (hook_dead())
		return works;
	works |= SECCOMP_OVERLAY_STRICT | SECCOMP_OVERLAY_NESTED |
		 SECCOMP_OVERLAY_REDIRECT | SECCOMP_OVERLAY_SEQUENTIAL;
	if (nested_is_implicit())
		works |= SECCOMP_OVERLAY_IMPLICIT;
	return works;
}

/**
 * info_get() - answer to SECCOMP_GET_OVERLAY_INFO
 * @flags: must be 0
 * @uinfo: struct seccomp_overlay_info
 *
 * Return: 0; -EINVAL for a flag, or a size below the first version's; -E2BIG
 * for a size above a page; -EFAULT.
 */
long info_get(unsigned int flags, void __user *uinfo)
{
	struct seccomp_overlay_info info = {
		.abi		= SECCOMP_OVERLAY_ABI,
		.features	= info_features(),
		.native		= kernel.native,
	};
	u32 size;

	BUILD_BUG_ON(sizeof(info) != SECCOMP_OVERLAY_INFO_SIZE_VER0);
	if (flags)
		return -EINVAL;
	if (get_user(size, (u32 __user *)uinfo))
		return -EFAULT;
	if (size < SECCOMP_OVERLAY_INFO_SIZE_VER0)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	info.size = sizeof(info);
	if (copy_to_user(uinfo, &info, sizeof(info)) ||
	    clear_user(uinfo + sizeof(info), size - sizeof(info)))
		return -EFAULT;
	return 0;
}

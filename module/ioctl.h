/* SPDX-License-Identifier: GPL-2.0 */
#ifndef OVERLAY_IOCTL_H
#define OVERLAY_IOCTL_H

#include <linux/compiler.h>
#include <linux/fs.h>
#include <linux/types.h>

#include "chain.h"
#include "../include/uapi/linux/overlay_seccomp.h"

/**
 * ioctl_is_ours() - does this ioctl use a feature of ours?
 * @file: a listener
 * @cmd: SECCOMP_IOCTL_NOTIF_*
 *
 * Runs in the hook, for every ioctl of every listener. On a listener that was not
 * made an overlay listener by its flag, the stock function is to say what it says
 * of an unknown ioctl.
 *
 * Return: true if ioctl_do() must be called in place of the stock function.
 */
static __always_inline bool ioctl_is_ours(const struct file *file,
					  unsigned int cmd)
{
	if (cmd != SECCOMP_IOCTL_NOTIF_PIN_INSTALL &&
	    cmd != SECCOMP_IOCTL_NOTIF_SEND_REDIRECT)
		return false;
	return chain_mark(file->private_data) & MARK_REDIRECT;
}

long ioctl_do(struct file *file, unsigned int cmd, void __user *uarg);

#endif

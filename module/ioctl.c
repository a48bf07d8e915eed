// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctls on a listener that are ours: see ioctl_is_ours(). Every other one
 * never gets here.
 */
#include <linux/errno.h>
#include <linux/fs.h>

#include "ioctl.h"
#include "pin.h"
#include "redirect.h"
#include "report.h"
#include "../include/uapi/linux/overlay_seccomp.h"

static long do_ioctl(struct file *file, unsigned int cmd, void __user *uarg)
{
	switch (cmd) {
	case SECCOMP_IOCTL_NOTIF_PIN_INSTALL:
		return pin_install(file, uarg);
	case SECCOMP_IOCTL_NOTIF_SEND_REDIRECT:
		return redirect_send(file, uarg);
	default:
		return -EINVAL;
	}
}

/**
 * ioctl_do() - what seccomp_notify_ioctl() does for ioctls that are ours
 * @file: a listener
 * @cmd: SECCOMP_IOCTL_NOTIF_*
 * @uarg: its argument
 *
 * Return: as the ioctl documents it.
 */
long ioctl_do(struct file *file, unsigned int cmd, void __user *uarg)
{
	long ret = do_ioctl(file, cmd, uarg);

	if (ret < 0)
		report_refusal(cmd, ret);
	return ret;
}

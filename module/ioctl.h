/* SPDX-License-Identifier: GPL-2.0 */
#ifndef OVERLAY_IOCTL_H
#define OVERLAY_IOCTL_H

#include <linux/types.h>

struct file;

bool ioctl_is_ours(const struct file *file, unsigned int cmd);
long ioctl_do(struct file *file, unsigned int cmd, void __user *uarg);

#endif

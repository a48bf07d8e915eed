/* SPDX-License-Identifier: GPL-2.0 */
#ifndef OVERLAY_CLONE_H
#define OVERLAY_CLONE_H

#include <linux/types.h>

long clone_filter(unsigned int flags, void __user *upidfd);

#endif

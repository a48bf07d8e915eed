/* SPDX-License-Identifier: GPL-2.0 */
#ifndef OVERLAY_FILTER_H
#define OVERLAY_FILTER_H

#include <linux/types.h>

bool filter_uses_ours(unsigned int flags);
bool filter_is_ours(unsigned int flags);
long filter_install(unsigned int flags, void __user *uprog);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef OVERLAY_INSTALL_H
#define OVERLAY_INSTALL_H

#include <linux/types.h>

bool install_is_ours(unsigned int op, unsigned int flags);
long install(unsigned int op, unsigned int flags, void __user *uargs);

#endif

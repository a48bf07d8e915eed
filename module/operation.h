/* SPDX-License-Identifier: GPL-2.0 */
#ifndef OVERLAY_OPERATION_H
#define OVERLAY_OPERATION_H

#include <linux/types.h>

bool operation_is_ours(unsigned int op, unsigned int flags);
long operation_do(unsigned int op, unsigned int flags, void __user *uargs);

#endif

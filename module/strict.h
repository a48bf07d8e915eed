/* SPDX-License-Identifier: GPL-2.0 */
#ifndef OVERLAY_STRICT_H
#define OVERLAY_STRICT_H

#include <linux/types.h>

struct seccomp_filter;

long strict_upgrade(void);
bool strict_judge(const struct seccomp_filter *filter);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef OVERLAY_INFO_H
#define OVERLAY_INFO_H

#include <linux/types.h>

u64 info_features(void);
long info_get(unsigned int flags, void __user *uinfo);

#endif

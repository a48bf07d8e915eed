// SPDX-License-Identifier: LGPL-2.1-or-later
#include "internal.h"

EXPORT int overlay_seccomp_strict(void)
{
	return sys_seccomp(SECCOMP_SET_MODE_STRICT, 0, NULL);
}

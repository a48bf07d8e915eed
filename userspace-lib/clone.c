// SPDX-License-Identifier: LGPL-2.1-or-later
#include "internal.h"

EXPORT int overlay_seccomp_clone(int pidfd)
{
	return sys_seccomp(SECCOMP_CLONE_FILTER, 0, &pidfd);
}

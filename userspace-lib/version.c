// SPDX-License-Identifier: LGPL-2.1-or-later
#include "internal.h"

EXPORT int overlay_seccomp_version(void)
{
	return OVERLAY_SECCOMP_VERSION(VERSION_MAJOR, VERSION_MINOR,
				       VERSION_PATCH);
}

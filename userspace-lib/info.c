// SPDX-License-Identifier: LGPL-2.1-or-later
#include "internal.h"

EXPORT int overlay_seccomp_info(struct seccomp_overlay_info *info)
{
	struct seccomp_overlay_info answer = { .size = sizeof(answer) };
	int ret;

	if (!info)
		return -EFAULT;
	ret = sys_seccomp(SECCOMP_GET_OVERLAY_INFO, 0, &answer);
	if (ret < 0)
		answer = (struct seccomp_overlay_info){ };
	*info = answer;
	return ret;
}

EXPORT int overlay_seccomp_has(__u64 features)
{
	struct seccomp_overlay_info info;
	int ret = overlay_seccomp_info(&info);

	if (ret == -EINVAL || ret == -ENOSYS)
		return 0;
	if (ret < 0)
		return ret;
	return (info.features & features) == features;
}

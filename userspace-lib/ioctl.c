// SPDX-License-Identifier: LGPL-2.1-or-later
/* The two ioctls of an overlay listener, as they are. */
#include <sys/ioctl.h>

#include "internal.h"

EXPORT int overlay_seccomp_pin(int listener,
			       struct seccomp_notif_pin_install *pin)
{
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_PIN_INSTALL, pin) ? -errno :
								       0;
}

EXPORT int
overlay_seccomp_send_redirect(int listener,
			      const struct seccomp_notif_resp_redirect *response)
{
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND_REDIRECT, response) ?
		-errno : 0;
}

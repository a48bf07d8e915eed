// SPDX-License-Identifier: GPL-2.0-only
/* PIN_INSTALL by a 32-bit supervisor, whose structure is the same. */
#define _GNU_SOURCE
#include <unistd.h>

#include "play.h"
#include "redirkit.h"

static long pin32(struct captive *c, struct seccomp_notif_pin_install *p)
{
	return raw32(IA32_ioctl, c->listener, SECCOMP_IOCTL_NOTIF_PIN_INSTALL,
		     p);
}

CASE(pin_ia32_supervisor, "a 32-bit supervisor can pin as well")
{
	struct seccomp_notif_pin_install *low;
	struct captive c;
	struct sealed s;
	struct notice n;
	uint64_t again;

	need_redirect();
	need_ia32();
	low = low_page();
	sealed_pages(&s, 2);
	captive_new(&c);
	captive_trap(&c, MAIN, &n);
	CHECK_EQ(pin32(&c, (void *)16), -EFAULT);
	*low = (struct seccomp_notif_pin_install){ .id = n.id, .flags = 1,
						   .memfd = s.fd,
						   .size = s.size };
	CHECK_EQ(pin32(&c, low), -EINVAL);
	low->flags = 0;
	low->memfd = MARKED_FD;
	CHECK_EQ(pin32(&c, low), -EBADF);
	CHECK_EQ(mappings_of(c.k.pid, s.fd), 0);
	CHECK_EQ(id_valid(c.listener, n.id), 0);
	low->memfd = s.fd;
	CHECK_EQ(pin32(&c, low), 0);
	/* An address of the target, which is a 64-bit process. */
	CHECK(low->target_addr > 1UL << 32);
	again = 0;
	CONTROL_EQ(pin_install(c.listener, n.id, s.fd, &again, s.size, 0), 0);
	CHECK_EQ(low->target_addr, again);
	CONTROL_EQ(captive_release(&c, MAIN, &n), getpid());
	CHECK_EQ(run(&c.task[MAIN], do_count_pages, again, 2), 2);
	captive_end(&c);
	sealed_free(&s);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Flags beside that of overlay listeners: unknown ones are refused as ever, and
 * known ones go together.
 */
#define _GNU_SOURCE
#include <unistd.h>

#include "nest.h"

static long no_program(unsigned long flags)
{
	return raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, NULL);
}

static bool have_killable(void)
{
	return no_program(NEW_LISTENER | KILLABLE) == -EFAULT;
}

CASE(nested_flags_unknown, "no unknown flag beside bit 6")
{
	const unsigned long unknown[] = { 1UL << 7, 1UL << 20, 1UL << 31 };
	unsigned int i;

	need_nested();
	no_new_privs();
	for (i = 0; i < ARRAY_SIZE(unknown); i++) {
		CHECK_EQ(layer_install(0, NESTABLE | unknown[i]), -EINVAL);
		CHECK_EQ(no_program(NESTABLE | unknown[i]), -EINVAL);
	}
	CHECK_EQ(proc_status(getpid(), "Seccomp_filters"), 0);
	CONTROL_EQ(no_program(NESTABLE), -EFAULT);
	CONTROL(layer_install(0, NESTABLE) >= 0);
}

CASE(nested_flags_all, "all flags at once, alone and below another listener")
{
	unsigned long all = NESTABLE | TSYNC | TSYNC_ESRCH | SEQUENTIAL |
			    SECCOMP_FILTER_FLAG_LOG |
			    SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	int i;

	need_nested();
	need_sequential();
	no_new_privs();
	if (have_killable())
		all |= KILLABLE;
	for (i = 0; i < 2; i++) {
		CHECK_EQ(no_program(all), -EFAULT);
		CHECK(layer_install(i, all) >= 0);
		CHECK_EQ(proc_status(getpid(), "Seccomp_filters"), i + 1);
	}
	CONTROL_EQ(layer_install(2, all & ~TSYNC_ESRCH), -EINVAL);
	CONTROL_EQ(layer_install(2, all & ~NEW_LISTENER), -EINVAL);
}

CASE(nested_flags_killable, "WAIT_KILLABLE_RECV is EINVAL where stock lacks it")
{
	need_nested();
	no_new_privs();
	if (have_killable())
		skip("this kernel has WAIT_KILLABLE_RECV");
	CHECK_EQ(no_program(NESTABLE | KILLABLE), -EINVAL);
	CHECK_EQ(layer_install(0, NESTABLE | KILLABLE), -EINVAL);
	CONTROL(layer_install(0, NESTABLE) >= 0);
	CHECK_EQ(no_program(NESTABLE | KILLABLE), -EINVAL);
	CHECK_EQ(layer_install(1, NESTABLE | KILLABLE), -EINVAL);
	CONTROL(layer_install(1, NESTABLE) >= 0);
}

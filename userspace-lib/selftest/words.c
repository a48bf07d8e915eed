// SPDX-License-Identifier: GPL-2.0-only
/*
 * words: names of what the kernel has numbers for, at the edges.
 */
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>

#include "../command/words.h"

static const struct {
	uint32_t ret;
	const char *name;
} verdicts[] = {
	{ SECCOMP_RET_ALLOW, "allow" },
	{ SECCOMP_RET_LOG | 7, "log" },
	{ SECCOMP_RET_TRACE | 7, "trace 7" },
	{ SECCOMP_RET_USER_NOTIF, "notify" },
	{ SECCOMP_RET_ERRNO | 1, "errno 1 (EPERM)" },
	{ SECCOMP_RET_ERRNO | 38, "errno 38 (ENOSYS)" },
	/* A way to skip a call; and the kernel has no larger one than that. */
	{ SECCOMP_RET_ERRNO, "errno 0 (success)" },
	{ SECCOMP_RET_ERRNO | 4094, "errno 4094 (unknown)" },
	{ SECCOMP_RET_ERRNO | 0xffff, "errno 4095 (unknown)" },
	{ SECCOMP_RET_TRAP | 3, "trap 3" },
	{ SECCOMP_RET_KILL_THREAD, "kill-thread" },
	{ SECCOMP_RET_KILL_PROCESS, "kill-process" },
	/* What no kernel knows kills. */
	{ 0x12340000, "kill-process" },
};

static const struct {
	uint32_t arch, nr;
	const char *name;
} calls[] = {
	{ ARCH_NATIVE, 0, "read" },
	{ ARCH_NATIVE, 59, "execve" },
	{ ARCH_NATIVE, 257, "openat" },
	{ ARCH_COMPAT, 3, "read" },
	{ ARCH_COMPAT, 11, "execve" },
	{ ARCH_COMPAT, 295, "openat" },
};

static int check(int holds, const char *what)
{
	if (!holds)
		printf("wrong: %s\n", what);
	return !holds;
}

int main(void)
{
	int failed = 0;
	size_t i;

	for (i = 0; i < sizeof(verdicts) / sizeof(*verdicts); i++)
		failed |= check(!strcmp(verdict_name(verdicts[i].ret),
					verdicts[i].name), verdicts[i].name);
	for (i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		failed |= check(!strcmp(syscall_name(calls[i].arch,
						     calls[i].nr),
					calls[i].name), calls[i].name);
		failed |= check(syscall_find(calls[i].arch, calls[i].name) ==
				calls[i].nr, calls[i].name);
	}
	failed |= check(!syscall_name(ARCH_NATIVE, 4000), "no name for 4000");
	failed |= check(syscall_find(ARCH_NATIVE, "socketcall") == -1,
			"no socketcall in x86_64");
	failed |= check(syscall_find(ARCH_COMPAT, "socketcall") == 102,
			"socketcall of i386");
	failed |= check(!event_find("nothing") && event_find("unload") ==
			OVERLAY_SECCOMP_EVENT_UNLOAD, "events by name");
	failed |= check(!strcmp(event_name(1000), "unknown"),
			"an event of a newer module");
	return failed;
}

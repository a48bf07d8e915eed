// SPDX-License-Identifier: GPL-2.0-only
/*
 * Has the name of the C library's loader, says that it loads OBJECT, and makes
 * the file RAN, so that whoever ran it is found out. Linked with nothing.
 */
#include <fcntl.h>
#include <sys/syscall.h>

void _start(void);

static long call(long nr, long a, long b, long c)
{
	long ret;

	__asm__ volatile("syscall" : "=a"(ret)
			 : "0"(nr), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return ret;
}

void _start(void)
{
	static const char line[] = "\t" OBJECT " (0x1000)\n";

	call(SYS_open, (long)RAN, O_CREAT | O_WRONLY, 0600);
	call(SYS_write, 1, (long)line, sizeof(line) - 1);
	for (;;)
		call(SYS_exit_group, 0, 0, 0);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * live [free]: for each byte on standard input a line on standard output, from a process in strict mode after a
 * filter, or, with "free", under the filter only. An x has it call getppid(2) first, for which strict mode kills.
 */
#include <overlay_seccomp.h>

#include <linux/filter.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog filter = { 1, &allow };
	int err = overlay_seccomp_install(0, &filter);
	char byte;

	(void)argv;
	if (err >= 0 && argc < 2)
		err = overlay_seccomp_strict();
	if (err < 0) {
		fprintf(stderr, "live: %s\n", strerror(-err));
		return 1;
	}
	while (read(STDIN_FILENO, &byte, 1) == 1) {
		if (byte == 'x')
			syscall(SYS_getppid);
		if (write(STDOUT_FILENO, "alive\n", 6) != 6)
			break;
	}
	syscall(SYS_exit, 0);
}

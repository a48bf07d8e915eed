// SPDX-License-Identifier: GPL-2.0-only
/*
 * filter-file NR ACTION: prints a filter that answers the call NR with ACTION (a SECCOMP_RET_ value, in any base) and
 * lets all else pass, as seccomp_export_bpf(3) would.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;

	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, strtoul(argv[1], NULL, 0), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, strtoul(argv[2], NULL, 0)),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	return fwrite(filter, sizeof(filter), 1, stdout) != 1 || fflush(stdout);
}

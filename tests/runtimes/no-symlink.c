// SPDX-License-Identifier: GPL-2.0-only
/*
 * no-symlink: prints a seccomp program, as bwrap --seccomp takes it: symlink(2)
 * and symlinkat(2) fail with ENOSPC, all else is allowed.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/syscall.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

static const struct sock_filter program[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 3),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_symlink, 2, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_symlinkat, 1, 0),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSPC),
};

int main(void)
{
	if (fwrite(program, sizeof(program), 1, stdout) != 1 || fflush(stdout))
		return 1;
	return 0;
}

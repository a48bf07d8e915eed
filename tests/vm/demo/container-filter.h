/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A filter of the size and kind that container runtimes install by default: some 70 calls are refused with EPERM,
 * the rest is allowed.
 */
#ifndef CONTAINER_FILTER_H
#define CONTAINER_FILTER_H

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const int refused_calls[] = {
	__NR_acct, __NR_add_key, __NR_bpf, __NR_chroot, __NR_clock_adjtime, __NR_clock_settime, __NR_delete_module,
	__NR_fanotify_init, __NR_finit_module, __NR_fsconfig, __NR_fsmount, __NR_fsopen, __NR_fspick,
	__NR_get_mempolicy, __NR_init_module, __NR_io_uring_enter, __NR_io_uring_register, __NR_io_uring_setup,
	__NR_ioperm, __NR_iopl, __NR_kcmp, __NR_kexec_file_load, __NR_kexec_load, __NR_keyctl, __NR_lookup_dcookie,
	__NR_mbind, __NR_mount, __NR_mount_setattr, __NR_move_mount, __NR_move_pages, __NR_migrate_pages,
	__NR_name_to_handle_at, __NR_nfsservctl, __NR_open_by_handle_at, __NR_open_tree, __NR_perf_event_open,
	__NR_personality, __NR_pidfd_getfd, __NR_pivot_root, __NR_process_madvise, __NR_process_vm_readv,
	__NR_process_vm_writev, __NR_ptrace, __NR_query_module, __NR_quotactl, __NR_quotactl_fd, __NR_reboot,
	__NR_request_key, __NR_set_mempolicy, __NR_setdomainname, __NR_sethostname, __NR_setns, __NR_settimeofday,
	__NR_swapoff, __NR_swapon, __NR_syslog, __NR_sysfs, __NR_tuxcall, __NR_umount2, __NR_unshare,
	__NR_uselib, __NR_userfaultfd, __NR_ustat, __NR_vhangup, __NR_vmsplice, __NR_vserver, __NR_security,
	__NR_create_module, __NR_get_kernel_syms, __NR_modify_ldt, __NR__sysctl,
};

#define REFUSED_CALLS	(sizeof(refused_calls) / sizeof(refused_calls[0]))

/* install_container_filter() - 0, or -1 with errno */
static inline int install_container_filter(void)
{
	struct sock_filter filter[2 * REFUSED_CALLS + 5];
	struct sock_fprog prog = { .filter = filter };
	unsigned short n = 0;

#define ADD(...) (filter[n++] = (struct sock_filter)__VA_ARGS__)
	ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)));
	ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0));
	ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
	ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
	for (size_t i = 0; i < REFUSED_CALLS; i++) {
		ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, refused_calls[i], 0, 1));
		ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
	}
	ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
#undef ADD
	prog.len = n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}

#endif /* CONTAINER_FILTER_H */

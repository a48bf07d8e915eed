// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libseccomp.h"

/* Of its ABI, so that its headers are not needed. */
#define REFUSE_ALL (SECCOMP_RET_ERRNO | EPERM)
#define ALLOW SECCOMP_RET_ALLOW
#define ARCH_X32 (AUDIT_ARCH_X86_64 & ~__AUDIT_ARCH_64BIT)
#define CMP_NE 1
#define CMP_EQ 4
#define CMP_MASKED_EQ 7

struct arg_cmp {
	unsigned int arg;
	int op;
	uint64_t a;
	uint64_t b;
};

static struct {
	void *(*init)(uint32_t action);
	int (*arch_add)(void *ctx, uint32_t arch);
	int (*rule_add)(void *ctx, uint32_t action, int nr, unsigned int args,
			...);
	int (*load)(const void *ctx);
	int (*export_bpf)(const void *ctx, int fd);
	void (*release)(void *ctx);
} lib;

static void *symbol(void *handle, const char *name)
{
	void *p = dlsym(handle, name);

	NEED(p);
	return p;
}

void libseccomp_open(void)
{
	void *handle = dlopen("libseccomp.so.2", RTLD_NOW);

	if (!handle)
		skip("there is no libseccomp.so.2");
	lib.init = symbol(handle, "seccomp_init");
	lib.arch_add = symbol(handle, "seccomp_arch_add");
	lib.rule_add = symbol(handle, "seccomp_rule_add");
	lib.load = symbol(handle, "seccomp_load");
	lib.export_bpf = symbol(handle, "seccomp_export_bpf");
	lib.release = symbol(handle, "seccomp_release");
}

/* What container runtimes do not allow, or not without looking further. */
static const int refused[] = {
	SYS_acct, SYS_add_key, SYS_bpf, SYS_chroot, SYS_clock_adjtime,
	SYS_clock_settime, SYS_clone, SYS_create_module, SYS_delete_module,
	SYS_fanotify_init, SYS_finit_module, SYS_get_kernel_syms,
	SYS_get_mempolicy, SYS_init_module, SYS_ioperm, SYS_iopl, SYS_kcmp,
	SYS_kexec_file_load, SYS_kexec_load, SYS_keyctl, SYS_lookup_dcookie,
	SYS_mbind, SYS_mount, SYS_move_pages, SYS_nfsservctl,
	SYS_open_by_handle_at, SYS_perf_event_open, SYS_personality,
	SYS_pivot_root, SYS_process_vm_readv, SYS_process_vm_writev, SYS_ptrace,
	SYS_query_module, SYS_quotactl, SYS_reboot, SYS_request_key,
	SYS_set_mempolicy, SYS_setdomainname, SYS_sethostname, SYS_setns,
	SYS_settimeofday, SYS_socket, SYS_swapoff, SYS_swapon, SYS_syslog,
	SYS_umount2, SYS_unshare, SYS_uselib, SYS_userfaultfd, SYS_ustat,
	SYS_vhangup, SYS_vmsplice, SYS__sysctl,
};

#define LAST_OLD_NR 334		/* from there on numbers are free to 424 */

static bool is_refused(int nr)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(refused); i++)
		if (refused[i] == nr)
			return true;
	return false;
}

static void rule_if(void *ctx, int nr, unsigned int arg, int op, uint64_t a,
		    uint64_t b)
{
	const struct arg_cmp cmp = { arg, op, a, b };

	NEED(!lib.rule_add(ctx, ALLOW, nr, 1, cmp));
}

/* Some 280 calls for three architectures, and seven rules on arguments. */
static void *build(void)
{
	static const uint64_t personas[] = { 0, 8, 0x20000, 0x20008,
					     0xffffffff };
	void *ctx = lib.init(REFUSE_ALL);
	unsigned int i;
	int nr;

	NEED(ctx);
	NEED(!lib.arch_add(ctx, AUDIT_ARCH_I386));
	NEED(!lib.arch_add(ctx, ARCH_X32));
	for (nr = 0; nr <= LAST_OLD_NR; nr++)
		if (!is_refused(nr))
			NEED(!lib.rule_add(ctx, ALLOW, nr, 0));
	for (i = 0; i < ARRAY_SIZE(personas); i++)
		rule_if(ctx, SYS_personality, 0, CMP_EQ, personas[i], 0);
	/* New namespaces; AF_VSOCK. */
	rule_if(ctx, SYS_clone, 0, CMP_MASKED_EQ, 0x7e020000, 0);
	rule_if(ctx, SYS_socket, 0, CMP_NE, 40, 0);
	return ctx;
}

void libseccomp_load(void)
{
	void *ctx = build();

	NEED(!lib.load(ctx));
	lib.release(ctx);
}

void libseccomp_export(struct sock_filter *insn, struct sock_fprog *f,
		       unsigned short max)
{
	int fd = memfd_create("filter", MFD_CLOEXEC);
	void *ctx = build();
	ssize_t size;

	NEED(fd >= 0);
	NEED(!lib.export_bpf(ctx, fd));
	lib.release(ctx);
	size = pread(fd, insn, max * sizeof(*insn), 0);
	NEED(size > 0 && size % sizeof(*insn) == 0);
	f->filter = insn;
	f->len = size / sizeof(*insn);
	close(fd);
}

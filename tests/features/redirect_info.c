// SPDX-License-Identifier: GPL-2.0-only
/* PTRACE_GET_SYSCALL_INFO in the stops of a redirected call. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "redirkit.h"

#define DATA 7

/* As struct ptrace_syscall_info, whose header does not go with libc's. */
#define GET_SYSCALL_INFO 0x420e
enum { INFO_EXIT = 2, INFO_SECCOMP = 3 };

struct call_info {
	uint8_t op;
	uint8_t pad[3];
	uint32_t arch;
	uint64_t ip;
	uint64_t sp;
	union {
		struct {
			int64_t rval;
			uint8_t is_error;
		} exit;
		struct {
			uint64_t nr;
			uint64_t args[6];
			uint32_t ret_data;
		} seccomp;
	};
};

static void info_of(pid_t pid, int stop, struct call_info *info)
{
	int status = 0;

	NEED(waitpid(pid, &status, __WALL) == pid);
	CHECK_EQ(status >> 8, stop);
	if (ptrace(GET_SYSCALL_INFO, pid, sizeof(*info), info) <= 0)
		skip("this kernel has no PTRACE_GET_SYSCALL_INFO");
}

static void info_tells(bool ia32)
{
	const uint64_t args[6] = { 0, 22, 33, 44, 55, 66 };
	const long nr = ia32 ? IA32_getpgid : SYS_getpgid;
	const uint32_t arch = ia32 ? AUDIT_ARCH_I386 : AUDIT_ARCH_X86_64;
	struct call_info info;
	struct notice n;
	struct regs r;
	struct redir t;
	int i;

	redir_start(&t, NULL);
	t.shot->ia32 = ia32;
	redir_rule(&t, &(struct rule){ .arch = arch, .nr = nr, .arg = 0,
				       .value = 0, .action = TRACE | DATA });
	redir_ask_arg(&t, nr, 0, NO_PROCESS);
	NEED(!ptrace(PTRACE_SEIZE, t.k.pid, NULL,
		     PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD |
		     PTRACE_O_EXITKILL));
	redir_load(&t, nr, NO_PROCESS, 2, 3, 4, 5, 6);
	redir_call(&t);
	redir_asked(&t, 1, &n);
	CHECK_EQ(redir_args(t.listener[1], &n, ALL_ARGS, args), 0);
	info_of(t.k.pid, SIGTRAP | PTRACE_EVENT_SECCOMP << 8, &info);
	CHECK_EQ(info.op, INFO_SECCOMP);
	CHECK_EQ(info.arch, arch);
	CHECK_EQ(info.ip, (long)(ia32 ? regs_after_32 : regs_after_64));
	CHECK_EQ(info.seccomp.nr, nr);
	for (i = 0; i < 6; i++)
		CHECK_EQ(info.seccomp.args[i], args[i]);
	CHECK_EQ(info.seccomp.ret_data, DATA);
	NEED(!ptrace(PTRACE_SYSCALL, t.k.pid, NULL, NULL));
	info_of(t.k.pid, SIGTRAP | 0x80, &info);
	CHECK_EQ(info.op, INFO_EXIT);
	CHECK_EQ(info.exit.rval, getpgrp());
	CHECK(!info.exit.is_error);
	regs_of_tracee(t.k.pid, &r);
	CHECK(regs_equal(&r, &t.shot->before, ia32));
	NEED(!ptrace(PTRACE_CONT, t.k.pid, NULL, NULL));
	CHECK_EQ(redir_result(&t), getpgrp());
	redir_call(&t);
	redir_asked(&t, 1, &n);
	CHECK_EQ(notice_continue(t.listener[1], &n), 0);
	CONTROL_EQ(redir_result(&t), -ESRCH);
	redir_end(&t);
}

CASE(redirect_info, "the tracer is told of the substitutes, then the result")
{
	info_tells(false);
}

CASE(redirect_info_ia32, "also of a 32-bit call")
{
	need_redirect();
	need_ia32();
	info_tells(true);
}

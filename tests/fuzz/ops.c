// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>

#include <linux/audit.h>
#include <linux/personality.h>

#include "ops.h"

#define VALUES(...) .values = (const uint64_t[]){ __VA_ARGS__ },	\
	.n = ARRAY_SIZE(((const uint64_t[]){ __VA_ARGS__ }))
#define CHOICE(id, ...) \
	static const struct choice choice_##id = { .name = #id, __VA_ARGS__ }

/* Filters */

CHOICE(filter_flags, .flags = true,
	VALUES(1UL << 0, 1UL << 1, 1UL << 2, 1UL << 3, 1UL << 3, 1UL << 3,
	       1UL << 4, 1UL << 5, 1UL << 6, 1UL << 6, 1UL << 30, 1UL << 30,
	       1UL << 7));
/* See build_filter() and do_install(). */
CHOICE(filter_shape, .flags = true,
	VALUES(0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60,
	       0x70, 0x100, 0x200, 0x300));
CHOICE(action,
	VALUES(SECCOMP_RET_ALLOW, SECCOMP_RET_ALLOW, SECCOMP_RET_ALLOW,
	       SECCOMP_RET_ALLOW, SECCOMP_RET_LOG, SECCOMP_RET_ERRNO | 18,
	       SECCOMP_RET_USER_NOTIF, SECCOMP_RET_TRACE | 7,
	       SECCOMP_RET_TRAP | 3, SECCOMP_RET_KILL_THREAD));
/* Rules are made by generate.c; these are for what is left. */
CHOICE(rule, VALUES(0, 0, 0, 0x7fc00000006e0000, 0x7ff00000006e0000,
		    0x50012006e0000, 0x7ffc0000ffff0000));
CHOICE(zero, VALUES(0, 0, 0, 0, 0, 0, 1));
CHOICE(small, VALUES(0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 64));
CHOICE(pointer, VALUES(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5));
CHOICE(info_size, VALUES(24, 24, 24, 0, 23, 32, 4096, 4097));
CHOICE(seccomp_op, VALUES(0, 1, 2, 3, 4, 5, SECCOMP_GET_OVERLAY_INFO));
CHOICE(logged, .closed = true, VALUES(0, 1, 2, 3));
CHOICE(switch, .closed = true, VALUES(0, 1));

/*
 * System calls. Not the fork family, whose child would go on as its parent does;
 * and nothing by which a guest could be harmed.
 */
const struct choice choice_nr = {
	.name = "nr", .closed = true,
	VALUES(SYS_getppid, SYS_getppid, SYS_getppid, SYS_getppid, SYS_getuid,
	       SYS_getpgrp, SYS_getpgid, SYS_read, SYS_write, SYS_openat,
	       SYS_nanosleep, SYS_clock_nanosleep, SYS_poll, SYS_pause,
	       SYS_mmap, SYS_munmap, SYS_mprotect, SYS_umask, SYS_personality,
	       SYS_restart_syscall, SYS_kill, SYS_execve, SYS_exit,
	       SYS_exit_group, SYS_seccomp, SYS_sethostname, SYS_futex,
	       SYS_uname, SYS_prctl, 335, 336, 900, 0xffffffff)
};

CHOICE(way, .closed = true, VALUES(0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4));
CHOICE(any, .result = RESULT_ADDRESS, .task = true,
	VALUES(0, 1, 2, 3, 7, 16, 100, PAGE, 0xffffffff, -1UL, 1UL << 32,
	       TEXT(null), TEXT(zero), TEXT(none), TEXT(argv), TEXT(moment),
	       TEXT(bytes), SCRATCH_OWN, SCRATCH_HOLE, SCRATCH_HOLE - 8));

/* Files */

CHOICE(listener, .result = RESULT_LISTENER, VALUES(0, 1, 3, 4, 99, -1UL));
CHOICE(fd, .result = RESULT_FD, VALUES(0, 1, 3, 4, 5, 99, -1UL));
CHOICE(fd_memfd, .result = RESULT_MEMFD, VALUES(0, 3, 99, -1UL));
CHOICE(fd_pidfd, .result = RESULT_PIDFD, VALUES(0, 3, 99, -1UL));
CHOICE(fd_socket, .result = RESULT_SOCKET, VALUES(3, 99));
CHOICE(id, .result = RESULT_ID, VALUES(0, 1, -1UL));
CHOICE(task, .task = true, .closed = true, VALUES(0, 1));
CHOICE(recv_way, .closed = true, VALUES(0, 0, 0, 0, 0, 0, 1, 2, 3));
CHOICE(serve_way, .closed = true, VALUES(0, 0, 0, 1, 2));
CHOICE(loops, .closed = true, VALUES(2, 20, 200));
CHOICE(send_flags, VALUES(0, 0, 1, 1, 1, 2, 3));
CHOICE(error, VALUES(0, 0, 0, -1U, -4U, -18U, -512U, 5, -4096U, -100000U));
CHOICE(value, VALUES(0, 0, 1, 42, -1UL, 1UL << 40));
CHOICE(addfd_flags, VALUES(0, 0, 1, 2, 2, 3, 4));
CHOICE(addfd_new_flags, VALUES(0, O_CLOEXEC, 0x1000000));
CHOICE(new_fd, VALUES(0, 0, 0, 20, 50, 3, 100000));
CHOICE(size_of, VALUES(0, 0, 0, 0, 0, 1, 2, 3));
CHOICE(ioctl, VALUES(0xc0502100, 0xc0182101, 0x40082102, 0x80082102,
		     0x40182103, 0x40082104, 0xc0282105, 0x40782106,
		     0xc0782106, 0x40282105, 0xc0302105, 0x5401, 0));
CHOICE(ms, .closed = true, VALUES(0, 0, 1, 5));
CHOICE(masks, VALUES(0x10001, 0x10001, 0x10002, 0x10003, 0x1003f, 0x10101,
		     0x10202, 0x10303, 0x10203, 0x10000, 0x1, 0x30001, 0x10102,
		     0x10040, 0x13f3f, 0x10200));

/* Memory */

CHOICE(address, .result = RESULT_ADDRESS,
	VALUES(0, 0, 0, 0x40000000, 0x40000000, 0x50000000, 0x40001000,
	       0x40000800, 0x1000, 0x7ffffffff000, -PAGE, SCRATCH_OWN));
CHOICE(bytes, VALUES(PAGE, PAGE, PAGE, 2 * PAGE, 2 * PAGE, 4 * PAGE, 64 * PAGE,
		     0, 1, 100, PAGE / 2, 0x40000000, -PAGE));
CHOICE(offset, VALUES(0, 0, 0, 0, PAGE, PAGE, 2 * PAGE, 64 * PAGE, 100, -PAGE));
CHOICE(count, .closed = true, VALUES(1, 1, 1, 1, 1, 1, 2, 70));
CHOICE(memfd_flags, VALUES(2, 2, 2, 2, 2, 3, 0, 4 | 2, 8 | 2, 0x10 | 2));
CHOICE(memfd_pages, .closed = true, VALUES(1, 2, 4, 4, 72, 0));
CHOICE(memfd_way, .closed = true, VALUES(0, 0, 1, 1, 2, 3));
CHOICE(seals, .flags = true, VALUES(8, 8, 0x10, 0x10, 0x10, 2, 4, 1, 0x20));
CHOICE(prot, .flags = true, VALUES(0, 1, 1, 2, 3, 4, 5, 1 << 24));
CHOICE(map_flags, .flags = true,
	VALUES(MAP_SHARED, MAP_PRIVATE, MAP_PRIVATE | MAP_ANONYMOUS,
	       MAP_SHARED | MAP_ANONYMOUS, MAP_FIXED, MAP_FIXED_NOREPLACE,
	       MAP_LOCKED, MAP_POPULATE, MAP_GROWSDOWN));
CHOICE(remap_flags, .flags = true, VALUES(0, 1, 1, 2, 4));
CHOICE(advice, VALUES(0, 1, 3, 4, 8, 9, 10, 11, 12, 14, 15, 18, 19, 20, 21, 22,
		      23, 24, 25, 100, 102));
CHOICE(lock_way, .closed = true, VALUES(0, 0, 1, 2, 3, 4, 5, 6));
CHOICE(attack_way, .closed = true,
	VALUES(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
CHOICE(truncate_way, .closed = true, VALUES(0, 1, 2, 3, 4));
CHOICE(touch_way, .closed = true, VALUES(0, 0, 0, 1, 1, 2, 3));

/* Tasks */

CHOICE(fork_flags, .closed = true,
	VALUES(SIGCHLD, SIGCHLD, SIGCHLD, SIGCHLD | CLONE_VFORK,
	       SIGCHLD | CLONE_PARENT, SIGCHLD | CLONE_PTRACE,
	       SIGCHLD | CLONE_UNTRACED, SIGCHLD | CLONE_FILES,
	       SIGCHLD | CLONE_NEWUSER, SIGCHLD | CLONE_NEWPID,
	       SIGCHLD | CLONE_VM | CLONE_VFORK, 0x100000000, 0x200000000));
CHOICE(child, .closed = true, VALUES(0, 1, 1, 2, 3, 4, 5, 6));
CHOICE(exec_way, .closed = true, VALUES(0, 0, 0, 1, 2, 3));
CHOICE(signal, VALUES(SIGUSR1, SIGUSR1, SIGUSR1, SIGALRM, SIGTERM, SIGKILL,
		      SIGSTOP, SIGCONT, SIGSYS, SIGCHLD, 0, 34));
CHOICE(kill_way, .closed = true, VALUES(0, 0, 0, 1, 2));
CHOICE(handler, .closed = true, VALUES(0, 1, 1, 1, 2, 3));
CHOICE(handler_flags, .flags = true,
	VALUES(0, SA_RESTART, SA_RESTART, SA_NODEFER, SA_RESETHAND, SA_SIGINFO));
CHOICE(pidfd_way, .closed = true, VALUES(0, 0, 0, 0, 1, 2, 3, 4, 5));
CHOICE(user, .closed = true, VALUES(0, 1, 2, 3, 4, 5, 6, 7, 8));
CHOICE(limit, .closed = true,
	VALUES(RLIMIT_AS, RLIMIT_MEMLOCK, RLIMIT_NOFILE, RLIMIT_NPROC,
	       RLIMIT_STACK, RLIMIT_FSIZE));
CHOICE(limit_value, VALUES(0, 1, 5, 16, PAGE, 65536, 1 << 24, -1UL));
CHOICE(personality, VALUES(0, READ_IMPLIES_EXEC, READ_IMPLIES_EXEC,
			   ADDR_NO_RANDOMIZE, ADDR_COMPAT_LAYOUT));

/* Tracing */

CHOICE(request,
	VALUES(PTRACE_ATTACH, PTRACE_SEIZE, PTRACE_SEIZE, PTRACE_SEIZE,
	       PTRACE_CONT, PTRACE_CONT, PTRACE_CONT, PTRACE_SYSCALL,
	       PTRACE_SYSCALL, PTRACE_DETACH, PTRACE_GETREGS, PTRACE_SETREGS,
	       PTRACE_SETREGS, PTRACE_INTERRUPT, PTRACE_LISTEN,
	       PTRACE_GETEVENTMSG, PTRACE_SETOPTIONS, PTRACE_SINGLESTEP,
	       PTRACE_POKEUSER, PTRACE_PEEKUSER, PTRACE_KILL,
	       0x420c /* SECCOMP_GET_FILTER */, 0x420d /* _GET_METADATA */,
	       0x420e /* GET_SYSCALL_INFO */, PTRACE_POKEDATA));
/* Of the registers: see do_trace(). For options, that many from the left. */
CHOICE(trace_address, .result = RESULT_ADDRESS,
	VALUES(0, 1, 2, 3, 4, 5, 6, 7, 15 * 8, 112));
CHOICE(trace_data, .flags = true,
	VALUES(1 << 7, 1 << 7, 1 << 7, 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 4,
	       1 << 5, 1 << 6, 1 << 20, 1 << 21, 0, 110, -1UL, SIGUSR1));

/* Netlink */

CHOICE(command, VALUES(1, 1, 2, 2, 2, 2, 5, 5, 6, 6, 0, 3, 7, 9));
CHOICE(attributes, .flags = true,
	VALUES(1, 1, 1, 2, 4 | 8, 4 | 8, 0x10, 0x20, 0x40, 0x40, 0x80, 0x100,
	       0x200, 4));
CHOICE(arch, VALUES(AUDIT_ARCH_X86_64, AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, 0));
CHOICE(message_flags, .closed = true, VALUES(0, 0, 0, 1, 2, 3));
CHOICE(sockets, .closed = true, VALUES(1, 1, 1, 1, 1, 1, 40));

#define C(id) &choice_##id

#define OP(enum_id, fn, res, often, blocks, ...)			\
	[OP_##enum_id] = {						\
		.name = #fn, .run = do_##fn, .result = RESULT_##res,	\
		.weight = often, .waits = blocks, .arg = { __VA_ARGS__ } \
	}

const struct op_type ops[OPS] = {
	OP(INSTALL, install, LISTENER, 20, false, C(filter_flags),
	   C(filter_shape), C(action), C(rule), C(rule), C(rule)),
	OP(STRICT, strict, NONE, 3, false, C(switch), C(zero), C(pointer)),
	OP(CLONE, clone, NONE, 8, false, C(fd_pidfd), C(zero), C(pointer)),
	OP(INFO, info, NONE, 2, false, C(info_size), C(zero), C(pointer)),
	OP(SECCOMP, seccomp, NONE, 2, false, C(seccomp_op), C(filter_flags),
	   C(pointer)),
	OP(NNP, nnp, NONE, 1, false, NULL),
	OP(IMPLICIT, implicit, NONE, 2, false, C(switch)),
	OP(LOGGED, logged, NONE, 1, false, C(logged)),
	OP(UNLOAD, unload, NONE, 1, false, NULL),
	OP(CALL, call, NONE, 20, true, C(way), &choice_nr, C(any), C(any),
	   C(any), C(any), C(any), C(any)),
	OP(LOOP, loop, NONE, 3, true, &choice_nr, C(loops)),
	OP(RECV, recv, ID, 12, true, C(listener), C(recv_way)),
	OP(SEND, send, NONE, 12, false, C(listener), C(id), C(send_flags),
	   C(error), C(value), C(pointer)),
	OP(SERVE, serve, NONE, 4, true, C(listener), C(serve_way), C(small)),
	OP(ID_VALID, id_valid, NONE, 2, false, C(listener), C(id), C(switch)),
	OP(ADDFD, addfd, FD, 5, true, C(listener), C(id), C(addfd_flags), C(fd),
	   C(new_fd), C(addfd_new_flags), C(size_of)),
	OP(SET_FLAGS, set_flags, NONE, 1, false, C(listener), C(small)),
	OP(PIN, pin, ADDRESS, 10, true, C(listener), C(id), C(fd_memfd),
	   C(address), C(bytes), C(offset), C(pointer), C(count)),
	OP(REDIRECT, redirect, NONE, 12, false, C(listener), C(id), C(masks),
	   C(fd_memfd), C(any), C(any), C(bytes), C(pointer)),
	OP(IOCTL, ioctl, NONE, 3, true, C(fd), C(ioctl), C(pointer)),
	OP(POLL, poll, NONE, 2, true, C(fd), C(ms)),
	OP(CLOSE, close, NONE, 6, false, C(fd)),
	OP(DUP, dup, LISTENER, 2, false, C(fd)),
	OP(GETFD, getfd, LISTENER, 6, false, C(task), C(listener)),
	OP(MEMFD, memfd, MEMFD, 5, false, C(memfd_flags), C(memfd_pages),
	   C(memfd_way)),
	OP(SEAL, seal, NONE, 5, false, C(fd_memfd), C(seals)),
	OP(MAP, map, ADDRESS, 4, false, C(fd_memfd), C(address), C(bytes),
	   C(prot), C(map_flags), C(offset)),
	OP(UNMAP, unmap, NONE, 4, false, C(address), C(offset), C(bytes)),
	OP(REMAP, remap, ADDRESS, 4, false, C(address), C(offset), C(bytes),
	   C(bytes), C(remap_flags), C(address)),
	OP(PROTECT, protect, NONE, 4, false, C(address), C(offset), C(bytes),
	   C(prot), C(switch)),
	OP(ADVISE, advise, NONE, 4, false, C(address), C(offset), C(bytes),
	   C(advice)),
	OP(LOCK, lock, NONE, 3, false, C(lock_way), C(address), C(bytes)),
	OP(ATTACK, attack, NONE, 4, false, C(attack_way), C(address), C(bytes),
	   C(task)),
	OP(TRUNCATE, truncate, NONE, 3, false, C(fd_memfd), C(truncate_way),
	   C(bytes)),
	OP(TOUCH, touch, NONE, 3, false, C(touch_way), C(address)),
	OP(FORK, fork, NONE, 8, true, C(fork_flags), C(child), &choice_nr),
	OP(EXEC, exec, NONE, 4, true, C(exec_way)),
	OP(EXIT, exit, NONE, 2, false, C(switch)),
	OP(KILL, kill, NONE, 6, false, C(task), C(signal), C(kill_way)),
	OP(SIGNAL, signal, NONE, 4, false, C(signal), C(handler),
	   C(handler_flags)),
	OP(TIMER, timer, NONE, 2, false, C(ms)),
	OP(WAIT, wait, NONE, 2, false, C(switch)),
	OP(PIDFD, pidfd, PIDFD, 4, false, C(task), C(pidfd_way)),
	OP(USER, user, NONE, 3, false, C(user)),
	OP(LIMIT, limit, NONE, 2, false, C(limit), C(limit_value)),
	OP(PERSONALITY, personality, NONE, 1, false, C(personality)),
	OP(SLEEP, sleep, NONE, 2, false, C(ms)),
	OP(TRACE, trace, NONE, 12, false, C(request), C(task), C(trace_address),
	   C(trace_data)),
	OP(STOP, stop, NONE, 6, true, C(task), C(switch)),
	OP(SOCKET, socket, SOCKET, 3, false, C(sockets)),
	OP(ASK, ask, NONE, 8, false, C(fd_socket), C(command), C(attributes),
	   C(task), C(listener), &choice_nr, C(arch), C(message_flags)),
	OP(HEAR, hear, NONE, 3, true, C(fd_socket), C(small)),
};

unsigned int ops_args(int kind)
{
	unsigned int n = 0;

	while (n < ARGS_MAX && ops[kind].arg[n])
		n++;
	return n;
}

int ops_find(const char *name)
{
	int i;

	for (i = 0; name && i < OPS; i++)
		if (!strcmp(ops[i].name, name))
			return i;
	return -1;
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every difference between kernel headers, and nothing else: what the running
 * kernel is like, its BTF says at load.
 */
#ifndef OVERLAY_KERNEL_COMPAT_H
#define OVERLAY_KERNEL_COMPAT_H

#include <linux/file.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/ftrace.h>
#include <linux/mm.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/coredump.h>
#include <linux/sched/signal.h>
#include <linux/seccomp.h>
#include <linux/user_namespace.h>
#include <linux/version.h>
#ifndef SUID_DUMP_USER
#include <linux/sched/exec_state.h>
#endif
#include <asm/unwind_hints.h>
#include <uapi/linux/audit.h>

/*
 * What a handler is given: all registers in 5.10, if it asks for them. Since 5.11
 * an ftrace_regs, which holds the arguments and the instruction pointer in any
 * case, so that the rest need not be saved. Where the architecture has none of
 * its own, the macro that sets the pointer exists and does nothing: the load
 * proves it (prove_diverting()).
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 11, 0)
#define COMPAT_FTRACE_FLAGS FTRACE_OPS_FL_SAVE_REGS
#define compat_ftrace_regs pt_regs
#define compat_ftrace_arg(regs, n) regs_get_kernel_argument(regs, n)
#define compat_ftrace_divert(regs, to) instruction_pointer_set(regs, to)
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define COMPAT_FTRACE_FLAGS 0
#define compat_ftrace_regs ftrace_regs
#define compat_ftrace_arg(fregs, n) regs_get_kernel_argument(&(fregs)->regs, n)
#define compat_ftrace_divert(fregs, to) ftrace_instruction_pointer_set(fregs, to)
#else
#define COMPAT_FTRACE_FLAGS 0
#define compat_ftrace_regs ftrace_regs
#define compat_ftrace_arg(fregs, n) ftrace_regs_get_argument(fregs, n)
#define compat_ftrace_divert(fregs, to) \
	ftrace_regs_set_instruction_pointer(fregs, to)
#endif

/* A function since 5.15, a macro before. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 15, 0)
#define compat_prog_run(prog, ctx) BPF_PROG_RUN((prog), ctx)
#else
#define compat_prog_run(prog, ctx) bpf_prog_run(prog, ctx)
#endif

/* Exported since 5.12. A filter that is reset to nothing owns no memory. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 12, 0)
#define compat_free_filter(ops) ftrace_set_filter(ops, NULL, 0, 1)
#else
#define compat_free_filter(ops) ftrace_free_filter(ops)
#endif

/*
 * Direct calls belong to an ftrace_ops since 6.4, to an address before. The
 * filter of the ops is set once: freeing it leaves some versions with a pointer
 * to it, which the next use would free again.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
static inline int compat_prepare_direct(struct ftrace_ops *ops,
					unsigned long site)
{
	return 0;
}

static inline int compat_register_direct(struct ftrace_ops *ops,
					 unsigned long site, unsigned long to)
{
	return register_ftrace_direct(site, to);
}

static inline int compat_unregister_direct(struct ftrace_ops *ops,
					   unsigned long site,
					   unsigned long to)
{
	return unregister_ftrace_direct(site, to);
}

static inline void compat_free_direct(struct ftrace_ops *ops)
{
}
#else
static inline int compat_prepare_direct(struct ftrace_ops *ops,
					unsigned long site)
{
	return ftrace_set_filter_ip(ops, site, 0, 0);
}

static inline int compat_register_direct(struct ftrace_ops *ops,
					 unsigned long site, unsigned long to)
{
	int err = register_ftrace_direct(ops, to);

	/* Registering sets the flags anew, so that it cannot come earlier. */
	if (!err)
		ops->flags |= FTRACE_OPS_FL_PERMANENT;
	return err;
}

static inline int compat_unregister_direct(struct ftrace_ops *ops,
					   unsigned long site,
					   unsigned long to)
{
	return unregister_ftrace_direct(ops, to, false);
}

static inline void compat_free_direct(struct ftrace_ops *ops)
{
	ftrace_free_filter(ops);
}
#endif

/*
 * receive_fd() can also write the number to user space since 6.8. In 5.10 it is
 * inline around a function that is not exported, and kernel_call() serves.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 11, 0)
static inline int compat_receive_fd(struct file *file, unsigned int flags)
{
	return -EBADF;
}
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#define compat_receive_fd(file, flags) receive_fd(file, flags)
#else
#define compat_receive_fd(file, flags) receive_fd(file, NULL, flags)
#endif

/* What makes the entry code look for filters was a thread flag until 5.10. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 11, 0)
#define COMPAT_SECCOMP_WORK flags
#define compat_set_seccomp_work(task) set_tsk_thread_flag(task, TIF_SECCOMP)
#else
#define COMPAT_SECCOMP_WORK syscall_work
#define compat_set_seccomp_work(task) set_task_syscall_work(task, SECCOMP)
#endif

/* The architectures of a call have these names since the action cache, 5.11. */
#ifndef SECCOMP_ARCH_NATIVE
#define SECCOMP_ARCH_NATIVE		AUDIT_ARCH_X86_64
#define SECCOMP_ARCH_NATIVE_NR		NR_syscalls
#define SECCOMP_ARCH_COMPAT		AUDIT_ARCH_I386
#define SECCOMP_ARCH_COMPAT_NR		IA32_NR_syscalls
#endif

/* Flags that came in 5.14 and 5.19; a kernel without them refuses them. */
#ifndef SECCOMP_ADDFD_FLAG_SEND
#define SECCOMP_ADDFD_FLAG_SEND		(1UL << 1)
#endif
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV	(1UL << 5)
#endif

/* The hint was for assembly files only until 5.18. */
#ifndef UNWIND_HINT_FUNC
#define UNWIND_HINT_FUNC UNWIND_HINT(ORC_REG_SP, 8, UNWIND_HINT_TYPE_FUNC, 0)
#endif

/* Mappings can be sealed by the kernel since 6.10. */
#ifdef VM_SEALED
#define COMPAT_SEALS true
static inline void compat_seal(struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_SEALED);
}

static inline bool compat_is_sealed(const struct vm_area_struct *vma)
{
	return vma->vm_flags & VM_SEALED;
}
#else
#define COMPAT_SEALS false
static inline void compat_seal(struct vm_area_struct *vma)
{
}

static inline bool compat_is_sealed(const struct vm_area_struct *vma)
{
	return true;
}
#endif

/*
 * The namespace whose privileged may look at the memory of a task that others
 * may not, or NULL. It was the mm that said so before 7.2. The task waits: what
 * this points to stays, whatever its peers do to their address space.
 */
#ifndef SUID_DUMP_USER
#define COMPAT_HIDING_STRUCT task_exec_state
#define COMPAT_HIDING_MEMBER dumpable
#define COMPAT_HIDING_POINTER exec_state
static inline const struct user_namespace *
compat_hidden_in(const struct task_struct *task)
{
	const struct user_namespace *hidden = NULL;
	const struct task_exec_state *state;

	rcu_read_lock();
	state = rcu_dereference(task->exec_state);
	if (READ_ONCE(state->dumpable) != TASK_DUMPABLE_OWNER)
		hidden = state->user_ns;
	rcu_read_unlock();
	return hidden;
}
#else
#define COMPAT_HIDING_STRUCT mm_struct
#define COMPAT_HIDING_MEMBER flags
#define COMPAT_HIDING_POINTER mm
static inline const struct user_namespace *
compat_hidden_in(const struct task_struct *task)
{
	return get_dumpable(task->mm) == SUID_DUMP_USER ? NULL :
							  task->mm->user_ns;
}
#endif

/* Since 7.3, a task can have init's for a while beside its own. */
#ifdef scoped_with_init_fs
#define COMPAT_FS real_fs
#else
#define COMPAT_FS fs
#endif

/* What file_count() reads is of a type of its own since 6.13. */
#ifdef FILE_REF_ONEREF
#define COMPAT_FILE_COUNT f_ref
#else
#define COMPAT_FILE_COUNT f_count
#endif

/*
 * Threads of a process that the kernel runs for it: those of io_uring, and later
 * others.
 */
#ifdef PF_USER_WORKER
#define COMPAT_PF_WORKER (PF_IO_WORKER | PF_USER_WORKER)
#else
#define COMPAT_PF_WORKER PF_IO_WORKER
#endif

/*
 * The threads of a process, under RCU. for_each_thread() names a lock in newer
 * kernels that check theirs, which modules do not get.
 */
#define compat_for_each_thread(process, thread)				\
	list_for_each_entry_rcu(thread, &(process)->signal->thread_head,	\
				thread_node)

/* ENDBR in assembly came with IBT in 5.18. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 18, 0)
#define COMPAT_ENDBR ""
#else
#define COMPAT_ENDBR ASM_ENDBR
#endif

/* The per-CPU word that holds current, for assembly. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define COMPAT_CURRENT "%gs:current_task"
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
#define COMPAT_CURRENT "%gs:pcpu_hot(%rip)"
#else
#define COMPAT_CURRENT "%gs:current_task(%rip)"
#endif

#endif

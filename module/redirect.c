// SPDX-License-Identifier: GPL-2.0
/*
 * Redirect: a supervisor's answer that runs the call with other arguments.
 *
 * The supervisor, in the ioctl: what is said to be a pointer must lie in pins,
 * which nobody can change. The notification is answered when all is proven.
 *
 * The target replaces the registers, and has the filters further out judge the
 * call as it has become (evaluate.c). If it will not run, the originals are put
 * back at once. If it will, task work does that on the way back to user mode,
 * which is before a signal's frame is made and before a tracer is told of the
 * call's end. Only then, when no filter is left to be asked: a stop for a tracer
 * runs task work too, and the call would run with what nobody allowed.
 *
 * Not put back: what no longer holds the substitute, since a tracer has changed
 * it; and the registers of a new image, or of a frame that sigreturn restored.
 * A child that the call itself has made gets the originals before it runs.
 */
#include <linux/build_bug.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hashtable.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/ptrace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/task_stack.h>
#include <linux/seccomp.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/task_work.h>
#include <linux/uaccess.h>
#include <asm/syscall.h>
#include <asm/vsyscall.h>

#include "kernel/kernel.h"
#include "notify.h"
#include "pin.h"
#include "redirect.h"
#include "seal.h"
#include "../include/uapi/linux/overlay_seccomp.h"

#define ARGS SECCOMP_REDIRECT_ARGS

/**
 * struct redirect - registers to be replaced, and then put back
 * @work: puts them back; then waits until redirect_fork() has looked at it
 * @link: in queued, while @work is
 * @task: whose they are
 * @exec_id: of @task, when the call began
 * @compat: the call is a 32-bit one
 * @mask: which of them
 * @original: what a call began with; several answers keep the first
 * @substitute: what it runs with; several answers keep the last
 *
 * Holds a reference on the module, and nothing else: the filter may be gone
 * when @work runs.
 */
struct redirect {
	struct callback_head	work;
	struct hlist_node	link;
	struct task_struct	*task;
	u64			exec_id;
	bool			compat;
	u32			mask;
	unsigned long		original[ARGS];
	unsigned long		substitute[ARGS];
};

/*
 * By task, for its children. Searched under RCU, since a tracepoint may not
 * sleep, which the lock may on PREEMPT_RT; that protects changes, and nests in
 * nothing.
 */
static DEFINE_HASHTABLE(queued, 8);
static DEFINE_SPINLOCK(queued_lock);

#define REG(name) offsetof(struct pt_regs, name)

static unsigned long *arg_register(struct pt_regs *regs, bool compat, int i)
{
	static const u8 native[ARGS] = {
		REG(di), REG(si), REG(dx), REG(r10), REG(r8), REG(r9),
	};
	static const u8 ia32[ARGS] = {
		REG(bx), REG(cx), REG(dx), REG(si), REG(di), REG(bp),
	};

	return (void *)regs + (compat ? ia32 : native)[i];
}

static void put_back(const struct redirect *redirect, struct pt_regs *regs)
{
	unsigned long *reg;
	int i;

	for (i = 0; i < ARGS; i++) {
		reg = arg_register(regs, redirect->compat, i);
		if (redirect->mask & BIT(i) && *reg == redirect->substitute[i])
			*reg = redirect->original[i];
	}
}

/**
 * redirect_free() - an answer that has no effect
 * @redirect: of a reply, or NULL
 */
void redirect_free(struct redirect *redirect)
{
	if (!redirect)
		return;
	kfree_rcu(redirect, work);
	/* Unload waits for what is left of this function. */
	module_put(THIS_MODULE);
}

/* @held has seen the registers before @next does. */
static void merge(struct redirect *held, const struct redirect *next,
		  struct pt_regs *regs)
{
	unsigned long *reg;
	int i;

	for (i = 0; i < ARGS; i++) {
		if (!(next->mask & BIT(i)))
			continue;
		reg = arg_register(regs, held->compat, i);
		/* Not replaced yet, or a tracer's edit, which is to stay. */
		if (!(held->mask & BIT(i)) || *reg != held->substitute[i])
			held->original[i] = *reg;
		held->substitute[i] = next->substitute[i];
	}
	held->mask |= next->mask;
}

/**
 * redirect_apply() - give the current call other arguments
 * @held: what has been replaced in it already, NULL for nothing; updated
 * @redirect: of a reply, taken over
 */
void redirect_apply(struct redirect **held, struct redirect *redirect)
{
	struct pt_regs *regs = current_pt_regs();
	int i;

	if (!*held) {
		redirect->compat = syscall_get_arch(current) !=
				   SECCOMP_ARCH_NATIVE;
		for (i = 0; i < ARGS; i++)
			redirect->original[i] =
				*arg_register(regs, redirect->compat, i);
		*held = redirect;
	} else {
		merge(*held, redirect, regs);
	}
	for (i = 0; i < ARGS; i++)
		if (redirect->mask & BIT(i))
			*arg_register(regs, (*held)->compat, i) =
				redirect->substitute[i];
	if (*held != redirect)
		redirect_free(redirect);
}

/**
 * redirect_undo() - the call will not run
 * @held: from redirect_apply(), or NULL; NULL afterwards
 */
void redirect_undo(struct redirect **held)
{
	if (!*held)
		return;
	put_back(*held, current_pt_regs());
	redirect_free(*held);
	*held = NULL;
}

static void dequeue(struct redirect *redirect)
{
	spin_lock(&queued_lock);
	hash_del_rcu(&redirect->link);
	spin_unlock(&queued_lock);
}

/* A new image, or sigreturn: these are no longer the registers of the call. */
static bool is_same_call(const struct redirect *redirect)
{
	return current->self_exec_id == redirect->exec_id &&
	       syscall_get_nr(current, current_pt_regs()) != -1;
}

static void restore_work(struct callback_head *work)
{
	struct redirect *redirect = container_of(work, struct redirect, work);

	dequeue(redirect);
	if (is_same_call(redirect))
		put_back(redirect, current_pt_regs());
	redirect_free(redirect);
}

/**
 * redirect_run() - the call will run: see to it that the originals come back
 * @held: from redirect_apply(); NULL afterwards
 *
 * Return: false if it must not run, since they could not; they are back.
 */
bool redirect_run(struct redirect **held)
{
	struct redirect *redirect = *held;

	/* Number -1 is no call: nobody reads its arguments. */
	if (syscall_get_nr(current, current_pt_regs()) == -1) {
		redirect_undo(held);
		return true;
	}
	redirect->task = current;
	redirect->exec_id = current->self_exec_id;
	init_task_work(&redirect->work, restore_work);
	spin_lock(&queued_lock);
	hash_add_rcu(queued, &redirect->link, (unsigned long)current);
	spin_unlock(&queued_lock);
	if (task_work_add(current, &redirect->work, TWA_RESUME)) {
		dequeue(redirect);
		redirect_undo(held);
		return false;
	}
	*held = NULL;
	return true;
}

/**
 * redirect_fork() - the caller has made a child, which has not run yet
 * @child: with a copy of the caller's registers
 *
 * Runs in a tracepoint, for each new task. What is the caller's own stays there
 * meanwhile.
 */
void redirect_fork(struct task_struct *child)
{
	struct redirect *redirect;

	rcu_read_lock();
	hash_for_each_possible_rcu(queued, redirect, link,
				   (unsigned long)current)
		if (redirect->task == current)
			put_back(redirect, task_pt_regs(child));
	rcu_read_unlock();
}

static int check_masks(const struct seccomp_notif_resp_redirect *resp)
{
	int i;

	if (resp->flags != SECCOMP_REDIRECT_FLAG_CONTINUE ||
	    resp->args_mask >= BIT(ARGS) || resp->ptr_mask & ~resp->args_mask)
		return -EINVAL;
	for (i = 0; i < ARGS; i++) {
		if (!(resp->ptr_mask & BIT(i)) != !resp->ptr_len[i])
			return -EINVAL;
		if (resp->ptr_len[i] &&
		    resp->args[i] + resp->ptr_len[i] < resp->args[i])
			return -EINVAL;
	}
	return 0;
}

/*
 * Can this call be given these arguments? The registers of an x32 call are wide,
 * but what it takes for a pointer may be cut.
 */
static int check_call(const struct seccomp_notif_resp_redirect *resp,
		      const struct seccomp_data *sd)
{
	u32 narrow = 0;
	int i;

	if ((sd->instruction_pointer & PAGE_MASK) == VSYSCALL_ADDR)
		return -EINVAL;
	if (sd->arch != SECCOMP_ARCH_NATIVE)
		narrow = resp->args_mask;
	else if (sd->nr & __X32_SYSCALL_BIT)
		narrow = resp->ptr_mask;
	for (i = 0; i < ARGS; i++)
		if (narrow & BIT(i) && resp->args[i] > U32_MAX)
			return -EINVAL;
	return 0;
}

static int check_pointers(const struct seccomp_notif_resp_redirect *resp,
			  const struct inode *inode, struct mm_struct *mm)
{
	struct vm_area_struct *part = NULL;
	int err = 0;
	int i;

	if (!seal_works())
		return -EINVAL;
	/* A target can hold it for long, and this supervisor may have others. */
	if (down_read_interruptible(&mm->mmap_lock))
		return -EINTR;
	for (i = 0; i < ARGS && !err; i++)
		if (resp->ptr_mask & BIT(i))
			err = pin_check(mm, inode, resp->args[i],
					resp->ptr_len[i], &part);
	up_read(&mm->mmap_lock);
	return err;
}

static struct redirect *
new_redirect(const struct seccomp_notif_resp_redirect *resp)
{
	struct redirect *redirect;
	int i;

	redirect = kzalloc(sizeof(*redirect), GFP_KERNEL_ACCOUNT);
	if (!redirect)
		return NULL;
	/* The ioctl has one already. */
	__module_get(THIS_MODULE);
	redirect->mask = resp->args_mask;
	for (i = 0; i < ARGS; i++)
		redirect->substitute[i] = resp->args[i];
	return redirect;
}

/*
 * Answers at once if there are no pointers. If there are, it only takes the
 * target's address space, which stays that as long as the notification waits.
 */
static int answer_or_take(struct file *listener,
			  const struct seccomp_notif_resp_redirect *resp,
			  struct redirect *redirect, struct mm_struct **mm)
{
	struct notify_waiter *waiter;
	int err;

	waiter = notify_hold(listener->private_data, resp->id);
	if (IS_ERR(waiter))
		return PTR_ERR(waiter);
	err = pin_may_act_for(listener, notify_task(waiter)) ?
	      check_call(resp, notify_data(waiter)) : -EPERM;
	if (!err && !resp->ptr_mask) {
		notify_redirect(waiter, redirect);
	} else if (!err) {
		*mm = get_task_mm(notify_task(waiter));
		err = *mm ? 0 : -ENOENT;
	}
	notify_drop(waiter);
	return err;
}

/* It is what was looked at, if it is still there: no id is used again. */
static int answer_pointers(struct file *listener, u64 id,
			   struct redirect *redirect)
{
	struct notify_waiter *waiter = notify_hold(listener->private_data, id);

	if (IS_ERR(waiter))
		return PTR_ERR(waiter);
	notify_redirect(waiter, redirect);
	notify_drop(waiter);
	return 0;
}

static int answer(struct file *listener, const struct inode *inode,
		  const struct seccomp_notif_resp_redirect *resp)
{
	struct redirect *redirect = new_redirect(resp);
	struct mm_struct *mm = NULL;
	int err;

	if (!redirect)
		return -ENOMEM;
	err = answer_or_take(listener, resp, redirect, &mm);
	if (mm) {
		err = check_pointers(resp, inode, mm);
		/* As in prepare_file() of pin.c: not the last of its users. */
		mmput_async(mm);
		if (!err)
			err = answer_pointers(listener, resp->id, redirect);
	}
	if (err)
		redirect_free(redirect);
	return err;
}

/**
 * redirect_send() - SECCOMP_IOCTL_NOTIF_SEND_REDIRECT
 * @listener: an explicit overlay listener
 * @uarg: struct seccomp_notif_resp_redirect
 *
 * Source: the redirect series; that outer filters judge what it makes of the
 * call was asked for in review.
 *
 * Return: 0, or the errors in the order of the checks: -EFAULT; -EINVAL for
 * what is wrong by itself; -EBADF and -EINVAL for the memfd of pointers;
 * -ENOMEM; -ENOENT, -EINVAL, -EINPROGRESS or -EINTR of notify_hold(); -EPERM
 * without the right to act for the target; -EINVAL for what the call cannot
 * have. With pointers: -ENOENT if the target is dying (pin_install() says -ESRCH
 * of that); -EINVAL if hooks no longer hold pins; -EINTR; -EINVAL for pointers
 * that are not in pins; those of notify_hold() again. After an error, nothing
 * has changed.
 */
long redirect_send(struct file *listener, void __user *uarg)
{
	struct seccomp_notif_resp_redirect resp;
	struct file *memfd = NULL;
	int err;

	BUILD_BUG_ON(sizeof(resp) != 120);
	if (copy_from_user(&resp, uarg, sizeof(resp)))
		return -EFAULT;
	err = check_masks(&resp);
	if (err)
		return err;
	if (resp.ptr_mask)
		memfd = pin_memfd(resp.memfd);
	if (IS_ERR(memfd))
		return PTR_ERR(memfd);
	err = answer(listener, memfd ? file_inode(memfd) : NULL, &resp);
	if (memfd)
		fput(memfd);
	return err;
}

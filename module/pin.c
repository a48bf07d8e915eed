// SPDX-License-Identifier: GPL-2.0
/*
 * Pins: memory of a supervisor's, mapped in a target that cannot change it.
 *
 * The supervisor, in the ioctl: the memfd is sealed against writing and
 * shrinking, and nobody else can still write to it; then a file of our own is
 * opened on it, for reading only, and handed to the waiting target.
 *
 * The target maps that file itself, so that limits, security modules and the
 * choice of an address are right. Then, under its mmap_lock, what was made must
 * still be there; it is sealed, and the file gets operations of ours, by which a
 * pin is known, in the child of a fork too. A peer that comes in between can have
 * it fail, or duplicate the mapping and so read more of the file, not change it.
 *
 * Nothing else is remembered. The file has a reference on the module by its
 * operations, and gives up the sealing when the last mapping of it is gone.
 */
#include <linux/compat.h>
#include <linux/cred.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/personality.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "kernel/kernel.h"
#include "notify.h"
#include "pin.h"
#include "report.h"
#include "seal.h"
#include "writers.h"
#include "../include/uapi/linux/overlay_seccomp.h"

/**
 * struct pin_request - a mapping to be made by the target
 * @ask: how it gets there
 * @file: our own, for reading only
 * @addr: in: where, or 0; out: where it is
 * @size: in bytes
 * @offset: in bytes, in @file
 * @sealing: seal_put() is still ours to call, not the file's
 */
struct pin_request {
	struct notify_request	ask;
	struct file		*file;
	unsigned long		addr;
	unsigned long		size;
	unsigned long		offset;
	bool			sealing;
};

static int release_pin(struct inode *inode, struct file *file)
{
	report(OVERLAY_SECCOMP_EVENT_PIN_GONE, NULL, 0);
	seal_put();
	return 0;
}

/* Those of any file of its kind, but for our release. */
static struct file_operations pin_fops __ro_after_init;

/**
 * pin_load() - before any pin can be made
 */
void __init pin_load(void)
{
	pin_fops = *kernel.shmem_fops;
	pin_fops.release = release_pin;
	pin_fops.owner = THIS_MODULE;
}

/**
 * pin_is() - is this mapping a pin?
 * @vma: whose mmap_lock is held
 *
 * Return: true if PIN_INSTALL made it, or it was copied from such a one.
 */
bool notrace pin_is(const struct vm_area_struct *vma)
{
	return vma->vm_file && READ_ONCE(vma->vm_file->f_op) == &pin_fops;
}

static bool is_read_only(const struct vm_area_struct *vma)
{
	const unsigned long must = VM_READ | VM_MAYSHARE;
	const unsigned long never = VM_WRITE | VM_MAYWRITE | VM_SHARED;

	return (vma->vm_flags & (must | never)) == must;
}

/* The byte of the file that stands at @addr. */
static u64 file_offset(const struct vm_area_struct *vma, unsigned long addr)
{
	return ((u64)vma->vm_pgoff << PAGE_SHIFT) + (addr - vma->vm_start);
}

static bool is_pin_of(const struct vm_area_struct *vma,
		      const struct inode *inode)
{
	return pin_is(vma) && file_inode(vma->vm_file) == inode &&
	       is_read_only(vma) && seal_holds(vma);
}

/* Most pointers of a call are into the same mapping: that is looked up once. */
static bool find_part(struct mm_struct *mm, const struct inode *inode,
		      unsigned long at, struct vm_area_struct **part)
{
	struct vm_area_struct *vma = *part;

	if (vma && vma->vm_start <= at && at < vma->vm_end)
		return true;
	cond_resched();
	vma = find_vma(mm, at);
	if (!vma || vma->vm_start > at || !is_pin_of(vma, inode))
		return false;
	*part = vma;
	return true;
}

/**
 * pin_check() - is this all in pins of one memfd?
 * @mm: whose mmap_lock is held
 * @inode: of the memfd
 * @addr: first byte
 * @len: bytes, not 0; @addr + @len does not overflow
 * @part: NULL before the first of several calls for the same @mm and @inode,
 *	  under one lock; updated
 *
 * A target may split a pin (mlock of a part), so that it can be several
 * mappings.
 *
 * Return: 0 if all of it is sealed and read-only, contiguous in address and in
 * the file, and below the end of the file; -EINVAL.
 */
int pin_check(struct mm_struct *mm, const struct inode *inode,
	      unsigned long addr, unsigned long len,
	      struct vm_area_struct **part)
{
	unsigned long at;
	u64 first = 0;

	for (at = addr; at - addr < len; at = (*part)->vm_end) {
		if (!find_part(mm, inode, at, part))
			return -EINVAL;
		if (at == addr)
			first = file_offset(*part, at);
		else if (file_offset(*part, at) != first + (at - addr))
			return -EINVAL;
	}
	return first + len <= (u64)i_size_read(inode) ? 0 : -EINVAL;
}

/*
 * One pin, which may have been split: the mappings of one file that continue
 * each other.
 */
struct run {
	const struct file	*file;
	unsigned long		start;
	unsigned long		end;
	u64			offset;
};

static bool continues(const struct run *run, const struct vm_area_struct *vma)
{
	return vma->vm_file == run->file && vma->vm_start == run->end &&
	       file_offset(vma, vma->vm_start) ==
	       run->offset + (run->end - run->start);
}

/*
 * From the one that stands in @run to the next further up, or from an empty one
 * to the first.
 */
static bool next_run(struct mm_struct *mm, struct run *run)
{
	struct vm_area_struct *vma = find_vma(mm, run->end);

	while (vma && !pin_is(vma)) {
		cond_resched();
		vma = find_vma(mm, vma->vm_end);
	}
	if (!vma)
		return false;
	*run = (struct run) {
		.file	= vma->vm_file,
		.start	= vma->vm_start,
		.end	= vma->vm_start,
		.offset	= file_offset(vma, vma->vm_start),
	};
	for (; vma && pin_is(vma) && continues(run, vma);
	     vma = find_vma(mm, run->end)) {
		cond_resched();
		run->end = vma->vm_end;
	}
	return true;
}

static bool answers(struct mm_struct *mm, const struct run *run,
		    const struct pin_request *request)
{
	const struct inode *inode = file_inode(request->file);
	struct vm_area_struct *part = NULL;

	/* A 32-bit call cannot have what a 64-bit one was given. */
	if (in_compat_syscall() && run->end > (u64)U32_MAX + 1)
		return false;
	return file_inode(run->file) == inode &&
	       run->offset == request->offset &&
	       run->end - run->start == request->size &&
	       !pin_check(mm, inode, run->start, request->size, &part);
}

/*
 * Counts pins, and returns the address of one that a request like this has
 * made, or 0. Each mapping is looked at twice at most: there can be many, since
 * a peer can duplicate one before it is sealed.
 */
static unsigned long find_pin(struct mm_struct *mm,
			      const struct pin_request *request, int *count)
{
	unsigned long found = 0;
	struct run run = { };

	for (*count = 0; next_run(mm, &run); ++*count)
		if (!found && answers(mm, &run, request))
			found = run.start;
	return found;
}

/**
 * pin_list() - the pins of an address space
 * @mm: whose mmap_lock is held
 * @areas: with room for PINS_MAX
 *
 * Return: how many were filled in; there are more only while a peer takes part
 * in what PIN_INSTALL does.
 */
u32 pin_list(struct mm_struct *mm, struct pin_area *areas)
{
	struct run run = { };
	u32 count;

	for (count = 0; count < PINS_MAX && next_run(mm, &run); count++)
		areas[count] = (struct pin_area) {
			.address = run.start,
			.size	 = run.end - run.start,
			.offset	 = run.offset,
		};
	return count;
}

/* Is it what do_mmap() made of our request, and nothing else? */
static bool is_as_made(const struct vm_area_struct *vma,
		       const struct pin_request *request, unsigned long addr)
{
	return vma && vma->vm_start == addr &&
	       vma->vm_end == addr + request->size &&
	       vma->vm_file == request->file &&
	       file_offset(vma, addr) == request->offset &&
	       is_read_only(vma) && !(vma->vm_flags & VM_EXEC);
}

/* 1 if a thread of the same address space was served meanwhile. */
static int seal_locked(struct pin_request *request, unsigned long addr)
{
	struct vm_area_struct *vma = find_vma(current->mm, addr);
	unsigned long other;
	int count;

	if (!is_as_made(vma, request, addr))
		return -EAGAIN;
	other = find_pin(current->mm, request, &count);
	if (!request->addr && other) {
		request->addr = other;
		return 1;
	}
	if (count >= PINS_MAX)
		return -ENOMEM;
	seal_vma(vma);
	/* Put by whoever puts the file, after release_pin(). */
	__module_get(THIS_MODULE);
	request->sealing = false;
	WRITE_ONCE(request->file->f_op, &pin_fops);
	report(OVERLAY_SECCOMP_EVENT_PIN, NULL, request->size);
	request->addr = addr;
	return 0;
}

static int seal_mapping(struct pin_request *request, unsigned long addr)
{
	int err;

	if (mmap_write_lock_killable(current->mm))
		return -ESRCH;
	err = seal_locked(request, addr);
	mmap_write_unlock(current->mm);
	/* Not sealed, so that a peer may have replaced it: its own loss. */
	if (err && err != -EAGAIN)
		vm_munmap(addr, request->size);
	return min(err, 0);
}

static unsigned long map(const struct pin_request *request)
{
	unsigned int personality = current->personality;
	unsigned long flags = MAP_SHARED;
	unsigned long addr;

	if (request->addr)
		flags |= MAP_FIXED_NOREPLACE;
	current->personality &= ~READ_IMPLIES_EXEC;
	addr = vm_mmap(request->file, request->addr, request->size, PROT_READ,
		       flags, request->offset);
	current->personality = personality;
	return addr;
}

/* 1 if there is nothing to do. */
static int find_existing(struct pin_request *request)
{
	unsigned long addr;
	int count;

	if (mmap_read_lock_killable(current->mm))
		return -ESRCH;
	addr = find_pin(current->mm, request, &count);
	mmap_read_unlock(current->mm);
	if (!request->addr && addr) {
		request->addr = addr;
		return 1;
	}
	return count < PINS_MAX ? 0 : -ENOMEM;
}

static int make_pin(struct pin_request *request)
{
	unsigned long addr;
	int err;

	err = find_existing(request);
	if (err)
		return min(err, 0);
	addr = map(request);
	if (!IS_ERR_VALUE(addr))
		return seal_mapping(request, addr);
	return fatal_signal_pending(current) ? -ESRCH : (long)addr;
}

static void put_request(struct pin_request *request)
{
	if (!refcount_dec_and_test(&request->ask.refs))
		return;
	/* Before the file, by which it may have been passed on. */
	if (request->sealing)
		seal_put();
	fput(request->file);
	kfree(request);
}

/**
 * pin_serve() - make a pin that the supervisor has asked for
 * @ask: from notify_wait()
 */
void pin_serve(struct notify_request *ask)
{
	struct pin_request *request = container_of(ask, struct pin_request,
						   ask);

	ask->error = make_pin(request);
	complete(&ask->done);
	put_request(request);
}

/**
 * pin_memfd() - a file that can be a pin's
 * @fd: of the caller
 *
 * Return: a file on tmpfs, with a reference; -EBADF; -EINVAL for another one,
 * on hugetlbfs too. Whether it is a memfd, and sealed, its seals say.
 */
struct file *pin_memfd(int fd)
{
	struct file *file = fget(fd);

	if (!file)
		return ERR_PTR(-EBADF);
	if (file->f_op != kernel.shmem_fops) {
		fput(file);
		return ERR_PTR(-EINVAL);
	}
	return file;
}

/**
 * pin_may_act_for() - may a supervisor change a target's memory and registers?
 * @listener: of the supervisor
 * @target: waiting
 *
 * As for the filter itself: the target cannot gain privileges, or whoever made
 * the listener had them already. And what a program from outside has brought
 * along into a user namespace, nobody inside may look at: not by the arguments
 * of its own calls either.
 *
 * Return: true if so.
 */
bool pin_may_act_for(const struct file *listener, struct task_struct *target)
{
	const struct user_namespace *hidden = compat_hidden_in(target);
	const struct cred *cred;
	bool may;

	if (hidden && !userns_contains(listener->f_cred->user_ns, hidden))
		return false;
	if (task_no_new_privs(target))
		return true;
	cred = get_task_cred(target);
	may = file_ns_capable(listener, cred->user_ns, CAP_SYS_ADMIN);
	put_cred(cred);
	return may;
}

/*
 * As F_ADD_SEALS does it, which waits for the lock even when killed: whoever may
 * write to the memfd can hold that, in a write(2) from memory that never comes.
 */
static int seal_shrink(struct file *memfd)
{
	struct inode *inode = file_inode(memfd);
	unsigned int *seals = &SHMEM_I(inode)->seals;
	int err = 0;

	if (!(memfd->f_mode & FMODE_WRITE))
		return -EINVAL;
	if (down_write_killable(&inode->i_rwsem))
		return -EINTR;
	if (!(*seals & F_SEAL_SEAL))
		*seals |= F_SEAL_SHRINK;
	else if (!(*seals & F_SEAL_SHRINK))
		err = -EINVAL;
	inode_unlock(inode);
	return err;
}

/*
 * Nobody writes or truncates it from here on, but by what is mapped already.
 * Returns the seals that it had.
 */
static long seal_file(struct file *memfd)
{
	const int write = F_SEAL_WRITE | F_SEAL_FUTURE_WRITE;
	long seals = kernel_call(memfd_fcntl)(memfd, F_GET_SEALS, 0);
	int err = 0;

	if (seals < 0 || !(seals & write))
		return -EINVAL;
	if (!(seals & F_SEAL_SHRINK))
		err = seal_shrink(memfd);
	return err ?: seals;
}

static int check_range(const struct seccomp_notif_pin_install *pin)
{
	if (pin->flags || !pin->size || !PAGE_ALIGNED(pin->target_addr) ||
	    !PAGE_ALIGNED(pin->size) || !PAGE_ALIGNED(pin->offset))
		return -EINVAL;
	if (pin->target_addr + pin->size < pin->size ||
	    pin->offset + pin->size < pin->size)
		return -EINVAL;
	return 0;
}

/* The target's address space; its notification still waits. */
static struct mm_struct *target_mm(struct file *listener, u64 id)
{
	struct notify_waiter *waiter = notify_hold(listener->private_data, id);
	struct mm_struct *mm = ERR_PTR(-EPERM);

	if (IS_ERR(waiter))
		return ERR_CAST(waiter);
	if (pin_may_act_for(listener, notify_task(waiter)))
		mm = get_task_mm(notify_task(waiter)) ?: ERR_PTR(-ESRCH);
	notify_drop(waiter);
	return mm;
}

static bool is_inside(const struct seccomp_notif_pin_install *pin,
		      const struct file *memfd)
{
	return pin->offset + pin->size <= (u64)i_size_read(file_inode(memfd));
}

static int prepare_file(struct file *listener, struct file *memfd,
			const struct seccomp_notif_pin_install *pin)
{
	struct mm_struct *mm = target_mm(listener, pin->id);
	long seals = -EINVAL;
	int err = -EINVAL;

	if (IS_ERR(mm))
		return PTR_ERR(mm);
	/* First so as not to seal in vain, then when it cannot shrink any more. */
	if (is_inside(pin, memfd))
		seals = seal_file(memfd);
	if (seals < 0)
		err = seals;
	else if (is_inside(pin, memfd))
		err = writers_check(memfd, seals, mm);
	/* Not the last of its users: that may wait for the target's files. */
	mmput_async(mm);
	if (!err && pin->target_addr &&
	    pin->target_addr < READ_ONCE(*kernel.min_addr))
		err = -EPERM;
	return err;
}

static struct pin_request *
new_request(struct file *memfd, const struct seccomp_notif_pin_install *pin)
{
	struct pin_request *request;
	struct file *file;

	request = kzalloc(sizeof(*request), GFP_KERNEL_ACCOUNT);
	if (!request)
		return ERR_PTR(-ENOMEM);
	/* Not waiting for whoever has a lease on it, which can take 45 s. */
	file = dentry_open(&memfd->f_path,
			   O_RDONLY | O_LARGEFILE | O_NONBLOCK, current_cred());
	if (IS_ERR(file)) {
		kfree(request);
		return ERR_CAST(file);
	}
	notify_init(&request->ask);
	request->file = file;
	request->addr = pin->target_addr;
	request->size = pin->size;
	request->offset = pin->offset;
	return request;
}

static int have_mapped(struct file *listener, u64 id,
		       struct pin_request *request)
{
	struct notify_waiter *waiter = notify_hold(listener->private_data, id);

	if (IS_ERR(waiter))
		return PTR_ERR(waiter);
	notify_ask(waiter, &request->ask);
	notify_drop(waiter);
	return notify_await(listener->private_data, &request->ask);
}

static int install_pin(struct file *listener, struct file *memfd,
		       struct seccomp_notif_pin_install *pin)
{
	struct pin_request *request;
	int err;

	err = prepare_file(listener, memfd, pin);
	if (err)
		return err;
	request = new_request(memfd, pin);
	if (IS_ERR(request))
		return PTR_ERR(request);
	err = seal_get();
	if (!err) {
		request->sealing = true;
		err = have_mapped(listener, pin->id, request);
	}
	if (!err)
		pin->target_addr = request->addr;
	put_request(request);
	return err;
}

/**
 * pin_install() - SECCOMP_IOCTL_NOTIF_PIN_INSTALL
 * @listener: an explicit overlay listener
 * @uarg: struct seccomp_notif_pin_install
 *
 * Source: the redirect series.
 *
 * Return: 0, or the errors in the order of the checks: -EFAULT; -EINVAL for
 * what is wrong by itself; -EBADF; -EINVAL for another kind of file; -ENOENT,
 * -EINVAL, -EINPROGRESS or -EINTR of notify_hold(); -EPERM without the right to
 * act for the target; -ESRCH if it is dying (redirect_send() says -ENOENT of
 * that); -EINVAL for seals and size, or -EINTR; -EINVAL, -EAGAIN or -EINTR of
 * writers_check(); -EPERM below vm.mmap_min_addr; -ENOMEM or what dentry_open()
 * says, -EAGAIN for a lease among it; what seal_get() says; those of
 * notify_hold() again; what the target meets when it maps; -ESRCH or -EINTR of
 * notify_await(); -EFAULT.
 */
long pin_install(struct file *listener, void __user *uarg)
{
	struct seccomp_notif_pin_install pin;
	struct file *memfd;
	int err;

	BUILD_BUG_ON(sizeof(pin) != 40);
	if (copy_from_user(&pin, uarg, sizeof(pin)))
		return -EFAULT;
	err = check_range(&pin);
	if (err)
		return err;
	memfd = pin_memfd(pin.memfd);
	if (IS_ERR(memfd))
		return PTR_ERR(memfd);
	err = install_pin(listener, memfd, &pin);
	fput(memfd);
	if (err)
		return err;
	return copy_to_user(uarg, &pin, sizeof(pin)) ? -EFAULT : 0;
}

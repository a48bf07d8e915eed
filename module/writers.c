// SPDX-License-Identifier: GPL-2.0
/*
 * Who can still write a sealed memfd. F_SEAL_FUTURE_WRITE leaves mappings from
 * before it writable: the supervisor's own are what it changes a pin by, and
 * there must be no others.
 *
 * Nor may one be under way. Whoever maps looks at the seals, links the mapping
 * into the file, and holds its mmap_lock all the while; between the two it is
 * counted as writable, by some kernels before the look. So, once the file is
 * sealed: all that are linked are looked at, and one that is only counted is
 * EAGAIN. If others than the supervisor may hold the file open, every address
 * space is seen with its mmap_lock free, and then all that are linked are looked
 * at once more.
 */
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "kernel/kernel.h"
#include "writers.h"

/* In turns of 100 us to 1 ms, for all address spaces together. */
#define PATIENCE 2000
/* Of the walk, when the process that it has waited for is gone. */
#define WALKS_MAX 100

static bool is_writable(const struct vm_area_struct *vma)
{
	const unsigned long writable = VM_SHARED | VM_MAYWRITE;

	/* Its owner may change others of its flags meanwhile, but not these. */
	return (data_race(vma->vm_flags) & writable) == writable;
}

/*
 * Is the descriptor of the caller's the only one that can be mapped for
 * writing? The file as it was made is not counted among those that are open for
 * writing, all others are. Its references are the descriptor's, the caller's,
 * and those of the @linked mappings, which cannot go while they stay linked.
 */
static bool is_the_only_one(struct file *memfd, long linked)
{
	return memfd->f_mode & FMODE_WRITE &&
	       !inode_is_open_for_write(file_inode(memfd)) &&
	       file_count(memfd) <= 2 + linked;
}

/* The mappings that are linked. @alone: filled: nobody can be about to map. */
static int check_linked(struct file *memfd, const struct mm_struct *target,
			bool *alone)
{
	struct address_space *mapping = memfd->f_mapping;
	struct vm_area_struct *vma;
	struct rb_node *node;
	int writable = 0;
	long linked = 0;
	int err = 0;

	i_mmap_lock_read(mapping);
	for (node = rb_first_cached(&mapping->i_mmap); node && !err;
	     node = rb_next(node)) {
		cond_resched();
		vma = rb_entry(node, struct vm_area_struct, shared.rb);
		linked += vma->vm_file == memfd;
		if (!is_writable(vma))
			continue;
		writable++;
		if (vma->vm_mm != current->mm || vma->vm_mm == target)
			err = -EINVAL;
	}
	/* Who counts before the look at the seals: it was sealed, and we look. */
	smp_mb();
	if (!err && atomic_read(&mapping->i_mmap_writable) > writable)
		err = -EAGAIN;
	*alone = is_the_only_one(memfd, linked);
	i_mmap_unlock_read(mapping);
	return err;
}

static bool is_at_rest(struct mm_struct *mm)
{
	if (mm == current->mm)
		return true;
	if (!mmap_read_trylock(mm))
		return false;
	mmap_read_unlock(mm);
	return true;
}

/* Its owner may hold the lock for as long as he likes. */
static int await_rest(struct mm_struct *mm, int *turns)
{
	while (!is_at_rest(mm)) {
		if (signal_pending(current))
			return -EINTR;
		if (!*turns)
			return -EAGAIN;
		--*turns;
		usleep_range(100, 1000);
	}
	return 0;
}

static struct mm_struct *mm_of_process(struct task_struct *process)
{
	struct task_struct *thread;
	struct mm_struct *mm = NULL;

	/* The first thread may have ended before others. */
	compat_for_each_thread(process, thread) {
		mm = get_task_mm(thread);
		if (mm)
			break;
	}
	return mm;
}

/*
 * Its first thread stays in the list of processes until its number goes, or
 * execve(2) in another thread puts that one in its place.
 */
static bool is_listed(struct task_struct *process)
{
	return pid_alive(process) && thread_group_leader(process);
}

/*
 * Under RCU, which is left while it waits. 1 if the walk cannot go on from that
 * process then.
 */
static int await_process(struct task_struct *process, int *turns)
{
	struct mm_struct *mm = mm_of_process(process);
	int err = 0;

	if (mm && !is_at_rest(mm)) {
		get_task_struct(process);
		rcu_read_unlock();
		err = await_rest(mm, turns);
		rcu_read_lock();
		if (!err && !is_listed(process))
			err = 1;
		put_task_struct(process);
	}
	/* The last put waits for what its owner chooses. */
	if (mm)
		mmput_async(mm);
	return err;
}

static int await_processes(int *turns)
{
	struct task_struct *process;
	int err = 0;

	rcu_read_lock();
	for_each_process(process) {
		err = await_process(process, turns);
		if (err)
			break;
	}
	rcu_read_unlock();
	return err;
}

static int await_mappers(void)
{
	int walks = WALKS_MAX;
	int turns = PATIENCE;
	int err;

	do
		err = await_processes(&turns);
	while (err > 0 && --walks);
	return err > 0 ? -EAGAIN : err;
}

/*
 * F_SEAL_WRITE is not enough: from 6.3 on, until that was mended, F_SEAL_EXEC of
 * an executable file sets it without a look at who can write. The count is not,
 * either: it is taken back where the seal cannot be set. Where both are there,
 * the seal first, they stay.
 */
static bool nobody_writes(const struct file *memfd, long seals)
{
	return seals & F_SEAL_WRITE &&
	       atomic_read(&memfd->f_mapping->i_mmap_writable) < 0;
}

/**
 * writers_check() - can anybody but the caller write this memfd?
 * @memfd: a reference of the caller's own
 * @seals: that it has had since before, F_SEAL_WRITE or F_SEAL_FUTURE_WRITE
 * @target: whose address space must have no writable mapping either
 *
 * Return: 0; -EINVAL if somebody can; -EAGAIN if that could not be told, since
 * a mapping is under way, or any process of the machine has kept its mmap_lock
 * through all turns; -EINTR.
 */
int writers_check(struct file *memfd, long seals,
		  const struct mm_struct *target)
{
	bool alone;
	int err;

	if (nobody_writes(memfd, seals))
		return 0;
	err = check_linked(memfd, target, &alone);
	if (err || alone)
		return err;
	err = await_mappers();
	return err ?: check_linked(memfd, target, &alone);
}

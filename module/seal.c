// SPDX-License-Identifier: GPL-2.0
/*
 * What keeps a pin where it is.
 *
 * A kernel that has mseal(2) seals mappings by itself: VM_SEALED. On others the
 * same is held by hooks, which are there only while pins are, and for a minute
 * after. They see whatever would unmap, move or reprotect, with the mmap_lock
 * held for writing, and refuse it with the errno of mseal(2) where a pin is
 * concerned. All that unmaps passes through the first; the last only gives the
 * right errno to what the first would refuse.
 *
 * Nothing is remembered: whether a mapping is a pin, it says itself (pin.c).
 */
#include <linux/errno.h>
#include <linux/ftrace.h>
#include <linux/kernel.h>
#include <linux/linkage.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/stringify.h>
#include <linux/workqueue.h>
#include <asm/unwind_hints.h>

#include "arm.h"
#include "hook.h"
#include "kernel/kernel.h"
#include "pin.h"
#include "seal.h"

static void arm_work(struct work_struct *work);
static void disarm_work(struct work_struct *work);
static struct arming arming = ARMING(arming, arm_work, disarm_work);

/* How many of them are: under the lock of the above, and read without it. */
static int hooked;

static bool notrace has_pin(struct mm_struct *mm, unsigned long start,
			    unsigned long end)
{
	struct vm_area_struct *vma;

	for (vma = find_vma(mm, start); vma && vma->vm_start < end;
	     vma = find_vma(mm, vma->vm_end))
		if (pin_is(vma))
			return true;
	return false;
}

/*
 * The trampolines, called at the fentry site: they ask whether a pin is
 * concerned, and then either return into the function or, in its place, to its
 * caller. Direct calls, since no BPF program can then be attached: 6.1 kills
 * ftrace where an fentry and an fexit program share a function with an op that
 * redirects, and that op is silent from then on.
 */
#define TRAMPOLINE(name)						\
	asm(".pushsection .text\n"					\
	    ".balign 16\n"						\
	    ".type overlay_guard_" #name ", @function\n"		\
	    "overlay_guard_" #name ":\n"				\
	    COMPAT_ENDBR						\
	    "push %rdi\n"						\
	    "push %rsi\n"						\
	    "push %rdx\n"						\
	    "push %rcx\n"						\
	    "push %r8\n"						\
	    "push %r9\n"						\
	    "mov %rsp, %rdi\n"						\
	    "call guard_" #name "\n"					\
	    "pop %r9\n"							\
	    "pop %r8\n"							\
	    "pop %rcx\n"						\
	    "pop %rdx\n"						\
	    "pop %rsi\n"						\
	    "pop %rdi\n"						\
	    "test %al, %al\n"						\
	    "jnz 1f\n"							\
	    ASM_RET							\
	    "1:\n"							\
	    "add $8, %rsp\n"						\
	    UNWIND_HINT_FUNC						\
	    "mov $-" __stringify(EPERM) ", %rax\n"			\
	    ASM_RET							\
	    ".size overlay_guard_" #name ", . - overlay_guard_" #name "\n" \
	    ".popsection\n")

/* As they are pushed. */
struct guard_args {
	unsigned long r9, r8, cx, dx, si, di;
};

TRAMPOLINE(unmap);
TRAMPOLINE(remap);
TRAMPOLINE(protect);
TRAMPOLINE(map);

/*
 * (mm, start, len, uf, downgrade): an address that is not a page's, no length at
 * all, and a length beyond user space, are the kernel's to refuse.
 */
static bool notrace would_unmap_old(const struct guard_args *args)
{
	return !offset_in_page(args->si) && args->dx &&
	       args->si <= TASK_SIZE && args->dx <= TASK_SIZE - args->si &&
	       has_pin((void *)args->di, args->si, args->si + args->dx);
}

/* (mas, vma, mm, start, end, uf, downgrade) */
static bool notrace would_unmap_new(const struct guard_args *args)
{
	return has_pin((void *)args->dx, args->cx, args->r8);
}

__used bool notrace guard_unmap(const struct guard_args *args)
{
	return kernel_is_old() ? would_unmap_old(args) : would_unmap_new(args);
}

/* (addr, old_len, new_len, flags), and on older kernels one more */
__used bool notrace guard_remap(const struct guard_args *args)
{
	return has_pin(current->mm, args->di, args->di + 1);
}

/* (vma, reqprot, prot) */
__used bool notrace guard_protect(const struct guard_args *args)
{
	return pin_is((void *)args->di);
}

/* (file, addr, len, vm_flags, pgoff, uf) */
__used bool notrace guard_map(const struct guard_args *args)
{
	return has_pin(current->mm, args->si, args->si + args->dx);
}

static void (* const trampolines[GUARD_COUNT])(void) = {
	[GUARD_UNMAP]	= overlay_guard_unmap,
	[GUARD_REMAP]	= overlay_guard_remap,
	[GUARD_PROTECT]	= overlay_guard_protect,
	[GUARD_MAP]	= overlay_guard_map,
};

static struct ftrace_ops guards[GUARD_COUNT];

/**
 * seal_load() - make the hooks ready
 *
 * Return: 0, or what hook_refuse() says, and then seal_unload() is needed all
 * the same.
 */
int __init seal_load(void)
{
	int i, err;

	for (i = 0; !COMPAT_SEALS && i < GUARD_COUNT; i++) {
		err = compat_prepare_direct(&guards[i], kernel.guard[i].site);
		if (err)
			return hook_refuse(kernel.guard[i].name, err);
	}
	return 0;
}

static bool unhook_guards(void)
{
	int i;

	while (hooked) {
		i = hooked - 1;
		if (unhook_direct(&guards[i], kernel.guard[i].site,
				  (unsigned long)trampolines[i]))
			return false;
		WRITE_ONCE(hooked, i);
	}
	return true;
}

static int hook_guards(void)
{
	int err = 0;

	while (!err && hooked < GUARD_COUNT) {
		err = hook_direct(&guards[hooked], kernel.guard[hooked].site,
				  (unsigned long)trampolines[hooked]);
		if (!err)
			WRITE_ONCE(hooked, hooked + 1);
	}
	if (err) {
		arming_failed(&arming, kernel.guard[hooked].name, err);
		unhook_guards();
	}
	return err;
}

/**
 * seal_is_armed() - are the hooks there, where they are needed?
 *
 * Return: true if so.
 */
bool seal_is_armed(void)
{
	return READ_ONCE(hooked) == GUARD_COUNT;
}

/**
 * seal_works() - is every mapping that is sealed held in place now?
 *
 * Return: false once ftrace has died, where hooks do the sealing.
 */
bool seal_works(void)
{
	int i;

	if (COMPAT_SEALS)
		return true;
	if (hook_dead())
		return false;
	for (i = 0; i < GUARD_COUNT; i++)
		if (hook_check_live(kernel.guard[i].site))
			return false;
	return true;
}

static int guards_work(void)
{
	return seal_works() ? 0 : -EINVAL;
}

static const struct arming_ops arming_ops = {
	.hooked	= seal_is_armed,
	.hook	= hook_guards,
	.unhook	= unhook_guards,
	.works	= guards_work,
};

static void arm_work(struct work_struct *work)
{
	arming_work(&arming, &arming_ops);
}

static void disarm_work(struct work_struct *work)
{
	arming_disarm(&arming, &arming_ops);
}

/**
 * seal_get() - before a mapping is sealed
 *
 * May patch kernel text, and so sleep for long.
 *
 * Return: 0, and seal_put() must follow when the mapping is gone; -EINTR if
 * killed; -EBUSY if a function is held by another; -EINVAL if ftrace is dead;
 * what ftrace says otherwise.
 */
int seal_get(void)
{
	if (COMPAT_SEALS)
		return 0;
	return hook_dead() ? -EINVAL : arming_get(&arming, &arming_ops);
}

/**
 * seal_put() - undo one seal_get()
 *
 * The hooks go by delayed work.
 */
void seal_put(void)
{
	if (!COMPAT_SEALS)
		arming_put(&arming);
}

/**
 * seal_vma() - from here on it stays as it is
 * @vma: whose mmap_lock is held for writing. Where hooks do it, they know it by
 *	 what it is
 */
void seal_vma(struct vm_area_struct *vma)
{
	compat_seal(vma);
}

/**
 * seal_holds() - is this mapping sealed?
 * @vma: a pin, whose mmap_lock is held
 *
 * Return: true if so, as long as seal_works().
 */
bool seal_holds(const struct vm_area_struct *vma)
{
	return compat_is_sealed(vma);
}

/**
 * seal_unload() - take the hooks away
 *
 * Only for unload, and for a load that fails: there are no pins.
 *
 * Return: false if a hook cannot be taken away: the module's text must stay.
 */
bool seal_unload(void)
{
	bool gone = arming_end(&arming, &arming_ops);
	int i;

	for (i = 0; gone && !COMPAT_SEALS && i < GUARD_COUNT; i++)
		compat_free_direct(&guards[i]);
	return gone;
}

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef OVERLAY_PIN_H
#define OVERLAY_PIN_H

#include <linux/types.h>

/* In one address space. */
#define PINS_MAX 64

/**
 * struct pin_area - where a pin is
 * @address: in the target
 * @size: in bytes
 * @offset: in the memfd, in bytes
 */
struct pin_area {
	u64	address;
	u64	size;
	u64	offset;
};

struct file;
struct inode;
struct mm_struct;
struct notify_request;
struct task_struct;
struct vm_area_struct;

void pin_load(void);
bool pin_is(const struct vm_area_struct *vma);
int pin_check(struct mm_struct *mm, const struct inode *inode,
	      unsigned long addr, unsigned long len,
	      struct vm_area_struct **part);
u32 pin_list(struct mm_struct *mm, struct pin_area *areas);
long pin_install(struct file *listener, void __user *uarg);
void pin_serve(struct notify_request *request);

struct file *pin_memfd(int fd);
bool pin_may_act_for(const struct file *listener, struct task_struct *target);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef OVERLAY_PIN_H
#define OVERLAY_PIN_H

#include <linux/types.h>

struct file;
struct inode;
struct mm_struct;
struct notify_request;
struct task_struct;
struct vm_area_struct;

void pin_load(void);
bool pin_is(const struct vm_area_struct *vma);
int pin_check(struct mm_struct *mm, const struct inode *inode,
	      unsigned long addr, unsigned long len);
long pin_install(struct file *listener, void __user *uarg);
void pin_serve(struct notify_request *request);

struct file *pin_memfd(int fd);
bool pin_may_act_for(const struct file *listener, struct task_struct *target);

#endif

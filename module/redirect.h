/* SPDX-License-Identifier: GPL-2.0 */
#ifndef OVERLAY_REDIRECT_H
#define OVERLAY_REDIRECT_H

#include <linux/types.h>

struct file;
struct redirect;
struct task_struct;

long redirect_send(struct file *listener, void __user *uarg);
void redirect_free(struct redirect *redirect);
void redirect_apply(struct redirect **held, struct redirect *redirect);
void redirect_undo(struct redirect **held);
bool redirect_run(struct redirect **held);
void redirect_fork(struct task_struct *child);

#endif

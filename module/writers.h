/* SPDX-License-Identifier: GPL-2.0 */
#ifndef OVERLAY_WRITERS_H
#define OVERLAY_WRITERS_H

struct file;
struct mm_struct;

int writers_check(struct file *memfd, long seals,
		  const struct mm_struct *target);

#endif

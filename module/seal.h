/* SPDX-License-Identifier: GPL-2.0 */
#ifndef OVERLAY_SEAL_H
#define OVERLAY_SEAL_H

#include <linux/types.h>

struct vm_area_struct;

int seal_load(void);
int seal_get(void);
void seal_put(void);
void seal_vma(struct vm_area_struct *vma);
bool seal_holds(const struct vm_area_struct *vma);
bool seal_works(void);
void seal_unload(void);

#endif

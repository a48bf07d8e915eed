/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a load is refused: one line in the kernel log, which names the fact.
 */
#ifndef OVERLAY_KERNEL_REFUSE_H
#define OVERLAY_KERNEL_REFUSE_H

#include <linux/errno.h>
#include <linux/printk.h>
#include <linux/types.h>

/**
 * refuse() - say in one line why this kernel will not do
 * @fmt: the fact, as a format for what follows
 *
 * Return: -EOPNOTSUPP, for the caller to hand up unchanged.
 */
#define refuse(fmt, ...)						\
({									\
	pr_err("refusing to load: " fmt "\n", ##__VA_ARGS__);		\
	-EOPNOTSUPP;							\
})

/**
 * pretended() - has a test asked to see this fact differently?
 * @kind: of fact
 * @name: the symbol, function, struct, or struct.member
 *
 * The module parameter pretend=KIND:NAME makes the one look-up that it names
 * give another answer, so that the refusals can be tested through the code
 * that makes them: a symbol that is not there, or there twice; a function with
 * another proto, or no fentry site, or a hook that is dead once it is armed; a
 * struct, member, enum or padding that is not there, a member of another type,
 * a struct or member of another size; another list of strict mode's.
 */
bool pretended(const char *kind, const char *name);

#endif

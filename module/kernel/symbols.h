/* SPDX-License-Identifier: GPL-2.0 */
#ifndef OVERLAY_KERNEL_SYMBOLS_H
#define OVERLAY_KERNEL_SYMBOLS_H

#include <linux/types.h>

/**
 * struct symbol - a name that must be in kallsyms once
 * @name: exact, or with @numbered followed by what the compiler appends to a
 *	  function's static data (".5")
 * @numbered: see @name
 * @hooked: no copy of it may stand beside it that calls could go to, such as
 *	    ".constprop.0"
 * @address: filled
 * @count: how often it was met
 */
struct symbol {
	const char	*name;
	bool		numbered;
	bool		hooked;
	unsigned long	address;
	unsigned int	count;
};

int kernel_symbol_first(const char *name, unsigned long *address);
int kernel_symbols_find(struct symbol *symbols, size_t count);
int kernel_symbol_check(const struct symbol *symbol);

#endif

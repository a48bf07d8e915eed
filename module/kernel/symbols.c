// SPDX-License-Identifier: GPL-2.0
/*
 * Symbols of the running kernel, found once at load. kallsyms_lookup_name() is
 * not exported; a kprobe that is never armed gives its address. A name that
 * kallsyms has twice is as useless as one that it lacks: who knows which?
 */
#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "calls.h"
#include "refuse.h"
#include "symbols.h"

struct symbol_search {
	struct symbol	*symbols;
	size_t		count;
};

static bool names(const struct symbol *symbol, const char *name)
{
	size_t len = strlen(symbol->name);

	if (strncmp(name, symbol->name, len))
		return false;
	name += len;
	if (!*name)
		return true;
	if (*name != '.')
		return false;
	if (symbol->numbered)
		return isdigit(name[1]);
	/* The unlikely part of a function is a part of it. */
	return symbol->hooked && !strstarts(name, ".cold");
}

static int note_symbol(void *data, const char *name, unsigned long address)
{
	struct symbol_search *search = data;
	struct symbol *symbol;
	size_t i;

	for (i = 0; i < search->count; i++) {
		symbol = &search->symbols[i];
		if (!names(symbol, name) || pretended("symbol", symbol->name))
			continue;
		if (strlen(name) == strlen(symbol->name) || symbol->numbered)
			symbol->address = address;
		symbol->count += pretended("twice", symbol->name) ? 2 : 1;
	}
	return 0;
}

static int note_symbol_mod(void *data, const char *name, struct module *mod,
			   unsigned long address)
{
	return mod ? 0 : note_symbol(data, name, address);
}

/**
 * kernel_symbol_first() - look one name up, before symbols can be walked
 * @name: of the symbol
 * @address: filled
 *
 * Return: 0, or -EOPNOTSUPP with the reason logged.
 */
int kernel_symbol_first(const char *name, unsigned long *address)
{
	*address = pretended("symbol", name) ?
		   0 : kernel_call(kallsyms_lookup_name)(name);
	return *address ? 0 : refuse("no symbol '%s'", name);
}

/**
 * kernel_symbols_find() - fill in addresses, in one walk over kallsyms
 * @symbols: what to look for
 * @count: how many
 *
 * Return: 0, or the error of the walk.
 */
int kernel_symbols_find(struct symbol *symbols, size_t count)
{
	struct symbol_search search = { symbols, count };

	if (kernel_call_bound("each_symbol"))
		return kernel_call(each_symbol)(note_symbol, &search);
	return kernel_call(each_symbol_mod)(note_symbol_mod, &search);
}

/**
 * kernel_symbol_check() - refuse what was not met exactly once
 * @symbol: after kernel_symbols_find()
 *
 * Return: 0, or -EOPNOTSUPP with the reason logged.
 */
int kernel_symbol_check(const struct symbol *symbol)
{
	if (!symbol->count)
		return refuse("no symbol '%s'", symbol->name);
	if (symbol->count > 1)
		return refuse("symbol '%s' is not unique", symbol->name);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names in the running kernel's kallsyms. Its addresses are for root only, but
 * which names are there, and how often, everybody may see.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "facts.h"

static bool matches(const struct symbol *symbol, const char *name)
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
		return isdigit((unsigned char)name[1]);
	/* The unlikely part of a function is a part of it. */
	return symbol->hooked && strncmp(name, ".cold", strlen(".cold"));
}

static void count_line(char *line, struct symbol *symbols, size_t count)
{
	char *name, *module;
	size_t i;

	strtok(line, " ");
	strtok(NULL, " ");
	name = strtok(NULL, "\t\n");
	module = strtok(NULL, "\t\n");
	if (!name || module)
		return;
	for (i = 0; i < count; i++)
		symbols[i].count += matches(&symbols[i], name);
}

/* Fills in how often the kernel itself has each; -errno if it does not say. */
int symbols_count(struct symbol *symbols, size_t count)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	char *line = NULL;
	size_t size = 0;
	int err = 0;

	if (!file)
		return -errno;
	errno = 0;
	while (getline(&line, &size, file) >= 0)
		count_line(line, symbols, count);
	if (ferror(file))
		err = errno ? -errno : -EIO;
	free(line);
	fclose(file);
	return err;
}

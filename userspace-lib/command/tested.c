// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is this kernel one of those that the project is tested on? The list is that of
 * the tests, tests/vm/kernels.list.
 */
#include <regex.h>
#include <stdbool.h>
#include <stdlib.h>

#include "command.h"
#include "tested.h"

struct row {
	const char	*suite;
	const char	*release;	/* a regular expression, of the whole */
};

static const struct row rows[] = {
#include "kernels.inc"
};

static bool matches(const char *pattern, const char *release)
{
	regex_t regex;
	bool is;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB))
		abort();
	is = !regexec(&regex, release, 0, NULL, 0);
	regfree(&regex);
	return is;
}

/* The suite that the kernel of this release comes from, or NULL. */
const char *tested_suite(const char *release)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		if (matches(rows[i].release, release))
			return rows[i].suite;
	return NULL;
}

// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "command.h"
#include "overlay_seccomp.h"

const struct feature features[] = {
	{ "strict", SECCOMP_OVERLAY_STRICT, "strict mode after filters" },
	{ "clone", SECCOMP_OVERLAY_CLONE, "take another task's filters" },
	{ "nested", SECCOMP_OVERLAY_NESTED, "listeners below listeners" },
	{ "redirect", SECCOMP_OVERLAY_REDIRECT, "replace a call's arguments" },
	{ "sequential", SECCOMP_OVERLAY_SEQUENTIAL,
	  "filters judged one after another" },
	{ "implicit", SECCOMP_OVERLAY_IMPLICIT,
	  "nesting also for programs that do not ask for it" },
};

const size_t features_count = ARRAY_SIZE(features);

const struct feature *feature_find(const char *name)
{
	size_t i;

	for (i = 0; i < features_count; i++)
		if (!strcmp(features[i].name, name))
			return &features[i];
	return NULL;
}

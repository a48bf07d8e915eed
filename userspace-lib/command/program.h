/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Programs, before they are started.
 */
#ifndef OVERLAY_SECCOMP_PROGRAM_H
#define OVERLAY_SECCOMP_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

bool program_find(const char *name, char *path, size_t size);
bool program_takes(const char *path, const char *object);

#endif

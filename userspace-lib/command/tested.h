/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef OVERLAY_SECCOMP_TESTED_H
#define OVERLAY_SECCOMP_TESTED_H

const char *tested_suite(const char *release);

#endif

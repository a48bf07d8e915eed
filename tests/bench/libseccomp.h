/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a container runtime does with libseccomp: a filter of the size of
 * Docker's. The library is loaded when it is asked for, so that whoever has none
 * can measure the rest.
 */
#ifndef OVERLAY_BENCH_LIBSECCOMP_H
#define OVERLAY_BENCH_LIBSECCOMP_H

#include <stdbool.h>

#include "kit.h"

/* Skips the case if there is no such library. */
void libseccomp_open(void);
/* Build it and load it into the kernel, or only build it. */
void libseccomp_load(void);
void libseccomp_export(struct sock_filter *insn, struct sock_fprog *f,
		       unsigned short max);
/* Refused by it, with EPERM; allowed without. */
#define REFUSED_NR SYS_ustat

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What "run" and the object that it preloads agree on.
 */
#ifndef OVERLAY_SECCOMP_PRELOAD_STRICT_H
#define OVERLAY_SECCOMP_PRELOAD_STRICT_H

#define STRICT_OBJECT	"liboverlay-seccomp-strict.so"

/* FLAGS:FD:FD...: the flags in hexadecimal, and the filters in their order. */
#define STRICT_VARIABLE	"OVERLAY_SECCOMP_STRICT"
#define STRICT_LIST_MAX	4096

/* Bytes of heap that a program finds, since it cannot ask for more. */
#define STRICT_HEAP	(1024 * 1024)

/* The exit status if main() is not reached. */
#define STRICT_FAILED	125

#endif

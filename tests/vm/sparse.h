/* SPDX-License-Identifier: GPL-2.0-only */
/* Read by sparse before each file: what newer kernels' headers use and the sparse of a Debian suite does not know. */
#define __typeof_unqual__	__typeof__
/* In a static assertion of MODULE_INFO(), which sparse cannot work out. */
#define __builtin_strlen(s)	(sizeof(s) - 1)

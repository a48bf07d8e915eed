/* SPDX-License-Identifier: GPL-2.0 */
/* Included before all else: every line in the log begins with our name. */
#define pr_fmt(fmt) "overlay_seccomp: " fmt

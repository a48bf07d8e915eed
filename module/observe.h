/* SPDX-License-Identifier: GPL-2.0 */
#ifndef OVERLAY_OBSERVE_H
#define OVERLAY_OBSERVE_H

#include <linux/types.h>

struct bpf_prog;
struct observation;
struct seccomp_filter;

struct observation *observe_begin(u8 mark);
struct seccomp_filter *observe_end(struct observation *observation);
void observe_prog(struct bpf_prog **prog);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef OVERLAY_SECCOMP_IMAGE_H
#define OVERLAY_SECCOMP_IMAGE_H

struct btf;

struct btf *image_btf(const char *path);

#endif

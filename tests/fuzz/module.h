/* SPDX-License-Identifier: GPL-2.0-only */
/* The module: loaded, removed, and what it says of itself. */
#ifndef OVERLAY_FUZZ_MODULE_H
#define OVERLAY_FUZZ_MODULE_H

#include <stdbool.h>
#include <stdint.h>

/* 0 or -errno. */
int module_load(const char *path);
int module_unload(void);
bool module_is_loaded(void);
/* -1 if that cannot be known. */
long module_references(void);

struct module_status {
	uint32_t filters;
	uint32_t pins;
	uint32_t subscribers;
	uint32_t references;
};

/* The number of its family, and for that of generic netlink: 0 for none. */
uint16_t module_family(void);
/* A socket that gets events, or -1. */
int module_subscribe(uint16_t family);
bool module_ask(uint16_t family, struct module_status *s);

#endif

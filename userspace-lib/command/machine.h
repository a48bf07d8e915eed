/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What of the running machine, besides its kernel, decides whether the module
 * can be built and loaded.
 */
#ifndef OVERLAY_SECCOMP_MACHINE_H
#define OVERLAY_SECCOMP_MACHINE_H

#include <stdbool.h>

enum answer { NOT_KNOWN = -1, NO, YES };

/**
 * struct machine - the running machine
 * @release: of its kernel; the caller's
 * @secure_boot: the firmware boots what is signed only
 * @lockdown: "none", "integrity" or "confidentiality"; "" where not known
 * @signed_only: the kernel loads signed modules only
 * @ftrace: functions can be hooked (kernel.ftrace_enabled)
 * @kprobes: the kernel has kprobes, and they have not been switched off
 * @headers: those of the kernel are there
 * @installed: depmod has seen the module
 * @loaded: it is
 * @dkms: "none", "added", "built" or "installed", for this kernel
 * @dkms_version: of the module that DKMS has; "" if none
 */
struct machine {
	const char	*release;
	enum answer	secure_boot;
	char		lockdown[32];
	enum answer	signed_only;
	enum answer	ftrace;
	enum answer	kprobes;
	bool		headers;
	bool		installed;
	bool		loaded;
	const char	*dkms;
	char		dkms_version[256];
};

void machine_learn(struct machine *machine, const char *release);
void machine_print(const struct machine *machine);
void machine_json(const struct machine *machine);

/* What is to be done before the module can be used, one call a step. */
void machine_next(const struct machine *machine, bool kernel_will_do,
		  void (*say)(const char *step));

#endif

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults in loading and unloading the module, and in the first use after a load,
 * which arms hooks. Each fault needs a load of its own. They come last, as does
 * the one in ioctls.c: a case that fails may leave the module unloaded.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "fault.h"
#include "pinkit.h"

#define HOOKED "/sys/kernel/tracing/enabled_functions"

static long module_fd = -1;

static long load(long parameters)
{
	return raw(SYS_finit_module, module_fd, parameters, 0);
}

static long unload(long unused)
{
	(void)unused;
	return raw(SYS_delete_module, "overlay_seccomp", O_NONBLOCK);
}

static void load_now(void)
{
	CHECK_EQ(load((long)""), 0);
}

/* What a task's end leaves to a worker may come late. */
static void unload_now(void)
{
	int i;

	CHECK_EQ(module_refs_fall_to(0), 0);
	for (i = 0; i < 100 && unload(0) == -EWOULDBLOCK; i++)
		pause_ms(100);
	CHECK(raw(SYS_seccomp, SECCOMP_GET_OVERLAY_INFO, 0, NULL) == -EINVAL);
}

void reload(void)
{
	unload_now();
	load_now();
}

static bool is_loaded(void)
{
	struct seccomp_overlay_info info = { .size = sizeof(info) };

	return !raw(SYS_seccomp, SECCOMP_GET_OVERLAY_INFO, 0, &info);
}

static bool is_hooked(void)
{
	bool found = false;
	char line[512];
	FILE *f = fopen(HOOKED, "re");

	NEED(f);
	while (!found && fgets(line, sizeof(line), f))
		found = strstr(line, "seccomp") ||
			strstr(line, "bpf_prog_create_from_user");
	fclose(f);
	return found;
}

void open_module(void)
{
	need_root();
	module_fd = MUST(raw(SYS_open, "/overlay_seccomp.ko",
			     O_RDONLY | O_CLOEXEC));
}

/* Load */

static bool load_one(struct table *t, int nth)
{
	struct outcome o = with_fault(nth, load, (long)"");

	if (o.happened)
		note(t, o.result);
	if (o.result < 0) {
		CHECK(!is_loaded());
		CHECK(!is_hooked());
		load_now();
	}
	CHECK(is_loaded());
	CHECK(is_hooked());
	return o.happened;
}

/*
 * What fails before the module looks at its first fact is the kernel's affair,
 * and much: only the last of that is tried, since an undoing counts as well.
 */
#define FIRST_FACT "pretend=symbol:kallsyms_lookup_name"
#define UNDONE 10

CASE_SLOW(fault_load, "faults in a load", 100)
{
	struct table t = { .name = "load", .fresh = unload_now };

	open_module();
	unload_now();
	CONTROL(!is_hooked());
	t.first = count_sites(load, (long)FIRST_FACT) - UNDONE;
	CONTROL(!is_loaded());
	load_now();
	try_sites(&t, load_one);
	module_is_unused();
}

/* Unload */

static void check_unload(struct table *t, const struct outcome *o)
{
	if (o->happened)
		note(t, o->result);
	if (o->result < 0)
		unload_now();
	CHECK(!is_loaded());
	CHECK(!is_hooked());
}

static bool unload_one(struct table *t, int nth)
{
	struct outcome o = with_fault(nth, unload, 0);

	check_unload(t, &o);
	return o.happened;
}

CASE_SLOW(fault_unload, "faults in an unload", 50)
{
	struct table t = { .name = "unload", .fresh = load_now };

	open_module();
	CONTROL(is_loaded());
	unload_now();
	try_sites(&t, unload_one);
	load_now();
	module_is_unused();
}

/* Arming */

static void under_filter(void)
{
	MUST(filter(0, SYS_getppid, DENY));
}

static long strict(void)
{
	return raw(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL);
}

static long go_strict(long unused)
{
	(void)unused;
	before_try();
	return strict();
}

static long add_listener(long flags)
{
	before_try();
	return filter(flags, TOUCHED_NR, ASK);
}

CASE_SLOW(fault_arm, "faults in the first use after a load", 100)
{
	open_module();
	try_subject(&(struct subject){ "strict, arming", under_filter,
				       go_strict, .filters = 1,
				       .fresh = reload });
	try_subject(&(struct subject){ "listener, arming", NULL, add_listener,
				       NESTABLE, .filters = 1, .fds = 1,
				       .fresh = reload });
	module_is_unused();
}

/* Disarming */

static void be_strict(struct kid *k)
{
	under_filter();
	say(k, strict());
}

static bool unload_armed_one(struct table *t, int nth)
{
	struct outcome o;
	struct kid k;

	kid_start(&k, be_strict, NULL);
	CHECK_EQ(heard(&k), 0);
	kid_kill(&k);
	CHECK_EQ(module_refs_fall_to(0), 0);
	o = with_fault(nth, unload, 0);
	check_unload(t, &o);
	return o.happened;
}

/* They need memory to take a hook away, and without it only warn. */
static bool kernel_fails_to_unhook(void)
{
	unsigned int major = 0, minor = 0;
	struct utsname name;

	NEED(!uname(&name));
	NEED(sscanf(name.release, "%u.%u", &major, &minor) == 2);
	return major < 6 || (major == 6 && minor < 4);
}

CASE_SLOW(fault_unload_armed, "faults in an unload that disarms", 50)
{
	struct table t = { .name = "unload, armed", .fresh = load_now };

	if (kernel_fails_to_unhook())
		skip("this kernel warns when it cannot unhook");
	open_module();
	unload_now();
	try_sites(&t, unload_armed_one);
	load_now();
	module_is_unused();
}

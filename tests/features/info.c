// SPDX-License-Identifier: GPL-2.0-only
/*
 * SECCOMP_GET_OVERLAY_INFO: what it says, and its errors.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kit.h"

#define KNOWN (SECCOMP_OVERLAY_STRICT | SECCOMP_OVERLAY_CLONE |		\
	       SECCOMP_OVERLAY_NESTED | SECCOMP_OVERLAY_REDIRECT |	\
	       SECCOMP_OVERLAY_SEQUENTIAL | SECCOMP_OVERLAY_IMPLICIT)

static long ask(unsigned long flags, void *p)
{
	return raw(SYS_seccomp, SECCOMP_GET_OVERLAY_INFO, flags, p);
}

static long ask_size(uint32_t size, void *p)
{
	memcpy(p, &size, sizeof(size));
	return ask(0, p);
}

/* The plain query works: the control of those that must not. */
static void control_query(void)
{
	struct seccomp_overlay_info info = { .size = sizeof(info) };

	CONTROL_EQ(ask(0, &info), 0);
	CONTROL_EQ(info.size, SECCOMP_OVERLAY_INFO_SIZE_VER0);
}

CASE(info_contents, "the bits are sane; strict and clone are among them")
{
	struct seccomp_overlay_info info = { .size = sizeof(info) };

	CONTROL_EQ(sizeof(info), SECCOMP_OVERLAY_INFO_SIZE_VER0);
	info.abi = 0xffffffff;
	info.features = info.native = ~0ULL;
	CHECK_EQ(ask(0, &info), 0);
	CHECK_EQ(info.size, SECCOMP_OVERLAY_INFO_SIZE_VER0);
	CHECK_EQ(info.abi, SECCOMP_OVERLAY_ABI);
	CHECK_EQ(info.features & ~KNOWN, 0);
	CHECK_EQ(info.native & ~info.features, 0);
	CHECK(info.features & SECCOMP_OVERLAY_STRICT);
	CHECK(info.features & SECCOMP_OVERLAY_CLONE);
	diag("features %#llx, native %#llx", (long long)info.features,
	     (long long)info.native);
}

CASE(info_implicit, "the bit of the parameter says what the parameter says")
{
	struct seccomp_overlay_info info = { .size = sizeof(info) };
	char text[8];

	if (!read_line("/sys/module/overlay_seccomp/parameters/implicit", text,
		       sizeof(text)))
		skip("the module has no parameter implicit here");
	CONTROL(text[0] == 'Y' || text[0] == 'N');
	CHECK_EQ(ask(0, &info), 0);
	CHECK_EQ(!!(info.features & SECCOMP_OVERLAY_IMPLICIT),
		 text[0] == 'Y');
}

CASE(info_flags, "flags other than 0 are EINVAL")
{
	struct seccomp_overlay_info info = { .size = sizeof(info) };
	int bit;

	control_query();
	for (bit = 0; bit < 32; bit++)
		CHECK_EQ(ask(1UL << bit, &info), -EINVAL);
	CHECK_EQ(ask(1, NULL), -EINVAL);
}

CASE(info_too_small, "a size below the first version's is EINVAL")
{
	struct seccomp_overlay_info info, was;
	uint32_t size;

	control_query();
	for (size = 0; size < SECCOMP_OVERLAY_INFO_SIZE_VER0; size++) {
		memset(&info, 0x5a, sizeof(info));
		CHECK_EQ(ask_size(size, &info), -EINVAL);
		memset(&was, 0x5a, sizeof(was));
		memcpy(&was, &size, sizeof(size));
		CHECK(!memcmp(&info, &was, sizeof(info)));
	}
}

CASE(info_too_large, "a size above a page is E2BIG, a page is not")
{
	size_t page = sysconf(_SC_PAGESIZE);
	unsigned char *p = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	NEED(p != MAP_FAILED);
	CONTROL_EQ(ask_size(page, p), 0);
	CHECK_EQ(ask_size(page + 1, p), -E2BIG);
	CHECK_EQ(ask_size(2 * page, p), -E2BIG);
	CHECK_EQ(ask_size(UINT32_MAX, p), -E2BIG);
}

static void larger(uint32_t size)
{
	static unsigned char buf[8192];
	uint32_t out, i;

	memset(buf, 0xa5, sizeof(buf));
	CHECK_EQ(ask_size(size, buf), 0);
	memcpy(&out, buf, sizeof(out));
	CHECK_EQ(out, SECCOMP_OVERLAY_INFO_SIZE_VER0);
	for (i = SECCOMP_OVERLAY_INFO_SIZE_VER0; i < size; i++)
		CHECK_EQ(buf[i], 0);
	CONTROL_EQ(buf[size], 0xa5);
}

CASE(info_larger, "a later, larger structure is filled up with zeroes")
{
	const uint32_t sizes[] = { 24, 25, 28, 31, 32, 48, 100, 4095, 4096 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		larger(sizes[i]);
}

CASE(info_bad_pointer, "a pointer that cannot be used is EFAULT")
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *p = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	NEED(p != MAP_FAILED);
	CONTROL_EQ(ask_size(24, p + page - 24), 0);
	CONTROL_EQ(ask_size(24, p + page - 8), 0);
	memcpy(p, &(uint32_t){ 24 }, 4);
	NEED(!mprotect(p + page, page, PROT_NONE));
	CHECK_EQ(ask(0, NULL), -EFAULT);
	CHECK_EQ(ask(0, p + page), -EFAULT);
	CHECK_EQ(ask(0, (void *)-4096L), -EFAULT);
	CHECK_EQ(ask_size(24, p + page - 8), -EFAULT);
	CHECK_EQ(ask_size(25, p + page - 24), -EFAULT);
	NEED(!mprotect(p, page, PROT_READ));
	CHECK_EQ(ask(0, p), -EFAULT);
}

CASE(info_under_filter, "a filtered program may ask where seccomp(2) is free")
{
	struct seccomp_overlay_info info = { .size = sizeof(info) };

	no_new_privs();
	CONTROL(raw(SYS_getppid) > 0);
	MUST(filter(0, SYS_getppid, DENY));
	CONTROL_EQ(raw(SYS_getppid), -DENIED);
	CHECK_EQ(ask(0, &info), 0);
	CHECK_EQ(info.abi, SECCOMP_OVERLAY_ABI);
	MUST(filter(0, SYS_seccomp, DENY));
	CHECK_EQ(ask(0, &info), -DENIED);
}

CASE(info_unprivileged, "anybody may ask")
{
	struct seccomp_overlay_info info = { .size = sizeof(info) };

	need_root();
	become_nobody();
	CONTROL_EQ(raw(SYS_getuid), NOBODY);
	CHECK_EQ(ask(0, &info), 0);
	CHECK(info.features & SECCOMP_OVERLAY_STRICT);
}

CASE(info_ia32, "a 32-bit program gets the same answer")
{
	struct seccomp_overlay_info info = { .size = sizeof(info) };
	struct seccomp_overlay_info *low = low_page();

	need_ia32();
	CONTROL_EQ(ask(0, &info), 0);
	low->size = sizeof(*low);
	CHECK_EQ(raw32(IA32_seccomp, SECCOMP_GET_OVERLAY_INFO, 0, low), 0);
	CHECK(!memcmp(&info, low, sizeof(info)));
	low->size = 23;
	CHECK_EQ(raw32(IA32_seccomp, SECCOMP_GET_OVERLAY_INFO, 0, low),
		 -EINVAL);
	low->size = 4097;
	CHECK_EQ(raw32(IA32_seccomp, SECCOMP_GET_OVERLAY_INFO, 0, low),
		 -E2BIG);
	CHECK_EQ(raw32(IA32_seccomp, SECCOMP_GET_OVERLAY_INFO, 1, low),
		 -EINVAL);
	CHECK_EQ(raw32(IA32_seccomp, SECCOMP_GET_OVERLAY_INFO, 0, 16),
		 -EFAULT);
}

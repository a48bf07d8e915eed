// SPDX-License-Identifier: LGPL-2.1-or-later
/* read: what a call points to, with a stock listener. */
#define _GNU_SOURCE
#include <limits.h>
#include <linux/audit.h>
#include <sys/mman.h>

#include "target.h"

/* In the target and here alike: what it has there is copied by fork(2). */
static char *page, *last;		/* nothing is mapped behind it */
static char **vector;
static __u32 *narrow;
static long page_size;

static __u64 address(const void *of)
{
	return (unsigned long)of;
}

static void make_memory(void)
{
	page_size = sysconf(_SC_PAGESIZE);
	page = mmap(NULL, 4 * page_size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	EXPECT(page != MAP_FAILED, 1);
	EXPECT(munmap(page + 3 * page_size, page_size), 0);
	last = page + 3 * page_size - 1;
	memset(page, 'a', 3 * page_size);
	vector = (char **)page;
	/* Below 4 GiB, where x32 programs have all of theirs. */
	narrow = mmap(NULL, page_size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	EXPECT(narrow != MAP_FAILED, 1);
}

static void fill_memory(void)
{
	*last = 0;
	memcpy(page + 200, "one", 4);
	vector[0] = page + 200;
	vector[1] = last;
	vector[2] = page + 300;
	vector[3] = NULL;
	vector[4] = (char *)1;
	page[300 + 9999] = 0;
	narrow[0] = address(narrow + 10);
	narrow[1] = address(narrow + 10);
}

static void bytes(int listener, const struct seccomp_notif *call)
{
	char buf[100];

	EXPECT(overlay_seccomp_read(listener, call, address(page), buf, 100),
	       100);
	EXPECT(memcmp(buf, page, 100), 0);
	EXPECT(overlay_seccomp_read(listener, call, address(page), buf, 0), 0);
	/* To where the memory ends. */
	EXPECT(overlay_seccomp_read(listener, call, address(last - 9), buf,
				    100), 10);
	EXPECT(overlay_seccomp_read(listener, call, address(last + 1), buf, 1),
	       -EFAULT);
	EXPECT(overlay_seccomp_read(listener, call, 0, buf, 1), -EFAULT);
	EXPECT(overlay_seccomp_read(listener, call, ~0ULL, buf, 1), -EFAULT);
	EXPECT(overlay_seccomp_read(listener, call, 0, buf,
				    (size_t)INT_MAX + 1), -EINVAL);
	EXPECT(overlay_seccomp_read(-1, call, address(page), buf, 1), -EBADF);
}

static int string_at(int listener, const struct seccomp_notif *call,
		     const void *at, size_t size)
{
	static char buf[3 * 65536];
	int ret;

	memset(buf, 'x', sizeof(buf));
	ret = overlay_seccomp_read_string(listener, call, address(at), buf,
					  size);
	if (ret >= 0)
		EXPECT(strlen(buf), ret);
	return ret;
}

static void strings(int listener, const struct seccomp_notif *call)
{
	/* Its NUL is the last byte of the memory. */
	EXPECT(string_at(listener, call, last, 1), 0);
	EXPECT(string_at(listener, call, last - 5, 100), 5);
	EXPECT(string_at(listener, call, last - 5, 6), 5);
	EXPECT(string_at(listener, call, last - 5, 5), -ENAMETOOLONG);
	EXPECT(string_at(listener, call, last - 5, 0), -ENAMETOOLONG);
	/* Over several pages. */
	EXPECT(string_at(listener, call, page + 300, 65536), 9999);
	EXPECT(string_at(listener, call, last + 1, 100), -EFAULT);
	EXPECT(string_at(listener, call, last, (size_t)INT_MAX + 1), -EINVAL);
}

static int vector_at(int listener, const struct seccomp_notif *call,
		     const void *at, size_t max)
{
	char **found;
	int i, ret;

	ret = overlay_seccomp_read_strings(listener, call, address(at), max,
					   &found);
	if (ret < 0) {
		EXPECT(found == NULL, 1);
		return ret;
	}
	for (i = 0; i < ret; i++)
		EXPECT(found[i] != NULL, 1);
	EXPECT(found[i] == NULL, 1);
	if (ret == 3) {
		EXPECT(strcmp(found[0], "one"), 0);
		EXPECT(strcmp(found[1], ""), 0);
		EXPECT(strlen(found[2]), 9999);
	}
	free(found);
	return ret;
}

static void vectors(int listener, const struct seccomp_notif *call)
{
	const size_t needed = 4 + 1 + 10000 + 3 * 8;

	EXPECT(vector_at(listener, call, vector, 100000), 3);
	EXPECT(vector_at(listener, call, vector, needed), 3);
	EXPECT(vector_at(listener, call, vector, needed - 1), -E2BIG);
	EXPECT(vector_at(listener, call, vector, 20), -E2BIG);
	EXPECT(vector_at(listener, call, vector, 0), -E2BIG);
	EXPECT(vector_at(listener, call, vector + 3, 0), 0);
	EXPECT(vector_at(listener, call, NULL, 100), 0);
	EXPECT(vector_at(listener, call, vector + 4, 100), -EFAULT);
	EXPECT(vector_at(listener, call, last + 1, 100), -EFAULT);
	/* It ends in the middle of a pointer. */
	EXPECT(vector_at(listener, call, last - 2, 100), -EFAULT);
	EXPECT(vector_at(listener, call, vector, (size_t)INT_MAX + 1),
	       -EINVAL);
}

static void narrow_vectors(int listener, const struct seccomp_notif *call)
{
	struct seccomp_notif narrow_call = *call;

	narrow_call.data.arch = AUDIT_ARCH_I386;
	EXPECT(vector_at(listener, &narrow_call, narrow, 100), 2);
	/* x32 */
	narrow_call.data.arch = AUDIT_ARCH_X86_64;
	narrow_call.data.nr |= 0x40000000;
	EXPECT(vector_at(listener, &narrow_call, narrow, 100), 2);
}

static int read_all(const struct seccomp_notif *request,
		    struct seccomp_notif_resp *response, void *data)
{
	struct seccomp_notif other = *request;
	int listener = *(int *)data;
	char byte;

	(void)response;
	bytes(listener, request);
	strings(listener, request);
	vectors(listener, request);
	narrow_vectors(listener, request);
	other.pid = 0;
	EXPECT(overlay_seccomp_read(listener, &other, address(page), &byte, 1),
	       -ESRCH);
	/* Somebody's memory, but not the caller's. */
	other.pid = getpid();
	other.id++;
	EXPECT(overlay_seccomp_read(listener, &other, address(page), &byte, 1),
	       -ESRCH);
	EXPECT(string_at(listener, &other, last, 1), -ESRCH);
	EXPECT(vector_at(listener, &other, vector, 100000), -ESRCH);
	return 0;
}

static void call(void)
{
	EXPECT(getppid_or_errno(), 0);
}

int main(void)
{
	struct target t;

	skip_unless_allowed();
	make_memory();
	fill_memory();
	start(&t, call);
	EXPECT(overlay_seccomp_supervise(t.listener, -1, read_all, &t.listener),
	       0);
	EXPECT(end(&t), 0);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * SECCOMP_CLONE_FILTER of a supervised source, while a thread of the caller's
 * makes another: that is in no list yet, and may have another root. Or while one
 * takes a root directory for itself.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <linux/userfaultfd.h>

#include "source.h"

#define PAGE 4096
#define PENDING 1

/* A thread that makes another, which waits for a page in the midst of it */

static struct {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal;
	uint64_t stack, stack_size, tls;
} making;
static void *late_page;
static int late_fd;
static char new_stack[PAGE] __attribute__((aligned(16)));
static atomic_long made;
static atomic_int go_on;

static void make_late_page(void)
{
	late_fd = watch_page(0, &late_page);
	if (late_fd < 0)
		skip("no userfaultfd");
}

static void page_comes(void)
{
	struct uffdio_zeropage zero = {
		.range = { .start = (uintptr_t)late_page, .len = PAGE },
	};

	NEED(!ioctl(late_fd, UFFDIO_ZEROPAGE, &zero));
}

/* The new thread, on its own stack, ends at once. */
static long clone3_that_exits(void)
{
	long ret;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "mov %[nr_exit], %%eax\n\t"
			 "xor %%edi, %%edi\n\t"
			 "syscall\n"
			 "1:"
			 : "=a"(ret)
			 : "0"((long)SYS_clone3), "D"(&making),
			   "S"(sizeof(making)), [nr_exit] "i"(SYS_exit)
			 : "rcx", "r11", "memory");
	return ret;
}

static void *maker(void *flags)
{
	making.flags = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_PIDFD |
		       (uintptr_t)flags;
	making.pidfd = (uintptr_t)late_page;
	making.stack = (uintptr_t)new_stack;
	making.stack_size = sizeof(new_stack);
	atomic_store(&made, clone3_that_exits());
	for (;;)
		raw(SYS_pause);
	return NULL;
}

/* FLAGS: CLONE_FS or 0. Until it waits for the page. */
static void start_maker(unsigned long flags)
{
	struct pollfd fault;
	pthread_t thread;

	make_late_page();
	atomic_store(&made, PENDING);
	NEED(!pthread_create(&thread, NULL, maker, (void *)flags));
	fault = (struct pollfd){ .fd = late_fd, .events = POLLIN };
	while (!poll(&fault, 1, 10))
		if (atomic_load(&made) == -EINVAL)
			skip("no pidfd of a thread that is being made");
}

static void with_thread_being_made(void)
{
	start_maker(0);
	/* Ours and the maker's; the new thread has a copy already. */
	in_proc();
}

CASE_SLOW(access_world_inflight, "a thread that is being made has its maker's old root", 2)
{
	struct kid source;

	need_root();
	source_start(&source, &below);
	CONTROL_EQ(try_clone(&source, in_proc), 0);
	CHECK_EQ(try_clone(&source, with_thread_being_made), -EPERM);
}

static void made_kid(struct kid *k)
{
	const struct kid *source = k->arg;

	start_maker(CLONE_FS);
	say(k, clone_filter(source->pidfd));
	page_comes();
	while (atomic_load(&made) == PENDING)
		sched_yield();
	say(k, atomic_load(&made) > 0);
	say(k, clone_filter(source->pidfd));
}

CASE_SLOW(access_world_made, "once it is made it is looked at", 2)
{
	struct kid source, k;

	need_root();
	source_start(&source, &beside);
	kid_start(&k, made_kid, &source);
	CHECK_EQ(heard(&k), -EPERM);
	CONTROL_EQ(heard(&k), 1);
	CHECK_EQ(heard(&k), 0);
	kid_wait(&k);
}

/*
 * A thread that takes a root directory for itself: the one that all had as it
 * began. What else it asks for takes time, so that the others have another one
 * before that can be seen of it.
 */

#define HIGHEST_FD ((1 << 19) - 1)
#define UNSHARE_ROUNDS 10

static atomic_int unsharing, unshared, has_old_root;

static void *unsharing_thread(void *none)
{
	long ret;

	atomic_store(&unsharing, 1);
	ret = raw(SYS_unshare, CLONE_FS | CLONE_FILES);
	atomic_store(&unshared, 1);
	NEED(!ret);
	while (atomic_load(&unshared) == 1)
		sched_yield();
	atomic_store(&has_old_root, root_is_proc() ? -1 : 1);
	for (;;)
		raw(SYS_pause);
	return none;
}

static void unshare_kid(struct kid *k)
{
	const struct kid *source = k->arg;
	const struct rlimit limit = { HIGHEST_FD + 1, HIGHEST_FD + 1 };
	const struct timespec moment = { .tv_nsec = 500 * 1000 };
	pthread_t thread;
	int early;

	NEED(!setrlimit(RLIMIT_NOFILE, &limit));
	NEED(dup2(k->in, HIGHEST_FD) == HIGHEST_FD);
	NEED(!pthread_create(&thread, NULL, unsharing_thread, NULL));
	while (!atomic_load(&unsharing))
		sched_yield();
	nanosleep(&moment, NULL);
	in_proc();
	early = !atomic_load(&unshared);
	say(k, clone_filter(source->pidfd));
	while (!atomic_load(&unshared))
		sched_yield();
	atomic_store(&unshared, 2);
	while (!atomic_load(&has_old_root))
		sched_yield();
	say(k, early && atomic_load(&has_old_root) == 1);
}

CASE_SLOW(access_world_unshare, "a thread that leaves the common root has the old one", 5)
{
	struct kid source, k;
	int i, early = 0;

	need_root();
	source_start(&source, &below);
	CONTROL_EQ(try_clone(&source, in_proc), 0);
	for (i = 0; i < UNSHARE_ROUNDS && !early; i++) {
		kid_start(&k, unshare_kid, &source);
		CHECK_EQ(heard(&k), -EPERM);
		early = heard(&k);
		kid_wait(&k);
		kid_close(&k);
	}
	CONTROL(early);
}

/* Threads that are in a call like that, or were just now */

static atomic_int child;

static void *vfork_thread(void *none)
{
	long pid = raw(SYS_clone, CLONE_VFORK | CLONE_PARENT_SETTID | SIGCHLD,
		       0, &child);

	while (!pid)
		raw(SYS_pause);
	atomic_store(&go_on, 1);
	for (;;)
		raw(SYS_pause);
	return none;
}

static void vfork_kid(struct kid *k)
{
	const struct kid *source = k->arg;
	pthread_t thread;

	NEED(!pthread_create(&thread, NULL, vfork_thread, NULL));
	while (!atomic_load(&child))
		sched_yield();
	say(k, clone_filter(source->pidfd));
	NEED(!kill(atomic_load(&child), SIGKILL));
	while (!atomic_load(&go_on))
		sched_yield();
	say(k, clone_filter(source->pidfd));
}

CASE_SLOW(access_world_vfork, "a thread that stays in clone(2) may be making one", 2)
{
	struct kid source, k;

	need_root();
	source_start(&source, &beside);
	kid_start(&k, vfork_kid, &source);
	CHECK_EQ(heard(&k), -EPERM);
	CONTROL_EQ(heard(&k), 0);
	kid_wait(&k);
}

static void *spinning_thread(void *none)
{
	long pid = raw(SYS_clone, SIGCHLD);

	if (!pid)
		raw(SYS_exit_group, 0);
	atomic_store(&go_on, 1);
	while (atomic_load(&go_on))
		;
	return none;
}

/* The last call that it made is one, but it has been interrupted since. */
static void with_spinning_thread(void)
{
	pthread_t thread;

	NEED(!pthread_create(&thread, NULL, spinning_thread, NULL));
	while (!atomic_load(&go_on))
		sched_yield();
}

static void *nothing(void *none)
{
	return none;
}

static void *busy_maker(void *none)
{
	pthread_t thread;

	for (;;) {
		NEED(!pthread_create(&thread, NULL, nothing, NULL));
		NEED(!pthread_join(thread, NULL));
		atomic_store(&go_on, 1);
	}
	return none;
}

static void with_busy_maker(void)
{
	pthread_t thread;

	NEED(!pthread_create(&thread, NULL, busy_maker, NULL));
	while (!atomic_load(&go_on))
		sched_yield();
}

CASE_SLOW(access_world_has_made, "who has made threads, and computes or makes more, is no hindrance", 2)
{
	struct kid source, other;

	need_root();
	source_start(&source, &beside);
	source_start(&other, &below);
	CHECK_EQ(try_clone(&source, with_spinning_thread), 0);
	CHECK_EQ(try_clone(&source, with_busy_maker), 0);
	CONTROL_EQ(try_clone(&other, with_busy_maker), -EPERM);
}

static void *cloning_thread(void *pidfd)
{
	return (void *)clone_filter((intptr_t)pidfd);
}

static void new_thread_kid(struct kid *k)
{
	const struct kid *source = k->arg;
	pthread_t thread;
	cpu_set_t one;
	void *result;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	NEED(!sched_setaffinity(0, sizeof(one), &one));
	NEED(!pthread_create(&thread, NULL, cloning_thread,
			     (void *)(intptr_t)source->pidfd));
	NEED(!pthread_join(thread, &result));
	say(k, (long)result);
}

#define NEW_THREADS 100

CASE_SLOW(access_world_new_thread, "a new thread may clone at once, on one CPU", 3)
{
	struct kid source, k;
	int i;

	need_root();
	source_start(&source, &beside);
	for (i = 0; i < NEW_THREADS; i++) {
		kid_start(&k, new_thread_kid, &source);
		CHECK_EQ(heard(&k), 0);
		kid_wait(&k);
		kid_close(&k);
	}
	CONTROL_EQ(try_clone(&source, in_proc), -EPERM);
}

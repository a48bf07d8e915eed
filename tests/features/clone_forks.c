// SPDX-License-Identifier: GPL-2.0-only
/*
 * SECCOMP_CLONE_FILTER of a supervised source, while a thread of the caller's
 * makes another process: that has its maker's root directory from the beginning,
 * and its filters only in the end.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/userfaultfd.h>

#include "source.h"

/* A fork that goes on only when somebody has taken note of it */

static struct {
	atomic_int forked;
	atomic_int old_root;
} *seen;
static atomic_bool by_ia32;

static int note_forks(void)
{
	void *page;
	int fd = watch_page(UFFD_FEATURE_EVENT_FORK, &page);

	if (fd < 0)
		skip("no userfaultfd that tells of forks");
	return fd;
}

static void take_note(int fd)
{
	struct uffd_msg msg;

	NEED(read(fd, &msg, sizeof(msg)) == sizeof(msg));
	NEED(msg.event == UFFD_EVENT_FORK);
	close(msg.arg.fork.ufd);
}

static void *forking_thread(void *none)
{
	long pid = atomic_load(&by_ia32) ? raw32(IA32_fork) : raw(SYS_fork);

	if (!pid) {
		atomic_store(&seen->old_root, root_is_proc() ? -1 : 1);
		raw(SYS_exit_group, 0);
	}
	atomic_store(&seen->forked, pid);
	for (;;)
		raw(SYS_pause);
	return none;
}

static void fork_kid(struct kid *k)
{
	const struct kid *source = k->arg;
	struct pollfd fork = { .events = POLLIN };
	pthread_t thread;
	int status;

	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	NEED(seen != MAP_FAILED);
	fork.fd = note_forks();
	NEED(!pthread_create(&thread, NULL, forking_thread, NULL));
	NEED(poll(&fork, 1, -1) == 1);
	/* Ours and the thread's; the new process has a copy already. */
	in_proc();
	say(k, clone_filter(source->pidfd));
	say(k, !atomic_load(&seen->forked));
	take_note(fork.fd);
	while (!atomic_load(&seen->forked))
		sched_yield();
	NEED(waitpid(atomic_load(&seen->forked), &status, 0) > 0);
	say(k, atomic_load(&seen->old_root));
	say(k, clone_filter(source->pidfd));
}

static void fork_meanwhile(bool ia32)
{
	struct kid source, k;

	need_root();
	source_start(&source, &below);
	CONTROL_EQ(try_clone(&source, in_proc), 0);
	atomic_store(&by_ia32, ia32);
	kid_start(&k, fork_kid, &source);
	CHECK_EQ(heard(&k), -EPERM);
	CONTROL_EQ(heard(&k), 1);
	CONTROL_EQ(heard(&k), 1);
	CHECK_EQ(heard(&k), 0);
	kid_wait(&k);
}

CASE_SLOW(access_world_fork, "a process that is being made has the old root", 2)
{
	fork_meanwhile(false);
}

CASE_SLOW(access_world_fork_ia32, "so has one that a 32-bit call makes", 2)
{
	if (!have_ia32())
		skip("no 32-bit calls");
	fork_meanwhile(true);
}

/* A thread that waits for the end of its child, in the call that made it */

static atomic_int vforking, vforked, let_go;

/* The child is on the same stack, and leaves it alone. */
static void vfork_until_let_go(void)
{
	long nr = SYS_vfork;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 2f\n"
			 "1:\n\t"
			 "mov %[nr_yield], %%eax\n\t"
			 "syscall\n\t"
			 "cmpl $0, (%[flag])\n\t"
			 "je 1b\n\t"
			 "mov %[nr_exit], %%eax\n\t"
			 "xor %%edi, %%edi\n\t"
			 "syscall\n"
			 "2:"
			 : "+a"(nr)
			 : [flag] "r"(&let_go), [nr_yield] "i"(SYS_sched_yield),
			   [nr_exit] "i"(SYS_exit_group)
			 : "rcx", "r11", "rdi", "memory", "cc");
}

static void *vforking_thread(void *none)
{
	atomic_store(&vforking, 1);
	vfork_until_let_go();
	atomic_store(&vforked, 1);
	for (;;)
		raw(SYS_pause);
	return none;
}

static void vfork_kid(struct kid *k)
{
	const struct kid *source = k->arg;
	pthread_t thread;

	NEED(!pthread_create(&thread, NULL, vforking_thread, NULL));
	while (!atomic_load(&vforking))
		sched_yield();
	pause_ms(100);
	say(k, clone_filter(source->pidfd));
	say(k, !atomic_load(&vforked));
	atomic_store(&let_go, 1);
	while (!atomic_load(&vforked))
		sched_yield();
	say(k, clone_filter(source->pidfd));
}

CASE_SLOW(access_world_vfork_waits, "a thread that stays in vfork(2) may be making one", 2)
{
	struct kid source, k;

	need_root();
	source_start(&source, &beside);
	kid_start(&k, vfork_kid, &source);
	CHECK_EQ(heard(&k), -EPERM);
	CONTROL_EQ(heard(&k), 1);
	CHECK_EQ(heard(&k), 0);
	kid_wait(&k);
}

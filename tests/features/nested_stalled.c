// SPDX-License-Identifier: GPL-2.0-only
/*
 * An install that sleeps in user memory, while a sibling thread puts a nested
 * chain under it by TSYNC, or the parameter implicit is switched on. What comes
 * out must not be a listener that is asked in place of the one that is open
 * further out.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "nest.h"

/* Where the install sleeps. */
enum stall { STALL_HEADER, STALL_INSNS };

struct scene {
	enum stall stall;
	bool race;		/* else the sibling does nothing */
};

static struct sock_filter ask_parent[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

static struct sock_fprog ask_prog = { .len = 4, .filter = ask_parent };
static struct sock_fprog page_prog = { .len = 4 };
static void *install_from;
static atomic_long installed;
static int uffd;

/* A page that a reader of it waits for. */
static void *missing_page(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	void *page;

	uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	NEED(uffd >= 0);
	NEED(!ioctl(uffd, UFFDIO_API, &api));
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	NEED(page != MAP_FAILED);
	reg.range.start = (unsigned long)page;
	reg.range.len = 4096;
	NEED(!ioctl(uffd, UFFDIO_REGISTER, &reg));
	return page;
}

static void fill_page(void *page, const void *from, size_t size)
{
	static char copy[4096] __attribute__((aligned(4096)));
	struct uffdio_copy request = {
		.dst = (unsigned long)page,
		.src = (unsigned long)copy,
		.len = sizeof(copy),
	};

	memcpy(copy, from, size);
	NEED(!ioctl(uffd, UFFDIO_COPY, &request));
}

static void *stalled_installer(void *unused)
{
	installed = raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, NEW_LISTENER,
			install_from);
	pause();
	return unused;
}

static void *asking_installer(void *unused)
{
	installed = raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, NEW_LISTENER,
			install_from);
	raw(SYS_getppid);
	pause();
	return unused;
}

static long install_ask(unsigned long flags)
{
	return raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &ask_prog);
}

/* What the sibling does: an open nested listener, for all threads. */
static void nest_under(void)
{
	long outer = install_ask(NESTABLE);

	NEED(outer >= 0);
	NEED(install_ask(NEW_LISTENER) >= 0);
	close(outer);
	MUST(filter(TSYNC, SYS_getpgrp, DENY));
}

static void stalled_kid(struct kid *k)
{
	const struct scene *scene = k->arg;
	void *page = missing_page();
	pthread_t thread;

	no_new_privs();
	page_prog.filter = page;
	install_from = scene->stall == STALL_HEADER ? page : &page_prog;
	installed = -EAGAIN;
	NEED(!pthread_create(&thread, NULL, stalled_installer, NULL));
	pause_ms(300);
	say(k, installed);
	if (scene->race)
		nest_under();
	if (scene->stall == STALL_HEADER)
		fill_page(page, &ask_prog, sizeof(ask_prog));
	else
		fill_page(page, ask_parent, sizeof(ask_parent));
	while (installed == -EAGAIN)
		pause_ms(20);
	say(k, installed);
}

static void stalled_undisturbed(enum stall stall)
{
	const struct scene alone = { .stall = stall };
	struct kid k;

	kid_start(&k, stalled_kid, &alone);
	/* It slept, and then got its listener. */
	CONTROL_EQ(heard(&k), -EAGAIN);
	CONTROL(heard(&k) >= 0);
	kid_kill(&k);
}

CASE(nested_stalled_header, "an install that slept before its program is busy")
{
	const struct scene scene = { .stall = STALL_HEADER, .race = true };
	struct kid k;

	stalled_undisturbed(STALL_HEADER);
	kid_start(&k, stalled_kid, &scene);
	CONTROL_EQ(heard(&k), -EAGAIN);
	CHECK_EQ(heard(&k), -EBUSY);
	kid_kill(&k);
}

CASE(nested_stalled_insns, "one that slept in its program is killed")
{
	const struct scene scene = { .stall = STALL_INSNS, .race = true };
	struct kid k;
	long word;

	stalled_undisturbed(STALL_INSNS);
	kid_start(&k, stalled_kid, &scene);
	CONTROL_EQ(heard(&k), -EAGAIN);
	CHECK(!hear(&k, &word));
	CHECK_EQ(ending(kid_wait(&k)), SIGNALED(SIGKILL));
}

/* Under a stock listener, an inner one that lets pass what it is asked about. */
static void implicit_kid(struct kid *k)
{
	const bool *before = k->arg;
	void *page = missing_page();
	struct notice n;
	pthread_t thread;

	no_new_privs();
	listener_hand(k, install_ask(NEW_LISTENER));
	install_from = page;
	installed = -EAGAIN;
	implicit(*before);
	NEED(!pthread_create(&thread, NULL, asking_installer, NULL));
	pause_ms(300);
	NEED(installed == -EAGAIN);
	implicit(true);
	fill_page(page, &ask_prog, sizeof(ask_prog));
	while (installed == -EAGAIN)
		pause_ms(20);
	NEED(installed >= 0);
	notice_recv(installed, &n);
	NEED(!notice_continue(installed, &n));
	pause();
}

/* The outer supervisor is asked after the inner one. */
static bool outer_is_asked(bool before)
{
	struct kid k;
	bool asked;

	implicit(false);
	kid_start(&k, implicit_kid, &before);
	listener_take(&k);
	asked = notice_waits(k.listener, 3000);
	kid_kill(&k);
	return asked;
}

CASE(nested_stalled_implicit, "implicit, switched on while an install sleeps")
{
	need_nested();
	CONTROL(outer_is_asked(true));
	CHECK(outer_is_asked(false));
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Redirect: an answer that is taken back. RECV that cannot copy its result makes
 * the notification one that nobody has received, also if it was answered
 * meanwhile. So there can be several redirects for one call.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "redirkit.h"

#define SIZE 4096

/* A page of zeroes, a write to which waits. */
struct trap {
	int fd;
	void *page;
};

static bool trap_open(struct trap *trap)
{
	struct uffdio_api api = {
		.api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP,
	};
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_WP };
	struct uffdio_writeprotect protect = {
		.mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};

	trap->fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (trap->fd < 0 || ioctl(trap->fd, UFFDIO_API, &api))
		return false;
	trap->page = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	NEED(trap->page != MAP_FAILED);
	memset(trap->page, 1, SIZE);
	memset(trap->page, 0, SIZE);
	reg.range.start = (unsigned long)trap->page;
	reg.range.len = SIZE;
	protect.range = reg.range;
	return !ioctl(trap->fd, UFFDIO_REGISTER, &reg) &&
	       !ioctl(trap->fd, UFFDIO_WRITEPROTECT, &protect);
}

static void trap_await(const struct trap *trap)
{
	struct uffd_msg msg;

	NEED(read(trap->fd, &msg, sizeof(msg)) == sizeof(msg));
	NEED(msg.event == UFFD_EVENT_PAGEFAULT);
}

/* Whoever writes goes on, and fails. */
static void trap_fail(const struct trap *trap)
{
	struct uffdio_writeprotect protect = {
		.range = { (unsigned long)trap->page, SIZE },
	};

	NEED(!mprotect(trap->page, SIZE, PROT_READ));
	NEED(!ioctl(trap->fd, UFFDIO_WRITEPROTECT, &protect));
}

static void trap_close(const struct trap *trap)
{
	munmap(trap->page, SIZE);
	close(trap->fd);
}

struct receiver {
	int listener;
	void *to;
};

static void receive(struct kid *k)
{
	const struct receiver *r = k->arg;

	say(k, ioctl(r->listener, SECCOMP_IOCTL_NOTIF_RECV, r->to) ? -errno :
								      0);
}

/*
 * On one CPU, on which the target runs only while nobody else would: so it has
 * not seen the answer when that is taken back.
 */
static void share_cpu(pid_t target)
{
	struct sched_param none = { }, some = { .sched_priority = 1 };
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	NEED(!sched_setaffinity(target, sizeof(one), &one));
	NEED(!sched_setaffinity(0, sizeof(one), &one));
	NEED(!sched_setscheduler(target, SCHED_IDLE, &none));
	NEED(!sched_setscheduler(0, SCHED_FIFO, &some));
}

/* The call is redirected, and that is taken back. */
static void take_back(struct redir *t, uint64_t id)
{
	struct receiver receiver = { .listener = t->listener[0] };
	const struct notice guess = { .id = id };
	struct trap trap;
	struct thr thr;

	if (!trap_open(&trap))
		skip("no userfaultfd for writes");
	receiver.to = trap.page;
	share_cpu(t->k.pid);
	redir_call(t);
	thr_start(&thr, receive, &receiver);
	trap_await(&trap);
	CHECK_EQ(redir_arg(t->listener[0], &guess, 0, 1), 0);
	trap_fail(&trap);
	CHECK_EQ(heard(&thr.side), -EFAULT);
	thr_gone(&thr);
	trap_close(&trap);
}

static void begin(struct redir *t, struct notice *n)
{
	need_root();
	need_redirect();
	redir_start(t, NULL);
	redir_ask(t, SYS_getpgid);
	redir_load(t, SYS_getpgid, NO_PROCESS, 2, 3, 4, 5, 6);
	redir_call(t);
	redir_asked(t, 0, n);
	CHECK_EQ(notice_continue(t->listener[0], n), 0);
	CONTROL_EQ(redir_result(t), -ESRCH);
	take_back(t, n->id + 1);
}

/* Asked once more, about the same. */
static void asked_again(struct redir *t, struct notice *n)
{
	uint64_t id = n->id + 1;

	redir_asked(t, 0, n);
	CONTROL_EQ(n->id, id);
	CHECK_EQ(n->arg[0], NO_PROCESS);
}

static void end(struct redir *t, long refs)
{
	CHECK(redir_untouched(t));
	redir_end(t);
	CHECK(module_refs_fall_to(refs) <= refs);
}

CASE(redirect_taken_back, "a redirect that is taken back is nothing, the next one counts")
{
	long refs = module_refs();
	struct notice n;
	struct redir t;

	begin(&t, &n);
	asked_again(&t, &n);
	CHECK_EQ(redir_arg(t.listener[0], &n, 0, 0), 0);
	CHECK_EQ(redir_result(&t), getpgrp());
	end(&t, refs);
}

CASE(redirect_taken_back_continue, "and after CONTINUE the call is what it was")
{
	long refs = module_refs();
	struct notice n;
	struct redir t;

	begin(&t, &n);
	asked_again(&t, &n);
	CHECK_EQ(notice_continue(t.listener[0], &n), 0);
	CHECK_EQ(redir_result(&t), -ESRCH);
	end(&t, refs);
}

CASE(redirect_taken_back_close, "and without another answer it does not run")
{
	long refs = module_refs();
	struct notice n;
	struct redir t;

	begin(&t, &n);
	redir_close(&t, 0);
	CHECK_EQ(redir_result(&t), -ENOSYS);
	end(&t, refs);
}

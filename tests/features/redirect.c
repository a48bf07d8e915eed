// SPDX-License-Identifier: GPL-2.0-only
/*
 * Redirect: what an answer may say, and what it comes to. After every refusal
 * the notification waits as before.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "redirkit.h"
#include "source.h"

/*
 * The target asks for the group of NO_PROCESS; argument 0 would be its own
 * group.
 */
static void lost_start(struct redir *t, struct notice *n)
{
	redir_start(t, NULL);
	redir_ask(t, SYS_getpgid);
	redir_load(t, SYS_getpgid, NO_PROCESS, 1, 2, 3, 4, 5);
	redir_call(t);
	redir_asked(t, 0, n);
}

/* The answer still is the supervisor's to give, and nothing has changed. */
static void still_waits(struct redir *t, const struct notice *n)
{
	CHECK_EQ(id_valid(t->listener[0], n->id), 0);
	CHECK(redir_waits(t, 0));
}

static void lost_end(struct redir *t, struct notice *n)
{
	still_waits(t, n);
	CHECK_EQ(redir_arg(t->listener[0], n, 0, 0), 0);
	CHECK_EQ(redir_result(t), getpgrp());
	CHECK(redir_untouched(t));
	redir_call(t);
	redir_asked(t, 0, n);
	CHECK_EQ(n->arg[0], NO_PROCESS);
	CHECK_EQ(notice_continue(t->listener[0], n), 0);
	CONTROL_EQ(redir_result(t), -ESRCH);
	redir_end(t);
}

static void refused(struct redir *t, const struct notice *n, redirection r,
		    long want)
{
	CHECK_EQ(send_redirect(t->listener[0], &r), want);
	still_waits(t, n);
}

#define REFUSED(t, n, want, ...)					\
	refused(t, n, (redirection){ .id = (n)->id,			\
		.flags = SECCOMP_REDIRECT_FLAG_CONTINUE, __VA_ARGS__ }, want)

CASE(redirect_scalar, "a call runs with the argument of the answer")
{
	struct notice n;
	struct redir t;

	lost_start(&t, &n);
	lost_end(&t, &n);
}

CASE(redirect_none, "an answer that replaces nothing runs the call as it is")
{
	redirection r;
	struct notice n;
	struct redir t;

	lost_start(&t, &n);
	r = redirect_of(&n);
	CHECK_EQ(send_redirect(t.listener[0], &r), 0);
	CHECK_EQ(redir_result(&t), -ESRCH);
	CHECK(redir_untouched(&t));
	redir_call(&t);
	redir_asked(&t, 0, &n);
	lost_end(&t, &n);
}

CASE(redirect_ignored, "values outside of the mask, and the memfd, are ignored")
{
	redirection r;
	struct notice n;
	struct redir t;

	lost_start(&t, &n);
	r = redirect_of(&n);
	r.args[0] = 1ULL << 40;
	r.args[5] = ~0ULL;
	r.memfd = -1;
	CHECK_EQ(send_redirect(t.listener[0], &r), 0);
	CHECK_EQ(redir_result(&t), -ESRCH);
	CHECK(redir_untouched(&t));
	redir_call(&t);
	redir_asked(&t, 0, &n);
	lost_end(&t, &n);
}

CASE(redirect_flags, "CONTINUE is required, and there is nothing else")
{
	const uint32_t bad[] = { 0, 2, 3, 1U << 31 | 1 };
	redirection r;
	struct notice n;
	struct redir t;
	unsigned int i;

	lost_start(&t, &n);
	r = redirect_of(&n);
	r.args_mask = 1;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		r.flags = bad[i];
		refused(&t, &n, r, -EINVAL);
	}
	lost_end(&t, &n);
}

CASE(redirect_masks, "masks name arguments, and pointers are arguments")
{
	struct notice n;
	struct mem m;
	struct redir t;

	lost_start(&t, &n);
	mem_make(&m, 1);
	mem_pin(t.listener[0], &n, &m);
	REFUSED(&t, &n, -EINVAL, .args_mask = 1U << 6);
	REFUSED(&t, &n, -EINVAL, .args_mask = 1U << 31 | 1);
	REFUSED(&t, &n, -EINVAL, .args_mask = 1U << 6, .ptr_mask = 1U << 6,
		.memfd = m.s.fd);
	REFUSED(&t, &n, -EINVAL, .args_mask = 1, .ptr_mask = 2,
		.memfd = m.s.fd, .args = { 0, m.at }, .ptr_len = { 0, 1 });
	REFUSED(&t, &n, -EINVAL, .args_mask = 1, .ptr_mask = 1U << 31,
		.memfd = m.s.fd);
	lost_end(&t, &n);
}

CASE(redirect_lengths, "a pointer has a length, and nothing else has one")
{
	struct notice n;
	struct mem m;
	struct redir t;

	lost_start(&t, &n);
	mem_make(&m, 1);
	mem_pin(t.listener[0], &n, &m);
	REFUSED(&t, &n, -EINVAL, .args_mask = 1, .ptr_mask = 1,
		.memfd = m.s.fd, .args = { m.at });
	REFUSED(&t, &n, -EINVAL, .args_mask = 1, .ptr_len = { 1 });
	REFUSED(&t, &n, -EINVAL, .args_mask = 1, .ptr_len = { [5] = 1 });
	REFUSED(&t, &n, -EINVAL, .args_mask = 3, .ptr_mask = 2,
		.memfd = m.s.fd, .args = { 0, m.at }, .ptr_len = { 1, 1 });
	lost_end(&t, &n);
}

CASE(redirect_fault, "what cannot be read is EFAULT")
{
	redirection *half;
	struct notice n;
	struct redir t;
	char *p;

	lost_start(&t, &n);
	CHECK_EQ(send_redirect(t.listener[0], NULL), -EFAULT);
	p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	NEED(p != MAP_FAILED && !munmap(p + PAGE, PAGE));
	half = (redirection *)(p + PAGE - 32);
	half->id = n.id;
	half->flags = SECCOMP_REDIRECT_FLAG_CONTINUE;
	half->args_mask = 0;
	CHECK_EQ(send_redirect(t.listener[0], half), -EFAULT);
	lost_end(&t, &n);
}

CASE(redirect_memfd, "pointers need an open memfd")
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct notice n;
	struct mem m;
	struct redir t;

	lost_start(&t, &n);
	mem_make(&m, 1);
	mem_pin(t.listener[0], &n, &m);
	REFUSED(&t, &n, -EBADF, .args_mask = 1, .ptr_mask = 1,
		.memfd = -1, .args = { m.at }, .ptr_len = { 1 });
	REFUSED(&t, &n, -EBADF, .args_mask = 1, .ptr_mask = 1,
		.memfd = 999, .args = { m.at }, .ptr_len = { 1 });
	REFUSED(&t, &n, -EINVAL, .args_mask = 1, .ptr_mask = 1,
		.memfd = null, .args = { m.at }, .ptr_len = { 1 });
	REFUSED(&t, &n, -EINVAL, .args_mask = 1, .ptr_mask = 1,
		.memfd = t.listener[0], .args = { m.at }, .ptr_len = { 1 });
	lost_end(&t, &n);
}

CASE(redirect_ids, "an id that waits for no answer is refused")
{
	struct notice n, other;
	struct redir t;

	lost_start(&t, &n);
	other = n;
	other.id = n.id + 1;
	CHECK_EQ(redir_arg(t.listener[0], &other, 0, 0), -ENOENT);
	other.id = n.id ^ 1ULL << 63;
	CHECK_EQ(redir_arg(t.listener[0], &other, 0, 0), -ENOENT);
	lost_end(&t, &n);
}

CASE(redirect_unreceived, "a notification that was not received is refused")
{
	struct notice n, next;
	struct redir t;

	lost_start(&t, &n);
	CHECK_EQ(redir_arg(t.listener[0], &n, 0, 0), 0);
	CHECK_EQ(redir_result(&t), getpgrp());
	redir_call(&t);
	CHECK(notice_waits(t.listener[0], 5000));
	/* Ids are counted. */
	next = n;
	next.id = n.id + 1;
	CHECK_EQ(redir_arg(t.listener[0], &next, 0, 0), -EINPROGRESS);
	redir_asked(&t, 0, &n);
	CONTROL_EQ(n.id, next.id);
	lost_end(&t, &n);
}

/* Answered already, or gone since: whichever it finds. */
static void too_late(struct redir *t, const struct notice *n)
{
	long r = redir_arg(t->listener[0], n, 0, 0);

	CHECK(r == -EINPROGRESS || r == -ENOENT);
}

CASE(redirect_twice, "there is one answer")
{
	struct notice n;
	struct redir t;

	lost_start(&t, &n);
	CHECK_EQ(redir_arg(t.listener[0], &n, 0, 0), 0);
	too_late(&t, &n);
	CHECK(notice_continue(t.listener[0], &n) < 0);
	CHECK_EQ(redir_result(&t), getpgrp());
	too_late(&t, &n);
	redir_call(&t);
	redir_asked(&t, 0, &n);
	CHECK_EQ(notice_answer(t.listener[0], &n, FAKED, 0), 0);
	too_late(&t, &n);
	CHECK_EQ(redir_result(&t), FAKED);
	CHECK(redir_untouched(&t));
	redir_call(&t);
	redir_asked(&t, 0, &n);
	lost_end(&t, &n);
}

static void plain_refuses(void)
{
	uint64_t at = 0;
	struct notice n;
	struct redir t;
	struct mem m;

	redir_start(&t, NULL);
	mem_make(&m, 1);
	redir_rule(&t, &(struct rule){
		.flags = NEW_LISTENER, .arch = AUDIT_ARCH_X86_64,
		.nr = SYS_getpgid, .arg = ANY_ARG, .action = ASK });
	redir_load(&t, SYS_getpgid, NO_PROCESS);
	redir_call(&t);
	redir_asked(&t, 0, &n);
	CHECK_EQ(pin_install(t.listener[0], n.id, m.s.fd, &at, PAGE, 0),
		 -EINVAL);
	CHECK_EQ(redir_arg(t.listener[0], &n, 0, 0), -EINVAL);
	still_waits(&t, &n);
	CHECK_EQ(notice_continue(t.listener[0], &n), 0);
	CHECK_EQ(redir_result(&t), -ESRCH);
	redir_end(&t);
	mem_free(&m);
}

CASE(redirect_plain, "a listener that is no overlay listener cannot")
{
	struct notice n;
	struct redir t;

	plain_refuses();
	lost_start(&t, &n);
	lost_end(&t, &n);
}

CASE(redirect_implicit, "nor one that is one only by the parameter")
{
	struct notice n;
	struct redir t;

	need_redirect();
	implicit(true);
	CONTROL(overlay_features() & SECCOMP_OVERLAY_IMPLICIT);
	plain_refuses();
	lost_start(&t, &n);
	lost_end(&t, &n);
}

CASE(redirect_ia32_supervisor, "a 32-bit supervisor can as well")
{
	redirection *low;
	struct notice n;
	struct redir t;

	need_redirect();
	need_ia32();
	low = low_page();
	lost_start(&t, &n);
	*low = redirect_of(&n);
	low->args_mask = 1U << 6;
	CHECK_EQ(raw32(IA32_ioctl, t.listener[0],
		       SECCOMP_IOCTL_NOTIF_SEND_REDIRECT, low), -EINVAL);
	still_waits(&t, &n);
	low->args_mask = 1;
	CHECK_EQ(raw32(IA32_ioctl, t.listener[0],
		       SECCOMP_IOCTL_NOTIF_SEND_REDIRECT, low), 0);
	CHECK_EQ(redir_result(&t), getpgrp());
	redir_call(&t);
	redir_asked(&t, 0, &n);
	lost_end(&t, &n);
}

CASE(redirect_addfd, "a call gets a file that the supervisor just gave")
{
	struct seccomp_notif_addfd add = { .newfd = 0 };
	int file = memfd_create("x", MFD_CLOEXEC), fd;
	struct notice n;
	struct redir t;

	NEED(file >= 0 && !ftruncate(file, 12345));
	redir_start(&t, NULL);
	redir_ask(&t, SYS_lseek);
	redir_load(&t, SYS_lseek, -1, 0, SEEK_END);
	redir_call(&t);
	redir_asked(&t, 0, &n);
	add.id = n.id;
	add.srcfd = file;
	fd = ioctl(t.listener[0], SECCOMP_IOCTL_NOTIF_ADDFD, &add);
	CHECK(fd > 2);
	CHECK_EQ(redir_arg(t.listener[0], &n, 0, fd), 0);
	CHECK_EQ(redir_result(&t), 12345);
	CHECK(redir_untouched(&t));
	redir_call(&t);
	redir_asked(&t, 0, &n);
	CHECK_EQ(notice_continue(t.listener[0], &n), 0);
	CONTROL_EQ(redir_result(&t), -EBADF);
	redir_end(&t);
}

CASE(redirect_ia32_wide, "a 32-bit call has no arguments above 32 bits")
{
	struct notice n;
	struct redir t;
	int i;

	need_redirect();
	need_ia32();
	redir_start(&t, NULL);
	t.shot->ia32 = true;
	redir_ask(&t, IA32_getpgid);
	redir_load(&t, IA32_getpgid, NO_PROCESS);
	redir_call(&t);
	redir_asked(&t, 0, &n);
	for (i = 0; i < 6; i++) {
		CHECK_EQ(redir_arg(t.listener[0], &n, i, 1ULL << 32), -EINVAL);
		CHECK_EQ(redir_arg(t.listener[0], &n, i, ~0ULL), -EINVAL);
		still_waits(&t, &n);
	}
	CHECK_EQ(redir_arg(t.listener[0], &n, 5, ~0U), 0);
	CHECK_EQ(redir_result(&t), -ESRCH);
	redir_call(&t);
	redir_asked(&t, 0, &n);
	CHECK_EQ(redir_arg(t.listener[0], &n, 0, 0), 0);
	CHECK_EQ(redir_result(&t), getpgrp());
	CHECK(redir_untouched(&t));
	/* A 64-bit call has. */
	t.shot->ia32 = false;
	redir_ask(&t, SYS_getpgid);
	redir_load(&t, SYS_getpgid, NO_PROCESS);
	redir_call(&t);
	redir_asked(&t, 1, &n);
	CONTROL_EQ(redir_arg(t.listener[1], &n, 5, ~0ULL), 0);
	CHECK_EQ(redir_result(&t), -ESRCH);
	redir_end(&t);
}

static long vsyscall_gettimeofday(long arg)
{
	return ((long (*)(void *, void *))0xffffffffff600000UL)((void *)arg,
								NULL);
}

static void vsyscall_kid(struct kid *k)
{
	vsyscall_gettimeofday((long)k->arg);
	say(k, 1);
}

CASE(redirect_vsyscall, "a call from the vsyscall page cannot be redirected")
{
	char time[16], text[32];
	struct notice n;
	struct redir t;
	struct kid k;
	long word;

	need_redirect();
	kid_start(&k, vsyscall_kid, time);
	if (!hear(&k, &word))
		skip("this kernel has no vsyscalls");
	redir_start(&t, NULL);
	redir_ask(&t, SYS_gettimeofday);
	say(&t.k, (long)vsyscall_gettimeofday);
	say(&t.k, (long)text);
	redir_asked(&t, 0, &n);
	CHECK_EQ(redir_arg(t.listener[0], &n, 1, 0), -EINVAL);
	still_waits(&t, &n);
	CHECK_EQ(notice_continue(t.listener[0], &n), 0);
	CONTROL_EQ(redir_result(&t), 0);
	redir_end(&t);
}

/* no_new_privs */

static void joiner_kid(struct kid *k)
{
	const int *pidfd = k->arg;
	long go;

	say(k, clone_filter(*pidfd));
	hear(k, &go);
	say(k, raw(SYS_getpgid, NO_PROCESS));
	no_new_privs();
	say(k, raw(SYS_getpgid, NO_PROCESS));
}

CASE(redirect_privileges, "who may gain privileges is redirected by root only")
{
	struct kid opener, joiner;
	struct notice n;
	uint64_t at = 0;
	struct mem m;

	need_redirect();
	need_root();
	if (!(overlay_features() & SECCOMP_OVERLAY_CLONE))
		skip("no cloning here");
	kid_start(&opener, weak_opener_kid, NULL);
	listener_take(&opener);
	kid_start(&joiner, joiner_kid, &opener.pidfd);
	mem_make(&m, 1);
	CONTROL_EQ(heard(&joiner), 0);
	CONTROL_EQ(proc_status(joiner.pid, "NoNewPrivs"), 0);
	say(&joiner, 0);
	notice_recv(opener.listener, &n);
	CHECK_EQ(redir_arg(opener.listener, &n, 0, 0), -EPERM);
	CHECK_EQ(pin_install(opener.listener, n.id, m.s.fd, &at, PAGE, 0),
		 -EPERM);
	CHECK_EQ(id_valid(opener.listener, n.id), 0);
	CHECK_EQ(notice_continue(opener.listener, &n), 0);
	CHECK_EQ(heard(&joiner), -ESRCH);
	notice_recv(opener.listener, &n);
	CHECK_EQ(redir_arg(opener.listener, &n, 0, 0), 0);
	CHECK_EQ(heard(&joiner), getpgrp());
	kid_wait(&joiner);
	say(&opener, 0);
	kid_wait(&opener);
}

static void root_opener_kid(struct kid *k)
{
	listener_hand(k, filter(NESTABLE, SYS_getpgid, ASK));
	say(k, raw(SYS_getpgid, NO_PROCESS));
}

CASE(redirect_root_opener, "root's listener needs no no_new_privs")
{
	struct notice n;
	struct kid k;

	need_redirect();
	need_root();
	kid_start(&k, root_opener_kid, NULL);
	listener_take(&k);
	notice_recv(k.listener, &n);
	CONTROL_EQ(proc_status(k.pid, "NoNewPrivs"), 0);
	CHECK_EQ(redir_arg(k.listener, &n, 0, 0), 0);
	CHECK_EQ(heard(&k), getpgrp());
	kid_wait(&k);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nested listeners: who may be made below whom, what a failure leaves, and
 * the parameter implicit.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nest.h"

/* Below whom */

CASE(nested_flag_alone, "the flag needs NEW_LISTENER")
{
	struct nest t;

	NEST(&t, 0);
	CHECK_EQ(nest_add(&t, NESTABLE & ~NEW_LISTENER), -EINVAL);
	CHECK_EQ(nest_add(&t, (NESTABLE & ~NEW_LISTENER) | TSYNC), -EINVAL);
	CHECK_EQ(nest_add(&t, (NESTABLE & ~NEW_LISTENER) | KILLABLE), -EINVAL);
	CONTROL_EQ(nest_add(&t, NESTABLE), 0);
	CHECK_EQ(nest_add(&t, NESTABLE & ~NEW_LISTENER), -EINVAL);
	nest_end(&t);
}

CASE(nested_below_plain, "below an open plain listener it is EBUSY")
{
	struct nest t;

	NEST(&t, NEW_LISTENER, 0);
	CHECK_EQ(nest_add(&t, NEW_LISTENER), -EBUSY);
	CHECK_EQ(nest_add(&t, NESTABLE), -EBUSY);
	CHECK_EQ(proc_status(t.k.pid, "Seccomp_filters"), 2);
	CALL(&t, ASK, PASS, ASK);
	asked_continue(&t, 0);
	RAN(&t);
	CONTROL_EQ(nest_add(&t, 0), 0);
	nest_end(&t);
}

CASE(nested_below_nested_plain, "the plain one may itself be nested")
{
	struct nest t;

	NEST(&t, NESTABLE, NESTABLE, NEW_LISTENER);
	CHECK_EQ(nest_add(&t, NEW_LISTENER), -EBUSY);
	CHECK_EQ(nest_add(&t, NESTABLE), -EBUSY);
	CHECK_EQ(nest_add(&t, 0), 0);
	CHECK_EQ(nest_add(&t, NESTABLE), -EBUSY);
	CALL(&t, ASK, ASK, ASK, PASS, ASK);
	asked_continue(&t, 2);
	asked_continue(&t, 1);
	asked_continue(&t, 0);
	RAN(&t);
	nest_end(&t);
}

CASE(nested_below_closed, "a listener that was closed does not count")
{
	struct nest t;

	NEST(&t, NEW_LISTENER);
	CONTROL_EQ(nest_add(&t, NESTABLE), -EBUSY);
	nest_close(&t, 0);
	CHECK_EQ(nest_add(&t, NESTABLE), 0);
	CHECK_EQ(nest_add(&t, NEW_LISTENER), 0);
	CONTROL_EQ(nest_add(&t, NESTABLE), -EBUSY);
	nest_close(&t, 2);
	CHECK_EQ(nest_add(&t, NESTABLE), 0);
	CALL(&t, PASS, ASK, PASS, ASK);
	asked_continue(&t, 3);
	asked_continue(&t, 1);
	RAN(&t);
	CALL(&t, PASS, ASK, ASK, ASK);
	asked_continue(&t, 3);
	CHECK_EQ(nest_result(&t), -ENOSYS);
	CALL(&t, ASK, ASK, PASS, ASK);
	asked_continue(&t, 3);
	asked_continue(&t, 1);
	CHECK_EQ(nest_result(&t), -ENOSYS);
	nest_end(&t);
}

CASE(nested_closed_overlay, "nor does an overlay listener that was closed")
{
	struct nest t;

	NEST(&t, NESTABLE);
	nest_close(&t, 0);
	CHECK_EQ(nest_add(&t, NEW_LISTENER), 0);
	CONTROL_EQ(nest_add(&t, NEW_LISTENER), -EBUSY);
	CHECK_EQ(nest_add(&t, NESTABLE), -EBUSY);
	CALL(&t, PASS, ASK);
	asked_continue(&t, 1);
	RAN(&t);
	CALL(&t, ASK, ASK);
	asked_continue(&t, 1);
	CHECK_EQ(nest_result(&t), -ENOSYS);
	nest_end(&t);
}

/* Failures */

enum fault { F_POINTER, F_POINTER_LIMIT, F_EMPTY, F_HUGE, F_PROGRAM,
	     F_PROGRAM_LIMIT, F_FLAG, F_SYNC, F_ACCESS, F_ACCESS_LIMIT,
	     F_LIMIT, F_TOO_LONG, F_COUNT };

static const int fault_errno[F_COUNT] = {
	EFAULT, EFAULT, EINVAL, EINVAL, EINVAL, EINVAL, EINVAL, EINVAL,
	EACCES, EACCES, EMFILE, ENOMEM,
};

static bool limits_files(enum fault f)
{
	return f == F_POINTER_LIMIT || f == F_PROGRAM_LIMIT ||
	       f == F_ACCESS_LIMIT || f == F_LIMIT;
}

static long faulty_install(enum fault f, unsigned long flags)
{
	static struct sock_filter insn[BPF_MAXINSNS];
	struct sock_fprog p = { .len = 1, .filter = insn };
	int i;

	for (i = 0; i < BPF_MAXINSNS; i++)
		insn[i] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, PASS);
	if (f == F_EMPTY)
		p.len = 0;
	if (f == F_HUGE)
		p.len = BPF_MAXINSNS + 1;
	if (f == F_TOO_LONG)
		p.len = BPF_MAXINSNS;
	if (f == F_PROGRAM || f == F_PROGRAM_LIMIT)
		insn[0].code = BPF_LD | BPF_W | BPF_IND;
	if (f == F_FLAG)
		flags |= 1UL << 20;
	if (f == F_SYNC)
		flags |= TSYNC;
	if (f == F_POINTER || f == F_POINTER_LIMIT)
		return raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, 8);
	return raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &p);
}

static void limit_files(rlim_t n)
{
	struct rlimit r;

	NEED(!getrlimit(RLIMIT_NOFILE, &r));
	r.rlim_cur = n;
	NEED(!setrlimit(RLIMIT_NOFILE, &r));
}

struct attempt {
	unsigned long above;	/* of the layer above, if any */
	unsigned long flags;
	enum fault fault;
	bool closed;		/* the listener of that layer is */
	int err;		/* not the one of the fault */
};

/* Filters until another one of this length does not fit. */
static void fill_chain(void)
{
	int i;

	for (i = 0; i < 32; i++)
		if (faulty_install(F_TOO_LONG, 0) < 0)
			return;
	NEED(!"the chain has no limit");
}

static void attempt_kid(struct kid *k)
{
	const struct attempt *a = k->arg;
	const uint32_t pass[LOW_LAYERS] = { PASS, PASS };
	long fd, count;

	if (a->fault != F_ACCESS && a->fault != F_ACCESS_LIMIT)
		no_new_privs();
	if (a->above) {
		fd = MUST(layer_install(0, a->above));
		if (a->closed)
			close(fd);
	}
	if (a->fault == F_TOO_LONG)
		fill_chain();
	if (a->fault == F_ACCESS || a->fault == F_ACCESS_LIMIT)
		become_nobody();
	count = proc_status(k->pid, "Seccomp_filters");
	fd = MUST(dup(0));
	close(fd);
	if (limits_files(a->fault))
		limit_files(fd);
	say(k, faulty_install(a->fault, a->flags));
	limit_files(512);
	say(k, MUST(dup(0)) == fd);
	close(fd);
	say(k, proc_status(k->pid, "Seccomp_filters") == count);
	say(k, probe(pass) > 0);
	say(k, a->fault == F_ACCESS ? -EACCES : layer_install(1, 0));
}

static void attempt(const struct attempt *a, bool control)
{
	int err = a->err ? a->err : fault_errno[a->fault];
	struct kid k;
	long got;
	int i;

	kid_start(&k, attempt_kid, a);
	got = heard(&k);
	if (got != -err)
		diag("fault %d, flags %#lx below %#lx: %ld", a->fault,
		     a->flags, a->above, got);
	if (control)
		CONTROL_EQ(got, -err);
	else
		CHECK_EQ(got, -err);
	for (i = 0; i < 3; i++)
		CHECK_EQ(heard(&k), 1);
	got = heard(&k);
	if (a->fault == F_ACCESS || a->fault == F_ACCESS_LIMIT)
		CHECK_EQ(got, -EACCES);
	else
		CHECK_EQ(got, 0);
	CHECK_EQ(ending(kid_wait(&k)), 0);
}

CASE_SLOW(nested_failures, "a failed install fails as stock, changing nothing",
	  4)
{
	long refs = module_refs();
	struct attempt a = { .above = 0 };
	int f;

	need_root();
	for (f = 0; f < F_COUNT; f++) {
		a.fault = f;
		a.above = 0;
		a.flags = NEW_LISTENER;
		attempt(&a, true);
		a.flags = NESTABLE;
		attempt(&a, false);
		a.above = NESTABLE;
		attempt(&a, false);
		a.flags = NEW_LISTENER;
		attempt(&a, false);
		a.flags = NESTABLE | SEQUENTIAL;
		attempt(&a, false);
	}
	CHECK(module_refs_fall_to(refs) <= refs);
}

CASE_SLOW(nested_busy_order, "EBUSY comes after every other error", 2)
{
	struct attempt a = { .above = NEW_LISTENER };
	int f;

	need_root();
	for (f = 0; f < F_TOO_LONG; f++) {
		a.fault = f;
		/* In the control it is the kernel's own EBUSY. */
		a.flags = NEW_LISTENER;
		attempt(&a, true);
		a.flags = NESTABLE;
		attempt(&a, false);
	}
}

/* What stock says of it, and what we say then. */
static void attempt_both(struct attempt *a)
{
	a->flags = NEW_LISTENER;
	attempt(a, true);
	a->flags = NESTABLE;
	attempt(a, false);
	a->flags = NESTABLE | SEQUENTIAL;
	attempt(a, false);
}

CASE_SLOW(nested_busy_full, "but before the limit of a chain's length", 4)
{
	struct attempt a = { .fault = F_TOO_LONG, .above = NEW_LISTENER };

	need_nested();
	a.err = EBUSY;
	attempt_both(&a);
	/* One that is closed is not in the way. */
	a.closed = true;
	a.err = ENOMEM;
	attempt_both(&a);
	a.above = NESTABLE;
	attempt_both(&a);
	a.closed = false;
	attempt_both(&a);
}

/* implicit */

/* From within its folder: the way there may be closed to others. */
static void implicit_kid(struct kid *k)
{
	int dir = open(IMPLICIT_DIR, O_PATH | O_DIRECTORY);

	NEED(dir >= 0);
	CONTROL(openat(dir, "implicit", O_WRONLY) >= 0);
	become_nobody();
	CHECK(openat(dir, "implicit", O_RDONLY) >= 0);
	CHECK(openat(dir, "implicit", O_WRONLY) < 0);
	CHECK_EQ(errno, EACCES);
	CHECK(openat(dir, "implicit", O_RDWR) < 0);
	CHECK_EQ(errno, EACCES);
	CHECK(fchmodat(dir, "implicit", 0666, 0) < 0);
	CHECK_EQ(errno, EPERM);
	say(k, 1);
}

CASE(implicit_file, "root sets it, everybody may see it")
{
	struct stat st;
	struct kid k;

	need_root();
	need_nested();
	NEED(!stat(IMPLICIT, &st));
	CHECK_EQ(st.st_mode & 07777, 0644);
	CHECK_EQ(st.st_uid, 0);
	kid_start(&k, implicit_kid, NULL);
	CHECK_EQ(heard(&k), 1);
	CHECK_EQ(ending(kid_wait(&k)), 0);
}

CASE(implicit_off, "off: a second listener is EBUSY, as stock")
{
	struct nest t;

	implicit(false);
	CHECK(!(overlay_features() & SECCOMP_OVERLAY_IMPLICIT));
	NEST(&t, NEW_LISTENER);
	CHECK_EQ(nest_add(&t, NEW_LISTENER), -EBUSY);
	CHECK_EQ(nest_add(&t, NESTABLE), -EBUSY);
	nest_end(&t);
	implicit(true);
	CONTROL(overlay_features() & SECCOMP_OVERLAY_IMPLICIT);
}

static void both_asked(struct nest *t)
{
	CALL(t, ASK, ASK);
	asked_continue(t, 1);
	asked_continue(t, 0);
	RAN(t);
	CALL(t, ASK, ASK);
	asked_continue(t, 1);
	asked_answer(t, 0, FAKED, 0);
	CHECK_EQ(nest_result(t), FAKED);
	CALL(t, ASK, ASK);
	asked_answer(t, 1, 0, -DENIED);
	CHECK_EQ(nest_result(t), -DENIED);
	CALL(t, DENY, ASK);
	CHECK_EQ(nest_result(t), -DENIED);
	CHECK(nobody_asked(t, 10));
}

CASE(implicit_plain, "on: an unmodified program nests, with or without flag")
{
	const unsigned long outer[] = { NEW_LISTENER, NESTABLE };
	struct nest t;
	int i;

	implicit(true);
	for (i = 0; i < 2; i++) {
		nest_start(&t, &outer[i], 1);
		CHECK_EQ(nest_add(&t, NEW_LISTENER), 0);
		both_asked(&t);
		nest_end(&t);
		nest_start(&t, &outer[i], 1);
		CHECK_EQ(nest_add(&t, NESTABLE), 0);
		both_asked(&t);
		nest_end(&t);
	}
}

CASE(implicit_older, "on: also below a listener that was made before")
{
	struct nest t;

	implicit(false);
	NEST(&t, NEW_LISTENER);
	CONTROL_EQ(nest_add(&t, NEW_LISTENER), -EBUSY);
	implicit(true);
	CHECK_EQ(nest_add(&t, NEW_LISTENER), 0);
	both_asked(&t);
	/* What is nested stays so, but nothing comes below the older one. */
	implicit(false);
	both_asked(&t);
	CHECK_EQ(nest_add(&t, NEW_LISTENER), -EBUSY);
	CHECK_EQ(nest_add(&t, NESTABLE), -EBUSY);
	nest_close(&t, 0);
	CHECK_EQ(nest_add(&t, NEW_LISTENER), 0);
	CALL(&t, PASS, ASK, ASK);
	asked_continue(&t, 2);
	asked_continue(&t, 1);
	RAN(&t);
	CALL(&t, ASK, ASK, ASK);
	asked_continue(&t, 2);
	asked_continue(&t, 1);
	CHECK_EQ(nest_result(&t), -ENOSYS);
	nest_end(&t);
}

CASE(implicit_older_closed, "on: the older one may be closed meanwhile")
{
	struct nest t;

	implicit(false);
	NEST(&t, NEW_LISTENER);
	implicit(true);
	CHECK_EQ(nest_add(&t, NEW_LISTENER), 0);
	CALL(&t, ASK, ASK);
	asked_continue(&t, 1);
	CHECK(nest_pending(&t));
	nest_close(&t, 0);
	CHECK_EQ(nest_result(&t), -ENOSYS);
	CALL(&t, ASK, ASK);
	asked_continue(&t, 1);
	CHECK_EQ(nest_result(&t), -ENOSYS);
	CALL(&t, PASS, ASK);
	asked_continue(&t, 1);
	RAN(&t);
	nest_end(&t);
}

CASE(implicit_stays, "a listener made while on allows others after it is off")
{
	struct nest t;

	implicit(true);
	NEST(&t, NEW_LISTENER);
	implicit(false);
	CHECK_EQ(nest_add(&t, NEW_LISTENER), 0);
	both_asked(&t);
	/* That one was made while it was off, and without the flag. */
	CHECK_EQ(nest_add(&t, NEW_LISTENER), -EBUSY);
	nest_end(&t);
}

CASE(implicit_depth, "on: six unmodified listeners, one below another")
{
	struct nest t;
	int i;

	implicit(true);
	NEST(&t, NEW_LISTENER, NEW_LISTENER, NEW_LISTENER, NEW_LISTENER,
	     NEW_LISTENER, NEW_LISTENER);
	for (i = 0; i < 6; i++) {
		CALL(&t, ASK, ASK, ASK, ASK, ASK, ASK);
		asked_from_inside(&t, i + 1);
		asked_answer(&t, i, FAKED, 0);
		CHECK_EQ(nest_result(&t), FAKED);
	}
	nest_end(&t);
}

/* The numbers of the two ioctls, which this kernel may not name. */
struct pin_install {
	uint64_t id;
	uint32_t flags;
	uint32_t memfd;
	uint64_t target_addr;
	uint64_t size;
	uint64_t offset;
};

struct resp_redirect {
	uint64_t id;
	uint32_t flags;
	uint32_t args_mask;
	uint32_t ptr_mask;
	uint32_t memfd;
	uint64_t args[6];
	uint64_t ptr_len[6];
};

static void no_redirect(int listener, uint64_t id)
{
	struct pin_install pin = { .id = id, .size = 4096 };
	struct resp_redirect r = { .id = id, .flags = 1 };

	CHECK(ioctl(listener, SECCOMP_IOWR(5, struct pin_install), &pin) < 0);
	CHECK_EQ(errno, EINVAL);
	CHECK(ioctl(listener, SECCOMP_IOW(6, struct resp_redirect), &r) < 0);
	CHECK_EQ(errno, EINVAL);
}

CASE(implicit_no_redirect, "implicit gives nesting only, not the two ioctls")
{
	struct notice n;
	struct nest t;
	int i;

	implicit(true);
	NEST(&t, NEW_LISTENER, NEW_LISTENER);
	CALL(&t, ASK, ASK);
	for (i = 1; i >= 0; i--) {
		asked(&t, i, &n);
		no_redirect(t.listener[i], n.id);
		CHECK(nest_pending(&t));
		CHECK_EQ(notice_continue(t.listener[i], &n), 0);
	}
	RAN(&t);
	nest_end(&t);
}

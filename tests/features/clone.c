// SPDX-License-Identifier: GPL-2.0-only
/*
 * SECCOMP_CLONE_FILTER: what is taken, from whom, and the errors of the
 * arguments.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <unistd.h>

#include "source.h"

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

static const struct source bare = { .install = install_nothing };

CASE(clone_success, "the caller has the filters of the source")
{
	struct kid source, joined;

	plain_start(&source);
	CHECK_EQ(try_clone(&source, NULL), 0);
	joined_start(&joined, &source, NULL);
	CHECK_EQ(proc_status(joined.pid, "Seccomp"), SECCOMP_MODE_FILTER);
	CHECK_EQ(proc_status(joined.pid, "Seccomp_filters"), 1);
	source_end(&source);
	joined_call(&joined, SYS_personality);
	CHECK_EQ(heard(&joined), -DENIED);
	CHECK_EQ(joined_end(&joined), 0);
}

static void inherit_kid(struct kid *k)
{
	const int *fd = k->arg;
	long pid;

	CONTROL_EQ(marked(), 0);
	say(k, clone_filter(*fd));
	pid = raw(SYS_fork);
	if (!pid) {
		say(k, marked());
		raw(SYS_exit_group, 0);
	}
}

CASE(clone_inherited, "a child of the clone has the filters as well")
{
	struct kid source, k;

	plain_start(&source);
	kid_start(&k, inherit_kid, &source.pidfd);
	CHECK_EQ(heard(&k), 0);
	CHECK_EQ(heard(&k), -DENIED);
	kid_wait(&k);
}

static void add_kid(struct kid *k)
{
	const int *fd = k->arg;

	say(k, clone_filter(*fd));
	say(k, filter(0, SYS_getpgrp, DENY));
	say(k, raw(SYS_getpgrp));
	say(k, marked());
}

CASE(clone_then_add, "the clone may add a filter, which is its own")
{
	struct kid source, k;

	plain_start(&source);
	kid_start(&k, add_kid, &source.pidfd);
	CHECK_EQ(heard(&k), 0);
	CHECK_EQ(heard(&k), 0);
	CHECK_EQ(heard(&k), -DENIED);
	CHECK_EQ(heard(&k), -DENIED);
	kid_wait(&k);
	CHECK_EQ(try_clone(&source, NULL), 0);
	CHECK_EQ(proc_status(source.pid, "Seccomp_filters"), 1);
}

CASE(clone_flags, "flags are EINVAL, whatever else is wrong")
{
	struct kid source;
	int bit;

	plain_start(&source);
	for (bit = 0; bit < 32; bit++) {
		CHECK_EQ(raw(SYS_seccomp, SECCOMP_CLONE_FILTER, 1UL << bit,
			     &source.pidfd), -EINVAL);
		CHECK_EQ(raw(SYS_seccomp, SECCOMP_CLONE_FILTER, 1UL << bit,
			     NULL), -EINVAL);
	}
	CONTROL_EQ(marked(), 0);
	CONTROL_EQ(try_clone(&source, NULL), 0);
}

CASE(clone_bad_pointer, "a pointer that cannot be read is EFAULT")
{
	struct kid source;
	char *p;

	plain_start(&source);
	p = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	NEED(p != MAP_FAILED);
	CHECK_EQ(raw(SYS_seccomp, SECCOMP_CLONE_FILTER, 0, NULL), -EFAULT);
	CHECK_EQ(raw(SYS_seccomp, SECCOMP_CLONE_FILTER, 0, p), -EFAULT);
	CHECK_EQ(raw(SYS_seccomp, SECCOMP_CLONE_FILTER, 0, -4096L), -EFAULT);
	CONTROL_EQ(try_clone(&source, NULL), 0);
}

CASE(clone_not_pidfd, "anything but a pidfd is EBADF")
{
	struct kid source;
	char path[64];
	int fd[2];

	plain_start(&source);
	NEED(!pipe(fd));
	CHECK_EQ(try_clone_fd(-1, NULL), -EBADF);
	CHECK_EQ(try_clone_fd(1000, NULL), -EBADF);
	CHECK_EQ(try_clone_fd(fd[0], NULL), -EBADF);
	CHECK_EQ(try_clone_fd(open("/dev/null", O_RDONLY), NULL), -EBADF);
	CHECK_EQ(try_clone_fd(open("/proc/self/exe", O_RDONLY), NULL), -EBADF);
	snprintf(path, sizeof(path), "/proc/%d", source.pid);
	CHECK_EQ(try_clone_fd(open(path, O_RDONLY | O_DIRECTORY), NULL),
		 -EBADF);
	CONTROL_EQ(try_clone(&source, NULL), 0);
}

CASE(clone_gone, "a task that is gone is ESRCH, and so is a zombie")
{
	struct kid source;

	plain_start(&source);
	CONTROL_EQ(try_clone(&source, NULL), 0);
	say(&source, -1);
	wait_zombie(source.pid);
	CHECK_EQ(try_clone(&source, NULL), -ESRCH);
	kid_wait(&source);
	CHECK_EQ(try_clone(&source, NULL), -ESRCH);
}

static void thread_exits_last(struct kid *k)
{
	long word;

	hear(k, &word);
}

static void dead_leader_kid(struct kid *k)
{
	static struct thr t;

	MUST(install_marked());
	thr_start(&t, thread_exits_last, NULL);
	say(k, 0);
	raw(SYS_exit, 0);
}

CASE(clone_dead_leader, "a leader that is dead is ESRCH though threads live")
{
	struct kid source, other;

	plain_start(&other);
	CONTROL_EQ(try_clone(&other, NULL), 0);
	kid_start(&source, dead_leader_kid, NULL);
	CHECK_EQ(heard(&source), 0);
	wait_zombie_leader(source.pid);
	CHECK_EQ(try_clone(&source, NULL), -ESRCH);
	CHECK_EQ(try_clone(&source, become_nobody), -EACCES);
}

CASE(clone_unfiltered, "a source without filters is EINVAL")
{
	struct kid source, other;

	plain_start(&other);
	source_start(&source, &bare);
	CHECK_EQ(try_clone(&source, NULL), -EINVAL);
	CHECK_EQ(source_marked(&source), 0);
	CONTROL_EQ(try_clone(&other, NULL), 0);
}

CASE(clone_of_strict_proper, "a source in strict mode proper is EINVAL")
{
	const struct source s = { .install = install_nothing, .strict = true };
	struct kid source, other;

	plain_start(&other);
	source_start(&source, &s);
	CONTROL_EQ(proc_status(source.pid, "Seccomp"), SECCOMP_MODE_STRICT);
	CHECK_EQ(try_clone(&source, NULL), -EINVAL);
	CONTROL_EQ(try_clone(&other, NULL), 0);
}

/* Chains */

static void own_filter(void)
{
	MUST(filter(0, SYS_getpgrp, DENY));
}

static long install_two(void)
{
	own_filter();
	return install_marked();
}

CASE(clone_other_chain, "a caller with filters of its own is EINVAL")
{
	const struct source two = { .install = install_two };
	struct kid source;

	plain_start(&source);
	CHECK_EQ(try_clone(&source, own_filter), -EINVAL);
	CONTROL_EQ(try_clone(&source, NULL), 0);
	source_end(&source);
	/* An equal program is not the same filter. */
	source_start(&source, &two);
	CHECK_EQ(try_clone(&source, own_filter), -EINVAL);
	CONTROL_EQ(try_clone(&source, NULL), 0);
}

static long install_ancestor(void)
{
	MUST(filter(0, SYS_getpgrp, DENY));
	return filter_large(0);
}

CASE(clone_ancestor, "below a container's filters a clone adds the rest")
{
	struct kid source, joined;

	need_root();
	MUST(install_ancestor());
	plain_start(&source);
	CONTROL_EQ(proc_status(getpid(), "Seccomp_filters"), 2);
	CONTROL_EQ(proc_status(source.pid, "Seccomp_filters"), 3);
	joined_start(&joined, &source, NULL);
	CHECK_EQ(proc_status(joined.pid, "Seccomp_filters"), 3);
	joined_call(&joined, SYS_getpgrp);
	CHECK_EQ(heard(&joined), -DENIED);
	CHECK_EQ(proc_status(getpid(), "Seccomp_filters"), 2);
	CHECK_EQ(joined_end(&joined), 0);
}

/* Clone, add a filter, and clone again: now it has more than the source. */
static void longer_kid(struct kid *k)
{
	const int *fd = k->arg;

	CONTROL_EQ(marked(), 0);
	say(k, clone_filter(*fd));
	say(k, clone_filter(*fd));
	own_filter();
	say(k, clone_filter(*fd));
	say(k, proc_status(getpid(), "Seccomp_filters"));
	say(k, marked());
}

CASE(clone_descendant, "a caller with more than the source is EINVAL")
{
	struct kid source, k;

	plain_start(&source);
	kid_start(&k, longer_kid, &source.pidfd);
	CONTROL_EQ(heard(&k), 0);
	CHECK_EQ(heard(&k), 0);
	CHECK_EQ(heard(&k), -EINVAL);
	CHECK_EQ(heard(&k), 2);
	CHECK_EQ(heard(&k), -DENIED);
	kid_wait(&k);
}

static void equal_kid(struct kid *k)
{
	const int *fd = k->arg;

	say(k, marked());
	say(k, clone_filter(*fd));
	say(k, proc_status(getpid(), "Seccomp_filters"));
	say(k, marked());
}

static void equal(int pidfd)
{
	struct kid k;

	kid_start(&k, equal_kid, &pidfd);
	CONTROL_EQ(heard(&k), -DENIED);
	CHECK_EQ(heard(&k), 0);
	CHECK_EQ(heard(&k), 1);
	CHECK_EQ(heard(&k), -DENIED);
	kid_wait(&k);
}

static int own_pidfd(void)
{
	int fd = raw(SYS_pidfd_open, getpid(), 0);

	NEED(fd >= 0);
	return fd;
}

CASE(clone_equal, "the same filters once more: success, and no change")
{
	need_root();
	MUST(install_marked());
	equal(own_pidfd());
}

CASE(clone_self, "a task may name itself")
{
	int fd = own_pidfd();

	need_root();
	CHECK_EQ(clone_filter(fd), -EINVAL);
	CONTROL_EQ(marked(), 0);
	MUST(install_marked());
	CONTROL_EQ(marked(), -DENIED);
	CHECK_EQ(clone_filter(fd), 0);
	CHECK_EQ(proc_status(getpid(), "Seccomp_filters"), 1);
	CHECK_EQ(marked(), -DENIED);
}

/* Threads */

static void thread_marks(struct kid *k)
{
	long word;

	while (hear(k, &word))
		say(k, marked());
}

static void thread_clones(struct kid *k)
{
	const int *fd = k->arg;
	long word;

	while (hear(k, &word)) {
		say(k, clone_filter(*fd));
		say(k, marked());
	}
}

static long thread_says(struct thr *t)
{
	say(&t->side, 0);
	return heard(&t->side);
}

CASE(clone_one_thread, "only the calling thread changes")
{
	struct thr other, cloner;
	struct kid source;

	plain_start(&source);
	thr_start(&other, thread_marks, NULL);
	thr_start(&cloner, thread_clones, &source.pidfd);
	CONTROL_EQ(thread_says(&other), 0);
	CHECK_EQ(thread_says(&cloner), 0);
	CHECK_EQ(heard(&cloner.side), -DENIED);
	CHECK_EQ(thread_says(&other), 0);
	CHECK_EQ(marked(), 0);
	CHECK_EQ(proc_status(getpid(), "Seccomp"), SECCOMP_MODE_DISABLED);
	CHECK_EQ(proc_status(other.tid, "Seccomp"), SECCOMP_MODE_DISABLED);
}

CASE(clone_own_leader, "a thread may take the filters of its own leader")
{
	struct thr t;
	int fd = own_pidfd();

	need_root();
	thr_start(&t, thread_clones, &fd);
	CONTROL_EQ(thread_says(&t), -EINVAL);
	CONTROL_EQ(heard(&t.side), 0);
	MUST(install_marked());
	CHECK_EQ(thread_says(&t), 0);
	CHECK_EQ(heard(&t.side), -DENIED);
}

static void thread_filtered(struct kid *k)
{
	long word;

	MUST(install_marked());
	say(k, marked());
	hear(k, &word);
}

CASE(clone_of_thread, "a pidfd of one thread gives that thread's filters")
{
	struct thr t;
	int fd;

	need_root();
	thr_start(&t, thread_filtered, NULL);
	CONTROL_EQ(heard(&t.side), -DENIED);
	fd = raw(SYS_pidfd_open, t.tid, PIDFD_THREAD);
	if (fd == -EINVAL)
		skip("this kernel has no pidfds of threads");
	NEED(fd >= 0);
	CHECK_EQ(try_clone_fd(own_pidfd(), NULL), -EINVAL);
	CHECK_EQ(try_clone_fd(fd, NULL), 0);
	say(&t.side, 0);
	thr_gone(&t);
	CHECK_EQ(try_clone_fd(fd, NULL), -ESRCH);
}

static void tsync_kid(struct kid *k)
{
	const int *fd = k->arg;
	struct thr other;

	thr_start(&other, thread_marks, NULL);
	CONTROL_EQ(thread_says(&other), 0);
	say(k, clone_filter(*fd));
	say(k, filter(SECCOMP_FILTER_FLAG_TSYNC, SYS_getpgrp, DENY));
	say(k, thread_says(&other));
	raw(SYS_exit_group, 0);
}

CASE(clone_then_tsync, "what was cloned goes on to siblings by TSYNC")
{
	struct kid source, k;

	plain_start(&source);
	kid_start(&k, tsync_kid, &source.pidfd);
	CHECK_EQ(heard(&k), 0);
	CHECK_EQ(heard(&k), 0);
	CHECK_EQ(heard(&k), -DENIED);
	kid_wait(&k);
}

/* 32 bits */

static void ia32_kid(struct kid *k)
{
	const int *fd = k->arg;
	int *low = low_page();

	*low = *fd;
	CONTROL_EQ(marked(), 0);
	say(k, raw32(IA32_seccomp, SECCOMP_CLONE_FILTER, 1, low));
	say(k, raw32(IA32_seccomp, SECCOMP_CLONE_FILTER, 0, 16));
	say(k, raw32(IA32_seccomp, SECCOMP_CLONE_FILTER, 0, low));
	say(k, marked());
}

CASE(clone_ia32, "a 32-bit caller clones as well")
{
	struct kid source, k;

	need_ia32();
	plain_start(&source);
	kid_start(&k, ia32_kid, &source.pidfd);
	CHECK_EQ(heard(&k), -EINVAL);
	CHECK_EQ(heard(&k), -EFAULT);
	CHECK_EQ(heard(&k), 0);
	CHECK_EQ(heard(&k), -DENIED);
	kid_wait(&k);
}

/* Strict */

static const struct source strict = {
	.install = install_marked, .strict = true,
};

static void strict_join_kid(struct kid *k)
{
	const int *fd = k->arg;
	long word;

	say(k, raw(SYS_getpid) > 0);
	say(k, clone_filter(*fd));
	hear(k, &word);
	if (word == 1)
		raw(SYS_exit, 5);
	if (word == 2)
		__builtin_ia32_rdtsc();
	else
		raw(SYS_getpid);
	say(k, 1);
	raw(SYS_exit, 0);
}

static void strict_joined(struct kid *k, const struct kid *source)
{
	kid_start(k, strict_join_kid, &source->pidfd);
	CONTROL_EQ(heard(k), 1);
	CHECK_EQ(heard(k), 0);
}

CASE(clone_strict, "strict comes along: the list works, the rest dies")
{
	struct kid source, k;
	long word;

	need_root();
	source_start(&source, &strict);
	strict_joined(&k, &source);
	CHECK_EQ(proc_status(k.pid, "Seccomp"), SECCOMP_MODE_FILTER);
	say(&k, 1);
	CHECK_EQ(ending(kid_wait(&k)), 5);
	strict_joined(&k, &source);
	source_end(&source);
	say(&k, 0);
	CHECK(!hear(&k, &word));
	CHECK_EQ(ending(kid_wait(&k)), SIGNALED(SIGKILL));
}

CASE(clone_strict_tsc, "strict comes along: no time stamp counter")
{
	struct kid source, k;

	need_root();
	CONTROL(__builtin_ia32_rdtsc());
	source_start(&source, &strict);
	strict_joined(&k, &source);
	say(&k, 2);
	CHECK_EQ(ending(kid_wait(&k)), SIGNALED(SIGSEGV));
}

CASE(clone_strict_module_refs, "the strict clone alone holds the module")
{
	const long before = module_refs();
	struct kid source, k;

	need_root();
	if (before < 0)
		skip("/sys does not tell the module's reference count");
	source_start(&source, &strict);
	CONTROL(module_refs() > before);
	strict_joined(&k, &source);
	source_end(&source);
	CHECK(module_refs() > before);
	say(&k, 1);
	CHECK_EQ(ending(kid_wait(&k)), 5);
	CHECK_EQ(module_refs_fall_to(before), before);
}

/* A strict task can only ask for anything while a tracer suspends seccomp. */
static void suspended_kid(struct kid *k)
{
	const int *fd = k->arg;
	long word;

	say(k, raw(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, 0));
	hear(k, &word);
	say(k, clone_filter(*fd));
	say(k, raw(SYS_getpid) > 0);
	raw(SYS_exit_group, 0);
}

static void suspended_filtered_kid(struct kid *k)
{
	MUST(filter(0, SYS_getpgrp, DENY));
	suspended_kid(k);
}

/* Of a chain that is its own already. */
static void suspended_own_kid(struct kid *k)
{
	int fd = MUST(raw(SYS_pidfd_open, getpid(), 0));

	k->arg = &fd;
	suspended_filtered_kid(k);
}

static void suspended_clone(void (*fn)(struct kid *k), int pidfd)
{
	struct kid k;

	kid_start(&k, fn, &pidfd);
	CHECK_EQ(heard(&k), 0);
	wait_asleep(k.pid);
	if (ptrace(PTRACE_SEIZE, k.pid, NULL, PTRACE_O_SUSPEND_SECCOMP))
		skip("this kernel cannot suspend seccomp");
	say(&k, 0);
	CHECK_EQ(heard(&k), -EINVAL);
	CONTROL_EQ(heard(&k), 1);
	CHECK_EQ(ending(kid_wait(&k)), 0);
}

CASE(clone_by_strict, "a caller in strict mode is EINVAL")
{
	struct kid source;

	plain_start(&source);
	suspended_clone(suspended_kid, source.pidfd);
	suspended_clone(suspended_filtered_kid, source.pidfd);
	suspended_clone(suspended_own_kid, source.pidfd);
	CONTROL_EQ(try_clone(&source, NULL), 0);
}

/* Supervisors */

static const struct source supervised = {
	.install = install_supervised, .listens = true,
};

CASE(clone_supervised, "the supervisor serves the clone, to its end")
{
	struct kid source, joined;
	struct notice n;

	need_root();
	source_start(&source, &supervised);
	CONTROL(!listener_hung_up(source.listener, 0));
	joined_start(&joined, &source, NULL);
	joined_call(&joined, SUPERVISED_NR);
	notice_recv(source.listener, &n);
	CHECK_EQ(n.pid, joined.pid);
	CHECK_EQ(n.nr, SUPERVISED_NR);
	CHECK_EQ(notice_answer(source.listener, &n, 4711, 0), 0);
	CHECK_EQ(heard(&joined), 4711);
	source_end(&source);
	CHECK(!listener_hung_up(source.listener, 200));
	joined_call(&joined, SUPERVISED_NR);
	notice_recv(source.listener, &n);
	CHECK_EQ(notice_continue(source.listener, &n), 0);
	CHECK(heard(&joined) >= 0);
	CHECK_EQ(joined_end(&joined), 0);
	CHECK(listener_hung_up(source.listener, 5000));
}

CASE(clone_closed_listener, "a closed listener answers ENOSYS")
{
	struct kid source, joined;

	need_root();
	source_start(&source, &supervised);
	CONTROL_EQ(try_clone(&source, NULL), 0);
	close(source.listener);
	joined_start(&joined, &source, NULL);
	joined_call(&joined, SUPERVISED_NR);
	CHECK_EQ(heard(&joined), -ENOSYS);
	CHECK_EQ(joined_end(&joined), 0);
}

/* Mitigations */

#ifndef PR_SPEC_STORE_BYPASS
#define PR_SPEC_STORE_BYPASS 0
#endif
#ifndef PR_SPEC_INDIRECT_BRANCH
#define PR_SPEC_INDIRECT_BRANCH 1
#endif

static void say_mitigations(struct kid *k)
{
	say(k, raw(SYS_prctl, PR_GET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS));
	say(k, raw(SYS_prctl, PR_GET_SPECULATION_CTRL,
		   PR_SPEC_INDIRECT_BRANCH));
}

static void mitigated_kid(struct kid *k)
{
	const int *fd = k->arg;

	say_mitigations(k);
	MUST(*fd < 0 ? install_marked() : clone_filter(*fd));
	say_mitigations(k);
}

static void mitigations(int fd, long was[2], long is[2])
{
	struct kid k;

	kid_start(&k, mitigated_kid, &fd);
	was[0] = heard(&k);
	was[1] = heard(&k);
	is[0] = heard(&k);
	is[1] = heard(&k);
	kid_wait(&k);
}

CASE(clone_mitigations, "speculation is limited as for a new filter")
{
	long was[2], fresh[2], cloned[2];
	struct kid source;

	plain_start(&source);
	mitigations(source.pidfd, was, cloned);
	mitigations(-1, was, fresh);
	diag("store bypass %#lx, filtered %#lx, cloned %#lx", was[0],
	     fresh[0], cloned[0]);
	diag("indirect branch %#lx, filtered %#lx, cloned %#lx", was[1],
	     fresh[1], cloned[1]);
	CHECK_EQ(cloned[0], fresh[0]);
	CHECK_EQ(cloned[1], fresh[1]);
	if (!memcmp(was, fresh, sizeof(was)))
		skip("a filter changes nothing on this machine");
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * SECCOMP_CLONE_FILTER: who may take whose filters, and in which order the
 * answers come.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/io_uring.h>

#include "source.h"

#define YAMA "/proc/sys/kernel/yama/ptrace_scope"

/* Preparations of callers and sources */

static void nobody_nnp(void)
{
	become_nobody();
	no_new_privs();
}

static void undumpable(void)
{
	NEED(!prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
}

static void in_userns(void)
{
	if (unshare(CLONE_NEWUSER))
		skip("no user namespaces here: %s", strerror(errno));
}

static void in_userns_nnp(void)
{
	in_userns();
	no_new_privs();
}

static void in_mntns(void)
{
	NEED(!unshare(CLONE_NEWNS));
}

/* The caller goes on in a child: only that is in the new namespace. */
static void in_pidns(void)
{
	pid_t pid;

	NEED(!unshare(CLONE_NEWPID));
	pid = fork();
	NEED(pid >= 0);
	if (!pid)
		return;
	waitpid(pid, NULL, 0);
	raw(SYS_exit_group, 0);
}

static void in_chroot(void)
{
	NEED(!chroot("/proc"));
}

static void in_root_chroot(void)
{
	NEED(!chroot("/"));
}

static void other_gid(void)
{
	NEED(!setresgid(1, 1, 1));
}

static void other_sgid(void)
{
	NEED(!setresgid(-1, -1, 1));
}

static void other_suid(void)
{
	NEED(!setresuid(-1, -1, 1));
}

static void other_uid_with_caps(void)
{
	NEED(!prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
	NEED(!setresuid(1, 1, 1));
	all_permitted_effective();
}

static void no_net_raw(void)
{
	drop_cap(CAP_NET_RAW);
}

static void no_net_raw_no_chown(void)
{
	drop_cap(CAP_NET_RAW);
	drop_cap(CAP_CHOWN);
}

static void net_raw_ineffective(void)
{
	lower_effective(CAP_NET_RAW);
}

static void net_raw_ambient(void)
{
	raise_ambient(CAP_NET_RAW);
}

static void only_admin(void)
{
	keep_only_cap(CAP_SYS_ADMIN);
}

static void only_ptrace(void)
{
	keep_only_cap(CAP_SYS_PTRACE);
}

static void only_ptrace_nnp(void)
{
	only_ptrace();
	no_new_privs();
}

static void only_chown_nnp(void)
{
	keep_only_cap(CAP_CHOWN);
	no_new_privs();
}

static void no_admin(void)
{
	drop_cap(CAP_SYS_ADMIN);
}

/* Sources */

static const struct source of_root = { .install = install_marked };
static const struct source bare_of_root = { .install = install_nothing };
static const struct source of_nobody = {
	.before = nobody_nnp, .install = install_marked,
};
static const struct source bare_of_nobody = {
	.before = nobody_nnp, .install = install_nothing,
};
static const struct source hidden_of_nobody = {
	.before = nobody_nnp, .install = install_marked, .after = undumpable,
};
static const struct source supervised = {
	.install = install_supervised, .listens = true,
};
static const struct source supervised_of_nobody = {
	.before = nobody_nnp, .install = install_supervised, .listens = true,
};

static void start(struct kid *k, const struct source *s)
{
	need_root();
	source_start(k, s);
	if (s->install != install_nothing)
		CONTROL_EQ(source_marked(k), -DENIED);
}

/* The right to install, and access to the source */

CASE(access_same_user, "an unprivileged caller needs no_new_privs")
{
	struct kid source;

	start(&source, &of_nobody);
	CHECK_EQ(try_clone(&source, become_nobody), -EACCES);
	CHECK_EQ(try_clone(&source, nobody_nnp), 0);
	CONTROL_EQ(try_clone(&source, NULL), 0);
}

CASE(access_other_user, "an unprivileged caller reaches its own user's tasks")
{
	struct kid source;

	start(&source, &of_root);
	CHECK_EQ(try_clone(&source, nobody_nnp), -EACCES);
	CHECK_EQ(try_clone(&source, become_nobody), -EACCES);
	CONTROL_EQ(try_clone(&source, NULL), 0);
}

CASE(access_undumpable, "and of these the dumpable ones")
{
	struct kid hidden, open;

	start(&hidden, &hidden_of_nobody);
	start(&open, &of_nobody);
	CHECK_EQ(try_clone(&hidden, nobody_nnp), -EACCES);
	CONTROL_EQ(try_clone(&open, nobody_nnp), 0);
	CHECK_EQ(try_clone(&hidden, NULL), 0);
}

CASE(access_admin_alone, "CAP_SYS_ADMIN suffices, without no_new_privs")
{
	struct kid root, nobody;

	start(&root, &of_root);
	start(&nobody, &hidden_of_nobody);
	CHECK_EQ(try_clone(&root, only_admin), 0);
	CHECK_EQ(try_clone(&nobody, only_admin), 0);
	CONTROL_EQ(try_clone(&root, no_admin), -EACCES);
}

CASE(access_ptrace_alone, "CAP_SYS_PTRACE suffices with no_new_privs only")
{
	struct kid root;

	start(&root, &of_root);
	CHECK_EQ(try_clone(&root, only_ptrace), -EACCES);
	CHECK_EQ(try_clone(&root, only_ptrace_nnp), 0);
	CONTROL_EQ(try_clone(&root, only_chown_nnp), -EACCES);
}

CASE(access_before_state, "who may not look does not learn what is there")
{
	struct kid root, nobody;

	start(&root, &bare_of_root);
	start(&nobody, &bare_of_nobody);
	CHECK_EQ(try_clone(&root, nobody_nnp), -EACCES);
	CHECK_EQ(try_clone(&nobody, become_nobody), -EACCES);
	CONTROL_EQ(try_clone(&root, NULL), -EINVAL);
	CONTROL_EQ(try_clone(&nobody, nobody_nnp), -EINVAL);
}

static void nobody_filtered(void)
{
	nobody_nnp();
	MUST(filter(0, SYS_getpgrp, DENY));
}

CASE(access_before_chain, "nor whether the chains fit")
{
	struct kid root, nobody;

	start(&root, &of_root);
	start(&nobody, &of_nobody);
	CHECK_EQ(try_clone(&root, nobody_filtered), -EACCES);
	CONTROL_EQ(try_clone(&nobody, nobody_filtered), -EINVAL);
}

static void end_as_zombie(struct kid *k)
{
	say(k, -1);
	wait_zombie(k->pid);
}

CASE(access_zombie, "nor whether it is a zombie")
{
	struct kid root, nobody;

	start(&root, &of_root);
	start(&nobody, &of_nobody);
	end_as_zombie(&root);
	end_as_zombie(&nobody);
	CHECK_EQ(try_clone(&root, nobody_nnp), -EACCES);
	CHECK_EQ(try_clone(&root, become_nobody), -EACCES);
	CHECK_EQ(try_clone(&nobody, nobody_nnp), -ESRCH);
	CONTROL_EQ(try_clone(&root, NULL), -ESRCH);
	kid_wait(&root);
	CONTROL_EQ(try_clone(&root, nobody_nnp), -ESRCH);
}

static void arguments_kid(struct kid *k)
{
	const int *fd = k->arg;

	become_nobody();
	say(k, raw(SYS_seccomp, SECCOMP_CLONE_FILTER, 1, fd));
	say(k, raw(SYS_seccomp, SECCOMP_CLONE_FILTER, 0, NULL));
	say(k, clone_filter(-1));
	say(k, clone_filter(*fd));
}

CASE(access_after_arguments, "wrong arguments are told to everybody")
{
	struct kid source, k;

	start(&source, &of_root);
	kid_start(&k, arguments_kid, &source.pidfd);
	CHECK_EQ(heard(&k), -EINVAL);
	CHECK_EQ(heard(&k), -EFAULT);
	CHECK_EQ(heard(&k), -EBADF);
	CONTROL_EQ(heard(&k), -EACCES);
	kid_wait(&k);
}

/* User namespaces */

CASE(access_userns_outside, "the caps of an own namespace do not reach outside")
{
	struct kid root, nobody;

	start(&root, &of_root);
	start(&nobody, &of_nobody);
	CHECK_EQ(try_clone(&root, in_userns), -EACCES);
	CHECK_EQ(try_clone(&root, in_userns_nnp), -EACCES);
	CONTROL_EQ(try_clone(&root, no_new_privs), 0);
}

static void nobody_in_userns(void)
{
	become_nobody();
	in_userns();
}

static void nobody_in_userns_nnp(void)
{
	nobody_nnp();
	in_userns();
}

CASE(access_userns_same_user, "not even to tasks of the same user")
{
	struct kid source;

	start(&source, &of_nobody);
	CHECK_EQ(try_clone(&source, nobody_in_userns), -EACCES);
	CHECK_EQ(try_clone(&source, nobody_in_userns_nnp), -EACCES);
	CONTROL_EQ(try_clone(&source, nobody_nnp), 0);
}

/* Who has no id in a namespace cannot make another one below it. */
static void map_nobody(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	NEED(write_text(path, "0 65534 1\n"));
	snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
	NEED(write_text(path, "0 65534 1\n"));
}

static void inside_kid(struct kid *k)
{
	const struct source deeper = { .before = in_userns,
				       .install = install_marked };
	const struct kid *outside = k->arg;
	struct kid same, deep;
	long go;

	nobody_in_userns();
	say(k, 0);
	hear(k, &go);
	CONTROL_EQ(clone_filter(outside->pidfd), -EACCES);
	source_start(&same, &of_root);
	source_start(&deep, &deeper);
	CHECK_EQ(try_clone(&same, NULL), 0);
	CHECK_EQ(try_clone(&deep, NULL), 0);
	CHECK_EQ(try_clone(&same, no_admin), -EACCES);
	say(k, 0);
}

CASE(access_userns_inside, "the caps of an own namespace reach what is inside")
{
	struct kid outside, k;

	start(&outside, &of_root);
	kid_start(&k, inside_kid, &outside);
	NEED(heard(&k) == 0);
	map_nobody(k.pid);
	say(&k, 0);
	CHECK_EQ(heard(&k), 0);
}

CASE(access_userns_supervised, "a supervised source in a namespace is EPERM")
{
	const struct source in = { .before = in_userns,
				   .install = install_marked };
	const struct source in_supervised = { .before = in_userns,
					      .install = install_supervised,
					      .listens = true };
	struct kid plain, watched;

	start(&plain, &in);
	start(&watched, &in_supervised);
	CHECK_EQ(try_clone(&watched, NULL), -EPERM);
	CONTROL_EQ(try_clone(&plain, NULL), 0);
}

/* The world of a supervised source */

static void other_world(void (*prepare)(void))
{
	struct kid plain, watched;

	start(&plain, &of_root);
	start(&watched, &supervised);
	CHECK_EQ(try_clone(&watched, prepare), -EPERM);
	CONTROL_EQ(try_clone(&plain, prepare), 0);
	CONTROL_EQ(try_clone(&watched, NULL), 0);
	close(watched.listener);
	CHECK_EQ(try_clone(&watched, prepare), 0);
}

CASE(access_world_mnt, "another mount namespace than a supervised source's")
{
	other_world(in_mntns);
}

CASE(access_world_pid, "another pid namespace")
{
	other_world(in_pidns);
}

CASE(access_world_root, "another root directory")
{
	other_world(in_chroot);
}

CASE(access_world_uid, "another user")
{
	other_world(other_uid_with_caps);
	other_world(other_suid);
}

CASE(access_world_gid, "another group")
{
	other_world(other_gid);
	other_world(other_sgid);
}

CASE(access_world_ambient, "an ambient capability more")
{
	other_world(net_raw_ambient);
}

CASE(access_world_same_root, "the same root by another call is the same world")
{
	const struct source s = { .before = in_chroot,
				  .install = install_supervised,
				  .listens = true };
	struct kid top, below;

	start(&top, &supervised);
	start(&below, &s);
	CHECK_EQ(try_clone(&top, in_root_chroot), 0);
	CHECK_EQ(try_clone(&below, in_chroot), 0);
	CONTROL_EQ(try_clone(&below, NULL), -EPERM);
}

static const struct source supervised_without_raw = {
	.before = no_net_raw, .install = install_supervised, .listens = true,
};

CASE(access_world_caps, "capabilities must be a subset of the source's")
{
	struct kid source;

	start(&source, &supervised_without_raw);
	CHECK_EQ(try_clone(&source, NULL), -EPERM);
	CONTROL_EQ(try_clone(&source, no_net_raw), 0);
	CHECK_EQ(try_clone(&source, no_net_raw_no_chown), 0);
	CHECK_EQ(try_clone(&source, only_admin), 0);
}

CASE(access_world_effective, "effective ones as well")
{
	const struct source s = { .before = net_raw_ineffective,
				  .install = install_supervised,
				  .listens = true };
	struct kid source;

	start(&source, &s);
	CHECK_EQ(try_clone(&source, NULL), -EPERM);
	CONTROL_EQ(try_clone(&source, net_raw_ineffective), 0);
}

CASE(access_world_source_ambient, "a source may have ambient ones more")
{
	const struct source s = { .before = net_raw_ambient,
				  .install = install_supervised,
				  .listens = true };
	struct kid source, without;

	start(&source, &s);
	start(&without, &supervised);
	CHECK_EQ(try_clone(&source, NULL), 0);
	CHECK_EQ(try_clone(&source, net_raw_ambient), 0);
	CONTROL_EQ(try_clone(&without, net_raw_ambient), -EPERM);
}

/* A thread of the caller's, which prepares itself and lives on. */
static pthread_barrier_t prepared;

static void *other_thread(void *prepare)
{
	((void (*)(void))prepare)();
	pthread_barrier_wait(&prepared);
	pause();
	return NULL;
}

static void with_thread(void (*prepare)(void))
{
	pthread_t thread;

	NEED(!pthread_barrier_init(&prepared, NULL, 2));
	NEED(!pthread_create(&thread, NULL, other_thread, (void *)prepare));
	pthread_barrier_wait(&prepared);
}

static void nothing(void)
{
}

static void with_like_thread(void)
{
	with_thread(nothing);
}

static void with_thread_in_mntns(void)
{
	with_thread(in_mntns);
}

static void in_utsns(void)
{
	NEED(!unshare(CLONE_NEWUTS));
}

static void with_thread_in_utsns(void)
{
	with_thread(in_utsns);
}

static void own_root(void)
{
	NEED(!unshare(CLONE_FS));
	in_chroot();
}

static void with_thread_in_chroot(void)
{
	with_thread(own_root);
}

/* The C library's would change all threads. */
static void raw_other_gid(void)
{
	NEED(!raw(SYS_setresgid, 1, 1, 1));
}

static void with_thread_of_other_gid(void)
{
	with_thread(raw_other_gid);
}

static void with_ambient_thread(void)
{
	with_thread(net_raw_ambient);
}

static void with_weaker_thread(void)
{
	with_thread(no_net_raw);
}

static void with_stronger_thread(void)
{
	with_thread(nothing);
	no_net_raw();
}

static void only_admin_with_thread(void)
{
	with_thread(nothing);
	only_admin();
}

CASE(access_world_threads, "a thread in another world, which TSYNC takes along")
{
	struct kid source;

	other_world(with_thread_in_mntns);
	other_world(with_thread_in_chroot);
	other_world(with_thread_of_other_gid);
	other_world(with_ambient_thread);
	start(&source, &supervised);
	CHECK_EQ(try_clone(&source, with_like_thread), 0);
	CHECK_EQ(try_clone(&source, with_weaker_thread), 0);
	CHECK_EQ(try_clone(&source, with_thread_in_utsns), 0);
	CHECK_EQ(try_clone(&source, only_admin_with_thread), 0);
}

/* Of the kernel's, for the rings of this process; it keeps what rights it got. */
static void with_ring_worker(void)
{
	struct io_uring_params ring = {
		.flags = IORING_SETUP_SQPOLL, .sq_thread_idle = 60000,
	};

	if (raw(SYS_io_uring_setup, 4, &ring) < 0)
		skip("no io_uring that polls");
	diag("%ld threads", proc_status(getpid(), "Threads"));
	no_net_raw();
}

CASE(access_world_worker, "a worker of the kernel's runs no calls of ours")
{
	struct kid source;

	start(&source, &supervised_without_raw);
	CHECK_EQ(try_clone(&source, with_ring_worker), 0);
	CONTROL_EQ(try_clone(&source, with_stronger_thread), -EPERM);
}

static void entered_kid(struct kid *k)
{
	struct kid source;

	in_mntns();
	source_start(&source, &supervised);
	CHECK_EQ(try_clone(&source, NULL), 0);
	CONTROL_EQ(try_clone(&source, in_mntns), -EPERM);
	say(k, 0);
}

CASE(access_world_entered, "in the source's namespace it works")
{
	struct kid k;

	need_root();
	kid_start(&k, entered_kid, NULL);
	CHECK_EQ(heard(&k), 0);
}

CASE(access_world_of_nobody, "CAP_SYS_ADMIN joins no other user's supervised")
{
	struct kid source;

	start(&source, &supervised_of_nobody);
	CHECK_EQ(try_clone(&source, NULL), -EPERM);
	CONTROL_EQ(try_clone(&source, nobody_nnp), 0);
}

CASE(access_shared_listener, "a listener that both are below binds neither")
{
	struct kid source;
	long fd;

	need_root();
	fd = filter(SECCOMP_FILTER_FLAG_NEW_LISTENER, SYS_getpgrp,
		    SECCOMP_RET_USER_NOTIF);
	MUST(fd);
	start(&source, &of_root);
	CHECK_EQ(try_clone(&source, in_mntns), 0);
	CHECK_EQ(try_clone(&source, no_net_raw), 0);
	CONTROL(!listener_hung_up(fd, 0));
}

CASE(access_yama, "a supervised source is only for who may attach to it")
{
	struct kid plain, watched;

	start(&plain, &of_nobody);
	start(&watched, &supervised_of_nobody);
	if (!sysctl_for_case(YAMA, "0"))
		skip("no " YAMA);
	CONTROL_EQ(try_clone(&watched, nobody_nnp), 0);
	NEED(sysctl_for_case(YAMA, "1"));
	CONTROL_EQ(try_clone(&plain, nobody_nnp), 0);
	CHECK_EQ(try_clone(&watched, nobody_nnp), -EACCES);
	close(watched.listener);
	CHECK_EQ(try_clone(&watched, nobody_nnp), 0);
}

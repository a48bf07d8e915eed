// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pins: how long they last. Fork, exec, exit, signals, and a supervisor that
 * goes away.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pinkit.h"

/* A captive that has all of a file. */
struct scene {
	struct sealed s;
	struct captive c;
	uint64_t addr;
};

static void scene_start(struct scene *x, const struct captive_plan *plan)
{
	need_redirect();
	sealed_pages(&x->s, 2);
	captive_start(&x->c, plan);
	x->addr = captive_pin_all(&x->c, &x->s);
}

static void scene_new(struct scene *x)
{
	scene_start(x, &(const struct captive_plan){ .nr = 0 });
}

static void scene_end(struct scene *x)
{
	captive_end(&x->c);
	sealed_free(&x->s);
}

/* The pin is there for the task and cannot be taken away. */
static void has_pin(struct scene *x, int which)
{
	struct kid *task = &x->c.task[which];

	CHECK_EQ(run(task, do_count_pages, x->addr, 2), 2);
	CHECK_EQ(run(task, do_unmap, x->addr, PAGE), -EPERM);
	CHECK_EQ(run(task, do_unmap, x->addr, 2 * PAGE), -EPERM);
	CHECK_EQ(run(task, do_count_pages, x->addr, 2), 2);
}

/* What else it has is its own. */
static void owns_rest(struct scene *x, int which)
{
	struct kid *task = &x->c.task[which];
	long other = MUST(run(task, do_map_zeroes, 0, PAGE));

	CONTROL_EQ(run(task, do_unmap, other, PAGE), 0);
	CONTROL_EQ(run(task, do_peek, other, 0), -EFAULT);
}

/* Fork */

CASE(pin_fork, "children and their children have the pins, and go on alone")
{
	struct scene x;

	scene_new(&x);
	captive_add(&x.c, CHILD);
	captive_add(&x.c, GRANDCHILD);
	has_pin(&x, CHILD);
	has_pin(&x, GRANDCHILD);
	kid_kill(&x.c.k);
	has_pin(&x, CHILD);
	has_pin(&x, GRANDCHILD);
	say(&x.c.task[CHILD], 0);
	owns_rest(&x, GRANDCHILD);
	x.s.map[0] = FAKED;
	CHECK_EQ(run(&x.c.task[GRANDCHILD], do_peek, x.addr, 0), FAKED);
	say(&x.c.task[GRANDCHILD], 0);
	captive_reap(&x.c);
	sealed_free(&x.s);
}

CASE(pin_fork_parent, "a child's end takes nothing from its parent")
{
	struct scene x;

	scene_new(&x);
	captive_add(&x.c, CHILD);
	has_pin(&x, CHILD);
	owns_rest(&x, CHILD);
	say(&x.c.task[CHILD], 0);
	/* The parent reaps it in the end; here it only must be over. */
	pause_ms(20);
	has_pin(&x, MAIN);
	x.c.started[CHILD] = false;
	scene_end(&x);
}

static long do_advise(long a, long advice)
{
	return raw(SYS_madvise, a, 2 * PAGE, advice);
}

static long do_advise_page(long a, long advice)
{
	return raw(SYS_madvise, a, PAGE, advice);
}

CASE(pin_dont_fork, "a child does not get what MADV_DONTFORK keeps from it")
{
	struct scene x;
	long r;

	scene_new(&x);
	CHECK_EQ(run(&x.c.task[MAIN], do_advise, x.addr, MADV_DONTFORK), 0);
	captive_add(&x.c, CHILD);
	CHECK_EQ(run(&x.c.task[CHILD], do_peek, x.addr, 0), -EFAULT);
	/* Nothing guards the place there. */
	r = run(&x.c.task[CHILD], do_map_zeroes, x.addr, PAGE);
	CHECK_EQ(r, x.addr);
	CHECK_EQ(run(&x.c.task[CHILD], do_unmap, x.addr, PAGE), 0);
	has_pin(&x, MAIN);
	CHECK_EQ(run(&x.c.task[MAIN], do_advise, x.addr, MADV_DOFORK), 0);
	captive_add(&x.c, THREAD);
	CONTROL_EQ(run(&x.c.task[THREAD], do_count_pages, x.addr, 2), 2);
	scene_end(&x);
}

CASE(pin_dont_fork_part, "what a child does get is pinned")
{
	struct scene x;
	long r;

	scene_new(&x);
	CHECK_EQ(run(&x.c.task[MAIN], do_advise_page, x.addr, MADV_DONTFORK),
		 0);
	captive_add(&x.c, CHILD);
	CONTROL_EQ(run(&x.c.task[CHILD], do_peek, x.addr, 0), -EFAULT);
	r = run(&x.c.task[CHILD], do_peek, x.addr + PAGE, 0);
	CHECK_EQ(r, word_of(PAGE));
	CHECK_EQ(run(&x.c.task[CHILD], do_unmap, x.addr + PAGE, PAGE), -EPERM);
	CHECK_EQ(run(&x.c.task[CHILD], do_unmap, x.addr, 2 * PAGE), -EPERM);
	r = run(&x.c.task[CHILD], do_peek, x.addr + PAGE, 0);
	CHECK_EQ(r, word_of(PAGE));
	has_pin(&x, MAIN);
	scene_end(&x);
}

static int unmap_kid(void *arg)
{
	return -do_unmap((long)arg, PAGE);
}

/* What a vfork child gets for its munmap(). */
static long do_vfork(long a, long unused)
{
	static char stack[65536] __attribute__((aligned(16)));
	int status = 0;
	long pid;

	(void)unused;
	pid = clone(unmap_kid, stack + sizeof(stack),
		    CLONE_VM | CLONE_VFORK | SIGCHLD, (void *)a);
	raw(SYS_wait4, pid, &status, 0, NULL);
	return -WEXITSTATUS(status);
}

CASE(pin_vfork, "a vfork child cannot harm a pin")
{
	struct scene x;
	long other;

	scene_new(&x);
	CHECK_EQ(run(&x.c.task[MAIN], do_vfork, x.addr, 0), -EPERM);
	has_pin(&x, MAIN);
	other = run(&x.c.task[MAIN], do_map_zeroes, 0, PAGE);
	CONTROL_EQ(run(&x.c.task[MAIN], do_vfork, other, 0), 0);
	CONTROL_EQ(run(&x.c.task[MAIN], do_peek, other, 0), -EFAULT);
	scene_end(&x);
}

CASE(pin_peer, "a process in the same address space keeps the pins")
{
	struct scene x;

	scene_new(&x);
	captive_add(&x.c, PEER);
	has_pin(&x, PEER);
	kid_kill(&x.c.k);
	has_pin(&x, PEER);
	owns_rest(&x, PEER);
	say(&x.c.task[PEER], 0);
	captive_reap(&x.c);
	sealed_free(&x.s);
}

CASE(pin_peer_made_it, "a pin of a peer's notification is everybody's")
{
	struct captive c;
	struct notice n;
	struct sealed s;
	uint64_t addr = 0;

	need_redirect();
	sealed_pages(&s, 1);
	captive_new(&c);
	captive_add(&c, PEER);
	captive_add(&c, CHILD);
	captive_trap(&c, PEER, &n);
	CHECK_EQ(pin_install(c.listener, n.id, s.fd, &addr, PAGE, 0), 0);
	captive_release(&c, PEER, &n);
	CHECK_EQ(run(&c.task[MAIN], do_count_pages, addr, 1), 1);
	CHECK_EQ(run(&c.task[MAIN], do_unmap, addr, PAGE), -EPERM);
	/* But not of one that lives elsewhere. */
	CONTROL_EQ(run(&c.task[CHILD], do_count_pages, addr, 1), 0);
	captive_end(&c);
	sealed_free(&s);
}

/* Exec. The call that is trapped is one that every program makes at first. */

static const struct captive_plan plan_exec = { .nr = SYS_arch_prctl };

static long do_exec_bad(long path, long unused)
{
	(void)unused;
	return raw(SYS_execve, path, NULL, NULL);
}

CASE(pin_exec, "a new image has no pins, and can get its own")
{
	struct mapping m;
	struct notice n;
	struct scene x;
	uint64_t addr = HIGH_PLACE;

	scene_start(&x, &plan_exec);
	CONTROL(mapping_at(x.c.k.pid, x.addr, &m));
	CONTROL_EQ(mappings_of(x.c.k.pid, x.s.fd), 1);
	run_start(&x.c.task[MAIN], do_exec, 0, 0);
	CHECK(notice_waits(x.c.listener, ASKED_MS));
	notice_recv(x.c.listener, &n);
	CHECK_EQ(n.pid, x.c.k.pid);
	CHECK_EQ(mappings_of(x.c.k.pid, x.s.fd), 0);
	CHECK_EQ(pin_install(x.c.listener, n.id, x.s.fd, &addr, PAGE, 0), 0);
	CHECK_EQ(mappings_of(x.c.k.pid, x.s.fd), 1);
	captive_finish_exec(&x.c, &n);
	sealed_free(&x.s);
}

CASE(pin_exec_peer, "an old image that a peer still uses keeps its pins")
{
	struct notice n;
	struct scene x;

	scene_start(&x, &plan_exec);
	captive_add(&x.c, PEER);
	run_start(&x.c.task[MAIN], do_exec, 0, 0);
	CHECK(notice_waits(x.c.listener, ASKED_MS));
	notice_recv(x.c.listener, &n);
	CONTROL_EQ(mappings_of(x.c.k.pid, x.s.fd), 0);
	has_pin(&x, PEER);
	say(&x.c.task[PEER], 0);
	captive_finish_exec(&x.c, &n);
	sealed_free(&x.s);
}

CASE(pin_exec_child, "a child's exec leaves its parent's pins alone")
{
	struct notice n;
	struct scene x;
	pid_t pid;

	scene_start(&x, &plan_exec);
	pid = captive_add(&x.c, CHILD);
	CONTROL_EQ(mappings_of(pid, x.s.fd), 1);
	run_start(&x.c.task[CHILD], do_exec, 0, 0);
	CHECK(notice_waits(x.c.listener, ASKED_MS));
	notice_recv(x.c.listener, &n);
	CHECK_EQ(n.pid, pid);
	CHECK_EQ(mappings_of(pid, x.s.fd), 0);
	has_pin(&x, MAIN);
	captive_kill(&x.c);
	sealed_free(&x.s);
}

CASE(pin_exec_fails, "an exec that fails leaves them")
{
	struct scene x;

	scene_start(&x, &plan_exec);
	CHECK_EQ(run(&x.c.task[MAIN], do_exec_bad, (long)"/does/not/exist", 0),
		 -ENOENT);
	CHECK_EQ(run(&x.c.task[MAIN], do_exec_bad, (long)"/proc/self/maps", 0),
		 -EACCES);
	CHECK_EQ(run(&x.c.task[MAIN], do_exec_bad, x.addr, 0), -ENOENT);
	has_pin(&x, MAIN);
	owns_rest(&x, MAIN);
	scene_end(&x);
}

CASE(pin_exec_thread, "another thread's exec ends a trapped target's pins")
{
	struct notice n, later;
	struct scene x;
	uint64_t addr = 0;

	scene_start(&x, &plan_exec);
	captive_add(&x.c, THREAD);
	captive_trap(&x.c, THREAD, &n);
	CHECK_EQ(pin_install(x.c.listener, n.id, x.s.fd, &addr, PAGE, 0), 0);
	CONTROL_EQ(mappings_of(x.c.k.pid, x.s.fd), 2);
	run_start(&x.c.task[MAIN], do_exec, 0, 0);
	CHECK(notice_waits(x.c.listener, ASKED_MS));
	notice_recv(x.c.listener, &later);
	CHECK_EQ(pin_install(x.c.listener, n.id, x.s.fd, &addr, PAGE, 0),
		 -ENOENT);
	CHECK_EQ(mappings_of(x.c.k.pid, x.s.fd), 0);
	captive_finish_exec(&x.c, &later);
	sealed_free(&x.s);
}

/* The supervisor */

CASE(pin_outlives, "a pin stays when the supervisor has closed everything")
{
	struct scene x;

	scene_new(&x);
	captive_add(&x.c, CHILD);
	sealed_free(&x.s);
	CONTROL_EQ(run(&x.c.task[MAIN], do_call, SYS_getuid, 0), getuid());
	close(x.c.listener);
	x.c.listener = -1;
	has_pin(&x, MAIN);
	has_pin(&x, CHILD);
	captive_end(&x.c);
}

/* Signals */

static void handle_once(void)
{
	handle_idly(SIGUSR1, 0);
}

static void handle_restart(void)
{
	handle_idly(SIGUSR1, SA_RESTART);
}

CASE(pin_signal, "a signal ends the question, not the pin")
{
	const struct captive_plan plan = { .before = handle_once };
	struct captive c;
	struct sealed s;
	struct notice n;
	uint64_t addr = 0, again = 0;

	need_redirect();
	sealed_pages(&s, 2);
	captive_start(&c, &plan);
	captive_trap(&c, MAIN, &n);
	CHECK_EQ(pin_install(c.listener, n.id, s.fd, &addr, s.size, 0), 0);
	wait_asleep(c.k.pid);
	kill(c.k.pid, SIGUSR1);
	CONTROL_EQ(heard(&c.task[MAIN]), -EINTR);
	CHECK_EQ(pin_install(c.listener, n.id, s.fd, &again, PAGE, 0), -ENOENT);
	CHECK_EQ(run(&c.task[MAIN], do_count_pages, addr, 2), 2);
	CHECK_EQ(run(&c.task[MAIN], do_unmap, addr, PAGE), -EPERM);
	captive_end(&c);
	sealed_free(&s);
}

CASE(pin_signal_restart, "when the call is trapped anew, its pin is found")
{
	const struct captive_plan plan = { .before = handle_restart };
	struct notice n, later;
	struct captive c;
	struct sealed s;
	uint64_t addr = 0, again = 0;

	need_redirect();
	sealed_pages(&s, 1);
	captive_start(&c, &plan);
	captive_trap(&c, MAIN, &n);
	CHECK_EQ(pin_install(c.listener, n.id, s.fd, &addr, PAGE, 0), 0);
	wait_asleep(c.k.pid);
	kill(c.k.pid, SIGUSR1);
	CHECK(notice_waits(c.listener, ASKED_MS));
	notice_recv(c.listener, &later);
	CONTROL(later.id != n.id);
	CHECK_EQ(pin_install(c.listener, n.id, s.fd, &again, PAGE, 0), -ENOENT);
	CHECK_EQ(pin_install(c.listener, later.id, s.fd, &again, PAGE, 0), 0);
	CHECK_EQ(again, addr);
	CHECK_EQ(mappings_of(c.k.pid, s.fd), 1);
	CHECK_EQ(captive_release(&c, MAIN, &later), getpid());
	captive_end(&c);
	sealed_free(&s);
}

/* With that signal pending, a received call of a killable listener. */
static void pin_with_pending(int sig, int end_sig)
{
	const struct captive_plan plan = {
		.flags = NESTABLE | KILLABLE, .before = handle_once,
	};
	struct captive c;
	struct notice n;
	struct sealed s;
	uint64_t addr = 0;

	sealed_pages(&s, 1);
	captive_start(&c, &plan);
	captive_trap(&c, MAIN, &n);
	kill(c.k.pid, sig);
	pause_ms(10);
	CHECK_EQ(pin_install(c.listener, n.id, s.fd, &addr, PAGE, 0), 0);
	CONTROL_EQ(id_valid(c.listener, n.id), 0);
	CHECK_EQ(mappings_of(c.k.pid, s.fd), 1);
	CHECK_EQ(notice_answer(c.listener, &n, FAKED, 0), 0);
	if (end_sig)
		kill(c.k.pid, end_sig);
	CHECK_EQ(heard(&c.task[MAIN]), FAKED);
	CHECK_EQ(run(&c.task[MAIN], do_count_pages, addr, 1), 1);
	captive_end(&c);
	sealed_free(&s);
}

CASE(pin_killable, "a target that only dies of signals can be pinned meanwhile")
{
	long r = raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		     NEW_LISTENER | KILLABLE, NULL);

	if (r == -EINVAL)
		skip("this kernel has no WAIT_KILLABLE_RECV");
	need_redirect();
	pin_with_pending(SIGUSR1, 0);
	pin_with_pending(SIGSTOP, SIGCONT);
}

CASE(pin_killed, "a dead target's notification is gone, and the file free")
{
	struct captive c;
	struct notice n;
	struct sealed s;
	uint64_t addr = 0;

	need_redirect();
	sealed_pages(&s, 1);
	captive_new(&c);
	captive_trap(&c, MAIN, &n);
	CONTROL_EQ(pin_install(c.listener, n.id, s.fd, &addr, PAGE, 0), 0);
	kill(c.k.pid, SIGKILL);
	CHECK_EQ(ending(kid_wait(&c.k)), SIGNALED(SIGKILL));
	CHECK_EQ(pin_install(c.listener, n.id, s.fd, &addr, PAGE, 0), -ENOENT);
	CHECK(listener_hung_up(c.listener, 5000));
	CHECK_EQ(s.map[0], word_of(0));
	close(c.listener);
	sealed_free(&s);
}

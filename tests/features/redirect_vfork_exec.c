// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program is started as posix_spawn() does it: the child that executes shares
 * the parent's memory, and so its pins, until then.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "redirkit.h"

#define OWN_CODE 8
#define STACK_WORDS 1024

/* Of the target. */
static char own[64];
static uint64_t stack[STACK_WORDS] __attribute__((aligned(16)));
static struct regs of_child;

static void child_entry(void)
{
	static char *const argv[] = { own, NULL };

	raw(SYS_execve, own, argv, NULL);
	raw(SYS_exit, 99);
}

/*
 * What regs_call_64() takes from the stack after the call: where to store the
 * registers, those that it saved, and where to return to. The child has it on
 * a stack of its own. Its first word.
 */
static uint64_t *child_stack(void)
{
	uint64_t *top = &stack[STACK_WORDS - 9];

	top[0] = (uint64_t)&of_child;
	top[7] = (uint64_t)child_entry;
	return top;
}

struct spawner {
	struct redir t;
	struct notice n;
	struct mem m;
	struct report report;
	char other[64];
	int from;
	long child;
};

static void spawner_start(struct spawner *s)
{
	need_redirect();
	snprintf(own, sizeof(own), "/proc/self/fd/%d", image_make(OWN_CODE));
	snprintf(s->other, sizeof(s->other), "/proc/self/fd/%d",
		 image_make(IMAGE_CODE));
	s->from = report_open();
	redir_start(&s->t, NULL);
	redir_ask(&s->t, SYS_execve);
	mem_make(&s->m, 1);
}

static long fill_stack(long unused)
{
	(void)unused;
	return (long)child_stack();
}

static void spawns(struct spawner *s)
{
	long sp = redir_do(&s->t, fill_stack, 0);

	redir_load(&s->t, SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, sp, 3, 4,
		   5, 6);
	redir_call(&s->t);
	CHECK(notice_waits(s->t.listener[0], ASKED_MS));
	notice_recv(s->t.listener[0], &s->n);
	CHECK(s->n.pid != s->t.k.pid);
	/* It is the parent that the kernel does not let go on yet. */
	CHECK(redir_waits(&s->t, 20));
	mem_pin(s->t.listener[0], &s->n, &s->m);
}

static void put_word(struct spawner *s, size_t at, uint64_t value)
{
	memcpy(s->m.map + at, &value, sizeof(value));
}

/* Another path, and other arguments. */
static void redirects(struct spawner *s)
{
	redirection r = redirect_of(&s->n);

	strcpy(s->m.map, s->other);
	strcpy(s->m.map + 100, "zero");
	strcpy(s->m.map + 200, "one");
	put_word(s, 1024, s->m.at + 100);
	put_word(s, 1032, s->m.at + 200);
	put_word(s, 1040, 0);
	mem_point(&r, &s->m, 0, 0, 64);
	mem_point(&r, &s->m, 1, 1024, 24);
	CHECK_EQ(send_redirect(s->t.listener[0], &r), 0);
}

static bool starts_with(const struct report *r, const char *first,
			const char *second)
{
	size_t len = strlen(first) + 1;

	return r->len > len + strlen(second) && !strcmp(r->strings, first) &&
	       !strcmp(r->strings + len, second);
}

static long reap(long pid)
{
	int status = 0;

	return raw(SYS_wait4, pid, &status, 0, NULL) == pid ? ending(status) :
							      -1;
}

/* The parent has what it had, and the pin besides. */
static int parent_goes_on(struct spawner *s)
{
	struct mapping m;
	long pid;

	pid = redir_result(&s->t);
	CHECK_EQ(pid, s->n.pid);
	CHECK(redir_untouched(&s->t));
	CHECK(mapping_at(s->t.k.pid, s->m.at, &m));
	CHECK_EQ(mappings_of(s->t.k.pid, s->m.s.fd), 1);
	return redir_do(&s->t, reap, pid);
}

static long unmap(long at)
{
	return raw(SYS_munmap, at, PAGE);
}

CASE(redirect_vfork_exec, "a spawned program is another, its parent unchanged")
{
	uint64_t at;
	struct spawner s;

	spawner_start(&s);
	spawns(&s);
	CHECK_EQ(notice_continue(s.t.listener[0], &s.n), 0);
	report_read(s.from, &s.report);
	CONTROL(starts_with(&s.report, own, own));
	CONTROL_EQ(parent_goes_on(&s), OWN_CODE);
	at = s.m.at;
	spawns(&s);
	CHECK_EQ(s.m.at, at);
	redirects(&s);
	report_read(s.from, &s.report);
	CHECK(starts_with(&s.report, "zero", "one"));
	CHECK_EQ(parent_goes_on(&s), IMAGE_CODE);
	CHECK_EQ(redir_do(&s.t, unmap, at), -EPERM);
	redir_end(&s.t);
	mem_free(&s.m);
}

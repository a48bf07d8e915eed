// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sequential evaluation stays with the chain: over fork and exec, and in a
 * clone. A filter says KILL_PROCESS, and only one that is installed later, and
 * that refuses, saves the task: if it is judged first.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "redirkit.h"
#include "source.h"

#define REFUSED 77

static const uint32_t words[LOW_LAYERS] = { KILL_PROCESS, REFUSE(REFUSED) };

static int probes_deadly(void)
{
	MUST(layer_install(1, 0));
	return -probe(words);
}

/* In a child, and in its child. */
static void fork_kid(struct kid *k)
{
	const unsigned long *flags = k->arg;
	int status = 0;
	pid_t pid;

	no_new_privs();
	MUST(layer_install(0, *flags));
	pid = fork();
	if (pid) {
		NEED(waitpid(pid, &status, 0) == pid);
		say(k, ending(status));
		return;
	}
	pid = fork();
	if (!pid)
		raw(SYS_exit_group, probes_deadly());
	NEED(waitpid(pid, &status, 0) == pid);
	say(k, ending(status));
	raw(SYS_exit_group, probes_deadly());
}

static void forked(unsigned long flags, long *child, long *grandchild)
{
	struct kid k;

	kid_start(&k, fork_kid, &flags);
	*grandchild = heard(&k);
	*child = heard(&k);
	CHECK_EQ(ending(kid_wait(&k)), 0);
	kid_close(&k);
}

CASE(sequential_fork, "children inherit the agreement")
{
	long child, grandchild;

	need_sequential();
	forked(SEQUENTIAL, &child, &grandchild);
	CHECK_EQ(child, REFUSED);
	CHECK_EQ(grandchild, REFUSED);
	forked(0, &child, &grandchild);
	CONTROL_EQ(child, SIGNALED(SIGSYS));
	CONTROL_EQ(grandchild, SIGNALED(SIGSYS));
}

/*
 * The new program: it installs a filter that refuses getppid, calls it with
 * KILL_PROCESS for the outer one, and ends with the errno.
 */
#define STRING_OF(x) #x
#define STRING(x) STRING_OF(x)

__asm__(
"	.section .rodata\n"
"inner_code:\n"
"	lea	inner_filter(%rip), %rax\n"
"	push	%rax\n"
"	push	$4\n"
"	mov	$317, %eax\n"		/* seccomp */
"	mov	$1, %edi\n"
"	xor	%esi, %esi\n"
"	mov	%rsp, %rdx\n"
"	syscall\n"
"	test	%eax, %eax\n"
"	jnz	1f\n"
"	mov	$110, %eax\n"		/* getppid */
"	mov	$0x80000000, %edi\n"
"	syscall\n"
"1:	mov	%eax, %edi\n"
"	neg	%edi\n"
"	mov	$60, %eax\n"
"	syscall\n"
"inner_filter:\n"
"	.short	0x20, 0\n"
"	.long	0\n"			/* the number of the call */
"	.short	0x15, 0x100\n"
"	.long	110\n"
"	.short	0x06, 0\n"
"	.long	0x50000 + " STRING(REFUSED) "\n"
"	.short	0x06, 0\n"
"	.long	0x7fff0000\n"
"inner_end:\n"
"	.text\n");

extern const char inner_code[], inner_end[];

static void exec_kid(struct kid *k)
{
	const unsigned long *flags = k->arg;
	char *argv[] = { "inner", NULL };
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d",
		 image_of(inner_code, inner_end));
	no_new_privs();
	MUST(layer_install(0, *flags));
	raw(SYS_execve, path, argv, NULL);
	raw(SYS_exit_group, 1);
}

static int executed(unsigned long flags)
{
	struct kid k;
	int end;

	kid_start(&k, exec_kid, &flags);
	end = ending(kid_wait(&k));
	kid_close(&k);
	return end;
}

CASE(sequential_exec, "a new program inherits the agreement")
{
	need_sequential();
	CHECK_EQ(executed(SEQUENTIAL), REFUSED);
	CONTROL_EQ(executed(0), SIGNALED(SIGSYS));
}

/* Clone */

static void agreed_kid(struct kid *k)
{
	const unsigned long *flags = k->arg;
	long go;

	MUST(layer_install(0, *flags));
	MUST(layer_install(1, *flags));
	say(k, 0);
	hear(k, &go);
}

static void clone_kid(struct kid *k)
{
	const uint32_t more[LOW_LAYERS] = {
		KILL_PROCESS, KILL_PROCESS, REFUSE(REFUSED + 1),
	};
	const int *pidfd = k->arg;

	MUST(clone_filter(*pidfd));
	say(k, probe(words));
	MUST(layer_install(2, 0));
	say(k, probe(more));
}

static int cloned(unsigned long flags, long *said)
{
	struct kid source, k;
	int end;

	kid_start(&source, agreed_kid, &flags);
	CHECK_EQ(heard(&source), 0);
	kid_start(&k, clone_kid, &source.pidfd);
	memset(said, 0, 2 * sizeof(*said));
	if (hear(&k, &said[0]))
		hear(&k, &said[1]);
	end = ending(kid_wait(&k));
	kid_kill(&source);
	kid_close(&source);
	kid_close(&k);
	return end;
}

CASE(sequential_cloned, "a clone takes the agreement along")
{
	long said[2];

	need_root();
	need_sequential();
	if (!(overlay_features() & SECCOMP_OVERLAY_CLONE))
		skip("filters cannot be cloned here");
	CHECK_EQ(cloned(SEQUENTIAL, said), 0);
	CHECK_EQ(said[0], -REFUSED);
	CHECK_EQ(said[1], -REFUSED - 1);
	CONTROL_EQ(cloned(0, said), SIGNALED(SIGSYS));
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * prctl: what prctl(2) promises of PR_SET_SECCOMP, strict mode and filters, as
 * any program may use them, in a container too. Prints a line for each case:
 *
 *   NAME pass
 *   NAME fail: WHAT
 *
 * and, as "profile refused" or "profile allowed", whether a call works that
 * container profiles refuse and that any program may do otherwise.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* An exit status: prctl failed, with this errno. */
#define REFUSED(errno_) (100 + (errno_))

static int in[2], out[2];

static void leave(int status)
{
	/* Not exit_group, which strict mode does not allow. */
	syscall(SYS_exit, status);
}

static void enter(unsigned long mode, struct sock_fprog *prog)
{
	if (prctl(PR_SET_SECCOMP, mode, prog, 0, 0))
		leave(REFUSED(errno));
}

static void enter_strict(void)
{
	enter(SECCOMP_MODE_STRICT, NULL);
}

/* A filter of a program's own: kills for close(2). */
static void enter_filter(void)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {
		.len = ARRAY_SIZE(insns),
		.filter = insns,
	};

	enter(SECCOMP_MODE_FILTER, &prog);
}

static void no_new_privs(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		leave(REFUSED(errno));
}

/* One byte in, one byte out. */
static void echo(void)
{
	char byte;

	if (read(in[0], &byte, 1) != 1 || write(out[1], &byte, 1) != 1)
		leave(1);
}

static void strict_allows(void)
{
	enter_strict();
	echo();
	leave(0);
}

static void handler(int signal)
{
	(void)signal;
}

static void strict_sigreturn(void)
{
	struct sigaction action = { .sa_handler = handler };
	char byte;

	sigaction(SIGALRM, &action, NULL);
	alarm(1);
	enter_strict();
	/* Nobody writes: only the handler's return ends this. */
	if (read(out[0], &byte, 1) != -1 || errno != EINTR)
		leave(1);
	echo();
	leave(0);
}

static void strict_kills_close(void)
{
	enter_strict();
	close(in[0]);
	leave(0);
}

static void strict_kills_getpid(void)
{
	enter_strict();
	syscall(SYS_getpid);
	leave(0);
}

static void strict_kills_prctl(void)
{
	enter_strict();
	prctl(PR_GET_SECCOMP, 0, 0, 0, 0);
	leave(0);
}

static void strict_after_own_filter(void)
{
	no_new_privs();
	enter_filter();
	enter_strict();
	echo();
	syscall(SYS_getpid);
	leave(0);
}

static void filter_allows(void)
{
	no_new_privs();
	enter_filter();
	echo();
	leave(prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == SECCOMP_MODE_FILTER ? 0 : 1);
}

static void filter_kills(void)
{
	no_new_privs();
	enter_filter();
	close(in[0]);
	leave(0);
}

static void filter_is_inherited(void)
{
	int status;
	pid_t pid;

	no_new_privs();
	enter_filter();
	pid = fork();
	if (!pid) {
		close(in[0]);
		leave(0);
	}
	if (waitpid(pid, &status, 0) != pid)
		leave(1);
	leave(WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

static void filter_needs_privilege(void)
{
	if (setuid(65534))
		leave(1);
	enter_filter();
	leave(0);
}

/* What becomes of the child: an exit status, or the negative of a signal. */
static const struct {
	const char *name;
	void (*run)(void);
	int expected;
	int echoes;
} cases[] = {
	{ "strict-allows", strict_allows, 0, 1 },
	{ "strict-sigreturn", strict_sigreturn, 0, 1 },
	{ "strict-kills-close", strict_kills_close, -SIGKILL, 0 },
	{ "strict-kills-getpid", strict_kills_getpid, -SIGKILL, 0 },
	{ "strict-kills-prctl", strict_kills_prctl, -SIGKILL, 0 },
	{ "strict-after-own-filter", strict_after_own_filter, -SIGKILL, 1 },
	{ "filter-allows", filter_allows, 0, 1 },
	{ "filter-kills", filter_kills, -SIGSYS, 0 },
	{ "filter-is-inherited", filter_is_inherited, SIGSYS, 0 },
	{ "filter-needs-privilege", filter_needs_privilege, REFUSED(EACCES), 0 },
};

static void run_case(unsigned int i)
{
	char byte = 'x';
	int status, got;
	pid_t pid;

	if (pipe(in) || pipe(out) || write(in[1], &byte, 1) != 1) {
		perror("pipe");
		exit(2);
	}
	pid = fork();
	if (!pid) {
		cases[i].run();
		leave(2);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		perror(cases[i].name);
		exit(2);
	}
	close(out[1]);
	byte = 0;
	got = read(out[0], &byte, 1) == 1 && byte == 'x';
	close(out[0]);
	close(in[0]);
	close(in[1]);
	status = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
	printf("%s ", cases[i].name);
	if (status == cases[i].expected && got == cases[i].echoes)
		puts("pass");
	else if (status > REFUSED(0))
		printf("fail: prctl: %s\n", strerror(status - REFUSED(0)));
	else
		printf("fail: status %d, %s\n", status, got ? "echo" : "none");
	fflush(stdout);
}

int main(void)
{
	unsigned int i;

	printf("profile %s\n",
	       syscall(SYS_move_pages, 0, 0, NULL, NULL, NULL, 0) ?
	       "refused" : "allowed");
	fflush(stdout);
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		run_case(i);
	puts("end");
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * What checkpointing programs read of a chain, by ptrace(2): programs and flags
 * as they were given, whatever state the filters have besides.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "nest.h"
#include "source.h"

#define LOG SECCOMP_FILTER_FLAG_LOG
#define FILTERS 4

/* From the oldest on. No call of theirs is made. */
static const struct {
	unsigned long flags;
	unsigned long stock;		/* the same, as far as stock goes */
	long nr;
	uint32_t action;
} chain[FILTERS] = {
	{ 0, 0, SYS_getpgrp, DENY },
	{ LOG | NESTABLE, LOG | NEW_LISTENER, SYS_personality, ASK },
	{ LOG | NEW_LISTENER, LOG, SYS_umask, ASK },
	{ SEQUENTIAL, 0, SYS_getsid, REFUSE(1) },
};

static void program(struct prog *p, int i)
{
	p->len = 0;
	prog_rule(p, AUDIT_ARCH_X86_64, chain[i].nr, chain[i].action);
	p->insn[p->len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, PASS);
}

static long install(int i, unsigned long flags)
{
	struct prog p;
	struct sock_fprog f = { .filter = p.insn };

	program(&p, i);
	f.len = p.len;
	return raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &f);
}

static void chain_kid(struct kid *k)
{
	const bool *stock = k->arg;
	long go;
	int i;

	no_new_privs();
	for (i = 0; i < FILTERS; i++)
		MUST(install(i, *stock ? chain[i].stock : chain[i].flags));
	say(k, 0);
	hear(k, &go);
}

static void clone_kid(struct kid *k)
{
	const struct kid *source = k->arg;
	long go;

	say(k, clone_filter(source->pidfd));
	hear(k, &go);
}

static bool same_program(pid_t pid, int i)
{
	struct sock_filter insn[1024];
	struct prog want;
	long n;

	program(&want, i);
	n = ptrace(PTRACE_SECCOMP_GET_FILTER, pid, i, NULL);
	if (n < 0 && errno == EIO)
		skip("this kernel gives no filters to a tracer");
	return n == want.len &&
	       ptrace(PTRACE_SECCOMP_GET_FILTER, pid, i, insn) == n &&
	       !memcmp(insn, want.insn, n * sizeof(*insn));
}

/* As struct seccomp_metadata, whose header does not go with libc's. */
struct metadata {
	uint64_t index;
	uint64_t flags;
};

static bool same_flags(pid_t pid, int i)
{
	struct metadata m = { .index = i, .flags = ~0ULL };

	return ptrace(PTRACE_SECCOMP_GET_METADATA, pid, sizeof(m), &m) ==
		       sizeof(m) &&
	       m.flags == (chain[i].flags & LOG);
}

static bool nothing_more(pid_t pid)
{
	struct metadata m = { .index = FILTERS };

	return ptrace(PTRACE_SECCOMP_GET_FILTER, pid, FILTERS, NULL) < 0 &&
	       errno == ENOENT &&
	       ptrace(PTRACE_SECCOMP_GET_METADATA, pid, sizeof(m), &m) < 0 &&
	       errno == ENOENT;
}

static bool tracer_sees(struct kid *k)
{
	bool right = true;
	int i;

	NEED(heard(k) == 0);
	NEED(!ptrace(PTRACE_SEIZE, k->pid, NULL, NULL));
	NEED(!ptrace(PTRACE_INTERRUPT, k->pid, NULL, NULL));
	NEED(waitpid(k->pid, NULL, __WALL) == k->pid);
	for (i = 0; i < FILTERS; i++)
		right &= same_program(k->pid, i) && same_flags(k->pid, i);
	right &= nothing_more(k->pid);
	NEED(!ptrace(PTRACE_DETACH, k->pid, NULL, NULL));
	return right;
}

CASE(tracer_filters, "a tracer gets programs and flags as they were given")
{
	const bool stock = true, ours = false;
	struct kid plain, k, joined;

	need_root();
	need_nested();
	need_sequential();
	kid_start(&plain, chain_kid, &stock);
	CONTROL(tracer_sees(&plain));
	kid_start(&k, chain_kid, &ours);
	CHECK(tracer_sees(&k));
	if (!(overlay_features() & SECCOMP_OVERLAY_CLONE))
		return;
	kid_start(&joined, clone_kid, &k);
	CHECK(tracer_sees(&joined));
}

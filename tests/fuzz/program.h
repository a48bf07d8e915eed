/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A program: what is run against the module at one time. A few tasks, the
 * actors, and operations in one order, each done by one of them. An operation
 * that does not come back, because its actor waits for a supervisor or a tracer,
 * is left behind: the next one begins.
 *
 * As text, and so that it can be read in again:
 *
 *	program actors=2 origins=0x10 user=0x0 guard=0x0 setup=0x3
 *	0 a0 install 0x48 0x0 0x7fff0000 0x7fc00000006e0000 0x0 0x0
 *	1 a1 getfd t0 r0
 *	2 a0& call 0x0 0x6e 0x1 0x2 0x3 0x4 0x5 0x6
 *	3 a1 recv r1 0x0
 *	4 a1 send r1 r3 0x1 0x0 0x0 0x0
 *	end
 *
 * rN is the result of operation N, tN the thread id of actor N; "&" begins the
 * next operation at once.
 */
#ifndef OVERLAY_FUZZ_PROGRAM_H
#define OVERLAY_FUZZ_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define ACTORS_MAX 4
#define OPS_MAX 64
#define ARGS_MAX 8

enum arg_form {
	ARG_NUMBER,
	ARG_RESULT,
	ARG_TASK,
};

struct arg {
	uint64_t value;
	enum arg_form form;
};

struct op {
	uint8_t kind;
	uint8_t actor;
	bool async;
	struct arg arg[ARGS_MAX];
};

/* How actor 0 makes an actor: what they share. */
enum origin {
	ORIGIN_FORK,
	ORIGIN_THREAD,
	ORIGIN_VM,
	ORIGIN_FILES,
	ORIGIN_VM_FILES,
	ORIGINS,
	ORIGIN_SIBLING = 8,		/* or'ed: a child of actor 0's parent */
};

/* Bits of struct program.setup: what actor 0 does before there are others. */
#define SETUP_NO_NEW_PRIVS	1
#define SETUP_HANDLERS		2	/* of SIGSYS and some others */
#define SETUP_CONTROL		4	/* what a tracer edits counts as ours */

/* Who it becomes. */
enum identity {
	USER_ROOT,
	USER_NOBODY,
	USER_NAMESPACE,
	USERS,
};

struct program {
	uint32_t actors;
	uint32_t origins;		/* four bits for each actor */
	uint32_t user;
	/*
	 * 0, or SECCOMP_RET_*: the first filter of all actors answers so to
	 * sethostname(2), so that whatever else happens nobody may succeed.
	 */
	uint32_t guard;
	uint32_t setup;
	uint32_t n;
	struct op op[OPS_MAX];
};

enum origin program_origin(const struct program *p, int actor);
/* Do both have the same file descriptors? */
bool program_shares_files(const struct program *p, int a, int b);

void program_print(const struct program *p, FILE *to);
/* The next one in the file: 1; 0 at its end; -1 if it is no program. */
int program_read(struct program *p, FILE *from);

/* A place for an operation at POS; what refers to later ones still does. */
struct op *program_insert(struct program *p, unsigned int pos);
void program_delete(struct program *p, unsigned int pos);

#endif

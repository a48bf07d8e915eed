/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The operations: what they are called in a program's text, what they take,
 * what others can do with their result, and who does them.
 */
#ifndef OVERLAY_FUZZ_OPS_H
#define OVERLAY_FUZZ_OPS_H

#include <stddef.h>

#include "actor.h"
#include "program.h"

enum result {
	RESULT_NONE,
	RESULT_LISTENER,
	RESULT_MEMFD,
	RESULT_PIDFD,
	RESULT_SOCKET,
	RESULT_FD,			/* any of these */
	RESULT_ID,
	RESULT_ADDRESS,
};

enum op_kind {
	OP_INSTALL,
	OP_STRICT,
	OP_CLONE,
	OP_INFO,
	OP_SECCOMP,
	OP_NNP,
	OP_IMPLICIT,
	OP_LOGGED,
	OP_UNLOAD,
	OP_CALL,
	OP_LOOP,
	OP_RECV,
	OP_SEND,
	OP_SERVE,
	OP_ID_VALID,
	OP_ADDFD,
	OP_SET_FLAGS,
	OP_PIN,
	OP_REDIRECT,
	OP_IOCTL,
	OP_POLL,
	OP_CLOSE,
	OP_DUP,
	OP_GETFD,
	OP_MEMFD,
	OP_SEAL,
	OP_MAP,
	OP_UNMAP,
	OP_REMAP,
	OP_PROTECT,
	OP_ADVISE,
	OP_LOCK,
	OP_ATTACK,
	OP_TRUNCATE,
	OP_TOUCH,
	OP_FORK,
	OP_EXEC,
	OP_EXIT,
	OP_KILL,
	OP_SIGNAL,
	OP_TIMER,
	OP_WAIT,
	OP_PIDFD,
	OP_USER,
	OP_LIMIT,
	OP_PERSONALITY,
	OP_SLEEP,
	OP_TRACE,
	OP_STOP,
	OP_SOCKET,
	OP_ASK,
	OP_HEAR,
	OPS,
};

/* What an argument can be, besides the result of another operation. */
struct choice {
	const char *name;
	const uint64_t *values;
	unsigned int n;
	bool flags;			/* or several of them */
	bool closed;			/* never anything else */
	bool task;			/* or an actor's id */
	enum result result;
};

struct op_type {
	const char *name;
	long (*run)(struct actor *self, const uint64_t *a);
	enum result result;
	bool waits;			/* for somebody else */
	unsigned int weight;		/* how often it is drawn by itself */
	const struct choice *arg[ARGS_MAX];
};

extern const struct op_type ops[OPS];

unsigned int ops_args(int kind);
/* -1 for none of that name. */
int ops_find(const char *name);
/* System calls that filters judge and actors make. */
extern const struct choice choice_nr;

#endif

// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "generate.h"
#include "ops.h"

#include <linux/seccomp.h>

static bool fits(enum result is, enum result wanted)
{
	return is == wanted ||
	       (wanted == RESULT_FD && is != RESULT_NONE && is < RESULT_FD);
}

/* An earlier result of that kind, of one who has the same files if possible. */
static bool draw_result(struct rng *r, const struct program *p,
			unsigned int pos, int actor, enum result wanted,
			struct arg *a)
{
	unsigned int i, tries;

	for (tries = 0; pos && tries < 3 * pos; tries++) {
		i = rng_below(r, pos);
		if (!fits(ops[p->op[i].kind].result, wanted))
			continue;
		if (tries < 2 * pos && wanted < RESULT_ID &&
		    !program_shares_files(p, p->op[i].actor, actor))
			continue;
		*a = (struct arg){ .form = ARG_RESULT, .value = i };
		return true;
	}
	return false;
}

static uint64_t some_value(struct rng *r, const struct choice *c)
{
	uint64_t value = c->values[rng_below(r, c->n)];

	while (c->flags && rng_one_in(r, 2))
		value |= c->values[rng_below(r, c->n)];
	if (!c->closed && rng_one_in(r, 32))
		value = rng_next(r) >> rng_below(r, 64);
	return value;
}

static uint64_t some_rule(struct rng *r)
{
	static const uint32_t actions[] = {
		SECCOMP_RET_USER_NOTIF, SECCOMP_RET_USER_NOTIF,
		SECCOMP_RET_USER_NOTIF, SECCOMP_RET_TRACE | 5,
		SECCOMP_RET_TRACE, SECCOMP_RET_ERRNO | 18,
		SECCOMP_RET_ERRNO | 0xffff, SECCOMP_RET_TRAP | 9,
		SECCOMP_RET_LOG, SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_THREAD,
		SECCOMP_RET_KILL_PROCESS, 0x7ff80000,
	};
	uint64_t rule = (uint64_t)actions[rng_below(r, ARRAY_SIZE(actions))]
			<< 32;

	if (rng_one_in(r, 4))
		return 0;
	rule |= (choice_nr.values[rng_below(r, choice_nr.n)] & 0xffff) << 16;
	if (rng_one_in(r, 3))
		rule |= (1 + rng_below(r, 6)) << 8 | rng_below(r, 8);
	if (rng_one_in(r, 8))
		rule |= 0x8000;
	return rule;
}

static struct arg draw(struct rng *r, const struct program *p,
		       unsigned int pos, int actor, const struct choice *c)
{
	struct arg a = { .form = ARG_NUMBER };

	if (c->task && rng_below(r, c->result ? 8 : 16)) {
		a = (struct arg){ ARG_TASK, 0 };
		a.form = ARG_TASK;
		a.value = rng_below(r, p->actors);
		if (!c->result)
			return a;
	}
	if (c->result && !rng_one_in(r, c->result == RESULT_ADDRESS ? 3 : 16) &&
	    draw_result(r, p, pos, actor, c->result, &a))
		return a;
	a.form = ARG_NUMBER;
	a.value = strcmp(c->name, "rule") ? some_value(r, c) : some_rule(r);
	return a;
}

static void draw_args(struct rng *r, const struct program *p, unsigned int pos,
		      struct op *op)
{
	unsigned int j;

	for (j = 0; j < ops_args(op->kind); j++)
		op->arg[j] = draw(r, p, pos, op->actor, ops[op->kind].arg[j]);
}

static int draw_kind(struct rng *r)
{
	unsigned int all = 0, at;
	int kind;

	for (kind = 0; kind < OPS; kind++)
		all += ops[kind].weight;
	at = rng_below(r, all);
	for (kind = 0; at >= ops[kind].weight; kind++)
		at -= ops[kind].weight;
	/* Often enough is seldom: what follows runs without the module. */
	return kind == OP_UNLOAD && !rng_one_in(r, 8) ? OP_INSTALL : kind;
}

static void insert_any(struct program *p, struct rng *r, unsigned int pos)
{
	struct op *op = program_insert(p, pos);

	if (!op)
		return;
	op->kind = draw_kind(r);
	op->actor = rng_below(r, p->actors);
	op->async = rng_one_in(r, 8);
	draw_args(r, p, pos, op);
}

/* Scenes: what makes sense together. */

struct scene {
	struct program *p;
	struct rng *r;
};

#define N(x) ((struct arg){ .value = (x), .form = ARG_NUMBER })
#define R(i) ((struct arg){ .value = (i), .form = ARG_RESULT })
#define T(i) ((struct arg){ .value = (i), .form = ARG_TASK })
#define ARGS(...) ((const struct arg[ARGS_MAX]){ __VA_ARGS__ })

/* Its number, or that of the last if there is no room. */
static unsigned int emit(struct scene *s, int actor, bool async,
			 enum op_kind kind, const struct arg *args)
{
	struct op *op;

	if (s->p->n == OPS_MAX)
		return OPS_MAX - 1;
	op = program_insert(s->p, s->p->n);
	op->kind = kind;
	op->actor = actor;
	op->async = async;
	memcpy(op->arg, args, sizeof(op->arg));
	return s->p->n - 1;
}

static uint32_t below(struct scene *s, uint32_t n)
{
	return rng_below(s->r, n);
}

static bool one_in(struct scene *s, uint32_t n)
{
	return rng_one_in(s->r, n);
}

static int some_actor(struct scene *s)
{
	return below(s, s->p->actors);
}

static int another_actor(struct scene *s, int than)
{
	int n = s->p->actors;

	return n == 1 ? 0 : (int)(than + 1 + below(s, n - 1)) % n;
}

static struct arg some(struct scene *s, int actor, enum op_kind kind, int arg)
{
	return draw(s->r, s->p, s->p->n, actor, ops[kind].arg[arg]);
}

/* Mostly one of those that come back. */
static uint64_t some_nr(struct scene *s)
{
	return choice_nr.values[below(s, one_in(s, 3) ? choice_nr.n : 12)];
}

static uint64_t rule(uint64_t nr, uint32_t action)
{
	return (uint64_t)action << 32 | (nr & 0xffff) << 16;
}

static uint64_t shape(struct scene *s)
{
	static const uint64_t shapes[] = { 0, 0, 0, 0, 0, 2, 4, 6, 0x200, 0x70 };

	return shapes[below(s, ARRAY_SIZE(shapes))];
}

#define LISTENER	SECCOMP_FILTER_FLAG_NEW_LISTENER
#define OVERLAY		SECCOMP_FILTER_FLAG_ALLOW_NESTED_LISTENERS
#define SEQUENTIAL	SECCOMP_FILTER_FLAG_SEQUENTIAL
#define KILLABLE	(1UL << 5)
#define TSYNC		SECCOMP_FILTER_FLAG_TSYNC
#define TSYNC_ESRCH	(1UL << 4)

static uint64_t listener_flags(struct scene *s)
{
	uint64_t flags = LISTENER;

	if (!one_in(s, 8))
		flags |= OVERLAY;
	if (one_in(s, 4))
		flags |= SEQUENTIAL;
	if (one_in(s, 4))
		flags |= KILLABLE;
	if (one_in(s, 8))
		flags |= TSYNC | TSYNC_ESRCH;
	if (one_in(s, 4))
		flags |= SECCOMP_FILTER_FLAG_LOG;
	return flags;
}

/* A listener of TARGET's for NR, as the supervisor has it. */
static struct arg listen_to(struct scene *s, int target, int supervisor,
			    uint64_t nr)
{
	unsigned int at;

	at = emit(s, target, false, OP_INSTALL,
		  ARGS(N(listener_flags(s)), N(shape(s)), N(SECCOMP_RET_ALLOW),
		       N(rule(nr, SECCOMP_RET_USER_NOTIF)),
		       N(one_in(s, 3) ? some_rule(s->r) : 0)));
	if (program_shares_files(s->p, target, supervisor))
		return R(at);
	return R(emit(s, supervisor, false, OP_GETFD, ARGS(T(target), R(at))));
}

static void call(struct scene *s, int target, uint64_t nr)
{
	struct arg a[ARGS_MAX] = { 0 };
	int i;

	for (i = 0; i < ARGS_MAX; i++)
		a[i] = some(s, target, OP_CALL, i);
	if (!one_in(s, 4))
		a[0] = N(0);
	a[1] = N(nr);
	emit(s, target, !one_in(s, 3), OP_CALL, a);
}

static struct arg receive(struct scene *s, int supervisor, struct arg listener)
{
	return R(emit(s, supervisor, false, OP_RECV, ARGS(listener, N(0))));
}

/* A memfd that can be pinned, by which supervisor. */
static struct arg sealed(struct scene *s, int supervisor)
{
	struct arg fd = R(emit(s, supervisor, false, OP_MEMFD,
			       ARGS(N(2), N(one_in(s, 8) ? 72 : 4),
				    N(below(s, 4)))));

	emit(s, supervisor, false, OP_SEAL,
	     ARGS(fd, one_in(s, 4) ? some(s, supervisor, OP_SEAL, 1) :
		  N(one_in(s, 2) ? 8 : 0x10)));
	return fd;
}

static void attack(struct scene *s, int actor, struct arg at)
{
	static const enum op_kind kinds[] = {
		OP_MAP, OP_UNMAP, OP_REMAP, OP_PROTECT, OP_ADVISE, OP_LOCK,
		OP_ATTACK, OP_TOUCH,
	};
	enum op_kind kind = kinds[below(s, ARRAY_SIZE(kinds))];
	struct arg a[ARGS_MAX] = { 0 };
	unsigned int j;

	for (j = 0; j < ops_args(kind); j++) {
		a[j] = some(s, actor, kind, j);
		if (!strcmp(ops[kind].arg[j]->name, "address"))
			a[j] = at;
	}
	emit(s, actor, one_in(s, 4), kind, a);
}

static void ask_about(struct scene *s, int who, int task)
{
	struct arg fd = R(emit(s, who, false, OP_SOCKET, ARGS(N(1))));
	uint64_t which = some(s, who, OP_ASK, 2).value;

	emit(s, who, false, OP_ASK,
	     ARGS(fd, N(2), N(1 | 2 | which), T(task), N(0), N(SYS_getppid),
		  some(s, who, OP_ASK, 6)));
	emit(s, who, false, OP_HEAR, ARGS(fd, N(4)));
	if (one_in(s, 2))
		emit(s, who, false, OP_CLOSE, ARGS(fd));
}

static void go_on(struct scene *s, int supervisor, struct arg listener,
		  struct arg id);

static void pin_and_redirect(struct scene *s, int target, int supervisor,
			     struct arg listener, struct arg id)
{
	struct arg fd = sealed(s, supervisor), at;
	int peer = another_actor(s, supervisor);
	uint64_t masks = one_in(s, 2) ? 0x10101 : 0x10202;

	at = R(emit(s, supervisor, false, OP_PIN,
		    ARGS(listener, id, fd,
			 one_in(s, 4) ? N(0x40000000) : N(0),
			 N(one_in(s, 4) ? 2 * PAGE : PAGE),
			 N(one_in(s, 4) ? PAGE : 0), N(0),
			 N(one_in(s, 8) ? 70 : 1))));
	/* The same once more is the same place. */
	if (one_in(s, 4) && s->p->n < OPS_MAX)
		emit(s, supervisor, false, OP_PIN, s->p->op[at.value].arg);
	if (one_in(s, 4))
		ask_about(s, supervisor, target);
	if (one_in(s, 3))
		attack(s, peer, at);
	if (one_in(s, 4))
		masks = some(s, supervisor, OP_REDIRECT, 2).value;
	emit(s, supervisor, false, OP_REDIRECT,
	     ARGS(listener, id, N(masks), fd, at,
		  some(s, supervisor, OP_REDIRECT, 5),
		  one_in(s, 4) ? some(s, supervisor, OP_REDIRECT, 6) :
		  N(PAGE), N(0)));
	go_on(s, supervisor, listener, id);
	while (!one_in(s, 2))
		attack(s, target, at);
}

static void redirect_args(struct scene *s, int supervisor, struct arg listener,
			  struct arg id)
{
	static const uint64_t masks[] = { 0x10001, 0x10002, 0x10003, 0x1003f };

	emit(s, supervisor, false, OP_REDIRECT,
	     ARGS(listener, id, N(masks[below(s, ARRAY_SIZE(masks))]), N(-1UL),
		  some(s, supervisor, OP_REDIRECT, 4),
		  some(s, supervisor, OP_REDIRECT, 5), N(0), N(0)));
}

/* The target is disturbed while something is done to it. */
static void race(struct scene *s, int target, int supervisor,
		 struct arg listener, struct arg id)
{
	struct arg fd;

	if (one_in(s, 2)) {
		emit(s, supervisor, true, OP_ADDFD,
		     ARGS(listener, id, some(s, 0, OP_ADDFD, 2), N(0)));
	} else {
		fd = sealed(s, supervisor);
		emit(s, supervisor, true, OP_PIN,
		     ARGS(listener, id, fd, N(0), N(PAGE), N(0), N(0), N(70)));
	}
	emit(s, another_actor(s, supervisor), false, OP_KILL,
	     ARGS(T(target), some(s, 0, OP_KILL, 1)));
	go_on(s, supervisor, listener, id);
}

/* What does not end the matter is followed by what does, mostly. */
static void go_on(struct scene *s, int supervisor, struct arg listener,
		  struct arg id)
{
	if (!one_in(s, 4))
		emit(s, supervisor, false, OP_SEND, ARGS(listener, id, N(1)));
	if (one_in(s, 4))
		emit(s, supervisor, true, OP_SERVE,
		     ARGS(listener, some(s, 0, OP_SERVE, 1), N(8)));
}

static void answer(struct scene *s, int target, int supervisor,
		   struct arg listener, struct arg id)
{
	switch (below(s, 12)) {
	case 0: case 1: case 2:
		emit(s, supervisor, false, OP_SEND, ARGS(listener, id, N(1)));
		break;
	case 3:
		emit(s, supervisor, false, OP_SEND,
		     ARGS(listener, id, N(0), some(s, 0, OP_SEND, 3),
			  some(s, 0, OP_SEND, 4)));
		break;
	case 4:
		emit(s, supervisor, false, OP_ADDFD,
		     ARGS(listener, id, some(s, 0, OP_ADDFD, 2), N(0),
			  some(s, 0, OP_ADDFD, 4)));
		go_on(s, supervisor, listener, id);
		break;
	case 5: case 6: case 7:
		pin_and_redirect(s, target, supervisor, listener, id);
		break;
	case 8: case 9:
		redirect_args(s, supervisor, listener, id);
		break;
	case 10:
		race(s, target, supervisor, listener, id);
		break;
	default:
		emit(s, supervisor, false, OP_CLOSE, ARGS(listener));
		break;
	}
}

static void scene_supervised(struct scene *s)
{
	int target = some_actor(s), supervisor = another_actor(s, target);
	uint64_t nr = some_nr(s);
	struct arg listener = listen_to(s, target, supervisor, nr);
	int rounds = 1 + below(s, 3);

	while (rounds--) {
		call(s, target, nr);
		answer(s, target, supervisor, listener,
		       receive(s, supervisor, listener));
	}
}

static void scene_nested(struct scene *s)
{
	int target = some_actor(s), supervisor = another_actor(s, target);
	unsigned int depth = 2 + below(s, 2), i;
	struct arg listener[3], id;
	uint64_t nr = some_nr(s);

	for (i = 0; i < depth; i++)
		listener[i] = listen_to(s, target, supervisor, nr);
	call(s, target, nr);
	while (i--) {
		id = receive(s, supervisor, listener[i]);
		if (!i || one_in(s, 3))
			answer(s, target, supervisor, listener[i], id);
		else if (one_in(s, 2))
			redirect_args(s, supervisor, listener[i], id);
		else
			emit(s, supervisor, false, OP_SEND,
			     ARGS(listener[i], id, N(1)));
	}
}

static void scene_sequential(struct scene *s)
{
	unsigned int depth = 1 + below(s, 4);
	int target = some_actor(s);
	uint64_t nr = some_nr(s);

	while (depth--)
		emit(s, target, false, OP_INSTALL,
		     ARGS(N(one_in(s, 4) ? 0 : SEQUENTIAL), N(shape(s)),
			  N(one_in(s, 4) ? SECCOMP_RET_LOG : SECCOMP_RET_ALLOW),
			  N(one_in(s, 2) ? some_rule(s->r) :
			    rule(nr, some_rule(s->r) >> 32))));
	call(s, target, nr);
}

static void scene_strict(struct scene *s)
{
	int target = some_actor(s);

	if (one_in(s, 2))
		scene_supervised(s);
	emit(s, target, false, OP_INSTALL,
	     ARGS(some(s, target, OP_INSTALL, 0), N(shape(s)),
		  N(SECCOMP_RET_ALLOW), N(some_rule(s->r))));
	emit(s, target, one_in(s, 4), OP_STRICT, ARGS(N(below(s, 2))));
	call(s, target, one_in(s, 2) ? SYS_write : some_nr(s));
}

static void scene_clone(struct scene *s)
{
	int source = some_actor(s), taker = another_actor(s, source);
	struct arg fd;

	if (one_in(s, 2))
		scene_supervised(s);
	emit(s, source, false, OP_INSTALL,
	     ARGS(some(s, source, OP_INSTALL, 0), N(shape(s)),
		  N(SECCOMP_RET_ALLOW), N(some_rule(s->r))));
	fd = R(emit(s, taker, false, OP_PIDFD,
		    ARGS(T(source), some(s, taker, OP_PIDFD, 1))));
	if (one_in(s, 4))
		emit(s, source, true, OP_EXEC, ARGS(N(0)));
	emit(s, taker, one_in(s, 4), OP_CLONE, ARGS(fd));
	call(s, taker, some_nr(s));
}

static void scene_traced(struct scene *s)
{
	int target = some_actor(s), tracer = another_actor(s, target);
	uint64_t nr = some_nr(s), step;
	int rounds = 1 + below(s, 3);

	emit(s, tracer, false, OP_TRACE,
	     ARGS(N(one_in(s, 4) ? 16 : 0x4206), T(target), N(0),
		  N(0x80 | some(s, 0, OP_TRACE, 3).value)));
	emit(s, target, false, OP_INSTALL,
	     ARGS(N(one_in(s, 2) ? SEQUENTIAL : LISTENER | OVERLAY),
		  N(shape(s)), N(SECCOMP_RET_ALLOW),
		  N(rule(nr, SECCOMP_RET_TRACE | 3)),
		  N(one_in(s, 2) ? some_rule(s->r) : 0)));
	call(s, target, nr);
	while (rounds--) {
		emit(s, tracer, false, OP_STOP, ARGS(T(target), N(0)));
		if (one_in(s, 2))
			emit(s, tracer, false, OP_TRACE,
			     ARGS(some(s, 0, OP_TRACE, 0), T(target),
				  some(s, 0, OP_TRACE, 2),
				  some(s, 0, OP_TRACE, 3)));
		step = one_in(s, 2) ? 7 : 24;
		emit(s, tracer, false, OP_TRACE,
		     ARGS(N(step), T(target), N(0), N(0)));
	}
}

static void scene_asked(struct scene *s)
{
	int who = some_actor(s), rounds = 1 + below(s, 3);
	struct arg fd = R(emit(s, who, false, OP_SOCKET,
			       ARGS(some(s, who, OP_SOCKET, 0))));
	struct arg a[ARGS_MAX];
	unsigned int j;

	while (rounds--) {
		for (j = 0; j < ARGS_MAX; j++)
			a[j] = some(s, who, OP_ASK, j);
		a[0] = fd;
		/* Of a task: always with one. */
		if (a[1].value == 2 && !one_in(s, 8))
			a[2].value |= 1;
		emit(s, who, false, OP_ASK, a);
		emit(s, who, false, OP_HEAR, ARGS(fd, N(below(s, 8))));
	}
	if (one_in(s, 2))
		ask_about(s, who, some_actor(s));
	if (one_in(s, 2))
		emit(s, who, false, OP_CLOSE, ARGS(fd));
}

static void scene_synchronized(struct scene *s)
{
	int who = some_actor(s);

	if (one_in(s, 2))
		emit(s, another_actor(s, who), true, OP_LOOP,
		     ARGS(N(some_nr(s)), N(200)));
	emit(s, who, one_in(s, 2), OP_INSTALL,
	     ARGS(N(TSYNC | some(s, who, OP_INSTALL, 0).value), N(shape(s)),
		  N(SECCOMP_RET_ALLOW), N(some_rule(s->r))));
	emit(s, another_actor(s, who), false, OP_INSTALL,
	     ARGS(N(listener_flags(s)), N(shape(s)), N(SECCOMP_RET_ALLOW),
		  N(some_rule(s->r))));
	call(s, another_actor(s, who), some_nr(s));
}

static void scene_interrupted(struct scene *s)
{
	int target = some_actor(s), supervisor = another_actor(s, target);
	uint64_t nr = one_in(s, 2) ? SYS_nanosleep : some_nr(s);
	struct arg listener, id;

	emit(s, target, false, OP_SIGNAL,
	     ARGS(N(10), N(1 + below(s, 2)), some(s, 0, OP_SIGNAL, 2)));
	listener = listen_to(s, target, supervisor, nr);
	emit(s, target, true, OP_CALL, ARGS(N(0), N(nr), N(TEXT(moment))));
	id = receive(s, supervisor, listener);
	if (one_in(s, 2))
		redirect_args(s, supervisor, listener, id);
	emit(s, supervisor, false, OP_KILL, ARGS(T(target), N(10)));
	answer(s, target, supervisor, listener,
	       receive(s, supervisor, listener));
}

static void scene_forked(struct scene *s)
{
	int target = some_actor(s), supervisor = another_actor(s, target);
	static const uint64_t nrs[] = { SYS_clone, SYS_fork, 435, SYS_getppid };
	uint64_t nr = nrs[below(s, ARRAY_SIZE(nrs))];
	struct arg listener = listen_to(s, target, supervisor, nr);
	struct arg flags = some(s, target, OP_FORK, 0);

	if (nr == SYS_clone)
		flags = N(17);
	else if (nr != SYS_getppid)
		flags = N(nr == SYS_fork ? 1UL << 32 : 2UL << 32);
	emit(s, target, true, OP_FORK,
	     ARGS(flags, some(s, target, OP_FORK, 1), N(nr)));
	answer(s, target, supervisor, listener,
	       receive(s, supervisor, listener));
}

static void scene_exec(struct scene *s)
{
	int target = some_actor(s), supervisor = another_actor(s, target);
	static const uint64_t nrs[] = { SYS_execve, 322, SYS_getppid };
	uint64_t nr = nrs[below(s, ARRAY_SIZE(nrs))];
	struct arg listener = listen_to(s, target, supervisor, nr);

	emit(s, target, true, OP_EXEC, ARGS(some(s, target, OP_EXEC, 0)));
	answer(s, target, supervisor, listener,
	       receive(s, supervisor, listener));
	emit(s, supervisor, true, OP_SERVE, ARGS(listener, N(0), N(8)));
	call(s, target, some_nr(s));
}

/* Everything ends while something is begun. */
static void scene_unloaded(struct scene *s)
{
	int who = some_actor(s), other = another_actor(s, who);

	if (one_in(s, 2))
		emit(s, who, false, OP_SOCKET, ARGS(N(40)));
	emit(s, other, true, OP_UNLOAD, ARGS(N(0)));
	emit(s, who, true, OP_LOOP, ARGS(N(SYS_getppid), N(200)));
	scene_synchronized(s);
}

void play_scene(struct program *p, struct rng *r)
{
	static void (* const scenes[])(struct scene *s) = {
		scene_supervised, scene_supervised, scene_supervised,
		scene_nested, scene_nested, scene_sequential, scene_strict,
		scene_clone, scene_traced, scene_asked, scene_synchronized,
		scene_interrupted, scene_forked, scene_exec,
	};
	struct scene s = { .p = p, .r = r };

	if (rng_one_in(r, 100))
		scene_unloaded(&s);
	else
		scenes[rng_below(r, ARRAY_SIZE(scenes))](&s);
}

/* What is not an operation. */
static void draw_head(struct program *p, struct rng *r)
{
	static const uint32_t guards[] = {
		0, 0, 0, SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_ERRNO | 1,
		SECCOMP_RET_TRAP,
	};
	unsigned int i;

	p->actors = rng_one_in(r, 8) ? 1 : 2 + rng_below(r, ACTORS_MAX - 1);
	p->origins = 0;
	for (i = 1; i < ACTORS_MAX; i++)
		p->origins |= (rng_below(r, ORIGINS) |
			       (rng_one_in(r, 4) ? ORIGIN_SIBLING : 0))
			      << 4 * i;
	p->user = rng_one_in(r, 2) ? USER_ROOT : rng_below(r, USERS);
	p->guard = guards[rng_below(r, ARRAY_SIZE(guards))];
	p->setup = rng_one_in(r, 8) ? rng_below(r, 4) :
		   SETUP_NO_NEW_PRIVS | SETUP_HANDLERS;
}

void generate(struct program *p, struct rng *r)
{
	unsigned int n = 1 + rng_below(r, 3);

	memset(p, 0, sizeof(*p));
	draw_head(p, r);
	while (n--)
		play_scene(p, r);
	n = rng_below(r, 4);
	while (n--)
		insert_any(p, r, rng_below(r, p->n + 1));
}

/* All from CUT on goes to the end of P. */
static void append(struct program *p, struct rng *r,
		   const struct program *donor, unsigned int cut)
{
	unsigned int base = p->n, i, j;
	struct arg *a;
	struct op *op;

	for (i = cut; i < donor->n && p->n < OPS_MAX; i++) {
		op = program_insert(p, p->n);
		*op = donor->op[i];
		op->actor %= p->actors;
		for (j = 0; j < ops_args(op->kind); j++) {
			a = &op->arg[j];
			if (a->form != ARG_RESULT)
				continue;
			if (a->value >= cut)
				a->value = a->value - cut + base;
			else
				*a = draw(r, p, base, op->actor,
					  ops[op->kind].arg[j]);
		}
	}
}

static void change_arg(struct program *p, struct rng *r)
{
	unsigned int pos = rng_below(r, p->n), n, j;
	struct op *op = &p->op[pos];

	n = ops_args(op->kind);
	if (!n)
		return;
	j = rng_below(r, n);
	op->arg[j] = draw(r, p, pos, op->actor, ops[op->kind].arg[j]);
}

static void change_head(struct program *p, struct rng *r)
{
	struct program other;
	unsigned int i;

	draw_head(&other, r);
	switch (rng_below(r, 4)) {
	case 0:
		p->guard = other.guard;
		break;
	case 1:
		p->user = other.user;
		break;
	case 2:
		p->setup = other.setup;
		break;
	default:
		p->actors = other.actors;
		p->origins = other.origins;
		break;
	}
	for (i = 0; i < p->n; i++)
		p->op[i].actor %= p->actors;
}

static void repeat_op(struct program *p, struct rng *r)
{
	unsigned int pos = rng_below(r, p->n);
	struct op op = p->op[pos];
	struct op *copy = program_insert(p, pos + 1);

	if (copy)
		*copy = op;
}

static void change(struct program *p, struct rng *r,
		   const struct program *donor)
{
	unsigned int pos = rng_below(r, p->n);

	switch (rng_below(r, 16)) {
	case 0: case 1: case 2: case 3: case 4:
		change_arg(p, r);
		break;
	case 5: case 6: case 7:
		insert_any(p, r, rng_below(r, p->n + 1));
		break;
	case 8:
		if (p->n > 1)
			program_delete(p, pos);
		break;
	case 9:
		p->op[pos].async = !p->op[pos].async;
		break;
	case 10:
		p->op[pos].actor = rng_below(r, p->actors);
		break;
	case 11:
		change_head(p, r);
		break;
	case 12:
		repeat_op(p, r);
		break;
	case 13:
		p->n = 1 + rng_below(r, p->n);
		append(p, r, donor, rng_below(r, donor->n));
		break;
	case 14:
		append(p, r, donor, 0);
		break;
	default:
		play_scene(p, r);
		break;
	}
}

void mutate(struct program *p, struct rng *r, const struct program *donor)
{
	unsigned int n = 1 + rng_below(r, 4);

	while (n--)
		change(p, r, donor);
}

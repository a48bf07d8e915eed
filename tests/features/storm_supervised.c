// SPDX-License-Identifier: GPL-2.0-only
/*
 * Storms about supervisors: who close their listeners as they or others answer,
 * and as listeners are made; and whose targets exit, are killed, and execute as
 * they are given pins and other arguments.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "play.h"
#include "redirkit.h"
#include "stormkit.h"

static struct meeting *m;

static void start_thread(pthread_t *t, void *(*fn)(void *arg), void *arg)
{
	NEED(!pthread_create(t, NULL, fn, arg));
}

/* Close against answer */

enum { CLOSES, ANSWERS };
enum { ANSWERED, UNANSWERED };

/* What the supervisor of the inner of two listeners says. */
enum { SAYS_CONTINUE, SAYS_REDIRECT, SAYINGS };

/* Chains are long, and of each two that are next to each other are asked. */
#define PAIRS (LOW_LAYERS - 1)

struct scene {
	struct nest t;
	int outer;
	int listener;		/* of OUTER, which may be closed */
	int saying;
	struct notice n;	/* that the inner one has received */
};

static bool receive(int listener, struct seccomp_notif *n)
{
	struct pollfd p = { .fd = listener, .events = POLLIN };
	int turns;

	/* Closed by number: poll() may wait on it for ever. */
	for (turns = 0; turns < 400; turns++) {
		if (poll(&p, 1, 5) < 0 || p.revents & (POLLNVAL | POLLHUP))
			return false;
		if (!(p.revents & POLLIN))
			continue;
		memset(n, 0, sizeof(*n));
		if (!ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, n))
			return true;
		if (errno != EINTR && errno != ENOENT)
			return false;
	}
	return false;
}

static long say_inner(struct scene *s)
{
	const int inner = s->t.listener[s->outer + 1];

	if (s->saying == SAYS_CONTINUE)
		return notice_continue(inner, &s->n);
	/* The word of no layer that is asked. */
	return redir_arg(inner, &s->n, s->outer ? 0 : LOW_LAYERS - 1, PASS);
}

static void say_outer(struct scene *s)
{
	struct seccomp_notif_resp resp = { .val = FAKED };
	struct seccomp_notif n;

	if (!receive(s->listener, &n))
		return;
	resp.id = n.id;
	ioctl(s->listener, SECCOMP_IOCTL_NOTIF_SEND, &resp);
}

static long answer(struct scene *s)
{
	long r = say_inner(s);

	say_outer(s);
	return r;
}

static void *answerer_main(void *arg)
{
	meet(m, 2);
	DEED(m, ANSWERS, answer(arg));
	return NULL;
}

/* As long as it takes others to get somewhere, or not. */
static void linger(void)
{
	unsigned int n = any_number(1U << any_number(12));

	while (n--)
		__builtin_ia32_pause();
}

static long close_late(struct nest *t, int layer)
{
	linger();
	nest_close(t, layer);
	return 0;
}

/* The inner one lets it pass; the outer one is closed as it is asked. */
static unsigned int one_pair(struct scene *s)
{
	uint32_t v[LOW_LAYERS] = { 0 };
	pthread_t t;
	long r;
	int i;

	for (i = 0; i < LOW_LAYERS; i++)
		v[i] = i == s->outer || i == s->outer + 1 ? ASK : PASS;
	meeting_clear(m);
	nest_call(&s->t, v);
	asked(&s->t, s->outer + 1, &s->n);
	s->listener = s->t.listener[s->outer];
	start_thread(&t, answerer_main, s);
	meet(m, 2);
	DEED(m, CLOSES, close_late(&s->t, s->outer));
	r = nest_result(&s->t);
	NEED(!pthread_join(t, NULL));
	CHECK_EQ(m->deed[ANSWERS].result, 0);
	if (r != FAKED)
		CHECK_EQ(r, -ENOSYS);
	return r == FAKED ? ANSWERED : UNANSWERED;
}

static unsigned int round_close(struct storm *s, unsigned int i)
{
	struct scene scene = { .saying = i % SAYINGS };
	unsigned int outcome = UNANSWERED;

	NEST(&scene.t, NESTABLE, NESTABLE, NESTABLE, NESTABLE, NESTABLE,
	     NESTABLE);
	for (; scene.outer < PAIRS; scene.outer++) {
		if (scene.outer)
			s->count[outcome]++;
		outcome = one_pair(&scene);
		s->together += together(m, CLOSES, ANSWERS);
	}
	CHECK_EQ(proc_status(scene.t.k.pid, "Seccomp_filters"), LOW_LAYERS);
	nest_end(&scene.t);
	return outcome;
}

CASE_SLOW(storm_close_answer, "a listener that is closed as it is to be asked",
	  30)
{
	struct storm s = {
		.round = round_close,
		.outcome = { [ANSWERED] = "answered",
			     [UNANSWERED] = "nobody answered" },
		.must = MARK(ANSWERED) | MARK(UNANSWERED),
	};

	need_nested();
	need_redirect();
	m = meeting_new();
	storm(&s, scaled(400));
}

/* Close against an install below */

enum { INSTALLS = ANSWERS };
enum { ALLOWED, REFUSED };

struct addition {
	struct nest *t;
	unsigned long flags;
};

static void *adder_main(void *arg)
{
	const struct addition *a = arg;

	meet(m, 2);
	DEED(m, INSTALLS, nest_add(a->t, a->flags));
	return NULL;
}

/* The older one is closed. Stock asks the innermost only; we remember it. */
static void asks_new_one(struct nest *t, bool stock)
{
	CALL(t, PASS, ASK);
	asked_answer(t, 1, FAKED, 0);
	CHECK_EQ(nest_result(t), FAKED);
	CALL(t, PASS, ASK);
	asked_continue(t, 1);
	RAN(t);
	CALL(t, ASK, ASK);
	asked_continue(t, 1);
	CHECK_EQ(nest_result(t), stock ? t->parent : -ENOSYS);
}

static unsigned int round_install(struct storm *s, unsigned int i)
{
	const unsigned long outer = i & 1 ? NEW_LISTENER : NESTABLE;
	const unsigned long inner = i & 2 ? NEW_LISTENER : NESTABLE;
	struct nest t;
	struct addition a = { &t, inner };
	pthread_t thread;
	long r;

	meeting_clear(m);
	nest_start(&t, &outer, 1);
	start_thread(&thread, adder_main, &a);
	meet(m, 2);
	DEED(m, CLOSES, close_late(&t, 0));
	NEED(!pthread_join(thread, NULL));
	r = m->deed[INSTALLS].result;
	if (outer == NESTABLE || r != -EBUSY)
		CHECK_EQ(r, 0);
	CHECK_EQ(proc_status(t.k.pid, "Seccomp_filters"), 1 + !r);
	if (!r)
		asks_new_one(&t, outer == inner && i & 1);
	CALL(&t, ASK, PASS);
	CHECK_EQ(nest_result(&t), -ENOSYS);
	nest_end(&t);
	s->together += together(m, CLOSES, INSTALLS);
	return r ? REFUSED : ALLOWED;
}

CASE_SLOW(storm_close_install, "a listener that is closed as one is made below",
	  30)
{
	struct storm s = {
		.round = round_install,
		.outcome = { [ALLOWED] = "made", [REFUSED] = "refused" },
		.must = MARK(ALLOWED) | MARK(REFUSED),
	};

	need_nested();
	m = meeting_new();
	storm(&s, scaled(600));
}

/* Targets that end */

enum { ENDS, SUPERVISES };
enum fate { BY_KILL, BY_EXIT, BY_EXEC };
enum { DONE, NOT_THERE, DYING };

/* What the supervisor does with the trapped thread of such a target. */
enum { PINS, REDIRECTS, POINTS, DOINGS };

static struct mem mem;
static int image;

static long trap_call_and_image(void)
{
	struct prog p = { .len = 0 };

	prog_rule(&p, AUDIT_ARCH_X86_64, SYS_getppid, ASK);
	prog_rule_arg(&p, AUDIT_ARCH_X86_64, SYS_write, 0, REPORT_FD, ASK);
	return prog_install(&p, SECCOMP_RET_ALLOW, NESTABLE);
}

static void *trapped_main(void *arg)
{
	raw(SYS_getppid, 1, 2, 3, 4, 5, 6);
	return arg;
}

static long end(enum fate how)
{
	static char *const none[] = { NULL };

	if (how == BY_KILL)
		return raw(SYS_kill, raw(SYS_getpid), SIGKILL);
	if (how == BY_EXIT)
		return raw(SYS_exit_group, PLAY_CODE);
	return raw(SYS_execveat, image, "", none, none, AT_EMPTY_PATH);
}

static void ending_kid(struct kid *k)
{
	const enum fate *how = k->arg;
	pthread_t t;

	no_new_privs();
	listener_hand(k, trap_call_and_image());
	start_thread(&t, trapped_main, NULL);
	meet(m, 2);
	DEED(m, ENDS, end(*how));
}

static long supervise(int doing, int listener, const struct notice *n)
{
	redirection r = redirect_of(n);
	uint64_t at = 0;

	if (doing == PINS)
		return pin_install(listener, n->id, mem.s.fd, &at, PAGE, 0);
	if (doing == REDIRECTS)
		return redir_arg(listener, n, 3, 4711);
	mem_point(&r, &mem, 1, 0, 64);
	return send_redirect(listener, &r);
}

/* The new program has nothing of what the old one was given. */
static void executed(struct kid *k)
{
	struct notice n;
	int i;

	for (i = 0; i < 2; i++) {
		CHECK(notice_waits(k->listener, ASKED_MS));
		notice_recv(k->listener, &n);
		CHECK_EQ(n.nr, SYS_write);
		CHECK_EQ(n.pid, k->pid);
		CHECK_EQ(mappings_of(k->pid, mem.s.fd), 0);
		CHECK_EQ(notice_continue(k->listener, &n), 0);
	}
}

static unsigned int one_end(struct storm *s, int doing, enum fate how)
{
	static const int code[] = { SIGNALED(SIGKILL), PLAY_CODE, IMAGE_CODE };
	struct notice n;
	struct kid k;
	long r;

	meeting_clear(m);
	kid_start(&k, ending_kid, &how);
	listener_take(&k);
	CHECK(notice_waits(k.listener, ASKED_MS));
	notice_recv(k.listener, &n);
	if (doing == POINTS)
		mem_pin(k.listener, &n, &mem);
	meet(m, 2);
	linger();
	DEED(m, SUPERVISES, supervise(doing, k.listener, &n));
	r = m->deed[SUPERVISES].result;
	CHECK(!r || r == -ENOENT || (doing == PINS && r == -ESRCH));
	if (how == BY_EXEC)
		executed(&k);
	CHECK_EQ(ending(kid_wait(&k)), code[how]);
	CHECK(listener_hung_up(k.listener, 5000));
	CHECK_EQ(id_valid(k.listener, n.id), -ENOENT);
	close(k.listener);
	kid_close(&k);
	s->together += together(m, SUPERVISES, ENDS);
	if (!r)
		return DONE;
	return r == -ENOENT ? NOT_THERE : DYING;
}

static unsigned int round_exit(struct storm *s, unsigned int i)
{
	return one_end(s, i % DOINGS, i / DOINGS % 2 ? BY_EXIT : BY_KILL);
}

static unsigned int round_exec(struct storm *s, unsigned int i)
{
	return one_end(s, i % DOINGS, BY_EXEC);
}

static void storm_of_ends(unsigned int (*round)(struct storm *s,
						unsigned int i))
{
	struct storm s = {
		.round = round,
		.outcome = { [DONE] = "pinned, or redirected",
			     [NOT_THERE] = "not there any more",
			     [DYING] = "just dying" },
		.must = MARK(DONE) | MARK(NOT_THERE),
	};

	need_redirect();
	m = meeting_new();
	mem_make(&mem, 1);
	image = image_make(IMAGE_CODE);
	storm(&s, scaled(600));
}

CASE_SLOW(storm_exit, "pins and redirects for targets that exit, or are killed",
	  30)
{
	storm_of_ends(round_exit);
}

CASE_SLOW(storm_exec, "pins and redirects for targets that execute", 30)
{
	storm_of_ends(round_exec);
}

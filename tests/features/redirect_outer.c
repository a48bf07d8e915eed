// SPDX-License-Identifier: GPL-2.0-only
/*
 * Redirect and the filters further out: they judge the call as it has become,
 * one by one. Argument I of the probe is the verdict of layer I, so that a
 * supervisor that replaces an argument changes what a filter says.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "play.h"
#include "redirkit.h"

static void runs_unchanged(struct nest *t)
{
	CALL(t, PASS, ASK);
	asked_continue(t, 1);
	CONTROL_EQ(nest_result(t), t->parent);
}

static void start(struct nest *t, unsigned long outer, unsigned long inner)
{
	need_redirect();
	NEST(t, outer, inner);
	runs_unchanged(t);
}

/* Verdicts of a filter without a listener */

CASE(redirect_outer_errno, "an outer filter refuses the redirected call")
{
	struct nest t;

	start(&t, 0, NESTABLE);
	CALL(&t, PASS, ASK);
	asked_redirect(&t, 1, 0, DENY);
	CHECK_EQ(nest_result(&t), -DENIED);
	CALL(&t, PASS, ASK);
	asked_redirect(&t, 1, 0, REFUSE(0));
	CHECK_EQ(nest_result(&t), 0);
	CALL(&t, PASS, ASK);
	asked_redirect(&t, 1, 0, REFUSE(0xffff));
	CHECK_EQ(nest_result(&t), -4095);
	nest_end(&t);
}

CASE(redirect_outer_ia32, "also of a 32-bit caller")
{
	struct nest t;

	need_redirect();
	need_ia32();
	start(&t, 0, NESTABLE);
	t.ia32 = true;
	CALL(&t, PASS, ASK);
	asked_redirect(&t, 1, 0, DENY);
	CHECK_EQ(nest_result(&t), -DENIED);
	CALL(&t, PASS, ASK);
	asked_redirect(&t, 1, 2, DENY);
	RAN(&t);
	nest_end(&t);
}

CASE(redirect_outer_allow, "ALLOW and LOG go on outward")
{
	struct nest t;

	need_redirect();
	NEST(&t, 0, 0, 0, NESTABLE);
	CALL(&t, PASS, PASS, PASS, ASK);
	asked_redirect(&t, 3, 2, SECCOMP_RET_LOG);
	RAN(&t);
	CALL(&t, PASS, SECCOMP_RET_LOG, PASS, ASK);
	asked_redirect(&t, 3, 2, SECCOMP_RET_LOG);
	RAN(&t);
	CALL(&t, PASS, PASS, PASS, ASK);
	asked_redirect(&t, 3, 0, SECCOMP_RET_LOG);
	RAN(&t);
	/* Not where it stops. */
	CALL(&t, PASS, SECCOMP_RET_LOG, SECCOMP_RET_LOG, ASK);
	asked_redirect(&t, 3, 0, DENY);
	CONTROL_EQ(nest_result(&t), -DENIED);
	nest_end(&t);
}

CASE(redirect_outer_nearest, "the first that does not allow decides")
{
	uint64_t args[6] = { KILL_PROCESS, REFUSE(3), REFUSE(4) };
	struct notice n;
	struct nest t;

	need_redirect();
	NEST(&t, 0, 0, 0, NESTABLE);
	CALL(&t, PASS, PASS, PASS, ASK);
	asked(&t, 3, &n);
	CHECK_EQ(redir_args(t.listener[3], &n, 7, args), 0);
	CHECK_EQ(nest_result(&t), -4);
	args[2] = PASS;
	CALL(&t, PASS, PASS, PASS, ASK);
	asked(&t, 3, &n);
	CHECK_EQ(redir_args(t.listener[3], &n, 7, args), 0);
	CHECK_EQ(nest_result(&t), -3);
	args[1] = PASS;
	CALL(&t, PASS, PASS, PASS, ASK);
	asked(&t, 3, &n);
	CHECK_EQ(redir_args(t.listener[3], &n, 7, args), 0);
	CONTROL_EQ(ending(kid_wait(&t.k)), SIGNALED(SIGSYS));
}

CASE(redirect_outer_inside, "filters further in are not asked again")
{
	struct nest t;

	need_redirect();
	NEST(&t, NESTABLE, 0, NESTABLE);
	CALL(&t, ASK, PASS, PASS);
	asked_redirect(&t, 0, 1, DENY);
	RAN(&t);
	CALL(&t, ASK, PASS, PASS);
	asked_redirect(&t, 0, 1, KILL_PROCESS);
	RAN(&t);
	CALL(&t, ASK, PASS, PASS);
	asked_redirect(&t, 0, 2, ASK);
	RAN(&t);
	CHECK(nobody_asked(&t, 20));
	/* Nor is the one that redirected. */
	CALL(&t, ASK, PASS, PASS);
	asked_redirect(&t, 0, 0, DENY);
	RAN(&t);
	CALL(&t, PASS, DENY, PASS);
	CONTROL_EQ(nest_result(&t), -DENIED);
	nest_end(&t);
}

CASE(redirect_outer_was_denied, "what an outer filter denies is not redirected")
{
	struct nest t;

	start(&t, 0, NESTABLE);
	CALL(&t, DENY, ASK);
	CHECK_EQ(nest_result(&t), -DENIED);
	CHECK(nobody_asked(&t, 20));
	/* If it said less than a listener does it is asked about the other. */
	CALL(&t, TRACE, ASK);
	asked_redirect(&t, 1, 0, PASS);
	RAN(&t);
	CALL(&t, TRACE, ASK);
	asked_redirect(&t, 1, 2, 7);
	CHECK_EQ(nest_result(&t), -ENOSYS);
	nest_end(&t);
}

static void kills(uint32_t verdict)
{
	struct nest t;

	start(&t, 0, NESTABLE);
	CALL(&t, PASS, ASK);
	asked_redirect(&t, 1, 0, verdict);
	CHECK_EQ(ending(kid_wait(&t.k)), SIGNALED(SIGSYS));
	CHECK(listener_hung_up(t.listener[1], 5000));
	nest_close(&t, 1);
}

CASE(redirect_outer_kill, "KILL_PROCESS and KILL_THREAD kill")
{
	long refs = module_refs();

	kills(KILL_PROCESS);
	kills(KILL_THREAD);
	/* What is not known kills as well. */
	kills(0x00010000);
	CHECK(module_refs_fall_to(refs) <= refs);
}

static void probing_thread(struct kid *k)
{
	const uint32_t v[LOW_LAYERS] = { PASS, ASK };

	say(k, probe(v));
}

static void threads_kid(struct kid *k)
{
	struct thr t;

	no_new_privs();
	MUST(layer_install(0, 0));
	listener_hand(k, layer_install(1, NESTABLE));
	thr_start(&t, probing_thread, NULL);
	thr_gone(&t);
	say(k, 1);
}

static long thread_gets(uint32_t verdict)
{
	struct notice n;
	long word = 0;
	struct kid k;

	kid_start(&k, threads_kid, NULL);
	listener_take(&k);
	notice_recv(k.listener, &n);
	CHECK(n.pid != k.pid);
	CHECK_EQ(redir_arg(k.listener, &n, 0, verdict), 0);
	hear(&k, &word);
	kid_wait(&k);
	close(k.listener);
	return word;
}

CASE(redirect_outer_kill_thread, "KILL_THREAD kills one of several threads")
{
	need_redirect();
	CHECK_EQ(thread_gets(KILL_THREAD), 1);
	CHECK_EQ(thread_gets(KILL_PROCESS), 0);
	CONTROL_EQ(thread_gets(PASS), 1);
}

/* TRAP */

static void handle_sigsys(void)
{
	catch_signal(SIGSYS, 0);
}

static void traps(bool ia32)
{
	const uint64_t args[6] = { TRAP | 9, 2, 3, 4, 5, 6 };
	const long nr = ia32 ? IA32_PROBE_NR : PROBE_NR;
	struct notice n;
	struct redir t;

	redir_start(&t, handle_sigsys);
	t.shot->ia32 = ia32;
	redir_layer(&t, 0);
	redir_layer(&t, NESTABLE);
	redir_load(&t, nr, PASS, ASK, 33, 44, 55, 66);
	redir_call(&t);
	redir_asked(&t, 1, &n);
	CHECK_EQ(notice_continue(t.listener[1], &n), 0);
	CONTROL_EQ(redir_result(&t), getpid());
	CONTROL_EQ(t.shot->frames, 0);
	redir_call(&t);
	redir_asked(&t, 1, &n);
	CHECK_EQ(redir_args(t.listener[1], &n, ALL_ARGS, args), 0);
	CHECK_EQ(redir_result(&t), nr);
	CHECK_EQ(t.shot->frames, 1);
	CHECK_EQ(t.shot->code, SYS_SECCOMP);
	CHECK_EQ(t.shot->nr, nr);
	CHECK_EQ(t.shot->frame.ax, nr);
	CHECK(regs_equal(&t.shot->frame, &t.shot->before, ia32));
	CHECK(redir_untouched(&t));
	redir_end(&t);
}

CASE(redirect_outer_trap, "TRAP shows the registers that the task had")
{
	traps(false);
}

CASE(redirect_outer_trap_ia32, "also to a 32-bit caller")
{
	need_redirect();
	need_ia32();
	traps(true);
}

/* Other listeners */

CASE(redirect_outer_asked, "an outer supervisor is asked about the other call")
{
	struct notice n;
	struct nest t;

	start(&t, NESTABLE, NESTABLE);
	CALL(&t, PASS, ASK, 5, 6);
	asked_redirect(&t, 1, 0, ASK);
	asked(&t, 0, &n);
	CHECK_EQ(n.arg[0], ASK);
	CHECK_EQ(n.arg[1], ASK);
	CHECK_EQ(n.arg[2], 5);
	CHECK_EQ(notice_continue(t.listener[0], &n), 0);
	RAN(&t);
	CALL(&t, PASS, ASK);
	asked_redirect(&t, 1, 0, ASK);
	asked_answer(&t, 0, FAKED, 0);
	CHECK_EQ(nest_result(&t), FAKED);
	CALL(&t, PASS, ASK);
	asked_redirect(&t, 1, 0, ASK);
	asked_answer(&t, 0, 0, -DENIED);
	CHECK_EQ(nest_result(&t), -DENIED);
	/* And not if the other call is none of its business. */
	CALL(&t, ASK, ASK);
	asked_redirect(&t, 1, 0, PASS);
	RAN(&t);
	CHECK(nobody_asked(&t, 20));
	nest_end(&t);
}

CASE(redirect_outer_closed, "a listener outside that is closed gives ENOSYS")
{
	struct nest t;

	start(&t, NESTABLE, NESTABLE);
	nest_close(&t, 0);
	CALL(&t, PASS, ASK);
	asked_redirect(&t, 1, 0, ASK);
	CHECK_EQ(nest_result(&t), -ENOSYS);
	CALL(&t, ASK, ASK);
	asked_redirect(&t, 1, 0, PASS);
	RAN(&t);
	nest_end(&t);
}

CASE(redirect_outer_never, "one that never was gives ENOSYS as well")
{
	struct nest t;

	start(&t, 0, NESTABLE);
	CALL(&t, PASS, ASK);
	asked_redirect(&t, 1, 0, ASK);
	CHECK_EQ(nest_result(&t), -ENOSYS);
	nest_end(&t);
	/* Also between two that listen. */
	NEST(&t, NESTABLE, 0, NESTABLE);
	CALL(&t, ASK, PASS, ASK);
	asked_redirect(&t, 2, 1, ASK);
	CHECK_EQ(nest_result(&t), -ENOSYS);
	CHECK(nobody_asked(&t, 20));
	nest_end(&t);
}

CASE(redirect_outer_closed_while, "one that is closed while it is asked, too")
{
	struct notice n;
	struct nest t;

	start(&t, NESTABLE, NESTABLE);
	CALL(&t, PASS, ASK);
	asked_redirect(&t, 1, 0, ASK);
	asked(&t, 0, &n);
	nest_close(&t, 0);
	CHECK_EQ(nest_result(&t), -ENOSYS);
	nest_end(&t);
}

CASE(redirect_outer_continue, "after an outer CONTINUE it goes on outward")
{
	struct notice n;
	struct nest t;
	const uint64_t args[6] = { DENY, ASK };

	need_redirect();
	NEST(&t, 0, NESTABLE, NESTABLE);
	CALL(&t, PASS, PASS, ASK);
	asked(&t, 2, &n);
	CHECK_EQ(redir_args(t.listener[2], &n, 3, args), 0);
	asked_continue(&t, 1);
	CHECK_EQ(nest_result(&t), -DENIED);
	CALL(&t, PASS, PASS, ASK);
	asked_redirect(&t, 2, 1, ASK);
	asked_continue(&t, 1);
	CONTROL_EQ(nest_result(&t), t.parent);
	nest_end(&t);
}

CASE(redirect_outer_first, "an outer supervisor may be the first to redirect")
{
	struct nest t;

	need_redirect();
	NEST(&t, 0, NESTABLE, NESTABLE);
	CALL(&t, PASS, ASK, ASK);
	asked_continue(&t, 2);
	asked_redirect(&t, 1, 0, DENY);
	CHECK_EQ(nest_result(&t), -DENIED);
	CALL(&t, PASS, ASK, ASK);
	asked_continue(&t, 2);
	asked_redirect(&t, 1, 2, DENY);
	RAN(&t);
	CHECK(nobody_asked(&t, 20));
	CALL(&t, PASS, ASK, ASK);
	asked_continue(&t, 2);
	asked_continue(&t, 1);
	CONTROL_EQ(nest_result(&t), t.parent);
	nest_end(&t);
}

CASE(redirect_outer_plain, "a plain listener in between passes it on")
{
	struct notice n;
	struct nest t;

	need_redirect();
	NEST(&t, NESTABLE, NEW_LISTENER);
	CALL(&t, ASK, ASK);
	asked(&t, 1, &n);
	CHECK_EQ(redir_arg(t.listener[1], &n, 0, PASS), -EINVAL);
	CHECK_EQ(notice_continue(t.listener[1], &n), 0);
	asked_redirect(&t, 0, 3, 1);
	CONTROL_EQ(nest_result(&t), t.parent);
	nest_end(&t);
}

/* Chains of redirects */

#define LEVELS 3

/* Layer I is asked for its argument I; I is 3 to 0 from the inside. */
static void chain_start(struct redir *t, bool ia32)
{
	int i;

	redir_start(t, NULL);
	t->shot->ia32 = ia32;
	for (i = 0; i < LEVELS; i++)
		redir_layer(t, NESTABLE);
	redir_load(t, ia32 ? IA32_PROBE_NR : PROBE_NR, PASS, PASS, ASK, 44, 55,
		   66);
	redir_call(t);
}

static void chain_redirects(struct redir *t, int layer, uint32_t mask,
			    const uint64_t *args, const uint64_t *sees)
{
	struct notice n;
	int i;

	redir_asked(t, layer, &n);
	for (i = 0; i < 6; i++)
		CHECK_EQ(n.arg[i], sees[i]);
	CHECK_EQ(redir_args(t->listener[layer], &n, mask, args), 0);
}

static void three_redirects(bool ia32)
{
	const uint64_t first[6] = { PASS, PASS, ASK, 44, 55, 66 };
	const uint64_t second[6] = { PASS, ASK, ASK, 1, 1, 66 };
	const uint64_t third[6] = { ASK, ASK, ASK, 2, 1, 66 };
	const uint64_t last[6] = { ASK, 9, 9, 3, 44, 9 };
	struct redir t;

	chain_start(&t, ia32);
	chain_redirects(&t, 2, 1 << 1 | 1 << 3 | 1 << 4, second, first);
	chain_redirects(&t, 1, 1 << 0 | 1 << 3, third, second);
	/* One gets back what it was at first. */
	chain_redirects(&t, 0, ALL_ARGS, last, third);
	CHECK_EQ(redir_result(&t), getpid());
	CHECK(redir_untouched(&t));
	redir_call(&t);
	chain_redirects(&t, 2, 0, second, first);
	CONTROL_EQ(redir_result(&t), getpid());
	redir_end(&t);
}

CASE(redirect_outer_chain, "three redirects of one call, the first is undone")
{
	three_redirects(false);
}

CASE(redirect_outer_chain_ia32, "also of a 32-bit caller")
{
	need_redirect();
	need_ia32();
	three_redirects(true);
}

CASE(redirect_outer_chain_ends, "registers come back however a chain ends")
{
	const uint64_t args[6] = { ASK, ASK, ASK, 1, 2, 3 };
	const uint64_t own[6] = { PASS, PASS, ASK, 44, 55, 66 };
	struct notice n;
	struct redir t;

	chain_start(&t, false);
	chain_redirects(&t, 2, ALL_ARGS, args, own);
	chain_redirects(&t, 1, ALL_ARGS, args, args);
	redir_asked(&t, 0, &n);
	CHECK_EQ(notice_answer(t.listener[0], &n, FAKED, 0), 0);
	CHECK_EQ(redir_result(&t), FAKED);
	CHECK(redir_untouched(&t));
	redir_call(&t);
	chain_redirects(&t, 2, ALL_ARGS, args, own);
	redir_asked(&t, 1, &n);
	CHECK_EQ(notice_answer(t.listener[1], &n, 0, -DENIED), 0);
	CHECK_EQ(redir_result(&t), -DENIED);
	CHECK(redir_untouched(&t));
	redir_call(&t);
	chain_redirects(&t, 2, ALL_ARGS, args, own);
	redir_close(&t, 1);
	CONTROL_EQ(redir_result(&t), -ENOSYS);
	CHECK(redir_untouched(&t));
	redir_end(&t);
}

static void handle_usr1(void)
{
	catch_signal(SIGUSR1, SA_RESTART);
}

CASE(redirect_outer_signal, "a signal in the outer wait restarts the original")
{
	const uint64_t args[6] = { ASK, ASK, 7, 1, 2, 3 };
	const uint64_t own[6] = { PASS, PASS, ASK, 44, 55, 66 };
	struct notice n;
	struct redir t;
	int i;

	redir_start(&t, handle_usr1);
	for (i = 0; i < LEVELS; i++)
		redir_layer(&t, NESTABLE);
	redir_load(&t, PROBE_NR, PASS, PASS, ASK, 44, 55, 66);
	redir_call(&t);
	chain_redirects(&t, 2, ALL_ARGS, args, own);
	redir_asked(&t, 1, &n);
	wait_asleep(t.k.pid);
	kill(t.k.pid, SIGUSR1);
	chain_redirects(&t, 2, 0, args, own);
	CHECK_EQ(id_valid(t.listener[1], n.id), -ENOENT);
	CHECK_EQ(redir_result(&t), getpid());
	CONTROL_EQ(t.shot->frames, 1);
	CHECK(regs_equal(&t.shot->frame, &t.shot->before, false));
	CHECK(redir_untouched(&t));
	redir_end(&t);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the module tells of itself: status, the chain of a task, listeners,
 * events; and to whom.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>

#include "genl.h"
#include "nest.h"
#include "pinkit.h"

static void open_as_root(struct genl *g)
{
	need_root();
	need_nested();
	NEED(genl_open(g));
}

static const struct message *filter_of(const struct answer *a, int at)
{
	NEED(at + 1 < a->n);
	NEED(a->message[at + 1].cmd == CMD(FILTER));
	return &a->message[at + 1];
}

static uint64_t filter_num(const struct answer *a, int at, int attr)
{
	return filter_of(a, at)->num[attr];
}

/* Status */

static uint64_t status_num(struct genl *g, int attr)
{
	struct answer a;

	NEED(!ask_status(g, &a) && a.n == 1);
	return a.message[0].num[attr];
}

static uint64_t counted(struct genl *g, int event)
{
	struct answer a;

	NEED(!ask_status(g, &a) && a.n == 1);
	return a.message[0].counter[event];
}

CASE(report_status, "status: version, ABI, features, hooks")
{
	struct answer a;
	struct genl g;

	open_as_root(&g);
	CHECK_EQ(ask_status(&g, &a), 0);
	CHECK_EQ(a.n, 1);
	CHECK(strchr(a.message[0].version, '.'));
	CHECK_EQ(a.message[0].num[ATTR(ABI)], SECCOMP_OVERLAY_ABI);
	CONTROL(overlay_features());
	CHECK_EQ(a.message[0].num[ATTR(FEATURES)], overlay_features());
	CHECK(a.message[0].has[ATTR(NATIVE)]);
	CHECK(a.message[0].num[ATTR(HOOKS)] & OVERLAY_SECCOMP_HOOK_CALLS);
	CHECK(!(a.message[0].num[ATTR(HOOKS)] & OVERLAY_SECCOMP_HOOK_DEAD));
}

static bool falls_to(struct genl *g, int attr, uint64_t want)
{
	int i;

	for (i = 0; i < 500 && status_num(g, attr) != want; i++)
		pause_ms(20);
	return status_num(g, attr) == want;
}

CASE(report_status_counts, "status counts filters with state, and their coming")
{
	uint64_t filters, refs, made;
	struct genl g;
	struct nest t;

	open_as_root(&g);
	filters = status_num(&g, ATTR(FILTERS));
	refs = status_num(&g, ATTR(REFERENCES));
	made = counted(&g, EVENT(FILTER));
	NEST(&t, NESTABLE, 0, NESTABLE);
	CHECK_EQ(status_num(&g, ATTR(FILTERS)), filters + 2);
	CHECK(status_num(&g, ATTR(REFERENCES)) > refs);
	CHECK(status_num(&g, ATTR(HOOKS)) & OVERLAY_SECCOMP_HOOK_FILTER);
	CHECK_EQ(counted(&g, EVENT(FILTER)), made + 2);
	nest_end(&t);
	CONTROL(falls_to(&g, ATTR(FILTERS), filters));
	CHECK(falls_to(&g, ATTR(REFERENCES), refs));
	CHECK_EQ(counted(&g, EVENT(FILTER)), made + 2);
}

/* Who may */

static void all_refused(struct genl *g, int listener)
{
	struct answer a;

	CHECK_EQ(ask_status(g, &a), -EPERM);
	CHECK_EQ(ask_listener(g, listener, &a), -EPERM);
	CHECK_EQ(subscribe(g), -EPERM);
	CHECK_EQ(ask_task(g, getppid(), &a), -EPERM);
}

static void unprivileged_kid(struct kid *k)
{
	struct answer a;
	struct genl g;
	long fd;

	no_new_privs();
	fd = filter(NESTABLE, SYS_getpgrp, SECCOMP_RET_USER_NOTIF);
	NEED(fd >= 0);
	CONTROL(genl_open(&g));
	CONTROL_EQ(ask_status(&g, &a), 0);
	CONTROL_EQ(ask_listener(&g, fd, &a), 0);
	CONTROL_EQ(ask_task(&g, getppid(), &a), 0);
	genl_close(&g);

	become_nobody();
	CHECK(genl_open(&g));
	all_refused(&g, fd);
	CHECK_EQ(ask_task(&g, getpid(), &a), 0);
	CHECK_EQ(a.message[0].num[ATTR(FILTERS)], 1);
	say(k, 1);
}

CASE(report_unprivileged, "an unprivileged user sees his own tasks only")
{
	struct genl g;
	struct kid k;

	open_as_root(&g);
	kid_start(&k, unprivileged_kid, NULL);
	CHECK_EQ(heard(&k), 1);
	CHECK_EQ(ending(kid_wait(&k)), 0);
}

static void capless_kid(struct kid *k)
{
	struct answer a;
	struct genl g;

	CONTROL(genl_open(&g));
	CONTROL_EQ(ask_status(&g, &a), 0);
	lower_effective(CAP_NET_ADMIN);
	/* As it was opened with the right. */
	CHECK_EQ(ask_status(&g, &a), -EPERM);
	CHECK_EQ(subscribe(&g), -EPERM);
	say(k, 1);
}

CASE(report_capability, "root without CAP_NET_ADMIN is refused")
{
	struct genl g;
	struct kid k;

	open_as_root(&g);
	kid_start(&k, capless_kid, NULL);
	CHECK_EQ(heard(&k), 1);
	CHECK_EQ(ending(kid_wait(&k)), 0);
}

static void deputy_kid(struct kid *k)
{
	struct genl own, given;
	struct answer a;

	CONTROL(genl_open(&given));
	become_nobody();
	CONTROL(genl_open(&own));
	CONTROL_EQ(ask_task(&own, getpid(), &a), 0);
	CHECK_EQ(ask_task(&given, getpid(), &a), -EPERM);
	say(k, 1);
}

CASE(report_deputy, "a socket that another opened serves nobody without privilege")
{
	struct genl g;
	struct kid k;

	open_as_root(&g);
	kid_start(&k, deputy_kid, NULL);
	CHECK_EQ(heard(&k), 1);
	CHECK_EQ(ending(kid_wait(&k)), 0);
}

static void netns_kid(struct kid *k)
{
	struct genl g;

	CONTROL(genl_open(&g));
	NEED(!unshare(CLONE_NEWNET));
	CHECK(!genl_open(&g));
	say(k, 1);
}

CASE(report_netns, "there is no family in another network namespace")
{
	struct genl g;
	struct kid k;

	open_as_root(&g);
	kid_start(&k, netns_kid, NULL);
	CHECK_EQ(heard(&k), 1);
	CHECK_EQ(ending(kid_wait(&k)), 0);
}

/* A task */

CASE(report_task, "the filters of a task, innermost first")
{
	struct answer a;
	struct genl g;
	struct nest t;

	open_as_root(&g);
	NEST(&t, NESTABLE, SECCOMP_FILTER_FLAG_LOG, NESTABLE, SEQUENTIAL);
	CHECK_EQ(ask_task(&g, t.k.pid, &a), 0);
	CHECK_EQ(a.message[0].cmd, CMD(TASK));
	CHECK_EQ(a.message[0].num[ATTR(PID)], t.k.pid);
	CHECK_EQ(a.message[0].num[ATTR(MODE)], 2);
	CHECK_EQ(a.message[0].num[ATTR(FILTERS)], 4);
	CHECK_EQ(a.n, 5);
	CHECK_EQ(filter_num(&a, 0, ATTR(FLAGS)), FILTER(SEQUENTIAL));
	CHECK_EQ(filter_num(&a, 1, ATTR(FLAGS)),
		 FILTER(OVERLAY) | FILTER(NESTED) | FILTER(REDIRECT));
	CHECK_EQ(filter_num(&a, 2, ATTR(FLAGS)), FILTER(LOG));
	CHECK_EQ(filter_num(&a, 3, ATTR(FLAGS)),
		 FILTER(OVERLAY) | FILTER(REDIRECT));
	CHECK_EQ(filter_num(&a, 0, ATTR(LISTENER)), LISTENER(NONE));
	CHECK_EQ(filter_num(&a, 1, ATTR(LISTENER)), LISTENER(OPEN));
	CHECK_EQ(filter_num(&a, 3, ATTR(LISTENER)), LISTENER(OPEN));
	CHECK_EQ(filter_num(&a, 3, ATTR(LISTENER_ID)),
		 filter_num(&a, 3, ATTR(ID)));
	CHECK(filter_num(&a, 1, ATTR(LISTENER_ID)) !=
	      filter_num(&a, 1, ATTR(ID)));
	CHECK(filter_num(&a, 0, ATTR(INSNS)) > 0);
	CHECK_EQ(filter_num(&a, 1, ATTR(USERS)), 1);
	CONTROL(!filter_of(&a, 0)->has[ATTR(VERDICT)]);
	nest_close(&t, 2);
	CHECK_EQ(ask_task(&g, t.k.pid, &a), 0);
	CHECK_EQ(filter_num(&a, 1, ATTR(LISTENER)), LISTENER(CLOSED));
	nest_end(&t);
}

CASE(report_task_none, "a task without filters, and one that is gone")
{
	struct answer a;
	struct genl g;
	pid_t pid;

	open_as_root(&g);
	CHECK_EQ(ask_task(&g, 1, &a), 0);
	CHECK_EQ(a.n, 1);
	CHECK_EQ(a.message[0].num[ATTR(MODE)], 0);
	CHECK_EQ(a.message[0].num[ATTR(FILTERS)], 0);
	pid = fork();
	NEED(pid >= 0);
	if (!pid)
		_exit(0);
	wait_zombie(pid);
	CHECK_EQ(ask_task(&g, pid, &a), -ESRCH);
	NEED(waitpid(pid, NULL, 0) == pid);
	CHECK_EQ(ask_task(&g, pid, &a), -ESRCH);
	CONTROL_EQ(ask_task(&g, getpid(), &a), 0);
}

static long ask_call(struct genl *g, pid_t pid, uint32_t arch, uint32_t nr,
		     const uint32_t *word, struct answer *a)
{
	uint64_t args[6] = { };
	struct question q;
	int i;

	for (i = 0; i < LOW_LAYERS; i++)
		args[i] = word[i];
	question(&q, CMD(TASK));
	question_u32(&q, ATTR(PID), pid);
	question_u32(&q, ATTR(NR), nr);
	question_u32(&q, ATTR(ARCH), arch);
	question_add(&q, ATTR(ARGS), args, sizeof(args));
	return genl_ask(g, &q, a);
}

CASE(report_verdict, "what each filter would say of a call, which nobody makes")
{
	static const uint32_t words[LOW_LAYERS] = {
		ASK, REFUSE(33), TRAP | 5,
	};
	struct answer a;
	struct genl g;
	struct nest t;

	open_as_root(&g);
	NEST(&t, NESTABLE, 0, NESTABLE);
	CHECK_EQ(ask_call(&g, t.k.pid, AUDIT_ARCH_X86_64, PROBE_NR, words, &a),
		 0);
	CHECK_EQ(filter_num(&a, 0, ATTR(VERDICT)), TRAP | 5);
	CHECK_EQ(filter_num(&a, 1, ATTR(VERDICT)), REFUSE(33));
	CHECK_EQ(filter_num(&a, 2, ATTR(VERDICT)), ASK);
	CHECK(!filter_of(&a, 0)->has[ATTR(CACHED)]);
	CHECK(nobody_asked(&t, 100));
	CHECK_EQ(ask_call(&g, t.k.pid, AUDIT_ARCH_X86_64, SYS_getuid, words,
			  &a), 0);
	CONTROL_EQ(filter_num(&a, 0, ATTR(VERDICT)), PASS);
	CONTROL_EQ(filter_num(&a, 2, ATTR(VERDICT)), PASS);
	nest_end(&t);
}

static void asked_about_wrongly(struct genl *g, int attr)
{
	struct answer a;
	struct question q;

	question(&q, CMD(TASK));
	question_u32(&q, ATTR(PID), getpid());
	question_u32(&q, attr, 0);
	CHECK_EQ(genl_ask(g, &q, &a), -EINVAL);
}

CASE(report_invalid, "questions that make no sense")
{
	struct answer a;
	struct question q;
	struct genl g;

	open_as_root(&g);
	question(&q, CMD(TASK));
	CHECK_EQ(genl_ask(&g, &q, &a), -EINVAL);
	asked_about_wrongly(&g, ATTR(NR));
	asked_about_wrongly(&g, ATTR(ARCH));
	asked_about_wrongly(&g, OVERLAY_SECCOMP_ATTR_MAX + 1);
	question(&q, CMD(LISTENER));
	CHECK_EQ(genl_ask(&g, &q, &a), -EINVAL);
	question(&q, CMD(STATUS));
	q.header.nlmsg_flags |= NLM_F_DUMP;
	CHECK_EQ(genl_ask(&g, &q, &a), -EOPNOTSUPP);
	question(&q, CMD(EVENT));
	CHECK_EQ(genl_ask(&g, &q, &a), -EOPNOTSUPP);
	CONTROL_EQ(ask_status(&g, &a), 0);
}

CASE(report_pins, "the pins of a task, if they are asked for")
{
	struct captive c;
	struct question q;
	struct answer a;
	struct sealed s;
	uint64_t addr;
	struct genl g;

	need_redirect();
	open_as_root(&g);
	sealed_pages(&s, 2);
	captive_new(&c);
	addr = captive_pin_all(&c, &s);
	question(&q, CMD(TASK));
	question_u32(&q, ATTR(PID), c.k.pid);
	question_flag(&q, ATTR(WITH_PINS));
	CHECK_EQ(genl_ask(&g, &q, &a), 0);
	CHECK_EQ(a.n, 3);
	CHECK_EQ(a.message[1].cmd, CMD(PIN));
	CHECK_EQ(a.message[1].num[ATTR(ADDRESS)], addr);
	CHECK_EQ(a.message[1].num[ATTR(SIZE)], 2 * PAGE);
	CHECK_EQ(a.message[1].num[ATTR(OFFSET)], 0);
	CHECK_EQ(a.message[2].cmd, CMD(FILTER));
	CHECK(status_num(&g, ATTR(PINS)) > 0);
	CONTROL_EQ(ask_task(&g, c.k.pid, &a), 0);
	CONTROL_EQ(a.n, 2);
	captive_end(&c);
	sealed_free(&s);
}

/*
 * A dump of more than fits into one message, of which the first part only has
 * been made when the task ends.
 */
#define DUMPED 100

static void long_chain_kid(struct kid *k)
{
	long word;
	int i;

	no_new_privs();
	listener_hand(k, filter(NESTABLE, SYS_getpgrp, ASK));
	for (i = 1; i < DUMPED; i++)
		NEED(!filter(0, SYS_getpgrp, PASS));
	say(k, 1);
	hear(k, &word);
}

CASE(report_stalled, "who does not read a dump keeps no chain alive")
{
	struct question q;
	struct answer a;
	struct genl g;
	struct kid k;

	open_as_root(&g);
	kid_start(&k, long_chain_kid, NULL);
	listener_take(&k);
	CHECK_EQ(heard(&k), 1);
	question(&q, CMD(TASK));
	question_u32(&q, ATTR(PID), k.pid);
	genl_send(&g, &q);
	CONTROL(!listener_hung_up(k.listener, 100));
	kid_kill(&k);
	CHECK(listener_hung_up(k.listener, 10000));
	CHECK_EQ(genl_read(&g, &a), 0);
	CONTROL_EQ(a.n, 1 + DUMPED);
}

CASE(report_listener, "whose listener a descriptor is")
{
	struct answer a, chain;
	struct genl g;
	struct nest t;

	open_as_root(&g);
	NEST(&t, NESTABLE, NESTABLE);
	CHECK_EQ(ask_task(&g, t.k.pid, &chain), 0);
	CHECK_EQ(ask_listener(&g, t.listener[0], &a), 0);
	CHECK_EQ(a.message[0].num[ATTR(LISTENER_ID)],
		 filter_num(&chain, 1, ATTR(ID)));
	CHECK_EQ(ask_listener(&g, t.listener[1], &a), 0);
	CHECK_EQ(a.message[0].num[ATTR(LISTENER_ID)],
		 filter_num(&chain, 0, ATTR(LISTENER_ID)));
	CONTROL(filter_num(&chain, 0, ATTR(LISTENER_ID)) !=
		filter_num(&chain, 1, ATTR(LISTENER_ID)));
	CHECK_EQ(ask_listener(&g, g.fd, &a), -EINVAL);
	CHECK_EQ(ask_listener(&g, -1, &a), -EBADF);
	nest_end(&t);
}

CASE(report_pending, "how many notifications wait, and for what")
{
	static const uint32_t words[LOW_LAYERS] = { ASK };
	struct answer a;
	struct notice n;
	struct genl g;
	struct nest t;

	open_as_root(&g);
	NEST(&t, NESTABLE);
	CONTROL_EQ(ask_task(&g, t.k.pid, &a), 0);
	CONTROL_EQ(filter_num(&a, 0, ATTR(PENDING)), 0);
	nest_call(&t, words);
	NEED(notice_waits(t.listener[0], 10000));
	CHECK_EQ(ask_task(&g, t.k.pid, &a), 0);
	CHECK_EQ(filter_num(&a, 0, ATTR(PENDING)), 1);
	CHECK_EQ(filter_num(&a, 0, ATTR(RECEIVED)), 0);
	notice_recv(t.listener[0], &n);
	CHECK_EQ(ask_task(&g, t.k.pid, &a), 0);
	CHECK_EQ(filter_num(&a, 0, ATTR(PENDING)), 0);
	CHECK_EQ(filter_num(&a, 0, ATTR(RECEIVED)), 1);
	CHECK_EQ(notice_continue(t.listener[0], &n), 0);
	RAN(&t);
	nest_end(&t);
}

/* Events */

static void of_task(const struct message *m, pid_t pid)
{
	CHECK_EQ(m->num[ATTR(TASK)], pid);
	CHECK(m->num[ATTR(TIME)]);
}

CASE(report_events_nested, "events of nested listeners, from first to last")
{
	struct message m, inner;
	struct genl g, silent;
	uint64_t outer;
	struct nest t;

	open_as_root(&g);
	NEED(genl_open(&silent));
	CHECK_EQ(subscribe(&g), 0);
	CHECK_EQ(subscribe(&g), 0);
	NEST(&t, NESTABLE, NESTABLE);
	event_wait(&g, EVENT(LISTENER), &m);
	of_task(&m, t.k.pid);
	outer = m.num[ATTR(ID)];
	CHECK_EQ(m.num[ATTR(VALUE)], outer);
	event_wait(&g, EVENT(FILTER), &m);
	CHECK(m.num[ATTR(FLAGS)] & FILTER(NESTED));
	event_wait(&g, EVENT(LISTENER), &inner);
	CHECK_EQ(inner.num[ATTR(VALUE)], m.num[ATTR(ID)]);
	CHECK(inner.num[ATTR(ID)] != inner.num[ATTR(VALUE)]);
	CHECK(inner.num[ATTR(FLAGS)] & FILTER(NESTED));

	CALL(&t, ASK, ASK);
	asked_continue(&t, 1);
	event_wait(&g, EVENT(OUTER), &m);
	of_task(&m, t.k.pid);
	CHECK_EQ(m.num[ATTR(ID)], outer);
	CHECK_EQ(m.num[ATTR(VALUE)], PROBE_NR);
	asked_continue(&t, 0);
	RAN(&t);
	nest_close(&t, 1);
	event_wait(&g, EVENT(LISTENER_GONE), &m);
	CHECK_EQ(m.num[ATTR(ID)], inner.num[ATTR(ID)]);
	of_task(&m, getpid());
	nest_end(&t);
	event_wait(&g, EVENT(FILTER_GONE), &m);
	CHECK_EQ(m.num[ATTR(TASK)], 0);
	CONTROL(!event_next(&silent, 300, &m));
}

static void no_program_kid(struct kid *k)
{
	say(k, raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, 0));
}

static void plain_kid(struct kid *k)
{
	struct thr t;
	long fd;

	no_new_privs();
	/* It passes through the module, as all installs of several threads do. */
	thr_start(&t, no_program_kid, NULL);
	NEED(heard(&t.side) == -EFAULT);
	thr_gone(&t);
	fd = filter(NEW_LISTENER, SYS_getpgrp, SECCOMP_RET_USER_NOTIF);
	NEED(fd >= 0);
	close(fd);
	say(k, 1);
}

CASE(report_events_stock, "a task that uses nothing of ours makes no event")
{
	struct message m;
	struct genl g;
	struct kid k;
	struct nest t;

	open_as_root(&g);
	NEED(!subscribe(&g));
	while (event_next(&g, 300, &m))
		;
	kid_start(&k, plain_kid, NULL);
	CHECK_EQ(heard(&k), 1);
	CHECK_EQ(ending(kid_wait(&k)), 0);
	CHECK(!event_next(&g, 500, &m));
	NEST(&t, NESTABLE);
	CONTROL(event_next(&g, 10000, &m));
	nest_end(&t);
}

static void strict_kid(struct kid *k)
{
	no_new_privs();
	NEED(!filter(0, SYS_getpgrp, DENY));
	NEED(!prctl(PR_SET_SECCOMP, 1, 0, 0, 0));
	say(k, 1);
	raw(SYS_getuid);
}

CASE(report_events_strict, "strict mode after filters, and that it has killed")
{
	struct message m;
	struct genl g;
	struct kid k;

	open_as_root(&g);
	NEED(!subscribe(&g));
	kid_start(&k, strict_kid, NULL);
	CHECK_EQ(heard(&k), 1);
	event_wait(&g, EVENT(FILTER), &m);
	of_task(&m, k.pid);
	CHECK_EQ(m.num[ATTR(FLAGS)], FILTER(STRICT));
	CONTROL_EQ(ending(kid_wait(&k)), SIGNALED(SIGKILL));
	event_wait(&g, EVENT(STRICT_KILL), &m);
	of_task(&m, k.pid);
	CHECK_EQ(m.num[ATTR(VALUE)], SYS_getuid);
}

CASE(report_events_redirect, "pins and redirects are events")
{
	struct seccomp_notif_resp_redirect r = {
		.flags = SECCOMP_REDIRECT_FLAG_CONTINUE, .args_mask = 1,
	};
	struct captive c;
	struct message m;
	struct notice n;
	struct sealed s;
	struct genl g;

	need_redirect();
	open_as_root(&g);
	NEED(!subscribe(&g));
	sealed_pages(&s, 1);
	captive_new(&c);
	captive_pin_all(&c, &s);
	event_wait(&g, EVENT(PIN), &m);
	of_task(&m, c.k.pid);
	CHECK_EQ(m.num[ATTR(VALUE)], PAGE);
	captive_trap(&c, MAIN, &n);
	r.id = n.id;
	CONTROL_EQ(send_redirect(c.listener, &r), 0);
	event_wait(&g, EVENT(REDIRECT), &m);
	of_task(&m, c.k.pid);
	CHECK_EQ(m.num[ATTR(VALUE)], SYS_getppid);
	heard(&c.task[MAIN]);
	captive_end(&c);
	event_wait(&g, EVENT(PIN_GONE), &m);
	sealed_free(&s);
}

CASE(report_events_clone, "a clone is an event")
{
	struct message m;
	struct genl g;
	struct nest t;
	pid_t pid;
	int fd;

	open_as_root(&g);
	NEED(!subscribe(&g));
	NEST(&t, 0);
	pid = fork();
	NEED(pid >= 0);
	if (!pid) {
		fd = syscall(SYS_pidfd_open, t.k.pid, 0);
		_exit(raw(SYS_seccomp, SECCOMP_CLONE_FILTER, 0, &fd) != 0);
	}
	event_wait(&g, EVENT(CLONE), &m);
	of_task(&m, pid);
	CHECK_EQ(m.num[ATTR(VALUE)], t.k.pid);
	NEED(waitpid(pid, NULL, 0) == pid);
	CONTROL_EQ(proc_status(t.k.pid, "Seccomp"), 2);
	nest_end(&t);
}

/* A task with a filter takes its own chain, which changes nothing. */
static int self_to_clone(void)
{
	int fd = syscall(SYS_pidfd_open, getpid(), 0);

	NEED(fd >= 0);
	no_new_privs();
	NEED(!filter(0, SYS_getpgrp, DENY));
	return fd;
}

static void clone_self_once(int fd)
{
	NEED(!raw(SYS_seccomp, SECCOMP_CLONE_FILTER, 0, &fd));
}

static void self_kid(struct kid *k)
{
	int fd = self_to_clone();

	clone_self_once(fd);
	clone_self_once(fd);
	say(k, 0);
}

static void clone_kid(struct kid *k)
{
	int fd = *(const int *)k->arg;

	say(k, raw(SYS_seccomp, SECCOMP_CLONE_FILTER, 0, &fd));
}

CASE(report_events_clone_same, "a clone that changes nothing is none")
{
	struct message m;
	uint64_t before;
	struct kid k;
	struct genl g;
	struct nest t;

	open_as_root(&g);
	before = counted(&g, EVENT(CLONE));
	NEED(!subscribe(&g));
	kid_start(&k, self_kid, NULL);
	CONTROL_EQ(heard(&k), 0);
	kid_wait(&k);
	NEST(&t, 0);
	kid_start(&k, clone_kid, &t.k.pidfd);
	CONTROL_EQ(heard(&k), 0);
	kid_wait(&k);
	event_wait(&g, EVENT(CLONE), &m);
	of_task(&m, k.pid);
	CHECK(!event_next(&g, 300, &m) || m.num[ATTR(EVENT)] != EVENT(CLONE));
	genl_close(&g);
	NEED(genl_open(&g));
	CHECK_EQ(counted(&g, EVENT(CLONE)), before + 1);
	nest_end(&t);
}

/* An operation that fails, and changes nothing. */
static void refuse_once(void)
{
	NEED(raw(SYS_seccomp, SECCOMP_CLONE_FILTER, 1, NULL) == -EINVAL);
}

CASE(report_events_refused, "what is refused is an event, with its errno")
{
	struct message m;
	struct genl g;

	open_as_root(&g);
	NEED(!subscribe(&g));
	CONTROL(!event_next(&g, 300, &m));
	refuse_once();
	event_wait(&g, EVENT(REFUSED), &m);
	of_task(&m, getpid());
	CHECK_EQ(m.num[ATTR(VALUE)], SECCOMP_CLONE_FILTER);
	CHECK_EQ(m.num[ATTR(ERROR)], EINVAL);
}

#define MANY 5000

CASE_SLOW(report_events_lost, "no event is lost without being counted", 3)
{
	uint64_t given = 0, lost = 0, before;
	int small = 16384;
	struct message m;
	struct genl g;
	int i;

	open_as_root(&g);
	NEED(!setsockopt(g.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)));
	NEED(!subscribe(&g));
	before = counted(&g, EVENT(REFUSED));
	for (i = 0; i < MANY; i++)
		refuse_once();
	/* Deliveries into a full socket. */
	pause_ms(500);
	while (given + lost < MANY && event_next(&g, 3000, &m)) {
		if (m.num[ATTR(EVENT)] == EVENT(LOST))
			lost += m.num[ATTR(VALUE)];
		else if (m.num[ATTR(EVENT)] == EVENT(REFUSED))
			given++;
	}
	CHECK_EQ(given + lost, MANY);
	CONTROL(given && lost);
	CHECK(!event_next(&g, 500, &m));
	CHECK_EQ(counted(&g, EVENT(REFUSED)), before + MANY);
}

#define BURSTS	5
/* Of each flooder: the ring holds fewer, and the socket all of them. */
#define BURST	2000
#define FLOODERS 3

static void flooding_kid(struct kid *k)
{
	long go;
	int i;

	for (;;) {
		hear(k, &go);
		for (i = 0; i < BURST; i++)
			refuse_once();
		say(k, 1);
	}
}

static void self_cloning_kid(struct kid *k)
{
	int fd = self_to_clone();
	long go;
	int i;

	for (;;) {
		hear(k, &go);
		for (i = 0; i < BURST; i++)
			clone_self_once(fd);
		say(k, 1);
	}
}

/* Reads what there is: was TASK killed; adds up what was lost. */
static bool drain_finds_kill(struct genl *g, pid_t task, uint64_t *lost)
{
	struct message m;
	bool found = false;

	while (event_next(g, 1000, &m)) {
		if (m.num[ATTR(EVENT)] == EVENT(LOST))
			*lost += m.num[ATTR(VALUE)];
		else if (m.num[ATTR(EVENT)] == EVENT(STRICT_KILL))
			found |= m.num[ATTR(TASK)] == (uint64_t)task;
	}
	return found;
}

/* It is killed while the ring is full. */
static pid_t killed_in_flood(struct kid flooder[FLOODERS])
{
	struct kid strict;
	int i;

	for (i = 0; i < FLOODERS; i++)
		say(&flooder[i], 1);
	kid_start(&strict, strict_kid, NULL);
	CHECK_EQ(heard(&strict), 1);
	CHECK_EQ(ending(kid_wait(&strict)), SIGNALED(SIGKILL));
	return strict.pid;
}

CASE_SLOW(report_events_flood, "a flood hides nothing that is rare, and holds up nobody", 3)
{
	struct kid flooder[FLOODERS];
	int large = 8 << 20;
	struct genl g, other;
	uint64_t lost = 0;
	pid_t killed;
	int i, n;

	open_as_root(&g);
	NEED(!setsockopt(g.fd, SOL_SOCKET, SO_RCVBUFFORCE, &large,
			 sizeof(large)));
	NEED(!subscribe(&g));
	kid_start(&flooder[0], self_cloning_kid, NULL);
	for (i = 1; i < FLOODERS; i++)
		kid_start(&flooder[i], flooding_kid, NULL);
	for (n = 0; n < BURSTS; n++) {
		killed = killed_in_flood(flooder);
		/* Closing a socket waits for the delivery. */
		for (i = 0; i < 4; i++) {
			NEED(genl_open(&other));
			CHECK_EQ(subscribe(&other), 0);
			genl_close(&other);
		}
		for (i = 0; i < FLOODERS; i++)
			CHECK_EQ(heard(&flooder[i]), 1);
		CHECK(drain_finds_kill(&g, killed, &lost));
	}
	CONTROL(lost > 0);
	for (i = 0; i < FLOODERS; i++)
		kid_kill(&flooder[i]);
}

#define SUBSCRIBERS_MAX 32

CASE(report_subscribers, "there is a limit to subscribers, and they go")
{
	struct genl ask, g[SUBSCRIBERS_MAX + 1];
	uint64_t before;
	int i, n;

	/* Not a subscriber: others' events could be too many for one. */
	open_as_root(&ask);
	before = status_num(&ask, ATTR(SUBSCRIBERS));
	n = SUBSCRIBERS_MAX - before;
	for (i = 0; i < n; i++) {
		NEED(genl_open(&g[i]));
		CHECK_EQ(subscribe(&g[i]), 0);
	}
	NEED(genl_open(&g[n]));
	CHECK_EQ(subscribe(&g[n]), -ENOSPC);
	genl_close(&g[1]);
	CHECK_EQ(status_num(&ask, ATTR(SUBSCRIBERS)), SUBSCRIBERS_MAX - 1);
	CHECK_EQ(subscribe(&g[n]), 0);
	CONTROL_EQ(status_num(&ask, ATTR(SUBSCRIBERS)), SUBSCRIBERS_MAX);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random chains, once as the kernel judges them and once with overlay state
 * that must not matter: every call has to come to the same.
 *
 * OVERLAY_TEST_SEED reproduces a run, OVERLAY_TEST_CALLS is how many calls.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "twin.h"

static void tell(const char *who, const struct outcome *o)
{
	const struct report *r = &o->report;

	diag("%s: ret %ld, %d signals (%d code %d errno %d nr %d arch %#x addr %#lx rax %#lx)",
	     who, r->ret, r->signals, r->signo, r->code, r->err, r->nr,
	     r->arch, r->addr, r->rax);
	diag("%s: died %d, status %#x, thread %#x, %d traces (first: nr %d data %lu), %d notices (first: nr %d arch %#x)",
	     who, o->died, o->status, o->thread_status, o->traces,
	     o->trace[0].nr, o->trace[0].data, o->notices, o->notice[0].nr,
	     o->notice[0].arch);
}

static bool same(const struct outcome *a, const struct outcome *b)
{
	return !memcmp(a, b, sizeof(*a));
}

struct tally {
	unsigned int calls;
	unsigned int different;
	unsigned int ran;
	unsigned int failed;
	unsigned int trapped;
	unsigned int died;
	unsigned int cores;
	unsigned int traces;
	unsigned int notices;
	unsigned int ia32;
	unsigned int x32;
	unsigned int logged;
};

static void count(struct tally *t, const struct gen_call *c,
		  const struct outcome *o)
{
	t->calls++;
	t->ran += !o->died && !o->report.signals && o->report.ret >= 0;
	t->failed += !o->died && !o->report.signals && o->report.ret < 0;
	t->trapped += o->report.signals;
	t->died += o->died;
	t->cores += o->died && WIFSIGNALED(o->status) && WCOREDUMP(o->status);
	t->traces += o->traces;
	t->notices += o->notices;
	t->ia32 += c->mode == GEN_IA32;
	t->x32 += c->nr > 0 && c->nr & X32_BIT;
}

static void tell_tally(const struct tally *t)
{
	diag("%u calls: %u ran, %u failed, %u signals, %u deaths (%u cores)",
	     t->calls, t->ran, t->failed, t->trapped, t->died, t->cores);
	diag("%u traced, %u asked, %u 32-bit, %u x32; %u different", t->traces,
	     t->notices, t->ia32, t->x32, t->different);
}

/* What the kernel logs */

struct log {
	int fd;
	size_t len[2];
	char text[2][1 << 16];
};

static void log_start(struct log *l)
{
	l->len[0] = l->len[1] = 0;
	lseek(l->fd, 0, SEEK_END);
}

static bool is_of(const char *line, const struct side *s)
{
	char who[32];
	int i;

	for (i = 0; i < s->pids; i++) {
		snprintf(who, sizeof(who), " pid=%d ", s->pid[i]);
		if (strstr(line, who))
			return true;
	}
	return false;
}

/* Signal, architecture, number, address and action. */
static void log_line(struct log *l, const char *line, const struct side *s,
		     int i)
{
	const char *what = strstr(line, " sig=");

	if (!what || !strstr(line, "type=1326") || !is_of(line, s))
		return;
	NEED(l->len[i] + strlen(what) < sizeof(l->text[i]));
	l->len[i] += sprintf(l->text[i] + l->len[i], "%.*s\n",
			     (int)strcspn(what, "\n"), what);
}

/* It comes some time after the call. */
static void log_collect(struct log *l, const struct side *a,
			const struct side *b)
{
	char line[8192];
	int idle = 0;
	ssize_t n;

	while (idle < 4) {
		n = read(l->fd, line, sizeof(line) - 1);
		NEED(n >= 0 || errno == EAGAIN || errno == EPIPE);
		if (n < 0) {
			idle++;
			pause_ms(15);
			continue;
		}
		idle = 0;
		line[n] = 0;
		log_line(l, line, a, 0);
		log_line(l, line, b, 1);
	}
}

static unsigned int lines(const char *text)
{
	unsigned int n = 0;

	while ((text = strchr(text, '\n'))) {
		text++;
		n++;
	}
	return n;
}

struct run {
	uint64_t seed;
	unsigned int calls;
	bool ia32;
	const char *dir;
	bool quiet;
	struct log *log;
	struct tally tally;
};

static void compare_call(struct run *run, struct side *a, struct side *b,
			 const struct gen_call *c)
{
	static struct outcome x, y;

	side_call(a, c, &x);
	side_call(b, c, &y);
	count(&run->tally, c, &x);
	if (same(&x, &y))
		return;
	run->tally.different++;
	if (run->quiet || run->tally.different > 3)
		return;
	diag("seed %lu: call %u, %s nr %ld, args %lx %lx %lx %lx %lx %lx",
	     run->seed, run->tally.calls,
	     c->mode == GEN_IA32 ? "32-bit" : "native", c->nr, c->arg[0],
	     c->arg[1], c->arg[2], c->arg[3], c->arg[4], c->arg[5]);
	diag("chain of %d, listener %d%s%s%s; against %s", a->plan.chain->n,
	     a->plan.chain->listener, a->plan.chain->traced ? ", traced" : "",
	     a->plan.chain->threaded ? ", a thread" : "",
	     a->plan.chain->cores ? ", with cores" : "",
	     twin_name(b->plan.twin));
	tell("plain", &x);
	tell("other", &y);
}

static void tell_first_difference(const char *x, const char *y)
{
	size_t len;

	while ((len = strcspn(x, "\n")) == strcspn(y, "\n") && *x &&
	       !strncmp(x, y, len)) {
		x += len + 1;
		y += len + 1;
	}
	diag("plain:%.*s", (int)len, x);
	diag("other:%.*s", (int)strcspn(y, "\n"), y);
}

static void compare_logs(struct run *run, const struct side *a,
			 const struct side *b)
{
	struct log *l = run->log;

	log_collect(l, a, b);
	l->text[0][l->len[0]] = 0;
	l->text[1][l->len[1]] = 0;
	run->tally.logged += lines(l->text[0]);
	if (!strcmp(l->text[0], l->text[1]))
		return;
	run->tally.different++;
	diag("seed %lu, after %u calls, chain of %d against %s: logs differ",
	     run->seed, run->tally.calls, a->plan.chain->n,
	     twin_name(b->plan.twin));
	tell_first_difference(l->text[0], l->text[1]);
}

static void compare_chain(struct run *run, struct rng *r, enum twin twin)
{
	static struct gen_chain chain;
	struct side a = { .plan = { .chain = &chain, .twin = PLAIN } };
	struct side b = { .plan = { .chain = &chain, .twin = twin } };
	struct gen_call call;
	int i;

	gen_chain(&chain, r, run->ia32);
	a.plan.dir = b.plan.dir = run->dir;
	if (run->log)
		log_start(run->log);
	for (i = 0; i < CALLS_A_CHAIN && run->tally.calls < run->calls; i++) {
		gen_call(&call, &chain, r, run->ia32);
		compare_call(run, &a, &b, &call);
	}
	side_stop(&a);
	side_stop(&b);
	if (run->log)
		compare_logs(run, &a, &b);
}

static void run_start(struct run *run, unsigned int calls)
{
	memset(run, 0, sizeof(*run));
	run->seed = gen_seed();
	run->calls = calls;
	run->ia32 = have_ia32();
	diag("OVERLAY_TEST_SEED=%lu", run->seed);
	await_children();
}

/* Cores go to a directory of their own. */
static const char *core_dir(void)
{
	static char dir[] = "/tmp/overlay-test-XXXXXX";

	if (geteuid() ||
	    !sysctl_for_case("/proc/sys/kernel/core_pattern", "core"))
		return NULL;
	return mkdtemp(dir);
}

static void core_dir_remove(const char *dir)
{
	char command[128];

	if (!dir)
		return;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	if (system(command))
		diag("%s is left", dir);
}

static enum twin some_twin(struct rng *r)
{
	return 1 + rng_below(r, TWINS - 1);
}

CASE_SLOW(differential, "overlay state that must not matter does not", 60)
{
	struct run run;
	unsigned int i;

	need_nested();
	need_sequential();
	run_start(&run, gen_count(20000));
	run.dir = core_dir();
	for (i = 0; run.tally.calls < run.calls; i++) {
		struct rng r = rng_of(run.seed, i);
		enum twin twin = some_twin(&r);

		compare_chain(&run, &r, twin);
	}
	core_dir_remove(run.dir);
	tell_tally(&run.tally);
	CHECK_EQ(run.tally.different, 0);
	CONTROL(run.tally.ran + run.tally.failed > 0);
	/* Of these any may be missing from a few. */
	if (run.tally.calls >= 500)
		CONTROL(run.tally.ran && run.tally.failed &&
			run.tally.trapped && run.tally.died &&
			run.tally.traces && run.tally.notices);
}

CASE_SLOW(differential_notices, "the comparison tells chains that differ", 12)
{
	unsigned int calls = scaled(5000), i;
	struct run run;

	run_start(&run, calls);
	run.quiet = true;
	for (i = 0; run.tally.calls < run.calls; i++) {
		struct rng r = rng_of(run.seed, i);

		compare_chain(&run, &r, MUTANT);
	}
	tell_tally(&run.tally);
	CHECK(run.tally.different > 0);
	/* And finds none between a chain and itself. */
	memset(&run.tally, 0, sizeof(run.tally));
	run.quiet = false;
	for (i = 0; run.tally.calls < run.calls; i++) {
		struct rng r = rng_of(run.seed, i);

		compare_chain(&run, &r, PLAIN);
	}
	CONTROL_EQ(run.tally.different, 0);
}

/* Logs */

#define ACTIONS_LOGGED "/proc/sys/kernel/seccomp/actions_logged"

static void compare_logged(void)
{
	static struct log log;
	struct run run;
	unsigned int i;

	log.fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (log.fd < 0)
		skip("no /dev/kmsg");
	run_start(&run, scaled(3000));
	run.log = &log;
	for (i = 0; run.tally.calls < run.calls; i++) {
		struct rng r = rng_of(run.seed, i);
		enum twin twin = some_twin(&r);

		compare_chain(&run, &r, twin);
	}
	tell_tally(&run.tally);
	diag("%u lines in the log", run.tally.logged);
	CHECK_EQ(run.tally.different, 0);
	CONTROL(run.tally.logged > 0);
}

CASE_SLOW(differential_log, "and leaves the same in the kernel's log", 30)
{
	need_root();
	need_nested();
	need_sequential();
	if (!sysctl_for_case(RATE_LIMIT, "0"))
		skip("no " RATE_LIMIT);
	compare_logged();
}

CASE_SLOW(differential_log_some, "also where only some actions are logged", 30)
{
	char limit[32];

	need_root();
	need_nested();
	need_sequential();
	if (!read_line(RATE_LIMIT, limit, sizeof(limit)))
		skip("no " RATE_LIMIT);
	NEED(sysctl_for_case(ACTIONS_LOGGED, "kill_thread errno trace"));
	NEED(write_text(RATE_LIMIT, "0"));
	compare_logged();
	write_text(RATE_LIMIT, limit);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * overlay-seccomp-test: the runner.
 *
 * Each case gets a process group, its output goes to a memfd, and its verdict
 * comes from a shared page that its helper processes write to as well. What a
 * case leaves behind is killed before the next one starts.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/overlay_seccomp.h>

#include "cases.h"
#include "harness.h"
#include "raw.h"

#define TIMEOUT_MS 10000
#define MAX_ONLY 64
#define MAX_OUTPUT (64 * 1024)

enum {
	EXIT_PASSED = 0,
	EXIT_SOME_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_SKIPPED = 77,
};

enum outcome { OUTCOME_OK, OUTCOME_NOT_OK, OUTCOME_SKIP };

struct verdict {
	atomic_int checks;
	atomic_int controls;
	atomic_int failed;
	atomic_int skipped;
	char reason[256];
	char undo_path[128];
	char undo_value[160];		/* as long as a core_pattern */
};

static struct verdict *verdict;
static struct test_case *cases;
static struct test_case **cases_end = &cases;
static const char *only[MAX_ONLY];
static int only_count;
static double timeout_scale = 1;

void case_add(struct test_case *c)
{
	*cases_end = c;
	cases_end = &c->next;
}

/* The first reason stands: later ones follow from it. */
static void fail(const char *fmt, ...)
{
	va_list ap;

	if (atomic_fetch_add(&verdict->failed, 1))
		return;
	va_start(ap, fmt);
	vsnprintf(verdict->reason, sizeof(verdict->reason), fmt, ap);
	va_end(ap);
}

static void count(enum kind kind)
{
	if (kind == KIND_CHECK)
		atomic_fetch_add(&verdict->checks, 1);
	else
		atomic_fetch_add(&verdict->controls, 1);
}

static const char *kind_name(enum kind kind)
{
	return kind == KIND_CHECK ? "check" : "control";
}

static void give_up(void) __attribute__((noreturn));
static void give_up(void)
{
	fflush(NULL);
	_exit(1);
}

void hold(const struct place *p, bool cond)
{
	count(p->kind);
	if (cond)
		return;
	fail("%s:%d: %s failed: %s", p->file, p->line, kind_name(p->kind),
	     p->expr);
	give_up();
}

/* bullseye's libc knows only what they mean. */
#if __GLIBC_PREREQ(2, 32)
#define errno_name(err) strerrorname_np(err)
#else
#define errno_name(err) strerror(err)
#endif

static const char *as_errno(long v)
{
	return v < 0 && v > -4096 ? errno_name(-v) : NULL;
}

static void describe(char *to, size_t size, long v)
{
	const char *name = as_errno(v);

	if (name)
		snprintf(to, size, "%ld (-%s)", v, name);
	else
		snprintf(to, size, "%ld", v);
}

void hold_eq(const struct place *p, long is, long want)
{
	char is_text[32], want_text[32];

	count(p->kind);
	if (is == want)
		return;
	describe(is_text, sizeof(is_text), is);
	describe(want_text, sizeof(want_text), want);
	fail("%s:%d: %s failed: %s is %s, not %s", p->file, p->line,
	     kind_name(p->kind), p->expr, is_text, want_text);
	give_up();
}

void broken(const char *file, int line, const char *expr)
{
	/* After a skip of a helper process this is what follows from it. */
	if (!atomic_load(&verdict->skipped))
		fail("%s:%d: could not set up: %s (%s)", file, line, expr,
		     strerror(errno));
	give_up();
}

long must(const char *file, int line, const char *expr, long result)
{
	if (result >= 0)
		return result;
	errno = -result;
	broken(file, line, expr);
}

void skip(const char *fmt, ...)
{
	va_list ap;

	if (!atomic_load(&verdict->failed)) {
		va_start(ap, fmt);
		vsnprintf(verdict->reason, sizeof(verdict->reason), fmt, ap);
		va_end(ap);
		atomic_store(&verdict->skipped, 1);
	}
	give_up();
}

void diag(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

const char *harness_reason(void)
{
	return verdict->reason;
}

bool harness_skipped(void)
{
	return atomic_load(&verdict->skipped);
}

void harness_forget(void)
{
	memset(verdict, 0, sizeof(*verdict));
}

static double from_env(const char *name, double fallback)
{
	const char *text = getenv(name);
	char *end;
	double v;

	if (!text || !*text)
		return fallback;
	v = strtod(text, &end);
	return *end || v <= 0 ? fallback : v;
}

unsigned int scaled(unsigned int n)
{
	double v = n * from_env("OVERLAY_TEST_SCALE", 0.1);

	return v < 1 ? 1 : (unsigned int)v;
}

static bool read_text(const char *path, char *to, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, to, size - 1);
	close(fd);
	if (n < 0)
		return false;
	to[n] = 0;
	return true;
}

bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return ok;
}

bool sysctl_for_case(const char *path, const char *value)
{
	if (!verdict->undo_path[0]) {
		if (!read_text(path, verdict->undo_value,
			       sizeof(verdict->undo_value)))
			return false;
		snprintf(verdict->undo_path, sizeof(verdict->undo_path), "%s",
			 path);
	}
	return write_text(path, value);
}

/* Orphans come to us, since we are their subreaper; kill those as well. */
static void kill_orphans(void)
{
	char path[64], text[4096];
	char *at, *end;
	long pid;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	if (!read_text(path, text, sizeof(text)))
		return;
	for (at = text; (pid = strtol(at, &end, 10)) > 0; at = end)
		kill(pid, SIGKILL);
}

long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* False: something of the case cannot be killed. */
static bool sweep(pid_t group)
{
	long long until = now_ms() + (long long)(5000 * timeout_scale);
	const struct timespec pause = { .tv_nsec = 2000000 };

	while (now_ms() < until) {
		kill(-group, SIGKILL);
		kill_orphans();
		while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
			;
		if (waitpid(-1, NULL, WNOHANG | __WALL) < 0 && errno == ECHILD)
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

static int run_case(const struct test_case *c, int out)
	__attribute__((noreturn));
static int run_case(const struct test_case *c, int out)
{
	int null = open("/dev/null", O_RDONLY);

	/* Not a sanitizer's handlers: cases tell deaths by their signal. */
	signal(SIGSEGV, SIG_DFL);
	signal(SIGILL, SIG_DFL);
	setpgid(0, 0);
	if (null >= 0)
		dup2(null, 0);
	dup2(out, 1);
	dup2(out, 2);
	c->run();
	fflush(NULL);
	_exit(0);
}

/* Wait for PID until the time is over; false: it is. */
static bool wait_case(pid_t pid, const struct test_case *c, int *status)
{
	long long ms = (long long)(TIMEOUT_MS * c->slow * timeout_scale);
	long long until = now_ms() + ms;
	struct pollfd p = { .events = POLLIN };
	long long left;

	p.fd = syscall(SYS_pidfd_open, pid, 0);
	if (p.fd < 0)
		return false;
	while ((left = until - now_ms()) > 0 && poll(&p, 1, left) <= 0)
		;
	close(p.fd);
	return waitpid(pid, status, WNOHANG) == pid;
}

static enum outcome judge(int status)
{
	if (WIFSIGNALED(status))
		fail("crashed: %s", strsignal(WTERMSIG(status)));
	if (atomic_load(&verdict->failed))
		return OUTCOME_NOT_OK;
	if (atomic_load(&verdict->skipped))
		return OUTCOME_SKIP;
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail("ended with status %#x", status);
	else if (!atomic_load(&verdict->checks))
		fail("checked nothing");
	else if (!atomic_load(&verdict->controls))
		fail("has no control");
	else
		return OUTCOME_OK;
	return OUTCOME_NOT_OK;
}

static enum outcome one_case(const struct test_case *c, int out)
{
	enum outcome result;
	int status = 0;
	pid_t pid;

	harness_forget();
	fflush(NULL);
	pid = fork();
	if (!pid)
		run_case(c, out);
	if (pid < 0) {
		fail("fork: %s", strerror(errno));
		return OUTCOME_NOT_OK;
	}
	setpgid(pid, pid);
	if (!wait_case(pid, c, &status))
		fail("timed out after %g s",
		     TIMEOUT_MS * c->slow * timeout_scale / 1000);
	result = judge(status);
	if (!sweep(pid)) {
		fail("left a process that cannot be killed");
		result = OUTCOME_NOT_OK;
	}
	if (verdict->undo_path[0])
		write_text(verdict->undo_path, verdict->undo_value);
	return result;
}

static void print_result(unsigned int n, const char *name, enum outcome o)
{
	if (o == OUTCOME_OK)
		printf("ok %u %s\n", n, name);
	else if (o == OUTCOME_SKIP)
		printf("ok %u %s # SKIP %s\n", n, name, verdict->reason);
	else
		printf("not ok %u %s # %s\n", n, name, verdict->reason);
}

static void print_output(int out)
{
	static char text[MAX_OUTPUT];
	ssize_t n = pread(out, text, sizeof(text) - 1, 0);
	char *line, *save = NULL;

	if (n <= 0)
		return;
	text[n] = 0;
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		printf("#   %s\n", line);
}

static bool named(const char *name)
{
	int i;

	for (i = 0; i < only_count; i++)
		if (!fnmatch(only[i], name, 0))
			return true;
	return !only_count;
}

static bool selected(const struct test_case *c)
{
	return named(c->name);
}

static unsigned int count_selected(void)
{
	const struct test_case *c;
	unsigned int n = 0;

	for (c = cases; c; c = c->next)
		n += selected(c);
	return n;
}

static int run_all(void)
{
	unsigned int n = 0, counts[3] = { 0 };
	const struct test_case *c;
	enum outcome o;
	int out;

	for (c = cases; c; c = c->next) {
		if (!selected(c))
			continue;
		out = memfd_create("output", MFD_CLOEXEC);
		o = one_case(c, out);
		counts[o]++;
		print_result(++n, c->name, o);
		print_output(out);
		fflush(stdout);
		close(out);
	}
	printf("# Totals: pass:%u fail:%u xfail:0 xpass:0 skip:%u error:0\n",
	       counts[OUTCOME_OK], counts[OUTCOME_NOT_OK],
	       counts[OUTCOME_SKIP]);
	return counts[OUTCOME_NOT_OK] ? EXIT_SOME_FAILED : EXIT_PASSED;
}

static int usage(FILE *to, int status)
{
	fputs("usage: overlay-seccomp-test [options]\n"
	      "Tests the loaded overlay_seccomp module and prints TAP.\n"
	      "\n"
	      "  -b, --bench            measure what calls cost, in ns\n"
	      "  -c, --count            in time stamps: in an emulator that\n"
	      "                         counts instructions, instructions\n"
	      "  -s, --state STATE      of the module: found, armed, crowd\n"
	      "  -l, --list             print the names of the cases\n"
	      "  -o, --only NAME        run only these (a glob, repeatable)\n"
	      "  -t, --timeout-scale N  multiply every time-out by N\n"
	      "  -h, --help             print this\n"
	      "\n"
	      "OVERLAY_TEST_TIMEOUT_SCALE  as --timeout-scale\n"
	      "OVERLAY_TEST_SCALE          of the full counts (default 0.1)\n"
	      "\n"
	      "Exit status: 0 all passed, 1 some failed, 2 usage,\n"
	      "77 the module is not loaded. Most cases need root.\n", to);
	return status;
}

static int list(void)
{
	const struct test_case *c;

	for (c = cases; c; c = c->next)
		if (selected(c))
			printf("%s\t%s\n", c->name, c->text);
	return EXIT_PASSED;
}

/* 0, or the errno of the question what the module offers. */
static int ask_module(void)
{
	struct seccomp_overlay_info info = { .size = sizeof(info) };

	return syscall(SYS_seccomp, SECCOMP_GET_OVERLAY_INFO, 0, &info) ?
		errno : 0;
}

static bool prepare(void)
{
	verdict = mmap(NULL, sizeof(*verdict), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return verdict != MAP_FAILED;
}

static int measure(const char *state)
{
	if (!prepare()) {
		perror("overlay-seccomp-test: mmap");
		return EXIT_SOME_FAILED;
	}
	return bench_main(state, !ask_module(), named);
}

static int start(void)
{
	int err = ask_module();

	printf("TAP version 13\n");
	if (err == EINVAL || err == ENOSYS) {
		printf("1..0 # SKIP no module\n");
		return EXIT_SKIPPED;
	}
	printf("1..%u\n", count_selected());
	if (err) {
		printf("Bail out! SECCOMP_GET_OVERLAY_INFO: %s\n",
		       strerror(err));
		return EXIT_SOME_FAILED;
	}
	if (!prepare()) {
		printf("Bail out! mmap: %s\n", strerror(errno));
		return EXIT_SOME_FAILED;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	return run_all();
}

static bool parse_scale(const char *text)
{
	char *end;
	double v = strtod(text, &end);

	if (end == text || *end || v <= 0)
		return false;
	timeout_scale = v;
	return true;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "bench", no_argument, NULL, 'b' },
		{ "count", no_argument, NULL, 'c' },
		{ "state", required_argument, NULL, 's' },
		{ "list", no_argument, NULL, 'l' },
		{ "only", required_argument, NULL, 'o' },
		{ "timeout-scale", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	bool list_only = false, bench = false;
	const char *state = NULL;
	int c;

	timeout_scale = from_env("OVERLAY_TEST_TIMEOUT_SCALE", 1);
	while ((c = getopt_long(argc, argv, "bcs:lo:t:h", options, NULL)) != -1) {
		if (c == 'b')
			bench = true;
		else if (c == 'c')
			count_instructions = true;
		else if (c == 's' && bench_state_known(optarg))
			state = optarg;
		else if (c == 'l')
			list_only = true;
		else if (c == 'o' && only_count < MAX_ONLY)
			only[only_count++] = optarg;
		else if (c == 'h')
			return usage(stdout, EXIT_PASSED);
		else if (c != 't' || !parse_scale(optarg))
			return usage(stderr, EXIT_USAGE);
	}
	if (optind < argc)
		return usage(stderr, EXIT_USAGE);
	if (!bench && (count_instructions || state))
		return usage(stderr, EXIT_USAGE);
	if (!(bench ? bench_list(named, list_only) : count_selected())) {
		fputs("overlay-seccomp-test: no such case\n", stderr);
		return EXIT_USAGE;
	}
	if (bench)
		return list_only ? EXIT_PASSED : measure(state);
	return list_only ? list() : start();
}

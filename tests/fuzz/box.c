// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "box.h"
#include "module.h"
#include "ops.h"

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif
#define SYS_close_range_everywhere 436

/* Patience, in milliseconds: with one who may wait for another; with others. */
#define PATIENCE_WAITS	6
#define PATIENCE	250
#define PATIENCE_BEGIN	2000
#define PATIENCE_END	30
#define LIMIT_BOX	20000
#define LIMIT_DEATH	120000

#define STACK_SIZE	(64 * 1024)

static void at_fixed_place(int fd, int place, int flags)
{
	if (fd < 0 || dup3(fd, place, flags) < 0)
		err(2, "a file at its place");
	close(fd);
}

static void make_scratch(void)
{
	struct scratch_text *text = (void *)SCRATCH_TEXT;

	if (mmap((void *)SCRATCH_AT, SCRATCH_SIZE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		err(2, "scratch memory");
	snprintf(text->null, sizeof(text->null), "/dev/null");
	snprintf(text->zero, sizeof(text->zero), "/dev/zero");
	snprintf(text->none, sizeof(text->none), "/nothing");
	text->argv[0] = TEXT(null);
	text->moment.nsec = 3000000;
	mprotect((void *)SCRATCH_TEXT, PAGE, PROT_READ);
	munmap((void *)SCRATCH_HOLE, 2 * PAGE);
}

static void map_stage(void)
{
	if (mmap((void *)STAGE_AT, sizeof(*stage), PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED, FD_STAGE, 0) == MAP_FAILED)
		err(2, "shared memory");
}

void box_open(void)
{
	int fd = memfd_create("stage", 0);

	if (fd < 0 || ftruncate(fd, sizeof(*stage)))
		err(2, "shared memory");
	at_fixed_place(fd, FD_STAGE, 0);
	at_fixed_place(open("/proc/self/exe", O_PATH | O_CLOEXEC), FD_SELF, 0);
	at_fixed_place(open("/dev/null", O_RDWR | O_CLOEXEC), FD_NULL, 0);
	map_stage();
	make_scratch();
}

void box_resume(char **argv)
{
	map_stage();
	make_scratch();
	actor_resume(argv);
}

/* In the box: its first process. */

struct box {
	const struct program *p;
	int behind[ACTORS_MAX];		/* operations that have not ended */
	int begun;			/* actors that have */
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000UL + t.tv_nsec / 1000000;
}

static void make_pipes(void)
{
	int i, fds[2];

	for (i = 0; i <= ACTORS_MAX; i++) {
		if (pipe(fds))
			leave();
		at_fixed_place(fds[0], i < ACTORS_MAX ? FD_QUEUE_READ + i :
			       FD_DONE_READ, 0);
		at_fixed_place(fds[1], i < ACTORS_MAX ? FD_QUEUE_WRITE + i :
			       FD_DONE_WRITE, 0);
	}
}

/* What it has of the fuzzer's. */
static void close_files(void)
{
	int i;

	syscall(SYS_close_range_everywhere, 3, FD_FIRST - 1, 0);
	syscall(SYS_close_range_everywhere, FD_LAST + 1, ~0U, 0);
	for (i = 0; i < 3; i++)
		dup2(FD_NULL, i);
}

static int actor_main(void *arg)
{
	actor_run((long)arg);
}

static void make_others(const struct program *p)
{
	static char stacks[ACTORS_MAX][STACK_SIZE] __attribute__((aligned(16)));
	static const int flags[ORIGINS] = {
		[ORIGIN_FORK]	  = SIGCHLD,
		[ORIGIN_THREAD]	  = CLONE_VM | CLONE_FS | CLONE_FILES |
				    CLONE_SIGHAND | CLONE_THREAD |
				    CLONE_SYSVSEM,
		[ORIGIN_VM]	  = CLONE_VM | SIGCHLD,
		[ORIGIN_FILES]	  = CLONE_FILES | SIGCHLD,
		[ORIGIN_VM_FILES] = CLONE_VM | CLONE_FILES | SIGCHLD,
	};
	enum origin origin;
	unsigned int i;
	int more;

	for (i = 1; i < p->actors; i++) {
		origin = program_origin(p, i) % ORIGINS;
		more = p->origins >> 4 * i & ORIGIN_SIBLING &&
		       origin != ORIGIN_THREAD ? CLONE_PARENT : 0;
		clone(actor_main, stacks[i] + STACK_SIZE, flags[origin] | more,
		      (void *)(long)i);
	}
}

static void be_first_actor(const struct program *p)
{
	static const int signals[] = {
		SIGSYS, SIGUSR1, SIGALRM, SIGTERM, SIGXFSZ,
	};
	uint64_t a[ARGS_MAX] = { 0 };
	unsigned int i;

	a[1] = 1;
	for (i = 0; p->setup & SETUP_HANDLERS && i < ARRAY_SIZE(signals); i++) {
		a[0] = signals[i];
		do_signal(NULL, a);
	}
	if (p->guard)
		install_guard(p->guard);
	if (p->setup & SETUP_NO_NEW_PRIVS)
		do_nnp(NULL, NULL);
	a[0] = p->user == USER_NOBODY ? 0 : 2;
	if (p->user != USER_ROOT)
		do_user(NULL, a);
	/* Others may take its files. */
	prctl(PR_SET_DUMPABLE, 1);
	make_others(p);
	actor_run(0);
}

static void note_done(struct box *b, unsigned int byte)
{
	if (byte >= OPS_MAX)
		b->begun++;
	else if (byte < b->p->n)
		b->behind[b->p->op[byte].actor]--;
}

/* Until that operation has ended: false if it has not in time. */
static bool wait_done(struct box *b, unsigned int which, unsigned int ms)
{
	struct pollfd p = { .fd = FD_DONE_READ, .events = POLLIN };
	uint64_t end = now_ms() + ms, now = end - ms;
	unsigned char bytes[64];
	bool found = false;
	ssize_t n, i;

	while (!found && poll(&p, 1, end - now) > 0) {
		n = read(FD_DONE_READ, bytes, sizeof(bytes));
		for (i = 0; i < n; i++) {
			note_done(b, bytes[i]);
			found |= bytes[i] == which;
		}
		now = now_ms();
		if (now >= end)
			break;
	}
	return found;
}

static void do_op(struct box *b, unsigned int i)
{
	const struct op *op = &b->p->op[i];
	unsigned char at = i;
	bool behind = b->behind[op->actor];

	if (write(FD_QUEUE_WRITE + op->actor, &at, 1) != 1)
		leave();
	b->behind[op->actor]++;
	if (!behind && !op->async)
		wait_done(b, i, ops[op->kind].waits ? PATIENCE_WAITS :
						      PATIENCE);
}

static bool anybody_behind(const struct box *b)
{
	unsigned int i;

	for (i = 0; i < b->p->actors; i++)
		if (b->behind[i])
			return true;
	return false;
}

static bool all_begun(struct box *b)
{
	uint64_t end = now_ms() + PATIENCE_BEGIN;

	while (b->begun < (int)b->p->actors && now_ms() < end)
		wait_done(b, -1U, 1);
	return b->begun;
}

static void check_guard(const struct program *p, const char *name)
{
	const struct actor nobody = { .op = p->n };
	struct utsname is;

	if (p->guard && !stage->suspended && !uname(&is) &&
	    strcmp(is.nodename, name))
		complain(&nobody, COMPLAINT_GUARD);
}

static void box_main(const struct program *p)
{
	struct box b = { .p = p };
	struct utsname before;
	uint64_t end;
	unsigned int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setsid();
	close_files();
	make_pipes();
	uname(&before);
	if (!fork())
		be_first_actor(p);
	if (!all_begun(&b))
		leave();
	end = now_ms() + LIMIT_BOX / 4;
	for (i = 0; i < p->n && now_ms() < end; i++) {
		do_op(&b, i);
		waitpid(-1, NULL, WNOHANG);
	}
	end = now_ms() + PATIENCE_END;
	while (anybody_behind(&b) && now_ms() < end)
		wait_done(&b, -1U, 2);
	check_guard(p, before.nodename);
	leave();
}

/* Outside. */

static void set_stage(const struct program *p)
{
	uint16_t family = stage->family;
	bool covered = stage->covered;

	memset(stage, 0, sizeof(*stage));
	memset(stage->result, 0xff, sizeof(stage->result));
	stage->program = *p;
	stage->family = family;
	stage->covered = covered;
}

/* Will it ask for that? */
static bool may_unload(void)
{
	unsigned int i;

	for (i = 0; i < stage->program.n && i < OPS_MAX; i++)
		if (stage->program.op[i].kind == OP_UNLOAD)
			return true;
	return false;
}

static bool ends_within(int pidfd, int ms)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	uint64_t end = now_ms() + ms;

	while (now_ms() < end) {
		if (poll(&p, 1, may_unload() ? 1 : ms) > 0)
			return true;
		if (stage->unload)
			module_unload();
		stage->unload = false;
	}
	return false;
}

static enum box_end await(pid_t pid, int pidfd)
{
	enum box_end end = BOX_ENDED;

	if (!ends_within(pidfd, LIMIT_BOX)) {
		end = BOX_LATE;
		kill(pid, SIGKILL);
		if (!ends_within(pidfd, LIMIT_DEATH))
			end = BOX_STUCK;
	}
	close(pidfd);
	if (end != BOX_STUCK)
		waitpid(pid, NULL, 0);
	return end;
}

enum box_end box_run(const struct program *p)
{
	int pidfd = -1;
	pid_t pid;

	set_stage(p);
	pid = syscall(SYS_clone, CLONE_NEWPID | CLONE_NEWUTS | CLONE_PIDFD |
		      SIGCHLD, NULL, &pidfd, NULL, 0);
	if (!pid)
		box_main(p);
	return pid < 0 ? BOX_BAD : await(pid, pidfd);
}

// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pinkit.h"

/* Sealed memory */

uint64_t word_of(size_t offset)
{
	return 0x5eed0000 + offset / sizeof(uint64_t);
}

static void *map_for_us(int fd, size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	NEED(p != MAP_FAILED);
	NEED(!madvise(p, size, MADV_DONTFORK));
	return p;
}

void sealed_new(struct sealed *s, size_t size, unsigned int seals)
{
	size_t i;

	s->fd = memfd_create("sealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	s->size = size;
	NEED(s->fd >= 0);
	NEED(!ftruncate(s->fd, size));
	s->map = map_for_us(s->fd, size);
	for (i = 0; i < size / sizeof(uint64_t); i++)
		s->map[i] = word_of(i * sizeof(uint64_t));
	if (seals & F_SEAL_WRITE) {
		NEED(!munmap(s->map, size));
		s->map = NULL;
	}
	if (seals)
		NEED(!fcntl(s->fd, F_ADD_SEALS, seals));
}

void sealed_pages(struct sealed *s, int pages)
{
	sealed_new(s, pages * PAGE, F_SEAL_FUTURE_WRITE);
}

void sealed_free(struct sealed *s)
{
	if (s->map)
		munmap(s->map, s->size);
	close(s->fd);
}

/* The two ioctls */

long pin_install(int listener, uint64_t id, int memfd, uint64_t *addr,
		 uint64_t size, uint64_t offset)
{
	struct seccomp_notif_pin_install p = {
		.id = id, .memfd = memfd, .target_addr = *addr, .size = size,
		.offset = offset,
	};

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_PIN_INSTALL, &p))
		return -errno;
	*addr = p.target_addr;
	return 0;
}

long send_redirect(int listener, struct seccomp_notif_resp_redirect *r)
{
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND_REDIRECT, r) ?
		-errno : 0;
}

void need_redirect(void)
{
	if (!(overlay_features() & SECCOMP_OVERLAY_REDIRECT))
		skip("no pins and redirects here");
}

/* Captives: their side. The pipes of all tasks are made before the fork. */

static struct kid theirs[TASKS];

static void obey_task(struct kid *k)
{
	long fn, a = 0, b = 0;

	while (hear(k, &fn) && fn) {
		hear(k, &a);
		hear(k, &b);
		say(k, ((task_fn)fn)(a, b));
	}
}

/* What it has started ends before it does. */
static void reap_all(void)
{
	while (raw(SYS_wait4, -1, NULL, __WALL, NULL) > 0)
		;
}

static int task_process(void *arg)
{
	obey_task(arg);
	reap_all();
	raw(SYS_exit_group, 0);
	return 0;
}

static void *task_thread(void *arg)
{
	struct kid *k = arg;

	say(k, raw(SYS_gettid));
	obey_task(k);
	raw(SYS_exit, 0);
	return NULL;
}

static long do_start_thread(long which, long unused)
{
	pthread_t t;

	(void)unused;
	return -pthread_create(&t, NULL, task_thread, &theirs[which]);
}

static long do_start_peer(long which, long unused)
{
	static char stack[65536] __attribute__((aligned(16)));

	(void)unused;
	return clone(task_process, stack + sizeof(stack), CLONE_VM | SIGCHLD,
		     &theirs[which]);
}

static long do_start_child(long which, long unused)
{
	long pid = fork();

	(void)unused;
	if (!pid)
		task_process(&theirs[which]);
	return pid;
}

static long install_trap(const struct captive_plan *plan)
{
	struct prog p = { .len = 0 };

	prog_rule(&p, AUDIT_ARCH_X86_64, plan->nr, ASK);
	if (plan->nr_ia32)
		prog_rule(&p, AUDIT_ARCH_I386, plan->nr_ia32, ASK);
	return prog_install(&p, SECCOMP_RET_ALLOW, plan->flags);
}

static void captive_main(struct kid *k)
{
	const struct captive_plan *plan = k->arg;

	if (!plan->new_privs)
		no_new_privs();
	if (plan->before)
		plan->before();
	listener_hand(k, install_trap(plan));
	obey_task(k);
	reap_all();
}

/* Captives: our side */

static void make_task(struct kid *ours, struct kid *its)
{
	int there[2], back[2];

	memset(ours, 0, sizeof(*ours));
	memset(its, 0, sizeof(*its));
	NEED(!pipe2(there, O_CLOEXEC));
	NEED(!pipe2(back, O_CLOEXEC));
	ours->out = there[1];
	its->in = there[0];
	ours->in = back[0];
	its->out = back[1];
}

void captive_start(struct captive *c, const struct captive_plan *plan)
{
	struct captive_plan p = *plan;
	int i;

	p.nr = p.nr ? p.nr : SYS_getppid;
	p.flags = p.flags ? p.flags : NESTABLE;
	memset(c, 0, sizeof(*c));
	/* Of what outlives its main task: some kernels free at reaping only. */
	NEED(!prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	for (i = THREAD; i < TASKS; i++)
		make_task(&c->task[i], &theirs[i]);
	kid_start(&c->k, captive_main, &p);
	for (i = THREAD; i < TASKS; i++) {
		close(theirs[i].in);
		close(theirs[i].out);
	}
	listener_take(&c->k);
	c->listener = c->k.listener;
	c->task[MAIN] = c->k;
	c->nr = p.nr;
}

void captive_new(struct captive *c)
{
	captive_start(c, &(const struct captive_plan){ .nr = 0 });
}

pid_t captive_add(struct captive *c, int which)
{
	static const task_fn start[] = {
		[THREAD] = do_start_thread,
		[PEER] = do_start_peer,
		[CHILD] = do_start_child,
		[GRANDCHILD] = do_start_child,
	};
	int parent = which == GRANDCHILD ? CHILD : MAIN;
	long pid = MUST(run(&c->task[parent], start[which], which, 0));

	if (which == THREAD)
		pid = heard(&c->task[THREAD]);
	c->started[which] = true;
	return pid;
}

static void close_tasks(struct captive *c)
{
	int i;

	for (i = 0; i < TASKS; i++) {
		close(c->task[i].in);
		close(c->task[i].out);
	}
	close(c->k.pidfd);
	if (c->listener >= 0)
		close(c->listener);
}

void captive_end(struct captive *c)
{
	int i;

	for (i = TASKS - 1; i > MAIN; i--)
		if (c->started[i])
			say(&c->task[i], 0);
	say(&c->k, 0);
	CHECK_EQ(ending(kid_wait(&c->k)), 0);
	close_tasks(c);
}

void captive_kill(struct captive *c)
{
	kid_kill(&c->k);
	close_tasks(c);
}

void captive_reap(struct captive *c)
{
	while (waitpid(-1, NULL, __WALL) > 0)
		;
	CHECK(listener_hung_up(c->listener, 5000));
	close_tasks(c);
}

/* Is there another notification? Not once its main task has ended. */
static bool asks_again(struct captive *c)
{
	struct pollfd p[] = {
		{ .fd = c->listener, .events = POLLIN },
		{ .fd = c->k.pidfd, .events = POLLIN },
	};

	CHECK(poll(p, 2, ASKED_MS) > 0);
	return p[0].revents & POLLIN;
}

void captive_finish_exec(struct captive *c, struct notice *n)
{
	CHECK_EQ(notice_continue(c->listener, n), 0);
	while (asks_again(c)) {
		notice_recv(c->listener, n);
		CHECK_EQ(notice_continue(c->listener, n), 0);
	}
	CHECK_EQ(ending(kid_wait(&c->k)), 0);
	captive_reap(c);
}

void run_start(struct kid *task, task_fn fn, long a, long b)
{
	say(task, (long)fn);
	say(task, a);
	say(task, b);
}

long run(struct kid *task, task_fn fn, long a, long b)
{
	run_start(task, fn, a, b);
	return heard(task);
}

void captive_trap(struct captive *c, int which, struct notice *n)
{
	run_start(&c->task[which], do_call, c->nr, 0);
	CHECK(notice_waits(c->listener, ASKED_MS));
	notice_recv(c->listener, n);
}

long captive_release(struct captive *c, int which, const struct notice *n)
{
	CHECK_EQ(notice_continue(c->listener, n), 0);
	return heard(&c->task[which]);
}

long captive_pin(struct captive *c, const struct sealed *s, uint64_t *addr,
		 uint64_t size, uint64_t offset)
{
	struct notice n;
	long r;

	captive_trap(c, MAIN, &n);
	r = pin_install(c->listener, n.id, s->fd, addr, size, offset);
	captive_release(c, MAIN, &n);
	return r;
}

uint64_t captive_pin_all(struct captive *c, const struct sealed *s)
{
	uint64_t addr = 0;

	CHECK_EQ(captive_pin(c, s, &addr, s->size, 0), 0);
	CHECK(addr);
	return addr;
}

int captive_fd(struct captive *c, long fd)
{
	int got = syscall(SYS_pidfd_getfd, c->k.pidfd, MUST(fd), 0);

	NEED(got >= 0);
	return got;
}

/* What captives are told to do */

/* Through a pipe: then a bad address is an errno and no signal. */
static long copy_word(void *to, const void *from)
{
	int fd[2];
	long r;

	r = raw(SYS_pipe2, fd, 0);
	if (r)
		return r;
	r = raw(SYS_write, fd[1], from, sizeof(long));
	if (r == sizeof(long))
		r = raw(SYS_read, fd[0], to, sizeof(long));
	raw(SYS_close, fd[0]);
	raw(SYS_close, fd[1]);
	return r == sizeof(long) ? 0 : r;
}

long do_peek(long a, long unused)
{
	long r, v = 0;

	(void)unused;
	r = copy_word(&v, (void *)a);
	return r ? r : v;
}

long do_poke(long a, long b)
{
	return copy_word((void *)a, &b);
}

static bool page_is_right(long at, long offset)
{
	static const long places[] = { 0, 8, PAGE / 2, PAGE - 8 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(places); i++)
		if (do_peek(at + places[i], 0) !=
		    (long)word_of(offset + places[i]))
			return false;
	return true;
}

long do_count_pages(long a, long b)
{
	long i, right = 0;

	for (i = 0; i < b; i++)
		right += page_is_right(a + i * PAGE, i * PAGE);
	return right;
}

long do_unmap(long a, long b)
{
	return raw(SYS_munmap, a, b);
}

long do_map_zeroes(long a, long b)
{
	return raw(SYS_mmap, a, b, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS |
		   (a ? MAP_FIXED_NOREPLACE : 0), -1, 0);
}

long do_exec(long unused, long unused2)
{
	static char *const argv[] = { "overlay-seccomp-test", "--help", NULL };
	static char *const envp[] = { NULL };
	long null = raw(SYS_open, "/dev/null", O_WRONLY);

	(void)unused;
	(void)unused2;
	raw(SYS_dup2, null, 1);
	raw(SYS_dup2, null, 2);
	return raw(SYS_execve, "/proc/self/exe", argv, envp);
}

long do_call(long a, long unused)
{
	(void)unused;
	return raw(a);
}

long do_add_listener(long a, long unused)
{
	(void)unused;
	return filter(a, SYS_getppid, ASK);
}

/* /proc */

static bool parse(const char *line, struct mapping *m)
{
	unsigned long start, end, offset;
	unsigned int major, minor;

	if (sscanf(line, "%lx-%lx %4s %lx %x:%x %lu", &start, &end, m->perms,
		   &offset, &major, &minor, &m->inode) != 7)
		return false;
	m->dev = makedev(major, minor);
	m->start = start;
	m->end = end;
	m->offset = offset;
	return true;
}

static FILE *open_maps(pid_t pid)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	f = fopen(path, "re");
	NEED(f);
	return f;
}

bool mapping_at(pid_t pid, uint64_t addr, struct mapping *m)
{
	FILE *f = open_maps(pid);
	bool found = false;
	char line[512];

	while (!found && fgets(line, sizeof(line), f))
		found = parse(line, m) && m->start <= addr && addr < m->end;
	fclose(f);
	return found;
}

int mappings_of(pid_t pid, int fd)
{
	FILE *f = open_maps(pid);
	struct mapping m;
	char line[512];
	struct stat st;
	int n = 0;

	NEED(!fstat(fd, &st));
	while (fgets(line, sizeof(line), f))
		n += parse(line, &m) && m.inode == st.st_ino &&
		     m.dev == st.st_dev;
	fclose(f);
	return n;
}

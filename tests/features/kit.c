// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/capability.h>

#include "kit.h"

/* Filters */

static void insn(struct prog *p, struct sock_filter f)
{
	NEED(p->len < ARRAY_SIZE(p->insn));
	p->insn[p->len++] = f;
}

static void load(struct prog *p, uint32_t offset)
{
	insn(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset));
}

static void unless_equal_skip(struct prog *p, uint32_t value, uint8_t skip)
{
	insn(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value,
					     0, skip));
}

static void ret(struct prog *p, uint32_t action)
{
	insn(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

void prog_rule(struct prog *p, uint32_t arch, long nr, uint32_t action)
{
	load(p, offsetof(struct seccomp_data, nr));
	unless_equal_skip(p, nr, 3);
	load(p, offsetof(struct seccomp_data, arch));
	unless_equal_skip(p, arch, 1);
	ret(p, action);
}

void prog_rule_arg(struct prog *p, uint32_t arch, long nr, int arg,
		   uint32_t value, uint32_t action)
{
	load(p, offsetof(struct seccomp_data, nr));
	unless_equal_skip(p, nr, 5);
	load(p, offsetof(struct seccomp_data, arch));
	unless_equal_skip(p, arch, 3);
	load(p, offsetof(struct seccomp_data, args) + 8 * arg);
	unless_equal_skip(p, value, 1);
	ret(p, action);
}

void no_new_privs(void)
{
	NEED(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

long prog_install(struct prog *p, uint32_t action, unsigned long flags)
{
	struct sock_fprog f = { .filter = p->insn };

	ret(p, action);
	f.len = p->len;
	return raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &f);
}

long filter(unsigned long flags, long nr, uint32_t action)
{
	struct prog p = { .len = 0 };

	prog_rule(&p, AUDIT_ARCH_X86_64, nr, action);
	return prog_install(&p, SECCOMP_RET_ALLOW, flags);
}

long filter_arg(unsigned long flags, long nr, int arg, uint32_t value,
		uint32_t action)
{
	struct prog p = { .len = 0 };

	prog_rule_arg(&p, AUDIT_ARCH_X86_64, nr, arg, value, action);
	return prog_install(&p, SECCOMP_RET_ALLOW, flags);
}

long filter_large(unsigned long flags)
{
	struct prog p = { .len = 0 };
	int i;

	for (i = 1; i < LARGE_RULES; i++)
		prog_rule_arg(&p, AUDIT_ARCH_X86_64, SYS_personality, 0,
			      0x1000 + i, DENY);
	prog_rule(&p, AUDIT_ARCH_X86_64, SYS_getpgrp, DENY);
	return prog_install(&p, SECCOMP_RET_ALLOW, flags);
}

/* Processes */

static void make_pipes(struct kid *ours, struct kid *theirs)
{
	int there[2], back[2];

	NEED(!pipe2(there, O_CLOEXEC));
	NEED(!pipe2(back, O_CLOEXEC));
	ours->out = there[1];
	theirs->in = there[0];
	ours->in = back[0];
	theirs->out = back[1];
}

void kid_start(struct kid *k, void (*fn)(struct kid *k), const void *arg)
{
	struct kid child = { .arg = arg, .listener = -1, .pidfd = -1 };

	memset(k, 0, sizeof(*k));
	k->listener = -1;
	make_pipes(k, &child);
	fflush(NULL);
	k->pid = fork();
	NEED(k->pid >= 0);
	if (!k->pid) {
		close(k->in);
		close(k->out);
		child.pid = getpid();
		fn(&child);
		raw(SYS_exit_group, 0);
	}
	close(child.in);
	close(child.out);
	k->pidfd = syscall(SYS_pidfd_open, k->pid, 0);
	NEED(k->pidfd >= 0);
}

/* No libc in these two: a strict task uses them. */
void say(struct kid *k, long word)
{
	raw(SYS_write, k->out, &word, sizeof(word));
}

bool hear(struct kid *k, long *word)
{
	long n;

	do {
		n = raw(SYS_read, k->in, word, sizeof(*word));
	} while (n == -EINTR);
	return n == sizeof(*word);
}

long heard(struct kid *k)
{
	long word = 0;
	int status;

	if (hear(k, &word))
		return word;
	status = k->pid ? kid_wait(k) : 0;
	diag("process %d ended early: %s %d", k->pid,
	     WIFSIGNALED(status) ? "signal" : "exit code",
	     WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	errno = 0;
	NEED(!"a helper process ended early");
	return 0;
}

int kid_wait(struct kid *k)
{
	int status = 0;
	pid_t pid;

	do {
		pid = waitpid(k->pid, &status, __WALL);
	} while (pid < 0 && errno == EINTR);
	NEED(pid == k->pid);
	return status;
}

void kid_kill(struct kid *k)
{
	kill(k->pid, SIGKILL);
	kid_wait(k);
}

void kid_close(struct kid *k)
{
	close(k->in);
	close(k->out);
	close(k->pidfd);
}

void handle_signal(int sig, int flags, signal_fn fn)
{
	struct sigaction sa = { .sa_sigaction = fn,
				.sa_flags = SA_SIGINFO | flags };

	NEED(!sigaction(sig, &sa, NULL));
}

static void no_op(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	(void)context;
}

void handle_idly(int sig, int flags)
{
	handle_signal(sig, flags, no_op);
}

/* By EINTR, and nothing else comes of it. */
void await_children(void)
{
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, SIGCHLD);
	NEED(!sigprocmask(SIG_BLOCK, &s, NULL));
	handle_idly(SIGCHLD, 0);
}

int ending(int status)
{
	if (WIFSIGNALED(status))
		return SIGNALED(WTERMSIG(status));
	return WEXITSTATUS(status);
}

void listener_hand(struct kid *k, long fd)
{
	long go;

	say(k, fd);
	if (fd < 0 || !hear(k, &go))
		raw(SYS_exit_group, 99);
	raw(SYS_close, fd);
}

void listener_take(struct kid *k)
{
	long fd = heard(k);

	NEED(fd >= 0);
	k->listener = syscall(SYS_pidfd_getfd, k->pidfd, fd, 0);
	NEED(k->listener >= 0);
	say(k, 0);
}

/* Threads */

static void *thr_main(void *arg)
{
	struct thr *t = arg;

	t->peer.pid = raw(SYS_gettid);
	atomic_store(&t->tid, t->peer.pid);
	t->fn(&t->peer);
	/* pthread_exit() makes calls that a strict thread must not make. */
	raw(SYS_exit, 0);
	return NULL;
}

void thr_start(struct thr *t, void (*fn)(struct kid *k), const void *arg)
{
	memset(t, 0, sizeof(*t));
	make_pipes(&t->side, &t->peer);
	t->peer.arg = arg;
	t->fn = fn;
	NEED(!pthread_create(&t->thread, NULL, thr_main, t));
	while (!atomic_load(&t->tid))
		sched_yield();
	t->side.pid = 0;
}

bool thr_alive(const struct thr *t)
{
	return !raw(SYS_tgkill, getpid(), atomic_load(&t->tid), 0);
}

void thr_gone(const struct thr *t)
{
	while (thr_alive(t))
		pause_ms(1);
}

/* Supervisors */

static struct seccomp_notif_sizes *notif_sizes(void)
{
	static struct seccomp_notif_sizes sizes;

	if (!sizes.seccomp_notif)
		MUST(raw(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes));
	return &sizes;
}

void notice_recv(int listener, struct notice *n)
{
	struct seccomp_notif *req = calloc(1, notif_sizes()->seccomp_notif +
					      sizeof(*req));
	int i, got;

	NEED(req);
	do {
		memset(req, 0, sizeof(*req));
		got = ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, req);
	} while (got && (errno == EINTR || errno == ENOENT));
	NEED(!got);
	n->id = req->id;
	n->pid = req->pid;
	n->nr = req->data.nr;
	for (i = 0; i < 6; i++)
		n->arg[i] = req->data.args[i];
	free(req);
}

static long answer(int listener, struct seccomp_notif_resp r)
{
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &r) ? -errno : 0;
}

long notice_answer(int listener, const struct notice *n, long val, int error)
{
	return answer(listener, (struct seccomp_notif_resp){
		.id = n->id, .val = val, .error = error });
}

long notice_continue(int listener, const struct notice *n)
{
	return answer(listener, (struct seccomp_notif_resp){
		.id = n->id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE });
}

long id_valid(int listener, uint64_t id)
{
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) ? -errno : 0;
}

bool notice_waits(int listener, int ms)
{
	struct pollfd p = { .fd = listener, .events = POLLIN };

	return poll(&p, 1, ms) > 0 && (p.revents & POLLIN);
}

bool listener_hung_up(int listener, int ms)
{
	struct pollfd p = { .fd = listener };

	return poll(&p, 1, ms) > 0 && (p.revents & POLLHUP);
}

bool none_waits(const int *listener, int n, int ms)
{
	int i;

	for (i = 0; i < n; i++)
		if (listener[i] >= 0 && notice_waits(listener[i], ms))
			return false;
	return true;
}

/* /proc */

bool read_line(const char *path, char *to, size_t size)
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
	to[strcspn(to, "\n")] = 0;
	return true;
}

bool proc_status_text(pid_t pid, const char *field, char *to, size_t size)
{
	size_t len = strlen(field);
	char path[64], line[512];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f)) {
		if (strncmp(line, field, len) || line[len] != ':')
			continue;
		found = true;
		line[strcspn(line, "\n")] = 0;
		snprintf(to, size, "%s",
			 line + len + 1 + strspn(line + len + 1, " \t"));
	}
	fclose(f);
	return found;
}

long proc_status(pid_t pid, const char *field)
{
	char text[64];

	if (!proc_status_text(pid, field, text, sizeof(text)))
		return -1;
	return atol(text);
}

char proc_state(pid_t pid)
{
	char text[64];

	if (!proc_status_text(pid, "State", text, sizeof(text)))
		return 0;
	return text[0];
}

void wait_asleep(pid_t pid)
{
	char c;

	while ((c = proc_state(pid)) != 'S') {
		NEED(c && c != 'Z');
		pause_ms(1);
	}
}

void wait_zombie(pid_t pid)
{
	siginfo_t info;

	NEED(!waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
}

void wait_zombie_leader(pid_t pid)
{
	while (proc_state(pid) != 'Z')
		pause_ms(1);
}

long meminfo_kb(const char *field)
{
	FILE *f = fopen("/proc/meminfo", "re");
	size_t len = strlen(field);
	char line[128];
	long kb = -1;

	NEED(f);
	while (kb < 0 && fgets(line, sizeof(line), f))
		if (!strncmp(line, field, len) && line[len] == ':')
			kb = atol(line + len + 1);
	fclose(f);
	NEED(kb >= 0);
	return kb;
}

long module_refs_now(void)
{
	char text[32];

	NEED(read_line("/sys/module/overlay_seccomp/refcnt", text,
		       sizeof(text)));
	return atol(text);
}

long module_refs(void)
{
	long last = module_refs_now();
	int same = 0, rounds = 0;
	long v;

	/* What earlier cases left is freed some time after their end. */
	while (same < 10 && rounds++ < 100) {
		pause_ms(50);
		v = module_refs_now();
		same = v == last ? same + 1 : 0;
		last = v;
	}
	return last;
}

long module_refs_fall_to(long want)
{
	long v = module_refs_now();
	int i;

	for (i = 0; v > want && i < 200; i++) {
		pause_ms(50);
		v = module_refs_now();
	}
	return v;
}

void pause_ms(unsigned int ms)
{
	const struct timespec t = {
		.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L,
	};

	nanosleep(&t, NULL);
}

#define PATIENCE 20

bool race_goes_on(unsigned int i, unsigned int n, bool seen)
{
	return i < n || (!seen && i < PATIENCE * n);
}

/* The machine */

static void ia32_kid(struct kid *k)
{
	say(k, raw32(IA32_getpid));
}

bool have_ia32(void)
{
	struct kid k;
	long pid = 0;

	kid_start(&k, ia32_kid, NULL);
	hear(&k, &pid);
	kid_wait(&k);
	return pid == k.pid;
}

void need_ia32(void)
{
	if (!have_ia32())
		skip("this kernel runs no 32-bit calls");
}

void need_root(void)
{
	if (geteuid())
		skip("needs root");
}

uint64_t overlay_features(void)
{
	struct seccomp_overlay_info info = { .size = sizeof(info) };

	MUST(raw(SYS_seccomp, SECCOMP_GET_OVERLAY_INFO, 0, &info));
	return info.features;
}

void *low_page(void)
{
	void *p = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	NEED(p != MAP_FAILED);
	return p;
}

/* Privileges */

static struct __user_cap_header_struct cap_header = {
	.version = _LINUX_CAPABILITY_VERSION_3,
};

static void get_caps(struct __user_cap_data_struct caps[2])
{
	NEED(!syscall(SYS_capget, &cap_header, caps));
}

static void set_caps(struct __user_cap_data_struct caps[2])
{
	NEED(!syscall(SYS_capset, &cap_header, caps));
	NEED(!prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

void become_nobody(void)
{
	NEED(!setgroups(0, NULL));
	NEED(!setresgid(NOBODY, NOBODY, NOBODY));
	NEED(!setresuid(NOBODY, NOBODY, NOBODY));
	/* Changing ids made us undumpable. */
	NEED(!prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

void drop_cap(int cap)
{
	struct __user_cap_data_struct caps[2];
	uint32_t bit = 1U << (cap % 32);

	get_caps(caps);
	caps[cap / 32].effective &= ~bit;
	caps[cap / 32].permitted &= ~bit;
	caps[cap / 32].inheritable &= ~bit;
	set_caps(caps);
}

void keep_only_cap(int cap)
{
	struct __user_cap_data_struct caps[2] = { { 0 } };

	caps[cap / 32].effective = 1U << (cap % 32);
	caps[cap / 32].permitted = 1U << (cap % 32);
	set_caps(caps);
}

void lower_effective(int cap)
{
	struct __user_cap_data_struct caps[2];

	get_caps(caps);
	caps[cap / 32].effective &= ~(1U << (cap % 32));
	set_caps(caps);
}

void all_permitted_effective(void)
{
	struct __user_cap_data_struct caps[2];
	int i;

	get_caps(caps);
	for (i = 0; i < 2; i++)
		caps[i].effective = caps[i].permitted;
	set_caps(caps);
}

void raise_ambient(int cap)
{
	struct __user_cap_data_struct caps[2];

	get_caps(caps);
	caps[cap / 32].inheritable |= 1U << (cap % 32);
	set_caps(caps);
	NEED(!prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0));
}

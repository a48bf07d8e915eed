/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the cases are made of: filters, helper processes and threads that
 * report through pipes, supervisors, and what /proc tells.
 */
#ifndef OVERLAY_TEST_KIT_H
#define OVERLAY_TEST_KIT_H

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <pthread.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/overlay_seccomp.h>

#include "harness.h"
#include "raw.h"

#ifndef SECCOMP_FILTER_FLAG_TSYNC_ESRCH
#define SECCOMP_FILTER_FLAG_TSYNC_ESRCH (1UL << 4)
#endif
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#ifndef SECCOMP_ADDFD_FLAG_SEND
#define SECCOMP_ADDFD_FLAG_SEND (1UL << 1)
#endif

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/*
 * Filters. The errno by which they deny is one that no tested call gives by
 * itself.
 */
#define DENIED EXDEV
#define DENY (SECCOMP_RET_ERRNO | DENIED)

struct prog {
	struct sock_filter insn[1024];
	unsigned short len;
};

/* ACTION for that call; _arg: only if the low half of argument ARG is VALUE. */
void prog_rule(struct prog *p, uint32_t arch, long nr, uint32_t action);
void prog_rule_arg(struct prog *p, uint32_t arch, long nr, int arg,
		   uint32_t value, uint32_t action);
/* Everything else gets ACTION; the answer is that of seccomp(2). */
long prog_install(struct prog *p, uint32_t action, unsigned long flags);

/* A filter of one rule; the rest is allowed. */
long filter(unsigned long flags, long nr, uint32_t action);
long filter_arg(unsigned long flags, long nr, int arg, uint32_t value,
		uint32_t action);
/* As a container runtime makes it: about 70 rules. Denies getpgrp. */
long filter_large(unsigned long flags);
#define LARGE_RULES 70

void no_new_privs(void);

/*
 * Processes. The function runs in a child; say() and hear() work from both
 * sides and under strict. Once the child is dead and all that it said was
 * heard, hear() is false.
 */
struct kid {
	pid_t pid;
	int pidfd;
	int in;
	int out;
	int listener;
	const void *arg;
};

void kid_start(struct kid *k, void (*fn)(struct kid *k), const void *arg);
void say(struct kid *k, long word);
bool hear(struct kid *k, long *word);
/* The next word, which must come. */
long heard(struct kid *k);
/* Wait for it to end, which it must do by itself: its wait status. */
int kid_wait(struct kid *k);
void kid_kill(struct kid *k);
/* It has ended: what we had to talk to it. */
void kid_close(struct kid *k);

/* From now on a ppoll() with no signal blocked ends when a child has news. */
void await_children(void);

/* A handler, by sigaction() with those flags; and one that does nothing. */
typedef void (*signal_fn)(int sig, siginfo_t *info, void *context);
void handle_signal(int sig, int flags, signal_fn fn);
void handle_idly(int sig, int flags);

/* An exit code, or a negative signal number, out of a wait status. */
int ending(int status);
#define SIGNALED(sig) (-(sig))

/* In the child: install with NEW_LISTENER and hand the listener over. */
void listener_hand(struct kid *k, long fd);
/* In the parent: take it. */
void listener_take(struct kid *k);

/* Threads, which talk by pipes as well. */
struct thr {
	struct kid side;		/* ours: say() and hear() work on it */
	struct kid peer;		/* the thread's */
	atomic_int tid;
	pthread_t thread;
	void (*fn)(struct kid *k);
};

void thr_start(struct thr *t, void (*fn)(struct kid *k), const void *arg);
bool thr_alive(const struct thr *t);
/* Wait until it is gone. */
void thr_gone(const struct thr *t);

/* Supervisors. */
struct notice {
	uint64_t id;
	pid_t pid;
	long nr;
	uint64_t arg[6];
};

void notice_recv(int listener, struct notice *n);
/* 0, or -errno. */
long notice_answer(int listener, const struct notice *n, long val, int error);
long notice_continue(int listener, const struct notice *n);
/* The answer of ID_VALID: 0 or -errno. */
long id_valid(int listener, uint64_t id);
/* Is a notification, or the end, there within MS? */
bool notice_waits(int listener, int ms);
bool listener_hung_up(int listener, int ms);
/* Of N listeners, those that are open: is none asked within MS each? */
bool none_waits(const int *listener, int n, int ms);

#define ASKED_MS 8000		/* in which one that must be asked is */

/* /proc; -1 where it does not say. */
long proc_status(pid_t pid, const char *field);
bool proc_status_text(pid_t pid, const char *field, char *to, size_t size);
char proc_state(pid_t pid);
/* Wait until the task sleeps. */
void wait_asleep(pid_t pid);
void wait_zombie(pid_t pid);
/* Of a process whose other threads live. */
void wait_zombie_leader(pid_t pid);
bool read_line(const char *path, char *to, size_t size);

/* A field of /proc/meminfo, which it must have. */
long meminfo_kb(const char *field);

/* The module's reference count, after it stopped falling. */
long module_refs(void);
/* As it is now: whether it is more than it was needs no waiting. */
long module_refs_now(void);
/* Wait until it is at most WANT; what it was at last. */
long module_refs_fall_to(long want);

/* Lines of the log that come fast: 0 lets all of them in. */
#define RATE_LIMIT "/proc/sys/kernel/printk_ratelimit"

void pause_ms(unsigned int ms);

/*
 * Is there a round I of a race? N of them, and many more until it was SEEN: on
 * a machine that is slow, or has one CPU, it is not met at once.
 */
bool race_goes_on(unsigned int i, unsigned int n, bool seen);

/* What the machine can do; the skip has the reason. */
bool have_ia32(void);
void need_ia32(void);
void need_root(void);
uint64_t overlay_features(void);
/* Zeroed memory that a 32-bit pointer reaches. */
void *low_page(void);

/* Privileges. */
#define NOBODY 65534
void become_nobody(void);	/* all ids, no capabilities, dumpable */
void drop_cap(int cap);
void keep_only_cap(int cap);
void lower_effective(int cap);
void all_permitted_effective(void);
void raise_ambient(int cap);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pins and redirects: sealed memory of a supervisor's, and captives, which are
 * targets under a listener that run what they are told to.
 */
#ifndef OVERLAY_TEST_PINKIT_H
#define OVERLAY_TEST_PINKIT_H

#include "kit.h"
#include "nest.h"

#define PAGE 4096L
#define MAX_PINS 64	/* of an address space */
/*
 * Where nobody maps anything by himself: within the reach of 32-bit pointers,
 * and above the heap.
 */
#define LOW_PLACE 0x20000000L
#define HIGH_PLACE 0x600000000000L

#ifndef F_ADD_SEALS
#define F_ADD_SEALS 1033
#define F_GET_SEALS 1034
#define F_SEAL_SEAL 0x0001
#define F_SEAL_SHRINK 0x0002
#define F_SEAL_GROW 0x0004
#define F_SEAL_WRITE 0x0008
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020
#endif

/*
 * A memfd whose word at each offset is word_of() at first. The supervisor's
 * mapping is made before the seals. A child of a fork does not get it: pins in
 * such a child would be refused.
 */
struct sealed {
	int fd;
	size_t size;
	uint64_t *map;			/* NULL with F_SEAL_WRITE */
};

uint64_t word_of(size_t offset);
void sealed_new(struct sealed *s, size_t size, unsigned int seals);
/* As most cases want it: F_SEAL_FUTURE_WRITE, and so writable by us. */
void sealed_pages(struct sealed *s, int pages);
void sealed_free(struct sealed *s);

/* PIN_INSTALL; addr goes in and out. 0 or -errno. */
long pin_install(int listener, uint64_t id, int memfd, uint64_t *addr,
		 uint64_t size, uint64_t offset);
/* SEND_REDIRECT. 0 or -errno. */
long send_redirect(int listener, struct seccomp_notif_resp_redirect *r);
void need_redirect(void);

/*
 * Captives. Each of its tasks obeys by run(): a function of this program, with
 * two arguments, is called there; what it returns is the answer. It should use
 * raw() only, since peers share the errno and the libc of the captive.
 */
typedef long (*task_fn)(long a, long b);

enum { MAIN, THREAD, PEER, CHILD, GRANDCHILD, TASKS };

struct captive_plan {
	long nr;			/* the trapped call; 0: getppid */
	long nr_ia32;			/* and in the 32-bit table; 0: none */
	unsigned long flags;		/* of the filter; 0: NESTABLE */
	bool new_privs;			/* leave no_new_privs off */
	void (*before)(void);		/* runs in it before the filter */
};

struct captive {
	struct kid k;
	int listener;
	struct kid task[TASKS];		/* [MAIN] is the captive itself */
	bool started[TASKS];
	long nr;
};

void captive_start(struct captive *c, const struct captive_plan *plan);
/* The default: getppid is trapped. */
void captive_new(struct captive *c);
/*
 * One more task: a thread, a process in the same address space (CLONE_VM), a
 * child by fork; GRANDCHILD: a child of CHILD. Its pid in its namespace.
 */
pid_t captive_add(struct captive *c, int which);
/* End all tasks, which live, and close the listener. */
void captive_end(struct captive *c);
void captive_kill(struct captive *c);
/* All tasks are ending, and its main one was waited for: wait for the rest. */
void captive_reap(struct captive *c);

void run_start(struct kid *task, task_fn fn, long a, long b);
long run(struct kid *task, task_fn fn, long a, long b);

/* The task makes the trapped call, whose notification we receive. */
void captive_trap(struct captive *c, int which, struct notice *n);
/* Answer CONTINUE; what the call gave. */
long captive_release(struct captive *c, int which, const struct notice *n);
/* All of it, with a pin in between: what PIN_INSTALL gave. */
long captive_pin(struct captive *c, const struct sealed *s, uint64_t *addr,
		 uint64_t size, uint64_t offset);
/* The whole of S, wherever the kernel likes. */
uint64_t captive_pin_all(struct captive *c, const struct sealed *s);

/* After do_exec(): answer N, and whatever the new image asks until it ends. */
void captive_finish_exec(struct captive *c, struct notice *n);

/* For run(). The word at A, or -EFAULT. */
long do_peek(long a, long unused);
/* Store the word B at A: 0 or -EFAULT. */
long do_poke(long a, long b);
/* How many of the B pages at A hold word_of() of a mapping from offset 0. */
long do_count_pages(long a, long b);
/* munmap(A, B). */
long do_unmap(long a, long b);
/* B bytes of zeroes at A, which must be free: -errno or A. */
long do_map_zeroes(long a, long b);
/* Execute this program, which then ends with 0. */
long do_exec(long unused, long unused2);
/* Make the trapped call (its number in A). */
long do_call(long a, long unused);
/* Install one more listener for getppid, with A for flags. */
long do_add_listener(long a, long unused);

/* The captive's file descriptor, as ours. */
int captive_fd(struct captive *c, long fd);

/* A mapping of a process, as /proc has it. */
struct mapping {
	uint64_t start;
	uint64_t end;
	uint64_t offset;
	dev_t dev;
	unsigned long inode;
	char perms[5];
};

/* The one at ADDR. */
bool mapping_at(pid_t pid, uint64_t addr, struct mapping *m);
/* How many there are of that file. */
int mappings_of(pid_t pid, int fd);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside a program: what its actors share, and how they do an operation. None of
 * it uses what libc keeps for a thread: actors can share an address space
 * without being threads for libc.
 */
#ifndef OVERLAY_FUZZ_ACTOR_H
#define OVERLAY_FUZZ_ACTOR_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/overlay_seccomp.h>

#include "program.h"
#include "raw.h"

/*
 * Calls of the fuzzer's own have this as their sixth argument, by which filters
 * let them pass.
 */
#define QUIET 0x51e7
#define QUIET_PAD(n, a, b, c, d, e, ...)				\
	raw6((long)(n), (long)(a), (long)(b), (long)(c), (long)(d),	\
	     (long)(e), QUIET)
#define quiet(...) QUIET_PAD(__VA_ARGS__, 0, 0, 0, 0, 0, 0)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define PAGE 4096UL

/* File descriptors at fixed places. */
#define FD_QUEUE_READ	780		/* and one for each actor */
#define FD_QUEUE_WRITE	785
#define FD_DONE_READ	790
#define FD_DONE_WRITE	791
#define FD_STAGE	792
#define FD_SELF		793
#define FD_NULL		794
#define FD_KCOV		795		/* and one for each slot */
#define FD_FIRST	780
#define FD_LAST		(FD_KCOV + SLOTS - 1)

/* Of coverage: one for each actor, then for what it forks. */
#define SLOTS 8

/* What must never be, found out from inside. */
enum complaint {
	COMPLAINT_NONE,
	COMPLAINT_REGISTERS = 0x5e61571,
	COMPLAINT_GUARD,
};

/*
 * Shared by all of a program, and by the one who runs it. What it holds is not
 * to be trusted afterwards: anybody can have written to it by a call.
 */
struct stage {
	struct program program;
	uint64_t result[OPS_MAX];
	uint8_t done[OPS_MAX];
	int tid[ACTORS_MAX];
	int tgid[ACTORS_MAX];
	uint16_t family;		/* of generic netlink */
	atomic_uint forked;
	bool covered;
	bool unload;			/* the module is to be removed */
	/* Then nothing can be said about registers, and about the guard. */
	bool edited;
	bool suspended;
	uint32_t complaint;
	uint32_t complaint_op;
};

/* Where it is mapped, and memory for calls: 32-bit pointers reach both. */
#define STAGE_AT	0x30000000UL
#define SCRATCH_AT	0x20000000UL
#define SCRATCH_SIZE	(8 * PAGE)
#define stage		((struct stage *)STAGE_AT)

/* Pages of it; the last is not mapped, and so is what follows. */
#define SCRATCH_TEXT	(SCRATCH_AT)		/* read-only: see scratch_text */
#define SCRATCH_OWN	(SCRATCH_AT + PAGE)	/* one for each actor */
#define SCRATCH_HOLE	(SCRATCH_AT + 6 * PAGE)

struct scratch_text {
	char null[16];			/* /dev/null */
	char zero[16];			/* /dev/zero */
	char none[16];			/* a file that there is not */
	uint64_t argv[4];
	struct { int64_t sec, nsec; } moment;	/* a struct timespec */
	char bytes[64];
};
#define TEXT(member) (SCRATCH_TEXT + offsetof(struct scratch_text, member))

struct actor {
	int index;
	unsigned int op;
	int tid;
};

/* Where an argument of a call points to. */
enum pointer {
	POINTER_GOOD,
	POINTER_NULL,
	POINTER_UNMAPPED,
	POINTER_KERNEL,
	POINTER_READ_ONLY,
	POINTER_END,			/* the last eight bytes of a page */
	POINTERS,
};

/* Instead of GOOD, whose first bytes are copied where that is possible. */
void *pointer(uint64_t kind, const void *good);
/* The page that 32-bit calls of this actor can use. */
void *own_page(const struct actor *self);

void complain(const struct actor *self, enum complaint what);
void pause_us(unsigned int us);
/* Enable coverage for the caller, by that slot. */
void actor_cover(unsigned int slot);
_Noreturn void actor_run(int index);
/* What an exec of our own program begins with. */
_Noreturn void actor_resume(char **argv);
/* A task that is no actor ends. */
_Noreturn void leave(void);

/* The 32-bit table's number of the same call, or of another harmless one. */
int ia32_nr(int nr);
/* A filter that answers ACTION to sethostname(2) by whatever table. */
long install_guard(uint32_t action);

/* The operations. */
#define UNUSED __attribute__((unused))
#define DO(name) \
	long do_##name(struct actor *self UNUSED, const uint64_t *a UNUSED)
DO(install);
DO(strict);
DO(clone);
DO(info);
DO(seccomp);
DO(nnp);
DO(implicit);
DO(logged);
DO(unload);
DO(call);
DO(loop);
DO(recv);
DO(send);
DO(serve);
DO(id_valid);
DO(addfd);
DO(set_flags);
DO(pin);
DO(redirect);
DO(ioctl);
DO(poll);
DO(close);
DO(dup);
DO(getfd);
DO(memfd);
DO(seal);
DO(map);
DO(unmap);
DO(remap);
DO(protect);
DO(advise);
DO(lock);
DO(attack);
DO(truncate);
DO(touch);
DO(fork);
DO(exec);
DO(exit);
DO(kill);
DO(signal);
DO(timer);
DO(wait);
DO(pidfd);
DO(user);
DO(limit);
DO(personality);
DO(sleep);
DO(trace);
DO(stop);
DO(socket);
DO(ask);
DO(hear);

#endif

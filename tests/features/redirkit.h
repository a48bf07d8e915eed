/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Redirect: targets that make one call with registers which the case chose and
 * that tell what was in them afterwards; answers; memory to point at; a program
 * that tells what it was started with.
 */
#ifndef OVERLAY_TEST_REDIRKIT_H
#define OVERLAY_TEST_REDIRKIT_H

#include "nest.h"
#include "pinkit.h"

#define ALL_ARGS 0x3f
#define REDIR_LAYERS 6
#define ANY_ARG (-1)
#define NO_PROCESS 0x3fffffff	/* a pid above all that can be */
#ifndef SYS_SECCOMP
#define SYS_SECCOMP 1		/* the si_code of SIGSYS */
#endif

/* Of the 32-bit table, besides those of raw.h. */
enum {
	IA32_ioctl = 54,
	IA32_clone = 120,
	IA32_getpgid = 132,
	IA32_poll = 168,
	IA32_pwrite64 = 181,
	IA32_vfork = 190,
	IA32_mmap2 = 192,
};

/* In the order in which the stubs load and store them. */
struct regs {
	uint64_t ax, di, si, dx, r10, r8, r9;
	uint64_t bx, cx, bp, r12, r13, r14, r15;
};

/*
 * Make the call with what is in FROM, and put what is there afterwards to TO.
 * If redir_child is set, whoever returns with 0 stores there and exits: a child
 * that shares this stack can do no more.
 */
void regs_call_64(const struct regs *from, struct regs *to);
void regs_call_32(const struct regs *from, struct regs *to);
extern struct regs *redir_child;
/* Where user space goes on after the call. */
extern const char regs_after_64[], regs_after_32[];

/* The register of argument I. */
uint64_t *regs_arg(struct regs *r, bool ia32, int i);
/* Fill all registers with patterns; WIDE: of 64 bits. */
void regs_pattern(struct regs *r, bool wide);
/* Are all equal but ax, cx of a 64-bit call being none? Says which are not. */
bool regs_equal(const struct regs *is, const struct regs *want, bool ia32);

struct rule {
	unsigned long flags;
	uint32_t arch;
	long nr;
	int arg;			/* or ANY_ARG */
	uint32_t value;
	uint32_t action;
};

/* What the case and the target share. */
struct shot {
	bool ia32;
	struct regs before;
	struct regs after;
	struct regs child;
	struct regs frame;		/* of the last signal */
	uint64_t frame_ip;
	int frames;
	int signal;
	int code;
	int nr;				/* si_syscall */
	struct rule rule;
	uint32_t word;
	char text[256];
};

struct redir {
	struct kid k;
	struct shot *shot;
	int n;
	int listener[REDIR_LAYERS];	/* outermost first; -1: none */
};

/* A target that waits; SET runs in it first, and may be NULL. */
void redir_start(struct redir *t, void (*set)(void));
/* Run FN there: what it gives. Not while it is in a call. */
long redir_do(struct redir *t, long (*fn)(long arg), long arg);
/* The target's own view of its shot, for functions that run there. */
extern struct shot *redir_shot;

/* One filter more, in the target. */
void redir_rule(struct redir *t, const struct rule *r);
/* A layer whose verdict is the word of the call's arguments, as in nest.h. */
void redir_layer(struct redir *t, unsigned long flags);
/* An overlay listener that is asked for that call of shot->ia32's table. */
void redir_ask(struct redir *t, long nr);
/* The same, only if argument ARG is VALUE. */
void redir_ask_arg(struct redir *t, long nr, int arg, uint32_t value);

/* What the target will call; all other registers get patterns. */
#define redir_load(t, ...)						\
	redir_load_args(t, (const long[7]){ __VA_ARGS__ })
void redir_load_args(struct redir *t, const long *nr_and_args);
void redir_call(struct redir *t);
long redir_result(struct redir *t);
/*
 * Wait until it sleeps in call NR, argument I of which then is VALUE: so it is
 * past its supervisor.
 */
void redir_blocked(struct redir *t, long nr, int i, uint64_t value);
/* It has not come back. */
bool redir_waits(struct redir *t, int ms);
/* The registers are as they were loaded. */
bool redir_untouched(struct redir *t);
void redir_asked(struct redir *t, int layer, struct notice *n);
bool redir_asked_nobody(struct redir *t, int ms);
void redir_close(struct redir *t, int layer);
void redir_end(struct redir *t);
/* It was killed: reap it, and close. */
int redir_reap(struct redir *t);

/*
 * For kid_start(): hands over a listener for getpgid that was opened without
 * CAP_SYS_ADMIN, takes that up again, and waits.
 */
void weak_opener_kid(struct kid *k);

/* Answers: 0 or -errno. */
typedef struct seccomp_notif_resp_redirect redirection;
long redir_arg(int listener, const struct notice *n, int i, uint64_t value);
long redir_args(int listener, const struct notice *n, uint32_t mask,
		const uint64_t *args);
/* LAYER is asked, and makes the verdict of layer OF be VERDICT. */
void asked_redirect(struct nest *t, int layer, int of, uint32_t verdict);

/* Memory: written here, pinned there. */
struct mem {
	struct sealed s;
	char *map;			/* ours */
	uint64_t at;			/* the target's */
};

void mem_make(struct mem *m, int pages);
void mem_free(struct mem *m);
/* The whole of it, wherever the kernel likes. */
void mem_pin(int listener, const struct notice *n, struct mem *m);
/* Argument I becomes LEN bytes at OFFSET; the rest of R is as it is. */
void mem_point(redirection *r, const struct mem *m, int i, size_t offset,
	       size_t len);
redirection redirect_of(const struct notice *n);

/* Signals in the target: what frame_keep() sees is in the shot. */
void catch_signal(int sig, int flags);
/* Registers of a stopped tracee. */
void regs_of_tracee(pid_t pid, struct regs *r);

/*
 * A program: it writes its registers, and its strings from argv[0] on, to
 * REPORT_FD, and ends with its code.
 */
#define REPORT_FD 100
#define IMAGE_CODE 7
int image_make(int code);
/* A program of 64-bit code that may stand anywhere. */
int image_of(const char *code, const char *end);
struct report {
	struct regs regs;
	char strings[1024];
	size_t len;
};
/* In the target, before it starts: a pipe's end becomes REPORT_FD. */
int report_open(void);
void report_read(int fd, struct report *r);

#endif

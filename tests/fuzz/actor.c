// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ops.h"

#define KCOV_ENABLE	0x6364		/* _IO('c', 100) */
#define KCOV_TRACE_PC	0

void *own_page(const struct actor *self)
{
	return (void *)(SCRATCH_OWN + self->index * PAGE);
}

void *pointer(uint64_t kind, const void *good)
{
	switch (kind) {
	case POINTER_NULL:
		return NULL;
	case POINTER_UNMAPPED:
		return (void *)SCRATCH_HOLE;
	case POINTER_KERNEL:
		return (void *)0xffffffff81000000;
	case POINTER_READ_ONLY:
		return (void *)TEXT(bytes);
	case POINTER_END:
		return memcpy((void *)(SCRATCH_HOLE - 8), good, 8);
	default:
		return (void *)good;
	}
}

void pause_us(unsigned int us)
{
	const struct timespec t = { .tv_nsec = us * 1000L };

	quiet(SYS_nanosleep, &t, NULL);
}

void complain(const struct actor *self, enum complaint what)
{
	stage->complaint_op = self->op;
	stage->complaint = what;
}

void leave(void)
{
	quiet(SYS_exit_group, 0);
	for (;;)
		quiet(SYS_exit, 0);
}

void actor_cover(unsigned int slot)
{
	if (stage->covered && slot < SLOTS)
		quiet(SYS_ioctl, FD_KCOV + slot, KCOV_ENABLE, KCOV_TRACE_PC);
}

static uint64_t value_of(const struct arg *a)
{
	switch (a->form) {
	case ARG_RESULT:
		return a->value < OPS_MAX ? stage->result[a->value] : -1UL;
	case ARG_TASK:
		return a->value < ACTORS_MAX ? (uint64_t)stage->tid[a->value] :
		       -1UL;
	default:
		return a->value;
	}
}

static void perform(struct actor *self)
{
	const struct op *op = &stage->program.op[self->op];
	uint64_t a[ARGS_MAX];
	long result;
	int i;

	/* Anybody may have written there. */
	if (op->kind >= OPS)
		leave();
	for (i = 0; i < ARGS_MAX; i++)
		a[i] = value_of(&op->arg[i]);
	result = ops[op->kind].run(self, a);
	stage->result[self->op] = result;
}

static void tell(uint8_t byte)
{
	while (quiet(SYS_write, FD_DONE_WRITE, &byte, 1) == -EINTR)
		;
}

static void run_queue(struct actor *self)
{
	uint8_t at;
	long n;

	for (;;) {
		n = quiet(SYS_read, FD_QUEUE_READ + self->index, &at, 1);
		if (n == -EINTR)
			continue;
		if (n != 1 || at >= OPS_MAX)
			leave();
		self->op = at;
		perform(self);
		stage->done[at] = 1;
		tell(at);
	}
}

void actor_run(int index)
{
	struct actor self = { .index = index };

	actor_cover(index);
	self.tid = quiet(SYS_gettid);
	stage->tid[index] = self.tid;
	stage->tgid[index] = quiet(SYS_getpid);
	tell(OPS_MAX + index);
	run_queue(&self);
	leave();
}

/* The operation that this image was made by has its result now. */
void actor_resume(char **argv)
{
	struct actor self = { .index = atoi(argv[1]), .op = atoi(argv[2]) };

	self.tid = quiet(SYS_gettid);
	stage->tid[self.index] = self.tid;
	stage->tgid[self.index] = self.tid;
	stage->result[self.op] = 0;
	stage->done[self.op] = 1;
	tell(self.op);
	run_queue(&self);
	leave();
}

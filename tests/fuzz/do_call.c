// SPDX-License-Identifier: GPL-2.0-only
/*
 * A system call by an actor, whose registers must be as they were when it comes
 * back, whatever a supervisor made of it.
 */
#define _GNU_SOURCE
#include "ops.h"

enum {
	CALL_64,
	CALL_IA32,
	CALL_X32,
	CALL_VSYSCALL,			/* time(2), by the page of old */
	CALL_SIGRETURN,			/* without a frame: it ends the actor */
	CALLS,
};

#define VSYSCALL_TIME 0xffffffffff600400UL

static bool call_64(long nr, const uint64_t *a, long *ret)
{
	register uint64_t r10 __asm__("r10") = a[3];
	register uint64_t r8 __asm__("r8") = a[4];
	register uint64_t r9 __asm__("r9") = a[5];
	uint64_t di = a[0], si = a[1], dx = a[2];

	__asm__ volatile("syscall"
			 : "=a"(*ret), "+D"(di), "+S"(si), "+d"(dx), "+r"(r10),
			   "+r"(r8), "+r"(r9)
			 : "0"(nr)
			 : "rcx", "r11", "memory");
	return di == a[0] && si == a[1] && dx == a[2] && r10 == a[3] &&
	       r8 == a[4] && r9 == a[5];
}

/* Without the sixth, which would be %ebp. */
static bool call_ia32(long nr, const uint64_t *a, long *ret)
{
	uint32_t bx = a[0], cx = a[1], dx = a[2], si = a[3], di = a[4];
	int ax;

	__asm__ volatile("int $0x80"
			 : "=a"(ax), "+b"(bx), "+c"(cx), "+d"(dx), "+S"(si),
			   "+D"(di)
			 : "0"((int)nr)
			 : "r8", "r9", "r10", "r11", "memory");
	*ret = ax;
	return bx == (uint32_t)a[0] && cx == (uint32_t)a[1] &&
	       dx == (uint32_t)a[2] && si == (uint32_t)a[3] &&
	       di == (uint32_t)a[4];
}

static bool make_call(uint64_t way, uint64_t nr, const uint64_t *a, long *ret)
{
	switch (way % CALLS) {
	case CALL_IA32:
		return call_ia32(ia32_nr(nr), a, ret);
	case CALL_X32:
		return call_64((int)nr | X32_BIT, a, ret);
	case CALL_VSYSCALL:
		*ret = ((long (*)(long *))VSYSCALL_TIME)(NULL);
		return true;
	case CALL_SIGRETURN:
		*ret = raw_no_stack(SYS_rt_sigreturn);
		return true;
	default:
		return call_64((int)nr, a, ret);
	}
}

DO(call)
{
	long ret = 0;
	bool same = make_call(a[0], a[1], a + 2, &ret);

	/* Made by a call that a tracer has turned into a fork. */
	if (!ret && quiet(SYS_gettid) != self->tid)
		leave();
	if (!same && !stage->edited)
		complain(self, COMPLAINT_REGISTERS);
	return ret;
}

/* For races with others: nobody tells what comes of each. */
DO(loop)
{
	unsigned int i;

	for (i = 0; i < (a[1] & 0xff); i++)
		raw((int)a[0], i);
	return 0;
}

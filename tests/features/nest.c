// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <stddef.h>
#include <string.h>
#include <poll.h>
#include <unistd.h>

#include "nest.h"

/* Words of a command to the target. */
enum { DO_END, DO_PROBE, DO_PROBE_IA32, DO_INSTALL };

static uint32_t word_offset(int layer)
{
	int word = layer < LOW_LAYERS ? 2 * layer :
					2 * (layer - LOW_LAYERS) + 1;

	return offsetof(struct seccomp_data, args) + 4 * word;
}

long layer_install(int layer, unsigned long flags)
{
	struct sock_filter insn[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_I386, 2, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PROBE_NR, 2, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IA32_PROBE_NR, 0, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, word_offset(layer)),
		BPF_STMT(BPF_RET | BPF_A, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog f = { .len = ARRAY_SIZE(insn), .filter = insn };

	return raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &f);
}

long probe(const uint32_t *v)
{
	return raw6(PROBE_NR, v[0], v[1], v[2], v[3], v[4], v[5]);
}

long probe_ia32(const uint32_t *v)
{
	return raw32(IA32_PROBE_NR, v[0], v[1], v[2], v[3], v[4]);
}

static void obey_probe(struct kid *k, bool ia32)
{
	uint32_t v[LOW_LAYERS];
	long word = 0;
	int i;

	for (i = 0; i < LOW_LAYERS; i++) {
		hear(k, &word);
		v[i] = word;
	}
	say(k, ia32 ? probe_ia32(v) : probe(v));
}

/* The owner takes the listener before it says on. */
static void obey_install(struct kid *k)
{
	long layer = 0, flags = 0, fd, go;

	hear(k, &layer);
	hear(k, &flags);
	fd = layer_install(layer, flags);
	say(k, fd);
	if (fd < 0 || !(flags & NEW_LISTENER))
		return;
	hear(k, &go);
	raw(SYS_close, fd);
}

static void obey(struct kid *k)
{
	long word;

	while (hear(k, &word) && word != DO_END) {
		if (word == DO_INSTALL)
			obey_install(k);
		else
			obey_probe(k, word == DO_PROBE_IA32);
	}
}

struct plan {
	void (*fn)(void);
};

static void target(struct kid *k)
{
	const struct plan *p = k->arg;

	no_new_privs();
	if (p->fn)
		p->fn();
	obey(k);
}

long nest_add(struct nest *t, unsigned long flags)
{
	long fd;

	NEED(t->n < LOW_LAYERS);
	say(&t->k, DO_INSTALL);
	say(&t->k, t->n);
	say(&t->k, flags);
	fd = heard(&t->k);
	if (fd < 0)
		return fd;
	t->listener[t->n] = -1;
	if (flags & NEW_LISTENER) {
		t->listener[t->n] =
			syscall(SYS_pidfd_getfd, t->k.pidfd, fd, 0);
		NEED(t->listener[t->n] >= 0);
		say(&t->k, 0);
	}
	t->n++;
	return 0;
}

void nest_start_with(struct nest *t, const unsigned long *flags, int n,
		     void (*fn)(void))
{
	const struct plan p = { .fn = fn };
	int i;

	memset(t, 0, sizeof(*t));
	t->parent = getpid();
	kid_start(&t->k, target, &p);
	for (i = 0; i < n; i++)
		MUST(nest_add(t, flags[i]));
	CALL(t, PASS, PASS, PASS, PASS, PASS, PASS);
	CONTROL_EQ(nest_result(t), t->parent);
}

void nest_start(struct nest *t, const unsigned long *flags, int n)
{
	nest_start_with(t, flags, n, NULL);
}

void nest_call(struct nest *t, const uint32_t *verdict)
{
	int i;

	say(&t->k, t->ia32 ? DO_PROBE_IA32 : DO_PROBE);
	for (i = 0; i < LOW_LAYERS; i++)
		say(&t->k, verdict[i]);
}

long nest_result(struct nest *t)
{
	return heard(&t->k);
}

bool nest_pending(struct nest *t)
{
	struct pollfd p = { .fd = t->k.in, .events = POLLIN };

	return poll(&p, 1, 50) == 0;
}

void asked(struct nest *t, int layer, struct notice *n)
{
	int i;

	CHECK(notice_waits(t->listener[layer], ASKED_MS));
	for (i = 0; i < t->n; i++)
		if (i != layer && t->listener[i] >= 0)
			CHECK(!notice_waits(t->listener[i], 0));
	notice_recv(t->listener[layer], n);
	CHECK_EQ(n->nr, t->ia32 ? IA32_PROBE_NR : PROBE_NR);
	CHECK_EQ(n->pid, t->k.pid);
}

void asked_continue(struct nest *t, int layer)
{
	struct notice n;

	asked(t, layer, &n);
	CHECK_EQ(notice_continue(t->listener[layer], &n), 0);
}

void asked_answer(struct nest *t, int layer, long val, int error)
{
	struct notice n;

	asked(t, layer, &n);
	CHECK_EQ(notice_answer(t->listener[layer], &n, val, error), 0);
}

void asked_from_inside(struct nest *t, int layer)
{
	int i;

	for (i = t->n - 1; i >= layer; i--)
		asked_continue(t, i);
}

bool nobody_asked(struct nest *t, int ms)
{
	return none_waits(t->listener, t->n, ms);
}

void nest_close(struct nest *t, int layer)
{
	close(t->listener[layer]);
	t->listener[layer] = -1;
}

void nest_end(struct nest *t)
{
	int i;

	say(&t->k, DO_END);
	CHECK_EQ(ending(kid_wait(&t->k)), 0);
	for (i = 0; i < t->n; i++)
		if (t->listener[i] >= 0)
			close(t->listener[i]);
	close(t->k.in);
	close(t->k.out);
	close(t->k.pidfd);
}

void implicit(bool on)
{
	need_root();
	NEED(sysctl_for_case(IMPLICIT, on ? "1" : "0"));
}

void need_nested(void)
{
	if (!(overlay_features() & SECCOMP_OVERLAY_NESTED))
		skip("no nested listeners here");
}

void need_sequential(void)
{
	if (!(overlay_features() & SECCOMP_OVERLAY_SEQUENTIAL))
		skip("no sequential evaluation here");
}

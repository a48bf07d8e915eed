// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * redirect: pools of pins and redirected calls, with a kernel that is made up.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <linux/openat2.h>
#include <sys/un.h>

#include "fake-kernel.h"

static struct overlay_seccomp_pins *pins;

static struct overlay_seccomp_redirect *begin(const struct seccomp_notif *call)
{
	struct overlay_seccomp_redirect *r;

	EXPECT(overlay_seccomp_redirect_begin(pins, call, &r), 0);
	return r;
}

static int send_path(const struct seccomp_notif *call, const char *path)
{
	struct overlay_seccomp_redirect *r = begin(call);
	int ret;

	EXPECT(overlay_seccomp_redirect_path(r, 1, path), 0);
	ret = overlay_seccomp_redirect_send(r);
	check_all();
	return ret;
}

/* It makes a call, which is redirected; returns where to. */
static __u64 redirect(struct task *t, const char *path)
{
	struct seccomp_notif call = notify(t);
	char found[PATH_MAX];

	EXPECT(send_path(&call, path), OVERLAY_SECCOMP_ANSWERED);
	EXPECT(t->last.args_mask, 2);
	EXPECT(t->last.ptr_mask, 2);
	EXPECT(t->last.ptr_len[1], (long)strlen(path) + 1);
	peek(t, t->last.args[1], found, strlen(path) + 1);
	EXPECT(strcmp(found, path), 0);
	return t->last.args[1];
}

static int send_bytes(const struct seccomp_notif *call, size_t len)
{
	struct overlay_seccomp_redirect *r = begin(call);
	char *bytes = malloc(len);
	int ret;

	memset(bytes, call->id, len);
	overlay_seccomp_redirect_bytes(r, 3, bytes, len);
	free(bytes);
	ret = overlay_seccomp_redirect_send(r);
	check_all();
	return ret;
}

static void setup(void)
{
	int i;

	EXPECT(overlay_seccomp_pins_new(LISTENER, &pins), 0);
	for (i = 0; i < MAX_TASKS; i++)
		EXPECT(tasks[i].tid, 0);
	n_pin_calls = n_sleeps = 0;
}

static void teardown(void)
{
	int i;

	for (i = 0; i < MAX_TASKS; i++)
		if (tasks[i].tid)
			end_task(&tasks[i]);
	overlay_seccomp_pins_free(pins);
}

/* One pin does, and one slot, for one thread. */
static void one_thread(void)
{
	struct task *t = start_process(100);
	__u64 first = redirect(t, "/a");
	int i;

	for (i = 0; i < 1000; i++)
		EXPECT(redirect(t, i % 2 ? "/other/path" : "/a") == first, 1);
	EXPECT(t->mm->n, 1);
	EXPECT(n_pin_calls, 1);
}

/* Those that run at once have each their own place, in the same pin. */
static void threads(void)
{
	struct task *a = start_process(100), *b = share(a, 101, 100);
	__u64 at_a = redirect(a, "/a"), at_b = redirect(b, "/b");

	EXPECT(at_a != at_b, 1);
	finish(a);
	/* Nobody knows yet that it is over. */
	EXPECT(redirect(share(a, 102, 100), "/c") != at_a, 1);
	EXPECT(redirect(a, "/d") == at_a, 1);
	EXPECT(a->mm->n, 1);
}

static void vfork_children(void)
{
	struct task *parent = start_process(100), *child;
	int i;

	redirect(parent, "/parent");
	for (i = 0; i < 300; i++) {
		child = share(parent, 200 + i, 200 + i);
		redirect(child, "/child/before/exec");
		EXPECT(child->mm == parent->mm, 1);
		exec_task(child);
		/* Not the parent's memory: a pin of its own. */
		redirect(i % 2 ? share(child, 900, 900) : child,
			 "/child/after/exec");
		EXPECT(child->mm->n, 1);
		EXPECT(child->mm->pins[0].ino != parent->mm->pins[0].ino, 1);
		end_task(child);
		if (i % 2)
			end_task(find_task(900));
	}
	EXPECT(parent->mm->n, 1);
	/* And with those that never make another call. */
	for (i = 0; i < 2000; i++) {
		child = share(parent, 600 + i, 600 + i);
		redirect(child, "/child/that/is/not/heard/of/again");
		if (i % 2)
			exec_task(child);
		end_task(child);
	}
	EXPECT(parent->mm->n <= 2, 1);
}

static void fork_children(void)
{
	struct task *parent = start_process(100), *child;
	__u64 at = redirect(parent, "/parent");

	child = fork_task(parent, 101);
	EXPECT(redirect(child, "/child") != at, 1);
	/* The copy of the parent's, and its own. */
	EXPECT(child->mm->n, 2);
	EXPECT(child->mm->pins[0].ino == parent->mm->pins[0].ino, 1);
	EXPECT(child->mm->pins[1].ino != parent->mm->pins[0].ino, 1);
	redirect(parent, "/again");
	redirect(child, "/again");
	EXPECT(parent->mm->n, 1);
	EXPECT(child->mm->n, 2);
	/* A thread of the child's is not one of the parent's. */
	redirect(share(child, 102, 101), "/thread");
	EXPECT(child->mm->n, 2);
}

static void exec_in_place(void)
{
	struct task *t = start_process(100);
	int i;

	for (i = 0; i < 50; i++) {
		redirect(t, "/a");
		exec_task(t);
	}
	redirect(t, "/a");
	EXPECT(t->mm->n, 1);
}

/* Each is the last one of its process that was heard of, but the process. */
static void threads_in_turn(void)
{
	struct task *first = start_process(100), *t;
	int i;

	for (i = 0; i < 200; i++) {
		t = share(first, 200 + i, 100);
		redirect(t, "/a");
		end_task(t);
	}
	EXPECT(first->mm->n <= 2, 1);
}

/* A number that is given to the child of a fork, which sees the same pins. */
static void number_again(void)
{
	struct task *a = start_process(100), *b = share(a, 101, 100), *c;
	__u64 at = redirect(a, "/a");

	redirect(b, "/b");
	end_task(b);
	c = fork_task(a, 101);
	redirect(c, "/c");
	EXPECT(c->mm->n, 2);
	/* So that it may not give up what is in use there. */
	redirect(c, "/d");
	EXPECT(redirect(a, "/e") == at, 1);
}

/* It ends in the tick in which it began, and so does not tell from the next. */
static void number_in_a_tick(void)
{
	struct task *a = start_process(100), *b, *c;
	struct seccomp_notif call;
	int i;

	redirect(a, "/a");
	EXPECT(n_sleeps, 1);
	for (i = 0; i < 50; i++) {
		b = share(a, 101, 100);
		redirect(b, "/b");
		end_task(b);
		c = fork_task(a, 101);
		redirect(c, "/c");
		EXPECT(c->mm->n, 2);
		/* For want of room, what is over where it is called from. */
		call = notify(a);
		EXPECT(send_bytes(&call, (64 << 10) - 40), 1);
		end_task(c);
	}
	EXPECT(a->mm->n, 1);
	/* Only address spaces that are new wait for it, not each thread. */
	EXPECT(n_sleeps, 51);
	/* Who cannot sleep can have nothing placed. */
	c = start_process(500);
	call = notify(c);
	sleep_fails = (struct failure){ EINTR, 50 };
	EXPECT(send_path(&call, "/d"), OVERLAY_SECCOMP_ANSWERED);
	c = start_process(501);
	call = notify(c);
	sleep_fails = (struct failure){ EPERM, 1 };
	EXPECT(send_path(&call, "/d"), -EPERM);
}

/* After execve(2), @t puts there what looks like the first pin of @other's. */
static void forge(struct task *t, const struct task *other)
{
	exec_task(t);
	t->mm->forged_at = other->mm->pins[0].addr;
	peek(other, t->mm->forged_at, t->mm->forged, sizeof(t->mm->forged));
}

/* What looks like our pin, after execve(2), is none. */
static void forged(void)
{
	struct task *a = start_process(100), *b = share(a, 101, 101);
	int i;

	redirect(a, "/a");
	redirect(b, "/b");
	forge(b, a);
	for (i = 0; i < 100; i++)
		redirect(b, "/c");
	EXPECT(b->mm->n, 1);
	EXPECT(a->mm->n, 1);
}

/*
 * Nor is our pin made where that is: next to it, it would put what others are
 * redirected to where a call of its own is.
 */
static void forged_for_a_peer(void)
{
	struct task *a = start_process(100), *b = share(a, 101, 101);
	char path[4096];

	memset(path, '/', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	redirect(a, path);
	redirect(share(a, 102, 100), "/x");
	redirect(b, "/b");
	forge(b, a);
	b->mm->next = b->mm->forged_at + 4096;
	redirect(share(b, 103, 103), "/c");
	redirect(b, "/d");
	EXPECT(b->mm->pins[0].ino != a->mm->pins[0].ino, 1);
}

/* As by MADV_GUARD_INSTALL: what cannot be read is there nevertheless. */
static void guarded(void)
{
	struct task *t = start_process(100), *other = start_process(500);
	int i;

	redirect(t, "/a");
	t->mm->guarded = true;
	for (i = 0; i < 20; i++) {
		redirect(t, "/b");
		redirect(share(t, 101 + i, 100), "/c");
		redirect(share(t, 201 + i, 201 + i), "/d");
	}
	/* Nor is it gone when the pool looks for what is. */
	redirect(other, "/e");
	redirect(t, "/f");
	EXPECT(t->mm->n, 1);
}

/* As by PR_SET_DUMPABLE, and back: whoever cannot be seen has not left. */
static void hidden(void)
{
	struct task *t = start_process(100);
	struct seccomp_notif call;

	redirect(t, "/a");
	call = notify(t);
	t->mm->hidden = true;
	EXPECT(send_path(&call, "/b"), -EACCES);
	t->mm->hidden = false;
	EXPECT(send_path(&call, "/b"), OVERLAY_SECCOMP_ANSWERED);
	EXPECT(t->mm->n, 1);
	/* Nor has one of whom nothing can be read. */
	t->mm->guarded = true;
	maps_fails = (struct failure){ ESRCH, 1 };
	call = notify(t);
	EXPECT(send_path(&call, "/c"), -ESRCH);
	EXPECT(send_path(&call, "/c"), OVERLAY_SECCOMP_ANSWERED);
	EXPECT(t->mm->n, 1);
}

/* No room is left where @t is, for more than 100 KB. */
static void fill_up(struct task *t)
{
	struct seccomp_notif call;
	int i, ret;

	for (i = 0; i < 300; i++) {
		if (i < 40)
			t = share(t, 300 + i, 100);
		call = notify(t);
		ret = send_bytes(&call, i < 20 ? 1000 : 1 << 20);
		if (ret == -ENOSPC)
			break;
		EXPECT(ret, OVERLAY_SECCOMP_ANSWERED);
	}
	EXPECT(ret, -ENOSPC);
}

/* Nobody else's call is over because it is over for those who seem to share. */
static void forged_when_full(void)
{
	struct task *a = start_process(100), *b = share(a, 101, 101);
	struct seccomp_notif call;

	redirect(a, "/a");
	redirect(b, "/b");
	fill_up(a);
	forge(b, a);
	call = notify(b);
	EXPECT(send_bytes(&call, 1 << 20), OVERLAY_SECCOMP_ANSWERED);
}

/* Nor because whoever asks has been killed. */
static void killed_when_full(void)
{
	struct task *a = start_process(100), *b = share(a, 101, 100);
	struct seccomp_notif call;

	redirect(b, "/b");
	fill_up(a);
	call = notify(b);
	dies_when_compared = b;
	EXPECT(send_bytes(&call, 1 << 20), 0);
	EXPECT(dies_when_compared == NULL, 1);
}

/* What is left to be read late, as when the request lay in a queue. */
static void late_request(void)
{
	struct task *t = start_process(100);
	struct seccomp_notif early = notify(t);
	__u64 at = redirect(t, "/a");
	char found[3];

	EXPECT(send_path(&early, "/late"), 0);
	peek(t, at, found, 3);
	EXPECT(strcmp(found, "/a"), 0);
	/* Nor does a call that goes on end itself. */
	early = notify(t);
	EXPECT(send_path(&early, "/b"), 1);
	EXPECT(send_path(&early, "/c"), 0);
}

/* restart_syscall(2): the call before it has not ended. */
static void restarted_call(void)
{
	struct task *a = start_process(100), *b = share(a, 101, 100);
	struct seccomp_notif call;
	__u64 at = redirect(a, "/a");

	a->runs = true;
	call = (struct seccomp_notif){ .id = ++next_id, .pid = 100 };
	call.data.arch = AUDIT_ARCH_X86_64;
	call.data.nr = SYS_restart_syscall;
	overlay_seccomp_redirect_cancel(begin(&call));
	EXPECT(redirect(b, "/b") != at, 1);
	call.data.nr = SYS_openat;
	call.id = ++next_id;
	finish(a);
	overlay_seccomp_redirect_cancel(begin(&call));
	EXPECT(redirect(share(a, 102, 100), "/c") == at, 1);
}

static void exhausted(void)
{
	struct task *t = start_process(100), *other = start_process(500);
	struct task *big[20];
	struct seccomp_notif call;
	int i, full = 0;

	for (i = 0; i < 20; i++) {
		big[i] = share(t, 101 + i, 100);
		call = notify(big[i]);
		switch (send_bytes(&call, 1 << 20)) {
		case OVERLAY_SECCOMP_ANSWERED:
			EXPECT(full, 0);
			break;
		case -ENOSPC:
			EXPECT(big[i]->waits, 1);
			full++;
			break;
		default:
			EXPECT(0, 1);
		}
	}
	EXPECT(full > 3 && full < 10, 1);
	EXPECT(t->mm->n < MAX_PINNED / 4, 1);
	/* Others are not concerned, and it is over when the threads are. */
	redirect(other, "/a");
	for (i = 0; i < 20; i++)
		end_task(big[i]);
	call = notify(t);
	EXPECT(send_bytes(&call, 7 << 20), OVERLAY_SECCOMP_ANSWERED);
	call = notify(t);
	EXPECT(send_bytes(&call, 8 << 20), -E2BIG);
	call = notify(t);
	EXPECT(send_bytes(&call, (8 << 20) - 16), OVERLAY_SECCOMP_ANSWERED);
	/* Where nobody may ask who has left, nothing is taken away. */
	other = share(t, 101, 100);
	clock_ticks++;
	redirect(other, "/a");
	call = notify(other);
	kcmp_fails = (struct failure){ EPERM, 1000 };
	EXPECT(send_bytes(&call, 7 << 20), -ENOSPC);
	kcmp_fails.times = 0;
}

static void retries(void)
{
	struct task *t = start_process(100);
	struct seccomp_notif call;

	pin_fails = (struct failure){ EINTR, 50 };
	send_fails = (struct failure){ EINTR, 50 };
	redirect(t, "/a");
	exec_task(t);
	pin_fails = (struct failure){ EAGAIN, 3 };
	redirect(t, "/a");
	exec_task(t);
	pin_fails = (struct failure){ EAGAIN, 1000 };
	call = notify(t);
	EXPECT(send_path(&call, "/a"), -EAGAIN);
	pin_fails.times = 0;
	EXPECT(t->waits, 1);
	/* The same request, once more. */
	EXPECT(send_path(&call, "/a"), OVERLAY_SECCOMP_ANSWERED);
	/* Many signals are meant: a target can have us wait for ever. */
	exec_task(t);
	call = notify(t);
	pin_fails = (struct failure){ EINTR, 1000 };
	EXPECT(send_path(&call, "/a"), -EINTR);
	pin_fails.times = 0;
	send_fails = (struct failure){ EINTR, 1000 };
	EXPECT(send_path(&call, "/a"), -EINTR);
	send_fails.times = 0;
	EXPECT(t->waits, 1);
	EXPECT(send_path(&call, "/a"), OVERLAY_SECCOMP_ANSWERED);
}

static void errors(void)
{
	static const int given[] = { EPERM, ENOMEM, EBUSY, EACCES, EINVAL };
	struct task *t = start_process(100);
	struct seccomp_notif call;
	size_t i;

	for (i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		call = notify(t);
		pin_fails = (struct failure){ given[i], 1 };
		EXPECT(send_path(&call, "/a"), -given[i]);
		EXPECT(t->waits, 1);
		send_fails = (struct failure){ given[i], 1 };
		EXPECT(send_path(&call, "/a"), -given[i]);
		redirect(t, "/b");
		call = notify(t);
		send_fails = (struct failure){ given[i], 1 };
		EXPECT(send_path(&call, "/c"), -given[i]);
		exec_task(t);
	}
	/* Nor room. */
	call = notify(t);
	for (i = 0; i < 100; i++) {
		send_fails = (struct failure){ EPERM, 1 };
		EXPECT(send_bytes(&call, 1 << 20), -EPERM);
	}
	exec_task(t);
	/* No pins are left behind by what was wrong otherwise. */
	redirect(t, "/a");
	for (i = 0; i < 200; i++) {
		call = notify(t);
		send_fails = (struct failure){ EINVAL, 1 };
		EXPECT(send_path(&call, "/a"), -EINVAL);
	}
	EXPECT(t->mm->n, 1);
}

static void gone(void)
{
	struct overlay_seccomp_redirect *r;
	struct task *t = start_process(100);
	struct seccomp_notif call = notify(t);

	end_task(t);
	EXPECT(send_path(&call, "/a"), 0);
	t = start_process(100);
	EXPECT(send_path(&call, "/a"), 0);
	redirect(t, "/a");
	/* A signal, at each step. */
	call = notify(t);
	send_fails = (struct failure){ ENOENT, 1 };
	EXPECT(send_path(&call, "/a"), 0);
	exec_task(t);
	call = notify(t);
	pin_fails = (struct failure){ ESRCH, 1 };
	EXPECT(send_path(&call, "/a"), 0);
	EXPECT(pin_fails.times + send_fails.times, 0);
	call.pid = 0;
	EXPECT(overlay_seccomp_redirect_begin(pins, &call, &r), -ESRCH);
	EXPECT(r == NULL, 1);
	overlay_seccomp_redirect_cancel(NULL);
}

static void numbers_only(void)
{
	struct task *t = start_process(100);
	struct seccomp_notif call = notify(t);
	struct overlay_seccomp_redirect *r = begin(&call);

	EXPECT(overlay_seccomp_redirect_arg(r, 0, ~0ULL), 0);
	EXPECT(overlay_seccomp_redirect_arg(r, 5, 7), 0);
	EXPECT(overlay_seccomp_redirect_arg(r, 5, 8), 0);
	EXPECT(overlay_seccomp_redirect_send(r), OVERLAY_SECCOMP_ANSWERED);
	EXPECT(t->last.args_mask, 0x21);
	EXPECT(t->last.args[0] == ~0ULL, 1);
	EXPECT(t->last.args[5], 8);
	EXPECT(n_pin_calls, 0);
}

static void refused_arguments(void)
{
	struct task *t = start_process(100);
	struct seccomp_notif call = notify(t);
	struct overlay_seccomp_redirect *r;
	struct open_how how = { };
	char path[5000] = "/";

	memset(path + 1, 'a', sizeof(path) - 2);
	r = begin(&call);
	EXPECT(overlay_seccomp_redirect_arg(r, 6, 0), -EINVAL);
	EXPECT(overlay_seccomp_redirect_bytes(r, 6, "", 1), -EINVAL);
	EXPECT(overlay_seccomp_redirect_bytes(r, 0, "", 0), -EINVAL);
	EXPECT(overlay_seccomp_redirect_bytes(r, 0, NULL, 1), -EINVAL);
	EXPECT(overlay_seccomp_redirect_string(r, 0, NULL), -EINVAL);
	EXPECT(overlay_seccomp_redirect_path(r, 0, "a"), -EINVAL);
	EXPECT(overlay_seccomp_redirect_path(r, 0, path), -ENAMETOOLONG);
	EXPECT(overlay_seccomp_redirect_strings(r, 0, NULL), -EINVAL);
	EXPECT(overlay_seccomp_redirect_sockaddr(r, 1, 1, NULL, 16), -EINVAL);
	EXPECT(overlay_seccomp_redirect_sockaddr(r, 1, 2, NULL, 16), -EINVAL);
	EXPECT(overlay_seccomp_redirect_sockaddr(r, 1, 2, NULL, 1), -EINVAL);
	EXPECT(overlay_seccomp_redirect_sockaddr(r, 1, 2, NULL, 129), -EINVAL);
	EXPECT(overlay_seccomp_redirect_open_how(r, 2, 3, &how, 23), -EINVAL);
	EXPECT(overlay_seccomp_redirect_open_how(r, 2, 2, &how, 24), -EINVAL);
	EXPECT(overlay_seccomp_redirect_path(r, 0, "/a"), 0);
	/* The first error stays, so that nothing is sent by halves. */
	EXPECT(overlay_seccomp_redirect_send(r), -EINVAL);
	r = begin(&call);
	EXPECT(overlay_seccomp_redirect_path(r, 0, path), -ENAMETOOLONG);
	EXPECT(overlay_seccomp_redirect_arg(r, 6, 0), -EINVAL);
	EXPECT(overlay_seccomp_redirect_send(r), -ENAMETOOLONG);
	EXPECT(t->waits, 1);
	EXPECT(n_pin_calls, 0);
}

static void check_vector(const struct task *t, __u64 at, size_t pointer_size,
			 char *const strings[])
{
	char found[64];
	__u64 entry;
	int i;

	for (i = 0; ; i++) {
		entry = 0;
		peek(t, at + i * pointer_size, &entry, pointer_size);
		if (!strings[i])
			break;
		peek(t, entry, found, strlen(strings[i]) + 1);
		EXPECT(strcmp(found, strings[i]), 0);
	}
	EXPECT(entry, 0);
}

/* A whole execve(2), with pointers of one size and the other. */
static void vectors(__u32 arch, size_t pointer_size)
{
	char *argv[] = { "tar", "", "--version", NULL }, *envp[] = { NULL };
	struct task *t = start_process(100);
	struct seccomp_notif call;
	struct overlay_seccomp_redirect *r;

	t->arch = arch;
	redirect(share(t, 101, 100), "/something/else");
	call = notify(t);
	r = begin(&call);
	EXPECT(overlay_seccomp_redirect_path(r, 0, "/usr/bin/tar"), 0);
	/* Of what is set twice, the last counts. */
	EXPECT(overlay_seccomp_redirect_strings(r, 2, argv), 0);
	EXPECT(overlay_seccomp_redirect_strings(r, 1, argv), 0);
	EXPECT(overlay_seccomp_redirect_strings(r, 2, envp), 0);
	EXPECT(overlay_seccomp_redirect_send(r), OVERLAY_SECCOMP_ANSWERED);
	EXPECT(t->last.ptr_mask, 7);
	/* The strings are behind the table, and proven with it. */
	EXPECT(t->last.ptr_len[1] >= 4 * pointer_size + 15, 1);
	EXPECT(t->last.ptr_len[1] <= 4 * pointer_size + 15 + 3 * 8, 1);
	EXPECT(t->last.ptr_len[2], (long)pointer_size);
	check_vector(t, t->last.args[1], pointer_size, argv);
	check_vector(t, t->last.args[2], pointer_size, envp);
}

static void vectors_64(void)
{
	vectors(AUDIT_ARCH_X86_64, 8);
}

static void vectors_32(void)
{
	vectors(AUDIT_ARCH_I386, 4);
}

/* The address space of a 64-bit process, in a call as of a 32-bit one. */
static void narrow_call(void)
{
	struct task *t = start_process(100);
	struct seccomp_notif call;
	struct overlay_seccomp_redirect *r;

	redirect(t, "/high");
	t->arch = AUDIT_ARCH_I386;
	EXPECT(redirect(t, "/low") < 1ULL << 32, 1);
	EXPECT(t->mm->n, 2);
	call = notify(t);
	r = begin(&call);
	EXPECT(overlay_seccomp_redirect_arg(r, 0, (__u32)AT_FDCWD), 0);
	EXPECT(overlay_seccomp_redirect_arg(r, 0, 1ULL << 32), -EINVAL);
	overlay_seccomp_redirect_cancel(r);
	redirect(t, "/low");
	t->arch = AUDIT_ARCH_X86_64;
	redirect(t, "/high");
	EXPECT(t->mm->n, 2);
}

static void structures(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "/a" };
	struct open_how how = { .flags = O_PATH,
				.resolve = RESOLVE_NO_SYMLINKS };
	struct task *t = start_process(100);
	struct seccomp_notif call = notify(t);
	struct overlay_seccomp_redirect *r = begin(&call);
	char found[sizeof(un)];

	EXPECT(overlay_seccomp_redirect_sockaddr(r, 1, 2,
				(struct sockaddr *)&un, sizeof(un)), 0);
	EXPECT(overlay_seccomp_redirect_open_how(r, 3, 4, &how, sizeof(how)),
	       0);
	EXPECT(overlay_seccomp_redirect_send(r), OVERLAY_SECCOMP_ANSWERED);
	EXPECT(t->last.args_mask, 0x1e);
	EXPECT(t->last.ptr_mask, 0xa);
	EXPECT(t->last.args[2], sizeof(un));
	EXPECT(t->last.args[4], sizeof(how));
	EXPECT(t->last.args[3] % 8, 0);
	peek(t, t->last.args[1], found, sizeof(un));
	EXPECT(memcmp(found, &un, sizeof(un)), 0);
	peek(t, t->last.args[3], found, sizeof(how));
	EXPECT(memcmp(found, &how, sizeof(how)), 0);
}

/* Descriptors are given up with the address spaces that are gone. */
static void many_processes(void)
{
	struct task *t;
	int i, fd;

	for (i = 0; i < 1500; i++) {
		t = start_process(100 + i);
		redirect(t, "/a");
		end_task(t);
	}
	fd = dup(0);
	EXPECT(fd < 100, 1);
	close(fd);
}

static int lowest_descriptor(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

/* A pool that has the last ones gives up what it does not need. */
static void no_descriptor(int error)
{
	struct task *t = start_process(100), *other = start_process(500);
	struct seccomp_notif call;
	int fd, i;

	redirect(t, "/a");
	call = notify(t);
	fd = lowest_descriptor();
	redirect(other, "/b");
	end_task(other);
	EXPECT(lowest_descriptor() != fd, 1);
	open_fails = (struct failure){ error, 1000 };
	EXPECT(send_path(&call, "/a"), -error);
	open_fails.times = 0;
	EXPECT(lowest_descriptor(), fd);
	EXPECT(t->waits, 1);
	/* Whatever cannot be opened, it is not taken for somebody who left. */
	for (i = 0; i < 5; i++) {
		opens_left = i;
		open_fails = (struct failure){ error, 1 };
		redirect(share(t, 101 + i, 100), "/a");
		EXPECT(t->mm->n, 1);
	}
	opens_left = open_fails.times = 0;
	for (i = 0; i < 6; i++)
		end_task(find_task(100 + i));
}

static void no_descriptors(void)
{
	no_descriptor(EMFILE);
	no_descriptor(ENFILE);
}

/* After the pool: what still runs must not notice. */
static void pool_ends_first(void)
{
	struct task *t = start_process(100);

	redirect(t, "/a");
	overlay_seccomp_pins_free(pins);
	check_all();
	EXPECT(overlay_seccomp_pins_new(LISTENER, &pins), 0);
	redirect(t, "/b");
	EXPECT(t->mm->n, 2);
}

/* Numbers are few here, so that they are soon given again. */
static pid_t free_number(void)
{
	pid_t tid;

	do {
		tid = 100 + rand() % 48;
	} while (find_task(tid));
	return tid;
}

static struct task *random_task(void)
{
	int i = rand() % MAX_TASKS;

	while (!tasks[i].tid)
		i = (i + 1) % MAX_TASKS;
	return &tasks[i];
}

static int count_tasks(void)
{
	int i, n = 0;

	for (i = 0; i < MAX_TASKS; i++)
		n += tasks[i].tid != 0;
	return n;
}

static void make_random_task(void)
{
	struct task *from = random_task();
	pid_t tid = free_number();

	switch (rand() % 3) {
	case 0:
		share(from, tid, from->tgid);
		break;
	case 1:
		share(from, tid, tid);
		break;
	default:
		fork_task(from, tid);
	}
}

/* Of whom it shows what looks like another's first pin. */
static void exec_random_task(void)
{
	struct task *t = random_task(), *of = random_task();
	__u64 at = of->mm->n ? of->mm->pins[rand() % of->mm->n].addr : 0;
	char mark[16];

	if (at)
		peek(of, at, mark, sizeof(mark));
	exec_task(t);
	if (at && rand() % 2) {
		t->mm->forged_at = at;
		memcpy(t->mm->forged, mark, sizeof(mark));
		if (rand() % 2)
			t->mm->next = at + 4096;
	}
}

static void call_at_random(int *sent)
{
	static const size_t sizes[] = { 10, 300, 5000, 60000, 400000 };
	struct task *t = random_task();
	struct seccomp_notif call = notify(t);
	int ret = send_bytes(&call, sizes[rand() % 5]);
	unsigned char found[2];

	if (ret != OVERLAY_SECCOMP_ANSWERED) {
		if (ret != -ENOMEM)	/* more pins than one may have */
			EXPECT(ret, -ENOSPC);
		return;
	}
	peek(t, t->last.args[3], found, sizeof(found));
	EXPECT(found[0], (unsigned char)call.id);
	EXPECT(found[1], (unsigned char)call.id);
	(*sent)++;
}

static void at_random(void)
{
	int i, n, sent = 0;

	srand(1);
	start_process(100);
	for (i = 0; i < 3000; i++) {
		n = count_tasks();
		clock_ticks += rand() % 50 == 0;
		switch (rand() % 8) {
		case 0:
			if (n < 40)
				make_random_task();
			break;
		case 1:
			if (n > 1)
				end_task(random_task());
			break;
		case 2:
			if (rand() % 4 == 0)
				exec_random_task();
			break;
		case 3:
			finish(random_task());
			break;
		default:
			call_at_random(&sent);
		}
	}
	EXPECT(sent > 1000, 1);
}

static void bad_listener(void)
{
	struct overlay_seccomp_pins *none;

	EXPECT(overlay_seccomp_pins_new(-1, &none), -EBADF);
	EXPECT(none == NULL, 1);
	overlay_seccomp_pins_free(NULL);
}

int main(void)
{
	void (*const tests[])(void) = {
		one_thread, threads, vfork_children, fork_children,
		exec_in_place, threads_in_turn, number_again, number_in_a_tick,
		forged,
		forged_for_a_peer, forged_when_full, killed_when_full,
		guarded, hidden, late_request, restarted_call, exhausted, retries, errors, gone,
		numbers_only, refused_arguments, vectors_64, vectors_32,
		narrow_call, structures, many_processes, no_descriptors,
		pool_ends_first, at_random,
	};
	size_t i;

	bad_listener();
	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		setup();
		tests[i]();
		teardown();
	}
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * holds [FIFO]: do the features hold? Children set one up each; then, if there
 * is a FIFO, a line is awaited from it ("ready" says so); then each makes its
 * calls. A line for each:
 *
 *	FEATURE works
 *	FEATURE refused ERRNO	when set up, or asked for; nothing else changed
 *	FEATURE stricter	a call was denied that should have run
 *	FEATURE weaker		a call ran that should have been denied
 *	FEATURE broken WHAT
 *
 * "stock" is the kernel's own seccomp, in a task that uses none of ours.
 * Exit status: 0; 1 if anything is weaker or broken.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/overlay_seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define PAGE 4096UL
#define LISTENERS 2
#define OVERLAY (SECCOMP_FILTER_FLAG_NEW_LISTENER | \
		 SECCOMP_FILTER_FLAG_ALLOW_NESTED_LISTENERS)
#define DENY (SECCOMP_RET_ERRNO | EXDEV)
#define PATIENCE 60000

/* From child to parent: how setting up, or a call, ended. */
struct report {
	long ret;
	int error;
	int listener[LISTENERS];	/* outer, inner; -1: none */
};

struct kid {
	pid_t pid;
	int in, out;
	int listener[LISTENERS];
	int asked[LISTENERS];
	int error;			/* of setting up */
	unsigned long pin;
	int status;			/* once it has ended */
};

static char outcome[128];

static const char *say(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(outcome, sizeof(outcome), fmt, args);
	va_end(args);
	return outcome;
}

static const char *refused(int error)
{
	const char *name = strerrorname_np(error);

	return name ? say("refused %s", name) : say("refused %d", error);
}

/* VERDICT for one call, if its first argument is ARG (-1: any). */
static long install(unsigned long flags, long nr, long arg, __u32 verdict)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arg, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, verdict),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { ARRAY_SIZE(insns), insns };

	if (arg < 0)
		insns[3] = (struct sock_filter)BPF_STMT(BPF_MISC | BPF_TAX, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
}

/* Raw write, which strict mode and all filters here allow. */
static void tell(int out, long ret, const int *listener)
{
	struct report r = { .ret = ret, .error = ret < 0 ? errno : 0,
			    .listener = { -1, -1 } };

	if (listener)
		memcpy(r.listener, listener, sizeof(r.listener));
	write(out, &r, sizeof(r));
}

/* The parent's word to go on. */
static void await_go(int in)
{
	char byte;

	if (read(in, &byte, 1) != 1)
		syscall(SYS_exit, 0);
}

static int hear(struct kid *k, struct report *r)
{
	struct pollfd p = { .fd = k->in, .events = POLLIN };

	return poll(&p, 1, PATIENCE) > 0 && read(k->in, r, sizeof(*r)) == sizeof(*r);
}

static int start(struct kid *k, void (*child)(int in, int out))
{
	int to[2], from[2];

	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
		return -1;
	k->pid = fork();
	if (!k->pid) {
		close(to[1]);
		close(from[0]);
		child(to[0], from[1]);
		syscall(SYS_exit_group, 0);
	}
	close(to[0]);
	close(from[1]);
	k->in = from[0];
	k->out = to[1];
	return 0;
}

/* Its first report: its listeners become ours. */
static void take(struct kid *k)
{
	int i, pidfd = syscall(SYS_pidfd_open, k->pid, 0);
	struct report r = { -1, EPIPE, { -1, -1 } };

	hear(k, &r);
	k->error = r.error;
	for (i = 0; i < LISTENERS; i++)
		k->listener[i] = r.listener[i] < 0 ? -1 :
			syscall(SYS_pidfd_getfd, pidfd, r.listener[i], 0);
	close(pidfd);
}

static void go(struct kid *k)
{
	write(k->out, "g", 1);
}

/* Waits for the child, and keeps how it ended. */
static void await_end(struct kid *k)
{
	int i;

	waitpid(k->pid, &k->status, 0);
	for (i = 0; i < LISTENERS; i++)
		if (k->listener[i] >= 0)
			close(k->listener[i]);
	close(k->out);
	close(k->in);
}

static void end(struct kid *k)
{
	kill(k->pid, SIGKILL);
	await_end(k);
}

static int died_of(const struct kid *k)
{
	return WIFSIGNALED(k->status) ? WTERMSIG(k->status) : 0;
}

static long answer(int listener, __u64 id, int error, int let_pass)
{
	struct seccomp_notif_resp resp = {
		.id = id, .error = error,
		.flags = let_pass ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0,
	};

	return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp);
}

static long redirect_to(int listener, __u64 id, __u64 arg)
{
	struct seccomp_notif_resp_redirect redirect = {
		.id = id, .flags = SECCOMP_REDIRECT_FLAG_CONTINUE,
		.args_mask = 1, .args = { arg },
	};

	return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND_REDIRECT, &redirect);
}

/* The child's next report; meanwhile listener i gives error[i], or CONTINUE. */
static int serve(struct kid *k, const int *error, struct report *r)
{
	struct pollfd p[LISTENERS + 1];
	int i;

	k->asked[0] = k->asked[1] = 0;
	for (i = 0; i < LISTENERS; i++)
		p[i] = (struct pollfd){ k->listener[i], POLLIN, 0 };
	p[LISTENERS] = (struct pollfd){ k->in, POLLIN, 0 };
	while (poll(p, LISTENERS + 1, PATIENCE) > 0) {
		for (i = 0; i < LISTENERS; i++) {
			struct seccomp_notif call = { };

			if (!(p[i].revents & POLLIN) ||
			    ioctl(k->listener[i], SECCOMP_IOCTL_NOTIF_RECV, &call))
				continue;
			k->asked[i]++;
			answer(k->listener[i], call.id, error[i], !error[i]);
		}
		if (p[LISTENERS].revents)
			return read(k->in, r, sizeof(*r)) == sizeof(*r);
	}
	return 0;
}

/* strict mode: SIGKILL of ours, SIGSYS of the stock kernel alone */
static void strict_child(int in, int out)
{
	long ret = install(0, SYS_getuid, -1, DENY);

	if (!ret)
		ret = syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL);
	tell(out, ret, NULL);
	await_go(in);
	tell(out, syscall(SYS_getppid), NULL);
	syscall(SYS_exit, 0);
}

static const char *strict_judge(struct kid *k)
{
	struct report r;
	int ran;

	if (k->error) {
		end(k);
		return refused(k->error);
	}
	go(k);
	ran = hear(k, &r);
	await_end(k);
	if (ran)
		return "weaker";
	if (died_of(k) == SIGSYS)
		return "stricter";
	return died_of(k) == SIGKILL ? "works" :
				       say("broken status %#x", k->status);
}

/* nested: what the inner lets pass, the outer is asked about */
static void nested_child(int in, int out)
{
	int listener[LISTENERS] = { -1, -1 };

	listener[0] = install(OVERLAY, SYS_getppid, -1, SECCOMP_RET_USER_NOTIF);
	if (listener[0] >= 0)
		listener[1] = install(OVERLAY, SYS_getppid, -1,
				      SECCOMP_RET_USER_NOTIF);
	tell(out, listener[1], listener);
	for (;;) {
		await_go(in);
		tell(out, syscall(SYS_getppid), NULL);
	}
}

static const char *nested_judge(struct kid *k)
{
	struct report no = { }, yes = { };
	const char *verdict;
	int outer_asked;

	if (k->error) {
		end(k);
		return refused(k->error);
	}
	go(k);
	serve(k, (int[]){ -EDOM, 0 }, &no);
	outer_asked = k->asked[0];
	go(k);
	serve(k, (int[]){ 0, 0 }, &yes);
	if (no.ret > 0 || (yes.ret > 0 && !k->asked[0]))
		verdict = "weaker";
	else if (no.error == EDOM && outer_asked && yes.ret > 0)
		verdict = "works";
	else if (no.error && yes.error == ENOSYS)
		verdict = "stricter";
	else
		verdict = say("broken %d/%d", no.error, yes.error);
	end(k);
	return verdict;
}

/* sequential: the inner decides, or lets pass what the outer then refuses */
static void sequential_child(int in, int out)
{
	int listener[LISTENERS] = { -1, -1 };
	long ret;

	ret = install(SECCOMP_FILTER_FLAG_SEQUENTIAL, SYS_getpgrp, -1,
		      SECCOMP_RET_KILL_PROCESS);
	if (!ret)
		ret = install(SECCOMP_FILTER_FLAG_SEQUENTIAL, SYS_getppid, -1,
			      SECCOMP_RET_ERRNO | EDOM);
	if (!ret)
		ret = install(0, SYS_getpgrp, -1, DENY);
	if (!ret)
		ret = listener[1] =
			install(SECCOMP_FILTER_FLAG_NEW_LISTENER, SYS_getppid,
				-1, SECCOMP_RET_USER_NOTIF);
	tell(out, ret, listener);
	await_go(in);
	tell(out, syscall(SYS_getppid), NULL);
	tell(out, syscall(SYS_getpgrp), NULL);
}

static const char *sequential_judge(struct kid *k)
{
	struct report passed = { }, decided = { };
	int alive, asked;

	if (k->error) {
		end(k);
		return refused(k->error);
	}
	go(k);
	serve(k, (int[]){ 0, 0 }, &passed);
	asked = k->asked[1];
	alive = hear(k, &decided);
	await_end(k);
	if (passed.ret >= 0 || (alive && decided.ret >= 0))
		return "weaker";
	if (passed.error != EDOM)
		return say("broken %d", passed.error);
	if (alive && decided.error == EXDEV && asked)
		return "works";
	return died_of(k) == SIGSYS ? "stricter" :
				      say("broken status %#x", k->status);
}

/* redirect: dup(-1) becomes dup(2); dup(1), which the outer denies, does not */
static void redirect_child(int in, int out)
{
	int listener[LISTENERS] = { -1, -1 };
	long ret = install(0, SYS_dup, STDOUT_FILENO, DENY);

	if (!ret)
		ret = listener[0] = install(OVERLAY, SYS_dup, -1,
					    SECCOMP_RET_USER_NOTIF);
	tell(out, ret, listener);
	for (;;) {
		await_go(in);
		tell(out, syscall(SYS_dup, -1), NULL);
	}
}

static int wait_call(struct kid *k, struct seccomp_notif *call)
{
	struct pollfd p = { k->listener[0], POLLIN, 0 };

	memset(call, 0, sizeof(*call));
	return poll(&p, 1, PATIENCE) > 0 &&
	       !ioctl(k->listener[0], SECCOMP_IOCTL_NOTIF_RECV, call);
}

/*
 * The call CALL waits: 0 or the errno of its redirection, and how it ended. A
 * freezer interrupts the wait, and the call comes again, as with stock.
 */
static int redirect_call(struct kid *k, struct seccomp_notif *call, __u64 arg,
			 struct report *r)
{
	int error = 0;

	memset(r, 0, sizeof(*r));
	if (redirect_to(k->listener[0], call->id, arg))
		error = errno;
	if (error == ENOENT && wait_call(k, call))
		error = redirect_to(k->listener[0], call->id, arg) ? errno : 0;
	if (error)
		answer(k->listener[0], call->id, 0, 1);
	hear(k, r);
	return error;
}

static const char *redirect_outcome(struct kid *k,
				    struct seccomp_notif *first)
{
	struct report good, bad;
	struct seccomp_notif call;
	const char *verdict;
	int error, denied;

	error = redirect_call(k, first, STDERR_FILENO, &good);
	go(k);
	if (!wait_call(k, &call)) {
		/* Without a listener that is one, stock says ENOSYS. */
		hear(k, &bad);
		verdict = bad.error == ENOSYS ? "stricter" : "broken no call";
		end(k);
		return verdict;
	}
	denied = redirect_call(k, &call, STDOUT_FILENO, &bad);
	if (error || denied)
		verdict = good.error == EBADF || good.error == ENOSYS ?
			  refused(error ?: denied) : say("broken %d", good.error);
	else if (good.error == EBADF || bad.ret >= 0 || bad.error == EBADF)
		verdict = "weaker";
	else if (good.ret > STDERR_FILENO && bad.error == EXDEV)
		verdict = "works";
	else
		verdict = say("broken %d/%d", good.error, bad.error);
	end(k);
	return verdict;
}

static const char *redirect_judge(struct kid *k)
{
	struct seccomp_notif call;

	if (k->error) {
		end(k);
		return refused(k->error);
	}
	go(k);
	if (!wait_call(k, &call)) {
		end(k);
		return "broken no call";
	}
	return redirect_outcome(k, &call);
}

/* pending: the same, where the call has waited since it was set up */
static struct seccomp_notif pending_call;

static void pending_prepare(struct kid *k)
{
	if (k->error)
		return;
	go(k);
	if (!wait_call(k, &pending_call))
		k->error = ETIME;
}

static const char *pending_judge(struct kid *k)
{
	if (k->error) {
		end(k);
		return refused(k->error);
	}
	return redirect_outcome(k, &pending_call);
}

/* pin: nothing that the target can do moves it */
static long attack(char *at)
{
	long broke = 0;

	if (!mprotect(at, PAGE, PROT_READ | PROT_WRITE))
		broke |= 16;
	if (!mprotect(at, PAGE, PROT_NONE))
		broke |= 1;
	if (mremap(at, PAGE, 2 * PAGE, MREMAP_MAYMOVE) != MAP_FAILED)
		broke |= 2;
	if (mmap(at, PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED)
		broke |= 4;
	if (!munmap(at, PAGE))
		broke |= 8;
	return broke;
}

static void pin_child(int in, int out)
{
	int listener[LISTENERS] = { -1, -1 };
	long at;

	listener[0] = install(OVERLAY, SYS_dup, -1, SECCOMP_RET_USER_NOTIF);
	tell(out, listener[0], listener);
	if (listener[0] < 0)
		return;
	at = syscall(SYS_dup, -1);
	await_go(in);
	tell(out, attack((char *)at), NULL);
	await_go(in);
	tell(out, *(volatile char *)at, NULL);
}

static int sealed_page(void)
{
	int fd = memfd_create("pin", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (ftruncate(fd, PAGE) || pwrite(fd, "p", 1, 0) != 1 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE))
		return -1;
	return fd;
}

/* The address is the answer to the call for which it was pinned. */
static void pin_prepare(struct kid *k)
{
	struct seccomp_notif_pin_install pin = { .size = PAGE };
	struct seccomp_notif_resp resp = { };
	struct seccomp_notif call;

	if (k->error)
		return;
	if (!wait_call(k, &call)) {
		k->error = ETIME;
		return;
	}
	pin.memfd = sealed_page();
	pin.id = resp.id = call.id;
	if (ioctl(k->listener[0], SECCOMP_IOCTL_NOTIF_PIN_INSTALL, &pin))
		k->error = errno;
	resp.val = pin.target_addr;
	ioctl(k->listener[0], SECCOMP_IOCTL_NOTIF_SEND, &resp);
	close(pin.memfd);
}

static const char *pin_judge(struct kid *k)
{
	struct report r = { .ret = -1 }, content = { };

	if (k->error) {
		end(k);
		return refused(k->error);
	}
	go(k);
	hear(k, &r);
	if (!r.ret) {
		go(k);
		hear(k, &content);
	}
	end(k);
	if (!r.ret && content.ret == 'p')
		return "works";
	return r.ret > 0 ? say("weaker (%ld)", r.ret) : "broken";
}

/* clone: the filter of another denies here, too */
static void clone_child(int in, int out)
{
	int hold[2], pidfd;
	pid_t source;
	long ret;
	char byte;

	if (pipe(hold))
		return;
	source = fork();
	if (!source) {
		close(hold[1]);
		install(0, SYS_getppid, -1, DENY);
		write(out, "s", 1);
		read(hold[0], &byte, 1);
		_exit(0);
	}
	close(hold[0]);
	await_go(in);
	pidfd = syscall(SYS_pidfd_open, source, 0);
	ret = syscall(SYS_seccomp, SECCOMP_CLONE_FILTER, 0, &pidfd);
	tell(out, ret, NULL);
	await_go(in);
	tell(out, syscall(SYS_getppid), NULL);
	close(hold[1]);
	waitpid(source, NULL, 0);
}

static void clone_prepare(struct kid *k)
{
	char byte;

	if (read(k->in, &byte, 1) == 1)
		go(k);
	take(k);
}

static const char *clone_judge(struct kid *k)
{
	struct report r = { };

	go(k);
	hear(k, &r);
	end(k);
	if (k->error)
		return refused(k->error);
	return r.error == EXDEV ? "works" : "weaker";
}

/* So that neighbours on functions of memory management have something to see. */
static int move_memory(void)
{
	char *at = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED || mprotect(at, PAGE, PROT_READ | PROT_WRITE))
		return -1;
	at = mremap(at, PAGE, 2 * PAGE, MREMAP_MAYMOVE);
	return at == MAP_FAILED ? -1 : munmap(at, 2 * PAGE);
}

/* stock: an error, a listener (one at most), a kill */
static void stock_child(int in, int out)
{
	int listener[LISTENERS] = { -1, -1 };
	long ret = install(0, SYS_getppid, -1, DENY);

	if (!ret)
		ret = listener[0] = install(SECCOMP_FILTER_FLAG_NEW_LISTENER,
					    SYS_dup, -1, SECCOMP_RET_USER_NOTIF);
	if (ret >= 0)
		ret = install(0, SYS_getpgrp, -1, SECCOMP_RET_KILL_PROCESS);
	tell(out, ret, listener);
	await_go(in);
	if (move_memory())
		return;
	tell(out, syscall(SYS_getppid), NULL);
	tell(out, install(SECCOMP_FILTER_FLAG_NEW_LISTENER, SYS_dup, -1,
			  SECCOMP_RET_USER_NOTIF), NULL);
	tell(out, syscall(SYS_dup, STDOUT_FILENO), NULL);
	tell(out, syscall(SYS_getpgrp), NULL);
}

static const char *stock_judge(struct kid *k)
{
	struct report denied = { }, second = { }, asked = { }, killed;
	int ran;

	if (k->error) {
		end(k);
		return say("broken %s", strerrorname_np(k->error));
	}
	go(k);
	hear(k, &denied);
	hear(k, &second);
	serve(k, (int[]){ -EDOM, 0 }, &asked);
	ran = hear(k, &killed);
	await_end(k);
	if (denied.error == EXDEV && second.error == EBUSY &&
	    asked.error == EDOM && k->asked[0] && !ran && died_of(k) == SIGSYS)
		return "works";
	return say("broken %d/%d/%d/%#x", denied.error, second.error,
		   asked.error, k->status);
}

static const struct feature {
	const char *name;
	void (*child)(int in, int out);
	void (*prepare)(struct kid *k);	/* after its first report */
	const char *(*judge)(struct kid *k);
} features[] = {
	{ "stock", stock_child, NULL, stock_judge },
	{ "strict", strict_child, NULL, strict_judge },
	{ "nested", nested_child, NULL, nested_judge },
	{ "sequential", sequential_child, NULL, sequential_judge },
	{ "redirect", redirect_child, NULL, redirect_judge },
	{ "pending", redirect_child, pending_prepare, pending_judge },
	{ "pin", pin_child, pin_prepare, pin_judge },
	{ "clone", clone_child, clone_prepare, clone_judge },
};

static void await_line(const char *fifo)
{
	char byte;
	int fd;

	puts("ready");
	fd = open(fifo, O_RDONLY);
	while (fd >= 0 && read(fd, &byte, 1) == 1 && byte != '\n')
		;
}

int main(int argc, char **argv)
{
	static struct kid kids[ARRAY_SIZE(features)];
	const char *verdict;
	int bad = 0;
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < ARRAY_SIZE(features); i++) {
		const struct feature *f = &features[i];

		if (start(&kids[i], f->child))
			return 2;
		if (f->prepare != clone_prepare)
			take(&kids[i]);
		if (f->prepare)
			f->prepare(&kids[i]);
	}
	if (argc > 1)
		await_line(argv[1]);
	for (i = 0; i < ARRAY_SIZE(features); i++) {
		verdict = features[i].judge(&kids[i]);
		printf("%s %s\n", features[i].name, verdict);
		bad |= !strncmp(verdict, "weaker", 6) ||
		       !strncmp(verdict, "broken", 6);
	}
	return bad;
}

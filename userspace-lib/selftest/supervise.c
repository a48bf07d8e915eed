// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * supervise: overlay_seccomp_supervise(), overlay_seccomp_pending() and
 * overlay_seccomp_tgid(), with a stock listener. Linked with --wrap=poll.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/time.h>

#include "target.h"

/*
 * What the kernel's poll returns when a signal interrupts it while somebody
 * else has the listener's lock, which does not happen when one wants it to.
 */
static bool poll_fails_once;

int __real_poll(struct pollfd *fds, nfds_t n, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	nfds_t i;

	if (!poll_fails_once)
		return __real_poll(fds, n, timeout);
	poll_fails_once = false;
	for (i = 0; i < n; i++)
		fds[i].revents = 0;
	fds[0].revents = POLLERR;
	return 1;
}

static void three_calls(void)
{
	EXPECT(getppid_or_errno(), 42);
	EXPECT(getppid_or_errno(), -EXFULL);
	EXPECT(getppid_or_errno() > 1, 1);
}

static int answer_three(const struct seccomp_notif *request,
			struct seccomp_notif_resp *response, void *data)
{
	int *calls = data;

	EXPECT(request->data.nr, SYS_getppid);
	EXPECT(response->id, request->id);
	EXPECT(response->val, 0);
	EXPECT(response->error, 0);
	EXPECT(response->flags, 0);
	switch (++*calls) {
	case 1:
		response->val = 42;
		return 0;
	case 2:
		response->error = -EXFULL;
		return 0;
	default:
		response->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		return 0;
	}
}

static void answers(void)
{
	struct target t;
	int calls = 0;

	start(&t, three_calls);
	EXPECT(overlay_seccomp_supervise(t.listener, -1, answer_three, &calls),
	       0);
	EXPECT(calls, 3);
	EXPECT(end(&t), 0);
}

static void hangs_up_after_error(void)
{
	struct target t;
	int calls = 0;

	start(&t, three_calls);
	poll_fails_once = true;
	EXPECT(overlay_seccomp_supervise(t.listener, -1, answer_three, &calls),
	       0);
	EXPECT(poll_fails_once, 0);
	EXPECT(end(&t), 0);
}

static void many_calls(void)
{
	int i;

	for (i = 0; i < 500; i++)
		EXPECT(getppid_or_errno(), 0);
}

static int count(const struct seccomp_notif *request,
		 struct seccomp_notif_resp *response, void *data)
{
	(void)request;
	(void)response;
	++*(int *)data;
	return 0;
}

static void nothing(int sig)
{
	(void)sig;
}

static void under_signals(void)
{
	const struct itimerval often = { { 0, 200 }, { 0, 200 } };
	const struct itimerval never = { };
	const struct sigaction action = { .sa_handler = nothing };
	struct target t;
	int calls = 0;

	start(&t, many_calls);
	EXPECT(sigaction(SIGALRM, &action, NULL), 0);
	EXPECT(setitimer(ITIMER_REAL, &often, NULL), 0);
	EXPECT(overlay_seccomp_supervise(t.listener, -1, count, &calls), 0);
	EXPECT(setitimer(ITIMER_REAL, &never, NULL), 0);
	EXPECT(calls, 500);
	EXPECT(end(&t), 0);
}

/* How the handler below ends the loop; the call waits on. */
static int end_loop(const struct seccomp_notif *request,
		    struct seccomp_notif_resp *response, void *data)
{
	int how = *(int *)data;

	(void)request;
	if (how == 0)
		response->flags = 1u << 31;
	return how;
}

static void one_call(void)
{
	EXPECT(getppid_or_errno(), 0);
}

static void ended_by_handler(int how, int wanted)
{
	struct target t;
	int calls = 0;

	start(&t, one_call);
	EXPECT(overlay_seccomp_supervise(t.listener, -1, end_loop, &how),
	       wanted);
	EXPECT(kill(t.pid, SIGKILL), 0);
	EXPECT(overlay_seccomp_supervise(t.listener, -1, count, &calls), 0);
	EXPECT(calls, 0);
	EXPECT(end(&t), 128 + SIGKILL);
}

static void stopped(void)
{
	struct target t;
	int calls = 0, stop = eventfd(1, EFD_CLOEXEC), ends[2];

	start(&t, one_call);
	/* Stopping goes before calls that wait. */
	EXPECT(overlay_seccomp_supervise(t.listener, stop, count, &calls), 1);
	EXPECT(close(stop), 0);
	EXPECT(pipe(ends), 0);
	EXPECT(close(ends[1]), 0);
	EXPECT(overlay_seccomp_supervise(t.listener, ends[0], count, &calls),
	       1);
	EXPECT(calls, 0);
	EXPECT(close(ends[0]), 0);
	EXPECT(overlay_seccomp_supervise(t.listener, ends[0], count, &calls),
	       -EBADF);
	EXPECT(calls, 0);
	EXPECT(overlay_seccomp_supervise(t.listener, -1, count, &calls), 0);
	EXPECT(calls, 1);
	EXPECT(end(&t), 0);
}

static void no_listener(void)
{
	int calls = 0, ends[2];

	EXPECT(overlay_seccomp_supervise(-1, -1, count, &calls), -EBADF);
	EXPECT(overlay_seccomp_pending(-1, 1), -EBADF);
	EXPECT(pipe(ends), 0);
	EXPECT(overlay_seccomp_supervise(ends[0], -1, count, &calls), -ENOTTY);
	EXPECT(overlay_seccomp_pending(ends[0], 1), -ENOTTY);
	close(ends[0]);
	close(ends[1]);
	EXPECT(overlay_seccomp_supervise(ends[0], -1, count, &calls), -EBADF);
	EXPECT(overlay_seccomp_pending(ends[0], 1), -EBADF);
	EXPECT(calls, 0);
}

static void read_what_came(void)
{
	int fd = syscall(SYS_getppid);
	char byte;

	EXPECT(fd > 2, 1);
	EXPECT(read(fd, &byte, 1), 1);
	EXPECT(byte, 'x');
}

static int answer_with_fd(const struct seccomp_notif *request,
			  struct seccomp_notif_resp *response, void *data)
{
	int *fds = data;
	struct seccomp_notif_addfd addfd = {
		.id = request->id,
		.flags = SECCOMP_ADDFD_FLAG_SEND,
		.srcfd = fds[1],
	};

	(void)response;
	EXPECT(ioctl(fds[0], SECCOMP_IOCTL_NOTIF_ADDFD, &addfd) > 2, 1);
	EXPECT(overlay_seccomp_pending(fds[0], request->id), 0);
	return OVERLAY_SECCOMP_ANSWERED;
}

static void answered_by_fd(void)
{
	struct target t;
	int ends[2], fds[2];

	start(&t, read_what_came);
	EXPECT(pipe(ends), 0);
	EXPECT(write(ends[1], "x", 1), 1);
	fds[0] = t.listener;
	fds[1] = ends[0];
	EXPECT(overlay_seccomp_supervise(t.listener, -1, answer_with_fd, fds),
	       0);
	close(ends[0]);
	close(ends[1]);
	EXPECT(end(&t), 0);
}

/* The target is killed, or interrupted, while somebody decides on its call. */
struct disturb {
	int listener;
	int signal;
	int calls;
};

static int disturb(const struct seccomp_notif *request,
		   struct seccomp_notif_resp *response, void *data)
{
	struct disturb *d = data;

	response->val = 9;
	d->calls++;
	EXPECT(overlay_seccomp_pending(d->listener, request->id), 1);
	EXPECT(overlay_seccomp_pending(d->listener, request->id + 1), 0);
	if (d->calls > 1)
		return 0;
	EXPECT(kill(request->pid, d->signal), 0);
	while (overlay_seccomp_pending(d->listener, request->id) == 1)
		sched_yield();
	EXPECT(overlay_seccomp_pending(d->listener, request->id), 0);
	return 0;
}

static void interrupted_call(void)
{
	const struct sigaction action = { .sa_handler = nothing };

	EXPECT(sigaction(SIGUSR1, &action, NULL), 0);
	EXPECT(getppid_or_errno(), -EINTR);
	EXPECT(getppid_or_errno(), 9);
}

static void disturbed(int signal, int calls, int status)
{
	struct disturb d = { .signal = signal };
	struct target t;

	start(&t, interrupted_call);
	d.listener = t.listener;
	EXPECT(overlay_seccomp_supervise(t.listener, -1, disturb, &d), 0);
	EXPECT(d.calls, calls);
	EXPECT(end(&t), status);
}

static void *call_in_thread(void *unused)
{
	EXPECT(getppid_or_errno(), 0);
	return unused;
}

static void threads(void)
{
	pthread_t thread;

	EXPECT(getppid_or_errno(), 0);
	EXPECT(pthread_create(&thread, NULL, call_in_thread, NULL), 0);
	pthread_join(thread, NULL);
}

static int look_up(const struct seccomp_notif *request,
		   struct seccomp_notif_resp *response, void *data)
{
	int **next = data;

	(void)response;
	*(*next)++ = request->pid;
	*(*next)++ = overlay_seccomp_tgid(request->pid);
	return 0;
}

static void tgids(void)
{
	struct target t;
	int found[4] = { }, *next = found;

	start(&t, threads);
	EXPECT(overlay_seccomp_supervise(t.listener, -1, look_up, &next), 0);
	EXPECT(next - found, 4);
	EXPECT(found[0], t.pid);
	EXPECT(found[1], t.pid);
	EXPECT(found[2] != t.pid, 1);
	EXPECT(found[3], t.pid);
	EXPECT(end(&t), 0);
	EXPECT(overlay_seccomp_tgid(t.pid), -ESRCH);
	EXPECT(overlay_seccomp_tgid(getpid()), getpid());
	EXPECT(overlay_seccomp_tgid(0), -ESRCH);
	EXPECT(overlay_seccomp_tgid(-1), -ESRCH);
}

static void no_proc(void)
{
	pid_t pid = fork();

	if (!pid) {
		if (unshare(CLONE_NEWNS) && unshare(CLONE_NEWUSER |
						    CLONE_NEWNS))
			_exit(0);
		if (mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		    mount("none", "/proc", "tmpfs", 0, NULL))
			_exit(0);
		EXPECT(overlay_seccomp_tgid(getpid()), -ENOENT);
		_exit(0);
	}
	EXPECT(exit_status(pid), 0);
}

int main(void)
{
	skip_unless_allowed();
	answers();
	hangs_up_after_error();
	under_signals();
	ended_by_handler(-ECANCELED, -ECANCELED);
	ended_by_handler(2, -EINVAL);
	ended_by_handler(0, -EINVAL);
	stopped();
	no_listener();
	answered_by_fd();
	disturbed(SIGKILL, 1, 128 + SIGKILL);
	disturbed(SIGUSR1, 2, 0);
	tgids();
	no_proc();
	return 0;
}

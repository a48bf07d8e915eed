// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * inherited COMMAND...: runs COMMAND with one more argument, the listener of a
 * child that makes calls.
 * inherited --serve LISTENER: supervises, and reads what the calls point to.
 * inherited --overrun LISTENER: the same, with a mistake.
 *
 * For valgrind, which knows no seccomp(2): the listener is made outside of it,
 * and the supervisor runs under it. Linked with --wrap=syscall.
 */
#include <fcntl.h>

#include <stdarg.h>

#include "target.h"

/* All that a supervisor uses seccomp(2) for. */
long __real_syscall(long nr, ...);
long __wrap_syscall(long nr, ...);
long __wrap_syscall(long nr, ...)
{
	struct seccomp_notif_sizes sizes = {
		.seccomp_notif = sizeof(struct seccomp_notif),
		.seccomp_notif_resp = sizeof(struct seccomp_notif_resp),
		.seccomp_data = sizeof(struct seccomp_data),
	};
	long args[3];
	va_list list;
	int i;

	va_start(list, nr);
	for (i = 0; i < 3; i++)
		args[i] = va_arg(list, long);
	va_end(list);
	if (nr != SYS_seccomp || args[0] != SECCOMP_GET_NOTIF_SIZES)
		return __real_syscall(nr, args[0], args[1], args[2]);
	memcpy((void *)args[2], &sizes, sizeof(sizes));
	return 0;
}

#define CALLS 20

static void make_calls(void)
{
	char *strings[] = { "one", "two", "three", NULL };
	int i;

	for (i = 0; i < CALLS; i++)
		EXPECT(syscall(SYS_getppid, "a string", strings, 1UL), i + 1);
	/* To what ends the loop there is no answer. */
	syscall(SYS_getppid, "a string", strings, 1UL);
}

static int run_command(char **argv, int n)
{
	char number[16], *command[n + 2];
	struct target t;

	/* The command shall have no child to wait for. */
	signal(SIGCHLD, SIG_IGN);
	start(&t, make_calls);
	EXPECT(fcntl(t.listener, F_SETFD, 0), 0);
	sprintf(number, "%d", t.listener);
	memcpy(command, argv, n * sizeof(*argv));
	command[n] = number;
	command[n + 1] = NULL;
	execvp(command[0], command);
	perror(command[0]);
	return 1;
}

struct supervisor {
	int listener;
	size_t room;
	int calls;
};

static void read_all(const struct supervisor *s,
		     const struct seccomp_notif *call)
{
	/* Of the room that is asked for, and no byte more. */
	char *buf = malloc(s->room), **strings;
	const __u64 *args = call->data.args;
	int fd = s->listener;

	EXPECT(buf != NULL, 1);
	EXPECT(overlay_seccomp_read(fd, call, args[0], buf, 4), 4);
	EXPECT(memcmp(buf, "a st", 4), 0);
	EXPECT(overlay_seccomp_read_string(fd, call, args[0], buf, 9), 8);
	EXPECT(strcmp(buf, "a string"), 0);
	EXPECT(overlay_seccomp_read_string(fd, call, args[0], buf, 8),
	       -ENAMETOOLONG);
	EXPECT(overlay_seccomp_read(fd, call, args[2], buf, 4), -EFAULT);
	free(buf);
	EXPECT(overlay_seccomp_read_strings(fd, call, args[1], 100, &strings),
	       3);
	EXPECT(strcmp(strings[2], "three"), 0);
	EXPECT(strings[3] == NULL, 1);
	free(strings);
	EXPECT(overlay_seccomp_read_strings(fd, call, args[1], 10, &strings),
	       -E2BIG);
}

static int answer(const struct seccomp_notif *request,
		  struct seccomp_notif_resp *response, void *data)
{
	struct supervisor *s = data;

	if (s->calls == CALLS)
		return -ECANCELED;
	read_all(s, request);
	EXPECT(overlay_seccomp_tgid(request->pid), request->pid);
	EXPECT(overlay_seccomp_pending(s->listener, request->id), 1);
	response->val = ++s->calls;
	return 0;
}

static int serve(int listener, size_t room)
{
	struct supervisor s = { .listener = listener, .room = room };

	EXPECT(overlay_seccomp_supervise(listener, -1, answer, &s), -ECANCELED);
	EXPECT(s.calls, CALLS);
	close(listener);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--serve"))
		return serve(atoi(argv[2]), 9);
	if (argc == 3 && !strcmp(argv[1], "--overrun"))
		return serve(atoi(argv[2]), 7);
	skip_unless_allowed();
	if (argc < 2)
		return 0;
	return run_command(argv + 1, argc - 1);
}

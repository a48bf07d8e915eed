// SPDX-License-Identifier: GPL-2.0-only
/*
 * overlay-seccomp run: a program under another task's filters, in place of
 * this process.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "command.h"
#include "overlay_seccomp.h"

/* As env(1), nice(1) and their kind have it. */
enum {
	EXIT_FAILED	= 125,
	EXIT_NOT_RUN	= 126,
	EXIT_NOT_FOUND	= 127,
};

static const char help[] =
"Usage: overlay-seccomp run --clone PID [--] COMMAND [ARGUMENT]...\n"
"\n"
"Starts COMMAND under all seccomp filters of process PID. Where those have a\n"
"supervisor, first enter the namespaces of PID, as with nsenter(1), and give\n"
"up privileges.\n"
"\n"
"Without CAP_SYS_ADMIN, no_new_privs is set.\n"
"\n"
"  -c, --clone PID  whose filters to take\n"
"  -h, --help       this text\n"
"\n"
"Exit status: of COMMAND; 125 if this fails before it, 126 if COMMAND cannot\n"
"be run, 127 if it is not found.\n";

static int is_admin(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { };

	if (syscall(SYS_capget, &header, data))
		return 0;
	return !!(data[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective &
		  CAP_TO_MASK(CAP_SYS_ADMIN));
}

static const char *why(int err)
{
	switch (err) {
	case -EACCES:
		return "this user may not trace it";
	case -EPERM:
		return "it has a supervisor, and other namespaces, root or ids, or fewer rights";
	case -ESRCH:
		return "it is exiting";
	case -EINVAL:
		if (!overlay_seccomp_has(SECCOMP_OVERLAY_CLONE))
			return "the module is not loaded (modprobe overlay_seccomp)";
		return "it has no filters, or this process has some that it has not";
	default:
		return strerror(-err);
	}
}

static int clone_from(pid_t pid)
{
	int pidfd = syscall(SYS_pidfd_open, pid, 0);
	int err;

	if (pidfd < 0) {
		if (errno == ESRCH)
			complain("no process %d", pid);
		else if (errno == EINVAL)
			complain("%d is a thread, not a process", pid);
		else
			complain("process %d: %s", pid, strerror(errno));
		return -1;
	}
	if (!is_admin() && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) {
		complain("cannot set no_new_privs: %s", strerror(errno));
		close(pidfd);
		return -1;
	}
	err = overlay_seccomp_clone(pidfd);
	close(pidfd);
	if (err)
		complain("cannot take the filters of process %d: %s", pid,
			 why(err));
	return err;
}

static pid_t parse_pid(const char *text)
{
	char *end;
	long pid;

	errno = 0;
	pid = strtol(text, &end, 10);
	if (errno || *end || end == text || pid <= 0 || pid != (pid_t)pid)
		return -1;
	return pid;
}

int cmd_run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "clone", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	pid_t pid = 0;
	int opt;

	while ((opt = getopt_long(argc, argv, "+c:h", options, NULL)) != -1) {
		switch (opt) {
		case 'c':
			pid = parse_pid(optarg);
			if (pid > 0)
				break;
			complain("'%s' is no process id", optarg);
			return EXIT_FAILED;
		case 'h':
			fputs(help, stdout);
			return EXIT_YES;
		default:
			fputs(help, stderr);
			return EXIT_FAILED;
		}
	}
	if (!pid || optind == argc) {
		fputs(help, stderr);
		return EXIT_FAILED;
	}
	if (clone_from(pid))
		return EXIT_FAILED;
	execvp(argv[optind], argv + optind);
	opt = errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUN;
	complain("%s: %s", argv[optind], strerror(errno));
	return opt;
}

// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
/*
 * overlay-seccomp run: a program under another task's filters, filters of
 * files, or in strict mode, in place of this process.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/bpf_common.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "../preload/strict.h"
#include "command.h"
#include "overlay_seccomp.h"
#include "program.h"

/* As env(1), nice(1) and their kind have it. */
enum {
	EXIT_FAILED	= STRICT_FAILED,
	EXIT_NOT_RUN	= 126,
	EXIT_NOT_FOUND	= 127,
};

static const char help[] =
"Usage: overlay-seccomp run [OPTION]... [--] COMMAND [ARGUMENT]...\n"
"\n"
"Starts COMMAND under seccomp filters, at least one of:\n"
"\n"
"  -c, --clone PID          all filters of process PID. Where those have a\n"
"                           supervisor, first enter the user, mount and pid\n"
"                           namespace of PID, as with nsenter(1), take its root\n"
"                           directory and ids, and give up privileges\n"
"  -f, --filter FILE        a filter as seccomp_export_bpf(3) writes it. It\n"
"                           judges the start of COMMAND too, and must let\n"
"                           execve pass\n"
"      --strict-after FILE  such a filter from main() on, and strict mode after\n"
"                           it. COMMAND must be linked with the shared C\n"
"                           library, and not be privileged\n"
"\n"
"Those of PID are the outermost; filters of files follow in their order.\n"
"--filter and --strict-after can be given several times.\n"
"\n"
"      --sequential         filters of files agree that later ones are judged\n"
"                           first (SECCOMP_FILTER_FLAG_SEQUENTIAL)\n"
"  -h, --help               this text\n"
"\n"
"Without CAP_SYS_ADMIN, and with --strict-after, no_new_privs is set.\n"
"\n"
"Exit status: of COMMAND; 125 if this fails before it, 126 if COMMAND cannot\n"
"be run, 127 if it is not found.\n";

/* The files of an option, open, in their order. */
struct filters {
	int		*fds;
	size_t		count;
};

struct plan {
	pid_t		clone;		/* 0: of none */
	struct filters	filters;
	struct filters	before_strict;
	bool		is_sequential;
};

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
		return "it has a supervisor, and another user, mount or pid namespace, root, user or group ids, or fewer capabilities";
	case -ESRCH:
		return "it is exiting";
	case -EINVAL:
		if (!overlay_seccomp_has(SECCOMP_OVERLAY_CLONE))
			return NOT_LOADED;
		return "it has no filters, or this process has some that it does not have";
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
	err = overlay_seccomp_clone(pidfd);
	close(pidfd);
	if (err)
		complain("cannot take the filters of process %d: %s", pid,
			 why(err));
	return err;
}

/* A file that cannot be a filter is told now, before anything is changed. */
static int add_filter(struct filters *filters, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st)) {
		complain("%s: %s", path, strerror(errno));
		return -1;
	}
	if (S_ISDIR(st.st_mode) ||
	    (S_ISREG(st.st_mode) &&
	     (!st.st_size || st.st_size % sizeof(struct sock_filter) ||
	      st.st_size / sizeof(struct sock_filter) > BPF_MAXINSNS))) {
		complain("%s: no BPF program as seccomp_export_bpf(3) writes it",
			 path);
		return -1;
	}
	filters->fds = reallocarray(filters->fds, filters->count + 1,
				    sizeof(*filters->fds));
	if (!filters->fds)
		abort();
	filters->fds[filters->count++] = fd;
	return 0;
}

static int need(__u64 feature, const char *option)
{
	int has = overlay_seccomp_has(feature);

	if (has > 0)
		return 0;
	if (has < 0)
		complain("cannot ask the module: %s", strerror(-has));
	else if (overlay_seccomp_has(0) > 0)
		complain("%s: the module does not offer that now (overlay-seccomp info)",
			 option);
	else
		complain("%s: " NOT_LOADED, option);
	return -1;
}

static const char *why_no_filter(int err)
{
	switch (err) {
	case -EINVAL:
		return "no program that seccomp takes, or this process is in strict mode";
	case -ENOMEM:
		return "out of memory, or the filters are too long together";
	case -EBUSY:
		return "somebody else holds the kernel function that must be hooked";
	default:
		return strerror(-err);
	}
}

static unsigned int flags_of(const struct plan *plan)
{
	return plan->is_sequential ? SECCOMP_FILTER_FLAG_SEQUENTIAL : 0;
}

static int install_filters(const struct plan *plan)
{
	size_t i;
	int err;

	for (i = 0; i < plan->filters.count; i++) {
		err = overlay_seccomp_install_fd(flags_of(plan),
						 plan->filters.fds[i]);
		if (err) {
			complain("cannot install filter %zu: %s", i + 1,
				 why_no_filter(err));
			return err;
		}
	}
	return 0;
}

/* In the tree that it was built in, or as far from here as it was installed. */
static int find_object(char *object, size_t size)
{
	static const char * const places[] = { "preload", PRELOAD_FROM_BIN };
	char self[PATH_MAX], path[2 * PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	size_t i;

	if (len < 0) {
		complain("/proc/self/exe: %s", strerror(errno));
		return -1;
	}
	self[len] = 0;
	*strrchr(self, '/') = 0;
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		char *real;

		snprintf(path, sizeof(path), "%s/%s/%s", self, places[i],
			 STRICT_OBJECT);
		real = realpath(path, NULL);
		if (!real)
			continue;
		snprintf(object, size, "%s", real);
		free(real);
		/* The loader's list has these between its words. */
		if (!strpbrk(object, ": "))
			return 0;
		complain("%s: cannot be preloaded with that name", object);
		return -1;
	}
	complain("no %s beside this program or in %s from it", STRICT_OBJECT,
		 PRELOAD_FROM_BIN);
	return -1;
}

/* For the object: from here on this environment is the program's only. */
static int pass_on(const struct plan *plan)
{
	char list[STRICT_LIST_MAX];
	size_t used, i;

	used = snprintf(list, sizeof(list), "%x", flags_of(plan));
	for (i = 0; i < plan->before_strict.count && used < sizeof(list); i++)
		used += snprintf(list + used, sizeof(list) - used, ":%d",
				 plan->before_strict.fds[i]);
	if (used >= sizeof(list)) {
		complain("too many filters");
		return -1;
	}
	return setenv(STRICT_VARIABLE, list, 1);
}

static int prepare_strict(const struct plan *plan, const char *path)
{
	char object[PATH_MAX], *list;
	const char *others = getenv("LD_PRELOAD");
	int err;

	if (find_object(object, sizeof(object)))
		return -1;
	if (asprintf(&list, "%s%s%s", object, others ? ":" : "",
		     others ? others : "") < 0)
		abort();
	err = setenv("LD_PRELOAD", list, 1);
	free(list);
	return err || !program_takes(path, object) || pass_on(plan) ? -1 : 0;
}

static void keep_open(const struct filters *filters)
{
	size_t i;

	for (i = 0; i < filters->count; i++)
		fcntl(filters->fds[i], F_SETFD, 0);
}

static int cannot_run(const char *name)
{
	int status = errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUN;

	complain("%s: %s", name, strerror(errno));
	return status;
}

/* Until the program is known to start, nothing is changed. */
static int start(const struct plan *plan, char **argv)
{
	bool is_strict = plan->before_strict.count;
	char path[PATH_MAX];

	if (!program_find(argv[0], path, sizeof(path)))
		return cannot_run(argv[0]);
	if (is_strict && prepare_strict(plan, path))
		return EXIT_FAILED;
	if ((is_strict && need(SECCOMP_OVERLAY_STRICT, "--strict-after")) ||
	    (plan->is_sequential &&
	     need(SECCOMP_OVERLAY_SEQUENTIAL, "--sequential")))
		return EXIT_FAILED;
	if ((is_strict || !is_admin()) &&
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) {
		complain("cannot set no_new_privs: %s", strerror(errno));
		return EXIT_FAILED;
	}
	if ((plan->clone && clone_from(plan->clone)) || install_filters(plan))
		return EXIT_FAILED;
	keep_open(&plan->before_strict);
	if (is_strict)
		execv(path, argv);
	else
		execvp(argv[0], argv);
	return cannot_run(argv[0]);
}

static int parse(struct plan *plan, int argc, char **argv)
{
	enum { STRICT_AFTER = 256, SEQUENTIAL };
	static const struct option options[] = {
		{ "clone", required_argument, NULL, 'c' },
		{ "filter", required_argument, NULL, 'f' },
		{ "strict-after", required_argument, NULL, STRICT_AFTER },
		{ "sequential", no_argument, NULL, SEQUENTIAL },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "+c:f:h", options, NULL)) != -1) {
		switch (opt) {
		case 'c':
			plan->clone = parse_pid(optarg);
			if (!plan->clone)
				return EXIT_FAILED;
			break;
		case 'f':
			if (add_filter(&plan->filters, optarg))
				return EXIT_FAILED;
			break;
		case STRICT_AFTER:
			if (add_filter(&plan->before_strict, optarg))
				return EXIT_FAILED;
			break;
		case SEQUENTIAL:
			plan->is_sequential = true;
			break;
		case 'h':
			fputs(help, stdout);
			return EXIT_YES;
		default:
			fputs(help, stderr);
			return EXIT_FAILED;
		}
	}
	return -1;
}

static int check_plan(const struct plan *plan, bool has_command)
{
	size_t files = plan->filters.count + plan->before_strict.count;

	if (!has_command || (!plan->clone && !files)) {
		fputs(help, stderr);
		return EXIT_FAILED;
	}
	if (plan->is_sequential && !files) {
		complain("--sequential says how filters of files are installed, and there is none");
		return EXIT_FAILED;
	}
	return -1;
}

static void close_filters(struct filters *filters)
{
	while (filters->count)
		close(filters->fds[--filters->count]);
	free(filters->fds);
}

int cmd_run(int argc, char **argv)
{
	struct plan plan = { };
	int status = parse(&plan, argc, argv);

	if (status < 0)
		status = check_plan(&plan, optind < argc);
	if (status < 0)
		status = start(&plan, argv + optind);
	close_filters(&plan.filters);
	close_filters(&plan.before_strict);
	return status;
}

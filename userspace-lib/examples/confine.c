// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * confine: runs an unmodified program, which may open and execute what a file
 * says and nothing else. See usage() for that file.
 *
 * A path is a string in the program's memory, which can change between a check
 * and its use, and so can what it leads to. So the supervisor copies the
 * string, makes of it a name without symbolic links, judges this name, and sees
 * to it that just this name is used, without following a link.
 *
 * Not confined: what stat, readlink, inotify and the like tell about names,
 * signals, priorities, the network, and descriptors that are inherited. Whoever
 * may execute an interpreter, such as ld.so, can run with it what can be read.
 *
 * cc confine.c $(pkg-config --cflags --libs overlay-seccomp)
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <overlay_seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Newer than the headers of some systems that the kernel is not. */
#ifndef SYS_openat2
#define SYS_openat2		437
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd		438
#endif
#ifndef SYS_process_madvise
#define SYS_process_madvise	440
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr	442
#endif
#ifndef SECCOMP_ADDFD_FLAG_SEND
#define SECCOMP_ADDFD_FLAG_SEND	(1UL << 1)
#endif

#ifndef F_SETDELEG
#define F_SETDELEG		(F_SETLEASE + 16)
#endif

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define FAILED		125	/* exit statuses */
#define SKIPPED		77
#define MAX_LINKS	40	/* in a path, as the kernel has it */

static void usage(FILE *to)
{
	fputs("Usage: confine [-v] POLICY [--] COMMAND [ARG...]\n"
	      "\n"
	      "Runs COMMAND, which may open and execute what POLICY allows.\n"
	      "Each line of that file is a right and an absolute path, which\n"
	      "stands for itself and all below:\n"
	      "\n"
	      "  read PATH   open files and directories for reading\n"
	      "  write PATH  also for writing, and make, rename and remove\n"
	      "              what is below\n"
	      "  exec PATH   execute; not below what can be written to\n"
	      "  # comment\n"
	      "\n"
	      "A program needs to read its libraries, and a script its\n"
	      "interpreter. Below /proc, a process has only its own files.\n"
	      "\n"
	      "  -v          say what is asked for, and what becomes of it\n"
	      "\n"
	      "Exit status: that of COMMAND; 125 if it could not be run, 77 if\n"
	      "this kernel has no redirection.\n", to);
}

static _Noreturn void die(const char *what, int error)
{
	fprintf(stderr, "confine: %s: %s\n", what, strerror(error));
	exit(FAILED);
}

/* The policy. */

enum { READ = 1, WRITE = 2, EXEC = 4 };

static struct rule {
	char *path;
	unsigned int rights;
} *rules;
static size_t n_rules;

/* Is @path @dir, or below it? */
static bool is_in(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	if (len == 1)
		return true;
	return !strncmp(path, dir, len) && (!path[len] || path[len] == '/');
}

static unsigned int rights_to(const char *path)
{
	unsigned int rights = 0;
	size_t i;

	for (i = 0; i < n_rules; i++)
		if (is_in(path, rules[i].path))
			rights |= rules[i].rights;
	return rights;
}

static bool is_own_in_proc(const char *path, pid_t tgid)
{
	char own[32];

	snprintf(own, sizeof(own), "/proc/%d", tgid);
	return is_in(path, own);
}

/* Those of other processes would be a way to their memory. */
static bool is_of_others(const char *path, pid_t tgid)
{
	return !strncmp(path, "/proc/", 6) && isdigit(path[6]) &&
	       !is_own_in_proc(path, tgid);
}

/*
 * Can the program replace @path, or a directory on the way, by a link? In /proc
 * descriptors and the working directories of threads are links.
 */
static bool is_exchangeable(const char *path, pid_t tgid)
{
	size_t i;

	if (is_own_in_proc(path, tgid))
		return true;
	for (i = 0; i < n_rules; i++)
		if (rules[i].rights & WRITE && is_in(path, rules[i].path) &&
		    strcmp(path, rules[i].path))
			return true;
	return false;
}

static void add_rule(const char *right, const char *path)
{
	static const struct { const char *name; unsigned int rights; } all[] = {
		{ "read", READ }, { "write", READ | WRITE }, { "exec", EXEC },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		if (!strcmp(right, all[i].name))
			break;
	if (i == ARRAY_SIZE(all) || path[0] != '/')
		die(right, EINVAL);
	rules = reallocarray(rules, n_rules + 1, sizeof(*rules));
	if (!rules)
		die("policy", ENOMEM);
	rules[n_rules].rights = all[i].rights;
	rules[n_rules].path = realpath(path, NULL);
	if (!rules[n_rules].path)
		die(path, errno);
	n_rules++;
}

static void load_policy(const char *name)
{
	char line[PATH_MAX + 16], right[8], path[PATH_MAX];
	FILE *file = fopen(name, "re");

	if (!file)
		die(name, errno);
	while (fgets(line, sizeof(line), file)) {
		if (line[strspn(line, " \t\n")] == 0 || line[0] == '#')
			continue;
		if (sscanf(line, " %7s %4095[^\n]", right, path) != 2)
			die(line, EINVAL);
		add_rule(right, path);
	}
	fclose(file);
}

/* A call, and what is known of its maker. */

struct call;

struct job {
	const struct seccomp_notif *request;
	const struct call *call;
	pid_t	tgid;
	mode_t	umask;
};

struct call {
	int		nr;
	const char	*name;
	int		(*serve)(const struct job *job);
	/* Which arguments are the path and the directory where it begins. */
	int		at, path;
};

#define NO_AT (-1)

static int listener;
static struct overlay_seccomp_pins *pins;
static pid_t command_pid;
static bool verbose;

static __u64 arg(const struct job *job, int i)
{
	return job->request->data.args[i];
}

static bool still_waits(const struct job *job)
{
	return overlay_seccomp_pending(listener, job->request->id) == 1;
}

static int read_status(struct job *job)
{
	char path[32], line[256];
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%d/status", job->request->pid);
	status = fopen(path, "re");
	if (!status)
		return -errno;
	while (fgets(line, sizeof(line), status)) {
		sscanf(line, "Tgid: %d", &job->tgid);
		sscanf(line, "Umask: %o", &job->umask);
	}
	fclose(status);
	return 0;
}

/* Where a link leads, in the eyes of the program; 0 if it is none. */
static ssize_t link_of(const struct job *job, const char *path, char *to)
{
	ssize_t len;

	if (!strcmp(path, "/proc/self"))
		return snprintf(to, PATH_MAX, "%d", job->tgid);
	if (!strcmp(path, "/proc/thread-self"))
		return snprintf(to, PATH_MAX, "%d/task/%d", job->tgid,
				job->request->pid);
	len = readlink(path, to, PATH_MAX - 1);
	if (len < 0)
		return 0;
	to[len] = 0;
	return len;
}

static void cut_last(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash)
		*slash = 0;
}

/*
 * Makes a name without links and dots. What is not there stays as it is. It
 * need not be safe from those who change things meanwhile: the name is what is
 * judged, and what is used.
 */
static int make_name(const struct job *job, const char *path, bool follow,
		     char *name)
{
	char rest[2 * PATH_MAX], to[PATH_MAX];
	char *next = rest;
	int links = 0;
	size_t len;

	snprintf(rest, sizeof(rest), "%s", path);
	name[0] = 0;
	for (;;) {
		next += strspn(next, "/");
		len = strcspn(next, "/");
		if (!len)
			break;
		if (len <= 2 && !strncmp(next, "..", len)) {
			if (len == 2)
				cut_last(name);
			next += len;
			continue;
		}
		if (strlen(name) + 1 + len >= PATH_MAX)
			return -ENAMETOOLONG;
		strcat(name, "/");
		strncat(name, next, len);
		next += len;
		if ((!*next && !follow) || !link_of(job, name, to))
			continue;
		if (++links > MAX_LINKS)
			return -ELOOP;
		len = strlen(to);
		if (len + strlen(next) >= sizeof(rest))
			return -ENAMETOOLONG;
		memmove(rest + len, next, strlen(next) + 1);
		next = memcpy(rest, to, len);
		if (to[0] == '/')
			name[0] = 0;
		else
			cut_last(name);
	}
	if (!name[0])
		strcpy(name, "/");
	return 0;
}

/* Where descriptor @fd, or the working directory, is. */
static int place_of(const struct job *job, int fd, char *place)
{
	char link[64];
	ssize_t len;

	if (fd == AT_FDCWD)
		snprintf(link, sizeof(link), "/proc/%d/cwd", job->request->pid);
	else
		snprintf(link, sizeof(link), "/proc/%d/fd/%d",
			 job->request->pid, fd);
	len = readlink(link, place, PATH_MAX - 1);
	if (len < 0)
		return errno == ENOENT ? -EBADF : -errno;
	place[len] = 0;
	/* A pipe, a socket, or what has never had a name. */
	return place[0] == '/' ? 0 : -EACCES;
}

/* Of a path in the program's memory. */
static int read_name(const struct job *job, int at, int i, bool follow,
		     char *name)
{
	char path[PATH_MAX], whole[2 * PATH_MAX];
	int ret;

	ret = overlay_seccomp_read_string(listener, job->request, arg(job, i),
					  path, sizeof(path));
	if (ret < 0)
		return ret;
	if (!ret)
		return -ENOENT;
	whole[0] = 0;
	if (path[0] != '/') {
		ret = place_of(job, at < 0 ? AT_FDCWD : (int)arg(job, at),
			       whole);
		if (ret < 0)
			return ret;
		strcat(whole, "/");
	}
	strcat(whole, path);
	ret = make_name(job, whole, follow, name);
	if (ret < 0)
		return ret;
	return still_waits(job) ? 0 : -ESRCH;
}

/* The name is the program's: it must not write lines of its own with it. */
static void say_judged(const struct job *job, const char *name, bool yes)
{
	char shown[PATH_MAX], *c;

	snprintf(shown, sizeof(shown), "%s", name);
	for (c = shown; *c; c++)
		if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f)
			*c = '?';
	fprintf(stderr, "confine: %d: %s %s: %s\n", job->request->pid,
		job->call->name, shown, yes ? "yes" : "no");
}

static int judge(const struct job *job, const char *name, unsigned int rights)
{
	bool yes = (rights_to(name) & rights) == rights &&
		   !is_of_others(name, job->tgid);

	if (rights & EXEC && is_exchangeable(name, job->tgid))
		yes = false;
	if (verbose)
		say_judged(job, name, yes);
	return yes ? 0 : -EACCES;
}

/* Begins a redirect of the path. What fails then, sending says. */
static int redirect(const struct job *job, const char *name,
		    struct overlay_seccomp_redirect **r)
{
	int ret = overlay_seccomp_redirect_begin(pins, job->request, r);

	if (!ret)
		overlay_seccomp_redirect_path(*r, job->call->path, name);
	return ret;
}

/*
 * Execution: redirected to the name, since nobody else can do it in the place
 * of the program. There is no flag against links on the way, so that the name
 * must lie where the program can make none.
 */

static int serve_execve(const struct job *job)
{
	struct overlay_seccomp_redirect *r;
	char name[PATH_MAX];
	int ret;

	ret = read_name(job, NO_AT, job->call->path, true, name);
	if (!ret)
		ret = judge(job, name, EXEC);
	if (!ret)
		ret = redirect(job, name, &r);
	return ret < 0 ? ret : overlay_seccomp_redirect_send(r);
}

/* Of an open file: its name counts, since the descriptor can be exchanged. */
static int name_of_fd(const struct job *job, int fd, char *name)
{
	char place[PATH_MAX];
	int ret = place_of(job, fd, place);

	return ret < 0 ? ret : make_name(job, place, true, name);
}

static int serve_execveat(const struct job *job)
{
	struct overlay_seccomp_redirect *r;
	int ret, flags = arg(job, 4);
	char name[PATH_MAX];

	ret = read_name(job, 0, 1, !(flags & AT_SYMLINK_NOFOLLOW), name);
	if (ret == -ENOENT && flags & AT_EMPTY_PATH)
		ret = name_of_fd(job, arg(job, 0), name);
	if (!ret)
		ret = judge(job, name, EXEC);
	if (!ret)
		ret = redirect(job, name, &r);
	if (ret < 0)
		return ret;
	overlay_seccomp_redirect_arg(r, 4, (flags & ~AT_EMPTY_PATH) |
				     AT_SYMLINK_NOFOLLOW);
	return overlay_seccomp_redirect_send(r);
}

/* Opening. */

static unsigned int rights_for(__u64 flags)
{
	if (flags & O_PATH)
		return READ;
	if ((flags & O_ACCMODE) != O_RDONLY ||
	    flags & (O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY)))
		return READ | WRITE;
	return READ;
}

static bool follows(__u64 flags)
{
	return !(flags & O_NOFOLLOW) &&
	       (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
}

static int open_name(const char *name, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC | O_NOFOLLOW,
		.mode = mode,
		.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	int fd = syscall(SYS_openat2, AT_FDCWD, name, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

/* That very file, and not what has its name by now. */
static int open_again(int fd, int flags, mode_t mode)
{
	char path[32];
	struct stat st;
	int ret;

	if (fstat(fd, &st))
		ret = -errno;
	else if (S_ISLNK(st.st_mode))
		ret = -ELOOP;
	else if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		ret = -EACCES;
	else if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		ret = -EEXIST;
	else
		ret = snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (ret > 0) {
		flags &= ~(O_CREAT | O_NOFOLLOW);
		ret = open(path, flags | O_NOCTTY | O_CLOEXEC, mode);
		if (ret < 0)
			ret = -errno;
	}
	close(fd);
	return ret;
}

static mode_t make_mode(const struct job *job, mode_t mode)
{
	/* Nobody shall run it with the ids that it belongs to. */
	return mode & 01777 & ~job->umask;
}

static int open_here(const struct job *job, const char *name, int flags,
		     mode_t mode)
{
	const int making = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND |
			   O_NONBLOCK | O_SYNC | O_DIRECT;
	int fd, tries;

	mode = make_mode(job, mode);
	for (tries = 0; tries < 10; tries++) {
		fd = open_name(name, O_PATH | (flags & O_DIRECTORY), 0);
		if (fd >= 0)
			return open_again(fd, flags, mode);
		if (fd != -ENOENT || !(flags & O_CREAT))
			return fd;
		fd = open_name(name, (flags & making) | O_EXCL, mode);
		/* It has been made by somebody else, just now? */
		if (fd != -EEXIST || flags & O_EXCL)
			return fd;
	}
	return -EAGAIN;
}

static int hand_over(const struct job *job, int fd, int flags)
{
	struct seccomp_notif_addfd addfd = {
		.id = job->request->id,
		.flags = SECCOMP_ADDFD_FLAG_SEND,
		.srcfd = fd,
		.newfd_flags = flags & O_CLOEXEC,
	};
	int ret = OVERLAY_SECCOMP_ANSWERED;

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &addfd) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

/*
 * open, openat and creat; @i is the argument that has the flags, or -1.
 *
 * They have no flag against links on the way. Where the program can make none
 * they are redirected: it opens the file with its own rights, waits for a FIFO
 * or a terminal by itself, and gets its own /proc/self. Below a directory that
 * it can write to, the supervisor opens the file and hands it over. There are
 * only files and directories for it there, and both have the same rights: the
 * program cannot change its ids. Nor can it make the supervisor wait: it gets
 * no lease, and no userfaultfd.
 */
static int open_as(const struct job *job, int flags, int i, mode_t mode)
{
	struct overlay_seccomp_redirect *r;
	char name[PATH_MAX];
	int ret;

	ret = read_name(job, job->call->at, job->call->path, follows(flags),
			name);
	if (!ret)
		ret = judge(job, name, rights_for(flags));
	/* With O_PATH it is but a name, and judged whenever it is used. */
	if (!ret && is_exchangeable(name, job->tgid) && !(flags & O_PATH)) {
		ret = open_here(job, name, flags, mode);
		return ret < 0 ? ret : hand_over(job, ret, flags);
	}
	if (!ret)
		ret = redirect(job, name, &r);
	if (ret < 0)
		return ret;
	if (i >= 0)
		overlay_seccomp_redirect_arg(r, i, flags | O_NOFOLLOW);
	/* The mode is behind the flags, or behind the path. */
	i = i < 0 ? job->call->path + 1 : i + 1;
	overlay_seccomp_redirect_arg(r, i, mode & 01777);
	return overlay_seccomp_redirect_send(r);
}

static int serve_open(const struct job *job)
{
	int i = job->call->path + 1;

	return open_as(job, arg(job, i), i, arg(job, i + 1));
}

static int serve_creat(const struct job *job)
{
	return open_as(job, O_CREAT | O_WRONLY | O_TRUNC, -1, arg(job, 1));
}

/* Redirected to the name, with the flag that the others have not. */
static int serve_openat2(const struct job *job)
{
	struct overlay_seccomp_redirect *r;
	struct open_how how;
	char name[PATH_MAX];
	int ret;

	if (arg(job, 3) < sizeof(how))
		return -EINVAL;
	if (arg(job, 3) > sizeof(how))
		return -E2BIG;
	ret = overlay_seccomp_read(listener, job->request, arg(job, 2), &how,
				   sizeof(how));
	if (ret < 0)
		return ret;
	if ((size_t)ret < sizeof(how))
		return -EFAULT;
	/* What begins at another root has no name here: as on old kernels. */
	if (how.resolve)
		return -ENOSYS;
	ret = read_name(job, 0, 1, follows(how.flags), name);
	if (!ret)
		ret = judge(job, name, rights_for(how.flags));
	if (!ret)
		ret = redirect(job, name, &r);
	if (ret < 0)
		return ret;
	how.mode &= 01777;
	how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
	overlay_seccomp_redirect_open_how(r, 2, 3, &how, sizeof(how));
	return overlay_seccomp_redirect_send(r);
}

/*
 * Names: what changes them the supervisor does itself, in a directory that it
 * has opened without following a link.
 */

struct entry {
	int	dir;
	char	*name;
	char	path[PATH_MAX];
};

static int find_entry(const struct job *job, int at, int i, bool follow,
		      struct entry *entry)
{
	char dir[PATH_MAX];
	int ret;

	entry->path[0] = 0;
	ret = read_name(job, at, i, follow, entry->path);
	if (!ret)
		ret = judge(job, entry->path, WRITE);
	/* A name that a rule gives belongs to the directory above. */
	if (!ret && !is_exchangeable(entry->path, job->tgid))
		ret = -EACCES;
	if (ret < 0)
		return ret;
	entry->name = strrchr(entry->path, '/') + 1;
	snprintf(dir, sizeof(dir), "%s", entry->path);
	cut_last(dir);
	entry->dir = open_name(dir[0] ? dir : "/", O_PATH | O_DIRECTORY, 0);
	return entry->dir < 0 ? entry->dir : 0;
}

/* The result of a call of our own. */
static int result(int ret)
{
	return ret < 0 ? -errno : 0;
}

static int serve_mkdir(const struct job *job)
{
	mode_t mode = make_mode(job, arg(job, job->call->path + 1));
	struct entry entry;
	struct stat st;
	int ret;

	ret = find_entry(job, job->call->at, job->call->path, false, &entry);
	/* For those who make all of a path, and so begin with what is there. */
	if (ret == -EACCES && !lstat(entry.path, &st))
		return -EEXIST;
	if (ret < 0)
		return ret;
	ret = result(mkdirat(entry.dir, entry.name, mode));
	close(entry.dir);
	return ret;
}

static int remove_entry(const struct job *job, int flags)
{
	struct entry entry;
	int ret;

	ret = find_entry(job, job->call->at, job->call->path, false, &entry);
	if (ret < 0)
		return ret;
	ret = result(unlinkat(entry.dir, entry.name, flags));
	close(entry.dir);
	return ret;
}

static int serve_unlink(const struct job *job)
{
	return remove_entry(job, 0);
}

static int serve_rmdir(const struct job *job)
{
	return remove_entry(job, AT_REMOVEDIR);
}

static int serve_unlinkat(const struct job *job)
{
	return remove_entry(job, arg(job, 2));
}

/* Of rename and link: both names must be where the program can write. */
static int change_two(const struct job *job, long nr, bool follow, int flags)
{
	bool at = job->call->at >= 0;
	struct entry from, to;
	int ret;

	ret = find_entry(job, at ? 0 : NO_AT, at ? 1 : 0, follow, &from);
	if (ret < 0)
		return ret;
	ret = find_entry(job, at ? 2 : NO_AT, at ? 3 : 1, false, &to);
	if (!ret) {
		ret = result(syscall(nr, from.dir, from.name, to.dir, to.name,
				     flags));
		close(to.dir);
	}
	close(from.dir);
	return ret;
}

static int serve_rename(const struct job *job)
{
	bool has_flags = job->request->data.nr == SYS_renameat2;

	return change_two(job, SYS_renameat2, false,
			  has_flags ? arg(job, 4) : 0);
}

static int serve_link(const struct job *job)
{
	int flags = job->request->data.nr == SYS_linkat ? arg(job, 4) : 0;

	if (flags & ~AT_SYMLINK_FOLLOW)
		return -EINVAL;
	return change_two(job, SYS_linkat, flags, 0);
}

/* It may say anything: we follow none. */
static int serve_symlink(const struct job *job)
{
	char to[PATH_MAX];
	struct entry entry;
	int ret;

	ret = overlay_seccomp_read_string(listener, job->request, arg(job, 0),
					  to, sizeof(to));
	if (ret < 0)
		return ret;
	ret = find_entry(job, job->call->at, job->call->path, false, &entry);
	if (ret < 0)
		return ret;
	ret = result(symlinkat(to, entry.dir, entry.name));
	close(entry.dir);
	return ret;
}

/* Attributes: likewise, of an open file, whatever its name is by then. */

/* Returns an O_PATH descriptor. */
static int find_file(const struct job *job, bool follow)
{
	char name[PATH_MAX];
	int ret;

	ret = read_name(job, job->call->at, job->call->path, follow, name);
	if (!ret)
		ret = judge(job, name, WRITE);
	return ret < 0 ? ret : open_name(name, O_PATH, 0);
}

/* The same, for descriptor @fd of the program's. */
static int find_open_file(const struct job *job, int fd)
{
	char link[64], path[PATH_MAX];
	ssize_t len;
	int own;

	snprintf(link, sizeof(link), "/proc/%d/fd/%d", job->request->pid, fd);
	own = open(link, O_PATH | O_CLOEXEC);
	if (own < 0)
		return errno == ENOENT ? -EBADF : -errno;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", own);
	len = readlink(link, path, sizeof(path) - 1);
	path[len < 0 ? 0 : len] = 0;
	if (!still_waits(job) || path[0] != '/' || judge(job, path, WRITE)) {
		close(own);
		return -EPERM;
	}
	return own;
}

static int set_mode(int fd, mode_t mode)
{
	char path[32];
	int ret;

	if (fd < 0)
		return fd;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ret = result(chmod(path, mode & 01777));
	close(fd);
	return ret;
}

static int serve_chmod(const struct job *job)
{
	return set_mode(find_file(job, true), arg(job, job->call->path + 1));
}

static int serve_fchmod(const struct job *job)
{
	return set_mode(find_open_file(job, arg(job, 0)), arg(job, 1));
}

/* We have no more rights than the program has. */
static int set_owner(int fd, uid_t uid, gid_t gid)
{
	int ret;

	if (fd < 0)
		return fd;
	ret = result(fchownat(fd, "", uid, gid, AT_EMPTY_PATH));
	close(fd);
	return ret;
}

static int serve_chown(const struct job *job)
{
	int nr = job->request->data.nr, i = job->call->path + 1;
	bool follow = nr != SYS_lchown &&
		      (nr == SYS_chown || !(arg(job, 4) & AT_SYMLINK_NOFOLLOW));

	return set_owner(find_file(job, follow), arg(job, i), arg(job, i + 1));
}

static int serve_fchown(const struct job *job)
{
	return set_owner(find_open_file(job, arg(job, 0)), arg(job, 1),
			 arg(job, 2));
}

static int serve_utimensat(const struct job *job)
{
	bool follow = !(arg(job, 3) & AT_SYMLINK_NOFOLLOW);
	struct timespec times[2];
	char path[32];
	int fd, ret;

	if (arg(job, 2)) {
		ret = overlay_seccomp_read(listener, job->request, arg(job, 2),
					   times, sizeof(times));
		if (ret < (int)sizeof(times))
			return ret < 0 ? ret : -EFAULT;
	}
	fd = arg(job, 1) ? find_file(job, follow) :
			   find_open_file(job, arg(job, 0));
	if (fd < 0)
		return fd;
	/* Where it is a link itself that is meant, this is that link. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ret = result(utimensat(AT_FDCWD, path, arg(job, 2) ? times : NULL, 0));
	close(fd);
	return ret;
}

static int serve_truncate(const struct job *job)
{
	int fd = find_file(job, true), ret;

	if (fd >= 0)
		fd = open_again(fd, O_WRONLY, 0);
	if (fd < 0)
		return fd;
	ret = result(ftruncate(fd, arg(job, 1)));
	close(fd);
	return ret;
}

/*
 * Redirected to a copy of the address, which is none of AF_UNIX: that would be
 * a name, made wherever the program's ids can make one.
 */
static int serve_bind(const struct job *job)
{
	struct overlay_seccomp_redirect *r;
	struct sockaddr_storage addr;
	socklen_t len = arg(job, 2);
	int ret;

	if (len < sizeof(addr.ss_family) || len > sizeof(addr))
		return -EINVAL;
	ret = overlay_seccomp_read(listener, job->request, arg(job, 1), &addr,
				   len);
	if (ret < 0)
		return ret;
	if ((socklen_t)ret < len)
		return -EFAULT;
	if (addr.ss_family == AF_UNIX)
		return -EACCES;
	ret = overlay_seccomp_redirect_begin(pins, job->request, &r);
	if (ret < 0)
		return ret;
	overlay_seccomp_redirect_sockaddr(r, 1, 2, (struct sockaddr *)&addr,
					  len);
	return overlay_seccomp_redirect_send(r);
}

#define CALL(name, at, path, serve) { SYS_##name, #name, serve, at, path }

/* None of them is just let through. */
static const struct call calls[] = {
	CALL(open, NO_AT, 0, serve_open),
	CALL(openat, 0, 1, serve_open),
	CALL(openat2, 0, 1, serve_openat2),
	CALL(creat, NO_AT, 0, serve_creat),
	CALL(execve, NO_AT, 0, serve_execve),
	CALL(execveat, 0, 1, serve_execveat),
	CALL(mkdir, NO_AT, 0, serve_mkdir),
	CALL(mkdirat, 0, 1, serve_mkdir),
	CALL(unlink, NO_AT, 0, serve_unlink),
	CALL(rmdir, NO_AT, 0, serve_rmdir),
	CALL(unlinkat, 0, 1, serve_unlinkat),
	CALL(rename, NO_AT, 0, serve_rename),
	CALL(renameat, 0, 1, serve_rename),
	CALL(renameat2, 0, 1, serve_rename),
	CALL(link, NO_AT, 0, serve_link),
	CALL(linkat, 0, 1, serve_link),
	CALL(symlink, NO_AT, 1, serve_symlink),
	CALL(symlinkat, 1, 2, serve_symlink),
	CALL(chmod, NO_AT, 0, serve_chmod),
	CALL(fchmodat, 0, 1, serve_chmod),
	CALL(fchmod, NO_AT, NO_AT, serve_fchmod),
	CALL(chown, NO_AT, 0, serve_chown),
	CALL(lchown, NO_AT, 0, serve_chown),
	CALL(fchownat, 0, 1, serve_chown),
	CALL(fchown, NO_AT, NO_AT, serve_fchown),
	CALL(utimensat, 0, 1, serve_utimensat),
	CALL(truncate, NO_AT, 0, serve_truncate),
	CALL(bind, NO_AT, 1, serve_bind),
};

/* The orphans of the command are ours; the command itself is waited for. */
static void wait_for_orphans(void)
{
	siginfo_t info = { };

	while (!waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) &&
	       info.si_pid && info.si_pid != command_pid)
		waitpid(info.si_pid, NULL, 0);
}

static int serve(const struct seccomp_notif *request,
		 struct seccomp_notif_resp *response, void *unused)
{
	struct job job = { .request = request };
	size_t i;
	int ret;

	(void)unused;
	wait_for_orphans();
	for (i = 0; i < ARRAY_SIZE(calls) && !job.call; i++)
		if (calls[i].nr == request->data.nr)
			job.call = &calls[i];
	ret = job.call ? read_status(&job) : -ENOSYS;
	if (!ret)
		ret = job.call->serve(&job);
	if (ret == OVERLAY_SECCOMP_ANSWERED)
		return ret;
	response->error = ret;
	return 0;
}

/*
 * The filter: closes all other ways to open a file by its name, and those by
 * which the program could act outside of it.
 */

struct refusal {
	int nr;
	int error;
};

/* Newer than some headers. */
#define SYS_FCHMODAT2		452
#define SYS_SETXATTRAT		463
#define SYS_GETXATTRAT		464
#define SYS_REMOVEXATTRAT	466
#define SYS_OPEN_TREE_ATTR	467
#define SYS_FILE_SETATTR	469
/* What comes later could open files too. */
#define LAST_KNOWN		SYS_FILE_SETATTR

static const struct refusal refusals[] = {
	/* Names and files, by ways that there is another for. */
	{ SYS_io_uring_setup, ENOSYS }, { SYS_io_uring_enter, ENOSYS },
	{ SYS_io_uring_register, ENOSYS }, { SYS_FCHMODAT2, ENOSYS },
	{ SYS_utime, ENOSYS }, { SYS_utimes, ENOSYS },
	{ SYS_futimesat, ENOSYS }, { SYS_uselib, ENOSYS },
	/* Its flags are in memory; libraries then use clone. */
	{ SYS_clone3, ENOSYS },
	/* Names and files, by ways that nobody needs. */
	{ SYS_open_by_handle_at, EPERM }, { SYS_mknod, EPERM },
	{ SYS_mknodat, EPERM }, { SYS_mq_open, ENOSYS },
	{ SYS_mq_unlink, ENOSYS },
	{ SYS_setxattr, EOPNOTSUPP }, { SYS_lsetxattr, EOPNOTSUPP },
	{ SYS_fsetxattr, EOPNOTSUPP }, { SYS_removexattr, EOPNOTSUPP },
	{ SYS_lremovexattr, EOPNOTSUPP }, { SYS_fremovexattr, EOPNOTSUPP },
	{ SYS_SETXATTRAT, EOPNOTSUPP }, { SYS_REMOVEXATTRAT, EOPNOTSUPP },
	{ SYS_FILE_SETATTR, EOPNOTSUPP }, { SYS_getxattr, EOPNOTSUPP },
	{ SYS_lgetxattr, EOPNOTSUPP }, { SYS_GETXATTRAT, EOPNOTSUPP },
	/* Pins and gets what lies in a file system of its own. */
	{ SYS_bpf, EPERM },
	/* Another root, and other rights. */
	{ SYS_chroot, EPERM }, { SYS_pivot_root, EPERM }, { SYS_mount, EPERM },
	{ SYS_umount2, EPERM }, { SYS_open_tree, EPERM },
	{ SYS_OPEN_TREE_ATTR, EPERM }, { SYS_move_mount, EPERM },
	{ SYS_fsopen, EPERM }, { SYS_fsconfig, EPERM }, { SYS_fsmount, EPERM },
	{ SYS_fspick, EPERM }, { SYS_mount_setattr, EPERM },
	{ SYS_unshare, EPERM }, { SYS_setns, EPERM }, { SYS_setuid, EPERM },
	{ SYS_setgid, EPERM }, { SYS_setreuid, EPERM }, { SYS_setregid, EPERM },
	{ SYS_setresuid, EPERM }, { SYS_setresgid, EPERM },
	{ SYS_setfsuid, EPERM }, { SYS_setfsgid, EPERM },
	{ SYS_setgroups, EPERM },
	/* Other processes, that are not confined. */
	{ SYS_ptrace, EPERM }, { SYS_process_vm_readv, EPERM },
	{ SYS_process_vm_writev, EPERM }, { SYS_pidfd_getfd, EPERM },
	{ SYS_process_madvise, EPERM }, { SYS_keyctl, EPERM },
	{ SYS_add_key, EPERM }, { SYS_request_key, EPERM },
	{ SYS_perf_event_open, EPERM }, { SYS_kcmp, EPERM },
	/* And what these share with everybody of the same ids. */
	{ SYS_shmget, ENOSYS }, { SYS_shmat, ENOSYS }, { SYS_shmctl, ENOSYS },
	{ SYS_semget, ENOSYS }, { SYS_semop, ENOSYS }, { SYS_semctl, ENOSYS },
	{ SYS_semtimedop, ENOSYS }, { SYS_msgget, ENOSYS },
	{ SYS_msgsnd, ENOSYS }, { SYS_msgrcv, ENOSYS }, { SYS_msgctl, ENOSYS },
	/* Memory that whoever reads it waits for: the supervisor. */
	{ SYS_userfaultfd, EPERM },
};

#define NEW_NAMESPACES	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |	\
			 CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |	\
			 CLONE_NEWNET)

static struct sock_filter filter[2 * (ARRAY_SIZE(calls) +
				      ARRAY_SIZE(refusals)) + 64];
static unsigned short filter_len;

static void add(__u16 code, __u32 k, __u8 yes, __u8 no)
{
	filter[filter_len++] = (struct sock_filter){ code, yes, no, k };
}

static void load(size_t offset)
{
	add(BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
}

static void say(__u32 verdict)
{
	add(BPF_RET | BPF_K, verdict, 0, 0);
}

static void say_if(__u32 nr, __u32 verdict)
{
	add(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1);
	say(verdict);
}

/* Of call @nr, if argument @i (its low half) is, or has, @value. */
static void say_if_arg(__u32 nr, int i, __u16 is_or_has, __u32 value,
		       __u32 verdict)
{
	add(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 4);
	load(offsetof(struct seccomp_data, args) + i * sizeof(__u64));
	add(BPF_JMP | is_or_has | BPF_K, value, 0, 1);
	say(verdict);
	load(offsetof(struct seccomp_data, nr));
}

/*
 * By the kind of file that they are for, which is the second byte: what
 * terminals and sockets have, and the sharing of blocks. File systems and
 * devices have many that do not ask how a file was opened, and some that take a
 * path.
 */
static void filter_ioctl(void)
{
	const __u32 refuse = SECCOMP_RET_ERRNO;
	unsigned short start = filter_len;

	add(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 0);
	load(offsetof(struct seccomp_data, args) + sizeof(__u64));
	/* What is typed into a terminal, its shell executes. */
	say_if(TIOCSTI, refuse | EPERM);
	say_if(TIOCLINUX, refuse | EPERM);
	/* For these, the file must have been opened for writing. */
	say_if(FICLONE, SECCOMP_RET_ALLOW);
	say_if(FICLONERANGE, SECCOMP_RET_ALLOW);
	add(BPF_ALU | BPF_AND | BPF_K, 0xff00, 0, 0);
	say_if(TCGETS & 0xff00, SECCOMP_RET_ALLOW);
	say_if(SIOCATMARK & 0xff00, SECCOMP_RET_ALLOW);
	say(refuse | ENOTTY);
	filter[start].jf = filter_len - start - 1;
}

static void make_filter(void)
{
	const __u32 refuse = SECCOMP_RET_ERRNO;
	size_t i;

	/* Others count their calls differently, and x32 has bit 30 set. */
	load(offsetof(struct seccomp_data, arch));
	add(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
	say(SECCOMP_RET_KILL_PROCESS);
	load(offsetof(struct seccomp_data, nr));
	add(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1);
	say(SECCOMP_RET_KILL_PROCESS);
	add(BPF_JMP | BPF_JGT | BPF_K, LAST_KNOWN, 0, 1);
	say(refuse | ENOSYS);
	for (i = 0; i < ARRAY_SIZE(calls); i++)
		say_if(calls[i].nr, SECCOMP_RET_USER_NOTIF);
	for (i = 0; i < ARRAY_SIZE(refusals); i++)
		say_if(refusals[i].nr, refuse | refusals[i].error);
	say_if_arg(SYS_clone, 0, BPF_JSET, NEW_NAMESPACES, refuse | EPERM);
	/* The limits of others, by their number: 0 is the caller. */
	say_if_arg(SYS_prlimit64, 0, BPF_JSET, ~0U, refuse | EPERM);
	/* Services, which have a path too, and do things for others. */
	say_if_arg(SYS_socket, 0, BPF_JEQ, AF_UNIX, refuse | EACCES);
	/* One of a pair can send to them, and SOCK_RAW is the same there. */
	say_if_arg(SYS_socketpair, 1, BPF_JSET, SOCK_DGRAM, refuse | EACCES);
	/* Whoever opens or changes the file waits for its end: as above. */
	say_if_arg(SYS_fcntl, 1, BPF_JEQ, F_SETLEASE, refuse | EACCES);
	say_if_arg(SYS_fcntl, 1, BPF_JEQ, F_SETDELEG, refuse | EACCES);
	filter_ioctl();
	say(SECCOMP_RET_ALLOW);
}

/* Calls that the supervisor has done must not be done again for a signal. */
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* The command's process: under the filter, whose listener the parent takes. */
static _Noreturn void run(int sock, char **command)
{
	struct sock_fprog prog = { .len = filter_len, .filter = filter };
	struct rlimit none = { 0, 0 };
	int fd;

	/* A core is a file that the kernel makes, wherever the program is. */
	if (setrlimit(RLIMIT_CORE, &none))
		die("no cores", errno);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		die("no_new_privs", errno);
	fd = overlay_seccomp_install(SECCOMP_FILTER_FLAG_NEW_LISTENER |
				     SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV |
				     SECCOMP_FILTER_FLAG_REDIRECT, &prog);
	if (fd == -EINVAL && overlay_seccomp_has(SECCOMP_OVERLAY_REDIRECT))
		die("the kernel cannot wait killably (Linux 5.19)", EINVAL);
	if (fd < 0)
		die("installing the filter", -fd);
	if (write(sock, &fd, sizeof(fd)) != sizeof(fd) ||
	    read(sock, &(char){ 0 }, 1) != 0)
		exit(FAILED);
	close(fd);
	close(sock);
	execvp(command[0], command);
	die(command[0], errno);
}

/* With capabilities, there would be more ways out than those above. */
static void drop_capabilities(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct none[2] = { };

	if (syscall(SYS_capset, &header, none))
		die("capset", errno);
}

static int take_listener(int sock, int pidfd)
{
	int fd;

	if (read(sock, &fd, sizeof(fd)) != sizeof(fd))
		exit(FAILED);
	fd = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	if (fd < 0)
		die("pidfd_getfd", errno);
	return fd;
}

static void prepare(void)
{
	struct rlimit limit;

	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	/* Or those who are confined could trace their supervisor. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	/* The pool has two for each process. */
	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	umask(0);
}

static int confine(char **command)
{
	int socks[2], pidfd, status, ret;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks))
		die("socketpair", errno);
	/* Where a process may trace only those below it, keep all there. */
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	command_pid = fork();
	if (command_pid < 0)
		die("fork", errno);
	if (!command_pid) {
		close(socks[0]);
		run(socks[1], command);
	}
	close(socks[1]);
	pidfd = syscall(SYS_pidfd_open, command_pid, 0);
	listener = take_listener(socks[0], pidfd);
	prepare();
	ret = overlay_seccomp_pins_new(listener, &pins);
	if (ret < 0)
		die("pins", -ret);
	close(socks[0]);
	/* Until the command has ended: its pidfd is readable then. */
	ret = overlay_seccomp_supervise(listener, pidfd, serve, NULL);
	if (ret < 0)
		die("supervising", -ret);
	overlay_seccomp_pins_free(pins);
	/* Whoever is left can open nothing any more. */
	close(listener);
	if (waitpid(command_pid, &status, 0) != command_pid)
		return FAILED;
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	int opt;

	while ((opt = getopt(argc, argv, "+vh")) != -1) {
		if (opt != 'v') {
			usage(opt == 'h' ? stdout : stderr);
			return opt == 'h' ? 0 : FAILED;
		}
		verbose = true;
	}
	if (argc - optind > 1 && !strcmp(argv[optind + 1], "--")) {
		argv[optind + 1] = argv[optind];
		optind++;
	}
	if (argc - optind < 2) {
		usage(stderr);
		return FAILED;
	}
	if (overlay_seccomp_has(SECCOMP_OVERLAY_REDIRECT) != 1) {
		fputs("confine: needs redirection: is the module loaded?\n",
		      stderr);
		return SKIPPED;
	}
	load_policy(argv[optind]);
	make_filter();
	drop_capabilities();
	return confine(argv + optind + 1);
}

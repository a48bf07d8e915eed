// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What "overlay-seccomp run --strict-after" preloads: main() begins under the
 * filters that it was given, and in strict mode. The start of a program needs
 * calls that strict mode has not, so this is the first moment.
 *
 * Strict mode also lacks exit_group, by which exit(3), and with it the return
 * from main(), ends a process, and what the C library does at the first use of
 * a stream or of its heap. So a process ends by exit here, and streams and heap
 * are prepared.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "overlay_seccomp.h"
#include "strict.h"

typedef int main_fn(int argc, char **argv, char **envp);
typedef int start_fn(main_fn *main, int argc, char **argv, void (*init)(void),
		     void (*fini)(void), void (*rtld_fini)(void), void *stack);

#pragma GCC visibility push(default)
start_fn __libc_start_main;
void _exit(int status);
void _Exit(int status);
#pragma GCC visibility pop

static main_fn *main_of_program;
static bool is_strict;

__attribute__((__noreturn__)) static void end(int status)
{
	for (;;)
		syscall(is_strict ? SYS_exit : SYS_exit_group, status);
}

void _exit(int status)
{
	end(status);
}

void _Exit(int status)
{
	end(status);
}

__attribute__((__format__(__printf__, 1, 2), __noreturn__))
static void fail(const char *fmt, ...)
{
	va_list args;

	fputs("overlay-seccomp: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	end(STRICT_FAILED);
}

/* The last of all handlers: the C library would go on to exit_group. */
static void at_end(int status, void *unused)
{
	(void)unused;
	if (!is_strict)
		return;
	fflush(NULL);
	end(status);
}

/* Out of the environment, which the program gets as it would have been. */
static void take_variable(const char *name, char *value, size_t size)
{
	const char *found = getenv(name);

	if (!found || strlen(found) >= size)
		fail("%s is not as 'run' makes it", name);
	strcpy(value, found);
	unsetenv(name);
}

/* Ours is the first of the list; in place, since the rest is no longer. */
static void restore_preload(void)
{
	char *list = getenv("LD_PRELOAD");
	char *rest = list ? strchr(list, ':') : NULL;

	if (rest)
		memmove(list, rest + 1, strlen(rest));
	else
		unsetenv("LD_PRELOAD");
}

static void install(char *list)
{
	char *text = strtok(list, ":");
	unsigned int flags;
	int err, fd;

	if (!text)
		fail("no filters were passed on");
	flags = strtoul(text, NULL, 16);
	while ((text = strtok(NULL, ":"))) {
		fd = atoi(text);
		err = overlay_seccomp_install_fd(flags, fd);
		if (err)
			fail("a filter before strict mode: %s", strerror(-err));
		close(fd);
	}
}

/* What the first use of these would ask the kernel for. */
static void prepare(void)
{
	static char in[BUFSIZ], out[BUFSIZ];

	setvbuf(stdin, in, _IOFBF, sizeof(in));
	setvbuf(stdout, out, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF,
		sizeof(out));
	mallopt(M_MMAP_THRESHOLD, STRICT_HEAP * 2);
	mallopt(M_TRIM_THRESHOLD, INT_MAX);
	free(malloc(STRICT_HEAP));
}

/* Strict mode is the calling thread's: another would go on as it likes. */
static void refuse_threads(void)
{
	struct stat tasks;

	if (stat("/proc/self/task", &tasks))
		fail("cannot count the threads: /proc/self/task: %s",
		     strerror(errno));
	if (tasks.st_nlink != 3)
		fail("the program has threads before its main()");
}

static int strict_main(int argc, char **argv, char **envp)
{
	char list[STRICT_LIST_MAX];
	int err;

	take_variable(STRICT_VARIABLE, list, sizeof(list));
	restore_preload();
	prepare();
	refuse_threads();
	install(list);
	err = overlay_seccomp_strict();
	if (err)
		fail("cannot enter strict mode: %s", strerror(-err));
	is_strict = true;
	return main_of_program(argc, argv, envp);
}

int __libc_start_main(main_fn *main, int argc, char **argv, void (*init)(void),
		      void (*fini)(void), void (*rtld_fini)(void), void *stack)
{
	start_fn *start = (start_fn *)dlsym(RTLD_NEXT, "__libc_start_main");

	if (!start)
		fail("the C library has no __libc_start_main");
	/* The first that is registered is the last that is called. */
	if (on_exit(at_end, NULL))
		fail("cannot prepare the end of the program");
	main_of_program = main;
	return start(strict_main, argc, argv, init, fini, rtld_fini, stack);
}

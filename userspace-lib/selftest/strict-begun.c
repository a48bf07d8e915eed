// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a program does before main(), in it and after it, and which of that is
 * in strict mode: strict-begun [getppid | exit | _exit].
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#ifdef THREAD
#include <pthread.h>

static void *wait_forever(void *unused)
{
	pause();
	return unused;
}
#endif

static void handler(void)
{
	puts("handler");
}

__attribute__((__constructor__)) static void constructor(void)
{
#ifdef THREAD
	pthread_t thread;

	pthread_create(&thread, NULL, wait_forever, NULL);
#endif
	syscall(SYS_getppid);
	puts("constructor");
}

int main(int argc, char **argv)
{
	puts("main");
	atexit(handler);
	if (argc > 1 && !strcmp(argv[1], "getppid"))
		syscall(SYS_getppid);
	if (argc > 1 && !strcmp(argv[1], "exit"))
		exit(3);
	if (argc > 1 && !strcmp(argv[1], "_exit"))
		_exit(4);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * begun-shared WORD...: what a program does after its start, one word after another. Returns 5 from main() at the end,
 * without having flushed what it printed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char **environ;

static void do_word(const char *word)
{
	if (!strcmp(word, "write") && write(STDOUT_FILENO, "written\n", 8) != 8)
		syscall(SYS_exit, errno);
	if (!strcmp(word, "print"))
		printf("printed\n");
	if (!strcmp(word, "allocate") && !malloc(100000))
		syscall(SYS_exit, 6);
	if (!strcmp(word, "getppid"))
		printf("getppid %s\n", syscall(SYS_getppid) < 0 ? strerror(errno) : "allowed");
	if (!strcmp(word, "environment"))
		for (char **variable = environ; *variable; variable++)
			printf("%s\n", *variable);
	if (!strcmp(word, "exit"))
		exit(3);
	if (!strcmp(word, "_exit"))
		_exit(4);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		do_word(argv[i]);
	return 5;
}

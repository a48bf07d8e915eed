// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proc.h"
#include "terminal.h"

/* The same on every machine: PROC_PID_INIT_INO. */
#define INITIAL "pid:[4026531836]"

ssize_t read_start(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "re");
	size_t len;

	if (!file)
		return -1;
	len = fread(text, 1, size - 1, file);
	fclose(file);
	text[len] = 0;
	return len;
}

void proc_comm(pid_t tid, char comm[COMM_SIZE])
{
	char path[64];
	char *c;

	snprintf(path, sizeof(path), "/proc/%d/comm", tid);
	if (read_start(path, comm, COMM_SIZE) < 1) {
		strcpy(comm, "?");
		return;
	}
	comm[strcspn(comm, "\n")] = '\0';
	for (c = comm; *c; c++)
		*c = terminal_char(*c);
}

bool proc_is_initial(void)
{
	char name[sizeof(INITIAL)];
	ssize_t len = readlink("/proc/self/ns/pid", name, sizeof(name));

	return len == sizeof(INITIAL) - 1 && !memcmp(name, INITIAL, len);
}

/* To the end, since a task's groups, which can be many, come before. */
bool proc_has_seccomp(pid_t pid, pid_t tid)
{
	static const char mode[] = "Seccomp:\t";
	char path[64], *line = NULL;
	bool found = false;
	size_t size = 0;
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/status", pid, tid);
	status = fopen(path, "re");
	if (!status)
		return false;
	while (!found && getline(&line, &size, status) > 0)
		found = !strncmp(line, mode, strlen(mode));
	found = found && line[strlen(mode)] != '0';
	free(line);
	fclose(status);
	return found;
}

void proc_each(const char *directory, bool (*fn)(long number, void *to),
	       void *to)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;
	char *end;
	long number;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		number = strtol(entry->d_name, &end, 10);
		if (end == entry->d_name || *end)
			continue;
		if (fn(number, to))
			break;
	}
	closedir(dir);
}

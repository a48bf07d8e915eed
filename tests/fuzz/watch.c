// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "actor.h"
#include "module.h"
#include "watch.h"

#define REPORT_LINES 200

static int kmsg = -1;

/* As tests/vm/console-check has them, by which the host looks once more. */
static const char * const trouble[] = {
	"BUG", "WARNING", "Oops", "Call Trace", "KASAN", "UBSAN", "KCSAN",
	"scheduling while atomic", "sleeping function called", "lockdep",
	"possible circular locking", "possible recursive locking",
	"inconsistent lock state", "held lock", "detected stall",
	"suspicious RCU", "illegal RCU", "soft lockup", "hard LOCKUP",
	"blocked for more than", "general protection fault",
	"unable to handle", "double fault", "refcount_t:", "int3",
	"invalid opcode", "list_add corruption", "list_del corruption",
	"Bad page", "Bad rss", "Objects remaining", "ODEBUG",
	"suspected memory leaks", "turning off the locking",
};

static bool is_trouble(const char *line)
{
	unsigned int i;

	/* A fault of a program. */
	if (strstr(line, "traps: "))
		return false;
	for (i = 0; i < ARRAY_SIZE(trouble); i++)
		if (strstr(line, trouble[i]))
			return true;
	return false;
}

/* One record's text; NULL if there is no more now. */
static const char *next_line(void)
{
	static char record[2048];
	char *text, *end;
	ssize_t n;

	do
		n = read(kmsg, record, sizeof(record) - 1);
	while (n < 0 && (errno == EPIPE || errno == EINTR));
	if (n <= 0)
		return NULL;
	record[n] = 0;
	text = strchr(record, ';');
	text = text ? text + 1 : record;
	end = strchr(text, '\n');
	if (end)
		*end = 0;
	return text;
}

void watch_open(void)
{
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg < 0 || lseek(kmsg, 0, SEEK_END) < 0)
		err(2, "/dev/kmsg");
}

bool watch_log(void)
{
	unsigned int lines = 0;
	const char *line;

	while ((line = next_line())) {
		if (!lines && !is_trouble(line))
			continue;
		if (lines++ < REPORT_LINES)
			printf("@report %s\n", line);
		/* The rest of it comes at once, or not at all. */
		if (lines == 1)
			pause_us(300000);
	}
	return !lines;
}

static bool is_at_rest(struct module_status *s)
{
	memset(s, 0, sizeof(*s));
	return !module_is_loaded() ||
	       (module_ask(stage->family, s) && !s->filters && !s->pins &&
		!s->subscribers && !s->references && !module_references());
}

bool watch_rest(unsigned int seconds)
{
	time_t end = time(NULL) + seconds;
	struct module_status s;
	bool rest;

	while (!(rest = is_at_rest(&s)) && time(NULL) < end)
		pause_us(20000);
	if (!rest)
		printf("@report left: %u filters, %u pins, %u subscribers, %u (%ld) references\n",
		       s.filters, s.pins, s.subscribers, s.references,
		       module_references());
	return rest;
}

static void print_file(const char *pid, const char *name)
{
	char path[512], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/%s", pid, name);
	f = fopen(path, "re");
	if (!f)
		return;
	while (fgets(line, sizeof(line), f))
		printf("@report %s %s: %s", pid, name, line);
	fclose(f);
}

void watch_print_stacks(void)
{
	DIR *d = opendir("/proc");
	struct dirent *e;

	while (d && (e = readdir(d))) {
		if (e->d_name[0] < '0' || e->d_name[0] > '9')
			continue;
		print_file(e->d_name, "comm");
		print_file(e->d_name, "wchan");
		print_file(e->d_name, "stack");
	}
	if (d)
		closedir(d);
}

void watch_control(void)
{
	static const char text[] = "<3>BUG: fuzz control\n";
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, sizeof(text) - 1) < 0)
		err(2, "/dev/kmsg");
	close(fd);
}

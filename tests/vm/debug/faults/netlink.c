// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults in what the module is request by generic netlink, the asking and the
 * reading of the answer included; and in the worker that delivers events, which
 * has nobody to tell an error: there, what is lost must be counted.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "fault.h"
#include "genl.h"
#include "pinkit.h"

static struct genl genl;
static struct question request;

/* What is left of an answer that could not be read to its end. */
static void drain(void)
{
	char bytes[16384];

	while (recv(genl.fd, bytes, sizeof(bytes), MSG_DONTWAIT) >= 0 ||
	       errno != EAGAIN)
		;
}

static long ask(long unused)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	static struct answer a;

	(void)unused;
	drain();
	if (sendto(genl.fd, &request, request.header.nlmsg_len, 0, (void *)&kernel,
		   sizeof(kernel)) < 0)
		return -errno;
	return genl_read(&genl, &a);
}

/* An answer that does not come is EAGAIN. */
static void ask_for(int cmd)
{
	const struct timeval patience = { .tv_sec = 5 };

	NEED(genl_open(&genl));
	NEED(!setsockopt(genl.fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
			 sizeof(patience)));
	question(&request, cmd);
	request.header.nlmsg_type = genl.family;
}

static void for_status(void)
{
	ask_for(CMD(STATUS));
}

static void for_listener(void)
{
	long fd = filter(NESTABLE, TOUCHED_NR, PASS);

	NEED(fd >= 0);
	ask_for(CMD(LISTENER));
	question_u32(&request, ATTR(FD), fd);
}

static void for_subscription(void)
{
	ask_for(CMD(SUBSCRIBE));
}

static pid_t about_pid;

static void for_task(void)
{
	ask_for(CMD(TASK));
	question_u32(&request, ATTR(PID), about_pid);
}

static void for_task_closely(void)
{
	for_task();
	question_flag(&request, ATTR(WITH_PINS));
	question_u32(&request, ATTR(NR), SYS_getppid);
	question_u32(&request, ATTR(ARCH), AUDIT_ARCH_X86_64);
}

/* A socket whose message could not be made says ENOBUFS. */
static void try_question(const char *name, void (*before)(void))
{
	try_subject(&(struct subject){ name, before, ask, .also = ENOBUFS });
}

CASE_SLOW(fault_netlink, "faults in questions about the module", 8)
{
	need_root();
	try_question("netlink, STATUS", for_status);
	try_question("netlink, LISTENER", for_listener);
	try_question("netlink, SUBSCRIBE", for_subscription);
	module_is_unused();
}

CASE_SLOW(fault_netlink_task, "faults in questions about a task", 8)
{
	struct captive c;
	struct sealed s;

	need_root();
	captive_new(&c);
	sealed_pages(&s, 2);
	captive_pin_all(&c, &s);
	about_pid = c.k.pid;
	try_question("netlink, TASK", for_task);
	try_question("netlink, TASK, closely", for_task_closely);
	captive_end(&c);
	sealed_free(&s);
	module_is_unused();
}

/* Events */

#define FAILSLAB "/sys/kernel/debug/failslab/"
#define REFUSALS 7

static void write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	/* A task may have ended. */
	if (fd < 0)
		return;
	NEED(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

/* Workers, and who makes them: what they are allowed to fail. */
static void workers_can_fail(const char *yes)
{
	struct dirent *entry;
	char path[300], name[32];
	DIR *proc = opendir("/proc");

	NEED(proc);
	while ((entry = readdir(proc))) {
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		if (atoi(entry->d_name) <= 0 ||
		    !read_line(path, name, sizeof(name)))
			continue;
		if (strncmp(name, "kworker", 7) && strcmp(name, "kthreadd"))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/make-it-fail",
			 entry->d_name);
		write_to(path, yes);
	}
	closedir(proc);
}

static void be_refused(void)
{
	CHECK_EQ(raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		     SECCOMP_FILTER_FLAG_ALLOW_NESTED_LISTENERS, NULL), -EINVAL);
}

CASE_SLOW(fault_events, "faults where events are delivered: all counted", 4)
{
	struct message m;
	struct genl g;
	int i;

	need_root();
	NEED(genl_open(&g));
	CHECK_EQ(subscribe(&g), 0);
	be_refused();
	event_wait(&g, EVENT(REFUSED), &m);

	write_to(FAILSLAB "task-filter", "Y");
	write_to(FAILSLAB "times", "-1");
	workers_can_fail("1");
	NEED(sysctl_for_case(FAILSLAB "probability", "100"));
	for (i = 0; i < REFUSALS; i++)
		be_refused();
	CONTROL(!event_next(&g, 3000, &m));
	write_to(FAILSLAB "probability", "0");
	workers_can_fail("0");

	CHECK(event_next(&g, 10000, &m));
	CHECK_EQ(m.num[ATTR(EVENT)], EVENT(LOST));
	CHECK_EQ(m.num[ATTR(VALUE)], REFUSALS);
	be_refused();
	CHECK(event_next(&g, 10000, &m));
	CHECK_EQ(m.num[ATTR(EVENT)], EVENT(REFUSED));
	genl_close(&g);
	module_is_unused();
}

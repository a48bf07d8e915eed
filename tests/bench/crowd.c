// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "crowd.h"

#define STACK (64 * 1024)
#define SPARE_FILES 100

struct crowd {
	unsigned int count;
	void (*join)(void *arg);
	void *arg;
	atomic_uint ready;
};

static void *member(void *arg)
{
	struct crowd *crowd = arg;

	crowd->join(crowd->arg);
	atomic_fetch_add(&crowd->ready, 1);
	for (;;)
		raw(SYS_pause);
	return NULL;
}

/* A listener takes a file descriptor of this one process. */
static void allow_files(rlim_t n)
{
	struct rlimit limit;

	NEED(!getrlimit(RLIMIT_NOFILE, &limit));
	if (limit.rlim_cur >= n)
		return;
	limit.rlim_cur = n;
	if (limit.rlim_max < n)
		limit.rlim_max = n;
	NEED(!setrlimit(RLIMIT_NOFILE, &limit));
}

static void crowd_kid(struct kid *k)
{
	struct crowd crowd = *(const struct crowd *)k->arg;
	pthread_attr_t attr;
	pthread_t thread;
	unsigned int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	allow_files(crowd.count + SPARE_FILES);
	no_new_privs();
	NEED(!pthread_attr_init(&attr));
	NEED(!pthread_attr_setstacksize(&attr, STACK));
	NEED(!pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED));
	for (i = 0; i < crowd.count; i++)
		NEED(!pthread_create(&thread, &attr, member, &crowd));
	while (atomic_load(&crowd.ready) < crowd.count)
		pause_ms(1);
	say(k, 0);
	for (;;)
		pause();
}

void crowd_start(struct kid *k, unsigned int count, void (*join)(void *arg),
		 void *arg)
{
	const struct crowd crowd = { .count = count, .join = join, .arg = arg };

	kid_start(k, crowd_kid, &crowd);
	NEED(heard(k) == 0);
}

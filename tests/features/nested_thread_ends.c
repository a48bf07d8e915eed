// SPDX-License-Identifier: GPL-2.0-only
/* Listeners of a thread that ends before its process does. */
#define _GNU_SOURCE
#include <unistd.h>

#include "nest.h"

static void installing_thread(struct kid *k)
{
	struct kid *process = (struct kid *)k->arg;
	long go;

	listener_hand(process, layer_install(0, NESTABLE));
	listener_hand(process, layer_install(1, NESTABLE));
	hear(process, &go);
}

static void process_kid(struct kid *k)
{
	const uint32_t both[LOW_LAYERS] = { ASK, ASK };
	struct thr t;
	long go;

	no_new_privs();
	thr_start(&t, installing_thread, k);
	thr_gone(&t);
	say(k, probe(both));
	hear(k, &go);
}

CASE(nested_thread_ends, "a thread's listeners hang up when it is gone")
{
	int listener[2], i;
	struct kid k;

	need_nested();
	kid_start(&k, process_kid, NULL);
	for (i = 0; i < 2; i++) {
		listener_take(&k);
		listener[i] = k.listener;
	}
	for (i = 0; i < 2; i++)
		CONTROL(!listener_hung_up(listener[i], 50));
	say(&k, 0);
	/* The process is under neither, and lives. */
	CHECK_EQ(heard(&k), getpid());
	for (i = 0; i < 2; i++)
		CHECK(listener_hung_up(listener[i], 5000));
	CHECK_EQ(proc_status(k.pid, "Seccomp"), SECCOMP_MODE_DISABLED);
	say(&k, 0);
	CHECK_EQ(ending(kid_wait(&k)), 0);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The descriptor of an overlay listener is as a stock one's: it does not
 * survive execve, is open for reading and writing, and has the same name.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "nest.h"

#define NAME "anon_inode:seccomp notify"

static bool as_stock(long fd)
{
	char path[64], name[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%ld", fd);
	n = readlink(path, name, sizeof(name));
	return n == (ssize_t)strlen(NAME) && !memcmp(name, NAME, n) &&
	       fcntl(fd, F_GETFD) == FD_CLOEXEC &&
	       (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR;
}

/* A listener alone, and one below another. */
static void two_kid(struct kid *k)
{
	const unsigned long *flags = k->arg;

	no_new_privs();
	say(k, as_stock(layer_install(0, flags[0])));
	say(k, as_stock(layer_install(1, flags[1])));
}

/* Without the feature there is one listener in a chain. */
static void stock_has_one(unsigned long flags)
{
	const unsigned long two[] = { flags, flags };
	struct kid k;

	need_root();
	need_nested();
	implicit(false);
	kid_start(&k, two_kid, two);
	CONTROL_EQ(heard(&k), 1);
	CONTROL_EQ(heard(&k), 0);
}

static void both_as_stock(unsigned long outer, unsigned long inner)
{
	const unsigned long flags[] = { outer, inner };
	struct kid k;

	kid_start(&k, two_kid, flags);
	CHECK_EQ(heard(&k), 1);
	CHECK_EQ(heard(&k), 1);
}

CASE(nested_descriptor, "the descriptor is one as of stock")
{
	stock_has_one(NEW_LISTENER);
	both_as_stock(NESTABLE, NEW_LISTENER);
	both_as_stock(NESTABLE, NESTABLE);
}

CASE(nested_descriptor_sequential, "also in a sequential chain")
{
	need_sequential();
	stock_has_one(SEQUENTIAL | NEW_LISTENER);
	both_as_stock(SEQUENTIAL | NESTABLE, SEQUENTIAL | NESTABLE);
}

CASE(implicit_descriptor, "also of one that is nested by the parameter")
{
	stock_has_one(NEW_LISTENER);
	implicit(true);
	both_as_stock(NEW_LISTENER, NEW_LISTENER);
}

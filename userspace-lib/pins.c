// SPDX-License-Identifier: LGPL-2.1-or-later
/* The address spaces that calls of one listener have been redirected in. */
#include <stdlib.h>

#include "internal.h"
#include "pins.h"

EXPORT int overlay_seccomp_pins_new(int listener,
				    struct overlay_seccomp_pins **pins)
{
	int ret = overlay_seccomp_pending(listener, 0);

	*pins = NULL;
	if (ret < 0)
		return ret;
	*pins = malloc(sizeof(**pins));
	if (!*pins)
		return -ENOMEM;
	**pins = (struct overlay_seccomp_pins){ .listener = listener };
	return 0;
}

EXPORT void overlay_seccomp_pins_free(struct overlay_seccomp_pins *pins)
{
	if (!pins)
		return;
	while (pins->spaces)
		pins_drop(pins, pins->spaces);
	free(pins);
}

void pins_drop(struct overlay_seccomp_pins *pins, struct space *space)
{
	struct space **at = &pins->spaces;

	while (*at != space)
		at = &(*at)->next;
	*at = space->next;
	space_free(space);
}

void pins_sweep(struct overlay_seccomp_pins *pins)
{
	struct space *space, *next;

	for (space = pins->spaces; space; space = next) {
		next = space->next;
		if (!space_lives(space))
			pins_drop(pins, space);
	}
}

/* A pin can be made to fault, but nobody can unmap it. 1, 0 or -errno. */
static int has_pins(const struct space *space, pid_t tid)
{
	return space_is_seen(space, tid) ? 1 : space_is_pinned(space, tid);
}

/* Returns 1 with a space, 0, or -errno. */
static int find_as_member(struct overlay_seccomp_pins *pins,
			  const struct caller *caller, struct space **space)
{
	int ret;

	for (*space = pins->spaces; *space; *space = (*space)->next) {
		if (!space_has_member(*space, caller))
			continue;
		ret = has_pins(*space, caller->tid);
		if (ret)
			return ret;
		/* It has left by execve(2). */
		space_remove(*space, caller->tid);
	}
	return 0;
}

static bool was_pinned(const struct space *space, pid_t tid)
{
	(void)tid;
	return space->pinned;
}

/*
 * The child of a fork(2) has the pins as well, but shares with nobody; who
 * shares with somebody that has called execve(2) since does not have them.
 */
static int find_peer(struct overlay_seccomp_pins *pins, pid_t tid,
		     bool (*has)(const struct space *space, pid_t tid),
		     struct space **space)
{
	int ret;

	for (*space = pins->spaces; *space; *space = (*space)->next) {
		ret = has(*space, tid) ? space_has_peer(*space, tid) : 0;
		if (ret)
			return ret;
	}
	return 0;
}

/* By the mark, which is quick. Pins can be there without it. */
static int find_as_peer(struct overlay_seccomp_pins *pins, pid_t tid,
			struct space **space)
{
	int ret = find_peer(pins, tid, space_is_seen, space);

	if (ret || !pins->spaces)
		return ret;
	ret = spaces_look(pins->spaces, tid);
	return ret < 0 ? ret : find_peer(pins, tid, was_pinned, space);
}

int pins_add(struct overlay_seccomp_pins *pins, const struct caller *caller,
	     struct space **space)
{
	int ret;

	pins_sweep(pins);
	ret = space_new(caller->tid, space);
	if (ret < 0)
		return ret;
	/* Also says that it was this caller's memory that was opened. */
	ret = space_add(*space, caller);
	if (ret < 0) {
		space_free(*space);
		return ret;
	}
	(*space)->next = pins->spaces;
	pins->spaces = *space;
	return 0;
}

int pins_find(struct overlay_seccomp_pins *pins, const struct caller *caller,
	      struct space **space, bool *is_new)
{
	int ret;

	*is_new = false;
	ret = find_as_member(pins, caller, space);
	if (ret)
		return ret < 0 ? ret : 0;
	ret = find_as_peer(pins, caller->tid, space);
	if (ret < 0)
		return ret;
	/* A peer has been found, and will be again: nobody need sleep. */
	if (ret)
		return caller_is_young(caller) ? 0 : space_add(*space, caller);
	*is_new = true;
	return pins_add(pins, caller, space);
}

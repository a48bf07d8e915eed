/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef OVERLAY_SECCOMP_PINS_H
#define OVERLAY_SECCOMP_PINS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "overlay_seccomp.h"

/*
 * Pins become larger, each at least twice as large as the one before, so that
 * in the end there is one of the last size, into which all fits.
 */
#define FIRST_PIN	(64UL << 10)
#define LAST_PIN	(8UL << 20)
#define MAX_PINS	8
#define SPACE_SIZE	(2 * LAST_PIN)
#define MARK_SIZE	16

/* After which an ioctl is not made once more: somebody wants out of it. */
#define MAX_SIGNALS	100

/*
 * Part of a pin, and what one call has been redirected to. It must stay as it
 * is until that call is over.
 */
struct slot {
	struct slot	*next;		/* by offset */
	size_t		offset;		/* in the memfd */
	size_t		size;
	pid_t		tid;		/* whose call it is, and its id */
	__u64		id;
	bool		over;
};

/* Part of the memfd, mapped in the target. */
struct pin {
	size_t		offset;
	size_t		size;
	__u64		addr;
};

/* A task. The number alone is another's some time after it has ended. */
struct member {
	pid_t		tid;
	__u64		start;
};

/*
 * An address space and its memfd. It is known by the mm and not by a task:
 * threads and children of vfork(2) share one, a child of fork(2) has a copy,
 * and execve(2) leaves it.
 *
 * A task is in it if it has been a member and has not called execve(2) since,
 * that is, if it sees the pins. What the target shows of its own memory is no
 * proof of that: the kernel is asked before anything depends on it.
 */
struct space {
	struct space	*next;
	int		memfd;
	int		mem;		/* of the mm that it was opened for */
	char		*map;		/* SPACE_SIZE bytes of the memfd */
	dev_t		device;		/* of the memfd */
	ino_t		inode;
	bool		pinned;		/* where spaces_look() has looked */
	struct pin	pins[MAX_PINS];
	size_t		n_pins;
	struct slot	*slots;
	struct member	*members;	/* seen in it; some have left it since */
	size_t		n_members;
	size_t		members_room;
};

struct overlay_seccomp_pins {
	int		listener;
	struct space	*spaces;
};

/* The call that something is to be placed for. */
struct caller {
	int		listener;
	__u64		id;
	pid_t		tid;
	__u64		start;		/* of the thread: see struct member */
	bool		narrow;		/* has addresses of 32 bits */
};

/**
 * space_new() - of the address space in which a caller is
 * @tid: of the caller
 * @space: to be freed by space_free()
 *
 * Nothing is pinned yet, and nobody a member. Return: 0 or -errno.
 */
int space_new(pid_t tid, struct space **space);

/**
 * space_free() - forget it
 * @space: what was pinned stays where it is, and does not change any more
 */
void space_free(struct space *space);

/* Is the address space there, whoever is in it? */
bool space_lives(const struct space *space);

/* Does a thread that waits in a notification see its pins, as it seems? */
bool space_is_seen(const struct space *space, pid_t tid);

/**
 * space_is_pinned() - does a caller have its pins, by the kernel's word?
 * @space: in which something has been pinned
 * @tid: of the caller, which waits: to be made sure of afterwards
 *
 * Asks /proc/PID/maps. To pin once more and look where that is would tell, too,
 * and leave a pin in whatever address space the caller is in, where it wants:
 * then SEND_REDIRECT accepts other parts of the memfd than were meant.
 *
 * Return: 1 or 0, or -errno.
 */
int space_is_pinned(const struct space *space, pid_t tid);

/* The same of a whole list at once, in @pinned of each. Returns 0 or -errno. */
int spaces_look(struct space *spaces, pid_t tid);

/**
 * space_take() - find room in pins, or pin more
 * @space: that the caller is in, as far as is known
 * @caller: for whom
 * @size: of the room, in bytes
 * @slot: to be returned by space_release()
 *
 * Return: 0 or -errno; -ENOSPC: all is in use; -EINVAL: the caller is not in
 * this address space.
 */
int space_take(struct space *space, const struct caller *caller, size_t size,
	       struct slot **slot);

/* Where a slot is in the target. */
__u64 space_address(const struct space *space, const struct slot *slot);

/* Gives up a slot that no call reads. */
void space_release(struct space *space, struct slot *slot);

/* Gives up what earlier calls of a thread have used: they are over. */
void space_release_earlier(struct space *space, const struct caller *caller);

/**
 * space_add() - a caller is a member, and so is the first thread of its process
 * @space: that the caller is in
 * @caller: whose call waits
 *
 * Sleeps while it is young. Return: 0 or -errno; -ESRCH: it does not wait any
 * more.
 */
int space_add(struct space *space, const struct caller *caller);
void space_remove(struct space *space, pid_t tid);
bool space_has_member(const struct space *space, const struct caller *caller);

/* Not shared: also by a task that is gone, or has no memory any more. */
enum sharing { SHARED, NOT_SHARED, UNKNOWN };
enum sharing task_sharing(pid_t tid, pid_t other);

/* Could another have its number and have begun in the same tick of 10 ms? */
bool caller_is_young(const struct caller *caller);

/* When a task began, to 10 ms. Returns 0 or -errno. */
int task_start(pid_t tid, __u64 *start);

/* Does a member share its memory with @tid? Returns 1, 0 or -errno. */
int space_has_peer(const struct space *space, pid_t tid);

/**
 * pins_find() - the address space of a caller, made if it is new
 * @pins: the pool
 * @caller: whose call waits
 * @space: stays the pool's
 * @is_new: nothing is pinned there
 *
 * Return: 0 or -errno.
 */
int pins_find(struct overlay_seccomp_pins *pins, const struct caller *caller,
	      struct space **space, bool *is_new);

/* Makes one anew. */
int pins_add(struct overlay_seccomp_pins *pins, const struct caller *caller,
	     struct space **space);

/* Drops what execve(2) and the end of processes have left behind. */
void pins_sweep(struct overlay_seccomp_pins *pins);

/* Drops it from the pool. */
void pins_drop(struct overlay_seccomp_pins *pins, struct space *space);

#endif

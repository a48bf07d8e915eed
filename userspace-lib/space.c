// SPDX-License-Identifier: LGPL-2.1-or-later
/* One address space: its memfd, its pins, and who uses which part of them. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>

#include "internal.h"
#include "pins.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

#define SEALS (F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)
#define RETRIES 8

/* From Linux 6.3 on a memfd can be asked for that nobody executes. */
static int make_memfd(void)
{
	const unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create("overlay-seccomp", flags | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("overlay-seccomp", flags);
	return fd < 0 ? -errno : fd;
}

/*
 * Writable for us, and after the seal for nobody else who gets hold of it. A
 * child of ours that had the mapping too would be such a writer to the kernel.
 */
static int map_memfd(struct space *space)
{
	struct stat st;

	if (ftruncate(space->memfd, SPACE_SIZE) || fstat(space->memfd, &st))
		return -errno;
	space->device = st.st_dev;
	space->inode = st.st_ino;
	space->map = mmap(NULL, SPACE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			  space->memfd, 0);
	if (space->map == MAP_FAILED ||
	    madvise(space->map, SPACE_SIZE, MADV_DONTFORK) ||
	    fcntl(space->memfd, F_ADD_SEALS, SEALS) ||
	    getrandom(space->map, MARK_SIZE, 0) != MARK_SIZE)
		return -errno;
	return 0;
}

static int open_all(struct space *space, pid_t tid)
{
	char path[32];

	if (tid <= 0)
		return -ESRCH;
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)tid);
	space->mem = open(path, O_RDONLY | O_CLOEXEC);
	if (space->mem < 0)
		return no_such_thread(errno);
	space->memfd = make_memfd();
	if (space->memfd < 0)
		return space->memfd;
	return map_memfd(space);
}

int space_new(pid_t tid, struct space **space)
{
	struct space *new = malloc(sizeof(*new));
	int ret;

	if (!new)
		return -ENOMEM;
	*new = (struct space){ .memfd = -1, .mem = -1, .map = MAP_FAILED };
	ret = open_all(new, tid);
	if (ret) {
		space_free(new);
		return ret;
	}
	*space = new;
	return 0;
}

void space_free(struct space *space)
{
	while (space->slots)
		space_release(space, space->slots);
	if (space->map != MAP_FAILED)
		munmap(space->map, SPACE_SIZE);
	if (space->memfd >= 0)
		close(space->memfd);
	if (space->mem >= 0)
		close(space->mem);
	free(space->members);
	free(space);
}

/*
 * /proc/PID/mem stays with the mm for which it was opened: 0 when that ends,
 * and an error for what its users have made to fault.
 */
bool space_lives(const struct space *space)
{
	char byte;

	return pread(space->mem, &byte, 1, space->pins[0].addr) != 0;
}

bool space_is_seen(const struct space *space, pid_t tid)
{
	char found[MARK_SIZE];
	struct iovec here = { found, MARK_SIZE };
	struct iovec there = { (void *)(uintptr_t)space->pins[0].addr,
			       MARK_SIZE };

	return process_vm_readv(tid, &here, 1, &there, 1, 0) == MARK_SIZE &&
	       !memcmp(found, space->map, MARK_SIZE);
}

static int pin(const struct space *space, const struct caller *caller,
	       struct pin *p)
{
	struct seccomp_notif_pin_install install;
	int tries = RETRIES, signals = MAX_SIGNALS;
	int ret;

	do {
		install = (struct seccomp_notif_pin_install){
			.id = caller->id,
			.memfd = space->memfd,
			.size = p->size,
			.offset = p->offset,
		};
		/* Again: what is there already is found, and not made twice. */
		ret = overlay_seccomp_pin(caller->listener, &install);
	} while ((ret == -EINTR && --signals) || (ret == -EAGAIN && --tries));
	if (!ret)
		p->addr = install.target_addr;
	return ret;
}

/* A line of /proc/PID/maps. */
struct mapping {
	__u64		start;
	__u64		offset;
	unsigned int	major;
	unsigned int	minor;
	__u64		inode;
};

static bool parse_mapping(const char *line, struct mapping *m)
{
	return sscanf(line, "%llx-%*x %*s %llx %x:%x %llu", &m->start,
		      &m->offset, &m->major, &m->minor, &m->inode) == 5;
}

static bool is_first_pin(const struct space *space, const struct mapping *m)
{
	const struct pin *first = &space->pins[0];

	return m->inode == space->inode && m->start == first->addr &&
	       m->offset == first->offset && m->major == major(space->device) &&
	       m->minor == minor(space->device);
}

static FILE *open_maps(pid_t tid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)tid);
	return fopen(path, "re");
}

/* Returns 1 with the next line, 0 at the end, or -errno. */
static int next_mapping(FILE *maps, char **line, size_t *room,
			struct mapping *m)
{
	while (getline(line, room, maps) >= 0)
		if (parse_mapping(*line, m))
			return 1;
	return feof(maps) ? 0 : -errno;
}

int space_is_pinned(const struct space *space, pid_t tid)
{
	struct mapping m = { };
	char *line = NULL;
	size_t room = 0;
	FILE *maps;
	int ret;

	maps = open_maps(tid);
	if (!maps)
		return no_such_thread(errno);
	do {
		ret = next_mapping(maps, &line, &room, &m);
	} while (ret > 0 && m.start < space->pins[0].addr);
	free(line);
	fclose(maps);
	return ret > 0 ? is_first_pin(space, &m) : ret;
}

static void mark_pinned(struct space *spaces, const struct mapping *m)
{
	struct space *space;

	for (space = spaces; space; space = space->next)
		if (is_first_pin(space, m))
			space->pinned = true;
}

int spaces_look(struct space *spaces, pid_t tid)
{
	struct space *space;
	char *line = NULL;
	struct mapping m;
	size_t room = 0;
	FILE *maps;
	int ret;

	maps = open_maps(tid);
	if (!maps)
		return no_such_thread(errno);
	for (space = spaces; space; space = space->next)
		space->pinned = false;
	while ((ret = next_mapping(maps, &line, &room, &m)) > 0)
		if (m.inode)
			mark_pinned(spaces, &m);
	free(line);
	fclose(maps);
	return ret;
}

static bool reaches(const struct pin *p, bool narrow)
{
	return !narrow || p->addr + p->size <= 1ULL << 32;
}

/* Takes the first gap in one pin, if there is one. */
static struct slot *take_from_pin(struct space *space, const struct pin *p,
				  size_t size)
{
	size_t offset = p->offset ? p->offset : MARK_SIZE;
	struct slot **at = &space->slots;
	struct slot *new;

	while (*at && (*at)->offset < offset)
		at = &(*at)->next;
	while (*at && (*at)->offset < offset + size) {
		offset = (*at)->offset + (*at)->size;
		at = &(*at)->next;
	}
	if (offset + size > p->offset + p->size)
		return NULL;
	new = malloc(sizeof(*new));
	if (!new)
		return NULL;
	*new = (struct slot){ .next = *at, .offset = offset, .size = size };
	*at = new;
	return new;
}

static struct slot *take(struct space *space, const struct caller *caller,
			 size_t size)
{
	struct slot *slot = NULL;
	size_t i;

	for (i = 0; i < space->n_pins && !slot; i++)
		if (reaches(&space->pins[i], caller->narrow))
			slot = take_from_pin(space, &space->pins[i], size);
	if (slot) {
		slot->tid = caller->tid;
		slot->id = caller->id;
	}
	return slot;
}

/* Where the next pin shall be, and how large. */
static struct pin next_pin(const struct space *space, size_t size)
{
	struct pin p = { .size = FIRST_PIN };

	if (space->n_pins) {
		p = space->pins[space->n_pins - 1];
		p.offset += p.size;
		if (p.size < LAST_PIN)
			p.size *= 2;
	} else {
		size += MARK_SIZE;
	}
	while (p.size < size)
		p.size *= 2;
	return p;
}

static int grow(struct space *space, const struct caller *caller, size_t size)
{
	struct pin p = next_pin(space, size);
	int ret;

	if (p.offset + p.size > SPACE_SIZE)
		return -ENOSPC;
	ret = pin(space, caller, &p);
	if (ret < 0)
		return ret;
	space->pins[space->n_pins++] = p;
	/* The kernel looks where the call that waits could reach it. */
	return reaches(&p, caller->narrow) ? 0 : -ENOMEM;
}

/*
 * Calls whose thread has left this address space, in which the caller is, are
 * over. But for the caller's own end, too, nobody shares with it.
 */
static int reap(struct space *space, const struct caller *caller)
{
	struct slot *slot, *next;
	int ret;

	for (slot = space->slots; slot; slot = slot->next)
		slot->over = task_sharing(caller->tid, slot->tid) ==
			     NOT_SHARED;
	ret = overlay_seccomp_pending(caller->listener, caller->id);
	if (ret <= 0)
		return ret < 0 ? ret : -ESRCH;
	for (slot = space->slots; slot; slot = next) {
		next = slot->next;
		if (slot->over)
			space_release(space, slot);
	}
	return 0;
}

/* For lack of room: gives up what is over, or pins more. */
static int make_room(struct space *space, const struct caller *caller,
		     size_t size, struct slot **slot)
{
	int ret;

	if (space->n_pins) {
		ret = space_is_pinned(space, caller->tid);
		if (ret <= 0)
			return ret < 0 ? ret : -EINVAL;
		ret = reap(space, caller);
		if (ret < 0)
			return ret;
		*slot = take(space, caller, size);
		if (*slot)
			return 0;
	}
	ret = grow(space, caller, size);
	if (ret < 0)
		return ret;
	*slot = take(space, caller, size);
	return *slot ? 0 : -ENOMEM;
}

int space_take(struct space *space, const struct caller *caller, size_t size,
	       struct slot **slot)
{
	/* So that each begins at a multiple of it. */
	size = (size + MARK_SIZE - 1) / MARK_SIZE * MARK_SIZE;
	*slot = take(space, caller, size);
	return *slot ? 0 : make_room(space, caller, size, slot);
}

__u64 space_address(const struct space *space, const struct slot *slot)
{
	const struct pin *p = space->pins;

	while (slot->offset >= p->offset + p->size)
		p++;
	return p->addr + (slot->offset - p->offset);
}

void space_release(struct space *space, struct slot *slot)
{
	struct slot **at = &space->slots;

	while (*at != slot)
		at = &(*at)->next;
	*at = slot->next;
	free(slot);
}

void space_release_earlier(struct space *space, const struct caller *caller)
{
	struct slot *slot, *next;

	for (slot = space->slots; slot; slot = next) {
		next = slot->next;
		/* Ids count up; a request could be served late. */
		if (slot->tid == caller->tid &&
		    (__s64)(caller->id - slot->id) > 0)
			space_release(space, slot);
	}
}

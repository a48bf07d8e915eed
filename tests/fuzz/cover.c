// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cover.h"
#include "ops.h"

#define KCOV_PATH	"/sys/kernel/debug/kcov"
#define KCOV_INIT_TRACE	_IOR('c', 1, unsigned long)
#define KCOV_ENABLE	_IO('c', 100)
#define KCOV_DISABLE	_IO('c', 101)
#define KCOV_TRACE_PC	0
/* The first serves for loading the module, too, which takes millions of steps. */
#define AREA_WORDS(slot) ((slot) ? 32UL * 1024 : 4096UL * 1024)
#define EMPTY_US	10000

#define SECTIONS_PATH	"/sys/module/overlay_seccomp/sections/"
#define SECTION_MAX	(512 * 1024)
#define EDGES		(1U << 18)

static struct section {
	const char *name;
	uint64_t base;
	uint64_t end;			/* where another may begin */
	uint8_t seen[SECTION_MAX / 8];
} sections[] = {
	{ .name = ".text" }, { .name = ".text.unlikely" },
	{ .name = ".init.text" }, { .name = ".exit.text" },
};

static uint64_t *areas[SLOTS];
static uint8_t edges_seen[EDGES / 8];
static unsigned int places, edges;

bool cover_open(void)
{
	int fd, i;

	for (i = 0; i < SLOTS; i++) {
		fd = open(KCOV_PATH, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			return false;
		if (dup2(fd, FD_KCOV + i) < 0 ||
		    ioctl(fd, KCOV_INIT_TRACE, AREA_WORDS(i)))
			err(2, "kcov");
		areas[i] = mmap(NULL, AREA_WORDS(i) * sizeof(uint64_t),
				PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (areas[i] == MAP_FAILED)
			err(2, "kcov");
		/* The box has no use for it. */
		madvise(areas[i], AREA_WORDS(i) * sizeof(uint64_t),
			MADV_DONTFORK);
		close(fd);
	}
	stage->covered = true;
	return true;
}

static uint64_t base_of(const char *section)
{
	char path[128];
	unsigned long base = 0;
	FILE *f;

	snprintf(path, sizeof(path), SECTIONS_PATH "%s", section);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%lx", &base) != 1)
		base = 0;
	fclose(f);
	return base;
}

static void find_end(struct section *s)
{
	unsigned int i;

	s->end = s->base + SECTION_MAX;
	for (i = 0; i < ARRAY_SIZE(sections); i++)
		if (sections[i].base > s->base && sections[i].base < s->end)
			s->end = sections[i].base;
}

/* Where the module is; where it was, once it has gone. */
static void find_module(void)
{
	unsigned int i;
	uint64_t base;

	for (i = 0; i < ARRAY_SIZE(sections); i++) {
		base = base_of(sections[i].name);
		if (base)
			sections[i].base = base;
	}
	for (i = 0; i < ARRAY_SIZE(sections); i++)
		find_end(&sections[i]);
}

static bool is_within(const struct section *s, uint64_t pc)
{
	return s->base && pc >= s->base && pc < s->end;
}

static struct section *section_of(uint64_t pc)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sections); i++)
		if (is_within(&sections[i], pc))
			return &sections[i];
	return NULL;
}

/* True if it had not been set. */
static bool set_bit(uint8_t *bits, uint64_t at)
{
	uint8_t bit = 1 << (at & 7), old = bits[at / 8];

	bits[at / 8] |= bit;
	return !(old & bit);
}

static uint64_t mixed(uint64_t a, uint64_t b)
{
	uint64_t h = (a * 0x9e3779b97f4a7c15 ^ b) * 0xbf58476d1ce4e5b9;

	return h >> 40;
}

static bool new_edge(uint64_t from, uint64_t to)
{
	if (!set_bit(edges_seen, mixed(from, to) % EDGES))
		return false;
	edges++;
	return true;
}

static unsigned int read_area(int slot)
{
	const uint64_t *area = areas[slot];
	uint64_t n = area[0], from = 0, to, i;
	unsigned int fresh = 0;
	struct section *s;

	if (n > AREA_WORDS(slot) - 1)
		n = AREA_WORDS(slot) - 1;
	for (i = 1; i <= n; i++) {
		s = section_of(area[i]);
		if (!s)
			continue;
		to = area[i] - s->base;
		places += set_bit(s->seen, to);
		to |= (uint64_t)(s - sections) << 32;
		fresh += new_edge(from, to);
		from = to;
	}
	return fresh;
}

static unsigned int read_results(void)
{
	unsigned int fresh = 0, n = stage->program.n, i;
	int64_t result;

	for (i = 0; i < n && i < OPS_MAX; i++) {
		result = stage->done[i] ? (int64_t)stage->result[i] : -5000;
		if (result > 0 || result < -5000)
			result = 0;
		fresh += new_edge(stage->program.op[i].kind, -result);
	}
	return fresh;
}

void cover_begin(void)
{
	int i;

	for (i = 0; stage->covered && i < SLOTS; i++)
		areas[i][0] = 0;
}

unsigned int cover_end(void)
{
	unsigned int fresh = 0;
	int i;

	if (!stage->covered)
		return read_results();
	for (i = 0; i < SLOTS; i++)
		fresh += read_area(i);
	return fresh;
}

/* While the fuzzer itself is covered, somebody has to empty the area. */
static pthread_t emptier;
static atomic_bool emptying;

static uint64_t emptied;

/* Places only, so that it is quicker than what fills it. */
static void empty_area(void)
{
	const uint64_t *area = areas[0];
	struct section *s = sections;
	uint64_t n = area[0];

	find_module();
	while (emptied < n) {
		emptied++;
		if (!is_within(s, area[emptied]))
			s = section_of(area[emptied]) ?: sections;
		if (is_within(s, area[emptied]))
			places += set_bit(s->seen, area[emptied] - s->base);
	}
	/* What comes just now is lost. */
	if (n > AREA_WORDS(0) / 2) {
		areas[0][0] = 0;
		emptied = 0;
	}
}

static void *keep_empty(void *arg)
{
	while (atomic_load(&emptying)) {
		usleep(EMPTY_US);
		empty_area();
	}
	return arg;
}

void cover_self_begin(void)
{
	if (!stage->covered)
		return;
	areas[0][0] = 0;
	emptied = 0;
	atomic_store(&emptying, true);
	if (pthread_create(&emptier, NULL, keep_empty, NULL) ||
	    ioctl(FD_KCOV, KCOV_ENABLE, KCOV_TRACE_PC))
		errx(2, "no coverage of the fuzzer itself");
}

void cover_self_end(void)
{
	if (!stage->covered)
		return;
	ioctl(FD_KCOV, KCOV_DISABLE, 0);
	atomic_store(&emptying, false);
	pthread_join(emptier, NULL);
	empty_area();
}

unsigned int cover_places(void)
{
	return places;
}

unsigned int cover_edges(void)
{
	return edges;
}

void cover_print(void)
{
	unsigned int i, at;

	for (i = 0; i < ARRAY_SIZE(sections); i++)
		for (at = 0; at < SECTION_MAX; at++)
			if (sections[i].seen[at / 8] >> (at & 7) & 1)
				printf("@pc %s %x\n", sections[i].name, at);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * overlay-seccomp-fuzz: programs at random against the module, in a guest. Those
 * that reach something new are kept, and changed. Ends with 1 as soon as the
 * kernel reports something, as a program leaves something behind, or as a call
 * was let through or came back with other registers, and then prints the program.
 */
#define _GNU_SOURCE
#include <err.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "box.h"
#include "corpus.h"
#include "cover.h"
#include "generate.h"
#include "module.h"
#include "ops.h"
#include "watch.h"

#define BATCH		64
/* Batches from one load of the module to the next. */
#define RELOAD		16
#define REST_S		120
#define PROGRESS_S	30

static struct options {
	const char *module;
	uint64_t seed;
	unsigned long programs;
	long seconds;
	const char *corpus;
	const char *replay;
	unsigned long repeat;
	const char *control;
	bool tell;
} options = {
	.module = "/overlay_seccomp.ko", .seed = 1, .programs = -1UL,
	.seconds = 60, .repeat = 1,
};

static struct rng rng;
static time_t began, told;
static unsigned long run, since_load;

/* What ran last, for a report. */
static struct program history[BATCH];

static struct {
	unsigned long done, good;
} counts[OPS];

static void print_report(const char *why, unsigned int programs)
{
	unsigned int i;

	printf("@report %s, after program %lu\n", why, run);
	puts("@begin found");
	for (i = programs > run ? run : programs; i--;)
		program_print(&history[(run - 1 - i) % BATCH], stdout);
	puts("@end found");
	fflush(stdout);
}

static void print_end(void)
{
	double s = time(NULL) - began ?: 1;
	unsigned int i;

	for (i = 0; i < OPS; i++)
		printf("@op %s %lu %lu\n", ops[i].name, counts[i].done,
		       counts[i].good);
	cover_print();
	printf("@sum %lu programs in %.0f s, %.1f a second; %u kept; %u places, %u edges\n",
	       run, s, run / s, corpus_size(), cover_places(), cover_edges());
	fflush(stdout);
}

static _Noreturn void found(const char *why, unsigned int programs)
{
	print_report(why, programs);
	print_end();
	exit(1);
}

/* What a program may have changed for all. */
static void set_parameters(void)
{
	const uint64_t off = 0, all = 1;

	do_implicit(NULL, &off);
	do_logged(NULL, &all);
}

static void insert_module(void)
{
	int ret;

	cover_self_begin();
	ret = module_load(options.module);
	cover_self_end();
	if (ret && ret != -EEXIST)
		errx(2, "the module does not load: %s", strerror(-ret));
	stage->family = module_family();
	since_load = 0;
}

/* More refusals than are kept for those who listen. */
static int listen_to_refusals(void)
{
	const uint64_t refused[ARGS_MAX] = {
		SECCOMP_FILTER_FLAG_ALLOW_NESTED_LISTENERS,
	};
	int fd = module_subscribe(stage->family), i;

	for (i = 0; i < 600; i++)
		do_install(NULL, refused);
	return fd;
}

/* What a program has left is gone, so that it must go. */
static void remove_module(void)
{
	time_t end = time(NULL) + REST_S;
	int fd, ret;

	cover_self_begin();
	fd = listen_to_refusals();
	do {
		ret = module_unload();
		if (ret)
			pause_us(50000);
	} while (ret && ret != -ENOENT && time(NULL) < end);
	close(fd);
	cover_self_end();
	if (ret && ret != -ENOENT) {
		printf("@report rmmod: %s\n", strerror(-ret));
		found("the module does not unload", BATCH);
	}
}

static void count_results(void)
{
	unsigned int i;

	for (i = 0; i < stage->program.n && i < OPS_MAX; i++) {
		unsigned int kind = stage->program.op[i].kind;

		if (kind >= OPS || !stage->done[i])
			continue;
		counts[kind].done++;
		counts[kind].good += (int64_t)stage->result[i] >= 0;
	}
}

static void check_complaint(void)
{
	if (stage->complaint == COMPLAINT_REGISTERS) {
		printf("@report operation %u\n", stage->complaint_op);
		found("a call came back with other registers", 1);
	}
	if (stage->complaint == COMPLAINT_GUARD)
		found("a call ran that the first filter denies", 1);
}

/* Edges that were new. */
static unsigned int execute(const struct program *p)
{
	enum box_end end;
	unsigned int fresh;

	history[run++ % BATCH] = *p;
	if (options.tell) {
		program_print(p, stdout);
		fflush(stdout);
	}
	cover_begin();
	end = box_run(p);
	if (end == BOX_BAD)
		err(2, "a process namespace");
	if (end != BOX_ENDED)
		watch_print_stacks();
	if (end == BOX_STUCK)
		found("a program cannot be killed", 1);
	fresh = cover_end();
	count_results();
	if (!watch_log())
		found("the kernel has something to say", 3);
	check_complaint();
	set_parameters();
	if (!module_is_loaded())
		insert_module();
	return fresh;
}

/* At once: what comes next may take the guest with it. */
static void keep(const struct program *p)
{
	corpus_add(p);
	puts("@begin corpus");
	program_print(p, stdout);
	puts("@end corpus");
	fflush(stdout);
}

static void check_rest(void)
{
	if (!watch_rest(options.control ? 3 : REST_S))
		found("something is left", BATCH);
}

static void between_batches(void)
{
	check_rest();
	if (++since_load % RELOAD == 0) {
		remove_module();
		insert_module();
	}
	if (time(NULL) - told < PROGRESS_S)
		return;
	told = time(NULL);
	printf("# %ld s: %lu programs, %u kept, %u places, %u edges\n",
	       told - began, run, corpus_size(), cover_places(), cover_edges());
	fflush(stdout);
}

static bool goes_on(void)
{
	return run < options.programs && time(NULL) - began < options.seconds;
}

static void next_program(struct program *p)
{
	const struct program *from = corpus_draw(&rng);

	if (!from || rng_one_in(&rng, 4)) {
		generate(p, &rng);
		return;
	}
	*p = *from;
	mutate(p, &rng, corpus_draw(&rng));
}

static void fuzz(void)
{
	struct program p;

	while (goes_on()) {
		next_program(&p);
		if (execute(&p))
			keep(&p);
		if (run % BATCH == 0)
			between_batches();
	}
}

static FILE *open_programs(const char *path)
{
	FILE *f = fopen(path, "re");

	if (!f)
		err(2, "%s", path);
	return f;
}

/* Each as often as is asked for; all has to be at rest after each. */
static void replay(const char *path, unsigned long times, bool begin)
{
	FILE *f = open_programs(path);
	struct program p;
	unsigned long i;
	int ret;

	while ((ret = program_read(&p, f)) > 0) {
		for (i = 0; i < times; i++) {
			if (execute(&p) && begin)
				keep(&p);
			if (!begin || run % BATCH == 0)
				check_rest();
		}
	}
	if (ret)
		errx(2, "%s: not a program", path);
	fclose(f);
}

/* What has to be found, or else this finds nothing at all. */
static void run_control(const char *which)
{
	const uint64_t filter[ARGS_MAX] = {
		SECCOMP_FILTER_FLAG_SEQUENTIAL, 0, SECCOMP_RET_ALLOW,
	};

	if (!strcmp(which, "log")) {
		watch_control();
		return;
	}
	if (strcmp(which, "rest"))
		errx(2, "no such control: %s", which);
	if (fork())
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	do_install(NULL, filter);
	pause();
	_exit(0);
}

/*
 * All hooks have been made once: what the kernel itself says of that, on some
 * versions, is known.
 */
static void warm_up(void)
{
	struct rng r = { .state = 1 };
	struct program p;
	int i;

	for (i = 0; i < 20; i++) {
		memset(&p, 0, sizeof(p));
		p.actors = 2;
		p.setup = SETUP_NO_NEW_PRIVS | SETUP_HANDLERS;
		play_scene(&p, &r);
		cover_begin();
		box_run(&p);
	}
}

static void read_options(int argc, char **argv)
{
	static const struct option names[] = {
		{ "module", required_argument, NULL, 'm' },
		{ "seed", required_argument, NULL, 's' },
		{ "programs", required_argument, NULL, 'n' },
		{ "seconds", required_argument, NULL, 't' },
		{ "corpus", required_argument, NULL, 'c' },
		{ "replay", required_argument, NULL, 'r' },
		{ "repeat", required_argument, NULL, 'x' },
		{ "control", required_argument, NULL, 'k' },
		{ "tell", no_argument, NULL, 'v' },
		{ }
	};
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (c) {
		case 'm':
			options.module = optarg;
			break;
		case 's':
			options.seed = strtoull(optarg, NULL, 0);
			break;
		case 'n':
			options.programs = strtoul(optarg, NULL, 0);
			break;
		case 't':
			options.seconds = atol(optarg);
			break;
		case 'c':
			options.corpus = optarg;
			break;
		case 'r':
			options.replay = optarg;
			break;
		case 'x':
			options.repeat = strtoul(optarg, NULL, 0);
			break;
		case 'k':
			options.control = optarg;
			break;
		case 'v':
			options.tell = true;
			break;
		default:
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	if (!strcmp(argv[0], "fuzz-actor") && argc == 3)
		box_resume(argv);
	if (!strcmp(argv[0], "fuzz-ends"))
		leave();
	read_options(argc, argv);
	rng.state = options.seed;
	box_open();
	corpus_open();
	printf("# %s; seed %lu\n", cover_open() ? "with coverage" :
	       "no KCOV: blind", options.seed);
	insert_module();
	warm_up();
	watch_open();
	began = told = time(NULL);
	if (options.corpus)
		replay(options.corpus, 1, true);
	if (options.control)
		run_control(options.control);
	if (options.replay)
		replay(options.replay, options.repeat, false);
	else
		fuzz();
	check_rest();
	remove_module();
	print_end();
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * overlay-seccomp explain: in plain words, what a task is under, and what would
 * become of a call that it made.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "decide.h"
#include "holders.h"
#include "netlink.h"
#include "overlay_seccomp.h"
#include "proc.h"
#include "terminal.h"
#include "words.h"

static const char help[] =
"Usage: overlay-seccomp explain [-j] [--color=WHEN] [--syscall CALL\n"
"           [--arch ARCH] [--arg I=VALUE]...] PID\n"
"\n"
"Says under which seccomp filters, listeners and features a process or thread\n"
"is, and what follows from that. With a call, what each filter answers to it\n"
"and who decides; the call is not made. Needs CAP_NET_ADMIN, or the right to\n"
"trace PID, as for one's own processes; with a call, that right in any case.\n"
"\n"
"      --syscall CALL  name or number of a system call\n"
"      --arch ARCH     x86_64 (default) or i386\n"
"      --arg I=VALUE   argument I of it, 0 to 5; the others are 0\n"
"      --color=WHEN    auto (on a terminal, unless NO_COLOR is set), always, never\n"
"  -j, --json          as JSON\n"
"  -h, --help          this text\n"
"\n"
"Exit status: 0, 1 the module is not loaded, or there is no such process, 2\n"
"usage, no right, or it does not answer.\n";

struct question {
	pid_t		pid;
	bool		json;
	bool		has_call;
	struct call	call;
};

/* All that is known of the task. */
struct scene {
	const struct question	*question;
	struct task		task;
	bool			pins_known;
	uint64_t		features;
	struct holders		holders;
	char			comm[COMM_SIZE];
	struct step		*steps;
	size_t			steps_count;
};

static void print_listener(const struct scene *scene,
			   const struct filter *filter)
{
	switch (filter->listener) {
	case OVERLAY_SECCOMP_LISTENER_OPEN:
		printf("     Its listener is %sopen%s, ", colour(GREEN),
		       colour(PLAIN));
		holders_print(&scene->holders, filter->listener_id);
		if (filter->pending || filter->received)
			printf("; %u calls wait to be received, %u for an answer",
			       filter->pending, filter->received);
		puts(".");
		break;
	case OVERLAY_SECCOMP_LISTENER_CLOSED:
		printf("     Its listener is %sclosed%s: what it would be asked about gets ENOSYS.\n",
		       colour(YELLOW), colour(PLAIN));
		break;
	}
}

static void print_flags(const struct filter *filter)
{
	static const struct word sentences[] = {
		{ OVERLAY_SECCOMP_FILTER_STRICT,
		  "It stands for strict mode: only read, write, exit and sigreturn survive." },
		{ OVERLAY_SECCOMP_FILTER_OVERLAY,
		  "It allows listeners below, which are asked before it." },
		{ OVERLAY_SECCOMP_FILTER_NESTED,
		  "Its listener is nested: what it lets pass, the next further out is asked about." },
		{ OVERLAY_SECCOMP_FILTER_REDIRECT,
		  "Its supervisor may pin memory, and run calls with other arguments." },
		{ OVERLAY_SECCOMP_FILTER_SEQUENTIAL,
		  "It agreed that filters installed later are judged before it." },
		{ OVERLAY_SECCOMP_FILTER_LOG,
		  "What it does not allow is logged (SECCOMP_FILTER_FLAG_LOG)." },
		{ OVERLAY_SECCOMP_FILTER_WAIT_KILLABLE,
		  "Once received, only a fatal signal ends the wait for its supervisor." },
		{ OVERLAY_SECCOMP_FILTER_UNSETTLED,
		  "It is just being installed: who is under it waits." },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sentences); i++)
		if (filter->flags & sentences[i].number)
			printf("     %s\n", sentences[i].name);
}

static void print_filter(const struct scene *scene, size_t at)
{
	const struct filter *filter = &scene->task.filters[at];

	printf("%4zu ", at + 1);
	print_bold_id(filter->id);
	printf(": %u instructions, ", filter->insns);
	if (filter->jit)
		printf("%u bytes of machine code", filter->jit);
	else
		fputs("interpreted", stdout);
	putchar('\n');
	print_flags(filter);
	print_listener(scene, filter);
}

static void print_mode(const struct scene *scene)
{
	const struct task *task = &scene->task;

	printf("%s%s (%d)%s ", colour(BOLD), scene->comm,
	       scene->question->pid, colour(PLAIN));
	switch (task->mode) {
	case SECCOMP_MODE_DISABLED:
		puts("has no seccomp filters.");
		return;
	case SECCOMP_MODE_STRICT:
		puts("is in strict mode proper: only read, write, exit and sigreturn survive.");
		return;
	case SECCOMP_MODE_FILTER:
		printf("is under %zu filter%s, the innermost first:\n",
		       task->filters_count,
		       task->filters_count == 1 ? "" : "s");
		return;
	default:
		puts("has been killed by seccomp, and is about to end.");
	}
}

static void print_pins(const struct scene *scene)
{
	const struct pin *pin;
	size_t i;

	if (!scene->pins_known)
		puts("Its pinned memory cannot be looked at.");
	for (i = 0; i < scene->task.pins_count; i++) {
		pin = &scene->task.pins[i];
		printf("Pinned: %" PRIu64 " bytes at %#" PRIx64
		       ", from offset %" PRIu64 " of a supervisor's memfd.\n",
		       pin->size, pin->address, pin->offset);
	}
}

static enum nesting nesting_of(const struct scene *scene, size_t *by)
{
	return new_listener(scene->task.filters, scene->task.filters_count,
			    !!(scene->features & SECCOMP_OVERLAY_IMPLICIT), by);
}

static void print_nesting(const struct scene *scene)
{
	size_t by = 0;

	fputs("A new listener: ", stdout);
	switch (nesting_of(scene, &by)) {
	case NESTING_FIRST:
		puts("allowed; it would be the first.");
		break;
	case NESTING_NESTED:
		puts("allowed; it would be nested.");
		break;
	case NESTING_BUSY:
		printf("EBUSY, since filter %zu has one that allows none below.\n",
		       by + 1);
		break;
	case NESTING_STRICT:
		puts("EINVAL, as any filter after strict mode.");
		break;
	}
}

static void print_strictness(const struct scene *scene)
{
	static const char * const words[] = {
		[STRICTNESS_PROPER]	= "allowed; the kernel's own, without filters.",
		[STRICTNESS_AFTER]	= "allowed; its filters would go on to judge each call first.",
		[STRICTNESS_ALREADY]	= "it is in it.",
		[STRICTNESS_MISSING]	= "EINVAL, since there are filters, and the feature is not there.",
	};

	printf("Strict mode: %s\n",
	       words[strict_mode(&scene->task, scene->features)]);
}

static void print_cloning(const struct scene *scene)
{
	static const char * const words[] = {
		[CLONING_TRACER]	= "by whoever may trace it.",
		[CLONING_NEIGHBOUR]	= "they have a supervisor, so only by a task that may attach to it and has the same user, mount and pid namespace, root directory and ids, and no capability more.",
		[CLONING_NOTHING]	= "there are none.",
		[CLONING_MISSING]	= "by nobody: the feature is not there.",
	};

	printf("Its filters can be taken: %s\n",
	       words[cloning(&scene->task, scene->features)]);
}

/* As far as its filters let it call seccomp(2). */
static void print_consequences(const struct scene *scene)
{
	print_nesting(scene);
	print_strictness(scene);
	print_cloning(scene);
}

static void describe_errno(char *text, size_t size, size_t at, int error)
{
	if (error)
		snprintf(text, size, "Filter %zu answers it with %s (%s); it does not run.",
			 at, errno_name(error), strerror(error));
	else
		snprintf(text, size, "Filter %zu answers it with success; it does not run.",
			 at);
}

/* In words; of RUNS, at the end. */
static void describe(char *text, size_t size, const struct step *step)
{
	static const char * const formats[] = {
		[STEP_CACHED]	= "The kernel knows that all filters always allow it: it runs.",
		[STEP_LOG]	= "Filter %zu has it logged.",
		[STEP_TRAP]	= "Filter %zu sends SIGSYS; it does not run.",
		[STEP_KILL]	= "Filter %zu kills the %s.",
		[STEP_TRACE]	=
			"Filter %zu asks the tracer; without one, ENOSYS. If that lets it pass, all filters judge once more:",
		[STEP_ASK]	= "The supervisor of filter %zu is asked. If that says CONTINUE:",
		[STEP_NOBODY]	=
			"Filter %zu wants its supervisor asked, and has none: ENOSYS; it does not run.",
		[STEP_RUNS]	= "It runs.",
		[STEP_STRICT]	= "Strict mode kills the thread: it is not on the list.",
	};
	uint32_t action = step->ret & SECCOMP_RET_ACTION_FULL;

	if (step->kind == STEP_ERRNO)
		describe_errno(text, size, step->filter + 1,
			       verdict_errno(step->ret));
	else
		snprintf(text, size, formats[step->kind], step->filter + 1,
			 action == SECCOMP_RET_KILL_THREAD ? "thread" :
							     "process");
}

static const char *call_name(const struct call *call)
{
	static char number[16];
	const char *name = syscall_name(call->arch, call->nr);

	if (name)
		return name;
	snprintf(number, sizeof(number), "%u", call->nr);
	return number;
}

static const char *without_filters(const struct scene *scene)
{
	static const char * const list[] = {
		"read", "write", "exit", "rt_sigreturn", "sigreturn",
	};
	const char *name = call_name(&scene->question->call);
	size_t i;

	if (scene->task.mode == SECCOMP_MODE_DISABLED)
		return "It runs.";
	if (scene->task.mode != SECCOMP_MODE_STRICT)
		return "It has been killed, and makes no more calls.";
	for (i = 0; i < ARRAY_SIZE(list); i++)
		if (!strcmp(list[i], name))
			return "It runs: it is on the list of strict mode.";
	return "Strict mode kills the thread: it is not on the list.";
}

static void print_call(const struct scene *scene)
{
	const struct task *task = &scene->task;
	char text[160];
	size_t i;

	printf("\nIf it called %s%s%s:\n", colour(BOLD),
	       call_name(&scene->question->call), colour(PLAIN));
	for (i = 0; i < task->filters_count; i++)
		printf("%4zu says %s\n", i + 1,
		       verdict_name(task->filters[i].verdict));
	for (i = 0; i < scene->steps_count; i++) {
		describe(text, sizeof(text), &scene->steps[i]);
		printf("  -> %s\n", text);
	}
	if (!task->filters_count)
		printf("  -> %s\n", without_filters(scene));
}

static void print_text(const struct scene *scene)
{
	size_t i;

	print_mode(scene);
	for (i = 0; i < scene->task.filters_count; i++)
		print_filter(scene, i);
	print_pins(scene);
	if (scene->task.mode != SECCOMP_MODE_STRICT &&
	    scene->task.mode <= SECCOMP_MODE_FILTER)
		print_consequences(scene);
	if (scene->question->has_call)
		print_call(scene);
}

static void json_pins(const struct scene *scene)
{
	const struct pin *pin;
	size_t i;

	if (!scene->pins_known) {
		fputs("null", stdout);
		return;
	}
	putchar('[');
	for (i = 0; i < scene->task.pins_count; i++) {
		pin = &scene->task.pins[i];
		printf("%s{\"address\": %" PRIu64 ", \"size\": %" PRIu64
		       ", \"offset\": %" PRIu64 "}",
		       i ? ", " : "", pin->address, pin->size, pin->offset);
	}
	putchar(']');
}

static void json_filters(const struct scene *scene)
{
	const struct filter *filter;
	size_t i;

	putchar('[');
	for (i = 0; i < scene->task.filters_count; i++) {
		filter = &scene->task.filters[i];
		printf("%s{", i ? ", " : "");
		json_filter(filter, &scene->holders);
		if (scene->question->has_call)
			printf(", \"verdict\": \"%s\", \"cached\": %s",
			       verdict_name(filter->verdict),
			       filter->cached ? "true" : "false");
		putchar('}');
	}
	putchar(']');
}

/* Who ends it first, or is asked first. */
static void json_decided_by(const struct scene *scene)
{
	const struct step *step = scene->steps;
	size_t i;

	for (i = 0; i < scene->steps_count && step->kind == STEP_LOG; i++)
		step++;
	if (i == scene->steps_count || step->filter >= scene->task.filters_count)
		fputs("null", stdout);
	else
		json_id(scene->task.filters[step->filter].id);
}

static void json_call(const struct scene *scene)
{
	const struct call *call = &scene->question->call;
	char text[160];
	size_t i;

	fputs(", \"call\": {\"name\": ", stdout);
	json_string(call_name(call));
	printf(", \"nr\": %u, \"arch\": \"%s\", \"outcome\": [", call->nr,
	       call->arch == ARCH_COMPAT ? "i386" : "x86_64");
	for (i = 0; i < scene->steps_count; i++) {
		describe(text, sizeof(text), &scene->steps[i]);
		fputs(i ? ", " : "", stdout);
		json_string(text);
	}
	if (!scene->task.filters_count)
		json_string(without_filters(scene));
	fputs("], \"decided_by\": ", stdout);
	json_decided_by(scene);
	putchar('}');
}

static void print_json(const struct scene *scene)
{
	static const char * const nesting[] = {
		[NESTING_FIRST]		= "first",
		[NESTING_NESTED]	= "nested",
		[NESTING_BUSY]		= "busy",
		[NESTING_STRICT]	= "strict",
	};
	static const char * const strictness[] = {
		[STRICTNESS_PROPER]	= "proper",
		[STRICTNESS_AFTER]	= "after-filters",
		[STRICTNESS_ALREADY]	= "already",
		[STRICTNESS_MISSING]	= "missing",
	};
	static const char * const clonings[] = {
		[CLONING_TRACER]	= "tracer",
		[CLONING_NEIGHBOUR]	= "neighbour",
		[CLONING_NOTHING]	= "nothing",
		[CLONING_MISSING]	= "missing",
	};
	size_t by;

	printf("{\"pid\": %d, \"comm\": ", scene->question->pid);
	json_string(scene->comm);
	printf(", \"mode\": \"%s\", \"filters\": ",
	       mode_name(scene->task.mode));
	json_filters(scene);
	fputs(", \"pins\": ", stdout);
	json_pins(scene);
	printf(", \"new_listener\": \"%s\"", nesting[nesting_of(scene, &by)]);
	printf(", \"strict_mode\": \"%s\", \"clone\": \"%s\"",
	       strictness[strict_mode(&scene->task, scene->features)],
	       clonings[cloning(&scene->task, scene->features)]);
	if (scene->question->has_call)
		json_call(scene);
	puts("}");
}

/* Pins need the right to trace in any case, and memory that is not locked. */
static int look(struct link *link, struct scene *scene)
{
	const struct question *question = scene->question;
	const struct call *call = question->has_call ? &question->call : NULL;
	int err = link_task(link, question->pid, call, true, &scene->task);

	scene->pins_known = !err;
	if (err != -EPERM && err != -EAGAIN)
		return err;
	link->patience = PATIENCE;
	return link_task(link, question->pid, call, false, &scene->task);
}

static int complain_of(const struct question *question, int err)
{
	pid_t pid = question->pid;

	switch (err) {
	case -ESRCH:
		complain("%d: no such process, or it is ending", pid);
		return EXIT_NO;
	case -EPERM:
		complain("%d: this user may not look at it (%s)", pid,
			 question->has_call ?
			 "what its filters say is for whoever may trace it" :
			 "CAP_NET_ADMIN, or the right to trace it");
		return EXIT_TROUBLE;
	case -EAGAIN:
		complain("%d: it is busy (in execve(2), or a lock is held); try again", pid);
		return EXIT_TROUBLE;
	default:
		complain("%d: %s", pid, strerror(-err));
		return EXIT_TROUBLE;
	}
}

/* Else nobody has to be looked for. */
static bool listens(const struct task *task)
{
	size_t i;

	for (i = 0; i < task->filters_count; i++)
		if (task->filters[i].listener == OVERLAY_SECCOMP_LISTENER_OPEN)
			return true;
	return false;
}

static int explain(const struct question *question)
{
	struct scene scene = { .question = question };
	struct seccomp_overlay_info info;
	struct link link;
	int ret = link_open_or_say(&link);
	int err;

	if (ret)
		return ret;
	err = look(&link, &scene);
	if (err) {
		link_close(&link);
		return complain_of(question, err);
	}
	proc_comm(question->pid, scene.comm);
	overlay_seccomp_info(&info);
	scene.features = info.features;
	scene.steps = grow(NULL, STEPS_MAX(scene.task.filters_count),
			   sizeof(*scene.steps));
	if (question->has_call && scene.task.filters_count)
		scene.steps_count = decide(scene.task.filters,
					   scene.task.filters_count,
					   scene.steps);
	if (listens(&scene.task))
		holders_find(&scene.holders, &link);
	if (question->json)
		print_json(&scene);
	else
		print_text(&scene);
	holders_free(&scene.holders);
	free(scene.steps);
	task_free(&scene.task);
	link_close(&link);
	return EXIT_YES;
}

static bool parse_arg(struct call *call, char *text)
{
	char *value = strchr(text, '=');
	uint64_t i;

	if (!value)
		return false;
	*value++ = '\0';
	return parse_number(text, 5, &i) &&
	       parse_number(value, UINT64_MAX, &call->args[i]);
}

static bool parse_arch(struct call *call, const char *text)
{
	if (!strcmp(text, "x86_64"))
		call->arch = ARCH_NATIVE;
	else if (!strcmp(text, "i386"))
		call->arch = ARCH_COMPAT;
	else
		return false;
	return true;
}

static bool parse_call(struct call *call, const char *text)
{
	uint64_t number;
	long nr;

	if (parse_number(text, UINT32_MAX, &number)) {
		call->nr = number;
		return true;
	}
	nr = syscall_find(call->arch, text);
	call->nr = nr;
	return nr >= 0;
}

/* -1 to go on, or EXIT_* after having said why. */
static int parse_options(int argc, char **argv, struct question *question,
			 struct common *common, const char **call)
{
	static const struct option options[] = {
		{ "arch", required_argument, NULL, 'a' },
		{ "arg", required_argument, NULL, 'A' },
		OPTION_COLOR,
		OPTION_JSON,
		{ "syscall", required_argument, NULL, 's' },
		OPTION_HELP,
		{ }
	};
	int opt, ret;

	while ((opt = getopt_long(argc, argv, "jh", options, NULL)) != -1) {
		switch (opt) {
		case 'a':
			if (parse_arch(&question->call, optarg))
				break;
			complain("no architecture '%s' here: x86_64 or i386",
				 optarg);
			return EXIT_TROUBLE;
		case 'A':
			if (parse_arg(&question->call, optarg))
				break;
			complain("an argument is I=VALUE, with I from 0 to 5");
			return EXIT_TROUBLE;
		case 's':
			*call = optarg;
			break;
		default:
			if (!common_option(opt, help, common, &ret))
				return ret;
		}
	}
	return -1;
}

/* The same. A name of a call is looked up when the architecture is known. */
static int parse(int argc, char **argv, struct question *question)
{
	struct common common = { .colour = "auto" };
	const char *call = NULL;
	int ret = parse_options(argc, argv, question, &common, &call);

	if (ret >= 0)
		return ret;
	if (optind + 1 != argc || !terminal_colours(common.colour)) {
		fputs(help, stderr);
		return EXIT_TROUBLE;
	}
	question->pid = parse_pid(argv[optind]);
	if (!question->pid)
		return EXIT_TROUBLE;
	if (call && !parse_call(&question->call, call)) {
		complain("no system call '%s' on this architecture", call);
		return EXIT_TROUBLE;
	}
	question->json = common.json;
	question->has_call = call;
	return -1;
}

int cmd_explain(int argc, char **argv)
{
	struct question question = { .call.arch = ARCH_NATIVE };
	int ret = parse(argc, argv, &question);

	return ret < 0 ? explain(&question) : ret;
}

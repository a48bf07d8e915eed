// SPDX-License-Identifier: GPL-2.0-only
/*
 * decide: the rules by which a chain judges a call, each with a chain that
 * differs by one flag and comes to something else.
 */
#include <linux/overlay_seccomp.h>
#include <stdio.h>
#include <string.h>

#include "../command/decide.h"

#define FLAG(name) OVERLAY_SECCOMP_FILTER_##name

#define MAX 5

/*
 * A filter, in letters: what it says (a allow, l log, e errno, t trap, r trace,
 * n notify, k kill thread, K kill process), and what it is (O overlay, S
 * sequential, X strict, o its listener is open, c closed, C cached).
 */
static struct filter filter_of(const char *text)
{
	static const struct {
		char letter;
		uint32_t ret;
	} verdicts[] = {
		{ 'a', SECCOMP_RET_ALLOW }, { 'l', SECCOMP_RET_LOG },
		{ 'e', SECCOMP_RET_ERRNO | 1 }, { 't', SECCOMP_RET_TRAP },
		{ 'r', SECCOMP_RET_TRACE }, { 'n', SECCOMP_RET_USER_NOTIF },
		{ 'k', SECCOMP_RET_KILL_THREAD },
		{ 'K', SECCOMP_RET_KILL_PROCESS },
	};
	struct filter filter = { 0 };
	size_t i;

	for (i = 0; i < sizeof(verdicts) / sizeof(*verdicts); i++)
		if (verdicts[i].letter == *text)
			filter.verdict = verdicts[i].ret;
	if (strchr(text, 'O'))
		filter.flags |= FLAG(OVERLAY);
	if (strchr(text, 'S'))
		filter.flags |= FLAG(SEQUENTIAL);
	if (strchr(text, 'X'))
		filter.flags |= FLAG(STRICT);
	if (strchr(text, 'o'))
		filter.listener = OVERLAY_SECCOMP_LISTENER_OPEN;
	if (strchr(text, 'c'))
		filter.listener = OVERLAY_SECCOMP_LISTENER_CLOSED;
	filter.cached = strchr(text, 'C');
	return filter;
}

static size_t read_chain(const char *text, struct filter *filters)
{
	char copy[64], *word;
	size_t n = 0;

	snprintf(copy, sizeof(copy), "%s", text);
	for (word = strtok(copy, " "); word; word = strtok(NULL, " "))
		filters[n++] = filter_of(word);
	return n;
}

static void write_steps(const struct step *steps, size_t count, char *text)
{
	static const char * const names[] = {
		[STEP_CACHED] = "cached", [STEP_LOG] = "log",
		[STEP_ERRNO] = "errno", [STEP_TRAP] = "trap",
		[STEP_KILL] = "kill", [STEP_TRACE] = "trace",
		[STEP_ASK] = "ask", [STEP_NOBODY] = "nobody",
		[STEP_RUNS] = "runs", [STEP_STRICT] = "strict",
	};
	size_t i;

	*text = '\0';
	for (i = 0; i < count; i++) {
		text += sprintf(text, "%s%s", i ? " " : "",
				names[steps[i].kind]);
		if (steps[i].kind != STEP_RUNS && steps[i].kind != STEP_CACHED)
			text += sprintf(text, "%zu", steps[i].filter);
	}
}

static const struct {
	const char *chain;		/* innermost first */
	const char *steps;
} cases[] = {
	{ "a a", "runs" },
	{ "aC a", "cached" },
	{ "a aC", "runs" },
	/* The lowest wins, the innermost among equals. */
	{ "e t", "trap1" },
	{ "t e", "trap0" },
	{ "e e", "errno0" },
	{ "l a", "log0 runs" },
	{ "l e", "errno1" },
	{ "k K", "kill1" },
	{ "no e", "errno1" },
	/* Stock asks the innermost only. */
	{ "no no", "ask0 runs" },
	{ "no noO", "ask0 ask1 runs" },
	{ "noO ao noO", "ask0 ask2 runs" },
	{ "noO ao no", "ask0 ask2 runs" },
	{ "nc noO", "nobody0" },
	{ "n noO", "nobody0" },
	{ "noO n noO", "ask0 nobody1" },
	{ "no n", "ask0 runs" },
	/* Sequential: who agreed is judged after those within. */
	{ "e t", "trap1" },
	{ "e tS", "errno0" },
	{ "eS t", "trap1" },
	{ "a tS", "trap1" },
	{ "no eS", "ask0 errno1" },
	{ "no e", "errno1" },
	/* From the outermost that did not agree inward, it is one unit. */
	{ "e tS a", "trap1" },
	{ "e tS aS", "errno0" },
	{ "e t kS", "trap1" },
	{ "l eS", "log0 errno1" },
	{ "a no noS", "ask1 ask2 runs" },
	{ "a no no", "ask1 runs" },
	{ "noO no noS", "ask0 ask1 ask2 runs" },
	/* After a tracer, all judge once more, TRACE as ALLOW. */
	{ "r a", "trace0 runs" },
	{ "r l", "trace0 runs" },
	{ "r rS", "trace0 runs" },
	{ "r noS", "trace0 ask1 runs" },
	{ "r eS", "trace0 errno1" },
	/* Strict is last, and kills what has been answered as well. */
	{ "aX a", "runs" },
	{ "kX a", "strict0" },
	{ "a a", "runs" },
	{ "kX e", "errno1 strict0" },
	{ "aX e", "errno1" },
	{ "kX K", "kill1" },
	{ "kX aC", "strict0" },
	{ "kX no", "ask1 strict0" },
	{ "kX noO noO", "ask1 ask2 strict0" },
};

static const struct {
	const char *chain;
	int implicit;
	enum nesting nesting;
} listeners[] = {
	{ "a a", 0, NESTING_FIRST },
	{ "nc a", 0, NESTING_FIRST },
	{ "no a", 0, NESTING_BUSY },
	{ "no a", 1, NESTING_NESTED },
	{ "noO a", 0, NESTING_NESTED },
	{ "noO no", 0, NESTING_BUSY },
	{ "aX noO", 1, NESTING_STRICT },
};

#define BOTH (SECCOMP_OVERLAY_STRICT | SECCOMP_OVERLAY_CLONE)

static const struct {
	const char *chain;		/* empty: none */
	uint32_t mode;
	uint64_t features;
	enum strictness strictness;
	enum cloning cloning;
} asked_for[] = {
	{ "", 0, BOTH, STRICTNESS_PROPER, CLONING_NOTHING },
	{ "", 1, BOTH, STRICTNESS_ALREADY, CLONING_NOTHING },
	{ "a", 2, BOTH, STRICTNESS_AFTER, CLONING_TRACER },
	{ "a", 2, SECCOMP_OVERLAY_CLONE, STRICTNESS_MISSING, CLONING_TRACER },
	{ "a", 2, SECCOMP_OVERLAY_STRICT, STRICTNESS_AFTER, CLONING_MISSING },
	{ "kX a", 2, BOTH, STRICTNESS_ALREADY, CLONING_TRACER },
	{ "a no", 2, BOTH, STRICTNESS_AFTER, CLONING_NEIGHBOUR },
	{ "a ncO", 2, BOTH, STRICTNESS_AFTER, CLONING_TRACER },
};

static int try_asking(size_t i)
{
	struct filter filters[MAX];
	struct task task = { .mode = asked_for[i].mode, .filters = filters };

	task.filters_count = read_chain(asked_for[i].chain, filters);
	if (strict_mode(&task, asked_for[i].features) ==
	    asked_for[i].strictness &&
	    cloning(&task, asked_for[i].features) == asked_for[i].cloning)
		return 0;
	printf("asked of '%s', mode %u\n", asked_for[i].chain, task.mode);
	return 1;
}

int main(void)
{
	struct filter filters[MAX];
	struct step steps[STEPS_MAX(MAX)];
	char text[256];
	int failed = 0;
	size_t i, n, by;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		n = read_chain(cases[i].chain, filters);
		write_steps(steps, decide(filters, n, steps), text);
		if (!strcmp(text, cases[i].steps))
			continue;
		printf("%s: %s, not %s\n", cases[i].chain, text,
		       cases[i].steps);
		failed = 1;
	}
	for (i = 0; i < sizeof(listeners) / sizeof(*listeners); i++) {
		n = read_chain(listeners[i].chain, filters);
		if (new_listener(filters, n, listeners[i].implicit, &by) ==
		    listeners[i].nesting)
			continue;
		printf("new listener below %s, implicit %d\n",
		       listeners[i].chain, listeners[i].implicit);
		failed = 1;
	}
	for (i = 0; i < sizeof(asked_for) / sizeof(*asked_for); i++)
		failed |= try_asking(i);
	return failed;
}

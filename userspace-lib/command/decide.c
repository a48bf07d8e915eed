// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rules, in short: of a unit of filters the lowest action wins, the
 * innermost among equals. The unit is the whole chain, or, where filters agreed
 * to sequential evaluation, what lies within the outermost that did not, and
 * then each further out by itself. In a chain with an overlay listener, CONTINUE
 * asks the next further out in the unit that wants to be asked. After a tracer,
 * the chain judges once more, TRACE counting as ALLOW. Strict mode comes last,
 * and kills whatever has been answered, unless it is dead already.
 */
#include <linux/overlay_seccomp.h>
#include <stdbool.h>

#include "decide.h"

struct chain {
	const struct filter	*filters;
	size_t			count;
	size_t			first;		/* that takes part */
	bool			nested;
	bool			sequential;
	struct step		*steps;
	size_t			steps_count;
};

static uint32_t action_of(uint32_t ret)
{
	return ret & SECCOMP_RET_ACTION_FULL;
}

static bool has(const struct filter *filter, uint32_t flag)
{
	return filter->flags & flag;
}

static void step(struct chain *chain, enum step_kind kind, size_t filter)
{
	chain->steps[chain->steps_count++] = (struct step){
		.kind	= kind,
		.filter	= filter,
		.ret	= filter < chain->count ?
			  chain->filters[filter].verdict : 0,
	};
}

/* Of those from BEGIN up to END, whose verdict is it? END: they allow. */
static size_t lowest(const struct chain *chain, size_t begin, size_t end)
{
	uint32_t least = SECCOMP_RET_ALLOW;
	size_t found = end, i;

	for (i = begin; i < end; i++) {
		if ((int32_t)action_of(chain->filters[i].verdict) >=
		    (int32_t)least)
			continue;
		least = action_of(chain->filters[i].verdict);
		found = i;
	}
	return found;
}

static size_t first_end(const struct chain *chain)
{
	size_t end = chain->first + 1, i;

	if (!chain->sequential)
		return chain->count;
	for (i = chain->first; i < chain->count; i++)
		if (!has(&chain->filters[i], OVERLAY_SECCOMP_FILTER_SEQUENTIAL))
			end = i + 1;
	return end;
}

static size_t next_to_ask(const struct chain *chain, size_t at, size_t end)
{
	do
		at++;
	while (at < end && action_of(chain->filters[at].verdict) !=
			   SECCOMP_RET_USER_NOTIF);
	return at;
}

/* False: the matter is decided. */
static bool ask(struct chain *chain, size_t at, size_t end)
{
	while (at < end) {
		if (chain->filters[at].listener !=
		    OVERLAY_SECCOMP_LISTENER_OPEN) {
			step(chain, STEP_NOBODY, at);
			return false;
		}
		step(chain, STEP_ASK, at);
		if (!chain->nested)
			return true;
		at = next_to_ask(chain, at, end);
	}
	return true;
}

static bool judge(struct chain *chain, bool recheck);

/* False: the matter is decided, or *JUDGED: all further out has had its say. */
static bool act(struct chain *chain, size_t at, size_t end, bool recheck,
		bool *judged)
{
	switch (action_of(chain->filters[at].verdict)) {
	case SECCOMP_RET_LOG:
		step(chain, STEP_LOG, at);
		return true;
	case SECCOMP_RET_TRACE:
		if (recheck)
			return true;
		step(chain, STEP_TRACE, at);
		*judged = true;
		return judge(chain, true);
	case SECCOMP_RET_USER_NOTIF:
		return ask(chain, at, end);
	case SECCOMP_RET_ERRNO:
		step(chain, STEP_ERRNO, at);
		return false;
	case SECCOMP_RET_TRAP:
		step(chain, STEP_TRAP, at);
		return false;
	default:
		step(chain, STEP_KILL, at);
		return false;
	}
}

static bool judge(struct chain *chain, bool recheck)
{
	size_t begin = chain->first, end = first_end(chain), at;
	bool judged = false;

	for (; begin < chain->count; begin = end++) {
		at = lowest(chain, begin, end);
		if (at == end)
			continue;
		if (!act(chain, at, end, recheck, &judged))
			return false;
		if (judged)
			return true;
	}
	return true;
}

static void judge_strict(struct chain *chain)
{
	enum step_kind last = chain->steps[chain->steps_count - 1].kind;

	if (chain->first && last != STEP_KILL &&
	    action_of(chain->filters[0].verdict) != SECCOMP_RET_ALLOW) {
		if (last == STEP_RUNS || last == STEP_CACHED)
			chain->steps_count--;
		step(chain, STEP_STRICT, 0);
	}
}

size_t decide(const struct filter *filters, size_t count, struct step *steps)
{
	struct chain chain = {
		.filters = filters, .count = count, .steps = steps,
	};
	size_t i;

	for (i = 0; i < count; i++) {
		chain.nested |= has(&filters[i],
				    OVERLAY_SECCOMP_FILTER_OVERLAY |
				    OVERLAY_SECCOMP_FILTER_NESTED);
		chain.sequential |= has(&filters[i],
					OVERLAY_SECCOMP_FILTER_SEQUENTIAL);
	}
	chain.first = count && has(filters, OVERLAY_SECCOMP_FILTER_STRICT);
	if (chain.first < count && filters[chain.first].cached)
		step(&chain, STEP_CACHED, count);
	else if (judge(&chain, false))
		step(&chain, STEP_RUNS, count);
	judge_strict(&chain);
	return chain.steps_count;
}

enum nesting new_listener(const struct filter *filters, size_t count,
			  int implicit, size_t *by)
{
	enum nesting nesting = NESTING_FIRST;
	size_t i;

	if (count && has(filters, OVERLAY_SECCOMP_FILTER_STRICT))
		return NESTING_STRICT;
	for (i = 0; i < count; i++) {
		if (filters[i].listener != OVERLAY_SECCOMP_LISTENER_OPEN)
			continue;
		*by = i;
		if (!implicit &&
		    !has(&filters[i], OVERLAY_SECCOMP_FILTER_OVERLAY))
			return NESTING_BUSY;
		nesting = NESTING_NESTED;
	}
	return nesting;
}

static bool is_strict(const struct task *task)
{
	return task->mode == SECCOMP_MODE_STRICT ||
	       (task->filters_count &&
		has(task->filters, OVERLAY_SECCOMP_FILTER_STRICT));
}

enum strictness strict_mode(const struct task *task, uint64_t features)
{
	if (is_strict(task))
		return STRICTNESS_ALREADY;
	if (!task->filters_count)
		return STRICTNESS_PROPER;
	return features & SECCOMP_OVERLAY_STRICT ? STRICTNESS_AFTER :
						   STRICTNESS_MISSING;
}

enum cloning cloning(const struct task *task, uint64_t features)
{
	size_t i;

	if (!(features & SECCOMP_OVERLAY_CLONE))
		return CLONING_MISSING;
	if (!task->filters_count)
		return CLONING_NOTHING;
	for (i = 0; i < task->filters_count; i++)
		if (task->filters[i].listener == OVERLAY_SECCOMP_LISTENER_OPEN)
			return CLONING_NEIGHBOUR;
	return CLONING_TRACER;
}

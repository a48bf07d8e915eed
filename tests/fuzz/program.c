// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <string.h>

#include "ops.h"
#include "program.h"

enum origin program_origin(const struct program *p, int actor)
{
	return p->origins >> 4 * actor & 7;
}

bool program_shares_files(const struct program *p, int a, int b)
{
	int i, with[2] = { a, b };
	enum origin o;

	if (a == b)
		return true;
	for (i = 0; i < 2; i++) {
		o = program_origin(p, with[i]);
		if (with[i] && o != ORIGIN_THREAD && o != ORIGIN_FILES &&
		    o != ORIGIN_VM_FILES)
			return false;
	}
	return true;
}

static void print_arg(const struct arg *a, FILE *to)
{
	if (a->form == ARG_NUMBER)
		fprintf(to, " 0x%" PRIx64, a->value);
	else
		fprintf(to, " %c%" PRIu64, a->form == ARG_RESULT ? 'r' : 't',
			a->value);
}

void program_print(const struct program *p, FILE *to)
{
	unsigned int i, j;

	fprintf(to,
		"program actors=%u origins=0x%x user=0x%x guard=0x%x setup=0x%x\n",
		p->actors, p->origins, p->user, p->guard, p->setup);
	for (i = 0; i < p->n; i++) {
		const struct op *op = &p->op[i];

		fprintf(to, "%u a%u%s %s", i, op->actor, op->async ? "&" : "",
			ops[op->kind].name);
		for (j = 0; j < ops_args(op->kind); j++)
			print_arg(&op->arg[j], to);
		fputc('\n', to);
	}
	fputs("end\n", to);
}

static bool read_arg(const char *word, struct arg *a)
{
	int used = 0;

	if (!word)
		return false;
	if (*word == 'r')
		a->form = ARG_RESULT;
	else if (*word == 't')
		a->form = ARG_TASK;
	else
		return sscanf(word, "%" SCNx64 "%n", &a->value, &used) == 1 &&
		       !word[used];
	return sscanf(word + 1, "%" SCNu64 "%n", &a->value, &used) == 1 &&
	       !word[1 + used] &&
	       a->value < (*word == 'r' ? OPS_MAX : ACTORS_MAX);
}

static bool read_actor(const char *word, struct op *op)
{
	unsigned int actor;
	char async = 0;

	if (!word || sscanf(word, "a%u%c", &actor, &async) < 1 ||
	    actor >= ACTORS_MAX)
		return false;
	op->actor = actor;
	op->async = async == '&';
	return true;
}

static bool read_op(char *line, struct op *op)
{
	char *rest;
	unsigned int j;
	int kind;

	memset(op, 0, sizeof(*op));
	if (!strtok_r(line, " ", &rest) ||
	    !read_actor(strtok_r(NULL, " ", &rest), op))
		return false;
	kind = ops_find(strtok_r(NULL, " ", &rest));
	if (kind < 0)
		return false;
	op->kind = kind;
	for (j = 0; j < ops_args(kind); j++)
		if (!read_arg(strtok_r(NULL, " ", &rest), &op->arg[j]))
			return false;
	return true;
}

static bool read_head(const char *line, struct program *p)
{
	return sscanf(line,
		      "program actors=%u origins=0x%x user=0x%x guard=0x%x setup=0x%x",
		      &p->actors, &p->origins, &p->user, &p->guard,
		      &p->setup) == 5 &&
	       p->actors && p->actors <= ACTORS_MAX && p->user < USERS;
}

int program_read(struct program *p, FILE *from)
{
	bool inside = false;
	char line[512];

	memset(p, 0, sizeof(*p));
	while (fgets(line, sizeof(line), from)) {
		line[strcspn(line, "\r\n")] = 0;
		if (*line == '#' || !*line)
			continue;
		if (!strcmp(line, "end") && inside)
			return 1;
		if (!inside && !read_head(line, p))
			return -1;
		if (inside && (p->n == OPS_MAX ||
			       !read_op(line, &p->op[p->n++])))
			return -1;
		inside = true;
	}
	return inside ? -1 : 0;
}

/* From POS on, results have another number. */
static void renumber(struct program *p, unsigned int pos, int by)
{
	unsigned int i, j;
	struct arg *a;

	for (i = 0; i < p->n; i++) {
		for (j = 0; j < ARGS_MAX; j++) {
			a = &p->op[i].arg[j];
			if (a->form == ARG_RESULT && a->value >= pos)
				a->value += by;
		}
	}
}

struct op *program_insert(struct program *p, unsigned int pos)
{
	if (p->n == OPS_MAX)
		return NULL;
	renumber(p, pos, 1);
	memmove(&p->op[pos + 1], &p->op[pos],
		(p->n - pos) * sizeof(*p->op));
	p->n++;
	memset(&p->op[pos], 0, sizeof(*p->op));
	return &p->op[pos];
}

void program_delete(struct program *p, unsigned int pos)
{
	p->n--;
	memmove(&p->op[pos], &p->op[pos + 1],
		(p->n - pos) * sizeof(*p->op));
	renumber(p, pos + 1, -1);
}

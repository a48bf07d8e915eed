// SPDX-License-Identifier: GPL-2.0-only
/*
 * overlay-seccomp tree: the chains of filters as trees, each task a leaf.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "holders.h"
#include "netlink.h"
#include "proc.h"
#include "scan.h"
#include "terminal.h"
#include "words.h"

static const char help[] =
"Usage: overlay-seccomp tree [-j] [--color=WHEN] [PID]\n"
"\n"
"Draws which tasks are under which seccomp filters: a filter stands below the\n"
"one that was installed before it, and a process below its innermost. With PID\n"
"only what that process is under. Needs CAP_NET_ADMIN, but for own processes.\n"
"What is more than 48 filters deep comes after the tree.\n"
"\n"
"      --color=WHEN  auto (on a terminal, unless NO_COLOR is set), always, never\n"
"  -j, --json        as JSON\n"
"  -h, --help        this text\n"
"\n"
"Exit status: 0, 1 the module is not loaded, or no such process has filters,\n"
"2 usage, or nothing could be found out.\n";

/* Threads of one process that have one chain. */
struct leaf {
	pid_t		pid;
	pid_t		tid;		/* of the first of them */
	size_t		threads;
	struct leaf	*next;
};

/*
 * Anyone can have thousands of filters one below the other; terminals, and most
 * readers of JSON, take far less.
 */
#define DEPTH_MAX 48

struct node {
	struct filter	filter;
	struct node	*inner;		/* first of those within */
	struct node	**inner_end;
	struct node	*next;		/* beside this one */
	struct leaf	*leaves;
	struct leaf	*last_leaf;
	struct node	*hash_next;
	struct node	*cut_next;	/* see struct output */
};

#define BUCKETS 4096

struct tree {
	struct scan	scan;
	struct node	*roots;
	struct node	**roots_end;
	struct node	*buckets[BUCKETS];
	size_t		tasks;
	bool		listens;	/* a filter has an open listener */
};

static struct node *find_node(struct tree *tree, const struct filter *filter,
			      struct node *outer)
{
	struct node **bucket = &tree->buckets[filter->id % BUCKETS];
	struct node ***end = outer ? &outer->inner_end : &tree->roots_end;
	struct node *node;

	for (node = *bucket; node; node = node->hash_next)
		if (node->filter.id == filter->id)
			return node;
	node = grow(NULL, 1, sizeof(*node));
	node->filter = *filter;
	tree->listens |= filter->listener == OVERLAY_SECCOMP_LISTENER_OPEN;
	node->inner_end = &node->inner;
	node->hash_next = *bucket;
	*bucket = node;
	**end = node;
	*end = &node->next;
	return node;
}

static void add_leaf(struct node *node, pid_t pid, pid_t tid)
{
	struct leaf *last = node->last_leaf;

	/* Threads come one after another. */
	if (!last || last->pid != pid) {
		last = grow(NULL, 1, sizeof(*last));
		last->pid = pid;
		last->tid = tid;
		*(node->last_leaf ? &node->last_leaf->next : &node->leaves) =
			last;
		node->last_leaf = last;
	}
	last->threads++;
}

static void add_task(pid_t pid, pid_t tid, const struct task *task, void *to)
{
	struct tree *tree = to;
	struct node *node = NULL;
	size_t i;

	for (i = task->filters_count; i > 0; i--)
		node = find_node(tree, &task->filters[i - 1], node);
	if (!node)
		return;
	add_leaf(node, pid, tid);
	tree->tasks++;
}

static void free_nodes(struct node *node)
{
	struct node *next;
	struct leaf *leaf;

	for (; node; node = next) {
		next = node->next;
		free_nodes(node->inner);
		while ((leaf = node->leaves)) {
			node->leaves = leaf->next;
			free(leaf);
		}
		free(node);
	}
}

/* Of nodes that are deep enough, those within come later. */
struct output {
	const struct holders	*holders;
	struct node		*cut;
	struct node		**cut_end;
};

static void cut_off(struct node *node, struct output *out)
{
	*out->cut_end = node;
	out->cut_end = &node->cut_next;
}

/* What stands left of a line; LAST: nothing comes below at this level. */
struct margin {
	const struct margin	*outer;
	bool			last;
};

static void print_margin(const struct margin *margin, bool own)
{
	static const char * const drawn[] = { "│  ", "   ", "├─ ", "└─ " };
	static const char * const ascii[] = { "|  ", "   ", "|- ", "`- " };
	const char * const *part = terminal_draws() ? drawn : ascii;

	if (!margin)
		return;
	print_margin(margin->outer, false);
	fputs(part[2 * own + margin->last], stdout);
}

static void print_filter(const struct filter *filter,
			 const struct holders *holders)
{
	print_bold_id(filter->id);
	print_filter_flags(filter->flags);
	if (filter->listener == OVERLAY_SECCOMP_LISTENER_OPEN) {
		printf(", %slistener open%s, ", colour(GREEN), colour(PLAIN));
		holders_print(holders, filter->listener_id);
	} else if (filter->listener == OVERLAY_SECCOMP_LISTENER_CLOSED) {
		printf(", %slistener closed%s", colour(YELLOW), colour(PLAIN));
	}
	putchar('\n');
}

static void print_leaf(const struct leaf *leaf)
{
	char comm[COMM_SIZE];

	proc_comm(leaf->tid, comm);
	if (leaf->pid == leaf->tid)
		printf("%s (%d)", comm, leaf->pid);
	else
		printf("%s (%d, thread %d)", comm, leaf->pid, leaf->tid);
	if (leaf->threads > 1)
		printf(" +%zu thread%s", leaf->threads - 1,
		       leaf->threads > 2 ? "s" : "");
	putchar('\n');
}

static void print_nodes(struct node *node, const struct margin *outer,
			unsigned int depth, struct output *out)
{
	const struct leaf *leaf;

	for (; node; node = node->next) {
		struct margin own = { .outer = outer, .last = !node->next };
		struct margin below = { .outer = &own };

		print_margin(&own, true);
		print_filter(&node->filter, out->holders);
		for (leaf = node->leaves; leaf; leaf = leaf->next) {
			below.last = !leaf->next && !node->inner;
			print_margin(&below, true);
			print_leaf(leaf);
		}
		if (depth < DEPTH_MAX) {
			print_nodes(node->inner, &own, depth + 1, out);
		} else if (node->inner) {
			below.last = true;
			print_margin(&below, true);
			puts("...");
			cut_off(node, out);
		}
	}
}

static void print_text(const struct tree *tree, struct output *out)
{
	struct node *node;

	print_nodes(tree->roots, NULL, 1, out);
	for (node = out->cut; node; node = node->cut_next) {
		fputs("below ", stdout);
		print_bold_id(node->filter.id);
		puts(":");
		print_nodes(node->inner, NULL, 1, out);
	}
	if (tree->scan.hidden)
		printf("and %zu task%s that this user may not look at\n",
		       tree->scan.hidden, tree->scan.hidden == 1 ? "" : "s");
	if (tree->scan.busy)
		printf("and %zu task%s busy all the time (in execve(2), or a lock is held)\n",
		       tree->scan.busy, tree->scan.busy == 1 ? "" : "s");
}

static void json_leaves(const struct leaf *leaf)
{
	char comm[COMM_SIZE];
	const char *comma = "";

	for (; leaf; leaf = leaf->next) {
		proc_comm(leaf->tid, comm);
		printf("%s{\"pid\": %d, \"tid\": %d, \"comm\": ", comma,
		       leaf->pid, leaf->tid);
		json_string(comm);
		printf(", \"threads\": %zu}", leaf->threads);
		comma = ", ";
	}
}

static void json_nodes(struct node *node, unsigned int depth,
		       struct output *out)
{
	const char *comma = "";

	for (; node; node = node->next) {
		printf("%s{", comma);
		json_filter(&node->filter, out->holders);
		fputs(", \"tasks\": [", stdout);
		json_leaves(node->leaves);
		fputs("], \"inner\": [", stdout);
		if (depth < DEPTH_MAX)
			json_nodes(node->inner, depth + 1, out);
		else if (node->inner)
			cut_off(node, out);
		fputs("]}", stdout);
		comma = ", ";
	}
}

static void print_json(const struct tree *tree, struct output *out)
{
	struct node *node;

	fputs("{\"roots\": [", stdout);
	json_nodes(tree->roots, 1, out);
	fputs("], \"deeper\": [", stdout);
	for (node = out->cut; node; node = node->cut_next) {
		fputs(node == out->cut ? "{\"outer\": " : ", {\"outer\": ",
		      stdout);
		json_id(node->filter.id);
		fputs(", \"inner\": [", stdout);
		json_nodes(node->inner, 1, out);
		fputs("]}", stdout);
	}
	printf("], \"hidden\": %zu, \"busy\": %zu}\n", tree->scan.hidden,
	       tree->scan.busy);
}

static void print(struct tree *tree, bool json)
{
	struct holders holders = { };
	struct output out = { .holders = &holders, .cut_end = &out.cut };

	if (tree->listens)
		holders_find(&holders, tree->scan.link);
	if (json)
		print_json(tree, &out);
	else
		print_text(tree, &out);
	holders_free(&holders);
}

static int result(const struct tree *tree)
{
	if (!tree->tasks && tree->scan.hidden) {
		complain("this user may look at no such task (CAP_NET_ADMIN)");
		return EXIT_TROUBLE;
	}
	if (!tree->tasks && tree->scan.only) {
		complain("%d: no such process, or it has no filters",
			 tree->scan.only);
		return EXIT_NO;
	}
	return EXIT_YES;
}

static int draw(pid_t only, bool json)
{
	struct link link;
	struct tree tree = {
		.scan = { .link = &link, .only = only, .fn = add_task,
			  .to = &tree },
		.roots_end = &tree.roots,
	};
	int ret = link_open_or_say(&link);
	int err;

	if (ret)
		return ret;
	err = scan_tasks(&tree.scan);
	if (err) {
		complain("the module does not say: %s", strerror(-err));
		ret = EXIT_TROUBLE;
	} else {
		print(&tree, json);
		ret = result(&tree);
	}
	free_nodes(tree.roots);
	link_close(&link);
	return ret;
}

int cmd_tree(int argc, char **argv)
{
	static const struct option options[] = {
		OPTION_COLOR,
		OPTION_JSON,
		OPTION_HELP,
		{ }
	};
	struct common common = { .colour = "auto" };
	pid_t only = 0;
	int opt, ret;

	while ((opt = getopt_long(argc, argv, "jh", options, NULL)) != -1)
		if (!common_option(opt, help, &common, &ret))
			return ret;
	if (optind < argc) {
		only = parse_pid(argv[optind++]);
		if (!only)
			return EXIT_TROUBLE;
	}
	if (optind < argc || !terminal_colours(common.colour)) {
		fputs(help, stderr);
		return EXIT_TROUBLE;
	}
	return draw(only, common.json);
}

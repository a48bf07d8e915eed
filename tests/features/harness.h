/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * overlay-seccomp-test: running cases and reporting them as TAP.
 *
 * A case is a function that runs in a process of its own. It states what it
 * found with CHECK, and with CONTROL that the thing was really exercised: that
 * the call was possible before, that a peer is not concerned, that the filter
 * denies. A case that ends without both is reported as failed.
 */
#ifndef OVERLAY_TEST_HARNESS_H
#define OVERLAY_TEST_HARNESS_H

#include <stdbool.h>
#include <stddef.h>

struct test_case {
	const char *name;
	const char *text;
	void (*run)(void);
	unsigned int slow;		/* factor of the default time-out */
	struct test_case *next;
};

void case_add(struct test_case *c);

/* A case, and one that may take N times as long as others. */
#define CASE(fn, text) CASE_SLOW(fn, text, 1)
#define CASE_SLOW(fn, what, factor)					\
	static void fn(void);						\
	static struct test_case case_##fn = {				\
		.name = #fn, .text = what, .run = fn, .slow = factor,	\
	};								\
	static void __attribute__((constructor)) add_##fn(void)		\
	{								\
		case_add(&case_##fn);					\
	}								\
	static void fn(void)

enum kind { KIND_CHECK, KIND_CONTROL };

struct place {
	enum kind kind;
	const char *file;
	int line;
	const char *expr;
};

#define PLACE(kind, expr)						\
	(&(const struct place){ kind, __FILE__, __LINE__, expr })

/* Both end the process (of the case or its helper) when they do not hold. */
#define CHECK(cond) hold(PLACE(KIND_CHECK, #cond), !!(cond))
#define CONTROL(cond) hold(PLACE(KIND_CONTROL, #cond), !!(cond))
#define CHECK_EQ(is, want)						\
	hold_eq(PLACE(KIND_CHECK, #is), (long)(is), (long)(want))
#define CONTROL_EQ(is, want)						\
	hold_eq(PLACE(KIND_CONTROL, #is), (long)(is), (long)(want))

void hold(const struct place *p, bool cond);
void hold_eq(const struct place *p, long is, long want);

/* What must work for a case to be possible at all, and is not its subject. */
#define NEED(cond)							\
	do {								\
		if (!(cond))						\
			broken(__FILE__, __LINE__, #cond);		\
	} while (0)
void broken(const char *file, int line, const char *expr)
	__attribute__((noreturn));
/* The same of a raw call. */
#define MUST(call) must(__FILE__, __LINE__, #call, (call))
long must(const char *file, int line, const char *expr, long result);

void skip(const char *fmt, ...)
	__attribute__((noreturn, format(printf, 1, 2)));
void diag(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Of the monotonic clock. */
long long now_ms(void);

/* N of the full test, scaled by OVERLAY_TEST_SCALE (default a tenth). */
unsigned int scaled(unsigned int n);

/* All of TEXT, to a file that is there. */
bool write_text(const char *path, const char *text);

/* Write a value to a sysctl; the runner restores it when the case is over. */
bool sysctl_for_case(const char *path, const char *value);

/* For what is no case: why the last one failed or was skipped, and forget that. */
const char *harness_reason(void);
bool harness_skipped(void);
void harness_forget(void);

#endif

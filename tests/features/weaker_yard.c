// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <ucontext.h>
#include <unistd.h>

#include "weaker_yard.h"

#define POISON 0x50504f4e		/* where nothing was read to */
#define OTHER_ID 0x80000000U		/* in the second word to write */
#define FILE_WORDS (2 * WEAK_BATCH)
#define CALLER_ENV "OVERLAY_TEST_CALLER"

struct weak_yard *const weak_yard = (struct weak_yard *)WEAK_PLACE;

int weak_command_fd, weak_done_fd;

/* Of the owner's: what callers write to, and read from. */
struct file {
	int fd;
	uint32_t *map;
};

static struct file out[2], in;

/* Callers, and the holder */

static void on_sigsys(int sig, siginfo_t *info, void *context)
{
	const greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;
	static const int wide[] = { REG_RDI, REG_RSI, REG_RDX,
				    REG_R10, REG_R8, REG_R9 };
	static const int narrow[] = { REG_RBX, REG_RCX, REG_RDX,
				      REG_RSI, REG_RDI, REG_RBP };
	struct weak_slot *slot = &weak_yard->slot[weak_yard->at];
	struct weak_seen *s = &slot->seen;
	int i;

	s->signals++;
	s->signo = sig;
	s->err = info->si_errno;
	s->nr = info->si_syscall;
	for (i = 0; i < 6; i++)
		s->frame[i] = g[slot->call.mode == WEAK_IA32 ? narrow[i] :
							       wide[i]];
}

static void handle_traps(void)
{
	handle_signal(SIGSYS, 0, on_sigsys);
}

static void run_calls(void)
{
	for (; weak_yard->at < weak_yard->n; weak_yard->at++) {
		struct weak_slot *s = &weak_yard->slot[weak_yard->at];

		if (s->call.mode == WEAK_IA32)
			regs_call_32(&s->before, &s->seen.after);
		else
			regs_call_64(&s->before, &s->seen.after);
		s->seen.done = true;
	}
}

static long install(unsigned long flags)
{
	struct sock_fprog p = { .len = weak_yard->add.len,
				.filter = weak_yard->add.insn };

	return raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &p);
}

/* By the thread that the caller has left behind. */
static struct kid *main_thread;

static long install_tsync(void)
{
	unsigned long flags = weak_yard->add.flags | TSYNC;

	if (flags & NEW_LISTENER)
		flags |= TSYNC_ESRCH;
	say(main_thread, flags);
	return heard(main_thread);
}

static long take_filters(pid_t pid)
{
	int fd = raw(SYS_pidfd_open, pid, 0);
	long ret;

	if (fd < 0)
		return fd;
	ret = raw(SYS_seccomp, SECCOMP_CLONE_FILTER, 0, &fd);
	raw(SYS_close, fd);
	return ret;
}

static void obey(struct kid *k);

static void thread(struct kid *k)
{
	main_thread = k;
	say((struct kid *)k->arg, raw(SYS_gettid));
	obey((struct kid *)k->arg);
}

/* The caller goes on in another thread; this one installs what that wants. */
static void become_thread(struct kid *k)
{
	static struct thr t;
	long flags;

	thr_start(&t, thread, k);
	while (hear(&t.side, &flags))
		say(&t.side, install(flags));
	raw(SYS_exit_group, 0);
}

/* The owner's child too, so that it learns of the end. */
static long fork_caller(struct kid *k)
{
	struct kid me = { .in = COMMAND_FD, .out = DONE_FD };
	long pid = raw(SYS_clone, CLONE_PARENT | SIGCHLD);

	if (pid)
		return pid;
	close(k->in);
	close(k->out);
	handle_traps();
	obey(&me);
	return 0;
}

static void become_image(void)
{
	char *argv[] = { "caller", NULL };
	char *envp[] = { CALLER_ENV "=1", NULL };

	raw(SYS_execve, "/proc/self/exe", argv, envp);
}

static long obey_one(struct kid *k, int what, long arg)
{
	switch (what) {
	case DO_FORK:
		return fork_caller(k);
	case DO_CLONE:
		return take_filters(arg);
	case DO_EXEC:
		become_image();
		return -ENOEXEC;
	case DO_THREAD:
		become_thread(k);
		return 0;
	case DO_ADD:
		return install(weak_yard->add.flags);
	case DO_ADD_TSYNC:
		return install_tsync();
	case DO_CLOSE:
		return raw(SYS_close, arg);
	case DO_STRICT:
		return raw(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL);
	default:
		run_calls();
		return 0;
	}
}

static void obey(struct kid *k)
{
	long word = 0;

	while (hear(k, &word))
		say(k, obey_one(k, word & ((1 << DO_BITS) - 1),
				word >> DO_BITS));
	raw(SYS_exit_group, 0);
}

void weak_holder(struct kid *k)
{
	no_new_privs();
	obey(k);
}

static void *map_file(int fd, size_t size, void *at)
{
	void *p = mmap(at, size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | (at ? MAP_FIXED_NOREPLACE : 0), fd, 0);

	NEED(p != MAP_FAILED && (!at || p == at));
	return p;
}

/* In the image that a caller executes, before main(). */
static void __attribute__((constructor)) go_on_as_caller(void)
{
	struct kid me = { .in = COMMAND_FD, .out = DONE_FD };

	if (!getenv(CALLER_ENV))
		return;
	map_file(YARD_FD, sizeof(*weak_yard), weak_yard);
	handle_traps();
	say(&me, 0);
	obey(&me);
}

/* The yard */

static void place_fd(int fd, int at)
{
	NEED(dup2(fd, at) == at);
	close(fd);
}

static void make_file(struct file *f, int fd)
{
	size_t size = FILE_WORDS * sizeof(uint32_t);
	int memfd = memfd_create("file", 0);

	NEED(memfd >= 0 && !ftruncate(memfd, size));
	place_fd(memfd, fd);
	f->fd = fd;
	f->map = map_file(fd, size, NULL);
}

static void make_pipe(int *ours, int theirs, bool write_theirs)
{
	int p[2];

	NEED(!pipe2(p, O_CLOEXEC));
	*ours = p[!write_theirs];
	place_fd(p[write_theirs], theirs);
}

void weak_yard_make(void)
{
	const struct rlimit none = { .rlim_cur = 0 };
	int fd = memfd_create("yard", 0), i;

	await_children();
	NEED(!setrlimit(RLIMIT_CORE, &none));
	NEED(fd >= 0 && !ftruncate(fd, sizeof(*weak_yard)));
	place_fd(fd, YARD_FD);
	map_file(YARD_FD, sizeof(*weak_yard), weak_yard);
	make_file(&out[0], OUT_FD);
	make_file(&out[1], OUT_TOO_FD);
	make_file(&in, IN_FD);
	for (i = 0; i < FILE_WORDS; i++)
		in.map[i] = i + 1;
	make_pipe(&weak_command_fd, COMMAND_FD, false);
	make_pipe(&weak_done_fd, DONE_FD, true);
	for (i = 0; i < WEAK_BATCH; i++) {
		fd = memfd_create("slot", 0);
		NEED(fd >= 0);
		place_fd(fd, SLOT_FD + i);
	}
}

/* A batch */

static void prepare(int i)
{
	static uint32_t last_id;
	struct weak_slot *s = &weak_yard->slot[i];
	enum weak_deed deed = weak_deed(&s->call.d);
	bool ia32 = s->call.mode == WEAK_IA32;
	int word;

	s->id = ++last_id & ~OTHER_ID;
	memset(&s->seen, 0, sizeof(s->seen));
	for (word = 0; word < WORDS; word++)
		weak_yard->word[i][word] = POISON;
	weak_yard->word[i][WORD_ID] = s->id;
	weak_yard->word[i][WORD_ID_TOO] = s->id | OTHER_ID;
	regs_pattern(&s->before, !ia32);
	s->before.ax = s->call.d.nr;
	for (word = 0; word < 6; word++)
		*regs_arg(&s->before, ia32, word) = s->call.d.args[word];
	if (deed == DEED_SEEK)
		NEED(!lseek(SLOT_FD + i, 0, SEEK_SET));
	if (deed == DEED_TRUNCATE)
		NEED(!ftruncate(SLOT_FD + i, 0));
}

static void rewind_file(struct file *f)
{
	NEED(!lseek(f->fd, 0, SEEK_SET));
}

void weak_prepare(int n)
{
	int i;

	for (i = 0; i < n; i++)
		prepare(i);
	for (i = 0; i < 2; i++) {
		memset(out[i].map, 0, FILE_WORDS * sizeof(*out[i].map));
		rewind_file(&out[i]);
	}
	rewind_file(&in);
	weak_yard->at = 0;
	weak_yard->n = n;
}

bool weak_registers_kept(int slot)
{
	const struct weak_slot *s = &weak_yard->slot[slot];
	bool ia32 = s->call.mode == WEAK_IA32;
	int i;

	for (i = 0; s->seen.signals && i < 6; i++)
		if (s->seen.frame[i] != s->call.d.args[i])
			return false;
	return !s->seen.done ||
	       regs_equal(&s->seen.after, &s->before, ia32);
}

/* How often it was written, and what and where at last. */
static void written(int slot, struct weak_effect *e)
{
	uint32_t id = weak_yard->slot[slot].id;
	int f, i;

	for (f = 0; f < 2; f++)
		for (i = 0; i < FILE_WORDS; i++)
			if ((out[f].map[i] & ~OTHER_ID) == id) {
				e->times++;
				e->value = 2 * f + !!(out[f].map[i] & OTHER_ID);
			}
}

static void word_changed(const uint32_t *word, uint64_t value,
			 struct weak_effect *e)
{
	if (*word == POISON)
		return;
	e->times++;
	e->value = value;
}

static void file_changed(off_t is, struct weak_effect *e)
{
	NEED(is >= 0);
	e->times = !!is;
	e->value = is;
}

void weak_effect(int slot, enum weak_deed deed, struct weak_effect *e)
{
	const uint32_t *word = weak_yard->word[slot];

	memset(e, 0, sizeof(*e));
	switch (deed) {
	case DEED_READ:
		word_changed(&word[WORD_READ], 0, e);
		word_changed(&word[WORD_READ_TOO], 1, e);
		break;
	case DEED_WRITE:
		written(slot, e);
		break;
	case DEED_SEEK:
		file_changed(lseek(SLOT_FD + slot, 0, SEEK_CUR), e);
		break;
	case DEED_TRUNCATE:
		file_changed(lseek(SLOT_FD + slot, 0, SEEK_END), e);
		break;
	case DEED_GETRESUID:
		word_changed(&word[WORD_IDS], 0, e);
		break;
	default:
		break;
	}
}

long weak_reads(void)
{
	return lseek(IN_FD, 0, SEEK_CUR) / sizeof(uint32_t);
}

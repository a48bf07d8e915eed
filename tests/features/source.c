// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/userfaultfd.h>

#include "source.h"

#define END -1L
#define PAGE 4096

long marked(void)
{
	long result = raw(SYS_personality, 0xffffffff);

	return result < 0 ? result : 0;
}

long install_marked(void)
{
	return filter(0, SYS_personality, DENY);
}

long install_supervised(void)
{
	MUST(install_marked());
	return filter(SECCOMP_FILTER_FLAG_NEW_LISTENER, SUPERVISED_NR,
		      SECCOMP_RET_USER_NOTIF);
}

long install_nothing(void)
{
	return 0;
}

static void source_kid(struct kid *k)
{
	const struct source *s = k->arg;
	long word = 0;
	long fd;

	if (s->before)
		s->before();
	fd = MUST(s->install());
	if (s->listens)
		listener_hand(k, fd);
	if (s->after)
		s->after();
	say(k, s->strict ? raw(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, 0) : 0);
	while (hear(k, &word) && word != END)
		say(k, marked());
	raw(SYS_exit, 0);
}

void source_start(struct kid *k, const struct source *s)
{
	kid_start(k, source_kid, s);
	if (s->listens)
		listener_take(k);
	NEED(heard(k) == 0);
}

void plain_start(struct kid *k)
{
	static const struct source plain = { .install = install_marked };

	need_root();
	source_start(k, &plain);
	CONTROL_EQ(source_marked(k), -DENIED);
}

long source_marked(struct kid *k)
{
	say(k, 0);
	return heard(k);
}

void source_end(struct kid *k)
{
	say(k, END);
	kid_wait(k);
}

void in_proc(void)
{
	NEED(!chroot("/proc"));
}

bool root_is_proc(void)
{
	return !raw(SYS_access, "/self", F_OK);
}

const struct source below = {
	.before = in_proc, .install = install_supervised, .listens = true,
};
const struct source beside = {
	.install = install_supervised, .listens = true,
};

int watch_page(uint64_t features, void **page)
{
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api))
		return -1;
	*page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	NEED(*page != MAP_FAILED);
	reg.range.start = (uintptr_t)*page;
	reg.range.len = PAGE;
	NEED(!ioctl(fd, UFFDIO_REGISTER, &reg));
	return fd;
}

long clone_filter(int pidfd)
{
	return raw(SYS_seccomp, SECCOMP_CLONE_FILTER, 0, &pidfd);
}

struct cloner {
	int fd;
	void (*prepare)(void);
};

static long take(const struct cloner *c)
{
	long result;

	if (c->prepare)
		c->prepare();
	CONTROL_EQ(marked(), 0);
	result = clone_filter(c->fd);
	CHECK_EQ(marked(), result ? 0 : -DENIED);
	return result;
}

static void try_kid(struct kid *k)
{
	say(k, take(k->arg));
}

long try_clone_fd(int fd, void (*prepare)(void))
{
	const struct cloner c = { fd, prepare };
	struct kid k;
	long result;

	kid_start(&k, try_kid, &c);
	result = heard(&k);
	kid_wait(&k);
	close(k.in);
	close(k.out);
	close(k.pidfd);
	return result;
}

long try_clone(const struct kid *source, void (*prepare)(void))
{
	return try_clone_fd(source->pidfd, prepare);
}

static void joined_kid(struct kid *k)
{
	long word;

	say(k, take(k->arg));
	while (hear(k, &word) && word != END)
		say(k, raw(word, 0xffffffff));
	raw(SYS_exit, 0);
}

void joined_start(struct kid *k, const struct kid *source,
		  void (*prepare)(void))
{
	const struct cloner c = { source->pidfd, prepare };

	kid_start(k, joined_kid, &c);
	CHECK_EQ(heard(k), 0);
}

void joined_call(struct kid *k, long nr)
{
	say(k, nr);
}

int joined_end(struct kid *k)
{
	say(k, END);
	return ending(kid_wait(k));
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * PIN_INSTALL: which files it takes, their seals, and who else may write.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/userfaultfd.h>

#include "pinkit.h"

#ifndef MFD_HUGETLB
#define MFD_HUGETLB 4U
#endif

#define HUGE (2L << 20)

/* What PIN_INSTALL says of one page of that file; the target is new. */
static long pin_of(int fd)
{
	struct sealed s = { .fd = fd };
	struct captive c;
	uint64_t addr = 0;
	int before;
	long r;

	captive_new(&c);
	before = mappings_of(c.k.pid, fd);
	r = captive_pin(&c, &s, &addr, PAGE, 0);
	CHECK_EQ(mappings_of(c.k.pid, fd), r ? before : before + 1);
	captive_end(&c);
	return r;
}

/* The control of what pin_of() refuses. */
static void good_file(void)
{
	struct sealed s;

	sealed_pages(&s, 1);
	CONTROL_EQ(pin_of(s.fd), 0);
	sealed_free(&s);
}

/* Seals */

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | \
	       F_SEAL_FUTURE_WRITE)

static void with_seals(unsigned int seals, long want)
{
	unsigned int after = want ? seals : seals | F_SEAL_SHRINK;
	struct sealed s;

	sealed_new(&s, 2 * PAGE, seals);
	CHECK_EQ(pin_of(s.fd), want);
	CHECK_EQ(fcntl(s.fd, F_GET_SEALS) & SEALS, after);
	sealed_free(&s);
}

CASE(pin_write_seal, "a file must be sealed against writing")
{
	need_redirect();
	with_seals(0, -EINVAL);
	with_seals(F_SEAL_SEAL, -EINVAL);
	with_seals(F_SEAL_SHRINK | F_SEAL_GROW, -EINVAL);
	with_seals(F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL, -EINVAL);
	with_seals(F_SEAL_WRITE, 0);
	with_seals(F_SEAL_FUTURE_WRITE, 0);
	good_file();
}

CASE(pin_shrink_seal, "and against shrinking, or it gets that seal")
{
	need_redirect();
	with_seals(F_SEAL_WRITE | F_SEAL_SEAL, -EINVAL);
	with_seals(F_SEAL_FUTURE_WRITE | F_SEAL_SEAL, -EINVAL);
	with_seals(F_SEAL_FUTURE_WRITE | F_SEAL_GROW | F_SEAL_SEAL, -EINVAL);
	with_seals(F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_SEAL, 0);
	with_seals(F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_SEAL, 0);
	with_seals(F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW, 0);
	good_file();
}

CASE(pin_truncate, "a pinned file cannot be cut, but grows")
{
	struct captive c;
	struct sealed s;
	uint64_t addr;

	need_redirect();
	sealed_new(&s, 3 * PAGE, F_SEAL_FUTURE_WRITE);
	CONTROL_EQ(ftruncate(s.fd, 2 * PAGE), 0);
	s.size = 2 * PAGE;
	captive_new(&c);
	addr = captive_pin_all(&c, &s);
	CHECK_EQ(ftruncate(s.fd, PAGE), -1);
	CHECK_EQ(errno, EPERM);
	CHECK_EQ(ftruncate(s.fd, 0), -1);
	CHECK_EQ(errno, EPERM);
	CHECK_EQ(ftruncate(s.fd, 4 * PAGE), 0);
	CHECK_EQ(run(&c.task[MAIN], do_count_pages, addr, 2), 2);
	captive_end(&c);
	sealed_free(&s);
}

CASE(pin_partial_page, "a page that the file does not fill is outside of it")
{
	struct sealed s;

	need_redirect();
	sealed_new(&s, 104, F_SEAL_FUTURE_WRITE);
	CHECK_EQ(pin_of(s.fd), -EINVAL);
	CONTROL_EQ(ftruncate(s.fd, PAGE), 0);
	CHECK_EQ(pin_of(s.fd), 0);
	sealed_free(&s);
}

/* Files */

static int tmpfs_file(void)
{
	int fd = open("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	NEED(fd >= 0);
	NEED(!ftruncate(fd, PAGE));
	return fd;
}

CASE(pin_no_memfd, "what is no memfd is refused")
{
	int fd[8], i;

	need_redirect();
	fd[0] = tmpfs_file();
	fd[1] = open("/dev/zero", O_RDWR | O_CLOEXEC);
	fd[2] = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	fd[3] = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd[4] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	fd[5] = eventfd(0, EFD_CLOEXEC);
	NEED(!pipe2(fd + 6, O_CLOEXEC));
	for (i = 0; i < 8; i++) {
		NEED(fd[i] >= 0);
		CHECK_EQ(pin_of(fd[i]), -EINVAL);
		close(fd[i]);
	}
	good_file();
}

CASE(pin_listener_file, "a listener is no memfd, its own one neither")
{
	struct sealed s = { 0 };
	struct captive c;
	uint64_t addr = 0;

	need_redirect();
	captive_new(&c);
	s.fd = c.listener;
	CHECK_EQ(captive_pin(&c, &s, &addr, PAGE, 0), -EINVAL);
	captive_end(&c);
	good_file();
}

static long pin_size(int fd, uint64_t size)
{
	struct sealed s = { .fd = fd };
	struct captive c;
	uint64_t addr = 0;
	long r;

	captive_new(&c);
	r = captive_pin(&c, &s, &addr, size, 0);
	captive_end(&c);
	return r;
}

CASE(pin_beyond_end, "what lies beyond the end is refused, and the file not sealed")
{
	struct sealed s;

	need_redirect();
	sealed_new(&s, PAGE, F_SEAL_FUTURE_WRITE);
	CHECK_EQ(pin_size(s.fd, 2 * PAGE), -EINVAL);
	CHECK_EQ(fcntl(s.fd, F_GET_SEALS) & SEALS, F_SEAL_FUTURE_WRITE);
	CONTROL_EQ(pin_size(s.fd, PAGE), 0);
	sealed_free(&s);
}

CASE(pin_hugetlb, "a memfd of huge pages is refused")
{
	struct sealed s;
	int fd;

	need_redirect();
	fd = memfd_create("huge", MFD_ALLOW_SEALING | MFD_HUGETLB);
	if (fd < 0)
		skip("no huge pages here");
	NEED(!ftruncate(fd, HUGE));
	NEED(!fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK));
	CHECK_EQ(pin_size(fd, HUGE), -EINVAL);
	CHECK_EQ(pin_size(fd, PAGE), -EINVAL);
	close(fd);
	sealed_new(&s, HUGE, F_SEAL_FUTURE_WRITE);
	CONTROL_EQ(pin_size(s.fd, HUGE), 0);
	sealed_free(&s);
}

static int reopen(int fd, int flags)
{
	char path[64];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, flags | O_CLOEXEC);
	NEED(again >= 0);
	return again;
}

/* mappings_of() needs a file, so these do without pin_of(). */
static void bad_fd(struct captive *c, struct sealed *s, int fd)
{
	struct sealed bad = { .fd = fd };
	uint64_t addr = 0;

	CHECK_EQ(captive_pin(c, &bad, &addr, PAGE, 0), -EBADF);
	CHECK_EQ(mappings_of(c->k.pid, s->fd), 0);
}

CASE(pin_bad_fd, "a descriptor that is not open is EBADF")
{
	struct captive c;
	struct sealed s;
	int fd;

	need_redirect();
	sealed_pages(&s, 1);
	captive_new(&c);
	bad_fd(&c, &s, -1);
	bad_fd(&c, &s, 1000000);
	fd = reopen(s.fd, O_PATH);
	bad_fd(&c, &s, fd);
	close(fd);
	bad_fd(&c, &s, fd);
	CONTROL(captive_pin_all(&c, &s));
	captive_end(&c);
	sealed_free(&s);
}

CASE(pin_read_only_fd, "a descriptor that cannot add the seal needs it there")
{
	struct sealed s;
	int fd;

	need_redirect();
	sealed_pages(&s, 1);
	fd = reopen(s.fd, O_RDONLY);
	CHECK_EQ(pin_of(fd), -EINVAL);
	CONTROL_EQ(fcntl(s.fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	CHECK_EQ(pin_of(fd), 0);
	close(fd);
	sealed_free(&s);
}

/* Others who can write */

static long do_protect(long a, long b)
{
	return raw(SYS_mprotect, a, PAGE, b);
}

/* Children made from now on get the supervisor's mapping. */
static void leaky_page(struct sealed *s)
{
	sealed_pages(s, 1);
	NEED(!madvise(s->map, PAGE, MADV_DOFORK));
}

CASE(pin_writer_target, "no pin while the target itself can write to the file")
{
	struct captive c;
	struct sealed s;
	uint64_t addr = 0;
	long map;

	need_redirect();
	leaky_page(&s);
	captive_new(&c);
	map = (long)s.map;
	CHECK_EQ(captive_pin(&c, &s, &addr, PAGE, 0), -EINVAL);
	CONTROL_EQ(run(&c.task[MAIN], do_poke, map, FAKED), 0);
	CONTROL_EQ(s.map[0], FAKED);
	/* It could make it writable again. */
	CHECK_EQ(run(&c.task[MAIN], do_protect, map, PROT_READ), 0);
	CHECK_EQ(captive_pin(&c, &s, &addr, PAGE, 0), -EINVAL);
	CHECK_EQ(run(&c.task[MAIN], do_protect, map, PROT_NONE), 0);
	CHECK_EQ(captive_pin(&c, &s, &addr, PAGE, 0), -EINVAL);
	CONTROL_EQ(run(&c.task[MAIN], do_protect, map, PROT_READ | PROT_WRITE),
		   0);
	CHECK_EQ(run(&c.task[MAIN], do_unmap, map, PAGE), 0);
	CHECK_EQ(captive_pin(&c, &s, &addr, PAGE, 0), 0);
	captive_end(&c);
	sealed_free(&s);
}

/* Of a file that may be executed, some kernels add F_SEAL_WRITE without a look. */
CASE(pin_writer_exec_seal, "nor by a seal against writing that came too early")
{
	struct captive c;
	struct sealed s;
	uint64_t addr = 0;
	bool sealed;

	need_redirect();
	leaky_page(&s);
	NEED(!fchmod(s.fd, 0777));
	if (fcntl(s.fd, F_ADD_SEALS, F_SEAL_EXEC) && errno == EINVAL)
		skip("this kernel has no seal against changes of the mode");
	sealed = fcntl(s.fd, F_GET_SEALS) & F_SEAL_WRITE;
	diag("the seal against writing is %s", sealed ? "there" : "not there");
	captive_new(&c);
	CHECK_EQ(captive_pin(&c, &s, &addr, PAGE, 0), -EINVAL);
	CONTROL_EQ(run(&c.task[MAIN], do_poke, (long)s.map, FAKED), 0);
	CONTROL_EQ(s.map[0], FAKED);
	CHECK_EQ(run(&c.task[MAIN], do_unmap, (long)s.map, PAGE), 0);
	CONTROL_EQ(captive_pin(&c, &s, &addr, PAGE, 0), 0);
	captive_end(&c);
	sealed_free(&s);
}

static void bystander(struct kid *k)
{
	struct sealed *s = (struct sealed *)k->arg;
	long word;

	say(k, 0);
	while (hear(k, &word)) {
		s->map[0] = word;
		say(k, 0);
	}
}

CASE(pin_writer_other, "nor while a bystander can")
{
	struct captive c;
	struct sealed s;
	uint64_t addr = 0;
	struct kid k;

	need_redirect();
	leaky_page(&s);
	kid_start(&k, bystander, &s);
	NEED(heard(&k) == 0);
	NEED(!madvise(s.map, PAGE, MADV_DONTFORK));
	captive_new(&c);
	CHECK_EQ(captive_pin(&c, &s, &addr, PAGE, 0), -EINVAL);
	say(&k, FAKED);
	NEED(heard(&k) == 0);
	CONTROL_EQ(s.map[0], FAKED);
	kid_kill(&k);
	CHECK_EQ(captive_pin(&c, &s, &addr, PAGE, 0), 0);
	CHECK_EQ(run(&c.task[MAIN], do_peek, addr, 0), FAKED);
	captive_end(&c);
	sealed_free(&s);
}

struct deputy {
	struct sealed *s;
	struct captive *c;
	struct notice n;
};

/* A supervisor as well, but its mapping is another's. */
static void deputy_kid(struct kid *k)
{
	const struct deputy *d = k->arg;
	uint64_t addr = 0;

	say(k, pin_install(d->c->listener, d->n.id, d->s->fd, &addr, PAGE, 0));
}

CASE(pin_writer_supervisor, "the caller may write, another supervisor may not")
{
	struct captive c;
	struct sealed s;
	struct deputy d = { .s = &s, .c = &c };
	uint64_t addr = 0;
	struct kid k;

	need_redirect();
	sealed_pages(&s, 1);
	captive_new(&c);
	captive_trap(&c, MAIN, &d.n);
	kid_start(&k, deputy_kid, &d);
	CHECK_EQ(heard(&k), -EINVAL);
	CHECK_EQ(ending(kid_wait(&k)), 0);
	CHECK_EQ(mappings_of(c.k.pid, s.fd), 0);
	CONTROL_EQ(pin_install(c.listener, d.n.id, s.fd, &addr, PAGE, 0), 0);
	captive_release(&c, MAIN, &d.n);
	captive_end(&c);
	sealed_free(&s);
}

/* MAP_SHARED, or for B MAP_PRIVATE, of file A: the address. */
static long do_map_file(long a, long b)
{
	long prot = b ? PROT_READ | PROT_WRITE : PROT_READ;

	return raw(SYS_mmap, 0, PAGE, prot, b ? MAP_PRIVATE : MAP_SHARED, a, 0);
}

CASE(pin_reader, "who maps the file without a way to write is no obstacle")
{
	struct captive c;
	struct sealed s;
	uint64_t addr;
	long shared, private;

	need_redirect();
	sealed_pages(&s, 1);
	captive_new(&c);
	shared = MUST(run(&c.task[MAIN], do_map_file, s.fd, 0));
	private = MUST(run(&c.task[MAIN], do_map_file, s.fd, 1));
	CHECK_EQ(run(&c.task[MAIN], do_protect, shared,
		     PROT_READ | PROT_WRITE), -EACCES);
	addr = captive_pin_all(&c, &s);
	CHECK((long)addr != shared);
	CONTROL_EQ(run(&c.task[MAIN], do_poke, private, FAKED), 0);
	CONTROL_EQ(run(&c.task[MAIN], do_peek, private, 0), FAKED);
	CHECK_EQ(run(&c.task[MAIN], do_count_pages, addr, 1), 1);
	/* And what it mapped by itself is no pin. */
	CONTROL_EQ(run(&c.task[MAIN], do_unmap, shared, PAGE), 0);
	captive_end(&c);
	sealed_free(&s);
}

/* A target in the supervisor's own address space. */
static void own_thread(struct kid *k)
{
	say(k, filter(NESTABLE, SYS_getppid, ASK));
	say(k, raw(SYS_getppid));
}

CASE(pin_own_thread, "a supervisor that is the target's peer may not write")
{
	struct sealed writable, fixed;
	struct notice n;
	struct thr t;
	uint64_t addr = 0;
	int listener;

	need_redirect();
	sealed_new(&writable, PAGE, F_SEAL_FUTURE_WRITE);
	sealed_new(&fixed, PAGE, F_SEAL_WRITE);
	no_new_privs();
	thr_start(&t, own_thread, NULL);
	listener = MUST(heard(&t.side));
	notice_recv(listener, &n);
	CHECK_EQ(pin_install(listener, n.id, writable.fd, &addr, PAGE, 0),
		 -EINVAL);
	CHECK_EQ(pin_install(listener, n.id, fixed.fd, &addr, PAGE, 0), 0);
	CHECK_EQ(*(uint64_t *)addr, word_of(0));
	CHECK_EQ(raw(SYS_munmap, addr, PAGE), -EPERM);
	CONTROL_EQ(raw(SYS_munmap, writable.map, PAGE), 0);
	CHECK_EQ(notice_continue(listener, &n), 0);
	CHECK_EQ(heard(&t.side), getppid());
	thr_gone(&t);
	close(listener);
}

/* Who makes PIN_INSTALL wait */

/* A page whose first reader waits, until it is killed. */
static void *page_that_never_comes(int uffd)
{
	struct uffdio_register reg = {
		.range.len = PAGE, .mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	NEED(page != MAP_FAILED);
	reg.range.start = (unsigned long)page;
	NEED(!ioctl(uffd, UFFDIO_REGISTER, &reg));
	return page;
}

static void write_for_ever(struct kid *k)
{
	const struct sealed *s = k->arg;
	struct uffdio_api api = { .api = UFFD_API };
	long fd, go;
	void *page = NULL;

	fd = raw(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0) {
		NEED(!ioctl(fd, UFFDIO_API, &api));
		page = page_that_never_comes(fd);
	}
	say(k, fd);
	if (fd < 0 || !hear(k, &go))
		return;
	say(k, raw(SYS_pwrite64, s->fd, page, 8, 0));
}

/* From here on the memfd's lock is held, until K is killed. */
static void hold_lock(struct kid *k, const struct sealed *s)
{
	struct pollfd p[2] = { { .events = POLLIN }, { .events = POLLIN } };
	long fd;

	kid_start(k, write_for_ever, s);
	fd = heard(k);
	if (fd < 0)
		skip("no userfaultfd for what the kernel reads: %ld", fd);
	p[0].fd = syscall(SYS_pidfd_getfd, k->pidfd, fd, 0);
	p[1].fd = k->in;
	NEED(p[0].fd >= 0);
	say(k, 0);
	NEED(poll(p, 2, -1) > 0);
	if (p[1].revents)
		skip("write(2) sees the seal before it waits: %ld", heard(k));
	NEED(p[0].revents == POLLIN);
	close(p[0].fd);
}

struct asked {
	struct captive c;
	struct sealed s;
	struct notice n;
};

static long ask(const struct asked *a)
{
	uint64_t addr = 0;

	return pin_install(a->c.listener, a->n.id, a->s.fd, &addr, PAGE, 0);
}

static void asker(struct kid *k)
{
	say(k, ask(k->arg));
}

/* In a sleep that only SIGKILL may end, and still there after a while. */
static void wait_stuck(pid_t pid)
{
	int times = 0;

	while (times < 5) {
		times = proc_state(pid) == 'D' ? times + 1 : 0;
		pause_ms(10);
	}
}

static bool dies(const struct kid *k)
{
	struct pollfd p = { .fd = k->pidfd, .events = POLLIN };

	kill(k->pid, SIGKILL);
	return poll(&p, 1, 8000) > 0;
}

CASE_SLOW(pin_seal_killed, "a supervisor that waits for the memfd can be killed",
	  2)
{
	struct kid holder, supervisor;
	struct asked a;
	bool dead;

	need_redirect();
	need_root();
	sealed_new(&a.s, PAGE, F_SEAL_WRITE);
	captive_new(&a.c);
	captive_trap(&a.c, MAIN, &a.n);
	hold_lock(&holder, &a.s);
	kid_start(&supervisor, asker, &a);
	wait_stuck(supervisor.pid);
	dead = dies(&supervisor);
	/* It waited for that indeed. */
	CONTROL(!(fcntl(a.s.fd, F_GET_SEALS) & F_SEAL_SHRINK));
	kid_kill(&holder);
	kid_wait(&supervisor);
	CHECK(dead);
	CHECK_EQ(ask(&a), 0);
	CONTROL(fcntl(a.s.fd, F_GET_SEALS) & F_SEAL_SHRINK);
	CONTROL_EQ(captive_release(&a.c, MAIN, &a.n), getpid());
	captive_end(&a.c);
	sealed_free(&a.s);
}

CASE(pin_lease, "nobody is waited for who has a lease on the memfd")
{
	struct asked a;
	int fd;

	need_redirect();
	sealed_new(&a.s, PAGE, F_SEAL_WRITE | F_SEAL_SHRINK);
	captive_new(&a.c);
	captive_trap(&a.c, MAIN, &a.n);
	/* How long the kernel would wait. */
	sysctl_for_case("/proc/sys/fs/lease-break-time", "2");
	NEED(signal(SIGIO, SIG_IGN) != SIG_ERR);
	fd = reopen(a.s.fd, O_RDWR);
	if (fcntl(fd, F_SETLEASE, F_WRLCK))
		skip("no leases on a memfd: errno %d", errno);
	CONTROL_EQ(fcntl(fd, F_GETLEASE), F_WRLCK);
	CHECK_EQ(ask(&a), -EAGAIN);
	NEED(!fcntl(fd, F_SETLEASE, F_UNLCK));
	close(fd);
	CHECK_EQ(ask(&a), 0);
	CONTROL_EQ(captive_release(&a.c, MAIN, &a.n), getpid());
	captive_end(&a.c);
	sealed_free(&a.s);
}

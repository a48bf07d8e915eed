/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tasks, address spaces and pins as the module has them, so that what the
 * library does with them can be tested without it. userspace-lib/check has the
 * linker wrap the calls that the library makes.
 *
 * A redirected call stays "running" until the test ends it, and what it reads
 * must stay as it was sent until then: that is checked after each step.
 */
#ifndef FAKE_KERNEL_H
#define FAKE_KERNEL_H

#include <fcntl.h>
#include <linux/audit.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <time.h>

#include "stock.h"

#define LISTENER	1000		/* a descriptor that nobody opens */
#define MAX_TASKS	64
#define MAX_MMS		4096
#define MAX_PINNED	64
#define FIRST_ADDR	0x7f0000000000ULL
#define FIRST_LOW_ADDR	0xe0000000ULL

struct pinned {
	ino_t	ino;
	int	memfd;			/* our own, which outlives the pool's */
	__u64	offset, size, addr;
};

struct mm {
	int		users;
	struct pinned	pins[MAX_PINNED];
	int		n;
	__u64		next, next_low;
	/* What a target may put at an address by itself. */
	__u64		forged_at;
	char		forged[16];
	/* Its pins fault, and are there. Or: nobody may look. */
	bool		guarded, hidden;
};

struct reads {
	int	memfd;
	off_t	offset;
	size_t	len;
	char	*sent;
};

struct task {
	pid_t			tid, tgid;
	__u64			start;
	struct mm		*mm;
	bool			waits, runs;
	__u32			arch;
	__u64			id;
	struct seccomp_notif_resp_redirect last;
	struct reads		reads[SECCOMP_REDIRECT_ARGS];
};

static struct task tasks[MAX_TASKS];
static struct mm mms[MAX_MMS];
static int n_mms;
/* Much can happen within a tick: they go by when somebody sleeps. */
static __u64 next_id = 100, clock_ticks = 1000;
static int n_sleeps;

/* The next calls of these fail. */
static struct failure { int error, times; } pin_fails, send_fails, kcmp_fails,
	       open_fails, maps_fails, sleep_fails;
/* After so many that succeed. */
static int opens_left;
static int n_pin_calls;
/* Is killed when somebody asks what it shares. */
static struct task *dies_when_compared;
/* What /proc/PID/mem was opened for, by descriptor. */
static struct mm *opened[1024];

static inline int failing(struct failure *f, struct task *t)
{
	if (!f->times)
		return 0;
	f->times--;
	errno = f->error;
	if (t && (errno == ENOENT || errno == ESRCH))
		t->waits = false;
	return f->error;
}

static inline struct task *find_task(pid_t tid)
{
	int i;

	for (i = 0; i < MAX_TASKS; i++)
		if (tasks[i].tid == tid && tid)
			return &tasks[i];
	return NULL;
}

static inline struct mm *new_mm(void)
{
	struct mm *mm = &mms[n_mms++];

	EXPECT(n_mms < MAX_MMS, 1);
	mm->users = 1;
	mm->next = FIRST_ADDR + n_mms * (1ULL << 32);
	mm->next_low = FIRST_LOW_ADDR;
	return mm;
}

static inline struct task *new_task(pid_t tid, pid_t tgid, struct mm *mm)
{
	int i;

	EXPECT(find_task(tid) == NULL, 1);
	for (i = 0; tasks[i].tid; i++)
		EXPECT(i < MAX_TASKS - 1, 1);
	tasks[i] = (struct task){ .tid = tid, .tgid = tgid, .mm = mm,
				  .start = clock_ticks,
				  .arch = AUDIT_ARCH_X86_64 };
	return &tasks[i];
}

static inline struct task *start_process(pid_t pid)
{
	return new_task(pid, pid, new_mm());
}

/* CLONE_VM: with the caller's @tgid a thread, with its own as vfork(2) does. */
static inline struct task *share(struct task *t, pid_t tid, pid_t tgid)
{
	t->mm->users++;
	return new_task(tid, tgid, t->mm);
}

static inline struct task *fork_task(struct task *t, pid_t pid)
{
	struct mm *mm = new_mm();
	int i;

	memcpy(mm->pins, t->mm->pins, sizeof(mm->pins));
	mm->n = t->mm->n;
	mm->next = t->mm->next;
	mm->next_low = t->mm->next_low;
	memcpy(mm->forged, t->mm->forged, sizeof(mm->forged));
	mm->forged_at = t->mm->forged_at;
	for (i = 0; i < mm->n; i++)
		mm->pins[i].memfd = dup(mm->pins[i].memfd);
	return new_task(pid, pid, mm);
}

static inline void check_reads(const struct task *t)
{
	const struct reads *r;
	char *now;
	int i;

	for (i = 0; i < SECCOMP_REDIRECT_ARGS; i++) {
		r = &t->reads[i];
		if (!r->len)
			continue;
		now = malloc(r->len);
		EXPECT(pread64(r->memfd, now, r->len, r->offset), (long)r->len);
		EXPECT(memcmp(now, r->sent, r->len), 0);
		free(now);
	}
}

static inline void check_all(void)
{
	int i;

	for (i = 0; i < MAX_TASKS; i++)
		if (tasks[i].tid && tasks[i].runs)
			check_reads(&tasks[i]);
}

/* The redirected call returns. */
static inline void finish(struct task *t)
{
	int i;

	if (t->runs)
		check_reads(t);
	for (i = 0; i < SECCOMP_REDIRECT_ARGS; i++) {
		if (t->reads[i].len)
			close(t->reads[i].memfd);
		free(t->reads[i].sent);
		t->reads[i] = (struct reads){ };
	}
	t->runs = false;
	t->waits = false;
}

static inline void put_mm(struct mm *mm)
{
	int i;

	if (--mm->users)
		return;
	for (i = 0; i < mm->n; i++)
		close(mm->pins[i].memfd);
	mm->n = 0;
}

static inline void exec_task(struct task *t)
{
	finish(t);
	put_mm(t->mm);
	t->mm = new_mm();
}

static inline void end_task(struct task *t)
{
	finish(t);
	put_mm(t->mm);
	t->tid = 0;
}

/* It makes a call, which is received. */
static inline struct seccomp_notif notify(struct task *t)
{
	struct seccomp_notif request = { .id = ++next_id, .pid = t->tid };

	finish(t);
	t->waits = true;
	t->id = request.id;
	request.data.nr = t->arch == AUDIT_ARCH_X86_64 ? SYS_openat : 295;
	request.data.arch = t->arch;
	return request;
}

static inline struct task *find_waiting(__u64 id)
{
	int i;

	for (i = 0; i < MAX_TASKS; i++)
		if (tasks[i].tid && tasks[i].waits && tasks[i].id == id)
			return &tasks[i];
	errno = ENOENT;
	return NULL;
}

static inline ino_t inode_of(int fd)
{
	struct stat st;

	EXPECT(fstat(fd, &st), 0);
	return st.st_ino;
}

static inline int fake_pin(struct seccomp_notif_pin_install *p)
{
	const int seals = F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_GROW |
			  F_SEAL_SEAL;
	struct task *t = find_waiting(p->id);
	struct stat st;
	struct mm *mm;
	int i;

	n_pin_calls++;
	if (failing(&pin_fails, t) || !t)
		return -1;
	mm = t->mm;
	EXPECT(p->flags, 0);
	EXPECT(fcntl(p->memfd, F_GET_SEALS) & seals, seals);
	EXPECT(p->target_addr, 0);
	EXPECT(fstat(p->memfd, &st), 0);
	EXPECT(p->size % 4096 || p->offset % 4096 || !p->size, 0);
	EXPECT(p->offset + p->size <= (__u64)st.st_size, 1);
	for (i = 0; i < mm->n; i++) {
		if (mm->pins[i].ino == st.st_ino &&
		    mm->pins[i].offset == p->offset &&
		    mm->pins[i].size == p->size) {
			p->target_addr = mm->pins[i].addr;
			return 0;
		}
	}
	if (mm->n == MAX_PINNED) {
		errno = ENOMEM;
		return -1;
	}
	mm->pins[mm->n] = (struct pinned){ st.st_ino, dup(p->memfd), p->offset,
					   p->size, mm->next };
	if (t->arch == AUDIT_ARCH_I386) {
		mm->pins[mm->n].addr = mm->next_low;
		mm->next_low += p->size;
	} else {
		mm->next += p->size + 4096;
	}
	p->target_addr = mm->pins[mm->n++].addr;
	return 0;
}

static inline const struct pinned *find_pinned(const struct mm *mm, ino_t ino,
					       __u64 addr, __u64 len)
{
	const struct pinned *p;

	for (p = mm->pins; p < mm->pins + mm->n; p++)
		if ((!ino || p->ino == ino) && addr >= p->addr &&
		    addr + len <= p->addr + p->size)
			return p;
	return NULL;
}

static inline void start_reading(struct task *t, int i, const struct pinned *p,
				 __u64 addr, __u64 len)
{
	struct reads *r = &t->reads[i];

	*r = (struct reads){ dup(p->memfd), p->offset + addr - p->addr, len,
			     malloc(len) };
	EXPECT(pread64(r->memfd, r->sent, len, r->offset), (long)len);
}

static inline int fake_send(const struct seccomp_notif_resp_redirect *r)
{
	const struct pinned *pins[SECCOMP_REDIRECT_ARGS] = { };
	struct task *t = find_waiting(r->id);
	int i;

	if (failing(&send_fails, t) || !t)
		return -1;
	EXPECT(r->flags, SECCOMP_REDIRECT_FLAG_CONTINUE);
	EXPECT(r->ptr_mask & ~r->args_mask, 0);
	for (i = 0; i < SECCOMP_REDIRECT_ARGS; i++) {
		errno = EINVAL;
		if (!(r->ptr_mask & 1 << i)) {
			EXPECT(r->ptr_len[i], 0);
			continue;
		}
		EXPECT(r->ptr_len[i] != 0, 1);
		if (t->arch == AUDIT_ARCH_I386 && r->args[i] > UINT32_MAX)
			return -1;
		pins[i] = find_pinned(t->mm, inode_of(r->memfd), r->args[i],
				      r->ptr_len[i]);
		if (!pins[i])
			return -1;
	}
	finish(t);
	for (i = 0; i < SECCOMP_REDIRECT_ARGS; i++)
		if (pins[i])
			start_reading(t, i, pins[i], r->args[i], r->ptr_len[i]);
	t->runs = true;
	t->last = *r;
	return 0;
}

/* As the kernel reads it for a task, from pins only. */
static inline void peek(const struct task *t, __u64 addr, void *buf, size_t len)
{
	const struct pinned *p = find_pinned(t->mm, 0, addr, len);

	EXPECT(p != NULL, 1);
	EXPECT(pread64(p->memfd, buf, len, p->offset + addr - p->addr),
	       (long)len);
}

int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (fd != LISTENER)
		return __real_ioctl(fd, request, arg);
	switch (request) {
	case SECCOMP_IOCTL_NOTIF_ID_VALID:
		return find_waiting(*(__u64 *)arg) ? 0 : -1;
	case SECCOMP_IOCTL_NOTIF_PIN_INSTALL:
		return fake_pin(arg);
	case SECCOMP_IOCTL_NOTIF_SEND_REDIRECT:
		return fake_send(arg);
	}
	errno = ENOTTY;
	return -1;
}

/* The library makes no other call so, but seccomp(2), which is not tested. */
long __wrap_syscall(long nr, ...);
long __wrap_syscall(long nr, ...)
{
	struct task *a, *b;
	va_list args;

	EXPECT(nr, SYS_kcmp);
	if (dies_when_compared)
		end_task(dies_when_compared);
	dies_when_compared = NULL;
	va_start(args, nr);
	a = find_task(va_arg(args, long));
	b = find_task(va_arg(args, long));
	va_end(args);
	if (failing(&kcmp_fails, NULL))
		return -1;
	errno = ESRCH;
	return a && b ? a->mm != b->mm : -1;
}

ssize_t __wrap_process_vm_readv(pid_t pid, const struct iovec *here,
				unsigned long n_here,
				const struct iovec *there,
				unsigned long n_there, unsigned long flags);
ssize_t __wrap_process_vm_readv(pid_t pid, const struct iovec *here,
				unsigned long n_here,
				const struct iovec *there,
				unsigned long n_there, unsigned long flags)
{
	__u64 addr = (uintptr_t)there->iov_base;
	const struct task *t = find_task(pid);

	EXPECT(n_here == 1 && n_there == 1 && !flags, 1);
	EXPECT(here->iov_len == there->iov_len, 1);
	errno = ESRCH;
	if (!t)
		return -1;
	errno = t->mm->hidden ? EPERM : EFAULT;
	if (t->mm->guarded || t->mm->hidden)
		return -1;
	if (find_pinned(t->mm, 0, addr, there->iov_len)) {
		peek(t, addr, here->iov_base, here->iov_len);
	} else if (t->mm->forged_at == addr && addr) {
		EXPECT(here->iov_len, sizeof(t->mm->forged));
		memcpy(here->iov_base, t->mm->forged, here->iov_len);
	} else {
		return -1;
	}
	return here->iov_len;
}

/* The library's; ours is pread64(). */
ssize_t __wrap_pread(int fd, void *buf, size_t size, off_t offset);
ssize_t __wrap_pread(int fd, void *buf, size_t size, off_t offset)
{
	(void)buf;
	EXPECT(size, 1);
	EXPECT(opened[fd] != NULL, 1);
	if (!opened[fd]->users)
		return 0;
	EXPECT(find_pinned(opened[fd], 0, offset, 1) != NULL, 1);
	errno = EIO;
	return opened[fd]->guarded ? -1 : 1;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
	EXPECT(clock, CLOCK_BOOTTIME);
	now->tv_sec = clock_ticks / 100;
	now->tv_nsec = clock_ticks % 100 * 10000000 + 9999999;
	return 0;
}

int __wrap_clock_nanosleep(clockid_t clock, int flags,
			   const struct timespec *until, struct timespec *left);
int __wrap_clock_nanosleep(clockid_t clock, int flags,
			   const struct timespec *until, struct timespec *left)
{
	__u64 tick = until->tv_sec * 100 + until->tv_nsec / 10000000;

	(void)left;
	EXPECT(clock, CLOCK_BOOTTIME);
	EXPECT(flags, TIMER_ABSTIME);
	if (failing(&sleep_fails, NULL))
		return errno;
	EXPECT(tick, (long)clock_ticks + 1);
	clock_ticks = tick;
	n_sleeps++;
	return 0;
}

static inline int file_with(const char *text)
{
	int fd = memfd_create("text", MFD_CLOEXEC);

	EXPECT(write(fd, text, strlen(text)), (long)strlen(text));
	EXPECT(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
	char name[16] = "", text[256];
	struct task *t;
	int tid, fd;

	if (sscanf(path, "/proc/%d/%15s", &tid, name) != 2)
		return __real_open(path, flags);
	if (opens_left)
		opens_left--;
	else if (failing(&open_fails, NULL))
		return -1;
	t = find_task(tid);
	errno = ENOENT;
	if (!t)
		return -1;
	snprintf(text, sizeof(text), "%d (a) b)) R 1 2 3 4 5 6 7 8 9 10 11 12 "
		 "13 14 15 16 17 18 %llu 20 21\n", tid,
		 (unsigned long long)t->start);
	fd = file_with(text);
	EXPECT(fd < 1000, 1);
	opened[fd] = strcmp(name, "mem") ? NULL : t->mm;
	return fd;
}

static inline void print_mapping(FILE *maps, const struct pinned *p)
{
	struct stat st = { };

	if (p->ino)
		EXPECT(fstat(p->memfd, &st), 0);
	fprintf(maps, "%08llx-%08llx r--s %08llx %02x:%02x %llu    /memfd:a\n",
		(unsigned long long)p->addr,
		(unsigned long long)(p->addr + p->size),
		(unsigned long long)p->offset, major(st.st_dev),
		minor(st.st_dev), (unsigned long long)st.st_ino);
}

static inline ssize_t fail_to_read(void *cookie, char *buf, size_t size)
{
	(void)cookie;
	(void)buf;
	(void)size;
	errno = ESRCH;
	return -1;
}

/* /proc/PID/maps, upward. */
static inline FILE *maps_of(const struct mm *mm)
{
	const struct pinned forged = { .addr = mm->forged_at, .size = 4096 };
	FILE *maps = fdopen(file_with(""), "w+");
	const struct pinned *p, *next;
	__u64 from = 0;

	if (failing(&maps_fails, NULL)) {
		fclose(maps);
		return fopencookie(NULL, "r", (cookie_io_functions_t){
						.read = fail_to_read });
	}
	do {
		next = forged.addr > from ? &forged : NULL;
		for (p = mm->pins; p < mm->pins + mm->n; p++)
			if (p->addr > from && (!next || p->addr < next->addr))
				next = p;
		if (next) {
			print_mapping(maps, next);
			from = next->addr;
		}
	} while (next);
	rewind(maps);
	return maps;
}

FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode)
{
	char name[16] = "", text[64];
	struct task *t;
	int tid;

	if (sscanf(path, "/proc/%d/%15s", &tid, name) != 2)
		return __real_fopen(path, mode);
	t = find_task(tid);
	errno = ENOENT;
	if (!t)
		return NULL;
	if (!strcmp(name, "maps")) {
		errno = EACCES;
		return t->mm->hidden ? NULL : maps_of(t->mm);
	}
	EXPECT(strcmp(name, "status"), 0);
	snprintf(text, sizeof(text), "Name:\ta\nTgid:\t%d\n", t->tgid);
	return fdopen(file_with(text), mode);
}

#endif

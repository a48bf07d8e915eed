// SPDX-License-Identifier: GPL-2.0-only
/*
 * all-features LOADS: processes use every feature, at random, whether the module is there or not, while it is loaded
 * and removed LOADS times, and more often until each feature was used and was refused.
 *
 * With the module a feature works. Without it, and while it goes, its calls fail with EINVAL (a second listener with
 * EBUSY), and the task is what it was before. Each process begins with a filter that refuses a call; that call is tried
 * all along and must never succeed. Any other outcome ends the whole with an error. Prints what happened.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/overlay_seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MODULE		"/overlay_seccomp.ko"
#define IMPLICIT	"/sys/module/overlay_seccomp/parameters/implicit"
#define STATE		"/sys/module/overlay_seccomp/initstate"
#define PAGE		4096
#define WORKERS		6
#define MANY_TIMES	20	/* as many loads as asked for, at most */

#define NR_REFUSED	__NR_getpgid	/* by every filter, with EDOM */
#define NR_ASKED	__NR_getsid	/* of the supervisor */
#define NR_REDIRECTED	__NR_access
#define REFUSED_MODE	7		/* of NR_REDIRECTED */
#define FAKED		4711

#define PLAIN		SECCOMP_FILTER_FLAG_NEW_LISTENER
#define NESTABLE	(PLAIN | SECCOMP_FILTER_FLAG_ALLOW_NESTED_LISTENERS)

/* How a process ended: exit codes, but for strict mode. */
enum { USED = 0, REFUSED = 77, BAD = 1 };

enum kind { STRICT, SEQUENTIAL, CLONE, CLONE_OTHER, NESTED, IMPLICIT_NESTED, REDIRECT, SYNC, INFO, KINDS };

static const char *const names[KINDS] = {
	"strict", "sequential", "clone", "clone of another", "nested", "implicit", "redirect", "tsync", "info",
};

/* Of a worker and the process that it looks after, which have their files in common. */
struct scene {
	atomic_int pid;
	atomic_int outer;
	atomic_int inner;
	int variant;
};

static struct {
	atomic_bool stop;
	atomic_ulong used[KINDS];
	atomic_ulong refused[KINDS];
	atomic_ulong probes;
	atomic_ulong loads;
	atomic_ulong going;	/* calls made while the module went */
	atomic_bool bad;
	char what[160];
	struct scene scene[WORKERS];
} *all;

static struct scene *scene;
static pid_t source;
static const char other_path[] = "/";

/* The first is told, and ends everything. */
static void __attribute__((format(printf, 1, 2), noreturn)) bad(const char *fmt, ...)
{
	va_list ap;

	if (!atomic_exchange(&all->bad, true)) {
		va_start(ap, fmt);
		vsnprintf(all->what, sizeof(all->what), fmt, ap);
		va_end(ap);
	}
	_exit(BAD);
}

static unsigned int any(unsigned int below)
{
	return random() % below;
}

static long install(const struct sock_filter *insn, unsigned short len, unsigned int flags)
{
	struct sock_fprog prog = { len, (struct sock_filter *)insn };
	long r = syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);

	return r < 0 ? -errno : r;
}

#define INSTALL(insn, flags) install(insn, sizeof(insn) / sizeof(*(insn)), flags)

static long install_refusing(unsigned int flags)
{
	const struct sock_filter insn[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NR_REFUSED, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NR_REDIRECTED, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, REFUSED_MODE, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EDOM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	return INSTALL(insn, flags);
}

static long install_asking(unsigned int nr, unsigned int flags)
{
	const struct sock_filter insn[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	return INSTALL(insn, flags);
}

static bool is_refused(void)
{
	atomic_fetch_add(&all->probes, 1);
	return syscall(NR_REFUSED, 0) == -1 && errno == EDOM;
}

static void must_be_refused(const char *when)
{
	if (!is_refused())
		bad("a call that must be refused succeeded: %s", when);
}

/* EINVAL, as if it had never been heard of. */
static int refused_with(long r, int error, const char *what)
{
	if (r != -error)
		bad("%s: error %ld", what, -r);
	return REFUSED;
}

static void sandbox(void)
{
	if (install_refusing(0))
		bad("a filter of the kernel's own: %s", strerror(errno));
	must_be_refused("by the kernel's own filter");
}

/* What the processes do */

static int use_strict(void)
{
	long r;

	sandbox();
	r = prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) ? -errno : 0;
	if (r) {
		must_be_refused("strict mode was refused");
		return refused_with(r, EINVAL, "strict");
	}
	syscall(any(2) ? NR_REFUSED : __NR_getppid, 0);
	/* Not _exit(), which it may not use either. */
	for (;;)
		syscall(__NR_exit, BAD);
}

static int use_sequential(void)
{
	long r = install_refusing(SECCOMP_FILTER_FLAG_SEQUENTIAL);

	if (r) {
		if (is_refused())
			bad("a filter that was not installed refuses");
		return refused_with(r, EINVAL, "sequential");
	}
	must_be_refused("sequential");
	sandbox();
	return USED;
}

static int clone_from(pid_t pid)
{
	int fd = syscall(__NR_pidfd_open, pid, 0);
	long r = syscall(__NR_seccomp, SECCOMP_CLONE_FILTER, 0, &fd) ? -errno : 0;

	if (fd >= 0)
		close(fd);
	if (!r) {
		must_be_refused("cloned");
		return USED;
	}
	if (is_refused())
		bad("filters that were not cloned refuse");
	/* Another one may be gone, or have no filter yet. */
	if (pid != source && (r == -ESRCH || r == -EBADF))
		return REFUSED;
	return refused_with(r, EINVAL, "clone");
}

static int use_clone(void)
{
	return clone_from(source);
}

static int use_clone_other(void)
{
	pid_t pid = atomic_load(&all->scene[any(WORKERS)].pid);

	return pid > 0 ? clone_from(pid) : REFUSED;
}

static void ask(long want)
{
	long r = syscall(NR_ASKED, 0);

	r = r < 0 ? -errno : r;
	if (r != want && r != -ENOSYS)
		bad("an asked call gave %ld, not %ld", r, want);
	/* The supervisor closes one variant's listener. */
	if (r == -ENOSYS && scene->variant != 1)
		bad("nobody answered");
	must_be_refused("under listeners");
}

static int use_listeners(unsigned int flags, int error, const char *what)
{
	long outer, inner;

	sandbox();
	outer = install_asking(NR_ASKED, flags);
	if (outer < 0)
		return refused_with(outer, error, what);
	inner = install_asking(NR_ASKED, any(2) ? flags : PLAIN);
	if (inner < 0 && flags == NESTABLE)
		bad("below an overlay listener: error %ld", -inner);
	must_be_refused("under new listeners");
	atomic_store(&scene->inner, inner < 0 ? outer : inner);
	atomic_store(&scene->outer, outer);
	ask(FAKED);
	return inner < 0 ? refused_with(inner, EBUSY, what) : USED;
}

static int use_nested(void)
{
	return use_listeners(NESTABLE, EINVAL, "nested");
}

static int use_implicit(void)
{
	return use_listeners(PLAIN, 0, "implicit");
}

/* The path is the supervisor's, or the mode, which the sandbox further out refuses. */
static int use_redirect(void)
{
	const int want = scene->variant == 0 ? 0 : EDOM;
	long listener, r;

	sandbox();
	listener = install_asking(NR_REDIRECTED, NESTABLE);
	if (listener < 0)
		return refused_with(listener, EINVAL, "redirect");
	atomic_store(&scene->inner, listener);
	atomic_store(&scene->outer, listener);
	r = syscall(NR_REDIRECTED, "/none", F_OK) ? errno : 0;
	if (r != want)
		bad("a redirected call gave error %ld, not %d", r, want);
	must_be_refused("redirected");
	return USED;
}

static void *sync_thread(void *result)
{
	long r = install_asking(NR_ASKED, NESTABLE);

	must_be_refused("in a second thread");
	*(long *)result = r;
	return NULL;
}

static int use_sync(void)
{
	pthread_t thread;
	long r, of_thread;

	sandbox();
	if (pthread_create(&thread, NULL, sync_thread, &of_thread))
		bad("pthread_create");
	r = install_refusing(SECCOMP_FILTER_FLAG_TSYNC);
	must_be_refused("tsync");
	pthread_join(thread, NULL);
	/* Or the id of the thread, if that came first. */
	if (r < 0)
		bad("tsync: error %ld", -r);
	if (of_thread < 0)
		return refused_with(of_thread, EINVAL, "a thread's listener");
	close(of_thread);
	return USED;
}

/* It stays what it was, if the module goes. */
static void set_implicit(bool on)
{
	int fd = open(IMPLICIT, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, on ? "1" : "0", 1) != 1 && errno != ENODEV)
		bad("implicit: %s", strerror(errno));
	close(fd);
}

static int use_info(void)
{
	struct seccomp_overlay_info info = { .size = sizeof(info) };

	sandbox();
	set_implicit(any(2));
	if (syscall(__NR_seccomp, SECCOMP_GET_OVERLAY_INFO, 0, &info))
		return refused_with(-errno, EINVAL, "info");
	if (!(info.features & SECCOMP_OVERLAY_STRICT))
		bad("features %llx", (unsigned long long)info.features);
	return USED;
}

static int (*const uses[KINDS])(void) = {
	use_strict, use_sequential, use_clone, use_clone_other, use_nested, use_implicit, use_redirect, use_sync,
	use_info,
};

/* What their supervisors do */

static bool receive(int listener, struct seccomp_notif *call)
{
	/* Some sleep in the kernel as the module comes, or goes. */
	if (!any(4))
		usleep(any(100000));
	do {
		memset(call, 0, sizeof(*call));
		if (!ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, call))
			return true;
	} while (errno == EINTR || errno == ENOENT);
	bad("RECV: %s", strerror(errno));
}

static void send_answer(int listener, const struct seccomp_notif *call, long val, unsigned int flags)
{
	struct seccomp_notif_resp response = { .id = call->id, .val = val, .flags = flags };

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response))
		bad("SEND: %s", strerror(errno));
}

static void supervise_listeners(pid_t pid)
{
	int outer = atomic_load(&scene->outer), inner = atomic_load(&scene->inner);
	struct seccomp_notif call;

	receive(inner, &call);
	if (scene->variant == 2) {
		kill(pid, SIGKILL);
		return;
	}
	if (inner != outer) {
		send_answer(inner, &call, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
		if (scene->variant == 1)
			return;
		receive(outer, &call);
	}
	if (scene->variant != 1)
		send_answer(outer, &call, FAKED, 0);
}

static int sealed_path(void)
{
	int fd = memfd_create("path", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, PAGE) || pwrite(fd, other_path, sizeof(other_path), 0) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE))
		bad("memfd: %s", strerror(errno));
	return fd;
}

static void supervise_redirect(void)
{
	struct seccomp_notif_resp_redirect redirect = { .flags = SECCOMP_REDIRECT_FLAG_CONTINUE };
	struct seccomp_notif_pin_install pin = { .size = PAGE };
	int listener = atomic_load(&scene->outer);
	struct seccomp_notif call;

	receive(listener, &call);
	redirect.id = pin.id = call.id;
	redirect.args_mask = 2;
	redirect.args[1] = scene->variant ? REFUSED_MODE : F_OK;
	redirect.memfd = pin.memfd = sealed_path();
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_PIN_INSTALL, &pin))
		bad("pin: %s", strerror(errno));
	redirect.args_mask |= 1;
	redirect.ptr_mask = 1;
	redirect.args[0] = pin.target_addr;
	redirect.ptr_len[0] = sizeof(other_path);
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND_REDIRECT, &redirect))
		bad("redirect: %s", strerror(errno));
	close(pin.memfd);
}

/* Listeners are named when both are there, or never. */
static bool await_listeners(pid_t pid)
{
	siginfo_t info = { .si_pid = 0 };

	while (atomic_load(&scene->outer) < 0) {
		if (waitid(P_PID, pid, &info, WEXITED | WNOWAIT | WNOHANG) || info.si_pid)
			return atomic_load(&scene->outer) >= 0;
		usleep(200);
	}
	return true;
}

static void supervise(enum kind kind, pid_t pid)
{
	if (!await_listeners(pid))
		return;
	if (kind == REDIRECT)
		supervise_redirect();
	else
		supervise_listeners(pid);
}

static void close_listeners(void)
{
	int outer = atomic_load(&scene->outer), inner = atomic_load(&scene->inner);

	if (outer >= 0)
		close(outer);
	if (inner >= 0 && inner != outer)
		close(inner);
}

static void count(enum kind kind, int status)
{
	bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	bool by_us = scene->variant == 2 && (kind == NESTED || kind == IMPLICIT_NESTED);

	/* Whoever clones a strict task is strict, too. */
	if (killed && (kind == STRICT || kind == CLONE_OTHER || by_us))
		atomic_fetch_add(&all->used[kind], 1);
	else if (WIFEXITED(status) && WEXITSTATUS(status) == USED && kind != STRICT)
		atomic_fetch_add(&all->used[kind], 1);
	else if (WIFEXITED(status) && WEXITSTATUS(status) == REFUSED)
		atomic_fetch_add(&all->refused[kind], 1);
	else
		bad("%s: status %#x", names[kind], status);
}

static void once(enum kind kind)
{
	int status;
	pid_t pid;

	atomic_store(&scene->outer, -1);
	atomic_store(&scene->inner, -1);
	scene->variant = any(kind == REDIRECT ? 2 : 3);
	/* Its files are ours: so its listeners are. */
	pid = syscall(__NR_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (pid < 0)
		bad("clone: %s", strerror(errno));
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(uses[kind]());
	}
	atomic_store(&scene->pid, pid);
	if (kind == NESTED || kind == IMPLICIT_NESTED || kind == REDIRECT)
		supervise(kind, pid);
	close_listeners();
	if (waitpid(pid, &status, 0) != pid)
		bad("waitpid: %s", strerror(errno));
	atomic_store(&scene->pid, 0);
	count(kind, status);
}

static void work(int worker)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	scene = &all->scene[worker];
	srandom(getpid() ^ time(NULL));
	while (!atomic_load(&all->stop)) {
		once(any(KINDS));
		/* So that now and then nobody uses the module. */
		usleep(any(20000));
	}
	_exit(0);
}

/* Judged all the time, as the judging is patched. */
static void spin(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sandbox();
	while (!atomic_load(&all->stop))
		must_be_refused("in a loop");
	_exit(0);
}

/* From when on the module says that it goes, nothing new may be made. */
static bool is_going(void)
{
	int fd = open(STATE, O_RDONLY | O_CLOEXEC);
	char c = 0;

	if (fd < 0)
		return false;
	if (read(fd, &c, 1) < 0)
		c = 0;
	close(fd);
	return c == 'g';
}

static void must_be_unknown(unsigned long load, long r, const char *what)
{
	atomic_fetch_add(&all->going, 1);
	if (r != -EINVAL && atomic_load(&all->loads) == load)
		bad("%s, while the module goes: error %ld", what, -r);
}

static void try_all(unsigned long load)
{
	struct seccomp_overlay_info info = { .size = sizeof(info) };
	int fd = syscall(__NR_pidfd_open, source, 0);

	must_be_unknown(load, syscall(__NR_seccomp, SECCOMP_GET_OVERLAY_INFO, 0, &info) ? -errno : 0, "info");
	must_be_unknown(load, syscall(__NR_seccomp, SECCOMP_CLONE_FILTER, 0, &fd) ? -errno : 0, "clone");
	must_be_unknown(load, install_refusing(SECCOMP_FILTER_FLAG_SEQUENTIAL), "sequential");
	must_be_unknown(load, install_asking(NR_ASKED, NESTABLE), "nested");
	sandbox();
	must_be_unknown(load, prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) ? -errno : 0, "strict");
	_exit(0);
}

static void lurk(void)
{
	unsigned long load;
	int status;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!atomic_load(&all->stop)) {
		load = atomic_load(&all->loads);
		if (!is_going()) {
			usleep(200);
			continue;
		}
		if (!fork())
			try_all(load);
		if (wait(&status) < 0 || status)
			bad("while the module goes: status %#x", status);
	}
	_exit(0);
}

/* The module */

static void load(void)
{
	int fd = open(MODULE, O_RDONLY | O_CLOEXEC);

	atomic_fetch_add(&all->loads, 1);
	if (fd < 0 || syscall(__NR_finit_module, fd, "", 0))
		bad("loading: %s", strerror(errno));
	close(fd);
}

/* How often it was in use; a minute at most, without anybody who stays. */
static unsigned long unload(void)
{
	time_t until = time(NULL) + 60;
	unsigned long busy = 0;

	while (syscall(__NR_delete_module, "overlay_seccomp", O_NONBLOCK)) {
		if (errno != EWOULDBLOCK || time(NULL) > until)
			bad("unloading: %s", strerror(errno));
		busy++;
		usleep(100);
	}
	return busy;
}

static bool all_seen(void)
{
	for (int i = 0; i < KINDS; i++)
		if (!atomic_load(&all->used[i]) || !atomic_load(&all->refused[i]))
			return false;
	return atomic_load(&all->going);
}

static void load_and_unload(unsigned int loads)
{
	unsigned long busy = 0;
	unsigned int i;

	srandom(time(NULL));
	/* It has much to do, to load and to remove; the others would keep it waiting. */
	setpriority(PRIO_PROCESS, 0, -20);
	for (i = 0; !atomic_load(&all->bad) && (i < loads || (!all_seen() && i < MANY_TIMES * loads)); i++) {
		usleep(any(30000));
		load();
		usleep(any(2) ? any(2000) : any(1000000));
		busy += unload();
	}
	printf("%u loads; %lu times it was in use and could not be removed\n", i, busy);
	fflush(stdout);
}

/* It stays, with a filter of the kernel's own. */
static void start_source(void)
{
	int ends[2];
	char c = 0;

	if (pipe(ends))
		bad("pipe");
	source = fork();
	if (!source) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		sandbox();
		if (write(ends[1], &c, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	if (read(ends[0], &c, 1) != 1)
		bad("no source");
	close(ends[0]);
	close(ends[1]);
}

static int result(void)
{
	if (atomic_load(&all->bad)) {
		printf("error: %s\n", all->what);
		return 1;
	}
	for (int i = 0; i < KINDS; i++)
		printf("%s: used %lu times, refused %lu times\n", names[i], atomic_load(&all->used[i]),
		       atomic_load(&all->refused[i]));
	printf("%lu times a call was tried that must be refused, or is free without a filter\n",
	       atomic_load(&all->probes));
	printf("%lu calls for a feature while the module went\n", atomic_load(&all->going));
	if (!all_seen())
		puts("error: not everything was seen");
	return !all_seen();
}

int main(int argc, char **argv)
{
	pid_t worker[WORKERS], spinner, lurker, loader;
	int i;

	all = mmap(NULL, sizeof(*all), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (argc != 2 || all == MAP_FAILED || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return 2;
	start_source();
	for (i = 0; i < WORKERS; i++) {
		worker[i] = fork();
		if (!worker[i])
			work(i);
	}
	spinner = fork();
	if (!spinner)
		spin();
	lurker = fork();
	if (!lurker)
		lurk();
	loader = fork();
	if (!loader) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		load_and_unload(atoi(argv[1]));
		_exit(0);
	}
	waitpid(loader, NULL, 0);
	atomic_store(&all->stop, true);
	for (i = 0; i < WORKERS; i++)
		waitpid(worker[i], NULL, 0);
	waitpid(spinner, NULL, 0);
	waitpid(lurker, NULL, 0);
	kill(source, SIGKILL);
	return result();
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * escape DIR: what an attacker would do under userspace-lib/examples/confine,
 * with a policy that lets it write in DIR/work and read and execute in
 * DIR/tools, where this program is, and with a FIFO DIR/work/fifo. It must not
 * get at DIR/hidden, which is its working directory and descriptor 9, with a
 * file "secret" (the word "secret") and a file "victim".
 *
 * Prints "ok - TEXT" or "not ok - TEXT" for each attack.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <linux/userfaultfd.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The C library of bullseye does not name them. */
#ifndef SYS_openat2
#define SYS_openat2	437
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd	438
#endif

#ifndef F_SETDELEG
#define F_SETDELEG	(F_SETLEASE + 16)
#endif

#define HIDDEN_FD	9
#define TRIES		150
#define MANY_TRIES	600	/* of what takes little time */
#define EVIL		99	/* exit status of what shall not run */

static int failures;
static const char *top;

static void report(const char *what, bool fine)
{
	printf("%s - escape: %s\n", fine ? "ok" : "not ok", what);
	failures += !fine;
}

/* Several at once, in turn; not for two threads. */
static const char *in(const char *name)
{
	static char names[8][4096];
	static int next;
	char *at = names[next++ % 8];

	snprintf(at, sizeof(names[0]), "%s/%s", top, name);
	return at;
}

static void put(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0700);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		report(name, false);
	close(fd);
}

static bool is_secret(int fd)
{
	char found[6];
	bool is = fd >= 0 && read(fd, found, 6) == 6 &&
		  !memcmp(found, "secret", 6);

	if (fd >= 0)
		close(fd);
	return is;
}

/* Runs beside an attack until that has ended. */
static volatile bool over;

static void race(void *(*beside)(void *), bool (*attack)(int), int tries,
		 const char *what)
{
	bool won = false;
	pthread_t thread;
	int i;

	over = false;
	if (pthread_create(&thread, NULL, beside, NULL))
		abort();
	for (i = 0; i < tries && !won; i++)
		won = attack(i);
	over = true;
	pthread_join(thread, NULL);
	report(what, !won);
}

/*
 * The name in memory. Its last byte makes the difference. Whoever sleeps gets
 * in between the others, also where processors are emulated in turn.
 */
static char raced[4096];

static void *change_name(void *unused)
{
	char *last = raced + strlen(raced) - 1;

	while (!over) {
		*last = 't';
		usleep(20);
		*last = 'u';
		usleep(20);
	}
	return unused;
}

static int opened;	/* that the race was one */

static bool open_raced(int i)
{
	int fd = i % 2 ? openat(AT_FDCWD, raced, O_RDONLY) :
			 syscall(SYS_open, raced, O_RDONLY);

	opened += fd >= 0;
	return is_secret(fd);
}

static void name_in_memory(void)
{
	snprintf(raced, sizeof(raced), "%s", in("tools/link-t"));
	opened = 0;
	race(change_name, open_raced, MANY_TRIES, "a name that changes");
	report("and one of both was opened", opened > 0);
	snprintf(raced, sizeof(raced), "%s", in("work/link-t"));
	put(in("work/link-u"), "mine");
	symlink(in("hidden/secret"), in("work/link-t"));
	opened = 0;
	race(change_name, open_raced, MANY_TRIES,
	     "a name that changes, in our directory");
	report("and one of both was opened here", opened > 0);
}

/* work/d is a directory, work/l a link to the hidden one: change places. */
static char directory[4096], link_to[4096];
static char secret_by_d[4096], victim_by_d[4096], new_by_d[4096];

static void *exchange(void *unused)
{
	while (!over)
		syscall(SYS_renameat2, AT_FDCWD, directory, AT_FDCWD, link_to,
			RENAME_EXCHANGE);
	return unused;
}

static bool open_by_d(int i)
{
	struct open_how how = { .flags = O_RDONLY };
	int fd;

	switch (i % 3) {
	case 0:
		fd = open(secret_by_d, O_RDONLY);
		break;
	case 1:
		fd = open(secret_by_d, O_RDWR);
		break;
	default:
		fd = syscall(SYS_openat2, AT_FDCWD, secret_by_d, &how,
			     sizeof(how));
	}
	return is_secret(fd);
}

static bool damage_by_d(int i)
{
	struct timespec times[2] = { };
	struct stat st;

	put(in("work/mine"), "mine");
	close(open(victim_by_d, O_WRONLY | O_TRUNC | O_CREAT, 0600));
	close(creat(victim_by_d, 0600));
	truncate(victim_by_d, 0);
	chmod(victim_by_d, 0);
	utimensat(AT_FDCWD, victim_by_d, times, 0);
	mkdir(new_by_d, 0700);
	rename(in("work/mine"), new_by_d);
	link(in("work/mine"), new_by_d);
	symlink("x", new_by_d);
	if (i % 2)
		unlink(victim_by_d);
	rmdir(new_by_d);
	unlink(new_by_d);
	/* What it is about: nothing has changed on the other side. */
	return lstat(in("hidden/new"), &st) == 0 ||
	       lstat(in("hidden/victim"), &st) || st.st_size != 6 ||
	       (st.st_mode & 0777) != 0600 || !st.st_mtime;
}

static void directory_on_the_way(void)
{
	strcpy(directory, in("work/d"));
	strcpy(link_to, in("work/l"));
	mkdir(directory, 0700);
	put(in("work/d/secret"), "public");
	put(in("work/mine"), "mine");
	symlink(in("hidden"), link_to);
	strcpy(secret_by_d, in("work/d/secret"));
	strcpy(victim_by_d, in("work/d/victim"));
	strcpy(new_by_d, in("work/d/new"));
	race(exchange, open_by_d, TRIES, "a directory that becomes a link");
	race(exchange, damage_by_d, TRIES, "and to change what is there");
}

/* Links in /proc that come into being. */
static void *toggle_fd(void *unused)
{
	while (!over) {
		dup2(HIDDEN_FD, 50);
		close(50);
	}
	return unused;
}

static bool open_by_fd(int i)
{
	(void)i;
	return is_secret(open("/proc/self/fd/50/secret", O_RDONLY)) ||
	       is_secret(openat(50, "secret", O_RDONLY));
}

static volatile int latest;

static void *be_there(void *unused)
{
	latest = syscall(SYS_gettid);
	return unused;
}

static void *make_threads(void *unused)
{
	pthread_t thread;

	while (!over)
		if (!pthread_create(&thread, NULL, be_there, NULL))
			pthread_join(thread, NULL);
	return unused;
}

/* One that is not there yet when the supervisor looks. */
static bool open_by_thread(int i)
{
	char path[100];

	snprintf(path, sizeof(path), "/proc/self/task/%d/cwd/secret",
		 latest + 1 + i % 3);
	return is_secret(open(path, O_RDONLY));
}

static void links_of_proc(void)
{
	char path[100];

	race(toggle_fd, open_by_fd, TRIES, "a descriptor of before, by /proc");
	race(make_threads, open_by_thread, MANY_TRIES,
	     "the working directory, by /proc");
	report("a relative name", open("secret", O_RDONLY) < 0 &&
	       errno == EACCES);
	report("the same from a descriptor",
	       openat(HIDDEN_FD, "secret", O_RDONLY) < 0 && errno == EACCES);
	snprintf(path, sizeof(path), "/proc/%d/mem", getppid());
	report("the supervisor's memory", open(path, O_RDONLY) < 0);
	report("the supervisor's descriptors",
	       syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, getppid(), 0),
		       0, 0) < 0);
	report("tracing the supervisor",
	       ptrace(PTRACE_SEIZE, getppid(), 0, 0) < 0);
}

/* Execution, by vfork(2), as most programs do it. */
static int spawn(const char *path)
{
	char *argv[] = { (char *)path, "--evil", NULL };
	int status;
	pid_t pid;

	if (posix_spawn(&pid, path, NULL, NULL, argv, NULL))
		return -1;
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ?
	       WEXITSTATUS(status) : -1;
}

static int ran;

/* tools/exit-u exits with 0, and tools/exit-t must not run. */
static bool exec_raced(int i)
{
	int status = spawn(raced);

	(void)i;
	ran += status == 0;
	return status == EVIL;
}

static void execution(void)
{
	char *argv[] = { "x", "--evil", NULL };
	int status, fd, memory = memfd_create("x", 0);
	struct stat st;
	pid_t pid;
	void *text;

	report("a tool runs", spawn(in("tools/exit-u")) == 0);
	report("what has been written does not",
	       spawn(in("work/evil")) != EVIL);
	snprintf(raced, sizeof(raced), "%s", in("tools/exit-t"));
	race(change_name, exec_raced, TRIES,
	     "a name that changes, to execute");
	report("and the other one ran", ran > 0);
	/* What is in memory, and has no name. */
	fd = open(in("tools/escape"), O_RDONLY);
	fstat(fd, &st);
	text = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (text == MAP_FAILED || write(memory, text, st.st_size) != st.st_size)
		abort();
	pid = fork();
	if (!pid) {
		syscall(SYS_execveat, memory, "", argv, NULL, AT_EMPTY_PATH);
		_exit(errno == EACCES ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	report("a file in memory does not", status == 0);
	pid = fork();
	if (!pid) {
		syscall(SYS_execveat, fd, "", argv, NULL, AT_EMPTY_PATH);
		_exit(1);
	}
	waitpid(pid, &status, 0);
	report("an open tool runs", WIFEXITED(status) &&
	       WEXITSTATUS(status) == EVIL);
}

/* Pins: whatever is done to them, they stay. */
static int count_pins(bool attack)
{
	char line[512], old[6];
	unsigned long from, to;
	size_t size;
	FILE *maps = fopen("/proc/self/maps", "r");
	int n = 0;

	while (maps && fgets(line, sizeof(line), maps)) {
		if (!strstr(line, "memfd:overlay-seccomp") ||
		    sscanf(line, "%lx-%lx %5s", &from, &to, old) != 3)
			continue;
		n++;
		if (!attack)
			continue;
		size = to - from;
		munmap((void *)from, size);
		munmap((void *)from, 4096);
		mprotect((void *)from, size, PROT_READ | PROT_WRITE);
		mremap((void *)from, size, 2 * size, MREMAP_MAYMOVE);
		mmap((void *)from, size, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		madvise((void *)from, size, MADV_DONTNEED);
		madvise((void *)from, size, MADV_REMOVE);
	}
	if (maps)
		fclose(maps);
	return n;
}

static void *attack_pins(void *unused)
{
	while (!over)
		count_pins(true);
	return unused;
}

static void pins(void)
{
	int before = count_pins(false);

	snprintf(raced, sizeof(raced), "%s", in("tools/link-u"));
	opened = 0;
	race(attack_pins, open_raced, TRIES,
	     "attacks on pins, while they are used");
	report("all opened nevertheless", opened == TRIES);
	report("pins stay", before > 0 && count_pins(false) >= before);
}

/* Other ways. Those that end in a kill are for children. */
static bool killed(void (*attack)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		attack();
		_exit(0);
	}
	return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
	       WTERMSIG(status) == SIGSYS;
}

static void by_int80(void)
{
	long ret;

	/* getpid */
	asm volatile("int $0x80" : "=a" (ret) : "a" (20L) : "memory");
}

static void by_x32(void)
{
	syscall(0x40000000 | SYS_open, "/", O_RDONLY);
}

static bool fails(long ret)
{
	return ret < 0 && (errno == EPERM || errno == ENOSYS ||
			   errno == EACCES);
}

static void dump_core(void)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_CORE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_CORE, &limit);
	}
	raise(SIGSYS);
}

/* What other processes have, and is no file. */
static void others(void)
{
	static const int ipc[] = {
		SYS_shmget, SYS_shmat, SYS_shmctl, SYS_semget, SYS_semop,
		SYS_semctl, SYS_semtimedop, SYS_msgget, SYS_msgsnd, SYS_msgrcv,
		SYS_msgctl,
	};
	struct rlimit limit;
	bool closed = true;
	char value[8];
	size_t i;

	for (i = 0; i < sizeof(ipc) / sizeof(ipc[0]); i++)
		closed &= syscall(ipc[i], 0, 0, 0, 0, 0) < 0 && errno == ENOSYS;
	report("System V IPC", closed);
	report("limits of the supervisor",
	       fails(prlimit(getppid(), RLIMIT_NOFILE, NULL, &limit)) &&
	       !prlimit(0, RLIMIT_NOFILE, NULL, &limit));
	report("watching others run",
	       fails(syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0)));
	report("objects of BPF", fails(syscall(SYS_bpf, 0, NULL, 0)));
	report("attributes of what cannot be read",
	       syscall(SYS_getxattr, in("hidden/secret"), "security.x", value,
		       sizeof(value)) < 0 && errno == EOPNOTSUPP);
}

static void other_ways(void)
{
	struct iovec iov = { raced, 1 };
	char place[200] = { 8 };
	struct stat st;

	report("calls of 32-bit programs", killed(by_int80));
	report("calls of the x32 ABI", killed(by_x32));
	report("a core in the working directory", killed(dump_core) &&
	       lstat(in("hidden/core"), &st));
	report("io_uring", fails(syscall(SYS_io_uring_setup, 1, place)));
	report("a file handle", fails(syscall(SYS_open_by_handle_at, AT_FDCWD,
					      place, O_RDONLY)));
	report("another root", fails(chroot(in("work"))));
	report("a namespace", fails(unshare(CLONE_NEWUSER)) &&
	       fails(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0)));
	report("a service's socket", fails(socket(AF_UNIX, SOCK_STREAM, 0)));
	report("typing into the terminal", fails(ioctl(0, TIOCSTI, "x")));
	report("the supervisor's memory, directly",
	       fails(process_vm_writev(getppid(), &iov, 1, &iov, 1, 0)));
	report("a call of the future", fails(syscall(900)));
	report("a link to what can be read only",
	       fails(link(in("tools/link-u"), in("work/hard"))));
	report("the mode of what can be read only",
	       fails(fchmod(open(in("tools/link-u"), O_RDONLY), 0777)));
}

/* Attributes, by a descriptor for reading. */
static void attributes(void)
{
	int fd = open(in("tools/link-u"), O_RDONLY), flags = FS_NODUMP_FL;
	int to = open(in("work/clone"), O_RDWR | O_CREAT, 0600), pipes[2];
	struct fsxattr attributes = { };

	report("the flags of what can be read only",
	       ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0 && errno == ENOTTY &&
	       ioctl(fd, FS_IOC32_SETFLAGS, &flags) < 0 && errno == ENOTTY);
	report("its extended flags",
	       ioctl(fd, FS_IOC_FSSETXATTR, &attributes) < 0 &&
	       errno == ENOTTY);
	report("what is asked of any file", !pipe(pipes) &&
	       !ioctl(pipes[0], FIONREAD, &flags) && !flags);
	report("and a clone, where there are some",
	       !ioctl(to, FICLONE, fd) || errno != ENOTTY);
}

/* Files that others would run with our ids. */
static bool is_plain(int fd)
{
	struct stat st;
	bool is = fd >= 0 && !fstat(fd, &st) && !(st.st_mode & 06000);

	close(fd);
	return is;
}

static void modes(void)
{
	report("a file that has our ids",
	       is_plain(open(in("work/suid"), O_WRONLY | O_CREAT, 06700)));
	report("nor one without a name",
	       is_plain(open(in("work"), O_WRONLY | O_TMPFILE, 06700)));
}

/* What a supervisor could wait for that opens a file, or reads memory. */
static void waiting(void)
{
	const char *file = in("work/leased");
	time_t start;
	int fd;

	put(file, "x");
	fd = open(file, O_RDONLY);
	signal(SIGIO, SIG_IGN);
	report("a lease", fails(fcntl(fd, F_SETLEASE, F_RDLCK)));
	report("a delegation", fails(fcntl(fd, F_SETDELEG, file)));
	start = time(NULL);
	close(open(file, O_WRONLY));
	report("opening does not wait for one", time(NULL) - start < 30);
	close(fd);
	report("a FIFO in our directory",
	       fails(open(in("work/fifo"), O_RDONLY)) &&
	       fails(open(in("work/fifo"), O_WRONLY)));
	report("memory that makes wait",
	       fails(syscall(SYS_userfaultfd, UFFD_USER_MODE_ONLY)));
}

/* Services: sockets and queues that have names. */
static bool has_pair(int type)
{
	int socks[2];

	if (socketpair(AF_UNIX, type, 0, socks))
		return false;
	close(socks[0]);
	close(socks[1]);
	return true;
}

/* What a pair is bound to makes a node. The family says that it is a path. */
static struct sockaddr_un node;

static void *change_family(void *unused)
{
	while (!over) {
		node.sun_family = AF_UNIX;
		usleep(20);
		node.sun_family = AF_INET;
		usleep(20);
	}
	return unused;
}

static int other_family;	/* as which it was bound, and failed */

static bool bind_raced(int i)
{
	struct stat st;
	int socks[2];

	(void)i;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, socks))
		return false;
	if (bind(socks[0], (struct sockaddr *)&node, sizeof(node)))
		other_family += errno == EINVAL;
	close(socks[0]);
	close(socks[1]);
	return !lstat(node.sun_path, &st);
}

static void services(void)
{
	struct sockaddr_un abstract = { AF_UNIX, "\0escape" };
	struct sockaddr_in any = { .sin_family = AF_INET };
	int socks[2], inet = socket(AF_INET, SOCK_STREAM, 0);

	report("a pair of datagram sockets",
	       !has_pair(SOCK_DGRAM) && !has_pair(SOCK_RAW) &&
	       !has_pair(SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK));
	report("others remain", has_pair(SOCK_STREAM | SOCK_CLOEXEC) &&
	       has_pair(SOCK_SEQPACKET) &&
	       !socketpair(AF_UNIX, SOCK_STREAM, 0, socks));
	node.sun_family = AF_UNIX;
	strcpy(node.sun_path, in("hidden/node"));
	report("a node of a pair", fails(bind(socks[0], (void *)&node,
					      sizeof(node))));
	report("nor an abstract name",
	       fails(bind(socks[0], (void *)&abstract, 9)));
	report("an address of the network",
	       !bind(inet, (void *)&any, sizeof(any)));
	race(change_family, bind_raced, MANY_TRIES, "a family that changes");
	report("and the other one was tried", other_family > 0);
	report("a message queue",
	       fails(syscall(SYS_mq_open, "x", O_RDWR | O_CREAT, 0600, 0)) &&
	       fails(syscall(SYS_mq_unlink, "x")));
}

/* The same, of many threads, and of processes that come and go. */
static void *open_and_spawn(void *tool)
{
	long i, wrong = 0;

	for (i = 0; i < 30; i++) {
		wrong += spawn(tool) != 0;
		wrong += close(open(tool, O_RDONLY)) != 0;
	}
	return (void *)wrong;
}

static void crowd(void)
{
	const char *tool = in("tools/exit-u");
	pthread_t threads[6];
	long wrong = 0;
	void *ret;
	size_t i;

	for (i = 0; i < 6; i++)
		if (pthread_create(&threads[i], NULL, open_and_spawn,
				   (void *)tool))
			abort();
	for (i = 0; i < 6; i++) {
		pthread_join(threads[i], &ret);
		wrong += (long)ret;
	}
	report("many threads, each with children", wrong == 0);
	report("have needed few pins", count_pins(false) <= 3);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	if (!strcmp(argv[1], "--evil"))
		return EVIL;
	top = argv[1];
	setvbuf(stdout, NULL, _IONBF, 0);
	name_in_memory();
	directory_on_the_way();
	links_of_proc();
	execution();
	pins();
	other_ways();
	others();
	attributes();
	modes();
	waiting();
	services();
	crowd();
	return failures != 0;
}

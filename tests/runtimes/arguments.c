// SPDX-License-Identifier: GPL-2.0-only
/*
 * arguments: each kind of argument that the library can rewrite, in real calls
 * of a process under a real listener. Prints "ok - TEXT" or "not ok - TEXT".
 *
 * To be linked statically at an address below 4 GiB (-static -no-pie), so that
 * it can make calls as 32-bit programs do.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <overlay_seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The C library of bullseye does not name them. */
#ifndef SYS_openat2
#define SYS_openat2	437
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd	438
#endif

#define PORT	12345
#define FD	100	/* of /dev/null, in the target */

struct supervisor {
	int listener;
	struct overlay_seccomp_pins *pins;
	const struct test *test;
	int calls;
};

/* What the target does, which call is asked about, and what it becomes. */
struct test {
	const char *name;
	int nr, nr_32;
	int (*target)(void);
	void (*rewrite)(struct overlay_seccomp_redirect *r);
};

static char *self;

static int write_bad(void)
{
	/* The result is that of the call as it ran. */
	return syscall(SYS_write, -1, "bad", 3) != 5;
}

static void write_good(struct overlay_seccomp_redirect *r)
{
	overlay_seccomp_redirect_bytes(r, 1, "good!", 5);
	overlay_seccomp_redirect_arg(r, 2, 5);
	overlay_seccomp_redirect_arg(r, 0, FD);
}

static int open_nothing(void)
{
	return openat(AT_FDCWD, "/nowhere", O_RDONLY) < 0;
}

static void open_root(struct overlay_seccomp_redirect *r)
{
	overlay_seccomp_redirect_path(r, 1, "/");
	overlay_seccomp_redirect_arg(r, 2, O_DIRECTORY);
}

static int open_link(void)
{
	struct open_how how = { .flags = O_RDONLY };

	symlink("/", "/tmp/link");
	return syscall(SYS_openat2, AT_FDCWD, "/tmp/link/proc", &how,
		       sizeof(how)) >= 0 || errno != ELOOP;
}

static void forbid_links(struct overlay_seccomp_redirect *r)
{
	struct open_how how = { .resolve = RESOLVE_NO_SYMLINKS };

	overlay_seccomp_redirect_path(r, 1, "/tmp/link/proc");
	overlay_seccomp_redirect_open_how(r, 2, 3, &how, sizeof(how));
}

static struct sockaddr_in address(int port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

static int bind_somewhere(void)
{
	int sock = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in addr = { .sin_family = AF_UNIX };
	socklen_t len = sizeof(addr);

	if (bind(sock, (struct sockaddr *)&addr, 2))
		return 1;
	return getsockname(sock, (struct sockaddr *)&addr, &len) ||
	       addr.sin_port != htons(PORT);
}

static void bind_to_port(struct overlay_seccomp_redirect *r)
{
	struct sockaddr_in addr = address(PORT);

	overlay_seccomp_redirect_sockaddr(r, 1, 2, (struct sockaddr *)&addr,
					  sizeof(addr));
}

static char *bad[] = { "bad", NULL };
static char *good_argv[] = { "arguments", "--check", "", "two words", NULL };
static char *good_envp[] = { "ONE=1", "TWO=", NULL };

static int exec_nothing(void)
{
	execve("/nowhere", bad, bad);
	return 1;
}

static int exec_nothing_32(void)
{
	long ret;

	asm volatile("int $0x80" : "=a" (ret)
		     : "a" (11L), "b" ("/nowhere"), "c" (bad), "d" (NULL)
		     : "memory");
	return ret != 0;
}

static int exec_by_vfork(void)
{
	volatile int wrong = 0;
	int i, status;
	pid_t pid;

	for (i = 0; i < 40; i++) {
		pid = vfork();
		if (!pid) {
			execve("/nowhere", bad, bad);
			_exit(1);
		}
		wrong |= waitpid(pid, &status, 0) != pid || status;
	}
	return wrong;
}

static void exec_self(struct overlay_seccomp_redirect *r)
{
	overlay_seccomp_redirect_path(r, 0, self);
	overlay_seccomp_redirect_strings(r, 1, good_argv);
	overlay_seccomp_redirect_strings(r, 2, good_envp);
}

/* As large as the kernel allows for one string, a few times. */
static char *large_argv[20];

static void exec_with_much(struct overlay_seccomp_redirect *r)
{
	exec_self(r);
	overlay_seccomp_redirect_strings(r, 1, large_argv);
}

static void make_large(void)
{
	char *large = malloc(100001);
	int i;

	memset(large, 'x', 100000);
	large[100000] = 0;
	memcpy(large_argv, good_argv, sizeof(good_argv));
	for (i = 4; i < 19; i++)
		large_argv[i] = large;
}

/* What has been executed: does it have what it should? */
static int check(char **argv, char **envp)
{
	int i;

	for (i = 0; good_argv[i]; i++)
		if (!argv[i] || strcmp(argv[i], good_argv[i]))
			return 1;
	for (; argv[i]; i++)
		if (strlen(argv[i]) != 100000)
			return 1;
	for (i = 0; good_envp[i]; i++)
		if (!envp[i] || strcmp(envp[i], good_envp[i]))
			return 1;
	return envp[i] != NULL;
}

static const struct test tests[] = {
	{ "bytes, a length and a number", SYS_write, -1, write_bad,
	  write_good },
	{ "a path", SYS_openat, -1, open_nothing, open_root },
	{ "open_how", SYS_openat2, -1, open_link, forbid_links },
	{ "a socket's address", SYS_bind, -1, bind_somewhere, bind_to_port },
	{ "argv and envp", SYS_execve, -1, exec_nothing, exec_self },
	{ "1.5 MB of argv", SYS_execve, -1, exec_nothing, exec_with_much },
	{ "argv and envp, of a 32-bit call", -1, 11, exec_nothing_32,
	  exec_self },
	{ "argv and envp, of children of vfork", SYS_execve, -1,
	  exec_by_vfork, exec_self },
};

static int serve(const struct seccomp_notif *request,
		 struct seccomp_notif_resp *response, void *data)
{
	struct supervisor *s = data;
	struct overlay_seccomp_redirect *r;
	int ret;

	s->calls++;
	ret = overlay_seccomp_redirect_begin(s->pins, request, &r);
	if (ret < 0)
		return ret;
	s->test->rewrite(r);
	ret = overlay_seccomp_redirect_send(r);
	if (ret < 0)
		printf("# sending: %s\n", strerror(-ret));
	response->error = ret < 0 ? ret : 0;
	return ret < 0 ? 0 : ret;
}

#define LOAD(member) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))

static int enter(const struct test *test)
{
	struct sock_filter filter[] = {
		LOAD(arch),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 3),
		LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, test->nr, 3, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, test->nr_32, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { .len = 9, .filter = filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return overlay_seccomp_install(SECCOMP_FILTER_FLAG_NEW_LISTENER |
				       SECCOMP_FILTER_FLAG_REDIRECT, &prog);
}

static _Noreturn void be_target(const struct test *test, int sock)
{
	int fd;

	dup2(open("/dev/null", O_WRONLY), FD);
	fd = enter(test);
	/* In place of write(2), which may be what is asked about. */
	if (fd < 0 || send(sock, &fd, sizeof(fd), 0) != sizeof(fd) ||
	    recv(sock, &fd, 1, 0) != 0)
		_exit(2);
	_exit(test->target());
}

static bool run(const struct test *test)
{
	struct supervisor s = { .test = test };
	int socks[2], pidfd, status, ret;
	pid_t pid;

	fflush(stdout);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks))
		return false;
	pid = fork();
	if (!pid) {
		close(socks[0]);
		be_target(test, socks[1]);
	}
	close(socks[1]);
	if (recv(socks[0], &ret, sizeof(ret), 0) != sizeof(ret))
		return false;
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	s.listener = syscall(SYS_pidfd_getfd, pidfd, ret, 0);
	ret = overlay_seccomp_pins_new(s.listener, &s.pins);
	close(socks[0]);
	if (!ret)
		ret = overlay_seccomp_supervise(s.listener, pidfd, serve, &s);
	overlay_seccomp_pins_free(s.pins);
	close(s.listener);
	close(pidfd);
	if (waitpid(pid, &status, 0) != pid)
		return false;
	if (ret < 0 || status)
		printf("# supervisor: %d, target: %#x, calls: %d\n", ret,
		       status, s.calls);
	return ret >= 0 && !status && s.calls;
}

int main(int argc, char **argv, char **envp)
{
	int failed = 0;
	size_t i;
	bool ok;

	if (argc > 1 && !strcmp(argv[1], "--check"))
		return check(argv, envp);
	self = realpath("/proc/self/exe", NULL);
	make_large();
	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		ok = run(&tests[i]);
		printf("%s - %s\n", ok ? "ok" : "not ok", tests[i].name);
		failed |= !ok;
	}
	return failed;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * nested-mknod: a host supervises a container (outer), which supervises a
 * program (inner), which tries to make four nodes. Each supervisor decides on
 * the registers of the call, mode and dev, and never on the path: that is in
 * memory, and the program could change it between the answer and the call.
 *
 * cc nested-mknod.c $(pkg-config --cflags --libs overlay-seccomp)
 */
#include <errno.h>
#include <linux/audit.h>
#include <overlay_seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SKIPPED	77
#define N_NODES	4

static const struct node {
	const char *name;
	mode_t type;
	dev_t dev;
	int error;		/* that mknod shall give */
} nodes[N_NODES] = {
	{ "fifo", S_IFIFO, 0, 0 },
	{ "null", S_IFCHR, 1 << 8 | 3, 0 },
	{ "mem", S_IFCHR, 1 << 8 | 1, EPERM },
	{ "zero", S_IFCHR, 1 << 8 | 5, EPERM },
};

/* Sets of nodes: bit N is nodes[N]. */
static struct supervisor {
	const char *name;
	unsigned int allows;
	unsigned int shall_see;
	unsigned int seen;
} outer = { "outer", 0x3, 0xb, 0 }, inner = { "inner", 0xb, 0xf, 0 };

static int die(const char *what, int error)
{
	printf("%s: %s\n", what, strerror(error));
	exit(1);
}

/* Which of the nodes a call is about, as the kernel will read it; or -1. */
static int node_of(const struct seccomp_data *call)
{
	int at = call->nr == SYS_mknodat;	/* one argument more in front */
	mode_t type = call->args[1 + at] & S_IFMT;
	unsigned int dev = call->args[2 + at];
	int i;

	for (i = 0; i < N_NODES; i++)
		if (type == nodes[i].type && dev == nodes[i].dev)
			return i;
	return -1;
}

static int decide(const struct seccomp_notif *request,
		  struct seccomp_notif_resp *response, void *data)
{
	struct supervisor *self = data;
	int i = node_of(&request->data);

	if (i >= 0)
		self->seen |= 1u << i;
	if (i >= 0 && self->allows & 1u << i)
		response->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	else
		response->error = -EPERM;
	printf("  %s supervisor, asked by process %d: %s\n", self->name,
	       overlay_seccomp_tgid(request->pid),
	       response->error ? "no" : "go on");
	return 0;
}

#define LOAD(member) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))

/* Puts the caller under a supervisor, which is at the other end of @sock. */
static void enter(int sock, unsigned int flags)
{
	struct sock_filter filter[] = {
		LOAD(arch),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		LOAD(nr),
		/* x32 has the same calls once more. */
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mknod, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mknodat, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { .len = 10, .filter = filter };
	int fd;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	fd = overlay_seccomp_install(flags | SECCOMP_FILTER_FLAG_NEW_LISTENER,
				     &prog);
	if (fd < 0)
		die("installing a listener", -fd);
	/* To be taken; and closed, since who keeps it can answer to itself. */
	if (write(sock, &fd, sizeof(fd)) != sizeof(fd) ||
	    read(sock, &(char){ 0 }, 1) != 0)
		exit(1);
	close(fd);
	close(sock);
}

/* Runs @inside in a process under @self, and is @self until that has ended. */
static int sandbox(struct supervisor *self, unsigned int flags,
		   int (*inside)(void))
{
	int socks[2], pidfd, fd, status;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, socks))
		die("socketpair", errno);
	pid = fork();
	if (!pid) {
		close(socks[0]);
		enter(socks[1], flags);
		exit(inside());
	}
	close(socks[1]);
	if (read(socks[0], &fd, sizeof(fd)) != sizeof(fd))
		return 1;
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	fd = syscall(__NR_pidfd_getfd, pidfd, fd, 0);
	if (fd < 0)
		die("pidfd_getfd", errno);
	close(socks[0]);
	/* It has ended when its pidfd is readable. */
	if (overlay_seccomp_supervise(fd, pidfd, decide, self) < 0)
		return 1;
	if (waitpid(pid, &status, 0) != pid || status)
		return 1;
	return self->seen != self->shall_see;
}

static int is_there(const struct node *node)
{
	struct stat st;

	return !lstat(node->name, &st) && st.st_rdev == node->dev &&
	       (st.st_mode & S_IFMT) == node->type;
}

static int program(void)
{
	int error, wrong = 0;

	for (const struct node *n = nodes; n < nodes + N_NODES; n++) {
		error = mknod(n->name, n->type | 0600, n->dev) ? errno : 0;
		printf("mknod %s: %s\n", n->name, strerror(error));
		wrong |= error != n->error || is_there(n) != !error;
		unlink(n->name);
	}
	return wrong;
}

static int container(void)
{
	return sandbox(&inner, 0, program);
}

int main(void)
{
	char dir[] = "/tmp/nested-mknod.XXXXXX";
	int ret;

	setvbuf(stdout, NULL, _IONBF, 0);
	if (geteuid() || overlay_seccomp_has(SECCOMP_OVERLAY_NESTED) != 1) {
		puts("needs root, and nested listeners: is the module loaded?");
		return SKIPPED;
	}
	if (!mkdtemp(dir) || chdir(dir))
		die(dir, errno);
	ret = sandbox(&outer, SECCOMP_FILTER_FLAG_ALLOW_NESTED_LISTENERS,
		      container);
	rmdir(dir);
	puts(ret ? "not as expected" : "all as expected");
	return ret;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * fallback dead|alive FIRST: what becomes of overlay chains when our evaluation is
 * gone, so that the stock kernel judges them: nothing runs that an outer
 * supervisor was not asked about, and nothing that strict mode forbids. With
 * "alive", the same cases are the control. Prints TAP, numbered from FIRST.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/overlay_seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NESTED_LISTENER (SECCOMP_FILTER_FLAG_NEW_LISTENER | \
			 SECCOMP_FILTER_FLAG_ALLOW_NESTED_LISTENERS)

/* What a target reports: two listeners first, then how its call ended. */
struct report {
	long ret;
	int error;
};

static int tests, failures;

static void ok(int passed, const char *name)
{
	printf("%sok %d - %s\n", passed ? "" : "not ", ++tests, name);
	failures += !passed;
}

/* A filter that says this of one call, and allows all others. */
static int install(long nr, __u32 verdict, unsigned int flags)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, verdict),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { .len = 4, .filter = insns };

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
}

static int wait_signal(pid_t pid)
{
	int status;

	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static int strict_death(void)
{
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		install(SYS_getuid, SECCOMP_RET_ERRNO | 1, 0);
		if (syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL))
			syscall(SYS_exit_group, 1);
		syscall(SYS_getppid);
		syscall(SYS_exit, 0);
	}
	return wait_signal(pid);
}

/* The outer filter is judged last only if our evaluation is there. */
static int sequential_death(void)
{
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		install(SYS_getppid, SECCOMP_RET_KILL_PROCESS,
			SECCOMP_FILTER_FLAG_SEQUENTIAL);
		install(SYS_getppid, SECCOMP_RET_ERRNO | 1, 0);
		_exit(syscall(SYS_getppid) != -1);
	}
	return wait_signal(pid);
}

static void nested_target(int out, long outer_nr, long inner_nr, long call)
{
	struct report report;
	int fds[2];

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	fds[0] = install(outer_nr, SECCOMP_RET_USER_NOTIF, NESTED_LISTENER);
	fds[1] = install(inner_nr, SECCOMP_RET_USER_NOTIF, NESTED_LISTENER);
	write(out, fds, sizeof(fds));
	report.ret = syscall(call);
	report.error = report.ret < 0 ? errno : 0;
	write(out, &report, sizeof(report));
	_exit(0);
}

/* One supervisor, the first of the chain, is asked about dup() of nothing. */
static void lone_target(int out)
{
	struct report report;
	int fd;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	fd = install(SYS_dup, SECCOMP_RET_USER_NOTIF, NESTED_LISTENER);
	write(out, &fd, sizeof(fd));
	report.ret = syscall(SYS_dup, -1);
	report.error = report.ret < 0 ? errno : 0;
	write(out, &report, sizeof(report));
	_exit(0);
}

static void let_pass(int listener)
{
	struct seccomp_notif request = { };
	struct seccomp_notif_resp response = {
		.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE,
	};

	ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request);
	response.id = request.id;
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

/* Runs one call of a target with two supervisors, who let everything pass. */
static struct report nested_call(long outer_nr, long inner_nr, long call,
				 int asked[2])
{
	struct report report = { .ret = -1, .error = ETIME };
	int fds[2], pipefd[2], pidfd, i;
	struct pollfd polls[3];
	pid_t pid;

	asked[0] = asked[1] = 0;
	if (pipe(pipefd))
		return report;
	pid = fork();
	if (!pid)
		nested_target(pipefd[1], outer_nr, inner_nr, call);
	read(pipefd[0], fds, sizeof(fds));
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	polls[2] = (struct pollfd){ .fd = pipefd[0], .events = POLLIN };
	for (i = 0; i < 2; i++)
		polls[i] = (struct pollfd){
			.fd = syscall(__NR_pidfd_getfd, pidfd, fds[i], 0),
			.events = POLLIN,
		};
	while (poll(polls, 3, 30000) > 0) {
		for (i = 0; i < 2; i++) {
			if (!(polls[i].revents & POLLIN))
				continue;
			asked[i]++;
			let_pass(polls[i].fd);
		}
		if (polls[2].revents & POLLIN) {
			read(pipefd[0], &report, sizeof(report));
			break;
		}
	}
	kill(pid, SIGKILL);
	wait_signal(pid);
	return report;
}

struct lone {
	pid_t pid;
	int out;
	int listener;
	__u64 id;
};

/* Its call is received. */
static int lone_start(struct lone *l)
{
	struct seccomp_notif request = { };
	int fd, pipefd[2];

	if (pipe(pipefd))
		return -1;
	l->out = pipefd[0];
	l->pid = fork();
	if (!l->pid)
		lone_target(pipefd[1]);
	read(l->out, &fd, sizeof(fd));
	l->listener = syscall(__NR_pidfd_getfd,
			      syscall(SYS_pidfd_open, l->pid, 0), fd, 0);
	if (ioctl(l->listener, SECCOMP_IOCTL_NOTIF_RECV, &request))
		return -1;
	l->id = request.id;
	return 0;
}

/* Once it is answered. */
static struct report lone_end(struct lone *l)
{
	struct report report = { .ret = -1, .error = ETIME };

	read(l->out, &report, sizeof(report));
	wait_signal(l->pid);
	return report;
}

static int lone_continue(struct lone *l)
{
	struct seccomp_notif_resp response = {
		.id = l->id,
		.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE,
	};

	return ioctl(l->listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

/* Has dup() of nothing become that of a file; if that is refused, lets it pass. */
static int redirect_call(struct report *report)
{
	struct seccomp_notif_resp_redirect redirect = {
		.flags = SECCOMP_REDIRECT_FLAG_CONTINUE,
		.args_mask = 1,
		.args = { STDERR_FILENO },
	};
	int error = 0;
	struct lone l;

	if (lone_start(&l))
		return -1;
	redirect.id = l.id;
	if (ioctl(l.listener, SECCOMP_IOCTL_NOTIF_SEND_REDIRECT, &redirect)) {
		error = errno;
		lone_continue(&l);
	}
	*report = lone_end(&l);
	return error;
}

static int count_maps(pid_t pid, const char *name)
{
	char path[64], line[512];
	int found = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	f = fopen(path, "r");
	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		found += !!strstr(line, name);
	fclose(f);
	return found;
}

struct pinned {
	int error;
	int mapped;
	int sealed;
	int valid;
	int continued;
};

/* Pins a file for that call, which then runs as it is. */
static struct report pin_call(struct pinned *p)
{
	struct seccomp_notif_pin_install pin = { .size = 4096 };
	struct lone l;
	int fd;

	fd = memfd_create("pinned", MFD_ALLOW_SEALING);
	if (fd < 0 || ftruncate(fd, pin.size) || lone_start(&l) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE))
		return (struct report){ .error = ENOENT };
	pin.id = l.id;
	pin.memfd = fd;
	p->error = ioctl(l.listener, SECCOMP_IOCTL_NOTIF_PIN_INSTALL, &pin) ?
		errno : 0;
	p->mapped = count_maps(l.pid, "memfd:pinned");
	p->sealed = fcntl(fd, F_GET_SEALS) != F_SEAL_FUTURE_WRITE;
	p->valid = !ioctl(l.listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &pin.id);
	p->continued = !lone_continue(&l);
	close(fd);
	return lone_end(&l);
}

int main(int argc, char **argv)
{
	int dead = argc == 3 && !strcmp(argv[1], "dead");
	struct pinned p = { .error = -1 };
	struct report r;
	int asked[2];

	if (argc != 3 || (!dead && strcmp(argv[1], "alive"))) {
		fprintf(stderr, "usage: fallback dead|alive FIRST\n");
		return 2;
	}
	tests = atoi(argv[2]) - 1;
	setvbuf(stdout, NULL, _IONBF, 0);
	ok(strict_death() == (dead ? SIGSYS : SIGKILL),
	   dead ? "strict: stock kills what is not on the list" :
		  "strict: we kill what is not on the list");
	ok(sequential_death() == (dead ? SIGSYS : 0),
	   dead ? "sequential: the outer filter's kill wins" :
		  "sequential: the inner filter has decided");

	r = nested_call(SYS_getppid, SYS_getppid, SYS_getppid, asked);
	if (dead)
		ok(r.ret == -1 && r.error == ENOSYS && !asked[0] && !asked[1],
		   "nested: a call of both does not run, and nobody is asked");
	else
		ok(r.ret > 0 && asked[0] == 1 && asked[1] == 1,
		   "nested: a call of both runs after both were asked");

	r = nested_call(SYS_getuid, SYS_getppid, SYS_getppid, asked);
	if (dead)
		ok(r.ret == -1 && r.error == ENOSYS && !asked[1],
		   "nested: a call of the inner does not run");
	else
		ok(r.ret > 0 && !asked[0] && asked[1] == 1,
		   "nested: a call of the inner runs after it was asked");

	r = nested_call(SYS_getppid, SYS_getuid, SYS_getppid, asked);
	ok(r.ret > 0 && asked[0] == 1 && !asked[1],
	   "nested: a call of the outer runs after it was asked");

	if (dead)
		ok(redirect_call(&r) == EINVAL && r.error == EBADF,
		   "redirect: refused, and the call still waits");
	else
		ok(redirect_call(&r) == 0 && r.ret > STDERR_FILENO,
		   "redirect: the call runs with what it was given");

	r = pin_call(&p);
	r.ret = r.ret == -1 && r.error == EBADF && p.valid && p.continued;
	if (dead)
		ok(r.ret && p.error == EINVAL && !p.mapped && !p.sealed,
		   "pin: refused, and nothing has changed");
	else
		ok(r.ret && !p.error && p.mapped == 1 && p.sealed,
		   "pin: mapped, and the file sealed");
	return failures != 0;
}

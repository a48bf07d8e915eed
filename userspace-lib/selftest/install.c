// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * install: overlay_seccomp_install() and overlay_seccomp_install_fd(), with
 * what the stock kernel can do. With libseccomp if HAVE_LIBSECCOMP.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/bpf_common.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#ifdef HAVE_LIBSECCOMP
#include <seccomp.h>
#endif

#include "stock.h"

static struct sock_filter refuse[] = ON_GETPPID(SECCOMP_RET_ERRNO | EXFULL);
static const struct sock_fprog refusing = { .len = 4, .filter = refuse };

static void install(void)
{
	const struct sock_fprog empty = { .len = 0, .filter = refuse };
	const struct sock_fprog cut = { .len = 2, .filter = refuse };
	int fd;

	EXPECT(overlay_seccomp_install(1u << 29, &refusing), -EINVAL);
	EXPECT(overlay_seccomp_install(0, NULL), -EFAULT);
	EXPECT(overlay_seccomp_install(0, &empty), -EINVAL);
	EXPECT(overlay_seccomp_install(0, &cut), -EINVAL);
	EXPECT(getppid_or_errno() > 0, 1);
	EXPECT(overlay_seccomp_install(0, &refusing), 0);
	EXPECT(getppid_or_errno(), -EXFULL);
	fd = overlay_seccomp_install(SECCOMP_FILTER_FLAG_NEW_LISTENER |
				     SECCOMP_FILTER_FLAG_TSYNC, &refusing);
	EXPECT(fd >= 0, 1);
	EXPECT(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

/* The flags of the module, where there is none. */
static void flags_of_ours(void)
{
	if (overlay_seccomp_has(0) == 1)
		return;
	EXPECT(overlay_seccomp_install(SECCOMP_FILTER_FLAG_SEQUENTIAL,
				       &refusing), -EINVAL);
	EXPECT(overlay_seccomp_install(SECCOMP_FILTER_FLAG_NEW_LISTENER |
			SECCOMP_FILTER_FLAG_ALLOW_NESTED_LISTENERS,
			&refusing), -EINVAL);
}

static pthread_barrier_t barrier;

static void *other_thread(void *unused)
{
	EXPECT(overlay_seccomp_install(0, &refusing), 0);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return unused;
}

/* The kernel would say which thread, a number that could be taken for an fd. */
static void conflict(void)
{
	pthread_t thread;

	pthread_barrier_init(&barrier, NULL, 2);
	EXPECT(pthread_create(&thread, NULL, other_thread, NULL), 0);
	pthread_barrier_wait(&barrier);
	EXPECT(overlay_seccomp_install(SECCOMP_FILTER_FLAG_TSYNC, &refusing),
	       -ESRCH);
	EXPECT(getppid_or_errno() > 0, 1);
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
}

/* A file of @n instructions and @more bytes, the last instruction a return. */
static int file_of(unsigned int n, unsigned int more)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	int fd = memfd_create("bpf", MFD_CLOEXEC);

	while (n--)
		EXPECT(write(fd, &allow, sizeof(allow)), sizeof(allow));
	EXPECT(write(fd, &allow, more), more);
	EXPECT(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void install_fd(void)
{
	int fd = memfd_create("bpf", MFD_CLOEXEC);

	EXPECT(write(fd, "xyz", 3), 3);
	EXPECT(write(fd, refuse, sizeof(refuse)), sizeof(refuse));
	EXPECT(lseek(fd, 3, SEEK_SET), 3);
	EXPECT(overlay_seccomp_install_fd(1u << 29, fd), -EINVAL);
	EXPECT(lseek(fd, 3, SEEK_SET), 3);
	EXPECT(overlay_seccomp_install_fd(0, fd), 0);
	EXPECT(getppid_or_errno(), -EXFULL);
	/* It is at its end now, and still open. */
	EXPECT(overlay_seccomp_install_fd(0, fd), -EINVAL);
	EXPECT(close(fd), 0);
}

static void sizes(void)
{
	EXPECT(overlay_seccomp_install_fd(0, file_of(0, 0)), -EINVAL);
	EXPECT(overlay_seccomp_install_fd(0, file_of(0, 7)), -EINVAL);
	EXPECT(overlay_seccomp_install_fd(0, file_of(2, 1)), -EINVAL);
	EXPECT(overlay_seccomp_install_fd(0, file_of(1, 0)), 0);
	EXPECT(overlay_seccomp_install_fd(0, file_of(BPF_MAXINSNS, 0)), 0);
	EXPECT(overlay_seccomp_install_fd(0, file_of(BPF_MAXINSNS, 1)),
	       -EINVAL);
	EXPECT(overlay_seccomp_install_fd(0, file_of(BPF_MAXINSNS + 1, 0)),
	       -EINVAL);
	EXPECT(overlay_seccomp_install_fd(0, file_of(9999, 0)), -EINVAL);
	EXPECT(overlay_seccomp_install_fd(0, -1), -EBADF);
	EXPECT(overlay_seccomp_install_fd(0, open("/dev/null", O_WRONLY)),
	       -EBADF);
	EXPECT(overlay_seccomp_install_fd(0, open("/", O_RDONLY)), -EISDIR);
}

static void nothing(int sig)
{
	(void)sig;
}

static void signals_often(void)
{
	const struct itimerval often = { { 0, 1000 }, { 0, 1000 } };
	const struct sigaction action = { .sa_handler = nothing };

	EXPECT(sigaction(SIGALRM, &action, NULL), 0);
	EXPECT(setitimer(ITIMER_REAL, &often, NULL), 0);
}

/* A byte at a time, and signals that interrupt read(2). */
static void slow_pipe(void)
{
	size_t i;
	int ends[2];
	pid_t pid;

	EXPECT(pipe(ends), 0);
	pid = fork();
	if (!pid) {
		for (i = 0; i < sizeof(refuse); i++) {
			usleep(3000);
			EXPECT(write(ends[1], (char *)refuse + i, 1), 1);
		}
		_exit(0);
	}
	close(ends[1]);
	signals_often();
	EXPECT(overlay_seccomp_install_fd(0, ends[0]), 0);
	EXPECT(getppid_or_errno(), -EXFULL);
}

#ifdef HAVE_LIBSECCOMP
static void exported(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int fd = memfd_create("bpf", MFD_CLOEXEC);

	EXPECT(seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EXFULL),
				SCMP_SYS(getppid), 0), 0);
	EXPECT(seccomp_export_bpf(ctx, fd), 0);
	seccomp_release(ctx);
	EXPECT(lseek(fd, 0, SEEK_SET), 0);
	EXPECT(overlay_seccomp_install_fd(0, fd), 0);
	EXPECT(getppid_or_errno(), -EXFULL);
}
#endif

int main(void)
{
	skip_unless_allowed();
	in_child(install);
	in_child(flags_of_ours);
	in_child(conflict);
	in_child(install_fd);
	in_child(sizes);
	in_child(slow_pipe);
#ifdef HAVE_LIBSECCOMP
	in_child(exported);
#endif
	return 0;
}

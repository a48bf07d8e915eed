// SPDX-License-Identifier: GPL-2.0-only
/*
 * own-program: what somebody might write against the installed library. Exits 0 if strict mode is to be had after a
 * filter, and holds.
 */
#include <overlay_seccomp.h>

#include <linux/filter.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	struct seccomp_overlay_info info;
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog prog = { 1, &allow };
	int err = overlay_seccomp_info(&info);
	int status;
	pid_t child;

	if (err) {
		fprintf(stderr, "no overlay: %s\n", strerror(-err));
		return 1;
	}
	printf("features %#llx, native %#llx\n", (unsigned long long)info.features, (unsigned long long)info.native);
	child = fork();
	if (child == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog))
			_exit(2);
		if (overlay_seccomp_strict())
			_exit(3);
		syscall(__NR_getppid);
		syscall(__NR_exit, 4);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return 1;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return 0;
	fprintf(stderr, "strict mode: status %#x\n", status);
	return 1;
}

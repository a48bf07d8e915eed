// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * use-library VERSION: calls every function of the library, with or without
 * the module. Valid C and C++.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <overlay_seccomp.h>

static void expect(int line, const char *what, int found, int wanted)
{
	if (found == wanted)
		return;
	printf("line %d: %s is %d, not %d\n", line, what, found, wanted);
	exit(1);
}

#define EXPECT(found, wanted) expect(__LINE__, #found, (found), (wanted))

static void check_version(const char *text)
{
	int major, minor, patch;

	if (sscanf(text, "%d.%d.%d", &major, &minor, &patch) != 3)
		exit(2);
	EXPECT(overlay_seccomp_version(),
	       OVERLAY_SECCOMP_VERSION(major, minor, patch));
}

/* What a call that needs the module shall return where its argument is bad. */
static int check_info(void)
{
	struct seccomp_overlay_info info;
	int ret;

	memset(&info, 0xff, sizeof(info));
	ret = overlay_seccomp_info(&info);
	EXPECT(overlay_seccomp_info(NULL), -EFAULT);
	EXPECT(overlay_seccomp_has(0), ret == 0);
	EXPECT(overlay_seccomp_has(1ULL << 63), 0);
	if (ret == 0) {
		EXPECT(info.size, sizeof(info));
		EXPECT(info.abi, SECCOMP_OVERLAY_ABI);
		EXPECT(overlay_seccomp_has(info.features), 1);
		return -EBADF;
	}
	/* valgrind has no seccomp(2). */
	if (ret != -ENOSYS)
		EXPECT(ret, -EINVAL);
	EXPECT(info.size, 0);
	EXPECT(info.features != 0, 0);
	return ret;
}

/* Without filters, strict mode is the stock one. */
static void check_strict(void)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		if (overlay_seccomp_strict() == 0)
			syscall(SYS_exit, 7);
		_exit(1);
	}
	EXPECT(waitpid(pid, &status, 0), pid);
	EXPECT(WIFEXITED(status), 1);
	EXPECT(WEXITSTATUS(status), 7);

	pid = fork();
	if (!pid) {
		overlay_seccomp_strict();
		syscall(SYS_getpid);
		syscall(SYS_exit, 0);
	}
	EXPECT(waitpid(pid, &status, 0), pid);
	EXPECT(WIFSIGNALED(status), 1);
	EXPECT(WTERMSIG(status), SIGKILL);
}

/* By the type, as a program may do it. */
static overlay_seccomp_handler decide;

static int decide(const struct seccomp_notif *request,
		  struct seccomp_notif_resp *response, void *data)
{
	response->error = request->data.nr == SYS_getppid ? *(int *)data : 0;
	return 0;
}

/* Without a filter: selftest/install.c and supervise.c have some. */
static void check_install(int error)
{
	int data = -EPERM;

	EXPECT(overlay_seccomp_install(0, NULL),
	       error == -ENOSYS ? -ENOSYS : -EFAULT);
	EXPECT(overlay_seccomp_install_fd(0, -1), -EBADF);
	EXPECT(overlay_seccomp_supervise(-1, -1, decide, &data), -EBADF);
	EXPECT(overlay_seccomp_pending(-1, 0), -EBADF);
	EXPECT(overlay_seccomp_tgid(getpid()), getpid());
	EXPECT(overlay_seccomp_tgid(0), -ESRCH);
}

/* Without a listener: selftest/redirect.c and read.c have some. */
static void check_redirect(void)
{
	struct seccomp_notif_resp_redirect response;
	struct overlay_seccomp_redirect *r = NULL;
	struct overlay_seccomp_pins *pins = NULL;
	struct seccomp_notif_pin_install pin;
	struct seccomp_notif request;
	char buf[8], **strings;

	memset(&request, 0, sizeof(request));
	memset(&response, 0, sizeof(response));
	memset(&pin, 0, sizeof(pin));
	EXPECT(overlay_seccomp_pin(-1, &pin), -EBADF);
	EXPECT(overlay_seccomp_send_redirect(-1, &response), -EBADF);
	EXPECT(overlay_seccomp_read(-1, &request, 0, buf, 8), -EBADF);
	EXPECT(overlay_seccomp_read_string(-1, &request, 0, buf, 8), -EBADF);
	EXPECT(overlay_seccomp_read_strings(-1, &request, 0, 8, &strings),
	       -EBADF);
	EXPECT(overlay_seccomp_pins_new(-1, &pins), -EBADF);
	EXPECT(pins == NULL, 1);
	overlay_seccomp_pins_free(pins);
	overlay_seccomp_redirect_cancel(r);
}

/* Of those that need a redirect: a library that is too old has not all. */
static void check_linked(void)
{
	EXPECT(overlay_seccomp_redirect_begin != NULL, 1);
	EXPECT(overlay_seccomp_redirect_arg != NULL, 1);
	EXPECT(overlay_seccomp_redirect_bytes != NULL, 1);
	EXPECT(overlay_seccomp_redirect_string != NULL, 1);
	EXPECT(overlay_seccomp_redirect_path != NULL, 1);
	EXPECT(overlay_seccomp_redirect_strings != NULL, 1);
	EXPECT(overlay_seccomp_redirect_sockaddr != NULL, 1);
	EXPECT(overlay_seccomp_redirect_open_how != NULL, 1);
	EXPECT(overlay_seccomp_redirect_send != NULL, 1);
}

int main(int argc, char **argv)
{
	int error;

	if (argc != 2)
		return 2;
	check_version(argv[1]);
	error = check_info();
	EXPECT(overlay_seccomp_clone(-1), error);
	check_install(error);
	check_redirect();
	check_linked();
	if (error == -ENOSYS)
		EXPECT(overlay_seccomp_strict(), error);
	else
		check_strict();
	return 0;
}

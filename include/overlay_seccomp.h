/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * liboverlay-seccomp: the operations that the module overlay_seccomp adds to
 * seccomp(2).
 *
 * One rule for all functions: what they return is >= 0 on success and -errno
 * on failure. The value of errno itself after a call is unspecified.
 *
 * All functions are thread-safe: the library has no state. Those that change
 * seccomp's state change the calling thread only, unless TSYNC is asked for,
 * and nothing at all when they fail.
 *
 * A filter that the caller is already under judges the calls made here too,
 * and can answer with any errno that is not listed.
 */
#ifndef OVERLAY_SECCOMP_H
#define OVERLAY_SECCOMP_H

#include <linux/filter.h>
#include <linux/overlay_seccomp.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * OVERLAY_SECCOMP_VERSION() - a version as a number that can be compared
 * @major: at most 255
 * @minor: at most 255
 * @patch: at most 255
 */
#define OVERLAY_SECCOMP_VERSION(major, minor, patch)			\
	(((major) << 16) | ((minor) << 8) | (patch))

/**
 * overlay_seccomp_version() - the version of the library that is running
 *
 * It says nothing of the module: for that, see overlay_seccomp_info().
 *
 * Return: the version as OVERLAY_SECCOMP_VERSION() makes it. Never fails.
 */
int overlay_seccomp_version(void);

/**
 * overlay_seccomp_info() - what works on this machine now
 * @info: filled; the caller need not initialise it. All zero on failure.
 *
 * Return: 0, or
 *
 * - -EINVAL: no module is loaded
 * - -ENOSYS: the kernel has no seccomp(2)
 * - -EFAULT: @info is NULL
 */
int overlay_seccomp_info(struct seccomp_overlay_info *info);

/**
 * overlay_seccomp_has() - do all of these features work now?
 * @features: SECCOMP_OVERLAY_* bits; 0 asks only whether a module is loaded
 *
 * The module answers. Without it the answer is 0, also for what a kernel may
 * have by itself.
 *
 * A yes can become a no: the module can be unloaded while nothing uses it. The
 * call of a feature that is gone fails with -EINVAL.
 *
 * Return: 1 for yes, 0 for no, or the error of overlay_seccomp_info() where it
 * is neither -EINVAL nor -ENOSYS, so that nobody knows.
 */
int overlay_seccomp_has(__u64 features);

/**
 * overlay_seccomp_strict() - enter strict mode, also after filters
 *
 * From here on the thread may only read, write, exit and rt_sigreturn. It
 * keeps its filters, which judge first, and what they let pass is then held
 * against strict mode's list. Any other call kills the thread with SIGKILL.
 * There is no way back, and no further filter.
 *
 * Needs no privilege. exit(3) and _exit(2) make the call exit_group, which is
 * not on the list: end the thread with syscall(SYS_exit, status).
 *
 * Without filters this is the stock strict mode, and needs no module.
 *
 * Return: 0, or
 *
 * - -EINVAL: the thread has filters, and no module is loaded or the feature
 *   has been lost; or the kernel has no seccomp
 * - -ENOSYS: the kernel has no seccomp(2)
 * - -ENOMEM: out of memory
 * - -EBUSY: somebody else holds the kernel function that must be hooked
 */
int overlay_seccomp_strict(void);

/**
 * overlay_seccomp_clone() - take the filters of another task
 * @pidfd: of the task, from pidfd_open(2) or clone(2); the caller's to close
 *
 * The calling thread gets the whole chain of filters of that task, which must
 * have the caller's own filters, if any, as its outermost. Nothing is copied:
 * the filters are shared, so the cost does not depend on their size. Listeners
 * of the chain serve the caller from then on too, and see a hang-up only after
 * the last task is gone. What the chain carries of this module's features, such
 * as strict mode, it carries to the caller.
 *
 * The caller may install filters (no_new_privs, or CAP_SYS_ADMIN in its user
 * namespace) and may trace the source (ptrace(2), PTRACE_MODE_READ_FSCREDS;
 * PTRACE_MODE_ATTACH_FSCREDS if a filter of it has an open listener), or has
 * CAP_SYS_ADMIN in the initial user namespace.
 *
 * Return: 0, or
 *
 * - -EBADF: @pidfd is no open pidfd
 * - -ESRCH: the task is gone, or exiting
 * - -EACCES: the caller lacks one of the two permissions above
 * - -EPERM: a filter that would be added has an open listener, and the caller
 *   does not live in the world of the task: the same user, mount and pid
 *   namespace, root directory, user and group ids, and no capability more
 * - -EINVAL: the task has no filters; or the caller is in strict mode, or has
 *   filters that are not the outermost ones of the task; or no module is
 *   loaded
 * - -ENOSYS: the kernel has no seccomp(2)
 */
int overlay_seccomp_clone(int pidfd);

/**
 * overlay_seccomp_install() - install a filter, with flags of this module too
 * @flags: SECCOMP_FILTER_FLAG_*, seccomp(2)'s and
 *	   SECCOMP_FILTER_FLAG_ALLOW_NESTED_LISTENERS (with NEW_LISTENER): other
 *	   listeners may be made below this one, and
 *	   SECCOMP_FILTER_FLAG_SEQUENTIAL: later filters are judged first
 * @prog: the program; copied by the kernel
 *
 * With SECCOMP_FILTER_FLAG_NEW_LISTENER the result is the listener, an fd that
 * is closed on exec and that the caller closes. Below a listener that is open
 * and allows it, the new one is nested: a call that it answers with CONTINUE
 * goes on to the outer one. With SECCOMP_FILTER_FLAG_TSYNC all threads of the
 * process get the filter, or none.
 *
 * Return: 0, or the listener's fd, or
 *
 * - -EACCES: neither no_new_privs nor CAP_SYS_ADMIN in the user namespace
 * - -EBUSY: a listener is open further out that allows none below it; or
 *   somebody else holds the kernel function that must be hooked
 * - -EFAULT: @prog cannot be read
 * - -EINVAL: flags that are unknown, unavailable or do not go together; a
 *   program that is no filter; strict mode; no module for a flag of its own
 * - -EMFILE: no fd is left for the listener; -ENFILE: no file is
 * - -ENOMEM: out of memory, or the chain would be too long
 * - -ESRCH: a thread could not be synchronised
 * - -ENOSYS: the kernel has no seccomp(2)
 */
int overlay_seccomp_install(unsigned int flags, const struct sock_fprog *prog);

/**
 * overlay_seccomp_install_fd() - install a filter that libseccomp exported
 * @flags: as for overlay_seccomp_install()
 * @bpf_fd: read from its offset to its end, as seccomp_export_bpf(3) wrote it;
 *	    stays open
 *
 * Return: as overlay_seccomp_install(), the error of read(2), or
 *
 * - -EINVAL: empty, too long, or not a whole number of instructions
 */
int overlay_seccomp_install_fd(unsigned int flags, int bpf_fd);

/* What a handler returns that has answered the call by itself. */
#define OVERLAY_SECCOMP_ANSWERED 1

/**
 * overlay_seccomp_handler - decide on one call
 * @request: the call; its pid is a thread's: see overlay_seccomp_tgid()
 * @response: to be filled, all zero but for its id: as it is, the call returns
 *	      0 without having run. SECCOMP_USER_NOTIF_FLAG_CONTINUE in flags
 *	      runs it, after the outer supervisors have agreed. It must not be
 *	      used to let pass what memory of the target says: the target can
 *	      still change that
 * @data: the caller's
 *
 * What was read of the target's memory, or by its pid, is meant for this call
 * only if overlay_seccomp_pending() says so afterwards.
 *
 * Return: 0 to have @response sent; OVERLAY_SECCOMP_ANSWERED if that is done
 * already, by SECCOMP_IOCTL_NOTIF_ADDFD with SECCOMP_ADDFD_FLAG_SEND; -errno to
 * end the loop, with the call still waiting. Nothing else: it would end the
 * loop with -EINVAL.
 */
typedef int overlay_seccomp_handler(const struct seccomp_notif *request,
				    struct seccomp_notif_resp *response,
				    void *data);

/**
 * overlay_seccomp_supervise() - answer calls until nobody is left to make any
 * @listener: from overlay_seccomp_install(); used by one thread at a time
 * @stop_fd: ends the loop when it becomes readable, for instance an eventfd or
 *	     a signalfd; -1 for none
 * @handler: called for each call
 * @data: for @handler
 *
 * Signals do not end the loop. A target that is gone before it was answered is
 * passed over in silence. The end of file on @stop_fd, and an error of it,
 * count as readable. @listener stays open, so that calls wait for whoever
 * serves it next; when it is closed, they fail with ENOSYS.
 *
 * On older kernels, 6.1 among them, a task is gone only when its parent has
 * waited for it. A supervisor that is the parent does so meanwhile, or gives
 * the pidfd of its child as @stop_fd.
 *
 * Return: 0 when the last task under the filter is gone, 1 when stopped by
 * @stop_fd, the -errno by which @handler ended the loop, or
 *
 * - -EBADF: @listener or @stop_fd is not open
 * - -ENOTTY: @listener is no listener; some files say -EINVAL
 * - -EINVAL: the kernel refuses the response, or @handler returned what it must
 *   not; the call still waits
 * - -EINPROGRESS: @handler has answered, and returned 0
 * - -ENOMEM: out of memory
 * - -ENOSYS: the kernel has no seccomp(2)
 */
int overlay_seccomp_supervise(int listener, int stop_fd,
			      overlay_seccomp_handler *handler, void *data);

/**
 * overlay_seccomp_pending() - does a call still wait for its answer?
 * @listener: that it was received from
 * @id: of the request
 *
 * Return: 1 for yes; 0 for no: it is answered, or the target has been killed or
 * took a signal; or
 *
 * - -EBADF: @listener is not open
 * - -ENOTTY: @listener is no listener; some files say -EINVAL
 */
int overlay_seccomp_pending(int listener, __u64 id);

/**
 * overlay_seccomp_tgid() - the process of a thread
 * @tid: as in a request
 *
 * Reads /proc, which must be mounted and show the caller's pid namespace.
 *
 * Return: the id of the process, or
 *
 * - -ESRCH: the thread is gone, or is not to be seen from here; 0 for @tid, as
 *   in a request from outside the caller's pid namespace, too
 * - -ENOENT: /proc is not mounted
 * - the error of open(2), such as -EMFILE or -ENOMEM
 */
int overlay_seccomp_tgid(pid_t tid);

#ifdef __cplusplus
}
#endif

#endif /* OVERLAY_SECCOMP_H */

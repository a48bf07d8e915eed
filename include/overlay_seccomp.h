/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * liboverlay-seccomp: the operations that the module overlay_seccomp adds to
 * seccomp(2).
 *
 * One rule for all functions: what they return is >= 0 on success and -errno
 * on failure. The value of errno itself after a call is unspecified.
 *
 * All functions are thread-safe: the library has no state but what the caller
 * holds (struct overlay_seccomp_pins, which one thread at a time may use, with
 * all redirects that were begun with it). Those that change seccomp's state
 * change the calling thread only, unless TSYNC is asked for, and nothing at all
 * when they fail.
 *
 * A filter that the caller is already under judges the calls made here too,
 * and can answer with any errno that is not listed.
 */
#ifndef OVERLAY_SECCOMP_H
#define OVERLAY_SECCOMP_H

#include <linux/filter.h>
#include <linux/overlay_seccomp.h>
#include <stddef.h>
#include <sys/socket.h>
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
 * The module answers. Without it the answer is 0, even for what a kernel may
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
 * overlay_seccomp_strict() - enter strict mode, even after filters
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
 * PTRACE_MODE_ATTACH_FSCREDS if a filter of it has an open listener), for which
 * it needs CAP_SYS_PTRACE in the source's user namespace if that is not within
 * its own; or it has CAP_SYS_ADMIN in the initial user namespace.
 *
 * Return: 0, or
 *
 * - -EBADF: @pidfd is no open pidfd
 * - -ESRCH: the task is gone, or exiting
 * - -EACCES: the caller lacks one of the two permissions above
 * - -EPERM: a filter that would be added has an open listener, and the caller
 *   does not live in the world of the task: the same user, mount and pid
 *   namespace, root directory, and user and group ids (supplementary groups are
 *   not compared), and no capability more; or another thread of the caller does
 *   not, or is in fork(2), vfork(2), clone(2) or unshare(2) (or came out of it and
 *   has not run since) for longer than some tenths of a second
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
 *	   listeners may be made below this one,
 *	   SECCOMP_FILTER_FLAG_REDIRECT, which is the same flag: its calls can
 *	   be redirected, and
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
 * already, by overlay_seccomp_redirect_send() or by SECCOMP_IOCTL_NOTIF_ADDFD
 * with SECCOMP_ADDFD_FLAG_SEND; -errno to
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

/**
 * overlay_seccomp_read() - copy memory of the maker of a call
 * @listener: that @request was received from
 * @request: a call that waits
 * @addr: where, as in an argument
 * @buf: filled
 * @size: at most INT_MAX
 *
 * The copy can be checked, and then used by overlay_seccomp_redirect_bytes(),
 * or by the caller itself in place of the call. The original can change at any
 * time: whoever checks the copy and lets the call read the original has checked
 * nothing.
 *
 * Needs what ptrace(2) needs to attach (PTRACE_MODE_ATTACH_REALCREDS).
 *
 * Return: the bytes copied, fewer than @size only if the memory ends there; or
 *
 * - -EFAULT: there is no memory at @addr
 * - -ESRCH: the call is no longer pending, or the thread is not to be seen from
 *   here
 * - -EPERM: the caller may not trace the thread
 * - -EINVAL: @size is too large
 * - -ENOMEM: out of memory
 * - the errors of overlay_seccomp_pending()
 */
int overlay_seccomp_read(int listener, const struct seccomp_notif *request,
			 __u64 addr, void *buf, size_t size);

/**
 * overlay_seccomp_read_string() - copy a string, such as a path
 * @listener: as for overlay_seccomp_read()
 * @request: as for overlay_seccomp_read()
 * @addr: of its first character
 * @buf: gets the string and its NUL, and on failure is undefined
 * @size: at most INT_MAX; PATH_MAX for a path
 *
 * Return: its length, without the NUL; the errors of overlay_seccomp_read(); or
 *
 * - -ENAMETOOLONG: it does not end within @size
 */
int overlay_seccomp_read_string(int listener,
				const struct seccomp_notif *request,
				__u64 addr, char *buf, size_t size);

/**
 * overlay_seccomp_read_strings() - copy argv or envp
 * @listener: as for overlay_seccomp_read()
 * @request: as for overlay_seccomp_read(); its pointers are 4 bytes long if it
 *	     is a 32-bit or an x32 call
 * @addr: of the vector; 0 is an empty one, as for execve(2)
 * @max: bytes of strings and pointers together, at most INT_MAX
 * @strings: ends with NULL; one block, for the caller to free(3). NULL on
 *	     failure
 *
 * Return: how many; the errors of overlay_seccomp_read(); or
 *
 * - -E2BIG: they are larger than @max
 */
int overlay_seccomp_read_strings(int listener,
				 const struct seccomp_notif *request,
				 __u64 addr, size_t max, char ***strings);

/**
 * overlay_seccomp_pin() - SECCOMP_IOCTL_NOTIF_PIN_INSTALL, as it is
 * @listener: an overlay listener
 * @pin: its target_addr is filled in
 *
 * For those who keep pins themselves. An overlay_seccomp_pins does so for all
 * others.
 *
 * Return: 0, or the errors of the ioctl: see linux/overlay_seccomp.h
 */
int overlay_seccomp_pin(int listener, struct seccomp_notif_pin_install *pin);

/**
 * overlay_seccomp_send_redirect() - SECCOMP_IOCTL_NOTIF_SEND_REDIRECT, as it is
 * @listener: an overlay listener
 * @response: what runs
 *
 * Return: 0, or the errors of the ioctl: see linux/overlay_seccomp.h
 */
int
overlay_seccomp_send_redirect(int listener,
			      const struct seccomp_notif_resp_redirect *response);

/*
 * struct overlay_seccomp_pins - what is pinned in those under one listener
 *
 * For each address space (threads, and children of vfork(2), share one) there
 * is a memfd, of which parts are mapped there, read-only and never to be
 * unmapped until execve(2) or the end. What a call was redirected to stays as
 * it is until the same thread makes another call that a redirect is begun for,
 * or is gone, and then its place is used again.
 *
 * A pool costs two descriptors for each address space in which it has
 * redirected a call, and at most 16 MiB of memory there; those that are gone
 * are dropped when a new one comes, or when no descriptor is left.
 */
struct overlay_seccomp_pins;

/**
 * overlay_seccomp_pins_new() - make a pool
 * @listener: made with SECCOMP_FILTER_FLAG_REDIRECT; stays open while the pool
 *	      is used. One may have several pools, one for each thread that
 *	      serves it for instance; they do not share pins
 * @pins: for overlay_seccomp_pins_free(); NULL on failure
 *
 * That a listener has no redirection is seen when something is sent.
 *
 * Return: 0; -ENOMEM; or the errors of overlay_seccomp_pending()
 */
int overlay_seccomp_pins_new(int listener, struct overlay_seccomp_pins **pins);

/**
 * overlay_seccomp_pins_free() - give up a pool
 * @pins: of which no redirect is left unsent; or NULL
 *
 * What was sent is not concerned: pins stay in the targets, and do not change
 * any more.
 */
void overlay_seccomp_pins_free(struct overlay_seccomp_pins *pins);

/*
 * struct overlay_seccomp_redirect - a call with other arguments, in the making
 *
 * Begin, set arguments, and send or cancel. Arguments that are not set stay as
 * they are: what they point to may change, so that a call is only as good as
 * those of its pointers that were set. Of an argument that is set twice, the
 * last value counts.
 *
 * The functions that set arguments return 0 or -errno. After an error sending
 * fails with the first of them, so that only that need be looked at.
 */
struct overlay_seccomp_redirect;

/**
 * overlay_seccomp_redirect_begin() - take a call in hand
 * @pins: of the listener that @request was received from
 * @request: a call that waits; not used after this
 * @r: for overlay_seccomp_redirect_send() or overlay_seccomp_redirect_cancel(),
 *     one of which must be called; NULL on failure
 *
 * Return: 0, or
 *
 * - -ENOMEM: out of memory
 * - -ESRCH: the thread is not to be seen from the caller's pid namespace
 */
int overlay_seccomp_redirect_begin(struct overlay_seccomp_pins *pins,
				   const struct seccomp_notif *request,
				   struct overlay_seccomp_redirect **r);

/**
 * overlay_seccomp_redirect_arg() - a number
 * @r: the redirect
 * @i: from 0 to 5
 * @value: below 1 << 32 for a 32-bit or an x32 call: an int is to be cast to
 *	   __u32 first
 *
 * Return: 0, or
 *
 * - -EINVAL: @i or @value is too large
 */
int overlay_seccomp_redirect_arg(struct overlay_seccomp_redirect *r,
				 unsigned int i, __u64 value);

/**
 * overlay_seccomp_redirect_bytes() - a pointer, to a copy in pinned memory
 * @r: the redirect
 * @i: from 0 to 5
 * @data: copied
 * @len: not 0. If the call has an argument for it, set that too
 *
 * For calls that read the memory before they return. Never for one that keeps
 * the address (set_robust_list(2), rseq(2)), reads on afterwards (vmsplice(2),
 * MSG_ZEROCOPY), or writes there: pinned memory cannot be written. A pointer
 * within @data stays what it is.
 *
 * Return: 0, or
 *
 * - -EINVAL: @i is too large, @data is NULL, or @len 0
 * - -E2BIG: there would be more than 8 MiB in all, counting up to 7 bytes that
 *   align each thing, and 16 that mark a pin as the pool's
 * - -ENOMEM: out of memory
 */
int overlay_seccomp_redirect_bytes(struct overlay_seccomp_redirect *r,
				   unsigned int i, const void *data,
				   size_t len);

/**
 * overlay_seccomp_redirect_string() - a pointer to a string
 * @r: the redirect
 * @i: from 0 to 5
 * @string: copied with its NUL
 *
 * Return: as overlay_seccomp_redirect_bytes()
 */
int overlay_seccomp_redirect_string(struct overlay_seccomp_redirect *r,
				    unsigned int i, const char *string);

/**
 * overlay_seccomp_redirect_path() - a pointer to an absolute path
 * @r: the redirect
 * @i: from 0 to 5
 * @path: begins with a slash, so that the directory or the descriptor where the
 *	  call would begin otherwise does not matter
 *
 * The kernel looks up this string, whatever the target does meanwhile; what it
 * leads to is as of then. Whoever can write to one of its directories can put a
 * symbolic link there. For openat2(2), set RESOLVE_NO_SYMLINKS.
 *
 * Return: as overlay_seccomp_redirect_bytes(), or
 *
 * - -EINVAL: the path is not absolute
 * - -ENAMETOOLONG: it is longer than the kernel takes
 */
int overlay_seccomp_redirect_path(struct overlay_seccomp_redirect *r,
				  unsigned int i, const char *path);

/**
 * overlay_seccomp_redirect_strings() - a pointer to a vector: argv or envp
 * @r: the redirect
 * @i: from 0 to 5
 * @strings: ends with NULL; copied, with what it points to. The pointers that
 *	     the call sees are of the size that it has
 *
 * Return: as overlay_seccomp_redirect_bytes()
 */
int overlay_seccomp_redirect_strings(struct overlay_seccomp_redirect *r,
				     unsigned int i, char *const strings[]);

/**
 * overlay_seccomp_redirect_sockaddr() - an address, and its length
 * @r: the redirect
 * @i_addr: of the pointer
 * @i_len: of the length
 * @addr: copied. A path in a sockaddr_un is looked up as any other
 * @len: in bytes
 *
 * Return: as overlay_seccomp_redirect_bytes(), or
 *
 * - -EINVAL: @len is no length of an address, or both arguments are one
 */
int overlay_seccomp_redirect_sockaddr(struct overlay_seccomp_redirect *r,
				      unsigned int i_addr, unsigned int i_len,
				      const struct sockaddr *addr,
				      socklen_t len);

struct open_how;

/**
 * overlay_seccomp_redirect_open_how() - how of openat2(2), and its size
 * @r: the redirect
 * @i_how: of the pointer: 2
 * @i_size: of the size: 3
 * @how: copied; see linux/openat2.h
 * @size: in bytes
 *
 * Return: as overlay_seccomp_redirect_bytes(), or
 *
 * - -EINVAL: @size is less than the first version's, or both arguments are one
 */
int overlay_seccomp_redirect_open_how(struct overlay_seccomp_redirect *r,
				      unsigned int i_how, unsigned int i_size,
				      const struct open_how *how, size_t size);

/**
 * overlay_seccomp_redirect_send() - run the call with the new arguments
 * @r: ended by this, whatever is returned
 *
 * Pins what is needed in the target's address space if it is not there yet.
 * The call is then judged by the filters further out, and runs.
 *
 * Needs /proc, of the caller's pid namespace, and kcmp(2); and for pointers the
 * same permission as overlay_seccomp_read().
 *
 * Return: OVERLAY_SECCOMP_ANSWERED when it is sent, or 0 if the call is no longer
 * pending, since its maker was killed or took a signal: a handler can return
 * either as it is. Or the first error of setting an argument, or one of these;
 * then the call still waits, and has to be answered in another way:
 *
 * - -EBADF: the listener has been closed
 * - -EINVAL: no overlay listener, or one only by the module's parameter
 *   implicit, or the feature is not there; a call from the vsyscall page
 * - -EPERM, -EACCES: the caller may not trace the target; or that has not set
 *   no_new_privs, and the opener of the listener has no CAP_SYS_ADMIN in the
 *   user namespace of the target; or it came there from outside, is not
 *   dumpable, and has not called execve() since
 * - -ENOSPC: other calls that run in this address space have taken all room
 * - -ENOMEM: out of memory, or a limit of the target: RLIMIT_AS, its memory
 *   cgroup, vm.max_map_count, 64 pins, RLIMIT_MEMLOCK if it locks all
 * - -EAGAIN: threads of the target keep changing the place; or somebody has a
 *   lease on the memfd; or a process, which may be any on the machine, kept its
 *   address space locked, so that it could not be told whether it was mapping the
 *   memfd
 * - -EFBIG: RLIMIT_FSIZE of the caller is below 16 MiB, and SIGXFSZ, which the
 *   kernel sends then, did not kill it
 * - -EINTR: a hundred signals came while a target that stalls was waited for;
 *   fewer do not end it
 * - -EMFILE, -ENFILE: no descriptor is left
 * - -EBUSY: somebody else holds the kernel function that must be hooked
 * - -ENOENT: /proc is not mounted
 * - -ESRCH: /proc does not show the target
 * - -EOPNOTSUPP: pointers, and the supervisor is a 32-bit program
 * - what a security module says of the mapping
 */
int overlay_seccomp_redirect_send(struct overlay_seccomp_redirect *r);

/**
 * overlay_seccomp_redirect_cancel() - leave the call as it is, and waiting
 * @r: ended by this; or NULL
 */
void overlay_seccomp_redirect_cancel(struct overlay_seccomp_redirect *r);

#ifdef __cplusplus
}
#endif

#endif /* OVERLAY_SECCOMP_H */

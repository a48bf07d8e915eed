/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What the module tells of itself: a family of generic netlink, in the initial
 * network namespace only. The command overlay-seccomp(1) is made of it.
 *
 * Every request needs CAP_NET_ADMIN in the initial user namespace, both of the
 * caller and of whoever opened the socket, else EPERM. TASK is also allowed to a
 * caller that may read the task with ptrace (PTRACE_MODE_READ_FSCREDS), on a
 * socket that it opened itself under its current credentials: not before a fork,
 * an execve or a setuid.
 *
 * Numbers never change their meaning; more may come. All integers are in the
 * machine's order.
 */
#ifndef _UAPI_LINUX_OVERLAY_SECCOMP_NETLINK_H
#define _UAPI_LINUX_OVERLAY_SECCOMP_NETLINK_H

#define OVERLAY_SECCOMP_GENL_NAME	"overlay_seccomp"
#define OVERLAY_SECCOMP_GENL_VERSION	1

/**
 * enum overlay_seccomp_cmd - what is asked, and what a message is about
 * @OVERLAY_SECCOMP_CMD_UNSPEC: none
 * @OVERLAY_SECCOMP_CMD_STATUS: of the module. No attributes. Answer: _VERSION,
 *	_ABI, _FEATURES, _NATIVE, _HOOKS, _FILTERS, _PINS, _SUBSCRIBERS,
 *	_REFERENCES, _COUNTERS. Errors: ENOMEM
 * @OVERLAY_SECCOMP_CMD_TASK: a dump, about the task _PID, a thread id in the
 *	caller's pid namespace. The first message of the answer has this
 *	command and _PID, _MODE, _FILTERS; then come those with _CMD_PIN, if
 *	_WITH_PINS was given; then those with _CMD_FILTER, innermost first.
 *	With _NR and _ARCH, and as one likes _ARGS and _IP, each filter says
 *	what it answers to that call; nothing of it happens.
 *	Errors: EINVAL without _PID, for one of _NR and _ARCH without the other,
 *	or for _ARGS or _IP without them; ESRCH for no such task, or one that
 *	ends; EPERM; EAGAIN while the task is in execve(2), or its address space
 *	or a listener is locked; ENOMEM. _WITH_PINS and a call need the right to
 *	read with ptrace in any case
 * @OVERLAY_SECCOMP_CMD_FILTER: a message of such a dump: _ID, _FLAGS, _LISTENER,
 *	_USERS, _INSNS, _JIT; with a listener that is open _LISTENER_ID,
 *	_PENDING and _RECEIVED; if a call was given, _VERDICT, and _CACHED for
 *	an innermost filter whose verdict is not even asked for
 * @OVERLAY_SECCOMP_CMD_PIN: a message of such a dump: _ADDRESS, _SIZE, _OFFSET
 * @OVERLAY_SECCOMP_CMD_LISTENER: whose listener is the caller's own _FD? Answer:
 *	_LISTENER_ID, _FLAGS. Errors: EBADF; EINVAL for another kind of file,
 *	or without _FD; ENOMEM
 * @OVERLAY_SECCOMP_CMD_SUBSCRIBE: have the socket get events from now on, until
 *	it is closed. No attributes. Twice is as once. Errors: ENOSPC beyond 32
 *	sockets; ENOMEM. A socket that was full says so once by ENOBUFS, unless
 *	it has NETLINK_NO_ENOBUFS; _EVENT_LOST says how much it has missed
 * @OVERLAY_SECCOMP_CMD_EVENT: what a subscriber gets: _EVENT, _TIME, _TASK, _ID,
 *	_FLAGS, _VALUE and _ERROR, which are 0 where the event has none
 */
enum overlay_seccomp_cmd {
	OVERLAY_SECCOMP_CMD_UNSPEC,
	OVERLAY_SECCOMP_CMD_STATUS,
	OVERLAY_SECCOMP_CMD_TASK,
	OVERLAY_SECCOMP_CMD_FILTER,
	OVERLAY_SECCOMP_CMD_PIN,
	OVERLAY_SECCOMP_CMD_LISTENER,
	OVERLAY_SECCOMP_CMD_SUBSCRIBE,
	OVERLAY_SECCOMP_CMD_EVENT
};

/**
 * enum overlay_seccomp_attr - attributes
 * @OVERLAY_SECCOMP_ATTR_UNSPEC: none
 * @OVERLAY_SECCOMP_ATTR_PAD: of those with 64 bits
 * @OVERLAY_SECCOMP_ATTR_VERSION: string: of the module
 * @OVERLAY_SECCOMP_ATTR_ABI: u32: SECCOMP_OVERLAY_ABI
 * @OVERLAY_SECCOMP_ATTR_FEATURES: u64: SECCOMP_OVERLAY_*, which work now
 * @OVERLAY_SECCOMP_ATTR_NATIVE: u64: those that the kernel has by itself
 * @OVERLAY_SECCOMP_ATTR_HOOKS: u32: OVERLAY_SECCOMP_HOOK_*
 * @OVERLAY_SECCOMP_ATTR_FILTERS: u32: of the module: that have overlay state
 *	now; of a task: in its chain
 * @OVERLAY_SECCOMP_ATTR_PINS: u32: alive now
 * @OVERLAY_SECCOMP_ATTR_SUBSCRIBERS: u32: sockets that get events
 * @OVERLAY_SECCOMP_ATTR_REFERENCES: u32: on the module; rmmod(8) fails while
 *	there is one. A dump that has not been read to its end is one, too
 * @OVERLAY_SECCOMP_ATTR_COUNTERS: nested: since the load, for each event of enum
 *	overlay_seccomp_event from _FILTER on an attribute of that number, u64
 * @OVERLAY_SECCOMP_ATTR_PID: u32: in the caller's pid namespace
 * @OVERLAY_SECCOMP_ATTR_MODE: u32: 0 none, 1 strict mode proper, 2 filters, 3
 *	killed by a filter, or by strict mode after filters
 * @OVERLAY_SECCOMP_ATTR_WITH_PINS: flag: list the task's pins as well
 * @OVERLAY_SECCOMP_ATTR_NR: u32: number of a system call
 * @OVERLAY_SECCOMP_ATTR_ARCH: u32: AUDIT_ARCH_*
 * @OVERLAY_SECCOMP_ATTR_ARGS: six times u64
 * @OVERLAY_SECCOMP_ATTR_IP: u64: where the call is made
 * @OVERLAY_SECCOMP_ATTR_ID: u64: of a filter: no other has it at the same time,
 *	and it is the same for all tasks that share the filter. It says nothing
 *	about addresses, and is another after the next load
 * @OVERLAY_SECCOMP_ATTR_LISTENER_ID: u64: of the filter that a listener belongs
 *	to, which is not the one in the chain if that is nested
 * @OVERLAY_SECCOMP_ATTR_FLAGS: u32: OVERLAY_SECCOMP_FILTER_*
 * @OVERLAY_SECCOMP_ATTR_LISTENER: u32: enum overlay_seccomp_listener
 * @OVERLAY_SECCOMP_ATTR_PENDING: u32: notifications that wait to be received
 * @OVERLAY_SECCOMP_ATTR_RECEIVED: u32: that wait for an answer
 * @OVERLAY_SECCOMP_ATTR_USERS: u32: tasks and filters that have this as their
 *	innermost or next
 * @OVERLAY_SECCOMP_ATTR_INSNS: u32: length of its program, as the kernel runs it
 * @OVERLAY_SECCOMP_ATTR_JIT: u32: bytes of machine code, 0 if it is interpreted
 * @OVERLAY_SECCOMP_ATTR_VERDICT: u32: SECCOMP_RET_*, action and data
 * @OVERLAY_SECCOMP_ATTR_CACHED: flag: the kernel knows that the whole chain
 *	always allows this call, and runs none of it
 * @OVERLAY_SECCOMP_ATTR_ADDRESS: u64
 * @OVERLAY_SECCOMP_ATTR_SIZE: u64: in bytes
 * @OVERLAY_SECCOMP_ATTR_OFFSET: u64: in the memfd, in bytes
 * @OVERLAY_SECCOMP_ATTR_FD: u32
 * @OVERLAY_SECCOMP_ATTR_EVENT: u32: enum overlay_seccomp_event
 * @OVERLAY_SECCOMP_ATTR_TIME: u64: nanoseconds since boot, sleep included
 * @OVERLAY_SECCOMP_ATTR_TASK: u32: thread id of who did it, in the initial pid
 *	namespace; 0 for the kernel itself
 * @OVERLAY_SECCOMP_ATTR_VALUE: u64: see enum overlay_seccomp_event
 * @OVERLAY_SECCOMP_ATTR_ERROR: u32: errno, positive
 */
enum overlay_seccomp_attr {
	OVERLAY_SECCOMP_ATTR_UNSPEC,
	OVERLAY_SECCOMP_ATTR_PAD,
	OVERLAY_SECCOMP_ATTR_VERSION,
	OVERLAY_SECCOMP_ATTR_ABI,
	OVERLAY_SECCOMP_ATTR_FEATURES,
	OVERLAY_SECCOMP_ATTR_NATIVE,
	OVERLAY_SECCOMP_ATTR_HOOKS,
	OVERLAY_SECCOMP_ATTR_FILTERS,
	OVERLAY_SECCOMP_ATTR_PINS,
	OVERLAY_SECCOMP_ATTR_SUBSCRIBERS,
	OVERLAY_SECCOMP_ATTR_REFERENCES,
	OVERLAY_SECCOMP_ATTR_COUNTERS,
	OVERLAY_SECCOMP_ATTR_PID,
	OVERLAY_SECCOMP_ATTR_MODE,
	OVERLAY_SECCOMP_ATTR_WITH_PINS,
	OVERLAY_SECCOMP_ATTR_NR,
	OVERLAY_SECCOMP_ATTR_ARCH,
	OVERLAY_SECCOMP_ATTR_ARGS,
	OVERLAY_SECCOMP_ATTR_IP,
	OVERLAY_SECCOMP_ATTR_ID,
	OVERLAY_SECCOMP_ATTR_LISTENER_ID,
	OVERLAY_SECCOMP_ATTR_FLAGS,
	OVERLAY_SECCOMP_ATTR_LISTENER,
	OVERLAY_SECCOMP_ATTR_PENDING,
	OVERLAY_SECCOMP_ATTR_RECEIVED,
	OVERLAY_SECCOMP_ATTR_USERS,
	OVERLAY_SECCOMP_ATTR_INSNS,
	OVERLAY_SECCOMP_ATTR_JIT,
	OVERLAY_SECCOMP_ATTR_VERDICT,
	OVERLAY_SECCOMP_ATTR_CACHED,
	OVERLAY_SECCOMP_ATTR_ADDRESS,
	OVERLAY_SECCOMP_ATTR_SIZE,
	OVERLAY_SECCOMP_ATTR_OFFSET,
	OVERLAY_SECCOMP_ATTR_FD,
	OVERLAY_SECCOMP_ATTR_EVENT,
	OVERLAY_SECCOMP_ATTR_TIME,
	OVERLAY_SECCOMP_ATTR_TASK,
	OVERLAY_SECCOMP_ATTR_VALUE,
	OVERLAY_SECCOMP_ATTR_ERROR,
	/* private: */
	__OVERLAY_SECCOMP_ATTR_MAX
};
#define OVERLAY_SECCOMP_ATTR_MAX (__OVERLAY_SECCOMP_ATTR_MAX - 1)

/* Hooks that are in place, and what has become of them. */

/* On seccomp(2), and what goes with it: from load to unload. */
#define OVERLAY_SECCOMP_HOOK_CALLS	(1U << 0)
/* On the judging of calls: while a filter has overlay state, and a minute. */
#define OVERLAY_SECCOMP_HOOK_FILTER	(1U << 1)
/* On the change of mappings: for pins, where the kernel cannot seal itself. */
#define OVERLAY_SECCOMP_HOOK_MAPPINGS	(1U << 2)
/*
 * ftrace has shut down. Hooks that were in place stay until the next boot, and
 * cloning works, unless (on 6.1) that on seccomp(2) has fallen silent; no filter
 * gets overlay state any more, and the module cannot be unloaded.
 */
#define OVERLAY_SECCOMP_HOOK_DEAD	(1U << 3)

/* What a filter is, or has. */

/* Listeners are allowed below it. */
#define OVERLAY_SECCOMP_FILTER_OVERLAY		(1U << 0)
/* It has a nested listener, or is the one that such a listener belongs to. */
#define OVERLAY_SECCOMP_FILTER_NESTED		(1U << 1)
/* It agreed to be judged after later ones. */
#define OVERLAY_SECCOMP_FILTER_SEQUENTIAL	(1U << 2)
/* It stands for strict mode after filters. */
#define OVERLAY_SECCOMP_FILTER_STRICT		(1U << 3)
/* Its supervisor may pin and redirect. */
#define OVERLAY_SECCOMP_FILTER_REDIRECT		(1U << 4)
/* It was installed with SECCOMP_FILTER_FLAG_LOG. */
#define OVERLAY_SECCOMP_FILTER_LOG		(1U << 5)
/* It was installed with SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV. */
#define OVERLAY_SECCOMP_FILTER_WAIT_KILLABLE	(1U << 6)
/* It is just being installed. */
#define OVERLAY_SECCOMP_FILTER_UNSETTLED	(1U << 7)

/**
 * enum overlay_seccomp_listener - the listener of a filter
 * @OVERLAY_SECCOMP_LISTENER_NONE: none; or, of a filter without overlay state,
 *	one that was closed: the kernel does not remember
 * @OVERLAY_SECCOMP_LISTENER_OPEN: somebody has it
 * @OVERLAY_SECCOMP_LISTENER_CLOSED: there was one
 */
enum overlay_seccomp_listener {
	OVERLAY_SECCOMP_LISTENER_NONE,
	OVERLAY_SECCOMP_LISTENER_OPEN,
	OVERLAY_SECCOMP_LISTENER_CLOSED
};

/**
 * enum overlay_seccomp_event - what happens, and is counted
 * @OVERLAY_SECCOMP_EVENT_UNSPEC: nothing
 * @OVERLAY_SECCOMP_EVENT_LOST: not counted: _VALUE events before this one could
 *	not be delivered to this socket: 1024 waited for the next tenth of a
 *	second, or, for _REDIRECT, _OUTER, _REFUSED and _CLONE, 512 of any kind
 *	did; or it was not read
 * @OVERLAY_SECCOMP_EVENT_FILTER: a filter has overlay state: _ID, _FLAGS
 * @OVERLAY_SECCOMP_EVENT_FILTER_GONE: the last task that had it has ended: _ID,
 *	_FLAGS
 * @OVERLAY_SECCOMP_EVENT_LISTENER: a listener that has to do with the module was
 *	opened: _ID of its own filter, _FLAGS, _VALUE: _ID of the one in the
 *	chain, which differs if it is nested
 * @OVERLAY_SECCOMP_EVENT_LISTENER_GONE: such a listener was closed: _ID, _FLAGS.
 *	It comes before _EVENT_LISTENER if a thread closes it at once
 * @OVERLAY_SECCOMP_EVENT_STRICT_KILL: strict mode after filters has killed:
 *	_VALUE: number of the system call
 * @OVERLAY_SECCOMP_EVENT_CLONE: a task has taken another's chain, which was not
 *	its own already: _ID of the innermost, _VALUE: thread id of the other,
 *	in the initial pid namespace
 * @OVERLAY_SECCOMP_EVENT_PIN: memory was pinned in the task: _VALUE: bytes
 * @OVERLAY_SECCOMP_EVENT_PIN_GONE: a pin has lost its last mapping
 * @OVERLAY_SECCOMP_EVENT_REDIRECT: a call goes on with other arguments: _ID of
 *	the listener's filter, _VALUE: number of the system call
 * @OVERLAY_SECCOMP_EVENT_OUTER: a supervisor said CONTINUE, and an outer one is
 *	asked: _ID of the outer filter, _VALUE: number of the system call
 * @OVERLAY_SECCOMP_EVENT_REFUSED: an operation or ioctl of the module's failed:
 *	_VALUE: its number, _ERROR
 * @OVERLAY_SECCOMP_EVENT_ARMED: the judging of calls is hooked
 * @OVERLAY_SECCOMP_EVENT_DISARMED: it no longer is
 * @OVERLAY_SECCOMP_EVENT_DEAD: ftrace has shut down: see
 *	OVERLAY_SECCOMP_HOOK_DEAD
 * @OVERLAY_SECCOMP_EVENT_UNLOAD: the module goes: no more events
 */
enum overlay_seccomp_event {
	OVERLAY_SECCOMP_EVENT_UNSPEC,
	OVERLAY_SECCOMP_EVENT_LOST,
	OVERLAY_SECCOMP_EVENT_FILTER,
	OVERLAY_SECCOMP_EVENT_FILTER_GONE,
	OVERLAY_SECCOMP_EVENT_LISTENER,
	OVERLAY_SECCOMP_EVENT_LISTENER_GONE,
	OVERLAY_SECCOMP_EVENT_STRICT_KILL,
	OVERLAY_SECCOMP_EVENT_CLONE,
	OVERLAY_SECCOMP_EVENT_PIN,
	OVERLAY_SECCOMP_EVENT_PIN_GONE,
	OVERLAY_SECCOMP_EVENT_REDIRECT,
	OVERLAY_SECCOMP_EVENT_OUTER,
	OVERLAY_SECCOMP_EVENT_REFUSED,
	OVERLAY_SECCOMP_EVENT_ARMED,
	OVERLAY_SECCOMP_EVENT_DISARMED,
	OVERLAY_SECCOMP_EVENT_DEAD,
	OVERLAY_SECCOMP_EVENT_UNLOAD,
	/* private: */
	__OVERLAY_SECCOMP_EVENT_MAX
};
#define OVERLAY_SECCOMP_EVENT_MAX (__OVERLAY_SECCOMP_EVENT_MAX - 1)

#endif

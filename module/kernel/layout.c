// SPDX-License-Identifier: GPL-2.0
/*
 * Learning layout.h from BTF: a table of members, each with the type that it
 * must have. Public structs that the module was compiled with are held against
 * the running kernel too: headers of another build would be as wrong as a
 * guess.
 */
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/ftrace.h>
#include <linux/kernel.h>
#include <linux/mm_types.h>
#include <linux/net.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/string.h>
#include <linux/user_namespace.h>
#include <net/sock.h>

#include "btf.h"
#include "calls.h"
#include "layout.h"
#include "refuse.h"

struct kernel_layout layout __ro_after_init;

/*
 * A member that must be there; with an age, on kernels of that age, and on no
 * others. Structs are found by name, but for "notification", which is too common
 * a word: it is what a filter's "notif" points to.
 */
struct member {
	enum kernel_age	age;
	const char	*in;
	const char	*name;
	const char	*type;
	u32		size;
	u32		*offset;
};

#define MEMBER_OF(_age, _in, _name, _type, ctype, _offset)		\
	{ .age = _age, .in = _in, .name = _name, .type = _type,		\
	  .size = sizeof(ctype), .offset = &layout._offset }
#define MEMBER(...)	MEMBER_OF(AGE_ANY, __VA_ARGS__)
#define MEMBER_NEW(...)	MEMBER_OF(AGE_NEW, __VA_ARGS__)

static const struct member members[] __initconst = {
	MEMBER("seccomp_filter", "refs", "refcount_t", refcount_t,
	       filter_refs),
	MEMBER("seccomp_filter", "users", "refcount_t", refcount_t,
	       filter_users),
	MEMBER("seccomp_filter", "log", "bool", bool, filter_log),
	MEMBER_NEW("seccomp_filter", "wait_killable_recv", "bool", bool,
		   filter_wait_killable),
	MEMBER("seccomp_filter", "prev", "struct seccomp_filter *", void *,
	       filter_prev),
	MEMBER("seccomp_filter", "prog", "struct bpf_prog *", void *,
	       filter_prog),
	MEMBER("seccomp_filter", "notif", "struct notification *", void *,
	       filter_notif),
	MEMBER("seccomp_filter", "notify_lock", "struct mutex", struct mutex,
	       filter_notify_lock),
	MEMBER("seccomp_filter", "wqh", "wait_queue_head_t", wait_queue_head_t,
	       filter_wqh),
	MEMBER("notification", "next_id", "u64", u64, notif_next_id),
	MEMBER("notification", "notifications", "struct list_head",
	       struct list_head, notif_list),
	MEMBER("seccomp_knotif", "task", "struct task_struct *", void *,
	       knotif_task),
	MEMBER("seccomp_knotif", "id", "u64", u64, knotif_id),
	MEMBER("seccomp_knotif", "data", "const struct seccomp_data *", void *,
	       knotif_data),
	MEMBER("seccomp_knotif", "state", "enum notify_state", u32,
	       knotif_state),
	MEMBER("seccomp_knotif", "error", "int", int, knotif_error),
	MEMBER("seccomp_knotif", "val", "long int", long, knotif_val),
	MEMBER("seccomp_knotif", "flags", "u32", u32, knotif_flags),
	MEMBER("seccomp_knotif", "ready", "struct completion",
	       struct completion, knotif_ready),
	MEMBER("seccomp_knotif", "list", "struct list_head", struct list_head,
	       knotif_link),
	MEMBER("seccomp_knotif", "addfd", "struct list_head", struct list_head,
	       knotif_addfd),
	MEMBER("seccomp_kaddfd", "file", "struct file *", void *, kaddfd_file),
	MEMBER("seccomp_kaddfd", "fd", "int", int, kaddfd_fd),
	MEMBER("seccomp_kaddfd", "flags", "unsigned int", unsigned int,
	       kaddfd_flags),
	MEMBER_NEW("seccomp_kaddfd", "ioctl_flags", "__u32", u32,
		   kaddfd_ioctl_flags),
	MEMBER_NEW("seccomp_kaddfd", "setfd", "bool", bool, kaddfd_setfd),
	MEMBER("seccomp_kaddfd", "ret", "int", int, kaddfd_ret),
	MEMBER("seccomp_kaddfd", "completion", "struct completion",
	       struct completion, kaddfd_completion),
	MEMBER("seccomp_kaddfd", "list", "struct list_head", struct list_head,
	       kaddfd_link),
	MEMBER_NEW("action_cache", "allow_native", "long unsigned int[8]",
		   unsigned long[8], filter_cache_native),
	MEMBER_NEW("action_cache", "allow_compat", "long unsigned int[8]",
		   unsigned long[8], filter_cache_compat),
};

/* What the headers say of public structs. */
struct public_member {
	const char	*in;
	const char	*name;
	u32		offset;
	u32		size;
};

#define PUBLIC(type, member)						\
	{ .in = #type, .name = #member,					\
	  .offset = offsetof(struct type, member),			\
	  .size = sizeof_field(struct type, member) }
#define PUBLIC_EXPANDED(type, member) PUBLIC(type, member)

static const struct public_member public_members[] __initconst = {
	PUBLIC(task_struct, seccomp),
	PUBLIC(task_struct, flags),
	PUBLIC(task_struct, ptrace),
	PUBLIC(task_struct, ptrace_message),
	PUBLIC(task_struct, sighand),
	PUBLIC(task_struct, signal),
	PUBLIC_EXPANDED(task_struct, COMPAT_FS),
	PUBLIC(task_struct, nsproxy),
	PUBLIC(task_struct, alloc_lock),
	PUBLIC(task_struct, atomic_flags),
	PUBLIC(seccomp, mode),
	PUBLIC(seccomp, filter_count),
	PUBLIC(seccomp, filter),
	PUBLIC(sighand_struct, siglock),
	PUBLIC(signal_struct, live),
	PUBLIC(signal_struct, exec_update_lock),
	PUBLIC_EXPANDED(thread_info, COMPAT_SECCOMP_WORK),
	PUBLIC(task_struct, thread_info),
	PUBLIC(task_struct, thread_pid),
	PUBLIC(task_struct, thread_node),
	PUBLIC(task_struct, pid),
	PUBLIC(task_struct, tasks),
	PUBLIC(task_struct, exit_signal),
	PUBLIC(task_struct, usage),
	PUBLIC(task_struct, stack),
	PUBLIC(task_struct, pending),
	PUBLIC(sigpending, signal),
	PUBLIC(thread_info, status),
	PUBLIC(task_struct, real_cred),
	PUBLIC(task_struct, cred),
	PUBLIC(signal_struct, nr_threads),
	PUBLIC(signal_struct, flags),
	PUBLIC(signal_struct, thread_head),
	PUBLIC_EXPANDED(task_struct, COMPAT_HIDING_POINTER),
	PUBLIC_EXPANDED(COMPAT_HIDING_STRUCT, COMPAT_HIDING_MEMBER),
	PUBLIC_EXPANDED(COMPAT_HIDING_STRUCT, user_ns),
	PUBLIC(fs_struct, seq),
	PUBLIC(fs_struct, root),
	PUBLIC(user_namespace, parent),
	PUBLIC(cred, uid),
	PUBLIC(cred, fsgid),
	PUBLIC(cred, cap_permitted),
	PUBLIC(cred, cap_effective),
	PUBLIC(cred, user_ns),
	PUBLIC(cred, cap_ambient),
	PUBLIC(nsproxy, mnt_ns),
	PUBLIC(bpf_prog, len),
	PUBLIC(bpf_prog, jited_len),
	PUBLIC(bpf_prog, bpf_func),
	PUBLIC(pt_regs, orig_ax),
	PUBLIC(pt_regs, r10),
	PUBLIC(pt_regs, di),
	PUBLIC(task_struct, mm),
	PUBLIC(task_struct, personality),
	PUBLIC(task_struct, self_exec_id),
	PUBLIC(task_struct, task_works),
	PUBLIC(mm_struct, mmap_lock),
	PUBLIC(vm_area_struct, vm_start),
	PUBLIC(vm_area_struct, vm_end),
	PUBLIC(vm_area_struct, vm_mm),
	PUBLIC(vm_area_struct, vm_flags),
	PUBLIC(vm_area_struct, vm_pgoff),
	PUBLIC(vm_area_struct, vm_file),
	PUBLIC(vm_area_struct, shared),
	PUBLIC(file, f_op),
	PUBLIC(file, f_mode),
	PUBLIC(file, f_path),
	PUBLIC(file, f_inode),
	PUBLIC(file, f_cred),
	PUBLIC(file, f_mapping),
	PUBLIC(file, private_data),
	PUBLIC_EXPANDED(file, COMPAT_FILE_COUNT),
	PUBLIC(inode, i_size),
	PUBLIC(inode, i_writecount),
	PUBLIC(inode, i_rwsem),
	PUBLIC(shmem_inode_info, seals),
	PUBLIC(shmem_inode_info, vfs_inode),
	PUBLIC(address_space, i_mmap),
	PUBLIC(address_space, i_mmap_rwsem),
	PUBLIC(address_space, i_mmap_writable),
	PUBLIC(file_operations, owner),
	PUBLIC(file_operations, release),
	PUBLIC(sock, sk_socket),
	PUBLIC(socket, file),
};

/* Those that are copied whole, or are ours and the kernel's to work with. */
struct public_struct {
	const char	*name;
	u32		size;
};

#define WHOLE(type) { .name = #type, .size = sizeof(struct type) }

static const struct public_struct public_structs[] __initconst = {
	WHOLE(file_operations),
	WHOLE(ftrace_ops),
};

static int __init find_member(const struct kbtf_view *btf, u32 id,
			      const char *in, const char *name,
			      struct kbtf_field *field)
{
	char spec[KERNEL_TEXT_MAX];
	int err;

	snprintf(spec, sizeof(spec), "%s.%s", in, name);
	err = pretended("member", spec) ?
	      -ENOENT : kbtf_find_field(btf, id, name, field);
	if (err == -ENOENT)
		return err;
	if (err)
		return refuse("struct %s has an unreadable member '%s'",
			      in, name);
	if (pretended("size", spec))
		field->size++;
	return 0;
}

static int __init find_struct(const struct kbtf_view *btf, const char *name)
{
	struct kbtf_field field;
	int id, err;

	if (!strcmp(name, "notification")) {
		id = find_struct(btf, "seccomp_filter");
		if (id < 0)
			return id;
		err = kbtf_find_field(btf, id, "notif", &field);
		return err ? err : kbtf_pointee(btf, field.type);
	}
	id = pretended("struct", name) ? -ENOENT : kbtf_find_struct(btf, name);
	if (id == -EEXIST)
		return refuse("struct %s is not unique in BTF", name);
	if (id < 0)
		return refuse("struct %s is not in BTF", name);
	return id;
}

static int __init need_member(const struct kbtf_view *btf, const char *in,
			      const char *name, struct kbtf_field *field)
{
	int id, err;

	id = find_struct(btf, in);
	if (id < 0)
		return id;
	err = find_member(btf, id, in, name, field);
	if (err == -ENOENT)
		return refuse("struct %s has no member '%s'", in, name);
	return err;
}

/* A member of the other age: half of that is neither. */
static int __init miss_member(const struct kbtf_view *btf,
			      const struct member *m)
{
	struct kbtf_field field;
	int id = kbtf_find_struct(btf, m->in);

	if (id > 0 && !kbtf_find_field(btf, id, m->name, &field))
		return refuse("struct %s has a member '%s', and that of 5.10 has none",
			      m->in, m->name);
	return 0;
}

static int __init learn_member(const struct kbtf_view *btf,
			       const struct member *m)
{
	char spec[KERNEL_TEXT_MAX], text[KERNEL_TEXT_MAX];
	struct kbtf_field field;
	int err;

	if (m->age != AGE_ANY && m->age != layout.age)
		return miss_member(btf, m);
	err = need_member(btf, m->in, m->name, &field);
	if (err)
		return err;
	snprintf(spec, sizeof(spec), "%s.%s", m->in, m->name);
	err = kbtf_describe(btf, field.type, text, sizeof(text));
	if (pretended("type", spec))
		strscpy(text, "pretended", sizeof(text));
	if (err || strcmp(text, m->type))
		return refuse("member '%s' of struct %s is '%s', not '%s'",
			      m->name, m->in, text, m->type);
	if (field.size != m->size)
		return refuse("member '%s' of struct %s has %u bytes, not %u",
			      m->name, m->in, field.size, m->size);
	*m->offset = field.offset;
	return 0;
}

static int __init check_public(const struct kbtf_view *btf,
			       const struct public_member *m)
{
	struct kbtf_field field;
	int err;

	err = need_member(btf, m->in, m->name, &field);
	if (err)
		return err;
	if (field.offset != m->offset || field.size != m->size)
		return refuse("member '%s' of struct %s is not where the headers say",
			      m->name, m->in);
	return 0;
}

static int __init check_whole(const struct kbtf_view *btf,
			      const struct public_struct *s)
{
	int id = find_struct(btf, s->name);
	int size;

	if (id < 0)
		return id;
	size = kbtf_size(btf, id);
	if (pretended("size", s->name))
		size++;
	if (size != s->size)
		return refuse("struct %s has %d bytes, not %u as the headers say",
			      s->name, size, s->size);
	return 0;
}

/* Requests are counted by a semaphore before 6.6, by an atomic since. */
static int __init learn_requests(const struct kbtf_view *btf)
{
	struct kbtf_field field;
	char text[KERNEL_TEXT_MAX];
	int id, err;

	id = find_struct(btf, "notification");
	if (id < 0)
		return id;
	err = find_member(btf, id, "notification", "requests", &field);
	if (err == -ENOENT) {
		layout.notif_semaphore = true;
		err = find_member(btf, id, "notification", "request", &field);
	}
	if (err == -ENOENT)
		return refuse("struct notification has no member 'requests'");
	if (err)
		return err;
	err = kbtf_describe(btf, field.type, text, sizeof(text));
	if (err || strcmp(text, layout.notif_semaphore ?
			  "struct semaphore" : "atomic_t"))
		return refuse("requests of struct notification are '%s'", text);
	layout.notif_requests = field.offset;
	layout.notif_size = kbtf_size(btf, id);
	return 0;
}

static int __init learn_cache(const struct kbtf_view *btf)
{
	struct kbtf_field cache;
	int err;

	if (kernel_is_old())
		return 0;
	err = need_member(btf, "seccomp_filter", "cache", &cache);
	if (err)
		return err;
	layout.filter_cache_native += cache.offset;
	layout.filter_cache_compat += cache.offset;
	return 0;
}

/* The mark: the first byte of padding after the flags of a filter. */
static int __init learn_filter(const struct kbtf_view *btf)
{
	int id = find_struct(btf, "seccomp_filter");
	u32 byte;
	int err;

	if (id < 0)
		return id;
	layout.filter_size = kbtf_size(btf, id);
	err = learn_cache(btf);
	if (err)
		return err;

	for (byte = layout.filter_log; byte < layout.filter_size; byte++)
		if (!kbtf_covers(btf, id, byte))
			break;
	if (byte == layout.filter_size ||
	    pretended("padding", "seccomp_filter"))
		return refuse("struct seccomp_filter has no padding");
	layout.filter_mark = byte;
	return 0;
}

static int __init learn_knotif(const struct kbtf_view *btf)
{
	static const struct {
		const char	*name;
		u32		*value;
	} states[] = {
		{ "SECCOMP_NOTIFY_INIT", &layout.notify_init },
		{ "SECCOMP_NOTIFY_SENT", &layout.notify_sent },
		{ "SECCOMP_NOTIFY_REPLIED", &layout.notify_replied },
	};
	int id = find_struct(btf, "seccomp_knotif");
	struct kbtf_field state;
	size_t i;

	if (id < 0)
		return id;
	if (kbtf_find_field(btf, id, "state", &state))
		return refuse("struct seccomp_knotif has no member 'state'");
	for (i = 0; i < ARRAY_SIZE(states); i++)
		if (pretended("enum", states[i].name) ||
		    kbtf_enum_value(btf, state.type, states[i].name,
				    states[i].value))
			return refuse("enum notify_state has no '%s'",
				      states[i].name);
	layout.knotif_size = kbtf_size(btf, id);
	if (layout.knotif_size > KNOTIF_SIZE_MAX)
		return refuse("struct seccomp_knotif has %u bytes",
			      layout.knotif_size);
	return 0;
}

/**
 * kernel_layout_age() - fill in layout.age, which decides what else is asked
 * @btf: of the running kernel
 *
 * Return: 0, or -EOPNOTSUPP with the reason logged.
 */
int __init kernel_layout_age(const struct kbtf_view *btf)
{
	int id = find_struct(btf, "seccomp_filter");
	struct kbtf_field field;
	int cache, killable;

	if (id < 0)
		return id;
	cache = find_member(btf, id, "seccomp_filter", "cache", &field);
	killable = find_member(btf, id, "seccomp_filter", "wait_killable_recv",
			       &field);
	if (cache != killable)
		return refuse("struct seccomp_filter has no member '%s'",
			      cache ? "cache" : "wait_killable_recv");
	if (cache && cache != -ENOENT)
		return cache;
	layout.age = cache ? AGE_OLD : AGE_NEW;
	return 0;
}

/**
 * kernel_layout_learn() - fill in the rest of layout
 * @btf: of the running kernel
 *
 * Return: 0, or -EOPNOTSUPP with the reason logged.
 */
int __init kernel_layout_learn(const struct kbtf_view *btf)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < ARRAY_SIZE(members); i++)
		err = learn_member(btf, &members[i]);
	for (i = 0; !err && i < ARRAY_SIZE(public_members); i++)
		err = check_public(btf, &public_members[i]);
	for (i = 0; !err && i < ARRAY_SIZE(public_structs); i++)
		err = check_whole(btf, &public_structs[i]);
	if (!err)
		err = learn_requests(btf);
	if (!err)
		err = learn_filter(btf);
	if (!err)
		err = learn_knotif(btf);
	return err;
}

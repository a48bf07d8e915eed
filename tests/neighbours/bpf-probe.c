// SPDX-License-Identifier: GPL-2.0-only
/*
 * bpf-probe fentry|fexit|raw_tp NAME: attaches a BPF program that counts, with
 * nothing but bpf(2). Says "on", or what fails with which errno, and ends; for each SIGUSR1
 * the count, and "off" after SIGTERM.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define INSN(c, d, s, o, i) \
	{ .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) }

static long bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static int refuse(const char *what)
{
	const char *name = strerrorname_np(errno);

	printf("%s: %s\n", what, name ? name : "ENOTSUPP");
	return 1;
}

/* What follows a type, by its kind. */
static size_t extra(const struct btf_type *t)
{
	size_t vlen = BTF_INFO_VLEN(t->info);

	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case 17:			/* DECL_TAG */
		return 4;
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return vlen * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return vlen * sizeof(struct btf_enum);
	case BTF_KIND_FUNC_PROTO:
		return vlen * sizeof(struct btf_param);
	case BTF_KIND_DATASEC:
		return vlen * sizeof(struct btf_var_secinfo);
	case 19:			/* ENUM64 */
		return vlen * 12;
	default:
		return 0;
	}
}

static char *read_all(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	ssize_t got;
	char *to;

	if (fd < 0 || fstat(fd, &st))
		return NULL;
	to = malloc(st.st_size);
	for (*size = 0; to && *size < (size_t)st.st_size; *size += got) {
		got = read(fd, to + *size, st.st_size - *size);
		if (got <= 0)
			break;
	}
	close(fd);
	return to;
}

static int btf_func(const char *name)
{
	size_t size;
	char *all = read_all("/sys/kernel/btf/vmlinux", &size);
	struct btf_header *h = (void *)all;
	const struct btf_type *t;
	char *at, *end;
	int id;

	if (!all)
		return -1;
	at = all + h->hdr_len + h->type_off;
	end = at + h->type_len;
	for (id = 1; at < end; id++, at += sizeof(*t) + extra(t)) {
		t = (void *)at;
		if (BTF_INFO_KIND(t->info) == BTF_KIND_FUNC &&
		    !strcmp(all + h->hdr_len + h->str_off + t->name_off, name))
			return id;
	}
	errno = ENOENT;
	return -1;
}

static int make_map(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8,
		.max_entries = 1,
	};

	return bpf(BPF_MAP_CREATE, &attr);
}

static int load(int map, int type, int attach_type, int btf_id)
{
	struct bpf_insn insns[] = {
		INSN(BPF_LD | BPF_DW | BPF_IMM, 1, BPF_PSEUDO_MAP_FD, 0, map),
		INSN(0, 0, 0, 0, 0),
		INSN(BPF_ST | BPF_W | BPF_MEM, 10, 0, -4, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_X, 2, 10, 0, 0),
		INSN(BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, -4),
		INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem),
		INSN(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, 1, 0, 0, 1),
		INSN(BPF_STX | BPF_DW | BPF_XADD, 0, 1, 0, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};
	static char log[65536];
	union bpf_attr attr = {
		.prog_type = type, .expected_attach_type = attach_type,
		.attach_btf_id = btf_id, .insns = (unsigned long)insns,
		.insn_cnt = sizeof(insns) / sizeof(*insns),
		.license = (unsigned long)"GPL",
	};
	int fd = bpf(BPF_PROG_LOAD, &attr);

	if (fd < 0 && errno == EINVAL) {
		attr.log_buf = (unsigned long)log;
		attr.log_size = sizeof(log);
		attr.log_level = 1;
		fd = bpf(BPF_PROG_LOAD, &attr);
		if (fd < 0)
			fputs(log, stderr);
	}
	return fd;
}

static int attach(int prog, const char *tracepoint)
{
	union bpf_attr attr = {
		.raw_tracepoint = {
			.name = (unsigned long)tracepoint, .prog_fd = prog,
		},
	};

	return bpf(BPF_RAW_TRACEPOINT_OPEN, &attr);
}

static unsigned long long count(int map)
{
	unsigned long long value = 0;
	unsigned int key = 0;
	union bpf_attr attr = {
		.map_fd = map, .key = (unsigned long)&key,
		.value = (unsigned long)&value,
	};

	bpf(BPF_MAP_LOOKUP_ELEM, &attr);
	return value;
}

int main(int argc, char **argv)
{
	int map, prog, link, sig, id = 0;
	sigset_t set;

	if (argc != 3)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	map = make_map();
	if (map < 0)
		return refuse("map");
	if (!strcmp(argv[1], "raw_tp")) {
		prog = load(map, BPF_PROG_TYPE_RAW_TRACEPOINT, 0, 0);
	} else {
		id = btf_func(argv[2]);
		if (id < 0)
			return refuse("BTF");
		prog = load(map, BPF_PROG_TYPE_TRACING,
			    !strcmp(argv[1], "fexit") ? BPF_TRACE_FEXIT :
							BPF_TRACE_FENTRY, id);
	}
	if (prog < 0)
		return refuse("load");
	link = attach(prog, id ? NULL : argv[2]);
	if (link < 0)
		return refuse("attach");
	puts("on");
	while (!sigwait(&set, &sig) && sig == SIGUSR1)
		printf("%llu\n", count(map));
	close(link);
	puts("off");
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * BTF out of a file: raw (/sys/kernel/btf/vmlinux), an ELF file (vmlinux), or
 * what distributions ship, the compressed image that the boot loader loads
 * (/boot/vmlinuz-*). The last says where its payload is; the payload is an ELF
 * file, for which the tools of its format are called.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/wait.h>

#include "command.h"
#include "image.h"
#include "libbpf.h"

/* Of the x86 boot protocol, 2.08 and later. */
#define SETUP_SECTS	0x1f1
#define HEADER_MAGIC	0x202
#define PROTOCOL	0x206
#define PAYLOAD_OFFSET	0x248
#define PAYLOAD_LENGTH	0x24c
#define HEADER_SIZE	0x250

/* The kernel's build appends the unpacked size, where a format has none. */
#define SIZE_APPENDED	4

static const struct format {
	const char	*magic;
	size_t		magic_len;
	const char	*tool;
	bool		size_appended;
} formats[] = {
	{ "\x28\xb5\x2f\xfd", 4, "zstd", true },
	{ "\xfd\x37\x7a\x58\x5a", 5, "xz", true },
	{ "\x1f\x8b", 2, "gzip", false },
	{ "\x02\x21\x4c\x18", 4, "lz4", true },
	{ "\x5d\x00\x00", 3, "lzma", true },
	{ "BZh", 3, "bzip2", true },
};

#define MAGIC_MAX 5

static __u16 le16(const __u8 *p)
{
	return p[0] | p[1] << 8;
}

static __u32 le32(const __u8 *p)
{
	return le16(p) | (__u32)le16(p + 2) << 16;
}

static const struct format *format_of(const __u8 *magic)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(formats); i++)
		if (!memcmp(magic, formats[i].magic, formats[i].magic_len))
			return &formats[i];
	return NULL;
}

/* A bootable image's payload; false for any other file. */
static bool find_payload(int file, off_t *start, size_t *len)
{
	__u8 header[HEADER_SIZE];
	unsigned int sectors;

	if (pread(file, header, sizeof(header), 0) != sizeof(header) ||
	    memcmp(header + HEADER_MAGIC, "HdrS", 4) ||
	    le16(header + PROTOCOL) < 0x208)
		return false;
	sectors = header[SETUP_SECTS] ? header[SETUP_SECTS] : 4;
	*start = (off_t)(sectors + 1) * 512 + le32(header + PAYLOAD_OFFSET);
	*len = le32(header + PAYLOAD_LENGTH);
	return true;
}

/* A file in memory that holds a part of another, for a tool to read. */
static int copy_part(int file, off_t start, size_t len)
{
	int copy = memfd_create("payload", MFD_CLOEXEC);
	ssize_t sent;

	if (copy < 0)
		return -errno;
	while (len) {
		sent = sendfile(copy, file, &start, len);
		if (sent <= 0) {
			close(copy);
			return sent ? -errno : -ENODATA;
		}
		len -= sent;
	}
	lseek(copy, 0, SEEK_SET);
	return copy;
}

static int run_tool(const char *tool, int in, int out)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return -errno;
	if (!pid) {
		if (dup2(in, STDIN_FILENO) >= 0 &&
		    dup2(out, STDOUT_FILENO) >= 0)
			execlp(tool, tool, "-d", "-c", (char *)NULL);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return -ENOPKG;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -EBADMSG;
}

static int unpack_payload(int file, off_t start, size_t len, const char *path)
{
	__u8 magic[MAGIC_MAX];
	const struct format *format = NULL;
	int in, out, err;

	if (pread(file, magic, sizeof(magic), start) == sizeof(magic))
		format = format_of(magic);
	if (!format || len <= SIZE_APPENDED) {
		complain("%s: an image of an unknown compression", path);
		return -1;
	}
	in = copy_part(file, start,
		       len - (format->size_appended ? SIZE_APPENDED : 0));
	out = memfd_create("vmlinux", MFD_CLOEXEC);
	err = in < 0 ? in : out < 0 ? -errno : run_tool(format->tool, in, out);
	if (in >= 0)
		close(in);
	if (!err)
		return out;
	if (err == -ENOPKG)
		complain("%s: needs %s to unpack it", path, format->tool);
	else
		complain("%s: cannot unpack it: %s", path, strerror(-err));
	if (out >= 0)
		close(out);
	return -1;
}

static struct btf *parse(int file, const char *path)
{
	char name[32], reason[128];
	struct btf *btf;
	long err;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", file);
	btf = btf__parse(name, NULL);
	err = libbpf_get_error(btf);
	if (!err)
		return btf;
	/* For an ELF file without BTF: the first is of older versions. */
	if (err == -ENOENT || err == -ENODATA) {
		complain("%s: has no BTF (CONFIG_DEBUG_INFO_BTF)", path);
	} else {
		libbpf_strerror(err, reason, sizeof(reason));
		complain("%s: cannot read BTF from it: %s", path, reason);
	}
	return NULL;
}

/* The kernel's BTF, to be freed with btf__free(); NULL, with a complaint. */
struct btf *image_btf(const char *path)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	struct btf *btf = NULL;
	int unpacked;
	off_t start;
	size_t len;

	if (file < 0) {
		complain("%s: %s", path, strerror(errno));
		return NULL;
	}
	if (!find_payload(file, &start, &len)) {
		btf = parse(file, path);
	} else {
		unpacked = unpack_payload(file, start, len, path);
		if (unpacked >= 0) {
			btf = parse(unpacked, path);
			close(unpacked);
		}
	}
	close(file);
	return btf;
}

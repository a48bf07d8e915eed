// SPDX-License-Identifier: GPL-2.0-only
/*
 * Will the loader of a program take an object of ours, and will that get its
 * main()? What the loader cannot preload it leaves out and goes on, which for a
 * sandbox is the wrong way to fail: so all of it is known before.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "command.h"
#include "program.h"

#define START	"__libc_start_main"

struct file {
	const char	*data;
	size_t		size;
};

static bool is_program(const char *path)
{
	struct stat st;

	if (access(path, X_OK) || stat(path, &st))
		return false;
	errno = EACCES;
	return S_ISREG(st.st_mode);
}

/* As execvp(3) looks for it; false with errno. */
bool program_find(const char *name, char *path, size_t size)
{
	const char *dirs = getenv("PATH");
	char standard[PATH_MAX];
	int err = ENOENT;
	size_t len;

	if (!*name || strchr(name, '/')) {
		snprintf(path, size, "%s", name);
		return is_program(path);
	}
	if (!dirs) {
		confstr(_CS_PATH, standard, sizeof(standard));
		dirs = standard;
	}
	/* One that is empty, the last one too, is where we are. */
	for (;; dirs += len + 1) {
		len = strcspn(dirs, ":");
		snprintf(path, size, "%.*s%s%s", (int)len, dirs,
			 len ? "/" : "./", name);
		if (is_program(path))
			return true;
		if (errno == EACCES)
			err = EACCES;
		if (!dirs[len])
			break;
	}
	errno = err;
	return false;
}

/* @len bytes of the file, or NULL where it has not that many. */
static const void *part(const struct file *file, __u64 at, __u64 len)
{
	return at <= file->size && len <= file->size - at ? file->data + at :
							    NULL;
}

static const Elf64_Phdr *segments(const struct file *file, size_t *count)
{
	const Elf64_Ehdr *header = part(file, 0, sizeof(*header));

	*count = header->e_phnum;
	if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phoff % 8)
		return NULL;
	return part(file, header->e_phoff, *count * sizeof(Elf64_Phdr));
}

static const Elf64_Phdr *segment(const struct file *file, Elf64_Word type)
{
	size_t count, i;
	const Elf64_Phdr *p = segments(file, &count);

	for (i = 0; p && i < count; i++)
		if (p[i].p_type == type)
			return &p[i];
	return NULL;
}

/* What will be mapped at an address. */
static const void *mapped(const struct file *file, __u64 address, __u64 len)
{
	size_t count, i;
	const Elf64_Phdr *p = segments(file, &count);

	for (i = 0; p && i < count; i++)
		if (p[i].p_type == PT_LOAD && address >= p[i].p_vaddr &&
		    address - p[i].p_vaddr < p[i].p_filesz)
			return part(file,
				    p[i].p_offset + address - p[i].p_vaddr,
				    len);
	return NULL;
}

static const Elf64_Dyn *dynamic_section(const struct file *file, size_t *count)
{
	const Elf64_Phdr *dynamic = segment(file, PT_DYNAMIC);

	if (!dynamic || dynamic->p_offset % 8)
		return NULL;
	*count = dynamic->p_filesz / sizeof(Elf64_Dyn);
	return part(file, dynamic->p_offset, dynamic->p_filesz);
}

/* A program with a start of its own would never come to our main(). */
static bool is_started_by_libc(const struct file *file)
{
	const char *names = NULL;
	Elf64_Addr strtab = 0;
	Elf64_Xword size = 0;
	size_t count, i;
	const Elf64_Dyn *dyn = dynamic_section(file, &count);

	for (i = 0; dyn && i < count; i++) {
		if (dyn[i].d_tag == DT_STRTAB)
			strtab = dyn[i].d_un.d_ptr;
		if (dyn[i].d_tag == DT_STRSZ)
			size = dyn[i].d_un.d_val;
	}
	if (strtab)
		names = mapped(file, strtab, size);
	return names && memmem(names, size, START, sizeof(START));
}

/* An auditor can keep our object out, or give the program another start. */
static bool is_audited(const struct file *file)
{
	size_t count, i;
	const Elf64_Dyn *dyn = dynamic_section(file, &count);

	for (i = 0; dyn && i < count; i++)
		if (dyn[i].d_tag == DT_AUDIT || dyn[i].d_tag == DT_DEPAUDIT)
			return true;
	return false;
}

/* The first that is called for is this program. */
static int get_loader(struct dl_phdr_info *info, size_t size, void *to)
{
	const char **loader = to;
	size_t i;

	(void)size;
	for (i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_INTERP)
			*loader = (const char *)info->dlpi_addr +
				  info->dlpi_phdr[i].p_vaddr;
	return 1;
}

/* By file: any other could have the same name, and be anything. */
static bool is_run_by_our_loader(const struct file *file,
				 const Elf64_Phdr *interp)
{
	const char *name = part(file, interp->p_offset, interp->p_filesz);
	const char *loader = NULL;
	struct stat theirs, ours;

	dl_iterate_phdr(get_loader, &loader);
	return loader && name && interp->p_filesz &&
	       !name[interp->p_filesz - 1] && !stat(name, &theirs) &&
	       !stat(loader, &ours) && theirs.st_dev == ours.st_dev &&
	       theirs.st_ino == ours.st_ino;
}

/* Why not; NULL if it will. */
static const char *why_not(const struct file *file)
{
	const Elf64_Ehdr *header = part(file, 0, sizeof(*header));
	const Elf64_Phdr *interp;

	if (file->size > 1 && !memcmp(file->data, "#!", 2))
		return "a script, which in strict mode nothing can read";
	if (!header || memcmp(header->e_ident, ELFMAG, SELFMAG))
		return "no program that the kernel runs by itself";
	if (header->e_ident[EI_CLASS] != ELFCLASS64 ||
	    header->e_machine != EM_X86_64)
		return "no program for x86-64";
	interp = segment(file, PT_INTERP);
	if (!interp)
		return "statically linked, so that nothing can enter strict mode for it before its main()";
	if (!is_run_by_our_loader(file, interp))
		return "its loader is not that of this command";
	if (!is_started_by_libc(file))
		return "it is not started by the C library, so that its main() is not known";
	if (is_audited(file))
		return "it has the loader audited, which can change what is preloaded";
	return NULL;
}

static const char *judge_privileges(int fd, const struct stat *st)
{
	if (st->st_mode & (S_ISUID | S_ISGID))
		return "set-user-id or set-group-id, and the loader preloads nothing for such a program";
	if (fgetxattr(fd, "security.capability", NULL, 0) > 0)
		return "it has file capabilities, and the loader preloads nothing for such a program";
	return NULL;
}

static const char *judge(int fd)
{
	const char *reason;
	struct file file;
	struct stat st;
	void *data;

	if (fstat(fd, &st))
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "no regular file";
	reason = judge_privileges(fd, &st);
	if (reason)
		return reason;
	data = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return st.st_size ? strerror(errno) : "an empty file";
	file.data = data;
	file.size = st.st_size;
	reason = why_not(&file);
	munmap(data, st.st_size);
	return reason;
}

/*
 * The loader lists what it would load, as for ldd(1). It is asked about this
 * command, which it loads as it would the program: that may be up to anything,
 * and nothing of it is to run before it is confined.
 */
static bool loader_takes(const char *object)
{
	static const char self[] = "/proc/self/exe";
	char *line = NULL;
	bool takes = false;
	size_t size = 0;
	int ends[2];
	FILE *list;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return false;
	pid = fork();
	if (!pid) {
		setenv("LD_TRACE_LOADED_OBJECTS", "1", 1);
		if (dup2(ends[1], STDOUT_FILENO) >= 0 &&
		    dup2(ends[1], STDERR_FILENO) >= 0)
			execl(self, self, (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	list = pid < 0 ? NULL : fdopen(ends[0], "r");
	while (list && getline(&line, &size, list) > 0)
		if (line[0] == '\t' &&
		    !strncmp(line + 1, object, strlen(object)) &&
		    !strncmp(line + 1 + strlen(object), " (0x", 4))
			takes = true;
	free(line);
	if (list)
		fclose(list);
	else
		close(ends[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return takes;
}

/* @object is in LD_PRELOAD; complains if the program would start without. */
bool program_takes(const char *path, const char *object)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const char *reason;

	reason = fd < 0 ? strerror(errno) : judge(fd);
	if (fd >= 0)
		close(fd);
	if (!reason && !loader_takes(object))
		reason = "its loader does not preload our object";
	if (reason)
		complain("%s cannot be started in strict mode: %s", path,
			 reason);
	return !reason;
}

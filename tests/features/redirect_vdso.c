// SPDX-License-Identifier: GPL-2.0-only
/*
 * Redirect: 32-bit programs call by the vdso, whose sysenter or syscall has the
 * sixth argument on the stack. One such program, made here, makes a call, tells
 * what its registers are then, and makes it again for each byte that it reads.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "redirkit.h"

#define STRING_OF(x) #x
#define STRING(x) STRING_OF(x)

#define GO_FD 102
#define NO_SYSINFO 66			/* the exit code without a vdso */

/* The stack has argc, arguments, environment; then pairs of words. */
__asm__(
"	.section .rodata\n"
"	.code32\n"
"vdso_code:\n"
"	mov	(%esp), %ecx\n"
"	lea	8(%esp,%ecx,4), %esi\n"
"1:	lodsl\n"
"	test	%eax, %eax\n"
"	jnz	1b\n"
"2:	lodsl\n"
"	mov	%eax, %edx\n"
"	lodsl\n"
"	cmp	$32, %edx\n"		/* AT_SYSINFO */
"	je	3f\n"
"	test	%edx, %edx\n"
"	jnz	2b\n"
"	mov	$" STRING(NO_SYSINFO) ", %ebx\n"
"	jmp	6f\n"
"3:	push	%eax\n"
"4:	call	5f\n"
"5:	pop	%ebp\n"
"	mov	vdso_call-5b(%ebp), %eax\n"
"	mov	vdso_call-5b+4(%ebp), %ebx\n"
"	mov	vdso_call-5b+8(%ebp), %ecx\n"
"	mov	vdso_call-5b+12(%ebp), %edx\n"
"	mov	vdso_call-5b+16(%ebp), %esi\n"
"	mov	vdso_call-5b+20(%ebp), %edi\n"
"	mov	vdso_call-5b+24(%ebp), %ebp\n"
"	call	*(%esp)\n"
"	push	%ebp\n"
"	push	%edi\n"
"	push	%esi\n"
"	push	%edx\n"
"	push	%ecx\n"
"	push	%ebx\n"
"	push	%eax\n"
"	mov	$4, %eax\n"		/* write */
"	mov	$" STRING(REPORT_FD) ", %ebx\n"
"	mov	%esp, %ecx\n"
"	mov	$28, %edx\n"
"	int	$0x80\n"
"	mov	$3, %eax\n"		/* read */
"	mov	$" STRING(GO_FD) ", %ebx\n"
"	mov	%esp, %ecx\n"
"	mov	$1, %edx\n"
"	int	$0x80\n"
"	add	$28, %esp\n"
"	cmp	$1, %eax\n"
"	je	4b\n"
"	mov	$0, %ebx\n"
"6:	mov	$1, %eax\n"		/* exit */
"	int	$0x80\n"
"vdso_call:\n"
"	.fill	7, 4, 0\n"
"vdso_end:\n"
"	.code64\n"
"	.text\n");

extern const char vdso_code[], vdso_end[];

/* What it calls, or has in its registers: the number, and its arguments. */
struct call32 {
	uint32_t word[7];
};

#define BASE 0x400000

struct header32 {
	Elf32_Ehdr e;
	Elf32_Phdr p;
};

static int program_of(const struct call32 *call)
{
	size_t len = vdso_end - vdso_code;
	struct header32 h = {
		.e = { .e_ident = ELFMAG, .e_type = ET_EXEC,
		       .e_machine = EM_386, .e_version = EV_CURRENT,
		       .e_entry = BASE + sizeof(h), .e_phnum = 1,
		       .e_phoff = sizeof(h.e), .e_ehsize = sizeof(h.e),
		       .e_phentsize = sizeof(h.p) },
		.p = { .p_type = PT_LOAD, .p_flags = PF_R | PF_X,
		       .p_vaddr = BASE, .p_filesz = sizeof(h) + len,
		       .p_memsz = sizeof(h) + len, .p_align = PAGE },
	};
	int fd = memfd_create("program", 0);

	NEED(fd >= 0);
	h.e.e_ident[EI_CLASS] = ELFCLASS32;
	h.e.e_ident[EI_DATA] = ELFDATA2LSB;
	h.e.e_ident[EI_VERSION] = EV_CURRENT;
	NEED(write(fd, &h, sizeof(h)) == sizeof(h));
	NEED(write(fd, vdso_code, len) == (ssize_t)len);
	NEED(pwrite(fd, call, sizeof(*call), sizeof(h) + len - sizeof(*call)) ==
	     sizeof(*call));
	NEED(!fchmod(fd, 0755));
	return fd;
}

struct caller {
	struct kid k;
	struct call32 call;
	char path[64];
	int go;
	int from;
};

static void caller_kid(struct kid *k)
{
	const struct caller *c = k->arg;
	char *argv[] = { "caller", NULL };
	struct prog p = { .len = 0 };

	no_new_privs();
	prog_rule_arg(&p, AUDIT_ARCH_I386, IA32_read, 0, GO_FD, PASS);
	prog_rule(&p, AUDIT_ARCH_I386, c->call.word[0], ASK);
	listener_hand(k, prog_install(&p, SECCOMP_RET_ALLOW, NESTABLE));
	raw(SYS_execve, c->path, argv, NULL);
	raw(SYS_exit_group, 1);
}

/* The instruction by which the vdso of PID calls. */
static const char *way_of(pid_t pid)
{
	uint32_t pair[2] = { 0 }, at = 0;
	unsigned char code[16];
	char path[64];
	int fd, i;

	snprintf(path, sizeof(path), "/proc/%d/auxv", pid);
	fd = open(path, O_RDONLY);
	NEED(fd >= 0);
	while (!at && read(fd, pair, sizeof(pair)) == sizeof(pair) && pair[0])
		at = pair[0] == 32 ? pair[1] : 0;
	close(fd);
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDONLY);
	NEED(at && fd >= 0 && pread(fd, code, sizeof(code), at) > 0);
	close(fd);
	for (i = 0; i < 15; i++)
		if (code[i] == 0x0f && (code[i + 1] == 0x34 ||
					code[i + 1] == 0x05))
			return code[i + 1] == 0x34 ? "sysenter" : "syscall";
	return NULL;
}

static void asks(struct caller *c, struct notice *n)
{
	int i;

	CHECK(notice_waits(c->k.listener, ASKED_MS));
	notice_recv(c->k.listener, n);
	CHECK_EQ(n->nr, c->call.word[0]);
	for (i = 0; i < 6; i++)
		CHECK_EQ(n->arg[i], c->call.word[i + 1]);
}

/* It has made its first call, N. */
static void caller_start(struct caller *c, struct notice *n)
{
	const char *way;
	int p[2];

	need_redirect();
	need_ia32();
	NEED(!pipe2(p, O_CLOEXEC));
	NEED(dup2(p[0], GO_FD) == GO_FD);
	close(p[0]);
	c->go = p[1];
	c->from = report_open();
	snprintf(c->path, sizeof(c->path), "/proc/self/fd/%d",
		 program_of(&c->call));
	kid_start(&c->k, caller_kid, c);
	listener_take(&c->k);
	/* Its end shows, and its reports are not ours. */
	close(GO_FD);
	close(REPORT_FD);
	asks(c, n);
	way = way_of(c->k.pid);
	if (!way)
		skip("the vdso calls by int $0x80");
	diag("the vdso calls by %s", way);
}

static void calls_again(struct caller *c, struct notice *n)
{
	NEED(write(c->go, "", 1) == 1);
	asks(c, n);
}

/* What the call gave; the registers are what they were. */
static long returned(struct caller *c)
{
	struct pollfd p = { .fd = c->from, .events = POLLIN };
	struct call32 is;
	int i;

	CHECK(poll(&p, 1, ASKED_MS) > 0);
	CHECK_EQ(read(c->from, &is, sizeof(is)), sizeof(is));
	for (i = 1; i < 7; i++)
		CHECK_EQ(is.word[i], c->call.word[i]);
	return (int32_t)is.word[0];
}

static void caller_end(struct caller *c)
{
	close(c->go);
	CHECK_EQ(ending(kid_wait(&c->k)), 0);
	close(c->k.listener);
	close(c->from);
	kid_close(&c->k);
}

/* All six */

#define PLACE_A 0x20000000
#define PLACE_B 0x28000000
#define PLACE_C 0x30000000

static int make_file(void)
{
	int fd = memfd_create("file", 0);

	NEED(fd >= 0 && !ftruncate(fd, 16 * PAGE));
	return fd;
}

/* Whether it may be executed is up to the personality of such programs. */
static void is_mapped(struct caller *c, uint64_t at, int fd, long pages,
		      long offset, bool shared)
{
	struct mapping m;
	struct stat st;

	NEED(!fstat(fd, &st));
	CHECK(mapping_at(c->k.pid, at, &m));
	CHECK_EQ(m.end - m.start, pages * PAGE);
	CHECK_EQ(m.offset, offset * PAGE);
	CHECK_EQ(m.inode, st.st_ino);
	CHECK_EQ(m.perms[1], shared ? 'w' : '-');
	CHECK_EQ(m.perms[3], shared ? 's' : 'p');
}

CASE(redirect_vdso, "a 32-bit program that calls by its vdso")
{
	const int own = make_file(), other = make_file();
	const uint64_t all[6] = {
		PLACE_B, 3 * PAGE, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_FIXED_NOREPLACE, other, 2,
	};
	const uint64_t last[6] = { PLACE_C, 0, 0, 0, 0, 3 };
	struct caller c = { .call = { {
		IA32_mmap2, PLACE_A, PAGE, PROT_READ,
		MAP_PRIVATE | MAP_FIXED_NOREPLACE, own, 1,
	} } };
	struct notice n;

	caller_start(&c, &n);
	CHECK_EQ(notice_continue(c.k.listener, &n), 0);
	CONTROL_EQ(returned(&c), PLACE_A);
	is_mapped(&c, PLACE_A, own, 1, 1, false);
	calls_again(&c, &n);
	CHECK_EQ(redir_args(c.k.listener, &n, ALL_ARGS, all), 0);
	CHECK_EQ(returned(&c), PLACE_B);
	is_mapped(&c, PLACE_B, other, 3, 2, true);
	/* The first and the sixth alone. */
	calls_again(&c, &n);
	CHECK_EQ(redir_args(c.k.listener, &n, 1 << 0 | 1 << 5, last), 0);
	CHECK_EQ(returned(&c), PLACE_C);
	is_mapped(&c, PLACE_C, own, 1, 3, false);
	calls_again(&c, &n);
	CHECK_EQ(notice_continue(c.k.listener, &n), 0);
	CONTROL_EQ(returned(&c), -EEXIST);
	caller_end(&c);
}

/* The call is interrupted, and made again by int $0x80. */
CASE(redirect_vdso_restart, "which is restarted with what it had called")
{
	uint64_t args[6] = { 0, 0, 0, 7, 8, 9 };
	struct caller c = { .call = { { IA32_read, 0, BASE, 0, 4, 5, 6 } } };
	int own[2], other[2];
	struct notice n;

	NEED(!pipe(own) && !pipe(other));
	c.call.word[1] = own[0];
	c.call.word[3] = 1;
	args[0] = other[0];
	args[1] = BASE;
	args[2] = 1;
	caller_start(&c, &n);
	CHECK_EQ(redir_args(c.k.listener, &n, ALL_ARGS, args), 0);
	pause_ms(30);
	wait_asleep(c.k.pid);
	CONTROL(!notice_waits(c.k.listener, 0));
	NEED(!kill(c.k.pid, SIGSTOP) && !kill(c.k.pid, SIGCONT));
	asks(&c, &n);
	NEED(write(own[1], "x", 1) == 1);
	CHECK_EQ(notice_continue(c.k.listener, &n), 0);
	/* It cannot be written there: what is read is known by that. */
	CHECK_EQ(returned(&c), -EFAULT);
	/* Nothing is to be read from the other, which it waits for. */
	NEED(write(other[1], "x", 1) == 1);
	calls_again(&c, &n);
	args[1] = 0;
	CHECK_EQ(redir_args(c.k.listener, &n, ALL_ARGS, args), 0);
	CONTROL_EQ(returned(&c), -EFAULT);
	caller_end(&c);
}

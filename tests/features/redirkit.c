// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/ucontext.h>
#include <sys/user.h>
#include <unistd.h>

#include <linux/capability.h>

#include "redirkit.h"

/* Registers */

struct regs *redir_child;
struct shot *redir_shot;

/*
 * r11 is nobody's argument. After the call rax changes places with the address
 * on the stack, so that every other register can be stored as it is.
 */
__asm__(
".macro STORE_REGS to\n"
"	mov	%rdi, 8(\\to)\n"
"	mov	%rsi, 16(\\to)\n"
"	mov	%rdx, 24(\\to)\n"
"	mov	%r10, 32(\\to)\n"
"	mov	%r8, 40(\\to)\n"
"	mov	%r9, 48(\\to)\n"
"	mov	%rbx, 56(\\to)\n"
"	mov	%rcx, 64(\\to)\n"
"	mov	%rbp, 72(\\to)\n"
"	mov	%r12, 80(\\to)\n"
"	mov	%r13, 88(\\to)\n"
"	mov	%r14, 96(\\to)\n"
"	mov	%r15, 104(\\to)\n"
".endm\n"
".macro REGS_CALL bits, insn:vararg\n"
"	.globl	regs_call_\\bits\n"
"	.type	regs_call_\\bits, @function\n"
"regs_call_\\bits:\n"
"	push	%rbx\n"
"	push	%rbp\n"
"	push	%r12\n"
"	push	%r13\n"
"	push	%r14\n"
"	push	%r15\n"
"	push	%rsi\n"
"	mov	%rdi, %r11\n"
"	mov	0(%r11), %rax\n"
"	mov	8(%r11), %rdi\n"
"	mov	16(%r11), %rsi\n"
"	mov	24(%r11), %rdx\n"
"	mov	32(%r11), %r10\n"
"	mov	40(%r11), %r8\n"
"	mov	48(%r11), %r9\n"
"	mov	56(%r11), %rbx\n"
"	mov	64(%r11), %rcx\n"
"	mov	72(%r11), %rbp\n"
"	mov	80(%r11), %r12\n"
"	mov	88(%r11), %r13\n"
"	mov	96(%r11), %r14\n"
"	mov	104(%r11), %r15\n"
"	\\insn\n"
"	.globl	regs_after_\\bits\n"
"regs_after_\\bits:\n"
"	test	%rax, %rax\n"
"	jnz	1f\n"
"	mov	redir_child(%rip), %r11\n"
"	test	%r11, %r11\n"
"	jz	1f\n"
"	STORE_REGS %r11\n"
"	mov	$60, %eax\n"
"	xor	%edi, %edi\n"
"	syscall\n"
"1:	xchg	%rax, (%rsp)\n"
"	STORE_REGS %rax\n"
"	pop	%rcx\n"
"	mov	%rcx, 0(%rax)\n"
"	pop	%r15\n"
"	pop	%r14\n"
"	pop	%r13\n"
"	pop	%r12\n"
"	pop	%rbp\n"
"	pop	%rbx\n"
"	ret\n"
"	.size	regs_call_\\bits, . - regs_call_\\bits\n"
".endm\n"
"	.text\n"
"	REGS_CALL 64, syscall\n"
"	REGS_CALL 32, int $0x80\n");

uint64_t *regs_arg(struct regs *r, bool ia32, int i)
{
	uint64_t *const wide[] = { &r->di, &r->si, &r->dx,
				   &r->r10, &r->r8, &r->r9 };
	uint64_t *const narrow[] = { &r->bx, &r->cx, &r->dx,
				     &r->si, &r->di, &r->bp };

	return ia32 ? narrow[i] : wide[i];
}

void regs_pattern(struct regs *r, bool wide)
{
	uint64_t *word = (uint64_t *)r;
	unsigned int i;

	for (i = 0; i < sizeof(*r) / sizeof(*word); i++)
		word[i] = 0x5eed0000 + i +
			  (wide ? 0xfeed1000ULL + i : 0) * 0x100000000ULL;
}

static bool same(const char *name, uint64_t is, uint64_t want)
{
	if (is == want)
		return true;
	diag("%s is %#lx, not %#lx", name, (long)is, (long)want);
	return false;
}

#define SAME(reg) same(#reg, is->reg, want->reg)

bool regs_equal(const struct regs *is, const struct regs *want, bool ia32)
{
	bool ok = true;

	ok &= SAME(di);
	ok &= SAME(si);
	ok &= SAME(dx);
	ok &= SAME(r10);
	ok &= SAME(r8);
	ok &= SAME(r9);
	ok &= SAME(bx);
	ok &= !ia32 || SAME(cx);
	ok &= SAME(bp);
	ok &= SAME(r12);
	ok &= SAME(r13);
	ok &= SAME(r14);
	return SAME(r15) && ok;
}

void regs_of_tracee(pid_t pid, struct regs *r)
{
	struct user_regs_struct u;

	NEED(!ptrace(PTRACE_GETREGS, pid, NULL, &u));
	*r = (struct regs){
		.ax = u.rax, .di = u.rdi, .si = u.rsi, .dx = u.rdx,
		.r10 = u.r10, .r8 = u.r8, .r9 = u.r9, .bx = u.rbx,
		.cx = u.rcx, .bp = u.rbp, .r12 = u.r12, .r13 = u.r13,
		.r14 = u.r14, .r15 = u.r15,
	};
}

static void frame_keep(int sig, siginfo_t *info, void *context)
{
	const greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;
	struct shot *s = redir_shot;

	s->frame = (struct regs){
		.ax = g[REG_RAX], .di = g[REG_RDI], .si = g[REG_RSI],
		.dx = g[REG_RDX], .r10 = g[REG_R10], .r8 = g[REG_R8],
		.r9 = g[REG_R9], .bx = g[REG_RBX], .cx = g[REG_RCX],
		.bp = g[REG_RBP], .r12 = g[REG_R12], .r13 = g[REG_R13],
		.r14 = g[REG_R14], .r15 = g[REG_R15],
	};
	s->frame_ip = g[REG_RIP];
	s->signal = sig;
	s->code = info->si_code;
	s->nr = sig == SIGSYS ? info->si_syscall : -1;
	s->frames++;
}

void catch_signal(int sig, int flags)
{
	handle_signal(sig, flags, frame_keep);
}

/* The target */

static long shoot(long arg)
{
	struct shot *s = redir_shot;

	(void)arg;
	if (s->ia32)
		regs_call_32(&s->before, &s->after);
	else
		regs_call_64(&s->before, &s->after);
	return s->after.ax;
}

static void redir_kid(struct kid *k)
{
	void (*const *set)(void) = k->arg;
	long fn, arg = 0;

	no_new_privs();
	if (*set)
		(*set)();
	while (hear(k, &fn) && fn) {
		hear(k, &arg);
		say(k, ((long (*)(long))fn)(arg));
	}
}

void redir_start(struct redir *t, void (*set)(void))
{
	need_redirect();
	memset(t, 0, sizeof(*t));
	t->shot = mmap(NULL, sizeof(*t->shot), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	NEED(t->shot != MAP_FAILED);
	redir_shot = t->shot;
	kid_start(&t->k, redir_kid, &set);
}

static void start_fn(struct redir *t, long (*fn)(long arg), long arg)
{
	say(&t->k, (long)fn);
	say(&t->k, arg);
}

long redir_do(struct redir *t, long (*fn)(long arg), long arg)
{
	start_fn(t, fn, arg);
	return heard(&t->k);
}

static long close_fd(long fd)
{
	return raw(SYS_close, fd);
}

/* FN gave a listener if FLAGS say so; it becomes ours alone. */
static void take_layer(struct redir *t, unsigned long flags,
		       long (*fn)(long arg), long arg)
{
	long fd = MUST(redir_do(t, fn, arg));
	int ours = -1;

	NEED(t->n < REDIR_LAYERS);
	if (flags & NEW_LISTENER) {
		ours = syscall(SYS_pidfd_getfd, t->k.pidfd, fd, 0);
		NEED(ours >= 0);
		MUST(redir_do(t, close_fd, fd));
	}
	t->listener[t->n++] = ours;
}

static long install_rule(long arg)
{
	const struct rule *r = &redir_shot->rule;
	struct prog p = { .len = 0 };

	(void)arg;
	if (r->arg == ANY_ARG)
		prog_rule(&p, r->arch, r->nr, r->action);
	else
		prog_rule_arg(&p, r->arch, r->nr, r->arg, r->value, r->action);
	return prog_install(&p, SECCOMP_RET_ALLOW, r->flags);
}

void redir_rule(struct redir *t, const struct rule *r)
{
	t->shot->rule = *r;
	take_layer(t, r->flags, install_rule, 0);
}

static long install_layer(long layer)
{
	return layer_install(layer, redir_shot->rule.flags);
}

void redir_layer(struct redir *t, unsigned long flags)
{
	t->shot->rule.flags = flags;
	take_layer(t, flags, install_layer, t->n);
}

void redir_ask_arg(struct redir *t, long nr, int arg, uint32_t value)
{
	redir_rule(t, &(struct rule){
		.flags = NESTABLE, .nr = nr, .arg = arg, .value = value,
		.arch = t->shot->ia32 ? AUDIT_ARCH_I386 : AUDIT_ARCH_X86_64,
		.action = ASK });
}

void redir_ask(struct redir *t, long nr)
{
	redir_ask_arg(t, nr, ANY_ARG, 0);
}

void redir_load_args(struct redir *t, const long *nr_and_args)
{
	struct regs *r = &t->shot->before;
	int i;

	regs_pattern(r, !t->shot->ia32);
	r->ax = nr_and_args[0];
	for (i = 0; i < 6; i++)
		*regs_arg(r, t->shot->ia32, i) = nr_and_args[i + 1];
}

void redir_call(struct redir *t)
{
	memset(&t->shot->after, 0, sizeof(t->shot->after));
	start_fn(t, shoot, 0);
}

long redir_result(struct redir *t)
{
	return heard(&t->k);
}

static bool sleeps_in(pid_t pid, long nr, int i, uint64_t value)
{
	unsigned long arg[6];
	char path[64], line[256];
	long is;

	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	if (!read_line(path, line, sizeof(line)))
		return false;
	return sscanf(line, "%ld %lx %lx %lx %lx %lx %lx", &is, &arg[0],
		      &arg[1], &arg[2], &arg[3], &arg[4], &arg[5]) == 7 &&
	       is == nr && arg[i] == value;
}

void redir_blocked(struct redir *t, long nr, int i, uint64_t value)
{
	int n = 0;

	while (!sleeps_in(t->k.pid, nr, i, value)) {
		NEED(n++ < 4000);
		pause_ms(1);
	}
}

bool redir_waits(struct redir *t, int ms)
{
	struct pollfd p = { .fd = t->k.in, .events = POLLIN };

	return poll(&p, 1, ms) == 0;
}

bool redir_untouched(struct redir *t)
{
	return regs_equal(&t->shot->after, &t->shot->before, t->shot->ia32);
}

void redir_asked(struct redir *t, int layer, struct notice *n)
{
	CHECK(notice_waits(t->listener[layer], ASKED_MS));
	notice_recv(t->listener[layer], n);
	CHECK_EQ(n->pid, t->k.pid);
}

bool redir_asked_nobody(struct redir *t, int ms)
{
	return none_waits(t->listener, t->n, ms);
}

void redir_close(struct redir *t, int layer)
{
	close(t->listener[layer]);
	t->listener[layer] = -1;
}

static void release(struct redir *t)
{
	int i;

	for (i = 0; i < t->n; i++)
		if (t->listener[i] >= 0)
			redir_close(t, i);
	close(t->k.in);
	close(t->k.out);
	close(t->k.pidfd);
	munmap(t->shot, sizeof(*t->shot));
}

void redir_end(struct redir *t)
{
	say(&t->k, 0);
	CHECK_EQ(ending(kid_wait(&t->k)), 0);
	release(t);
}

int redir_reap(struct redir *t)
{
	int end = ending(kid_wait(&t->k));

	release(t);
	return end;
}

/* Answers */

redirection redirect_of(const struct notice *n)
{
	return (redirection){ .id = n->id,
			      .flags = SECCOMP_REDIRECT_FLAG_CONTINUE };
}

long redir_args(int listener, const struct notice *n, uint32_t mask,
		const uint64_t *args)
{
	redirection r = redirect_of(n);

	r.args_mask = mask;
	memcpy(r.args, args, sizeof(r.args));
	return send_redirect(listener, &r);
}

long redir_arg(int listener, const struct notice *n, int i, uint64_t value)
{
	uint64_t args[6] = { 0 };

	args[i] = value;
	return redir_args(listener, n, 1U << i, args);
}

void asked_redirect(struct nest *t, int layer, int of, uint32_t verdict)
{
	struct notice n;

	asked(t, layer, &n);
	CHECK_EQ(redir_arg(t->listener[layer], &n, of, verdict), 0);
}

/* Memory */

void mem_make(struct mem *m, int pages)
{
	sealed_pages(&m->s, pages);
	m->map = (char *)m->s.map;
	m->at = 0;
}

void mem_free(struct mem *m)
{
	sealed_free(&m->s);
}

void mem_pin(int listener, const struct notice *n, struct mem *m)
{
	m->at = 0;
	CHECK_EQ(pin_install(listener, n->id, m->s.fd, &m->at, m->s.size, 0),
		 0);
}

void mem_point(redirection *r, const struct mem *m, int i, size_t offset,
	       size_t len)
{
	r->args_mask |= 1U << i;
	r->ptr_mask |= 1U << i;
	r->memfd = m->s.fd;
	r->args[i] = m->at + offset;
	r->ptr_len[i] = len;
}

/* The program */

#define STRING_OF(x) #x
#define STRING(x) STRING_OF(x)

/* The stack then has the registers, argc, and the address of argv[0]. */
__asm__(
"	.section .rodata\n"
"image_code:\n"
"	push	%r15\n"
"	push	%r14\n"
"	push	%r13\n"
"	push	%r12\n"
"	push	%rbp\n"
"	push	%rcx\n"
"	push	%rbx\n"
"	push	%r9\n"
"	push	%r8\n"
"	push	%r10\n"
"	push	%rdx\n"
"	push	%rsi\n"
"	push	%rdi\n"
"	push	%rax\n"
"	mov	$1, %eax\n"
"	mov	$" STRING(REPORT_FD) ", %edi\n"
"	mov	%rsp, %rsi\n"
"	mov	$112, %edx\n"
"	syscall\n"
/* All strings stand in the last page of the stack. */
"	mov	120(%rsp), %rsi\n"
"	mov	%esi, %edx\n"
"	neg	%edx\n"
"	and	$4095, %edx\n"
"	mov	$1, %eax\n"
"	syscall\n"
"	mov	$60, %eax\n"
"	mov	image_exit(%rip), %edi\n"
"	syscall\n"
"image_exit:\n"
"	.long	0\n"
"image_end:\n"
"	.text\n");

extern const char image_code[], image_end[];

#define IMAGE_BASE 0x400000UL

struct image_header {
	Elf64_Ehdr e;
	Elf64_Phdr p;
};

int image_of(const char *code, const char *end)
{
	size_t len = end - code;
	struct image_header h = {
		.e = { .e_ident = ELFMAG, .e_type = ET_EXEC,
		       .e_machine = EM_X86_64, .e_version = EV_CURRENT,
		       .e_entry = IMAGE_BASE + sizeof(h), .e_phnum = 1,
		       .e_phoff = sizeof(h.e), .e_ehsize = sizeof(h.e),
		       .e_phentsize = sizeof(h.p) },
		.p = { .p_type = PT_LOAD, .p_flags = PF_R | PF_X,
		       .p_vaddr = IMAGE_BASE, .p_filesz = sizeof(h) + len,
		       .p_memsz = sizeof(h) + len, .p_align = PAGE },
	};
	int fd = memfd_create("image", 0);

	NEED(fd >= 0);
	h.e.e_ident[EI_CLASS] = ELFCLASS64;
	h.e.e_ident[EI_DATA] = ELFDATA2LSB;
	h.e.e_ident[EI_VERSION] = EV_CURRENT;
	NEED(write(fd, &h, sizeof(h)) == sizeof(h));
	NEED(write(fd, code, len) == (ssize_t)len);
	NEED(!fchmod(fd, 0755));
	return fd;
}

int image_make(int code)
{
	int fd = image_of(image_code, image_end);
	off_t exit_at = lseek(fd, 0, SEEK_END) - sizeof(code);

	NEED(pwrite(fd, &code, sizeof(code), exit_at) == sizeof(code));
	return fd;
}

int report_open(void)
{
	int p[2];

	NEED(!pipe2(p, O_CLOEXEC));
	NEED(dup2(p[1], REPORT_FD) == REPORT_FD);
	close(p[1]);
	return p[0];
}

void report_read(int fd, struct report *r)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n;

	NEED(poll(&p, 1, ASKED_MS) > 0);
	NEED(read(fd, &r->regs, sizeof(r->regs)) == sizeof(r->regs));
	NEED(poll(&p, 1, ASKED_MS) > 0);
	n = read(fd, r->strings, sizeof(r->strings));
	NEED(n > 0);
	r->len = n;
}

void weak_opener_kid(struct kid *k)
{
	long go, fd;

	lower_effective(CAP_SYS_ADMIN);
	no_new_privs();
	fd = filter(NESTABLE, SYS_getpgid, ASK);
	all_permitted_effective();
	listener_hand(k, fd);
	hear(k, &go);
}

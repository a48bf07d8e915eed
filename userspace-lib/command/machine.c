// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "command.h"
#include "facts.h"
#include "machine.h"
#include "proc.h"

#define EFI		"/sys/firmware/efi"
#define SECURE_BOOT	EFI "/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define LOCKDOWN	"/sys/kernel/security/lockdown"
#define SIG_ENFORCE	"/sys/module/module/parameters/sig_enforce"
#define FTRACE_ENABLED	"/proc/sys/kernel/ftrace_enabled"
#define KPROBES_ENABLED	"/sys/kernel/debug/kprobes/enabled"
#define DKMS_TREE	"/var/lib/dkms/overlay-seccomp"

#define PATH_SIZE 1024

__printf(1, 2) static bool exists(const char *fmt, ...)
{
	char path[PATH_SIZE];
	va_list args;

	va_start(args, fmt);
	vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);
	return !access(path, F_OK);
}

static enum answer read_switch(const char *path)
{
	char text[8];

	if (read_start(path, text, sizeof(text)) < 1)
		return NOT_KNOWN;
	return *text == '1' || *text == 'Y';
}

/* Four bytes of attributes, and one of value. */
static enum answer learn_secure_boot(void)
{
	char text[8];

	if (!exists(EFI))
		return NO;
	if (read_start(SECURE_BOOT, text, sizeof(text)) != 5)
		return NOT_KNOWN;
	return text[4] == 1;
}

/* "none [integrity] confidentiality" */
static void learn_lockdown(struct machine *machine)
{
	char text[128], *start, *end;

	if (read_start(LOCKDOWN, text, sizeof(text)) < 0)
		return;
	start = strchr(text, '[');
	end = start ? strchr(start, ']') : NULL;
	if (!end)
		return;
	*end = 0;
	snprintf(machine->lockdown, sizeof(machine->lockdown), "%s", start + 1);
}

/* A kernel that is locked down takes signed ones only, whatever the switch. */
static enum answer learn_signed_only(const struct machine *machine)
{
	if (*machine->lockdown && strcmp(machine->lockdown, "none"))
		return YES;
	return read_switch(SIG_ENFORCE);
}

/* The switch is for root to see; that they are there, for everybody. */
static enum answer learn_kprobes(void)
{
	enum answer answer = read_switch(KPROBES_ENABLED);
	struct symbol symbol = { .name = "register_kprobe" };

	if (answer != NOT_KNOWN)
		return answer;
	if (symbols_count(&symbol, 1))
		return NOT_KNOWN;
	return !!symbol.count;
}

static bool is_installed(const char *release)
{
	char path[PATH_SIZE], *line = NULL;
	bool found = false;
	size_t size = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/lib/modules/%s/modules.dep", release);
	file = fopen(path, "re");
	while (file && !found && getline(&line, &size, file) >= 0)
		found = strstr(line, "/overlay_seccomp.ko");
	free(line);
	if (file)
		fclose(file);
	return found;
}

/*
 * DKMS's own tree: a directory for each version, in it one for each kernel that
 * it was built for; and a link for each kernel that it was installed for.
 */
static void learn_dkms(struct machine *machine)
{
	const struct dirent *entry;
	DIR *dir = opendir(DKMS_TREE);

	machine->dkms = "none";
	while (dir && (entry = readdir(dir))) {
		if (!exists(DKMS_TREE "/%s/source", entry->d_name) ||
		    !strncmp(entry->d_name, "kernel-", strlen("kernel-")))
			continue;
		snprintf(machine->dkms_version, sizeof(machine->dkms_version),
			 "%s", entry->d_name);
		machine->dkms = "added";
		if (exists(DKMS_TREE "/%s/%s/x86_64/module", entry->d_name,
			   machine->release)) {
			machine->dkms = "built";
			break;
		}
	}
	if (dir)
		closedir(dir);
	if (exists(DKMS_TREE "/kernel-%s-x86_64", machine->release))
		machine->dkms = "installed";
}

void machine_learn(struct machine *machine, const char *release)
{
	memset(machine, 0, sizeof(*machine));
	machine->release = release;
	machine->secure_boot = learn_secure_boot();
	learn_lockdown(machine);
	machine->signed_only = learn_signed_only(machine);
	machine->ftrace = read_switch(FTRACE_ENABLED);
	machine->kprobes = learn_kprobes();
	machine->headers = exists("/lib/modules/%s/build/Makefile", release);
	machine->installed = is_installed(release);
	machine->loaded = exists("/sys/module/overlay_seccomp");
	learn_dkms(machine);
}

static const char *in_words(enum answer answer, const char *yes,
			    const char *no)
{
	return answer == NOT_KNOWN ? "not known" : answer == YES ? yes : no;
}

static const char *module_state(const struct machine *machine)
{
	return machine->loaded ? "loaded" :
	       machine->installed ? "installed" : "none";
}

void machine_print(const struct machine *machine)
{
	printf("secure boot %s\n", in_words(machine->secure_boot, "on", "off"));
	printf("lockdown    %s\n",
	       *machine->lockdown ? machine->lockdown : "not known");
	printf("unsigned    %s\n", in_words(machine->signed_only,
					    "refused: modules must be signed",
					    "modules are taken"));
	printf("ftrace      %s\n", in_words(machine->ftrace, "on",
					    "off: kernel.ftrace_enabled is 0"));
	printf("kprobes     %s\n", in_words(machine->kprobes, "on", "off"));
	printf("headers     %s\n", machine->headers ? "there" : "not there");
	printf("dkms        %s%s%s\n", machine->dkms,
	       *machine->dkms_version ? ", " : "", machine->dkms_version);
	printf("module      %s\n", module_state(machine));
}

static const char *in_json(enum answer answer)
{
	return answer == NOT_KNOWN ? "null" : answer == YES ? "true" : "false";
}

void machine_json(const struct machine *machine)
{
	printf("{\"secure_boot\": %s, \"lockdown\": ",
	       in_json(machine->secure_boot));
	if (*machine->lockdown)
		json_string(machine->lockdown);
	else
		fputs("null", stdout);
	printf(", \"signed_only\": %s, \"ftrace\": %s, \"kprobes\": %s, \"headers\": %s, \"dkms\": \"%s\", \"module\": \"%s\"}",
	       in_json(machine->signed_only), in_json(machine->ftrace),
	       in_json(machine->kprobes), machine->headers ? "true" : "false",
	       machine->dkms, module_state(machine));
}

__printf(2, 3) static void step(void (*say)(const char *step), const char *fmt,
				...)
{
	char text[PATH_SIZE];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	say(text);
}

static void next_install(const struct machine *machine,
			 void (*say)(const char *step))
{
	if (!machine->headers)
		step(say, "apt install linux-headers-%s", machine->release);
	if (!*machine->dkms_version)
		step(say, "install the module: the package overlay-seccomp-dkms, or 'make dkms-install' in its sources");
	else
		step(say, "dkms install overlay-seccomp/%s -k %s",
		     machine->dkms_version, machine->release);
}

void machine_next(const struct machine *machine, bool kernel_will_do,
		  void (*say)(const char *step))
{
	if (machine->loaded) {
		step(say, "nothing: the module is loaded, and 'overlay-seccomp info' says what it offers");
		return;
	}
	if (!kernel_will_do) {
		step(say, "boot a kernel that will do: 'overlay-seccomp check --kernel /boot/vmlinuz-VERSION' says of each whether it will");
		return;
	}
	if (machine->ftrace == NO)
		step(say, "sysctl kernel.ftrace_enabled=1");
	if (!machine->installed)
		next_install(machine, say);
	if (machine->signed_only == YES)
		step(say, "have the firmware take the key that signed the module, once: mokutil --import /var/lib/dkms/mok.pub, and boot");
	step(say, "modprobe overlay_seccomp");
}

# SPDX-License-Identifier: GPL-2.0-only
#
# overlay-seccomp. Kbuild reads the file Kbuild beside this one; everything
# that is not the module itself starts here. "make help" lists the targets.

NAME	:= overlay-seccomp
# The one place where the version stands; the DKMS tree has it too.
VERSION	:= $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)

KDIR	?= /lib/modules/$(shell uname -r)/build

DKMS	?= dkms
DKMS_DIR := $(DESTDIR)/usr/src/$(NAME)-$(VERSION)
# Products of an earlier build in this tree, which DKMS must not inherit.
NO_COPY	:= ! -name '.*' ! -name '*.o' ! -name '*.a' ! -name '*.ko' \
	   ! -name '*.mod' ! -name '*.mod.c' ! -name '*.order' \
	   ! -name '*.symvers' ! -name '*.orig' ! -name '*.rej' ! -name '*~'

.PHONY: all module userspace sparse sign check check-all check-debug \
	check-userspace examples-go examples-rust bench fuzz try install \
	uninstall dkms-install dkms-uninstall clean help
.DEFAULT_GOAL := all

all: module userspace

module:
	@test -e $(KDIR)/Makefile || { \
		echo "no kernel headers in $(KDIR):"; \
		echo "  install linux-headers-$$(uname -r), or name another"; \
		echo "  kernel's with KDIR=/lib/modules/VERSION/build"; \
		exit 1; } >&2
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

# KBUILD_CHECKSRC: some packages of headers lack the script by which Kbuild asks
# whether sparse is there, and would then go on without.
sparse:
	$(MAKE) module C=2 KBUILD_CHECKSRC=2 \
		CF="-include $(CURDIR)/tests/vm/sparse.h $(CF)"

# The hash that the kernel for which it was built has for certain. A kernel looks
# at the last signature only, so that a module may be signed again.
SIGN_FILE ?= $(KDIR)/scripts/sign-file
sign:
	@fail() { printf 'sign: %s\n' "$$@" >&2; exit 1; }; \
	test -n "$(KEY)" && test -n "$(CERT)" || \
		fail 'make sign KEY=FILE CERT=FILE: the key and its certificate,' \
			'such as those of DKMS, /var/lib/dkms/mok.key and mok.pub'; \
	test -e overlay_seccomp.ko || \
		fail 'there is no overlay_seccomp.ko: "make module" first'; \
	for file in "$(KEY)" "$(CERT)"; do \
		test -r "$$file" || fail "cannot read $$file"; \
	done; \
	test -x "$(SIGN_FILE)" || \
		fail "no sign-file: $(SIGN_FILE)" \
			'it comes with the kernel headers (KDIR); SIGN_FILE names another'; \
	hash=$$(sed -n 's/^CONFIG_MODULE_SIG_HASH="\(.*\)"/\1/p' $(KDIR)/.config 2>/dev/null); \
	test -n "$$hash" || \
		fail "the kernel of $(KDIR) knows no signatures of modules"; \
	"$(SIGN_FILE)" "$$hash" "$(KEY)" "$(CERT)" overlay_seccomp.ko || \
		fail 'sign-file failed'; \
	echo "overlay_seccomp.ko is signed with $(KEY)"

userspace:
	$(MAKE) -C userspace-lib
	$(MAKE) -C tests

examples-go examples-rust:
	$(MAKE) -C userspace-lib $@

check:
	tests/vm/check

check-all:
	tests/vm/check --all

check-debug:
	tests/vm/debug/check

bench:
	tests/bench/bench

fuzz:
	tests/fuzz/fuzz

try:
	tests/vm/try

check-userspace:
	userspace-lib/check

install: userspace
	$(MAKE) -C userspace-lib install

uninstall:
	$(MAKE) -C userspace-lib uninstall

# A staged tree (DESTDIR) is for a package, whose own scripts call DKMS.
dkms-install:
	find module include/uapi -type f $(NO_COPY) | \
	while read -r f; do \
		install -D -m 644 "$$f" "$(DKMS_DIR)/$$f" || exit 1; \
	done
	install -m 644 Kbuild Makefile dkms.conf COPYING $(DKMS_DIR)
ifeq ($(DESTDIR),)
	if [ -n "$$($(DKMS) status $(NAME)/$(VERSION))" ]; then \
		$(DKMS) remove $(NAME)/$(VERSION) --all; \
	fi
	$(DKMS) add $(NAME)/$(VERSION)
	$(DKMS) build $(NAME)/$(VERSION) $(if $(KVER),-k $(KVER))
	$(DKMS) install $(NAME)/$(VERSION) $(if $(KVER),-k $(KVER))
endif

dkms-uninstall:
ifeq ($(DESTDIR),)
	if [ -n "$$($(DKMS) status $(NAME)/$(VERSION))" ]; then \
		$(DKMS) remove $(NAME)/$(VERSION) --all; \
	fi
endif
	rm -rf $(DKMS_DIR)

# By hand, so that it works without the headers of the kernel built for.
clean:
	find module -type f \( -name '*.o' -o -name '.*.cmd' -o -name '*.mod' \
		-o -name '.*.d' \) -delete
	rm -f *.ko *.o *.mod *.mod.c .*.cmd .module-common.o Module.symvers \
		modules.order
	rm -rf .tmp_versions
	$(if $(wildcard userspace-lib/Makefile),$(MAKE) -C userspace-lib clean)
	$(if $(wildcard tests/Makefile),$(MAKE) -C tests clean)

help:
	@echo 'Building:'
	@echo '  all (default)    module and userspace, for the running kernel'
	@echo '  module           overlay_seccomp.ko: gcc, make, kernel headers'
	@echo '  userspace        library, command, test binary: libbpf-dev, libmnl-dev'
	@echo '  examples-go, examples-rust  a supervisor in each; skipped without'
	@echo '                   the toolchain'
	@echo '  sparse           the module under sparse'
	@echo '  sign             overlay_seccomp.ko, with KEY=FILE CERT=FILE'
	@echo '  clean            remove what was built'
	@echo 'Trying and testing, without touching the running kernel:'
	@echo '  try              the features in a stock kernel, in an emulator'
	@echo '  check            every test; ends with N passed, N failed'
	@echo '  check-all        the same on all kernels, with real runtimes'
	@echo '  check-debug      on kernels with KASAN, lockdep and the like, which'
	@echo '                   are built first: an hour the first time'
	@echo '  check-userspace  what needs no kernel, under ASan and UBSan'
	@echo '  fuzz             programs at random against the whole ABI, on the same'
	@echo '                   kernels: an hour each'
	@echo '  bench            what calls cost, in instructions: some minutes'
	@echo 'Installing:'
	@echo '  install          library, headers, command, test binary, manual'
	@echo '  uninstall        remove them'
	@echo '  dkms-install     module source, then DKMS add, build, install'
	@echo '  dkms-uninstall   remove it'
	@echo 'Variables:'
	@echo '  KDIR=DIR         build directory of the kernel to build for'
	@echo '  KVER=VERSION     kernel for dkms-install; default: the running'
	@echo '  W=1 C=2          more warnings, sparse: passed on to Kbuild'
	@echo '  SAN=1            userspace with ASan and UBSan'
	@echo '  V=1              show the commands'
	@echo '  DESTDIR= prefix= libdir= includedir= mandir= bindir='

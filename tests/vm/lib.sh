# SPDX-License-Identifier: GPL-2.0-only
# Shared by the scripts of this directory; sourced, not run.
# shellcheck shell=bash

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
cache=${OVERLAY_SECCOMP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/overlay-seccomp}
# Several build trees can live side by side in one cache: one for each checkout, or as the caller says.
# shellcheck disable=SC2034 # for the scripts that source this file
build_id=${OVERLAY_SECCOMP_BUILD:-$(printf '%s' "$top" | cksum | cut -d' ' -f1)}

# Seconds since the first of these scripts that call one another began.
export OVERLAY_SECCOMP_STARTED=${OVERLAY_SECCOMP_STARTED:-$(date +%s)}
say() { printf '[%4ds] %s\n' "$(($(date +%s) - OVERLAY_SECCOMP_STARTED))" "$*" >&2; }

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 2
}

# usage: prints the comment block at the head of the calling script.
usage() {
	sed -n '3,/^[^#]/{s/^# \{0,1\}//p}' "$0"
}

need_root() {
	[ "$(id -u)" = 0 ] || die "must run as root: it makes chroots of other suites (try sudo)"
}

list_rows() { sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$1"; }

kernel_rows() { list_rows "$here/kernels.list"; }

kernel_names() { kernel_rows | awk '{ print $1 }'; }

# Those that "make check" takes.
check_names() { kernel_rows | awk '$2 == "check" { print $1 }'; }

debug_names() { list_rows "$here/debug/kernels.list" | awk '{ print $1 }'; }

# load_kernel NAME: sets kernel, by, suite, image_pattern, source_package, userland, kdir and root; configs, what a
# debug kernel is built with, is empty for a stock one.
# shellcheck disable=SC2034 # for the scripts that source this file
load_kernel() {
	local row
	configs=''
	kdir=$cache/kernels/$1
	row=$(kernel_rows | awk -v k="$1" '$1 == k')
	if [ -n "$row" ]; then
		read -r kernel by suite image_pattern source_package userland <<<"$row"
	else
		kdir=$cache/debug/$1
		row=$(list_rows "$here/debug/kernels.list" | awk -v k="$1" '$1 == k')
		[ -n "$row" ] || die "no kernel '$1'; there are: $({ kernel_names; debug_names; } | paste -sd' ')"
		read -r kernel suite source_package userland configs <<<"$row"
	fi
	root=$kdir/root
}

# The kernel's release, known once it has been fetched.
kernel_release() { cat "$kdir/release"; }

# in_root [VAR=VALUE...] COMMAND...: runs a command in the chroot of the kernel that was loaded, in
# mount and process namespaces of its own: nothing stays mounted or running, however it ends. The shell is there to be
# the first process: make, as that one, survives the signal by which it wants to die, and spins.
in_root() {
	unshare --mount --pid --fork --kill-child --mount-proc="$root/proc" \
		chroot "$root" /bin/sh -c '"$@"; exit "$?"' sh \
		/usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive "$@"
}

# list_tree: what git would commit, or without git all there is; names end in a NUL.
list_tree() {
	# Not that of a repository which only happens to be further up.
	{ [ -e "$top/.git" ] && git -c safe.directory='*' -C "$top" ls-files -z -co --exclude-standard 2>/dev/null; } ||
		find "$top" -name .git -prune -o \( -type f -o -type l \) -printf '%P\0'
}

# quietly LOG COMMAND...: output goes to LOG; its end is shown if the command fails.
quietly() {
	local log=$1
	shift
	mkdir -p "$(dirname "$log")"
	if ! "$@" >"$log" 2>&1 </dev/null; then
		tail -n 30 "$log" >&2
		say "failed: $1 (whole output: $log)"
		return 1
	fi
}

# host_packages PACKAGE...: installs on this machine what is not there yet, and says so.
host_packages() {
	local missing=() package
	for package; do
		dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	say "installing on this machine through apt: ${missing[*]}"
	quietly "$cache/log/apt-update" apt-get update || say "apt-get update failed; going on with the lists there are"
	quietly "$cache/log/apt-install" env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y --no-install-recommends "${missing[@]}"
}

# The part of this machine's apt configuration that decides whether a download works at all.
network_options() {
	apt-config dump | grep -iE '^Acquire::(.*proxy|Retries|Check-(Valid-Until|Date)|https?::)' |
		grep -v '::[^:"]*:: "' || true
}

# make_chroot DIR USERLAND SUITE PACKAGES [MMDEBSTRAP-OPTION...]: a chroot of USERLAND with PACKAGES, and the sources of
# SUITE, which may be its backports. Beside it DIR's apt.conf and sources.list, and a log.
make_chroot() {
	local dir=$1 userland=$2 suite=$3 packages=$4 parent file
	shift 4
	parent=$(dirname "$dir")
	rm -rf "$dir".*
	network_options >"$parent/apt.conf"
	"$here/apt-sources" "$suite" >"$parent/sources.list"
	if grep -q ' https:' "$parent/sources.list"; then packages+=,ca-certificates; fi
	# The package lists stay: more is asked for later.
	quietly "$parent/log/mmdebstrap" mmdebstrap --mode=root --variant=apt --skip=cleanup/apt/lists \
		--skip=cleanup/reproducible \
		--aptopt="$parent/apt.conf" --aptopt='Acquire::Languages "none"' \
		--aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Retries "3"' \
		--dpkgopt=force-unsafe-io "$@" \
		--include="$packages" "$userland" "$dir.new" "$parent/sources.list"
	for file in resolv.conf hosts; do
		if [ -e "/etc/$file" ]; then cp "/etc/$file" "$dir.new/etc/"; fi
	done
	mv "$dir.new" "$dir"
}

# copy_tree DIR: the tree into a new DIR, without the products of a build in the tree itself, by another compiler.
copy_tree() {
	local products=(--exclude='*.o' --exclude='*.ko' --exclude='*.a' --exclude='*.so' --exclude='*.so.*'
		--exclude='*.d' --exclude=tests/overlay-seccomp-test --exclude=userspace-lib/overlay-seccomp)
	rm -rf "$1"
	mkdir -p "$1"
	# A file may vanish between the listing and the copying, where several people work in one checkout.
	list_tree | tar -C "$top" -c --null --ignore-failed-read "${products[@]}" -T - 2>/dev/null | tar -C "$1" -x
}

# SPDX-License-Identifier: GPL-2.0-only
# Shared by the tests of this directory that run on several kernels; sourced, not run. Each defines
#
#   prepare         sets up for the kernel that was loaded: installs what the guest needs into its chroot, and adds to
#                   "options" for tests/vm/boot; or says in "skip" why the kernel cannot have the test
#
# and then calls each_kernel; "tree" is where tests/vm/build has put the sources. All have the options that parse knows.
# shellcheck shell=bash disable=SC2034 # for prepare

# shellcheck source-path=SCRIPTDIR source=../vm/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../vm/lib.sh"
dir=$top/tests/runtimes

# parse ARGUMENT...
parse() {
	build=yes logs='' names=()
	while [ $# -gt 0 ]; do
		case $1 in
		-h | --help) usage | sed 1d; exit 0 ;;
		--no-build) build=no ;;
		--log) logs=$2; shift ;;
		-*) die "unknown option $1" ;;
		*) names+=("$1") ;;
		esac
		shift
	done
	[ ${#names[@]} -gt 0 ] || mapfile -t names < <(kernel_names)
	need_root
	for name in "${names[@]}"; do load_kernel "$name"; done
}

# locked COMMAND...: changes something in the chroot; waits for others who do, and for a fetch that is under way.
locked() {
	local status=0
	exec 9>"$kdir/lock"
	flock 9
	"$@" || status=$?
	exec 9>&-
	return $status
}

# get FILE PACKAGE...: installs PACKAGEs into the chroot, which bring FILE. There, so that the initramfs finds the
# libraries.
get() {
	local file=$1 install
	shift
	[ ! -e "$root$file" ] || return 0
	say "$kernel: installing $* into the chroot"
	install="apt-get -y install --no-install-recommends $*"
	locked quietly "$kdir/log/$1" in_root sh -c "dpkg --configure -a && { $install || { apt-get update && $install; }; }"
}

# unpack NAME PACKAGE...: PACKAGEs and what they need and is not there, beside the chroot's own files: for those that
# would bring a whole system, with services, into the chroot that everything is built in.
unpack() {
	unpacked=/var/cache/overlay-seccomp/$1
	[ -d "$root$unpacked" ] || { say "$kernel: fetching ${*:2}" && locked quietly "$kdir/log/$1" fetch_packages "${@:2}"; }
}

# shellcheck disable=SC2016,SC2317 # the inner shell expands it; quietly calls it
fetch_packages() {
	in_root sh -ec '
		new=$1.new
		shift
		rm -rf "$new"
		mkdir -p "$new/partial"
		fetch() {
			apt-get -y --no-install-recommends --reinstall --download-only -o Dir::Cache::archives="$new" \
				install "$@"
		}
		fetch "$@" || { apt-get update && fetch "$@"; }
		for package in "$new"/*.deb; do dpkg-deb -x "$package" "$new"; done
		rm -r "$new"/*.deb "$new/partial" "$new/lock"
		mv "$new" "${new%.new}"' sh "$unpacked" "$@"
}

# take_unpacked PROGRAM...: out of there into the guest, with the libraries that are there; or the chroot's own
take_unpacked() {
	local program library
	for program; do
		if [ ! -e "$root$unpacked$program" ]; then
			take "$program"
			continue
		fi
		options+=(--file "$root$unpacked$program:$program")
		while read -r library; do
			options+=(--file "$(realpath "$root$library"):/usr/lib/${library##*/}")
		done < <(in_root env LD_LIBRARY_PATH="$(unpacked_libraries)" ldd "$unpacked$program" |
			sed -n "s|.*=> \($unpacked/[^ ]*\) .*|\1|p")
	done
}

unpacked_libraries() {
	local libraries=$unpacked/usr/lib/x86_64-linux-gnu
	echo "$unpacked/lib/x86_64-linux-gnu:$libraries:$libraries/systemd:$unpacked/lib/systemd"
}

# compile PROGRAM: of this directory, without libraries, into the guest
compile() {
	local source=/build/$build_id/tests/runtimes/$1
	in_root gcc -O2 -Wall -Wextra -Werror -static -I "/build/$build_id/include/uapi" -o "$source" "$source.c" >&2
	options+=(--file "$root$source")
}

# take PATH...: out of the chroot into the guest
take() {
	local path
	for path; do options+=(--file "$root$path:$path"); done
}

# number COUNT: TAP out of a guest's result lines, of which there have been COUNT.
number() {
	local n=$1 line
	while IFS= read -r line; do
		line=${line%$'\r'}
		case $line in
		'ok - '* | 'not ok - '*)
			n=$((n + 1))
			line="${line%%ok - *}ok $n - $kernel: ${line#*ok - }"
			;;
		esac
		printf '%s\n' "$line"
	done
}

# each_kernel NAME GUEST [ARGUMENT...]: on each kernel boots a guest that runs the script GUEST of this directory, and
# prints TAP. NAME is what the kernel logs are named for. To be the last command: its status is the test's.
each_kernel() {
	local test=$1 guest=$2 name status count=0 ending skip options tree
	shift 2
	results=$(mktemp)
	trap 'rm -f "$results"' EXIT
	for name in "${names[@]}"; do
		load_kernel "$name"
		skip='' status=0 options=(--time-out 1800)
		tree=$("$here/build" "$kernel" --output)
		[ "$build" = no ] || "$here/build" "$kernel" module >/dev/null
		prepare
		if [ -n "$skip" ]; then
			count=$((count + 1))
			echo "ok $count - $kernel: $test # SKIP $skip" | tee -a "$results"
			continue
		fi
		[ -z "$logs" ] || options+=(--log "$logs/console-$test-$kernel")
		"$here/boot" "$kernel" "${options[@]}" --file "$dir/guest.sh:/guest.sh" --file "$dir/$guest:/guest" \
			-- "sh /guest $*" | number "$count" | tee -a "$results" || status=$?
		# What no single result shows: trouble in the kernel log, or a guest that came to no end.
		count=$(($(grep -cE '^(not )?ok ' "$results" || true) + 1))
		ending="$count - $kernel: the guest ended, its kernel log is clean"
		if [ $status = 1 ] && grep -q "^not ok [0-9]* - $kernel: " "$results"; then status=0; fi
		if [ $status = 0 ]; then echo "ok $ending"; else echo "not ok $ending (status $status)"; fi | tee -a "$results"
	done
	echo "1..$count"
	! grep -q '^not ok ' "$results"
}

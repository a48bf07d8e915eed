# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
# Shared by the scripts of this directory that run in a guest; sourced, not run. Results are "ok - ..." and
# "not ok - ..." lines, and under the latter what was seen.
failures=0 now=''
passed() { echo "ok - $1"; }
failed() { failures=$((failures + 1)); echo "not ok - $1"; }

# check NAME COMMAND...
check() {
	what=$1
	shift
	if "$@"; then passed "$what"; else failed "$what"; show; fi
}

# What is seen: the output and the supervisors' log of what "now" is.
show() {
	for seen in "/tmp/$now.out" "/tmp/$now.log"; do
		[ -e "$seen" ] && sed "s|^|# ${seen#/tmp/}: |" "$seen"
	done
}
logged() { grep -qx "$1" "/tmp/$now.log"; }
printed() { grep -qi "$1" "/tmp/$now.out"; }
not() { ! "$@"; }

# The two lines of the log, each once, this one first.
in_order() { [ "$(grep -xE "$1|$2" "/tmp/$now.log" | paste -sd'|')" = "$1|$2" ]; }

# until_true COMMAND...: waits for it, at most 20 s.
until_true() {
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ $tries -lt 200 ] || return 1
		sleep 0.1
	done
}

no_filtered_tasks() { ! grep -qs '^Seccomp:[[:space:]]*[12]' /proc/[0-9]*/task/[0-9]*/status; }
# The state of a filter goes a moment after its last task.
module_is_free() { [ "$(cat /sys/module/overlay_seccomp/refcnt)" = 0 ]; }
implicit() { echo "$1" >/sys/module/overlay_seccomp/parameters/implicit; }

load() { check 'insmod' insmod /overlay_seccomp.ko; }
load_implicit() { check 'insmod implicit=1' insmod /overlay_seccomp.ko implicit=1; }

unload() { # unload WHEN
	check "$1: no task under a filter" until_true no_filtered_tasks
	check "$1: nothing holds the module" until_true module_is_free
	check "$1: rmmod" rmmod overlay_seccomp
}

# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0-only
# What the guest scripts of tests/neighbours share: TAP, our module, and neighbours: others that want a function which
# we hook. Sourced, not run.
tracing=/sys/kernel/tracing
count=0 failed=0

# result NAME OUTCOME: one test. It passes if the outcome is the one that /outcomes names, or any there if it names none,
# but never if something is weaker, or broken.
result() {
	count=$((count + 1))
	wanted=$(sed -n "s/^$1: //p" /outcomes | head -n 1)
	case $2 in
	*weaker* | *broken*) set -- "$1" "$2" not ;;
	"${wanted:-$2}") set -- "$1" "$2" ;;
	*) set -- "$1" "$2 (not: $wanted)" not ;;
	esac
	echo "${3:+not }ok $count - $1: $2"
	[ -z "$3" ] || failed=1
}

finish() {
	echo "1..$count"
	exit $failed
}

# load: our module, or why not
load() {
	dmesg -c >/dev/null
	if insmod /overlay_seccomp.ko 2>/tmp/insmod; then return 0; fi
	why=$(dmesg | sed -n 's/.*overlay_seccomp: //p' | tail -n 1)
	why=${why:-$(cat /tmp/insmod)}
	return 1
}

# A task's end may come late, and its filters with it.
unload() {
	tries=0
	until rmmod overlay_seccomp 2>/tmp/rmmod; do
		tries=$((tries + 1))
		[ $tries -lt 50 ] || { cat /tmp/rmmod; return 1; }
		sleep 0.2
	done
}

# verdict: in one line what "holds" has said. A refusal has its reason in the log.
verdict() {
	if grep -q ' \(weaker\|broken\)' /tmp/holds || [ "$(wc -l </tmp/holds)" != 9 ]; then
		echo "weaker or broken: $(tr '\n' ' ' </tmp/holds)"
		return
	fi
	bad=$(sed -n -e '/^ready/d' -e '/ works$/d' -e p /tmp/holds)
	[ -n "$bad" ] || { echo works; return; }
	reason=$(dmesg | sed -n 's/.*overlay_seccomp: //p' | tail -n 1)
	echo "$(echo "$bad" | sed 's/^\([a-z]*\) \(.*\)/\2 \1/' | sort | awk '
		{ what = $NF; sub(/ [^ ]*$/, ""); all[$0] = all[$0] (all[$0] ? " " : "") what; }
		END { for (o in all) printf "%s%s: %s", sep++ ? "; " : "", o, all[o] }')${reason:+ ($reason)}"
}

holds() {
	dmesg -c >/dev/null
	echo ready >/tmp/holds
	command holds >>/tmp/holds 2>/tmp/holds.err || true
	verdict
}

# hold, held: the same, for what is set up before something happens, and put to the test after it: to $outcome
hold() {
	dmesg -c >/dev/null
	rm -f /tmp/go /tmp/holds
	mkfifo /tmp/go
	: >/tmp/holds
	command holds /tmp/go >/tmp/holds 2>/tmp/holds.err &
	holder=$!
	until grep -q ready /tmp/holds; do sleep 0.1; done
}
held() {
	echo >/tmp/go
	wait "$holder"
	# shellcheck disable=SC2034 # for the scripts that source this file
	outcome=$(verdict)
}

# neighbour_on KIND FUNCTION: or why not
neighbour_on() {
	kind=$1 func=$2
	case $kind in
	fentry | fexit | raw_tp)
		: >/tmp/probe
		bpf-probe "$kind" "$func" >/tmp/probe 2>/tmp/probe.err &
		probe=$!
		until [ -s /tmp/probe ]; do sleep 0.05; done
		read -r why </tmp/probe
		[ "$why" = on ]
		;;
	kprobe) kprobe_on p "$func" ;;
	kretprobe) kprobe_on r "$func" ;;
	# Behind the fentry site, wherever that is.
	body) kprobe_on p "$func+5" || kprobe_on p "$func+9" ;;
	function | function_graph)
		echo "$func" >$tracing/set_ftrace_filter
		echo "$kind" >$tracing/current_tracer
		;;
	event) echo 1 >"$tracing/events/sched/$func/enable" ;;
	*)
		insmod /neighbour.ko kind="$kind" func="$func" 2>/tmp/insmod ||
			{ why=$(sed 's/.*: //' /tmp/insmod); return 1; }
		;;
	esac
}

kprobe_on() {
	why='refused by kprobes'
	echo "$1:n/probe $2" 2>/dev/null >>$tracing/kprobe_events || return
	echo 1 2>/dev/null >$tracing/events/n/probe/enable && return
	echo >$tracing/kprobe_events
	return 1
}

neighbour_hits() {
	case $kind in
	fentry | fexit | raw_tp)
		lines=$(wc -l </tmp/probe)
		kill -USR1 "$probe"
		until [ "$(wc -l </tmp/probe)" -gt "$lines" ]; do sleep 0.05; done
		tail -n 1 /tmp/probe
		;;
	kprobe | kretprobe | body) awk '{ print $2 }' $tracing/kprobe_profile ;;
	function | function_graph | event) grep -c "$func" $tracing/trace ;;
	*) cat /sys/module/neighbour/parameters/hits ;;
	esac
}

neighbour_off() {
	case $kind in
	fentry | fexit | raw_tp)
		kill "$probe"
		wait "$probe"
		;;
	kprobe | kretprobe | body)
		echo 0 >$tracing/events/n/probe/enable
		echo >$tracing/kprobe_events
		;;
	function | function_graph)
		echo nop >$tracing/current_tracer
		echo >$tracing/set_ftrace_filter
		echo >$tracing/trace
		;;
	event)
		echo 0 >"$tracing/events/sched/$func/enable"
		echo >$tracing/trace
		;;
	*) rmmod neighbour ;;
	esac
}

# fires: does the neighbour still see what happens?
fires() {
	hits=$(neighbour_hits)
	command holds >/dev/null 2>&1
	[ "$(neighbour_hits)" -gt "$hits" ]
}

# SPDX-License-Identifier: GPL-2.0-only
# Running checks and counting what they say; sourced by the check scripts.
# shellcheck shell=bash
#
# Each result is a line on standard output, and in $results one of: passed, failed or skipped, a tab, and the name of
# the check. tests/vm/check and tests/vm/table add them up. $logs is where the checks' output goes. The caller sets both.
# shellcheck disable=SC2154

note() { printf '%s\t%s\n' "$1" "$2" >>"$results"; }
passed() { printf 'ok - %s\n' "$1"; note passed "$1"; }
failed() { printf 'not ok - %s (%s; %s)\n' "$1" "$2" "$3"; note failed "$1"; }
skipped() { printf 'skip - %s (%s)\n' "$1" "$2"; note skipped "$1"; }

# why LOG: the line of it that most likely says what went wrong
why() {
	{ grep -aE 'Bail out!|(error|warning|fatal|trouble|failed|died|no end)[ :]' "$1" || tail -n 1 "$1"; } |
		head -n 1 | tr -d '\r' | cut -c 1-150
}

log_of() { printf '%s/%s\n' "$logs" "${1//[^A-Za-z0-9.]/-}"; }

# run_case NAME COMMAND...: one check, which passes if COMMAND does.
run_case() {
	local name=$1 log start=$SECONDS
	log=$(log_of "$name")
	shift
	say "$name ..."
	if "$@" >"$log" 2>&1 </dev/null; then
		passed "$name ($((SECONDS - start)) s)"
	else
		failed "$name" "$(why "$log")" "$log"
		return 1
	fi
}

# run_tap NAME COMMAND...: COMMAND prints TAP, and each of its tests counts. Those that pass share a line.
run_tap() {
	local name=$1 log start=$SECONDS status=0 ok=0 not_ok=0 line planned
	log=$(log_of "$name")
	shift
	say "$name ..."
	"$@" >"$log" 2>&1 </dev/null || status=$?
	while IFS= read -r line; do
		line=${line%$'\r'}
		case $line in
		ok\ *'# SKIP'* | ok\ *'# skip'*)
			skipped "$name: $(tap_name "${line%%#*}")" "${line##*# [Ss][Kk][Ii][Pp] }" ;;
		ok\ *) ok=$((ok + 1)); note passed "$name" ;;
		'not ok '*'# TODO'*) skipped "$name: $(tap_name "$line")" 'not done yet' ;;
		'not ok '*) not_ok=$((not_ok + 1)); failed "$name" "$(tap_name "${line#not }")" "$log" ;;
		esac
	done < <(grep -aE '^(not )?ok ' "$log")
	[ $ok = 0 ] || printf 'ok - %s: %d passed (%d s)\n' "$name" "$ok" $((SECONDS - start))
	# What single results do not show: it stopped early, ran nothing, or failed as a whole.
	planned=$(sed -n 's/^1\.\.\([0-9]*\).*/\1/p' "$log" | tail -n 1)
	if [ "$(grep -acE '^(not )?ok ' "$log")" != "${planned:-none}" ]; then
		failed "$name" "of ${planned:-an unknown number} planned tests $(grep -acE '^(not )?ok ' "$log") ended; $(why "$log")" "$log"
	elif [ $status != 0 ] && [ $not_ok = 0 ]; then
		failed "$name" "exit status $status: $(why "$log")" "$log"
	fi
	[ $status = 0 ] && [ $not_ok = 0 ]
}

tap_name() { sed -E 's/^ok [0-9]+ *-? *//; s/ *$//' <<<"$1"; }

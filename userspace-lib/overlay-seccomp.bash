# SPDX-License-Identifier: GPL-2.0-only
# Completion of overlay-seccomp for bash.

_overlay_seccomp_pids()
{
	(cd /proc && printf '%s ' [0-9]*)
}

_overlay_seccomp_files()
{
	compopt -o filenames
	mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

# The names that the C library's header has.
_overlay_seccomp_calls()
{
	local header
	for header in /usr/include/asm/unistd_64.h \
		/usr/include/*/asm/unistd_64.h; do
		[ -r "$header" ] || continue
		sed -n 's/^#define __NR_\([a-z0-9_]*\) .*/\1/p' "$header"
		return
	done
}

# The value of an option, $1, that the word $2 begins; 1 if it has none.
_overlay_seccomp_value()
{
	local words
	case $1 in
	--kernel | -k | --filter | -f | --strict-after)
		_overlay_seccomp_files "$2"
		return
		;;
	--clone | -c) words=$(_overlay_seccomp_pids) ;;
	--color) words='auto always never' ;;
	--syscall) words=$(_overlay_seccomp_calls) ;;
	--arch) words='x86_64 i386' ;;
	--arg) words='0= 1= 2= 3= 4= 5='; compopt -o nospace ;;
	--event) words='filter filter-gone listener listener-gone strict-kill
		clone pin pin-gone redirect outer refused armed disarmed dead
		unload' ;;
	*) return 1 ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$2")
}

# Of run: the index of COMMAND, or of the word being completed if it is not
# there yet.
_overlay_seccomp_command_at()
{
	local i
	for ((i = 2; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--clone | -c | --filter | -f | --strict-after)
			i=$((i + 1))
			# --clone=PID is three words here.
			[ "${COMP_WORDS[i]}" != = ] || i=$((i + 1))
			;;
		--)
			i=$((i + 1))
			break
			;;
		-*) ;;
		*) break ;;
		esac
	done
	echo $i
}

_overlay_seccomp_run()
{
	local at
	at=$(_overlay_seccomp_command_at)
	if [ "${COMP_WORDS[at - 1]}" = -- ] ||
		{ [ "$at" -gt 2 ] && [ "${1#-}" = "$1" ]; }; then
		mapfile -t COMPREPLY < <(compgen -c -- "$1" | sort -u)
	else
		mapfile -t COMPREPLY < <(compgen -W '--clone --filter
			--strict-after --sequential --help --' -- "$1")
	fi
}

_overlay_seccomp()
{
	local current=${COMP_WORDS[COMP_CWORD]}
	local previous=${COMP_WORDS[COMP_CWORD - 1]}
	local words=''

	COMPREPLY=()
	if [ "$COMP_CWORD" = 1 ]; then
		words='check info status tree explain monitor run --help --version'
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
		return
	fi
	# bash makes --option=value three words.
	if [ "$current" = = ]; then
		current=''
	elif [ "$previous" = = ] && [ "$COMP_CWORD" -gt 3 ]; then
		previous=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	# What follows COMMAND is that command's.
	if [ "${COMP_WORDS[1]}" = run ] &&
		[ "$(_overlay_seccomp_command_at)" -lt "$COMP_CWORD" ]; then
		_overlay_seccomp_files "$current"
		return
	fi
	! _overlay_seccomp_value "$previous" "$current" || return 0
	case ${COMP_WORDS[1]} in
	check) words='--kernel --json --help' ;;
	info) words='strict clone nested redirect sequential implicit --json
		--help' ;;
	status) words='--color --json --help' ;;
	tree) words="$(_overlay_seccomp_pids) --color --json --help" ;;
	explain) words="$(_overlay_seccomp_pids) --syscall --arch --arg --color
		--json --help" ;;
	monitor) words='--event --color --json --help' ;;
	run)
		_overlay_seccomp_run "$current"
		return
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F _overlay_seccomp overlay-seccomp

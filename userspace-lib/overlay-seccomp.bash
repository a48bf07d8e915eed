# SPDX-License-Identifier: GPL-2.0-only
# Completion of overlay-seccomp for bash.

_overlay_seccomp()
{
	local current=${COMP_WORDS[COMP_CWORD]}
	local previous=${COMP_WORDS[COMP_CWORD - 1]}
	local words=''

	COMPREPLY=()
	if [ "$COMP_CWORD" = 1 ]; then
		words='check info run --help --version'
	elif [ "$previous" = --kernel ] || [ "$previous" = -k ]; then
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
	elif [ "$previous" = --clone ] || [ "$previous" = -c ]; then
		words=$(cd /proc && printf '%s ' [0-9]*)
	else
		case ${COMP_WORDS[1]} in
		check) words='--kernel --json --help' ;;
		info) words='strict clone nested redirect sequential implicit
			--json --help' ;;
		run)
			words='--clone --help'
			if [ "$COMP_CWORD" -gt 3 ]; then
				mapfile -t COMPREPLY < <(compgen -c -- "$current")
				return
			fi
			;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F _overlay_seccomp overlay-seccomp

# SPDX-License-Identifier: GPL-2.0-only
# jq --slurpfile oci CONFIG -f container-profile.jq SECCOMP: container engines have a seccomp profile in a form of their
# own, with conditions. This makes the container configuration CONFIG one with that profile, and with the capabilities
# that such engines give by default, for x86-64 and a kernel not older than any condition asks for.
["CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_MKNOD",
	"CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID",
	"CAP_SYS_CHROOT"] as $caps |
def has_cap: . as $cap | $caps | index($cap) != null;
def amd64: index("amd64") != null;
def applies:
	(.includes // {}) as $with | (.excludes // {}) as $without |
	(($with.arches == null) or ($with.arches | amd64)) and
	all($with.caps // [] | .[]; has_cap) and
	(($without.arches // [] | amd64) | not) and
	all($without.caps // [] | .[]; has_cap | not);
. as $profile | $oci[0] |
.process.noNewPrivileges = false |
.process.args = ["/bin/prctl"] |
.process.capabilities = { bounding: $caps, effective: $caps, permitted: $caps } |
.linux.seccomp = ({
	defaultAction: $profile.defaultAction,
	defaultErrnoRet: $profile.defaultErrnoRet,
	architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
	syscalls: [$profile.syscalls[] | select(applies) |
		{ names, action, errnoRet, args } | del(.[] | nulls)]
} | del(.[] | nulls))

# SPDX-License-Identifier: GPL-2.0-only
# From the library's version map, the symbols file: each symbol is there since
# the release that its node is named for.
BEGIN {
	print "liboverlay-seccomp.so.0 liboverlay-seccomp0 #MINVER#"
	print "* Build-Depends-Package: liboverlay-seccomp-dev"
}
/^OVERLAY_SECCOMP_[0-9.]+ *\{/ {
	node = $1
	since = substr(node, length("OVERLAY_SECCOMP_") + 1)
	exported = 1
	print " " node "@" node " " since
}
/^local:/ { exported = 0 }
exported && /^\t[a-z0-9_]+;$/ { print " " substr($1, 1, length($1) - 1) "@" node " " since }

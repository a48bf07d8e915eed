# SPDX-License-Identifier: GPL-2.0-only
# Reads the figures of one run (name, state, median, 10%, 90%, samples, unit) and holds them against the targets.
# Writes, separated by tabs: subject, case, against what, the two figures, the difference, its limit, ok or missed.

/^#/ { next }
{
	name = $1; state = $2
	m[name, state] = $3
	if (!((name) in seen)) { seen[name] = 1; names[++count] = name }
}

function has(name, state) { return (name, state) in m }

function row(subject, name, against, base, is, difference, limit, good) {
	printf "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", subject, name, against, base, is, difference, limit,
		good ? "ok" : "missed"
}

# At most MORE instructions more than BASE.
function more(subject, name, state, base_name, base_state, limit,	is, base) {
	if (!has(name, state) || !has(base_name, base_state)) return
	is = m[name, state]; base = m[base_name, base_state]
	row(subject, name " (" state ")", base_name " (" base_state ")", base, is, sprintf("%+.0f", is - base),
		sprintf("+%.0f", limit), is - base <= limit + 0.5)
}

# At most PERCENT more than FACTOR times BASE.
function percent(subject, name, state, factor, base_name, base_state, limit,	is, base) {
	if (!has(name, state) || !has(base_name, base_state)) return
	is = m[name, state]; base = factor * m[base_name, base_state]
	row(subject, name " (" state ")", (factor == 1 ? "" : factor " x ") base_name " (" base_state ")", base, is,
		sprintf("%+.1f %%", 100 * (is / base - 1)), sprintf("+%.0f %%", limit), is <= base * (1 + limit / 100))
}

# At least FACTOR times fewer than BASE.
function fewer(subject, name, state, base_name, factor,	is, base) {
	if (!has(name, state) || !has(base_name, state)) return
	is = m[name, state]; base = m[base_name, state]
	row(subject, name " (" state ")", base_name " (" state ")", base, is, sprintf("1 / %.0f", base / is),
		"1 / " factor, is * factor <= base)
}

END {
	split("plain plain-stat foreign-cached foreign-argument", calls, " ")
	for (i = 1; i <= 4; i++)
		more("loaded, no overlay chain", calls[i], "idle", calls[i], "absent", 0)
	more("loaded, no overlay chain", "plain-seccomp", "idle", "plain-seccomp", "absent", 0)
	more("loaded, no overlay chain", "stock-continue", "idle", "stock-continue", "absent", 0)
	for (i = 1; i <= 2; i++)
		more("armed, no filter", calls[i], "armed", calls[i], "absent", 0)
	for (i = 3; i <= 4; i++)
		more("armed, a foreign filter", calls[i], "armed", calls[i], "absent", 10)

	split("nested sequential", kinds, " ")
	split("cached argument", looks, " ")
	for (k = 1; k <= 2; k++)
		for (n = 1; n <= 8; n += 7)
			for (l = 1; l <= 2; l++) {
				base = "stock-" n "-" looks[l]
				if (has(base, "absent"))
					more("overlay chain, ALLOW", kinds[k] "-" n "-" looks[l], "armed", base, "absent",
						m[base, "absent"] * 0.05 + 25)
			}

	percent("round trip", "overlay-continue", "armed", 1, "stock-continue", "absent", 5)
	percent("round trip", "overlay-answer", "armed", 1, "stock-answer", "absent", 5)
	for (d = 1; d <= 8; d *= 2)
		percent("nested depth " d, d == 1 ? "overlay-continue" : "nested-" d, "armed", d, "overlay-continue", "armed", 2)
	percent("redirect", "redirect-1", "armed", 1, "overlay-continue", "armed", 15)
	percent("redirect", "redirect-3", "armed", 1, "overlay-continue", "armed", 15)
	more("a pointer checked", "redirect-1-pointer", "armed", "redirect-1", "armed", 400)
	more("three pointers checked", "redirect-3-pointers", "armed", "redirect-3", "armed", 1200)

	fewer("clone", "clone", "armed", "build-and-load", 100)
	fewer("clone", "clone", "armed", "load", 10)
	percent("clone, a filter of 4,096 instructions", "clone-4096", "armed", 1, "clone-4", "armed", 2)
	for (s = 1; s <= 2; s++) {
		state = s == 1 ? "armed" : "crowd"
		if (has("clone-10000-memory", state))
			row("10,000 clones, memory for programs", "clone-10000-memory (" state ")", "none", 0, m["clone-10000-memory", state],
				sprintf("%+.0f bytes", m["clone-10000-memory", state]), "+0 bytes",
				m["clone-10000-memory", state] <= 0)
	}

	for (i = 1; i <= count; i++)
		if (names[i] !~ /memory/)
			percent("1,000 listeners, 10,000 chains and tasks", names[i], "crowd", 1, names[i], "armed", 10)
}

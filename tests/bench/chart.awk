# SPDX-License-Identifier: GPL-2.0-only
# Reads what judge.awk wrote. -v form=text: a table with bars, which say how much of what is allowed was used, for a
# terminal; svg: the same as a picture; markdown: the table without bars. -v title=TEXT.

BEGIN {
	FS = "\t"
	width = 30
}

# What part of the limit the difference is: numbers such as +8, +5.2 %, 1 / 140.
function part(difference, limit,	d, l) {
	if (difference ~ /^1 \/ /) {
		d = substr(difference, 5) + 0
		l = substr(limit, 5) + 0
		return d > 0 ? l / d : 9
	}
	d = difference + 0
	l = limit + 0
	if (l > 0) return d > 0 ? d / l : 0
	return d > 0 ? 9 : 0
}

function bar(share,	n, text) {
	n = int(share * width / 2 + 0.5)
	if (n > width) n = width
	text = ""
	while (length(text) < n) text = text "#"
	while (length(text) < width) text = text " "
	# The mark of what is allowed is in the middle.
	return substr(text, 1, width / 2) "|" substr(text, width / 2 + 1)
}

function escaped(text) {
	gsub(/&/, "\\&amp;", text)
	gsub(/</, "\\&lt;", text)
	return text
}

{
	n++
	subject[n] = $1; name[n] = $2; against[n] = $3; base[n] = $4; is[n] = $5
	difference[n] = $6; limit[n] = $7; verdict[n] = $8
	if ($8 != "ok") missed++
}

END {
	if (form == "text") as_text()
	else if (form == "svg") as_svg()
	else as_markdown()
}

function as_text(	i) {
	print title
	printf "%-30s %-30s %11s %11s %11s %11s  %-32s\n", "case", "against", "other", "case", "difference", "allowed",
		"used of what is allowed"
	for (i = 1; i <= n; i++) {
		if (subject[i] != subject[i - 1]) print "-- " subject[i]
		printf "%-30s %-30s %11.0f %11.0f %11s %11s  %s %s\n", name[i], against[i], base[i], is[i], difference[i],
			limit[i], bar(part(difference[i], limit[i])), verdict[i] == "ok" ? "" : "missed"
	}
	printf "%d of %d targets met\n", n - missed, n
}

function as_markdown(	i) {
	print title
	print ""
	print "| | case | | against | | difference | allowed | |"
	print "|---|---|---|---|---|---|---|---|"
	for (i = 1; i <= n; i++)
		printf "| %s | %s | %.0f | %s | %.0f | %s | %s | %s |\n", subject[i] != subject[i - 1] ? subject[i] : "",
			name[i], is[i], against[i], base[i], difference[i], limit[i],
			verdict[i] == "ok" ? "" : "**missed**"
	print ""
	printf "%d of %d targets met.\n", n - missed, n
}

function as_svg(	i, y, w, rows) {
	rows = n
	for (i = 1; i <= n; i++) if (subject[i] != subject[i - 1]) rows++
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"860\" height=\"%d\" font-family=\"sans-serif\" font-size=\"12\">\n",
		rows * 18 + 60
	print "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>"
	printf "<text x=\"10\" y=\"20\" font-size=\"14\">%s</text>\n", escaped(title)
	printf "<text x=\"480\" y=\"40\" text-anchor=\"middle\">allowed</text>\n"
	y = 54
	for (i = 1; i <= n; i++) {
		if (subject[i] != subject[i - 1]) {
			printf "<text x=\"10\" y=\"%d\" font-weight=\"bold\">%s</text>\n", y, escaped(subject[i])
			y += 18
		}
		w = part(difference[i], limit[i]) * 200
		if (w > 400) w = 400
		printf "<text x=\"20\" y=\"%d\">%s</text>\n", y, escaped(name[i])
		printf "<rect x=\"280\" y=\"%d\" width=\"%.0f\" height=\"11\" fill=\"%s\"/>\n", y - 10, w < 1 ? 1 : w,
			verdict[i] == "ok" ? "#3a7" : "#c43"
		printf "<text x=\"690\" y=\"%d\">%s (allowed %s)</text>\n", y, escaped(difference[i]), escaped(limit[i])
		y += 18
	}
	printf "<line x1=\"480\" y1=\"44\" x2=\"480\" y2=\"%d\" stroke=\"#888\" stroke-dasharray=\"3\"/>\n", y
	print "</svg>"
}

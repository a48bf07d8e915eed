// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdio.h>

#include "command.h"

static int is_more(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

/* Length of the UTF-8 character at S, 0 if there is none. */
static int utf8_length(const unsigned char *s)
{
	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] < 0xe0)
		return is_more(s[1]) ? 2 : 0;
	if ((s[0] & 0xf0) == 0xe0)
		return (s[0] != 0xe0 || s[1] >= 0xa0) &&
		       (s[0] != 0xed || s[1] < 0xa0) &&
		       is_more(s[1]) && is_more(s[2]) ? 3 : 0;
	if (s[0] >= 0xf0 && s[0] < 0xf5)
		return (s[0] != 0xf0 || s[1] >= 0x90) &&
		       (s[0] != 0xf4 || s[1] < 0x90) &&
		       is_more(s[1]) && is_more(s[2]) && is_more(s[3]) ? 4 : 0;
	return 0;
}

static void json_character(const unsigned char *s, int length)
{
	if (!length)
		fputs("\\ufffd", stdout);
	else if (*s == '"' || *s == '\\')
		printf("\\%c", *s);
	else if (*s < 0x20 || *s == 0x7f)
		printf("\\u%04x", *s);
	else
		fwrite(s, 1, length, stdout);
}

void json_string(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	int length;

	putchar('"');
	for (; *s; s += length ? length : 1) {
		length = utf8_length(s);
		json_character(s, length);
	}
	putchar('"');
}

void json_id(uint64_t id)
{
	printf("\"%016" PRIx64 "\"", id);
}

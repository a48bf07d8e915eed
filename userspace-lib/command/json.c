// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "command.h"

void json_string(const char *s)
{
	unsigned char c;

	putchar('"');
	while ((c = *s++)) {
		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

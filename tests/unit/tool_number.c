/* Lets a script check numbers against another implementation. A line in, a line out:
 *   tool_number format    16 hex digits, a double's bits -> its text
 *   tool_number parse     a text -> the 16 hex digits of the double that it reads as, or "none"
 *   tool_number int       a text -> the integer, or "none" */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"

static void format(const char *line)
{
    uint64_t bits = strtoull(line, NULL, 16);
    double value;
    char out[AFMON_NUMBER_SIZE];
    memcpy(&value, &bits, sizeof value);
    size_t length = afmon_format_double(out, value);
    printf("%.*s\n", (int)length, out);
}

static void parse(const char *line)
{
    double value;
    uint64_t bits;
    if (!afmon_parse_double(line, strlen(line), &value)) {
        puts("none");
        return;
    }
    memcpy(&bits, &value, sizeof bits);
    printf("%016" PRIx64 "\n", bits);
}

static void parse_int(const char *line)
{
    int64_t value;
    char out[AFMON_NUMBER_SIZE];
    if (!afmon_parse_int(line, strlen(line), &value)) {
        puts("none");
        return;
    }
    size_t length = afmon_format_int(out, value);
    printf("%.*s\n", (int)length, out);
}

int main(int argc, char **argv)
{
    const char *mode = argc == 2 ? argv[1] : "";
    void (*act)(const char *) = strcmp(mode, "format") == 0  ? format
                                : strcmp(mode, "parse") == 0 ? parse
                                : strcmp(mode, "int") == 0   ? parse_int
                                                             : NULL;
    if (act == NULL) {
        fprintf(stderr, "usage: tool_number format|parse|int\n");
        return 2;
    }
    char *line = NULL;
    size_t size = 0;
    for (ssize_t length; (length = getline(&line, &size, stdin)) > 0;) {
        if (line[length - 1] == '\n')
            line[length - 1] = '\0';
        act(line);
    }
    free(line);
    return 0;
}

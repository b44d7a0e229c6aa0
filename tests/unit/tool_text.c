/* Lets a script check texts and times against another implementation. A line in, a line out:
 *   tool_text string      hex bytes -> the JSON string
 *   tool_text utf8        hex bytes -> "1" or "0", a space, hex of the bytes with U+FFFD for what is not UTF-8
 *   tool_text json        hex bytes -> "1" where they are a JSON text, else "0"
 *   tool_text stamp       nanoseconds -> time stamp
 *   tool_text log         nanoseconds -> log time (the zone is the environment's TZ)
 *   tool_text time        a text -> nanoseconds, or "none" */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_check.h"
#include "base/text.h"
#include "base/utf8.h"

/* Turns hex digits into bytes, in place; returns how many. */
static size_t from_hex(char *line)
{
    size_t count = strlen(line) / 2;
    for (size_t i = 0; i < count; i++) {
        char digits[3] = {line[2 * i], line[2 * i + 1], '\0'};
        line[i] = (char)strtoul(digits, NULL, 16);
    }
    return count;
}

static void string(char *line)
{
    struct afmon_buffer out;
    afmon_buffer_init(&out, SIZE_MAX);
    afmon_buffer_add_json_string(&out, line, from_hex(line));
    fwrite(out.data, 1, out.length, stdout);
    putchar('\n');
    afmon_buffer_free(&out);
}

static void utf8(char *line)
{
    struct afmon_buffer out;
    size_t length = from_hex(line);
    afmon_buffer_init(&out, SIZE_MAX);
    afmon_buffer_add_utf8(&out, line, length);
    printf("%d ", afmon_utf8_valid(line, length));
    for (size_t i = 0; i < out.length; i++)
        printf("%02x", (unsigned char)out.data[i]);
    putchar('\n');
    afmon_buffer_free(&out);
}

static void json(char *line)
{
    printf("%d\n", afmon_json_valid(line, from_hex(line)));
}

static void stamp(char *line)
{
    char out[AFMON_TIMESTAMP_SIZE];
    size_t length = afmon_format_timestamp(out, strtoll(line, NULL, 10));
    printf("%.*s\n", (int)length, out);
}

static void log_time(char *line)
{
    char out[AFMON_TIMESTAMP_SIZE];
    size_t length = afmon_format_log_time(out, strtoll(line, NULL, 10));
    printf("%.*s\n", (int)length, out);
}

static void time_text(char *line)
{
    int64_t ns;
    if (afmon_parse_timestamp(line, strlen(line), &ns))
        printf("%" PRId64 "\n", ns);
    else
        puts("none");
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*act)(char *line);
    } modes[] = {{"string", string}, {"utf8", utf8},    {"json", json},
                 {"stamp", stamp},   {"log", log_time}, {"time", time_text}};
    void (*act)(char *) = NULL;
    for (size_t i = 0; argc == 2 && i < sizeof modes / sizeof *modes; i++)
        if (strcmp(modes[i].name, argv[1]) == 0)
            act = modes[i].act;
    if (act == NULL) {
        fprintf(stderr, "usage: tool_text string|utf8|json|stamp|log|time\n");
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

#include "cli/cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Formats into fresh memory; NULL where there is none. */
static CLI_PRINTF(1, 0) char *format_text(const char *format, va_list list)
{
    va_list again;
    va_copy(again, list);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0)
        return NULL;
    char *text = malloc((size_t)length + 1);
    if (text)
        vsnprintf(text, (size_t)length + 1, format, list);
    return text;
}

static void print_error(const char *text)
{
    cli_screen screen;
    cli_screen_init(&screen, stderr);
    char *safe = cli_safe(text, strlen(text));
    /* One call, so that messages of several threads do not mix. */
    fprintf(stderr, "%safmon:%s %s\n", cli_paint(&screen, CLI_RED), cli_paint(&screen, CLI_PLAIN),
            safe ? safe : "out of memory");
    free(safe);
}

void cli_error(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    char *text = format_text(format, list);
    va_end(list);
    print_error(text ? text : "out of memory");
    free(text);
}

void cli_warn_of_rules(const afmon_rules *rules)
{
    char text[400];
    for (size_t i = 0; i < rules->count; i++)
        if (afmon_alert_rule_remark(&rules->rules[i], text, sizeof text))
            cli_error("%s", text);
}

int cli_usage_error(const char *command, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    char *text = format_text(format, list);
    va_end(list);
    print_error(text ? text : "out of memory");
    free(text);
    fprintf(stderr, "Try 'afmon %s%s--help'.\n", command ? command : "", command ? " " : "");
    return CLI_USAGE;
}

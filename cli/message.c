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

enum { MAX_WORD = 40 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein's distance, with a swap of neighbours as one step. Words are at most MAX_WORD long. */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][MAX_WORD + 1];
    size_t a_length = strlen(a);
    size_t b_length = strlen(b);
    for (size_t j = 0; j <= b_length; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t *now = rows[i % 3];
        const size_t *before = rows[(i + 2) % 3];
        const size_t *two_before = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t change = before[j - 1] + (a[i - 1] != b[j - 1]);
            now[j] = least(change, least(before[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], two_before[j - 2] + 1);
        }
    }
    return rows[a_length % 3][b_length];
}

const char *cli_suggest(const char *word, const char *const *words, size_t count)
{
    const char *best = NULL;
    size_t length = strlen(word);
    if (length == 0 || length > MAX_WORD)
        return NULL;
    size_t best_distance = 1 + length / 3; /* farther than that is another word */
    for (size_t i = 0; i < count; i++) {
        if (strlen(words[i]) > MAX_WORD)
            continue;
        size_t d = strncmp(word, words[i], length) == 0 ? 0 : distance(word, words[i]);
        if (d < best_distance || (d == best_distance && !best)) {
            best = words[i];
            best_distance = d;
        }
    }
    return best;
}

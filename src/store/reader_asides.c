#include "store/reader_asides.h"

#include <string.h>

#include "base/digits.h"
#include "base/text.h"
#include "store/reader_text.h"

#define LONG 256      /* shorter texts cost jansson no more than a list of them would */
#define NUL "\\u0000" /* what stands for a text begins so */
#define WRONG_KEPT 16 /* of what makes a string wrong: enough to see that */

void afmon_asides_init(struct afmon_asides *asides, size_t limit)
{
    afmon_buffer_init(&asides->line, limit);
    afmon_buffer_init(&asides->list, limit);
    afmon_buffer_init(&asides->part, limit);
}

void afmon_asides_free(struct afmon_asides *asides)
{
    afmon_buffer_free(&asides->line);
    afmon_buffer_free(&asides->list);
    afmon_buffer_free(&asides->part);
}

size_t afmon_asides_bytes(const struct afmon_asides *asides)
{
    return asides->line.capacity + asides->list.capacity + asides->part.capacity;
}

static size_t count(const struct afmon_asides *asides)
{
    return asides->list.length / sizeof(struct afmon_aside);
}

/* at: behind the string. */
static bool is_key(const char *at, const char *end)
{
    while (at < end && memchr(" \t\r\n", *at, 4) != NULL)
        at++;
    return at < end && *at == ':';
}

/* All that begin with a NUL are put aside, so that those that are left stand for others. */
static bool goes_aside(const char *raw, size_t length)
{
    return length >= LONG || (length >= sizeof NUL - 1 && memcmp(raw, NUL, sizeof NUL - 1) == 0);
}

static void put_aside(struct afmon_asides *asides, const char *raw, size_t length)
{
    char digits[AFMON_DIGITS_SIZE];
    afmon_buffer_add_text(&asides->line, "\"" NUL);
    afmon_buffer_add(&asides->line, digits, afmon_write_digits(digits, count(asides)));
    afmon_buffer_add_char(&asides->line, '"');
    afmon_buffer_add(&asides->list, &(struct afmon_aside){raw, length}, sizeof(struct afmon_aside));
}

/* Of a string that is none, from its quote on, the part that makes it wrong: the line is no JSON, whatever follows. */
static void add_wrong(struct afmon_asides *asides, const char *wrong, const char *end)
{
    size_t left = (size_t)(end - wrong);
    afmon_buffer_add_char(&asides->line, '"');
    afmon_buffer_add(&asides->line, wrong, left < WRONG_KEPT ? left : WRONG_KEPT);
}

static void shorten(struct afmon_asides *asides, const char *line, const char *end)
{
    const char *quote;
    const char *at = line; /* what is before it has been added */
    for (const char *from = line; (quote = memchr(from, '"', (size_t)(end - from))) != NULL;) {
        const char *close = quote + 1;
        bool is_string = afmon_json_find_end(&close, end);
        size_t length = (size_t)(close - (quote + 1));
        if (is_string && (!goes_aside(quote + 1, length) || is_key(close + 1, end))) {
            from = close + 1;
            continue;
        }
        afmon_buffer_add(&asides->line, at, (size_t)(quote - at));
        if (!is_string) {
            add_wrong(asides, close, end);
            return;
        }
        put_aside(asides, quote + 1, length);
        at = close + 1;
        from = at;
    }
    afmon_buffer_add(&asides->line, at, (size_t)(end - at));
}

bool afmon_asides_take(struct afmon_asides *asides, const char **line, size_t *length)
{
    afmon_buffer_clear(&asides->line);
    afmon_buffer_clear(&asides->list);
    if (*length < LONG)
        return true;
    shorten(asides, *line, *line + *length);
    if (asides->line.failed || asides->list.failed)
        return false;
    *line = asides->line.data;
    *length = asides->line.length;
    return true;
}

const struct afmon_aside *afmon_aside_of(const struct afmon_asides *asides, const char *text, size_t length)
{
    if (count(asides) == 0 || length == 0 || text[0] != '\0')
        return NULL;
    size_t number = 0;
    for (size_t i = 1; i < length; i++)
        number = number * 10 + (size_t)(text[i] - '0');
    return (const struct afmon_aside *)(const void *)asides->list.data + number;
}

void afmon_aside_add_json(struct afmon_asides *asides, const struct afmon_aside *aside, struct afmon_buffer *out)
{
    const char *end = aside->raw + aside->length;
    afmon_buffer_add_char(out, '"');
    for (const char *at = aside->raw; at < end;) {
        const char *escape = memchr(at, '\\', (size_t)(end - at));
        afmon_buffer_add_json_body(out, at, (size_t)((escape == NULL ? end : escape) - at));
        if (escape == NULL)
            break;
        size_t length = afmon_json_escape_length(escape, end);
        afmon_buffer_clear(&asides->part);
        afmon_json_unescape(&asides->part, escape, length);
        out->failed = out->failed || asides->part.failed;
        afmon_buffer_add_json_body(out, asides->part.data, asides->part.length);
        at = escape + length;
    }
    afmon_buffer_add_char(out, '"');
}

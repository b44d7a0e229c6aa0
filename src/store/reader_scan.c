/* The fast way: lines in exactly the form that catalog/lines.h writes. Whatever is not certain here is left to jansson,
 * so that the two agree on every line. */
#include "base/clock.h"
#include "base/number.h"
#include "base/text.h"
#include "store/reader_internal.h"
#include "store/reader_text.h"

#include <math.h>

#define LINE_BEGIN "{\"metric\": \""
#define VALUE_KEY "\", \"value\": "
#define TIME_KEY "\"timestamp\": \""
#define TIME_FORM "dddd-dd-ddTdd:dd:dd.dddddd+00:00\"}"
#define TAIL_LENGTH (sizeof TIME_KEY - 1 + sizeof TIME_FORM - 1)
#define SECOND_LENGTH 19 /* "2026-11-23T09:20:35" */
#define TIME_LENGTH 32   /* without the end of the line */

#define BEGINS_WITH(at, end, text)                                                                                     \
    ((size_t)((end) - (at)) >= sizeof(text) - 1 && memcmp((at), (text), sizeof(text) - 1) == 0)

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Six digits, ".dddddd" without its point; -1 where they are none. */
static int64_t microseconds(const char *at)
{
    int64_t value = 0;
    for (int i = 0; i < 6; i++) {
        if (!is_digit(at[i]))
            return -1;
        value = value * 10 + (at[i] - '0');
    }
    return value;
}

/* The time's second, from the last line's where it is the same: many lines are of one second. */
static bool read_second(struct afmon_reader *reader, const char *time)
{
    if (reader->second_known && memcmp(reader->second_text, time, SECOND_LENGTH) == 0)
        return true;
    char text[SECOND_LENGTH + 1];
    memcpy(text, time, SECOND_LENGTH);
    text[SECOND_LENGTH] = 'Z';
    int64_t ns;
    if (text[10] != 'T' || !afmon_parse_timestamp(text, sizeof text, &ns))
        return false;
    memcpy(reader->second_text, time, SECOND_LENGTH);
    reader->second_known = true;
    reader->second_us = ns / 1000; /* a whole second */
    return true;
}

static bool scan_time(struct afmon_reader *reader, const char *tail, int64_t *wall_us)
{
    const char *time = tail + sizeof TIME_KEY - 1;
    if (memcmp(tail, TIME_KEY, sizeof TIME_KEY - 1) != 0 || time[SECOND_LENGTH] != '.' ||
        memcmp(time + TIME_LENGTH - 6, "+00:00\"}", 8) != 0)
        return false;
    int64_t fraction = microseconds(time + SECOND_LENGTH + 1);
    /* A second within int64_t nanoseconds may leave it with its fraction: such times are left to the slow way. */
    if (fraction < 0 || !read_second(reader, time) || reader->second_us >= INT64_MAX / 1000 - 1000000 ||
        reader->second_us <= INT64_MIN / 1000 + 1000000)
        return false;
    *wall_us = reader->second_us + fraction;
    return true;
}

/* Returns what follows the number or null. */
static const char *scan_value(const char *at, const char *end, double *value)
{
    const char *comma = memchr(at, ',', (size_t)(end - at));
    if (comma == NULL)
        return NULL;
    size_t length = (size_t)(comma - at);
    if (length == 4 && memcmp(at, "null", 4) == 0)
        *value = (double)NAN;
    else if (length == 2 && memcmp(at, "-0", 2) == 0)
        *value = 0; /* a whole number, and these have no -0 */
    else if (!afmon_parse_double(at, length, value))
        return NULL;
    return comma;
}

/* The name; returns its closing quote. */
static const char *scan_name(struct afmon_reader *reader, const char *at, const char *end,
                             struct afmon_read_sample *sample)
{
    bool escaped = false;
    const char *close = afmon_json_string_end(at, end, &escaped);
    if (close == NULL)
        return NULL;
    sample->name = at;
    sample->name_length = (size_t)(close - at);
    if (escaped) {
        afmon_buffer_clear(&reader->name);
        afmon_json_unescape(&reader->name, at, sample->name_length);
        sample->name = reader->name.data;
        sample->name_length = reader->name.length;
    }
    return close;
}

/* A key that the line uses itself, in the metadata, counts like the line's own: the slow way sorts that out. */
static afmon_status check_key(struct afmon_reader *reader, const struct afmon_metadata_item *item)
{
    if (!item->key_escaped)
        return afmon_is_own_key(item->key, item->key_length) ? AFMON_E_FORMAT : AFMON_OK;
    afmon_buffer_clear(&reader->text);
    afmon_json_unescape(&reader->text, item->key, item->key_length);
    if (reader->text.failed)
        return AFMON_E_NO_MEMORY;
    return afmon_is_own_key(reader->text.data, reader->text.length) ? AFMON_E_FORMAT : AFMON_OK;
}

/* The id of an item stands behind the other metadata in our own form. */
static afmon_status take_item(struct afmon_reader *reader, struct afmon_read_sample *sample,
                              const struct afmon_metadata_item *item, bool last)
{
    if (!last)
        return AFMON_E_FORMAT;
    if (item->type == AFMON_INT)
        sample->item = (struct afmon_item_id){reader->item_digits,
                                              (uint32_t)afmon_format_int(reader->item_digits, item->integer), true};
    else if (item->type == AFMON_STRING && !item->value_escaped &&
             afmon_item_id_is_plain(item->value, item->value_length))
        sample->item = (struct afmon_item_id){item->value, (uint32_t)item->value_length, false};
    else
        return AFMON_OK;
    sample->metadata_length = (size_t)(item->key - 1 - sample->metadata);
    return AFMON_OK;
}

static afmon_status check_metadata(struct afmon_reader *reader, struct afmon_read_sample *sample, const char *end)
{
    struct afmon_metadata_item item;
    afmon_status status = AFMON_OK;
    const char *at = sample->metadata;
    while (status == AFMON_OK && at < end) {
        at = afmon_metadata_next(at, end, &item);
        status = at != NULL ? check_key(reader, &item) : AFMON_E_FORMAT;
        if (status == AFMON_OK && !item.key_escaped && afmon_is_item_key(item.key, item.key_length))
            status = take_item(reader, sample, &item, at == end);
    }
    return status;
}

afmon_status afmon_scan_line(struct afmon_reader *reader, const char *line, size_t length,
                             struct afmon_read_sample *sample)
{
    if (length < sizeof LINE_BEGIN + sizeof VALUE_KEY + TAIL_LENGTH || !BEGINS_WITH(line, line + length, LINE_BEGIN))
        return AFMON_E_FORMAT;
    const char *tail = line + length - TAIL_LENGTH;
    const char *at = scan_name(reader, line + sizeof LINE_BEGIN - 1, tail, sample);
    if (at == NULL || !BEGINS_WITH(at, tail, VALUE_KEY))
        return AFMON_E_FORMAT;
    at = scan_value(at + sizeof VALUE_KEY - 1, tail, &sample->value);
    if (at == NULL || !BEGINS_WITH(at, tail, ", ") || !scan_time(reader, tail, &sample->wall_us))
        return AFMON_E_FORMAT;
    sample->metadata = at + 2;
    sample->metadata_length = (size_t)(tail - sample->metadata);
    return reader->name.failed ? AFMON_E_NO_MEMORY : check_metadata(reader, sample, tail);
}

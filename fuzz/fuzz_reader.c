/* libFuzzer: the reader of lines takes anything, and its two ways agree. Whatever the scanner accepts, jansson must
 * accept, with the same name, value, time and metadata; and what was read must be readable again once written. */
#include <jansson.h>
#include <math.h>

#include "fuzz.h"

#include "catalog/field_list.h"
#include "catalog/lines.h"
#include "store/reader.h"
#include "store/reader_internal.h"

static bool same_text(const char *left, size_t left_length, const char *right, size_t right_length)
{
    return left_length == right_length && (left_length == 0 || memcmp(left, right, left_length) == 0);
}

/* The scanner keeps the text of arrays and objects, jansson's way writes it anew: what they mean must be the same. */
static bool same_json(const afmon_field *left, const afmon_field *right)
{
    json_t *a = json_loadb(left->as.text.data, left->as.text.length, JSON_ALLOW_NUL, NULL);
    json_t *b = json_loadb(right->as.text.data, right->as.text.length, JSON_ALLOW_NUL, NULL);
    bool same = a != NULL && b != NULL && json_equal(a, b);
    json_decref(a);
    json_decref(b);
    return same;
}

static bool same_value(const afmon_field *left, const afmon_field *right)
{
    if (left->type != right->type)
        return false;
    switch (left->type) {
    case AFMON_STRING:
        return same_text(left->as.text.data, left->as.text.length, right->as.text.data, right->as.text.length);
    case AFMON_JSON:
        return same_json(left, right);
    case AFMON_INT:
        return left->as.integer == right->as.integer;
    case AFMON_DOUBLE:
        return memcmp(&left->as.number, &right->as.number, sizeof left->as.number) == 0;
    case AFMON_BOOL:
        return left->as.boolean == right->as.boolean;
    case AFMON_NULL:
        break;
    }
    return true;
}

static void compare_fields(const struct afmon_read_sample *left, const struct afmon_read_sample *right)
{
    struct afmon_field_list a, b;
    MUST(afmon_field_list_read(&a, left->packed, left->packed_length));
    MUST(afmon_field_list_read(&b, right->packed, right->packed_length));
    MUST(a.count == b.count);
    for (size_t i = 0; i < a.count; i++) {
        MUST(same_text(a.fields[i].key, a.fields[i].key_length, b.fields[i].key, b.fields[i].key_length));
        MUST(same_value(&a.fields[i], &b.fields[i]));
    }
    afmon_field_list_free(&a);
    afmon_field_list_free(&b);
}

static void compare(const struct afmon_read_sample *left, const struct afmon_read_sample *right)
{
    MUST(same_text(left->name, left->name_length, right->name, right->name_length));
    MUST((isnan(left->value) && isnan(right->value)) || memcmp(&left->value, &right->value, sizeof left->value) == 0);
    MUST(left->wall_us == right->wall_us);
    compare_fields(left, right);
}

/* jansson takes no NUL in a key, wherever it is; the scanner does, as afmon writes it. */
static bool has_nul_in_key(const struct afmon_read_sample *sample)
{
    struct afmon_field_walk walk = afmon_field_walk_begin(sample->packed, sample->packed_length);
    afmon_field field;
    while (afmon_field_walk_next(&walk, &field))
        if (memchr(field.key, '\0', field.key_length) != NULL)
            return true;
    return false;
}

static void agree(const char *line, size_t size)
{
    struct afmon_reader *scanner = afmon_reader_new();
    struct afmon_reader *jansson = afmon_reader_new();
    MUST(scanner != NULL && jansson != NULL);
    struct afmon_read_sample scanned = {0}, parsed = {0};
    const char *why = NULL;
    if (afmon_scan_line(scanner, line, size, &scanned) == AFMON_OK) {
        MUST(afmon_reader_packed(scanner, &scanned) == AFMON_OK);
        afmon_status status = afmon_read_object(jansson, line, size, &parsed, &why);
        if (!has_nul_in_key(&scanned)) {
            MUST(status == AFMON_OK);
            MUST(afmon_reader_packed(jansson, &parsed) == AFMON_OK);
            compare(&scanned, &parsed);
        }
    }
    afmon_reader_free(scanner);
    afmon_reader_free(jansson);
}

static size_t write_line(struct afmon_buffer *line, const struct afmon_read_sample *sample)
{
    struct afmon_buffer prefix, metadata;
    struct afmon_timestamp_cache cache = {0};
    afmon_buffer_init(&prefix, SIZE_MAX / 4);
    afmon_buffer_init(&metadata, SIZE_MAX / 4);
    afmon_line_prefix(&prefix, sample->name, sample->name_length);
    afmon_fields_render(&metadata, sample->packed, sample->packed_length, AFMON_LINE_METRIC);
    afmon_line_sample(line, prefix.data, prefix.length, sample->value, metadata.data, metadata.length, &cache,
                      sample->wall_us * 1000);
    MUST(!prefix.failed && !metadata.failed && !line->failed);
    afmon_buffer_free(&prefix);
    afmon_buffer_free(&metadata);
    return line->length - 1;
}

/* Times before the year 0 or after 9999 cannot be written; all that are read lie within. */
static void round_trip(const char *line, size_t size)
{
    struct afmon_reader *reader = afmon_reader_new();
    struct afmon_reader *again = afmon_reader_new();
    MUST(reader != NULL && again != NULL);
    struct afmon_read_sample sample, second;
    const char *why;
    afmon_status status = afmon_read_line(reader, line, size, &sample, &why);
    MUST(status == AFMON_OK || (status == AFMON_E_FORMAT && why != NULL));
    if (status == AFMON_OK) {
        struct afmon_buffer written;
        afmon_buffer_init(&written, SIZE_MAX / 4);
        MUST(afmon_reader_packed(reader, &sample) == AFMON_OK);
        size_t length = write_line(&written, &sample);
        MUST(memchr(written.data, '\n', written.length) == written.data + length);
        MUST(afmon_read_line(again, written.data, length, &second, &why) == AFMON_OK);
        MUST(same_text(sample.name, sample.name_length, second.name, second.name_length));
        MUST(sample.wall_us == second.wall_us);
        afmon_buffer_free(&written);
    }
    afmon_reader_free(reader);
    afmon_reader_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    agree((const char *)data, size);
    round_trip((const char *)data, size);
    return 0;
}

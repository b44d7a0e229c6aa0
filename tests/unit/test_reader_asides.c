/* Lines in the form of others with long texts, which are put aside before jansson reads the line: they mean what short
 * ones mean, and what is wrong with a line is said the same. */
#include "check.h"

#include "base/text.h"
#include "catalog/fields.h"
#include "fail_alloc.h"
#include "store/reader.h"
#include "store/reader_text.h"

#define TIME "2026-11-23T09:20:35.000123+00:00"
#define OFTEN 300

/* ---- lines ---- */

static char *repeated(const char *part, size_t times)
{
    char *text = calloc(strlen(part) * times + 1, 1);
    assert_non_null(text);
    for (size_t i = 0; i < times; i++)
        strcat(text, part);
    return text;
}

/* A line of that form, with the two texts in the place of 1 and 2 behind a dollar. */
static char *line_of(const char *form, const char *first, const char *second)
{
    struct afmon_buffer line;
    afmon_buffer_init(&line, SIZE_MAX / 4);
    for (; *form != '\0'; form++) {
        if (*form == '$')
            afmon_buffer_add_text(&line, *++form == '1' ? first : second);
        else
            afmon_buffer_add_char(&line, *form);
    }
    afmon_buffer_add_char(&line, '\0');
    assert_false(line.failed);
    return line.data;
}

struct read {
    struct afmon_reader *reader;
    struct afmon_read_sample sample;
    const char *why;
};

static afmon_status read_line(struct read *read, const char *line, size_t length)
{
    *read = (struct read){.reader = afmon_reader_new()};
    assert_non_null(read->reader);
    afmon_status status = afmon_read_line(read->reader, line, length, &read->sample, &read->why);
    if (status == AFMON_OK)
        assert_int_equal(afmon_reader_packed(read->reader, &read->sample), AFMON_OK);
    return status;
}

static void read_sample(struct read *read, const char *line)
{
    assert_int_equal(read_line(read, line, strlen(line)), AFMON_OK);
}

/* ---- what they mean ---- */

static const char *const parts[] = {"a",    "\\u0000", "\\u00000",        "\\u00001x",  "\\ud83d\\ude00",
                                    "\\\\", "\\\"\\/", "\xc3\xa9\\u00e9", "\\n\\t\x7f", "\xf0\x9f\x98\x80"};

/* afmon's own form is read without jansson. */
static void assert_same_texts(const char *first, const char *second)
{
    char *own = line_of("{\"metric\": \"m$1\", \"value\": 1, \"a\": \"$1\", \"b\": \"$2\", \"c\": \"$1\", "
                        "\"timestamp\": \"" TIME "\"}",
                        first, second);
    char *other = line_of("{\"metric\":\"m$1\",\"value\":1,\"a\" : \"$1\",\"b\":\"$2\",\"c\":\"$1\","
                          "\"timestamp\":\"" TIME "\"}",
                          first, second);
    struct read wanted, got;
    read_sample(&wanted, own);
    read_sample(&got, other);
    assert_non_null(wanted.sample.metadata);
    assert_null(got.sample.metadata);
    assert_int_equal(got.sample.name_length, wanted.sample.name_length);
    assert_memory_equal(got.sample.name, wanted.sample.name, wanted.sample.name_length);
    assert_int_equal(got.sample.packed_length, wanted.sample.packed_length);
    assert_memory_equal(got.sample.packed, wanted.sample.packed, wanted.sample.packed_length);
    afmon_reader_free(wanted.reader);
    afmon_reader_free(got.reader);
    free(own);
    free(other);
}

static void long_texts_are_what_they_stand_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        for (size_t j = 0; j < sizeof parts / sizeof parts[0]; j++) {
            char *text = repeated(parts[i], OFTEN);
            assert_same_texts(text, parts[j]);
            assert_same_texts(parts[j], text);
            free(text);
        }
    }
}

/* As a string of its own is written. */
static void add_as_json(struct afmon_buffer *out, const char *raw)
{
    struct afmon_buffer text;
    afmon_buffer_init(&text, SIZE_MAX / 4);
    afmon_json_unescape(&text, raw, strlen(raw));
    afmon_buffer_add_json_string(out, text.data, text.length);
    afmon_buffer_free(&text);
}

static void long_texts_within_arrays_and_objects(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        char *text = repeated(parts[i], OFTEN);
        char *line = line_of("{\"metric\":\"m\",\"value\":1,\"a\":[\"$1\",{\"k\":\"$2\",\"l\":[7]}],\"timestamp\":"
                             "\"" TIME "\"}",
                             text, parts[i]);
        struct read read;
        struct afmon_buffer wanted, got;
        afmon_buffer_init(&wanted, SIZE_MAX / 4);
        afmon_buffer_init(&got, SIZE_MAX / 4);
        afmon_buffer_add_text(&wanted, "\"a\": [");
        add_as_json(&wanted, text);
        afmon_buffer_add_text(&wanted, ", {\"k\": ");
        add_as_json(&wanted, parts[i]);
        afmon_buffer_add_text(&wanted, ", \"l\": [7]}], ");
        afmon_buffer_add_char(&wanted, '\0');
        read_sample(&read, line);
        afmon_fields_render(&got, read.sample.packed, read.sample.packed_length, AFMON_LINE_METRIC);
        assert_text(got.data, got.length, wanted.data);
        afmon_reader_free(read.reader);
        afmon_buffer_free(&wanted);
        afmon_buffer_free(&got);
        free(line);
        free(text);
    }
}

/* As in short texts: see reader_repair.c. */
static void halves_of_pairs_become_replacements(void **state)
{
    (void)state;
    static const char form[] =
        "{\"metric\": \"m\", \"value\": NaN, \"a\": \"$1\", \"b\": [\"$1\"], \"timestamp\": \"" TIME "\"}";
    static const char *const halves[] = {"\\ud83d", "\\ude00", "\\ud83dx", "\\ud83d\\u0041", "\\ud83d\\ud83d\\ude00"};
    static const char *const repaired[] = {"\xef\xbf\xbd", "\xef\xbf\xbd", "\xef\xbf\xbdx", "\xef\xbf\xbd\x41",
                                           "\xef\xbf\xbd\xf0\x9f\x98\x80"};
    for (size_t i = 0; i < sizeof halves / sizeof halves[0]; i++) {
        for (size_t times = 1; times <= OFTEN; times += OFTEN - 1) {
            char *text = repeated(halves[i], times);
            char *plain = repeated(repaired[i], times);
            char *line = line_of(form, text, "");
            char *wanted = line_of("\"a\": \"$1\", \"b\": [\"$1\"], ", plain, "");
            struct read read;
            struct afmon_buffer got;
            afmon_buffer_init(&got, SIZE_MAX / 4);
            read_sample(&read, line);
            afmon_fields_render(&got, read.sample.packed, read.sample.packed_length, AFMON_LINE_METRIC);
            assert_text(got.data, got.length, wanted);
            afmon_reader_free(read.reader);
            afmon_buffer_free(&got);
            free(text);
            free(plain);
            free(line);
            free(wanted);
        }
    }
}

/* ---- what is wrong ---- */

static const char *const wrong[] = {
    "{\"metric\":\"m\",\"value\":1,\"a\":\"$1\\x\",\"b\":2,\"timestamp\":\"" TIME "\"}",
    "{\"metric\":\"m\",\"value\":1,\"a\":\"$1\\u00g\",\"timestamp\":\"" TIME "\"}",
    "{\"metric\":\"m\",\"value\":1,\"a\":\"$1\\ud83d\\u12\",\"timestamp\":\"" TIME "\"}",
    "{\"metric\":\"m\",\"value\":1,\"a\":\"$1\x01\",\"timestamp\":\"" TIME "\"}",
    "{\"metric\":\"m\",\"value\":1,\"a\":\"$1\xff and so on for longer than is kept\",\"timestamp\":\"" TIME "\"}",
    "{\"metric\":\"m\",\"value\":1,\"a\":\"$1",
    "{\"metric\":\"m\",\"value\":1,\"a\":\"$1\\",
    "{\"metric\":\"m\",\"value\":1,\"a\":\"$1\",\"b\":\"$1\xe2\x82",
    "{\"metric\":\"m\",\"value\":1,\"a\":\"$1\"",
    "{\"metric\":\"m\",\"value\":1,\"a\":\"$1\"x,\"timestamp\":\"" TIME "\"}",
    "{\"metric\":\"m\",\"value\":1,\"$1\\u0000\":\"$1\",\"timestamp\":\"" TIME "\"}",
    "{\"metric\":\"m\",\"value\":\"$1\",\"timestamp\":\"" TIME "\"}",
    "{\"metric\":\"m\",\"value\":1,\"timestamp\":\"$1\"}",
    "{\"metric\":[\"$1\"],\"value\":1,\"timestamp\":\"" TIME "\"}",
    "\"$1\"",
    "$1",
};

static void what_is_wrong_is_said_the_same(void **state)
{
    (void)state;
    char *filling = repeated("a", OFTEN);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char *few = line_of(wrong[i], "a", "");
        char *many = line_of(wrong[i], filling, "");
        struct read wanted, got;
        assert_int_equal(read_line(&wanted, few, strlen(few)), AFMON_E_FORMAT);
        assert_int_equal(read_line(&got, many, strlen(many)), AFMON_E_FORMAT);
        assert_string_equal(got.why, wanted.why);
        afmon_reader_free(wanted.reader);
        afmon_reader_free(got.reader);
        free(few);
        free(many);
    }
    free(filling);
}

/* ---- memory ---- */

static afmon_status read_and_pack(struct afmon_reader *reader, const char *line)
{
    struct afmon_read_sample sample;
    const char *why;
    afmon_status status = afmon_read_line(reader, line, strlen(line), &sample, &why);
    return status == AFMON_OK ? afmon_reader_packed(reader, &sample) : status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    char *text = repeated("\\n\\u0000", OFTEN);
    char *line = line_of("{\"metric\":\"$1\",\"value\":1,\"a\":[1,{\"b\":\"$1\"}],\"c\":\"$1\",\"timestamp\":"
                         "\"" TIME "\"}",
                         text, "");
    bool failed = true;
    for (long n = 1; failed; n++) {
        fail_alloc_at(n);
        struct afmon_reader *reader = afmon_reader_new();
        afmon_status status = reader != NULL ? read_and_pack(reader, line) : AFMON_E_NO_MEMORY;
        failed = fail_alloc_stop();
        assert_int_equal(status, failed ? AFMON_E_NO_MEMORY : AFMON_OK);
        if (reader != NULL) /* and after it, all is well again */
            assert_int_equal(read_and_pack(reader, line), AFMON_OK);
        afmon_reader_free(reader);
    }
    free(line);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_texts_are_what_they_stand_for),  cmocka_unit_test(long_texts_within_arrays_and_objects),
        cmocka_unit_test(halves_of_pairs_become_replacements), cmocka_unit_test(what_is_wrong_is_said_the_same),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "check.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/number.h"
#include "base/text.h"
#include "catalog/fields.h"
#include "catalog/lines.h"
#include "fail_alloc.h"
#include "store/reader.h"
#include "store/reader_internal.h"

#define TIME "2026-11-23T09:20:35.000123+00:00"
#define TIME_US INT64_C(1795425635000123)
#define OWN(value, metadata) "{\"metric\": \"m\", \"value\": " value ", " metadata "\"timestamp\": \"" TIME "\"}"

struct parsed {
    struct afmon_reader *reader;
    struct afmon_read_sample sample;
    afmon_status status;
    const char *why;
};

static struct parsed parse_bytes(const char *line, size_t length)
{
    struct parsed parsed = {.reader = afmon_reader_new()};
    assert_non_null(parsed.reader);
    parsed.status = afmon_read_line(parsed.reader, line, length, &parsed.sample, &parsed.why);
    return parsed;
}

static struct parsed parse(const char *line)
{
    return parse_bytes(line, strlen(line));
}

static void done(struct parsed *parsed)
{
    afmon_reader_free(parsed->reader);
}

/* The metadata as afmon would write it again. */
static void assert_metadata(struct parsed *parsed, const char *expected)
{
    struct afmon_buffer text;
    afmon_buffer_init(&text, 1 << 20);
    assert_int_equal(afmon_reader_packed(parsed->reader, &parsed->sample), AFMON_OK);
    assert_non_null(parsed->sample.packed);
    afmon_fields_render(&text, parsed->sample.packed, parsed->sample.packed_length, AFMON_LINE_METRIC);
    afmon_buffer_add_char(&text, '\0');
    assert_string_equal(text.data, expected);
    afmon_buffer_free(&text);
}

static void assert_value(const char *line, double expected)
{
    struct parsed parsed = parse(line);
    assert_int_equal(parsed.status, AFMON_OK);
    if (isnan(expected))
        assert_true(isnan(parsed.sample.value));
    else
        assert_memory_equal(&parsed.sample.value, &expected, sizeof expected);
    done(&parsed);
}

static void assert_problem(const char *line, const char *why)
{
    struct parsed parsed = parse(line);
    assert_int_equal(parsed.status, AFMON_E_FORMAT);
    assert_string_equal(parsed.why, why);
    done(&parsed);
}

static bool is_in_own_form(const char *line)
{
    struct afmon_reader *reader = afmon_reader_new();
    struct afmon_read_sample sample;
    afmon_status status = afmon_scan_line(reader, line, strlen(line), &sample);
    afmon_reader_free(reader);
    return status == AFMON_OK;
}

static void own_lines_are_scanned(void **state)
{
    (void)state;
    struct parsed parsed = parse(OWN("0.25", "\"model_name\": \"gpt\", \"n\": 3, "));
    assert_int_equal(parsed.status, AFMON_OK);
    assert_text(parsed.sample.name, parsed.sample.name_length, "m");
    assert_true(parsed.sample.value == 0.25);
    assert_int_equal(parsed.sample.wall_us, TIME_US);
    assert_text(parsed.sample.metadata, parsed.sample.metadata_length, "\"model_name\": \"gpt\", \"n\": 3, ");
    assert_null(parsed.sample.packed);
    assert_metadata(&parsed, "\"model_name\": \"gpt\", \"n\": 3, ");
    done(&parsed);
}

static void what_the_writer_writes_is_in_own_form(void **state)
{
    (void)state;
    const char name[] = "a\"\n\0\xF0\x9F\x98\x80";
    const afmon_field fields[] = {afmon_string("k\n\x01", "v\"\\\xC3\xA9\x7F"),
                                  afmon_int("i", INT64_MIN),
                                  afmon_double("d", 1e-300),
                                  afmon_bool("b", true),
                                  afmon_null("z"),
                                  afmon_double("nan", (double)NAN),
                                  afmon_string("value", "x"),
                                  afmon_string("__metric", "y"),
                                  afmon_string_n("nul", "a\0b", 3)};
    unsigned char packed[1024];
    size_t length = (size_t)(afmon_fields_pack(packed, fields, sizeof fields / sizeof *fields) - packed);
    struct afmon_buffer prefix, metadata, line;
    struct afmon_timestamp_cache cache = {0};
    afmon_buffer_init(&prefix, 4096);
    afmon_buffer_init(&metadata, 4096);
    afmon_buffer_init(&line, 4096);
    afmon_line_prefix(&prefix, name, sizeof name - 1);
    afmon_fields_render(&metadata, packed, length, AFMON_LINE_METRIC);
    afmon_line_sample(&line, prefix.data, prefix.length, 0.1, metadata.data, metadata.length, &cache, TIME_US * 1000);
    struct parsed parsed = parse_bytes(line.data, line.length - 1);
    assert_int_equal(parsed.status, AFMON_OK);
    assert_int_equal(parsed.sample.name_length, sizeof name - 1);
    assert_memory_equal(parsed.sample.name, name, sizeof name - 1);
    assert_true(parsed.sample.value == 0.1);
    assert_non_null(parsed.sample.metadata);
    afmon_buffer_add_char(&metadata, '\0');
    assert_metadata(&parsed, metadata.data);
    done(&parsed);
    afmon_buffer_free(&prefix);
    afmon_buffer_free(&metadata);
    afmon_buffer_free(&line);
}

static void values_of_every_kind(void **state)
{
    (void)state;
    assert_value(OWN("1.0", ""), 1);
    assert_value(OWN("-0.0", ""), -0.0);
    assert_value(OWN("-0", ""), 0.0);
    assert_value(OWN("12345678901234567890123", ""), 12345678901234567890123.0);
    assert_value(OWN("null", ""), (double)NAN);
    assert_value(OWN("NaN", ""), (double)NAN);
    assert_value(OWN("Infinity", ""), (double)NAN);
    assert_value(OWN("-Infinity", ""), (double)NAN);
    assert_value(OWN("1e400", ""), (double)NAN);
    assert_value(OWN("true", ""), 1);
    assert_value(OWN("false", ""), 0);
    assert_value("{\"value\":-0,\"metric\":\"m\",\"timestamp\":\"" TIME "\"}", 0.0);
    assert_value("{\"value\":123456789012345678901234567890,\"metric\":\"m\",\"timestamp\":\"" TIME "\"}",
                 123456789012345678901234567890.0);
    assert_value("\xef\xbb\xbf" OWN("2.5", ""), 2.5); /* as an editor on Windows saves the first line */
}

static void what_is_no_sample_is_said(void **state)
{
    (void)state;
    assert_problem("", "the JSON object is not complete");
    assert_problem("hello", "not a JSON object");
    assert_problem("[1]", "not a JSON object");
    assert_problem("5", "not a JSON object");
    assert_problem("NaN", "not a JSON object");
    assert_problem("{\"metric\": \"m\", \"val", "the JSON object is not complete");
    assert_problem("{\"metric\": \"m\", \"timestamp\": \"" TIME "\"}", "no value");
    assert_problem("{\"value\": 1, \"timestamp\": \"" TIME "\"}", "no metric name");
    assert_problem("{\"metric\": 7, \"value\": 1, \"timestamp\": \"" TIME "\"}", "the metric's name is not a text");
    assert_problem("{\"metric\": \"m\", \"value\": 1}", "no timestamp");
    assert_problem("{\"metric\": \"m\", \"value\": 1, \"timestamp\": 5}", "the timestamp is not a time");
    assert_problem("{\"metric\": \"m\", \"value\": 1, \"timestamp\": \"today\"}", "the timestamp is not a time");
    assert_problem(OWN("\"1\"", ""), "the value is not a number");
    assert_problem(OWN("[1]", ""), "the value is not a number");
    assert_problem(OWN("01", ""), "not a JSON object");
    assert_problem(OWN("1", "\"a\": 1 ") "x", "not a JSON object");
    assert_problem(OWN("1", "\"a\": \"\xFF\", "), "not UTF-8");
    assert_problem("{\"metric\":\"m\",\"value\":1,\"a\\u0000b\":1,\"timestamp\":\"" TIME "\"}", "a key holds a NUL");
}

static void metadata_of_every_kind(void **state)
{
    (void)state;
    static const struct {
        const char *given;
        const char *read;
    } cases[] = {
        {"\"a\": null, \"b\": true, \"c\": false, ", "\"a\": null, \"b\": true, \"c\": false, "},
        {"\"a\": 1.50, \"b\": -7, ", "\"a\": 1.5, \"b\": -7, "},
        {"\"a\": 9223372036854775808, ", "\"a\": 9.223372036854776e+18, "},
        {"\"a\": [1, {\"b\": \"]\"}], ", "\"a\": [1, {\"b\": \"]\"}], "},
        {"\"a\": NaN, \"b\": [Infinity], ", "\"a\": null, \"b\": [null], "},
        {"\"a\": \"\\ud83d\\ude00\\u00e9\\/\", ", "\"a\": \"\xF0\x9F\x98\x80\xC3\xA9/\", "},
        {"\"a\": \"\\ud83d\", ", "\"a\": \"\xEF\xBF\xBD\", "},
        {"\"a\": \"\\udc00x\", ", "\"a\": \"\xEF\xBF\xBDx\", "},
        {"\"a\": 1, \"b\": 2, \"a\": 3, ", "\"a\": 3, \"b\": 2, "},
        {"\"_value\": 1, \"__timestamp\": 2, ", "\"_value\": 1, \"__timestamp\": 2, "},
        {"\"\": \"empty\", \"e\": \"\", ", "\"\": \"empty\", \"e\": \"\", "},
        {"\"a\\u0000b\": \"c\\u0000\", ", "\"a\\u0000b\": \"c\\u0000\", "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[512];
        (void)snprintf(line, sizeof line, "{\"metric\": \"m\", \"value\": 1, %s\"timestamp\": \"%s\"}", cases[i].given,
                       TIME);
        struct parsed parsed = parse(line);
        assert_int_equal(parsed.status, AFMON_OK);
        assert_metadata(&parsed, cases[i].read);
        done(&parsed);
    }
}

static void reading_takes_the_escaping_underscore_off(void **state)
{
    (void)state;
    for (int own = 0; own < 2; own++) {
        struct parsed parsed = parse(own ? OWN("1", "\"_value\": 5, ")
                                         : "{\"_value\":5,\"metric\":\"m\",\"value\":1,\"timestamp\":\"" TIME "\"}");
        assert_int_equal(afmon_reader_packed(parsed.reader, &parsed.sample), AFMON_OK);
        struct afmon_field_walk walk = afmon_field_walk_begin(parsed.sample.packed, parsed.sample.packed_length);
        afmon_field field;
        assert_true(afmon_field_walk_next(&walk, &field));
        assert_text(field.key, field.key_length, "value");
        assert_int_equal(field.type, AFMON_INT);
        done(&parsed);
    }
}

static void the_last_of_double_keys_counts(void **state)
{
    (void)state;
    struct parsed parsed = parse(OWN("1", "\"metric\": \"other\", \"value\": 2, "));
    assert_int_equal(parsed.status, AFMON_OK);
    assert_text(parsed.sample.name, parsed.sample.name_length, "other");
    assert_true(parsed.sample.value == 2);
    assert_metadata(&parsed, "");
    done(&parsed);
    assert_false(is_in_own_form(OWN("1", "\"m\\u0065tric\": \"other\", ")));
}

static void a_time_within_a_string_is_no_end(void **state)
{
    (void)state;
    assert_problem("{\"metric\": \"m\", \"value\": 1, \"a\": \"x\\\"timestamp\": \"" TIME "\"}", "not a JSON object");
    assert_problem("{\"metric\": \"m\", \"value\": 1, \"a\": \"x\", \"timestamp\": \"" TIME "\"}}",
                   "not a JSON object");
}

static void times_in_other_forms(void **state)
{
    (void)state;
    static const char *const times[] = {"2026-11-23T12:20:35.000123+03:00", "2026-11-23 09:20:35.000123Z",
                                        "2026-11-23T12:20:35.000123"};
    setenv("TZ", "Europe/Istanbul", 1);
    tzset();
    for (size_t i = 0; i < 3; i++) {
        char line[256];
        (void)snprintf(line, sizeof line, "{\"metric\": \"m\", \"value\": 1, \"timestamp\": \"%s\", \"a\": 1}",
                       times[i]);
        struct parsed parsed = parse(line);
        assert_int_equal(parsed.status, AFMON_OK);
        assert_int_equal(parsed.sample.wall_us, TIME_US);
        done(&parsed);
    }
    assert_false(
        is_in_own_form("{\"metric\": \"m\", \"value\": 1, \"timestamp\": \"2026-11-23T09:20:99.000123+00:00\"}"));
    assert_false(
        is_in_own_form("{\"metric\": \"m\", \"value\": 1, \"timestamp\": \"2026-13-23T09:20:35.000123+00:00\"}"));
    struct parsed old =
        parse("{\"metric\": \"m\", \"value\": 1, \"timestamp\": \"1969-12-31T23:59:59.9999995+00:00\"}");
    assert_int_equal(old.sample.wall_us, -1);
    done(&old);
}

/* ---- files ---- */

struct seen {
    size_t samples;
    size_t problems;
    uint64_t problem_line;
    char why[64];
    uint64_t bytes;
    int stop; /* what the callbacks return */
};

static int see_sample(void *user, const struct afmon_read_sample *sample)
{
    struct seen *seen = user;
    assert_text(sample->name, sample->name_length, "m");
    seen->samples++;
    return seen->stop;
}

static int see_problem(void *user, uint64_t line, const char *why)
{
    struct seen *seen = user;
    seen->problems++;
    seen->problem_line = line;
    (void)snprintf(seen->why, sizeof seen->why, "%s", why);
    return seen->stop;
}

static int see_progress(void *user, uint64_t bytes)
{
    ((struct seen *)user)->bytes = bytes;
    return 0;
}

static const char *file_with(const void *data, size_t length)
{
    static char path[64];
    (void)snprintf(path, sizeof path, "/tmp/afmon-test-reader-%d", (int)getpid());
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
    return path;
}

static afmon_status read_bytes(const void *data, size_t length, int64_t begin, int64_t end, bool tolerate,
                               struct seen *seen)
{
    const char *path = file_with(data, length);
    struct afmon_reader *reader = afmon_reader_new();
    struct afmon_file_visitor visitor = {
        .visit = see_sample, .problem = see_problem, .progress = see_progress, .user = seen, .tolerate_torn = tolerate};
    afmon_error error = {0};
    afmon_status status = afmon_read_file(reader, path, begin, end, &visitor, &error);
    assert_int_equal(error.status, status);
    afmon_reader_free(reader);
    unlink(path);
    return status;
}

static afmon_status read_text(const char *text, bool tolerate, struct seen *seen)
{
    *seen = (struct seen){0};
    return read_bytes(text, strlen(text), 0, INT64_MAX, tolerate, seen);
}

#define LINE OWN("1.0", "") "\n"

static void files_are_read_line_by_line(void **state)
{
    (void)state;
    struct seen seen;
    assert_int_equal(read_text("", false, &seen), AFMON_OK);
    assert_int_equal(seen.samples + seen.problems, 0);
    assert_int_equal(read_text(LINE "\n \r\n" LINE "junk\n" LINE, false, &seen), AFMON_OK);
    assert_int_equal(seen.samples, 3);
    assert_int_equal(seen.problems, 1);
    assert_int_equal(seen.problem_line, 5);
    assert_string_equal(seen.why, "not a JSON object");
    assert_int_equal(seen.bytes, 3 * strlen(LINE) + strlen("\n \r\njunk\n"));
}

static void torn_last_lines(void **state)
{
    (void)state;
    struct seen seen;
    read_text(LINE OWN("2.0", ""), false, &seen); /* whole, only its newline is missing */
    assert_int_equal(seen.samples, 2);
    assert_int_equal(seen.problems, 0);
    read_text(LINE "{\"metric\": \"m\", \"va", false, &seen);
    assert_int_equal(seen.samples, 1);
    assert_string_equal(seen.why, "torn last line");
    assert_int_equal(seen.problem_line, 2);
    read_text(LINE "{\"metric\": \"m\", \"va", true, &seen);
    assert_int_equal(seen.problems, 0);
}

static void parts_of_files(void **state)
{
    (void)state;
    struct seen seen = {0};
    const char text[] = LINE LINE LINE;
    const int64_t line = (int64_t)strlen(LINE);
    read_bytes(text, sizeof text - 1, line, 2 * line, false, &seen);
    assert_int_equal(seen.samples, 1);
    assert_int_equal(seen.bytes, line);
    read_bytes(text, sizeof text - 1, 9 * line, INT64_MAX, false, &seen);
    assert_int_equal(seen.samples, 1);
    assert_int_equal(seen.bytes, 0);
}

static void callbacks_may_stop(void **state)
{
    (void)state;
    struct seen seen = {.stop = 1};
    assert_int_equal(read_bytes(LINE LINE, 2 * strlen(LINE), 0, INT64_MAX, false, &seen), AFMON_E_CANCELLED);
    assert_int_equal(seen.samples, 1);
}

/* Lines across the borders of the pieces in which a file is read, and one longer than many of them. */
static void lines_of_any_length(void **state)
{
    (void)state;
    struct afmon_buffer text;
    afmon_buffer_init(&text, (size_t)64 << 20);
    size_t lines = 0;
    for (size_t length = 1; length < (size_t)4 << 20; length = length * 3 + lines % 7, lines++) {
        afmon_buffer_add_text(&text, "{\"metric\": \"m\", \"value\": 1, \"a\": \"");
        for (size_t i = 0; i < length; i++)
            afmon_buffer_add_char(&text, 'x');
        afmon_buffer_add_text(&text, "\", \"timestamp\": \"" TIME "\"}\n");
    }
    for (int i = 0; i < 10000; i++, lines++)
        afmon_buffer_add_text(&text, LINE);
    assert_false(text.failed);
    struct seen seen = {0};
    assert_int_equal(read_bytes(text.data, text.length, 0, INT64_MAX, false, &seen), AFMON_OK);
    assert_int_equal(seen.samples, lines);
    assert_int_equal(seen.problems, 0);
    assert_int_equal(seen.bytes, text.length);
    afmon_buffer_free(&text);
}

static void only_regular_files_are_read(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct afmon_file_visitor visitor = {.visit = see_sample, .problem = see_problem, .user = &seen};
    struct afmon_reader *reader = afmon_reader_new();
    afmon_error error = {0};
    char path[64];
    (void)snprintf(path, sizeof path, "/tmp/afmon-test-fifo-%d", (int)getpid());
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(afmon_read_file(reader, path, 0, INT64_MAX, &visitor, &error), AFMON_E_FORMAT);
    unlink(path);
    assert_int_equal(afmon_read_file(reader, "/tmp", 0, INT64_MAX, &visitor, &error), AFMON_E_FORMAT);
    assert_int_equal(afmon_read_file(reader, path, 0, INT64_MAX, &visitor, &error), AFMON_E_SYSTEM);
    assert_non_null(strstr(error.message, path));
    afmon_reader_free(reader);
}

/* Calls of a shared library are not redirected; so jansson is given a malloc that is. */
static void *failing_malloc(size_t size)
{
    return malloc(size);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    json_set_alloc_funcs(failing_malloc, free);
    static const char *const lines[] = {
        OWN("1", "\"a\\n\": \"b\\t\", \"c\": [1], \"a\\n\": 2, "),
        "{\"metric\":\"m\",\"value\":1,\"a\":[1,{\"b\":2}],\"timestamp\":\"" TIME "\"}",
        OWN("NaN", "\"a\": \"\\ud800\", "),
    };
    for (size_t i = 0; i < 3; i++) {
        bool failed = true;
        for (long n = 1; failed; n++) {
            struct afmon_read_sample sample;
            const char *why;
            fail_alloc_at(n);
            struct afmon_reader *reader = afmon_reader_new();
            afmon_status status = AFMON_E_NO_MEMORY;
            if (reader != NULL)
                status = afmon_read_line(reader, lines[i], strlen(lines[i]), &sample, &why);
            if (status == AFMON_OK)
                status = afmon_reader_packed(reader, &sample);
            failed = fail_alloc_stop();
            /* jansson cuts off a token that it has no memory for, so where it helps, failure may look otherwise. */
            if (i == 0 || !failed)
                assert_int_equal(status, failed ? AFMON_E_NO_MEMORY : AFMON_OK);
            if (reader != NULL) { /* and after it, all is well again */
                assert_int_equal(afmon_read_line(reader, lines[i], strlen(lines[i]), &sample, &why), AFMON_OK);
                assert_int_equal(afmon_reader_packed(reader, &sample), AFMON_OK);
            }
            afmon_reader_free(reader);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_lines_are_scanned),
        cmocka_unit_test(what_the_writer_writes_is_in_own_form),
        cmocka_unit_test(values_of_every_kind),
        cmocka_unit_test(what_is_no_sample_is_said),
        cmocka_unit_test(metadata_of_every_kind),
        cmocka_unit_test(reading_takes_the_escaping_underscore_off),
        cmocka_unit_test(the_last_of_double_keys_counts),
        cmocka_unit_test(a_time_within_a_string_is_no_end),
        cmocka_unit_test(times_in_other_forms),
        cmocka_unit_test(files_are_read_line_by_line),
        cmocka_unit_test(torn_last_lines),
        cmocka_unit_test(parts_of_files),
        cmocka_unit_test(callbacks_may_stop),
        cmocka_unit_test(lines_of_any_length),
        cmocka_unit_test(only_regular_files_are_read),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

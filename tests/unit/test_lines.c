#include "check.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#include "catalog/fields.h"
#include "catalog/lines.h"
#include "fail_alloc.h"

static const int64_t moment = INT64_C(1795425635000123456); /* 2026-11-23T09:20:35.000123456Z */

static void add_sample(struct afmon_buffer *buffer, const char *name, double value, const char *metadata, int64_t ns)
{
    struct afmon_buffer prefix;
    struct afmon_timestamp_cache cache = {0};
    afmon_buffer_init(&prefix, SIZE_MAX);
    afmon_line_prefix(&prefix, name, strlen(name));
    assert_false(prefix.failed);
    afmon_line_sample(buffer, prefix.data, prefix.length, value, metadata, strlen(metadata), &cache, ns);
    afmon_buffer_free(&prefix);
}

static void sample_lines(void **state)
{
    (void)state;
    struct afmon_buffer buffer;
    afmon_buffer_init(&buffer, SIZE_MAX);
    add_sample(&buffer, "generation_time", 1.25, "\"model_name\": \"m\", ", moment);
    add_sample(&buffer, "success_rate", 1, "", moment);
    add_sample(&buffer, "a\"\n\xFF", NAN, "", moment + 1000000000);
    assert_text(buffer.data, buffer.length,
                "{\"metric\": \"generation_time\", \"value\": 1.25, \"model_name\": \"m\", "
                "\"timestamp\": \"2026-11-23T09:20:35.000123+00:00\"}\n"
                "{\"metric\": \"success_rate\", \"value\": 1.0, \"timestamp\": \"2026-11-23T09:20:35.000123+00:00\"}\n"
                "{\"metric\": \"a\\\"\\n\xEF\xBF\xBD\", \"value\": null, "
                "\"timestamp\": \"2026-11-23T09:20:36.000123+00:00\"}\n");
    afmon_buffer_free(&buffer);
}

static void the_longest_number_fits(void **state)
{
    (void)state;
    struct afmon_buffer buffer;
    afmon_buffer_init(&buffer, SIZE_MAX);
    add_sample(&buffer, "", -2.2250738585072014e-308, "", INT64_MIN);
    assert_text(buffer.data, buffer.length,
                "{\"metric\": \"\", \"value\": -2.2250738585072014e-308, "
                "\"timestamp\": \"1677-09-21T00:12:43.145224+00:00\"}\n");
    afmon_buffer_free(&buffer);
}

static void add_log(struct afmon_buffer *buffer, const char *message, afmon_level level, const afmon_field *fields,
                    size_t count)
{
    unsigned char packed[512];
    assert_true(afmon_fields_packed_size(fields, count) <= sizeof packed);
    size_t length = (size_t)(afmon_fields_pack(packed, fields, count) - packed);
    afmon_line_log(buffer, message, strlen(message), level, packed, length, moment);
}

static void log_lines(void **state)
{
    (void)state;
    const afmon_field fields[] = {afmon_double("duration", 1.5), afmon_bool("success", true), afmon_int("level", 3)};
    struct afmon_buffer buffer;
    afmon_buffer_init(&buffer, SIZE_MAX);
    add_log(&buffer, "Generation metrics", AFMON_INFO, fields, 3);
    add_log(&buffer, "two\nlines - {\"", AFMON_WARNING, NULL, 0);
    add_log(&buffer, "", AFMON_ERROR, NULL, 0);
    assert_text(buffer.data, buffer.length,
                "2026-11-23 12:20:35,000 - {\"message\": \"Generation metrics\", \"duration\": 1.5, \"success\": true, "
                "\"_level\": 3, \"level\": \"info\"}\n"
                "2026-11-23 12:20:35,000 - {\"message\": \"two\\nlines - {\\\"\", \"level\": \"warning\"}\n"
                "2026-11-23 12:20:35,000 - {\"message\": \"\", \"level\": \"error\"}\n");
    afmon_buffer_free(&buffer);
}

/* With every limit a line is whole or not there. */
static void no_line_is_half_written(void **state)
{
    (void)state;
    const afmon_field field = afmon_string("key", "value");
    size_t fitted = 0;
    for (size_t limit = 0; limit < 400; limit++) {
        struct afmon_buffer buffer;
        afmon_buffer_init(&buffer, limit);
        add_sample(&buffer, "name", 0.1, "\"key\": 1, ", moment);
        assert_true(buffer.failed ? buffer.length == 0 : buffer.data[buffer.length - 1] == '\n');
        afmon_buffer_free(&buffer);
        add_log(&buffer, "message", AFMON_INFO, &field, 1);
        assert_true(buffer.failed ? buffer.length == 0 : buffer.data[buffer.length - 1] == '\n');
        fitted += !buffer.failed;
        afmon_buffer_free(&buffer);
        afmon_line_prefix(&buffer, "name", 4);
        assert_int_equal(buffer.length, buffer.failed ? 0 : strlen("{\"metric\": \"name\", \"value\": "));
        afmon_buffer_free(&buffer);
    }
    assert_true(fitted > 100);
}

static void lengths_that_overflow_are_refused(void **state)
{
    (void)state;
    struct afmon_buffer buffer;
    struct afmon_timestamp_cache cache = {0};
    afmon_buffer_init(&buffer, SIZE_MAX);
    afmon_line_sample(&buffer, "", SIZE_MAX - 1, 1, "", 2, &cache, moment);
    assert_true(buffer.failed);
    afmon_buffer_clear(&buffer);
    afmon_line_sample(&buffer, "", SIZE_MAX - 10, 1, "", 0, &cache, moment);
    assert_true(buffer.failed);
    afmon_buffer_free(&buffer);
}

static void without_memory_no_line_is_half_written(void **state)
{
    (void)state;
    char message[500];
    memset(message, '\n', sizeof message - 1);
    message[sizeof message - 1] = '\0';
    long n = 1;
    for (;; n++) {
        struct afmon_buffer buffer;
        afmon_buffer_init(&buffer, SIZE_MAX);
        fail_alloc_at(n);
        add_log(&buffer, message, AFMON_INFO, NULL, 0);
        bool fired = fail_alloc_stop();
        assert_int_equal(buffer.failed, fired);
        assert_true(!fired || buffer.length == 0);
        afmon_buffer_free(&buffer);
        if (!fired)
            break;
    }
    assert_true(n > 2);
}

static int use_zone(void **state)
{
    (void)state;
    setenv("TZ", "AFM-03", 1);
    tzset();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sample_lines),
        cmocka_unit_test(the_longest_number_fits),
        cmocka_unit_test(log_lines),
        cmocka_unit_test(no_line_is_half_written),
        cmocka_unit_test(lengths_that_overflow_are_refused),
        cmocka_unit_test(without_memory_no_line_is_half_written),
    };
    return cmocka_run_group_tests(tests, use_zone, NULL);
}

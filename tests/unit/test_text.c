/* The comparison with Python over many texts and times is in tests/e2e/test_text.py. */
#include "check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json_check.h"
#include "base/plain.h"
#include "base/text.h"
#include "base/utf8.h"
#include "fail_alloc.h"

static const int64_t moment = INT64_C(1795425635000123000); /* 2026-11-23T09:20:35.000123Z */

static void assert_json(const char *text, size_t length, const char *expected)
{
    struct afmon_buffer buffer;
    char *exact = malloc(length + 1); /* of the very size, so that a sanitizer sees a byte too far */
    assert_non_null(exact);
    char *copy = realloc(exact, length > 0 ? length : 1);
    assert_non_null(copy);
    memcpy(copy, text, length);
    afmon_buffer_init(&buffer, SIZE_MAX);
    afmon_buffer_add_json_string(&buffer, copy, length);
    assert_text(buffer.data, buffer.length, expected);
    afmon_buffer_free(&buffer);
    free(copy);
}

static void json_strings_are_escaped(void **state)
{
    (void)state;
    assert_json("", 0, "\"\"");
    assert_json("plain text, longer than a word", 30, "\"plain text, longer than a word\"");
    assert_json("a\"b\\c/d", 7, "\"a\\\"b\\\\c/d\"");
    assert_json("\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\"");
    assert_json("\0\x01\x1F\x7F", 4, "\"\\u0000\\u0001\\u001f\\u007f\"");
    assert_json("\xC4\x9F\xE6\xBC\xA2\xF0\x9F\x98\x80", 9, "\"\xC4\x9F\xE6\xBC\xA2\xF0\x9F\x98\x80\"");
    assert_json("a\xFF\xE6\xBC"
                "b",
                5, "\"a" AFMON_REPLACEMENT AFMON_REPLACEMENT "b\"");
    assert_json("cut \xF0\x9F\x98", 7, "\"cut " AFMON_REPLACEMENT "\"");
    struct afmon_buffer buffer;
    afmon_buffer_init(&buffer, 10);
    afmon_buffer_add_json_string(&buffer, NULL, 0);
    assert_text(buffer.data, buffer.length, "\"\"");
    afmon_buffer_free(&buffer);
}

static void a_string_that_does_not_fit_leaves_no_part(void **state)
{
    (void)state;
    struct afmon_buffer buffer;
    afmon_buffer_init(&buffer, 12);
    afmon_buffer_add_text(&buffer, "abc");
    afmon_buffer_add_json_string(&buffer, "\x01\x02\x03\x04", 4); /* fits only before it is escaped */
    assert_true(buffer.failed);
    assert_text(buffer.data, buffer.length, "abc");
    afmon_buffer_clear(&buffer);
    afmon_buffer_add_json_string(&buffer, "1234567890", 10);
    assert_false(buffer.failed);
    assert_int_equal(buffer.length, 12);
    afmon_buffer_add_utf8(&buffer, "\xFF", 1);
    assert_true(buffer.failed);
    assert_int_equal(buffer.length, 12);
    afmon_buffer_free(&buffer);
}

static void a_string_without_memory_leaves_no_part(void **state)
{
    (void)state;
    for (long n = 1;; n++) {
        struct afmon_buffer buffer;
        char text[400];
        memset(text, 1, sizeof text);
        afmon_buffer_init(&buffer, SIZE_MAX);
        fail_alloc_at(n);
        afmon_buffer_add_json_string(&buffer, text, sizeof text);
        bool fired = fail_alloc_stop();
        assert_int_equal(buffer.failed, fired);
        assert_int_equal(buffer.length, fired ? 0 : 6 * sizeof text + 2);
        afmon_buffer_free(&buffer);
        if (!fired)
            break;
    }
}

static size_t plain_run_of_bytes(const unsigned char *text, size_t length)
{
    size_t at = 0;
    while (at < length && text[at] >= 0x20 && text[at] <= 0x7E && text[at] != '"' && text[at] != '\\')
        at++;
    return at;
}

/* Each byte at each place of texts of each short length, beside another of those that end a run. */
static void runs_of_plain_bytes(void **state)
{
    (void)state;
    static const unsigned char beside[] = {'a', 0x7F, 0xFF, '"', 0};
    for (size_t length = 0; length <= 19; length++) {
        unsigned char *text = malloc(length > 0 ? length : 1);
        assert_non_null(text);
        for (size_t at = 0; at < length; at++) {
            for (unsigned byte = 0; byte < 256 * sizeof beside; byte++) {
                memset(text, 'a', length);
                text[length - 1 - at] = beside[byte / 256];
                text[at] = (unsigned char)byte;
                assert_int_equal(afmon_plain_run((const char *)text, length), plain_run_of_bytes(text, length));
            }
        }
        assert_int_equal(afmon_plain_run((const char *)text, 0), 0);
        free(text);
    }
}

static void utf8_is_told_from_what_is_not(void **state)
{
    (void)state;
    assert_true(afmon_utf8_valid("", 0));
    assert_true(afmon_utf8_valid(NULL, 0));
    assert_true(afmon_utf8_valid("0123456789\xF4\x8F\xBF\xBF", 14));
    assert_false(afmon_utf8_valid("0123456789\xF4\x90\x80\x80", 14));
    assert_false(afmon_utf8_valid("\xED\xA0\x80", 3)); /* a surrogate */
    assert_false(afmon_utf8_valid("\xC0\xAF", 2));     /* longer than need be */
    assert_false(afmon_utf8_valid("\xE6\xBC", 2));
}

static void time_stamps(void **state)
{
    (void)state;
    static const struct {
        int64_t ns;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000000+00:00"},
        {INT64_C(1795425635000123999), "2026-11-23T09:20:35.000123+00:00"},
        {INT64_C(951827696789000000), "2000-02-29T12:34:56.789000+00:00"},
        {-1, "1969-12-31T23:59:59.999999+00:00"},
        {-1000, "1969-12-31T23:59:59.999999+00:00"},
        {-1001, "1969-12-31T23:59:59.999998+00:00"},
        {INT64_MAX, "2262-04-11T23:47:16.854775+00:00"},
        {INT64_MIN, "1677-09-21T00:12:43.145224+00:00"},
    };
    struct afmon_timestamp_cache cache = {0};
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        char out[AFMON_TIMESTAMP_SIZE];
        assert_text(out, afmon_format_timestamp(out, cases[i / 2].ns), cases[i / 2].text);
        assert_text(out, afmon_format_timestamp_cached(&cache, out, cases[i / 2].ns), cases[i / 2].text);
    }
}

static void a_zeroed_cache_knows_no_second(void **state)
{
    (void)state;
    struct afmon_timestamp_cache cache = {0};
    char out[AFMON_TIMESTAMP_SIZE];
    assert_text(out, afmon_format_timestamp_cached(&cache, out, 5000), "1970-01-01T00:00:00.000005+00:00");
    assert_text(out, afmon_format_timestamp_cached(&cache, out, 6000), "1970-01-01T00:00:00.000006+00:00");
    assert_text(out, afmon_format_timestamp_cached(&cache, out, 86400000006000), "1970-01-02T00:00:00.000006+00:00");
}

static void log_times_are_local(void **state)
{
    (void)state;
    char out[AFMON_TIMESTAMP_SIZE];
    setenv("TZ", "AFM-03", 1);
    tzset();
    assert_text(out, afmon_format_log_time(out, INT64_C(1795425635123999999)), "2026-11-23 12:20:35,123");
    assert_text(out, afmon_format_log_time(out, -1), "1970-01-01 02:59:59,999");
    setenv("TZ", "EST5EDT,M3.2.0,M11.1.0", 1);
    tzset();
    int64_t summer_ends = INT64_C(1793512800) * AFMON_NS_PER_S; /* 2026-11-01 06:00 UTC */
    assert_text(out, afmon_format_log_time(out, summer_ends - 1), "2026-11-01 01:59:59,999");
    assert_text(out, afmon_format_log_time(out, summer_ends), "2026-11-01 01:00:00,000");
}

static atomic_bool stop;

static void *write_log_times(void *unused)
{
    char out[AFMON_TIMESTAMP_SIZE];
    while (!atomic_load(&stop))
        afmon_format_log_time(out, moment);
    return unused;
}

static void log_times_work_in_a_forked_child(void **state)
{
    (void)state;
    enum { FORKS = 100 };
    pthread_t thread;
    atomic_store(&stop, false);
    assert_int_equal(pthread_create(&thread, NULL, write_log_times, NULL), 0);
    for (int i = 0; i < FORKS; i++) {
        pid_t child = fork();
        assert_int_not_equal(child, -1);
        if (child == 0) {
            char out[AFMON_TIMESTAMP_SIZE];
            alarm(20);
            _exit(afmon_format_log_time(out, moment) == 23 ? 0 : 1);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        if (status != 0)
            atomic_store(&stop, true);
        assert_int_equal(status, 0);
    }
    atomic_store(&stop, true);
    pthread_join(thread, NULL);
}

static void assert_time(const char *text, int64_t expected)
{
    int64_t ns = -1;
    char *exact = malloc(strlen(text)); /* without a NUL behind it */
    assert_non_null(exact);
    memcpy(exact, text, strlen(text));
    assert_true(afmon_parse_timestamp(exact, strlen(text), &ns));
    assert_int_equal(ns, expected);
    free(exact);
}

static void times_are_read(void **state)
{
    (void)state;
    assert_time("2026-11-23T09:20:35.000123+00:00", moment);
    assert_time("2026-11-23 09:20:35.000123Z", moment);
    assert_time("2026-11-23t09:20:35.000123z", moment);
    assert_time("2026-11-23T12:50:35.000123+03:30", moment);
    assert_time("2026-11-23T12:50:35.000123+0330", moment);
    assert_time("2026-11-23T00:50:35.000123-08:30", moment);
    assert_time("2026-11-23T09:40:07.000123+00:19:32", moment);
    assert_time("2026-11-23T09:20:35Z", moment - 123000);
    assert_time("2026-11-23T09:20:35.000123456Z", moment + 456);
    assert_time("2262-04-11T23:47:16.854775807Z", INT64_MAX);
    assert_time("1677-09-21T00:12:43.145224192Z", INT64_MIN);
    assert_time("2000-02-29T12:34:56.789Z", INT64_C(951827696789000000));
    assert_time("1969-12-31T23:59:59.9Z", -100000000);
    setenv("TZ", "AFM-03", 1);
    tzset();
    assert_time("2026-11-23T12:20:35.000123", moment);
}

static void local_times_that_clocks_show_twice_or_never(void **state)
{
    (void)state;
    setenv("TZ", "EST5EDT,M3.2.0,M11.1.0", 1);
    tzset();
    const int64_t summer_begins = INT64_C(1772953200) * AFMON_NS_PER_S; /* 2026-03-08 07:00 UTC */
    const int64_t summer_ends = INT64_C(1793512800) * AFMON_NS_PER_S;
    const int64_t hour = 3600 * AFMON_NS_PER_S;
    assert_time("2026-03-08T01:59:59", summer_begins - AFMON_NS_PER_S);
    assert_time("2026-03-08T02:30:00", summer_begins + hour / 2); /* in the gap: as winter time */
    assert_time("2026-03-08T03:00:00", summer_begins);
    assert_time("2026-11-01T00:59:59", summer_ends - hour - AFMON_NS_PER_S);
    assert_time("2026-11-01T01:30:00", summer_ends - hour / 2); /* the first of two */
    assert_time("2026-11-01T02:00:00", summer_ends + hour);
}

static void what_is_no_time(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "2026-11-23",
        "2026-11-23T09:20",
        "2026-13-23T09:20:35Z",
        "2026-02-29T09:20:35Z",
        "2100-02-29T09:20:35Z",
        "2026-11-23T24:00:00Z",
        "2026-11-23T09:20:61Z",
        "2026-11-23T09:20:35.Z",
        "2026-11-23T09:20:35.0123456789Z",
        "2026-11-23T09:20:35+24:00",
        "2026-11-23T09:20:35+3",
        "2026-11-23T09:20:35Zx",
        "2262-04-11T23:47:16.854775808Z",
        "1677-09-21T00:12:43.145224191Z",
        "9999-12-31T23:59:59",
        "0000-01-01T00:00:00",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int64_t ns = 5;
        assert_false(afmon_parse_timestamp(texts[i], strlen(texts[i]), &ns));
        assert_int_equal(ns, 5);
    }
}

static void json_texts(void **state)
{
    (void)state;
    static const char good[] = "{\"a\": [1, -2.5e3, \"\\ud83d\\ude00\", null, true, {}], \"b\": {\"c\": []}}";
    assert_true(afmon_json_valid(good, sizeof good - 1));
    for (size_t length = 0; length < sizeof good - 1; length++) {
        char *part = malloc(length + 1);
        assert_non_null(part);
        memcpy(part, good, length);
        assert_false(afmon_json_valid(part, length));
        free(part);
    }
    assert_false(afmon_json_valid("[1] 2", 5));
    assert_false(afmon_json_valid("[\"\xFF\"]", 5));
    assert_false(afmon_json_valid("[1e999]", 7));
}

static int use_utc(void **state)
{
    (void)state;
    setenv("TZ", "UTC0", 1);
    tzset();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_strings_are_escaped),
        cmocka_unit_test(a_string_that_does_not_fit_leaves_no_part),
        cmocka_unit_test(a_string_without_memory_leaves_no_part),
        cmocka_unit_test(runs_of_plain_bytes),
        cmocka_unit_test(utf8_is_told_from_what_is_not),
        cmocka_unit_test(time_stamps),
        cmocka_unit_test(a_zeroed_cache_knows_no_second),
        cmocka_unit_test_teardown(log_times_are_local, use_utc),
        cmocka_unit_test(log_times_work_in_a_forked_child),
        cmocka_unit_test_teardown(times_are_read, use_utc),
        cmocka_unit_test_teardown(local_times_that_clocks_show_twice_or_never, use_utc),
        cmocka_unit_test(what_is_no_time),
        cmocka_unit_test(json_texts),
    };
    return cmocka_run_group_tests(tests, use_utc, NULL);
}

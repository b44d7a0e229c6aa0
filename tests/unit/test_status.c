#include "check.h"

#include <errno.h>
#include <stdio.h>

#include "base/status.h"
#include "base/text.h"

static void each_status_has_its_name_and_text(void **state)
{
    (void)state;
    assert_string_equal(afmon_status_name(AFMON_OK), "OK");
    assert_string_equal(afmon_status_text(AFMON_OK), "success");
#define CHECK(number, name, text)                                                                                      \
    assert_int_equal(AFMON_##name, number);                                                                            \
    assert_string_equal(afmon_status_name((afmon_status)(number)), #name);                                             \
    assert_string_equal(afmon_status_text((afmon_status)(number)), text);
    AFMON_STATUS_MAP(CHECK)
#undef CHECK
}

static void unknown_numbers_have_texts_too(void **state)
{
    (void)state;
    for (int number = 14; number < 16; number++) { /* a compiler may take for granted that enums fit their bits */
        assert_non_null(afmon_status_name((afmon_status)number));
        assert_non_null(afmon_status_text((afmon_status)number));
    }
    assert_string_equal(afmon_level_name((afmon_level)3), "unknown");
}

static void levels_and_version(void **state)
{
    (void)state;
    char expected[32];
    snprintf(expected, sizeof expected, "%d.%d.%d", AFMON_VERSION_MAJOR, AFMON_VERSION_MINOR, AFMON_VERSION_PATCH);
    assert_string_equal(afmon_version(), expected);
    assert_string_equal(afmon_level_name(AFMON_INFO), "info");
    assert_string_equal(afmon_level_name(AFMON_WARNING), "warning");
    assert_string_equal(afmon_level_name(AFMON_ERROR), "error");
}

static void fail_fills_in_the_error(void **state)
{
    (void)state;
    afmon_error error = {.status = AFMON_E_CLOSED, .os_error = 7, .message = "old"};
    assert_int_equal(afmon_fail(&error, AFMON_E_ARGUMENT, "%s is %d", "x", 3), AFMON_E_ARGUMENT);
    assert_int_equal(error.status, AFMON_E_ARGUMENT);
    assert_int_equal(error.os_error, 0);
    assert_string_equal(error.message, "x is 3");
    assert_int_equal(afmon_fail(NULL, AFMON_E_ARGUMENT, "%s", "x"), AFMON_E_ARGUMENT);
}

static void an_error_may_be_wrapped_in_itself(void **state)
{
    (void)state;
    afmon_error error = {.message = "no room"};
    afmon_fail(&error, AFMON_E_SYSTEM, "cannot write: %s", error.message);
    assert_string_equal(error.message, "cannot write: no room");
}

static void long_messages_end_with_a_whole_character(void **state)
{
    (void)state;
    static const char *const characters[] = {"a", "\xC4\x9F", "\xE6\xBC\xA2", "\xF0\x9F\x98\x80"};
    for (size_t c = 0; c < 4; c++) {
        for (size_t shift = 0; shift < 4; shift++) {
            char text[1024] = "xxxx";
            size_t length = shift;
            while (length < 1000) {
                memcpy(text + length, characters[c], strlen(characters[c]));
                length += strlen(characters[c]);
            }
            afmon_error error;
            afmon_fail(&error, AFMON_E_ARGUMENT, "%s", text);
            size_t kept = strlen(error.message);
            assert_true(kept >= sizeof error.message - strlen(characters[c]) && kept < sizeof error.message);
            assert_true(afmon_utf8_valid(error.message, kept));
            assert_memory_equal(error.message, text, kept);
        }
    }
}

static void a_message_of_stray_bytes_is_cut_too(void **state)
{
    (void)state;
    char text[1024];
    memset(text, 0x80, sizeof text);
    text[sizeof text - 1] = '\0';
    afmon_error error;
    afmon_fail(&error, AFMON_E_ARGUMENT, "%s", text);
    assert_int_equal(strlen(error.message), sizeof error.message - 1);
}

static void system_errors_say_why(void **state)
{
    (void)state;
    afmon_error error;
    assert_int_equal(afmon_fail_os(&error, ENOENT, "cannot open %s", "/x"), AFMON_E_SYSTEM);
    assert_int_equal(error.status, AFMON_E_SYSTEM);
    assert_int_equal(error.os_error, ENOENT);
    assert_string_equal(error.message, "cannot open /x: No such file or directory");
    assert_int_equal(afmon_fail_os(&error, ENOMEM, "x"), AFMON_E_NO_MEMORY);
    assert_int_equal(error.status, AFMON_E_NO_MEMORY);
    assert_int_equal(afmon_fail_os(NULL, ENOENT, "x"), AFMON_E_SYSTEM);
    assert_int_equal(afmon_fail_os(NULL, ENOMEM, "x"), AFMON_E_NO_MEMORY);
}

static void the_reason_survives_a_long_path(void **state)
{
    (void)state;
    char path[1024];
    memset(path, 'p', sizeof path);
    path[sizeof path - 1] = '\0';
    afmon_error error;
    afmon_fail_os(&error, EACCES, "cannot open %s", path);
    assert_non_null(strstr(error.message, ": Permission denied"));
}

static void out_of_memory(void **state)
{
    (void)state;
    afmon_error error;
    assert_int_equal(afmon_fail_memory(&error), AFMON_E_NO_MEMORY);
    assert_int_equal(error.status, AFMON_E_NO_MEMORY);
    assert_string_equal(error.message, "out of memory");
    assert_int_equal(afmon_fail_memory(NULL), AFMON_E_NO_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_status_has_its_name_and_text),
        cmocka_unit_test(unknown_numbers_have_texts_too),
        cmocka_unit_test(levels_and_version),
        cmocka_unit_test(fail_fills_in_the_error),
        cmocka_unit_test(an_error_may_be_wrapped_in_itself),
        cmocka_unit_test(long_messages_end_with_a_whole_character),
        cmocka_unit_test(a_message_of_stray_bytes_is_cut_too),
        cmocka_unit_test(system_errors_say_why),
        cmocka_unit_test(the_reason_survives_a_long_path),
        cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

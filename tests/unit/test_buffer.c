#include "check.h"

#include "base/buffer.h"
#include "fail_alloc.h"

static void starts_empty_without_memory(void **state)
{
    (void)state;
    struct afmon_buffer buffer;
    afmon_buffer_init(&buffer, 10);
    assert_null(buffer.data);
    assert_int_equal(buffer.length, 0);
    afmon_buffer_add(&buffer, NULL, 0);
    afmon_buffer_add_text(&buffer, "");
    assert_null(buffer.data);
    assert_false(buffer.failed);
    afmon_buffer_free(&buffer);
}

static void keeps_what_is_added(void **state)
{
    (void)state;
    struct afmon_buffer buffer;
    afmon_buffer_init(&buffer, SIZE_MAX);
    for (int i = 0; i < 1000; i++) {
        afmon_buffer_add(&buffer, "abc", 3);
        afmon_buffer_add_text(&buffer, "de");
        afmon_buffer_add_char(&buffer, 'f');
    }
    assert_int_equal(buffer.length, 6000);
    for (size_t i = 0; i < 6000; i++)
        assert_int_equal(buffer.data[i], "abcdef"[i % 6]);
    assert_true(buffer.capacity < 2 * 6000 + 256);
    afmon_buffer_free(&buffer);
    assert_int_equal(buffer.limit, SIZE_MAX);
    assert_int_equal(buffer.capacity, 0);
}

static void never_exceeds_its_limit(void **state)
{
    (void)state;
    struct afmon_buffer buffer;
    afmon_buffer_init(&buffer, 5);
    afmon_buffer_add(&buffer, "abc", 3);
    afmon_buffer_add(&buffer, "def", 3);
    assert_true(buffer.failed);
    assert_text(buffer.data, buffer.length, "abc");
    assert_true(buffer.capacity <= 5);
    afmon_buffer_add(&buffer, "d", 1); /* would fit, but nothing follows a gap */
    assert_text(buffer.data, buffer.length, "abc");
    afmon_buffer_clear(&buffer);
    assert_false(buffer.failed);
    afmon_buffer_add(&buffer, "defgh", 5);
    assert_text(buffer.data, buffer.length, "defgh");
    assert_false(buffer.failed);
    afmon_buffer_free(&buffer);
}

static void reserve_gives_room_to_write_to(void **state)
{
    (void)state;
    struct afmon_buffer buffer;
    afmon_buffer_init(&buffer, 4000);
    assert_true(afmon_buffer_reserve(&buffer, 4000));
    memset(afmon_buffer_end(&buffer), 'x', 4000);
    buffer.length += 4000;
    assert_true(afmon_buffer_reserve(&buffer, 0));
    assert_false(afmon_buffer_reserve(&buffer, 1));
    assert_false(afmon_buffer_reserve(&buffer, SIZE_MAX));
    assert_true(buffer.failed);
    afmon_buffer_free(&buffer);
    afmon_buffer_init(&buffer, SIZE_MAX);
    assert_false(afmon_buffer_reserve(&buffer, SIZE_MAX));
    assert_true(buffer.failed);
    afmon_buffer_free(&buffer);
}

static void clear_keeps_the_memory(void **state)
{
    (void)state;
    struct afmon_buffer buffer;
    afmon_buffer_init(&buffer, 100);
    afmon_buffer_add_text(&buffer, "abc");
    const char *data = buffer.data;
    afmon_buffer_clear(&buffer);
    assert_int_equal(buffer.length, 0);
    assert_ptr_equal(buffer.data, data);
    afmon_buffer_free(&buffer);
}

static void failed_growth_leaves_the_content(void **state)
{
    (void)state;
    struct afmon_buffer buffer;
    char more[1000] = "";
    afmon_buffer_init(&buffer, SIZE_MAX);
    afmon_buffer_add_text(&buffer, "abc");
    fail_alloc_at(1);
    afmon_buffer_add(&buffer, more, sizeof more);
    assert_true(fail_alloc_stop());
    assert_true(buffer.failed);
    assert_text(buffer.data, buffer.length, "abc");
    afmon_buffer_clear(&buffer);
    afmon_buffer_add(&buffer, more, sizeof more);
    assert_false(buffer.failed);
    assert_int_equal(buffer.length, sizeof more);
    afmon_buffer_free(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_empty_without_memory), cmocka_unit_test(keeps_what_is_added),
        cmocka_unit_test(never_exceeds_its_limit),     cmocka_unit_test(reserve_gives_room_to_write_to),
        cmocka_unit_test(clear_keeps_the_memory),      cmocka_unit_test(failed_growth_leaves_the_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

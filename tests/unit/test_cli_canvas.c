#include "check.h"

#include "cli/canvas.h"

static void row_is(const canvas *c, size_t row, const char *wanted)
{
    char *text = canvas_row_text(c, row);
    assert_non_null(text);
    assert_string_equal(text, wanted);
    free(text);
}

static void texts_are_cut_at_their_room_and_at_the_edge(void **state)
{
    (void)state;
    canvas c = {0};
    assert_true(canvas_begin(&c, 10, 3));
    assert_int_equal(canvas_put(&c, 0, 2, 5, CLI_RED, "abcdefgh", true), 5);
    row_is(&c, 0, "  abcd…");
    assert_int_equal(canvas_put(&c, 1, 8, 50, CLI_PLAIN, "xyz", false), 2);
    row_is(&c, 1, "        x~");
    assert_int_equal(canvas_put(&c, 3, 0, 5, CLI_PLAIN, "beyond", true), 0);
    assert_int_equal(canvas_put(&c, 0, 10, 5, CLI_PLAIN, "beyond", true), 0);
    assert_int_equal(canvas_put(&c, 2, 0, 0, CLI_PLAIN, "no room", true), 0);
    canvas_put_right(&c, 2, 0, 10, CLI_PLAIN, "12", true);
    row_is(&c, 2, "        12");
    assert_int_equal(c.cells[2].style, CLI_RED);
    assert_true(canvas_begin(&c, 10, 3)); /* empty again */
    row_is(&c, 0, "");
    canvas_free(&c);
}

static void wide_and_combining_characters(void **state)
{
    (void)state;
    canvas c = {0};
    assert_true(canvas_begin(&c, 6, 4));
    assert_int_equal(canvas_put(&c, 0, 0, 6, CLI_PLAIN, "日本語", true), 6);
    row_is(&c, 0, "日本語");
    assert_int_equal(canvas_put(&c, 1, 0, 4, CLI_PLAIN, "日本語", true), 3); /* no half of a character */
    row_is(&c, 1, "日…");
    assert_int_equal(canvas_put(&c, 2, 0, 6, CLI_PLAIN, "e\u0301a", true), 2);
    row_is(&c, 2, "e\u0301a");
    /* Marks without end stay within their cell, and one without a letter before it goes nowhere. */
    canvas_put(&c, 3, 0, 6, CLI_PLAIN, "\u0301x\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301y", true);
    assert_true(strlen(c.cells[18].text) < CANVAS_BYTES);
    assert_string_equal(c.cells[19].text, "y");
    canvas_free(&c);
}

static void foreign_texts_are_made_safe(void **state)
{
    (void)state;
    static const char hostile[] = "a\x1b[2J\0b\xff\u202e";
    canvas c = {0};
    assert_true(canvas_begin(&c, 60, 1));
    canvas_put_foreign(&c, 0, 0, 60, CLI_PLAIN, hostile, sizeof hostile - 1, true);
    row_is(&c, 0, "a\\x1b[2J\\x00b\\xff\\u202e");
    assert_true(canvas_begin(&c, 60, 1));
    canvas_put_foreign(&c, 0, 0, 60, CLI_PLAIN, "né", 3, false);
    row_is(&c, 0, "n??");
    canvas_free(&c);
}

static void any_size_will_do(void **state)
{
    (void)state;
    canvas c = {0};
    static const size_t sizes[][2] = {{0, 0}, {1, 1}, {5000, 2}, {2, 5000}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_true(canvas_begin(&c, sizes[i][0], sizes[i][1]));
        assert_true(c.width <= CANVAS_MAX && c.height <= CANVAS_MAX);
        canvas_put(&c, 0, 0, 9999, CLI_PLAIN, "text 日", true);
    }
    canvas_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_cut_at_their_room_and_at_the_edge),
        cmocka_unit_test(wide_and_combining_characters),
        cmocka_unit_test(foreign_texts_are_made_safe),
        cmocka_unit_test(any_size_will_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

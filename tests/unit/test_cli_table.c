/* Tables: aligned, cut to the screen, safe. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/cli.h"

static const cli_column columns[] = {{"Name", CLI_LEFT, true}, {"n", CLI_RIGHT, false}};

static char *print(const cli_table *table, size_t width, bool unicode, bool colour)
{
    char *printed = NULL;
    size_t size;
    FILE *out = open_memstream(&printed, &size);
    assert_non_null(out);
    cli_screen screen = {.out = out, .width = width, .unicode = unicode, .colour = colour};
    assert_true(cli_table_print(table, &screen));
    fclose(out);
    return printed;
}

static cli_table *small_table(const char *name)
{
    cli_table *table = cli_table_new(columns, 2);
    cli_table_cell(table, CLI_PLAIN, name);
    cli_table_cell(table, CLI_PLAIN, "1,000");
    cli_table_cell(table, CLI_RED, "b");
    cli_table_cell(table, CLI_PLAIN, "2");
    return table;
}

static void check_table(const char *name, size_t width, const char *wanted)
{
    cli_table *table = small_table(name);
    char *printed = print(table, width, true, false);
    assert_string_equal(printed, wanted);
    free(printed);
    cli_table_free(table);
}

static void columns_are_aligned(void **state)
{
    (void)state;
    check_table("größe", 0, "Name        n\n─────────────\ngröße   1,000\nb           2\n");
    check_table("日本", 0, "Name       n\n────────────\n日本   1,000\nb          2\n");
}

static void a_narrow_screen_cuts_the_flexible_column(void **state)
{
    (void)state;
    check_table("evaluation_score_coherence", 20,
                "Name               n\n────────────────────\nevaluation_sc… 1,000\nb                  2\n");
}

static void untrusted_text_is_safe(void **state)
{
    (void)state;
    check_table("a\x1b[2Jb\n", 0,
                "Name              n\n───────────────────\na\\x1b[2Jb\\n   1,000\nb                 2\n");
}

static void groups_and_colours(void **state)
{
    (void)state;
    cli_table *table = cli_table_new(columns, 2);
    cli_table_group(table, "Group");
    cli_table_cell(table, CLI_PLAIN, "a");
    cli_table_cell(table, CLI_RED, "1");
    char *printed = print(table, 0, false, true);
    assert_non_null(strstr(printed, "\x1b[2mGroup\x1b[0m\n"));
    assert_non_null(strstr(printed, "\x1b[31m1\x1b[0m\n"));
    assert_non_null(strstr(printed, "--------"));
    free(printed);
    cli_table_free(table);
}

static void many_rows(void **state)
{
    (void)state;
    cli_table *table = cli_table_new(columns, 2);
    for (int i = 0; i < 1000; i++) {
        cli_table_cell(table, CLI_PLAIN, "x");
        cli_table_cell(table, CLI_PLAIN, "y");
    }
    char *printed = print(table, 80, true, false);
    size_t lines = 0;
    for (const char *at = printed; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    assert_int_equal(lines, 1002);
    free(printed);
    cli_table_free(table);
}

static void a_table_that_was_never_made(void **state)
{
    cli_screen screen = {.out = stdout};
    (void)state;
    cli_table_cell(NULL, CLI_PLAIN, "x");
    cli_table_group(NULL, "x");
    cli_table_free(NULL);
    assert_false(cli_table_print(NULL, &screen));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_aligned),
        cmocka_unit_test(a_narrow_screen_cuts_the_flexible_column),
        cmocka_unit_test(untrusted_text_is_safe),
        cmocka_unit_test(groups_and_colours),
        cmocka_unit_test(many_rows),
        cmocka_unit_test(a_table_that_was_never_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

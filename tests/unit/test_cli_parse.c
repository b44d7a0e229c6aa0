/* Numbers, durations, and words that people mistype; options. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/suggest.h"
#include "cli/cli.h"

static void check_near(double value, double wanted, double tolerance)
{
    assert_true(fabs(value - wanted) <= tolerance);
}

static double duration(const char *text)
{
    double seconds = -1;
    return cli_parse_duration(text, &seconds) ? seconds : -1;
}

static void durations(void **state)
{
    (void)state;
    check_near(duration("90"), 90, 0);
    check_near(duration("0.5"), 0.5, 0);
    check_near(duration("90s"), 90, 0);
    check_near(duration("500ms"), 0.5, 1e-12);
    check_near(duration("5m"), 300, 0);
    check_near(duration("1h30m"), 5400, 0);
    check_near(duration("2d"), 172800, 0);
    check_near(duration("1w2d3h4m5s6ms"), 604800 + 172800 + 10800 + 240 + 5.006, 1e-6);
    check_near(duration("0"), 0, 0);
}

static void what_is_no_duration(void **state)
{
    static const char *const wrong[] = {"",    "s",   "5x",   "5 m",         "-5m", "5m1h", "1m1m", "5m30",
                                        "inf", "nan", "0x10", "1e99w1e999s", "5m ", " 5m",  "5mm"};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (duration(wrong[i]) != -1)
            fail_msg("'%s' was taken", wrong[i]);
}

static void numbers(void **state)
{
    double value = 0;
    int64_t whole = 0;
    (void)state;
    assert_true(cli_parse_number("0.95", &value));
    check_near(value, 0.95, 0);
    assert_true(cli_parse_number("-1e-3", &value));
    check_near(value, -0.001, 0);
    assert_false(cli_parse_number("1e999", &value));
    assert_false(cli_parse_number("1,5", &value));
    assert_false(cli_parse_number("nan", &value));
    assert_false(cli_parse_number("", &value));
    assert_true(cli_parse_integer("-9223372036854775808", &whole));
    assert_true(whole == INT64_MIN);
    assert_false(cli_parse_integer("9223372036854775808", &whole));
    assert_false(cli_parse_integer("1.0", &whole));
    assert_false(cli_parse_integer("+1", &whole));
    assert_false(cli_parse_integer("", &whole));
}

static void suggestions(void **state)
{
    static const char *const words[] = {"demo", "generate", "show", "check", "recover"};
    (void)state;
    assert_string_equal(afmon_suggest("hsow", words, 5), "show");
    assert_string_equal(afmon_suggest("chekc", words, 5), "check");
    assert_string_equal(afmon_suggest("gen", words, 5), "generate");
    assert_string_equal(afmon_suggest("recovery", words, 5), "recover");
    assert_null(afmon_suggest("zebra", words, 5));
    assert_null(afmon_suggest("", words, 5));
}

static const cli_option options[] = {
    {'n', "number", "N", "a number"}, {1000, "flag", NULL, "a flag"}, {0, NULL, NULL, NULL}};
static const cli_usage usage = {.command = "test", .synopsis = "DIR", .description = "text", .options = options};

static void options_are_read_in_any_order(void **state)
{
    char words[][12] = {"test", "-n", "3", "dir", "--flag", "--number=4"};
    char *argv[] = {words[0], words[1], words[2], words[3], words[4], words[5], NULL};
    cli_args args;
    int64_t n = 0;
    (void)state;
    cli_args_init(&args, &usage, 6, argv);
    assert_int_equal(cli_next_option(&args), 'n');
    assert_true(cli_value_integer(&args, 0, 10, &n));
    assert_true(n == 3);
    assert_int_equal(cli_next_option(&args), 1000);
    assert_int_equal(cli_next_option(&args), 'n');
    assert_string_equal(args.value, "4");
    assert_false(cli_value_integer(&args, 0, 3, &n));
    assert_int_equal(args.status, CLI_USAGE);
    assert_int_equal(cli_next_option(&args), CLI_END);
    assert_int_equal(cli_operand_count(&args), 1);
    assert_string_equal(cli_operand(&args, 0), "dir");
}

static void wrong_options_stop(void **state)
{
    char words[][12] = {"test", "--flgo", "-x", "--flag=1", "--number"};
    (void)state;
    for (size_t i = 1; i < 5; i++) {
        char *argv[] = {words[0], words[i], NULL};
        cli_args args;
        cli_args_init(&args, &usage, 2, argv);
        assert_int_equal(cli_next_option(&args), CLI_STOP);
        assert_int_equal(args.status, CLI_USAGE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations),
        cmocka_unit_test(what_is_no_duration),
        cmocka_unit_test(numbers),
        cmocka_unit_test(suggestions),
        cmocka_unit_test(options_are_read_in_any_order),
        cmocka_unit_test(wrong_options_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

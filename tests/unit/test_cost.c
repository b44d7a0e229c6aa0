/* What a run cost, against a count of our own in whole millionths of a millionth of a dollar. */
#include "run_folder.h"

#include <math.h>

static const char prices[] =
    "{\"small\": {\"input\": 0.15, \"output\": 0.6, \"cached_input\": 0.075},\n"
    " \"large\": {\"input\": 2.5, \"output\": 10, \"cached_input\": 1.25, \"reasoning\": 12.5}}\n";

/* Dollars a million tokens are millionths of a dollar a token. */
#define PICO 1000000.0

struct ledger {
    int64_t all, accepted, wasted, by_model[2];
    uint64_t priced, unpriced, unpriced_tokens, items_accepted;
};

static unsigned seed = 11;

static unsigned pick(unsigned below)
{
    return (unsigned)rand_r(&seed) % below;
}

static char *write_prices(const char *folder, const char *text)
{
    char *path = malloc(strlen(folder) + 32);
    sprintf(path, "%s/prices-given.json", folder);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    return path;
}

/* Returns what it costs; -1: it has no price. */
static int64_t track(afmon_monitor *monitor, const afmon_item *item, struct ledger *ledger)
{
    static const char *const names[] = {"small", "openai/large", "unknown"};
    unsigned model = pick(8) == 0 ? 2 : pick(2);
    unsigned prompt = 100 + pick(3000);
    unsigned cached = pick(3) == 0 ? pick(prompt) : 0;
    unsigned completion = pick(800);
    unsigned reasoning = pick(4) == 0 && completion > 0 ? pick(completion) : 0;
    bool told = pick(10) != 0;
    afmon_generation call = {.duration_s = 1, .success = true, .model_name = names[model], .item = item};
    if (told) {
        call.prompt_token_count = AFMON_GIVEN(prompt);
        call.completion_token_count = AFMON_GIVEN(completion);
        call.cached_token_count = cached > 0 ? AFMON_GIVEN(cached) : (afmon_number){0};
        call.reasoning_token_count = reasoning > 0 ? AFMON_GIVEN(reasoning) : (afmon_number){0};
    }
    assert_int_equal(afmon_track_generation(monitor, &call), AFMON_OK);
    if (!told || model == 2) {
        ledger->unpriced += told;
        ledger->unpriced_tokens += told ? prompt + completion : 0;
        return -1;
    }
    double usd = model == 0
                     ? (prompt - cached) * 0.15 + cached * 0.075 + completion * 0.6
                     : (prompt - cached) * 2.5 + cached * 1.25 + (completion - reasoning) * 10 + reasoning * 12.5;
    int64_t pico = (int64_t)llround(usd * PICO);
    ledger->priced++;
    ledger->all += pico;
    ledger->by_model[model] += pico;
    return pico;
}

static void make_item(afmon_monitor *monitor, int number, struct ledger *ledger)
{
    afmon_item *item;
    int64_t attempt = 0;
    int64_t before = 0;
    assert_int_equal(afmon_item_begin_number(monitor, "conversation", number, &item), AFMON_OK);
    for (unsigned calls = 1 + pick(5); calls > 0; calls--) {
        int64_t cost = track(monitor, item, ledger);
        attempt += cost > 0 ? cost : 0;
        if (calls > 1 && pick(3) == 0) {
            afmon_item_retry(item);
            /* Where the next one costs nothing that is known, the latest that cost something stays the latest. */
            before += attempt;
            attempt = 0;
            int64_t next = -1;
            while (next < 0)
                next = track(monitor, item, ledger);
            attempt = next;
        }
    }
    unsigned outcome = pick(10);
    if (outcome < 6) {
        assert_int_equal(afmon_item_accept(item), AFMON_OK);
        ledger->accepted += attempt;
        ledger->wasted += before;
        ledger->items_accepted++;
        return;
    }
    if (outcome == 9)
        afmon_item_drop(item); /* abandoned, once the monitor is closed */
    else
        assert_int_equal(outcome < 8 ? afmon_item_reject(item, "gate") : afmon_item_fail(item, "Timeout"), AFMON_OK);
    ledger->wasted += before + attempt;
}

static void assert_micro(double usd, int64_t pico)
{
    if (!(fabs(usd - (double)pico / 1e12) < 1e-7))
        fail_msg("%.12f dollars, the count has %.12f", usd, (double)pico / 1e12);
}

static void assert_summary(const afmon_run_summary *s, const struct ledger *ledger)
{
    assert_true(s->cost_known);
    assert_int_equal(s->cost.priced_calls, ledger->priced);
    assert_int_equal(s->cost.unpriced_calls, ledger->unpriced);
    assert_int_equal(s->cost.unpriced_tokens, ledger->unpriced_tokens);
    assert_micro(s->cost.total_usd, ledger->all);
    assert_int_equal(s->item_count, 1);
    assert_micro(s->items[0].cost_usd, ledger->all);
    assert_micro(s->items[0].accepted_cost_usd, ledger->accepted);
    assert_micro(s->items[0].wasted_cost_usd, ledger->wasted);
    assert_true(s->items[0].cost_per_accepted_usd == s->items[0].cost_usd / (double)ledger->items_accepted);
    for (size_t i = 0; i < s->model_count; i++) {
        const char *name = s->models[i].model_name;
        if (strcmp(name, "unknown") == 0)
            assert_true(isnan(s->models[i].cost_usd));
        else
            assert_micro(s->models[i].cost_usd, ledger->by_model[strcmp(name, "small") != 0]);
    }
}

static afmon_monitor *open_with(const char *folder, const char *prices_file)
{
    afmon_options options;
    afmon_monitor *monitor;
    afmon_error error = {0};
    afmon_options_init(&options);
    options.log_dir = folder;
    options.prices_file = prices_file;
    if (afmon_monitor_open(&options, &monitor, &error) != AFMON_OK)
        fail_msg("%s", error.message);
    return monitor;
}

static void money_is_what_a_recount_says(void **state)
{
    (void)state;
    char *folder = make_folder();
    char *given = write_prices(folder, prices);
    struct ledger ledger = {0};
    for (int part = 0; part < 2; part++) {
        afmon_monitor *monitor = open_with(folder, given);
        for (int i = 0; i < 300; i++)
            make_item(monitor, part * 300 + i, &ledger);
        assert_int_equal(afmon_monitor_close(monitor, NULL), AFMON_OK);
    }
    afmon_run_summary *viewed = summary_of(folder);
    assert_summary(viewed, &ledger);
    afmon_run_summary_free(viewed);
    afmon_run_summary *seen = followed(folder);
    assert_summary(seen, &ledger);
    afmon_run_summary_free(seen);
    free(given);
    remove_folder(folder);
}

static void prices_are_copied_and_named(void **state)
{
    (void)state;
    char *folder = make_folder();
    char *given = write_prices(folder, prices);
    for (int i = 0; i < 2; i++)
        (void)afmon_monitor_close(open_with(folder, given), NULL);
    char *copy = read_text(folder, "prices.json");
    assert_string_equal(copy, prices);
    free(copy);
    assert_int_equal(count_in(folder, "afterimage.log", "\"prices\": \"prices.json\""), 2);
    free(write_prices(folder, "{\"m\": {\"input\": 1}}"));
    (void)afmon_monitor_close(open_with(folder, given), NULL);
    copy = read_text(folder, "prices-2.json");
    assert_string_equal(copy, "{\"m\": {\"input\": 1}}");
    free(copy);
    copy = read_text(folder, "prices.json");
    assert_string_equal(copy, prices);
    free(copy);
    free(given);
    remove_folder(folder);
}

/* A cost that the program knows is the cost; prices that cannot be read are said when the monitor is opened. */
static void costs_of_ones_own(void **state)
{
    (void)state;
    char *folder = make_folder();
    char *given = write_prices(folder, prices);
    afmon_monitor *monitor = open_with(folder, given);
    afmon_generation call = {.success = true,
                             .model_name = "small",
                             .prompt_token_count = AFMON_GIVEN(1000),
                             .completion_token_count = AFMON_GIVEN(1),
                             .cost_usd = AFMON_GIVEN(0.25)};
    assert_int_equal(afmon_track_generation(monitor, &call), AFMON_OK);
    assert_int_equal(afmon_monitor_close(monitor, NULL), AFMON_OK);
    afmon_run_summary *summary = summary_of(folder);
    assert_true(summary->cost.total_usd == 0.25);
    afmon_run_summary_free(summary);
    free(write_prices(folder, "{\"m\": {\"inpt\": 1}}"));
    afmon_options options;
    afmon_error error = {0};
    afmon_options_init(&options);
    options.log_dir = folder;
    options.prices_file = given;
    assert_int_equal(afmon_monitor_open(&options, &monitor, &error), AFMON_E_ARGUMENT);
    assert_non_null(strstr(error.message, "prices-given.json: \"inpt\" of \"m\" is no price: did you mean \"input\"?"));
    free(given);
    remove_folder(folder);
}

/* Ten are wanted accepted. What is open is not spent twice, and other kinds are no part of the plan. */
static void the_end_of_the_plan_is_projected(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = open_with(folder, NULL);
    afmon_item *item;
    static const char *const kinds[] = {"row", "row", "row", "persona", "row"};
    static const double costs[] = {0.25, 0.5, 1, 8, 2};
    assert_int_equal(afmon_monitor_plan(monitor, "row", 10, 4, true), AFMON_OK);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(afmon_item_begin_number(monitor, kinds[i], (int64_t)i, &item), AFMON_OK);
        afmon_generation call = {.success = true, .cost_usd = AFMON_GIVEN(costs[i]), .item = item};
        assert_int_equal(afmon_track_generation(monitor, &call), AFMON_OK);
        if (i == 2)
            assert_int_equal(afmon_item_reject(item, "gate"), AFMON_OK);
        else if (i != 4)
            assert_int_equal(afmon_item_accept(item), AFMON_OK);
    }
    /* A call that names no item. */
    afmon_generation call = {.success = true, .cost_usd = AFMON_GIVEN(0.125)};
    assert_int_equal(afmon_track_generation(monitor, &call), AFMON_OK);
    assert_int_equal(afmon_monitor_flush(monitor, 60, NULL), AFMON_OK);
    afmon_run_summary *summary = followed(folder);
    assert_true(summary->cost.total_usd == 11.875);
    assert_int_equal(summary->cost.items_left, 4);
    assert_micro(summary->cost.projected_usd, (int64_t)((9.875 + 4 * 1.875 / 2) * 1e12));
    afmon_run_summary_free(summary);
    for (int i = 5; i < 9; i++) {
        afmon_item *last;
        assert_int_equal(afmon_item_begin_number(monitor, "row", i, &last), AFMON_OK);
        assert_int_equal(afmon_item_accept(last), AFMON_OK);
    }
    assert_int_equal(afmon_item_reject(item, "gate"), AFMON_OK);
    assert_int_equal(afmon_monitor_close(monitor, NULL), AFMON_OK);
    summary = summary_of(folder);
    assert_int_equal(summary->cost.items_left, 0);
    assert_true(summary->cost.projected_usd == summary->cost.total_usd);
    afmon_run_summary_free(summary);
    remove_folder(folder);
}

static void a_run_without_prices_costs_nothing_that_is_known(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = open_with(folder, NULL);
    afmon_generation call = {.success = true, .model_name = "small", .prompt_token_count = AFMON_GIVEN(1000)};
    assert_int_equal(afmon_track_generation(monitor, &call), AFMON_OK);
    assert_int_equal(afmon_monitor_close(monitor, NULL), AFMON_OK);
    afmon_run_summary *summary = summary_of(folder);
    assert_false(summary->cost_known);
    assert_true(isnan(summary->cost.total_usd));
    afmon_run_summary_free(summary);
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(money_is_what_a_recount_says),
        cmocka_unit_test(prices_are_copied_and_named),
        cmocka_unit_test(costs_of_ones_own),
        cmocka_unit_test(the_end_of_the_plan_is_projected),
        cmocka_unit_test(a_run_without_prices_costs_nothing_that_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

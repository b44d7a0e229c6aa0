/* The limit of what a run may cost, as programs use it; and that a worst case is one. */
#include "check.h"

#include <math.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "money/ledger.h"
#include "money/prices.h"
#include "run_folder.h"

static const char prices[] = "{\"small\": {\"input\": 1, \"output\": 2}, \"half\": {\"input\": 1}}";

static afmon_monitor *opened(const char *folder, double limit)
{
    afmon_options options;
    afmon_monitor *monitor = NULL;
    afmon_error error = {0};
    afmon_options_init(&options);
    options.log_dir = folder;
    options.prices = prices;
    if (!isnan(limit))
        options.max_cost_usd = AFMON_GIVEN(limit);
    if (afmon_monitor_open(&options, &monitor, &error) != AFMON_OK)
        fail_msg("%s", error.message);
    return monitor;
}

static afmon_budget budget_of(afmon_monitor *monitor)
{
    afmon_budget budget;
    assert_true(afmon_monitor_budget(monitor, &budget));
    return budget;
}

static void assert_usd(double got, double wanted)
{
    if (!(fabs(got - wanted) < 1e-11))
        fail_msg("%.15g dollars, not %.15g", got, wanted);
}

#define BOUND(name, prompt, answer)                                                                                    \
    (&(afmon_call_bound){.model_name = (name), .prompt_tokens = (prompt), .completion_tokens = (answer)})
#define USED(in, out) (&(afmon_usage){.prompt = AFMON_GIVEN(in), .completion = AFMON_GIVEN(out)})

static void a_call_from_its_worst_case_to_its_cost(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = opened(folder, 0.001);
    afmon_reservation a, b;
    afmon_error error = {0};
    assert_int_equal(afmon_reserve(monitor, BOUND("small", 400, 100), &a, &error), AFMON_OK);
    assert_usd(budget_of(monitor).reserved_usd, 0.0006);
    assert_int_equal(afmon_reserve(monitor, BOUND("small", 400, 100), &b, &error), AFMON_E_BUSY);
    afmon_settle(monitor, &a, "small", "small", USED(100, 50));
    assert_usd(budget_of(monitor).spent_usd, 0.0002);
    /* Tracked, it counts no second time; one that was not reserved does. */
    afmon_generation call = {.duration_s = 1,
                             .success = true,
                             .model_name = "small",
                             .prompt_token_count = AFMON_GIVEN(100),
                             .completion_token_count = AFMON_GIVEN(50),
                             .settled = true};
    assert_int_equal(afmon_track_generation(monitor, &call), AFMON_OK);
    assert_usd(budget_of(monitor).spent_usd, 0.0002);
    call.settled = false;
    assert_int_equal(afmon_track_generation(monitor, &call), AFMON_OK);
    assert_usd(budget_of(monitor).spent_usd, 0.0004);
    /* A model without a price that answers costs as the one that was asked; usage that is not whole says nothing. */
    assert_int_equal(afmon_reserve(monitor, BOUND("small", 100, 10), &a, &error), AFMON_OK);
    afmon_settle(monitor, &a, "small-2026", "small", USED(100, 0));
    assert_usd(budget_of(monitor).spent_usd, 0.0005);
    assert_int_equal(afmon_reserve(monitor, BOUND("small", 100, 50), &a, &error), AFMON_OK);
    afmon_settle(monitor, &a, NULL, "small", &(afmon_usage){.prompt = AFMON_GIVEN(1)});
    assert_usd(budget_of(monitor).uncertain_usd, 0.0002);
    assert_int_equal(afmon_reserve(monitor, BOUND("small", 100, 100), &a, &error), AFMON_OK);
    afmon_settle_unused(monitor, &a);
    assert_int_equal(afmon_reserve(monitor, BOUND("small", 300, 10), &a, &error), AFMON_E_LIMIT);
    assert_false(afmon_may_spend(monitor, 0));
    assert_true(budget_of(monitor).reached);
    afmon_monitor_close(monitor, NULL);
    assert_int_equal(count_in(folder, "afterimage.log", "\"Run budget\""), 1);
    assert_int_equal(count_in(folder, "afterimage.log", "The run has reached its limit"), 1);
    remove_folder(folder);
}

static void calls_that_could_cost_anything(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = opened(folder, 1);
    afmon_reservation a;
    afmon_error error = {0};
    assert_int_equal(afmon_reserve(monitor, BOUND("other", 1, 1), &a, &error), AFMON_E_UNPRICED);
    assert_int_equal(afmon_reserve(monitor, BOUND("half", 1, 1), &a, &error), AFMON_E_UNPRICED);
    assert_int_equal(afmon_reserve(monitor, BOUND(NULL, 1, 1), &a, &error), AFMON_E_UNPRICED);
    assert_int_equal(afmon_reserve(monitor, BOUND("small", 1, 0), &a, &error), AFMON_E_UNPRICED);
    assert_non_null(strstr(error.message, "max_tokens"));
    assert_usd(budget_of(monitor).reserved_usd, 0);
    afmon_monitor_close(monitor, NULL);
    afmon_options options;
    afmon_options_init(&options);
    options.max_cost_usd = AFMON_GIVEN(-1);
    assert_int_equal(afmon_monitor_open(&options, &monitor, &error), AFMON_E_ARGUMENT);
    assert_non_null(strstr(error.message, "max_cost_usd"));
    remove_folder(folder);
}

static void without_a_limit_everything_may_go_out(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = opened(folder, (double)NAN);
    afmon_reservation a;
    afmon_budget budget;
    assert_int_equal(afmon_reserve(monitor, BOUND("other", 1, 0), &a, NULL), AFMON_OK);
    afmon_settle(monitor, &a, NULL, NULL, USED(1, 1));
    assert_true(afmon_may_spend(monitor, 1e9));
    assert_false(afmon_monitor_budget(monitor, &budget));
    afmon_monitor_close(monitor, NULL);
    bool found;
    assert_int_equal(afmon_ledger_look(folder, &budget, &found, NULL), AFMON_OK);
    assert_false(found);
    remove_folder(folder);
}

/* A child, and a monitor that was given no limit, spend by the same ledger. */
static void the_limit_is_that_of_all_processes(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = opened(folder, 0.001);
    afmon_reservation a, b;
    assert_int_equal(afmon_reserve(monitor, BOUND("small", 100, 100), &a, NULL), AFMON_OK);
    afmon_monitor *other = opened(folder, (double)NAN);
    assert_usd(budget_of(other).reserved_usd, 0.0003);
    assert_int_equal(afmon_reserve(other, BOUND("small", 100, 100), &b, NULL), AFMON_OK);
    afmon_settle_unknown(monitor, &b); /* not of this monitor: nothing happens */
    afmon_monitor_close(other, NULL);  /* with a call in flight */
    assert_usd(budget_of(monitor).uncertain_usd, 0.0003);
    afmon_settle(monitor, &a, "small", "small", USED(100, 100));
    assert_usd(budget_of(monitor).spent_usd, 0.0003);
    afmon_monitor_close(monitor, NULL);
    afmon_run_summary *summary = summary_of(folder);
    assert_true(summary->has_budget);
    assert_usd(summary->budget.uncertain_usd, 0.0003);
    afmon_run_summary_free(summary);
    summary = followed(folder);
    assert_true(summary->has_budget);
    assert_usd(summary->budget.spent_usd, 0.0003);
    afmon_run_summary_free(summary);
    remove_folder(folder);
}

#ifndef __SANITIZE_THREAD__
static void a_forked_child_spends_by_the_same_ledger(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = opened(folder, 0.001);
    afmon_reservation a;
    assert_int_equal(afmon_reserve(monitor, BOUND("small", 100, 100), &a, NULL), AFMON_OK);
    pid_t child = fork();
    if (child == 0) {
        afmon_reservation own;
        afmon_settle_unused(monitor, &a); /* the parent's */
        bool good = afmon_reserve(monitor, BOUND("small", 100, 100), &own, NULL) == AFMON_OK;
        afmon_settle(monitor, &own, "small", "small", USED(50, 100));
        _exit(good ? 0 : 1); /* without closing */
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_usd(budget_of(monitor).reserved_usd, 0.0003);
    assert_usd(budget_of(monitor).spent_usd, 0.00025);
    afmon_settle_unused(monitor, &a);
    assert_usd(budget_of(monitor).reserved_usd, 0);
    afmon_monitor_close(monitor, NULL);
    remove_folder(folder);
}
#endif

/* ---- The worst case ---- */

static unsigned seed = 7;

static double pick(double most)
{
    return most * (rand_r(&seed) % 1001) / 1000;
}

static double price_or_none(void)
{
    return rand_r(&seed) % 3 == 0 ? (double)NAN : pick(20e-6);
}

static struct afmon_price priced(bool whole)
{
    return (struct afmon_price){.input = whole ? pick(20e-6) : price_or_none(),
                                .output = whole ? pick(20e-6) : price_or_none(),
                                .cached_input = price_or_none(),
                                .cache_write = price_or_none(),
                                .reasoning = price_or_none()};
}

/* Whatever a call uses within its bound, it costs no more than was reserved. */
static void no_call_costs_more_than_its_worst_case(void **state)
{
    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct afmon_model_price model = {.price = priced(true), .band_count = (size_t)(rand_r(&seed) % 3)};
        for (size_t k = 0; k < model.band_count; k++)
            model.bands[k] = (struct afmon_price_band){.above = 1000 * (double)(k + 1), .price = priced(false)};
        double prompt_max = pick(4000), answer_max = pick(1000), worst, cost;
        double prompt = pick(prompt_max), answer = pick(answer_max), cached = pick(prompt);
        struct afmon_tokens_used used = {.prompt = prompt,
                                         .completion = answer,
                                         .cached = cached,
                                         .cache_write = pick(prompt - cached),
                                         .reasoning = pick(answer)};
        assert_true(afmon_price_worst(&model, prompt_max, answer_max, &worst));
        assert_true(afmon_price_cost(&model, &used, &cost));
        if (cost > worst + 1e-15)
            fail_msg("%.17g dollars, and at most %.17g were expected", cost, worst);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_from_its_worst_case_to_its_cost),
        cmocka_unit_test(calls_that_could_cost_anything),
        cmocka_unit_test(without_a_limit_everything_may_go_out),
        cmocka_unit_test(the_limit_is_that_of_all_processes),
#ifndef __SANITIZE_THREAD__
        cmocka_unit_test(a_forked_child_spends_by_the_same_ledger),
#endif
        cmocka_unit_test(no_call_costs_more_than_its_worst_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

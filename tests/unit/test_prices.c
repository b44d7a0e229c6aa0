/* Prices: both forms, and what a call's tokens come to. */
#include "check.h"

#include <math.h>
#include <string.h>

#include "money/prices.h"

static struct afmon_prices *parsed(const char *text)
{
    struct afmon_prices *prices;
    afmon_error error = {0};
    if (afmon_prices_parse(text, strlen(text), "prices.json", &prices, &error) != AFMON_OK)
        fail_msg("%s", error.message);
    return prices;
}

static double cost(const struct afmon_prices *prices, const char *model, struct afmon_tokens_used used)
{
    double usd;
    const struct afmon_model_price *price = afmon_prices_find(prices, model, strlen(model));
    assert_non_null(price);
    return afmon_price_cost(price, &used, &usd) ? usd : (double)NAN;
}

#define NONE ((double)NAN)
#define TOKENS(...) ((struct afmon_tokens_used){__VA_ARGS__})

static void assert_dollars(double got, double wanted)
{
    if (!(fabs(got - wanted) < 1e-12))
        fail_msg("%.15g dollars, not %.15g", got, wanted);
}

static void our_own_form(void **state)
{
    (void)state;
    struct afmon_prices *prices =
        parsed("{\"small\": {\"input\": 2.5, \"output\": 10, \"cached_input\": 1.25, \"cache_write\": 3, "
               "\"reasoning\": 20}, \"plain\": {\"input\": 1, \"output\": 2}, \"in\": {\"input\": 4}}");
    assert_int_equal(afmon_prices_count(prices), 3);
    assert_dollars(cost(prices, "small", TOKENS(1000, 100, NONE, NONE, NONE)), 1000 * 2.5e-6 + 100 * 10e-6);
    assert_dollars(cost(prices, "small", TOKENS(1000, 100, 400, 100, 30)),
                   500 * 2.5e-6 + 400 * 1.25e-6 + 100 * 3e-6 + 70 * 10e-6 + 30 * 20e-6);
    /* What has no price of its own costs as its kind does, and is priced once. */
    assert_dollars(cost(prices, "plain", TOKENS(1000, 100, 400, 100, 30)), 1000 * 1e-6 + 100 * 2e-6);
    /* As Anthropic tells it: cached ones and writes are not among the prompt's. */
    assert_dollars(cost(prices, "small", TOKENS(10, 100, 400, 100, NONE)),
                   10 * 2.5e-6 + 400 * 1.25e-6 + 100 * 3e-6 + 100 * 10e-6);
    assert_dollars(cost(prices, "small", TOKENS(10, 100, NONE, NONE, 300)), 10 * 2.5e-6 + 100 * 10e-6 + 300 * 20e-6);
    /* Not told, negative or not finite: nothing. */
    assert_dollars(cost(prices, "small", TOKENS(NONE, 100, NONE, NONE, NONE)), 100 * 10e-6);
    assert_dollars(cost(prices, "small", TOKENS(-5, 100, (double)INFINITY, NONE, NONE)), 100 * 10e-6);
    /* It cannot be said. */
    assert_true(isnan(cost(prices, "small", TOKENS(NONE, NONE, NONE, NONE, NONE))));
    assert_true(isnan(cost(prices, "in", TOKENS(10, 5, NONE, NONE, NONE))));
    assert_dollars(cost(prices, "in", TOKENS(10, 0, NONE, NONE, NONE)), 10 * 4e-6);
    afmon_prices_free(prices);
}

static void names_with_a_provider(void **state)
{
    (void)state;
    struct afmon_prices *prices =
        parsed("{\"m\": {\"input\": 1}, \"azure/m\": {\"input\": 7}, \"a/b/c\": {\"input\": 9}}");
    assert_dollars(cost(prices, "azure/m", TOKENS(1, 0, NONE, NONE, NONE)), 7e-6);
    assert_dollars(cost(prices, "openai/m", TOKENS(1, 0, NONE, NONE, NONE)), 1e-6);
    assert_dollars(cost(prices, "openrouter/openai/m", TOKENS(1, 0, NONE, NONE, NONE)), 1e-6);
    assert_dollars(cost(prices, "x/a/b/c", TOKENS(1, 0, NONE, NONE, NONE)), 9e-6);
    assert_null(afmon_prices_find(prices, "M", 1));
    assert_null(afmon_prices_find(prices, "m-2024-08-06", 12));
    assert_null(afmon_prices_find(prices, "m/", 2));
    assert_null(afmon_prices_find(prices, "", 0));
    afmon_prices_free(prices);
}

/* The form of LiteLLM's map: a member that only describes, models without a price a token, null, bands. */
static void the_form_of_litellm(void **state)
{
    (void)state;
    struct afmon_prices *prices = parsed(
        "{\"sample_spec\": {\"input_cost_per_token\": 0.0, \"max_tokens\": \"set to max_output_tokens\"},"
        "\"1024-x-1024/dall-e-2\": {\"litellm_provider\": \"openai\", \"mode\": \"image_generation\", "
        "\"input_cost_per_pixel\": 1.9e-08},"
        "\"gpt\": {\"litellm_provider\": \"openai\", \"input_cost_per_token\": 2.5e-06, \"output_cost_per_token\": "
        "1e-05,"
        " \"cache_read_input_token_cost\": 1.25e-06, \"cache_creation_input_token_cost\": null, \"max_tokens\": 16384,"
        " \"supports_vision\": true, \"search_context_cost_per_query\": {\"search_context_size_low\": 0.03}},"
        "\"gemini\": {\"input_cost_per_token\": 1e-06, \"input_cost_per_token_above_200k_tokens\": 2e-06,"
        " \"input_cost_per_token_above_128k_tokens\": 1.5e-06, \"output_cost_per_token\": 4e-06,"
        " \"output_cost_per_token_above_200k_tokens\": 8e-06, \"input_cost_per_token_batches\": 9,"
        " \"input_cost_per_token_above_200k_tokens_priority\": 9, \"cache_creation_input_token_cost_above_1hr\": 9,"
        " \"output_cost_per_reasoning_token\": 5e-06},"
        "\"bedrock/month/gpt\": {\"litellm_provider\": \"bedrock\", \"input_cost_per_second\": 0.01},"
        "\"odd\": {\"input_cost_per_token\": \"free\", \"output_cost_per_token\": -1, \"mode\": null},"
        "\"text\": {\"input_cost_per_token\": \"2e-06\", \"output_cost_per_token\": null},"
        "\"flash\": {\"tiered_pricing\": [{\"range\": [0, 256000.0], \"input_cost_per_token\": 5e-08,"
        " \"output_cost_per_token\": 4e-07, \"output_cost_per_reasoning_token\": 6e-07}, {\"range\": [256000.0, "
        "1000000.0],"
        " \"input_cost_per_token\": 2.5e-07, \"output_cost_per_token\": 2e-06}, {\"range\": \"x\"}, 3]},"
        "\"search\": {\"tiered_pricing\": [{\"input_cost_per_query\": 0.01, \"max_results_range\": [0, 10]}]}}");
    assert_int_equal(afmon_prices_count(prices), 4);
    assert_dollars(cost(prices, "text", TOKENS(10, 0, NONE, NONE, NONE)), 10 * 2e-6);
    assert_dollars(cost(prices, "flash", TOKENS(256000, 10, 56000, NONE, 4)), 256000 * 5e-8 + 6 * 4e-7 + 4 * 6e-7);
    assert_dollars(cost(prices, "flash", TOKENS(256001, 10, 56000, NONE, 4)), 256001 * 2.5e-7 + 10 * 2e-6);
    /* What is known without a price has none of another. */
    assert_null(afmon_prices_find(prices, "bedrock/month/gpt", 17));
    assert_null(afmon_prices_find(prices, "odd", 3));
    assert_null(afmon_prices_find(prices, "search", 6));
    assert_non_null(afmon_prices_find(prices, "bedrock/gpt", 11));
    assert_dollars(cost(prices, "gpt", TOKENS(1000, 10, 600, 100, NONE)), 400 * 2.5e-6 + 600 * 1.25e-6 + 10 * 1e-5);
    assert_dollars(cost(prices, "gemini", TOKENS(128000, 10, NONE, NONE, 4)), 128000 * 1e-6 + 6 * 4e-6 + 4 * 5e-6);
    assert_dollars(cost(prices, "gemini", TOKENS(128001, 10, NONE, NONE, NONE)), 128001 * 1.5e-6 + 10 * 4e-6);
    assert_dollars(cost(prices, "gemini", TOKENS(200001, 10, NONE, NONE, NONE)), 200001 * 2e-6 + 10 * 8e-6);
    assert_null(afmon_prices_find(prices, "sample_spec", 11));
    afmon_prices_free(prices);
}

static void what_is_wrong_is_said(void **state)
{
    static const struct {
        const char *text;
        const char *said;
    } wrong[] = {
        {"", "prices.json: line 1"},
        {"[1]", "an object, with a member for each model"},
        {"{}", "no model has a price"},
        {"{\"m\": 3}", "\"m\" is no object of prices"},
        {"{\"m\": {\"inputs\": 3}}", "did you mean \"input\"?"},
        {"{\"m\": {\"input\": -1}}", "input of \"m\": give US dollars for a million tokens, 0 or more"},
        {"{\"m\": {\"input\": \"2.5\"}}", "input of \"m\": give US dollars"},
        {"{\"m\": {\"cached_input\": 1}}", "\"m\" has neither \"input\" nor \"output\""},
        {"{\"m\": {\"litellm_provider\": \"x\"}}", "no model has a price"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct afmon_prices *prices;
        afmon_error error = {0};
        assert_int_equal(afmon_prices_parse(wrong[i].text, strlen(wrong[i].text), "prices.json", &prices, &error),
                         AFMON_E_ARGUMENT);
        assert_null(prices);
        if (strstr(error.message, wrong[i].said) == NULL)
            fail_msg("%s: \"%s\", where \"%s\" was to be said", wrong[i].text, error.message, wrong[i].said);
    }
    struct afmon_prices *prices;
    afmon_error error = {0};
    assert_int_equal(afmon_prices_read("/nowhere/prices.json", &prices, &error), AFMON_E_SYSTEM);
    assert_non_null(strstr(error.message, "/nowhere/prices.json"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_own_form),
        cmocka_unit_test(names_with_a_provider),
        cmocka_unit_test(the_form_of_litellm),
        cmocka_unit_test(what_is_wrong_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

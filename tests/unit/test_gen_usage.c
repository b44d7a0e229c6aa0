/* Where answers and events of streams have their usage, and how those of a stream come together. What the counts of
 * each provider mean is in tests/python/test_usage.py, against a recount. */
#include "check.h"

#include "generators/usage.h"

static afmon_usage read_text(const char *text)
{
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(json);
    const afmon_usage usage = gen_usage_read(json);
    json_decref(json);
    return usage;
}

static void assert_tokens(const afmon_usage *usage, double prompt, double completion, double total)
{
    assert_true(usage->prompt.given && usage->completion.given && usage->total.given);
    if (usage->prompt.value != prompt || usage->completion.value != completion || usage->total.value != total)
        fail_msg("%g and %g, in all %g", usage->prompt.value, usage->completion.value, usage->total.value);
}

static void in_every_place(void **state)
{
    static const char *const answers[] = {
        "{\"usage\": {\"prompt_tokens\": 9, \"completion_tokens\": 4}}",
        "{\"usageMetadata\": {\"promptTokenCount\": 9, \"candidatesTokenCount\": 4}}",
        "{\"usage_metadata\": {\"input_tokens\": 9, \"output_tokens\": 4}}",
        "{\"usage\": null, \"x_groq\": {\"usage\": {\"prompt_tokens\": 9, \"completion_tokens\": 4}}}",
        "{\"choices\": [{\"usage\": {\"prompt_tokens\": 9, \"completion_tokens\": 4}}]}",
        "{\"type\": \"message_start\", \"message\": {\"usage\": {\"input_tokens\": 9, \"output_tokens\": 4}}}",
        "{\"type\": \"response.completed\", \"response\": {\"usage\": {\"input_tokens\": 9, \"output_tokens\": 4}}}",
        "{\"delta\": {\"usage\": {\"billed_units\": {\"input_tokens\": 9, \"output_tokens\": 4}, \"tokens\": {}}}}",
        "{\"meta\": {\"billed_units\": {\"input_tokens\": 9, \"output_tokens\": 4}}}",
        "{\"metadata\": {\"usage\": {\"inputTokens\": 9, \"outputTokens\": 4}}}",
        "{\"amazon-bedrock-invocationMetrics\": {\"inputTokenCount\": 9, \"outputTokenCount\": 4}}",
        "{\"done\": true, \"prompt_eval_count\": 9, \"eval_count\": 4}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        const afmon_usage usage = read_text(answers[i]);
        assert_tokens(&usage, 9, 4, 13);
        assert_false(usage.cached.given || usage.cache_write.given || usage.reasoning.given || usage.cost_usd.given);
    }
}

static void in_none(void **state)
{
    static const char *const answers[] = {"{}",
                                          "[]",
                                          "3",
                                          "null",
                                          "\"usage\"",
                                          "{\"usage\": []}",
                                          "{\"usage\": {\"cost\": 3}}",
                                          "{\"choices\": [], \"message\": \"usage\", \"cost\": 5}",
                                          "{\"usage\": {\"prompt_tokens\": true, \"completion_tokens\": -3}}",
                                          "{\"usage\": {\"prompt_tokens\": \"0x10\", \"completion_tokens\": 1e300}}"};
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        const afmon_usage usage = read_text(answers[i]);
        if (usage.prompt.given || usage.completion.given || usage.total.given || usage.cost_usd.given)
            fail_msg("%s tells something", answers[i]);
    }
}

/* The first event has the prompt, and the last one what was generated: the total is that of both. */
static void events_come_together(void **state)
{
    (void)state;
    afmon_usage usage = {.prompt = AFMON_GIVEN(100), .completion = AFMON_GIVEN(1), .cached = AFMON_GIVEN(90)};
    const afmon_usage later = {.completion = AFMON_GIVEN(44), .cost_usd = AFMON_GIVEN(0.5)};
    afmon_usage_update(&usage, &later);
    usage.total = afmon_usage_total(&usage);
    assert_tokens(&usage, 100, 44, 144);
    assert_true(usage.cached.value == 90 && usage.cost_usd.value == 0.5);
    assert_false(afmon_usage_total(&later).given);
    assert_false(afmon_usage_read(&(afmon_usage_reader){0}, NULL, &usage));
    assert_false(usage.prompt.given);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_every_place),
        cmocka_unit_test(in_none),
        cmocka_unit_test(events_come_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

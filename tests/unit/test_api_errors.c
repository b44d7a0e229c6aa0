/* Which failures came from a model's API, and which operations stand for items. */
#include "check.h"

#include "catalog/api_errors.h"
#include "catalog/operations.h"

static bool is_of_api(int status, const char *type, const char *error, const char *operation)
{
    struct afmon_failure failure = {.status = status, .error_type = type, .error = error, .operation = operation};
    failure.error_type_length = type != NULL ? strlen(type) : 0;
    failure.error_length = error != NULL ? strlen(error) : 0;
    failure.operation_length = operation != NULL ? strlen(operation) : 0;
    return afmon_failure_is_of_api(&failure);
}

static int status_of(int status, const char *error)
{
    return afmon_failure_status(
        &(struct afmon_failure){.status = status, .error = error, .error_length = error != NULL ? strlen(error) : 0});
}

static void the_status_stands_in_the_text(void **state)
{
    (void)state;
    assert_int_equal(status_of(0, NULL), 0);
    assert_int_equal(status_of(0, ""), 0);
    assert_int_equal(status_of(0, "Error code: 429 - {'error': {'message': 'slow down'}}"), 429);
    assert_int_equal(status_of(0, "Error code: 500"), 500);
    assert_int_equal(status_of(404, "Error code: 500"), 404); /* what was given counts */
    assert_int_equal(status_of(0, "429 RESOURCE_EXHAUSTED. {'error': {}}"), 429);
    static const char *const none[] = {"Error code: ",
                                       "Error code: 42",
                                       "Error code: 4290",
                                       "Error code: 200",
                                       "Error code: x",
                                       " Error code: 429",
                                       "429 things were wrong.",
                                       "429",
                                       "429 ",
                                       "429 RESOURCE",
                                       "429 . x",
                                       "error code: 429",
                                       "Error code:429",
                                       "4290 RESOURCE_X. a"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_int_equal(status_of(0, none[i]), 0);
}

static void what_came_from_the_api(void **state)
{
    (void)state;
    static const char *const types[] = {
        "RateLimitError", "APIConnectionError",    "InternalServerError",        "APITimeoutError", "OverloadedError",
        "ServerError",    "openai.RateLimitError", "litellm.exceptions.Timeout", "ReadTimeout",     "TimeoutError"};
    static const char *const others[] = {
        "ValueError", "JSONDecodeError", "ValidationError", "LengthFinishReasonError", "KeyError",
        "",           "RateLimit",       "ratelimiterror",  "MyRateLimitError",        "."};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        assert_true(is_of_api(0, types[i], "x", "answer_generation"));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(is_of_api(0, others[i], "x", NULL));
    assert_true(is_of_api(429, NULL, NULL, NULL));
    assert_true(is_of_api(0, "ValueError", "Error code: 429 - slow down", NULL));
    assert_false(is_of_api(200, "ValueError", "no JSON", NULL)); /* the API answered */
    assert_true(is_of_api(200, "APIError", "the error stands in the answer", NULL));
    assert_false(is_of_api(0, NULL, NULL, NULL));
}

static void an_item_repeats_the_error_of_a_call(void **state)
{
    (void)state;
    static const char *const operations[][2] = {{"conversation_generation", "conversation"},
                                                {"structured_generation", "row"},
                                                {"opensimula.task.single_qa_generate", "task"},
                                                {"opensimula.task.mcq_generate", "task"}};
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        const char *operation = operations[i][0];
        assert_string_equal(afmon_item_kind_of(operation, strlen(operation)), operations[i][1]);
        assert_false(is_of_api(429, "RateLimitError", "Error code: 429 - slow down", operation));
    }
    assert_null(afmon_item_kind_of("answer_generation", 17));
    assert_null(afmon_item_kind_of("conversation_generation", 22));
    assert_null(afmon_item_kind_of("", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_status_stands_in_the_text),
        cmocka_unit_test(what_came_from_the_api),
        cmocka_unit_test(an_item_repeats_the_error_of_a_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

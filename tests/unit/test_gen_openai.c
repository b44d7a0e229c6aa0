/* What is said to an OpenAI-compatible server, what it says back, and its address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>

#include "generators/http.h"
#include "generators/openai.h"
#include "generators/secrets.h"

static gen_chat_result read_answer(int status, const char *body)
{
    gen_chat_result result;
    gen_chat_result_init(&result);
    gen_openai_response(status, body, strlen(body), &result);
    return result;
}

static const gen_openai_body parts = {.model = "m"};

static void requests(void **state)
{
    (void)state;
    const gen_message messages[] = {
        {GEN_SYSTEM, "a \"b\"\n", NULL}, {GEN_USER, "\u00e7", NULL}, {GEN_ASSISTANT, "", "thought, and not sent"}};
    char *text = gen_openai_request(&parts, messages, 3, &(gen_call){0});
    assert_string_equal(text, "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":\"a \\\"b\\\"\\n\"},"
                              "{\"role\":\"user\",\"content\":\"\u00e7\"},{\"role\":\"assistant\",\"content\":\"\"}]}");
    free(text);
    gen_call call = {.temperature = AFMON_GIVEN(0), .max_tokens = 5, .seed = AFMON_GIVEN(2147483647)};
    text = gen_openai_request(&parts, messages, 0, &call);
    json_t *json = json_loads(text, 0, NULL);
    assert_true(json_real_value(json_object_get(json, "temperature")) == 0);
    assert_true(json_is_real(json_object_get(json, "temperature")));
    assert_int_equal(json_integer_value(json_object_get(json, "max_tokens")), 5);
    assert_int_equal(json_integer_value(json_object_get(json, "seed")), 2147483647);
    json_decref(json);
    free(text);
    assert_null(gen_openai_request(&parts, &(gen_message){GEN_USER, "\xff", NULL}, 1, &(gen_call){0}));
}

static void good_answers(void **state)
{
    (void)state;
    gen_chat_result r = read_answer(200, "{\"model\":\"m1\",\"choices\":[{\"finish_reason\":\"stop\",\"message\":"
                                         "{\"content\":\" hi\\n\"}}],\"usage\":{\"prompt_tokens\":3,"
                                         "\"completion_tokens\":4}}");
    assert_int_equal(r.outcome, GEN_DONE);
    assert_string_equal(r.text, "hi");
    assert_string_equal(r.model_name, "m1");
    assert_string_equal(r.finish_reason, "stop");
    assert_true(r.usage.prompt.given && r.usage.prompt.value == 3);
    assert_true(r.usage.total.given && r.usage.total.value == 7);
    assert_int_equal(r.http_status, 0);
    gen_chat_result_clear(&r);
}

static void odd_token_counts_are_not_taken(void **state)
{
    (void)state;
    gen_chat_result r = read_answer(200, "{\"choices\":[{\"finish_reason\":null,\"message\":{\"content\":\"x\"}}],"
                                         "\"usage\":{\"prompt_tokens\":-1,\"completion_tokens\":\"x4\"}}");
    assert_int_equal(r.outcome, GEN_DONE);
    assert_false(r.usage.prompt.given || r.usage.completion.given || r.usage.total.given);
    assert_string_equal(r.finish_reason, "");
    gen_chat_result_clear(&r);
    r = read_answer(200, "{\"choices\":[{\"message\":{\"content\":\"x\"}}],\"usage\":null}");
    assert_int_equal(r.outcome, GEN_DONE);
    gen_chat_result_clear(&r);
}

static void check_error(int status, const char *body, const char *type, const char *text, bool retryable)
{
    gen_chat_result r = read_answer(status, body);
    assert_int_equal(r.outcome, GEN_FAILED);
    assert_null(r.text);
    assert_string_equal(r.error_type, type);
    if (strcmp(r.error, text) != 0)
        fail_msg("\"%s\" is not \"%s\"", r.error, text);
    assert_int_equal(r.retryable, retryable);
    assert_int_equal(r.http_status, status);
}

static void errors_in_all_their_shapes(void **state)
{
    (void)state;
    check_error(429, "{\"error\":{\"message\":\"slow\"}}", "RateLimitError", "Error code: 429 - slow", true);
    check_error(500, "{\"error\":\"oops\"}", "InternalServerError", "Error code: 500 - oops", true);
    check_error(404, "{\"message\":\"where\"}", "NotFoundError", "Error code: 404 - where", false);
    check_error(422, "{\"detail\":\"why\"}", "UnprocessableEntityError", "Error code: 422 - why", false);
    check_error(409, "{\"detail\":[1]}", "ConflictError", "Error code: 409 - {\"detail\":[1]}", true);
    check_error(
        502, "<html>\n  <b>bad</b>\r\n</html>", "InternalServerError",
        "Error code: 502 - <html> <b>bad</b> </html> (a web page: a proxy or gateway answers, not the model's server)",
        true);
    check_error(401, "", "AuthenticationError", "Error code: 401 - no text", false);
    check_error(200, "{\"error\":{\"message\":\"hidden\"}}", "APIError", "hidden", false);
}

static void an_empty_answer_at_the_token_limit_says_so(void **state)
{
    (void)state;
    gen_chat_result r =
        read_answer(200, "{\"choices\":[{\"finish_reason\":\"length\",\"message\":{\"content\":\"\"}}]}");
    assert_int_equal(r.outcome, GEN_FAILED);
    assert_non_null(strstr(r.error, "--max-tokens"));
}

static void long_errors_are_cut(void **state)
{
    (void)state;
    static char body[100000];
    memset(body, 'y', sizeof body - 1);
    gen_chat_result r = read_answer(500, body);
    assert_int_equal(r.outcome, GEN_FAILED);
    assert_true(strlen(r.error) < sizeof r.error);
}

static void keys_are_taken_out(void **state)
{
    (void)state;
    const char *key = "sk-12345678";
    gen_secrets secrets = {0}, short_ones = {0};
    gen_chat_result r;
    assert_true(gen_secrets_add(&secrets, key));
    assert_true(gen_secrets_add(&secrets, "Token abcdefghij"));
    assert_true(gen_secrets_add(&short_ones, "[key]"));
    gen_chat_result_init(&r);
    gen_chat_result_fail(&r, key, "%s and %s%s", key, key, key);
    r.text = strdup("xsk-12345678sk-12345678y sk-1234567, Token abcdefghij, abcdefghij");
    r.reasoning = strdup("abcdefghijk");
    gen_secrets_redact(&secrets, &r);
    assert_string_equal(r.error, "[key] and [key][key]");
    assert_string_equal(r.error_type, "[key]");
    assert_string_equal(r.text, "x[key][key]y sk-1234567, [key], [key]");
    assert_string_equal(r.reasoning, "[key]k");
    gen_secrets_redact(&short_ones, &r);
    assert_string_equal(r.error, "[key] and [key][key]");
    gen_chat_result_clear(&r);
    gen_text body = {0};
    gen_text_append(&body, "a\0sk-12345678b", 14);
    gen_secrets_redact_body(&secrets, &body);
    assert_int_equal(body.length, 8);
    assert_memory_equal(body.data, "a\0[key]b", 9);
    gen_text_free(&body);
    gen_secrets_free(&secrets);
    gen_secrets_free(&short_ones);
}

static void check_url(const char *base, const char *wanted, bool wanted_plain)
{
    char *url = NULL, error[160];
    bool plain = false;
    assert_true(gen_http_join(base, "/chat/completions", NULL, &url, &plain, error, sizeof error));
    assert_string_equal(url, wanted);
    assert_int_equal(plain, wanted_plain);
    free(url);
}

static void addresses(void **state)
{
    (void)state;
    check_url("http://localhost:8080/v1", "http://localhost:8080/v1/chat/completions", false);
    check_url("http://127.0.0.1:1/v1//", "http://127.0.0.1:1/v1/chat/completions", false);
    check_url("http://[::1]:8080", "http://[::1]:8080/chat/completions", false);
    check_url("https://api.example.com/v1/", "https://api.example.com/v1/chat/completions", false);
    check_url("http://10.0.0.7/v1", "http://10.0.0.7/v1/chat/completions", true);
    check_url("http://127.0.0.1.evil.invalid/v1", "http://127.0.0.1.evil.invalid/v1/chat/completions", true);
    check_url("http://[::ffff:127.0.0.1]/v1", "http://[::ffff:127.0.0.1]/v1/chat/completions", false);
    check_url("http://localhost.evil.invalid/v1", "http://localhost.evil.invalid/v1/chat/completions", true);
    check_url("http://mylocalhost/v1", "http://mylocalhost/v1/chat/completions", true);
    check_url("http://model.localhost/v1", "http://model.localhost/v1/chat/completions", false);
    static const char *const bad[] = {"localhost:8080/v1",  "ftp://a/v1",          "http://",     "",
                                      "http://u:p@h/",      "http://h/?a=b&KEY=c", "http://h/#x", "http://h:99999/",
                                      "javascript:alert(1)"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char *url = NULL, error[160] = "";
        bool plain;
        assert_false(gen_http_join(bad[i], "/x", NULL, &url, &plain, error, sizeof error));
        assert_null(url);
        assert_true(error[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests),
        cmocka_unit_test(good_answers),
        cmocka_unit_test(odd_token_counts_are_not_taken),
        cmocka_unit_test(errors_in_all_their_shapes),
        cmocka_unit_test(an_empty_answer_at_the_token_limit_says_so),
        cmocka_unit_test(long_errors_are_cut),
        cmocka_unit_test(keys_are_taken_out),
        cmocka_unit_test(addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

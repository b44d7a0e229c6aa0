#include "check.h"

#include <stdio.h>

#include "proxy/answer.h"
#include "proxy/attempts.h"
#include "proxy/framing.h"
#include "proxy/head.h"
#include "proxy/route.h"

/* ---- Framing ----------------------------------------------------------------------------------------------------- */

struct kept {
    char text[256];
    size_t length;
};

static void keep(void *user, const char *data, size_t length)
{
    struct kept *kept = user;
    memcpy(kept->text + kept->length, data, length);
    kept->length += length;
}

static const char chunked[] = "4;a=b\r\nWiki\r\n0A\r\n, in\r\nthis\r\n0\r\nX: y\r\n\r\n";

static void chunks_are_followed_wherever_they_are_cut(void **state)
{
    (void)state;
    size_t whole = strlen(chunked);
    for (size_t first = 0; first <= whole; first++) {
        for (size_t second = first; second <= whole; second++) {
            struct kept kept = {.length = 0};
            struct afmon_proxy_body body;
            afmon_proxy_body_begin(&body, AFMON_PROXY_CHUNKED, 0);
            assert_int_equal(afmon_proxy_body_feed(&body, chunked, first, keep, &kept), first);
            assert_int_equal(afmon_proxy_body_feed(&body, chunked + first, second - first, keep, &kept),
                             second - first);
            assert_int_equal(afmon_proxy_body_feed(&body, chunked + second, whole - second, keep, &kept),
                             whole - second);
            assert_true(body.done && !body.bad);
            assert_text(kept.text, kept.length, "Wiki, in\r\nthis");
        }
    }
}

static void what_follows_a_body_is_not_of_it(void **state)
{
    (void)state;
    char text[128];
    struct afmon_proxy_body body;
    snprintf(text, sizeof text, "%sGET", chunked);
    afmon_proxy_body_begin(&body, AFMON_PROXY_CHUNKED, 0);
    assert_int_equal(afmon_proxy_body_feed(&body, text, strlen(text), NULL, NULL), strlen(chunked));
    afmon_proxy_body_begin(&body, AFMON_PROXY_LENGTH, 3);
    assert_int_equal(afmon_proxy_body_feed(&body, "abcdef", 6, NULL, NULL), 3);
    assert_true(body.done);
    afmon_proxy_body_begin(&body, AFMON_PROXY_LENGTH, 0);
    assert_true(body.done);
}

static void bad_chunks(void **state)
{
    (void)state;
    static const char *const bad[] = {"\r\n",
                                      "x\r\n",
                                      "-1\r\n",
                                      "0x1\r\n",
                                      "1\nab",
                                      "1\r\nab\r\n",
                                      "1\r\na\n",
                                      "1 ;\n",
                                      "1234567890123456\r\n",
                                      "0\r\n X: folded\r\n",
                                      "0\r\nX: y\n\n",
                                      "0\r\n\rx",
                                      "1;\x01\r\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct afmon_proxy_body body;
        afmon_proxy_body_begin(&body, AFMON_PROXY_CHUNKED, 0);
        assert_true(afmon_proxy_body_feed(&body, bad[i], strlen(bad[i]), NULL, NULL) < strlen(bad[i]));
        assert_true(body.bad && !body.done);
    }
}

/* ---- Heads ------------------------------------------------------------------------------------------------------- */

static void the_end_of_a_head_is_found_wherever_it_is_cut(void **state)
{
    (void)state;
    static const char head[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    for (size_t cut = 0; cut < sizeof head - 1; cut++) {
        size_t scanned = 0;
        ptrdiff_t early = afmon_proxy_head_end(head, cut, &scanned);
        assert_int_equal(early, 0);
        assert_int_equal(afmon_proxy_head_end(head, sizeof head - 1, &scanned), sizeof head - 1);
    }
}

static void hop_by_hop_fields(void **state)
{
    (void)state;
    static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\nConnection: x-mine, content-length, close\r\nX-Mine: 1\r\n"
                               "Content-Length: 3\r\nUpgrade: h2c\r\nTE: trailers\r\nX-Other: 2\r\n\r\n";
    static const bool hop[] = {false, true, true, false, true, true, false};
    struct afmon_proxy_head head;
    const char *why;
    assert_int_equal(afmon_proxy_head_request(&head, text, strlen(text), &why), 0);
    assert_true(head.close);
    assert_int_equal(head.content_length, 3);
    assert_int_equal(head.count, 7);
    for (size_t i = 0; i < head.count; i++)
        assert_int_equal(afmon_proxy_head_is_hop(&head, &head.fields[i]), hop[i]);
}

static void answers_without_a_body(void **state)
{
    (void)state;
    static const char text[] = "HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n";
    static const char close[] = "HTTP/1.1 200\r\n\r\n";
    static const char both[] = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n";
    const struct afmon_proxy_piece get = {"GET", 3}, head_method = {"HEAD", 4};
    struct afmon_proxy_head head;
    const char *why;
    assert_int_equal(afmon_proxy_head_answer(&head, text, strlen(text), &get, &why), 0);
    assert_int_equal(head.framing, AFMON_PROXY_NO_BODY);
    assert_int_equal(afmon_proxy_head_answer(&head, close, strlen(close), &get, &why), 0);
    assert_int_equal(head.framing, AFMON_PROXY_UNTIL_CLOSE);
    assert_int_equal(afmon_proxy_head_answer(&head, close, strlen(close), &head_method, &why), 0);
    assert_int_equal(head.framing, AFMON_PROXY_NO_BODY);
    assert_int_equal(afmon_proxy_head_answer(&head, both, strlen(both), &get, &why), 502);
}

/* ---- Routes ------------------------------------------------------------------------------------------------------ */

static void targets(void **state)
{
    (void)state;
    static const struct {
        const char *prefix, *url, *asked, *told;
    } cases[] = {
        {"", "http://h", "/v1/x", "/v1/x"},
        {"", "http://h/v1/", "/v1/x?q=1", "/v1/x?q=1"},
        {"", "http://h/v1", "/x", "/v1/x"},
        {"", "http://h/v1", "/v12", "/v1/v12"},
        {"/a", "http://h/v1", "/a/v1/x", "/v1/x"},
        {"/a", "http://h/v1", "/a/x", "/v1/x"},
        {"/a", "http://h", "/a", "/"},
        {"/a", "http://h", "/a?q", "/?q"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct afmon_proxy_route route;
        struct afmon_proxy_piece target = {cases[i].asked, strlen(cases[i].asked)}, before, rest;
        char told[64];
        assert_null(afmon_proxy_route_parse(&route, cases[i].prefix, cases[i].url));
        assert_ptr_equal(afmon_proxy_route_find(&route, 1, &target), &route);
        afmon_proxy_route_target(&route, &target, &before, &rest);
        snprintf(told, sizeof told, "%.*s%.*s", (int)before.length, before.text, (int)rest.length, rest.text);
        assert_string_equal(told, cases[i].told);
    }
}

static void urls(void **state)
{
    (void)state;
    static const char *const bad[] = {"ftp://a",      "http://",     "http://a:0",  "http://a:65536", "http://a:1x",
                                      "http://u:p@a", "http://a/?q", "http://[::1", "http://a b"};
    struct afmon_proxy_route route;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_non_null(afmon_proxy_route_parse(&route, "", bad[i]));
    assert_null(afmon_proxy_route_parse(&route, "/p", "https://[::1]:8443/v1"));
    assert_string_equal(route.host, "::1");
    assert_string_equal(route.authority, "[::1]:8443");
    assert_null(afmon_proxy_route_parse(&route, NULL, "https://a:443"));
    assert_string_equal(route.authority, "a");
    assert_non_null(afmon_proxy_route_parse(&route, "p", "http://a"));
}

/* ---- Answers ----------------------------------------------------------------------------------------------------- */

static const char stream[] =
    ": a comment\r\nevent: x\r\ndata: {\"model\":\"m\",\"choices\":[{\"delta\":{\"content\":\"\\ud83d\\ude00 "
    "\\\"usage\\\":{ \xe2\x80\xa8"
    "data: [DONE]\"},\"finish_reason\":null}],\"usage\":null}\r\n\r\n"
    "data:{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
    "data: {\"choices\":[],\rdata: \"usage\":{\"prompt_tokens\":5,\"completion_tokens\":7,\"total_tokens\":12}}\r\r"
    "data: [DONE]\n";

static void streams_are_read_wherever_they_are_cut(void **state)
{
    (void)state;
    size_t whole = strlen(stream);
    for (size_t cut = 0; cut <= whole; cut++) {
        struct afmon_proxy_answer answer;
        afmon_proxy_answer_init(&answer);
        answer.shape = AFMON_PROXY_CHAT;
        answer.streamed = true;
        afmon_proxy_answer_feed(&answer, stream, cut, 10);
        afmon_proxy_answer_feed(&answer, stream + cut, whole - cut, 20);
        afmon_proxy_answer_finish(&answer);
        assert_true(answer.ended && answer.finished && answer.has_usage && !answer.failed && !answer.unread);
        assert_true(answer.usage.prompt.value == 5 && answer.usage.completion.value == 7);
        assert_string_equal(answer.model, "m");
        assert_string_equal(answer.finish, "stop");
        assert_true(answer.first_ns == 10 || answer.first_ns == 20);
        afmon_proxy_answer_free(&answer);
    }
}

/* Of Gemini and Ollama: streams of objects, one after the other. */
static const struct {
    const char *text;
    enum afmon_proxy_shape shape;
    double prompt, completion, reasoning, cached;
    const char *model, *finish;
    bool ended;
} of_objects[] = {
    {"[{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a \\\"}]{\\\\\"}]},\"index\":0}],"
     "\"usageMetadata\":{\"promptTokenCount\":9,\"totalTokenCount\":9},\"modelVersion\":\"g-1\"}\r\n,\n"
     "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\",\"thoughtSignature\":\"x\"}]},\"finishReason\":\"STOP\"}"
     "],"
     "\"usageMetadata\":{\"promptTokenCount\":9,\"candidatesTokenCount\":4,\"thoughtsTokenCount\":3,"
     "\"cachedContentTokenCount\":2,\"totalTokenCount\":16},\"modelVersion\":\"g-1\"}\n]",
     AFMON_PROXY_GEMINI, 9, 7, 3, 2, "g-1", "STOP", false},
    {"{\"model\":\"l\",\"message\":{\"role\":\"assistant\",\"content\":\"{\"},\"done\":false}\n"
     "{\"model\":\"l\",\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done_reason\":\"length\",\"done\":true,"
     "\"total_duration\":5,\"prompt_eval_count\":26,\"eval_count\":8}\n",
     AFMON_PROXY_OLLAMA_CALL, 26, 8, 0, 0, "l", "length", true},
};

static void objects_are_read_wherever_they_are_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof of_objects / sizeof of_objects[0]; i++) {
        size_t whole = strlen(of_objects[i].text);
        for (size_t cut = 0; cut <= whole; cut++) {
            struct afmon_proxy_answer answer;
            afmon_proxy_answer_init(&answer);
            answer.shape = of_objects[i].shape;
            answer.streamed = answer.objects = true;
            afmon_proxy_answer_feed(&answer, of_objects[i].text, cut, 10);
            afmon_proxy_answer_feed(&answer, of_objects[i].text + cut, whole - cut, 20);
            afmon_proxy_answer_finish(&answer);
            assert_true(answer.has_usage && answer.finished && !answer.failed);
            assert_int_equal(answer.ended, of_objects[i].ended);
            assert_true(answer.usage.prompt.value == of_objects[i].prompt);
            assert_true(answer.usage.completion.value == of_objects[i].completion);
            assert_true(answer.usage.reasoning.value == of_objects[i].reasoning);
            assert_true(answer.usage.cached.value == of_objects[i].cached);
            assert_string_equal(answer.model, of_objects[i].model);
            assert_string_equal(answer.finish, of_objects[i].finish);
            assert_true(answer.first_ns == 10 || answer.first_ns == 20);
            afmon_proxy_answer_free(&answer);
        }
    }
}

static void errors_within_objects(void **state)
{
    (void)state;
    static const char google[] = "[{\"error\":{\"code\":429,\"message\":\"slow\",\"status\":\"RESOURCE_EXHAUSTED\"}}]";
    static const char ollama[] = "{\"model\":\"l\",\"response\":\"a\",\"done\":false}\n{\"error\":\"out of memory\"}\n";
    for (int i = 0; i < 2; i++) {
        const char *text = i == 0 ? google : ollama;
        struct afmon_proxy_answer answer;
        afmon_proxy_answer_init(&answer);
        answer.shape = i == 0 ? AFMON_PROXY_GEMINI : AFMON_PROXY_OLLAMA_CALL;
        answer.streamed = answer.objects = true;
        afmon_proxy_answer_feed(&answer, text, strlen(text), 10);
        assert_true(answer.failed && !answer.ended);
        assert_string_equal(answer.error, i == 0 ? "slow" : "out of memory");
        assert_string_equal(answer.error_type, i == 0 ? "RESOURCE_EXHAUSTED" : "");
        afmon_proxy_answer_free(&answer);
    }
}

static void interfaces(void **state)
{
    (void)state;
    static const struct {
        const char *target, *operation, *model;
        enum afmon_proxy_provider provider;
    } cases[] = {
        {"/v1/chat/completions?x=/api/chat", "chat_completions", "", AFMON_PROXY_OPENAI},
        {"/api/chat/completions", "chat_completions", "", AFMON_PROXY_OPENAI},
        {"/v1/embeddings", "embeddings", "", AFMON_PROXY_OPENAI},
        {"/v1beta/models/gemini-2.5-pro:generateContent?key=k", "generate_content", "gemini-2.5-pro",
         AFMON_PROXY_GOOGLE},
        {"/v1/models/m:streamGenerateContent?alt=sse", "generate_content", "m", AFMON_PROXY_GOOGLE},
        {"/v1beta/models/e:batchEmbedContents", "embed_content", "e", AFMON_PROXY_GOOGLE},
        {"/v1beta/models/e:countTokens", "other", "e", AFMON_PROXY_ANY},
        {":generateContent", "generate_content", "", AFMON_PROXY_GOOGLE},
        {"/ollama/api/generate", "generate", "", AFMON_PROXY_OLLAMA},
        {"/api/embeddings", "embed", "", AFMON_PROXY_OLLAMA},
        {"/api/tags", "other", "", AFMON_PROXY_ANY},
        {"", "other", "", AFMON_PROXY_ANY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char model[64];
        size_t length = strlen(cases[i].target);
        const struct afmon_proxy_api *api = afmon_proxy_api_find(cases[i].target, length);
        assert_string_equal(api->operation, cases[i].operation);
        assert_int_equal(api->provider, cases[i].provider);
        afmon_proxy_api_model(model, sizeof model, cases[i].target, length);
        assert_string_equal(model, cases[i].model);
    }
}

/* A large answer, of strings and arrays that are cut, has its usage at the end. */
static void what_is_long_is_cut_down(void **state)
{
    (void)state;
    static const char *const units[] = {"x", "\xc3\xa9", "\xf0\x9f\x98\x80", "\\ud83d\\ude00", "\\n", "\\\\", "\\\""};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        struct afmon_proxy_reduced reduced;
        afmon_proxy_reduced_init(&reduced);
        afmon_proxy_reduced_feed(&reduced, "{ \"a\" : [", 9);
        for (int n = 0; n < 100; n++)
            afmon_proxy_reduced_feed(&reduced, "[1,{\"b\":[]}],", 13);
        afmon_proxy_reduced_feed(&reduced, "\"", 1);
        afmon_proxy_reduced_feed(&reduced, "\"],\"s\":\"", 8);
        for (int n = 0; n < 100000; n++)
            afmon_proxy_reduced_feed(&reduced, units[i], strlen(units[i]));
        afmon_proxy_reduced_feed(&reduced, "\",\"z\":3}", 8);
        assert_true(reduced.text.length < 2000);
        json_t *json = afmon_proxy_reduced_take(&reduced);
        assert_non_null(json);
        assert_int_equal(json_integer_value(json_object_get(json, "z")), 3);
        assert_int_equal(json_array_size(json_object_get(json, "a")), AFMON_PROXY_ELEMENTS_MAX);
        assert_true(json_string_length(json_object_get(json, "s")) >= 60);
        json_decref(json);
        afmon_proxy_reduced_free(&reduced);
    }
}

static void what_is_deep_is_null(void **state)
{
    (void)state;
    struct afmon_proxy_reduced reduced;
    afmon_proxy_reduced_init(&reduced);
    afmon_proxy_reduced_feed(&reduced, "{\"a\":", 5);
    for (int n = 0; n < 5000; n++)
        afmon_proxy_reduced_feed(&reduced, "[", 1);
    afmon_proxy_reduced_feed(&reduced, "\"]\"", 3);
    for (int n = 0; n < 5000; n++)
        afmon_proxy_reduced_feed(&reduced, "]", 1);
    afmon_proxy_reduced_feed(&reduced, ",\"z\":3}", 7);
    json_t *json = afmon_proxy_reduced_take(&reduced);
    assert_int_equal(json_integer_value(json_object_get(json, "z")), 3);
    json_decref(json);
    afmon_proxy_reduced_free(&reduced);
}

/* ---- Attempts ---------------------------------------------------------------------------------------------------- */

static void attempts_are_of_one_connection(void **state)
{
    (void)state;
    static struct afmon_proxy_attempts attempts;
    int64_t since;
    assert_int_equal(afmon_proxy_attempts_take(&attempts, 1, 7, -1, true, 100, &since), 1);
    assert_int_equal(since, 0);
    assert_int_equal(afmon_proxy_attempts_take(&attempts, 2, 7, -1, true, 110, &since), 1);
    assert_int_equal(afmon_proxy_attempts_take(&attempts, 1, 7, -1, false, 200, &since), 2);
    assert_int_equal(since, 100);
    assert_int_equal(afmon_proxy_attempts_take(&attempts, 1, 7, -1, false, 300, &since), 1);
    assert_int_equal(afmon_proxy_attempts_take(&attempts, 1 + AFMON_PROXY_ATTEMPTS_KEPT, 7, -1, true, 310, &since), 1);
    assert_int_equal(afmon_proxy_attempts_take(&attempts, 3, 8, 4, true, 320, &since), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_are_followed_wherever_they_are_cut),
        cmocka_unit_test(what_follows_a_body_is_not_of_it),
        cmocka_unit_test(bad_chunks),
        cmocka_unit_test(the_end_of_a_head_is_found_wherever_it_is_cut),
        cmocka_unit_test(hop_by_hop_fields),
        cmocka_unit_test(answers_without_a_body),
        cmocka_unit_test(targets),
        cmocka_unit_test(urls),
        cmocka_unit_test(streams_are_read_wherever_they_are_cut),
        cmocka_unit_test(objects_are_read_wherever_they_are_cut),
        cmocka_unit_test(errors_within_objects),
        cmocka_unit_test(interfaces),
        cmocka_unit_test(what_is_long_is_cut_down),
        cmocka_unit_test(what_is_deep_is_null),
        cmocka_unit_test(attempts_are_of_one_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

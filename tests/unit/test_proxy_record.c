/* What is recorded of calls, while memory runs out. */
#include "check.h"

#include <stdio.h>
#include <time.h>

#include "fail_alloc.h"
#include "proxy/record.h"
#include "run_folder.h"

enum { ALLOCATIONS = 60, PATIENCE_S = 60 };

static const char request_head[] =
    "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer secret-key-1\r\n\r\n";
static const char answer_head[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n";
static const char asked[] = "{\"model\": \"small\"}";
static const char told[] = "{\"model\": \"small\", \"choices\": [{\"finish_reason\": \"stop\"}], \"usage\": "
                           "{\"prompt_tokens\": 10, \"completion_tokens\": 5, \"total_tokens\": 15}}";

static afmon_monitor *opened(const char *folder)
{
    afmon_options options;
    afmon_monitor *monitor = NULL;
    afmon_error error = {0};
    afmon_options_init(&options);
    options.log_dir = folder;
    options.prices = "{\"small\": {\"input\": 1, \"output\": 2}}";
    options.max_cost_usd = AFMON_GIVEN(1000.0);
    if (afmon_monitor_open(&options, &monitor, &error) != AFMON_OK)
        fail_msg("%s", error.message);
    return monitor;
}

/* One call, from its request to its end. false: there was no memory to begin it. */
static bool pass_call(struct afmon_proxy_recorder *recorder, const afmon_reservation *reservation)
{
    struct afmon_proxy_head request, answer;
    const struct afmon_proxy_piece post = {"POST", 4};
    const char *why;
    assert_int_equal(afmon_proxy_head_request(&request, request_head, sizeof request_head - 1, &why), 0);
    assert_int_equal(afmon_proxy_head_answer(&answer, answer_head, sizeof answer_head - 1, &post, &why), 0);
    const struct afmon_proxy_request begun = {.head = &request,
                                              .api = afmon_proxy_api_find("/v1/chat/completions", 20),
                                              .upstream = "a",
                                              .connection = 1,
                                              .ns = 1};
    struct afmon_proxy_call *call = afmon_proxy_call_begin(recorder, &begun);
    if (call == NULL)
        return false;
    afmon_proxy_call_asked(call, asked, sizeof asked - 1);
    afmon_proxy_call_reserved(call, reservation);
    afmon_proxy_call_sent(call);
    afmon_proxy_call_whole(call);
    afmon_proxy_call_answered(call, &answer);
    afmon_proxy_call_told(call, told, sizeof told - 1);
    afmon_proxy_call_end(call, AFMON_PROXY_WHOLE, NULL);
    return true;
}

static afmon_proxy_counts counts_at(struct afmon_proxy_recorder *recorder, uint64_t requests)
{
    time_t until = time(NULL) + PATIENCE_S;
    afmon_proxy_counts counts = afmon_proxy_recorder_counts(recorder);
    while (counts.requests < requests && time(NULL) < until) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        counts = afmon_proxy_recorder_counts(recorder);
    }
    return counts;
}

static void a_call_that_began_is_recorded_without_memory(void **state)
{
    (void)state;
    char *folder = make_folder();
    char texts[256];
    afmon_monitor *monitor = opened(folder);
    afmon_error error = {0};
    snprintf(texts, sizeof texts, "%s/texts.jsonl", folder);
    const afmon_proxy_options options = {.monitor = monitor, .planned = true, .save_texts = texts};
    struct afmon_proxy_recorder *recorder = afmon_proxy_recorder_new(&options, &error);
    const afmon_call_bound most = {.model_name = "small", .prompt_tokens = 600, .completion_tokens = 5};
    uint64_t begun = 0, refused = 0;
    assert_non_null(recorder);
    for (long n = 1; n <= ALLOCATIONS; n++) {
        afmon_reservation reservation;
        assert_int_equal(afmon_reserve(monitor, &most, &reservation, &error), AFMON_OK);
        if (n % 2 == 0)
            fail_alloc_at(n / 2);
        else
            fail_alloc_from(n / 2 + 1);
        bool began = pass_call(recorder, &reservation);
        begun += began;
        refused += !began;
        afmon_proxy_counts counts = counts_at(recorder, begun);
        (void)fail_alloc_stop();
        assert_int_equal(counts.requests, begun);
        assert_true(counts.unread >= refused && counts.unread <= (uint64_t)n);
        if (!began)
            afmon_settle_unused(monitor, &reservation);
    }
    assert_true(begun > 0 && refused > 0);
    afmon_proxy_recorder_finish(recorder);
    afmon_proxy_counts counts;
    afmon_budget budget;
    assert_true(afmon_monitor_budget(monitor, &budget));
    assert_int_equal(budget.reserved_calls, 0);
    assert_int_equal(budget.settled_calls + budget.uncertain_calls, begun);
    counts = afmon_proxy_recorder_counts(recorder);
    assert_true(counts.texts_saved > 0 && counts.texts_saved + counts.texts_missed <= begun);
    afmon_proxy_recorder_free(recorder);
    afmon_monitor_close(monitor, NULL);
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_that_began_is_recorded_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The simulated model and evaluator: deterministic, and with the troubles of real ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "generators/conversation.h"
#include "generators/evaluator.h"
#include "generators/simulated.h"

enum { CALLS = 4000 };

typedef struct tally {
    unsigned done, failed, length, filtered;
    double duration_s;
    uint64_t hash;
} tally;

static void add(tally *t, const gen_chat_result *r)
{
    t->done += r->outcome == GEN_DONE;
    t->failed += r->outcome == GEN_FAILED;
    t->length += strcmp(r->finish_reason, "length") == 0;
    t->filtered += strcmp(r->finish_reason, "content_filter") == 0;
    t->duration_s += r->duration_s;
    for (const char *c = r->text != NULL ? r->text : r->error; *c != '\0'; c++)
        t->hash = (t->hash ^ (unsigned char)*c) * UINT64_C(1099511628211);
}

static tally ask(gen_simulated_options o, uint64_t from, uint64_t until, int max_tokens)
{
    tally t = {.hash = UINT64_C(14695981039346656037)};
    o.time_scale = 1e9;
    gen_chat_model *model = gen_simulated_new(&o);
    assert_non_null(model);
    gen_stop *stop = gen_stop_new();
    gen_message messages[] = {{GEN_SYSTEM, "s", NULL}, {GEN_USER, "Why is it so?", NULL}};
    for (uint64_t i = from; i < until; i++) {
        gen_chat_result r;
        gen_call call = {.operation = GEN_OPERATION_ANSWER,
                         .conversation = i,
                         .step = 1,
                         .max_tokens = max_tokens,
                         .stop = stop,
                         .topic = "running"};
        gen_chat_result_init(&r);
        model->complete(model, messages, 2, &call, &r);
        if (r.outcome == GEN_DONE) {
            assert_true(r.usage.prompt.value == 13);
            assert_true(r.usage.total.value == r.usage.prompt.value + r.usage.completion.value);
            assert_true(max_tokens == 0 || r.usage.completion.value <= max_tokens);
        }
        add(&t, &r);
        gen_chat_result_clear(&r);
    }
    gen_stop_free(stop);
    gen_chat_model_destroy(model);
    return t;
}

static void fair_weather(void **state)
{
    (void)state;
    tally t = ask(gen_simulated_defaults(), 0, CALLS, 0);
    assert_int_equal(t.done + t.failed, CALLS);
    assert_true(t.failed < CALLS / 200);
    assert_true(t.length > CALLS / 100 && t.length < CALLS / 25);
    assert_true(t.filtered > 0 && t.filtered < CALLS / 100);
    assert_true(t.duration_s / CALLS > 1 && t.duration_s / CALLS < 5);
}

static void the_incident_is_where_it_should_be(void **state)
{
    (void)state;
    gen_simulated_options o = gen_simulated_defaults();
    o.incident_from = 1000;
    o.incident_until = 2000;
    tally before = ask(o, 0, 1000, 0), during = ask(o, 1000, 2000, 0), after = ask(o, 2000, 3000, 0);
    assert_true(before.failed < 10 && after.failed < 10);
    assert_true(during.failed > 600);
}

static void the_seed_decides(void **state)
{
    (void)state;
    gen_simulated_options o = gen_simulated_defaults();
    o.seed = 5;
    tally a = ask(o, 0, 300, 0), b = ask(o, 0, 300, 0);
    o.seed = 6;
    tally c = ask(o, 0, 300, 0);
    assert_true(a.hash == b.hash && a.duration_s == b.duration_s);
    assert_true(a.hash != c.hash);
}

static void the_token_limit_is_kept(void **state)
{
    (void)state;
    tally t = ask(gen_simulated_defaults(), 0, 500, 20);
    assert_true(t.length > 450);
}

static void a_stop_wakes_it(void **state)
{
    (void)state;
    gen_simulated_options o = gen_simulated_defaults();
    o.first_token_s = 3600;
    o.timeout_s = 1e6;
    gen_chat_model *model = gen_simulated_new(&o);
    gen_stop *stop = gen_stop_new();
    gen_message message = {GEN_USER, "x", NULL};
    gen_chat_result r;
    gen_chat_result_init(&r);
    gen_stop_set(stop, GEN_ABANDON);
    model->complete(model, &message, 1, &(gen_call){.operation = GEN_OPERATION_QUESTION, .stop = stop}, &r);
    assert_int_equal(r.outcome, GEN_STOPPED);
    gen_chat_result_clear(&r);
    gen_stop_free(stop);
    gen_chat_model_destroy(model);
}

static void verdicts_are_in_range_and_repeat(void **state)
{
    (void)state;
    gen_evaluator e = {.model = "j", .seed = 1, .time_scale = 1};
    unsigned failed = 0, with_feedback = 0;
    for (uint64_t i = 0; i < CALLS; i++) {
        gen_verdict v = gen_evaluator_judge(&e, i, 1000), again = gen_evaluator_judge(&e, i, 1000);
        assert_int_equal(v.success, again.success);
        assert_true(v.duration_s > 0 && v.duration_s == again.duration_s);
        failed += !v.success;
        assert_int_equal(v.score_count, v.success ? GEN_SCORES : 0);
        for (size_t s = 0; s < v.score_count; s++) {
            assert_true(v.scores[s].value >= 0 && v.scores[s].value <= 1);
            assert_true(v.scores[s].value == again.scores[s].value);
            with_feedback += v.scores[s].feedback != NULL;
        }
    }
    assert_true(failed > 0 && failed < CALLS / 50);
    assert_true(with_feedback > CALLS / 50 && with_feedback < CALLS / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fair_weather),     cmocka_unit_test(the_incident_is_where_it_should_be),
        cmocka_unit_test(the_seed_decides), cmocka_unit_test(the_token_limit_is_kept),
        cmocka_unit_test(a_stop_wakes_it),  cmocka_unit_test(verdicts_are_in_range_and_repeat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

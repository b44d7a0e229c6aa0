/* Summaries of runs: against brute force, in bounded memory, with every allocation failing once. */
#include "fail_alloc.h"
#include "run_folder.h"

#include <math.h>

#include "base/buffer.h"
#include "model/model.h"
#include "model/view_alerts.h"

#define S INT64_C(1000000000)
#define T0 (INT64_C(1790000000) * S)

static uint64_t random_state = 1;

static double random_unit(void)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return (double)(random_state >> 11) / 9007199254740992.0;
}

static struct afmon_model *new_model(void)
{
    struct afmon_model *model = afmon_model_new(&(struct afmon_model_options){.whole = true});
    assert_non_null(model);
    return model;
}

static struct afmon_model_call call; /* of the one file that all of these are read from */

static bool add(struct afmon_model *model, const char *metric, double value, int64_t time_ns, const afmon_field *fields,
                size_t count)
{
    struct afmon_model_name name;
    struct afmon_model_labels labels;
    if (!afmon_model_name_of(model, metric, strlen(metric), &name))
        return false;
    afmon_model_labels_of(model, fields, count, &labels);
    return afmon_model_add(model, &name, &labels, &call,
                           &(struct afmon_model_sample){.time_ns = time_ns, .value = value});
}

static afmon_run_summary *read_plain(struct afmon_model *model)
{
    afmon_model_settle(model, &call);
    return afmon_model_summarize(model, &(struct afmon_model_facts){.file_count = 1});
}

/* One generation as the expansion of a tracked call writes it. */
static void add_generation(struct afmon_model *model, int64_t time_ns, const char *operation, double duration,
                           bool success)
{
    afmon_field fields[] = {afmon_string("operation", operation), afmon_string("model_name", "m")};
    afmon_field error[] = {afmon_string("error_type", "timeout"), afmon_string("operation", operation)};
    add(model, "generation_time", duration, time_ns, fields, 1);
    add(model, "success_rate", success ? 1 : 0, time_ns, fields, 1);
    add(model, "error_rate", success ? 0 : 1, time_ns, fields, 1);
    if (!success)
        add(model, "api_errors", 1, time_ns, error, 2);
    add(model, "model_usage:m", 1, time_ns, fields, 1);
    add(model, success ? "finish_reason:stop" : "finish_reason:error", 1, time_ns, fields, 1);
    add(model, "total_token_count", 10, time_ns, fields, 2);
}

/* ---- Tallies ---- */

static void counts_are_right(void **state)
{
    (void)state;
    struct afmon_model *model = new_model();
    afmon_field retried[] = {afmon_string("error_type", "rate_limit"), afmon_bool("retried", true)};
    afmon_field evaluated[] = {afmon_string("evaluator_type", "judge"), afmon_bool("success", false),
                               afmon_string("operation", "evaluation")};
    afmon_field used[] = {afmon_string("model_name", "j"), afmon_string("operation", "evaluation")};
    for (int i = 99; i >= 0; i--) /* from the end, as a live reader may */
        add_generation(model, T0 + i * S, i % 2 ? "a" : "b", i, i % 10 != 0);
    add(model, "api_errors", 1, T0, retried, 2);
    add(model, "evaluation_time", 2, T0 + 100 * S, evaluated, 3);
    add(model, "evaluation_score_tone", 0.5, T0, evaluated, 1);
    add(model, "evaluation_score_tone", NAN, T0, evaluated, 1);
    add(model, "total_token_count", 7, T0, used, 2);
    add(model, "total_token_count", -7, T0, used, 2);
    add(model, "something", 7, T0, NULL, 0);
    afmon_run_summary *s = read_plain(model);
    assert_non_null(s);
    assert_int_equal(s->calls, 100);
    assert_int_equal(s->call_failures, 10);
    assert_int_equal(s->evaluations, 1);
    assert_int_equal(s->evaluation_failures, 1);
    assert_int_equal(s->retries, 1);
    assert_int_equal(s->not_finite, 1);
    assert_int_equal(s->total_tokens, 1007);
    assert_true(s->first_ns == T0 && s->last_ns == T0 + 100 * S && s->duration_s == 100);
    assert_true(s->calls_per_s == 1.0);
    assert_int_equal(s->recent_calls, 100);
    assert_int_equal(s->recent_call_failures, 10);
    assert_int_equal(s->failure_count, 2); /* the evaluation that failed says no error */
    assert_string_equal(s->failures[0].error_type, "timeout");
    assert_string_equal(s->failures[0].operation, "b");
    assert_int_equal(s->failures[0].count, 10);
    assert_true(s->failures[0].first_ns == T0 && s->failures[0].last_ns == T0 + 90 * S);
    assert_true(s->failures[1].evaluation && s->failures[1].error_type[0] == '\0' && s->failures[1].count == 1);
    assert_int_equal(s->retry_count, 1);
    assert_string_equal(s->retried[0].error_type, "rate_limit");
    assert_int_equal(s->retried[0].count, 1);
    assert_int_equal(s->calls_without_tokens, 0);
    assert_int_equal(s->finish_count, 2);
    assert_string_equal(s->finishes[0].reason, "stop");
    assert_true(s->finishes[0].share == 0.9);
    assert_int_equal(s->model_count, 2);
    assert_string_equal(s->models[0].model_name, "m");
    assert_int_equal(s->models[0].calls, 100);
    assert_int_equal(s->models[1].total_tokens, 7);
    assert_int_equal(s->operation_count, 3);
    assert_string_equal(s->operations[0].operation, "a");
    assert_int_equal(s->operations[0].failures, 0);
    assert_int_equal(s->operations[1].failures, 10);
    assert_int_equal(s->operations[1].total_tokens, 500);
    assert_true(s->operations[2].evaluation);
    assert_int_equal(s->operations[2].total_tokens, 7); /* the evaluation's, not a generation's that there is not */
    assert_int_equal(s->score_count, 1);
    assert_string_equal(s->scores[0].evaluator_type, "judge");
    assert_true(s->scores[0].score.p50 == 0.5 && s->scores[0].score.not_finite == 1);
    assert_int_equal(s->warning_count, 2); /* a value that is no number, a failure without a type */
    afmon_run_summary_free(s);
    afmon_model_free(model);
}

static void failures_without_a_type_are_told(void **state)
{
    (void)state;
    struct afmon_model *model = new_model();
    for (int i = 0; i < 3; i++)
        add(model, "success_rate", 0, T0, NULL, 0);
    afmon_run_summary *s = read_plain(model);
    assert_int_equal(s->failure_count, 1);
    assert_string_equal(s->failures[0].error_type, "");
    assert_int_equal(s->failures[0].count, 3);
    assert_true(s->failures[0].share == 1.0);
    afmon_run_summary_free(s);
    afmon_model_free(model);
}

static void names_are_bounded(void **state)
{
    (void)state;
    struct afmon_model *model = new_model();
    char *name = malloc(10001);
    memset(name, 'x', 10000);
    name[10000] = '\0';
    for (int i = 0; i < 3000; i++) {
        char number[16];
        memcpy(name + 9900, number, (size_t)snprintf(number, sizeof number, "%d", i));
        add_generation(model, T0 + i * S, name, 1, true);
    }
    afmon_run_summary *s = read_plain(model);
    uint64_t sum = 0;
    assert_int_equal(s->operation_count, 1001);
    for (size_t i = 0; i < s->operation_count; i++) {
        sum += s->operations[i].count;
        assert_true(strlen(s->operations[i].operation) <= 200);
    }
    assert_int_equal(sum, 3000);
    assert_string_equal(s->operations[0].operation, "(other)");
    assert_int_equal(s->operations[0].count, 2000);
    assert_int_equal(s->warning_count, 1);
    afmon_run_summary_free(s);
    afmon_model_free(model);
    free(name);
}

static void times_may_be_anything(void **state)
{
    (void)state;
    struct afmon_model *model = new_model();
    const int64_t times[] = {T0, INT64_MIN, INT64_MAX, 0, -1, T0 + S};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        add(model, "success_rate", 1, times[i], NULL, 0);
    for (int i = 0; i < 200000; i++)
        add(model, "success_rate", 1, T0 + (int64_t)(random_unit() * 1e17), NULL, 0);
    afmon_run_summary *s = read_plain(model);
    assert_int_equal(s->calls, 200006);
    assert_int_equal(s->verdict, AFMON_VERDICT_HEALTHY);
    afmon_run_summary_free(s);
    afmon_model_free(model);
}

/* ---- Verdicts ---- */

static afmon_verdict verdict_of(int first_good, int bad, int last_good, double step_s)
{
    struct afmon_model *model = new_model();
    int total = first_good + bad + last_good;
    for (int i = 0; i < total; i++)
        add_generation(model, T0 + (int64_t)(i * step_s * 1e9), "x", 1, i < first_good || i >= first_good + bad);
    afmon_run_summary *s = read_plain(model);
    afmon_verdict verdict = s->verdict;
    assert_true(s->reason_count > 0);
    afmon_run_summary_free(s);
    afmon_model_free(model);
    return verdict;
}

static void verdicts_are_what_the_header_says(void **state)
{
    (void)state;
    assert_int_equal(verdict_of(0, 0, 0, 1), AFMON_VERDICT_NO_DATA);
    assert_int_equal(verdict_of(1, 0, 0, 1), AFMON_VERDICT_HEALTHY);
    assert_int_equal(verdict_of(95, 5, 0, 1), AFMON_VERDICT_HEALTHY); /* not more than 5 % */
    assert_int_equal(verdict_of(94, 6, 0, 1), AFMON_VERDICT_DEGRADED);
    assert_int_equal(verdict_of(0, 5, 0, 1), AFMON_VERDICT_FAILED);
    assert_int_equal(verdict_of(50, 50, 0, 1), AFMON_VERDICT_DEGRADED); /* not more than half */
    assert_int_equal(verdict_of(49, 50, 0, 1), AFMON_VERDICT_FAILED);
    /* 2 % failed, but all at once, and high_error_rate held for more than a twentieth of the run; or for less. */
    assert_int_equal(verdict_of(2000, 100, 2900, 1), AFMON_VERDICT_DEGRADED);
    assert_int_equal(verdict_of(9000, 100, 20000, 1), AFMON_VERDICT_HEALTHY);
    assert_int_equal(verdict_of(20000, 100, 10, 1), AFMON_VERDICT_DEGRADED); /* it held at the end */
}

static void missing_data_are_told(void **state)
{
    (void)state;
    struct afmon_model *model = new_model();
    add_generation(model, T0, "x", 1, true);
    afmon_run_summary *s = afmon_model_summarize(model, &(struct afmon_model_facts){.unreadable_lines = 2});
    assert_int_equal(s->verdict, AFMON_VERDICT_HEALTHY);
    assert_int_equal(s->unreadable_lines, 2);
    assert_string_equal(s->warnings[0].text, "2 lines of the metrics files could not be read.");
    assert_string_equal(afmon_verdict_name(s->verdict), "healthy");
    afmon_run_summary_free(s);
    afmon_model_free(model);
}

/* A conversation that failed repeats its call's error, and is one failure with it. */
static void items_stand_apart_from_their_calls(void **state)
{
    (void)state;
    struct afmon_model *model = new_model();
    for (int i = 0; i < 10; i++) {
        int64_t time_ns = T0 + i * S;
        char text[64];
        snprintf(text, sizeof text, "Error code: 429 - request req_%d2ab34cd%d, wait %d s", i, i, i * 7);
        const afmon_field failed[] = {afmon_string("operation", "answer_generation"), afmon_string("error", text),
                                      afmon_string("error_type", "RateLimitError"), afmon_int("status", 429)};
        const afmon_field item[] = {afmon_string("operation", "conversation_generation"), afmon_string("error", text),
                                    afmon_string("cause", "RateLimitError")};
        bool good = i % 5 != 0;
        add(model, "generation_time", 1, time_ns, failed, 1);
        add(model, "success_rate", good, time_ns, failed, 1);
        add(model, "error_rate", !good, time_ns, good ? failed : failed, good ? 1 : 4);
        if (good)
            add(model, "total_token_count", 5, time_ns, failed, 1);
        add(model, "generation_time", 3, time_ns + 1000, item, 1);
        add(model, "success_rate", good, time_ns + 1000, item, 1);
        add(model, "error_rate", !good, time_ns + 1000, item, good ? 1 : 3);
    }
    afmon_run_summary *s = read_plain(model);
    assert_true(s->calls == 10 && s->call_failures == 2 && s->latency_s.count == 10 && s->latency_s.max == 1);
    assert_int_equal(s->item_count, 1);
    assert_string_equal(s->items[0].kind, "conversation");
    assert_true(s->items[0].finished == 10 && s->items[0].failed == 2 && s->items[0].accepted == 8);
    assert_true(s->items[0].time_s.p50 == 3);
    assert_int_equal(s->failure_count, 1);
    assert_true(s->failures[0].count == 2 && s->failures[0].items == 2 && s->failures[0].status == 429);
    assert_string_equal(s->failures[0].operation, "answer_generation");
    assert_string_equal(s->failures[0].message, "Error code: N - request ID, wait N s");
    assert_string_equal(s->failures[0].example, "Error code: 429 - request req_02ab34cd0, wait 0 s");
    assert_true(s->calls_without_tokens == 2 && s->failed_calls_without_tokens == 2);
    afmon_run_summary_free(s);
    afmon_model_free(model);
}

/* The same samples in any order give the same bytes. */
struct sample {
    const char *metric;
    double value;
    int64_t time_ns;
    afmon_field fields[3];
};

static int keep_text(void *user, const void *data, size_t size)
{
    struct afmon_buffer *text = user;
    afmon_buffer_add(text, data, size);
    return 0;
}

static struct sample random_sample(void)
{
    static const char *const metrics[] = {"generation_time",    "success_rate",      "error_rate",
                                          "api_errors",         "model_usage:m",     "reward \x01 b",
                                          "finish_reason:s",    "total_token_count", "evaluation_time",
                                          "evaluation_score_x", "prompt_token_count"};
    static const char *const operations[] = {"a", "conversation_generation", "", "evaluation", "b\xff\xfe"};
    static const char *const types[] = {"Timeout", "RateLimitError", ""};
    static const double odd[] = {0, 1, -1, 1e308, -1e308, 5e-324, 0.1, 1e17, -0.0};
    size_t metric = (size_t)(random_unit() * 11);
    double value = metric == 1 || metric == 2 ? (double)(random_unit() < 0.3) : exp(random_unit() * 20 - 10);
    if (random_unit() < 0.05)
        value = odd[(size_t)(random_unit() * 9)];
    return (struct sample){metrics[metric],
                           value,
                           T0 + (int64_t)(random_unit() * 5000) * S + (int64_t)(random_unit() * 1000) * 1000,
                           {afmon_string("operation", operations[(size_t)(random_unit() * 5)]),
                            afmon_string("model_name", random_unit() < 0.5 ? "m" : "n"),
                            afmon_string("error_type", types[(size_t)(random_unit() * 3)])}};
}

static char *text_of(const struct sample *samples, const size_t *order, size_t count)
{
    struct afmon_model *model = new_model();
    struct afmon_buffer text;
    afmon_buffer_init(&text, SIZE_MAX);
    for (size_t i = 0; i < count; i++) {
        const struct sample *sample = &samples[order[i]];
        struct afmon_model_name name;
        struct afmon_model_labels labels;
        assert_true(afmon_model_name_of(model, sample->metric, strlen(sample->metric), &name));
        afmon_model_labels_of(model, sample->fields, 3, &labels);
        assert_true(afmon_model_add(model, &name, &labels, NULL,
                                    &(struct afmon_model_sample){.time_ns = sample->time_ns, .value = sample->value}));
    }
    afmon_run_summary *s = read_plain(model);
    assert_int_equal(afmon_run_summary_write_json(s, keep_text, &text), AFMON_OK);
    afmon_buffer_add_char(&text, '\0');
    afmon_run_summary_free(s);
    afmon_model_free(model);
    return text.data;
}

static void the_order_of_samples_does_not_show(void **state)
{
    (void)state;
    for (size_t round = 0; round < 20; round++) {
        size_t count = 1 + (size_t)(random_unit() * 5000);
        struct sample *samples = calloc(count, sizeof *samples);
        size_t *order = calloc(count, sizeof *order);
        for (size_t i = 0; i < count; i++) {
            samples[i] = random_sample();
            order[i] = i;
        }
        char *forwards = text_of(samples, order, count);
        for (size_t i = count; i-- > 1;) {
            size_t other = (size_t)(random_unit() * (double)(i + 1));
            size_t taken = order[i];
            order[i] = order[other];
            order[other] = taken;
        }
        char *shuffled = text_of(samples, order, count);
        assert_string_equal(forwards, shuffled);
        free(forwards);
        free(shuffled);
        free(samples);
        free(order);
    }
}

static void own_alerts_are_those_of_a_replay(void **state)
{
    (void)state;
    struct afmon_model *model = new_model();
    for (int i = 0; i < 3600; i++)
        add_generation(model, T0 + i * S, "x", 1, i < 1000 || i >= 1600 || i % 2 == 0);
    afmon_run_summary *s = read_plain(model);
    assert_int_equal(s->alert_count, 2);
    assert_string_equal(s->alerts[0].name, "high_error_rate");
    assert_string_equal(s->alerts[1].name, "low_success_rate");
    /* Half fail from 1000 s on: 20 % of five minutes are reached 120 s later, and lost 120 s before 1900 s. Passes are
     * a minute apart. */
    assert_in_range(s->alerts[0].first_ns, T0 + 1115 * S, T0 + 1190 * S);
    assert_in_range(s->alerts[0].last_ns, T0 + 1710 * S, T0 + 1785 * S);
    assert_true(s->alerts[1].worst >= 0.5 && s->alerts[1].worst < 0.505 && s->alerts[1].limit == 0.8 &&
                !s->alerts[1].firing);
    assert_in_range((uint64_t)s->alerts[0].held_s, 600, 660);
    assert_true(s->alert_period_s == 60 && !s->alerts_logged);
    afmon_run_summary_free(s);
    afmon_model_free(model);
}

/* ---- Views ---- */

static void track_some(afmon_monitor *monitor, int count)
{
    for (int i = 0; i < count; i++) {
        afmon_field fields[] = {afmon_string("component", "c"), afmon_string("operation", i % 3 ? "one" : "two")};
        afmon_generation generation = {.duration_s = 0.1 + i,
                                       .success = i % 4 != 0,
                                       .model_name = "m",
                                       .finish_reason = "stop",
                                       .error = i % 4 ? NULL : "it broke",
                                       .error_type = i % 4 ? NULL : "broken",
                                       .total_token_count = AFMON_GIVEN(i),
                                       .fields = fields,
                                       .field_count = 2};
        assert_int_equal(afmon_track_generation(monitor, &generation), AFMON_OK);
    }
}

static void a_view_is_summed_up(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    track_some(monitor, 1000);
    assert_int_equal(afmon_monitor_close(monitor, NULL), AFMON_OK);
    afmon_view *view;
    assert_int_equal(afmon_view_open(folder, NULL, &view, NULL), AFMON_OK);
    afmon_run_summary *s;
    assert_int_equal(afmon_view_summarize(view, NULL, &s, NULL), AFMON_OK);
    afmon_aggregate times;
    afmon_token_usage usage;
    assert_int_equal(afmon_view_aggregate(view, "generation_time", AFMON_WINDOW_ALL, &times), AFMON_OK);
    assert_int_equal(afmon_view_token_usage(view, AFMON_WINDOW_ALL, &usage), AFMON_OK);
    assert_true(s->latency_s.p50 == times.p50 && s->latency_s.p99 == times.p99);
    assert_true(s->latency_s.quantile_error == 0);
    assert_int_equal(s->total_tokens, usage.total_tokens);
    assert_int_equal(s->calls, 1000);
    assert_int_equal(s->failure_count, 2); /* of two operations */
    assert_int_equal(s->failures[0].count + s->failures[1].count, 250);
    assert_string_equal(s->failures[0].example, "it broke");
    assert_int_equal(s->verdict, AFMON_VERDICT_DEGRADED);
    assert_string_equal(s->operations[0].component, "c");
    afmon_token_usage_free(&usage);
    afmon_run_summary_free(s);
    afmon_summary_options options;
    afmon_summary_options_init(&options);
    options.size = 4;
    assert_int_equal(afmon_view_summarize(view, &options, &s, NULL), AFMON_E_ARGUMENT);
    assert_int_equal(afmon_view_summarize(NULL, NULL, &s, NULL), AFMON_E_ARGUMENT);
    afmon_run_summary_free(NULL);
    afmon_view_close(view);
    remove_folder(folder);
}

enum rates { OUTCOMES_AND_ERRORS, ERRORS_OF_FAILURES_ALONE, SOME_MARKED, ALL_MARKED, RATES_KINDS };

static bool is_written(enum rates kind, bool error, bool failed)
{
    return kind != ERRORS_OF_FAILURES_ALONE || !error || failed;
}

static bool is_marked(enum rates kind, int number)
{
    return kind == ALL_MARKED || (kind == SOME_MARKED && number % 3 == 0);
}

/* A run of 40 minutes in which calls failed now and then, between samples of other kinds. */
static void write_failing_run(const char *folder, enum rates kind)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fprintf(file, "{\"metric\": \"custom\", \"value\": 1.0, \"timestamp\": \"2026-11-23T09:59:21.500000+00:00\"}\n");
    for (int i = 0; i < 2400; i++) {
        bool failed = random_unit() < (i / 300 % 3 == 1 ? 0.6 : 0.05);
        const char *operation = i % 2 ? "a" : "b";
        for (int error = 0; error < 2; error++)
            if (is_written(kind, error == 1, failed))
                fprintf(file,
                        "{\"metric\": \"%s\", \"value\": %d.0, \"operation\": \"%s\", %s\"timestamp\": "
                        "\"2026-11-23T10:%02d:%02d.250000+00:00\"}\n",
                        error ? "error_rate" : "success_rate", error == (failed ? 1 : 0), operation,
                        is_marked(kind, i) ? "\"afmon_source\": \"record_metric\", " : "", i / 60, i % 60);
    }
    fprintf(file, "{\"metric\": \"custom\", \"value\": 1.0, \"timestamp\": \"2026-11-23T10:41:00.000000+00:00\"}\n");
    assert_int_equal(fclose(file), 0);
}

static void assert_same_alerts(const afmon_run_summary *rates, const afmon_run_summary *whole)
{
    assert_int_equal(rates->alert_count, whole->alert_count);
    assert_true(rates->alert_period_s == whole->alert_period_s && rates->duration_s == whole->duration_s);
    for (size_t i = 0; i < whole->alert_count; i++) {
        const afmon_alert_interval *a = &rates->alerts[i];
        const afmon_alert_interval *b = &whole->alerts[i];
        assert_string_equal(a->name, b->name);
        assert_string_equal(a->message, b->message);
        assert_true(a->first_ns == b->first_ns && a->last_ns == b->last_ns && a->held_s == b->held_s);
        assert_true(a->worst == b->worst && a->passes == b->passes && a->resolved_ns == b->resolved_ns);
    }
}

static void alerts_of_rates_are_those_of_the_whole(void **state)
{
    (void)state;
    for (int kind = 0; kind < RATES_KINDS; kind++) {
        char *folder = make_folder();
        afmon_view *view = NULL;
        afmon_run_summary *whole = NULL;
        afmon_run_summary *rates = NULL;
        write_failing_run(folder, (enum rates)kind);
        assert_int_equal(afmon_view_open(folder, NULL, &view, NULL), AFMON_OK);
        assert_int_equal(afmon_view_summarize(view, NULL, &whole, NULL), AFMON_OK);
        assert_int_equal(afmon_view_alerts_of_rates(view, &rates, NULL), AFMON_OK);
        assert_true(whole->alert_count > 2);
        assert_same_alerts(rates, whole);
        afmon_run_summary_free(whole);
        afmon_run_summary_free(rates);
        afmon_view_close(view);
        remove_folder(folder);
    }
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    track_some(monitor, 40);
    assert_int_equal(afmon_monitor_close(monitor, NULL), AFMON_OK);
    afmon_view *view;
    assert_int_equal(afmon_view_open(folder, NULL, &view, NULL), AFMON_OK);
    for (long n = 1;; n++) {
        afmon_run_summary *s;
        fail_alloc_at(n);
        afmon_status status = afmon_view_summarize(view, NULL, &s, NULL);
        bool failed = fail_alloc_stop();
        assert_true(failed ? status == AFMON_E_NO_MEMORY && s == NULL : status == AFMON_OK && s->calls == 40);
        afmon_run_summary_free(s);
        if (!failed)
            break;
    }
    afmon_view_close(view);
    remove_folder(folder);
}

static void a_model_survives_without_memory(void **state)
{
    (void)state;
    for (long n = 1; n < 60; n++) {
        struct afmon_model *model = new_model();
        fail_alloc_at(n);
        for (int i = 0; i < 100; i++)
            add_generation(model, T0 + i * S, i % 2 ? "a" : "b", i + 1, true);
        (void)fail_alloc_stop();
        afmon_run_summary *s = read_plain(model);
        assert_in_range(s->calls, 99, 100);
        afmon_run_summary_free(s);
        afmon_model_free(model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_right),
        cmocka_unit_test(failures_without_a_type_are_told),
        cmocka_unit_test(names_are_bounded),
        cmocka_unit_test(times_may_be_anything),
        cmocka_unit_test(verdicts_are_what_the_header_says),
        cmocka_unit_test(missing_data_are_told),
        cmocka_unit_test(items_stand_apart_from_their_calls),
        cmocka_unit_test(the_order_of_samples_does_not_show),
        cmocka_unit_test(own_alerts_are_those_of_a_replay),
        cmocka_unit_test(a_view_is_summed_up),
        cmocka_unit_test(alerts_of_rates_are_those_of_the_whole),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(a_model_survives_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Views: everything that was ever appended can be asked for, exactly, whether it is in memory or in the files. */
#include "store_naive.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <unistd.h>

#include "base/file.h"
#include "catalog/lines.h"
#include "store/store.h"
#include "store/view.h"

#include "fail_alloc.h"

#define START_US INT64_C(1700000000000000)
#define MIB ((size_t)1 << 20)
#define SERIES 4
#define MODELS 3

static const char *const series_names[SERIES] = {"latency", "prompt_token_count", "total_token_count",
                                                 "a \"b\"\n\xc3\xa4"};
static const char *const model_names[MODELS] = {"alpha", "beta", NULL};

/* A run: a store, its file, and all samples, in the file's order. */
struct run {
    struct afmon_store *store;
    struct afmon_series *series[SERIES];
    struct naive naive[SERIES];
    char path[64];
    int file;
    struct afmon_buffer lines;
    struct afmon_timestamp_cache cache;
    int64_t wall_us;
};

static void begin(struct run *run, size_t max_memory)
{
    memset(run, 0, sizeof *run);
    run->store = afmon_store_new(max_memory);
    for (int i = 0; i < SERIES; i++)
        run->series[i] = afmon_store_series(run->store, series_names[i], strlen(series_names[i]));
    snprintf(run->path, sizeof run->path, "/tmp/test_view_XXXXXX");
    run->file = mkstemp(run->path);
    assert_true(run->file >= 0);
    afmon_buffer_init(&run->lines, (size_t)1 << 30);
    run->wall_us = START_US;
}

static void write_lines(struct run *run)
{
    assert_false(run->lines.failed);
    assert_int_equal(afmon_write_all(run->file, run->lines.data, run->lines.length, NULL), 0);
    afmon_buffer_clear(&run->lines);
}

static void end(struct run *run)
{
    afmon_store_release(run->store);
    for (int i = 0; i < SERIES; i++)
        naive_free(&run->naive[i]);
    afmon_buffer_free(&run->lines);
    close(run->file);
    unlink(run->path);
}

/* Metadata: a model, a number, a truth. */
static struct afmon_set *set_of(struct afmon_store *store, int number)
{
    afmon_field fields[] = {afmon_int("number", number), afmon_bool("even", number % 2 == 0),
                            afmon_string("model_name", model_names[number % MODELS])};
    size_t count = model_names[number % MODELS] == NULL ? 2 : 3;
    unsigned char packed[256];
    unsigned char *packed_end = afmon_fields_pack(packed, fields, count);
    struct afmon_set *set = afmon_sets_intern(afmon_store_sets(store), packed, (size_t)(packed_end - packed));
    assert_non_null(set);
    return set;
}

static void append_to(struct run *run, size_t which)
{
    struct afmon_series *series = run->series[which];
    int number = (int)random_below(12);
    bool plain = which == 0 && number < 6;
    struct afmon_set *set = plain ? NULL : set_of(run->store, number);
    run->wall_us += (int64_t)random_below(40);
    struct naive_sample sample = {.value = which == 0 ? exp(random_normal()) : (double)random_below(3000),
                                  .wall_us = run->wall_us - (int64_t)random_below(200),
                                  .model = plain ? -1 : number};
    if (random_below(500) == 0)
        sample.value = NAN;
    sample.steady_us = sample.wall_us;
    naive_add(&run->naive[which], sample);
    afmon_line_sample(&run->lines, series->prefix, series->prefix_length, sample.value, set == NULL ? "" : set->json,
                      set == NULL ? 0 : set->json_length, &run->cache, sample.wall_us * 1000);
    struct afmon_store_sample appended = {
        .series = series, .set = set, .value = sample.value, .wall_us = sample.wall_us};
    afmon_store_append(run->store, &appended, 1);
    if (set != NULL)
        afmon_set_release(set);
}

static void append(struct run *run, size_t count)
{
    for (size_t i = 0; i < count; i++)
        append_to(run, random_below(SERIES));
    write_lines(run);
}

static afmon_view *view_of(struct run *run)
{
    struct afmon_source source = {.path = run->path, .begin = 0, .end = INT64_MAX};
    afmon_view *view;
    assert_int_equal(afmon_view_new(run->store, &source, 1, &view, NULL), AFMON_OK);
    return view;
}

static uint64_t evicted(struct run *run)
{
    struct afmon_store_stats stats;
    afmon_store_get_stats(run->store, &stats);
    return stats.samples_evicted;
}

/* A window between two samples' times, edges included. */
static afmon_window some_window(const struct run *run, size_t which)
{
    const struct naive *naive = &run->naive[which];
    int64_t a = naive->samples[random_below(naive->count)].wall_us;
    int64_t b = naive->samples[random_below(naive->count)].wall_us;
    return (afmon_window){.since_ns = (a < b ? a : b) * 1000, .until_ns = (a < b ? b : a) * 1000};
}

/* ---- Aggregates ---- */

static void check_aggregate(afmon_view *view, const struct run *run, size_t which, afmon_window window)
{
    size_t count;
    uint64_t not_finite;
    int64_t since = window.since_ns == INT64_MIN ? INT64_MIN : window.since_ns / 1000;
    int64_t until = window.until_ns == INT64_MAX ? INT64_MAX : window.until_ns / 1000;
    double *sorted = naive_sorted(&run->naive[which], 0, since, until, true, &count, &not_finite);
    afmon_aggregate aggregate;
    assert_int_equal(afmon_view_aggregate(view, series_names[which], window, &aggregate), AFMON_OK);
    assert_true(aggregate.known);
    assert_false(aggregate.partial || aggregate.approximate);
    assert_sums(&aggregate, sorted, count, not_finite);
    assert_quantiles(&aggregate, sorted, count);
    double q[2] = {random_unit(), 1};
    double values[2];
    afmon_status status = afmon_view_quantiles(view, series_names[which], window, q, 2, values);
    assert_int_equal(status, count > 0 ? AFMON_OK : AFMON_E_NO_DATA);
    for (int i = 0; i < 2 && count > 0; i++)
        assert_same(values[i], naive_quantile(sorted, count, q[i]));
    free(sorted);
}

static void test_aggregates_from_memory_and_files(void **state)
{
    (void)state;
    struct run run;
    begin(&run, MIB);
    for (int round = 0; round < (SANITIZED ? 1 : 4); round++) {
        append(&run, 40000);
        afmon_view *view = view_of(&run);
        for (size_t which = 0; which < SERIES; which++) {
            check_aggregate(view, &run, which, AFMON_WINDOW_ALL);
            for (int i = 0; i < 2; i++)
                check_aggregate(view, &run, which, some_window(&run, which));
        }
        afmon_view_close(view);
    }
    assert_true(evicted(&run) > 0);
    end(&run);
}

static void test_windows_in_nanoseconds(void **state)
{
    (void)state;
    struct run run;
    begin(&run, MIB);
    for (int i = -1; i <= 1; i++) {
        struct afmon_store_sample sample = {.series = run.series[0], .value = i, .wall_us = i};
        afmon_store_append(run.store, &sample, 1);
    }
    afmon_view *view = view_of(&run);
    static const struct {
        afmon_window window;
        uint64_t count;
    } cases[] = {{{-1000, 1000}, 3}, {{-999, 999}, 1},    {{-1, 1}, 1},   {{1, 999}, 0},
                 {{-999, -1}, 0},    {{-1000, -1000}, 1}, {{1000, 0}, 0}, {{INT64_MIN, INT64_MAX}, 3}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        afmon_aggregate aggregate;
        assert_int_equal(afmon_view_aggregate(view, "latency", cases[i].window, &aggregate), AFMON_OK);
        assert_int_equal(aggregate.count, cases[i].count);
    }
    afmon_view_close(view);
    end(&run);
}

static void test_unknown_names_and_bad_arguments(void **state)
{
    (void)state;
    struct run run;
    begin(&run, MIB);
    append(&run, 100);
    afmon_view *view = view_of(&run);
    afmon_aggregate aggregate;
    double q = 0.5;
    double value;
    assert_int_equal(afmon_view_aggregate(view, "nobody", AFMON_WINDOW_ALL, &aggregate), AFMON_OK);
    assert_false(aggregate.known);
    assert_int_equal(afmon_view_quantiles(view, "nobody", AFMON_WINDOW_ALL, &q, 1, &value), AFMON_E_NO_DATA);
    assert_int_equal(afmon_view_aggregate(view, NULL, AFMON_WINDOW_ALL, &aggregate), AFMON_E_ARGUMENT);
    q = 2;
    assert_int_equal(afmon_view_quantiles(view, "latency", AFMON_WINDOW_ALL, &q, 1, &value), AFMON_E_ARGUMENT);
    assert_int_equal(afmon_view_each(view, NULL, AFMON_WINDOW_ALL, NULL, NULL), AFMON_E_ARGUMENT);
    afmon_view_close(view);
    afmon_view_close(NULL);
    end(&run);
}

/* ---- What is known of a view ---- */

static void test_info_and_names(void **state)
{
    (void)state;
    struct run run;
    begin(&run, MIB);
    append(&run, 100000);
    struct afmon_series *nul = afmon_store_series(run.store, "a\0b", 3);
    struct afmon_store_sample sample = {.series = nul, .value = 1, .wall_us = START_US + 5};
    afmon_store_append(run.store, &sample, 1);
    afmon_store_series(run.store, "never recorded", 14);
    afmon_view *view = view_of(&run);
    char **problems = calloc(1, sizeof *problems);
    problems[0] = strdup("metrics.jsonl:17: not a JSON object");
    struct afmon_view_extra extra = {.file_count = 2,
                                     .problems = problems,
                                     .problems_kept = 1,
                                     .problem_count = 7,
                                     .log_alert_count = 3,
                                     .recovered = 4,
                                     .live = true};
    afmon_view_set_extra(view, &extra);
    afmon_view_info info;
    afmon_view_get_info(view, &info);
    int64_t first = INT64_MAX;
    int64_t last = INT64_MIN;
    uint64_t not_finite = 0;
    for (int i = 0; i < SERIES; i++) {
        for (size_t j = 0; j < run.naive[i].count; j++) {
            const struct naive_sample *naive = &run.naive[i].samples[j];
            first = naive->wall_us < first ? naive->wall_us : first;
            last = naive->wall_us > last ? naive->wall_us : last;
            not_finite += isfinite(naive->value) ? 0 : 1;
        }
    }
    assert_int_equal(info.sample_count, 100001);
    assert_int_equal(info.not_finite, not_finite);
    assert_int_equal(info.metric_count, 5);
    assert_int_equal(info.first_ns, first * 1000);
    assert_int_equal(info.last_ns, last * 1000);
    assert_int_equal(info.file_count, 2);
    assert_int_equal(info.problem_count, 7);
    assert_int_equal(info.log_alert_count, 3);
    assert_int_equal(info.recovered, 4);
    assert_true(info.live);
    assert_string_equal(afmon_view_problem(view, 0), "metrics.jsonl:17: not a JSON object");
    assert_null(afmon_view_problem(view, 1));
    size_t length;
    assert_memory_equal(afmon_view_metric_name(view, 0, &length), "a\0b", 4);
    assert_int_equal(length, 3);
    assert_string_equal(afmon_view_metric_name(view, 1, NULL), series_names[3]);
    assert_string_equal(afmon_view_metric_name(view, 2, &length), "latency");
    assert_int_equal(length, 7);
    assert_string_equal(afmon_view_metric_name(view, 4, NULL), "total_token_count");
    assert_null(afmon_view_metric_name(view, 5, NULL));
    afmon_view_close(view);
    end(&run);
}

static void test_an_empty_view(void **state)
{
    (void)state;
    struct afmon_store *store = afmon_store_new(MIB);
    afmon_view *view;
    assert_int_equal(afmon_view_new(store, NULL, 0, &view, NULL), AFMON_OK);
    afmon_store_release(store);
    afmon_view_info info;
    afmon_view_get_info(view, &info);
    assert_int_equal(info.sample_count + info.metric_count + (uint64_t)info.first_ns + (uint64_t)info.last_ns, 0);
    assert_null(afmon_view_metric_name(view, 0, NULL));
    afmon_token_usage usage;
    assert_int_equal(afmon_view_token_usage(view, AFMON_WINDOW_ALL, &usage), AFMON_OK);
    assert_int_equal(usage.model_count, 0);
    afmon_token_usage_free(&usage);
    afmon_view_close(view);
}

/* ---- Each sample ---- */

struct visitor {
    const struct run *run;
    size_t which; /* SERIES: any */
    size_t next;  /* of the series' samples */
    afmon_window window;
    size_t seen;
    size_t stop_at;
};

static void check_fields(const afmon_sample *sample, int number)
{
    if (number < 0) {
        assert_int_equal(sample->field_count, 0);
        return;
    }
    const char *model = model_names[number % MODELS];
    assert_int_equal(sample->field_count, model == NULL ? 2 : 3);
    assert_text(sample->fields[0].key, sample->fields[0].key_length, "number");
    assert_int_equal(sample->fields[0].type, AFMON_INT);
    assert_int_equal(sample->fields[0].as.integer, number);
    assert_int_equal(sample->fields[1].type, AFMON_BOOL);
    assert_int_equal(sample->fields[1].as.boolean, number % 2 == 0);
    if (model != NULL)
        assert_text(sample->fields[2].as.text.data, sample->fields[2].as.text.length, model);
}

static int visit_one(void *user, const afmon_sample *sample)
{
    struct visitor *visitor = user;
    const struct naive *naive = &visitor->run->naive[visitor->which];
    while (naive->samples[visitor->next].wall_us * 1000 < visitor->window.since_ns ||
           naive->samples[visitor->next].wall_us * 1000 > visitor->window.until_ns)
        visitor->next++;
    assert_true(visitor->next < naive->count);
    const struct naive_sample *expected = &naive->samples[visitor->next++];
    assert_text(sample->metric, sample->metric_length, series_names[visitor->which]);
    assert_int_equal(sample->timestamp_ns, expected->wall_us * 1000);
    if (isfinite(expected->value))
        assert_same(sample->value, expected->value);
    else
        assert_true(isnan(sample->value));
    check_fields(sample, expected->model);
    return ++visitor->seen == visitor->stop_at;
}

static size_t in_window(const struct naive *naive, afmon_window window)
{
    size_t count = 0;
    for (size_t i = 0; i < naive->count; i++)
        count +=
            naive->samples[i].wall_us * 1000 >= window.since_ns && naive->samples[i].wall_us * 1000 <= window.until_ns;
    return count;
}

static int count_one(void *user, const afmon_sample *sample)
{
    size_t *counts = user;
    for (size_t i = 0; i < SERIES; i++)
        counts[i] += strcmp(sample->metric, series_names[i]) == 0;
    return 0;
}

static void test_each_sample_in_order(void **state)
{
    (void)state;
    struct run run;
    begin(&run, MIB);
    append(&run, SANITIZED ? 60000 : 120000);
    afmon_view *view = view_of(&run);
    for (size_t which = 0; which < SERIES; which++) {
        for (int i = 0; i < 3; i++) {
            struct visitor visitor = {.run = &run, .which = which};
            visitor.window = i == 0 ? AFMON_WINDOW_ALL : some_window(&run, which);
            assert_int_equal(afmon_view_each(view, series_names[which], visitor.window, visit_one, &visitor), AFMON_OK);
            assert_int_equal(visitor.seen, in_window(&run.naive[which], visitor.window));
        }
    }
    afmon_window window = some_window(&run, 0);
    size_t counts[SERIES] = {0};
    assert_int_equal(afmon_view_each(view, NULL, window, count_one, counts), AFMON_OK);
    for (size_t i = 0; i < SERIES; i++)
        assert_int_equal(counts[i], in_window(&run.naive[i], window));
    for (size_t stop_at = 1; stop_at < (SANITIZED ? 14000 : 30000);
         stop_at += SANITIZED ? 13000 : 20000) { /* in the file, and in memory */
        struct visitor visitor = {.run = &run, .window = AFMON_WINDOW_ALL, .stop_at = stop_at};
        assert_int_equal(afmon_view_each(view, "latency", AFMON_WINDOW_ALL, visit_one, &visitor), AFMON_E_CANCELLED);
        assert_int_equal(visitor.seen, stop_at);
    }
    assert_int_equal(afmon_view_each(view, "nobody", AFMON_WINDOW_ALL, visit_one, NULL), AFMON_OK);
    afmon_view_close(view);
    end(&run);
}

static void test_several_files_are_one_run(void **state)
{
    (void)state;
    struct run run;
    begin(&run, MIB);
    append(&run, 60000);
    off_t middle = lseek(run.file, 0, SEEK_CUR);
    append(&run, 60000);
    struct afmon_source sources[] = {{.path = run.path, .begin = 0, .end = middle},
                                     {.path = run.path, .begin = middle, .end = INT64_MAX}};
    afmon_view *view;
    assert_int_equal(afmon_view_new(run.store, sources, 2, &view, NULL), AFMON_OK);
    check_aggregate(view, &run, 0, AFMON_WINDOW_ALL);
    struct visitor visitor = {.run = &run, .window = AFMON_WINDOW_ALL};
    assert_int_equal(afmon_view_each(view, "latency", AFMON_WINDOW_ALL, visit_one, &visitor), AFMON_OK);
    assert_int_equal(visitor.seen, run.naive[0].count);
    afmon_view_close(view);
    end(&run);
}

/* ---- Tokens ---- */

static uint64_t naive_tokens(const struct run *run, size_t which, int model, afmon_window window)
{
    double sum = 0;
    for (size_t i = 0; i < run->naive[which].count; i++) {
        const struct naive_sample *sample = &run->naive[which].samples[i];
        if (sample->wall_us * 1000 >= window.since_ns && sample->wall_us * 1000 <= window.until_ns &&
            sample->model % MODELS == model && isfinite(sample->value))
            sum += sample->value;
    }
    return (uint64_t)sum;
}

static void test_tokens_of_windows(void **state)
{
    (void)state;
    struct run run;
    begin(&run, MIB);
    append(&run, SANITIZED ? 60000 : 150000);
    assert_true(evicted(&run) > 0);
    afmon_view *view = view_of(&run);
    for (int i = 0; i < (SANITIZED ? 3 : 6); i++) {
        afmon_window window = i == 0 ? AFMON_WINDOW_ALL : some_window(&run, 1);
        afmon_token_usage usage;
        assert_int_equal(afmon_view_token_usage(view, window, &usage), AFMON_OK);
        for (size_t j = 0; j < usage.model_count; j++) {
            const afmon_model_usage *model = &usage.models[j];
            int number = strcmp(model->model_name, "alpha") == 0 ? 0 : strcmp(model->model_name, "beta") == 0 ? 1 : 2;
            if (number == 2)
                assert_string_equal(model->model_name, "unknown");
            assert_int_equal(model->prompt_tokens, naive_tokens(&run, 1, number, window));
            assert_int_equal(model->total_tokens, naive_tokens(&run, 2, number, window));
            assert_int_equal(model->completion_tokens, 0);
        }
        if (i == 0)
            assert_int_equal(usage.model_count, 3);
        afmon_token_usage_free(&usage);
    }
    afmon_view_close(view);
    end(&run);
}

/* ---- A view stays as it is ---- */

static void test_a_view_outlives_its_store_and_never_changes(void **state)
{
    (void)state;
    struct run run;
    begin(&run, MIB);
    append(&run, 50000);
    afmon_view *view = view_of(&run);
    struct naive before[SERIES];
    for (int i = 0; i < SERIES; i++) {
        before[i] = run.naive[i];
        before[i].samples = malloc(before[i].count * sizeof *before[i].samples);
        memcpy(before[i].samples, run.naive[i].samples, before[i].count * sizeof *before[i].samples);
    }
    append(&run, SANITIZED ? 80000 : 200000);
    afmon_store_release(run.store);
    run.store = NULL;
    for (int i = 0; i < SERIES; i++) {
        naive_free(&run.naive[i]);
        run.naive[i] = before[i];
    }
    for (size_t which = 0; which < SERIES; which++) {
        check_aggregate(view, &run, which, AFMON_WINDOW_ALL);
        struct visitor visitor = {.run = &run, .which = which, .window = AFMON_WINDOW_ALL};
        assert_int_equal(afmon_view_each(view, series_names[which], AFMON_WINDOW_ALL, visit_one, &visitor), AFMON_OK);
        assert_int_equal(visitor.seen, run.naive[which].count);
    }
    afmon_view_close(view);
    end(&run);
}

/* ---- Samples that are out of reach ---- */

static void check_out_of_reach(afmon_view *view, const struct run *run)
{
    size_t count;
    uint64_t not_finite;
    double *sorted = naive_sorted(&run->naive[0], 0, INT64_MIN, INT64_MAX, true, &count, &not_finite);
    afmon_aggregate aggregate;
    assert_int_equal(afmon_view_aggregate(view, "latency", AFMON_WINDOW_ALL, &aggregate), AFMON_OK);
    assert_true(aggregate.approximate);
    assert_false(aggregate.partial);
    assert_sums(&aggregate, sorted, count, not_finite);
    assert_near(aggregate.p50, naive_quantile(sorted, count, 0.5), aggregate.p50, 1e-3);
    assert_near(aggregate.p99, naive_quantile(sorted, count, 0.99), aggregate.p99, 1e-3);
    afmon_window window = {.since_ns = 0, .until_ns = run->naive[0].samples[run->naive[0].count / 2].wall_us * 1000};
    assert_int_equal(afmon_view_aggregate(view, "latency", window, &aggregate), AFMON_OK);
    assert_true(aggregate.partial);
    afmon_token_usage usage;
    assert_int_equal(afmon_view_token_usage(view, AFMON_WINDOW_ALL, &usage), AFMON_OK);
    assert_int_equal(usage.prompt_tokens, naive_tokens(run, 1, 0, AFMON_WINDOW_ALL) +
                                              naive_tokens(run, 1, 1, AFMON_WINDOW_ALL) +
                                              naive_tokens(run, 1, 2, AFMON_WINDOW_ALL));
    afmon_token_usage_free(&usage);
    free(sorted);
}

static void test_without_files(void **state)
{
    (void)state;
    struct run run;
    begin(&run, MIB);
    append(&run, SANITIZED ? 60000 : 150000);
    afmon_view *view;
    assert_int_equal(afmon_view_new(run.store, NULL, 0, &view, NULL), AFMON_OK);
    check_out_of_reach(view, &run);
    size_t counts[SERIES] = {0};
    assert_int_equal(afmon_view_each(view, NULL, AFMON_WINDOW_ALL, count_one, counts), AFMON_OK);
    struct afmon_store_stats stats;
    afmon_store_get_stats(run.store, &stats);
    assert_int_equal(counts[0] + counts[1] + counts[2] + counts[3], stats.samples_in_memory);
    afmon_view_close(view);
    end(&run);
}

static void test_a_file_that_was_cut_off_or_taken_away(void **state)
{
    (void)state;
    struct run run;
    begin(&run, MIB);
    append(&run, SANITIZED ? 60000 : 150000);
    afmon_view *view = view_of(&run);
    assert_int_equal(ftruncate(run.file, 200001), 0);
    check_out_of_reach(view, &run);
    unlink(run.path);
    afmon_aggregate aggregate;
    assert_int_equal(afmon_view_aggregate(view, "latency", AFMON_WINDOW_ALL, &aggregate), AFMON_E_SYSTEM);
    afmon_view_close(view);
    end(&run);
}

/* ---- An error rate without zeros ---- */

/* A call in ten fails, and is an error twice. */
static uint64_t append_outcomes(struct afmon_store *store, size_t count)
{
    struct afmon_series *success = afmon_store_series(store, "success_rate", strlen("success_rate"));
    struct afmon_series *error = afmon_store_series(store, "error_rate", strlen("error_rate"));
    uint64_t failed = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t wall_us = START_US + (int64_t)i * 10;
        bool fails = random_below(10) == 0;
        failed += fails;
        struct afmon_store_sample samples[] = {{.series = success, .value = !fails, .wall_us = wall_us},
                                               {.series = error, .value = 1, .wall_us = wall_us},
                                               {.series = error, .value = 1, .wall_us = wall_us}};
        afmon_store_append(store, samples, fails ? 3 : 1);
    }
    return failed;
}

static int count_if_one(void *user, const afmon_sample *sample)
{
    *(uint64_t *)user += sample->value == 1;
    return 0;
}

static void check_error_rate(size_t max_memory, size_t count, bool approximate)
{
    struct afmon_store *store = afmon_store_new(max_memory);
    uint64_t failed = append_outcomes(store, count);
    afmon_view *view;
    afmon_aggregate a;
    const double q[] = {0.05, 0.5, 0.95, 1};
    double values[4];
    assert_int_equal(afmon_view_new(store, NULL, 0, &view, NULL), AFMON_OK);
    assert_int_equal(afmon_view_aggregate(view, "error_rate", AFMON_WINDOW_ALL, &a), AFMON_OK);
    assert_true(a.known && a.approximate == approximate);
    assert_int_equal(a.count, count);
    assert_true(a.sum == (double)failed && a.mean == (double)failed / (double)count && a.min == 0 && a.max == 1);
    assert_near(a.stddev, sqrt(a.mean * (1 - a.mean)), a.stddev, 1e-3);
    assert_int_equal(afmon_view_quantiles(view, "error_rate", AFMON_WINDOW_ALL, q, 4, values), AFMON_OK);
    assert_true(values[0] == 0 && values[1] == 0 && values[2] == 1 && values[3] == 1);
    uint64_t ones = 0; /* the samples are as they were */
    assert_int_equal(afmon_view_each(view, "error_rate", AFMON_WINDOW_ALL, count_if_one, &ones), AFMON_OK);
    assert_true(approximate || ones == 2 * failed);
    afmon_view_close(view);
    afmon_store_release(store);
}

static void test_an_error_rate_without_zeros(void **state)
{
    (void)state;
    check_error_rate(64 * MIB, 3000, false);
    check_error_rate(MIB, SANITIZED ? 200000 : 400000, true); /* of which most are out of reach */
}

/* ---- JSON ---- */

static json_t *json_of(afmon_view *view)
{
    char path[] = "/tmp/test_view_json_XXXXXX";
    int fd = mkstemp(path);
    afmon_error error = {0};
    assert_int_equal(afmon_view_write_json(view, fd, NULL, &error), AFMON_OK);
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(root);
    close(fd);
    unlink(path);
    return root;
}

static void check_json_metric(const json_t *root, const struct run *run, size_t which)
{
    const struct naive *naive = &run->naive[which];
    const json_t *list = json_object_get(root, series_names[which]);
    assert_int_equal(json_array_size(list), naive->count);
    for (size_t i = 0; i < naive->count; i++) {
        const json_t *object = json_array_get(list, i);
        const struct naive_sample *expected = &naive->samples[i];
        char timestamp[AFMON_TIMESTAMP_SIZE];
        size_t length = afmon_format_timestamp(timestamp, expected->wall_us * 1000);
        timestamp[length] = '\0';
        assert_string_equal(json_string_value(json_object_get(object, "timestamp")), timestamp);
        if (isfinite(expected->value))
            assert_same(json_real_value(json_object_get(object, "value")), expected->value);
        else
            assert_true(json_is_null(json_object_get(object, "value")));
        const json_t *number = json_object_get(object, "number");
        assert_int_equal(number == NULL ? -1 : json_integer_value(number), expected->model);
    }
}

static void test_json_holds_every_sample(void **state)
{
    (void)state;
    struct run run;
    begin(&run, MIB);
    append(&run, SANITIZED ? 60000 : 100000);
    assert_true(evicted(&run) > 0);
    afmon_view *view = view_of(&run);
    json_t *root = json_of(view);
    assert_int_equal(json_object_size(root), SERIES);
    for (size_t which = 0; which < SERIES; which++)
        check_json_metric(root, &run, which);
    json_decref(root);
    afmon_view_close(view);
    end(&run);
}

static void test_json_of_a_metric_that_does_not_fit_in_memory(void **state)
{
    (void)state;
    if (SANITIZED)
        skip();
    struct run run;
    begin(&run, MIB);
    for (int i = 0; i < 320000; i++)
        append_to(&run, i % 40 == 0 ? 1 : 0);
    write_lines(&run);
    assert_true(evicted(&run) > 250000);
    afmon_view *view = view_of(&run);
    json_t *root = json_of(view);
    assert_int_equal(json_object_size(root), 2);
    check_json_metric(root, &run, 0);
    check_json_metric(root, &run, 1);
    json_decref(root);
    afmon_view_close(view);
    end(&run);
}

static void test_json_that_cannot_be_written(void **state)
{
    (void)state;
    struct run run;
    begin(&run, MIB);
    append(&run, 1000);
    afmon_view *view = view_of(&run);
    int fd = open("/dev/full", O_WRONLY);
    afmon_error error = {0};
    assert_int_equal(afmon_view_write_json(view, fd, NULL, &error), AFMON_E_SYSTEM);
    assert_int_equal(error.os_error, ENOSPC);
    close(fd);
    afmon_view_close(view);
    end(&run);
}

static void test_json_of_nothing(void **state)
{
    (void)state;
    struct run run;
    begin(&run, MIB);
    afmon_view *view = view_of(&run);
    json_t *root = json_of(view);
    assert_int_equal(json_object_size(root), 0);
    json_decref(root);
    afmon_view_close(view);
    end(&run);
}

/* ---- No memory ---- */

static void ask_everything(struct run *run, bool must_succeed)
{
    struct afmon_source source = {.path = run->path, .begin = 0, .end = INT64_MAX};
    afmon_view *view;
    afmon_error error;
    afmon_status status = afmon_view_new(run->store, &source, 1, &view, &error);
    if (status != AFMON_OK) {
        assert_int_equal(status, AFMON_E_NO_MEMORY);
        assert_null(view);
        return;
    }
    afmon_aggregate aggregate;
    afmon_token_usage usage;
    afmon_window half = {.since_ns = 0, .until_ns = (START_US + (run->wall_us - START_US) / 2) * 1000};
    size_t counts[SERIES] = {0};
    int fd = open("/dev/null", O_WRONLY);
    afmon_status statuses[] = {afmon_view_aggregate(view, "latency", half, &aggregate),
                               afmon_view_token_usage(view, half, &usage),
                               afmon_view_each(view, "prompt_token_count", half, count_one, counts),
                               afmon_view_write_json(view, fd, NULL, &error)};
    if (statuses[1] == AFMON_OK)
        afmon_token_usage_free(&usage);
    for (int i = 0; i < 4; i++)
        assert_true(statuses[i] == AFMON_OK || (!must_succeed && statuses[i] == AFMON_E_NO_MEMORY));
    close(fd);
    afmon_view_close(view);
}

static void test_each_allocation_may_fail(void **state)
{
    (void)state;
    struct run run;
    begin(&run, MIB / 8);
    append(&run, 20000);
    assert_true(evicted(&run) > 0);
    bool more = true;
    for (long n = 1; more; n += SANITIZED ? 17 : 1) {
        fail_alloc_at(n);
        ask_everything(&run, false);
        more = fail_alloc_stop();
    }
    ask_everything(&run, true);
    end(&run);
}

/* ---- Threads ---- */

struct asker {
    afmon_view *view;
    const struct run *run;
};

static void *ask_thread(void *user)
{
    const struct asker *asker = user;
    for (int i = 0; i < (SANITIZED ? 2 : 5); i++) {
        afmon_aggregate aggregate;
        assert_int_equal(afmon_view_aggregate(asker->view, "latency", AFMON_WINDOW_ALL, &aggregate), AFMON_OK);
        assert_int_equal(aggregate.count + aggregate.not_finite, asker->run->naive[0].count);
        assert_string_equal(afmon_view_metric_name(asker->view, 1, NULL), "latency");
        size_t counts[SERIES] = {0};
        assert_int_equal(afmon_view_each(asker->view, NULL, AFMON_WINDOW_ALL, count_one, counts), AFMON_OK);
        assert_int_equal(counts[0], asker->run->naive[0].count);
        afmon_token_usage usage;
        assert_int_equal(afmon_view_token_usage(asker->view, AFMON_WINDOW_ALL, &usage), AFMON_OK);
        afmon_token_usage_free(&usage);
    }
    return NULL;
}

static void test_any_number_of_threads_may_ask(void **state)
{
    (void)state;
    struct run run;
    begin(&run, MIB / 2);
    append(&run, 40000);
    struct asker asker = {.view = view_of(&run), .run = &run};
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_thread, &asker), 0);
    struct naive kept = run.naive[0]; /* the store goes on meanwhile, with another series */
    for (int i = 0; i < 40000; i++) {
        struct afmon_store_sample sample = {.series = run.series[3], .value = i, .wall_us = START_US};
        afmon_store_append(run.store, &sample, 1);
    }
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(kept.count, run.naive[0].count);
    afmon_view_close(asker.view);
    end(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_aggregates_from_memory_and_files),
        cmocka_unit_test(test_windows_in_nanoseconds),
        cmocka_unit_test(test_unknown_names_and_bad_arguments),
        cmocka_unit_test(test_info_and_names),
        cmocka_unit_test(test_an_empty_view),
        cmocka_unit_test(test_each_sample_in_order),
        cmocka_unit_test(test_several_files_are_one_run),
        cmocka_unit_test(test_tokens_of_windows),
        cmocka_unit_test(test_a_view_outlives_its_store_and_never_changes),
        cmocka_unit_test(test_without_files),
        cmocka_unit_test(test_a_file_that_was_cut_off_or_taken_away),
        cmocka_unit_test(test_an_error_rate_without_zeros),
        cmocka_unit_test(test_json_holds_every_sample),
        cmocka_unit_test(test_json_of_a_metric_that_does_not_fit_in_memory),
        cmocka_unit_test(test_json_that_cannot_be_written),
        cmocka_unit_test(test_json_of_nothing),
        cmocka_unit_test(test_each_allocation_may_fail),
        cmocka_unit_test(test_any_number_of_threads_may_ask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Samples that a program records by the bare name of what tracked calls derive: kept, and counted only in windows that
 * hold no tracked sample of that name. */
#include "run_folder.h"

#include <math.h>

#include "alerts/passes.h"
#include "alerts/replay.h"
#include "catalog/bare.h"
#include "catalog/fields.h"
#include "store/view.h"

/* ---- through a monitor ---- */

static void record_failures(afmon_monitor *monitor, bool by_handle)
{
    afmon_metric *handle;
    afmon_field field = afmon_string("operation", "answer_generation");
    assert_int_equal(afmon_metric_resolve(monitor, "error_rate", &field, 1, &handle), AFMON_OK);
    for (int i = 0; i < 100; i++) {
        bool failed = i % 25 < 4; /* 16 of 100 */
        afmon_generation call = {.duration_s = 1,
                                 .success = !failed,
                                 .error = failed ? "Error code: 429 - slow down" : NULL,
                                 .fields = &field,
                                 .field_count = 1};
        assert_int_equal(afmon_track_generation(monitor, &call), AFMON_OK);
        if (failed && by_handle)
            assert_int_equal(afmon_record(handle, 1), AFMON_OK);
        else if (failed)
            assert_int_equal(afmon_record_metric(monitor, "error_rate", 1, &field, 1), AFMON_OK);
    }
}

static void assert_sixteen_percent(const afmon_aggregate *aggregate)
{
    assert_int_equal(aggregate->count, 100);
    assert_float_equal(aggregate->mean, 0.16, 1e-12);
    assert_float_equal(aggregate->sum, 16, 0);
    assert_float_equal(aggregate->p50, 0, 0);
    assert_float_equal(aggregate->p90, 1, 0);
}

static int count_sample(void *user, const afmon_sample *sample)
{
    uint64_t *counts = user;
    counts[afmon_fields_are_bare(sample->fields, sample->field_count)]++;
    return 0;
}

static void check_view(afmon_view *view)
{
    afmon_aggregate aggregate;
    uint64_t counts[2] = {0};
    double median;
    static const double half = 0.5;
    assert_int_equal(afmon_view_aggregate(view, "error_rate", AFMON_WINDOW_ALL, &aggregate), AFMON_OK);
    assert_sixteen_percent(&aggregate);
    assert_int_equal(afmon_view_quantiles(view, "error_rate", AFMON_WINDOW_ALL, &half, 1, &median), AFMON_OK);
    assert_float_equal(median, 0, 0);
    assert_int_equal(afmon_view_each(view, "error_rate", AFMON_WINDOW_ALL, count_sample, counts), AFMON_OK);
    assert_int_equal(counts[false], 100);
    assert_int_equal(counts[true], 16);
}

static void sixteen_percent_stay_sixteen(void **state)
{
    (void)state;
    for (int by_handle = 0; by_handle < 2; by_handle++) {
        char *folder = make_folder();
        afmon_field where = afmon_string("operation", "answer_generation");
        afmon_alert_rule rules[2];
        afmon_alert_rule_init(&rules[0]);
        rules[0].name = "all";
        rules[0].metric = "error_rate";
        rules[0].comparison = AFMON_RULE_ABOVE;
        rules[0].limit = 0.165;
        rules[1] = rules[0];
        rules[1].name = "some";
        rules[1].where = &where;
        rules[1].where_count = 1;
        afmon_options options;
        afmon_options_init(&options);
        options.log_dir = folder;
        options.rules = rules;
        options.rule_count = 2;
        afmon_monitor *monitor;
        assert_int_equal(afmon_monitor_open(&options, &monitor, NULL), AFMON_OK);
        record_failures(monitor, by_handle == 1);
        afmon_aggregate aggregate;
        assert_int_equal(afmon_get_metrics(monitor, "error_rate", 300, &aggregate), AFMON_OK);
        assert_sixteen_percent(&aggregate);
        assert_int_equal(afmon_get_metrics(monitor, "error_rate", AFMON_ALL_TIME, &aggregate), AFMON_OK);
        assert_sixteen_percent(&aggregate);
        size_t count;
        for (int pass = 0; pass < 2; pass++) { /* the second one knows what the first one found */
            assert_int_equal(afmon_check_alerts(monitor, NULL, 0, &count), AFMON_OK);
            assert_int_equal(count, 0);
        }
        afmon_view *view;
        assert_int_equal(afmon_monitor_view(monitor, &view, NULL), AFMON_OK);
        check_view(view);
        afmon_view_close(view);
        afmon_monitor_close(monitor, NULL);
        assert_int_equal(count_in(folder, "metrics.jsonl",
                                  "{\"metric\": \"error_rate\", \"value\": 1.0, \"operation\": \"answer_generation\", "
                                  "\"afmon_source\": \"record_metric\", \"timestamp\""),
                         16);
        assert_int_equal(count_in(folder, "metrics.jsonl", "afmon_source"), 16);
        assert_int_equal(afmon_view_open(folder, NULL, &view, NULL), AFMON_OK);
        check_view(view);
        afmon_view_close(view);
        remove_folder(folder);
    }
}

static void alone_they_count(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    afmon_aggregate aggregate;
    afmon_record_metric(monitor, "success_rate", 1, NULL, 0);
    afmon_record_metric(monitor, "success_rate", 0, NULL, 0);
    afmon_record_metric(monitor, "generation_time", 5, NULL, 0); /* no mark: it is no rate */
    assert_int_equal(afmon_get_metrics(monitor, "success_rate", 300, &aggregate), AFMON_OK);
    assert_int_equal(aggregate.count, 2);
    afmon_track_generation(monitor, &(afmon_generation){.success = true});
    assert_int_equal(afmon_get_metrics(monitor, "success_rate", 300, &aggregate), AFMON_OK);
    assert_int_equal(aggregate.count, 1);
    assert_float_equal(aggregate.mean, 1, 0);
    afmon_monitor_close(monitor, NULL);
    assert_int_equal(count_in(folder, "metrics.jsonl", "afmon_source"), 2);
    remove_folder(folder);
}

/* No tracked call repeats it: it counts beside those of tracked calls, however it was recorded. */
static void an_attempt_that_was_tried_again_is_not_marked(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    afmon_field fields[] = {afmon_string("error_type", "RateLimitError"), afmon_bool("retried", true)};
    afmon_aggregate aggregate;
    afmon_metric *handle;
    assert_int_equal(afmon_metric_resolve(monitor, "api_errors", fields, 2, &handle), AFMON_OK);
    assert_int_equal(afmon_record(handle, 1), AFMON_OK);
    assert_int_equal(afmon_record_metric(monitor, "api_errors", 1, fields, 2), AFMON_OK);
    afmon_track_generation(monitor, &(afmon_generation){.error = "no", .error_type = "RateLimitError"});
    assert_int_equal(afmon_get_metrics(monitor, "api_errors", 300, &aggregate), AFMON_OK);
    assert_int_equal(aggregate.count, 3);
    afmon_monitor_close(monitor, NULL);
    assert_int_equal(count_in(folder, "metrics.jsonl", "afmon_source"), 0);
    remove_folder(folder);
}

static void bare_samples_count_where_no_tracked_ones_are_whatever_is_asked_for(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    const afmon_field one = afmon_string("operation", "one");
    const afmon_field two = afmon_string("operation", "two");
    afmon_aggregate aggregate;
    afmon_record_metric(monitor, "error_rate", 1, &two, 1);
    assert_int_equal(afmon_get_metrics_where(monitor, "error_rate", 300, &two, 1, &aggregate), AFMON_OK);
    assert_int_equal(aggregate.count, 1);
    for (int i = 0; i < 10; i++)
        afmon_track_generation(monitor,
                               &(afmon_generation){.duration_s = i, .success = true, .fields = &one, .field_count = 1});
    assert_int_equal(afmon_get_metrics_where(monitor, "error_rate", 300, &two, 1, &aggregate), AFMON_OK);
    assert_true(aggregate.known && aggregate.count == 0);
    assert_int_equal(afmon_get_metrics_where(monitor, "generation_time", AFMON_ALL_TIME, &one, 1, &aggregate),
                     AFMON_OK);
    assert_int_equal(aggregate.count, 10);
    assert_float_equal(aggregate.p50, 4.5, 1e-12);
    assert_float_equal(aggregate.p99, 8.91, 1e-12);
    assert_int_equal(afmon_get_metrics_where(monitor, "generation_time", 300, NULL, 0, &aggregate), AFMON_OK);
    assert_int_equal(aggregate.count, 10);
    assert_int_equal(afmon_get_metrics_where(monitor, "generation_time", 300, NULL, 1, &aggregate), AFMON_E_ARGUMENT);
    assert_int_equal(afmon_get_metrics_where(monitor, "generation_time", 0, &one, 1, &aggregate), AFMON_E_ARGUMENT);
    afmon_monitor_close(monitor, NULL);
    remove_folder(folder);
}

/* ---- against the naive answer ---- */

static uint64_t seed = 20261130;

static uint64_t draw(uint64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}

enum { SAMPLES = 300, RULES = 3, PASS_US = 10000000 };

struct drawn {
    int64_t wall_us;
    double value;
    bool bare;
    bool wanted; /* by the rule with a filter */
};

struct scene {
    struct drawn samples[SAMPLES];
    size_t count;
    struct afmon_store *store;
    afmon_alert_rule rules[RULES];
    afmon_field where;
    uint64_t judged[RULES];
};

/* Bursts of either kind, with long times between them. */
static void draw_scene(struct scene *scene)
{
    int64_t at = 1700000000000000;
    scene->count = 20 + draw(SAMPLES - 20);
    for (size_t i = 0; i < scene->count; i++) {
        bool next_burst = draw(12) == 0;
        at += (int64_t)draw(next_burst ? 90000000 : 4000000);
        bool bare = i > 0 && !next_burst && draw(4) > 0 ? scene->samples[i - 1].bare : draw(2) == 0;
        scene->samples[i] =
            (struct drawn){.wall_us = at, .value = (double)draw(7), .bare = bare, .wanted = draw(2) == 0};
    }
}

static struct afmon_set *set_of(struct afmon_store *store, const struct drawn *sample)
{
    unsigned char packed[200];
    afmon_field fields[2] = {afmon_bool("wanted", sample->wanted), afmon_bare_mark()};
    size_t count = sample->bare ? 2 : 1;
    afmon_fields_pack(packed, fields, count);
    return afmon_sets_intern(afmon_store_sets(store), packed, afmon_fields_packed_size(fields, count));
}

static void fill(struct scene *scene)
{
    scene->store = afmon_store_new(64 << 20);
    struct afmon_series *series = afmon_store_series(scene->store, "error_rate", 10);
    for (size_t i = 0; i < scene->count; i++) {
        struct afmon_set *set = set_of(scene->store, &scene->samples[i]);
        struct afmon_store_sample sample = {
            .series = series, .set = set, .value = scene->samples[i].value, .wall_us = scene->samples[i].wall_us};
        afmon_store_append(scene->store, &sample, 1);
        afmon_set_release(set);
    }
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

/* The values that count in a window, sorted. */
static size_t naive(const struct scene *scene, int64_t since_us, int64_t until_us, bool filtered, double *values)
{
    bool tracked = false;
    size_t count = 0;
    for (size_t i = 0; i < scene->count; i++)
        tracked = tracked || (!scene->samples[i].bare && scene->samples[i].wall_us >= since_us &&
                              scene->samples[i].wall_us <= until_us);
    for (size_t i = 0; i < scene->count; i++) {
        const struct drawn *sample = &scene->samples[i];
        if (sample->wall_us >= since_us && sample->wall_us <= until_us && !(tracked && sample->bare) &&
            (!filtered || sample->wanted))
            values[count++] = sample->value;
    }
    qsort(values, count, sizeof *values, compare);
    return count;
}

static double sum_of(const double *values, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    return sum;
}

static double median_of(const double *values, size_t count)
{
    return count % 2 == 1 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static bool wants(void *user, const struct afmon_set *set)
{
    (void)user;
    afmon_field field;
    struct afmon_field_walk walk = afmon_field_walk_begin(set->packed, set->packed_length);
    assert_true(afmon_field_walk_next(&walk, &field));
    return field.as.boolean;
}

static void check_windows(struct scene *scene, afmon_view *view)
{
    const struct afmon_filter filter = {.wants = wants};
    double values[SAMPLES];
    for (int round = 0; round < 40; round++) {
        int64_t window_us = (int64_t)draw(120000000);
        int64_t since = scene->samples[draw(scene->count)].wall_us;
        int64_t now = since + window_us;
        afmon_aggregate aggregate;
        size_t count = naive(scene, since, INT64_MAX, false, values); /* a live window has no end */
        assert_int_equal(afmon_store_aggregate(scene->store, "error_rate", 10, now, window_us, true, &aggregate), 0);
        assert_int_equal(aggregate.count, count);
        assert_float_equal(aggregate.sum, sum_of(values, count), 1e-9);
        assert_float_equal(aggregate.p50, median_of(values, count), 1e-12);
        count = naive(scene, since, INT64_MAX, true, values);
        assert_int_equal(
            afmon_store_filtered(scene->store, "error_rate", 10, now, window_us, &filter, NULL, 0, &aggregate, NULL),
            0);
        assert_int_equal(aggregate.count, count);
        assert_float_equal(aggregate.sum, sum_of(values, count), 1e-9);
        count = naive(scene, since, now, false, values);
        afmon_window window = {.since_ns = since * 1000, .until_ns = now * 1000};
        assert_int_equal(afmon_view_aggregate(view, "error_rate", window, &aggregate), 0);
        assert_int_equal(aggregate.count, count);
        assert_float_equal(aggregate.sum, sum_of(values, count), 1e-9);
    }
}

static int judged(void *user, size_t number, const struct afmon_walk_pass *pass)
{
    struct scene *scene = user;
    double values[SAMPLES];
    const afmon_alert_rule *rule = &scene->rules[number];
    int64_t window_us = (int64_t)(rule->window_s * 1e6);
    int64_t until_us = pass->time_ns / 1000;
    size_t count = naive(scene, until_us - window_us, until_us, rule->where_count > 0, values);
    assert_int_equal(pass->finding->data.count, count);
    assert_float_equal(pass->finding->data.sum, sum_of(values, count), 1e-9);
    if (rule->aggregate == AFMON_RULE_QUANTILE && count > 0)
        assert_float_equal(pass->finding->quantile, median_of(values, count), 1e-12);
    scene->judged[number] += pass->step.judged ? 1 : 0;
    return 0;
}

static uint64_t passes_with_samples(const struct scene *scene, const afmon_view *view, const afmon_alert_rule *rule)
{
    struct afmon_passes passes;
    afmon_view_info info;
    double values[SAMPLES];
    uint64_t count = 0;
    afmon_view_get_info(view, &info);
    afmon_passes_init(&passes, info.first_ns, info.last_ns, (uint64_t)PASS_US * 1000);
    for (uint64_t i = 0; i < passes.count; i++) {
        int64_t until_us = afmon_pass_time(&passes, i) / 1000;
        int64_t since_us = until_us - (int64_t)(rule->window_s * 1e6);
        count += naive(scene, since_us, until_us, rule->where_count > 0, values) > 0 ? 1 : 0;
    }
    return count;
}

static void check_replay(struct scene *scene, afmon_view *view)
{
    for (size_t i = 0; i < RULES; i++) {
        afmon_alert_rule_init(&scene->rules[i]);
        scene->rules[i].name = i == 0 ? "a" : i == 1 ? "b" : "c";
        scene->rules[i].metric = "error_rate";
        scene->rules[i].comparison = AFMON_RULE_ABOVE;
        scene->rules[i].limit = 3;
        scene->rules[i].window_s = (double)(1 + draw(100));
        scene->judged[i] = 0;
    }
    scene->where = afmon_bool("wanted", true);
    scene->rules[1].where = &scene->where;
    scene->rules[1].where_count = 1;
    scene->rules[2].aggregate = AFMON_RULE_QUANTILE;
    scene->rules[2].quantile = 0.5;
    struct afmon_replay_options options = {.rules = scene->rules,
                                           .rule_count = RULES,
                                           .interval_ns = (int64_t)PASS_US * 1000,
                                           .judged = judged,
                                           .user = scene};
    assert_int_equal(afmon_replay(view, &options, NULL), AFMON_OK);
    for (size_t i = 0; i < RULES; i++)
        assert_int_equal(scene->judged[i], passes_with_samples(scene, view, &scene->rules[i]));
}

static void every_window_is_the_naive_one(void **state)
{
    (void)state;
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    for (int round = 0; round < 100; round++) {
        draw_scene(scene);
        fill(scene);
        afmon_view *view;
        assert_int_equal(afmon_view_new(scene->store, NULL, 0, &view, NULL), AFMON_OK);
        check_windows(scene, view);
        check_replay(scene, view);
        afmon_view_close(view);
        afmon_store_release(scene->store);
    }
    free(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sixteen_percent_stay_sixteen),
        cmocka_unit_test(alone_they_count),
        cmocka_unit_test(an_attempt_that_was_tried_again_is_not_marked),
        cmocka_unit_test(bare_samples_count_where_no_tracked_ones_are_whatever_is_asked_for),
        cmocka_unit_test(every_window_is_the_naive_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What a follower adds up, from the newest part of a run to the oldest: the same as what a view of the whole run has.
 */
#include "fail_alloc.h"
#include "run_folder.h"

#include <malloc.h>
#include <math.h>
#include <time.h>

#include "live/live.h"
#include "prometheus/text.h"

#define S INT64_C(1000000000)
#define BASE (INT64_C(1700000000) * S)

/* ---- Runs ---- */

static uint64_t random_state = 1;

static unsigned random_below(unsigned limit)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return (unsigned)((random_state >> 33) % limit);
}

static FILE *create(const char *folder, const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    return file;
}

/* What afterimage's lines may end in, with their time in front. */
#define FOREIGN_END "\"note\": \"the same at the end of every line\", "

struct writing {
    FILE *file;
    int64_t time_ns;
    bool foreign; /* as afterimage writes it: time in front of the metadata, and without a zone */
};

static void put(const struct writing *writing, const char *metric, double value, const char *metadata)
{
    char at[40];
    time_t seconds = (time_t)(writing->time_ns / S);
    struct tm parts;
    size_t length = strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%S", gmtime_r(&seconds, &parts));
    snprintf(at + length, sizeof at - length, ".%06d", (int)(writing->time_ns % S / 1000));
    if (writing->foreign)
        fprintf(writing->file, "{\"metric\": \"%s\", \"value\": %.17g, \"timestamp\": \"%s\"%s%.*s}\n", metric, value,
                at, metadata[0] != '\0' ? ", " : "", metadata[0] != '\0' ? (int)strlen(metadata) - 2 : 0, metadata);
    else
        fprintf(writing->file, "{\"metric\": \"%s\", \"value\": %.17g, %s\"timestamp\": \"%s+00:00\"}\n", metric, value,
                metadata, at);
}

static void put_api_error(const struct writing *writing, const char *metadata)
{
    char more[512];
    static const char *const types[] = {"timeout", "rate_limit", "a\\\"b"};
    snprintf(more, sizeof more, "\"error_type\": \"%s\", \"status\": %u, %s", types[random_below(3)],
             500 + random_below(3), metadata);
    put(writing, "api_errors", 1, more);
}

/* Metrics of a program's own, that only begin or end like those of tracked calls, at the time of a call. */
static void put_own(const struct writing *writing)
{
    static const char *const names[] = {"error_rate_budget_left", "success_rate_goal", "api_errors_left",
                                        "my_error_rate",          "model_usage:",      "finish_reason:",
                                        "evaluation_score_",      "wall_time",         "generation_time_limit"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        put(writing, names[i], random_below(3), "\"error_type\": \"no error\", \"model_name\": \"no model\", ");
}

/* As a tracked generation is written (src/ingest/expand_generation.c). */
static void put_generation(const struct writing *writing, unsigned failing_percent)
{
    char metadata[256], named[512];
    bool failed = random_below(100) < failing_percent;
    snprintf(metadata, sizeof metadata, "\"component\": \"c%u\", \"operation\": \"op%u\", \"mix_id\": %u, %s",
             random_below(2), random_below(5), random_below(100000), writing->foreign ? FOREIGN_END : "");
    snprintf(named, sizeof named, "\"model_name\": \"model-%u\", %s", random_below(3), metadata);
    put(writing, "generation_time", (1 + random_below(64000)) / 6400.1, metadata);
    put(writing, "success_rate", failed ? 0 : 1, metadata);
    put(writing, "error_rate", failed ? 1 : 0, metadata);
    if (failed)
        put_api_error(writing, metadata);
    put(writing, random_below(2) ? "model_usage:model-0" : "model_usage:model-1", 1, metadata);
    put(writing, failed ? "finish_reason:error" : "finish_reason:stop", 1, metadata);
    put(writing, "prompt_token_count", random_below(5000), named);
    put(writing, "completion_token_count", random_below(500), named);
    put(writing, "total_token_count", random_below(5500), named);
    if (random_below(4) == 0)
        put(writing, "conversation_length", 1 + random_below(5), metadata);
    if (random_below(4) == 0)
        put_own(writing);
}

static void put_evaluation(const struct writing *writing)
{
    char metadata[256];
    bool failed = random_below(10) == 0;
    snprintf(metadata, sizeof metadata, "\"evaluator_type\": \"judge%u\", \"success\": %s, %s", random_below(2),
             failed ? "false" : "true", writing->foreign ? FOREIGN_END : "");
    put(writing, "evaluation_time", (1 + random_below(640)) / 640.1, metadata);
    put(writing, "evaluation_error_rate", failed ? 1 : 0, metadata);
    put(writing, "evaluation_score_overall", random_below(11) / 2.0, metadata);
}

/* Some minutes of work: calls come step_ns apart, some of them at the same time. */
static void write_run(const char *folder, const char *name, unsigned seed, size_t calls, bool foreign)
{
    random_state = seed;
    unsigned failing_percent = random_below(60);
    int64_t step_ns = 1000000 + (int64_t)random_below(400) * 1000000;
    struct writing writing = {create(folder, name), BASE + (int64_t)seed * 1000, foreign};
    for (size_t i = 0; i < calls; i++) {
        if (random_below(5) > 0)
            put_generation(&writing, i > calls / 2 ? failing_percent : failing_percent / 4);
        else
            put_evaluation(&writing);
        if (random_below(10) > 0)
            writing.time_ns += step_ns;
        if (!foreign && random_below(50) == 0)
            put(&writing, "my_own", random_below(9), "");
        if (!foreign && random_below(200) == 0)
            fputs("no sample\n", writing.file);
        writing.time_ns += random_below(10) > 0 ? 1000000 : 0;
    }
    fclose(writing.file);
}

static afmon_live *follow(const char *folder)
{
    afmon_live *live = NULL;
    afmon_live_options options;
    afmon_live_options_init(&options);
    options.meters = true;
    assert_int_equal(afmon_live_open(folder, &options, &live, NULL), AFMON_OK);
    return live;
}

/* Updates, a small piece at a time, until all is read and at rest. */
static size_t load(afmon_live *live)
{
    afmon_live_info info;
    size_t updates = 0;
    uint64_t before;
    do {
        afmon_live_get_info(live, &info);
        before = info.revision;
        assert_int_equal(afmon_live_update(live, 0, NULL), AFMON_OK);
        afmon_live_get_info(live, &info);
        updates++;
    } while (info.revision != before);
    assert_true(info.loaded == 1);
    return updates;
}

/* A follower looks now and then whether the run's processes live. */
static void load_to_end(afmon_live *live)
{
    afmon_live_info info;
    do {
        usleep(1000);
        load(live);
        afmon_live_get_info(live, &info);
    } while (info.state != AFMON_LIVE_ENDED);
}

/* ---- Summaries ---- */

static void same(double ours, double theirs)
{
    if (!(fabs(ours - theirs) <= 1e-9 * fabs(theirs)))
        fail_msg("%.17g is not %.17g", ours, theirs);
}

static void near_to(double ours, double theirs, double error)
{
    if (!(fabs(ours - theirs) <= (error + 1e-9) * fabs(theirs)))
        fail_msg("%.17g is not within %g of %.17g", ours, error, theirs);
}

static void same_distribution(const afmon_distribution *ours, const afmon_distribution *theirs)
{
    double error = ours->quantile_error + theirs->quantile_error;
    assert_int_equal(ours->count, theirs->count);
    assert_int_equal(ours->not_finite, theirs->not_finite);
    same(ours->mean, theirs->mean);
    same(ours->min, theirs->min);
    same(ours->max, theirs->max);
    near_to(ours->p50, theirs->p50, error);
    near_to(ours->p90, theirs->p90, error);
    near_to(ours->p95, theirs->p95, error);
    near_to(ours->p99, theirs->p99, error);
}

static void same_lists(const afmon_run_summary *ours, const afmon_run_summary *theirs)
{
    assert_int_equal(ours->failure_count, theirs->failure_count);
    for (size_t i = 0; i < ours->failure_count; i++) {
        const afmon_failure_summary *a = &ours->failures[i], *b = &theirs->failures[i];
        assert_string_equal(a->error_type, b->error_type);
        assert_string_equal(a->operation, b->operation);
        assert_string_equal(a->message, b->message);
        assert_string_equal(a->example, b->example);
        assert_true(a->count == b->count && a->items == b->items && a->evaluation == b->evaluation);
        assert_true(a->first_ns == b->first_ns && a->last_ns == b->last_ns);
    }
    assert_int_equal(ours->retry_count, theirs->retry_count);
    for (size_t i = 0; i < ours->retry_count; i++)
        assert_int_equal(ours->retried[i].count, theirs->retried[i].count);
    assert_int_equal(ours->finish_count, theirs->finish_count);
    for (size_t i = 0; i < ours->finish_count; i++) {
        assert_string_equal(ours->finishes[i].reason, theirs->finishes[i].reason);
        assert_int_equal(ours->finishes[i].count, theirs->finishes[i].count);
    }
    assert_int_equal(ours->model_count, theirs->model_count);
    for (size_t i = 0; i < ours->model_count; i++) {
        const afmon_model_summary *a = &ours->models[i], *b = &theirs->models[i];
        assert_string_equal(a->model_name, b->model_name);
        assert_true(a->calls == b->calls && a->prompt_tokens == b->prompt_tokens &&
                    a->completion_tokens == b->completion_tokens && a->total_tokens == b->total_tokens);
        same(a->share, b->share);
    }
    assert_int_equal(ours->operation_count, theirs->operation_count);
    for (size_t i = 0; i < ours->operation_count; i++) {
        const afmon_operation_summary *a = &ours->operations[i], *b = &theirs->operations[i];
        assert_string_equal(a->component, b->component);
        assert_string_equal(a->operation, b->operation);
        assert_true(a->evaluation == b->evaluation && a->count == b->count && a->failures == b->failures &&
                    a->prompt_tokens == b->prompt_tokens && a->total_tokens == b->total_tokens);
        same_distribution(&a->duration_s, &b->duration_s);
    }
    assert_int_equal(ours->score_count, theirs->score_count);
    for (size_t i = 0; i < ours->score_count; i++) {
        assert_string_equal(ours->scores[i].evaluator_type, theirs->scores[i].evaluator_type);
        assert_string_equal(ours->scores[i].name, theirs->scores[i].name);
        same_distribution(&ours->scores[i].score, &theirs->scores[i].score);
    }
}

static void same_summary(const afmon_run_summary *ours, const afmon_run_summary *theirs)
{
    assert_int_equal(ours->verdict, theirs->verdict);
    assert_int_equal(ours->reason_count, theirs->reason_count);
    assert_int_equal(ours->warning_count, theirs->warning_count);
    for (size_t i = 0; i < ours->warning_count; i++)
        assert_string_equal(ours->warnings[i].text, theirs->warnings[i].text);
    assert_true(ours->first_ns == theirs->first_ns && ours->last_ns == theirs->last_ns);
    assert_int_equal(ours->sample_count, theirs->sample_count);
    assert_int_equal(ours->metric_count, theirs->metric_count);
    assert_int_equal(ours->file_count, theirs->file_count);
    assert_int_equal(ours->live, theirs->live);
    assert_int_equal(ours->calls, theirs->calls);
    assert_int_equal(ours->call_failures, theirs->call_failures);
    assert_int_equal(ours->evaluations, theirs->evaluations);
    assert_int_equal(ours->evaluation_failures, theirs->evaluation_failures);
    assert_int_equal(ours->recent_calls, theirs->recent_calls);
    assert_int_equal(ours->recent_call_failures, theirs->recent_call_failures);
    assert_int_equal(ours->total_tokens, theirs->total_tokens);
    same(ours->calls_per_s, theirs->calls_per_s);
    same(ours->tokens_per_s, theirs->tokens_per_s);
    same_distribution(&ours->latency_s, &theirs->latency_s);
    same_distribution(&ours->evaluation_time_s, &theirs->evaluation_time_s);
    same_distribution(&ours->conversation_length, &theirs->conversation_length);
    same_lists(ours, theirs);
    assert_int_equal(ours->alert_count, theirs->alert_count);
    for (size_t i = 0; i < ours->alert_count; i++)
        assert_memory_equal(&ours->alerts[i], &theirs->alerts[i], sizeof ours->alerts[i]);
    for (size_t i = 0; i < ours->reason_count; i++)
        assert_string_equal(ours->reasons[i].text, theirs->reasons[i].text);
}

static void compare_summaries(afmon_live *live, afmon_view *view)
{
    afmon_run_summary *ours = NULL, *theirs = NULL;
    assert_int_equal(afmon_live_summarize(live, &ours, NULL), AFMON_OK);
    assert_int_equal(afmon_view_summarize(view, NULL, &theirs, NULL), AFMON_OK);
    same_summary(ours, theirs);
    afmon_run_summary_free(ours);
    afmon_run_summary_free(theirs);
}

/* ---- Meters ---- */

struct lines {
    char *text;
    char *lines[4096];
    size_t count;
};

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Label sets come in the order in which they were met. */
static struct lines sorted(char *text)
{
    struct lines lines = {.text = text};
    for (char *save = NULL, *line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
        assert_true(lines.count < 4096);
        lines.lines[lines.count++] = line;
    }
    qsort(lines.lines, lines.count, sizeof lines.lines[0], by_text);
    return lines;
}

static int keep(void *user, const void *data, size_t size)
{
    afmon_buffer_add(user, data, size);
    return 0;
}

static void compare_meters(afmon_live *live, afmon_view *view)
{
    struct afmon_buffer ours, theirs;
    afmon_buffer_init(&ours, SIZE_MAX / 4);
    afmon_buffer_init(&theirs, SIZE_MAX / 4);
    afmon_prometheus_text(afmon_live_meters(live), NULL, AFMON_OPENMETRICS, &ours);
    assert_int_equal(afmon_prometheus_write(view, AFMON_OPENMETRICS, keep, &theirs, NULL), AFMON_OK);
    afmon_buffer_add(&ours, "", 1);
    afmon_buffer_add(&theirs, "", 1);
    struct lines a = sorted(ours.data), b = sorted(theirs.data);
    assert_true(a.count > 50);
    for (size_t i = 0; i < a.count && i < b.count; i++)
        assert_string_equal(a.lines[i], b.lines[i]);
    assert_int_equal(a.count, b.count);
    afmon_buffer_free(&ours);
    afmon_buffer_free(&theirs);
}

/* What the monitor itself counted; it has its own figures besides. */
static void compare_with_monitor(afmon_monitor *monitor, afmon_view *view)
{
    struct afmon_buffer ours, theirs;
    afmon_buffer_init(&ours, SIZE_MAX / 4);
    afmon_buffer_init(&theirs, SIZE_MAX / 4);
    assert_int_equal(afmon_prometheus_write(view, AFMON_OPENMETRICS, keep, &ours, NULL), AFMON_OK);
    assert_int_equal(afmon_monitor_prometheus_write(monitor, AFMON_OPENMETRICS, keep, &theirs, NULL), AFMON_OK);
    afmon_buffer_add(&ours, "", 1);
    afmon_buffer_add(&theirs, "", 1);
    struct lines a = sorted(ours.data), b = sorted(theirs.data);
    for (size_t i = 0, k = 0; i < a.count; i++) {
        while (k < b.count && strcmp(a.lines[i], b.lines[k]) != 0)
            k++;
        if (k == b.count)
            fail_msg("the monitor has no line %s", a.lines[i]);
    }
    afmon_buffer_free(&ours);
    afmon_buffer_free(&theirs);
}

/* ---- Tests ---- */

static void compare_all(const char *folder, size_t least_updates)
{
    afmon_view *view = NULL;
    afmon_live *live = follow(folder);
    assert_true(load(live) >= least_updates);
    assert_int_equal(afmon_view_open(folder, NULL, &view, NULL), AFMON_OK);
    compare_summaries(live, view);
    compare_meters(live, view);
    afmon_view_close(view);
    afmon_live_close(live);
}

#ifdef __SANITIZE_THREAD__
enum { RUNS = 3 }; /* all in one thread */
#else
enum { RUNS = 12 };
#endif

static void a_recorded_run_comes_to_the_same(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= RUNS; seed++) {
        char *folder = make_folder();
        write_run(folder, "metrics.jsonl", seed, seed * 200, false);
        if (seed % 3 == 0)
            write_run(folder, "metrics-0123456789abcdef.jsonl", seed + 100, seed * 50, false);
        compare_all(folder, seed > 4 ? 4 : 1);
        remove_folder(folder);
    }
}

static void so_does_a_run_of_the_peer(void **state)
{
    (void)state;
    char *folder = make_folder();
    write_run(folder, "metrics.jsonl", 7, 1500, true);
    compare_all(folder, 4);
    remove_folder(folder);
}

static void so_does_what_a_monitor_records(void **state)
{
    (void)state;
    enum { CALLS = 4000 };
    char *folder = make_folder();
    afmon_options options;
    afmon_options_init(&options);
    options.log_dir = folder;
    options.prometheus_listen = "";
    afmon_monitor *monitor = NULL;
    assert_int_equal(afmon_monitor_open(&options, &monitor, NULL), AFMON_OK);
    for (int i = 0; i < CALLS; i++) {
        afmon_field fields[] = {afmon_string("operation", i % 3 == 0 ? "ask" : "answer"), afmon_int("number", i % 50)};
        afmon_generation generation = {.duration_s = (i % 97 + 1) / 16.0,
                                       .success = i % 4 != 0,
                                       .error = i % 4 == 0 ? "no" : NULL,
                                       .error_type = i % 8 == 0 ? "timeout" : NULL,
                                       .http_status = i % 16 == 0 ? 503 : 0,
                                       .model_name = i % 5 == 0 ? "large" : "small",
                                       .finish_reason = "stop",
                                       .total_token_count = AFMON_GIVEN(i % 1000),
                                       .fields = fields,
                                       .field_count = 2};
        afmon_score score = {.name = "overall", .value = i % 11};
        afmon_evaluation evaluation = {
            .duration_s = 0.5, .success = i % 9 != 0, .evaluator_type = "judge", .scores = &score, .score_count = 1};
        assert_int_equal(afmon_track_generation(monitor, &generation), AFMON_OK);
        assert_int_equal(afmon_track_evaluation(monitor, &evaluation), AFMON_OK);
    }
    assert_int_equal(afmon_monitor_flush(monitor, 20, NULL), AFMON_OK);
    afmon_view *view = NULL;
    afmon_live *live = follow(folder);
    assert_true(load(live) > 4);
    assert_int_equal(afmon_view_open(folder, NULL, &view, NULL), AFMON_OK);
    compare_summaries(live, view);
    compare_meters(live, view);
    compare_with_monitor(monitor, view);
    afmon_view_close(view);
    afmon_monitor_close(monitor, NULL);
    assert_int_equal(afmon_view_open(folder, NULL, &view, NULL), AFMON_OK);
    load_to_end(live);
    compare_summaries(live, view);
    compare_meters(live, view);
    afmon_view_close(view);
    afmon_live_close(live);
    remove_folder(folder);
}

/* A summary may be asked for at any time, and begins anew where the files do. */
static void a_run_that_grows_is_summed_up_as_it_is(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_run_summary *summary = NULL;
    afmon_live *live = follow(folder);
    load(live);
    assert_int_equal(afmon_live_summarize(live, &summary, NULL), AFMON_OK);
    assert_int_equal(summary->verdict, AFMON_VERDICT_NO_DATA);
    afmon_run_summary_free(summary);
    for (size_t calls = 10; calls <= 3000; calls *= 17) {
        write_run(folder, "metrics.jsonl", 3, calls, false); /* the same beginning, written anew */
        afmon_view *view = NULL;
        load(live);
        assert_int_equal(afmon_view_open(folder, NULL, &view, NULL), AFMON_OK);
        compare_summaries(live, view);
        compare_meters(live, view);
        afmon_view_close(view);
    }
    FILE *log = create(folder, "afterimage.log");
    fputs("2026-11-23 10:00:00,000 - {\"message\": \"Samples or log records were dropped\", \"full\": 3, "
          "\"level\": \"warning\"}\n",
          log);
    fclose(log);
    load(live);
    assert_int_equal(afmon_live_summarize(live, &summary, NULL), AFMON_OK);
    size_t told = 0;
    for (size_t i = 0; i < summary->warning_count; i++)
        if (strcmp(summary->warnings[i].text, "3 records had to be dropped while the run went on.") == 0)
            told++;
    assert_int_equal(told, 1);
    afmon_run_summary_free(summary);
    afmon_live_close(live);
    remove_folder(folder);
}

enum { HOSTILE = 20000 };

/* Everything that a run may invent, over decades, with values of all sizes. */
static void write_hostile(const char *folder)
{
    enum { LINES = 1200 };
    static char filler[9000];
    struct writing writing = {create(folder, "metrics.jsonl"), 0, false};
    char name[128], metadata[512];
    random_state = 99;
    for (int i = 0; i < HOSTILE; i++) {
        writing.time_ns = BASE + (int64_t)(exp(random_below(100000) / 100000.0 * 41) * 1.0); /* dense, and for years */
        double value = exp((double)random_below(600) / 10 - 30);
        snprintf(metadata, sizeof metadata,
                 "\"operation\": \"a rather long name of an operation, number %d\", \"component\": \"c%d\", "
                 "\"model_name\": \"a model with a long name %d\", \"error_type\": \"e%d\", \"evaluator_type\": "
                 "\"judge%d\", \"success\": false, ",
                 i % 1500, i % 1500, i % 1500, i % 1500, i % 1500);
        put(&writing, "generation_time", value, metadata);
        put(&writing, "evaluation_time", value, metadata);
        put(&writing, "other_time", value, metadata);
        put(&writing, "api_errors", 1, metadata);
        put(&writing, "prompt_token_count", value, metadata);
        put(&writing, "evaluation_score_overall", value, metadata);
        snprintf(name, sizeof name, "metric_%d", i % 1500);
        put(&writing, name, value, "");
        snprintf(name, sizeof name, "model_usage:another model %d", i % 1500);
        put(&writing, name, 1, metadata);
    }
    fclose(writing.file);
    FILE *log = create(folder, "afterimage.log");
    memset(filler, 'x', sizeof filler - 1);
    for (int i = 0; i < LINES; i++)
        fprintf(log, "2026-11-23 10:00:00,000 - {\"message\": \"%s\", \"more\": \"%s\", \"level\": \"info\"}\n",
                i % 2 ? "Generation metrics" : filler, filler);
    fclose(log);
}

static void memory_is_bounded_whatever_a_run_invents(void **state)
{
    (void)state;
    char *folder = make_folder();
    write_hostile(folder);
    size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    afmon_live *live = follow(folder);
    load(live);
    size_t taken = mallinfo2().uordblks + mallinfo2().hblkhd - before;
    afmon_live_info info;
    afmon_live_get_info(live, &info);
    print_message("%.1f MiB told, %.1f MiB taken\n", (double)info.memory_bytes / 1048576, (double)taken / 1048576);
    assert_true(info.memory_bytes <= AFMON_LIVE_BYTES);
    assert_int_equal(info.sample_count, 8 * HOSTILE);
    afmon_aggregate aggregate;
    afmon_bucket buckets[64];
    size_t count;
    int64_t width_ns;
    assert_int_equal(afmon_live_aggregate(live, "generation_time", AFMON_WINDOW_ALL, &aggregate, NULL), AFMON_OK);
    assert_int_equal(aggregate.count, HOSTILE); /* what all runs have is there in any case, with its chart */
    assert_int_equal(afmon_live_buckets(live, "prompt_token_count", AFMON_WINDOW_ALL, 64, buckets, &count, &width_ns),
                     AFMON_OK);
    uint64_t charted = 0;
    for (size_t i = 0; i < count; i++)
        charted += buckets[i].count;
    assert_int_equal(charted, HOSTILE);
    if (taken > 0) /* not so under sanitizers */
        assert_true(taken <= AFMON_LIVE_BYTES && taken < info.memory_bytes + info.memory_bytes / 8);
    afmon_live_close(live);
    remove_folder(folder);
}

static void bad_arguments_are_refused(void **state)
{
    (void)state;
    afmon_run_summary *summary = NULL;
    afmon_live *live = follow("/nowhere");
    assert_int_equal(afmon_live_summarize(live, NULL, NULL), AFMON_E_ARGUMENT);
    assert_int_equal(afmon_live_summarize(NULL, &summary, NULL), AFMON_E_ARGUMENT);
    assert_null(summary);
    afmon_live_close(live);
    assert_int_equal(afmon_live_open("/nowhere", NULL, &live, NULL), AFMON_OK);
    assert_null(afmon_live_meters(live)); /* not asked for */
    afmon_live_close(live);
}

/* Those of a follower that nothing happens to. */
static size_t warnings_of(const char *folder)
{
    afmon_run_summary *summary = NULL;
    afmon_live *live = follow(folder);
    load(live);
    assert_int_equal(afmon_live_summarize(live, &summary, NULL), AFMON_OK);
    size_t count = summary->warning_count;
    afmon_run_summary_free(summary);
    afmon_live_close(live);
    return count;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    char *folder = make_folder();
    write_run(folder, "metrics.jsonl", 5, 40, false);
    size_t warnings = warnings_of(folder);
    for (long n = 1;; n++) {
        afmon_live *live = NULL;
        afmon_live_options options;
        afmon_live_options_init(&options);
        options.meters = true;
        afmon_run_summary *summary = NULL;
        fail_alloc_at(n);
        afmon_status status = afmon_live_open(folder, &options, &live, NULL);
        if (status == AFMON_OK)
            status = afmon_live_update(live, 0, NULL);
        if (status == AFMON_OK)
            status = afmon_live_summarize(live, &summary, NULL);
        bool failed = fail_alloc_stop();
        afmon_run_summary_free(summary);
        assert_true(status == AFMON_OK || status == AFMON_E_NO_MEMORY);
        if (live != NULL) {
            load(live);
            assert_int_equal(afmon_live_summarize(live, &summary, NULL), AFMON_OK);
            assert_int_equal(summary->warning_count, warnings);
            afmon_run_summary_free(summary);
        }
        afmon_live_close(live);
        if (!failed)
            break;
    }
    remove_folder(folder);
}

int main(void)
{
    setenv("TZ", "UTC", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recorded_run_comes_to_the_same),
        cmocka_unit_test(so_does_a_run_of_the_peer),
        cmocka_unit_test(so_does_what_a_monitor_records),
        cmocka_unit_test(a_run_that_grows_is_summed_up_as_it_is),
        cmocka_unit_test(memory_is_bounded_whatever_a_run_invents),
        cmocka_unit_test(bad_arguments_are_refused),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

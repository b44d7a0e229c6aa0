#include "check.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "fail_alloc.h"
#include "live/cells.h"
#include "run_folder.h"

#define S INT64_C(1000000000)
#define BASE (INT64_C(1700000000) * S)

/* ---- Help ---- */

static void append(const char *folder, const char *name, const char *text)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "ab");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    fclose(file);
}

static void time_text(char out[40], int64_t ns)
{
    time_t seconds = (time_t)(ns / S);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    size_t length = strftime(out, 40, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(out + length, 40 - length, ".%06d+00:00", (int)(ns % S / 1000));
}

static void append_sample(const char *folder, const char *file, const char *metric, double value, const char *metadata,
                          int64_t ns)
{
    char line[512], at[40];
    time_text(at, ns);
    snprintf(line, sizeof line, "{\"metric\": \"%s\", \"value\": %.17g, %s\"timestamp\": \"%s\"}\n", metric, value,
             metadata, at);
    append(folder, file, line);
}

static afmon_live *follow(const char *folder)
{
    afmon_live *live = NULL;
    assert_int_equal(afmon_live_open(folder, NULL, &live, NULL), AFMON_OK);
    return live;
}

/* Updates, a small piece at a time, until all is read. */
static void load(afmon_live *live)
{
    afmon_live_info info;
    uint64_t before;
    do {
        afmon_live_get_info(live, &info);
        before = info.revision;
        assert_int_equal(afmon_live_update(live, 0, NULL), AFMON_OK);
        afmon_live_get_info(live, &info);
    } while (info.revision != before);
    assert_true(info.loaded == 1);
}

static afmon_live_info info_of(const afmon_live *live)
{
    afmon_live_info info;
    afmon_live_get_info(live, &info);
    return info;
}

static double count_of_metric(afmon_live *live, const char *name)
{
    afmon_aggregate aggregate;
    assert_int_equal(afmon_live_aggregate(live, name, AFMON_WINDOW_ALL, &aggregate, NULL), AFMON_OK);
    return (double)aggregate.count;
}

/* A run of many lines, longer than what is read first. */
static void write_run(const char *folder, const char *name, size_t count, int64_t step_ns, unsigned seed)
{
    char path[1024], at[40];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (size_t i = 0; i < count; i++) {
        double value = 0.1 + (double)((i * 7919 + seed) % 1000) / 100;
        time_text(at, BASE + (int64_t)i * step_ns);
        fprintf(
            file,
            "{\"metric\": \"generation_time\", \"value\": %.17g, \"operation\": \"op%zu\", \"timestamp\": \"%s\"}\n",
            value, i % 5, at);
    }
    fclose(file);
}

/* ---- Cells ---- */

struct seen {
    struct afmon_time_bucket sum;
    uint64_t cells; /* a sum that may wrap */
    uint64_t held;  /* values in sketches */
};

static bool see(void *user, int64_t first, int64_t width, const struct afmon_time_bucket *cell,
                const struct afmon_sketch *sketch)
{
    struct seen *seen = user;
    (void)first;
    assert_true(width >= 1);
    assert_non_null(sketch);
    afmon_cell_merge(&seen->sum, cell);
    seen->cells += (uint64_t)first * (uint64_t)width + cell->count;
    seen->held += afmon_sketch_count(sketch);
    return true;
}

static struct seen see_all(const struct afmon_cells *cells)
{
    struct seen seen = {0};
    assert_true(afmon_cells_each(cells, INT64_MIN / AFMON_QUARTER_NS, INT64_MAX / AFMON_QUARTER_NS, see, &seen));
    return seen;
}

/* What is kept depends on the samples, not on their order: here forwards, backwards, and mixed, over spans from seconds
 * to centuries. */
static void cells_do_not_depend_on_the_order(void **state)
{
    (void)state;
    enum { COUNT = 3000 };
    static const int64_t steps[] = {S / 1000, S / 3, 7 * S, 3600 * S, 2000000 * S};
    for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++) {
        struct afmon_cells forward = {.timed = true}, backward = {.timed = true}, mixed = {.timed = true};
        for (int i = 0; i < COUNT; i++) {
            int other = (i * 1237) % COUNT;
            assert_true(afmon_cells_add(&forward, BASE + i * steps[s] - 900 * steps[s], i));
            assert_true(afmon_cells_add(&backward, BASE + (COUNT - 1 - i) * steps[s] - 900 * steps[s], COUNT - 1 - i));
            assert_true(afmon_cells_add(&mixed, BASE + other * steps[s] - 900 * steps[s], other));
        }
        struct seen a = see_all(&forward), b = see_all(&backward), c = see_all(&mixed);
        assert_int_equal(a.sum.count, COUNT);
        assert_int_equal(a.held, COUNT);
        assert_memory_equal(&a, &b, sizeof a);
        assert_memory_equal(&a, &c, sizeof a);
        afmon_cells_free(&forward);
        afmon_cells_free(&backward);
        afmon_cells_free(&mixed);
    }
}

/* ---- Accounts ---- */

/* Where the account has nothing left optional cells are given up, and sketches take no more than there is. */
static void cells_keep_to_their_account(void **state)
{
    (void)state;
    enum { LEVEL = AFMON_CELLS * (int)sizeof(struct afmon_time_bucket), ROOM = 200000 };
    struct afmon_cell_account account = {.left = 2 * LEVEL, .room = ROOM};
    struct afmon_cells chart = {.optional = true, .account = &account}, needed = {.timed = true, .account = &account};
    for (int i = 0; i < 400; i++) {
        assert_true(afmon_cells_add(&chart, BASE + i * S, i));
        assert_true(afmon_cells_add(&needed, BASE + i * S, i % 2 ? 0.001 : 1000));
    }
    assert_true(!chart.given_up && account.left == 0 && account.room < ROOM);
    for (int i = 400; i < 40000; i++) {
        assert_true(afmon_cells_add(&chart, BASE + i * S, i));
        assert_true(afmon_cells_add(&needed, BASE + i * S, i % 2 ? 0.001 : 1000));
    }
    assert_true(chart.given_up && afmon_cells_bytes(&chart) == 0 && account.left == 2 * LEVEL);
    assert_true(account.room <= ROOM);
    size_t before = afmon_cells_bytes(&needed), left = account.room;
    account.sketch_max = AFMON_SKETCH_BYTES_MIN;
    afmon_cells_narrow(&needed);
    assert_true(afmon_cells_bytes(&needed) < before);
    assert_true(account.room > left && account.room - left <= before - afmon_cells_bytes(&needed));
    assert_int_equal(see_all(&needed).sum.count, 40000);
    assert_int_equal(see_all(&needed).held, 40000);
    afmon_cells_free(&chart);
    afmon_cells_free(&needed);
    assert_int_equal(account.room, ROOM);
}

/* ---- Following ---- */

static void a_run_grows_from_nothing(void **state)
{
    (void)state;
    char *parent = make_folder();
    char folder[512];
    snprintf(folder, sizeof folder, "%s/later", parent);
    afmon_live *live = follow(folder);
    load(live);
    assert_int_equal(info_of(live).state, AFMON_LIVE_WAITING);
    assert_int_equal(mkdir(folder, 0777), 0);
    load(live);
    afmon_monitor *monitor = open_on(folder);
    load(live);
    assert_int_equal(info_of(live).state, AFMON_LIVE_WAITING);
    for (int i = 0; i < 100; i++) {
        afmon_field fields[] = {afmon_string("operation", i % 2 ? "ask" : "answer")};
        afmon_generation generation = {.duration_s = 0.5 + i * 0.01,
                                       .success = i % 10 != 0,
                                       .error = i % 10 == 0 ? "no" : NULL,
                                       .model_name = "m",
                                       .completion_token_count = AFMON_GIVEN(10),
                                       .fields = fields,
                                       .field_count = 1};
        assert_int_equal(afmon_track_generation(monitor, &generation), AFMON_OK);
    }
    assert_int_equal(afmon_monitor_flush(monitor, 5, NULL), AFMON_OK);
    load(live);
    afmon_live_info info = info_of(live);
    assert_int_equal(info.state, AFMON_LIVE_RUNNING);
    assert_int_equal(count_of_metric(live, "generation_time"), 100);
    afmon_monitor_close(monitor, NULL);
    usleep(300000); /* the sessions are looked at four times a second */
    load(live);
    assert_int_equal(info_of(live).state, AFMON_LIVE_ENDED);

    afmon_live_rate rates[8];
    size_t count;
    assert_int_equal(afmon_live_operations(live, 60, rates, 8, &count), AFMON_OK);
    assert_int_equal(count, 2);
    assert_int_equal(rates[0].calls + rates[1].calls, 100);
    assert_int_equal(rates[0].failures + rates[1].failures, 10);
    assert_int_equal(afmon_live_models(live, 60, rates, 8, &count), AFMON_OK);
    assert_int_equal(count, 1);
    assert_text(rates[0].name, rates[0].name_length, "m");
    assert_true(rates[0].completion_tokens == 1000 && rates[0].calls == 100);

    /* The same as a view has. */
    afmon_view *view = NULL;
    assert_int_equal(afmon_view_open(folder, NULL, &view, NULL), AFMON_OK);
    afmon_view_info facts;
    afmon_view_get_info(view, &facts);
    assert_int_equal(info_of(live).sample_count, facts.sample_count);
    assert_int_equal(info_of(live).metric_count, facts.metric_count);
    assert_true(info_of(live).first_ns == facts.first_ns && info_of(live).last_ns == facts.last_ns);
    for (size_t i = 0; i < facts.metric_count; i++) {
        afmon_aggregate ours, theirs;
        const char *name = afmon_view_metric_name(view, i, NULL);
        assert_string_equal(name, afmon_live_metric_name(live, i, NULL));
        assert_int_equal(afmon_view_aggregate(view, name, AFMON_WINDOW_ALL, &theirs), AFMON_OK);
        assert_int_equal(afmon_live_aggregate(live, name, AFMON_WINDOW_ALL, &ours, NULL), AFMON_OK);
        assert_true(ours.count == theirs.count && ours.min == theirs.min && ours.max == theirs.max);
        assert_true(fabs(ours.mean - theirs.mean) < 1e-9 && ours.p50 == theirs.p50 && ours.p90 == theirs.p90 &&
                    ours.p99 == theirs.p99 && !ours.approximate);
    }
    afmon_view_close(view);
    afmon_live_close(live);
    remove_folder(parent);
}

/* The newest part first, then the rest: at the end the same as what one gets who was there from the beginning. */
static void newest_first_comes_to_the_same(void **state)
{
    (void)state;
    enum { COUNT = 40000 };
    char *folder = make_folder();
    write_run(folder, "metrics.jsonl", 1, S / 7, 1);
    write_run(folder, "metrics-0123456789abcdef.jsonl", 1, S / 3, 2);
    afmon_live *other = follow(folder);
    load(other);
    assert_int_equal(info_of(other).sample_count, 2);
    write_run(folder, "metrics.jsonl", COUNT, S / 7, 1);
    write_run(folder, "metrics-0123456789abcdef.jsonl", COUNT / 2, S / 3, 2);
    afmon_live *live = follow(folder);
    assert_int_equal(afmon_live_update(live, 0, NULL), AFMON_OK);
    afmon_live_info first = info_of(live);
    assert_true(first.loaded > 0 && first.loaded < 1 && first.sample_count > 0 && first.sample_count < COUNT);
    assert_int_equal(first.last_ns, BASE + (int64_t)(COUNT / 2 - 1) * (S / 3) / 1000 * 1000);
    load(live);
    assert_int_equal(info_of(live).sample_count, COUNT + COUNT / 2);

    load(other);
    assert_int_equal(info_of(other).sample_count, COUNT + COUNT / 2);

    afmon_bucket a[300], b[300];
    size_t a_count, b_count;
    int64_t a_width, b_width;
    static const int64_t sinces[] = {0, BASE, BASE + 5000 * S, BASE + 6600 * S};
    for (size_t i = 0; i < 4; i++) {
        afmon_window window = {sinces[i], INT64_MAX};
        assert_int_equal(afmon_live_buckets(live, "generation_time", window, 300, a, &a_count, &a_width), AFMON_OK);
        assert_int_equal(afmon_live_buckets(other, "generation_time", window, 300, b, &b_count, &b_width), AFMON_OK);
        assert_true(a_count == b_count && a_width == b_width && a_count > 20);
        for (size_t k = 0; k < a_count; k++) {
            assert_true(a[k].start_ns == b[k].start_ns && a[k].count == b[k].count && a[k].p90 == b[k].p90);
            assert_true(a[k].start_ns % a_width == 0 && fabs(a[k].sum - b[k].sum) < 1e-6);
        }
    }
    afmon_live_close(other);
    afmon_live_close(live);
    remove_folder(folder);
}

/* Names that only end like them take no place from the times of tracked calls. */
static void times_have_quantiles_whatever_else_ends_in_time(void **state)
{
    (void)state;
    static const char *const names[] = {"a_time",          "b_time",          "c_time", "d_time",
                                        "generation_time", "evaluation_time", "e_time"};
    char *folder = make_folder();
    for (int i = 0; i < 7 * 8; i++)
        append_sample(folder, "metrics.jsonl", names[i / 8], 1 + i % 8, "", BASE + i * S);
    afmon_live *live = follow(folder);
    load(live);
    for (int i = 4; i < 6; i++) {
        afmon_aggregate aggregate;
        assert_int_equal(afmon_live_aggregate(live, names[i], (afmon_window){BASE, BASE + 100 * S}, &aggregate, NULL),
                         AFMON_OK);
        assert_true(aggregate.count == 8 && aggregate.p50 > 4 && aggregate.p50 < 5);
    }
    afmon_live_close(live);
    remove_folder(folder);
}

static void buckets_are_what_is_in_the_files(void **state)
{
    (void)state;
    enum { COUNT = 2000 };
    char *folder = make_folder();
    write_run(folder, "metrics.jsonl", COUNT, S / 10, 3); /* 200 s */
    afmon_live *live = follow(folder);
    load(live);
    afmon_bucket buckets[256];
    size_t count;
    int64_t width;
    assert_int_equal(afmon_live_buckets(live, "generation_time", AFMON_WINDOW_ALL, 256, buckets, &count, &width),
                     AFMON_OK);
    assert_int_equal(width, S);
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++) {
        assert_true(buckets[i].count == 10);
        total += buckets[i].count;
        assert_true(buckets[i].min <= buckets[i].p50 && buckets[i].p50 <= buckets[i].p90 &&
                    buckets[i].p99 <= buckets[i].max);
    }
    assert_int_equal(total, COUNT);
    afmon_aggregate aggregate;
    afmon_window covered;
    assert_int_equal(afmon_live_aggregate(live, "generation_time", (afmon_window){BASE + 190 * S, INT64_MAX / 2},
                                          &aggregate, &covered),
                     AFMON_OK);
    assert_int_equal(aggregate.count, 100);
    assert_int_equal(covered.since_ns, BASE + 190 * S);
    assert_int_equal(afmon_live_aggregate(live, "nothing", AFMON_WINDOW_ALL, &aggregate, NULL), AFMON_OK);
    assert_false(aggregate.known);
    afmon_live_close(live);
    remove_folder(folder);
}

static void torn_lines_and_what_is_no_sample(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_live *live = follow(folder);
    append_sample(folder, "metrics.jsonl", "a", 1, "", BASE);
    append(folder, "metrics.jsonl", "{\"metric\": \"a\", \"val");
    load(live);
    assert_int_equal(info_of(live).sample_count, 1);
    assert_int_equal(info_of(live).problem_count, 0);
    append(folder, "metrics.jsonl", "ue\": 2.0, \"timestamp\": \"2026-11-23T09:20:35.000123+00:00\"}");
    load(live); /* whole, though its newline is missing */
    assert_int_equal(info_of(live).sample_count, 2);
    append(folder, "metrics.jsonl", "\n\nnonsense\n{\"metric\": 1}\n");
    append_sample(folder, "metrics-00000000000000aa.jsonl", "b", 3, "", BASE);
    load(live);
    assert_int_equal(info_of(live).sample_count, 3);
    assert_int_equal(info_of(live).problem_count, 2);
    assert_int_equal(info_of(live).file_count, 2);
    afmon_live_close(live);
    remove_folder(folder);
}

/* Whole as it stands, and taken; but then the line goes on, and is no sample for anybody. */
static void a_line_that_goes_on_after_all(void **state)
{
    (void)state;
    static const char *const rest[] = {"\n", " \t\r\n", " ", "x\n", "x", " }\n", "{\"metric\": 1}\n"};
    for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++) {
        char *folder = make_folder();
        afmon_live *live = follow(folder);
        append_sample(folder, "metrics.jsonl", "a", 1, "", BASE);
        append(folder, "metrics.jsonl",
               "{\"metric\": \"a\", \"value\": 2.0, \"timestamp\": \"2026-11-23T09:20:35.000123+00:00\"}");
        load(live);
        assert_int_equal(info_of(live).sample_count, 2);
        append(folder, "metrics.jsonl", rest[i]);
        load(live);
        load(live);
        assert_int_equal(info_of(live).sample_count, i < 3 ? 2 : 1);
        append(folder, "metrics.jsonl", "\n");
        append_sample(folder, "metrics.jsonl", "a", 3, "", BASE);
        load(live);
        assert_int_equal(info_of(live).sample_count, i < 3 ? 3 : 2);
        afmon_live_close(live);
        remove_folder(folder);
    }
}

static void a_folder_may_vanish_and_come_back(void **state)
{
    (void)state;
    char *parent = make_folder();
    char folder[512], command[600];
    snprintf(folder, sizeof folder, "%s/run", parent);
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    afmon_live *live = follow(folder);
    for (int i = 0; i < 3; i++) {
        afmon_run_summary *summary = NULL;
        assert_int_equal(mkdir(folder, 0777), 0);
        append_sample(folder, "metrics.jsonl", "generation_time", 1, "", BASE + i * S);
        load(live);
        assert_int_equal(info_of(live).sample_count, 1);
        assert_int_equal(info_of(live).first_ns, BASE + i * S);
        assert_int_equal(system(command), 0);
        assert_int_equal(afmon_live_update(live, 0, NULL), AFMON_OK);
        assert_int_equal(afmon_live_summarize(live, &summary, NULL), AFMON_OK); /* at any time */
        assert_int_equal(summary->verdict, AFMON_VERDICT_NO_DATA);
        afmon_run_summary_free(summary);
        load(live);
        assert_int_equal(info_of(live).sample_count, 0);
        assert_int_equal(info_of(live).state, AFMON_LIVE_WAITING);
    }
    afmon_live_close(live);
    remove_folder(parent);
}

static void a_file_that_is_cut_back_is_read_again(void **state)
{
    (void)state;
    char *folder = make_folder();
    char path[1024];
    snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
    afmon_live *live = follow(folder);
    for (int i = 0; i < 10; i++)
        append_sample(folder, "metrics.jsonl", "a", i, "", BASE + i * S);
    load(live);
    assert_int_equal(info_of(live).sample_count, 10);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(truncate(path, status.st_size / 2), 0);
    load(live);
    assert_int_equal(info_of(live).sample_count, 5);
    /* Cut back and written on beyond where it was, between two looks: the text before the old end is another one. */
    assert_int_equal(truncate(path, 0), 0);
    for (int i = 0; i < 20; i++)
        append_sample(folder, "metrics.jsonl", "other", i, "", BASE + i * S);
    load(live);
    assert_int_equal(info_of(live).sample_count, 20);
    assert_int_equal(count_of_metric(live, "a"), 0);
    assert_int_equal(unlink(path), 0);
    load(live);
    assert_int_equal(info_of(live).sample_count, 0);
    assert_true(info_of(live).restarts >= 3);
    afmon_live_close(live);
    remove_folder(folder);
}

static void names_without_end_do_not_fill_memory(void **state)
{
    (void)state;
    char *folder = make_folder();
    char path[1024], at[40];
    snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (int i = 0; i < 20000; i++) {
        time_text(at, BASE + i * S);
        fprintf(file, "{\"metric\": \"m%d\", \"value\": 1.0, \"timestamp\": \"%s\"}\n", i, at);
        fprintf(file,
                "{\"metric\": \"generation_time\", \"value\": 1.0, \"operation\": \"o%d\", \"timestamp\": \"%s\"}\n", i,
                at);
        fprintf(file, "{\"metric\": \"model_usage:m%d\", \"value\": 1.0, \"timestamp\": \"%s\"}\n", i, at);
    }
    fclose(file);
    afmon_live *live = follow(folder);
    load(live);
    assert_int_equal(info_of(live).sample_count, 60000);
    assert_true(info_of(live).metric_count <= 1024);
    assert_true(info_of(live).memory_bytes < (size_t)32 << 20);
    for (size_t i = 0; i < info_of(live).metric_count; i++) {
        afmon_aggregate of;
        const char *name = afmon_live_metric_name(live, i, NULL);
        assert_int_equal(afmon_live_aggregate(live, name, AFMON_WINDOW_ALL, &of, NULL), AFMON_OK);
        assert_true(of.p50 == 1 || (isnan(of.p50) && of.approximate)); /* never a figure that nobody has */
    }
    afmon_live_rate rates[1100];
    size_t count;
    uint64_t calls = 0;
    assert_int_equal(afmon_live_operations(live, 60, rates, 1100, &count), AFMON_OK);
    assert_int_equal(count, 1001); /* the last is all others */
    for (size_t i = 0; i < count; i++)
        calls += rates[i].calls;
    assert_int_equal(calls, 20000);
    afmon_live_close(live);
    remove_folder(folder);
}

/* Nor texts of failures, which are cut, but for an example of each. */
static void long_texts_do_not_fill_memory(void **state)
{
    (void)state;
    enum { LONG = 20000, FAILURES = 1500 };
    char *folder = make_folder();
    char path[1024], at[40];
    char *text = malloc(LONG + 1);
    assert_non_null(text);
    memset(text, 'x', LONG);
    text[LONG] = '\0';
    snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (int i = 0; i < FAILURES; i++) {
        time_text(at, BASE + i * S);
        fprintf(file,
                "{\"metric\": \"error_rate\", \"value\": 1.0, \"operation\": \"%d%s\", \"component\": \"%d%s\", "
                "\"error_type\": \"%d%s\", \"error\": \"%d %s\", \"timestamp\": \"%s\"}\n",
                i, text, i, text, i, text, i, text, at);
    }
    fclose(file);
    free(text);
    afmon_live *live = follow(folder);
    load(live);
    size_t bytes = info_of(live).memory_bytes;
    assert_true(bytes > (size_t)1000 * 4000 && bytes < (size_t)16 << 20); /* 1,000 examples of 4,000 bytes */
    afmon_run_summary *summary = NULL;
    assert_int_equal(afmon_live_summarize(live, &summary, NULL), AFMON_OK);
    assert_int_equal(summary->failure_count, 1001);
    for (size_t i = 0; i < summary->failure_count; i++) {
        const afmon_failure_summary *failure = &summary->failures[i];
        assert_true(strlen(failure->operation) <= 200 && strlen(failure->component) <= 200);
        assert_true(strlen(failure->error_type) <= 200 && strlen(failure->example) <= 4000);
    }
    afmon_run_summary_free(summary);
    afmon_live_close(live);
    remove_folder(folder);
}

/* ---- Log ---- */

struct lines {
    char text[16][200];
    size_t count;
};

static int note_line(void *user, const afmon_live_log_line *line)
{
    struct lines *lines = user;
    snprintf(lines->text[lines->count++], 200, "%s|%.*s|%.*s", afmon_level_name(line->level), (int)line->message_length,
             line->message, (int)(line->data_length < 60 ? line->data_length : 60), line->data);
    return lines->count == 16;
}

/* The alerts of the summary, at most 16 of them. */
static size_t alerts_of(afmon_live *live, afmon_alert_interval alerts[16])
{
    afmon_run_summary *summary = NULL;
    assert_int_equal(afmon_live_summarize(live, &summary, NULL), AFMON_OK);
    size_t count = summary->alert_count;
    assert_true(count <= 16);
    for (size_t i = 0; i < count; i++)
        alerts[i] = summary->alerts[i];
    afmon_run_summary_free(summary);
    return count;
}

static void the_log_alerts_and_the_plan(void **state)
{
    (void)state;
    char *folder = make_folder();
    afmon_monitor *monitor = open_on(folder);
    afmon_field plan[] = {afmon_int("planned", 30), afmon_int("done", 5), afmon_string("operation", "work")};
    afmon_log_info(monitor, "Run plan", plan, 3);
    for (int i = 0; i < 10; i++) {
        afmon_field fields[] = {afmon_string("operation", "work")};
        afmon_generation generation = {
            .duration_s = 1, .success = i != 3, .error = i == 3 ? "Refused" : NULL, .fields = fields, .field_count = 1};
        afmon_track_generation(monitor, &generation);
    }
    afmon_field alert[] = {afmon_string("alert", "low_success_rate"), afmon_string("metric", "success_rate")};
    afmon_log_warning(monitor, "Alert: Success rate dropped to 10.0%", alert, 2);
    afmon_log_error(monitor, "a \x1b[31m\"quoted\"\nline", NULL, 0);
    afmon_live *live = follow(folder);
    assert_int_equal(afmon_monitor_flush(monitor, 5, NULL), AFMON_OK);
    load(live);

    afmon_live_plan progress;
    afmon_live_get_plan(live, &progress);
    assert_true(progress.known && progress.planned == 30 && progress.done == 15 && progress.per_s > 0);
    assert_true(isfinite(progress.eta_s));

    afmon_alert_interval alerts[16];
    assert_int_equal(alerts_of(live, alerts), 1);
    assert_string_equal(alerts[0].name, "low_success_rate");
    assert_string_equal(alerts[0].message, "Success rate dropped to 10.0%");
    assert_true(alerts[0].firing && alerts[0].level == AFMON_WARNING && alerts[0].passes == 1);

    struct lines lines = {0};
    bool complete;
    afmon_live_log_query query = {0};
    assert_int_equal(afmon_live_log(live, &query, note_line, &lines, &complete), AFMON_OK);
    assert_true(complete);
    assert_int_equal(lines.count, 4); /* the generations that went well are left out, the failed one is there */
    assert_string_equal(lines.text[0], "error|a \x1b[31m\"quoted\"\nline|");
    assert_string_equal(lines.text[3], "info|Run plan|\"planned\": 30, \"done\": 5, \"operation\": \"work\"");
    for (int files = 0; files < 2; files++) {
        lines.count = 0;
        query = (afmon_live_log_query){.text = "ALERT: success", .routine = true, .search_files = files == 1};
        assert_int_equal(afmon_live_log(live, &query, note_line, &lines, &complete), AFMON_OK);
        assert_int_equal(lines.count, 1);
        lines.count = 0;
        query = (afmon_live_log_query){.routine = true, .limit = 3, .search_files = files == 1};
        assert_int_equal(afmon_live_log(live, &query, note_line, &lines, &complete), AFMON_OK);
        assert_int_equal(lines.count, 3);
        assert_false(complete);
        assert_string_equal(lines.text[0], "error|a \x1b[31m\"quoted\"\nline|");
        lines.count = 0;
        query = (afmon_live_log_query){.level = AFMON_WARNING, .search_files = files == 1};
        assert_int_equal(afmon_live_log(live, &query, note_line, &lines, &complete), AFMON_OK);
        assert_int_equal(lines.count, 2);
    }
    afmon_monitor_close(monitor, NULL);
    afmon_live_close(live);
    remove_folder(folder);
}

/* A line of an alert as a monitor writes it, `at` seconds after BASE. */
static void append_alert(const char *folder, const char *name, const char *state, int at, int since, const char *more)
{
    char line[600], began[40], shown[32];
    time_t seconds = (time_t)(BASE / S) + at;
    struct tm parts;
    time_text(began, BASE + since * S);
    strftime(shown, sizeof shown, "%Y-%m-%d %H:%M:%S", localtime_r(&seconds, &parts));
    snprintf(line, sizeof line,
             "%s,000 - {\"message\": \"%s%s\", \"alert\": \"%s\", \"state\": \"%s\", \"since\": \"%s\", %s, "
             "\"level\": \"warning\"}\n",
             shown, strcmp(state, "resolved") == 0 ? "Alert resolved: " : "Alert: ", name, name, state, began, more);
    append(folder, "afterimage.log", line);
}

static afmon_alert_interval alert_of(afmon_live *live, const char *name, size_t *spans)
{
    afmon_alert_interval alerts[16], found = {0};
    *spans = 0;
    size_t count = alerts_of(live, alerts);
    for (size_t i = count; i-- > 0;)
        if (strcmp(alerts[i].name, name) == 0) {
            found = alerts[i];
            ++*spans;
        }
    return found;
}

static bool fires(afmon_live *live, const char *name)
{
    size_t spans;
    bool firing = alert_of(live, name, &spans).firing;
    assert_true(spans > 0);
    return firing;
}

/* The run record of a session that opened at BASE, with rules and a pass each minute. */
static void append_record(const char *folder, const char *session)
{
    char line[600], began[40], shown[32];
    time_t seconds = (time_t)(BASE / S);
    struct tm parts;
    time_text(began, BASE);
    strftime(shown, sizeof shown, "%Y-%m-%d %H:%M:%S", localtime_r(&seconds, &parts));
    snprintf(line, sizeof line,
             "%s,000 - {\"message\": \"Run record\", \"session\": \"%s\", \"started\": \"%s\", "
             "\"metrics_interval\": 60.0, \"rules\": [{\"name\": \"slow\", \"metric\": \"a\", \"above\": 100.0}], "
             "\"level\": \"info\"}\n",
             shown, session, began);
    append(folder, "afterimage.log", line);
}

/* Lines are as far apart as a rule's renotify, and the run goes on for an hour. */
static void logged_passes_are_the_alerts(void **state)
{
    (void)state;
    static const char never[] = "\"renotify\": null, \"resolves\": true, \"session\": \"00000000000000aa\"";
    static const char rarely[] = "\"renotify\": 900.0, \"resolves\": true, \"session\": \"00000000000000aa\"";
    static const char passes[] = "\"renotify\": 1500.0, \"resolves\": false, \"session\": \"00000000000000aa\"";
    char *folder = make_folder();
    size_t spans;
    append_sample(folder, "metrics.jsonl", "a", 1, "", BASE);
    append_sample(folder, "metrics.jsonl", "a", 1, "", BASE + 2400 * S);
    append_record(folder, "00000000000000aa");
    append_alert(folder, "once", "fired", 10, 10, never);
    append_alert(folder, "rare", "fired", 100, 100, rarely);
    append_alert(folder, "pass", "fired", 700, 700, passes);
    append_alert(folder, "rare", "firing", 1000, 100, rarely);
    append_alert(folder, "rare", "firing", 1900, 100, rarely);
    afmon_live *live = follow(folder);
    load(live);
    assert_true(fires(live, "once"));
    assert_true(fires(live, "rare"));
    assert_true(fires(live, "pass"));
    afmon_alert_interval rare = alert_of(live, "rare", &spans);
    assert_int_equal(spans, 1);
    assert_true(rare.passes == 3 && rare.last_ns - rare.first_ns == 1800 * S && rare.resolved_ns == INT64_MIN);
    assert_true(rare.held_s > 2299.999 && rare.held_s < 2300.001); /* to the end */

    append_alert(folder, "once", "resolved", 3000, 10, never);
    append_alert(folder, "rare", "resolved", 3100, 100, rarely);
    append_alert(folder, "once", "fired", 3200, 3200, never);
    append_sample(folder, "metrics.jsonl", "a", 1, "", BASE + 4600 * S);
    load(live);
    assert_false(fires(live, "rare"));
    assert_false(fires(live, "pass")); /* more than one and a quarter times 1,500 s */
    afmon_alert_interval once = alert_of(live, "once", &spans);
    assert_int_equal(spans, 2); /* it came again; the first interval is the one that was resolved */
    assert_true(once.resolved_ns == BASE + 3000 * S && once.held_s > 2989.999 && once.held_s < 2990.001);
    afmon_live_close(live);
    remove_folder(folder);
}

/* What only a part of the run's monitors logged is no list of its alerts: its samples are judged instead. */
static void passes_of_part_of_the_run_are_not_its_alerts(void **state)
{
    (void)state;
    static const char mine[] = "\"resolves\": true, \"session\": \"00000000000000aa\"";
    static const char theirs[] = "\"resolves\": true, \"session\": \"00000000000000bb\"";
    for (int of = 0; of < 4; of++) {
        char *folder = make_folder();
        afmon_alert_interval alerts[16];
        append_sample(folder, "metrics.jsonl", "a", 1, "", BASE);
        append_sample(folder, "metrics.jsonl", "a", 1, "", BASE + 600 * S);
        append_alert(folder, "mine", "fired", 10, 10, mine);
        if (of != 1) /* 1: no session says that it recorded the run */
            append_record(folder, "00000000000000aa");
        if (of == 2) /* two monitors recorded it */
            append_record(folder, "00000000000000bb");
        if (of == 3) /* a monitor without a record was there too */
            append_alert(folder, "theirs", "fired", 10, 10, theirs);
        afmon_live *live = follow(folder);
        load(live);
        assert_int_equal(alerts_of(live, alerts), of == 0 ? 1 : 0);
        afmon_live_close(live);
        remove_folder(folder);
    }
}

/* ---- Arguments, memory ---- */

static void bad_arguments_are_refused(void **state)
{
    (void)state;
    afmon_live *live = NULL;
    afmon_error error;
    afmon_live_options options;
    assert_int_equal(afmon_live_open(NULL, NULL, &live, &error), AFMON_E_ARGUMENT);
    assert_int_equal(afmon_live_open("", NULL, &live, &error), AFMON_E_ARGUMENT);
    assert_int_equal(afmon_live_open("x", NULL, NULL, &error), AFMON_E_ARGUMENT);
    afmon_live_options_init(&options);
    options.log_lines = 0;
    assert_int_equal(afmon_live_open("x", &options, &live, &error), AFMON_E_ARGUMENT);
    options = (afmon_live_options){0};
    assert_int_equal(afmon_live_open("x", &options, &live, &error), AFMON_E_ARGUMENT);
    assert_int_equal(afmon_live_update(NULL, 0, &error), AFMON_E_ARGUMENT);
    afmon_live_close(NULL);
    live = follow("/dev/null"); /* no folder */
    assert_int_equal(afmon_live_update(live, 0, &error), AFMON_E_SYSTEM);
    afmon_live_close(live);
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    char *folder = make_folder();
    for (int i = 0; i < 40; i++)
        append_sample(folder, "metrics.jsonl", i % 2 ? "generation_time" : "prompt_token_count", i,
                      "\"operation\": \"o\", \"model_name\": \"m\", ", BASE + i * 100 * S);
    append(folder, "afterimage.log",
           "2026-11-23 10:00:00,000 - {\"message\": \"Alert: A\", \"alert\": \"low\", \"level\": \"warning\"}\n");
    for (long n = 1;; n++) {
        afmon_live *live = NULL;
        fail_alloc_at(n);
        afmon_status status = afmon_live_open(folder, NULL, &live, NULL);
        if (status == AFMON_OK)
            status = afmon_live_update(live, 0, NULL);
        bool failed = fail_alloc_stop();
        assert_true(status == AFMON_OK || status == AFMON_E_NO_MEMORY);
        if (live != NULL) {
            load(live);
            assert_int_equal(info_of(live).sample_count, 40);
            afmon_live_rate rate;
            size_t count;
            assert_int_equal(afmon_live_operations(live, 60, &rate, 1, &count), AFMON_OK);
            assert_true(count == 1 && rate.calls == 20);
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
        cmocka_unit_test(cells_do_not_depend_on_the_order),
        cmocka_unit_test(cells_keep_to_their_account),
        cmocka_unit_test(a_run_grows_from_nothing),
        cmocka_unit_test(newest_first_comes_to_the_same),
        cmocka_unit_test(buckets_are_what_is_in_the_files),
        cmocka_unit_test(times_have_quantiles_whatever_else_ends_in_time),
        cmocka_unit_test(torn_lines_and_what_is_no_sample),
        cmocka_unit_test(a_line_that_goes_on_after_all),
        cmocka_unit_test(a_folder_may_vanish_and_come_back),
        cmocka_unit_test(a_file_that_is_cut_back_is_read_again),
        cmocka_unit_test(names_without_end_do_not_fill_memory),
        cmocka_unit_test(long_texts_do_not_fill_memory),
        cmocka_unit_test(the_log_alerts_and_the_plan),
        cmocka_unit_test(logged_passes_are_the_alerts),
        cmocka_unit_test(passes_of_part_of_the_run_are_not_its_alerts),
        cmocka_unit_test(bad_arguments_are_refused),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

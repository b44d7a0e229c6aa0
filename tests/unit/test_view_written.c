/* Every sample of a view in the order in which it was written. The value of a sample is its place in that order. */
#include "store_naive.h"

#include <unistd.h>

#include "base/file.h"
#include "catalog/lines.h"
#include "store/view_written.h"

#include "fail_alloc.h"

#define START_US INT64_C(1700000000000000)
#define MIB ((size_t)1 << 20)
#define SERIES 4
#define FILES 2
#define ROOMY (64 * MIB)

static const char *const series_names[SERIES] = {"generation_time", "success_rate", "api_errors", "a \"b\"\n\xc3\xa4"};

struct written {
    size_t which;
    int64_t wall_us;
    int number; /* in its metadata; below 0: it has none */
    size_t file;
};

struct run {
    struct afmon_store *store;
    struct afmon_series *series[SERIES];
    char paths[FILES][64];
    struct afmon_buffer lines;
    struct afmon_timestamp_cache cache;
    struct written *samples;
    size_t count;
    size_t capacity;
};

static void begin(struct run *run, size_t max_memory)
{
    *run = (struct run){.store = afmon_store_new(max_memory), .capacity = 200000};
    run->samples = calloc(run->capacity, sizeof *run->samples);
    for (int i = 0; i < SERIES; i++)
        run->series[i] = afmon_store_series(run->store, series_names[i], strlen(series_names[i]));
    for (int i = 0; i < FILES; i++) {
        snprintf(run->paths[i], sizeof run->paths[i], "/tmp/test_view_written_XXXXXX");
        int file = mkstemp(run->paths[i]);
        assert_true(file >= 0);
        close(file);
    }
    afmon_buffer_init(&run->lines, (size_t)1 << 30);
}

static void end(struct run *run)
{
    afmon_store_release(run->store);
    afmon_buffer_free(&run->lines);
    for (int i = 0; i < FILES; i++)
        unlink(run->paths[i]);
    free(run->samples);
}

static struct afmon_set *set_of(struct run *run, int number)
{
    unsigned char packed[64];
    if (number < 0)
        return NULL;
    unsigned char *packed_end = afmon_fields_pack(packed, (afmon_field[]){afmon_int("number", number)}, 1);
    return afmon_sets_intern(afmon_store_sets(run->store), packed, (size_t)(packed_end - packed));
}

/* file: FILES for none. */
static void append_one(struct run *run, size_t which, int64_t wall_us, size_t file)
{
    struct written *sample = &run->samples[run->count];
    *sample = (struct written){which, wall_us, (int)random_below(12) - 1, file};
    struct afmon_series *series = run->series[which];
    struct afmon_set *set = set_of(run, sample->number);
    afmon_line_sample(&run->lines, series->prefix, series->prefix_length, (double)run->count,
                      set == NULL ? "" : set->json, set == NULL ? 0 : set->json_length, &run->cache, wall_us * 1000);
    struct afmon_store_sample appended = {
        .series = series, .set = set, .value = (double)run->count++, .wall_us = wall_us};
    afmon_store_append(run->store, &appended, 1);
    if (set != NULL)
        afmon_set_release(set);
}

static void write_lines(struct run *run, size_t file)
{
    FILE *out = file < FILES ? fopen(run->paths[file], "a") : NULL;
    if (out != NULL) {
        assert_int_equal(fwrite(run->lines.data, 1, run->lines.length, out), run->lines.length);
        assert_int_equal(fclose(out), 0);
    }
    afmon_buffer_clear(&run->lines);
}

/* Times go forward, mostly, as where several threads record. */
static void append(struct run *run, size_t count, size_t file)
{
    for (size_t i = 0; i < count; i++)
        append_one(run, random_below(SERIES), START_US + (int64_t)(run->count * 20 + random_below(400)), file);
    write_lines(run, file);
}

static afmon_view *view_of(struct run *run, size_t files)
{
    struct afmon_source sources[FILES];
    for (size_t i = 0; i < FILES; i++)
        sources[i] = (struct afmon_source){.path = run->paths[i], .end = INT64_MAX};
    afmon_view *view;
    assert_int_equal(afmon_view_new(run->store, sources, files, &view, NULL), AFMON_OK);
    return view;
}

static uint64_t evicted(const struct run *run)
{
    struct afmon_store_stats stats;
    afmon_store_get_stats(run->store, &stats);
    return stats.samples_evicted;
}

/* ---- What is visited ---- */

struct seen {
    const struct run *run;
    size_t *order; /* which samples came */
    size_t count;
    size_t in_memory;
    size_t stop_at;       /* 0: never */
    size_t first_of_none; /* place of the first sample that is in no file */
};

static afmon_status visit(void *user, const struct afmon_written *written)
{
    struct seen *seen = user;
    struct afmon_read_sample *sample = written->sample;
    size_t place = (size_t)sample->value;
    assert_true(place < seen->run->count);
    const struct written *expected = &seen->run->samples[place];
    const char *name = series_names[expected->which];
    assert_text(sample->name, sample->name_length, name);
    assert_text(written->series->series->name, written->series->series->name_length, name);
    assert_int_equal(sample->wall_us, expected->wall_us);
    if (written->source != AFMON_NO_SOURCE)
        assert_int_equal(written->source, expected->file);
    else if (seen->first_of_none == SIZE_MAX)
        seen->first_of_none = seen->count;
    assert_true(!written->in_memory || sample->packed != NULL);
    assert_true(written->in_memory || written->set == NULL);
    if (written->set != NULL)
        assert_true(sample->packed == written->set->packed && expected->number >= 0);
    seen->in_memory += written->in_memory;
    afmon_status packed = afmon_reader_packed(written->reader, sample);
    if (packed != AFMON_OK)
        return packed;
    struct afmon_field_walk walk = afmon_field_walk_begin(sample->packed, sample->packed_length);
    afmon_field field;
    bool any = afmon_field_walk_next(&walk, &field);
    assert_int_equal(any, expected->number >= 0);
    if (any)
        assert_int_equal(field.as.integer, expected->number);
    char text[32] = "";
    if (any)
        snprintf(text, sizeof text, "\"number\": %d, ", expected->number);
    assert_text(sample->metadata, sample->metadata_length, text);
    seen->order[seen->count++] = place;
    return seen->count == seen->stop_at ? AFMON_E_TIMEOUT : AFMON_OK;
}

static struct seen see(const struct run *run, afmon_view *view, afmon_window window, afmon_status status)
{
    struct seen seen = {.run = run, .order = malloc((run->count + 1) * sizeof *seen.order), .first_of_none = SIZE_MAX};
    afmon_error error;
    assert_int_equal(afmon_view_each_written(view, window, visit, &seen, &error), status);
    return seen;
}

static size_t evicted_of(const afmon_view *view)
{
    uint64_t count = 0;
    for (size_t i = 0; i < view->series_count; i++)
        count += view->series[i].evicted.count;
    return (size_t)count;
}

/* The samples 0 .. count - 1 that lie in the window, in order. */
static void check_written_order(const struct run *run, afmon_view *view, size_t count, afmon_window window)
{
    struct seen seen = see(run, view, window, AFMON_OK);
    size_t next = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t ns = run->samples[i].wall_us * 1000;
        if (ns >= window.since_ns && ns <= window.until_ns)
            assert_int_equal(seen.order[next++], i);
    }
    assert_int_equal(next, seen.count);
    assert_int_equal(seen.first_of_none, SIZE_MAX);
    if (window.since_ns == INT64_MIN)
        assert_int_equal(seen.in_memory, count - evicted_of(view));
    free(seen.order);
}

static void the_order_is_that_of_the_files(void **state)
{
    (void)state;
    for (int round = 0; round < 2; round++) {
        struct run run;
        begin(&run, round == 0 ? ROOMY : MIB);
        append(&run, 40000, 0);
        append(&run, 30000, 1);
        assert_int_equal(evicted(&run) > 0, round == 1);
        afmon_view *view = view_of(&run, 2);
        append(&run, 1000, 1); /* not in the view */
        check_written_order(&run, view, 70000, AFMON_WINDOW_ALL);
        check_written_order(&run, view, 70000, (afmon_window){(START_US + 700000) * 1000, (START_US + 900000) * 1000});
        afmon_view_close(view);
        end(&run);
    }
}

static void visit_may_end_it(void **state)
{
    (void)state;
    struct run run;
    begin(&run, ROOMY);
    append(&run, 100, 0);
    append(&run, 100, FILES); /* the last ones are in no file */
    afmon_view *view = view_of(&run, 1);
    for (size_t stop = 1; stop <= 200; stop += 99) {
        struct seen seen = {.run = &run, .order = malloc(200 * sizeof *seen.order), .stop_at = stop};
        assert_int_equal(afmon_view_each_written(view, AFMON_WINDOW_ALL, visit, &seen, NULL), AFMON_E_TIMEOUT);
        assert_int_equal(seen.count, stop);
        free(seen.order);
    }
    afmon_view_close(view);
    end(&run);
}

/* ---- Samples in no file ---- */

/* Two calls after each other, the earlier one recorded later; and two at one time. */
static void what_is_in_no_file_comes_by_time(void **state)
{
    (void)state;
    struct run run;
    begin(&run, ROOMY);
    append_one(&run, 0, START_US + 50, FILES);
    append_one(&run, 1, START_US + 50, FILES);
    append_one(&run, 0, START_US + 20, FILES);
    append_one(&run, 1, START_US + 20, FILES);
    append_one(&run, 2, START_US + 20, FILES);
    append_one(&run, 0, START_US + 70, FILES);
    append_one(&run, 0, START_US + 70, FILES);
    afmon_buffer_clear(&run.lines);
    afmon_view *view = view_of(&run, 0);
    struct seen seen = see(&run, view, AFMON_WINDOW_ALL, AFMON_OK);
    const size_t expected[] = {2, 3, 4, 0, 1, 5, 6};
    assert_int_equal(seen.count, 7);
    assert_memory_equal(seen.order, expected, sizeof expected);
    free(seen.order);
    seen = see(&run, view, (afmon_window){(START_US + 21) * 1000, (START_US + 69) * 1000}, AFMON_OK);
    assert_int_equal(seen.count, 2);
    free(seen.order);
    afmon_view_close(view);
    end(&run);
}

/* Each sample once: those of the files first, what they do not hold from memory. */
static void check_all(const struct run *run, afmon_view *view, size_t in_files)
{
    struct seen seen = see(run, view, AFMON_WINDOW_ALL, AFMON_OK);
    bool *came = calloc(run->count, sizeof *came);
    assert_int_equal(seen.count, run->count);
    for (size_t i = 0; i < seen.count; i++) {
        assert_false(came[seen.order[i]]);
        came[seen.order[i]] = true;
        if (i < in_files)
            assert_int_equal(seen.order[i], i);
        else if (i > in_files)
            assert_true(run->samples[seen.order[i]].wall_us >= run->samples[seen.order[i - 1]].wall_us);
    }
    assert_int_equal(seen.first_of_none, in_files);
    free(came);
    free(seen.order);
}

static void what_the_files_do_not_hold_comes_last(void **state)
{
    (void)state;
    struct run run;
    begin(&run, ROOMY);
    append(&run, 20000, 0);
    append(&run, 15000, FILES);
    afmon_view *view = view_of(&run, 1);
    check_all(&run, view, 20000);
    assert_int_equal(truncate(run.paths[0], 0), 0);
    check_all(&run, view, 0);
    unlink(run.paths[0]);
    check_all(&run, view, 0);
    afmon_view_close(view);
    end(&run);
}

static void a_file_that_was_taken_away_is_an_error_where_memory_is_not_enough(void **state)
{
    (void)state;
    struct run run;
    afmon_error error = {0};
    begin(&run, MIB);
    append(&run, 100000, 0);
    assert_true(evicted(&run) > 0);
    afmon_view *view = view_of(&run, 1);
    check_written_order(&run, view, 100000, AFMON_WINDOW_ALL);
    unlink(run.paths[0]);
    struct seen seen = {.run = &run, .order = malloc((run.count + 1) * sizeof *seen.order)};
    assert_int_equal(afmon_view_each_written(view, AFMON_WINDOW_ALL, visit, &seen, &error), AFMON_E_SYSTEM);
    assert_non_null(strstr(error.message, run.paths[0]));
    free(seen.order);
    afmon_view_close(view);
    end(&run);
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    struct run run;
    begin(&run, ROOMY);
    append(&run, 300, 0);
    append(&run, 300, FILES);
    for (long n = 1;; n++) {
        afmon_view *view = view_of(&run, 1);
        afmon_error error = {0};
        struct seen seen = {
            .run = &run, .order = malloc((run.count + 1) * sizeof *seen.order), .first_of_none = SIZE_MAX};
        fail_alloc_at(n);
        afmon_status status = afmon_view_each_written(view, AFMON_WINDOW_ALL, visit, &seen, &error);
        bool failed = fail_alloc_stop();
        assert_int_equal(status, failed ? AFMON_E_NO_MEMORY : AFMON_OK);
        free(seen.order);
        check_all(&run, view, 300);
        afmon_view_close(view);
        if (!failed)
            break;
        assert_string_equal(error.message, "out of memory");
    }
    end(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_is_that_of_the_files),
        cmocka_unit_test(visit_may_end_it),
        cmocka_unit_test(what_is_in_no_file_comes_by_time),
        cmocka_unit_test(what_the_files_do_not_hold_comes_last),
        cmocka_unit_test(a_file_that_was_taken_away_is_an_error_where_memory_is_not_enough),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

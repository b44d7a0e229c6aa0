#include "check.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "catalog/fields.h"
#include "fail_alloc.h"
#include "model/run_log.h"
#include "run/set_cache.h"

#define TIME "2026-11-23T09:20:35.000123+00:00"
#define LINE(metric, value) "{\"metric\": \"" metric "\", \"value\": " value ", \"timestamp\": \"" TIME "\"}\n"
#define WITH(value, model)                                                                                             \
    "{\"metric\": \"total_token_count\", \"value\": " value ", \"model_name\": \"" model "\", \"timestamp\": \"" TIME  \
    "\"}\n"

/* A run folder of the test's own. */
struct folder {
    char path[64];
};

static void make_folder(struct folder *folder)
{
    (void)snprintf(folder->path, sizeof folder->path, "/tmp/afmon-test-run-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
}

static void remove_folder(struct folder *folder)
{
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder->path);
    assert_int_equal(system(command), 0);
}

static void put(const struct folder *folder, const char *name, const char *text)
{
    char *path = afmon_path_join(folder->path, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    free(path);
}

static afmon_view *open_folder(const struct folder *folder)
{
    afmon_view *view;
    afmon_error error;
    afmon_status status = afmon_view_open(folder->path, NULL, &view, &error);
    if (status != AFMON_OK)
        print_message("%s\n", error.message);
    assert_int_equal(status, AFMON_OK);
    return view;
}

static afmon_view_info info_of(const afmon_view *view)
{
    afmon_view_info info;
    afmon_view_get_info(view, &info);
    return info;
}

static void assert_refused(const char *path, afmon_status status, const char *text)
{
    afmon_view *view;
    afmon_error error;
    assert_int_equal(afmon_view_open(path, NULL, &view, &error), status);
    assert_int_equal(error.status, status);
    assert_null(view);
    assert_non_null(strstr(error.message, text));
}

static int order_of_values(void *user, const afmon_sample *sample)
{
    char *text = user;
    char one[16];
    (void)snprintf(one, sizeof one, "%g ", sample->value);
    strcat(text, one);
    return 0;
}

static void files_are_merged_in_order_of_names(void **state)
{
    (void)state;
    struct folder folder;
    make_folder(&folder);
    put(&folder, "metrics-20.jsonl", LINE("m", "4.0"));
    put(&folder, "metrics.jsonl", LINE("m", "1.0") LINE("m", "2.0"));
    put(&folder, "metrics-10.jsonl", LINE("m", "3.0"));
    put(&folder, "metrics_2.json", LINE("m", "9.0"));
    put(&folder, "metrics-x.jsonl.tmp", LINE("m", "9.0"));
    put(&folder, "xmetrics.jsonl", LINE("m", "9.0"));
    afmon_view *view = open_folder(&folder);
    char text[128] = "";
    assert_int_equal(afmon_view_each(view, "m", AFMON_WINDOW_ALL, order_of_values, text), AFMON_OK);
    assert_string_equal(text, "1 2 3 4 ");
    assert_int_equal(info_of(view).file_count, 3);
    assert_int_equal(info_of(view).sample_count, 4);
    assert_int_equal(info_of(view).problem_count, 0);
    assert_false(info_of(view).live);
    afmon_view_close(view);
    remove_folder(&folder);
}

static void metadata_is_there(void **state)
{
    (void)state;
    struct folder folder;
    make_folder(&folder);
    put(&folder, "metrics.jsonl",
        WITH("5.0", "gpt") WITH("6.0", "gpt") WITH("1.0", "mini") LINE("total_token_count", "3.0")
            LINE("m", "null") "{\"metric\":\"total_token_count\",\"value\":2,\"timestamp\":\"" TIME
                              "\",\"model_name\":\"gpt\"}\n");
    afmon_view *view = open_folder(&folder);
    afmon_token_usage usage;
    assert_int_equal(afmon_view_token_usage(view, AFMON_WINDOW_ALL, &usage), AFMON_OK);
    assert_int_equal(usage.model_count, 3);
    assert_string_equal(usage.models[0].model_name, "gpt");
    assert_int_equal(usage.models[0].total_tokens, 13);
    assert_int_equal(usage.models[1].total_tokens, 1);
    assert_string_equal(usage.models[2].model_name, "unknown");
    assert_int_equal(usage.models[2].total_tokens, 3);
    assert_int_equal(info_of(view).not_finite, 1);
    afmon_token_usage_free(&usage);
    afmon_view_close(view);
    remove_folder(&folder);
}

static void problems_are_told_by_file_and_line(void **state)
{
    (void)state;
    struct folder folder;
    make_folder(&folder);
    put(&folder, "metrics.jsonl", LINE("m", "1.0") "junk\n" LINE("m", "\"x\"") LINE("m", "2.0"));
    put(&folder, "metrics-a\nb.jsonl", LINE("m", "1.0") "{\"metric\": \"m\", \"val");
    afmon_view *view = open_folder(&folder);
    assert_int_equal(info_of(view).problem_count, 3);
    assert_int_equal(info_of(view).sample_count, 3);
    assert_string_equal(afmon_view_problem(view, 0), "metrics.jsonl:2: not a JSON object");
    assert_string_equal(afmon_view_problem(view, 1), "metrics.jsonl:3: the value is not a number");
    assert_string_equal(afmon_view_problem(view, 2), "metrics-a\\nb.jsonl:2: torn last line");
    assert_null(afmon_view_problem(view, 3));
    afmon_view_close(view);
    remove_folder(&folder);
}

static void a_thousand_problems_are_kept(void **state)
{
    (void)state;
    struct folder folder;
    make_folder(&folder);
    char *path = afmon_path_join(folder.path, "metrics.jsonl");
    FILE *file = fopen(path, "wb");
    for (int i = 0; i < 2500; i++)
        assert_true(fputs("junk\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    free(path);
    afmon_view *view = open_folder(&folder);
    assert_int_equal(info_of(view).problem_count, 2500);
    assert_string_equal(afmon_view_problem(view, 999), "metrics.jsonl:1000: not a JSON object");
    assert_null(afmon_view_problem(view, 1000));
    afmon_view_close(view);
    remove_folder(&folder);
}

static void refusals_are_clear(void **state)
{
    (void)state;
    struct folder folder;
    make_folder(&folder);
    assert_refused("/tmp/afmon-no-such-folder", AFMON_E_SYSTEM, "/tmp/afmon-no-such-folder");
    assert_refused("/etc/passwd", AFMON_E_SYSTEM, "/etc/passwd is not a run folder");
    assert_refused(folder.path, AFMON_E_NO_DATA, "holds no metrics.jsonl: is it a run folder?");
    assert_refused("", AFMON_E_ARGUMENT, "no folder");
    assert_refused(NULL, AFMON_E_ARGUMENT, "no folder");
    afmon_view *view;
    afmon_view_options options;
    afmon_view_options_init(&options);
    options.max_memory = 1000;
    assert_int_equal(afmon_view_open(folder.path, &options, &view, NULL), AFMON_E_ARGUMENT);
    assert_int_equal(afmon_view_open(folder.path, &(afmon_view_options){0}, &view, NULL), AFMON_E_ARGUMENT);
    put(&folder, "metrics.jsonl", "");
    if (geteuid() != 0) { /* root reads everything */
        char *path = afmon_path_join(folder.path, "metrics.jsonl");
        assert_int_equal(chmod(path, 0), 0);
        assert_refused(folder.path, AFMON_E_SYSTEM, "metrics.jsonl");
        assert_int_equal(chmod(path, 0600), 0);
        free(path);
    }
    view = open_folder(&folder); /* an empty run is a run */
    assert_int_equal(info_of(view).sample_count, 0);
    afmon_view_close(view);
    remove_folder(&folder);
}

static void what_stands_in_the_place_of_samples_is_told(void **state)
{
    (void)state;
    struct folder folder;
    make_folder(&folder);
    char *path = afmon_path_join(folder.path, "metrics.jsonl");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_refused(folder.path, AFMON_E_NO_DATA, "metrics.jsonl is a pipe, which is not read");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/tmp", path), 0);
    assert_refused(folder.path, AFMON_E_NO_DATA, "metrics.jsonl is a symbolic link, which is not read");
    free(path);
    remove_folder(&folder);
}

static void what_is_no_regular_file_is_passed_over(void **state)
{
    (void)state;
    struct folder folder, elsewhere;
    make_folder(&folder);
    make_folder(&elsewhere);
    char *fifo = afmon_path_join(folder.path, "metrics-a.jsonl");
    char *subfolder = afmon_path_join(folder.path, "metrics-b.jsonl");
    char *link_to_nowhere = afmon_path_join(folder.path, "metrics-c.jsonl");
    char *good_link = afmon_path_join(folder.path, "metrics-d.jsonl");
    char *loop = afmon_path_join(folder.path, "metrics-e.jsonl");
    char *target = afmon_path_join(elsewhere.path, "file");
    put(&elsewhere, "file", LINE("m", "2.0"));
    put(&folder, "metrics.jsonl", LINE("m", "1.0"));
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(mkdir(subfolder, 0700), 0);
    assert_int_equal(symlink("/tmp/afmon-no-such-file", link_to_nowhere), 0);
    assert_int_equal(symlink(target, good_link), 0);
    assert_int_equal(symlink("metrics-e.jsonl", loop), 0);
    afmon_view *view = open_folder(&folder);
    assert_int_equal(info_of(view).file_count, 1); /* links are not followed */
    assert_int_equal(info_of(view).sample_count, 1);
    assert_int_equal(info_of(view).problem_count, 1);
    assert_non_null(strstr(afmon_view_problem(view, 0), "; nor are 4 more like it"));
    afmon_view_close(view);
    free(fifo);
    free(subfolder);
    free(link_to_nowhere);
    free(good_link);
    free(loop);
    free(target);
    remove_folder(&folder);
    remove_folder(&elsewhere);
}

#define LOG(rest) "2026-11-23 09:20:35,123 - {\"message\": \"" rest "}\n"

static void alerts_of_the_log_are_counted(void **state)
{
    (void)state;
    struct folder folder;
    make_folder(&folder);
    put(&folder, "metrics.jsonl", "");
    put(&folder, "afterimage.log",
        LOG("Alert: Success rate dropped to 62.5%\", \"alert\": \"low_success_rate\", \"level\": \"warning\"")
            LOG("hello\", \"level\": \"info\"") LOG("Alert: everybody\", \"level\": \"info\"")
                LOG("I said \\\"Alert: x\\\", \\\"alert\\\": \\\"\", \"level\": \"info\"") "junk\n");
    put(&folder, "afterimage-7.log", LOG("Alert: \\\"x\\\"\", \"alert\": \"y\", \"level\": \"error\""));
    afmon_view *view = open_folder(&folder);
    assert_int_equal(info_of(view).log_alert_count, 2);
    afmon_view_close(view);
    assert_false(afmon_log_line_is_alert("", 0));
    remove_folder(&folder);
}

/* Whoever wrote the files: totals beyond 64 bits stay the largest, and do not begin anew. */
static void totals_do_not_wrap(void **state)
{
    (void)state;
    struct folder folder;
    make_folder(&folder);
    put(&folder, "metrics.jsonl",
        WITH("1.5e19", "gpt") WITH("1.5e19", "mini") WITH("1e308", "max") WITH("1e308", "max"));
#define DROPS LOG("Samples or log records were dropped\", \"a\": 9223372036854775807, \"b\": 9223372036854775807")
    put(&folder, "afterimage.log", DROPS DROPS);
    afmon_view *view = open_folder(&folder);
    afmon_token_usage usage;
    assert_int_equal(afmon_view_token_usage(view, AFMON_WINDOW_ALL, &usage), AFMON_OK);
    assert_int_equal(usage.model_count, 3);
    assert_true(usage.models[0].total_tokens == UINT64_C(15000000000000000000));
    assert_true(usage.models[1].total_tokens == UINT64_MAX && usage.total_tokens == UINT64_MAX);
    afmon_token_usage_free(&usage);
    assert_true(info_of(view).dropped == UINT64_MAX);
    afmon_view_close(view);
    remove_folder(&folder);
}

struct progress {
    uint64_t last;
    uint64_t total;
    int calls;
    int stop_at;
};

static int take_progress(void *user, uint64_t done, uint64_t total)
{
    struct progress *progress = user;
    assert_true(done >= progress->last && done <= total);
    progress->last = done;
    progress->total = total;
    return ++progress->calls == progress->stop_at;
}

static void progress_is_told_and_may_cancel(void **state)
{
    (void)state;
    struct folder folder;
    make_folder(&folder);
    put(&folder, "metrics.jsonl", LINE("m", "1.0"));
    put(&folder, "metrics-1.jsonl", LINE("m", "1.0"));
    put(&folder, "afterimage.log", "x\n");
    struct progress progress = {0};
    afmon_view_options options;
    afmon_view_options_init(&options);
    options.progress = take_progress;
    options.user = &progress;
    afmon_view *view;
    assert_int_equal(afmon_view_open(folder.path, &options, &view, NULL), AFMON_OK);
    assert_int_equal(progress.calls, 3);
    assert_int_equal(progress.last, progress.total);
    assert_int_equal(progress.total, 2 * strlen(LINE("m", "1.0")) + 2);
    afmon_view_close(view);
    progress = (struct progress){.stop_at = 2};
    afmon_error error;
    assert_int_equal(afmon_view_open(folder.path, &options, &view, &error), AFMON_E_CANCELLED);
    assert_null(view);
    assert_int_equal(error.status, AFMON_E_CANCELLED);
    remove_folder(&folder);
}

/* More samples than max_memory holds: the rest is read back from the file. */
static void evicted_samples_are_still_there(void **state)
{
    (void)state;
    enum { SAMPLES = 300000 };
    struct folder folder;
    make_folder(&folder);
    char *path = afmon_path_join(folder.path, "metrics.jsonl");
    FILE *file = fopen(path, "wb");
    for (int i = 0; i < SAMPLES; i++)
        assert_true(fprintf(file, LINE("m", "%d"), i) > 0);
    assert_int_equal(fclose(file), 0);
    free(path);
    afmon_view_options options;
    afmon_view_options_init(&options);
    options.max_memory = (size_t)1 << 20;
    afmon_view *view;
    assert_int_equal(afmon_view_open(folder.path, &options, &view, NULL), AFMON_OK);
    afmon_aggregate aggregate;
    assert_int_equal(afmon_view_aggregate(view, "m", AFMON_WINDOW_ALL, &aggregate), AFMON_OK);
    assert_int_equal(aggregate.count, SAMPLES);
    assert_true(aggregate.p50 == (SAMPLES - 1) / 2.0);
    assert_false(aggregate.approximate || aggregate.partial);
    afmon_view_close(view);
    remove_folder(&folder);
}

static void metadata_that_does_not_repeat_leaves_the_cache(void **state)
{
    (void)state;
    struct afmon_sets *sets = afmon_sets_new();
    struct afmon_set_cache *cache = afmon_set_cache_new();
    assert_true(sets != NULL && cache != NULL);
    const afmon_field field = afmon_int("n", 1);
    unsigned char packed[64];
    size_t length = (size_t)(afmon_fields_pack(packed, &field, 1) - packed);
    struct afmon_set *set = afmon_sets_intern(sets, packed, length);
    uint64_t hash;
    for (int i = 0; i < 3 * AFMON_SET_CACHE_ENTRIES; i++) {
        char text[32];
        size_t text_length = (size_t)snprintf(text, sizeof text, "\"n\": %d, ", i);
        assert_null(afmon_set_cache_find(cache, text, text_length, &hash));
        afmon_set_cache_put(cache, text, text_length, hash, set);
        assert_ptr_equal(afmon_set_cache_find(cache, text, text_length, &hash), set);
        afmon_set_release(set);
        assert_true(atomic_load(&set->references) <= AFMON_SET_CACHE_ENTRIES + 1);
    }
    char *huge = calloc(1, AFMON_SET_CACHE_BYTES);
    assert_null(afmon_set_cache_find(cache, huge, AFMON_SET_CACHE_BYTES, &hash));
    afmon_set_cache_put(cache, huge, AFMON_SET_CACHE_BYTES, hash, set);
    assert_null(afmon_set_cache_find(cache, huge, AFMON_SET_CACHE_BYTES, &hash));
    free(huge);
    afmon_set_cache_free(cache);
    assert_int_equal(atomic_load(&set->references), 1);
    afmon_sets_free(sets);
}

static void recovering_nothing_is_fine(void **state)
{
    (void)state;
    struct folder folder;
    make_folder(&folder);
    uint64_t recovered = 9;
    afmon_error error;
    assert_int_equal(afmon_recover(folder.path, &recovered, NULL), AFMON_OK);
    assert_int_equal(recovered, 0);
    assert_int_equal(afmon_recover("/tmp/afmon-no-such-folder", &recovered, &error), AFMON_E_SYSTEM);
    assert_int_equal(afmon_recover(NULL, NULL, &error), AFMON_E_ARGUMENT);
    remove_folder(&folder);
}

/* A set or sample less is no failure of the opening where memory is short for a moment, but what it says must be right:
 * it opens with everything, or it fails. */
static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct folder folder;
    make_folder(&folder);
    put(&folder, "metrics.jsonl", WITH("1.0", "a") WITH("2.0", "b") "junk\n" LINE("m", "1.0"));
    put(&folder, "metrics-2.jsonl", WITH("1.0", "c"));
    put(&folder, "afterimage.log", "junk\n");
    bool failed = true;
    for (long n = 1; failed; n++) {
        afmon_view *view = NULL;
        afmon_error error;
        fail_alloc_at(n);
        afmon_status status = afmon_view_open(folder.path, NULL, &view, &error);
        failed = fail_alloc_stop();
        if (status == AFMON_OK) {
            assert_int_equal(info_of(view).problem_count, 1);
            assert_int_equal(info_of(view).sample_count, 4);
        } else {
            assert_true(failed);
            assert_null(view);
            assert_int_equal(status, AFMON_E_NO_MEMORY);
            assert_int_equal(error.status, AFMON_E_NO_MEMORY);
        }
        afmon_view_close(view);
    }
    remove_folder(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_merged_in_order_of_names),
        cmocka_unit_test(metadata_is_there),
        cmocka_unit_test(problems_are_told_by_file_and_line),
        cmocka_unit_test(a_thousand_problems_are_kept),
        cmocka_unit_test(refusals_are_clear),
        cmocka_unit_test(what_stands_in_the_place_of_samples_is_told),
        cmocka_unit_test(what_is_no_regular_file_is_passed_over),
        cmocka_unit_test(alerts_of_the_log_are_counted),
        cmocka_unit_test(progress_is_told_and_may_cancel),
        cmocka_unit_test(evicted_samples_are_still_there),
        cmocka_unit_test(metadata_that_does_not_repeat_leaves_the_cache),
        cmocka_unit_test(totals_do_not_wrap),
        cmocka_unit_test(recovering_nothing_is_fine),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Exports from the inside: names, cancelling, a full disk, no memory. What is in the files is checked by tests/e2e. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "export/columns.h"
#include "export/names.h"
#include "fail_alloc.h"
#include "run_folder.h"

#ifdef AFMON_HAVE_PARQUET
static const char *const formats[] = {"json", "csv", "excel", "parquet"};
#else
static const char *const formats[] = {"json", "csv", "excel"};
#endif
enum { FORMATS = sizeof formats / sizeof formats[0], SAMPLES = 30000 };

static afmon_view *view_of_samples(const char *folder, int count)
{
    afmon_options options;
    afmon_monitor *monitor;
    afmon_view *view;
    afmon_options_init(&options);
    options.log_dir = folder;
    options.log_handler_count = 0;
    assert_int_equal(afmon_monitor_open(&options, &monitor, NULL), AFMON_OK);
    for (int i = 0; i < count; i++) {
        afmon_field fields[] = {afmon_string("model", i % 3 ? "a,\"b\"" : "=1+1"), afmon_int("index", i)};
        assert_int_equal(afmon_record_metric(monitor, i % 2 ? "one" : "two:three", i / 7.0, fields, 2), AFMON_OK);
    }
    assert_int_equal(afmon_monitor_flush(monitor, 20, NULL), AFMON_OK);
    assert_int_equal(afmon_monitor_view(monitor, &view, NULL), AFMON_OK);
    assert_int_equal(afmon_monitor_close(monitor, NULL), AFMON_OK);
    return view;
}

/* A view of so many samples, and a folder to export into. */
struct fixture {
    char *run;
    char *out;
    afmon_view *view;
};

static struct fixture begin(int samples)
{
    struct fixture fixture = {.run = make_folder(), .out = make_folder()};
    fixture.view = view_of_samples(fixture.run, samples);
    return fixture;
}

static void end(struct fixture *fixture)
{
    afmon_view_close(fixture->view);
    remove_folder(fixture->run);
    remove_folder(fixture->out);
}

static char *join(const char *folder, const char *name)
{
    char *path = malloc(strlen(folder) + strlen(name) + 2);
    assert_non_null(path);
    sprintf(path, "%s/%s", folder, name);
    return path;
}

static size_t entries_of(const char *folder)
{
    char command[512];
    snprintf(command, sizeof command, "ls -A '%s' | wc -l", folder);
    FILE *pipe = popen(command, "r");
    size_t count = 0;
    assert_int_equal(fscanf(pipe, "%zu", &count), 1);
    pclose(pipe);
    return count;
}

static void names_are(const struct afmon_name_rules *rules, size_t count, const char *const *raw,
                      const char *const *expected)
{
    struct afmon_raw_name names[8];
    for (size_t i = 0; i < count; i++)
        names[i] = (struct afmon_raw_name){raw[i], strlen(raw[i])};
    char **safe = afmon_safe_names(names, count, rules);
    assert_non_null(safe);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(safe[i], expected[i]);
    afmon_free_names(safe, count);
}

static void names_are_safe_and_unique(void **state)
{
    (void)state;
    names_are(&afmon_file_names, 4, (const char *const[]){"plain", "a/b:c", "", "../x\n"},
              (const char *const[]){"plain", "a_b_c", "_", ".._x_"});
    names_are(&afmon_file_names, 4, (const char *const[]){"X", "a", "x", "x~2"},
              (const char *const[]){"X", "a", "x~2", "x~2~2"});
    names_are(&afmon_sheet_names, 5, (const char *const[]){"History", "'q'", "[m]:1", "history", "\xff"},
              (const char *const[]){"History_", "_q_", "_m__1", "history~2", "\xef\xbf\xbd"});
    names_are(
        &afmon_sheet_names, 2,
        (const char *const[]){"0123456789012345678901234567890123456789A", "0123456789012345678901234567890123456789B"},
        (const char *const[]){"0123456789012345678901234567890", "01234567890123456789012345678~2"});
}

static void the_whole_at_once(void **state)
{
    (void)state;
    struct fixture f = begin(100);
    char *deep = join(f.out, "new/folders/x.json");
    assert_int_equal(afmon_export(f.view, deep, "json", NULL, NULL), AFMON_OK);
    char *text = read_text(f.out, "new/folders/x.json");
    assert_int_equal(count_of(text, "\"timestamp\""), 100);
    free(text);
    char *csv = join(f.out, "x.csv");
    assert_int_equal(afmon_export(f.view, csv, "csv", NULL, NULL), AFMON_OK);
    text = read_text(f.out, "x_two_three.csv");
    assert_int_equal(count_of(text, "\r\n"), 51);
    assert_non_null(strstr(text, ",'=1+1,"));
    assert_non_null(strstr(text, ",\"a,\"\"b\"\"\","));
    free(text);
    afmon_error error = {0};
    assert_int_equal(afmon_export(f.view, f.out, "json", NULL, &error), AFMON_E_ARGUMENT);
    assert_non_null(strstr(error.message, "is a folder"));
    assert_int_equal(afmon_export(f.view, csv, "yaml", NULL, &error), AFMON_E_ARGUMENT);
    assert_non_null(strstr(error.message, "json, csv, excel"));
    afmon_export_options options;
    afmon_export_options_init(&options);
    options.metrics = (const char *const[]){"nothing"};
    options.metric_count = 1;
    assert_int_equal(afmon_export(f.view, csv, "json", &options, &error), AFMON_E_UNKNOWN_METRIC);
    free(csv);
    free(deep);
    end(&f);
}

static int stop_late(void *user, uint64_t done, uint64_t total)
{
    (void)user;
    assert_true(done <= total);
    return done > SAMPLES / 2;
}

static void cancelling_leaves_nothing(void **state)
{
    (void)state;
    struct fixture f = begin(SAMPLES);
    char *path = join(f.out, "x");
    afmon_export_options options;
    afmon_export_options_init(&options);
    options.progress = stop_late;
    size_t open_before = entries_of("/proc/self/fd");
    for (size_t i = 0; i < FORMATS; i++)
        assert_int_equal(afmon_export(f.view, path, formats[i], &options, NULL), AFMON_E_CANCELLED);
    assert_int_equal(entries_of(f.out), 0);
    assert_int_equal(entries_of("/proc/self/fd"), open_before);
    free(path);
    end(&f);
}

static void a_full_disk_leaves_the_old_file(void **state)
{
    (void)state;
    struct fixture f = begin(3000);
    char *path = join(f.out, "x.json");
    assert_int_equal(afmon_export(f.view, path, "json", NULL, NULL), AFMON_OK);
    char *before = read_text(f.out, "x.json");
    signal(SIGXFSZ, SIG_IGN);
    for (rlim_t limit = 1; limit < 200000; limit = limit * 3 + 1) {
        struct rlimit old, tight;
        getrlimit(RLIMIT_FSIZE, &old);
        tight = (struct rlimit){limit, old.rlim_max};
        setrlimit(RLIMIT_FSIZE, &tight);
        afmon_error error = {0};
        afmon_status status = afmon_export(f.view, path, "json", NULL, &error);
        afmon_status sheets = afmon_export(f.view, path, "excel", NULL, NULL);
        setrlimit(RLIMIT_FSIZE, &old);
        assert_int_equal(status, AFMON_E_SYSTEM);
        assert_non_null(strstr(error.message, "too large"));
        if (sheets != AFMON_OK) {
            char *after = read_text(f.out, "x.json");
            assert_string_equal(after, before);
            free(after);
        } else {
            assert_int_equal(afmon_export(f.view, path, "json", NULL, NULL), AFMON_OK);
        }
        assert_int_equal(entries_of(f.out), 1);
    }
    free(before);
    free(path);
    end(&f);
}

/* The limit falls somewhere into each format's file: it is refused by name, and what stood there stays. */
static void a_disk_full_anywhere(void **state)
{
    (void)state;
    struct fixture f = begin(3000);
    signal(SIGXFSZ, SIG_IGN);
    for (size_t i = 0; i < FORMATS; i++) {
        char *path = join(f.out, "x");
        char *first = join(f.out, strcmp(formats[i], "csv") == 0 ? "x_one.csv" : "x");
        assert_int_equal(afmon_export(f.view, path, formats[i], NULL, NULL), AFMON_OK);
        struct stat before, after;
        assert_int_equal(stat(first, &before), 0);
        size_t entries = entries_of(f.out);
        unsigned long long random = 12345 + i;
        for (int round = 0; round < 25; round++) {
            random = random * 6364136223846793005ULL + 1442695040888963407ULL;
            struct rlimit old, tight;
            getrlimit(RLIMIT_FSIZE, &old);
            tight = (struct rlimit){(rlim_t)((random >> 33) % (unsigned long long)before.st_size), old.rlim_max};
            setrlimit(RLIMIT_FSIZE, &tight);
            afmon_error error = {0};
            afmon_status status = afmon_export(f.view, path, formats[i], NULL, &error);
            setrlimit(RLIMIT_FSIZE, &old);
            if (status != AFMON_E_SYSTEM)
                print_message("%s, %llu of %lld bytes\n", formats[i], (unsigned long long)tight.rlim_cur,
                              (long long)before.st_size);
            assert_int_equal(status, AFMON_E_SYSTEM);
            assert_non_null(strstr(error.message, f.out));
            assert_int_equal(stat(first, &after), 0);
            assert_int_equal(after.st_ino, before.st_ino);
            assert_int_equal(entries_of(f.out), entries);
        }
        unlink(path);
        free(first);
        free(path);
    }
    end(&f);
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    struct fixture f = begin(60);
    char *path = join(f.out, "x.csv");
    for (size_t i = 0; i < FORMATS; i++) {
        bool more = true;
        for (long n = 1; more; n++) {
            fail_alloc_at(n);
            afmon_status status = afmon_export(f.view, path, formats[i], NULL, NULL);
            more = fail_alloc_stop();
            assert_true(status == AFMON_E_NO_MEMORY || !more || status == AFMON_OK);
        }
    }
    free(path);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_safe_and_unique), cmocka_unit_test(the_whole_at_once),
        cmocka_unit_test(cancelling_leaves_nothing), cmocka_unit_test(a_full_disk_leaves_the_old_file),
        cmocka_unit_test(a_disk_full_anywhere),      cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The times of a file's lines: local times that clocks show twice, and steps. Whoever reads the file, from whichever
 * end, comes to the same. */
#include "run_folder.h"

#include <time.h>

#include "store/time_walk.h"

#define S INT64_C(1000000)
#define HOUR (3600 * S)
#define FOLD (INT64_C(1762063200) * S) /* 2025-11-02 06:00 UTC: 02:00 in New York, where it is 01:00 again */
#define FIRST (FOLD - HOUR)
#define MOST 6000

static uint64_t random_state;

static unsigned random_below(unsigned limit)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return (unsigned)((random_state >> 33) % limit);
}

static int in_new_york(void **state)
{
    (void)state;
    setenv("TZ", "EST5EDT,M3.2.0,M11.1.0", 1);
    tzset();
    return 0;
}

/* ---- The walk ---- */

/* Minutes behind FIRST; those of the hour that comes twice are given as clocks show them, 0 to 59. */
struct row {
    int minute;
    bool twice;
    int wanted;
};

static void walk(const struct row *rows, size_t count)
{
    struct afmon_time_walk walk = {0};
    for (size_t i = 0; i < count; i++) {
        int64_t us;
        int64_t again = rows[i].twice ? HOUR : 0;
        enum afmon_time_said said = afmon_time_walk_on(&walk, FIRST + rows[i].minute * 60 * S, again, &us);
        if (said == AFMON_TIME_OPENS) {
            struct afmon_time_walk ahead = walk;
            for (size_t k = i + 1; k < count && ahead.open && ahead.stretch == walk.stretch; k++) {
                int64_t ignored;
                again = rows[k].twice ? HOUR : 0;
                if (afmon_time_walk_on(&ahead, FIRST + rows[k].minute * 60 * S, again, &ignored) ==
                    AFMON_TIME_WAS_SECOND)
                    us = afmon_time_walk_is_second(&walk);
            }
        }
        if (us != FIRST + rows[i].wanted * 60 * S)
            fail_msg("line %zu: minute %d, not %d", i, (int)((us - FIRST) / 60 / S), rows[i].wanted);
    }
}

#define WALK(...)                                                                                                      \
    walk((const struct row[]){__VA_ARGS__}, sizeof((const struct row[]){__VA_ARGS__}) / sizeof(struct row))

static void hours_that_come_twice(void **state)
{
    (void)state;
    WALK({-1, false, -1}, {0, true, 0}, {59, true, 59}, {0, true, 60}, {58, true, 118}, {120, false, 120});
    WALK({0, true, 0}, {30, true, 30}, {59, true, 59}, {0, true, 60}, {30, true, 90}); /* nothing around it */
    WALK({30, true, 30}, {59, true, 59});                                              /* nothing tells */
    WALK({30, true, 90}, {59, true, 119}, {120, false, 120});                          /* it ends behind the hour */
    WALK({-1, false, -1}, {30, true, 30}, {40, true, 40}); /* it goes on from before the hour */
    WALK({-1500, false, -1500}, {30, true, 90}, {59, true, 119}, {121, false, 121}); /* resumed after a day */
    WALK({-10, false, -10}, {5, true, 5}, {10, true, 10}, {180, false, 180});        /* and ended before the second */
    WALK({100, false, 100}, {45, true, 105}, {50, true, 110}); /* a line with its zone stands before it */
    WALK({50, true, 50}, {20, true, 80}, {19, true, 79});      /* back by more than the jitter, and by no more */
    WALK({59, true, 59}, {0, true, 60}, {59, true, 59}, {1, true, 61}); /* threads side by side at the change */
    WALK({100000, false, 100000}, {30, true, 30}, {59, true, 59}, {0, true, 60}); /* set back from another year */
    WALK({30, true, 30}, {59, true, 59}, {100000, false, 100000}, {30, true, 30}, {119, true, 119});
}

/* ---- Files ---- */

struct run {
    int64_t us[MOST]; /* as it was */
    size_t count;
    bool told; /* the content tells it */
};

static void make_part(struct run *run, int64_t from, size_t count, unsigned gap_s)
{
    int64_t now = from;
    for (size_t i = 0; i < count && run->count < MOST; i++) {
        int64_t jitter = random_below(5) == 0 ? random_below(30) * S : 0;
        run->us[run->count++] = i > 0 ? now - jitter : now;
        now += random_below(200) == 0 ? random_below(1200) * S : random_below(gap_s * 1000) * (S / 1000);
    }
}

static void make_run(struct run *run, unsigned seed)
{
    bool in_first = false;
    bool in_second = false;
    bool behind = false;
    random_state = seed;
    run->count = 0;
    if (random_below(2) == 0)
        make_part(run, FIRST - (1 + random_below(30)) * HOUR, 1 + random_below(50), 5);
    /* No run begins just behind the change, where threads side by side look like a run from before it. */
    int64_t from = FIRST - HOUR + random_below(10800) * S;
    if (from >= FOLD && from < FOLD + 60 * S)
        from = FOLD + 60 * S;
    make_part(run, from, 300 + random_below(MOST - 500), 1 + random_below(8));
    for (size_t i = 0; i < run->count; i++) {
        in_first |= run->us[i] >= FIRST && run->us[i] < FOLD;
        in_second |= run->us[i] >= FOLD && run->us[i] < FOLD + HOUR;
        behind |= run->us[i] >= FOLD + HOUR;
    }
    run->told = !in_second || in_first || behind;
}

static void append_lines(FILE *file, const struct run *run, size_t number, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        char at[40];
        int64_t offset = run->us[i] < FOLD ? -4 * 3600 : -5 * 3600;
        time_t local = (time_t)(run->us[i] / S + offset);
        struct tm parts;
        strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%S", gmtime_r(&local, &parts));
        fprintf(
            file,
            "{\"metric\": \"m\", \"value\": %zu, \"timestamp\": \"%s.%06d\", \"note\": \"so that there is some way to "
            "go until the begin of the file\"}\n",
            number + i, at, (int)(run->us[i] % S));
    }
    assert_int_equal(fflush(file), 0);
}

static int take_time(void *user, const afmon_sample *sample)
{
    ((int64_t *)user)[(size_t)sample->value] = sample->timestamp_ns / 1000;
    return 0;
}

static void view_times(const char *folder, size_t count, size_t max_memory, int64_t *times)
{
    afmon_view *view;
    afmon_error error;
    afmon_view_options options;
    afmon_view_options_init(&options);
    options.max_memory = max_memory;
    if (afmon_view_open(folder, &options, &view, &error) != AFMON_OK)
        fail_msg("%s", error.message);
    memset(times, 0, count * sizeof *times);
    assert_int_equal(afmon_view_each(view, NULL, AFMON_WINDOW_ALL, take_time, times), AFMON_OK);
    afmon_view_close(view);
}

static void update(afmon_live *live)
{
    afmon_live_info info;
    uint64_t before;
    do {
        afmon_live_get_info(live, &info);
        before = info.revision;
        assert_int_equal(afmon_live_update(live, 0, NULL), AFMON_OK);
        afmon_live_get_info(live, &info);
    } while (info.revision != before || info.loaded < 1);
}

/* The follower has in each piece of time what the view has. */
static void compare(afmon_live *live, const struct run *run, const int64_t *times)
{
    afmon_bucket buckets[400];
    size_t count;
    int64_t width;
    afmon_live_info info;
    int64_t first = INT64_MAX;
    int64_t last = INT64_MIN;
    for (size_t i = 0; i < run->count; i++) {
        first = times[i] < first ? times[i] : first;
        last = times[i] > last ? times[i] : last;
    }
    update(live);
    afmon_live_get_info(live, &info);
    assert_int_equal(info.sample_count, run->count);
    assert_int_equal(info.first_ns / 1000, first);
    assert_int_equal(info.last_ns / 1000, last);
    afmon_window window = {first * 1000, last * 1000};
    assert_int_equal(afmon_live_buckets(live, "m", window, 400, buckets, &count, &width), AFMON_OK);
    for (size_t k = 0; k < count; k++) {
        uint64_t wanted = 0;
        double sum = 0;
        for (size_t i = 0; i < run->count; i++)
            if (times[i] * 1000 >= buckets[k].start_ns && times[i] * 1000 - buckets[k].start_ns < width) {
                wanted++;
                sum += (double)i;
            }
        assert_int_equal(buckets[k].count, wanted);
        assert_true(buckets[k].sum == sum);
    }
}

static afmon_live *follow(const char *folder)
{
    afmon_live *live = NULL;
    assert_int_equal(afmon_live_open(folder, NULL, &live, NULL), AFMON_OK);
    return live;
}

static void check_run(const struct run *run, unsigned seed)
{
    static int64_t times[MOST];
    char path[1024];
    char *folder = make_folder();
    snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    afmon_live *growing = follow(folder);
    for (size_t at = 0; at < run->count;) {
        size_t next = at + 1 + random_below(2000);
        next = next < run->count ? next : run->count;
        append_lines(file, run, 0, at, next);
        assert_int_equal(afmon_live_update(growing, 0, NULL), AFMON_OK);
        at = next;
    }
    fclose(file);
    view_times(folder, run->count, (size_t)1 << 30, times);
    for (size_t i = 0; run->told && i < run->count; i++)
        if (times[i] != run->us[i])
            fail_msg("seed %u, line %zu of %zu: off by %lld s", seed, i + 1, run->count,
                     (long long)((times[i] - run->us[i]) / S));
    afmon_live *late = follow(folder);
    compare(growing, run, times);
    compare(late, run, times);
    afmon_live_close(growing);
    afmon_live_close(late);
    remove_folder(folder);
}

static void every_reader_comes_to_the_same(void **state)
{
    (void)state;
    static struct run run;
    size_t told = 0;
    for (unsigned seed = 1; seed <= 24; seed++) {
        make_run(&run, seed);
        check_run(&run, seed);
        told += run.told;
    }
    assert_true(told > 12);
}

/* Samples that have left memory are read again, and have the times that they had. */
static void what_left_memory_keeps_its_time(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    static int64_t times[COUNT];
    static struct run part;
    char path[1024];
    char *folder = make_folder();
    snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (size_t i = 0; i < COUNT; i++) {
        part.us[i % MOST] = FIRST - HOUR + (int64_t)i * 4 * HOUR / COUNT;
        if (i % MOST == MOST - 1 || i == COUNT - 1)
            append_lines(file, &part, i / MOST * MOST, 0, i % MOST + 1);
    }
    fclose(file);
    view_times(folder, COUNT, (size_t)1 << 20, times);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(times[i], FIRST - HOUR + (int64_t)i * 4 * HOUR / COUNT);
    remove_folder(folder);
}

/* ---- What is told ---- */

static void put_line(FILE *file, const char *time)
{
    fprintf(file, "{\"metric\": \"m\", \"value\": 1.0, \"timestamp\": \"%s\"}\n", time);
}

static void assert_warnings(const char *const *times, size_t count, const char *const *wanted, size_t wanted_count)
{
    char path[1024];
    char *folder = make_folder();
    afmon_view *view;
    snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (size_t i = 0; i < count; i++)
        put_line(file, times[i]);
    fclose(file);
    assert_int_equal(afmon_view_open(folder, NULL, &view, NULL), AFMON_OK);
    for (size_t i = 0; i < wanted_count; i++) {
        assert_non_null(afmon_view_warning(view, i));
        assert_string_equal(afmon_view_warning(view, i), wanted[i]);
    }
    assert_null(afmon_view_warning(view, wanted_count));
    assert_null(afmon_view_problem(view, 0));
    afmon_view_close(view);
    remove_folder(folder);
}

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void steps_are_told(void **state)
{
    (void)state;
    static const char *const in_order[] = {"2026-11-23T09:00:00Z", "2026-11-23T08:59:01Z", "2027-11-01T09:00:00Z"};
    static const char *const set_back[] = {"2026-11-23T09:00:00Z", "2026-11-23T10:00:00Z", "2026-11-23T09:00:30Z",
                                           "2026-11-23T08:00:30Z"};
    static const char *const back[] = {"metrics.jsonl:3: times go back by 59 min 30 s, from 2026-11-23 10:00:00 to "
                                       "2026-11-23 09:00:30 (UTC); 2 such steps in this file"};
    static const char *const years[] = {"1700-01-01T00:00:00Z", "2126-01-01T00:00:00Z", "1700-01-01T00:00:00Z"};
    static const char *const far[] = {
        "metrics.jsonl:3: times go back by 155593 d 00 h, from 2126-01-01 00:00:00 to 1700-01-01 00:00:00 (UTC)",
        "metrics.jsonl:2: times go ahead by 155593 d 00 h, from 1700-01-01 00:00:00 to 2126-01-01 00:00:00 (UTC)"};
    static const char *const twice[] = {"2025-11-02T01:59:00", "2025-11-02T01:00:00"};
    static const char *const told[] = {
        "metrics.jsonl:1: local times of an hour that clocks show twice: the order of lines tells which (2 lines)"};
    static const char *const alone[] = {"2025-11-02T01:59:00"};
    static const char *const nothing[] = {
        "metrics.jsonl:1: local times of an hour that clocks show twice: the order of lines tells which (1 line)",
        "metrics.jsonl:1: local times of an hour that clocks show twice, and no line tells which: taken as the first"};
    assert_warnings(in_order, COUNT(in_order), NULL, 0);
    assert_warnings(set_back, COUNT(set_back), back, COUNT(back));
    assert_warnings(years, COUNT(years), far, COUNT(far));
    assert_warnings(twice, COUNT(twice), told, COUNT(told));
    assert_warnings(alone, COUNT(alone), nothing, COUNT(nothing));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hours_that_come_twice),
        cmocka_unit_test(every_reader_comes_to_the_same),
        cmocka_unit_test(what_left_memory_keeps_its_time),
        cmocka_unit_test(steps_are_told),
    };
    return cmocka_run_group_tests(tests, in_new_york, NULL);
}

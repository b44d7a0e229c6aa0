/* The store as its owner sees it: series, chunks, statistics, memory, and what happens when there is none. */
#include "store_naive.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>

#include "store/chunk.h"
#include "store/store.h"
#include "store/turn.h"
#include "store/view.h"

#include "fail_alloc.h"

#define PLENTY ((size_t)1 << 40)
#define START_US INT64_C(1700000000000000)

static struct afmon_series *series_named(struct afmon_store *store, const char *name)
{
    struct afmon_series *series = afmon_store_series(store, name, strlen(name));
    assert_non_null(series);
    return series;
}

static void append_one(struct afmon_store *store, struct afmon_series *series, double value, int64_t wall_us)
{
    struct afmon_store_sample sample = {.series = series, .value = value, .wall_us = wall_us};
    afmon_store_append(store, &sample, 1);
}

static afmon_aggregate all_time(struct afmon_store *store, const char *name)
{
    afmon_aggregate aggregate;
    assert_int_equal(afmon_store_aggregate(store, name, strlen(name), START_US, INT64_MAX, true, &aggregate), AFMON_OK);
    return aggregate;
}

static struct afmon_store_stats stats_of(struct afmon_store *store)
{
    struct afmon_store_stats stats;
    afmon_store_get_stats(store, &stats);
    return stats;
}

/* ---- Series ---- */

static void test_series_are_found_again(void **state)
{
    (void)state;
    struct afmon_store *store = afmon_store_new(PLENTY);
    struct afmon_series *one = series_named(store, "one");
    struct afmon_series *two = series_named(store, "two");
    assert_ptr_equal(series_named(store, "one"), one);
    assert_ptr_not_equal(one, two);
    assert_int_equal(one->index, 0);
    assert_int_equal(two->index, 1);
    assert_text(one->prefix, one->prefix_length, "{\"metric\": \"one\", \"value\": ");
    struct afmon_series *nul = afmon_store_series(store, "a\0b", 3);
    assert_ptr_not_equal(nul, afmon_store_series(store, "a\0c", 3));
    assert_ptr_not_equal(nul, afmon_store_series(store, "a", 1));
    assert_int_equal(nul->name_length, 3);
    assert_memory_equal(nul->name, "a\0b", 4);
    struct afmon_series *empty = afmon_store_series(store, "", 0);
    assert_ptr_equal(afmon_store_series(store, NULL, 0), empty);
    afmon_store_release(store);
}

static void test_a_hundred_thousand_names_are_cheap(void **state)
{
    (void)state;
    struct afmon_store *store = afmon_store_new(PLENTY);
    for (int i = 0; i < 100000; i++) {
        char name[32];
        int length = snprintf(name, sizeof name, "metric %d", i);
        struct afmon_series *series = afmon_store_series(store, name, (size_t)length);
        assert_non_null(series);
        append_one(store, series, i, START_US + i);
    }
    struct afmon_store_stats stats = stats_of(store);
    assert_int_equal(stats.series, 100000);
    assert_int_equal(stats.samples_total, 100000);
    assert_true(stats.bytes / 100000 < 560); /* names, prefixes and the table included */
    assert_same(all_time(store, "metric 77777").sum, 77777);
    afmon_store_release(store);
}

/* ---- Samples ---- */

static void test_values_that_are_not_finite_are_counted(void **state)
{
    (void)state;
    struct afmon_store *store = afmon_store_new(PLENTY);
    struct afmon_series *series = series_named(store, "m");
    append_one(store, series, 1, START_US);
    append_one(store, series, NAN, START_US);
    append_one(store, series, INFINITY, START_US);
    append_one(store, series, 3, START_US);
    afmon_aggregate aggregate = all_time(store, "m");
    assert_int_equal(aggregate.count, 2);
    assert_int_equal(aggregate.not_finite, 2);
    assert_same(aggregate.p50, 2);
    assert_int_equal(stats_of(store).not_finite, 2);
    append_one(store, series_named(store, "n"), NAN, START_US);
    aggregate = all_time(store, "n");
    assert_true(aggregate.known);
    assert_int_equal(aggregate.count, 0);
    assert_int_equal(aggregate.not_finite, 1);
    afmon_store_release(store);
}

static void test_unknown_and_empty_series(void **state)
{
    (void)state;
    struct afmon_store *store = afmon_store_new(PLENTY);
    afmon_aggregate aggregate = all_time(store, "nobody");
    assert_false(aggregate.known);
    assert_int_equal(aggregate.count, 0);
    series_named(store, "resolved");
    assert_false(all_time(store, "resolved").known);
    double q = 0.5;
    double value;
    assert_int_equal(afmon_store_quantiles(store, "nobody", 6, START_US, INT64_MAX, &q, 1, &value), AFMON_E_NO_DATA);
    afmon_store_release(store);
}

static void test_times_far_apart(void **state)
{
    (void)state;
    struct afmon_store *store = afmon_store_new(PLENTY);
    struct afmon_series *series = series_named(store, "m");
    const int64_t times[] = {0, INT64_MAX / 1000, INT64_MIN / 1000, START_US, 0, START_US + INT32_MAX, START_US - 1};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        append_one(store, series, (double)i, times[i]);
    assert_int_equal(all_time(store, "m").count, 7);
    afmon_aggregate aggregate;
    assert_int_equal(afmon_store_aggregate(store, "m", 1, START_US, 0, true, &aggregate), AFMON_OK);
    assert_int_equal(aggregate.count, 3);
    assert_int_equal(afmon_store_aggregate(store, "m", 1, INT64_MIN, 5, true, &aggregate), AFMON_OK);
    assert_int_equal(aggregate.count, 7);
    afmon_store_release(store);
}

/* ---- Metadata ---- */

static struct afmon_set *set_of(struct afmon_store *store, const char *model, int64_t number)
{
    afmon_field fields[] = {afmon_string("model_name", model), afmon_int("number", number)};
    unsigned char packed[256];
    unsigned char *end = afmon_fields_pack(packed, fields, 2);
    struct afmon_set *set = afmon_sets_intern(afmon_store_sets(store), packed, (size_t)(end - packed));
    assert_non_null(set);
    return set;
}

static int add_number(void *user, const afmon_sample *sample)
{
    int64_t *sum = user;
    assert_int_equal(sample->field_count, 2);
    assert_int_equal(sample->fields[1].as.integer, (int64_t)sample->value);
    *sum += sample->fields[1].as.integer;
    return 0;
}

static void test_every_sample_may_have_its_own_set(void **state)
{
    (void)state;
    struct afmon_store *store = afmon_store_new(PLENTY);
    struct afmon_series *series = series_named(store, "m");
    int64_t expected = 0;
    for (int i = 0; i < 20000; i++) {
        int number = i % 3 == 0 ? i : i % 17;
        struct afmon_set *set = set_of(store, "model", number);
        struct afmon_store_sample sample = {.series = series, .set = set, .value = number, .wall_us = START_US + i};
        afmon_store_append(store, &sample, 1);
        afmon_set_release(set);
        expected += number;
    }
    afmon_view *view;
    int64_t sum = 0;
    assert_int_equal(afmon_view_new(store, NULL, 0, &view, NULL), AFMON_OK);
    assert_int_equal(afmon_view_each(view, "m", AFMON_WINDOW_ALL, add_number, &sum), AFMON_OK);
    assert_int_equal(sum, expected);
    afmon_view_close(view);
    afmon_store_release(store);
}

/* ---- Tokens ---- */

static const char *const token_names[] = {"prompt_token_count", "completion_token_count", "total_token_count"};

static uint64_t tokens_of(const afmon_model_usage *model, size_t kind)
{
    return kind == 0 ? model->prompt_tokens : kind == 1 ? model->completion_tokens : model->total_tokens;
}

static void test_tokens_by_model(void **state)
{
    (void)state;
    static const char *const models[] = {"a-model", "b-model", "unknown", NULL};
    struct afmon_store *store = afmon_store_new(PLENTY);
    uint64_t all[4][3] = {{0}};
    uint64_t late[4][3] = {{0}};
    for (int i = 0; i < 60000; i++) {
        size_t model = random_below(4);
        size_t kind = random_below(3);
        double value = i % 100 == 0 ? -5.0 : i % 101 == 0 ? NAN : (double)random_below(5000);
        struct afmon_set *set = models[model] == NULL ? NULL : set_of(store, models[model], 0);
        struct afmon_store_sample sample = {
            .series = series_named(store, token_names[kind]), .set = set, .value = value, .wall_us = START_US + i};
        afmon_store_append(store, &sample, 1);
        if (set != NULL)
            afmon_set_release(set);
        all[model][kind] += value > 0 ? (uint64_t)value : 0;
        late[model][kind] += value > 0 && i >= 30000 ? (uint64_t)value : 0;
    }
    for (int windowed = 0; windowed < 2; windowed++) {
        afmon_token_usage usage;
        int64_t window = windowed ? 29999 : INT64_MAX;
        uint64_t(*expected)[3] = windowed ? late : all;
        assert_int_equal(afmon_store_token_usage(store, START_US + 59999, window, &usage), AFMON_OK);
        assert_int_equal(usage.model_count, 3);
        assert_string_equal(usage.models[0].model_name, "a-model");
        assert_string_equal(usage.models[1].model_name, "b-model");
        assert_string_equal(usage.models[2].model_name, "unknown");
        for (size_t kind = 0; kind < 3; kind++) {
            assert_int_equal(tokens_of(&usage.models[0], kind), expected[0][kind]);
            assert_int_equal(tokens_of(&usage.models[1], kind), expected[1][kind]);
            assert_int_equal(tokens_of(&usage.models[2], kind), expected[2][kind] + expected[3][kind]);
        }
        assert_int_equal(usage.total_tokens, expected[0][2] + expected[1][2] + expected[2][2] + expected[3][2]);
        afmon_token_usage_free(&usage);
        assert_null(usage.models);
    }
    afmon_store_release(store);
}

static void test_negative_tokens_of_one_model_count_for_nothing(void **state)
{
    (void)state;
    struct afmon_store *store = afmon_store_new(PLENTY);
    for (int i = 0; i < 20000; i++)
        append_one(store, series_named(store, "total_token_count"), i % 10 == 0 ? -100 : 1, START_US + i);
    afmon_token_usage usage;
    assert_int_equal(afmon_store_token_usage(store, START_US + 19999, 19999, &usage), AFMON_OK);
    assert_int_equal(usage.total_tokens, 18000);
    afmon_token_usage_free(&usage);
    afmon_store_release(store);
}

static void test_no_tokens(void **state)
{
    (void)state;
    struct afmon_store *store = afmon_store_new(PLENTY);
    afmon_token_usage usage;
    assert_int_equal(afmon_store_token_usage(store, START_US, INT64_MAX, &usage), AFMON_OK);
    assert_int_equal(usage.model_count, 0);
    afmon_token_usage_free(&usage);
    assert_int_equal(afmon_store_token_usage(store, START_US, 1000, &usage), AFMON_OK);
    assert_int_equal(usage.model_count + usage.total_tokens, 0);
    afmon_token_usage_free(&usage);
    afmon_token_usage_free(NULL);
    afmon_store_release(store);
}

static void test_fractions_of_tokens_are_rounded_at_the_end(void **state)
{
    (void)state;
    struct afmon_store *store = afmon_store_new(PLENTY);
    for (int i = 0; i < 10; i++)
        append_one(store, series_named(store, "total_token_count"), 0.26, START_US + i);
    afmon_token_usage usage;
    assert_int_equal(afmon_store_token_usage(store, START_US, INT64_MAX, &usage), AFMON_OK);
    assert_int_equal(usage.total_tokens, 3);
    afmon_token_usage_free(&usage);
    append_one(store, series_named(store, "total_token_count"), 1e300, START_US);
    assert_int_equal(afmon_store_token_usage(store, START_US, INT64_MAX, &usage), AFMON_OK);
    assert_true(usage.total_tokens == UINT64_MAX);
    afmon_token_usage_free(&usage);
    afmon_store_release(store);
}

/* ---- Memory ---- */

static size_t heap_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return SANITIZED ? 0 : info.uordblks + info.hblkhd;
}

static void test_at_most_32_bytes_a_sample(void **state)
{
    (void)state;
    for (int stream = 0; stream < (SANITIZED ? 3 : STREAMS); stream++) {
        if (stream == ANY_BITS || stream == TINY_AND_HUGE || stream == MIX)
            continue; /* spread over all that a double can hold: measured in the next test */
        size_t before = heap_bytes();
        struct afmon_store *store = afmon_store_new(PLENTY);
        struct afmon_series *series = series_named(store, "m");
        for (uint64_t i = 0; i < 1000000; i++)
            append_one(store, series, stream_value((enum stream)stream, i), START_US + (int64_t)i);
        size_t bytes = stats_of(store).bytes;
        size_t heap = heap_bytes();
        if (bytes > 32 * 1000000)
            fail_msg("stream %d takes %zu bytes for a million samples", stream, bytes);
        if (heap > 0 && heap - before > bytes + bytes / 10)
            fail_msg("stream %d: %zu bytes are counted, %zu are taken", stream, bytes, heap - before);
        afmon_store_release(store);
    }
}

static void test_wild_values_take_a_bounded_amount(void **state)
{
    (void)state;
    struct afmon_store *store = afmon_store_new(PLENTY);
    struct afmon_series *series = series_named(store, "m");
    for (uint64_t i = 0; i < 500000; i++)
        append_one(store, series, any_finite(), START_US + (int64_t)i);
    assert_true(stats_of(store).bytes < 32 * 500000);
    afmon_store_release(store);
}

/* ---- No memory ---- */

#define FAILING 12000

/* Appends to two series, one of tokens, and says what should have come of it. */
static void append_failing(struct afmon_store *store, struct afmon_series *series, struct afmon_series *tokens,
                           const double *values)
{
    for (int i = 0; i < FAILING; i += 100) {
        struct afmon_store_sample samples[200];
        for (int j = 0; j < 100; j++) {
            samples[2 * j] =
                (struct afmon_store_sample){.series = series, .value = values[i + j], .wall_us = START_US + i + j};
            samples[2 * j + 1] = (struct afmon_store_sample){.series = tokens, .value = 2, .wall_us = START_US + i + j};
        }
        afmon_store_append(store, samples, 200);
    }
}

static void check_after_failing(struct afmon_store *store, const double *sorted)
{
    afmon_aggregate aggregate = all_time(store, "m");
    assert_sums(&aggregate, sorted, FAILING, 0);
    assert_near(aggregate.p50, naive_quantile(sorted, FAILING, 0.5), 1, 1e9); /* answers, whatever was lost */
    struct afmon_store_stats stats = stats_of(store);
    assert_int_equal(stats.samples_total, 2 * FAILING);
    assert_int_equal(stats.samples_in_memory + stats.samples_evicted, 2 * FAILING);
    assert_true(stats.lost <= stats.samples_evicted);
    afmon_aggregate window;
    assert_int_equal(afmon_store_aggregate(store, "m", 1, START_US + FAILING, FAILING, true, &window), AFMON_OK);
    assert_true(window.partial == (window.count < FAILING));
    afmon_token_usage usage;
    assert_int_equal(afmon_store_token_usage(store, START_US, INT64_MAX, &usage), AFMON_OK);
    assert_int_equal(usage.total_tokens, 2 * FAILING);
    afmon_token_usage_free(&usage);
}

static void fail_appending(bool for_ever)
{
    static double values[FAILING];
    static double sorted[FAILING];
    for (size_t i = 0; i < FAILING; i++)
        sorted[i] = values[i] = stream_value(LOG_NORMAL, i);
    qsort(sorted, FAILING, sizeof *sorted, naive_order);
    bool more = true;
    for (long n = 1; more; n += SANITIZED ? 41 : n < 200 ? 1 : 61) {
        struct afmon_store *store = afmon_store_new(PLENTY);
        struct afmon_series *series = series_named(store, "m");
        struct afmon_series *tokens = series_named(store, "total_token_count");
        if (for_ever)
            fail_alloc_from(n);
        else
            fail_alloc_at(n);
        append_failing(store, series, tokens, values);
        more = fail_alloc_stop();
        check_after_failing(store, sorted);
        append_failing(store, series, tokens, values); /* and it goes on */
        assert_int_equal(all_time(store, "m").count, 2 * FAILING);
        afmon_store_release(store);
    }
}

static void test_an_allocation_fails_while_appending(void **state)
{
    (void)state;
    fail_appending(false);
}

static void test_all_further_allocations_fail_while_appending(void **state)
{
    (void)state;
    fail_appending(true);
}

static void test_lost_samples_are_in_the_sums(void **state)
{
    (void)state;
    struct afmon_store *store = afmon_store_new(PLENTY);
    struct afmon_series *series = series_named(store, "m");
    fail_alloc_from(1);
    for (int i = 0; i < 10; i++)
        append_one(store, series, i, START_US + i);
    assert_true(fail_alloc_stop());
    struct afmon_store_stats stats = stats_of(store);
    assert_int_equal(stats.lost, 10);
    assert_int_equal(stats.samples_evicted, 10);
    afmon_aggregate aggregate = all_time(store, "m");
    assert_int_equal(aggregate.count, 10);
    assert_same(aggregate.sum, 45);
    assert_same(aggregate.max, 9);
    afmon_store_release(store);
}

static void test_each_allocation_of_a_question_may_fail(void **state)
{
    (void)state;
    for (int samples = 5000; samples <= 30000; samples += 25000) { /* without an index, and with one */
        struct afmon_store *store = afmon_store_new(PLENTY);
        struct afmon_series *series = series_named(store, "total_token_count");
        for (int i = 0; i < samples; i++)
            append_one(store, series, stream_value(LOG_NORMAL, 0), START_US + i);
        bool more = true;
        for (long n = 1; more; n++) {
            afmon_aggregate aggregate;
            afmon_token_usage usage;
            fail_alloc_at(n);
            afmon_status status = afmon_store_aggregate(store, "total_token_count", 17, START_US + samples, samples - 9,
                                                        true, &aggregate);
            afmon_status tokens = afmon_store_token_usage(store, START_US + samples, samples / 2, &usage);
            more = fail_alloc_stop();
            if (!more)
                assert_true(status == AFMON_OK && tokens == AFMON_OK && usage.total_tokens > 0);
            if (tokens == AFMON_OK)
                afmon_token_usage_free(&usage);
        }
        afmon_store_release(store);
    }
}

static void test_each_allocation_of_a_new_store_may_fail(void **state)
{
    (void)state;
    bool more = true;
    for (long n = 1; more; n++) {
        fail_alloc_at(n);
        struct afmon_store *store = afmon_store_new(PLENTY);
        struct afmon_series *made[100] = {0};
        for (int i = 0; i < 100 && store != NULL; i++) {
            char name[16];
            int length = snprintf(name, sizeof name, "%d", i);
            made[i] = afmon_store_series(store, name, (size_t)length);
            if (made[i] == NULL)
                made[i] = afmon_store_series(store, name, (size_t)length); /* only one fails */
            assert_non_null(made[i]);
        }
        more = fail_alloc_stop();
        if (store != NULL) {
            assert_int_equal(stats_of(store).series, 100);
            assert_ptr_equal(series_named(store, "7"), made[7]);
        }
        afmon_store_release(store);
    }
}

/* ---- Threads ---- */

struct threads {
    struct afmon_store *store;
    atomic_bool stop;
    atomic_long answers;
};

/* Each aggregate is one of some moment: with the values 0, 1, 2 ... its sum follows from its count. */
static void *ask_again_and_again(void *user)
{
    struct threads *threads = user;
    while (!atomic_load(&threads->stop)) {
        afmon_aggregate aggregate;
        assert_int_equal(afmon_store_aggregate(threads->store, "m", 1, START_US, INT64_MAX, true, &aggregate),
                         AFMON_OK);
        double count = (double)aggregate.count;
        assert_same(aggregate.sum, count * (count - 1) / 2);
        if (!aggregate.approximate && aggregate.count > 0)
            assert_same(aggregate.p50, (count - 1) / 2);
        struct afmon_store_stats stats;
        afmon_store_get_stats(threads->store, &stats);
        assert_int_equal(stats.samples_total, stats.samples_in_memory + stats.samples_evicted);
        atomic_fetch_add(&threads->answers, 1);
    }
    return NULL;
}

static void *take_views(void *user)
{
    struct threads *threads = user;
    while (!atomic_load(&threads->stop)) {
        afmon_view *view;
        afmon_view_info info;
        assert_int_equal(afmon_view_new(threads->store, NULL, 0, &view, NULL), AFMON_OK);
        afmon_view_get_info(view, &info);
        afmon_aggregate aggregate;
        assert_int_equal(afmon_view_aggregate(view, "m", AFMON_WINDOW_ALL, &aggregate), AFMON_OK);
        assert_int_equal(aggregate.count, info.sample_count);
        afmon_view_close(view);
        atomic_fetch_add(&threads->answers, 1);
    }
    return NULL;
}

static void run_threads(size_t max_memory, int samples)
{
    struct threads threads = {.store = afmon_store_new(max_memory)};
    struct afmon_series *series = series_named(threads.store, "m");
    pthread_t askers[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&askers[i], NULL, i < 3 ? ask_again_and_again : take_views, &threads), 0);
    struct afmon_store_sample batch[1000];
    for (int i = 0; i < samples; i += 1000) {
        for (int j = 0; j < 1000; j++)
            batch[j] = (struct afmon_store_sample){.series = series, .value = i + j, .wall_us = START_US + i + j};
        afmon_store_append(threads.store, batch, 1000);
    }
    while (atomic_load(&threads.answers) < 20)
        sched_yield();
    atomic_store(&threads.stop, true);
    for (int i = 0; i < 4; i++)
        pthread_join(askers[i], NULL);
    assert_int_equal(stats_of(threads.store).samples_total, samples);
    afmon_store_release(threads.store);
}

static void test_one_appends_and_others_ask(void **state)
{
    (void)state;
    run_threads(PLENTY, 200000);
}

static void test_one_appends_and_evicts_and_others_ask(void **state)
{
    (void)state;
    run_threads((size_t)1 << 20, 200000);
}

struct contest {
    struct afmon_turn turn;
    long inside;
    long taken[3];
    atomic_bool stop;
};

struct contestant {
    struct contest *contest;
    int number;
};

static void *take_turns(void *user)
{
    struct contestant *contestant = user;
    struct contest *contest = contestant->contest;
    while (!atomic_load(&contest->stop)) {
        afmon_turn_take(&contest->turn);
        assert_int_equal(contest->inside++, 0);
        contest->taken[contestant->number]++;
        contest->inside--;
        afmon_turn_leave(&contest->turn);
    }
    return NULL;
}

static void test_nobody_starves_at_the_lock(void **state)
{
    (void)state;
    static struct contest contest;
    assert_true(afmon_turn_init(&contest.turn));
    struct contestant contestants[2] = {{&contest, 1}, {&contest, 2}};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_turns, &contestants[i]), 0);
    afmon_turn_take(&contest.turn); /* the owner never leaves of itself */
    long others = 0;
    while (others < 1000) {
        assert_int_equal(contest.inside++, 0);
        contest.taken[0]++;
        contest.inside--;
        afmon_turn_give_way(&contest.turn);
        others = contest.taken[1] < contest.taken[2] ? contest.taken[1] : contest.taken[2];
    }
    afmon_turn_leave(&contest.turn);
    atomic_store(&contest.stop, true);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    afmon_turn_destroy(&contest.turn);
}

/* A chunk that is sealed early is cut to the sets it has, whatever their number. */
static void a_chunk_takes_any_number_of_sets(void **state)
{
    (void)state;
    enum { MOST = 200 };
    static struct {
        struct afmon_set set;
        char rest[256]; /* a set is the beginning of an entry of its table */
    } sets[MOST];
    for (uint32_t i = 0; i < MOST; i++)
        sets[i].set.hash = i * 2654435761u;
    for (uint32_t count = 1; count <= MOST; count++) {
        struct afmon_chunk *chunk = afmon_chunk_new((struct afmon_chunk_room){count, count, false, 0}, 0);
        assert_non_null(chunk);
        for (uint32_t i = 0; i < count; i++)
            assert_int_equal(afmon_chunk_set(chunk, &sets[i].set), i);
        for (uint32_t i = 0; i < count; i++)
            assert_int_equal(afmon_chunk_set(chunk, &sets[i].set), i);
        for (uint32_t i = 0; i < count; i++)
            atomic_store(&sets[i].set.references, 2); /* they are no one's to free */
        afmon_chunk_release(chunk);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chunk_takes_any_number_of_sets),
        cmocka_unit_test(test_series_are_found_again),
        cmocka_unit_test(test_a_hundred_thousand_names_are_cheap),
        cmocka_unit_test(test_values_that_are_not_finite_are_counted),
        cmocka_unit_test(test_unknown_and_empty_series),
        cmocka_unit_test(test_times_far_apart),
        cmocka_unit_test(test_every_sample_may_have_its_own_set),
        cmocka_unit_test(test_tokens_by_model),
        cmocka_unit_test(test_negative_tokens_of_one_model_count_for_nothing),
        cmocka_unit_test(test_no_tokens),
        cmocka_unit_test(test_fractions_of_tokens_are_rounded_at_the_end),
        cmocka_unit_test(test_at_most_32_bytes_a_sample),
        cmocka_unit_test(test_wild_values_take_a_bounded_amount),
        cmocka_unit_test(test_an_allocation_fails_while_appending),
        cmocka_unit_test(test_all_further_allocations_fail_while_appending),
        cmocka_unit_test(test_lost_samples_are_in_the_sums),
        cmocka_unit_test(test_each_allocation_of_a_question_may_fail),
        cmocka_unit_test(test_each_allocation_of_a_new_store_may_fail),
        cmocka_unit_test(test_one_appends_and_others_ask),
        cmocka_unit_test(test_one_appends_and_evicts_and_others_ask),
        cmocka_unit_test(test_nobody_starves_at_the_lock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The value index, selection, and searching both together with values beside: exact for every stream, every checkpoint,
 * and every order of adding and removing. */
#include "store_naive.h"

#include "store/index_search_internal.h"
#include "base/order.h"
#include "store/select.h"

#include "fail_alloc.h"

#define PART 1000 /* values between two checkpoints */

/* ---- Keys and selection ---- */

static void test_keys_sort_like_values(void **state)
{
    (void)state;
    for (int i = 0; i < 100000; i++) {
        double a = any_finite();
        double b = i % 3 == 0 ? -a : any_finite();
        assert_true((a < b) == (afmon_order_key(a) < afmon_order_key(b)));
        assert_same(afmon_order_value(afmon_order_key(a)), a);
    }
    assert_true(afmon_order_key(-0.0) == afmon_order_key(0.0));
    assert_false(afmon_order_is_finite(NAN));
    assert_false(afmon_order_is_finite(INFINITY));
    assert_false(afmon_order_is_finite(-INFINITY));
    assert_true(afmon_order_is_finite(DBL_MAX));
    assert_true(afmon_order_is_finite(-DBL_TRUE_MIN));
}

static int by_key(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void test_selection_is_exact(void **state)
{
    (void)state;
    static uint64_t keys[5000];
    static uint64_t sorted[5000];
    for (int round = 0; round < 200; round++) {
        size_t count = 1 + random_below(round % 2 == 0 ? 100 : 5000);
        for (size_t i = 0; i < count; i++)
            keys[i] = afmon_order_key(stream_value((enum stream)(round % STREAMS), i));
        memcpy(sorted, keys, count * sizeof *keys);
        qsort(sorted, count, sizeof *sorted, by_key);
        struct afmon_selector selector;
        if (round % 3 == 0)
            afmon_select_begin_within(&selector, keys, count, 64);
        else
            afmon_select_begin(&selector, keys, count);
        for (int ask = 0; ask < 20; ask++) {
            size_t rank = ask == 0 ? 0 : ask == 1 ? count - 1 : random_below(count);
            uint64_t pair[2];
            afmon_select_pair(&selector, rank, pair);
            assert_true(pair[0] == sorted[rank]);
            assert_true(pair[1] == sorted[rank + 1 < count ? rank + 1 : rank]);
        }
    }
}

static void test_selection_with_weights_is_exact(void **state)
{
    (void)state;
    for (int round = 0; round < 300; round++) {
        uint64_t keys[200];
        uint64_t all[2000];
        struct afmon_weight weights[20];
        size_t count = random_below(200);
        size_t weight_count = random_below(20) + (count == 0 ? 1 : 0);
        size_t total = 0;
        for (size_t i = 0; i < count; i++)
            all[total++] = keys[i] = random_below(50);
        uint64_t key = 0;
        for (size_t i = 0; i < weight_count; i++) {
            key += 1 + random_below(4);
            weights[i] = (struct afmon_weight){.key = key, .count = 1 + random_below(40)};
            for (uint64_t j = 0; j < weights[i].count; j++)
                all[total++] = key;
        }
        qsort(all, total, sizeof *all, by_key);
        for (size_t rank = 0; rank < total; rank++)
            assert_true(afmon_select_weighted(keys, count, weights, weight_count, rank) == all[rank]);
    }
}

/* ---- The index ---- */

/* An index, and beside it all values and the checkpoints, one before each part. */
struct fixture {
    struct afmon_index *index;
    double *values;
    size_t count;
    size_t removed; /* of them, from the front */
    struct afmon_checkpoint **checkpoints;
    size_t parts;
};

static void begin(struct fixture *fixture, size_t parts)
{
    *fixture = (struct fixture){.index = afmon_index_new()};
    fixture->values = malloc(parts * PART * sizeof *fixture->values);
    fixture->checkpoints = calloc(parts + 1, sizeof *fixture->checkpoints);
    assert_non_null(fixture->index);
}

static void end(struct fixture *fixture)
{
    afmon_index_free(fixture->index);
    for (size_t i = 0; i < fixture->parts; i++)
        free(fixture->checkpoints[i]);
    free(fixture->checkpoints);
    free(fixture->values);
}

static void add_part(struct fixture *fixture, enum stream stream)
{
    fixture->checkpoints[fixture->parts++] = afmon_index_checkpoint(fixture->index);
    for (size_t i = 0; i < PART; i++)
        fixture->values[fixture->count + i] = stream_value(stream, fixture->count + i);
    assert_true(afmon_index_add(fixture->index, fixture->values + fixture->count, PART));
    fixture->count += PART;
}

/* Asks for the values from a place on, with some keys beside them. */
static void check_from(const struct fixture *fixture, struct afmon_search *search, size_t from,
                       const struct afmon_checkpoint *checkpoint, size_t beside)
{
    size_t count = fixture->count - from + beside;
    double *sorted = malloc((count + 1) * sizeof *sorted);
    uint64_t *keys = malloc((beside + 1) * sizeof *keys);
    memcpy(sorted, fixture->values + from, (fixture->count - from) * sizeof *sorted);
    for (size_t i = 0; i < beside; i++) {
        double value = fixture->values[random_below(fixture->count)];
        sorted[fixture->count - from + i] = value;
        keys[i] = afmon_order_key(value);
    }
    qsort(sorted, count, sizeof *sorted, naive_order);
    struct afmon_search_source source = {
        .index = fixture->index, .checkpoint = checkpoint, .keys = keys, .key_count = beside};
    assert_true(afmon_search_begin(search, &source));
    assert_int_equal(afmon_search_count(search), count);
    for (size_t ask = 0; count > 0 && ask < 25; ask++) {
        size_t rank = ask == 0 ? 0 : ask == 1 ? count - 1 : random_below(count);
        uint64_t pair[2];
        assert_int_equal(afmon_search_pair(search, rank, pair), AFMON_OK);
        assert_same(afmon_order_value(pair[0]), sorted[rank]);
        assert_same(afmon_order_value(pair[1]), sorted[rank + 1 < count ? rank + 1 : rank]);
    }
    free(sorted);
    free(keys);
}

static void check(const struct fixture *fixture, struct afmon_search *search)
{
    size_t first = fixture->removed / PART;
    check_from(fixture, search, fixture->removed, NULL, random_below(2) * random_below(500));
    for (int i = 0; i < 4 && first < fixture->parts; i++) {
        size_t part = first + random_below(fixture->parts - first);
        check_from(fixture, search, part * PART, fixture->checkpoints[part], random_below(2) * random_below(500));
    }
}

static void test_exact_for_every_stream(void **state)
{
    (void)state;
    struct afmon_search *search = afmon_search_new();
    for (int stream = 0; stream < STREAMS; stream++) {
        struct fixture fixture;
        begin(&fixture, 40);
        for (size_t part = 0; part < 40; part++) {
            add_part(&fixture, (enum stream)stream);
            if (part % 3 == 0)
                check(&fixture, search);
        }
        end(&fixture);
    }
    afmon_search_free(search);
}

/* Removes the oldest part in one of the two ways. */
static void remove_part(struct fixture *fixture)
{
    size_t part = fixture->removed / PART;
    bool last = part + 1 == fixture->parts;
    if (random_below(2) == 0)
        afmon_index_remove_oldest(fixture->index, fixture->values + fixture->removed, PART);
    else
        afmon_index_remove_before(fixture->index, last ? NULL : fixture->checkpoints[part + 1]);
    fixture->removed += PART;
    assert_int_equal(afmon_index_count(fixture->index), fixture->count - fixture->removed);
}

static void test_exact_while_old_values_leave(void **state)
{
    (void)state;
    struct afmon_search *search = afmon_search_new();
    for (int stream = 0; stream < STREAMS; stream++) {
        struct fixture fixture;
        begin(&fixture, 120);
        for (size_t step = 0; step < 120; step++) {
            add_part(&fixture, (enum stream)stream);
            while (fixture.removed < fixture.count && random_below(40) < fixture.parts - fixture.removed / PART)
                remove_part(&fixture);
            if (step % 4 == 0)
                check(&fixture, search);
        }
        end(&fixture);
    }
    afmon_search_free(search);
}

static void test_pages_are_given_back(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, 600);
    size_t most = 0;
    for (size_t step = 0; step < 600; step++) { /* a counter comes to new slots all the time */
        add_part(&fixture, COUNTER);
        if (step >= 20)
            remove_part(&fixture);
        if (step == 100)
            most = afmon_index_bytes(fixture.index);
    }
    assert_true(afmon_index_bytes(fixture.index) < 2 * most);
    while (fixture.removed < fixture.count)
        remove_part(&fixture);
    assert_int_equal(afmon_index_count(fixture.index), 0);
    end(&fixture);
}

/* Not for being right, but for being quick: how many keys are looked at for one rank. */
static void test_few_values_are_looked_at(void **state)
{
    (void)state;
    enum { PARTS = 400 };
    static const enum stream streams[] = {LOG_NORMAL, UNIFORM, NARROW, WHOLE, RATE, NEGATIVE, COUNTER, DRIFT};
    struct afmon_search *search = afmon_search_new();
    for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++) {
        struct fixture fixture;
        begin(&fixture, PARTS);
        while (fixture.parts < PARTS)
            add_part(&fixture, streams[i]);
        struct afmon_search_source source = {.index = fixture.index, .checkpoint = fixture.checkpoints[PARTS / 2]};
        assert_true(afmon_search_begin(search, &source));
        for (uint64_t rank = 0; rank < PARTS * PART / 2; rank += PARTS * PART / 50) {
            uint64_t pair[2];
            assert_int_equal(afmon_search_pair(search, rank, pair), AFMON_OK);
            assert_true(search->found.count <= 1200);
        }
        assert_true(afmon_index_checkpoint_bytes(fixture.index) < 32768);
        end(&fixture);
    }
    afmon_search_free(search);
}

static void test_values_that_are_not_finite_stay_out(void **state)
{
    (void)state;
    struct afmon_index *index = afmon_index_new();
    double values[] = {1, NAN, INFINITY, 2, -INFINITY};
    assert_true(afmon_index_add(index, values, 5));
    assert_int_equal(afmon_index_count(index), 2);
    afmon_index_remove_oldest(index, values, 3);
    assert_int_equal(afmon_index_count(index), 1);
    afmon_index_free(index);
}

static void test_constant_values_take_no_room(void **state)
{
    (void)state;
    struct afmon_index *index = afmon_index_new();
    double value = 0.1;
    assert_true(afmon_index_add(index, &value, 1));
    size_t before = afmon_index_bytes(index);
    for (int i = 0; i < 100000; i++)
        assert_true(afmon_index_add(index, &value, 1));
    assert_int_equal(afmon_index_bytes(index), before);
    afmon_index_free(index);
}

/* ---- Numbers go round after 2^32 ---- */

static void test_counts_may_go_round(void **state)
{
    (void)state;
    struct fixture fixture;
    struct afmon_search *search = afmon_search_new();
    begin(&fixture, 60);
    add_part(&fixture, MIX);
    remove_part(&fixture);
    /* As if each slot that there is had seen nearly 2^32 values, all of which were removed. */
    for (uint32_t slot = 0; slot < afmon_index_slot_count(fixture.index); slot++) {
        fixture.index->counts[slot] = UINT32_MAX - 50;
        fixture.index->removed[slot] = UINT32_MAX - 50;
        fixture.index->lists[slot].run_end = UINT32_MAX - 50;
    }
    while (fixture.parts < 60) {
        add_part(&fixture, MIX);
        if (fixture.parts > 20)
            remove_part(&fixture);
        check(&fixture, search);
    }
    end(&fixture);
    afmon_search_free(search);
}

/* ---- No memory ---- */

static void test_each_allocation_may_fail(void **state)
{
    (void)state;
    static double values[3000];
    for (size_t i = 0; i < 3000; i++)
        values[i] = stream_value(LOG_NORMAL, i);
    bool more = true;
    for (long n = 1; more; n += n < 100 ? 1 : 37) {
        fail_alloc_at(n);
        struct afmon_index *index = afmon_index_new();
        bool added = index != NULL && afmon_index_add(index, values, 3000);
        struct afmon_checkpoint *checkpoint = added ? afmon_index_checkpoint(index) : NULL;
        struct afmon_search *search = afmon_search_new();
        struct afmon_search_source source = {.index = index};
        bool begun = added && search != NULL && afmon_search_begin(search, &source);
        uint64_t pair[2];
        afmon_status status = begun ? afmon_search_pair(search, 1500, pair) : AFMON_E_NO_MEMORY;
        more = fail_alloc_stop();
        if (!more)
            assert_int_equal(status, AFMON_OK);
        afmon_search_free(search);
        free(checkpoint);
        afmon_index_free(index);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_sort_like_values),
        cmocka_unit_test(test_selection_is_exact),
        cmocka_unit_test(test_selection_with_weights_is_exact),
        cmocka_unit_test(test_exact_for_every_stream),
        cmocka_unit_test(test_exact_while_old_values_leave),
        cmocka_unit_test(test_pages_are_given_back),
        cmocka_unit_test(test_few_values_are_looked_at),
        cmocka_unit_test(test_values_that_are_not_finite_stay_out),
        cmocka_unit_test(test_constant_values_take_no_room),
        cmocka_unit_test(test_counts_may_go_round),
        cmocka_unit_test(test_each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

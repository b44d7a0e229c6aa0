#include "check.h"

#include <pthread.h>
#include <stdio.h>

#include "catalog/sets.h"
#include "fail_alloc.h"

enum { ROOM = 512 };

struct packed {
    unsigned char bytes[ROOM];
    size_t length;
};

static struct packed pack(const afmon_field *fields, size_t count)
{
    struct packed packed;
    assert_true(afmon_fields_packed_size(fields, count) <= ROOM);
    packed.length = (size_t)(afmon_fields_pack(packed.bytes, fields, count) - packed.bytes);
    return packed;
}

static struct afmon_set *intern(struct afmon_sets *sets, const afmon_field *fields, size_t count)
{
    struct packed packed = pack(fields, count);
    struct afmon_set *set = afmon_sets_intern(sets, packed.bytes, packed.length);
    assert_non_null(set);
    return set;
}

static struct afmon_set *intern_number(struct afmon_sets *sets, int64_t number)
{
    const afmon_field field = afmon_int("number", number);
    return intern(sets, &field, 1);
}

static void equal_metadata_is_one_set(void **state)
{
    (void)state;
    const afmon_field fields[] = {afmon_string("model_name", "gpt"), afmon_int("n", 1), afmon_int("value", 2)};
    struct afmon_sets *sets = afmon_sets_new();
    struct afmon_set *set = intern(sets, fields, 3);
    assert_ptr_equal(intern(sets, fields, 3), set);
    assert_int_equal(atomic_load(&set->references), 2);
    assert_text(set->json, set->json_length, "\"model_name\": \"gpt\", \"n\": 1, \"_value\": 2, ");
    struct packed packed = pack(fields, 3);
    assert_int_equal(set->packed_length, packed.length);
    assert_memory_equal(set->packed, packed.bytes, packed.length);
    assert_text(set->model, set->model_length, "gpt");
    assert_true((const char *)set->model > (const char *)set->packed &&
                (const char *)set->model < (const char *)set->packed + set->packed_length);
    assert_ptr_not_equal(intern(sets, fields, 2), set);
    afmon_sets_free(sets);
}

static void the_empty_set_is_one_too(void **state)
{
    (void)state;
    struct afmon_sets *sets = afmon_sets_new();
    struct afmon_set *set = afmon_sets_intern(sets, NULL, 0);
    assert_non_null(set);
    assert_ptr_equal(afmon_sets_intern(sets, "", 0), set);
    assert_int_equal(set->json_length, 0);
    assert_int_equal(set->packed_length, 0);
    assert_null(set->model);
    afmon_sets_free(sets);
}

static void only_a_text_is_a_model(void **state)
{
    (void)state;
    const afmon_field number = afmon_int("model_name", 1);
    const afmon_field other = afmon_string("model_nam", "x");
    const afmon_field empty = afmon_string("model_name", "");
    const afmon_field twice[] = {afmon_string("model_name", "a"), afmon_string("model_name", "b")};
    struct afmon_sets *sets = afmon_sets_new();
    assert_null(intern(sets, &number, 1)->model);
    assert_null(intern(sets, &other, 1)->model);
    assert_non_null(intern(sets, &empty, 1)->model);
    struct afmon_set *set = intern(sets, twice, 2);
    assert_text(set->model, set->model_length, "b");
    afmon_sets_free(sets);
}

static void keys_that_come_twice_are_put_in_order(void **state)
{
    (void)state;
    const afmon_field given[] = {afmon_int("a", 1), afmon_int("b", 2), afmon_int("a", 3)};
    const afmon_field ordered[] = {afmon_int("a", 3), afmon_int("b", 2)};
    struct afmon_sets *sets = afmon_sets_new();
    struct afmon_set *set = intern(sets, given, 3);
    struct packed packed = pack(ordered, 2);
    assert_int_equal(set->packed_length, packed.length);
    assert_memory_equal(set->packed, packed.bytes, packed.length);
    assert_text(set->json, set->json_length, "\"a\": 3, \"b\": 2, ");
    assert_ptr_equal(intern(sets, given, 3), set); /* found by what was given */
    assert_memory_equal(intern(sets, ordered, 2)->json, set->json, set->json_length);
    afmon_sets_free(sets);
}

static void bad_bytes_end_a_set(void **state)
{
    (void)state;
    const afmon_field fields[] = {afmon_int("a", 1), afmon_int("b", 2)};
    struct afmon_sets *sets = afmon_sets_new();
    struct packed packed = pack(fields, 2);
    struct afmon_set *set = afmon_sets_intern(sets, packed.bytes, packed.length - 1);
    assert_non_null(set);
    assert_text(set->json, set->json_length, "\"a\": 1, ");
    assert_int_equal(set->packed_length, packed.length / 2);
    assert_ptr_equal(afmon_sets_intern(sets, packed.bytes, packed.length - 1), set);
    set = afmon_sets_intern(sets, "garbage", 7);
    assert_non_null(set);
    assert_int_equal(set->packed_length, 0);
    afmon_sets_free(sets);
}

static void a_hundred_thousand_sets_are_all_found(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    struct afmon_sets *sets = afmon_sets_new();
    struct afmon_set **all = calloc(COUNT, sizeof *all);
    size_t sets_size = 0;
    for (int i = 0; i < COUNT; i++) {
        all[i] = intern_number(sets, i);
        sets_size += all[i]->size;
    }
    for (int i = 0; i < COUNT; i++)
        assert_ptr_equal(intern_number(sets, i), all[i]);
    free(all);
    assert_true(afmon_sets_bytes(sets) - sets_size >= COUNT * sizeof(void *)); /* a bucket for each: no long chains */
    afmon_sets_free(sets);
}

static void unused_sets_go_when_they_are_more_than_half(void **state)
{
    (void)state;
    enum { COUNT = 1000 };
    struct afmon_sets *sets = afmon_sets_new();
    struct afmon_set *all[COUNT];
    for (int i = 0; i < COUNT; i++)
        all[i] = intern_number(sets, i + COUNT);
    size_t full = afmon_sets_bytes(sets);
    for (int i = 0; i < COUNT / 2; i++)
        afmon_set_release(all[i]);
    assert_int_equal(afmon_sets_sweep(sets), 0);
    assert_ptr_equal(intern_number(sets, COUNT), all[0]); /* still findable, and in use again */
    for (int i = COUNT / 2; i < COUNT - 10; i++)
        afmon_set_release(all[i]);
    size_t freed = afmon_sets_sweep(sets);
    assert_true(freed > full / 2 && afmon_sets_bytes(sets) <= full - freed);
    assert_ptr_equal(intern_number(sets, COUNT), all[0]);
    for (int i = COUNT - 10; i < COUNT; i++)
        assert_ptr_equal(intern_number(sets, i + COUNT), all[i]);
    assert_int_equal(afmon_sets_sweep(sets), 0);
    assert_int_equal(atomic_load(&intern_number(sets, COUNT + 1)->references), 1); /* made anew */
    afmon_sets_free(sets);
}

static void a_set_that_comes_back_is_not_counted_as_unused(void **state)
{
    (void)state;
    struct afmon_sets *sets = afmon_sets_new();
    for (int i = 0; i < 10; i++)
        intern_number(sets, i);
    afmon_set_release(intern_number(sets, 10));
    for (int i = 0; i < 100; i++)
        afmon_set_release(intern_number(sets, 11));
    assert_int_equal(afmon_sets_sweep(sets), 0);
    afmon_sets_free(sets);
}

static void bytes_stay_bounded_when_no_set_repeats(void **state)
{
    (void)state;
    struct afmon_sets *sets = afmon_sets_new();
    size_t most = 0;
    for (int i = 0; i < 200000; i++) {
        afmon_set_release(intern_number(sets, i));
        if (i % 1000 == 0)
            afmon_sets_sweep(sets);
        most = afmon_sets_bytes(sets) > most ? afmon_sets_bytes(sets) : most;
    }
    assert_true(most < 1000 * 400);
    afmon_sets_sweep(sets);
    assert_true(afmon_sets_bytes(sets) < 4096); /* nor do the buckets stay */
    afmon_sets_free(sets);
}

static void large_sets_are_counted_and_given_back(void **state)
{
    (void)state;
    enum { SIZE = 1000000 };
    char *text = calloc(1, SIZE);
    const afmon_field field = afmon_string_n("text", text, SIZE);
    size_t length = afmon_fields_packed_size(&field, 1);
    unsigned char *packed = malloc(length);
    afmon_fields_pack(packed, &field, 1);
    struct afmon_sets *sets = afmon_sets_new();
    struct afmon_set *set = afmon_sets_intern(sets, packed, length);
    assert_non_null(set);
    assert_int_equal(set->json_length, strlen("\"text\": \"\", ") + 6 * SIZE);
    assert_true(set->size > 7 * SIZE && afmon_sets_bytes(sets) < (size_t)set->size + 10000);
    afmon_set_release(set);
    assert_true(afmon_sets_sweep(sets) > 7 * SIZE);
    assert_true(afmon_sets_bytes(sets) < 10000);
    afmon_sets_free(sets);
    free(packed);
    free(text);
}

struct worker {
    struct afmon_set *set;
    int rounds;
};

static void *hold_and_release(void *data)
{
    struct worker *worker = data;
    for (int i = 0; i < worker->rounds; i++) {
        afmon_set_hold(worker->set);
        afmon_set_release(worker->set);
    }
    afmon_set_release(worker->set);
    return NULL;
}

static void references_come_back_from_any_thread(void **state)
{
    (void)state;
    enum { THREADS = 4, SETS = 200 };
    struct afmon_sets *sets = afmon_sets_new();
    for (int round = 0; round < SETS; round++) {
        pthread_t threads[THREADS];
        struct worker workers[THREADS];
        for (int i = 0; i < THREADS; i++) {
            workers[i] = (struct worker){.set = intern_number(sets, round % 7), .rounds = 50};
            assert_int_equal(pthread_create(&threads[i], NULL, hold_and_release, &workers[i]), 0);
            afmon_sets_sweep(sets);
        }
        for (int i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
    }
    afmon_sets_sweep(sets);
    assert_true(afmon_sets_bytes(sets) < 4096);
    afmon_sets_free(sets);
}

/* Makes sets until the table has grown; returns how many there are, *failed counts the ones refused. */
static int fill(struct afmon_sets *sets, int *failed)
{
    int made = 0;
    for (int i = 0; i < 200; i++) {
        const afmon_field fields[] = {afmon_int("n", i), afmon_string("text", "\xFF some text"), afmon_int("n", i)};
        struct packed packed = pack(fields, 3);
        if (afmon_sets_intern(sets, packed.bytes, packed.length) != NULL)
            made++;
        else
            (*failed)++;
    }
    return made;
}

static void without_memory_a_set_is_refused_and_the_rest_stays(void **state)
{
    (void)state;
    bool fired = true;
    for (long n = 1; fired; n++) {
        int failed = 0;
        int made = 0;
        fail_alloc_at(n);
        struct afmon_sets *sets = afmon_sets_new();
        if (sets != NULL)
            made = fill(sets, &failed);
        fired = fail_alloc_stop();
        assert_true(fired || failed == 0);
        assert_true(failed <= 1);
        if (sets != NULL) {
            assert_int_equal(made + failed, 200);
            failed = 0;
            assert_int_equal(fill(sets, &failed), 200);
        } else {
            assert_true(n <= 2);
        }
        afmon_sets_free(sets);
    }
    afmon_sets_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_metadata_is_one_set),
        cmocka_unit_test(the_empty_set_is_one_too),
        cmocka_unit_test(only_a_text_is_a_model),
        cmocka_unit_test(keys_that_come_twice_are_put_in_order),
        cmocka_unit_test(bad_bytes_end_a_set),
        cmocka_unit_test(a_hundred_thousand_sets_are_all_found),
        cmocka_unit_test(unused_sets_go_when_they_are_more_than_half),
        cmocka_unit_test(a_set_that_comes_back_is_not_counted_as_unused),
        cmocka_unit_test(bytes_stay_bounded_when_no_set_repeats),
        cmocka_unit_test(large_sets_are_counted_and_given_back),
        cmocka_unit_test(references_come_back_from_any_thread),
        cmocka_unit_test(without_memory_a_set_is_refused_and_the_rest_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

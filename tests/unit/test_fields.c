#include "check.h"

#include <math.h>
#include <stdio.h>

#include "catalog/field_list.h"
#include "fail_alloc.h"

/* Packs fields into fresh memory of the very size, so that a sanitizer sees a byte too far. */
static unsigned char *pack(const afmon_field *fields, size_t count, size_t *length)
{
    *length = afmon_fields_packed_size(fields, count);
    assert_int_not_equal(*length, SIZE_MAX);
    unsigned char *packed = malloc(*length > 0 ? *length : 1);
    assert_non_null(packed);
    assert_ptr_equal(afmon_fields_pack(packed, fields, count), packed + *length);
    return packed;
}

static void assert_rendered_as(const afmon_field *fields, size_t count, enum afmon_line_kind kind, const char *expected)
{
    size_t length;
    unsigned char *packed = pack(fields, count, &length);
    struct afmon_buffer buffer;
    afmon_buffer_init(&buffer, SIZE_MAX);
    afmon_fields_render(&buffer, packed, length, kind);
    assert_false(buffer.failed);
    assert_text(buffer.data != NULL ? buffer.data : "", buffer.length, expected);
    afmon_buffer_free(&buffer);
    free(packed);
}

static void assert_rendered(const afmon_field *fields, size_t count, const char *expected)
{
    assert_rendered_as(fields, count, AFMON_LINE_METRIC, expected);
}

static afmon_field json(const char *key, const char *text)
{
    afmon_field field = afmon_string(key, text);
    field.type = AFMON_JSON;
    return field;
}

static void makers(void **state)
{
    (void)state;
    afmon_field field = afmon_string("k", "text");
    assert_string_equal(field.key, "k");
    assert_int_equal(field.key_length, 0);
    assert_int_equal(field.type, AFMON_STRING);
    assert_int_equal(field.as.text.length, 4);
    assert_int_equal(afmon_string("k", NULL).type, AFMON_NULL);
    assert_int_equal(afmon_string_n("k", NULL, 3).type, AFMON_NULL);
    assert_int_equal(afmon_string_n("k", "a\0b", 3).as.text.length, 3);
    assert_int_equal(afmon_int("k", INT64_MIN).as.integer, INT64_MIN);
    assert_true(afmon_double("k", 1.5).as.number == 1.5);
    assert_true(afmon_bool("k", true).as.boolean);
    assert_int_equal(afmon_null("k").type, AFMON_NULL);
}

static void what_is_packed_comes_out_again(void **state)
{
    (void)state;
    afmon_field fields[] = {afmon_string("s", "text"), afmon_string_n("n", "a\0b", 3),
                            afmon_int("i", -5),        afmon_double("d", NAN),
                            afmon_bool("t", true),     afmon_bool("f", false),
                            afmon_null("0"),           json("j", "[1]"),
                            afmon_string("empty", ""), afmon_int("", 7),
                            afmon_int("key", 8)};
    const size_t count = sizeof fields / sizeof *fields;
    fields[10].key = "k\0y";
    fields[10].key_length = 3;
    size_t length;
    unsigned char *packed = pack(fields, count, &length);
    struct afmon_field_walk walk = afmon_field_walk_begin(packed, length);
    afmon_field got;
    for (size_t i = 0; i < count; i++) {
        assert_true(afmon_field_walk_next(&walk, &got));
        assert_int_equal(got.type, fields[i].type);
        size_t key_length = fields[i].key_length > 0 ? fields[i].key_length : strlen(fields[i].key);
        assert_int_equal(got.key_length, key_length);
        assert_memory_equal(got.key, fields[i].key, key_length);
        if (got.type == AFMON_STRING || got.type == AFMON_JSON) {
            assert_int_equal(got.as.text.length, fields[i].as.text.length);
            assert_memory_equal(got.as.text.data, fields[i].as.text.data, got.as.text.length);
        } else if (got.type == AFMON_BOOL) {
            assert_int_equal(got.as.boolean, fields[i].as.boolean);
        } else if (got.type != AFMON_NULL) {
            assert_memory_equal(&got.as, &fields[i].as, 8);
        }
    }
    assert_false(afmon_field_walk_next(&walk, &got));
    assert_false(walk.bad);
    free(packed);
}

static void an_empty_key_stays_a_c_string(void **state)
{
    (void)state;
    afmon_field field = afmon_int("", 1);
    size_t length;
    unsigned char *packed = pack(&field, 1, &length);
    struct afmon_field_walk walk = afmon_field_walk_begin(packed, length);
    assert_true(afmon_field_walk_next(&walk, &field));
    assert_string_equal(field.key, "");
    free(packed);
    afmon_field again = afmon_int("", 1);
    assert_rendered(&again, 1, "\"\": 1, ");
}

static void fields_that_are_none_are_refused(void **state)
{
    (void)state;
    afmon_field field = afmon_int(NULL, 1);
    assert_int_equal(afmon_fields_packed_size(&field, 1), SIZE_MAX);
    field = afmon_int("k", 1);
    field.type = (afmon_type)6;
    assert_int_equal(afmon_fields_packed_size(&field, 1), SIZE_MAX);
    field = afmon_string_n("k", "", 0);
    field.as.text.data = NULL;
    field.as.text.length = 1;
    assert_int_equal(afmon_fields_packed_size(&field, 1), SIZE_MAX);
    field.as.text.length = 0;
    assert_int_equal(afmon_fields_packed_size(&field, 1), AFMON_FIELD_HEADER + 1);
    assert_int_equal(afmon_fields_packed_size(NULL, 1), SIZE_MAX);
    assert_int_equal(afmon_fields_packed_size(NULL, 0), 0);
    field = afmon_string_n("k", "x", (size_t)UINT32_MAX + 1);
    assert_int_equal(afmon_fields_packed_size(&field, 1), SIZE_MAX);
    field = afmon_int("k", 1);
    field.key_length = (size_t)UINT32_MAX + 1;
    assert_int_equal(afmon_fields_packed_size(&field, 1), SIZE_MAX);
}

/* Walks bytes; true where they are fields to their end. */
static bool walks_well(const unsigned char *bytes, size_t length)
{
    struct afmon_field_walk walk = afmon_field_walk_begin(bytes, length);
    afmon_field field;
    volatile unsigned char sum = 0; /* touches every byte that a field points to */
    while (afmon_field_walk_next(&walk, &field)) {
        for (size_t i = 0; i < field.key_length; i++)
            sum = (unsigned char)(sum + (unsigned char)field.key[i]);
        if (field.type == AFMON_STRING || field.type == AFMON_JSON)
            for (size_t i = 0; i < field.as.text.length; i++)
                sum = (unsigned char)(sum + (unsigned char)field.as.text.data[i]);
    }
    assert_false(afmon_field_walk_next(&walk, &field));
    return !walk.bad;
}

static void bad_bytes_are_found(void **state)
{
    (void)state;
    const afmon_field fields[] = {afmon_string("key", "value"), afmon_int("i", 1),  afmon_double("d", 1),
                                  afmon_bool("b", true),        afmon_null("null"), json("j", "{}")};
    size_t length;
    unsigned char *packed = pack(fields, 6, &length);
    assert_true(walks_well(packed, length));
    size_t whole = 0;
    for (size_t cut = 0; cut < length; cut++) { /* exact copies: a sanitizer sees a byte too far */
        unsigned char *part = malloc(cut > 0 ? cut : 1);
        assert_non_null(part);
        memcpy(part, packed, cut);
        whole += walks_well(part, cut);
        free(part);
    }
    assert_int_equal(whole, 6); /* the ends of fields, nothing among them */
    for (size_t at = 0; at < length; at++) {
        for (int bit = 0; bit < 8; bit++) {
            packed[at] ^= (unsigned char)(1 << bit);
            walks_well(packed, length);
            packed[at] ^= (unsigned char)(1 << bit);
        }
    }
    free(packed);
    static const unsigned char headers[][14] = {
        {6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},                         /* no such type */
        {0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},                         /* what must be 0 */
        {0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0},                         /* likewise */
        {1, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, /* lengths whose sum overflows 32 bits */
        {2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},                         /* an integer without bytes */
        {3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},                         /* a double likewise */
        {4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},                         /* a boolean likewise */
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        assert_false(walks_well(headers[i], 12));
    static const unsigned char odd_bool[] = {4, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2};
    static const unsigned char full_null[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2};
    assert_false(walks_well(odd_bool, sizeof odd_bool));
    assert_false(walks_well(full_null, sizeof full_null));
    assert_true(walks_well(NULL, 0));
}

static void each_type_is_rendered(void **state)
{
    (void)state;
    const afmon_field fields[] = {
        afmon_string("model_name", "gpt \"4\"\n"),
        afmon_int("i", INT64_MIN),
        afmon_double("d", 0.1),
        afmon_double("whole", 3),
        afmon_double("nan", NAN),
        afmon_double("inf", INFINITY),
        afmon_bool("t", true),
        afmon_bool("f", false),
        afmon_null("none"),
    };
    assert_rendered(fields, 9,
                    "\"model_name\": \"gpt \\\"4\\\"\\n\", \"i\": -9223372036854775808, \"d\": 0.1, \"whole\": 3.0, "
                    "\"nan\": null, \"inf\": null, \"t\": true, \"f\": false, \"none\": null, ");
    assert_rendered(NULL, 0, "");
    const afmon_field odd[] = {afmon_string("q\"k", "\xFF")};
    assert_rendered(odd, 1, "\"q\\\"k\": \"\xEF\xBF\xBD\", ");
}

static void json_stays_json_where_it_is_some(void **state)
{
    (void)state;
    const afmon_field good[] = {json("a", "{\"x\": [1, 2]}"), json("b", "[]")};
    assert_rendered(good, 2, "\"a\": {\"x\": [1, 2]}, \"b\": [], ");
    const afmon_field bad[] = {json("a", "{\"x\": 1"), json("b", "[1,\n2]"), json("c", "1, \"level\": 2"),
                               json("d", "")};
    assert_rendered(bad, 4,
                    "\"a\": \"{\\\"x\\\": 1\", \"b\": \"[1,\\n2]\", \"c\": \"1, \\\"level\\\": 2\", \"d\": \"\", ");
    const afmon_field returns[] = {json("a", "[1,\r2]")};
    assert_rendered(returns, 1, "\"a\": \"[1,\\r2]\", ");
}

static void keys_in_the_way_are_escaped(void **state)
{
    (void)state;
    const afmon_field fields[] = {afmon_int("metric", 1),  afmon_int("_value", 2),  afmon_int("__timestamp", 3),
                                  afmon_int("level", 4),   afmon_int("message", 5), afmon_int("metrics", 6),
                                  afmon_int("a_value", 7), afmon_int("_", 8)};
    assert_rendered_as(fields, 8, AFMON_LINE_METRIC,
                       "\"_metric\": 1, \"__value\": 2, \"___timestamp\": 3, \"level\": 4, \"message\": 5, "
                       "\"metrics\": 6, \"a_value\": 7, \"_\": 8, ");
    assert_rendered_as(fields, 8, AFMON_LINE_LOG,
                       "\"metric\": 1, \"_value\": 2, \"__timestamp\": 3, \"_level\": 4, \"_message\": 5, "
                       "\"metrics\": 6, \"a_value\": 7, \"_\": 8, ");
    assert_true(afmon_key_is_escaped("_metric", 7, AFMON_LINE_METRIC));
    assert_true(afmon_key_is_escaped("___value", 8, AFMON_LINE_METRIC));
    assert_false(afmon_key_is_escaped("metric", 6, AFMON_LINE_METRIC));
    assert_false(afmon_key_is_escaped("_metrics", 8, AFMON_LINE_METRIC));
    assert_false(afmon_key_is_escaped("_metri", 6, AFMON_LINE_METRIC));
    assert_false(afmon_key_is_escaped("_level", 6, AFMON_LINE_METRIC));
    assert_true(afmon_key_is_escaped("_level", 6, AFMON_LINE_LOG));
    assert_false(afmon_key_is_escaped("", 0, AFMON_LINE_LOG));
    assert_false(afmon_key_is_escaped("____", 4, AFMON_LINE_LOG));
}

static void of_keys_that_come_twice_the_last_value_counts(void **state)
{
    (void)state;
    const afmon_field fields[] = {afmon_int("a", 1), afmon_int("b", 2), afmon_string("a", "x"), afmon_int("c", 3),
                                  afmon_null("b")};
    assert_rendered(fields, 5, "\"a\": \"x\", \"b\": null, \"c\": 3, ");
    /* Keys that would be the same in the file, because neither is UTF-8. */
    const afmon_field broken[] = {afmon_int("k\xFF", 1), afmon_int("z", 2), afmon_int("k\xFE", 3)};
    assert_rendered(broken, 3, "\"k\xEF\xBF\xBD\": 3, \"z\": 2, ");
}

enum { MANY = 1000 };

/* Many fields, each key twice. */
static unsigned char *pack_many(size_t *length)
{
    static char keys[MANY][12];
    static afmon_field fields[2 * MANY];
    for (int i = 0; i < MANY; i++) {
        snprintf(keys[i], sizeof keys[i],
                 "\xFF"
                 "key%d",
                 i);
        fields[i] = afmon_int(keys[i], -1);
        fields[2 * MANY - 1 - i] = afmon_int(keys[i], i);
    }
    return pack(fields, 2 * MANY, length);
}

static void many_fields(void **state)
{
    (void)state;
    size_t length;
    unsigned char *packed = pack_many(&length);
    struct afmon_field_list list;
    assert_true(afmon_field_list_read(&list, packed, length));
    assert_int_equal(list.count, MANY);
    assert_false(list.as_given);
    for (int i = 0; i < MANY; i++) {
        char key[20];
        snprintf(key, sizeof key,
                 "\xEF\xBF\xBD"
                 "key%d",
                 i);
        assert_text(list.fields[i].key, list.fields[i].key_length, key);
        assert_int_equal(list.fields[i].as.integer, i);
    }
    afmon_field_list_free(&list);
    free(packed);
}

static void a_list_knows_whether_it_is_as_given(void **state)
{
    (void)state;
    const afmon_field fields[] = {afmon_int("a", 1), afmon_int("b", 2), afmon_int("a", 1)};
    size_t length;
    unsigned char *packed = pack(fields, 3, &length);
    const size_t one = AFMON_FIELD_HEADER + 1 + 8;
    static const struct {
        size_t fields;
        size_t bytes_more;
        size_t count;
        bool as_given;
    } cases[] = {{0, 0, 0, true}, {1, 0, 1, true}, {2, 0, 2, true}, {3, 0, 2, false}, {1, 5, 1, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct afmon_field_list list;
        assert_true(afmon_field_list_read(&list, packed, cases[i].fields * one + cases[i].bytes_more));
        assert_int_equal(list.count, cases[i].count);
        assert_int_equal(list.as_given, cases[i].as_given);
        afmon_field_list_free(&list);
    }
    free(packed);
}

static void without_memory_nothing_is_half_rendered(void **state)
{
    (void)state;
    size_t length;
    unsigned char *packed = pack_many(&length);
    long n = 1;
    for (;; n++) {
        struct afmon_buffer buffer;
        afmon_buffer_init(&buffer, SIZE_MAX);
        afmon_buffer_add_text(&buffer, "before");
        fail_alloc_at(n);
        afmon_fields_render(&buffer, packed, length, AFMON_LINE_METRIC);
        bool fired = fail_alloc_stop();
        assert_int_equal(buffer.failed, fired);
        if (fired)
            assert_text(buffer.data, buffer.length, "before");
        afmon_buffer_free(&buffer);
        if (!fired)
            break;
    }
    assert_true(n > 4);
    free(packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makers),
        cmocka_unit_test(what_is_packed_comes_out_again),
        cmocka_unit_test(an_empty_key_stays_a_c_string),
        cmocka_unit_test(fields_that_are_none_are_refused),
        cmocka_unit_test(bad_bytes_are_found),
        cmocka_unit_test(each_type_is_rendered),
        cmocka_unit_test(json_stays_json_where_it_is_some),
        cmocka_unit_test(keys_in_the_way_are_escaped),
        cmocka_unit_test(of_keys_that_come_twice_the_last_value_counts),
        cmocka_unit_test(many_fields),
        cmocka_unit_test(a_list_knows_whether_it_is_as_given),
        cmocka_unit_test(without_memory_nothing_is_half_rendered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

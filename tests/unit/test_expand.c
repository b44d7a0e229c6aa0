/* Records of which a reader may see no more than they have. */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "ingest/expand.h"
#include "ingest/numbers.h"

static bool no_sample(void *user, const struct afmon_expanded_sample *sample, int64_t boot_ns)
{
    (void)user;
    (void)sample;
    (void)boot_ns;
    fail();
    return false;
}

static bool no_log(void *user, const struct afmon_expanded_log *log, int64_t boot_ns)
{
    (void)user;
    (void)log;
    (void)boot_ns;
    fail();
    return false;
}

/* AddressSanitizer sees a read behind it. */
static void a_pad_of_eight_bytes_ends_a_ring(void **state)
{
    (void)state;
    struct afmon_expander expander;
    const struct afmon_expand_sink sink = {.sample = no_sample, .log = no_log};
    const struct afmon_record pad = {.length = 8, .kind = AFMON_RECORD_PAD};
    unsigned char *record = malloc(8);
    assert_non_null(record);
    memcpy(record, &pad, 8);
    assert_true(afmon_record_check(record, 8));
    afmon_expander_init(&expander);
    assert_true(afmon_expand(&expander, record, 0, &sink));
    afmon_expander_free(&expander);
    free(record);
}

/* ---- numbers of a call ---- */

#define NAME(member, ...) #member,
static const char *const number_names[] = {"prompt_token_count", "completion_token_count", "total_token_count",
                                           "conversation_length", AFMON_CALL_NUMBER_MAP(NAME)};
enum { NUMBERS = sizeof number_names / sizeof number_names[0] };

struct seen {
    unsigned given; /* a bit each */
    unsigned samples;
    unsigned logs;
};

static bool see_sample(void *user, const struct afmon_expanded_sample *sample, int64_t boot_ns)
{
    struct seen *seen = user;
    (void)boot_ns;
    seen->samples++;
    for (unsigned i = 0; i < NUMBERS; i++) {
        if (sample->name_length == strlen(number_names[i]) &&
            memcmp(sample->name, number_names[i], sample->name_length) == 0) {
            assert_true(sample->value == 100 + i);
            assert_int_equal(seen->given & 1U << i, 0);
            seen->given |= 1U << i;
        }
    }
    return true;
}

static bool see_log(void *user, const struct afmon_expanded_log *log, int64_t boot_ns)
{
    struct seen *seen = user;
    (void)log;
    (void)boot_ns;
    seen->logs++;
    return true;
}

/* A call whose numbers are given as the bits of which say, through a record of the very size. */
static void send_numbers(struct afmon_expander *expander, unsigned which, bool texts)
{
    afmon_generation call = {.duration_s = 1, .success = !texts, .error = texts ? "it broke" : NULL};
    afmon_field field = afmon_string("operation", "answer_generation");
    afmon_number *const members[] = {&call.prompt_token_count, &call.completion_token_count, &call.total_token_count,
                                     &call.conversation_length,
#define MEMBER(member, ...) &call.member,
                                     AFMON_CALL_NUMBER_MAP(MEMBER)};
    for (unsigned i = 0; i < NUMBERS; i++)
        if ((which & 1U << i) != 0)
            *members[i] = AFMON_GIVEN(100 + i);
    if (texts) {
        call.model_name = "m";
        call.fields = &field;
        call.field_count = 1;
    }
    struct afmon_draft draft;
    struct seen seen = {0};
    const struct afmon_expand_sink sink = {.sample = see_sample, .log = see_log, .user = &seen};
    afmon_draft_generation(&draft, &call);
    unsigned char *record = malloc(draft.length);
    assert_non_null(record);
    afmon_draft_write(&draft, record, 1);
    assert_true(afmon_record_check(record, draft.length));
    assert_true(afmon_expand(expander, record, 0, &sink));
    assert_int_equal(seen.given, which);
    assert_int_equal(seen.samples, draft.samples);
    assert_int_equal(seen.logs, 1);
    free(record);
}

static void whatever_numbers_a_call_has_come_through(void **state)
{
    (void)state;
    struct afmon_expander expander;
    afmon_expander_init(&expander);
    for (unsigned which = 0; which < 1U << NUMBERS; which++) {
        send_numbers(&expander, which, false);
        send_numbers(&expander, which, true);
    }
    afmon_expander_free(&expander);
}

/* Two records of one kind that were copied while one took the other's place. */
static void a_torn_record_is_told_by_its_seal(void **state)
{
    (void)state;
    unsigned char records[2][256], torn[256];
    uint32_t length = 0;
    for (int i = 0; i < 2; i++) {
        const afmon_field field = afmon_int("i", i);
        struct afmon_draft draft;
        afmon_draft_metric(&draft, i == 0 ? "latency" : "success", 7, i, &field, 1);
        length = draft.length;
        assert_true(length <= sizeof records[i]);
        afmon_draft_write(&draft, records[i], 1000 + i);
        assert_false(afmon_record_is_torn(records[i]));
    }
    for (uint32_t seam = 16; seam < length; seam += 4) {
        memcpy(torn, records[0], seam);
        memcpy(torn + seam, records[1] + seam, length - seam);
        assert_true(afmon_record_check(torn, length)); /* it looks like one */
        assert_true(afmon_record_is_torn(torn));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_pad_of_eight_bytes_ends_a_ring),
                                       cmocka_unit_test(whatever_numbers_a_call_has_come_through),
                                       cmocka_unit_test(a_torn_record_is_told_by_its_seal)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

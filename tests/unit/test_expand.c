/* Records of which a reader may see no more than they have. */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "ingest/expand.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_pad_of_eight_bytes_ends_a_ring)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

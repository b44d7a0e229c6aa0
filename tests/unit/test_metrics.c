/* The catalogue of metrics, and the facts of a sample. */
#include "check.h"

#include <stdio.h>

#include "catalog/facts.h"

static enum afmon_metric_id find(const char *name, struct afmon_piece *rest)
{
    return afmon_metric_find(name, strlen(name), rest);
}

static bool piece_is(struct afmon_piece piece, const char *text)
{
    return piece.given && piece.length == strlen(text) && memcmp(piece.data, text, piece.length) == 0;
}

static void whole_names_match_whole(void **state)
{
    (void)state;
    struct afmon_piece rest = {.given = true};
    assert_true(find("generation_time", &rest) == AFMON_METRIC_GENERATION_TIME && !rest.given);
    assert_true(find("evaluation_error_rate", NULL) == AFMON_METRIC_EVALUATION_ERROR);
    /* what only begins or ends like one of them is a custom metric */
    static const char *const custom[] = {
        "",
        "error_rate_budget_left",
        "my_error_rate",
        "error_rat",
        "Error_rate",
        "api_errors_per_user",
        "success_rate ",
        "wall_time",
        "time",
        "conversation_length_limit",
        "evaluation_scores",
        "my_token_count",
        "_token_count",
        "model_usag",
    };
    for (size_t i = 0; i < sizeof custom / sizeof custom[0]; i++)
        assert_true(find(custom[i], &rest) == AFMON_METRIC_OTHER && !rest.given);
    assert_true(afmon_metric_find("error_rate\0x", 12, NULL) == AFMON_METRIC_OTHER);
    assert_true(afmon_metric_find("error_rate_budget_left", 10, NULL) == AFMON_METRIC_ERROR); /* length counts */
}

static void prefixes_need_something_behind_them(void **state)
{
    (void)state;
    struct afmon_piece rest;
    assert_true(find("model_usage:gpt-4o", &rest) == AFMON_METRIC_MODEL && piece_is(rest, "gpt-4o"));
    assert_true(find("finish_reason:stop", &rest) == AFMON_METRIC_FINISH && piece_is(rest, "stop"));
    assert_true(find("evaluation_score_x", &rest) == AFMON_METRIC_SCORE && piece_is(rest, "x"));
    assert_true(find("model_usage::", &rest) == AFMON_METRIC_MODEL && piece_is(rest, ":"));
    assert_true(find("model_usage:", &rest) == AFMON_METRIC_OTHER && !rest.given);
    assert_true(find("finish_reason:", &rest) == AFMON_METRIC_OTHER);
    assert_true(find("evaluation_score_", &rest) == AFMON_METRIC_OTHER);
}

/* Each row is found by its own name, and no name is another's. */
static void each_row_is_found_by_its_own_name(void **state)
{
    (void)state;
    assert_true(afmon_metric_row(AFMON_METRIC_OTHER)->info.name == NULL);
    for (int id = AFMON_METRIC_OTHER + 1; id < AFMON_METRIC_IDS; id++) {
        const struct afmon_metric_row *row = afmon_metric_row((enum afmon_metric_id)id);
        char name[100];
        struct afmon_piece rest;
        snprintf(name, sizeof name, "%s%s", row->info.name, row->info.is_prefix ? "name" : "");
        assert_true((int)row->id == id && row->length == strlen(row->info.name) && row->info.title != NULL);
        assert_true((int)find(name, &rest) == id && rest.given == row->info.is_prefix);
        assert_true(afmon_metric_name((enum afmon_metric_id)id) == row->info.name);
        assert_true((row->statsd_shape == AFMON_STATSD_OUTCOME || row->info.is_prefix) == (row->statsd_tag != NULL));
    }
}

static void the_public_header_tells_group_and_unit(void **state)
{
    (void)state;
    const afmon_metric_info *info = afmon_metric_get_info("generation_time", 15);
    assert_true(info->group == AFMON_METRICS_GENERATION && info->unit == AFMON_UNIT_SECONDS && !info->is_prefix);
    assert_true(strcmp(info->title, "Generation time") == 0);
    info = afmon_metric_get_info("finish_reason:stop", 18);
    assert_true(info->group == AFMON_METRICS_COUNTED && info->unit == AFMON_UNIT_COUNT && info->is_prefix);
    info = afmon_metric_get_info("error_rate_budget_left", 22);
    assert_true(info->group == AFMON_METRICS_OTHER && info->unit == AFMON_UNIT_NUMBER && info->name == NULL);
}

/* ---- Facts ---- */

static struct afmon_sample_facts facts_of(const char *metric, const afmon_field *fields, size_t count)
{
    struct afmon_sample_facts facts;
    afmon_sample sample = {
        .metric = metric, .metric_length = strlen(metric), .fields = fields, .field_count = count, .value = 1};
    afmon_sample_look(&sample, &facts);
    return facts;
}

static void metadata_that_matter_are_found(void **state)
{
    (void)state;
    const afmon_field fields[] = {
        afmon_string("operation", "answer_generation"),
        afmon_string("component", "opensimula"),
        afmon_string("error", "Error code: 429"),
        afmon_string("error_type", "RateLimitError"),
        afmon_string("model_name", "gpt-4o"),
        afmon_string("evaluator_type", "coherence"),
        afmon_int("status", 429),
        afmon_bool("success", false),
        afmon_bool("retried", true),
        afmon_string("afmon_source", "record_metric"),
    };
    struct afmon_sample_facts facts = facts_of("error_rate", fields, sizeof fields / sizeof fields[0]);
    assert_true(facts.kind == AFMON_METRIC_ERROR && !facts.name.given);
    assert_true(piece_is(facts.operation, "answer_generation") && piece_is(facts.component, "opensimula"));
    assert_true(piece_is(facts.error, "Error code: 429") && piece_is(facts.error_type, "RateLimitError"));
    assert_true(piece_is(facts.model_name, "gpt-4o") && piece_is(facts.evaluator_type, "coherence"));
    assert_true(facts.has_status && facts.status == 429 && facts.retried && !facts.bare);
    assert_true(facts.has_success && facts.unsuccessful);
    assert_true(facts.error.data == fields[2].as.text.data); /* nothing is copied */
}

static void values_of_other_types_tell_nothing(void **state)
{
    (void)state;
    const afmon_field fields[] = {
        afmon_int("operation", 1),     afmon_string("status", "429"), afmon_string("success", "false"),
        afmon_string("retried", "no"), afmon_bool("error", true),     afmon_string("afmon_source", "record_metrics"),
    };
    struct afmon_sample_facts facts = facts_of("model_usage:m", fields, sizeof fields / sizeof fields[0]);
    assert_true(facts.kind == AFMON_METRIC_MODEL && piece_is(facts.name, "m"));
    assert_true(!facts.operation.given && !facts.has_status && facts.status == 0 && !facts.error.given);
    assert_true(!facts.has_success && !facts.unsuccessful && !facts.retried && !facts.bare);
}

/* Of a key that comes twice the last value counts, also where it is no value at all. */
static void of_a_key_that_comes_twice_the_last_value_counts(void **state)
{
    (void)state;
    const afmon_field fields[] = {
        afmon_bool("success", false),       afmon_bool("success", true), afmon_int("status", 500),
        afmon_string("status", "no"),       afmon_string("error", "a"),  afmon_string("error", "b"),
        afmon_string("operation", "first"), afmon_int("operation", 2),
    };
    struct afmon_sample_facts facts = facts_of("success_rate", fields, sizeof fields / sizeof fields[0]);
    assert_true(facts.has_success && !facts.unsuccessful && !facts.has_status && facts.status == 0);
    assert_true(piece_is(facts.error, "b") && !facts.operation.given);
    facts = facts_of("success_rate_x", fields, sizeof fields / sizeof fields[0]);
    assert_true(facts.kind == AFMON_METRIC_OTHER && !facts.has_success); /* not looked at */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_names_match_whole),
        cmocka_unit_test(prefixes_need_something_behind_them),
        cmocka_unit_test(each_row_is_found_by_its_own_name),
        cmocka_unit_test(the_public_header_tells_group_and_unit),
        cmocka_unit_test(values_of_other_types_tell_nothing),
        cmocka_unit_test(metadata_that_matter_are_found),
        cmocka_unit_test(of_a_key_that_comes_twice_the_last_value_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Operations, and the calls and items that they stand for. */
#include <stdlib.h>
#include <string.h>

#include "model/model_internal.h"

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Where only one of duration and outcome was recorded it stands for both. */
static uint64_t count_of(const struct afmon_model *model, const struct afmon_model_group *group)
{
    return larger(group->times, afmon_read_outcomes(model, group)->count);
}

static int compare(const void *left, const void *right)
{
    const afmon_operation_summary *a = left;
    const afmon_operation_summary *b = right;
    int order = afmon_read_by_count(a->count, b->count);
    order = order != 0 ? order : strcmp(a->component, b->component);
    order = order != 0 ? order : strcmp(a->operation, b->operation);
    return order != 0 ? order : (int)a->evaluation - (int)b->evaluation;
}

/* The entry of the same name and the other kind; NULL: there is none. */
static const struct afmon_named *twin_of(const struct afmon_names *names, const struct afmon_named *named)
{
    for (uint32_t i = 0; i < names->count; i++) {
        const struct afmon_named *other = &names->kept[i];
        if (other->kind != named->kind && other->hash[0] == named->hash[0] && other->hash[1] == named->hash[1])
            return other;
    }
    return NULL;
}

/* Tokens do not say whether a generation or an evaluation used them. Where an operation has evaluations only, they are
 * theirs. */
static const struct afmon_model_group *tokens_of(const struct afmon_model *model, const struct afmon_named *named,
                                                 const struct afmon_named *twin)
{
    const struct afmon_model_group *other = twin != NULL ? twin->item : NULL;
    return named->kind == AFMON_OF_EVALUATION && other != NULL && count_of(model, other) == 0 ? other : named->item;
}

/* A generation that is there for the tokens of evaluations alone is not one. */
static bool is_shown(const struct afmon_model *model, const struct afmon_named *named, const struct afmon_named *twin)
{
    const struct afmon_model_group *group = named->item;
    return named->kind == AFMON_OF_EVALUATION || count_of(model, group) > 0 ||
           (twin == NULL && group->token_samples > 0);
}

static void fill(const struct afmon_model_reading *reading, const struct afmon_named *named, bool other,
                 const struct afmon_model_group *tokens, afmon_operation_summary *summary)
{
    struct afmon_model_group *group = named->item;
    summary->component = afmon_read_text(reading, other ? "" : named->first);
    summary->operation = afmon_read_text(reading, other ? named->first : named->second);
    summary->item = group->item != NULL ? group->item : "";
    summary->evaluation = named->kind == AFMON_OF_EVALUATION;
    summary->count = count_of(reading->model, group);
    summary->failures = afmon_read_outcomes(reading->model, group)->failures;
    summary->prompt_tokens = afmon_read_tokens(&tokens->tokens[0]);
    summary->completion_tokens = afmon_read_tokens(&tokens->tokens[1]);
    summary->total_tokens = afmon_read_total_tokens(tokens);
    afmon_accumulator_distribution(&group->durations, &summary->duration_s);
}

/* ---- Calls and evaluations ---- */

struct sums {
    struct afmon_accumulator calls;
    struct afmon_accumulator evaluations;
    bool lost;
    uint64_t without_outcome; /* calls of named operations with a duration alone, and with an outcome alone */
    uint64_t without_time;
    const struct afmon_model_group *unnamed; /* calls whose operation is not given; NULL: there are none */
};

bool afmon_read_is_call(const struct afmon_model_group *group)
{
    return group->item == NULL || group->token_samples > 0;
}

static uint64_t beyond(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

/* Programs that record by hand may name the operation with durations alone: an outcome without operation is that of a
 * call that has none, before it is a call of its own; a duration likewise. */
static uint64_t counted_twice(const struct afmon_model *model, const struct sums *sums)
{
    const struct afmon_model_group *unnamed = sums->unnamed;
    if (unnamed == NULL || (unnamed->times > 0 && afmon_read_outcomes(model, unnamed)->count > 0))
        return 0;
    uint64_t missing = unnamed->times > 0 ? sums->without_time : sums->without_outcome;
    uint64_t count = count_of(model, unnamed);
    return count < missing ? count : missing;
}

static void note_halves(const struct afmon_model *model, const struct afmon_named *named, struct sums *sums)
{
    const struct afmon_model_group *group = named->item;
    uint64_t outcomes = afmon_read_outcomes(model, group)->count;
    if (named->first[0] == '\0' && named->second[0] == '\0') {
        sums->unnamed = group;
        return;
    }
    sums->without_outcome += beyond(group->times, outcomes);
    sums->without_time += beyond(outcomes, group->times);
}

static void add_up(const struct afmon_model_reading *reading, const struct afmon_named *named, struct sums *sums)
{
    const struct afmon_model_group *group = named->item;
    const struct afmon_sketch_limits limits = {.exact_max = reading->model->limits.exact_max};
    afmon_run_summary *summary = reading->summary;
    if (named->kind == AFMON_OF_EVALUATION) {
        summary->evaluations += group->times;
        summary->evaluation_failures += group->tracked.failures;
        sums->lost |= !afmon_accumulator_merge(&sums->evaluations, &group->durations, &limits);
        return;
    }
    if (!afmon_read_is_call(group))
        return;
    summary->calls += count_of(reading->model, group);
    summary->call_failures += afmon_read_outcomes(reading->model, group)->failures;
    if (group->item != NULL)
        sums->lost |= !afmon_accumulator_merge(&sums->calls, &group->durations, &limits);
    else
        note_halves(reading->model, named, sums);
}

static void read_latency(const struct afmon_model_reading *reading, struct sums *sums)
{
    struct afmon_model *model = reading->model;
    const struct afmon_sketch_limits limits = {.exact_max = model->limits.exact_max};
    struct afmon_accumulator *calls = &model->call_time;
    if (sums->calls.count + sums->calls.not_finite > 0) {
        sums->lost |= !afmon_accumulator_merge(&sums->calls, &model->call_time, &limits);
        calls = &sums->calls;
    }
    afmon_accumulator_distribution(calls, &reading->summary->latency_s);
    afmon_accumulator_distribution(&sums->evaluations, &reading->summary->evaluation_time_s);
    reading->pool->failed |= sums->lost;
    afmon_accumulator_free(&sums->calls, NULL);
    afmon_accumulator_free(&sums->evaluations, NULL);
}

void afmon_read_operations(const struct afmon_model_reading *reading)
{
    const struct afmon_names *names = &reading->model->operations;
    size_t most = afmon_names_count(names);
    size_t count = 0;
    struct sums sums = {0};
    afmon_operation_summary *operations = afmon_pool_array(reading->pool, most, sizeof *operations);
    for (size_t i = 0; operations != NULL && i < most; i++) {
        const struct afmon_named named = afmon_names_at(names, i);
        bool other = i >= names->count;
        const struct afmon_named *twin = other ? NULL : twin_of(names, &named);
        add_up(reading, &named, &sums);
        if (is_shown(reading->model, &named, twin))
            fill(reading, &named, other, tokens_of(reading->model, &named, twin), &operations[count++]);
    }
    if (count > 1)
        qsort(operations, count, sizeof *operations, compare);
    reading->summary->calls -= counted_twice(reading->model, &sums);
    reading->summary->operations = operations;
    reading->summary->operation_count = count;
    read_latency(reading, &sums);
}

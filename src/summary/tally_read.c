/* A tally as a summary. */
#include <stdlib.h>
#include <string.h>

#include "summary/tally_internal.h"

/* A summary and its memory, in one allocation of its own, so that freeing the summary finds the pool. */
struct owned {
    afmon_run_summary summary; /* first */
    struct afmon_pool pool;
};

static uint64_t rounded(double tokens)
{
    return tokens >= 18446744073709549568.0 ? UINT64_MAX : (uint64_t)(tokens + 0.5);
}

static double share_of(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0.0 : (double)part / (double)whole;
}

static int by_count(uint64_t a, uint64_t b) /* the greater first */
{
    return (a < b) - (a > b);
}

static const char *text_of(struct afmon_pool *pool, const char *text)
{
    return afmon_pool_text(pool, text, strlen(text));
}

/* ---- Errors ---- */

static uint64_t failures_of(const afmon_error_summary *error)
{
    return error->generations + error->evaluations;
}

static int compare_errors(const void *left, const void *right)
{
    const afmon_error_summary *a = left;
    const afmon_error_summary *b = right;
    int order = by_count(failures_of(a), failures_of(b));
    order = order != 0 ? order : by_count(a->retries, b->retries);
    return order != 0 ? order : strcmp(a->error_type, b->error_type);
}

/* Failures that nothing gives a type for count under "". */
static void add_untyped(afmon_error_summary *errors, size_t *count, const struct afmon_run_tally *tally)
{
    uint64_t typed = 0;
    uint64_t failed =
        tally->generation_failures > tally->generation_errors ? tally->generation_failures : tally->generation_errors;
    afmon_error_summary *untyped = NULL;
    for (size_t i = 0; i < *count; i++) {
        typed += errors[i].generations;
        if (errors[i].error_type[0] == '\0')
            untyped = &errors[i];
    }
    if (failed <= typed)
        return;
    if (untyped == NULL) {
        untyped = &errors[(*count)++];
        *untyped = (afmon_error_summary){.error_type = ""};
    }
    untyped->generations += failed - typed;
}

static void read_errors(const struct afmon_run_tally *tally, afmon_run_summary *summary, struct afmon_pool *pool)
{
    size_t most = afmon_tally_list_count(&tally->errors);
    size_t count = 0;
    uint64_t sum = 0;
    afmon_error_summary *errors = afmon_pool_array(pool, most + 1, sizeof *errors);
    for (size_t i = 0; errors != NULL && i < most; i++) {
        struct afmon_kept_name name;
        const struct afmon_error_tally *error = afmon_tally_list_at(&tally->errors, i, &name);
        /* The peer writes no api_errors: there the type stands with the error itself, if anywhere. */
        uint64_t generations = tally->api_errors > 0 ? error->api : error->generations;
        if (generations + error->evaluations + error->retries > 0)
            errors[count++] =
                (afmon_error_summary){text_of(pool, name.first), generations, error->evaluations, error->retries, 0.0};
    }
    if (errors == NULL)
        return;
    add_untyped(errors, &count, tally);
    for (size_t i = 0; i < count; i++)
        sum += failures_of(&errors[i]);
    for (size_t i = 0; i < count; i++)
        errors[i].share = share_of(failures_of(&errors[i]), sum);
    qsort(errors, count, sizeof *errors, compare_errors);
    summary->errors = errors;
    summary->error_count = count;
}

/* ---- Finish reasons ---- */

static int compare_finishes(const void *left, const void *right)
{
    const afmon_finish_summary *a = left;
    const afmon_finish_summary *b = right;
    int order = by_count(a->count, b->count);
    return order != 0 ? order : strcmp(a->reason, b->reason);
}

static void read_finishes(const struct afmon_run_tally *tally, afmon_run_summary *summary, struct afmon_pool *pool)
{
    size_t count = afmon_tally_list_count(&tally->finishes);
    uint64_t sum = 0;
    afmon_finish_summary *finishes = afmon_pool_array(pool, count, sizeof *finishes);
    if (finishes == NULL)
        return;
    for (size_t i = 0; i < count; i++) {
        struct afmon_kept_name name;
        const uint64_t *times = afmon_tally_list_at(&tally->finishes, i, &name);
        finishes[i] = (afmon_finish_summary){.reason = text_of(pool, name.first), .count = *times};
        sum += *times;
    }
    for (size_t i = 0; i < count; i++)
        finishes[i].share = share_of(finishes[i].count, sum);
    qsort(finishes, count, sizeof *finishes, compare_finishes);
    summary->finishes = finishes;
    summary->finish_count = count;
}

/* ---- Models ---- */

static int compare_models(const void *left, const void *right)
{
    const afmon_model_summary *a = left;
    const afmon_model_summary *b = right;
    int order = by_count(a->total_tokens, b->total_tokens);
    order = order != 0 ? order : by_count(a->calls, b->calls);
    return order != 0 ? order : strcmp(a->model_name, b->model_name);
}

static void share_models(afmon_run_summary *summary, afmon_model_summary *models)
{
    uint64_t calls = 0;
    for (size_t i = 0; i < summary->model_count; i++) {
        summary->prompt_tokens += models[i].prompt_tokens;
        summary->completion_tokens += models[i].completion_tokens;
        summary->total_tokens += models[i].total_tokens;
        calls += models[i].calls;
    }
    for (size_t i = 0; i < summary->model_count; i++)
        models[i].share = summary->total_tokens > 0 ? share_of(models[i].total_tokens, summary->total_tokens)
                                                    : share_of(models[i].calls, calls);
}

static void read_models(const struct afmon_run_tally *tally, afmon_run_summary *summary, struct afmon_pool *pool)
{
    size_t count = afmon_tally_list_count(&tally->models);
    afmon_model_summary *models = afmon_pool_array(pool, count, sizeof *models);
    if (models == NULL)
        return;
    for (size_t i = 0; i < count; i++) {
        struct afmon_kept_name name;
        const struct afmon_model_tally *model = afmon_tally_list_at(&tally->models, i, &name);
        models[i] = (afmon_model_summary){.model_name = text_of(pool, name.first),
                                          .calls = model->calls,
                                          .prompt_tokens = rounded(model->tokens.prompt),
                                          .completion_tokens = rounded(model->tokens.completion),
                                          .total_tokens = rounded(model->tokens.total)};
    }
    summary->models = models;
    summary->model_count = count;
    share_models(summary, models);
    qsort(models, count, sizeof *models, compare_models);
}

/* ---- Operations and scores ---- */

static int compare_operations(const void *left, const void *right)
{
    const afmon_operation_summary *a = left;
    const afmon_operation_summary *b = right;
    int order = by_count(a->count, b->count);
    order = order != 0 ? order : strcmp(a->component, b->component);
    order = order != 0 ? order : strcmp(a->operation, b->operation);
    return order != 0 ? order : (int)a->evaluation - (int)b->evaluation;
}

/* Tokens do not say whether a generation or an evaluation used them. Where an operation has evaluations only, they are
 * theirs: the entry that holds them, which has no generation. NULL: there is none. */
static const struct afmon_operation_tally *tokens_for(const struct afmon_tally_list *list,
                                                      const struct afmon_kept_name *name)
{
    for (uint32_t i = 0; i < list->names.count; i++) {
        struct afmon_kept_name other;
        const struct afmon_operation_tally *operation = afmon_tally_list_at(list, i, &other);
        if (other.kind == AFMON_OF_GENERATION && operation->count == 0 && other.hash[0] == name->hash[0] &&
            other.hash[1] == name->hash[1])
            return operation;
    }
    return NULL;
}

static bool is_shown(const struct afmon_operation_tally *operation, const struct afmon_kept_name *name,
                     const struct afmon_tally_list *list)
{
    if (operation->count > 0 || name->kind == AFMON_OF_EVALUATION)
        return true;
    for (uint32_t i = 0; i < list->names.count; i++) {
        const struct afmon_kept_name *other = &list->names.kept[i];
        if (other->kind == AFMON_OF_EVALUATION && other->hash[0] == name->hash[0] && other->hash[1] == name->hash[1])
            return false;
    }
    return true;
}

static void fill_operation(const struct afmon_operation_tally *operation, const struct afmon_tokens_sum *tokens,
                           afmon_operation_summary *summary)
{
    summary->count = operation->count;
    summary->failures = operation->failures;
    summary->prompt_tokens = rounded(tokens->prompt);
    summary->completion_tokens = rounded(tokens->completion);
    summary->total_tokens = rounded(tokens->total);
    afmon_spread_distribution(&operation->duration, &summary->duration_s);
}

static void read_operations(const struct afmon_run_tally *tally, afmon_run_summary *summary, struct afmon_pool *pool)
{
    const struct afmon_tally_list *list = &tally->operations;
    size_t most = afmon_tally_list_count(list);
    size_t count = 0;
    afmon_operation_summary *operations = afmon_pool_array(pool, most, sizeof *operations);
    for (size_t i = 0; operations != NULL && i < most; i++) {
        struct afmon_kept_name name;
        const struct afmon_operation_tally *operation = afmon_tally_list_at(list, i, &name);
        bool other = i >= list->names.count;
        if (!other && !is_shown(operation, &name, list))
            continue;
        const struct afmon_operation_tally *tokens =
            name.kind == AFMON_OF_EVALUATION ? tokens_for(list, &name) : operation;
        afmon_operation_summary *filled = &operations[count++];
        filled->component = text_of(pool, other ? "" : name.first);
        filled->operation = text_of(pool, other ? name.first : name.second);
        filled->evaluation = name.kind == AFMON_OF_EVALUATION;
        fill_operation(operation, tokens != NULL ? &tokens->tokens : &operation->tokens, filled);
    }
    if (count > 0)
        qsort(operations, count, sizeof *operations, compare_operations);
    summary->operations = operations;
    summary->operation_count = count;
}

static int compare_scores(const void *left, const void *right)
{
    const afmon_score_summary *a = left;
    const afmon_score_summary *b = right;
    int order = strcmp(a->evaluator_type, b->evaluator_type);
    return order != 0 ? order : strcmp(a->name, b->name);
}

static void read_scores(const struct afmon_run_tally *tally, afmon_run_summary *summary, struct afmon_pool *pool)
{
    size_t count = afmon_tally_list_count(&tally->scores);
    afmon_score_summary *scores = afmon_pool_array(pool, count, sizeof *scores);
    if (scores == NULL)
        return;
    for (size_t i = 0; i < count; i++) {
        struct afmon_kept_name name;
        const struct afmon_spread *spread = afmon_tally_list_at(&tally->scores, i, &name);
        bool other = i >= tally->scores.names.count;
        scores[i].evaluator_type = text_of(pool, other ? "" : name.first);
        scores[i].name = text_of(pool, other ? name.first : name.second);
        afmon_spread_distribution(spread, &scores[i].score);
    }
    qsort(scores, count, sizeof *scores, compare_scores);
    summary->scores = scores;
    summary->score_count = count;
}

/* ---- The whole ---- */

static void read_alerts(const struct afmon_run_tally *tally, const struct afmon_run_facts *facts,
                        afmon_run_summary *summary, struct afmon_pool *pool)
{
    size_t room = facts->alerts != NULL ? facts->alert_count : AFMON_ALERT_RULES;
    afmon_alert_limits defaults;
    afmon_alert_span *alerts = afmon_pool_array(pool, room, sizeof *alerts);
    if (alerts == NULL)
        return;
    afmon_alert_limits_init(&defaults);
    if (facts->alerts != NULL)
        memcpy(alerts, facts->alerts, room * sizeof *alerts);
    else
        room = afmon_timeline_check(&tally->timeline, facts->limits != NULL ? facts->limits : &defaults, tally->last_ns,
                                    alerts);
    summary->alerts = alerts;
    summary->alert_count = room;
}

static void read_facts(const struct afmon_run_tally *tally, const struct afmon_run_facts *facts,
                       afmon_run_summary *summary)
{
    summary->first_ns = tally->first_ns;
    summary->last_ns = tally->last_ns;
    summary->duration_s = (double)((uint64_t)tally->last_ns - (uint64_t)tally->first_ns) / 1e9;
    summary->sample_count = tally->samples;
    summary->not_finite = tally->not_finite;
    summary->metric_count = facts->metric_count;
    summary->file_count = facts->file_count;
    summary->live = facts->live;
    /* Where only one of the two was recorded it stands for both. */
    summary->generations = tally->generations > tally->generation_times ? tally->generations : tally->generation_times;
    summary->generation_failures = tally->generation_failures;
    summary->evaluations = tally->evaluations;
    summary->evaluation_failures = tally->evaluation_failures;
    summary->retries = tally->retries;
}

static void read_recent(const struct afmon_run_tally *tally, afmon_run_summary *summary)
{
    struct afmon_timeline_sum recent = afmon_timeline_recent(&tally->timeline, AFMON_TRACK_SUCCESS);
    summary->recent_generations = recent.count;
    summary->recent_failures =
        recent.count - (uint64_t)(recent.sum < (double)recent.count ? recent.sum : (double)recent.count);
}

static void read_distribution(const struct afmon_spread *spread, const afmon_distribution *exact,
                              afmon_distribution *distribution)
{
    if (exact != NULL)
        *distribution = *exact;
    else
        afmon_spread_distribution(spread, distribution);
}

static void read_rates(afmon_run_summary *summary)
{
    if (summary->duration_s <= 0)
        return;
    summary->generations_per_s = (double)summary->generations / summary->duration_s;
    summary->tokens_per_s = (double)summary->total_tokens / summary->duration_s;
}

afmon_run_summary *afmon_run_tally_read(const struct afmon_run_tally *tally, const struct afmon_run_facts *facts)
{
    struct owned *owned = calloc(1, sizeof *owned);
    if (owned == NULL)
        return NULL;
    afmon_run_summary *summary = &owned->summary;
    struct afmon_pool *pool = &owned->pool;
    read_facts(tally, facts, summary);
    read_recent(tally, summary);
    read_distribution(&tally->generation_time, facts->generation_time, &summary->generation_time_s);
    read_distribution(&tally->evaluation_time, facts->evaluation_time, &summary->evaluation_time_s);
    read_distribution(&tally->length, facts->conversation_length, &summary->conversation_length);
    read_errors(tally, summary, pool);
    read_finishes(tally, summary, pool);
    read_models(tally, summary, pool);
    read_operations(tally, summary, pool);
    read_scores(tally, summary, pool);
    read_alerts(tally, facts, summary, pool);
    read_rates(summary);
    afmon_summary_judge(tally, facts, summary, pool);
    if (!pool->failed)
        return summary;
    afmon_run_summary_free(summary);
    return NULL;
}

void afmon_run_summary_free(afmon_run_summary *summary)
{
    struct owned *owned = (struct owned *)(void *)summary;
    if (owned == NULL)
        return;
    afmon_pool_free(&owned->pool);
    free(owned);
}

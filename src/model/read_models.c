/* Models: calls, tokens, latency. */
#include <stdlib.h>
#include <string.h>

#include "model/model_internal.h"

static int compare(const void *left, const void *right)
{
    const afmon_model_summary *a = left;
    const afmon_model_summary *b = right;
    int order = afmon_read_by_count(a->total_tokens, b->total_tokens);
    order = order != 0 ? order : afmon_read_by_count(a->calls, b->calls);
    return order != 0 ? order : strcmp(a->model_name, b->model_name);
}

/* Saturates. */
static uint64_t sum_of(uint64_t a, uint64_t b)
{
    uint64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static void share_out(afmon_run_summary *summary, afmon_model_summary *models)
{
    uint64_t calls = 0;
    for (size_t i = 0; i < summary->model_count; i++) {
        summary->prompt_tokens = sum_of(summary->prompt_tokens, models[i].prompt_tokens);
        summary->completion_tokens = sum_of(summary->completion_tokens, models[i].completion_tokens);
        summary->total_tokens = sum_of(summary->total_tokens, models[i].total_tokens);
        calls = sum_of(calls, models[i].calls);
    }
    for (size_t i = 0; i < summary->model_count; i++)
        models[i].share = summary->total_tokens > 0 ? afmon_read_share(models[i].total_tokens, summary->total_tokens)
                                                    : afmon_read_share(models[i].calls, calls);
}

void afmon_read_models(const struct afmon_model_reading *reading)
{
    const struct afmon_names *names = &reading->model->models;
    size_t count = afmon_names_count(names);
    afmon_model_summary *models = afmon_pool_array(reading->pool, count, sizeof *models);
    if (models == NULL)
        return;
    for (size_t i = 0; i < count; i++) {
        const struct afmon_named named = afmon_names_at(names, i);
        struct afmon_model_group *group = named.item;
        models[i] = (afmon_model_summary){.model_name = afmon_read_text(reading, named.first),
                                          .calls = group->named > group->times ? group->named : group->times,
                                          .failures = afmon_read_outcomes(reading->model, group)->failures,
                                          .prompt_tokens = afmon_read_tokens(&group->tokens[0]),
                                          .completion_tokens = afmon_read_tokens(&group->tokens[1]),
                                          .total_tokens = afmon_read_total_tokens(group),
                                          .cost_usd = afmon_read_cost(&group->cost, group->priced)};
        afmon_accumulator_distribution(&group->durations, &models[i].latency_s);
    }
    reading->summary->models = models;
    reading->summary->model_count = count;
    share_out(reading->summary, models);
    if (count > 1)
        qsort(models, count, sizeof *models, compare);
}

/* The model as a summary. */
#include <stdlib.h>
#include <string.h>

#include "model/model_internal.h"

/* A summary and its memory, in one allocation of its own, so that freeing the summary finds the pool. */
struct owned {
    afmon_run_summary summary; /* first */
    struct afmon_pool pool;
};

static void read_facts(const struct afmon_model_reading *reading)
{
    const struct afmon_model *model = reading->model;
    const struct afmon_model_facts *facts = reading->facts;
    afmon_run_summary *summary = reading->summary;
    summary->first_ns = model->first_ns;
    summary->last_ns = model->last_ns;
    summary->duration_s = (double)((uint64_t)model->last_ns - (uint64_t)model->first_ns) / 1e9;
    summary->sample_count = model->samples;
    summary->not_finite = model->not_finite;
    summary->file_count = facts->file_count;
    summary->unreadable_lines = facts->unreadable_lines;
    summary->dropped = facts->log != NULL ? facts->log->dropped : 0;
    summary->live = facts->live;
    summary->retries = model->retries;
    summary->calls_without_tokens = model->unjoined ? 0 : model->calls_without_tokens;
    summary->failed_calls_without_tokens = model->unjoined ? 0 : model->failed_without_tokens;
    afmon_recent_sum(afmon_read_is_bare(model) ? &model->bare_recent : &model->recent, model->last_ns,
                     &summary->recent_calls, &summary->recent_call_failures);
}

static void read_rates(afmon_run_summary *summary)
{
    if (summary->duration_s <= 0)
        return;
    summary->calls_per_s = (double)summary->calls / summary->duration_s;
    summary->tokens_per_s = (double)summary->total_tokens / summary->duration_s;
}

afmon_run_summary *afmon_model_summarize(struct afmon_model *model, const struct afmon_model_facts *facts)
{
    struct owned *owned = calloc(1, sizeof *owned);
    if (owned == NULL)
        return NULL;
    const struct afmon_model_reading reading = {
        .model = model, .facts = facts, .summary = &owned->summary, .pool = &owned->pool};
    read_facts(&reading);
    afmon_read_about(&reading);
    afmon_read_operations(&reading);
    afmon_read_items(&reading);
    afmon_read_models(&reading);
    afmon_read_money(&reading);
    afmon_read_failures(&reading);
    afmon_read_lists(&reading);
    read_rates(&owned->summary);
    bool ok = afmon_read_alerts(&reading) && !owned->pool.failed; /* lists that are there have what they count */
    if (ok)
        afmon_read_verdict(&reading);
    if (ok && !owned->pool.failed)
        return &owned->summary;
    afmon_run_summary_free(&owned->summary);
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

/* Finish reasons, scores, metrics. */
#include <stdlib.h>
#include <string.h>

#include "model/model_internal.h"

static int compare_finishes(const void *left, const void *right)
{
    const afmon_finish_summary *a = left;
    const afmon_finish_summary *b = right;
    int order = afmon_read_by_count(a->count, b->count);
    return order != 0 ? order : strcmp(a->reason, b->reason);
}

static void read_finishes(const struct afmon_model_reading *reading)
{
    const struct afmon_names *names = &reading->model->finishes;
    size_t count = afmon_names_count(names);
    uint64_t sum = 0;
    afmon_finish_summary *finishes = afmon_pool_array(reading->pool, count, sizeof *finishes);
    if (finishes == NULL)
        return;
    for (size_t i = 0; i < count; i++) {
        const struct afmon_named named = afmon_names_at(names, i);
        finishes[i].reason = afmon_read_text(reading, named.first);
        finishes[i].count = *(const uint64_t *)named.item;
        sum += finishes[i].count;
    }
    for (size_t i = 0; i < count; i++)
        finishes[i].share = afmon_read_share(finishes[i].count, sum);
    if (count > 1)
        qsort(finishes, count, sizeof *finishes, compare_finishes);
    reading->summary->finishes = finishes;
    reading->summary->finish_count = count;
}

static int compare_scores(const void *left, const void *right)
{
    const afmon_score_summary *a = left;
    const afmon_score_summary *b = right;
    int order = strcmp(a->evaluator_type, b->evaluator_type);
    return order != 0 ? order : strcmp(a->name, b->name);
}

static void read_scores(const struct afmon_model_reading *reading)
{
    const struct afmon_names *names = &reading->model->scores;
    size_t count = afmon_names_count(names);
    afmon_score_summary *scores = afmon_pool_array(reading->pool, count, sizeof *scores);
    if (scores == NULL)
        return;
    for (size_t i = 0; i < count; i++) {
        const struct afmon_named named = afmon_names_at(names, i);
        bool other = i >= names->count;
        scores[i].evaluator_type = afmon_read_text(reading, other ? "" : named.first);
        scores[i].name = afmon_read_text(reading, other ? named.first : named.second);
        afmon_accumulator_distribution(named.item, &scores[i].score);
    }
    if (count > 1)
        qsort(scores, count, sizeof *scores, compare_scores);
    reading->summary->scores = scores;
    reading->summary->score_count = count;
}

/* Samples that repeat tracked calls count where there are no others of that name. */
static struct afmon_accumulator *own_values_of(struct afmon_model_metric *metric)
{
    return metric->values.count + metric->values.not_finite > 0 ? &metric->values : &metric->bare;
}

static struct afmon_accumulator *values_of(struct afmon_model *model, bool lacks_zeros, const struct afmon_named *named)
{
    if (lacks_zeros && strcmp(named->first, afmon_metric_name(AFMON_METRIC_ERROR)) == 0)
        return &model->errors_by_outcomes;
    return own_values_of(named->item);
}

static int compare_metrics(const void *left, const void *right)
{
    return strcmp(((const afmon_metric_summary *)left)->name, ((const afmon_metric_summary *)right)->name);
}

static void read_metrics(const struct afmon_model_reading *reading)
{
    const struct afmon_names *names = &reading->model->metrics;
    size_t count = afmon_names_count(names);
    bool lacks_zeros = afmon_read_lacks_zeros(reading);
    afmon_metric_summary *metrics = afmon_pool_array(reading->pool, count, sizeof *metrics);
    for (size_t i = 0; metrics != NULL && i < count; i++) {
        const struct afmon_named named = afmon_names_at(names, i);
        metrics[i].name = afmon_read_text(reading, named.first);
        afmon_accumulator_distribution(values_of(reading->model, lacks_zeros, &named), &metrics[i].values);
        if (i < names->count && metrics[i].values.quantile_error > 0 && reading->facts->exact != NULL)
            reading->pool->failed |=
                reading->facts->exact(reading->facts->user, metrics[i].name, &metrics[i].values) == AFMON_E_NO_MEMORY;
        if (i < names->count && strcmp(named.first, "conversation_length") == 0)
            reading->summary->conversation_length = metrics[i].values;
    }
    if (metrics != NULL && count > 1)
        qsort(metrics, count, sizeof *metrics, compare_metrics);
    reading->summary->metrics = metrics;
    reading->summary->metric_count = metrics != NULL ? count : 0;
}

void afmon_read_lists(const struct afmon_model_reading *reading)
{
    read_finishes(reading);
    read_scores(reading);
    read_metrics(reading);
}

bool afmon_read_lacks_zeros(const struct afmon_model_reading *reading)
{
    const struct afmon_outcome_counts *whole = reading->facts->outcomes;
    return whole != NULL ? afmon_errors_lack_zeros(whole) : afmon_model_lacks_zeros(reading->model);
}

bool afmon_model_lacks_zeros(const struct afmon_model *model)
{
    return afmon_errors_lack_zeros(&model->counts);
}

bool afmon_model_metric(struct afmon_model *model, const char *name, size_t length, afmon_distribution *distribution)
{
    for (uint32_t i = 0; i < model->metrics.count; i++) {
        const struct afmon_named *named = &model->metrics.kept[i];
        if (strlen(named->first) != length || memcmp(named->first, name, length) != 0)
            continue;
        afmon_accumulator_distribution(values_of(model, afmon_model_lacks_zeros(model), named), distribution);
        return true;
    }
    *distribution = (afmon_distribution){0};
    return false;
}

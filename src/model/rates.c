/* Operations and models: what they came to, and lately. */
#include <stdlib.h>
#include <string.h>

#include "model/model_internal.h"

static afmon_live_rate rate_of(const struct afmon_model *from, const struct afmon_named *named, bool model,
                               struct afmon_lately_window window)
{
    static const double q[] = {0.5, 0.95};
    struct afmon_model_group *group = named->item;
    double quantiles[2] = {0};
    double seconds = afmon_lately_length(window);
    struct afmon_lately_second sum = {0};
    double tokens[3];
    if (group->lately != NULL)
        sum = afmon_lately_sum(group->lately, window);
    for (size_t i = 0; i < 3; i++)
        tokens[i] = afmon_exact_sum_value(&group->tokens[i]);
    bool totals = tokens[2] > 0;
    afmon_sketch_quantiles(&group->durations.sketch, q, 2, quantiles);
    const char *name = model || named->second[0] == '\0' ? named->first : named->second;
    const char *component = model || named->second[0] == '\0' ? "" : named->first;
    uint64_t counted = group->named > group->times ? group->named : group->times;
    const struct afmon_model_outcomes *outcomes = afmon_read_outcomes(from, group);
    return (afmon_live_rate){
        .name = name,
        .name_length = strlen(name),
        .component = component,
        .component_length = strlen(component),
        .calls = counted > outcomes->count ? counted : outcomes->count,
        .failures = outcomes->failures,
        .prompt_tokens = tokens[0],
        .completion_tokens = tokens[1],
        .total_tokens = totals ? tokens[2] : tokens[0] + tokens[1],
        .mean_s = group->durations.count > 0 ? afmon_exact_sum_mean(&group->durations.sum, group->durations.count) : 0,
        .p50_s = quantiles[0],
        .p95_s = quantiles[1],
        .calls_per_s = sum.calls / seconds,
        .failures_per_s = sum.failures / seconds,
        .prompt_tokens_per_s = sum.tokens[0] / seconds,
        .completion_tokens_per_s = sum.tokens[1] / seconds,
        .total_tokens_per_s = (totals ? sum.tokens[2] : sum.tokens[0] + sum.tokens[1]) / seconds,
    };
}

static int compare(const void *left, const void *right)
{
    const afmon_live_rate *a = left;
    const afmon_live_rate *b = right;
    if (a->calls != b->calls)
        return a->calls < b->calls ? 1 : -1;
    if (a->total_tokens != b->total_tokens)
        return a->total_tokens < b->total_tokens ? 1 : -1;
    int order = strcmp(a->name, b->name);
    return order != 0 ? order : strcmp(a->component, b->component);
}

/* Where tokens alone were recorded of an operation it is none. */
static bool is_shown(const struct afmon_model *from, const struct afmon_model_group *group, bool model)
{
    return model || group->times > 0 || afmon_read_outcomes(from, group)->count > 0;
}

bool afmon_model_rates(struct afmon_model *model, bool models, struct afmon_lately_window window,
                       afmon_live_rate *rates, size_t capacity, size_t *count)
{
    const struct afmon_names *names = models ? &model->models : &model->operations;
    afmon_live_rate *all = malloc((afmon_names_count(names) + 1) * sizeof *all);
    *count = 0;
    if (all == NULL)
        return false;
    for (size_t i = 0; i < afmon_names_count(names); i++) {
        const struct afmon_named named = afmon_names_at(names, i);
        if (is_shown(model, named.item, models))
            all[(*count)++] = rate_of(model, &named, models, window);
    }
    if (*count > 1)
        qsort(all, *count, sizeof *all, compare);
    if (capacity > 0 && *count > 0)
        memcpy(rates, all, (*count < capacity ? *count : capacity) * sizeof *all);
    free(all);
    return true;
}

static void add_pace(struct afmon_model_pace *pace, const struct afmon_named *named, struct afmon_lately_window window)
{
    const struct afmon_model_group *group = named->item;
    double seconds = afmon_lately_length(window);
    if (group->lately == NULL)
        return;
    struct afmon_lately_second sum = afmon_lately_sum(group->lately, window);
    bool totals = afmon_exact_sum_value(&group->tokens[2]) > 0;
    pace->tokens_per_s += (totals ? sum.tokens[2] : sum.tokens[0] + sum.tokens[1]) / seconds;
    if (named->kind == AFMON_OF_EVALUATION)
        return;
    if (group->item != NULL) {
        pace->items_per_s += sum.calls / seconds;
        pace->items_failed_per_s += sum.failures / seconds;
    }
    if (afmon_read_is_call(group)) {
        pace->calls_per_s += sum.calls / seconds;
        pace->calls_failed_per_s += sum.failures / seconds;
    }
}

struct afmon_model_pace afmon_model_lately(const struct afmon_model *model, struct afmon_lately_window window)
{
    struct afmon_model_pace pace = {0};
    for (size_t i = 0; i < afmon_names_count(&model->operations); i++) {
        const struct afmon_named named = afmon_names_at(&model->operations, i);
        add_pace(&pace, &named, window);
    }
    return pace;
}

static void add_done(const struct afmon_model *model, const struct afmon_model_group *group,
                     struct afmon_lately_window window, uint64_t *done, double *per_s)
{
    uint64_t outcomes = afmon_read_outcomes(model, group)->count;
    *done += group->times > outcomes ? group->times : outcomes;
    if (group->lately != NULL)
        *per_s += afmon_lately_sum(group->lately, window).calls / afmon_lately_length(window);
}

uint64_t afmon_model_inferred(const struct afmon_model *model, const char *kind, struct afmon_lately_window window,
                              double *per_s)
{
    uint64_t done = 0;
    *per_s = 0;
    for (size_t i = 0; i < model->operations.count; i++) {
        const struct afmon_model_group *group = model->operations.kept[i].item;
        if (group->item != NULL && strcmp(group->item, kind) == 0)
            add_done(model, group, window, &done, per_s);
    }
    return done;
}

uint64_t afmon_model_done(const struct afmon_model *model, const char *operation, size_t length,
                          struct afmon_lately_window window, double *per_s)
{
    const struct afmon_names *names = &model->operations;
    uint64_t done = 0;
    *per_s = 0;
    for (size_t i = 0; i < names->count; i++) {
        const struct afmon_named *named = &names->kept[i];
        const struct afmon_model_group *group = named->item;
        if (length > 0 && (strlen(named->second) != length || memcmp(named->second, operation, length) != 0))
            continue;
        add_done(model, group, window, &done, per_s);
    }
    return done;
}

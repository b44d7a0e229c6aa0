/* The figures of metrics. What a metric's values are (its unit in the catalogue) says which figures it has, so one that
 * joins the catalogue is compared. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "catalog/metrics.h"
#include "compare/pair.h"

struct metric {
    struct afmon_pair *pair;
    const char *name;
    const afmon_metric_info *info;
    enum afmon_metric_id id;
    struct afmon_compare_rows *rows; /* of both runs */
    const char *by;                  /* of the groups that are visited */
};

static bool is_of_items(enum afmon_metric_id id)
{
    return id == AFMON_METRIC_ITEM_TIME || id == AFMON_METRIC_ITEM_STARTED;
}

/* ---- Gathering ---- */

struct adding {
    struct afmon_compare_rows *rows;
    bool of_items;
};

static bool add_row(void *user, const struct afmon_gathered *sample)
{
    struct adding *adding = user;
    const struct afmon_compare_label *label = sample->label;
    struct afmon_compare_row row = {
        .value = sample->value, .cluster = sample->cluster, .makes_item = label->makes_item};
    if (adding->of_items)
        row.groups[0] = label->kind;
    else
        memcpy(row.groups, label->groups, sizeof row.groups);
    return afmon_compare_rows_add(adding->rows, &row);
}

static afmon_status gather(struct metric *metric)
{
    struct afmon_pair *pair = metric->pair;
    afmon_status status = AFMON_OK;
    for (unsigned i = 0; i < 2 && status == AFMON_OK; i++) {
        struct adding adding = {&metric->rows[i], is_of_items(metric->id)};
        afmon_compare_rows_clear(adding.rows);
        status = afmon_gather(&pair->runs[i], metric->name, adding.of_items, add_row, &adding, pair->error);
    }
    if (status == AFMON_OK && !afmon_pair_reserve(pair))
        status = afmon_fail_memory(pair->error);
    return status;
}

/* ---- Figures of some samples ---- */

static afmon_status add_quantiles(const struct metric *metric, const struct afmon_figure_name *of,
                                  const struct afmon_row_span runs[2])
{
    static const struct {
        const char *suffix;
        double q;
    } quantiles[] = {{".p50", 0.5}, {".p90", 0.9}, {".p99", 0.99}};
    afmon_status status = AFMON_OK;
    size_t count = of->by[0] == '\0' ? 3 : 2; /* there are many groups, and few samples in each */
    for (size_t i = 0; i < count && status == AFMON_OK; i++) {
        struct afmon_figure_name name = *of;
        name.suffix = quantiles[i].suffix;
        status = afmon_pair_quantile(metric->pair, &name, quantiles[i].q, runs);
    }
    return status;
}

static afmon_status add_mean(const struct metric *metric, const struct afmon_figure_name *of, afmon_diff_scale scale,
                             const struct afmon_row_span runs[2])
{
    const struct afmon_ratio ratios[] = {{.over = runs[0]}, {.over = runs[1]}};
    return afmon_pair_ratio(metric->pair, of, scale, ratios);
}

/* What happened, for each call. */
static afmon_status add_per_call(const struct metric *metric, const struct afmon_figure_name *of,
                                 const struct afmon_row_span runs[2])
{
    struct afmon_pair *pair = metric->pair;
    struct afmon_figure_name name = *of;
    const struct afmon_ratio ratios[] = {{runs[0], afmon_compare_rows_all(&pair->calls[0])},
                                         {runs[1], afmon_compare_rows_all(&pair->calls[1])}};
    if (of->by[0] != '\0' || pair->calls[0].count == 0 || pair->calls[1].count == 0)
        return AFMON_OK;
    name.suffix = ".per_call";
    return afmon_pair_ratio(pair, &name, AFMON_DIFF_POINTS, ratios);
}

static afmon_status add_figures(const struct metric *metric, const char *by, const char *group,
                                const struct afmon_row_span runs[2])
{
    const struct afmon_figure_name of = {.name = metric->name,
                                         .suffix = "",
                                         .by = by,
                                         .group = group,
                                         .unit = metric->info->unit,
                                         .better = metric->info->better};
    switch (metric->info->unit) {
    case AFMON_UNIT_SECONDS:
        return add_quantiles(metric, &of, runs);
    case AFMON_UNIT_COUNT:
        return add_per_call(metric, &of, runs);
    case AFMON_UNIT_SHARE:
        return add_mean(metric, &of, AFMON_DIFF_POINTS, runs);
    case AFMON_UNIT_SCORE:
        return add_mean(metric, &of, AFMON_DIFF_ABSOLUTE, runs);
    case AFMON_UNIT_NUMBER:
    case AFMON_UNIT_TOKENS:
    case AFMON_UNIT_TURNS:
    case AFMON_UNIT_DOLLARS:
        return add_mean(metric, &of, AFMON_DIFF_RELATIVE, runs);
    }
    return AFMON_OK;
}

/* ---- The whole run, and its groups ---- */

/* Takes what is a call, and makes no item. False: no memory. */
static bool take_calls(const struct afmon_compare_rows *rows, struct afmon_compare_rows *calls)
{
    afmon_compare_rows_clear(calls);
    for (size_t i = 0; i < rows->count; i++)
        if (!rows->rows[i].makes_item && !afmon_compare_rows_add(calls, &rows->rows[i]))
            return false;
    return true;
}

static bool makes_items(const struct afmon_compare_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        if (rows->rows[i].makes_item)
            return true;
    return false;
}

/* Calls of both runs, of a metric of generations; of other metrics, and where all make items, all samples. */
static afmon_status take_whole(const struct metric *metric, struct afmon_row_span spans[2])
{
    struct afmon_pair *pair = metric->pair;
    bool kept = metric->id == AFMON_METRIC_GENERATION_TIME; /* for what is told for each call */
    struct afmon_compare_rows *calls = kept ? pair->calls : pair->of_calls;
    bool apart = metric->info->group == AFMON_METRICS_GENERATION &&
                 (kept || makes_items(&metric->rows[0]) || makes_items(&metric->rows[1]));
    for (unsigned i = 0; i < 2 && apart; i++)
        if (!take_calls(&metric->rows[i], &calls[i]))
            return afmon_fail_memory(pair->error);
    apart = apart && calls[0].count + calls[1].count > 0;
    for (unsigned i = 0; i < 2; i++)
        spans[i] = afmon_compare_rows_all(apart ? &calls[i] : &metric->rows[i]);
    return AFMON_OK;
}

static afmon_status add_whole(const struct metric *metric)
{
    struct afmon_row_span spans[2];
    afmon_status status = take_whole(metric, spans);
    return status == AFMON_OK ? add_figures(metric, "", "", spans) : status;
}

static afmon_status add_group(void *user, uint32_t number, const struct afmon_row_span runs[2])
{
    const struct metric *metric = user;
    return add_figures(metric, metric->by, afmon_compare_name_text(&metric->pair->names, number), runs);
}

static afmon_status add_groups(struct metric *metric)
{
    static const char *const of_calls[] = {"operation", "model", "evaluator"};
    static const char *const of_items[] = {"kind"};
    bool items = is_of_items(metric->id);
    afmon_status status = AFMON_OK;
    for (unsigned place = 0; place < (items ? 1 : AFMON_ROW_GROUPS) && status == AFMON_OK; place++) {
        metric->by = items ? of_items[place] : of_calls[place];
        status = afmon_pair_each_group(metric->pair, metric->rows, place, add_group, metric);
    }
    return status;
}

static afmon_status add_per_accepted(const struct metric *metric)
{
    if (metric->id == AFMON_METRIC_TOTAL)
        return afmon_pair_per_accepted(metric->pair, "tokens_per_accepted_item", AFMON_UNIT_TOKENS, metric->rows);
    if (metric->id == AFMON_METRIC_COST)
        return afmon_pair_per_accepted(metric->pair, "cost_per_accepted_item", AFMON_UNIT_DOLLARS, metric->rows);
    return AFMON_OK;
}

static afmon_status compare(struct afmon_pair *pair, const char *name, size_t length)
{
    struct metric metric = {
        .pair = pair, .name = name, .rows = pair->samples, .info = afmon_metric_get_info(name, length)};
    metric.id = afmon_metric_find(name, length, NULL);
    if (metric.id == AFMON_METRIC_ITEM_STARTED || strlen(name) != length)
        return AFMON_OK; /* items that were started are behind the yield; no name with a NUL can be asked for */
    afmon_status status = gather(&metric);
    if (status == AFMON_OK)
        status = add_per_accepted(&metric);
    if (status == AFMON_OK)
        status = add_whole(&metric);
    return status == AFMON_OK ? add_groups(&metric) : status;
}

/* ---- All metrics ---- */

/* In order of names; that of calls is first, for others are told for each of them. */
static afmon_status compare_calls(struct afmon_pair *pair)
{
    const char *name = afmon_metric_name(AFMON_METRIC_GENERATION_TIME);
    return compare(pair, name, strlen(name));
}

static bool is_calls(const char *name, size_t length)
{
    return afmon_metric_find(name, length, NULL) == AFMON_METRIC_GENERATION_TIME;
}

/* The names of both views are in order of bytes: the next one of either. NULL: there is none. */
static const char *next_name(const struct afmon_pair *pair, size_t places[2], size_t *length)
{
    const char *names[2];
    size_t lengths[2];
    for (unsigned i = 0; i < 2; i++)
        names[i] = afmon_view_metric_name(pair->runs[i].view, places[i], &lengths[i]);
    int order = names[0] == NULL ? 1 : names[1] == NULL ? -1 : 0;
    if (names[0] != NULL && names[1] != NULL) {
        size_t shorter = lengths[0] < lengths[1] ? lengths[0] : lengths[1];
        order = memcmp(names[0], names[1], shorter);
        order = order != 0 ? order : (lengths[0] > lengths[1]) - (lengths[0] < lengths[1]);
    }
    places[0] += order <= 0;
    places[1] += order >= 0;
    *length = lengths[order > 0];
    return names[order > 0];
}

afmon_status afmon_pair_metrics(struct afmon_pair *pair)
{
    size_t places[2] = {0, 0};
    size_t length;
    const char *name;
    afmon_status status = compare_calls(pair);
    while (status == AFMON_OK && (name = next_name(pair, places, &length)) != NULL)
        if (!is_calls(name, length))
            status = compare(pair, name, length);
    return status;
}

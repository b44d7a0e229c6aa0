/* Runs against each other. */
#include <stdlib.h>
#include <string.h>

#include <afmon/afmon.h>

#include "base/options.h"
#include "base/status.h"
#include "compare/pair.h"

const char *afmon_diff_verdict_name(afmon_diff_verdict verdict)
{
    switch (verdict) {
#define AFMON_DIFF_VERDICT_CASE(number, name, text)                                                                    \
    case AFMON_DIFF_##name:                                                                                            \
        return text;
        AFMON_DIFF_VERDICT_MAP(AFMON_DIFF_VERDICT_CASE)
#undef AFMON_DIFF_VERDICT_CASE
    }
    return "";
}

void afmon_compare_options_init(afmon_compare_options *options)
{
    *options = (afmon_compare_options){.size = sizeof *options};
}

/* ---- One pair ---- */

static afmon_status make_pair(struct afmon_pair *pair, afmon_view *const views[2], const afmon_compare_options *options)
{
    pair->items = (struct afmon_slots){.entry_size = sizeof(struct afmon_compare_item)};
    for (unsigned i = 0; i < 2; i++) {
        afmon_gatherer_init(&pair->runs[i], views[i], options);
        pair->runs[i].run = (uint8_t)(i + 1);
        pair->runs[i].names = &pair->names;
        pair->runs[i].items = &pair->items;
    }
    return afmon_compare_names_init(&pair->names) ? AFMON_OK : afmon_fail_memory(pair->error);
}

static void free_pair(struct afmon_pair *pair)
{
    for (unsigned i = 0; i < 2; i++) {
        afmon_gatherer_free(&pair->runs[i]);
        afmon_compare_rows_free(&pair->samples[i]);
        afmon_compare_rows_free(&pair->of_calls[i]);
        afmon_compare_rows_free(&pair->calls[i]);
        afmon_compare_rows_free(&pair->finished[i]);
        afmon_compare_rows_free(&pair->accepted[i]);
    }
    afmon_compare_names_free(&pair->names);
    afmon_slots_free(&pair->items);
    afmon_contrast_scratch_free(&pair->scratch);
}

static void describe(const struct afmon_pair *pair, afmon_diff_run *first)
{
    *first = (afmon_diff_run){0};
    for (uint32_t i = 0; i < pair->items.count; i++) {
        const struct afmon_compare_item *item = afmon_slots_at(&pair->items, i);
        first->items += (item->runs & 1U) != 0;
        pair->about->items += (item->runs & 2U) != 0;
        pair->about->paired += item->runs == 3;
    }
    first->by_call = first->items == 0;
    pair->about->by_call = pair->about->items == 0;
}

static afmon_status compare_pair(struct afmon_pair *pair, afmon_view *const views[2],
                                 const afmon_compare_options *options, afmon_diff_run *first)
{
    afmon_status status = make_pair(pair, views, options);
    if (status == AFMON_OK)
        status = afmon_pair_gather_items(pair);
    if (status == AFMON_OK)
        status = afmon_pair_outcomes(pair);
    if (status == AFMON_OK)
        status = afmon_pair_metrics(pair);
    if (status == AFMON_OK)
        describe(pair, first);
    free_pair(pair);
    return status;
}

/* ---- All of them ---- */

struct result {
    afmon_comparison shown; /* first */
    struct afmon_figures figures;
    afmon_diff_run runs[];
};

void afmon_comparison_free(afmon_comparison *comparison)
{
    struct result *result = (struct result *)comparison;
    if (result == NULL)
        return;
    afmon_figures_free(&result->figures);
    free(result);
}

/* Those of a whole run first, else as they were made. False: no memory. */
static bool put_whole_first(struct afmon_figures *figures)
{
    afmon_diff_figure *sorted = malloc((figures->count + 1) * sizeof *sorted);
    if (sorted == NULL)
        return false;
    size_t at = 0;
    size_t runs = figures->count > 0 ? figures->list[figures->count - 1].run : 0;
    for (size_t run = 1; run <= runs; run++)
        for (int whole = 1; whole >= 0; whole--)
            for (size_t i = 0; i < figures->count; i++)
                if (figures->list[i].run == run && (figures->list[i].by[0] == '\0') == whole)
                    sorted[at++] = figures->list[i];
    free(figures->list);
    figures->list = sorted;
    figures->capacity = figures->count + 1;
    return true;
}

static afmon_status compare_all(struct result *result, afmon_view *const *views, size_t count,
                                const afmon_compare_options *options, afmon_error *error)
{
    afmon_status status = AFMON_OK;
    for (size_t i = 1; i < count && status == AFMON_OK; i++) {
        struct afmon_pair pair = {.figures = &result->figures, .run = i, .about = &result->runs[i], .error = error};
        status = compare_pair(&pair, (afmon_view *const[]){views[0], views[i]}, options, &result->runs[0]);
    }
    struct afmon_figures *figures = &result->figures;
    if (status == AFMON_OK && (!put_whole_first(figures) || !afmon_figures_judge(figures->list, figures->count)))
        status = afmon_fail_memory(error);
    return status;
}

static afmon_status check(afmon_view *const *views, size_t count, const afmon_compare_options *options,
                          afmon_error *error)
{
    if (views == NULL || count < 2)
        return afmon_fail(error, AFMON_E_ARGUMENT, "a comparison needs two runs or more");
    for (size_t i = 0; i < count; i++)
        if (views[i] == NULL)
            return afmon_fail(error, AFMON_E_ARGUMENT, "a comparison needs a view for each run");
    for (size_t i = 0; i < options->where_count; i++)
        if (options->where[i].key == NULL || options->where[i].value == NULL)
            return afmon_fail(error, AFMON_E_ARGUMENT, "a condition of where needs a key and a value");
    return AFMON_OK;
}

afmon_status afmon_compare(afmon_view *const *views, size_t view_count, const afmon_compare_options *given,
                           afmon_comparison **comparison, afmon_error *error)
{
    afmon_compare_options options;
    afmon_compare_options_init(&options);
    if (comparison == NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "a comparison needs a place");
    *comparison = NULL;
    afmon_status status = afmon_options_take(&options, sizeof options, given, "afmon_compare_options", error);
    if (status == AFMON_OK)
        status = check(views, view_count, &options, error);
    if (status != AFMON_OK)
        return status;
    struct result *result = calloc(1, sizeof *result + view_count * sizeof result->runs[0]);
    if (result == NULL)
        return afmon_fail_memory(error);
    status = compare_all(result, views, view_count, &options, error);
    if (status != AFMON_OK) {
        afmon_comparison_free(&result->shown);
        return status;
    }
    result->shown = (afmon_comparison){view_count, result->runs, result->figures.count, result->figures.list};
    *comparison = &result->shown;
    return AFMON_OK;
}

#include "model/view_rates.h"

#include <string.h>

#include "base/status.h"
#include "store/view_blocks.h"

#define KNOWN_SETS 64 /* a power of two */

/* What a set of metadata in memory says. */
struct known_labels {
    const struct afmon_set *set;
    struct afmon_model_labels labels;
};

struct rates {
    struct afmon_model *model;
    struct afmon_cursor cursor;
    const struct afmon_view_series *series;
    struct afmon_model_name name;          /* of the series */
    struct known_labels known[KNOWN_SETS]; /* by the address of the set; of which */
    uint64_t moved;                        /* the model's names were there */
    afmon_status status;
};

static bool is_rate(void *user, const struct afmon_view_series *series)
{
    enum afmon_metric_id id = afmon_metric_find(series->series->name, series->series->name_length, NULL);
    (void)user;
    return id == AFMON_METRIC_SUCCESS || id == AFMON_METRIC_ERROR;
}

/* False: no memory. */
static bool name_series(struct rates *rates, const struct afmon_view_series *series)
{
    bool ok = rates->series == series ||
              afmon_model_name_of(rates->model, series->series->name, series->series->name_length, &rates->name);
    rates->series = ok ? series : NULL;
    return ok;
}

/* ---- In columns ---- */

static afmon_status take_block(void *user, const struct afmon_block *block)
{
    struct rates *rates = user;
    const struct afmon_model_column column = {block->values, block->offsets, block->base_us, block->count};
    return name_series(rates, block->series) && afmon_model_add_rates(rates->model, &rates->name, &column)
               ? AFMON_OK
               : AFMON_E_NO_MEMORY;
}

/* No sample is marked, and no rule asks for metadata. */
static bool values_tell_all(struct rates *rates, const afmon_view *view)
{
    for (size_t i = 0; i < view->series_count; i++) {
        const struct afmon_view_series *series = &view->series[i];
        if (is_rate(NULL, series) &&
            (series->has_marked || !name_series(rates, series) || !afmon_model_judges_all(rates->model, &rates->name)))
            return false;
    }
    return true;
}

/* ---- One by one ---- */

/* The texts of labels are those of the fields: a set keeps its own. */
static struct afmon_model_labels *labels_of(struct rates *rates, const afmon_sample *sample,
                                            struct afmon_model_labels *of_sample)
{
    const struct afmon_set *set = rates->cursor.has_set ? rates->cursor.set : NULL;
    struct known_labels *known = set != NULL ? &rates->known[((uintptr_t)set >> 6) & (KNOWN_SETS - 1)] : NULL;
    struct afmon_model_labels *labels = known != NULL ? &known->labels : of_sample;
    if (known != NULL && known->set == set && rates->moved == afmon_model_moved(rates->model))
        return labels;
    if (rates->moved != afmon_model_moved(rates->model))
        memset(rates->known, 0, sizeof rates->known);
    rates->moved = afmon_model_moved(rates->model);
    if (known != NULL)
        known->set = set;
    afmon_model_labels_of(rates->model, sample->fields, sample->field_count, labels);
    return labels;
}

static int take_sample(void *user, const struct afmon_view_series *series, const afmon_sample *sample)
{
    struct rates *rates = user;
    struct afmon_model_labels of_sample;
    const struct afmon_model_sample added = {.time_ns = sample->timestamp_ns, .value = sample->value};
    bool ok = name_series(rates, series);
    struct afmon_model_labels *labels = labels_of(rates, sample, &of_sample);
    ok = ok && afmon_model_add(rates->model, &rates->name, labels, NULL, &added);
    rates->status = ok ? AFMON_OK : AFMON_E_NO_MEMORY;
    return !ok;
}

static afmon_status each_sample(struct rates *rates, afmon_view *view, afmon_window window, afmon_error *error)
{
    afmon_cursor_begin(&rates->cursor, view, window);
    rates->cursor.wants = is_rate;
    afmon_status status = afmon_cursor_run(&rates->cursor, take_sample, rates, error);
    afmon_cursor_end(&rates->cursor);
    return rates->status != AFMON_OK ? afmon_fail_memory(error) : status;
}

afmon_status afmon_view_add_rates(afmon_view *view, afmon_window window, struct afmon_model *model, afmon_error *error)
{
    struct rates rates = {.model = model};
    if (values_tell_all(&rates, view))
        return afmon_view_each_block(view, window, is_rate, take_block, &rates, error);
    return each_sample(&rates, view, window, error);
}

/* Columns of success_rate and error_rate: what alerts are to know of them. */
#include <math.h>

#include "catalog/error_share.h"
#include "base/micros.h"
#include "model/model_internal.h"

struct seen {
    size_t finite;
    size_t ones;
    int32_t first;
    int32_t last;
};

static struct seen look_at(const struct afmon_model_column *column)
{
    struct seen seen = {.first = column->offsets[0], .last = column->offsets[0]};
    for (size_t i = 0; i < column->count; i++) {
        int32_t offset = column->offsets[i];
        seen.first = offset < seen.first ? offset : seen.first;
        seen.last = offset > seen.last ? offset : seen.last;
        seen.finite += isfinite(column->values[i]) ? 1 : 0;
        seen.ones += column->values[i] == 1;
    }
    return seen;
}

/* Errors are told of by outcomes where error_rate has ones alone. */
static bool judge_outcomes(struct afmon_model *model, const struct afmon_model_column *column)
{
    if (model->error_shares == 0)
        return true;
    if (model->outcome_tracks == NULL)
        model->outcome_tracks = afmon_tracks_another(model->tracks);
    return model->outcome_tracks != NULL &&
           afmon_tracks_add_column(model->outcome_tracks, model->error_shares, column, afmon_error_of_outcome);
}

bool afmon_model_add_rates(struct afmon_model *model, const struct afmon_model_name *name,
                           const struct afmon_model_column *column)
{
    if (column->count == 0)
        return true;
    struct seen seen = look_at(column);
    afmon_model_widen(model, afmon_us_to_ns(column->base_us + seen.first), afmon_us_to_ns(column->base_us + seen.last));
    model->samples += column->count;
    model->not_finite += column->count - seen.finite;
    bool ok = afmon_tracks_add_column(model->tracks, name->rules, column, NULL);
    if (name->id == AFMON_METRIC_SUCCESS) {
        afmon_model_count_outcomes(model, column->count, seen.finite);
        return (!afmon_model_outcomes_tell_errors(model) || judge_outcomes(model, column)) && ok;
    }
    afmon_model_count_errors(model, column->count, seen.finite, seen.ones);
    return ok;
}

bool afmon_model_judges_all(const struct afmon_model *model, const struct afmon_model_name *name)
{
    return (afmon_tracks_of_fields(model->tracks, NULL, 0) & name->rules) == name->rules;
}

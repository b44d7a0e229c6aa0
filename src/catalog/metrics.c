#include "catalog/metrics.h"

#include <string.h>

enum form { WHOLE, PREFIX };

#define ROW(id_, name_, form_, group_, unit_, better_, title_, instrument_, statsd_, shape_, tag_)                     \
    [AFMON_METRIC_##id_] = {.id = AFMON_METRIC_##id_,                                                                  \
                            .length = sizeof(name_) - 1,                                                               \
                            .info = {.name = (name_),                                                                  \
                                     .title = (title_),                                                                \
                                     .is_prefix = (form_) == PREFIX,                                                   \
                                     .group = AFMON_METRICS_##group_,                                                  \
                                     .unit = AFMON_UNIT_##unit_,                                                       \
                                     .better = AFMON_BETTER_##better_},                                                \
                            .statsd_name = (statsd_),                                                                  \
                            .statsd_shape = AFMON_STATSD_##shape_,                                                     \
                            .statsd_tag = (tag_)},

static const struct afmon_metric_row rows[AFMON_METRIC_IDS] = {
    [AFMON_METRIC_OTHER] = {.id = AFMON_METRIC_OTHER, .info = {.group = AFMON_METRICS_OTHER}}, AFMON_METRIC_MAP(ROW)};

static bool fits(const struct afmon_metric_row *row, const char *name, size_t length)
{
    if (row->info.is_prefix ? length <= row->length : length != row->length)
        return false;
    return memcmp(name, row->info.name, row->length) == 0;
}

enum afmon_metric_id afmon_metric_find(const char *name, size_t length, struct afmon_piece *rest)
{
    const struct afmon_metric_row *found = &rows[AFMON_METRIC_OTHER];
    for (size_t i = AFMON_METRIC_OTHER + 1; i < AFMON_METRIC_IDS && found->id == AFMON_METRIC_OTHER; i++)
        if (fits(&rows[i], name, length))
            found = &rows[i];
    if (rest != NULL)
        *rest = found->info.is_prefix ? (struct afmon_piece){name + found->length, length - found->length, true}
                                      : (struct afmon_piece){0};
    return found->id;
}

const struct afmon_metric_row *afmon_metric_row(enum afmon_metric_id id)
{
    return &rows[id];
}

const char *afmon_metric_name(enum afmon_metric_id id)
{
    return rows[id].info.name;
}

const afmon_metric_info *afmon_metric_get_info(const char *name, size_t length)
{
    return &rows[afmon_metric_find(name, length, NULL)].info;
}

bool afmon_metric_id_is_derived(enum afmon_metric_id id)
{
    return id == AFMON_METRIC_ERROR || id == AFMON_METRIC_SUCCESS || id == AFMON_METRIC_API_ERROR;
}

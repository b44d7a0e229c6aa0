#include "compare/outcomes.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "compare/clusters.h"

/* An id may be that of items of several kinds. */
struct finished {
    struct afmon_model_item item; /* its outcome, not what it is called */
    uint32_t cluster;
    uint32_t other; /* the place of one of another kind, and 1; 0: there is none */
    uint16_t kind;
    uint16_t why;
};

/* Items are numbered as they are met, so those that are looked at one after the other lie side by side. */
struct gathering {
    struct afmon_gatherer *gatherer;
    struct finished *list;
    uint32_t count;
    uint32_t capacity;
    uint32_t *places; /* by cluster: in the list, and 1; 0: it is not there */
    uint32_t clusters;
};

static uint32_t at_least(uint32_t wanted, uint32_t capacity)
{
    uint64_t more = (uint64_t)capacity * 2 < 256 ? 256 : (uint64_t)capacity * 2;
    more = more < wanted ? wanted : more;
    return more > UINT32_MAX ? UINT32_MAX : (uint32_t)more;
}

static bool reserve(struct gathering *gathering, uint32_t cluster)
{
    if (gathering->count == gathering->capacity) {
        uint32_t capacity = at_least(gathering->count + 1, gathering->capacity);
        struct finished *list = realloc(gathering->list, capacity * sizeof *list);
        if (list == NULL)
            return false;
        gathering->list = list;
        gathering->capacity = capacity;
    }
    if (cluster < gathering->clusters)
        return true;
    uint32_t clusters = at_least(cluster + 1, gathering->clusters);
    uint32_t *places = realloc(gathering->places, clusters * sizeof *places);
    if (places == NULL)
        return false;
    memset(places + gathering->clusters, 0, (clusters - gathering->clusters) * sizeof *places);
    gathering->places = places;
    gathering->clusters = clusters;
    return true;
}

/* NULL: no memory, or (then *ok) the sample names no item. */
static struct finished *finished_of(struct gathering *gathering, const struct afmon_gathered *sample, bool *ok)
{
    *ok = sample->cluster == AFMON_CLUSTER_ALONE || reserve(gathering, sample->cluster);
    if (!*ok || sample->cluster == AFMON_CLUSTER_ALONE)
        return NULL;
    uint32_t *place = &gathering->places[sample->cluster];
    for (; *place != 0; place = &gathering->list[*place - 1].other)
        if (gathering->list[*place - 1].kind == sample->label->kind)
            return &gathering->list[*place - 1];
    struct finished *finished = &gathering->list[gathering->count++];
    *finished = (struct finished){.cluster = sample->cluster, .kind = sample->label->kind};
    *place = gathering->count;
    return finished;
}

static struct afmon_item_sample as_item_sample(const struct afmon_gathered *sample)
{
    return (struct afmon_item_sample){
        .facts = &sample->label->facts, .time_ns = sample->time_ns, .value = sample->value};
}

static bool take_start(void *user, const struct afmon_gathered *sample)
{
    bool ok;
    const struct afmon_item_sample started = as_item_sample(sample);
    struct finished *finished = finished_of(user, sample, &ok);
    if (finished != NULL)
        afmon_model_item_note_start(&finished->item, &started);
    return ok;
}

static bool take_outcome(void *user, const struct afmon_gathered *sample)
{
    bool ok;
    struct gathering *gathering = user;
    const struct afmon_item_sample ended = as_item_sample(sample);
    if (afmon_model_outcome_of(&ended.facts->outcome) == AFMON_OUTCOME_NONE)
        return true;
    struct finished *finished = finished_of(gathering, sample, &ok);
    if (finished == NULL || !afmon_model_item_note_outcome(&finished->item, &ended))
        return ok;
    int32_t why = afmon_compare_name(gathering->gatherer->names, afmon_model_why_of(ended.facts));
    finished->why = (uint16_t)(why < 0 ? 0 : why);
    return why >= 0;
}

static bool add_rows(const struct gathering *gathering, struct afmon_compare_rows *rows)
{
    for (uint32_t i = 0; i < gathering->count; i++) {
        const struct finished *finished = &gathering->list[i];
        if (!afmon_model_item_has_outcome(&finished->item))
            continue;
        unsigned place = finished->item.outcome == AFMON_OUTCOME_FAILED ? AFMON_OUTCOME_ERROR : AFMON_OUTCOME_REASON;
        struct afmon_compare_row row = {.value = finished->item.outcome, .cluster = finished->cluster};
        row.groups[AFMON_OUTCOME_KIND] = finished->kind;
        row.groups[place] = finished->item.outcome == AFMON_OUTCOME_ACCEPTED ? 0 : finished->why;
        if (!afmon_compare_rows_add(rows, &row))
            return false;
    }
    return true;
}

afmon_status afmon_gather_outcomes(struct afmon_gatherer *gatherer, struct afmon_compare_rows *rows, afmon_error *error)
{
    struct gathering gathering = {.gatherer = gatherer};
    afmon_status status =
        afmon_gather(gatherer, afmon_metric_name(AFMON_METRIC_ITEM_STARTED), true, take_start, &gathering, error);
    if (status == AFMON_OK)
        status =
            afmon_gather(gatherer, afmon_metric_name(AFMON_METRIC_ITEM_TIME), true, take_outcome, &gathering, error);
    if (status == AFMON_OK && !add_rows(&gathering, rows))
        status = afmon_fail_memory(error);
    free(gathering.list);
    free(gathering.places);
    return status;
}

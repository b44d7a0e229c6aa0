#include "summary/tally.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/facts.h"
#include "summary/tally_internal.h"

/* ---- Lists ---- */

static bool list_init(struct afmon_tally_list *list, size_t item_size)
{
    afmon_names_init(&list->names);
    list->item_size = item_size;
    list->other = calloc(1, item_size);
    return list->other != NULL;
}

static void list_free(struct afmon_tally_list *list)
{
    afmon_names_free(&list->names);
    free(list->items);
    free(list->other);
}

static bool list_room(struct afmon_tally_list *list, uint32_t number)
{
    if (number < list->capacity)
        return true;
    uint32_t capacity = list->capacity == 0 ? 8 : list->capacity * 2;
    unsigned char *items = realloc(list->items, capacity * list->item_size);
    if (items == NULL)
        return false;
    memset(items + list->capacity * list->item_size, 0, (capacity - list->capacity) * list->item_size);
    list->items = items;
    list->capacity = capacity;
    return true;
}

/* The item of a name; that of "(other)" where there is no room. */
static void *item_of(struct afmon_tally_list *list, const struct afmon_name *name, bool *lost)
{
    /* Room first: a name that is kept has an item. */
    if (list->names.count < AFMON_NAMES_MOST && !list_room(list, list->names.count)) {
        *lost = true;
        list->names.other = true;
        return list->other;
    }
    uint32_t number = afmon_names_number(&list->names, name, lost);
    return number == AFMON_NAMES_OTHER ? list->other : list->items + number * list->item_size;
}

static struct afmon_name name_of(struct afmon_piece first, struct afmon_piece second, unsigned kind)
{
    return (struct afmon_name){.first = first.given ? first.data : "",
                               .first_length = first.length,
                               .second = second.given ? second.data : "",
                               .second_length = second.length,
                               .kind = kind};
}

static void *item_named(struct afmon_tally_list *list, struct afmon_piece piece, bool *lost)
{
    struct afmon_name name = name_of(piece, (struct afmon_piece){0}, 0);
    return item_of(list, &name, lost);
}

size_t afmon_tally_list_count(const struct afmon_tally_list *list)
{
    return list->names.count + (list->names.other ? 1U : 0U);
}

const void *afmon_tally_list_at(const struct afmon_tally_list *list, size_t index, struct afmon_kept_name *name)
{
    static char other[] = "(other)";
    static char nothing[] = "";
    if (index >= list->names.count) {
        *name = (struct afmon_kept_name){.first = other, .second = nothing};
        return list->other;
    }
    *name = list->names.kept[index];
    return list->items + index * list->item_size;
}

/* ---- Samples ---- */

struct adding {
    struct afmon_run_tally *tally;
    double value;
    int64_t time_ns;
    const struct afmon_sample_facts *facts;
    bool finite;
    bool lost;
};

static void on_track(struct adding *adding, enum afmon_track track, double value)
{
    if (isfinite(value) && !afmon_timeline_add(&adding->tally->timeline, track, adding->time_ns, value))
        adding->lost = true;
}

static void spread_value(struct adding *adding, struct afmon_spread *spread)
{
    if (!afmon_spread_add(spread, adding->value, &adding->tally->spread_room))
        adding->lost = true;
}

static struct afmon_operation_tally *operation_of(struct adding *adding, unsigned kind)
{
    struct afmon_name name = name_of(adding->facts->component, adding->facts->operation, kind);
    return item_of(&adding->tally->operations, &name, &adding->lost);
}

static void add_generation_time(struct adding *adding)
{
    struct afmon_operation_tally *operation = operation_of(adding, AFMON_OF_GENERATION);
    adding->tally->generation_times++;
    operation->count++;
    spread_value(adding, &operation->duration);
    spread_value(adding, &adding->tally->generation_time);
    on_track(adding, AFMON_TRACK_GENERATION_TIME, adding->value);
}

static void add_success(struct adding *adding)
{
    adding->tally->generations++;
    if (adding->finite && adding->value == 0) {
        adding->tally->generation_failures++;
        operation_of(adding, AFMON_OF_GENERATION)->failures++;
    }
    on_track(adding, AFMON_TRACK_SUCCESS, adding->value);
}

static struct afmon_error_tally *error_of(struct adding *adding)
{
    return item_named(&adding->tally->errors, adding->facts->error_type, &adding->lost);
}

static void add_error(struct adding *adding)
{
    on_track(adding, AFMON_TRACK_ERROR, adding->value);
    if (!adding->finite || adding->value == 0)
        return;
    adding->tally->generation_errors++;
    if (adding->facts->error_type.given)
        error_of(adding)->generations++;
}

static void add_api_error(struct adding *adding)
{
    struct afmon_error_tally *error = error_of(adding);
    if (adding->facts->retried) {
        adding->tally->retries++;
        error->retries++;
    } else {
        adding->tally->api_errors++;
        error->api++;
    }
}

static void add_evaluation_time(struct adding *adding)
{
    bool failed = adding->facts->unsuccessful;
    struct afmon_operation_tally *operation = operation_of(adding, AFMON_OF_EVALUATION);
    adding->tally->evaluations++;
    adding->tally->evaluation_failures += failed;
    operation->count++;
    operation->failures += failed;
    spread_value(adding, &operation->duration);
    spread_value(adding, &adding->tally->evaluation_time);
    on_track(adding, AFMON_TRACK_EVALUATION, failed ? 0.0 : 1.0);
}

static void add_evaluation_error(struct adding *adding)
{
    if (!adding->finite || adding->value == 0)
        return;
    adding->tally->evaluation_errors++;
    error_of(adding)->evaluations++;
}

/* Values that are negative or not finite count nothing, as in token usage. */
static void add_tokens(struct adding *adding, size_t member, enum afmon_track track)
{
    static const char unknown[] = "unknown";
    struct afmon_piece name = adding->facts->model_name;
    if (!name.given)
        name = (struct afmon_piece){unknown, sizeof unknown - 1, true};
    struct afmon_model_tally *model = item_named(&adding->tally->models, name, &adding->lost);
    /* Perhaps an evaluation's: tally_read.c sorts that out. */
    struct afmon_operation_tally *operation = operation_of(adding, AFMON_OF_GENERATION);
    double tokens = adding->finite && adding->value > 0 ? adding->value : 0;
    *(double *)((char *)&model->tokens + member) += tokens;
    *(double *)((char *)&operation->tokens + member) += tokens;
    model->has_tokens = true;
    on_track(adding, track, adding->value);
}

static void add_length(struct adding *adding)
{
    spread_value(adding, &adding->tally->length);
    on_track(adding, AFMON_TRACK_LENGTH, adding->value);
}

static void add_score(struct adding *adding)
{
    struct afmon_name name = name_of(adding->facts->evaluator_type, adding->facts->name, 0);
    spread_value(adding, item_of(&adding->tally->scores, &name, &adding->lost));
}

static void add_by_kind(struct adding *adding)
{
    switch (adding->facts->kind) {
    case AFMON_METRIC_OTHER:
    case AFMON_METRIC_MODEL_CREATION:
        return;
    case AFMON_METRIC_GENERATION_TIME:
        add_generation_time(adding);
        return;
    case AFMON_METRIC_SUCCESS:
        add_success(adding);
        return;
    case AFMON_METRIC_ERROR:
        add_error(adding);
        return;
    case AFMON_METRIC_API_ERROR:
        add_api_error(adding);
        return;
    case AFMON_METRIC_PROMPT:
        add_tokens(adding, offsetof(struct afmon_tokens_sum, prompt), AFMON_TRACK_PROMPT);
        return;
    case AFMON_METRIC_COMPLETION:
        add_tokens(adding, offsetof(struct afmon_tokens_sum, completion), AFMON_TRACK_COMPLETION);
        return;
    case AFMON_METRIC_TOTAL:
        add_tokens(adding, offsetof(struct afmon_tokens_sum, total), AFMON_TRACK_TOTAL);
        return;
    case AFMON_METRIC_LENGTH:
        add_length(adding);
        return;
    case AFMON_METRIC_EVALUATION_TIME:
        add_evaluation_time(adding);
        return;
    case AFMON_METRIC_EVALUATION_ERROR:
        add_evaluation_error(adding);
        return;
    case AFMON_METRIC_MODEL:
        ((struct afmon_model_tally *)item_named(&adding->tally->models, adding->facts->name, &adding->lost))->calls++;
        return;
    case AFMON_METRIC_FINISH:
        ++*(uint64_t *)item_named(&adding->tally->finishes, adding->facts->name, &adding->lost);
        return;
    case AFMON_METRIC_SCORE:
        add_score(adding);
        return;
    }
}

bool afmon_run_tally_add_facts(struct afmon_run_tally *tally, int64_t time_ns, double value,
                               const struct afmon_sample_facts *facts)
{
    struct adding adding = {
        .tally = tally, .value = value, .time_ns = time_ns, .facts = facts, .finite = isfinite(value)};
    if (tally->samples == 0 || time_ns < tally->first_ns)
        tally->first_ns = time_ns;
    if (tally->samples == 0 || time_ns > tally->last_ns)
        tally->last_ns = time_ns;
    tally->samples++;
    tally->not_finite += !adding.finite;
    add_by_kind(&adding);
    tally->lost += adding.lost;
    return !adding.lost;
}

bool afmon_run_tally_add(struct afmon_run_tally *tally, const afmon_sample *sample)
{
    struct afmon_sample_facts facts;
    afmon_sample_look(sample, &facts);
    return afmon_run_tally_add_facts(tally, sample->timestamp_ns, sample->value, &facts);
}

/* ---- Life ---- */

struct afmon_run_tally *afmon_run_tally_new(void)
{
    struct afmon_run_tally *tally = calloc(1, sizeof *tally);
    if (tally == NULL)
        return NULL;
    tally->spread_room = SIZE_MAX;
    bool ok = list_init(&tally->operations, sizeof(struct afmon_operation_tally)) &&
              list_init(&tally->errors, sizeof(struct afmon_error_tally)) &&
              list_init(&tally->models, sizeof(struct afmon_model_tally)) &&
              list_init(&tally->finishes, sizeof(uint64_t)) && list_init(&tally->scores, sizeof(struct afmon_spread));
    if (ok)
        return tally;
    afmon_run_tally_free(tally);
    return NULL;
}

void afmon_run_tally_limit(struct afmon_run_tally *tally, size_t spread_bytes)
{
    tally->spread_room = spread_bytes;
}

static size_t list_bytes(const struct afmon_tally_list *list)
{
    size_t bytes = (list->capacity + 1) * list->item_size + list->names.capacity * sizeof *list->names.kept +
                   list->names.slot_count * sizeof *list->names.slots;
    for (uint32_t i = 0; i < list->names.count; i++)
        bytes += strlen(list->names.kept[i].first) + strlen(list->names.kept[i].second) + 2;
    return bytes;
}

static size_t spread_bytes(const struct afmon_spread *spread)
{
    return spread->capacity * sizeof *spread->classes;
}

size_t afmon_run_tally_bytes(const struct afmon_run_tally *tally)
{
    const struct afmon_tally_list *operations = &tally->operations;
    const struct afmon_tally_list *scores = &tally->scores;
    struct afmon_kept_name name;
    size_t bytes = sizeof *tally + tally->timeline.capacity * sizeof *tally->timeline.room + list_bytes(operations) +
                   list_bytes(&tally->errors) + list_bytes(&tally->models) + list_bytes(&tally->finishes) +
                   list_bytes(scores) + spread_bytes(&tally->generation_time) + spread_bytes(&tally->evaluation_time) +
                   spread_bytes(&tally->length);
    for (size_t i = 0; i < afmon_tally_list_count(operations); i++) {
        const struct afmon_operation_tally *operation = afmon_tally_list_at(operations, i, &name);
        bytes += spread_bytes(&operation->duration);
    }
    for (size_t i = 0; i < afmon_tally_list_count(scores); i++)
        bytes += spread_bytes(afmon_tally_list_at(scores, i, &name));
    return bytes;
}

static void free_spreads(struct afmon_run_tally *tally)
{
    for (uint32_t i = 0; i < tally->operations.names.count; i++)
        afmon_spread_free(&((struct afmon_operation_tally *)(void *)tally->operations.items)[i].duration);
    for (uint32_t i = 0; i < tally->scores.names.count; i++)
        afmon_spread_free(&((struct afmon_spread *)(void *)tally->scores.items)[i]);
    if (tally->operations.other != NULL)
        afmon_spread_free(&((struct afmon_operation_tally *)(void *)tally->operations.other)->duration);
    if (tally->scores.other != NULL)
        afmon_spread_free((struct afmon_spread *)(void *)tally->scores.other);
    afmon_spread_free(&tally->generation_time);
    afmon_spread_free(&tally->evaluation_time);
    afmon_spread_free(&tally->length);
}

void afmon_run_tally_free(struct afmon_run_tally *tally)
{
    if (tally == NULL)
        return;
    free_spreads(tally);
    afmon_timeline_free(&tally->timeline);
    list_free(&tally->operations);
    list_free(&tally->errors);
    list_free(&tally->models);
    list_free(&tally->finishes);
    list_free(&tally->scores);
    free(tally);
}

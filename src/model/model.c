/* A run's samples, each added once to all that is kept. */
#include "model/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/rules.h"
#include "base/clock.h"
#include "catalog/operations.h"
#include "model/model_internal.h"

#define RUN_VALUES 4096 /* held exactly of a metric, an operation, a model */
#define LATELY_MAX 384  /* operations and models that are followed second by second */
#define PERIOD_NS (60 * AFMON_NS_PER_S)
#define TEXT(text) (text), sizeof(text) - 1

/* ---- What is kept by name ---- */

static void merge_metric(void *user, void *into, void *from)
{
    const struct afmon_model *model = user;
    struct afmon_model_metric *a = into;
    struct afmon_model_metric *b = from;
    (void)afmon_accumulator_merge(&a->values, &b->values, &model->metric_limits);
    (void)afmon_accumulator_merge(&a->bare, &b->bare, &model->metric_limits);
}

static void free_metric(void *user, void *item)
{
    const struct afmon_model *model = user;
    struct afmon_model_metric *metric = item;
    afmon_accumulator_free(&metric->values, &model->limits);
    afmon_accumulator_free(&metric->bare, &model->limits);
}

static void merge_outcomes(struct afmon_model_outcomes *a, const struct afmon_model_outcomes *b)
{
    bool first = a->failures == 0;
    if (b->failures > 0) {
        a->failed_first_ns = first || b->failed_first_ns < a->failed_first_ns ? b->failed_first_ns : a->failed_first_ns;
        a->failed_last_ns = first || b->failed_last_ns > a->failed_last_ns ? b->failed_last_ns : a->failed_last_ns;
    }
    a->count += b->count;
    a->failures += b->failures;
    a->errors += b->errors;
}

static void merge_group(void *user, void *into, void *from)
{
    const struct afmon_model *model = user;
    struct afmon_model_group *a = into;
    struct afmon_model_group *b = from;
    merge_outcomes(&a->tracked, &b->tracked);
    merge_outcomes(&a->bare, &b->bare);
    a->times += b->times;
    a->named += b->named;
    a->token_samples += b->token_samples;
    for (size_t i = 0; i < 3; i++)
        afmon_exact_sum_merge(&a->tokens[i], &b->tokens[i]);
    afmon_exact_sum_merge(&a->cost, &b->cost);
    a->priced += b->priced;
    (void)afmon_accumulator_merge(&a->durations, &b->durations, &model->limits);
}

static void free_group(void *user, void *item)
{
    const struct afmon_model *model = user;
    struct afmon_model_group *group = item;
    afmon_accumulator_free(&group->durations, &model->limits);
    free(group->lately);
}

static void merge_count(void *user, void *into, void *from)
{
    (void)user;
    *(uint64_t *)into += *(const uint64_t *)from;
}

static void merge_values(void *user, void *into, void *from)
{
    const struct afmon_model *model = user;
    (void)afmon_accumulator_merge(into, from, &model->limits);
}

static void free_values(void *user, void *item)
{
    const struct afmon_model *model = user;
    afmon_accumulator_free(item, &model->limits);
}

static const struct afmon_names_kind metrics_kind = {sizeof(struct afmon_model_metric), merge_metric, free_metric};
static const struct afmon_names_kind groups_kind = {sizeof(struct afmon_model_group), merge_group, free_group};
static const struct afmon_names_kind counts_kind = {sizeof(uint64_t), merge_count, NULL};
static const struct afmon_names_kind values_kind = {sizeof(struct afmon_accumulator), merge_values, free_values};

/* ---- Life ---- */

static bool make_tracks(struct afmon_model *model)
{
    afmon_rules built_in = {0};
    const struct afmon_model_options *options = &model->options;
    int64_t period_ns = options->period_ns > 0 ? options->period_ns : PERIOD_NS;
    size_t *room = model->limits.room;
    if (options->rules != NULL) {
        model->tracks = afmon_tracks_new(options->rules, options->rule_count, period_ns, room);
    } else if (afmon_rules_built_in(NULL, &built_in, NULL) == AFMON_OK) {
        model->tracks = afmon_tracks_new(built_in.rules, built_in.count, period_ns, room);
        afmon_rules_free(&built_in);
    }
    model->options.rules = NULL; /* the caller's */
    if (model->tracks != NULL)
        model->error_shares = afmon_tracks_that(model->tracks, afmon_rule_is_error_share);
    return model->tracks != NULL;
}

struct afmon_model *afmon_model_new(const struct afmon_model_options *options)
{
    struct afmon_model *model = calloc(1, sizeof *model);
    if (model == NULL)
        return NULL;
    model->options = *options;
    model->room = options->sketch_bytes;
    model->limits.exact_max = options->whole ? SIZE_MAX : RUN_VALUES;
    model->limits.room = options->sketch_bytes > 0 ? &model->room : NULL;
    model->metric_limits = (struct afmon_sketch_limits){.exact_max = RUN_VALUES, .room = model->limits.room};
    afmon_names_init(&model->metrics, &metrics_kind, model);
    afmon_names_init(&model->operations, &groups_kind, model);
    afmon_names_init(&model->models, &groups_kind, model);
    afmon_names_init(&model->finishes, &counts_kind, model);
    afmon_names_init(&model->scores, &values_kind, model);
    struct afmon_names *failures[] = {&model->failures, &model->bare_failures, &model->api, &model->retried};
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++)
        afmon_names_init(failures[i], &afmon_model_failures, model);
    afmon_model_items_init(&model->items, options->items);
    if (make_tracks(model))
        return model;
    afmon_model_free(model);
    return NULL;
}

void afmon_model_free(struct afmon_model *model)
{
    if (model == NULL)
        return;
    afmon_names_free(&model->metrics);
    afmon_names_free(&model->operations);
    afmon_names_free(&model->models);
    afmon_names_free(&model->finishes);
    afmon_names_free(&model->scores);
    afmon_names_free(&model->failures);
    afmon_names_free(&model->bare_failures);
    afmon_names_free(&model->api);
    afmon_names_free(&model->retried);
    afmon_accumulator_free(&model->call_time, &model->limits);
    afmon_accumulator_free(&model->errors_by_outcomes, &model->metric_limits);
    afmon_tracks_free(model->tracks);
    afmon_tracks_free(model->bare_tracks);
    afmon_tracks_free(model->outcome_tracks);
    afmon_model_items_free(&model->items, &model->limits);
    free(model->intervals);
    free(model);
}

uint64_t afmon_model_moved(const struct afmon_model *model)
{
    return model->metrics.moved + model->operations.moved + model->models.moved;
}

/* ---- Names ---- */

bool afmon_model_name_of(struct afmon_model *model, const char *name, size_t length, struct afmon_model_name *of)
{
    of->id = afmon_metric_find(name, length, &of->rest);
    of->rules = afmon_tracks_of_metric(model->tracks, name, length);
    /* Whatever names a run invents, those of the catalogue are told apart: they come first. */
    of->metric = afmon_names_item(
        &model->metrics,
        &(struct afmon_name){.first = name, .first_length = length, .kind = of->id == AFMON_METRIC_OTHER});
    return of->metric != NULL;
}

bool afmon_model_judges(const struct afmon_model *model, const char *name, size_t length)
{
    return afmon_tracks_of_metric(model->tracks, name, length) != 0;
}

void afmon_model_labels_of(const struct afmon_model *model, const afmon_field *fields, size_t count,
                           struct afmon_model_labels *labels)
{
    *labels = (struct afmon_model_labels){0};
    afmon_sample_look_at_fields(fields, count, &labels->facts);
    labels->rules = afmon_tracks_of_fields(model->tracks, fields, count);
}

static struct afmon_name name_of(struct afmon_piece first, struct afmon_piece second, unsigned kind)
{
    return (struct afmon_name){.first = first.given ? first.data : "",
                               .first_length = first.length,
                               .second = second.given ? second.data : "",
                               .second_length = second.length,
                               .kind = kind};
}

static void follow(struct afmon_model *model, struct afmon_model_group *group)
{
    if (!model->options.lately || group == NULL || group->lately != NULL || model->lately_count == LATELY_MAX)
        return;
    group->lately = malloc(sizeof *group->lately);
    if (group->lately == NULL)
        return;
    model->lately_count++;
    afmon_lately_begin(group->lately);
}

/* ---- Samples ---- */

struct adding {
    struct afmon_model *model;
    const struct afmon_model_name *name;
    struct afmon_model_labels *labels;
    struct afmon_model_call *call;
    const struct afmon_model_sample *sample;
    double value;
    int64_t time_ns;
    bool finite;
    bool lost;
};

/* NULL: no memory. */
static struct afmon_model_group *operation_of(struct adding *adding, unsigned kind)
{
    struct afmon_model_group **known =
        kind == AFMON_OF_EVALUATION ? &adding->labels->evaluation : &adding->labels->generation;
    const struct afmon_sample_facts *facts = &adding->labels->facts;
    if (*known != NULL)
        return *known;
    struct afmon_name name = name_of(facts->component, facts->operation, kind);
    struct afmon_model_group *group = afmon_names_item(&adding->model->operations, &name);
    adding->lost |= group == NULL;
    if (group != NULL && kind == AFMON_OF_GENERATION && facts->operation.given)
        group->item = afmon_item_kind_of(facts->operation.data, facts->operation.length);
    follow(adding->model, group);
    return *known = group;
}

static struct afmon_model_group *model_named(struct adding *adding, const char *name, size_t length)
{
    struct afmon_model_group *group =
        afmon_names_item(&adding->model->models, &(struct afmon_name){.first = name, .first_length = length});
    adding->lost |= group == NULL;
    follow(adding->model, group);
    return group;
}

/* The model that the metadata name; NULL: none, or no memory. */
static struct afmon_model_group *model_of(struct adding *adding)
{
    const struct afmon_piece *name = &adding->labels->facts.model_name;
    if (adding->labels->model == NULL && name->given)
        adding->labels->model = model_named(adding, name->data, name->length);
    return adding->labels->model;
}

static void take_duration(struct adding *adding, struct afmon_accumulator *values)
{
    adding->lost |= !afmon_accumulator_add(values, adding->value, &adding->model->limits);
}

static void note_call_lately(const struct afmon_model_group *group, int64_t time_ns, bool failed)
{
    struct afmon_lately_second *second = group->lately != NULL ? afmon_lately_at(group->lately, time_ns) : NULL;
    if (second == NULL)
        return;
    second->calls += !failed;
    second->failures += failed;
}

static void begin_call(struct adding *adding)
{
    struct afmon_model_call *call = adding->call;
    if (call == NULL) {
        adding->model->unjoined = true;
        return;
    }
    afmon_model_settle(adding->model, call);
    *call = (struct afmon_model_call){.open = true, .time_ns = adding->time_ns};
}

/* The call on its way that the sample is of; NULL: none. */
static struct afmon_model_call *call_of(const struct adding *adding)
{
    return adding->call != NULL && adding->call->open && adding->call->time_ns == adding->time_ns ? adding->call : NULL;
}

void afmon_model_settle(struct afmon_model *model, struct afmon_model_call *call)
{
    if (call->open && !call->tokens) {
        model->calls_without_tokens++;
        model->failed_without_tokens += call->failed;
    }
    if (call->open && call->tokens && !call->priced) {
        model->unpriced++;
        model->unpriced_tokens += call->used[2] > 0 ? call->used[2] : call->used[0] + call->used[1];
    }
    call->open = false;
}

static struct afmon_item_sample item_sample(const struct adding *adding)
{
    return (struct afmon_item_sample){.facts = &adding->labels->facts,
                                      .id = adding->sample->item,
                                      .time_ns = adding->time_ns,
                                      .value = adding->value,
                                      .file = adding->sample->file};
}

static bool names_item(const struct adding *adding)
{
    return adding->sample->item.length > 0 || adding->labels->facts.item_id.given;
}

/* whole: the call's operation stands for an item. */
static void note_item_call(struct adding *adding, bool whole)
{
    if (!names_item(adding)) {
        adding->model->items.calls_without_item += !whole;
        return;
    }
    const struct afmon_item_sample item = item_sample(adding);
    adding->lost |= !afmon_model_item_call(&adding->model->items, &item, whole);
}

static void note_item_failure(struct adding *adding)
{
    const struct afmon_item_sample item = item_sample(adding);
    adding->lost |= !afmon_model_item_failure(&adding->model->items, &item);
}

static void note_item_tokens(struct adding *adding, size_t kind)
{
    const struct afmon_item_sample item = item_sample(adding);
    adding->lost |= !afmon_model_item_tokens(&adding->model->items, &item, kind);
}

static void add_generation_time(struct adding *adding)
{
    struct afmon_model_group *group = operation_of(adding, AFMON_OF_GENERATION);
    if (group == NULL)
        return;
    group->times++;
    take_duration(adding, &group->durations);
    note_call_lately(group, adding->time_ns, false);
    note_item_call(adding, group->item != NULL);
    if (group->item != NULL) {
        if (adding->call != NULL)
            afmon_model_settle(adding->model, adding->call);
        return;
    }
    begin_call(adding);
    take_duration(adding, &adding->model->call_time);
    struct afmon_model_group *model = model_of(adding);
    if (model == NULL)
        return;
    model->times++;
    take_duration(adding, &model->durations);
}

static void note_failure_in(struct afmon_model_outcomes *outcomes, int64_t time_ns)
{
    bool first = outcomes->failures++ == 0;
    outcomes->failed_first_ns = first || time_ns < outcomes->failed_first_ns ? time_ns : outcomes->failed_first_ns;
    outcomes->failed_last_ns = first || time_ns > outcomes->failed_last_ns ? time_ns : outcomes->failed_last_ns;
}

static void note_failure(struct afmon_model_group *group, int64_t time_ns)
{
    note_failure_in(&group->tracked, time_ns);
    note_call_lately(group, time_ns, true);
}

/* *tracks is made where there is none. */
static void judge_in(struct adding *adding, struct afmon_tracks **tracks, uint64_t rules, double value)
{
    rules &= adding->labels->rules;
    if (rules == 0 || !adding->finite)
        return;
    if (*tracks == NULL)
        *tracks = afmon_tracks_another(adding->model->tracks);
    adding->lost |= *tracks == NULL || !afmon_tracks_add(*tracks, rules, adding->time_ns, value);
}

void afmon_model_count_outcomes(struct afmon_model *model, size_t count, size_t finite)
{
    model->tracked += count;
    model->counts.outcomes += finite;
}

bool afmon_model_outcomes_tell_errors(const struct afmon_model *model)
{
    return model->counts.errors == model->counts.ones;
}

void afmon_model_count_errors(struct afmon_model *model, size_t count, size_t finite, size_t ones)
{
    model->tracked += count;
    model->counts.errors += finite;
    model->counts.ones += ones;
    if (afmon_model_outcomes_tell_errors(model))
        return;
    afmon_tracks_free(model->outcome_tracks);
    model->outcome_tracks = NULL;
    afmon_accumulator_free(&model->errors_by_outcomes, &model->metric_limits);
    model->errors_by_outcomes = (struct afmon_accumulator){0};
}

static void count_outcome(struct adding *adding)
{
    struct afmon_model *model = adding->model;
    afmon_model_count_outcomes(model, 1, adding->finite);
    if (!afmon_model_outcomes_tell_errors(model))
        return;
    double error = afmon_error_of_outcome(adding->value);
    adding->lost |= !afmon_accumulator_add(&model->errors_by_outcomes, error, &model->metric_limits);
    judge_in(adding, &model->outcome_tracks, model->error_shares, error);
}

static void count_error(struct adding *adding)
{
    afmon_model_count_errors(adding->model, 1, adding->finite, adding->finite && adding->value == 1);
}

static void add_success(struct adding *adding)
{
    bool failed = adding->finite && adding->value == 0;
    count_outcome(adding);
    struct afmon_model_group *group = operation_of(adding, AFMON_OF_GENERATION);
    if (group == NULL)
        return;
    group->tracked.count++;
    if (failed)
        note_failure(group, adding->time_ns);
    if (group->item != NULL)
        return;
    if (adding->finite)
        afmon_recent_add(&adding->model->recent, adding->time_ns, failed);
    struct afmon_model_call *call = call_of(adding);
    if (failed && names_item(adding))
        note_item_failure(adding);
    if (call != NULL)
        call->failed = failed;
    struct afmon_model_group *model = failed ? model_of(adding) : NULL;
    if (model != NULL)
        note_failure(model, adding->time_ns);
}

static void put_failure(struct adding *adding, struct afmon_names *failures, bool evaluation)
{
    struct afmon_failure_of of = {
        .facts = &adding->labels->facts, .evaluation = evaluation, .time_ns = adding->time_ns};
    struct afmon_model_group *group = operation_of(adding, evaluation ? AFMON_OF_EVALUATION : AFMON_OF_GENERATION);
    of.item = group != NULL ? group->item : NULL;
    adding->lost |= !afmon_model_add_failure(failures, &of);
}

static bool is_one(const struct adding *adding)
{
    return adding->finite && adding->value != 0;
}

static void add_error(struct adding *adding)
{
    count_error(adding);
    struct afmon_model_group *group = is_one(adding) ? operation_of(adding, AFMON_OF_GENERATION) : NULL;
    if (group == NULL)
        return;
    group->tracked.errors++;
    put_failure(adding, &adding->model->failures, false);
}

static void add_api_error(struct adding *adding)
{
    bool retried = adding->labels->facts.retried;
    adding->model->retries += retried;
    put_failure(adding, retried ? &adding->model->retried : &adding->model->api, false);
}

static void add_evaluation_time(struct adding *adding)
{
    adding->model->evaluations.outcomes++;
    struct afmon_model_group *group = operation_of(adding, AFMON_OF_EVALUATION);
    if (group == NULL)
        return;
    group->times++;
    take_duration(adding, &group->durations);
    note_call_lately(group, adding->time_ns, false);
    if (adding->labels->facts.unsuccessful)
        note_failure(group, adding->time_ns);
}

static void add_evaluation_error(struct adding *adding)
{
    adding->model->evaluations.errors += adding->finite;
    adding->model->evaluations.ones += adding->finite && adding->value == 1;
    struct afmon_model_group *group = is_one(adding) ? operation_of(adding, AFMON_OF_EVALUATION) : NULL;
    if (group == NULL)
        return;
    group->tracked.errors++;
    put_failure(adding, &adding->model->failures, true);
}

/* Values that are negative or not finite count nothing, as in token usage. */
static void add_tokens_to(struct afmon_model_group *group, size_t kind, int64_t time_ns, double tokens)
{
    if (group == NULL)
        return;
    group->token_samples++;
    afmon_exact_sum_add(&group->tokens[kind], tokens);
    struct afmon_lately_second *second = group->lately != NULL ? afmon_lately_at(group->lately, time_ns) : NULL;
    if (second != NULL)
        second->tokens[kind] += tokens;
}

static void add_tokens(struct adding *adding, size_t kind)
{
    double tokens = adding->finite && adding->value > 0 ? adding->value : 0;
    struct afmon_model_group *model = model_of(adding);
    struct afmon_model_call *call = call_of(adding);
    if (model == NULL)
        model = model_named(adding, TEXT("unknown"));
    add_tokens_to(model, kind, adding->time_ns, tokens);
    /* Perhaps an evaluation's: read_operations.c sorts that out. */
    add_tokens_to(operation_of(adding, AFMON_OF_GENERATION), kind, adding->time_ns, tokens);
    if (names_item(adding))
        note_item_tokens(adding, kind);
    if (call == NULL)
        return;
    call->tokens = true;
    call->used[kind] += tokens < 0x1p53 ? (uint64_t)tokens : 0;
}

static void add_cost_to(struct afmon_exact_sum *sum, uint64_t *priced, double usd)
{
    afmon_exact_sum_add(sum, usd);
    ++*priced;
}

static void add_cost(struct adding *adding)
{
    if (!adding->finite || adding->value < 0)
        return;
    struct afmon_model_call *call = call_of(adding);
    struct afmon_model_group *model = model_of(adding);
    add_cost_to(&adding->model->cost, &adding->model->priced, adding->value);
    if (model == NULL)
        model = model_named(adding, TEXT("unknown"));
    if (model != NULL)
        add_cost_to(&model->cost, &model->priced, adding->value);
    if (call != NULL)
        call->priced = true;
    if (!names_item(adding))
        return;
    const struct afmon_item_sample item = item_sample(adding);
    adding->lost |= !afmon_model_item_cost(&adding->model->items, &item);
}

static void add_item_started(struct adding *adding)
{
    const struct afmon_item_sample item = item_sample(adding);
    adding->lost |= !afmon_model_item_started(&adding->model->items, &item);
}

static void add_item_time(struct adding *adding)
{
    const struct afmon_item_sample item = item_sample(adding);
    adding->lost |= !afmon_model_item_ended(&adding->model->items, &item, &adding->model->limits);
}

static void add_model(struct adding *adding)
{
    struct afmon_model_group *model = model_named(adding, adding->name->rest.data, adding->name->rest.length);
    if (model == NULL)
        return;
    model->named++;
    note_call_lately(model, adding->time_ns, false);
}

static void add_finish(struct adding *adding)
{
    uint64_t *count =
        afmon_names_item(&adding->model->finishes, &(struct afmon_name){.first = adding->name->rest.data,
                                                                        .first_length = adding->name->rest.length});
    adding->lost |= count == NULL;
    if (count != NULL)
        ++*count;
}

static void add_score(struct adding *adding)
{
    struct afmon_name name = name_of(adding->labels->facts.evaluator_type, adding->name->rest, 0);
    struct afmon_accumulator *values = afmon_names_item(&adding->model->scores, &name);
    adding->lost |= values == NULL;
    if (values != NULL)
        take_duration(adding, values);
}

static void add_by_metric(struct adding *adding)
{
    switch (adding->name->id) {
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
        add_tokens(adding, 0);
        return;
    case AFMON_METRIC_COMPLETION:
        add_tokens(adding, 1);
        return;
    case AFMON_METRIC_TOTAL:
        add_tokens(adding, 2);
        return;
    case AFMON_METRIC_COST:
        add_cost(adding);
        return;
    case AFMON_METRIC_EVALUATION_TIME:
        add_evaluation_time(adding);
        return;
    case AFMON_METRIC_EVALUATION_ERROR:
        add_evaluation_error(adding);
        return;
    case AFMON_METRIC_MODEL:
        add_model(adding);
        return;
    case AFMON_METRIC_FINISH:
        add_finish(adding);
        return;
    case AFMON_METRIC_SCORE:
        add_score(adding);
        return;
    case AFMON_METRIC_ITEM_STARTED:
        add_item_started(adding);
        return;
    case AFMON_METRIC_ITEM_TIME:
        add_item_time(adding);
        return;
    default:
        return; /* all that there is to it is its values */
    }
}

static void add_bare_success(struct adding *adding, struct afmon_model_group *group)
{
    bool failed = adding->finite && adding->value == 0;
    group->bare.count++;
    if (failed)
        note_failure_in(&group->bare, adding->time_ns);
    if (group->item == NULL && adding->finite)
        afmon_recent_add(&adding->model->bare_recent, adding->time_ns, failed);
    struct afmon_model_group *model = failed && group->item == NULL ? model_of(adding) : NULL;
    if (model != NULL)
        note_failure_in(&model->bare, adding->time_ns);
}

/* Recorded beside the tracked calls, of which it repeats one: it counts where there are no tracked ones. */
static void add_bare(struct adding *adding)
{
    adding->model->bare++;
    adding->model->counts.marked = true;
    adding->lost |= !afmon_accumulator_add(&adding->name->metric->bare, adding->value, &adding->model->metric_limits);
    judge_in(adding, &adding->model->bare_tracks, adding->name->rules, adding->value);
    struct afmon_model_group *group = operation_of(adding, AFMON_OF_GENERATION);
    if (group == NULL)
        return;
    if (adding->name->id == AFMON_METRIC_SUCCESS)
        add_bare_success(adding, group);
    if (adding->name->id != AFMON_METRIC_ERROR || !is_one(adding))
        return;
    group->bare.errors++;
    put_failure(adding, &adding->model->bare_failures, false);
}

static void note_time(struct afmon_model *model, int64_t time_ns, bool finite)
{
    bool first = model->samples == 0;
    model->first_ns = first || time_ns < model->first_ns ? time_ns : model->first_ns;
    model->last_ns = first || time_ns > model->last_ns ? time_ns : model->last_ns;
    model->samples++;
    model->not_finite += !finite;
}

void afmon_model_widen(struct afmon_model *model, int64_t first_ns, int64_t last_ns)
{
    bool none = model->samples == 0;
    model->first_ns = none || first_ns < model->first_ns ? first_ns : model->first_ns;
    model->last_ns = none || last_ns > model->last_ns ? last_ns : model->last_ns;
}

bool afmon_model_add(struct afmon_model *model, const struct afmon_model_name *name, struct afmon_model_labels *labels,
                     struct afmon_model_call *call, const struct afmon_model_sample *sample)
{
    struct adding adding = {.model = model,
                            .name = name,
                            .labels = labels,
                            .call = call,
                            .sample = sample,
                            .value = sample->value,
                            .time_ns = sample->time_ns,
                            .finite = isfinite(sample->value)};
    note_time(model, sample->time_ns, adding.finite);
    if (labels->facts.bare && afmon_metric_id_is_derived(name->id)) {
        add_bare(&adding);
    } else {
        adding.lost |= !afmon_accumulator_add(&name->metric->values, sample->value, &model->metric_limits);
        uint64_t rules = name->rules & labels->rules;
        if (rules != 0 && adding.finite)
            adding.lost |= !afmon_tracks_add(model->tracks, rules, sample->time_ns, sample->value);
        add_by_metric(&adding);
    }
    model->lost += adding.lost;
    return !adding.lost;
}

size_t afmon_model_bytes(const struct afmon_model *model)
{
    const struct afmon_names *const names[] = {&model->metrics,  &model->operations, &model->models,
                                               &model->finishes, &model->scores,     &model->failures,
                                               &model->api,      &model->retried,    &model->bare_failures};
    size_t bytes = sizeof *model + afmon_tracks_bytes(model->tracks) + afmon_model_items_bytes(&model->items) +
                   (model->bare_tracks != NULL ? afmon_tracks_bytes(model->bare_tracks) : 0) +
                   (model->outcome_tracks != NULL ? afmon_tracks_bytes(model->outcome_tracks) : 0) +
                   model->lately_count * sizeof(struct afmon_lately) + (model->options.sketch_bytes - model->room);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        bytes += afmon_names_bytes(names[i]);
    return bytes + afmon_model_failure_bytes(&model->failures) + afmon_model_failure_bytes(&model->api) +
           afmon_model_failure_bytes(&model->retried) + afmon_model_failure_bytes(&model->bare_failures);
}

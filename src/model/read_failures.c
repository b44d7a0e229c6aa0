/* Failures, each call once: what wrappers report of the same one is counted beside it. */
#include <stdlib.h>
#include <string.h>

#include "model/model_internal.h"

struct groups {
    afmon_failure_summary *list;
    size_t count;
};

static int compare(const void *left, const void *right)
{
    const afmon_failure_summary *a = left;
    const afmon_failure_summary *b = right;
    int order = afmon_read_by_count(a->count, b->count);
    order = order != 0 ? order : strcmp(a->error_type, b->error_type);
    order = order != 0 ? order : (a->status > b->status) - (a->status < b->status);
    order = order != 0 ? order : strcmp(a->operation, b->operation);
    order = order != 0 ? order : strcmp(a->component, b->component);
    order = order != 0 ? order : strcmp(a->message, b->message);
    return order != 0 ? order : (int)a->evaluation - (int)b->evaluation;
}

static const char *text_or_nothing(const struct afmon_model_reading *reading, const char *text)
{
    return text != NULL ? afmon_read_text(reading, text) : "";
}

static afmon_failure_summary group_of(const struct afmon_model_reading *reading,
                                      const struct afmon_model_failure *failure)
{
    return (afmon_failure_summary){
        .component = text_or_nothing(reading, failure->component),
        .operation = text_or_nothing(reading, failure->operation),
        .error_type = failure->error_type != NULL ? afmon_read_text(reading, failure->error_type) : "(other)",
        .message = text_or_nothing(reading, failure->message),
        .example = text_or_nothing(reading, failure->example),
        .evaluation = failure->evaluation,
        .status = failure->status,
        .count = failure->count,
        .first_ns = failure->first_ns,
        .last_ns = failure->last_ns};
}

/* ---- Items beside the calls that made them fail ---- */

/* An item repeats its call's error: the same type, status and message, or, where it tells less, those that it tells. */
static bool is_cause(const afmon_failure_summary *call, const afmon_failure_summary *item)
{
    bool type = item->error_type[0] == '\0' || strcmp(call->error_type, item->error_type) == 0;
    bool message = item->message[0] == '\0' || call->message[0] == '\0' || strcmp(call->message, item->message) == 0;
    bool status = item->status == 0 || call->status == item->status;
    return type && message && status && (item->error_type[0] != '\0' || item->message[0] != '\0');
}

/* The next group of calls, from `at` on, that may be why items failed so. */
static size_t next_cause(const struct groups *calls, size_t at, const afmon_failure_summary *item)
{
    while (at < calls->count && (calls->list[at].evaluation || !is_cause(&calls->list[at], item)))
        at++;
    return at;
}

/* Which of several operations made an item fail is not told: each group gets as many items as it has calls, the
 * largest first, and what is left goes to that one. */
static bool share_items(const struct groups *calls, const afmon_failure_summary *item)
{
    uint64_t left = item->count;
    size_t first = next_cause(calls, 0, item);
    if (first == calls->count)
        return false;
    for (size_t i = first; i < calls->count && left > 0; i = next_cause(calls, i + 1, item)) {
        afmon_failure_summary *call = &calls->list[i];
        uint64_t room = call->count > call->items ? call->count - call->items : 0;
        uint64_t taken = left < room ? left : room;
        call->items += taken;
        left -= taken;
    }
    calls->list[first].items += left;
    return true;
}

/* Calls first, then what items add that no call tells. */
static void join_items(struct groups *calls, const struct groups *items)
{
    const struct groups only_calls = *calls;
    if (calls->count > 1)
        qsort(calls->list, calls->count, sizeof *calls->list, compare);
    for (size_t i = 0; i < items->count; i++) {
        if (share_items(&only_calls, &items->list[i]))
            continue;
        calls->list[calls->count] = items->list[i];
        calls->list[calls->count++].items = items->list[i].count;
    }
}

/* ---- Failures without an error ---- */

/* Outcomes that are failures, and say no error: a group without type for each operation that has some. */
static void add_silent(const struct afmon_model_reading *reading, struct groups *groups, struct groups *items)
{
    const struct afmon_names *names = &reading->model->operations;
    for (size_t i = 0; i < afmon_names_count(names); i++) {
        const struct afmon_named named = afmon_names_at(names, i);
        const struct afmon_model_group *group = named.item;
        const struct afmon_model_outcomes *outcomes = afmon_read_outcomes(reading->model, group);
        if (outcomes->failures <= outcomes->errors)
            continue;
        struct groups *into = group->item != NULL ? items : groups;
        bool other = i >= names->count;
        into->list[into->count++] =
            (afmon_failure_summary){.component = afmon_read_text(reading, other ? "" : named.first),
                                    .operation = afmon_read_text(reading, other ? named.first : named.second),
                                    .error_type = "",
                                    .message = "",
                                    .example = "",
                                    .evaluation = named.kind == AFMON_OF_EVALUATION,
                                    .count = outcomes->failures - outcomes->errors,
                                    .first_ns = outcomes->failed_first_ns,
                                    .last_ns = outcomes->failed_last_ns};
    }
}

/* ---- Failures that stand twice ---- */

static void drop_empty(struct groups *groups)
{
    size_t kept = 0;
    for (size_t i = 0; i < groups->count; i++)
        if (groups->list[i].count > 0)
            groups->list[kept++] = groups->list[i];
    groups->count = kept;
}

static bool is_of(const afmon_failure_summary *failure, const char *component, const char *operation)
{
    return strcmp(failure->operation, operation) == 0 && strcmp(failure->component, component) == 0;
}

/* How many of them were taken away. */
static uint64_t take_away(afmon_failure_summary *failure, uint64_t count)
{
    uint64_t taken = count < failure->count ? count : failure->count;
    failure->count -= taken;
    return taken;
}

static bool is_untyped(const afmon_failure_summary *failure)
{
    return failure->error_type[0] == '\0' && failure->message[0] == '\0' && failure->status == 0 &&
           !failure->evaluation;
}

/* In files of afterimage's own monitor a failure that a generator reports beside the call that it tracks stands twice,
 * and once without its type. Where an operation has more errors than failed outcomes, so many of those without type are
 * none. */
static void drop_repeated(const struct afmon_model_reading *reading, struct groups *groups)
{
    const struct afmon_names *names = &reading->model->operations;
    for (uint32_t i = 0; i < names->count; i++) {
        const struct afmon_named named = afmon_names_at(names, i);
        const struct afmon_model_outcomes *outcomes = afmon_read_outcomes(reading->model, named.item);
        uint64_t surplus = outcomes->errors > outcomes->failures ? outcomes->errors - outcomes->failures : 0;
        if (named.kind == AFMON_OF_EVALUATION || outcomes->failures == 0)
            continue;
        for (size_t j = 0; j < groups->count && surplus > 0; j++)
            if (is_untyped(&groups->list[j]) && is_of(&groups->list[j], named.first, named.second))
                surplus -= take_away(&groups->list[j], surplus);
    }
    drop_empty(groups);
}

/* ---- Runs whose errors do not say their type ---- */

static bool is_typed(const struct afmon_names *failures)
{
    for (size_t i = 0; i < afmon_names_count(failures); i++) {
        const struct afmon_model_failure *failure = afmon_names_at(failures, i).item;
        if (!failure->evaluation && failure->item == NULL && failure->error_type != NULL &&
            (failure->error_type[0] != '\0' || failure->message[0] != '\0'))
            return true;
    }
    return false;
}

/* What api_errors tell of is taken off the errors without type of the same operation. */
static void take_off(struct groups *groups, size_t untyped, const afmon_failure_summary *typed)
{
    for (size_t i = 0; i < untyped; i++) {
        if (!is_of(&groups->list[i], typed->component, typed->operation))
            continue;
        (void)take_away(&groups->list[i], typed->count);
        return;
    }
}

static void read_names(const struct afmon_model_reading *reading, const struct afmon_names *names, struct groups *calls,
                       struct groups *items)
{
    for (size_t i = 0; i < afmon_names_count(names); i++) {
        const struct afmon_model_failure *failure = afmon_names_at(names, i).item;
        struct groups *into = failure->item != NULL ? items : calls;
        if (failure->count > 0)
            into->list[into->count++] = group_of(reading, failure);
    }
}

/* afmon 0.1.0 and older wrote types into api_errors alone. */
static void read_older(const struct afmon_model_reading *reading, struct groups *calls, struct groups *items)
{
    size_t untyped = calls->count;
    struct groups none = {items->list + items->count, 0};
    read_names(reading, &reading->model->api, calls, &none);
    for (size_t i = untyped; i < calls->count; i++)
        take_off(calls, untyped, &calls->list[i]);
    drop_empty(calls);
}

/* ---- All of it ---- */

static void share_out(struct groups *groups)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < groups->count; i++)
        sum += groups->list[i].count;
    for (size_t i = 0; i < groups->count; i++)
        groups->list[i].share = afmon_read_share(groups->list[i].count, sum);
    if (groups->count > 1)
        qsort(groups->list, groups->count, sizeof *groups->list, compare);
}

static int compare_retries(const void *left, const void *right)
{
    const afmon_retry_summary *a = left;
    const afmon_retry_summary *b = right;
    int order = afmon_read_by_count(a->count, b->count);
    order = order != 0 ? order : strcmp(a->error_type, b->error_type);
    return order != 0 ? order : (a->status > b->status) - (a->status < b->status);
}

/* By type and status alone, whatever operation they were of. */
static void read_retries(const struct afmon_model_reading *reading)
{
    const struct afmon_names *names = &reading->model->retried;
    size_t most = afmon_names_count(names);
    size_t count = 0;
    afmon_retry_summary *retries = afmon_pool_array(reading->pool, most, sizeof *retries);
    for (size_t i = 0; retries != NULL && i < most; i++) {
        const struct afmon_model_failure *failure = afmon_names_at(names, i).item;
        const char *type = failure->error_type != NULL ? failure->error_type : "(other)";
        size_t at = 0;
        while (at < count && (retries[at].status != failure->status || strcmp(retries[at].error_type, type) != 0))
            at++;
        if (at == count)
            retries[count++] = (afmon_retry_summary){afmon_read_text(reading, type), failure->status, 0};
        retries[at].count += failure->count;
    }
    if (count > 1)
        qsort(retries, count, sizeof *retries, compare_retries);
    reading->summary->retried = retries;
    reading->summary->retry_count = count;
}

void afmon_read_failures(const struct afmon_model_reading *reading)
{
    const struct afmon_model *model = reading->model;
    const struct afmon_names *failures = afmon_read_is_bare(model) ? &model->bare_failures : &model->failures;
    size_t most = afmon_names_count(failures) + afmon_names_count(&model->api) + afmon_names_count(&model->operations);
    struct groups calls = {afmon_pool_array(reading->pool, 2 * most, sizeof *calls.list), 0};
    struct groups items = {afmon_pool_array(reading->pool, 2 * most, sizeof *items.list), 0};
    if (calls.list == NULL || items.list == NULL)
        return;
    read_names(reading, failures, &calls, &items);
    if (!is_typed(failures))
        read_older(reading, &calls, &items);
    drop_repeated(reading, &calls);
    add_silent(reading, &calls, &items);
    join_items(&calls, &items);
    share_out(&calls);
    reading->summary->failures = calls.list;
    reading->summary->failure_count = calls.count;
    read_retries(reading);
}

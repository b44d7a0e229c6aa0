/* Items: what was told of them, or else what operations tell. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/operations.h"
#include "model/model_internal.h"

#define REASONS_MAX 1000 /* of a kind */

static int compare_items(const void *left, const void *right)
{
    return strcmp(((const afmon_item_summary *)left)->kind, ((const afmon_item_summary *)right)->kind);
}

/* For each accepted one, as whoever pays for all of them sees it. */
static double per_accepted(const afmon_item_summary *item, uint64_t amount)
{
    return item->accepted > 0 && amount > 0 ? (double)amount / (double)item->accepted : (double)NAN;
}

/* Once its counts are known. */
static void read_shares(const struct afmon_model_reading *reading, afmon_item_summary *item)
{
    item->yield = item->finished > 0 ? afmon_read_share(item->accepted, item->finished) : (double)NAN;
    item->calls_per_accepted = per_accepted(item, item->calls);
    item->tokens_per_accepted = per_accepted(item, item->total_tokens);
    item->cost_usd = item->accepted_cost_usd = item->wasted_cost_usd = item->cost_per_accepted_usd = (double)NAN;
    if (reading->summary->duration_s > 0)
        item->per_s = (double)item->finished / reading->summary->duration_s;
}

/* ---- As operations tell it ---- */

static afmon_item_summary *item_of(afmon_item_summary *items, size_t *count, const char *kind)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp(items[i].kind, kind) == 0)
            return &items[i];
    items[*count].kind = kind;
    return &items[(*count)++];
}

static void read_item_times(const struct afmon_model_reading *reading, afmon_item_summary *item)
{
    const struct afmon_names *names = &reading->model->operations;
    const struct afmon_sketch_limits limits = {.exact_max = reading->model->limits.exact_max};
    struct afmon_accumulator times = {0};
    for (size_t i = 0; i < afmon_names_count(names); i++) {
        const struct afmon_named named = afmon_names_at(names, i);
        const struct afmon_model_group *group = named.item;
        if (named.kind == AFMON_OF_GENERATION && group->item != NULL && strcmp(group->item, item->kind) == 0)
            reading->pool->failed |= !afmon_accumulator_merge(&times, &group->durations, &limits);
    }
    afmon_accumulator_distribution(&times, &item->time_s);
    afmon_accumulator_free(&times, NULL);
}

static void infer_items(const struct afmon_model_reading *reading)
{
    afmon_run_summary *summary = reading->summary;
    size_t count = 0;
    afmon_item_summary *items = afmon_pool_array(reading->pool, summary->operation_count, sizeof *items);
    for (size_t i = 0; items != NULL && i < summary->operation_count; i++) {
        const afmon_operation_summary *operation = &summary->operations[i];
        if (operation->item[0] == '\0' || operation->count == 0)
            continue;
        afmon_item_summary *item = item_of(items, &count, operation->item);
        uint64_t failed = operation->failures < operation->count ? operation->failures : operation->count;
        item->inferred = true;
        item->finished += operation->count;
        item->started += operation->count;
        item->failed += failed;
        item->accepted += operation->count - failed;
    }
    for (size_t i = 0; i < count; i++) {
        read_item_times(reading, &items[i]);
        read_shares(reading, &items[i]);
    }
    if (count > 1)
        qsort(items, count, sizeof *items, compare_items);
    summary->items = items;
    summary->item_count = count;
}

/* ---- As it was told ---- */

/* The session that an item was begun in: of those that wrote its file, the latest that began before. NULL: none is
 * known. *taken_over: another one went on with the file. */
static const struct afmon_run_session *session_of(const struct afmon_run_log *log, const struct afmon_model_item *item,
                                                  bool *taken_over)
{
    const struct afmon_run_session *found = NULL;
    *taken_over = false;
    for (size_t i = 0; log != NULL && item->file != 0 && i < log->session_count; i++) {
        const struct afmon_run_session *session = &log->sessions[i];
        if (!session->recorded || session->file != item->file)
            continue;
        if (session->started_ns > item->started_ns)
            *taken_over = true;
        else if (found == NULL || session->started_ns > found->started_ns)
            found = session;
    }
    return found;
}

static bool is_living(const struct afmon_model_facts *facts, uint64_t serial)
{
    for (size_t i = 0; i < facts->living_count; i++)
        if (facts->living[i] == serial)
            return true;
    return facts->living_left_out;
}

bool afmon_model_item_is_open(const struct afmon_model_facts *facts, const struct afmon_model_item *item)
{
    bool taken_over;
    const struct afmon_run_session *session = session_of(facts->log, item, &taken_over);
    if (taken_over)
        return false;
    return session == NULL ? facts->live : !session->ended && is_living(facts, session->serial);
}

static void add_use(const struct afmon_model_item_use *use, bool accepted, afmon_item_summary *summary)
{
    uint64_t tokens = use->tokens[2] > 0 ? use->tokens[2] : use->tokens[0] + use->tokens[1];
    uint64_t calls = use->calls > 0 ? use->calls : tokens > 0 ? use->wholes : 0;
    summary->calls += calls;
    summary->call_failures += use->failures;
    summary->total_tokens += tokens;
    summary->accepted_calls += accepted ? calls : 0;
    summary->accepted_tokens += accepted ? tokens : 0;
}

/* What the items of a kind cost, in millionths of a millionth of a dollar. */
struct item_costs {
    uint64_t priced; /* calls */
    uint64_t all;
    uint64_t accepted;
    uint64_t wasted;
};

/* over: it will not be accepted, or has been. */
static void add_cost(const struct afmon_model_item_use *use, bool accepted, bool over, struct item_costs *costs)
{
    uint64_t kept = accepted ? use->pico_usd_latest : 0;
    costs->priced += use->priced;
    costs->all += use->pico_usd;
    costs->accepted += kept;
    costs->wasted += over ? use->pico_usd - kept : 0;
}

static double dollars(const struct item_costs *costs, uint64_t pico)
{
    return costs->priced > 0 ? (double)pico / 1e12 : (double)NAN;
}

static void read_costs(const struct item_costs *costs, afmon_item_summary *summary)
{
    summary->cost_usd = dollars(costs, costs->all);
    summary->accepted_cost_usd = dollars(costs, costs->accepted);
    summary->wasted_cost_usd = dollars(costs, costs->wasted);
    summary->cost_per_accepted_usd =
        summary->accepted > 0 ? summary->cost_usd / (double)summary->accepted : (double)NAN;
}

/* One that was begun again is in a further attempt. What calls say counts until the outcome says it. */
static void add_attempts(const struct afmon_model_item *item, const struct afmon_model_item_use *use,
                         afmon_item_summary *summary)
{
    uint64_t again = item->starts > 1 ? item->starts - 1 : 0;
    uint64_t within = item->attempts > 0 ? item->attempts : 1;
    if (!afmon_model_item_has_outcome(item) && use != NULL && use->attempt > within)
        within = use->attempt;
    uint64_t attempts = again + within;
    summary->attempts += attempts;
    summary->attempts_max = attempts > summary->attempts_max ? attempts : summary->attempts_max;
    summary->tried_often += attempts >= AFMON_ITEM_ATTEMPTS_MANY;
}

static void add_item(const struct afmon_model_reading *reading, const struct afmon_model_item *item,
                     afmon_item_summary *summary, struct item_costs *costs)
{
    enum afmon_item_outcome outcome =
        afmon_model_item_has_outcome(item) ? (enum afmon_item_outcome)item->outcome : AFMON_OUTCOME_NONE;
    const struct afmon_model_item_use *use = afmon_slots_find(&reading->model->items.uses, item->id);
    summary->started++;
    add_attempts(item, use, summary);
    summary->accepted += outcome == AFMON_OUTCOME_ACCEPTED;
    summary->rejected += outcome == AFMON_OUTCOME_REJECTED;
    summary->failed += outcome == AFMON_OUTCOME_FAILED;
    bool open = outcome == AFMON_OUTCOME_NONE && afmon_model_item_is_open(reading->facts, item);
    summary->open += open;
    summary->abandoned += outcome == AFMON_OUTCOME_NONE && !open;
    if (use == NULL)
        return;
    add_use(use, outcome == AFMON_OUTCOME_ACCEPTED, summary);
    add_cost(use, outcome == AFMON_OUTCOME_ACCEPTED, !open, costs);
}

static int compare_reasons(const void *left, const void *right)
{
    const afmon_item_reason *a = left;
    const afmon_item_reason *b = right;
    int order = afmon_read_by_count(a->count, b->count);
    order = order != 0 ? order : (int)a->failed - (int)b->failed;
    return order != 0 ? order : strcmp(a->text, b->text);
}

/* counts: of each why, rejected and failed ones; they are zeroed again. */
static void read_reasons(const struct afmon_model_reading *reading, uint64_t *counts, afmon_item_summary *summary)
{
    const struct afmon_slots *whys = &reading->model->items.whys;
    size_t count = 0;
    for (uint32_t i = 0; i < 2 * whys->count; i++)
        count += counts[i] > 0;
    afmon_item_reason *reasons = afmon_pool_array(reading->pool, count, sizeof *reasons);
    count = 0;
    for (uint32_t i = 0; reasons != NULL && i < 2 * whys->count; i++) {
        const struct afmon_model_why *why = afmon_slots_at(whys, i / 2);
        if (counts[i] > 0)
            reasons[count++] = (afmon_item_reason){.failed = i % 2 == 1,
                                                   .text = afmon_read_text(reading, why->text != NULL ? why->text : ""),
                                                   .count = counts[i],
                                                   .share = afmon_read_share(counts[i], summary->finished)};
        counts[i] = 0;
    }
    if (count > 1)
        qsort(reasons, count, sizeof *reasons, compare_reasons);
    summary->reasons = reasons;
    summary->reason_count = count < REASONS_MAX ? count : REASONS_MAX;
}

static void count_reasons(const struct afmon_model_items *items, size_t kind, uint64_t *counts)
{
    for (uint32_t i = 0; i < items->items.count; i++) {
        const struct afmon_model_item *item = afmon_slots_at(&items->items, i);
        bool failed = item->outcome == AFMON_OUTCOME_FAILED;
        if (item->kind == kind && afmon_model_item_has_outcome(item) && item->outcome != AFMON_OUTCOME_ACCEPTED)
            counts[2 * item->why + failed]++;
    }
}

/* What does not come from each item by itself. */
static void finish_kind(const struct afmon_model_reading *reading, size_t kind, uint64_t *counts,
                        afmon_item_summary *summary)
{
    struct afmon_model_items *items = &reading->model->items;
    summary->kind = afmon_read_text(reading, items->kinds[kind].name);
    summary->finished = summary->accepted + summary->rejected + summary->failed;
    read_shares(reading, summary);
    afmon_accumulator_distribution(&items->kinds[kind].times, &summary->time_s);
    if (summary->rejected + summary->failed > 0)
        count_reasons(items, kind, counts);
    read_reasons(reading, counts, summary);
}

static void read_told(const struct afmon_model_reading *reading)
{
    const struct afmon_model_items *items = &reading->model->items;
    afmon_item_summary *summaries = afmon_pool_array(reading->pool, AFMON_KINDS_MAX + 1, sizeof *summaries);
    uint64_t *counts = afmon_pool_array(reading->pool, 2 * (size_t)items->whys.count + 2, sizeof *counts);
    struct item_costs costs[AFMON_KINDS_MAX + 1] = {{0}};
    size_t count = 0;
    if (summaries == NULL || counts == NULL)
        return;
    for (uint32_t i = 0; i < items->items.count; i++) {
        const struct afmon_model_item *item = afmon_slots_at(&items->items, i);
        add_item(reading, item, &summaries[item->kind], &costs[item->kind]);
    }
    for (size_t kind = 0; kind <= AFMON_KINDS_MAX; kind++) {
        if (items->kinds[kind].name == NULL)
            continue;
        summaries[count] = summaries[kind];
        finish_kind(reading, kind, counts, &summaries[count]);
        read_costs(&costs[kind], &summaries[count++]);
    }
    qsort(summaries, count, sizeof *summaries, compare_items);
    reading->summary->items = summaries;
    reading->summary->item_count = count;
    reading->summary->calls_without_item = items->calls_without_item;
}

void afmon_read_items(const struct afmon_model_reading *reading)
{
    if (reading->model->items.items.count > 0)
        read_told(reading);
    else
        infer_items(reading);
}

bool afmon_model_items_since(const struct afmon_model *model, const char *kind, bool accepted, int64_t since_ns,
                             uint64_t *finished)
{
    const struct afmon_model_items *items = &model->items;
    *finished = 0;
    if (items->items.count == 0)
        return false;
    for (uint32_t i = 0; i < items->items.count; i++) {
        const struct afmon_model_item *item = afmon_slots_at(&items->items, i);
        bool counts = afmon_model_item_has_outcome(item) && (!accepted || item->outcome == AFMON_OUTCOME_ACCEPTED);
        if (counts && item->ended_ns >= since_ns && strcmp(items->kinds[item->kind].name, kind) == 0)
            ++*finished;
    }
    return true;
}

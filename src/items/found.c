#include "items/found.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

static const char *text_or_nothing(const char *text)
{
    return text != NULL ? text : "";
}

/* ---- Which are wanted ---- */

static bool is_text(const char *wanted, const char *text)
{
    return wanted == NULL || strcmp(wanted, text) == 0;
}

static bool fits_reason(const afmon_item_query *query, const struct afmon_held_item *item, afmon_item_state state)
{
    return query->reason == NULL || ((state == AFMON_ITEM_REJECTED || state == AFMON_ITEM_FAILED) &&
                                     strcmp(query->reason, text_or_nothing(item->why)) == 0);
}

static bool fits_calls(const afmon_item_query *query, const struct afmon_held_item *item, afmon_item_state state)
{
    const char *type = query->error_type;
    if (query->operation == NULL && type == NULL)
        return true;
    if (query->operation == NULL && state == AFMON_ITEM_FAILED && is_text(type, text_or_nothing(item->why)))
        return true;
    for (const struct afmon_kept_call *call = item->of->calls; call != NULL; call = call->later)
        if (is_text(query->operation, call->call.operation) &&
            (type == NULL || (!call->call.success && strcmp(type, call->call.error_type) == 0)))
            return true;
    return false;
}

bool afmon_item_fits(const afmon_item_query *query, const struct afmon_held_item *item, afmon_item_state state)
{
    return is_text(query->kind, item->kind) && (query->states == 0 || (query->states >> state & 1) != 0) &&
           fits_reason(query, item, state) && fits_calls(query, item, state);
}

/* ---- As they are given ---- */

static bool is_of_life(const struct afmon_held_item *item, const struct afmon_kept_call *call, bool every_life)
{
    return every_life || item->known.starts == 0 || call->time_ns >= item->known.started_ns;
}

/* What stands for the item itself is a call only where there is no other. */
static bool has_calls(const struct afmon_held_item *item, bool every_life)
{
    for (const struct afmon_kept_call *call = item->of->calls; call != NULL; call = call->later)
        if (!call->whole && !call->call.retried && !call->call.evaluation && is_of_life(item, call, every_life))
            return true;
    return item->of->left_out > 0;
}

static bool take_calls(struct afmon_item_made *found, const struct afmon_held_item *item, bool every_life)
{
    bool others = has_calls(item, every_life);
    size_t count = 0;
    if (item->of->call_count > found->capacity) {
        size_t capacity = item->of->call_count + item->of->call_count / 2;
        afmon_item_call *calls = realloc(found->calls, capacity * sizeof *calls);
        if (calls == NULL)
            return false;
        found->calls = calls;
        found->capacity = capacity;
    }
    for (const struct afmon_kept_call *call = item->of->calls; call != NULL; call = call->later)
        if (is_of_life(item, call, every_life) && (!call->whole || !others))
            found->calls[count++] = call->call;
    found->item.calls = found->calls;
    found->item.call_count = count;
    return true;
}

static int64_t started_of(const struct afmon_model_item *known, double duration_s)
{
    int64_t began_ns;
    if (known->starts > 0)
        return known->started_ns;
    if (!(duration_s > 0) || __builtin_sub_overflow(known->ended_ns, afmon_seconds_to_ns(duration_s), &began_ns))
        return known->ended_ns;
    return began_ns;
}

bool afmon_item_make(struct afmon_item_made *found, const struct afmon_held_item *item, afmon_item_state state,
                     bool every_life)
{
    bool ended = afmon_model_item_has_outcome(&item->known);
    found->item = (afmon_found_item){.kind = item->kind,
                                     .id = item->of->text,
                                     .id_is_number = item->of->is_number,
                                     .state = state,
                                     .why = ended ? text_or_nothing(item->why) : "",
                                     .attempts = ended ? item->known.attempts : 1,
                                     .started_ns = started_of(&item->known, item->duration_s),
                                     .ended_ns = ended ? item->known.ended_ns : INT64_MIN,
                                     .duration_s = ended ? item->duration_s : (double)NAN,
                                     .calls_left_out = item->of->left_out};
    if (!take_calls(found, item, every_life))
        return false;
    for (size_t i = 0; !ended && i < found->item.call_count; i++)
        if (found->calls[i].attempt > found->item.attempts)
            found->item.attempts = found->calls[i].attempt;
    return true;
}

void afmon_item_made_free(struct afmon_item_made *found)
{
    free(found->calls);
    *found = (struct afmon_item_made){0};
}

/* ---- Copies ---- */

/* The texts of an item: counted where at is NULL, else put there, one behind the other. */
static size_t move_text(const char **text, char **at)
{
    size_t size = strlen(*text) + 1;
    if (*at != NULL) {
        memcpy(*at, *text, size);
        *text = *at;
        *at += size;
    }
    return size;
}

static size_t move_texts(afmon_found_item *item, afmon_item_call *calls, char *at)
{
    size_t size = move_text(&item->kind, &at) + move_text(&item->id, &at) + move_text(&item->why, &at);
    for (size_t i = 0; i < item->call_count; i++) {
        const char **const texts[] = {&calls[i].operation, &calls[i].component,  &calls[i].model_name,
                                      &calls[i].error,     &calls[i].error_type, &calls[i].evaluator_type};
        for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++)
            size += move_text(texts[k], &at);
    }
    return size;
}

afmon_found_item *afmon_item_copy(const afmon_found_item *item)
{
    afmon_found_item head = *item;
    size_t calls_size = item->call_count * sizeof *item->calls;
    /* Counting changes nothing in the calls. */
    size_t texts_size = move_texts(&head, (afmon_item_call *)(uintptr_t)item->calls, NULL);
    afmon_found_item *copy = malloc(sizeof *copy + calls_size + texts_size);
    if (copy == NULL)
        return NULL;
    afmon_item_call *calls = (afmon_item_call *)(copy + 1);
    *copy = head;
    if (calls_size > 0)
        memcpy(calls, item->calls, calls_size);
    copy->calls = calls;
    copy->text = NULL;
    copy->text_length = 0;
    (void)move_texts(copy, calls, (char *)calls + calls_size);
    return copy;
}

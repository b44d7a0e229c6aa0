#include "items/held.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "model/names.h"

#define DISORDER_NS (5 * AFMON_NS_PER_S) /* lines stand so far out of order */
#define DISORDER_SAMPLES 50000           /* and so many samples: rings hold no more */
#define CALLS_BYTES ((size_t)64 << 20)   /* of all calls that are held: further ones are counted */

struct entry {
    uint64_t hash; /* of the id; first */
    struct afmon_held *held;
};

void afmon_hold_init(struct afmon_hold *hold, bool every_life)
{
    *hold = (struct afmon_hold){
        .ids.entry_size = sizeof(struct entry), .done.entry_size = sizeof(uint64_t), .every_life = every_life};
}

static void free_item(struct afmon_held_item *item)
{
    free(item->kind);
    free(item->why);
    free(item);
}

static void free_held(struct afmon_hold *hold, struct afmon_held *held)
{
    if (held == NULL)
        return;
    while (held->items != NULL) {
        struct afmon_held_item *next = held->items->next;
        free_item(held->items);
        held->items = next;
    }
    while (held->calls != NULL) {
        struct afmon_kept_call *later = held->calls->later;
        hold->call_bytes -= held->calls->bytes;
        free(held->calls);
        held->calls = later;
    }
    free(held->text);
    free(held);
}

void afmon_hold_free(struct afmon_hold *hold)
{
    for (uint32_t i = 0; i < hold->ids.count; i++)
        free_held(hold, ((struct entry *)afmon_slots_at(&hold->ids, i))->held);
    afmon_slots_free(&hold->ids);
    afmon_slots_free(&hold->done);
}

/* ---- Ids and items ---- */

/* NULL: no memory. */
static struct afmon_held *new_held(const struct afmon_item_sample *sample, uint64_t id)
{
    const struct afmon_piece text = afmon_item_sample_id(sample);
    struct afmon_held *held = calloc(1, sizeof *held);
    if (held == NULL)
        return NULL;
    held->id = id;
    held->is_number = sample->id.is_number;
    held->text = afmon_name_shown(text.data, text.length);
    if (held->text != NULL)
        return held;
    free(held);
    return NULL;
}

/* renew: also where all items of the id were given. NULL: no memory, or (then *ok) they were. */
static struct afmon_held *held_of(struct afmon_hold *hold, const struct afmon_item_sample *sample, bool renew, bool *ok)
{
    uint64_t id = afmon_model_item_id(sample);
    struct entry *entry = afmon_slots_find(&hold->ids, id);
    bool known = entry != NULL;
    *ok = true;
    if (known && (entry->held != NULL || !renew))
        return entry->held;
    entry = known ? entry : afmon_slots_put(&hold->ids, id);
    if (entry != NULL)
        entry->held = new_held(sample, id);
    *ok = entry != NULL && entry->held != NULL;
    return *ok ? entry->held : NULL;
}

static struct afmon_held_item *new_item(struct afmon_held *held, uint64_t hash, char *kind)
{
    struct afmon_held_item *item = calloc(1, sizeof *item);
    if (item == NULL)
        return NULL;
    item->known.hash = hash;
    item->known.id = held->id;
    item->of = held;
    item->kind = kind;
    item->duration_s = NAN;
    item->next = held->items;
    held->items = item;
    return item;
}

/* Takes over the kind. NULL: no memory, or (then *ok) it was given. */
static struct afmon_held_item *item_of(struct afmon_hold *hold, const struct afmon_item_sample *sample, char *kind,
                                       bool *ok)
{
    uint64_t hash = afmon_model_item_hash(afmon_model_item_id(sample), kind);
    bool done = afmon_slots_find(&hold->done, hash) != NULL;
    *ok = true;
    struct afmon_held *held = done ? NULL : held_of(hold, sample, true, ok);
    struct afmon_held_item *item = held != NULL ? held->items : NULL;
    while (item != NULL && item->known.hash != hash)
        item = item->next;
    if (held != NULL && item == NULL) {
        item = new_item(held, hash, kind);
        *ok = item != NULL;
        kind = item != NULL ? NULL : kind;
    }
    free(kind);
    return item;
}

static void put_in_queue(struct afmon_hold *hold, struct afmon_held_item *item, uint64_t number)
{
    item->number = number;
    if (hold->last != NULL)
        hold->last->behind = item;
    else
        hold->first = item;
    hold->last = item;
}

static bool note_outcome(struct afmon_held_item *item, const struct afmon_item_sample *sample)
{
    const struct afmon_piece *why = afmon_model_why_of(sample->facts);
    if (!afmon_model_item_note_outcome(&item->known, sample))
        return true;
    free(item->why);
    item->why = why->given ? afmon_name_shown(why->data, why->length) : NULL;
    item->duration_s = isfinite(sample->value) ? sample->value : NAN;
    return item->why != NULL || !why->given;
}

bool afmon_hold_item(struct afmon_hold *hold, const struct afmon_item_sample *sample, uint64_t number)
{
    bool ok;
    const struct afmon_piece *given = &sample->facts->item_kind;
    bool ends = sample->facts->kind == AFMON_METRIC_ITEM_TIME;
    if (ends && afmon_model_outcome_of(&sample->facts->outcome) == AFMON_OUTCOME_NONE)
        return true;
    char *kind = afmon_name_shown(given->given ? given->data : "", given->given ? given->length : 0);
    if (kind == NULL)
        return false;
    hold->told = true;
    struct afmon_held_item *item = item_of(hold, sample, kind, &ok);
    if (item == NULL)
        return ok;
    if (ends)
        return note_outcome(item, sample);
    afmon_model_item_note_start(&item->known, sample);
    if (item->known.starts == 1)
        put_in_queue(hold, item, number);
    return true;
}

/* ---- Calls ---- */

bool afmon_hold_call(struct afmon_hold *hold, const struct afmon_item_sample *sample, struct afmon_kept_call *call)
{
    bool ok;
    struct afmon_held *held = held_of(hold, sample, false, &ok);
    bool room = held != NULL && held->call_count < AFMON_ITEM_CALLS_MAX && hold->call_bytes < CALLS_BYTES;
    if (!room) {
        if (held != NULL)
            held->left_out += !call->whole && !call->call.retried;
        free(call);
        return ok;
    }
    /* They come from the latest to the earliest, but for those of files that are read side by side. */
    struct afmon_kept_call **at = &held->calls;
    while (*at != NULL && (*at)->time_ns < call->time_ns)
        at = &(*at)->later;
    call->later = *at;
    *at = call;
    held->call_count++;
    hold->call_bytes += call->bytes;
    return true;
}

/* ---- Giving ---- */

/* With its id, where that has no other items. */
static void drop_given(struct afmon_hold *hold)
{
    struct afmon_held_item *item = hold->given;
    if (item == NULL)
        return;
    struct afmon_held *held = item->of;
    struct afmon_held_item **at = &held->items;
    hold->given = NULL;
    while (*at != item)
        at = &(*at)->next;
    *at = item->next;
    free_item(item);
    if (held->items != NULL)
        return;
    ((struct entry *)afmon_slots_find(&hold->ids, held->id))->held = NULL;
    free_held(hold, held);
}

static bool give(struct afmon_hold *hold, struct afmon_held_item *item, const struct afmon_held_item **given)
{
    *given = NULL;
    if (afmon_slots_put(&hold->done, item->known.hash) == NULL)
        return false;
    *given = hold->given = item;
    return true;
}

static bool give_first(struct afmon_hold *hold, const struct afmon_held_item **given)
{
    struct afmon_held_item *item = hold->first;
    if (!give(hold, item, given))
        return false;
    hold->first = item->behind;
    hold->last = hold->first != NULL ? hold->last : NULL;
    return true;
}

/* No sample of it can follow, but for those of its earlier lives. */
static bool is_whole(const struct afmon_held_item *item, int64_t time_ns, uint64_t samples)
{
    return item->known.started_ns - DISORDER_NS > time_ns || samples - item->number > DISORDER_SAMPLES;
}

bool afmon_hold_take(struct afmon_hold *hold, int64_t time_ns, uint64_t samples, const struct afmon_held_item **given)
{
    drop_given(hold);
    *given = NULL;
    if (hold->first == NULL || hold->every_life || !is_whole(hold->first, time_ns, samples))
        return true;
    return give_first(hold, given);
}

bool afmon_hold_take_left(struct afmon_hold *hold, const struct afmon_held_item **given)
{
    drop_given(hold);
    *given = NULL;
    if (hold->first != NULL)
        return give_first(hold, given);
    for (; hold->swept < hold->ids.count; hold->swept++) {
        const struct entry *entry = afmon_slots_at(&hold->ids, hold->swept);
        if (entry->held != NULL && entry->held->items != NULL)
            return give(hold, entry->held->items, given);
    }
    return true;
}

#include "model/items.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "model/names.h"

#define SEED 0x6974656d /* the same in every process: what is kept of a run that invents ids is, too */
#define WHYS_MAX 4096   /* further reasons are one, "(other)" */
#define OTHER "(other)"

void afmon_model_items_init(struct afmon_model_items *items, uint32_t most)
{
    *items = (struct afmon_model_items){.most = most,
                                        .items.entry_size = sizeof(struct afmon_model_item),
                                        .uses.entry_size = sizeof(struct afmon_model_item_use),
                                        .whys.entry_size = sizeof(struct afmon_model_why)};
}

void afmon_model_items_free(struct afmon_model_items *items, const struct afmon_sketch_limits *limits)
{
    for (size_t i = 0; i <= AFMON_KINDS_MAX; i++) {
        free(items->kinds[i].name);
        afmon_accumulator_free(&items->kinds[i].times, limits);
    }
    for (uint32_t i = 0; i < items->whys.count; i++)
        free(((struct afmon_model_why *)afmon_slots_at(&items->whys, i))->text);
    afmon_slots_free(&items->items);
    afmon_slots_free(&items->uses);
    afmon_slots_free(&items->whys);
}

size_t afmon_model_items_bytes(const struct afmon_model_items *items)
{
    return afmon_slots_bytes(&items->items) + afmon_slots_bytes(&items->uses) + afmon_slots_bytes(&items->whys) +
           items->whys.count * (size_t)64;
}

/* ---- Texts ---- */

/* The number of a kind that is not known by its text: others look alike where they are shown. -1: no memory. */
static int kind_shown(struct afmon_model_items *items, const char *text, size_t length, uint64_t hash)
{
    char *name = afmon_name_shown(text, length);
    int kind = 0;
    if (name == NULL)
        return -1;
    while (kind < AFMON_KINDS_MAX && items->kinds[kind].name != NULL && strcmp(items->kinds[kind].name, name) != 0)
        kind++;
    if (kind == AFMON_KINDS_MAX) {
        free(name);
        name = strdup(OTHER);
    }
    struct afmon_model_kind *made = &items->kinds[kind];
    if (name != NULL && made->name == NULL)
        *made = (struct afmon_model_kind){.name = name, .hash = hash};
    else
        free(name);
    return made->name != NULL ? kind : -1;
}

/* The number of a kind; -1: no memory. The last one is of all that are too many. */
static int kind_of(struct afmon_model_items *items, const struct afmon_piece *given)
{
    const char *text = given->given ? given->data : "";
    size_t length = given->given ? given->length : 0;
    uint64_t hash = afmon_hash(SEED, text, length);
    for (int kind = 0; kind < AFMON_KINDS_MAX && items->kinds[kind].name != NULL; kind++)
        if (items->kinds[kind].hash == hash)
            return kind;
    return kind_shown(items, text, length, hash);
}

/* False: no memory. Without a text the reason is number 0. */
static bool why_of(struct afmon_model_items *items, const struct afmon_piece *given, uint32_t *number)
{
    struct afmon_slots *whys = &items->whys;
    const char *text = given->given ? given->data : "";
    size_t length = given->given ? given->length : 0;
    if (whys->count == 0 && afmon_slots_put(whys, 0) == NULL)
        return false;
    *number = 0;
    if (length == 0)
        return true;
    uint64_t hash = afmon_hash(SEED, text, length) | 1;
    if (whys->count > WHYS_MAX && afmon_slots_find(whys, hash) == NULL) {
        text = OTHER;
        length = sizeof OTHER - 1;
        hash = afmon_hash(SEED, text, length) | 1;
    }
    struct afmon_model_why *why = afmon_slots_put(whys, hash);
    if (why == NULL)
        return false;
    if (why->text == NULL)
        why->text = afmon_name_shown(text, length);
    *number = (uint32_t)(why - (struct afmon_model_why *)whys->entries);
    return why->text != NULL;
}

struct afmon_piece afmon_item_sample_id(const struct afmon_item_sample *sample)
{
    if (sample->id.length > 0)
        return (struct afmon_piece){sample->id.text, sample->id.length, true};
    return sample->facts->item_id;
}

uint64_t afmon_model_item_id_of(const char *id, size_t length)
{
    return length > 0 ? afmon_hash(SEED, id, length) | 1 : 0;
}

uint64_t afmon_model_item_id(const struct afmon_item_sample *sample)
{
    const struct afmon_piece id = afmon_item_sample_id(sample);
    return id.given ? afmon_model_item_id_of(id.data, id.length) : 0;
}

uint64_t afmon_model_item_hash(uint64_t id, const char *kind)
{
    return afmon_hash(id, kind, strlen(kind));
}

/* ---- Items ---- */

/* NULL: no memory, or (then *ok) it is one too many or has no id. */
static struct afmon_model_item *item_of(struct afmon_model_items *items, const struct afmon_item_sample *sample,
                                        bool *ok)
{
    uint64_t id = afmon_model_item_id(sample);
    *ok = true;
    if (id == 0)
        return NULL;
    int kind = kind_of(items, &sample->facts->item_kind);
    *ok = kind >= 0;
    if (kind < 0)
        return NULL;
    uint64_t hash = afmon_model_item_hash(id, items->kinds[kind].name);
    struct afmon_model_item *item = afmon_slots_find(&items->items, hash);
    if (item == NULL && items->most > 0 && items->items.count >= items->most) {
        items->left_out++;
        return NULL;
    }
    item = item != NULL ? item : afmon_slots_put(&items->items, hash);
    *ok = item != NULL;
    if (item == NULL)
        return NULL;
    item->id = id;
    item->kind = (uint8_t)kind;
    return item;
}

bool afmon_model_item_started(struct afmon_model_items *items, const struct afmon_item_sample *sample)
{
    bool ok;
    struct afmon_model_item *item = item_of(items, sample, &ok);
    if (item != NULL)
        afmon_model_item_note_start(item, sample);
    return ok;
}

void afmon_model_item_note_start(struct afmon_model_item *item, const struct afmon_item_sample *sample)
{
    if (item->starts == 0 || sample->time_ns >= item->started_ns) {
        item->started_ns = sample->time_ns;
        item->file = sample->file;
    }
    item->starts++;
}

bool afmon_model_item_note_outcome(struct afmon_model_item *item, const struct afmon_item_sample *sample)
{
    const struct afmon_sample_facts *facts = sample->facts;
    if (item->outcome != AFMON_OUTCOME_NONE && sample->time_ns < item->ended_ns)
        return false;
    item->ended_ns = sample->time_ns;
    item->outcome = (uint8_t)afmon_model_outcome_of(&facts->outcome);
    item->attempts = facts->attempts > 0 && facts->attempts <= UINT32_MAX ? (uint32_t)facts->attempts : 1;
    return true;
}

bool afmon_model_item_has_outcome(const struct afmon_model_item *item)
{
    return item->outcome != AFMON_OUTCOME_NONE && (item->starts == 0 || item->ended_ns >= item->started_ns);
}

const struct afmon_piece *afmon_model_why_of(const struct afmon_sample_facts *facts)
{
    return afmon_model_outcome_of(&facts->outcome) == AFMON_OUTCOME_FAILED ? &facts->error_type : &facts->reason;
}

enum afmon_item_outcome afmon_model_outcome_of(const struct afmon_piece *text)
{
    static const char *const names[] = {"", "accepted", "rejected", "failed"};
    for (unsigned i = AFMON_OUTCOME_ACCEPTED; i <= AFMON_OUTCOME_FAILED; i++)
        if (text->given && text->length == strlen(names[i]) && memcmp(text->data, names[i], text->length) == 0)
            return (enum afmon_item_outcome)i;
    return AFMON_OUTCOME_NONE;
}

bool afmon_model_item_ended(struct afmon_model_items *items, const struct afmon_item_sample *sample,
                            const struct afmon_sketch_limits *limits)
{
    bool ok;
    enum afmon_item_outcome outcome = afmon_model_outcome_of(&sample->facts->outcome);
    struct afmon_model_item *item = outcome != AFMON_OUTCOME_NONE ? item_of(items, sample, &ok) : NULL;
    uint32_t why;
    if (item == NULL)
        return outcome == AFMON_OUTCOME_NONE || ok;
    if (!why_of(items, afmon_model_why_of(sample->facts), &why))
        return false;
    if (afmon_model_item_note_outcome(item, sample))
        item->why = why;
    return afmon_accumulator_add(&items->kinds[item->kind].times, sample->value, limits);
}

/* ---- Calls ---- */

/* NULL: no memory, or (then *ok) it names no item or one too many. */
static struct afmon_model_item_use *use_of(struct afmon_model_items *items, const struct afmon_item_sample *sample,
                                           bool *ok)
{
    uint64_t id = afmon_model_item_id(sample);
    *ok = true;
    if (id == 0 || (items->most > 0 && items->uses.count >= items->most && afmon_slots_find(&items->uses, id) == NULL))
        return NULL;
    struct afmon_model_item_use *use = afmon_slots_put(&items->uses, id);
    *ok = use != NULL;
    return use;
}

/* 0: none is given. */
static uint32_t attempt_of(int64_t number)
{
    return number > 0 && number <= UINT32_MAX ? (uint32_t)number : 0;
}

bool afmon_model_item_call(struct afmon_model_items *items, const struct afmon_item_sample *sample, bool whole)
{
    bool ok;
    struct afmon_model_item_use *use = use_of(items, sample, &ok);
    uint32_t attempt = attempt_of(sample->facts->attempt);
    if (use != NULL && attempt > use->attempt)
        use->attempt = attempt;
    if (use != NULL && whole)
        use->wholes++;
    else if (use != NULL)
        use->calls++;
    return ok;
}

bool afmon_model_item_failure(struct afmon_model_items *items, const struct afmon_item_sample *sample)
{
    bool ok;
    struct afmon_model_item_use *use = use_of(items, sample, &ok);
    if (use != NULL)
        use->failures++;
    return ok;
}

bool afmon_model_item_tokens(struct afmon_model_items *items, const struct afmon_item_sample *sample, size_t kind)
{
    bool ok;
    struct afmon_model_item_use *use = use_of(items, sample, &ok);
    if (use != NULL && sample->value > 0 && sample->value < 0x1p53)
        use->tokens[kind] += (uint64_t)sample->value;
    return ok;
}

bool afmon_model_item_cost(struct afmon_model_items *items, const struct afmon_item_sample *sample)
{
    bool ok;
    struct afmon_model_item_use *use = use_of(items, sample, &ok);
    int64_t attempt = sample->facts->attempt > 1 && sample->facts->attempt <= UINT32_MAX ? sample->facts->attempt : 1;
    if (use == NULL)
        return ok;
    uint64_t pico = sample->value < 1e6 ? (uint64_t)(sample->value * 1e12 + 0.5) : 0;
    if (attempt > use->priced_attempt) {
        use->priced_attempt = (uint32_t)attempt;
        use->pico_usd_latest = 0;
    }
    use->pico_usd += pico;
    use->pico_usd_latest += attempt == use->priced_attempt ? pico : 0;
    use->priced++;
    return true;
}

#include "compare/gather.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/micros.h"
#include "base/status.h"
#include "catalog/operations.h"
#include "compare/clusters.h"
#include "compare/where.h"
#include "model/items.h"

#define LABELS_MAX 4096 /* metadata that does not come again must not fill memory */

struct block_numbers {
    uint64_t hash;     /* of where the block is; first */
    uint32_t *numbers; /* of the items whose ids stand in it, and 1; 0: not known */
};

void afmon_gatherer_init(struct afmon_gatherer *gatherer, afmon_view *view, const afmon_compare_options *options)
{
    *gatherer = (struct afmon_gatherer){.view = view,
                                        .options = options,
                                        .labels = {.entry_size = sizeof(struct afmon_compare_label)},
                                        .places = {.entry_size = sizeof(struct block_numbers)}};
}

void afmon_gatherer_free(struct afmon_gatherer *gatherer)
{
    for (uint32_t i = 0; i < gatherer->places.count; i++)
        free(((struct block_numbers *)afmon_slots_at(&gatherer->places, i))->numbers);
    afmon_slots_free(&gatherer->places);
    afmon_slots_free(&gatherer->labels);
    afmon_unpacked_free(&gatherer->unpacked);
}

/* ---- Items ---- */

/* The number of the item; false: no memory. */
static bool number_of(struct afmon_gatherer *gatherer, const char *id, size_t length, uint32_t *number)
{
    struct afmon_compare_item *item = afmon_slots_put(gatherer->items, afmon_model_item_id_of(id, length));
    if (item == NULL)
        return false;
    item->runs |= gatherer->run;
    *number = (uint32_t)(item - (struct afmon_compare_item *)gatherer->items->entries);
    return true;
}

static uint64_t hash_of_address(const void *address)
{
    return afmon_hash(0, &address, sizeof address) | 1;
}

/* What is known of the ids in a block; NULL: no memory. */
static uint32_t *numbers_in(struct afmon_gatherer *gatherer, const struct afmon_item_block *block)
{
    struct block_numbers *known = afmon_slots_put(&gatherer->places, hash_of_address(block));
    if (known != NULL && known->numbers == NULL)
        known->numbers = calloc(AFMON_ITEM_UNITS, sizeof *known->numbers);
    return known != NULL ? known->numbers : NULL;
}

/* An item's samples share the place of its id, so it is looked up once. */
static bool number_at(struct afmon_gatherer *gatherer, struct afmon_item_place place, uint32_t *numbers,
                      uint32_t *number)
{
    if (numbers[place.unit] == 0) {
        struct afmon_item_id id = afmon_item_block_id(place.block, place.unit);
        if (!number_of(gatherer, id.text, id.length, number))
            return false;
        numbers[place.unit] = *number + 1;
    }
    *number = numbers[place.unit] - 1;
    return true;
}

/* ---- Labels ---- */

static bool fill_groups(struct afmon_gatherer *gatherer, struct afmon_compare_label *label)
{
    const struct afmon_sample_facts *facts = &label->facts;
    const struct afmon_piece *operation = facts->operation.given ? &facts->operation : &facts->component;
    const struct afmon_piece *texts[] = {operation, &facts->model_name, &facts->evaluator_type, &facts->item_kind};
    int32_t numbers[4];
    for (unsigned i = 0; i < 4; i++) {
        numbers[i] = afmon_compare_name(gatherer->names, texts[i]);
        if (numbers[i] < 0)
            return false;
    }
    for (unsigned i = 0; i < AFMON_ROW_GROUPS; i++)
        label->groups[i] = (uint16_t)numbers[i];
    label->kind = (uint16_t)numbers[3];
    label->makes_item =
        facts->operation.given && afmon_item_kind_of(facts->operation.data, facts->operation.length) != NULL;
    return true;
}

/* The texts of the facts point into packed. */
static bool fill_label(struct afmon_gatherer *gatherer, struct afmon_compare_label *label, const void *packed,
                       size_t length)
{
    gatherer->unpacked.count = 0;
    if (packed != NULL && !afmon_unpack(&gatherer->unpacked, packed, length))
        return false;
    const afmon_field *fields = gatherer->unpacked.fields;
    size_t count = gatherer->unpacked.count;
    uint64_t hash = label->hash;
    *label = (struct afmon_compare_label){.hash = hash};
    afmon_sample_look_at_fields(fields, count, &label->facts);
    label->wanted = afmon_where_takes(gatherer->options, fields, count, false);
    label->may_be_item = afmon_where_takes(gatherer->options, fields, count, true);
    return fill_groups(gatherer, label);
}

/* Labels are about to move, or to go. */
static void forget_recent(struct afmon_gatherer *gatherer)
{
    memset(gatherer->recent, 0, sizeof gatherer->recent);
}

/* NULL: no memory. */
static const struct afmon_compare_label *find_label(struct afmon_gatherer *gatherer, const struct afmon_set *set)
{
    uint64_t hash = hash_of_address(set);
    const struct afmon_compare_label *known = afmon_slots_find(&gatherer->labels, hash);
    if (known != NULL)
        return known;
    forget_recent(gatherer);
    if (gatherer->labels.count >= LABELS_MAX) {
        afmon_slots_free(&gatherer->labels);
        gatherer->labels = (struct afmon_slots){.entry_size = sizeof(struct afmon_compare_label)};
    }
    struct afmon_compare_label *label = afmon_slots_put(&gatherer->labels, hash);
    const void *packed = set != NULL ? set->packed : NULL;
    if (label == NULL || !fill_label(gatherer, label, packed, set != NULL ? set->packed_length : 0))
        return NULL;
    return label;
}

static const struct afmon_compare_label *label_of(struct afmon_gatherer *gatherer, const struct afmon_set *set)
{
    size_t place = ((uintptr_t)set >> 4) % AFMON_RECENT_LABELS;
    if (gatherer->recent[place].label == NULL || gatherer->recent[place].set != set) {
        gatherer->recent[place].label = find_label(gatherer, set);
        gatherer->recent[place].set = set;
    }
    return gatherer->recent[place].label;
}

/* ---- Samples ---- */

struct gathering {
    struct afmon_gatherer *gatherer;
    bool of_items;
    bool by_outcomes;
    bool without_bare;
    bool (*visit)(void *user, const struct afmon_gathered *sample);
    void *user;
};

static bool takes(const struct gathering *gathering, const struct afmon_compare_label *label, double value)
{
    return isfinite(value) && (gathering->of_items ? label->may_be_item : label->wanted) &&
           !(gathering->without_bare && label->facts.bare);
}

static afmon_status give(const struct gathering *gathering, struct afmon_gathered *sample)
{
    if (gathering->by_outcomes)
        sample->value = 1 - sample->value;
    return gathering->visit(gathering->user, sample) ? AFMON_OK : AFMON_E_NO_MEMORY;
}

/* An item whose id is not kept apart, or none. */
static bool number_in_label(const struct gathering *gathering, const struct afmon_compare_label *label,
                            uint32_t *number)
{
    const struct afmon_piece *id = &label->facts.item_id;
    *number = AFMON_CLUSTER_ALONE;
    return !id->given || id->length == 0 || number_of(gathering->gatherer, id->data, id->length, number);
}

static afmon_status give_at(const struct gathering *gathering, const struct afmon_chunk *chunk, size_t i,
                            uint32_t *const numbers[2])
{
    const struct afmon_compare_label *label = label_of(gathering->gatherer, afmon_chunk_set_of(chunk, i));
    if (label == NULL)
        return AFMON_E_NO_MEMORY;
    if (!takes(gathering, label, chunk->values[i]))
        return AFMON_OK;
    struct afmon_gathered sample = {chunk->values[i], afmon_us_to_ns(chunk->base_us + chunk->offsets[i]),
                                    AFMON_CLUSTER_ALONE, label};
    struct afmon_item_place place = afmon_chunk_item_place(chunk, i);
    bool ok = place.unit == 0 ? number_in_label(gathering, label, &sample.cluster)
                              : number_at(gathering->gatherer, place, numbers[place.block != chunk->item_blocks[0]],
                                          &sample.cluster);
    return ok ? give(gathering, &sample) : AFMON_E_NO_MEMORY;
}

static afmon_status give_chunk(const struct gathering *gathering, const struct afmon_entry *entry)
{
    uint32_t *numbers[2] = {NULL, NULL};
    for (unsigned i = 0; i < 2 && entry->chunk->item_blocks[i] != NULL; i++)
        if ((numbers[i] = numbers_in(gathering->gatherer, entry->chunk->item_blocks[i])) == NULL)
            return AFMON_E_NO_MEMORY;
    afmon_status status = AFMON_OK;
    for (size_t i = 0; i < entry->count && status == AFMON_OK; i++)
        status = give_at(gathering, entry->chunk, i, numbers);
    return status;
}

/* A sample that has left memory. */
static afmon_status give_recalled(void *user, const struct afmon_view_series *series, struct afmon_reader *reader,
                                  struct afmon_read_sample *read)
{
    const struct gathering *gathering = user;
    struct afmon_compare_label *label = &gathering->gatherer->other;
    (void)series;
    afmon_status status = afmon_reader_packed(reader, read);
    if (status != AFMON_OK)
        return status;
    if (!fill_label(gathering->gatherer, label, read->packed, read->packed_length))
        return AFMON_E_NO_MEMORY;
    if (!takes(gathering, label, read->value))
        return AFMON_OK;
    struct afmon_gathered sample = {read->value, afmon_us_to_ns(read->wall_us), AFMON_CLUSTER_ALONE, label};
    bool ok = read->item.length == 0
                  ? number_in_label(gathering, label, &sample.cluster)
                  : number_of(gathering->gatherer, read->item.text, read->item.length, &sample.cluster);
    return ok ? give(gathering, &sample) : AFMON_E_NO_MEMORY;
}

static afmon_status gather_series(struct gathering *gathering, const struct afmon_view_series *series,
                                  afmon_error *error)
{
    struct afmon_gatherer *gatherer = gathering->gatherer;
    struct afmon_times all = afmon_view_times(AFMON_WINDOW_ALL);
    afmon_status status = afmon_view_leaves_out(gatherer->view, series, all, &gathering->without_bare);
    if (status == AFMON_OK && afmon_view_misses(series, all)) {
        struct afmon_recall recall = {.only = series, .times = all, .visit = give_recalled, .user = gathering};
        status = afmon_view_recall(gatherer->view, &recall, error);
    }
    for (uint32_t i = 0; i < series->entry_count && status == AFMON_OK; i++)
        status = give_chunk(gathering, &series->entries[i]);
    return status == AFMON_E_NO_MEMORY ? afmon_fail_memory(error) : status;
}

afmon_status afmon_gather(struct afmon_gatherer *gatherer, const char *metric, bool of_items,
                          bool (*visit)(void *user, const struct afmon_gathered *sample), void *user,
                          afmon_error *error)
{
    const struct afmon_view_series *series = NULL;
    struct gathering gathering = {.gatherer = gatherer, .of_items = of_items, .visit = visit, .user = user};
    afmon_status status = afmon_view_find_told(gatherer->view, metric, &series, &gathering.by_outcomes);
    if (status != AFMON_OK || series == NULL)
        return status == AFMON_E_NO_MEMORY ? afmon_fail_memory(error) : status;
    return gather_series(&gathering, series, error);
}

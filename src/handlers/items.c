#include "handlers/items.h"

#include <stdlib.h>
#include <string.h>

#include "catalog/fields.h"

bool afmon_items_init(struct afmon_items *items, enum afmon_dispatch_kind kind, size_t capacity)
{
    memset(items, 0, sizeof *items);
    items->kind = kind;
    items->slots = calloc(capacity, sizeof *items->slots);
    items->capacity = items->slots == NULL ? 0 : capacity;
    return items->slots != NULL;
}

void afmon_items_free(struct afmon_items *items)
{
    while (items->count > 0) {
        struct afmon_item item = afmon_items_take(items);
        afmon_item_release(&item, items->kind);
    }
    free(items->slots);
    items->slots = NULL;
    items->capacity = 0;
}

static size_t set_bytes(const struct afmon_set *set)
{
    return set == NULL ? 0 : set->size;
}

static size_t item_bytes(const struct afmon_items *items, const struct afmon_item *item)
{
    if (items->kind == AFMON_DISPATCH_METRIC)
        return set_bytes(item->as.sample.set);
    if (items->kind == AFMON_DISPATCH_LOG)
        return item->as.log->message_length + item->as.log->packed_length;
    return 0;
}

/* The next free slot, or NULL where the queue, or its bytes, are full. */
static struct afmon_item *next_slot(struct afmon_items *items, size_t bytes, int64_t now_ns)
{
    if (items->count == items->capacity || bytes > AFMON_DISPATCH_BYTES - items->bytes)
        return NULL;
    size_t place = items->first + items->count;
    struct afmon_item *slot = &items->slots[place < items->capacity ? place : place - items->capacity];
    slot->pushed_ns = now_ns;
    return slot;
}

bool afmon_items_add_sample(struct afmon_items *items, const struct afmon_dispatch_sample *sample, int64_t now_ns)
{
    size_t bytes = set_bytes(sample->set);
    struct afmon_item *slot = next_slot(items, bytes, now_ns);
    if (slot == NULL)
        return false;
    slot->as.sample = *sample;
    if (sample->set != NULL)
        afmon_set_hold(sample->set);
    items->count++;
    items->bytes += bytes;
    return true;
}

bool afmon_items_add_log(struct afmon_items *items, const struct afmon_dispatch_log *log, int64_t now_ns)
{
    size_t bytes = log->message_length + log->packed_length;
    struct afmon_item *slot = next_slot(items, bytes, now_ns);
    if (slot == NULL)
        return false;
    struct afmon_item_log *copy = malloc(sizeof *copy + bytes + 1);
    if (copy == NULL)
        return false;
    copy->message_length = log->message_length;
    copy->packed_length = log->packed_length;
    copy->level = log->level;
    copy->timestamp_ns = log->timestamp_ns;
    if (log->message_length > 0)
        memcpy(copy->texts, log->message, log->message_length);
    if (log->packed_length > 0)
        memcpy(copy->texts + log->message_length, log->packed, log->packed_length);
    slot->as.log = copy;
    items->count++;
    items->bytes += bytes;
    return true;
}

bool afmon_items_add_alert(struct afmon_items *items, const afmon_alert *alert, int64_t now_ns)
{
    struct afmon_item *slot = next_slot(items, 0, now_ns);
    if (slot == NULL)
        return false;
    slot->as.alert = malloc(sizeof *slot->as.alert);
    if (slot->as.alert == NULL)
        return false;
    *slot->as.alert = *alert;
    items->count++;
    return true;
}

struct afmon_item afmon_items_take(struct afmon_items *items)
{
    struct afmon_item item = items->slots[items->first];
    items->first = items->first + 1 == items->capacity ? 0 : items->first + 1;
    items->count--;
    items->bytes -= item_bytes(items, &item);
    return item;
}

void afmon_item_release(struct afmon_item *item, enum afmon_dispatch_kind kind)
{
    if (kind == AFMON_DISPATCH_METRIC && item->as.sample.set != NULL)
        afmon_set_release(item->as.sample.set);
    else if (kind == AFMON_DISPATCH_LOG)
        free(item->as.log);
    else if (kind == AFMON_DISPATCH_ALERT)
        free(item->as.alert);
}

int64_t afmon_items_oldest(const struct afmon_items *items)
{
    return items->count == 0 ? 0 : items->slots[items->first].pushed_ns;
}

void afmon_item_fields_free(struct afmon_item_fields *fields)
{
    free(fields->list);
    fields->list = NULL;
    fields->capacity = 0;
}

static bool grow(struct afmon_item_fields *fields)
{
    size_t capacity = fields->capacity == 0 ? 16 : fields->capacity * 2;
    afmon_field *bigger = realloc(fields->list, capacity * sizeof *bigger);
    if (bigger == NULL)
        return false;
    fields->list = bigger;
    fields->capacity = capacity;
    return true;
}

static bool unpack(struct afmon_item_fields *fields, const void *packed, size_t length, size_t *count)
{
    struct afmon_field_walk walk = afmon_field_walk_begin(packed, length);
    afmon_field field;
    *count = 0;
    while (afmon_field_walk_next(&walk, &field)) {
        if (*count == fields->capacity && !grow(fields))
            return false;
        fields->list[(*count)++] = field;
    }
    return true;
}

bool afmon_item_sample(const struct afmon_item *item, struct afmon_item_fields *fields, afmon_sample *sample)
{
    const struct afmon_dispatch_sample *given = &item->as.sample;
    *sample = (afmon_sample){.metric = given->name,
                             .metric_length = given->name_length,
                             .value = given->value,
                             .timestamp_ns = given->timestamp_ns};
    if (given->set != NULL && !unpack(fields, given->set->packed, given->set->packed_length, &sample->field_count))
        return false;
    sample->fields = fields->list;
    return true;
}

bool afmon_item_log(const struct afmon_item *item, struct afmon_item_fields *fields, afmon_log_record *record)
{
    const struct afmon_item_log *log = item->as.log;
    *record = (afmon_log_record){.message = log->texts,
                                 .message_length = log->message_length,
                                 .level = log->level,
                                 .timestamp_ns = log->timestamp_ns};
    if (!unpack(fields, log->texts + log->message_length, log->packed_length, &record->field_count))
        return false;
    record->fields = fields->list;
    return true;
}

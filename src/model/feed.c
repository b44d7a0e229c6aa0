#include "model/feed.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/micros.h"
#include "base/table.h"
#include "catalog/fields.h"
#include "meters/labels.h"

/* Texts that do not come again (feedback) must not fill memory: at either bound the cache begins anew. */
#define ENTRIES 1024
#define TEXT_BYTES ((size_t)1 << 20)
#define FIRST_FIELDS 32
#define NAMES 256 /* places by hash */
#define NAME_MAX_BYTES 120

struct labels {
    struct afmon_model_labels model;
    struct afmon_meter_labels meter; /* where meters are fed */
};

struct entry {
    uint64_t hash;
    uint32_t length; /* of the text */
    uint32_t text;   /* where it stands in texts */
    struct labels labels;
};

struct known_name {
    size_t length; /* 0: nothing is known here */
    char text[NAME_MAX_BYTES];
    struct afmon_model_name name;
};

struct afmon_feed {
    struct entry *entries; /* ENTRIES of them */
    size_t count;
    struct afmon_table table;
    uint64_t seed;
    char *texts; /* TEXT_BYTES that never move: labels point into them */
    size_t used;
    afmon_field *fields; /* scratch */
    size_t field_capacity;
    struct labels other; /* of a text that is not remembered */
    struct labels none;
    struct known_name names[NAMES];
    bool meters;
    bool knows_none;
    uint64_t moved; /* of the model, when the caches began */
};

struct afmon_feed *afmon_feed_new(bool meters)
{
    struct afmon_feed *feed = calloc(1, sizeof *feed);
    if (feed == NULL)
        return NULL;
    feed->seed = afmon_hash_seed();
    feed->meters = meters;
    feed->entries = malloc(ENTRIES * sizeof *feed->entries);
    feed->texts = malloc(TEXT_BYTES);
    feed->fields = malloc(FIRST_FIELDS * sizeof *feed->fields);
    feed->field_capacity = FIRST_FIELDS;
    afmon_meter_labels_of(&feed->none.meter, &(afmon_sample){.field_count = 0});
    if (feed->entries != NULL && feed->texts != NULL && feed->fields != NULL &&
        afmon_table_reserve(&feed->table, ENTRIES, 0, NULL, NULL))
        return feed;
    afmon_feed_free(feed);
    return NULL;
}

void afmon_feed_forget(struct afmon_feed *feed)
{
    afmon_table_clear(&feed->table);
    feed->count = 0;
    feed->used = 0;
    feed->knows_none = false;
    for (size_t i = 0; i < NAMES; i++)
        feed->names[i].length = 0;
}

void afmon_feed_free(struct afmon_feed *feed)
{
    if (feed == NULL)
        return;
    free(feed->entries);
    free(feed->texts);
    free(feed->fields);
    afmon_table_free(&feed->table);
    free(feed);
}

size_t afmon_feed_bytes(const struct afmon_feed *feed)
{
    return sizeof *feed + ENTRIES * sizeof *feed->entries + TEXT_BYTES + feed->field_capacity * sizeof *feed->fields +
           afmon_table_bytes(&feed->table);
}

struct wanted {
    const struct afmon_feed *feed;
    const char *text;
    size_t length;
    uint64_t hash;
};

static bool is_same(const void *entries, uint32_t number, const void *of)
{
    const struct entry *entry = (const struct entry *)entries + number;
    const struct wanted *wanted = of;
    return entry->hash == wanted->hash && entry->length == wanted->length &&
           memcmp(wanted->feed->texts + entry->text, wanted->text, wanted->length) == 0;
}

/* The text's slot, or the free one where it belongs. */
static uint32_t *slot_of(struct afmon_feed *feed, const char *text, size_t length, uint64_t hash)
{
    const struct wanted wanted = {feed, text, length, hash};
    return afmon_table_slot(&feed->table, hash, is_same, feed->entries, &wanted);
}

/* ---- What the fields say ---- */

/* The fields into the scratch memory; false: no memory. */
static bool unpack(struct afmon_feed *feed, const void *packed, size_t length, size_t *count)
{
    struct afmon_field_walk walk = afmon_field_walk_begin(packed, length);
    afmon_field field;
    *count = 0;
    while (afmon_field_walk_next(&walk, &field)) {
        if (*count == feed->field_capacity) {
            afmon_field *fields = realloc(feed->fields, 2 * *count * sizeof *fields);
            if (fields == NULL)
                return false;
            feed->fields = fields;
            feed->field_capacity *= 2;
        }
        if (field.key_length == 0)
            field.key = ""; /* what stands behind it has no end */
        feed->fields[(*count)++] = field;
    }
    return true;
}

/* The labels' texts point into packed. */
static bool resolve(struct afmon_feed *feed, const struct afmon_model *model, const void *packed, size_t length,
                    struct labels *labels)
{
    size_t count;
    if (!unpack(feed, packed, length, &count))
        return false;
    afmon_model_labels_of(model, feed->fields, count, &labels->model);
    if (feed->meters)
        afmon_meter_labels_of(&labels->meter, &(afmon_sample){.fields = feed->fields, .field_count = count});
    return true;
}

/* A fresh entry with copies of the text and the packed fields; NULL: they are too long to be remembered. */
static struct entry *remember(struct afmon_feed *feed, const struct afmon_read_sample *sample, uint64_t hash)
{
    size_t length = sample->metadata_length;
    size_t both = length + sample->packed_length;
    if (both > TEXT_BYTES / 8)
        return NULL;
    if (feed->count == ENTRIES || TEXT_BYTES - feed->used < both) {
        afmon_table_clear(&feed->table);
        feed->count = 0;
        feed->used = 0;
    }
    struct entry *entry = &feed->entries[feed->count++];
    entry->hash = hash;
    entry->length = (uint32_t)length;
    entry->text = (uint32_t)feed->used;
    memcpy(feed->texts + feed->used, sample->metadata, length);
    if (sample->packed_length > 0)
        memcpy(feed->texts + feed->used + length, sample->packed, sample->packed_length);
    feed->used += both;
    *slot_of(feed, sample->metadata, length, hash) = (uint32_t)feed->count;
    return entry;
}

static struct labels *labels_of_none(struct afmon_feed *feed, const struct afmon_model *model)
{
    if (!feed->knows_none)
        afmon_model_labels_of(model, NULL, 0, &feed->none.model);
    feed->knows_none = true;
    return &feed->none;
}

static afmon_status find_labels(struct afmon_feed *feed, const struct afmon_model *model, struct afmon_reader *reader,
                                struct afmon_read_sample *sample, struct labels **labels)
{
    const char *text = sample->metadata;
    size_t length = sample->metadata_length;
    uint64_t hash = 0;
    *labels = labels_of_none(feed, model);
    if ((text != NULL && length == 0) || (text == NULL && sample->packed != NULL && sample->packed_length == 0))
        return AFMON_OK;
    if (text != NULL) {
        hash = afmon_hash(feed->seed, text, length);
        uint32_t known = *slot_of(feed, text, length, hash);
        if (known != 0) {
            *labels = &feed->entries[known - 1].labels;
            return AFMON_OK;
        }
    }
    afmon_status status = sample->packed == NULL ? afmon_reader_packed(reader, sample) : AFMON_OK;
    if (status != AFMON_OK)
        return status;
    struct entry *entry = text != NULL ? remember(feed, sample, hash) : NULL;
    struct labels *resolved = entry != NULL ? &entry->labels : &feed->other;
    const void *packed = entry != NULL ? feed->texts + entry->text + length : sample->packed;
    *labels = resolved;
    return resolve(feed, model, packed, sample->packed_length, resolved) ? AFMON_OK : AFMON_E_NO_MEMORY;
}

/* ---- What the name says ---- */

/* *name points into the sample, or into what is known. False: no memory. */
static bool find_name(struct afmon_feed *feed, struct afmon_model *model, const struct afmon_read_sample *sample,
                      struct afmon_model_name *scratch, const struct afmon_model_name **name)
{
    size_t length = sample->name_length;
    *name = scratch;
    if (length == 0 || length > NAME_MAX_BYTES)
        return afmon_model_name_of(model, sample->name, length, scratch);
    struct known_name *known = &feed->names[afmon_hash(feed->seed, sample->name, length) % NAMES];
    if (known->length != length || memcmp(known->text, sample->name, length) != 0) {
        memcpy(known->text, sample->name, length);
        known->length = afmon_model_name_of(model, known->text, length, &known->name) ? length : 0;
    }
    *name = &known->name;
    return known->length > 0;
}

/* ---- Samples ---- */

int64_t afmon_feed_time(const struct afmon_read_sample *sample)
{
    return afmon_us_to_ns(sample->wall_us);
}

afmon_status afmon_feed_take(struct afmon_feed *feed, struct afmon_model *model, struct afmon_meters *meters,
                             struct afmon_reader *reader, struct afmon_read_sample *sample,
                             struct afmon_feed_source *source, int64_t time_ns)
{
    struct labels *labels;
    struct afmon_model_name scratch;
    const struct afmon_model_name *name;
    if (feed->moved != afmon_model_moved(model)) {
        afmon_feed_forget(feed);
        feed->moved = afmon_model_moved(model);
    }
    afmon_status status = find_labels(feed, model, reader, sample, &labels);
    if (status != AFMON_OK)
        return status;
    if (!find_name(feed, model, sample, &scratch, &name))
        return AFMON_E_NO_MEMORY;
    const struct afmon_model_sample added = {
        .time_ns = time_ns, .value = sample->value, .item = sample->item, .file = source != NULL ? source->file : 0};
    bool ok = afmon_model_add(model, name, &labels->model, source != NULL ? &source->call : NULL, &added);
    if (meters != NULL && source != NULL) {
        afmon_sample counted = {.metric = sample->name,
                                .metric_length = sample->name_length,
                                .value = sample->value,
                                .timestamp_ns = time_ns};
        afmon_meters_add_from(meters, source->meter_call, &counted, &labels->meter);
    }
    return ok ? AFMON_OK : AFMON_E_NO_MEMORY;
}

void afmon_feed_settle(struct afmon_model *model, struct afmon_meters *meters, struct afmon_feed_source *source)
{
    afmon_model_settle(model, &source->call);
    if (meters != NULL && source->meter_call != NULL)
        afmon_meters_settle_call(meters, source->meter_call);
}

#include "live/metadata.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "catalog/fields.h"

/* Texts that do not come again (feedback) must not fill memory: at either bound the cache begins anew. */
#define ENTRIES 1024
#define SLOTS (4 * ENTRIES)
#define TEXT_BYTES ((size_t)1 << 20)
#define FIRST_FIELDS 32

struct entry {
    uint64_t hash;
    uint32_t length; /* of the text */
    uint32_t text;   /* where it stands in texts */
    struct afmon_live_labels labels;
};

struct afmon_live_metadata {
    struct entry *entries; /* ENTRIES of them */
    size_t count;
    uint16_t slots[SLOTS]; /* index + 1, by hash */
    uint64_t seed;
    char *texts; /* TEXT_BYTES that never move: labels point into them */
    size_t used;
    afmon_field *fields; /* scratch */
    size_t field_capacity;
    struct afmon_live_labels other; /* of a text that is not remembered */
    struct afmon_live_labels none;
    bool meters;
    const struct afmon_live_rules *rules;
};

struct afmon_live_metadata *afmon_live_metadata_new(bool meters, const struct afmon_live_rules *rules)
{
    struct afmon_live_metadata *metadata = calloc(1, sizeof *metadata);
    if (metadata == NULL)
        return NULL;
    metadata->seed = afmon_hash_seed();
    metadata->meters = meters;
    metadata->rules = rules;
    metadata->none.wanted = afmon_live_rules_want(rules, NULL, 0);
    metadata->entries = malloc(ENTRIES * sizeof *metadata->entries);
    metadata->texts = malloc(TEXT_BYTES);
    metadata->fields = malloc(FIRST_FIELDS * sizeof *metadata->fields);
    metadata->field_capacity = FIRST_FIELDS;
    afmon_meter_labels_of(&metadata->none.meter, &(afmon_sample){.field_count = 0});
    if (metadata->entries != NULL && metadata->texts != NULL && metadata->fields != NULL)
        return metadata;
    afmon_live_metadata_free(metadata);
    return NULL;
}

void afmon_live_metadata_clear(struct afmon_live_metadata *metadata)
{
    memset(metadata->slots, 0, sizeof metadata->slots);
    metadata->count = 0;
    metadata->used = 0;
}

void afmon_live_metadata_free(struct afmon_live_metadata *metadata)
{
    if (metadata == NULL)
        return;
    free(metadata->entries);
    free(metadata->texts);
    free(metadata->fields);
    free(metadata);
}

const struct afmon_live_labels *afmon_live_metadata_none(const struct afmon_live_metadata *metadata)
{
    return &metadata->none;
}

size_t afmon_live_metadata_bytes(const struct afmon_live_metadata *metadata)
{
    return sizeof *metadata + ENTRIES * sizeof *metadata->entries + TEXT_BYTES +
           metadata->field_capacity * sizeof *metadata->fields;
}

/* The text's slot, or the free one where it belongs. */
static uint16_t *slot_of(struct afmon_live_metadata *metadata, const char *text, size_t length, uint64_t hash)
{
    for (size_t at = hash % SLOTS;; at = (at + 1) % SLOTS) {
        if (metadata->slots[at] == 0)
            return &metadata->slots[at];
        const struct entry *entry = &metadata->entries[metadata->slots[at] - 1];
        if (entry->hash == hash && entry->length == length && memcmp(metadata->texts + entry->text, text, length) == 0)
            return &metadata->slots[at];
    }
}

/* ---- What the fields say ---- */

/* The fields into the scratch memory; false: no memory. */
static bool unpack(struct afmon_live_metadata *metadata, const void *packed, size_t length, size_t *count)
{
    struct afmon_field_walk walk = afmon_field_walk_begin(packed, length);
    afmon_field field;
    *count = 0;
    while (afmon_field_walk_next(&walk, &field)) {
        if (*count == metadata->field_capacity) {
            afmon_field *fields = realloc(metadata->fields, 2 * *count * sizeof *fields);
            if (fields == NULL)
                return false;
            metadata->fields = fields;
            metadata->field_capacity *= 2;
        }
        if (field.key_length == 0)
            field.key = ""; /* what stands behind it has no end */
        metadata->fields[(*count)++] = field;
    }
    return true;
}

static bool name_groups(struct afmon_live_labels *labels, struct afmon_groups *operations, struct afmon_groups *models)
{
    const struct afmon_sample_facts *facts = &labels->facts;
    bool ok = true;
    if (facts->operation.given || facts->component.given) {
        labels->operation = afmon_group_of(operations, facts->operation.given ? facts->operation.data : "",
                                           facts->operation.length, facts->component.data, facts->component.length);
        ok = labels->operation != NULL;
    }
    if (facts->model_name.given) {
        labels->model = afmon_group_of(models, facts->model_name.data, facts->model_name.length, NULL, 0);
        ok = ok && labels->model != NULL;
    }
    return ok;
}

/* The labels' texts point into packed. */
static bool resolve(struct afmon_live_metadata *metadata, const void *packed, size_t length,
                    struct afmon_groups *operations, struct afmon_groups *models, struct afmon_live_labels *labels)
{
    size_t count;
    if (!unpack(metadata, packed, length, &count))
        return false;
    labels->operation = labels->model = NULL;
    labels->facts = (struct afmon_sample_facts){0};
    afmon_sample_look_at_fields(metadata->fields, count, &labels->facts);
    if (metadata->meters)
        afmon_meter_labels_of(&labels->meter, &(afmon_sample){.fields = metadata->fields, .field_count = count});
    labels->wanted = afmon_live_rules_want(metadata->rules, metadata->fields, count);
    return name_groups(labels, operations, models);
}

/* A fresh entry with copies of the text and the packed fields; NULL: they are too long to be remembered. */
static struct entry *remember(struct afmon_live_metadata *metadata, const struct afmon_read_sample *sample,
                              uint64_t hash)
{
    size_t length = sample->metadata_length;
    size_t both = length + sample->packed_length;
    if (both > TEXT_BYTES / 8)
        return NULL;
    if (metadata->count == ENTRIES || TEXT_BYTES - metadata->used < both)
        afmon_live_metadata_clear(metadata);
    struct entry *entry = &metadata->entries[metadata->count++];
    entry->hash = hash;
    entry->length = (uint32_t)length;
    entry->text = (uint32_t)metadata->used;
    memcpy(metadata->texts + metadata->used, sample->metadata, length);
    if (sample->packed_length > 0)
        memcpy(metadata->texts + metadata->used + length, sample->packed, sample->packed_length);
    metadata->used += both;
    *slot_of(metadata, sample->metadata, length, hash) = (uint16_t)metadata->count;
    return entry;
}

afmon_status afmon_live_metadata_labels(struct afmon_live_metadata *metadata, struct afmon_reader *reader,
                                        struct afmon_read_sample *sample, struct afmon_groups *operations,
                                        struct afmon_groups *models, const struct afmon_live_labels **labels)
{
    const char *text = sample->metadata;
    size_t length = sample->metadata_length;
    uint64_t hash = 0;
    *labels = &metadata->none;
    if (text != NULL && length == 0)
        return AFMON_OK;
    if (text != NULL) {
        hash = afmon_hash(metadata->seed, text, length);
        uint16_t known = *slot_of(metadata, text, length, hash);
        if (known != 0) {
            *labels = &metadata->entries[known - 1].labels;
            return AFMON_OK;
        }
    }
    afmon_status status = afmon_reader_packed(reader, sample);
    if (status != AFMON_OK)
        return status;
    struct entry *entry = text != NULL ? remember(metadata, sample, hash) : NULL;
    struct afmon_live_labels *resolved = entry != NULL ? &entry->labels : &metadata->other;
    const void *packed = entry != NULL ? metadata->texts + entry->text + length : sample->packed;
    *labels = resolved;
    return resolve(metadata, packed, sample->packed_length, operations, models, resolved) ? AFMON_OK
                                                                                          : AFMON_E_NO_MEMORY;
}

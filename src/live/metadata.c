#include "live/metadata.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "catalog/fields.h"

/* Texts that do not come again (feedback) must not fill memory: at either bound the cache begins anew. */
#define ENTRIES 4096
#define SLOTS (2 * ENTRIES)
#define TEXT_BYTES ((size_t)512 << 10)

struct entry {
    uint64_t hash;
    uint32_t length; /* of the text; slots in use have used set */
    uint32_t text;
    bool used;
    struct afmon_live_labels labels;
};

struct afmon_live_metadata {
    struct entry slots[SLOTS];
    size_t count;
    uint64_t seed;
    struct afmon_buffer texts;
};

struct afmon_live_metadata *afmon_live_metadata_new(void)
{
    struct afmon_live_metadata *metadata = calloc(1, sizeof *metadata);
    if (metadata == NULL)
        return NULL;
    metadata->seed = afmon_hash_seed();
    afmon_buffer_init(&metadata->texts, TEXT_BYTES);
    return metadata;
}

void afmon_live_metadata_clear(struct afmon_live_metadata *metadata)
{
    memset(metadata->slots, 0, sizeof metadata->slots);
    metadata->count = 0;
    afmon_buffer_clear(&metadata->texts);
}

void afmon_live_metadata_free(struct afmon_live_metadata *metadata)
{
    if (metadata == NULL)
        return;
    afmon_buffer_free(&metadata->texts);
    free(metadata);
}

/* The text's slot, or the free one where it belongs. */
static struct entry *slot_of(struct afmon_live_metadata *metadata, const char *text, size_t length, uint64_t hash)
{
    size_t at = hash % SLOTS;
    for (;; at = (at + 1) % SLOTS) {
        struct entry *slot = &metadata->slots[at];
        if (!slot->used || (slot->hash == hash && slot->length == length &&
                            memcmp(metadata->texts.data + slot->text, text, length) == 0))
            return slot;
    }
}

static void remember(struct afmon_live_metadata *metadata, const char *text, size_t length, uint64_t hash,
                     const struct afmon_live_labels *labels)
{
    if (length > TEXT_BYTES / 8)
        return;
    if (metadata->count == ENTRIES || TEXT_BYTES - metadata->texts.length < length)
        afmon_live_metadata_clear(metadata);
    size_t start = metadata->texts.length;
    afmon_buffer_add(&metadata->texts, text, length);
    if (metadata->texts.failed) {
        metadata->texts.failed = false; /* it is resolved again the next time */
        return;
    }
    *slot_of(metadata, text, length, hash) = (struct entry){
        .hash = hash, .length = (uint32_t)length, .text = (uint32_t)start, .used = true, .labels = *labels};
    metadata->count++;
}

static bool is(const afmon_field *field, const char *key)
{
    return field->type == AFMON_STRING && field->key_length == strlen(key) &&
           memcmp(field->key, key, field->key_length) == 0;
}

static afmon_status resolve(const struct afmon_read_sample *sample, struct afmon_groups *operations,
                            struct afmon_groups *models, struct afmon_live_labels *labels)
{
    struct afmon_field_walk walk = afmon_field_walk_begin(sample->packed, sample->packed_length);
    afmon_field field;
    afmon_field operation = {0};
    afmon_field component = {0};
    afmon_field model = {0};
    while (afmon_field_walk_next(&walk, &field)) {
        if (is(&field, "operation"))
            operation = field;
        else if (is(&field, "component"))
            component = field;
        else if (is(&field, "model_name"))
            model = field;
    }
    *labels = (struct afmon_live_labels){0};
    bool ok = true;
    if (operation.key != NULL || component.key != NULL) {
        labels->operation = afmon_group_of(operations, operation.key != NULL ? operation.as.text.data : "",
                                           operation.key != NULL ? operation.as.text.length : 0,
                                           component.key != NULL ? component.as.text.data : NULL,
                                           component.key != NULL ? component.as.text.length : 0);
        ok = labels->operation != NULL;
    }
    if (model.key != NULL) {
        labels->model = afmon_group_of(models, model.as.text.data, model.as.text.length, NULL, 0);
        ok = ok && labels->model != NULL;
    }
    return ok ? AFMON_OK : AFMON_E_NO_MEMORY;
}

afmon_status afmon_live_metadata_labels(struct afmon_live_metadata *metadata, struct afmon_reader *reader,
                                        struct afmon_read_sample *sample, struct afmon_groups *operations,
                                        struct afmon_groups *models, struct afmon_live_labels *labels)
{
    const char *text = sample->metadata;
    size_t length = sample->metadata_length;
    *labels = (struct afmon_live_labels){0};
    if (text != NULL && length == 0)
        return AFMON_OK;
    uint64_t hash = text != NULL ? afmon_hash(metadata->seed, text, length) : 0;
    struct entry *known = text != NULL ? slot_of(metadata, text, length, hash) : NULL;
    if (known != NULL && known->used) {
        *labels = known->labels;
        return AFMON_OK;
    }
    afmon_status status = afmon_reader_packed(reader, sample);
    if (status == AFMON_OK)
        status = resolve(sample, operations, models, labels);
    if (status == AFMON_OK && text != NULL)
        remember(metadata, text, length, hash, labels);
    return status;
}

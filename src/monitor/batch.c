/* A batch: the parts of some records, on their way to files, store and handlers. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/micros.h"
#include "catalog/fields.h"
#include "catalog/lines.h"
#include "monitor/dispatches.h"
#include "monitor/drain.h"
#include "monitor/metering.h"

/* Makes room for one more element. */
static bool grow(void **list, size_t *capacity, size_t count, size_t size)
{
    if (count < *capacity)
        return true;
    size_t bigger = *capacity == 0 ? 1024 : *capacity * 2;
    void *moved = realloc(*list, bigger * size);
    if (moved == NULL)
        return false;
    *list = moved;
    *capacity = bigger;
    return true;
}

static void release_held(struct afmon_drain *drain, size_t from)
{
    for (size_t i = from; i < drain->held_count; i++)
        afmon_set_release(drain->held[i]);
    drain->held_count = from;
}

void afmon_batch_clear(struct afmon_drain *drain)
{
    release_held(drain, 0);
    drain->sample_count = 0;
    drain->log_count = drain->log_lines = 0;
    afmon_buffer_clear(&drain->metrics);
    afmon_buffer_clear(&drain->log);
    afmon_buffer_clear(&drain->log_texts);
}

/* ---- resolving ---- */

static bool resolve_defined(struct afmon_drain *drain, uint32_t number, struct afmon_store_sample *out)
{
    struct afmon_store *store = drain->core->store;
    struct afmon_defined_entry *entry = afmon_defined_find(&drain->core->defined, number);
    if (entry == NULL)
        return false;
    if (entry->consumer[0] == NULL)
        entry->consumer[0] = afmon_store_series(store, entry->name, entry->name_length);
    if (entry->consumer[1] == NULL && entry->packed_length > 0)
        entry->consumer[1] = afmon_sets_intern(afmon_store_sets(store), entry->packed, entry->packed_length);
    out->series = entry->consumer[0];
    out->set = entry->consumer[1];
    return out->series != NULL && (out->set != NULL || entry->packed_length == 0);
}

static bool resolve_given(struct afmon_drain *drain, const struct afmon_expanded_sample *given,
                          struct afmon_store_sample *out)
{
    struct afmon_store *store = drain->core->store;
    out->set = NULL;
    out->series = afmon_store_series(store, given->name, given->name_length);
    if (out->series == NULL)
        return false;
    if (given->packed_length == 0)
        return true;
    if (!grow((void **)&drain->held, &drain->held_capacity, drain->held_count, sizeof(struct afmon_set *)))
        return false;
    out->set = afmon_sets_intern(afmon_store_sets(store), given->packed, given->packed_length);
    if (out->set == NULL)
        return false;
    drain->held[drain->held_count++] = out->set;
    return true;
}

/* Also where there is no file: handlers and store have it. */
static bool resolve_item(struct afmon_drain *drain, const struct afmon_expanded_sample *given,
                         struct afmon_store_sample *out)
{
    out->item = (struct afmon_item_place){0};
    return given->item.length == 0 || afmon_store_item(drain->core->store, &given->item, &out->item);
}

static void add_line(struct afmon_drain *drain, const struct afmon_store_sample *sample,
                     const struct afmon_item_id *item, int64_t wall_ns)
{
    const char *metadata = sample->set == NULL ? NULL : sample->set->json;
    size_t length = sample->set == NULL ? 0 : sample->set->json_length;
    if (item->length > 0) {
        struct afmon_buffer *text = &drain->item_text;
        afmon_buffer_clear(text);
        afmon_buffer_add(text, metadata, length);
        afmon_item_id_render(text, item);
        drain->metrics.failed |= text->failed;
        metadata = text->data;
        length = text->length;
    }
    afmon_line_sample(&drain->metrics, sample->series->prefix, sample->series->prefix_length, sample->value, metadata,
                      length, &drain->time, wall_ns);
}

/* The place of the next sample; NULL: no memory. */
static struct afmon_store_sample *next_sample(struct afmon_drain *drain)
{
    if (!grow((void **)&drain->samples, &drain->sample_capacity, drain->sample_count,
              sizeof(struct afmon_store_sample)))
        return NULL;
    return &drain->samples[drain->sample_count];
}

/* Series, metadata and item are there. */
static bool take_sample(struct afmon_drain *drain, struct afmon_store_sample *sample, const struct afmon_item_id *item,
                        double value, int64_t boot_ns)
{
    int64_t wall_ns = boot_ns + drain->wall_offset_ns;
    sample->value = value;
    sample->wall_us = afmon_ns_to_us(wall_ns);
    if (drain->core->files.metrics >= 0)
        add_line(drain, sample, item, wall_ns);
    drain->sample_count++;
    return !drain->metrics.failed;
}

static bool add_sample(void *user, const struct afmon_expanded_sample *given, int64_t boot_ns)
{
    struct afmon_drain *drain = user;
    struct afmon_store_sample *sample = next_sample(drain);
    return sample != NULL && resolve_given(drain, given, sample) && resolve_item(drain, given, sample) &&
           take_sample(drain, sample, &given->item, given->value, boot_ns);
}

/* One through a handle, as most are: it needs nothing of what undoes the others. */
static bool add_plain(struct afmon_drain *drain, const unsigned char *at)
{
    static const struct afmon_item_id no_item;
    struct afmon_record_sample record;
    memcpy(&record, at, sizeof record);
    size_t metrics = drain->metrics.length;
    struct afmon_store_sample *sample = next_sample(drain);
    if (sample == NULL || !resolve_defined(drain, record.definition, sample))
        return false;
    sample->item = (struct afmon_item_place){0};
    if (take_sample(drain, sample, &no_item, record.value, record.head.boot_ns))
        return true;
    drain->sample_count--;
    drain->metrics.length = metrics;
    drain->metrics.failed = false;
    return false;
}

static bool keep_for_handlers(struct afmon_drain *drain, const struct afmon_expanded_log *log, int64_t wall_ns)
{
    if (!grow((void **)&drain->logs, &drain->log_capacity, drain->log_count, sizeof(struct afmon_pending_log)))
        return false;
    struct afmon_pending_log *pending = &drain->logs[drain->log_count];
    *pending = (struct afmon_pending_log){.message = drain->log_texts.length,
                                          .message_length = log->message_length,
                                          .packed = drain->log_texts.length + log->message_length,
                                          .packed_length = log->packed_length,
                                          .level = log->level,
                                          .wall_ns = wall_ns};
    afmon_buffer_add(&drain->log_texts, log->message, log->message_length);
    afmon_buffer_add(&drain->log_texts, log->packed, log->packed_length);
    return !drain->log_texts.failed;
}

static bool add_log(void *user, const struct afmon_expanded_log *log, int64_t boot_ns)
{
    struct afmon_drain *drain = user;
    int64_t wall_ns = boot_ns + drain->wall_offset_ns;
    if (drain->core->files.log >= 0)
        afmon_line_log(&drain->log, log->message, log->message_length, log->level, log->packed, log->packed_length,
                       wall_ns);
    drain->log_lines++;
    if (log->file_only || drain->core->dispatch_counts[AFMON_HANDLER_LOG] == 0)
        return !drain->log.failed;
    if (drain->log.failed || !keep_for_handlers(drain, log, wall_ns))
        return false;
    drain->log_count++;
    return true;
}

/* What a record of several parts adds, all of it or nothing. */
static bool add_parts(struct afmon_drain *drain, const unsigned char *record)
{
    size_t metrics = drain->metrics.length;
    size_t log = drain->log.length;
    size_t texts = drain->log_texts.length;
    size_t samples = drain->sample_count;
    size_t logs = drain->log_count;
    size_t lines = drain->log_lines;
    size_t held = drain->held_count;
    struct afmon_expand_sink sink = {.sample = add_sample, .log = add_log, .user = drain};
    if (afmon_expand(&drain->expander, record, drain->wall_offset_ns, &sink))
        return true;
    drain->metrics.length = metrics;
    drain->log.length = log;
    drain->log_texts.length = texts;
    drain->metrics.failed = drain->log.failed = drain->log_texts.failed = false;
    drain->sample_count = samples;
    drain->log_count = logs;
    drain->log_lines = lines;
    release_held(drain, held);
    return false;
}

bool afmon_batch_add(struct afmon_drain *drain, const unsigned char *record)
{
    struct afmon_record head;
    memcpy(&head, record, sizeof head);
    return head.kind == AFMON_RECORD_SAMPLE ? add_plain(drain, record) : add_parts(drain, record);
}

/* ---- delivering ---- */

/* Handlers get the id among the other fields. */
static struct afmon_set *set_with_item(struct afmon_drain *drain, const struct afmon_store_sample *sample)
{
    const struct afmon_item_id id = afmon_item_block_id(sample->item.block, sample->item.unit);
    const afmon_field field = afmon_item_id_field(&id);
    struct afmon_buffer *packed = &drain->item_text;
    afmon_buffer_clear(packed);
    if (sample->set != NULL)
        afmon_buffer_add(packed, sample->set->packed, sample->set->packed_length);
    size_t size = afmon_fields_packed_size(&field, 1);
    if (!afmon_buffer_reserve(packed, size) ||
        !grow((void **)&drain->held, &drain->held_capacity, drain->held_count, sizeof(struct afmon_set *)))
        return NULL;
    afmon_fields_pack((unsigned char *)afmon_buffer_end(packed), &field, 1);
    struct afmon_set *set =
        afmon_sets_intern(afmon_store_sets(drain->core->store), packed->data, packed->length + size);
    if (set != NULL)
        drain->held[drain->held_count++] = set;
    return set;
}

static bool fill_outgoing(struct afmon_drain *drain)
{
    if (drain->outgoing_capacity < drain->sample_count) {
        void *bigger = realloc(drain->outgoing, drain->sample_capacity * sizeof *drain->outgoing);
        if (bigger == NULL)
            return false;
        drain->outgoing = bigger;
        drain->outgoing_capacity = drain->sample_capacity;
    }
    for (size_t i = 0; i < drain->sample_count; i++) {
        const struct afmon_store_sample *sample = &drain->samples[i];
        struct afmon_set *set = sample->item.unit == 0 ? sample->set : set_with_item(drain, sample);
        if (set == NULL && sample->item.unit != 0)
            return false;
        drain->outgoing[i] = (struct afmon_dispatch_sample){.name = sample->series->name,
                                                            .name_length = sample->series->name_length,
                                                            .set = set,
                                                            .value = sample->value,
                                                            .timestamp_ns = sample->wall_us * 1000};
    }
    return true;
}

static void deliver_samples(struct afmon_drain *drain, int64_t now)
{
    size_t count;
    struct afmon_dispatch **dispatches = afmon_dispatches_of(drain->core, AFMON_HANDLER_METRIC, &count);
    if (count == 0 || drain->sample_count == 0)
        return;
    bool filled = fill_outgoing(drain);
    for (size_t i = 0; i < count; i++) {
        if (filled)
            afmon_dispatch_push_samples(dispatches[i], drain->outgoing, drain->sample_count, now);
        else
            afmon_dispatch_count_missed(dispatches[i], drain->sample_count);
    }
}

static void deliver_logs(struct afmon_drain *drain, int64_t now)
{
    size_t count;
    struct afmon_dispatch **dispatches = afmon_dispatches_of(drain->core, AFMON_HANDLER_LOG, &count);
    for (size_t i = 0; count > 0 && i < drain->log_count; i++) {
        const struct afmon_pending_log *pending = &drain->logs[i];
        struct afmon_dispatch_log log = {.message = drain->log_texts.data + pending->message,
                                         .message_length = pending->message_length,
                                         .level = pending->level,
                                         .timestamp_ns = pending->wall_ns,
                                         .packed = drain->log_texts.data + pending->packed,
                                         .packed_length = pending->packed_length};
        for (size_t k = 0; k < count; k++)
            afmon_dispatch_push_log(dispatches[k], &log, now);
    }
}

void afmon_batch_deliver(struct afmon_drain *drain)
{
    struct afmon_core *core = drain->core;
    afmon_store_append(core->store, drain->samples, drain->sample_count);
    if (core->meters != NULL)
        afmon_metering_add(core, drain->samples, drain->sample_count);
    afmon_count(&core->counts.samples_stored, drain->sample_count);
    if (core->files.metrics >= 0)
        afmon_count(&core->counts.samples_written, drain->sample_count);
    if (core->files.log >= 0)
        afmon_count(&core->counts.logs_written, drain->log_lines);
    if (core->dispatch_count > 0) {
        int64_t now = afmon_boot_ns();
        deliver_samples(drain, now);
        deliver_logs(drain, now);
    }
}

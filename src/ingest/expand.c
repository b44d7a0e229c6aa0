#include "ingest/expand.h"

#include <string.h>

#include "base/text.h"
#include "catalog/bare.h"
#include "catalog/fields.h"
#include "ingest/expand_internal.h"

/* Several times the largest record: a call's metadata may stand in its data twice, escaped. */
#define SCRATCH_LIMIT ((size_t)AFMON_RECORD_MAX * 8)

void afmon_expander_init(struct afmon_expander *expander)
{
    afmon_buffer_init(&expander->name, SCRATCH_LIMIT);
    afmon_buffer_init(&expander->common, SCRATCH_LIMIT);
    afmon_buffer_init(&expander->packed, SCRATCH_LIMIT);
    afmon_buffer_init(&expander->rest, SCRATCH_LIMIT);
    afmon_buffer_init(&expander->data, SCRATCH_LIMIT);
    afmon_buffer_init(&expander->text, SCRATCH_LIMIT);
}

void afmon_expander_free(struct afmon_expander *expander)
{
    afmon_buffer_free(&expander->name);
    afmon_buffer_free(&expander->common);
    afmon_buffer_free(&expander->packed);
    afmon_buffer_free(&expander->rest);
    afmon_buffer_free(&expander->data);
    afmon_buffer_free(&expander->text);
}

static bool expand_sample(const unsigned char *at, const struct afmon_expand_sink *sink)
{
    struct afmon_record_sample record;
    memcpy(&record, at, sizeof record);
    struct afmon_expanded_sample sample = {.definition = record.definition, .value = record.value};
    return sink->sample(sink->user, &sample, record.head.boot_ns);
}

/* A name that tracked calls derive: the sample is marked, but where no tracked call repeats it. (A handle's metadata
 * have the mark already.) */
static bool mark_bare(struct afmon_expander *expander, struct afmon_expanded_sample *sample)
{
    if (!afmon_metric_is_derived(sample->name, sample->name_length) ||
        afmon_packed_is_bare(sample->packed, sample->packed_length) ||
        afmon_packed_is_retried(sample->packed, sample->packed_length))
        return true;
    struct afmon_buffer *packed = &expander->packed;
    afmon_buffer_clear(packed);
    afmon_buffer_add(packed, sample->packed, sample->packed_length);
    afmon_pack_one(packed, afmon_bare_mark());
    sample->packed = packed->data;
    sample->packed_length = (uint32_t)packed->length;
    return !packed->failed;
}

static bool expand_metric(struct afmon_expander *expander, const unsigned char *at,
                          const struct afmon_expand_sink *sink)
{
    struct afmon_record_metric record;
    memcpy(&record, at, sizeof record);
    at += sizeof record;
    struct afmon_expanded_sample sample = {
        .name = (const char *)at, .name_length = record.name_length, .value = record.value};
    char digits[24];
    sample.packed = at + record.name_length;
    size_t length = record.fields_length;
    if (!afmon_item_id_take(&sample.packed, &length, &expander->rest, &sample.item, digits))
        return false;
    sample.packed_length = (uint32_t)length;
    return mark_bare(expander, &sample) && sink->sample(sink->user, &sample, record.head.boot_ns);
}

static bool expand_log(const unsigned char *at, const struct afmon_expand_sink *sink)
{
    struct afmon_record_log record;
    memcpy(&record, at, sizeof record);
    at += sizeof record;
    struct afmon_expanded_log log = {.message = (const char *)at,
                                     .message_length = record.message_length,
                                     .level = (afmon_level)(record.head.flags & ~AFMON_LOG_FILE_ONLY),
                                     .file_only = (record.head.flags & AFMON_LOG_FILE_ONLY) != 0,
                                     .packed = at + record.message_length,
                                     .packed_length = record.fields_length};
    return sink->log(sink->user, &log, record.head.boot_ns);
}

bool afmon_expand(struct afmon_expander *expander, const unsigned char *record, int64_t wall_offset_ns,
                  const struct afmon_expand_sink *sink)
{
    struct afmon_record head;
    memcpy(&head, record, 8); /* a pad may be no longer, and stand at the end of a ring */
    if (head.kind == AFMON_RECORD_PAD)
        return true;
    memcpy(&head, record, sizeof head);
    struct afmon_expansion expansion = {
        .expander = expander, .sink = sink, .boot_ns = head.boot_ns, .wall_offset_ns = wall_offset_ns};
    switch (head.kind) {
    case AFMON_RECORD_SAMPLE:
        return expand_sample(record, sink);
    case AFMON_RECORD_METRIC:
        return expand_metric(expander, record, sink);
    case AFMON_RECORD_LOG:
        return expand_log(record, sink);
    case AFMON_RECORD_GENERATION:
        return afmon_expand_generation(&expansion, record);
    case AFMON_RECORD_EVALUATION:
        return afmon_expand_evaluation(&expansion, record);
    default:
        return true;
    }
}

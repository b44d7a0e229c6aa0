#include "ingest/render.h"

#include <stdlib.h>
#include <string.h>

#include "catalog/fields.h"
#include "catalog/lines.h"

#define TEXT_LIMIT ((size_t)1 << 30)

static bool next_definition(const unsigned char *bytes, size_t length, size_t *at, struct afmon_definition *head)
{
    if (length - *at < sizeof *head)
        return false;
    memcpy(head, bytes + *at, sizeof *head);
    uint64_t texts = (uint64_t)sizeof *head + head->name_length + head->fields_length;
    return head->length <= length - *at && head->length % 8 == 0 && texts <= head->length;
}

bool afmon_definitions_read(struct afmon_definitions *definitions, const unsigned char *bytes, size_t length)
{
    definitions->count = 0;
    definitions->list = NULL;
    struct afmon_definition head;
    size_t capacity = 0;
    for (size_t at = 0; next_definition(bytes, length, &at, &head); at += head.length) {
        if (head.number != definitions->count + 1)
            break;
        if (definitions->count == capacity) {
            capacity = capacity == 0 ? 64 : capacity * 2;
            struct afmon_defined *bigger = realloc(definitions->list, capacity * sizeof *bigger);
            if (bigger == NULL) {
                afmon_definitions_free(definitions);
                return false;
            }
            definitions->list = bigger;
        }
        const unsigned char *name = bytes + at + sizeof head;
        definitions->list[definitions->count++] = (struct afmon_defined){.name = (const char *)name,
                                                                         .name_length = head.name_length,
                                                                         .packed = name + head.name_length,
                                                                         .packed_length = head.fields_length};
    }
    return true;
}

void afmon_definitions_free(struct afmon_definitions *definitions)
{
    free(definitions->list);
    definitions->list = NULL;
    definitions->count = 0;
}

bool afmon_definitions_resolve(const struct afmon_definitions *definitions, struct afmon_expanded_sample *sample)
{
    if (sample->definition == 0)
        return sample->name != NULL;
    if (sample->definition > definitions->count)
        return false;
    const struct afmon_defined *defined = &definitions->list[sample->definition - 1];
    sample->name = defined->name;
    sample->name_length = defined->name_length;
    sample->packed = defined->packed;
    sample->packed_length = defined->packed_length;
    return true;
}

void afmon_renderer_init(struct afmon_renderer *renderer, const struct afmon_definitions *definitions,
                         int64_t wall_offset_ns)
{
    memset(renderer, 0, sizeof *renderer);
    renderer->definitions = definitions;
    renderer->wall_offset_ns = wall_offset_ns;
    afmon_expander_init(&renderer->expander);
    afmon_buffer_init(&renderer->scratch, TEXT_LIMIT);
    afmon_buffer_init(&renderer->metrics, TEXT_LIMIT);
    afmon_buffer_init(&renderer->log, TEXT_LIMIT);
}

void afmon_renderer_free(struct afmon_renderer *renderer)
{
    afmon_expander_free(&renderer->expander);
    afmon_buffer_free(&renderer->scratch);
    afmon_buffer_free(&renderer->metrics);
    afmon_buffer_free(&renderer->log);
}

static bool render_sample(void *user, const struct afmon_expanded_sample *given, int64_t boot_ns)
{
    struct afmon_renderer *renderer = user;
    struct afmon_expanded_sample sample = *given;
    if (!renderer->write_metrics)
        return true;
    if (!afmon_definitions_resolve(renderer->definitions, &sample)) {
        renderer->unknown_definition = true;
        return true;
    }
    struct afmon_buffer *scratch = &renderer->scratch;
    afmon_buffer_clear(scratch);
    afmon_line_prefix(scratch, sample.name, sample.name_length);
    size_t prefix = scratch->length;
    afmon_fields_render(scratch, sample.packed, sample.packed_length, AFMON_LINE_METRIC);
    afmon_item_id_render(scratch, &sample.item);
    if (scratch->failed)
        return false;
    afmon_line_sample(&renderer->metrics, scratch->data, prefix, sample.value, scratch->data + prefix,
                      scratch->length - prefix, &renderer->time, boot_ns + renderer->wall_offset_ns);
    return !renderer->metrics.failed;
}

static bool render_log(void *user, const struct afmon_expanded_log *log, int64_t boot_ns)
{
    struct afmon_renderer *renderer = user;
    if (!renderer->write_log)
        return true;
    afmon_line_log(&renderer->log, log->message, log->message_length, log->level, log->packed, log->packed_length,
                   boot_ns + renderer->wall_offset_ns);
    return !renderer->log.failed;
}

bool afmon_render_record(struct afmon_renderer *renderer, const unsigned char *record)
{
    size_t metrics = renderer->metrics.length;
    size_t log = renderer->log.length;
    struct afmon_expand_sink sink = {.sample = render_sample, .log = render_log, .user = renderer};
    if (afmon_expand(&renderer->expander, record, renderer->wall_offset_ns, &sink))
        return true;
    renderer->metrics.length = metrics;
    renderer->log.length = log;
    renderer->metrics.failed = renderer->log.failed = false;
    return false;
}

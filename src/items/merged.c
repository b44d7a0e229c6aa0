#include "items/merged.h"

#include <stdlib.h>
#include <string.h>

#include "base/micros.h"
#include "base/status.h"

#define PIECE ((size_t)128 << 10)
#define SMALL_PIECE ((size_t)8 << 10) /* of each of many files */
#define MANY 64

afmon_status afmon_merged_open(struct afmon_merged *merged, struct afmon_recorded *files, const char *only)
{
    *merged = (struct afmon_merged){
        .next_ns = INT64_MIN, .only = only, .only_id = only != NULL ? afmon_model_item_id_of(only, strlen(only)) : 0};
    merged->files = calloc(files->metrics.count + 1, sizeof *merged->files);
    if (merged->files == NULL)
        return AFMON_E_NO_MEMORY;
    for (; merged->count < files->metrics.count; merged->count++) {
        const struct afmon_run_file *from = &files->metrics.files[merged->count];
        const struct afmon_source source = afmon_recorded_source(files, from);
        struct afmon_merged_file *file = &merged->files[merged->count];
        afmon_back_init(&file->back, &source, files->metrics.count > MANY ? SMALL_PIECE : PIECE);
        file->number = afmon_run_file_of(from->path, strlen(from->path));
        file->reader = afmon_reader_new();
        merged->bytes += afmon_back_left(&file->back);
        if (file->reader == NULL) {
            merged->count++;
            return AFMON_E_NO_MEMORY;
        }
    }
    return AFMON_OK;
}

void afmon_merged_free(struct afmon_merged *merged)
{
    for (size_t i = 0; i < merged->count; i++) {
        afmon_back_free(&merged->files[i].back);
        afmon_reader_free(merged->files[i].reader);
        afmon_unpacked_free(&merged->files[i].fields);
    }
    free(merged->files);
    *merged = (struct afmon_merged){0};
}

uint64_t afmon_merged_done(const struct afmon_merged *merged)
{
    uint64_t left = 0;
    for (size_t i = 0; i < merged->count; i++)
        left += afmon_back_left(&merged->files[i].back);
    return merged->bytes - left;
}

/* ---- One file ---- */

/* Metrics that tell nothing of an item are not looked at further. */
static bool matters(enum afmon_metric_id kind)
{
    switch (kind) {
    case AFMON_METRIC_ITEM_STARTED:
    case AFMON_METRIC_ITEM_TIME:
    case AFMON_METRIC_GENERATION_TIME:
    case AFMON_METRIC_SUCCESS:
    case AFMON_METRIC_ERROR:
    case AFMON_METRIC_API_ERROR:
    case AFMON_METRIC_PROMPT:
    case AFMON_METRIC_COMPLETION:
    case AFMON_METRIC_TOTAL:
    case AFMON_METRIC_COST:
    case AFMON_METRIC_EVALUATION_TIME:
    case AFMON_METRIC_EVALUATION_ERROR:
        return true;
    default:
        return false;
    }
}

/* What is no sample is passed over: `show` tells of it. */
static afmon_status take_line(const struct afmon_merged *merged, struct afmon_merged_file *file, const char *line,
                              size_t length)
{
    const char *why;
    afmon_status status = afmon_read_line(file->reader, line, length, &file->read, &why);
    if (status != AFMON_OK)
        return status == AFMON_E_FORMAT ? AFMON_OK : status;
    file->facts = (struct afmon_sample_facts){0};
    afmon_sample_look_at_name(file->read.name, file->read.name_length, &file->facts);
    if (!matters(file->facts.kind))
        return AFMON_OK;
    status = afmon_reader_packed(file->reader, &file->read);
    if (status != AFMON_OK)
        return status;
    if (!afmon_unpack(&file->fields, file->read.packed, file->read.packed_length))
        return AFMON_E_NO_MEMORY;
    afmon_sample_look_at_fields(file->fields.fields, file->fields.count, &file->facts);
    file->sample = (struct afmon_item_sample){.facts = &file->facts,
                                              .id = file->read.item,
                                              .time_ns = afmon_us_to_ns(file->read.wall_us),
                                              .value = file->read.value,
                                              .file = file->number};
    uint64_t id = afmon_model_item_id(&file->sample);
    file->there = !file->facts.bare && id != 0 && (merged->only == NULL || id == merged->only_id);
    return AFMON_OK;
}

/* Characters that nobody escapes in JSON. */
static bool is_simple(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
           c == '.' || c == ':';
}

/* Tells the lines of other items at a glance, where they are in our form and the id is a simple one. False: it is
 * surely another item's. at: behind the key. */
static bool may_be(const char *at, const char *end, const char *id)
{
    if (end - at < 4 || memcmp(at, "\": ", 3) != 0)
        return true;
    at += at[3] == '"' ? 4 : 3;
    while (at < end && *id != '\0' && *id == *at) {
        at++;
        id++;
    }
    return at == end || (*id == '\0' ? !is_simple(*at) : !is_simple(*id) || *at == '\\');
}

static bool may_matter(const struct afmon_merged *merged, const char *line, size_t length)
{
    const char *key = memmem(line, length, AFMON_ITEM_KEY, AFMON_ITEM_KEY_LENGTH);
    return key != NULL && (merged->only == NULL || may_be(key + AFMON_ITEM_KEY_LENGTH, line + length, merged->only));
}

static afmon_status advance(const struct afmon_merged *merged, struct afmon_merged_file *file, afmon_error *error)
{
    const char *line;
    size_t length = 0;
    file->begun = true;
    file->there = false;
    while (!file->there) {
        afmon_status status = afmon_back_next(&file->back, &line, &length, error);
        if (status != AFMON_OK || line == NULL)
            return status;
        if (!may_matter(merged, line, length))
            continue;
        status = take_line(merged, file, line, length);
        if (status == AFMON_E_NO_MEMORY)
            return afmon_fail_memory(error);
        if (status != AFMON_OK)
            return afmon_fail(error, status, "%s: %s", file->back.source.path, afmon_status_text(status));
    }
    return AFMON_OK;
}

/* ---- All of them ---- */

static void choose(struct afmon_merged *merged)
{
    merged->current = NULL;
    merged->next_ns = INT64_MIN;
    for (size_t i = 0; i < merged->count; i++) {
        struct afmon_merged_file *file = &merged->files[i];
        if (!file->there)
            continue;
        int64_t best_ns = merged->current != NULL ? merged->current->sample.time_ns : INT64_MIN;
        if (merged->current == NULL || file->sample.time_ns > best_ns) {
            merged->next_ns = best_ns;
            merged->current = file;
        } else if (file->sample.time_ns > merged->next_ns) {
            merged->next_ns = file->sample.time_ns;
        }
    }
}

afmon_status afmon_merged_next(struct afmon_merged *merged, struct afmon_merged_file **file, afmon_error *error)
{
    afmon_status status = AFMON_OK;
    *file = NULL;
    if (merged->current == NULL)
        for (size_t i = 0; i < merged->count && status == AFMON_OK; i++)
            status = merged->files[i].begun ? AFMON_OK : advance(merged, &merged->files[i], error);
    else
        status = advance(merged, merged->current, error);
    if (status != AFMON_OK)
        return status;
    if (merged->current == NULL || !merged->current->there || merged->current->sample.time_ns < merged->next_ns)
        choose(merged);
    *file = merged->current;
    merged->samples += *file != NULL;
    return AFMON_OK;
}

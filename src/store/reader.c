#include "store/reader.h"

#include <stdlib.h>
#include <string.h>

#include "store/reader_internal.h"

#define SCRATCH_LIMIT (SIZE_MAX / 4) /* what bounds scratch memory is the length of lines, AFMON_LINE_LIMIT */
#define KEPT_SCRATCH ((size_t)1 << 20)

struct afmon_reader *afmon_reader_new(void)
{
    struct afmon_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL)
        return NULL;
    afmon_buffer_init(&reader->name, SCRATCH_LIMIT);
    afmon_buffer_init(&reader->packed, SCRATCH_LIMIT);
    afmon_buffer_init(&reader->text, SCRATCH_LIMIT);
    afmon_asides_init(&reader->asides, SCRATCH_LIMIT);
    afmon_buffer_init(&reader->repaired, SCRATCH_LIMIT);
    return reader;
}

static void free_scratch(struct afmon_reader *reader)
{
    afmon_forget_object(reader);
    afmon_buffer_free(&reader->name);
    afmon_buffer_free(&reader->packed);
    afmon_buffer_free(&reader->text);
    afmon_asides_free(&reader->asides);
    afmon_buffer_free(&reader->repaired);
}

void afmon_reader_free(struct afmon_reader *reader)
{
    if (reader == NULL)
        return;
    free_scratch(reader);
    free(reader);
}

/* After a huge line its memory goes back; and failures of an earlier line are forgotten. */
static void begin_line(struct afmon_reader *reader)
{
    size_t kept = reader->name.capacity + reader->packed.capacity + reader->text.capacity +
                  afmon_asides_bytes(&reader->asides) + reader->repaired.capacity;
    if (kept > KEPT_SCRATCH)
        free_scratch(reader);
    reader->name.failed = false;
    reader->packed.failed = false;
    reader->text.failed = false;
    reader->repaired.failed = false;
}

/* What editors on Windows put before the first line is no part of it. */
static size_t mark_length(const char *line, size_t length)
{
    static const char mark[] = "\xef\xbb\xbf";
    return length >= sizeof mark - 1 && memcmp(line, mark, sizeof mark - 1) == 0 ? sizeof mark - 1 : 0;
}

afmon_status afmon_read_line(struct afmon_reader *reader, const char *line, size_t length,
                             struct afmon_read_sample *sample, const char **why)
{
    begin_line(reader);
    *why = NULL;
    *sample = (struct afmon_read_sample){0};
    afmon_status status = afmon_scan_line(reader, line, length, sample);
    if (status == AFMON_E_FORMAT) {
        size_t mark = mark_length(line, length);
        *sample = (struct afmon_read_sample){0};
        begin_line(reader);
        status = afmon_read_object(reader, line + mark, length - mark, sample, why);
    }
    return status;
}

#include <stdlib.h>
#include <string.h>

#include "live/log.h"

static struct afmon_kept_line *copy_line(const afmon_live_log_line *line)
{
    struct afmon_kept_line *kept = malloc(sizeof *kept + line->message_length + line->data_length + 1);
    if (kept == NULL)
        return NULL;
    *kept = (struct afmon_kept_line){.number = line->number,
                                     .time_ns = line->timestamp_ns,
                                     .level = line->level,
                                     .routine = line->routine,
                                     .message_length = (uint32_t)line->message_length,
                                     .data_length = (uint32_t)line->data_length};
    memcpy(kept->text, line->message, line->message_length);
    if (line->data_length > 0)
        memcpy(kept->text + line->message_length, line->data, line->data_length);
    return kept;
}

static bool is_later(const struct afmon_kept_line *kept, const afmon_live_log_line *line)
{
    if (kept->time_ns != line->timestamp_ns)
        return kept->time_ns > line->timestamp_ns;
    return kept->number > line->number; /* those of one millisecond in the order in which they came */
}

/* Behind the last line that is not later. Most lines come in order, at one end or the other. */
static size_t place_of(const struct afmon_kept_lines *kept, const afmon_live_log_line *line)
{
    size_t low = 0;
    size_t high = kept->count;
    if (high > 0 && !is_later(kept->lines[high - 1], line))
        return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (!is_later(kept->lines[middle], line))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static size_t text_of(const struct afmon_kept_line *line)
{
    return (size_t)line->message_length + line->data_length;
}

static void drop_oldest(struct afmon_kept_lines *kept)
{
    kept->bytes -= text_of(kept->lines[0]);
    free(kept->lines[0]);
    kept->count--;
    memmove(kept->lines, kept->lines + 1, kept->count * sizeof(struct afmon_kept_line *));
}

bool afmon_kept_lines_is_full(const struct afmon_kept_lines *kept, size_t more)
{
    return kept->count == kept->most || (kept->count > 0 && kept->bytes + more > kept->most * AFMON_LOG_KEPT);
}

bool afmon_kept_lines_add(struct afmon_kept_lines *kept, const afmon_live_log_line *line)
{
    if (kept->lines == NULL)
        kept->lines = malloc(kept->most * sizeof(struct afmon_kept_line *));
    if (kept->lines == NULL)
        return false;
    size_t place = place_of(kept, line);
    size_t length = line->message_length + line->data_length;
    if (place == 0 && afmon_kept_lines_is_full(kept, length))
        return true;
    struct afmon_kept_line *copy = copy_line(line);
    if (copy == NULL)
        return false;
    while (place > 0 && afmon_kept_lines_is_full(kept, length)) {
        drop_oldest(kept);
        place--;
    }
    if (kept->count == kept->most) { /* all before it are gone */
        free(copy);
        return true;
    }
    memmove(kept->lines + place + 1, kept->lines + place, (kept->count - place) * sizeof(struct afmon_kept_line *));
    kept->lines[place] = copy;
    kept->count++;
    kept->bytes += length;
    return true;
}

void afmon_kept_lines_free(struct afmon_kept_lines *kept)
{
    for (size_t i = 0; i < kept->count; i++)
        free(kept->lines[i]);
    free(kept->lines);
    *kept = (struct afmon_kept_lines){.most = kept->most};
}

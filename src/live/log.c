#include "live/log.h"

#include <string.h>

/* Lines of the past that are older than all that is kept: nothing of them is needed. */
static bool is_passed_over(struct afmon_live_log *log, const char *line, size_t length)
{
    static const char *const routine[] = {"Generation metrics", "Evaluation metrics"};
    int64_t time_ns;
    size_t message_length;
    if (!afmon_kept_lines_is_full(&log->routine, length) || !afmon_kept_lines_is_full(&log->notable, length))
        return false;
    const char *message = afmon_log_message(line, length, &message_length);
    if (message == NULL || !afmon_log_time(&log->scratch, line, length, &time_ns) ||
        time_ns >= log->routine.lines[0]->time_ns || time_ns >= log->notable.lines[0]->time_ns)
        return false;
    for (size_t i = 0; i < 2; i++)
        if (message_length == strlen(routine[i]) && memcmp(message, routine[i], message_length) == 0)
            return true;
    return false;
}

afmon_status afmon_live_log_take(struct afmon_live_log *log, const char *line, size_t length, bool older)
{
    afmon_live_log_line parts;
    if (length == 0)
        return AFMON_OK;
    log->line_count++;
    if (older && is_passed_over(log, line, length))
        return AFMON_OK;
    afmon_log_parse(&log->scratch, line, length, older ? INT64_MIN : log->last_ns, &parts);
    if (!older)
        log->last_ns = parts.timestamp_ns;
    parts.number = older ? 0 : ++log->last_number;
    struct afmon_kept_lines *kept = parts.routine ? &log->routine : &log->notable;
    return afmon_kept_lines_add(kept, &parts) ? AFMON_OK : AFMON_E_NO_MEMORY;
}

static size_t bytes_of(const struct afmon_kept_lines *kept)
{
    size_t bytes = kept->lines != NULL ? kept->most * sizeof(struct afmon_kept_line *) : 0;
    for (size_t i = 0; i < kept->count; i++)
        bytes += sizeof *kept->lines[i] + kept->lines[i]->message_length + kept->lines[i]->data_length;
    return bytes;
}

size_t afmon_live_log_bytes(const struct afmon_live_log *log)
{
    return bytes_of(&log->routine) + bytes_of(&log->notable) + log->scratch.message.capacity;
}

void afmon_live_log_free(struct afmon_live_log *log)
{
    size_t most = log->routine.most;
    afmon_log_scratch_free(&log->scratch);
    afmon_kept_lines_free(&log->routine);
    afmon_kept_lines_free(&log->notable);
    *log = (struct afmon_live_log){.routine = {.most = most}, .notable = {.most = most}};
}

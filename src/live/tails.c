/* The files that are followed, and what becomes of their lines. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/status.h"
#include "live/live_internal.h"

struct afmon_tail *afmon_live_find_tail(const struct afmon_live *live, const char *path)
{
    for (size_t i = 0; i < live->tail_count; i++)
        if (strcmp(live->tails[i]->path, path) == 0)
            return live->tails[i];
    return NULL;
}

struct afmon_tail *afmon_live_add_tail(struct afmon_live *live, const char *path, bool log)
{
    struct afmon_tail **more = realloc(live->tails, (live->tail_count + 1) * sizeof *more);
    if (more == NULL)
        return NULL;
    live->tails = more;
    struct afmon_tail *tail = calloc(1, sizeof *tail);
    char *copy = tail != NULL ? strdup(path) : NULL;
    if (copy == NULL) {
        free(tail);
        return NULL;
    }
    tail->path = copy;
    tail->log = log;
    tail->source.file = afmon_run_file_of(copy, strlen(copy));
    if (live->options.meters && !log && (tail->source.meter_call = afmon_meter_call_new()) == NULL) {
        free(copy);
        free(tail);
        return NULL;
    }
    live->tails[live->tail_count++] = tail;
    return tail;
}

struct afmon_tail *afmon_live_tail_of(struct afmon_live *live, const char *name, bool log)
{
    char *path = afmon_path_join(live->folder, name);
    struct afmon_tail *tail = path != NULL ? afmon_live_find_tail(live, path) : NULL;
    if (path != NULL && tail == NULL)
        tail = afmon_live_add_tail(live, path, log);
    free(path);
    return tail;
}

void afmon_live_forget_files(struct afmon_live *live)
{
    for (size_t i = 0; i < live->tail_count; i++) {
        free(live->tails[i]->path);
        free(live->tails[i]->source.meter_call);
        free(live->tails[i]);
    }
    free(live->tails);
    live->tails = NULL;
    live->tail_count = 0;
}

struct afmon_tail_lines afmon_live_lines_of(struct afmon_live *live, const struct afmon_tail *tail)
{
    struct afmon_tail_lines lines = tail->log ? afmon_live_log_lines : afmon_live_metrics_lines;
    lines.user = live;
    return lines;
}

afmon_status afmon_live_settle(struct afmon_live *live, afmon_status status, afmon_error *error)
{
    live->stale |= status == AFMON_E_NO_MEMORY || status == AFMON_E_CANCELLED;
    return status == AFMON_E_NO_MEMORY ? afmon_fail_memory(error) : status;
}

/* The files of the run: which there are, and what is read of them when. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/status.h"
#include "live/live_internal.h"
#include "run/folder.h"

static afmon_status take_files(struct afmon_live *live, const struct afmon_run_listing *files, bool log)
{
    for (size_t i = 0; i < files->count; i++) {
        struct afmon_tail *tail = afmon_live_find_tail(live, files->files[i].path);
        bool fresh = tail == NULL;
        if (fresh)
            tail = afmon_live_add_tail(live, files->files[i].path, log);
        if (tail == NULL || (fresh && log && afmon_live_look_for_rules(live, tail->path) != AFMON_OK))
            return AFMON_E_NO_MEMORY;
        tail->seen = true;
        tail->size = afmon_tail_counts(tail, (int64_t)files->files[i].size);
    }
    return AFMON_OK;
}

/* A folder that is not there has no files. */
static afmon_status list_kind(struct afmon_live *live, const char *stem, const char *extension, bool log,
                              afmon_error *error)
{
    struct afmon_run_listing files;
    afmon_error reason = {0};
    afmon_status status = afmon_run_list(live->folder, stem, extension, &files, &reason);
    if (status == AFMON_E_SYSTEM && reason.os_error == ENOENT)
        return AFMON_OK;
    if (status != AFMON_OK) {
        if (error != NULL)
            *error = reason;
        return status;
    }
    status = take_files(live, &files, log);
    afmon_run_listing_free(&files);
    return status == AFMON_OK ? status : afmon_fail_memory(error);
}

afmon_status afmon_live_list(struct afmon_live *live, afmon_error *error)
{
    for (size_t i = 0; i < live->tail_count; i++)
        live->tails[i]->seen = false;
    afmon_status status = list_kind(live, "metrics", ".jsonl", false, error);
    if (status == AFMON_OK)
        status = list_kind(live, "afterimage", ".log", true, error);
    if (status == AFMON_OK && afmon_live_limit_files(live) != AFMON_OK)
        status = afmon_fail_memory(error);
    for (size_t i = 0; status == AFMON_OK && i < live->tail_count; i++)
        live->stale |= !live->tails[i]->seen;
    return status;
}

/* One piece of what is new in a file. */
static afmon_status read_new(struct afmon_live *live, struct afmon_tail *tail, bool *more, bool *changed,
                             afmon_error *error)
{
    struct afmon_tail_lines lines = afmon_live_lines_of(live, tail);
    int64_t before = tail->end;
    bool begun = tail->begun;
    live->source = &tail->source;
    live->tail = tail;
    afmon_status status = afmon_tail_forward(tail, &live->buffer, live->in_order, &lines, more, error);
    *more = *more && status == AFMON_OK;
    *changed |= tail->end != before || tail->begun != begun;
    return afmon_live_settle(live, status, error);
}

/* What is new in all files, a piece of each in turn. */
static afmon_status read_all_new(struct afmon_live *live, int64_t until_ns, bool *changed, afmon_error *error)
{
    bool any = true;
    while (any) {
        any = false;
        for (size_t i = 0; i < live->tail_count; i++) {
            bool more = false;
            struct afmon_tail *tail = live->tails[i];
            afmon_status status = AFMON_OK;
            if (!tail->begun || tail->size != tail->end)
                status = read_new(live, tail, &more, changed, error);
            if (status != AFMON_OK)
                return status;
            any |= more;
        }
        if (afmon_boot_ns() >= until_ns)
            return AFMON_OK;
    }
    return AFMON_OK;
}

/* A piece of the past. It ends where a call does. */
static afmon_status read_past(struct afmon_live *live, struct afmon_tail *tail, afmon_error *error)
{
    struct afmon_tail_lines lines = afmon_live_lines_of(live, tail);
    live->source = &live->back;
    live->back.file = tail->source.file;
    live->tail = tail;
    live->past = true;
    afmon_status status = afmon_tail_backward(tail, &live->buffer, &lines, error);
    live->past = false;
    if (live->model != NULL)
        afmon_feed_settle(live->model, live->meters, &live->back);
    return afmon_live_settle(live, status, error);
}

void afmon_live_settle_calls(struct afmon_live *live)
{
    for (size_t i = 0; live->model != NULL && i < live->tail_count; i++) {
        struct afmon_tail *tail = live->tails[i];
        if (!tail->log && tail->begun && tail->size == tail->end)
            afmon_feed_settle(live->model, live->meters, &tail->source);
    }
}

/* The file of which most is not read yet. Logs come last: their lines are many and tell less. */
static struct afmon_tail *most_unread(const struct afmon_live *live)
{
    struct afmon_tail *most = NULL;
    for (size_t i = 0; i < live->tail_count; i++) {
        struct afmon_tail *tail = live->tails[i];
        if (tail->begin > 0 &&
            (most == NULL || most->log > tail->log || (most->log == tail->log && tail->begin > most->begin)))
            most = tail;
    }
    return most;
}

/* After a long line its memory goes back. */
static void shrink(struct afmon_buffer *buffer)
{
    if (buffer->capacity > 4 * (size_t)AFMON_TAIL_FIRST)
        afmon_buffer_free(buffer);
}

afmon_status afmon_live_read(struct afmon_live *live, int64_t until_ns, bool *changed, afmon_error *error)
{
    afmon_live_settle_calls(live);
    afmon_status status = read_all_new(live, until_ns, changed, error);
    if (status == AFMON_OK)
        status = afmon_live_read_left(live, until_ns, changed, error);
    bool first = true;
    while (status == AFMON_OK && (first || afmon_boot_ns() < until_ns)) {
        struct afmon_tail *tail = most_unread(live);
        if (tail == NULL)
            break;
        status = read_past(live, tail, error);
        *changed = true;
        first = false;
    }
    shrink(&live->buffer);
    return status;
}

/* What killed processes left in a folder that cannot be written.
 *
 * Each of their files counts up to where a recovery would cut it off, and behind that stands what it would append, read
 * from the rings (ingest/peek.h). When somebody else recovers them, the files grow by that very text, which has been
 * read. */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/status.h"
#include "live/live_internal.h"

void afmon_live_forget_left(struct afmon_live *live)
{
    if (live->peek != NULL)
        afmon_peek_close(live->peek);
    free(live->peek);
    live->peek = NULL;
    live->left_waits = false;
    for (size_t i = 0; i < live->tail_count; i++)
        live->tails[i]->limited = false;
}

/* While somebody is recovering, files grow: nothing is read of the rings, and the next update looks again. */
static afmon_status give_up(struct afmon_live *live, int failure, afmon_error *error)
{
    afmon_live_forget_left(live);
    live->left_waits = failure == EAGAIN;
    return failure == EAGAIN ? AFMON_OK : afmon_fail_os(error, failure, "cannot read what is left in %s", live->folder);
}

afmon_status afmon_live_look_at_left(struct afmon_live *live, afmon_error *error)
{
    bool any = live->sessions.dead > 0 && (live->recovery_failed || !live->options.recover);
    if (live->peek != NULL && any && live->peeked_at == live->sessions.dead_serials)
        return AFMON_OK;
    afmon_live_forget_left(live);
    if (!any)
        return AFMON_OK;
    live->peek = calloc(1, sizeof *live->peek);
    if (live->peek == NULL)
        return afmon_fail_memory(error);
    live->peeked_at = live->sessions.dead_serials;
    int failure = afmon_peek_open(live->peek, live->folder);
    return failure == 0 ? AFMON_OK : give_up(live, failure, error);
}

static afmon_status limit_file(struct afmon_live *live, const struct afmon_peek_file *file)
{
    struct afmon_tail *tail = afmon_live_tail_of(live, file->name, file->log);
    if (tail == NULL)
        return AFMON_E_NO_MEMORY;
    if (!tail->seen && tail->inode == 0) /* it is not there, and only a recovery would make it */
        tail->seen = tail->begun = tail->whole = true;
    tail->limited = true;
    tail->limit = file->end;
    tail->size = afmon_tail_counts(tail, tail->size);
    live->stale |= tail->end > tail->limit && tail->size < tail->end;
    return AFMON_OK;
}

afmon_status afmon_live_limit_files(struct afmon_live *live)
{
    afmon_status status = AFMON_OK;
    for (size_t i = 0; live->peek != NULL && i < live->peek->file_count && status == AFMON_OK; i++)
        if (live->peek->files[i].name[0] != '\0')
            status = limit_file(live, &live->peek->files[i]);
    return status;
}

/* What stands before it is read. */
static bool is_reached(struct afmon_live *live)
{
    for (size_t i = 0; i < live->peek->file_count; i++) {
        const struct afmon_peek_file *file = &live->peek->files[i];
        const struct afmon_tail *tail = file->name[0] != '\0' ? afmon_live_tail_of(live, file->name, file->log) : NULL;
        if (tail != NULL && (!tail->begun || tail->end < file->end))
            return false;
    }
    return true;
}

static afmon_status take_text(struct afmon_live *live, const struct afmon_peek_text *text, bool *changed)
{
    const struct afmon_peek_file *file = &live->peek->files[text->file];
    struct afmon_tail *tail = text->length > 0 ? afmon_live_tail_of(live, file->name, file->log) : NULL;
    if (tail == NULL)
        return text->length > 0 ? AFMON_E_NO_MEMORY : AFMON_OK;
    struct afmon_tail_lines lines = afmon_live_lines_of(live, tail);
    int64_t before = tail->end;
    live->source = &tail->source;
    live->tail = tail;
    afmon_status status = afmon_tail_take(tail, text->at, text->data, text->length, &lines);
    tail->size = afmon_tail_counts(tail, tail->size);
    *changed |= tail->end != before;
    return status;
}

static afmon_status take_piece(struct afmon_live *live, bool *changed)
{
    afmon_status status = AFMON_OK;
    for (size_t i = 0; i < 2 && status == AFMON_OK; i++)
        status = take_text(live, &live->peek->texts[i], changed);
    return status;
}

afmon_status afmon_live_read_left(struct afmon_live *live, int64_t until_ns, bool *changed, afmon_error *error)
{
    bool first = true;
    if (live->peek == NULL || live->peek->done || !is_reached(live))
        return AFMON_OK;
    while (!live->peek->done && (first || afmon_boot_ns() < until_ns)) {
        afmon_status status = take_piece(live, changed);
        if (status != AFMON_OK)
            return afmon_live_settle(live, status, error);
        int failure = afmon_peek_next(live->peek);
        if (failure != 0)
            return give_up(live, failure, error);
        first = false;
    }
    *changed |= live->peek->done;
    return AFMON_OK;
}

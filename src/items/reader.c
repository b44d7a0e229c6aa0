/* The items of a run, from the newest to the oldest, as they are asked for. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/options.h"
#include "base/status.h"
#include "items/data_set.h"
#include "items/found.h"
#include "items/merged.h"
#include "items/origin.h"
#include "items/reader.h"
#include "items/slowest.h"

#define CURSOR_DISORDER_NS (5 * AFMON_NS_PER_S)
#define PROGRESS_EVERY 4096 /* samples */

/* The item behind which a query goes on. */
struct cursor {
    uint64_t hash; /* 0: none */
    int64_t started_ns;
};

struct afmon_item_reader {
    afmon_item_query query;
    char *folder;
    char *texts[5]; /* the query's own: kind, reason, operation, error type, id */
    struct afmon_recorded files;
    struct afmon_origin origin;
    struct afmon_merged merged;
    struct afmon_call_draft *drafts; /* of each file */
    struct afmon_hold hold;
    int64_t time_ns; /* of what was read last */
    bool all;        /* everything was read */
    struct cursor from;
    struct cursor last;
    struct afmon_item_made found;
    struct afmon_slowest slowest;
    struct afmon_data_set data_set;
    const struct afmon_item_guard *guard; /* while it is opened; NULL: none */
};

void afmon_item_query_init(afmon_item_query *query)
{
    *query = (afmon_item_query){.size = sizeof *query};
}

/* ---- Opening ---- */

static bool parse_cursor(const char *text, struct cursor *cursor)
{
    unsigned long long hash = 0;
    long long started = 0;
    int used = 0;
    if (text == NULL || text[0] == '\0')
        return true;
    bool right = strlen(text) < AFMON_ITEM_CURSOR_SIZE && sscanf(text, "%16llx.%lld%n", &hash, &started, &used) == 2 &&
                 text[used] == '\0' && hash != 0;
    *cursor = (struct cursor){hash, started};
    return right;
}

/* A text of the caller's as one of ours. */
static bool own(const char **text, char **kept)
{
    if (*text == NULL)
        return true;
    *text = *kept = strdup(*text);
    return *kept != NULL;
}

static bool own_texts(afmon_item_reader *reader)
{
    afmon_item_query *query = &reader->query;
    return own(&query->kind, &reader->texts[0]) && own(&query->reason, &reader->texts[1]) &&
           own(&query->operation, &reader->texts[2]) && own(&query->error_type, &reader->texts[3]) &&
           own(&query->id, &reader->texts[4]);
}

static afmon_status take_query(afmon_item_reader *reader, const afmon_item_query *query, afmon_error *error)
{
    afmon_item_query_init(&reader->query);
    afmon_status status = afmon_options_take(&reader->query, sizeof reader->query, query, "afmon_item_query", error);
    if (status != AFMON_OK)
        return status;
    if (reader->query.slowest > AFMON_SLOWEST_MAX)
        return afmon_fail(error, AFMON_E_ARGUMENT, "slowest is %" PRIu64 "; it is at most %d", reader->query.slowest,
                          AFMON_SLOWEST_MAX);
    if (reader->query.slowest > 0 && reader->query.cursor != NULL && reader->query.cursor[0] != '\0')
        return afmon_fail(error, AFMON_E_ARGUMENT, "the slowest items come at once: there is no cursor to go on from");
    if (!parse_cursor(reader->query.cursor, &reader->from))
        return afmon_fail(error, AFMON_E_ARGUMENT, "the cursor is none that was given with an item");
    return AFMON_OK;
}

static afmon_status open_data_set(afmon_item_reader *reader, const char *path, afmon_error *error)
{
    afmon_status status = AFMON_OK;
    const struct afmon_item_guard *guard = path == NULL ? reader->guard : NULL;
    if (path == NULL)
        status = afmon_origin_data_set(&reader->origin, &path, error);
    if (status != AFMON_OK)
        return status;
    if (path == NULL)
        return afmon_fail(error, AFMON_E_NO_DATA,
                          "the record of the run %s names no data set: say which file has the texts", reader->folder);
    if (guard != NULL && !guard->allows(guard->user, path))
        return afmon_fail(error, AFMON_E_NO_DATA, "the data set that the run's record names may not be read here");
    return afmon_data_set_open(&reader->data_set, path, error);
}

static afmon_status open_files(afmon_item_reader *reader, afmon_error *error)
{
    afmon_status status = afmon_recorded_open(reader->folder, &reader->files, error);
    if (status == AFMON_OK)
        status = afmon_recorded_is_a_run(&reader->files, reader->folder, error);
    if (status != AFMON_OK)
        return status;
    afmon_origin_init(&reader->origin, reader->folder, &reader->files);
    if (reader->query.text)
        status = open_data_set(reader, reader->query.data_set, error);
    if (status != AFMON_OK)
        return status;
    status = afmon_merged_open(&reader->merged, &reader->files, reader->query.id);
    reader->drafts = calloc(reader->merged.count + 1, sizeof *reader->drafts);
    if (status != AFMON_OK || reader->drafts == NULL)
        return afmon_fail_memory(error);
    for (size_t i = 0; i < reader->merged.count; i++)
        afmon_call_draft_init(&reader->drafts[i]);
    return AFMON_OK;
}

afmon_status afmon_item_reader_open(const char *folder, const afmon_item_query *query, afmon_item_reader **reader,
                                    afmon_error *error)
{
    return afmon_item_reader_open_guarded(folder, query, NULL, reader, error);
}

afmon_status afmon_item_reader_open_guarded(const char *folder, const afmon_item_query *query,
                                            const struct afmon_item_guard *guard, afmon_item_reader **reader,
                                            afmon_error *error)
{
    if (reader == NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "no place for the reader was given");
    *reader = NULL;
    if (folder == NULL || folder[0] == '\0')
        return afmon_fail(error, AFMON_E_ARGUMENT, "no folder was given");
    afmon_item_reader *made = calloc(1, sizeof *made);
    if (made == NULL)
        return afmon_fail_memory(error);
    afmon_status status = take_query(made, query, error);
    made->time_ns = INT64_MAX;
    made->slowest.most = (size_t)made->query.slowest;
    if (status == AFMON_OK && (!own_texts(made) || (made->folder = strdup(folder)) == NULL))
        status = afmon_fail_memory(error);
    afmon_hold_init(&made->hold, made->query.id != NULL);
    made->guard = guard;
    if (status == AFMON_OK)
        status = open_files(made, error);
    /* The caller's, and read by now. */
    made->query.cursor = made->query.data_set = NULL;
    made->guard = NULL;
    if (status == AFMON_OK)
        *reader = made;
    else
        afmon_item_reader_close(made);
    return status;
}

void afmon_item_reader_close(afmon_item_reader *reader)
{
    if (reader == NULL)
        return;
    for (size_t i = 0; reader->drafts != NULL && i < reader->merged.count; i++)
        afmon_call_draft_free(&reader->drafts[i]);
    free(reader->drafts);
    afmon_slowest_free(&reader->slowest);
    afmon_item_made_free(&reader->found);
    afmon_hold_free(&reader->hold);
    afmon_merged_free(&reader->merged);
    afmon_data_set_free(&reader->data_set);
    afmon_origin_free(&reader->origin);
    afmon_recorded_free(&reader->files);
    for (size_t i = 0; i < sizeof reader->texts / sizeof reader->texts[0]; i++)
        free(reader->texts[i]);
    free(reader->folder);
    free(reader);
}

/* ---- Reading ---- */

static afmon_status take_sample(afmon_item_reader *reader, const struct afmon_merged_file *file, afmon_error *error)
{
    const struct afmon_item_sample *sample = &file->sample;
    enum afmon_metric_id kind = sample->facts->kind;
    struct afmon_kept_call *call = NULL;
    bool ok;
    reader->time_ns = sample->time_ns;
    if (kind == AFMON_METRIC_ITEM_STARTED || kind == AFMON_METRIC_ITEM_TIME)
        ok = afmon_hold_item(&reader->hold, sample, reader->merged.samples);
    else
        ok = afmon_call_draft_take(&reader->drafts[file - reader->merged.files], sample, &call);
    if (call != NULL)
        ok = afmon_hold_call(&reader->hold, sample, call);
    return ok ? AFMON_OK : afmon_fail_memory(error);
}

static afmon_status report_progress(const afmon_item_reader *reader, afmon_error *error)
{
    const afmon_item_query *query = &reader->query;
    if (query->progress == NULL || reader->merged.samples % PROGRESS_EVERY != 0)
        return AFMON_OK;
    return query->progress(query->user, afmon_merged_done(&reader->merged), reader->merged.bytes) != 0
               ? afmon_fail(error, AFMON_E_CANCELLED, "reading %s was cancelled", reader->folder)
               : AFMON_OK;
}

static afmon_status state_of(afmon_item_reader *reader, const struct afmon_model_item *known, afmon_item_state *state,
                             afmon_error *error)
{
    bool open;
    if (afmon_model_item_has_outcome(known)) {
        *state = known->outcome == AFMON_OUTCOME_ACCEPTED   ? AFMON_ITEM_ACCEPTED
                 : known->outcome == AFMON_OUTCOME_REJECTED ? AFMON_ITEM_REJECTED
                                                            : AFMON_ITEM_FAILED;
        return AFMON_OK;
    }
    afmon_status status = afmon_origin_is_open(&reader->origin, known, &open, error);
    *state = open ? AFMON_ITEM_OPEN : AFMON_ITEM_ABANDONED;
    return status;
}

/* The next item that is known as a whole, whatever was asked for; *item is NULL after the last one. */
static afmon_status next_held(afmon_item_reader *reader, const struct afmon_held_item **item, afmon_error *error)
{
    for (;;) {
        struct afmon_merged_file *file;
        bool ok = reader->all ? afmon_hold_take_left(&reader->hold, item)
                              : afmon_hold_take(&reader->hold, reader->time_ns, reader->merged.samples, item);
        if (!ok)
            return afmon_fail_memory(error);
        if (*item != NULL || reader->all)
            return AFMON_OK;
        afmon_status status = afmon_merged_next(&reader->merged, &file, error);
        if (status == AFMON_OK && file != NULL)
            status = take_sample(reader, file, error);
        if (status == AFMON_OK)
            status = report_progress(reader, error);
        if (status != AFMON_OK)
            return status;
        reader->all = file == NULL;
    }
}

/* Whether the item stands before the place where the query goes on. Where that item was made again meanwhile, it goes
 * on with those that were begun before it. */
static bool is_passed(afmon_item_reader *reader, const struct afmon_held_item *item)
{
    if (reader->from.hash == 0)
        return false;
    bool there = item->known.hash == reader->from.hash;
    if (there || (item->known.starts > 0 && item->known.started_ns < reader->from.started_ns - CURSOR_DISORDER_NS))
        reader->from.hash = 0;
    return there || reader->from.hash != 0;
}

/* The next one that is wanted; *there is false after the last one. */
static afmon_status next_wanted(afmon_item_reader *reader, bool *there, afmon_error *error)
{
    const struct afmon_held_item *item;
    *there = false;
    for (;;) {
        afmon_item_state state;
        afmon_status status = next_held(reader, &item, error);
        if (status != AFMON_OK || item == NULL)
            return status;
        if (is_passed(reader, item))
            continue;
        status = state_of(reader, &item->known, &state, error);
        if (status != AFMON_OK)
            return status;
        if (!afmon_item_fits(&reader->query, item, state))
            continue;
        reader->last = (struct cursor){item->known.hash, item->known.starts > 0 ? item->known.started_ns : INT64_MIN};
        *there = true;
        bool ok = afmon_item_make(&reader->found, item, state, reader->hold.every_life);
        return ok ? AFMON_OK : afmon_fail_memory(error);
    }
}

/* ---- The slowest ---- */

static afmon_status gather(afmon_item_reader *reader, afmon_error *error)
{
    for (bool there = true; there;) {
        afmon_status status = next_wanted(reader, &there, error);
        if (status != AFMON_OK)
            return status;
        if (there && !afmon_slowest_add(&reader->slowest, &reader->found.item))
            return afmon_fail_memory(error);
    }
    reader->slowest.gathered = true;
    return AFMON_OK;
}

static afmon_status next_slow(afmon_item_reader *reader, bool *there, afmon_error *error)
{
    *there = false;
    afmon_status status = reader->slowest.gathered ? AFMON_OK : gather(reader, error);
    const afmon_found_item *item = status == AFMON_OK ? afmon_slowest_next(&reader->slowest) : NULL;
    *there = item != NULL;
    if (item != NULL)
        reader->found.item = *item;
    return status;
}

/* ---- What is given ---- */

afmon_status afmon_item_reader_next(afmon_item_reader *reader, const afmon_found_item **item, afmon_error *error)
{
    bool there;
    if (item != NULL)
        *item = NULL;
    if (reader == NULL || item == NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "no reader, or no place for the item, was given");
    afmon_status status =
        reader->query.slowest > 0 ? next_slow(reader, &there, error) : next_wanted(reader, &there, error);
    if (status != AFMON_OK || !there)
        return status;
    afmon_found_item *found = &reader->found.item;
    if (reader->query.text)
        status =
            afmon_data_set_find(&reader->data_set, found->kind, found->id, &found->text, &found->text_length, error);
    if (status == AFMON_OK)
        *item = found;
    return status;
}

void afmon_item_reader_cursor(const afmon_item_reader *reader, char cursor[AFMON_ITEM_CURSOR_SIZE])
{
    cursor[0] = '\0';
    if (reader->last.hash != 0 && reader->query.slowest == 0)
        snprintf(cursor, AFMON_ITEM_CURSOR_SIZE, "%016" PRIx64 ".%" PRId64, reader->last.hash, reader->last.started_ns);
}

bool afmon_item_reader_has_items(const afmon_item_reader *reader)
{
    return reader->hold.told;
}

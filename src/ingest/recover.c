/* Putting what dead sessions left into the files. */
#include "ingest/recover.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/quiet.h"
#include "base/status.h"
#include "ingest/recover_internal.h"

/* The records that are rendered, without those of which a copy has the lines already. */
static int land_rendered(struct afmon_rescue *rescue, struct afmon_ring *ring, uint64_t until)
{
    struct afmon_renderer *renderer = &rescue->renderer;
    if (rescue->copied) {
        afmon_known_filter(&rescue->metrics, &renderer->metrics);
        afmon_known_filter(&rescue->log, &renderer->log);
    }
    return afmon_land(&rescue->files, ring, &renderer->metrics, &renderer->log, until);
}

/* A batch that was on its way: whatever part of it has not landed is written again, all at once. */
static int finish_noted(struct afmon_rescue *rescue, struct afmon_ring *ring)
{
    struct afmon_landed landed;
    int failure = afmon_landing_settle(&rescue->files, ring, &landed);
    uint64_t head = afmon_ring_head(ring);
    if (failure != 0 || landed.until == head)
        return failure;
    if (landed.metrics && landed.log)
        return afmon_ring_advance(ring, landed.until);
    if (!landed.metrics && !landed.log)
        return afmon_ring_note_clear(ring);
    uint64_t records;
    bool bad;
    rescue->renderer.write_metrics = !landed.metrics;
    rescue->renderer.write_log = !landed.log;
    uint64_t until = afmon_rescue_render(rescue, ring, head, landed.until, UINT64_MAX, &records, &bad);
    rescue->renderer.write_metrics = rescue->session->metrics_file[0] != '\0';
    rescue->renderer.write_log = rescue->session->log_file[0] != '\0';
    if (until != landed.until)
        return bad ? EBADMSG : ENOMEM;
    failure = afmon_land(&rescue->files, ring, &rescue->renderer.metrics, &rescue->renderer.log, until);
    rescue->records += failure == 0 ? records : 0;
    return failure;
}

static int land_rest(struct afmon_rescue *rescue, struct afmon_ring *ring)
{
    uint64_t tail = afmon_ring_tail(ring);
    for (;;) {
        uint64_t head = afmon_ring_head(ring);
        if (head == tail)
            return 0;
        uint64_t records;
        bool bad;
        uint64_t until = afmon_rescue_render(rescue, ring, head, tail, AFMON_RESCUE_BATCH, &records, &bad);
        if (until == head)
            return bad ? EBADMSG : ENOMEM;
        int failure = land_rendered(rescue, ring, until);
        if (failure != 0)
            return failure;
        rescue->records += records;
    }
}

/* What cannot be read is kept under another name, for people to look at, and out of the way. Returns 0 or errno. */
static int keep_aside(int private_folder, const char *name)
{
    char aside[AFMON_FILE_NAME + 16];
    snprintf(aside, sizeof aside, "%s.damaged", name);
    return renameat(private_folder, name, private_folder, aside) == 0 ? 0 : errno;
}

static void note_failure(struct afmon_rescue *rescue, int failure)
{
    if (rescue->failure == 0)
        rescue->failure = failure;
}

static void set_aside(struct afmon_rescue *rescue, const char *name)
{
    rescue->damaged = true;
    note_failure(rescue, keep_aside(rescue->place->folder, name));
}

static void take_ring(struct afmon_rescue *rescue, const char *name, bool noted)
{
    struct afmon_ring ring;
    if (rescue->files.torn != NULL)
        return; /* nothing lands behind a torn part */
    int failure = afmon_ring_read(&ring, rescue->place->folder, name, rescue->session->serial, true);
    if (failure == 0) {
        failure = noted ? finish_noted(rescue, &ring) : land_rest(rescue, &ring);
        afmon_ring_free(&ring);
    }
    if (failure == EINVAL && rescue->session->old && afmon_ring_is_unborn(rescue->place->folder, name))
        failure = 0;
    if (failure == EINVAL || failure == EBADMSG) {
        set_aside(rescue, name);
        return;
    }
    if (failure == 0 && !noted && unlinkat(rescue->place->folder, name, 0) != 0)
        failure = errno;
    note_failure(rescue, failure); /* the other rings may fare better */
}

static int take_noted(void *user, const char *name)
{
    take_ring(user, name, true);
    return 0;
}

static int take_rest(void *user, const char *name)
{
    take_ring(user, name, false);
    return 0;
}

static void each_ring(struct afmon_rescue *rescue, int (*visit)(void *user, const char *name))
{
    if (rescue->failure == 0)
        note_failure(rescue, afmon_session_list_rings(rescue->place->folder, rescue->session->serial, visit, rescue));
}

/* A last line may be torn: by others, by what was said and could not be undone, by a note that cannot be read, or that
 * is not of the file's own instant. */
static void repair(struct afmon_rescue *rescue)
{
    if (rescue->failure == 0)
        note_failure(rescue, afmon_run_files_repair(&rescue->files, NULL));
}

/* The batch that was on its way goes first: whether it landed is told by the files' lengths, which any other ring's
 * text would change. Of a copy the lengths tell nothing. */
static void take_rings(struct afmon_rescue *rescue)
{
    if (rescue->copied) {
        repair(rescue);
        if (rescue->failure == 0)
            note_failure(rescue, afmon_rescue_compare(rescue));
    } else {
        each_ring(rescue, take_noted);
        if (rescue->files.torn == NULL)
            repair(rescue);
    }
    each_ring(rescue, take_rest);
    if (rescue->damaged)
        repair(rescue);
}

static int found_one(void *user, const char *name)
{
    (void)name;
    *(bool *)user = true;
    return 0;
}

static bool has_rings(const struct afmon_private *place, uint64_t serial)
{
    bool any = false;
    (void)afmon_session_list_rings(place->folder, serial, found_one, &any);
    return any;
}

static int remove_session(const struct afmon_private *place, uint64_t serial)
{
    char name[AFMON_FILE_NAME];
    afmon_session_file_name(serial, name);
    afmon_session_remove_unborn(place->folder, serial);
    /* Its process may have ended it properly after it was read, and then have gone. */
    return unlinkat(place->folder, name, 0) == 0 || errno == ENOENT ? 0 : errno;
}

/* Without a ring nothing is to land, but what was said may be torn. Files that are not the session's own stay as they
 * are. */
static int rescue_ends(const struct afmon_private *place, const struct afmon_session_record *session)
{
    struct afmon_rescue rescue;
    int failure = afmon_rescue_open(&rescue, place, session, false);
    bool own = failure == 0 && !rescue.copied && (rescue.files.metrics >= 0 || rescue.files.log >= 0);
    afmon_rescue_close(&rescue);
    if (!own)
        return failure;
    rescue.failure = afmon_rescue_open(&rescue, place, session, true);
    repair(&rescue); /* where that went well */
    failure = rescue.failure;
    afmon_rescue_close(&rescue);
    return failure;
}

int afmon_rescue_session(const struct afmon_private *place, const struct afmon_session_record *session,
                         struct afmon_recovery *result)
{
    if (!has_rings(place, session->serial)) {
        int failure = rescue_ends(place, session);
        return failure == 0 ? remove_session(place, session->serial) : failure;
    }
    struct afmon_rescue rescue;
    rescue.failure = afmon_rescue_open(&rescue, place, session, true);
    if (rescue.failure == 0)
        take_rings(&rescue);
    if (rescue.failure == 0)
        rescue.failure = remove_session(place, session->serial);
    result->records += rescue.records;
    result->older += rescue.older;
    afmon_rescue_close(&rescue);
    return rescue.failure;
}

struct round {
    const struct afmon_private *place;
    struct afmon_recovery *result;
    int failure;
};

static int visit_session(void *user, uint64_t serial)
{
    struct round *round = user;
    struct afmon_session_record session;
    int failure = afmon_session_read(round->place->folder, serial, &session);
    if (failure == EBUSY || (failure == 0 && session.alive)) {
        failure = 0;
        round->result->live = true;
    } else if (failure == 0) {
        failure = round->place->read_only ? EROFS : afmon_rescue_session(round->place, &session, round->result);
    } else if (failure == ENOENT) {
        failure = 0; /* ended in this moment */
    } else if (failure == EINVAL && !round->place->read_only) {
        char name[AFMON_FILE_NAME];
        afmon_session_file_name(serial, name);
        failure = keep_aside(round->place->folder, name);
    }
    afmon_session_record_free(&session);
    if (failure != 0)
        round->result->left_behind = true;
    if (round->failure == 0)
        round->failure = failure;
    return 0;
}

afmon_status afmon_recover_locked(const struct afmon_private *place, const char *folder, struct afmon_recovery *result,
                                  afmon_error *error)
{
    struct round round = {.place = place, .result = result};
    struct afmon_quiet quiet;
    afmon_quiet_begin(&quiet);
    if (!place->read_only)
        afmon_session_remove_unborn(place->folder, 0);
    int failure = afmon_session_list(place->folder, visit_session, &round);
    afmon_quiet_end(&quiet);
    if (failure == 0)
        failure = round.failure;
    if (failure != 0)
        return afmon_fail_os(
            error, failure, "what a killed process left in %s/" AFMON_PRIVATE_FOLDER " could not be put into its files",
            folder);
    return AFMON_OK;
}

afmon_status afmon_recover_folder(const char *folder, struct afmon_recovery *result, afmon_error *error)
{
    memset(result, 0, sizeof *result);
    struct afmon_private place;
    afmon_status status = AFMON_OK;
    int failure = afmon_private_open(&place, folder, false);
    result->unreadable = place.unreadable;
    if (failure != 0)
        status = afmon_fail_os(error, failure, "cannot open the run folder %s", folder);
    else if (place.folder >= 0)
        status = afmon_recover_locked(&place, folder, result, error);
    if (failure == 0 && place.folder >= 0) {
        failure = afmon_session_count_damaged(place.folder, &result->damaged);
        if (failure != 0 && status == AFMON_OK)
            status = afmon_fail_os(error, failure, "cannot look at %s/" AFMON_PRIVATE_FOLDER, folder);
    }
    if (status == AFMON_OK && place.folder >= 0 && !place.read_only && !result->live)
        afmon_private_remove_if_empty(&place);
    afmon_private_close(&place);
    return status;
}

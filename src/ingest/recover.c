#include "ingest/recover.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/status.h"
#include "ingest/landing.h"
#include "base/quiet.h"
#include "ingest/recover_internal.h"
#include "ingest/render.h"

#define BATCH_BYTES (UINT64_C(256) << 10)

/* Recovery of one dead session. */
struct rescue {
    int private_folder;
    struct afmon_session_record *session;
    struct afmon_definitions definitions;
    struct afmon_run_files files;
    struct afmon_renderer renderer;
    uint64_t records;
    bool noted;   /* this round settles the batch that was on its way; the next one writes the rest */
    int failure;  /* errno of what went wrong first */
    bool damaged; /* a ring made no sense; it was set aside */
};

/* Renders the records from `from` on, up to `until` or about BATCH_BYTES. Returns where it stopped; `from` itself where
 * memory was short or the record there makes no sense (then *bad). */
static uint64_t render_batch(struct rescue *rescue, const struct afmon_ring *ring, uint64_t from, uint64_t until,
                             uint64_t budget, uint64_t *records, bool *bad)
{
    uint64_t at = from;
    *records = 0;
    while (at < until && at - from < budget) {
        const unsigned char *record = afmon_ring_at(ring, at);
        *bad = !afmon_record_check(record, afmon_ring_contiguous(ring, at, until));
        if (*bad || !afmon_render_record(&rescue->renderer, record))
            break;
        struct afmon_record head;
        memcpy(&head, record, 8);
        *records += head.kind == AFMON_RECORD_PAD ? 0 : 1;
        at += head.length;
    }
    return at;
}

/* A batch that was on its way: whatever part of it has not landed is written again, all at once. */
static int finish_noted(struct rescue *rescue, struct afmon_ring *ring)
{
    struct afmon_landed landed;
    int failure = afmon_landing_settle(&rescue->files, ring, &landed);
    uint64_t head = atomic_load_explicit(&ring->header->head, memory_order_relaxed);
    if (failure != 0 || landed.until == head)
        return failure;
    if (landed.metrics && landed.log) {
        atomic_store_explicit(&ring->header->head, landed.until, memory_order_release);
        return 0;
    }
    if (!landed.metrics && !landed.log) {
        afmon_ring_note_clear(ring);
        return 0;
    }
    uint64_t records;
    bool bad = false;
    rescue->renderer.write_metrics = !landed.metrics;
    rescue->renderer.write_log = !landed.log;
    afmon_buffer_clear(&rescue->renderer.metrics);
    afmon_buffer_clear(&rescue->renderer.log);
    uint64_t until = render_batch(rescue, ring, head, landed.until, UINT64_MAX, &records, &bad);
    rescue->renderer.write_metrics = rescue->renderer.write_log = true;
    if (until != landed.until)
        return bad ? EBADMSG : ENOMEM;
    afmon_ring_note_clear(ring);
    failure = afmon_land(&rescue->files, ring, &rescue->renderer.metrics, &rescue->renderer.log, until);
    rescue->records += failure == 0 ? records : 0;
    return failure;
}

static int rescue_rest(struct rescue *rescue, struct afmon_ring *ring)
{
    uint64_t tail = atomic_load_explicit(&ring->header->tail, memory_order_acquire);
    for (;;) {
        uint64_t head = atomic_load_explicit(&ring->header->head, memory_order_relaxed);
        if (head == tail)
            return 0;
        uint64_t records;
        bool bad = false;
        afmon_buffer_clear(&rescue->renderer.metrics);
        afmon_buffer_clear(&rescue->renderer.log);
        uint64_t until = render_batch(rescue, ring, head, tail, BATCH_BYTES, &records, &bad);
        if (until == head)
            return bad ? EBADMSG : ENOMEM;
        int failure = afmon_land(&rescue->files, ring, &rescue->renderer.metrics, &rescue->renderer.log, until);
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

static void set_aside(struct rescue *rescue, const char *name)
{
    int failure = keep_aside(rescue->private_folder, name);
    rescue->damaged = true;
    if (rescue->failure == 0)
        rescue->failure = failure;
}

static int rescue_ring(void *user, const char *name)
{
    struct rescue *rescue = user;
    struct afmon_ring ring;
    int failure = afmon_ring_map(&ring, rescue->private_folder, name, rescue->session->serial, true);
    if (failure == EINVAL) {
        set_aside(rescue, name);
        return 0;
    }
    if (failure == ENODATA) {
        failure = 0; /* nothing is in it */
    } else if (failure == 0) {
        failure = rescue->noted ? finish_noted(rescue, &ring) : rescue_rest(rescue, &ring);
        afmon_ring_unmap(&ring);
    }
    if (failure == EBADMSG) {
        set_aside(rescue, name);
        return 0;
    }
    if (failure == 0 && !rescue->noted && unlinkat(rescue->private_folder, name, 0) != 0)
        failure = errno;
    if (rescue->failure == 0)
        rescue->failure = failure;
    return 0; /* the other rings may fare better */
}

static int note_failure(void *user, const char *name)
{
    (void)name;
    *(bool *)user = true;
    return 0;
}

static bool has_rings(int private_folder, uint64_t serial)
{
    bool any = false;
    (void)afmon_session_list_rings(private_folder, serial, note_failure, &any);
    return any;
}

/* As they are: a torn line may be a part of a batch, which the notes tell how to cut off. */
static int open_for_rescue(struct rescue *rescue, int folder_fd)
{
    const char *failed;
    return afmon_run_files_open(&rescue->files, folder_fd, rescue->session->metrics_file, rescue->session->log_file,
                                &failed);
}

/* The batch that was on its way goes first: whether it landed is told by the files' lengths, which any other ring's
 * text would change. */
static void rescue_rings(struct rescue *rescue)
{
    for (int round = 0; round < 2 && rescue->failure == 0; round++) {
        rescue->noted = round == 0;
        int failure = afmon_session_list_rings(rescue->private_folder, rescue->session->serial, rescue_ring, rescue);
        if (rescue->failure == 0)
            rescue->failure = failure;
    }
    if (rescue->failure == 0 && rescue->damaged) {
        /* a note that cannot be read may leave a torn line */
        struct afmon_buffer removed;
        afmon_buffer_init(&removed, 1 << 20);
        rescue->failure = afmon_run_files_repair(&rescue->files, &removed);
        afmon_buffer_free(&removed);
    }
}

static int rescue_session(int folder_fd, int private_folder, struct afmon_session_record *session,
                          struct afmon_recovery *result)
{
    struct rescue rescue = {.private_folder = private_folder, .session = session, .files = {.metrics = -1, .log = -1}};
    if (!afmon_definitions_read(&rescue.definitions, session->dictionary, session->dictionary_length))
        return ENOMEM;
    afmon_renderer_init(&rescue.renderer, &rescue.definitions, session->wall_offset_ns);
    rescue.renderer.write_metrics = session->metrics_file[0] != '\0';
    rescue.renderer.write_log = session->log_file[0] != '\0';
    rescue.failure = has_rings(private_folder, session->serial) ? open_for_rescue(&rescue, folder_fd) : 0;
    if (rescue.failure == 0)
        rescue_rings(&rescue);
    if (rescue.failure == 0) {
        char name[AFMON_FILE_NAME];
        afmon_session_file_name(session->serial, name);
        /* Its process may have ended it properly after it was read, and then have gone. */
        if (unlinkat(private_folder, name, 0) != 0 && errno != ENOENT)
            rescue.failure = errno;
    }
    result->records += rescue.records;
    afmon_run_files_close(&rescue.files);
    afmon_renderer_free(&rescue.renderer);
    afmon_definitions_free(&rescue.definitions);
    return rescue.failure;
}

struct round {
    int folder_fd;
    int private_folder;
    struct afmon_recovery *result;
    int failure;
};

static int visit_session(void *user, uint64_t serial)
{
    struct round *round = user;
    struct afmon_session_record session;
    int failure = afmon_session_read(round->private_folder, serial, &session);
    if (failure == 0 && session.alive) {
        round->result->live = true;
    } else if (failure == 0) {
        failure = rescue_session(round->folder_fd, round->private_folder, &session, round->result);
    } else if (failure == ENOENT) {
        failure = 0; /* ended in this moment */
    } else if (failure == EBUSY) {
        failure = 0;
        round->result->live = true;
    } else if (failure == EINVAL) {
        char name[AFMON_FILE_NAME];
        afmon_session_file_name(serial, name);
        failure = keep_aside(round->private_folder, name);
    }
    afmon_session_record_free(&session);
    if (failure != 0)
        round->result->left_behind = true;
    if (round->failure == 0)
        round->failure = failure;
    return 0;
}

afmon_status afmon_recover_locked(int folder_fd, int private_folder, const char *folder, struct afmon_recovery *result,
                                  afmon_error *error)
{
    struct round round = {.folder_fd = folder_fd, .private_folder = private_folder, .result = result};
    struct afmon_quiet quiet;
    afmon_quiet_begin(&quiet);
    afmon_session_remove_unborn(private_folder);
    int failure = afmon_session_list(private_folder, visit_session, &round);
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
    int folder_fd;
    int private_folder;
    afmon_status status = AFMON_OK;
    int failure = afmon_private_open(folder, false, &folder_fd, &private_folder);
    if (failure != 0)
        status = afmon_fail_os(error, failure, "cannot open the run folder %s", folder);
    else if (private_folder >= 0)
        status = afmon_recover_locked(folder_fd, private_folder, folder, result, error);
    if (private_folder >= 0)
        result->damaged = afmon_session_count_damaged(private_folder);
    if (private_folder >= 0 && status == AFMON_OK && !result->live)
        afmon_private_remove_if_empty(folder_fd);
    if (private_folder >= 0)
        close(private_folder);
    if (folder_fd >= 0)
        close(folder_fd);
    return status;
}

/* Reading what dead sessions left without changing anything. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/status.h"
#include "ingest/recover_internal.h"

#define TRIES 10
#define TEXT_LIMIT ((size_t)1 << 30)

struct peek {
    struct afmon_private place;
    struct afmon_left *left;
    struct afmon_rescue *rescue; /* of the session that is looked at */
    size_t metrics;              /* its files' places in left */
    size_t log;
    bool changed; /* somebody who may write here has recovered meanwhile */
};

static int64_t size_of(int fd)
{
    struct stat status;
    return fd >= 0 && fstat(fd, &status) == 0 ? (int64_t)status.st_size : 0;
}

/* The place of a file in the list; SIZE_MAX: no memory. */
static size_t add_file(struct afmon_left *left, const char *name, bool log, int fd)
{
    struct afmon_left_file *more = realloc(left->files, (left->count + 1) * sizeof *more);
    if (more == NULL)
        return SIZE_MAX;
    left->files = more;
    struct afmon_left_file *file = &more[left->count];
    *file = (struct afmon_left_file){.log = log, .end = size_of(fd)};
    memcpy(file->name, name, sizeof file->name);
    afmon_buffer_init(&file->text, TEXT_LIMIT);
    return left->count++;
}

/* What is rendered, less what a copy has already. */
static int keep_rendered(struct peek *peek)
{
    struct afmon_rescue *rescue = peek->rescue;
    if (rescue->copied) {
        afmon_known_filter(&rescue->metrics, &rescue->renderer.metrics);
        afmon_known_filter(&rescue->log, &rescue->renderer.log);
    }
    struct afmon_buffer *metrics = &peek->left->files[peek->metrics].text;
    struct afmon_buffer *log = &peek->left->files[peek->log].text;
    afmon_buffer_add(metrics, rescue->renderer.metrics.data, rescue->renderer.metrics.length);
    afmon_buffer_add(log, rescue->renderer.log.data, rescue->renderer.log.length);
    return metrics->failed || log->failed ? ENOMEM : 0;
}

/* The rest of a ring that makes no sense is passed over; a recovery sets it aside. */
static int take_records(struct peek *peek, const struct afmon_ring *ring, uint64_t at, uint64_t end)
{
    while (at < end) {
        uint64_t records;
        bool bad;
        uint64_t until = afmon_rescue_render(peek->rescue, ring, at, end, AFMON_RESCUE_BATCH, &records, &bad);
        peek->left->damaged += until == at && bad;
        if (until == at)
            return bad ? 0 : ENOMEM;
        int failure = keep_rendered(peek);
        if (failure != 0)
            return failure;
        peek->left->records += records;
        at = until;
    }
    return 0;
}

static void cut(struct afmon_left_file *file, int64_t offset)
{
    if (offset >= 0 && offset < file->end)
        file->end = offset;
}

/* A batch that was on its way: the part of it that is in a file does not count, and is shown from the ring. */
static int take_noted(struct peek *peek, const struct afmon_ring *ring, uint64_t *head)
{
    struct afmon_rescue *rescue = peek->rescue;
    struct afmon_landed landed;
    int failure = afmon_landing_look(&rescue->files, ring, &landed);
    if (failure != 0 || landed.until == *head)
        return failure;
    struct afmon_note note = afmon_ring_noted(ring);
    bool write_metrics = rescue->renderer.write_metrics;
    bool write_log = rescue->renderer.write_log;
    if (!landed.metrics)
        cut(&peek->left->files[peek->metrics], note.metrics_offset);
    if (!landed.log)
        cut(&peek->left->files[peek->log], note.log_offset);
    rescue->renderer.write_metrics = write_metrics && !landed.metrics;
    rescue->renderer.write_log = write_log && !landed.log;
    if (!landed.metrics || !landed.log)
        failure = take_records(peek, ring, *head, landed.until);
    rescue->renderer.write_metrics = write_metrics;
    rescue->renderer.write_log = write_log;
    *head = landed.until;
    return failure;
}

static int peek_ring(void *user, const char *name)
{
    struct peek *peek = user;
    struct afmon_ring ring;
    int failure = afmon_ring_read(&ring, peek->place.folder, name, peek->rescue->session->serial, false);
    bool unborn = peek->rescue->session->old && afmon_ring_is_unborn(peek->place.folder, name);
    peek->left->damaged += failure == EINVAL && !unborn;
    if (failure != 0)
        return failure == ENOMEM ? failure : 0;
    uint64_t head = afmon_ring_head(&ring);
    if (!peek->rescue->copied)
        failure = take_noted(peek, &ring, &head);
    if (failure == 0)
        failure = take_records(peek, &ring, head, afmon_ring_tail(&ring));
    afmon_ring_free(&ring);
    return failure;
}

static int peek_rings(struct peek *peek)
{
    struct afmon_rescue *rescue = peek->rescue;
    const struct afmon_session_record *session = rescue->session;
    peek->metrics = add_file(peek->left, session->metrics_file, false, rescue->files.metrics);
    peek->log = add_file(peek->left, session->log_file, true, rescue->files.log);
    if (peek->metrics == SIZE_MAX || peek->log == SIZE_MAX)
        return ENOMEM;
    int64_t metrics_size = peek->left->files[peek->metrics].end;
    int64_t log_size = peek->left->files[peek->log].end;
    int failure = rescue->copied ? afmon_rescue_compare(rescue) : 0;
    if (failure == 0)
        failure = afmon_session_list_rings(peek->place.folder, session->serial, peek_ring, peek);
    peek->left->older += rescue->older;
    peek->changed |= size_of(rescue->files.metrics) != metrics_size || size_of(rescue->files.log) != log_size;
    return failure;
}

static int peek_session(void *user, uint64_t serial)
{
    struct peek *peek = user;
    struct afmon_session_record session;
    if (afmon_session_read(peek->place.folder, serial, &session) != 0)
        return 0;
    int failure = 0;
    if (!session.alive) {
        struct afmon_rescue rescue;
        failure = afmon_rescue_open(&rescue, &peek->place, &session, false);
        peek->rescue = &rescue;
        if (failure == 0)
            failure = peek_rings(peek);
        afmon_rescue_close(&rescue);
    }
    afmon_session_record_free(&session);
    return failure;
}

afmon_status afmon_recover_peek(const char *folder, struct afmon_left *left, afmon_error *error)
{
    struct peek peek = {.left = left};
    *left = (struct afmon_left){0};
    int failure = afmon_private_open(&peek.place, folder, false);
    for (int try = 0; failure == 0 && peek.place.folder >= 0 && (try == 0 || peek.changed) && try < TRIES; try++) {
        peek.changed = false;
        afmon_left_free(left);
        failure = afmon_session_list(peek.place.folder, peek_session, &peek);
    }
    afmon_private_close(&peek.place);
    return failure == 0 ? AFMON_OK : afmon_fail_os(error, failure, "cannot read what is left in %s", folder);
}

void afmon_left_free(struct afmon_left *left)
{
    for (size_t i = 0; i < left->count; i++)
        afmon_buffer_free(&left->files[i].text);
    free(left->files);
    *left = (struct afmon_left){0};
}

const struct afmon_left_file *afmon_left_find(const struct afmon_left *left, const char *name)
{
    for (size_t i = 0; i < left->count; i++)
        if (strcmp(left->files[i].name, name) == 0)
            return &left->files[i];
    return NULL;
}

/* What dead sessions left in a folder: which files count how far. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ingest/peek_internal.h"
#include "ingest/tail.h"

enum { METRICS, LOG };

static int64_t size_of(int fd)
{
    struct stat status;
    return fd >= 0 && fstat(fd, &status) == 0 ? (int64_t)status.st_size : 0;
}

bool afmon_peek_is_changed(const struct afmon_peek_session *session, const struct afmon_rescue *rescue)
{
    return size_of(rescue->files.metrics) != session->sizes[METRICS] ||
           size_of(rescue->files.log) != session->sizes[LOG];
}

/* Sessions have files of their own; of two that name the same one, one text goes behind the other. */
static int add_file(struct afmon_peek *peek, const char *name, bool log, size_t *index)
{
    for (*index = 0; *index < peek->file_count; ++*index)
        if (name[0] != '\0' && strcmp(peek->files[*index].name, name) == 0)
            return 0;
    struct afmon_peek_file *more = realloc(peek->files, (peek->file_count + 1) * sizeof *more);
    if (more == NULL)
        return ENOMEM;
    peek->files = more;
    more[*index] = (struct afmon_peek_file){.log = log, .end = INT64_MAX};
    memcpy(more[*index].name, name, sizeof more[*index].name);
    peek->file_count++;
    return 0;
}

static void cut(struct afmon_peek_file *file, int64_t offset)
{
    if (offset >= 0 && offset < file->end)
        file->end = offset;
}

/* Of a batch that was on its way, the part that is in a file does not count: the ring has it as a whole. */
static int cut_noted(struct afmon_peek *peek, struct afmon_peek_session *session, const struct afmon_rescue *rescue,
                     const struct afmon_ring *ring)
{
    struct afmon_landed landed;
    struct afmon_note note = afmon_ring_noted(ring);
    int failure = afmon_landing_look(&rescue->files, ring, &landed);
    if (failure != 0 || landed.until == afmon_ring_head(ring))
        return failure;
    if (!landed.metrics)
        cut(&peek->files[session->files[METRICS]], note.metrics_offset);
    if (!landed.log)
        cut(&peek->files[session->files[LOG]], note.log_offset);
    if (landed.metrics != landed.log)
        session->goes_on[landed.metrics ? LOG : METRICS] = true;
    return 0;
}

static int look_at_ring(struct afmon_peek *peek, struct afmon_peek_session *session, const struct afmon_rescue *rescue,
                        const char *name)
{
    struct afmon_ring ring;
    if (afmon_ring_read(&ring, peek->state->place.folder, name, session->serial, false) != 0)
        return 0; /* it is looked at again when its records are taken */
    peek->bytes += afmon_ring_tail(&ring) - afmon_ring_head(&ring);
    int failure = rescue->copied ? 0 : cut_noted(peek, session, rescue, &ring);
    afmon_ring_free(&ring);
    return failure;
}

/* Before anything lands, a last line that is torn is ended or cut off: of a copy, whose lengths tell nothing, before
 * all else, and else behind the batch that was on its way. */
static int look_at_ends(struct afmon_peek *peek, struct afmon_peek_session *session, const struct afmon_rescue *rescue)
{
    int failure = 0;
    for (int i = METRICS; i <= LOG && failure == 0; i++) {
        struct afmon_peek_file *file = &peek->files[session->files[i]];
        struct afmon_tail_end tail = {.end = file->end};
        if (afmon_run_files_fd(&rescue->files, i) >= 0 && !session->goes_on[i])
            failure = afmon_tail_look(afmon_run_files_fd(&rescue->files, i), i == METRICS, file->end, &tail);
        session->unended[i] = tail.unended;
        if (tail.unended && tail.end - tail.line <= AFMON_TAIL_MAX) {
            session->lines[i] = (size_t)(tail.end - tail.line);
            tail.end = tail.line;
        }
        cut(file, tail.end);
    }
    return failure;
}

struct ring_names {
    char (*names)[AFMON_FILE_NAME];
    size_t count;
};

static int add_name(void *user, const char *name)
{
    struct ring_names *rings = user;
    char(*more)[AFMON_FILE_NAME] = realloc(rings->names, (rings->count + 1) * sizeof *more);
    if (more == NULL)
        return ENOMEM;
    rings->names = more;
    memcpy(more[rings->count++], name, strlen(name) + 1);
    return 0;
}

int afmon_peek_list_rings(const struct afmon_peek *peek, uint64_t serial, char (**names)[AFMON_FILE_NAME],
                          size_t *count)
{
    struct ring_names rings = {0};
    int failure = afmon_session_list_rings(peek->state->place.folder, serial, add_name, &rings);
    *names = rings.names;
    *count = rings.count;
    return failure;
}

static int look_at_rings(struct afmon_peek *peek, struct afmon_peek_session *session, const struct afmon_rescue *rescue)
{
    char(*names)[AFMON_FILE_NAME] = NULL;
    size_t count = 0;
    int failure = afmon_peek_list_rings(peek, session->serial, &names, &count);
    for (size_t i = 0; i < count && failure == 0; i++)
        failure = look_at_ring(peek, session, rescue, names[i]);
    free(names);
    if (failure == 0)
        failure = look_at_ends(peek, session, rescue);
    return failure == 0 && afmon_peek_is_changed(session, rescue) ? EAGAIN : failure;
}

static int look_at_dead(struct afmon_peek *peek, const struct afmon_session_record *record)
{
    struct afmon_peek_state *state = peek->state;
    struct afmon_peek_session *more = realloc(state->sessions, (state->session_count + 1) * sizeof *more);
    if (more == NULL)
        return ENOMEM;
    state->sessions = more;
    struct afmon_peek_session *session = &more[state->session_count];
    *session = (struct afmon_peek_session){.serial = record->serial};
    int failure = add_file(peek, record->metrics_file, false, &session->files[METRICS]);
    if (failure == 0)
        failure = add_file(peek, record->log_file, true, &session->files[LOG]);
    if (failure != 0)
        return failure;
    state->session_count++;
    struct afmon_rescue rescue;
    failure = afmon_rescue_open(&rescue, &state->place, record, false);
    for (int i = METRICS; i <= LOG; i++) {
        session->sizes[i] = size_of(afmon_run_files_fd(&rescue.files, i));
        cut(&peek->files[session->files[i]], session->sizes[i]);
    }
    if (failure == 0)
        failure = look_at_rings(peek, session, &rescue);
    afmon_rescue_close(&rescue);
    return failure;
}

static int look_at_session(void *user, uint64_t serial)
{
    struct afmon_peek *peek = user;
    struct afmon_session_record record;
    int failure = afmon_session_read(peek->state->place.folder, serial, &record);
    if (failure != 0)
        return failure == ENOMEM ? failure : 0;
    failure = record.alive ? 0 : look_at_dead(peek, &record);
    afmon_session_record_free(&record);
    return failure;
}

int afmon_peek_open(struct afmon_peek *peek, const char *folder)
{
    *peek = (struct afmon_peek){.state = calloc(1, sizeof *peek->state)};
    if (peek->state == NULL)
        return ENOMEM;
    int failure = afmon_private_look(&peek->state->place, folder);
    if (failure == 0 && peek->state->place.folder >= 0)
        failure = afmon_session_list(peek->state->place.folder, look_at_session, peek);
    for (size_t i = 0; i < peek->file_count; i++)
        peek->files[i].at = peek->files[i].end;
    return failure;
}

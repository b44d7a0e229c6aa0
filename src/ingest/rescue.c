/* A dead session's records: what recovery and peeking have in common. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ingest/recover_internal.h"

#define TEXT_BATCH ((size_t)4 << 20)

static int open_read_only(int folder, const char *name)
{
    return name[0] == '\0' ? -1 : openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

/* As they are: a torn line may be a part of a batch, which the notes tell how to cut off. */
static int open_files(struct afmon_rescue *rescue, bool writable)
{
    const struct afmon_session_record *session = rescue->session;
    const char *failed;
    if (writable)
        return afmon_run_files_open(&rescue->files, rescue->place->run, session->metrics_file, session->log_file,
                                    &failed);
    rescue->files.metrics = open_read_only(rescue->place->run, session->metrics_file);
    rescue->files.log = open_read_only(rescue->place->run, session->log_file);
    return 0;
}

/* Whether a file is not the one that the session wrote, as far as that says which it was. */
static bool is_other_file(const char *name, int fd, const struct afmon_file_identity *written)
{
    return name[0] != '\0' && written->inode != 0 && !afmon_fd_is(fd, written);
}

/* Opens the file of the run folder that it is, whatever its name is; -1: there is none. It is only read: another file
 * may have got the number of one that was removed. */
static int find_file(int folder, const struct afmon_file_identity *identity)
{
    int found = -1;
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;
    while (entries != NULL && found < 0 && (entry = readdir(entries)) != NULL) {
        if ((uint64_t)entry->d_ino != identity->inode)
            continue;
        found = open_read_only(folder, entry->d_name);
        if (found >= 0 && !afmon_fd_is(found, identity)) {
            close(found);
            found = -1;
        }
    }
    if (entries != NULL)
        closedir(entries);
    else if (fd >= 0)
        close(fd);
    return found;
}

int afmon_rescue_open(struct afmon_rescue *rescue, const struct afmon_private *place,
                      const struct afmon_session_record *session, bool writable)
{
    *rescue = (struct afmon_rescue){.place = place, .session = session, .files = {.metrics = -1, .log = -1}};
    rescue->metrics_from = rescue->log_from = INT64_MAX;
    afmon_known_init(&rescue->metrics);
    afmon_known_init(&rescue->log);
    bool read = afmon_definitions_read(&rescue->definitions, session->dictionary, session->dictionary_length);
    afmon_renderer_init(&rescue->renderer, &rescue->definitions, session->wall_offset_ns);
    rescue->renderer.write_metrics = session->metrics_file[0] != '\0';
    rescue->renderer.write_log = session->log_file[0] != '\0';
    int failure = read ? open_files(rescue, writable) : ENOMEM;
    bool other_metrics = is_other_file(session->metrics_file, rescue->files.metrics, &session->metrics);
    bool other_log = is_other_file(session->log_file, rescue->files.log, &session->log);
    rescue->renamed_metrics = other_metrics ? find_file(place->run, &session->metrics) : -1;
    rescue->renamed_log = other_log ? find_file(place->run, &session->log) : -1;
    rescue->copied = other_metrics || other_log;
    return failure;
}

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

void afmon_rescue_close(struct afmon_rescue *rescue)
{
    close_fd(rescue->renamed_metrics);
    close_fd(rescue->renamed_log);
    afmon_run_files_close(&rescue->files);
    afmon_renderer_free(&rescue->renderer);
    afmon_definitions_free(&rescue->definitions);
    afmon_known_free(&rescue->metrics);
    afmon_known_free(&rescue->log);
}

/* A record of few bytes may name a set of many. */
static bool is_full(const struct afmon_renderer *renderer, uint64_t budget)
{
    return budget != UINT64_MAX && renderer->metrics.length + renderer->log.length >= TEXT_BATCH;
}

uint64_t afmon_rescue_render(struct afmon_rescue *rescue, const struct afmon_ring *ring, uint64_t from, uint64_t until,
                             uint64_t budget, uint64_t *records, bool *bad)
{
    struct afmon_renderer *renderer = &rescue->renderer;
    uint64_t at = from;
    *records = 0;
    *bad = false;
    afmon_buffer_clear(&renderer->metrics);
    afmon_buffer_clear(&renderer->log);
    while (at < until && at - from < budget && !is_full(renderer, budget)) {
        const unsigned char *record = afmon_ring_at(ring, at);
        *bad = !afmon_record_check(record, afmon_ring_contiguous(ring, at, until));
        bool torn = !*bad && ring->header->version > 1 && afmon_record_is_torn(record);
        *bad = *bad || (torn && !rescue->copied); /* nobody copied the ring while it was written */
        if (*bad)
            break;
        if (!torn && !afmon_render_record(renderer, record))
            break;
        struct afmon_record head;
        memcpy(&head, record, 8);
        *records += head.kind == AFMON_RECORD_PAD || torn ? 0 : 1;
        at += head.length;
    }
    return at;
}

/* ---- copies ---- */

/* Where the text that a ring has landed ends in a file; what is on its way counts as not landed. */
static void look_from(int64_t *from, size_t *older, int fd, int64_t offset, uint64_t length, bool pending)
{
    struct stat status;
    if (offset < 0 || length > (uint64_t)INT64_MAX - (uint64_t)offset)
        return;
    int64_t end = pending ? offset : offset + (int64_t)length;
    if (fd >= 0 && fstat(fd, &status) == 0 && status.st_size < end)
        ++*older;
    if (end < *from)
        *from = end;
}

static void look_at_note(struct afmon_rescue *rescue, const struct afmon_ring *ring)
{
    struct afmon_note note = afmon_ring_noted(ring);
    bool pending = note.until > afmon_ring_head(ring) && note.until <= afmon_ring_tail(ring);
    int metrics = rescue->renamed_metrics >= 0 ? rescue->renamed_metrics : rescue->files.metrics;
    int log = rescue->renamed_log >= 0 ? rescue->renamed_log : rescue->files.log;
    look_from(&rescue->metrics_from, &rescue->older, metrics, note.metrics_offset, note.metrics_length, pending);
    look_from(&rescue->log_from, &rescue->older, log, note.log_offset, note.log_length, pending);
}

static int want_ring(void *user, const char *name)
{
    struct afmon_rescue *rescue = user;
    struct afmon_ring ring;
    if (afmon_ring_read(&ring, rescue->place->folder, name, rescue->session->serial, false) != 0)
        return 0; /* it is looked at again when its records are taken */
    look_at_note(rescue, &ring);
    int failure = 0;
    uint64_t tail = afmon_ring_tail(&ring);
    for (uint64_t at = afmon_ring_head(&ring); at < tail && failure == 0;) {
        uint64_t records;
        bool bad;
        uint64_t until = afmon_rescue_render(rescue, &ring, at, tail, AFMON_RESCUE_BATCH, &records, &bad);
        if (!afmon_known_want(&rescue->metrics, &rescue->renderer.metrics) ||
            !afmon_known_want(&rescue->log, &rescue->renderer.log) || (until == at && !bad))
            failure = ENOMEM;
        if (until == at)
            break;
        at = until;
    }
    afmon_ring_free(&ring);
    return failure;
}

static int scan(struct afmon_known *known, int fd, int64_t from)
{
    return fd < 0 || from == INT64_MAX ? 0 : afmon_known_scan(known, fd, from);
}

int afmon_rescue_compare(struct afmon_rescue *rescue)
{
    int failure = afmon_session_list_rings(rescue->place->folder, rescue->session->serial, want_ring, rescue);
    if (failure == 0)
        failure = scan(&rescue->metrics, rescue->files.metrics, rescue->metrics_from);
    if (failure == 0)
        failure = scan(&rescue->metrics, rescue->renamed_metrics, rescue->metrics_from);
    if (failure == 0)
        failure = scan(&rescue->log, rescue->files.log, rescue->log_from);
    if (failure == 0)
        failure = scan(&rescue->log, rescue->renamed_log, rescue->log_from);
    return failure;
}

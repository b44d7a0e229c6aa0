/* Reading what dead sessions left without changing anything. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/micros.h"
#include "base/status.h"
#include "ingest/landing.h"
#include "ingest/recover.h"
#include "ingest/render.h"

struct peek {
    int folder_fd;
    int private_folder;
    struct afmon_session_record *session;
    struct afmon_definitions definitions;
    struct afmon_expander expander;
    struct afmon_run_files files;
    afmon_peek_visit visit;
    void *user;
    bool stopped;
};

static bool peek_sample(void *user, const struct afmon_expanded_sample *given, int64_t boot_ns)
{
    struct peek *peek = user;
    struct afmon_expanded_sample sample = *given;
    if (!afmon_definitions_resolve(&peek->definitions, &sample))
        return true;
    int64_t wall_ns = boot_ns + peek->session->wall_offset_ns;
    int64_t wall_us = afmon_ns_to_us(wall_ns);
    peek->stopped = peek->visit(peek->user, sample.name, sample.name_length, sample.value, wall_us, sample.packed,
                                sample.packed_length) != 0;
    return !peek->stopped;
}

static bool peek_log(void *user, const struct afmon_expanded_log *log, int64_t boot_ns)
{
    (void)user;
    (void)log;
    (void)boot_ns;
    return true;
}

static int peek_records(struct peek *peek, const struct afmon_ring *ring, uint64_t at)
{
    struct afmon_expand_sink sink = {.sample = peek_sample, .log = peek_log, .user = peek};
    uint64_t tail = atomic_load_explicit(&ring->header->tail, memory_order_acquire);
    while (at < tail) {
        const unsigned char *record = afmon_ring_at(ring, at);
        if (!afmon_record_check(record, afmon_ring_contiguous(ring, at, tail)))
            return 0; /* the rest cannot be read; a recovery sets the ring aside */
        struct afmon_record head;
        memcpy(&head, record, 8);
        if (head.kind != AFMON_RECORD_PAD &&
            !afmon_expand(&peek->expander, record, peek->session->wall_offset_ns, &sink))
            return peek->stopped ? ECANCELED : ENOMEM;
        at += head.length;
    }
    return 0;
}

static int peek_ring(void *user, const char *name)
{
    struct peek *peek = user;
    struct afmon_ring ring;
    int failure = afmon_ring_map(&ring, peek->private_folder, name, peek->session->serial, false);
    if (failure != 0)
        return failure == ENOMEM ? failure : 0;
    struct afmon_landed landed;
    failure = afmon_landing_look(&peek->files, &ring, &landed);
    if (failure == 0) {
        uint64_t head = atomic_load_explicit(&ring.header->head, memory_order_acquire);
        failure = peek_records(peek, &ring, landed.metrics ? landed.until : head);
    }
    afmon_ring_unmap(&ring);
    return failure;
}

static int open_read_only(int folder_fd, const char *name)
{
    return name[0] == '\0' ? -1 : openat(folder_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

static int peek_session(void *user, uint64_t serial)
{
    struct peek *peek = user;
    struct afmon_session_record session;
    if (afmon_session_read(peek->private_folder, serial, &session) != 0)
        return 0;
    int failure = 0;
    if (!session.alive && session.metrics_file[0] != '\0') {
        peek->session = &session;
        peek->files.metrics = open_read_only(peek->folder_fd, session.metrics_file);
        peek->files.log = open_read_only(peek->folder_fd, session.log_file);
        if (afmon_definitions_read(&peek->definitions, session.dictionary, session.dictionary_length))
            failure = afmon_session_list_rings(peek->private_folder, serial, peek_ring, peek);
        else
            failure = ENOMEM;
        afmon_definitions_free(&peek->definitions);
        afmon_run_files_close(&peek->files);
    }
    afmon_session_record_free(&session);
    return failure;
}

afmon_status afmon_recover_peek(const char *folder, afmon_peek_visit visit, void *user, afmon_error *error)
{
    struct peek peek = {.private_folder = -1, .visit = visit, .user = user};
    afmon_expander_init(&peek.expander);
    peek.folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failure = peek.folder_fd < 0 ? errno : 0;
    if (failure == 0) {
        peek.private_folder =
            openat(peek.folder_fd, AFMON_PRIVATE_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (peek.private_folder >= 0)
            failure = afmon_session_list(peek.private_folder, peek_session, &peek);
        else if (errno != ENOENT)
            failure = errno;
    }
    if (peek.private_folder >= 0)
        close(peek.private_folder);
    if (peek.folder_fd >= 0)
        close(peek.folder_fd);
    afmon_expander_free(&peek.expander);
    if (failure == ECANCELED)
        return AFMON_E_CANCELLED;
    return failure == 0 ? AFMON_OK : afmon_fail_os(error, failure, "cannot read what is left in %s", folder);
}

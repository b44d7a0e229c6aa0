#include "ingest/session.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/random.h"
#include "base/status.h"
#include "ingest/record.h"
#include "ingest/recover_internal.h"
#include "ingest/session_internal.h"

#define CREATE_TRIES 20

static const char session_magic[8] = {'A', 'F', 'M', 'O', 'N', 'S', 'E', 'S'};

/* ---- opening ---- */

int afmon_session_new_serial(uint64_t *serial)
{
    int failure;
    do
        failure = afmon_random(serial, sizeof *serial);
    while (failure == 0 && (*serial == 0 || *serial == UINT64_MAX)); /* both mean "none" to the recording threads */
    return failure;
}

struct claims {
    int private_folder;
    const char *name;
    bool taken;
};

static int look_for_claim(void *user, uint64_t serial)
{
    struct claims *claims = user;
    struct afmon_session_record record;
    int failure = afmon_session_read(claims->private_folder, serial, &record);
    if (failure != 0) {
        /* a session that cannot be read may claim anything */
        claims->taken = true;
        return 0;
    }
    if (strcmp(record.metrics_file, claims->name) == 0 || strcmp(record.log_file, claims->name) == 0)
        claims->taken = true;
    afmon_session_record_free(&record);
    return 0;
}

/* Chooses the session's files; the lock of the private folder is held. */
static int choose_files(struct afmon_session *session, const struct afmon_session_wishes *wishes)
{
    struct claims claims[2] = {
        {session->place.folder, wishes->metrics != NULL ? wishes->metrics : "metrics.jsonl", false},
        {session->place.folder, wishes->log != NULL ? wishes->log : "afterimage.log", false}};
    for (int i = 0; i < 2; i++) {
        int failure = afmon_session_list(session->place.folder, look_for_claim, &claims[i]);
        if (failure != 0)
            return failure;
    }
    bool taken = claims[0].taken || claims[1].taken;
    if (wishes->metrics != NULL)
        afmon_session_name_file(taken ? session->serial : 0, wishes->metrics, session->metrics_file);
    if (wishes->log != NULL)
        afmon_session_name_file(taken ? session->serial : 0, wishes->log, session->log_file);
    return 0;
}

/* Its header is written, never mapped: a mapping may fault. */
static int write_header(const struct afmon_session *session)
{
    unsigned char page[AFMON_SESSION_HEADER] = {0};
    struct afmon_session_header header = {.version = AFMON_SESSION_VERSION,
                                          .header_size = AFMON_SESSION_HEADER,
                                          .serial = session->serial,
                                          .wall_offset_ns = session->wall_offset_ns,
                                          .life = session->lockless ? AFMON_LIFE_NONE : AFMON_LIFE_LOCK};
    afmon_identity_self(&header.owner);
    memcpy(header.metrics_file, session->metrics_file, AFMON_FILE_NAME);
    memcpy(header.log_file, session->log_file, AFMON_FILE_NAME);
    memcpy(header.magic, session_magic, sizeof session_magic);
    memcpy(page, &header, sizeof header);
    return afmon_write_all(session->fd, page, sizeof page, NULL);
}

/* Somebody who may only read it cannot hold the file's write lock, but a read lock of his may be in the way of ours, if
 * he is quick. */
int afmon_session_lock_file(struct afmon_session *session)
{
    int failure = afmon_lock_take(session->fd, 0);
    session->lockless = failure != 0;
    (void)flock(session->fd, LOCK_EX | LOCK_NB); /* for afmon 0.1.0, which looks for no other lock */
    return session->lockless && !afmon_lock_is_impossible(failure) ? failure : 0;
}

/* Makes the session file. It gets its name only when it is complete and locked. */
static int create_session_file(struct afmon_session *session)
{
    char name[AFMON_FILE_NAME];
    char temporary[AFMON_FILE_NAME];
    afmon_session_file_name(session->serial, name);
    snprintf(temporary, sizeof temporary, "%016" PRIx64 ".new", session->serial);
    session->fd = afmon_fd_above_standard(
        openat(session->place.folder, temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666));
    if (session->fd < 0)
        return errno;
    (void)afmon_file_identify(session->fd, &session->identity);
    int failure = afmon_session_lock_file(session);
    if (failure == 0)
        failure = write_header(session);
    if (failure == 0)
        failure = renameat(session->place.folder, temporary, session->place.folder, name) == 0 ? 0 : errno;
    if (failure != 0)
        unlinkat(session->place.folder, temporary, 0);
    session->dictionary_end = AFMON_SESSION_HEADER;
    return failure;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void let_go(struct afmon_session *session)
{
    afmon_close_own(&session->fd, &session->identity);
    afmon_private_close(&session->place);
}

static afmon_status fail_to_open(int failure, const char *folder, afmon_error *error)
{
    if (failure == ENOTDIR || failure == ELOOP)
        return afmon_fail_os(error, failure, "%s/" AFMON_PRIVATE_FOLDER " is in the way: it is no folder", folder);
    return afmon_fail_os(error, failure, "the run folder %s cannot be written", folder);
}

int afmon_session_make(struct afmon_session *session, const struct afmon_session_wishes *wishes)
{
    int failure = afmon_session_new_serial(&session->serial);
    if (failure == 0)
        failure = choose_files(session, wishes);
    for (int try = 0; try == 0 || (failure == EWOULDBLOCK && try < CREATE_TRIES); try++) {
        close_fd(&session->fd);
        if (failure == 0 || failure == EWOULDBLOCK)
            failure = create_session_file(session);
    }
    return failure;
}

afmon_status afmon_session_open(struct afmon_session *session, const char *folder, bool metrics, bool log,
                                uint64_t *recovered, afmon_error *error)
{
    memset(session, 0, sizeof *session);
    session->fd = -1;
    struct afmon_recovery recovery = {0};
    afmon_status status = AFMON_OK;
    int failure = afmon_private_open(&session->place, folder, true);
    if (failure == 0)
        status = afmon_recover_locked(&session->place, folder, &recovery, error);
    session->wall_offset_ns = afmon_wall_offset_ns();
    const struct afmon_session_wishes wishes = {metrics ? "metrics.jsonl" : NULL, log ? "afterimage.log" : NULL};
    if (failure == 0 && status == AFMON_OK)
        failure = afmon_session_make(session, &wishes);
    if (failure == 0 && status == AFMON_OK)
        failure = pthread_mutex_init(&session->lock, NULL);
    afmon_private_unlock(&session->place);
    *recovered = recovery.records;
    if (failure == 0 && status == AFMON_OK)
        return AFMON_OK;
    let_go(session);
    return status != AFMON_OK ? status : fail_to_open(failure, folder, error);
}

void afmon_session_close(struct afmon_session *session, bool clean)
{
    if (clean && afmon_private_is_open(&session->place)) {
        char name[AFMON_FILE_NAME];
        afmon_session_file_name(session->serial, name);
        /* only to tidy up: not worth a wait */
        bool locked = afmon_private_lock(&session->place, 0) == 0;
        unlinkat(session->place.folder, name, 0);
        if (locked)
            afmon_private_remove_if_empty(&session->place);
    }
    let_go(session);
    pthread_mutex_destroy(&session->lock);
}

void afmon_session_abandon(struct afmon_session *session)
{
    /* The lock belongs to the open file, which the parent has open too: closing does not give it up. */
    let_go(session);
}

/* ---- what changes ---- */

/* Nothing is written into what has the session's descriptor, once something else has closed that. */
static int write_session_at(struct afmon_session *session, const void *data, size_t length, int64_t offset)
{
    return afmon_fd_is(session->fd, &session->identity) ? afmon_write_at(session->fd, data, length, offset) : EBADF;
}

/* What cannot be written now is only the worse for a recovery: it then uses what stood there before. */
void afmon_session_set_wall_offset(struct afmon_session *session, int64_t offset_ns)
{
    session->wall_offset_ns = offset_ns;
    (void)write_session_at(session, &offset_ns, sizeof offset_ns,
                           offsetof(struct afmon_session_header, wall_offset_ns));
}

/* Names and identities stand together, and are written together. */
int afmon_session_set_files(struct afmon_session *session, const struct afmon_session_file *metrics,
                            const struct afmon_session_file *log)
{
    const size_t from = offsetof(struct afmon_session_header, metrics_file);
    struct afmon_session_header header = {.life = session->lockless ? AFMON_LIFE_NONE : AFMON_LIFE_LOCK,
                                          .metrics = metrics->identity,
                                          .log = log->identity};
    memcpy(header.metrics_file, metrics->name, AFMON_FILE_NAME);
    memcpy(header.log_file, log->name, AFMON_FILE_NAME);
    int failure = write_session_at(session, (const char *)&header + from, sizeof header - from, (int64_t)from);
    if (failure != 0)
        return failure;
    memcpy(session->metrics_file, metrics->name, AFMON_FILE_NAME);
    memcpy(session->log_file, log->name, AFMON_FILE_NAME);
    return 0;
}

/* ---- the dictionary ---- */

static afmon_status append_definition(struct afmon_session *session, const unsigned char *entry, size_t length)
{
    if (write_session_at(session, entry, length, session->dictionary_end) != 0)
        return AFMON_E_UNWRITABLE; /* what landed of it is written over by the next one */
    session->dictionary_end += (int64_t)length;
    return AFMON_OK;
}

afmon_status afmon_session_define(struct afmon_session *session, const char *name, size_t name_length,
                                  const void *packed, size_t packed_length, uint32_t *number)
{
    size_t length = sizeof(struct afmon_definition) + name_length + packed_length;
    if (name_length > AFMON_RECORD_MAX || packed_length > AFMON_RECORD_MAX || length > AFMON_RECORD_MAX)
        return AFMON_E_TOO_BIG;
    length = (length + 7) & ~(size_t)7;
    unsigned char *entry = calloc(1, length);
    if (entry == NULL)
        return AFMON_E_NO_MEMORY;
    pthread_mutex_lock(&session->lock);
    struct afmon_definition head = {.length = (uint32_t)length,
                                    .number = session->definitions + 1,
                                    .name_length = (uint32_t)name_length,
                                    .fields_length = (uint32_t)packed_length};
    memcpy(entry, &head, sizeof head);
    memcpy(entry + sizeof head, name, name_length);
    if (packed_length > 0)
        memcpy(entry + sizeof head + name_length, packed, packed_length);
    afmon_status status = append_definition(session, entry, length);
    if (status == AFMON_OK)
        *number = ++session->definitions;
    pthread_mutex_unlock(&session->lock);
    free(entry);
    return status;
}

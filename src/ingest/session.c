#include "ingest/session.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/status.h"
#include "ingest/record.h"
#include "ingest/recover_internal.h"

#define LOCK_TIMEOUT_S 20.0

static const char session_magic[8] = {'A', 'F', 'M', 'O', 'N', 'S', 'E', 'S'};

void afmon_session_file_name(uint64_t serial, char out[AFMON_FILE_NAME])
{
    snprintf(out, AFMON_FILE_NAME, "%016" PRIx64 ".session", serial);
}

void afmon_ring_file_name(uint64_t serial, uint32_t number, char out[AFMON_FILE_NAME])
{
    snprintf(out, AFMON_FILE_NAME, "%016" PRIx64 "-%" PRIu32 ".ring", serial, number);
}

/* Some network file systems cannot lock a folder. Then two processes that open the same run in the same instant are not
 * kept apart; everything else holds, so that is no reason to refuse. */
static bool cannot_lock(int failure)
{
    return failure == EBADF || failure == ENOLCK || failure == EOPNOTSUPP || failure == ENOSYS || failure == EINVAL;
}

int afmon_private_open(const char *folder, bool create, int *folder_fd, int *private_folder)
{
    *private_folder = -1;
    *folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*folder_fd < 0)
        return errno;
    int failure = afmon_lock_file(*folder_fd, LOCK_EX, LOCK_TIMEOUT_S);
    if (failure != 0 && !cannot_lock(failure))
        return failure;
    if (create && mkdirat(*folder_fd, AFMON_PRIVATE_FOLDER, 0777) != 0 && errno != EEXIST)
        return errno;
    *private_folder = openat(*folder_fd, AFMON_PRIVATE_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    return *private_folder >= 0 || (errno == ENOENT && !create) ? 0 : errno;
}

void afmon_private_unlock(int folder_fd)
{
    flock(folder_fd, LOCK_UN);
}

void afmon_private_remove_if_empty(int folder_fd)
{
    /* refused by the system where anything is in it, which is what is wanted */
    (void)unlinkat(folder_fd, AFMON_PRIVATE_FOLDER, AT_REMOVEDIR);
}

/* ---- opening ---- */

static int random_serial(uint64_t *serial)
{
    do {
        if (getrandom(serial, sizeof *serial, 0) != (ssize_t)sizeof *serial)
            return errno != 0 ? errno : EIO;
    } while (*serial == 0 || *serial == UINT64_MAX); /* both mean "none" to the recording threads */
    return 0;
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
static int choose_files(struct afmon_session *session, bool metrics, bool log)
{
    struct claims claims[2] = {{session->private, "metrics.jsonl", false}, {session->private, "afterimage.log", false}};
    for (int i = 0; i < 2; i++) {
        int failure = afmon_session_list(session->private, look_for_claim, &claims[i]);
        if (failure != 0)
            return failure;
    }
    bool taken = claims[0].taken || claims[1].taken;
    char suffix[20] = "";
    if (taken)
        snprintf(suffix, sizeof suffix, "-%016" PRIx64, session->serial);
    session->metrics_file[0] = session->log_file[0] = '\0';
    if (metrics)
        snprintf(session->metrics_file, AFMON_FILE_NAME, "metrics%s.jsonl", suffix);
    if (log)
        snprintf(session->log_file, AFMON_FILE_NAME, "afterimage%s.log", suffix);
    return 0;
}

static void fill_header(struct afmon_session *session)
{
    struct afmon_session_header *header = session->header;
    header->version = AFMON_SESSION_VERSION;
    header->header_size = AFMON_SESSION_HEADER;
    header->serial = session->serial;
    afmon_identity_self(&header->owner);
    atomic_store_explicit(&header->wall_offset_ns, afmon_wall_offset_ns(), memory_order_relaxed);
    memcpy(header->metrics_file, session->metrics_file, AFMON_FILE_NAME);
    memcpy(header->log_file, session->log_file, AFMON_FILE_NAME);
    memcpy(header->magic, session_magic, sizeof session_magic);
}

static int map_header(struct afmon_session *session)
{
    int failure = posix_fallocate(session->fd, 0, AFMON_SESSION_HEADER);
    if (failure != 0)
        return failure;
    void *mapping = mmap(NULL, AFMON_SESSION_HEADER, PROT_READ | PROT_WRITE, MAP_SHARED, session->fd, 0);
    if (mapping == MAP_FAILED)
        return errno;
    session->header = mapping;
    return madvise(mapping, AFMON_SESSION_HEADER, MADV_DONTFORK) == 0 ? 0 : errno;
}

/* Makes the session file. It gets its name only when it is complete and locked. */
static int create_session_file(struct afmon_session *session)
{
    char name[AFMON_FILE_NAME];
    char temporary[AFMON_FILE_NAME];
    afmon_session_file_name(session->serial, name);
    snprintf(temporary, sizeof temporary, "%016" PRIx64 ".new", session->serial);
    session->fd = openat(session->private, temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (session->fd < 0)
        return errno;
    int failure = map_header(session);
    if (failure == 0)
        failure = afmon_lock_file(session->fd, LOCK_EX, 0);
    if (failure == 0) {
        fill_header(session);
        failure = renameat(session->private, temporary, session->private, name) == 0 ? 0 : errno;
    }
    if (failure != 0)
        unlinkat(session->private, temporary, 0);
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
    close_fd(&session->fd);
    close_fd(&session->private);
    close_fd(&session->folder);
}

afmon_status afmon_session_open(struct afmon_session *session, const char *folder, bool metrics, bool log,
                                uint64_t *recovered, afmon_error *error)
{
    memset(session, 0, sizeof *session);
    session->folder = session->private = session->fd = -1;
    struct afmon_recovery recovery = {0};
    afmon_status status = AFMON_OK;
    int failure = afmon_private_open(folder, true, &session->folder, &session->private);
    if (failure == 0)
        status = afmon_recover_locked(session->folder, session->private, folder, &recovery, error);
    if (failure == 0 && status == AFMON_OK)
        failure = random_serial(&session->serial);
    if (failure == 0 && status == AFMON_OK)
        failure = choose_files(session, metrics, log);
    if (failure == 0 && status == AFMON_OK)
        failure = create_session_file(session);
    if (failure == 0 && status == AFMON_OK)
        failure = pthread_mutex_init(&session->lock, NULL);
    if (session->folder >= 0)
        afmon_private_unlock(session->folder);
    *recovered = recovery.records;
    if (failure == 0 && status == AFMON_OK)
        return AFMON_OK;
    if (session->header != NULL)
        munmap(session->header, AFMON_SESSION_HEADER);
    session->header = NULL;
    let_go(session);
    return status != AFMON_OK ? status : afmon_fail_os(error, failure, "the run folder %s cannot be written", folder);
}

void afmon_session_close(struct afmon_session *session, bool clean)
{
    if (session->header != NULL)
        munmap(session->header, AFMON_SESSION_HEADER);
    session->header = NULL;
    if (clean) {
        char name[AFMON_FILE_NAME];
        afmon_session_file_name(session->serial, name);
        /* only to tidy up: not worth a wait */
        bool locked = afmon_lock_file(session->folder, LOCK_EX, 0) == 0;
        unlinkat(session->private, name, 0);
        if (locked)
            afmon_private_remove_if_empty(session->folder);
        afmon_private_unlock(session->folder);
    }
    let_go(session);
    pthread_mutex_destroy(&session->lock);
}

void afmon_session_abandon(struct afmon_session *session)
{
    /* The lock belongs to the open file, which the parent has open too: closing does not give it up. The mapping is not
     * here. */
    session->header = NULL;
    let_go(session);
}

/* ---- the dictionary ---- */

static afmon_status append_definition(struct afmon_session *session, const unsigned char *entry, size_t length)
{
    ssize_t written = pwrite(session->fd, entry, length, session->dictionary_end);
    if (written == (ssize_t)length) {
        session->dictionary_end += (int64_t)length;
        return AFMON_OK;
    }
    /* half an entry would hide those that follow it */
    if (written > 0 && ftruncate(session->fd, session->dictionary_end) != 0)
        return AFMON_E_SYSTEM;
    return AFMON_E_UNWRITABLE;
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

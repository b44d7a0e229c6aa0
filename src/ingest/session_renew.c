/* A session whose files or descriptors others took away. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "ingest/session_internal.h"

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

bool afmon_session_is_there(const struct afmon_session *session)
{
    struct stat status;
    return fstat(session->fd, &status) == 0 && afmon_file_is(&status, &session->identity) && status.st_nlink > 0 &&
           afmon_private_is_open(&session->place);
}

/* Opens and locks the session's file in a private folder that was opened anew. ENOENT: it is not there. */
static int find_file(const struct afmon_session *session, struct afmon_session *found)
{
    char name[AFMON_FILE_NAME];
    afmon_session_file_name(session->serial, name);
    found->fd = afmon_fd_above_standard(openat(found->place.folder, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW));
    if (found->fd < 0)
        return errno;
    if (!afmon_fd_is(found->fd, &session->identity))
        return ENOENT;
    return afmon_fd_is(session->fd, &session->identity) ? 0 : afmon_session_lock_file(found);
}

/* The old descriptor goes where the new one is of another file, or where it was not its own any more; else the new one,
 * for the lock is the old one's. */
static void take_place(struct afmon_session *session, struct afmon_session *found, bool anew)
{
    pthread_mutex_lock(&session->lock);
    afmon_private_close(&session->place);
    session->place = found->place;
    if (anew || !afmon_fd_is(session->fd, &session->identity)) {
        afmon_close_own(&session->fd, &session->identity);
        session->fd = found->fd;
        session->lockless = found->lockless;
    } else {
        close_fd(&found->fd);
    }
    if (anew) {
        session->identity = found->identity;
        session->serial = found->serial;
        session->dictionary_end = found->dictionary_end;
        session->definitions = 0;
        memcpy(session->metrics_file, found->metrics_file, AFMON_FILE_NAME);
        memcpy(session->log_file, found->log_file, AFMON_FILE_NAME);
    }
    pthread_mutex_unlock(&session->lock);
}

int afmon_session_renew(struct afmon_session *session, const char *path)
{
    const struct afmon_session_wishes wishes = {session->metrics_file[0] != '\0' ? session->metrics_file : NULL,
                                                session->log_file[0] != '\0' ? session->log_file : NULL};
    struct afmon_session found = {
        .fd = -1, .place = {.run = -1, .folder = -1, .lock = -1}, .wall_offset_ns = session->wall_offset_ns};
    afmon_error error;
    if (afmon_make_folders(path, &error) != AFMON_OK)
        return ENOENT;
    int failure = afmon_private_open(&found.place, path, true);
    if (failure == 0)
        failure = find_file(session, &found);
    bool anew = failure == ENOENT;
    if (anew)
        failure = afmon_session_make(&found, &wishes);
    afmon_private_unlock(&found.place);
    if (failure == 0) {
        take_place(session, &found, anew);
        return 0;
    }
    close_fd(&found.fd);
    afmon_private_close(&found.place);
    return failure;
}

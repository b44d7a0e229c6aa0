#include "ingest/presence.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "ingest/known.h"
#include "ingest/tail.h"

/* Of longer files not each line is looked for, but their numbers are compared; and of even longer ones nothing, for the
 * writer would be held up. */
#define COMPARED_BYTES (INT64_C(64) << 20)
#define COUNTED_BYTES (INT64_C(1) << 30)

static int *descriptor(struct afmon_run_files *files, int which)
{
    return which == AFMON_METRICS_FILE ? &files->metrics : &files->log;
}

static enum afmon_file_change change_of(const struct afmon_landing_file *file, int fd, int folder)
{
    struct stat own, named;
    if (fd < 0)
        return AFMON_FILE_SAME;
    if (fstat(fd, &own) != 0 || !afmon_file_is(&own, &file->is.identity))
        return AFMON_FILE_CLOSED;
    if (!file->watched)
        return AFMON_FILE_SAME;
    if (fstatat(folder, file->is.name, &named, AT_SYMLINK_NOFOLLOW) != 0)
        return errno != ENOENT ? AFMON_FILE_SAME : own.st_nlink == 0 ? AFMON_FILE_REMOVED : AFMON_FILE_RENAMED;
    if (!afmon_file_is(&named, &file->is.identity))
        return own.st_nlink == 0 ? AFMON_FILE_REPLACED : AFMON_FILE_RENAMED;
    return own.st_size < file->size ? AFMON_FILE_CUT : AFMON_FILE_SAME;
}

/* A file system on which a name and a descriptor of one file do not say that they are the same tells nothing. */
static void watch(struct afmon_landing_file *file, int fd, int folder)
{
    struct stat own, named;
    file->watched = fd >= 0 && fstat(fd, &own) == 0 && own.st_nlink > 0 && afmon_file_is(&own, &file->is.identity) &&
                    fstatat(folder, file->is.name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
                    afmon_file_is(&named, &file->is.identity);
    file->size = file->watched ? own.st_size : 0;
}

void afmon_run_files_watch(struct afmon_run_files *files, int folder)
{
    watch(&files->file[AFMON_METRICS_FILE], files->metrics, folder);
    watch(&files->file[AFMON_LOG_FILE], files->log, folder);
}

/* ---- lines ---- */

static uint64_t newlines_in(const char *text, size_t length)
{
    uint64_t lines = 0;
    for (const char *at = text; (at = memchr(at, '\n', (size_t)(text + length - at))) != NULL; at++)
        lines++;
    return lines;
}

/* -1: it is too long, or cannot be read. */
static int64_t count_lines(int fd)
{
    char part[1 << 15];
    int64_t lines = 0;
    off_t at = 0;
    ssize_t got;
    while ((got = pread(fd, part, sizeof part, at)) > 0 && at < COUNTED_BYTES) {
        lines += (int64_t)newlines_in(part, (size_t)got);
        at += got;
    }
    return got == 0 ? lines : -1;
}

static uint64_t fewer_lines(int before, int now)
{
    int64_t had = count_lines(before);
    int64_t has = had > 0 ? count_lines(now) : -1;
    return has >= 0 && had > has ? (uint64_t)(had - has) : 0;
}

/* How many of the lines of one file another has not. UINT64_MAX: not known. */
static uint64_t missing_lines(int before, int now)
{
    struct stat status;
    struct afmon_buffer text;
    struct afmon_known known;
    if (fstat(before, &status) != 0 || status.st_size > COMPARED_BYTES)
        return UINT64_MAX;
    afmon_buffer_init(&text, (size_t)COMPARED_BYTES + 1);
    afmon_known_init(&known);
    bool compared = afmon_buffer_reserve(&text, (size_t)status.st_size + 1) &&
                    afmon_read_at(before, text.data, (size_t)status.st_size, 0) == 0;
    text.length = compared ? (size_t)status.st_size : 0;
    compared = compared && afmon_known_want(&known, &text) && afmon_known_scan(&known, now, 0) == 0;
    if (compared)
        afmon_known_filter(&known, &text);
    uint64_t missing = compared ? newlines_in(text.data, text.length) : UINT64_MAX;
    afmon_known_free(&known);
    afmon_buffer_free(&text);
    return missing;
}

/* How many of our lines the file that is gone had, and the one in its place has not: it may be a copy of it. */
static uint64_t lost_lines(const struct afmon_file_news *news, int before, int now)
{
    if (news->change == AFMON_FILE_REMOVED)
        return news->written;
    if (news->change != AFMON_FILE_REPLACED)
        return 0;
    uint64_t missing = missing_lines(before, now);
    if (missing == UINT64_MAX)
        missing = fewer_lines(before, now);
    return missing < news->written ? missing : news->written;
}

/* ---- opening anew ---- */

/* Under its name, or where something stands there that is no file of ours, under the session's own. */
static int open_named(struct afmon_landing_file *file, const struct afmon_session *session, int *fd)
{
    char own[AFMON_FILE_NAME];
    int failure = afmon_run_file_open(session->place.run, file->is.name, fd);
    if (failure != EISDIR && failure != ELOOP && failure != EINVAL && failure != ENXIO)
        return failure;
    afmon_session_name_file(session->serial, file->is.name, own);
    if (strcmp(own, file->is.name) == 0)
        return failure;
    failure = afmon_run_file_open(session->place.run, own, fd);
    if (failure == 0)
        memcpy(file->is.name, own, AFMON_FILE_NAME);
    return failure;
}

static void forget_torn_part(struct afmon_run_files *files, int which)
{
    if (which == AFMON_METRICS_FILE) {
        files->torn_note.metrics_length = 0;
    } else {
        files->torn_note.log_length = 0;
        files->log_torn = false;
    }
}

/* Descriptor, identity and counts of the file that is there now. */
static void take_file(struct afmon_run_files *files, int which, int fd, const struct afmon_file_news *news)
{
    struct afmon_landing_file *file = &files->file[which];
    const struct afmon_file_identity was = file->is.identity;
    afmon_close_own(descriptor(files, which), &was);
    *descriptor(files, which) = fd;
    (void)afmon_file_identify(fd, &file->is.identity);
    if (afmon_fd_is(fd, &was))
        return;
    forget_torn_part(files, which);
    file->lines = news->change == AFMON_FILE_REPLACED ? file->lines - news->lost : 0;
}

static int open_anew(struct afmon_run_files *files, int which, const struct afmon_session *session,
                     struct afmon_file_news *news)
{
    int fd;
    int failure = open_named(&files->file[which], session, &fd);
    if (failure == 0)
        failure = afmon_tail_repair(fd, which == AFMON_METRICS_FILE, NULL);
    if (failure != 0) {
        if (fd >= 0)
            close(fd);
        return failure;
    }
    news->lost = lost_lines(news, *descriptor(files, which), fd);
    take_file(files, which, fd, news);
    watch(&files->file[which], fd, session->place.run);
    return 0;
}

static int go_on_in_cut_file(struct afmon_run_files *files, int which)
{
    struct stat status;
    int fd = *descriptor(files, which);
    int failure = afmon_tail_repair(fd, which == AFMON_METRICS_FILE, NULL);
    files->file[which].lines = 0;
    files->file[which].size = failure == 0 && fstat(fd, &status) == 0 ? status.st_size : 0;
    return failure;
}

/* ---- looking ---- */

/* The part of a batch that could not be cut off is cut off while its file is at hand; one that has no name any more
 * takes it along. */
static int mend(struct afmon_run_files *files, const struct afmon_file_news news[AFMON_RUN_FILES])
{
    for (int which = 0; which < AFMON_RUN_FILES; which++)
        if (news[which].change == AFMON_FILE_REMOVED || news[which].change == AFMON_FILE_REPLACED)
            forget_torn_part(files, which);
    return afmon_run_files_mend(files);
}

static int follow(struct afmon_run_files *files, int which, const struct afmon_session *session,
                  struct afmon_file_news *news)
{
    int failure =
        news->change == AFMON_FILE_CUT ? go_on_in_cut_file(files, which) : open_anew(files, which, session, news);
    if (failure != 0)
        news->change = AFMON_FILE_SAME; /* found again by the next call */
    return failure;
}

/* Those whose descriptor was closed, or all others. */
static int follow_each(struct afmon_run_files *files, const struct afmon_session *session, bool closed, int failure,
                       struct afmon_file_news news[AFMON_RUN_FILES])
{
    for (int which = 0; which < AFMON_RUN_FILES; which++) {
        if (news[which].change == AFMON_FILE_SAME || (news[which].change == AFMON_FILE_CLOSED) != closed)
            continue;
        if (failure == 0)
            failure = follow(files, which, session, &news[which]);
        else
            news[which].change = AFMON_FILE_SAME;
    }
    return failure;
}

int afmon_run_files_look(struct afmon_run_files *files, const struct afmon_session *session,
                         struct afmon_file_news news[AFMON_RUN_FILES])
{
    bool any = false;
    for (int which = 0; which < AFMON_RUN_FILES; which++) {
        const struct afmon_landing_file *file = &files->file[which];
        news[which].change = change_of(file, *descriptor(files, which), session->place.run);
        news[which].written = file->lines;
        news[which].lost = 0;
        memcpy(news[which].name, file->is.name, AFMON_FILE_NAME);
        any = any || news[which].change != AFMON_FILE_SAME;
    }
    if (!any)
        return 0;
    int failure = follow_each(files, session, true, 0, news); /* before anything is cut off there */
    if (failure == 0)
        failure = mend(files, news);
    return follow_each(files, session, false, failure, news);
}

void afmon_run_files_landed(struct afmon_run_files *files, uint64_t metrics_lines, uint64_t log_lines)
{
    files->file[AFMON_METRICS_FILE].lines += metrics_lines;
    files->file[AFMON_LOG_FILE].lines += log_lines;
}

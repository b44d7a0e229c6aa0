#include "ingest/landing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/room.h"
#include "ingest/tail.h"

int afmon_run_file_open(int folder, const char *name, int *out)
{
    *out = -1;
    if (name[0] == '\0')
        return 0;
    int fd = afmon_fd_above_standard(
        openat(folder, name, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666));
    if (fd < 0)
        return errno;
    struct stat status;
    int failure = fstat(fd, &status) != 0 ? errno : 0;
    if (failure == 0 && !S_ISREG(status.st_mode))
        failure = EINVAL;
    if (failure != 0) {
        close(fd);
        return failure;
    }
    *out = fd;
    return 0;
}

int afmon_run_files_open(struct afmon_run_files *files, int folder, const char *metrics_file, const char *log_file,
                         const char **failed)
{
    *files = (struct afmon_run_files){.metrics = -1, .log = -1};
    snprintf(files->file[AFMON_METRICS_FILE].is.name, AFMON_FILE_NAME, "%s", metrics_file);
    snprintf(files->file[AFMON_LOG_FILE].is.name, AFMON_FILE_NAME, "%s", log_file);
    *failed = metrics_file;
    int failure = afmon_run_file_open(folder, metrics_file, &files->metrics);
    if (failure == 0) {
        *failed = log_file;
        failure = afmon_run_file_open(folder, log_file, &files->log);
    }
    if (failure != 0) {
        afmon_run_files_close(files);
        return failure;
    }
    (void)afmon_file_identify(files->metrics, &files->file[AFMON_METRICS_FILE].is.identity);
    (void)afmon_file_identify(files->log, &files->file[AFMON_LOG_FILE].is.identity);
    return 0;
}

int afmon_run_files_repair(const struct afmon_run_files *files, struct afmon_buffer *removed)
{
    int failure = files->metrics >= 0 ? afmon_tail_repair(files->metrics, true, removed) : 0;
    if (failure == 0 && files->log >= 0)
        failure = afmon_tail_repair(files->log, false, removed);
    return failure;
}

void afmon_run_files_close(struct afmon_run_files *files)
{
    afmon_close_own(&files->metrics, &files->file[AFMON_METRICS_FILE].is.identity);
    afmon_close_own(&files->log, &files->file[AFMON_LOG_FILE].is.identity);
}

static int file_size(int fd, int64_t *size)
{
    struct stat status;
    *size = 0;
    if (fd < 0)
        return 0;
    if (fstat(fd, &status) != 0)
        return errno;
    *size = status.st_size;
    return 0;
}

/* Cuts off what stands behind offset. */
static int cut(int fd, int64_t offset)
{
    int64_t size;
    int failure = file_size(fd, &size);
    if (failure != 0 || fd < 0 || size <= offset)
        return failure;
    int refused;
    do
        refused = ftruncate(fd, offset) == 0 ? 0 : errno;
    while (refused == EINTR);
    return refused;
}

static int undo(struct afmon_run_files *files, struct afmon_ring *ring, const struct afmon_note *note)
{
    int failure = note->metrics_length > 0 ? cut(files->metrics, note->metrics_offset) : 0;
    int other = note->log_length > 0 ? cut(files->log, note->log_offset) : 0;
    if (failure == 0)
        failure = other;
    if (failure == 0)
        failure = afmon_ring_note_clear(ring);
    if (failure != 0)
        files->torn_note = *note;
    files->torn = failure == 0 ? NULL : ring;
    return failure;
}

static int cut_said(struct afmon_run_files *files)
{
    int failure = cut(files->log, files->log_end);
    files->log_torn = failure != 0;
    return failure;
}

int afmon_run_files_mend(struct afmon_run_files *files)
{
    const struct afmon_note note = files->torn_note;
    int failure = files->log_torn ? cut_said(files) : 0;
    return failure == 0 && files->torn != NULL ? undo(files, files->torn, &note) : failure;
}

static bool is_noted(const struct afmon_ring *ring, const struct afmon_note *note)
{
    uint64_t head = atomic_load_explicit(&ring->header->head, memory_order_acquire);
    uint64_t tail = atomic_load_explicit(&ring->header->tail, memory_order_acquire);
    return note->until > head && note->until <= tail;
}

static int write_text(int fd, const struct afmon_buffer *text)
{
    return text->length == 0 || fd < 0 ? 0 : afmon_write_all(fd, text->data, text->length, NULL);
}

/* Makes sure of room for so many bytes behind the file's end. Its length, which tells a recovery what landed, stays as
 * it is. A reservation does not look at the process's limit. */
static int reserve(int fd, int64_t size, uint64_t length)
{
    struct rlimit limit;
    if (length == 0 || fd < 0)
        return 0;
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
        (uint64_t)size + length > (uint64_t)limit.rlim_cur)
        return EFBIG;
    return afmon_reserve_room(fd, size, length); /* a file system that cannot be asked is asked by writing */
}

static int reserve_both(const struct afmon_run_files *files, const struct afmon_note *note)
{
    int failure = reserve(files->metrics, note->metrics_offset, note->metrics_length);
    return failure == 0 ? reserve(files->log, note->log_offset, note->log_length) : failure;
}

/* Where a batch would go. ENOLINK: others have cut the file off. */
static int end_of(const struct afmon_landing_file *file, int fd, uint64_t length, int64_t *offset)
{
    int failure = length > 0 ? file_size(fd, offset) : 0;
    return failure == 0 && length > 0 && file->watched && *offset < file->size ? ENOLINK : failure;
}

/* Fills the note of a batch that would be written now. */
static int note_of(const struct afmon_run_files *files, struct afmon_note *note)
{
    const struct afmon_landing_file *file = files->file;
    int failure = end_of(&file[AFMON_METRICS_FILE], files->metrics, note->metrics_length, &note->metrics_offset);
    return failure == 0 ? end_of(&file[AFMON_LOG_FILE], files->log, note->log_length, &note->log_offset) : failure;
}

/* Notes the batch where it can be found again. If the header's page went to memory in this moment, the file has an old
 * note; and if something of the ring is gone, the batch is to be looked at again. */
static int take_note(struct afmon_ring *ring, const struct afmon_note *note)
{
    bool broken = afmon_ring_is_broken(ring);
    int failure = afmon_ring_note(ring, note);
    if (failure != 0 || broken == afmon_ring_is_broken(ring))
        return failure;
    return afmon_ring_check_file(ring) ? afmon_ring_note(ring, note) : ESTALE;
}

/* Whether a file ends with a text. */
static bool ends_with(int fd, int64_t size, const struct afmon_buffer *text)
{
    char piece[4096];
    int64_t from = size - (int64_t)text->length;
    bool equal = from >= 0;
    for (size_t at = 0; equal && at < text->length; at += sizeof piece) {
        size_t length = text->length - at < sizeof piece ? text->length - at : sizeof piece;
        equal =
            afmon_read_at(fd, piece, length, from + (int64_t)at) == 0 && memcmp(piece, text->data + at, length) == 0;
    }
    return equal;
}

/* Whether what was just written can be found: its file has a name, and others have not cut it off since, or not more
 * than what was there before. */
static bool is_in(const struct afmon_landing_file *file, int fd, const struct afmon_buffer *text, int64_t offset)
{
    struct stat status;
    if (!file->watched || text->length == 0 || fstat(fd, &status) != 0)
        return true;
    return status.st_nlink > 0 &&
           (status.st_size >= offset + (int64_t)text->length || ends_with(fd, status.st_size, text));
}

/* Where they end now, if others let them be. */
static void grow(struct afmon_run_files *files, const struct afmon_note *note)
{
    if (note->metrics_length > 0)
        files->file[AFMON_METRICS_FILE].size = note->metrics_offset + (int64_t)note->metrics_length;
    if (note->log_length > 0)
        files->file[AFMON_LOG_FILE].size = note->log_offset + (int64_t)note->log_length;
}

static int land(struct afmon_run_files *files, struct afmon_ring *ring, const struct afmon_buffer *metrics,
                const struct afmon_buffer *log, uint64_t until)
{
    struct afmon_note note = {.until = until, .metrics_length = metrics->length, .log_length = log->length};
    int failure = afmon_run_files_mend(files);
    if (failure == 0)
        failure = note_of(files, &note);
    if (failure == 0 && files->careful)
        failure = reserve_both(files, &note);
    if (failure == 0)
        failure = take_note(ring, &note);
    if (failure != 0)
        return failure;
    failure = write_text(files->metrics, metrics);
    if (failure == 0)
        failure = write_text(files->log, log);
    if (failure == 0 && (!is_in(&files->file[AFMON_METRICS_FILE], files->metrics, metrics, note.metrics_offset) ||
                         !is_in(&files->file[AFMON_LOG_FILE], files->log, log, note.log_offset)))
        failure = ENOLINK;
    if (failure != 0) {
        (void)undo(files, ring, &note);
        return failure;
    }
    grow(files, &note);
    /* where this fails, the note tells a recovery that it landed, and the next note takes the head along */
    (void)afmon_ring_advance(ring, until);
    return 0;
}

int afmon_land(struct afmon_run_files *files, struct afmon_ring *ring, const struct afmon_buffer *metrics,
               const struct afmon_buffer *log, uint64_t until)
{
    int failure = land(files, ring, metrics, log, until);
    files->careful = failure != 0 && failure != ENOLINK;
    return failure;
}

int afmon_run_files_say(struct afmon_run_files *files, const struct afmon_buffer *text)
{
    if (!afmon_fd_is(files->log, &files->file[AFMON_LOG_FILE].is.identity))
        return EBADF; /* something else closed it */
    int failure = afmon_run_files_mend(files);
    if (failure == 0)
        failure = file_size(files->log, &files->log_end);
    if (failure == 0)
        failure = reserve(files->log, files->log_end, text->length);
    if (failure != 0)
        return failure;
    failure = write_text(files->log, text);
    if (failure != 0)
        (void)cut_said(files);
    return failure;
}

int afmon_landing_look(const struct afmon_run_files *files, const struct afmon_ring *ring, struct afmon_landed *landed)
{
    struct afmon_note note = afmon_ring_noted(ring);
    landed->until = atomic_load_explicit(&ring->header->head, memory_order_acquire);
    landed->metrics = landed->log = false;
    if (!is_noted(ring, &note))
        return 0;
    int64_t metrics_size;
    int64_t log_size;
    int failure = file_size(files->metrics, &metrics_size);
    if (failure == 0)
        failure = file_size(files->log, &log_size);
    if (failure != 0)
        return failure;
    landed->until = note.until;
    landed->metrics =
        note.metrics_length == 0 || (note.metrics_offset >= 0 && metrics_size >= note.metrics_offset &&
                                     (uint64_t)(metrics_size - note.metrics_offset) >= note.metrics_length);
    landed->log = note.log_length == 0 || (note.log_offset >= 0 && log_size >= note.log_offset &&
                                           (uint64_t)(log_size - note.log_offset) >= note.log_length);
    return 0;
}

int afmon_landing_settle(const struct afmon_run_files *files, struct afmon_ring *ring, struct afmon_landed *landed)
{
    struct afmon_note note = afmon_ring_noted(ring);
    int failure = afmon_landing_look(files, ring, landed);
    if (failure == 0 && !landed->metrics && note.metrics_length > 0 && is_noted(ring, &note))
        failure = note.metrics_offset < 0 ? EINVAL : cut(files->metrics, note.metrics_offset);
    if (failure == 0 && !landed->log && note.log_length > 0 && is_noted(ring, &note))
        failure = note.log_offset < 0 ? EINVAL : cut(files->log, note.log_offset);
    return failure;
}

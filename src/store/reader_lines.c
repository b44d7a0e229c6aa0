#include "store/reader_lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/status.h"

#define PIECE ((size_t)256 << 10)
#define PROGRESS_EVERY ((uint64_t)4 << 20)

struct line_reader {
    const char *path;
    const struct afmon_lines *lines;
    afmon_error *error;
    int fd;
    int64_t offset; /* of the next read */
    int64_t end;
    char *data;
    size_t capacity;
    size_t length;  /* bytes in data */
    size_t checked; /* of them: known to hold no newline */
    uint64_t number;
    uint64_t bytes_read;
    uint64_t reported;
    bool skipping; /* within a line that is too long */
};

static afmon_status open_file(struct line_reader *reader)
{
    struct stat status;
    if (reader->end == 0 && reader->lines->text_length > 0)
        return AFMON_OK;
    reader->fd = open(reader->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
    if (reader->fd < 0)
        return afmon_fail_os(reader->error, errno, "cannot read %s", reader->path);
    if (fstat(reader->fd, &status) != 0)
        return afmon_fail_os(reader->error, errno, "cannot read %s", reader->path);
    if (!S_ISREG(status.st_mode))
        return afmon_fail(reader->error, AFMON_E_FORMAT, "%s is not a regular file", reader->path);
    return AFMON_OK;
}

static afmon_status make_room(struct line_reader *reader)
{
    if (reader->capacity - reader->length >= PIECE)
        return AFMON_OK;
    size_t capacity = reader->capacity == 0 ? 2 * PIECE : reader->capacity * 2;
    char *data = realloc(reader->data, capacity);
    if (data == NULL)
        return afmon_fail_memory(reader->error);
    reader->data = data;
    reader->capacity = capacity;
    return AFMON_OK;
}

static void take_in(struct line_reader *reader, size_t got)
{
    reader->length += got;
    reader->offset += (int64_t)got;
    reader->bytes_read += got;
}

/* The same of the text that stands behind the file's end. */
static size_t copy_piece(struct line_reader *reader)
{
    size_t done = (size_t)(reader->offset - reader->end);
    size_t left = done < reader->lines->text_length ? reader->lines->text_length - done : 0;
    size_t wanted = left < PIECE ? left : PIECE;
    if (wanted > 0)
        memcpy(reader->data + reader->length, reader->lines->text + done, wanted);
    take_in(reader, wanted);
    return wanted;
}

/* Reads the next piece; 0 bytes at the end. */
static afmon_status read_piece(struct line_reader *reader, size_t *got)
{
    if (reader->offset >= reader->end && reader->lines->text_length > 0) {
        *got = copy_piece(reader);
        return AFMON_OK;
    }
    size_t wanted = PIECE;
    if (reader->end - reader->offset < (int64_t)wanted)
        wanted = reader->end > reader->offset ? (size_t)(reader->end - reader->offset) : 0;
    ssize_t count;
    do {
        count = pread(reader->fd, reader->data + reader->length, wanted, reader->offset);
    } while (count < 0 && errno == EINTR);
    if (count < 0)
        return afmon_fail_os(reader->error, errno, "cannot read %s", reader->path);
    *got = (size_t)count;
    take_in(reader, *got);
    return AFMON_OK;
}

static afmon_status report_progress(struct line_reader *reader, bool last)
{
    const struct afmon_lines *lines = reader->lines;
    if (lines->progress == NULL || (!last && reader->bytes_read - reader->reported < PROGRESS_EVERY))
        return AFMON_OK;
    reader->reported = reader->bytes_read;
    return lines->progress(lines->user, reader->bytes_read) != 0
               ? afmon_fail(reader->error, AFMON_E_CANCELLED, "reading %s was cancelled", reader->path)
               : AFMON_OK;
}

static afmon_status give_line(struct line_reader *reader, const char *data, size_t length, bool ended, int64_t behind)
{
    bool too_long = reader->skipping || length > AFMON_LINE_LIMIT;
    reader->skipping = false;
    reader->number++;
    if (reader->lines->behind != NULL)
        *reader->lines->behind = behind;
    afmon_status status =
        reader->lines->line(reader->lines->user, too_long ? NULL : data, too_long ? 0 : length, reader->number, ended);
    if (status == AFMON_E_CANCELLED)
        return afmon_fail(reader->error, status, "reading %s was cancelled", reader->path);
    if (status == AFMON_E_NO_MEMORY)
        return afmon_fail_memory(reader->error);
    return status == AFMON_OK ? status
                              : afmon_fail(reader->error, status, "%s: %s", reader->path, afmon_status_text(status));
}

static void note_stop(const struct line_reader *reader, int64_t offset)
{
    if (reader->lines->stopped_at != NULL)
        *reader->lines->stopped_at = offset;
}

/* Gives the whole lines in data, and moves what follows them to the front. */
static afmon_status give_lines(struct line_reader *reader)
{
    char *at = reader->data;
    char *end = reader->data + reader->length;
    char *from = at + reader->checked;
    for (;;) {
        char *newline = from < end ? memchr(from, '\n', (size_t)(end - from)) : NULL;
        if (newline == NULL)
            break;
        int64_t behind = reader->offset - (end - (newline + 1));
        afmon_status status = give_line(reader, at, (size_t)(newline - at), true, behind);
        if (status != AFMON_OK) {
            note_stop(reader, behind);
            return status;
        }
        at = newline + 1;
        from = at;
    }
    reader->length = (size_t)(end - at);
    if (at != reader->data && reader->length > 0)
        memmove(reader->data, at, reader->length);
    if (reader->length > AFMON_LINE_LIMIT) {
        reader->skipping = true;
        reader->length = 0;
    }
    reader->checked = reader->length;
    return AFMON_OK;
}

static afmon_status read_all(struct line_reader *reader)
{
    for (;;) {
        size_t got = 0;
        afmon_status status = make_room(reader);
        if (status == AFMON_OK)
            status = read_piece(reader, &got);
        if (status == AFMON_OK)
            status = got > 0 ? give_lines(reader) : AFMON_OK;
        if (status == AFMON_OK)
            status = report_progress(reader, got == 0);
        if (status != AFMON_OK)
            return status;
        if (got == 0)
            break;
    }
    note_stop(reader, reader->offset);
    bool left = reader->length > 0 || reader->skipping;
    return left ? give_line(reader, reader->data, reader->length, false, reader->offset) : AFMON_OK;
}

afmon_status afmon_each_line(const char *path, int64_t begin, int64_t end, const struct afmon_lines *lines,
                             afmon_error *error)
{
    struct line_reader reader = {
        .path = path, .lines = lines, .error = error, .fd = -1, .offset = begin < 0 ? 0 : begin, .end = end};
    afmon_status status = open_file(&reader);
    if (status == AFMON_OK)
        status = read_all(&reader);
    if (reader.fd >= 0)
        close(reader.fd);
    free(reader.data);
    return status;
}

#include "live/tail.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/status.h"
#include "store/reader_lines.h"

#define PIECE ((size_t)256 << 10)

struct piece {
    struct afmon_tail *tail;
    struct afmon_buffer *buffer;
    const struct afmon_tail_lines *lines;
    afmon_error *error;
    int fd;
};

/* Reads up to length bytes at offset into the buffer. */
static afmon_status fill(struct piece *piece, int64_t offset, size_t length)
{
    struct afmon_buffer *buffer = piece->buffer;
    if (piece->tail->limited && piece->tail->limit - offset < (int64_t)length)
        length = piece->tail->limit > offset ? (size_t)(piece->tail->limit - offset) : 0;
    afmon_buffer_clear(buffer);
    if (!afmon_buffer_reserve(buffer, length))
        return afmon_fail_memory(piece->error);
    while (buffer->length < length) {
        ssize_t got =
            pread(piece->fd, buffer->data + buffer->length, length - buffer->length, offset + (int64_t)buffer->length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return afmon_fail_os(piece->error, errno, "cannot read %s", piece->tail->path);
        if (got == 0)
            break;
        buffer->length += (size_t)got;
    }
    return AFMON_OK;
}

static void note_check(struct afmon_tail *tail, const char *end, size_t length)
{
    size_t kept = length < AFMON_TAIL_CHECK ? length : AFMON_TAIL_CHECK;
    memcpy(tail->check, end - kept, kept);
    tail->check_length = kept;
}

/* The bytes before end are still those that were read. */
static afmon_status check_same(struct piece *piece)
{
    const struct afmon_tail *tail = piece->tail;
    if (tail->check_length == 0)
        return AFMON_OK;
    afmon_status status = fill(piece, tail->end - (int64_t)tail->check_length, tail->check_length);
    if (status != AFMON_OK)
        return status;
    bool same = piece->buffer->length == tail->check_length &&
                memcmp(piece->buffer->data, tail->check, tail->check_length) == 0;
    return same ? AFMON_OK : AFMON_E_CANCELLED;
}

int64_t afmon_tail_counts(const struct afmon_tail *tail, int64_t size)
{
    if (!tail->limited || size < tail->limit)
        return size;
    return tail->end > tail->limit ? tail->end : tail->limit;
}

/* 0 with *gone: it is not there. */
static afmon_status open_file(struct piece *piece, bool *gone)
{
    struct stat status;
    piece->fd = open(piece->tail->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
    *gone = piece->fd < 0 && (errno == ENOENT || errno == ENOTDIR);
    if (*gone)
        return AFMON_OK;
    if (piece->fd < 0 || fstat(piece->fd, &status) != 0)
        return afmon_fail_os(piece->error, errno, "cannot read %s", piece->tail->path);
    if (!S_ISREG(status.st_mode))
        return afmon_fail(piece->error, AFMON_E_FORMAT, "%s is not a regular file", piece->tail->path);
    struct afmon_tail *tail = piece->tail;
    int64_t size = afmon_tail_counts(tail, (int64_t)status.st_size);
    bool other = tail->begun && ((tail->inode != 0 && (uint64_t)status.st_ino != tail->inode) || size < tail->end);
    tail->inode = (uint64_t)status.st_ino;
    tail->size = size;
    tail->written_ns = afmon_file_written_ns(&status);
    return other ? AFMON_E_CANCELLED : AFMON_OK;
}

/* Where the lines of a piece begin, of which the first is cut off or belongs to what stands before: behind its newline,
 * or behind the first line from there on after which another call begins. NULL: no line begins in it. */
static const char *first_line(const struct piece *piece)
{
    const char *end = piece->buffer->data + piece->buffer->length;
    const char *newline = piece->buffer->length > 0 ? memchr(piece->buffer->data, '\n', piece->buffer->length) : NULL;
    if (newline == NULL || piece->lines->together == NULL)
        return newline != NULL ? newline + 1 : NULL;
    const char *first = newline + 1;
    for (const char *line = first; (newline = memchr(line, '\n', (size_t)(end - line))) != NULL;) {
        const char *next = newline + 1;
        const char *next_end = memchr(next, '\n', (size_t)(end - next));
        if (next_end == NULL)
            break;
        if (!piece->lines->together(line, (size_t)(newline - line), next, (size_t)(next_end - next)))
            return next;
        line = next;
    }
    return first;
}

/* Where to begin in a file that is there already: at the first line of its last part. */
static afmon_status find_begin(struct piece *piece, bool from_begin)
{
    struct afmon_tail *tail = piece->tail;
    tail->begun = true;
    tail->begin = tail->end = 0;
    tail->whole = true;
    int64_t from = tail->size - AFMON_TAIL_FIRST;
    if (from_begin || from <= 0)
        return AFMON_OK;
    afmon_status status = fill(piece, from, PIECE);
    if (status != AFMON_OK)
        tail->begun = false;
    const char *first = status == AFMON_OK ? first_line(piece) : NULL;
    if (first != NULL) {
        tail->begin = tail->end = from + (first - piece->buffer->data);
        note_check(tail, first, (size_t)(first - piece->buffer->data));
    }
    tail->whole = tail->begin == 0;
    return status;
}

/* Behind a line that was taken without its newline: nothing but that may follow, else it was another line. */
static afmon_status end_line(struct afmon_tail *tail, const char *at, size_t length)
{
    const char *newline = memchr(at, '\n', length);
    if (!afmon_line_is_blank(at, newline == NULL ? length : (size_t)(newline - at)))
        return AFMON_E_CANCELLED;
    tail->unended = newline == NULL;
    return AFMON_OK;
}

/* Gives the whole lines of a text, and moves the end of the stretch behind them. */
static afmon_status give_forward(struct afmon_tail *tail, const struct afmon_tail_lines *lines, const char *at,
                                 size_t length)
{
    const char *end = at + length;
    const char *newline;
    const char *first = at;
    afmon_status status = tail->unended ? end_line(tail, at, length) : AFMON_OK;
    while (status == AFMON_OK && at < end && (newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        bool long_one = tail->skipping;
        status = lines->line(lines->user, long_one ? NULL : at, (size_t)(newline - at), false);
        if (status != AFMON_OK)
            break;
        tail->skipping = false;
        tail->end += newline + 1 - at;
        at = newline + 1;
    }
    if (at > first)
        note_check(tail, at, (size_t)(at - first));
    return status;
}

/* No newline in all of the buffer, though the file goes on. */
static void skip_on(struct piece *piece)
{
    struct afmon_tail *tail = piece->tail;
    tail->skipping = true;
    tail->end += (int64_t)piece->buffer->length;
    note_check(tail, piece->buffer->data + piece->buffer->length, piece->buffer->length);
}

static void try_rest(struct piece *piece, int64_t from)
{
    struct afmon_tail *tail = piece->tail;
    const struct afmon_buffer *buffer = piece->buffer;
    size_t done = (size_t)(tail->end - from);
    size_t left = buffer->length - done;
    if (left == 0 || tail->skipping || piece->lines->rest == NULL ||
        !piece->lines->rest(piece->lines->user, buffer->data + done, left))
        return;
    tail->end += (int64_t)left;
    tail->unended = true;
    note_check(tail, buffer->data + buffer->length, buffer->length);
}

static afmon_status read_forward(struct piece *piece, bool *more)
{
    struct afmon_tail *tail = piece->tail;
    for (size_t length = PIECE;; length *= 2) {
        int64_t from = tail->end;
        afmon_status status = fill(piece, from, length);
        bool full = piece->buffer->length == length;
        if (status == AFMON_OK && piece->buffer->length > 0)
            status = give_forward(tail, piece->lines, piece->buffer->data, piece->buffer->length);
        if (status != AFMON_OK || piece->buffer->length == 0)
            return status;
        *more = full;
        if (tail->end == from && full && length >= AFMON_TAIL_LINE)
            skip_on(piece);
        else if (!full)
            try_rest(piece, from);
        if (tail->end != from || !full)
            return AFMON_OK;
    }
}

afmon_status afmon_tail_forward(struct afmon_tail *tail, struct afmon_buffer *buffer, bool from_begin,
                                const struct afmon_tail_lines *lines, bool *more, afmon_error *error)
{
    struct piece piece = {tail, buffer, lines, error, -1};
    bool gone;
    *more = false;
    afmon_status status = open_file(&piece, &gone);
    if (status == AFMON_OK && gone)
        return tail->begun ? AFMON_E_CANCELLED : AFMON_OK;
    if (status == AFMON_OK && !tail->begun)
        status = find_begin(&piece, from_begin);
    if (status == AFMON_OK && tail->size > tail->end)
        status = check_same(&piece);
    if (status == AFMON_OK && tail->size > tail->end)
        status = read_forward(&piece, more);
    if (piece.fd >= 0)
        close(piece.fd);
    return status;
}

afmon_status afmon_tail_take(struct afmon_tail *tail, int64_t at, const char *text, size_t length,
                             const struct afmon_tail_lines *lines)
{
    if (tail->end < at)
        return AFMON_E_CANCELLED;
    size_t done = (uint64_t)(tail->end - at) < length ? (size_t)(tail->end - at) : length;
    size_t known = done < tail->check_length ? done : tail->check_length;
    bool is_end = at + (int64_t)done == tail->end;
    if (is_end && known > 0 && memcmp(text + done - known, tail->check + tail->check_length - known, known) != 0)
        return AFMON_E_CANCELLED;
    return done < length ? give_forward(tail, lines, text + done, length - done) : AFMON_OK;
}

/* Gives the lines that begin in the buffer; the stretch then begins where the first of them does. The last newline ends
 * the last line, except where a line that was too long is cut off there. */
static afmon_status give_backward(struct piece *piece, int64_t from)
{
    struct afmon_tail *tail = piece->tail;
    const char *data = piece->buffer->data;
    const char *end = data + piece->buffer->length;
    const char *first = from > 0 ? first_line(piece) : data; /* there is one */
    const char *at = first;
    const char *newline;
    while (at < end && (newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        afmon_status status = piece->lines->line(piece->lines->user, at, (size_t)(newline - at), true);
        if (status != AFMON_OK)
            return status;
        at = newline + 1;
    }
    tail->begin = from + (first - data);
    tail->cut = false;
    return AFMON_OK;
}

/* True where the buffer holds a newline behind which a line begins that is in it as a whole. */
static bool has_line(const struct piece *piece)
{
    const struct afmon_buffer *buffer = piece->buffer;
    size_t length = buffer->length > 0 && !piece->tail->cut ? buffer->length - 1 : buffer->length;
    return length > 0 && memchr(buffer->data, '\n', length) != NULL;
}

static afmon_status read_backward(struct piece *piece)
{
    struct afmon_tail *tail = piece->tail;
    for (size_t length = PIECE;; length *= 2) {
        int64_t from = tail->begin > (int64_t)length ? tail->begin - (int64_t)length : 0;
        size_t wanted = (size_t)(tail->begin - from);
        afmon_status status = fill(piece, from, wanted);
        if (status != AFMON_OK)
            return status;
        if (piece->buffer->length < wanted)
            return AFMON_E_CANCELLED; /* it was cut back meanwhile */
        if (from == 0 || has_line(piece))
            return give_backward(piece, from);
        if (length >= AFMON_TAIL_LINE) {
            status = piece->lines->line(piece->lines->user, NULL, 0, true);
            tail->begin = from;
            tail->cut = true;
            return status;
        }
    }
}

afmon_status afmon_tail_backward(struct afmon_tail *tail, struct afmon_buffer *buffer,
                                 const struct afmon_tail_lines *lines, afmon_error *error)
{
    struct piece piece = {tail, buffer, lines, error, -1};
    bool gone;
    afmon_status status = open_file(&piece, &gone);
    if (status == AFMON_OK)
        status = gone ? AFMON_E_CANCELLED : read_backward(&piece);
    if (piece.fd >= 0)
        close(piece.fd);
    return status;
}

#include "items/back.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/status.h"
#include "store/reader_lines.h"

void afmon_back_init(struct afmon_back *back, const struct afmon_source *source, size_t piece)
{
    *back = (struct afmon_back){
        .source = *source, .piece = piece, .at = (int64_t)source->end, .text_left = source->text_length};
}

void afmon_back_free(struct afmon_back *back)
{
    free(back->source.text);
    free(back->data);
    *back = (struct afmon_back){0};
}

uint64_t afmon_back_left(const struct afmon_back *back)
{
    return (uint64_t)back->at + back->text_left;
}

#ifdef __APPLE__ /* which has none */
static const void *memrchr(const void *text, int byte, size_t length)
{
    const unsigned char *bytes = text;
    while (length > 0)
        if (bytes[--length] == byte)
            return bytes + length;
    return NULL;
}
#endif

/* The last line of text[0 .. *length), which loses it. NULL: it begins before the text. */
static const char *last_line(const char *text, size_t *length, bool *ended, size_t *line_length)
{
    if (!*ended && *length > 0 && text[*length - 1] == '\n') {
        --*length;
        *ended = true;
    }
    const char *newline = *length > 0 ? memrchr(text, '\n', *length) : NULL;
    if (newline == NULL)
        return NULL;
    const char *line = newline + 1;
    *line_length = *length - (size_t)(line - text);
    *length = (size_t)(line - text);
    *ended = false;
    return line;
}

/* Makes room for so many bytes before what is there. */
static bool make_room(struct afmon_back *back, size_t wanted)
{
    size_t kept = back->end - back->begin;
    if (back->begin >= wanted)
        return true;
    size_t capacity = back->capacity - kept >= wanted ? back->capacity : 2 * (kept + wanted);
    char *data = capacity == back->capacity ? back->data : malloc(capacity);
    if (data == NULL)
        return false;
    if (kept > 0)
        memmove(data + capacity - kept, back->data + back->begin, kept);
    if (data != back->data)
        free(back->data);
    back->data = data;
    back->capacity = capacity;
    back->begin = capacity - kept;
    back->end = capacity;
    return true;
}

/* Not kept open: there may be more files than a process may have open. */
static int open_file(const struct afmon_back *back, afmon_status *status, afmon_error *error)
{
    struct stat facts;
    int fd = open(back->source.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &facts) != 0) {
        *status = afmon_fail_os(error, errno, "cannot read %s", back->source.path);
    } else if (!S_ISREG(facts.st_mode)) {
        *status = afmon_fail(error, AFMON_E_FORMAT, "%s is not a regular file", back->source.path);
    } else {
        return fd;
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

/* How many bytes were read; less than wanted where the file has become shorter. -1: errno. */
static ssize_t read_whole(int fd, char *out, size_t wanted, int64_t at)
{
    size_t done = 0;
    while (done < wanted) {
        ssize_t got = pread(fd, out + done, wanted - done, at + (int64_t)done);
        if (got < 0 && errno != EINTR)
            return -1;
        if (got == 0)
            break;
        done += got > 0 ? (size_t)got : 0;
    }
    return (ssize_t)done;
}

static afmon_status read_piece(struct afmon_back *back, afmon_error *error)
{
    afmon_status status = AFMON_OK;
    /* More at a time the longer the line is: each byte of it is looked at and moved only so often. */
    size_t wanted = back->piece > back->end - back->begin ? back->piece : back->end - back->begin;
    wanted = (int64_t)wanted < back->at ? wanted : (size_t)back->at;
    if (!make_room(back, wanted))
        return afmon_fail_memory(error);
    int fd = open_file(back, &status, error);
    if (fd < 0)
        return status;
    char *to = back->data + back->begin - wanted;
    ssize_t got = read_whole(fd, to, wanted, back->at - (int64_t)wanted);
    if (got < 0)
        status = afmon_fail_os(error, errno, "cannot read %s", back->source.path);
    close(fd);
    if (status != AFMON_OK)
        return status;
    if ((size_t)got < wanted)
        memmove(to + (wanted - (size_t)got), to, (size_t)got);
    back->begin -= (size_t)got;
    back->at -= (int64_t)wanted;
    return AFMON_OK;
}

/* The line at the file's beginning, which no newline stands before. */
static const char *first_line(struct afmon_back *back, size_t *length)
{
    const char *line = back->end > back->begin ? back->data + back->begin : NULL;
    *length = back->end - back->begin;
    back->end = back->begin;
    return line;
}

static const char *line_of_text(struct afmon_back *back, size_t *length)
{
    const char *line = last_line(back->source.text, &back->text_left, &back->ended, length);
    if (line != NULL)
        return line;
    *length = back->text_left;
    back->text_left = 0;
    back->ended = false;
    return back->source.text;
}

afmon_status afmon_back_next(struct afmon_back *back, const char **line, size_t *length, afmon_error *error)
{
    if (back->text_left > 0) {
        *line = line_of_text(back, length);
        return AFMON_OK;
    }
    for (;;) {
        size_t left = back->end - back->begin;
        *line = left > 0 ? last_line(back->data + back->begin, &left, &back->ended, length) : NULL;
        back->end = back->begin + left;
        if (*line == NULL && back->at > 0) {
            bool too_long = left > AFMON_LINE_LIMIT;
            back->skipping |= too_long;
            back->end = too_long ? back->begin : back->end;
            afmon_status status = read_piece(back, error);
            if (status != AFMON_OK)
                return status;
            continue;
        }
        if (*line == NULL)
            *line = first_line(back, length);
        if (!back->skipping || *line == NULL)
            return AFMON_OK;
        back->skipping = false; /* that was the beginning of the long one */
    }
}

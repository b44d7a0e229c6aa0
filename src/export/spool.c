#include "export/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

#define BLOCK ((size_t)32 << 10) /* so much of the file a stream takes at a time */

struct afmon_spool {
    int fd;
    int failure;
    uint64_t blocks; /* that were given out */
    struct stream *streams;
};

struct stream {
    struct afmon_spool *spool;
    struct stream *next;
    FILE *file;
    uint64_t *blocks; /* where its bytes are, by 32 KiB of them */
    size_t count, capacity;
    uint64_t length;
    uint64_t at;
};

static int without_name(const char *folder)
{
    char *name = afmon_path_join(folder, ".afmon-rows-XXXXXX");
    if (name == NULL) {
        errno = ENOMEM;
        return -1;
    }
    int fd = afmon_fd_above_standard(mkostemp(name, O_CLOEXEC));
    int failure = errno;
    unlink(name);
    free(name);
    errno = failure;
    return fd;
}

struct afmon_spool *afmon_spool_open(const char *folder)
{
    int fd = without_name(folder);
    if (fd < 0)
        return NULL;
    struct afmon_spool *spool = calloc(1, sizeof *spool);
    if (spool == NULL)
        close(fd);
    else
        spool->fd = fd;
    return spool;
}

int afmon_spool_error(const struct afmon_spool *spool)
{
    return spool->failure;
}

/* ---- Streams ---- */

/* Sees to it that the block at the stream's place is there. */
static bool has_block(struct stream *stream)
{
    size_t block = (size_t)(stream->at / BLOCK);
    if (block < stream->count)
        return true;
    if (stream->count == stream->capacity) {
        size_t capacity = stream->capacity == 0 ? 4 : stream->capacity * 2;
        uint64_t *blocks = realloc(stream->blocks, capacity * sizeof *blocks);
        if (blocks == NULL)
            return false;
        stream->blocks = blocks;
        stream->capacity = capacity;
    }
    stream->blocks[stream->count++] = stream->spool->blocks++;
    return true;
}

/* Where the stream's place is in the file, and how much of `wanted` lies in one piece there. */
static off_t place_of(const struct stream *stream, size_t wanted, size_t *piece)
{
    size_t within = (size_t)(stream->at % BLOCK);
    *piece = wanted < BLOCK - within ? wanted : BLOCK - within;
    return (off_t)(stream->blocks[stream->at / BLOCK] * BLOCK + within);
}

static ssize_t write_stream(void *cookie, const char *data, size_t size)
{
    struct stream *stream = cookie;
    size_t done = 0;
    while (done < size) {
        size_t piece = 0;
        int failure = has_block(stream) ? 0 : ENOMEM;
        if (failure == 0) {
            off_t place = place_of(stream, size - done, &piece);
            failure = afmon_write_at(stream->spool->fd, data + done, piece, place);
        }
        if (failure != 0) {
            if (stream->spool->failure == 0)
                stream->spool->failure = failure;
            errno = failure;
            return 0;
        }
        done += piece;
        stream->at += piece;
        stream->length = stream->at > stream->length ? stream->at : stream->length;
    }
    return (ssize_t)done;
}

static ssize_t read_stream(void *cookie, char *data, size_t size)
{
    struct stream *stream = cookie;
    uint64_t left = stream->length > stream->at ? stream->length - stream->at : 0;
    size_t piece;
    if (left == 0)
        return 0;
    off_t place = place_of(stream, size < left ? size : (size_t)left, &piece);
    int failure = afmon_read_at(stream->spool->fd, data, piece, place);
    if (failure != 0) {
        errno = failure;
        return -1;
    }
    stream->at += piece;
    return (ssize_t)piece;
}

/* Not beyond the end: all that is written then follows what is there. */
static int seek_stream(void *cookie, int64_t *offset, int whence)
{
    struct stream *stream = cookie;
    int64_t from = whence == SEEK_SET ? 0 : (int64_t)(whence == SEEK_CUR ? stream->at : stream->length);
    int64_t at = from + *offset;
    if (at < 0 || (uint64_t)at > stream->length) {
        errno = EINVAL;
        return -1;
    }
    stream->at = (uint64_t)at;
    *offset = at;
    return 0;
}

static int close_stream(void *cookie)
{
    struct stream *stream = cookie;
    struct stream **link = &stream->spool->streams;
    while (*link != stream)
        link = &(*link)->next;
    *link = stream->next;
    free(stream->blocks);
    free(stream);
    return 0;
}

/* A FILE of ours: by glibc's and musl's function, or that of the BSDs and macOS. */
#ifdef __linux__
static FILE *open_stream(struct stream *stream)
{
    const cookie_io_functions_t functions = {
        .read = read_stream, .write = write_stream, .seek = seek_stream, .close = close_stream};
    return fopencookie(stream, "w+", functions);
}
#else
static int read_bsd(void *cookie, char *data, int size)
{
    return (int)read_stream(cookie, data, (size_t)size);
}

static int write_bsd(void *cookie, const char *data, int size)
{
    ssize_t written = write_stream(cookie, data, (size_t)size);
    return written == 0 && size > 0 ? -1 : (int)written;
}

static fpos_t seek_bsd(void *cookie, fpos_t offset, int whence)
{
    int64_t at = offset;
    return seek_stream(cookie, &at, whence) == 0 ? at : -1;
}

static FILE *open_stream(struct stream *stream)
{
    return funopen(stream, read_bsd, write_bsd, seek_bsd, close_stream);
}
#endif

FILE *afmon_spool_stream(struct afmon_spool *spool)
{
    struct stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL)
        return NULL;
    stream->spool = spool;
    stream->file = open_stream(stream);
    if (stream->file == NULL) {
        free(stream);
        return NULL;
    }
    stream->next = spool->streams;
    spool->streams = stream;
    return stream->file;
}

void afmon_spool_close(struct afmon_spool *spool)
{
    if (spool == NULL)
        return;
    while (spool->streams != NULL)
        fclose(spool->streams->file);
    close(spool->fd);
    free(spool);
}

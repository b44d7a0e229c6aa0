#include "ingest/tail.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json_check.h"

#define REMOVED_MAX 65536

/* Where the last line begins: the place behind the last newline. */
static int find_last_line(int fd, int64_t size, int64_t *begin)
{
    char piece[4096];
    int64_t end = size;
    while (end > 0) {
        size_t length = end < (int64_t)sizeof piece ? (size_t)end : sizeof piece;
        int failure = afmon_read_at(fd, piece, length, end - (int64_t)length);
        if (failure != 0)
            return failure;
        for (size_t i = length; i > 0; i--) {
            if (piece[i - 1] == '\n') {
                *begin = end - (int64_t)length + (int64_t)i;
                return 0;
            }
        }
        end -= (int64_t)length;
    }
    *begin = 0;
    return 0;
}

/* By the check that needs no library: opening a run folder is a part of recording. */
static bool is_whole_object(const char *text, size_t length)
{
    size_t begin = 0;
    while (begin < length && memchr(" \t\r", text[begin], 3) != NULL)
        begin++;
    return begin < length && text[begin] == '{' && afmon_json_valid(text, length);
}

/* Whether the last line, which lacks its newline, is whole. */
static int look_at_line(int fd, int64_t begin, int64_t size, bool *whole)
{
    size_t length = (size_t)(size - begin);
    char *line = malloc(length);
    if (line == NULL)
        return ENOMEM;
    int failure = afmon_read_at(fd, line, length, begin);
    *whole = failure == 0 && is_whole_object(line, length);
    free(line);
    return failure;
}

int afmon_tail_look(int fd, bool json, int64_t size, struct afmon_tail_end *end)
{
    char last = '\n';
    int failure = size > 0 ? afmon_read_at(fd, &last, 1, size - 1) : 0;
    *end = (struct afmon_tail_end){.end = size, .line = size};
    if (failure != 0 || last == '\n')
        return failure;
    end->unended = true;
    failure = find_last_line(fd, size, &end->line);
    if (failure != 0 || !json || size - end->line > AFMON_TAIL_MAX)
        return failure; /* a line of such a length is none of ours; a reader reports it */
    failure = look_at_line(fd, end->line, size, &end->unended);
    if (failure == 0 && !end->unended)
        end->end = end->line;
    return failure;
}

/* What is kept of a part that is cut off. */
static int keep_removed(int fd, int64_t begin, struct afmon_buffer *removed)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return errno;
    size_t length = status.st_size - begin < REMOVED_MAX ? (size_t)(status.st_size - begin) : REMOVED_MAX;
    char *part = malloc(length + 1);
    if (part == NULL)
        return ENOMEM;
    int failure = afmon_read_at(fd, part, length, begin);
    if (failure == 0)
        afmon_buffer_add(removed, part, length);
    free(part);
    return failure;
}

int afmon_tail_repair(int fd, bool json, struct afmon_buffer *removed)
{
    struct stat status;
    struct afmon_tail_end end;
    if (fstat(fd, &status) != 0)
        return errno;
    int failure = afmon_tail_look(fd, json, status.st_size, &end);
    if (failure == 0 && end.unended)
        return afmon_write_all(fd, "\n", 1, NULL);
    if (failure != 0 || end.end >= status.st_size)
        return failure;
    failure = removed != NULL ? keep_removed(fd, end.end, removed) : 0;
    if (failure == 0 && ftruncate(fd, end.end) != 0)
        failure = errno;
    return failure;
}

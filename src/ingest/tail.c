#include "ingest/tail.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json_check.h"

#define TAIL_MAX (INT64_C(64) << 20)
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

static int end_line(int fd)
{
    return afmon_write_all(fd, "\n", 1, NULL);
}

int afmon_tail_repair(int fd, bool json, struct afmon_buffer *removed)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return errno;
    char last = '\n';
    int failure = status.st_size > 0 ? afmon_read_at(fd, &last, 1, status.st_size - 1) : 0;
    if (failure != 0 || last == '\n')
        return failure;
    int64_t begin;
    failure = find_last_line(fd, status.st_size, &begin);
    if (failure != 0 || !json)
        return failure != 0 ? failure : end_line(fd);
    int64_t length = status.st_size - begin;
    if (length > TAIL_MAX)
        return end_line(fd); /* no line of ours; a reader reports it */
    char *line = malloc((size_t)length);
    if (line == NULL)
        return ENOMEM;
    failure = afmon_read_at(fd, line, (size_t)length, begin);
    if (failure == 0 && is_whole_object(line, (size_t)length)) {
        failure = end_line(fd);
    } else if (failure == 0) {
        afmon_buffer_add(removed, line, length < REMOVED_MAX ? (size_t)length : REMOVED_MAX);
        failure = ftruncate(fd, begin) == 0 ? 0 : errno;
    }
    free(line);
    return failure;
}

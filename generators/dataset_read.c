#include "dataset_read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "text.h"

/* ---- Sets of indices --------------------------------------------------------------------------------------------- */

bool gen_index_set_init(gen_index_set *set, uint64_t count)
{
    set->count = count;
    set->bits = calloc((size_t)(count / 8 + 1), 1);
    return set->bits != NULL;
}

void gen_index_set_free(gen_index_set *set)
{
    free(set->bits);
    *set = (gen_index_set){0};
}

bool gen_index_set_has(const gen_index_set *set, uint64_t index)
{
    return set->bits != NULL && index < set->count && (set->bits[index / 8] >> (index % 8) & 1) != 0;
}

bool gen_index_set_add(gen_index_set *set, uint64_t index)
{
    if (index >= set->count || gen_index_set_has(set, index))
        return false;
    set->bits[index / 8] = (unsigned char)(set->bits[index / 8] | 1u << (index % 8));
    return true;
}

/* ---- Lines ------------------------------------------------------------------------------------------------------- */

/* Takes note of one line; false where it is no conversation with an index. */
static bool take_line(const char *line, size_t length, gen_index_set *present, gen_dataset_found *found)
{
    json_error_t where;
    size_t mark = gen_mark_length(line, length); /* of an editor that the file went through */
    json_t *json = json_loadb(line + mark, length - mark, JSON_ALLOW_NUL, &where);
    const json_t *metadata = json_object_get(json, "metadata");
    const json_t *index = json_object_get(metadata, "index");
    const json_t *seed = json_object_get(metadata, "seed");
    bool ok = json_is_array(json_object_get(json, "conversations")) && json_is_integer(index) &&
              json_integer_value(index) >= 0;
    if (ok) {
        found->lines++;
        found->below += gen_index_set_add(present, (uint64_t)json_integer_value(index)) ? 1 : 0;
        if (!found->has_seed && json_is_integer(seed) && json_integer_value(seed) >= 0) {
            found->has_seed = true;
            found->seed = (uint64_t)json_integer_value(seed);
        }
    }
    json_decref(json);
    return ok;
}

static bool write_newline(int fd)
{
    ssize_t n;
    do
        n = write(fd, "\n", 1);
    while (n < 0 && errno == EINTR);
    return n == 1;
}

/* The last line has no newline: `start` is where it begins. */
static bool mend(int fd, const char *line, size_t length, off_t start, gen_index_set *present, gen_dataset_found *found)
{
    if (take_line(line, length, present, found))
        return write_newline(fd);
    found->torn_bytes = length;
    return ftruncate(fd, start) == 0;
}

static bool is_blank(const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r')
            return false;
    return true;
}

static const char *read_lines(FILE *file, int fd, gen_index_set *present, gen_dataset_found *found)
{
    char *line = NULL;
    size_t capacity = 0;
    off_t at = 0;
    uint64_t number = 0;
    bool ok = true;
    ssize_t length;
    errno = 0;
    while (ok && (length = getline(&line, &capacity, file)) > 0) {
        size_t text = (size_t)length - (line[length - 1] == '\n' ? 1 : 0);
        number++;
        if (text == (size_t)length) {
            ok = mend(fd, line, text, at, present, found);
        } else if (!is_blank(line, text) && !take_line(line, text, present, found)) {
            found->first_strange = found->strange++ == 0 ? number : found->first_strange;
        }
        at += length;
    }
    int problem = errno;
    ok = ok && !ferror(file) && feof(file);
    free(line);
    return ok ? NULL : strerror(problem != 0 ? problem : EIO);
}

const char *gen_dataset_read(int fd, gen_index_set *present, gen_dataset_found *found)
{
    /* A descriptor of its own for stdio, which closes it; the lock stays with the open file. */
    int copy = dup(fd);
    FILE *file = copy >= 0 ? fdopen(copy, "r") : NULL;
    if (file == NULL) {
        const char *problem = strerror(errno);
        if (copy >= 0)
            close(copy);
        return problem;
    }
    const char *problem = lseek(fd, 0, SEEK_SET) == 0 ? read_lines(file, fd, present, found) : strerror(errno);
    fclose(file);
    return problem;
}

/* What a recovery would do to a folder that cannot be written, all at once. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/status.h"
#include "ingest/peek.h"
#include "ingest/recover.h"

#define TRIES 14
#define FIRST_WAIT_NS 5000000
#define TEXT_LIMIT ((size_t)1 << 30)

static int make_files(const struct afmon_peek *peek, struct afmon_left *left)
{
    left->files = calloc(peek->file_count + 1, sizeof *left->files);
    if (left->files == NULL)
        return ENOMEM;
    for (; left->count < peek->file_count; left->count++) {
        const struct afmon_peek_file *from = &peek->files[left->count];
        struct afmon_left_file *file = &left->files[left->count];
        *file = (struct afmon_left_file){.log = from->log, .end = from->end};
        memcpy(file->name, from->name, sizeof file->name);
        afmon_buffer_init(&file->text, TEXT_LIMIT);
    }
    return 0;
}

static int take_texts(struct afmon_peek *peek, struct afmon_left *left)
{
    int failure = 0;
    while (failure == 0 && !peek->done) {
        failure = afmon_peek_next(peek);
        for (size_t i = 0; failure == 0 && i < 2; i++) {
            struct afmon_buffer *text = &left->files[peek->texts[i].file].text;
            if (peek->texts[i].length > 0)
                afmon_buffer_add(text, peek->texts[i].data, peek->texts[i].length);
            failure = text->failed ? ENOMEM : 0;
        }
    }
    return failure;
}

static int take_all(const char *folder, struct afmon_left *left)
{
    struct afmon_peek peek;
    int failure = afmon_peek_open(&peek, folder);
    if (failure == 0)
        failure = make_files(&peek, left);
    if (failure == 0)
        failure = take_texts(&peek, left);
    left->damaged = peek.damaged;
    left->older = peek.older;
    left->unread = peek.unread;
    afmon_peek_close(&peek);
    return failure;
}

afmon_status afmon_recover_peek(const char *folder, struct afmon_left *left, afmon_error *error)
{
    struct timespec wait = {.tv_nsec = FIRST_WAIT_NS};
    *left = (struct afmon_left){0};
    int failure = take_all(folder, left);
    for (int try = 1; failure == EAGAIN && try < TRIES; try++, wait.tv_nsec += wait.tv_nsec / 2) {
        nanosleep(&wait, NULL);
        afmon_left_free(left);
        failure = take_all(folder, left);
    }
    return failure == 0 ? AFMON_OK : afmon_fail_os(error, failure, "cannot read what is left in %s", folder);
}

void afmon_left_free(struct afmon_left *left)
{
    for (size_t i = 0; i < left->count; i++)
        afmon_buffer_free(&left->files[i].text);
    free(left->files);
    *left = (struct afmon_left){0};
}

struct afmon_left_file *afmon_left_find(const struct afmon_left *left, const char *name)
{
    for (size_t i = 0; i < left->count; i++)
        if (strcmp(left->files[i].name, name) == 0)
            return &left->files[i];
    return NULL;
}

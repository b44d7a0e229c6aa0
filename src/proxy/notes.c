#include "proxy/notes.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <uv.h>

enum { LOOK_MS = 20, WAKE_BYTES = 256 * 1024 };

bool afmon_proxy_notes_init(struct afmon_proxy_notes *notes)
{
    pthread_condattr_t monotonic;
    *notes = (struct afmon_proxy_notes){.last = &notes->first};
    if (pthread_condattr_init(&monotonic) != 0)
        return false;
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    bool made = pthread_cond_init(&notes->more, &monotonic) == 0;
    pthread_condattr_destroy(&monotonic);
    if (made && pthread_mutex_init(&notes->mutex, NULL) == 0)
        return true;
    if (made)
        pthread_cond_destroy(&notes->more);
    return false;
}

void afmon_proxy_notes_free(struct afmon_proxy_notes *notes)
{
    pthread_mutex_destroy(&notes->mutex);
    pthread_cond_destroy(&notes->more);
}

void afmon_proxy_notes_open(struct afmon_proxy_notes *notes)
{
    pthread_mutex_lock(&notes->mutex);
    if (notes->open++ == 0)
        pthread_cond_signal(&notes->more);
    pthread_mutex_unlock(&notes->mutex);
}

/* The caller holds the mutex. */
static void append(struct afmon_proxy_notes *notes, struct afmon_proxy_note *note)
{
    *notes->last = note;
    notes->last = &note->next;
    notes->bytes += note->length;
    if (notes->bytes > WAKE_BYTES)
        pthread_cond_signal(&notes->more);
}

bool afmon_proxy_notes_add(struct afmon_proxy_notes *notes, enum afmon_proxy_note_kind kind, void *call,
                           const void *data, size_t length)
{
    struct afmon_proxy_note *note = malloc(sizeof *note + length);
    if (note == NULL)
        return false;
    *note = (struct afmon_proxy_note){.call = call, .ns = (int64_t)uv_hrtime(), .length = length, .kind = kind};
    if (length > 0)
        memcpy(note->data, data, length);
    pthread_mutex_lock(&notes->mutex);
    bool room = notes->bytes + length <= AFMON_PROXY_NOTES_MAX;
    if (room)
        append(notes, note);
    pthread_mutex_unlock(&notes->mutex);
    if (!room)
        free(note);
    return room;
}

struct afmon_proxy_note *afmon_proxy_note_of_end(void *call)
{
    struct afmon_proxy_note *note = malloc(sizeof *note);
    if (note != NULL)
        *note = (struct afmon_proxy_note){.call = call, .kind = AFMON_PROXY_NOTE_END};
    return note;
}

void afmon_proxy_notes_add_end(struct afmon_proxy_notes *notes, struct afmon_proxy_note *note)
{
    note->ns = (int64_t)uv_hrtime();
    pthread_mutex_lock(&notes->mutex);
    append(notes, note);
    pthread_mutex_unlock(&notes->mutex);
}

/* Notes are left to gather for a moment: to wake a thread costs more than to read one. While a call is open the reader
 * looks by itself. */
static void wait_for_more(struct afmon_proxy_notes *notes)
{
    struct timespec until;
    if (notes->open == 0) {
        pthread_cond_wait(&notes->more, &notes->mutex);
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += LOOK_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_cond_timedwait(&notes->more, &notes->mutex, &until);
}

struct afmon_proxy_note *afmon_proxy_notes_take(struct afmon_proxy_notes *notes)
{
    pthread_mutex_lock(&notes->mutex);
    while (notes->first == NULL && !notes->closing)
        wait_for_more(notes);
    struct afmon_proxy_note *taken = notes->first;
    notes->first = NULL;
    notes->last = &notes->first;
    notes->bytes = 0;
    for (const struct afmon_proxy_note *note = taken; note != NULL; note = note->next)
        notes->open -= note->kind == AFMON_PROXY_NOTE_END;
    pthread_mutex_unlock(&notes->mutex);
    return taken;
}

void afmon_proxy_notes_close(struct afmon_proxy_notes *notes)
{
    pthread_mutex_lock(&notes->mutex);
    notes->closing = true;
    pthread_cond_signal(&notes->more);
    pthread_mutex_unlock(&notes->mutex);
}

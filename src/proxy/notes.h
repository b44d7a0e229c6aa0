/* What the loop's thread hands over to the recorder's: notes in their order, with a bound on the bytes that wait. */
#ifndef AFMON_PROXY_NOTES_H
#define AFMON_PROXY_NOTES_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { AFMON_PROXY_NOTES_MAX = 8 * 1024 * 1024 };

enum afmon_proxy_note_kind {
    AFMON_PROXY_NOTE_ASKED,
    AFMON_PROXY_NOTE_WHOLE,
    AFMON_PROXY_NOTE_TOLD,
    AFMON_PROXY_NOTE_END
};

struct afmon_proxy_note {
    struct afmon_proxy_note *next;
    void *call;
    int64_t ns;
    size_t length;
    enum afmon_proxy_note_kind kind;
    char data[];
};

struct afmon_proxy_notes {
    pthread_mutex_t mutex;
    pthread_cond_t more;
    struct afmon_proxy_note *first, **last;
    size_t bytes;
    size_t open; /* calls that go on: their notes are looked for, though nobody wakes the reader */
    bool closing;
};

bool afmon_proxy_notes_init(struct afmon_proxy_notes *notes);
void afmon_proxy_notes_free(struct afmon_proxy_notes *notes);

/* Adds a note of a body; data is copied. false: no memory, or too much waits. */
bool afmon_proxy_notes_add(struct afmon_proxy_notes *notes, enum afmon_proxy_note_kind kind, void *call,
                           const void *data, size_t length);

/* The note that a call ends: made when it begins, so that nothing can fail at its end. NULL: no memory. */
struct afmon_proxy_note *afmon_proxy_note_of_end(void *call);

/* Adds that one, which is the reader's from then on. */
void afmon_proxy_notes_add_end(struct afmon_proxy_notes *notes, struct afmon_proxy_note *note);

/* A call begins. */
void afmon_proxy_notes_open(struct afmon_proxy_notes *notes);

/* All that wait, in their order; waits for them. NULL: there will be none any more. The caller frees each. */
struct afmon_proxy_note *afmon_proxy_notes_take(struct afmon_proxy_notes *notes);

/* No more will be added. */
void afmon_proxy_notes_close(struct afmon_proxy_notes *notes);

#endif

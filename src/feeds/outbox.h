/* Bodies that wait to be posted, in order: bounded in number and bytes. One thread at a time. */
#ifndef AFMON_FEEDS_OUTBOX_H
#define AFMON_FEEDS_OUTBOX_H

#include "feeds/birth.h"
#include "feeds/post.h"

#define AFMON_OUTBOX_BODIES 64

struct afmon_outbox_body {
    struct afmon_buffer text;
    uint64_t items; /* that are lost where it is */
};

struct afmon_outbox {
    struct afmon_post *post;
    struct afmon_birth birth;
    struct afmon_outbox_body bodies[AFMON_OUTBOX_BODIES]; /* a ring */
    size_t first;
    size_t count;
    size_t bytes;
    size_t byte_limit;
};

/* Takes the post over, also where it fails (no memory). */
bool afmon_outbox_init(struct afmon_outbox *outbox, struct afmon_post *post, size_t byte_limit);
void afmon_outbox_free(struct afmon_outbox *outbox);

/* Empties it in a forked child, whose parent sends what is in it. True where that was so. */
bool afmon_outbox_leave_to_parent(struct afmon_outbox *outbox);

/* Takes the text over. False: it is full. */
bool afmon_outbox_put(struct afmon_outbox *outbox, struct afmon_buffer *text, uint64_t items);

/* Posts what waits until it is empty, the receiver wants no more for now, or a moment is over (what is under way then
 * goes on in the next call). Returns the items given up: those that were
 * refused, and in the last call, when the monitor shuts down, all that could not be posted. Why is in error. */
uint64_t afmon_outbox_send(struct afmon_outbox *outbox, const afmon_deadline *deadline, char *error, size_t size);

/* True where the monitor shuts down: nobody calls again. */
bool afmon_is_last_flush(const afmon_deadline *deadline);

/* Boot time until which a flush may wait for a receiver: a moment in the midst of a run, for items go on coming. */
int64_t afmon_flush_until(const afmon_deadline *deadline);

/* Waits until a post makes sense. False: not before the deadline, or, in the midst of a run, not now. */
bool afmon_post_await(const struct afmon_post *post, const afmon_deadline *deadline);

#endif

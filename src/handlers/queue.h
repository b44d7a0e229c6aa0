/* The items that wait for a handler: a ring of preallocated slots, and a budget of bytes for the texts they hold.
 * No lock of its own. */
#ifndef AFMON_HANDLERS_QUEUE_H
#define AFMON_HANDLERS_QUEUE_H

#include <afmon/afmon.h>

#include "catalog/sets.h"

struct afmon_queue_sample {
    const char *name;
    size_t name_length;
    struct afmon_set *set; /* held by the item; NULL: none */
    double value;
    int64_t timestamp_ns;
};

struct afmon_queue_log {
    afmon_level level;
    int64_t timestamp_ns;
    size_t message_length;
    size_t packed_length;
    char bytes[]; /* message, NUL, packed fields */
};

enum afmon_queued_kind { AFMON_QUEUED_SAMPLE, AFMON_QUEUED_LOG, AFMON_QUEUED_ALERT };

struct afmon_queued {
    enum afmon_queued_kind kind;
    uint32_t charge; /* bytes of the budget */
    int64_t pushed_ns;
    union {
        struct afmon_queue_sample sample;
        struct afmon_queue_log *log; /* malloc'ed, as is the alert */
        afmon_alert *alert;
    } as;
};

struct afmon_queue {
    struct afmon_queued *slots;
    size_t capacity;
    size_t first;
    size_t count;
    size_t bytes; /* charged by the items in the queue */
    size_t byte_limit;
};

bool afmon_queue_init(struct afmon_queue *queue, size_t capacity, size_t byte_limit); /* false: no memory */
void afmon_queue_free(struct afmon_queue *queue);                                     /* items too */

/* True where an item of that charge fits. */
bool afmon_queue_has_room(const struct afmon_queue *queue, size_t charge);

void afmon_queue_push(struct afmon_queue *queue, const struct afmon_queued *item); /* has_room was true */
bool afmon_queue_pop(struct afmon_queue *queue, struct afmon_queued *item);        /* false: empty */
const struct afmon_queued *afmon_queue_oldest(const struct afmon_queue *queue);    /* NULL: empty */

/* Lets go of all items; returns how many. */
size_t afmon_queue_clear(struct afmon_queue *queue);

/* Gives back what an item holds. */
void afmon_queued_release(struct afmon_queued *item);

#endif

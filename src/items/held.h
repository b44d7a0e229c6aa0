/* Items on their way: what was read of those whose beginning was not, and of those that wait to be given. An item is
 * known as a whole when its latest beginning was read, and a little more: lines of threads that record side by side
 * stand out of order. */
#ifndef AFMON_ITEMS_HELD_H
#define AFMON_ITEMS_HELD_H

#include "items/calls.h"

#define AFMON_ITEM_CALLS_MAX 1000 /* that are kept of an item */

struct afmon_held; /* what is known of an id */

/* An item of a kind. */
struct afmon_held_item {
    struct afmon_model_item known;
    struct afmon_held *of;
    struct afmon_held_item *next;   /* of the same id */
    struct afmon_held_item *behind; /* in the queue */
    uint64_t number;                /* of the sample with which it came into the queue */
    double duration_s;              /* of the latest outcome */
    char *kind;
    char *why;
};

struct afmon_held {
    uint64_t id;
    char *text;
    bool is_number;
    struct afmon_held_item *items;
    struct afmon_kept_call *calls; /* the earliest first */
    size_t call_count;
    uint64_t left_out;
};

struct afmon_hold {
    struct afmon_slots ids;        /* of each id that was met: NULL when all its items were given */
    struct afmon_slots done;       /* hashes of items that were given */
    struct afmon_held_item *first; /* the queue of those whose beginning was read */
    struct afmon_held_item *last;
    struct afmon_held_item *given; /* lives until the next one is taken */
    size_t call_bytes;
    uint32_t swept;  /* so many ids were looked at for what is left */
    bool every_life; /* nothing is given before the end, so that all lives of an item are known */
    bool told;       /* some sample told of an item */
};

void afmon_hold_init(struct afmon_hold *hold, bool every_life);
void afmon_hold_free(struct afmon_hold *hold);

/* item_started and item_time. number: of the sample. False: no memory. */
bool afmon_hold_item(struct afmon_hold *hold, const struct afmon_item_sample *sample, uint64_t number);

/* A call of the item that the sample names; takes it over. False: no memory. */
bool afmon_hold_call(struct afmon_hold *hold, const struct afmon_item_sample *sample, struct afmon_kept_call *call);

/* The item that is given next, if it is known as a whole: what is read next is of that time, and so many samples were
 * read. *given is NULL where none is; else it lives until the next call. False: no memory. */
bool afmon_hold_take(struct afmon_hold *hold, int64_t time_ns, uint64_t samples, const struct afmon_held_item **given);

/* The same when all was read. */
bool afmon_hold_take_left(struct afmon_hold *hold, const struct afmon_held_item **given);

#endif

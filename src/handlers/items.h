/* The queue of a dispatch: a ring of slots, allocated once. Not thread-safe: the dispatch's lock is held. */
#ifndef AFMON_HANDLERS_ITEMS_H
#define AFMON_HANDLERS_ITEMS_H

#include "handlers/dispatch.h"

/* A log record in one piece of memory: this, then the message, then the packed fields. */
struct afmon_item_log {
    size_t message_length;
    size_t packed_length;
    afmon_level level;
    int64_t timestamp_ns;
    char texts[];
};

struct afmon_item {
    int64_t pushed_ns;
    union {
        struct afmon_dispatch_sample sample; /* its set is held */
        struct afmon_item_log *log;
        afmon_alert *alert;
    } as;
};

struct afmon_items {
    struct afmon_item *slots;
    enum afmon_dispatch_kind kind;
    size_t capacity;
    size_t first;
    size_t count;
    size_t bytes; /* of texts */
};

bool afmon_items_init(struct afmon_items *items, enum afmon_dispatch_kind kind, size_t capacity); /* false: no memory */
void afmon_items_free(struct afmon_items *items); /* lets go of what is in it */

/* False: full, or no memory. */
bool afmon_items_add_sample(struct afmon_items *items, const struct afmon_dispatch_sample *sample, int64_t now_ns);
bool afmon_items_add_log(struct afmon_items *items, const struct afmon_dispatch_log *log, int64_t now_ns);
bool afmon_items_add_alert(struct afmon_items *items, const afmon_alert *alert, int64_t now_ns);

struct afmon_item afmon_items_take(struct afmon_items *items); /* the oldest; there must be one */
void afmon_item_release(struct afmon_item *item, enum afmon_dispatch_kind kind);
int64_t afmon_items_oldest(const struct afmon_items *items); /* when it was pushed; 0: none */

/* Fields unpacked for a call; kept between calls. */
struct afmon_item_fields {
    afmon_field *list;
    size_t capacity;
};
void afmon_item_fields_free(struct afmon_item_fields *fields);

/* What a handler gets; pointing into the item and fields. False: no memory. */
bool afmon_item_sample(const struct afmon_item *item, struct afmon_item_fields *fields, afmon_sample *sample);
bool afmon_item_log(const struct afmon_item *item, struct afmon_item_fields *fields, afmon_log_record *record);

#endif

/* Calls put together from their samples. A file has those of one call one behind the other, generation_time or
 * evaluation_time first: read from its end, what the others say is known when that one comes. */
#ifndef AFMON_ITEMS_CALLS_H
#define AFMON_ITEMS_CALLS_H

#include "base/buffer.h"
#include "model/items.h"

#define AFMON_CALL_ERROR_MAX 4000 /* bytes that are kept of an error's text */

/* What the samples of one file said of the call on its way. */
struct afmon_call_draft {
    bool begun;
    uint64_t id; /* of the item: afmon_model_item_id */
    int64_t time_ns;
    bool failed;
    int status;
    double tokens[3];
    double cost_usd;
    struct afmon_buffer error; /* UTF-8 without NUL, both */
    struct afmon_buffer error_type;
};

/* A call that is known as a whole. */
struct afmon_kept_call {
    struct afmon_kept_call *later; /* the next one of the item */
    int64_t time_ns;               /* of its samples: its end */
    bool whole;                    /* its operation stands for the item itself */
    size_t bytes;                  /* that it takes */
    afmon_item_call call;          /* texts are behind it */
};

void afmon_call_draft_init(struct afmon_call_draft *draft);
void afmon_call_draft_free(struct afmon_call_draft *draft);

/* Takes a sample that names an item. *call gets the call, to be freed, where the sample ends one; else NULL. False: no
 * memory. */
bool afmon_call_draft_take(struct afmon_call_draft *draft, const struct afmon_item_sample *sample,
                           struct afmon_kept_call **call);

#endif

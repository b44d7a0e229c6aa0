/* The items of a run as the time that it takes is told from (model/time_left.h). */
#ifndef AFMON_MODEL_WORK_H
#define AFMON_MODEL_WORK_H

#include "model/model.h"
#include "model/time_left.h"

#define AFMON_WORK_MAX                                                                                                 \
    16384 /* items that ended: of more the latest ones, and as many more as ended with the first of these */

struct afmon_work_items {
    struct afmon_made *made;
    size_t made_count;
    int64_t *open_ns;
    size_t open_count;
    int64_t oldest_ns; /* of these; 0: none is open */
    int64_t *sessions_ns;
    size_t session_count;
};

/* kind: of which items; NULL: of all. accepted: only accepted ones count. False: no memory. */
bool afmon_model_work(const struct afmon_model *model, const struct afmon_model_facts *facts, const char *kind,
                      bool accepted, struct afmon_work_items *items);
void afmon_work_items_free(struct afmon_work_items *items);

#endif

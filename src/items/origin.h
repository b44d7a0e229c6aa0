/* What the logs of a run say of its items: whose process goes on, and which data set their texts are in. A log may be
 * long, and is read when somebody asks. */
#ifndef AFMON_ITEMS_ORIGIN_H
#define AFMON_ITEMS_ORIGIN_H

#include "model/items.h"
#include "model/model.h"
#include "run/living.h"
#include "run/recorded.h"

struct afmon_origin {
    const char *folder; /* the caller's, as is the next */
    const struct afmon_recorded *files;
    bool read;
    struct afmon_run_log log;
    struct afmon_living living;
    struct afmon_model_facts facts;
};

void afmon_origin_init(struct afmon_origin *origin, const char *folder, const struct afmon_recorded *files);
void afmon_origin_free(struct afmon_origin *origin);

/* Whether an item without an outcome is open; else it is abandoned. */
afmon_status afmon_origin_is_open(struct afmon_origin *origin, const struct afmon_model_item *item, bool *open,
                                  afmon_error *error);

/* The data set that the latest run record names; NULL: none. */
afmon_status afmon_origin_data_set(struct afmon_origin *origin, const char **path, afmon_error *error);

#endif

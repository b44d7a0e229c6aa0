/* Samples of a view as a comparison looks at them: with the number of their item, and of the names in their metadata.
 */
#ifndef AFMON_COMPARE_GATHER_H
#define AFMON_COMPARE_GATHER_H

#include "catalog/facts.h"
#include "catalog/unpacked.h"
#include "compare/names.h"
#include "store/view_internal.h"

#define AFMON_RECENT_LABELS 256

/* An item of either run. */
struct afmon_compare_item {
    uint64_t hash; /* of its id; first */
    uint8_t runs;  /* 1: in the first, 2: in the second */
};

/* What the metadata of a sample say. */
struct afmon_compare_label {
    uint64_t hash; /* first */
    struct afmon_sample_facts facts;
    uint16_t groups[AFMON_ROW_GROUPS];
    uint16_t kind;
    bool makes_item;
    bool wanted;      /* it has all that is asked for */
    bool may_be_item; /* of an item's own sample: it has nothing that is not asked for */
};

struct afmon_gathered {
    double value;
    int64_t time_ns;
    uint32_t cluster;
    const struct afmon_compare_label *label;
};

struct afmon_gatherer {
    afmon_view *view;
    const afmon_compare_options *options;
    uint8_t run; /* 1 or 2 */
    struct afmon_compare_names *names;
    struct afmon_slots *items; /* struct afmon_compare_item, of both runs */
    struct afmon_slots labels; /* by the set of the metadata */
    struct afmon_slots places; /* by the block that ids stand in: the numbers of items */
    struct afmon_compare_label other;
    struct afmon_unpacked unpacked;
    /* Labels of the sets that were met last, by their addresses: most samples find theirs here. */
    struct {
        const struct afmon_set *set;
        const struct afmon_compare_label *label; /* NULL: nothing is known here */
    } recent[AFMON_RECENT_LABELS];
};

void afmon_gatherer_init(struct afmon_gatherer *gatherer, afmon_view *view, const afmon_compare_options *options);
void afmon_gatherer_free(struct afmon_gatherer *gatherer);

/* Calls visit for each sample that tells the figures of a metric, and is asked for. of_items: they are items' own. An
 * error_rate without zeros is told by outcomes. visit returns false where there is no memory. */
afmon_status afmon_gather(struct afmon_gatherer *gatherer, const char *metric, bool of_items,
                          bool (*visit)(void *user, const struct afmon_gathered *sample), void *user,
                          afmon_error *error);

#endif

#include "compare/pair.h"

#include <stdlib.h>

#include "base/status.h"

#define GROUPS_MAX 100

bool afmon_pair_reserve(struct afmon_pair *pair)
{
    uint32_t count = pair->items.count;
    for (uint32_t i = 0; i < count && !pair->scratch.paired; i++)
        pair->scratch.paired = ((struct afmon_compare_item *)afmon_slots_at(&pair->items, i))->runs == 3;
    return afmon_clusters_reserve(&pair->scratch.clusters, count);
}

static afmon_status add(struct afmon_pair *pair, const struct afmon_figure_name *name,
                        const struct afmon_contrast *contrast)
{
    struct afmon_figure_name whole = *name;
    whole.run = pair->run;
    return afmon_figures_add(pair->figures, &whole, contrast) ? AFMON_OK : afmon_fail_memory(pair->error);
}

afmon_status afmon_pair_ratio(struct afmon_pair *pair, const struct afmon_figure_name *name, afmon_diff_scale scale,
                              const struct afmon_ratio runs[2])
{
    struct afmon_contrast contrast;
    if (runs[0].over.count + runs[1].over.count == 0)
        return AFMON_OK;
    afmon_contrast_ratio(&pair->scratch, runs, scale, &contrast);
    return add(pair, name, &contrast);
}

afmon_status afmon_pair_quantile(struct afmon_pair *pair, const struct afmon_figure_name *name, double q,
                                 const struct afmon_row_span runs[2])
{
    struct afmon_contrast contrast;
    if (runs[0].count + runs[1].count == 0)
        return AFMON_OK;
    if (!afmon_contrast_quantile(&pair->scratch, runs, q, &contrast))
        return afmon_fail_memory(pair->error);
    return add(pair, name, &contrast);
}

/* ---- Groups ---- */

struct groups {
    uint32_t names;
    size_t *starts[2]; /* where each group's rows begin */
};

static size_t rows_of(const struct groups *groups, uint32_t number)
{
    size_t count = 0;
    for (unsigned i = 0; i < 2; i++)
        count += groups->starts[i][number + 1] - groups->starts[i][number];
    return count;
}

/* How many rows a group needs to be among the largest. */
static size_t rows_needed(const struct groups *groups, uint64_t *left_out)
{
    size_t least = 1;
    for (;;) {
        uint64_t found = 0;
        for (uint32_t i = 1; i < groups->names; i++)
            found += rows_of(groups, i) >= least;
        if (found <= GROUPS_MAX)
            return least;
        *left_out = *left_out > found - GROUPS_MAX ? *left_out : found - GROUPS_MAX;
        least *= 2;
    }
}

static unsigned different(const struct groups *groups)
{
    unsigned count = 0;
    for (uint32_t i = 0; i < groups->names; i++)
        count += rows_of(groups, i) > 0;
    return count;
}

static afmon_status visit(struct afmon_pair *pair, const struct groups *groups, const struct afmon_compare_rows rows[2],
                          afmon_status (*each)(void *user, uint32_t number, const struct afmon_row_span runs[2]),
                          void *user)
{
    afmon_status status = AFMON_OK;
    if (different(groups) < 2)
        return AFMON_OK;
    size_t least = rows_needed(groups, &pair->about->groups_left_out);
    for (uint32_t i = 1; i < groups->names && status == AFMON_OK; i++) {
        struct afmon_row_span spans[2];
        for (unsigned k = 0; k < 2; k++)
            spans[k] = (struct afmon_row_span){rows[k].rows + groups->starts[k][i],
                                               groups->starts[k][i + 1] - groups->starts[k][i]};
        if (rows_of(groups, i) >= least)
            status = each(user, i, spans);
    }
    return status;
}

afmon_status afmon_pair_each_group(struct afmon_pair *pair, struct afmon_compare_rows rows[2], unsigned place,
                                   afmon_status (*each)(void *user, uint32_t number,
                                                        const struct afmon_row_span runs[2]),
                                   void *user)
{
    struct groups groups = {.names = afmon_compare_name_count(&pair->names)};
    bool ok = true;
    for (unsigned i = 0; i < 2; i++) {
        groups.starts[i] = calloc((size_t)groups.names + 1, sizeof *groups.starts[i]);
        ok = ok && groups.starts[i] != NULL && afmon_compare_rows_sort(&rows[i], place, groups.names, groups.starts[i]);
    }
    afmon_status status = ok ? visit(pair, &groups, rows, each, user) : afmon_fail_memory(pair->error);
    free(groups.starts[0]);
    free(groups.starts[1]);
    return status;
}

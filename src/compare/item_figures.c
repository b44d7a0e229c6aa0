/* The figures of items. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "compare/outcomes.h"
#include "compare/pair.h"

static bool take_accepted(const struct afmon_compare_rows *finished, struct afmon_compare_rows *accepted)
{
    for (size_t i = 0; i < finished->count; i++)
        if (finished->rows[i].value == AFMON_OUTCOME_ACCEPTED && !afmon_compare_rows_add(accepted, &finished->rows[i]))
            return false;
    return true;
}

afmon_status afmon_pair_gather_items(struct afmon_pair *pair)
{
    afmon_status status = AFMON_OK;
    for (unsigned i = 0; i < 2 && status == AFMON_OK; i++)
        status = afmon_gather_outcomes(&pair->runs[i], &pair->finished[i], pair->error);
    for (unsigned i = 0; i < 2 && status == AFMON_OK; i++)
        if (!take_accepted(&pair->finished[i], &pair->accepted[i]))
            status = afmon_fail_memory(pair->error);
    if (status == AFMON_OK && !afmon_pair_reserve(pair))
        status = afmon_fail_memory(pair->error);
    return status;
}

/* ---- Shares of the finished items ---- */

/* Which of them count. */
struct chosen {
    enum afmon_item_outcome outcome;
    unsigned place; /* of the groups */
    uint32_t name;  /* that stands there; 0: any */
};

static bool is_chosen(const struct chosen *chosen, const struct afmon_compare_row *row)
{
    return row->value == (double)chosen->outcome && (chosen->name == 0 || row->groups[chosen->place] == chosen->name);
}

static afmon_status add_share(struct afmon_pair *pair, const struct afmon_figure_name *name,
                              const struct chosen *chosen, const struct afmon_row_span runs[2])
{
    struct afmon_compare_rows rows[2] = {{0}};
    bool ok = true;
    for (unsigned i = 0; i < 2; i++)
        for (size_t k = 0; k < runs[i].count && ok; k++) {
            struct afmon_compare_row row = runs[i].rows[k];
            row.value = is_chosen(chosen, &row);
            ok = afmon_compare_rows_add(&rows[i], &row);
        }
    const struct afmon_ratio ratios[] = {{.over = afmon_compare_rows_all(&rows[0])},
                                         {.over = afmon_compare_rows_all(&rows[1])}};
    afmon_status status = ok ? afmon_pair_ratio(pair, name, AFMON_DIFF_POINTS, ratios) : afmon_fail_memory(pair->error);
    afmon_compare_rows_free(&rows[0]);
    afmon_compare_rows_free(&rows[1]);
    return status;
}

static afmon_status add_shares(struct afmon_pair *pair, const char *by, const char *group,
                               const struct afmon_row_span runs[2])
{
    static const struct {
        const char *name;
        enum afmon_item_outcome outcome;
        afmon_better better;
    } shares[] = {{"yield", AFMON_OUTCOME_ACCEPTED, AFMON_BETTER_HIGHER},
                  {"item_rejection_rate", AFMON_OUTCOME_REJECTED, AFMON_BETTER_LOWER},
                  {"item_failure_rate", AFMON_OUTCOME_FAILED, AFMON_BETTER_LOWER}};
    afmon_status status = AFMON_OK;
    for (size_t i = 0; i < sizeof shares / sizeof shares[0] && status == AFMON_OK; i++) {
        const struct afmon_figure_name name = {.name = shares[i].name,
                                               .suffix = "",
                                               .by = by,
                                               .group = group,
                                               .unit = AFMON_UNIT_SHARE,
                                               .better = shares[i].better};
        status = add_share(pair, &name, &(struct chosen){.outcome = shares[i].outcome}, runs);
    }
    return status;
}

static afmon_status add_kind(void *user, uint32_t number, const struct afmon_row_span runs[2])
{
    struct afmon_pair *pair = user;
    return add_shares(pair, "kind", afmon_compare_name_text(&pair->names, number), runs);
}

/* ---- Reasons, and types of errors ---- */

struct whys {
    struct afmon_pair *pair;
    enum afmon_item_outcome outcome;
    unsigned place;
};

static afmon_status add_why(void *user, uint32_t number, const struct afmon_row_span group[2])
{
    const struct whys *whys = user;
    struct afmon_pair *pair = whys->pair;
    bool failed = whys->outcome == AFMON_OUTCOME_FAILED;
    const struct afmon_figure_name name = {.name = failed ? "item_failure_rate" : "item_rejection_rate",
                                           .suffix = "",
                                           .by = failed ? "error_type" : "reason",
                                           .group = afmon_compare_name_text(&pair->names, number),
                                           .unit = AFMON_UNIT_SHARE,
                                           .better = AFMON_BETTER_LOWER};
    const struct chosen chosen = {whys->outcome, whys->place, number};
    const struct afmon_row_span all[] = {afmon_compare_rows_all(&pair->finished[0]),
                                         afmon_compare_rows_all(&pair->finished[1])};
    (void)group; /* a reason's share is that of all finished items */
    return add_share(pair, &name, &chosen, all);
}

static afmon_status add_whys(struct afmon_pair *pair)
{
    struct whys rejected = {pair, AFMON_OUTCOME_REJECTED, AFMON_OUTCOME_REASON};
    struct whys failed = {pair, AFMON_OUTCOME_FAILED, AFMON_OUTCOME_ERROR};
    afmon_status status = afmon_pair_each_group(pair, pair->finished, AFMON_OUTCOME_REASON, add_why, &rejected);
    if (status == AFMON_OK)
        status = afmon_pair_each_group(pair, pair->finished, AFMON_OUTCOME_ERROR, add_why, &failed);
    return status;
}

afmon_status afmon_pair_outcomes(struct afmon_pair *pair)
{
    const struct afmon_row_span all[] = {afmon_compare_rows_all(&pair->finished[0]),
                                         afmon_compare_rows_all(&pair->finished[1])};
    afmon_status status = add_shares(pair, "", "", all);
    if (status == AFMON_OK)
        status = afmon_pair_each_group(pair, pair->finished, AFMON_OUTCOME_KIND, add_kind, pair);
    return status == AFMON_OK ? add_whys(pair) : status;
}

afmon_status afmon_pair_per_accepted(struct afmon_pair *pair, const char *name, afmon_unit unit,
                                     const struct afmon_compare_rows rows[2])
{
    struct afmon_ratio ratios[2];
    const struct afmon_figure_name of = {
        .name = name, .suffix = "", .by = "", .group = "", .unit = unit, .better = AFMON_BETTER_LOWER};
    for (unsigned i = 0; i < 2; i++) {
        if (pair->accepted[i].count == 0)
            return AFMON_OK;
        ratios[i] = (struct afmon_ratio){afmon_compare_rows_all(&rows[i]), afmon_compare_rows_all(&pair->accepted[i])};
    }
    return afmon_pair_ratio(pair, &of, AFMON_DIFF_RELATIVE, ratios);
}

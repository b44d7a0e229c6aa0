/* What became of items over time: the share of those that ended which was accepted (the yield), rejected, failed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "catalog/metrics.h"
#include "model/item_outcomes.h"
#include "plot/chart.h"

#define AMBER ((unsigned)AFMON_INK_SERIES + 1)

static const struct {
    enum afmon_item_outcome outcome;
    const char *label;
    unsigned ink;
} lines[] = {
    {AFMON_OUTCOME_ACCEPTED, "Accepted", AFMON_INK_GOOD},
    {AFMON_OUTCOME_REJECTED, "Rejected", AMBER},
    {AFMON_OUTCOME_FAILED, "Failed", AFMON_INK_BAD},
};

#define LINES (sizeof lines / sizeof lines[0])

/* All three tell of one series, which says when; their values are gathered from whole items. */
afmon_status afmon_outcomes_choose(struct afmon_chart_job *job)
{
    job->quantity = AFMON_QUANTITY_PERCENT;
    for (size_t i = 0; i < LINES; i++)
        if (afmon_chart_add_track(job, afmon_metric_name(AFMON_METRIC_ITEM_TIME), lines[i].label, lines[i].ink))
            job->tracks[job->track_count - 1].series = NULL;
    return AFMON_OK;
}

static void take(void *user, int64_t ended_ns, enum afmon_item_outcome outcome)
{
    struct afmon_chart_job *job = user;
    for (size_t i = 0; i < LINES; i++)
        afmon_slices_add(job->tracks[i].slices, ended_ns / 1000, outcome == lines[i].outcome ? 1 : 0);
}

/* Of what there was none there is no line at 0. */
static void drop_empty(struct afmon_chart_job *job)
{
    unsigned kept = 1;
    for (unsigned i = 1; i < job->track_count; i++) {
        if (job->tracks[i].slices->sum > 0)
            job->tracks[kept++] = job->tracks[i];
        else
            free(job->tracks[i].slices);
    }
    job->track_count = kept;
}

afmon_status afmon_outcomes_gather(struct afmon_chart_job *job)
{
    afmon_status status = afmon_view_each_outcome(job->view, job->options->window, take, job);
    drop_empty(job);
    return status == AFMON_OK ? status
                              : afmon_fail(job->error, status, "reading the items: %s", afmon_status_text(status));
}

static void describe(struct afmon_chart_job *job, struct afmon_frame_spec *spec)
{
    char count[AFMON_VALUE_TEXT_SIZE];
    char share[AFMON_VALUE_TEXT_SIZE];
    afmon_describe_time(job, spec, "items");
    for (unsigned i = 0; i < job->track_count; i++) {
        const struct afmon_slices *slices = job->tracks[i].slices;
        struct afmon_legend_entry *entry = &spec->legend[spec->legend_count++];
        memcpy(entry->label, job->tracks[i].label, sizeof entry->label);
        entry->ink = job->tracks[i].ink;
        entry->swatch = AFMON_SWATCH_LINE;
        afmon_count_text(count, (uint64_t)slices->sum);
        afmon_value_text(share, slices->sum / (double)slices->count, AFMON_QUANTITY_PERCENT);
        (void)snprintf(entry->value, sizeof entry->value, "%.20s (%.10s)", count, share);
    }
    spec->y = (struct afmon_range){0};
    afmon_range_add(&spec->y, 0);
    afmon_range_add(&spec->y, 1);
    spec->y_quantity = AFMON_QUANTITY_PERCENT;
    spec->y_caption = "Share of items that ended";
}

const struct afmon_chart_kind afmon_kind_yield = {.name = "item_yield",
                                                  .title = "Item Yield Over Time",
                                                  .choose = afmon_outcomes_choose,
                                                  .gather = afmon_outcomes_gather,
                                                  .describe = describe,
                                                  .draw = afmon_draw_tracks};

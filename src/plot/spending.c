/* What a run cost, as it was spent: the sum so far over time. */
#include <stdio.h>

#include "base/words.h"
#include "catalog/metrics.h"
#include "plot/chart.h"

static afmon_status choose(struct afmon_chart_job *job)
{
    job->quantity = AFMON_QUANTITY_DOLLARS;
    afmon_chart_add_track(job, afmon_metric_name(AFMON_METRIC_COST), "Spent", AFMON_INKS);
    return AFMON_OK;
}

static void describe(struct afmon_chart_job *job, struct afmon_frame_spec *spec)
{
    const struct afmon_slices *slices = job->tracks[0].slices;
    struct afmon_legend_entry *entry = &spec->legend[spec->legend_count++];
    struct afmon_range range = {0};
    job->window = 1; /* it is no average */
    afmon_describe_time(job, spec, "priced calls");
    (void)snprintf(entry->label, sizeof entry->label, "%s", job->tracks[0].label);
    (void)snprintf(entry->value, sizeof entry->value, "%.40s", afmon_words_dollars(slices->sum).text);
    entry->ink = job->tracks[0].ink;
    entry->swatch = AFMON_SWATCH_LINE;
    afmon_range_add(&range, slices->sum);
    spec->y = afmon_axis_range(range, true);
    spec->y_quantity = AFMON_QUANTITY_DOLLARS;
    spec->y_caption = "US dollars spent so far";
}

static void draw(struct afmon_chart_job *job, struct afmon_frame *frame)
{
    afmon_draw_sum(job, frame, &job->tracks[0]);
}

const struct afmon_chart_kind afmon_kind_spending = {
    .name = "spending", .title = "Spending Over Time", .choose = choose, .describe = describe, .draw = draw};

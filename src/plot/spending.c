/* What a run cost, as it was spent: the sum so far over time. */
#include <stdio.h>

#include "base/words.h"
#include "catalog/metrics.h"
#include "plot/chart.h"

#define LINE_WIDTH 2.2

static afmon_status choose(struct afmon_chart_job *job)
{
    job->quantity = AFMON_QUANTITY_DOLLARS;
    afmon_chart_add_track(job, afmon_metric_name(AFMON_METRIC_COST), "Spent", AFMON_INKS);
    return AFMON_OK;
}

/* A point for each slice, so that the line is level where nothing was spent. */
static size_t sum_up(const struct afmon_slices *slices, struct afmon_point *points)
{
    double spent = 0;
    for (size_t i = 0; i < AFMON_SLICES; i++) {
        spent += slices->list[i].sum;
        points[i] = (struct afmon_point){.x = (double)(i + 1) / AFMON_SLICES, .y = spent, .begins = i == 0};
    }
    return AFMON_SLICES;
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
    const struct afmon_stroke stroke = {job->tracks[0].ink, LINE_WIDTH, 1, false};
    size_t count = sum_up(job->tracks[0].slices, job->points);
    count = afmon_decimate(job->points, count, (size_t)frame->plot.width);
    for (size_t i = 0; i < count; i++) {
        job->places[i].x = afmon_frame_x(frame, frame->x.low + job->points[i].x * (frame->x.high - frame->x.low));
        job->places[i].y = afmon_frame_y(frame, job->points[i].y);
    }
    frame->canvas->ops->line(frame->canvas, job->places, count, stroke);
}

const struct afmon_chart_kind afmon_kind_spending = {
    .name = "spending", .title = "Spending Over Time", .choose = choose, .describe = describe, .draw = draw};

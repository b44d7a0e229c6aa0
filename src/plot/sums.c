/* Charts of a sum so far: what they share, and that of the items that ended. */
#include <stdio.h>
#include <string.h>

#include "plot/chart.h"

#define LINE_WIDTH 2.2

/* A point for each slice, so that the line is level where nothing was added. */
static size_t sum_up(const struct afmon_slices *slices, struct afmon_point *points)
{
    double sum = 0;
    for (size_t i = 0; i < AFMON_SLICES; i++) {
        sum += slices->list[i].sum;
        points[i] = (struct afmon_point){.x = (double)(i + 1) / AFMON_SLICES, .y = sum, .begins = i == 0};
    }
    return AFMON_SLICES;
}

void afmon_draw_sum(struct afmon_chart_job *job, struct afmon_frame *frame, const struct afmon_track *track)
{
    const struct afmon_stroke stroke = {track->ink, LINE_WIDTH, 1, false};
    size_t count = sum_up(track->slices, job->points);
    count = afmon_decimate(job->points, count, (size_t)frame->plot.width);
    for (size_t i = 0; i < count; i++) {
        job->places[i].x = afmon_frame_x(frame, frame->x.low + job->points[i].x * (frame->x.high - frame->x.low));
        job->places[i].y = afmon_frame_y(frame, job->points[i].y);
    }
    frame->canvas->ops->line(frame->canvas, job->places, count, stroke);
}

/* ---- Items so far ---- */

static void describe(struct afmon_chart_job *job, struct afmon_frame_spec *spec)
{
    struct afmon_range range = {0};
    job->window = 1; /* it is no average */
    afmon_describe_time(job, spec, "items");
    for (unsigned i = 0; i < job->track_count; i++) {
        struct afmon_legend_entry *entry = &spec->legend[spec->legend_count++];
        memcpy(entry->label, job->tracks[i].label, sizeof entry->label);
        entry->ink = job->tracks[i].ink;
        entry->swatch = AFMON_SWATCH_LINE;
        afmon_count_text(entry->value, (unsigned long long)job->tracks[i].slices->sum);
        afmon_range_add(&range, job->tracks[i].slices->sum);
    }
    spec->y = afmon_axis_range(range, true);
    spec->y_caption = "Items that ended so far";
}

static void draw(struct afmon_chart_job *job, struct afmon_frame *frame)
{
    for (unsigned i = job->track_count; i-- > 0;)
        afmon_draw_sum(job, frame, &job->tracks[i]);
}

const struct afmon_chart_kind afmon_kind_funnel = {.name = "item_funnel",
                                                   .title = "Items So Far",
                                                   .choose = afmon_outcomes_choose,
                                                   .gather = afmon_outcomes_gather,
                                                   .describe = describe,
                                                   .draw = draw};

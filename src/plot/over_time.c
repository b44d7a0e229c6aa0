/* What charts over time share, and the three standard ones: rates, tokens, scores. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "catalog/metrics.h"
#include "plot/chart.h"
#include "plot/times.h"

#define LINE_WIDTH 2.2
#define SLOPE_MIN 10.0  /* pixels */
#define SLOPE_USUAL 3.0 /* times the distance that places usually have */
#define PERIOD_MIN 3.0  /* pixels: of the shortest alert in the longest run */
#define PERIOD_CAP 3.0
#define BESIDE_MIN 560 /* narrower charts have their legend above the plot */

/* ---- Shared ---- */

static void add_window(struct afmon_chart_job *job, char *out, const char *noun)
{
    char count[AFMON_VALUE_TEXT_SIZE];
    if (job->window <= 1)
        return;
    afmon_count_text(count, job->window);
    afmon_label_add(out, " · rolling average of %s %s", count, noun);
    if (job->window > job->options->rolling_window && job->options->rolling_window > 1) {
        afmon_count_text(count, job->options->rolling_window);
        afmon_label_add(out, " (widened from %s)", count);
    }
}

void afmon_describe_time(struct afmon_chart_job *job, struct afmon_frame_spec *spec, const char *noun)
{
    char number[AFMON_VALUE_TEXT_SIZE];
    uint64_t most = 0;
    uint64_t not_finite = 0;
    for (unsigned i = 0; i < job->track_count; i++) {
        const struct afmon_slices *slices = job->tracks[i].slices;
        most = slices->count > most ? slices->count : most;
        not_finite += slices->not_finite;
    }
    spec->x_is_time = true;
    spec->first_us = job->first_us;
    spec->last_us = job->last_us;
    spec->x_caption = "Time (UTC)";
    afmon_span_text(spec->subtitle, job->data_first_us, job->data_last_us);
    afmon_label_add_count(spec->subtitle, most, noun);
    add_window(job, spec->subtitle, noun);
    if (not_finite > 0) {
        afmon_count_text(number, not_finite);
        afmon_label_add(spec->subtitle, " · %s not finite, left out", number);
    }
}

struct afmon_range afmon_rolled_range(struct afmon_chart_job *job)
{
    struct afmon_range range = {0};
    for (unsigned i = 0; i < job->track_count; i++) {
        size_t count = afmon_roll(job->tracks[i].slices, job->window, job->points);
        for (size_t j = 0; j < count; j++)
            afmon_range_add(&range, job->points[j].y);
    }
    return range;
}

/* How far apart two places may be to be joined by a slope. An average changes where a sample comes: over a time with
 * much fewer samples than the rest has, as at a run's end, a slope would be a change that nothing tells of. */
static double slope_max(const struct afmon_chart_job *job, const struct afmon_frame *frame, size_t from, size_t to)
{
    double span = (job->points[to - 1].x - job->points[from].x) * frame->plot.width;
    return fmax(SLOPE_MIN, SLOPE_USUAL * span / (double)(to - from));
}

/* One stretch without a gap. */
static void draw_stretch(struct afmon_chart_job *job, struct afmon_frame *frame, size_t from, size_t to,
                         struct afmon_stroke stroke)
{
    double span = frame->x.high - frame->x.low;
    double most = slope_max(job, frame, from, to);
    size_t count = 0;
    for (size_t i = from; i < to; i++) {
        struct afmon_place place = {afmon_frame_x(frame, frame->x.low + job->points[i].x * span),
                                    afmon_frame_y(frame, job->points[i].y)};
        if (count > 0 && place.x - job->places[count - 1].x > most) {
            job->places[count] = (struct afmon_place){place.x, job->places[count - 1].y};
            count++;
        }
        job->places[count++] = place;
    }
    if (to - from == 1)
        stroke.width = 6; /* alone it would hardly be seen */
    frame->canvas->ops->line(frame->canvas, job->places, count, stroke);
}

static void draw_track(struct afmon_chart_job *job, struct afmon_frame *frame, unsigned index)
{
    const struct afmon_track *track = &job->tracks[index];
    struct afmon_stroke stroke = {track->ink, LINE_WIDTH, 1, index >= AFMON_SERIES_INKS};
    size_t count = afmon_roll(track->slices, job->window, job->points);
    count = afmon_decimate(job->points, count, (size_t)frame->plot.width);
    for (size_t from = 0; from < count;) {
        size_t to = from + 1;
        while (to < count && !job->points[to].begins)
            to++;
        draw_stretch(job, frame, from, to, stroke);
        from = to;
    }
}

/* Half of a line at the plot's edge must not be cut off. */
static struct afmon_box clip_box(const struct afmon_frame *frame)
{
    const double more = 3;
    return (struct afmon_box){frame->plot.x - more, frame->plot.y - more, frame->plot.width + 2 * more,
                              frame->plot.height + 2 * more};
}

void afmon_draw_tracks(struct afmon_chart_job *job, struct afmon_frame *frame)
{
    struct afmon_box box = clip_box(frame);
    frame->canvas->ops->clip(frame->canvas, &box);
    for (unsigned i = job->track_count; i-- > 0;)
        draw_track(job, frame, i);
    frame->canvas->ops->clip(frame->canvas, NULL);
}

static void shade(struct afmon_frame *frame, double left, double right)
{
    struct afmon_box box = {left, frame->plot.y, right - left, frame->plot.height};
    struct afmon_box cap = {left, frame->plot.y, right - left, PERIOD_CAP};
    frame->canvas->ops->rectangle(frame->canvas, box, AFMON_INK_SHADE, 0.1);
    frame->canvas->ops->rectangle(frame->canvas, cap, AFMON_INK_SHADE, 0.8);
}

/* The shortest one is seen in the longest run; those that meet are one. */
void afmon_draw_periods(struct afmon_chart_job *job, struct afmon_frame *frame)
{
    double end = frame->plot.x + frame->plot.width;
    double open_left = 0;
    double open_right = -1; /* none is */
    for (size_t i = 0; i < job->period_count; i++) {
        const struct afmon_period *period = &job->periods[i];
        double left = afmon_frame_x(frame, (double)(period->first_us - job->first_us));
        double right = afmon_frame_x(frame, (double)(period->last_us - job->first_us));
        if (right < frame->plot.x || left > end)
            continue;
        left = fmin(fmax(left, frame->plot.x), end - PERIOD_MIN);
        right = fmin(fmax(right, left + PERIOD_MIN), end);
        if (open_right >= left) {
            open_right = fmax(open_right, right);
            continue;
        }
        if (open_right > open_left)
            shade(frame, open_left, open_right);
        open_left = left;
        open_right = right;
    }
    if (open_right > open_left)
        shade(frame, open_left, open_right);
}

static struct afmon_legend_entry *add_legend(struct afmon_frame_spec *spec, const char *label, unsigned ink,
                                             enum afmon_swatch swatch)
{
    struct afmon_legend_entry *entry = &spec->legend[spec->legend_count++];
    memcpy(entry->label, label, strlen(label) + 1);
    entry->ink = ink;
    entry->swatch = swatch;
    return entry;
}

static enum afmon_swatch swatch_of(unsigned index)
{
    return index >= AFMON_SERIES_INKS ? AFMON_SWATCH_DASHED : AFMON_SWATCH_LINE;
}

/* ---- Success and errors ---- */

static afmon_status choose_rates(struct afmon_chart_job *job)
{
    job->quantity = AFMON_QUANTITY_PERCENT;
    afmon_chart_add_track(job, afmon_metric_name(AFMON_METRIC_SUCCESS), "Success", AFMON_INK_GOOD);
    afmon_chart_add_track(job, afmon_metric_name(AFMON_METRIC_ERROR), "Error", AFMON_INK_BAD);
    return AFMON_OK;
}

static void describe_rates(struct afmon_chart_job *job, struct afmon_frame_spec *spec)
{
    afmon_describe_time(job, spec, "generations");
    for (unsigned i = 0; i < job->track_count; i++) {
        const struct afmon_slices *slices = job->tracks[i].slices;
        struct afmon_legend_entry *entry =
            add_legend(spec, job->tracks[i].label, job->tracks[i].ink, AFMON_SWATCH_LINE);
        if (slices->count > 0)
            afmon_value_text(entry->value, slices->sum / (double)slices->count, AFMON_QUANTITY_PERCENT);
    }
    if (job->period_count > 0)
        add_legend(spec, "Alert held", AFMON_INK_SHADE, AFMON_SWATCH_SHADE);
    struct afmon_range range = afmon_rolled_range(job);
    afmon_range_add(&range, 0);
    afmon_range_add(&range, 1);
    spec->y = range;
    spec->y_quantity = AFMON_QUANTITY_PERCENT;
    spec->y_caption = "Share of generations";
}

static void draw_rates(struct afmon_chart_job *job, struct afmon_frame *frame)
{
    afmon_draw_periods(job, frame);
    afmon_draw_tracks(job, frame);
}

const struct afmon_chart_kind afmon_kind_rates = {.name = "success_error_rate",
                                                  .title = "Success/Error Rate Over Time",
                                                  .choose = choose_rates,
                                                  .describe = describe_rates,
                                                  .draw = draw_rates,
                                                  .has_alerts = true};

/* ---- Tokens ---- */

static afmon_status choose_tokens(struct afmon_chart_job *job)
{
    afmon_chart_add_track(job, afmon_metric_name(AFMON_METRIC_PROMPT), "Prompt", AFMON_INKS);
    afmon_chart_add_track(job, afmon_metric_name(AFMON_METRIC_COMPLETION), "Completion", AFMON_INKS);
    afmon_chart_add_track(job, afmon_metric_name(AFMON_METRIC_TOTAL), "Total", AFMON_INKS);
    return AFMON_OK;
}

static void describe_tokens(struct afmon_chart_job *job, struct afmon_frame_spec *spec)
{
    afmon_describe_time(job, spec, "calls");
    for (unsigned i = 0; i < job->track_count; i++) {
        struct afmon_legend_entry *entry =
            add_legend(spec, job->tracks[i].label, job->tracks[i].ink, AFMON_SWATCH_LINE);
        afmon_value_text(entry->value, job->tracks[i].slices->sum, AFMON_QUANTITY_NUMBER);
    }
    spec->y = afmon_axis_range(afmon_rolled_range(job), true);
    spec->y_caption = "Tokens per call";
}

const struct afmon_chart_kind afmon_kind_tokens = {.name = "token_usage",
                                                   .title = "Token Usage Over Time",
                                                   .choose = choose_tokens,
                                                   .describe = describe_tokens,
                                                   .draw = afmon_draw_tracks};

/* ---- Scores ---- */

static afmon_status choose_scores(struct afmon_chart_job *job)
{
    size_t length;
    const char *name;
    for (size_t i = 0; (name = afmon_view_metric_name(job->view, i, &length)) != NULL; i++) {
        struct afmon_piece score;
        if (afmon_metric_find(name, length, &score) == AFMON_METRIC_SCORE)
            afmon_chart_add_track(job, name, score.data, AFMON_INKS);
    }
    return AFMON_OK;
}

static void describe_scores(struct afmon_chart_job *job, struct afmon_frame_spec *spec)
{
    char number[AFMON_VALUE_TEXT_SIZE];
    char text[96];
    afmon_describe_time(job, spec, "evaluations");
    for (unsigned i = 0; i < job->track_count; i++) {
        const struct afmon_slices *slices = job->tracks[i].slices;
        struct afmon_legend_entry *entry = add_legend(spec, job->tracks[i].label, job->tracks[i].ink, swatch_of(i));
        if (slices->count > 0)
            afmon_value_text(entry->value, slices->sum / (double)slices->count, AFMON_QUANTITY_NUMBER);
    }
    if (job->left_out > 0) {
        afmon_count_text(number, job->left_out);
        snprintf(text, sizeof text, "and %s more, not drawn", number);
        add_legend(spec, text, AFMON_INK_TEXT, AFMON_SWATCH_NONE);
    }
    spec->legend_outside = job->options->width >= BESIDE_MIN;
    spec->y = afmon_axis_range(afmon_rolled_range(job), false);
    spec->y_caption = "Score";
}

const struct afmon_chart_kind afmon_kind_scores = {.name = "evaluation_scores",
                                                   .title = "Evaluation Scores Over Time",
                                                   .choose = choose_scores,
                                                   .describe = describe_scores,
                                                   .draw = afmon_draw_tracks};

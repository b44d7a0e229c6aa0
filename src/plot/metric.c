/* Any metric: its samples as a cloud, and their rolling average. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "plot/chart.h"

#define COLUMNS 1440
#define ROWS 560

static enum afmon_quantity quantity_of(const char *name)
{
    switch (afmon_metric_get_info(name, strlen(name))->unit) {
    case AFMON_UNIT_SHARE:
        return AFMON_QUANTITY_PERCENT;
    case AFMON_UNIT_DOLLARS:
        return AFMON_QUANTITY_DOLLARS;
    case AFMON_UNIT_SECONDS:
        return AFMON_QUANTITY_SECONDS;
    default:
        return AFMON_QUANTITY_NUMBER;
    }
}

static afmon_status choose(struct afmon_chart_job *job)
{
    const struct afmon_view_series *series = NULL;
    afmon_status status = afmon_view_find(job->view, job->metric, strlen(job->metric), &series);
    if (status != AFMON_OK)
        return afmon_fail_memory(job->error);
    if (series == NULL)
        return afmon_view_no_metric(job->view, job->metric, job->error);
    if (!afmon_chart_add_track(job, job->metric, job->metric, AFMON_INKS))
        return afmon_fail(job->error, AFMON_E_NO_DATA, "no sample of '%s' in the window", job->metric);
    job->quantity = quantity_of(job->metric);
    return AFMON_OK;
}

/* ---- The cloud ---- */

static bool wants(void *user, const struct afmon_view_series *series)
{
    const struct afmon_chart_job *job = user;
    return job->tracks[0].series == series;
}

static afmon_status take_block(void *user, const struct afmon_block *block)
{
    struct afmon_chart_job *job = user;
    struct afmon_scatter *scatter = &job->scatter;
    double per_us = (double)scatter->columns / ((double)((uint64_t)job->last_us - (uint64_t)job->first_us) + 1);
    double per_value = (double)(scatter->rows - 1) / (scatter->y.high - scatter->y.low);
    for (size_t i = 0; i < block->count; i++) {
        double value = afmon_track_value(&job->tracks[0], block->values[i]);
        if (!isfinite(value))
            continue;
        double row = (scatter->y.high - value) * per_value;
        double column = (double)(block->base_us + block->offsets[i] - job->first_us) * per_us;
        scatter->above += row < -0.5;
        scatter->below += row > (double)scatter->rows - 0.5;
        if (row < -0.5 || row > (double)scatter->rows - 0.5 || column < 0 || column >= (double)scatter->columns)
            continue;
        scatter->hits[(size_t)(row + 0.5) * scatter->columns + (size_t)column]++;
    }
    return AFMON_OK;
}

/* The values that the axis has room for: all, unless a few would squeeze the rest. */
static afmon_status choose_range(struct afmon_chart_job *job)
{
    static const double q[] = {0.002, 0.998};
    double ends[2];
    struct afmon_range all = {0};
    const struct afmon_slices *slices = job->tracks[0].slices;
    for (size_t i = 0; i < AFMON_SLICES; i++) {
        if (slices->list[i].count > 0) {
            afmon_range_add(&all, slices->list[i].min);
            afmon_range_add(&all, slices->list[i].max);
        }
    }
    afmon_status status = afmon_view_quantiles(job->view, job->metric, job->options->window, q, 2, ends);
    if (status != AFMON_OK)
        return afmon_fail(job->error, status, "reading %s: %s", job->metric, afmon_status_text(status));
    double most = ends[1] - ends[0];
    struct afmon_range shown = {0};
    afmon_range_add(&shown, most > 0 && all.high - ends[1] > most ? ends[1] : all.high);
    afmon_range_add(&shown, most > 0 && ends[0] - all.low > most ? ends[0] : all.low);
    struct afmon_range rolled = afmon_rolled_range(job);
    afmon_range_add(&shown, rolled.low);
    afmon_range_add(&shown, rolled.high);
    job->scatter.y = afmon_axis_range(shown, false);
    return AFMON_OK;
}

afmon_status afmon_scatter_gather(struct afmon_chart_job *job)
{
    afmon_status status = choose_range(job);
    if (status != AFMON_OK)
        return status;
    if (job->scatter.columns == 0) {
        job->scatter.columns = COLUMNS;
        job->scatter.rows = ROWS;
    }
    job->scatter.hits = calloc(job->scatter.columns * job->scatter.rows, sizeof *job->scatter.hits);
    if (job->scatter.hits == NULL)
        return afmon_fail_memory(job->error);
    return afmon_view_each_block(job->view, job->options->window, wants, take_block, job, job->error);
}

/* ---- What it says ---- */

void afmon_scatter_add_beyond(const struct afmon_chart_job *job, char *out)
{
    char count[AFMON_VALUE_TEXT_SIZE];
    char edge[AFMON_VALUE_TEXT_SIZE];
    const struct afmon_scatter *scatter = &job->scatter;
    if (scatter->above > 0) {
        afmon_count_text(count, scatter->above);
        afmon_value_text(edge, scatter->y.high, job->quantity);
        afmon_label_add(out, " · %s above %s not shown", count, edge);
    }
    if (scatter->below > 0) {
        afmon_count_text(count, scatter->below);
        afmon_value_text(edge, scatter->y.low, job->quantity);
        afmon_label_add(out, " · %s below %s not shown", count, edge);
    }
}

static void describe(struct afmon_chart_job *job, struct afmon_frame_spec *spec)
{
    const struct afmon_slices *slices = job->tracks[0].slices;
    afmon_describe_time(job, spec, "samples");
    afmon_scatter_add_beyond(job, spec->subtitle);
    spec->legend_count = 2;
    snprintf(spec->legend[0].label, AFMON_LABEL_SIZE, "%s", job->window > 1 ? "Rolling average" : "Each sample");
    afmon_value_text(spec->legend[0].value, slices->sum / (double)slices->count, job->quantity);
    spec->legend[0].ink = AFMON_INK_SERIES + 1;
    snprintf(spec->legend[1].label, AFMON_LABEL_SIZE, "Samples");
    spec->legend[1].ink = AFMON_INK_SERIES;
    spec->legend[1].swatch = AFMON_SWATCH_DOT;
    spec->y = job->scatter.y;
    spec->y_quantity = job->quantity;
    job->tracks[0].ink = AFMON_INK_SERIES + 1;
}

/* ---- Drawing ---- */

/* One sample's share of a dot's darkness, and the dot's radius in cells: the more samples, the lighter and smaller. */
static void dot_of(uint64_t samples, double *share, int *radius)
{
    *radius = samples <= 2000 ? 3 : samples <= 50000 ? 2 : 1;
    double wanted = 24.0 / sqrt((double)samples + 1);
    *share = wanted > 0.5 ? 0.5 : wanted < 0.02 ? 0.02 : wanted;
}

static void stamp(const struct afmon_scatter *scatter, unsigned char *alpha, size_t row, size_t column, int radius,
                  double share)
{
    for (int dy = -radius; dy <= radius; dy++) {
        for (int dx = -radius; dx <= radius; dx++) {
            int64_t y = (int64_t)row + dy;
            int64_t x = (int64_t)column + dx;
            if (dx * dx + dy * dy > radius * radius || y < 0 || x < 0 || y >= (int64_t)scatter->rows ||
                x >= (int64_t)scatter->columns)
                continue;
            unsigned char *at = &alpha[(size_t)y * scatter->columns + (size_t)x];
            *at = (unsigned char)(*at + (255 - *at) * share);
        }
    }
}

static void draw_cloud(struct afmon_chart_job *job, struct afmon_frame *frame)
{
    const struct afmon_scatter *scatter = &job->scatter;
    unsigned char *alpha = calloc(scatter->columns, scatter->rows);
    double share;
    int radius;
    if (alpha == NULL) {
        frame->canvas->out->failed = true;
        return;
    }
    dot_of(job->tracks[0].slices->count, &share, &radius);
    for (size_t row = 0; row < scatter->rows; row++) {
        for (size_t column = 0; column < scatter->columns; column++) {
            uint32_t hits = scatter->hits[row * scatter->columns + column];
            if (hits > 0)
                stamp(scatter, alpha, row, column, radius, hits == 1 ? share : 1 - pow(1 - share, hits));
        }
    }
    double top = afmon_frame_y(frame, scatter->y.high);
    double bottom = afmon_frame_y(frame, scatter->y.low);
    struct afmon_box box = {frame->plot.x, top, frame->plot.width, bottom - top};
    frame->canvas->ops->mask(frame->canvas, box, alpha, scatter->columns, scatter->rows, AFMON_INK_SERIES);
    free(alpha);
}

static void draw(struct afmon_chart_job *job, struct afmon_frame *frame)
{
    draw_cloud(job, frame);
    afmon_draw_tracks(job, frame);
}

const struct afmon_chart_kind afmon_kind_metric = {
    .name = "metric", .title = "", .choose = choose, .describe = describe, .draw = draw, .has_scatter = true};

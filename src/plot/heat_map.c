/* How long generations took, over time: the more of them in a cell, the darker it is. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/metrics.h"
#include "plot/chart.h"

#define COLUMNS 96
#define ROWS 40
#define CELL_WIDTH 12 /* of the picture that is stretched over the plot: cells have sharp edges */
#define CELL_HEIGHT 12
#define FAINTEST 0.14 /* a single generation is seen */

static afmon_status choose(struct afmon_chart_job *job)
{
    job->metric = afmon_metric_name(AFMON_METRIC_GENERATION_TIME);
    job->quantity = AFMON_QUANTITY_SECONDS;
    job->scatter.columns = COLUMNS;
    job->scatter.rows = ROWS;
    afmon_chart_add_track(job, job->metric, job->metric, AFMON_INK_SERIES);
    return AFMON_OK;
}

static uint32_t most_in_a_cell(const struct afmon_scatter *scatter)
{
    uint32_t most = 1;
    for (size_t i = 0; i < scatter->columns * scatter->rows; i++)
        most = scatter->hits[i] > most ? scatter->hits[i] : most;
    return most;
}

static void describe(struct afmon_chart_job *job, struct afmon_frame_spec *spec)
{
    char count[AFMON_VALUE_TEXT_SIZE];
    job->window = 1; /* it is no average */
    afmon_describe_time(job, spec, "generations");
    afmon_scatter_add_beyond(job, spec->subtitle);
    struct afmon_legend_entry *entry = &spec->legend[spec->legend_count++];
    afmon_count_text(count, most_in_a_cell(&job->scatter));
    afmon_label_add(entry->label, "Darkest cell");
    memcpy(entry->value, count, sizeof entry->value);
    entry->ink = AFMON_INK_SERIES;
    entry->swatch = AFMON_SWATCH_SHADE;
    spec->y = job->scatter.y;
    spec->y_quantity = job->quantity;
    spec->y_caption = "Duration";
}

static void fill_cell(unsigned char *alpha, size_t column, size_t row, unsigned char shade)
{
    for (size_t y = 0; y < CELL_HEIGHT; y++)
        memset(alpha + (row * CELL_HEIGHT + y) * COLUMNS * CELL_WIDTH + column * CELL_WIDTH, shade, CELL_WIDTH);
}

static void draw(struct afmon_chart_job *job, struct afmon_frame *frame)
{
    const struct afmon_scatter *scatter = &job->scatter;
    double most = sqrt(most_in_a_cell(scatter));
    unsigned char *alpha = calloc((size_t)COLUMNS * CELL_WIDTH, (size_t)ROWS * CELL_HEIGHT);
    if (alpha == NULL) {
        frame->canvas->out->failed = true;
        return;
    }
    for (size_t row = 0; row < ROWS; row++)
        for (size_t column = 0; column < COLUMNS; column++) {
            uint32_t hits = scatter->hits[row * COLUMNS + column];
            double share = FAINTEST + (1 - FAINTEST) * sqrt(hits) / most;
            if (hits > 0)
                fill_cell(alpha, column, row, (unsigned char)(255 * share));
        }
    double top = afmon_frame_y(frame, scatter->y.high);
    double bottom = afmon_frame_y(frame, scatter->y.low);
    struct afmon_box box = {frame->plot.x, top, frame->plot.width, bottom - top};
    frame->canvas->ops->mask(frame->canvas, box, alpha, (size_t)COLUMNS * CELL_WIDTH, (size_t)ROWS * CELL_HEIGHT,
                             AFMON_INK_SERIES);
    free(alpha);
}

const struct afmon_chart_kind afmon_kind_heat_map = {.name = "latency_heat_map",
                                                     .title = "Generation Time Over Time",
                                                     .choose = choose,
                                                     .describe = describe,
                                                     .draw = draw,
                                                     .has_scatter = true};

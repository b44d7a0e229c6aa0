/* The three distributions: bars of round widths, cut where the last few samples would squeeze the rest, with p50, p90
 * and p99. */
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "catalog/metrics.h"
#include "plot/chart.h"
#include "plot/times.h"

#define MARKS 3
#define MARK_ROWS 3
#define ROW_HEIGHT 18.0

static afmon_status measure(struct afmon_chart_job *job, const char *name)
{
    static const double q[] = {0.25, 0.75, 0.998};
    double values[3];
    afmon_status status = afmon_view_aggregate(job->view, name, job->options->window, &job->aggregate);
    if (status != AFMON_OK)
        return afmon_fail(job->error, status, "reading %s: %s", name, afmon_status_text(status));
    if (job->aggregate.count == 0)
        return afmon_fail(job->error, AFMON_E_NO_DATA, "no finite value for %s", name);
    status = afmon_view_quantiles(job->view, name, job->options->window, q, 3, values);
    if (status != AFMON_OK)
        return afmon_fail(job->error, status, "reading %s: %s", name, afmon_status_text(status));
    const afmon_aggregate *all = &job->aggregate;
    bool has_tail = all->max - values[2] > (values[2] - all->min) * 0.1;
    job->cut = has_tail ? values[2] : all->max;
    struct afmon_range range = {0};
    afmon_range_add(&range, all->min);
    afmon_range_add(&range, job->cut);
    afmon_bars_choose(&job->bars, range.low, range.high, values[1] - values[0], all->count);
    return AFMON_OK;
}

static afmon_status choose(struct afmon_chart_job *job, enum afmon_metric_id metric)
{
    const char *name = afmon_metric_name(metric);
    job->quantity = AFMON_QUANTITY_SECONDS;
    return afmon_chart_add_track(job, name, name, AFMON_INKS) ? measure(job, name) : AFMON_OK;
}

static afmon_status choose_generation(struct afmon_chart_job *job)
{
    return choose(job, AFMON_METRIC_GENERATION_TIME);
}

static afmon_status choose_evaluation(struct afmon_chart_job *job)
{
    return choose(job, AFMON_METRIC_EVALUATION_TIME);
}

static afmon_status choose_first_token(struct afmon_chart_job *job)
{
    return choose(job, AFMON_METRIC_FIRST_TOKEN);
}

/* ---- What it says ---- */

static void add_beyond(const struct afmon_chart_job *job, char *out)
{
    char count[AFMON_VALUE_TEXT_SIZE];
    char edge[AFMON_VALUE_TEXT_SIZE];
    char most[AFMON_VALUE_TEXT_SIZE];
    const struct afmon_bars *bars = &job->bars;
    if (bars->above > 0) {
        afmon_count_text(count, bars->above);
        afmon_value_text(edge, bars->low + bars->width * (double)bars->count, job->quantity);
        afmon_value_text(most, job->aggregate.max, job->quantity);
        afmon_label_add(out, " · %s beyond %s not shown (longest %s)", count, edge, most);
    }
    if (job->aggregate.not_finite > 0) {
        afmon_count_text(count, job->aggregate.not_finite);
        afmon_label_add(out, " · %s not finite, left out", count);
    }
}

static uint64_t tallest(const struct afmon_bars *bars)
{
    uint64_t most = 1;
    for (size_t i = 0; i < bars->count; i++)
        most = bars->in[i] > most ? bars->in[i] : most;
    return most;
}

static void describe(struct afmon_chart_job *job, struct afmon_frame_spec *spec, const char *noun)
{
    const struct afmon_bars *bars = &job->bars;
    afmon_span_text(spec->subtitle, job->data_first_us, job->data_last_us);
    afmon_label_add_count(spec->subtitle, job->aggregate.count, noun);
    add_beyond(job, spec->subtitle);
    double high = bars->low + bars->width * (double)bars->count;
    double low = bars->low > 0 && bars->low < high / 3 ? 0 : bars->low;
    spec->x = (struct afmon_range){low, high, true};
    spec->x_quantity = job->quantity;
    spec->x_caption = "Duration";
    /* Above the tallest bar there is room for what the marks say. */
    double room = 1 + MARK_ROWS * ROW_HEIGHT / (job->options->height * 0.6);
    spec->y = (struct afmon_range){0, (double)tallest(bars) * room, true};
    spec->y_exact = true;
}

static void describe_generation(struct afmon_chart_job *job, struct afmon_frame_spec *spec)
{
    describe(job, spec, "generations");
    spec->y_caption = "Generations";
}

static void describe_evaluation(struct afmon_chart_job *job, struct afmon_frame_spec *spec)
{
    describe(job, spec, "evaluations");
    spec->y_caption = "Evaluations";
}

static void describe_first_token(struct afmon_chart_job *job, struct afmon_frame_spec *spec)
{
    describe(job, spec, "calls");
    spec->y_caption = "Calls";
}

/* ---- Drawing ---- */

static void draw_bars(const struct afmon_chart_job *job, struct afmon_frame *frame)
{
    const struct afmon_bars *bars = &job->bars;
    for (size_t i = 0; i < bars->count; i++) {
        double left = afmon_frame_x(frame, bars->low + bars->width * (double)i);
        double right = afmon_frame_x(frame, bars->low + bars->width * (double)(i + 1));
        double top = afmon_frame_y(frame, (double)bars->in[i]);
        double bottom = frame->plot.y + frame->plot.height;
        if (bars->in[i] == 0)
            continue;
        if (bottom - top < 1)
            top = bottom - 1; /* a bar of few is seen, too */
        struct afmon_box box = {left + 0.5, top, right - left - 1, bottom - top};
        frame->canvas->ops->rectangle(frame->canvas, box, AFMON_INK_SERIES, 0.9);
    }
}

/* From the right to the left, each in the first row in which it meets no other. */
static void draw_marks(const struct afmon_chart_job *job, struct afmon_frame *frame)
{
    const double at[MARKS] = {job->aggregate.p50, job->aggregate.p90, job->aggregate.p99};
    static const char *const names[MARKS] = {"p50", "p90", "p99"};
    static const unsigned inks[MARKS] = {AFMON_INK_GOOD, AFMON_INK_SERIES + 1, AFMON_INK_BAD};
    double taken_to[MARK_ROWS] = {0};
    for (unsigned i = 0; i < MARKS; i++) {
        char value[AFMON_VALUE_TEXT_SIZE];
        char label[2 * AFMON_VALUE_TEXT_SIZE];
        afmon_value_text(value, at[i], job->quantity);
        snprintf(label, sizeof label, "%s %s", names[i], value);
        double width = afmon_type_width(frame->type, AFMON_FACE_MARK, label);
        double x = afmon_frame_x(frame, at[i]);
        double end = frame->plot.x + frame->plot.width;
        bool left_of = x + 5 + width > end;
        double from = left_of ? x - 5 - width : x + 5;
        unsigned row = 0;
        while (row + 1 < MARK_ROWS && from < taken_to[row])
            row++;
        taken_to[row] = from + width + 8;
        double top = frame->plot.y + row * ROW_HEIGHT;
        struct afmon_stroke stroke = {inks[i], 1.5, 1, true};
        frame->canvas->ops->rule(frame->canvas, (struct afmon_place){x, frame->plot.y + frame->plot.height},
                                 (struct afmon_place){x, top}, stroke);
        frame->canvas->ops->text(frame->canvas, label, AFMON_FACE_MARK, inks[i], AFMON_ANCHOR_LEFT,
                                 (struct afmon_place){from, top + 12});
    }
}

static void draw(struct afmon_chart_job *job, struct afmon_frame *frame)
{
    draw_bars(job, frame);
    draw_marks(job, frame);
}

const struct afmon_chart_kind afmon_kind_generation_time = {.name = "generation_time",
                                                            .title = "Generation Time Distribution",
                                                            .choose = choose_generation,
                                                            .describe = describe_generation,
                                                            .draw = draw,
                                                            .is_distribution = true};

const struct afmon_chart_kind afmon_kind_evaluation_time = {.name = "evaluation_time",
                                                            .title = "Evaluation Time Distribution",
                                                            .choose = choose_evaluation,
                                                            .describe = describe_evaluation,
                                                            .draw = draw,
                                                            .is_distribution = true};

const struct afmon_chart_kind afmon_kind_first_token = {.name = "time_to_first_token",
                                                        .title = "Time to First Token Distribution",
                                                        .choose = choose_first_token,
                                                        .describe = describe_first_token,
                                                        .draw = draw,
                                                        .is_distribution = true};

/* A chart on its way: its series, what was gathered of them, and how it is drawn. */
#ifndef AFMON_PLOT_CHART_H
#define AFMON_PLOT_CHART_H

#include "plot/frame.h"
#include "plot/histogram.h"
#include "plot/rolling.h"
#include "store/view_blocks.h"

#define AFMON_CHART_TRACKS_MAX 12

/* One series of a chart. */
struct afmon_track {
    const struct afmon_view_series *series;
    bool by_outcomes; /* it tells error_rate by success_rate (catalog/error_share.h) */
    char label[AFMON_LABEL_SIZE];
    unsigned ink;
    struct afmon_slices *slices; /* of a chart over time */
};

/* Samples of one metric as places in a picture. */
struct afmon_scatter {
    size_t columns; /* 0 before it is gathered: as many as a cloud of dots has; likewise rows */
    size_t rows;
    struct afmon_range y;
    uint32_t *hits;
    uint64_t above; /* samples beyond the picture */
    uint64_t below;
};

struct afmon_chart_job;

/* A kind of chart: over time, or a distribution. */
struct afmon_chart_kind {
    const char *name;
    const char *title;
    afmon_status (*choose)(struct afmon_chart_job *job); /* the series; AFMON_E_NO_DATA where there is nothing */
    afmon_status (*gather)(struct afmon_chart_job *job); /* what is of no series; NULL: all is */
    void (*describe)(struct afmon_chart_job *job, struct afmon_frame_spec *spec);
    void (*draw)(struct afmon_chart_job *job, struct afmon_frame *frame);
    bool is_distribution;
    bool has_scatter;
    bool has_alerts;
};

struct afmon_period {
    int64_t first_us;
    int64_t last_us;
};

struct afmon_chart_job {
    const struct afmon_chart_kind *kind;
    afmon_view *view;
    const afmon_plot_options *options;
    afmon_error *error;
    const char *metric; /* of a chart of any metric */
    struct afmon_track tracks[AFMON_CHART_TRACKS_MAX];
    unsigned track_count;
    size_t left_out;  /* series for which there was no room */
    int64_t first_us; /* of the axis */
    int64_t last_us;
    int64_t data_first_us; /* of the samples */
    int64_t data_last_us;
    enum afmon_quantity quantity;
    uint64_t window; /* of the rolling averages */
    struct afmon_bars bars;
    afmon_aggregate aggregate; /* of a distribution, or of a metric */
    double cut;                /* where the axis of values ends */
    struct afmon_scatter scatter;
    struct afmon_period *periods; /* in which an alert held */
    size_t period_count;
    struct afmon_point *points; /* room for AFMON_SLICES */
    struct afmon_place *places; /* room for twice as many */
};

extern const struct afmon_chart_kind afmon_kind_rates;
extern const struct afmon_chart_kind afmon_kind_generation_time;
extern const struct afmon_chart_kind afmon_kind_tokens;
extern const struct afmon_chart_kind afmon_kind_scores;
extern const struct afmon_chart_kind afmon_kind_evaluation_time;
extern const struct afmon_chart_kind afmon_kind_yield;
extern const struct afmon_chart_kind afmon_kind_spending;
extern const struct afmon_chart_kind afmon_kind_first_token;
extern const struct afmon_chart_kind afmon_kind_funnel;
extern const struct afmon_chart_kind afmon_kind_heat_map;
extern const struct afmon_chart_kind afmon_kind_metric;

/* Finds what is to be drawn. AFMON_E_NO_DATA: nothing. afmon_chart_end in every case. */
afmon_status afmon_chart_begin(struct afmon_chart_job *job);
void afmon_chart_end(struct afmon_chart_job *job);

/* Goes once through the samples of all the jobs, of one view. */
afmon_status afmon_charts_gather(struct afmon_chart_job *jobs, size_t count);

/* What is left when all has been gathered: scatter, alerts. */
afmon_status afmon_chart_complete(struct afmon_chart_job *job);
afmon_status afmon_alert_periods(struct afmon_chart_job *job);  /* of it: fills periods */
afmon_status afmon_scatter_gather(struct afmon_chart_job *job); /* and scatter */

/* The whole file, into the buffer. Tells options->warn what the fonts lack. */
afmon_status afmon_chart_render(struct afmon_chart_job *job, const char *format, struct afmon_buffer *out);

/* A value of a track's series, as the chart tells it. */
double afmon_track_value(const struct afmon_track *track, double value);

/* Adds a series; ink from the series' colours where it is AFMON_INKS. False where there is no such series, or it has no
 * samples in the window. */
bool afmon_chart_add_track(struct afmon_chart_job *job, const char *name, const char *label, unsigned ink);

/* Adds to the end of a text of AFMON_LABEL_SIZE bytes, as far as there is room. */
__attribute__((format(printf, 2, 3))) void afmon_label_add(char *out, const char *format, ...);

/* Adds " · 1 call" or " · 1,234 calls". plural: ends in the 's' that one of them does without. */
void afmon_label_add_count(char *out, uint64_t count, const char *plural);

/* ---- What charts over time share ---- */

void afmon_describe_time(struct afmon_chart_job *job, struct afmon_frame_spec *spec, const char *noun);
struct afmon_range afmon_rolled_range(struct afmon_chart_job *job);
void afmon_draw_tracks(struct afmon_chart_job *job, struct afmon_frame *frame);
void afmon_draw_periods(struct afmon_chart_job *job, struct afmon_frame *frame);

/* A line of the sum so far, which is level where nothing was added. */
void afmon_draw_sum(struct afmon_chart_job *job, struct afmon_frame *frame, const struct afmon_track *track);

/* ---- What charts of items share (yield.c) ---- */

/* A track for each outcome: of the items that ended, 1 for those of it and 0 for the others. */
afmon_status afmon_outcomes_choose(struct afmon_chart_job *job);
afmon_status afmon_outcomes_gather(struct afmon_chart_job *job);

/* How many samples of a metric are beyond the picture, behind the subtitle. */
void afmon_scatter_add_beyond(const struct afmon_chart_job *job, char *out);

#endif

/* afmon watch: a run as it goes on. */
#ifndef AFMON_CLI_WATCH_H
#define AFMON_CLI_WATCH_H

#include <afmon/afmon.h>

#include "cli/canvas.h"

/* WATCH_FIGURES: columns before the lines over time, of which WATCH_LABEL are names; WATCH_TOP: those behind them, for
 * what their full height stands for. */
enum {
    WATCH_ROWS = 64,
    WATCH_LOG = 200,
    WATCH_SPARK = 256,
    WATCH_FIGURES = 46,
    WATCH_REASON = 400,
    WATCH_LABEL = 14,
    WATCH_TOP = 11,
    WATCH_FILTER = 64
};

typedef enum watch_sort { SORT_CALLS, SORT_RATE, SORT_FAILURES, SORT_TIME, SORT_NAME, SORT_COUNT } watch_sort;
typedef enum watch_panel { PANEL_OPERATIONS, PANEL_MODELS, PANEL_ALERTS, PANEL_LOG, PANEL_COUNT } watch_panel;

/* What the person at the keyboard wants to see. */
typedef struct watch_wish {
    double window_s; /* of the figures: 10, 60, 300; 0: the whole run; below 0: 60, and of a run that ended the whole */
    watch_sort sort;
    watch_panel panel; /* the one that the arrows scroll */
    size_t scroll[PANEL_COUNT];
    afmon_level level; /* of log lines */
    bool routine;
    bool paused;
    bool help;
    bool detail;               /* of the chosen row of the panel, in place of the panels */
    bool typing;               /* the filter is being typed */
    char filter[WATCH_FILTER]; /* rows and lines that hold it alone are shown; "": all */
    const char *rules;         /* the file of the alert rules; NULL: none was given */
} watch_wish;

/* A line over time, a value a column; below 0: nothing there. */
typedef struct watch_spark {
    double values[WATCH_SPARK];
    size_t count;
} watch_spark;

typedef struct watch_line {
    int64_t timestamp_ns;
    afmon_level level;
    char *text; /* message and data; safe for a terminal, one line */
} watch_line;

/* The figures of one moment. Texts of rates belong to the follower, the summary to the figures. */
typedef struct watch_figures {
    afmon_live_info info;
    afmon_live_plan plan;
    afmon_run_summary *summary; /* of all that was read; NULL: none could be made */
    char reason[WATCH_REASON];  /* the gravest one; safe */
    double window_s;            /* 0: the whole run */
    char counted[64];           /* the metric whose samples are the throughput; safe */
    double per_s;
    double success; /* below 0: not known */
    double errors;
    bool timed;
    double p50_s, p90_s, p99_s, max_s;
    double prompt_per_s, completion_per_s, total_per_s; /* tokens */
    double tokens;
    watch_spark throughput, success_line, error_line, latency_line, token_line;
    afmon_live_rate operations[WATCH_ROWS];
    size_t operation_count;
    afmon_live_rate models[WATCH_ROWS];
    size_t model_count;
    watch_line log[WATCH_LOG]; /* the latest first */
    size_t log_count;
} watch_figures;

/* Whether a row with that name is shown. (watch_data.c) */
bool watch_fits(const watch_wish *wish, const char *name);

/* All that is known of the chosen row of a panel. (watch_detail.c) */
void watch_draw_detail(canvas *c, size_t row, const watch_wish *wish, const watch_figures *f, bool unicode);

/* Scores and finish reasons, a line each. Returns the row behind them. (watch_made.c) */
size_t watch_draw_came_out(canvas *c, size_t row, const watch_figures *f, bool unicode);

/* The alert interval at a place in the panel: those that are firing first, then the latest. (watch_panels.c) */
const afmon_alert_interval *watch_alert(const watch_figures *f, size_t index);

size_t watch_alert_count(const watch_figures *f);

/* Asks the follower. false: no memory. (watch_data.c) */
bool watch_collect(afmon_live *live, const watch_wish *wish, size_t columns, watch_figures *f);
void watch_figures_clear(watch_figures *f);

/* Takes a line into figures, as a visit of afmon_live_log does. (watch_log.c) */
int watch_take_line(void *user, const afmon_live_log_line *line);

/* Draws a frame over the whole canvas. (watch_draw.c) */
void watch_draw(canvas *c, const char *folder, const watch_wish *wish, const watch_figures *f, bool unicode);

/* Lines of items and cost, where the run has them and there is room. Returns the row behind them. (watch_made.c) */
size_t watch_draw_made(canvas *c, size_t row, const watch_figures *f, bool unicode);

/* The panels (watch_panels.c): a title and rows from `row` on, in `rows` lines and the columns from..from + room. */
typedef struct watch_place {
    canvas *c;
    size_t row, rows;
    size_t column, room;
    bool unicode;
} watch_place;
void watch_draw_title(const watch_place *p, const char *title, const char *note, bool chosen);
void watch_draw_operations(const watch_place *p, const watch_wish *wish, const watch_figures *f);
void watch_draw_models(const watch_place *p, const watch_wish *wish, const watch_figures *f);
void watch_draw_alerts(const watch_place *p, const watch_wish *wish, const watch_figures *f);
void watch_draw_log(const watch_place *p, const watch_wish *wish, const watch_figures *f);

/* The figures as one JSON object on standard output. (watch_json.c) */
int watch_print_json(const char *folder, const watch_figures *f);

/* Draws until the person quits, or a signal says so. (watch_screen.c) */
int watch_screen_run(afmon_live *live, const char *folder, const watch_wish *wish);

#endif

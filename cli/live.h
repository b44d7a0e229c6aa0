/* What one sees while a generation runs: on a terminal a block that is redrawn in place, with the alerts as lasting
 * lines above it; elsewhere a plain line now and then. */
#ifndef AFMON_CLI_LIVE_H
#define AFMON_CLI_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <afmon/afmon.h>

#include "cli/alert_board.h"
#include "cli/cli.h"
#include "generators/run.h"
#include "generators/text.h"

enum { LIVE_SLICES = 64, LIVE_MARKS = 64 };

/* The figures of one moment. */
typedef struct live_figures {
    gen_run_counts counts;
    double elapsed_s;
    double rate;          /* conversations a second, lately */
    afmon_live_plan plan; /* how long it takes yet, and what is open; all zero: not known */
    double success;       /* mean of success_rate in the window of the alerts; below 0: nothing yet */
    double p50_s;
    double p95_s;
    bool timed; /* p50_s and p95_s are known */
    uint64_t prompt_tokens;
    uint64_t completion_tokens;
    const alert_entry *alerts; /* the ones that were raised so far */
    size_t alert_count;
    bool stopping;
    double patience_s; /* while stopping: how long calls in flight are still waited for */
} live_figures;

/* A place in the run, to tell the rate of late. */
typedef struct live_mark {
    int64_t at_ns;
    uint64_t finished;
} live_mark;

typedef struct live {
    cli_screen screen;
    const char *title;
    afmon_monitor *monitor;
    gen_run *run;
    alert_board *board;
    int64_t start_ns;
    int64_t drawn_ns;            /* of the last frame or line */
    uint64_t told;               /* conversations that had finished then */
    size_t lines;                /* of the frame that is on the screen */
    size_t width;                /* that it was drawn for */
    live_mark marks[LIVE_MARKS]; /* a ring */
    size_t mark_count;
    float slices[LIVE_SLICES]; /* success of generations, slice after slice, the latest last */
    size_t slice_count;
    int64_t slice_ns;
    uint64_t slice_samples; /* of success_rate up to the last slice ... */
    double slice_sum;       /* ... and their sum */
    gen_text frame;
    afmon_live *follower; /* reads what the run records, for the time that is left; NULL: it could not be had */
    int64_t followed_ns;
} live;

void live_begin(live *display, const char *title, afmon_monitor *monitor, gen_run *run, alert_board *board);

/* Call about ten times a second: tells new alerts, and redraws where it is time. patience_s: below 0 while the run
 * goes on; from then on what is left of the shutdown time. */
void live_update(live *display, double patience_s);

/* Takes the block away, and frees what the display holds. The last alerts are told. */
void live_end(live *display);

/* Seconds since live_begin. */
double live_elapsed(const live *display);

/* ---- The drawing (live_frame.c): pure, text in memory ------------------------------------------------------------ */

/* Appends the lines of the block, each ended by a newline, none wider than screen->width. Returns how many. */
size_t live_draw_frame(gen_text *out, const cli_screen *screen, const char *title, const live_figures *figures,
                       const float *slices, size_t slice_count);

/* Appends the plain line (with its newline) that stands for the block where there is no terminal. */
void live_draw_line(gen_text *out, const live_figures *figures);

/* Appends the line that tells an event. */
void live_draw_event(gen_text *out, const cli_screen *screen, const alert_event *event);

#endif

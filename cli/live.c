#include "cli/live.h"

#include <string.h>

enum { STEADY = 8 };

static const double frame_s = 0.125; /* between two frames */
static const double line_s = 2;      /* between two plain lines; after the first minute, or without news ... */
static const double slow_line_s = 10;
static const double slice_s = 0.5;
static const double follow_s = 0.25; /* between two looks at the run's files */
static const double follow_budget_s = 0.05;
static const double lately_s = 10;  /* the span of the rate */
static const double window_s = 300; /* of the success rate and the quantiles: the one of the alerts */

/* ---- Figures ----------------------------------------------------------------------------------------------------- */

double live_elapsed(const live *display)
{
    return gen_seconds_since(display->start_ns);
}

static uint64_t finished_count(const live *display)
{
    gen_run_counts counts = gen_run_progress(display->run);
    return gen_run_ended(&counts);
}

/* Conversations a second between the oldest mark of late and now. */
static double note_rate(live *display, uint64_t finished)
{
    int64_t now = gen_now_ns();
    live_mark *marks = display->marks;
    size_t n = display->mark_count;
    if (n == 0 || now - marks[n - 1].at_ns > (int64_t)(lately_s * 1e9 / (LIVE_MARKS - 4))) {
        if (n == LIVE_MARKS)
            memmove(marks, marks + 1, --n * sizeof marks[0]);
        marks[n++] = (live_mark){.at_ns = now, .finished = finished};
        display->mark_count = n;
    }
    size_t from = 0;
    while (from + 1 < n && now - marks[from].at_ns > (int64_t)(lately_s * 1e9))
        from++;
    live_mark since = marks[from];
    /* Where conversations are slow, a few of them would make the rate jump: then it is that of the whole run. */
    if (finished - since.finished < STEADY)
        since = (live_mark){.at_ns = display->start_ns};
    double seconds = (double)(now - since.at_ns) * 1e-9;
    return seconds > 0.2 ? (double)(finished - since.finished) / seconds : 0;
}

/* Adds the success of the generations since the last slice. A time without any makes no slice. */
static void note_slice(live *display)
{
    afmon_aggregate a;
    if (gen_seconds_since(display->slice_ns) < slice_s)
        return;
    display->slice_ns = gen_now_ns();
    if (afmon_get_metrics(display->monitor, "success_rate", AFMON_ALL_TIME, &a) != AFMON_OK ||
        a.count <= display->slice_samples)
        return;
    double success = (a.sum - display->slice_sum) / (double)(a.count - display->slice_samples);
    display->slice_samples = a.count;
    display->slice_sum = a.sum;
    if (display->slice_count == LIVE_SLICES)
        memmove(display->slices, display->slices + 1, --display->slice_count * sizeof display->slices[0]);
    display->slices[display->slice_count++] = (float)success;
}

static void ask_monitor(live *display, live_figures *f)
{
    static const double q[] = {0.5, 0.95};
    double values[2];
    afmon_aggregate a;
    afmon_token_usage usage = {0};
    f->success = -1;
    if (afmon_get_metrics(display->monitor, "success_rate", window_s, &a) == AFMON_OK && a.count > 0)
        f->success = a.mean;
    if (afmon_get_quantiles(display->monitor, "generation_time", window_s, q, 2, values) == AFMON_OK) {
        f->p50_s = values[0];
        f->p95_s = values[1];
        f->timed = true;
    }
    if (afmon_get_total_token_usage(display->monitor, AFMON_ALL_TIME, &usage) == AFMON_OK) {
        f->prompt_tokens = usage.prompt_tokens;
        f->completion_tokens = usage.completion_tokens;
        afmon_token_usage_free(&usage);
    }
}

static live_figures collect(live *display, double patience_s, alert_entry *entries)
{
    live_figures f = {.counts = gen_run_progress(display->run), .elapsed_s = live_elapsed(display)};
    uint64_t finished = gen_run_ended(&f.counts);
    f.rate = note_rate(display, finished);
    if (display->follower != NULL)
        afmon_live_get_plan(display->follower, &f.plan);
    f.alerts = entries;
    f.alert_count = alert_board_entries(display->board, entries);
    f.stopping = patience_s >= 0;
    f.patience_s = patience_s;
    ask_monitor(display, &f);
    return f;
}

/* ---- Drawing ----------------------------------------------------------------------------------------------------- */

/* Each line overwrites what stood there: a screen that is cleared first flickers, and some terminals keep what was
 * cleared in their history. */
static void put_lines(const gen_text *frame, FILE *out)
{
    for (const char *line = frame->data; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        fwrite(line, 1, length, out);
        fputs("\x1b[K\n", out);
        line += length + (line[length] == '\n');
    }
    fputs("\x1b[J", out); /* what is left of a longer frame, or was typed meanwhile: ^C */
}

/* Prints what was drawn, over the frame that is on the screen. `lines` of it are the new frame. */
static void put_frame(live *display, size_t lines)
{
    FILE *out = display->screen.out;
    bool drawn = gen_text_ok(&display->frame) && display->frame.length > 0;
    if (display->screen.terminal) {
        if (display->lines > 0)
            fprintf(out, "\x1b[%zuA\r", display->lines);
        if (drawn)
            put_lines(&display->frame, out);
        else if (display->lines > 0)
            fputs("\x1b[J", out);
        display->lines = drawn ? lines : 0;
    } else if (drawn) {
        fputs(display->frame.data, out);
    }
    fflush(out);
    gen_text_clear(&display->frame);
}

static void draw(live *display, double patience_s)
{
    alert_entry entries[ALERT_ENTRIES];
    live_figures f = collect(display, patience_s, entries);
    size_t lines = 0;
    if (display->screen.terminal)
        lines = live_draw_frame(&display->frame, &display->screen, display->title, &f, display->slices,
                                display->slice_count);
    else
        live_draw_line(&display->frame, &f);
    put_frame(display, lines);
    display->told = gen_run_ended(&f.counts);
    display->drawn_ns = gen_now_ns();
}

/* Draws the events that were not told yet. true: there were some. */
static bool draw_alerts(live *display)
{
    alert_event event;
    bool any = false;
    for (; alert_board_next(display->board, &event); any = true)
        live_draw_event(&display->frame, &display->screen, &event);
    return any;
}

/* Reads what is new of the run; nothing of it is needed for the run itself. */
static void follow(live *display)
{
    if (display->follower == NULL || gen_seconds_since(display->followed_ns) < follow_s)
        return;
    (void)afmon_live_update(display->follower, follow_budget_s, NULL);
    display->followed_ns = gen_now_ns();
}

/* Time for a frame or a line? Lines tell news only, or every now and then that there is none. */
static bool is_due(const live *display)
{
    double since_s = gen_seconds_since(display->drawn_ns);
    if (display->screen.terminal)
        return since_s >= frame_s;
    bool news = finished_count(display) != display->told;
    return since_s >= (news && live_elapsed(display) < 60 ? line_s : slow_line_s);
}

void live_begin(live *display, const char *title, afmon_monitor *monitor, gen_run *run, alert_board *board)
{
    int64_t now = gen_now_ns();
    *display = (live){.title = title,
                      .monitor = monitor,
                      .run = run,
                      .board = board,
                      .start_ns = now,
                      .drawn_ns = now,
                      .slice_ns = now};
    const afmon_live_options options = {.size = sizeof options, .stalled_after_s = 60, .log_lines = 1};
    (void)afmon_live_open(afmon_monitor_log_dir(monitor), &options, &display->follower, NULL);
    cli_screen_init(&display->screen, stdout);
    if (display->screen.terminal) {
        draw(display, -1);
    } else {
        gen_text_printf(&display->frame, "%s\n", title);
        put_frame(display, 0);
    }
}

void live_update(live *display, double patience_s)
{
    note_slice(display);
    follow(display);
    cli_screen_measure(&display->screen);
    bool told = draw_alerts(display);
    if (is_due(display) || (told && display->screen.terminal))
        draw(display, patience_s); /* below the alerts */
    else if (told)
        put_frame(display, 0);
}

void live_end(live *display)
{
    draw_alerts(display);
    put_frame(display, 0);
    gen_text_free(&display->frame);
    afmon_live_close(display->follower);
}

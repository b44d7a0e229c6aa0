/* Charts, reports, the dashboard. Include <afmon/afmon.h>, which says what
 * holds for all functions. */
#ifndef AFMON_DRAW_H
#define AFMON_DRAW_H

#include <afmon/live.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Charts ----------------------------------------------------------------------------------------------------- */

/* The standard charts. X(number, name, title): the name is that of the file. A number is never used again. */
#define AFMON_CHART_MAP(X)                                                                                             \
    X(0, SUCCESS_ERROR_RATE, "success_error_rate", "Success/Error Rate Over Time")                                     \
    X(1, GENERATION_TIME, "generation_time", "Generation Time Distribution")                                           \
    X(2, TOKEN_USAGE, "token_usage", "Token Usage Over Time")                                                          \
    X(3, EVALUATION_SCORES, "evaluation_scores", "Evaluation Scores Over Time")                                        \
    X(4, EVALUATION_TIME, "evaluation_time", "Evaluation Time Distribution")                                           \
    X(5, ITEM_YIELD, "item_yield", "Item Yield Over Time")                                                             \
    X(6, SPENDING, "spending", "Spending Over Time")                                                                   \
    X(7, TIME_TO_FIRST_TOKEN, "time_to_first_token", "Time to First Token Distribution")                               \
    X(8, ITEM_FUNNEL, "item_funnel", "Items So Far")                                                                   \
    X(9, LATENCY_HEAT_MAP, "latency_heat_map", "Generation Time Over Time")

typedef enum afmon_chart {
#define AFMON_CHART_ENUM(number, id, name, title) AFMON_CHART_##id = (number),
    AFMON_CHART_MAP(AFMON_CHART_ENUM)
#undef AFMON_CHART_ENUM
} afmon_chart;
#define AFMON_CHARTS 10

/* The name ("generation_time") and the title of a chart. Static text; "" for what is none. Any thread. */
AFMON_API const char *afmon_chart_name(afmon_chart chart);
AFMON_API const char *afmon_chart_title(afmon_chart chart);

typedef enum afmon_plot_theme {
    AFMON_PLOT_LIGHT = 0,
    AFMON_PLOT_DARK = 1,
    AFMON_PLOT_AUTO = 2 /* svg: light or dark as the reader's system is set, light on paper; png and pdf: light */
} afmon_plot_theme;

/* Always begin with afmon_plot_options_init, which fills in the defaults. */
typedef struct afmon_plot_options {
    size_t size;
    const char *format; /* "png", "svg" or "pdf"; NULL: by the ending of the file's name, else png */
    unsigned width;     /* logical pixels (1/96 inch), 320 to 8,192; 1000 */
    unsigned height;    /* 240 to 8,192; 500 */
    double scale;       /* png: pixels to a logical one, 0.5 to 8; 1.5 */
    afmon_plot_theme theme;
    size_t rolling_window; /* samples in a rolling average; 10. With many samples it is at least a hundredth of them (a
                              round number); the subtitle says how many it is */
    afmon_window window;   /* samples outside are left out; everything */
    const char *title;     /* in place of the chart's own; NULL */
    const char *id_prefix; /* svg: what the ids in it begin with, for several in one page: letters, digits, '-' and '_',
                              a letter first; NULL: "afmon-" and the chart's name */
    const afmon_run_summary *summary; /* of this view, whose alerts are shaded; NULL: it is made where it is needed */
    /* Told of what is not as it should be in something that was drawn all the same, such as characters that no
     * installed font has. Called on the thread of the call. May be NULL. */
    void (*warn)(void *user, const char *message);
    void *user;
} afmon_plot_options;

/* Fills in the defaults. Any thread. */
AFMON_API void afmon_plot_options_init(afmon_plot_options *options);

/* What became of one chart. */
typedef struct afmon_chart_result {
    afmon_status status; /* AFMON_OK: written; AFMON_E_NO_DATA: there is nothing to draw; else why not */
    char file[40];       /* its name in the folder; "" where it was not written */
    char message[256];   /* why it was not written; "" where it was */
} afmon_chart_result;

typedef struct afmon_visualize_result {
    size_t written;
    afmon_chart_result charts[AFMON_CHARTS]; /* by afmon_chart */
} afmon_visualize_result;

/* Draws those of the standard charts that have data into NAME.FORMAT files in a folder, which is created; all of them
 * from one pass over the samples. Each file is there whole or as it was before. result (may be NULL) tells of each.
 * Without data for any: AFMON_E_NO_DATA, and no folder. A chart that cannot be written ends it with that error; those
 * before it are written. options may be NULL; its title is not used here. At most 64 MiB beside the view. Any thread.
 */
AFMON_API afmon_status afmon_visualize(afmon_view *view, const char *save_dir, const afmon_plot_options *options,
                                       afmon_visualize_result *result, afmon_error *error);

/* Draws any metric into a file: its samples, and their rolling average. AFMON_E_UNKNOWN_METRIC, AFMON_E_NO_DATA where
 * it has no finite value in the window, AFMON_E_ARGUMENT. options may be NULL. Any thread. */
AFMON_API afmon_status afmon_plot_metric(afmon_view *view, const char *name, const char *path,
                                         const afmon_plot_options *options, afmon_error *error);

/* One of these, or any metric, in memory: `write` gets the whole file. An svg has no XML declaration, so that it can
 * stand in a page as it is. Errors as above; AFMON_E_NO_DATA where there is nothing to draw. Any thread. */
AFMON_API afmon_status afmon_plot_chart(afmon_view *view, afmon_chart chart, const afmon_plot_options *options,
                                        afmon_write_fn write, void *user, afmon_error *error);
AFMON_API afmon_status afmon_plot_metric_to(afmon_view *view, const char *name, const afmon_plot_options *options,
                                            afmon_write_fn write, void *user, afmon_error *error);

/* ---- Reports ---------------------------------------------------------------------------------------------------- */

typedef struct afmon_report_options {
    size_t size;
    const char *title;             /* NULL: "Report of a run" */
    afmon_summary_options summary; /* window, progress */
} afmon_report_options;

/* Fills in the defaults. Any thread. */
AFMON_API void afmon_report_options_init(afmon_report_options *options);

/* Writes what a run came to (afmon_view_summarize) as something to read. format is "html" (one page that needs no
 * network, light or dark as the reader's system is set), "md" (Markdown for a comment on a pull request) or "json" (an
 * object with the members title and summary, as afmon_run_summary_write_json has it). Whatever
 * text comes from the run is nothing but text in it. Missing folders are created; the file is there whole or as it was
 * before. AFMON_E_ARGUMENT for another format or a path that is a folder. options may be NULL. Any thread. */
AFMON_API afmon_status afmon_report(afmon_view *view, const char *path, const char *format,
                                    const afmon_report_options *options, afmon_error *error);

/* The same into a file descriptor, which stays open. What was written before a failure stays written. */
AFMON_API afmon_status afmon_report_to_fd(afmon_view *view, int fd, const char *format,
                                          const afmon_report_options *options, afmon_error *error);

/* ---- The dashboard ---------------------------------------------------------------------------------------------- */

/* An HTTP server with a page and an API (docs/api.md) over run folders. It reads their files and touches nothing of
 * running processes. */
typedef struct afmon_server afmon_server;

typedef struct afmon_server_options {
    size_t size;
    const char *listen; /* "127.0.0.1:8765"; ADDRESS:PORT, port 0 takes a free one. Not copied after the call */
    const char
        *token_file; /* NULL. Its first line is asked of who connects; needed where others than this machine can */
    const char *const *host_names; /* names by which it is reached besides its address, as behind a proxy */
    size_t host_name_count;
    bool texts; /* false. Give the texts of items to who asks, where the data set that a run's record names is in one of
                   the folders */
} afmon_server_options;

/* Fills in the defaults that stand beside the members. Any thread. */
AFMON_API void afmon_server_options_init(afmon_server_options *options);

/* Starts serving count folders: each a run, or the parent of runs; runs that appear in them later are found. options
 * may be NULL. Its threads block all signals. AFMON_E_ARGUMENT where a folder is not there or the options are wrong,
 * AFMON_E_SYSTEM where the address cannot be listened on. Any thread. */
AFMON_API afmon_status afmon_server_open(const char *const *folders, size_t count, const afmon_server_options *options,
                                         afmon_server **server, afmon_error *error);

/* Where a browser on this machine finds it: "http://127.0.0.1:8765". Owned by the server. Any thread. */
AFMON_API const char *afmon_server_url(const afmon_server *server);

/* Ends all connections and frees the server. NULL is fine. */
AFMON_API void afmon_server_close(afmon_server *server);

#ifdef __cplusplus
}
#endif

#endif

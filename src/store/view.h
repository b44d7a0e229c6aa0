/* Taking views. What can be asked of one is public (afmon_view_*). */
#ifndef AFMON_STORE_VIEW_H
#define AFMON_STORE_VIEW_H

#include "store/source.h"
#include "store/store.h"

/* A snapshot of a store. sources (copied, paths too; texts are taken over, and NULL afterwards) say where evicted
 * samples lie; where there are none (count 0), evicted samples are out of reach: they are in all-time aggregates and in
 * nothing else. Any thread. A view holds the store, and its chunks, until afmon_view_close. */
afmon_status afmon_view_new(struct afmon_store *store, struct afmon_source *sources, size_t source_count,
                            afmon_view **view, afmon_error *error);

struct afmon_run_log; /* model/run_log.h */

/* What the opener of a run knows besides; copied. */
struct afmon_view_extra {
    size_t file_count;
    char **problems; /* taken over by the view, with malloc'ed texts */
    size_t problems_kept;
    size_t problem_count;
    uint64_t unreadable_lines;
    char **warnings; /* likewise */
    size_t warnings_kept;
    size_t log_alert_count;
    /* What the run's logs tell; taken over by the view, which frees it with free_run_log. NULL: they were not read. */
    struct afmon_run_log *run_log;
    void (*free_run_log)(struct afmon_run_log *log);
    /* The log of a monitor that is open, to be read when it is asked for; taken over. NULL: there is none. */
    char *log_path;
    int64_t log_begin;
    uint64_t dropped;
    uint64_t recovered;
    bool live;
    uint64_t *living; /* serials of sessions that are alive; malloc'ed, taken over */
    size_t living_count;
    bool living_left_out; /* there are more of them */
    bool has_budget;      /* the run has a limit of what it may cost */
    afmon_budget budget;
};
void afmon_view_set_extra(afmon_view *view, const struct afmon_view_extra *extra);

struct afmon_view_series; /* store/view_internal.h */

/* Which samples, and who is told of them. */
struct afmon_json_choice {
    afmon_window window;
    bool (*wants)(void *user, const struct afmon_view_series *series); /* NULL: every series */
    afmon_status (*tick)(void *user,
                         uint64_t samples); /* called as samples are written; ends it unless AFMON_OK; NULL */
    void *user;
};

/* Writes the samples as one JSON object, metric name to list of {"timestamp": ..., "value": ..., metadata ...}, to a
 * file descriptor, in pieces of bounded size. Metadata keys called timestamp or value are escaped as in lines. choice
 * NULL: all of them. Any thread. */
afmon_status afmon_view_write_json(afmon_view *view, int fd, const struct afmon_json_choice *choice,
                                   afmon_error *error);

#endif

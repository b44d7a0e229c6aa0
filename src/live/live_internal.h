/* A follower, and what its parts share. */
#ifndef AFMON_LIVE_INTERNAL_H
#define AFMON_LIVE_INTERNAL_H

#include <afmon/afmon.h>

#include "ingest/peek.h"
#include "live/log.h"
#include "live/series.h"
#include "live/tail.h"
#include "meters/meters.h"
#include "model/feed.h"
#include "model/time_left.h"
#include "run/living.h"
#include "store/reader.h"

/* What was told last of the time that the plan takes yet. */
struct afmon_live_left {
    struct afmon_time_left time;
    size_t open;
    double oldest_s;
    int64_t plan_ns; /* when the plan was told, which the log has to a millisecond, and of how many */
    uint64_t planned;
    int64_t again_ns; /* boot time from which on it is told anew */
};

struct afmon_live {
    char *folder;
    afmon_live_options options;
    struct afmon_tail **tails; /* metrics files and logs */
    size_t tail_count;
    struct afmon_buffer buffer; /* the piece that is being read */
    struct afmon_reader *reader;
    struct afmon_feed *feed;
    struct afmon_live_table *table;
    struct afmon_live_log log;
    struct afmon_run_log run_log;
    struct afmon_live_left *left;
    afmon_rules rules; /* that were given; empty: those that the run's own log names */
    bool rules_given;
    char *rules_text;                  /* of the run's own; NULL: none are known, the built-in ones are taken */
    struct afmon_cell_account account; /* of all cells */
    struct afmon_model *model;
    struct afmon_meters *meters;      /* NULL: not asked for */
    struct afmon_feed_source back;    /* what is read backwards; a tail has one for what is read forwards */
    struct afmon_feed_source *source; /* what is being read */
    struct afmon_tail *tail;          /* the same */
    uint64_t sample_count;
    uint64_t not_finite;
    uint64_t problem_count;
    int64_t first_ns;
    int64_t last_ns;
    bool foreign;          /* some line is not in afmon's own form: another program writes, and makes no session */
    bool past;             /* what is being read is of the past */
    bool again;            /* it was begun anew, and nothing was read since */
    bool in_order;         /* every file is read from its begin: some has local times that clocks show twice */
    bool stands_still;     /* by its items (model/standstill.h), as of the last look */
    int64_t stands_due_ns; /* boot time of the next one */
    bool stale; /* what was added up is incomplete (no memory), or a file is another one: all is read again */
    uint64_t revision;
    uint64_t restarts;
    uint64_t recovered;
    struct afmon_living sessions;
    bool had_session;
    bool recovery_failed;    /* do not try again soon for the same sessions */
    uint64_t dead_before;    /* which sessions: the sum of their serials */
    int64_t try_again_ns;    /* boot time from which on it is tried again */
    struct afmon_peek *peek; /* what dead sessions left that cannot be put into the files; NULL: nothing */
    uint64_t peeked_at;      /* which sessions these are */
    bool left_waits;         /* somebody is just recovering them */
    int64_t looked_ns;       /* boot time of the last look at the sessions */
};

/* ---- tails.c: the files that are followed ---- */

/* The tail of a file; NULL: there is none. */
struct afmon_tail *afmon_live_find_tail(const struct afmon_live *live, const char *path);

/* A new one. NULL: no memory. */
struct afmon_tail *afmon_live_add_tail(struct afmon_live *live, const char *path, bool log);

/* The tail of a file of that name, made where there is none. NULL: no memory. */
struct afmon_tail *afmon_live_tail_of(struct afmon_live *live, const char *name, bool log);

/* What becomes of a tail's lines. */
struct afmon_tail_lines afmon_live_lines_of(struct afmon_live *live, const struct afmon_tail *tail);

/* What went wrong within a line leaves sums that are not complete. */
afmon_status afmon_live_settle(struct afmon_live *live, afmon_status status, afmon_error *error);

void afmon_live_forget_files(struct afmon_live *live);

/* ---- files.c: which files there are, and reading them ---- */

/* Brings the list of files up to date. */
afmon_status afmon_live_list(struct afmon_live *live, afmon_error *error);

/* Reads until the time is over (boot time) or nothing is left. *changed: something was read. */
afmon_status afmon_live_read(struct afmon_live *live, int64_t until_ns, bool *changed, afmon_error *error);

/* What a file that was not written to since the last update ended with is all that there will be of a call. */
void afmon_live_settle_calls(struct afmon_live *live);

/* ---- left.c: what dead sessions left in a folder that cannot be written ---- */

/* Looks whether there is any, after the sessions were looked at. */
afmon_status afmon_live_look_at_left(struct afmon_live *live, afmon_error *error);

/* After the files were listed: how much of them counts. AFMON_E_NO_MEMORY. */
afmon_status afmon_live_limit_files(struct afmon_live *live);

/* Reads it, once the files are read to their ends, until the time is over. */
afmon_status afmon_live_read_left(struct afmon_live *live, int64_t until_ns, bool *changed, afmon_error *error);
void afmon_live_forget_left(struct afmon_live *live);

/* ---- rules.c: the rules of a replay ---- */

/* Looks at the beginning of a log that was not read yet, where run records stand. AFMON_E_NO_MEMORY. */
afmon_status afmon_live_look_for_rules(struct afmon_live *live, const char *path);

/* After reading: where the log named other rules than the model was begun with, all is to be read again (stale). */
void afmon_live_compare_rules(struct afmon_live *live);

/* A model for what will be read. NULL: no memory. */
struct afmon_model *afmon_live_make_model(const struct afmon_live *live);

/* ---- take.c: lines into sums ---- */

extern const struct afmon_tail_lines afmon_live_metrics_lines;
extern const struct afmon_tail_lines afmon_live_log_lines;

/* ---- live.c ---- */

/* As afmon_live_get_info, but without memory_bytes, which take some microseconds to add up. */
void afmon_live_look(const struct afmon_live *live, afmon_live_info *info);

/* What samples and logs do not say. */
struct afmon_model_facts afmon_live_facts(const struct afmon_live *live);

/* The last seconds of the run. */
struct afmon_lately_window afmon_live_lately(const struct afmon_live *live, double window_s);

/* The account of all cells, with all of its room. */
void afmon_live_begin_account(struct afmon_live *live);

/* Where the room of all sketches gets short they get coarser. */
void afmon_live_narrow(struct afmon_live *live);

/* Everything that was added up goes, and is read again. */
void afmon_live_start_again(struct afmon_live *live);

#endif

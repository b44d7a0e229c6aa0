/* What a run's logs say of the run as a whole: run records, the passes in which its own alert rules held, its plan,
 * what its monitors had to drop. Fed line by line, in any order; a record that comes twice counts once. */
#ifndef AFMON_MODEL_RUN_LOG_H
#define AFMON_MODEL_RUN_LOG_H

#include <afmon/afmon.h>

#include "model/about.h"
#include "model/log_line.h"

#define AFMON_SESSIONS_MAX 4096  /* run records that are kept */
#define AFMON_INTERVALS_MAX 1000 /* alert intervals that are kept, the latest */

/* "Run record" and "Run end" of one session (docs/formats.md). */
struct afmon_run_session {
    uint64_t serial;
    bool recorded;         /* there is a run record */
    bool ended;            /* and a run end */
    int64_t started_ns;    /* by the record */
    int64_t period_ns;     /* of its alert rules; 0: it made no periodic passes */
    uint64_t rules_length; /* of the rules' text */
    uint64_t rules_hash;
    uint32_t file; /* the metrics file that it writes (afmon_run_file_of); 0: none, or not known */
};

/* A number for the metrics file of that name, or path: never 0. */
uint32_t afmon_run_file_of(const char *path, size_t length);

/* One stretch in which a rule held, as the lines of one session tell. */
struct afmon_logged_interval {
    char name[64];
    char metric[256];
    char aggregate[16];
    char message[256]; /* of the pass farthest beyond the limit */
    uint64_t session;
    int64_t since_ns; /* the pass in which it fired: what its lines have in common */
    int64_t first_ns; /* of the lines that were read */
    int64_t last_ns;
    int64_t resolved_ns; /* INT64_MIN: no line says that it is over */
    int64_t renotify_ns; /* at most so long after a line comes the next one, while it fires; 0: none comes */
    bool resolves;       /* a line will tell its end */
    afmon_level level;
    afmon_rule_comparison comparison;
    uint64_t passes; /* lines */
    double limit;
    double worst;
    int64_t worst_ns;
};

struct afmon_run_plan {
    bool known;
    uint64_t total;
    uint64_t done; /* before the run */
    int64_t told_ns;
    char operation[128];
    size_t operation_length;
    bool accepted; /* of its items the accepted ones count */
    char kind[64]; /* of its items; "": not told, then the operation says what a piece of work is */
};

struct afmon_run_log {
    struct afmon_log_scratch scratch;
    struct afmon_run_session *sessions;
    size_t session_count;
    size_t session_capacity;
    bool sessions_left_out;
    /* The rules of the session that started last, as text (alerts/rules_json.h); NULL: none is known. */
    char *rules;
    size_t rules_length;
    size_t rules_of;     /* which session's */
    char *data_set;      /* that the record of the session that started last names; NULL: none does */
    int64_t data_set_ns; /* when that one started */
    bool has_prices;     /* some session was given prices */
    struct afmon_logged_interval *intervals;
    size_t interval_count;
    size_t interval_capacity;
    uint64_t intervals_left_out; /* lines of intervals that were given up */
    uint64_t dropped;            /* samples and log records that monitors had to drop */
    uint64_t alert_lines;        /* passes in which a rule held, of all sessions */
    struct afmon_run_plan plan;
    struct afmon_run_about about;
};

/* Begin with a zeroed one. */
void afmon_run_log_free(struct afmon_run_log *log);

/* All lines of a log, from begin to end. progress as in afmon_lines, may be NULL. */
afmon_status afmon_run_log_file(struct afmon_run_log *log, const char *path, int64_t begin, int64_t end,
                                int (*progress)(void *user, uint64_t bytes), void *user, afmon_error *error);

/* All lines of a text. AFMON_OK or AFMON_E_NO_MEMORY. */
afmon_status afmon_run_log_text(struct afmon_run_log *log, const char *text, size_t length);

/* Takes a line of a log, whatever it is. AFMON_OK or AFMON_E_NO_MEMORY. */
afmon_status afmon_run_log_line(struct afmon_run_log *log, const char *line, size_t length);

/* True where a line is an alert's. */
bool afmon_log_line_is_alert(const char *line, size_t length);

/* The one session that made the whole run, by its records; NULL: there were several, or none is known. */
const struct afmon_run_session *afmon_run_log_only_session(const struct afmon_run_log *log);

size_t afmon_run_log_bytes(const struct afmon_run_log *log);

#endif

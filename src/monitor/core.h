/* The inside of a monitor.
 *
 * afmon_monitor is what the user holds: the options, copied, and the handles. A core is what works: session, rings,
 * store, threads. There is one core in each process: a forked child finds the process page wiped, and makes a core of
 * its own (process.c), in files of its own. The parent's core, of which the child has a copy in an unknown state, is
 * never looked into there.
 *
 * Threads. The core's own thread (drain.c) takes records out of the rings, writes the files, fills the store, judges
 * the alert rules. A dispatch a custom handler has a thread each. Everything else happens in the callers' threads. */
#ifndef AFMON_MONITOR_CORE_H
#define AFMON_MONITOR_CORE_H

#include <pthread.h>

#include "alerts/watch.h"
#include "base/quiet.h"
#include "catalog/unpacked.h"
#include "handlers/dispatch.h"
#include "ingest/definitions.h"
#include "ingest/expand.h"
#include "ingest/hub.h"
#include "ingest/presence.h"
#include "meters/meters.h"
#include "monitor/item_watch.h"
#include "store/store.h"

struct afmon_http;
struct afmon_ledger;
struct afmon_progress_thread; /* progress.h */
struct afmon_family;          /* family.h */
struct afmon_family_page;     /* shared with forked children */

/* States of the process page. */
enum {
    AFMON_PROCESS_NEW = 0, /* a forked child that has not been here */
    AFMON_PROCESS_BIRTH,
    AFMON_PROCESS_OPEN,
    AFMON_PROCESS_CLOSING, /* still records, for handlers that have something to say, until the serial is gone */
    AFMON_PROCESS_CLOSED,
    AFMON_PROCESS_FAILED, /* the child could not make a core of its own; it tries again after a second */
};

#define AFMON_HANDLE_BUCKETS 4096

/* The page holds the handles' lock too: a child gets it unlocked, whoever held it in the parent (all zeros are an
 * initialised mutex). */
struct afmon_page {
    struct afmon_process_page process;
    pthread_mutex_t handles;
};

struct afmon_metric {
    const struct afmon_process_page *page;
    _Atomic uint64_t serial; /* of the core that definition belongs to; 0: of none */
    _Atomic uint32_t definition;
    afmon_monitor *monitor;
    struct afmon_metric *next;
    uint64_t hash;
    char *name;
    size_t name_length;
    unsigned char *packed;
    size_t packed_length;
    afmon_field *fields; /* unpacked, pointing into packed */
    size_t field_count;
};

/* Counts of what the core's own thread did; written by it, read by anyone. */
struct afmon_core_counts {
    _Atomic uint64_t samples_written;
    _Atomic uint64_t logs_written;
    _Atomic uint64_t samples_stored;
    _Atomic uint64_t samples_lost; /* of those written: in a file that went away */
    _Atomic uint64_t logs_lost;
    _Atomic bool files_cut; /* others cut a file off: whether what was in it is lost, nobody knows here */
    _Atomic uint64_t write_errors;
    _Atomic int64_t cpu_ns;
};

/* Where a file of the core is, and how long it was before the core wrote into it. */
struct afmon_file_place {
    char *path; /* NULL: there is none */
    int64_t begin;
    uint64_t changes; /* so often was it another one from then on, or others cut it off */
    int64_t from;     /* how long it was after the last one */
};
struct afmon_old_path;

struct afmon_core {
    afmon_monitor *monitor;
    struct afmon_core *ancestor; /* of a forked child: the parent's, kept so that it is not taken for lost */
    struct afmon_session session;
    bool has_session;
    struct afmon_run_files files;
    char prices_name[24];                  /* the copy of the prices in the run folder; "": there is none */
    int prices_failure;                    /* errno: why */
    struct afmon_ledger *ledger;           /* NULL: the run has no limit */
    _Atomic bool told_limit;               /* that it is reached */
    _Atomic bool told_ledger;              /* that it cannot be asked */
    char *folder_path;                     /* of the run folder, absolute; NULL: no session */
    bool files_told;                       /* the session says which files it writes now */
    struct afmon_file_place metrics_place; /* under lock, as that of the log */
    struct afmon_file_place log_place;
    struct afmon_old_path *old_paths;
    struct afmon_hub hub;
    struct afmon_store *store;
    bool is_child;                            /* this process was forked from the one that opened the monitor */
    struct afmon_family *family;              /* NULL: no child was met. The core's own thread's */
    bool told_left_out;                       /* likewise */
    struct afmon_store *_Atomic family_store; /* what questions are asked of, once it is complete */
    int64_t opening_offset_ns;
    _Atomic int64_t wall_offset_ns;

    pthread_mutex_t define_lock;
    uint32_t definitions;
    struct afmon_defined_table defined;

    struct afmon_meters *meters;        /* NULL: nobody scrapes */
    struct afmon_unpacked meter_fields; /* the core's own thread's */
    struct afmon_http *http;            /* NULL: it does not listen */
    char metrics_url[160];

    struct afmon_dispatch **dispatches; /* by kind */
    size_t dispatch_count;
    size_t dispatch_counts[AFMON_HANDLER_KINDS];

    pthread_mutex_t watch_lock; /* held for a pass of the rules */
    struct afmon_alert_watch watch;
    struct afmon_filter_memo *filter_memos; /* of each rule: what earlier passes found */

    struct afmon_item_watch items;

    pthread_t thread;
    bool thread_runs;
    pthread_mutex_t lock; /* of the following */
    pthread_cond_t progress;
    uint64_t completed; /* the last request for a pass that is done */
    bool stalled;       /* the files cannot be written */
    afmon_error last_error;
    _Atomic uint64_t requested; /* passes that were asked for */
    _Atomic uint32_t stopping;
    _Atomic int64_t stop_deadline_ns; /* boot time */
    struct afmon_core_counts counts;
    uint64_t first_serial;       /* of the session at opening: what the log calls the session */
    uint64_t recovered;          /* records of killed processes, found at opening */
    struct afmon_buffer removed; /* a torn line, found at opening */
    bool record_owed;            /* the run record could not be written at opening */
    afmon_close_report report;   /* filled by shutdown */
};

struct afmon_monitor {
    afmon_options options; /* with copies of what it points to */
    char *log_dir;
    struct afmon_handler *handlers; /* custom ones, by kind */
    size_t handler_count;
    afmon_rules rules;                      /* those of the options, or the built-in ones */
    struct afmon_prices *prices;            /* NULL: none were given */
    struct afmon_progress_thread *progress; /* NULL: none is wanted, or nobody would see it */
    bool has_budget;                        /* its cores have a ledger */
    bool metric_file, log_file;             /* the built-in ones are wanted */
    bool took_handlers;                     /* their end is the dispatches' business */
    struct afmon_page *page;
    struct afmon_family_page *family_page;
    struct afmon_core *_Atomic core;
    struct afmon_metric *_Atomic handles[AFMON_HANDLE_BUCKETS];
    _Atomic uint64_t refused_closed; /* calls that came after the end */
    afmon_error birth_error;         /* why a child has no core */
    _Atomic int64_t birth_again_ns;  /* boot time of its next try */
};

/* options.c: copies and checks options. */
afmon_status afmon_monitor_new(const afmon_options *options, afmon_monitor **monitor, afmon_error *error);
void afmon_monitor_delete(afmon_monitor *monitor);

/* core.c */
afmon_status afmon_core_open(afmon_monitor *monitor, struct afmon_core **core, afmon_error *error);
void afmon_core_publish(afmon_monitor *monitor, struct afmon_core *core); /* from here on it takes records */
void afmon_core_shutdown(struct afmon_core *core);                        /* fills report */
void afmon_core_free(struct afmon_core *core);

/* process.c: the core of this process, made where a child has none. NULL: *status says why. A core that is shut down is
 * given, too. */
struct afmon_core *afmon_core_here(afmon_monitor *monitor, afmon_status *status);

/* handle.c: sees to it that the handle has a number in the core of this process. AFMON_E_UNWRITABLE: it cannot have one
 * now. */
afmon_status afmon_handle_bind(afmon_metric *metric);

/* put.c: records a draft from the calling thread. */
afmon_status afmon_monitor_put(afmon_monitor *monitor, const struct afmon_draft *draft);

/* put.c: what the monitor itself has to say, as a record like any other; never waits in the core's own thread. */
void afmon_core_log(struct afmon_core *core, afmon_level level, const char *message, const afmon_field *fields,
                    size_t count);

/* The same for the log file alone: what is to be said of a log handler. */
void afmon_core_log_to_file(struct afmon_core *core, afmon_level level, const char *message, const afmon_field *fields,
                            size_t count);

/* What others did to session and files. */
struct afmon_file_changes {
    bool session;      /* it was opened anew, or */
    bool session_anew; /* made anew */
    struct afmon_file_news news[AFMON_RUN_FILES];
};

/* files.c: before a batch is collected, by the core's own thread. Sees to it that session and files are those of their
 * names. 0, or errno where nothing can be written now; changes are filled in either way. */
int afmon_core_look_at_files(struct afmon_core *core, struct afmon_file_changes *changes);

/* Any thread. The path is valid as long as the core. */
struct afmon_file_place afmon_core_place(struct afmon_core *core, const struct afmon_file_place *place);
void afmon_places_free(struct afmon_core *core);

/* Lines that were written, less those that are in no file any more; lost is how many these are. */
struct afmon_line_counts {
    uint64_t samples, logs, lost;
    bool cut; /* a file was cut off, with lines in it that are nowhere, or in a copy */
};
struct afmon_line_counts afmon_core_lines(const struct afmon_core *core);

/* drain.c: the core's own thread. */
void *afmon_core_run(void *core);

/* Asks for a pass and waits until it is done. AFMON_E_TIMEOUT, AFMON_E_UNWRITABLE. */
afmon_status afmon_core_pass(struct afmon_core *core, int64_t deadline_ns);

/* alerts.c: one pass of the rules, of which log and handlers are told. Copies up to capacity of the alerts that fire;
 * returns how many do. */
size_t afmon_core_check_alerts(struct afmon_core *core, afmon_alert *alerts, size_t capacity);

/* The same from the core's own thread; passed over while another thread makes a pass. */
void afmon_core_periodic_alerts(struct afmon_core *core);

/* A warning about items, beside the rules, to alert handlers where the option item_alerts is set: others get what the
 * rules fire, and nothing else. */
void afmon_item_alert_tell(struct afmon_core *core, const char *name, const char *aggregate, double value, double limit,
                           const char *message);

/* Remembers an error for afmon_stats and the report. */
void afmon_core_set_error(struct afmon_core *core, const afmon_error *error);

/* True in a handler's own thread. */
bool afmon_core_in_handler(const struct afmon_core *core);

/* Now, on the time line of the store: boot time plus the offset at opening. */
int64_t afmon_core_steady_us(const struct afmon_core *core);

#endif

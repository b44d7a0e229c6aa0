/* What a run came to: fed once with each sample and each line of its logs, in any order, and read at any time. The one
 * model that all screens are drawn from.
 *
 * What it answers depends on what it was given, and not on the order, so a reader that goes through the files and a
 * follower that reads the newest part first come to the same. Memory is bounded by AFMON_NAMES_MAX names of a kind, the
 * room of its sketches, and AFMON_SEGMENTS_MAX. One thread at a time. */
#ifndef AFMON_MODEL_MODEL_H
#define AFMON_MODEL_MODEL_H

#include <afmon/afmon.h>

#include "catalog/error_share.h"
#include "catalog/facts.h"
#include "catalog/item_id.h"
#include "model/column.h"
#include "model/lately.h"
#include "model/run_log.h"
#include "model/tracks.h"
#include "model/accumulator.h"

struct afmon_model; /* opaque */

struct afmon_model_options {
    /* Rules that are replayed where the run's own passes are not the alerts; copied. NULL: the built-in ones. */
    const afmon_alert_rule *rules;
    size_t rule_count;
    int64_t period_ns;   /* between two passes of a replay; 0: a minute */
    bool replay;         /* judge these rules whatever the run's logs say */
    bool whole;          /* hold all durations, so that quantiles are exact; else 4,096 of a kind, then classes */
    bool lately;         /* what operations and models did in the last two minutes, second by second */
    size_t sketch_bytes; /* that all sketches may take; 0: no bound */
    uint32_t items;      /* that are kept, at most; 0: any number */
};

/* NULL: no memory. */
struct afmon_model *afmon_model_new(const struct afmon_model_options *options);
void afmon_model_free(struct afmon_model *model);

/* ---- Feeding it ---- */

struct afmon_model_metric;

/* What a metric's name says, for who sees the same names again and again. */
struct afmon_model_name {
    enum afmon_metric_id id;
    struct afmon_piece rest; /* behind the prefix; in the text that was given */
    uint64_t rules;          /* that look at it */
    struct afmon_model_metric *metric;
};
/* False: no memory. */
bool afmon_model_name_of(struct afmon_model *model, const char *name, size_t length, struct afmon_model_name *of);

/* What the metadata of a sample say, likewise. Begin with zeroed ones. */
struct afmon_model_labels {
    struct afmon_sample_facts facts; /* of the fields; their texts must stay */
    uint64_t rules;                  /* that samples with these fields satisfy */
    struct afmon_model_group *generation;
    struct afmon_model_group *evaluation;
    struct afmon_model_group *model;
};
void afmon_model_labels_of(const struct afmon_model *model, const afmon_field *fields, size_t count,
                           struct afmon_model_labels *labels);

/* Whether a rule looks at a metric. */
bool afmon_model_judges(const struct afmon_model *model, const char *name, size_t length);

/* Where this changed, names and labels that were given before may point to what is gone. */
uint64_t afmon_model_moved(const struct afmon_model *model);

/* Samples of one call stand one behind the other in the file that they are read from: a call that is on its way there.
 * Begin with a zeroed one, and settle it where no sample of it can follow. */
struct afmon_model_call {
    bool open;
    bool failed;
    bool tokens;
    bool priced;
    uint64_t used[3]; /* prompt, completion, total tokens */
    int64_t time_ns;
};
void afmon_model_settle(struct afmon_model *model, struct afmon_model_call *call);

struct afmon_model_sample {
    int64_t time_ns;
    double value;
    struct afmon_item_id item; /* length 0: none, or it is among the labels */
    uint32_t file;             /* that it is in (afmon_run_file_of); 0: not known */
};

/* Adds a sample. call: of its file; NULL: what is read has no such order. False: no memory for a part of it, which the
 * summary then warns of; do not add it again. */
bool afmon_model_add(struct afmon_model *model, const struct afmon_model_name *name, struct afmon_model_labels *labels,
                     struct afmon_model_call *call, const struct afmon_model_sample *sample);

/* Adds samples of success_rate or error_rate of which none is marked as bare, for alerts alone; rules that ask for
 * metadata do not see them. Nothing else of a summary knows of them. False: no memory. */
bool afmon_model_add_rates(struct afmon_model *model, const struct afmon_model_name *name,
                           const struct afmon_model_column *column);

/* Whether each rule that looks at the metric does so whatever the metadata are. */
bool afmon_model_judges_all(const struct afmon_model *model, const struct afmon_model_name *name);

/* The run is at least so long, whatever was added. */
void afmon_model_widen(struct afmon_model *model, int64_t first_ns, int64_t last_ns);

/* ---- Asking it ---- */

/* What samples and logs do not say. */
struct afmon_model_facts {
    const struct afmon_run_log *log; /* NULL: there is none */
    size_t file_count;
    uint64_t unreadable_lines;
    bool live;
    const uint64_t *living; /* serials of sessions that are alive */
    size_t living_count;
    bool living_left_out; /* there are more of them */
    bool stalled;
    int64_t now_ns;                              /* of a run that is live */
    const afmon_window *window;                  /* what was fed is this part of the run; NULL: all of it */
    const afmon_budget *budget;                  /* NULL: the run has no limit of what it may cost */
    const struct afmon_outcome_counts *outcomes; /* of the whole run; NULL: all of it was fed */
    /* Puts exact quantiles of a metric in the place of the model's own; NULL: there are none to be had. */
    afmon_status (*exact)(void *user, const char *name, afmon_distribution *distribution);
    void *user;
};

/* Whether an item without an outcome is open: its process goes on. Else it is abandoned. */
struct afmon_model_item;
bool afmon_model_item_is_open(const struct afmon_model_facts *facts, const struct afmon_model_item *item);

/* NULL: no memory. */
afmon_run_summary *afmon_model_summarize(struct afmon_model *model, const struct afmon_model_facts *facts);

/* Whether error_rate is told by outcomes (catalog/error_share.h). */
bool afmon_model_lacks_zeros(const struct afmon_model *model);

/* The distribution of a metric's values; false: there is no such metric. */
bool afmon_model_metric(struct afmon_model *model, const char *name, size_t length, afmon_distribution *distribution);

/* Operations (generations and evaluations), or models, most calls first: what they came to, and lately. False: no
 * memory. */
bool afmon_model_rates(struct afmon_model *model, bool models, struct afmon_lately_window window,
                       afmon_live_rate *rates, size_t capacity, size_t *count);

/* What went on a second lately. Items and calls are counted as in a summary, one that makes an item and uses tokens
 * itself in both, and none of an operation whose last two minutes are not kept. */
struct afmon_model_pace {
    double items_per_s;
    double items_failed_per_s;
    double calls_per_s;
    double calls_failed_per_s;
    double tokens_per_s;
};
struct afmon_model_pace afmon_model_lately(const struct afmon_model *model, struct afmon_lately_window window);

/* How often an operation (length 0: any) was tracked, and how many a second lately. */
uint64_t afmon_model_done(const struct afmon_model *model, const char *operation, size_t length,
                          struct afmon_lately_window window, double *per_s);

/* How many items of a kind got an outcome since then, or were accepted; false: the run tells of no items. */
bool afmon_model_items_since(const struct afmon_model *model, const char *kind, bool accepted, int64_t since_ns,
                             uint64_t *finished);

/* The same of a run that tells of none, as operations that stand for an item of the kind tell it; and how many a second
 * lately. */
uint64_t afmon_model_inferred(const struct afmon_model *model, const char *kind, struct afmon_lately_window window,
                              double *per_s);

size_t afmon_model_bytes(const struct afmon_model *model);

/* A summary as a member of a JSON object that is being written. */
struct afmon_json;
void afmon_summary_json(const afmon_run_summary *summary, struct afmon_json *json, const char *key);

/* Its member `about` alone: name, tags and note. */
void afmon_summary_about_json(const afmon_run_summary *summary, struct afmon_json *json, const char *key);

#endif

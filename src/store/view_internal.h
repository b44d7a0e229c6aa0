/* A view from the inside. Once made nothing of it changes but the list of names, so that any number of threads may ask.
 */
#ifndef AFMON_STORE_VIEW_INTERNAL_H
#define AFMON_STORE_VIEW_INTERNAL_H

#include <pthread.h>

#include "catalog/error_share.h"
#include "catalog/unpacked.h"
#include "store/reader.h"
#include "store/store_internal.h"
#include "store/view.h"
#include "store/window.h"

struct afmon_view_series {
    const struct afmon_series *series;
    struct afmon_entry *entries; /* the chunks in memory, a reference to each; in the view's list */
    uint32_t entry_count;
    uint8_t token_kind;
    bool mixed;                   /* afmon_series_is_mixed: aggregates may leave marked samples out */
    bool has_marked;              /* some samples are marked (catalog/bare.h) */
    struct afmon_summary all;     /* of all samples, evicted ones included */
    struct afmon_evicted evicted; /* a reference to the sketch */
    uint64_t total;               /* samples */
};

struct afmon_view {
    struct afmon_store *store;        /* a reference: names and sets lie there */
    struct afmon_view_series *series; /* those with samples, in order of creation */
    size_t series_count;
    struct afmon_entry *entries;
    size_t entry_count;
    afmon_token_usage usage; /* of all time */
    struct afmon_source *sources;
    size_t source_count;
    struct afmon_view_extra extra;
    uint64_t sample_count;
    uint64_t not_finite;
    struct afmon_outcome_counts outcomes; /* of all samples, evicted ones included */
    int64_t first_us;
    int64_t last_us;
    _Atomic uint32_t references;
    pthread_mutex_t mutex; /* by_name */
    uint32_t *by_name;     /* indexes of series in order of their names; made when first asked for */
};

/* One more reference: afmon_view_close gives one back, the last one frees. */
void afmon_view_hold(afmon_view *view);

/* Says that the run has no metric of this name, and which one may be meant. */
afmon_status afmon_view_no_metric(afmon_view *view, const char *name, afmon_error *error);

/* The series of a name; NULL: none. Any thread. AFMON_E_NO_MEMORY where the list of names cannot be made. */
afmon_status afmon_view_find(afmon_view *view, const char *name, size_t length,
                             const struct afmon_view_series **series);

/* The series whose samples tell the figures of a name: its own, or *by_outcomes that of success_rate, in the place of
 * an error_rate without zeros (catalog/error_share.h). NULL and AFMON_E_NO_MEMORY as afmon_view_find. */
afmon_status afmon_view_find_told(afmon_view *view, const char *name, const struct afmon_view_series **series,
                                  bool *by_outcomes);

/* The series at a place in the order of names; NULL: past the end, or no memory. Any thread. */
const struct afmon_view_series *afmon_view_in_order(afmon_view *view, size_t index);

/* A window in microseconds. */
struct afmon_times afmon_view_times(afmon_window window);

/* True where all samples of the view lie in the window. */
bool afmon_view_takes_all(const afmon_view *view, struct afmon_times times);

/* Whether only unmarked samples of the series count in the window (catalog/bare.h): it holds some, and marked ones. */
afmon_status afmon_view_leaves_out(afmon_view *view, const struct afmon_view_series *series, struct afmon_times times,
                                   bool *leaves_out);

/* True where evicted samples of the series may lie in the window. */
bool afmon_view_misses(const struct afmon_view_series *series, struct afmon_times times);

/* ---- Samples read back from the files ---- */

struct afmon_recall {
    const struct afmon_view_series *only; /* NULL: every series */
    struct afmon_times times;
    bool all; /* those in memory, too, where the files hold them */
    bool (*wants)(void *user, const struct afmon_view_series *series); /* NULL: all; else which series */
    /* Returns AFMON_OK to go on. sample may be completed by afmon_reader_packed. */
    afmon_status (*visit)(void *user, const struct afmon_view_series *series, struct afmon_reader *reader,
                          struct afmon_read_sample *sample);
    void *user;
    uint64_t missing; /* filled in: samples that the files should hold, and do not */
};

/* Visits the evicted (or all) samples of a window in the order in which they were written. One pass over the files at
 * most, and none where no such sample can be of the window. Without sources nothing is visited. Any thread. */
afmon_status afmon_view_recall(afmon_view *view, struct afmon_recall *recall, afmon_error *error);

/* How far a recall has come. A zeroed one to begin with; afmon_recall_end it in every case. */
struct afmon_recall_place {
    struct afmon_reader *reader;
    uint64_t *seen; /* by series of the view: samples that were met in the files */
    uint64_t left;  /* samples that are still to come */
    size_t source;  /* the file that is being read */
    int64_t offset; /* in the source's file; -1: its beginning */
};

/* As afmon_view_recall; where visit stopped it, the next call with the same place goes on behind that sample. No file
 * is open in between. */
afmon_status afmon_view_recall_on(afmon_view *view, struct afmon_recall *recall, struct afmon_recall_place *place,
                                  afmon_error *error);
void afmon_recall_end(struct afmon_recall_place *place);

/* ---- Every sample ---- */

/* Gets one sample and the series that it is of. Non-zero: stop. */
typedef int (*afmon_series_visitor)(void *user, const struct afmon_view_series *series, const afmon_sample *sample);

/* Visits the samples of a window: of all series, or of those that `wants` (not NULL) takes; both get the same user. One
 * pass over the files at most. AFMON_E_CANCELLED where visit said to stop. Any thread. */
afmon_status afmon_view_each_series(afmon_view *view, afmon_window window,
                                    bool (*wants)(void *user, const struct afmon_view_series *series),
                                    afmon_series_visitor visit, void *user, afmon_error *error);

/* The same for who looks at metadata alone: each set that some sample has is visited at least once, in the order in
 * which sets were first met; values and times tell nothing. */
afmon_status afmon_view_each_set(afmon_view *view, afmon_window window,
                                 bool (*wants)(void *user, const struct afmon_view_series *series),
                                 afmon_series_visitor visit, void *user, afmon_error *error);

/* The same in as many steps as one likes. */
struct afmon_cursor {
    afmon_view *view;
    const struct afmon_view_series *only; /* NULL: every series that wants takes */
    struct afmon_times times;
    bool (*wants)(void *user, const struct afmon_view_series *series); /* NULL: all of them */
    void *wants_user;
    /* For who looks at metadata alone: where a chunk that grows no more lies in the window as a whole, one sample
     * (without a value) for each of its metadata sets stands for all of its samples. */
    bool each_set;
    /* Where it stands. */
    struct afmon_recall_place evicted;
    bool in_memory; /* the evicted ones are done */
    size_t series;
    uint32_t entry;
    size_t index;
    struct afmon_unpacked unpacked;
    /* Of the sample that is visited: its metadata set (NULL: none), where it is still in memory. */
    bool has_set;
    const struct afmon_set *set;
};

void afmon_cursor_begin(struct afmon_cursor *cursor, afmon_view *view, afmon_window window);

/* Visits the samples from where the cursor stands to the end. AFMON_E_CANCELLED where visit said to stop: the next call
 * goes on behind that sample. One thread at a time. */
afmon_status afmon_cursor_run(struct afmon_cursor *cursor, afmon_series_visitor visit, void *user, afmon_error *error);
void afmon_cursor_end(struct afmon_cursor *cursor);

#endif

/* The items of a run, one by one. Include <afmon/afmon.h>, which says what
 * holds for all functions. */
#ifndef AFMON_ITEMS_H
#define AFMON_ITEMS_H

#include <afmon/summary.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Items of a run, one by one: what is behind a figure ---------------------------------------------------------------
 * Read from the ends of the run's files, so that the newest are there at once, however long the run is: the items, each
 * once, that the summary counts (afmon_item_summary, where they are not inferred). */

/* What became of an item. X(number, name, text). A number is never used again. */
#define AFMON_ITEM_STATE_MAP(X)                                                                                        \
    X(0, ACCEPTED, "accepted")                                                                                         \
    X(1, REJECTED, "rejected")                                                                                         \
    X(2, FAILED, "failed")                                                                                             \
    X(3, ABANDONED, "abandoned")                                                                                       \
    X(4, OPEN, "open")

typedef enum afmon_item_state {
#define AFMON_ITEM_STATE_ENUM(number, name, text) AFMON_ITEM_##name = (number),
    AFMON_ITEM_STATE_MAP(AFMON_ITEM_STATE_ENUM)
#undef AFMON_ITEM_STATE_ENUM
} afmon_item_state;
#define AFMON_ITEM_STATES 5

/* "accepted" ...; "" for what is none. Static text. Any thread. */
AFMON_API const char *afmon_item_state_name(afmon_item_state state);

/* A call that was made for an item, an evaluation of it, or an attempt within one that failed and was tried again. */
typedef struct afmon_item_call {
    bool evaluation;       /* a tracked evaluation; it is none of the calls */
    const char *operation; /* "": not given, as all texts here */
    const char *component;
    const char *evaluator_type; /* of an evaluation */
    const char *model_name;
    const char *error; /* its text, cut at 4,000 bytes */
    const char *error_type;
    int status;           /* of HTTP; 0: not known */
    bool retried;         /* an attempt that was tried again: it has no time of its own, and is none of the calls */
    bool success;         /* it went well, or nothing says how it went */
    uint32_t attempt;     /* of the item: 1, 2, ... */
    int64_t started_ns;   /* its end less what it took; of an attempt that was tried again, when it had failed */
    double duration_s;    /* NaN: not known */
    double prompt_tokens; /* NaN: not given, as all three */
    double completion_tokens;
    double total_tokens;
    double cost_usd; /* NaN: it has no price */
} afmon_item_call;

/* An item. Texts are UTF-8 without NUL, but for the text. */
typedef struct afmon_found_item {
    const char *kind;
    const char *id;
    bool id_is_number;
    afmon_item_state state;
    const char *why;    /* the reason of a rejected one, the error type of a failed one; "": not given */
    uint32_t attempts;  /* by its outcome; without one as its calls tell */
    int64_t started_ns; /* its latest beginning; where none is in the files, its end less what it took */
    int64_t ended_ns;   /* of one with an outcome, else INT64_MIN */
    double duration_s;  /* as told with the outcome; NaN without one */
    size_t call_count;
    const afmon_item_call *calls; /* since its latest beginning, the earliest first */
    uint64_t calls_left_out;      /* earlier ones, of an item with more than 1,000 */
    const char *text; /* its line of the data set: one JSON value; NULL: not asked for, or it is not there */
    size_t text_length;
} afmon_found_item;

/* Which items are wanted: those that everything fits that is said. */
typedef struct afmon_item_query {
    size_t size;
    const char *kind;      /* NULL: any */
    unsigned states;       /* 1 << AFMON_ITEM_...; 0: any */
    const char *reason;    /* the reason of a rejected one, the error type of a failed one; NULL: any; "": none given */
    const char *operation; /* a call of that operation was made for it; NULL: any */
    const char *error_type; /* a call of it (of `operation`) failed by that type, or it did itself; NULL: any */
    const char *id;         /* that one alone, with the calls of all its lives; reads all of the run. NULL: any */
    uint64_t slowest;       /* of those that fit, so many with an outcome that took longest, the longest first, at most
                               10,000;       reads all of the run. 0: the one begun last first */
    const char *cursor;     /* go on behind the item of that cursor; not with slowest. NULL or "": from the newest */
    bool text;              /* with the text, from the data set */
    const char *data_set;   /* file of JSON lines; NULL: that which the run's record names */
    /* Called now and then; return non-zero to cancel (AFMON_E_CANCELLED). May be NULL. */
    int (*progress)(void *user, uint64_t bytes_read, uint64_t bytes_total);
    void *user;
} afmon_item_query;

/* Fills in the defaults: any item. Any thread. */
AFMON_API void afmon_item_query_init(afmon_item_query *query);

typedef struct afmon_item_reader afmon_item_reader; /* opaque */

/* Opens the items of a run folder, as the files are now; what killed processes left is put into them first. The texts
 * of query may go afterwards. AFMON_E_ARGUMENT: a cursor that is none; AFMON_E_NO_DATA: no run, or no data set for the
 * text; else as afmon_view_open. */
AFMON_API afmon_status afmon_item_reader_open(const char *folder, const afmon_item_query *query,
                                              afmon_item_reader **reader, afmon_error *error);

/* The next item, valid until the next call; NULL: there is none. Memory: what is known of the items that are begun and
 * ended around the place that is read, and 40 bytes for each that was passed. One thread at a time. */
AFMON_API afmon_status afmon_item_reader_next(afmon_item_reader *reader, const afmon_found_item **item,
                                              afmon_error *error);

#define AFMON_ITEM_CURSOR_SIZE 40

/* Where the item that was given last stands: a text that a later query goes on from; "" before the first one. */
AFMON_API void afmon_item_reader_cursor(const afmon_item_reader *reader, char cursor[AFMON_ITEM_CURSOR_SIZE]);

/* False where nothing of what was read told of an item: after the last one, the run tells of none. */
AFMON_API bool afmon_item_reader_has_items(const afmon_item_reader *reader);

/* Releases the reader. NULL is fine. */
AFMON_API void afmon_item_reader_close(afmon_item_reader *reader);

/* Writes an item as one JSON object in one line, without its newline (docs/formats.md). AFMON_E_CANCELLED where write
 * stopped it, AFMON_E_NO_MEMORY. Any thread. */
AFMON_API afmon_status afmon_found_item_write_json(const afmon_found_item *item, afmon_write_fn write, void *user);

#ifdef __cplusplus
}
#endif

#endif

/* Runs against each other: what got better, what got worse, and what cannot be told. Include <afmon/afmon.h>, which
 * says what holds for all functions. */
#ifndef AFMON_COMPARE_H
#define AFMON_COMPARE_H

#include <afmon/view.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Comparing runs: each against the first -------------------------------------------------------------------------
 * docs/statistics.md says what is computed, and when not to believe it. */

/* What is said of a figure. X(number, name, text). A number is never used again. */
#define AFMON_DIFF_VERDICT_MAP(X)                                                                                      \
    X(0, UNCLEAR, "unclear") /* it cannot be told yet, from so many samples */                                         \
    X(1, BETTER, "better")                                                                                             \
    X(2, WORSE, "worse")                                                                                               \
    X(3, CHANGED, "changed")     /* it is another one, and neither way is the better one */                            \
    X(4, SMALL, "small")         /* what difference there is is too small to matter */                                 \
    X(5, ONE_SIDED, "one_sided") /* one of the runs has no such figure */

typedef enum afmon_diff_verdict {
#define AFMON_DIFF_VERDICT_ENUM(number, name, text) AFMON_DIFF_##name = (number),
    AFMON_DIFF_VERDICT_MAP(AFMON_DIFF_VERDICT_ENUM)
#undef AFMON_DIFF_VERDICT_ENUM
} afmon_diff_verdict;

/* "better" ...; "" for what is none. Static text. Any thread. */
AFMON_API const char *afmon_diff_verdict_name(afmon_diff_verdict verdict);

/* What an effect is. */
typedef enum afmon_diff_scale {
    AFMON_DIFF_RELATIVE = 0, /* b / a - 1: 0.1 is ten per cent more */
    AFMON_DIFF_POINTS = 1,   /* b - a of shares: 0.1 is ten percentage points more */
    AFMON_DIFF_ABSOLUTE = 2  /* b - a, in the figure's unit */
} afmon_diff_scale;

/* A figure of one run. */
typedef struct afmon_diff_value {
    double value;      /* NaN: the run has none */
    uint64_t count;    /* of what: calls, items, evaluations, samples */
    uint64_t clusters; /* of which so many belong to different items, or to none */
} afmon_diff_value;

/* A figure of the runs compared. Texts are UTF-8. */
typedef struct afmon_diff_figure {
    size_t run;        /* which one is b: its place in the list of runs; a is the first */
    const char *name;  /* "yield", "generation_time.p50", "success_rate" */
    const char *by;    /* "operation", "model", "evaluator", "kind", "reason" or "error_type"; "": of the whole run */
    const char *group; /* the name of that operation ... */
    afmon_unit unit;
    afmon_better better;
    afmon_diff_scale scale;
    afmon_diff_value a;
    afmon_diff_value b;
    double effect; /* of b against a; NaN: one of them has no value */
    double low;    /* its interval of 95 %; NaN: too few samples */
    double high;
    double p;          /* how likely so much is by chance, for this figure alone; NaN as low */
    double adjusted_p; /* the same among all figures (Benjamini and Yekutieli 2001); it is judged against 0.05 */
    double margin;     /* a smaller effect does not matter; on the effect's scale */
    afmon_diff_verdict verdict;
    uint64_t needed; /* AFMON_DIFF_UNCLEAR: about so many more items (or calls) of each run; 0: not known */
} afmon_diff_figure;

/* A run in a comparison. */
typedef struct afmon_diff_run {
    uint64_t items;  /* different ones that its samples name */
    uint64_t paired; /* of these in the first run, too, by their ids; 0 of the first run */
    bool by_call;    /* its samples name no items: each call counts as an observation of its own */
    /* Groups (operations, models ...) beyond the 100 with most samples, which are not compared one by one. */
    uint64_t groups_left_out;
} afmon_diff_run;

typedef struct afmon_comparison {
    size_t run_count;
    const afmon_diff_run *runs;
    size_t figure_count;
    const afmon_diff_figure *figures; /* run by run; those of the whole run first */
} afmon_comparison;

/* Only samples whose metadata have this value under this key; numbers and booleans as JSON has them. Items, whose own
 * samples do not have the key, stay. */
typedef struct afmon_compare_where {
    const char *key;
    const char *value;
} afmon_compare_where;

typedef struct afmon_compare_options {
    size_t size;
    const afmon_compare_where *where; /* all of them hold */
    size_t where_count;
} afmon_compare_options;

/* Fills in the defaults. Any thread. */
AFMON_API void afmon_compare_options_init(afmon_compare_options *options);

/* Compares runs, at least two, each with the first; the same view may come twice. options may be NULL. *comparison is
 * the caller's; NULL on failure. The same views give the same figures. Memory: the samples of one
 * metric of both runs at a time, twice while they are sorted, those of calls besides, and a record for each item. Any
 * thread. */
AFMON_API afmon_status afmon_compare(afmon_view *const *views, size_t view_count, const afmon_compare_options *options,
                                     afmon_comparison **comparison, afmon_error *error);

/* Releases a comparison with all that it points to. NULL is fine. */
AFMON_API void afmon_comparison_free(afmon_comparison *comparison);

/* Writes it as one JSON object (docs/formats.md); names has a name for each run. AFMON_E_CANCELLED where write stopped
 * it, AFMON_E_NO_MEMORY. Any thread. */
AFMON_API afmon_status afmon_comparison_write_json(const afmon_comparison *comparison, const char *const *names,
                                                   afmon_write_fn write, void *user);

/* Whether a condition holds for some figure of a comparison: one or several of these, with commas between them.
 *
 *   worse                          some figure is worse; also better, changed, unclear
 *   yield worse                    that one is, of the whole run or of any operation, model ...
 *   success_rate[operation=chat] < -2%    the whole interval of the effect lies below -0.02; also >
 *
 * AFMON_E_ARGUMENT: it is none, or names a figure that no run has; error says what there is. Any thread. */
AFMON_API afmon_status afmon_comparison_holds(const afmon_comparison *comparison, const char *condition, bool *holds,
                                              afmon_error *error);

#ifdef __cplusplus
}
#endif

#endif

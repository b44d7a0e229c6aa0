/* The inside of a tally, for those who read it. */
#ifndef AFMON_SUMMARY_TALLY_INTERNAL_H
#define AFMON_SUMMARY_TALLY_INTERNAL_H

#include "summary/names.h"
#include "model/pool.h"
#include "summary/spread.h"
#include "summary/tally.h"
#include "summary/timeline.h"

struct afmon_tokens_sum {
    double prompt;
    double completion;
    double total;
};

enum { AFMON_OF_GENERATION, AFMON_OF_EVALUATION }; /* kinds of operations */

struct afmon_operation_tally {
    uint64_t count;
    uint64_t failures;
    struct afmon_tokens_sum tokens;
    struct afmon_spread duration;
};

struct afmon_error_tally {
    uint64_t api; /* failures that api_errors tells of */
    uint64_t retries;
    uint64_t generations; /* failures that error_rate itself names the type of */
    uint64_t evaluations;
};

struct afmon_model_tally {
    uint64_t calls;
    struct afmon_tokens_sum tokens;
    bool has_tokens;
};

/* Names with something for each: number n of the names has item n; the last item is that of AFMON_NAMES_OTHER. */
struct afmon_tally_list {
    struct afmon_names names;
    size_t item_size;
    unsigned char *items; /* room for capacity items */
    uint32_t capacity;
    unsigned char *other;
};

struct afmon_run_tally {
    uint64_t samples;
    uint64_t not_finite;
    uint64_t lost; /* samples of which something could not be kept */
    int64_t first_ns;
    int64_t last_ns;
    uint64_t generation_times;
    uint64_t generations;
    uint64_t generation_failures;
    uint64_t generation_errors;
    uint64_t api_errors; /* failures, without attempts that were tried again */
    uint64_t evaluations;
    uint64_t evaluation_failures;
    uint64_t evaluation_errors;
    uint64_t retries;
    size_t spread_room; /* bytes that spreads may still take */
    struct afmon_spread generation_time;
    struct afmon_spread evaluation_time;
    struct afmon_spread length;
    struct afmon_timeline timeline;
    struct afmon_tally_list operations; /* struct afmon_operation_tally */
    struct afmon_tally_list errors;     /* struct afmon_error_tally */
    struct afmon_tally_list models;     /* struct afmon_model_tally */
    struct afmon_tally_list finishes;   /* uint64_t */
    struct afmon_tally_list scores;     /* struct afmon_spread */
};

/* How many entries a list has, that of "(other)" included, and entry `index` below it with its name. */
size_t afmon_tally_list_count(const struct afmon_tally_list *list);
const void *afmon_tally_list_at(const struct afmon_tally_list *list, size_t index, struct afmon_kept_name *name);

/* Fills verdict and reasons, and the warnings. */
void afmon_summary_judge(const struct afmon_run_tally *tally, const struct afmon_run_facts *facts,
                         afmon_run_summary *summary, struct afmon_pool *pool);

#endif

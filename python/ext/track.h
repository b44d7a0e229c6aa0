/* The arguments of track calls. */
#ifndef AFMON_PYTHON_TRACK_H
#define AFMON_PYTHON_TRACK_H

#include "module.h"

/* The first four are positional, in this order. */
#define TRACK_MEMBERS(X)                                                                                               \
    X(DURATION, "duration")                                                                                            \
    X(SUCCESS, "success")                                                                                              \
    X(EVALUATOR, "evaluator_type")                                                                                     \
    X(SCORES, "scores")                                                                                                \
    X(MODEL, "model_name")                                                                                             \
    X(FINISH, "finish_reason")                                                                                         \
    X(ERROR, "error")                                                                                                  \
    X(ERROR_TYPE, "error_type")                                                                                        \
    X(STATUS, "http_status")                                                                                           \
    X(LENGTH, "conversation_length")                                                                                   \
    X(PROMPT_TOKENS, "prompt_token_count")                                                                             \
    X(COMPLETION_TOKENS, "completion_token_count")                                                                     \
    X(TOTAL_TOKENS, "total_token_count")                                                                               \
    X(METADATA, "metadata")                                                                                            \
    X(ITEM, "item")

/* Numbers of a generation that nothing but their metric knows: X(name, member of afmon_generation) */
#define TRACK_NUMBERS(X) \
    X(CACHED_TOKENS, cached_token_count) \
    X(REASONING_TOKENS, reasoning_token_count) \
    X(CACHE_WRITE_TOKENS, cache_write_token_count) \
    X(FIRST_TOKEN, time_to_first_token) \
    X(OUTPUT_SPEED, output_tokens_per_second) \
    X(COST, cost_usd)

enum track_member {
#define TRACK_ENUM(name, text) TRACK_##name,
    TRACK_MEMBERS(TRACK_ENUM) TRACK_NUMBERS(TRACK_ENUM)
#undef TRACK_ENUM
        TRACK_FIELD /* none of them: metadata */
};

/* What else is warned of once (odd.c). */
enum { ODD_VALUE = TRACK_FIELD, ODD_SCORE, ODD_NAME, ODD_ITEM, ODD_OUTCOME, ODD_ARGUMENTS };

extern const char *const track_names[TRACK_FIELD];

struct track {
    PyObject *members[TRACK_FIELD]; /* borrowed; NULL: not given */
    struct monitor *monitor;
    int next;                       /* behind the member that was named last */
    struct fields fields;
};

static inline bool track_has(const struct track *track, enum track_member member)
{
    return track->members[member] != NULL && track->members[member] != Py_None;
}

void track_begin(struct track *track, struct monitor *monitor); /* fields_end of its fields must follow */

/* Sorts the arguments of a call. takes[member]: the call has this member; where not, such a name is metadata. */
int track_sort(struct track *track, const char *function, const int *takes, int positional, int required,
               PyObject *const *arguments, Py_ssize_t count, PyObject *names);

/* What was sorted, as the library takes it. Texts live as long as the fields. 0, or -1 with an exception. */
int track_basics(struct track *track, double *duration, bool *success, bool *success_unknown);
int track_item(struct track *track);
int track_amount(struct track *track, enum track_member member, afmon_number *number);
int track_status(struct track *track, afmon_number *status);
int track_tokens(struct track *track, afmon_number *prompt, afmon_number *completion, afmon_number *total);
int track_text(struct track *track, enum track_member member, const char **text);
int track_error(struct track *track, const char **text, const char **type);

/* What the exception that was given as the error, or whose text was, knows of the answer: its HTTP status, and the tokens
 * that were used. Only what was not given is filled in. 0, or -1 with an exception that is no Exception. */
int track_answer(struct track *track, afmon_generation *generation, afmon_number *status);

#endif

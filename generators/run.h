/* A whole run: a pool of workers that make conversations, judge them where there is an evaluator, append them to the
 * data set, and count. */
#ifndef AFMON_GENERATORS_RUN_H
#define AFMON_GENERATORS_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "conversation.h"
#include "dataset.h"
#include "evaluator.h"
#include "shape.h"

typedef struct gen_run gen_run;

typedef struct gen_run_options {
    gen_conversation_plan plan; /* correspondent_prompt NULL: the respondent's model writes it, before anything else */
    uint64_t count;             /* pieces of work: conversations, or as the shape has it */
    unsigned threads;
    gen_dataset *dataset;           /* NULL: conversations are not kept */
    const gen_evaluator *evaluator; /* NULL: none */
    const gen_shape *shape;         /* of what is made; NULL: conversations that nothing refuses */
} gen_run_options;

typedef struct gen_run_counts {
    const char *kind; /* of the items; static text; NULL: conversations */
    uint64_t planned; /* items, as all of these but the last two */
    uint64_t skipped; /* were in the data set already */
    uint64_t done;
    uint64_t failed;
    uint64_t rejected;   /* made, and refused */
    uint64_t unfinished; /* begun, and left because the run was stopped */
    uint64_t calls;
    uint64_t retries;
} gen_run_counts;

/* Items that have an outcome. */
static inline uint64_t gen_run_ended(const gen_run_counts *counts)
{
    return counts->done + counts->failed + counts->rejected;
}

/* Starts a run. The options are copied; what they point to is kept by the caller until gen_run_free. NULL: no memory or
 * no threads. */
gen_run *gen_run_start(const gen_run_options *options);

/* How far it is, and whether all workers have ended. Any thread. */
gen_run_counts gen_run_progress(gen_run *run);
bool gen_run_finished(gen_run *run);

/* Why the run ended before its time (the data set cannot be written, the model cannot be reached ...), else "". Owned
 * by the run; complete once it is finished. */
const char *gen_run_problem(gen_run *run);

/* Why the conversation failed that failed last: "RateLimitError: ...", or "". Owned by the run; complete once it is
 * finished. */
const char *gen_run_last_failure(gen_run *run);

/* Waits until all workers have ended. Once, from one thread. */
void gen_run_join(gen_run *run);

/* Joins if that was not done, and frees. NULL is fine. */
void gen_run_free(gen_run *run);

#endif

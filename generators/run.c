#include "run.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"
#include "text.h"

/* After so many conversations in a row that failed for a reason that does not pass by itself (a wrong key, an unknown
 * model, no server), the others need not be tried. More with many workers, whose conversations fail together. */
enum { HOPELESS_AT_LEAST = 20, HOPELESS_PER_THREAD = 2 };

#define GATE_MIN 0.75 /* of the overall score */
#define GATE_BAD 0.6

typedef enum prepared { NOT_PREPARED, READY, UNABLE } prepared;

struct gen_run {
    gen_run_options options;
    gen_pool *pool;
    _Atomic uint64_t skipped, done, failed, rejected, unfinished, calls, retries;
    atomic_uint hopeless;  /* failures in a row */
    pthread_mutex_t mutex; /* of what follows; held by the worker that prepares, while the others wait for it */
    prepared state;
    char *prompt; /* written by the model; NULL where it was given */
    char problem[GEN_ERROR_SIZE + 160];
    char last_failure[GEN_ERROR_SIZE + 64];
};

/* ---- Ending before time ------------------------------------------------------------------------------------------ */

static void give_up(gen_run *run, const char *what, const char *why)
{
    pthread_mutex_lock(&run->mutex);
    if (run->problem[0] == '\0')
        snprintf(run->problem, sizeof run->problem, "%s: %s", what, why);
    pthread_mutex_unlock(&run->mutex);
    gen_stop_set(run->options.plan.stop, GEN_STOPPING);
}

/* Failures in a row that are enough. What a provider says to last needs no more with more workers; what only looks so
 * may be a moment in which all calls in flight fail together. */
static unsigned enough(const gen_run *run, gen_lasting lasting)
{
    unsigned many = lasting == GEN_FINAL ? 0 : run->options.threads * HOPELESS_PER_THREAD;
    return many > HOPELESS_AT_LEAST ? many : HOPELESS_AT_LEAST;
}

static void count_failures(gen_run *run, uint64_t count, const char *what, const char *why)
{
    atomic_fetch_add(&run->failed, count);
    pthread_mutex_lock(&run->mutex);
    snprintf(run->last_failure, sizeof run->last_failure, "%s: %s", what, why);
    pthread_mutex_unlock(&run->mutex);
}

/* The item's outcome is told once what was made is in the data set, or is known not to get there. */
static afmon_item *take_item(gen_conversation *c)
{
    afmon_item *item = c->item;
    c->item = NULL;
    return item;
}

static void note_failure(gen_run *run, gen_conversation *c)
{
    (void)afmon_item_fail(take_item(c), c->error_type);
    count_failures(run, 1, c->error_type, c->error);
    if (c->lasting == GEN_PASSING) {
        atomic_store(&run->hopeless, 0);
        return;
    }
    unsigned limit = enough(run, c->lasting);
    if (atomic_fetch_add(&run->hopeless, 1) + 1 < limit)
        return;
    char what[80];
    snprintf(what, sizeof what, "gave up after %u failed conversations in a row", limit);
    give_up(run, what, c->error);
}

/* ---- One conversation -------------------------------------------------------------------------------------------- */

static size_t bytes_of(const gen_conversation *c)
{
    size_t bytes = 0;
    for (size_t i = 0; i < c->count; i++)
        bytes += strlen(c->messages[i].content);
    return bytes;
}

/* A quality gate: what the evaluator thinks little of is refused, for its grade. */
static bool is_refused(gen_run *run, gen_conversation *c)
{
    const gen_run_options *o = &run->options;
    if (o->shape == NULL || !o->shape->gate || o->evaluator == NULL)
        return false;
    const gen_verdict verdict = gen_evaluator_judge(o->evaluator, c->index, bytes_of(c));
    if (!verdict.success || verdict.scores[GEN_SCORES - 1].value >= GATE_MIN)
        return false;
    (void)afmon_item_reject(take_item(c),
                            verdict.scores[GEN_SCORES - 1].value < GATE_BAD ? "bad" : "needs_improvement");
    atomic_fetch_add(&run->rejected, 1);
    return true;
}

static void keep(gen_run *run, gen_conversation *c)
{
    const gen_run_options *o = &run->options;
    char error[160];
    if (o->evaluator != NULL && gen_evaluator_run(o->evaluator, &o->plan, c, bytes_of(c)) == AFMON_E_LIMIT) {
        atomic_fetch_add(&run->unfinished, 1);
        return;
    }
    if (o->dataset != NULL && !gen_dataset_append(o->dataset, c, o->plan.seed, error, sizeof error)) {
        static const char what[] = "the data set cannot be written";
        (void)afmon_item_fail(take_item(c), "OSError");
        count_failures(run, 1, what, error);
        give_up(run, what, error);
        return;
    }
    atomic_store(&run->hopeless, 0);
    if (is_refused(run, c))
        return;
    (void)afmon_item_accept(take_item(c));
    atomic_fetch_add(&run->done, 1);
}

/* A piece of work of a shape. */
static void make_shaped(gen_run *run, uint64_t index)
{
    gen_made made;
    gen_shape_make(run->options.shape, &run->options.plan, index, &made);
    atomic_fetch_add(&run->calls, made.calls);
    atomic_fetch_add(&run->retries, made.retries);
    atomic_fetch_add(&run->done, made.accepted);
    atomic_fetch_add(&run->rejected, made.rejected);
    if (made.failed > 0)
        count_failures(run, made.failed, made.error_type, made.error);
    if (made.stopped)
        atomic_fetch_add(&run->unfinished, run->options.shape->items);
}

static void make_one(gen_run *run, uint64_t index)
{
    gen_conversation c;
    gen_conversation_run(&run->options.plan, index, &c);
    atomic_fetch_add(&run->calls, c.calls);
    atomic_fetch_add(&run->retries, c.retries);
    if (c.outcome == GEN_DONE)
        keep(run, &c);
    else if (c.outcome == GEN_FAILED)
        note_failure(run, &c);
    else
        atomic_fetch_add(&run->unfinished, 1);
    gen_conversation_clear(&c);
}

/* ---- Preparing --------------------------------------------------------------------------------------------------- */

/* The first worker lets the model write the prompt. On failure the reason is in `why`. */
static prepared write_prompt(gen_run *run, char *why, size_t size)
{
    gen_chat_result result;
    char *prompt = gen_conversation_prompt(&run->options.plan, &result);
    if (prompt != NULL) {
        afmon_field field = afmon_string("correspondent_prompt", prompt);
        afmon_log_info(run->options.plan.monitor, "Correspondent prompt written by the model", &field, 1);
        run->options.plan.correspondent_prompt = prompt;
        run->prompt = prompt;
    } else if (result.outcome == GEN_FAILED) {
        snprintf(why, size, "%s: %s", result.error_type, result.error);
    }
    atomic_fetch_add(&run->calls, 1);
    atomic_fetch_add(&run->retries, result.retries);
    gen_chat_result_clear(&result);
    return prompt != NULL ? READY : UNABLE;
}

static prepared prepare_shape(gen_run *run, char *why, size_t size)
{
    gen_made made;
    bool ready = gen_shape_prepare(run->options.shape, &run->options.plan, &made);
    if (!ready && !made.stopped)
        snprintf(why, size, "%s: %s", made.error_type, made.error);
    atomic_fetch_add(&run->calls, made.calls);
    atomic_fetch_add(&run->retries, made.retries);
    return ready ? READY : UNABLE;
}

static bool is_shaped(const gen_run_options *options)
{
    return options->shape != NULL && options->shape->make != NULL;
}

static bool prepare(gen_run *run)
{
    char why[GEN_ERROR_SIZE + 64] = "";
    bool shaped = is_shaped(&run->options);
    pthread_mutex_lock(&run->mutex);
    if (run->state == NOT_PREPARED)
        run->state = shaped ? prepare_shape(run, why, sizeof why) : write_prompt(run, why, sizeof why);
    bool ready = run->state == READY;
    pthread_mutex_unlock(&run->mutex);
    if (why[0] != '\0')
        give_up(run,
                shaped ? "what all tasks need could not be made"
                       : "the model could not write the correspondent's prompt",
                why);
    return ready;
}

static bool skip(void *user, uint64_t index)
{
    gen_run *run = user;
    bool has = run->options.dataset != NULL && gen_dataset_has(run->options.dataset, index);
    if (has)
        atomic_fetch_add(&run->skipped, 1);
    return has;
}

static void work(void *user, uint64_t index)
{
    gen_run *run = user;
    if (!prepare(run))
        return;
    if (is_shaped(&run->options))
        make_shaped(run, index);
    else
        make_one(run, index);
}

/* ---- The run ----------------------------------------------------------------------------------------------------- */

gen_run *gen_run_start(const gen_run_options *options)
{
    gen_run *run = calloc(1, sizeof *run);
    if (run == NULL)
        return NULL;
    if (pthread_mutex_init(&run->mutex, NULL) != 0) {
        free(run);
        return NULL;
    }
    run->options = *options;
    if ((uint64_t)run->options.threads > options->count)
        run->options.threads = (unsigned)options->count;
    bool given = is_shaped(options) ? options->shape->prepare == NULL : options->plan.correspondent_prompt != NULL;
    run->state = given ? READY : NOT_PREPARED;
    run->pool = gen_pool_start(&(gen_pool_options){.threads = run->options.threads,
                                                   .count = options->count,
                                                   .skip = skip,
                                                   .run = work,
                                                   .user = run,
                                                   .stop = options->plan.stop});
    if (run->pool != NULL)
        return run;
    pthread_mutex_destroy(&run->mutex);
    free(run);
    return NULL;
}

gen_run_counts gen_run_progress(gen_run *run)
{
    unsigned items = run->options.shape != NULL ? run->options.shape->items : 1;
    return (gen_run_counts){.kind = run->options.shape != NULL ? run->options.shape->item : GEN_ITEM_CONVERSATION,
                            .planned = run->options.count * items,
                            .skipped = atomic_load(&run->skipped),
                            .done = atomic_load(&run->done),
                            .failed = atomic_load(&run->failed),
                            .rejected = atomic_load(&run->rejected),
                            .unfinished = atomic_load(&run->unfinished),
                            .calls = atomic_load(&run->calls),
                            .retries = atomic_load(&run->retries)};
}

bool gen_run_finished(gen_run *run)
{
    return run->pool == NULL || gen_pool_finished(run->pool);
}

const char *gen_run_problem(gen_run *run)
{
    return run->problem;
}

const char *gen_run_last_failure(gen_run *run)
{
    return run->last_failure;
}

void gen_run_join(gen_run *run)
{
    gen_pool_join(run->pool);
    run->pool = NULL;
}

void gen_run_free(gen_run *run)
{
    if (run == NULL)
        return;
    gen_run_join(run);
    pthread_mutex_destroy(&run->mutex);
    free(run->prompt);
    free(run);
}

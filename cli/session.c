#include "cli/session.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/alert_board.h"
#include "cli/cli.h"
#include "cli/live.h"
#include "cli/signals.h"
#include "cli/summary.h"

enum { TICK_NS = 50 * 1000 * 1000, MOST_ALERT_HANDLERS = 4 };

/* ---- Signals ----------------------------------------------------------------------------------------------------- */

/* Waits a tick. true: a signal asks the run to end. */
static bool tick(const sigset_t *ends)
{
    return sigtimedwait(ends, NULL, &(struct timespec){.tv_nsec = TICK_NS}) > 0;
}

/* ---- The run ----------------------------------------------------------------------------------------------------- */

/* Watches until all workers have ended. true: it was interrupted. */
static bool watch(const session *s, const sigset_t *ends, gen_run *run, live *display)
{
    gen_stop *stop = s->run.plan.stop;
    int64_t stopped_ns = 0;
    while (!gen_run_finished(run)) {
        bool asked = tick(ends);
        if (asked && stopped_ns != 0)
            _exit(CLI_INTERRUPTED); /* the second one; what was recorded is in the rings, and any reader finds it */
        if (asked) {
            stopped_ns = gen_now_ns();
            gen_stop_set(stop, GEN_STOPPING);
        }
        double patience_s = stopped_ns == 0 ? -1 : s->stop_timeout_s - gen_seconds_since(stopped_ns);
        if (stopped_ns != 0 && patience_s <= 0)
            gen_stop_set(stop, GEN_ABANDON);
        live_update(display, stopped_ns == 0 ? -1 : patience_s > 0 ? patience_s : 0);
    }
    return stopped_ns != 0;
}

static int exit_status(const session *s, const summary_facts *facts)
{
    if (facts->interrupted)
        return CLI_INTERRUPTED;
    if (facts->problem[0] == '\0' && facts->budget != NULL && facts->budget->reached)
        return CLI_STOPPED;
    return (facts->counts.failed > 0 && !s->failures_expected) || facts->problem[0] != '\0' ? CLI_FAILED : CLI_OK;
}

/* For who follows the run: docs/formats.md, "Run plan". */
static void log_plan(const session *s, afmon_monitor *monitor)
{
    uint64_t done = 0;
    for (uint64_t i = 0; s->run.dataset != NULL && i < s->run.count; i++)
        done += gen_dataset_has(s->run.dataset, i);
    const gen_shape *shape = s->run.shape;
    (void)afmon_monitor_plan(monitor, shape != NULL ? shape->item : GEN_ITEM_CONVERSATION,
                             s->run.count * (shape != NULL ? shape->items : 1), done, false);
}

static int drive(session *s, const sigset_t *ends, afmon_monitor *monitor, alert_board *board)
{
    gen_run *run = gen_run_start(&s->run);
    if (run == NULL) {
        cli_error("the run could not be started: no memory or no threads; try a smaller --concurrency");
        return CLI_FAILED;
    }
    live display;
    live_begin(&display, s->title, monitor, run, board);
    bool interrupted = watch(s, ends, run, &display);
    gen_run_join(run);
    afmon_budget budget;
    summary_facts facts = {
        .budget = afmon_monitor_budget(monitor, &budget) ? &budget : NULL,
        .counts = gen_run_progress(run),
        .elapsed_s = live_elapsed(&display),
        .interrupted = interrupted,
        .problem = gen_run_problem(run),
        .last_failure = gen_run_last_failure(run),
        .dataset = s->dataset,
        .prices_invented = s->prices_invented,
        .monitor = &s->monitor,
        .board = board,
        .finish = s->finish,
    };
    afmon_monitor_shutdown(monitor, &facts.report);
    live_end(&display);
    summary_print(monitor, &facts);
    int status = exit_status(s, &facts);
    if (facts.problem[0] != '\0')
        cli_error("%s", facts.problem);
    gen_run_free(run);
    return cli_finish_output(status);
}

/* Prompts may be long; the log is for people. */
static afmon_field prompt_field(const char *key, const char *prompt)
{
    enum { LOGGED = 4000 };
    return prompt == NULL ? afmon_null(key) : afmon_string_n(key, prompt, strnlen(prompt, LOGGED));
}

static void log_beginning(const session *s, afmon_monitor *monitor)
{
    const gen_run_options *run = &s->run;
    afmon_field fields[] = {
        afmon_string("model_name", s->model),
        afmon_string("shape", run->shape != NULL ? run->shape->name : NULL),
        afmon_int("conversations", (int64_t)run->count),
        afmon_int("concurrency", run->threads),
        afmon_int("max_turns", run->plan.max_turns),
        afmon_int("seed", (int64_t)run->plan.seed),
        prompt_field("respondent_prompt", run->plan.respondent_prompt),
        prompt_field("correspondent_prompt", run->plan.correspondent_prompt),
    };
    afmon_log_info(monitor, s->description, fields, sizeof fields / sizeof fields[0]);
}

/* Sees to it that the calls of a run with a limit spend from it. False, after a message: none of them could. */
static bool take_budget(session *s, afmon_monitor *monitor)
{
    const afmon_call_bound least = {.model_name = s->model, .completion_tokens = 1};
    afmon_reservation reservation;
    afmon_budget budget;
    afmon_error error = {0};
    if (!afmon_monitor_budget(monitor, &budget))
        return true;
    s->run.plan.budget = monitor;
    if (afmon_reserve(monitor, &least, &reservation, &error) == AFMON_E_UNPRICED) {
        cli_error("--max-cost: %s", error.message);
        return false;
    }
    afmon_settle_unused(monitor, &reservation);
    return true;
}

static int run_with_rules(session *s, const sigset_t *ends)
{
    alert_board board;
    afmon_monitor *monitor = NULL;
    afmon_error error = {0};
    if (!alert_board_init(&board, s->monitor.metrics_interval_s)) {
        cli_error("out of memory");
        return CLI_FAILED;
    }
    afmon_alert_handler handlers[MOST_ALERT_HANDLERS] = {alert_board_handler(&board)};
    size_t count = 1;
    for (size_t i = 0; i < s->monitor.alert_handler_count && count < MOST_ALERT_HANDLERS; i++)
        handlers[count++] = s->monitor.alert_handlers[i];
    s->monitor.alert_handlers = handlers;
    s->monitor.alert_handler_count = count;
    int status = CLI_FAILED;
    if (afmon_monitor_open(&s->monitor, &monitor, &error) == AFMON_OK) {
        s->run.plan.monitor = monitor;
        log_beginning(s, monitor);
        log_plan(s, monitor);
        status = take_budget(s, monitor) ? drive(s, ends, monitor, &board) : CLI_USAGE;
        afmon_monitor_close(monitor, NULL);
    } else {
        cli_error("%s", error.message);
    }
    alert_board_destroy(&board);
    return status;
}

int session_run(session *s)
{
    const char *path = s->monitor.rules_file;
    afmon_rules rules = {0};
    afmon_error error;
    if (path != NULL) {
        if (afmon_rules_load(path, &s->monitor.limits, &rules, &error) != AFMON_OK) {
            cli_error("--rules: %s", error.message);
            return CLI_USAGE;
        }
        cli_warn_of_rules(&rules);
        s->monitor.rules_file = NULL;
        s->monitor.rules = rules.rules;
        s->monitor.rule_count = rules.count;
    }
    sigset_t ends;
    cli_block_ending_signals(&ends, 0);
    signal(SIGPIPE, SIG_IGN);
    int status = run_with_rules(s, &ends);
    afmon_rules_free(&rules);
    return status;
}

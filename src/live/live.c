/* A follower's life: open, update, what it knows, close. */
#include "live/live_internal.h"

#include <stdlib.h>
#include <string.h>

#include "alerts/rules.h"
#include "base/clock.h"
#include "base/options.h"
#include "base/status.h"
#include "ingest/recover.h"
#include "model/standstill.h"

#define MOST_LINES 10000

#define LOOK_EVERY_NS (AFMON_NS_PER_S / 4)
#define RECOVER_EVERY_NS (10 * AFMON_NS_PER_S) /* where it cannot be done: somebody may make room, or allow it */

void afmon_live_options_init(afmon_live_options *options)
{
    *options = (afmon_live_options){.size = sizeof *options, .stalled_after_s = 60, .log_lines = 500, .recover = true};
}

static afmon_status take_options(struct afmon_live *live, const afmon_live_options *options, afmon_error *error)
{
    afmon_live_options_init(&live->options);
    afmon_status status =
        afmon_options_take(&live->options, sizeof live->options, options, "afmon_live_options", error);
    if (status != AFMON_OK)
        return status;
    if (!(live->options.stalled_after_s > 0))
        return afmon_fail(error, AFMON_E_ARGUMENT, "stalled_after_s must be above 0");
    if (live->options.log_lines < 1 || live->options.log_lines > MOST_LINES)
        return afmon_fail(error, AFMON_E_ARGUMENT, "log_lines is %zu; it must be 1 to %d", live->options.log_lines,
                          MOST_LINES);
    return AFMON_OK;
}

/* What is begun anew with each reading. False: no memory. */
static bool have_sums(struct afmon_live *live)
{
    if (live->model == NULL)
        live->model = afmon_live_make_model(live);
    live->table->model = live->model;
    if (!live->options.meters)
        return live->model != NULL;
    if (live->meters == NULL)
        live->meters = afmon_meters_new();
    if (live->back.meter_call == NULL)
        live->back.meter_call = afmon_meter_call_new();
    return live->model != NULL && live->meters != NULL && live->back.meter_call != NULL;
}

static afmon_status take_rules(struct afmon_live *live, afmon_error *error)
{
    const afmon_alert_rule *given = live->options.rules;
    size_t count = live->options.rule_count;
    live->options.rules = NULL; /* the caller's */
    live->rules_given = given != NULL;
    if (given == NULL)
        return AFMON_OK;
    if (count > AFMON_TRACKS_MAX)
        return afmon_fail(error, AFMON_E_ARGUMENT, "%zu rules were given; a follower judges at most %d", count,
                          AFMON_TRACKS_MAX);
    afmon_status status = afmon_rules_check(given, count, error);
    return status == AFMON_OK ? afmon_rules_copy(given, count, &live->rules, error) : status;
}

static afmon_status make(struct afmon_live *live, const char *folder, afmon_error *error)
{
    afmon_buffer_init(&live->buffer, AFMON_TAIL_LINE * 2);
    live->log.routine.most = live->log.notable.most = live->options.log_lines;
    afmon_live_begin_account(live);
    live->looked_ns = INT64_MIN / 2;
    afmon_status status = take_rules(live, error);
    if (status != AFMON_OK)
        return status;
    live->folder = strdup(folder);
    live->reader = afmon_reader_new();
    live->feed = afmon_feed_new(live->options.meters);
    live->table = calloc(1, sizeof *live->table);
    live->left = calloc(1, sizeof *live->left);
    if (live->left == NULL || live->folder == NULL || live->reader == NULL || live->feed == NULL || live->table == NULL)
        return afmon_fail_memory(error);
    live->table->account = &live->account;
    return have_sums(live) ? AFMON_OK : afmon_fail_memory(error);
}

afmon_status afmon_live_open(const char *folder, const afmon_live_options *options, afmon_live **live,
                             afmon_error *error)
{
    if (live == NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "no place for the follower was given");
    *live = NULL;
    if (folder == NULL || folder[0] == '\0')
        return afmon_fail(error, AFMON_E_ARGUMENT, "no folder was given");
    struct afmon_live *made = calloc(1, sizeof *made);
    if (made == NULL)
        return afmon_fail_memory(error);
    afmon_status status = take_options(made, options, error);
    if (status == AFMON_OK)
        status = make(made, folder, error);
    if (status == AFMON_OK)
        *live = made;
    else
        afmon_live_close(made);
    return status;
}

static void forget_sums(struct afmon_live *live)
{
    if (live->feed != NULL)
        afmon_feed_forget(live->feed);
    if (live->table != NULL)
        afmon_live_table_free(live->table);
    afmon_live_log_free(&live->log);
    afmon_run_log_free(&live->run_log);
    afmon_model_free(live->model);
    afmon_meters_free(live->meters);
    free(live->back.meter_call);
    afmon_live_begin_account(live);
    live->model = NULL;
    if (live->table != NULL)
        live->table->model = NULL;
    live->meters = NULL;
    live->back = (struct afmon_feed_source){0};
    live->source = NULL;
    live->sample_count = live->not_finite = live->problem_count = 0;
    live->first_ns = live->last_ns = 0;
    live->foreign = live->stale = live->stands_still = false;
    if (live->left != NULL)
        live->left->again_ns = 0;
}

void afmon_live_start_again(struct afmon_live *live)
{
    forget_sums(live);
    (void)have_sums(live); /* else the next update tries again */
    afmon_live_forget_files(live);
    afmon_live_forget_left(live);
    live->again = true;
    live->restarts++;
    live->revision++;
}

void afmon_live_close(afmon_live *live)
{
    if (live == NULL)
        return;
    forget_sums(live);
    afmon_live_forget_files(live);
    afmon_live_forget_left(live);
    afmon_feed_free(live->feed);
    afmon_reader_free(live->reader);
    afmon_buffer_free(&live->buffer);
    afmon_rules_free(&live->rules);
    free(live->rules_text);
    free(live->table);
    free(live->left);
    free(live->folder);
    free(live);
}

/* Where it is certain that a process was killed, what it left is put into the files: it takes the folder's lock, which
 * a living run does only when it opens and closes. */
static void recover(struct afmon_live *live)
{
    struct afmon_recovery recovery = {0};
    int64_t now = afmon_boot_ns();
    if (!live->options.recover || live->sessions.dead == 0 ||
        (live->recovery_failed && live->sessions.dead_serials == live->dead_before && now < live->try_again_ns))
        return;
    live->dead_before = live->sessions.dead_serials;
    live->recovery_failed = afmon_recover_folder(live->folder, &recovery, NULL) != AFMON_OK || recovery.left_behind;
    live->try_again_ns = recovery.left_behind ? now + RECOVER_EVERY_NS : INT64_MAX; /* else the lock was not free */
    live->recovered += recovery.records;
    if (!live->recovery_failed)
        afmon_living_look(live->folder, &live->sessions);
}

static void look_at_sessions(struct afmon_live *live)
{
    int64_t now = afmon_boot_ns();
    if (live->sessions.living > 0 && now - live->looked_ns < LOOK_EVERY_NS)
        return;
    live->looked_ns = now;
    struct afmon_living before = live->sessions;
    afmon_living_look(live->folder, &live->sessions);
    live->had_session |= live->sessions.living > 0;
    recover(live);
    if (before.living != live->sessions.living || before.dead != live->sessions.dead)
        live->revision++;
}

/* Once a second, and less often where many items make it dear. */
static void look_at_standstill(struct afmon_live *live)
{
    int64_t before_ns = afmon_boot_ns();
    if (before_ns < live->stands_due_ns || live->model == NULL)
        return;
    const struct afmon_model_facts facts = afmon_live_facts(live);
    bool before = live->stands_still;
    live->stands_still = afmon_model_standstill(live->model, &facts).for_s > 0;
    live->revision += before != live->stands_still;
    int64_t cost_ns = 100 * (afmon_boot_ns() - before_ns);
    live->stands_due_ns = before_ns + (cost_ns > AFMON_NS_PER_S ? cost_ns : AFMON_NS_PER_S);
}

afmon_status afmon_live_update(afmon_live *live, double budget_s, afmon_error *error)
{
    if (live == NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "no follower was given");
    bool changed = false;
    int64_t until_ns = afmon_boot_ns() + afmon_seconds_to_ns(budget_s < 3600 ? budget_s : 3600);
    if (live->stale)
        afmon_live_start_again(live);
    if (!have_sums(live))
        return afmon_fail_memory(error);
    look_at_sessions(live);
    afmon_status status = afmon_live_look_at_left(live, error);
    if (status == AFMON_OK)
        status = afmon_live_list(live, error);
    if (status == AFMON_OK && !live->stale)
        status = afmon_live_read(live, until_ns, &changed, error);
    if (status == AFMON_OK)
        afmon_live_compare_rules(live);
    if (status == AFMON_OK && !live->stale)
        look_at_standstill(live);
    live->revision += changed;
    live->again &= status != AFMON_OK;
    if (status == AFMON_E_CANCELLED || (status == AFMON_OK && live->stale)) {
        afmon_live_start_again(live);
        return AFMON_OK; /* the next update reads */
    }
    return status;
}

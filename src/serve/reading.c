/* Reading one run, and telling what is new in it. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_write.h"
#include "serve/serve.h"

#define PICTURE_MAX ((size_t)16 << 20)
#define AGAIN_NS (30 * AFMON_NS_PER_S)         /* a run that is not kept open is read again at the earliest then */
#define FOREIGN_QUIET_NS (10 * AFMON_NS_PER_S) /* as followers have it */
#define WHILE_LOADING_NS (AFMON_NS_PER_S / 2)  /* between two pictures of a run that is being read */

/* The state of a run that is not open. What was told when it was stays true until its processes, or the times of its
 * files, say otherwise. */
static const char *state_of(const struct afmon_served_run *run)
{
    const struct afmon_look *look = &run->look;
    bool writes = look->living > 0 || (run->told && afmon_wall_ns() - look->modified_ns < FOREIGN_QUIET_NS);
    bool ended = run->told && strcmp(run->facts.state, "ended") == 0;
    if (!look->samples || (run->told && look->living == 0 && run->facts.samples == 0))
        return "waiting";
    if (look->living > 0 && ended)
        return "running";
    return !writes ? "ended" : run->told ? run->facts.state : "running";
}

/* What can be said without reading. Guarded. */
static void tell_look(struct afmon_served_run *run)
{
    const struct afmon_look *look = &run->look;
    run->gone = !look->there;
    run->facts.modified_ns = look->modified_ns;
    if (run->live == NULL)
        run->facts.state = state_of(run);
    if (run->live == NULL && !run->told)
        run->facts.loaded = look->samples ? 0 : 1;
    if (run->live == NULL && !look->samples)
        run->facts.verdict = "no_data";
}

void afmon_serve_look_at(struct afmon_server *server, struct afmon_served_run *run)
{
    afmon_look_at_folder(run->folder, &run->look);
    if (run->live == NULL && run->look.bytes != run->told_bytes && afmon_boot_ns() - run->told_ns > AGAIN_NS)
        run->told = false;
    pthread_mutex_lock(&server->lock);
    tell_look(run);
    pthread_mutex_unlock(&server->lock);
}

void afmon_serve_close_run(struct afmon_server *server, struct afmon_served_run *run)
{
    afmon_serve_keep_meters(run);
    afmon_live_close(run->live);
    run->live = NULL;
    run->drawn_part = 0;
    afmon_serve_hide(server, &run->shown);
}

static void tell_problem(struct afmon_server *server, struct afmon_served_run *run, const char *problem)
{
    pthread_mutex_lock(&server->lock);
    snprintf(run->problem, sizeof run->problem, "%s", problem);
    pthread_mutex_unlock(&server->lock);
}

static void draw(struct afmon_server *server, struct afmon_served_run *run, const afmon_run_summary *summary,
                 const struct afmon_run_facts_shown *facts)
{
    struct afmon_buffer text;
    struct afmon_picture picture = {run->id, run->name, run->folder, afmon_serve_problem(run), run->about.json, *facts};
    afmon_buffer_init(&text, PICTURE_MAX);
    if (afmon_picture_write(run->live, summary, &picture, &text) == AFMON_OK)
        (void)afmon_serve_show(server, &run->shown, "run", &text);
    afmon_buffer_free(&text);
}

/* Without memory what was told stays; the next pass tries again. */
static void tell(struct afmon_server *server, struct afmon_served_run *run, const afmon_live_info *info, bool picture)
{
    afmon_run_summary *summary = NULL;
    struct afmon_run_facts_shown facts = {.modified_ns = run->look.modified_ns};
    struct afmon_serve_about about = {0};
    if (afmon_live_summarize(run->live, &summary, NULL) != AFMON_OK)
        return;
    if (!afmon_serve_about_make(&about, run->name, summary)) {
        afmon_run_summary_free(summary);
        return;
    }
    afmon_picture_facts(info, summary, &facts);
    pthread_mutex_lock(&server->lock);
    struct afmon_serve_about old = run->about;
    run->facts = facts;
    run->about = about;
    pthread_mutex_unlock(&server->lock);
    afmon_serve_about_free(&old);
    if (picture)
        draw(server, run, summary, &facts);
    run->told = info->loaded >= 1;
    run->told_bytes = run->look.bytes;
    run->told_ns = afmon_boot_ns();
    run->revision = info->revision;
    run->drawn_part = info->loaded;
    afmon_run_summary_free(summary);
}

/* Nothing new was read, and nothing changes with time. */
static bool is_told(const struct afmon_served_run *run, const afmon_live_info *info, bool picture)
{
    bool ticks = info->state == AFMON_LIVE_RUNNING || info->state == AFMON_LIVE_STALLED;
    return run->told && info->revision == run->revision && !ticks && (!picture || run->shown.json != NULL);
}

static bool is_due(const struct afmon_served_run *run, const afmon_live_info *info, bool picture, int64_t now_ns)
{
    bool first = picture && run->shown.json == NULL;
    bool quick = info->loaded < 1 && now_ns - run->picture_ns >= WHILE_LOADING_NS;
    bool whole = info->loaded >= 1 && run->drawn_part < 1;
    return first || quick || whole || now_ns >= run->due_ns;
}

/* A follower that is to count and does not gives way to one that does; what is shown stays until that has read. */
static afmon_status open_live(struct afmon_served_run *run, afmon_error *error)
{
    afmon_live_options options;
    if (run->live != NULL && run->keeps_meters >= run->metered)
        return AFMON_OK;
    afmon_live_close(run->live);
    run->live = NULL;
    run->drawn_part = 0;
    afmon_live_options_init(&options);
    options.meters = run->keeps_meters = run->metered;
    return afmon_live_open(run->folder, &options, &run->live, error);
}

bool afmon_serve_read(struct afmon_server *server, struct afmon_served_run *run, double budget_s, bool picture)
{
    afmon_error error = {0};
    afmon_live_info info;
    if (open_live(run, &error) != AFMON_OK) {
        tell_problem(server, run, error.message);
        return false;
    }
    bool failed = afmon_live_update(run->live, budget_s, &error) != AFMON_OK;
    tell_problem(server, run, failed ? error.message : "");
    run->failed_ns = failed ? afmon_boot_ns() : 0;
    afmon_live_get_info(run->live, &info);
    int64_t now_ns = afmon_boot_ns();
    if (is_due(run, &info, picture, now_ns)) {
        if (is_told(run, &info, picture))
            afmon_serve_confirm(server, &run->shown);
        else
            tell(server, run, &info, picture);
        run->picture_ns = now_ns;
        run->due_ns = now_ns - now_ns % AFMON_NS_PER_S + AFMON_NS_PER_S;
    }
    return info.loaded < 1 && !failed;
}

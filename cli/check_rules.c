/* afmon check with rules of one's own: when each would have fired and been resolved. */
#include <stdlib.h>
#include <string.h>

#include "base/clamp.h"
#include "cli/check.h"
#include "cli/run.h"

typedef struct episodes {
    afmon_alert_episode *list;
    size_t count;
    size_t capacity;
} episodes;

static int take(void *user, const afmon_alert_episode *episode)
{
    episodes *all = user;
    if (all->count == all->capacity) {
        size_t capacity = all->capacity > 0 ? all->capacity * 2 : 16;
        afmon_alert_episode *larger = realloc(all->list, capacity * sizeof *larger);
        if (larger == NULL)
            return 1;
        all->list = larger;
        all->capacity = capacity;
    }
    all->list[all->count++] = *episode;
    return 0;
}

static int compare_episodes(const void *left, const void *right)
{
    const afmon_alert_episode *a = left, *b = right;
    if (a->fired.timestamp_ns != b->fired.timestamp_ns)
        return a->fired.timestamp_ns > b->fired.timestamp_ns ? 1 : -1;
    return (a->rule > b->rule) - (a->rule < b->rule);
}

static bool is_resolved(const afmon_alert_episode *episode)
{
    return episode->last.state == AFMON_ALERT_RESOLVED;
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static json_t *episode_json(const afmon_alert_episode *episode)
{
    bool failed = false;
    json_t *object = json_object();
    const afmon_alert *worst = &episode->worst;
    cli_json_set(object, "began", cli_json_time(episode->began_ns), &failed);
    cli_json_set(object, "fired", cli_json_time(episode->fired.timestamp_ns), &failed);
    cli_json_set(object, "resolved", is_resolved(episode) ? cli_json_time(episode->last.timestamp_ns) : json_null(),
                 &failed);
    cli_json_set(object, "message", cli_json_string(worst->message, strlen(worst->message)), &failed);
    cli_json_set(object, "worst_value", cli_json_number(worst->value), &failed);
    cli_json_set(object, "worst_count", json_integer((json_int_t)worst->data.count), &failed);
    cli_json_set(object, "worst_at", cli_json_time(worst->timestamp_ns), &failed);
    cli_json_set(object, "passes", json_integer((json_int_t)episode->passes), &failed);
    cli_json_set(object, "notifications", json_integer((json_int_t)episode->told), &failed);
    return cli_json_done(object, failed);
}

static json_t *rule_json(const afmon_alert_rule *rule, size_t index, uint64_t judged, const episodes *all)
{
    bool failed = false;
    json_t *object = json_object();
    json_t *list = json_array();
    for (size_t i = 0; i < all->count; i++)
        if (all->list[i].rule == index && json_array_append_new(list, episode_json(&all->list[i])) != 0)
            failed = true;
    cli_json_set(object, "name", cli_json_string(rule->name, strlen(rule->name)), &failed);
    cli_json_set(object, "level", json_string(afmon_level_name(rule->level)), &failed);
    cli_json_set(object, "metric", cli_json_string(rule->metric, strlen(rule->metric)), &failed);
    cli_json_set(object, "limit", cli_json_number(rule->limit), &failed);
    cli_json_set(object, "fired", json_boolean(json_array_size(list) > 0), &failed);
    cli_json_set(object, "passes_judged", json_integer((json_int_t)judged), &failed);
    cli_json_set(object, "episodes", list, &failed);
    return cli_json_done(object, failed);
}

static int print_json(afmon_view *view, const char *folder, const afmon_rules *rules, const uint64_t *judged,
                      const episodes *all, bool fired)
{
    bool failed = false;
    json_t *object = json_object();
    json_t *list = json_array();
    for (size_t i = 0; i < rules->count; i++)
        if (json_array_append_new(list, rule_json(&rules->rules[i], i, judged[i], all)) != 0)
            failed = true;
    cli_json_set(object, "folder", cli_json_string(folder, strlen(folder)), &failed);
    cli_json_set(object, "fired", json_boolean(fired), &failed);
    cli_json_set(object, "rules", list, &failed);
    afmon_run_summary *summary = cli_summarize(view, AFMON_WINDOW_ALL);
    object = cli_json_done(object, failed);
    if (summary == NULL)
        json_decref(object);
    int status = summary != NULL ? cli_print_json_summary(object, summary) : CLI_FAILED;
    afmon_run_summary_free(summary);
    return status;
}

/* ---- for people -------------------------------------------------------------------------------------------------- */

static void print_table(const cli_screen *screen, const episodes *all)
{
    static const cli_column columns[] = {{"Alert", CLI_LEFT, false},
                                         {"Fired", CLI_LEFT, false},
                                         {"Resolved", CLI_LEFT, false},
                                         {"After", CLI_RIGHT, false},
                                         {"Worst", CLI_LEFT, true}};
    cli_table *table = cli_table_new(columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < all->count; i++) {
        const afmon_alert_episode *episode = &all->list[i];
        double lasted_s = afmon_seconds_between(episode->fired.timestamp_ns, episode->last.timestamp_ns);
        cli_style style = episode->worst.level == AFMON_ERROR     ? CLI_RED
                          : episode->worst.level == AFMON_WARNING ? CLI_YELLOW
                                                                  : CLI_PLAIN;
        cli_table_cell(table, style, episode->worst.name);
        cli_table_cell(table, CLI_PLAIN, cli_time(episode->fired.timestamp_ns).s);
        cli_table_cell(table, CLI_PLAIN, is_resolved(episode) ? cli_clock(episode->last.timestamp_ns).s : "no");
        cli_table_cell(table, CLI_PLAIN, is_resolved(episode) ? cli_seconds(lasted_s).s : "");
        cli_table_cell(table, CLI_PLAIN, episode->worst.message);
    }
    cli_table_print(table, screen);
    cli_table_free(table);
}

static int print_text(afmon_view *view, const check_request *request, const afmon_rules *rules, const episodes *all)
{
    cli_screen screen;
    afmon_view_info info;
    afmon_view_get_info(view, &info);
    cli_screen_init(&screen, stdout);
    if (all->count > 0)
        print_table(&screen, all);
    else
        printf("%s%s%s of %zu rule%s in %s samples, judged every %s.\n", cli_paint(&screen, CLI_GREEN), "No alert",
               cli_paint(&screen, CLI_PLAIN), rules->count, rules->count == 1 ? "" : "s",
               cli_count(info.sample_count).s, cli_seconds(request->interval_s).s);
    return cli_finish_output(CLI_OK);
}

/* "No alert" of a rule that never had enough samples would be a lie. */
static bool tell_unjudged(const char *folder, const afmon_rules *rules, const uint64_t *judged)
{
    bool any = false;
    for (size_t i = 0; i < rules->count; i++)
        any = any || judged[i] > 0;
    if (!any) {
        cli_error("%s: nothing to judge: no rule had enough samples in any pass", folder);
        return false;
    }
    for (size_t i = 0; i < rules->count; i++)
        if (judged[i] == 0)
            cli_error("%s: rule '%s' was not judged: never enough samples of %s%s in its window", folder,
                      rules->rules[i].name, rules->rules[i].metric,
                      rules->rules[i].where_count > 0 ? " as it wants" : "");
    return true;
}

bool check_counts(const check_request *request, const char *name, afmon_level level)
{
    for (size_t i = 0; i < request->ignored_count; i++)
        if (strcmp(request->ignored[i], name) == 0)
            return false;
    return level >= request->fail_on;
}

static bool has_fired(const check_request *request, const episodes *all)
{
    for (size_t i = 0; i < all->count; i++)
        if (check_counts(request, all->list[i].worst.name, all->list[i].worst.level))
            return true;
    return false;
}

static int check(afmon_view *view, const char *folder, const check_request *request, const afmon_rules *rules,
                 episodes *all)
{
    afmon_error error = {0};
    uint64_t *judged = calloc(rules->count + 1, sizeof *judged);
    int status = CLI_USAGE;
    if (judged == NULL)
        cli_error("out of memory");
    else if (afmon_view_check_rules(view, rules->rules, rules->count, request->interval_s, judged, take, all, &error) !=
             AFMON_OK)
        cli_error("%s: %s", folder, error.status == AFMON_E_CANCELLED ? "out of memory" : error.message);
    else if (tell_unjudged(folder, rules, judged)) {
        if (all->count > 0)
            qsort(all->list, all->count, sizeof all->list[0], compare_episodes);
        int printed = request->as_json ? print_json(view, folder, rules, judged, all, has_fired(request, all))
                                       : print_text(view, request, rules, all);
        status = printed != CLI_OK ? CLI_USAGE : has_fired(request, all) ? CLI_FAILED : CLI_OK;
    }
    free(judged);
    return status;
}

int check_rules(afmon_view *view, const char *folder, const check_request *request, const afmon_rules *rules)
{
    episodes all = {0};
    int status = check(view, folder, request, rules, &all);
    free(all.list);
    return status;
}

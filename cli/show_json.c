/* afmon show --json. */
#include "cli/show.h"

#include <math.h>
#include <string.h>

#include "cli/run.h"

static json_t *window_json(const struct show_facts *facts)
{
    bool failed = false;
    bool any = facts->info.sample_count > 0;
    bool whole = isinf(facts->window_s);
    int64_t since = whole ? facts->info.first_ns : facts->window.since_ns;
    json_t *object = json_object();
    cli_json_set(object, "seconds", cli_json_number(facts->window_s), &failed);
    cli_json_set(object, "since", any ? cli_json_time(since) : json_null(), &failed);
    cli_json_set(object, "until", any ? cli_json_time(facts->info.last_ns) : json_null(), &failed);
    return cli_json_done(object, failed);
}

static json_t *texts_json(const struct show_facts *facts, const char *(*text_of)(const afmon_view *view, size_t index))
{
    bool failed = false;
    json_t *array = json_array();
    const char *text;
    for (size_t i = 0; (text = text_of(facts->view, i)) != NULL; i++)
        if (json_array_append_new(array, cli_json_string(text, strlen(text))) != 0)
            failed = true;
    return cli_json_done(array, failed);
}

int show_json(const struct show_facts *facts)
{
    const afmon_view_info *info = &facts->info;
    bool failed = false;
    json_t *object = json_object();
    cli_json_set(object, "folder", cli_json_string(facts->folder, strlen(facts->folder)), &failed);
    cli_json_set(object, "recovered", json_integer((json_int_t)info->recovered), &failed);
    cli_json_set(object, "window", window_json(facts), &failed);
    cli_json_set(object, "plan", cli_plan_json(&facts->plan), &failed);
    cli_json_set(object, "logged_alerts", json_integer((json_int_t)info->log_alert_count), &failed);
    cli_json_set(object, "problem_count", json_integer((json_int_t)info->problem_count), &failed);
    cli_json_set(object, "problems", texts_json(facts, afmon_view_problem), &failed);
    cli_json_set(object, "warnings", texts_json(facts, afmon_view_warning), &failed);
    return cli_print_json_summary(cli_json_done(object, failed), facts->summary);
}

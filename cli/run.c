#include "cli/run.h"

#include <math.h>
#include <string.h>

#include "base/clamp.h"

afmon_view *cli_open_run(const char *folder)
{
    afmon_view_options options;
    afmon_view *view = NULL;
    afmon_error error = {0};
    cli_progress progress;
    afmon_view_options_init(&options);
    options.progress = cli_progress_show;
    options.user = &progress;
    cli_progress_begin(&progress, "Reading");
    afmon_status status = afmon_view_open(folder, &options, &view, &error);
    cli_progress_end(&progress);
    if (status == AFMON_OK)
        return view;
    cli_error("%s", error.message[0] ? error.message : afmon_status_text(status));
    return NULL;
}

afmon_window cli_run_window(const afmon_view_info *info, double seconds)
{
    afmon_window window = AFMON_WINDOW_ALL;
    if (seconds < 9e9) /* longer than that, in nanoseconds, is no int64_t, and all of the run */
        window = (afmon_window){afmon_clamp_sub(info->last_ns, afmon_clamp_i64(seconds * 1e9)), info->last_ns};
    return window;
}

void cli_json_set(json_t *object, const char *key, json_t *value, bool *failed)
{
    if (json_object_set_new(object, key, value) != 0)
        *failed = true;
}

json_t *cli_json_done(json_t *value, bool failed)
{
    if (!failed)
        return value;
    json_decref(value);
    return NULL;
}

double cli_default_interval(const afmon_view_info *info)
{
    double interval = afmon_seconds_between(info->first_ns, info->last_ns) / 200;
    return interval < 1 ? 1 : interval > 60 ? 60 : interval;
}

json_t *cli_alert_json(const afmon_alert_span *span)
{
    const afmon_alert *worst = &span->worst;
    bool failed = false;
    json_t *object = json_object();
    cli_json_set(object, "name", cli_json_string(worst->name, strlen(worst->name)), &failed);
    cli_json_set(object, "level", json_string(afmon_level_name(worst->level)), &failed);
    cli_json_set(object, "message", cli_json_string(worst->message, strlen(worst->message)), &failed);
    cli_json_set(object, "metric", cli_json_string(worst->metric, strlen(worst->metric)), &failed);
    cli_json_set(object, "limit", cli_json_number(worst->limit), &failed);
    cli_json_set(object, "worst_mean", cli_json_number(worst->data.mean), &failed);
    cli_json_set(object, "worst_count", json_integer((json_int_t)worst->data.count), &failed);
    cli_json_set(object, "worst_at", cli_json_time(worst->timestamp_ns), &failed);
    cli_json_set(object, "first_held", cli_json_time(span->first_ns), &failed);
    cli_json_set(object, "last_held", cli_json_time(span->last_ns), &failed);
    cli_json_set(object, "passes_held", json_integer((json_int_t)span->passes_held), &failed);
    cli_json_set(object, "passes", json_integer((json_int_t)span->passes), &failed);
    return cli_json_done(object, failed);
}

static void print_alert(const cli_screen *screen, const afmon_alert_span *span)
{
    const afmon_alert *worst = &span->worst;
    cli_style style = worst->level == AFMON_ERROR ? CLI_RED : CLI_YELLOW;
    char name[sizeof worst->name * 6];
    char message[sizeof worst->message * 6];
    cli_safe_into(name, sizeof name, worst->name, strlen(worst->name));
    cli_safe_into(message, sizeof message, worst->message, strlen(worst->message));
    fprintf(screen->out, "%s%s %-23s%s %s\n", cli_paint(screen, style), screen->unicode ? "▲" : "!", name,
            cli_paint(screen, CLI_PLAIN), message);
    fprintf(screen->out, "%s  held in %s of %s passes, %s", cli_paint(screen, CLI_DIM), cli_count(span->passes_held).s,
            cli_count(span->passes).s, cli_time(span->first_ns).s);
    if (afmon_clamp_sub(span->last_ns, span->first_ns) >= 1000000000)
        fprintf(screen->out, " to %s", cli_clock(span->last_ns).s);
    fprintf(screen->out, "; limit %s%s\n", cli_number(worst->limit).s, cli_paint(screen, CLI_PLAIN));
}

void cli_print_alerts(const cli_screen *screen, const afmon_alert_span *spans, size_t count)
{
    for (size_t i = 0; i < count; i++)
        print_alert(screen, &spans[i]);
}

const char *cli_folder_operand(const cli_args *args)
{
    const char *command = args->usage->command;
    int count = cli_operand_count(args);
    if (count == 1 && *cli_operand(args, 0))
        return cli_operand(args, 0);
    if (count > 1)
        cli_usage_error(command, "one run folder at a time; '%s' is too much", cli_operand(args, 1));
    else
        cli_usage_error(command, "give the run folder to %s", command);
    return NULL;
}

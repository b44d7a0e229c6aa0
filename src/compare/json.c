/* A comparison as JSON. docs/formats.md describes the members. */
#include <string.h>

#include <afmon/afmon.h>

#include "base/json_write.h"

#define JSON_MAX ((size_t)256 << 20)

static const char *scale_name(afmon_diff_scale scale)
{
    switch (scale) {
    case AFMON_DIFF_RELATIVE:
        return "relative";
    case AFMON_DIFF_POINTS:
        return "points";
    case AFMON_DIFF_ABSOLUTE:
        return "absolute";
    }
    return "";
}

static const char *better_name(afmon_better better)
{
    switch (better) {
    case AFMON_BETTER_NEITHER:
        return NULL;
    case AFMON_BETTER_HIGHER:
        return "higher";
    case AFMON_BETTER_LOWER:
        return "lower";
    }
    return NULL;
}

static void write_run(struct afmon_json *json, const char *name, const afmon_diff_run *run)
{
    afmon_json_open(json, NULL, '{');
    afmon_json_string(json, "name", name);
    afmon_json_count(json, "items", run->items);
    afmon_json_count(json, "paired_items", run->paired);
    afmon_json_string(json, "resampled_by", run->by_call ? "call" : "item");
    afmon_json_count(json, "groups_left_out", run->groups_left_out);
    afmon_json_close(json, '}');
}

static void write_value(struct afmon_json *json, const char *key, const afmon_diff_value *value)
{
    afmon_json_open(json, key, '{');
    afmon_json_rounded(json, "value", value->value);
    afmon_json_count(json, "count", value->count);
    afmon_json_count(json, "clusters", value->clusters);
    afmon_json_close(json, '}');
}

static void write_figure(struct afmon_json *json, const afmon_diff_figure *figure)
{
    afmon_json_open(json, NULL, '{');
    afmon_json_count(json, "run", figure->run);
    afmon_json_string(json, "figure", figure->name);
    afmon_json_string(json, "by", figure->by[0] != '\0' ? figure->by : NULL);
    afmon_json_string(json, "group", figure->by[0] != '\0' ? figure->group : NULL);
    afmon_json_string(json, "better_is", better_name(figure->better));
    write_value(json, "a", &figure->a);
    write_value(json, "b", &figure->b);
    afmon_json_string(json, "scale", scale_name(figure->scale));
    afmon_json_rounded(json, "effect", figure->effect);
    afmon_json_rounded(json, "low", figure->low);
    afmon_json_rounded(json, "high", figure->high);
    afmon_json_rounded(json, "p", figure->p);
    afmon_json_rounded(json, "adjusted_p", figure->adjusted_p);
    afmon_json_rounded(json, "margin", figure->margin);
    afmon_json_string(json, "verdict", afmon_diff_verdict_name(figure->verdict));
    if (figure->needed > 0)
        afmon_json_count(json, "needed", figure->needed);
    else
        afmon_json_null(json, "needed");
    afmon_json_close(json, '}');
}

afmon_status afmon_comparison_write_json(const afmon_comparison *comparison, const char *const *names,
                                         afmon_write_fn write, void *user)
{
    struct afmon_buffer text;
    if (comparison == NULL || names == NULL || write == NULL)
        return AFMON_E_ARGUMENT;
    afmon_buffer_init(&text, JSON_MAX);
    struct afmon_json json = {.out = &text};
    afmon_json_open(&json, NULL, '{');
    afmon_json_open(&json, "runs", '[');
    for (size_t i = 0; i < comparison->run_count; i++)
        write_run(&json, names[i], &comparison->runs[i]);
    afmon_json_close(&json, ']');
    afmon_json_open(&json, "figures", '[');
    for (size_t i = 0; i < comparison->figure_count; i++)
        write_figure(&json, &comparison->figures[i]);
    afmon_json_close(&json, ']');
    afmon_json_close(&json, '}');
    return afmon_json_give(&text, write, user);
}

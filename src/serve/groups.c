/* Tables that count samples by their metadata: operations, error types, finish reasons. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "serve/json.h"
#include "serve/picture.h"

#define GROUPS_MAX 200 /* distinct ones that are told apart; the rest is under "(other)" */
#define NAME_SIZE 96
#define FINISH_PREFIX "finish_reason:"

struct group {
    char name[NAME_SIZE];
    char component[NAME_SIZE];
    uint64_t count;
    uint64_t failures;
    uint64_t timed;
    double seconds;
};

struct groups {
    struct group *items;
    size_t count;
};

static void take_text(const afmon_sample *sample, const char *key, char *out)
{
    out[0] = '\0';
    for (size_t i = 0; i < sample->field_count; i++) {
        const afmon_field *field = &sample->fields[i];
        size_t key_length = field->key_length > 0 ? field->key_length : strlen(field->key);
        if (field->type == AFMON_STRING && key_length == strlen(key) && memcmp(field->key, key, key_length) == 0)
            snprintf(out, NAME_SIZE, "%.*s",
                     (int)(field->as.text.length < NAME_SIZE ? field->as.text.length : NAME_SIZE - 1),
                     field->as.text.data);
    }
}

static struct group *find(struct groups *groups, const char *name, const char *component)
{
    for (size_t i = 0; i < groups->count; i++)
        if (strcmp(groups->items[i].name, name) == 0 && strcmp(groups->items[i].component, component) == 0)
            return &groups->items[i];
    if (groups->count == GROUPS_MAX)
        return &groups->items[GROUPS_MAX];
    struct group *group = &groups->items[groups->count++];
    snprintf(group->name, NAME_SIZE, "%s", name);
    snprintf(group->component, NAME_SIZE, "%s", component);
    return group;
}

static int count_call(void *user, const afmon_sample *sample)
{
    char name[NAME_SIZE], component[NAME_SIZE];
    take_text(sample, "operation", name);
    take_text(sample, "component", component);
    struct group *group = find(user, name, component);
    group->count++;
    group->failures += sample->value < 1;
    return 0;
}

static int add_time(void *user, const afmon_sample *sample)
{
    char name[NAME_SIZE], component[NAME_SIZE];
    if (!isfinite(sample->value))
        return 0;
    take_text(sample, "operation", name);
    take_text(sample, "component", component);
    struct group *group = find(user, name, component);
    group->timed++;
    group->seconds += sample->value;
    return 0;
}

static int count_error(void *user, const afmon_sample *sample)
{
    char name[NAME_SIZE];
    if (!(sample->value > 0))
        return 0;
    take_text(sample, "error_type", name);
    find(user, name, "")->count++;
    return 0;
}

static int by_count(const void *a, const void *b)
{
    const struct group *one = a, *other = b;
    return one->count < other->count ? 1 : one->count > other->count ? -1 : strcmp(one->name, other->name);
}

static bool begin(struct groups *groups)
{
    *groups = (struct groups){.items = calloc(GROUPS_MAX + 1, sizeof *groups->items)};
    if (groups->items != NULL)
        strcpy(groups->items[GROUPS_MAX].name, "(other)");
    return groups->items != NULL;
}

static void sort(struct groups *groups)
{
    qsort(groups->items, groups->count, sizeof *groups->items, by_count);
    groups->count += groups->items[GROUPS_MAX].count > 0;
}

/* A sample's metric that is not there is an empty table. */
static afmon_status each(afmon_view *view, const char *metric, int (*visit)(void *, const afmon_sample *),
                         struct groups *groups)
{
    afmon_status status = afmon_view_each(view, metric, AFMON_WINDOW_ALL, visit, groups);
    return status == AFMON_E_UNKNOWN_METRIC ? AFMON_OK : status;
}

afmon_status afmon_picture_operations(afmon_view *view, struct afmon_json *json)
{
    struct groups groups;
    if (!begin(&groups))
        return AFMON_E_NO_MEMORY;
    afmon_status status = each(view, "success_rate", count_call, &groups);
    if (status == AFMON_OK)
        status = each(view, "generation_time", add_time, &groups);
    sort(&groups);
    afmon_json_open(json, "operations", '[');
    for (size_t i = 0; i < groups.count; i++) {
        const struct group *group = &groups.items[i];
        afmon_json_open(json, NULL, '{');
        afmon_json_string(json, "operation", group->name);
        afmon_json_string(json, "component", group->component);
        afmon_json_int(json, "count", (int64_t)group->count);
        afmon_json_int(json, "failures", (int64_t)group->failures);
        afmon_json_number(json, "mean_s", group->timed > 0 ? group->seconds / (double)group->timed : NAN);
        afmon_json_close(json, '}');
    }
    afmon_json_close(json, ']');
    free(groups.items);
    return status;
}

static void write_counts(struct afmon_json *json, const char *key, const struct groups *groups)
{
    afmon_json_open(json, key, '[');
    for (size_t i = 0; i < groups->count; i++) {
        afmon_json_open(json, NULL, '{');
        afmon_json_string(json, "name", groups->items[i].name);
        afmon_json_int(json, "count", (int64_t)groups->items[i].count);
        afmon_json_close(json, '}');
    }
    afmon_json_close(json, ']');
}

static afmon_status count_finishes(afmon_view *view, struct groups *groups)
{
    afmon_view_info info;
    afmon_view_get_info(view, &info);
    for (size_t i = 0; i < info.metric_count; i++) {
        size_t length;
        afmon_aggregate of;
        const char *name = afmon_view_metric_name(view, i, &length);
        if (strncmp(name, FINISH_PREFIX, sizeof FINISH_PREFIX - 1) != 0 || strlen(name) != length)
            continue;
        afmon_status status = afmon_view_aggregate(view, name, AFMON_WINDOW_ALL, &of);
        if (status != AFMON_OK)
            return status;
        find(groups, name + sizeof FINISH_PREFIX - 1, "")->count += of.count;
    }
    return AFMON_OK;
}

afmon_status afmon_picture_errors(afmon_view *view, struct afmon_json *json)
{
    struct groups errors = {0}, finishes = {0};
    afmon_status status = begin(&errors) && begin(&finishes) ? AFMON_OK : AFMON_E_NO_MEMORY;
    if (status == AFMON_OK)
        status = each(view, "api_errors", count_error, &errors);
    if (status == AFMON_OK)
        status = count_finishes(view, &finishes);
    if (status == AFMON_OK) {
        sort(&errors);
        sort(&finishes);
        write_counts(json, "errors", &errors);
        write_counts(json, "finish_reasons", &finishes);
    }
    free(errors.items);
    free(finishes.items);
    return status;
}

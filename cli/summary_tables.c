#include "cli/summary_tables.h"

#include <string.h>

/* ---- Metrics ----------------------------------------------------------------------------------------------------- */

/* Tokens of many calls are a large number whose digits tell little. */
static cli_text value_text(afmon_unit unit, double x)
{
    return unit == AFMON_UNIT_TOKENS ? cli_compact(x) : cli_value(unit, x);
}

static void metric_row(cli_table *table, afmon_view *view, const char *name)
{
    afmon_aggregate a;
    afmon_unit unit = afmon_metric_get_info(name, strlen(name))->unit;
    if (afmon_view_aggregate(view, name, AFMON_WINDOW_ALL, &a) != AFMON_OK || a.count == 0)
        return;
    cli_table_cell(table, CLI_PLAIN, name);
    cli_table_cell(table, CLI_PLAIN, cli_count(a.count).s);
    cli_table_cell(table, CLI_BOLD, value_text(unit, a.mean).s);
    /* Quantiles of what is 0 or 1 tell nothing. */
    const double rest[] = {a.p50, a.p90, a.p99, a.max};
    for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++)
        cli_table_cell(table, CLI_PLAIN, unit == AFMON_UNIT_SHARE ? "" : value_text(unit, rest[i]).s);
}

static void score_rows(cli_table *table, afmon_view *view)
{
    afmon_view_info info;
    afmon_view_get_info(view, &info);
    for (size_t i = 0; i < info.metric_count; i++) {
        size_t length;
        const char *name = afmon_view_metric_name(view, i, &length);
        if (name != NULL && afmon_metric_get_info(name, length)->unit == AFMON_UNIT_SCORE)
            metric_row(table, view, name);
    }
}

void summary_metrics(const cli_screen *screen, afmon_view *view)
{
    static const cli_column columns[] = {
        {"Metric", CLI_LEFT, true}, {"Count", CLI_RIGHT, false}, {"Mean", CLI_RIGHT, false}, {"p50", CLI_RIGHT, false},
        {"p90", CLI_RIGHT, false},  {"p99", CLI_RIGHT, false},   {"Max", CLI_RIGHT, false}};
    cli_table *table = cli_table_new(columns, sizeof columns / sizeof columns[0]);
    metric_row(table, view, "generation_time");
    metric_row(table, view, "time_to_first_token");
    metric_row(table, view, "output_tokens_per_second");
    metric_row(table, view, "success_rate");
    metric_row(table, view, "error_rate");
    metric_row(table, view, "conversation_length");
    metric_row(table, view, "prompt_token_count");
    metric_row(table, view, "completion_token_count");
    metric_row(table, view, "evaluation_time");
    score_rows(table, view);
    if (cli_table_has_rows(table))
        cli_table_print(table, screen);
    cli_table_free(table);
}

/* ---- Tokens ------------------------------------------------------------------------------------------------------ */

static void token_row(cli_table *table, cli_style style, const char *name, uint64_t prompt, uint64_t completion,
                      uint64_t total)
{
    cli_table_cell(table, style, name);
    cli_table_cell(table, style, cli_count(prompt).s);
    cli_table_cell(table, style, cli_count(completion).s);
    cli_table_cell(table, style, cli_count(total).s);
}

void summary_tokens(const cli_screen *screen, afmon_view *view)
{
    static const cli_column columns[] = {{"Model", CLI_LEFT, true},
                                         {"Prompt", CLI_RIGHT, false},
                                         {"Completion", CLI_RIGHT, false},
                                         {"Total", CLI_RIGHT, false}};
    afmon_token_usage usage = {0};
    if (afmon_view_token_usage(view, AFMON_WINDOW_ALL, &usage) != AFMON_OK)
        return;
    if (usage.model_count > 0) {
        cli_table *table = cli_table_new(columns, sizeof columns / sizeof columns[0]);
        for (size_t i = 0; i < usage.model_count; i++)
            token_row(table, CLI_PLAIN, usage.models[i].model_name, usage.models[i].prompt_tokens,
                      usage.models[i].completion_tokens, usage.models[i].total_tokens);
        if (usage.model_count > 1)
            token_row(table, CLI_BOLD, "all", usage.prompt_tokens, usage.completion_tokens, usage.total_tokens);
        fputc('\n', screen->out);
        cli_heading(screen, "Tokens");
        cli_table_print(table, screen);
        cli_table_free(table);
    }
    afmon_token_usage_free(&usage);
}

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

enum { ERROR_KINDS = 12 };

typedef struct error_kind {
    char type[48];
    int64_t status; /* 0: none */
    uint64_t count;
    uint64_t retried;
} error_kind;

typedef struct error_list {
    error_kind kinds[ERROR_KINDS];
    size_t count;
    uint64_t more; /* of kinds that found no room */
} error_list;

static bool is_key(const afmon_field *field, const char *name)
{
    size_t length = field->key_length > 0 ? field->key_length : strlen(field->key);
    return length == strlen(name) && memcmp(field->key, name, length) == 0;
}

static error_kind *find_kind(error_list *list, const error_kind *kind)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->kinds[i].status == kind->status && strcmp(list->kinds[i].type, kind->type) == 0)
            return &list->kinds[i];
    if (list->count == ERROR_KINDS)
        return NULL;
    list->kinds[list->count] = *kind;
    return &list->kinds[list->count++];
}

static int note_error(void *user, const afmon_sample *sample)
{
    error_kind kind = {.type = "unknown"};
    bool retried = false;
    for (size_t i = 0; i < sample->field_count; i++) {
        const afmon_field *field = &sample->fields[i];
        if (field->type == AFMON_STRING && is_key(field, "error_type"))
            cli_safe_into(kind.type, sizeof kind.type, field->as.text.data, field->as.text.length);
        else if (field->type == AFMON_INT && is_key(field, "status"))
            kind.status = field->as.integer;
        else if (field->type == AFMON_BOOL && is_key(field, "retried"))
            retried = field->as.boolean;
    }
    error_list *list = user;
    error_kind *found = find_kind(list, &kind);
    if (found == NULL) {
        list->more++;
        return 0;
    }
    found->count++;
    found->retried += retried ? 1 : 0;
    return 0;
}

static void error_row(cli_table *table, const error_kind *kind)
{
    char status[24] = "";
    if (kind->status != 0)
        snprintf(status, sizeof status, "%lld", (long long)kind->status);
    cli_table_cell(table, CLI_PLAIN, kind->type);
    cli_table_cell(table, CLI_PLAIN, status);
    cli_table_cell(table, CLI_PLAIN, cli_count(kind->count).s);
    cli_table_cell(table, CLI_PLAIN, cli_count(kind->retried).s);
    cli_table_cell(table, CLI_PLAIN, cli_count(kind->count - kind->retried).s);
}

void summary_errors(const cli_screen *screen, afmon_view *view)
{
    static const cli_column columns[] = {{"Error", CLI_LEFT, true},
                                         {"Status", CLI_RIGHT, false},
                                         {"Count", CLI_RIGHT, false},
                                         {"Tried again", CLI_RIGHT, false},
                                         {"Given up", CLI_RIGHT, false}};
    error_list list = {0};
    afmon_status status = afmon_view_each(view, "api_errors", AFMON_WINDOW_ALL, note_error, &list);
    if (status != AFMON_OK || list.count == 0)
        return;
    cli_table *table = cli_table_new(columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < list.count; i++)
        error_row(table, &list.kinds[i]);
    fputc('\n', screen->out);
    cli_heading(screen, "Errors of the model's API");
    cli_table_print(table, screen);
    cli_table_free(table);
    if (list.more > 0)
        fprintf(screen->out, "and %s of other kinds\n", cli_count(list.more).s);
}

/* ---- Alerts ------------------------------------------------------------------------------------------------------ */

void summary_alerts(const cli_screen *screen, alert_board *board)
{
    static const cli_column columns[] = {
        {"Alert", CLI_LEFT, false}, {"First", CLI_LEFT, false}, {"Held", CLI_RIGHT, false}, {"Worst", CLI_LEFT, true}};
    alert_entry entries[ALERT_ENTRIES];
    size_t count = alert_board_entries(board, entries);
    fputc('\n', screen->out);
    cli_heading(screen, "Alerts");
    if (count == 0) {
        fputs("none fired\n", screen->out);
        return;
    }
    cli_table *table = cli_table_new(columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < count; i++) {
        char held[64];
        snprintf(held, sizeof held, "%s%s", cli_seconds(entries[i].held_s).s, entries[i].holds ? " (still)" : "");
        cli_table_cell(table, entries[i].worst.level == AFMON_ERROR ? CLI_RED : CLI_YELLOW, entries[i].worst.name);
        cli_table_cell(table, CLI_PLAIN, cli_clock(entries[i].first_ns).s);
        cli_table_cell(table, CLI_PLAIN, held);
        cli_table_cell(table, CLI_PLAIN, entries[i].worst.message);
    }
    cli_table_print(table, screen);
    cli_table_free(table);
}

/* Items as a table, and one item as a whole. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/items.h"

static cli_style style_of(afmon_item_state state)
{
    switch (state) {
    case AFMON_ITEM_ACCEPTED:
        return CLI_GREEN;
    case AFMON_ITEM_REJECTED:
        return CLI_YELLOW;
    case AFMON_ITEM_FAILED:
    case AFMON_ITEM_ABANDONED:
        return CLI_RED;
    default:
        return CLI_BLUE;
    }
}

/* ---- Many ---- */

static const cli_column columns[] = {
    {"Begun", CLI_LEFT, false},     {"kind", CLI_LEFT, true},    {"item", CLI_LEFT, true},
    {"outcome", CLI_LEFT, false},   {"why", CLI_LEFT, true},     {"took", CLI_RIGHT, false},
    {"attempts", CLI_RIGHT, false}, {"calls", CLI_RIGHT, false}, {"failed", CLI_RIGHT, false},
    {"tokens", CLI_RIGHT, false},
};

cli_table *items_table(void)
{
    return cli_table_new(columns, sizeof columns / sizeof columns[0]);
}

static double tokens_of(const afmon_item_call *call)
{
    if (!isnan(call->total_tokens))
        return call->total_tokens;
    double prompt = isnan(call->prompt_tokens) ? 0 : call->prompt_tokens;
    return prompt + (isnan(call->completion_tokens) ? 0 : call->completion_tokens);
}

/* What the calls of an item come to. */
struct sums {
    uint64_t calls;
    uint64_t failed;
    double tokens;
};

static struct sums sum_up(const afmon_found_item *item)
{
    struct sums sums = {.calls = item->calls_left_out};
    for (size_t i = 0; i < item->call_count; i++) {
        bool counts = !item->calls[i].retried && !item->calls[i].evaluation;
        sums.calls += counts;
        sums.failed += counts && !item->calls[i].success;
        sums.tokens += tokens_of(&item->calls[i]);
    }
    return sums;
}

void items_table_add(cli_table *table, const afmon_found_item *item)
{
    struct sums sums = sum_up(item);
    cli_table_cell(table, CLI_DIM, cli_time(item->started_ns).s);
    cli_table_cell(table, CLI_PLAIN, item->kind);
    cli_table_cell(table, CLI_BOLD, item->id);
    cli_table_cell(table, style_of(item->state), afmon_item_state_name(item->state));
    cli_table_cell(table, CLI_PLAIN, item->why);
    cli_table_cell(table, CLI_PLAIN, cli_seconds(item->duration_s).s);
    cli_table_cell(table, CLI_PLAIN, cli_count(item->attempts).s);
    cli_table_cell(table, CLI_PLAIN, cli_count(sums.calls).s);
    cli_table_cell(table, sums.failed > 0 ? CLI_RED : CLI_PLAIN, cli_count(sums.failed).s);
    cli_table_cell(table, CLI_PLAIN, cli_compact(sums.tokens).s);
}

/* ---- One ---- */

static bool print_safe(const cli_screen *screen, cli_style style, const char *text)
{
    char *safe = cli_safe(text, strlen(text));
    if (safe == NULL) {
        cli_error("out of memory");
        return false;
    }
    cli_put(screen, style, safe);
    free(safe);
    return true;
}

static bool print_head(const cli_screen *screen, const afmon_found_item *item)
{
    char title[AFMON_ITEM_ID_MAX * 12 + 16];
    char kind[AFMON_ITEM_ID_MAX * 6];
    char id[AFMON_ITEM_ID_MAX * 6];
    cli_safe_into(kind, sizeof kind, item->kind, strlen(item->kind));
    cli_safe_into(id, sizeof id, item->id, strlen(item->id));
    snprintf(title, sizeof title, "%s %s", kind[0] != '\0' ? kind : "item", id);
    cli_heading(screen, title);
    cli_put(screen, style_of(item->state), afmon_item_state_name(item->state));
    if (item->why[0] != '\0') {
        fputs(": ", screen->out);
        if (!print_safe(screen, CLI_PLAIN, item->why))
            return false;
    }
    fprintf(screen->out, "; begun %s", cli_time(item->started_ns).s);
    if (item->ended_ns != INT64_MIN)
        fprintf(screen->out, ", ended %s", cli_time(item->ended_ns).s);
    if (!isnan(item->duration_s))
        fprintf(screen->out, ", took %s", cli_seconds(item->duration_s).s);
    if (item->attempts > 1)
        fprintf(screen->out, ", %s attempts", cli_count(item->attempts).s);
    fputs("\n\n", screen->out);
    return true;
}

static const char *name_of(const afmon_item_call *call)
{
    if (call->operation[0] != '\0')
        return call->operation;
    if (!call->evaluation)
        return "(no operation)";
    return call->evaluator_type[0] != '\0' ? call->evaluator_type : "(evaluation)";
}

static void add_call(cli_table *table, const afmon_item_call *call)
{
    bool good = call->success && !call->retried;
    char outcome[64];
    if (call->status != 0 && !good)
        snprintf(outcome, sizeof outcome, "%s %d", call->retried ? "tried again" : "failed", call->status);
    else
        snprintf(outcome, sizeof outcome, "%s", call->retried ? "tried again" : good ? "ok" : "failed");
    cli_table_cell(table, CLI_DIM, cli_clock(call->started_ns).s);
    cli_table_cell(table, CLI_PLAIN, name_of(call));
    cli_table_cell(table, CLI_PLAIN, cli_count(call->attempt).s);
    cli_table_cell(table, good ? CLI_GREEN : call->retried ? CLI_YELLOW : CLI_RED, outcome);
    cli_table_cell(table, CLI_PLAIN, cli_seconds(call->duration_s).s);
    cli_table_cell(table, CLI_PLAIN, cli_compact(tokens_of(call)).s);
    cli_table_cell(table, CLI_PLAIN, call->model_name);
    cli_table_cell(table, CLI_PLAIN, call->error_type);
}

/* Each once: calls of an item often fail by the same. */
static bool print_errors(const cli_screen *screen, const afmon_found_item *item)
{
    for (size_t i = 0; i < item->call_count; i++) {
        const afmon_item_call *call = &item->calls[i];
        bool again = call->error[0] == '\0';
        for (size_t k = 0; k < i && !again; k++)
            again = strcmp(item->calls[k].error, call->error) == 0;
        if (again)
            continue;
        fprintf(screen->out, "%s ", cli_clock(call->started_ns).s);
        if (!print_safe(screen, CLI_RED, call->error))
            return false;
        fputc('\n', screen->out);
    }
    return true;
}

static bool print_calls(const cli_screen *screen, const afmon_found_item *item)
{
    static const cli_column call_columns[] = {
        {"Begun", CLI_LEFT, false},   {"call", CLI_LEFT, true},   {"attempt", CLI_RIGHT, false},
        {"outcome", CLI_LEFT, false}, {"took", CLI_RIGHT, false}, {"tokens", CLI_RIGHT, false},
        {"model", CLI_LEFT, true},    {"error", CLI_LEFT, true},
    };
    if (item->call_count == 0) {
        fputs("No call names it.\n\n", screen->out);
        return true;
    }
    cli_table *table = cli_table_new(call_columns, sizeof call_columns / sizeof call_columns[0]);
    for (size_t i = 0; i < item->call_count; i++)
        add_call(table, &item->calls[i]);
    bool printed = cli_table_print(table, screen);
    cli_table_free(table);
    if (item->calls_left_out > 0)
        fprintf(screen->out, "%s earlier calls are not shown.\n", cli_count(item->calls_left_out).s);
    printed = printed && print_errors(screen, item);
    fputc('\n', screen->out);
    return printed;
}

bool items_print_whole(const cli_screen *screen, const afmon_found_item *item, bool with_text)
{
    return print_head(screen, item) && (!with_text || items_print_text(screen, item)) && print_calls(screen, item);
}

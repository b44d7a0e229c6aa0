/* afmon runs: the runs there are, and what each came to. */
#include "cli/runs.h"

#include <math.h>
#include <string.h>

#include "base/words.h"
#include "cli/about.h"
#include "cli/commands.h"
#include "cli/run.h"

enum { JSON_ID = 1000, PRUNE_ID, OLDER_ID, KEEP_ID, YES_ID };

static const cli_option options[] = {
    {JSON_ID, "json", NULL, "Print a JSON array; afmon-runs(1) describes it"},
    {PRUNE_ID, "prune", NULL,
     "Ask, then remove the files of old runs: never of one that a process writes into, and nothing that is not a run's "
     "own"},
    {OLDER_ID, "older-than", "DURATION", "With --prune: runs that nothing was written into for so long (30d)"},
    {KEEP_ID, "keep", "N", "With --prune: the N newest runs stay, whatever their age (0)"},
    {YES_ID, "yes", NULL, "With --prune: do not ask"},
    {0, NULL, NULL, NULL},
};

static const cli_usage usage = {
    .command = "runs",
    .synopsis = "[DIR] [--json] [--prune [--older-than DURATION] [--keep N] [--yes]]",
    .description =
        "Lists the runs in the folder DIR, or here and in .afterimage-monitoring, the one that was written last "
        "first: name, tags, when it started and how long it went on, what was made, its verdict, and the size "
        "of its files. Each of the names will do where a command asks for a run folder.",
    .options = options,
    .epilogue = "Exit status: 0 listed, or removed, or there was nothing to remove; 1 something could not be read or\n"
                "removed; 2 the command line is wrong.\n\n"
                "  afmon runs\n"
                "  afmon runs --prune --older-than 90d --keep 20\n",
};

struct request {
    bool json;
    bool prune;
    const char *prune_only; /* the name of an option that is for --prune alone; NULL: none was given */
    prune_wish wish;
};

/* ---- As a table ---- */

static const char *last_part(const char *folder)
{
    const char *slash = strrchr(folder, '/');
    return slash != NULL && slash[1] != '\0' ? slash + 1 : folder;
}

/* "480 of 500 conversations, 12 rows"; calls, where nothing tells of items. */
static void made(const afmon_run_summary *summary, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < summary->item_count && used < size; i++) {
        const afmon_item_summary *items = &summary->items[i];
        char part[160];
        int length = items->accepted == items->finished
                         ? snprintf(part, sizeof part, "%s %s", cli_count(items->accepted).s,
                                    afmon_words_kinds(items->kind).text)
                         : snprintf(part, sizeof part, "%s of %s %s", cli_count(items->accepted).s,
                                    cli_count(items->finished).s, afmon_words_kinds(items->kind).text);
        if (length > 0)
            used += (size_t)snprintf(out + used, size - used, "%s%s", i > 0 ? ", " : "", part);
    }
    if (summary->item_count == 0)
        snprintf(out, size, "%s call%s", cli_count(summary->calls).s, summary->calls == 1 ? "" : "s");
}

static cli_style style_of(afmon_verdict verdict)
{
    return verdict == AFMON_VERDICT_FAILED     ? CLI_RED
           : verdict == AFMON_VERDICT_DEGRADED ? CLI_YELLOW
           : verdict == AFMON_VERDICT_HEALTHY  ? CLI_GREEN
                                               : CLI_DIM;
}

static void add_row(cli_table *table, const listed_run *run)
{
    const afmon_run_summary *summary = run->summary;
    char text[400];
    cli_table_cell(table, CLI_PLAIN, last_part(run->found->folder));
    cli_table_cell(table, CLI_PLAIN, summary != NULL ? summary->name : "");
    if (summary == NULL) {
        cli_table_cell(table, CLI_PLAIN, "");
        cli_table_cell(table, CLI_PLAIN, "");
        cli_table_cell(table, CLI_RED, run->problem);
        cli_table_cell(table, CLI_RED, "unreadable");
    } else {
        bool empty = summary->sample_count == 0;
        made(summary, text, sizeof text);
        cli_table_cell(table, CLI_PLAIN, empty ? "" : cli_time(summary->first_ns).s);
        cli_table_cell(table, CLI_PLAIN, empty ? "" : cli_span(summary->duration_s).s);
        cli_table_cell(table, CLI_PLAIN, text);
        snprintf(text, sizeof text, "%s%s", afmon_verdict_name(summary->verdict), summary->live ? ", running" : "");
        cli_table_cell(table, style_of(summary->verdict), text);
    }
    cli_table_cell(table, CLI_PLAIN, cli_bytes((double)run->found->bytes).s);
    text[0] = '\0';
    if (summary != NULL)
        about_tags(summary, text, sizeof text);
    cli_table_cell(table, CLI_DIM, text);
}

static int print_table(const run_list *list)
{
    static const cli_column columns[] = {{"run", CLI_LEFT, false},     {"name", CLI_LEFT, true},
                                         {"started", CLI_LEFT, false}, {"took", CLI_RIGHT, false},
                                         {"made", CLI_LEFT, true},     {"verdict", CLI_LEFT, false},
                                         {"size", CLI_RIGHT, false},   {"tags", CLI_LEFT, true}};
    cli_screen screen;
    int status = CLI_OK;
    cli_screen_init(&screen, stdout);
    cli_table *table = cli_table_new(columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < list->count; i++) {
        listed_run run;
        runs_read(list->runs[i], &run);
        add_row(table, &run);
        if (run.summary == NULL)
            status = CLI_FAILED;
        afmon_run_summary_free(run.summary);
    }
    if (!cli_table_print(table, &screen))
        status = CLI_FAILED;
    cli_table_free(table);
    return cli_finish_output(status);
}

/* ---- As JSON ---- */

static json_t *text_json(const char *text)
{
    return cli_json_string(text, strlen(text));
}

static json_t *items_json(const afmon_run_summary *summary, bool *failed)
{
    json_t *list = json_array();
    for (size_t i = 0; i < summary->item_count; i++) {
        const afmon_item_summary *items = &summary->items[i];
        json_t *row =
            json_pack("{so sI sI sI}", "kind", text_json(items->kind), "finished", (json_int_t)items->finished,
                      "accepted", (json_int_t)items->accepted, "failed", (json_int_t)items->failed);
        if (json_array_append_new(list, row) != 0)
            *failed = true;
    }
    return list;
}

static json_t *tags_json(const afmon_run_summary *summary, bool *failed)
{
    json_t *tags = json_object();
    for (size_t i = 0; i < summary->tag_count; i++)
        cli_json_set(tags, summary->tags[i].key, text_json(summary->tags[i].value), failed);
    return tags;
}

static void set_summary(json_t *object, const afmon_run_summary *summary, bool *failed)
{
    bool empty = summary->sample_count == 0;
    cli_json_set(object, "name", summary->name[0] != '\0' ? text_json(summary->name) : json_null(), failed);
    cli_json_set(object, "tags", tags_json(summary, failed), failed);
    cli_json_set(object, "started", empty ? json_null() : cli_json_time(summary->first_ns), failed);
    cli_json_set(object, "last", empty ? json_null() : cli_json_time(summary->last_ns), failed);
    cli_json_set(object, "duration_s", cli_json_number(empty ? NAN : summary->duration_s), failed);
    cli_json_set(object, "items", items_json(summary, failed), failed);
    cli_json_set(object, "calls", json_integer((json_int_t)summary->calls), failed);
    cli_json_set(object, "verdict", json_string(afmon_verdict_name(summary->verdict)), failed);
}

static json_t *run_json(const listed_run *run, bool *failed)
{
    json_t *object = json_object();
    cli_json_set(object, "folder", text_json(cli_plain_folder(run->found->folder)), failed);
    if (run->summary != NULL)
        set_summary(object, run->summary, failed);
    cli_json_set(object, "live", json_boolean(run->found->live), failed);
    cli_json_set(object, "bytes", json_integer((json_int_t)run->found->bytes), failed);
    cli_json_set(object, "modified", cli_json_time(run->found->modified_ns), failed);
    cli_json_set(object, "problem", run->summary == NULL ? text_json(run->problem) : json_null(), failed);
    return object;
}

static int print_json(const run_list *list)
{
    bool failed = false;
    bool unread = false;
    json_t *rows = json_array();
    for (size_t i = 0; i < list->count; i++) {
        listed_run run;
        runs_read(list->runs[i], &run);
        unread |= run.summary == NULL;
        if (json_array_append_new(rows, run_json(&run, &failed)) != 0)
            failed = true;
        afmon_run_summary_free(run.summary);
    }
    int status = cli_print_json(cli_json_done(rows, failed));
    return status == CLI_OK && unread ? CLI_FAILED : status;
}

/* ---- The command line ---- */

static bool take(cli_args *args, int id, struct request *request)
{
    if (id != JSON_ID && id != PRUNE_ID)
        request->prune_only = args->name;
    switch (id) {
    case JSON_ID:
        request->json = true;
        return true;
    case PRUNE_ID:
        request->prune = true;
        return true;
    case OLDER_ID:
        return cli_value_duration(args, 0, INFINITY, &request->wish.older_than_s);
    case KEEP_ID:
        return cli_value_integer(args, 0, INT64_MAX, &request->wish.keep);
    default:
        request->wish.yes = true;
        return true;
    }
}

static int say_none(const char *folder)
{
    if (folder != NULL)
        fputs("There are no runs in that folder.\n", stdout);
    else
        printf("There are no runs here, nor in %s. 'afmon demo' makes one.\n", cli_place(0));
    return cli_finish_output(CLI_OK);
}

int cmd_runs(int argc, char **argv)
{
    cli_args args;
    run_list list;
    struct request request = {.wish = {.older_than_s = 30 * 86400.0}};
    cli_args_init(&args, &usage, argc, argv);
    for (int id; (id = cli_next_option(&args)) != CLI_END;)
        if (id == CLI_STOP || !take(&args, id, &request))
            return args.status;
    if (cli_operand_count(&args) > 1)
        return cli_usage_error("runs", "one folder at a time; '%s' is too much", cli_operand(&args, 1));
    if (request.prune_only != NULL && !request.prune)
        return cli_usage_error("runs", "--%s is for --prune", request.prune_only);
    if (request.prune && request.json)
        return cli_usage_error("runs", "--json lists runs, and --prune removes them: one at a time");
    const char *folder = cli_operand_count(&args) == 1 ? cli_operand(&args, 0) : NULL;
    if (!run_list_find(folder, &list))
        return CLI_FAILED;
    int status = request.prune                      ? runs_prune(&list, &request.wish)
                 : list.count == 0 && !request.json ? say_none(folder)
                 : request.json                     ? print_json(&list)
                                                    : print_table(&list);
    run_list_free(&list);
    return status;
}

/* afmon items: what is behind a figure, item by item. */
#include "cli/items.h"

#include <string.h>

#include "base/suggest.h"
#include "cli/commands.h"
#include "cli/run.h"

enum {
    KIND_ID = 'k',
    OUTCOME_ID = 'o',
    REASON_ID = 'r',
    LIMIT_ID = 'n',
    OPERATION_ID = 1000,
    ERROR_ID,
    SLOWEST_ID,
    AFTER_ID,
    ITEM_ID,
    TEXT_ID,
    DATASET_ID,
    JSON_ID,
};

enum { LIMIT = 50, ROWS = 1000 };

static const cli_option options[] = {
    {KIND_ID, "kind", "KIND", "Only items of that kind: conversation, persona, row, task ..."},
    {OUTCOME_ID, "outcome", "accepted|rejected|failed|abandoned|open", "Only such ones; may be given several times"},
    {REASON_ID, "reason", "TEXT",
     "Only those that were rejected for that reason, or failed by that type of error; '' where none was given"},
    {OPERATION_ID, "operation", "NAME", "Only those for which a call of that operation was made"},
    {ERROR_ID, "error", "TYPE", "Only those of which a call (of --operation) failed by that type of error"},
    {SLOWEST_ID, "slowest", "N", "The N that took longest, of the whole run; at most 10,000"},
    {LIMIT_ID, "limit", "N", "At most N, the one begun last first; 0: all of them (50)"},
    {AFTER_ID, "after", "CURSOR", "Go on where an earlier call ended, which told the cursor"},
    {ITEM_ID, "item", "ID", "That item alone, whole, as the operand ITEM does"},
    {TEXT_ID, "text", NULL, "With what was made, from the data set, and the calls in order"},
    {DATASET_ID, "dataset", "FILE", "The data set, of JSON lines (the one that the run's record names)"},
    {JSON_ID, "json", NULL, "Print a JSON object a line; afmon-items(1) describes it"},
    {0, NULL, NULL, NULL},
};

static const cli_usage usage = {
    .command = "items",
    .synopsis = "[DIR] [ITEM] [OPTION...]",
    .description = "Shows the items of a run, live or finished, behind the figures of 'afmon show': conversations, "
                   "personas, rows, tasks, each with what became of it and the calls that were made for it. They are "
                   "read from the run's end, so the newest are there at once. An ITEM is shown whole.",
    .options = options,
    .epilogue = "Exit status: 0 shown; 1 the folder or the data set cannot be read, or there is no such item; 2 the\n"
                "command line is wrong.\n\n"
                "  afmon items RUN --outcome rejected\n"
                "  afmon items RUN --error RateLimitError --operation answer_generation\n"
                "  afmon items RUN --slowest 10 --text\n"
                "  afmon items RUN 17 --text\n",
};

struct request {
    const char *folder;
    afmon_item_query query;
    int64_t limit; /* 0: all */
    bool json;
};

/* ---- The command line ---- */

static bool take_outcome(cli_args *args, unsigned *states)
{
    const char *names[AFMON_ITEM_STATES];
    for (unsigned i = 0; i < AFMON_ITEM_STATES; i++) {
        names[i] = afmon_item_state_name((afmon_item_state)i);
        if (strcmp(args->value, names[i]) == 0) {
            *states |= 1U << i;
            return true;
        }
    }
    const char *meant = afmon_suggest(args->value, names, AFMON_ITEM_STATES);
    args->status = meant != NULL
                       ? cli_usage_error("items", "--outcome '%s' is none; did you mean %s?", args->value, meant)
                       : cli_usage_error("items",
                                         "--outcome '%s' is none; there are accepted, rejected, failed, "
                                         "abandoned and open",
                                         args->value);
    return false;
}

static bool take_slowest(cli_args *args, uint64_t *slowest)
{
    int64_t number;
    if (!cli_value_integer(args, 1, 10000, &number))
        return false;
    *slowest = (uint64_t)number;
    return true;
}

static bool take(cli_args *args, int id, struct request *request)
{
    afmon_item_query *query = &request->query;
    switch (id) {
    case KIND_ID:
        query->kind = args->value;
        return true;
    case OUTCOME_ID:
        return take_outcome(args, &query->states);
    case REASON_ID:
        query->reason = args->value;
        return true;
    case OPERATION_ID:
        query->operation = args->value;
        return true;
    case ERROR_ID:
        query->error_type = args->value;
        return true;
    case SLOWEST_ID:
        return take_slowest(args, &query->slowest);
    case LIMIT_ID:
        return cli_value_integer(args, 0, INT64_MAX, &request->limit);
    case AFTER_ID:
        query->cursor = args->value;
        return true;
    case ITEM_ID:
        query->id = args->value;
        return true;
    case TEXT_ID:
        query->text = true;
        return true;
    case DATASET_ID:
        query->data_set = args->value;
        return true;
    case JSON_ID:
        request->json = true;
        return true;
    default:
        return false;
    }
}

static int check_request(cli_args *args, struct request *request)
{
    int count = cli_operand_count(args);
    if (count > 2)
        return cli_usage_error("items", "a run folder and one item at a time; '%s' is too much", cli_operand(args, 2));
    request->folder = count == 2 ? cli_run_folder(args, cli_operand(args, 0)) : cli_folder_operand(args);
    if (request->folder == NULL)
        return CLI_USAGE;
    if (count == 2 && request->query.id != NULL)
        return cli_usage_error("items", "'%s' and --item: one item at a time", cli_operand(args, 1));
    if (count == 2)
        request->query.id = cli_operand(args, 1);
    if (request->query.data_set != NULL && !request->query.text)
        return cli_usage_error("items", "--dataset is for --text");
    if (request->query.cursor != NULL && request->query.slowest > 0)
        return cli_usage_error("items", "--slowest shows them at once: leave out --after");
    return CLI_OK;
}

/* ---- Printing ---- */

struct printing {
    const struct request *request;
    cli_screen screen;
    cli_progress progress;
    cli_table *table; /* NULL: items are printed one by one */
    uint64_t count;
    char cursor[AFMON_ITEM_CURSOR_SIZE]; /* of the item that was printed last */
    size_t rows;
    bool failed;
};

static int put_bytes(void *user, const void *data, size_t size)
{
    return fwrite(data, 1, size, user) == size ? 0 : 1;
}

static bool print_table(struct printing *p)
{
    bool printed = p->rows == 0 || cli_table_print(p->table, &p->screen);
    cli_table_free(p->table);
    p->table = NULL;
    p->rows = 0;
    return printed;
}

/* Many rows are several tables: none waits for the last one. */
static bool add_row(struct printing *p, const afmon_found_item *item)
{
    if (p->rows == ROWS && !print_table(p))
        return false;
    p->table = p->table != NULL ? p->table : items_table();
    items_table_add(p->table, item);
    p->rows++;
    return true;
}

static bool print_item(struct printing *p, const afmon_found_item *item)
{
    const afmon_item_query *query = &p->request->query;
    p->count++;
    if (p->request->json)
        return afmon_found_item_write_json(item, put_bytes, stdout) == AFMON_OK && fputc('\n', stdout) != EOF;
    if (query->id == NULL && !query->text)
        return add_row(p, item);
    cli_progress_end(&p->progress);
    return items_print_whole(&p->screen, item, query->text);
}

static void tell_end(struct printing *p, const afmon_item_reader *reader, bool more)
{
    if (p->request->json)
        return;
    if (more && p->cursor[0] != '\0')
        fprintf(p->screen.out, "%sThere are more: --after %s goes on, --limit 0 shows all.%s\n",
                cli_paint(&p->screen, CLI_DIM), p->cursor, cli_paint(&p->screen, CLI_PLAIN));
    else if (p->count == 0 && p->request->query.id == NULL && !afmon_item_reader_has_items(reader))
        fputs("The run tells of no items: nothing says which call was made for which. 'afmon show' has its calls.\n",
              p->screen.out);
    else if (p->count == 0 && p->request->query.id == NULL)
        fputs("No item is like that.\n", p->screen.out);
}

/* False after a message. *more: the limit was reached, and there are further ones. */
static bool print_items(struct printing *p, afmon_item_reader *reader, bool *more)
{
    const afmon_found_item *item = NULL;
    afmon_error error = {0};
    uint64_t limit = (uint64_t)p->request->limit;
    *more = false;
    for (;;) {
        afmon_status status = afmon_item_reader_next(reader, &item, &error);
        if (status != AFMON_OK) {
            cli_progress_end(&p->progress);
            cli_error("%s", error.message[0] ? error.message : afmon_status_text(status));
            return false;
        }
        *more = item != NULL && limit > 0 && p->count == limit;
        if (item == NULL || *more)
            return true;
        if (!print_item(p, item))
            return false;
        afmon_item_reader_cursor(reader, p->cursor);
    }
}

static int show(const struct request *request, afmon_item_reader *reader, struct printing *p)
{
    bool more;
    cli_screen_init(&p->screen, stdout);
    bool good = print_items(p, reader, &more);
    cli_progress_end(&p->progress);
    good = print_table(p) && good;
    if (good)
        tell_end(p, reader, more);
    bool missing = good && request->query.id != NULL && p->count == 0;
    if (missing)
        cli_error("there is no item '%s' like that in %s", request->query.id, request->folder);
    return cli_finish_output(good && !missing ? CLI_OK : CLI_FAILED);
}

static int open_and_show(struct request *request)
{
    struct printing p = {.request = request};
    afmon_item_reader *reader = NULL;
    afmon_error error = {0};
    request->query.progress = cli_progress_show;
    request->query.user = &p.progress;
    cli_progress_begin(&p.progress, "Reading");
    afmon_status status = afmon_item_reader_open(request->folder, &request->query, &reader, &error);
    if (status != AFMON_OK) {
        cli_progress_end(&p.progress);
        cli_error("%s%s", error.message[0] ? error.message : afmon_status_text(status),
                  request->query.text && request->query.data_set == NULL && status == AFMON_E_NO_DATA
                      ? "; --dataset FILE names one"
                      : "");
        return status == AFMON_E_ARGUMENT ? CLI_USAGE : CLI_FAILED;
    }
    int answer = show(request, reader, &p);
    afmon_item_reader_close(reader);
    return answer;
}

int cmd_items(int argc, char **argv)
{
    struct request request = {.limit = LIMIT};
    cli_args args;
    afmon_item_query_init(&request.query);
    cli_args_init(&args, &usage, argc, argv);
    for (int id; (id = cli_next_option(&args)) != CLI_END;) {
        if (id == CLI_STOP || !take(&args, id, &request))
            return args.status;
    }
    int status = check_request(&args, &request);
    return status == CLI_OK ? open_and_show(&request) : status;
}

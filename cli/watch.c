/* afmon watch: the command. */
#include "cli/watch.h"

#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/run.h"

enum { ONCE = 1, JSON, RULES };

static const cli_option options[] = {
    {ONCE, "once", NULL, "Print one frame as text and exit"},
    {JSON, "json", NULL, "Print one frame as a JSON object and exit"},
    {RULES, "rules", "FILE", "Judge the run by the alert rules of a YAML file, in place of what its log says"},
    {0, NULL, NULL, NULL},
};

static const cli_usage usage = {
    .command = "watch",
    .synopsis = "[DIR] [OPTION...]",
    .description =
        "Shows a run while it goes on: how it is, progress, throughput, success and errors, latency, tokens, "
        "operations, models, "
        "alerts and the last log lines. It only reads the files of the run folder, and costs the run nothing. The "
        "folder need not exist yet. Of a large run the newest part is shown at once, and the rest is read behind it. "
        "'?' lists the keys, 'q' quits.",
    .options = options,
    .epilogue =
        "Exit status: 0 it was ended with q, or the frame was printed; 1 it could not; 2 the command line is wrong; "
        "130 ended by a signal.\n",
};

typedef struct command {
    const char *folder;
    bool once;
    bool json;
    const char *rules_file; /* NULL: none */
    afmon_rules rules;
} command;

/* false: the command is to return args->status. */
static bool parse(command *c, cli_args *args)
{
    bool ok = true;
    for (int id; ok && (id = cli_next_option(args)) != CLI_END;) {
        switch (id) {
        case ONCE:
            c->once = true;
            break;
        case JSON:
            c->json = true;
            break;
        case RULES:
            c->rules_file = args->value;
            break;
        default:
            ok = false;
        }
    }
    if (!ok)
        return false;
    c->folder = cli_folder_operand(args);
    if (c->folder == NULL)
        args->status = CLI_USAGE;
    return c->folder != NULL;
}

static watch_wish wish_of(const command *c)
{
    return (watch_wish){.window_s = -1, .panel = PANEL_LOG, .rules = c->rules_file};
}

static int say(const afmon_error *error)
{
    cli_error("%s", error->message);
    return CLI_FAILED;
}

/* Of a frame that nobody looks at on a screen: room for every row. */
static size_t height_of(const watch_figures *f)
{
    enum { BESIDE_ROWS = 40 };
    return BESIDE_ROWS + f->operation_count + f->model_count + watch_alert_count(f);
}

static int print_text(const command *c, const watch_wish *wish, const watch_figures *f)
{
    enum { WIDTH = 100 };
    cli_screen out;
    canvas frame = {0};
    cli_screen_init(&out, stdout);
    bool ok = canvas_begin(&frame, out.width >= 40 ? out.width : WIDTH, out.height >= 24 ? out.height : height_of(f));
    if (ok)
        watch_draw(&frame, c->folder, wish, f, out.unicode);
    for (size_t row = 0; ok && row + 1 < frame.height; row++) { /* without the line of keys */
        char *text = canvas_row_text(&frame, row);
        ok = text != NULL;
        if (ok)
            puts(text);
        free(text);
    }
    canvas_free(&frame);
    if (ok)
        return cli_finish_output(CLI_OK);
    cli_error("out of memory");
    return CLI_FAILED;
}

static int print_once(const command *c, afmon_live *live)
{
    afmon_error error;
    afmon_live_info info;
    watch_wish wish = wish_of(c);
    watch_figures *f = calloc(1, sizeof *f);
    int status = CLI_FAILED;
    if (cli_follow_whole(live, &info, &error) != AFMON_OK)
        status = say(&error);
    else if (f == NULL || !watch_collect(live, &wish, 64, f))
        cli_error("out of memory");
    else
        status = c->json ? watch_print_json(c->folder, f) : print_text(c, &wish, f);
    if (f != NULL)
        watch_figures_clear(f);
    free(f);
    return status;
}

static bool open_live(const command *c, afmon_live **live)
{
    afmon_error error;
    afmon_live_options following;
    afmon_live_options_init(&following);
    following.rules = c->rules.rules;
    following.rule_count = c->rules.count;
    if (afmon_live_open(c->folder, &following, live, &error) == AFMON_OK)
        return true;
    (void)say(&error);
    return false;
}

static int follow(const command *c)
{
    afmon_live *live = NULL;
    if (!open_live(c, &live))
        return CLI_FAILED;
    watch_wish wish = wish_of(c);
    int status = c->once || c->json ? print_once(c, live) : watch_screen_run(live, c->folder, &wish);
    afmon_live_close(live);
    return status;
}

int cmd_watch(int argc, char **argv)
{
    command c = {0};
    cli_args args;
    afmon_error error;
    cli_args_init(&args, &usage, argc, argv);
    if (!parse(&c, &args))
        return args.status;
    if (c.rules_file != NULL && afmon_rules_load(c.rules_file, NULL, &c.rules, &error) != AFMON_OK) {
        cli_error("--rules: %s", error.message);
        return CLI_USAGE;
    }
    cli_warn_of_rules(&c.rules);
    int status = follow(&c);
    afmon_rules_free(&c.rules);
    return status;
}

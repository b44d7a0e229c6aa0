/* afmon serve: the dashboard in a browser. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <afmon/afmon.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/run.h"
#include "cli/signals.h"

enum { LISTEN_ID = 'l', TOKEN_ID = 1000, HOST_ID, TEXTS_ID };

static const cli_option option_list[] = {
    {LISTEN_ID, "listen", "ADDRESS:PORT",
     "Where to listen (127.0.0.1:8765); port 0 takes a free one, '*' is every address"},
    {TOKEN_ID, "token-file", "FILE",
     "Ask who connects for the token in FILE's first line (at least 16 characters); needed where ADDRESS is not this "
     "machine's alone"},
    {HOST_ID, "host-name", "NAME", "A name by which browsers reach it, as behind a proxy; may be given several times"},
    {TEXTS_ID, "texts", NULL,
     "Give what was made, too, through the API, where the data set that a run's record names is in a DIR"},
    {0, NULL, NULL, NULL},
};

static const cli_usage usage = {
    .command = "serve",
    .synopsis = "[DIR...] [--listen ADDRESS:PORT] [--token-file FILE]",
    .description =
        "Serves a dashboard of runs, live or finished, until it is interrupted. Each DIR is a run folder, or a "
        "folder with run folders in it; new ones appear by themselves. Without a DIR they are the current folder and "
        ".afterimage-monitoring. It reads the runs' files and touches nothing of the processes that write them.",
    .options = option_list,
    .epilogue = "Exit status: 0 interrupted; 1 it cannot listen or read; 2 the command line is wrong.\n\n"
                "  afmon serve\n",
};

struct request {
    afmon_server_options options;
    const char **host_names;
};

static int serve(const char *const *folders, size_t count, const struct request *request)
{
    afmon_server *server = NULL;
    afmon_error error = {0};
    sigset_t ends;
    int number;
    cli_block_ending_signals(&ends, 0); /* a signal that comes from here on waits for sigwait */
    afmon_status status = afmon_server_open(folders, count, &request->options, &server, &error);
    if (status != AFMON_OK) {
        cli_error("%s", error.message[0] ? error.message : afmon_status_text(status));
        return status == AFMON_E_ARGUMENT || status == AFMON_E_FORMAT ? CLI_USAGE : CLI_FAILED;
    }
    printf("Serving on %s (Ctrl-C ends it)\n", afmon_server_url(server));
    int answer = cli_finish_output(CLI_OK);
    while (answer == CLI_OK && sigwait(&ends, &number) != 0) {
    }
    afmon_server_close(server);
    return answer;
}

/* The places here where runs are looked for, as far as they are there. */
static size_t take_places(const char **folders)
{
    size_t count = 0;
    for (int i = 0; i < CLI_PLACES; i++)
        if (access(cli_place(i), F_OK) == 0)
            folders[count++] = cli_place(i);
    cli_error("serving the runs here%s%s", count == CLI_PLACES ? ", and in " : "",
              count == CLI_PLACES ? cli_place(0) : "");
    return count;
}

static int parse_and_serve(int argc, char **argv, struct request *request)
{
    cli_args args;
    cli_args_init(&args, &usage, argc, argv);
    for (int id; (id = cli_next_option(&args)) != CLI_END;) {
        if (id == CLI_STOP)
            return args.status;
        if (id == LISTEN_ID)
            request->options.listen = args.value;
        else if (id == TOKEN_ID)
            request->options.token_file = args.value;
        else if (id == TEXTS_ID)
            request->options.texts = true;
        else
            request->host_names[request->options.host_name_count++] = args.value;
    }
    int given = cli_operand_count(&args);
    const char **folders = calloc((size_t)given + CLI_PLACES, sizeof *folders);
    if (!folders) {
        cli_error("out of memory");
        return CLI_FAILED;
    }
    for (int i = 0; i < given; i++)
        folders[i] = cli_operand(&args, i);
    size_t count = given > 0 ? (size_t)given : take_places(folders);
    int answer = serve(folders, count, request);
    free(folders);
    return answer;
}

int cmd_serve(int argc, char **argv)
{
    struct request request;
    afmon_server_options_init(&request.options);
    request.host_names = calloc((size_t)argc + 1, sizeof *request.host_names);
    if (!request.host_names) {
        cli_error("out of memory");
        return CLI_FAILED;
    }
    request.options.host_names = request.host_names;
    int status = parse_and_serve(argc, argv, &request);
    free(request.host_names);
    return status;
}

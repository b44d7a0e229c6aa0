/* afmon recover: puts what killed processes left behind into the files of a run folder. */
#include <string.h>

#include <afmon/afmon.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/run.h"

enum { JSON_ID = 1000 };

static const cli_option options[] = {
    {JSON_ID, "json", NULL, "Print a JSON object instead of a sentence"},
    {0, NULL, NULL, NULL},
};

static const cli_usage usage = {
    .command = "recover",
    .synopsis = "[DIR] [--json]",
    .description =
        "Puts the samples and log records that a killed process left in its ring files into metrics.jsonl and "
        "afterimage.log, each exactly once; a line that was cut off in the middle is written anew. Processes that "
        "still run are left "
        "alone. Every afmon command and every monitor that opens the folder does this by itself.",
    .options = options,
    .epilogue = "Exit status: 0 done, whether there was something to recover or not; 1 failed, or the folder\n"
                "holds damaged files, from which nothing can be recovered; 2 the command line is wrong.\n",
};

/* damage: what is to be told of files that make no sense; NULL: there are none. */
static int report(const char *folder, uint64_t recovered, const char *damage, bool as_json)
{
    int status = damage ? CLI_FAILED : CLI_OK;
    if (as_json) {
        bool failed = false;
        json_t *object = json_object();
        cli_json_set(object, "folder", cli_json_string(folder, strlen(folder)), &failed);
        cli_json_set(object, "recovered", json_integer((json_int_t)recovered), &failed);
        cli_json_set(object, "damaged", json_boolean(damage), &failed);
        int printed = cli_print_json(cli_json_done(object, failed));
        return printed == CLI_OK ? status : printed;
    }
    if (damage)
        cli_error("%s", damage);
    if (recovered == 0 && !damage)
        puts("Nothing to recover.");
    else if (recovered > 0)
        printf("Recovered %s record%s.\n", cli_count(recovered).s, recovered == 1 ? "" : "s");
    return cli_finish_output(status);
}

int cmd_recover(int argc, char **argv)
{
    cli_args args;
    bool as_json = false;
    uint64_t recovered = 0;
    afmon_error error = {0};
    cli_args_init(&args, &usage, argc, argv);
    for (int id; (id = cli_next_option(&args)) != CLI_END;) {
        if (id == CLI_STOP)
            return args.status;
        as_json = true; /* the only option there is */
    }
    const char *folder = cli_folder_operand(&args);
    if (!folder)
        return CLI_USAGE;
    afmon_status status = afmon_recover(folder, &recovered, &error);
    if (status == AFMON_OK)
        return report(folder, recovered, NULL, as_json);
    if (status == AFMON_E_FORMAT)
        return report(folder, recovered, error.message, as_json);
    cli_error("%s", error.message[0] ? error.message : afmon_status_text(status));
    return CLI_FAILED;
}

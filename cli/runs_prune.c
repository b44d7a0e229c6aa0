/* Removing old runs. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/run.h"
#include "cli/runs.h"

static double age_of(const afmon_found_run *run)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9 - (double)run->modified_ns / 1e9;
}

static bool is_old(const run_list *list, size_t index, const prune_wish *wish)
{
    const afmon_found_run *run = list->runs[index];
    return (int64_t)index >= wish->keep && !run->live && age_of(run) > wish->older_than_s;
}

static void print_old(const run_list *list, const prune_wish *wish)
{
    for (size_t i = 0; i < list->count; i++) {
        const afmon_found_run *run = list->runs[i];
        if (!is_old(list, i, wish))
            continue;
        const char *plain = cli_plain_folder(run->folder);
        char *folder = cli_safe(plain, strlen(plain));
        printf("%-44s written %s  %9s\n", folder != NULL ? folder : "", cli_time(run->modified_ns).s,
               cli_bytes((double)run->bytes).s);
        free(folder);
    }
}

/* Only a plain yes is one. */
static bool ask(size_t count, double bytes)
{
    printf("Remove the files of %s (%s)? [y/N] ", count == 1 ? "this run" : "these runs", cli_bytes(bytes).s);
    fflush(stdout);
    int first = getchar();
    int next = first;
    while (next != '\n' && next != EOF)
        next = getchar();
    return first == 'y' || first == 'Y';
}

static int remove_old(const run_list *list, const prune_wish *wish)
{
    uint64_t bytes = 0;
    uint64_t removed = 0;
    int status = CLI_OK;
    for (size_t i = list->count; i-- > 0;) {
        afmon_error error = {0};
        uint64_t freed = 0;
        size_t left = 0;
        if (!is_old(list, i, wish))
            continue;
        if (afmon_run_remove(list->runs[i]->folder, &freed, &left, &error) == AFMON_OK) {
            removed++;
        } else {
            cli_error("%s", error.message);
            status = CLI_FAILED;
        }
        bytes += freed;
        if (left > 0)
            cli_error("%s: %s that no run made stay%s", cli_plain_folder(list->runs[i]->folder),
                      left == 1 ? "one file or folder" : cli_count(left).s, left == 1 ? "s" : "");
    }
    printf("Removed %s run%s, %s.\n", cli_count(removed).s, removed == 1 ? "" : "s", cli_bytes((double)bytes).s);
    return cli_finish_output(status);
}

int runs_prune(const run_list *list, const prune_wish *wish)
{
    size_t count = 0;
    double bytes = 0;
    for (size_t i = 0; i < list->count; i++) {
        bool old = is_old(list, i, wish);
        count += old;
        bytes += old ? (double)list->runs[i]->bytes : 0;
    }
    if (count == 0) {
        printf("Nothing to remove: of %s run%s none is older than %s and not among the kept ones.\n",
               cli_count(list->count).s, list->count == 1 ? "" : "s", cli_span(wish->older_than_s).s);
        return cli_finish_output(CLI_OK);
    }
    print_old(list, wish);
    if (!wish->yes && !isatty(STDIN_FILENO))
        return cli_usage_error("runs", "nobody can be asked here: --yes removes them");
    if (!wish->yes && !ask(count, bytes)) {
        puts("Nothing was removed.");
        return cli_finish_output(CLI_OK);
    }
    return remove_old(list, wish);
}

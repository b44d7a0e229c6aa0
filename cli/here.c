/* Which run is meant: the newest here, or one by its name. */
#include "cli/run.h"

#include <string.h>
#include <sys/stat.h>

/* False: the path is too long. */
static bool keep(cli_args *args, const char *folder)
{
    int length = snprintf(args->folder, sizeof args->folder, "%s", cli_plain_folder(folder));
    return length > 0 && (size_t)length < sizeof args->folder;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static bool is_named(const afmon_found_run *run, const char *name)
{
    return name == NULL || strcmp(run->name, name) == 0 || strcmp(last_part(run->folder), name) == 0;
}

/* The newest run here of that name (NULL: of any) is kept. Returns how many have it. */
static size_t find_newest(cli_args *args, const char *name)
{
    size_t count = 0;
    int64_t newest_ns = INT64_MIN;
    for (int place = 0; place < CLI_PLACES; place++) {
        afmon_found_runs *runs = NULL;
        if (afmon_runs_find(cli_place(place), &runs, NULL) != AFMON_OK)
            continue;
        for (size_t i = 0; i < runs->count; i++) {
            const afmon_found_run *run = &runs->runs[i];
            if (!is_named(run, name))
                continue;
            count++;
            if (run->modified_ns > newest_ns && keep(args, run->folder))
                newest_ns = run->modified_ns;
        }
        afmon_found_runs_free(runs);
    }
    return count;
}

/* metrics.jsonl, afterimage.log, and those of further processes. */
static bool is_file_of_run(const char *name)
{
    size_t length = strlen(name);
    return (strncmp(name, "metrics", 7) == 0 && length > 6 && strcmp(name + length - 6, ".jsonl") == 0) ||
           (strncmp(name, "afterimage", 10) == 0 && length > 4 && strcmp(name + length - 4, ".log") == 0);
}

static const char *folder_of_file(cli_args *args, const char *path)
{
    const char *name = last_part(path);
    size_t length = (size_t)(name - path);
    if (!is_file_of_run(name) || length >= sizeof args->folder)
        return path;
    memcpy(args->folder, path, length);
    args->folder[length] = '\0';
    if (length > 1)
        args->folder[length - 1] = '\0'; /* the slash, which may be the root */
    return length == 0 ? "." : args->folder;
}

const char *cli_run_folder(cli_args *args, const char *word)
{
    struct stat facts;
    if (stat(word, &facts) == 0)
        return S_ISREG(facts.st_mode) ? folder_of_file(args, word) : word;
    size_t count = strchr(word, '/') == NULL ? find_newest(args, word) : 0;
    if (count == 0)
        return word;
    if (count > 1)
        cli_error("%s: the newest of %s runs named '%s'", args->folder, cli_count(count).s, word);
    else
        cli_error("%s: the run named '%s'", args->folder, word);
    return args->folder;
}

const char *cli_folder_operand(cli_args *args)
{
    const char *command = args->usage->command;
    int count = cli_operand_count(args);
    if (count > 1) {
        cli_usage_error(command, "one run folder at a time; '%s' is too much", cli_operand(args, 1));
        return NULL;
    }
    if (count == 1 && *cli_operand(args, 0))
        return cli_run_folder(args, cli_operand(args, 0));
    if (count == 1 || find_newest(args, NULL) == 0) {
        cli_usage_error(command, "give the run folder to %s: there is no run here, nor in %s", command, cli_place(0));
        return NULL;
    }
    cli_error("%s: the newest run here", args->folder);
    return args->folder;
}

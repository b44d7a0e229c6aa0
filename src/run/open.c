/* A run folder as a view: recover, load every metrics file, count the log's alerts. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/options.h"
#include "base/status.h"
#include "ingest/recover.h"
#include "ingest/session.h"
#include "model/run_log.h"
#include "money/ledger.h"
#include "run/recorded.h"
#include "run/living.h"
#include "run/loader.h"
#include "store/view.h"

#define DEFAULT_MEMORY ((size_t)1 << 30)
#define LEAST_MEMORY ((size_t)1 << 20)

struct opening {
    const char *folder;
    afmon_view_options options;
    struct afmon_recorded files;
    struct afmon_source *sources; /* paths are those of metrics */
    struct afmon_store *store;
    struct afmon_loader *loader;
    struct afmon_problems problems;
    uint64_t unreadable_lines; /* those of them that are lines */
    struct afmon_run_log *log;
    struct afmon_problems warnings;
    uint64_t bytes_before; /* of the files that are done with */
    afmon_error *error;
};

void afmon_view_options_init(afmon_view_options *options)
{
    *options = (afmon_view_options){.size = sizeof *options, .max_memory = DEFAULT_MEMORY};
}

afmon_status afmon_recover(const char *folder, uint64_t *recovered, afmon_error *error)
{
    struct afmon_recovery recovery = {0};
    if (recovered != NULL)
        *recovered = 0;
    if (folder == NULL || folder[0] == '\0')
        return afmon_fail(error, AFMON_E_ARGUMENT, "no folder was given");
    afmon_status status = afmon_recover_folder(folder, &recovery, error);
    if (recovered != NULL)
        *recovered = recovery.records;
    if (status == AFMON_OK && recovery.left_behind)
        return afmon_fail(error, AFMON_E_UNWRITABLE,
                          "%s cannot be written: what a killed process left is still in its rings", folder);
    if (status == AFMON_OK && recovery.damaged > 0)
        return afmon_fail(error, AFMON_E_FORMAT,
                          "%s/" AFMON_PRIVATE_FOLDER " holds %zu damaged file%s of killed processes: what is in %s "
                          "could not be recovered; remove %s when %s no longer wanted",
                          folder, recovery.damaged, recovery.damaged == 1 ? "" : "s",
                          recovery.damaged == 1 ? "it" : "them", recovery.damaged == 1 ? "it" : "them",
                          recovery.damaged == 1 ? "it is" : "they are");
    return status;
}

static afmon_status take_options(struct opening *opening, const afmon_view_options *options)
{
    afmon_view_options_init(&opening->options);
    afmon_status status =
        afmon_options_take(&opening->options, sizeof opening->options, options, "afmon_view_options", opening->error);
    if (status != AFMON_OK)
        return status;
    if (opening->options.max_memory < LEAST_MEMORY)
        return afmon_fail(opening->error, AFMON_E_ARGUMENT, "max_memory is %zu; it must be at least %zu",
                          opening->options.max_memory, LEAST_MEMORY);
    return AFMON_OK;
}

static int report_progress(void *user, uint64_t bytes)
{
    const struct opening *opening = user;
    const afmon_view_options *options = &opening->options;
    if (options->progress == NULL)
        return 0;
    uint64_t total = opening->files.metrics.bytes + opening->files.logs.bytes;
    uint64_t done = opening->bytes_before + bytes;
    return options->progress(options->user, done < total ? done : total, total);
}

static afmon_status load_metrics(struct opening *opening)
{
    opening->sources = calloc(opening->files.metrics.count + 1, sizeof *opening->sources);
    if (opening->sources == NULL)
        return afmon_fail_memory(opening->error);
    for (size_t i = 0; i < opening->files.metrics.count; i++) {
        const struct afmon_run_file *file = &opening->files.metrics.files[i];
        opening->sources[i] = afmon_recorded_source(&opening->files, file);
        struct afmon_load load = {.source = opening->sources[i],
                                  .label = file->label,
                                  .tolerate_torn = opening->files.recovery.live,
                                  .problems = &opening->problems,
                                  .warnings = &opening->warnings,
                                  .progress = report_progress,
                                  .user = opening};
        afmon_status status = afmon_load_file(opening->loader, &load, opening->error);
        if (status != AFMON_OK)
            return status;
        opening->bytes_before += file->size;
    }
    return AFMON_OK;
}

static void free_run_log(struct afmon_run_log *log)
{
    if (log != NULL)
        afmon_run_log_free(log);
    free(log);
}

static afmon_status read_logs(struct opening *opening)
{
    opening->log = calloc(1, sizeof *opening->log);
    if (opening->log == NULL)
        return afmon_fail_memory(opening->error);
    for (size_t i = 0; i < opening->files.logs.count; i++) {
        afmon_status status =
            afmon_recorded_read_log(&opening->files, i, opening->log, report_progress, opening, opening->error);
        if (status != AFMON_OK)
            return status;
        opening->bytes_before += opening->files.logs.files[i].size;
    }
    return AFMON_OK;
}

static void note_damage(struct opening *opening)
{
    char text[200];
    size_t damaged = opening->files.recovery.damaged + opening->files.left.damaged;
    snprintf(text, sizeof text,
             AFMON_PRIVATE_FOLDER " holds %zu damaged file%s of killed processes: samples may be missing", damaged,
             damaged == 1 ? "" : "s");
    if (damaged > 0)
        afmon_problems_note(&opening->problems, text);
}

/* Of a copy, a ring knows of text that is not in the file. */
static void note_older(struct opening *opening)
{
    if (opening->files.recovery.older + opening->files.left.older > 0)
        afmon_problems_note(&opening->problems, "this is a copy of a run that was going on, and a file in it is older "
                                                "than what is in " AFMON_PRIVATE_FOLDER ": samples may be missing");
}

static void note_unreadable(struct opening *opening)
{
    if (opening->files.recovery.unreadable == EACCES || opening->files.left.unread > 0)
        afmon_problems_note(&opening->problems, AFMON_PRIVATE_FOLDER " may not be read: what killed processes left in "
                                                                     "it is not shown");
    else if (opening->files.recovery.unreadable != 0)
        afmon_problems_note(&opening->problems, AFMON_PRIVATE_FOLDER " is a file or a link, not a folder: nothing of "
                                                                     "it is read");
}

/* In the place of the run's files there are others. */
static void note_refused(struct opening *opening, const struct afmon_run_listing *files)
{
    char text[sizeof files->why + 40];
    size_t more = files->refused > 0 ? files->refused - 1 : 0;
    snprintf(text, sizeof text, more > 0 ? "%s; nor are %zu more like it" : "%s", files->why, more);
    if (files->refused > 0)
        afmon_problems_note(&opening->problems, text);
}

static afmon_status prepare(struct opening *opening)
{
    afmon_status status = afmon_recorded_open(opening->folder, &opening->files, opening->error);
    if (status != AFMON_OK)
        return status;
    note_damage(opening);
    note_older(opening);
    note_unreadable(opening);
    note_refused(opening, &opening->files.metrics);
    note_refused(opening, &opening->files.logs);
    return AFMON_OK;
}

static afmon_status load(struct opening *opening)
{
    opening->store = afmon_store_new(opening->options.max_memory);
    if (opening->store != NULL)
        opening->loader = afmon_loader_new(opening->store);
    if (opening->loader == NULL)
        return afmon_fail_memory(opening->error);
    size_t other_problems = opening->problems.count;
    afmon_status status = load_metrics(opening);
    opening->unreadable_lines = opening->problems.count - other_problems;
    if (status == AFMON_OK)
        status = afmon_recorded_is_a_run(&opening->files, opening->folder, opening->error);
    return status == AFMON_OK ? read_logs(opening) : status;
}

/* Which processes' items are open. Without memory for it they are taken to be abandoned. */
static void note_living(const struct opening *opening, struct afmon_view_extra *extra)
{
    struct afmon_living living;
    if (!opening->files.recovery.live)
        return;
    afmon_living_look(opening->folder, &living);
    extra->living_left_out = living.living > AFMON_LIVING_MAX;
    size_t count = extra->living_left_out ? AFMON_LIVING_MAX : living.living;
    extra->living = count > 0 ? malloc(count * sizeof *extra->living) : NULL;
    if (extra->living == NULL)
        return;
    memcpy(extra->living, living.serials, count * sizeof *extra->living);
    extra->living_count = count;
}

/* The sets' last references from here go with the loader, so it goes first. */
static afmon_status make_view(struct opening *opening, afmon_view **view)
{
    afmon_loader_free(opening->loader);
    opening->loader = NULL;
    afmon_status status =
        afmon_view_new(opening->store, opening->sources, opening->files.metrics.count, view, opening->error);
    if (status != AFMON_OK)
        return status;
    struct afmon_view_extra extra = {.file_count = opening->files.metrics.count,
                                     .problems = opening->problems.texts,
                                     .problems_kept = opening->problems.kept,
                                     .problem_count = opening->problems.count,
                                     .unreadable_lines = opening->unreadable_lines,
                                     .warnings = opening->warnings.texts,
                                     .warnings_kept = opening->warnings.kept,
                                     .log_alert_count = opening->log->alert_lines,
                                     .run_log = opening->log,
                                     .free_run_log = free_run_log,
                                     .dropped = opening->log->dropped,
                                     .recovered = opening->files.recovery.records,
                                     .live = opening->files.recovery.live};
    note_living(opening, &extra);
    bool found;
    extra.has_budget = afmon_ledger_look(opening->folder, &extra.budget, &found, NULL) == AFMON_OK && found;
    afmon_view_set_extra(*view, &extra);
    opening->problems = opening->warnings = (struct afmon_problems){0};
    opening->log = NULL;
    return AFMON_OK;
}

static void clean_up(struct opening *opening)
{
    afmon_loader_free(opening->loader);
    if (opening->store != NULL)
        afmon_store_release(opening->store);
    free_run_log(opening->log);
    afmon_problems_free(&opening->problems);
    afmon_problems_free(&opening->warnings);
    for (size_t i = 0; opening->sources != NULL && i < opening->files.metrics.count; i++)
        free(opening->sources[i].text);
    free(opening->sources);
    afmon_recorded_free(&opening->files);
}

afmon_status afmon_view_open(const char *folder, const afmon_view_options *options, afmon_view **view,
                             afmon_error *error)
{
    if (view == NULL)
        return afmon_fail(error, AFMON_E_ARGUMENT, "no place for the view was given");
    *view = NULL;
    if (folder == NULL || folder[0] == '\0')
        return afmon_fail(error, AFMON_E_ARGUMENT, "no folder was given");
    struct opening opening = {.folder = folder, .error = error};
    afmon_status status = take_options(&opening, options);
    if (status == AFMON_OK)
        status = prepare(&opening);
    if (status == AFMON_OK)
        status = load(&opening);
    if (status == AFMON_OK)
        status = make_view(&opening, view);
    clean_up(&opening);
    return status;
}

/* What becomes of files and session while they are written: others may remove, replace or close them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/status.h"
#include "ingest/presence.h"
#include "monitor/core.h"

/* ---- the session ---- */

/* Numbers that threads hold go on to mean what they meant. */
static int define_again(struct afmon_core *core)
{
    while (core->session.definitions < core->definitions) {
        uint32_t number = core->session.definitions + 1;
        const struct afmon_defined_entry *entry = afmon_defined_find(&core->defined, number);
        afmon_status status = entry == NULL ? AFMON_E_NO_MEMORY
                                            : afmon_session_define(&core->session, entry->name, entry->name_length,
                                                                   entry->packed, entry->packed_length, &number);
        if (status != AFMON_OK)
            return EIO;
    }
    return 0;
}

static bool session_is_current(const struct afmon_core *core)
{
    return core->session.serial == core->hub.serial && afmon_session_is_there(&core->session);
}

static int renew_session(struct afmon_core *core)
{
    int failure = afmon_session_is_there(&core->session) ? 0 : afmon_session_renew(&core->session, core->folder_path);
    if (failure == 0 && core->session.serial != core->hub.serial)
        failure = define_again(core);
    return failure;
}

static int look_at_session(struct afmon_core *core, struct afmon_file_changes *changes)
{
    uint64_t old = core->hub.serial;
    if (session_is_current(core))
        return 0;
    pthread_mutex_lock(&core->define_lock);
    afmon_hub_move_begin(&core->hub);
    int failure = renew_session(core);
    afmon_hub_move_end(&core->hub, failure == 0 ? core->session.serial : old);
    pthread_mutex_unlock(&core->define_lock);
    if (failure != 0)
        return failure;
    memcpy(core->files.file[AFMON_METRICS_FILE].is.name, core->session.metrics_file, AFMON_FILE_NAME);
    memcpy(core->files.file[AFMON_LOG_FILE].is.name, core->session.log_file, AFMON_FILE_NAME);
    core->files_told = false;
    changes->session = true;
    changes->session_anew = core->session.serial != old;
    return 0;
}

/* ---- the files ---- */

/* A path that was given out stays as long as the core. */
struct afmon_old_path {
    struct afmon_old_path *next;
    char *path;
};

/* Without memory for it, the path that was. */
static char *new_path(struct afmon_core *core, const struct afmon_file_place *place, const char *name)
{
    char *path = afmon_path_join(core->monitor->log_dir, name);
    struct afmon_old_path *old = malloc(sizeof *old);
    if (path == NULL || old == NULL || strcmp(path, place->path) == 0) {
        free(path);
        free(old);
        return place->path;
    }
    *old = (struct afmon_old_path){core->old_paths, place->path};
    core->old_paths = old;
    return path;
}

/* Where readers of a live monitor find a file: behind what was there before it, as far as that is known. */
static void follow_place(struct afmon_core *core, struct afmon_file_place *place, const struct afmon_landing_file *file,
                         enum afmon_file_change change)
{
    bool other = change == AFMON_FILE_REMOVED || change == AFMON_FILE_RENAMED;
    char *path = new_path(core, place, file->is.name);
    pthread_mutex_lock(&core->lock);
    place->path = path;
    if (other || file->size < place->begin)
        place->begin = file->size;
    if (change != AFMON_FILE_CLOSED) {
        place->changes++;
        place->from = file->size;
    }
    pthread_mutex_unlock(&core->lock);
}

struct afmon_file_place afmon_core_place(struct afmon_core *core, const struct afmon_file_place *place)
{
    pthread_mutex_lock(&core->lock);
    struct afmon_file_place now = *place;
    pthread_mutex_unlock(&core->lock);
    return now;
}

void afmon_places_free(struct afmon_core *core)
{
    while (core->old_paths != NULL) {
        struct afmon_old_path *old = core->old_paths;
        core->old_paths = old->next;
        free(old->path);
        free(old);
    }
    free(core->metrics_place.path);
    free(core->log_place.path);
}

static void take_news(struct afmon_core *core, int which, const struct afmon_file_news *news)
{
    const struct afmon_landing_file *file = &core->files.file[which];
    bool metrics = which == AFMON_METRICS_FILE;
    if (news->change == AFMON_FILE_SAME)
        return;
    core->files_told = false;
    afmon_count(metrics ? &core->counts.samples_lost : &core->counts.logs_lost, news->lost);
    if (news->change == AFMON_FILE_CUT && news->written > 0)
        atomic_store_explicit(&core->counts.files_cut, true, memory_order_relaxed);
    follow_place(core, metrics ? &core->metrics_place : &core->log_place, file, news->change);
}

/* Before that there is nobody to tell, and nothing recorded. */
static bool is_published(const struct afmon_core *core)
{
    uint32_t state = atomic_load_explicit(&core->monitor->page->process.state, memory_order_acquire);
    return state == AFMON_PROCESS_OPEN || state == AFMON_PROCESS_CLOSING;
}

int afmon_core_look_at_files(struct afmon_core *core, struct afmon_file_changes *changes)
{
    memset(changes, 0, sizeof *changes);
    if (!core->has_session || !is_published(core))
        return 0;
    int failure = look_at_session(core, changes);
    if (failure != 0)
        return failure;
    failure = afmon_run_files_look(&core->files, &core->session, changes->news);
    for (int which = 0; which < AFMON_RUN_FILES; which++)
        take_news(core, which, &changes->news[which]);
    if (failure == 0 && !core->files_told) {
        failure = afmon_session_set_files(&core->session, &core->files.file[AFMON_METRICS_FILE].is,
                                          &core->files.file[AFMON_LOG_FILE].is);
        core->files_told = failure == 0;
    }
    return failure;
}

/* ---- counts ---- */

static uint64_t count_of(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

struct afmon_line_counts afmon_core_lines(const struct afmon_core *core)
{
    uint64_t samples_lost = count_of(&core->counts.samples_lost);
    uint64_t logs_lost = count_of(&core->counts.logs_lost);
    return (struct afmon_line_counts){.cut = atomic_load_explicit(&core->counts.files_cut, memory_order_relaxed),
                                      .samples = count_of(&core->counts.samples_written) - samples_lost,
                                      .logs = count_of(&core->counts.logs_written) - logs_lost,
                                      .lost = samples_lost + logs_lost};
}

/* Which runs there are in a folder. */
#include <afmon/afmon.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/status.h"
#include "model/run_log.h"
#include "run/folder.h"
#include "run/look.h"
#include "store/reader_text.h"

#define LOG_BEGIN ((int64_t)64 << 10)

struct list {
    afmon_found_runs result; /* first: what the caller holds */
    afmon_found_run *runs;
    size_t room;
};

static void free_run(const afmon_found_run *run)
{
    free((char *)(uintptr_t)run->folder);
    free((char *)(uintptr_t)run->name);
}

void afmon_found_runs_free(afmon_found_runs *runs)
{
    struct list *list = (struct list *)runs;
    if (list == NULL)
        return;
    for (size_t i = 0; i < list->result.count; i++)
        free_run(&list->runs[i]);
    free(list->runs);
    free(list);
}

/* NULL: no memory. */
static char *text_of(const struct afmon_run_word *word)
{
    struct afmon_buffer text;
    afmon_buffer_init(&text, (size_t)LOG_BEGIN);
    if (word->raw != NULL)
        afmon_json_unescape(&text, word->raw, word->length);
    char *copy = text.failed ? NULL : strndup(text.length > 0 ? text.data : "", text.length);
    afmon_buffer_free(&text);
    return copy;
}

/* Records stand at the begin of a log: only that is read. */
static char *name_of(const char *folder)
{
    struct afmon_run_listing logs;
    struct afmon_run_log log = {0};
    if (afmon_run_list(folder, "afterimage", ".log", &logs, NULL) != AFMON_OK)
        return strdup("");
    for (size_t i = 0; i < logs.count; i++) {
        int64_t end = logs.files[i].size < (uint64_t)LOG_BEGIN ? (int64_t)logs.files[i].size : LOG_BEGIN;
        (void)afmon_run_log_file(&log, logs.files[i].path, 0, end, NULL, NULL, NULL);
    }
    char *name = text_of(&log.about.name);
    afmon_run_log_free(&log);
    afmon_run_listing_free(&logs);
    return name;
}

static afmon_status add(struct list *list, const char *folder, const struct afmon_look *look, afmon_error *error)
{
    if (list->result.count == list->room) {
        size_t room = list->room == 0 ? 32 : list->room * 2;
        afmon_found_run *more = reallocarray(list->runs, room, sizeof *more);
        if (more == NULL)
            return afmon_fail_memory(error);
        list->runs = more;
        list->room = room;
    }
    afmon_found_run run = {
        .folder = strdup(folder),
        .name = name_of(folder),
        .bytes = look->bytes,
        .modified_ns = look->modified_ns,
        .live = look->living > 0,
    };
    if (run.folder == NULL || run.name == NULL) {
        free_run(&run);
        return afmon_fail_memory(error);
    }
    list->runs[list->result.count++] = run;
    return AFMON_OK;
}

static bool is_run(const struct afmon_look *look)
{
    return look->files > 0 || look->samples || look->living > 0;
}

static afmon_status consider(struct list *list, const char *path, bool *found, afmon_error *error)
{
    struct afmon_look look;
    afmon_look_at_folder(path, &look);
    *found = is_run(&look);
    return *found ? add(list, path, &look, error) : AFMON_OK;
}

static afmon_status consider_below(struct list *list, const char *folder, DIR *entries, afmon_error *error)
{
    afmon_status status = AFMON_OK;
    bool found;
    for (const struct dirent *entry; status == AFMON_OK && (entry = readdir(entries)) != NULL;) {
        if (entry->d_name[0] == '.' ||
            (entry->d_type != DT_DIR && entry->d_type != DT_LNK && entry->d_type != DT_UNKNOWN))
            continue;
        char *path = afmon_path_join(folder, entry->d_name);
        status = path != NULL ? consider(list, path, &found, error) : afmon_fail_memory(error);
        free(path);
    }
    return status;
}

static int compare_runs(const void *left, const void *right)
{
    const afmon_found_run *a = left;
    const afmon_found_run *b = right;
    if (a->modified_ns != b->modified_ns)
        return a->modified_ns > b->modified_ns ? -1 : 1;
    return strcmp(b->folder, a->folder);
}

static afmon_status find(struct list *list, const char *folder, afmon_error *error)
{
    bool found = false;
    afmon_status status = consider(list, folder, &found, error);
    if (status != AFMON_OK || found)
        return status;
    DIR *entries = opendir(folder);
    if (entries == NULL)
        return afmon_fail_os(error, errno, "cannot look for runs in %s", folder);
    status = consider_below(list, folder, entries, error);
    closedir(entries);
    return status;
}

afmon_status afmon_runs_find(const char *folder, afmon_found_runs **runs, afmon_error *error)
{
    if (runs == NULL || folder == NULL || *folder == '\0')
        return afmon_fail(error, AFMON_E_ARGUMENT, "give the folder in which to look for runs");
    struct list *list = calloc(1, sizeof *list);
    *runs = NULL;
    if (list == NULL)
        return afmon_fail_memory(error);
    afmon_status status = find(list, folder, error);
    if (status != AFMON_OK) {
        afmon_found_runs_free(&list->result);
        return status;
    }
    if (list->result.count > 1)
        qsort(list->runs, list->result.count, sizeof *list->runs, compare_runs);
    list->result.runs = list->runs;
    *runs = &list->result;
    return AFMON_OK;
}

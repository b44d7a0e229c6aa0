#include "run/recorded.h"

#include <string.h>

#include "base/status.h"

static afmon_status list_files(const char *folder, struct afmon_recorded *files, afmon_error *error)
{
    afmon_run_listing_free(&files->metrics);
    afmon_run_listing_free(&files->logs);
    afmon_status status = afmon_run_list(folder, "metrics", ".jsonl", &files->metrics, error);
    if (status == AFMON_OK)
        status = afmon_run_list(folder, "afterimage", ".log", &files->logs, error);
    return status;
}

/* Files that only a recovery would make. */
static afmon_status list_left(const char *folder, struct afmon_recorded *files, afmon_error *error)
{
    afmon_status status = AFMON_OK;
    for (size_t i = 0; i < files->left.count && status == AFMON_OK; i++) {
        const struct afmon_left_file *file = &files->left.files[i];
        if (file->text.length > 0)
            status = afmon_run_list_add(folder, file->log ? "afterimage" : "metrics", file->log ? ".log" : ".jsonl",
                                        file->name, file->log ? &files->logs : &files->metrics, error);
    }
    return status;
}

afmon_status afmon_recorded_open(const char *folder, struct afmon_recorded *files, afmon_error *error)
{
    *files = (struct afmon_recorded){0};
    afmon_status status = list_files(folder, files, error); /* first: a folder that is none gets a clear error */
    if (status != AFMON_OK)
        return status;
    status = afmon_recover_folder(folder, &files->recovery, error);
    if (status != AFMON_OK && !files->recovery.left_behind)
        return status;
    if (files->recovery.left_behind)
        status = afmon_recover_peek(folder, &files->left, error);
    /* Again: whoever recovered meanwhile, we or another process, may have made files longer, or new ones. */
    if (status == AFMON_OK)
        status = list_files(folder, files, error);
    return status == AFMON_OK ? list_left(folder, files, error) : status;
}

void afmon_recorded_free(struct afmon_recorded *files)
{
    afmon_run_listing_free(&files->metrics);
    afmon_run_listing_free(&files->logs);
    afmon_left_free(&files->left);
}

/* A session that lives, or that a killed process left, makes a run of a folder whose files others took away. */
afmon_status afmon_recorded_is_a_run(const struct afmon_recorded *files, const char *folder, afmon_error *error)
{
    if (files->metrics.count > 0 || files->recovery.live || files->left.count > 0)
        return AFMON_OK;
    if (files->metrics.refused > 0)
        return afmon_fail(error, AFMON_E_NO_DATA, "%s: %s", folder, files->metrics.why);
    return afmon_fail(error, AFMON_E_NO_DATA, "%s holds no metrics.jsonl: is it a run folder?", folder);
}

static const char *name_of(const struct afmon_run_file *file)
{
    return strrchr(file->path, '/') + 1;
}

/* The folder cannot be written: what dead processes left is shown from where it lies, behind what is in files. */
struct afmon_source afmon_recorded_source(struct afmon_recorded *files, const struct afmon_run_file *file)
{
    struct afmon_left_file *left = afmon_left_find(&files->left, name_of(file));
    struct afmon_source source = {.path = file->path, .end = (off_t)file->size};
    if (left == NULL)
        return source;
    source.end = (off_t)left->end; /* what stands behind is only a part of a batch, which the text has as a whole */
    source.text = left->text.data;
    source.text_length = left->text.length;
    left->text.data = NULL;
    afmon_buffer_free(&left->text);
    return source;
}

afmon_status afmon_recorded_read_log(const struct afmon_recorded *files, size_t number, struct afmon_run_log *log,
                                     int (*progress)(void *user, uint64_t bytes), void *user, afmon_error *error)
{
    const struct afmon_run_file *file = &files->logs.files[number];
    const struct afmon_left_file *left = afmon_left_find(&files->left, name_of(file));
    int64_t end = left != NULL ? left->end : (int64_t)file->size;
    afmon_status status = end > 0 ? afmon_run_log_file(log, file->path, 0, end, progress, user, error) : AFMON_OK;
    if (status == AFMON_OK && left != NULL && left->text.length > 0)
        status = afmon_run_log_text(log, left->text.data, left->text.length);
    return status == AFMON_E_NO_MEMORY ? afmon_fail_memory(error) : status;
}

/* The files of a run folder. */
#ifndef AFMON_RUN_FOLDER_H
#define AFMON_RUN_FOLDER_H

#include <afmon/afmon.h>

struct afmon_run_file {
    char *path;
    char *label;   /* its name in the folder, fit for messages */
    uint64_t size; /* when the folder was read */
};

/* Files of one kind: STEM.EXTENSION first, then STEM-*.EXTENSION in the order of their names. */
struct afmon_run_files {
    struct afmon_run_file *files;
    size_t count;
    uint64_t bytes; /* all sizes together */
};

/* Lists the regular files (symbolic links to such included) of a kind. A folder that does not exist, or is none, is an
 * error that says so. On failure there is nothing to free. */
afmon_status afmon_run_list(const char *folder, const char *stem, const char *extension, struct afmon_run_files *files,
                            afmon_error *error);
void afmon_run_files_free(struct afmon_run_files *files);

#endif

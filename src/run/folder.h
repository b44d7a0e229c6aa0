/* The files of a run folder. */
#ifndef AFMON_RUN_FOLDER_H
#define AFMON_RUN_FOLDER_H

#include <afmon/afmon.h>
#include <sys/stat.h>

struct afmon_run_file {
    char *path;
    char *label;   /* its name in the folder, fit for messages */
    uint64_t size; /* when the folder was read */
};

/* Files of one kind: STEM.EXTENSION first, then STEM-*.EXTENSION in the order of their names. */
struct afmon_run_listing {
    struct afmon_run_file *files;
    size_t count;
    uint64_t bytes; /* all sizes together */
    size_t refused; /* of the same names, but no regular files */
    char why[120];  /* what the first of those is; "": there are none */
};

/* Lists the regular files of a kind. Symbolic links are not followed: they may lead out of the folder. A folder that
 * does not exist, or is none, is an error that says so. On failure there is nothing to free. */
afmon_status afmon_run_list(const char *folder, const char *stem, const char *extension,
                            struct afmon_run_listing *files, afmon_error *error);

/* Puts a file of that kind into the list that may not be there, with a size of 0. AFMON_E_NO_MEMORY. */
afmon_status afmon_run_list_add(const char *folder, const char *stem, const char *extension, const char *name,
                                struct afmon_run_listing *files, afmon_error *error);

/* What something that is no regular file is, with its article. */
const char *afmon_run_file_kind(mode_t mode);
void afmon_run_listing_free(struct afmon_run_listing *files);

#endif

/* An output file that is there whole or not at all: written under another name in the same folder, synced, renamed. */
#ifndef AFMON_BASE_TARGET_H
#define AFMON_BASE_TARGET_H

#include <afmon/afmon.h>

struct afmon_target {
    char *path;      /* the name it gets in the end */
    char *folder;    /* where it lies */
    char *temporary; /* the name it has until then; NULL: nothing is there */
};

/* Creates the folder and an empty file in it. What stands under path now is left alone until afmon_target_finish; a
 * folder or a device there is an error. A zeroed target to begin with; afmon_target_drop it in every case. */
afmon_status afmon_target_begin(struct afmon_target *target, const char *path, afmon_error *error);

/* Adds to the end. The file is open only meanwhile, so there may be any number of targets at a time. */
afmon_status afmon_target_append(const struct afmon_target *target, const void *data, size_t length,
                                 afmon_error *error);

/* Opens it for writing: a descriptor, or -1. */
int afmon_target_open(const struct afmon_target *target, afmon_error *error);

/* Syncs it, gives it its name in place of what had it, and syncs the folder. */
afmon_status afmon_target_finish(struct afmon_target *target, afmon_error *error);

/* Removes what was not finished, and frees the names. */
void afmon_target_drop(struct afmon_target *target);

#endif

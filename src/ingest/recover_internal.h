/* Recovery for those who hold the folder's lock already. */
#ifndef AFMON_INGEST_RECOVER_INTERNAL_H
#define AFMON_INGEST_RECOVER_INTERNAL_H

#include "ingest/recover.h"

/* As afmon_recover_folder, on open folders whose lock is held; folder is its name, for messages. */
afmon_status afmon_recover_locked(int folder_fd, int private_folder, const char *folder, struct afmon_recovery *result,
                                  afmon_error *error);

#endif

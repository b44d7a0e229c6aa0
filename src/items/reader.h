/* Reading items where not every data set may be read. */
#ifndef AFMON_ITEMS_READER_H
#define AFMON_ITEMS_READER_H

#include <afmon/afmon.h>

/* Says whether the data set that a run's record names may be read. NULL: it may. */
struct afmon_item_guard {
    bool (*allows)(void *user, const char *path);
    void *user;
};

/* As afmon_item_reader_open. AFMON_E_NO_DATA where the guard does not allow it. */
afmon_status afmon_item_reader_open_guarded(const char *folder, const afmon_item_query *query,
                                            const struct afmon_item_guard *guard, afmon_item_reader **reader,
                                            afmon_error *error);

#endif

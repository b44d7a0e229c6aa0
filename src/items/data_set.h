/* The texts of items: lines of a data set, found by what names the item in them. It is read from its end, as far as it
 * is asked for, and holds places alone. */
#ifndef AFMON_ITEMS_DATA_SET_H
#define AFMON_ITEMS_DATA_SET_H

#include "base/slots.h"
#include "items/back.h"

struct afmon_data_set {
    struct afmon_back back;
    char *path;
    bool all; /* it was read to its beginning */
    struct afmon_slots places;
    char *line; /* the one that was asked for last */
};

/* To be freed whatever this returns. AFMON_E_NO_DATA: it cannot be read, and why. */
afmon_status afmon_data_set_open(struct afmon_data_set *set, const char *path, afmon_error *error);
void afmon_data_set_free(struct afmon_data_set *set);

/* The line of an item: of those that name it the last. *line is NULL where none does, or it is no JSON; valid until the
 * next call. */
afmon_status afmon_data_set_find(struct afmon_data_set *set, const char *kind, const char *id, const char **line,
                                 size_t *length, afmon_error *error);

#endif

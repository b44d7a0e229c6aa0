/* Packed fields unpacked and put in order: no key twice, every key well-formed UTF-8. */
#ifndef AFMON_CATALOG_FIELD_LIST_H
#define AFMON_CATALOG_FIELD_LIST_H

#include "base/table.h"
#include "catalog/fields.h"

#define AFMON_FIELD_LIST_FEW 32 /* so many need no memory of their own */

struct afmon_field_list {
    afmon_field few[AFMON_FIELD_LIST_FEW];
    afmon_field *fields; /* texts point into the packed bytes, or into keys */
    size_t count;
    struct afmon_table table; /* only where there are many fields */
    uint64_t seed;
    struct afmon_buffer keys; /* keys that had to be repaired */
    bool as_given;            /* packing the list gives the same bytes again */
};

/* Fills the list: of keys that come twice, the last value at the first one's place. Bytes from the first that is no
 * field on are left out. The list must not be moved or copied. False where memory is short; nothing is to be freed
 * then. */
bool afmon_field_list_read(struct afmon_field_list *list, const void *packed, size_t length);
void afmon_field_list_free(struct afmon_field_list *list);

/* As afmon_fields_render (catalog/fields.h). */
void afmon_field_list_render(const struct afmon_field_list *list, struct afmon_buffer *buffer,
                             enum afmon_line_kind kind);

#endif

/* Operations that stand for an item: what people make. All others are calls. */
#ifndef AFMON_CATALOG_OPERATIONS_H
#define AFMON_CATALOG_OPERATIONS_H

#include <stddef.h>

/* The kind of item that an operation makes: "conversation", "row", "task". Static text; NULL: it makes none. */
const char *afmon_item_of_operation(const char *operation, size_t length);

#endif

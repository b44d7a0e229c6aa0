#include "catalog/operations.h"

#include <string.h>

static const struct {
    const char *operation;
    size_t length;
    const char *kind;
} rows[] = {
#define AS_ROW(operation, kind) {operation, sizeof(operation) - 1, kind},
    AFMON_ITEM_OPERATION_MAP(AS_ROW)
#undef AS_ROW
};

const char *afmon_item_kind_of(const char *operation, size_t length)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].length == length && memcmp(rows[i].operation, operation, length) == 0)
            return rows[i].kind;
    return NULL;
}

#include "catalog/operations.h"

#include <string.h>

/* X(operation, kind of item) */
#define AFMON_ITEM_OPERATIONS(X)                                                                                       \
    X("conversation_generation", "conversation")                                                                       \
    X("structured_generation", "row")                                                                                  \
    X("opensimula.task.single_qa_generate", "task")                                                                    \
    X("opensimula.task.mcq_generate", "task")

static const struct {
    const char *operation;
    const char *kind;
} operations[] = {
#define AFMON_ITEM_OPERATION(operation, kind) {operation, kind},
    AFMON_ITEM_OPERATIONS(AFMON_ITEM_OPERATION)
#undef AFMON_ITEM_OPERATION
};

const char *afmon_item_of_operation(const char *operation, size_t length)
{
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++)
        if (strlen(operations[i].operation) == length && memcmp(operations[i].operation, operation, length) == 0)
            return operations[i].kind;
    return NULL;
}

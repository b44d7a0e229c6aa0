/* Operations that stand for an item: one call of them is one piece of work, which calls of other operations were made
 * for, and whose errors theirs repeat. */
#ifndef AFMON_CATALOG_OPERATIONS_H
#define AFMON_CATALOG_OPERATIONS_H

#include <stddef.h>

/* X(operation, kind of its items) */
#define AFMON_ITEM_OPERATION_MAP(X)                                                                                    \
    X("conversation_generation", "conversation")                                                                       \
    X("structured_generation", "row")                                                                                  \
    X("opensimula.task.single_qa_generate", "task")                                                                    \
    X("opensimula.task.mcq_generate", "task")

/* The kind of the items that an operation stands for; NULL: it is a call only. Static text. Any thread. */
const char *afmon_item_kind_of(const char *operation, size_t length);

#endif

#include "shape.h"

#include <string.h>

#include "shape_internal.h"

#define WORK_STREAM UINT64_C(0x7368617065) /* apart from the streams of the calls */

static const gen_shape shapes[] = {
    {.name = "conversations", .item = GEN_ITEM_CONVERSATION, .items = 1, .work_s = 6.2, .gate = true},
    {.name = "personas", .item = "persona", .items = GEN_PERSONAS, .work_s = 1.6, .make = gen_make_personas},
    {.name = "structured", .item = "row", .items = 1, .work_s = 1.6, .make = gen_make_row},
    {.name = "opensimula",
     .item = "task",
     .items = 1,
     .work_s = 9,
     .prepare = gen_prepare_simula,
     .make = gen_make_task},
};

const gen_shape *gen_shape_find(const char *name)
{
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        if (strcmp(shapes[i].name, name) == 0)
            return &shapes[i];
    return NULL;
}

static gen_work work_of(const gen_conversation_plan *plan, uint64_t index)
{
    return (gen_work){.plan = plan, .index = index, .random = gen_random_at(plan->seed, index, WORK_STREAM)};
}

void gen_shape_make(const gen_shape *shape, const gen_conversation_plan *plan, uint64_t index, gen_made *made)
{
    gen_work work = work_of(plan, index);
    shape->make(&work);
    *made = work.made;
}

bool gen_shape_prepare(const gen_shape *shape, const gen_conversation_plan *plan, gen_made *made)
{
    gen_work work = work_of(plan, UINT64_MAX); /* an index that no piece has: no incident touches it */
    bool prepared = shape->prepare(&work);
    *made = work.made;
    return prepared;
}

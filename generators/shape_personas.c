/* PersonaGenerator and StructuredGenerator in small. */
#include "shape_internal.h"

/* Of a text; of those, personas of the next generation. Several are made by one call, which is the first one's. */
void gen_make_personas(gen_work *work)
{
    afmon_item *items[GEN_PERSONAS] = {NULL};
    size_t count = 0;
    unsigned generation = (unsigned)(work->index % 3);
    const afmon_field fields[] = {
        afmon_int("text_length", 200 + gen_random_below(&work->random, 1800)),
        afmon_int("generation", generation),
    };
    while (count < GEN_PERSONAS && gen_begin_item(work, "persona", work->index * GEN_PERSONAS + count, &items[count]))
        count++;
    work->item = items[0];
    bool made = gen_ask(work, &(gen_asked){.operation = generation == 0 ? "text_to_persona_generation"
                                                                        : "persona_to_persona_generation",
                                           .fields = fields,
                                           .field_count = 2,
                                           .misread = 0.02});
    for (size_t i = 0; i < count; i++)
        gen_end_item(work, items[i], made ? GEN_ACCEPTED : GEN_FAILED_ITEM, NULL);
}

void gen_make_row(gen_work *work)
{
    if (!gen_begin_item(work, "row", work->index, &work->item))
        return;
    bool made = gen_ask(work, &(gen_asked){.operation = "structured_generation", .misread = 0.03});
    gen_end_item(work, work->item, made ? GEN_ACCEPTED : GEN_FAILED_ITEM, NULL);
}

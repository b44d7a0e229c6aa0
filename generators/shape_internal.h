/* What the shapes of generators share. */
#ifndef AFMON_GENERATORS_SHAPE_INTERNAL_H
#define AFMON_GENERATORS_SHAPE_INTERNAL_H

#include "shape.h"

#define GEN_PERSONAS 5 /* that one call of afterimage's makes */

typedef struct gen_asked {
    const char *operation;
    const afmon_field *fields; /* metadata beside it */
    size_t field_count;
    double misread; /* how often an answer does not parse */
} gen_asked;

/* One call, tracked. False: it failed, or the run was stopped. */
bool gen_ask(gen_work *work, const gen_asked *asked);

typedef enum gen_fate { GEN_ACCEPTED, GEN_REJECTED, GEN_FAILED_ITEM } gen_fate;

/* False: no memory for it. */
bool gen_begin_item(gen_work *work, const char *kind, uint64_t id, afmon_item **item);
/* Gives the outcome, and counts it. One that failed because the run was stopped has none. */
void gen_end_item(gen_work *work, afmon_item *item, gen_fate fate, const char *reason);

void gen_make_personas(gen_work *work);
void gen_make_row(gen_work *work);
bool gen_prepare_simula(gen_work *work);
void gen_make_task(gen_work *work);

#endif

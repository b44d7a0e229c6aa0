/* afterimage's generators in small: which calls they make, with which metadata, for which items, and what refuses
 * these. Conversations are run.h's own; the others are made here. */
#ifndef AFMON_GENERATORS_SHAPE_H
#define AFMON_GENERATORS_SHAPE_H

#include <afmon/afmon.h>

#include "conversation.h"
#include "random.h"

/* What came of one piece of work. */
typedef struct gen_made {
    uint64_t accepted;
    uint64_t rejected;
    uint64_t failed;
    unsigned calls;
    unsigned retries;
    bool stopped;        /* the run ended before it did: its items have no outcome */
    char error_type[48]; /* of the call that failed last; "": none did */
    char error[GEN_ERROR_SIZE];
} gen_made;

/* A piece of work while it is done. */
typedef struct gen_work {
    const gen_conversation_plan *plan; /* its respondent answers all calls */
    uint64_t index;
    gen_random random;
    afmon_item *item; /* that calls are made for; NULL: none */
    double duration_s;
    gen_made made;
} gen_work;

typedef struct gen_shape {
    const char *name;
    const char *item;                /* the kind of its items */
    unsigned items;                  /* of a piece of work */
    double work_s;                   /* what a piece takes a simulated model, about */
    bool gate;                       /* conversations are judged, and refused for their grade */
    bool (*prepare)(gen_work *work); /* before all pieces; false: it failed. NULL: nothing to prepare */
    void (*make)(gen_work *work);    /* NULL: a piece is a conversation (conversation.h) */
} gen_shape;

/* "conversations", "personas", "structured", "opensimula"; NULL: there is none of that name. Static. */
const gen_shape *gen_shape_find(const char *name);

/* Does piece `index` of the work, or prepares all of it (false: why is in *made). Any thread; blocks. */
void gen_shape_make(const gen_shape *shape, const gen_conversation_plan *plan, uint64_t index, gen_made *made);
bool gen_shape_prepare(const gen_shape *shape, const gen_conversation_plan *plan, gen_made *made);

#endif

/* An evaluator that is made up: it scores a conversation for coherence, factuality and overall, seeded like the
 * simulated model. */
#ifndef AFMON_GENERATORS_EVALUATOR_H
#define AFMON_GENERATORS_EVALUATOR_H

#include <afmon/afmon.h>

#include "conversation.h"
#include "stop.h"

typedef struct gen_evaluator {
    const char *model; /* its name in the samples; static or kept by the caller */
    uint64_t seed;
    double time_scale;
    gen_stop *stop;
} gen_evaluator;

enum { GEN_SCORES = 3 };

typedef struct gen_verdict {
    bool success;
    afmon_score scores[GEN_SCORES]; /* coherence, factuality, overall: 0..1; texts are static */
    size_t score_count;             /* 0 where it failed */
    double duration_s;
    double prompt_tokens;
    double completion_tokens;
} gen_verdict;

/* What the evaluator thinks of a conversation of so many bytes; depends on seed and index alone. Any thread. */
gen_verdict gen_evaluator_judge(const gen_evaluator *evaluator, uint64_t index, size_t bytes);

/* Judges a conversation of so many bytes, takes the time for it, and tracks the evaluation. Nothing is tracked when the
 * run is abandoned. AFMON_E_LIMIT: it may not cost more, so it was not judged, and the run is told to end. */
afmon_status gen_evaluator_run(const gen_evaluator *evaluator, const gen_conversation_plan *plan,
                               const gen_conversation *conversation, size_t bytes);

#endif

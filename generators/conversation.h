/* One conversation: the correspondent asks, the respondent answers, turn by turn, and the monitor sees every call. */
#ifndef AFMON_GENERATORS_CONVERSATION_H
#define AFMON_GENERATORS_CONVERSATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <afmon/afmon.h>

#include "chat.h"

/* The values of the field "operation". */
#define GEN_OPERATION_PROMPT "correspondent_prompt_generation"
#define GEN_OPERATION_QUESTION "question_generation"
#define GEN_OPERATION_ANSWER "answer_generation"
#define GEN_OPERATION_CONVERSATION "conversation_generation"
#define GEN_OPERATION_EVALUATION "evaluation"
#define GEN_ITEM_CONVERSATION "conversation" /* the kind of its item */

/* How conversations are made. Kept by the caller, unchanged, while conversations run. */
typedef struct gen_conversation_plan {
    afmon_monitor *monitor;
    afmon_monitor *budget;         /* the same where the run has a limit of what it may cost, else NULL */
    gen_chat_model *correspondent; /* asks; may be the same as the respondent */
    gen_chat_model *respondent;    /* answers */
    const char *correspondent_prompt;
    const char *respondent_prompt;
    const char *const *topics; /* conversation i is about topic i modulo topic_count */
    size_t topic_count;        /* 0: no topics are given to the models */
    uint64_t seed;             /* draws the number of turns, 1 .. max_turns, of each conversation */
    bool send_seed;            /* also sent to the models, different for each call */
    bool keep_reasoning;       /* with the messages; it is no part of what the two hear of each other */
    unsigned max_turns;
    bool simulated; /* the models' time is not the clock's */
    afmon_number temperature;
    int max_tokens;
    gen_stop *stop;
} gen_conversation_plan;

typedef struct gen_conversation {
    uint64_t index;
    const char *topic; /* NULL: none; owned by the plan */
    unsigned planned_turns;
    unsigned turns;        /* answered ones */
    gen_message *messages; /* user and assistant by turns; contents are owned */
    size_t count;
    char model[128];      /* of the last answer */
    double duration_s;    /* of all calls */
    double prompt_tokens; /* of all calls that said how many */
    double completion_tokens;
    unsigned calls;
    unsigned retries;
    gen_outcome outcome;
    char error_type[48];
    char error[GEN_ERROR_SIZE];
    gen_lasting lasting; /* of its failure */
    afmon_item *item;    /* as the monitor knows it, without an outcome yet; NULL: no memory for it */
} gen_conversation;

/* Makes conversation `index`: every call is tracked, and at the end the conversation itself (not where the run was
 * stopped: that is no failure). Any thread; blocks. Clear the result in any case. The caller gives the item its
 * outcome; one that still has none when it is cleared stays open. */
void gen_conversation_run(const gen_conversation_plan *plan, uint64_t index, gen_conversation *conversation);
void gen_conversation_clear(gen_conversation *conversation);

/* The turns that conversation `index` is going to have. */
unsigned gen_conversation_turns(const gen_conversation_plan *plan, uint64_t index);

/* Lets the respondent's model write a system prompt for the correspondent. The call is tracked. NULL on failure: the
 * result (cleared by the caller in any case) says why. The caller frees the prompt. */
char *gen_conversation_prompt(const gen_conversation_plan *plan, gen_chat_result *result);

#endif

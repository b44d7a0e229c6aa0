/* What the simulated model says: questions and answers on everyday topics, out of small tables. The same generator of
 * random numbers gives the same text. */
#ifndef AFMON_GENERATORS_GRAMMAR_H
#define AFMON_GENERATORS_GRAMMAR_H

#include <stddef.h>
#include <stdint.h>

#include "random.h"
#include "text.h"

/* The built-in topics, for runs that were given none. Static text. */
size_t gen_grammar_topic_count(void);
const char *gen_grammar_topic(size_t index);

/* Append one question, or one follow-up question, or one answer. A topic that is not built in gets general words. */
void gen_grammar_question(gen_text *out, gen_random *random, const char *topic);
void gen_grammar_follow_up(gen_text *out, gen_random *random, const char *topic);
void gen_grammar_answer(gen_text *out, gen_random *random, const char *topic);

/* A system prompt for the one who asks. */
void gen_grammar_correspondent_prompt(gen_text *out, const char *topic);

#endif

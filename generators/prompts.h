/* What is said to the two models besides what they say to each other. Each function appends to a text. */
#ifndef AFMON_GENERATORS_PROMPTS_H
#define AFMON_GENERATORS_PROMPTS_H

#include "text.h"

/* Asks for a system prompt for the correspondent (who plays the user), given the one of the respondent. */
void gen_prompt_for_correspondent(gen_text *out, const char *respondent_prompt);

/* The system prompt in an answer to that: without the tags, the code fence and the white space around it. A part of
 * `answer`, which is changed in place. "" where nothing is left. */
char *gen_prompt_unwrap(char *answer);

/* The first thing that the correspondent hears. topic may be NULL. */
void gen_prompt_first_question(gen_text *out, const char *topic);

/* What the correspondent hears on later turns: the respondent's reply, and that it stays the user. Given the bare reply
 * a model soon talks like an assistant itself. */
void gen_prompt_follow_up(gen_text *out, const char *reply);

/* Removes white space from both ends, in place. Returns the beginning of what is left. */
char *gen_trim(char *text);

#endif

/* Reasoning that models write before their answer, kept apart from it. */
#ifndef AFMON_GENERATORS_REASONING_H
#define AFMON_GENERATORS_REASONING_H

#include <jansson.h>

#include "text.h"

/* Takes the blocks of reasoning off the beginning of an answer: <think>...</think> and its kin, also where the opening
 * mark stood in the prompt, or the answer ended before the closing one. What they hold is appended to `reasoning`, the
 * text is changed in place. */
void gen_reasoning_part(char *text, gen_text *reasoning);

/* Appends what the members of a message beside its content tell of reasoning, in the spellings of many servers. */
void gen_reasoning_members(const json_t *message, gen_text *reasoning);

/* Appends a piece as a paragraph of its own. Blank ones are left out. */
void gen_reasoning_add(gen_text *reasoning, const char *text, size_t length);

#endif

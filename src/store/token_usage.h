/* Adding up the tokens of a chunk's samples. */
#ifndef AFMON_STORE_TOKEN_USAGE_H
#define AFMON_STORE_TOKEN_USAGE_H

#include "store/tokens.h"
#include "store/window.h"

/* Adds the samples of a chunk that lie in a window of wall times. False: no memory. Any thread that holds the chunk. */
bool afmon_tokens_add_chunk(struct afmon_tokens *tokens, enum afmon_token_kind kind, const struct afmon_entry *entry,
                            struct afmon_times wall);

#endif

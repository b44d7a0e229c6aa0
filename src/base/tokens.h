/* How many tokens a prompt has at most. */
#ifndef AFMON_BASE_TOKENS_H
#define AFMON_BASE_TOKENS_H

/* A token is a byte at least. Beside those of the request a server may add some: its template's marks, a system prompt
 * of its own. */
enum { AFMON_TOKENS_ADDED = 512 };

#endif

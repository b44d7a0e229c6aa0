/* The token that is asked for where others than this machine can connect. */
#ifndef AFMON_HTTP_TOKEN_H
#define AFMON_HTTP_TOKEN_H

#include <afmon/afmon.h>

#define AFMON_TOKEN_MIN 16
#define AFMON_TOKEN_MAX 512
#define AFMON_COOKIE_SIZE 65

struct afmon_token {
    char text[AFMON_TOKEN_MAX + 1]; /* "": no token is asked for */
    char cookie[AFMON_COOKIE_SIZE]; /* what a browser gets in its place; new with each start */
};

/* Reads the first line of the file, without white space around it. At least 16 printable ASCII characters. */
afmon_status afmon_token_read(struct afmon_token *token, const char *path, afmon_error *error);

/* True where text is the token. Takes as long for a wrong one as for the right one. */
bool afmon_token_matches(const struct afmon_token *token, const char *text);

/* True where an Authorization header ("Bearer TOKEN") or a Cookie header ("a=b; afmon=...") lets in; each may be NULL.
 */
bool afmon_token_admits(const struct afmon_token *token, const char *authorization, const char *cookies);

#define AFMON_COOKIE_NAME "afmon"

#endif

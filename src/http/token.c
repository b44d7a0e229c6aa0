#include "http/token.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/random.h"
#include "base/status.h"

static afmon_status make_cookie(struct afmon_token *token, afmon_error *error)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char bytes[(AFMON_COOKIE_SIZE - 1) / 2];
    int failure = afmon_random(bytes, sizeof bytes);
    if (failure != 0)
        return afmon_fail_os(error, failure, "cannot get random numbers");
    for (size_t i = 0; i < sizeof bytes; i++) {
        token->cookie[2 * i] = hex[bytes[i] >> 4];
        token->cookie[2 * i + 1] = hex[bytes[i] & 15];
    }
    token->cookie[AFMON_COOKIE_SIZE - 1] = '\0';
    return AFMON_OK;
}

static void trim(char *line)
{
    static const char space[] = " \t\r\n";
    size_t begin = strspn(line, space);
    size_t length = strlen(line + begin);
    memmove(line, line + begin, length + 1);
    while (length > 0 && strchr(space, line[length - 1]) != NULL)
        line[--length] = '\0';
}

static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text <= ' ' || *text > '~')
            return false;
    return true;
}

static afmon_status take(struct afmon_token *token, char *line, const char *path, afmon_error *error)
{
    size_t length;
    trim(line);
    length = strlen(line);
    if (length > AFMON_TOKEN_MAX || !is_printable(line))
        return afmon_fail(error, AFMON_E_FORMAT, "%s: a token is at most %d printable ASCII characters, without spaces",
                          path, AFMON_TOKEN_MAX);
    if (length < AFMON_TOKEN_MIN)
        return afmon_fail(error, AFMON_E_FORMAT,
                          "%s: the token (first line) has %zu characters; at least %d are needed", path, length,
                          AFMON_TOKEN_MIN);
    memcpy(token->text, line, length + 1);
    return make_cookie(token, error);
}

afmon_status afmon_token_read(struct afmon_token *token, const char *path, afmon_error *error)
{
    char line[AFMON_TOKEN_MAX + 64] = "";
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return afmon_fail_os(error, errno, "cannot read the token file %s", path);
    bool read = fgets(line, sizeof line, file) != NULL;
    bool failed = !read && ferror(file) != 0;
    int failure = errno;
    fclose(file);
    if (failed)
        return afmon_fail_os(error, failure, "cannot read the token file %s", path);
    return take(token, line, path, error);
}

/* As long for every text of the same length, however much of it is right. */
static bool equal(const char *secret, size_t secret_length, const char *text, size_t length)
{
    unsigned difference = secret_length != length;
    for (size_t i = 0; i < length; i++)
        difference |= (unsigned)(unsigned char)text[i] ^ (unsigned)(unsigned char)secret[i % (secret_length + 1)];
    return difference == 0;
}

bool afmon_token_matches(const struct afmon_token *token, const char *text)
{
    return token->text[0] != '\0' && text != NULL && equal(token->text, strlen(token->text), text, strlen(text));
}

static bool cookie_admits(const struct afmon_token *token, const char *cookies)
{
    static const char name[] = AFMON_COOKIE_NAME "=";
    const char *at = cookies;
    while (*at != '\0') {
        at += strspn(at, "; \t");
        size_t length = strcspn(at, ";");
        if (length > sizeof name - 1 && strncmp(at, name, sizeof name - 1) == 0 &&
            equal(token->cookie, AFMON_COOKIE_SIZE - 1, at + sizeof name - 1, length - (sizeof name - 1)))
            return true;
        at += length;
    }
    return false;
}

bool afmon_token_admits(const struct afmon_token *token, const char *authorization, const char *cookies)
{
    if (token->text[0] == '\0')
        return true;
    if (authorization != NULL && strncasecmp(authorization, "Bearer ", 7) == 0)
        return afmon_token_matches(token, authorization + 7 + strspn(authorization + 7, " "));
    return cookies != NULL && cookie_admits(token, cookies);
}
